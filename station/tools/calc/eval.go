package calc

import (
	"strings"
	"unicode/utf8"
)

// Code says why there is no result. It is an error and a stable word from which the screen takes its sentence.
type Code string

// The reasons for which there is no result.
const (
	DivisionByZero Code = "division_by_zero" // ÷ 0, 1/0, 0 to a negative power
	OutOfRange     Code = "out_of_range"     // a magnitude of 10^100 or more
	NoRealValue    Code = "no_real_value"    // √ or ln of a negative number, 0⁰, tan 90°, arcsin 2, 1.5!, a negative number to a power that is not whole
	BadExpression  Code = "bad_expression"   // anything that is not an expression
)

// Error makes a Code an error.
func (c Code) Error() string { return "calculator: " + string(c) }

// maxExpression bounds what Eval reads, in bytes, and with it the depth of parentheses.
const maxExpression = 1000

// Eval works out an expression and writes the result with 12 significant digits, "." as the decimal separator and "e" before
// a power of ten ("0.3", "1.5e-9"). 0.1+0.2 is 0.3: the arithmetic is decimal.
//
// It knows + − × ÷, ^ (power) and ʸ√ (27 ʸ√ 3 is 3; both from right to left), the prefixes − √ ∛, the suffixes ² ³ ⁻¹ ! %,
// parentheses, π, e, and the functions sin cos tan arcsin arccos arctan ln lg with parentheses. Angles are in radians, and in
// degrees where the name ends with "°": sin°(30) is 0.5. Suffixes bind before ^ and ʸ√, these before prefixes, those before ×
// and ÷, and those before + and −. ASCII - * / and the decimal comma are read too. Percent is that of desk calculators: right of + or − it is taken of what stands left (200+10% is 220),
// elsewhere it is a hundredth.
//
// The error is always a Code.
func Eval(expr string) (string, error) {
	toks, err := scan(expr)
	if err != nil {
		return "", err
	}
	d, err := eval(toks)
	if err != nil {
		return "", err
	}
	return d.format(), nil
}

// kind is what a token is: a number or one of the signs.
type kind rune

const (
	number  kind = '#'
	plus    kind = '+'
	minus   kind = '−'
	times   kind = '×'
	divide  kind = '÷'
	power   kind = '^'
	nth     kind = 'ʸ' // stands for ʸ√
	root    kind = '√'
	cubic   kind = '∛'
	square  kind = '²'
	cube    kind = '³'
	bang    kind = '!'
	apply   kind = 'ƒ' // a function, named by the token's text
	inverse kind = '⁻' // stands for ⁻¹
	percent kind = '%'
	opening kind = '('
	closing kind = ')'
)

type token struct {
	kind kind
	num  decimal
	text string // how the expression line shows a number
}

// same reads the signs that keyboards have for those that books print.
var same = map[rune]kind{
	'+': plus, '-': minus, '−': minus, '–': minus, '*': times, '×': times, '·': times, '/': divide, '÷': divide,
	':': divide, '^': power, '√': root, '∛': cubic, '²': square, '³': cube, '!': bang, '%': percent, '(': opening, ')': closing,
}

func scan(expr string) ([]token, error) {
	if len(expr) > maxExpression || !utf8.ValidString(expr) {
		return nil, BadExpression
	}
	var toks []token
scan:
	for s := expr; s != ""; {
		for _, f := range functions {
			if strings.HasPrefix(s, f.name) {
				toks = append(toks, token{kind: apply, text: f.name})
				s = s[len(f.name):]
				continue scan
			}
		}
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == ' ':
			s = s[size:]
		case r == 'π' || r == 'e':
			toks = append(toks, token{kind: number, num: constant(r), text: string(r)})
			s = s[size:]
		case strings.HasPrefix(s, "ʸ√"):
			toks = append(toks, token{kind: nth})
			s = s[len("ʸ√"):]
		case strings.HasPrefix(s, "⁻¹"):
			toks = append(toks, token{kind: inverse})
			s = s[len("⁻¹"):]
		case r >= '0' && r <= '9' || r == '.' || r == ',':
			n := numberLen(s)
			text := strings.ReplaceAll(s[:n], ",", ".")
			if strings.Count(text, ".") > 1 {
				return nil, BadExpression
			}
			d, err := parseNumber(text)
			if err != nil {
				return nil, err
			}
			toks = append(toks, token{kind: number, num: d, text: text})
			s = s[n:]
		default:
			k, ok := same[r]
			if !ok {
				return nil, BadExpression
			}
			toks = append(toks, token{kind: k})
			s = s[size:]
		}
	}
	return toks, nil
}

// constant is π or e, as it is kept.
func constant(r rune) decimal {
	if r == 'π' {
		return piDecimal().round(storedDigits)
	}
	return euler().round(storedDigits)
}

// numberLen is the length of the number with which s begins, its exponent ("e-9") included.
func numberLen(s string) int {
	n := 0
	for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == '.' || s[n] == ',') {
		n++
	}
	if n == len(s) || s[n] != 'e' {
		return n
	}
	e := n + 1
	if e < len(s) && s[e] == '-' {
		e++
	}
	first := e
	for e < len(s) && s[e] >= '0' && s[e] <= '9' {
		e++
	}
	if e == first {
		return n
	}
	return e
}

