package station

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/station/editor"
	"emtihan/station/editor/clipboard"
	"emtihan/station/item"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// chord presses a key with others held, as the toolkit's desktop driver passes it on.
func (g *rig) chord(mods fyne.KeyModifier, name fyne.KeyName) {
	g.Helper()
	if mods == 0 {
		g.key(name)
		return
	}
	g.u.mods = func() fyne.KeyModifier { return mods }
	defer func() { g.u.mods = modifiers }()
	e := &fyne.KeyEvent{Name: name}
	c := g.u.win.Canvas()
	if k, ok := c.Focused().(desktop.Keyable); ok {
		k.KeyDown(e)
	} else {
		g.u.keys(e)
	}
	if mods == fyne.KeyModifierShift {
		if f := c.Focused(); f != nil {
			f.TypedKey(e)
		}
	} else if f, ok := c.Focused().(fyne.Shortcutable); ok {
		f.TypedShortcut(&desktop.CustomShortcut{KeyName: name, Modifier: mods})
	}
	g.honest()
	g.drain()
}

// tab goes on with Tab until what has the focus says the text.
func (g *rig) tab(text string) {
	g.Helper()
	for range 200 {
		switch f := g.u.win.Canvas().Focused().(type) {
		case nil:
		case *item.Row:
			if f.Text == text {
				return
			}
		case fyne.CanvasObject:
			if label(f) == text {
				return
			}
		}
		g.u.win.Canvas().FocusNext()
	}
	g.Fatalf("Tab never comes to %q", text)
}

// state is what a person can tell apart.
func (g *rig) state() string {
	u := g.u
	out := []string{u.scr.name, string(u.lang), fmt.Sprint(u.prefs, u.filter, u.at)}
	if u.sheet != nil {
		out = append(out, u.sheet.name, u.sheet.action)
	}
	root := u.scr.root
	if u.sheet != nil {
		root = u.sheet.over
	}
	out = append(out, fmt.Sprintf("%p", u.win.Canvas().Focused()))
	for _, s := range scrolls(root) {
		out = append(out, fmt.Sprint(s.Offset.Y))
	}
	for _, s := range splits(root) {
		out = append(out, fmt.Sprint(s.Offset))
	}
	if p := u.exam; p != nil {
		out = append(out, fmt.Sprint(g.attempt().Response(u.at)))
		for _, o := range p.options {
			out = append(out, fmt.Sprint(o.Text, o.Chosen, o.Struck))
		}
		out = append(out, p.flag.Text, p.warning.Text(), p.refused.Text(), fmt.Sprintf("%p", u.win.Canvas().Focused()))
	}
	return strings.Join(out, " ")
}

// settleLayout has the toolkit take its next pictures, in which heights that follow from widths are settled.
func (g *rig) settleLayout() {
	for range 3 {
		g.u.win.Content().Refresh()
		if top := g.u.win.Canvas().Overlays().Top(); top != nil {
			top.Refresh()
		}
	}
}

// table checks the keys of what lies uppermost: none twice, each with a sentence, each doing something. Those that would
// lead on to another screen are left to the caller.
func (g *rig) table(where string, except ...string) {
	g.Helper()
	g.settleLayout()
	seen := make(map[string]string)
	for _, b := range g.u.bindings() {
		for _, l := range locales.All {
			if s := locales.T(l, "station.keys."+b.name); strings.HasPrefix(s, "[") {
				g.Errorf("%s: %s has no sentence in %s", where, b.caps(), l)
			}
		}
		if b.when != nil && !b.when() {
			continue
		}
		if other, twice := seen[b.caps()]; twice {
			g.Errorf("%s: %s stands for %s and for %s", where, b.caps(), other, b.name)
		}
		seen[b.caps()] = b.name
	}
	at := g.u.at
	for _, b := range g.u.bindings() {
		// A key before this one may have led to another task, on which an option may be chosen already.
		if g.u.exam != nil && g.u.sheet == nil && g.u.at != at {
			g.u.exam.goTo(at)
			g.drain()
			g.settleLayout()
		}
		if b.when != nil && !b.when() || slices.Contains(except, b.name) || b.typed {
			continue
		}
		root := g.u.scr.root
		if g.u.sheet != nil {
			root = g.u.sheet.over
		}
		for _, s := range scrolls(root) { // at its end a part cannot be scrolled on
			if b.key == fyne.KeyPageDown {
				s.ScrollToTop()
			} else if b.key == fyne.KeyPageUp {
				s.ScrollToBottom()
			}
		}
		before := g.state()
		g.chord(b.mods, b.key)
		// What the key does may come by way of the session.
		for range 2000 {
			if g.state() != before {
				break
			}
			g.drain()
		}
		if g.state() == before && !g.changes(before) {
			g.Errorf("%s: %s (%s) does nothing", where, b.caps(), b.name)
		}
		if g.u.sheet != nil && !strings.Contains(before, " "+g.u.sheet.name) {
			g.u.closeSheet()
		}
	}
}

