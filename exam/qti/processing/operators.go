package processing

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"emtihan/exam/qti/finding"
)

func noCheck(*expr) (finding.Severity, error) { return finding.Note, nil }

func oneOf(attr string, values ...string) func(*expr) (finding.Severity, error) {
	return func(e *expr) (finding.Severity, error) {
		if slices.Contains(values, e.text[attr]) {
			return finding.Note, nil
		}
		return finding.Unsupported, fmt.Errorf("%s=%q is none of %s", attr, e.text[attr], strings.Join(values, ", "))
	}
}

// operators is the expression language. The names are those of QTI 3 without "qti-".
var operators map[string]*operator

func init() {
	subset := []string{"section-identifier", "include-category", "exclude-category"}
	operators = map[string]*operator{
		"base-value":         {max: 0, eval: func(_ *run, e *expr) Value { return e.literal }},
		"null":               {max: 0, eval: func(*run, *expr) Value { return Null }},
		"variable":           {max: 0, attrs: []string{"identifier", "weight-identifier"}, eval: evalVariable},
		"default":            {max: 0, attrs: []string{"identifier"}, eval: evalDefault},
		"correct":            {max: 0, attrs: []string{"identifier"}, eval: func(r *run, e *expr) Value { return r.s.CorrectOf(e.id) }},
		"map-response":       {max: 0, attrs: []string{"identifier"}, scope: ItemResponses, eval: evalMap},
		"map-response-point": {max: 0, attrs: []string{"identifier"}, scope: ItemResponses, eval: evalMapPoint},
		"math-constant":      {max: 0, attrs: []string{"name"}, check: oneOf("name", "pi", "e"), eval: evalConstant},
		"random-integer":     {max: 0, attrs: []string{"min", "max", "step"}, eval: evalRandomInteger},
		"random-float":       {max: 0, attrs: []string{"min", "max"}, eval: evalRandomFloat},

		"multiple":       {max: -1, eval: func(r *run, e *expr) Value { return r.collect(e, Multiple) }},
		"ordered":        {max: -1, eval: func(r *run, e *expr) Value { return r.collect(e, Ordered) }},
		"container-size": {min: 1, max: 1, eval: func(r *run, e *expr) Value { return Int(int64(len(r.eval(e.args[0]).Items))) }},
		"is-null":        {min: 1, max: 1, eval: func(r *run, e *expr) Value { return Bool(r.eval(e.args[0]).IsNull()) }},
		"index":          {min: 1, max: 1, attrs: []string{"n"}, eval: evalIndex},
		"field-value":    {min: 1, max: 1, attrs: []string{"field-identifier"}, eval: func(r *run, e *expr) Value { return r.eval(e.args[0]).Fields[e.id] }},
		"random":         {min: 1, max: 1, eval: evalRandom},
		"member":         {min: 2, max: 2, eval: evalMember},
		"delete":         {min: 2, max: 2, eval: evalDelete},
		"contains":       {min: 2, max: 2, eval: evalContains},
		"repeat":         {min: 1, max: -1, attrs: []string{"number-repeats"}, eval: evalRepeat},

		"not":   {min: 1, max: 1, eval: evalNot},
		"and":   {min: 1, max: -1, eval: evalAnd},
		"or":    {min: 1, max: -1, eval: evalOr},
		"any-n": {min: 1, max: -1, attrs: []string{"min", "max"}, eval: evalAnyN},

		"match":         {min: 2, max: 2, eval: evalMatch},
		"string-match":  {min: 2, max: 2, attrs: []string{"case-sensitive", "substring"}, eval: evalStringMatch},
		"substring":     {min: 2, max: 2, attrs: []string{"case-sensitive"}, eval: evalSubstring},
		"pattern-match": {min: 1, max: 1, attrs: []string{"pattern"}, check: checkPattern, eval: evalPattern},
		"equal":         {min: 2, max: 2, attrs: []string{"tolerance-mode", "tolerance", "include-lower-bound", "include-upper-bound"}, check: checkEqual, eval: evalEqual},
		"equal-rounded": {min: 2, max: 2, attrs: []string{"rounding-mode", "figures"}, check: checkRounding, eval: evalEqualRounded},
		"inside":        {min: 1, max: 1, attrs: []string{"shape", "coords"}, check: checkInside, eval: evalInside},
		"lt":            {min: 2, max: 2, eval: compare(func(a, b float64) bool { return a < b })},
		"gt":            {min: 2, max: 2, eval: compare(func(a, b float64) bool { return a > b })},
		"lte":           {min: 2, max: 2, eval: compare(func(a, b float64) bool { return a <= b })},
		"gte":           {min: 2, max: 2, eval: compare(func(a, b float64) bool { return a >= b })},
		"duration-lt":   {min: 2, max: 2, eval: compare(func(a, b float64) bool { return a < b })},
		"duration-gte":  {min: 2, max: 2, eval: compare(func(a, b float64) bool { return a >= b })},

		"sum":              {min: 1, max: -1, eval: fold(0, addInt, func(a, b float64) float64 { return a + b })},
		"product":          {min: 1, max: -1, eval: fold(1, mulInt, func(a, b float64) float64 { return a * b })},
		"min":              {min: 1, max: -1, eval: extreme(func(a, b float64) bool { return a < b })},
		"max":              {min: 1, max: -1, eval: extreme(func(a, b float64) bool { return a > b })},
		"gcd":              {min: 1, max: -1, eval: wholes(gcd)},
		"lcm":              {min: 1, max: -1, eval: wholes(lcm)},
		"subtract":         {min: 2, max: 2, eval: evalSubtract},
		"divide":           {min: 2, max: 2, eval: binary(func(a, b float64) float64 { return a / b })},
		"power":            {min: 2, max: 2, eval: binary(math.Pow)},
		"integer-divide":   {min: 2, max: 2, eval: wholeDivision(func(q, _ int64) int64 { return q })},
		"integer-modulus":  {min: 2, max: 2, eval: wholeDivision(func(_, m int64) int64 { return m })},
		"truncate":         {min: 1, max: 1, eval: toInt(math.Trunc)},
		"round":            {min: 1, max: 1, eval: toInt(func(x float64) float64 { return math.Floor(x + 0.5) })},
		"integer-to-float": {min: 1, max: 1, eval: unary(func(x float64) float64 { return x })},
		"round-to":         {min: 1, max: 1, attrs: []string{"rounding-mode", "figures"}, check: checkRounding, eval: evalRoundTo},
		"stats-operator":   {min: 1, max: 1, attrs: []string{"name"}, check: oneOf("name", "mean", "sampleVariance", "sampleSD", "popVariance", "popSD"), eval: evalStats},
		"math-operator":    {min: 1, max: 2, attrs: []string{"name"}, check: checkMath, eval: evalMath},

		"test-variables":   {max: 0, attrs: append([]string{"variable-identifier", "base-type", "weight-identifier"}, subset...), scope: TestOutcomes, eval: evalTestVariables},
		"outcome-maximum":  {max: 0, attrs: append([]string{"outcome-identifier", "weight-identifier"}, subset...), scope: TestOutcomes, eval: evalOutcomeMaximum},
		"outcome-minimum":  {max: 0, attrs: append([]string{"outcome-identifier", "weight-identifier"}, subset...), scope: TestOutcomes, eval: evalOutcomeMinimum},
		"number-correct":   {max: 0, attrs: subset, scope: TestOutcomes, eval: count(func(t TestItem) bool { return t.Correct })},
		"number-incorrect": {max: 0, attrs: subset, scope: TestOutcomes, eval: count(func(t TestItem) bool { return t.Incorrect })},
		"number-presented": {max: 0, attrs: subset, scope: TestOutcomes, eval: count(func(t TestItem) bool { return t.Presented })},
		"number-responded": {max: 0, attrs: subset, scope: TestOutcomes, eval: count(func(t TestItem) bool { return t.Responded })},
		"number-selected":  {max: 0, attrs: subset, scope: TestOutcomes, eval: count(func(TestItem) bool { return true })},
	}
	for _, op := range operators {
		if op.check == nil {
			op.check = noCheck
		}
	}
}

