package item

import (
	"image/color"

	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// stack puts objects below each other. It gives each its width before it asks for its height, since a text knows that only
// at a width.
type stack struct {
	gap   float32
	width float32
}

// down returns objects below each other.
func down(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&stack{gap: gap}, objects...)
}

// MinSize implements fyne.Layout.
func (l *stack) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var out fyne.Size
	first := true
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		if l.width > 0 && o.Size().Width != l.width {
			o.Resize(fyne.NewSize(l.width, o.Size().Height))
		}
		least := o.MinSize()
		out.Width = max(out.Width, least.Width)
		out.Height += least.Height
		if !first {
			out.Height += l.gap
		}
		first = false
	}
	return out
}

// Layout implements fyne.Layout.
func (l *stack) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	y := float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		if o.Size().Width != size.Width {
			o.Resize(fyne.NewSize(size.Width, o.Size().Height))
		}
		height := o.MinSize().Height
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, height))
		y += height + l.gap
	}
}

// beside puts objects side by side: the one numbered wide takes what the others leave. Each is as high as the highest, or
// stands at its middle where it is not wide.
type beside struct {
	wide  int
	gap   float32
	top   bool // the others stand at the top
	width float32
}

// MinSize implements fyne.Layout.
func (l *beside) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var out fyne.Size
	for i, o := range objects {
		if i == l.wide && l.width > 0 {
			if w := l.rest(objects, l.width); o.Size().Width != w {
				o.Resize(fyne.NewSize(w, o.Size().Height))
			}
		}
		least := o.MinSize()
		if i > 0 {
			out.Width += l.gap
		}
		out.Width += least.Width
		out.Height = max(out.Height, least.Height)
	}
	return out
}

func (l *beside) rest(objects []fyne.CanvasObject, width float32) float32 {
	for i, o := range objects {
		if i != l.wide {
			width -= o.MinSize().Width
		}
	}
	return max(1, width-l.gap*float32(len(objects)-1))
}

// Layout implements fyne.Layout.
func (l *beside) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	x := float32(0)
	for i, o := range objects {
		w := o.MinSize().Width
		if i == l.wide {
			w = l.rest(objects, size.Width)
			o.Resize(fyne.NewSize(w, o.Size().Height))
		}
		least := o.MinSize()
		y := max(0, (size.Height-least.Height)/2)
		if l.top {
			y = 0
		}
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, least.Height))
		x += w + l.gap
	}
}

// row returns objects side by side of which one takes the room that is left.
func row(wide int, top bool, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&beside{wide: wide, gap: 8, top: top}, objects...)
}

// split puts the second object beside the first where both have room there, and below it where not.
type split struct{ width float32 }

// wide returns the width of the second object beside the first; 0 where it stands below.
func (l *split) wide(objects []fyne.CanvasObject, width float32) float32 {
	f, _ := objects[1].(*fyne.Container)
	need := float32(0)
	for _, o := range f.Objects {
		need += o.MinSize().Width + 4
	}
	if width-need < 14*theme.Size(theme.SizeNameText) {
		return 0
	}
	return need
}

func (l *split) lay(objects []fyne.CanvasObject, width float32) (first, second fyne.Size) {
	w := l.wide(objects, width)
	a, b := width-w-8, w
	if w == 0 {
		a, b = width, width
	}
	for i, want := range []float32{a, b} {
		if objects[i].Size().Width != want {
			objects[i].Resize(fyne.NewSize(max(1, want), objects[i].Size().Height))
		}
	}
	return fyne.NewSize(a, objects[0].MinSize().Height), fyne.NewSize(b, objects[1].MinSize().Height)
}

// MinSize implements fyne.Layout.
func (l *split) MinSize(objects []fyne.CanvasObject) fyne.Size {
	if l.width == 0 {
		return fyne.NewSize(60, 40)
	}
	first, second := l.lay(objects, l.width)
	if l.wide(objects, l.width) > 0 {
		return fyne.NewSize(60, max(first.Height, second.Height))
	}
	return fyne.NewSize(60, first.Height+second.Height+4)
}

// Layout implements fyne.Layout.
func (l *split) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	first, second := l.lay(objects, size.Width)
	objects[0].Resize(first)
	objects[1].Resize(second)
	if l.wide(objects, size.Width) > 0 {
		objects[0].Move(fyne.NewPos(0, (size.Height-first.Height)/2))
		objects[1].Move(fyne.NewPos(first.Width+8, (size.Height-second.Height)/2))
		return
	}
	objects[0].Move(fyne.Position{})
	objects[1].Move(fyne.NewPos(0, first.Height+4))
}

// pad leaves room around an object whose height depends on its width.
type pad struct{ top, bottom, left, right, width float32 }

func padded(top, bottom, left, right float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(&pad{top: top, bottom: bottom, left: left, right: right}, o)
}

// MinSize implements fyne.Layout.
func (l *pad) MinSize(objects []fyne.CanvasObject) fyne.Size {
	o := objects[0]
	if w := l.width - l.left - l.right; l.width > 0 && w > 0 && o.Size().Width != w {
		o.Resize(fyne.NewSize(w, o.Size().Height))
	}
	return o.MinSize().AddWidthHeight(l.left+l.right, l.top+l.bottom)
}

