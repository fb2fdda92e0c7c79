package look

import (
	"image/color"

	"emtihan/station/editor/clipboard"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Keys is told of every key that goes down while one of this package's widgets has the focus, before the widget, and
// reports whether it took the key. A screen's function keys work everywhere that way.
type Keys func(*fyne.KeyEvent) bool

// Weight says how loud a button is.
type Weight int

// The weights.
const (
	Plain   Weight = iota
	Primary        // the step that a screen leads to; one per screen
	Danger         // what cannot be taken back
)

// Button is a flat button that Space, Enter and the mouse press.
type Button struct {
	widget.DisableableWidget
	Text     string
	Weight   Weight
	OnTapped func()
	Keys     Keys

	focused, hovered bool
	ground           *ground
	label            *canvas.Text
}

var (
	_ fyne.Focusable    = (*Button)(nil)
	_ desktop.Keyable   = (*Button)(nil)
	_ desktop.Hoverable = (*Button)(nil)
)

// NewButton returns a button.
func NewButton(text string, weight Weight, keys Keys, tapped func()) *Button {
	b := &Button{Text: text, Weight: weight, OnTapped: tapped, Keys: keys}
	b.ExtendBaseWidget(b)
	return b
}

// SetText changes the label.
func (b *Button) SetText(s string) {
	if b.Text != s {
		b.Text = s
		b.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	b.ground = newGround()
	b.label = canvas.NewText(b.Text, Ink)
	r := &buttonRenderer{b}
	r.Refresh()
	return r
}

// Tapped implements fyne.Tappable.
func (b *Button) Tapped(*fyne.PointEvent) { b.press() }

func (b *Button) press() {
	if !b.Disabled() && b.OnTapped != nil {
		b.OnTapped()
	}
}

// FocusGained implements fyne.Focusable.
func (b *Button) FocusGained() { b.focused = true; b.Refresh() }

// FocusLost implements fyne.Focusable.
func (b *Button) FocusLost() { b.focused = false; b.Refresh() }

// TypedRune implements fyne.Focusable.
func (b *Button) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (b *Button) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		b.press()
	}
}

// KeyDown implements desktop.Keyable.
func (b *Button) KeyDown(e *fyne.KeyEvent) {
	if b.Keys != nil && e.Name != fyne.KeyReturn && e.Name != fyne.KeyEnter && e.Name != fyne.KeySpace {
		b.Keys(e)
	}
}

// KeyUp implements desktop.Keyable.
func (b *Button) KeyUp(*fyne.KeyEvent) {}

// MouseIn implements desktop.Hoverable.
func (b *Button) MouseIn(*desktop.MouseEvent) { b.hovered = true; b.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (b *Button) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (b *Button) MouseOut() { b.hovered = false; b.Refresh() }

type buttonRenderer struct{ b *Button }

func (r *buttonRenderer) Destroy() {}
func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	return append(r.b.ground.objects(), r.b.label)
}

func (r *buttonRenderer) MinSize() fyne.Size {
	text := fyne.MeasureText(r.b.Text, textSize(), r.b.style())
	return fyne.NewSize(text.Width+32, text.Height+18)
}

func (b *Button) style() fyne.TextStyle { return fyne.TextStyle{Bold: b.Weight != Plain} }

func (r *buttonRenderer) Layout(size fyne.Size) {
	b := r.b
	b.ground.lay(size)
	text := fyne.MeasureText(b.Text, textSize(), b.style())
	b.label.Move(fyne.NewPos((size.Width-text.Width)/2, (size.Height-text.Height)/2))
	b.label.Resize(text)
}

