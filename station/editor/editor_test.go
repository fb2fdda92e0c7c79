package editor

import (
	"image"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"emtihan/station/editor/clipboard"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
)

// apply does what the attempt does with an edit.
func apply(t interface{ Fatalf(string, ...any) }, s string, e Edit) string {
	runes := []rune(s)
	if e.Position < 0 || e.Removed < 0 || e.Position+e.Removed > len(runes) {
		t.Fatalf("the edit %+v lies outside %q", e, s)
	}
	return string(runes[:e.Position]) + e.Inserted + string(runes[e.Position+e.Removed:])
}

// desk is an editor in a window, and what its edits replay to.
type desk struct {
	*testing.T
	*Editor
	win    fyne.Window
	edits  []Edit
	replay string
	refuse bool
}

func newDesk(t *testing.T, text string, multiline bool) *desk {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(look.Theme{})
	clipboard.Inside().Clear()
	d := &desk{T: t, replay: text}
	d.Editor = New(text, multiline, nil, func(e Edit, next string) bool {
		if d.refuse {
			return false
		}
		d.edits = append(d.edits, e)
		d.replay = apply(t, d.replay, e)
		if d.replay != next {
			t.Errorf("the edits make %q, the editor says %q", d.replay, next)
		}
		return true
	})
	d.win = test.NewTempWindow(t, container.New(layout.NewCustomPaddedLayout(10, 10, 20, 20), d.Editor))
	d.win.SetPadded(false)
	d.win.Resize(fyne.NewSize(360, 300))
	d.win.Canvas().Focus(d.Editor)
	return d
}

func (d *desk) write(s string) {
	for _, r := range s {
		if r == '\n' {
			d.key(fyne.KeyReturn)
		} else {
			d.TypedRune(r)
		}
	}
}

func (d *desk) key(names ...fyne.KeyName) {
	for _, n := range names {
		d.TypedKey(&fyne.KeyEvent{Name: n})
	}
}

// shifted presses keys while Shift is held.
func (d *desk) shifted(names ...fyne.KeyName) {
	d.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	d.key(names...)
	d.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
}

func (d *desk) ctrl(extra fyne.KeyModifier, names ...fyne.KeyName) {
	for _, n := range names {
		d.TypedShortcut(&desktop.CustomShortcut{KeyName: n, Modifier: fyne.KeyModifierControl | extra})
	}
}

func (d *desk) holds(want string) {
	d.Helper()
	if d.Content() != want || d.replay != want {
		d.Errorf("the editor holds %q, its edits make %q; want %q", d.Content(), d.replay, want)
	}
}

func (d *desk) stands(caret int, selected string) {
	d.Helper()
	if d.Caret() != caret || d.SelectedText() != selected {
		d.Errorf("the caret stands behind %d runes with %q selected, want %d and %q", d.Caret(), d.SelectedText(), caret, selected)
	}
}

// place returns where on the widget a place in a row is.
func (d *desk) place(row, off int) fyne.Position {
	d.ready()
	v := &d.view
	x := d.lay.setter.Line(d.lay.runes(d.lay.row(row))).X(off)
	return fyne.NewPos((float32(v.textX)+x-d.left)/v.scale, (float32(v.padY)+(float32(row-d.top)+0.5)*float32(v.line))/v.scale)
}

func (d *desk) click(p fyne.Position, mod fyne.KeyModifier) {
	e := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary, Modifier: mod}
	e.Position = p
	d.MouseDown(e)
	d.MouseUp(e)
}

func (d *desk) press(p fyne.Position) {
	e := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary}
	e.Position = p
	d.MouseDown(e)
}

func (d *desk) drag(p fyne.Position) {
	d.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: p}})
}

