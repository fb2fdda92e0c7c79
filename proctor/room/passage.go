package room

import (
	"errors"
	"slices"
	"strings"
	"time"

	"emtihan/exam"
	"emtihan/proctor/act"
)

// Pass says who went through a door when it opened (R14).
type Pass string

// The ways through a door. An opening that is none of them is unexplained, and an administrator must explain it.
const (
	PassOut   Pass = "out"   // a candidate with permission went out, or one whose exam is over
	PassBack  Pass = "back"  // a candidate who was outside came back
	PassIn    Pass = "in"    // a candidate who was just admitted at the desk came in
	PassEntry Pass = "entry" // nobody's exam runs yet
)

// passage is what is expected of the door for one candidate.
type passage struct {
	out  time.Time // permitted to leave, and the door has not opened for it
	back time.Time // outside, and the door has not opened for the return
	in   time.Time // admitted at the desk, and the door has not opened for the entry
	done time.Time // the exam is over, and the door has not opened for the going
}

// inWithin is how long after an admission an opening of the door is the candidate's coming in, once exams run.
const inWithin = 2 * time.Minute

// doneWithin is how long after the end of an exam an opening of the door is the candidate's going, once exams run: time to
// pack and to walk, and too short for a candidate who stays to explain what others do.
const doneWithin = 5 * time.Minute

// leftWithin is how far the clock of the room's computer may be from a station's notice that a candidate leaves for the lock
// to open. Both programs read the same computer's clock, so more than the link's and the disk's delay means that the notice
// waited for this program to come back, and nobody stands at the door for it any more.
const leftWithin = 5 * time.Second

// foldExit follows a candidate out of the room and back, by what the station says.
func (p *Person) foldExit(what string, at time.Time) {
	switch what {
	case exam.LeavePermitted{}.Kind():
		p.pass.out = at
	case exam.LeaveCancelled{}.Kind():
		p.pass.out = time.Time{}
	case exam.LeftRoom{}.Kind():
		p.Exits++
		p.Out = at
	case exam.ReturnedToRoom{}.Kind():
		p.Out, p.pass.out, p.pass.back = time.Time{}, time.Time{}, time.Time{}
	case exam.RunStarted{}.Kind(), exam.HandedIn{}.Kind():
		// These take a permission back; who has left with it already may be on the way to the door.
		if p.Out.IsZero() {
			p.pass.out = time.Time{}
		}
	case exam.Withdrawn{}.Kind(), exam.Postponed{}.Kind():
		p.Out, p.pass.out = time.Time{}, time.Time{}
	case exam.Closed{}.Kind():
		// The last face check was in the room.
		p.Out, p.pass = time.Time{}, passage{done: at}
	case exam.Opened{}.Kind():
		p.pass.done = time.Time{}
	}
}

// opening ties an opened door to the candidate who may go through it now: who waits longest goes first. Each permission
// explains one opening, and each absence one more. Nothing shows which way somebody went.
func (s *state) opening(door string, found bool, at time.Time, line *Line) {
	running := false
	var first [4]*Person // out, done, back, in
	for i := range s.people {
		p := &s.people[i]
		running = running || p.Phase == exam.PhaseRunning || p.Phase == exam.PhaseFinishing
		for k, t := range []time.Time{p.pass.out, p.pass.done, p.pass.back, p.pass.in} {
			switch {
			case t.IsZero(), k == 1 && at.Sub(t) > doneWithin, k == 3 && at.Sub(t) > inWithin:
			case first[k] == nil || t.Before(*first[k].pass.at(k)):
				first[k] = p
			}
		}
	}
	switch {
	case first[0] != nil:
		p := first[0]
		line.Pass, line.IIN = PassOut, p.IIN
		p.pass.out, p.pass.back = time.Time{}, at
	case first[1] != nil:
		p := first[1]
		line.Pass, line.IIN = PassOut, p.IIN
		p.pass.done = time.Time{} // and nobody comes back
	case first[2] != nil:
		p := first[2]
		line.Pass, line.IIN = PassBack, p.IIN
		p.pass.back = time.Time{}
	case first[3] != nil:
		p := first[3]
		line.Pass, line.IIN = PassIn, p.IIN
		p.pass.in = time.Time{}
	case !running:
		line.Pass = PassEntry
	default:
		line.Alarm = true
		s.alarms = append(s.alarms, Alarm{
			Record: line.Record, At: at, Kind: act.ByDoor, Device: door, Count: 1, Absent: found, What: line.Event,
		})
	}
}

func (p *passage) at(k int) *time.Time { return []*time.Time{&p.out, &p.done, &p.back, &p.in}[k] }

// ErrNoLock: there is no lock that could be opened.
var ErrNoLock = &exam.Refusal{Code: "no-lock"}

// letOut opens the locks for a candidate whose permitted exit begins now: the face check before it is done (R10, R14). Only
// what a station says as it happens moves a lock; reading the log again does not, nor does an exit that a station tells late.
func (r *Room) letOut(n Notice) {
	if n.What != (exam.LeftRoom{}).Kind() || r.cfg.Unlock == nil {
		return
	}
	i, ok := r.state.index[n.IIN]
	late := r.cfg.Now().Sub(time.UnixMilli(n.Wall)).Abs() > leftWithin
	if !ok || late || r.state.people[i].Out.IsZero() {
		return
	}
	for _, d := range r.state.devices {
		if d.Lock {
			r.unlock(d.Name, n.IIN, "", "", nil)
		}
	}
}

// Unlock opens the lock of a door by an administrator's decision and for a reason, such as a candidate who is back. done gets
// nil, ErrCode, ErrReason, ErrNoLock, or why the lock was not opened.
func (r *Room) Unlock(door, reason, by, code string, done func(error)) {
	refuse := func(err error) { answer(done, err) }
	r.signed(by, code, refuse, func() {
		switch {
		case strings.TrimSpace(reason) == "":
			refuse(ErrReason)
		case r.cfg.Unlock == nil || !slices.ContainsFunc(r.state.devices, func(d Device) bool { return d.Name == door && d.Lock }):
			refuse(ErrNoLock)
		default:
			r.unlock(door, "", reason, by, done)
		}
	})
}

// unlock opens a lock on a goroutine of its own, since the line may be slow, and records what came of it. An outcome that is
// not known is never recorded as "opened".
func (r *Room) unlock(door, iin, reason, by string, done func(error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.asked.Go(func() {
		err := r.cfg.Unlock(door, r.cfg.OpenFor)
		r.post(func() {
			said := Saying{Device: door, By: by, Detail: cut(reason, MaxText), Seconds: int(r.cfg.OpenFor / time.Second)}
			what := SaidUnlocked
			if err != nil {
				what, said.Detail, said.Seconds = SaidJammed, codeOf(err), 0
			}
			r.say(exam.StationSaid{Station: Desk, IIN: iin, What: what, Detail: said.String()})
			answer(done, err)
		})
	})
}

// codeOf returns the machine code of an error that states one, and its text otherwise.
func codeOf(err error) string {
	var known interface{ DeviceReason() string }
	if errors.As(err, &known) {
		return known.DeviceReason()
	}
	return cut(err.Error(), MaxText)
}
