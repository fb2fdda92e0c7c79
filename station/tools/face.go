package tools

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"emtihan/assets/locales"
	"emtihan/station/tools/calc"
)

// CreateRenderer is called by Fyne.
func (c *Calculator) CreateRenderer() fyne.WidgetRenderer {
	r := &calculatorRenderer{c: c}
	r.build()
	c.keyAt = r.keyAt
	r.Refresh()
	return r
}

type calculatorRenderer struct {
	c       *Calculator
	objects []fyne.CanvasObject

	edge, screen                       *canvas.Rectangle
	expression, display, memory, angle *canvas.Text
	toggle                             letterCell
	keys                               [][]calculatorKey
	hints                              []*canvas.Text

	scientific bool    // what the keys were made for
	theme      palette // what the theme says
	pal        palette // the same with the text sizes of the current size
	size       fyne.Size

	top, w, h float32 // the first key's upper edge, and a key with its gap
	switchBox box
}

// calculatorKey is a key: its mark is seen around it where the keyboard's cursor stands, and its letter is what types it.
type calculatorKey struct {
	mark, back    *canvas.Rectangle
	label, letter *canvas.Text
}

// build makes the objects for the keys that are to be shown.
func (r *calculatorRenderer) build() {
	c := r.c
	r.objects, r.keys, r.hints, r.scientific = nil, nil, nil, c.desk.scientific
	// The monospaced font has every sign used here; the proportional one lacks √, − and ⌫.
	add := func(s string, align fyne.TextAlign, mono bool) *canvas.Text {
		x := words(&r.objects, s, false, align)
		x.TextStyle.Monospace = mono
		return x
	}
	r.edge, r.screen = flat(&r.objects), flat(&r.objects)
	r.expression = add("", fyne.TextAlignTrailing, true)
	r.display = add("", fyne.TextAlignTrailing, true)
	r.memory = add("M", fyne.TextAlignLeading, true)
	r.angle = add("", fyne.TextAlignLeading, false)
	r.toggle = letterCell{flat(&r.objects), add("ƒ(x)", fyne.TextAlignCenter, true)}
	for _, row := range c.keypad() {
		var keys []calculatorKey
		for _, k := range row {
			keys = append(keys, calculatorKey{
				mark: flat(&r.objects), back: flat(&r.objects),
				label:  add(c.label(k), fyne.TextAlignCenter, !proportional[k]),
				letter: add(letterOf(k), fyne.TextAlignLeading, true),
			})
		}
		r.keys = append(r.keys, keys)
	}
	for _, id := range []string{"keys", "clear", "cursor"} {
		r.hints = append(r.hints, add(locales.T(c.lang, "tools.calculator."+id), fyne.TextAlignLeading, false))
	}
}

// Sizes in units of the theme's text size.
const (
	displayText = 2.3
	keyWidth    = 4.4 // a comfortable target: 66 × 48
	keyHeight   = 3.2
	leastKey    = 2.4 // in either direction, before the texts become smaller than the theme says
)

func (p palette) screenHeight() float32 {
	return textHeight(p.body) + textHeight(p.body*displayText) + 2*(focusHeight+2*gap)
}

func (r *calculatorRenderer) hintHeight() float32 {
	return float32(len(r.hints))*textHeight(r.theme.caption) + gap
}

func (r *calculatorRenderer) columns() float32 { return float32(len(r.c.keypad()[0])) }
func (r *calculatorRenderer) rows() float32    { return float32(len(r.c.keypad())) }

// MinSize is what it takes to be comfortable at the theme's text size, or the room that there is.
func (r *calculatorRenderer) MinSize() fyne.Size {
	p := r.theme
	want := fyne.NewSize(floor(p.body*keyWidth)*r.columns(), p.screenHeight()+gap+floor(p.body*keyHeight)*r.rows()+r.hintHeight())
	if r.c.Room.IsZero() {
		return want
	}
	return want.Min(r.c.Room)
}

// least is the smallest size in which the texts have the theme's size.
func (r *calculatorRenderer) least() fyne.Size {
	p := r.theme
	key := max(leastTarget, p.body*leastKey)
	return fyne.NewSize(key*r.columns(), p.screenHeight()+gap+key*r.rows())
}

// Layout divides the space below the display among the keys, in whole units, so that edges stay sharp. What the keys can be
// pressed with is told below them where there is room.
func (r *calculatorRenderer) Layout(size fyne.Size) {
	r.size = size
	r.pal = r.theme.scaled(squeeze(r.least(), size))
	b := r.pal.body
	screen, hint := r.pal.screenHeight(), r.hintHeight()
	if (size.Height-screen-gap-hint)/r.rows() < max(leastTarget, b*leastKey) {
		hint = 0
	}
	r.w = floor(size.Width / r.columns())
	r.h = floor((size.Height - screen - gap - hint) / r.rows())
	r.top = screen + gap
	fill(r.edge, 0, 0, size.Width-gap, screen)
	fill(r.screen, focusHeight, focusHeight, size.Width-gap-2*focusHeight, screen-2*focusHeight)
	r.layoutScreen()
	label := max(min(r.h*0.42, r.w*0.36, b*2), b*0.9)
	small := r.pal.caption * 0.85
	withLetters, lower := r.h >= textHeight(label)+textHeight(small), float32(0)
	if withLetters {
		lower = 0.6 * textHeight(small)
	}
	for i, row := range r.keys {
		for j, k := range row {
			x, y := float32(j)*r.w, r.top+float32(i)*r.h
			fill(k.mark, x, y, r.w-gap, r.h-gap)
			r.layoutKey(k, cell{i, j})
			size := label
			if r.c.keypad()[i][j] == calc.Backspace {
				size *= 1.6 // the font draws this sign smaller than a letter
			}
			// The letter stands in the corner, where it must not meet the label.
			k.letter.Hidden = !withLetters
			put(k.label, x+3*gap, y+lower, r.w-7*gap, r.h-gap-lower, size)
			put(k.letter, x+3*gap, y+gap, r.w/3, textHeight(small), small)
		}
	}
	y := r.top + r.h*r.rows()
	for _, h := range r.hints {
		h.Hidden = hint == 0
		put(h, gap, y, size.Width-3*gap, textHeight(r.theme.caption), r.theme.caption)
		y += textHeight(r.theme.caption)
	}
}

