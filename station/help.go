package station

import (
	"slices"
	"strings"

	"emtihan/station/editor"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
)

// helpLine is a line of the help sheet.
type helpLine struct{ caps, text string }

// helpLines puts keys that do the same on one line, in the order of the bindings, and leaves out what does nothing now.
func (u *ui) helpLines(list []binding) []helpLine {
	var names []string
	caps := make(map[string][]string)
	for _, b := range list {
		if b.when != nil && !b.when() {
			continue
		}
		if caps[b.name] == nil {
			names = append(names, b.name)
		}
		caps[b.name] = append(caps[b.name], b.caps())
	}
	out := make([]helpLine, 0, len(names))
	for _, name := range names {
		keys := caps[name]
		text := strings.Join(keys, ", ")
		if len(keys) > mostKeys {
			text = keys[0] + " … " + keys[len(keys)-1]
		}
		out = append(out, helpLine{text, u.t("station.keys." + name)})
	}
	return out
}

// mostKeys are listed one by one; more are a row of digits.
const mostKeys = 4

// moves are the keys that every screen has from the toolkit.
var moves = []struct{ caps, name string }{
	{"Tab", "forward"},
	{"Shift+Tab", "backward"},
	{"Space, Enter", "press"},
}

// listMoves are the keys of the list of tasks.
var listMoves = []fyne.KeyName{fyne.KeyLeft, fyne.KeyUp, fyne.KeyRight, fyne.KeyDown}

// writing are the keys of the field for a text: what the field gets, and what that is called.
var writing = []struct {
	caps, name string
	key        fyne.KeyName
	shortcut   fyne.Shortcut
}{
	{caps: "Home, End", name: "row", key: fyne.KeyHome},
	{caps: "PgDn, PgUp", name: "text-page", key: fyne.KeyPageUp},
	{caps: "Ctrl+←, Ctrl+→", name: "word", shortcut: &desktop.CustomShortcut{KeyName: fyne.KeyLeft, Modifier: fyne.KeyModifierControl}},
	{caps: "Ctrl+↑, Ctrl+↓", name: "paragraph", shortcut: &desktop.CustomShortcut{KeyName: fyne.KeyUp, Modifier: fyne.KeyModifierControl}},
	{caps: "Ctrl+Home, Ctrl+End", name: "text-ends", shortcut: &desktop.CustomShortcut{KeyName: fyne.KeyHome, Modifier: fyne.KeyModifierControl}},
	{caps: "Shift+←, Shift+Ctrl+←", name: "select", shortcut: &desktop.CustomShortcut{KeyName: fyne.KeyLeft, Modifier: fyne.KeyModifierControl | fyne.KeyModifierShift}},
	{caps: "Ctrl+A", name: "select-all", shortcut: &fyne.ShortcutSelectAll{}},
	{caps: "Ctrl+C, Ctrl+X", name: "copy", shortcut: &fyne.ShortcutCut{}},
	{caps: "Ctrl+V", name: "paste", shortcut: &fyne.ShortcutPaste{}},
	{caps: "Ctrl+Z, Ctrl+Y", name: "undo", shortcut: &fyne.ShortcutUndo{}},
	{caps: "Ctrl+Backspace, Ctrl+Delete", name: "erase-word", shortcut: &desktop.CustomShortcut{KeyName: fyne.KeyBackspace, Modifier: fyne.KeyModifierControl}},
}

// sheetEdge is what a sheet needs in width besides its content.
const sheetEdge = 70

// helpSheet lists every key of the screen (R2).
func (u *ui) helpSheet() {
	if u.scr == nil {
		return
	}
	list := u.screenBindings()
	own := len(u.scr.keys)
	var left, right []fyne.CanvasObject
	section := func(to *[]fyne.CanvasObject, title string, lines []helpLine) {
		if len(lines) == 0 {
			return
		}
		if len(*to) > 0 {
			*to = append(*to, look.Gap(4))
		}
		*to = append(*to, look.Strong(u.t("station.help."+title)))
		for _, l := range lines {
			*to = append(*to, container.NewBorder(nil, nil, look.Fixed(164, look.Strong(l.caps)), nil, look.Body(l.text)))
		}
	}
	section(&left, "screen", u.helpLines(list[:own]))
	common := u.helpLines(list[own:])
	for _, m := range moves {
		common = append(common, helpLine{m.caps, u.t("station.keys." + m.name)})
	}
	if u.exam != nil {
		// Without spaces, which the font that has the arrows lacks.
		var caps []string
		for _, k := range listMoves {
			caps = append(caps, binding{key: k}.caps())
		}
		common = append(common, helpLine{strings.Join(caps, ""), u.t("station.keys.list")})
	}
	switch {
	case u.writesText():
		section(&left, "everywhere", common)
		var lines []helpLine
		for _, w := range writing {
			lines = append(lines, helpLine{w.caps, u.t("station.keys." + w.name)})
		}
		section(&right, "writing", lines)
	case own > 0:
		section(&right, "everywhere", common)
	default:
		section(&left, "everywhere", common)
	}
	width := float32(500)
	tight := func(objects []fyne.CanvasObject) fyne.CanvasObject {
		return container.NewVBox(look.Fixed(width, container.New(layout.NewCustomPaddedVBoxLayout(-6), objects...)))
	}
	columns := container.NewHBox(tight(left))
	if len(right) > 0 {
		columns.Add(look.Gap(1))
		columns.Add(tight(right))
	}
	if columns.MinSize().Width+sheetEdge > u.win.Canvas().Size().Width {
		width = 700
		columns = container.NewHBox(tight(append(left, right...)))
	}
	done := look.NewButton(u.t("common.close"), look.Primary, u.keys, u.closeSheet)
	content := container.NewVBox(look.Heading(u.t("station.help.title")), columns)
	u.open(&sheet{name: "help", foot: container.NewHBox(layout.NewSpacer(), done)}, content, done)
}

// writesText reports whether the screen has a field for a text of many lines.
func (u *ui) writesText() bool {
	return slices.ContainsFunc(focusables(u.scr.root), func(f fyne.Focusable) bool {
		e, ok := f.(*editor.Editor)
		return ok && e.MultiLine
	})
}
