package qti_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"emtihan/exam/qti"
	"emtihan/exam/qti/body"
	"emtihan/exam/qti/trial"
)

// Items of our own, one for each kind of interaction and most of what the standard's own examples hold, in 2.0 to 3.0 (R5: another
// exam is data). Unless it stands here, a sample has nothing that keeps it from being used, and is marked as its key says.
var sampleExceptions = map[string]struct {
	verdict trial.Verdict
	says    []string // among the findings that keep it from being used
}{
	"adaptive":           {trial.Right, []string{"adaptive items need several attempts", "the button cannot be pressed"}},
	"adaptive_steps":     {trial.Right, []string{"adaptive items need several attempts"}},
	"custom_interaction": {trial.Right, []string{"custom interactions cannot be answered here"}},
	"custom_operator":    {trial.NotMarked, []string{"custom operators (org.example.Same)"}},
	"drawing":            {trial.ByHand, []string{"drawing interactions cannot be answered here"}},
	"end_attempt":        {trial.Right, []string{"the button cannot be pressed"}},
	"extended_text":      {trial.ByHand, nil},
	"fraction":           {trial.NoKey, nil},
	"no_rules":           {trial.ByHand, nil},
	"other_outcome":      {trial.ByHand, nil},
	"upload":             {trial.ByHand, []string{"upload interactions cannot be answered here"}},
	"v3_extended_text":   {trial.ByHand, nil},
	"v3_pci":             {trial.Right, []string{"custom interactions cannot be answered here"}},
}

