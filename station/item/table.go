package item

import (
	"strconv"

	"emtihan/exam/content"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// bulleted returns a list's item with what stands before it.
func bulleted(number bool, i, n int, f *flow) fyne.CanvasObject {
	mark, widest := "•", "•"
	if number {
		mark, widest = strconv.Itoa(i+1)+".", strconv.Itoa(n)+"."
	}
	m := plainFlow(mark)
	w, _ := plainFlow(widest).natural()
	return row(1, true, container.New(&fixed{w + theme.Size(theme.SizeNameText)/2}, m), f)
}

// fixed gives one object a width.
type fixed struct{ width float32 }

// MinSize implements fyne.Layout.
func (l *fixed) MinSize(objects []fyne.CanvasObject) fyne.Size {
	objects[0].Resize(fyne.NewSize(l.width, objects[0].Size().Height))
	return fyne.NewSize(l.width, objects[0].MinSize().Height)
}

// Layout implements fyne.Layout.
func (l *fixed) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Move(fyne.Position{})
	objects[0].Resize(size)
}

// grid lays a table out: columns as wide as their texts where there is room for that, narrower where words still fit, and
// scrolling sideways where they do not.
type grid struct {
	cells   [][]*flow
	head    bool
	ground  *canvas.Rectangle
	lines   []*canvas.Rectangle // across, then down
	widths  []float32
	heights []float32
	width   float32 // for which the widths are
	scale   float32
}

const cellPad = 7

// table makes a table; take is given its cells in their order.
func (p *Pane) table(t *content.Table, take func(*flow) *flow) fyne.CanvasObject {
	g := &grid{head: t.Head, ground: canvas.NewRectangle(look.Desk)}
	var objects []fyne.CanvasObject
	if t.Head {
		objects = append(objects, g.ground)
	}
	for i, r := range t.Rows {
		var cells []*flow
		for _, l := range r {
			f := take(newFlow(l))
			f.bold = t.Head && i == 0
			cells = append(cells, f)
			objects = append(objects, f)
		}
		g.cells = append(g.cells, cells)
	}
	for range len(g.cells) + len(g.cells[0]) + 2 {
		l := canvas.NewRectangle(look.Edge)
		g.lines = append(g.lines, l)
		objects = append(objects, l)
	}
	inner := container.New(g, objects...)
	s := container.NewHScroll(inner)
	p.sideways = append(p.sideways, s)
	return container.New(&wideTable{g}, s)
}

// wideTable gives the table the width that it has to do with, before the scroll hides it.
type wideTable struct{ g *grid }

// MinSize implements fyne.Layout.
func (l *wideTable) MinSize([]fyne.CanvasObject) fyne.Size {
	l.g.fit(l.g.width)
	height := l.g.height()
	if l.g.total() > l.g.width {
		height += theme.Size(theme.SizeNameScrollBar)
	}
	return fyne.NewSize(60, height)
}

// Layout implements fyne.Layout.
func (l *wideTable) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.g.fit(size.Width)
	objects[0].Move(fyne.Position{})
	objects[0].Resize(size)
	objects[0].Refresh()
}

// fit works out columns and rows for a width.
func (g *grid) fit(width float32) {
	if size := theme.Size(theme.SizeNameText); g.width == width && g.scale == size && g.widths != nil {
		return
	} else {
		g.width, g.scale = width, size
	}
	n := len(g.cells[0])
	whole, word := make([]float32, n), make([]float32, n)
	for _, r := range g.cells {
		for c, f := range r {
			w, long := f.natural()
			whole[c], word[c] = max(whole[c], w+2*cellPad+1), max(word[c], long+2*cellPad+1)
		}
	}
	sum := func(list []float32) (s float32) {
		for _, v := range list {
			s += v
		}
		return s + 1
	}
	g.widths = make([]float32, n)
	// A column is not made narrower than its longest word, nor wider than a line that can be read.
	widest := 22 * theme.Size(theme.SizeNameText)
	for c := range n {
		whole[c] = max(min(whole[c], widest), word[c])
	}
	least, most := sum(word), sum(whole)
	for c := range n {
		switch {
		case most <= width:
			g.widths[c] = whole[c]
		case least >= width || most == least:
			g.widths[c] = word[c]
		default:
			g.widths[c] = word[c] + (whole[c]-word[c])*(width-least)/(most-least)
		}
	}
	g.heights = make([]float32, len(g.cells))
	for i, r := range g.cells {
		for c, f := range r {
			f.Resize(fyne.NewSize(g.widths[c]-2*cellPad-1, f.Size().Height))
			g.heights[i] = max(g.heights[i], f.MinSize().Height+cellPad+1)
		}
	}
}

func (g *grid) total() float32 {
	w := float32(1)
	for _, c := range g.widths {
		w += c
	}
	return w
}

func (g *grid) height() float32 {
	h := float32(1)
	for _, r := range g.heights {
		h += r
	}
	return h
}

// MinSize implements fyne.Layout.
func (g *grid) MinSize([]fyne.CanvasObject) fyne.Size {
	g.fit(g.width)
	return fyne.NewSize(g.total(), g.height())
}

// Layout implements fyne.Layout.
func (g *grid) Layout([]fyne.CanvasObject, fyne.Size) {
	g.fit(g.width)
	total, height := g.total(), g.height()
	line := func(i int, x, y, w, h float32) {
		g.lines[i].FillColor = look.Edge
		g.lines[i].Move(fyne.NewPos(x, y))
		g.lines[i].Resize(fyne.NewSize(w, h))
	}
	y := float32(0)
	for i, r := range g.cells {
		line(i, 0, y, total, 1)
		x := float32(0)
		for c, f := range r {
			f.Move(fyne.NewPos(x+1+cellPad, y+1+cellPad/2))
			f.Resize(fyne.NewSize(g.widths[c]-2*cellPad-1, g.heights[i]-cellPad-1))
			x += g.widths[c]
		}
		y += g.heights[i]
	}
	line(len(g.cells), 0, y, total, 1)
	x := float32(0)
	for c := range g.cells[0] {
		line(len(g.cells)+1+c, x, 0, 1, height)
		x += g.widths[c]
	}
	line(len(g.lines)-1, x, 0, 1, height)
	if g.head {
		g.ground.FillColor = look.Desk
		g.ground.Resize(fyne.NewSize(total, g.heights[0]))
	}
}

// slides reports whether a table is wider than its place and has something on that side.
func (p *Pane) slides(by float32) bool {
	for _, s := range p.sideways {
		room := s.Content.MinSize().Width - s.Size().Width
		if by < 0 && s.Offset.X > 0 || by > 0 && s.Offset.X < room {
			return true
		}
	}
	return false
}

// slide scrolls the tables that are wider than their place.
func (p *Pane) slide(by float32) {
	for _, s := range p.sideways {
		room := max(0, s.Content.MinSize().Width-s.Size().Width)
		s.ScrollToOffset(fyne.NewPos(min(max(s.Offset.X+by*0.5*s.Size().Width, 0), room), s.Offset.Y))
	}
}
