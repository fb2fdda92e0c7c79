package exam

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"time"
	"unicode/utf8"

	"emtihan/exam/content"
)

// Phase is how far an attempt has come.
type Phase string

// The phases, in their order. Away, locked and suspended are no phases: they hold up any of them and combine freely.
const (
	PhaseNone          Phase = ""
	PhaseLoggedIn      Phase = "logged-in"      // IIN entered, the person not yet recognised
	PhaseIdentified    Phase = "identified"     // the person is the registered one
	PhaseDataConfirmed Phase = "data-confirmed" // the candidate says that the data are right
	PhaseRulesRead     Phase = "rules-read"
	PhaseConfirmed     Phase = "confirmed"
	PhaseRunning       Phase = "running"
	PhaseFinishing     Phase = "finishing" // handed in, the last face check is outstanding
	PhaseFinished      Phase = "finished"
	PhaseWithdrawn     Phase = "withdrawn" // ended before the clock started
	PhasePostponed     Phase = "postponed" // moved to another day, answers not kept for it (R12)
)

// Ended reports whether nothing but a content appeal can follow.
func (p Phase) Ended() bool { return p == PhaseFinished || p == PhasePostponed || p == PhaseWithdrawn }

// MaxResponse is the most runes that one text response may have.
const MaxResponse = 200_000

// Response is what the candidate has answered to one item.
type Response struct {
	Text    string   `cbor:"1,keyasint"` // text items
	Caret   int      `cbor:"2,keyasint"` // where the last edit ended, in runes
	Options []string `cbor:"3,keyasint"` // single and multiple: in the paper's order; order: in the candidate's; match: pairs
	Flagged bool     `cbor:"4,keyasint"`
	Appeal  string   `cbor:"5,keyasint"` // technical appeal on the item (R15)
	Seen    bool     `cbor:"6,keyasint"`
	Struck  []string `cbor:"7,keyasint"` // options struck out, in the order in which that was done
	Theme   string   `cbor:"8,keyasint"` // items with themes: the chosen one
}

// MaxHighlights is the most highlights that one passage may have.
const MaxHighlights = 500

// Range is a part of a text, in runes; To is the first that does not belong to it.
type Range struct {
	From int `cbor:"1,keyasint"`
	To   int `cbor:"2,keyasint"`
}

// Marking is what is highlighted in a passage.
type Marking struct {
	Passage string  `cbor:"1,keyasint"`
	Ranges  []Range `cbor:"2,keyasint"` // in order, and not touching each other
}

// Hearing is how far a sound of the paper has been heard.
type Hearing struct {
	Medium string `cbor:"1,keyasint"`
	Times  int    `cbor:"2,keyasint"` // how often it was begun
	Open   bool   `cbor:"3,keyasint"` // the last time has not come to its end; it may go on
	Millis int64  `cbor:"4,keyasint"` // how far the last time has come
}

// Score is the machine's marking.
type Score struct {
	Points int  `cbor:"1,keyasint"`
	Most   int  `cbor:"2,keyasint"`
	Passed bool `cbor:"3,keyasint"`
}