func TestEveryKeyIsAnEdit(t *testing.T) { // R11
	d := newDesk(t, "", true)
	const s = "Ғылым — білім.\nЙ е\u0301 🌳"
	d.write(s)
	d.holds(s)
	if n := len([]rune(s)); len(d.edits) != n {
		t.Errorf("%d keys made %d edits", n, len(d.edits))
	}
	d.key(fyne.KeyBackspace)
	d.holds(strings.TrimSuffix(s, "🌳"))
	if want := (Edit{Position: len([]rune(s)) - 1, Removed: 1}); d.edits[len(d.edits)-1] != want {
		t.Errorf("Backspace made %+v, want %+v", d.edits[len(d.edits)-1], want)
	}
	d.key(fyne.KeyHome, fyne.KeyDelete)
	d.holds("Ғылым — білім.\n е\u0301 ")
	d.key(fyne.KeyDelete, fyne.KeyDelete)
	d.holds("Ғылым — білім.\n ") // a letter and its accent go at once
	before := len(d.edits)
	d.key(fyne.KeyLeft, fyne.KeyUp, fyne.KeyEnd, fyne.KeyPageUp)
	if len(d.edits) != before {
		t.Error("moving the caret made an edit")
	}
	for range 20 {
		d.TypedShortcut(&fyne.ShortcutUndo{})
	}
	d.holds("")
	for range 20 {
		d.ctrl(fyne.KeyModifierShift, fyne.KeyZ)
	}
	d.holds("Ғылым — білім.\n ")
	d.TypedShortcut(&fyne.ShortcutUndo{})
	d.TypedShortcut(&fyne.ShortcutRedo{})
	d.holds("Ғылым — білім.\n ")
	for _, r := range []rune{0, 7, '\t', '\n', 0x7f, utf8.RuneError} {
		d.TypedRune(r)
	}
	d.key(fyne.KeyTab, fyne.KeyEscape, fyne.KeyF2, "")
	d.holds("Ғылым — білім.\n ")
}

// What was typed is kept as it was typed: no normalisation.
func TestNothingIsNormalised(t *testing.T) { // R11
	for _, s := range []string{"й", "и\u0306", "é", "e\u0301", "ﬁ", "Å", "\u212b"} {
		d := newDesk(t, "", true)
		d.write(s)
		d.holds(s)
	}
}

func TestRefusedChangeIsUndone(t *testing.T) { // R11
	d := newDesk(t, "бір екі", true)
	d.key(fyne.KeyRight, fyne.KeyRight, fyne.KeyRight)
	d.refuse = true
	d.write("x")
	d.holds("бір екі")
	d.stands(3, "")
	d.key(fyne.KeyBackspace)
	d.holds("бір екі")
	d.SetText("басқа")
	d.holds("бір екі")
	d.stands(3, "")
	d.refuse = false
	d.write("!")
	d.holds("бір! екі")
	d.Replace("бір! жаңа")
	if n := len(d.edits); n != 1 {
		t.Errorf("Replace was reported as an edit: %+v", d.edits)
	}
	if d.Content() != "бір! жаңа" {
		t.Errorf("the editor holds %q", d.Content())
	}
	d.stands(4, "")
	d.Apply(Edit{Removed: 1, Inserted: "қ"})
	d.TypedShortcut(&fyne.ShortcutUndo{})
	if d.Content() != "қір! жаңа" || len(d.edits) != 1 {
		t.Errorf("after an edit from the log there is %q and %+v", d.Content(), d.edits)
	}
}

func TestSetTextIsAnEdit(t *testing.T) {
	d := newDesk(t, "бір екі", true)
	d.SetText("бір үш екі")
	d.holds("бір үш екі")
	d.SetText("бір үш екі")
	if len(d.edits) != 1 {
		t.Errorf("%+v", d.edits)
	}
	d.TypedShortcut(&fyne.ShortcutUndo{})
	d.holds("бір екі")
}

