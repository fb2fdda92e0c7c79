package results_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/exam/qti"
	"emtihan/exam/qti/intake"
	"emtihan/exam/qti/processing"
	"emtihan/exam/qti/results"
)

var update = flag.Bool("update", false, "write the expected documents anew")

var at = time.Date(2026, 8, 11, 10, 45, 30, 0, time.FixedZone("", 5*3600))

const item = `<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="q1" title="t" adaptive="false" timeDependent="false">
  <responseDeclaration identifier="RESPONSE" cardinality="multiple" baseType="identifier"><correctResponse><value>A</value><value>C</value></correctResponse></responseDeclaration>
  <responseDeclaration identifier="WHY" cardinality="single" baseType="string"/>
  <outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float" normalMaximum="1" normalMinimum="0" view="candidate scorer"/>
  <outcomeDeclaration identifier="ESSAY" cardinality="single" baseType="float" externalScored="human"/>
  <itemBody><choiceInteraction responseIdentifier="RESPONSE" maxChoices="0"><simpleChoice identifier="A">a</simpleChoice><simpleChoice identifier="B">b</simpleChoice><simpleChoice identifier="C">c</simpleChoice></choiceInteraction>
  <extendedTextInteraction responseIdentifier="WHY"/></itemBody>
  <responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct"/>
</assessmentItem>`

func result(t *testing.T) results.Result {
	t.Helper()
	source, err := intake.Files(map[string][]byte{"q1.xml": []byte(item)}, intake.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := qti.Read("p", source, qti.Options{Strict: true}, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Items[0].Start(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AnswerText("RESPONSE", "C", "A"); err != nil {
		t.Fatal(err)
	}
	if err := s.Answer("WHY", processing.Texts(processing.Single, processing.String, "Потому что 2 < 3 & \"да\"\x00")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Mark(); err != nil {
		t.Fatal(err)
	}
	first := results.FromSession(s, "I1", 1, at, results.PendingScoring, true)
	first.Responses[0].Order = []string{"B", "A", "C"}
	first.Comment = "Опечатка в задании"
	return results.Result{
		Candidate: "D-48151",
		Sessions:  []results.Session{{Source: "urn:example:centre", ID: results.Name("2026-08-11/2/14")}},
		Test: &results.Test{ID: "T1", Time: at, Outcomes: []results.Outcome{
			{Variable: results.Variable{ID: "SCORE", Base: processing.Float, Value: processing.Num(1)}, NormalMin: math.NaN(), NormalMax: 100, Pass: 75},
		}},
		Items: []results.Item{first, {ID: "I2", Place: 2, Time: at, Status: results.Initial}},
	}
}

// R23: what is reported to others is the individual code. The documents follow imsqti_resultv3p0_v1p0.xsd and imsqti_result_v2p2.xsd:
// context first, then the test, then the items; external-scored and pendingExternalScoring are of 3.0 alone.
func TestGolden(t *testing.T) {
	for _, v := range []results.Version{results.V21, results.V22, results.V30} {
		var b bytes.Buffer
		if err := results.Write(&b, result(t), v); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join("testdata", "result-"+string(v)+".xml")
		if *update {
			if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%s differs from %s:\n%s", v, name, b.String())
		}
		d := xml.NewDecoder(&b)
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s is not well-formed: %v", v, err)
			}
		}
		three := strings.Contains(string(want), `external-scored="human"`) && strings.Contains(string(want), "pendingExternalScoring")
		if three != (v == results.V30) {
			t.Errorf("%s: what only 3.0 has is there: %v", v, three)
		}
	}
}

// A report without the key has no correct response in it.
func TestWithoutKey(t *testing.T) {
	r := result(t)
	r.Items[0].Responses[0].Correct = processing.Null
	var b bytes.Buffer
	if err := results.Write(&b, r, results.V30); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "correctResponse") {
		t.Error("the key is in the report")
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name string
		edit func(r *results.Result)
		says string
	}{
		{"no candidate", func(r *results.Result) { r.Candidate = "" }, `candidate ""`},
		{"a number as code", func(r *results.Result) { r.Candidate = "48151" }, `candidate "48151" is no XML name`},
		{"session without system", func(r *results.Result) { r.Sessions[0].Source = "" }, "of no system"},
		{"test without time", func(r *results.Result) { r.Test.Time = time.Time{} }, "the test has no time"},
		{"item without id", func(r *results.Result) { r.Items[0].ID = "" }, `item ""`},
		{"unknown status", func(r *results.Result) { r.Items[1].Status = "done" }, `status "done"`},
		{"variable with a space", func(r *results.Result) { r.Items[0].Outcomes[0].ID = "MY SCORE" }, `variable "MY SCORE"`},
	}
	for _, tt := range tests {
		r := result(t)
		tt.edit(&r)
		if err := results.Write(io.Discard, r, results.V30); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.says)
		}
	}
	if err := results.Write(io.Discard, result(t), "1.2"); err == nil {
		t.Error("an unknown version was written")
	}
}

func TestName(t *testing.T) {
	for in, want := range map[string]string{"48151": "_48151", "a b": "a_b", "Код-7": "Код-7", "": "_", "-x": "_-x", "a:b": "a_b", "x.y": "x.y"} {
		if got := results.Name(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
