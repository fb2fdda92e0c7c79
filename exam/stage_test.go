package exam_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"emtihan/exam"

	"pgregory.net/rapid"
)

const twoStages = `
[[stages]]
id = "tgo"
blocks = ["tgo"]
minutes = 50
[[stages]]
id = "rest"
blocks = ["profile2"]
minutes = 140
`

// R5: the ТГО block comes first, under a clock of its own, and is over when the next part begins.
func TestStages(t *testing.T) {
	paper := parsePaper(t, complexTest(""))
	s := runningWith(t, paper, twoStages)
	if got := s.a.Remaining(s.now); got != 50*minute {
		t.Errorf("the first part has %v", got)
	}
	s.must(exam.Choose{Item: "T1", Options: []string{"B"}})
	for _, c := range []exam.Command{
		exam.Show{Item: "P1"}, exam.Choose{Item: "P1", Options: []string{"A"}}, exam.Flag{Item: "P1", On: true}, exam.AppealTechnical{Item: "P1", Text: "x"},
	} {
		s.refused(c, exam.ErrStage)
	}
	s.pass(20 * minute)
	for _, id := range []string{"", "rest", "other"} {
		s.refused(exam.EndStage{Stage: id}, exam.ErrStage)
	}
	s.kinds(exam.EndStage{Stage: "tgo"}, "stage.ended")
	if s.a.Current != "P1" || s.a.Remaining(s.now) != 140*minute {
		t.Errorf("the second part begins at %s with %v", s.a.Current, s.a.Remaining(s.now))
	}
	s.refused(exam.Choose{Item: "T1", Options: []string{"A"}}, exam.ErrStage)
	for _, id := range []string{"", "tgo", "rest"} { // a second press, and a last stage that no other follows
		s.refused(exam.EndStage{Stage: id}, exam.ErrStage)
	}
	s.must(exam.Choose{Item: "P1", Options: []string{"A"}})
	s.pass(140*minute - second)
	s.kinds(exam.Tick{}, "ticked")
	s.pass(second)
	s.kinds(exam.Tick{}, "handed.in")
	if m := s.a.Marks(); m.Points != 3 {
		t.Errorf("%d points", m.Points)
	}
}

// R5: a question that was asked about the first part, and answered when its time was up, ends nothing of the second.
func TestEndOfAStageThatIsOver(t *testing.T) {
	three := `
[[stages]]
id = "one"
blocks = ["tgo"]
minutes = 50
[[stages]]
id = "two"
blocks = ["profile2"]
minutes = 40
[[stages]]
id = "three"
blocks = ["late"]
minutes = 100
`
	paper := complexTest("") + `
[[blocks]]
id = "late"
title = {ru = "Эссе"}
[[blocks.items]]
id = "L1"
kind = "essay"
points = 20
text = {ru = "Эссе"}
`
	s := runningWith(t, parsePaper(t, paper), three)
	s.pass(50 * minute)
	s.kinds(exam.Tick{}, "stage.ended")
	s.refused(exam.EndStage{Stage: "one"}, exam.ErrStage)
	if now, _ := s.a.StageNow(); now.ID != "two" {
		t.Errorf("the present stage is %q", now.ID)
	}
	s.kinds(exam.EndStage{Stage: "two"}, "stage.ended")
}

// R2, R5: a part whose time is up ends by itself; extra time is one sum for all parts.
func TestStagesShareExtraTime(t *testing.T) {
	s := runningWith(t, parsePaper(t, complexTest("")), twoStages)
	s.must(exam.GrantExtra{Deed: admin, Minutes: 30, Document: "№ 7"})
	if got := s.a.Remaining(s.now); got != 80*minute {
		t.Errorf("the first part has %v", got)
	}
	s.pass(60 * minute)
	s.kinds(exam.EndStage{Stage: "tgo"}, "stage.ended")
	if got := s.a.Remaining(s.now); got != 160*minute {
		t.Errorf("ten minutes of the thirty are used, and the second part has %v", got)
	}
	s.restart(3 * hour) // R6
	s.face(exam.PurposeResume, exam.VerdictAccepted)
	if got := s.a.Remaining(s.now); got != 160*minute {
		t.Errorf("after a power cut the second part has %v", got)
	}
	other := runningWith(t, parsePaper(t, complexTest("")), twoStages)
	other.pass(51 * minute)
	other.refused(exam.Choose{Item: "T1", Options: []string{"A"}}, exam.ErrTimeUp)
	other.kinds(exam.Tick{}, "stage.ended")
	if got := other.a.Remaining(other.now); got != 140*minute {
		t.Errorf("the second part has %v", got)
	}
}

