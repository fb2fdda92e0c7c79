package look

import (
	"fmt"
	"image/color"
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

func show(t *testing.T, scale float32, o fyne.CanvasObject) fyne.Window {
	t.Helper()
	test.NewTempApp(t)
	Use(Setting{Percent: int(100 * scale)})
	w := test.NewTempWindow(t, container.NewVBox(o))
	w.Resize(fyne.NewSize(600, 300))
	return w
}

func TestButton(t *testing.T) {
	presses := 0
	b := NewButton("Енгізу", Primary, nil, func() { presses++ })
	show(t, 1, b)
	press := map[string]func(){
		"Space": func() { b.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace}) },
		"Enter": func() { b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn}) },
		"keypad Enter": func() {
			b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnter})
		},
		"mouse": func() { test.Tap(b) },
	}
	for name, f := range press {
		before := presses
		if f(); presses != before+1 {
			t.Errorf("%s pressed it %d times", name, presses-before)
		}
	}
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyA})
	b.TypedRune(' ')
	if presses != len(press) {
		t.Error("another key pressed it")
	}
	b.Disable()
	for name, f := range press {
		if f(); presses != len(press) {
			t.Errorf("disabled, it was pressed by %s", name)
		}
	}
	b.Enable()
	if test.Tap(b); presses != len(press)+1 {
		t.Error("enabled again, it cannot be pressed")
	}
	b.OnTapped = nil
	test.Tap(b) // a button without a deed is none, and no crash
}

func TestButtonShowsWhereTheFocusIs(t *testing.T) {
	b := NewButton("a", Plain, nil, nil)
	w := show(t, 1, b)
	if b.ground.gap.Visible() {
		t.Error("without the focus the ring is there")
	}
	w.Canvas().Focus(b)
	if !b.ground.gap.Visible() {
		t.Error("with the focus the ring is missing")
	}
	w.Canvas().Unfocus()
	if b.ground.gap.Visible() {
		t.Error("the ring stays")
	}
	b.SetText("much longer")
	if b.label.Text != "much longer" {
		t.Errorf("the label is %q", b.label.Text)
	}
	b.MouseIn(&desktop.MouseEvent{})
	if b.ground.back.FillColor != color.Color(Tint) {
		t.Error("under the mouse it looks as before")
	}
	b.MouseOut()
	if b.ground.back.FillColor != color.Color(Desk) {
		t.Error("the mouse has gone, its colour stays")
	}
}

// A screen's function keys work wherever the focus is, and what a widget needs itself stays with it.
func TestKeysArePassedOn(t *testing.T) {
	var got []fyne.KeyName
	keys := func(e *fyne.KeyEvent) bool { got = append(got, e.Name); return e.Name == fyne.KeyF3 }
	b, o, f := NewButton("a", Plain, keys, func() {}), NewOption("b", true, false, keys, func() {}), NewField(1, keys)
	show(t, 1, container.NewVBox(b, o, f))
	for _, w := range []desktop.Keyable{b, o, f} {
		got = nil
		w.KeyDown(&fyne.KeyEvent{Name: fyne.KeyF3})
		w.KeyUp(&fyne.KeyEvent{Name: fyne.KeyF3})
		if len(got) != 1 || got[0] != fyne.KeyF3 {
			t.Errorf("%T passes on %v", w, got)
		}
	}
	for _, w := range []desktop.Keyable{b, o} {
		got = nil
		for _, k := range []fyne.KeyName{fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter} {
			w.KeyDown(&fyne.KeyEvent{Name: k})
		}
		if len(got) != 0 {
			t.Errorf("%T passes on %v, which press it", w, got)
		}
	}
}

func TestOption(t *testing.T) {
	taps := 0
	for _, many := range []bool{true, false} {
		o := NewOption("Бірінші нұсқа", many, false, nil, func() { taps++ })
		show(t, 1, o)
		plain := o.mark.Resource.Name()
		o.SetChosen(true)
		if o.mark.Resource.Name() == plain {
			t.Errorf("many %v: the mark is the same whether chosen or not", many)
		}
		if !o.label.TextStyle.Bold || o.ground.back.FillColor != color.Color(Tint) {
			t.Errorf("many %v: chosen is told by the mark alone", many)
		}
		o.SetChosen(false)
		if o.mark.Resource.Name() != plain {
			t.Errorf("many %v: the mark stays", many)
		}
		taps = 0
		test.Tap(o)
		o.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
		o.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		o.TypedRune('x')
		if taps != 3 {
			t.Errorf("many %v: mouse, Space and Enter pressed it %d times", many, taps)
		}
	}
	one, many := NewOption("a", false, true, nil, nil), NewOption("a", true, true, nil, nil)
	if one.icon().Name() == many.icon().Name() {
		t.Error("one of several looks like several of several")
	}
}

