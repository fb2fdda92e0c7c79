package exam_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"emtihan/exam"
)

func TestVariants(t *testing.T) { // R5
	paper := parsePaper(t, hundredSource)
	rules := exam.VariantRules{Tasks: true, Options: true}
	order := func(p *exam.Paper) (ids []string) {
		for _, it := range p.Items() {
			ids = append(ids, it.ID)
		}
		return ids
	}
	a, again, b := paper.Arranged("seed-a", rules), paper.Arranged("seed-a", rules), paper.Arranged("seed-b", rules)
	if !slices.Equal(order(a), order(again)) || slices.Equal(order(a), order(b)) || slices.Equal(order(a), order(paper)) {
		t.Errorf("orders:\n%v\n%v\n%v", order(a), order(again), order(b))
	}
	if p := paper.Arranged("", rules); p != paper {
		t.Error("without a seed it is another paper")
	}
	if p := paper.Arranged("seed-a", exam.VariantRules{}); p != paper {
		t.Error("without rules it is another paper")
	}
	if a.Digest() != paper.Digest() {
		t.Error("another digest")
	}
	// Nothing is lost, and everything is found at its new place.
	for i, it := range a.Items() {
		got, place, ok := a.Item(it.ID)
		if !ok || got != it || place != i {
			t.Errorf("%s stands at %d and is found at %d", it.ID, i, place)
		}
		was, _, _ := paper.Item(it.ID)
		if len(was.Options) != len(it.Options) || !slices.Equal(was.Key, it.Key) {
			t.Errorf("%s is another task now", it.ID)
		}
		fixed := it.ID == "T5"
		if same := reflect.DeepEqual(was.Options, it.Options); fixed && !same {
			t.Error("T5 has its options in an order of its own, and they moved")
		}
	}
	// Passages stay together and in order; the block that is fixed stays as it is.
	got := order(a)
	at := slices.Index(got, "R1")
	if !slices.Equal(got[at:at+3], []string{"R1", "R2", "R3"}) {
		t.Errorf("the tasks of a passage are apart: %v", got)
	}
	if !slices.Equal(got[len(got)-3:], []string{"F1", "F2", "F3"}) {
		t.Errorf("the fixed block has moved: %v", got)
	}
	// The order never changes with the program: candidates' orders must be found again in years.
	if want := "T5 T8 T1 R1 R2 R3 T2 T7 T4 T3 T6 F1 F2 F3"; strings.Join(got, " ") != want {
		t.Errorf("the order of this seed was %s and is %s", want, strings.Join(got, " "))
	}
}

var hundredSource = func() string {
	var b strings.Builder
	b.WriteString("format = 1\nid = \"v\"\nlanguages = [\"ru\"]\ntitle = {ru = \"В\"}\n[[passages]]\nid = \"P\"\ntext = {ru = \"Текст\"}\n[[blocks]]\nid = \"b\"\ntitle = {ru = \"Б\"}\n")
	item := func(id, more string) {
		b.WriteString("[[blocks.items]]\nid = \"" + id + "\"\nkind = \"single\"\npoints = 1\nkey = [\"A\"]\n" + more + "text = {ru = \"?\"}\n" +
			`options = [{id = "A", text = {ru = "а"}}, {id = "B", text = {ru = "б"}}, {id = "C", text = {ru = "в"}}, {id = "D", text = {ru = "г"}}]` + "\n")
	}
	for _, id := range []string{"T1", "T2", "T3", "T4", "T5", "T6"} {
		more := ""
		if id == "T5" {
			more = "fixed = true\n"
		}
		item(id, more)
	}
	for _, id := range []string{"R1", "R2", "R3"} {
		item(id, "passage = \"P\"\n")
	}
	item("T7", "")
	item("T8", "")
	b.WriteString("[[blocks]]\nid = \"f\"\nfixed = true\ntitle = {ru = \"Ф\"}\n")
	for _, id := range []string{"F1", "F2", "F3"} {
		item(id, "")
	}
	return b.String()
}()

// The candidate's order stands in the log, follows from it, and is that of every later reading.
func TestVariantInTheLog(t *testing.T) { // R5, R22
	paper := parsePaper(t, hundredSource)
	s := runningWith(t, paper, "[variants]\ntasks = true\noptions = true\n")
	if s.a.Opened.Variant == "" {
		t.Fatal("no seed in the log")
	}
	first := s.a.Paper.Items()[0]
	if s.a.Current != first.ID {
		t.Errorf("the exam begins with %s, not with the first task %s", s.a.Current, first.ID)
	}
	s.must(exam.Choose{Item: first.ID, Options: []string{"A"}})
	if s.a.Responses[0].Options[0] != "A" || s.a.Marks().Points != 1 {
		t.Error("the answer does not stand with its task")
	}
	twin := exam.NewAttempt(paper)
	for i, data := range s.log {
		rec, err := exam.DecodeRecord(data)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			forged := rec
			o := rec.Event.(exam.Opened)
			o.Variant = "00000000000000000000000000000000"
			forged.Event = o
			if _, err := exam.NewAttempt(paper).Apply(forged); err == nil {
				t.Error("an order that somebody chose is taken")
			}
		}
		if twin, err = twin.Apply(rec); err != nil {
			t.Fatal(err)
		}
	}
	if twin.Paper.Items()[0].ID != first.ID || !reflect.DeepEqual(twin.Responses, s.a.Responses) {
		t.Error("read again it is another order")
	}
	if s := runningWith(t, paper, ""); s.a.Opened.Variant != "" || s.a.Paper.Items()[0].ID != "T1" {
		t.Error("an order of their own without the profile's word")
	}
}
