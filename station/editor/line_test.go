package editor

import (
	"image/color"
	"testing"

	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
)

// ink counts the pixels of a colour that the window shows.
func ink(w fyne.Window, c color.NRGBA) (n int) {
	img := w.Canvas().Capture()
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if r, g, b, _ := img.At(x, y).RGBA(); uint8(r>>8) == c.R && uint8(g>>8) == c.G && uint8(b>>8) == c.B {
				n++
			}
		}
	}
	return n
}

func TestLine(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(look.Theme{})
	l := NewLine("3:10:00", look.Ink)
	l.TextStyle = fyne.TextStyle{Bold: true, Monospace: true}
	l.SetText("3:09:59") // before it is on a window
	l.TextSize = 22
	l.Reserve = []string{"Сақталуда…"}
	w := test.NewTempWindow(t, container.NewHBox(l))
	if ink(w, look.Ink) < 20 || ink(w, look.Bad) > 0 {
		t.Error("the line is not shown in its colour")
	}
	wide := l.Size().Width
	if least := fyne.MeasureText("Сақталуда…", 22, l.TextStyle).Width; wide < least {
		t.Errorf("the line is %v wide, its reserve needs %v", wide, least)
	}
	for _, text := range []string{"", "1", "Сақталуда…", "№ 1–25 «ә» 🌳", "3:09:59"} {
		l.Text, l.Color = text, look.Bad
		l.Refresh()
		if got := ink(w, look.Bad) > 0; got != (text != "") || ink(w, look.Ink) > 0 {
			t.Errorf("%q: the line is shown %v", text, got)
		}
		if l.Size().Width != wide {
			t.Errorf("%q: the line is %v wide, was %v", text, l.Size().Width, wide)
		}
	}
	fyne.CurrentApp().Settings().SetTheme(look.Theme{Scale: 2})
	l.TextSize = 44
	l.Refresh()
	if least := l.MinSize(); least.Width < 1.5*wide {
		t.Errorf("twice as large it asks for %v, before it was %v wide", least.Width, wide)
	}
	l.Resize(fyne.NewSize(0, 0)) // must not panic
	l.SetText("x")
}