// A fixed order of blocks under one clock.
func TestStagesWithoutClocks(t *testing.T) { // R5
	s := runningWith(t, parsePaper(t, complexTest("")), strings.NewReplacer("minutes = 50\n", "", "minutes = 140\n", "").Replace(twoStages))
	s.pass(100 * minute)
	s.kinds(exam.EndStage{Stage: "tgo"}, "stage.ended")
	s.used(100 * minute)
	s.refused(exam.Show{Item: "T1"}, exam.ErrStage)
	s.kinds(exam.Finish{}, "handed.in")
}

func TestProfilesRefused(t *testing.T) { // R5, R24, R25
	for says, more := range map[string]string{
		"together, clock.minutes is 190":   strings.Replace(twoStages, "140", "141", 1),
		"some stages have minutes":         strings.Replace(twoStages, "minutes = 140\n", "", 1),
		`"tgo" is not [a-z0-9-]{1,32}, or`: strings.Replace(twoStages, `"rest"`, `"tgo"`, 1),
		"stands in two stages":             strings.Replace(twoStages, `["profile2"]`, `["tgo"]`, 1),
		`"rest" has no blocks`:             strings.Replace(twoStages, `["profile2"]`, `[]`, 1),
		"the minimum -1":                   "[[blocks]]\nid = \"a\"\nminimum = -1\n",
		`block "a" stands twice`:           "[[blocks]]\nid = \"a\"\n[[blocks]]\nid = \"a\"\n",
		`marking.several is "some"`:        "[marking]\nseveral = \"some\"\n",
		"unknown key":                      "[variants]\nitems = true\n",
		`at most 0 points`:                 "[[marks]]\nid = \"x\"\n",
		`marked by "x" and by "y"`:         "[[marks]]\nid = \"x\"\nmost = 1\nkinds = [\"essay\"]\n[[marks]]\nid = \"y\"\nmost = 1\nkinds = [\"essay\"]\n",
		`of the kind "single"`:             "[[marks]]\nid = \"x\"\nmost = 1\nkinds = [\"single\"]\n",
		"no day of a year":                 "[[certificate]]\nfrom = \"08-32\"\nto = \"08-31\"\nuntil = \"12-01\"\n",
		"ends before it begins":            "[[certificate]]\nfrom = \"08-31\"\nto = \"08-01\"\nuntil = \"12-01\"\n",
		"keep.days is 9999":                "[keep]\ndays = 9999\n",
	} {
		_, err := exam.ParseProfile([]byte(profileSource + more))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error with %q", err, says)
		}
	}
	for says, keys := range map[string]string{
		"session_minutes is missing": `session_from = "13:00"`,
		`session_from is "1300"`:     "session_minutes = 40\nsession_from = \"1300\"\nsession_to = \"13:40\"",
		`session_to is "24:01"`:      "session_minutes = 40\nsession_from = \"13:00\"\nsession_to = \"24:01\"",
		"before session_from":        "session_minutes = 40\nsession_from = \"13:00\"\nsession_to = \"12:40\"",
		"session_day is 31":          "session_minutes = 40\nsession_day = 31\nsession_from = \"13:00\"\nsession_to = \"13:40\"",
		"session_minutes is 241":     "session_minutes = 241\nsession_from = \"13:00\"\nsession_to = \"13:40\"",
	} {
		_, err := exam.ParseProfile([]byte(strings.Replace(profileSource, "[appeal]\n", "[appeal]\n"+keys+"\n", 1)))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error with %q", err, says)
		}
	}
}

