package calc

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// R13: the calculator inside the interface.
func TestEval(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{"0.1+0.2", "0.3"},
		{"0,1+0,2", "0.3"},
		{"1-0.9", "0.1"},
		{"2+3×4", "14"},
		{"(2+3)×4", "20"},
		{"20÷4÷5", "1"},
		{"10−4−3", "3"},
		{"1÷3×3", "1"},
		{"2÷3", "0.666666666667"},
		{"1÷3", "0.333333333333"},
		{"−3²", "-9"},
		{"(−3)²", "9"},
		{"5--3", "8"},
		{"5×−3", "-15"},
		{"2^10", "1024"},
		{"2^−2", "0.25"},
		{"2^3^2", "512"},
		{"4^0.5", "2"},
		{"16^0.75", "8"},
		{"8^(1÷3)", "2"},
		{"2^0.5", "1.41421356237"},
		{"10^−0.5", "0.316227766017"},
		{"(−8)^3", "-512"},
		{"(−2)^−3", "-0.125"},
		{"(−1)^99999999999999999999", "-1"},
		{"(−1)^100000000000000000000", "1"},
		{"1^123.456", "1"},
		{"0^5", "0"},
		{"5^0", "1"},
		{"1.000000000001^1000000000000", "2.71828182846"},
		{"√9", "3"},
		{"√2", "1.41421356237"},
		{"√0", "0"},
		{"√√16", "2"},
		{"√(3²+4²)", "5"},
		{"√2×√2", "2"},
		{"4⁻¹", "0.25"},
		{"2²²", "16"},
		// Percent as on desk calculators.
		{"200+10%", "220"},
		{"200−10%", "180"},
		{"200×10%", "20"},
		{"200÷10%", "2000"},
		{"100+50+10%", "165"},
		{"100+2×10%", "100.2"},
		{"50%", "0.5"},
		{"(100+10%)×2", "220"},
		{"5+(10%)", "5.1"},
		{"100+√(9%)", "100.3"},
		{"100+(5+5)%", "110"},
		{"100+10%%", "100.001"},
		// What fits and what does not fit twelve digits.
		{"999999999999", "999999999999"},
		{"999999999999+1", "1e12"},
		{"123456789012×10", "1.23456789012e12"},
		{"99999999999.95", "100000000000"},
		{"0.00000001", "0.00000001"},
		{"0.00000001÷10", "1e-9"},
		{"1÷3000000", "3.33333333333e-7"},
		{"1.5e-9×2", "3e-9"},
		{"10^99", "1e99"},
		{"10^−99÷10", "0"},
		{"000.500", "0.5"},
		{".5+5.", "5.5"},
		{" 1 + 1 ", "2"},
		{"1:4", "0.25"},
		// Functions.
		{"sin°(30)", "0.5"},
		{"sin°(−30)", "-0.5"},
		{"sin°(390)", "0.5"},
		{"sin°(180)", "0"},
		{"sin°(−90)", "-1"},
		{"cos°(−180)", "-1"},
		{"cos°(−60)", "0.5"},
		{"cos°(450)", "0"},
		{"tan°(−45)", "-1"},
		{"sin°(1e99)", "-0.984807753012"},
		{"sin(1)", "0.841470984808"},
		{"cos(1)", "0.540302305868"},
		{"tan(1)", "1.55740772465"},
		{"sin(−2)", "-0.909297426826"},
		{"sin(π)", "0"},
		{"cos(π÷2)", "0"},
		{"sin(1e22)", "-0.852200849767"},
		{"sin(1e-40)", "1e-40"},
		{"tan°(1e-50)", "1.74532925199e-52"},
		{"arcsin(1)×2−π", "0"},
		{"arcsin°(−1)", "-90"},
		{"arccos°(0)", "90"},
		{"arccos°(0.5)", "60"},
		{"arctan°(−1)", "-45"},
		{"arctan°(1e50)", "90"},
		{"arctan(2)", "1.10714871779"},
		{"ln(2)", "0.69314718056"},
		{"ln(1)", "0"},
		{"ln(0.5)", "-0.69314718056"},
		{"ln(1e99)", "227.955924206"},
		{"lg(1e-99)", "-99"},
		{"lg(2)", "0.301029995664"},
		{"e", "2.71828182846"},
		{"π", "3.14159265359"},
		{"e^(ln(7))", "7"},
		{"0!", "1"},
		{"20!", "2.43290200818e18"},
		{"69!", "1.71122452428e98"},
		{"3!²", "36"},
		{"∛27", "3"},
		{"∛−27", "-3"},
		{"2³", "8"},
		{"32 ʸ√ 5", "2"},
		{"2 ʸ√ −2", "0.707106781187"},
		{"0 ʸ√ 3", "0"},
		{"(−32) ʸ√ 5", "-2"},
		{"sin°(30)²+cos°(30)²", "1"},
		{"lg(ln(e^(100)))", "2"},
		// What is left of the rounding of kept digits is nothing.
		{"1÷3×3−1", "0"},
		{"√2²−2", "0"},
		{"10^32+1−10^32", "1"},
	} {
		if got, err := Eval(c.expr); err != nil || got != c.want {
			t.Errorf("Eval(%q) = %q, %v, want %q", c.expr, got, err, c.want)
		}
	}
}

