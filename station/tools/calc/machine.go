// Package calc is the arithmetic of the candidate's calculator: an evaluator of expressions and a machine with keys.
//
// It knows nothing of windows, clocks or clipboards. Numbers are decimal, so what a candidate works out on paper and what
// the calculator shows agree to the last of twelve digits (R13).
package calc

import (
	"errors"
	"strings"
)

// Key is one key of the calculator. Digits and signs are written as they are printed on it.
type Key string

// The keys beside the digits "0"…"9".
const (
	Point      Key = "."
	Add        Key = "+"
	Subtract   Key = "−"
	Multiply   Key = "×"
	Divide     Key = "÷"
	Power      Key = "^"
	Open       Key = "("
	Close      Key = ")"
	Equals     Key = "="
	Percent    Key = "%"
	Sign       Key = "±"
	SquareRoot Key = "√"
	Square     Key = "²"
	Inverse    Key = "⁻¹"

	Root       Key = "ʸ√" // waits for a second number: 27 ʸ√ 3 is 3
	CubeRoot   Key = "∛"
	Cube       Key = "³"
	Factorial  Key = "!"
	Sine       Key = "sin"
	Cosine     Key = "cos"
	Tangent    Key = "tan"
	Arcsine    Key = "arcsin"
	Arccosine  Key = "arccos"
	Arctangent Key = "arctan"
	Ln         Key = "ln"
	Lg         Key = "lg"
	PowerOfE   Key = "eˣ"
	PowerOf10  Key = "10ˣ"
	Pi         Key = "π"
	Euler      Key = "e"
	Exponent   Key = "EE"  // begins the power of ten of the number being typed
	Angle      Key = "DRG" // turns from degrees to radians and back

	Backspace  Key = "⌫"  // takes back the last digit, sign or parenthesis, or an error
	ClearEntry Key = "CE" // clears the number being typed
	Clear      Key = "C"  // clears everything but the memory

	MemoryClear    Key = "MC"
	MemoryRecall   Key = "MR"
	MemoryAdd      Key = "M+" // completes the expression and adds the result to the memory
	MemorySubtract Key = "M−" // completes the expression and takes the result from the memory
)

// Bounds of what can be typed. A number has as many digits as the display; the others only keep the work bounded.
const (
	maxDigits = displayDigits
	maxDepth  = 20
	maxTokens = 100
)

// Machine is a calculator with keys. √, x², 1/x, ±, % and the functions act at once on the number shown, as on a desk calculator;
// + − × ÷, xʸ and ʸ√ wait for "=" and respect precedence and parentheses. "=" pressed again changes nothing. Angles are in degrees
// until Angle is pressed. The zero Machine is ready for use; it is not for use by several goroutines at once.
type Machine struct {
	toks  []token  // what stands before the current operand: numbers, + − × ÷ ^ and open parentheses
	entry string   // the number being typed; "" if none
	value *operand // the current operand when it was not typed: a result, a root, a recalled number, a group
	fresh bool     // value is the result of a completed expression
	done  string   // the completed expression
	code  Code

	memory    decimal
	hasMemory bool
	radians   bool
}

// operand is a number and how the expression line shows it. Eval reads that text.
type operand struct {
	num  decimal
	text string
}

func newOperand(d decimal) *operand { return &operand{d, minusSign(d.format())} }

func minusSign(s string) string {
	if strings.HasPrefix(s, "-") {
		return "−" + s[1:]
	}
	return s
}

// Display returns what the large line shows: a number with "." as the decimal separator, "-" as the minus sign and "e" before a
// power of ten, or "" while there is an error.
func (m *Machine) Display() string {
	if m.code != "" {
		return ""
	}
	switch op := m.shown(); {
	case m.entry != "":
		return whole(m.entry)
	case op != nil:
		return op.num.format()
	}
	return "0"
}

// Expression returns what the small line shows: the expression so far without the number being typed, which the display shows, or
// the completed one with "=". While there is an error it is the whole expression that has no result.
func (m *Machine) Expression() string {
	if m.fresh && m.done != "" {
		return m.done + " ="
	}
	toks := m.toks
	if cur := m.current(); cur != nil && (m.entry == "" || m.code != "") {
		toks = append(toks[:len(toks):len(toks)], m.place(cur))
	}
	return join(toks)
}

func join(toks []token) string {
	var b strings.Builder
	for i, t := range toks {
		if i > 0 && toks[i-1].kind != opening && t.kind != closing {
			b.WriteByte(' ')
		}
		if t.kind == number {
			b.WriteString(t.text)
		} else {
			b.WriteString(t.kind.String())
		}
	}
	return b.String()
}

