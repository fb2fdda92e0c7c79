// Package results writes what came of an attempt as a QTI Results Reporting document (assessmentResult), the form in which other
// systems take responses and scores, from a neutral structure that knows neither windows nor logs.
package results

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"emtihan/exam/qti"
	"emtihan/exam/qti/processing"
)

// Version is the version of Results Reporting to write.
type Version string

// The versions. Their documents differ in the namespace and the schema; elements and attributes are the same.
const (
	V21 Version = "2.1"
	V22 Version = "2.2"
	V30 Version = "3.0"
)

var spaces = map[Version][2]string{
	V21: {"http://www.imsglobal.org/xsd/imsqti_result_v2p1", "http://www.imsglobal.org/xsd/qti/qtiv2p1/imsqti_result_v2p1.xsd"},
	V22: {"http://www.imsglobal.org/xsd/imsqti_result_v2p2", "http://www.imsglobal.org/xsd/qti/qtiv2p2/imsqti_result_v2p2.xsd"},
	V30: {"http://www.imsglobal.org/xsd/imsqti_result_v3p0", "https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqti_resultv3p0_v1p0.xsd"},
}

// Status is the state of an item's session.
type Status string

// The states.
const (
	Initial           Status = "initial"           // not seen
	PendingSubmission Status = "pendingSubmission" // responses are there, not handed in
	PendingProcessing Status = "pendingResponseProcessing"
	PendingScoring    Status = "pendingExternalScoring" // waits for people; 3.0 only, earlier versions say pendingResponseProcessing
	Final             Status = "final"
)

// Result is what came of one attempt at one test.
type Result struct {
	// Candidate identifies the candidate to the receiver. Where others mark, it is the individual code, never a name or an IIN (R23).
	// The standard wants an XML name, which no digit begins: see [Name].
	Candidate string
	Sessions  []Session // of the systems that took part
	Test      *Test     // nil: only items are reported
	Items     []Item
}

// Session names the attempt in a system.
type Session struct {
	Source string // a URI that names the system
	ID     string // an XML name
}

// Name makes an XML name (NCName) of an identifier: signs that a name cannot have become "_", and what cannot begin one gets "_" in
// front. Different identifiers may become one name if they differ only in such signs.
func Name(id string) string {
	var b strings.Builder
	for i, r := range id {
		switch {
		case nameStart(r), i > 0 && nameRest(r):
			b.WriteRune(r)
		case i == 0 && nameRest(r):
			b.WriteString("_" + string(r))
		default:
			b.WriteByte('_')
		}
	}
	if b.Len() == 0 {
		return "_"
	}
	return b.String()
}

func nameStart(r rune) bool { return r == '_' || unicode.IsLetter(r) }

