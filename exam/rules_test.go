package exam_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"emtihan/exam"

	"github.com/google/go-cmp/cmp"
)

const (
	hour   = time.Hour
	minute = time.Minute
	second = time.Second
	milli  = time.Millisecond
)

func TestAllowance(t *testing.T) { // R1, R5
	tests := []struct {
		name     string
		settings []string
		want     time.Duration
	}{
		{"interview held by the university", nil, 190 * minute},
		{"interview at the station", []string{"interview_here = true"}, 210 * minute},
		{"English", []string{"minutes = 125"}, 125 * minute},
		{"КТ", []string{"minutes = 235", "interview_minutes = 0"}, 235 * minute},
	}
	for _, tt := range tests {
		s := running(t, setup{profile: tt.settings})
		if got := s.a.Allowance(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		if got := s.a.Profile.Allowance(); got != tt.want {
			t.Errorf("%s: the profile says %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestClockStartsWithEntering(t *testing.T) { // R1, R9
	s := identified(t, setup{})
	s.pass(hour)
	for _, c := range steps {
		s.used(0)
		s.must(c)
		s.used(0)
	}
	s.pass(7 * minute)
	s.used(7 * minute)
}

func TestExtraTime(t *testing.T) { // R2
	grant := func(minutes int) exam.GrantExtra {
		return exam.GrantExtra{Deed: admin, Minutes: minutes, Document: "справка № 7"}
	}
	noName, noReason, noDocument := grant(10), grant(10), grant(10)
	noName.By = " "
	noReason.Reason = "\t"
	noDocument.Document = " "
	s := running(t, setup{})
	for _, tt := range []struct {
		cmd exam.GrantExtra
		err error
	}{
		{grant(0), exam.ErrMinutes},
		{grant(-1), exam.ErrMinutes},
		{grant(61), exam.ErrMinutes},
		{grant(math.MaxInt), exam.ErrMinutes},
		{grant(math.MinInt), exam.ErrMinutes},
		{noName, exam.ErrName},
		{noReason, exam.ErrReason},
		{noDocument, exam.ErrDocument},
	} {
		s.refused(tt.cmd, tt.err)
	}
	s.kinds(grant(1), "extra.granted")
	s.refused(grant(60), exam.ErrMinutes) // the sum counts
	s.refused(grant(math.MaxInt), exam.ErrMinutes)
	s.must(grant(59))
	s.refused(grant(1), exam.ErrMinutes)
	if got := s.a.Allowance(); got != 250*minute {
		t.Errorf("allowance %v, want 250 minutes", got)
	}
	s.must(exam.Finish{})
	s.refused(grant(1), exam.ErrHandedIn)
}

func TestExtraTimeFromTheApplication(t *testing.T) { // R2
	s := running(t, setup{candidate: exam.Candidate{ExtraMinutes: 45, ExtraDocument: "справка"}})
	if got := s.a.Allowance(); got != 235*minute {
		t.Errorf("allowance %v, want 235 minutes", got)
	}
	s.refused(exam.GrantExtra{Deed: admin, Minutes: 16, Document: "ещё"}, exam.ErrMinutes)
	s.must(exam.GrantExtra{Deed: admin, Minutes: 15, Document: "ещё"})

	for _, m := range []int{-1, 61, math.MaxInt} {
		a := exam.NewAttempt(s.a.Paper)
		o := s.a.Opened
		o.Candidate.ExtraMinutes = m
		if _, err := a.Decide(exam.Open{Opened: o}, s.now); err != exam.ErrMinutes {
			t.Errorf("opened with %d extra minutes: %v", m, err)
		}
	}
}

func TestHelperOnRecord(t *testing.T) { // R2
	s := login(t, setup{})
	s.refused(exam.RecordHelper{Deed: admin, Name: " "}, exam.ErrName)
	s.refused(exam.RecordHelper{Deed: exam.Deed{Reason: "жест"}, Name: "Гүлнар"}, exam.ErrName)
	s.kinds(exam.RecordHelper{Deed: admin, Name: "Гүлнар"}, "helper.recorded")
}

func TestLateArrival(t *testing.T) { // R3
	tests := []struct {
		after time.Duration
		late  bool
	}{
		{-hour, false},
		{0, false},
		{39*minute + 59*second, false},
		{40 * minute, false},
		{40*minute + milli, true},
		{40*minute + second, true},
		{5 * hour, true},
	}
	for _, tt := range tests {
		t.Run(tt.after.String(), func(t *testing.T) {
			s := login(t, setup{after: tt.after})
			if s.a.TooLate() != tt.late {
				t.Fatalf("too late: %v, want %v", s.a.TooLate(), tt.late)
			}
			if !tt.late {
				s.awaits(exam.PurposeLogin)
				s.refused(exam.AdmitLate{Deed: admin}, exam.ErrAlready)
				return
			}
			s.awaits("")
			s.refused(exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: exam.PurposeLogin, Verdict: exam.VerdictAccepted}}, exam.ErrPhase)
			s.refused(exam.IdentifyByDocument{Deed: admin}, exam.ErrAlready)
			s.refused(exam.AdmitLate{}, exam.ErrName)
			s.kinds(exam.AdmitLate{Deed: admin}, "late.admitted")
			s.refused(exam.AdmitLate{Deed: admin}, exam.ErrAlready)
			s.face(exam.PurposeLogin, exam.VerdictAccepted)
			for _, c := range steps {
				s.must(c)
			}
			s.used(0) // the whole time, however late
		})
	}
}

func TestEnglishThreshold(t *testing.T) { // R4
	for _, right := range []int{0, 74, 75, 100} {
		s := running(t, setup{paper: hundred(t), profile: []string{"shows_score = true", "minutes = 125"}})
		for i := range 100 {
			option := "A"
			if i < right {
				option = "B"
			}
			s.must(exam.Choose{Item: fmt.Sprint("T", i+1), Options: []string{option}})
		}
		s.kinds(exam.Finish{}, "handed.in", "scored")
		want := exam.Score{Points: right, Most: 100, Passed: right >= 75}
		if s.a.Score == nil || *s.a.Score != want {
			t.Errorf("%d right: %+v, want %+v", right, s.a.Score, want)
		}
	}
}

func TestScoreOnlyWhereTheProfileAndThePaperAllow(t *testing.T) { // R4, R24
	s := running(t, setup{paper: hundred(t)})
	s.kinds(exam.Finish{}, "handed.in")
	s = running(t, setup{profile: []string{"shows_score = true"}}) // essay: a person marks
	s.kinds(exam.Finish{}, "handed.in")
	if s.a.Score != nil {
		t.Errorf("scored %+v", s.a.Score)
	}
}

func TestPoints(t *testing.T) { // R4
	p := parsePaper(t, paperSource)
	if p.MachineMarked() {
		t.Error("a paper with an essay counts as machine-marked")
	}
	for _, tt := range []struct {
		name      string
		responses []exam.Response
		points    int
	}{
		{"none", nil, 0},
		{"single", []exam.Response{{Options: []string{"B"}}}, 1},
		{"several, other order", []exam.Response{{}, {Options: []string{"C", "A"}}}, 2},
		{"several, one too few", []exam.Response{{}, {Options: []string{"A"}}}, 0},
		{"several, one too many", []exam.Response{{}, {Options: []string{"A", "B", "C"}}}, 0},
		{"short, other case and spaces", []exam.Response{{}, {}, {Text: "  аБАЙ "}}, 1},
		{"short, wrong", []exam.Response{{}, {}, {Text: "Абай Құнанбайұлы"}}, 0},
		{"empty short", []exam.Response{{}, {}, {Text: ""}}, 0},
		{"matched", []exam.Response{5: {Options: []string{"A Y", "B X"}}}, 3},
		{"half matched", []exam.Response{5: {Options: []string{"A Y"}}}, 0},
		{"matched otherwise", []exam.Response{5: {Options: []string{"A X", "B Y"}}}, 0},
		{"in order", []exam.Response{6: {Options: []string{"C", "A", "B"}}}, 2},
		{"in another order", []exam.Response{6: {Options: []string{"A", "B", "C"}}}, 0},
	} {
		points, most := p.Points(tt.responses)
		if points != tt.points || most != 9 {
			t.Errorf("%s: %d of %d, want %d of 9", tt.name, points, most, tt.points)
		}
	}
}

func TestPowerCutCostsNothing(t *testing.T) { // R6, R11
	s := running(t, setup{})
	s.pass(30 * minute)
	s.must(exam.Edit{Item: "E1", Inserted: "Қазақ"})
	s.restart(3 * hour)
	s.used(30 * minute)
	s.pass(20 * minute) // the gate of the restart costs nothing either
	s.used(30 * minute)
	s.face(exam.PurposeResume, exam.VerdictAccepted)
	s.used(30 * minute)
	s.pass(minute)
	s.used(31 * minute)
	if r := s.a.Response("E1"); r.Text != "Қазақ" || r.Caret != 5 {
		t.Errorf("response after the power cut: %+v", r)
	}
}

func TestTicksKeepUsedTime(t *testing.T) { // R6
	s := running(t, setup{})
	s.pass(exam.TickEvery - milli)
	s.kinds(exam.Tick{})
	s.pass(milli)
	s.kinds(exam.Tick{}, "ticked")
	s.pass(exam.TickEvery - milli)
	s.restart(0)
	s.used(exam.TickEvery) // what was not recorded is the candidate's
	s.kinds(exam.Tick{})   // and nothing runs behind the lock
}

func TestSuspensionCostsNothing(t *testing.T) { // R6, R18
	s := running(t, setup{})
	s.pass(minute)
	s.refused(exam.Suspend{}, exam.ErrName)
	s.refused(exam.EndSuspension{Deed: admin}, exam.ErrAlready)
	s.kinds(exam.Suspend{Deed: admin}, "suspended")
	s.refused(exam.Suspend{Deed: admin}, exam.ErrAlready)
	s.pass(hour)
	s.kinds(exam.Tick{})
	s.used(minute)
	s.refused(exam.Edit{Item: "E1", Inserted: "x"}, exam.ErrNotRunning)
	s.refused(exam.Finish{}, exam.ErrNotRunning)
	s.kinds(exam.EndSuspension{Deed: admin}, "suspension.ended")
	s.used(minute)
	s.pass(minute)
	s.used(2 * minute)
}

func TestSuspensionAndRestart(t *testing.T) { // R6, R10
	s := running(t, setup{})
	s.must(exam.Suspend{Deed: admin})
	s.restart(hour)
	s.awaits("")
	s.must(exam.EndSuspension{Deed: admin})
	s.awaits(exam.PurposeResume)
	s.pass(hour)
	s.used(0)
}

func TestLockCostsByTheProfile(t *testing.T) { // R6
	for _, tt := range []struct {
		setting string
		want    time.Duration
	}{
		{"runs_while_locked = false", minute},
		{"runs_while_locked = true", 6 * minute},
	} {
		s := running(t, setup{profile: []string{tt.setting}})
		s.pass(minute)
		s.must(exam.Lock{Deed: admin})
		s.refused(exam.Lock{Deed: admin}, exam.ErrAlready)
		s.refused(exam.Edit{Item: "E1", Inserted: "x"}, exam.ErrNotRunning)
		s.pass(5 * minute)
		s.must(exam.Unlock{Deed: admin})
		s.used(tt.want)
		s.must(exam.Edit{Item: "E1", Inserted: "x"})
	}
}

func TestRestartNeverCosts(t *testing.T) { // R6
	s := running(t, setup{profile: []string{"runs_while_locked = true"}})
	s.pass(minute)
	s.must(exam.Tick{})
	s.restart(0)
	s.pass(hour)
	s.used(minute)
}

func TestLeavingCostsByTheProfile(t *testing.T) { // R6, R14
	for _, tt := range []struct {
		setting string
		want    time.Duration
	}{
		{"runs_while_away = true", 5 * minute},
		{"runs_while_away = false", 0},
	} {
		s := running(t, setup{profile: []string{tt.setting}})
		s.leave()
		s.pass(5 * minute)
		s.used(tt.want)
		s.face(exam.PurposeReturn, exam.VerdictAccepted)
		s.used(tt.want)
		s.pass(minute)
		s.used(tt.want + minute)
	}
}

func TestDateOfTheComputerChangesNothing(t *testing.T) { // R6
	for _, jump := range []int{-10, 10} {
		s := running(t, setup{})
		s.pass(minute)
		s.must(exam.Tick{})
		s.now.Wall = time.UnixMilli(s.now.Wall).AddDate(jump, 0, 0).UnixMilli()
		s.used(minute)
		s.kinds(exam.Tick{})
		s.pass(minute)
		s.must(exam.Tick{})
		s.used(2 * minute)
		s.must(exam.Edit{Item: "E1", Inserted: "x"})
		s.restart(0)
		s.used(2 * minute)
		s.now.Wall = time.UnixMilli(s.now.Wall).AddDate(-2*jump, 0, 0).UnixMilli()
		s.face(exam.PurposeResume, exam.VerdictAccepted)
		s.leave()
		s.now.Wall = time.UnixMilli(s.now.Wall).AddDate(jump, 0, 0).UnixMilli()
		s.kinds(exam.Tick{}) // no absence of ten years
		s.used(2 * minute)
	}
}

func TestClockNeverRunsBackWithinARun(t *testing.T) { // R6
	s := running(t, setup{})
	s.pass(minute)
	s.must(exam.Tick{})
	s.now.Mono--
	s.refused(exam.Tick{}, exam.ErrClock)
	s.now.Mono++
	s.restart(0)
	s.now.Run--
	s.refused(exam.Tick{}, exam.ErrClock)
	s.now.Run += 2
	s.refused(exam.Tick{}, exam.ErrPhase) // a run that nobody has started
	s.refused(exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: exam.PurposeResume, Verdict: exam.VerdictAccepted}}, exam.ErrPhase)
}