// String is how the expression line writes a sign.
func (k kind) String() string {
	if k == nth {
		return "ʸ√"
	}
	return string(rune(k))
}

// Radians reports whether angles are in radians and not in degrees.
func (m *Machine) Radians() bool { return m.radians }

// Err returns the Code for which there is no result, or "".
func (m *Machine) Err() Code { return m.code }

// HasMemory reports whether a number is in the memory.
func (m *Machine) HasMemory() bool { return m.hasMemory }

// Press works one key. An unknown key, or one that makes no sense where it is pressed, changes nothing. While there is an error
// only C, ⌫ (back to the expression), the memory's MC and the keys that begin a number or a parenthesis do something.
func (m *Machine) Press(k Key) {
	if m.code != "" {
		switch {
		case k == Backspace:
			m.code = ""
			return
		case k == MemoryClear || k == Clear:
		case isDigit(k) || k == Point || k == Open:
			m.clear()
		default:
			return
		}
	}
	switch k {
	case Point:
		m.point()
	case Add, Subtract, Multiply, Divide, Power, Root:
		m.binary(kind([]rune(string(k))[0])) // of ʸ√ the first sign stands for both
	case Open:
		m.open()
	case Close:
		m.close()
	case Equals:
		m.equals()
	case Percent:
		m.percent()
	case Sign:
		m.negate()
	case SquareRoot:
		m.unary(squareRoot, func(s string) string { return "√" + s })
	case Square:
		m.unary(func(d decimal) (decimal, error) { return d.mul(d).settle() }, func(s string) string { return s + "²" })
	case Inverse:
		m.unary(func(d decimal) (decimal, error) { return ratio(one, d) }, func(s string) string { return s + "⁻¹" })
	case Cube:
		m.unary(func(d decimal) (decimal, error) { return d.mul(d).mul(d).settle() }, func(s string) string { return s + "³" })
	case CubeRoot:
		m.unary(func(d decimal) (decimal, error) { return nthRoot(d, integer(3)) }, func(s string) string { return "∛" + s })
	case Factorial:
		m.unary(factorial, func(s string) string { return s + "!" })
	case PowerOfE:
		m.unary(exponential, func(s string) string { return "e^" + grouped(s) })
	case PowerOf10:
		m.unary(func(d decimal) (decimal, error) {
			p, err := integer(10).pow(d)
			if err != nil {
				return decimal{}, err
			}
			return p.settle()
		}, func(s string) string { return "10^" + grouped(s) })
	case Sine, Cosine, Tangent, Arcsine, Arccosine, Arctangent, Ln, Lg:
		m.function(k)
	case Pi, Euler:
		m.begin()
		m.replace(&operand{constant([]rune(string(k))[0]), string(k)})
	case Exponent:
		m.exponent()
	case Angle:
		m.radians = !m.radians
	case Backspace:
		m.backspace()
	case ClearEntry:
		m.replace(nil)
	case Clear:
		m.clear()
	case MemoryClear:
		m.memory, m.hasMemory = decimal{}, false
	case MemoryRecall:
		if m.hasMemory {
			m.begin()
			m.replace(newOperand(m.memory))
		}
	case MemoryAdd:
		m.remember(false)
	case MemorySubtract:
		m.remember(true)
	default:
		if isDigit(k) {
			m.digit(string(k))
		}
	}
}

// function applies one of the functions with a name to the number shown.
func (m *Machine) function(k Key) {
	name := string(k)
	if !m.radians && k != Ln && k != Lg {
		name += "°"
	}
	if f, ok := functionOf(name); ok {
		m.unary(f.work, func(s string) string { return name + grouped(s) })
	}
}

func isDigit(k Key) bool { return len(k) == 1 && k[0] >= '0' && k[0] <= '9' }

func (m *Machine) clear() {
	m.toks, m.code, m.done = nil, "", ""
	m.replace(nil)
}

// fail shows err and leaves the expression as it is, so that ⌫ can return to it.
func (m *Machine) fail(err error) {
	if !errors.As(err, &m.code) {
		m.code = BadExpression
	}
}

// replace makes op the current operand in place of the one that was there.
func (m *Machine) replace(op *operand) { m.entry, m.value, m.fresh = "", op, false }

// begin starts a new expression if the last one is complete.
func (m *Machine) begin() {
	if m.fresh {
		m.toks = nil
		m.replace(nil)
	}
}

