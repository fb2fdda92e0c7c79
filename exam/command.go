package exam

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// TickEvery is how often used time is recorded when nothing else happens. After a power cut the clock goes back by at
// most this and the time of one commit (R6).
const TickEvery = 500 * time.Millisecond

// MaxDetail is the most bytes that StorageChanged keeps of a message of the operating system.
const MaxDetail = 512

// Command is something that somebody wants of an attempt.
type Command interface{ command() }

// The commands. Those of an administrator carry a Deed with the name of the person whose code was accepted.
type (
	// Open begins the attempt (R9). Fields are as in the event.
	Open struct{ Opened }
	// StartRun says that the program has started.
	StartRun struct{ RunStarted }
	// AdmitLate lets a late candidate in.
	AdmitLate struct{ Deed }
	// ReportFace brings the outcome of a face check.
	ReportFace struct{ FaceChecked }
	// ReportNoFace says that no face check was possible.
	ReportNoFace struct{ FaceUnavailable }
	// IdentifyByDocument is an administrator's identification in place of the awaited or refused check.
	IdentifyByDocument struct {
		Deed
		Ground DocumentGround // empty: only the words of the deed tell
	}
	// ConfirmData, ReadRules, Confirm and Enter are the steps of R9.
	ConfirmData struct{}
	// ReadRules is the second step of R9.
	ReadRules struct{}
	// Confirm is the third step of R9.
	Confirm struct{}
	// Enter is «Войти».
	Enter struct{}
	// Show turns to an item.
	Show struct{ Item string }
	// Edit changes a text response; positions and lengths are in runes.
	Edit struct {
		Item              string
		Position, Removed int
		Inserted          string
	}
	// Choose sets the options that are marked.
	Choose struct {
		Item    string
		Options []string
	}
	// ChooseTheme chooses one of the themes of an item, or another one in its place; the text stays.
	ChooseTheme struct{ Item, Theme string }
	// Flag marks an item for a second look.
	Flag struct {
		Item string
		On   bool
	}
	// Strike strikes an option out, or takes that back; it is no answer.
	Strike struct {
		Item, Option string
		On           bool
	}
	// Highlight marks a part of a passage, or takes marks away. Positions are in runes of content.Plain in the exam language.
	Highlight struct {
		Passage  string
		From, To int
		On       bool
	}
	// Play wants to hear a sound of the item that is shown.
	Play struct{ Medium string }
	// ReportPlay says how far a sound that was started has been heard. It is sent about once a second, and at its end.
	ReportPlay struct {
		Medium string
		Millis int64
		Ended  bool
	}
	// Prefer sets how the candidate wants the screen (R2).
	Prefer struct{ Preferences }
	// Call asks for the administrator.
	Call struct{ Topic string }
	// AppealTechnical says that a fragment of the item is missing (R15).
	AppealTechnical struct{ Item, Text string }
	// AppealContent disputes a marked item after the end (R15).
	AppealContent struct {
		Item   string
		Ground int
		Text   string
	}
	// Leave permits the candidate to go out (R14); the face check before comes next (R10).
	Leave struct {
		Deed
		Escort string
	}
	// CancelLeave takes that back.
	CancelLeave struct{}
	// Lock locks the station.
	Lock struct{ Deed }
	// Unlock releases it.
	Unlock struct{ Deed }
	// Suspend stops the exam. With the number of an order of the room it is refused where the attempt has obeyed that order
	// already, and taken where the exam is suspended for another cause.
	Suspend struct {
		Deed
		Order uint64 // 0: no order, or one without a number
	}
	// EndSuspension lets it go on.
	EndSuspension struct{ Deed }
	// GrantExtra gives extra time (R2).
	GrantExtra struct {
		Deed
		Minutes  int
		Document string
	}
	// RecordHelper puts a helper on record (R2).
	RecordHelper struct {
		Deed
		Name string
	}
	// ReportWrongCode records a wrong administrator's code.
	ReportWrongCode struct{ By string }
	// ReportFocus records that the window lost the keyboard, or has it again (R17).
	ReportFocus struct{ Lost bool }
	// ReportStorage says what happened to a place that keeps the log. It is taken at any time after Open, even when the
	// attempt is over; a detail that is too long is cut.
	ReportStorage struct{ StorageChanged }
	// Tick lets time pass.
	Tick struct{}
	// Finish is «Завершить тестирование», confirmed (R16).
	Finish struct{}
	// Postpone moves the exam to another day by act 15 (R12).
	Postpone struct {
		Deed
		Act string
	}
	// Withdraw ends an attempt whose clock has not started, or whose candidate was removed by an act, and frees the station.
	Withdraw struct{ Deed }
	// TieAct notes an act about this candidate, with what follows from it (R18, R20). It may be said again: what is on
	// record is not recorded twice, and what a crash kept from the record is.
	TieAct struct{ ActTied }
	// ReportPresence says what the camera shows while somebody works; From is filled in (R17).
	ReportPresence struct{ PresenceChanged }
	// ReportSeen brings one more picture around such a change.
	ReportSeen struct{ PresenceSeen }
	// Annul makes the result void (R26).
	Annul struct {
		Deed
		Basis    AnnulmentBasis
		Document string
	}
	// EndStage ends the stage with the id, confirmed; it cannot be gone back to (R5). It is refused unless that is the present
	// one, so that what was confirmed for one stage never ends the next.
	EndStage struct{ Stage string }
	// OpenAppeal begins the session in which the candidate sees their own work, with the name of the administrator who let
	// them in (R24).
	OpenAppeal struct {
		Deed
		Outside bool // although it is outside the profile's hours
	}
	// AppealWork disputes what a person marked (R24).
	AppealWork struct{ Item, Text string }
	// CloseAppeal ends that session.
	CloseAppeal struct{}
	// Notify says that somebody was told of the annulment (R26).
	Notify struct {
		By    string
		Whom  Notified
		Means string
	}
)

