package calc

import (
	"math/big"
	"strconv"
	"strings"
)

// Precision of the arithmetic. A candidate sees displayDigits; every stored value has storedDigits, so that 1÷3×3 shows 1;
// roots and powers are worked out with workDigits, so that their last stored digit is right.
const (
	displayDigits = 12
	storedDigits  = 34
	workDigits    = 60
)

// maxExponent bounds every value: magnitudes of 10^100 and more are out of range, those below 10^-99 become zero.
const maxExponent = 100

// decimal is coef × 10^exp. The zero value is 0. A decimal is never changed after it was made.
type decimal struct {
	coef *big.Int
	exp  int
}

var (
	bigTen = big.NewInt(10)
	one    = integer(1)
	two    = integer(2)
)

func integer(n int64) decimal { return decimal{coef: big.NewInt(n)} }

// int returns the coefficient, which nobody may change.
func (d decimal) int() *big.Int {
	if d.coef == nil {
		return new(big.Int)
	}
	return d.coef
}

func (d decimal) sign() int { return d.int().Sign() }

func (d decimal) neg() decimal { return decimal{new(big.Int).Neg(d.int()), d.exp} }

// order is the power of ten of the leading digit: 0 for 1…9, 2 for 345, -1 for 0.5. The order of 0 is 0.
func (d decimal) order() int {
	if d.sign() == 0 {
		return 0
	}
	return d.exp + digits(d.int()) - 1
}

func digits(n *big.Int) int {
	s := n.String()
	return len(strings.TrimPrefix(s, "-"))
}

func pow10(n int) *big.Int {
	return new(big.Int).Exp(bigTen, big.NewInt(int64(n)), nil)
}

// round returns d with at most n significant digits, halves away from zero as desk calculators do.
func (d decimal) round(n int) decimal {
	extra := digits(d.int()) - n
	if d.sign() == 0 || extra <= 0 {
		return d
	}
	div := pow10(extra)
	q, r := new(big.Int).QuoRem(d.int(), div, new(big.Int))
	if r.Abs(r).Lsh(r, 1).Cmp(div) >= 0 {
		q.Add(q, big.NewInt(int64(d.sign())))
	}
	return decimal{q, d.exp + extra}
}

// trim drops trailing zeros of the coefficient, so that equal numbers look equal and coefficients stay short.
func (d decimal) trim() decimal {
	if d.sign() == 0 {
		return decimal{}
	}
	q, r := new(big.Int).Set(d.int()), new(big.Int)
	exp := d.exp
	for {
		next, rest := new(big.Int).QuoRem(q, bigTen, r)
		if rest.Sign() != 0 {
			return decimal{q, exp}
		}
		q, exp = next, exp+1
	}
}

// settle rounds a result for keeping and checks its range.
func (d decimal) settle() (decimal, error) {
	d = d.round(storedDigits).trim()
	switch o := d.order(); {
	case o >= maxExponent:
		return decimal{}, OutOfRange
	case o <= -maxExponent:
		return decimal{}, nil
	}
	return d, nil
}

func (d decimal) cmp(e decimal) int {
	a, b := align(d, e)
	return a.Cmp(b)
}

// align returns the two coefficients for the smaller of the two exponents.
func align(d, e decimal) (a, b *big.Int) {
	a, b = d.int(), e.int()
	if d.exp > e.exp {
		a = new(big.Int).Mul(a, pow10(d.exp-e.exp))
	} else if e.exp > d.exp {
		b = new(big.Int).Mul(b, pow10(e.exp-d.exp))
	}
	return a, b
}

func (d decimal) add(e decimal) decimal {
	a, b := align(d, e)
	return decimal{new(big.Int).Add(a, b), min(d.exp, e.exp)}
}

func (d decimal) mul(e decimal) decimal {
	return decimal{new(big.Int).Mul(d.int(), e.int()), d.exp + e.exp}
}

// quo returns d ÷ e with at least n significant digits; e is not zero.
func (d decimal) quo(e decimal, n int) decimal {
	shift := max(n+1+digits(e.int())-digits(d.int()), 0)
	num := new(big.Int).Mul(d.int(), pow10(shift))
	return decimal{num.Quo(num, e.int()), d.exp - e.exp - shift}
}

// sqrt returns the square root of d ≥ 0 with at least n significant digits; roots of squares are exact.
func (d decimal) sqrt(n int) decimal {
	shift := max(2*n+2-digits(d.int()), 0)
	if (d.exp-shift)%2 != 0 {
		shift++
	}
	num := new(big.Int).Mul(d.int(), pow10(shift))
	return decimal{num.Sqrt(num), (d.exp - shift) / 2}
}

// trunc returns the whole part of d, towards zero.
func (d decimal) trunc() decimal {
	switch {
	case d.exp >= 0:
		return d
	case d.order() < 0:
		return decimal{}
	}
	return decimal{new(big.Int).Quo(d.int(), pow10(-d.exp)), 0}
}

