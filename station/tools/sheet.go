package tools

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
)

// sheet is a table's page: it lies behind a view that may be smaller, and is enlarged and moved there. Above the view stands a
// strip with what is shown in words and two buttons; the table's heads stay at the view's edges. Nothing is a picture that is
// stretched: the texts are set anew in every size.
type sheet struct {
	// zoom is by how much the page is larger than the view, from 1. 0 stands for the first size, in which the texts have the
	// size that the theme asks for.
	zoom   float32
	offset fyne.Position // of the view on the page

	view     fyne.Size                             // without the strip
	strip    float32                               // the height of the strip
	page     fyne.Size                             // at least as large as the view
	first    float32                               // what zoom 0 stands for
	corner   fyne.Position                         // of what moves, in the widget: right of and below the heads
	cellBox  func(cell) (fyne.Position, fyne.Size) // where a cell stands in the widget
	relayout func()
	minus    box
	plus     box
}

// box is a place in the widget.
type box struct {
	at   fyne.Position
	size fyne.Size
}

func (b box) holds(p fyne.Position) bool {
	return p.X >= b.at.X && p.Y >= b.at.Y && p.X < b.at.X+b.size.Width && p.Y < b.at.Y+b.size.Height
}

const (
	zoomStep = 1.25
	mostZoom = 4 // the page is at most so many times as wide as the view, or twice as wide as at first
)

// measure settles the page for a widget of the size, whose table needs so much for texts of the theme's size.
func (s *sheet) measure(size fyne.Size, strip float32, need fyne.Size) {
	s.strip = strip
	s.view = fyne.NewSize(max(1, size.Width), max(1, size.Height-strip))
	s.first = max(1, need.Width/s.view.Width, need.Height/s.view.Height)
	s.page = fyne.NewSize(s.view.Width*s.scale(), s.view.Height*s.scale())
	s.clamp()
}

// scale is by how much the page is larger than the view.
func (s *sheet) scale() float32 {
	z := s.zoom
	if z == 0 {
		z = s.first
	}
	return min(max(1, z), max(mostZoom, 2*s.first))
}

func (s *sheet) clamp() {
	s.offset.X = min(max(0, s.offset.X), max(0, s.page.Width-s.view.Width))
	s.offset.Y = min(max(0, s.offset.Y), max(0, s.page.Height-s.view.Height))
}

// within reports whether p lies where the table moves, and not on its heads or the strip.
func (s *sheet) within(p fyne.Position) bool {
	return p.X >= s.corner.X && p.Y >= s.corner.Y && p.X < s.view.Width && p.Y < s.view.Height+s.strip
}

func (s *sheet) middle() fyne.Position {
	return fyne.NewPos(s.view.Width/2, s.strip+s.view.Height/2)
}

// button says by how many steps the button at p enlarges; 0 where there is none.
func (s *sheet) button(p fyne.Position) int {
	switch {
	case s.plus.holds(p):
		return 1
	case s.minus.holds(p):
		return -1
	}
	return 0
}

// zoomBy enlarges by so many steps, keeping what stands at p where it is; 0 gives the first size back.
func (s *sheet) zoomBy(steps int, p fyne.Position) {
	before := s.scale()
	after := s.first
	switch {
	case steps > 0:
		after = before * zoomStep
	case steps < 0:
		after = before / zoomStep
	}
	s.zoom = min(max(1, after), max(mostZoom, 2*s.first))
	if steps == 0 {
		s.zoom = 0
	}
	f := s.scale() / before
	s.offset = fyne.NewPos((s.offset.X+p.X)*f-p.X, (s.offset.Y+p.Y-s.strip)*f-(p.Y-s.strip))
	if s.relayout != nil {
		s.relayout()
	}
}

// shift moves the view on the page.
func (s *sheet) shift(dx, dy float32) {
	before := s.offset
	s.offset = s.offset.AddXY(dx, dy)
	s.clamp()
	if s.offset != before && s.relayout != nil {
		s.relayout()
	}
}

// reveal moves the view so that a cell is seen whole.
func (s *sheet) reveal(c cell) {
	if s.cellBox == nil {
		return
	}
	p, size := s.cellBox(c)
	dx := min(0, p.X-s.corner.X) + max(0, p.X+size.Width-s.view.Width)
	dy := min(0, p.Y-s.corner.Y) + max(0, p.Y+size.Height-s.view.Height-s.strip)
	if dx != 0 || dy != 0 {
		s.shift(dx, dy)
	}
}

// stage is the objects of a table in three layers: what moves, the heads over it, and the strip over both. They are clipped to
// the widget.
type stage struct {
	under, heads, over []fyne.CanvasObject
	left, top, edge    *canvas.Rectangle // hide what moved under the heads; edge is where the two meet

	said        *canvas.Text // what the strip says
	minus, plus letterCell
	ring        [4]*canvas.Rectangle // the focus
	across      *canvas.Rectangle    // how much of the page is seen, and where, as scroll bars say it
	down        *canvas.Rectangle

	clip *container.Clip
}

// words adds a text to a layer.
func words(layer *[]fyne.CanvasObject, s string, bold bool, align fyne.TextAlign) *canvas.Text {
	x := text(s, 10, bold, color.Black)
	x.Alignment = align
	*layer = append(*layer, x)
	return x
}

// flat adds a rectangle to a layer.
func flat(layer *[]fyne.CanvasObject) *canvas.Rectangle {
	x := canvas.NewRectangle(color.Transparent)
	*layer = append(*layer, x)
	return x
}

