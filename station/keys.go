package station

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
)

// binding is a key and what it does on a screen or a sheet. What handles keys, the help sheet and the tests read the same
// bindings, so that the help cannot tell of a key that does nothing (R2).
type binding struct {
	key  fyne.KeyName
	mods fyne.KeyModifier
	name string // of the sentence "station.keys.NAME"
	// when says whether the key does something at the moment; nil stands for always. Whatever has the focus gets the key
	// where it does not.
	when func() bool
	do   func()
	// typed says that the key comes only where nothing that has the focus takes it, as Enter does.
	typed bool
}

// bindings are the keys of what lies uppermost on the window.
func (u *ui) bindings() []binding {
	if u.sheet != nil {
		return u.sheet.bindings()
	}
	return u.screenBindings()
}

// screenBindings are the keys of the screen, whatever lies over it.
func (u *ui) screenBindings() []binding {
	if u.scr == nil {
		return u.stationKeys
	}
	return append(u.scr.keys[:len(u.scr.keys):len(u.scr.keys)], u.stationKeys...)
}

// everywhere are the keys of all screens.
func (u *ui) everywhere() []binding {
	ready := func() bool { return u.actor != nil }
	pages := func() bool { return u.exam == nil && u.scr != nil && turns(u.scr.root) }
	return []binding{
		{key: fyne.KeyReturn, name: "enter", typed: true, when: func() bool { return u.scr != nil && u.scr.enter != nil }, do: func() { u.scr.enter() }},
		{key: fyne.KeyDown, name: "page", when: pages, do: func() { turn(u.scr.root, lineShare) }},
		{key: fyne.KeyUp, name: "page", when: pages, do: func() { turn(u.scr.root, -lineShare) }},
		{key: fyne.KeyPageDown, name: "page", when: pages, do: func() { turn(u.scr.root, pageShare) }},
		{key: fyne.KeyPageUp, name: "page", when: pages, do: func() { turn(u.scr.root, -pageShare) }},
		{key: fyne.KeyF1, name: "help", do: u.helpSheet},
		{key: fyne.KeyF3, name: "language", when: ready, do: u.nextLanguage},
		{key: fyne.KeyF3, mods: fyne.KeyModifierShift, name: "view", when: ready, do: func() { u.viewSheet(-1) }},
		{key: fyne.KeyF12, name: "administrator", when: ready, do: u.adminSheet},
	}
}

// keys passes a key that has gone down on to what it is bound to, and reports whether it is bound.
func (u *ui) keys(e *fyne.KeyEvent) bool {
	mods := u.mods()
	if e.Name == fyne.KeyTab {
		u.post(u.showFocus) // once the toolkit has moved it
	}
	if mods == 0 && u.writes(e) {
		return false
	}
	for _, b := range u.bindings() {
		if b.key == e.Name && b.mods == mods && !b.typed && (b.when == nil || b.when()) {
			u.later = nil // where the candidate goes now counts
			u.bound = true
			b.do()
			u.bound = false
			return true
		}
	}
	return false
}

// writes tells quickly that a key is only a character of the text that is being written, since each one asks.
func (u *ui) writes(e *fyne.KeyEvent) bool {
	return len(e.Name) == 1 && u.sheet == nil && u.exam != nil && u.exam.edit != nil
}

// pressEnter is Enter where nothing that has the focus takes it.
func (u *ui) pressEnter() {
	for _, b := range u.bindings() {
		if b.typed && (b.when == nil || b.when()) {
			b.do()
			return
		}
	}
}

// modifiers asks the toolkit which keys such as Shift are down: its events do not say.
func modifiers() fyne.KeyModifier {
	if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return d.CurrentKeyModifiers()
	}
	return 0
}

// caps returns how a key is called on the keyboard.
func (b binding) caps() string {
	var parts []string
	for _, m := range []struct {
		mod  fyne.KeyModifier
		name string
	}{{fyne.KeyModifierControl, "Ctrl"}, {fyne.KeyModifierAlt, "Alt"}, {fyne.KeyModifierShift, "Shift"}} {
		if b.mods&m.mod != 0 {
			parts = append(parts, m.name)
		}
	}
	name := string(b.key)
	if known, ok := capNames[b.key]; ok {
		name = known
	}
	return strings.Join(append(parts, name), "+")
}

