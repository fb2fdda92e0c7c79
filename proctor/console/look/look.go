// Package look is how the administrators' windows look and take keys: one theme, flat and without strokes, and controls that the
// keyboard alone can work.
package look

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
	Paper   = color.NRGBA{0xff, 0xff, 0xff, 0xff}
	Ground  = color.NRGBA{0xf1, 0xf3, 0xf6, 0xff}
	Ink     = color.NRGBA{0x1c, 0x22, 0x2b, 0xff}
	Quiet   = color.NRGBA{0x4d, 0x57, 0x66, 0xff}
	Hair    = color.NRGBA{0xd3, 0xd9, 0xe2, 0xff}
	Accent  = color.NRGBA{0x0b, 0x4f, 0x9e, 0xff}
	Tint    = color.NRGBA{0xdd, 0xe9, 0xf7, 0xff}
	Good    = color.NRGBA{0x1b, 0x69, 0x38, 0xff}
	GoodBg  = color.NRGBA{0xdf, 0xf2, 0xe5, 0xff}
	Warn    = color.NRGBA{0x80, 0x4d, 0x00, 0xff}
	WarnBg  = color.NRGBA{0xfd, 0xf0, 0xd5, 0xff}
	Bad     = color.NRGBA{0x9e, 0x1b, 0x1b, 0xff}
	BadBg   = color.NRGBA{0xfb, 0xe4, 0xe2, 0xff}
	Nothing = color.NRGBA{}
)

// Theme is how the administrators' windows look: flat, since computers of test centres often have no graphics card and
// rounded or stroked surfaces are what costs time there.
type Theme struct{}

var _ fyne.Theme = Theme{}

// Color implements fyne.Theme.
func (Theme) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	switch name {
	case theme.ColorNameBackground, theme.ColorNameMenuBackground, theme.ColorNameOverlayBackground, theme.ColorNameInputBackground:
		return Paper
	case theme.ColorNameForeground:
		return Ink
	case theme.ColorNamePrimary, theme.ColorNameHyperlink:
		return Accent
	case theme.ColorNameForegroundOnPrimary:
		return Paper
	case theme.ColorNameFocus:
		// Laid over a button's own colour: its text must stay readable on what results.
		return color.NRGBA{0x1c, 0x22, 0x2b, 0x58}
	case theme.ColorNameSelection:
		return color.NRGBA{0xb8, 0xd3, 0xf2, 0xff}
	case theme.ColorNamePlaceHolder, theme.ColorNameDisabled:
		return Quiet
	case theme.ColorNameSeparator:
		return Hair
	case theme.ColorNameInputBorder:
		return Quiet
	case theme.ColorNameButton, theme.ColorNameDisabledButton, theme.ColorNameHeaderBackground:
		return Ground
	case theme.ColorNameHover, theme.ColorNamePressed:
		return Tint
	case theme.ColorNameError:
		return Bad
	case theme.ColorNameSuccess:
		return Good
	case theme.ColorNameWarning:
		return Warn
	case theme.ColorNameShadow:
		return color.NRGBA{0, 0, 0, 0x50}
	}
	return theme.DefaultTheme().Color(name, theme.VariantLight)
}

// Font implements fyne.Theme.
func (Theme) Font(s fyne.TextStyle) fyne.Resource {
	res := theme.DefaultTheme().Font(s)
	mended, ok := MendedFonts.Load(res.Name())
	if !ok {
		mended, _ = MendedFonts.LoadOrStore(res.Name(), fyne.NewStaticResource(res.Name(), fonts.Mend(res.Content())))
	}
	return mended.(fyne.Resource)
}

var MendedFonts sync.Map // by name: the toolkit asks at every text that it draws

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
func Text(s string, c color.Color, size float32, bold bool) *canvas.Text {
	t := canvas.NewText(s, c)
	t.TextSize = size
	t.TextStyle.Bold = bold
	return t
}

// setText changes a line only if it differs: every change repaints the window.
func SetText(t *canvas.Text, s string, c color.Color) {
	if t.Text != s || t.Color != c {
		t.Text, t.Color = s, c
		t.Refresh()
	}
}

func SetFill(r *canvas.Rectangle, c color.Color) {
	if r.FillColor != c {
		r.FillColor = c
		r.Refresh()
	}
}

