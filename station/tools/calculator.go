// Package tools is what a candidate may use beside the paper: a calculator, Mendeleev's table and the solubility table (R13).
//
// Each is one widget that needs nothing but the theme and a language. None reads the clock, the disk or the clipboard, so
// nothing can be carried in or out through them.
package tools

import (
	"slices"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"emtihan/assets/locales"
	"emtihan/station/tools/calc"
)

// Desk is what a calculator keeps while it is put away: the number, the memory, whether it shows its functions. The zero Desk is
// an ordinary calculator that shows 0.
type Desk struct {
	machine    calc.Machine
	scientific bool
}

// Calculator is the candidate's calculator (R13). It takes taps and, when it has the focus, keys: digits, + − * / ^ % ( ), comma and
// point alike, Enter or = for the result, Backspace, Delete for the number being typed and Esc for everything; F shows and hides
// the functions of the scientific calculator, and letters work those and the memory, by their place on the keyboard and so in any
// layout. The arrow keys and space work every key that is shown. On the Kazakh layout, where the row of digits types letters, that
// row works as digits.
//
// It has no shortcuts: it neither reads nor writes the clipboard.
type Calculator struct {
	widget.BaseWidget
	Keyed
	// Room is the most that it may ask for; zero stands for no bound.
	Room fyne.Size
	// Resized is called when it has come to want another size; nil is allowed.
	Resized func()

	lang    locales.Lang
	desk    *Desk
	focused bool
	cursor  *cell // the key that space presses, once an arrow key was used
	hovered *cell
	lastKey fyne.KeyName // the physical key whose character comes next
	keyAt   func(fyne.Position) (cell, bool)
}

var (
	_ fyne.Tappable     = (*Calculator)(nil)
	_ fyne.Focusable    = (*Calculator)(nil)
	_ desktop.Hoverable = (*Calculator)(nil)
	_ desktop.Keyable   = (*Calculator)(nil)
)

// NewCalculator makes a calculator that goes on with what lies on the desk; nil stands for an empty one. It follows the theme's
// colours and text sizes; a language change means a new one.
func NewCalculator(l locales.Lang, d *Desk) *Calculator {
	if d == nil {
		d = new(Desk)
	}
	c := &Calculator{lang: l, desk: d}
	c.ExtendBaseWidget(c)
	return c
}

// keypad is the keys that are shown.
func (c *Calculator) keypad() [][]calc.Key {
	if c.desk.scientific {
		return scientific
	}
	return ordinary
}

// has reports whether a key is shown. ClearEntry has no place on the keypad; Delete presses it.
func (c *Calculator) has(k calc.Key) bool {
	return k == calc.ClearEntry || slices.ContainsFunc(c.keypad(), func(row []calc.Key) bool { return slices.Contains(row, k) })
}

// ShowFunctions shows the functions of the scientific calculator, or hides them.
func (c *Calculator) ShowFunctions(on bool) {
	if c.desk.scientific == on {
		return
	}
	c.desk.scientific, c.cursor, c.hovered = on, nil, nil
	c.Refresh()
	if c.Resized != nil {
		c.Resized()
	}
}

// Display returns what the large line shows: a number as the language writes it, or the sentence of an error.
func (c *Calculator) Display() string {
	if code := c.desk.machine.Err(); code != "" {
		return locales.T(c.lang, "tools.calculator.error."+string(code))
	}
	return c.write(c.desk.machine.Display())
}

// Expression returns what the small line above it shows.
func (c *Calculator) Expression() string { return c.write(c.desk.machine.Expression()) }

