package qti

import (
	"strconv"
	"strings"
	"time"

	"emtihan/exam/qti/body"
	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/processing"
	"emtihan/exam/qti/xmltree"
)

// Test is an assessment test.
type Test struct {
	Path     string
	Version  Version
	ID       string
	Title    string
	Outcomes []*processing.Declaration
	Limits   TimeLimits
	Parts    []*Part
	Rubrics  []*body.Rubric
	Feedback []TestFeedback

	Processing *processing.Program // nil: none
	Findings   []finding.Finding
	steps      int
}

// Part is a part of a test.
type Part struct {
	ID           string
	Linear       bool // items come one after the other and there is no way back
	Simultaneous bool // all responses are handed in together at the end of the part
	Limits       TimeLimits
	Rubrics      []*body.Rubric
	Sections     []*Section
	Feedback     []TestFeedback
}

// Section is a section of a part.
type Section struct {
	ID, Title    string
	Visible      bool // the candidate sees that it is a section
	Fixed        bool // keeps its place when its siblings are shuffled
	Required     bool // is always selected
	KeepTogether bool // its children are not mixed with its siblings
	Limits       TimeLimits

	Select  int  // how many of the children are taken; 0: all
	Replace bool // a child may be taken several times
	Shuffle bool // the children come in any order

	Rubrics  []*body.Rubric
	Stimuli  []*Stimulus
	Children []Child
}

// Child is a section or a reference to an item.
type Child struct {
	Section *Section
	Item    *ItemRef
}

// ItemRef puts an item into a test.
type ItemRef struct {
	ID         string
	Path       string
	Item       *Item // nil where the item could not be read
	Categories []string
	Weights    map[string]float64
	Fixed      bool
	Required   bool
	Limits     TimeLimits
	Control    Control
	Mapped     map[string]string // names of outcomes in the test → names in the item
	line       int
}

// Control is how the session of an item runs; what a part or a section says holds for what is in it.
type Control struct {
	MaxAttempts       int // 0: any number
	ShowFeedback      bool
	AllowReview       bool
	ShowSolution      bool
	AllowComment      bool
	AllowSkipping     bool
	ValidateResponses bool
}

var usualControl = Control{MaxAttempts: 1, AllowReview: true, AllowSkipping: true}

// TimeLimits bound the time for a test, a part, a section or an item. 0: no bound.
type TimeLimits struct {
	Min, Max time.Duration
	Late     bool // responses after Max are taken and marked as late
}

// TestFeedback is a text about a test that depends on an outcome of it.
type TestFeedback struct {
	body.Condition
	During bool // shown while the test runs; otherwise at its end
	Title  string
	Blocks []body.Block
}

// Items yields the references of the test in the author's order.
func (t *Test) Items() []*ItemRef {
	var out []*ItemRef
	for _, p := range t.Parts {
		for _, s := range p.Sections {
			out = s.items(out)
		}
	}
	return out
}

func (s *Section) items(out []*ItemRef) []*ItemRef {
	for _, c := range s.Children {
		if c.Item != nil {
			out = append(out, c.Item)
		} else {
			out = c.Section.items(out)
		}
	}
	return out
}

// Outcome returns the declaration of an outcome of the test, or nil.
func (t *Test) Outcome(id string) *processing.Declaration { return declared(t.Outcomes, id) }

// maxSections bounds sections in sections, and the documents with sections that a test refers to.
const maxSections = 1000

type testReader struct {
	*document
	t        *Test
	ids      map[string]bool
	sections int
}

func (d *document) test(root *xmltree.Node) *Test {
	t := &Test{Path: d.path, Version: versionOf(root), ID: strings.TrimSpace(root.Attr("identifier")), Title: root.Attr("title"), steps: d.p.options.Steps}
	r := &testReader{document: d, t: t, ids: make(map[string]bool)}
	for n := range root.Elements() {
		switch n.Name {
		case "outcome-declaration":
			t.Outcomes = append(t.Outcomes, processing.ParseDeclaration(n, processing.Outcome, d.report))
		case "time-limits":
			t.Limits = r.limits(n)
		case "test-part":
			t.Parts = append(t.Parts, r.part(n))
		case "outcome-processing":
			t.Processing = processing.Compile(n, processing.TestOutcomes, d.report)
		case "test-feedback":
			t.Feedback = append(t.Feedback, r.feedback(n))
		case "rubric-block":
			t.Rubrics = append(t.Rubrics, r.reader().Rubric(n))
		case "stylesheet":
			d.report(finding.Note, n, "style sheets are not applied")
			n.Skip()
		case "context-declaration":
			d.report(finding.Unsupported, n, "context variables come from the delivery engine, and this one gives none")
			n.Skip()
		}
	}
	t.Processing.Check(func(id string) *processing.Declaration { return processing.Find(id, t.Outcomes) }, d.report)
	if len(t.Parts) == 0 {
		d.report(finding.Invalid, root, "the test has no parts")
	}
	return t
}

