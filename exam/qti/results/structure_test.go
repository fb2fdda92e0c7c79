package results_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"emtihan/exam/qti"
	"emtihan/exam/qti/processing"
	"emtihan/exam/qti/results"
	"emtihan/exam/qti/trial"
)

// grammar is what the schemas of Results Reporting 2.1 to 3.0 say of the elements that are written: the order of the children, the
// attributes that must be there, and those that may, with the form of their values.
var grammar = map[string]struct {
	children *regexp.Regexp
	must     string
	may      string
	text     bool
}{
	"assessmentResult":  {regexp.MustCompile(`^context (testResult )?(itemResult )*$`), "", "xsi:schemaLocation", false},
	"context":           {regexp.MustCompile(`^(sessionIdentifier )*$`), "", "sourcedId", false},
	"sessionIdentifier": {regexp.MustCompile(`^$`), "sourceID identifier", "", false},
	"testResult":        {regexp.MustCompile(`^(responseVariable )*(outcomeVariable )*$`), "identifier datestamp", "", false},
	"itemResult":        {regexp.MustCompile(`^(responseVariable )*(templateVariable )*(outcomeVariable )*(candidateComment )?$`), "identifier datestamp sessionStatus", "sequenceIndex", false},
	"responseVariable":  {regexp.MustCompile(`^(correctResponse )?candidateResponse $`), "identifier cardinality", "baseType choiceSequence", false},
	"outcomeVariable":   {regexp.MustCompile(`^(value )*$`), "identifier cardinality", "baseType view interpretation longInterpretation normalMaximum normalMinimum masteryValue external-scored", false},
	"templateVariable":  {regexp.MustCompile(`^(value )*$`), "identifier cardinality", "baseType", false},
	"correctResponse":   {regexp.MustCompile(`^(value )+$`), "", "", false},
	"candidateResponse": {regexp.MustCompile(`^(value )*$`), "", "", false},
	"value":             {regexp.MustCompile(`^$`), "", "fieldIdentifier baseType", true},
	"candidateComment":  {regexp.MustCompile(`^$`), "", "", true},
}

const name = `[\p{L}_][\p{L}\p{N}\p{Mn}._·-]*`