// A profile that speaks of blocks which the paper does not have, or not of all, begins no exam.
func TestProfileMustFitThePaper(t *testing.T) { // R5
	paper := parsePaper(t, paperSource)
	for _, more := range []string{twoStages, "[[blocks]]\nid = \"none\"\nminimum = 1\n", strings.Replace(twoStages, `["profile2"]`, `["b"]`, 1)} {
		p := profileWith(t, more)
		if err := p.Fits(paper); err == nil {
			t.Errorf("it fits:\n%s", more)
		}
		opened := exam.Opened{Candidate: exam.Candidate{IIN: testIIN}, Profile: p.Source(), Paper: paper.Digest()}
		if _, err := exam.NewAttempt(paper).Decide(exam.Open{Opened: opened}, exam.Stamp{Run: 1}); err == nil {
			t.Error("the exam begins")
		}
	}
}

// Whatever the candidate does: no part takes more than its time and the extra time, what is over stays as it was, and the log
// gives the same state again, also from a snapshot.
func TestStagesInvariants(t *testing.T) { // R2, R5, R6, R11
	rapid.Check(t, func(t *rapid.T) {
		paper, err := exam.ParsePaper([]byte(complexTest("")))
		if err != nil {
			t.Fatal(err)
		}
		profile := profileSource + twoStages + "[variants]\ntasks = true\noptions = true\n"
		a := exam.NewAttempt(paper)
		now := exam.Stamp{Wall: start.UnixMilli(), Run: 1}
		run := func(cmd exam.Command) {
			t.Helper()
			events, err := a.Decide(cmd, now)
			if err != nil {
				return
			}
			for _, e := range events {
				before := a
				if a, err = a.Apply(exam.Recorded{Seq: a.Seq + 1, Stamp: now, Event: e}); err != nil {
					t.Fatalf("%T: %v", cmd, err)
				}
				if before.Seq == 0 {
					continue
				}
				for i, it := range a.Paper.Items() {
					if !before.Reaches(it.ID) && !reflect.DeepEqual(before.Responses[i], a.Responses[i]) {
						t.Fatalf("%T: %s belongs to another part and has changed", cmd, it.ID)
					}
				}
				if a.Stage < before.Stage {
					t.Fatalf("%T: a part has come back", cmd)
				}
				if a.Used > 190*time.Minute+a.Extra || a.StageStart > a.Used || a.ExtraUsed > a.Extra || a.Remaining(now) < 0 {
					t.Fatalf("%T: used %v, part %d since %v, %v of %v extra", cmd, a.Used, a.Stage, a.StageStart, a.ExtraUsed, a.Extra)
				}
				data, err := a.Snapshot()
				if err != nil {
					t.Fatal(err)
				}
				b, err := exam.RestoreAttempt(data, paper)
				if err != nil || !reflect.DeepEqual(a, b) {
					t.Fatalf("restored, it is another attempt: %v", err)
				}
			}
		}
		run(exam.Open{Opened: exam.Opened{Attempt: "a-1", Session: "s", Candidate: exam.Candidate{IIN: testIIN}, Profile: []byte(profile), Paper: paper.Digest(), Start: start.UnixMilli()}})
		run(exam.StartRun{})
		run(exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: exam.PurposeLogin, Verdict: exam.VerdictAccepted}})
		for _, c := range steps {
			run(c)
		}
		if a.Phase != exam.PhaseRunning {
			t.Fatalf("phase %s", a.Phase)
		}
		items := []string{"T1", "T2", "T3", "P1", "P2", "P3"}
		for range 40 {
			d := rapid.SampledFrom([]int64{0, 400, 600, 60_000, 1_800_000}).Draw(t, "step")
			now.Mono += d
			now.Wall += d
			item := rapid.SampledFrom(items).Draw(t, "item")
			switch evenly(t, "command", 9) {
			case 0:
				stage, _ := a.StageNow()
				run(exam.EndStage{Stage: stage.ID})
			case 1:
				run(exam.GrantExtra{Deed: admin, Minutes: 20, Document: "№ 7"})
			case 2:
				now.Run, now.Mono = now.Run+1, 0
				run(exam.StartRun{})
				run(exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: exam.PurposeResume, Verdict: exam.VerdictAccepted}})
			case 3, 4:
				run(exam.Show{Item: item})
			case 5, 6:
				run(exam.Choose{Item: item, Options: []string{rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "option")}})
			default:
				run(exam.Tick{})
			}
		}
	})
}