// attrNumber reads an attribute that is a number or names a variable holding one.
func (r *run) attrNumber(e *expr, name string, usual float64) (float64, bool) {
	text, ok := e.text[name]
	if !ok || text == "" {
		return usual, true
	}
	if x, ok := parseFloat(text); ok {
		return x, true
	}
	id := strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}")
	x, ok := r.s.Values[id].Number()
	if !ok {
		r.problem("%s=%q of %s is neither a number nor a variable with one", name, text, e.name)
	}
	return x, ok
}

func evalVariable(r *run, e *expr) Value {
	if v, ok := r.s.Values[e.id]; ok && r.s.Declared[e.id] != nil {
		return v
	}
	if v, ok := r.s.Test.variable(e.id, e.text["weight-identifier"]); ok {
		return v
	}
	r.problem("there is no variable %s", e.id)
	return Null
}

func evalDefault(r *run, e *expr) Value {
	if v, ok := r.s.Default[e.id]; ok {
		return v
	}
	if d := r.s.Declared[e.id]; d != nil {
		return d.Default
	}
	r.problem("there is no variable %s", e.id)
	return Null
}

func evalMap(r *run, e *expr) Value {
	d := r.declared(e.id, Response)
	if d == nil || d.Mapping == nil {
		r.problem("%s has no mapping", e.id)
		return Null
	}
	if n := len(r.s.Values[e.id].Items); !r.step(n * (n + len(d.Mapping.Entries)) / 16) {
		return Null
	}
	return Num(d.Mapping.Map(r.s.Values[e.id]))
}

