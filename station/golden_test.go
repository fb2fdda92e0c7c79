package station

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"emtihan/assets/locales"
	"emtihan/station/look"
)

var update = flag.Bool("update", false, "write the texts of all screens to testdata/screens")

// passing are the parts of a text that differ from one run to the next.
var passing = regexp.MustCompile(`\d:\d\d:\d\d|\d\d:\d\d|/tmp/\S+`)

// moving are the screens on which the camera, the clock or a warning comes at its own time, or which show a new key and dates.
var moving = regexp.MustCompile(`^(face-.*|login|sealed.*|locked|suspended|late|exam-warning.*)$`)

// golden compares the texts of the present screen, and where they stand, with what the last person who looked at it approved:
// whoever changes a screen sees what else has moved.
func (g *rig) golden(name string, l locales.Lang) {
	g.Helper()
	if moving.MatchString(name) {
		return
	}
	var b strings.Builder
	for _, s := range seen(g.u.win.Canvas()) {
		bold := ""
		if s.text.TextStyle.Bold {
			bold = " bold"
		}
		fmt.Fprintf(&b, "%4.0f %4.0f %4.1f%s %s\n", s.at.left, s.at.top, s.text.TextSize, bold, passing.ReplaceAllString(s.text.Text, "…"))
	}
	path := filepath.Join("testdata", "screens", name+"."+string(l)+".golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			g.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			g.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		g.Fatal(err)
	}
	if string(want) == b.String() {
		return
	}
	before, after := strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")
	for i := range max(len(before), len(after)) {
		if i >= len(before) || i >= len(after) || before[i] != after[i] {
			g.Errorf("%s, %s, %s: the screen has changed from line %d on; look at it, then -update\n was %q\n  is %q", name, l, look.Now().Theme, i+1,
				strings.Join(before[min(i, len(before)):min(i+3, len(before))], "\n"), strings.Join(after[min(i, len(after)):min(i+3, len(after))], "\n"))
			return
		}
	}
}
