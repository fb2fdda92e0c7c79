package console

import (
	"emtihan/assets/locales"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// ShowTrouble fills a window with the reasons for which the program does not start, switchable between the languages.
// Enter and Esc close it. shown is told the language each time.
func ShowTrouble(w fyne.Window, l locales.Lang, say func(locales.Lang) []string, shown func(locales.Lang)) {
	keys := func(k *fyne.KeyEvent) bool {
		if k.Name == fyne.KeyEscape {
			w.Close()
			return true
		}
		return false
	}
	w.Canvas().SetOnTypedKey(func(k *fyne.KeyEvent) { keys(k) })
	var show func(locales.Lang)
	show = func(l locales.Lang) {
		w.SetTitle(locales.T(l, "proctor.title"))
		box := container.NewVBox()
		for _, s := range say(l) {
			box.Add(container.NewStack(canvas.NewRectangle(warnBg), padded(10, 8, wrapped(s))))
		}
		languages := container.NewHBox()
		for _, other := range locales.All {
			b := newButton(other.Name(), focusable{id: "lang-" + string(other), keys: keys}, func() { show(other) })
			b.Importance = widget.LowImportance
			if other == l {
				b.Importance = widget.HighImportance
			}
			languages.Add(b)
		}
		closing := newButton(locales.T(l, "proctor.start.close")+" (Enter)", focusable{id: "close", keys: keys}, w.Close)
		closing.Importance = widget.HighImportance
		w.SetContent(padded(16, 14, container.NewBorder(container.NewBorder(nil, nil, text(locales.T(l, "proctor.title"), ink, 18, true), languages),
			container.NewHBox(closing), nil, nil, container.NewVScroll(box))))
		w.Canvas().Focus(closing)
		shown(l)
	}
	show(l)
}
