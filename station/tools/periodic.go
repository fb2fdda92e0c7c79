package tools

import (
	"image/color"
	"math"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"emtihan/assets/locales"
	"emtihan/assets/tables"
)

// categoryHue gives each category a hue that differs in lightness too, so that neighbours stay apart for colour-blind people; the
// details name the category in words.
var categoryHue = map[tables.Category]color.Color{
	tables.Alkali:         color.NRGBA{R: 0xd0, G: 0x3a, B: 0x2a, A: 0xff},
	tables.AlkalineEarth:  color.NRGBA{R: 0xe6, G: 0x8a, B: 0x1e, A: 0xff},
	tables.Transition:     color.NRGBA{R: 0xd8, G: 0xc0, B: 0x2c, A: 0xff},
	tables.PostTransition: color.NRGBA{R: 0x7a, G: 0x8a, B: 0x99, A: 0xff},
	tables.Metalloid:      color.NRGBA{R: 0x2a, G: 0x9d, B: 0x8f, A: 0xff},
	tables.Nonmetal:       color.NRGBA{R: 0x4c, G: 0xaf, B: 0x50, A: 0xff},
	tables.Halogen:        color.NRGBA{R: 0x1e, G: 0x9b, B: 0xd7, A: 0xff},
	tables.NobleGas:       color.NRGBA{R: 0x5a, G: 0x5f, B: 0xd8, A: 0xff},
	tables.Lanthanide:     color.NRGBA{R: 0xb0, G: 0x4c, B: 0xc0, A: 0xff},
	tables.Actinide:       color.NRGBA{R: 0xd8, G: 0x4c, B: 0x86, A: 0xff},
}

// tintShare is how much of a hue goes into a cell's background.
const tintShare = 0.38

// NewPeriodicTable makes Mendeleev's table in the 18-column form with the lanthanides and actinides below (R13). Number, symbol
// and mass stand in every cell; the details of the element under the pointer, or of the one that was selected by a tap or with
// the arrow keys, stand large in the free space above the transition metals.
//
// Everything is text and flat rectangles, sharp at any scale. It fills its space; where that is too small for texts of the
// theme's size the table is larger than its space and moves under its heads, with the arrow keys, the wheel or by dragging.
// + and −, two buttons and the wheel with Ctrl enlarge and reduce it, 0 gives the first size back. It follows the theme's colours
// and text sizes. A language change means a new table. It is a fyne.Focusable.
func NewPeriodicTable(l locales.Lang) fyne.CanvasObject {
	t := &periodicTable{byCell: make(map[cell]int)}
	t.lang = l
	for i, e := range tables.Elements() {
		row, col := e.Cell()
		t.elements = append(t.elements, e)
		t.byCell[cell{row - 1, col - 1}] = i
	}
	t.self, t.rows, t.cols = t, tables.Rows, tables.Columns
	t.exists = func(c cell) bool { _, ok := t.byCell[c]; return ok }
	t.ExtendBaseWidget(t)
	return t
}

type periodicTable struct {
	grid
	elements []tables.Element
	byCell   map[cell]int
}

// element returns the element whose details are shown.
func (t *periodicTable) element() tables.Element { return t.elements[t.byCell[t.shown()]] }

// CreateRenderer is called by Fyne.
func (t *periodicTable) CreateRenderer() fyne.WidgetRenderer {
	r := &periodicRenderer{t: t, shown: -1}
	add := func(s string, bold bool, align fyne.TextAlign) *canvas.Text { return words(&r.under, s, bold, align) }
	rect := func() *canvas.Rectangle { return flat(&r.under) }
	for _, e := range t.elements {
		r.cells = append(r.cells, elementCell{
			back:   rect(),
			number: add(strconv.Itoa(e.Number), false, fyne.TextAlignLeading),
			symbol: add(e.Symbol, true, fyne.TextAlignCenter),
			mass:   add(localNumber(t.lang, e.Mass), false, fyne.TextAlignCenter),
		})
	}
	for _, s := range []string{"57–71", "89–103"} {
		r.series = append(r.series, add(s, false, fyne.TextAlignCenter))
	}
	var rowHeads, columnHeads []fyne.CanvasObject
	for g := range tables.Columns {
		r.groups = append(r.groups, words(&columnHeads, strconv.Itoa(g+1), false, fyne.TextAlignCenter))
	}
	for p := range 7 {
		r.periods = append(r.periods, words(&rowHeads, strconv.Itoa(p+1), false, fyne.TextAlignCenter))
	}
	r.panel = rect()
	r.bigSymbol = add("", true, fyne.TextAlignCenter)
	r.name = add("", true, fyne.TextAlignLeading)
	for range 3 {
		r.details = append(r.details, add("", false, fyne.TextAlignLeading))
	}
	for _, c := range tables.Categories() {
		r.legend = append(r.legend, legendEntry{
			swatch: rect(),
			word:   add(locales.T(t.lang, "tools.periodic.category."+string(c)), false, fyne.TextAlignLeading),
		})
	}
	r.set(&t.grid, rowHeads, columnHeads)
	t.cellAt, t.cellBox = r.cellAt, r.cellBox
	t.relayout = func() {
		r.Layout(r.size)
		canvas.Refresh(t)
	}
	r.Refresh()
	return r
}

