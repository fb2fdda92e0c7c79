package station

import (
	"emtihan/devices/camera"
	"emtihan/proctor/identity"
	"emtihan/station/look"
	"emtihan/station/problem"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// saying is the one sentence beside the camera's picture, large enough to be read by somebody who looks at the picture.
type saying struct {
	text      *widget.Label
	back, bar *canvas.Rectangle
	box       *fyne.Container
}

func newSaying() *saying {
	s := &saying{text: widget.NewLabel(""), back: canvas.NewRectangle(look.Tint), bar: canvas.NewRectangle(look.Accent)}
	s.text.Wrapping, s.text.SizeName, s.text.TextStyle.Bold = fyne.TextWrapWord, theme.SizeNameSubHeadingText, true
	s.bar.SetMinSize(fyne.NewSize(6, 0))
	s.box = container.NewStack(s.back, container.NewBorder(nil, nil, s.bar, nil, s.text))
	return s
}

// set says something else and reports whether it does; an empty text says nothing.
func (s *saying) set(tone look.Tone, text string) bool {
	back, bar := look.Tint, look.Accent
	switch tone {
	case look.Fine:
		back, bar = look.GoodBg, look.Good
	case look.Warning:
		back, bar = look.WarnBg, look.Warn
	}
	if s.text.Text == text && s.back.FillColor == back && s.box.Visible() == (text != "") {
		return false
	}
	s.back.FillColor, s.bar.FillColor = back, bar
	s.text.SetText(text)
	show(s.box, text != "")
	s.box.Refresh()
	return true
}

// Brightness of a whole picture, 0–255, in which nobody could find a face.
const (
	nightBelow = 28
	glareAbove = 228
)

// plainer returns the hint that helps more: where no face is found in a picture without light, the light is what is missing.
func plainer(hint identity.Reason, light int) identity.Reason {
	switch {
	case hint != identity.NoFace:
	case light < nightBelow:
		return identity.TooDark
	case light > glareAbove:
		return identity.TooBright
	}
	return hint
}

// saidOfCamera says what a person can do about a camera that gives no picture; of everything else it says what [ui.said] says.
func (u *ui) saidOfCamera(err error) string {
	if problem.Of(err) != problem.CameraMissing {
		return u.said(err)
	}
	return u.t("station.camera." + string(camera.StateOf(err)))
}
