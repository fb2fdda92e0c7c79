package look

import (
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
)

// Palette is the colours of a theme, by what they are for. Text is readable on its ground by WCAG 2.2, 1.4.3 and 1.4.6: 4.5 to 1,
// and 7 to 1 in the themes "contrast" and "yellow"; what is no text but must be seen has 3 to 1 (1.4.11). docs/design-language.md
// lists the figures, and a test works them out again.
type Palette struct {
	Paper     color.NRGBA // the ground of text
	Desk      color.NRGBA // what lies under the paper, and the ground of what can be pressed
	Ink       color.NRGBA // text
	Quiet     color.NRGBA // text of less weight: placeholders, what cannot be pressed now, scroll bars
	Line      color.NRGBA // lines that only order the page; nothing is lost with them
	Edge      color.NRGBA // the frame of what can be pressed or written in
	Accent    color.NRGBA // the step to take, the current task, the caret, the focus
	OnAccent  color.NRGBA // text on Accent
	Tint      color.NRGBA // the ground of what is chosen, or lies under the pointer
	Selection color.NRGBA // the ground of selected text
	Good      color.NRGBA // saved, answered
	Warn      color.NRGBA // to be looked at: flagged
	Bad       color.NRGBA // not saved, not to be taken back
	GoodBg    color.NRGBA
	WarnBg    color.NRGBA
	BadBg     color.NRGBA
	Shade     color.NRGBA // over what a sheet covers; not opaque
	Dark      bool        // text is lighter than its ground
}

// The names of the themes.
const (
	Light    = "light"
	Dark     = "dark"
	Contrast = "contrast" // black on white with strong edges, like print
	Yellow   = "yellow"   // yellow on black
)

// Themes are the names of the themes, in the order in which they are offered.
var Themes = []string{Light, Dark, Contrast, Yellow}

var palettes = map[string]Palette{
	Light: {
		Paper: rgb(0xffffff), Desk: rgb(0xf1f3f6), Ink: rgb(0x1c222b), Quiet: rgb(0x4d5766), Line: rgb(0xd3d9e2), Edge: rgb(0x858b96),
		Accent: rgb(0x083878), OnAccent: rgb(0xffffff), Tint: rgb(0xdde9f7), Selection: rgb(0xb8d3f2),
		Good: rgb(0x1b6938), Warn: rgb(0x804d00), Bad: rgb(0x9e1b1b), GoodBg: rgb(0xdff2e5), WarnBg: rgb(0xfdf0d5), BadBg: rgb(0xfbe4e2),
		Shade: color.NRGBA{0x1c, 0x22, 0x2b, 0x60},
	},
	Dark: {
		Paper: rgb(0x171b21), Desk: rgb(0x242a33), Ink: rgb(0xe3e7ed), Quiet: rgb(0xadb6c3), Line: rgb(0x3b4450), Edge: rgb(0x6a7482),
		Accent: rgb(0xb4d4ff), OnAccent: rgb(0x10151c), Tint: rgb(0x2a3f5c), Selection: rgb(0x35588a),
		Good: rgb(0x86d8a0), Warn: rgb(0xf0c070), Bad: rgb(0xffa8a0), GoodBg: rgb(0x1c3a28), WarnBg: rgb(0x41331a), BadBg: rgb(0x4a2424),
		Shade: color.NRGBA{0, 0, 0, 0x90}, Dark: true,
	},
	Contrast: {
		Paper: rgb(0xffffff), Desk: rgb(0xffffff), Ink: rgb(0x000000), Quiet: rgb(0x333333), Line: rgb(0x767676), Edge: rgb(0x767676),
		Accent: rgb(0x00006b), OnAccent: rgb(0xffffff), Tint: rgb(0xdcdcff), Selection: rgb(0xffe27a),
		Good: rgb(0x004a1c), Warn: rgb(0x5c3300), Bad: rgb(0x7a0000), GoodBg: rgb(0xe0f5e6), WarnBg: rgb(0xfff3d6), BadBg: rgb(0xffe6e4),
		Shade: color.NRGBA{0, 0, 0, 0x80},
	},
	Yellow: {
		Paper: rgb(0x000000), Desk: rgb(0x1c1c00), Ink: rgb(0xffff00), Quiet: rgb(0xd9d900), Line: rgb(0x6b6b00), Edge: rgb(0x7d7d00),
		Accent: rgb(0xffff00), OnAccent: rgb(0x000000), Tint: rgb(0x3d3d00), Selection: rgb(0x004a99),
		Good: rgb(0x8cff9c), Warn: rgb(0xffc14d), Bad: rgb(0xffb3ac), GoodBg: rgb(0x00300c), WarnBg: rgb(0x3a2600), BadBg: rgb(0x4a0c0c),
		Shade: color.NRGBA{0, 0, 0, 0xb0}, Dark: true,
	},
}

func rgb(v uint32) color.NRGBA { return color.NRGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 0xff} }

// PaletteOf returns the colours of a theme; those of Light for a name that is none.
func PaletteOf(name string) Palette {
	if p, ok := palettes[name]; ok {
		return p
	}
	return palettes[Light]
}

// The colours of the theme in use, as Use left them. They are values: what was drawn with one keeps it until it is built or
// refreshed anew. Read them on Fyne's goroutine only, and keep none in a variable of a package.
var (
	Paper, Desk, Ink, Quiet, Line, Edge, Accent, OnAccent, Tint, Selection color.NRGBA
	Good, Warn, Bad, GoodBg, WarnBg, BadBg, Shade                          color.NRGBA
)

// Setting is how a candidate wants to see the station (R2).
type Setting struct {
	Theme   string // one of Themes
	Percent int    // size of the text, from 100 to 200
}

// The least and the greatest size of the text, in per cent.
const (
	LeastPercent = 100
	MostPercent  = 200
)

var current = Setting{Light, LeastPercent}

func init() { spread(palettes[Light]) }

// Use makes the setting that of the whole program: the colours above, and the theme of the current Fyne app. A theme that does
// not exist stands for Light, and a size beyond the bounds for the nearest. It is called on Fyne's goroutine, and its caller
// then builds the screen anew, because what is drawn already has its colours.
func Use(s Setting) {
	if !slices.Contains(Themes, s.Theme) {
		s.Theme = Light
	}
	s.Percent = min(max(s.Percent, LeastPercent), MostPercent)
	current = s
	spread(palettes[s.Theme])
	fyne.CurrentApp().Settings().SetTheme(Theme{Name: s.Theme, Scale: Scale()})
}

// Now returns the setting in use.
func Now() Setting { return current }

// Scale returns the size of the text in use, from 1 to 2.
func Scale() float32 { return float32(current.Percent) / 100 }

// Large reports whether the text is so large that a screen has little room beside it.
func Large() bool { return Scale() >= 1.5 }

func spread(p Palette) {
	Paper, Desk, Ink, Quiet, Line, Edge = p.Paper, p.Desk, p.Ink, p.Quiet, p.Line, p.Edge
	Accent, OnAccent, Tint, Selection = p.Accent, p.OnAccent, p.Tint, p.Selection
	Good, Warn, Bad, GoodBg, WarnBg, BadBg, Shade = p.Good, p.Warn, p.Bad, p.GoodBg, p.WarnBg, p.BadBg, p.Shade
}
