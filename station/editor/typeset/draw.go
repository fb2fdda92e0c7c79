package typeset

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"github.com/go-text/render"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/font/opentype/tables"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/vector"
)

// phases is how many places within a pixel a glyph can be drawn at: letters keep their distances at small sizes.
const phases = 4

type maskKey struct {
	face  *font.Face
	id    font.GID
	phase uint8
}

// mask is a drawn glyph: how much of each pixel it covers, or a coloured picture, relative to its origin.
type mask struct {
	alpha  *image.Alpha
	colour *image.RGBA
	at     image.Point
}

// Draw draws the line in a colour, its beginning at x and its baseline at y.
func (s *Setter) Draw(dst *image.RGBA, l *Line, x float32, y int, ink color.RGBA) {
	left, right := float32(dst.Rect.Min.X)-4*s.size, float32(dst.Rect.Max.X)+4*s.size
	for _, g := range l.glyphs {
		gx := x + g.x
		if gx < left || gx > right {
			continue
		}
		whole := math.Floor(float64(gx) + 1.0/(2*phases))
		phase := uint8(min(max((float64(gx)-whole)*phases+0.5, 0), phases-1))
		m := s.mask(maskKey{g.face, g.id, phase})
		at := m.at.Add(image.Pt(int(whole), y-int(math.Round(float64(g.y)))))
		switch {
		case m.alpha != nil:
			blend(dst, m.alpha, at, ink)
		case m.colour != nil:
			draw.Draw(dst, m.colour.Rect.Add(at), m.colour, image.Point{}, draw.Over)
		}
	}
}

// blend lays ink through a mask over dst, which is opaque.
func blend(dst *image.RGBA, m *image.Alpha, at image.Point, ink color.RGBA) {
	r := m.Rect.Add(at).Intersect(dst.Rect)
	if r.Empty() {
		return
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		cover := m.Pix[m.PixOffset(r.Min.X-at.X, y-at.Y):]
		to := dst.Pix[dst.PixOffset(r.Min.X, y):]
		for i := range r.Dx() {
			a := uint32(cover[i])
			if a == 0 {
				continue
			}
			p := to[4*i : 4*i+3 : 4*i+3]
			p[0] = mix(p[0], ink.R, a)
			p[1] = mix(p[1], ink.G, a)
			p[2] = mix(p[2], ink.B, a)
		}
	}
}

func mix(under, over uint8, a uint32) uint8 {
	v := uint32(under)*(255-a) + uint32(over)*a + 127
	return uint8(v / 255)
}

func (s *Setter) mask(k maskKey) *mask {
	if m, ok := s.masks[k]; ok {
		return m
	}
	if len(s.masks) >= mostGlyphs {
		clear(s.masks)
	}
	m := s.paint(k)
	s.masks[k] = m
	return m
}

func (s *Setter) paint(k maskKey) *mask {
	switch data := k.face.GlyphData(k.id).(type) {
	case font.GlyphOutline:
		return s.outline(k, data.Segments)
	case font.GlyphSVG, font.GlyphBitmap:
		return s.picture(k)
	case nil, font.GlyphColor:
	}
	if data, ok := k.face.GlyphDataOutline(tables.GlyphID(k.id)); ok {
		return s.outline(k, data.Segments)
	}
	return &mask{}
}

// outline fills a glyph's contours.
func (s *Setter) outline(k maskKey, segments []font.Segment) *mask {
	scale := s.size / float32(k.face.Upem())
	dx := float32(k.phase) / phases
	minX, minY, maxX, maxY := float32(math.Inf(1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.Inf(-1))
	for i := range segments {
		for _, a := range segments[i].ArgsSlice() {
			x, y := a.X*scale+dx, -a.Y*scale
			minX, minY, maxX, maxY = min(minX, x), min(minY, y), max(maxX, x), max(maxY, y)
		}
	}
	if !(maxX > minX && maxY > minY) || maxX-minX > 4096 || maxY-minY > 4096 {
		return &mask{}
	}
	at := image.Pt(int(math.Floor(float64(minX))), int(math.Floor(float64(minY))))
	w, h := int(math.Ceil(float64(maxX)))-at.X, int(math.Ceil(float64(maxY)))-at.Y
	r := vector.NewRasterizer(w, h)
	px := func(a opentype.SegmentPoint) (float32, float32) {
		return a.X*scale + dx - float32(at.X), -a.Y*scale - float32(at.Y)
	}
	for _, seg := range segments {
		ax, ay := px(seg.Args[0])
		bx, by := px(seg.Args[1])
		cx, cy := px(seg.Args[2])
		switch seg.Op {
		case opentype.SegmentOpMoveTo:
			r.ClosePath()
			r.MoveTo(ax, ay)
		case opentype.SegmentOpLineTo:
			r.LineTo(ax, ay)
		case opentype.SegmentOpQuadTo:
			r.QuadTo(ax, ay, bx, by)
		case opentype.SegmentOpCubeTo:
			r.CubeTo(ax, ay, bx, by, cx, cy)
		}
	}
	r.ClosePath()
	m := &mask{alpha: image.NewAlpha(image.Rect(0, 0, w, h)), at: at}
	r.Draw(m.alpha, m.alpha.Rect, image.Opaque, image.Point{})
	return m
}

// picture draws a glyph that brings its own colours, such as an emoji.
func (s *Setter) picture(k maskKey) *mask {
	side := int(2*s.size) + 2
	base := int(1.5 * s.size)
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	r := render.Renderer{FontSize: s.size, PixScale: 1, Color: color.Black}
	ext, _ := k.face.GlyphExtents(k.id)
	scale := s.size / float32(k.face.Upem())
	g := shaping.Glyph{
		GlyphID: k.id, Width: fix(ext.Width * scale), Height: fix(ext.Height * scale),
		XBearing: fix(ext.XBearing * scale), YBearing: fix(ext.YBearing * scale),
	}
	r.DrawShapedRunAt(shaping.Output{Face: k.face, Size: fix(s.size), Glyphs: []shaping.Glyph{g}}, img, int(s.size/4), base)
	return &mask{colour: img, at: image.Pt(-int(s.size/4), -base)}
}
