package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// Thicknesses in the toolkit's measure, the same at every size of the text.
const (
	edgeWidth = 1
	ringWidth = 3 // of the focus: WCAG 2.2, 2.4.13 asks for 2
	ringGap   = 2
)

// ground is what a widget stands on: its edge and, with the focus, a ring in Accent with a second one in Paper within, so that
// one of the two differs 3 to 1 from whatever the widget's own colour is. They are filled rectangles over each other, since a
// stroked one is dear without a graphics card.
type ground struct {
	edge, gap, back *canvas.Rectangle
	focused         bool
}

func newGround() *ground {
	return &ground{canvas.NewRectangle(Edge), canvas.NewRectangle(Paper), canvas.NewRectangle(Desk), false}
}

func (g *ground) objects() []fyne.CanvasObject { return []fyne.CanvasObject{g.edge, g.gap, g.back} }

// inset is how far the ground proper lies within the widget.
func (g *ground) inset() float32 {
	if g.focused {
		return ringWidth + ringGap
	}
	return edgeWidth
}

// paint takes the colours. Call lay and refresh afterwards.
func (g *ground) paint(edge, back color.NRGBA, focused bool) {
	g.focused = focused
	g.edge.FillColor, g.gap.FillColor, g.back.FillColor = edge, Paper, back
	g.gap.Hidden = !focused
	if focused {
		g.edge.FillColor = Accent
	}
}

func (g *ground) lay(size fyne.Size) {
	for i, r := range []*canvas.Rectangle{g.edge, g.gap, g.back} {
		in := [...]float32{0, ringWidth, g.inset()}[i]
		r.Move(fyne.NewPos(in, in))
		r.Resize(fyne.NewSize(max(0, size.Width-2*in), max(0, size.Height-2*in)))
	}
}

func (g *ground) refresh() {
	g.edge.Refresh()
	g.gap.Refresh()
	g.back.Refresh()
}
