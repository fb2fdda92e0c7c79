package tools

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// cell is a place in a table, counted from 0.
type cell struct{ row, col int }

// grid is what the two tables have in common: one cell is selected by a tap or by the arrow keys, and the pointer shows another
// one for as long as it rests on it.
type grid struct {
	widget.BaseWidget
	Keyed
	self     fyne.Widget
	rows     int
	cols     int
	exists   func(cell) bool
	cellAt   func(fyne.Position) (cell, bool) // in the widget's coordinates
	selected cell
	hovered  *cell
	focused  bool
}

var (
	_ fyne.Tappable     = (*grid)(nil)
	_ fyne.Focusable    = (*grid)(nil)
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

// Tapped selects the cell under the pointer.
func (g *grid) Tapped(ev *fyne.PointEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(g.self); c != nil {
		c.Focus(g.self.(fyne.Focusable))
	}
	if c, ok := g.find(ev.Position); ok {
		g.selected = c
		g.self.Refresh()
	}
}

func (g *grid) find(p fyne.Position) (cell, bool) {
	if g.cellAt == nil {
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

// TypedRune does nothing: the tables have no text.
func (g *grid) TypedRune(rune) {}

// TypedKey moves the selection: an arrow key to the next cell in its direction, across empty places; Home and End within the row,
// Page Up and Page Down within the column.
func (g *grid) TypedKey(ev *fyne.KeyEvent) {
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
	g.self.Refresh()
}