func TestOrderOfSteps(t *testing.T) { // R9
	s := login(t, setup{})
	if s.a.Phase != exam.PhaseLoggedIn {
		t.Fatalf("phase %q after login", s.a.Phase)
	}
	for _, c := range steps {
		s.refused(c, exam.ErrPhase) // before the face check
	}
	s.refused(exam.Show{Item: "S1"}, exam.ErrPhase)
	s.refused(exam.Finish{}, exam.ErrPhase)
	s.refused(exam.Leave{Deed: admin}, exam.ErrPhase)
	s.face(exam.PurposeLogin, exam.VerdictAccepted)
	phases := []exam.Phase{exam.PhaseIdentified, exam.PhaseDataConfirmed, exam.PhaseRulesRead, exam.PhaseConfirmed, exam.PhaseRunning}
	for next := range steps {
		if s.a.Phase != phases[next] {
			t.Fatalf("phase %q, want %q", s.a.Phase, phases[next])
		}
		for i, c := range steps {
			if i != next {
				s.refused(c, exam.ErrPhase)
			}
		}
		s.refused(exam.Edit{Item: "E1", Inserted: "x"}, exam.ErrPhase)
		s.refused(exam.Open{Opened: s.a.Opened}, exam.ErrAlready)
		s.must(steps[next])
	}
	if !s.a.IsRunning() {
		t.Error("not running after «Войти»")
	}
	for _, c := range steps {
		s.refused(c, exam.ErrPhase)
	}
}

