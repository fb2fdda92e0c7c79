// Package look is how the station looks: one theme and a handful of flat widgets that work by keyboard as well as by mouse.
//
// Test centres often have no graphics card, where Fyne's rounded and stroked rectangles are what costs time. So every
// surface here is a flat, unstroked rectangle, and borders are thin rectangles beside each other.
package look

import (
	"image/color"
	"sync"

	"emtihan/assets/fonts"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// The colours. Contrast against Paper, by the formula of WCAG 2.2: Ink 16.0, Quiet 7.3, Accent 8.0, Good 6.7, Warn 7.0,
// Bad 8.0, each above the 4.5 that level AA asks for.
var (
	Paper  = color.NRGBA{0xff, 0xff, 0xff, 0xff}
	Desk   = color.NRGBA{0xf1, 0xf3, 0xf6, 0xff}
	Ink    = color.NRGBA{0x1c, 0x22, 0x2b, 0xff}
	Quiet  = color.NRGBA{0x4d, 0x57, 0x66, 0xff}
	Line   = color.NRGBA{0xd3, 0xd9, 0xe2, 0xff}
	Accent = color.NRGBA{0x0b, 0x4f, 0x9e, 0xff}
	Tint   = color.NRGBA{0xdd, 0xe9, 0xf7, 0xff}
	Good   = color.NRGBA{0x1b, 0x69, 0x38, 0xff}
	Warn   = color.NRGBA{0x80, 0x4d, 0x00, 0xff}
	Bad    = color.NRGBA{0x9e, 0x1b, 0x1b, 0xff}
	WarnBg = color.NRGBA{0xfd, 0xf0, 0xd5, 0xff}
	BadBg  = color.NRGBA{0xfb, 0xe4, 0xe2, 0xff}
	GoodBg = color.NRGBA{0xdf, 0xf2, 0xe5, 0xff}
)

// Theme is the station's theme at a text scale from 1 (100 %) to 2 (200 %).
type Theme struct{ Scale float32 }

var _ fyne.Theme = Theme{}

// Color implements fyne.Theme.
func (t Theme) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	switch name {
	case theme.ColorNameBackground, theme.ColorNameMenuBackground, theme.ColorNameOverlayBackground, theme.ColorNameInputBackground:
		return Paper
	case theme.ColorNameForeground:
		return Ink
	case theme.ColorNamePrimary, theme.ColorNameHyperlink:
		return Accent
	case theme.ColorNameForegroundOnPrimary:
		return Paper
	case theme.ColorNameFocus, theme.ColorNameSelection:
		return color.NRGBA{0xb8, 0xd3, 0xf2, 0xff}
	case theme.ColorNamePlaceHolder, theme.ColorNameDisabled:
		return Quiet
	case theme.ColorNameSeparator, theme.ColorNameInputBorder:
		return Line
	case theme.ColorNameButton, theme.ColorNameDisabledButton, theme.ColorNameHeaderBackground:
		return Desk
	case theme.ColorNameHover, theme.ColorNamePressed:
		return Tint
	case theme.ColorNameSuccess:
		return Good
	case theme.ColorNameWarning:
		return Warn
	case theme.ColorNameError:
		return Bad
	case theme.ColorNameShadow:
		return color.NRGBA{0, 0, 0, 0x40}
	}
	return theme.DefaultTheme().Color(name, theme.VariantLight)
}

// Font implements fyne.Theme.
func (t Theme) Font(s fyne.TextStyle) fyne.Resource {
	res := theme.DefaultTheme().Font(s)
	mended, ok := fontCache.Load(res.Name())
	if !ok {
		mended, _ = fontCache.LoadOrStore(res.Name(), fyne.NewStaticResource(res.Name(), fonts.Mend(res.Content())))
	}
	return mended.(fyne.Resource)
}

// fontCache holds the mended fonts by name: the toolkit asks for them at every text it draws.
var fontCache sync.Map

// Icon implements fyne.Theme.
func (t Theme) Icon(n fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(n) }

// Size implements fyne.Theme.
func (t Theme) Size(name fyne.ThemeSizeName) float32 {
	scale := max(1, t.Scale)
	switch name {
	case theme.SizeNameText:
		return baseText * scale
	case theme.SizeNameSubHeadingText:
		return 18 * scale
	case theme.SizeNameHeadingText:
		return 24 * scale
	case theme.SizeNameCaptionText:
		return 12.5 * scale
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius, theme.SizeNameScrollBarRadius:
		return 0
	case theme.SizeNameInnerPadding:
		return 6
	case theme.SizeNameScrollBar:
		return 14
	case theme.SizeNameScrollBarSmall:
		return 8
	}
	return theme.DefaultTheme().Size(name)
}

// baseText is the text size at the scale 1.
const baseText = 15

// textSize is the size that the widgets of this package draw text with.
func textSize() float32 { return theme.Size(theme.SizeNameText) }