func evalMapPoint(r *run, e *expr) Value {
	d := r.declared(e.id, Response)
	if d == nil || d.Areas == nil {
		r.problem("%s has no mapping of areas", e.id)
		return Null
	}
	if !r.step(len(r.s.Values[e.id].Items) * len(d.Areas.Entries) / 16) {
		return Null
	}
	return Num(d.Areas.Map(r.s.Values[e.id]))
}

func evalConstant(_ *run, e *expr) Value {
	if e.text["name"] == "pi" {
		return Num(math.Pi)
	}
	return Num(math.E)
}

func evalRandomInteger(r *run, e *expr) Value {
	low, ok1 := r.attrNumber(e, "min", 0)
	high, ok2 := r.attrNumber(e, "max", 0)
	step, ok3 := r.attrNumber(e, "step", 1)
	if !ok1 || !ok2 || !ok3 || step < 1 || high < low || high-low > 1<<53 {
		r.problem("random-integer has no range")
		return Null
	}
	n := uint64((high-low)/step) + 1
	return Int(int64(low) + int64(r.upTo(n))*int64(step))
}

func evalRandomFloat(r *run, e *expr) Value {
	low, ok1 := r.attrNumber(e, "min", 0)
	high, ok2 := r.attrNumber(e, "max", 0)
	if !ok1 || !ok2 || high < low {
		r.problem("random-float has no range")
		return Null
	}
	return Num(low + (high-low)*float64(r.upTo(1<<53))/(1<<53))
}

// collect makes a container of what the expressions yield; NULL adds nothing, a container its items.
func (r *run) collect(e *expr, c Cardinality) Value {
	var items []Scalar
	for _, a := range e.args {
		v := r.eval(a)
		if len(items)+len(v.Items) > maxItems {
			r.err = ErrTooLong
			return Null
		}
		items = append(items, v.Items...)
	}
	for i := range items {
		if items[i].Base != items[0].Base {
			if f, ok := fitScalar(Float, items[i]); ok && items[0].Base.numeric() {
				items[i] = f
				continue
			}
			r.problem("%s holds values of different types", e.name)
			return Null
		}
	}
	if len(items) > 1 && items[0].Base == Integer && slices.ContainsFunc(items, func(s Scalar) bool { return s.Base == Float }) {
		items[0], _ = fitScalar(Float, items[0])
	}
	return Of(c, items...)
}

