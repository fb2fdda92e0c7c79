package exam_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"emtihan/exam"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// complexTest is a small image of the master's complex test: a block of single tasks with a minimum, and one of several-answer
// tasks.
func complexTest(several string, blocks ...string) string {
	var b strings.Builder
	b.WriteString("format = 1\nid = \"kt\"\nlanguages = [\"ru\"]\ntitle = {ru = \"КТ\"}\n")
	option := func(id string) string { return fmt.Sprintf(`{id = %q, text = {ru = %q}}`, id, id) }
	var options []string
	for _, id := range strings.Split("ABCDEFGH", "") {
		options = append(options, option(id))
	}
	all := "[" + strings.Join(options, ", ") + "]"
	fmt.Fprintf(&b, "[[blocks]]\nid = \"tgo\"\ntitle = {ru = \"ТГО\"}\n")
	for i := range 3 {
		fmt.Fprintf(&b, "[[blocks.items]]\nid = \"T%d\"\nkind = \"single\"\npoints = 1\nkey = [\"B\"]\ntext = {ru = \"?\"}\noptions = %s\n", i+1, all)
	}
	fmt.Fprintf(&b, "[[blocks]]\nid = \"profile2\"\ntitle = {ru = \"Профиль\"}\n")
	for i, key := range []string{`"A"`, `"A", "B"`, `"A", "B", "C"`} {
		fmt.Fprintf(&b, "[[blocks.items]]\nid = \"P%d\"\nkind = \"multiple\"\npoints = 2\nkey = [%s]\n%stext = {ru = \"?\"}\noptions = %s\n", i+1, key, several, all)
	}
	b.WriteString(strings.Join(blocks, "\n"))
	return b.String()
}

