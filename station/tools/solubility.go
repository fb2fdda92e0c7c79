package tools

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"emtihan/assets/locales"
	"emtihan/assets/tables"
)

// solubilityHue colours the degrees; the letter in every cell says the same.
var solubilityHue = map[tables.Solubility]color.Color{
	tables.Soluble:   color.NRGBA{R: 0x2e, G: 0x9e, B: 0x4f, A: 0xff},
	tables.Slightly:  color.NRGBA{R: 0xe0, G: 0xb0, B: 0x20, A: 0xff},
	tables.Insoluble: color.NRGBA{R: 0xd0, G: 0x45, B: 0x3a, A: 0xff},
	tables.Unstable:  color.NRGBA{R: 0x80, G: 0x88, B: 0x92, A: 0xff},
	tables.Water:     color.NRGBA{R: 0x1e, G: 0x8b, B: 0xd0, A: 0xff},
}

// How much of the hue a cell has: usually, and in the row and the column of the cell shown.
const (
	cellShare  = 0.22
	crossShare = 0.5
)

// NewSolubilityTable makes the table of the solubility of acids, bases and salts in water: anions down, cations across, a letter
// of the language in every cell and what the letters mean below (R13). The cell under the pointer, or the one selected by a tap
// or with the arrow keys, is inverted together with the heads of its row and column; its substance stands above the table.
//
// Everything is text and flat rectangles, sharp at any scale. It is enlarged, reduced and moved as Mendeleev's table is, and
// follows the theme's colours and text sizes. A language change means a new table. It is a fyne.Focusable.
func NewSolubilityTable(l locales.Lang) fyne.CanvasObject {
	t := &solubilityTable{cations: tables.Cations(), anions: tables.Anions()}
	t.lang = l
	t.self, t.rows, t.cols = t, len(t.anions), len(t.cations)
	t.exists = func(c cell) bool { return c.row >= 0 && c.row < t.rows && c.col >= 0 && c.col < t.cols }
	t.ExtendBaseWidget(t)
	return t
}

type solubilityTable struct {
	grid
	cations, anions []tables.Ion
}

// CreateRenderer is called by Fyne.
func (t *solubilityTable) CreateRenderer() fyne.WidgetRenderer {
	r := &solubilityRenderer{t: t, shown: cell{-1, -1}}
	var rowHeads, columnHeads []fyne.CanvasObject
	add := func(s string, bold bool, align fyne.TextAlign) *canvas.Text { return words(&r.under, s, bold, align) }
	rect := func() *canvas.Rectangle { return flat(&r.under) }
	r.degree = words(&r.over, "", false, fyne.TextAlignLeading)
	r.ions = words(&r.over, "", false, fyne.TextAlignLeading)
	r.anionsWord = words(&r.heads, locales.T(t.lang, "tools.solubility.anions"), false, fyne.TextAlignLeading)
	r.cationsWord = words(&r.heads, locales.T(t.lang, "tools.solubility.cations"), false, fyne.TextAlignLeading)
	for _, i := range t.cations {
		r.columnHeads = append(r.columnHeads, letterCell{flat(&columnHeads), words(&columnHeads, i.Symbol(), true, fyne.TextAlignCenter)})
	}
	for _, i := range t.anions {
		r.rowHeads = append(r.rowHeads, letterCell{flat(&rowHeads), words(&rowHeads, i.Symbol(), true, fyne.TextAlignCenter)})
	}
	for a := range t.anions {
		var row []letterCell
		for c := range t.cations {
			row = append(row, letterCell{rect(), add(t.letter(tables.InWater(c, a)), false, fyne.TextAlignCenter)})
		}
		r.cells = append(r.cells, row)
	}
	for _, s := range tables.Solubilities() {
		sentence := locales.T(t.lang, "tools.solubility.word."+string(s))
		if s != tables.Unstable {
			sentence += " (" + locales.T(t.lang, "tools.solubility.amount."+string(s)) + ")"
		}
		r.legend = append(r.legend, legendEntry{rect(), add(sentence, false, fyne.TextAlignLeading)})
		r.legendLetters = append(r.legendLetters, add(t.letter(s), false, fyne.TextAlignCenter))
	}
	r.set(&t.grid, rowHeads, columnHeads)
	r.substance = r.said
	t.cellAt, t.cellBox = r.cellAt, r.cellBox
	t.relayout = func() {
		r.Layout(r.size)
		canvas.Refresh(t)
	}
	r.Refresh()
	return r
}

// letter is what the language prints for a degree. Water has none: it is what acids and bases are soluble in.
func (t *solubilityTable) letter(s tables.Solubility) string {
	if s == tables.Water {
		return ""
	}
	return locales.T(t.lang, "tools.solubility.letter."+string(s))
}

type letterCell struct {
	back   *canvas.Rectangle
	letter *canvas.Text
}

func (c letterCell) paint(back, front color.Color) {
	c.back.FillColor = back
	c.letter.Color = front
}