func evalIndex(r *run, e *expr) Value {
	v := r.eval(e.args[0])
	n, ok := r.attrNumber(e, "n", 0)
	if !ok || n < 1 || n > float64(len(v.Items)) || n != math.Trunc(n) {
		return Null
	}
	return One(v.Items[int(n)-1])
}

func evalRandom(r *run, e *expr) Value {
	v := r.eval(e.args[0])
	if v.IsNull() || len(v.Items) == 0 {
		return Null
	}
	return One(v.Items[r.upTo(uint64(len(v.Items)))])
}

func evalMember(r *run, e *expr) Value {
	s, c := r.eval(e.args[0]), r.eval(e.args[1])
	if s.IsNull() || c.IsNull() || len(s.Items) != 1 {
		return Null
	}
	return Bool(slices.ContainsFunc(c.Items, func(o Scalar) bool { return sameScalar(s.Items[0], o) }))
}

func evalDelete(r *run, e *expr) Value {
	s, c := r.eval(e.args[0]), r.eval(e.args[1])
	if s.IsNull() || c.IsNull() || len(s.Items) != 1 {
		return Null
	}
	var left []Scalar
	for _, o := range c.Items {
		if !sameScalar(s.Items[0], o) {
			left = append(left, o)
		}
	}
	return Of(c.Card, left...)
}

func evalContains(r *run, e *expr) Value {
	whole, part := r.eval(e.args[0]), r.eval(e.args[1])
	if whole.IsNull() || part.IsNull() {
		return Null
	}
	if !r.step(len(whole.Items) * len(part.Items) / 16) {
		return Null
	}
	if whole.Card == Ordered && part.Card == Ordered {
		for i := 0; i+len(part.Items) <= len(whole.Items); i++ {
			if slices.EqualFunc(whole.Items[i:i+len(part.Items)], part.Items, sameScalar) {
				return Bool(true)
			}
		}
		return Bool(false)
	}
	used := make([]bool, len(whole.Items))
next:
	for _, s := range part.Items {
		for i, o := range whole.Items {
			if !used[i] && sameScalar(s, o) {
				used[i] = true
				continue next
			}
		}
		return Bool(false)
	}
	return Bool(true)
}

func evalRepeat(r *run, e *expr) Value {
	n, ok := r.attrNumber(e, "number-repeats", 0)
	if !ok || n < 1 {
		return Null
	}
	var items []Scalar
	for i := 0.0; i < n; i++ {
		v := r.collect(e, Ordered)
		if len(items)+len(v.Items) > maxItems {
			r.err = ErrTooLong
		}
		if v.IsNull() || r.err != nil {
			break
		}
		items = append(items, v.Items...)
	}
	return Of(Ordered, items...)
}

func evalNot(r *run, e *expr) Value {
	b, ok := r.eval(e.args[0]).Truth()
	if !ok {
		return Null
	}
	return Bool(!b)
}

func evalAnd(r *run, e *expr) Value {
	unknown := false
	for _, a := range e.args {
		b, ok := r.eval(a).Truth()
		if ok && !b {
			return Bool(false)
		}
		unknown = unknown || !ok
	}
	if unknown {
		return Null
	}
	return Bool(true)
}

func evalOr(r *run, e *expr) Value {
	unknown := false
	for _, a := range e.args {
		b, ok := r.eval(a).Truth()
		if ok && b {
			return Bool(true)
		}
		unknown = unknown || !ok
	}
	if unknown {
		return Null
	}
	return Bool(false)
}