func TestSamples(t *testing.T) {
	p, err := qti.Open(filepath.Join("testdata", "samples"), qti.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	kinds := make(map[body.Kind]bool)
	for _, it := range p.Items {
		name := strings.TrimSuffix(it.Path, ".xml")
		if it.ID != name {
			t.Errorf("%s has the identifier %s", it.Path, it.ID)
		}
		for _, in := range it.Interactions {
			kinds[in.Kind] = true
		}
		want, special := sampleExceptions[name]
		if !special {
			want.verdict = trial.Right
		}
		if o := trial.Item(it); o.Verdict != want.verdict {
			t.Errorf("%s: %s (%s), want %s", name, o.Verdict, o.Reason, want.verdict)
		}
		var blocking []string
		for _, f := range it.Findings {
			if f.Severity.Blocks() {
				blocking = append(blocking, f.String())
			}
		}
		if len(blocking) != len(want.says) {
			t.Errorf("%s: findings %q, want %q", name, blocking, want.says)
		}
		for _, says := range want.says {
			if !slices.ContainsFunc(blocking, func(f string) bool { return strings.Contains(f, says) }) {
				t.Errorf("%s: findings %q, want %q", name, blocking, says)
			}
		}
	}
	if len(p.Items) < 50 || len(kinds) != 21 || len(p.Unread) > 0 {
		t.Errorf("%d items of %d kinds, %q unread", len(p.Items), len(kinds), p.Unread)
	}
}

func sample(t *testing.T, name string) *qti.Item {
	t.Helper()
	p, err := qti.Open(filepath.Join("testdata", "samples", name+".xml"), qti.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Items[0]
}

// The scores that the samples' authors have in mind.
func TestSampleScores(t *testing.T) {
	tests := []struct{ name, answers, want string }{
		{"associate", "RESPONSE=A K|P F", "3"},
		{"associate", "RESPONSE=K A|K P", "2"},
		{"choice_multiple", "RESPONSE=H", "1"},
		{"choice_multiple", "RESPONSE=H|O|N", "1"},
		{"choice_multiple", "RESPONSE=H|C", "0"},
		{"gap_match", "RESPONSE=W G1", "1"},
		{"gap_match", "RESPONSE=S G2|A G1", "1"},
		{"graphic_associate", "RESPONSE=B A", "1"},
		{"inline_choice", "RESPONSE=S;R2=S", "1"},
		{"inline_choice", "RESPONSE=S;R2=N", "3"},
		{"lookup_table", "RESPONSE=A|B", "1"},
		{"lookup_table", "RESPONSE=A|B|C", "2"},
		{"lookup_table", "RESPONSE=A|B|C|D", "1"},
		{"order_some", "RESPONSE=B", "1"},
		{"order_some", "RESPONSE=B|C", "1"},
		{"order_some", "RESPONSE=B|A", "2"},
		{"position_object", "RESPONSE=128 66", "1"},
		{"position_object", "RESPONSE=131 64", "0"},
		{"select_point", "RESPONSE=100 55|103 60", "1"},
		{"select_point", "RESPONSE=100 55|11 29", "2"},
		{"text_entry", "RESPONSE=astana", "1"},
		{"text_entry", "RESPONSE=Akmola", "0.5"},
		{"text_entry", "RESPONSE=akmola", "0"},
		{"text_entry_number", "RESPONSE=3.145", "2"},
		{"text_entry_number", "RESPONSE=3.1451", "0"},
		{"fraction", "RESPONSE=0.50", "1"},
		{"fraction", "RESPONSE=0.5", "0"},
		{"v3_rules", "A=6.04;B=TEN", "2"},
		{"v3_rules", "A=6.06;B=1 0", "1"},
		{"end_attempt", "RESPONSE=A", "1"},
		{"end_attempt", "RESPONSE=A;HELP=true", "0"},
	}
	for _, tt := range tests {
		s, err := sample(t, tt.name).Start(1)
		if err != nil {
			t.Fatal(err)
		}
		answer(t, s, tt.answers)
		if _, err := s.Mark(); err != nil {
			t.Fatal(err)
		}
		if got := s.State.Values["SCORE"].String(); got != tt.want {
			t.Errorf("%s with %s: %s, want %s", tt.name, tt.answers, got, tt.want)
		}
	}
}

func answer(t *testing.T, s *qti.Session, answers string) {
	t.Helper()
	for one := range strings.SplitSeq(answers, ";") {
		id, texts, _ := strings.Cut(one, "=")
		if err := s.AnswerText(id, strings.Split(texts, "|")...); err != nil {
			t.Fatal(err)
		}
	}
}

// An adaptive item goes on from attempt to attempt until it says that it is completed.
func TestAdaptiveAttempts(t *testing.T) {
	s, err := sample(t, "adaptive").Start(1)
	if err != nil {
		t.Fatal(err)
	}
	state := func() string {
		return fmt.Sprintf("%s %s %s %v", s.State.Values["numAttempts"], s.State.Values["SCORE"], s.State.Values["FEEDBACK"], s.Completed())
	}
	shown := func() string { return body.Plain(s.Review("candidate")) }
	for _, step := range []struct{ answers, state, shows, hides string }{
		{"RESPONSE=A", "1 0 again false", "Try again", "not the first"},
		{"HINT=true", "2 0 hint false", "not the first", "Try again"},
		{"RESPONSE=B", "3 0.6666666666666666 right true", "Guess", "Try again"},
	} {
		answer(t, s, step.answers)
		if _, err := s.Mark(); err != nil {
			t.Fatal(err)
		}
		if got := state(); got != step.state {
			t.Errorf("after %s: %s, want %s", step.answers, got, step.state)
		}
		if text := shown(); !strings.Contains(text, step.shows) || strings.Contains(text, step.hides) {
			t.Errorf("after %s the candidate sees %q", step.answers, text)
		}
	}
}

// A clone shows the values of its seed, also inside formulas and by parts of a container, and its key follows them.
func TestTemplateClones(t *testing.T) {
	it := sample(t, "template")
	texts := make(map[string]bool)
	for seed := range uint64(20) {
		s, err := it.Start(seed)
		if err != nil {
			t.Fatal(err)
		}
		text := body.Plain(s.Body())
		texts[text] = true
		km, h := s.State.Values["KM"].String(), s.State.Values["H"].String()
		for _, want := range []string{km + " km in " + h + " hours", "two comes second of one / two", "v=" + km + "/" + h} {
			if !strings.Contains(strings.ReplaceAll(text, " = ", "="), want) {
				t.Fatalf("seed %d: %q lacks %q", seed, text, want)
			}
		}
		if strings.Contains(text, "fast train") == strings.Contains(text, "(slow)") {
			t.Errorf("seed %d: %q", seed, text)
		}
		if err := s.Answer("RESPONSE", s.State.CorrectOf("RESPONSE")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Mark(); err != nil {
			t.Fatal(err)
		}
		if x, ok := s.Score(); !ok || x != 1 {
			t.Errorf("seed %d: the key gives %v", seed, x)
		}
	}
	if len(texts) < 5 {
		t.Errorf("twenty seeds gave %d clones", len(texts))
	}
}

// Rules that stand in another document of the package are rules of the item.
func TestIncludedRules(t *testing.T) {
	item := func(href string) string {
		return strings.Replace(item21("q", "<p>x</p>"), `<responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct"/>`,
			`<responseProcessing xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="`+href+`"/></responseProcessing>`, 1)
	}
	rules := `<responseProcessingFragment xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1"><responseCondition><responseIf><match><variable identifier="RESPONSE"/><correct identifier="RESPONSE"/></match><setOutcomeValue identifier="SCORE"><baseValue baseType="float">1</baseValue></setOutcomeValue></responseIf></responseCondition></responseProcessingFragment>`
	p := mustOpen(t, map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item("rules/right.xml"), "rules/right.xml": rules}, qti.Options{})
	if o := trial.Item(p.Items[0]); o.Verdict != trial.Right {
		t.Errorf("%s: %s; %v", o.Verdict, o.Reason, p.Findings)
	}
	for _, href := range []string{"none.xml", "../rules.xml", "http://example.org/rules.xml", "q.xml", ""} {
		p := mustOpen(t, map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item(href)}, qti.Options{})
		if o := trial.Item(p.Items[0]); o.Verdict != trial.NotMarked || p.Items[0].Usable() {
			t.Errorf("%q: %s: %s; %v", href, o.Verdict, o.Reason, p.Findings)
		}
	}
}

// What learning platforms export under the name of QTI and is an older standard is refused as that.
func TestOldQTI(t *testing.T) {
	canvas := `<manifest identifier="m" xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"><metadata><schema>IMS Content</schema></metadata><organizations/><resources>
<resource identifier="g1" type="imsqti_xmlv1p2"><file href="g1/g1.xml"/><dependency identifierref="g2"/></resource>
<resource identifier="g2" type="associatedcontent/imscc_xmlv1p1/learning-application-resource" href="g1/assessment_meta.xml"><file href="g1/assessment_meta.xml"/></resource></resources></manifest>`
	for name, files := range map[string]map[string]string{
		"Canvas":     {"imsmanifest.xml": canvas, "g1/g1.xml": "<questestinterop/>", "g1/assessment_meta.xml": "<quiz/>"},
		"Blackboard": {"imsmanifest.xml": `<manifest identifier="m"><resources><resource identifier="r" type="assessment/x-bb-qti-test" href="res1.dat"><file href="res1.dat"/></resource></resources></manifest>`, "res1.dat": "<questestinterop/>"},
	} {
		if _, err := openZip(pack(t, files), qti.Options{}); err == nil || !strings.Contains(err.Error(), "the content is QTI 1 (") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Archives of folders in folders, names with spaces and in other encodings.
func TestPackagesOfOtherTools(t *testing.T) {
	test := `<assessmentSection identifier="S" title="s" visible="true"><assessmentItemRef identifier="I" href="../items/item%201.xml"><weight identifier="W" value="2"/></assessmentItemRef></assessmentSection>`
	p := mustOpen(t, map[string]string{
		"export/final/imsmanifest.xml": strings.ReplaceAll(manifest("tests/test.xml", "items/item 1.xml"), "item 1.xml", "item%201.xml"),
		"export/final/tests/test.xml":  testDoc(test), "export/final/items/item 1.xml": item21("q", `<p><img src="../my%20pictures/a.png" alt="a"/></p>`),
		"export/final/my pictures/a.png": pngOf(t, 3, 3), "__MACOSX/export/final/imsmanifest.xml": "\x00\x05",
	}, qti.Options{})
	if len(p.Items) != 1 || len(p.Tests) != 1 || p.Tests[0].Items()[0].Item != p.Items[0] || !p.Items[0].Usable() || len(p.Items[0].Media) != 1 {
		t.Errorf("%d items, %d tests, %v", len(p.Items), len(p.Tests), p.Findings)
	}
}