func nameRest(r rune) bool {
	return nameStart(r) || r == '-' || r == '.' || r == '·' || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

func isName(s string) bool { return s != "" && Name(s) == s }

// Test is the result of the test as a whole.
type Test struct {
	ID        string
	Time      time.Time
	Responses []Response // duration and such
	Outcomes  []Outcome
}

// Item is the result of one item.
type Item struct {
	ID        string // of the reference in the test
	Place     int    // in the form, from 1; 0: not stated
	Time      time.Time
	Status    Status
	Responses []Response
	Templates []Variable
	Outcomes  []Outcome
	Comment   string // of the candidate
}

// Variable is a variable with its value.
type Variable struct {
	ID    string
	Card  processing.Cardinality
	Base  processing.Base
	Value processing.Value
}

// Response is a response variable. Order holds the identifiers of the choices in the order in which they were shown, where it was
// shuffled.
type Response struct {
	Variable
	Correct processing.Value // NULL: not reported
	Order   []string
}

// Outcome is an outcome variable. Bounds that are NaN are not reported.
type Outcome struct {
	Variable
	View                       string
	Interpretation             string
	NormalMin, NormalMax, Pass float64
	GivenByPerson              bool // marked by people: 3.0 says externalScored="human"
	LongInterpretation         string
}

// FromSession reports a marked item. With key, the correct responses are in it; a report that leaves the centre has none. What people
// are to mark has no value before the status is Final.
func FromSession(s *qti.Session, id string, place int, at time.Time, status Status, key bool) Item {
	it := Item{ID: id, Place: place, Time: at, Status: status}
	variable := func(d *processing.Declaration) Variable {
		return Variable{ID: d.ID, Card: d.Card, Base: d.Base, Value: s.State.Values[d.ID]}
	}
	for _, d := range s.Item.Responses {
		r := Response{Variable: variable(d)}
		if key {
			r.Correct = s.State.CorrectOf(d.ID)
		}
		it.Responses = append(it.Responses, r)
	}
	for _, d := range s.Item.Templates {
		it.Templates = append(it.Templates, variable(d))
	}
	it.Outcomes = append(it.Outcomes, Outcome{Variable: Variable{ID: "completionStatus", Base: processing.Identifier, Value: s.State.Values["completionStatus"]}, NormalMin: math.NaN(), NormalMax: math.NaN(), Pass: math.NaN()})
	it.Outcomes = append(it.Outcomes, FromState(s.State, s.Item.Outcomes)...)
	if status != Final {
		for i := range it.Outcomes {
			if it.Outcomes[i].GivenByPerson {
				it.Outcomes[i].Value = processing.Null
			}
		}
	}
	return it
}

// FromState reports declared outcomes.
func FromState(s *processing.State, declared []*processing.Declaration) []Outcome {
	var out []Outcome
	for _, d := range declared {
		out = append(out, Outcome{
			Variable: Variable{ID: d.ID, Card: d.Card, Base: d.Base, Value: s.Values[d.ID]},
			View:     d.View, Interpretation: d.Interpretation, NormalMin: d.NormalMin, NormalMax: d.NormalMax, Pass: d.Mastery, GivenByPerson: d.External,
		})
	}
	return out
}

type writer struct {
	e   *xml.Encoder
	err error
}

type attrs []xml.Attr

func (a attrs) with(name, value string) attrs {
	if value == "" {
		return a
	}
	return append(a, xml.Attr{Name: xml.Name{Local: name}, Value: value})
}

func (a attrs) number(name string, x float64) attrs {
	if math.IsNaN(x) {
		return a
	}
	return a.with(name, strconv.FormatFloat(x, 'g', -1, 64))
}

func (w *writer) element(name string, a attrs, inside func()) {
	start := xml.StartElement{Name: xml.Name{Local: name}, Attr: a}
	w.token(start)
	if inside != nil {
		inside()
	}
	w.token(start.End())
}

func (w *writer) token(t xml.Token) {
	if w.err == nil {
		w.err = w.e.EncodeToken(t)
	}
}

func (w *writer) text(s string) { w.token(xml.CharData(s)) }

// Write writes the document. It refuses a result that the standard's schema does not allow: identifiers that are no XML names, a
// missing time, an unknown status. Line ends in responses are written; readers that validate may make spaces of them, since the
// schema calls values normalized strings.
func Write(to io.Writer, r Result, v Version) error {
	space, ok := spaces[v]
	if !ok {
		return fmt.Errorf("results: version %q is not known", v)
	}
	if err := r.check(); err != nil {
		return err
	}
	if _, err := io.WriteString(to, xml.Header); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	w := &writer{e: xml.NewEncoder(to)}
	w.e.Indent("", "  ")
	root := attrs{}.with("xmlns", space[0]).with("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance").with("xsi:schemaLocation", space[0]+" "+space[1])
	w.element("assessmentResult", root, func() {
		w.element("context", attrs{}.with("sourcedId", r.Candidate), func() {
			for _, s := range r.Sessions {
				w.element("sessionIdentifier", attrs{}.with("sourceID", s.Source).with("identifier", s.ID), nil)
			}
		})
		if t := r.Test; t != nil {
			w.element("testResult", attrs{}.with("identifier", t.ID).with("datestamp", stamp(t.Time)), func() {
				for _, x := range t.Responses {
					w.response(x)
				}
				for _, x := range t.Outcomes {
					w.outcome(x, v)
				}
			})
		}
		for _, it := range r.Items {
			w.item(it, v)
		}
	})
	if w.err == nil {
		w.err = w.e.Close()
	}
	if w.err == nil {
		_, w.err = io.WriteString(to, "\n")
	}
	if w.err != nil {
		return fmt.Errorf("results: %w", w.err)
	}
	return nil
}

func (r Result) check() error {
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("results: "+format, args...))
		}
	}
	bad(isName(r.Candidate), "the candidate %q is no XML name", r.Candidate)
	for _, s := range r.Sessions {
		bad(isName(s.ID) && s.Source != "", "the session %q of %q is no XML name, or of no system", s.ID, s.Source)
	}
	variable := func(where string, v Variable) {
		bad(isName(v.ID), "the variable %q of %s is no XML name", v.ID, where)
	}
	if t := r.Test; t != nil {
		bad(isName(t.ID), "the test %q is no XML name", t.ID)
		bad(!t.Time.IsZero(), "the test has no time")
		for _, v := range t.Responses {
			variable(t.ID, v.Variable)
		}
		for _, v := range t.Outcomes {
			variable(t.ID, v.Variable)
		}
	}
	for _, it := range r.Items {
		bad(isName(it.ID), "the item %q is no XML name", it.ID)
		bad(!it.Time.IsZero(), "the item %s has no time", it.ID)
		bad(slices.Contains([]Status{Initial, PendingSubmission, PendingProcessing, PendingScoring, Final}, it.Status), "the item %s has the status %q", it.ID, it.Status)
		for _, v := range it.Responses {
			variable(it.ID, v.Variable)
		}
		for _, v := range it.Templates {
			variable(it.ID, v)
		}
		for _, v := range it.Outcomes {
			variable(it.ID, v.Variable)
		}
	}
	return errors.Join(errs...)
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }

