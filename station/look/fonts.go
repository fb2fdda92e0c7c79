package look

import (
	"sync"

	"emtihan/assets/fonts"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Font implements fyne.Theme.
func (t Theme) Font(s fyne.TextStyle) fyne.Resource {
	lighten()
	res := theme.DefaultTheme().Font(s)
	mended, ok := fontCache.Load(res)
	if !ok {
		mended, _ = fontCache.LoadOrStore(res, mend(res))
	}
	return mended.(fyne.Resource)
}

// mend mends the toolkit's own font where it lies: beside a mended copy the toolkit would hold the font itself once more for
// every style, as what to fall back to.
func mend(res fyne.Resource) fyne.Resource {
	mended := fonts.Mend(res.Content())
	if own, ok := res.(*fyne.StaticResource); ok {
		own.StaticContent = mended
		return own
	}
	return fyne.NewStaticResource(res.Name(), mended)
}

// fontCache holds the mended fonts: the toolkit asks for them at every text it draws.
var fontCache sync.Map

// Emoji is the toolkit's font of coloured pictures, for whoever reads it only when such a character is there; nil where the
// toolkit was built without it.
func Emoji() fyne.Resource {
	lighten()
	return emoji
}

var emoji fyne.Resource

// lighten takes its coloured pictures from the toolkit, which would read their four megabytes anew for every style of text
// that it draws, whether a picture is in it or not. Where one is, it is looked for in the system's fonts.
var lighten = sync.OnceFunc(func() {
	own, ok := theme.DefaultEmojiFont().(*fyne.StaticResource)
	if !ok || own == nil {
		return
	}
	emoji = fyne.NewStaticResource(own.StaticName, own.StaticContent)
	own.StaticContent = theme.DefaultSymbolFont().Content()
})
