package item

import (
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Row is a row of a task that can have the keyboard's focus and be pressed, with any content on it.
type Row struct {
	widget.BaseWidget
	Text   string // what it says first
	Chosen bool   // it is marked, or put to something
	Struck bool   // it is struck out

	p       *Pane
	content *fyne.Container
	tapped  func()
	second  func() // the mouse's other button; nil: nothing

	focused, hovered bool
	board            *board
}

var (
	_ fyne.Focusable               = (*Row)(nil)
	_ fyne.SecondaryTappable       = (*Row)(nil)
	_ desktop.Keyable              = (*Row)(nil)
	_ desktop.Hoverable            = (*Row)(nil)
	_ interface{ hasFocus() bool } = (*Row)(nil)
)

func newRow(p *Pane, text string, content fyne.CanvasObject, tapped func()) *Row {
	s := &Row{Text: text, p: p, content: padded(7, 7, 12, 10, content), tapped: tapped}
	s.ExtendBaseWidget(s)
	return s
}

func (s *Row) hasFocus() bool { return s.focused }

func (s *Row) set(chosen bool) {
	if s.Chosen != chosen {
		s.Chosen = chosen
		s.Refresh()
	}
}

// Tapped implements fyne.Tappable.
func (s *Row) Tapped(*fyne.PointEvent) {
	s.p.d.host.Focus(s)
	s.tapped()
}

// TappedSecondary implements fyne.SecondaryTappable.
func (s *Row) TappedSecondary(*fyne.PointEvent) {
	if s.second != nil {
		s.second()
	}
}

// FocusGained implements fyne.Focusable.
func (s *Row) FocusGained() {
	s.focused = true
	s.Refresh()
	s.p.reveal(s)
}

// FocusLost implements fyne.Focusable.
func (s *Row) FocusLost() { s.focused = false; s.Refresh() }

// TypedRune implements fyne.Focusable.
func (s *Row) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (s *Row) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		s.tapped()
	}
}

// KeyDown implements desktop.Keyable.
func (s *Row) KeyDown(e *fyne.KeyEvent) {
	if e.Name == fyne.KeySpace || (e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter) && s.p.d.host.Mods() == 0 {
		return
	}
	s.p.d.host.Keys(e)
}

// KeyUp implements desktop.Keyable.
func (s *Row) KeyUp(*fyne.KeyEvent) {}

// MouseIn implements desktop.Hoverable.
func (s *Row) MouseIn(*desktop.MouseEvent) { s.hovered = true; s.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (s *Row) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (s *Row) MouseOut() { s.hovered = false; s.Refresh() }

// CreateRenderer implements fyne.Widget.
func (s *Row) CreateRenderer() fyne.WidgetRenderer {
	s.board = newBoard()
	r := &rowRenderer{s}
	r.paint()
	return r
}

type rowRenderer struct{ s *Row }

func (r *rowRenderer) Destroy() {}
func (r *rowRenderer) Objects() []fyne.CanvasObject {
	return append(r.s.board.objects(), r.s.content)
}

func (r *rowRenderer) MinSize() fyne.Size {
	s := r.s
	if w := s.Size().Width; w > 0 && s.content.Size().Width != w {
		s.content.Resize(fyne.NewSize(w, s.content.Size().Height))
	}
	return s.content.MinSize()
}

func (r *rowRenderer) Layout(size fyne.Size) {
	r.s.board.lay(size)
	r.s.content.Resize(size)
}

func (r *rowRenderer) paint() {
	s := r.s
	edge, back := look.Line, look.Desk
	if s.Chosen || s.hovered {
		back = look.Tint
	}
	if s.Chosen {
		edge = look.Edge
	}
	s.board.paint(edge, back, s.focused)
	s.board.lay(s.Size())
}

func (r *rowRenderer) Refresh() {
	r.paint()
	r.Layout(r.s.Size())
	canvas.Refresh(r.s)
}

// chip is a small button on a row. The keyboard has a key for what it does, so that Tab need not stop at it.
type chip struct {
	widget.BaseWidget
	text    string
	on      bool // it is what is chosen
	spent   bool // it is chosen elsewhere
	struck  bool // a line goes through its text
	tapped  func()
	hovered bool

	back, edge, line *canvas.Rectangle
	label            *canvas.Text
}

func newChip(text string, tapped func()) *chip {
	c := &chip{text: text, tapped: tapped}
	c.ExtendBaseWidget(c)
	return c
}

func (c *chip) set(text string, on, spent, struck bool) {
	if c.text != text || c.on != on || c.spent != spent || c.struck != struck {
		c.text, c.on, c.spent, c.struck = text, on, spent, struck
		c.Refresh()
	}
}

// Tapped implements fyne.Tappable.
func (c *chip) Tapped(*fyne.PointEvent) { c.tapped() }

// MouseIn implements desktop.Hoverable.
func (c *chip) MouseIn(*desktop.MouseEvent) { c.hovered = true; c.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (c *chip) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (c *chip) MouseOut() { c.hovered = false; c.Refresh() }

// CreateRenderer implements fyne.Widget.
func (c *chip) CreateRenderer() fyne.WidgetRenderer {
	c.edge, c.back, c.line = canvas.NewRectangle(look.Edge), canvas.NewRectangle(look.Paper), canvas.NewRectangle(look.Ink)
	c.label = canvas.NewText(c.text, look.Ink)
	r := &chipRenderer{c}
	r.paint()
	return r
}

type chipRenderer struct{ c *chip }

func (r *chipRenderer) Destroy() {}
func (r *chipRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.c.edge, r.c.back, r.c.label, r.c.line}
}

func (r *chipRenderer) MinSize() fyne.Size {
	size := theme.Size(theme.SizeNameText)
	t := fyne.MeasureText(r.c.text, size*0.9, fyne.TextStyle{Bold: true})
	return fyne.NewSize(max(32, t.Width+1.1*size), max(32, 2.1*size))
}

func (r *chipRenderer) Layout(size fyne.Size) {
	c := r.c
	in := float32(1)
	if c.on {
		in = 2
	}
	c.edge.Resize(size)
	c.back.Move(fyne.NewPos(in, in))
	c.back.Resize(fyne.NewSize(size.Width-2*in, size.Height-2*in))
	t := fyne.MeasureText(c.text, c.label.TextSize, c.label.TextStyle)
	at := fyne.NewPos((size.Width-t.Width)/2, (size.Height-t.Height)/2)
	c.label.Move(at)
	c.label.Resize(t)
	c.line.Move(at.AddXY(-2, t.Height*0.55))
	c.line.Resize(fyne.NewSize(t.Width+4, max(1.5, c.label.TextSize/12)))
}

func (r *chipRenderer) paint() {
	c := r.c
	edge, back, ink := look.Edge, look.Paper, look.Ink
	switch {
	case c.on:
		edge, back, ink = look.Accent, look.Accent, look.OnAccent
	case c.hovered:
		back = look.Tint
	case c.spent:
		back, edge, ink = look.Desk, look.Desk, look.Quiet
	}
	c.edge.FillColor, c.back.FillColor, c.label.Color, c.line.FillColor = edge, back, ink, ink
	c.label.Text, c.label.TextSize, c.label.TextStyle = c.text, theme.Size(theme.SizeNameText)*0.9, fyne.TextStyle{Bold: c.on}
	c.line.Hidden = !c.struck
	r.Layout(c.Size())
}

func (r *chipRenderer) Refresh() {
	r.paint()
	canvas.Refresh(r.c)
}
