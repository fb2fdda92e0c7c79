package calc

import (
	"math/big"
	"sync"
)

// The functions of a scientific calculator, worked out in whole numbers: x is held as x × 10^fixedPlaces. Every series below
// stops when its next term is less than the last place, so a result of ordinary size is right to about fixedPlaces digits, of
// which storedDigits are kept.
const fixedPlaces = 80

// function is one of the functions of one number that are written with parentheses.
type function struct {
	name string // as the expression line and Eval write it, without the parenthesis
	work func(decimal) (decimal, error)
}

// functions are those that Eval reads. An angle is in radians; a function whose name ends with "°" takes or gives degrees.
var functions = []function{
	{"arcsin°", inDegrees(arcsine)},
	{"arccos°", inDegrees(arccosine)},
	{"arctan°", inDegrees(arctangent)},
	{"arcsin", arcsine},
	{"arccos", arccosine},
	{"arctan", arctangent},
	{"sin°", ofDegrees(func(s, _ decimal) (decimal, error) { return s, nil })},
	{"cos°", ofDegrees(func(_, c decimal) (decimal, error) { return c, nil })},
	{"tan°", ofDegrees(tangent)},
	{"sin", ofRadians(func(s, _ decimal) (decimal, error) { return s, nil })},
	{"cos", ofRadians(func(_, c decimal) (decimal, error) { return c, nil })},
	{"tan", ofRadians(tangent)},
	{"ln", naturalLog},
	{"lg", commonLog},
}

func functionOf(name string) (function, bool) {
	for _, f := range functions {
		if f.name == name {
			return f, true
		}
	}
	return function{}, false
}

// Fixed point.

var unit = pow10(fixedPlaces)

func fixed(d decimal) *big.Int {
	if d.exp+fixedPlaces >= 0 {
		return new(big.Int).Mul(d.int(), pow10(d.exp+fixedPlaces))
	}
	return new(big.Int).Quo(d.int(), pow10(-d.exp-fixedPlaces))
}

func fromFixed(n *big.Int) decimal { return decimal{n, -fixedPlaces} }

func fixedMul(a, b *big.Int) *big.Int {
	p := new(big.Int).Mul(a, b)
	return p.Quo(p, unit)
}

func fixedQuo(a, b *big.Int) *big.Int {
	p := new(big.Int).Mul(a, unit)
	return p.Quo(p, b)
}

// piPlaces is how many places of π are known: as many as the largest number has digits, and fixedPlaces more, so that an angle of
// any size can be brought into the first turn.
const piPlaces = maxExponent + fixedPlaces + 10

// pi is π × 10^piPlaces, by Machin's formula: 16 arctan(1/5) − 4 arctan(1/239).
var pi = sync.OnceValue(func() *big.Int {
	const guard = 10
	one := pow10(piPlaces + guard)
	arctanOfInverse := func(n int64) *big.Int {
		square := big.NewInt(n * n)
		term := new(big.Int).Quo(one, big.NewInt(n))
		sum := new(big.Int).Set(term)
		for k := int64(3); term.Sign() != 0; k += 2 {
			term.Quo(term, square).Neg(term)
			sum.Add(sum, new(big.Int).Quo(term, big.NewInt(k)))
		}
		return sum
	}
	p := arctanOfInverse(5)
	p.Mul(p, big.NewInt(16))
	q := arctanOfInverse(239)
	p.Sub(p, q.Mul(q, big.NewInt(4)))
	return p.Quo(p, pow10(guard))
})

func piDecimal() decimal { return decimal{pi(), -piPlaces} }

// ln10 is ln 10 in fixed point.
var ln10 = sync.OnceValue(func() *big.Int { return fixedLn(new(big.Int).Mul(unit, bigTen)) })

// euler is e.
var euler = sync.OnceValue(func() decimal { return fromFixed(fixedExp(unit)) })