func TestStepsWaitForLockAndSuspension(t *testing.T) { // R9
	s := identified(t, setup{})
	s.must(exam.Lock{Deed: admin})
	s.refused(exam.ConfirmData{}, exam.ErrNotRunning)
	s.must(exam.Unlock{Deed: admin})
	s.must(exam.Suspend{Deed: admin})
	s.refused(exam.ConfirmData{}, exam.ErrNotRunning)
	s.must(exam.EndSuspension{Deed: admin})
	s.must(exam.ConfirmData{})
}

func TestNothingBeforeOpening(t *testing.T) { // R9
	a := exam.NewAttempt(parsePaper(t, paperSource))
	for _, c := range append(append([]exam.Command{exam.StartRun{}, exam.Tick{}, exam.TieAct{}, exam.AppealContent{}, nil}, steps...), exam.Finish{}) {
		if events, err := a.Decide(c, exam.Stamp{Run: 1}); err != exam.ErrPhase || events != nil {
			t.Errorf("%T before opening: %v, %v", c, events, err)
		}
	}
}

func TestOpenDemandsWhatTheRestReliesOn(t *testing.T) { // R9
	good := login(t, setup{}).a.Opened
	for name, change := range map[string]func(*exam.Opened){
		"profile":          func(o *exam.Opened) { o.Profile = []byte("format = 2") },
		"no profile":       func(o *exam.Opened) { o.Profile = nil },
		"IIN":              func(o *exam.Opened) { o.Candidate.IIN = "900101100005" },
		"name not in text": func(o *exam.Opened) { o.Candidate.Name = "\xff" },
	} {
		o := good
		change(&o)
		if events, err := exam.NewAttempt(nil).Decide(exam.Open{Opened: o}, exam.Stamp{Run: 1}); err == nil || events != nil {
			t.Errorf("%s: opened", name)
		}
	}
	_, err := exam.NewAttempt(hundred(t)).Apply(exam.Recorded{Seq: 1, Stamp: exam.Stamp{Run: 1}, Event: good})
	if err == nil || !strings.Contains(err.Error(), "another paper") {
		t.Errorf("opened with another paper: %v", err)
	}
}

// wayTo brings an attempt to where the check for the purpose is awaited.
var wayTo = map[exam.Purpose]func(testing.TB) *sitting{
	exam.PurposeLogin: func(t testing.TB) *sitting { return login(t, setup{}) },
	exam.PurposeResume: func(t testing.TB) *sitting {
		s := running(t, setup{})
		s.restart(minute)
		return s
	},
	exam.PurposeLeave: func(t testing.TB) *sitting {
		s := running(t, setup{})
		s.must(exam.Leave{Deed: admin})
		return s
	},
	exam.PurposeReturn: func(t testing.TB) *sitting {
		s := running(t, setup{})
		s.leave()
		return s
	},
	exam.PurposeFinish: func(t testing.TB) *sitting {
		s := running(t, setup{})
		s.must(exam.Finish{})
		return s
	},
}

func TestFaceChecks(t *testing.T) { // R10
	after := map[exam.Purpose]struct {
		kinds []string
		ok    func(*exam.Attempt) bool
	}{
		exam.PurposeLogin:  {nil, func(a *exam.Attempt) bool { return a.Phase == exam.PhaseIdentified }},
		exam.PurposeResume: {nil, (*exam.Attempt).IsRunning},
		exam.PurposeLeave:  {[]string{"left"}, func(a *exam.Attempt) bool { return a.Away && a.Leaves == 1 && !a.IsRunning() }},
		exam.PurposeReturn: {[]string{"returned"}, (*exam.Attempt).IsRunning},
		exam.PurposeFinish: {[]string{"closed"}, func(a *exam.Attempt) bool { return a.Phase == exam.PhaseFinished }},
	}
	for purpose, way := range wayTo {
		report := func(p exam.Purpose, v exam.Verdict) exam.ReportFace {
			return exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: p, Verdict: v}}
		}
		t.Run(string(purpose), func(t *testing.T) {
			t.Run("accepted", func(t *testing.T) {
				s := way(t)
				s.awaits(purpose)
				for other := range wayTo {
					if other != purpose {
						s.refused(report(other, exam.VerdictAccepted), exam.ErrPhase)
					}
				}
				s.refused(report("", exam.VerdictAccepted), exam.ErrFaceReport)
				s.refused(report(purpose, ""), exam.ErrFaceReport)
				s.refused(report(purpose, "perhaps"), exam.ErrFaceReport)
				s.kinds(report(purpose, exam.VerdictAccepted), append([]string{"face.checked"}, after[purpose].kinds...)...)
				if !after[purpose].ok(s.a) || s.a.Lock != nil {
					t.Errorf("after the check: phase %q, away %v, lock %v", s.a.Phase, s.a.Away, s.a.Lock)
				}
				s.refused(report(purpose, exam.VerdictAccepted), map[bool]error{true: exam.ErrEnded, false: exam.ErrPhase}[s.a.Phase.Ended()])
			})
			t.Run("unsure does not lock", func(t *testing.T) {
				s := way(t)
				before := s.a
				s.kinds(report(purpose, exam.VerdictUnsure), "face.checked")
				s.awaits(purpose)
				if d := cmp.Diff(before.Lock, s.a.Lock); d != "" || s.a.Phase != before.Phase {
					t.Errorf("an unsure check has changed the lock or the phase: %s", d)
				}
				s.kinds(exam.ReportNoFace{FaceUnavailable: exam.FaceUnavailable{Purpose: purpose, Reason: "no camera"}}, "face.unavailable")
				s.awaits(purpose)
			})
			t.Run("refused locks and a person decides", func(t *testing.T) {
				s := way(t)
				s.kinds(report(purpose, exam.VerdictRefused), "face.checked", "locked")
				if s.a.Lock == nil || s.a.Lock.Cause != exam.LockFace || s.a.Lock.Purpose != purpose || s.a.Phase.Ended() {
					t.Fatalf("lock %+v in phase %q", s.a.Lock, s.a.Phase)
				}
				s.awaits("")
				s.refused(report(purpose, exam.VerdictAccepted), exam.ErrPhase)
				s.refused(exam.Unlock{}, exam.ErrName)
				s.refused(exam.Unlock{Deed: exam.Deed{By: "A"}}, exam.ErrReason)
				s.kinds(exam.Unlock{Deed: admin}, "unlocked")
				s.awaits(purpose) // unlocking is no identification: the check is repeated
				if s.a.IsRunning() {
					t.Error("running without a check")
				}
				s.face(purpose, exam.VerdictAccepted)
				if !after[purpose].ok(s.a) {
					t.Errorf("after the second check: phase %q, away %v, lock %v", s.a.Phase, s.a.Away, s.a.Lock)
				}
			})
			t.Run("document instead", func(t *testing.T) {
				for _, refusedBefore := range []bool{false, true} {
					s := way(t)
					if refusedBefore {
						s.face(purpose, exam.VerdictRefused)
					}
					s.refused(exam.IdentifyByDocument{}, exam.ErrName)
					s.refused(exam.IdentifyByDocument{Deed: exam.Deed{By: "A"}}, exam.ErrReason)
					s.kinds(exam.IdentifyByDocument{Deed: admin}, append([]string{"identified.document"}, after[purpose].kinds...)...)
					if !after[purpose].ok(s.a) || s.a.Lock != nil || s.a.FaceRefused != "" {
						t.Errorf("after the document: phase %q, away %v, lock %v", s.a.Phase, s.a.Away, s.a.Lock)
					}
				}
			})
		})
	}
	s := running(t, setup{})
	s.refused(exam.IdentifyByDocument{Deed: admin}, exam.ErrAlready)
	s.refused(exam.ReportNoFace{}, exam.ErrFaceReport)
}