func (g *rig) changes(before string) bool {
	g.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if g.drain(); g.state() != before {
			return true
		}
	}
	return false
}

// R2: no key is twice on any screen, and each that the help tells of does something.
func TestEveryKeyDoesSomething(t *testing.T) {
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	opt.Scale = 2
	g := newRig(t, opt)
	g.screen("login")
	g.table("login")
	g.login(nurlan)
	g.table("face-login")
	g.admin("by-document")
	for _, name := range []string{"data", "rules", "confirm", "enter"} {
		g.screen(name)
		g.table(name)
		g.screen(name)
		g.u.win.Canvas().Unfocus()
		g.key(fyne.KeyReturn) // which the table names, too
	}
	g.screen("exam")
	for i, it := range g.attempt().Paper.Items() {
		g.u.exam.goTo(it.ID)
		g.drain()
		g.table("exam, " + it.ID)
		if i == 0 {
			g.says(g.u.t("station.exam.saved"))
		}
	}
	for name, open := range map[string]func(){
		"help": g.u.helpSheet, "view": func() { g.u.viewSheet(-1) }, "admin": g.u.adminSheet, "finish": g.u.finishSheet,
		"time": g.u.timeSheet, "jump": g.u.jumpSheet, "call": g.u.callSheet, "appeal": g.u.appealSheet,
	} {
		open()
		g.table("sheet "+name, "close")
		open()
		if g.key(fyne.KeyEscape); g.u.sheet != nil {
			t.Errorf("Esc does not close the sheet %s", name)
		}
	}
	g.admin("lock")
	g.screen("locked")
	g.table("locked")
}

// The help tells of exactly the keys that the screen has.
func TestHelpTellsTheTable(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	for _, it := range g.attempt().Paper.Items()[:2] { // an essay and a choice
		g.u.exam.goTo(it.ID)
		g.drain()
		for _, l := range locales.All {
			g.u.setLanguage(l)
			var want []string
			for _, b := range g.u.bindings() {
				if b.when == nil || b.when() {
					want = append(want, g.u.t("station.keys."+b.name))
				}
			}
			g.key(fyne.KeyF1)
			if g.u.sheet == nil || g.u.sheet.name != "help" {
				t.Fatal("F1 opens no help")
			}
			for _, s := range append(want, g.u.t("station.keys.list"), g.u.t("station.keys.forward")) {
				if !g.reads(s) {
					t.Errorf("%s, %s: the help does not say %q", it.ID, l, s)
				}
			}
			if writes := g.reads(g.u.t("station.keys.undo")); writes != (it.Kind == exam.Essay) {
				t.Errorf("%s: the help tells of writing: %v", it.ID, writes)
			}
			g.key(fyne.KeyEscape)
		}
	}
}

// The keys in the buttons' names are those of the table.
func TestButtonsNameTheirKeys(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	named := make(map[string]bool)
	for _, l := range locales.All {
		g.u.setLanguage(l)
		caps := make(map[string]bool)
		for _, b := range g.u.bindings() {
			caps[b.caps()] = true
		}
		for _, b := range buttonsOf(g.u.scr.root) {
			_, rest, ok := strings.Cut(b.Text, "(")
			if !ok {
				continue
			}
			key := strings.TrimSuffix(rest, ")")
			if named[key] = true; !caps[key] {
				t.Errorf("%s: the button %q names a key that does nothing", l, b.Text)
			}
		}
	}
	if len(named) < 8 {
		t.Errorf("the buttons name only %v", slices.Sorted(maps.Keys(named)))
	}
}

// What the help says of the field for a text is so.
func TestWritingKeys(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	for _, w := range writing {
		e := g.u.exam.edit
		e.SetText(strings.Repeat("one two three\n", 60) + "four five")
		clipboard.Inside().SetContent("pasted")
		switch w.name {
		case "copy":
			e.TypedShortcut(&fyne.ShortcutSelectAll{})
		default:
			e.PlaceCaret(e.Runes() - 2)
		}
		tell := func(e *editor.Editor) string {
			return fmt.Sprint(e.Content(), e.Caret(), e.SelectedText(), clipboard.Inside().Content())
		}
		before := tell(e)
		if w.shortcut != nil {
			e.TypedShortcut(w.shortcut)
		} else {
			e.TypedKey(&fyne.KeyEvent{Name: w.key})
		}
		if tell(e) == before {
			t.Errorf("%s (%s) does nothing", w.caps, w.name)
		}
		for _, l := range locales.All {
			if s := locales.T(l, "station.keys."+w.name); strings.HasPrefix(s, "[") {
				t.Errorf("%s has no sentence in %s", w.caps, l)
			}
		}
		g.drain()
	}
	look.ClearClipboard()
	g.says(g.u.t("station.exam.saved"))
}