// R11: the caret goes wherever the last edit can have ended, whatever the wrapping makes of the text.
func TestPlaceCaret(t *testing.T) {
	word := "сөйлемдегі "
	for name, text := range map[string]string{
		"empty":      "",
		"one line":   "сөз",
		"wrapped":    strings.Repeat(word, 30),
		"paragraphs": "бір\nекі\n\nүш\n",
		"both":       strings.Repeat(word, 12) + "\n\n" + strings.Repeat(word, 12) + "\n" + strings.Repeat("ұ", 200) + "\n",
		"emoji":      strings.Repeat("🌳 е\u0301 ", 40),
		"only lines": "\n\n\n",
	} {
		for _, multiline := range []bool{true, false} {
			d := newDesk(t, text, multiline)
			runes := []rune(text)
			for caret := 0; caret <= len(runes); caret++ {
				want := caret
				if caret < len(runes) && runes[caret] == 0x301 {
					want++ // a caret never stands between a letter and its accent
				}
				d.PlaceCaret(caret)
				if got := d.Caret(); got != want {
					t.Fatalf("%s: placed behind %d runes, it stands behind %d", name, caret, got)
				}
				if i, _ := d.find(); multiline && (i < d.top || i >= d.top+d.view.rows) {
					t.Fatalf("%s: placed behind %d runes it stands in row %d, seen are %d from %d on", name, caret, i, d.view.rows, d.top)
				}
			}
			for _, caret := range []int{len(runes) + 1, 1 << 30} {
				if d.PlaceCaret(caret); d.Caret() != len(runes) {
					t.Errorf("%s: placed behind %d runes of %d, it stands behind %d", name, caret, len(runes), d.Caret())
				}
			}
			d.PlaceCaret(len(runes) / 2)
			at := d.Caret()
			d.write("Ә")
			d.holds(string(slices.Insert(slices.Clone(runes), at, 'Ә')))
		}
	}
	e := New("бір\nекі", true, nil, nil)
	e.PlaceCaret(5) // before it has a size
	if e.Caret() != 5 {
		t.Errorf("without a window the caret stands behind %d runes", e.Caret())
	}
}

// R13: nothing goes out of the exam or comes in by the system's clipboard, the selection of X or by dropping.
func TestClipboardStaysInside(t *testing.T) {
	d := newDesk(t, "құпия", true)
	system := test.NewClipboard()
	d.TypedShortcut(&fyne.ShortcutSelectAll{})
	d.TypedShortcut(&fyne.ShortcutCopy{Clipboard: system})
	if got := system.Content(); got != "" {
		t.Errorf("Ctrl+C wrote %q to the system's clipboard", got)
	}
	d.TypedShortcut(&fyne.ShortcutCut{Clipboard: system})
	if got := system.Content(); got != "" {
		t.Errorf("Ctrl+X wrote %q to the system's clipboard", got)
	}
	d.holds("")
	system.SetContent("from outside")
	d.TypedShortcut(&fyne.ShortcutPaste{Clipboard: system})
	d.TypedShortcut(&fyne.ShortcutPaste{Clipboard: system, Secondary: true})
	d.holds("құпияқұпия")
	for _, b := range []desktop.MouseButton{desktop.MouseButtonTertiary, desktop.MouseButtonSecondary} {
		e := &desktop.MouseEvent{Button: b}
		e.Position = d.place(0, 2)
		caret := d.Caret()
		d.MouseDown(e)
		d.MouseUp(e)
		if d.win.Canvas().Overlays().Top() != nil || d.Caret() != caret {
			t.Errorf("the mouse button %v does something", b)
		}
	}
	d.holds("құпияқұпия")
	var o any = d.Editor
	if _, takes := o.(fyne.SecondaryTappable); takes {
		t.Error("the right mouse button has a menu")
	}
	clipboard.Inside().Clear()
	d.TypedShortcut(&fyne.ShortcutPaste{Clipboard: system})
	d.holds("құпияқұпия")
	if got := fyne.CurrentApp().Clipboard().Content(); got != "" {
		t.Errorf("the application's clipboard holds %q", got)
	}
	d.TypedShortcut(&fyne.ShortcutCopy{}) // nothing is selected
	d.TypedShortcut(&fyne.ShortcutCut{})
	d.TypedShortcut(&fyne.ShortcutPaste{})
	d.holds("құпияқұпия")
}

