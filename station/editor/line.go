package editor

import (
	"image"
	"image/color"
	"math"

	"emtihan/station/editor/glass"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Line is a line of text that changes while somebody writes, such as a clock or a count: on a computer without a graphics
// card a text of the toolkit would have the whole window painted at every change, and the next keystroke wait for that.
// It is set like a canvas.Text: change the fields, then call Refresh.
type Line struct {
	widget.BaseWidget
	Text      string
	Color     color.Color
	TextSize  float32 // 0 stands for the theme's
	TextStyle fyne.TextStyle
	// Reserve are other texts that the line may come to show. It is as wide as the widest, so that nothing beside it moves.
	Reserve []string

	ground *canvas.Rectangle
	words  *canvas.Text
	strips glass.Group
	shown  lineState
}

// lineState is what a line looks like.
type lineState struct {
	text       string
	ink, paper color.RGBA
	size       float32
	style      fyne.TextStyle
	width      int
	height     int
	scale      float32
}

// NewLine returns a line.
func NewLine(text string, c color.Color) *Line {
	l := &Line{Text: text, Color: c}
	l.strips.Owner, l.strips.Whole = l, true
	l.ExtendBaseWidget(l)
	return l
}

// SetText shows another text.
func (l *Line) SetText(s string) {
	if l.Text != s {
		l.Text = s
		l.Refresh()
	}
}

// Refresh shows what the fields say.
func (l *Line) Refresh() {
	if l.ground == nil {
		return
	}
	before := l.words.MinSize()
	l.words.Text, l.words.Color, l.words.TextSize, l.words.TextStyle = l.Text, l.Color, l.size(), l.TextStyle
	if now := l.words.MinSize(); now != before && l.MinSize().Width > l.Size().Width {
		canvas.Refresh(l.ground) // what it lies in has to make room
	}
	l.paint()
}

func (l *Line) size() float32 {
	if l.TextSize > 0 {
		return l.TextSize
	}
	return theme.Size(theme.SizeNameText)
}

// CreateRenderer implements fyne.Widget.
func (l *Line) CreateRenderer() fyne.WidgetRenderer {
	l.ground = canvas.NewRectangle(color.Transparent)
	// The toolkit's text lies under the strip: it measures, and whoever asks the window for its texts finds it.
	l.words = canvas.NewText(l.Text, l.Color)
	l.words.TextSize, l.words.TextStyle = l.size(), l.TextStyle
	l.strips.Ground = l.ground
	l.strips.Misfit = func() { l.paint() }
	return &lineRenderer{l}
}

type lineRenderer struct{ l *Line }

func (r *lineRenderer) Destroy() {}

func (r *lineRenderer) Objects() []fyne.CanvasObject {
	return r.l.strips.Objects([]fyne.CanvasObject{r.l.ground, r.l.words})
}

func (r *lineRenderer) MinSize() fyne.Size {
	l := r.l
	least := fyne.MeasureText(l.Text, l.size(), l.TextStyle)
	for _, s := range l.Reserve {
		least = least.Max(fyne.MeasureText(s, l.size(), l.TextStyle))
	}
	return fyne.NewSize(float32(math.Ceil(float64(least.Width)))+2, float32(math.Ceil(float64(least.Height))))
}

func (r *lineRenderer) Layout(size fyne.Size) {
	r.l.ground.Resize(size)
	r.l.words.Resize(size)
	r.l.paint()
}

func (r *lineRenderer) Refresh() { r.l.Refresh() }

func (l *Line) paint() {
	scale := float32(1)
	if c := fyne.CurrentApp().Driver().CanvasForObject(l); c != nil {
		scale = c.Scale()
	}
	r, g, b, _ := l.Color.RGBA()
	s := lineState{
		text: l.Text, ink: color.RGBA{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8), A: 0xff}, paper: opaque(theme.ColorNameBackground),
		size: l.size() * scale, style: l.TextStyle,
		width: glass.Pixels(l.Size().Width, scale), height: glass.Pixels(l.Size().Height, scale), scale: scale,
	}
	if s == l.shown || s.width < 1 || s.height < 1 {
		return
	}
	l.shown = s
	font := theme.TextFont()
	switch {
	case s.style.Monospace:
		font = theme.TextMonospaceFont()
	case s.style.Bold:
		font = theme.TextBoldFont()
	}
	setter := setterOf(font, s.size)
	img := image.NewRGBA(image.Rect(0, 0, s.width, s.height))
	glass.Fill(img, img.Rect, s.paper)
	base := round((float32(s.height) + setter.Ascent() - setter.Descent()) / 2)
	setter.Draw(img, setter.Line([]rune(s.text)), 0, base, s.ink)
	l.strips.Resize(1)
	l.strips.Strip(0).Show(img, image.Point{}, scale)
}