func (Open) command()               {}
func (StartRun) command()           {}
func (AdmitLate) command()          {}
func (ReportFace) command()         {}
func (ReportNoFace) command()       {}
func (IdentifyByDocument) command() {}
func (ConfirmData) command()        {}
func (ReadRules) command()          {}
func (Confirm) command()            {}
func (Enter) command()              {}
func (Show) command()               {}
func (Edit) command()               {}
func (Choose) command()             {}
func (ChooseTheme) command()        {}
func (Flag) command()               {}
func (Strike) command()             {}
func (Highlight) command()          {}
func (Play) command()               {}
func (ReportPlay) command()         {}
func (Prefer) command()             {}
func (Call) command()               {}
func (AppealTechnical) command()    {}
func (AppealContent) command()      {}
func (Leave) command()              {}
func (CancelLeave) command()        {}
func (Lock) command()               {}
func (Unlock) command()             {}
func (Suspend) command()            {}
func (EndSuspension) command()      {}
func (GrantExtra) command()         {}
func (RecordHelper) command()       {}
func (ReportWrongCode) command()    {}
func (ReportFocus) command()        {}
func (ReportStorage) command()      {}
func (Tick) command()               {}
func (Finish) command()             {}
func (Postpone) command()           {}
func (Withdraw) command()           {}
func (TieAct) command()             {}
func (ReportPresence) command()     {}
func (ReportSeen) command()         {}
func (Annul) command()              {}
func (Notify) command()             {}
func (EndStage) command()           {}
func (OpenAppeal) command()         {}
func (AppealWork) command()         {}
func (CloseAppeal) command()        {}

