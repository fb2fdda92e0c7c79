package glass

import (
	"image"
	"image/color"
	"math"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver"
)

// panes are the panes of this program's windows; nil stands for a window that needs none. They last as long as the program.
var panes = make(map[fyne.Window]*Pane)

// of returns the pane of the window that shows an object, and the place of the object in it in pixels. It returns no pane
// where something lies over the window, or the object is not on it.
func of(o fyne.CanvasObject) (*Pane, image.Point) {
	d := fyne.CurrentApp().Driver()
	c := d.CanvasForObject(o)
	if c == nil || c.Overlays().Top() != nil {
		return nil, image.Point{}
	}
	var p *Pane
	for _, w := range d.AllWindows() {
		if w.Canvas() != c {
			continue
		}
		known := false
		if p, known = panes[w]; !known {
			var again bool
			if p, again = openFor(w); !again {
				panes[w] = p
			}
		}
	}
	if p == nil {
		return nil, image.Point{}
	}
	// The toolkit answers with the corner of the window where it cannot find the object.
	pos := d.AbsolutePositionForObject(o)
	if pos.IsZero() {
		return nil, image.Point{}
	}
	return p, image.Pt(Pixels(pos.X, c.Scale()), Pixels(pos.Y, c.Scale()))
}

// openFor opens the pane of a window; again says that it may be there later.
func openFor(w fyne.Window) (p *Pane, again bool) {
	native, ok := w.(driver.NativeWindow)
	if !ok {
		return nil, false
	}
	native.RunNative(func(ctx any) {
		x, ok := ctx.(driver.X11WindowContext)
		if !ok {
			return
		}
		if x.WindowHandle == 0 {
			again = true
			return
		}
		if opened, err := Open("", uint32(x.WindowHandle)); err == nil {
			p = opened
		}
	})
	return p, again
}

// Pixels turns a length of the toolkit into pixels as its painter does.
func Pixels(v, scale float32) int { return int(math.Round(float64(v * scale))) }

// quiet is how long nothing of a group must change before the toolkit is asked to paint what the pane has shown: longer than
// a writer stops between words, because the next letter waits until the toolkit is done, and longer than a clock does.
const quiet = 2 * time.Second

// mostOld bounds how many objects a strip remembers for the toolkit to drop; it drops the others by itself within minutes.
const mostOld = 8

// again is when a pane repeats what it has shown: a picture that the toolkit began before may have come over it.
const again = 50 * time.Millisecond

// Group is the strips of one widget, which are shown together.
type Group struct {
	Owner fyne.CanvasObject
	// Ground is an object of the owner that holds no pixels of its own, such as a rectangle: what the toolkit is asked to
	// paint when it shall paint.
	Ground fyne.CanvasObject
	// Whole says that the owner is nowhere cut off by what it lies in, so that its pixels may be shown past the toolkit.
	Whole bool

	// Misfit is called, later, when the toolkit paints the strips in another size than they were made for. It may be nil.
	Misfit func()

	strips  []*Strip
	shown   map[*Strip]image.Rectangle // by the pane, and not yet by the toolkit
	timer   *time.Timer
	resting bool // the pane has repeated what it has shown
}

// Strip is a row of opaque pixels within a group's owner.
type Strip struct {
	group *Group
	img   *image.RGBA
	at    image.Point // from the owner's corner
	scale float32
	fresh *canvas.Raster
	taken *bool            // the toolkit has a copy of fresh's pixels
	old   []*canvas.Raster // whose copies the toolkit may drop
}

// Resize makes the group have n strips.
func (g *Group) Resize(n int) {
	for len(g.strips) < n {
		g.strips = append(g.strips, &Strip{group: g})
	}
	for _, s := range g.strips[n:] {
		delete(g.shown, s)
	}
	g.strips = g.strips[:n]
}

// Strip returns a strip.
func (g *Group) Strip(i int) *Strip { return g.strips[i] }

// Release lets go of the strips' pictures: the toolkit would keep each for a minute after it was last seen, twice over, and who
// turns pages would carry all of them along. The strips can be shown again.
func (g *Group) Release() {
	if g.timer != nil {
		g.timer.Stop()
	}
	clear(g.shown)
	for _, s := range g.strips {
		s.retire()
		for _, o := range s.old {
			canvas.Refresh(o)
		}
	}
	g.strips = nil
}

// nothing takes the place of a picture that is gone.
func nothing(int, int) image.Image { return image.NewRGBA(image.Rect(0, 0, 1, 1)) }

// Blank reports that a strip has shown nothing yet.
func (s *Strip) Blank() bool { return s.img == nil }

// Objects appends the toolkit's objects for the strips, which a renderer must ask for anew every time.
func (g *Group) Objects(to []fyne.CanvasObject) []fyne.CanvasObject {
	for _, s := range g.strips {
		if s.fresh != nil {
			to = append(to, s.fresh)
		}
	}
	return to
}

// Show shows the picture, which the strip keeps a copy of, at a place from the owner's corner in pixels; scale is the canvas's.
// It is cheap where little has changed.
func (s *Strip) Show(img *image.RGBA, at image.Point, scale float32) {
	damage := img.Rect
	if s.img != nil && s.img.Rect == img.Rect && s.at == at && s.scale == scale {
		if damage = differ(s.img, img); damage.Empty() {
			return
		}
	} else {
		s.img = image.NewRGBA(img.Rect)
		s.at, s.scale = at, scale
		s.retire()
	}
	copyPart(s.img, img, damage)
	if s.fresh == nil || *s.taken {
		s.retire()
		s.renew()
	}
	s.group.show(s, damage)
}

