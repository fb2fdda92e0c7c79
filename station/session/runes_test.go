package session_test

import (
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"emtihan/exam"
	"emtihan/station/session"
)

// The view counts the characters of all answers, however they came about, also after a restart.
func TestRunesOfTheAnswers(t *testing.T) {
	dir := t.TempDir()
	s := start(t, config(t, dir))
	s.enter(first)
	counted := func() int {
		n := 0
		for _, r := range s.View().Attempt.Responses {
			n += utf8.RuneCountInString(r.Text)
		}
		return n
	}
	check := func(when string) {
		t.Helper()
		if got, want := s.View().Runes, counted(); got != want {
			t.Fatalf("%s: the view counts %d characters, the answers have %d", when, got, want)
		}
	}
	const seed = 7
	r := rand.New(rand.NewPCG(seed, 0))
	pieces := []string{"", "a", "ә", "е́", "👍", "\n", "Ғылым мен "}
	for range 200 {
		have := utf8.RuneCountInString(s.text())
		at := r.IntN(have + 1)
		// A refused edit, as one outside the text, changes nothing.
		_ = s.do(exam.Edit{Item: "E1", Position: at + r.IntN(2), Removed: r.IntN(3), Inserted: pieces[r.IntN(len(pieces))]})
		check("after an edit")
	}
	if counted() == 0 {
		t.Fatal("nothing was written")
	}
	s.await("the disk", session.View.Saved)
	s.close()
	s = start(t, config(t, dir))
	defer func() { s.close() }()
	check("after a restart")
	s.must(accepted(exam.PurposeResume))
	s.write("ж")
	check("after a restart and a key")
	s.finish()
	s.await("the disk", func(v session.View) bool { return v.Durable == v.Appended })
	if err := s.leave(); err != nil {
		t.Fatal(err)
	}
	if got := s.View().Runes; got != 0 {
		t.Errorf("the next candidate begins with %d characters", got)
	}
}