func (r *testReader) limits(n *xmltree.Node) TimeLimits {
	seconds := func(name string) time.Duration {
		text, ok := n.Lookup(name)
		if !ok || strings.TrimSpace(text) == "" {
			return 0
		}
		s, err := processing.ParseScalar(processing.Float, text)
		if err != nil || s.X < 0 || s.X > 1e8 {
			r.report(finding.Invalid, n, "%s=%q is no time", name, text)
			return 0
		}
		return time.Duration(s.X * float64(time.Second))
	}
	return TimeLimits{Min: seconds("min-time"), Max: seconds("max-time"), Late: n.Attr("allow-late-submission") == "true"}
}

func (r *testReader) unique(n *xmltree.Node) string {
	id := strings.TrimSpace(n.Attr("identifier"))
	switch {
	case id == "":
		r.report(finding.Invalid, n, "%s has no identifier", n.Raw)
	case r.ids[id]:
		r.report(finding.Invalid, n, "the identifier %s stands twice in the test", id)
	}
	r.ids[id] = true
	return id
}

func (r *testReader) control(n *xmltree.Node, c Control) Control {
	flag := func(name string, v *bool) {
		if text, ok := n.Lookup(name); ok {
			*v = text == "true"
		}
	}
	if text, ok := n.Lookup("max-attempts"); ok {
		v, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || v < 0 {
			r.report(finding.Warning, n, "max-attempts=%q is no count", text)
		} else {
			c.MaxAttempts = v
		}
	}
	flag("show-feedback", &c.ShowFeedback)
	flag("allow-review", &c.AllowReview)
	flag("show-solution", &c.ShowSolution)
	flag("allow-comment", &c.AllowComment)
	flag("allow-skipping", &c.AllowSkipping)
	flag("validate-responses", &c.ValidateResponses)
	if c.MaxAttempts != 1 || c.ShowFeedback || c.ShowSolution {
		r.report(finding.Note, n, "an exam gives one attempt at each item, without feedback and solutions")
	}
	return c
}

// route reports what would make the way through the test depend on answers.
func (r *testReader) route(n *xmltree.Node) {
	where := processing.TestOutcomes
	inner := n
	if e := n.First("expression"); e != nil { // written so by some tools
		inner = e
	}
	processing.CompileExpression(inner, where, r.report)
	n.Attr("target")
	r.report(finding.Unsupported, n, "%s: the way through an exam does not depend on answers; all of it is presented", n.Raw)
}

func (r *testReader) part(n *xmltree.Node) *Part {
	p := &Part{ID: r.unique(n), Linear: n.Attr("navigation-mode") == "linear", Simultaneous: n.Attr("submission-mode") == "simultaneous"}
	control := usualControl
	for c := range n.Elements() {
		switch c.Name {
		case "item-session-control":
			control = r.control(c, control)
		case "time-limits":
			p.Limits = r.limits(c)
		case "assessment-section", "assessment-section-ref":
			if s := r.section(c, control, 1); s != nil {
				p.Sections = append(p.Sections, s)
			}
		case "pre-condition", "branch-rule":
			r.route(c)
		case "test-feedback":
			p.Feedback = append(p.Feedback, r.feedback(c))
		case "rubric-block":
			p.Rubrics = append(p.Rubrics, r.reader().Rubric(c))
		}
	}
	if len(p.Sections) == 0 {
		r.report(finding.Invalid, n, "the part %s has no sections", p.ID)
	}
	return p
}

func (r *testReader) section(n *xmltree.Node, control Control, depth int) *Section {
	if r.sections++; r.sections > maxSections || depth > 32 {
		n.Skip()
		r.report(finding.Invalid, n, "the test has too many sections, or too deep ones")
		return nil
	}
	if n.Name == "assessment-section-ref" {
		return r.sectionRef(n, control, depth)
	}
	s := &Section{ID: r.unique(n), Title: n.Attr("title"), Visible: n.Attr("visible") != "false", Fixed: n.Attr("fixed") == "true", Required: n.Attr("required") == "true", KeepTogether: n.Attr("keep-together") != "false"}
	for c := range n.Elements() {
		switch c.Name {
		case "item-session-control":
			control = r.control(c, control)
		case "time-limits":
			s.Limits = r.limits(c)
		case "selection":
			r.selection(c, s)
		case "ordering":
			s.Shuffle = c.Attr("shuffle") == "true"
			for x := range c.Elements() {
				r.report(finding.Unsupported, x, "extensions of the order (%s) are not known", x.Raw)
				x.Skip()
			}
		case "rubric-block":
			s.Rubrics = append(s.Rubrics, r.reader().Rubric(c))
		case "assessment-stimulus-ref", "stimulus-ref":
			if st := r.stimulus(c); st != nil {
				s.Stimuli = append(s.Stimuli, st)
			}
		case "assessment-section", "assessment-section-ref":
			if sub := r.section(c, control, depth+1); sub != nil {
				s.Children = append(s.Children, Child{Section: sub})
			}
		case "assessment-item-ref":
			s.Children = append(s.Children, Child{Item: r.itemRef(c, control)})
		case "pre-condition", "branch-rule":
			r.route(c)
		case "adaptive-selection":
			r.report(finding.Unsupported, c, "items chosen by an adaptive engine are not supported")
			c.Skip()
		}
	}
	if len(s.Children) == 0 {
		r.report(finding.Warning, n, "the section %s is empty", s.ID)
	}
	if s.Select > len(s.Children) && !s.Replace {
		r.report(finding.Warning, n, "%d of %d children are to be selected; all are", s.Select, len(s.Children))
		s.Select = len(s.Children)
	}
	return s
}