// retire keeps the present object until the toolkit may be asked to drop its copy of it.
func (s *Strip) retire() {
	if s.fresh == nil {
		return
	}
	if *s.taken {
		s.fresh.Generator = nothing // the toolkit remembers the object for a minute, and with it what it was made from
		s.old = append(s.old, s.fresh)
		if len(s.old) > mostOld {
			s.old = slices.Delete(s.old, 0, len(s.old)-mostOld)
		}
	}
	s.fresh = nil
}

// renew makes a new object. The toolkit knows nothing of it and takes its pixels when it paints next, for whatever reason;
// telling it that the old one has changed would have it paint the whole window at once.
func (s *Strip) renew() {
	taken := new(bool)
	img, misfit := s.img, s.group.Misfit
	r := canvas.NewRaster(func(w, h int) image.Image {
		*taken = true
		if img.Rect.Dx() == w && img.Rect.Dy() == h {
			return img
		}
		if misfit != nil {
			fyne.Do(misfit)
		}
		return fitted(img, w, h)
	})
	r.ScaleMode = canvas.ImageScalePixels
	r.Move(fyne.NewPos(float32(s.at.X)/s.scale, float32(s.at.Y)/s.scale))
	r.Resize(fyne.NewSize(float32(img.Rect.Dx())/s.scale, float32(img.Rect.Dy())/s.scale))
	s.fresh, s.taken = r, taken
}

// fitted cuts or widens a picture by a pixel where the toolkit rounds otherwise.
func fitted(img *image.RGBA, w, h int) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, max(w, 1), max(h, 1)))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			out.SetRGBA(x, y, img.RGBAAt(min(x, img.Rect.Dx()-1), min(y, img.Rect.Dy()-1)))
		}
	}
	return out
}

// show brings a changed part of a strip to the screen.
func (g *Group) show(s *Strip, part image.Rectangle) {
	var p *Pane
	var corner image.Point
	if g.Whole {
		p, corner = of(g.Owner)
	}
	if p == nil {
		g.settle()
		for _, o := range s.old {
			canvas.Refresh(o)
		}
		s.old = nil
		canvas.Refresh(g.Ground)
		return
	}
	p.Put(s.img, part, corner.Add(s.at).Add(part.Min))
	if g.shown == nil {
		g.shown = make(map[*Strip]image.Rectangle)
	}
	g.shown[s] = g.shown[s].Union(part)
	g.resting = false
	if g.timer != nil {
		g.timer.Stop()
	}
	g.timer = time.AfterFunc(again, func() { fyne.Do(g.rest) })
}

// rest repeats what was shown and, after a while of quiet, hands it to the toolkit.
func (g *Group) rest() {
	if len(g.shown) == 0 {
		return
	}
	if g.resting {
		g.settle()
		return
	}
	g.resting = true
	if p, corner := of(g.Owner); p != nil {
		for s, part := range g.shown {
			p.Put(s.img, part, corner.Add(s.at).Add(part.Min))
		}
	}
	g.timer = time.AfterFunc(quiet, func() { fyne.Do(g.rest) })
}

// settle has the toolkit paint what the pane has shown, and drop what it holds of earlier pictures.
func (g *Group) settle() {
	if len(g.shown) == 0 {
		return
	}
	clear(g.shown)
	for _, s := range g.strips {
		for _, o := range s.old {
			canvas.Refresh(o)
		}
		s.old = slices.Delete(s.old, 0, len(s.old))
	}
	canvas.Refresh(g.Ground)
}

// differ returns the smallest part that holds all pixels in which two pictures of one size differ.
func differ(a, b *image.RGBA) image.Rectangle {
	var out image.Rectangle
	width := a.Rect.Dx() * 4
	for y := range a.Rect.Dy() {
		ra, rb := a.Pix[y*a.Stride:y*a.Stride+width], b.Pix[y*b.Stride:y*b.Stride+width]
		if string(ra) == string(rb) {
			continue
		}
		left, right := 0, width-1
		for ra[left] == rb[left] {
			left++
		}
		for ra[right] == rb[right] {
			right--
		}
		out = out.Union(image.Rect(left/4, y, right/4+1, y+1))
	}
	return out.Add(a.Rect.Min)
}

func copyPart(to, from *image.RGBA, part image.Rectangle) {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		i, j := to.PixOffset(part.Min.X, y), to.PixOffset(part.Max.X-1, y)+4
		copy(to.Pix[i:j], from.Pix[from.PixOffset(part.Min.X, y):])
	}
}

// Fill paints a part of a picture with one colour.
func Fill(img *image.RGBA, part image.Rectangle, c color.RGBA) {
	part = part.Intersect(img.Rect)
	if part.Empty() {
		return
	}
	first := img.Pix[img.PixOffset(part.Min.X, part.Min.Y) : img.PixOffset(part.Max.X-1, part.Min.Y)+4]
	for i := 0; i < len(first); i += 4 {
		first[i], first[i+1], first[i+2], first[i+3] = c.R, c.G, c.B, 0xff
	}
	for y := part.Min.Y + 1; y < part.Max.Y; y++ {
		copy(img.Pix[img.PixOffset(part.Min.X, y):], first)
	}
}
