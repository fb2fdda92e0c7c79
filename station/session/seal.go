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

// UnsealEnded gives the actor what was sealed for the sake of the candidate's attempt that has ended here: nobody can log in
// between. done gets nil, exam.ErrAlready, or what [Actor.Reopen] would have said; then it is sealed still.
func (a *Actor) UnsealEnded(profile *exam.Profile, paper *exam.Paper, iin string, done func(error)) {
	a.post(func() {
		if a.cfg.Paper != nil {
			done(exam.ErrAlready)
			return
		}
		a.cfg.Profile, a.cfg.Paper = profile, paper
		err := a.reopen(iin)
		if err != nil {
			a.cfg.Profile, a.cfg.Paper = nil, nil
		}
		a.publish()
		done(err)
	})
}

// sealAfter forgets the paper once an exam of a sealed package has been held here. An attempt that ended before its clock had
// started, as after a wrong IIN, leaves it for the next try; one whose candidate was removed while it ran does not (R20).
func (a *Actor) sealAfter(phase exam.Phase) {
	if a.cfg.Parcel != "" && (phase != exam.PhaseWithdrawn || Held(a.attempt)) {
		a.cfg.Profile, a.cfg.Paper = nil, nil
	}
}

// Held reports whether an exam has been held with an attempt that has ended: its candidate may have seen the paper, or it was
// moved to another day.
func Held(attempt *exam.Attempt) bool {
	// Who was removed is withdrawn in the end, as who typed a wrong IIN is; only for the first has the clock run.
	return attempt.Phase != exam.PhaseWithdrawn || attempt.Used > 0 || attempt.HandedIn != nil
}

// Attempts returns the attempts of the session that have a log at this station, the oldest first, as far as they can be folded
// without a paper. It must not be called while an actor has one of them open. Errors are those of [Start].
func Attempts(cfg Config) ([]*exam.Attempt, error) {
	cfg.Paper = nil
	a := &Actor{cfg: cfg}
	ids, err := a.attempts()
	if err != nil {
		return nil, err
	}
	var out []*exam.Attempt
	for _, id := range ids {
		attempt, err := a.read(id)
		if err != nil {
			return nil, err
		}
		if attempt != nil && attempt.Seq > 0 && attempt.Opened.Session == cfg.Session.ID {
			out = append(out, attempt)
		}
	}
	return out, nil
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
