package finding_test

import (
	"strings"
	"testing"

	"emtihan/exam/qti/finding"
)

func TestList(t *testing.T) {
	l := finding.List{Max: 3}
	at := func(path string, line int) finding.Place { return finding.Place{Path: path, Line: line, Element: "p"} }
	l.Addf(finding.Note, at("b.xml", 2), "first")
	l.Addf(finding.Warning, at("a.xml", 9), "second %d", 2)
	l.Addf(finding.Note, at("a.xml", 1), "third")
	l.Addf(finding.Note, at("a.xml", 1), "one too many")
	l.Addf(finding.Invalid, at("c.xml", 0), "kept though the list is full")
	var out []string
	for _, f := range l.All() {
		out = append(out, f.String())
	}
	want := "a.xml:1 <p>: note: third\na.xml:9 <p>: warning: second 2\nc.xml <p>: invalid: kept though the list is full\n: note: 2 more of this severity are not listed"
	if got := strings.Join(out, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if w := finding.Worst(l.All()); w != finding.Invalid || !w.Blocks() || finding.Warning.Blocks() {
		t.Errorf("worst %s", w)
	}
	if n := finding.Count(l.All(), finding.Warning); n != 1 {
		t.Errorf("%d warnings", n)
	}
	if finding.Worst(nil) != finding.Note {
		t.Error("nothing is worse than a note")
	}
}