// fixedExp is e^x for |x| up to a few, by its series after x was halved sixteen times.
func fixedExp(x *big.Int) *big.Int {
	const halvings = 16
	// Squaring doubles the error each time, hence places beyond the fixed ones.
	const guard = 10
	one := pow10(fixedPlaces + guard)
	x = new(big.Int).Mul(x, pow10(guard))
	x.Rsh(x, halvings)
	sum, term := new(big.Int).Set(one), new(big.Int).Set(one)
	for k := int64(1); term.Sign() != 0; k++ {
		term.Mul(term, x)
		term.Quo(term, one)
		term.Quo(term, big.NewInt(k))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
		sum.Quo(sum, one)
	}
	return sum.Quo(sum, pow10(guard))
}

// fixedLn is ln x for x from about 0.1 to 10: roots bring it near 1, where 2 artanh((x−1)/(x+1)) needs few terms.
func fixedLn(x *big.Int) *big.Int {
	const roots = 10
	const guard = 10
	one := pow10(fixedPlaces + guard)
	y := new(big.Int).Mul(x, pow10(guard))
	for range roots {
		y.Mul(y, one)
		y.Sqrt(y)
	}
	z := new(big.Int).Mul(new(big.Int).Sub(y, one), one)
	z.Quo(z, new(big.Int).Add(y, one))
	square := new(big.Int).Mul(z, z)
	square.Quo(square, one)
	sum, power := new(big.Int).Set(z), new(big.Int).Set(z)
	for k := int64(3); ; k += 2 {
		power.Mul(power, square)
		power.Quo(power, one)
		term := new(big.Int).Quo(power, big.NewInt(k))
		if term.Sign() == 0 {
			break
		}
		sum.Add(sum, term)
	}
	sum.Lsh(sum, roots+1)
	return sum.Quo(sum, pow10(guard))
}

// exponential is e^d. Errors: OutOfRange.
func exponential(d decimal) (decimal, error) {
	// e^231 is beyond every number that is kept, e^−231 below.
	switch limit := integer(231); {
	case d.cmp(limit) > 0:
		return decimal{}, OutOfRange
	case d.cmp(limit.neg()) < 0:
		return decimal{}, nil
	}
	// e^d = 10^k × e^r with r from −ln 10 to ln 10.
	k := new(big.Int).Quo(fixed(d), ln10())
	r := new(big.Int).Sub(fixed(d), new(big.Int).Mul(k, ln10()))
	res := fromFixed(fixedExp(r))
	res.exp += int(k.Int64())
	return res.settle()
}

// logarithm is ln d as the power of ten k of d, and ln of what remains, from 1 to 10. Errors: NoRealValue.
func logarithm(d decimal) (k int64, rest *big.Int, err error) {
	if d.sign() <= 0 {
		return 0, nil, NoRealValue
	}
	o := d.order()
	m := decimal{d.int(), d.exp - o}
	if m.cmp(one) == 0 {
		return int64(o), new(big.Int), nil
	}
	return int64(o), fixedLn(fixed(m)), nil
}

func naturalLog(d decimal) (decimal, error) {
	k, rest, err := logarithm(d)
	if err != nil {
		return decimal{}, err
	}
	sum := new(big.Int).Mul(big.NewInt(k), ln10())
	return fromFixed(sum.Add(sum, rest)).settle()
}

func commonLog(d decimal) (decimal, error) {
	k, rest, err := logarithm(d)
	if err != nil {
		return decimal{}, err
	}
	return integer(k).add(fromFixed(fixedQuo(rest, ln10()))).settle()
}

// Angles.

// sinCos is the sine and the cosine of an angle from 0 to π/2, in fixed point.
func sinCos(x *big.Int) (s, c *big.Int) {
	square := fixedMul(x, x)
	series := func(first *big.Int, k int64) *big.Int {
		sum, term := new(big.Int).Set(first), new(big.Int).Set(first)
		for ; term.Sign() != 0; k += 2 {
			term = fixedMul(term, square)
			term.Quo(term, big.NewInt(k*(k+1))).Neg(term)
			sum.Add(sum, term)
		}
		return sum
	}
	return series(x, 2), series(unit, 1)
}

