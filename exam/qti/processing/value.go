// Package processing computes with QTI variables: declarations, the expression language, and the rules that turn responses into
// scores, item scores into a test's result, and a template into one of its clones.
//
// Programs are compiled from XML once and then run any number of times; a run is pure, bounded in steps and in memory, and draws
// chance from a seed, so that the same run can be repeated in review. What the language has and this package has not is reported
// when a program is compiled, never when a candidate has answered.
package processing

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Base is the type of a single value (QTI baseType).
type Base uint8

// The base types.
const (
	NoBase Base = iota // of NULL and of records
	Boolean
	Integer
	Float
	String
	Identifier
	Pair
	DirectedPair
	Point
	Duration
	File
	URI
	IntOrIdentifier
)

var baseNames = [...]string{"", "boolean", "integer", "float", "string", "identifier", "pair", "directedPair", "point", "duration", "file", "uri", "intOrIdentifier"}

func (b Base) String() string {
	if int(b) < len(baseNames) {
		return baseNames[b]
	}
	return fmt.Sprintf("base %d", uint8(b))
}

// ParseBase returns the base type with the name.
func ParseBase(name string) (Base, bool) {
	i := slices.Index(baseNames[1:], strings.TrimSpace(name))
	return Base(i + 1), i >= 0
}

func (b Base) numeric() bool { return b == Integer || b == Float || b == Duration }

// Cardinality says how many values a variable holds.
type Cardinality uint8

// The cardinalities.
const (
	Single Cardinality = iota
	Multiple
	Ordered
	Record
)

var cardinalityNames = [...]string{"single", "multiple", "ordered", "record"}

func (c Cardinality) String() string {
	if int(c) < len(cardinalityNames) {
		return cardinalityNames[c]
	}
	return fmt.Sprintf("cardinality %d", uint8(c))
}

// ParseCardinality returns the cardinality with the name.
func ParseCardinality(name string) (Cardinality, bool) {
	i := slices.Index(cardinalityNames[:], strings.TrimSpace(name))
	return Cardinality(max(i, 0)), i >= 0
}

// Scalar is one value. Which fields count follows from the base type.
type Scalar struct {
	Base Base
	B    bool    // Boolean
	I    int64   // Integer
	X, Y float64 // Float and Duration (seconds) use X; Point uses both
	S, T string  // texts, identifiers, names; Pair and DirectedPair use both
}

// Value is what a variable holds or an expression yields. The zero Value is NULL; empty containers and empty strings are NULL too.
type Value struct {
	Card   Cardinality
	Items  []Scalar         // exactly one for Single
	Fields map[string]Value // of a Record
}

// Null is the value that is not there.
var Null = Value{}

// One makes a single value; an empty text is NULL.
func One(s Scalar) Value {
	if (s.Base == String || s.Base == Identifier || s.Base == URI || s.Base == File) && s.S == "" {
		return Null
	}
	return Value{Items: []Scalar{s}}
}

// Of makes a container; no items make NULL.
func Of(c Cardinality, items ...Scalar) Value {
	if len(items) == 0 {
		return Null
	}
	return Value{Card: c, Items: items}
}

// IsNull reports whether the value is NULL.
func (v Value) IsNull() bool { return len(v.Items) == 0 && len(v.Fields) == 0 }

// Base returns the base type of the items.
func (v Value) Base() Base {
	if len(v.Items) == 0 {
		return NoBase
	}
	return v.Items[0].Base
}

// Number returns a single numeric value. ok is false for NULL, for what is no number, and for what is not finite.
func (v Value) Number() (n float64, ok bool) {
	if v.Card != Single || len(v.Items) != 1 {
		return 0, false
	}
	return v.Items[0].Number()
}

// Number returns an integer, float or duration as a number.
func (s Scalar) Number() (n float64, ok bool) {
	switch s.Base {
	case Integer:
		return float64(s.I), true
	case Float, Duration:
		return s.X, !math.IsNaN(s.X) && !math.IsInf(s.X, 0)
	}
	return 0, false
}

