package editor

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"pgregory.net/rapid"
)

// apply does what the attempt does with an edit.
func apply(t interface{ Fatalf(string, ...any) }, text string, e Edit) string {
	runes := []rune(text)
	if e.Position < 0 || e.Removed < 0 || e.Position+e.Removed > len(runes) {
		t.Fatalf("the edit %+v lies outside %q", e, text)
	}
	return string(runes[:e.Position]) + e.Inserted + string(runes[e.Position+e.Removed:])
}

func TestDiff(t *testing.T) { // R11
	for _, tc := range []struct {
		a, b string
		want Edit
		ok   bool
	}{
		{"", "", Edit{}, false},
		{"сөз", "сөз", Edit{}, false},
		{"", "ә", Edit{0, 0, "ә"}, true},
		{"ә", "", Edit{0, 1, ""}, true},
		{"қала", "қалалар", Edit{4, 0, "лар"}, true},
		{"қалалар", "қала", Edit{4, 3, ""}, true},
		{"ана", "аана", Edit{1, 0, "а"}, true}, // which of the two was typed cannot be told; the result is the same
		{"бір үш", "бір екі үш", Edit{4, 0, "екі "}, true},
		{"a🌳b", "a🌲b", Edit{1, 1, "🌲"}, true},
		{"и\u0306", "и", Edit{1, 1, ""}, true}, // a combining mark is a rune of its own
		{"a\nb", "a\n\nb", Edit{2, 0, "\n"}, true},
		{"abc", "axc", Edit{1, 1, "x"}, true},
		{"абв", "где", Edit{0, 3, "где"}, true},
	} {
		got, ok := Diff(tc.a, tc.b)
		if got != tc.want || ok != tc.ok {
			t.Errorf("Diff(%q, %q) = %+v, %v, want %+v, %v", tc.a, tc.b, got, ok, tc.want, tc.ok)
		}
	}
}

// letters are few, so that texts have much in common, and of every length in bytes.
var letters = []rune("aқә \n\u0306🌳")

func text(t *rapid.T, name string) string {
	return string(rapid.SliceOfN(rapid.SampledFrom(letters), 0, 40).Draw(t, name))
}

func TestDiffGivesTheOther(t *testing.T) { // R11
	rapid.Check(t, func(t *rapid.T) {
		a, b := text(t, "a"), text(t, "b")
		e, ok := Diff(a, b)
		if ok != (a != b) {
			t.Fatalf("Diff(%q, %q) says %v", a, b, ok)
		}
		if !ok {
			return
		}
		if got := apply(t, a, e); got != b {
			t.Fatalf("%+v makes %q of %q, want %q", e, got, a, b)
		}
		if e.Removed == 0 && e.Inserted == "" {
			t.Fatalf("%+v changes nothing", e)
		}
		// The smallest: what goes and what comes neither begin nor end alike.
		gone, came := []rune(a)[e.Position:e.Position+e.Removed], []rune(e.Inserted)
		if len(gone) > 0 && len(came) > 0 && (gone[0] == came[0] || gone[len(gone)-1] == came[len(came)-1]) {
			t.Fatalf("%+v of %q is not the smallest edit", e, a)
		}
	})
}

func FuzzDiff(f *testing.F) {
	f.Add("Қала", "Қалалар")
	f.Add("", "\u0306")
	f.Add("🌳🌲", "🌲")
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			t.Skip("a field of the toolkit holds runes")
		}
		if e, ok := Diff(a, b); ok && apply(t, a, e) != b {
			t.Errorf("%+v does not make %q of %q", e, b, a)
		}
	})
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
	look.ClearClipboard()
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
	d.win = test.NewTempWindow(t, d.Editor)
	d.win.Resize(fyne.NewSize(300, 400))
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

func (d *desk) holds(want string) {
	d.Helper()
	if d.Content() != want || d.Text != want || d.replay != want {
		d.Errorf("the editor holds %q, shows %q, its edits make %q; want %q", d.Content(), d.Text, d.replay, want)
	}
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
	if want := (Edit{len([]rune(s)) - 1, 1, ""}); d.edits[len(d.edits)-1] != want {
		t.Errorf("Backspace made %+v, want %+v", d.edits[len(d.edits)-1], want)
	}
	d.key(fyne.KeyHome, fyne.KeyDelete)
	d.holds("Ғылым — білім.\n е\u0301 ")
	before := len(d.edits)
	d.key(fyne.KeyLeft, fyne.KeyUp, fyne.KeyEnd, fyne.KeyPageUp)
	if len(d.edits) != before {
		t.Error("moving the caret made an edit")
	}
	d.TypedShortcut(&fyne.ShortcutUndo{})
	if d.Text != d.replay {
		t.Errorf("after undo the editor shows %q, its edits make %q", d.Text, d.replay)
	}
}