func TestGateAfterARestart(t *testing.T) { // R10, R11
	at := func(n int) func(testing.TB) *sitting {
		return func(t testing.TB) *sitting {
			s := identified(t, setup{})
			for _, c := range steps[:n] {
				s.must(c)
			}
			return s
		}
	}
	tests := []struct {
		name string
		way  func(testing.TB) *sitting
		want exam.Purpose
	}{
		{"logged in", wayTo[exam.PurposeLogin], exam.PurposeLogin},
		{"identified", at(0), exam.PurposeResume},
		{"data confirmed", at(1), exam.PurposeResume},
		{"rules read", at(2), exam.PurposeResume},
		{"confirmed", at(3), exam.PurposeResume},
		{"running", at(4), exam.PurposeResume},
		{"about to leave", wayTo[exam.PurposeLeave], exam.PurposeResume},
		{"away", wayTo[exam.PurposeReturn], exam.PurposeReturn},
		{"behind the gate of another restart", wayTo[exam.PurposeResume], exam.PurposeResume},
		{"finishing", wayTo[exam.PurposeFinish], exam.PurposeFinish},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.way(t)
			phase := s.a.Phase
			s.restart(minute)
			s.awaits(tt.want)
			if s.a.IsRunning() || s.a.Phase != phase {
				t.Errorf("running %v in phase %q", s.a.IsRunning(), s.a.Phase)
			}
			if tt.want == exam.PurposeResume {
				s.refused(exam.Unlock{Deed: admin}, exam.ErrNeedsFace)
				s.refused(exam.Enter{}, map[bool]error{true: exam.ErrNotRunning, false: exam.ErrPhase}[phase == exam.PhaseConfirmed])
				s.face(exam.PurposeResume, exam.VerdictAccepted)
				if s.a.Phase != phase || s.a.Lock != nil {
					t.Errorf("after the gate: phase %q, lock %+v", s.a.Phase, s.a.Lock)
				}
			}
		})
	}
}

// A restart behind another lock must not be forgotten when that lock is released.
func TestGateBehindAnotherLock(t *testing.T) { // R10
	locks := map[string]func(*sitting){
		"administrator": func(s *sitting) { s.must(exam.Lock{Deed: admin}) },
		"refused on leaving": func(s *sitting) {
			s.must(exam.Leave{Deed: admin})
			s.face(exam.PurposeLeave, exam.VerdictRefused)
		},
		"refused on resuming": func(s *sitting) {
			s.restart(0)
			s.face(exam.PurposeResume, exam.VerdictRefused)
		},
	}
	for name, lock := range locks {
		t.Run(name, func(t *testing.T) {
			s := running(t, setup{})
			lock(s)
			s.restart(minute)
			s.must(exam.Unlock{Deed: admin})
			if s.a.IsRunning() {
				t.Fatal("running without a check after a restart")
			}
			s.awaits(exam.PurposeResume)
			s.face(exam.PurposeResume, exam.VerdictAccepted)
			if !s.a.IsRunning() {
				t.Errorf("not running after the check: lock %+v", s.a.Lock)
			}
		})
	}
}

func TestEditing(t *testing.T) { // R11
	type step struct {
		position, removed int
		inserted          string
		want              string
		caret             int
	}
	tests := map[string][]step{
		"Kazakh letters": {
			{0, 0, "ӘҒҚҢӨҰҮҺІ", "ӘҒҚҢӨҰҮҺІ", 9},
			{1, 1, "ғ", "ӘғҚҢӨҰҮҺІ", 2},
			{9, 0, "ә", "ӘғҚҢӨҰҮҺІә", 10},
			{0, 10, "", "", 0},
		},
		"combining marks stay runes of their own": {
			{0, 0, "и\u0306", "и\u0306", 2},
			{2, 0, "!", "и\u0306!", 3},
			{1, 1, "", "и!", 1},
		},
		"emoji": {
			{0, 0, "👩\u200d🔬🇰🇿", "👩\u200d🔬🇰🇿", 5},
			{3, 1, "х", "👩\u200d🔬х🇿", 4},
		},
		"paragraphs and tabs": {
			{0, 0, "бір\n\tекі", "бір\n\tекі", 8},
			{3, 2, " ", "бір екі", 4},
		},
	}
	for name, edits := range tests {
		t.Run(name, func(t *testing.T) {
			s := running(t, setup{})
			for _, e := range edits {
				s.kinds(exam.Edit{Item: "E1", Position: e.position, Removed: e.removed, Inserted: e.inserted}, "edited")
				if r := s.a.Response("E1"); r.Text != e.want || r.Caret != e.caret {
					t.Errorf("%+q, caret %d; want %+q, caret %d", r.Text, r.Caret, e.want, e.caret)
				}
			}
		})
	}
}

func TestEditsRefused(t *testing.T) { // R11
	s := running(t, setup{})
	s.must(exam.Edit{Item: "E1", Inserted: "Қазақ"})
	for _, tt := range []struct {
		cmd exam.Edit
		err error
	}{
		{exam.Edit{Item: "E1"}, exam.ErrEdit},
		{exam.Edit{Item: "E1", Position: -1, Inserted: "x"}, exam.ErrEdit},
		{exam.Edit{Item: "E1", Position: 6, Inserted: "x"}, exam.ErrEdit},
		{exam.Edit{Item: "E1", Position: 10, Inserted: "x"}, exam.ErrEdit}, // bytes, not runes
		{exam.Edit{Item: "E1", Position: 5, Removed: 1}, exam.ErrEdit},
		{exam.Edit{Item: "E1", Position: 3, Removed: 3}, exam.ErrEdit},
		{exam.Edit{Item: "E1", Removed: -1, Inserted: "x"}, exam.ErrEdit},
		{exam.Edit{Item: "E1", Position: math.MaxInt, Removed: math.MaxInt}, exam.ErrEdit},
		{exam.Edit{Item: "E1", Inserted: "\x00"}, exam.ErrCharacter},
		{exam.Edit{Item: "E1", Inserted: "\r\n"}, exam.ErrCharacter},
		{exam.Edit{Item: "E1", Inserted: "\u0085"}, exam.ErrCharacter},
		{exam.Edit{Item: "E1", Inserted: "\xd0"}, exam.ErrCharacter},
		{exam.Edit{Item: "K1", Inserted: "\n"}, exam.ErrCharacter},
		{exam.Edit{Item: "S1", Inserted: "x"}, exam.ErrItemKind},
		{exam.Edit{Item: "X9", Inserted: "x"}, exam.ErrNoItem},
		{exam.Edit{Item: "E1", Inserted: strings.Repeat("ә", exam.MaxResponse-4)}, exam.ErrTooLong},
	} {
		s.refused(tt.cmd, tt.err)
	}
	s.must(exam.Edit{Item: "E1", Inserted: strings.Repeat("ә", exam.MaxResponse-5)})
	s.refused(exam.Edit{Item: "E1", Inserted: "x"}, exam.ErrTooLong)
	s.must(exam.Edit{Item: "E1", Removed: 1, Inserted: "x"})
}