// wrapped returns text that wraps to the width that it gets.
func Wrapped(s string) *widget.Label {
	l := widget.NewLabel(s)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// oneLine returns text that is cut with an ellipsis where it does not fit.
func OneLine(s string, bold bool) *widget.Label {
	l := widget.NewLabel(s)
	l.Truncation = fyne.TextTruncateEllipsis
	l.TextStyle.Bold = bold
	return l
}

// space returns an empty area.
func Space(w, h float32) fyne.CanvasObject {
	r := canvas.NewRectangle(Nothing)
	r.SetMinSize(fyne.NewSize(w, h))
	return r
}

func Padded(x, y float32, o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedLayout(y, y, x, x), o)
}

// keys is told of a key before the widget that has the focus, and reports whether it took it.
type Keys func(*fyne.KeyEvent) bool

// focusable is what the widgets of this package share: an identifier for the witness, and the window's keys, which the
// toolkit would give to the focused widget only.
type Focusable struct {
	ID      string
	Keys    Keys
	OnFocus func(id string)
}

// Name returns the control's identifier.
func (f *Focusable) Name() string { return f.ID }

func (f *Focusable) took(e *fyne.KeyEvent) bool { return f.Keys != nil && f.Keys(e) }

func (f *Focusable) gained() {
	if f.OnFocus != nil {
		f.OnFocus(f.ID)
	}
}

func IsEnter(e *fyne.KeyEvent) bool { return e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter }

// entry is an entry that Tab always leaves.
type Entry struct {
	widget.Entry
	Focusable
	OnEnter func()
	OnLost  func()
}

func NewEntry(f Focusable) *Entry {
	e := &Entry{Focusable: f}
	e.ExtendBaseWidget(e)
	return e
}

func (e *Entry) AcceptsTab() bool { return false }

func (e *Entry) TypedKey(k *fyne.KeyEvent) {
	switch {
	case e.took(k):
	case IsEnter(k) && e.OnEnter != nil:
		e.OnEnter()
	default:
		e.Entry.TypedKey(k)
	}
}

func (e *Entry) FocusGained() { e.Entry.FocusGained(); e.gained() }

func (e *Entry) FocusLost() {
	e.Entry.FocusLost()
	if e.OnLost != nil {
		e.OnLost()
	}
}

// button is a button that Enter presses as well as Space.
type Button struct {
	widget.Button
	Focusable
}

func NewButton(label string, f Focusable, tapped func()) *Button {
	b := &Button{Focusable: f}
	b.Text, b.OnTapped = label, tapped
	b.ExtendBaseWidget(b)
	return b
}

func (b *Button) TypedKey(k *fyne.KeyEvent) {
	switch {
	case b.took(k):
	case IsEnter(k):
		if !b.Disabled() && b.OnTapped != nil {
			b.OnTapped()
		}
	default:
		b.Button.TypedKey(k)
	}
}

func (b *Button) FocusGained() { b.Button.FocusGained(); b.gained() }

// choice is a select whose arrow keys change the value without opening a list, and that Enter leaves.
type Choice struct {
	widget.Select
	Focusable
	OnEnter func()
}

func NewChoice(options []string, selected int, f Focusable, changed func(int)) *Choice {
	c := &Choice{Focusable: f}
	c.Options = options
	c.ExtendBaseWidget(c)
	if selected >= 0 {
		c.SetSelectedIndex(selected)
	}
	c.OnChanged = func(string) { changed(c.SelectedIndex()) }
	return c
}

func (c *Choice) TypedKey(k *fyne.KeyEvent) {
	switch {
	case c.took(k):
	case IsEnter(k) && c.OnEnter != nil:
		c.OnEnter()
	case k.Name == fyne.KeyDown:
		c.Select.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	case k.Name == fyne.KeyUp:
		c.Select.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	default:
		c.Select.TypedKey(k)
	}
}

func (c *Choice) FocusGained() { c.Select.FocusGained(); c.gained() }

// list is a list in which Enter picks the row as Space does.
type List struct {
	widget.List
	Focusable
}

func NewList(f Focusable, length func() int, create func() fyne.CanvasObject, update func(int, fyne.CanvasObject)) *List {
	l := &List{Focusable: f}
	l.Length, l.CreateItem, l.UpdateItem = length, create, update
	l.HideSeparators = true
	l.ExtendBaseWidget(l)
	return l
}

func (l *List) TypedKey(k *fyne.KeyEvent) {
	switch {
	case l.took(k):
	case IsEnter(k):
		l.List.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	default:
		l.List.TypedKey(k)
	}
}

func (l *List) FocusGained() { l.List.FocusGained(); l.gained() }
