package editor

import (
	"image"
	"image/color"
	"math"

	"emtihan/station/editor/glass"
	"emtihan/station/editor/text"
	"emtihan/station/editor/typeset"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
)

// How the text stands on the page. Measures without a unit are parts of the text size.
const (
	reading  = 1.13 // of the interface's text size: an essay is read for hours
	leading  = 1.55 // from one baseline to the next
	margin   = 1.0  // left of the text
	longLine = 40   // the widest line: longer ones are hard to come back from
	inset    = 0.4  // above the first and below the last row
	frame    = 2    // width of the frame, in the toolkit's measure
	least    = 6    // rows that an editor of many lines wants to show
	leastBig = 4    // with large text, which leaves less room for what is asked
)

// view is how the editor is shown, as far as it does not change with every key.
type view struct {
	made  bool // there is a renderer
	stale bool // colours, fonts or sizes may have changed
	scale float32
	size  fyne.Size

	setter             *typeset.Setter
	line, base         int // height of a row, and of its baseline from above
	padY, textX        int // where the text begins
	width, strip, rows int // of the text, of a strip; rows that are seen
	bar                float32

	paper, ink, quiet, accent, chosen color.RGBA

	drawn   []slot
	scratch *image.RGBA

	ground       *canvas.Rectangle
	edges        [4]*canvas.Rectangle
	track, thumb *canvas.Rectangle
}

// slot says what a strip shows; equal slots look alike.
type slot struct {
	text       string
	from, to   int // what of it is selected, in runes; to is one more than the text has where the line break is selected, too
	caret      int // in runes; -1 where it is elsewhere
	left       float32
	here       bool // the caret stands in this row
	void       bool // nothing is there
	suggestion bool // text is the placeholder
}

// CreateRenderer implements fyne.Widget.
func (e *Editor) CreateRenderer() fyne.WidgetRenderer {
	v := &e.view
	v.ground = canvas.NewRectangle(theme.Color(theme.ColorNameInputBackground))
	for i := range v.edges {
		v.edges[i] = canvas.NewRectangle(color.Transparent)
	}
	v.track, v.thumb = canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)
	v.made, v.stale = true, true
	e.strips.Ground = v.ground
	e.strips.Misfit = func() { e.paint() }
	return &renderer{e}
}

type renderer struct{ e *Editor }

func (r *renderer) Destroy() {}

func (r *renderer) Objects() []fyne.CanvasObject {
	v := &r.e.view
	out := r.e.strips.Objects([]fyne.CanvasObject{v.ground})
	for _, edge := range v.edges {
		out = append(out, edge)
	}
	return append(out, v.track, v.thumb)
}

func (r *renderer) MinSize() fyne.Size {
	size := theme.Size(theme.SizeNameText) * reading
	rows := 1
	if r.e.MultiLine {
		rows = least
		if look.Large() {
			rows = leastBig
		}
	}
	return fyne.NewSize(12*size, float32(rows)*leading*size+2*inset*size+2*frame)
}

func (r *renderer) Layout(fyne.Size) {
	r.e.paint()
}

func (r *renderer) Refresh() {
	r.e.view.stale = true
	r.e.paint()
	r.e.view.ground.Refresh()
}

// setters are the setters in use: two editors of one size share what they know of words and letters.
var setters = make(map[setterKey]*typeset.Setter)

type setterKey struct {
	font fyne.Resource
	size float32
}

// mostSetters bounds how many sizes are remembered.
const mostSetters = 12

func setterOf(f fyne.Resource, size float32) *typeset.Setter {
	key := setterKey{f, size}
	if s, ok := setters[key]; ok {
		return s
	}
	if len(setters) >= mostSetters {
		clear(setters)
	}
	var sources []typeset.Source
	for _, r := range []fyne.Resource{key.font, theme.DefaultTextFont(), theme.DefaultSymbolFont(), look.Emoji()} {
		if r != nil {
			sources = append(sources, typeset.Source{Key: r, Data: r.Content})
		}
	}
	s, err := typeset.New(min(max(size, 4), 400), sources...)
	if err != nil {
		// A theme whose font is none: the toolkit's own is there always.
		fyne.LogError("the theme's font cannot be used", err)
		if s, err = typeset.New(min(max(size, 4), 400), sources[1:]...); err != nil {
			panic(err)
		}
	}
	setters[key] = s
	return s
}

