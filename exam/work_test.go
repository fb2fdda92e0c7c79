package exam_test

import (
	"math"
	"slices"
	"testing"

	"emtihan/exam"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestMatchingAndOrdering(t *testing.T) { // R11
	s := running(t, setup{})
	choose := func(item string, options ...string) exam.Choose { return exam.Choose{Item: item, Options: options} }
	for _, tt := range []exam.Choose{
		choose("H1", "A"), choose("H1", "A X", "A Y"), choose("H1", "A X", "B X"), choose("H1", "A X", "A X"), choose("H1", "A W"),
		choose("O1", "A"), choose("O1", "A", "B"), choose("O1", "A", "B", "B"), choose("O1", "A", "B", "C", "C"), choose("O1", "A X"),
	} {
		s.refused(tt, exam.ErrNoOption)
	}
	s.refused(choose("E1", "A"), exam.ErrItemKind)
	s.refused(exam.Edit{Item: "H1", Inserted: "A"}, exam.ErrItemKind)

	s.kinds(choose("H1", "B X", "A Z"), "chosen")
	if d := cmp.Diff([]string{"A Z", "B X"}, s.a.Response("H1").Options); d != "" {
		t.Errorf("pairs are kept in the order of the options: %s", d)
	}
	s.kinds(choose("H1", "A Z", "B X")) // nothing new
	s.kinds(choose("O1", "C", "A", "B"), "chosen")
	s.kinds(choose("O1", "C", "B", "A"), "chosen") // the order is the answer
	s.kinds(choose("O1"), "chosen")
	if len(s.a.Response("O1").Options) != 0 {
		t.Error("an order cannot be taken back")
	}
}

func TestStrikingOptionsOut(t *testing.T) {
	s := running(t, setup{})
	s.must(exam.Choose{Item: "S1", Options: []string{"A"}})
	s.refused(exam.Strike{Item: "S1", Option: "A", On: true}, exam.ErrStruck)
	s.refused(exam.Strike{Item: "S1", Option: "Z", On: true}, exam.ErrNoOption)
	s.refused(exam.Strike{Item: "O1", Option: "A", On: true}, exam.ErrItemKind)
	s.refused(exam.Strike{Item: "X9", Option: "A", On: true}, exam.ErrNoItem)
	s.kinds(exam.Strike{Item: "S1", Option: "A"}) // it is not struck out
	s.kinds(exam.Strike{Item: "S1", Option: "C", On: true}, "option.struck")
	s.kinds(exam.Strike{Item: "S1", Option: "B", On: true}, "option.struck")
	s.refused(exam.Choose{Item: "S1", Options: []string{"B"}}, exam.ErrStruck)
	s.kinds(exam.Strike{Item: "S1", Option: "B"}, "option.struck")
	s.kinds(exam.Choose{Item: "S1", Options: []string{"B"}}, "chosen")
	if got := s.a.Response("S1"); !slices.Equal(got.Options, []string{"B"}) || !slices.Equal(got.Struck, []string{"C"}) {
		t.Errorf("%+v", got)
	}
}

// Highlights are the same as a mark on each rune.
func TestHighlights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &sitting{}
		s.a = atOnce(t)
		const length = 22 // "Текст для чтения.", "а", "б", and the end of each
		opened := s.a.Opened
		a, now := exam.NewAttempt(s.a.Paper), exam.Stamp{Wall: start.UnixMilli(), Run: 1}
		run := func(cmd exam.Command) error {
			events, err := a.Decide(cmd, now)
			for _, e := range events {
				next, err := a.Apply(exam.Recorded{Seq: a.Seq + 1, Stamp: now, Event: e})
				if err != nil {
					t.Fatalf("%T: %v", cmd, err)
				}
				a = next
			}
			return err
		}
		for _, cmd := range append([]exam.Command{
			exam.Open{Opened: opened},
			exam.StartRun{},
			exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: exam.PurposeLogin, Verdict: exam.VerdictAccepted}},
		}, steps...) {
			if err := run(cmd); err != nil {
				t.Fatalf("%T: %v", cmd, err)
			}
		}
		var model [length]bool
		for range 40 {
			c := exam.Highlight{
				Passage: "P1", From: rapid.IntRange(-1, length).Draw(t, "from"), To: rapid.IntRange(0, length+1).Draw(t, "to"), On: rapid.Bool().Draw(t, "on"),
			}
			err := run(c)
			if valid := c.From >= 0 && c.From < c.To && c.To <= length; valid != (err == nil) {
				t.Fatalf("%+v: %v", c, err)
			} else if valid {
				for i := c.From; i < c.To; i++ {
					model[i] = c.On
				}
			}
			var got [length]bool
			last := -1
			for _, r := range a.Highlights("P1") {
				if r.From <= last {
					t.Fatalf("highlights touch or are out of order: %v", a.Highlights("P1"))
				}
				last = r.To
				for i := r.From; i < r.To; i++ {
					got[i] = true
				}
			}
			if got != model {
				t.Fatalf("%+v: %v, want %v", c, got, model)
			}
		}
	})
}