func TestCellSaysMoreThanByColour(t *testing.T) {
	c := NewCell("7", func() {})
	show(t, 1, c)
	for _, tc := range []struct{ answered, flagged, current bool }{
		{}, {answered: true}, {flagged: true}, {true, true, false}, {current: true}, {true, true, true},
	} {
		c.Set(tc.answered, tc.flagged, tc.current)
		if c.under.Visible() != tc.answered || c.flag.Visible() != tc.flagged {
			t.Errorf("%+v: the bar is %v, the corner %v", tc, c.under.Visible(), c.flag.Visible())
		}
		if c.label.TextStyle.Bold != (tc.answered || tc.current) {
			t.Errorf("%+v: bold is %v", tc, c.label.TextStyle.Bold)
		}
		if (c.ground.back.FillColor == color.Color(Accent)) != tc.current {
			t.Errorf("%+v: the ground is %v", tc, c.ground.back.FillColor)
		}
	}
}

// A cell is out of Tab's way until it is made reachable, and then the keyboard does with it what the mouse does.
func TestCellByKeyboard(t *testing.T) {
	taps := 0
	var heard, passed []fyne.KeyName
	c := NewCell("7", func() { taps++ })
	c.OnKey = func(e *fyne.KeyEvent) { heard = append(heard, e.Name) }
	c.Keys = func(e *fyne.KeyEvent) bool { passed = append(passed, e.Name); return true }
	w := show(t, 1, c)
	if w.Canvas().Focus(c); c.focused {
		t.Error("it took the focus without being reachable")
	}
	if test.Tap(c); taps != 1 {
		t.Error("the mouse does not press it")
	}
	c.Enable()
	if w.Canvas().Focus(c); !c.focused || !c.ground.gap.Visible() {
		t.Fatal("reachable, it does not take or show the focus")
	}
	for _, k := range []fyne.KeyName{fyne.KeySpace, fyne.KeyReturn, fyne.KeyLeft, fyne.KeyF3} {
		c.KeyDown(&fyne.KeyEvent{Name: k})
		c.TypedKey(&fyne.KeyEvent{Name: k})
		c.KeyUp(&fyne.KeyEvent{Name: k})
	}
	if taps != 3 || len(heard) != 2 || heard[0] != fyne.KeyLeft || len(passed) != 2 || passed[1] != fyne.KeyF3 {
		t.Errorf("pressed %d times, heard %v, passed on %v", taps, heard, passed)
	}
}

func TestBanner(t *testing.T) {
	b := NewBanner(Calm, "")
	show(t, 1, b)
	if b.Visible() {
		t.Error("an empty banner is there")
	}
	grounds := make(map[color.Color]bool)
	for _, tone := range []Tone{Calm, Fine, Warning, Trouble} {
		b.Set(tone, "Диск толы")
		if !b.Visible() || b.Text() != "Диск толы" {
			t.Errorf("tone %d: visible %v, text %q", tone, b.Visible(), b.Text())
		}
		grounds[b.back.FillColor] = true
	}
	if len(grounds) != 4 {
		t.Errorf("four tones have %d grounds", len(grounds))
	}
	b.Set(Trouble, "")
	if b.Visible() || b.Text() != "" {
		t.Error("emptied, it stays")
	}
}

func TestProgress(t *testing.T) {
	p := NewProgress()
	show(t, 1, p)
	for v, want := range map[float64]float32{-1: 0, 0: 0, 0.5: 0.5, 1: 1, 7: 1, math.Inf(1): 1} {
		p.Set(v)
		if got := p.done.Size().Width / p.Size().Width; math.Abs(float64(got-want)) > 0.01 {
			t.Errorf("%v fills %v", v, got)
		}
	}
}

