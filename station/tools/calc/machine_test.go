package calc

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// press works the keys named in s, separated by spaces; a number is a key for each of its characters.
func press(m *Machine, s string) {
	for _, word := range strings.Fields(s) {
		if strings.Trim(word, "0123456789.") == "" {
			for _, c := range word {
				m.Press(Key(string(c)))
			}
			continue
		}
		m.Press(Key(word))
	}
}

// R13
func TestMachine(t *testing.T) {
	for _, c := range []struct{ keys, display, expression string }{
		{"", "0", ""},
		{"12.5", "12.5", ""},
		{"007", "7", ""},
		{".5", "0.5", ""},
		{"1.2.3", "1.23", ""},
		{"1234567890123", "123456789012", ""},
		{"2 + 3 =", "5", "2 + 3 ="},
		{"2 + 3 × 4 =", "14", "2 + 3 × 4 ="},
		{"( 2 + 3 ) × 4 =", "20", "(2 + 3) × 4 ="},
		{"( 2 + 3 ) × 4", "4", "(2 + 3) ×"},
		{"2 ( 3 + 4 =", "14", "2 × (3 + 4) ="},
		{"( ( 1 + 2 =", "3", "((1 + 2)) ="},
		{"( 2 + 3 )", "5", "(2 + 3)"},
		{"2 + × 3 =", "6", "2 × 3 ="},
		{"2 + 3 = =", "5", "2 + 3 ="},
		{"2 + 3 = × 4 =", "20", "5 × 4 ="},
		{"2 + 3 = 7", "7", ""},
		{"2 + =", "2", "2 +"},
		{"=", "0", ""},
		{"2 ^ 10 =", "1024", "2 ^ 10 ="},
		{"5 ±", "-5", ""},
		{"5 ± ±", "5", ""},
		{"3 ± ^ 2 =", "9", "(−3) ^ 2 ="},
		{"2 × 3 ± =", "-6", "2 × (−3) ="},
		{"2 + 3 = ±", "-5", "−5"},
		{"9 √", "3", "√9"},
		{"9 + 16 = √", "5", "√25"},
		{"( 9 + 16 ) √ + 1 =", "6", "√(9 + 16) + 1 ="},
		{"3 ² + 4 ² = √", "5", "√25"},
		{"4 ⁻¹ =", "0.25", "4⁻¹ ="},
		{"5 + √", "2.2360679775", "5 + √5"},
		{"− 5 =", "-5", "0 − 5 ="},
		{"( − 5 ) ² =", "25", "(0 − 5)² ="},
		{"200 + 10 % =", "220", "200 + 20 ="},
		{"200 − 10 % =", "180", "200 − 20 ="},
		{"200 × 10 % =", "20", "200 × 10% ="},
		{"200 ÷ 10 % =", "2000", "200 ÷ 10% ="},
		{"100 + 50 + 10 %", "15", "100 + 50 + 15"},
		{"5 × ( 100 + 10 % =", "550", "5 × (100 + 10) ="},
		{"10 + % =", "11", "10 + 1 ="},
		{"12 ⌫", "1", ""},
		{"1 ± ⌫", "0", ""},
		{"12 + ⌫ 3", "123", ""},
		{"2 + 3 = ⌫", "5", "2 + 3 ="},
		{"( ⌫ 5", "5", ""},
		{"9 √ ⌫", "0", ""},
		{"1 ÷ 3 = + ⌫ × 3 =", "1", "0.333333333333 × 3 ="},
		{"2 + 7 CE 3 =", "5", "2 + 3 ="},
		{"2 + 7 C 3 =", "3", "3 ="},
		{") 5 )", "5", ""},
		{"( )", "0", "("},
		{"MR 7", "7", ""},
		{"5 M+ 3 M+ C MR", "8", "8"},
		{"5 M+ 3 M− C MR + 1 =", "3", "2 + 1 ="},
		{"2 × 3 M+", "6", "2 × 3 ="},
		{"2 × 3 M+ 4 × 5 M+ MR =", "26", "26 ="},
		{"5 M+ MC MR", "5", "5 ="},
		{"nonsense 5", "5", ""},
		// Scientific.
		{"30 sin", "0.5", "sin°(30)"},
		{"30 sin + 60 cos =", "1", "sin°(30) + cos°(60) ="},
		{"45 tan =", "1", "tan°(45) ="},
		{"0.5 arcsin", "30", "arcsin°(0.5)"},
		{"1 ± arccos", "180", "arccos°(−1)"},
		{"1 arctan", "45", "arctan°(1)"},
		{"DRG π sin", "0", "sin(π)"},
		{"DRG π ÷ 6 = sin", "0.5", "sin(0.523598775598)"},
		{"DRG DRG 30 sin", "0.5", "sin°(30)"},
		{"1000 lg", "3", "lg(1000)"},
		{"e ln", "1", "ln(e)"},
		{"2 eˣ", "7.38905609893", "e^(2)"},
		{"3 ± 10ˣ", "0.001", "10^(−3)"},
		{"5 !", "120", "5!"},
		{"( 2 + 3 ) ! =", "120", "(2 + 3)! ="},
		{"27 ∛ =", "3", "∛27 ="},
		{"8 ± ∛", "-2", "∛(−8)"},
		{"81 ʸ√ 4 =", "3", "81 ʸ√ 4 ="},
		{"3 ³", "27", "3³"},
		{"2 × π =", "6.28318530718", "2 × π ="},
		{"π ² =", "9.86960440109", "π² ="},
		{"2 eˣ ^ 2 =", "54.5981500331", "(e^(2)) ^ 2 ="},
		{"6.02 EE 23 ÷ 2 EE 3 =", "3.01e20", "6.02e23 ÷ 2e3 ="},
		{"1.5 EE ± 9", "1.5e-9", ""},
		{"1.5 EE ± 9 ± × 2 =", "3000000000", "1.5e9 × 2 ="},
		{"1.5 EE", "1.5e0", ""},
		{"1.5 EE 123 . EE", "1.5e12", ""},
		{"15 EE 99", "15e9", ""},
		{"EE 3 =", "1000", "1e3 ="},
		{"1.5 EE ± 9 ⌫ ⌫ ⌫", "1.5", ""},
		{"5 + EE 2 =", "105", "5 + 1e2 ="},
	} {
		var m Machine
		press(&m, c.keys)
		if m.Display() != c.display || m.Expression() != c.expression || m.Err() != "" {
			t.Errorf("%s: shows %q over %q, error %q, want %q over %q",
				c.keys, m.Display(), m.Expression(), m.Err(), c.display, c.expression)
		}
	}
}