// circle is the sine and the cosine of an angle from 0 to π/2. A very small angle is its own sine, to the last kept digit.
func circle(angle decimal) (sin, cos decimal) {
	if angle.order() < -fixedPlaces/4 {
		return angle, one
	}
	s, c := sinCos(fixed(angle))
	return fromFixed(s), fromFixed(c)
}

// quadrant turns the sine and the cosine of what an angle has beyond q quarter turns into its own.
func quadrant(q int64, s, c decimal) (sin, cos decimal) {
	switch q & 3 {
	case 1:
		return c, s.neg()
	case 2:
		return s.neg(), c.neg()
	case 3:
		return c.neg(), s
	}
	return s, c
}

// ofDegrees works with degrees, where whole quarters, and with them sin 180° = 0, are exact.
func ofDegrees(f func(sin, cos decimal) (decimal, error)) func(decimal) (decimal, error) {
	return func(d decimal) (decimal, error) {
		neg := d.sign() < 0
		if neg {
			d = d.neg()
		}
		right := integer(90)
		q, rest := quarters(d, right)
		if neg && rest.sign() != 0 {
			q, rest = -q-1, right.add(rest.neg())
		} else if neg {
			q = -q
		}
		s, c := circle(rest.mul(piDecimal()).quo(integer(180), fixedPlaces))
		sin, cos := quadrant(q, s, c)
		if rest.sign() == 0 {
			sin, cos = quadrant(q, decimal{}, one)
		}
		return settled(f)(sin, cos)
	}
}

// quarters is how many times d ≥ 0 holds a right angle, of which the last two bits count, and what remains.
func quarters(d, right decimal) (int64, decimal) {
	a, b := align(d, right)
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	return new(big.Int).And(q, big.NewInt(3)).Int64(), decimal{r, min(d.exp, right.exp)}
}

// ofRadians works with radians. A result that is nothing but the rounding of the angle to storedDigits is 0: sin π is 0, as the
// candidate means it.
func ofRadians(f func(sin, cos decimal) (decimal, error)) func(decimal) (decimal, error) {
	return func(d decimal) (decimal, error) {
		neg := d.sign() < 0
		if neg {
			d = d.neg()
		}
		half := decimal{new(big.Int).Mul(pi(), big.NewInt(5)), -piPlaces - 1}
		q, rest := quarters(d, half)
		s, c := circle(rest)
		noise := decimal{big.NewInt(1), d.order() - storedDigits + 2}
		clean := func(x decimal) decimal {
			abs := x
			if x.sign() < 0 {
				abs = x.neg()
			}
			if d.order() >= 0 && d.sign() != 0 && abs.cmp(noise) < 0 {
				return decimal{}
			}
			return x
		}
		sin, cos := quadrant(q, clean(s), clean(c))
		if neg {
			sin = sin.neg()
		}
		return settled(f)(sin, cos)
	}
}

// settled rounds what f is made of and what it gives.
func settled(f func(sin, cos decimal) (decimal, error)) func(sin, cos decimal) (decimal, error) {
	return func(sin, cos decimal) (decimal, error) {
		d, err := f(sin, cos)
		if err != nil {
			return decimal{}, err
		}
		return d.settle()
	}
}

func tangent(sin, cos decimal) (decimal, error) {
	if cos.sign() == 0 {
		return decimal{}, NoRealValue
	}
	return sin.quo(cos, workDigits), nil
}

// fixedArctan is arctan x for x from 0 to 1: halving the angle five times leaves few terms of the series.
func fixedArctan(x *big.Int) *big.Int {
	const halvings = 5
	for range halvings {
		// arctan x = 2 arctan(x / (1 + √(1 + x²)))
		root := new(big.Int).Add(unit, fixedMul(x, x))
		root.Mul(root, unit)
		root.Sqrt(root)
		x = fixedQuo(x, root.Add(root, unit))
	}
	square := fixedMul(x, x)
	sum, power := new(big.Int).Set(x), new(big.Int).Set(x)
	for k := int64(3); power.Sign() != 0; k += 2 {
		power = fixedMul(power, square)
		power.Neg(power)
		sum.Add(sum, new(big.Int).Quo(power, big.NewInt(k)))
	}
	return sum.Lsh(sum, halvings)
}