// Attempt is the state of one candidate's exam: the fold of its events so far. It is never changed; Apply returns another.
// Field numbers are part of the snapshot's format; see Snapshot for what a change of this struct asks for.
type Attempt struct {
	Profile *Profile `cbor:"-"`
	Paper   *Paper   `cbor:"-"` // in the candidate's order once it is opened, see [Paper.Arranged]

	Opened    Opened     `cbor:"1,keyasint"`
	Phase     Phase      `cbor:"2,keyasint"`
	Lock      *Locked    `cbor:"3,keyasint"` // why the station is locked, or nil
	Leaving   bool       `cbor:"4,keyasint"` // permitted to leave, the face check before is outstanding
	Away      bool       `cbor:"5,keyasint"`
	Suspended *Suspended `cbor:"6,keyasint"` // why the exam is suspended, or nil
	Current   string     `cbor:"7,keyasint"` // item shown
	Responses []Response `cbor:"8,keyasint"` // by the place of the item in the paper

	Extra          time.Duration     `cbor:"9,keyasint"`  // extra time granted (R2)
	Used           time.Duration     `cbor:"10,keyasint"` // up to Last (R6); see UsedAt
	Leaves         int               `cbor:"11,keyasint"` // absences begun (R14)
	AwayFor        time.Duration     `cbor:"12,keyasint"` // length of the present or last absence, up to Last
	AwayOver       bool              `cbor:"13,keyasint"` // LimitExceeded is recorded for the present absence
	Late           bool              `cbor:"14,keyasint"` // came after the limit of R3
	LateAdmitted   bool              `cbor:"15,keyasint"`
	HandedIn       *Stamp            `cbor:"16,keyasint"`
	Score          *Score            `cbor:"17,keyasint"`
	Limits         []LimitKind       `cbor:"18,keyasint"` // limits gone over
	ContentAppeals []AppealedContent `cbor:"19,keyasint"`
	Acts           []ActTied         `cbor:"20,keyasint"` // acts about this candidate, in the order in which they came (R18)

	FaceRefused Purpose `cbor:"21,keyasint"` // the check that was refused and not yet overruled
	ResumeOwed  bool    `cbor:"22,keyasint"` // the face check after a restart is outstanding, be it behind another lock (R10)

	Seq  uint64 `cbor:"23,keyasint"` // last event folded
	Last Stamp  `cbor:"24,keyasint"`

	Markings    []Marking    `cbor:"25,keyasint"` // by passage
	Hearings    []Hearing    `cbor:"26,keyasint"` // by sound
	Preferences *Preferences `cbor:"27,keyasint"` // nil: none were stated (R2)

	Consequences []Consequence       `cbor:"28,keyasint"` // what followed from acts, in order, lifted ones too (R20)
	Withheld     *Score              `cbor:"29,keyasint"` // the machine's marking while the result does not count
	Annulment    *Annulled           `cbor:"30,keyasint"` // nil: the result was not annulled (R26)
	Notices      []AnnulmentNotified `cbor:"31,keyasint"` // who was told of it

	Stage       int            `cbor:"34,keyasint"` // index of the profile's stage in which the candidate works (R5)
	StageStart  time.Duration  `cbor:"35,keyasint"` // used time when it began
	ExtraUsed   time.Duration  `cbor:"36,keyasint"` // of Extra, by earlier stages
	Appeal      *AppealSession `cbor:"37,keyasint"` // nil: the work was not seen again (R24)
	WorkAppeals []AppealedWork `cbor:"38,keyasint"`

	Presence   Presence `cbor:"32,keyasint"` // what the camera showed last in this run; empty: nobody looked (R17)
	FramesKept int      `cbor:"33,keyasint"` // pictures that the watch has kept

	Obeyed *Suspended `cbor:"39,keyasint"` // the room's order to suspend that was obeyed last, or nil; see HasObeyed
}

// NewAttempt returns the empty state; the first event must be Opened. The paper may be nil for looking at an attempt
// without its content: then item events are folded without being checked against it.
func NewAttempt(paper *Paper) *Attempt { return &Attempt{Paper: paper} }

// IsRunning reports whether the candidate can answer now (time apart).
func (a *Attempt) IsRunning() bool {
	return a.Phase == PhaseRunning && a.Lock == nil && !a.Away && !a.Leaving && a.Suspended == nil && !a.Barred()
}

// suspendedAlone reports whether the exam is suspended by a decision about this attempt, which no end of an order to all ends.
func (a *Attempt) suspendedAlone() bool { return a.Suspended != nil && a.Suspended.Order == 0 }

// HasObeyed reports whether the attempt was suspended by this order of the room before, or heard of it while it was suspended
// for another cause. Whoever let the candidate go on since has decided against the order, however often it is repeated (R6).
// Number, name and reason must be the same: a room whose log was lost counts anew, and its orders are not to be missed. Only
// the last order counts, since the room repeats no other.
func (a *Attempt) HasObeyed(order Suspend) bool {
	return order.Order != 0 && a.Obeyed != nil && *a.Obeyed == Suspended(order)
}

// Allowance returns the candidate's whole time, extra time included (R1, R2).
func (a *Attempt) Allowance() time.Duration {
	if a.Profile == nil {
		return 0
	}
	return a.Profile.Allowance() + a.Extra
}

// UsedAt returns the used time at now: never negative, never more than the allowance, and without the time in which the
// program did not run (R6).
func (a *Attempt) UsedAt(now Stamp) time.Duration {
	used := a.Used
	if a.clockRuns() && now.Run == a.Last.Run {
		used += elapsed(a.Last.Mono, now.Mono)
	}
	return min(used, a.limit())
}

