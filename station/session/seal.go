package session

import (
	"slices"

	"emtihan/exam"
)

// Unseal gives the actor what was sealed, and takes up an attempt that was left open (R11). done gets nil, exam.ErrAlready,
// or what [Start] would have said of the attempt.
func (a *Actor) Unseal(profile *exam.Profile, paper *exam.Paper, done func(error)) {
	a.post(func() {
		if a.cfg.Paper != nil {
			done(exam.ErrAlready)
			return
		}
		a.cfg.Profile, a.cfg.Paper = profile, paper
		err := a.takeUp()
		if err != nil {
			a.cfg.Profile, a.cfg.Paper = nil, nil
		}
		a.publish()
		done(err)
	})
}

// sealAfter forgets the paper once an exam of a sealed package has been held here. An attempt that ended before its clock had
// started, as after a wrong IIN, leaves it for the next try.
func (a *Actor) sealAfter(phase exam.Phase) {
	if a.cfg.Parcel != "" && phase != exam.PhaseWithdrawn {
		a.cfg.Profile, a.cfg.Paper = nil, nil
	}
}

// Reopen takes up the candidate's attempt that has ended at this station, for an appeal (R15, R24). done gets nil, a refusal of
// exam.ParseIIN, exam.ErrNotExpected where there is none, exam.ErrAlready, or the disk's error.
func (a *Actor) Reopen(iin string, done func(error)) {
	a.post(func() {
		err := a.reopen(iin)
		if err == nil {
			a.publish()
		}
		done(err)
	})
}

func (a *Actor) reopen(text string) error {
	switch {
	case a.attempt != nil:
		return exam.ErrAlready
	case a.cfg.Paper == nil:
		return exam.ErrSealed
	}
	iin, _, err := exam.ParseIIN(text)
	if err != nil {
		return err
	}
	ids, err := a.attempts()
	if err != nil {
		return err
	}
	for _, id := range slices.Backward(ids) {
		attempt, err := a.read(id)
		if err != nil {
			return err
		}
		if attempt != nil && attempt.Opened.Session == a.cfg.Session.ID && attempt.Opened.Candidate.IIN == string(iin) && attempt.Phase == exam.PhaseFinished {
			return a.resume(id)
		}
	}
	return exam.ErrNotExpected
}
