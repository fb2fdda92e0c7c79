package room

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"emtihan/exam"
	"emtihan/proctor/act"
)

// Entry is how far a candidate is at the desk (R7).
type Entry string

// The stages of the entry.
const (
	EntryNone     Entry = ""
	EntryQueue    Entry = "queue"    // came, and nobody has decided yet
	EntryAdmitted Entry = "admitted" // may take the seat of the seating list (R8)
	EntryLate     Entry = "late"     // came after the limit of R3 and was not admitted
)

// Face is a check of the face at the desk.
type Face struct {
	Verdict   exam.Verdict
	Reason    string // machine code
	Score     float64
	Threshold float64
	At        time.Time
	// Picture is the frame that decided, JPEG; it goes into the log and is not in views.
	Picture []byte
}

// Counts are the figures of the entry. Expected is the sum of all others.
type Counts struct{ Expected, Admitted, Queue, Late, Barred, Absent int }

func (c *Counts) count(p Person) {
	c.Expected++
	switch {
	case p.Barred != "":
		c.Barred++
	case p.Entry == EntryAdmitted, p.Entry == EntryNone && p.Attempt != "":
		c.Admitted++ // who sits at a station is in, whoever let them in
	case p.Entry == EntryLate:
		c.Late++
	case p.Entry == EntryQueue:
		c.Queue++
	default:
		c.Absent++
	}
}

// Refusals of the entry.
var (
	// ErrShift: nobody has opened the entry.
	ErrShift = &exam.Refusal{Code: "shift"}
	// ErrBarred: an act keeps the candidate out (R20).
	ErrBarred = &exam.Refusal{Code: "barred"}
	// ErrOpen: an alarm about the candidate waits for a decision.
	ErrOpen = &exam.Refusal{Code: "open-alarm"}
	// ErrLate: the candidate came after the limit (R3).
	ErrLate = exam.ErrLate
	// ErrDecided: this has been decided already.
	ErrDecided = exam.ErrAlready
	// ErrUndecided: there is no decision that could be taken back.
	ErrUndecided = &exam.Refusal{Code: "undecided"}
	// ErrBegun: the candidate has logged in at a station; what happens from there on is the station's.
	ErrBegun = &exam.Refusal{Code: "begun"}
)

// Late reports whether a candidate who came at the time came too late to be admitted (R3): the limit itself is in time.
func (v View) Late(came time.Time) bool { return came.Sub(v.Session.Start) > v.LateAfter }

func (s *state) tooLate(came time.Time) bool { return came.Sub(s.session.Start) > s.late }

// came notes who stands at the desk, the first time.
func (s *state) came(iin string, at time.Time) {
	if i, ok := s.index[iin]; ok && s.people[i].Came.IsZero() {
		p := &s.people[i]
		p.Came = at
		if p.Entry == EntryNone {
			p.Entry = EntryQueue
		}
	}
}

// findBarred returns the act that keeps a candidate out, unless a further act takes that back (R19, R20).
func (s *state) findBarred(iin string) string {
	if bars := s.bars(iin); len(bars) > 0 {
		return bars[0].Number
	}
	return ""
}

// bars returns the acts that keep a candidate out and that no further act takes back, oldest first.
func (s *state) bars(iin string) []Act {
	var bars []Act
	for _, a := range s.acts {
		effects := act.Effects(a.ActDrawn)
		if iin == "" || a.IIN != iin || !slices.Contains(effects, exam.EffectNotAdmitted) && !slices.Contains(effects, exam.EffectRemoved) {
			continue
		}
		if !slices.ContainsFunc(s.acts, func(o Act) bool {
			return o.Fields[act.FieldCorrects] == a.Number && slices.Contains(act.Effects(o.ActDrawn), exam.EffectLift)
		}) {
			bars = append(bars, a)
		}
	}
	return bars
}

func (s *state) foldEntry(e exam.StationSaid, said Saying, at time.Time, line *Line) {
	if e.What == SaidShift {
		s.shift = said.By
		return
	}
	i, ok := s.index[e.IIN]
	if !ok {
		return
	}
	p := &s.people[i]
	decide := func(entry Entry) {
		p.Entry, p.Decided, p.By = entry, at, said.By
		p.pass.in = time.Time{}
		// The gate is free for the next one.
		if s.gate == e.IIN {
			s.gate = ""
		}
	}
	switch e.What {
	case SaidFace:
		verdict, reason, _ := strings.Cut(said.Detail, ":")
		p.Face = &Face{Verdict: exam.Verdict(verdict), Reason: reason, Score: said.Score, Threshold: said.Threshold, At: at}
		if p.Face.Verdict == exam.VerdictRefused {
			line.Alarm = true
			s.alarms = append(s.alarms, Alarm{
				Record: line.Record, At: at, Kind: act.ByFace, Count: 1, IIN: e.IIN, Detail: said.Detail, What: e.What, Score: said.Score, Threshold: said.Threshold,
			})
		}
	case SaidAdmitted:
		decide(EntryAdmitted)
		p.pass.in = at
		for k := range s.alarms {
			if a := &s.alarms[k]; a.IIN == e.IIN && a.What == SaidFace && !a.Handled {
				a.Handled, a.By = true, said.By // identified by document, by a person who signed for it
			}
		}
	case SaidLate:
		decide(EntryLate)
	case SaidUndone:
		decide(EntryQueue)
		p.Decided, p.By = time.Time{}, ""
	}
}

// Shift opens the entry in the name of an administrator, whose code is asked for once: admissions are theirs until another
// one opens it. done gets nil or ErrCode.
func (r *Room) Shift(by, code string, done func(error)) {
	refuse := func(err error) { answer(done, err) }
	r.signed(by, code, refuse, func() {
		r.say(exam.StationSaid{Station: Desk, What: SaidShift, Detail: Saying{By: by}.String()})
		refuse(nil)
	})
}