// Remaining returns the time left at now, from zero to the allowance; where stages have clocks of their own, that of the
// present one.
func (a *Attempt) Remaining(now Stamp) time.Duration { return a.limit() - a.UsedAt(now) }

// TooLate reports whether the candidate came after the limit and nobody has let them in (R3).
func (a *Attempt) TooLate() bool { return a.Late && !a.LateAdmitted }

// AwayAt returns how long the present absence has lasted at now, or the last one did. Waiting for an administrator on
// return, and a suspension, do not count.
func (a *Attempt) AwayAt(now Stamp) time.Duration {
	if a.Away && a.Lock == nil && a.Suspended == nil && now.Run == a.Last.Run {
		return min(a.AwayFor+elapsed(a.Last.Mono, now.Mono), longest)
	}
	return a.AwayFor
}

func (a *Attempt) clockRuns() bool {
	if a.Phase != PhaseRunning || a.Suspended != nil || a.Barred() {
		return false
	}
	if a.Lock != nil {
		return a.Lock.Cause != LockRestart && a.Profile.Clock.RunsWhileLocked
	}
	return !a.Away || a.Profile.Clock.RunsWhileAway
}

// Response returns the response to the item, empty where there is none.
func (a *Attempt) Response(item string) Response {
	if a.Paper == nil {
		return Response{}
	}
	_, i, ok := a.Paper.Item(item)
	if !ok || i >= len(a.Responses) {
		return Response{}
	}
	return a.Responses[i]
}

// Unanswered returns the items without an answer, in the paper's order (R16).
func (a *Attempt) Unanswered() []*Item {
	if a.Paper == nil {
		return nil
	}
	var out []*Item
	for i, it := range a.Paper.Items() {
		if !it.Answered(a.Responses[i]) {
			out = append(out, it)
		}
	}
	return out
}

// Highlights returns what is highlighted in the passage.
func (a *Attempt) Highlights(passage string) []Range {
	for _, m := range a.Markings {
		if m.Passage == passage {
			return m.Ranges
		}
	}
	return nil
}

// Heard returns how far the sound has been heard.
func (a *Attempt) Heard(medium string) Hearing {
	for _, h := range a.Hearings {
		if h.Medium == medium {
			return h
		}
	}
	return Hearing{Medium: medium}
}

// Awaits returns the face check that must come next, or "" (R10).
func (a *Attempt) Awaits() Purpose {
	switch {
	case a.Phase == PhaseNone || a.Phase.Ended() || a.Suspended != nil || a.TooLate() || a.Barred():
		return ""
	case a.Lock != nil && a.Lock.Cause != LockRestart:
		return ""
	case a.Phase == PhaseLoggedIn:
		return PurposeLogin
	case a.Phase == PhaseFinishing:
		return PurposeFinish
	case a.Lock != nil:
		return PurposeResume
	case a.Away:
		return PurposeReturn
	case a.Leaving:
		return PurposeLeave
	}
	return ""
}