// Decide answers a command at the time now with the events that follow, or with a *Refusal. Both are empty where nothing
// needs to be recorded. Decide changes nothing.
//
// Free text that is no UTF-8 is refused, since the log could not be read again; what devices and the computer call
// themselves is mended instead.
func (a *Attempt) Decide(cmd Command, now Stamp) ([]Event, error) {
	events, err := a.decide(cmd, now)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if !readable(reflect.ValueOf(e)) {
			return nil, ErrCharacter
		}
	}
	return events, nil
}

func (a *Attempt) decide(cmd Command, now Stamp) ([]Event, error) {
	if now.Run < a.Last.Run || now.Run == a.Last.Run && now.Mono < a.Last.Mono {
		return nil, ErrClock
	}
	if open, ok := cmd.(Open); ok {
		if a.Phase != PhaseNone {
			return nil, ErrAlready
		}
		return a.open(open.Opened)
	}
	if a.Phase == PhaseNone {
		return nil, ErrPhase
	}
	if _, start := cmd.(StartRun); !start && now.Run != a.Last.Run {
		return nil, ErrPhase // a run begins with StartRun, or a restart would go unrecorded and unchecked
	}
	switch c := cmd.(type) {
	case StartRun:
		if a.Phase == PhasePostponed || a.Phase == PhaseWithdrawn {
			return nil, ErrNoRestart
		}
		if now.Run <= a.Last.Run && a.Seq > 1 {
			return nil, ErrAlready
		}
		c.Software, c.Host = mend(c.Software), mend(c.Host)
		return []Event{c.RunStarted}, nil
	case TieAct:
		return a.tieAct(c.ActTied)
	case Annul:
		return a.annul(c)
	case Notify:
		return a.notify(c)
	case ReportStorage:
		return reportStorage(c.StorageChanged)
	case AppealContent:
		return a.appealContent(c, now)
	}
	if events, err, ok := a.decideAppeal(cmd, now); ok {
		return events, err
	}
	if a.Phase.Ended() {
		if _, ok := cmd.(Tick); ok {
			return nil, nil
		}
		return nil, ErrEnded
	}
	if a.Barred() {
		switch cmd.(type) {
		case Tick:
			return nil, nil
		case Withdraw, Prefer, Call, ReportPlay, ReportNoFace, ReportFocus, ReportWrongCode:
		default:
			return nil, ErrBarred
		}
	}
	switch c := cmd.(type) {
	case ReportFace:
		c.Reason, c.Camera, c.Challenge = mend(c.Reason), mend(c.Camera), mend(c.Challenge)
		return a.reportFace(c.FaceChecked, now)
	case ReportNoFace:
		if c.Purpose == "" || c.Reason == "" {
			return nil, ErrFaceReport
		}
		c.Reason = mend(c.Reason)
		return []Event{c.FaceUnavailable}, nil
	case IdentifyByDocument:
		purpose := a.Awaits()
		if a.FaceRefused != "" {
			purpose = a.FaceRefused
		}
		if purpose == "" {
			return nil, ErrAlready
		}
		e := IdentifiedByDocument{Deed: c.Deed, Purpose: purpose, Ground: c.Ground}
		if err := e.check(); err != nil {
			return nil, err
		}
		return a.pass(purpose, e, now), nil
	case AdmitLate:
		if !a.TooLate() {
			return nil, ErrAlready
		}
		return deed(c.Deed, LateAdmitted(c))
	case ConfirmData:
		return a.step(PhaseIdentified, DataConfirmed{})
	case ReadRules:
		return a.step(PhaseDataConfirmed, RulesRead{})
	case Confirm:
		return a.step(PhaseRulesRead, Confirmed{})
	case Enter:
		return a.step(PhaseConfirmed, Entered{})
	case Call:
		return []Event{AdministratorCalled(c)}, nil
	case Prefer:
		return a.prefer(c.Preferences)
	case ReportPlay:
		return a.reportPlay(c)
	case Lock:
		if a.Lock != nil {
			return nil, ErrAlready
		}
		return deed(c.Deed, Locked{Cause: LockAdministrator, By: c.By, Reason: c.Reason})
	case Unlock:
		if a.Lock == nil {
			return nil, ErrAlready
		}
		if a.Lock.Cause == LockRestart {
			return nil, ErrNeedsFace
		}
		return deed(c.Deed, Unlocked(c))
	case Suspend:
		if c.Order == 0 && a.suspendedAlone() || a.HasObeyed(c) {
			return nil, ErrAlready
		}
		return deed(c.Deed, Suspended(c))
	case EndSuspension:
		if a.Suspended == nil {
			return nil, ErrAlready
		}
		return deed(c.Deed, SuspensionEnded(c))
	case GrantExtra:
		return a.grantExtra(c)
	case RecordHelper:
		if strings.TrimSpace(c.Name) == "" {
			return nil, ErrName
		}
		return deed(c.Deed, HelperRecorded(c))
	case ReportWrongCode:
		return []Event{CodeRefused(c)}, nil
	case ReportPresence:
		return a.reportPresence(c)
	case ReportSeen:
		return a.reportSeen(c)
	case ReportFocus:
		return []Event{FocusChanged(c)}, nil
	case CancelLeave:
		if !a.Leaving {
			return nil, ErrAlready
		}
		return []Event{LeaveCancelled{}}, nil
	case Postpone:
		if a.HandedIn != nil {
			return nil, ErrHandedIn
		}
		if strings.TrimSpace(c.Act) == "" {
			return nil, ErrDocument
		}
		return deed(c.Deed, Postponed(c))
	case Withdraw:
		if (a.Phase == PhaseRunning || a.Phase == PhaseFinishing) && !a.Barred() {
			return nil, ErrPhase
		}
		return deed(c.Deed, Withdrawn(c))
	case Tick:
		return a.tick(now), nil
	}
	return a.decideRunning(cmd, now)
}