// ready brings the view and the rows up to date with the widget's size, the screen and the theme.
func (e *Editor) ready() {
	v := &e.view
	scale := float32(1)
	if c := fyne.CurrentApp().Driver().CanvasForObject(e); c != nil {
		scale = c.Scale()
	}
	if v.setter != nil && !v.stale && v.scale == scale && v.size == e.Size() {
		return
	}
	v.stale, v.scale, v.size = false, scale, e.Size()
	v.drawn = v.drawn[:0]
	v.paper, v.ink = opaque(theme.ColorNameInputBackground), opaque(theme.ColorNameForeground)
	v.quiet, v.accent, v.chosen = opaque(theme.ColorNamePlaceHolder), opaque(theme.ColorNamePrimary), opaque(theme.ColorNameSelection)

	size := float32(math.Round(float64(theme.Size(theme.SizeNameText) * reading * scale)))
	setter := setterOf(theme.TextFont(), size)
	px := func(part float32) int { return int(math.Round(float64(part * size))) }
	edge := glass.Pixels(frame, scale)
	v.line, v.padY, v.textX = px(leading), edge+px(inset), edge+px(margin)
	v.base = int(math.Round(float64((float32(v.line) + setter.Ascent() - setter.Descent()) / 2)))
	v.bar = 0
	if e.MultiLine {
		v.bar = theme.Size(theme.SizeNameScrollBar)
	} else {
		v.textX = edge + px(margin/2)
	}
	w, h := glass.Pixels(v.size.Width, scale), glass.Pixels(v.size.Height, scale)
	v.strip = max(1, w-2*edge-glass.Pixels(v.bar, scale))
	v.width = max(px(1), min(v.strip+edge-v.textX-px(margin/2), px(longLine)))
	v.rows = 1
	if e.MultiLine {
		v.rows = max(1, (h-2*v.padY)/v.line)
	} else {
		v.width = max(px(1), v.strip+edge-v.textX-px(margin/2))
		v.padY = max(edge, (h-v.line)/2)
	}

	// The text that stood first goes on standing first.
	first := -1
	if e.lay.setter != nil && e.top > 0 {
		first = e.lay.position(e.lay.row(min(e.top, e.lay.rows()-1)), 0)
	}
	width := float32(v.width)
	if !e.MultiLine {
		width = 0
	}
	if e.lay.setter != setter || e.lay.width != width {
		e.lay.renew(e.buf.Document, setter, width)
	}
	v.setter = setter
	if first >= 0 {
		e.top, _ = e.lay.find(first, false)
	}
	e.reveal()
	e.arrange()
}

func opaque(name fyne.ThemeColorName) color.RGBA {
	r, g, b, _ := theme.Color(name).RGBA()
	return color.RGBA{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8), A: 0xff}
}

// arrange lays out what is no text.
func (e *Editor) arrange() {
	v := &e.view
	if !v.made {
		return
	}
	w, h := v.size.Width, v.size.Height
	v.ground.FillColor = v.paper
	v.ground.Resize(v.size)
	for i, at := range []struct{ x, y, w, h float32 }{{0, 0, w, frame}, {0, h - frame, w, frame}, {0, 0, frame, h}, {w - frame, 0, frame, h}} {
		v.edges[i].Move(fyne.NewPos(at.x, at.y))
		v.edges[i].Resize(fyne.NewSize(at.w, at.h))
	}
	v.track.Move(fyne.NewPos(w-frame-v.bar, frame))
	v.track.Resize(fyne.NewSize(v.bar, h-2*frame))
}

// reveal scrolls so that the caret is seen.
func (e *Editor) reveal() {
	v := &e.view
	if v.setter == nil {
		return
	}
	i, off := e.lay.find(e.Caret(), e.upstream)
	if e.MultiLine {
		e.top = min(max(e.top, i-v.rows+1), i)
		e.top = min(max(e.top, 0), max(0, e.lay.rows()-v.rows))
		return
	}
	line := v.setter.Line(e.lay.runes(e.lay.row(i)))
	x, width := line.X(off), float32(v.width)
	e.left = min(max(e.left, x-width), x)
	e.left = max(0, min(e.left, line.Width-width))
}

// paint brings what has changed to the screen.
func (e *Editor) paint() {
	v := &e.view
	if !v.made {
		return
	}
	e.ready()
	e.top = min(max(e.top, 0), max(0, e.lay.rows()-v.rows))
	e.strips.Resize(v.rows)
	for len(v.drawn) < v.rows {
		v.drawn = append(v.drawn, slot{caret: -2})
	}
	v.drawn = v.drawn[:v.rows]
	sel := e.buf.Selection()
	caretRow, caretOff := e.lay.find(sel.Caret, e.upstream)
	edge := glass.Pixels(frame, v.scale)
	for k := range v.rows {
		s := e.slot(e.top+k, sel, caretRow, caretOff)
		if s == v.drawn[k] {
			continue
		}
		v.drawn[k] = s
		if s.void && e.strips.Strip(k).Blank() {
			continue // the ground looks the same
		}
		e.draw(s)
		e.strips.Strip(k).Show(v.scratch, image.Pt(edge, v.padY+k*v.line), v.scale)
	}
	e.adorn()
}

