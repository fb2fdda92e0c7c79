package qti_test

import (
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"emtihan/exam/qti"
	"emtihan/exam/qti/body"
	"emtihan/exam/qti/finding"
)

func crcOf(data []byte) []byte {
	s := crc32.ChecksumIEEE(data)
	return []byte{byte(s >> 24), byte(s >> 16), byte(s >> 8), byte(s)}
}

// testOf makes a package of a test with the sections and the items q1 to q9.
func testOf(t testing.TB, sections string) (*qti.Package, *qti.Test) {
	t.Helper()
	files := map[string]string{"test.xml": testDoc(sections)}
	names := []string{"test.xml"}
	for i := range 9 {
		name := fmt.Sprintf("q%d.xml", i+1)
		files[name] = item21(strings.TrimSuffix(name, ".xml"), "<p>x</p>")
		names = append(names, name)
	}
	files["imsmanifest.xml"] = manifest(names...)
	p := mustOpen(t, files, qti.Options{})
	return p, p.Tests[0]
}

func refs(from, to int, attrs string) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintf(&b, `<assessmentItemRef identifier="I%d" href="q%d.xml" %s/>`, i, i, attrs)
	}
	return b.String()
}

func keys(f *qti.Form) string {
	var out []string
	for _, p := range f.Items {
		out = append(out, p.Key)
	}
	return strings.Join(out, " ")
}

func TestTestModel(t *testing.T) {
	_, test := testOf(t, `<itemSessionControl allowSkipping="false"/><timeLimits maxTime="600" allowLateSubmission="true"/>
	<assessmentSection identifier="S1" title="One" visible="false" keepTogether="false"><rubricBlock view="candidate"><p>Read this.</p></rubricBlock>
	<assessmentItemRef identifier="I1" href="q1.xml" category="math easy" required="true"><itemSessionControl maxAttempts="0"/><weight identifier="W" value="2.5"/><timeLimits minTime="5" maxTime="60"/><variableMapping sourceIdentifier="SCORE" targetIdentifier="POINTS"/></assessmentItemRef>
	<assessmentSection identifier="S2" title="Two" visible="true" fixed="true">`+refs(2, 3, "")+`</assessmentSection></assessmentSection>`)
	part := test.Parts[0]
	if part.Linear || !part.Simultaneous || part.Limits.Max != 10*time.Minute || !part.Limits.Late {
		t.Errorf("part %+v", part)
	}
	s1 := part.Sections[0]
	if s1.Title != "One" || s1.Visible || s1.KeepTogether || body.Plain(s1.Rubrics[0].Blocks) != "Read this." || len(s1.Children) != 2 {
		t.Errorf("section %+v", s1)
	}
	ref := s1.Children[0].Item
	if ref.Weights["W"] != 2.5 || strings.Join(ref.Categories, ",") != "math,easy" || !ref.Required || ref.Limits.Min != 5*time.Second || ref.Control.MaxAttempts != 0 || ref.Control.AllowSkipping || ref.Mapped["POINTS"] != "SCORE" {
		t.Errorf("reference %+v", ref)
	}
	if s2 := s1.Children[1].Section; !s2.Fixed || len(s2.Children) != 2 || s2.Children[0].Item.Control.MaxAttempts != 1 {
		t.Errorf("section %+v", s2)
	}
}