// write turns the machine's plain notation into the language's: decimal sign, minus sign, ×10ⁿ, tg.
func (c *Calculator) write(s string) string {
	var b strings.Builder
	power, digit := false, false
	s = strings.ReplaceAll(s, string(calc.Tangent), locales.T(c.lang, "tools.calculator.tan"))
	for _, r := range localNumber(c.lang, s) {
		after := digit
		digit = r >= '0' && r <= '9'
		switch {
		case r == 'e' && after: // elsewhere it is the number e
			b.WriteString("×10")
			power = true
		case power && r == '-':
			b.WriteRune('⁻')
		case power && digit:
			b.WriteRune([]rune("⁰¹²³⁴⁵⁶⁷⁸⁹")[r-'0'])
		default:
			power = false
			if r == '-' {
				r = '−'
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (c *Calculator) press(k calc.Key) {
	c.desk.machine.Press(k)
	c.Refresh()
}

// pressAt presses what lies in a place.
func (c *Calculator) pressAt(at cell) {
	if at == toggle {
		c.ShowFunctions(!c.desk.scientific)
		return
	}
	c.press(c.keypad()[at.row][at.col])
}

// Tapped presses the key under the pointer and takes the focus, so that typing goes on here.
func (c *Calculator) Tapped(ev *fyne.PointEvent) {
	if cv := fyne.CurrentApp().Driver().CanvasForObject(c); cv != nil {
		cv.Focus(c)
	}
	if k, ok := c.find(ev.Position); ok {
		c.cursor = nil
		c.pressAt(k)
	}
}

func (c *Calculator) find(p fyne.Position) (cell, bool) {
	if c.keyAt == nil {
		return cell{}, false
	}
	return c.keyAt(p)
}

// MouseIn marks the key under the pointer.
func (c *Calculator) MouseIn(ev *desktop.MouseEvent) { c.MouseMoved(ev) }

// MouseMoved marks the key under the pointer.
func (c *Calculator) MouseMoved(ev *desktop.MouseEvent) {
	var now *cell
	if k, ok := c.find(ev.Position); ok {
		now = &k
	}
	if !sameCell(now, c.hovered) {
		c.hovered = now
		c.Refresh()
	}
}

func sameCell(a, b *cell) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// MouseOut unmarks the key.
func (c *Calculator) MouseOut() {
	if c.hovered != nil {
		c.hovered = nil
		c.Refresh()
	}
}

// FocusGained marks the calculator as the one that takes the keys.
func (c *Calculator) FocusGained() {
	c.focused = true
	c.Refresh()
}

// FocusLost removes the mark.
func (c *Calculator) FocusLost() {
	c.focused, c.cursor = false, nil
	c.Refresh()
}

// TypedRune presses the key that the character means, if that key is shown; other characters do nothing.
func (c *Calculator) TypedRune(r rune) {
	physical := c.lastKey
	c.lastKey = ""
	if unicode.ToLower(latin(r)) == functionsLetter {
		c.ShowFunctions(!c.desk.scientific)
		return
	}
	if key, ok := keyOf(r, physical); ok && c.has(key) {
		c.cursor = nil
		c.press(key)
	}
}

// TypedKey works the keys that type no character.
func (c *Calculator) TypedKey(ev *fyne.KeyEvent) {
	c.lastKey = ev.Name
	switch ev.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		c.press(calc.Equals)
	case fyne.KeyBackspace:
		c.press(calc.Backspace)
	case fyne.KeyDelete:
		c.press(calc.ClearEntry)
	case fyne.KeyEscape:
		c.press(calc.Clear)
	case fyne.KeyLeft:
		c.moveCursor(0, -1)
	case fyne.KeyRight:
		c.moveCursor(0, 1)
	case fyne.KeyUp:
		c.moveCursor(-1, 0)
	case fyne.KeyDown:
		c.moveCursor(1, 0)
	case fyne.KeySpace:
		if c.cursor != nil {
			c.pressAt(*c.cursor)
		}
	}
}

// moveCursor moves the mark on the keypad, round its edges and over the key above it. The first arrow key sets it on 5, in the
// middle of the digits.
func (c *Calculator) moveCursor(dr, dc int) {
	rows, cols := len(c.keypad()), len(c.keypad()[0])
	next := cell{3, cols - len(ordinary[0]) + 1}
	if c.cursor != nil {
		// Above the first and below the last row lies the toggle.
		row := (c.cursor.row+1+dr+rows+1)%(rows+1) - 1
		next = cell{row, (c.cursor.col + dc + cols) % cols}
		if row == toggle.row {
			next = toggle
		}
	}
	c.cursor = &next
	c.Refresh()
}