func profileWith(t testing.TB, more string, settings ...string) *exam.Profile {
	t.Helper()
	p, err := exam.ParseProfile([]byte(with(t, profileSource, settings...) + more))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// R5: the table of NCT's specification: right options, marked right ones, marked wrong ones, points.
func TestSeveralAnswersScoreTwoOneZero(t *testing.T) {
	paper := parsePaper(t, complexTest(""))
	rules := profileWith(t, "[marking]\nseveral = \"mistakes\"\n")
	for _, tt := range []struct{ right, marked, wrong, points int }{
		{1, 1, 0, 2},
		{1, 1, 1, 1},
		{1, 1, 2, 0},
		{1, 0, 0, 0},
		{1, 0, 1, 0},
		{2, 2, 0, 2},
		{2, 1, 0, 1},
		{2, 2, 1, 1},
		{2, 1, 1, 0},
		{2, 0, 0, 0},
		{3, 3, 0, 2},
		{3, 2, 0, 1},
		{3, 1, 0, 0},
		{3, 3, 1, 1},
		{3, 3, 2, 0},
		{3, 2, 1, 0},
		{3, 0, 0, 0},
	} {
		options := append(strings.Split("ABC", "")[:tt.marked:tt.marked], strings.Split("DEFGH", "")[:tt.wrong]...)
		responses := make([]exam.Response, 6)
		responses[2+tt.right].Options = options
		marks := paper.Mark(rules, responses)
		if got := marks.Items[2+tt.right].Points; got != tt.points {
			t.Errorf("%d right, %d of them marked and %d wrong ones: %d points, want %d", tt.right, tt.marked, tt.wrong, got, tt.points)
		}
		if whole, _ := paper.Points(responses); whole != tt.points/2*2 {
			t.Errorf("as a whole: %d points", whole)
		}
	}
	// What the item says comes before the profile.
	own := parsePaper(t, complexTest("marking = \"whole\"\n"))
	if got := own.Mark(rules, []exam.Response{4: {Options: []string{"A"}}}).Points; got != 0 {
		t.Errorf("an item that is marked as a whole has %d points for a half", got)
	}
}

// A scheme never gives more than the points, never less than none, all of them for the key, and none for nothing.
func TestMarkingStaysWithinItsPoints(t *testing.T) { // R4, R5
	paper := parsePaper(t, paperSource)
	schemes := []string{"whole", "mistakes", "parts"}
	rapid.Check(t, func(t *rapid.T) {
		rules, err := exam.ParseProfile([]byte(profileSource + fmt.Sprintf("[marking]\nseveral = %q\nmatch = %q\norder = %q\n",
			rapid.SampledFrom(schemes).Draw(t, "several"), rapid.SampledFrom(schemes).Draw(t, "match"), rapid.SampledFrom(schemes).Draw(t, "order"))))
		if err != nil {
			t.Fatal(err)
		}
		responses := make([]exam.Response, len(paper.Items()))
		right := slices.Clone(responses)
		for i, it := range paper.Items() {
			switch it.Kind {
			case exam.Order:
				responses[i].Options = rapid.Permutation([]string{"A", "B", "C"}).Draw(t, "order")
				right[i].Options = it.Key
			case exam.Match:
				for _, o := range it.Options {
					if x := rapid.SampledFrom([]string{"", "X", "Y", "Z"}).Draw(t, "target"); x != "" {
						responses[i].Options = append(responses[i].Options, exam.Pair(o.ID, x))
					}
				}
				right[i].Options = it.Key
			case exam.Single, exam.Multiple:
				for _, o := range it.Options {
					if rapid.Bool().Draw(t, "marked") {
						responses[i].Options = append(responses[i].Options, o.ID)
					}
				}
				right[i].Options = it.Key
			case exam.Short:
				responses[i].Text, right[i].Text = rapid.SampledFrom([]string{"", "абай", "x"}).Draw(t, "text"), " АБАЙ"
			}
		}
		marks, sum := paper.Mark(rules, responses), 0
		for i, m := range marks.Items {
			if m.Points < 0 || m.Points > m.Most || m.Held && m.Points != 0 || !m.Answered && m.Points != 0 && paper.Items()[i].Kind != exam.Match {
				t.Fatalf("%s: %+v for %v", m.Item, m, responses[i])
			}
			sum += m.Points
		}
		if sum != marks.Points || !marks.Held {
			t.Fatalf("the items have %d points together: %+v", sum, marks)
		}
		if m := paper.Mark(rules, right); m.Points != m.Most {
			t.Fatalf("the keys have %d of %d points", m.Points, m.Most)
		}
		if m := paper.Mark(rules, nil); m.Points != 0 || m.Most != marks.Most {
			t.Fatalf("nothing has %d of %d points", m.Points, m.Most)
		}
	})
}

func TestPartsOfMatchAndOrder(t *testing.T) { // R5
	paper := parsePaper(t, paperSource)
	rules := profileWith(t, "[marking]\nmatch = \"parts\"\norder = \"parts\"\n")
	for _, tt := range []struct {
		place   int
		options []string
		points  int
	}{
		{5, []string{"A Y", "B X"}, 3},
		{5, []string{"A Y"}, 1},
		{5, []string{"A Y", "B Z"}, 1},
		{5, []string{"A Z"}, 0},
		{6, []string{"C", "A", "B"}, 2},
		{6, []string{"C", "B", "A"}, 0},
		{6, []string{"B", "C", "A"}, 0},
	} {
		responses := make([]exam.Response, 7)
		responses[tt.place].Options = tt.options
		if got := paper.Mark(rules, responses).Items[tt.place].Points; got != tt.points {
			t.Errorf("%v: %d points, want %d", tt.options, got, tt.points)
		}
	}
}

func TestShortAnswersAsNumbers(t *testing.T) { // R4
	short := func(key, tolerance string) string {
		return complexTest("", `[[blocks]]`, `id = "s"`, `title = {ru = "К"}`, `[[blocks.items]]`, `id = "N1"`, `kind = "short"`, `points = 1`,
			"key = "+key, "tolerance = "+tolerance, `text = {ru = "?"}`)
	}
	for _, tt := range []struct {
		key, tolerance, given string
		right                 bool
	}{
		{`["3.5"]`, `"0"`, "3,50", true},
		{`["3.5"]`, `"0"`, "3.51", false},
		{`["3.14"]`, `"0.01"`, "3,15", true},
		{`["3.14"]`, `"0.01"`, "3.1501", false},
		{`["200"]`, `"2%"`, "196", true},
		{`["200"]`, `"2%"`, "195.9", false},
		{`["-7"]`, `"0"`, "−7", true},
		{`["1000000"]`, `"0"`, "1 000 000", true},
		{`["0.1", "10%"]`, `"0"`, "", false},
		{`["0.1"]`, `"0"`, "1e-1", false},
		{`["0.1"]`, `"0"`, "0x1", false},
		{`["0.3"]`, `"0"`, "0.1+0.2", false},
		{`["1"]`, `"0"`, strings.Repeat("9", 100), false},
		{`["5", "7"]`, `"0"`, "7", true},
	} {
		p, err := exam.ParsePaper([]byte(short(tt.key, tt.tolerance)))
		if strings.Contains(tt.key, "%") {
			if err == nil || !strings.Contains(err.Error(), `"10%"`) {
				t.Errorf("a key that is no number: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Mark(nil, []exam.Response{6: {Text: tt.given}}).Points == 1; got != tt.right {
			t.Errorf("%q for %s ± %s: %v", tt.given, tt.key, tt.tolerance, got)
		}
	}
	p := parsePaper(t, complexTest("", `[[blocks]]`, `id = "s"`, `title = {ru = "К"}`, `[[blocks.items]]`, `id = "W1"`, `kind = "short"`, `points = 1`,
		`key = ["қара сөздер", "слова назидания"]`, `text = {ru = "?"}`))
	for given, want := range map[string]int{"Слова  Назидания": 1, "Қара\tсөздер ": 1, "қара сөз": 0, "": 0} {
		if got := p.Mark(nil, []exam.Response{6: {Text: given}}).Points; got != want {
			t.Errorf("%q: %d points", given, got)
		}
	}
}

func TestMarkingRefused(t *testing.T) {
	for says, more := range map[string]string{
		`the marking "half"`: "marking = \"half\"\n",
		"no parts to mark":   "",
		"has a tolerance":    "tolerance = \"0\"\n",
	} {
		source := complexTest(more)
		if more == "" {
			source = strings.Replace(source, "kind = \"single\"", "kind = \"single\"\nmarking = \"parts\"", 1)
		}
		if _, err := exam.ParsePaper([]byte(source)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error with %q", err, says)
		}
	}
}

// R5: 75 points do not pass where a block stays below its minimum.
func TestMinimumsOfBlocks(t *testing.T) {
	paper := parsePaper(t, complexTest(""))
	rules := "[marking]\nseveral = \"mistakes\"\n[[blocks]]\nid = \"tgo\"\nminimum = 2\n[[blocks]]\nid = \"profile2\"\nminimum = 1\n"
	take := func(answers map[string][]string) *exam.Attempt {
		t.Helper()
		s := runningWith(t, paper, rules, "shows_score = true", "threshold = 4")
		for _, item := range slices.Sorted(maps.Keys(answers)) {
			s.must(exam.Choose{Item: item, Options: answers[item]})
		}
		s.kinds(exam.Finish{}, "handed.in", "scored")
		return s.a
	}
	a := take(map[string][]string{"T1": {"B"}, "P1": {"A"}, "P2": {"A", "B"}})
	if *a.Score != (exam.Score{Points: 5, Most: 9}) {
		t.Errorf("one point where the block's minimum is two: %+v", *a.Score)
	}
	a = take(map[string][]string{"T1": {"B"}, "T2": {"B"}, "P1": {"A"}})
	if *a.Score != (exam.Score{Points: 4, Most: 9, Passed: true}) {
		t.Errorf("threshold and minimums are reached: %+v", *a.Score)
	}
	a = take(map[string][]string{"T1": {"B"}, "T2": {"B"}, "T3": {"B"}})
	if a.Score.Passed {
		t.Errorf("below threshold and a minimum: %+v", *a.Score)
	}
	if !a.ShowsMarks() || len(a.Marks().Items) != 6 {
		t.Error("no map of results")
	}
}

func runningWith(t testing.TB, paper *exam.Paper, more string, settings ...string) *sitting {
	t.Helper()
	s := &sitting{TB: t, a: exam.NewAttempt(paper), now: exam.Stamp{Wall: start.UnixMilli(), Run: 1, Mono: 5000}}
	s.must(exam.Open{Opened: exam.Opened{
		Attempt: "0190f5b2-0000-7000-8000-000000000001", Session: "s-1", Candidate: exam.Candidate{IIN: testIIN, Name: "Әсел Қожа", Language: paper.Languages[0]},
		Profile: profileWith(t, more, settings...).Source(), Paper: paper.Digest(), PaperID: paper.ID, Start: start.UnixMilli(), Offset: 5 * 3600,
	}})
	s.must(exam.StartRun{})
	s.face(exam.PurposeLogin, exam.VerdictAccepted)
	for _, c := range steps {
		s.must(c)
	}
	return s
}

// R23: interview 30, essay 20, profile 50, threshold 75.
func TestTotal(t *testing.T) {
	p := profileWith(t, `[[marks]]
id = "interview"
most = 30
[[marks]]
id = "essay"
most = 20
minimum = 5
kinds = ["essay"]
[[marks]]
id = "profile"
most = 50
kinds = ["long"]
`)
	for _, tt := range []struct {
		given  map[string]int
		points int
		passed bool
		says   string
	}{
		{map[string]int{"interview": 30, "essay": 20, "profile": 50}, 100, true, ""},
		{map[string]int{"interview": 20, "essay": 15, "profile": 40}, 75, true, ""},
		{map[string]int{"interview": 20, "essay": 15, "profile": 39}, 74, false, ""},
		{map[string]int{"interview": 30, "essay": 4, "profile": 50}, 84, false, ""},
		{map[string]int{"interview": 0, "essay": 20, "profile": 50}, 70, false, ""},
		{map[string]int{"interview": 31, "essay": 20, "profile": 50}, 0, false, `"interview" is 31`},
		{map[string]int{"interview": 3, "essay": -1, "profile": 50}, 0, false, `"essay" is -1`},
		{map[string]int{"interview": 3, "essay": 1}, 0, false, `"profile" is missing`},
		{map[string]int{"interview": 3, "essay": 1, "profile": 1, "art": 1}, 0, false, `no mark "art"`},
	} {
		r, err := p.Total(exam.Marks{}, tt.given)
		if tt.says != "" {
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v: %v", tt.given, err)
			}
			continue
		}
		if err != nil || r.Points != tt.points || r.Passed != tt.passed || r.Most != 100 {
			t.Errorf("%v: %+v, %v", tt.given, r, err)
		}
	}
	paper := parsePaper(t, paperSource)
	r, err := p.Total(paper.Mark(p, []exam.Response{{Options: []string{"B"}}}), map[string]int{"interview": 30, "essay": 20, "profile": 50})
	if err != nil || r.Points != 101 {
		t.Errorf("with the machine's marks: %+v, %v", r, err)
	}
	want := []string{"", "", "", "profile", "essay", "", ""}
	var got []string
	for _, it := range paper.Items() {
		got = append(got, p.MarkOf(it))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
