package qti

import (
	"errors"
	"math"
	"slices"
	"strings"

	"emtihan/exam/qti/body"
	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/processing"
	"emtihan/exam/qti/xmltree"
)

// Version is the version of the standard that a document says it follows.
type Version string

// The versions.
const (
	V20     Version = "2.0"
	V21     Version = "2.1"
	V22     Version = "2.2"
	V30     Version = "3.0"
	Unknown Version = ""
)

func versionOf(root *xmltree.Node) Version {
	uri := strings.ToLower(root.URI)
	switch {
	case strings.Contains(uri, "v3p0"), strings.HasPrefix(root.Raw, "qti-"):
		return V30
	case strings.Contains(uri, "v2p2"):
		return V22
	case strings.Contains(uri, "v2p1"):
		return V21
	case strings.Contains(uri, "v2p0"):
		return V20
	}
	return Unknown
}

// Item is one item.
type Item struct {
	Path          string // of its file in the package
	Version       Version
	ID            string
	Title         string
	Label         string
	Lang          string // BCP 47, empty: not stated
	TimeDependent bool
	Adaptive      bool // meant for several attempts with feedback between them

	Responses []*processing.Declaration
	Outcomes  []*processing.Declaration
	Templates []*processing.Declaration

	Stimuli      []*Stimulus // shared texts that the item refers to, in order
	Body         []body.Block
	Interactions []*body.Interaction // those in Body, in document order
	Feedback     []Feedback
	Media        []string // paths of the files that the body needs, without doubles

	Template   *processing.Program // nil: none
	Processing *processing.Program // nil: a person marks the item
	rules      string              // name of the standard template, if the item uses one

	Findings []finding.Finding
	steps    int
}

// Stimulus is a text that several items share.
type Stimulus struct {
	Path  string
	ID    string
	Title string
	Body  []body.Block
	Media []string
}

// Feedback is a text that depends on an outcome. Exams do not show it; reviews may.
type Feedback struct {
	body.Condition
	Title  string
	Blocks []body.Block
}

// Usable reports whether the item may be given to candidates: nothing in it is broken or unsupported.
func (it *Item) Usable() bool { return !finding.Worst(it.Findings).Blocks() }

// MachineMarked reports whether the item brings rules that mark it.
func (it *Item) MachineMarked() bool {
	return !it.Processing.Empty() && it.Processing.Supported()
}

// Response returns the declaration of a response variable, or nil.
func (it *Item) Response(id string) *processing.Declaration { return declared(it.Responses, id) }

// Outcome returns the declaration of an outcome variable, or nil.
func (it *Item) Outcome(id string) *processing.Declaration { return declared(it.Outcomes, id) }

func declared(list []*processing.Declaration, id string) *processing.Declaration {
	if i := slices.IndexFunc(list, func(d *processing.Declaration) bool { return d.ID == id }); i >= 0 {
		return list[i]
	}
	return nil
}

// MaxScore returns the highest SCORE that the item states: its MAXSCORE, the normal maximum of SCORE, or what the standard template
// that it uses can give. ok is false where it states none.
func (it *Item) MaxScore() (score float64, ok bool) {
	for _, name := range [...]string{"MAXSCORE", "MAX_SCORE", "SCORE_MAX"} {
		if d := it.Outcome(name); d != nil {
			if x, ok := d.Default.Number(); ok && x > 0 {
				return x, true
			}
		}
	}
	if d := it.Outcome("SCORE"); d != nil && !math.IsNaN(d.NormalMax) {
		return d.NormalMax, true
	}
	switch it.rules {
	case "match_correct", "CC2_match":
		return 1, true
	}
	return 0, false
}

// document reads one file of a package.
type document struct {
	p        *Package
	path     string
	list     *finding.List
	media    []string
	known    map[string]bool // media
	includes int
	depth    int
}

func (d *document) report(s finding.Severity, n *xmltree.Node, format string, args ...any) {
	d.list.Addf(s, finding.Place{Path: d.path, Line: n.Line, Element: n.Raw}, format, args...)
}

// leftovers reports what no reader has looked at. Parts of the standard's vocabulary are a warning: they may mean something to
// the candidate. Attributes are a note.
func (d *document) leftovers(root *xmltree.Node) {
	root.Unseen(func(n *xmltree.Node, attr string) {
		switch {
		case attr != "":
			d.report(finding.Note, n, "the attribute %s is not known here and was not read", attr)
		case n.IsText():
			space := n.Text[:len(n.Text)-len(strings.TrimLeft(n.Text, " \t\r\n"))]
			d.list.Addf(finding.Warning, finding.Place{Path: d.path, Line: n.Line + strings.Count(space, "\n")}, "the text %q stands where none belongs and was not read", shorten(strings.TrimSpace(n.Text)))
		default:
			d.report(finding.Warning, n, "the element %s does not belong here and was not read", n.Raw)
		}
	})
}