func TestEvalErrors(t *testing.T) {
	for _, c := range []struct {
		expr string
		want Code
	}{
		{"1÷0", DivisionByZero},
		{"1÷(2−2)", DivisionByZero},
		{"0⁻¹", DivisionByZero},
		{"0^−1", DivisionByZero},
		{"5÷0%", DivisionByZero},
		{"√−4", NoRealValue},
		{"(−8)^0.5", NoRealValue},
		{"0^0", NoRealValue},
		{"10^100", OutOfRange},
		{"10^99×10", OutOfRange},
		{"(10^60)²", OutOfRange},
		{"99^99999999", OutOfRange},
		{"2^(10^50)", OutOfRange},
		{"1e99×10", OutOfRange},
		{"1e100", OutOfRange},
		{"1e1000", BadExpression},
		{"", BadExpression},
		{" ", BadExpression},
		{"+", BadExpression},
		{"1+", BadExpression},
		{"sin", BadExpression},
		{"sin 30", BadExpression},
		{"sin(30", BadExpression},
		{"2π", BadExpression},
		{"tan°(90)", NoRealValue},
		{"arccos(1.0001)", NoRealValue},
		{"ln(−1)", NoRealValue},
		{"2.5!", NoRealValue},
		{"1e80!", OutOfRange},
		{"e^(1000)", OutOfRange},
		{"×2", BadExpression},
		{"(1+2", BadExpression},
		{"1+2)", BadExpression},
		{"()", BadExpression},
		{"1..2", BadExpression},
		{"1.2.3", BadExpression},
		{".", BadExpression},
		{"1 2", BadExpression},
		{"2(3)", BadExpression},
		{"abc", BadExpression},
		{"1e", BadExpression},
		{"٣", BadExpression},
		{"1\xff", BadExpression},
		{strings.Repeat("(", 2000), BadExpression},
		{strings.Repeat("9", 101), BadExpression},
	} {
		got, err := Eval(c.expr)
		var code Code
		if !errors.As(err, &code) || code != c.want || got != "" {
			t.Errorf("Eval(%.40q) = %q, %v, want the error %q", c.expr, got, err, c.want)
		}
	}
}

// exact is an expression built together with its exact value.
type exact struct {
	text string
	val  *big.Rat
}

func drawExact(t *rapid.T, depth int) exact {
	if depth == 0 || rapid.IntRange(0, 3).Draw(t, "leaf") == 0 {
		n := rapid.IntRange(0, 99999).Draw(t, "number")
		places := rapid.IntRange(0, 3).Draw(t, "places")
		v := big.NewRat(int64(n), pow10(places).Int64())
		return exact{v.FloatString(places), v}
	}
	a, b := drawExact(t, depth-1), drawExact(t, depth-1)
	v := new(big.Rat)
	switch op := rapid.SampledFrom([]string{"+", "−", "×", "÷"}).Draw(t, "sign"); op {
	case "+":
		return exact{"(" + a.text + "+" + b.text + ")", v.Add(a.val, b.val)}
	case "−":
		return exact{"(" + a.text + "−" + b.text + ")", v.Sub(a.val, b.val)}
	case "×":
		return exact{a.text + "×" + b.text, v.Mul(a.val, b.val)}
	default:
		if b.val.Sign() == 0 {
			return a
		}
		return exact{"(" + a.text + "÷(" + b.text + "))", v.Quo(a.val, b.val)}
	}
}

// R13: the four operations agree with exact rational arithmetic to the last displayed digit.
func TestEvalAgreesWithExactArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawExact(t, 3)
		got, err := Eval(e.text)
		if err != nil {
			t.Fatalf("Eval(%q): %v", e.text, err)
		}
		shown, ok := new(big.Rat).SetString(got)
		if !ok {
			t.Fatalf("Eval(%q) = %q, not a number", e.text, got)
		}
		// Half a unit of the twelfth digit of the exact value. Differences of quotients may cancel, hence the absolute part.
		tolerance := new(big.Rat).Mul(new(big.Rat).Abs(e.val), big.NewRat(51, 1e13))
		tolerance.Add(tolerance, new(big.Rat).SetFrac(big.NewInt(1), pow10(15)))
		diff := new(big.Rat).Sub(shown, e.val)
		if diff.Abs(diff).Cmp(tolerance) > 0 {
			t.Fatalf("Eval(%q) = %s, exactly %s", e.text, got, e.val.FloatString(20))
		}
	})
}

