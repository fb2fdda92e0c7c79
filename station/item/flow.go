package item

import (
	"image/color"
	"slices"
	"strings"
	"unicode"

	"emtihan/exam"
	"emtihan/exam/content"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// How text stands. Measures are parts of the text size.
const (
	leading     = 1.42 // from one baseline to the next
	small       = 0.68 // size of raised and lowered text
	raise       = 0.36 // how far raised text stands above the baseline
	lower       = 0.12 // how far lowered text stands below it
	headingSize = 1.2
)

// flow is one line of content, in its styles, broken into rows of the width that it has. It is as high as its rows.
type flow struct {
	widget.BaseWidget
	start int // of its text in content.Plain of what it belongs to

	runes  []rune
	styles []content.Style
	factor float32 // of the text size
	bold   bool    // all of it
	quiet  bool
	centre bool

	struck bool         // a line goes through it
	marked []exam.Range // highlights, selection and caret in runes of the flow
	chosen exam.Range
	caret  int // or −1

	width   float32
	rows    []flowRow
	objects []fyne.CanvasObject
}

// flowRow is a row: the runes from, to, and the pieces of one style that it is drawn in.
type flowRow struct {
	from, to int
	pieces   []piece
	width    float32
}

type piece struct {
	from, to int
	x, width float32
	style    content.Style
}

func newFlow(line content.Line) *flow {
	f := &flow{factor: 1, caret: -1}
	for _, s := range line {
		for _, r := range s.Text {
			f.runes, f.styles = append(f.runes, r), append(f.styles, s.Style)
		}
	}
	f.ExtendBaseWidget(f)
	return f
}

func plainFlow(text string) *flow { return newFlow(content.Line{{Text: text}}) }

func (f *flow) size() float32 { return theme.Size(theme.SizeNameText) * f.factor }

// face returns size and style in which text of a style is drawn.
func (f *flow) face(s content.Style) (float32, fyne.TextStyle) {
	size := f.size()
	if s&(content.Raised|content.Lowered) != 0 {
		size *= small
	}
	return size, fyne.TextStyle{Bold: f.bold || s&content.Bold != 0, Italic: s&content.Slanted != 0}
}

func (f *flow) measure(from, to int, s content.Style) float32 {
	if to <= from {
		return 0
	}
	size, style := f.face(s)
	return fyne.MeasureText(string(f.runes[from:to]), size, style).Width
}

// span returns the width of runes in their styles.
func (f *flow) span(from, to int) (width float32) {
	for from < to {
		end := f.run(from, to)
		width += f.measure(from, end, f.styles[from])
		from = end
	}
	return width
}

// run returns where the style of a rune ends, at most at to. Arrows and other signs are drawn by themselves: the toolkit takes
// them from another font, and what stands beside them there, where that font may have no space.
func (f *flow) run(from, to int) int {
	end := from + 1
	for end < to && f.styles[end] == f.styles[from] && isSign(f.runes[end]) == isSign(f.runes[from]) {
		end++
	}
	return end
}

// isSign reports whether a rune is an arrow, an operator, a shape or a picture.
func isSign(r rune) bool { return r >= 0x2190 && r <= 0x2bff || r >= 0x1f000 }

// natural returns the width that the flow has where no row is broken, and that of its longest word.
func (f *flow) natural() (whole, word float32) {
	row := float32(0)
	for i := 0; i < len(f.runes); {
		end, ink := f.word(i)
		if f.runes[i] == '\n' {
			row = 0
			i = end
			continue
		}
		word = max(word, f.span(i, ink))
		whole = max(whole, row+f.span(i, ink))
		row += f.span(i, end)
		i = end
	}
	return whole + 1, word + 1
}

// word returns where the word that begins at i ends with the spaces behind it, and where without them.
func (f *flow) word(i int) (end, ink int) {
	if f.runes[i] == '\n' {
		return i + 1, i
	}
	for end = i; end < len(f.runes) && f.runes[end] != '\n' && !breaks(f.runes[end]); end++ {
		if r := f.runes[end]; end > i && end+1 < len(f.runes) && (r == '-' || r == '–' || r == '—' || r == '/') && unicode.IsLetter(f.runes[end-1]) {
			return end + 1, end + 1
		}
	}
	ink = end
	for end < len(f.runes) && f.runes[end] != '\n' && breaks(f.runes[end]) {
		end++
	}
	return end, ink
}

// breaks reports whether a row may end at the rune.
func breaks(r rune) bool {
	return r != '\u00a0' && r != '\u202f' && r != '\u2007' && unicode.IsSpace(r)
}

// wrap breaks the flow into rows of a width.
func (f *flow) wrap(width float32) {
	f.rows = f.rows[:0]
	from, x := 0, float32(0)
	add := func(to int) {
		f.rows = append(f.rows, f.row(from, to))
		from, x = to, 0
	}
	for i := 0; i < len(f.runes); {
		if f.runes[i] == '\n' {
			add(i)
			i++
			from = i
			continue
		}
		end, ink := f.word(i)
		wide := f.span(i, ink)
		if x+wide > width && i > from {
			add(i)
		}
		for wide > width && ink-from > 1 { // a word that alone is too wide
			fits := from + 1
			for fits < ink && f.span(from, fits+1) <= width {
				fits++
			}
			if fits == ink {
				break
			}
			add(fits)
			i = fits
			wide = f.span(i, ink)
		}
		x += f.span(i, end)
		i = end
	}
	if from < len(f.runes) || len(f.rows) == 0 || f.runes[len(f.runes)-1] == '\n' {
		add(len(f.runes))
	}
}

func (f *flow) row(from, to int) flowRow {
	r := flowRow{from: from, to: to}
	for i := from; i < to; {
		end := f.run(i, to)
		w := f.measure(i, end, f.styles[i])
		r.pieces = append(r.pieces, piece{from: i, to: end, x: r.width, width: w, style: f.styles[i]})
		r.width += w
		i = end
	}
	return r
}

func (f *flow) pitch() float32 { return leading * f.size() }

// indent returns where a row begins.
func (f *flow) indent(r flowRow) float32 {
	if f.centre {
		return max(0, (f.width-r.width)/2)
	}
	return 0
}

// x returns where a rune of a row begins.
func (f *flow) x(r flowRow, at int) float32 {
	for _, p := range r.pieces {
		if at < p.to {
			return f.indent(r) + p.x + f.measure(p.from, max(at, p.from), p.style)
		}
	}
	return f.indent(r) + r.width
}

// at returns the place between runes that is nearest to a point.
func (f *flow) at(pos fyne.Position) int {
	if len(f.rows) == 0 {
		return 0
	}
	r := f.rows[min(max(int(pos.Y/f.pitch()), 0), len(f.rows)-1)]
	best, near := r.from, float32(-1)
	for i := r.from; i <= r.to; i++ {
		if i == r.to && r.to > r.from && r.to < len(f.runes) && f.runes[r.to] != '\n' {
			break // behind a row that goes on, the place is the next row's
		}
		d := f.x(r, i) - pos.X
		if d = max(d, -d); near >= 0 && d > near {
			break
		}
		best, near = i, d
	}
	return best
}

// rowOf returns the number of the row in which the caret stands at a place.
func (f *flow) rowOf(at int) int {
	for i, r := range f.rows {
		if at < r.to || at == r.to && (i == len(f.rows)-1 || f.rows[i+1].from > r.to) {
			return i
		}
	}
	return max(0, len(f.rows)-1)
}

// place returns where the caret stands at a place, in the flow's own measure.
func (f *flow) place(at int) fyne.Position {
	if len(f.rows) == 0 {
		return fyne.Position{}
	}
	i := f.rowOf(at)
	return fyne.NewPos(f.x(f.rows[i], at), float32(i)*f.pitch())
}

// CreateRenderer implements fyne.Widget.
func (f *flow) CreateRenderer() fyne.WidgetRenderer { return &flowRenderer{f} }

type flowRenderer struct{ f *flow }

func (r *flowRenderer) Destroy()                     {}
func (r *flowRenderer) Objects() []fyne.CanvasObject { return r.f.objects }

func (r *flowRenderer) MinSize() fyne.Size {
	f := r.f
	rows := max(1, len(f.rows))
	return fyne.NewSize(min(24, f.width), float32(rows)*f.pitch())
}

func (r *flowRenderer) Layout(size fyne.Size) {
	if size.Width != r.f.width || r.f.rows == nil {
		r.f.width = size.Width
		r.f.wrap(size.Width)
		r.f.draw()
	}
}

func (r *flowRenderer) Refresh() {
	r.f.wrap(r.f.width)
	r.f.draw()
	canvas.Refresh(r.f)
}

// redraw shows other marks.
func (f *flow) redraw() {
	f.draw()
	canvas.Refresh(f)
}

// draw makes what the flow shows: grounds of highlights and selection, texts, lines under and through them, and the caret.
func (f *flow) draw() {
	f.objects = f.objects[:0:0]
	size, thick := f.size(), max(2, f.size()/8)
	base := size * 1.07
	if _, b := fyne.CurrentApp().Driver().RenderedTextSize("x", size, fyne.TextStyle{}, nil); b > 0 {
		base = b
	}
	ink := color.Color(look.Ink)
	if f.quiet || f.struck {
		ink = look.Quiet
	}
	rect := func(c color.Color, x, y, w, h float32) {
		o := canvas.NewRectangle(c)
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
		f.objects = append(f.objects, o)
	}
	top := (f.pitch() - 1.36*size) / 2
	part := func(r flowRow, m exam.Range) (x, w float32) {
		from, to := max(m.From, r.from), min(m.To, r.to)
		if from >= to {
			return 0, 0
		}
		x = f.x(r, from)
		return x, f.x(r, to) - x
	}
	for i, r := range f.rows {
		y := float32(i) * f.pitch()
		for _, m := range f.marked {
			if x, w := part(r, m); w > 0 {
				rect(look.WarnBg, x, y, w, f.pitch())
			}
		}
		if x, w := part(r, f.chosen); w > 0 {
			rect(look.Selection, x, y, w, f.pitch())
		}
		for _, p := range r.pieces {
			text := string(f.runes[p.from:p.to])
			if p.to == r.to {
				text = strings.TrimRight(text, " ") // nothing is seen of it, and it would reach beyond the row
			}
			t := canvas.NewText(text, ink)
			t.TextSize, t.TextStyle = f.face(p.style)
			at := y + top
			if p.style&(content.Raised|content.Lowered) != 0 {
				shift := float32(-raise)
				if p.style&content.Lowered != 0 {
					shift = lower
				}
				at += base + shift*size - base*small
			}
			t.Move(fyne.NewPos(f.indent(r)+p.x, at))
			t.Resize(fyne.MeasureText(t.Text, t.TextSize, t.TextStyle))
			f.objects = append(f.objects, t)
		}
		for _, m := range f.marked {
			if x, w := part(r, m); w > 0 {
				rect(look.Warn, x, y+f.pitch()-thick, w, thick)
			}
		}
		if f.struck && r.width > 0 {
			rect(ink, f.indent(r), y+top+base-0.3*size, r.width, max(1.5, thick/2))
		}
	}
	if f.caret >= 0 {
		at := f.place(f.caret)
		rect(look.Accent, max(0, at.X-1), at.Y, 2, f.pitch())
	}
}

// set shows marks of a whole text in the flow; caret is −1 where it is elsewhere.
func (f *flow) set(marks []exam.Range, chosen exam.Range, caret int) {
	cut := func(r exam.Range) exam.Range {
		return exam.Range{From: min(max(r.From-f.start, 0), len(f.runes)), To: min(max(r.To-f.start, 0), len(f.runes))}
	}
	var own []exam.Range
	for _, m := range marks {
		if c := cut(m); c.From < c.To {
			own = append(own, c)
		}
	}
	chosen = cut(chosen)
	if caret >= 0 {
		caret -= f.start
		if caret < 0 || caret > len(f.runes) {
			caret = -1
		}
	}
	if slices.Equal(own, f.marked) && chosen == f.chosen && caret == f.caret {
		return
	}
	f.marked, f.chosen, f.caret = own, chosen, caret
	f.redraw()
}

// say shows another text, bold or quiet.
func (f *flow) say(text string, bold bool) { f.put(content.Line{{Text: text}}, bold) }

// put shows another line, bold or quiet.
func (f *flow) put(line content.Line, bold bool) {
	next := newFlow(line)
	if slices.Equal(f.runes, next.runes) && slices.Equal(f.styles, next.styles) && f.bold == bold && f.quiet == !bold {
		return
	}
	f.runes, f.styles, f.bold, f.quiet = next.runes, next.styles, bold, !bold
	f.Refresh()
}
