package tools

import (
	"slices"
	"unicode"

	"fyne.io/fyne/v2"

	"emtihan/assets/locales"
	"emtihan/station/tools/calc"
)

// ordinary is the keys as they lie, and functions those that lie left of them on the scientific calculator.
var (
	ordinary = [][]calc.Key{
		{calc.MemoryClear, calc.MemoryRecall, calc.MemoryAdd, calc.MemorySubtract, calc.Backspace},
		{calc.Open, calc.Close, calc.Power, calc.Square, calc.Clear},
		{"7", "8", "9", calc.Divide, calc.SquareRoot},
		{"4", "5", "6", calc.Multiply, calc.Inverse},
		{"1", "2", "3", calc.Subtract, calc.Percent},
		{"0", calc.Point, calc.Sign, calc.Add, calc.Equals},
	}
	functions = [][]calc.Key{
		{calc.Angle, calc.Pi, calc.Euler},
		{calc.Sine, calc.Cosine, calc.Tangent},
		{calc.Arcsine, calc.Arccosine, calc.Arctangent},
		{calc.Ln, calc.Lg, calc.Factorial},
		{calc.PowerOfE, calc.PowerOf10, calc.Exponent},
		{calc.Cube, calc.CubeRoot, calc.Root},
	}
	scientific = beside(functions, ordinary)
)

// beside joins the rows of two keypads.
func beside(left, right [][]calc.Key) [][]calc.Key {
	var out [][]calc.Key
	for i := range left {
		out = append(out, slices.Concat(left[i], right[i]))
	}
	return out
}

// toggle is the place of the key that shows and hides the functions: it lies above the keypad, beside the display.
var toggle = cell{-1, 0}

// keyLabels is what stands on a key where that is not the key's own sign.
var keyLabels = map[calc.Key]string{
	calc.Power: "xʸ", calc.Square: "x²", calc.Inverse: "1/x", calc.Factorial: "n!", calc.Cube: "x³", calc.CubeRoot: "³√", calc.Root: "ʸ√x",
	calc.Exponent: "×10ˣ",
}

// proportional are the labels that the proportional font has, and has better.
var proportional = map[calc.Key]bool{calc.Power: true, calc.Square: true, calc.Inverse: true}

// runeKeys is what the characters of keyboards mean, beside the digits.
var runeKeys = map[rune]calc.Key{
	'.': calc.Point, ',': calc.Point, '+': calc.Add, '-': calc.Subtract, '−': calc.Subtract, '*': calc.Multiply, '×': calc.Multiply,
	'/': calc.Divide, ':': calc.Divide, '÷': calc.Divide, '^': calc.Power, '%': calc.Percent, '(': calc.Open, ')': calc.Close,
	'=': calc.Equals, '√': calc.SquareRoot, '²': calc.Square, '³': calc.Cube, '±': calc.Sign, '!': calc.Factorial, 'π': calc.Pi,
	'∛': calc.CubeRoot,
}

// kazakhRow is the row of digits of the Kazakh layout: what each physical key types there without Shift. The sixth and the
// seventh type a comma and a point, which on other keys are the decimal sign.
var kazakhRow = map[fyne.KeyName]rune{
	fyne.Key1: '"', fyne.Key2: 'ә', fyne.Key3: 'і', fyne.Key4: 'ң', fyne.Key5: 'ғ', fyne.Key6: ',', fyne.Key7: '.',
	fyne.Key8: 'ү', fyne.Key9: 'ұ', fyne.Key0: 'қ',
}

// letters are the keys that letters press, in the order in which the help lists them. A capital is typed with Shift.
var letters = []struct {
	letter rune
	key    calc.Key
}{
	{'m', calc.MemoryAdd},
	{'M', calc.MemorySubtract},
	{'r', calc.MemoryRecall},
	{'R', calc.MemoryClear},
	{'n', calc.Sign},
	{'i', calc.Inverse},
	{'q', calc.SquareRoot},
	{'w', calc.Square},
	{'Q', calc.CubeRoot},
	{'W', calc.Cube},
	{'y', calc.Root},
	{'s', calc.Sine},
	{'c', calc.Cosine},
	{'t', calc.Tangent},
	{'S', calc.Arcsine},
	{'C', calc.Arccosine},
	{'T', calc.Arctangent},
	{'d', calc.Angle},
	{'l', calc.Ln},
	{'g', calc.Lg},
	{'E', calc.PowerOfE},
	{'G', calc.PowerOf10},
	{'x', calc.Exponent},
	{'p', calc.Pi},
	{'e', calc.Euler},
	{'!', calc.Factorial},
}

// functionsLetter shows and hides the functions.
const functionsLetter = 'f'

// latin is the letter that a key types in the Latin layout, where the Russian and the Kazakh one type r.
func latin(r rune) rune {
	const there, here = "йцукенгшщзфывапролдячсмить", "qwertyuiopasdfghjklzxcvbnm"
	i := slices.Index([]rune(there), unicode.ToLower(r))
	switch {
	case i < 0:
		return r
	case unicode.IsUpper(r):
		return unicode.ToUpper(rune(here[i]))
	}
	return rune(here[i])
}

// keyOf returns the key that a typed character presses; physical is the key of the keyboard that it came from.
func keyOf(r rune, physical fyne.KeyName) (calc.Key, bool) {
	switch {
	case r >= '0' && r <= '9':
		return calc.Key(r), true
	case physical != "" && kazakhRow[physical] == r:
		return calc.Key(physical), true
	case r == 'ө':
		return calc.Subtract, true
	case r == 'һ':
		return calc.Equals, true
	}
	if k, ok := runeKeys[r]; ok {
		return k, true
	}
	for _, x := range letters {
		if x.letter == latin(r) {
			return x.key, true
		}
	}
	return "", false
}

// letterOf is the letter that presses a key, or "".
func letterOf(k calc.Key) string {
	for _, x := range letters {
		if x.key == k {
			return string(x.letter)
		}
	}
	return ""
}

// label is what stands on a key.
func (c *Calculator) label(k calc.Key) string {
	switch k {
	case calc.Point:
		return locales.T(c.lang, "tools.decimal")
	case calc.Tangent:
		return locales.T(c.lang, "tools.calculator.tan")
	case calc.Arctangent:
		return "arc" + locales.T(c.lang, "tools.calculator.tan")
	case calc.Angle:
		return "°/" + locales.T(c.lang, "tools.calculator.radians")
	}
	if l := keyLabels[k]; l != "" {
		return l
	}
	return string(k)
}

// Help is one line of a list of keys: what to press, and what it does or which key of the tool it presses.
type Help struct{ Keys, Does string }

// Help lists the keys that work the calculator.
func (c *Calculator) Help() []Help {
	t := func(id string) string { return locales.T(c.lang, "tools.calculator.help."+id) }
	out := []Help{
		{"0–9 . ,", t("digits")},
		{"+−*/^%()", t("signs")},
		{"Enter, =", t("result")},
		{"Backspace", t("back")},
		{"Delete", t("entry")},
		{"Esc", t("clear")},
		{"←↑↓→", t("cursor")},
		{pressed(functionsLetter), t("functions")},
	}
	for _, x := range letters {
		out = append(out, Help{pressed(x.letter), c.label(x.key)})
	}
	return out
}

// pressed is how a list of keys names a letter.
func pressed(r rune) string {
	if unicode.IsUpper(r) {
		return "Shift+" + string(r)
	}
	return string(unicode.ToUpper(r))
}
