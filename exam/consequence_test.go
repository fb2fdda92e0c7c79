package exam_test

import (
	"slices"
	"testing"

	"emtihan/exam"
)

func tie(number, form string, effects ...exam.Effect) exam.TieAct {
	return exam.TieAct{ActTied: exam.ActTied{Number: number, Form: form, By: admin.By, Digest: []byte{1}, Effects: effects}}
}

func lift(number, of string) exam.TieAct {
	t := tie(number, "0", exam.EffectLift)
	t.Corrects = of
	return t
}

// R20: act 12 removes: nothing goes on, no time passes, nothing is processed; a further act lifts it, and then a person
// unlocks.
func TestRemoved(t *testing.T) {
	s := running(t, setup{})
	s.must(exam.Edit{Item: "E1", Inserted: "ә"})
	s.pass(minute)
	s.kinds(tie("12/1", "12", exam.EffectRemoved), "act.tied", "locked", "consequence")
	s.used(minute)
	s.awaits("")
	if !s.a.Barred() || s.a.Validity() != exam.NotProcessed || s.a.IsRunning() {
		t.Errorf("barred %v, result %q, running %v", s.a.Barred(), s.a.Validity(), s.a.IsRunning())
	}
	for _, cmd := range []exam.Command{
		exam.Edit{Item: "E1", Position: 1, Inserted: "з"},
		exam.Finish{},
		exam.Unlock{Deed: admin},
		exam.IdentifyByDocument{Deed: admin},
		exam.GrantExtra{Deed: admin, Minutes: 5, Document: "№ 1"},
		exam.Leave{Deed: admin},
		exam.Suspend{Deed: admin},
		exam.Postpone{Deed: admin, Act: "15/2"},
		exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: exam.PurposeReturn, Verdict: exam.VerdictAccepted}},
	} {
		s.refused(cmd, exam.ErrBarred)
	}
	s.refused(tie("12/1", "12", exam.EffectRemoved), exam.ErrAlready)
	s.pass(5 * hour)
	s.kinds(exam.Tick{}) // the time does not run out for who was removed
	s.used(minute)
	s.restart(hour)
	s.refused(exam.Unlock{Deed: admin}, exam.ErrBarred)

	s.kinds(lift("0/2", "12/1"), "act.tied", "consequence.lifted")
	if s.a.Barred() || s.a.Validity() != exam.Valid {
		t.Error("the act that corrects has lifted nothing")
	}
	s.refused(exam.Edit{Item: "E1", Position: 1, Inserted: "з"}, exam.ErrNotRunning)
	s.must(exam.Unlock{Deed: admin})
	s.face(exam.PurposeResume, exam.VerdictAccepted)
	s.must(exam.Edit{Item: "E1", Position: 1, Inserted: "з"})
	s.used(minute)
	// The room says its acts again when it comes back: the lifted one stays lifted.
	s.refused(tie("12/1", "12", exam.EffectRemoved), exam.ErrAlready)
	s.refused(lift("0/2", "12/1"), exam.ErrAlready)
}

// R20: who is removed frees the station.
func TestRemovedWithdraws(t *testing.T) {
	s := running(t, setup{})
	s.refused(exam.Withdraw{Deed: admin}, exam.ErrPhase)
	s.must(tie("13/1", "13", exam.EffectRemoved, exam.EffectNotAdmitted))
	s.must(exam.Withdraw{Deed: admin})
	if s.a.Phase != exam.PhaseWithdrawn || s.a.Validity() != exam.NotProcessed {
		t.Errorf("phase %q, result %q", s.a.Phase, s.a.Validity())
	}
}

// R20: acts 10 and 11 keep from the exam who has not begun; who has handed in is not touched by them.
func TestNotAdmitted(t *testing.T) {
	s := identified(t, setup{})
	s.kinds(tie("10/1", "10", exam.EffectNotAdmitted), "act.tied", "locked", "consequence")
	s.refused(exam.ConfirmData{}, exam.ErrBarred)
	s.must(exam.Withdraw{Deed: admin})

	s = running(t, setup{})
	s.must(exam.Finish{})
	s.kinds(tie("10/1", "10", exam.EffectNotAdmitted), "act.tied", "consequence")
	s.face(exam.PurposeFinish, exam.VerdictAccepted)
	if s.a.Barred() || s.a.Validity() != exam.Valid || s.a.Phase != exam.PhaseFinished {
		t.Errorf("barred %v, result %q, phase %q", s.a.Barred(), s.a.Validity(), s.a.Phase)
	}
}

