// Package still draws tasks of a paper as pictures, without a window and without a screen, by the same widgets that candidates see.
package still

import (
	"image"
	"image/color"
	"sync"
	"time"

	"emtihan/assets/locales"
	"emtihan/devices/sound"
	"emtihan/exam"
	"emtihan/station/item"
	"emtihan/station/item/media"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/test"
)

// Measures of a picture in pixels. What is higher than MaxHeight is cut off.
const (
	Width     = 960
	MaxHeight = 6000
	margin    = 16
	answer    = 120 // height of the place for a text
)

var begin = sync.OnceFunc(func() {
	test.NewApp()
	look.Use(look.Setting{Theme: look.Light, Percent: look.LeastPercent})
})

// Draw draws one task of a paper as a candidate meets it: its passage, its text, and what is marked, or an empty place where a text is
// written. lang is an exam language of the paper and the language of the interface. All calls come from one goroutine, in a program
// that runs no other Fyne app.
func Draw(paper *exam.Paper, set *media.Set, it *exam.Item, lang string) image.Image {
	begin()
	h := &host{attempt: exam.NewAttempt(paper), lang: locales.Lang(lang)}
	pane := item.NewDesk(h, paper, lang, set, mute{}).Pane(it)
	if pane.Answer == nil {
		field := canvas.NewRectangle(look.Paper)
		field.StrokeColor, field.StrokeWidth = look.Edge, 1
		field.SetMinSize(fyne.NewSize(1, answer))
		pane.Answer = container.NewStack(field)
	}
	task := container.NewVBox(pane.Prompt, pane.Answer)
	whole := fyne.CanvasObject(task)
	if pane.Passage != nil {
		whole = container.New(layout.NewGridLayoutWithColumns(2), pane.Passage, task)
	}
	whole = container.New(layout.NewCustomPaddedLayout(margin, margin, margin, margin), whole)
	c := software.NewCanvas()
	c.SetPadded(false)
	c.SetContent(whole)
	c.Resize(fyne.NewSize(Width, MaxHeight))
	// The height of a text is known once it has its width.
	height := min(max(whole.MinSize().Height, 2*margin), MaxHeight)
	if pane.Passage != nil {
		height = max(height, 600)
	}
	c.Resize(fyne.NewSize(Width, height))
	pane.Settle()
	return software.RenderCanvas(c, fyne.CurrentApp().Settings().Theme())
}

// Inked reports whether anything is drawn on the picture's ground.
func Inked(img image.Image) bool {
	b := img.Bounds()
	ground := color.NRGBAModel.Convert(img.At(b.Min.X, b.Min.Y))
	n := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if color.NRGBAModel.Convert(img.At(x, y)) != ground {
				if n++; n > 50 {
					return true
				}
			}
		}
	}
	return false
}

// host is a station of which only a new attempt is there, and which does nothing.
type host struct {
	attempt *exam.Attempt
	lang    locales.Lang
}

func (h *host) T(id string, pairs ...any) string { return locales.T(h.lang, id, pairs...) }
func (h *host) Attempt() *exam.Attempt           { return h.attempt }
func (h *host) Answer(string, exam.Command)      {}
func (h *host) Do(exam.Command, func(error))     {}
func (h *host) Say(error)                        {}
func (h *host) Post(f func())                    { f() }
func (h *host) Keys(*fyne.KeyEvent) bool         { return false }
func (h *host) Mods() fyne.KeyModifier           { return 0 }
func (h *host) Focus(fyne.Focusable)             {}
func (h *host) Reveal(fyne.CanvasObject)         {}
func (h *host) Zoom(*media.Picture, string)      {}

// mute is a loudspeaker that plays nothing.
type mute struct{}

func (mute) Play(sound.Source, time.Duration, func(sound.Reading)) {}
func (mute) Stop()                                                 {}
func (mute) SetVolume(int)                                         {}
func (mute) Volume() int                                           { return sound.StartVolume }