func (r *buttonRenderer) Refresh() {
	b := r.b
	edge, back, ink := Edge, Desk, Ink
	switch b.Weight {
	case Primary:
		edge, back, ink = Accent, Accent, OnAccent
	case Danger:
		edge, back, ink = Bad, BadBg, Bad
	}
	switch {
	case b.Disabled():
		edge, back, ink = Desk, Desk, Quiet // without an edge: it is not the colour alone that tells
	case b.hovered && b.Weight == Plain:
		back = Tint
	case b.hovered:
		edge = Ink
	}
	b.ground.paint(edge, back, b.focused)
	b.label.Color = ink
	b.label.Text, b.label.TextSize, b.label.TextStyle = b.Text, textSize(), b.style()
	r.Layout(b.Size())
	b.ground.refresh()
	b.label.Refresh()
}

// Field is a text field that tells Keys of every key and keeps what is copied inside the exam: it neither reads nor writes
// the system's clipboard.
type Field struct {
	widget.Entry
	Keys Keys

	has bool // the focus
}

// NewField returns a field of one line, or of several where lines is greater than one.
func NewField(lines int, keys Keys) *Field {
	f := &Field{Keys: keys}
	f.ExtendBaseWidget(f)
	if lines > 1 {
		f.MultiLine = true
		f.Wrapping = fyne.TextWrapWord
		f.SetMinRowsVisible(lines)
	}
	return f
}

// NewSecret returns a field that shows dots, for an administrator's code.
func NewSecret(keys Keys) *Field {
	f := &Field{Keys: keys}
	f.Password = true
	nothing := canvas.NewRectangle(color.Transparent)
	f.ActionItem = nothing // in place of the toolkit's button that shows what was typed
	f.ExtendBaseWidget(f)
	return f
}

// fieldSide is the room between a field's frame and its text.
const fieldSide = 10

// CreateRenderer implements fyne.Widget: the toolkit's text in a frame of our own, because the toolkit's has no room at its sides
// and is a stroked rectangle.
func (f *Field) CreateRenderer() fyne.WidgetRenderer {
	return &fieldRenderer{f.Entry.CreateRenderer(), f, canvas.NewRectangle(Edge), canvas.NewRectangle(Paper)}
}

// FocusGained implements fyne.Focusable.
func (f *Field) FocusGained() { f.has = true; f.Entry.FocusGained() }

// FocusLost implements fyne.Focusable.
func (f *Field) FocusLost() { f.has = false; f.Entry.FocusLost() }

// MouseDown implements desktop.Mouseable: the toolkit's text lies further in than the toolkit knows.
func (f *Field) MouseDown(e *desktop.MouseEvent) {
	moved := *e
	moved.Position = e.Position.SubtractXY(fieldSide, 0)
	f.Entry.MouseDown(&moved)
}

// Dragged implements fyne.Draggable for a drag that begins beside the text, which hears of the others itself.
func (f *Field) Dragged(e *fyne.DragEvent) {
	moved := *e
	moved.Position = e.Position.SubtractXY(fieldSide, 0)
	f.Entry.Dragged(&moved)
}

type fieldRenderer struct {
	fyne.WidgetRenderer
	f           *Field
	edge, paper *canvas.Rectangle
}

// text is what the toolkit draws but for its ground and its frame, which come first.
func (r *fieldRenderer) text() []fyne.CanvasObject { return r.WidgetRenderer.Objects()[2:] }

func (r *fieldRenderer) Objects() []fyne.CanvasObject {
	return append([]fyne.CanvasObject{r.edge, r.paper}, r.text()...)
}

func (r *fieldRenderer) MinSize() fyne.Size {
	return r.WidgetRenderer.MinSize().AddWidthHeight(2*fieldSide, 0)
}

func (r *fieldRenderer) Layout(size fyne.Size) {
	const frame = 2
	r.edge.Resize(size)
	r.paper.Move(fyne.NewSquareOffsetPos(frame))
	r.paper.Resize(size.Subtract(fyne.NewSquareSize(2 * frame)))
	r.WidgetRenderer.Layout(size.SubtractWidthHeight(2*fieldSide, 0))
	for _, o := range r.text() {
		o.Move(o.Position().AddXY(fieldSide, 0))
	}
}