var forms = map[string]*regexp.Regexp{
	"sourcedId": regexp.MustCompile(`^` + name + `$`), "identifier": regexp.MustCompile(`^` + name + `$`), "fieldIdentifier": regexp.MustCompile(`^` + name + `$`),
	"datestamp":       regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$`),
	"sessionStatus":   regexp.MustCompile(`^(final|initial|pendingResponseProcessing|pendingSubmission|pendingExternalScoring)$`),
	"sequenceIndex":   regexp.MustCompile(`^[1-9]\d*$`),
	"cardinality":     regexp.MustCompile(`^(single|multiple|ordered|record)$`),
	"baseType":        regexp.MustCompile(`^(boolean|directedPair|duration|file|float|identifier|integer|pair|point|string|uri|intOrIdentifier)$`),
	"choiceSequence":  regexp.MustCompile(`^` + name + `( ` + name + `)*$`),
	"normalMaximum":   regexp.MustCompile(`^-?[0-9.e+-]+$`),
	"normalMinimum":   regexp.MustCompile(`^-?[0-9.e+-]+$`),
	"masteryValue":    regexp.MustCompile(`^-?[0-9.e+-]+$`),
	"external-scored": regexp.MustCompile(`^(human|externalMachine)$`),
}

// valid says what in a document is not as the schema has it.
func valid(data []byte) (wrong []string) {
	type open struct {
		name     string
		children string
		text     string
	}
	var stack []open
	d := xml.NewDecoder(bytes.NewReader(data))
	space, roots := "", 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return append(wrong, err.Error())
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(stack) == 0 {
				roots++
				space = t.Name.Space
				if t.Name.Local != "assessmentResult" || !strings.HasPrefix(space, "http://www.imsglobal.org/xsd/imsqti_result_v") {
					wrong = append(wrong, "the root is "+t.Name.Local+" of "+space)
				}
			} else {
				stack[len(stack)-1].children += t.Name.Local + " "
			}
			g, known := grammar[t.Name.Local]
			if !known || t.Name.Space != space {
				wrong = append(wrong, "the element "+t.Name.Local)
			}
			has := make(map[string]bool)
			for _, a := range t.Attr {
				if a.Name.Local == "xmlns" || a.Name.Space == "xmlns" || a.Name.Local == "schemaLocation" {
					continue
				}
				has[a.Name.Local] = true
				if !slices.Contains(strings.Fields(g.must+" "+g.may), a.Name.Local) {
					wrong = append(wrong, t.Name.Local+" has the attribute "+a.Name.Local)
				}
				if f := forms[a.Name.Local]; f != nil && !f.MatchString(a.Value) {
					wrong = append(wrong, fmt.Sprintf("%s of %s is %q", a.Name.Local, t.Name.Local, a.Value))
				}
			}
			for _, must := range strings.Fields(g.must) {
				if !has[must] {
					wrong = append(wrong, t.Name.Local+" has no "+must)
				}
			}
			stack = append(stack, open{name: t.Name.Local})
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text += string(t)
			}
		case xml.EndElement:
			last := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if g, known := grammar[last.name]; known && !g.children.MatchString(last.children) {
				wrong = append(wrong, last.name+" holds "+last.children)
			} else if !g.text && strings.TrimSpace(last.text) != "" {
				wrong = append(wrong, last.name+" holds text")
			}
		}
	}
	if roots != 1 {
		wrong = append(wrong, fmt.Sprint(roots, " roots"))
	}
	return wrong
}

// The validator itself notices what the schema forbids.
func TestValidator(t *testing.T) {
	var b bytes.Buffer
	if err := results.Write(&b, result(t), results.V30); err != nil {
		t.Fatal(err)
	}
	good := b.String()
	if wrong := valid([]byte(good)); len(wrong) > 0 {
		t.Fatalf("%v\n%s", wrong, good)
	}
	for _, edit := range [][2]string{
		{"<context", "<contexts"},
		{`sessionStatus="pendingExternalScoring"`, `sessionStatus="done"`},
		{`cardinality="multiple"`, ""},
		{"<candidateResponse>", "text<candidateResponse>"},
		{`identifier="I1"`, `identifier="1 I"`},
		{`datestamp="2026`, `datestamp="26`},
		{"imsqti_result_v3p0", "other"},
	} {
		broken := strings.Replace(good, edit[0], edit[1], 1)
		if edit[0] == "<context" {
			broken = strings.Replace(broken, "</context>", "</contexts>", 1)
		}
		if broken == good || len(valid([]byte(broken))) == 0 {
			t.Errorf("%q for %q is not noticed", edit[1], edit[0])
		}
	}
}

// Every sample of the reader, answered by its key, gives a report that the schemas allow.
func TestStructure(t *testing.T) {
	p, err := qti.Open(filepath.Join("..", "testdata", "samples"), qti.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r := results.Result{Candidate: "D-1", Sessions: []results.Session{{Source: "urn:example:centre", ID: "S1"}}}
	for i, it := range p.Items {
		s, _, err := trial.Answered(it)
		if err != nil {
			t.Fatal(err)
		}
		r.Items = append(r.Items, results.FromSession(s, results.Name(it.ID), i+1, at, results.Final, i%2 == 0))
	}
	for _, v := range []results.Version{results.V21, results.V22, results.V30} {
		var b bytes.Buffer
		if err := results.Write(&b, r, v); err != nil {
			t.Fatal(err)
		}
		for _, w := range valid(b.Bytes()) {
			t.Errorf("%s: %s", v, w)
		}
		if strings.Count(b.String(), "<itemResult ") != len(p.Items) || len(p.Items) < 50 {
			t.Errorf("%s: %d items", v, strings.Count(b.String(), "<itemResult "))
		}
	}
}

// Whatever a candidate typed and whatever things are called, a report is written that the schema allows, or nothing.
func FuzzResults(f *testing.F) {
	f.Add("D-1", "I1", "RESPONSE", "text", "a comment", 1.0, uint8(0))
	f.Add("48151", "", "MY SCORE", "\x00]]><value>", "\ufffe&", math.Inf(1), uint8(4))
	f.Fuzz(func(t *testing.T, candidate, item, variable, text, comment string, score float64, kind uint8) {
		v := results.Variable{ID: variable, Card: processing.Single, Base: processing.String, Value: processing.Texts(processing.Single, processing.String, text)}
		if kind%2 == 1 {
			v.Card, v.Base = processing.Record, processing.NoBase
			v.Value = processing.TypedNumber(text)
		}
		r := results.Result{
			Candidate: candidate,
			Items: []results.Item{{
				ID: item, Place: int(kind), Time: time.Unix(1, 0), Status: results.Final, Comment: comment,
				Responses: []results.Response{{Variable: v}},
				Outcomes:  []results.Outcome{{Variable: results.Variable{ID: "SCORE", Base: processing.Float, Value: processing.Num(score)}, NormalMax: 1, NormalMin: math.NaN(), Pass: math.NaN()}},
			}},
		}
		var b bytes.Buffer
		if err := results.Write(&b, r, results.V30); err != nil {
			return
		}
		for _, w := range valid(b.Bytes()) {
			t.Fatalf("%s\n%s", w, b.String())
		}
	})
}