type elementCell struct {
	back                 *canvas.Rectangle
	number, symbol, mass *canvas.Text
}

type legendEntry struct {
	swatch *canvas.Rectangle
	word   *canvas.Text
}

type periodicRenderer struct {
	stage
	t *periodicTable

	cells           []elementCell
	series          []*canvas.Text
	groups, periods []*canvas.Text
	panel           *canvas.Rectangle
	bigSymbol, name *canvas.Text
	details         []*canvas.Text
	legend          []legendEntry

	theme palette // what the theme says
	pal   palette // the same with the text sizes of the current size
	size  fyne.Size
	shown int // the index of the cell that is painted as shown
	place periodicPlaces
}

// periodicPlaces is where things stand on the page.
type periodicPlaces struct {
	left, top  float32 // of the first cell
	w, h       float32 // of a cell with its gap
	seriesGap  float32 // between the periods and the two rows below
	small, big float32 // text sizes in a cell
	dx, dy     float32 // from the page to the widget
}

// legendColumns is how many categories stand in one line of the legend.
const legendColumns = 5

// minCell is the smallest cell that holds its texts: number above, symbol, mass below.
func (p palette) minCell() (w, h float32) {
	w = textWidth("00,0000", p.caption, false) + 2*gap
	h = 2*textHeight(p.caption)*0.86 + textHeight(p.body)*0.9 + gap
	return w, h
}

func (r *periodicRenderer) labelWidth() float32 { return textWidth("00", r.pal.caption, false) + gap }

func (r *periodicRenderer) footHeight() float32 {
	return float32((len(r.legend)+legendColumns-1)/legendColumns)*textHeight(r.pal.caption)*1.15 + gap
}

// need is the size of the page with texts of the theme's size.
func (r *periodicRenderer) need() fyne.Size {
	defer func(p palette) { r.pal = p }(r.pal)
	r.pal = r.theme
	w, h := r.pal.minCell()
	head := textHeight(r.pal.caption)
	return fyne.NewSize(
		r.labelWidth()+tables.Columns*w+2*focusHeight,
		head+tables.Rows*h+h/4+2*gap+r.footHeight()+focusHeight,
	)
}

// MinSize follows the theme's text size.
func (r *periodicRenderer) MinSize() fyne.Size { return leastSize(r.theme) }

// focusHeight is the thickness of the frame that shows where the keyboard is.
const focusHeight = 3