// Scan takes what a reader read at the desk: a candidate of the list stands in the gate from then on. Of anybody else nothing
// but the reader's name is recorded (R27). done gets nil or ErrPerson.
func (r *Room) Scan(device, iin string, done func(error)) {
	r.post(func() {
		err := r.gate(iin)
		if err != nil {
			r.say(exam.StationSaid{Station: Desk, What: SaidStray, Detail: Saying{Device: device}.String()})
		}
		answer(done, err)
	})
}

// CheckedFace records a face check at the desk with its picture (R7). One that was refused is an alarm about the candidate.
func (r *Room) CheckedFace(iin string, f Face) {
	r.post(func() {
		if _, ok := r.state.index[iin]; !ok {
			return
		}
		said := Saying{Detail: string(f.Verdict) + ":" + f.Reason, Score: finite(f.Score), Threshold: finite(f.Threshold)}
		var blobs [][]byte
		if n := len(f.Picture); n > 0 && n <= MaxFrame {
			sum := sha256.Sum256(f.Picture)
			said.Frame = hex.EncodeToString(sum[:])
			blobs = append(blobs, f.Picture)
		}
		r.say(exam.StationSaid{Station: Desk, IIN: iin, What: SaidFace, Detail: said.String()}, blobs...)
	})
}

// Admit lets a candidate in, in the name of who has the entry. done gets nil, ErrShift, ErrPerson, ErrBarred, ErrOpen,
// ErrLate or ErrDecided.
func (r *Room) Admit(iin string, done func(error)) {
	r.post(func() {
		err := r.mayDecide(iin)
		if err == nil {
			p := r.state.people[r.state.index[iin]]
			switch {
			case r.state.shift == "":
				err = ErrShift
			case r.state.openAlarm(iin, ""):
				err = ErrOpen
			case r.isLate(p):
				err = ErrLate
			default:
				r.say(exam.StationSaid{Station: Desk, IIN: iin, What: SaidAdmitted, Detail: Saying{By: r.state.shift, Seat: p.Seat}.String()})
			}
		}
		answer(done, err)
	})
}

// Overrule lets a candidate in although the face did not match or they came late: an administrator decides, for a reason and
// with their code (R3, R10). done gets nil, ErrCode, ErrReason, ErrPerson, ErrBarred, ErrOpen or ErrDecided.
func (r *Room) Overrule(iin, reason, by, code string, done func(error)) {
	refuse := func(err error) { answer(done, err) }
	r.signed(by, code, refuse, func() {
		err := r.mayDecide(iin)
		switch {
		case err != nil:
		case strings.TrimSpace(reason) == "":
			err = ErrReason
		case r.state.openAlarm(iin, SaidFace):
			err = ErrOpen // what the detector found is settled by an act, or by its own decision
		default:
			p := r.state.people[r.state.index[iin]]
			r.say(exam.StationSaid{Station: Desk, IIN: iin, What: SaidAdmitted, Detail: Saying{By: by, Detail: cut(reason, MaxText), Seat: p.Seat}.String()})
		}
		refuse(err)
	})
}

// TurnAway records that a candidate came too late (R3). done gets nil, ErrShift, ErrPerson, ErrBarred, ErrDecided, or
// ErrUndecided where they are in time.
func (r *Room) TurnAway(iin string, done func(error)) {
	r.post(func() {
		err := r.mayDecide(iin)
		if err == nil {
			switch p := r.state.people[r.state.index[iin]]; {
			case r.state.shift == "":
				err = ErrShift
			case !r.isLate(p):
				err = ErrUndecided
			default:
				r.say(exam.StationSaid{Station: Desk, IIN: iin, What: SaidLate, Detail: Saying{By: r.state.shift, Seat: p.Seat}.String()})
			}
		}
		answer(done, err)
	})
}

// Undo takes the last decision at the desk about a candidate back, by a further event. done gets nil, ErrShift, ErrPerson,
// ErrUndecided, or ErrBegun once the candidate has logged in.
func (r *Room) Undo(iin string, done func(error)) {
	r.post(func() {
		i, ok := r.state.index[iin]
		var err error
		switch {
		case !ok:
			err = ErrPerson
		case r.state.shift == "":
			err = ErrShift
		case r.state.people[i].Entry != EntryAdmitted && r.state.people[i].Entry != EntryLate:
			err = ErrUndecided
		case r.state.people[i].Attempt != "":
			err = ErrBegun
		default:
			r.say(exam.StationSaid{Station: Desk, IIN: iin, What: SaidUndone, Detail: Saying{By: r.state.shift}.String()})
			err = r.gate(iin)
		}
		answer(done, err)
	})
}

// mayDecide says whether a decision about a candidate is open.
func (r *Room) mayDecide(iin string) error {
	i, ok := r.state.index[iin]
	switch {
	case !ok:
		return ErrPerson
	case r.state.barred[iin] != "":
		return ErrBarred
	case r.state.people[i].Entry == EntryAdmitted || r.state.people[i].Attempt != "":
		return ErrDecided
	}
	return nil
}

// isLate asks when the candidate came, not when somebody had time for them.
func (r *Room) isLate(p Person) bool {
	came := p.Came
	if came.IsZero() {
		came = r.cfg.Now()
	}
	return r.state.tooLate(came)
}

// openAlarm reports whether an alarm about the candidate waits for a decision, other than those of the kind except.
func (s *state) openAlarm(iin, except string) bool {
	return slices.ContainsFunc(s.alarms, func(a Alarm) bool {
		return a.IIN == iin && !a.Handled && (except == "" || a.What != except)
	})
}