// set puts the layers over each other, rows' heads being under the columns' heads. Call it when all objects are there.
func (s *stage) set(g *grid, rowHeads, columnHeads []fyne.CanvasObject) {
	s.left, s.top, s.edge = canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)
	s.said = words(&s.over, "", true, fyne.TextAlignLeading)
	for _, k := range []*letterCell{&s.minus, &s.plus} {
		k.back = flat(&s.over)
		k.letter = words(&s.over, "", true, fyne.TextAlignCenter)
		k.letter.TextStyle = fyne.TextStyle{Monospace: true} // the proportional font lacks −
	}
	s.minus.letter.Text, s.plus.letter.Text = "−", "+"
	s.across, s.down = flat(&s.over), flat(&s.over)
	for i := range s.ring {
		s.ring[i] = flat(&s.over)
	}
	all := append([]fyne.CanvasObject{}, s.under...)
	all = append(all, s.left)
	all = append(all, rowHeads...)
	all = append(all, s.top)
	all = append(all, columnHeads...)
	all = append(all, s.edge)
	all = append(all, s.heads...)
	all = append(all, s.over...)
	s.clip = container.NewClip(container.New(pageLayout{&g.sheet}, all...))
	s.clip.ExtendBaseWidget(s.clip)
}

// pageLayout leaves everything where Layout of the table puts it. The whole page, seen or not, is its size.
type pageLayout struct{ s *sheet }

// MinSize implements fyne.Layout.
func (l pageLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return l.s.page.AddWidthHeight(0, l.s.strip)
}

// Layout implements fyne.Layout.
func (l pageLayout) Layout([]fyne.CanvasObject, fyne.Size) {}

// stripHeight is the height of the strip: a line of large text, or a button that can be hit.
func (p palette) stripHeight() float32 {
	return max(textHeight(p.heading), max(leastTarget, textHeight(p.body)+8)) + 2*focusHeight + gap
}

// leastTarget is the least side of what is pressed, in the toolkit's measure; WCAG 2.2, 2.5.8 asks for 24.
const leastTarget = 32

// thumb is the thickness of the bars that say which part of the page is seen.
const thumb = 5

// lay places the strip and what hides the table under its heads, which end at the height bottom.
func (s *stage) lay(g *grid, size fyne.Size, bottom float32, p palette) {
	s.clip.Resize(size)
	s.clip.Content.Resize(s.clip.Content.MinSize())
	inner := g.strip - 2*focusHeight - gap
	side := max(leastTarget, textHeight(p.body)+8)
	y := focusHeight + (inner-side)/2
	g.plus = box{fyne.NewPos(size.Width-focusHeight-side-gap, y), fyne.NewSize(side, side)}
	g.minus = box{g.plus.at.SubtractXY(side+2*gap, 0), g.plus.size}
	for _, k := range []struct {
		c letterCell
		b box
	}{{s.minus, g.minus}, {s.plus, g.plus}} {
		fill(k.c.back, k.b.at.X, k.b.at.Y, side, side)
		put(k.c.letter, k.b.at.X, k.b.at.Y, side, side, p.body*1.3)
	}
	s.say(g, p)
	fill(s.left, 0, g.strip, g.corner.X, max(0, min(g.view.Height, bottom-g.strip)))
	fill(s.top, 0, 0, size.Width, g.corner.Y)
	fill(s.edge, 0, g.strip, g.corner.X, g.corner.Y-g.strip)
	from, length := g.corner.X, size.Width-focusHeight-g.corner.X
	fill(s.across, from+length*g.offset.X/g.page.Width, size.Height-focusHeight-thumb, length*g.view.Width/g.page.Width, thumb)
	from, length = g.corner.Y, size.Height-focusHeight-g.corner.Y
	fill(s.down, size.Width-focusHeight-thumb, from+length*g.offset.Y/g.page.Height, thumb, length*g.view.Height/g.page.Height)
	s.across.Hidden, s.down.Hidden = g.page.Width <= g.view.Width+1, g.page.Height <= g.view.Height+1
	for i, b := range []box{
		{fyne.NewPos(0, 0), fyne.NewSize(size.Width, focusHeight)},
		{fyne.NewPos(0, size.Height-focusHeight), fyne.NewSize(size.Width, focusHeight)},
		{fyne.NewPos(0, 0), fyne.NewSize(focusHeight, size.Height)},
		{fyne.NewPos(size.Width-focusHeight, 0), fyne.NewSize(focusHeight, size.Height)},
	} {
		fill(s.ring[i], b.at.X, b.at.Y, b.size.Width, b.size.Height)
	}
}

// say places what the strip says, between the left edge and the buttons.
func (s *stage) say(g *grid, p palette) {
	left := float32(focusHeight + 2*gap)
	put(s.said, left, focusHeight, g.minus.at.X-left-4*gap, g.strip-2*focusHeight-gap, p.heading)
}

// paint takes the colours.
func (s *stage) paint(g *grid, p palette) {
	for _, r := range []*canvas.Rectangle{s.left, s.top, s.edge} {
		r.FillColor = p.background
	}
	s.said.Color = p.foreground
	key := p.tint(p.foreground, 0.12)
	s.minus.paint(key, p.foreground)
	s.plus.paint(key, p.foreground)
	s.across.FillColor, s.down.FillColor = p.primary, p.primary
	for _, r := range s.ring {
		r.FillColor = color.Transparent
		if g.focused {
			r.FillColor = p.primary
		}
	}
}

// objects is what a renderer returns.
func (s *stage) objects() []fyne.CanvasObject { return []fyne.CanvasObject{s.clip} }

// leastSize is what a table asks for: it shows a part of itself in any room, and the first size takes what there is.
func leastSize(p palette) fyne.Size { return fyne.NewSize(36*p.body, 18*p.body) }
