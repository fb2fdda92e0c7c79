// Package stand shows an editor in a window of its own, so that it can be measured and looked at without an exam around it.
package stand

import (
	"emtihan/station/editor"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// Options say what is shown.
type Options struct {
	Text          string
	PlaceHolder   string
	Width, Height int               // of the window, in pixels
	Scale         float32           // of the text, from 1 to 2
	Stock         bool              // the toolkit's own field in place of the editor, to compare with
	Tell          func(text string) // is told of every text that a key leads to; may be nil
}

// Run shows the window until it is closed.
func Run(opt Options) {
	a := app.NewWithID("kz.testcenter.emtihan.stand")
	look.Use(look.Setting{Percent: int(opt.Scale*100 + 0.5)})
	w := a.NewWindow("Emtihan editor")
	w.SetPadded(false)
	w.SetMaster()
	var field fyne.CanvasObject
	var focus fyne.Focusable
	if opt.Stock {
		f := look.NewField(8, nil)
		f.SetText(opt.Text)
		field, focus = f, f
	} else {
		e := editor.New(opt.Text, true, nil, func(_ editor.Edit, next string) bool {
			if opt.Tell != nil {
				opt.Tell(next)
			}
			return true
		})
		e.SetPlaceHolder(opt.PlaceHolder)
		field, focus = e, e
	}
	w.SetContent(container.New(layout.NewCustomPaddedLayout(12, 12, 16, 16), field))
	w.Resize(fyne.NewSize(float32(opt.Width), float32(opt.Height)))
	w.Canvas().Focus(focus)
	w.ShowAndRun()
}