// The text of a field stands off its frame, the frame tells the focus, and the mouse finds the letters.
func TestFieldStandsOffItsFrame(t *testing.T) {
	for _, scale := range []float32{1, 2} {
		one, many, secret := NewField(1, nil), NewField(3, nil), NewSecret(nil)
		w := show(t, scale, container.NewVBox(one, many, secret))
		for _, f := range []*Field{one, many, secret} {
			f.SetText("900101 100004")
			var text *canvas.Text
			for _, o := range test.LaidOutObjects(f) {
				if x, ok := o.(*canvas.Text); ok && x.Visible() && x.Text != "" {
					text = x
				}
			}
			if text == nil {
				t.Fatal("no text in the field")
			}
			at := func(o fyne.CanvasObject) fyne.Position {
				return fyne.CurrentApp().Driver().AbsolutePositionForObject(o)
			}
			left := at(text).X - at(f).X
			if left < 10 || left > 24 {
				t.Errorf("scale %v: the text begins %v from the edge", scale, left)
			}
			framed := func() color.Color { return test.WidgetRenderer(f).Objects()[0].(*canvas.Rectangle).FillColor }
			if framed() != color.Color(Edge) {
				t.Errorf("scale %v: without the focus the frame is %v", scale, framed())
			}
			for _, column := range []int{0, 3, 13} {
				if f == secret {
					break // the toolkit takes the letters for as wide as they were without the dots
				}
				x := left + fyne.MeasureText(text.Text[:len(text.Text)*column/13], text.TextSize, text.TextStyle).Width + 1
				f.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, at(text).Y-at(f).Y+3)}, Button: desktop.MouseButtonPrimary})
				if f.CursorColumn != column {
					t.Errorf("scale %v: a click at %v leads behind letter %d, not %d", scale, x, f.CursorColumn, column)
				}
			}
			w.Canvas().Focus(f)
			if framed() != color.Color(Accent) {
				t.Errorf("scale %v: with the focus the frame is %v", scale, framed())
			}
			w.Canvas().Unfocus()
		}
	}
}

// An administrator's code cannot be made visible, nor copied.
func TestSecret(t *testing.T) {
	f := NewSecret(nil)
	show(t, 1, f)
	for _, r := range "2468" {
		f.TypedRune(r)
	}
	if f.Text != "2468" {
		t.Fatalf("it holds %q", f.Text)
	}
	for _, o := range test.LaidOutObjects(f) {
		if name := fmt.Sprintf("%T", o); strings.Contains(name, "Revealer") {
			t.Errorf("it has the toolkit's button that shows what was typed, %s", name)
		}
	}
	ClearClipboard()
	f.TypedShortcut(&fyne.ShortcutSelectAll{})
	f.TypedShortcut(&fyne.ShortcutCopy{})
	if got := inside.Content(); got != "" {
		t.Errorf("the code was copied: %q", got)
	}
}

// Whatever is pressed is at least 32 by 32, where WCAG 2.2, 2.5.8 (AA) asks for 24, and grows with the text.
func TestTargetSizes(t *testing.T) {
	var last []fyne.Size
	for _, scale := range []float32{1, 2} {
		b, o, c, f := NewButton("a", Plain, nil, nil), NewOption("a", false, false, nil, func() {}), NewCell("1", func() {}), NewField(1, nil)
		show(t, scale, container.NewVBox(b, o, c, f))
		// A field is as wide as its place.
		sizes := []fyne.Size{b.MinSize(), o.MinSize(), c.MinSize(), f.MinSize().Max(fyne.NewSize(32, 0))}
		for i, s := range sizes {
			if s.Width < 32 || s.Height < 32 {
				t.Errorf("scale %v: target %d has %v", scale, i, s)
			}
			if last != nil && s.Height <= last[i].Height {
				t.Errorf("target %d does not grow with the text: %v, then %v", i, last[i], s)
			}
		}
		last = sizes
	}
}

func TestThemeScales(t *testing.T) {
	for _, name := range []fyne.ThemeSizeName{theme.SizeNameText, theme.SizeNameHeadingText, theme.SizeNameSubHeadingText, theme.SizeNameCaptionText} {
		one, two := (Theme{Scale: 1}).Size(name), (Theme{Scale: 2}).Size(name)
		if two != 2*one || one < 12 {
			t.Errorf("%s has %v at 1 and %v at 2", name, one, two)
		}
		if zero := (Theme{}).Size(name); zero != one {
			t.Errorf("%s has %v without a scale", name, zero)
		}
	}
}

// A sheet that is higher than the window scrolls; one that is lower stands in the middle; none is wider than the window.
func TestSheetFits(t *testing.T) {
	for _, scale := range []float32{1, 2} {
		lines := container.NewVBox()
		for range 40 {
			lines.Add(Body("Емтихан тапсырушы өз орнында отырады және әкімшіні күтеді, ал жұмысы сақталады."))
		}
		for name, content := range map[string]fyne.CanvasObject{"high": lines, "low": Body("Дайын")} {
			show(t, scale, Gap(1))
			sheet := Sheet(900, content, nil)
			w := test.NewTempWindow(t, sheet)
			w.SetPadded(false)
			for range 2 {
				w.Resize(fyne.NewSize(1366, 768))
				sheet.Refresh()
			}
			scroll := sheet.(*fyne.Container).Objects[1].(*container.Scroll)
			paper := scroll.Content.(*fyne.Container).Objects[0]
			if paper.Size().Width > 1366 || paper.Size().Width < 900 {
				t.Errorf("%s, scale %v: the sheet is %v wide", name, scale, paper.Size().Width)
			}
			if paper.Size().Height < paper.MinSize().Height {
				t.Errorf("%s, scale %v: the sheet has %v and needs %v", name, scale, paper.Size(), paper.MinSize())
			}
			if high := scroll.Content.Size().Height > 768; high != (name == "high") {
				t.Errorf("%s, scale %v: it scrolls: %v", name, scale, high)
			}
		}
	}
}

