package look

import (
	"bytes"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"github.com/go-text/typesetting/font"
)

// What the toolkit reads for every style of text must be small, and the letters of the three languages must be there.
func TestFontsAreLight(t *testing.T) {
	test.NewTempApp(t)
	Use(Setting{Percent: 100})
	for _, style := range []fyne.TextStyle{{}, {Bold: true}} {
		res := Theme{}.Font(style)
		face, err := font.ParseTTF(bytes.NewReader(res.Content()))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range "AaЖжӘәҒғҚқҢңӨөҰұҮүҺһІі№₸«»—0" {
			if _, ok := face.NominalGlyph(r); !ok {
				t.Errorf("%s has no %c", res.Name(), r)
			}
		}
		if again := (Theme{}).Font(style); again != res {
			t.Errorf("%s is another one at the second time", res.Name())
		}
	}
	if n := len(theme.DefaultEmojiFont().Content()); n > 100_000 {
		t.Errorf("the toolkit reads %d bytes of emoji for every style", n)
	}
	face, err := font.ParseTTF(bytes.NewReader(Emoji().Content()))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := face.NominalGlyph('🌳'); !ok {
		t.Error("the font of emoji has no tree")
	}
	if s := fyne.MeasureText("🌳", 20, fyne.TextStyle{}); s.Width <= 0 {
		t.Errorf("a picture that no font has is %v wide", s)
	}
}