// Layout implements fyne.Layout.
func (l *pad) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	o := objects[0]
	o.Move(fyne.NewPos(l.left, l.top))
	o.Resize(fyne.NewSize(max(1, size.Width-l.left-l.right), max(o.Size().Height, 1)))
	o.Resize(fyne.NewSize(max(1, size.Width-l.left-l.right), max(1, size.Height-l.top-l.bottom)))
}

// flowing puts objects side by side and begins another line where there is no room.
type flowing struct{ gap, width float32 }

func (l *flowing) lay(objects []fyne.CanvasObject, width float32, place func(fyne.CanvasObject, fyne.Position, fyne.Size)) (height float32) {
	y := float32(0)
	for i := 0; i < len(objects); {
		x, line, first := float32(0), float32(0), i
		for ; i < len(objects); i++ {
			least := objects[i].MinSize()
			if !objects[i].Visible() {
				continue
			}
			if x > 0 && x+least.Width > width {
				break
			}
			x += least.Width + l.gap
			line = max(line, least.Height)
		}
		x = 0
		for _, o := range objects[first:i] {
			if least := o.MinSize(); o.Visible() {
				place(o, fyne.NewPos(x, y+(line-least.Height)/2), least)
				x += least.Width + l.gap
			}
		}
		height = y + line
		y += line + l.gap
	}
	return height
}

// MinSize implements fyne.Layout.
func (l *flowing) MinSize(objects []fyne.CanvasObject) (out fyne.Size) {
	width := l.width
	for _, o := range objects {
		out.Width = max(out.Width, o.MinSize().Width)
	}
	out.Height = l.lay(objects, max(width, out.Width), func(fyne.CanvasObject, fyne.Position, fyne.Size) {})
	return out
}

// Layout implements fyne.Layout.
func (l *flowing) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	l.lay(objects, size.Width, func(o fyne.CanvasObject, at fyne.Position, size fyne.Size) {
		o.Move(at)
		o.Resize(size)
	})
}

// layers lays objects over each other, all as high as the highest at the width.
type layers struct{ width float32 }

// MinSize implements fyne.Layout.
func (l *layers) MinSize(objects []fyne.CanvasObject) (out fyne.Size) {
	for _, o := range objects {
		if l.width > 0 && o.Size().Width != l.width {
			o.Resize(fyne.NewSize(l.width, o.Size().Height))
		}
		out = out.Max(o.MinSize())
	}
	return out
}

// Layout implements fyne.Layout.
func (l *layers) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	for _, o := range objects {
		o.Move(fyne.Position{})
		o.Resize(size)
	}
}

func over(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&layers{}, objects...)
}

// Column scrolls objects below each other where they are too high, with room for the scroll bar beside them.
func Column(objects ...fyne.CanvasObject) *container.Scroll {
	s := container.NewVScroll(padded(0, 0, 0, theme.Size(theme.SizeNameScrollBar), down(gap(), objects...)))
	s.SetMinSize(fyne.NewSize(120, 90))
	return s
}

// Settled makes what scrolls as high as its texts need at the width that it has now: the toolkit would find that out only in
// its next picture.
func Settled(s *container.Scroll) {
	for range 3 {
		least := s.Content.MinSize()
		if s.Content.Size() == least.Max(s.Size()) {
			return
		}
		s.Refresh()
	}
}

// gap is the room between two things of a task.
func gap() float32 { return 0.5 * theme.Size(theme.SizeNameText) }

// board is what a row that can be pressed stands on: an edge and, with the focus, a ring of two colours, so that one of them
// is seen on whatever is below. Its rectangles are filled, since stroked ones are dear without a graphics card.
type board struct {
	edge, ring, back *canvas.Rectangle
	focused          bool
}

const (
	edgeWidth = 1
	ringWidth = 3
	ringGap   = 2
)

func newBoard() *board {
	return &board{canvas.NewRectangle(look.Edge), canvas.NewRectangle(look.Paper), canvas.NewRectangle(look.Desk), false}
}

func (b *board) objects() []fyne.CanvasObject { return []fyne.CanvasObject{b.edge, b.ring, b.back} }

func (b *board) paint(edge, back color.NRGBA, focused bool) {
	b.focused = focused
	b.edge.FillColor, b.ring.FillColor, b.back.FillColor = edge, look.Paper, back
	b.ring.Hidden = !focused
	if focused {
		b.edge.FillColor = look.Accent
	}
	for _, o := range b.objects() {
		o.Refresh()
	}
}

func (b *board) lay(size fyne.Size) {
	in := float32(edgeWidth)
	if b.focused {
		in = ringWidth + ringGap
	}
	for i, r := range []*canvas.Rectangle{b.edge, b.ring, b.back} {
		d := [...]float32{0, ringWidth, in}[i]
		r.Move(fyne.NewPos(d, d))
		r.Resize(fyne.NewSize(max(0, size.Width-2*d), max(0, size.Height-2*d)))
	}
}
