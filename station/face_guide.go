package station

import (
	"image"
	"image/color"
	"math"

	"emtihan/devices/camera"
	"emtihan/proctor/identity"
	"emtihan/station/look"
)

// aim is what the guide over the camera's picture says.
type aim struct {
	ring     color.NRGBA
	done     color.NRGBA   // of the part of the ring that progress has reached
	progress float64       // 0–1, clockwise from above
	arrow    identity.Step // where to turn the head; empty: nowhere
}

// guide paints the camera's picture as a mirror, with an oval for the face. All of it goes into the picture's own pixels: large
// round shapes of the toolkit cost a computer without a graphics card more than the picture itself. It is used by one goroutine.
type guide struct {
	from, size image.Point // of the picture as it comes, and as it is shown
	step       int         // every how many pixels one is taken

	dim  []uint8  // brightness of each pixel, 256 being all of it, less one
	ring []uint16 // 0: none, else 1–1000 along the ring
}

const (
	mostGuide = 960 // pixels in width and height that a screen has use for
	dimmed    = 120 // outside of the oval
	ringFull  = 1000
)

// ovalAt returns the oval of a picture: its middle and its half axes. A face at an arm's length fills it.
func ovalAt(size image.Point) (cx, cy, rx, ry float64) {
	w, h := float64(size.X), float64(size.Y)
	ry = 0.42 * h
	rx = math.Min(0.76*ry, 0.45*w)
	return w / 2, 0.49 * h, rx, ry
}

func (g *guide) fit(from image.Point) {
	if g.from == from {
		return
	}
	g.from = from
	g.step = max(1, (max(from.X, from.Y)+mostGuide-1)/mostGuide)
	g.size = image.Pt(from.X/g.step, from.Y/g.step)
	g.dim, g.ring = make([]uint8, g.size.X*g.size.Y), make([]uint16, g.size.X*g.size.Y)
	cx, cy, rx, ry := ovalAt(g.size)
	thick := math.Max(3, float64(g.size.Y)/90)
	for y := range g.size.Y {
		for x := range g.size.X {
			i := y*g.size.X + x
			dx, dy := (float64(x)-cx)/rx, (float64(y)-cy)/ry
			r := math.Hypot(dx, dy)
			// How far the pixel lies outside of the line, in pixels, near enough for a slim ellipse.
			off := (r - 1) * math.Min(rx, ry)
			switch {
			case math.Abs(off) <= thick/2:
				turn := math.Atan2(dx, -dy) / (2 * math.Pi)
				if turn < 0 {
					turn++
				}
				g.ring[i], g.dim[i] = uint16(1+turn*(ringFull-1)), 255
			case off > 0:
				g.dim[i] = dimmed
			default:
				g.dim[i] = 255
			}
		}
	}
}

// paint returns the picture with the guide; an empty picture for a damaged frame.
func (g *guide) paint(f camera.Frame, a aim) *image.RGBA {
	if f.Width <= 0 || f.Height <= 0 || len(f.BGR) < 3*f.Width*f.Height {
		return image.NewRGBA(image.Rectangle{})
	}
	g.fit(image.Pt(f.Width, f.Height))
	img := image.NewRGBA(image.Rectangle{Max: g.size})
	reached := uint16(math.Round(min(max(a.progress, 0), 1) * ringFull))
	for y := range g.size.Y {
		row := f.BGR[y*g.step*f.Width*3:]
		for x := range g.size.X {
			i := y*g.size.X + x
			pix := img.Pix[4*i : 4*i+4 : 4*i+4]
			pix[3] = 255
			if at := g.ring[i]; at > 0 {
				c := a.ring
				if at <= reached {
					c = a.done
				}
				pix[0], pix[1], pix[2] = c.R, c.G, c.B
				continue
			}
			// A mirror: who moves to the left is seen to move to the left.
			j := 3 * (f.Width - 1 - x*g.step)
			d := uint16(g.dim[i]) + 1
			pix[0], pix[1], pix[2] = uint8(uint16(row[j+2])*d>>8), uint8(uint16(row[j+1])*d>>8), uint8(uint16(row[j])*d>>8)
		}
	}
	g.arrow(img, a)
	return img
}

// vacant returns the guide without a picture, on the ground of the theme.
func vacant() image.Image {
	g := new(guide)
	g.fit(image.Pt(640, 480))
	img := image.NewRGBA(image.Rectangle{Max: g.size})
	for i, at := range g.ring {
		c := look.Line
		if at > 0 {
			c = look.Edge
		}
		copy(img.Pix[4*i:], []uint8{c.R, c.G, c.B, 255})
	}
	return img
}

// brightness is that of a whole picture, 0–255, by a few thousand of its pixels; that of no picture is in the middle.
func brightness(f camera.Frame) int {
	sum, n := 0, 0
	const apart = 3 * 61 // pixels, so that no column is favoured
	for i := 0; i+2 < len(f.BGR); i += apart {
		sum += (int(f.BGR[i]) + 4*int(f.BGR[i+1]) + 3*int(f.BGR[i+2])) / 8
		n++
	}
	if n == 0 {
		return 127
	}
	return sum / n
}

// mirror returns the picture without a guide.
func (g *guide) mirror(f camera.Frame) *image.RGBA {
	img := image.NewRGBA(image.Rectangle{Max: image.Pt(max(f.Width, 0), max(f.Height, 0))})
	if f.Width <= 0 || f.Height <= 0 || len(f.BGR) < 3*f.Width*f.Height {
		return img
	}
	for y := range f.Height {
		row, out := f.BGR[3*y*f.Width:3*(y+1)*f.Width], img.Pix[y*img.Stride:]
		for x := range f.Width {
			j := 3 * (f.Width - 1 - x)
			out[4*x], out[4*x+1], out[4*x+2], out[4*x+3] = row[j+2], row[j+1], row[j], 255
		}
	}
	return img
}

// arrow draws an angle beside the oval that points where the head is to go.
func (g *guide) arrow(img *image.RGBA, a aim) {
	cx, cy, rx, ry := ovalAt(g.size)
	long := 0.12 * float64(g.size.Y)
	var tip, back image.Point // of one half of the angle, from the tip
	switch a.arrow {
	case identity.TurnLeft:
		tip, back = image.Pt(int(cx-rx-1.9*long), int(cy)), image.Pt(int(long), int(long))
	case identity.TurnRight:
		tip, back = image.Pt(int(cx+rx+1.9*long), int(cy)), image.Pt(-int(long), int(long))
	case identity.Nod:
		tip, back = image.Pt(int(cx), int(cy+ry-0.4*long)), image.Pt(int(long), -int(0.6*long))
	default:
		return
	}
	thick := max(3, g.size.Y/60)
	n := max(back.X, -back.X, back.Y, -back.Y)
	for i := range n + 1 {
		x, y := back.X*i/max(n, 1), back.Y*i/max(n, 1)
		g.dot(img, tip.X+x, tip.Y+y, thick, a.done)
		if a.arrow == identity.Nod {
			g.dot(img, tip.X-x, tip.Y+y, thick, a.done)
		} else {
			g.dot(img, tip.X+x, tip.Y-y, thick, a.done)
		}
	}
}

func (g *guide) dot(img *image.RGBA, x, y, thick int, c color.NRGBA) {
	area := image.Rect(x-thick/2, y-thick/2, x+thick/2+1, y+thick/2+1).Intersect(img.Rect)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			i := img.PixOffset(x, y)
			img.Pix[i], img.Pix[i+1], img.Pix[i+2] = c.R, c.G, c.B
		}
	}
}