func evalAnyN(r *run, e *expr) Value {
	low, ok1 := r.attrNumber(e, "min", 0)
	high, ok2 := r.attrNumber(e, "max", float64(len(e.args)))
	if !ok1 || !ok2 {
		return Null
	}
	yes, unknown := 0.0, 0.0
	for _, a := range e.args {
		b, ok := r.eval(a).Truth()
		switch {
		case !ok:
			unknown++
		case b:
			yes++
		}
	}
	switch {
	case yes >= low && yes+unknown <= high:
		return Bool(true)
	case yes > high || yes+unknown < low:
		return Bool(false)
	}
	return Null
}

func evalMatch(r *run, e *expr) Value {
	a, b := r.eval(e.args[0]), r.eval(e.args[1])
	if a.IsNull() || b.IsNull() || !r.step(len(a.Items)*len(b.Items)/16) {
		return Null
	}
	// Authors compare a variable that holds one value with a container of one, and mean the value.
	if a.Card != b.Card && len(a.Items) == 1 && len(b.Items) == 1 {
		return Bool(sameScalar(a.Items[0], b.Items[0]))
	}
	if a.Card == Ordered && b.Card == Multiple || a.Card == Multiple && b.Card == Ordered {
		r.problem("match compares an ordered with an unordered container")
		return Null
	}
	return Bool(Same(a, b))
}

func (r *run) texts(e *expr) (a, b string, ok bool) {
	v, w := r.eval(e.args[0]), r.eval(e.args[1])
	if len(v.Items) != 1 || len(w.Items) != 1 {
		return "", "", false
	}
	a, b = v.Items[0].String(), w.Items[0].String()
	if e.text["case-sensitive"] == "false" {
		a, b = strings.ToLower(a), strings.ToLower(b)
	}
	return a, b, true
}

func evalStringMatch(r *run, e *expr) Value {
	a, b, ok := r.texts(e)
	if !ok {
		return Null
	}
	if e.text["substring"] == "true" {
		return Bool(strings.Contains(a, b))
	}
	return Bool(a == b)
}

func evalSubstring(r *run, e *expr) Value {
	a, b, ok := r.texts(e)
	if !ok {
		return Null
	}
	return Bool(strings.Contains(b, a))
}

func checkEqual(e *expr) (finding.Severity, error) {
	if m, ok := e.text["tolerance-mode"]; ok {
		return oneOf("tolerance-mode", "exact", "absolute", "relative")(&expr{text: map[string]string{"tolerance-mode": m}})
	}
	return finding.Note, nil
}

func evalEqual(r *run, e *expr) Value {
	v, w := r.eval(e.args[0]), r.eval(e.args[1])
	a, ok1 := v.Number()
	b, ok2 := w.Number()
	if !ok1 || !ok2 {
		if v.IsNull() || w.IsNull() {
			return Null
		}
		if len(v.Items) == 1 && len(w.Items) == 1 && !v.Base().numeric() && !w.Base().numeric() {
			r.problem("equal compares what is no number; it was compared as match does")
			return Bool(sameScalar(v.Items[0], w.Items[0]))
		}
		return Null
	}
	mode := e.text["tolerance-mode"]
	if mode == "" || mode == "exact" {
		return Bool(a == b)
	}
	lower, upper, ok := r.tolerance(e)
	if !ok {
		return Null
	}
	low, high := a-lower, a+upper
	if mode == "relative" {
		low, high = a*(1-lower/100), a*(1+upper/100)
		if low > high {
			low, high = high, low
		}
	}
	above, below := b > low, b < high
	if near(b, low) {
		above = e.text["include-lower-bound"] != "false"
	}
	if near(b, high) {
		below = e.text["include-upper-bound"] != "false"
	}
	return Bool(above && below)
}

// near reports whether two numbers are one up to what binary fractions lose: 3.14 − 0.005 is not quite 3.135 in a computer, and a
// candidate who hits the bound has hit it.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*max(math.Abs(a), math.Abs(b)) }