func (r *fieldRenderer) Refresh() {
	r.edge.FillColor, r.paper.FillColor = Edge, Paper
	if r.f.has {
		r.edge.FillColor = Accent
	}
	r.edge.Refresh()
	r.paper.Refresh()
	r.WidgetRenderer.Refresh()
}

// KeyDown implements desktop.Keyable.
func (f *Field) KeyDown(e *fyne.KeyEvent) {
	if f.Keys != nil && f.Keys(e) {
		return
	}
	f.Entry.KeyDown(e)
}

// AcceptsTab implements fyne.Tabbable: Tab goes on to the next field, or a keyboard alone could never leave this one.
func (f *Field) AcceptsTab() bool { return false }

// TappedSecondary does nothing: the stock menu offers the system's clipboard.
func (f *Field) TappedSecondary(*fyne.PointEvent) {}

// TypedShortcut implements fyne.Shortcutable.
func (f *Field) TypedShortcut(s fyne.Shortcut) {
	switch s.(type) {
	case *fyne.ShortcutPaste:
		s = &fyne.ShortcutPaste{Clipboard: inside}
	case *fyne.ShortcutCopy:
		s = &fyne.ShortcutCopy{Clipboard: inside}
	case *fyne.ShortcutCut:
		s = &fyne.ShortcutCut{Clipboard: inside}
	}
	f.Entry.TypedShortcut(s)
}

// inside is the clipboard of the exam, which all fields share.
var inside fyne.Clipboard = clipboard.Inside()

// ClearClipboard forgets what was copied, between one candidate and the next.
func ClearClipboard() { inside.SetContent("") }

// Option is one answer to choose: a mark, and a text that wraps.
type Option struct {
	widget.BaseWidget
	Text     string
	Many     bool // several options can be marked
	Chosen   bool
	OnTapped func()
	Keys     Keys

	focused, hovered bool
	ground           *ground
	mark             *canvas.Image
	label            *widget.Label
}

var (
	_ fyne.Focusable    = (*Option)(nil)
	_ desktop.Keyable   = (*Option)(nil)
	_ desktop.Hoverable = (*Option)(nil)
)

// NewOption returns an option.
func NewOption(text string, many, chosen bool, keys Keys, tapped func()) *Option {
	o := &Option{Text: text, Many: many, Chosen: chosen, OnTapped: tapped, Keys: keys}
	o.ExtendBaseWidget(o)
	return o
}

// SetChosen sets the mark.
func (o *Option) SetChosen(on bool) {
	if o.Chosen != on {
		o.Chosen = on
		o.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (o *Option) CreateRenderer() fyne.WidgetRenderer {
	o.ground = newGround()
	o.mark = canvas.NewImageFromResource(o.icon())
	o.mark.FillMode = canvas.ImageFillContain
	o.label = widget.NewLabel(o.Text)
	o.label.Wrapping = fyne.TextWrapWord
	r := &optionRenderer{o}
	r.Refresh()
	return r
}

func (o *Option) icon() fyne.Resource {
	switch {
	case o.Many && o.Chosen:
		return theme.CheckButtonCheckedIcon()
	case o.Many:
		return theme.CheckButtonIcon()
	case o.Chosen:
		return theme.RadioButtonCheckedIcon()
	}
	return theme.RadioButtonIcon()
}

// Tapped implements fyne.Tappable.
func (o *Option) Tapped(*fyne.PointEvent) { o.OnTapped() }

// FocusGained implements fyne.Focusable.
func (o *Option) FocusGained() { o.focused = true; o.Refresh() }

// FocusLost implements fyne.Focusable.
func (o *Option) FocusLost() { o.focused = false; o.Refresh() }

// TypedRune implements fyne.Focusable.
func (o *Option) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (o *Option) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		o.OnTapped()
	}
}

