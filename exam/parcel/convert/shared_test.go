package convert_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"emtihan/exam"
	"emtihan/exam/parcel"
	"emtihan/exam/parcel/convert"
	"emtihan/exam/qti"
)

func shared(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
	data := filepath.Join(dir, "..", "shared", "data", "qti")
	if _, err := os.Stat(data); err != nil {
		t.Skip("the shared QTI packages are not on this computer (../shared/data/qti)")
	}
	return data
}

// Packages that nobody of this project wrote: what is taken becomes a paper that can be read and packed, and everything else has a reason.
func TestSharedPackages(t *testing.T) {
	root := shared(t)
	units, err := qti.Discover(root)
	if err != nil {
		t.Fatal(err)
	}
	reasons := make(map[string]int)
	items, taken, packages := 0, 0, 0
	for _, u := range units {
		name, err := filepath.Rel(root, u.Path)
		if err != nil {
			t.Fatal(err)
		}
		p, err := u.Open(qti.Options{})
		if err != nil {
			t.Logf("%-70s not read: %s", name, strings.SplitN(err.Error(), "\n", 2)[0])
			continue
		}
		packages++
		opt := convert.Options{ID: "p", Lang: "en", Skip: true}
		tests := []string{""}
		if len(p.Tests) > 1 {
			tests = nil
			for _, tt := range p.Tests {
				tests = append(tests, tt.ID)
			}
		}
		for _, opt.Test = range tests {
			r, err := convert.Convert(p, opt)
			if r == nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			first := make(map[string]int)
			for _, it := range r.Items {
				if it.Taken() != (it.Paper != "") {
					t.Errorf("%s: %s is neither taken nor refused: %+v", name, it.Path, it)
				}
				if !it.Taken() {
					why := it.Refused[0].Text
					first[why]++
					reasons[kind(why)]++
					if it.Refused[0].Place.Path == "" {
						t.Errorf("%s: %s is refused without a place", name, it.Path)
					}
				}
			}
			items += len(r.Items)
			taken += r.Taken()
			t.Logf("%-70s %s items %3d, taken %3d %v", name, opt.Test, len(r.Items), r.Taken(), brief(first))
			if err != nil {
				if r.Taken() > 0 {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			check(t, r)
			strict := opt
			strict.Skip = false
			if again, err := convert.Convert(p, strict); err != nil || (again.Paper == nil) != (r.Taken() < len(r.Items) || blocks(r)) {
				t.Errorf("%s: without leaving out: %v", name, err)
			}
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("packages %d, items %d, taken %d", packages, items, taken)
	for _, why := range slices.SortedFunc(maps.Keys(reasons), func(a, b string) int { return reasons[b] - reasons[a] }) {
		t.Logf("%4d × %s", reasons[why], why)
	}
	if packages < 15 || items < 300 || taken < 120 {
		t.Errorf("packages %d, items %d, taken %d: fewer than there are", packages, items, taken)
	}
}

func blocks(r *convert.Result) bool {
	for _, f := range r.Findings {
		if f.Severity.Blocks() {
			return true
		}
	}
	return false
}

// kind leaves the names out of a reason.
func kind(why string) string {
	var words []string
	for w := range strings.FieldsSeq(why) {
		if strings.ContainsAny(w, `"0123456789_./`) {
			w = "…"
		}
		words = append(words, w)
	}
	s := strings.Join(words, " ")
	return s[:min(len(s), 90)]
}

func brief(reasons map[string]int) string {
	var out []string
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		out = append(out, fmt.Sprintf("%d: %s", reasons[why], why))
	}
	if len(out) > 3 {
		out = append(out[:3], "…")
	}
	return strings.Join(out, "; ")
}

// check reads and packs the paper, and marks each item's own key with it.
func check(t *testing.T, r *convert.Result) *exam.Paper {
	t.Helper()
	paper, err := exam.ParsePaper(r.Paper)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range paper.Media {
		if err := parcel.Recognise(m.Kind, r.Media[m.File]); err != nil {
			t.Errorf("medium %s: %v", m.ID, err)
		}
	}
	if len(r.Media) != len(paper.Media) {
		t.Errorf("%d files for %d media", len(r.Media), len(paper.Media))
	}
	most := 0
	responses := make([]exam.Response, len(paper.Items()))
	for i, it := range paper.Items() {
		if len(it.Key) > 0 {
			most += it.Points
		}
		if it.Kind == exam.Short && len(it.Key) > 0 {
			responses[i].Text = it.Key[0]
		} else {
			responses[i].Options = it.Key
		}
	}
	if points, all := paper.Points(responses); points != most || all != most {
		t.Errorf("the keys give %d of %d points", points, most)
	}
	return paper
}
