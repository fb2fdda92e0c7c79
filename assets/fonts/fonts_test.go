package fonts

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	"golang.org/x/tools/go/packages"
)

// The dot of the Kazakh і must be there in every weight that the windows use.
func TestMendKeepsTheDot(t *testing.T) {
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedFiles}, "fyne.io/fyne/v2/theme")
	if err != nil || len(pkgs) != 1 || len(pkgs[0].GoFiles) == 0 {
		t.Fatalf("the toolkit's theme package cannot be found: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(pkgs[0].GoFiles[0]), "font", "NotoSans-*.ttf"))
	if err != nil || len(files) < 2 {
		t.Fatalf("the toolkit's fonts are not where they were: %v %v", files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(Mend(data)); n != len(data) {
			t.Errorf("%s: %d bytes became %d", filepath.Base(f), len(data), n)
		}
		mended, err := font.ParseTTF(bytes.NewReader(Mend(data)))
		if err != nil {
			t.Fatal(err)
		}
		if name := mended.GlyphName(36); name != "" {
			t.Errorf("%s: a glyph is still called %q", filepath.Base(f), name)
		}
		if got, want := glyph(t, Mend(data), language.Cyrillic), glyph(t, data, language.Latin); got != want {
			t.Errorf("%s: і is glyph %d, want the dotted %d", filepath.Base(f), got, want)
		}
	}
}

func glyph(t *testing.T, data []byte, script language.Script) font.GID {
	t.Helper()
	face, err := font.ParseTTF(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text := []rune("і")
	var shaper shaping.HarfbuzzShaper
	out := shaper.Shape(shaping.Input{
		Text: text, RunEnd: len(text), Direction: di.DirectionLTR, Face: face, Size: fixed.I(20),
		Script: script, Language: language.NewLanguage("kk"),
	})
	return out.Glyphs[0].GlyphID
}

func FuzzMend(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00GSUB"))
	f.Add([]byte("\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00post....\x00\x00\x00\x1c\x00\x00\x00\x20" + strings.Repeat("\x00", 32)))
	f.Add([]byte("\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00post....\xff\xff\xff\xf0\x00\x00\x00\x20"))
	f.Add([]byte("\x00\x01\x00\x00\xff\xff\x00\x00\x00\x00\x00\x00" + strings.Repeat("GSUB............", 3)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got := Mend(data); len(got) != len(data) {
			t.Errorf("%d bytes became %d", len(data), len(got))
		}
	})
}