func TestChoosing(t *testing.T) { // R11, R16
	s := running(t, setup{})
	s.kinds(exam.Choose{Item: "M1", Options: []string{"C", "A"}}, "chosen")
	if d := cmp.Diff([]string{"A", "C"}, s.a.Response("M1").Options); d != "" {
		t.Errorf("not in the paper's order: %s", d)
	}
	s.kinds(exam.Choose{Item: "M1", Options: []string{"A", "C"}}) // nothing new
	s.kinds(exam.Choose{Item: "S1", Options: []string{"A"}}, "chosen")
	s.kinds(exam.Choose{Item: "S1", Options: []string{"B"}}, "chosen") // answers can be changed
	s.kinds(exam.Choose{Item: "S1"}, "chosen")                         // and taken back
	s.refused(exam.Choose{Item: "S1", Options: []string{"A", "B"}}, exam.ErrNoOption)
	s.refused(exam.Choose{Item: "M1", Options: []string{"A", "A"}}, exam.ErrNoOption)
	s.refused(exam.Choose{Item: "M1", Options: []string{"Z"}}, exam.ErrNoOption)
	s.refused(exam.Choose{Item: "E1", Options: []string{"A"}}, exam.ErrItemKind)
	s.refused(exam.Choose{Item: "X9", Options: []string{"A"}}, exam.ErrNoItem)
}

func TestShowAndFlag(t *testing.T) {
	s := running(t, setup{})
	if s.a.Current != "S1" {
		t.Errorf("begins with %q", s.a.Current)
	}
	s.kinds(exam.Show{Item: "S1"}, "item.shown")
	s.kinds(exam.Show{Item: "S1"})
	s.kinds(exam.Show{Item: "E1"}, "item.shown")
	s.refused(exam.Show{Item: "X9"}, exam.ErrNoItem)
	s.kinds(exam.Flag{Item: "E1", On: true}, "flagged")
	s.kinds(exam.Flag{Item: "E1", On: true})
	s.restart(minute) // R11: the same place
	if r := s.a.Response("E1"); s.a.Current != "E1" || !r.Flagged || !r.Seen {
		t.Errorf("after a restart at %q: %+v", s.a.Current, r)
	}
}

func TestPostponed(t *testing.T) { // R12
	for name, way := range wayTo {
		if name == exam.PurposeFinish {
			continue
		}
		s := way(t)
		s.refused(exam.Postpone{Deed: admin}, exam.ErrDocument)
		s.refused(exam.Postpone{Act: "15-1"}, exam.ErrName)
		s.kinds(exam.Postpone{Deed: admin, Act: "15-1"}, "postponed")
		if s.a.Phase != exam.PhasePostponed || !s.a.Phase.Ended() || s.a.IsRunning() {
			t.Errorf("%s: phase %q", name, s.a.Phase)
		}
		s.awaits("")
		for _, c := range append([]exam.Command{
			exam.Edit{Item: "E1", Inserted: "x"},
			exam.Unlock{Deed: admin},
			exam.EndSuspension{Deed: admin},
			exam.Finish{},
			exam.Postpone{Deed: admin, Act: "15-2"},
			exam.IdentifyByDocument{Deed: admin},
			exam.Call{},
		}, steps...) {
			s.refused(c, exam.ErrEnded)
		}
		s.kinds(exam.Tick{})
		s.refused(exam.AppealContent{Item: "S1", Ground: 1, Text: "x"}, exam.ErrPhase)
		s.kinds(exam.TieAct{ActTied: exam.ActTied{Number: "15-1"}}, "act.tied") // the act may follow its effect
		s.now.Run++
		s.refused(exam.StartRun{}, exam.ErrNoRestart)
	}
	s := wayTo[exam.PurposeFinish](t)
	s.refused(exam.Postpone{Deed: admin, Act: "15-1"}, exam.ErrHandedIn)
}

func TestActIsTiedOnce(t *testing.T) { // R18: the room says its acts again after a restart
	s := running(t, setup{})
	act := exam.ActTied{Number: "12/2026-11-21/001", Form: "12", By: "Ким"}
	s.kinds(exam.TieAct{ActTied: act}, "act.tied")
	s.refused(exam.TieAct{ActTied: act}, exam.ErrAlready)
	if len(s.a.Acts) != 1 || s.a.Acts[0].Number != act.Number {
		t.Errorf("acts %+v", s.a.Acts)
	}
}

func TestWithdrawn(t *testing.T) { // R20: a wrong IIN, or not admitted, before the clock has started
	s := wayTo[exam.PurposeLogin](t)
	s.refused(exam.Withdraw{}, exam.ErrName)
	s.kinds(exam.Withdraw{Deed: admin}, "withdrawn")
	if s.a.Phase != exam.PhaseWithdrawn || !s.a.Phase.Ended() {
		t.Errorf("phase %q", s.a.Phase)
	}
	s.refused(exam.IdentifyByDocument{Deed: admin}, exam.ErrEnded)
	s.now.Run++
	s.refused(exam.StartRun{}, exam.ErrNoRestart)
	running(t, setup{}).refused(exam.Withdraw{Deed: admin}, exam.ErrPhase)
	wayTo[exam.PurposeFinish](t).refused(exam.Withdraw{Deed: admin}, exam.ErrPhase)
}

func TestLeaveLimits(t *testing.T) { // R14
	s := running(t, setup{})
	s.refused(exam.Leave{}, exam.ErrName)
	for n := 1; n <= 3; n++ {
		s.kinds(exam.Leave{Deed: admin, Escort: "Д."}, "leave.permitted")
		s.refused(exam.Leave{Deed: admin}, exam.ErrNotRunning)
		s.refused(exam.Edit{Item: "E1", Inserted: "x"}, exam.ErrNotRunning)
		accepted := exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: exam.PurposeLeave, Verdict: exam.VerdictAccepted}}
		if n <= 2 {
			s.kinds(accepted, "face.checked", "left")
		} else {
			s.kinds(accepted, "face.checked", "left", "limit.exceeded") // put before a person, not forbidden
		}
		s.refused(exam.Edit{Item: "E1", Inserted: "x"}, exam.ErrNotRunning)
		s.refused(exam.CancelLeave{}, exam.ErrAlready)
		s.face(exam.PurposeReturn, exam.VerdictAccepted)
	}
	if d := cmp.Diff([]exam.LimitKind{exam.LimitLeaveTimes}, s.a.Limits); d != "" || s.a.Leaves != 3 {
		t.Errorf("%d leaves, limits %s", s.a.Leaves, d)
	}
}