// R13: an error says why, keeps the memory, and ⌫ goes back to the expression.
func TestMachineErrors(t *testing.T) {
	for _, c := range []struct {
		keys string
		want Code
	}{
		{"1 ÷ 0 =", DivisionByZero},
		{"0 ⁻¹", DivisionByZero},
		{"4 ± √", NoRealValue},
		{"0 ^ 0 =", NoRealValue},
		{"10 ^ 100 =", OutOfRange},
		{"10 ^ 99 = ²", OutOfRange},
		{"( 1 ÷ 0 )", DivisionByZero},
		{"1 ÷ 0 + 10 %", DivisionByZero},
		{"10 ^ 99 × 9 = M+ M+ M+", OutOfRange},
		{"1 ÷ 0 = + √ M+ =", DivisionByZero},
		{"90 tan", NoRealValue},
		{"270 ± tan", NoRealValue},
		{"DRG π ÷ 2 = tan", NoRealValue},
		{"2 arcsin", NoRealValue},
		{"0 ln", NoRealValue},
		{"5 ± lg", NoRealValue},
		{"1.5 !", NoRealValue},
		{"1 ± !", NoRealValue},
		{"70 !", OutOfRange},
		{"300 eˣ", OutOfRange},
		{"100 10ˣ", OutOfRange},
		{"16 ± ʸ√ 4 =", NoRealValue},
		{"16 ʸ√ 0 =", DivisionByZero},
	} {
		var m Machine
		press(&m, "7 M+ C")
		press(&m, c.keys)
		if m.Err() != c.want || m.Display() != "" {
			t.Errorf("%s: error %q, shows %q, want error %q and nothing", c.keys, m.Err(), m.Display(), c.want)
		}
		if !m.HasMemory() {
			t.Errorf("%s: the memory is lost", c.keys)
		}
	}
	var m Machine
	press(&m, "1 ÷ 0 = ⌫")
	if m.Err() != "" || m.Display() != "0" || m.Expression() != "1 ÷" {
		t.Errorf("after ⌫: error %q, %q over %q", m.Err(), m.Display(), m.Expression())
	}
	press(&m, "⌫ 4 =")
	if got := m.Display(); got != "0.25" {
		t.Errorf("the mended expression gives %q, want 0.25", got)
	}
	press(&m, "÷ 0 = 5 + 1 =")
	if got := m.Display(); got != "6" {
		t.Errorf("a digit after an error begins anew: got %q, want 6", got)
	}
}