func (r *run) tolerance(e *expr) (lower, upper float64, ok bool) {
	f := strings.Fields(e.text["tolerance"])
	if len(f) == 0 || len(f) > 2 {
		r.problem("equal has the tolerance %q", shorten(e.text["tolerance"]))
		return 0, 0, false
	}
	part := func(text string) (float64, bool) {
		return r.attrNumber(&expr{name: e.name, text: map[string]string{"tolerance": text}}, "tolerance", 0)
	}
	lower, ok = part(f[0])
	upper = lower
	if ok && len(f) == 2 {
		upper, ok = part(f[1])
	}
	return lower, upper, ok
}

func checkRounding(e *expr) (finding.Severity, error) {
	mode := e.text["rounding-mode"]
	switch mode {
	case "", "significantFigures", "decimalPlaces":
		return finding.Note, nil
	case "significantFigure", "decimalPlace": // written so by some tools
		e.text["rounding-mode"] = mode + "s"
		return finding.Warning, fmt.Errorf("rounding-mode=%q is read as %q", mode, mode+"s")
	}
	return finding.Unsupported, fmt.Errorf("rounding-mode=%q is not known", mode)
}

func (r *run) rounded(e *expr, x float64) (float64, bool) {
	figures, ok := r.attrNumber(e, "figures", 0)
	if !ok || figures < 0 || figures > 300 || figures != math.Trunc(figures) {
		return 0, false
	}
	places := figures
	if e.text["rounding-mode"] != "decimalPlaces" {
		if figures < 1 {
			return 0, false
		}
		if x == 0 {
			return 0, true
		}
		places = figures - 1 - math.Floor(math.Log10(math.Abs(x)))
	}
	p := math.Pow(10, places)
	y := math.Round(x*p) / p
	if math.IsNaN(y) || math.IsInf(y, 0) {
		return x, true
	}
	return y, true
}

func evalEqualRounded(r *run, e *expr) Value {
	a, ok1 := r.eval(e.args[0]).Number()
	b, ok2 := r.eval(e.args[1]).Number()
	if !ok1 || !ok2 {
		return Null
	}
	a, ok1 = r.rounded(e, a)
	b, ok2 = r.rounded(e, b)
	if !ok1 || !ok2 {
		return Null
	}
	return Bool(a == b)
}

func evalRoundTo(r *run, e *expr) Value {
	x, ok := r.eval(e.args[0]).Number()
	if !ok {
		return Null
	}
	if x, ok = r.rounded(e, x); !ok {
		return Null
	}
	return Num(x)
}

func checkInside(e *expr) (finding.Severity, error) {
	area, err := ParseArea(e.text["shape"], e.text["coords"])
	e.area = area
	return finding.Invalid, err
}

func evalInside(r *run, e *expr) Value {
	v := r.eval(e.args[0])
	if v.IsNull() {
		return Null
	}
	return Bool(slices.ContainsFunc(v.Items, func(s Scalar) bool { return s.Base == Point && e.area.Contains(s.X, s.Y) }))
}

func compare(holds func(a, b float64) bool) func(*run, *expr) Value {
	return func(r *run, e *expr) Value {
		a, ok1 := r.eval(e.args[0]).Number()
		b, ok2 := r.eval(e.args[1]).Number()
		if !ok1 || !ok2 {
			return Null
		}
		return Bool(holds(a, b))
	}
}

// numbers evaluates all arguments and flattens containers. ok is false as soon as something is NULL or no number.
func (r *run) numbers(e *expr) (items []Scalar, ok bool) {
	for _, a := range e.args {
		v := r.eval(a)
		if v.IsNull() {
			// The sum over an empty set of items is 0; anywhere else NULL makes the whole NULL.
			if a.name == "test-variables" {
				continue
			}
			return nil, false
		}
		for _, s := range v.Items {
			if _, isNumber := s.Number(); !isNumber {
				r.problem("%s has the argument %s, which is no number", e.name, v)
				return nil, false
			}
		}
		items = append(items, v.Items...)
	}
	return items, true
}