// decideRunning answers the commands that belong to a running attempt.
func (a *Attempt) decideRunning(cmd Command, now Stamp) ([]Event, error) {
	switch {
	case a.Phase == PhaseFinishing:
		return nil, ErrHandedIn
	case a.Phase != PhaseRunning:
		return nil, ErrPhase
	case a.Remaining(now) <= 0:
		return nil, ErrTimeUp
	case !a.IsRunning():
		return nil, ErrNotRunning
	}
	if c, ok := cmd.(Leave); ok {
		return deed(c.Deed, LeavePermitted(c))
	}
	switch c := cmd.(type) {
	case Finish:
		return a.handIn(ByCandidate), nil
	case EndStage:
		if s, more := a.StageNow(); !more || s.ID != c.Stage {
			return nil, ErrStage
		}
		return a.endStage(ByCandidate), nil
	}
	if a.Paper == nil {
		return nil, ErrNoItem
	}
	switch c := cmd.(type) {
	case Highlight:
		return a.highlight(c)
	case Play:
		return a.play(c)
	}
	id, ok := itemOf(cmd)
	if !ok {
		return nil, ErrPhase
	}
	item, i, ok := a.Paper.Item(id)
	if !ok {
		return nil, ErrNoItem
	}
	if !a.Reaches(id) {
		return nil, ErrStage
	}
	response := a.Responses[i]
	switch c := cmd.(type) {
	case Show:
		if a.Current == c.Item && response.Seen {
			return nil, nil
		}
		return []Event{ItemShown(c)}, nil
	case Edit:
		if !item.Kind.IsText() {
			return nil, ErrItemKind
		}
		if len(item.Themes) > 0 && response.Theme == "" {
			return nil, ErrNoTheme
		}
		if err := checkText(c.Inserted, item.Kind != Short); err != nil {
			return nil, err
		}
		e := Edited(c)
		if _, err := edit(response.Text, e); err != nil {
			return nil, err
		}
		if utf8.RuneCountInString(response.Text)-c.Removed+utf8.RuneCountInString(c.Inserted) > MaxResponse {
			return nil, ErrTooLong
		}
		return []Event{e}, nil
	case Choose:
		return choose(item, response, c.Options)
	case ChooseTheme:
		return chooseTheme(item, response, c.Theme)
	case Flag:
		if response.Flagged == c.On {
			return nil, nil
		}
		return []Event{Flagged(c)}, nil
	case Strike:
		return strike(item, response, c)
	case AppealTechnical:
		if !a.Profile.Appeal.Technical {
			return nil, ErrNoAppeal
		}
		if strings.TrimSpace(c.Text) == "" {
			return nil, ErrReason
		}
		if err := checkText(c.Text, true); err != nil {
			return nil, err
		}
		return []Event{AppealedTechnically(c)}, nil
	}
	return nil, ErrPhase
}