// The foot of a sheet never leaves the window, and what is above it scrolls where it has no room; a line then parts them.
func TestSheetKeepsItsFoot(t *testing.T) {
	for _, scale := range []float32{1, 2} {
		for name, n := range map[string]int{"high": 40, "low": 1} {
			show(t, scale, Gap(1))
			lines := container.NewVBox()
			for range n {
				lines.Add(Body("Емтихан тапсырушы өз орнында отырады және әкімшіні күтеді, ал жұмысы сақталады."))
			}
			foot := NewButton("Растаймын", Primary, nil, nil)
			sheet := Sheet(820, lines, foot)
			w := test.NewTempWindow(t, sheet)
			w.SetPadded(false)
			settle := func() {
				for range 2 {
					w.Resize(fyne.NewSize(1366, 560))
					sheet.Refresh()
				}
			}
			settle()
			scroll := scrollIn(sheet)
			high := n > 1
			check := func(when string) {
				t.Helper()
				at := func(o fyne.CanvasObject) float32 { return fyne.CurrentApp().Driver().AbsolutePositionForObject(o).Y }
				if top, end := at(foot), at(foot)+foot.Size().Height; top < at(scroll)+scroll.Size().Height || end > 560-deskEdge || foot.Size().Height < foot.MinSize().Height {
					t.Errorf("%s, scale %v, %s: the foot lies from %v to %v, what scrolls ends at %v", name, scale, when, top, end, at(scroll)+scroll.Size().Height)
				}
				if hides := scroll.Content.MinSize().Height > scroll.Size().Height; hides != high {
					t.Errorf("%s, scale %v, %s: %v of %v are in sight", name, scale, when, scroll.Size().Height, scroll.Content.MinSize().Height)
				}
				line := false
				for _, o := range test.LaidOutObjects(sheet) {
					if r, ok := o.(*canvas.Rectangle); ok && r.Visible() && r.FillColor == color.Color(Edge) && r.Size().Height == edgeWidth {
						line = true
					}
				}
				if line != high {
					t.Errorf("%s, scale %v, %s: the line is there: %v", name, scale, when, line)
				}
			}
			check("at first")
			if !high {
				for range 40 {
					lines.Add(Body("Дайын"))
				}
				high = true
				settle()
				check("with more")
			}
		}
	}
}

func TestOverlayFits(t *testing.T) {
	show(t, 1, Gap(1))
	for _, foot := range []fyne.CanvasObject{nil, Strong("Close")} {
		for _, size := range []fyne.Size{{Width: 200, Height: 100}, {Width: 2000, Height: 100}, {Width: 200, Height: 2000}} {
			content := Gap(0)
			content.(interface{ SetMinSize(fyne.Size) }).SetMinSize(size)
			over := Overlay(content, foot)
			over.Resize(fyne.NewSize(1366, 768))
			sheet := over.(*fyne.Container).Objects[1].(*fyne.Container).Objects[0]
			scroll := scrollIn(sheet)
			if sheet.Size().Width > 1366 || sheet.Size().Height > 768 {
				t.Errorf("%v lies on %v, beyond the window", size, sheet.Size())
			}
			below := float32(0)
			if foot != nil {
				below = foot.Size().Height
				if bottom := fyne.CurrentApp().Driver().AbsolutePositionForObject(foot).Y + below; below == 0 || bottom > 768 {
					t.Errorf("%v: the foot ends at %v", size, bottom)
				}
			}
			if want := scroll.Content.MinSize(); scroll.Size().Width < min(want.Width, 1366-2*sheetFrame) || want.Height < 700 && scroll.Size().Height < want.Height {
				t.Errorf("%v needs %v and has %v", size, want, scroll.Size())
			}
		}
	}
}

func scrollIn(o fyne.CanvasObject) *container.Scroll {
	switch o := o.(type) {
	case *container.Scroll:
		return o
	case *fyne.Container:
		for _, x := range o.Objects {
			if s := scrollIn(x); s != nil {
				return s
			}
		}
	}
	return nil
}
