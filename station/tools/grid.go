package tools

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"emtihan/assets/locales"
)

// cell is a place in a table, counted from 0.
type cell struct{ row, col int }

// grid is what the two tables have in common: one cell is selected by a tap or by the arrow keys, the pointer shows another one
// for as long as it rests on it, and the table can be enlarged and moved under its heads.
type grid struct {
	widget.BaseWidget
	Keyed
	sheet
	lang     locales.Lang
	self     fyne.Widget
	rows     int
	cols     int
	exists   func(cell) bool
	cellAt   func(fyne.Position) (cell, bool) // in the widget's coordinates
	selected cell
	hovered  *cell
	focused  bool
	lastKey  fyne.KeyName // the key whose character comes next
}

var (
	_ fyne.Tappable     = (*grid)(nil)
	_ fyne.Focusable    = (*grid)(nil)
	_ fyne.Scrollable   = (*grid)(nil)
	_ fyne.Draggable    = (*grid)(nil)
	_ desktop.Hoverable = (*grid)(nil)
	_ desktop.Keyable   = (*grid)(nil)
)

// Keyed passes every key that goes down on, before the tool itself sees it: a tool with the focus would otherwise keep the
// function keys of the screen under it.
type Keyed struct{ OnKeyDown func(*fyne.KeyEvent) }

// KeyDown implements desktop.Keyable.
func (k *Keyed) KeyDown(ev *fyne.KeyEvent) {
	if k.OnKeyDown != nil {
		k.OnKeyDown(ev)
	}
}

// KeyUp implements desktop.Keyable.
func (k *Keyed) KeyUp(*fyne.KeyEvent) {}

// PassKeys sets OnKeyDown.
func (k *Keyed) PassKeys(f func(*fyne.KeyEvent)) { k.OnKeyDown = f }

// shown is the cell whose details are shown.
func (g *grid) shown() cell {
	if g.hovered != nil {
		return *g.hovered
	}
	return g.selected
}

// Tapped selects the cell under the pointer, or presses one of the two buttons above the table.
func (g *grid) Tapped(ev *fyne.PointEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(g.self); c != nil {
		c.Focus(g.self.(fyne.Focusable))
	}
	if steps := g.button(ev.Position); steps != 0 {
		g.zoomBy(steps, g.middle())
		return
	}
	if c, ok := g.find(ev.Position); ok {
		g.selected = c
		g.self.Refresh()
	}
}

func (g *grid) find(p fyne.Position) (cell, bool) {
	if g.cellAt == nil || !g.within(p) {
		return cell{}, false
	}
	c, ok := g.cellAt(p)
	return c, ok && g.exists(c)
}

// MouseIn shows the cell under the pointer.
func (g *grid) MouseIn(ev *desktop.MouseEvent) { g.MouseMoved(ev) }

// MouseMoved shows the cell under the pointer. Gaps between cells keep the last one, so that the details do not flicker on the
// way, and moving within a cell repaints nothing.
func (g *grid) MouseMoved(ev *desktop.MouseEvent) {
	c, ok := g.find(ev.Position)
	if ok && (g.hovered == nil || *g.hovered != c) {
		g.hovered = &c
		g.self.Refresh()
	}
}

// MouseOut shows the selected cell again.
func (g *grid) MouseOut() {
	if g.hovered != nil {
		g.hovered = nil
		g.self.Refresh()
	}
}

// FocusGained marks the table as the one that takes the arrow keys.
func (g *grid) FocusGained() {
	g.focused = true
	g.self.Refresh()
}

// FocusLost removes the mark.
func (g *grid) FocusLost() {
	g.focused = false
	g.self.Refresh()
}

// Scrolled moves the table under its heads; with Ctrl held down it enlarges or reduces it where the pointer is.
func (g *grid) Scrolled(ev *fyne.ScrollEvent) {
	if g.control() {
		switch {
		case ev.Scrolled.DY > 0:
			g.zoomBy(1, ev.Position)
		case ev.Scrolled.DY < 0:
			g.zoomBy(-1, ev.Position)
		}
		return
	}
	g.shift(-ev.Scrolled.DX, -ev.Scrolled.DY)
}