// Truth returns a single boolean value.
func (v Value) Truth() (b, ok bool) {
	if v.Card != Single || len(v.Items) != 1 || v.Items[0].Base != Boolean {
		return false, false
	}
	return v.Items[0].B, true
}

// Bool, Int and Num make single values.
func Bool(b bool) Value { return One(Scalar{Base: Boolean, B: b}) }

// Int makes a single integer.
func Int(i int64) Value { return One(Scalar{Base: Integer, I: i}) }

// Num makes a single float; what is not finite is NULL.
func Num(x float64) Value {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return Null
	}
	return One(Scalar{Base: Float, X: x})
}

// Texts makes a value of text-like scalars: identifiers, strings. With Single only the first counts.
func Texts(c Cardinality, b Base, texts ...string) Value {
	var items []Scalar
	for _, t := range texts {
		if t != "" {
			items = append(items, Scalar{Base: b, S: t})
		}
	}
	if c == Single && len(items) > 1 {
		items = items[:1]
	}
	return Of(c, items...)
}

// String writes the value as result reports do: one text per item, joined by commas.
func (v Value) String() string {
	if v.IsNull() {
		return "NULL"
	}
	return strings.Join(v.Strings(), ",")
}

// Strings returns each item as text in the form of the standard. A record's fields come as name=value by name.
func (v Value) Strings() []string {
	var out []string
	for _, s := range v.Items {
		out = append(out, s.String())
	}
	for name, f := range v.Fields {
		out = append(out, name+"="+f.String())
	}
	if len(v.Fields) > 0 {
		slices.Sort(out)
	}
	return out
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func (s Scalar) String() string {
	switch s.Base {
	case Boolean:
		return strconv.FormatBool(s.B)
	case Integer:
		return strconv.FormatInt(s.I, 10)
	case Float, Duration:
		return number(s.X)
	case Point:
		return number(s.X) + " " + number(s.Y)
	case Pair, DirectedPair:
		return s.S + " " + s.T
	}
	return s.S
}

// ParseScalar reads a single value as content and candidates write it. Space around it does not count. Texts come out in Unicode
// normal form C, so that é typed as one sign and as two are one answer; identifiers keep their bytes. Floats may have a decimal
// comma, as people in Kazakhstan write them.
func ParseScalar(base Base, text string) (Scalar, error) {
	trimmed := strings.TrimSpace(text)
	s := Scalar{Base: base}
	bad := func() (Scalar, error) { return Scalar{}, fmt.Errorf("%q is no %s", shorten(trimmed), base) }
	switch base {
	case Boolean:
		switch strings.ToLower(trimmed) {
		case "true", "1":
			s.B = true
		case "false", "0":
		default:
			return bad()
		}
	case Integer:
		n, ok := parseInt(trimmed)
		if !ok {
			return bad()
		}
		s.I = n
	case Float:
		x, ok := parseFloat(trimmed)
		if !ok {
			return bad()
		}
		s.X = x
	case Duration:
		x, ok := parseDuration(trimmed)
		if !ok {
			return bad()
		}
		s.X = x
	case Pair, DirectedPair:
		f := strings.Fields(trimmed)
		if len(f) != 2 {
			return bad()
		}
		s.S, s.T = f[0], f[1]
	case Point:
		f := strings.FieldsFunc(trimmed, func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
		if len(f) != 2 {
			return bad()
		}
		x, ok1 := parseFloat(f[0])
		y, ok2 := parseFloat(f[1])
		if !ok1 || !ok2 {
			return bad()
		}
		s.X, s.Y = x, y
	case String:
		s.S = norm.NFC.String(trimmed)
	case Identifier, URI, File:
		s.S = trimmed
	case IntOrIdentifier:
		if n, ok := parseInt(trimmed); ok {
			return Scalar{Base: Integer, I: n}, nil
		}
		s.Base, s.S = Identifier, trimmed
	default:
		return Scalar{}, fmt.Errorf("a value without a base type cannot be read")
	}
	return s, nil
}

func shorten(s string) string {
	r := []rune(s)
	if len(r) <= 40 {
		return s
	}
	return string(r[:40]) + "…"
}

var plainMinus = strings.NewReplacer("\u2212", "-", "\u00a0", "", "\u202f", "")

func parseInt(s string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimPrefix(plainMinus.Replace(s), "+"), 10, 64)
	return n, err == nil
}

func parseFloat(s string) (float64, bool) {
	s = plainMinus.Replace(s)
	if strings.Count(s, ",") == 1 && !strings.Contains(s, ".") {
		s = strings.Replace(s, ",", ".", 1)
	}
	if strings.ContainsAny(s, "xXpP_") {
		return 0, false // Go's spellings, not XML's
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
}

var isoDuration = regexp.MustCompile(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$`)

// parseDuration reads seconds, or the days and smaller of an ISO 8601 duration.
func parseDuration(s string) (float64, bool) {
	if x, ok := parseFloat(s); ok {
		return x, true
	}
	m := isoDuration.FindStringSubmatch(s)
	if m == nil || s == "P" || strings.HasSuffix(s, "T") {
		return 0, false
	}
	total := 0.0
	for i, unit := range []float64{86400, 3600, 60, 1} {
		if m[i+1] != "" {
			x, _ := parseFloat(m[i+1])
			total += x * unit
		}
	}
	return total, !math.IsInf(total, 0)
}

// ParseValue reads the texts of a container, or the one text of a single value. Texts that are empty are left out.
func ParseValue(c Cardinality, b Base, texts ...string) (Value, error) {
	var items []Scalar
	for _, t := range texts {
		if strings.TrimSpace(t) == "" {
			continue
		}
		s, err := ParseScalar(b, t)
		if err != nil {
			return Null, err
		}
		items = append(items, s)
	}
	if c == Single && len(items) > 1 {
		return Null, fmt.Errorf("%d values for a variable that holds one", len(items))
	}
	return Of(c, items...), nil
}

// sameScalar is equality as match means it: pairs without order, numbers by value, everything else exactly.
func sameScalar(a, b Scalar) bool {
	if a.Base.numeric() && b.Base.numeric() {
		if a.Base == Integer && b.Base == Integer {
			return a.I == b.I
		}
		x, ok1 := a.Number()
		y, ok2 := b.Number()
		return ok1 && ok2 && x == y
	}
	switch {
	case a.Base == Boolean && b.Base == Boolean:
		return a.B == b.B
	case a.Base == Point && b.Base == Point:
		return a.X == b.X && a.Y == b.Y
	case a.Base == Pair && b.Base == Pair, a.Base == Pair && b.Base == DirectedPair, a.Base == DirectedPair && b.Base == Pair:
		return a.S == b.S && a.T == b.T || a.S == b.T && a.T == b.S
	case a.Base == DirectedPair && b.Base == DirectedPair:
		return a.S == b.S && a.T == b.T
	case textual(a.Base) && textual(b.Base):
		return a.S == b.S
	}
	return false
}

func textual(b Base) bool { return b == String || b == Identifier || b == URI || b == File }

// Same reports whether two values match: containers that are multiple without regard to order, ordered ones in order. NULL
// matches nothing, not even NULL.
func Same(a, b Value) bool {
	if a.IsNull() || b.IsNull() {
		return false
	}
	if a.Card == Record || b.Card == Record {
		if len(a.Fields) != len(b.Fields) || a.Card != b.Card {
			return false
		}
		for name, f := range a.Fields {
			g, ok := b.Fields[name]
			if !ok || f.IsNull() != g.IsNull() || !f.IsNull() && !Same(f, g) {
				return false
			}
		}
		return true
	}
	if len(a.Items) != len(b.Items) {
		return false
	}
	if a.Card == Multiple && b.Card == Multiple {
		used := make([]bool, len(b.Items))
	next:
		for _, s := range a.Items {
			for i, t := range b.Items {
				if !used[i] && sameScalar(s, t) {
					used[i] = true
					continue next
				}
			}
			return false
		}
		return true
	}
	if a.Card != b.Card {
		return false
	}
	return slices.EqualFunc(a.Items, b.Items, sameScalar)
}