func shorten(s string) string {
	r := []rune(s)
	if len(r) <= 60 {
		return s
	}
	return string(r[:60]) + "…"
}

func (d *document) reader() *body.Reader {
	return &body.Reader{Report: d.report, Resolve: d.resolve, Include: d.include}
}

// item reads an assessment item from its root element.
func (d *document) item(root *xmltree.Node) *Item {
	it := &Item{Path: d.path, Version: versionOf(root), steps: d.p.options.Steps}
	it.ID, it.Title, it.Label = strings.TrimSpace(root.Attr("identifier")), root.Attr("title"), root.Attr("label")
	it.Lang = root.Attr("xml:lang")
	it.TimeDependent = root.Attr("time-dependent") == "true"
	if it.ID == "" {
		d.report(finding.Invalid, root, "the item has no identifier")
	}
	if it.Version == Unknown {
		d.report(finding.Note, root, "the namespace %q names no version of QTI", root.URI)
	}
	if it.Adaptive = root.Attr("adaptive") == "true"; it.Adaptive {
		d.report(finding.Unsupported, root, "adaptive items need several attempts with feedback between them, which an exam does not give")
	}
	r := d.reader()
	seen := false
	for n := range root.Elements() {
		switch n.Name {
		case "response-declaration":
			it.Responses = append(it.Responses, processing.ParseDeclaration(n, processing.Response, d.report))
		case "outcome-declaration":
			it.Outcomes = append(it.Outcomes, processing.ParseDeclaration(n, processing.Outcome, d.report))
		case "template-declaration":
			it.Templates = append(it.Templates, processing.ParseDeclaration(n, processing.Template, d.report))
		case "context-declaration":
			d.report(finding.Unsupported, n, "context variables come from the delivery engine, and this one gives none")
			n.Skip()
		case "template-processing":
			it.Template = processing.Compile(n, processing.ItemTemplate, d.report)
		case "assessment-stimulus-ref", "stimulus-ref":
			if s := d.stimulus(n); s != nil {
				it.Stimuli = append(it.Stimuli, s)
			}
		case "item-body":
			seen = true
			it.Body = append(it.Body, r.Blocks(n)...)
		case "rubric-block":
			d.report(finding.Warning, n, "a rubric stands outside the item's body; it is read as its last part")
			it.Body = append(it.Body, r.Rubric(n))
		case "response-processing":
			it.Processing, it.rules = d.responseProcessing(n)
		case "modal-feedback":
			it.Feedback = append(it.Feedback, d.feedback(n, r))
		case "stylesheet":
			d.report(finding.Note, n, "style sheets are not applied")
			n.Skip()
		case "catalog-info", "companion-materials-info", "apip-accessibility":
			d.report(finding.Note, n, "%s is not used", n.Raw)
			n.Skip()
		}
	}
	if !seen {
		d.report(finding.Invalid, root, "the item has no body")
	}
	it.Interactions = r.Interactions
	lookup := func(id string) *processing.Declaration {
		return processing.Find(id, it.Responses, it.Outcomes, it.Templates)
	}
	it.Template.Check(lookup, d.report)
	if it.rules == "" {
		it.Processing.Check(lookup, d.report)
	} else {
		d.checkTemplate(root, it)
	}
	it.Media = d.media
	d.checkItem(root, it)
	return it
}

func (d *document) feedback(n *xmltree.Node, r *body.Reader) Feedback {
	f := Feedback{Title: n.Attr("title")}
	f.Feedback = true
	f.Variable, f.Value = strings.TrimSpace(n.Attr("outcome-identifier")), strings.TrimSpace(n.Attr("identifier"))
	f.Show = n.Attr("show-hide") != "hide"
	before := len(r.Interactions)
	f.Blocks = r.Blocks(n)
	r.Interactions = r.Interactions[:before]
	return f
}

func (d *document) responseProcessing(n *xmltree.Node) (p *processing.Program, name string) {
	address, location := n.Attr("template"), n.Attr("template-location")
	d.includeRules(n)
	p = processing.Compile(n, processing.ItemResponses, d.report)
	if address == "" && location == "" || !p.Empty() {
		if address != "" {
			d.report(finding.Warning, n, "the item names the template %q and brings rules of its own; its own are used", address)
		}
		return p, ""
	}
	if std, ok := processing.StandardTemplate(address); ok {
		name = strings.TrimSuffix(address[strings.LastIndexByte(address, '/')+1:], ".xml")
		return std, name
	}
	for _, href := range [...]string{location, address} {
		if href == "" || external(href) {
			continue
		}
		root, _, err := d.p.tree(d.join(href))
		if err == nil && root.Name == "response-processing" {
			return processing.Compile(root, processing.ItemResponses, d.report), ""
		}
	}
	if location != "" {
		if std, ok := processing.StandardTemplate(location); ok {
			return std, ""
		}
	}
	return processing.Unrunnable(n, d.report, "the template %q is none of the standard and not in the package", cmpOr(address, location)), ""
}