func addInt(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

func mulInt(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	c := a * b
	return c, c/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
}

func fold(start int64, whole func(a, b int64) (int64, bool), part func(a, b float64) float64) func(*run, *expr) Value {
	return func(r *run, e *expr) Value {
		items, ok := r.numbers(e)
		if !ok {
			return Null
		}
		n, x, exact := start, float64(start), true
		for _, s := range items {
			y, _ := s.Number()
			x = part(x, y)
			if s.Base != Integer {
				exact = false
			}
			if exact {
				n, exact = whole(n, s.I)
			}
		}
		if exact {
			return Int(n)
		}
		return Num(x)
	}
}

func extreme(better func(a, b float64) bool) func(*run, *expr) Value {
	return func(r *run, e *expr) Value {
		items, ok := r.numbers(e)
		if !ok || len(items) == 0 {
			return Null
		}
		best, whole := items[0], true
		for _, s := range items {
			a, _ := s.Number()
			b, _ := best.Number()
			if better(a, b) {
				best = s
			}
			whole = whole && s.Base == Integer
		}
		if whole {
			return Int(best.I)
		}
		x, _ := best.Number()
		return Num(x)
	}
}

func gcd(a, b int64) (int64, bool) {
	for b != 0 {
		a, b = b, a%b
	}
	if a == math.MinInt64 {
		return 0, false
	}
	return max(a, -a), true
}

func lcm(a, b int64) (int64, bool) {
	g, ok := gcd(a, b)
	if !ok || g == 0 {
		return 0, ok
	}
	c, ok := mulInt(a/g, b)
	if !ok || c == math.MinInt64 {
		return 0, false
	}
	return max(c, -c), true
}

func wholes(op func(a, b int64) (int64, bool)) func(*run, *expr) Value {
	return func(r *run, e *expr) Value {
		items, ok := r.numbers(e)
		if !ok || len(items) == 0 || slices.ContainsFunc(items, func(s Scalar) bool { return s.Base != Integer }) {
			return Null
		}
		n, ok := op(items[0].I, items[0].I)
		for _, s := range items[1:] {
			if !ok {
				break
			}
			n, ok = op(n, s.I)
		}
		if !ok {
			return Null
		}
		return Int(n)
	}
}

func unary(op func(x float64) float64) func(*run, *expr) Value {
	return func(r *run, e *expr) Value {
		x, ok := r.eval(e.args[0]).Number()
		if !ok {
			return Null
		}
		return Num(op(x))
	}
}

func toInt(op func(x float64) float64) func(*run, *expr) Value {
	return func(r *run, e *expr) Value {
		x, ok := r.eval(e.args[0]).Number()
		if !ok {
			return Null
		}
		if x = op(x); math.Abs(x) >= 1<<62 {
			return Null
		}
		return Int(int64(x))
	}
}

func binary(op func(a, b float64) float64) func(*run, *expr) Value {
	return func(r *run, e *expr) Value {
		a, ok1 := r.eval(e.args[0]).Number()
		b, ok2 := r.eval(e.args[1]).Number()
		if !ok1 || !ok2 {
			return Null
		}
		return Num(op(a, b))
	}
}

func evalSubtract(r *run, e *expr) Value {
	v, w := r.eval(e.args[0]), r.eval(e.args[1])
	a, ok1 := v.Number()
	b, ok2 := w.Number()
	if !ok1 || !ok2 {
		return Null
	}
	if v.Base() == Integer && w.Base() == Integer && w.Items[0].I != math.MinInt64 {
		if n, ok := addInt(v.Items[0].I, -w.Items[0].I); ok {
			return Int(n)
		}
	}
	return Num(a - b)
}

// wholeDivision rounds towards minus infinity, as the standard has it.
func wholeDivision(pick func(quotient, modulus int64) int64) func(*run, *expr) Value {
	return func(r *run, e *expr) Value {
		v, w := r.eval(e.args[0]), r.eval(e.args[1])
		if v.Base() != Integer || w.Base() != Integer || v.Card != Single || w.Card != Single || w.Items[0].I == 0 {
			return Null
		}
		a, b := v.Items[0].I, w.Items[0].I
		if a == math.MinInt64 && b == -1 {
			return Null
		}
		q, m := a/b, a%b
		if m != 0 && (m < 0) != (b < 0) {
			q, m = q-1, m+b
		}
		return Int(pick(q, m))
	}
}

func evalStats(r *run, e *expr) Value {
	v := r.eval(e.args[0])
	n := float64(len(v.Items))
	if n == 0 {
		return Null
	}
	mean := 0.0
	for _, s := range v.Items {
		x, ok := s.Number()
		if !ok {
			return Null
		}
		mean += x / n
	}
	squares := 0.0
	for _, s := range v.Items {
		x, _ := s.Number()
		squares += (x - mean) * (x - mean)
	}
	switch e.text["name"] {
	case "mean":
		return Num(mean)
	case "popVariance":
		return Num(squares / n)
	case "popSD":
		return Num(math.Sqrt(squares / n))
	case "sampleVariance":
		return Num(squares / (n - 1))
	}
	return Num(math.Sqrt(squares / (n - 1)))
}

var mathFunctions = map[string]func(x float64) float64{
	"sin": math.Sin, "cos": math.Cos, "tan": math.Tan,
	"sec": func(x float64) float64 { return 1 / math.Cos(x) }, "csc": func(x float64) float64 { return 1 / math.Sin(x) }, "cot": func(x float64) float64 { return 1 / math.Tan(x) },
	"asin": math.Asin, "acos": math.Acos, "atan": math.Atan,
	"asec": func(x float64) float64 { return math.Acos(1 / x) }, "acsc": func(x float64) float64 { return math.Asin(1 / x) }, "acot": func(x float64) float64 { return math.Atan(1 / x) },
	"sinh": math.Sinh, "cosh": math.Cosh, "tanh": math.Tanh,
	"sech": func(x float64) float64 { return 1 / math.Cosh(x) }, "csch": func(x float64) float64 { return 1 / math.Sinh(x) }, "coth": func(x float64) float64 { return 1 / math.Tanh(x) },
	"log": math.Log10, "ln": math.Log, "exp": math.Exp, "abs": math.Abs,
	"toDegrees": func(x float64) float64 { return x * 180 / math.Pi }, "toRadians": func(x float64) float64 { return x * math.Pi / 180 },
}

var mathToInt = map[string]func(x float64) float64{
	"floor": math.Floor, "ceil": math.Ceil,
	"signum": func(x float64) float64 {
		switch {
		case x > 0:
			return 1
		case x < 0:
			return -1
		}
		return 0
	},
}

func checkMath(e *expr) (finding.Severity, error) {
	name := e.text["name"]
	_, one := mathFunctions[name]
	_, whole := mathToInt[name]
	switch {
	case name == "atan2":
		if len(e.args) != 2 {
			return finding.Invalid, fmt.Errorf("atan2 has %d expressions inside, not 2", len(e.args))
		}
	case !one && !whole:
		return finding.Unsupported, fmt.Errorf("name=%q is not known", name)
	case len(e.args) != 1:
		return finding.Invalid, fmt.Errorf("%s has %d expressions inside, not 1", name, len(e.args))
	}
	return finding.Note, nil
}

func evalMath(r *run, e *expr) Value {
	name := e.text["name"]
	if name == "atan2" {
		return binary(math.Atan2)(r, e)
	}
	if f, ok := mathToInt[name]; ok {
		return toInt(f)(r, e)
	}
	return unary(mathFunctions[name])(r, e)
}