func TestBounds(t *testing.T) {
	var m Machine
	press(&m, strings.Repeat("( ", 100)+"1 "+strings.Repeat("+ 1 ", 1000)+"=")
	if m.Err() != "" || m.Display() == "0" {
		t.Errorf("a very long expression: %q, error %q", m.Display(), m.Err())
	}
	if n := len(m.Expression()); n > 2000 {
		t.Errorf("the expression line has grown to %d bytes", n)
	}
}

var allKeys = []Key{
	"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", Point, Add, Subtract, Multiply, Divide, Power, Open, Close, Equals,
	Percent, Sign, SquareRoot, Square, Inverse, Backspace, ClearEntry, Clear, MemoryClear, MemoryRecall, MemoryAdd,
	MemorySubtract, Root, CubeRoot, Cube, Factorial, Sine, Cosine, Tangent, Arcsine, Arccosine, Arctangent, Ln, Lg, PowerOfE,
	PowerOf10, Pi, Euler, Exponent, Angle,
}

// R13: whatever is pressed, the display is a number that Eval reads as itself, or there is an error code.
func TestAnyKeysShowANumberOrAnError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m Machine
		for _, k := range rapid.SliceOfN(rapid.SampledFrom(allKeys), 0, 60).Draw(t, "keys") {
			m.Press(k)
			checkDisplay(t, &m)
		}
	})
}

func checkDisplay(t interface{ Fatalf(string, ...any) }, m *Machine) {
	got := m.Display()
	if (m.Err() == "") == (got == "") {
		t.Fatalf("error %q with display %q", m.Err(), got)
	}
	if got == "" {
		return
	}
	if _, err := Eval(got); err != nil {
		t.Fatalf("the display shows %q: %v", got, err)
	}
}

// R13: the completed expression on the small line, worked out afresh, is the result on the large line.
func TestExpressionLineTellsTheTruth(t *testing.T) {
	keys := []Key{
		"1", "2", "3", "4", "5", "6", "7", "8", "9", Point, Add, Subtract, Multiply, Divide, Open, Close, Percent, Sign, Square,
		Backspace, Root, CubeRoot, Cube, Factorial, Sine, Cosine, Arctangent, Ln, Lg, Pi, Angle,
	}
	completed := 0
	rapid.Check(t, func(t *rapid.T) {
		var m Machine
		for _, k := range rapid.SliceOfN(rapid.SampledFrom(keys), 1, 12).Draw(t, "keys") {
			m.Press(k)
		}
		m.Press(Equals)
		expr, ok := strings.CutSuffix(m.Expression(), " =")
		if !ok || m.Err() != "" || strings.Contains(expr, "e") || len(expr) > 60 {
			return
		}
		// A percentage may stand as a number of which the line shows twelve digits only.
		completed++
		got, err := Eval(expr)
		if err != nil {
			t.Fatalf("the line %q: %v", expr, err)
		}
		if got != m.Display() && !nearly(got, m.Display()) {
			t.Fatalf("the line %q is %s, the display shows %s", expr, got, m.Display())
		}
	})
	if completed == 0 {
		t.Error("no expression was completed")
	}
}

// nearly reports whether a and b differ by no more than what the rounding of a shown number to twelve digits can do.
func nearly(a, b string) bool {
	d, err := Eval("(" + a + ")−(" + b + ")")
	if err != nil {
		return false
	}
	size, err := Eval("(" + b + ")²")
	if err != nil {
		return false
	}
	over, err := Eval("(" + d + ")²−(" + size + ")×0.00000000000000000001")
	return err == nil && (over == "0" || strings.HasPrefix(over, "-"))
}

func FuzzMachine(f *testing.F) {
	f.Add([]byte("\x01\x0b\x02\x12"))
	f.Add([]byte{9, 20, 13, 5, 18, 29, 28})
	f.Fuzz(func(t *testing.T, keys []byte) {
		var m Machine
		for _, k := range keys[:min(len(keys), 120)] {
			m.Press(allKeys[int(k)%len(allKeys)])
		}
		checkDisplay(t, &m)
	})
}