func arctangent(d decimal) (decimal, error) {
	neg := d.sign() < 0
	if neg {
		d = d.neg()
	}
	var res decimal
	switch {
	case d.order() < -fixedPlaces/4:
		// So small that the angle is its tangent, to the last kept digit.
		res = d
	case d.cmp(one) <= 0:
		res = fromFixed(fixedArctan(fixed(d)))
	default:
		rest := fromFixed(fixedArctan(fixed(one.quo(d, fixedPlaces))))
		res = piDecimal().mul(decimal{big.NewInt(5), -1}).add(rest.neg())
	}
	if neg {
		res = res.neg()
	}
	return res.settle()
}

// arcsine is the angle from −π/2 to π/2 whose sine is d. Errors: NoRealValue beyond −1 and 1.
func arcsine(d decimal) (decimal, error) {
	cos := one.add(d.mul(d).neg())
	switch {
	case cos.sign() < 0:
		return decimal{}, NoRealValue
	case cos.sign() == 0:
		half := piDecimal().mul(decimal{big.NewInt(5 * int64(d.sign())), -1})
		return half.settle()
	}
	return arctangent(d.quo(cos.sqrt(fixedPlaces), fixedPlaces))
}

// arccosine is the angle from 0 to π whose cosine is d. Errors: NoRealValue beyond −1 and 1.
func arccosine(d decimal) (decimal, error) {
	a, err := arcsine(d)
	if err != nil {
		return decimal{}, err
	}
	return piDecimal().mul(decimal{big.NewInt(5), -1}).add(a.neg()).settle()
}

// inDegrees turns the angle that f gives into degrees. A last digit that is nothing but rounding is dropped, so that
// arcsin 0.5 is 30.
func inDegrees(f func(decimal) (decimal, error)) func(decimal) (decimal, error) {
	return func(d decimal) (decimal, error) {
		a, err := f(d)
		if err != nil {
			return decimal{}, err
		}
		return a.mul(integer(180)).quo(piDecimal(), workDigits).round(storedDigits - 3).settle()
	}
}

// factorial is d! for whole numbers. Errors: NoRealValue for others and negative ones, OutOfRange from 70 on.
func factorial(d decimal) (decimal, error) {
	switch {
	case d.sign() < 0 || d.trunc().cmp(d) != 0:
		return decimal{}, NoRealValue
	case d.cmp(integer(70)) >= 0:
		return decimal{}, OutOfRange
	}
	n := new(big.Int).Mul(d.int(), pow10(max(0, d.exp)))
	if d.exp < 0 {
		n.Quo(d.int(), pow10(-d.exp))
	}
	return decimal{new(big.Int).MulRange(1, max(1, n.Int64())), 0}.settle()
}

// nthRoot is the n-th root of d, which is real for a negative d where n is odd. Errors: those of pow.
func nthRoot(d, n decimal) (decimal, error) {
	if n.sign() == 0 {
		return decimal{}, DivisionByZero
	}
	odd := n.exp >= 0 && n.trunc().cmp(n) == 0 && new(big.Int).Mul(n.int(), pow10(max(0, n.exp))).Bit(0) == 1
	if d.sign() < 0 && odd {
		res, err := nthRoot(d.neg(), n)
		return res.neg(), err
	}
	if d.sign() < 0 {
		return decimal{}, NoRealValue
	}
	if d.sign() == 0 {
		return d.pow(n)
	}
	res, err := d.pow(one.quo(n, 2*workDigits))
	if err != nil {
		return decimal{}, err
	}
	return res.round(storedDigits - 3).settle()
}
