package tools

import (
	"fmt"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"emtihan/assets/locales"
)

// scaledTheme is a theme with one variant and larger text, as a candidate with impaired vision sets it.
type scaledTheme struct {
	fyne.Theme
	variant fyne.ThemeVariant
	scale   float32
}

func (t scaledTheme) Color(n fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	return t.Theme.Color(n, t.variant)
}

func (t scaledTheme) Size(n fyne.ThemeSizeName) float32 { return t.Theme.Size(n) * t.scale }

var testThemes = map[string]fyne.Theme{
	"light":       scaledTheme{theme.DefaultTheme(), theme.VariantLight, 1},
	"dark":        scaledTheme{theme.DefaultTheme(), theme.VariantDark, 1},
	"light-large": scaledTheme{theme.DefaultTheme(), theme.VariantLight, 1.2},
	"dark-double": scaledTheme{theme.DefaultTheme(), theme.VariantDark, 2},
}

var makers = map[string]func(locales.Lang) fyne.CanvasObject{
	"calculator": func(l locales.Lang) fyne.CanvasObject { return NewCalculator(l) },
	"periodic":   NewPeriodicTable,
	"solubility": NewSolubilityTable,
}

// room is what a window of 1366 × 768 leaves a tool in a sheet with a button below.
var room = fyne.NewSize(1286, 618)

// R13: every tool fits a small screen in every language and theme, and no text is cut or leaves its widget. With EMTIHAN_LOOK set to
// a folder, the pictures go there for a person to judge.
func TestLook(t *testing.T) {
	for themeName, th := range testThemes {
		for name, make := range makers {
			for _, l := range locales.All {
				t.Run(fmt.Sprint(name, "-", l, "-", themeName), func(t *testing.T) {
					test.NewTempApp(t)
					test.ApplyTheme(t, th)
					o := make(l)
					sizes := []fyne.Size{room, {Width: 1840, Height: 930}}
					if c, ok := o.(*Calculator); ok {
						sizes = []fyne.Size{{Width: 380, Height: 460}, o.MinSize().Add(fyne.NewSize(160, 120))}
						test.Type(c, "12.5*8+(3^20-1")
						c.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
						test.Type(c, "/7")
						c.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
					}
					// At twice the text size the tables need more than this room; their texts then become smaller again, not cut.
					if m := o.MinSize(); themeName != "dark-double" && (m.Width > room.Width || m.Height > room.Height) {
						t.Errorf("needs %v, the room is %v", m, room)
					}
					w := test.NewTempWindow(t, o)
					w.SetPadded(false)
					w.SetContent(container.NewWithoutLayout(o)) // which gives any size, also less than the smallest
					for _, size := range append(sizes, o.MinSize()) {
						w.Resize(size)
						o.Resize(size)
						if h, ok := o.(desktop.Hoverable); ok && size == sizes[0] {
							h.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(size.Width*0.4, size.Height*0.55)}})
						}
						checkTexts(t, o, size)
						capture(t, w, fmt.Sprintf("%s-%s-%s-%.0fx%.0f.png", name, l, themeName, size.Width, size.Height))
					}
				})
			}
		}
	}
}

// checkTexts finds texts that are wider than their box or stand outside the widget.
func checkTexts(t *testing.T, o fyne.CanvasObject, size fyne.Size) {
	t.Helper()
	for _, child := range test.WidgetRenderer(o.(fyne.Widget)).Objects() {
		x, ok := child.(*canvas.Text)
		if !ok || x.Text == "" {
			continue
		}
		need, p := x.MinSize(), x.Position()
		if need.Width > x.Size().Width+0.5 {
			t.Errorf("%v: %q needs %.1f of width and has %.1f", size, x.Text, need.Width, x.Size().Width)
		}
		if p.X < -0.5 || p.X+x.Size().Width > size.Width+0.5 || p.Y < -2 || p.Y+need.Height > size.Height+1 {
			t.Errorf("%v: %q stands at %v, %v high", size, x.Text, p, need.Height)
		}
		if x.TextSize < 7 {
			t.Errorf("%v: %q has the text size %.1f", size, x.Text, x.TextSize)
		}
	}
}

func capture(t *testing.T, w fyne.Window, name string) {
	t.Helper()
	dir := os.Getenv("EMTIHAN_LOOK")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, w.Canvas().Capture()); err != nil {
		t.Fatal(err)
	}
}