// Apply folds one event. It returns an error where the event cannot follow: a gap in the numbers, a clock that runs back
// within a run, a response to an item that does not exist, an edit outside its text, or an event of another kind of log.
func (a *Attempt) Apply(r Recorded) (*Attempt, error) {
	if r.Seq != a.Seq+1 {
		return nil, fmt.Errorf("event %d follows event %d", r.Seq, a.Seq)
	}
	opened, first := r.Event.(Opened)
	if len(opened.Warnings) == 0 {
		opened.Warnings = nil // as the log gives it back, which writes no empty list here
	}
	if first != (a.Seq == 0) {
		return nil, fmt.Errorf("event %d is %s: the first event, and only the first, is opened", r.Seq, r.Event.Kind())
	}
	if r.Stamp.Run < a.Last.Run || r.Stamp.Run == a.Last.Run && r.Stamp.Mono < a.Last.Mono {
		return nil, fmt.Errorf("event %d: the clock runs back", r.Seq)
	}
	if _, start := r.Event.(RunStarted); !first && !start && r.Stamp.Run != a.Last.Run {
		return nil, fmt.Errorf("event %d is %s: run %d has not been started", r.Seq, r.Event.Kind(), r.Stamp.Run)
	}
	n := *a
	n.Seq = r.Seq
	if first {
		profile, err := ParseProfile(opened.Profile)
		if err != nil {
			return nil, fmt.Errorf("event 1: %w", err)
		}
		if n.Paper != nil && n.Paper.Digest() != opened.Paper {
			return nil, fmt.Errorf("event 1: the attempt was opened with another paper")
		}
		if opened.Variant != "" && opened.Variant != variantOf(opened.Session, opened.Attempt) {
			return nil, fmt.Errorf("event 1: the candidate's order of the paper is not the one of this attempt")
		}
		if n.Paper != nil {
			if err := profile.Fits(n.Paper); err != nil {
				return nil, fmt.Errorf("event 1: %w", err)
			}
			n.Paper = n.Paper.Arranged(opened.Variant, profile.Variants)
		}
		n.Profile, n.Opened, n.Phase = profile, opened, PhaseLoggedIn
		start := time.UnixMilli(opened.Start)
		n.Late = r.Stamp.Time().Sub(start) > time.Duration(profile.Admission.LateMinutes)*time.Minute
		n.Extra = time.Duration(opened.Candidate.ExtraMinutes) * time.Minute
		if n.Paper != nil {
			n.Responses = make([]Response, len(n.Paper.Items()))
			n.Current = n.firstItem()
		}
	} else {
		n.Used, n.AwayFor = a.UsedAt(r.Stamp), a.AwayAt(r.Stamp)
		if a.Appealing() {
			n.foldAppeal(a.appealUsed(r.Stamp))
		}
	}
	n.Last = r.Stamp
	if err := n.fold(r); err != nil {
		return nil, fmt.Errorf("event %d: %s: %w", r.Seq, r.Event.Kind(), err)
	}
	return &n, nil
}

