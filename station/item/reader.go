package item

import (
	"slices"
	"time"
	"unicode"

	"emtihan/exam"
	"emtihan/exam/content"
	"emtihan/station/editor/clipboard"
	"emtihan/station/item/media"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// reader is a passage: it lies below the texts and has mouse and keyboard select in them. Positions are in runes of
// content.Plain.
type reader struct {
	widget.BaseWidget
	d        *Desk
	id       string
	text     []rune
	flows    []*flow
	column   fyne.CanvasObject
	scroll   *container.Scroll
	whole    fyne.CanvasObject
	sounds   []*soundRow
	sideways []*container.Scroll
	pictures []*media.Picture
	button   *look.Button

	marks         []exam.Range
	anchor, caret int
	focused       bool
	clicks        int
	clicked       time.Time
	where         fyne.Position
	from, to      int // what the click selected
	edge          *canvas.Rectangle
}

var (
	_ fyne.Focusable     = (*reader)(nil)
	_ fyne.Shortcutable  = (*reader)(nil)
	_ fyne.Draggable     = (*reader)(nil)
	_ desktop.Keyable    = (*reader)(nil)
	_ desktop.Mouseable  = (*reader)(nil)
	_ desktop.Cursorable = (*reader)(nil)
)

func newReader(p *Pane, id string, blocks []content.Block) *reader {
	r := &reader{d: p.d, id: id, text: []rune(content.Plain(blocks))}
	inner := &Pane{Item: p.Item, d: p.d, reader: r} // collects what stands in the passage
	objects, flows := inner.blocks(blocks, 0)
	r.flows, r.sounds, r.sideways, r.pictures = flows, inner.sounds, inner.sideways, inner.pictures
	r.ExtendBaseWidget(r)
	r.column = padded(0, 0, 8, 0, down(1.3*gap(), objects...))
	r.scroll = container.NewVScroll(padded(0, 0, 0, theme.Size(theme.SizeNameScrollBar), over(r, r.column)))
	r.scroll.SetMinSize(fyne.NewSize(120, 90))
	r.button = p.button("item.highlight", r.toggle)
	r.button.Disable()
	r.whole = container.NewBorder(nil, container.NewHBox(r.button), nil, nil, r.scroll)
	return r
}

// hidden returns how much of the passage is out of sight.
func (r *reader) hidden() float32 { return r.scroll.Content.MinSize().Height - r.scroll.Size().Height }

// show takes what is highlighted.
func (r *reader) show(marks []exam.Range) {
	r.marks = slices.Clone(marks)
	r.draw()
}

func (r *reader) selection() exam.Range {
	return exam.Range{From: min(r.anchor, r.caret), To: max(r.anchor, r.caret)}
}

func (r *reader) draw() {
	caret := -1
	if r.focused {
		caret = r.caret
	}
	for _, f := range r.flows {
		f.set(r.marks, r.selection(), caret)
	}
	id := "item.highlight"
	if r.takesAway() {
		id = "item.unhighlight"
	}
	r.button.SetText(r.d.host.T(id))
	if can := r.can(); can == r.button.Disabled() {
		if can {
			r.button.Enable()
		} else {
			r.button.Disable()
		}
	}
}

// under returns the highlight at the caret.
func (r *reader) under() (exam.Range, bool) {
	for _, m := range r.marks {
		if r.caret >= m.From && r.caret <= m.To {
			return m, true
		}
	}
	return exam.Range{}, false
}

// takesAway reports whether toggle would take a mark away: all that is selected is highlighted, or the caret stands in one.
func (r *reader) takesAway() bool {
	s := r.selection()
	if s.From == s.To {
		_, ok := r.under()
		return ok
	}
	return slices.ContainsFunc(r.marks, func(m exam.Range) bool { return m.From <= s.From && s.To <= m.To })
}

// can reports whether there is anything to highlight, or to take away.
func (r *reader) can() bool {
	s := r.selection()
	return s.From < s.To || r.takesAway()
}

// toggle highlights what is selected, or takes the highlight away.
func (r *reader) toggle() {
	s, on := r.selection(), !r.takesAway()
	if s.From == s.To {
		mark, ok := r.under()
		if !ok {
			return
		}
		s = mark
	}
	r.anchor = r.caret
	r.draw()
	r.d.host.Do(exam.Highlight{Passage: r.id, From: s.From, To: s.To, On: on}, func(err error) {
		if err != nil {
			r.d.host.Say(err)
			return
		}
		r.show(r.d.host.Attempt().Highlights(r.id))
	})
}

// walk visits the texts below an object with their places in it.
func walk(o fyne.CanvasObject, at fyne.Position, visit func(*flow, fyne.Position)) {
	switch o := o.(type) {
	case *flow:
		visit(o, at)
	case *container.Scroll:
		walk(o.Content, at.Add(o.Content.Position()), visit)
	case *fyne.Container:
		for _, x := range o.Objects {
			walk(x, at.Add(x.Position()), visit)
		}
	}
}

func (r *reader) owns(f *flow) bool { return slices.Contains(r.flows, f) }

// hit returns the position that is nearest to a point.
func (r *reader) hit(p fyne.Position) int {
	best, near := r.caret, float32(-1)
	walk(r.column, r.column.Position(), func(f *flow, at fyne.Position) {
		if !r.owns(f) {
			return
		}
		size := f.Size()
		dy := max(0, at.Y-p.Y, p.Y-at.Y-size.Height)
		dx := max(0, at.X-p.X, p.X-at.X-size.Width)
		if d := dy*1000 + dx; near < 0 || d < near {
			best, near = f.start+f.at(p.Subtract(at)), d
		}
	})
	return best
}

// locate returns the text in which a position stands, and where the caret stands there.
func (r *reader) locate(pos int) (found *flow, at fyne.Position) {
	walk(r.column, r.column.Position(), func(f *flow, origin fyne.Position) {
		if found == nil && r.owns(f) && pos >= f.start && pos <= f.start+len(f.runes) {
			found, at = f, origin.Add(f.place(pos-f.start))
		}
	})
	return found, at
}

// goTo moves the caret; extend keeps the other end of the selection.
func (r *reader) goTo(pos int, extend bool) {
	r.caret = min(max(pos, 0), max(0, len(r.text)-1))
	if !extend {
		r.anchor = r.caret
	}
	r.draw()
	if f, at := r.locate(r.caret); f != nil {
		top, bottom := at.Y, at.Y+f.pitch()
		switch s := r.scroll; {
		case top < s.Offset.Y:
			s.ScrollToOffset(fyne.NewPos(s.Offset.X, max(0, top-f.pitch())))
		case bottom > s.Offset.Y+s.Size().Height:
			s.ScrollToOffset(fyne.NewPos(s.Offset.X, min(max(0, r.hidden()), bottom+f.pitch()-s.Size().Height)))
		}
	}
}

// vertical moves by a row, over whatever lies between two texts.
func (r *reader) vertical(by float32, extend bool) {
	f, at := r.locate(r.caret)
	if f == nil {
		return
	}
	for step := float32(0.5); step < 40; step += 0.5 {
		y := at.Y + f.pitch()/2 + by*(0.5+step)*f.pitch()
		if y < 0 || y > r.Size().Height {
			break
		}
		pos := r.hit(fyne.NewPos(at.X, y))
		if g, to := r.locate(pos); g != nil && (to.Y-at.Y)*by > 1 {
			r.goTo(pos, extend)
			return
		}
	}
}

// rowEnds returns where the row of the caret begins and ends.
func (r *reader) rowEnds() (from, to int) {
	f, _ := r.locate(r.caret)
	if f == nil || len(f.rows) == 0 {
		return r.caret, r.caret
	}
	i := f.rowOf(r.caret - f.start)
	to = f.rows[i].to
	if i+1 < len(f.rows) && f.rows[i+1].from == to && to > f.rows[i].from {
		to-- // behind it the caret would stand in the next row
	}
	return f.start + f.rows[i].from, f.start + to
}

// wordAt returns the word around a position.
func (r *reader) wordAt(pos int) (from, to int) {
	in := func(i int) bool {
		return i >= 0 && i < len(r.text) && (unicode.IsLetter(r.text[i]) || unicode.IsDigit(r.text[i]) || unicode.IsMark(r.text[i]))
	}
	from, to = pos, pos
	for in(from - 1) {
		from--
	}
	for in(to) {
		to++
	}
	return from, to
}

// skip moves by words.
func (r *reader) skip(by int) int {
	pos := r.caret
	in := func(i int) bool { return i >= 0 && i < len(r.text) && !unicode.IsSpace(r.text[i]) }
	if by < 0 {
		for pos > 0 && !in(pos-1) {
			pos--
		}
		for pos > 0 && in(pos-1) {
			pos--
		}
		return pos
	}
	for pos < len(r.text) && in(pos) {
		pos++
	}
	for pos < len(r.text) && !in(pos) {
		pos++
	}
	return pos
}

// FocusGained implements fyne.Focusable.
func (r *reader) FocusGained() { r.focused = true; r.Refresh(); r.draw() }

// FocusLost implements fyne.Focusable.
func (r *reader) FocusLost() { r.focused = false; r.Refresh(); r.draw() }

// TypedRune implements fyne.Focusable.
func (r *reader) TypedRune(rune) {}

// own are the keys that the passage has a use for itself.
var own = []fyne.KeyName{
	fyne.KeyUp, fyne.KeyDown, fyne.KeyLeft, fyne.KeyRight, fyne.KeyHome, fyne.KeyEnd, fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter,
}

// KeyDown implements desktop.Keyable.
func (r *reader) KeyDown(e *fyne.KeyEvent) {
	mods := r.d.host.Mods()
	enter := e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter
	if slices.Contains(own, e.Name) && mods&fyne.KeyModifierAlt == 0 && (!enter || mods == 0) {
		return
	}
	r.d.host.Keys(e)
}

// KeyUp implements desktop.Keyable.
func (r *reader) KeyUp(*fyne.KeyEvent) {}

// TypedKey implements fyne.Focusable.
func (r *reader) TypedKey(e *fyne.KeyEvent) {
	extend := r.d.host.Mods()&fyne.KeyModifierShift != 0
	switch e.Name {
	case fyne.KeyLeft:
		if s := r.selection(); !extend && s.From < s.To {
			r.goTo(s.From, false)
			return
		}
		r.goTo(r.caret-1, extend)
	case fyne.KeyRight:
		if s := r.selection(); !extend && s.From < s.To {
			r.goTo(s.To, false)
			return
		}
		r.goTo(r.caret+1, extend)
	case fyne.KeyUp:
		r.vertical(-1, extend)
	case fyne.KeyDown:
		r.vertical(1, extend)
	case fyne.KeyHome:
		from, _ := r.rowEnds()
		r.goTo(from, extend)
	case fyne.KeyEnd:
		_, to := r.rowEnds()
		r.goTo(to, extend)
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		if r.can() {
			r.toggle()
		}
	}
}

// TypedShortcut implements fyne.Shortcutable.
func (r *reader) TypedShortcut(s fyne.Shortcut) {
	switch s := s.(type) {
	case *fyne.ShortcutSelectAll:
		r.anchor = 0
		r.goTo(len(r.text), true)
	case *fyne.ShortcutCopy:
		if sel := r.selection(); sel.From < sel.To {
			clipboard.Inside().SetContent(string(r.text[sel.From:sel.To])) // of the exam alone (R13)
		}
	case *desktop.CustomShortcut:
		extend := s.Modifier&fyne.KeyModifierShift != 0
		if s.Modifier&^fyne.KeyModifierShift != fyne.KeyModifierControl {
			return
		}
		switch s.KeyName {
		case fyne.KeyLeft:
			r.goTo(r.skip(-1), extend)
		case fyne.KeyRight:
			r.goTo(r.skip(1), extend)
		case fyne.KeyHome:
			r.goTo(0, extend)
		case fyne.KeyEnd:
			r.goTo(len(r.text), extend)
		}
	}
}

// Cursor implements desktop.Cursorable.
func (r *reader) Cursor() desktop.Cursor { return desktop.TextCursor }

// Clicks so near to each other in time and place make one double click.
const (
	clickAgain = 450 * time.Millisecond
	clickNear  = 6
)

// MouseDown implements desktop.Mouseable.
func (r *reader) MouseDown(m *desktop.MouseEvent) {
	if m.Button != desktop.MouseButtonPrimary {
		return
	}
	if !r.focused {
		r.d.host.Focus(r)
	}
	d := m.Position.Subtract(r.where)
	near := max(d.X, -d.X, d.Y, -d.Y) <= clickNear
	r.clicks++
	if !near || time.Since(r.clicked) > clickAgain || r.clicks > 3 {
		r.clicks = 1
	}
	r.clicked, r.where = time.Now(), m.Position
	pos := r.hit(m.Position)
	if m.Modifier&fyne.KeyModifierShift != 0 {
		r.from, r.to = r.anchor, r.anchor
		r.goTo(pos, true)
		return
	}
	r.from, r.to = r.unit(pos)
	r.anchor = r.from
	r.goTo(r.to, true)
}

// unit returns what a click at a position selects: a place, on the second click a word, on the third a block.
func (r *reader) unit(pos int) (from, to int) {
	switch r.clicks {
	case 2:
		return r.wordAt(pos)
	case 3:
		if f, _ := r.locate(pos); f != nil {
			return f.start, f.start + len(f.runes)
		}
	}
	return pos, pos
}

// MouseUp implements desktop.Mouseable.
func (r *reader) MouseUp(*desktop.MouseEvent) {}

// Dragged implements fyne.Draggable.
func (r *reader) Dragged(e *fyne.DragEvent) {
	from, to := r.unit(r.hit(e.Position))
	if from < r.from {
		r.anchor = r.to
		r.goTo(from, true)
	} else {
		r.anchor = r.from
		r.goTo(to, true)
	}
}

// DragEnd implements fyne.Draggable.
func (r *reader) DragEnd() {}

// CreateRenderer implements fyne.Widget.
func (r *reader) CreateRenderer() fyne.WidgetRenderer {
	r.edge = canvas.NewRectangle(look.Accent)
	r.edge.Hide()
	return &readerRenderer{r}
}

type readerRenderer struct{ r *reader }

func (x *readerRenderer) Destroy()                     {}
func (x *readerRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{x.r.edge} }
func (x *readerRenderer) MinSize() fyne.Size           { return fyne.Size{} }
func (x *readerRenderer) Layout(size fyne.Size) {
	x.r.edge.Resize(fyne.NewSize(ringWidth, size.Height))
}

func (x *readerRenderer) Refresh() {
	x.r.edge.Hidden = !x.r.focused
	canvas.Refresh(x.r)
}