func TestLongRandomTyping(t *testing.T) { // R11
	rapid.Check(t, func(r *rapid.T) {
		d := newDesk(t, "", true)
		for range rapid.IntRange(1, 60).Draw(r, "keys") {
			switch rapid.IntRange(0, 11).Draw(r, "what") {
			case 0:
				d.key(fyne.KeyBackspace)
			case 1:
				d.key(fyne.KeyDelete)
			case 2:
				d.key(rapid.SampledFrom([]fyne.KeyName{fyne.KeyLeft, fyne.KeyUp, fyne.KeyDown, fyne.KeyHome, fyne.KeyEnd}).Draw(r, "move"))
			case 3:
				d.TypedShortcut(&fyne.ShortcutSelectAll{})
			case 4:
				d.TypedShortcut(&fyne.ShortcutCopy{})
			case 5:
				if len(d.Text) < 400 {
					d.TypedShortcut(&fyne.ShortcutPaste{})
				}
			case 6:
				d.TypedShortcut(&fyne.ShortcutCut{})
			case 7:
				d.TypedShortcut(&fyne.ShortcutUndo{})
			default:
				d.write(string(rapid.SampledFrom(letters).Draw(r, "letter")))
			}
			if d.Text != d.replay || d.Content() != d.replay {
				r.Fatalf("the editor shows %q, its edits make %q", d.Text, d.replay)
			}
		}
	})
}

func TestRefusedChangeIsUndone(t *testing.T) { // R11
	d := newDesk(t, "бір екі", true)
	d.key(fyne.KeyRight, fyne.KeyRight, fyne.KeyRight)
	d.refuse = true
	d.write("x")
	d.holds("бір екі")
	if d.Caret() != 3 {
		t.Errorf("the caret stands behind %d runes, want 3", d.Caret())
	}
	d.key(fyne.KeyBackspace)
	d.holds("бір екі")
	d.refuse = false
	d.write("!")
	d.holds("бір! екі")
	d.Replace("жаңа")
	if n := len(d.edits); n != 1 {
		t.Errorf("Replace was reported as an edit: %+v", d.edits)
	}
	if d.Content() != "жаңа" || d.Text != "жаңа" {
		t.Errorf("the editor holds %q, shows %q", d.Content(), d.Text)
	}
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
			if !multiline && strings.Contains(text, "\n") {
				continue
			}
			d := newDesk(t, text, multiline)
			runes := []rune(text)
			for caret := 0; caret <= len(runes); caret++ {
				d.PlaceCaret(caret)
				if got := d.Caret(); got != caret {
					t.Fatalf("%s: placed behind %d runes, it stands behind %d (row %d, column %d)", name, caret, got, d.CursorRow, d.CursorColumn)
				}
			}
			for _, caret := range []int{len(runes) + 1, 1 << 30} {
				d.PlaceCaret(caret)
				if got := d.Caret(); got != len(runes) {
					t.Errorf("%s: placed behind %d runes of %d, it stands behind %d", name, caret, len(runes), got)
				}
			}
			at := len(runes) / 2
			d.PlaceCaret(at)
			d.write("Ә")
			d.holds(string(slices.Insert(slices.Clone(runes), at, 'Ә')))
		}
	}
}

// R13: nothing goes out of the exam or comes in by the system's clipboard.
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
	d.TypedShortcut(&fyne.ShortcutPaste{Clipboard: system})
	d.holds("құпияқұпия")
	d.TappedSecondary(&fyne.PointEvent{})
	if d.win.Canvas().Overlays().Top() != nil {
		t.Error("the right mouse button opens the toolkit's menu with the system's clipboard")
	}
	look.ClearClipboard()
	d.TypedShortcut(&fyne.ShortcutPaste{Clipboard: system})
	d.holds("құпияқұпия")
	if got := fyne.CurrentApp().Clipboard().Content(); got != "" {
		t.Errorf("the application's clipboard holds %q", got)
	}
}