func TestLongAbsence(t *testing.T) { // R14
	for _, tt := range []struct {
		away time.Duration
		over bool
	}{
		{10 * minute, false},
		{10*minute + milli, true},
		{10*minute + second, true},
		{11 * minute, true},
	} {
		s := running(t, setup{})
		for n := range 2 { // the second absence is counted anew
			s.leave()
			s.pass(tt.away)
			want := []string{"face.checked", "returned"}
			if tt.over {
				want = append([]string{"limit.exceeded"}, want...)
			}
			s.kinds(exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: exam.PurposeReturn, Verdict: exam.VerdictAccepted}}, want...)
			if got := s.a.AwayAt(s.now); got != tt.away {
				t.Errorf("absence %d of %v is counted as %v", n, tt.away, got)
			}
		}
		if got, want := len(s.a.Limits), map[bool]int{false: 0, true: 2}[tt.over]; got != want {
			t.Errorf("two absences of %v: %d limits exceeded, want %d", tt.away, got, want)
		}
	}
}

func TestLongAbsenceIsNoticedOnceWhileItLasts(t *testing.T) { // R14
	s := running(t, setup{})
	s.leave()
	s.pass(10 * minute)
	s.kinds(exam.Tick{}, "ticked")
	s.pass(milli)
	s.kinds(exam.Tick{}, "limit.exceeded")
	s.pass(minute)
	s.kinds(exam.Tick{}, "ticked")
	s.kinds(exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: exam.PurposeReturn, Verdict: exam.VerdictAccepted}}, "face.checked", "returned")
}

func TestWaitingAtTheDoorIsNoAbsence(t *testing.T) { // R14
	s := running(t, setup{})
	s.leave()
	s.pass(9 * minute)
	s.face(exam.PurposeReturn, exam.VerdictRefused)
	s.pass(30 * minute) // waits for the administrator
	s.kinds(exam.Tick{}, "ticked")
	s.kinds(exam.IdentifyByDocument{Deed: admin}, "identified.document", "returned")
	if got := s.a.AwayAt(s.now); got != 9*minute {
		t.Errorf("the absence is counted as %v", got)
	}
	if !s.a.IsRunning() {
		t.Errorf("not running: %+v", s.a.Lock)
	}
}

func TestLeaveCancelled(t *testing.T) { // R14
	s := running(t, setup{})
	s.refused(exam.CancelLeave{}, exam.ErrAlready)
	s.must(exam.Leave{Deed: admin})
	s.kinds(exam.CancelLeave{}, "leave.cancelled")
	if !s.a.IsRunning() || s.a.Leaves != 0 {
		t.Errorf("running %v, %d leaves", s.a.IsRunning(), s.a.Leaves)
	}
	// Cancelled behind a refused check: identifying the candidate must not send them out.
	s.must(exam.Leave{Deed: admin})
	s.face(exam.PurposeLeave, exam.VerdictRefused)
	s.must(exam.CancelLeave{})
	s.refused(exam.IdentifyByDocument{Deed: admin}, exam.ErrAlready)
	s.must(exam.Unlock{Deed: admin})
	if !s.a.IsRunning() || s.a.Away || s.a.Leaves != 0 {
		t.Errorf("running %v, away %v, %d leaves", s.a.IsRunning(), s.a.Away, s.a.Leaves)
	}
}

func TestTechnicalAppeal(t *testing.T) { // R15
	appeal := exam.AppealTechnical{Item: "S1", Text: "нет рисунка"}
	s := identified(t, setup{})
	s.refused(appeal, exam.ErrPhase)
	s = running(t, setup{})
	s.refused(exam.AppealTechnical{Item: "S1", Text: " "}, exam.ErrReason)
	s.refused(exam.AppealTechnical{Item: "S1", Text: "\x1b"}, exam.ErrCharacter)
	s.refused(exam.AppealTechnical{Item: "X9", Text: "x"}, exam.ErrNoItem)
	s.kinds(appeal, "appeal.technical")
	if got := s.a.Response("S1").Appeal; got != appeal.Text {
		t.Errorf("the item carries %q", got)
	}
	s.must(exam.Finish{})
	s.refused(appeal, exam.ErrHandedIn) // during the test only
	s = running(t, setup{profile: []string{"technical = false"}})
	s.refused(appeal, exam.ErrNoAppeal)
}

func TestContentAppeal(t *testing.T) { // R15
	appeal := exam.AppealContent{Item: "S1", Ground: 1, Text: "верный ответ В"}
	finished := func(settings ...string) *sitting {
		s := running(t, setup{profile: settings})
		s.refused(appeal, map[bool]error{false: exam.ErrPhase, true: exam.ErrNoAppeal}[len(settings) > 0])
		s.must(exam.Finish{})
		s.face(exam.PurposeFinish, exam.VerdictAccepted)
		return s
	}
	s := finished()
	for _, tt := range []struct {
		change func(*exam.AppealContent)
		err    error
	}{
		{func(a *exam.AppealContent) { a.Ground = 0 }, exam.ErrGround},
		{func(a *exam.AppealContent) { a.Ground = 5 }, exam.ErrGround},
		{func(a *exam.AppealContent) { a.Text = "\n" }, exam.ErrReason},
		{func(a *exam.AppealContent) { a.Text = "\xff" }, exam.ErrCharacter},
		{func(a *exam.AppealContent) { a.Item = "X9" }, exam.ErrNoItem},
		{func(a *exam.AppealContent) { a.Item = "E1" }, exam.ErrNoAppeal}, // a person marks it
	} {
		c := appeal
		tt.change(&c)
		s.refused(c, tt.err)
	}
	for ground := 1; ground <= 4; ground++ {
		c := appeal
		c.Ground = ground
		s.kinds(c, "appeal.content")
	}
	if len(s.a.ContentAppeals) != 4 || s.a.Phase != exam.PhaseFinished {
		t.Errorf("%d appeals in phase %q", len(s.a.ContentAppeals), s.a.Phase)
	}
	s.pass(30 * minute)
	s.must(appeal)
	s.pass(milli)
	s.refused(appeal, exam.ErrWindowOver)

	s = finished()
	s.restart(30 * minute) // across a restart, the date must do
	s.must(appeal)
	s.pass(milli)
	s.refused(appeal, exam.ErrWindowOver)

	finished("content_minutes = 0").refused(appeal, exam.ErrNoAppeal)
}