// R13: a root multiplied by itself, and a power undone by its root, give the number back.
func TestRootsUndoPowers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 999999).Draw(t, "number")
		k := rapid.IntRange(1, 12).Draw(t, "power")
		for _, expr := range []string{
			fmt.Sprintf("√%d×√%d", n, n),
			fmt.Sprintf("√(%d²)", n),
			fmt.Sprintf("(%d^%d)^(1÷%d)", n, k, k),
		} {
			if got, err := Eval(expr); err != nil || got != format12(n) {
				t.Fatalf("Eval(%q) = %q, %v, want %d", expr, got, err, n)
			}
		}
	})
}

func format12(n int) string { return integer(int64(n)).format() }

// R13: the functions agree with math to the digits that a float has.
func TestFunctionsAgreeWithMath(t *testing.T) {
	turn := 180 / math.Pi
	plain := map[string]func(float64) float64{
		"sin": math.Sin, "cos": math.Cos, "tan": math.Tan, "arctan": math.Atan,
		"sin°": func(x float64) float64 { return math.Sin(x / turn) }, "cos°": func(x float64) float64 { return math.Cos(x / turn) },
		"arctan°": func(x float64) float64 { return math.Atan(x) * turn },
	}
	bounded := map[string]func(float64) float64{
		"arcsin": math.Asin, "arccos": math.Acos,
		"arcsin°": func(x float64) float64 { return math.Asin(x) * turn }, "arccos°": func(x float64) float64 { return math.Acos(x) * turn },
	}
	positive := map[string]func(float64) float64{"ln": math.Log, "lg": math.Log10}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(-9999999, 9999999).Draw(t, "number")
		check := func(x float64, all map[string]func(float64) float64) {
			for name, f := range all {
				expr := fmt.Sprintf("%s(%s)", name, strconv.FormatFloat(x, 'f', -1, 64))
				got, err := Eval(expr)
				if err != nil {
					t.Fatalf("%s: %v", expr, err)
				}
				v, err := strconv.ParseFloat(got, 64)
				if want := f(x); err != nil || math.Abs(v-want) > 1e-10*max(1, math.Abs(want)*max(1, math.Abs(want))) {
					t.Fatalf("%s = %s, want %v", expr, got, want)
				}
			}
		}
		check(float64(n)/1e5, plain)
		check(float64(n)/1e7, bounded)
		check(math.Abs(float64(n))/1e3+1e-3, positive)
	})
}

// R13: a function undone gives the number back.
func TestFunctionsUndoEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 899).Draw(t, "tenths of a degree")
		x := strconv.FormatFloat(float64(n)/10, 'f', -1, 64)
		for _, expr := range []string{
			"arcsin°(sin°(" + x + "))", "arccos°(cos°(" + x + "))", "arctan°(tan°(" + x + "))", "arctan(tan(" + x + "÷60))×60",
			"e^(ln(" + x + "))", "ln(e^(" + x + "))", "10^(lg(" + x + "))", "lg(10^(" + x + "))", "(∛" + x + ")³", x + "³ ʸ√ 3",
		} {
			if got, err := Eval(expr); err != nil || got != x {
				t.Fatalf("Eval(%q) = %q, %v, want %s", expr, got, err, x)
			}
		}
	})
}

// R13: whole powers agree with math/big.
func TestPowersAgreeWithBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(-999, 999).Draw(t, "base")
		k := rapid.IntRange(1, 33).Draw(t, "power")
		want := new(big.Int).Exp(big.NewInt(int64(n)), big.NewInt(int64(k)), nil)
		got, err := Eval(fmt.Sprintf("(%d)^%d", n, k))
		if exactly := (decimal{coef: want}).format(); err != nil || got != exactly {
			t.Fatalf("(%d)^%d = %q, %v, want %q", n, k, got, err, exactly)
		}
	})
}

// Any text gives a result that can be read again, or one of the four codes.
func FuzzEval(f *testing.F) {
	for _, s := range []string{"0.1+0.2", "200+10%", "√(2^0.5)⁻¹", "((1", "9^9^9", "1,5e-9÷3", "−−5²%", "0.5^1e9", "sin°(30)!", "arctan(π)ʸ√e", "∛lg(2)³"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Eval(s)
		if err != nil {
			switch code := Code(""); {
			case !errors.As(err, &code):
				t.Fatalf("Eval(%q): %v is not a Code", s, err)
			case code != DivisionByZero && code != OutOfRange && code != NoRealValue && code != BadExpression:
				t.Fatalf("Eval(%q): unknown code %q", s, code)
			}
			return
		}
		again, err := Eval(got)
		if err != nil || again != got {
			t.Fatalf("Eval(%q) = %q, which reads as %q, %v", s, got, again, err)
		}
	})
}
