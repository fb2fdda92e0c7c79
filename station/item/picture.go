package item

import (
	"image"
	"math"

	"emtihan/station/item/media"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// mostHigh is the most that a picture among text is high, at 100 %. It grows less than the text, so that it can be seen whole.
const mostHigh = 340

// picture shows a picture as large as it is, or as its column allows. Pressed, it is shown by itself.
type picture struct {
	widget.BaseWidget
	p       *Pane
	pic     *media.Picture
	text    string
	width   float32
	focused bool

	ring, gap *canvas.Rectangle
	image     *canvas.Raster
	hintBack  *canvas.Rectangle
	hint      *canvas.Image
}

var (
	_ fyne.Focusable     = (*picture)(nil)
	_ desktop.Keyable    = (*picture)(nil)
	_ desktop.Cursorable = (*picture)(nil)
)

func newPicture(p *Pane, pic *media.Picture, text string) *picture {
	o := &picture{p: p, pic: pic, text: text}
	o.ExtendBaseWidget(o)
	return o
}

func rasterOf(pic *media.Picture) *canvas.Raster {
	return canvas.NewRaster(func(w, h int) image.Image { return pic.Draw(w, h) })
}

const pictureEdge = ringWidth + ringGap

// fit returns how large the picture is drawn where it has a width.
func (o *picture) fit(width float32) fyne.Size {
	w, h := o.pic.Width*look.Scale(), o.pic.Height*look.Scale()
	if width > 0 {
		f := min(1, (width-2*pictureEdge)/w, mostHigh*(0.65+0.35*look.Scale())/h)
		w, h = max(1, w*f), max(1, h*f)
	}
	return fyne.NewSize(w, h)
}

// Tapped implements fyne.Tappable.
func (o *picture) Tapped(*fyne.PointEvent) { o.p.d.host.Zoom(o.pic, o.text) }

// Cursor implements desktop.Cursorable.
func (o *picture) Cursor() desktop.Cursor { return desktop.PointerCursor }

// FocusGained implements fyne.Focusable.
func (o *picture) FocusGained() {
	o.focused = true
	o.Refresh()
	o.p.reveal(o)
}

// FocusLost implements fyne.Focusable.
func (o *picture) FocusLost() { o.focused = false; o.Refresh() }

// TypedRune implements fyne.Focusable.
func (o *picture) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (o *picture) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		o.Tapped(nil)
	}
}

// KeyDown implements desktop.Keyable.
func (o *picture) KeyDown(e *fyne.KeyEvent) {
	if e.Name != fyne.KeySpace && e.Name != fyne.KeyReturn && e.Name != fyne.KeyEnter {
		o.p.d.host.Keys(e)
	}
}

// KeyUp implements desktop.Keyable.
func (o *picture) KeyUp(*fyne.KeyEvent) {}

// CreateRenderer implements fyne.Widget.
func (o *picture) CreateRenderer() fyne.WidgetRenderer {
	o.ring, o.gap = canvas.NewRectangle(look.Accent), canvas.NewRectangle(look.Paper)
	o.image = rasterOf(o.pic)
	o.hintBack, o.hint = canvas.NewRectangle(look.Desk), canvas.NewImageFromResource(theme.ZoomInIcon())
	o.hint.FillMode = canvas.ImageFillContain
	r := &pictureRenderer{o}
	r.paint()
	return r
}

type pictureRenderer struct{ o *picture }

func (r *pictureRenderer) Destroy() {}
func (r *pictureRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.o.ring, r.o.gap, r.o.image, r.o.hintBack, r.o.hint}
}

func (r *pictureRenderer) MinSize() fyne.Size {
	return fyne.NewSize(40, r.o.fit(r.o.width).Height+2*pictureEdge)
}

func (r *pictureRenderer) Layout(size fyne.Size) {
	o := r.o
	o.width = size.Width
	fit := o.fit(size.Width)
	whole := fit.AddWidthHeight(2*pictureEdge, 2*pictureEdge)
	o.ring.Resize(whole)
	o.gap.Move(fyne.NewPos(ringWidth, ringWidth))
	o.gap.Resize(fit.AddWidthHeight(2*ringGap, 2*ringGap))
	o.image.Move(fyne.NewPos(pictureEdge, pictureEdge))
	o.image.Resize(fit)
	side := min(24*look.Scale(), fit.Height)
	o.hintBack.Move(fyne.NewPos(pictureEdge+max(0, fit.Width-side), pictureEdge))
	o.hintBack.Resize(fyne.NewSquareSize(side))
	o.hint.Move(o.hintBack.Position().AddXY(2, 2))
	o.hint.Resize(fyne.NewSquareSize(max(1, side-4)))
}

func (r *pictureRenderer) paint() { r.o.ring.Hidden, r.o.gap.Hidden = !r.o.focused, !r.o.focused }

func (r *pictureRenderer) Refresh() {
	r.paint()
	canvas.Refresh(r.o)
}

// Zoom is a picture by itself, which can be made larger and moved.
type Zoom struct {
	// Content is what is shown.
	Content fyne.CanvasObject

	pic    *media.Picture
	image  *canvas.Raster
	scroll *container.Scroll
	frame  *sized
	factor float32
	words  *widget.Label
}

