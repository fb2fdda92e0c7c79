// Package tools is what a candidate may use beside the paper: a calculator, Mendeleev's table and the solubility table (R13).
//
// Each is one widget that needs nothing but the theme and a language. None reads the clock, the disk or the clipboard, so
// nothing can be carried in or out through them.
package tools

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"emtihan/assets/locales"
	"emtihan/station/tools/calc"
)

// keypad is the keys as they lie.
var keypad = [][]calc.Key{
	{calc.MemoryClear, calc.MemoryRecall, calc.MemoryAdd, calc.MemorySubtract, calc.Backspace},
	{calc.Open, calc.Close, calc.Power, calc.Square, calc.Clear},
	{"7", "8", "9", calc.Divide, calc.SquareRoot},
	{"4", "5", "6", calc.Multiply, calc.Inverse},
	{"1", "2", "3", calc.Subtract, calc.Percent},
	{"0", calc.Point, calc.Sign, calc.Add, calc.Equals},
}

// keyLabels is what stands on a key where that is not the key's own sign.
var keyLabels = map[calc.Key]string{calc.Power: "xʸ", calc.Square: "x²", calc.Inverse: "1/x"}

// Calculator is the candidate's calculator (R13). It takes taps and, when it has the focus, keys: digits, + − * / ^ % ( ), comma and
// point alike, Enter or = for the result, Backspace, Delete for the number being typed and Esc for everything. The arrow keys and
// space work every key of the keypad, so it can be used without a mouse on any keyboard layout; on the Kazakh layout, where the
// row of digits types letters, that row works as digits.
//
// It has no shortcuts: it neither reads nor writes the clipboard.
type Calculator struct {
	widget.BaseWidget
	Keyed
	lang    locales.Lang
	machine calc.Machine
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

// NewCalculator makes a calculator that shows 0. It follows the theme's colours and text sizes; a language change means a new one.
func NewCalculator(l locales.Lang) *Calculator {
	c := &Calculator{lang: l}
	c.ExtendBaseWidget(c)
	return c
}

// Display returns what the large line shows: a number as the language writes it, or the sentence of an error.
func (c *Calculator) Display() string {
	if code := c.machine.Err(); code != "" {
		return locales.T(c.lang, "tools.calculator.error."+string(code))
	}
	return c.write(c.machine.Display())
}

// Expression returns what the small line above it shows.
func (c *Calculator) Expression() string { return c.write(c.machine.Expression()) }

// write turns the machine's plain notation into the language's: decimal sign, minus sign, ×10ⁿ.
func (c *Calculator) write(s string) string {
	var b strings.Builder
	power := false
	for _, r := range localNumber(c.lang, s) {
		switch {
		case r == 'e':
			b.WriteString("×10")
			power = true
		case power && r == '-':
			b.WriteRune('⁻')
		case power && r >= '0' && r <= '9':
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
	c.machine.Press(k)
	c.Refresh()
}

// Tapped presses the key under the pointer and takes the focus, so that typing goes on here.
func (c *Calculator) Tapped(ev *fyne.PointEvent) {
	if cv := fyne.CurrentApp().Driver().CanvasForObject(c); cv != nil {
		cv.Focus(c)
	}
	if k, ok := c.find(ev.Position); ok {
		c.cursor = nil
		c.press(keypad[k.row][k.col])
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

// runeKeys is what the characters of keyboards mean, beside the digits.
var runeKeys = map[rune]calc.Key{
	'.': calc.Point, ',': calc.Point, '+': calc.Add, '-': calc.Subtract, '−': calc.Subtract, '*': calc.Multiply, '×': calc.Multiply,
	'/': calc.Divide, ':': calc.Divide, '÷': calc.Divide, '^': calc.Power, '%': calc.Percent, '(': calc.Open, ')': calc.Close,
	'=': calc.Equals, '√': calc.SquareRoot, '²': calc.Square, '±': calc.Sign,
}

// kazakhRow is the row of digits of the Kazakh layout: what each physical key types there without Shift. The sixth and the
// seventh type a comma and a point, which on other keys are the decimal sign.
var kazakhRow = map[fyne.KeyName]rune{
	fyne.Key1: '"', fyne.Key2: 'ә', fyne.Key3: 'і', fyne.Key4: 'ң', fyne.Key5: 'ғ', fyne.Key6: ',', fyne.Key7: '.',
	fyne.Key8: 'ү', fyne.Key9: 'ұ', fyne.Key0: 'қ',
}

// TypedRune presses the key that the character means; other characters do nothing.
func (c *Calculator) TypedRune(r rune) {
	physical := c.lastKey
	c.lastKey = ""
	key, ok := runeKeys[r]
	switch {
	case r >= '0' && r <= '9':
		key, ok = calc.Key(r), true
	case physical != "" && kazakhRow[physical] == r:
		key, ok = calc.Key(physical), true
	case r == 'ө':
		key, ok = calc.Subtract, true
	case r == 'һ':
		key, ok = calc.Equals, true
	}
	if ok {
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
			c.press(keypad[c.cursor.row][c.cursor.col])
		}
	}
}

// moveCursor moves the mark on the keypad, round its edges. The first arrow key sets it on 5, in the middle of the digits.
func (c *Calculator) moveCursor(dr, dc int) {
	if c.cursor == nil {
		c.cursor = &cell{3, 1}
	} else {
		rows, cols := len(keypad), len(keypad[0])
		c.cursor = &cell{(c.cursor.row + dr + rows) % rows, (c.cursor.col + dc + cols) % cols}
	}
	c.Refresh()
}

// CreateRenderer is called by Fyne.
func (c *Calculator) CreateRenderer() fyne.WidgetRenderer {
	r := &calculatorRenderer{c: c}
	// The monospaced font has every sign used here; the proportional one lacks √, − and ⌫.
	add := func(s string, align fyne.TextAlign, mono bool) *canvas.Text {
		x := text(s, 10, false, color.Black)
		x.Alignment, x.TextStyle.Monospace = align, mono
		r.objects = append(r.objects, x)
		return x
	}
	rect := func() *canvas.Rectangle {
		x := canvas.NewRectangle(color.Transparent)
		r.objects = append(r.objects, x)
		return x
	}
	r.screen, r.focus = rect(), rect()
	r.expression = add("", fyne.TextAlignTrailing, true)
	r.display = add("", fyne.TextAlignTrailing, true)
	r.memory = add("M", fyne.TextAlignLeading, true)
	for _, row := range keypad {
		var keys []letterCell
		for _, k := range row {
			label := string(k)
			if l := keyLabels[k]; l != "" {
				label = l
			}
			if k == calc.Point {
				label = locales.T(c.lang, "tools.decimal")
			}
			keys = append(keys, letterCell{rect(), add(label, fyne.TextAlignCenter, keyLabels[k] == "")})
		}
		r.keys = append(r.keys, keys)
	}
	r.mark = rect()
	for _, id := range []string{"keys", "clear", "cursor"} {
		r.hints = append(r.hints, add(locales.T(c.lang, "tools.calculator."+id), fyne.TextAlignLeading, false))
	}
	c.keyAt = r.keyAt
	r.Refresh()
	return r
}

type calculatorRenderer struct {
	c       *Calculator
	objects []fyne.CanvasObject

	screen, focus, mark         *canvas.Rectangle
	expression, display, memory *canvas.Text
	keys                        [][]letterCell
	hints                       []*canvas.Text

	theme palette // what the theme says
	pal   palette // the same with the text sizes of the current size
	size  fyne.Size

	top, w, h float32 // the first key's upper edge, and a key with its gap
}

// Sizes in units of the theme's text size, which is 14 by default.
const (
	displayText = 2.3
	keyWidth    = 4.4 // a comfortable target: 60 × 45 units
	keyHeight   = 3.2
)

func (r *calculatorRenderer) screenHeight() float32 {
	return textHeight(r.pal.body) + textHeight(r.pal.body*displayText) + focusHeight + 3*gap
}

func (r *calculatorRenderer) hintHeight() float32 {
	return float32(len(r.hints))*textHeight(r.pal.caption) + gap
}

// MinSize follows the theme's text size.
func (r *calculatorRenderer) MinSize() fyne.Size {
	defer func(p palette) { r.pal = p }(r.pal)
	r.pal = r.theme
	b := r.pal.body
	return fyne.NewSize(
		floor(b*keyWidth)*float32(len(keypad[0])),
		r.screenHeight()+floor(b*keyHeight)*float32(len(keypad))+r.hintHeight(),
	)
}

// Layout divides the space below the display among the keys, in whole units, so that edges stay sharp.
func (r *calculatorRenderer) Layout(size fyne.Size) {
	r.size = size
	r.pal = r.theme.scaled(squeeze(r.MinSize(), size))
	b := r.pal.body
	screen := r.screenHeight()
	r.w = floor(size.Width / float32(len(keypad[0])))
	r.h = floor((size.Height - screen - gap - r.hintHeight()) / float32(len(keypad)))
	r.top = screen + gap
	fill(r.screen, 0, 0, size.Width-gap, screen)
	fill(r.focus, 0, screen-focusHeight, size.Width-gap, focusHeight)
	r.layoutScreen()
	label := min(r.h*0.42, r.w*0.36, b*2)
	for i, row := range r.keys {
		for j, k := range row {
			x, y := float32(j)*r.w, r.top+float32(i)*r.h
			fill(k.back, x, y, r.w-gap, r.h-gap)
			size := max(label, b*0.9)
			if keypad[i][j] == calc.Backspace {
				size *= 1.6 // the font draws this sign smaller than a letter
			}
			put(k.letter, x+gap, y, r.w-3*gap, r.h-gap, size)
		}
	}
	y := r.top + r.h*float32(len(r.keys))
	for _, hint := range r.hints {
		put(hint, gap, y, size.Width-3*gap, textHeight(r.pal.caption), r.pal.caption)
		y += textHeight(r.pal.caption)
	}
	r.layoutMark()
}

// layoutScreen puts the two lines of the display; a long number or sentence becomes smaller, never cut.
func (r *calculatorRenderer) layoutScreen() {
	b, pad := r.pal.body, float32(4*gap)
	line, large := textHeight(b), textHeight(b*displayText)
	w := r.size.Width - gap - 2*pad
	put(r.memory, pad, gap, textWidth("MM", b, false), line, b)
	indent := textWidth("MM", b, false) + gap
	put(r.expression, pad+indent, gap, w-indent, line, b)
	put(r.display, pad, gap+line, w, large, b*displayText)
}

// layoutMark puts the mark of the keyboard on its key.
func (r *calculatorRenderer) layoutMark() {
	if k := r.c.cursor; k != nil {
		fill(r.mark, float32(k.col)*r.w, r.top+float32(k.row+1)*r.h-gap-2*focusHeight, r.w-gap, 2*focusHeight)
	}
}

func (r *calculatorRenderer) keyAt(p fyne.Position) (cell, bool) {
	if r.w <= 0 || r.h <= 0 || p.X < 0 || p.Y < r.top {
		return cell{}, false
	}
	k := cell{int((p.Y - r.top) / r.h), int(p.X / r.w)}
	return k, k.row < len(keypad) && k.col < len(keypad[0])
}

// Refresh repaints the display and the marks.
func (r *calculatorRenderer) Refresh() {
	if pal := newPalette(r.c); pal != r.theme {
		r.theme, r.pal = pal, pal
		if !r.size.IsZero() {
			r.Layout(r.size)
		}
	}
	p := r.pal
	r.screen.FillColor = p.tint(p.foreground, 0.06)
	r.focus.FillColor = color.Transparent
	if r.c.focused {
		r.focus.FillColor = p.primary
	}
	r.expression.Text, r.expression.Color = shorten(r.c.Expression()), p.foreground
	r.display.Text, r.display.Color = r.c.Display(), p.foreground
	r.memory.Color = color.Transparent
	if r.c.machine.HasMemory() {
		r.memory.Color = p.foreground
	}
	for _, h := range r.hints {
		h.Color = p.foreground
	}
	for i, row := range r.keys {
		for j, k := range row {
			k.paint(r.keyColours(keypad[i][j], r.c.hovered != nil && *r.c.hovered == (cell{i, j})))
		}
	}
	r.mark.FillColor = color.Transparent
	if r.c.cursor != nil {
		r.mark.FillColor = p.foreground
	}
	if !r.size.IsZero() {
		r.layoutScreen()
		r.layoutMark()
	}
	canvas.Refresh(r.c)
}

// keyColours tells digits, operations and the result key apart by lightness; the label says what a key does.
func (r *calculatorRenderer) keyColours(k calc.Key, hovered bool) (back, front color.Color) {
	p := r.pal
	share := 0.1
	switch {
	case k == calc.Equals:
		back, front = p.primary, p.onPrimary
		if contrast(back, front) < minContrast {
			back, front = p.foreground, p.background
		}
		if hovered {
			back = blend(back, front, 0.15)
		}
		return back, front
	case len(k) == 1 && k[0] >= '0' && k[0] <= '9' || k == calc.Point:
		share = 0.05
	}
	if hovered {
		share += 0.12
	}
	return p.tint(p.foreground, share), p.foreground
}

// shorten keeps the end of a long expression, which is what is being typed.
func shorten(s string) string {
	const most = 48
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return "…" + string(r[len(r)-most:])
}

// Objects is called by Fyne.
func (r *calculatorRenderer) Objects() []fyne.CanvasObject { return r.objects }

// Destroy is called by Fyne.
func (r *calculatorRenderer) Destroy() {}