// Layout gives the cells all the space that the heads and the legend leave, in whole units, so that edges stay sharp.
func (r *periodicRenderer) Layout(size fyne.Size) {
	t := r.t
	r.size = size
	need := r.need()
	t.measure(size, r.theme.stripHeight(), need)
	page := t.page
	r.pal = r.theme.scaled(squeeze(need, page))
	pal, head, label := r.pal, textHeight(r.pal.caption), r.labelWidth()
	_, minH := pal.minCell()
	w := floor((page.Width - label - 2*focusHeight) / tables.Columns)
	h := floor((page.Height - head - 2*gap - r.footHeight() - focusHeight) / (tables.Rows + 0.25))
	// Cells much taller than wide look empty; spare height stays below.
	h = max(min(h, w*1.25), min(minH, h))
	scale := min(w, h*1.1) / 48
	pl := periodicPlaces{
		left: label + floor((page.Width-label-w*tables.Columns)/2), top: head, w: w, h: h, seriesGap: floor(h / 4),
		small: max(pal.caption, 10.5*scale), big: max(pal.body, 19*scale),
		dx: -floor(t.offset.X), dy: t.strip - floor(t.offset.Y),
	}
	// Both texts grow with the cell but never out of it. Where they have to give way, what has grown goes first.
	for 2*textHeight(pl.small)*0.86+textHeight(pl.big)*0.9 > h && pl.big > 1 {
		grown := false
		for _, x := range []struct {
			size  *float32
			least float32
		}{{&pl.big, pal.body * 0.9}, {&pl.small, pal.caption}} {
			if *x.size > x.least {
				*x.size, grown = max(x.least, *x.size*0.97), true
			}
		}
		if !grown {
			pl.small, pl.big = pl.small*0.97, pl.big*0.97
		}
	}
	r.place = pl
	t.corner = fyne.NewPos(pl.left, t.strip+head)

	for i, e := range r.t.elements {
		row, col := e.Cell()
		x, y := r.corner(cell{row - 1, col - 1})
		c := r.cells[i]
		fill(c.back, x, y, w-gap, h-gap)
		sh := textHeight(pl.small)
		put(c.number, x+gap, y-sh*0.04, w-2*gap, sh, pl.small)
		put(c.mass, x+1, y+h-gap-sh, w-gap-2, sh, pl.small)
		put(c.symbol, x, y-sh*0.04, w-gap, h-gap, pl.big)
	}
	for i, s := range r.series {
		x, y := r.corner(cell{5 + i, 2})
		put(s, x, y, w-gap, h-gap, pl.small)
	}
	for i, g := range r.groups {
		put(g, pl.left+float32(i)*w+pl.dx, t.strip, w-gap, head, pal.caption)
	}
	for i, p := range r.periods {
		_, y := r.corner(cell{i, 0})
		put(p, pl.left-label, y, label-gap, h-gap, pal.caption)
	}
	r.layoutPanel()
	r.layoutLegend()
	_, bottom := r.corner(cell{tables.Rows, 0})
	r.lay(&t.grid, size, bottom, r.theme)
}

func floor(v float32) float32 { return float32(math.Floor(float64(v))) }

// corner is the upper left corner of a cell in the widget.
func (r *periodicRenderer) corner(c cell) (x, y float32) {
	pl := r.place
	x, y = pl.left+float32(c.col)*pl.w, pl.top+float32(c.row)*pl.h
	if c.row >= 7 {
		y += pl.seriesGap
	}
	return x + pl.dx, y + pl.dy
}

func (r *periodicRenderer) cellBox(c cell) (fyne.Position, fyne.Size) {
	x, y := r.corner(c)
	return fyne.NewPos(x, y), fyne.NewSize(r.place.w, r.place.h)
}

func (r *periodicRenderer) cellAt(p fyne.Position) (cell, bool) {
	pl := r.place
	p = p.SubtractXY(pl.dx, pl.dy)
	if pl.w <= 0 || pl.h <= 0 || p.X < pl.left || p.Y < pl.top {
		return cell{}, false
	}
	y := p.Y - pl.top
	if below := y - 7*pl.h; below >= 0 {
		if below < pl.seriesGap {
			return cell{}, false
		}
		y -= pl.seriesGap
	}
	return cell{int(y / pl.h), int((p.X - pl.left) / pl.w)}, true
}

// layoutPanel puts the details into the free space of the first three periods, columns 3 to 12.
func (r *periodicRenderer) layoutPanel() {
	pl := r.place
	x, y := r.corner(cell{0, 2})
	x, w, h := x+2*gap, 10*pl.w-5*gap, 3*pl.h-3*gap
	// Where the table is a little wider than its window, the details end with the window.
	if seen := r.size.Width - (x - pl.dx) - 4*gap; seen < w && seen > w/2 {
		w = seen
	}
	fill(r.panel, x, y, h, h)
	put(r.bigSymbol, x+gap, y, h-2*gap, h, h*0.5)
	tx, tw := x+h+4*gap, w-h-4*gap
	nameSize := max(r.pal.heading, h*0.2)
	detail := max(r.pal.body, h*0.1)
	nh, dh := textHeight(nameSize), textHeight(detail)
	if total := nh + 3*dh; total > h {
		nameSize, detail = nameSize*h/total, detail*h/total
		nh, dh = textHeight(nameSize), textHeight(detail)
	}
	// One size for all lines: what the longest one can have.
	for _, d := range r.details {
		if need := textWidth(d.Text, detail, false); need > tw {
			detail *= tw / need
		}
	}
	put(r.name, tx, y, tw, nh, nameSize)
	ty := y + nh + (h-nh-3*dh)/2
	for _, d := range r.details {
		put(d, tx, ty, tw, dh, detail)
		ty += dh
	}
}