// KeyDown implements desktop.Keyable.
func (o *Option) KeyDown(e *fyne.KeyEvent) {
	if o.Keys != nil && e.Name != fyne.KeyReturn && e.Name != fyne.KeyEnter && e.Name != fyne.KeySpace {
		o.Keys(e)
	}
}

// KeyUp implements desktop.Keyable.
func (o *Option) KeyUp(*fyne.KeyEvent) {}

// MouseIn implements desktop.Hoverable.
func (o *Option) MouseIn(*desktop.MouseEvent) { o.hovered = true; o.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (o *Option) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (o *Option) MouseOut() { o.hovered = false; o.Refresh() }

type optionRenderer struct{ o *Option }

// optionMark is the side of an option's mark: it grows with the text.
func optionMark() float32 { return 1.6 * textSize() }

func (r *optionRenderer) Destroy() {}
func (r *optionRenderer) Objects() []fyne.CanvasObject {
	return append(r.o.ground.objects(), r.o.mark, r.o.label)
}

func (r *optionRenderer) MinSize() fyne.Size {
	least := r.o.label.MinSize()
	return fyne.NewSize(least.Width+optionMark()+28, max(least.Height, optionMark())+8)
}

func (r *optionRenderer) Layout(size fyne.Size) {
	o, side := r.o, optionMark()
	o.ground.lay(size)
	o.mark.Move(fyne.NewPos(14, (size.Height-side)/2))
	o.mark.Resize(fyne.NewSize(side, side))
	o.label.Resize(fyne.NewSize(size.Width-side-24, size.Height-8))
	least := o.label.MinSize()
	o.label.Move(fyne.NewPos(side+20, (size.Height-least.Height)/2))
}

func (r *optionRenderer) Refresh() {
	o := r.o
	edge, back := Desk, Desk
	if o.Chosen || o.hovered {
		back = Tint
	}
	if o.Chosen {
		edge = Edge
	}
	o.ground.paint(edge, back, o.focused)
	o.mark.Resource = o.icon()
	o.label.Text = o.Text
	o.label.TextStyle = fyne.TextStyle{Bold: o.Chosen}
	for _, x := range r.Objects() {
		x.Refresh()
	}
	r.Layout(o.Size())
}

// Cell is one task in the navigator: its number, and marks for answered and flagged. Shape says it as well as colour.
//
// Tab passes every cell by until it is made Reachable: a row of a hundred cells is better walked with the arrow keys, which
// OnKey hears of.
type Cell struct {
	widget.BaseWidget
	Text              string
	Answered, Flagged bool
	Current           bool
	Reachable         bool // the keyboard's focus can be set on it
	OnTapped          func()
	OnKey             func(*fyne.KeyEvent) // hears of every key but those that press the cell
	Keys              Keys

	focused, hovered bool
	ground           *ground
	under, flag      *canvas.Rectangle
	label            *canvas.Text
}

var (
	_ fyne.Focusable    = (*Cell)(nil)
	_ fyne.Disableable  = (*Cell)(nil)
	_ desktop.Keyable   = (*Cell)(nil)
	_ desktop.Hoverable = (*Cell)(nil)
)

// NewCell returns a cell.
func NewCell(text string, tapped func()) *Cell {
	c := &Cell{Text: text, OnTapped: tapped}
	c.ExtendBaseWidget(c)
	return c
}

// Set changes the marks.
func (c *Cell) Set(answered, flagged, current bool) {
	if c.Answered != answered || c.Flagged != flagged || c.Current != current {
		c.Answered, c.Flagged, c.Current = answered, flagged, current
		c.Refresh()
	}
}

// Tapped implements fyne.Tappable.
func (c *Cell) Tapped(*fyne.PointEvent) { c.press() }

func (c *Cell) press() {
	if c.OnTapped != nil {
		c.OnTapped()
	}
}

// Enable implements fyne.Disableable: it makes the cell Reachable.
func (c *Cell) Enable() { c.Reachable = true }

// Disable implements fyne.Disableable: Tab passes the cell by.
func (c *Cell) Disable() { c.Reachable = false }

// Disabled implements fyne.Disableable, which is how the toolkit asks whether Tab passes the cell by. The mouse presses it all
// the same.
func (c *Cell) Disabled() bool { return !c.Reachable }

// FocusGained implements fyne.Focusable.
func (c *Cell) FocusGained() { c.focused = true; c.Refresh() }

// FocusLost implements fyne.Focusable.
func (c *Cell) FocusLost() { c.focused = false; c.Refresh() }

// TypedRune implements fyne.Focusable.
func (c *Cell) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (c *Cell) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		c.press()
	default:
		if c.OnKey != nil {
			c.OnKey(e)
		}
	}
}