func itemOf(cmd Command) (string, bool) {
	switch c := cmd.(type) {
	case Show:
		return c.Item, true
	case Edit:
		return c.Item, true
	case Choose:
		return c.Item, true
	case ChooseTheme:
		return c.Item, true
	case Flag:
		return c.Item, true
	case Strike:
		return c.Item, true
	case AppealTechnical:
		return c.Item, true
	}
	return "", false
}

func deed(d Deed, events ...Event) ([]Event, error) {
	if strings.TrimSpace(d.By) == "" {
		return nil, ErrName
	}
	if strings.TrimSpace(d.Reason) == "" {
		return nil, ErrReason
	}
	return events, nil
}

// step is one of the candidate's steps to the start (R9).
func (a *Attempt) step(from Phase, e Event) ([]Event, error) {
	switch {
	case a.Phase != from:
		return nil, ErrPhase
	case a.TooLate():
		return nil, ErrLate
	case a.Lock != nil || a.Suspended != nil:
		return nil, ErrNotRunning
	}
	return []Event{e}, nil
}

func (a *Attempt) reportFace(f FaceChecked, now Stamp) ([]Event, error) {
	if f.Purpose == "" || f.Verdict == "" {
		return nil, ErrFaceReport
	}
	if f.Purpose != a.Awaits() {
		return nil, ErrPhase
	}
	switch f.Verdict {
	case VerdictAccepted:
		return a.pass(f.Purpose, f, now), nil
	case VerdictRefused:
		return []Event{f, Locked{Cause: LockFace, Purpose: f.Purpose}}, nil
	case VerdictUnsure:
		return []Event{f}, nil
	}
	return nil, ErrFaceReport
}

// reportStorage refuses words that the vocabulary does not have with an error that is no Refusal: only the program itself
// chooses them, so there is nobody to be told in three languages.
func reportStorage(s StorageChanged) ([]Event, error) {
	switch s.Place {
	case StorageFirst, StorageSecond:
	default:
		return nil, fmt.Errorf("storage: %q is no place that keeps a log", s.Place)
	}
	switch s.State {
	case StorageOnline, StorageFailed, StorageAbsent, StorageRebuilt, StorageSpaceShort, StorageQuarantined:
	default:
		return nil, fmt.Errorf("storage: %q is no state of a place that keeps a log", s.State)
	}
	s.Detail = cut(mend(s.Detail), MaxDetail)
	return []Event{s}, nil
}

// pass lists what follows from a person being identified for the purpose.
func (a *Attempt) pass(purpose Purpose, e Event, now Stamp) []Event {
	events := []Event{e}
	switch purpose {
	case PurposeLeave:
		events = append(events, LeftRoom{})
		if a.Leaves+1 > a.Profile.Leave.MaxTimes {
			events = append(events, LimitExceeded{Limit: LimitLeaveTimes})
		}
	case PurposeReturn:
		events = append(a.overstayed(now), e, ReturnedToRoom{Millis: a.AwayAt(now).Milliseconds()})
	case PurposeFinish:
		events = append(events, Closed{})
	}
	return events
}