// current returns the current operand, or nil after a sign, after "(" and at the start.
func (m *Machine) current() *operand {
	if m.entry == "" {
		return m.value
	}
	// An entry is always a number: digit, point and negate made it.
	d, err := parseNumber(strings.TrimPrefix(whole(m.entry), "-"))
	if err != nil {
		return nil
	}
	if strings.HasPrefix(m.entry, "-") {
		d = d.neg()
	}
	return &operand{d, minusSign(strings.TrimSuffix(whole(m.entry), "."))}
}

// shown returns the operand that the display shows: the current one or, after a sign, the one before the sign.
func (m *Machine) shown() *operand {
	if op := m.current(); op != nil {
		return op
	}
	if n := len(m.toks); n >= 2 && m.toks[n-2].kind == number {
		return &operand{m.toks[n-2].num, m.toks[n-2].text}
	}
	if len(m.toks) == 0 {
		return newOperand(decimal{})
	}
	return nil
}

func (m *Machine) digit(d string) {
	m.begin()
	if m.value != nil {
		m.replace(nil)
	}
	if _, exp, ok := strings.Cut(m.entry, "e"); ok {
		// Two digits, and only while the number stays one that is kept.
		if _, err := parseNumber(strings.TrimPrefix(m.entry+d, "-")); err == nil && len(strings.TrimPrefix(exp, "-")) < 2 {
			m.entry += d
		}
		return
	}
	if strings.Count(m.entry, "")-1-strings.Count(m.entry, ".")-strings.Count(m.entry, "-") >= maxDigits {
		return
	}
	switch m.entry {
	case "0":
		m.entry = d
	case "-0":
		m.entry = "-" + d
	default:
		m.entry += d
	}
}

func (m *Machine) point() {
	m.begin()
	if m.value != nil {
		m.replace(nil)
	}
	switch {
	case strings.ContainsAny(m.entry, ".e"):
	case m.entry == "":
		m.entry = "0."
	default:
		m.entry += "."
	}
}

// exponent begins the power of ten of the number being typed.
func (m *Machine) exponent() {
	m.begin()
	if m.value != nil {
		m.replace(nil)
	}
	switch {
	case m.entry == "":
		m.entry = "1e"
	case !strings.Contains(m.entry, "e"):
		m.entry += "e"
	}
}

// whole completes a number of whose exponent nothing was typed yet.
func whole(entry string) string {
	if strings.HasSuffix(entry, "e") || strings.HasSuffix(entry, "e-") {
		return entry + "0"
	}
	return entry
}

func (m *Machine) negate() {
	if mant, exp, ok := strings.Cut(m.entry, "e"); ok {
		if s, negative := strings.CutPrefix(exp, "-"); negative {
			exp = s
		} else {
			exp = "-" + exp
		}
		if _, err := parseNumber(strings.TrimPrefix(whole(mant+"e"+exp), "-")); err == nil {
			m.entry = mant + "e" + exp
		}
		return
	}
	if m.entry != "" {
		if s, ok := strings.CutPrefix(m.entry, "-"); ok {
			m.entry = s
		} else {
			m.entry = "-" + m.entry
		}
		return
	}
	if m.value != nil && strings.Trim(m.value.text, "−0123456789.") == "" {
		op := newOperand(m.value.num.neg())
		m.begin()
		m.replace(op)
		return
	}
	m.unary(func(d decimal) (decimal, error) { return d.neg(), nil }, func(s string) string { return "−" + s })
}

// unary replaces the operand shown by f of it.
func (m *Machine) unary(f func(decimal) (decimal, error), label func(string) string) {
	op := m.shown()
	if op == nil {
		return
	}
	d, err := f(op.num)
	if err != nil {
		m.fail(err)
		return
	}
	text := label(atom(op.text))
	m.begin()
	m.replace(&operand{d, text})
}

// atom puts text in parentheses unless it is a plain number or stands in them already.
func atom(text string) string {
	if strings.Trim(text, "0123456789.") == "" || text == "π" || text == "e" {
		return text
	}
	depth := 0
	for i, r := range text {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 && i < len(text)-1 {
			return "(" + text + ")"
		}
	}
	return text
}

// grouped puts text in parentheses unless it stands in them already, as what a function is applied to.
func grouped(text string) string {
	if text = atom(text); strings.HasPrefix(text, "(") {
		return text
	}
	return "(" + text + ")"
}