type solubilityRenderer struct {
	stage
	t *solubilityTable

	substance, degree, ions *canvas.Text
	anionsWord, cationsWord *canvas.Text
	columnHeads, rowHeads   []letterCell
	cells                   [][]letterCell
	legend                  []legendEntry
	legendLetters           []*canvas.Text

	theme palette // what the theme says
	pal   palette // the same with the text sizes of the current size
	size  fyne.Size
	shown cell

	left, top, w, h float32 // the first cell's corner on the page, and a cell with its gap
	dx, dy          float32 // from the page to the widget
}

// legendRows is how many lines the four degrees take, two to a line.
const legendRows = 2

func (r *solubilityRenderer) footHeight() float32 {
	return legendRows*textHeight(r.pal.caption)*1.15 + 2*gap + focusHeight
}

func (r *solubilityRenderer) rowHeadWidth() float32 {
	w := max(
		textWidth(locales.T(r.t.lang, "tools.solubility.anions"), r.pal.caption, false),
		textWidth(locales.T(r.t.lang, "tools.solubility.cations"), r.pal.caption, false),
	)
	for _, i := range r.t.anions {
		w = max(w, textWidth(i.Symbol(), r.pal.body, true))
	}
	return w + 4*gap
}

// minCell is the smallest cell: a cation's symbol fits its width.
func (r *solubilityRenderer) minCell() (w, h float32) {
	for _, i := range r.t.cations {
		w = max(w, textWidth(i.Symbol(), r.pal.body, true))
	}
	return w + 2*gap, textHeight(r.pal.body) + 2*gap
}

// need is the size of the page with texts of the theme's size.
func (r *solubilityRenderer) need() fyne.Size {
	defer func(p palette) { r.pal = p }(r.pal)
	r.pal = r.theme
	w, h := r.minCell()
	return fyne.NewSize(
		r.rowHeadWidth()+w*float32(r.t.cols)+2*focusHeight,
		r.columnHeadHeight(h)+h*float32(r.t.rows)+r.footHeight(),
	)
}

// MinSize follows the theme's text size.
func (r *solubilityRenderer) MinSize() fyne.Size { return leastSize(r.theme) }

// columnHeadHeight leaves room for two words in the corner.
func (r *solubilityRenderer) columnHeadHeight(h float32) float32 {
	return max(h, 2*textHeight(r.pal.caption)+gap)
}

// Layout gives the cells all the space that the heads and the legend leave, in whole units, so that edges stay sharp.
func (r *solubilityRenderer) Layout(size fyne.Size) {
	t := r.t
	r.size = size
	need := r.need()
	t.measure(size, r.theme.stripHeight(), need)
	page := t.page
	r.pal = r.theme.scaled(squeeze(need, page))
	rowHead := r.rowHeadWidth()
	_, minH := r.minCell()
	r.w = floor((page.Width - rowHead - 2*focusHeight) / float32(r.t.cols))
	space := page.Height - r.columnHeadHeight(minH) - r.footHeight()
	r.h = max(min(floor(space/float32(r.t.rows)), floor(r.w*0.9)), min(minH, floor(space/float32(r.t.rows))))
	colHead := max(r.columnHeadHeight(minH), r.h)
	if over := colHead + r.h*float32(r.t.rows) - space - r.columnHeadHeight(minH); over > 0 {
		colHead -= over
	}
	r.left = rowHead + floor((page.Width-rowHead-r.w*float32(r.t.cols))/2)
	r.top = colHead
	r.dx, r.dy = -floor(t.offset.X), t.strip-floor(t.offset.Y)
	t.corner = fyne.NewPos(r.left, t.strip+colHead)
	head := t.strip
	rowHeadX := r.left - rowHead
	scale := min(r.w/48, r.h/30)
	symbol := max(r.pal.body, 14*scale)

	half := (colHead - gap) / 2
	put(r.cationsWord, rowHeadX+gap, head, rowHead-2*gap, half, r.pal.caption)
	put(r.anionsWord, rowHeadX+gap, head+half, rowHead-2*gap, half, r.pal.caption)
	r.cationsWord.Alignment = fyne.TextAlignTrailing
	for i, c := range r.columnHeads {
		x := r.left + float32(i)*r.w + r.dx
		fill(c.back, x, head, r.w-gap, colHead-gap)
		put(c.letter, x, head, r.w-gap, colHead-gap, symbol)
	}
	for a, c := range r.rowHeads {
		y := r.top + float32(a)*r.h + r.dy
		fill(c.back, rowHeadX, y, rowHead-gap, r.h-gap)
		put(c.letter, rowHeadX+gap, y, rowHead-3*gap, r.h-gap, symbol)
		for i, c := range r.cells[a] {
			x := r.left + float32(i)*r.w + r.dx
			fill(c.back, x, y, r.w-gap, r.h-gap)
			put(c.letter, x, y, r.w-gap, r.h-gap, symbol)
		}
	}
	line := textHeight(r.pal.caption) * 1.15
	y := r.top + r.h*float32(r.t.rows) + gap + r.dy
	side, w := floor(line*1.8), (rowHead+r.w*float32(r.t.cols))/2
	for i, e := range r.legend {
		x, ly := rowHeadX+r.dx+float32(i%2)*w, y+float32(i/2)*line
		fill(e.swatch, x, ly, side, line-1)
		put(r.legendLetters[i], x, ly, side, line-1, r.pal.caption)
		put(e.word, x+side+2*gap, ly, w-side-4*gap, line, r.pal.caption)
	}
	r.lay(&t.grid, size, r.top+r.h*float32(r.t.rows)+r.dy, r.theme)
	r.layoutDetails()
}

