package tools

import (
	"image/color"
	"math"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"

	"emtihan/assets/locales"
)

// Rectangles here have neither strokes nor rounded corners: on a computer without a GPU those run a shader over their whole
// area, and the whole window is repainted for any change.

// gap is the space between cells and keys, in device-independent pixels.
const gap = 2

// palette is what the tools take from the current theme. It is made anew whenever the theme may have changed.
type palette struct {
	foreground, background, primary, onPrimary color.Color
	caption, body, heading                     float32
}

func newPalette(w interface{ Theme() fyne.Theme }) palette {
	th, variant := w.Theme(), fyne.CurrentApp().Settings().ThemeVariant()
	background := opaque(th.Color(theme.ColorNameBackground, variant))
	// Colours of a theme may be transparent, or pointers; these are neither, so that palettes can be compared.
	col := func(n fyne.ThemeColorName) color.Color {
		c := th.Color(n, variant)
		_, _, _, alpha := c.RGBA()
		return blend(background, c, float64(alpha)/0xffff)
	}
	return palette{
		foreground: col(theme.ColorNameForeground),
		background: background,
		primary:    col(theme.ColorNamePrimary),
		onPrimary:  col(theme.ColorNameForegroundOnPrimary),
		caption:    th.Size(theme.SizeNameCaptionText),
		body:       th.Size(theme.SizeNameText),
		heading:    th.Size(theme.SizeNameHeadingText),
	}
}

// scaled returns the palette with other text sizes.
func (p palette) scaled(f float32) palette {
	p.caption, p.body, p.heading = p.caption*f, p.body*f, p.heading*f
	return p
}

// squeeze is by how much the texts of a widget that needs the size need have to shrink when it gets only the size got: a dialog on
// a small screen with large text must lose size, not content.
func squeeze(need, got fyne.Size) float32 {
	return min(1, got.Width/need.Width, got.Height/need.Height)
}

// rgb returns the colour's components from 0 to 1, without its transparency.
func rgb(c color.Color) [3]float64 {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	return [3]float64{float64(n.R) / 255, float64(n.G) / 255, float64(n.B) / 255}
}

func fromRGB(v [3]float64) color.Color {
	return color.NRGBA{R: uint8(math.Round(v[0] * 255)), G: uint8(math.Round(v[1] * 255)), B: uint8(math.Round(v[2] * 255)), A: 255}
}

func opaque(c color.Color) color.Color { return fromRGB(rgb(c)) }

// blend mixes share (0 to 1) of b into a.
func blend(a, b color.Color, share float64) color.Color {
	x, y := rgb(a), rgb(b)
	for i := range x {
		x[i] += (y[i] - x[i]) * share
	}
	return fromRGB(x)
}

// luminance is the relative luminance of WCAG 2.1, 0 to 1.
func luminance(c color.Color) float64 {
	v := rgb(c)
	for i, x := range v {
		if x <= 0.04045 {
			v[i] = x / 12.92
		} else {
			v[i] = math.Pow((x+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*v[0] + 0.7152*v[1] + 0.0722*v[2]
}

// contrast is the contrast ratio of WCAG 2.1, 1 to 21; text needs 4.5 at least.
func contrast(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// minContrast is what WCAG 2.1 level AA asks of text, and strongContrast what AAA asks.
const (
	minContrast    = 4.5
	strongContrast = 7
)

// least is the contrast that text has on any ground: the stronger one where the theme is made for contrast, which its own text
// shows.
func (p palette) least() float64 {
	if contrast(p.foreground, p.background) > 18 {
		return strongContrast
	}
	return minContrast
}

// tint mixes as much of hue into the background, up to share, as leaves text in the foreground colour readable on it.
func (p palette) tint(hue color.Color, share float64) color.Color {
	c := blend(p.background, hue, share)
	for contrast(c, p.foreground) < p.least() && share > 0.02 {
		share -= 0.02
		c = blend(p.background, hue, share)
	}
	return c
}

// text is a line of text that is put into boxes.
func text(s string, size float32, bold bool, col color.Color) *canvas.Text {
	t := canvas.NewText(s, col)
	t.TextSize = size
	t.TextStyle.Bold = bold
	return t
}

// put places t in a box, aligned as t says and centred vertically, in a size that fits the width.
func put(t *canvas.Text, x, y, w, h, size float32) {
	t.TextSize = size
	need := t.MinSize()
	// Widths are rounded to pixels glyph by glyph and so do not shrink quite in proportion.
	for w > 0 && need.Width > w && t.TextSize > 1 {
		t.TextSize *= min(w/need.Width, 0.99)
		need = t.MinSize()
	}
	t.Move(fyne.NewPos(x, y+(h-need.Height)/2))
	t.Resize(fyne.NewSize(w, need.Height))
}

// fill places a rectangle.
func fill(r *canvas.Rectangle, x, y, w, h float32) {
	r.Move(fyne.NewPos(x, y))
	r.Resize(fyne.NewSize(w, h))
}

// textHeight is the height of a line of text of this size.
func textHeight(size float32) float32 { return fyne.MeasureText("Щg", size, fyne.TextStyle{}).Height }

func textWidth(s string, size float32, bold bool) float32 {
	return fyne.MeasureText(s, size, fyne.TextStyle{Bold: bold}).Width
}

// localNumber writes a number that has a point as the language does.
func localNumber(l locales.Lang, s string) string {
	return strings.ReplaceAll(s, ".", locales.T(l, "tools.decimal"))
}