// layoutLegend puts the categories in columns below the table.
func (r *periodicRenderer) layoutLegend() {
	pl, line := r.place, textHeight(r.pal.caption)*1.15
	_, y := r.corner(cell{8, 0})
	y += pl.h + gap
	w := pl.w * tables.Columns / legendColumns
	side := floor(line * 0.6)
	for i, e := range r.legend {
		x, ly := pl.left+pl.dx+float32(i%legendColumns)*w, y+float32(i/legendColumns)*line
		fill(e.swatch, x, ly+(line-side)/2, side, side)
		put(e.word, x+side+2*gap, ly, w-side-3*gap, line, r.pal.caption)
	}
}

// Refresh repaints what changed: usually two cells and the details.
func (r *periodicRenderer) Refresh() {
	if pal := newPalette(r.t); pal != r.theme {
		r.theme, r.pal = pal, pal
		r.repaint()
		if !r.size.IsZero() {
			r.Layout(r.size)
		}
	}
	index := r.t.byCell[r.t.shown()]
	if index != r.shown {
		if r.shown >= 0 {
			r.paintCell(r.shown, false)
		}
		r.paintCell(index, true)
		r.shown = index
		r.describe()
	}
	r.stage.paint(&r.t.grid, r.pal)
	canvas.Refresh(r.t)
}

// repaint sets every colour.
func (r *periodicRenderer) repaint() {
	for i := range r.cells {
		r.paintCell(i, false)
	}
	r.shown = -1
	for _, list := range [][]*canvas.Text{r.series, r.groups, r.periods, r.details, {r.name, r.bigSymbol}} {
		for _, t := range list {
			t.Color = r.pal.foreground
		}
	}
	for i, c := range tables.Categories() {
		r.legend[i].swatch.FillColor = r.pal.tint(categoryHue[c], tintShare)
		r.legend[i].word.Color = r.pal.foreground
	}
}

// paintCell paints a cell in its category's colour or, if it is the one shown, inverted: no colour has to be told apart.
func (r *periodicRenderer) paintCell(i int, shown bool) {
	back, front := r.pal.tint(categoryHue[r.t.elements[i].Category], tintShare), r.pal.foreground
	if shown {
		back, front = r.pal.foreground, r.pal.background
	}
	c := r.cells[i]
	c.back.FillColor = back
	c.number.Color, c.symbol.Color, c.mass.Color = front, front, front
}

// describe writes the details of the element shown.
func (r *periodicRenderer) describe() {
	e, l := r.t.element(), r.t.lang
	r.panel.FillColor = r.pal.tint(categoryHue[e.Category], tintShare)
	r.bigSymbol.Text = e.Symbol
	r.name.Text = e.Name(l)
	place := locales.T(l, "tools.periodic.place", "Period", e.Period, "Group", e.Group, "Block", e.Block)
	if e.Group == 0 {
		place = locales.T(l, "tools.periodic.series", "Period", e.Period, "Block", e.Block)
	}
	r.details[0].Text = locales.T(l, "tools.periodic.number", "Number", e.Number) + " · " + place
	r.details[1].Text = locales.T(l, "tools.periodic.mass", "Mass", localNumber(l, e.Mass))
	r.details[2].Text = locales.T(l, "tools.periodic.category."+string(e.Category))
	r.said.Text = e.Symbol + " – " + e.Name(l) + " · " + strconv.Itoa(e.Number) + " · " + localNumber(l, e.Mass)
	if !r.size.IsZero() {
		r.layoutPanel()
		r.say(&r.t.grid, r.theme)
	}
}

// Objects is called by Fyne.
func (r *periodicRenderer) Objects() []fyne.CanvasObject { return r.objects() }

// Destroy is called by Fyne.
func (r *periodicRenderer) Destroy() {}