// includeRules puts the rules of other documents of the package in the place of the elements that include them.
func (d *document) includeRules(n *xmltree.Node) {
	var out []*xmltree.Node
	for _, c := range n.Children {
		if c.Space != xmltree.Include {
			if !c.IsText() {
				d.includeRules(c)
			}
			out = append(out, c)
			continue
		}
		href := c.Attr("href")
		name := d.join(href)
		c.Skip()
		var root *xmltree.Node
		err := errors.New("only documents of the package are")
		if !external(href) && !leaves(name) && href != "" {
			root, _, err = d.p.tree(name)
		}
		if d.includes++; err == nil && d.includes > d.p.options.Includes {
			err = errors.New("there are too many")
		}
		if err != nil {
			d.report(finding.Note, c, "the rules %q are not included: %v", shorten(href), err)
			out = append(out, c)
			continue
		}
		d.p.used[name] = true
		if root.Name == "response-processing-fragment" || root.Name == "response-processing" {
			root.See()
			out = append(out, root.Children...)
			continue
		}
		out = append(out, root)
	}
	n.Children = out
}

// checkTemplate looks for what a standard template needs.
func (d *document) checkTemplate(root *xmltree.Node, it *Item) {
	v := it.Response("RESPONSE")
	unrunnable := func(format string, args ...any) {
		it.Processing = processing.Unrunnable(root, func(_ finding.Severity, n *xmltree.Node, format string, args ...any) {
			d.report(finding.Invalid, n, format, args...)
		}, format, args...)
	}
	switch {
	case v == nil:
		unrunnable("the template %s marks the response RESPONSE, which is not declared", it.rules)
	case strings.HasPrefix(it.rules, "map_response_point") && v.Areas == nil:
		unrunnable("the template %s needs a mapping of areas of RESPONSE", it.rules)
	case strings.HasSuffix(it.rules, "map_response") && v.Mapping == nil:
		unrunnable("the template %s needs a mapping of RESPONSE", it.rules)
	case strings.Contains(it.rules, "match") && v.Correct.IsNull() && it.Template.Empty():
		d.report(finding.Invalid, root, "the template %s needs a correct RESPONSE", it.rules)
	}
	if it.Outcome("SCORE") == nil {
		d.report(finding.Warning, root, "the item does not declare SCORE, which its template sets; it is declared here")
		it.Outcomes = append(it.Outcomes, &processing.Declaration{Kind: processing.Outcome, ID: "SCORE", Base: processing.Float, NormalMin: math.NaN(), NormalMax: math.NaN(), Mastery: math.NaN()})
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// shapes says which response variables an interaction can fill.
var shapes = map[body.Kind]struct {
	bases []processing.Base
	cards []processing.Cardinality
}{
	body.Choice:          {[]processing.Base{processing.Identifier}, []processing.Cardinality{processing.Single, processing.Multiple}},
	body.InlineChoice:    {[]processing.Base{processing.Identifier}, []processing.Cardinality{processing.Single}},
	body.TextEntry:       {[]processing.Base{processing.String, processing.Integer, processing.Float}, []processing.Cardinality{processing.Single, processing.Record}},
	body.ExtendedText:    {[]processing.Base{processing.String, processing.Integer, processing.Float}, []processing.Cardinality{processing.Single, processing.Multiple, processing.Ordered, processing.Record}},
	body.Order:           {[]processing.Base{processing.Identifier}, []processing.Cardinality{processing.Ordered}},
	body.Associate:       {[]processing.Base{processing.Pair}, []processing.Cardinality{processing.Single, processing.Multiple}},
	body.Match:           {[]processing.Base{processing.DirectedPair}, []processing.Cardinality{processing.Single, processing.Multiple}},
	body.GapMatch:        {[]processing.Base{processing.DirectedPair}, []processing.Cardinality{processing.Single, processing.Multiple}},
	body.HottextChoice:   {[]processing.Base{processing.Identifier}, []processing.Cardinality{processing.Single, processing.Multiple}},
	body.Hotspot:         {[]processing.Base{processing.Identifier}, []processing.Cardinality{processing.Single, processing.Multiple}},
	body.SelectPoint:     {[]processing.Base{processing.Point}, []processing.Cardinality{processing.Single, processing.Multiple}},
	body.GraphicOrder:    {[]processing.Base{processing.Identifier}, []processing.Cardinality{processing.Ordered}},
	body.GraphicAssoc:    {[]processing.Base{processing.Pair}, []processing.Cardinality{processing.Single, processing.Multiple}},
	body.GraphicGapMatch: {[]processing.Base{processing.DirectedPair}, []processing.Cardinality{processing.Single, processing.Multiple}},
	body.PositionObject:  {[]processing.Base{processing.Point}, []processing.Cardinality{processing.Single, processing.Multiple}},
	body.Slider:          {[]processing.Base{processing.Integer, processing.Float}, []processing.Cardinality{processing.Single}},
	body.MediaPlay:       {[]processing.Base{processing.Integer}, []processing.Cardinality{processing.Single}},
	body.EndAttempt:      {[]processing.Base{processing.Boolean}, []processing.Cardinality{processing.Single}},
}

// checkItem finds what each part alone does not show: interactions without a variable, keys that name no choice.
func (d *document) checkItem(root *xmltree.Node, it *Item) {
	at := func(line int, s finding.Severity, element, format string, args ...any) {
		d.list.Addf(s, finding.Place{Path: it.Path, Line: line, Element: element}, format, args...)
	}
	ids := make(map[string]bool)
	for _, list := range [...][]*processing.Declaration{it.Responses, it.Outcomes, it.Templates} {
		for _, v := range list {
			if ids[v.ID] {
				at(v.Line, finding.Invalid, "", "the variable %s is declared twice", v.ID)
			}
			ids[v.ID] = true
		}
	}
	used := make(map[string]bool)
	for _, in := range it.Interactions {
		element := string(in.Kind) + "Interaction"
		v := it.Response(in.Response)
		if in.Response == "" {
			continue
		}
		if v == nil {
			at(in.Line, finding.Invalid, element, "the response variable %s is not declared", in.Response)
			continue
		}
		if used[in.Response] {
			if in.Kind != body.EndAttempt { // two buttons may mean the same
				at(in.Line, finding.Invalid, element, "the response variable %s has another interaction already", in.Response)
			}
		}
		used[in.Response] = true
		if in.Kind == body.EndAttempt {
			at(in.Line, finding.Unsupported, element, "an exam gives one attempt and no hints; the button cannot be pressed")
		}
		shape, ok := shapes[in.Kind]
		if !ok {
			continue
		}
		if v.Base == processing.DirectedPair && (in.Kind == body.Associate || in.Kind == body.GraphicAssoc) {
			at(in.Line, finding.Warning, element, "the pairs of the variable %s have a direction, which pairs made here have not; it is ignored", v.ID)
			v.Retype(processing.Pair)
		}
		if !slices.Contains(shape.cards, v.Card) || v.Card != processing.Record && !slices.Contains(shape.bases, v.Base) {
			at(in.Line, finding.Invalid, element, "a %s interaction cannot fill the variable %s, which is %s %s", in.Kind, v.ID, v.Card, v.Base)
			continue
		}
		if v.Card == processing.Single && in.Max != 1 && len(in.Choices) > 0 && in.Kind == body.Choice {
			at(in.Line, finding.Warning, element, "up to %d choices are allowed and the variable %s holds one; one is allowed", in.Max, v.ID)
			in.Max = 1
		}
		if !v.Correct.IsNull() {
			for _, text := range foreignKeys(in, v.Correct) {
				at(v.Line, finding.Warning, "correctResponse", "the key names %q, which is no choice of the interaction", text)
			}
		}
	}
	if it.Processing.Empty() && slices.ContainsFunc(it.Responses, func(v *processing.Declaration) bool { return !v.Correct.IsNull() || v.Mapping != nil || v.Areas != nil }) {
		d.report(finding.Warning, root, "the item has a key and no rules that use it; it is marked by a person unless the exam's profile marks by key")
	}
}

// foreignKeys returns the parts of a key that no choice has.
func foreignKeys(in *body.Interaction, key processing.Value) []string {
	if len(in.Choices) == 0 {
		return nil
	}
	ids := make(map[string]bool)
	for _, set := range [...][]body.Option{in.Choices, in.Targets} {
		for _, o := range set {
			ids[o.ID] = true
		}
	}
	var out []string
	check := func(id string) {
		if !ids[id] {
			out = append(out, id)
		}
	}
	for _, s := range key.Items {
		switch s.Base {
		case processing.Identifier:
			check(s.S)
		case processing.Pair, processing.DirectedPair:
			check(s.S)
			check(s.T)
		}
	}
	return out
}
