package exam

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// AppealSession is the hour in which a candidate sees their own work again and may appeal against the marks that people gave
// (R24). Nothing of the work can be changed in it.
type AppealSession struct {
	By     string        `cbor:"1,keyasint"` // the administrator who opened it
	Used   time.Duration `cbor:"2,keyasint"` // up to the attempt's last event
	Closed bool          `cbor:"3,keyasint"`
}

// keepAppealEvery is how often the clock of an appeal session is recorded. Nothing is written in it, so what a power cut gives
// back may be more than in the exam.
const keepAppealEvery = 10 * time.Second

func (r AppealRules) checkSession() error {
	bad := func(format string, args ...any) error { return fmt.Errorf("profile: appeal."+format, args...) }
	if r.SessionMinutes == 0 {
		if r.SessionDay != 0 || r.SessionFrom != "" || r.SessionTo != "" {
			return bad("session_minutes is missing or 0, and other keys of the session are there")
		}
		return nil
	}
	from, ok1 := timeOfDay(r.SessionFrom)
	to, ok2 := timeOfDay(r.SessionTo)
	switch {
	case r.SessionMinutes < 0 || r.SessionMinutes > 240:
		return bad("session_minutes is %d, not 0–240", r.SessionMinutes)
	case r.SessionDay < 0 || r.SessionDay > 30:
		return bad("session_day is %d, not 0–30", r.SessionDay)
	case !ok1:
		return bad("session_from is %q, no time of day such as 13:00", r.SessionFrom)
	case !ok2:
		return bad("session_to is %q, no time of day such as 13:40", r.SessionTo)
	case to < from:
		return bad("session_to is %s, before session_from, %s", r.SessionTo, r.SessionFrom)
	}
	return nil
}

func timeOfDay(s string) (minutes int, ok bool) {
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil && len(s) == 5
}

// Zone returns the zone of the centre, as the session's file had it.
func (o Opened) Zone() *time.Location { return time.FixedZone("", o.Offset) }

// AppealWindow returns when the appeal session of this attempt can begin, first and last, at the centre's time; ok is false
// where there is none.
func (a *Attempt) AppealWindow() (first, last time.Time, ok bool) {
	if a.Profile == nil || a.HandedIn == nil || a.Profile.Appeal.SessionMinutes == 0 {
		return first, last, false
	}
	r := a.Profile.Appeal
	from, _ := timeOfDay(r.SessionFrom)
	to, _ := timeOfDay(r.SessionTo)
	y, m, d := time.UnixMilli(a.Opened.Start).In(a.Opened.Zone()).Date()
	day := func(minutes int) time.Time {
		return time.Date(y, m, d+r.SessionDay, 0, minutes, 0, 0, a.Opened.Zone())
	}
	return day(from), day(to).Add(time.Minute), true
}

// AppealRemaining returns what is left of the clock of an open appeal session, or 0.
func (a *Attempt) AppealRemaining(now Stamp) time.Duration {
	if !a.Appealing() {
		return 0
	}
	return max(0, time.Duration(a.Profile.Appeal.SessionMinutes)*time.Minute-a.appealUsed(now))
}

// Appealing reports whether an appeal session is open.
func (a *Attempt) Appealing() bool { return a.Appeal != nil && !a.Appeal.Closed }

func (a *Attempt) appealUsed(now Stamp) time.Duration {
	if a.Appealing() && now.Run == a.Last.Run {
		return min(a.Appeal.Used+elapsed(a.Last.Mono, now.Mono), longest)
	}
	return a.Appeal.Used
}

// ContentAppealsUntil returns until when content appeals are taken, by the computer's date; ok is false where they are not
// open at now (R15).
func (a *Attempt) ContentAppealsUntil(now Stamp) (until time.Time, ok bool) {
	if a.Profile == nil || a.HandedIn == nil || a.Profile.Appeal.ContentMinutes == 0 || a.Phase != PhaseFinished {
		return until, false
	}
	window := time.Duration(a.Profile.Appeal.ContentMinutes) * time.Minute
	return a.HandedIn.Time().Add(window), now.Since(*a.HandedIn) <= window
}

// decideAppeal answers the commands of an appeal session; ok is false for any other.
func (a *Attempt) decideAppeal(cmd Command, now Stamp) (events []Event, err error, ok bool) {
	switch c := cmd.(type) {
	case OpenAppeal:
		events, err = a.openAppeal(c, now)
		return events, err, true
	case AppealWork:
		events, err = a.appealWork(c, now)
		return events, err, true
	case CloseAppeal:
		if !a.Appealing() {
			return nil, ErrAlready, true
		}
		return []Event{AppealClosed{Cause: ByCandidate}}, nil, true
	case Tick:
		if !a.Appealing() {
			return nil, nil, false
		}
		switch {
		case a.AppealRemaining(now) <= 0:
			return []Event{AppealClosed{Cause: ByTime}}, nil, true
		case now.Since(a.Last) >= keepAppealEvery:
			return []Event{Ticked{}}, nil, true
		}
		return nil, nil, true
	}
	return nil, nil, false
}

func (a *Attempt) openAppeal(c OpenAppeal, now Stamp) ([]Event, error) {
	first, last, ok := a.AppealWindow()
	at := now.Time()
	switch {
	case a.Phase != PhaseFinished:
		return nil, ErrPhase
	case !ok:
		return nil, ErrNoAppeal
	case a.Validity() != Valid:
		return nil, ErrNotProcessed
	case a.Appeal != nil:
		return nil, ErrAlready
	case !c.Outside && (at.Before(first) || !at.Before(last)):
		return nil, ErrAppealWindow
	}
	return deed(c.Deed, AppealOpened{Deed: c.Deed, Outside: at.Before(first) || !at.Before(last)})
}

func (a *Attempt) appealWork(c AppealWork, now Stamp) ([]Event, error) {
	switch {
	case a.AppealRemaining(now) <= 0:
		return nil, ErrWindowOver
	case strings.TrimSpace(c.Text) == "":
		return nil, ErrReason
	case a.Paper == nil:
		return nil, ErrNoItem
	}
	item, _, ok := a.Paper.Item(c.Item)
	switch {
	case !ok:
		return nil, ErrNoItem
	case len(item.Key) > 0:
		return nil, ErrNoAppeal
	}
	if err := checkText(c.Text, true); err != nil {
		return nil, err
	}
	return []Event{AppealedWork(c)}, nil
}

// foldAppeal keeps the clock of an open session, whatever the event.
func (a *Attempt) foldAppeal(used time.Duration) {
	next := *a.Appeal
	next.Used = used
	a.Appeal = &next
}

func (a *Attempt) foldAppealOpened(e AppealOpened) error {
	if a.Appeal != nil || a.Phase != PhaseFinished {
		return ErrPhase
	}
	a.Appeal = &AppealSession{By: e.By}
	return nil
}

func (a *Attempt) foldAppealedWork(e AppealedWork) error {
	if !a.Appealing() {
		return ErrPhase
	}
	a.WorkAppeals = append(slices.Clip(a.WorkAppeals), e)
	return nil
}

func (a *Attempt) foldAppealClosed() error {
	if !a.Appealing() {
		return ErrPhase
	}
	next := *a.Appeal
	next.Closed = true
	a.Appeal = &next
	return nil
}