// slot says what a row shall look like.
func (e *Editor) slot(i int, sel text.Selection, caretRow, caretOff int) slot {
	s := slot{caret: -1, left: e.left}
	if i >= e.lay.rows() {
		return slot{caret: -1, void: true}
	}
	r := e.lay.row(i)
	s.text = string(e.lay.runes(r))
	if e.buf.Len() == 0 && e.placeholder != "" {
		s.text, s.suggestion = e.placeholder, true
	}
	if from, to := sel.Range(); from < to {
		start, n := e.lay.position(r, 0), r.to-r.from
		end := n
		if r.last && r.par+1 < e.buf.Paragraphs() {
			end = n + 1
		}
		s.from, s.to = min(max(from-start, 0), end), min(max(to-start, 0), end)
		if s.from >= s.to {
			s.from, s.to = 0, 0
		}
	}
	if e.focused && i == caretRow {
		s.here = e.MultiLine
		if !e.ReadOnly || sel.Empty() {
			s.caret = caretOff
		}
	}
	return s
}

// draw paints a row on the scratch picture.
func (e *Editor) draw(s slot) {
	v := &e.view
	if rect := image.Rect(0, 0, v.strip, v.line); v.scratch == nil || v.scratch.Rect != rect {
		v.scratch = image.NewRGBA(rect)
	}
	img := v.scratch
	glass.Fill(img, img.Rect, v.paper)
	if s.void {
		return
	}
	em := v.setter.Size()
	left := float32(v.textX-glass.Pixels(frame, v.scale)) - s.left
	runes := []rune(s.text)
	line := v.setter.Line(runes)
	if s.from < s.to {
		from, to := left+line.X(s.from), left+line.X(s.to)
		if s.to > len(runes) {
			to += em * 0.4
		}
		glass.Fill(img, image.Rect(round(from), 0, round(to), v.line), v.chosen)
	}
	ink := v.ink
	if s.suggestion {
		ink = v.quiet
	}
	v.setter.Draw(img, line, left, v.base, ink)
	if s.left > 0 {
		// What a single line has scrolled away does not run over its frame.
		glass.Fill(img, image.Rect(0, 0, max(0, int(left+s.left)-2), v.line), v.paper)
	}
	if s.here {
		glass.Fill(img, image.Rect(round(em*0.18), v.line/8, round(em*0.18)+max(2, round(em*0.16)), v.line-v.line/8), v.chosen)
	}
	if s.caret >= 0 {
		at := left
		if !s.suggestion {
			at += line.X(s.caret)
		}
		// Half over either letter: both have room at their sides.
		width := max(2, round(em*0.09))
		at = min(max(at-float32(width)/2, 0), float32(v.strip-width))
		top, bottom := v.base-round(v.setter.Ascent()), v.base+round(v.setter.Descent())
		glass.Fill(img, image.Rect(round(at), max(0, top), round(at)+width, min(v.line, bottom)), v.accent)
	}
}

func round(x float32) int { return int(math.Round(float64(x))) }

// adorn brings frame and scroll bar up to date, which costs the toolkit a whole picture and is done only where they differ.
func (e *Editor) adorn() {
	v := &e.view
	edge := theme.Color(theme.ColorNameInputBorder)
	if e.focused {
		edge = theme.Color(theme.ColorNamePrimary)
	}
	for _, r := range v.edges {
		recolour(r, edge)
	}
	at, length, needed := e.thumb()
	if !needed {
		recolour(v.track, v.paper)
		recolour(v.thumb, color.Transparent)
		return
	}
	recolour(v.track, theme.Color(theme.ColorNameButton))
	recolour(v.thumb, theme.Color(theme.ColorNamePlaceHolder))
	at, length = float32(round(at)), float32(round(length))
	v.thumb.Move(fyne.NewPos(v.size.Width-frame-v.bar+3, at))
	v.thumb.Resize(fyne.NewSize(max(1, v.bar-6), length))
}

func recolour(r *canvas.Rectangle, c color.Color) {
	if r.FillColor != c {
		r.FillColor = c
		r.Refresh()
	}
}