// layoutDetails puts the substance, its degree and its ions side by side into the strip. They have fixed places, so that the eye
// finds them again.
func (r *solubilityRenderer) layoutDetails() {
	t := r.t
	x, h := float32(focusHeight+2*gap), t.strip-2*focusHeight-gap
	w := t.minus.at.X - x - 4*gap
	formula, degree := w*0.17, w*0.38
	put(r.substance, x, focusHeight, formula-4*gap, h, r.theme.heading)
	put(r.degree, x+formula, focusHeight, degree-4*gap, h, r.theme.body*1.15)
	put(r.ions, x+formula+degree, focusHeight, w-formula-degree, h, r.theme.body)
}

func (r *solubilityRenderer) cellBox(c cell) (fyne.Position, fyne.Size) {
	return fyne.NewPos(r.left+float32(c.col)*r.w+r.dx, r.top+float32(c.row)*r.h+r.dy), fyne.NewSize(r.w, r.h)
}

func (r *solubilityRenderer) cellAt(p fyne.Position) (cell, bool) {
	p = p.SubtractXY(r.dx, r.dy)
	if r.w <= 0 || r.h <= 0 || p.X < r.left || p.Y < r.top {
		return cell{}, false
	}
	return cell{int((p.Y - r.top) / r.h), int((p.X - r.left) / r.w)}, true
}

// Refresh repaints what changed.
func (r *solubilityRenderer) Refresh() {
	fresh := false
	if pal := newPalette(r.t); pal != r.theme {
		r.theme, r.pal, fresh = pal, pal, true
		for _, t := range []*canvas.Text{r.substance, r.degree, r.ions, r.anionsWord, r.cationsWord} {
			t.Color = pal.foreground
		}
		for i, s := range tables.Solubilities() {
			r.legend[i].swatch.FillColor = pal.tint(solubilityHue[s], crossShare)
			r.legend[i].word.Color, r.legendLetters[i].Color = pal.foreground, pal.foreground
		}
		if !r.size.IsZero() {
			r.Layout(r.size)
		}
	}
	if now := r.t.shown(); fresh || now != r.shown {
		r.shown = now
		r.colour()
		r.describe()
	}
	r.stage.paint(&r.t.grid, r.pal)
	canvas.Refresh(r.t)
}

// colour paints the cells: the row and the column of the cell shown stronger, the cell itself and its two heads inverted.
func (r *solubilityRenderer) colour() {
	head, front := r.pal.tint(r.pal.foreground, 0.08), r.pal.foreground
	for i, c := range r.columnHeads {
		c.paint(head, front)
		if i == r.shown.col {
			c.paint(front, r.pal.background)
		}
	}
	plain, strong := make(map[tables.Solubility]color.Color), make(map[tables.Solubility]color.Color)
	for s, hue := range solubilityHue {
		plain[s], strong[s] = r.pal.tint(hue, cellShare), r.pal.tint(hue, crossShare)
	}
	for a, row := range r.cells {
		r.rowHeads[a].paint(head, front)
		if a == r.shown.row {
			r.rowHeads[a].paint(front, r.pal.background)
		}
		for i, c := range row {
			s := tables.InWater(i, a)
			switch here := (cell{a, i}); {
			case here == r.shown:
				c.paint(front, r.pal.background)
			case a == r.shown.row || i == r.shown.col:
				c.paint(strong[s], front)
			default:
				c.paint(plain[s], front)
			}
		}
	}
}

// describe writes the details of the cell shown.
func (r *solubilityRenderer) describe() {
	l, c, a := r.t.lang, r.t.cations[r.shown.col], r.t.anions[r.shown.row]
	s := tables.InWater(r.shown.col, r.shown.row)
	r.substance.Text = tables.Substance(c, a)
	r.degree.Text = locales.T(l, "tools.solubility.word."+string(s))
	r.ions.Text = c.Symbol() + " " + c.Name(l) + " · " + a.Symbol() + " " + a.Name(l)
	if !r.size.IsZero() {
		r.layoutDetails()
	}
}

// Objects is called by Fyne.
func (r *solubilityRenderer) Objects() []fyne.CanvasObject { return r.objects() }

// Destroy is called by Fyne.
func (r *solubilityRenderer) Destroy() {}
