package exam_test

import (
	"slices"
	"testing"

	"emtihan/exam"

	"github.com/google/go-cmp/cmp"
)

// Doctoral essays have themes with choice (R1): one is chosen before the first character, and can be changed for another.
func TestThemes(t *testing.T) { // R1, R11, R16
	s := running(t, setup{})
	unanswered := func() bool {
		return slices.ContainsFunc(s.a.Unanswered(), func(it *exam.Item) bool { return it.ID == "L1" })
	}
	s.refused(exam.Edit{Item: "L1", Inserted: "т"}, exam.ErrNoTheme)
	s.refused(exam.ChooseTheme{Item: "L1", Theme: "T3"}, exam.ErrNoOption)
	s.refused(exam.ChooseTheme{Item: "L1"}, exam.ErrNoOption)
	s.refused(exam.ChooseTheme{Item: "E1", Theme: "T1"}, exam.ErrItemKind)
	s.refused(exam.ChooseTheme{Item: "S1", Theme: "T1"}, exam.ErrItemKind)
	s.refused(exam.ChooseTheme{Item: "X9", Theme: "T1"}, exam.ErrNoItem)
	s.must(exam.Edit{Item: "E1", Inserted: "т"}) // an item without themes is as it was

	chosen := func(theme, previous string) {
		t.Helper()
		want := []exam.Event{exam.ThemeChosen{Item: "L1", Theme: theme, Previous: previous}}
		if d := cmp.Diff(want, s.must(exam.ChooseTheme{Item: "L1", Theme: theme})); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	chosen("T2", "")
	if !unanswered() {
		t.Error("a theme alone is no answer")
	}
	chosen("T1", "T2")
	s.kinds(exam.ChooseTheme{Item: "L1", Theme: "T1"}) // nothing new
	s.must(exam.Edit{Item: "L1", Inserted: "Қала"})
	if unanswered() {
		t.Error("theme and text are an answer")
	}
	chosen("T2", "T1")
	if r := s.a.Response("L1"); r.Text != "Қала" || r.Caret != 4 || r.Theme != "T2" {
		t.Errorf("after a change: %+v", r)
	}
	s.restart(minute)
	s.face(exam.PurposeResume, exam.VerdictAccepted)
	s.must(exam.Edit{Item: "L1", Position: 4, Inserted: "!"})
	if r := s.a.Response("L1"); r.Text != "Қала!" || r.Theme != "T2" {
		t.Errorf("after a restart: %+v", r)
	}
	b, _ := restored(t, s.a, parsePaper(t, paperSource))
	if r := b.Response("L1"); r.Theme != "T2" {
		t.Errorf("after a snapshot: %+v", r)
	}
	s.must(exam.Lock{Deed: admin})
	s.refused(exam.ChooseTheme{Item: "L1", Theme: "T1"}, exam.ErrNotRunning)
	s.must(exam.Unlock{Deed: admin})
	s.must(exam.Finish{})
	s.refused(exam.ChooseTheme{Item: "L1", Theme: "T1"}, exam.ErrHandedIn)
}

// An essay that has no theme is unanswered, whatever a log holds.
func TestTextWithoutThemeIsUnanswered(t *testing.T) { // R16
	it, _, _ := parsePaper(t, paperSource).Item("L1")
	for _, tt := range []struct {
		r    exam.Response
		want bool
	}{
		{exam.Response{}, false},
		{exam.Response{Text: "т"}, false},
		{exam.Response{Theme: "T1"}, false},
		{exam.Response{Theme: "T1", Text: " \n"}, false},
		{exam.Response{Theme: "T1", Text: "т"}, true},
	} {
		if got := it.Answered(tt.r); got != tt.want {
			t.Errorf("%+v: answered is %v", tt.r, got)
		}
	}
}

func TestThemeEventsThatCannotFollow(t *testing.T) { // R22
	for name, e := range map[string]exam.ThemeChosen{
		"another item":     {Item: "X9", Theme: "T1"},
		"no themes":        {Item: "E1", Theme: "T1"},
		"another theme":    {Item: "L1", Theme: "T9"},
		"no theme":         {Item: "L1"},
		"another previous": {Item: "L1", Theme: "T1", Previous: "T2"},
	} {
		s := running(t, setup{})
		if _, err := s.a.Apply(exam.Recorded{Seq: s.a.Seq + 1, Stamp: s.now, Event: e}); err == nil {
			t.Errorf("%s: %+v is folded", name, e)
		}
	}
	s := running(t, setup{})
	s.must(exam.ChooseTheme{Item: "L1", Theme: "T1"})
	if _, err := s.a.Apply(exam.Recorded{Seq: s.a.Seq + 1, Stamp: s.now, Event: exam.ThemeChosen{Item: "L1", Theme: "T2"}}); err == nil {
		t.Error("a change that knows of no theme before is folded")
	}
}

func TestThemeOfAnItem(t *testing.T) {
	it, _, _ := parsePaper(t, paperSource).Item("L1")
	if o, i := it.Theme("T2"); o == nil || i != 1 || o.Text["ru"] != "Другое" {
		t.Errorf("T2 is %+v, %d", o, i)
	}
	if o, i := it.Theme(""); o != nil || i != -1 {
		t.Errorf("no theme is %+v, %d", o, i)
	}
}