// Fields share what was copied; a single line has no line breaks.
func TestPasteIntoAnotherField(t *testing.T) {
	d := newDesk(t, "бір\nекі", true)
	d.TypedShortcut(&fyne.ShortcutSelectAll{})
	d.TypedShortcut(&fyne.ShortcutCopy{})
	one := New("", false, nil, nil)
	one.TypedShortcut(&fyne.ShortcutPaste{})
	if got := one.Content(); got != "бір екі" {
		t.Errorf("the single line holds %q", got)
	}
	one.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if got := one.Content(); got != "бір екі" {
		t.Errorf("after Enter the single line holds %q", got)
	}
	d.key(fyne.KeyRight)
	d.TypedShortcut(&fyne.ShortcutPaste{})
	d.holds("бір\nекібір\nекі")
	d.TypedShortcut(&fyne.ShortcutUndo{})
	d.holds("бір\nекі")
}

func TestReadOnly(t *testing.T) { // R24
	d := newDesk(t, "бір екі", true)
	d.ReadOnly = true
	d.TypedShortcut(&fyne.ShortcutSelectAll{})
	d.TypedShortcut(&fyne.ShortcutCopy{})
	d.TypedShortcut(&fyne.ShortcutCut{})
	d.TypedShortcut(&fyne.ShortcutPaste{})
	d.TypedShortcut(&fyne.ShortcutUndo{})
	d.TypedShortcut(&fyne.ShortcutRedo{})
	d.write("x\n")
	d.key(fyne.KeyBackspace, fyne.KeyDelete)
	d.ctrl(0, fyne.KeyBackspace, fyne.KeyDelete)
	d.holds("бір екі")
	if got := clipboard.Inside().Content(); got != "бір екі" {
		t.Errorf("copied was %q", got)
	}
}

func TestKeysMoveAndSelect(t *testing.T) {
	const s = "Бірінші сөйлем.\n\nЕкінші «сөз» соңы"
	n := len([]rune(s))
	d := newDesk(t, s, true)
	d.ctrl(0, fyne.KeyEnd)
	d.stands(n, "")
	d.ctrl(0, fyne.KeyLeft)
	d.stands(n-4, "")
	d.ctrl(fyne.KeyModifierShift, fyne.KeyRight)
	d.stands(n, "соңы")
	d.key(fyne.KeyLeft)
	d.stands(n-4, "")
	d.shifted(fyne.KeyLeft, fyne.KeyLeft)
	d.stands(n-6, "» ")
	d.key(fyne.KeyRight)
	d.stands(n-4, "")
	d.ctrl(0, fyne.KeyUp)
	d.stands(17, "")
	d.ctrl(0, fyne.KeyUp)
	d.stands(16, "")
	d.ctrl(0, fyne.KeyDown)
	d.stands(17, "")
	d.ctrl(0, fyne.KeyDown)
	d.stands(n, "")
	d.ctrl(fyne.KeyModifierShift, fyne.KeyHome)
	d.stands(0, s)
	d.write("Ж")
	d.holds("Ж")
	d.TypedShortcut(&fyne.ShortcutUndo{})
	d.holds(s)
	d.stands(0, s)
	d.ctrl(0, fyne.KeyEnd, fyne.KeyBackspace)
	d.holds("Бірінші сөйлем.\n\nЕкінші «сөз» ")
	d.ctrl(0, fyne.KeyHome, fyne.KeyDelete)
	d.holds("сөйлем.\n\nЕкінші «сөз» ")
	d.shifted(fyne.KeyEnd)
	d.stands(7, "сөйлем.")
	d.shifted(fyne.KeyHome)
	d.stands(0, "")
	d.shifted(fyne.KeyDown, fyne.KeyDown)
	d.stands(9, "сөйлем.\n\n")
	d.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyLeft, Modifier: fyne.KeyModifierAlt}) // not ours
	d.stands(9, "сөйлем.\n\n")
	d.FocusLost()
	d.FocusGained()
	d.key(fyne.KeyUp)
	d.stands(8, "")
}