// overstayed notices, once in an absence, that it has grown too long (R14).
func (a *Attempt) overstayed(now Stamp) []Event {
	if a.Away && !a.AwayOver && a.AwayAt(now) > time.Duration(a.Profile.Leave.MaxMinutes)*time.Minute {
		return []Event{LimitExceeded{Limit: LimitLeaveMinutes}}
	}
	return nil
}

// open demands what the rest of the attempt relies on: a readable profile, extra time within its range, and a valid IIN.
func (a *Attempt) open(o Opened) ([]Event, error) {
	profile, err := ParseProfile(o.Profile)
	if err != nil {
		return nil, err
	}
	if m := o.Candidate.ExtraMinutes; m < 0 || m > profile.Extra.MaxMinutes {
		return nil, ErrMinutes
	}
	if _, _, err := ParseIIN(o.Candidate.IIN); err != nil {
		return nil, err
	}
	if a.Paper != nil {
		if err := profile.Fits(a.Paper); err != nil {
			return nil, err
		}
	}
	o.Variant = ""
	if profile.Variants != (VariantRules{}) {
		o.Variant = variantOf(o.Session, o.Attempt)
	}
	return []Event{o}, nil
}

func (a *Attempt) grantExtra(c GrantExtra) ([]Event, error) {
	granted := int(a.Extra / time.Minute)
	switch {
	case a.HandedIn != nil:
		return nil, ErrHandedIn
	case c.Minutes < 1 || c.Minutes > a.Profile.Extra.MaxMinutes-granted:
		return nil, ErrMinutes
	case strings.TrimSpace(c.Document) == "":
		return nil, ErrDocument
	}
	return deed(c.Deed, ExtraGranted(c))
}

// tick keeps the used time (R6), ends the exam when it is used up (R16), and notices an absence that grows too long (R14).
func (a *Attempt) tick(now Stamp) []Event {
	if a.Phase != PhaseRunning {
		return nil
	}
	if a.Remaining(now) <= 0 {
		return a.endStage(ByTime)
	}
	events := a.overstayed(now)
	counts := a.Away || a.clockRuns()
	if len(events) == 0 && counts && now.Since(a.Last) >= TickEvery {
		events = append(events, Ticked{})
	}
	return events
}

func (a *Attempt) handIn(cause HandInCause) []Event {
	events := []Event{HandedIn{Cause: cause}}
	if a.Profile.Result.ShowsScore && a.Paper != nil && a.Paper.MachineMarked() && a.Validity() == Valid {
		m := a.Marks()
		scored := Scored{Points: m.Points, Most: m.Most, Passed: m.Passes(a.Profile.Result.Threshold)}
		if len(m.Blocks) > 1 {
			for _, b := range m.Blocks {
				scored.Blocks = append(scored.Blocks, BlockScore{Block: b.Block, Points: b.Points, Most: b.Most, Minimum: b.Minimum})
			}
		}
		events = append(events, scored)
	}
	return events
}

func (a *Attempt) appealContent(c AppealContent, now Stamp) ([]Event, error) {
	switch {
	case a.Profile.Appeal.ContentMinutes == 0:
		return nil, ErrNoAppeal
	case a.Validity() != Valid:
		return nil, ErrNotProcessed
	case a.Phase != PhaseFinished || a.HandedIn == nil:
		return nil, ErrPhase
	case now.Since(*a.HandedIn) > time.Duration(a.Profile.Appeal.ContentMinutes)*time.Minute:
		return nil, ErrWindowOver
	case c.Ground < 1 || c.Ground > 4:
		return nil, ErrGround
	case strings.TrimSpace(c.Text) == "":
		return nil, ErrReason
	}
	if a.Paper == nil {
		return nil, ErrNoItem
	}
	item, _, ok := a.Paper.Item(c.Item)
	if !ok {
		return nil, ErrNoItem
	}
	if len(item.Key) == 0 {
		return nil, ErrNoAppeal
	}
	if err := checkText(c.Text, true); err != nil {
		return nil, err
	}
	return []Event{AppealedContent(c)}, nil
}

