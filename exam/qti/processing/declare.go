package processing

import (
	"math"
	"slices"
	"strings"

	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/xmltree"
)

// Kind says what a declared variable is for.
type Kind uint8

// The kinds of variables.
const (
	Response Kind = iota
	Outcome
	Template
	Context // QTI 3 context variables
)

var kindNames = [...]string{"response", "outcome", "template", "context"}

func (k Kind) String() string { return kindNames[k] }

// Declaration declares a variable.
type Declaration struct {
	Kind    Kind
	ID      string
	Card    Cardinality
	Base    Base // NoBase for records
	Default Value
	Line    int

	Correct Value        // of a response
	Mapping *Mapping     // of a response; nil: none
	Areas   *AreaMapping // of a response; nil: none

	Interpretation string  // of an outcome, for people
	View           string  // who may see an outcome; empty: everybody
	NormalMin      float64 // of an outcome; NaN: not stated
	NormalMax      float64 // of an outcome; NaN: not stated
	Mastery        float64 // of an outcome; NaN: not stated
	External       bool    // the outcome is set by a person or another system, not by the rules
	Table          *Table  // of an outcome; nil: none
	MathVariable   bool    // of a template: replaces identifiers in formulas
}

// Mapping gives points for values.
type Mapping struct {
	Default      float64
	Lower, Upper float64 // NaN: no bound
	Entries      []MapEntry
}

// MapEntry is the points of one value.
type MapEntry struct {
	Key    Scalar
	Points float64
	Fold   bool // text is compared without regard to case
}

// AreaMapping gives points for places in a picture.
type AreaMapping struct {
	Default      float64
	Lower, Upper float64 // NaN: no bound
	Entries      []AreaEntry
}

// AreaEntry is the points of one area.
type AreaEntry struct {
	Area   Area
	Points float64
}

// Table turns a number into an outcome's value.
type Table struct {
	Interpolate bool // the source is a threshold, not an exact integer
	Default     Value
	Entries     []TableEntry
}

// TableEntry is one line of a [Table].
type TableEntry struct {
	Source  float64
	Include bool // an interpolating entry counts from Source itself on, not only above it
	Target  Value
}

// Reporter takes findings about an element; the caller knows the file.
type Reporter func(s finding.Severity, n *xmltree.Node, format string, args ...any)

// hyphenated has base types as some tools write them by analogy with the names of QTI 3.
var hyphenated = map[string]Base{"directed-pair": DirectedPair, "int-or-identifier": IntOrIdentifier}

// Retype makes a response variable one of another base type that is written alike, with its key and its mapping.
func (d *Declaration) Retype(b Base) {
	retype := func(v Value) Value {
		items := slices.Clone(v.Items)
		for i := range items {
			items[i].Base = b
		}
		v.Items = items
		return v
	}
	d.Base, d.Default, d.Correct = b, retype(d.Default), retype(d.Correct)
	if d.Mapping != nil {
		for i := range d.Mapping.Entries {
			d.Mapping.Entries[i].Key.Base = b
		}
	}
}

// tooMany reports a list that is longer than any exam needs; the rest of it is not read.
func tooMany(n int, at *xmltree.Node, report Reporter) bool {
	if n < maxItems {
		return false
	}
	report(finding.Invalid, at, "%s has more than %d entries", at.Raw, maxItems)
	return true
}