func (w *writer) item(it Item, v Version) {
	a := attrs{}.with("identifier", it.ID)
	if it.Place > 0 {
		a = a.with("sequenceIndex", strconv.Itoa(it.Place))
	}
	status := it.Status
	if status == PendingScoring && v != V30 {
		status = PendingProcessing
	}
	a = a.with("datestamp", stamp(it.Time)).with("sessionStatus", string(status))
	w.element("itemResult", a, func() {
		for _, x := range it.Responses {
			w.response(x)
		}
		for _, x := range it.Templates {
			w.element("templateVariable", x.attrs(), func() { w.values(x.Value) })
		}
		for _, x := range it.Outcomes {
			w.outcome(x, v)
		}
		if it.Comment != "" {
			w.element("candidateComment", nil, func() { w.text(it.Comment) })
		}
	})
}

func (x Variable) attrs() attrs {
	a := attrs{}.with("identifier", x.ID).with("cardinality", x.Card.String())
	if x.Card != processing.Record {
		a = a.with("baseType", x.Base.String())
	}
	return a
}

func (w *writer) response(x Response) {
	a := x.attrs()
	if len(x.Order) > 0 {
		a = a.with("choiceSequence", strings.Join(x.Order, " "))
	}
	w.element("responseVariable", a, func() {
		if !x.Correct.IsNull() {
			w.element("correctResponse", nil, func() { w.values(x.Correct) })
		}
		w.element("candidateResponse", nil, func() { w.values(x.Value) })
	})
}

func (w *writer) outcome(x Outcome, v Version) {
	a := x.attrs().with("view", x.View).with("interpretation", x.Interpretation).with("longInterpretation", x.LongInterpretation)
	a = a.number("normalMaximum", x.NormalMax).number("normalMinimum", x.NormalMin).number("masteryValue", x.Pass)
	if x.GivenByPerson && v == V30 {
		a = a.with("external-scored", "human")
	}
	w.element("outcomeVariable", a, func() { w.values(x.Value) })
}

func (w *writer) values(v processing.Value) {
	for _, s := range v.Items {
		w.element("value", nil, func() { w.text(clean(s.String())) })
	}
	for _, name := range sortedFields(v) {
		f := v.Fields[name]
		for _, s := range f.Items {
			w.element("value", attrs{}.with("fieldIdentifier", name).with("baseType", s.Base.String()), func() { w.text(clean(s.String())) })
		}
	}
}

// clean replaces what XML cannot hold, so that no response can make the report unreadable.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return r
		case r < ' ' || r == 0xfffe || r == 0xffff || r >= 0xd800 && r <= 0xdfff:
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

func sortedFields(v processing.Value) []string { return slices.Sorted(maps.Keys(v.Fields)) }
