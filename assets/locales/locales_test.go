package locales

import (
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var placeholder = regexp.MustCompile(`\{\{[^}]*\}\}`)

// Interface in Kazakh, Russian and English, switched at any moment: no language may lack a sentence or a placeholder.
func TestEveryLanguageHasEverySentence(t *testing.T) {
	for _, c := range Components() {
		ref, err := Sentences(c, English)
		if err != nil {
			t.Fatal(err)
		}
		if len(ref) == 0 {
			t.Errorf("%s.en.toml is empty", c)
		}
		for _, l := range []Lang{Kazakh, Russian} {
			got, err := Sentences(c, l)
			if err != nil {
				t.Fatal(err)
			}
			for id, en := range ref {
				s, ok := got[id]
				if !ok || strings.TrimSpace(s) == "" {
					t.Errorf("%s: %q has no sentence in %s", c, id, l)
					continue
				}
				if d := cmp.Diff(placeholders(en), placeholders(s)); d != "" {
					t.Errorf("%s: %q has other placeholders in %s:\n%s", c, id, l, d)
				}
			}
			for id := range got {
				if _, ok := ref[id]; !ok {
					t.Errorf("%s: %q stands in %s only", c, id, l)
				}
			}
		}
	}
}

func placeholders(s string) []string {
	p := placeholder.FindAllString(s, -1)
	sort.Strings(p)
	return p
}

func TestT(t *testing.T) {
	for _, l := range All {
		if got := T(l, "common.ok"); got == "" || got[0] == '[' {
			t.Errorf("common.ok in %s: %q", l, got)
		}
	}
	if got, want := T(Russian, "no.such.id"), "[no.such.id]"; got != want {
		t.Errorf("unknown id: got %q, want %q", got, want)
	}
	if _, err := Parse("de"); err == nil {
		t.Error("Parse accepts de")
	}
}