// Home and End keep to the rows that are seen, and a place where a paragraph is broken is the end of the one row as well as
// the beginning of the next.
func TestHomeAndEndOfRows(t *testing.T) {
	d := newDesk(t, strings.Repeat("сөйлемдегі ", 20), true)
	d.key(fyne.KeyDown)
	d.ready()
	r := d.lay.row(1)
	d.key(fyne.KeyEnd)
	d.stands(r.to, "")
	if i, off := d.find(); i != 1 || off != r.to-r.from {
		t.Errorf("End leads to row %d, place %d", i, off)
	}
	d.key(fyne.KeyHome)
	d.stands(r.from, "")
	if i, _ := d.find(); i != 1 {
		t.Errorf("Home leads to row %d", i)
	}
	d.key(fyne.KeyEnd, fyne.KeyDown)
	if i, _ := d.find(); i != 2 {
		t.Errorf("down from the end of row 1 leads to row %d", i)
	}
	d.key(fyne.KeyUp, fyne.KeyEnd, fyne.KeyRight)
	d.stands(r.to+1, "")
	d.key(fyne.KeyLeft)
	if i, _ := d.find(); d.Caret() != r.to || i != 2 {
		t.Errorf("left leads to %d in row %d, want the beginning of row 2", d.Caret(), i)
	}
}

// Going down over a short line comes back to the old column.
func TestStickyColumn(t *testing.T) {
	d := newDesk(t, "ұзын жол осында\nжә\n\nүшінші ұзын жол", true)
	d.PlaceCaret(12)
	d.key(fyne.KeyDown)
	d.stands(18, "")
	d.key(fyne.KeyDown)
	d.stands(19, "")
	d.key(fyne.KeyDown)
	if got := d.Caret(); got < 30 || got > 33 {
		t.Errorf("the column is lost: %d", got)
	}
	d.key(fyne.KeyUp, fyne.KeyUp, fyne.KeyUp)
	d.stands(12, "")
	d.key(fyne.KeyUp)
	d.stands(0, "")
	d.key(fyne.KeyDown)
	if got := d.Caret(); got != 18 {
		t.Errorf("above the first row the column is lost: %d", got)
	}
}

func TestPagesAndWheel(t *testing.T) {
	d := newDesk(t, strings.TrimSuffix(strings.Repeat("жол\n", 100), "\n"), true)
	seen := d.view.rows
	if seen < 5 || seen > 20 {
		t.Fatalf("%d rows are seen", seen)
	}
	d.key(fyne.KeyPageDown)
	d.stands(4*(seen-1), "")
	d.key(fyne.KeyPageDown, fyne.KeyPageUp)
	d.stands(4*(seen-1), "")
	for range 100 {
		d.key(fyne.KeyPageDown)
	}
	d.stands(399, "")
	d.key(fyne.KeyPageUp)
	if i, _ := d.find(); i != 99-(seen-1) {
		t.Errorf("a page up leads to row %d", i)
	}
	for range 100 {
		d.key(fyne.KeyPageUp)
	}
	d.stands(0, "")
	d.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -25)})
	if d.top < 2 || d.top > 4 || d.Caret() != 0 {
		t.Errorf("a notch of the wheel scrolls by %d rows; the caret is at %d", d.top, d.Caret())
	}
	for range 200 {
		d.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -25)})
	}
	if d.top != 100-seen {
		t.Errorf("the end of the text is scrolled to row %d of 100, %d are seen", d.top, seen)
	}
	d.write("x")
	if d.top != 0 {
		t.Errorf("a typed letter is not seen: the first row is %d", d.top)
	}
}