func TestFinishing(t *testing.T) { // R16, R10
	s := running(t, setup{})
	s.must(exam.Choose{Item: "S1", Options: []string{"A"}})
	s.must(exam.Edit{Item: "K1", Inserted: "  "})
	s.must(exam.Edit{Item: "E1", Inserted: "Эссе"})
	s.must(exam.Choose{Item: "H1", Options: []string{"A Y"}}) // only a part of it
	s.must(exam.Choose{Item: "O1", Options: []string{"B", "A", "C"}})
	var open []string
	for _, it := range s.a.Unanswered() {
		open = append(open, it.ID)
	}
	if d := cmp.Diff([]string{"M1", "K1", "L1", "H1"}, open); d != "" {
		t.Errorf("unanswered: %s", d)
	}
	s.pass(minute)
	s.kinds(exam.Finish{}, "handed.in")
	if s.a.Phase != exam.PhaseFinishing || s.a.HandedIn == nil || *s.a.HandedIn != s.now {
		t.Errorf("phase %q, handed in %v", s.a.Phase, s.a.HandedIn)
	}
	nothingChanges(s)
	s.pass(hour)
	s.kinds(exam.Tick{})
	s.used(minute)
	s.face(exam.PurposeFinish, exam.VerdictAccepted)
	for _, c := range []exam.Command{exam.Edit{Item: "E1", Inserted: "x"}, exam.Finish{}, exam.Leave{Deed: admin}, exam.Lock{Deed: admin}} {
		s.refused(c, exam.ErrEnded)
	}
	s.restart(minute) // a content appeal may still come
	if s.a.Lock != nil || s.a.Phase != exam.PhaseFinished {
		t.Errorf("after a restart: phase %q, lock %+v", s.a.Phase, s.a.Lock)
	}
}

func nothingChanges(s *sitting) {
	s.Helper()
	before := s.a.Responses
	for _, c := range []exam.Command{
		exam.Edit{Item: "E1", Inserted: "x"},
		exam.Choose{Item: "S1", Options: []string{"B"}},
		exam.Flag{Item: "S1", On: true},
		exam.Show{Item: "M1"},
		exam.AppealTechnical{Item: "S1", Text: "x"},
		exam.Finish{},
		exam.Leave{Deed: admin},
	} {
		s.refused(c, exam.ErrHandedIn)
	}
	if d := cmp.Diff(before, s.a.Responses); d != "" {
		s.Errorf("responses changed after handing in: %s", d)
	}
}

func TestTimeRunsOut(t *testing.T) { // R16
	ways := map[string]func(*sitting){
		"while writing": func(*sitting) {},
		"while away":    func(s *sitting) { s.leave() },
		"while the check for leaving is refused": func(s *sitting) {
			s.must(exam.Leave{Deed: admin})
			s.face(exam.PurposeLeave, exam.VerdictRefused)
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			s := running(t, setup{profile: []string{"runs_while_locked = true"}})
			s.must(exam.Edit{Item: "E1", Inserted: "Эссе"})
			way(s)
			s.pass(190*minute - milli)
			for _, e := range s.must(exam.Tick{}) {
				if e.Kind() == "handed.in" {
					t.Fatal("handed in a millisecond early")
				}
			}
			s.pass(milli)
			s.used(190 * minute)
			s.refused(exam.Edit{Item: "E1", Inserted: "x"}, exam.ErrTimeUp) // even before the tick
			s.refused(exam.Finish{}, exam.ErrTimeUp)
			s.kinds(exam.Tick{}, "handed.in")
			s.pass(hour)
			s.used(190 * minute)
			s.kinds(exam.Tick{})
			nothingChanges(s)
			if got := s.a.Response("E1").Text; got != "Эссе" {
				t.Errorf("handed in %q", got)
			}
			if s.a.Lock != nil {
				// The old refusal is not to send the candidate out of the room now.
				s.refused(exam.IdentifyByDocument{Deed: admin}, exam.ErrAlready)
				s.must(exam.Unlock{Deed: admin})
			}
			s.awaits(exam.PurposeFinish)
			s.kinds(exam.IdentifyByDocument{Deed: admin}, "identified.document", "closed")
		})
	}
}

func TestTimeRunsOutBehindTheGate(t *testing.T) { // R16
	s := running(t, setup{})
	s.pass(190 * minute)
	s.must(exam.Call{Topic: "help"}) // an event keeps the time, no tick has come yet
	s.restart(minute)
	s.kinds(exam.Tick{}, "handed.in")
	s.face(exam.PurposeFinish, exam.VerdictAccepted)
	if s.a.Phase != exam.PhaseFinished {
		t.Errorf("phase %q", s.a.Phase)
	}
}

func TestRecordsOfInterference(t *testing.T) { // R17
	s := running(t, setup{})
	s.kinds(exam.ReportFocus{Lost: true}, "focus.changed")
	s.kinds(exam.ReportWrongCode{By: "?"}, "code.refused")
	s.kinds(exam.Call{Topic: "noise"}, "administrator.called")
	if !s.a.IsRunning() {
		t.Error("the program has decided by itself")
	}
}

// A log that cannot be read again is worse than a refusal.
func TestTextThatIsNoUTF8(t *testing.T) { // R11
	bad := exam.Deed{By: "A\xff", Reason: "x"}
	s := running(t, setup{})
	for _, c := range []exam.Command{
		exam.Lock{Deed: bad},
		exam.Suspend{Deed: exam.Deed{By: "A", Reason: "\xc0"}},
		exam.Call{Topic: "\xff"},
		exam.ReportWrongCode{By: "\xff"},
		exam.RecordHelper{Deed: admin, Name: "\xff"},
		exam.GrantExtra{Deed: admin, Minutes: 1, Document: "\xff"},
		exam.Leave{Deed: admin, Escort: "\xff"},
		exam.Postpone{Deed: admin, Act: "\xff"},
		exam.TieAct{ActTied: exam.ActTied{By: "\xff"}},
	} {
		s.refused(c, exam.ErrCharacter)
	}
	// What a device or the computer calls itself is mended: an exam must not stop for it.
	s.kinds(exam.ReportNoFace{FaceUnavailable: exam.FaceUnavailable{Purpose: "login", Reason: "\xff"}}, "face.unavailable")
	s.now.Run++
	s.kinds(exam.StartRun{RunStarted: exam.RunStarted{Host: "PC\xff"}}, "run.started")
	s.kinds(exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: "resume", Verdict: "accepted", Camera: "cam\xff", Reason: "\xff"}}, "face.checked")
}

func TestLookingWithoutThePaper(t *testing.T) { // R22
	s := running(t, setup{profile: []string{"shows_score = true"}})
	s.must(exam.Edit{Item: "E1", Inserted: "x"})
	a := exam.NewAttempt(nil)
	for _, data := range s.log {
		rec, err := exam.DecodeRecord(data)
		if err != nil {
			t.Fatal(err)
		}
		if a, err = a.Apply(rec); err != nil {
			t.Fatal(err)
		}
	}
	if a.Phase != exam.PhaseRunning || a.Unanswered() != nil || a.Response("E1").Text != "" {
		t.Errorf("phase %q, %d unanswered", a.Phase, len(a.Unanswered()))
	}
	for _, c := range []exam.Command{exam.Edit{Item: "E1", Inserted: "x"}, exam.Finish{}, exam.Tick{}, exam.AppealContent{Item: "S1", Ground: 1, Text: "x"}} {
		late := s.now
		late.Mono += (200 * minute).Milliseconds()
		for _, now := range []exam.Stamp{s.now, late} {
			_, _ = a.Decide(c, now) // must not panic, whatever it answers
		}
	}
}