// zoomStep is how much larger one step makes the picture; mostZoomed is the most pixels that it then has.
const (
	zoomStep   = 1.5
	mostZoomed = 12 << 20
	mostFactor = 12
)

// NewZoom shows a picture as large as a room allows. done is what closes it.
func NewZoom(host Host, pic *media.Picture, description string, room fyne.Size, done func()) *Zoom {
	z := &Zoom{pic: pic, image: rasterOf(pic), words: look.Note("")}
	z.words.Wrapping = fyne.TextWrapOff
	z.frame = &sized{}
	z.scroll = container.NewScroll(container.New(z.frame, z.image))
	text := look.Body(description)
	button := func(text string, f func()) *look.Button { return look.NewButton(text, look.Plain, host.Keys, f) }
	closing := look.NewButton(host.T("common.close"), look.Primary, host.Keys, done)
	bar := container.NewBorder(nil, nil, container.NewHBox(button("−", func() { z.scale(1 / zoomStep) }), button("+", func() { z.scale(zoomStep) }), container.NewCenter(z.words)), closing)
	z.Content = container.New(&roomy{room}, container.NewBorder(text, bar, nil, nil, z.scroll))
	z.factor = z.least(fyne.NewSize(room.Width, room.Height-160*look.Scale()))
	z.draw()
	return z
}

// least is the factor with which the picture just fits into a room, but not more than three times its own size.
func (z *Zoom) least(room fyne.Size) float32 {
	return max(0.1, min(room.Width/z.pic.Width, room.Height/z.pic.Height, 3))
}

// Keys lists the keys of the picture.
func (z *Zoom) Keys() []Key {
	step := func(x, y float32) func() {
		return func() { z.move(x*0.3*z.scroll.Size().Width, y*0.3*z.scroll.Size().Height) }
	}
	return []Key{
		{Key: fyne.KeyEqual, Name: "larger", Do: func() { z.scale(zoomStep) }},
		{Key: fyne.KeyEqual, Mods: fyne.KeyModifierShift, Name: "larger", Do: func() { z.scale(zoomStep) }},
		{Key: fyne.KeyPlus, Name: "larger", Do: func() { z.scale(zoomStep) }},
		{Key: fyne.KeyMinus, Name: "smaller", Do: func() { z.scale(1 / zoomStep) }},
		{Key: fyne.KeyLeft, Name: "move", Do: step(-1, 0)},
		{Key: fyne.KeyRight, Name: "move", Do: step(1, 0)},
		{Key: fyne.KeyUp, Name: "move", Do: step(0, -1)},
		{Key: fyne.KeyDown, Name: "move", Do: step(0, 1)},
	}
}

// scale makes the picture larger around the middle of what is seen.
func (z *Zoom) scale(by float32) {
	before := z.factor
	most := float32(math.Sqrt(float64(mostZoomed / (z.pic.Width * z.pic.Height))))
	z.factor = min(max(z.factor*by, 0.1), most, mostFactor)
	s := z.scroll
	// Of the picture, what stands in the middle of the room; a picture narrower than the room stands in its middle.
	middle := func(offset, room, side float32) float32 { return (offset + room/2 - max(0, (room-side)/2)) / side }
	x := middle(s.Offset.X, s.Size().Width, z.pic.Width*before)
	y := middle(s.Offset.Y, s.Size().Height, z.pic.Height*before)
	z.draw()
	back := func(part, room, side float32) float32 { return part*side + max(0, (room-side)/2) - room/2 }
	z.to(back(x, s.Size().Width, z.pic.Width*z.factor), back(y, s.Size().Height, z.pic.Height*z.factor))
}

func (z *Zoom) move(x, y float32) { z.to(z.scroll.Offset.X+x, z.scroll.Offset.Y+y) }

func (z *Zoom) to(x, y float32) {
	room := z.scroll.Content.MinSize().Subtract(z.scroll.Size())
	z.scroll.ScrollToOffset(fyne.NewPos(min(max(x, 0), max(room.Width, 0)), min(max(y, 0), max(room.Height, 0))))
}

func (z *Zoom) draw() {
	z.frame.size = fyne.NewSize(z.pic.Width*z.factor, z.pic.Height*z.factor)
	z.words.SetText(percent(z.factor))
	z.scroll.Content.Refresh()
	z.scroll.Refresh()
}

// sized gives its object a size, in the middle of what is there.
type sized struct{ size fyne.Size }

// MinSize implements fyne.Layout.
func (l *sized) MinSize([]fyne.CanvasObject) fyne.Size { return l.size }

// Layout implements fyne.Layout.
func (l *sized) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Resize(l.size)
	objects[0].Move(fyne.NewPos(max(0, (size.Width-l.size.Width)/2), max(0, (size.Height-l.size.Height)/2)))
}

// roomy asks for a room, and takes less.
type roomy struct{ size fyne.Size }

// MinSize implements fyne.Layout.
func (l *roomy) MinSize([]fyne.CanvasObject) fyne.Size { return l.size }

// Layout implements fyne.Layout.
func (l *roomy) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Move(fyne.Position{})
	objects[0].Resize(size)
}