// pow returns d to the power e. Errors: DivisionByZero (0 to a negative power), NoRealValue (0⁰, or a negative number to a
// power that is not whole) and OutOfRange.
func (d decimal) pow(e decimal) (decimal, error) {
	switch {
	case d.sign() == 0 && e.sign() < 0:
		return decimal{}, DivisionByZero
	case d.sign() == 0 && e.sign() == 0:
		return decimal{}, NoRealValue
	case d.sign() == 0:
		return decimal{}, nil
	case d.cmp(one) == 0:
		return one, nil
	}
	whole := e.trunc()
	frac := e.add(whole.neg())
	if d.sign() < 0 && frac.sign() != 0 {
		return decimal{}, NoRealValue
	}
	base := d
	if e.sign() < 0 {
		base, whole, frac = one.quo(d, workDigits), whole.neg(), frac.neg()
	}
	res, err := base.powWhole(whole)
	if err != nil || frac.sign() == 0 || res.sign() == 0 {
		return res, err
	}
	return res.mul(base.powFraction(frac)), nil
}

// powWhole raises d to the whole power n ≥ 0 by squaring. Once a factor leaves the range for good, so does the result.
func (d decimal) powWhole(n decimal) (decimal, error) {
	k := new(big.Int).Mul(n.int(), pow10(max(n.exp, 0)))
	if d.cmp(one.neg()) == 0 {
		return integer(1 - 2*int64(k.Bit(0))), nil
	}
	// Past this order of n only numbers that differ from 1 in their last digits would stay in range. They are taken for out
	// of range too: the work and the error of the squarings have to stay bounded.
	const maxPower = 18
	switch {
	case n.order() <= maxPower:
	case d.order() < 0:
		return decimal{}, nil
	default:
		return decimal{}, OutOfRange
	}
	// Squaring doubles the error each time, hence the wider working precision.
	const width = workDigits + maxPower + 2
	res, sq := one, d
	for i := range k.BitLen() {
		if i > 0 {
			sq = sq.mul(sq).round(width)
		}
		if k.Bit(i) == 1 {
			res = res.mul(sq).round(width)
		}
		if o := max(res.order(), sq.order()); o > 2*maxExponent {
			return decimal{}, OutOfRange
		}
		if o := min(res.order(), sq.order()); o < -2*maxExponent {
			return decimal{}, nil
		}
	}
	return res, nil
}

// powFraction raises d > 0 to the power f, 0 < f < 1, as a product of repeated square roots, one for each binary digit of f.
// Square roots of squares are exact, and so are 4^0.5 and 16^0.75.
func (d decimal) powFraction(f decimal) decimal {
	const bits = workDigits * 10 / 3
	res, root := one, d
	for range bits {
		if f.sign() == 0 {
			break
		}
		root = root.sqrt(workDigits).trim()
		if f = f.mul(two); f.cmp(one) >= 0 {
			f = f.add(one.neg())
			res = res.mul(root).round(workDigits)
		}
	}
	return res
}

// parseNumber reads an unsigned decimal number with digits, at most one point and, as in displayed results, an optional
// exponent "e", for example "3", ".5", "1.25e-9". It refuses more than 100 digits: nobody types them.
func parseNumber(s string) (decimal, error) {
	const maxLen = 100
	mant, expPart, hasExp := strings.Cut(s, "e")
	exp := 0
	if hasExp {
		n, err := strconv.Atoi(expPart)
		if err != nil || n > 999 || n < -999 {
			return decimal{}, BadExpression
		}
		exp = n
	}
	whole, frac, _ := strings.Cut(mant, ".")
	all := whole + frac
	if all == "" || len(all) > maxLen {
		return decimal{}, BadExpression
	}
	for _, c := range all {
		if c < '0' || c > '9' {
			return decimal{}, BadExpression
		}
	}
	coef, ok := new(big.Int).SetString(all, 10)
	if !ok {
		return decimal{}, BadExpression
	}
	return decimal{coef, exp - len(frac)}.settle()
}

// format writes d with 12 significant digits, trailing zeros dropped: plainly where that fits a 12-digit display ("0.3",
// "-1234.5"), else with an exponent ("1.5e-9").
func (d decimal) format() string {
	d = d.round(displayDigits).trim()
	if d.sign() == 0 {
		return "0"
	}
	sign, s := "", d.int().String()
	if d.sign() < 0 {
		sign, s = "-", s[1:]
	}
	o := d.order()
	// -8 is where 0.00000001 would still show a digit; smaller numbers would lose theirs to leading zeros.
	if o >= displayDigits || o < -8 || o < 0 && len(s)-o > displayDigits+4 {
		if len(s) > 1 {
			s = s[:1] + "." + s[1:]
		}
		return sign + s + "e" + strconv.Itoa(o)
	}
	switch {
	case d.exp >= 0:
		return sign + s + strings.Repeat("0", d.exp)
	case o >= 0:
		return sign + s[:o+1] + "." + s[o+1:]
	default:
		return sign + "0." + strings.Repeat("0", -o-1) + s
	}
}
