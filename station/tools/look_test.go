package tools

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"emtihan/assets/locales"
	"emtihan/station/look"
)

var makers = map[string]func(locales.Lang) fyne.CanvasObject{
	"calculator": func(l locales.Lang) fyne.CanvasObject { return NewCalculator(l, nil) },
	"functions":  func(l locales.Lang) fyne.CanvasObject { return NewCalculator(l, &Desk{scientific: true}) },
	"periodic":   NewPeriodicTable,
	"solubility": NewSolubilityTable,
}

// room is what a window of 1366 × 768 leaves a tool in a sheet with a button below.
var room = fyne.NewSize(1286, 618)

// settings are how candidates may want to see the tools (R2).
func settings() []look.Setting {
	var out []look.Setting
	for _, name := range look.Themes {
		for _, percent := range []int{100, 150, 200} {
			out = append(out, look.Setting{Theme: name, Percent: percent})
		}
	}
	return out
}

// R2, R13: every tool fits a small screen in every language, theme and text size, and no text is cut or leaves its page. Texts have
// the size that the candidate asked for. With EMTIHAN_LOOK set to a folder, the pictures go there for a person to judge.
func TestLook(t *testing.T) {
	for _, set := range settings() {
		for name, make := range makers {
			for _, l := range locales.All {
				t.Run(fmt.Sprint(name, "-", l, "-", set.Theme, "-", set.Percent), func(t *testing.T) {
					test.NewTempApp(t)
					look.Use(set)
					t.Cleanup(func() { look.Use(look.Setting{}) })
					o := make(l)
					sizes := []fyne.Size{room, {Width: 1840, Height: 930}, o.MinSize()}
					if c, ok := o.(*Calculator); ok {
						c.Room = room
						sizes = []fyne.Size{c.MinSize(), o.MinSize().Add(fyne.NewSize(160, 120)), {Width: 500, Height: 400}}
						typing(c, "12.5*8+(3^20-1{Return}/7{Down}")
					}
					w := test.NewTempWindow(t, o)
					w.SetPadded(false)
					w.SetContent(container.NewWithoutLayout(o)) // which gives any size, also less than the smallest
					for _, size := range sizes {
						w.Resize(size)
						o.Resize(size)
						if h, ok := o.(desktop.Hoverable); ok && size == sizes[0] {
							h.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(size.Width*0.4, size.Height*0.55)}})
						}
						checkTexts(t, o, size)
						picture := fmt.Sprintf("%s-%s-%s-%d-%.0fx%.0f", name, l, set.Theme, set.Percent, size.Width, size.Height)
						capture(t, w, picture+".png")
						if g := gridOf(o); g != nil {
							for _, key := range []fyne.KeyName{fyne.KeyPlus, fyne.KeyPlus, fyne.KeyEnd, fyne.KeyPageDown} {
								o.(fyne.Focusable).TypedKey(&fyne.KeyEvent{Name: key})
								checkTexts(t, o, size)
							}
							capture(t, w, picture+"-moved.png")
							g.zoom, g.offset = 0, fyne.Position{}
						}
					}
				})
			}
		}
	}
}

func gridOf(o fyne.CanvasObject) *grid {
	switch o := o.(type) {
	case *periodicTable:
		return &o.grid
	case *solubilityTable:
		return &o.grid
	}
	return nil
}

// checkTexts finds texts that are wider than their box or stand outside the tool, or the page that moves in it, and texts of a
// table that are smaller than the candidate asked for.
func checkTexts(t *testing.T, o fyne.CanvasObject, size fyne.Size) {
	t.Helper()
	from, to := fyne.NewPos(0, 0), fyne.NewPos(size.Width, size.Height)
	least := float32(7)
	if g := gridOf(o); g != nil {
		from = fyne.NewPos(-g.offset.X, -g.offset.Y)
		to = from.AddXY(max(size.Width, g.page.Width), g.strip+g.page.Height)
		from.Y = min(from.Y, 0)
	}
	for _, x := range textsOf(o) {
		if x.Text == "" || x.Hidden {
			continue
		}
		need, p := x.MinSize(), x.Position()
		if need.Width > x.Size().Width+0.5 {
			t.Errorf("%v: %q needs %.1f of width and has %.1f", size, x.Text, need.Width, x.Size().Width)
		}
		if p.X < from.X-1 || p.X+x.Size().Width > to.X+1 || p.Y < from.Y-2 || p.Y+need.Height > to.Y+1 {
			t.Errorf("%v: %q stands at %v, %v high", size, x.Text, p, need.Height)
		}
		if x.TextSize < least {
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