func TestApplyRefusesWhatCannotFollow(t *testing.T) {
	s := running(t, setup{})
	s.pass(minute)
	s.must(exam.Tick{})
	next, now := s.a.Seq+1, s.now
	for name, tt := range map[string]struct {
		rec  exam.Recorded
		says string
	}{
		"gap":              {exam.Recorded{Seq: next + 1, Stamp: now, Event: exam.Ticked{}}, "follows"},
		"again":            {exam.Recorded{Seq: next - 1, Stamp: now, Event: exam.Ticked{}}, "follows"},
		"opened again":     {exam.Recorded{Seq: next, Stamp: now, Event: s.a.Opened}, "first"},
		"clock back":       {exam.Recorded{Seq: next, Stamp: exam.Stamp{Run: 1, Mono: now.Mono - 1}, Event: exam.Ticked{}}, "back"},
		"run back":         {exam.Recorded{Seq: next, Stamp: exam.Stamp{Run: 0, Mono: now.Mono}, Event: exam.Ticked{}}, "back"},
		"run not started":  {exam.Recorded{Seq: next, Stamp: exam.Stamp{Run: 2}, Event: exam.Ticked{}}, "not been started"},
		"unknown item":     {exam.Recorded{Seq: next, Stamp: now, Event: exam.Flagged{Item: "X9"}}, "no-item"},
		"edit outside":     {exam.Recorded{Seq: next, Stamp: now, Event: exam.Edited{Item: "E1", Position: 1, Inserted: "x"}}, "edit"},
		"edit of nothing":  {exam.Recorded{Seq: next, Stamp: now, Event: exam.Edited{Item: "E1"}}, "edit"},
		"negative removal": {exam.Recorded{Seq: next, Stamp: now, Event: exam.Edited{Item: "E1", Removed: -1, Inserted: "x"}}, "edit"},
	} {
		if got, err := s.a.Apply(tt.rec); err == nil || got != nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want an error with %q", name, err, tt.says)
		}
	}
	if _, err := exam.NewAttempt(nil).Apply(exam.Recorded{Seq: 1, Event: exam.Ticked{}}); err == nil {
		t.Error("an attempt that begins with a tick")
	}
}

// The events of other logs cannot pass for events of an attempt, neither as the first one nor later.
func TestApplyRefusesOtherLogs(t *testing.T) { // R22, R27
	s := running(t, setup{})
	for _, e := range []exam.Event{
		exam.RoomOpened{},
		exam.DetectorRead{},
		exam.DoorRead{},
		exam.StationSaid{},
		exam.ActDrawn{},
		exam.CheckpointHeard{},
		exam.PurgeLogOpened{},
		exam.Purged{},
	} {
		if got, err := exam.NewAttempt(nil).Apply(exam.Recorded{Seq: 1, Event: e}); err == nil || got != nil || !strings.Contains(err.Error(), "opened") {
			t.Errorf("%s first: %v", e.Kind(), err)
		}
		got, err := s.a.Apply(exam.Recorded{Seq: s.a.Seq + 1, Stamp: s.now, Event: e})
		if err == nil || got != nil || !strings.Contains(err.Error(), e.Kind()+": it does not belong into the log of an attempt") {
			t.Errorf("%s later: %v", e.Kind(), err)
		}
	}
}

// What happens to a place that keeps the log can be recorded in every phase, and says nothing about the candidate.
func TestReportStorage(t *testing.T) { // R11
	report := func(s *sitting) {
		t.Helper()
		for _, place := range []string{exam.StorageFirst, exam.StorageSecond} {
			for _, state := range []string{
				exam.StorageOnline, exam.StorageFailed, exam.StorageAbsent, exam.StorageRebuilt, exam.StorageSpaceShort, exam.StorageQuarantined,
			} {
				before := *s.a
				s.kinds(exam.ReportStorage{StorageChanged: exam.StorageChanged{Place: place, State: state, Detail: "EIO"}}, "storage.changed")
				after := *s.a
				after.Seq, after.Last = before.Seq, before.Last
				if d := cmp.Diff(before, after, same); d != "" {
					t.Errorf("%s: %s (-before +after):\n%s", place, state, d)
				}
			}
		}
	}
	s := login(t, setup{})
	report(s)
	s.face(exam.PurposeLogin, exam.VerdictAccepted)
	report(s)
	for _, c := range steps {
		s.must(c)
		report(s)
	}
	s.leave()
	report(s)
	s.must(exam.Lock{Deed: admin})
	s.must(exam.Suspend{Deed: admin})
	report(s)
	s.must(exam.EndSuspension{Deed: admin})
	s.must(exam.Unlock{Deed: admin})
	s.face(exam.PurposeReturn, exam.VerdictAccepted)
	s.must(exam.Finish{})
	report(s)
	s.face(exam.PurposeFinish, exam.VerdictAccepted)
	report(s)

	s = login(t, setup{})
	s.must(exam.Withdraw{Deed: admin})
	report(s)
	s = running(t, setup{})
	s.must(exam.Postpone{Deed: admin, Act: "15-1"})
	report(s)

	s = login(t, setup{})
	for _, bad := range []exam.StorageChanged{
		{}, {Place: exam.StorageFirst}, {State: exam.StorageFailed}, {Place: "third", State: exam.StorageFailed}, {Place: exam.StorageFirst, State: "broken"},
	} {
		if _, err := s.do(exam.ReportStorage{StorageChanged: bad}); err == nil || !strings.HasPrefix(err.Error(), "storage: ") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := exam.NewAttempt(nil).Decide(exam.ReportStorage{StorageChanged: exam.StorageChanged{Place: exam.StorageFirst, State: exam.StorageOnline}}, s.now); err != exam.ErrPhase {
		t.Errorf("before Open: %v", err)
	}
	long := strings.Repeat("ә", exam.MaxDetail) + "\xff"
	e := s.must(exam.ReportStorage{StorageChanged: exam.StorageChanged{Place: exam.StorageFirst, State: exam.StorageFailed, Detail: "x" + long}})[0]
	if got, want := e.(exam.StorageChanged).Detail, "x"+strings.Repeat("ә", (exam.MaxDetail-1)/2); got != want {
		t.Errorf("a long detail is kept as %d bytes, want %d", len(got), len(want))
	}
	e = s.must(exam.ReportStorage{StorageChanged: exam.StorageChanged{Place: exam.StorageFirst, State: exam.StorageFailed, Detail: "/m\xff"}})[0]
	if got := e.(exam.StorageChanged).Detail; got != "/m\uFFFD" {
		t.Errorf("a broken detail is kept as %q", got)
	}
}

func TestStampSince(t *testing.T) { // R6
	tests := []struct {
		from, to exam.Stamp
		want     time.Duration
	}{
		{exam.Stamp{Run: 1, Mono: 5, Wall: 100}, exam.Stamp{Run: 1, Mono: 8, Wall: 0}, 3 * milli},
		{exam.Stamp{Run: 1, Mono: 5, Wall: 100}, exam.Stamp{Run: 2, Mono: 0, Wall: 107}, 7 * milli},
		{exam.Stamp{Run: 1, Wall: 100}, exam.Stamp{Run: 2, Wall: 50}, 0},
		{exam.Stamp{Run: 1, Mono: 8}, exam.Stamp{Run: 1, Mono: 5}, 0},
	}
	for _, tt := range tests {
		if got := tt.to.Since(tt.from); got != tt.want {
			t.Errorf("from %+v to %+v: %v, want %v", tt.from, tt.to, got, tt.want)
		}
	}
	if got := (exam.Stamp{Mono: math.MaxInt64}).Since(exam.Stamp{Mono: math.MinInt64}); got < hour {
		t.Errorf("the longest time there is comes out as %v", got)
	}
}