func (r *testReader) selection(n *xmltree.Node, s *Section) {
	v, err := strconv.Atoi(strings.TrimSpace(n.Attr("select")))
	if err != nil || v < 0 || v > 100_000 {
		r.report(finding.Invalid, n, "select=%q is no count", n.Attr("select"))
		v = 0
	}
	s.Select, s.Replace = v, n.Attr("with-replacement") == "true"
	for x := range n.Elements() {
		r.report(finding.Unsupported, x, "extensions of the selection (%s) are not known", x.Raw)
		x.Skip()
	}
}

// sectionRef reads a section from a document of its own.
func (r *testReader) sectionRef(n *xmltree.Node, control Control, depth int) *Section {
	href := n.Attr("href")
	n.Attr("identifier")
	n.Skip()
	name := r.join(href)
	if external(href) || leaves(name) {
		r.report(finding.Invalid, n, "the section %q does not lie in the package", shorten(href))
		return nil
	}
	root, _, err := r.p.tree(name)
	if err != nil || root.Name != "assessment-section" {
		r.report(finding.Invalid, n, "the section %q cannot be read: %v", shorten(href), orElse(err, "it is no section"))
		return nil
	}
	r.p.used[name] = true
	outer := r.path
	r.path = name
	s := r.section(root, control, depth+1)
	r.leftovers(root)
	r.path = outer
	return s
}

func orElse(err error, text string) string {
	if err != nil {
		return err.Error()
	}
	return text
}

func (r *testReader) itemRef(n *xmltree.Node, control Control) *ItemRef {
	ref := &ItemRef{ID: r.unique(n), Categories: strings.Fields(n.Attr("category")), Fixed: n.Attr("fixed") == "true", Required: n.Attr("required") == "true", line: n.Line}
	href := n.Attr("href")
	ref.Path = r.join(href)
	if external(href) || leaves(ref.Path) || strings.TrimSpace(href) == "" {
		r.report(finding.Invalid, n, "the item %q does not lie in the package", shorten(href))
		ref.Path = ""
	}
	for c := range n.Elements() {
		switch c.Name {
		case "item-session-control":
			control = r.control(c, control)
		case "time-limits":
			ref.Limits = r.limits(c)
		case "weight":
			s, err := processing.ParseScalar(processing.Float, c.Attr("value"))
			if err != nil {
				r.report(finding.Invalid, c, "weight: %v", err)
				continue
			}
			if ref.Weights == nil {
				ref.Weights = make(map[string]float64)
			}
			ref.Weights[strings.TrimSpace(c.Attr("identifier"))] = s.X
		case "variable-mapping":
			if ref.Mapped == nil {
				ref.Mapped = make(map[string]string)
			}
			ref.Mapped[strings.TrimSpace(c.Attr("target-identifier"))] = strings.TrimSpace(c.Attr("source-identifier"))
		case "template-default":
			r.report(finding.Unsupported, c, "template defaults set by a test are not given to the item")
			c.Skip()
		case "pre-condition", "branch-rule":
			r.route(c)
		}
	}
	ref.Control = control
	return ref
}

func (r *testReader) feedback(n *xmltree.Node) TestFeedback {
	f := TestFeedback{During: n.Attr("access") == "during", Title: n.Attr("title")}
	f.Feedback = true
	f.Variable, f.Value = strings.TrimSpace(n.Attr("outcome-identifier")), strings.TrimSpace(n.Attr("identifier"))
	f.Show = n.Attr("show-hide") != "hide"
	f.Blocks = r.reader().Blocks(n)
	return f
}

// stimulus reads the shared text that the element refers to.
func (d *document) stimulus(n *xmltree.Node) *Stimulus {
	href := n.Attr("href")
	n.Attr("identifier")
	n.Skip()
	name := d.join(href)
	if external(href) || leaves(name) {
		d.report(finding.Invalid, n, "the shared text %q does not lie in the package", shorten(href))
		return nil
	}
	s, err := d.p.stimulus(name)
	if err != nil {
		d.report(finding.Invalid, n, "the shared text %q cannot be read: %v", shorten(href), err)
		return nil
	}
	return s
}
