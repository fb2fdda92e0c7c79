// Package look is how the station looks: four themes of one form and a handful of flat widgets that work by keyboard as well as
// by mouse. docs/design-language.md says what it all looks like, and why.
//
// Test centres often have no graphics card, where Fyne's rounded and stroked rectangles are what costs time. So every
// surface here is a flat, unstroked rectangle, and borders are thin rectangles beside each other.
package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Theme is a theme of the station in the toolkit's form.
type Theme struct {
	Name  string  // one of Themes; any other stands for Light
	Scale float32 // of the text, from 1 (100 %) to 2 (200 %)
}

var _ fyne.Theme = Theme{}

// Color implements fyne.Theme.
func (t Theme) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	p := PaletteOf(t.Name)
	switch name {
	case theme.ColorNameBackground, theme.ColorNameMenuBackground, theme.ColorNameOverlayBackground, theme.ColorNameInputBackground:
		return p.Paper
	case theme.ColorNameForeground:
		return p.Ink
	case theme.ColorNamePrimary, theme.ColorNameHyperlink:
		return p.Accent
	case theme.ColorNameForegroundOnPrimary:
		return p.OnAccent
	case theme.ColorNameForegroundOnError, theme.ColorNameForegroundOnSuccess, theme.ColorNameForegroundOnWarning:
		return p.Paper
	case theme.ColorNameFocus, theme.ColorNameSelection:
		return p.Selection
	case theme.ColorNamePlaceHolder, theme.ColorNameDisabled, theme.ColorNameScrollBar:
		return p.Quiet
	case theme.ColorNameInputBorder:
		return p.Edge
	case theme.ColorNameSeparator:
		return p.Line
	case theme.ColorNameButton, theme.ColorNameDisabledButton, theme.ColorNameHeaderBackground, theme.ColorNameScrollBarBackground:
		return p.Desk
	case theme.ColorNameHover, theme.ColorNamePressed:
		return p.Tint
	case theme.ColorNameSuccess:
		return p.Good
	case theme.ColorNameWarning:
		return p.Warn
	case theme.ColorNameError:
		return p.Bad
	case theme.ColorNameShadow:
		// The toolkit draws the bar between two columns with it, and what fades at the edge of a scrolled page.
		if p.Dark {
			return color.NRGBA{p.Line.R, p.Line.G, p.Line.B, 0xc0}
		}
		return color.NRGBA{0, 0, 0, 0x40}
	}
	variant := theme.VariantLight
	if p.Dark {
		variant = theme.VariantDark
	}
	return theme.DefaultTheme().Color(name, variant)
}

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
	case theme.SizeNameInputBorder:
		return 2
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
