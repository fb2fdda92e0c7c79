package console

import (
	"image/color"
	"sync"

	"emtihan/assets/fonts"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// The colours, on white paper: every text has a contrast of at least 4.5 (WCAG 2.2, AA).
var (
	paper   = color.NRGBA{0xff, 0xff, 0xff, 0xff}
	ground  = color.NRGBA{0xf1, 0xf3, 0xf6, 0xff}
	ink     = color.NRGBA{0x1c, 0x22, 0x2b, 0xff}
	quiet   = color.NRGBA{0x4d, 0x57, 0x66, 0xff}
	hair    = color.NRGBA{0xd3, 0xd9, 0xe2, 0xff}
	accent  = color.NRGBA{0x0b, 0x4f, 0x9e, 0xff}
	tint    = color.NRGBA{0xdd, 0xe9, 0xf7, 0xff}
	good    = color.NRGBA{0x1b, 0x69, 0x38, 0xff}
	goodBg  = color.NRGBA{0xdf, 0xf2, 0xe5, 0xff}
	warn    = color.NRGBA{0x80, 0x4d, 0x00, 0xff}
	warnBg  = color.NRGBA{0xfd, 0xf0, 0xd5, 0xff}
	bad     = color.NRGBA{0x9e, 0x1b, 0x1b, 0xff}
	badBg   = color.NRGBA{0xfb, 0xe4, 0xe2, 0xff}
	nothing = color.NRGBA{}
)

// Theme is how the administrators' windows look: flat, since computers of test centres often have no graphics card and
// rounded or stroked surfaces are what costs time there.
type Theme struct{}

var _ fyne.Theme = Theme{}

// Color implements fyne.Theme.
func (Theme) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	switch name {
	case theme.ColorNameBackground, theme.ColorNameMenuBackground, theme.ColorNameOverlayBackground, theme.ColorNameInputBackground:
		return paper
	case theme.ColorNameForeground:
		return ink
	case theme.ColorNamePrimary, theme.ColorNameHyperlink:
		return accent
	case theme.ColorNameForegroundOnPrimary:
		return paper
	case theme.ColorNameFocus:
		// Laid over a button's own colour: its text must stay readable on what results.
		return color.NRGBA{0x1c, 0x22, 0x2b, 0x58}
	case theme.ColorNameSelection:
		return color.NRGBA{0xb8, 0xd3, 0xf2, 0xff}
	case theme.ColorNamePlaceHolder, theme.ColorNameDisabled:
		return quiet
	case theme.ColorNameSeparator:
		return hair
	case theme.ColorNameInputBorder:
		return quiet
	case theme.ColorNameButton, theme.ColorNameDisabledButton, theme.ColorNameHeaderBackground:
		return ground
	case theme.ColorNameHover, theme.ColorNamePressed:
		return tint
	case theme.ColorNameError:
		return bad
	case theme.ColorNameShadow:
		return color.NRGBA{0, 0, 0, 0x50}
	}
	return theme.DefaultTheme().Color(name, theme.VariantLight)
}

// Font implements fyne.Theme.
func (Theme) Font(s fyne.TextStyle) fyne.Resource {
	res := theme.DefaultTheme().Font(s)
	mended, ok := mendedFonts.Load(res.Name())
	if !ok {
		mended, _ = mendedFonts.LoadOrStore(res.Name(), fyne.NewStaticResource(res.Name(), fonts.Mend(res.Content())))
	}
	return mended.(fyne.Resource)
}

var mendedFonts sync.Map // by name: the toolkit asks at every text that it draws

// Icon implements fyne.Theme.
func (Theme) Icon(n fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(n) }

// Size implements fyne.Theme.
func (Theme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return 15
	case theme.SizeNameCaptionText:
		return 13
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius, theme.SizeNameScrollBarRadius, theme.SizeNameButtonRadius,
		theme.SizeNameDialogRadius, theme.SizeNamePopupRadius, theme.SizeNameMenuRadius, theme.SizeNameModalBlurRadius:
		return 0
	case theme.SizeNameInnerPadding:
		return 6
	case theme.SizeNameScrollBar:
		return 12
	case theme.SizeNameScrollBarSmall:
		return 6
	}
	return theme.DefaultTheme().Size(name)
}

// text returns one line of text.
func text(s string, c color.Color, size float32, bold bool) *canvas.Text {
	t := canvas.NewText(s, c)
	t.TextSize = size
	t.TextStyle.Bold = bold
	return t
}

// setText changes a line only if it differs: every change repaints the window.
func setText(t *canvas.Text, s string, c color.Color) {
	if t.Text != s || t.Color != c {
		t.Text, t.Color = s, c
		t.Refresh()
	}
}