func TestMouse(t *testing.T) {
	const s = "Бірінші сөйлем жазылды.\nЕкінші абзац ұзақ болсын, ол жолға сыймай, келесі жолға көшуі үшін"
	d := newDesk(t, s, true)
	d.win.Canvas().Unfocus()
	d.click(d.place(0, 3), 0)
	d.stands(3, "")
	if d.win.Canvas().Focused() != d.Editor {
		t.Error("a click does not give the focus")
	}
	d.click(d.place(0, 11), fyne.KeyModifierShift)
	d.stands(11, "інші сөй")
	d.click(d.place(0, 10), 0)
	d.click(d.place(0, 10), 0)
	d.stands(14, "сөйлем")
	d.click(d.place(0, 10), 0)
	d.stands(23, "Бірінші сөйлем жазылды.")
	d.click(d.place(0, 10), 0)
	d.stands(10, "")
	d.click(fyne.NewPos(1, 1), 0)
	d.stands(0, "")
	d.click(fyne.NewPos(200, 290), 0)
	if i, _ := d.find(); i != d.lay.rows()-1 {
		t.Errorf("a click below the text leads to row %d", i)
	}
	d.click(fyne.NewPos(d.Size().Width-20, d.place(1, 0).Y), 0)
	if i, off := d.find(); i != 1 || off != d.lay.row(1).to-d.lay.row(1).from {
		t.Errorf("a click right of a row leads to row %d, place %d", i, off)
	}

	d.press(d.place(0, 4))
	d.drag(d.place(0, 9))
	d.stands(9, "нші с")
	d.drag(d.place(0, 2))
	d.stands(2, "рі")
	d.DragEnd()
	d.drag(d.place(0, 12))
	d.stands(2, "рі")

	d.click(d.place(0, 10), 0)
	d.press(d.place(0, 10)) // the second click, held
	d.drag(d.place(0, 17))
	d.stands(22, "сөйлем жазылды")
	d.drag(d.place(0, 2))
	d.stands(0, "Бірінші сөйлем")
	d.DragEnd()
}

// Dragging beyond the edge scrolls, and goes on while the button is held.
func TestDragScrolls(t *testing.T) {
	d := newDesk(t, strings.Repeat("жол\n", 60), true)
	d.press(d.place(0, 1))
	d.drag(fyne.NewPos(60, 5000))
	if d.top != 1 || d.mouse.timer == nil {
		t.Fatalf("the text is scrolled to row %d; it goes on: %v", d.top, d.mouse.timer != nil)
	}
	for range 100 {
		d.drag(fyne.NewPos(60, 5000))
	}
	d.stands(240, strings.TrimPrefix(strings.Repeat("жол\n", 60), "ж"))
	for range 100 {
		d.drag(fyne.NewPos(0, -50))
	}
	d.stands(0, "ж")
	if d.top != 0 {
		t.Errorf("the text is scrolled to row %d", d.top)
	}
	d.DragEnd()
	if d.mouse.timer != nil || d.mouse.down {
		t.Error("it goes on after the button was let go")
	}
}

func TestScrollBar(t *testing.T) {
	d := newDesk(t, "жол", true)
	if _, _, needed := d.thumb(); needed {
		t.Error("a short text has a scroll bar")
	}
	d.SetText(strings.Repeat("жол\n", 99))
	d.PlaceCaret(0)
	at, length, needed := d.thumb()
	if !needed || at != frame || length < 20 {
		t.Fatalf("the thumb is at %v, %v long, needed %v", at, length, needed)
	}
	x := d.Size().Width - 5
	d.press(fyne.NewPos(x, at+length/2))
	d.drag(fyne.NewPos(x, 10_000))
	if d.top != d.lay.rows()-d.view.rows || d.Caret() != 0 {
		t.Errorf("the thumb at its end shows row %d; the caret is at %d", d.top, d.Caret())
	}
	d.drag(fyne.NewPos(x, -10_000))
	if d.top != 0 {
		t.Errorf("the thumb at its beginning shows row %d", d.top)
	}
	d.DragEnd()
	d.click(fyne.NewPos(x, d.Size().Height-5), 0)
	if d.top != d.view.rows-1 {
		t.Errorf("a click below the thumb shows row %d", d.top)
	}
	d.click(fyne.NewPos(x, 3), 0)
	if d.top != 0 {
		t.Errorf("a click above the thumb shows row %d", d.top)
	}
}

