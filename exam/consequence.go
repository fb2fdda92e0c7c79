package exam

import (
	"slices"
	"strings"
)

// Consequence is an effect of an act on an attempt (R20).
type Consequence struct {
	ConsequenceApplied
	LiftedBy string `cbor:"6,keyasint"` // number of the act that took it back, or ""
}

// Validity says whether an attempt's result counts.
type Validity string

// The validities. A result that does not count is neither marked nor shown; the answers stay in the log.
const (
	Valid        Validity = "valid"
	NotProcessed Validity = "not-processed" // removed, or not admitted before the work was handed in (R20)
	Void         Validity = "void"          // after a review (act 12-1), or annulled (R20, R26)
)

// InForce returns the first consequence of the effect that no act has lifted.
func (a *Attempt) InForce(effect Effect) (Consequence, bool) {
	i := slices.IndexFunc(a.Consequences, func(c Consequence) bool { return c.Effect == effect && c.LiftedBy == "" })
	if i < 0 {
		return Consequence{}, false
	}
	return a.Consequences[i], true
}

// Barred reports whether an act keeps the candidate from going on: not admitted, or removed (R20). The program never bars
// anybody of its own accord.
func (a *Attempt) Barred() bool {
	_, removed := a.InForce(EffectRemoved)
	_, refused := a.InForce(EffectNotAdmitted)
	return removed || refused && a.HandedIn == nil
}

// Validity says whether the result counts. Marking and every list of results ask it first (R20, R26).
func (a *Attempt) Validity() Validity {
	_, void := a.InForce(EffectVoid)
	switch {
	case void || a.Annulment != nil:
		return Void
	case a.Barred():
		return NotProcessed
	}
	return Valid
}

// Seat returns the seat that the candidate has now: that of the last act 14 in force, else that of the seating list (R8).
func (a *Attempt) Seat() string {
	for _, c := range slices.Backward(a.Consequences) {
		if c.Effect == EffectMoved && c.LiftedBy == "" {
			return c.Seat
		}
	}
	return a.Opened.Candidate.Seat
}

// withhold takes the machine's marking out of sight while the result does not count, and gives it back when that ends.
func (a *Attempt) withhold() {
	switch valid := a.Validity() == Valid; {
	case !valid && a.Score != nil:
		a.Score, a.Withheld = nil, a.Score
	case valid && a.Withheld != nil:
		a.Score, a.Withheld = a.Withheld, nil
	}
}

// tieAct records an act and what follows from it. What brings an effect about stands before the effect, and everything
// that is missing is recorded when the act is said again: so a crash between two records loses nothing.
func (a *Attempt) tieAct(t ActTied) ([]Event, error) {
	var events []Event
	if i := slices.IndexFunc(a.Acts, func(o ActTied) bool { return o.Number == t.Number }); i < 0 {
		if err := checkEffects(t); err != nil {
			return nil, err
		}
		events = append(events, t)
	} else {
		t = a.Acts[i] // the first word counts: an act is immutable (R19)
	}
	locked, suspended := a.Lock != nil && a.Lock.Cause != LockRestart, a.suspendedAlone()
	postponed := false
	for _, effect := range t.Effects {
		if effect == EffectLift {
			if slices.ContainsFunc(a.Consequences, func(c Consequence) bool { return c.Act == t.Corrects && c.LiftedBy == "" }) {
				events = append(events, ConsequenceLifted{Act: t.Number, Of: t.Corrects, Form: t.Form, By: t.By})
			}
			continue
		}
		if slices.ContainsFunc(a.Consequences, func(c Consequence) bool { return c.Act == t.Number && c.Effect == effect }) {
			continue
		}
		over := a.Phase.Ended() || postponed
		switch effect {
		case EffectNotAdmitted, EffectRemoved:
			if bars := effect == EffectRemoved || a.HandedIn == nil; bars && !over && !locked {
				events = append(events, Locked{Cause: LockAdministrator, By: t.By, Reason: t.Number})
				locked = true
			}
		case EffectStopped:
			if !over && !suspended {
				events = append(events, Suspended{Deed: Deed{By: t.By, Reason: t.Number}})
				suspended = true
			}
		case EffectPostponed:
			if !over && a.HandedIn == nil {
				events = append(events, Postponed{Deed: Deed{By: t.By, Reason: t.Number}, Act: t.Number})
				postponed = true
			}
		}
		applied := ConsequenceApplied{Act: t.Number, Form: t.Form, Effect: effect, By: t.By}
		if effect == EffectMoved {
			applied.Seat = t.Seat
		}
		events = append(events, applied)
	}
	if len(events) == 0 {
		return nil, ErrAlready // the room says its acts again after each restart
	}
	return events, nil
}

func checkEffects(t ActTied) error {
	for i, effect := range t.Effects {
		if slices.Contains(t.Effects[:i], effect) {
			return ErrEffect
		}
		switch effect {
		case EffectNotAdmitted, EffectRemoved, EffectVoid, EffectStopped, EffectPostponed:
		case EffectMoved:
			if strings.TrimSpace(t.Seat) == "" {
				return ErrEffect
			}
		case EffectLift:
			if t.Corrects == "" || t.Corrects == t.Number {
				return ErrEffect
			}
		default:
			return ErrEffect
		}
	}
	return nil
}

// annul is taken whatever phase the attempt is in: a decision to annul waits for nothing (R26).
func (a *Attempt) annul(c Annul) ([]Event, error) {
	switch c.Basis {
	case AnnulledByAct, AnnulledByCommission, AnnulledByOrder:
	default:
		return nil, ErrGround
	}
	switch {
	case a.Annulment != nil:
		return nil, ErrAlready
	case strings.TrimSpace(c.Document) == "":
		return nil, ErrDocument
	}
	return deed(c.Deed, Annulled(c))
}

func (a *Attempt) notify(c Notify) ([]Event, error) {
	switch {
	case a.Annulment == nil:
		return nil, ErrNotAnnulled
	case strings.TrimSpace(c.By) == "":
		return nil, ErrName
	case strings.TrimSpace(c.Means) == "":
		return nil, ErrReason
	case c.Whom != NotifiedCandidate && c.Whom != NotifiedUniversity:
		return nil, ErrName
	case slices.ContainsFunc(a.Notices, func(n AnnulmentNotified) bool { return n.Whom == c.Whom }):
		return nil, ErrAlready
	}
	return []Event{AnnulmentNotified(c)}, nil
}