func setFill(r *canvas.Rectangle, c color.Color) {
	if r.FillColor != c {
		r.FillColor = c
		r.Refresh()
	}
}

// wrapped returns text that wraps to the width that it gets.
func wrapped(s string) *widget.Label {
	l := widget.NewLabel(s)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// oneLine returns text that is cut with an ellipsis where it does not fit.
func oneLine(s string, bold bool) *widget.Label {
	l := widget.NewLabel(s)
	l.Truncation = fyne.TextTruncateEllipsis
	l.TextStyle.Bold = bold
	return l
}

// space returns an empty area.
func space(w, h float32) fyne.CanvasObject {
	r := canvas.NewRectangle(nothing)
	r.SetMinSize(fyne.NewSize(w, h))
	return r
}

func padded(x, y float32, o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedLayout(y, y, x, x), o)
}

// keys is told of a key before the widget that has the focus, and reports whether it took it.
type keys func(*fyne.KeyEvent) bool

// focusable is what the widgets of this package share: an identifier for the witness, and the window's keys, which the
// toolkit would give to the focused widget only.
type focusable struct {
	id      string
	keys    keys
	onFocus func(id string)
}

func (f *focusable) took(e *fyne.KeyEvent) bool { return f.keys != nil && f.keys(e) }

func (f *focusable) gained() {
	if f.onFocus != nil {
		f.onFocus(f.id)
	}
}

func isEnter(e *fyne.KeyEvent) bool { return e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter }

// entry is an entry that Tab always leaves.
type entry struct {
	widget.Entry
	focusable
	onEnter func()
	onLost  func()
}

func newEntry(f focusable) *entry {
	e := &entry{focusable: f}
	e.ExtendBaseWidget(e)
	return e
}

func (e *entry) AcceptsTab() bool { return false }

func (e *entry) TypedKey(k *fyne.KeyEvent) {
	switch {
	case e.took(k):
	case isEnter(k) && e.onEnter != nil:
		e.onEnter()
	default:
		e.Entry.TypedKey(k)
	}
}

func (e *entry) FocusGained() { e.Entry.FocusGained(); e.gained() }

func (e *entry) FocusLost() {
	e.Entry.FocusLost()
	if e.onLost != nil {
		e.onLost()
	}
}

// button is a button that Enter presses as well as Space.
type button struct {
	widget.Button
	focusable
}

func newButton(label string, f focusable, tapped func()) *button {
	b := &button{focusable: f}
	b.Text, b.OnTapped = label, tapped
	b.ExtendBaseWidget(b)
	return b
}

func (b *button) TypedKey(k *fyne.KeyEvent) {
	switch {
	case b.took(k):
	case isEnter(k):
		if !b.Disabled() && b.OnTapped != nil {
			b.OnTapped()
		}
	default:
		b.Button.TypedKey(k)
	}
}

func (b *button) FocusGained() { b.Button.FocusGained(); b.gained() }

// choice is a select whose arrow keys change the value without opening a list, and that Enter leaves.
type choice struct {
	widget.Select
	focusable
	onEnter func()
}

func newChoice(options []string, selected int, f focusable, changed func(int)) *choice {
	c := &choice{focusable: f}
	c.Options = options
	c.ExtendBaseWidget(c)
	if selected >= 0 {
		c.SetSelectedIndex(selected)
	}
	c.OnChanged = func(string) { changed(c.SelectedIndex()) }
	return c
}

func (c *choice) TypedKey(k *fyne.KeyEvent) {
	switch {
	case c.took(k):
	case isEnter(k) && c.onEnter != nil:
		c.onEnter()
	case k.Name == fyne.KeyDown:
		c.Select.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	case k.Name == fyne.KeyUp:
		c.Select.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	default:
		c.Select.TypedKey(k)
	}
}

func (c *choice) FocusGained() { c.Select.FocusGained(); c.gained() }

// list is a list in which Enter picks the row as Space does.
type list struct {
	widget.List
	focusable
}

func newList(f focusable, length func() int, create func() fyne.CanvasObject, update func(int, fyne.CanvasObject)) *list {
	l := &list{focusable: f}
	l.Length, l.CreateItem, l.UpdateItem = length, create, update
	l.HideSeparators = true
	l.ExtendBaseWidget(l)
	return l
}

func (l *list) TypedKey(k *fyne.KeyEvent) {
	switch {
	case l.took(k):
	case isEnter(k):
		l.List.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	default:
		l.List.TypedKey(k)
	}
}

func (l *list) FocusGained() { l.List.FocusGained(); l.gained() }