// A single line scrolls sideways so that the caret is seen, and leaves page keys to the screen.
func TestSingleLine(t *testing.T) {
	d := newDesk(t, "", false)
	d.write(strings.Repeat("сөз ", 40))
	line := d.lay.setter.Line(d.lay.runes(d.lay.row(0)))
	x := func() float32 { return line.X(d.Caret()) - d.left }
	for range 200 {
		if x() < 0 || x() > float32(d.view.width) {
			t.Fatalf("the caret stands at %v of %d", x(), d.view.width)
		}
		d.key(fyne.KeyLeft)
	}
	if d.left != 0 {
		t.Errorf("at the beginning the line is scrolled by %v", d.left)
	}
	d.key(fyne.KeyPageDown, fyne.KeyReturn, fyne.KeyEnter)
	d.stands(0, "")
	d.key(fyne.KeyEnd, fyne.KeyUp)
	d.stands(0, "")
	d.key(fyne.KeyDown)
	d.stands(160, "")
	if d.left == 0 {
		t.Error("at the end the line is not scrolled")
	}
	d.press(d.place(0, 158))
	for range 20 {
		d.drag(fyne.NewPos(-500, 10))
	}
	if d.left != 0 || d.Caret() != 0 {
		t.Errorf("dragged to the left the caret stands at %d, the line is scrolled by %v", d.Caret(), d.left)
	}
	d.DragEnd()
	d.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -25)})
	d.stands(0, strings.TrimSuffix(strings.Repeat("сөз ", 40), "з "))
}

// Function keys reach the screen; Tab leaves the field.
func TestKeysAndTab(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(look.Theme{})
	var heard []fyne.KeyName
	e := New("", true, func(k *fyne.KeyEvent) bool { heard = append(heard, k.Name); return true }, nil)
	next := widget.NewButton("next", nil)
	w := test.NewTempWindow(t, container.NewVBox(e, next))
	w.Canvas().Focus(e)
	e.KeyDown(&fyne.KeyEvent{Name: fyne.KeyF2})
	if !slices.Equal(heard, []fyne.KeyName{fyne.KeyF2}) {
		t.Errorf("the screen heard of %v", heard)
	}
	if e.AcceptsTab() {
		t.Error("Tab stays in the field")
	}
	w.Canvas().FocusNext()
	if w.Canvas().Focused() != next {
		t.Error("Tab does not lead on")
	}
}

func TestStands(t *testing.T) {
	e := New("бір екі — үш", true, nil, nil)
	if e.Words() != 3 || e.Runes() != 12 {
		t.Errorf("%d words, %d runes", e.Words(), e.Runes())
	}
	for _, tc := range []struct {
		limits Limits
		want   Standing
		by     int
	}{
		{Limits{}, Within, 0},
		{Limits{WordsMin: 3, WordsMax: 3, RunesMax: 12}, Within, 0},
		{Limits{WordsMin: 5}, TooShort, 2},
		{Limits{WordsMax: 2}, TooLong, 1},
		{Limits{RunesMax: 10}, TooLong, 2},
	} {
		if got, by := e.Stands(tc.limits); got != tc.want || by != tc.by {
			t.Errorf("%+v: %v by %d, want %v by %d", tc.limits, got, by, tc.want, tc.by)
		}
	}
}