var capNames = map[fyne.KeyName]string{
	fyne.KeyReturn: "Enter", fyne.KeyEscape: "Esc", fyne.KeyPageDown: "PgDn", fyne.KeyPageUp: "PgUp",
	fyne.KeyUp: "↑", fyne.KeyDown: "↓", fyne.KeyLeft: "←", fyne.KeyRight: "→", fyne.KeyBackspace: "Backspace",
}

// scrolls lists what of an object scrolls up and down, in the order in which it is read.
func scrolls(o fyne.CanvasObject) []*container.Scroll {
	switch o := o.(type) {
	case *container.Scroll:
		return append([]*container.Scroll{o}, scrolls(o.Content)...)
	case *container.Split:
		return append(scrolls(o.Leading), scrolls(o.Trailing)...)
	case *fyne.Container:
		var out []*container.Scroll
		for _, x := range o.Objects {
			if x.Visible() {
				out = append(out, scrolls(x)...)
			}
		}
		return out
	}
	return nil
}

// hides returns how much of what scrolls is out of sight.
func hides(s *container.Scroll) float32 {
	if s.Direction == container.ScrollHorizontalOnly {
		return 0
	}
	return max(0, s.Content.MinSize().Height-s.Size().Height)
}

// turns reports whether anything of the object is out of sight.
func turns(o fyne.CanvasObject) bool {
	for _, s := range scrolls(o) {
		if hides(s) > 0 {
			return true
		}
	}
	return false
}

// The parts of what is in sight by which keys scroll: a page leaves the last lines of the one before.
const (
	pageShare = 0.8
	lineShare = 0.15
)

// turn scrolls by a part of what is in sight, down, or up where it is negative: the first that has something there, so that of
// two columns the one is read before the other.
func turn(o fyne.CanvasObject, by float32) {
	list := scrolls(o)
	if by < 0 {
		for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
			list[i], list[j] = list[j], list[i]
		}
	}
	for _, s := range list {
		to := min(max(s.Offset.Y+by*s.Size().Height, 0), hides(s))
		if to != s.Offset.Y {
			s.ScrollToOffset(fyne.NewPos(s.Offset.X, to))
			return
		}
	}
}

// followFocus shows the focus where it has moved since it was looked for last: a Tab that is held down, and whatever moves the
// focus by itself, call nothing of ours. A task that is turned to shows its beginning, wherever its focus is.
func (u *ui) followFocus() {
	now := u.win.Canvas().Focused()
	if now != u.focused && (u.exam == nil || u.sheet != nil) {
		u.showFocus()
	}
	u.focused = now
}

// showFocus scrolls what lies uppermost on the window to what has the focus: the keyboard's place is always seen (R2).
func (u *ui) showFocus() {
	o, ok := u.win.Canvas().Focused().(fyne.CanvasObject)
	switch {
	case !ok || u.scr == nil:
	case u.sheet != nil:
		bringIntoSight(u.sheet.over, o)
	default:
		bringIntoSight(u.scr.root, o)
	}
}

// bringIntoSight scrolls what of root holds the object until the object is seen; where it is too high, its beginning, unless it
// fills half of what is in sight already, as a passage does in which the candidate reads.
func bringIntoSight(root, o fyne.CanvasObject) {
	for _, s := range scrolls(root) {
		at, ok := inWhich(s.Content, o)
		if !ok {
			continue
		}
		view := s.Size().Height
		from, to := s.Offset.Y, s.Offset.Y+view
		top, bottom := at.Y, at.Y+o.Size().Height
		switch {
		case bottom-top > view && min(bottom, to)-max(top, from) >= view/2:
		case top < from:
			s.ScrollToOffset(fyne.NewPos(s.Offset.X, top))
		case bottom > to:
			s.ScrollToOffset(fyne.NewPos(s.Offset.X, min(top, bottom-view)))
		}
	}
}