// ParseDeclaration reads a response, outcome, template or context declaration.
func ParseDeclaration(n *xmltree.Node, kind Kind, report Reporter) *Declaration {
	d := &Declaration{Kind: kind, ID: strings.TrimSpace(n.Attr("identifier")), Line: n.Line, NormalMin: math.NaN(), NormalMax: math.NaN(), Mastery: math.NaN()}
	if d.ID == "" {
		report(finding.Invalid, n, "a variable has no identifier")
	}
	card, ok := ParseCardinality(n.Attr("cardinality"))
	if !ok {
		report(finding.Warning, n, "variable %s has the cardinality %q; single is assumed", d.ID, n.Attr("cardinality"))
	}
	d.Card = card
	if name := n.Attr("base-type"); name != "" {
		if d.Base, ok = ParseBase(name); !ok {
			if d.Base, ok = hyphenated[name]; ok {
				report(finding.Warning, n, "the base type %q is read as %s", name, d.Base)
			} else {
				report(finding.Invalid, n, "variable %s has the unknown base type %q", d.ID, name)
			}
		}
	} else if card != Record {
		report(finding.Warning, n, "variable %s has no base type; string is assumed", d.ID)
		d.Base = String
	}
	attrNumber := func(name string) float64 {
		text, ok := n.Lookup(name)
		if !ok {
			return math.NaN()
		}
		x, ok := parseFloat(strings.TrimSpace(text))
		if !ok {
			report(finding.Warning, n, "%s=%q is no number and is ignored", name, text)
			return math.NaN()
		}
		return x
	}
	if kind == Outcome {
		d.Interpretation, d.View = n.Attr("interpretation"), n.Attr("view")
		d.NormalMin, d.NormalMax, d.Mastery = attrNumber("normal-minimum"), attrNumber("normal-maximum"), attrNumber("mastery-value")
		if s := n.Attr("external-scored"); s != "" && s != "none" {
			d.External = true
		}
		n.Attr("long-interpretation")
	}
	if kind == Template {
		d.MathVariable = n.Attr("math-variable") == "true"
		n.Attr("param-variable")
	}
	for c := range n.Elements() {
		switch {
		case c.Name == "default-value":
			d.Default = d.values(c, report)
		case c.Name == "correct-response" && kind == Response:
			d.Correct = d.values(c, report)
		case c.Name == "mapping" && kind == Response:
			d.Mapping = d.mapping(c, report)
		case c.Name == "area-mapping" && kind == Response:
			d.Areas = areaMapping(c, report)
		case (c.Name == "match-table" || c.Name == "interpolation-table") && kind == Outcome:
			d.Table = d.table(c, report)
		}
	}
	return d
}

func (d *Declaration) values(n *xmltree.Node, report Reporter) Value {
	n.Attr("interpretation")
	var items []Scalar
	var fields map[string]Value
	for c := range n.Elements() {
		if c.Name != "value" {
			continue
		}
		if tooMany(len(items)+len(fields), n, report) {
			break
		}
		base := d.Base
		if b, ok := ParseBase(c.Attr("base-type")); ok && base == NoBase {
			base = b
		}
		field, text := c.Attr("field-identifier"), c.Content()
		if strings.TrimSpace(text) == "" {
			continue
		}
		s, err := ParseScalar(base, text)
		if err != nil {
			report(finding.Invalid, c, "variable %s: %v", d.ID, err)
			continue
		}
		if d.Card == Record {
			if fields == nil {
				fields = make(map[string]Value)
			}
			fields[field] = One(s)
			continue
		}
		items = append(items, s)
	}
	if fields != nil {
		return Value{Card: Record, Fields: fields}
	}
	if d.Card == Single && len(items) > 1 {
		report(finding.Warning, n, "variable %s holds one value and has %d; the first is taken", d.ID, len(items))
		items = items[:1]
	}
	return Of(d.Card, items...)
}

func bound(n *xmltree.Node, name string, report Reporter) float64 {
	text, ok := n.Lookup(name)
	if !ok || strings.TrimSpace(text) == "" {
		return math.NaN()
	}
	x, ok := parseFloat(strings.TrimSpace(text))
	if !ok {
		report(finding.Warning, n, "%s=%q is no number and is ignored", name, text)
		return math.NaN()
	}
	return x
}

func zeroed(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return x
}

func (d *Declaration) mapping(n *xmltree.Node, report Reporter) *Mapping {
	m := &Mapping{Default: zeroed(bound(n, "default-value", report)), Lower: bound(n, "lower-bound", report), Upper: bound(n, "upper-bound", report)}
	for c := range n.Elements() {
		if c.Name != "map-entry" {
			continue
		}
		if tooMany(len(m.Entries), n, report) {
			break
		}
		points := bound(c, "mapped-value", report)
		if math.IsNaN(points) {
			report(finding.Invalid, c, "an entry of the mapping has no points")
			continue
		}
		key, err := ParseScalar(d.Base, c.Attr("map-key"))
		if err != nil {
			report(finding.Invalid, c, "an entry of the mapping of %s: %v", d.ID, err)
			continue
		}
		m.Entries = append(m.Entries, MapEntry{Key: key, Points: points, Fold: c.Attr("case-sensitive") == "false"})
	}
	if len(m.Entries) == 0 {
		report(finding.Warning, n, "the mapping of %s has no entries", d.ID)
	}
	return m
}