func (a *Attempt) fold(r Recorded) error {
	switch e := r.Event.(type) {
	case PresenceChanged:
		a.Presence = e.To
		if len(e.Frame) > 0 {
			a.FramesKept++
		}
	case PresenceSeen:
		a.FramesKept++
	case RunStarted:
		a.cancelLeave()
		a.Presence = ""
		if a.Last.Run > 1 && !a.Away && a.interrupted() {
			a.ResumeOwed = true
			if a.Lock == nil {
				a.Lock = &Locked{Cause: LockRestart}
			}
		}
	case LateAdmitted:
		a.LateAdmitted = true
	case FaceChecked:
		switch e.Verdict {
		case VerdictAccepted:
			return a.identified(e.Purpose)
		case VerdictRefused:
			a.FaceRefused = e.Purpose
		}
	case IdentifiedByDocument:
		return a.identified(e.Purpose)
	case Locked:
		a.Lock = &e
	case Unlocked:
		a.Lock = nil
		if a.ResumeOwed && a.interrupted() && !a.Away {
			a.Lock = &Locked{Cause: LockRestart}
		}
		a.FaceRefused = ""
	case DataConfirmed:
		a.Phase = PhaseDataConfirmed
	case RulesRead:
		a.Phase = PhaseRulesRead
	case Confirmed:
		a.Phase = PhaseConfirmed
	case Entered:
		a.Phase = PhaseRunning
	case ItemShown:
		a.Current = e.Item
		return a.respond(e.Item, func(r *Response) error { r.Seen = true; return nil })
	case Edited:
		return a.respond(e.Item, func(r *Response) error {
			text, err := edit(r.Text, e)
			if err == nil {
				r.Text, r.Caret = text, e.Position+utf8.RuneCountInString(e.Inserted)
			}
			return err
		})
	case Chosen:
		return a.respond(e.Item, func(r *Response) error { r.Options = e.Options; return nil })
	case ThemeChosen:
		return a.foldTheme(e)
	case Flagged:
		return a.respond(e.Item, func(r *Response) error { r.Flagged = e.On; return nil })
	case OptionStruck:
		return a.respond(e.Item, func(r *Response) error { r.Struck = struck(r.Struck, e.Option, e.On); return nil })
	case Highlighted:
		return a.foldHighlight(e)
	case SoundStarted:
		return a.hear(e.Medium, func(h *Hearing) error {
			if !h.Open {
				h.Open, h.Millis = true, 0
				h.Times++
			}
			return nil
		})
	case SoundHeard:
		return a.hear(e.Medium, func(h *Hearing) error {
			if !h.Open || e.Millis < h.Millis {
				return ErrAlready
			}
			h.Open, h.Millis = !e.Ended, e.Millis
			return nil
		})
	case Preferred:
		a.Preferences = &e.Preferences
	case AppealedTechnically:
		return a.respond(e.Item, func(r *Response) error { r.Appeal = e.Text; return nil })
	case AppealedContent:
		a.ContentAppeals = append(slices.Clip(a.ContentAppeals), e)
	case ActTied:
		if len(e.Effects) == 0 {
			e.Effects = nil // as the log gives it back
		}
		a.Acts = append(slices.Clip(a.Acts), e)
	case LeavePermitted:
		a.Leaving = true
	case LeaveCancelled:
		a.cancelLeave()
	case LeftRoom:
		a.Leaving, a.Away, a.AwayFor, a.AwayOver = false, true, 0, false
		a.Leaves++
	case LimitExceeded:
		a.AwayOver = a.AwayOver || e.Limit == LimitLeaveMinutes
		a.Limits = append(slices.Clip(a.Limits), e.Limit)
	case Suspended:
		if e.Order != 0 {
			a.Obeyed = &e
		}
		// What was decided on for this attempt alone does not end with an order to all. The same words by the same person are
		// the same suspension, recorded when orders had no numbers.
		if e.Order == 0 || a.Suspended == nil || a.Suspended.Order != 0 || a.Suspended.Deed == e.Deed {
			a.Suspended = &e
		}
	case SuspensionEnded:
		a.Suspended = nil
	case ExtraGranted:
		a.Extra += time.Duration(e.Minutes) * time.Minute
	case HandedIn:
		stamp := r.Stamp
		a.Phase, a.HandedIn = PhaseFinishing, &stamp
		a.Leaving, a.FaceRefused = false, "" // who has handed in goes nowhere but through the last check
	case Scored:
		a.Score = &Score{Points: e.Points, Most: e.Most, Passed: e.Passed}
		a.withhold()
	case Closed:
		a.Phase, a.Lock, a.Away = PhaseFinished, nil, false
	case Withdrawn:
		a.Phase, a.Lock, a.Suspended = PhaseWithdrawn, nil, nil
	case Postponed:
		a.Phase, a.Lock, a.Away, a.Suspended = PhasePostponed, nil, false, nil
	case ConsequenceApplied:
		a.Consequences = append(slices.Clip(a.Consequences), Consequence{ConsequenceApplied: e})
		a.withhold()
	case ConsequenceLifted:
		a.Consequences = slices.Clone(a.Consequences)
		for i, c := range a.Consequences {
			if c.Act == e.Of && c.LiftedBy == "" {
				a.Consequences[i].LiftedBy = e.Act
			}
		}
		a.withhold()
	case Annulled:
		a.Annulment = &e
		a.withhold()
	case AnnulmentNotified:
		a.Notices = append(slices.Clip(a.Notices), e)
	case StageEnded:
		return a.foldStage(e)
	case AppealOpened:
		return a.foldAppealOpened(e)
	case AppealedWork:
		return a.foldAppealedWork(e)
	case AppealClosed:
		return a.foldAppealClosed()
	case Opened, FaceUnavailable, AdministratorCalled, ReturnedToRoom, HelperRecorded, CodeRefused, FocusChanged, Ticked, StorageChanged:
		// On record, and nothing of the state beyond the used time.
	default:
		return errForeign
	}
	return nil
}

// errForeign says that the event belongs to a room or to the log of destructions. Folding it in silence would let a log of
// another kind pass for an attempt.
var errForeign = errors.New("it does not belong into the log of an attempt")

// interrupted reports whether a restart in this phase asks for the face again: before, the first check is still to come,
// and after handing in, the last one is.
func (a *Attempt) interrupted() bool {
	switch a.Phase {
	case PhaseIdentified, PhaseDataConfirmed, PhaseRulesRead, PhaseConfirmed, PhaseRunning:
		return true
	}
	return false
}

// cancelLeave takes a permission back together with a refused check for it: an administrator who then identifies the
// candidate by document must not send them out of the room.
func (a *Attempt) cancelLeave() {
	a.Leaving = false
	if a.FaceRefused == PurposeLeave {
		a.FaceRefused = ""
	}
}

func (a *Attempt) identified(purpose Purpose) error {
	a.FaceRefused, a.ResumeOwed = "", false
	switch purpose {
	case PurposeLogin:
		a.Phase = PhaseIdentified
	case PurposeReturn:
		a.Away = false
	}
	a.Lock = nil
	return nil
}