// KeyDown implements desktop.Keyable.
func (c *Cell) KeyDown(e *fyne.KeyEvent) {
	if c.Keys != nil && e.Name != fyne.KeyReturn && e.Name != fyne.KeyEnter && e.Name != fyne.KeySpace {
		c.Keys(e)
	}
}

// KeyUp implements desktop.Keyable.
func (c *Cell) KeyUp(*fyne.KeyEvent) {}

// MouseIn implements desktop.Hoverable.
func (c *Cell) MouseIn(*desktop.MouseEvent) { c.hovered = true; c.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (c *Cell) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (c *Cell) MouseOut() { c.hovered = false; c.Refresh() }

// CreateRenderer implements fyne.Widget.
func (c *Cell) CreateRenderer() fyne.WidgetRenderer {
	c.ground = newGround()
	c.under, c.flag = canvas.NewRectangle(Good), canvas.NewRectangle(Warn)
	c.label = canvas.NewText(c.Text, Ink)
	r := &cellRenderer{c}
	r.Refresh()
	return r
}

type cellRenderer struct{ c *Cell }

func (r *cellRenderer) Destroy() {}
func (r *cellRenderer) Objects() []fyne.CanvasObject {
	return append(r.c.ground.objects(), r.c.under, r.c.flag, r.c.label)
}

func (r *cellRenderer) MinSize() fyne.Size {
	t := fyne.MeasureText("000", textSize(), fyne.TextStyle{Bold: true})
	return fyne.NewSize(t.Width+12, t.Height+14)
}

func (r *cellRenderer) Layout(size fyne.Size) {
	c := r.c
	c.ground.lay(size)
	in := c.ground.inset()
	unit := textSize() / baseText
	bar, corner := 5*unit, fyne.NewSize(8*unit, 12*unit)
	if c.focused {
		// Within the ring the marks make room for the number.
		bar, corner = 3*unit, fyne.NewSize(4*unit, 9*unit)
	}
	c.under.Move(fyne.NewPos(in+1, size.Height-in-1-bar))
	c.under.Resize(fyne.NewSize(size.Width-2*in-2, bar))
	c.flag.Move(fyne.NewPos(size.Width-in-1-corner.Width, in+1))
	c.flag.Resize(corner)
	t := fyne.MeasureText(c.Text, textSize(), c.label.TextStyle)
	c.label.Move(fyne.NewPos((size.Width-t.Width)/2, (size.Height-t.Height)/2-1))
	c.label.Resize(t)
}

func (r *cellRenderer) Refresh() {
	c := r.c
	edge, back, ink, under, flag := Edge, Desk, Ink, Good, Warn
	switch {
	case c.Current:
		// Marks in colours would be lost on the accent.
		edge, back, ink, under, flag = Accent, Accent, OnAccent, OnAccent, OnAccent
	case c.hovered:
		back = Tint
	}
	c.ground.paint(edge, back, c.focused)
	c.label.Color, c.under.FillColor, c.flag.FillColor = ink, under, flag
	c.label.Text, c.label.TextSize = c.Text, textSize()
	c.label.TextStyle = fyne.TextStyle{Bold: c.Answered || c.Current}
	c.under.Hidden, c.flag.Hidden = !c.Answered, !c.Flagged
	r.Layout(c.Size())
	for _, o := range r.Objects() {
		o.Refresh()
	}
}

// Heading returns a title.
func Heading(s string) fyne.CanvasObject {
	l := widget.NewLabelWithStyle(s, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	l.SizeName = theme.SizeNameHeadingText
	l.Wrapping = fyne.TextWrapWord
	return l
}

// Body returns a paragraph that wraps.
func Body(s string) *widget.Label {
	l := widget.NewLabel(s)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// Strong returns a bold paragraph that wraps.
func Strong(s string) *widget.Label {
	l := Body(s)
	l.TextStyle = fyne.TextStyle{Bold: true}
	return l
}

// Note returns a small quiet paragraph that wraps.
func Note(s string) *widget.Label {
	l := Body(s)
	l.SizeName = theme.SizeNameCaptionText
	return l
}

// Tone is the mood of a banner.
type Tone int

// The tones.
const (
	Calm Tone = iota
	Fine
	Warning
	Trouble
)

// Banner is a paragraph on a coloured ground with a bar before it. Its words carry the message; the colour only helps.
type Banner struct {
	widget.BaseWidget
	tone      Tone
	text      *widget.Label
	back, bar *canvas.Rectangle
}

// NewBanner returns a banner; an empty text hides it.
func NewBanner(tone Tone, text string) *Banner {
	b := &Banner{tone: tone, text: Body(text), back: canvas.NewRectangle(Tint), bar: canvas.NewRectangle(Accent)}
	b.ExtendBaseWidget(b)
	b.paint()
	if text == "" {
		b.Hide()
	}
	return b
}

// Set changes tone and text; an empty text hides the banner.
func (b *Banner) Set(tone Tone, text string) {
	if text == "" {
		if b.text.Text != "" || b.Visible() {
			b.Hide()
			b.text.SetText("")
		}
		return
	}
	if b.tone == tone && b.text.Text == text && b.Visible() {
		return
	}
	b.tone = tone
	b.text.SetText(text)
	b.paint()
	b.Show()
	b.Refresh()
}

// Text returns what the banner says.
func (b *Banner) Text() string { return b.text.Text }

func (b *Banner) paint() {
	pairs := map[Tone][2]color.NRGBA{Calm: {Tint, Accent}, Fine: {GoodBg, Good}, Warning: {WarnBg, Warn}, Trouble: {BadBg, Bad}}
	b.back.FillColor, b.bar.FillColor = pairs[b.tone][0], pairs[b.tone][1]
	b.back.Refresh()
	b.bar.Refresh()
}

// Refresh takes the colours of the theme in use: a window may keep one banner over all its screens.
func (b *Banner) Refresh() {
	b.paint()
	b.BaseWidget.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (b *Banner) CreateRenderer() fyne.WidgetRenderer {
	b.bar.SetMinSize(fyne.NewSize(6, 0))
	return widget.NewSimpleRenderer(container.NewStack(b.back, container.NewBorder(nil, nil, b.bar, nil, b.text)))
}

// Sheet puts content on a white sheet in the middle of the desk: as wide as given at the text scale 1, wider with larger
// text, and never wider than the desk. What is too high scrolls. The foot, which may be nil, stays below it and does not scroll, so
// that the step to which a screen leads is always seen; a line parts it from content that goes on.
func Sheet(width float32, content, foot fyne.CanvasObject) fyne.CanvasObject {
	const side, above = 36, 28
	if foot == nil {
		paper := framed(Line, 1, container.New(layout.NewCustomPaddedLayout(above, above, side, side), content))
		return container.NewStack(canvas.NewRectangle(Desk), container.NewVScroll(container.New(&deskLayout{width: width}, paper)))
	}
	const line, below = 10, 20 // the foot takes little of what is to be read
	body := container.NewVScroll(container.New(layout.NewCustomPaddedLayout(above, 4, side, side), content))
	under := container.New(layout.NewCustomPaddedLayout(line, below, side, side), foot)
	paper := framed(Line, 1, container.New(footLayout{}, body, canvas.NewRectangle(Edge), under))
	return container.NewStack(canvas.NewRectangle(Desk), container.New(&deskLayout{width: width, footed: true}, paper))
}

// footLayout lays out what scrolls, a line, and what stays below. Its least height is that with nothing out of sight, so that
// whoever holds it hears of every change of it; it takes less.
type footLayout struct{}

func (footLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	body, under := objects[0].(*container.Scroll).Content.MinSize(), objects[2].MinSize()
	return fyne.NewSize(max(body.Width, under.Width), body.Height+under.Height)
}

func (footLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	body, line, under := objects[0].(*container.Scroll), objects[1], objects[2]
	// A wrapping text knows its height only at a width.
	under.Resize(fyne.NewSize(size.Width, under.Size().Height))
	low := under.MinSize().Height
	high := max(0, size.Height-low)
	body.Resize(fyne.NewSize(size.Width, high))
	body.Move(fyne.Position{})
	under.Resize(fyne.NewSize(size.Width, low))
	under.Move(fyne.NewPos(0, high))
	line.Resize(fyne.NewSize(size.Width, edgeWidth))
	line.Move(fyne.NewPos(0, high))
	if hides := body.Content.MinSize().Height > high+0.5; hides != line.Visible() {
		if hides {
			line.Show()
		} else {
			line.Hide()
		}
	}
}

// deskLayout lays one object out in the middle. Its height depends on its width, so the width that it last had counts for
// its least size. A footed one is never higher than the desk.
type deskLayout struct {
	width, desk float32
	footed      bool
}

const deskEdge = 16 // above and below the sheet

func (l *deskLayout) fit(o fyne.CanvasObject) float32 {
	width := max(l.width*textSize()/baseText, o.MinSize().Width)
	if l.desk > 0 {
		width = min(width, l.desk)
	}
	o.Resize(fyne.NewSize(width, o.Size().Height))
	return width
}

func (l *deskLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	l.fit(objects[0])
	least := objects[0].MinSize()
	if l.footed {
		return fyne.NewSize(least.Width, 2*deskEdge)
	}
	return fyne.NewSize(least.Width, least.Height+2*deskEdge)
}

func (l *deskLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.desk = size.Width
	width := l.fit(objects[0])
	height := objects[0].MinSize().Height
	if l.footed {
		height = max(0, min(height, size.Height-2*deskEdge))
	}
	objects[0].Resize(fyne.NewSize(width, height))
	objects[0].Move(fyne.NewPos((size.Width-width)/2, max(deskEdge, (size.Height-height)/2)))
}

// Overlay puts content on a white sheet over a screen: as large as it needs, and scrolling where the window is smaller. The
// foot, which may be nil, stays below it and does not scroll.
func Overlay(content, foot fyne.CanvasObject) fyne.CanvasObject {
	const side, above = 24, 18
	if foot == nil {
		body := container.New(layout.NewCustomPaddedLayout(above, above, side, side), content)
		paper := framed(Edge, sheetFrame, container.NewScroll(body))
		return container.NewStack(canvas.NewRectangle(Shade), container.New(overlayLayout{body}, paper))
	}
	body := container.New(layout.NewCustomPaddedLayout(above, above/2, side, side), content)
	under := container.New(layout.NewCustomPaddedLayout(above/2, above, side, side), foot)
	paper := framed(Edge, sheetFrame, container.NewBorder(nil, under, nil, nil, container.NewScroll(body)))
	return container.NewStack(canvas.NewRectangle(Shade), container.New(overlayLayout{container.NewBorder(nil, under, nil, nil, body)}, paper))
}

const sheetFrame = 2

// framed puts content on paper with a frame of the colour and width: what a sheet lies on may be as dark or as white as itself.
func framed(edge color.NRGBA, width float32, content fyne.CanvasObject) *fyne.Container {
	return container.NewStack(canvas.NewRectangle(edge), container.New(layout.NewCustomPaddedLayout(width, width, width, width),
		container.NewStack(canvas.NewRectangle(Paper), content)))
}

type overlayLayout struct{ content fyne.CanvasObject }

func (l overlayLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (l overlayLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	least := l.content.MinSize().AddWidthHeight(2*sheetFrame, 2*sheetFrame)
	fit := fyne.NewSize(min(least.Width, size.Width), min(least.Height, size.Height))
	for _, o := range objects {
		o.Resize(fit)
		o.Move(fyne.NewPos((size.Width-fit.Width)/2, (size.Height-fit.Height)/2))
	}
}

// Wide is Sheet for content that needs the height of the window.
func Wide(content fyne.CanvasObject) fyne.CanvasObject {
	return container.NewStack(canvas.NewRectangle(Paper), container.New(layout.NewCustomPaddedLayout(12, 12, 16, 16), content))
}

// Column puts objects below each other and scrolls them where they are too high, with room for the scroll bar beside them.
func Column(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return container.NewVScroll(container.New(layout.NewCustomPaddedLayout(0, 0, 0, theme.Size(theme.SizeNameScrollBar)), container.NewVBox(objects...)))
}

// Fixed gives content a width at the text scale 1, half as much more as the text has with larger text, and its least height
// at that width. Content that needs more gets more.
func Fixed(width float32, content fyne.CanvasObject) fyne.CanvasObject {
	return container.New(&widthLayout{width}, content)
}

type widthLayout struct{ width float32 }

func (l *widthLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	width, height := l.width*(1+textSize()/baseText)/2, float32(0)
	for _, o := range objects {
		width = max(width, o.MinSize().Width)
	}
	for _, o := range objects {
		// A wrapping text knows its height only at a width.
		o.Resize(fyne.NewSize(width, o.Size().Height))
		height = max(height, o.MinSize().Height)
	}
	return fyne.NewSize(width, height)
}

func (l *widthLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size)
		o.Move(fyne.NewPos(0, 0))
	}
}

// Rule returns a thin horizontal line.
func Rule() fyne.CanvasObject {
	r := canvas.NewRectangle(Line)
	r.SetMinSize(fyne.NewSize(0, 1))
	return r
}

// Gap returns empty space of the height.
func Gap(h float32) fyne.CanvasObject {
	r := canvas.NewRectangle(color.Transparent)
	r.SetMinSize(fyne.NewSize(1, h))
	return r
}

// Progress is a thin bar from empty to full.
type Progress struct {
	widget.BaseWidget
	value      float64
	back, done *canvas.Rectangle
}

// NewProgress returns an empty bar.
func NewProgress() *Progress {
	p := &Progress{back: canvas.NewRectangle(Line), done: canvas.NewRectangle(Accent)}
	p.ExtendBaseWidget(p)
	return p
}

// Set fills the bar up to v, from 0 to 1.
func (p *Progress) Set(v float64) {
	p.value = min(max(v, 0), 1)
	p.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (p *Progress) CreateRenderer() fyne.WidgetRenderer { return &progressRenderer{p} }

type progressRenderer struct{ p *Progress }

func (r *progressRenderer) Destroy()           {}
func (r *progressRenderer) MinSize() fyne.Size { return fyne.NewSize(40, 8) }
func (r *progressRenderer) Layout(s fyne.Size) {
	r.p.back.Resize(s)
	r.p.done.Resize(fyne.NewSize(s.Width*float32(r.p.value), s.Height))
}

func (r *progressRenderer) Refresh() {
	r.p.back.FillColor, r.p.done.FillColor = Line, Accent
	r.Layout(r.p.Size())
	r.p.back.Refresh()
	r.p.done.Refresh()
}

func (r *progressRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.p.back, r.p.done}
}
