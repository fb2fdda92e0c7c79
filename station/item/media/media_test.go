package media

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"emtihan/exam"
)

const circle = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50"><rect x="0" y="0" width="50" height="50" fill="#ff0000"/></svg>`

func coded(t testing.TB, encode func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 40, 20))
	for y := range 20 {
		for x := range 20 {
			img.Set(x, y, color.RGBA{R: 0xff, A: 0xff})
		}
	}
	var b bytes.Buffer
	if err := encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(b *bytes.Buffer, m image.Image) error  { return png.Encode(b, m) }
func jpegOf(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) }

// A picture keeps its colours in any size, and lies on white.
func TestPictures(t *testing.T) {
	for name, data := range map[string][]byte{"svg": []byte(circle), "png": coded(t, pngOf), "jpeg": coded(t, jpegOf)} {
		p, err := NewPicture(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Width != 2*p.Height {
			t.Errorf("%s: %v×%v", name, p.Width, p.Height)
		}
		for _, w := range []int{20, 40, 400} {
			img := p.Draw(w, w/2)
			if img.Bounds().Dx() != w || img.Bounds().Dy() != w/2 {
				t.Fatalf("%s: drawn as %v", name, img.Bounds())
			}
			r, g, b, _ := img.At(w/5, w/5).RGBA()
			if r>>8 < 0xf0 || g>>8 > 0x20 || b>>8 > 0x20 {
				t.Errorf("%s at %d: red is %x %x %x", name, w, r>>8, g>>8, b>>8)
			}
			if name != "jpeg" {
				if r, g, b, _ := img.At(w-2, w/5).RGBA(); r != 0xffff || g != 0xffff || b != 0xffff {
					t.Errorf("%s at %d: nothing is %x %x %x, not white", name, w, r>>8, g>>8, b>>8)
				}
			}
		}
		if p.Draw(40, 20) == p.Draw(60, 30) {
			t.Errorf("%s: two sizes are one drawing", name)
		}
		if p.Forget(); p.Draw(40, 20) == nil {
			t.Errorf("%s: forgotten, it cannot be drawn", name)
		}
	}
}

func TestRefusedPictures(t *testing.T) {
	whole := coded(t, pngOf)
	for name, c := range map[string]struct {
		data string
		want string
	}{
		"empty":        {"", "no PNG"},
		"text":         {"hello", "no PNG"},
		"png cut off":  {string(whole[:len(whole)-20]), "damaged"},
		"svg cut off":  {circle[:60], "cannot be drawn"},
		"svg text":     {`<svg viewBox="0 0 9 9"><text x="1" y="5">A</text></svg>`, "cannot be drawn"},
		"svg nothing":  {`<svg viewBox="0 0 9 9"></svg>`, "shows nothing"},
		"svg no size":  {`<svg><rect x="0" y="0" width="5" height="5"/></svg>`, "large"},
		"svg so large": {`<svg viewBox="0 0 1e9 9"><rect x="0" y="0" width="5" height="5"/></svg>`, "large"},
	} {
		if _, err := NewPicture([]byte(c.data)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func FuzzNewPicture(f *testing.F) {
	f.Add([]byte(circle))
	f.Add([]byte(`<svg viewBox="0 0 9 9"><path d="M1 1 L5 5 A 3 3 0 0 1 8 8 Z" stroke="#000" stroke-width="2"/><g><circle cx="3" cy="3" r="2"/></g></svg>`))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := NewPicture(data); err == nil {
			p.Draw(30, 20)
		}
	})
}

func paper(t *testing.T, media string) *exam.Paper {
	t.Helper()
	p, err := exam.ParsePaper([]byte(`format = 1
id = "p"
languages = ["en"]
title = {en = "P"}
` + media + `
[[blocks]]
id = "b"
title = {en = "B"}
[[blocks.items]]
id = "L"
kind = "long"
points = 1
text = {en = "x"}
`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func entry(id, kind, file string, data []byte) string {
	sum := sha256.Sum256(data)
	return "[[media]]\nid = \"" + id + "\"\nkind = \"" + kind + "\"\nfile = \"" + file + "\"\nsha256 = \"" + hex.EncodeToString(sum[:]) + "\"\n"
}

func TestLoad(t *testing.T) {
	silence := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x80\x3e\x00\x00"), make([]byte, 16000)...)
	files := map[string][]byte{"a.svg": []byte(circle), "b.wav": silence, "c.svg": []byte("<svg"), "d.wav": silence[:50]}
	read := func(file string) ([]byte, error) {
		if data, ok := files[file]; ok {
			return data, nil
		}
		return nil, errors.New("there is no such file")
	}
	good := entry("a", "picture", "a.svg", files["a.svg"]) + entry("b", "sound", "b.wav", silence)
	for _, thorough := range []bool{false, true} {
		s, err := Load(paper(t, good), read, thorough)
		if err != nil {
			t.Fatal(err)
		}
		if s.Picture("a") == nil || s.Sound("b") == nil || s.Picture("b") != nil || s.Sound("x") != nil {
			t.Error("the media are not there by their ids")
		}
		if got := s.Sound("b").Length.Seconds(); got != 1 {
			t.Errorf("the sound plays for %v s", got)
		}
	}
	_, err := Load(paper(t, good+entry("c", "picture", "c.svg", files["c.svg"])+entry("d", "sound", "d.wav", files["d.wav"])+
		entry("f", "picture", "none.png", nil)+entry("g", "picture", "a.svg", silence)), read, true)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`"c", file p/c.svg: the SVG`, `"d", file p/d.wav: sound: the WAV file is cut off`, `"f", file p/none.png: there is no such file`, `"g", file p/a.svg: it is not the file that the paper means`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), `"a"`) || strings.Contains(err.Error(), `"b"`) {
		t.Errorf("what is well is complained about:\n%v", err)
	}
}
