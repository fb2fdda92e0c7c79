package console

import (
	"emtihan/assets/locales"
	"emtihan/proctor/console/look"

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
			box.Add(container.NewStack(canvas.NewRectangle(look.WarnBg), look.Padded(10, 8, look.Wrapped(s))))
		}
		languages := container.NewHBox()
		for _, other := range locales.All {
			b := look.NewButton(other.Name(), look.Focusable{ID: "lang-" + string(other), Keys: keys}, func() { show(other) })
			b.Importance = widget.LowImportance
			if other == l {
				b.Importance = widget.HighImportance
			}
			languages.Add(b)
		}
		closing := look.NewButton(locales.T(l, "proctor.start.close")+" (Enter)", look.Focusable{ID: "close", Keys: keys}, w.Close)
		closing.Importance = widget.HighImportance
		w.SetContent(look.Padded(16, 14, container.NewBorder(container.NewBorder(nil, nil, look.Text(locales.T(l, "proctor.title"), look.Ink, 18, true), languages),
			container.NewHBox(closing), nil, nil, container.NewVScroll(box))))
		w.Canvas().Focus(closing)
		shown(l)
	}
	show(l)
}