// percent takes a hundredth of the operand; right of + or − it takes that share of what stands left of the sign.
func (m *Machine) percent() {
	op := m.shown()
	if op == nil {
		return
	}
	hundredth, err := decimal{op.num.int(), op.num.exp - 2}.settle()
	if err != nil {
		m.fail(err)
		return
	}
	n := len(m.toks)
	if n == 0 || m.fresh || m.toks[n-1].kind != plus && m.toks[n-1].kind != minus {
		text := atom(op.text) + "%"
		m.begin()
		m.replace(&operand{hundredth, text})
		return
	}
	left, err := eval(m.toks[m.lastOpen()+1 : n-1])
	if err != nil {
		m.fail(err)
		return
	}
	share, err := left.mul(hundredth).settle()
	if err != nil {
		m.fail(err)
		return
	}
	m.replace(newOperand(share))
}

// lastOpen is the index of the innermost open parenthesis, or -1.
func (m *Machine) lastOpen() int {
	for i := len(m.toks) - 1; i >= 0; i-- {
		if m.toks[i].kind == opening {
			return i
		}
	}
	return -1
}

func (m *Machine) depth() int {
	n := 0
	for _, t := range m.toks {
		if t.kind == opening {
			n++
		}
	}
	return n
}

// push moves the operand op into the expression.
func (m *Machine) push(op *operand) {
	if m.fresh {
		m.toks = nil
	}
	m.toks = append(m.toks, m.place(op))
	m.replace(nil)
}

// place is the token of the operand op at the end of the expression. A negative number after a sign stands in parentheses.
func (m *Machine) place(op *operand) token {
	text := op.text
	if n := len(m.toks); n > 0 && m.toks[n-1].kind != opening && strings.HasPrefix(text, "−") {
		text = atom(text)
	}
	return token{kind: number, num: op.num, text: text}
}

func (m *Machine) binary(k kind) {
	if len(m.toks) >= maxTokens {
		return
	}
	if op := m.current(); op != nil {
		if k == power || k == nth {
			op.text = atom(op.text) // without parentheses −3 ^ 2 would read as −(3 ^ 2)
		}
		m.push(op)
		m.toks = append(m.toks, token{kind: k})
		return
	}
	switch n := len(m.toks); {
	case n == 0:
		m.push(newOperand(decimal{}))
		m.toks = append(m.toks, token{kind: k})
	case m.toks[n-1].kind != opening:
		m.toks[n-1].kind = k
	case k == minus:
		m.push(newOperand(decimal{}))
		m.toks = append(m.toks, token{kind: k})
	}
}

func (m *Machine) open() {
	m.begin()
	if m.depth() >= maxDepth || len(m.toks) >= maxTokens {
		return
	}
	if m.current() != nil {
		m.binary(times)
	}
	m.toks = append(m.toks, token{kind: opening})
}

func (m *Machine) close() {
	i, op := m.lastOpen(), m.current()
	if i < 0 || op == nil || m.fresh {
		return
	}
	group := append(m.toks[i:len(m.toks):len(m.toks)], m.place(op), token{kind: closing})
	d, err := eval(group)
	if err != nil {
		m.fail(err)
		return
	}
	m.toks = m.toks[:i]
	m.replace(&operand{d, join(group)})
}

// equals completes the expression, closing the parentheses that are open. It reports whether a result is shown.
func (m *Machine) equals() bool {
	op := m.current()
	if op == nil || m.fresh {
		return m.fresh
	}
	whole := append(m.toks[:len(m.toks):len(m.toks)], m.place(op))
	for range m.depth() {
		whole = append(whole, token{kind: closing})
	}
	d, err := eval(whole)
	if err != nil {
		m.fail(err)
		return false
	}
	m.toks, m.done = nil, join(whole)
	m.replace(newOperand(d))
	m.fresh = true
	return true
}

func (m *Machine) remember(subtract bool) {
	if !m.equals() {
		return
	}
	d := m.value.num
	if subtract {
		d = d.neg()
	}
	sum, err := m.memory.add(d).settle()
	if err != nil {
		m.fail(err)
		return
	}
	m.memory, m.hasMemory = sum, true
}

func (m *Machine) backspace() {
	n := len(m.toks)
	switch {
	case m.entry != "":
		m.entry = m.entry[:len(m.entry)-1]
		if m.entry == "-" {
			m.entry = ""
		}
	case m.fresh:
	case m.value != nil:
		m.replace(nil)
	case n > 0:
		m.toks = m.toks[:n-1]
		if n >= 2 && m.toks[n-2].kind == number {
			last := m.toks[n-2]
			m.toks = m.toks[:n-2]
			m.replace(&operand{last.num, last.text})
			// A number that was typed can be typed on; a computed one has more digits than its text.
			if d, err := parseNumber(last.text); err == nil && d.cmp(last.num) == 0 && !strings.Contains(last.text, "e") {
				m.replace(nil)
				m.entry = last.text
			}
		}
	}
}
