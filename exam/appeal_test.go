package exam_test

import (
	"reflect"
	"strings"
	"testing"

	"emtihan/exam"
)

const reviewRules = "session_minutes = 40\nsession_day = 1\nsession_from = \"13:00\"\nsession_to = \"13:40\"\n"

func finished(t testing.TB) *sitting {
	t.Helper()
	s := &sitting{TB: t, a: exam.NewAttempt(parsePaper(t, paperSource)), now: exam.Stamp{Wall: start.UnixMilli(), Run: 1, Mono: 5000}}
	s.must(exam.Open{Opened: exam.Opened{
		Candidate: exam.Candidate{IIN: testIIN, Language: "ru"}, Profile: []byte(strings.Replace(profileSource, "[appeal]\n", "[appeal]\n"+reviewRules, 1)),
		Paper: s.a.Paper.Digest(), Start: start.UnixMilli(), Offset: 5 * 3600,
	}})
	s.must(exam.StartRun{})
	s.face(exam.PurposeLogin, exam.VerdictAccepted)
	for _, c := range steps {
		s.must(c)
	}
	s.must(exam.Edit{Item: "E1", Inserted: "Эссе"})
	s.pass(hour)
	s.must(exam.Finish{})
	s.face(exam.PurposeFinish, exam.VerdictAccepted)
	return s
}

// R24: the next day from 13:00 to 13:40, forty minutes to see one's own work, which nothing can change.
func TestAppealSession(t *testing.T) {
	s := finished(t)
	s.refused(exam.OpenAppeal{Deed: admin}, exam.ErrAppealWindow)
	s.restart(26*hour + 59*minute) // 12:59 on the next day
	s.refused(exam.OpenAppeal{Deed: admin}, exam.ErrAppealWindow)
	s.pass(minute)
	s.refused(exam.OpenAppeal{}, exam.ErrName)
	s.refused(exam.AppealWork{Item: "E1", Text: "почему"}, exam.ErrWindowOver)
	s.kinds(exam.OpenAppeal{Deed: admin}, "appeal.opened")
	s.refused(exam.OpenAppeal{Deed: admin}, exam.ErrAlready)
	if got := s.a.AppealRemaining(s.now); got != 40*minute {
		t.Errorf("%v to see the work", got)
	}
	work := s.a.Responses
	for _, c := range []exam.Command{exam.Edit{Item: "E1", Inserted: "x"}, exam.Choose{Item: "S1", Options: []string{"B"}}, exam.Finish{}, exam.Show{Item: "S1"}} {
		s.refused(c, exam.ErrEnded)
	}
	s.refused(exam.AppealWork{Item: "E1", Text: " "}, exam.ErrReason)
	s.refused(exam.AppealWork{Item: "S1", Text: "x"}, exam.ErrNoAppeal) // machine-marked: a content appeal
	s.refused(exam.AppealWork{Item: "X9", Text: "x"}, exam.ErrNoItem)
	s.pass(10 * minute)
	s.kinds(exam.AppealWork{Item: "E1", Text: "Аргумент не учтён"}, "appeal.work")
	s.pass(10 * second)
	s.kinds(exam.Tick{}, "ticked")
	s.restart(5 * minute) // R6: a power cut costs nothing
	if got := s.a.AppealRemaining(s.now); got != 30*minute-10*second {
		t.Errorf("after a power cut %v are left", got)
	}
	s.pass(30*minute - 10*second)
	s.refused(exam.AppealWork{Item: "E1", Text: "ещё"}, exam.ErrWindowOver)
	s.kinds(exam.Tick{}, "appeal.closed")
	s.kinds(exam.Tick{})
	s.refused(exam.CloseAppeal{}, exam.ErrAlready)
	s.refused(exam.OpenAppeal{Deed: admin}, exam.ErrAlready)
	if !reflect.DeepEqual(work, s.a.Responses) || len(s.a.WorkAppeals) != 1 || s.a.Phase != exam.PhaseFinished {
		t.Errorf("after the session: %+v", s.a.WorkAppeals)
	}
	data, err := s.a.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := exam.RestoreAttempt(data, s.a.Paper); err != nil || !reflect.DeepEqual(s.a, b) {
		t.Errorf("the snapshot: %v", err)
	}
}

// The profile's hours bind the program, and a named person can decide otherwise, on record.
func TestAppealSessionOutsideItsHours(t *testing.T) { // R24
	s := finished(t)
	s.restart(27*hour + 41*minute) // 13:41
	s.refused(exam.OpenAppeal{Deed: admin}, exam.ErrAppealWindow)
	events := s.must(exam.OpenAppeal{Deed: admin, Outside: true})
	if e, ok := events[0].(exam.AppealOpened); !ok || !e.Outside || e.By != admin.By {
		t.Errorf("recorded as %+v", events)
	}
	s.kinds(exam.CloseAppeal{}, "appeal.closed")

	inTime := finished(t)
	inTime.restart(27*hour + 39*minute)
	if e := inTime.must(exam.OpenAppeal{Deed: admin, Outside: true})[0].(exam.AppealOpened); e.Outside {
		t.Error("within the hours it is recorded as outside")
	}
	none := running(t, setup{})
	none.refused(exam.OpenAppeal{Deed: admin}, exam.ErrPhase)
	none.must(exam.Finish{})
	none.face(exam.PurposeFinish, exam.VerdictAccepted)
	none.refused(exam.OpenAppeal{Deed: admin}, exam.ErrNoAppeal)
}