func TestArrange(t *testing.T) {
	tests := []struct {
		name, sections string
		check          func(t *testing.T, order []string)
	}{
		{"as it is", `<assessmentSection identifier="S" title="s" visible="true">` + refs(1, 5, "") + `</assessmentSection>`, func(t *testing.T, order []string) {
			if strings.Join(order, " ") != "I1 I2 I3 I4 I5" {
				t.Errorf("order %v", order)
			}
		}},
		{"selection keeps the order", `<assessmentSection identifier="S" title="s" visible="true"><selection select="3"/>` + refs(1, 8, "") + `</assessmentSection>`, func(t *testing.T, order []string) {
			if len(order) != 3 || order[0] >= order[1] || order[1] >= order[2] {
				t.Errorf("order %v", order)
			}
		}},
		{"required is always there", `<assessmentSection identifier="S" title="s" visible="true"><selection select="2"/>` + refs(1, 7, "") + `<assessmentItemRef identifier="I8" href="q8.xml" required="true"/></assessmentSection>`, func(t *testing.T, order []string) {
			if len(order) != 2 || order[1] != "I8" {
				t.Errorf("order %v", order)
			}
		}},
		{"fixed stays", `<assessmentSection identifier="S" title="s" visible="true"><ordering shuffle="true"/>` + refs(1, 2, "") + `<assessmentItemRef identifier="I3" href="q3.xml" fixed="true"/>` + refs(4, 6, "") + `</assessmentSection>`, func(t *testing.T, order []string) {
			if len(order) != 6 || order[2] != "I3" {
				t.Errorf("order %v", order)
			}
		}},
		{"with replacement", `<assessmentSection identifier="S" title="s" visible="true"><selection select="5" withReplacement="true"/>` + refs(1, 2, "") + `</assessmentSection>`, func(t *testing.T, order []string) {
			if len(order) != 5 || order[0] == order[1] || !strings.Contains(strings.Join(order, " "), ".2") {
				t.Errorf("order %v", order)
			}
		}},
		{"a visible section stays together", `<assessmentSection identifier="S" title="s" visible="true"><ordering shuffle="true"/>` + refs(1, 3, "") + `<assessmentSection identifier="T" title="t" visible="true">` + refs(4, 6, "") + `</assessmentSection></assessmentSection>`, func(t *testing.T, order []string) {
			if !strings.Contains(strings.Join(order, " "), "I4 I5 I6") {
				t.Errorf("order %v", order)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, test := testOf(t, tt.sections)
			for seed := range uint64(30) {
				f := test.Arrange(seed)
				tt.check(t, strings.Fields(keys(f)))
				if again := keys(test.Arrange(seed)); again != keys(f) {
					t.Fatalf("seed %d gave %s and then %s", seed, keys(f), again)
				}
			}
		})
	}
	_, test := testOf(t, `<assessmentSection identifier="S" title="s" visible="true"><ordering shuffle="true"/>`+refs(1, 3, "")+`<assessmentSection identifier="T" title="t" visible="false" keepTogether="false">`+refs(4, 6, "")+`</assessmentSection></assessmentSection>`)
	mixed := false
	for seed := range uint64(30) {
		order := keys(test.Arrange(seed))
		mixed = mixed || strings.Index(order, "I4") < strings.Index(order, "I1") && strings.Index(order, "I1") < strings.Index(order, "I6")
	}
	if !mixed {
		t.Error("an invisible section that need not stay together was never mixed with its siblings")
	}
}

// A variant is reviewed months after the exam, perhaps by a newer program: these orders must never change.
func TestVariantsAreStable(t *testing.T) {
	p, test := testOf(t, `<assessmentSection identifier="S" title="s" visible="true"><selection select="6"/><ordering shuffle="true"/>`+refs(1, 9, "")+`</assessmentSection>`)
	if got, want := keys(test.Arrange(20261122)), "I3 I8 I6 I7 I1 I4"; got != want {
		t.Errorf("the form is %s, and was %s", got, want)
	}
	choices, _ := qti.Shuffled(p.Items[0].Interactions[0], 7)
	var ids []string
	for _, c := range choices {
		ids = append(ids, c.ID)
	}
	if got, want := strings.Join(ids, ""), "DACB"; got != want {
		t.Errorf("the choices are %s, and were %s", got, want)
	}
}

func TestShuffled(t *testing.T) {
	p, _ := testOf(t, `<assessmentSection identifier="S" title="s" visible="true">`+refs(1, 1, "")+`</assessmentSection>`)
	in := p.Items[0].Interactions[0]
	seen := make(map[string]bool)
	for seed := range uint64(60) {
		choices, _ := qti.Shuffled(in, seed)
		order := ""
		for _, c := range choices {
			order += c.ID
		}
		if order[2] != 'C' {
			t.Fatalf("seed %d moved the fixed choice: %s", seed, order)
		}
		seen[order] = true
	}
	if len(seen) != 6 {
		t.Errorf("60 seeds gave %v, want all six orders of three", seen)
	}
	if in.Choices[0].ID != "A" {
		t.Error("shuffling changed the item")
	}
}

func TestFormScore(t *testing.T) {
	_, test := testOf(t, `<assessmentSection identifier="S" title="s" visible="true">
	<assessmentItemRef identifier="I1" href="q1.xml"><weight identifier="W" value="2"/></assessmentItemRef>`+refs(2, 3, "")+`</assessmentSection>`)
	f := test.Arrange(1)
	answers := map[string]string{"I1": "B", "I2": "A", "I3": "B"}
	var worked []qti.Worked
	for _, p := range f.Items {
		s, err := p.Ref.Item.Start(f.Seed)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.AnswerText("RESPONSE", answers[p.Key]); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Mark(); err != nil {
			t.Fatal(err)
		}
		worked = append(worked, qti.Worked{Placed: p, Session: s, Presented: true})
	}
	state, result, err := f.Score(worked)
	if err != nil || len(result.Problems) > 0 || state.Values["SCORE"].String() != "3" {
		t.Errorf("score %s, %v, %v; want 2·1 + 0 + 1 = 3", state.Values["SCORE"], result.Problems, err)
	}
}

func TestSectionsFromFiles(t *testing.T) {
	p := mustOpen(t, map[string]string{
		"imsmanifest.xml":    manifest("test.xml", "q1.xml"),
		"q1.xml":             item21("q1", "<p>x</p>"),
		"test.xml":           testDoc(`<assessmentSectionRef identifier="S" href="parts/section.xml"/><assessmentSectionRef identifier="L" href="loop.xml"/><assessmentSectionRef identifier="X" href="../x.xml"/>`),
		"parts/section.xml":  `<assessmentSection xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="S" title="s" visible="true"><assessmentItemRef identifier="I" href="../q1.xml"/></assessmentSection>`,
		"loop.xml":           `<assessmentSection xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="L" title="l" visible="true"><assessmentSectionRef identifier="L2" href="loop.xml"/></assessmentSection>`,
		"parts/unrelated.md": "",
	}, qti.Options{})
	items := p.Tests[0].Items()
	if len(items) != 1 || items[0].Item == nil || items[0].Item.ID != "q1" {
		t.Errorf("references %+v", items)
	}
	if !has(p.Findings, finding.Invalid, "too many sections") || !has(p.Findings, finding.Invalid, `"../x.xml" does not lie in the package`) {
		t.Errorf("findings %v", p.Findings)
	}
}

func TestSession(t *testing.T) {
	template := strings.NewReplacer(
		"<itemBody>", `<templateDeclaration identifier="A" cardinality="single" baseType="integer"/><templateDeclaration identifier="KEY" cardinality="single" baseType="identifier"/><templateProcessing>
		<setTemplateValue identifier="A"><randomInteger min="10" max="99"/></setTemplateValue>
		<templateCondition><templateIf><equal><integerModulus><variable identifier="A"/><baseValue baseType="integer">2</baseValue></integerModulus><baseValue baseType="integer">0</baseValue></equal><setCorrectResponse identifier="RESPONSE"><baseValue baseType="identifier">A</baseValue></setCorrectResponse></templateIf>
		<templateElse><setCorrectResponse identifier="RESPONSE"><baseValue baseType="identifier">D</baseValue></setCorrectResponse></templateElse></templateCondition></templateProcessing><itemBody>`).Replace(item21("q", `<p>Is <printedVariable identifier="A"/> even?</p>`))
	p := mustOpen(t, map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": template}, qti.Options{Strict: true})
	it := p.Items[0]
	clones := make(map[string]bool)
	for seed := range uint64(20) {
		s, err := it.Start(seed)
		if err != nil {
			t.Fatal(err)
		}
		text := body.Plain(s.Body())
		n, key := 0, "D"
		if _, err := fmt.Sscanf(text, "Is %d even?", &n); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if n%2 == 0 {
			key = "A"
		}
		clones[text] = true
		if err := s.AnswerText("RESPONSE", key); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Mark(); err != nil {
			t.Fatal(err)
		}
		if x, _ := s.Score(); x != 1 {
			t.Errorf("clone %q: the answer %s gives %g", text, key, x)
		}
		if correct, known := s.AllCorrect(); !correct || !known {
			t.Errorf("clone %q: not known as correct", text)
		}
	}
	if len(clones) < 10 {
		t.Errorf("twenty seeds gave %d clones", len(clones))
	}
	s, _ := it.Start(1)
	if err := s.AnswerText("NONE", "x"); err == nil {
		t.Error("a response that is not declared was taken")
	}
	if err := s.AnswerText("RESPONSE", "A", "B"); err == nil || s.Responded() {
		t.Error("two values for one were taken")
	}
	if err := s.Answer("RESPONSE", single(1, "true")); err == nil {
		t.Error("a boolean was taken for an identifier")
	}
}