// R20, R26: a result that does not count is not shown and not appealed against; one that counts again comes back.
func TestResultWithheld(t *testing.T) {
	finished := func() *sitting {
		s := running(t, setup{paper: hundred(t), profile: []string{"shows_score = true", "minutes = 125", "content_minutes = 30"}})
		s.must(exam.Finish{})
		s.face(exam.PurposeFinish, exam.VerdictAccepted)
		if s.a.Score == nil || s.a.Validity() != exam.Valid {
			t.Fatal("no score to begin with")
		}
		return s
	}
	appeal := exam.AppealContent{Item: "q1", Ground: 1, Text: "себебі"}
	for name, c := range map[string]struct {
		act  exam.TieAct
		want exam.Validity
	}{
		"12-1 void":     {tie("12-1/1", "12-1", exam.EffectVoid), exam.Void},
		"late removal":  {tie("12/1", "12", exam.EffectRemoved), exam.NotProcessed},
		"both at once":  {tie("13/1", "13", exam.EffectRemoved, exam.EffectNotAdmitted), exam.NotProcessed},
		"void, removed": {tie("12/1", "12", exam.EffectRemoved, exam.EffectVoid), exam.Void},
	} {
		s := finished()
		score := *s.a.Score
		s.must(c.act)
		if s.a.Score != nil || s.a.Validity() != c.want || s.a.Phase != exam.PhaseFinished || s.a.Lock != nil {
			t.Errorf("%s: score %v, result %q, phase %q, lock %v", name, s.a.Score, s.a.Validity(), s.a.Phase, s.a.Lock)
		}
		s.refused(appeal, exam.ErrNotProcessed)
		s.must(lift("0/9", c.act.Number))
		if s.a.Score == nil || *s.a.Score != score || s.a.Validity() != exam.Valid {
			t.Errorf("%s: lifted, score %v, result %q", name, s.a.Score, s.a.Validity())
		}
	}
	// Void during the exam: the candidate goes on, and nothing is marked.
	s := running(t, setup{paper: hundred(t), profile: []string{"shows_score = true", "minutes = 125"}})
	s.must(tie("12-1/1", "12-1", exam.EffectVoid))
	s.kinds(exam.Finish{}, "handed.in")
}

// R26: a decision to annul, and who was told of it.
func TestAnnulled(t *testing.T) {
	s := running(t, setup{})
	annul := exam.Annul{Deed: admin, Basis: exam.AnnulledByCommission, Document: "№ 4, 22.11.2026"}
	tell := exam.Notify{By: admin.By, Whom: exam.NotifiedCandidate, Means: "жеке кабинет"}
	s.refused(tell, exam.ErrNotAnnulled)
	s.must(exam.Finish{})
	s.face(exam.PurposeFinish, exam.VerdictAccepted)
	for _, c := range []struct {
		spoil func(*exam.Annul)
		want  error
	}{
		{func(a *exam.Annul) { a.Basis = "rumour" }, exam.ErrGround},
		{func(a *exam.Annul) { a.Document = " " }, exam.ErrDocument},
		{func(a *exam.Annul) { a.By = "" }, exam.ErrName},
		{func(a *exam.Annul) { a.Reason = "" }, exam.ErrReason},
	} {
		bad := annul
		c.spoil(&bad)
		s.refused(bad, c.want)
	}
	s.kinds(annul, "annulled")
	s.refused(annul, exam.ErrAlready)
	s.must(tell)
	s.refused(tell, exam.ErrAlready)
	s.refused(exam.Notify{By: admin.By, Whom: "newspaper", Means: "x"}, exam.ErrName)
	s.refused(exam.Notify{By: "", Whom: exam.NotifiedUniversity, Means: "x"}, exam.ErrName)
	s.refused(exam.Notify{By: admin.By, Whom: exam.NotifiedUniversity}, exam.ErrReason)
	s.must(exam.Notify{By: admin.By, Whom: exam.NotifiedUniversity, Means: "хат № 5"})
	if s.a.Validity() != exam.Void || len(s.a.Notices) != 2 {
		t.Errorf("result %q, %d notices", s.a.Validity(), len(s.a.Notices))
	}
}