// is reports whether a mark stands in a place.
func is(mark *cell, at cell) bool { return mark != nil && *mark == at }

// layoutKey places a key's ground, which leaves room for the mark where the cursor is.
func (r *calculatorRenderer) layoutKey(k calculatorKey, at cell) {
	in := float32(0)
	if is(r.c.cursor, at) {
		in = focusHeight
	}
	fill(k.back, float32(at.col)*r.w+in, r.top+float32(at.row)*r.h+in, r.w-gap-2*in, r.h-gap-2*in)
}

// layoutScreen puts the two lines of the display; a long number or sentence becomes smaller, never cut.
func (r *calculatorRenderer) layoutScreen() {
	b, pad := r.pal.body, float32(focusHeight+2*gap)
	line, large := textHeight(b), textHeight(b*displayText)
	side := max(leastTarget, textWidth("MMMM", b, false))
	r.switchBox = box{fyne.NewPos(pad, pad), fyne.NewSize(side, line+large)}
	fill(r.toggle.back, pad, pad, side, line+large)
	put(r.toggle.letter, pad+gap, pad, side-2*gap, line+large, b)
	left := pad + side + 2*gap
	indent := textWidth("MMM", b, false)
	w := r.size.Width - gap - left - indent - pad
	put(r.memory, left, pad, indent, line, b)
	put(r.expression, left+indent, pad, w, line, b)
	put(r.angle, left, pad+line, indent, large, r.pal.caption)
	put(r.display, left+indent, pad+line, w, large, b*displayText)
}

func (r *calculatorRenderer) keyAt(p fyne.Position) (cell, bool) {
	if r.switchBox.holds(p) {
		return toggle, true
	}
	if r.w <= 0 || r.h <= 0 || p.X < 0 || p.Y < r.top {
		return cell{}, false
	}
	k := cell{int((p.Y - r.top) / r.h), int(p.X / r.w)}
	return k, k.row < len(r.keys) && k.col < len(r.keys[0])
}

// Refresh repaints the display and the marks.
func (r *calculatorRenderer) Refresh() {
	c := r.c
	fresh := r.scientific != c.desk.scientific
	if fresh {
		r.build()
	}
	if pal := newPalette(c); fresh || pal != r.theme {
		r.theme, r.pal = pal, pal
		if !r.size.IsZero() {
			r.Layout(r.size)
		}
	}
	p := r.pal
	r.screen.FillColor = p.tint(p.foreground, 0.06)
	r.edge.FillColor = r.screen.FillColor
	if c.focused {
		r.edge.FillColor = p.primary
	}
	r.expression.Text, r.expression.Color = shorten(c.Expression()), p.foreground
	r.display.Text, r.display.Color = c.Display(), p.foreground
	r.memory.Color = color.Transparent
	if c.desk.machine.HasMemory() {
		r.memory.Color = p.foreground
	}
	r.angle.Text, r.angle.Color = "", p.foreground
	if c.desk.scientific {
		r.angle.Text = locales.T(c.lang, "tools.calculator.degrees")
		if c.desk.machine.Radians() {
			r.angle.Text = locales.T(c.lang, "tools.calculator.radians")
		}
	}
	r.paintToggle()
	for _, h := range r.hints {
		h.Color = p.foreground
	}
	for i, row := range r.keys {
		for j, k := range row {
			at := cell{i, j}
			k.back.FillColor, k.label.Color = r.keyColours(c.keypad()[i][j], is(c.hovered, at))
			k.letter.Color = k.label.Color
			k.mark.FillColor = color.Transparent
			if is(c.cursor, at) {
				k.mark.FillColor = p.primary
			}
			if !r.size.IsZero() {
				r.layoutKey(k, at)
			}
		}
	}
	if !r.size.IsZero() {
		r.layoutScreen()
	}
	canvas.Refresh(c)
}

// paintToggle inverts the key of the functions while they are shown, and gives it the accent where the cursor is.
func (r *calculatorRenderer) paintToggle() {
	p, c := r.pal, r.c
	back, front := p.tint(p.foreground, 0.14), p.foreground
	switch {
	case is(c.cursor, toggle):
		back, front = p.primary, p.onPrimary
	case c.desk.scientific:
		back, front = p.foreground, p.background
	case is(c.hovered, toggle):
		back = p.tint(p.foreground, 0.26)
	}
	r.toggle.paint(back, front)
}

// keyColours tells digits, operations, functions and the result key apart by lightness; the label says what a key does.
func (r *calculatorRenderer) keyColours(k calc.Key, hovered bool) (back, front color.Color) {
	p := r.pal
	share := 0.12
	switch {
	case k == calc.Equals:
		back, front = p.primary, p.onPrimary
		if contrast(back, front) < p.least() {
			back, front = p.foreground, p.background
		}
		if lighter := blend(back, front, 0.15); hovered && contrast(lighter, front) >= p.least() {
			back = lighter
		}
		return back, front
	case len(k) == 1 && k[0] >= '0' && k[0] <= '9' || k == calc.Point:
		share = 0.06
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
