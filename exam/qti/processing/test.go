package processing

import (
	"slices"
	"strings"
)

// TestState is what outcome processing sees of the items of a test.
type TestState struct {
	Items []TestItem
}

// TestItem is one item of a test as it stands.
type TestItem struct {
	ID         string   // of the reference in the test
	Sections   []string // all sections around it
	Categories []string
	Weights    map[string]float64
	Declared   map[string]*Declaration
	Values     map[string]Value

	Presented bool // the candidate has seen it
	Responded bool // some response is there
	Correct   bool // every response with a correct one matches it
	Incorrect bool // some response with a correct one does not match it
}

func (t TestItem) weight(id string) float64 {
	if id == "" {
		return 1
	}
	if w, ok := t.Weights[id]; ok {
		return w
	}
	return 1
}

func (t TestItem) weighted(v Value, weight string) Value {
	w := t.weight(weight)
	if w == 1 || v.IsNull() || !v.Base().numeric() {
		return v
	}
	items := make([]Scalar, len(v.Items))
	for i, s := range v.Items {
		x, _ := s.Number()
		items[i] = Scalar{Base: Float, X: x * w}
	}
	return Of(v.Card, items...)
}

// variable returns ITEM.VARIABLE.
func (t *TestState) variable(id, weight string) (Value, bool) {
	if t == nil {
		return Null, false
	}
	item, name, ok := strings.Cut(id, ".")
	if !ok {
		return Null, false
	}
	for _, it := range t.Items {
		if it.ID == item {
			v, ok := it.Values[name]
			return it.weighted(v, weight), ok
		}
	}
	return Null, false
}

// subset yields the items that the attributes of the expression choose.
func (r *run) subset(e *expr) []TestItem {
	if r.s.Test == nil {
		r.problem("%s is used outside a test", e.name)
		return nil
	}
	section := e.text["section-identifier"]
	include := strings.Fields(e.text["include-category"])
	exclude := strings.Fields(e.text["exclude-category"])
	has := func(t TestItem, list []string) bool {
		return slices.ContainsFunc(list, func(c string) bool { return slices.Contains(t.Categories, c) })
	}
	var out []TestItem
	for _, t := range r.s.Test.Items {
		if !r.step(1) {
			return nil
		}
		if section != "" && !slices.Contains(t.Sections, section) || len(include) > 0 && !has(t, include) || has(t, exclude) {
			continue
		}
		out = append(out, t)
	}
	return out
}

func evalTestVariables(r *run, e *expr) Value {
	base, typed := ParseBase(e.text["base-type"])
	var items []Scalar
	for _, t := range r.subset(e) {
		v := t.Values[e.id]
		if v.Card != Single || v.IsNull() {
			continue
		}
		if typed && v.Base() != base && !(base == Float && v.Base() == Integer) {
			continue
		}
		v = t.weighted(v, e.text["weight-identifier"])
		s := v.Items[0]
		if typed && base == Float {
			s, _ = fitScalar(Float, s)
		}
		items = append(items, s)
	}
	return Of(Multiple, items...)
}

func count(counts func(TestItem) bool) func(*run, *expr) Value {
	return func(r *run, e *expr) Value {
		n := int64(0)
		for _, t := range r.subset(e) {
			if counts(t) {
				n++
			}
		}
		return Int(n)
	}
}

func evalOutcomeMaximum(r *run, e *expr) Value {
	var items []Scalar
	for _, t := range r.subset(e) {
		d := t.Declared[e.id]
		if d == nil || Num(d.NormalMax).IsNull() {
			return Null
		}
		items = append(items, Scalar{Base: Float, X: d.NormalMax * t.weight(e.text["weight-identifier"])})
	}
	return Of(Multiple, items...)
}

func evalOutcomeMinimum(r *run, e *expr) Value {
	var items []Scalar
	for _, t := range r.subset(e) {
		if d := t.Declared[e.id]; d != nil && !Num(d.NormalMin).IsNull() {
			items = append(items, Scalar{Base: Float, X: d.NormalMin * t.weight(e.text["weight-identifier"])})
		}
	}
	return Of(Multiple, items...)
}