// controlHeld replaces the driver's answer in a test.
var controlHeld func() bool

func (g *grid) control() bool {
	if controlHeld != nil {
		return controlHeld()
	}
	d, ok := fyne.CurrentApp().Driver().(desktop.Driver)
	return ok && d.CurrentKeyModifiers()&fyne.KeyModifierControl != 0
}

// Dragged moves the table with the pointer.
func (g *grid) Dragged(ev *fyne.DragEvent) { g.shift(-ev.Dragged.DX, -ev.Dragged.DY) }

// DragEnd implements fyne.Draggable.
func (g *grid) DragEnd() {}

// TypedRune enlarges and reduces by the signs, whatever key types them. On the Kazakh layout, where the row of digits types
// letters, it is the letters in the places of 0, − and =.
func (g *grid) TypedRune(r rune) {
	if _, done := zoomKeys[g.lastKey]; done {
		g.lastKey = ""
		return
	}
	switch r {
	case '+', '=', 'һ':
		g.zoomBy(1, g.anchor())
	case '-', '−', 'ө':
		g.zoomBy(-1, g.anchor())
	case '0', 'қ':
		g.zoomBy(0, g.anchor())
	}
}

// zoomKeys says by how many steps a key enlarges; 0 stands for the first size.
var zoomKeys = map[fyne.KeyName]int{fyne.KeyPlus: 1, fyne.KeyEqual: 1, fyne.KeyMinus: -1, fyne.Key0: 0}

// TypedKey moves the selection: an arrow key to the next cell in its direction, across empty places; Home and End within the row,
// Page Up and Page Down within the column. + and − enlarge and reduce, 0 gives the first size back.
func (g *grid) TypedKey(ev *fyne.KeyEvent) {
	g.lastKey = ev.Name
	if steps, ok := zoomKeys[ev.Name]; ok {
		g.zoomBy(steps, g.anchor())
		return
	}
	switch ev.Name {
	case fyne.KeyLeft:
		g.move(0, -1, false)
	case fyne.KeyRight:
		g.move(0, 1, false)
	case fyne.KeyUp:
		g.move(-1, 0, false)
	case fyne.KeyDown:
		g.move(1, 0, false)
	case fyne.KeyHome:
		g.move(0, -1, true)
	case fyne.KeyEnd:
		g.move(0, 1, true)
	case fyne.KeyPageUp:
		g.move(-1, 0, true)
	case fyne.KeyPageDown:
		g.move(1, 0, true)
	}
}

func (g *grid) move(dr, dc int, far bool) {
	next := g.selected
	for c := (cell{next.row + dr, next.col + dc}); c.row >= 0 && c.row < g.rows && c.col >= 0 && c.col < g.cols; c.row, c.col = c.row+dr, c.col+dc {
		if g.exists(c) {
			next = c
			if !far {
				break
			}
		}
	}
	g.hovered = nil // the keys win over a pointer that was left lying on the table
	g.selected = next
	g.reveal(next)
	g.self.Refresh()
}

// anchor is what the keyboard enlarges round: the selected cell.
func (g *grid) anchor() fyne.Position {
	if g.cellBox == nil {
		return g.middle()
	}
	p, size := g.cellBox(g.selected)
	return fyne.NewPos(p.X+size.Width/2, p.Y+size.Height/2)
}

// Help lists the keys that work a table.
func (g *grid) Help() []Help {
	t := func(id string) string { return locales.T(g.lang, "tools.table.help."+id) }
	return []Help{
		{"←↑↓→", t("move")},
		{"Home, End, Page Up, Page Down", t("far")},
		{"+", t("larger")},
		{"−", t("smaller")},
		{"0", t("first")},
		{"Ctrl", t("wheel")},
	}
}