// Of a long text only the rows that are seen are drawn, and after a key only those that have changed.
func TestOnlyWhatChangesIsDrawn(t *testing.T) {
	d := newDesk(t, strings.Repeat("Қазақстанда ғылым\n", 5600), true)
	if n := d.Runes(); n < 100_000 {
		t.Fatalf("the text has only %d runes", n)
	}
	if len(d.view.drawn) > 20 {
		t.Errorf("%d rows are drawn", len(d.view.drawn))
	}
	for _, at := range []int{0, d.Runes() / 2, d.Runes()} {
		d.PlaceCaret(at)
		before := slices.Clone(d.view.drawn)
		top := d.top
		d.write("х")
		changed := 0
		for i, s := range d.view.drawn {
			if s != before[i] {
				changed++
			}
		}
		if changed < 1 || changed > 2 || d.top != top {
			t.Errorf("a letter at %d changes %d rows and scrolls from %d to %d", at, changed, top, d.top)
		}
	}
}

// What the window shows is what the editor has drawn.
func TestWindowShowsTheText(t *testing.T) {
	d := newDesk(t, "Қазақ тілі — мемлекеттік тіл.\nЕкінші жол", true)
	d.shifted(fyne.KeyRight, fyne.KeyRight, fyne.KeyRight)
	d.sees("selected")
	d.write("Әлем")
	d.sees("typed")
	d.key(fyne.KeyReturn, fyne.KeyReturn)
	d.sees("new lines")
	d.win.Resize(fyne.NewSize(250, 260))
	d.sees("narrower")
	fyne.CurrentApp().Settings().SetTheme(look.Theme{Scale: 2})
	d.sees("larger")
	d.win.Canvas().Unfocus()
	d.sees("without focus")
	d.SetPlaceHolder("Осында жазыңыз")
	d.SetText("")
	d.sees("with a placeholder")
}

func (d *desk) sees(when string) {
	d.Helper()
	img := d.win.Canvas().Capture()
	corner := fyne.CurrentApp().Driver().AbsolutePositionForObject(d.Editor)
	v := &d.view
	ink := 0
	for k := range v.rows {
		d.draw(v.drawn[k])
		at := image.Pt(int(corner.X)+frame, int(corner.Y)+v.padY+k*v.line)
		for y := range v.line {
			for x := range v.strip {
				r, g, b, _ := img.At(at.X+x, at.Y+y).RGBA()
				want := v.scratch.RGBAAt(x, y)
				if uint8(r>>8) != want.R || uint8(g>>8) != want.G || uint8(b>>8) != want.B {
					d.Fatalf("%s: in row %d the pixel %d, %d is %02x%02x%02x, drawn was %02x%02x%02x", when, k, x, y, r>>8, g>>8, b>>8, want.R, want.G, want.B)
				}
				if want != v.paper {
					ink++
				}
			}
		}
	}
	if ink < 50 {
		d.Errorf("%s: only %d pixels differ from the paper", when, ink)
	}
}

// A larger text is wrapped anew, and the row that stood first goes on standing first.
func TestResizeKeepsThePlace(t *testing.T) {
	d := newDesk(t, strings.Repeat("Қазақстанда ғылым мен білім дамып келеді. ", 100), true)
	d.PlaceCaret(d.Runes() / 2)
	first := d.lay.position(d.lay.row(d.top), 0)
	d.win.Resize(fyne.NewSize(700, 300))
	r := d.lay.row(d.top)
	if from, to := d.lay.position(r, 0), d.lay.position(r, r.to-r.from); first < from || first >= to {
		t.Errorf("the first row shows %d to %d, before it began with %d", from, to, first)
	}
	if i, _ := d.find(); i < d.top || i >= d.top+d.view.rows {
		t.Error("the caret is out of sight")
	}
	for _, size := range []fyne.Size{{}, {Width: 1, Height: 1}, {Width: 20, Height: 2000}} {
		d.Editor.Resize(size) // must neither panic nor hang
		d.write("x")
	}
}
