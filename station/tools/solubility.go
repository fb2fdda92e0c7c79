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
// Everything is text and flat rectangles, sharp at any scale. With the standard theme it needs 880 × 450 units; it grows with its
// space, shrinks its texts where it gets less, and follows the theme's colours and text sizes. A language change means a new
// table. It is a fyne.Focusable.
func NewSolubilityTable(l locales.Lang) fyne.CanvasObject {
	t := &solubilityTable{lang: l, cations: tables.Cations(), anions: tables.Anions()}
	t.self, t.rows, t.cols = t, len(t.anions), len(t.cations)
	t.exists = func(c cell) bool { return c.row >= 0 && c.row < t.rows && c.col >= 0 && c.col < t.cols }
	t.ExtendBaseWidget(t)
	return t
}

type solubilityTable struct {
	grid
	lang            locales.Lang
	cations, anions []tables.Ion
}

// CreateRenderer is called by Fyne.
func (t *solubilityTable) CreateRenderer() fyne.WidgetRenderer {
	r := &solubilityRenderer{t: t, shown: cell{-1, -1}}
	add := func(s string, bold bool, align fyne.TextAlign) *canvas.Text {
		x := text(s, 10, bold, color.Black)
		x.Alignment = align
		r.objects = append(r.objects, x)
		return x
	}
	rect := func() *canvas.Rectangle {
		x := canvas.NewRectangle(color.Transparent)
		r.objects = append(r.objects, x)
		return x
	}
	r.focus = rect()
	r.substance = add("", true, fyne.TextAlignLeading)
	r.degree = add("", false, fyne.TextAlignLeading)
	r.ions = add("", false, fyne.TextAlignLeading)
	r.anionsWord = add(locales.T(t.lang, "tools.solubility.anions"), false, fyne.TextAlignLeading)
	r.cationsWord = add(locales.T(t.lang, "tools.solubility.cations"), false, fyne.TextAlignLeading)
	for _, i := range t.cations {
		r.columnHeads = append(r.columnHeads, letterCell{rect(), add(i.Symbol(), true, fyne.TextAlignCenter)})
	}
	for _, i := range t.anions {
		r.rowHeads = append(r.rowHeads, letterCell{rect(), add(i.Symbol(), true, fyne.TextAlignCenter)})
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
	r.hint = add(locales.T(t.lang, "tools.solubility.hint"), false, fyne.TextAlignLeading)
	t.cellAt = r.cellAt
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
	t       *solubilityTable
	objects []fyne.CanvasObject

	focus                   *canvas.Rectangle
	substance, degree, ions *canvas.Text
	anionsWord, cationsWord *canvas.Text
	columnHeads, rowHeads   []letterCell
	cells                   [][]letterCell
	legend                  []legendEntry
	legendLetters           []*canvas.Text
	hint                    *canvas.Text

	theme palette // what the theme says
	pal   palette // the same with the text sizes of the current size
	size  fyne.Size
	shown cell

	left, top, w, h float32 // the first cell's corner, and a cell with its gap
}

// legendRows is how many lines the four degrees take, two to a line.
const legendRows = 2

func (r *solubilityRenderer) headHeight() float32 {
	return focusHeight + textHeight(r.pal.heading) + gap
}

func (r *solubilityRenderer) footHeight() float32 {
	return (legendRows+1)*textHeight(r.pal.caption)*1.15 + 2*gap
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

// MinSize follows the theme's text sizes.
func (r *solubilityRenderer) MinSize() fyne.Size {
	defer func(p palette) { r.pal = p }(r.pal)
	r.pal = r.theme
	w, h := r.minCell()
	return fyne.NewSize(
		r.rowHeadWidth()+w*float32(r.t.cols),
		r.headHeight()+r.columnHeadHeight(h)+h*float32(r.t.rows)+r.footHeight(),
	)
}

// columnHeadHeight leaves room for two words in the corner.
func (r *solubilityRenderer) columnHeadHeight(h float32) float32 {
	return max(h, 2*textHeight(r.pal.caption)+gap)
}

// Layout gives the cells all the space that the heads and the legend leave, in whole units, so that edges stay sharp.
func (r *solubilityRenderer) Layout(size fyne.Size) {
	r.size = size
	r.pal = r.theme.scaled(squeeze(r.MinSize(), size))
	head, rowHead := r.headHeight(), r.rowHeadWidth()
	_, minH := r.minCell()
	r.w = floor((size.Width - rowHead) / float32(r.t.cols))
	space := size.Height - head - r.columnHeadHeight(minH) - r.footHeight()
	r.h = max(min(floor(space/float32(r.t.rows)), floor(r.w*0.9)), min(minH, floor(space/float32(r.t.rows))))
	colHead := max(r.columnHeadHeight(minH), r.h)
	if over := colHead + r.h*float32(r.t.rows) - space - r.columnHeadHeight(minH); over > 0 {
		colHead -= over
	}
	r.left = rowHead + floor((size.Width-rowHead-r.w*float32(r.t.cols))/2)
	r.top = head + colHead
	rowHeadX := r.left - rowHead
	scale := min(r.w/48, r.h/30)
	symbol := max(r.pal.body, 14*scale)

	fill(r.focus, 0, 0, size.Width, focusHeight)
	half := (colHead - gap) / 2
	put(r.cationsWord, rowHeadX+gap, head, rowHead-2*gap, half, r.pal.caption)
	put(r.anionsWord, rowHeadX+gap, head+half, rowHead-2*gap, half, r.pal.caption)
	r.cationsWord.Alignment = fyne.TextAlignTrailing
	for i, c := range r.columnHeads {
		x := r.left + float32(i)*r.w
		fill(c.back, x, head, r.w-gap, colHead-gap)
		put(c.letter, x, head, r.w-gap, colHead-gap, symbol)
	}
	for a, c := range r.rowHeads {
		y := r.top + float32(a)*r.h
		fill(c.back, rowHeadX, y, rowHead-gap, r.h-gap)
		put(c.letter, rowHeadX+gap, y, rowHead-3*gap, r.h-gap, symbol)
		for i, c := range r.cells[a] {
			x := r.left + float32(i)*r.w
			fill(c.back, x, y, r.w-gap, r.h-gap)
			put(c.letter, x, y, r.w-gap, r.h-gap, symbol)
		}
	}
	r.layoutDetails()

	line := textHeight(r.pal.caption) * 1.15
	y := r.top + r.h*float32(r.t.rows) + gap
	side, w := floor(line*1.8), (rowHead+r.w*float32(r.t.cols))/2
	for i, e := range r.legend {
		x, ly := rowHeadX+float32(i%2)*w, y+float32(i/2)*line
		fill(e.swatch, x, ly, side, line-1)
		put(r.legendLetters[i], x, ly, side, line-1, r.pal.caption)
		put(e.word, x+side+2*gap, ly, w-side-4*gap, line, r.pal.caption)
	}
	put(r.hint, rowHeadX, y+legendRows*line, 2*w, line, r.pal.caption)
}

// layoutDetails puts the substance, its degree and its ions side by side above the table.
func (r *solubilityRenderer) layoutDetails() {
	h := textHeight(r.pal.heading)
	x, w := r.left-r.rowHeadWidth(), r.size.Width
	// The widest formula and the longest degree have fixed places, so that the eye finds them again.
	formula, degree := w*0.16, w*0.46
	put(r.substance, x, focusHeight, formula-4*gap, h, r.pal.heading)
	put(r.degree, x+formula, focusHeight, degree-4*gap, h, r.pal.body*1.15)
	put(r.ions, x+formula+degree, focusHeight, w-formula-degree-2*x, h, r.pal.body)
}

func (r *solubilityRenderer) cellAt(p fyne.Position) (cell, bool) {
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
		for _, t := range []*canvas.Text{r.substance, r.degree, r.ions, r.anionsWord, r.cationsWord, r.hint} {
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
		r.paint()
		r.describe()
	}
	r.focus.FillColor = color.Transparent
	if r.t.focused {
		r.focus.FillColor = r.pal.primary
	}
	canvas.Refresh(r.t)
}

// paint colours the cells: the row and the column of the cell shown stronger, the cell itself and its two heads inverted.
func (r *solubilityRenderer) paint() {
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
func (r *solubilityRenderer) Objects() []fyne.CanvasObject { return r.objects }

// Destroy is called by Fyne.
func (r *solubilityRenderer) Destroy() {}