func choose(item *Item, response Response, options []string) ([]Event, error) {
	if item.Kind.IsText() {
		return nil, ErrItemKind
	}
	marked, ok := item.normal(options)
	if !ok {
		return nil, ErrNoOption
	}
	if slices.Equal(marked, response.Options) {
		return nil, nil
	}
	for _, o := range marked {
		if slices.Contains(response.Struck, o) {
			return nil, ErrStruck
		}
	}
	return []Event{Chosen{Item: item.ID, Options: marked}}, nil
}

// strike refuses to strike out what is marked as the answer: one of both would be an accident.
func strike(item *Item, response Response, c Strike) ([]Event, error) {
	switch {
	case !item.Kind.CanStrike():
		return nil, ErrItemKind
	case !slices.ContainsFunc(item.Options, func(o Option) bool { return o.ID == c.Option }):
		return nil, ErrNoOption
	case slices.Contains(response.Struck, c.Option) == c.On:
		return nil, nil
	case slices.Contains(response.Options, c.Option):
		return nil, ErrStruck
	}
	return []Event{OptionStruck(c)}, nil
}

func (a *Attempt) highlight(c Highlight) ([]Event, error) {
	length, ok := passageRunes(a.Paper, c.Passage, a.Opened.Candidate.Language)
	switch {
	case !ok:
		return nil, ErrNoItem
	case c.From < 0 || c.To <= c.From || c.To > length:
		return nil, ErrEdit
	}
	before := a.Highlights(c.Passage)
	after := over(before, Range{From: c.From, To: c.To}, c.On)
	switch {
	case slices.Equal(before, after):
		return nil, nil
	case len(after) > MaxHighlights:
		return nil, ErrTooMany
	}
	return []Event{Highlighted(c)}, nil
}

// play lets a sound begin, or go on where a restart or a lock stopped it, which costs none of the times it may be heard.
func (a *Attempt) play(c Play) ([]Event, error) {
	medium := a.Paper.Medium(c.Medium)
	if medium == nil || medium.Kind != Sound {
		return nil, ErrNoItem
	}
	heard := a.Heard(c.Medium)
	if !heard.Open && medium.Plays > 0 && heard.Times >= medium.Plays {
		return nil, ErrPlays
	}
	return []Event{SoundStarted(c)}, nil
}

// reportPlay keeps how far a sound has been heard; it is taken whatever holds the exam up, since it only tells what was.
func (a *Attempt) reportPlay(c ReportPlay) ([]Event, error) {
	heard := a.Heard(c.Medium)
	if !heard.Open || c.Millis < heard.Millis {
		return nil, ErrAlready
	}
	return []Event{SoundHeard(c)}, nil
}

func (a *Attempt) prefer(p Preferences) ([]Event, error) {
	if p.Percent < 100 || p.Percent > 200 || !themeName.MatchString(p.Theme) {
		return nil, ErrPreference
	}
	if a.Preferences != nil && *a.Preferences == p {
		return nil, nil
	}
	return []Event{Preferred{p}}, nil
}

func mend(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// cut returns the beginning of valid UTF-8, at most limit bytes, and no half character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// readable reports whether every string in v is UTF-8, which CBOR demands of text when it is read again.
func readable(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return utf8.ValidString(v.String())
	case reflect.Struct:
		for _, f := range v.Fields() {
			if !readable(f) {
				return false
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return true
		}
		for i := range v.Len() {
			if !readable(v.Index(i)) {
				return false
			}
		}
	}
	return true
}

func checkText(s string, paragraphs bool) error {
	if !utf8.ValidString(s) {
		return ErrCharacter
	}
	for _, r := range s {
		if paragraphs && (r == '\n' || r == '\t') {
			continue
		}
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ErrCharacter
		}
	}
	return nil
}