func areaMapping(n *xmltree.Node, report Reporter) *AreaMapping {
	m := &AreaMapping{Default: zeroed(bound(n, "default-value", report)), Lower: bound(n, "lower-bound", report), Upper: bound(n, "upper-bound", report)}
	for c := range n.Elements() {
		if c.Name != "area-map-entry" {
			continue
		}
		if tooMany(len(m.Entries), n, report) {
			break
		}
		area, err := ParseArea(c.Attr("shape"), c.Attr("coords"))
		if err != nil {
			report(finding.Invalid, c, "an area of the mapping: %v", err)
			continue
		}
		points := bound(c, "mapped-value", report)
		if math.IsNaN(points) {
			report(finding.Invalid, c, "an area of the mapping has no points")
			continue
		}
		m.Entries = append(m.Entries, AreaEntry{Area: area, Points: points})
	}
	return m
}

func (d *Declaration) table(n *xmltree.Node, report Reporter) *Table {
	t := &Table{Interpolate: n.Name == "interpolation-table"}
	value := func(c *xmltree.Node, name string) Value {
		text, ok := c.Lookup(name)
		if !ok || strings.TrimSpace(text) == "" {
			return Null
		}
		s, err := ParseScalar(d.Base, text)
		if err != nil {
			report(finding.Invalid, c, "the table of %s: %v", d.ID, err)
			return Null
		}
		return One(s)
	}
	t.Default = value(n, "default-value")
	for c := range n.Elements() {
		if c.Name != "match-table-entry" && c.Name != "interpolation-table-entry" {
			continue
		}
		if tooMany(len(t.Entries), n, report) {
			break
		}
		source := bound(c, "source-value", report)
		if math.IsNaN(source) {
			report(finding.Invalid, c, "an entry of the table has no source value")
			continue
		}
		t.Entries = append(t.Entries, TableEntry{Source: source, Include: c.Attr("include-boundary") != "false", Target: value(c, "target-value")})
	}
	return t
}

func clamp(x, lower, upper float64) float64 {
	if !math.IsNaN(lower) && x < lower {
		x = lower
	}
	if !math.IsNaN(upper) && x > upper {
		x = upper
	}
	return x
}

func (m *Mapping) points(s Scalar) float64 {
	for _, e := range m.Entries {
		if sameScalar(e.Key, s) || e.Fold && textual(s.Base) && textual(e.Key.Base) && strings.EqualFold(e.Key.S, s.S) {
			return e.Points
		}
	}
	return m.Default
}

// Map returns the points of a response: each different value counts once, and the sum is kept within the bounds. NULL has no
// values and gives 0 within the bounds.
func (m *Mapping) Map(v Value) float64 {
	sum := 0.0
	for i, s := range v.Items {
		twice := false
		for _, o := range v.Items[:i] {
			twice = twice || sameScalar(o, s)
		}
		if !twice {
			sum += m.points(s)
		}
	}
	return clamp(sum, m.Lower, m.Upper)
}

// Map returns the points of the places in a response: each area counts once, however many points lie in it; a point in no area
// gives the default.
func (m *AreaMapping) Map(v Value) float64 {
	sum := 0.0
	hit := make([]bool, len(m.Entries))
	for _, s := range v.Items {
		if s.Base != Point {
			continue
		}
		found := false
		for i, e := range m.Entries {
			if e.Area.Contains(s.X, s.Y) {
				found = true
				if !hit[i] {
					hit[i] = true
					sum += e.Points
				}
				break
			}
		}
		if !found {
			sum += m.Default
		}
	}
	return clamp(sum, m.Lower, m.Upper)
}

// Lookup returns the outcome of a number.
func (t *Table) Lookup(x float64) Value {
	for _, e := range t.Entries {
		if x == e.Source && (!t.Interpolate || e.Include) || t.Interpolate && x > e.Source {
			return e.Target
		}
	}
	return t.Default
}