// R12, R20: acts 14 and 15.
func TestMovedStoppedPostponed(t *testing.T) {
	s := running(t, setup{candidate: exam.Candidate{Seat: "7"}})
	move := tie("14/1", "14", exam.EffectMoved, exam.EffectStopped)
	s.refused(move, exam.ErrEffect) // without a seat
	move.Seat = "31"
	s.pass(minute)
	s.kinds(move, "act.tied", "consequence", "suspended", "consequence")
	s.pass(hour)
	s.used(minute)
	if s.a.Seat() != "31" {
		t.Errorf("seat %q", s.a.Seat())
	}
	s.must(exam.EndSuspension{Deed: admin})
	s.refused(move, exam.ErrAlready) // said again, it does not suspend again
	s.must(lift("0/2", "14/1"))
	if s.a.Seat() != "7" {
		t.Errorf("seat %q after the act was lifted", s.a.Seat())
	}
	s.kinds(tie("15/3", "15", exam.EffectPostponed), "act.tied", "postponed", "consequence")
	s.kinds(tie("12/4", "12", exam.EffectRemoved, exam.EffectStopped), "act.tied", "consequence", "consequence") // ended: nothing to lock or to stop
	s.must(tie("15/5", "15", exam.EffectStopped))

	s = running(t, setup{})
	s.must(exam.Finish{})
	s.kinds(tie("15/1", "15", exam.EffectPostponed), "act.tied", "consequence") // what is handed in stays
	if s.a.Phase != exam.PhaseFinishing {
		t.Errorf("phase %q", s.a.Phase)
	}
}

// R11, R20: the program ends between an act and what follows from it; when the room says the act again, what is missing
// follows, and nothing follows twice.
func TestActAfterCrash(t *testing.T) {
	act := tie("13/1", "13", exam.EffectRemoved, exam.EffectNotAdmitted)
	whole := running(t, setup{})
	events, err := whole.a.Decide(act, whole.now)
	if err != nil || len(events) < 4 {
		t.Fatal(events, err)
	}
	for cut := 1; cut < len(events); cut++ {
		s := running(t, setup{})
		a, now := s.a, s.now
		apply := func(events []exam.Event) {
			for _, e := range events {
				if a, err = a.Apply(exam.Recorded{Seq: a.Seq + 1, Stamp: now, Event: e}); err != nil {
					t.Fatal(err)
				}
			}
		}
		apply(events[:cut])
		now.Run, now.Mono = now.Run+1, 5
		apply([]exam.Event{exam.RunStarted{}})
		rest, err := a.Decide(act, now)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		apply(rest)
		for _, e := range []exam.Effect{exam.EffectRemoved, exam.EffectNotAdmitted} {
			if _, ok := a.InForce(e); !ok {
				t.Errorf("cut at %d: %s is not in force", cut, e)
			}
		}
		if len(a.Consequences) != 2 || len(a.Acts) != 1 || a.Lock == nil {
			t.Errorf("cut at %d: %d consequences, %d acts, lock %v", cut, len(a.Consequences), len(a.Acts), a.Lock)
		}
		if _, err := a.Decide(act, now); err != exam.ErrAlready {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}

func TestEffectsRefused(t *testing.T) { // R20
	s := running(t, setup{})
	for name, effects := range map[string][]exam.Effect{
		"unknown": {"fined"}, "twice": {exam.EffectVoid, exam.EffectVoid}, "lift of nothing": {exam.EffectLift}, "no seat": {exam.EffectMoved}, "empty": {""},
	} {
		if _, err := s.do(tie("12/"+name, "12", effects...)); err != exam.ErrEffect {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.refused(lift("0/1", "0/1"), exam.ErrEffect) // itself
	s.kinds(lift("0/1", "12/7"), "act.tied")      // an act about somebody else: on record, and nothing follows
	if !slices.Equal(s.a.Consequences, nil) {
		t.Error(s.a.Consequences)
	}
}