func TestHighlightsRefused(t *testing.T) {
	s := running(t, setup{})
	s.refused(exam.Highlight{Passage: "P9", To: 1, On: true}, exam.ErrNoItem)
	s.refused(exam.Highlight{Passage: "P1", To: math.MaxInt, On: true}, exam.ErrEdit)
	s.kinds(exam.Highlight{Passage: "P1", To: 1}) // nothing is highlighted there
	s.kinds(exam.Highlight{Passage: "P1", To: 1, On: true}, "highlighted")
	s.kinds(exam.Highlight{Passage: "P1", To: 1, On: true})
}

// A sound may be heard as often as the paper says; what a restart or a lock breaks off costs nothing of it.
func TestHearingASound(t *testing.T) { // R11
	s := running(t, setup{})
	play := exam.Play{Medium: "snd"}
	heard := func(want exam.Hearing) {
		t.Helper()
		want.Medium = "snd"
		if d := cmp.Diff(want, s.a.Heard("snd")); d != "" {
			t.Error(d)
		}
	}
	s.refused(exam.Play{Medium: "fig"}, exam.ErrNoItem)
	s.refused(exam.Play{Medium: "other"}, exam.ErrNoItem)
	s.refused(exam.ReportPlay{Medium: "snd", Millis: 1}, exam.ErrAlready) // it was not started
	s.kinds(play, "sound.started")
	s.kinds(exam.ReportPlay{Medium: "snd", Millis: 1000}, "sound.heard")
	s.refused(exam.ReportPlay{Medium: "snd", Millis: 999}, exam.ErrAlready)
	heard(exam.Hearing{Times: 1, Open: true, Millis: 1000})
	s.restart(second)
	s.refused(play, exam.ErrNotRunning)
	s.face(exam.PurposeResume, exam.VerdictAccepted)
	s.kinds(play, "sound.started")
	heard(exam.Hearing{Times: 1, Open: true, Millis: 1000})
	s.must(exam.Lock{Deed: admin})
	s.kinds(exam.ReportPlay{Medium: "snd", Millis: 2500}, "sound.heard") // how far it had come when the lock fell
	s.must(exam.Unlock{Deed: admin})
	s.must(play)
	s.must(exam.ReportPlay{Medium: "snd", Millis: 9000, Ended: true})
	heard(exam.Hearing{Times: 1, Millis: 9000})
	s.must(play)
	heard(exam.Hearing{Times: 2, Open: true})
	s.must(exam.ReportPlay{Medium: "snd", Millis: 9000, Ended: true})
	s.refused(play, exam.ErrPlays)
}

func TestPreferences(t *testing.T) { // R2
	s := login(t, setup{})
	p := exam.Preferences{Percent: 150, Theme: "dark"}
	for _, bad := range []exam.Preferences{{Percent: 99, Theme: "dark"}, {Percent: 201, Theme: "dark"}, {Percent: 100, Theme: ""}, {Percent: 100, Theme: "../x"}} {
		s.refused(exam.Prefer{Preferences: bad}, exam.ErrPreference)
	}
	s.kinds(exam.Prefer{Preferences: p}, "preferred")
	s.kinds(exam.Prefer{Preferences: p})
	s.restart(minute)
	if s.a.Preferences == nil || *s.a.Preferences != p {
		t.Errorf("after a restart: %+v", s.a.Preferences)
	}
}