// eval works out tokens by recursive descent; the depth is bounded by the number of tokens, and that by maxExpression.
func eval(toks []token) (decimal, error) {
	p := parser{toks: toks}
	d, err := p.sum()
	if err != nil {
		return decimal{}, err
	}
	if p.pos != len(toks) {
		return decimal{}, BadExpression
	}
	return d, nil
}

type parser struct {
	toks []token
	pos  int
}

// accept steps over the next token if it is a k.
func (p *parser) accept(k kind) bool {
	if p.pos < len(p.toks) && p.toks[p.pos].kind == k {
		p.pos++
		return true
	}
	return false
}

// relative reports whether the term that began at start is a single operand followed by %, which alone makes the percent
// relative to what stands left of + or −.
func (p *parser) relative(start int) bool {
	end := p.pos - 1
	if end <= start || p.toks[end].kind != percent {
		return false
	}
	depth := 0
	for _, t := range p.toks[start:end] {
		switch t.kind {
		case opening:
			depth++
		case closing:
			depth--
		case times, divide, power, nth, root, cubic, percent:
			if depth == 0 {
				return false
			}
		}
	}
	return true
}

func (p *parser) sum() (decimal, error) {
	left, err := p.product()
	for err == nil {
		sub := false
		switch {
		case p.accept(plus):
		case p.accept(minus):
			sub = true
		default:
			return left, nil
		}
		start := p.pos
		var right decimal
		if right, err = p.product(); err != nil {
			break
		}
		if p.relative(start) {
			right = right.mul(left)
		}
		if sub {
			right = right.neg()
		}
		left, err = difference(left, right).settle()
	}
	return decimal{}, err
}

func (p *parser) product() (decimal, error) {
	left, err := p.prefixed()
	for err == nil {
		var right decimal
		switch {
		case p.accept(times):
			if right, err = p.prefixed(); err == nil {
				left, err = left.mul(right).settle()
			}
		case p.accept(divide):
			if right, err = p.prefixed(); err == nil {
				left, err = ratio(left, right)
			}
		default:
			return left, nil
		}
	}
	return decimal{}, err
}

// difference adds a and b. Where they cancel but for the last of the kept digits, what remains is the rounding of the one that
// has so many, and stands for 0: 1÷3×3−1 is 0.
func difference(a, b decimal) decimal {
	const noise = 2
	sum := a.add(b)
	rounded := max(digits(a.int()), digits(b.int())) >= storedDigits-1
	if rounded && sum.sign() != 0 && sum.order() < max(a.order(), b.order())-(storedDigits-noise) {
		return decimal{}
	}
	return sum
}

func ratio(a, b decimal) (decimal, error) {
	if b.sign() == 0 {
		return decimal{}, DivisionByZero
	}
	return a.quo(b, storedDigits+1).settle()
}

func squareRoot(d decimal) (decimal, error) {
	if d.sign() < 0 {
		return decimal{}, NoRealValue
	}
	return d.sqrt(storedDigits + 1).settle()
}

func (p *parser) prefixed() (decimal, error) {
	switch {
	case p.accept(minus):
		d, err := p.prefixed()
		return d.neg(), err
	case p.accept(root):
		d, err := p.prefixed()
		if err != nil {
			return decimal{}, err
		}
		return squareRoot(d)
	case p.accept(cubic):
		d, err := p.prefixed()
		if err != nil {
			return decimal{}, err
		}
		return nthRoot(d, integer(3))
	}
	base, err := p.suffixed()
	if err != nil {
		return decimal{}, err
	}
	f := decimal.pow
	switch {
	case p.accept(power):
	case p.accept(nth):
		f = nthRoot
	default:
		return base, nil
	}
	exp, err := p.prefixed()
	if err != nil {
		return decimal{}, err
	}
	d, err := f(base, exp)
	if err != nil {
		return decimal{}, err
	}
	return d.settle()
}

func (p *parser) suffixed() (decimal, error) {
	d, err := p.operand()
	for err == nil {
		switch {
		case p.accept(square):
			d, err = d.mul(d).settle()
		case p.accept(cube):
			d, err = d.mul(d).mul(d).settle()
		case p.accept(bang):
			d, err = factorial(d)
		case p.accept(inverse):
			d, err = ratio(one, d)
		case p.accept(percent):
			d, err = decimal{d.int(), d.exp - 2}.settle()
		default:
			return d, nil
		}
	}
	return decimal{}, err
}

func (p *parser) operand() (decimal, error) {
	switch {
	case p.accept(number):
		return p.toks[p.pos-1].num, nil
	case p.accept(apply):
		f, ok := functionOf(p.toks[p.pos-1].text)
		if !ok || p.pos >= len(p.toks) || p.toks[p.pos].kind != opening {
			return decimal{}, BadExpression
		}
		d, err := p.operand()
		if err != nil {
			return decimal{}, err
		}
		return f.work(d)
	case p.accept(opening):
		d, err := p.sum()
		if err == nil && !p.accept(closing) {
			err = BadExpression
		}
		return d, err
	}
	return decimal{}, BadExpression
}