func (a *Attempt) respond(item string, change func(*Response) error) error {
	if a.Paper == nil {
		return nil
	}
	_, i, ok := a.Paper.Item(item)
	if !ok {
		return ErrNoItem
	}
	next := a.Responses[i]
	if err := change(&next); err != nil {
		return err
	}
	a.Responses = slices.Clone(a.Responses)
	a.Responses[i] = next
	return nil
}

// passageRunes returns the length of a passage in the exam language.
func passageRunes(paper *Paper, id, lang string) (int, bool) {
	text := paper.Passage(id)
	if text == nil {
		return 0, false
	}
	return utf8.RuneCountInString(content.Plain(paper.Content(text, lang))), true
}

func (a *Attempt) foldHighlight(e Highlighted) error {
	if a.Paper == nil {
		return nil
	}
	if length, ok := passageRunes(a.Paper, e.Passage, a.Opened.Candidate.Language); !ok || e.From < 0 || e.To <= e.From || e.To > length {
		return ErrEdit
	}
	next := Marking{Passage: e.Passage, Ranges: over(a.Highlights(e.Passage), Range{From: e.From, To: e.To}, e.On)}
	a.Markings = slices.Clone(a.Markings)
	i := slices.IndexFunc(a.Markings, func(m Marking) bool { return m.Passage == e.Passage })
	switch {
	case i < 0:
		a.Markings = append(a.Markings, next)
	default:
		a.Markings[i] = next
	}
	return nil
}

func (a *Attempt) hear(medium string, change func(*Hearing) error) error {
	if a.Paper == nil {
		return nil
	}
	if m := a.Paper.Medium(medium); m == nil || m.Kind != Sound {
		return ErrNoItem
	}
	next := a.Heard(medium)
	if err := change(&next); err != nil {
		return err
	}
	a.Hearings = slices.Clone(a.Hearings)
	if i := slices.IndexFunc(a.Hearings, func(h Hearing) bool { return h.Medium == medium }); i >= 0 {
		a.Hearings[i] = next
	} else {
		a.Hearings = append(a.Hearings, next)
	}
	return nil
}

// struck returns the options that are struck out after one of them is, or is no longer.
func struck(options []string, option string, on bool) []string {
	out := slices.DeleteFunc(slices.Clone(options), func(o string) bool { return o == option })
	if on {
		out = append(out, option)
	}
	return out
}

// over lays a range over others, or cuts it out of them. What touches becomes one.
func over(ranges []Range, r Range, on bool) []Range {
	var out []Range
	for _, o := range ranges {
		switch {
		case o.To < r.From || o.From > r.To, !on && (o.To == r.From || o.From == r.To):
			out = append(out, o)
		case on:
			r = Range{From: min(r.From, o.From), To: max(r.To, o.To)}
		default:
			if o.From < r.From {
				out = append(out, Range{From: o.From, To: r.From})
			}
			if o.To > r.To {
				out = append(out, Range{From: r.To, To: o.To})
			}
		}
	}
	if on {
		out = append(out, r)
		slices.SortFunc(out, func(a, b Range) int { return a.From - b.From })
	}
	return out
}

func edit(text string, e Edited) (string, error) {
	if e.Position < 0 || e.Removed < 0 || e.Removed == 0 && e.Inserted == "" {
		return "", ErrEdit
	}
	start, ok := runeOffset(text, e.Position)
	if !ok {
		return "", ErrEdit
	}
	length, ok := runeOffset(text[start:], e.Removed)
	if !ok {
		return "", ErrEdit
	}
	return text[:start] + e.Inserted + text[start+length:], nil
}

// runeOffset returns the byte offset of the n-th rune of valid UTF-8, counting the end of the text as one. Every keystroke
// asks for one, and resuming asks for thousands, so bytes are counted eight at a time.
func runeOffset(s string, n int) (int, bool) {
	if n > len(s) {
		return 0, false
	}
	i := 0
	for ; len(s)-i >= 8; i += 8 {
		b := s[i : i+8]
		x := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		const ones = 0x0101010101010101
		begin := 8 - bits.OnesCount64(x>>7&^(x>>6)&ones) // bytes that do not go on with a rune
		if begin > n {
			break
		}
		n -= begin
	}
	for ; i < len(s); i++ {
		if !utf8.RuneStart(s[i]) {
			continue
		}
		if n == 0 {
			return i, true
		}
		n--
	}
	return len(s), n == 0
}
