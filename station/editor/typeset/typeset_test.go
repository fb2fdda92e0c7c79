package typeset

import (
	"image"
	"image/color"
	"image/draw"
	"slices"
	"strings"
	"testing"

	"emtihan/assets/fonts"
	"emtihan/station/editor/text"

	"fyne.io/fyne/v2/theme"
	"pgregory.net/rapid"
)

func sources() []Source {
	return []Source{
		{Key: "mended", Data: func() []byte { return fonts.Mend(theme.DefaultTextFont().Content()) }},
		{Key: "symbols", Data: func() []byte { return theme.DefaultSymbolFont().Content() }},
		{Key: "emoji", Data: func() []byte { return theme.DefaultEmojiFont().Content() }},
	}
}

func setter(t testing.TB) *Setter {
	t.Helper()
	s, err := New(17, sources()...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNewRefuses(t *testing.T) {
	bad := Source{Key: "no font", Data: func() []byte { return []byte("no font") }}
	for name, make := range map[string]func() (*Setter, error){
		"too small": func() (*Setter, error) { return New(1, sources()...) },
		"too large": func() (*Setter, error) { return New(1000, sources()...) },
		"no font":   func() (*Setter, error) { return New(17) },
		"bad font":  func() (*Setter, error) { return New(17, bad) },
	} {
		if _, err := make(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	s, err := New(17, sources()[0], bad)
	if err != nil {
		t.Fatal(err)
	}
	if l := s.Line([]rune("a🌳")); l.Width <= 0 {
		t.Error("a font that cannot be read keeps text from being set")
	}
}

func TestLine(t *testing.T) {
	s := setter(t)
	runes := []rune("Қазақ е\u0301 👩‍👩‍👧 соңы")
	l := s.Line(runes)
	borders := []int{0}
	text.Clusters(runes, 0, func(end int) bool { borders = append(borders, end); return true })
	last := float32(-1)
	for _, off := range borders {
		x := l.X(off)
		if x <= last {
			t.Errorf("the caret behind %d runes stands at %v, not to the right of %v", off, x, last)
		}
		last = x
		if got := l.Offset(x + 0.1); got != off {
			t.Errorf("a click at %v hits %d, not %d", x, got, off)
		}
	}
	if last != l.Width {
		t.Errorf("the line is %v wide and ends at %v", l.Width, last)
	}
	if got := l.Offset(-50); got != 0 {
		t.Errorf("a click left of the line hits %d", got)
	}
	if got := l.Offset(1e6); got != len(runes) {
		t.Errorf("a click right of the line hits %d of %d", got, len(runes))
	}
	if a, b := s.Line([]rune("е")).Width, s.Line([]rune("е\u0301")).Width; a != b {
		t.Errorf("е is %v wide and %v with an accent", a, b)
	}
	if s.Line(nil).Width != 0 {
		t.Error("nothing has a width")
	}
}

// Every letter of the three languages has a glyph of its own in the first font, with its dots.
func TestLettersHaveGlyphs(t *testing.T) {
	s := setter(t)
	seen := make(map[string]rune)
	for _, r := range "АӘБВГҒДЕЁЖЗИЙКҚЛМНҢОӨПРСТУҰҮФХҺЦЧШЩЪЫІЬЭЮЯаәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюяabcxyz«»—№₸" {
		w := s.word([]rune{r})
		if len(w.glyphs) != 1 || w.glyphs[0].id == 0 || w.glyphs[0].face != s.faces[0] {
			t.Errorf("%c has no glyph in the text font", r)
			continue
		}
		img := canvas(40, 40)
		s.Draw(img, s.Line([]rune{r}), 10, 28, color.RGBA{A: 255})
		if other, twice := seen[string(img.Pix)]; twice && !same(other, r) {
			t.Errorf("%c looks like %c", r, other)
		}
		seen[string(img.Pix)] = r
	}
	dotted, bare := canvas(40, 40), canvas(40, 40)
	s.Draw(dotted, s.Line([]rune("і")), 10, 28, color.RGBA{A: 255})
	s.Draw(bare, s.Line([]rune("ı")), 10, 28, color.RGBA{A: 255})
	if slices.Equal(dotted.Pix, bare.Pix) {
		t.Error("і has lost its dot")
	}
}

// same reports whether two letters of two scripts are drawn alike.
func same(a, b rune) bool {
	for _, p := range []string{"АA", "ВB", "СC", "ЕE", "НH", "ІI", "КK", "МM", "ОO", "РP", "ТT", "ХX", "аa", "сc", "еe", "һh", "іi", "оo", "рp", "хx", "уy", "ЗЗ"} {
		if strings.ContainsRune(p, a) && strings.ContainsRune(p, b) {
			return true
		}
	}
	return false
}

func canvas(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	return img
}

func TestEmojiHasColours(t *testing.T) {
	s := setter(t)
	img := canvas(60, 40)
	s.Draw(img, s.Line([]rune("🌳")), 5, 28, color.RGBA{A: 255})
	for i := 0; i < len(img.Pix); i += 4 {
		if img.Pix[i] != img.Pix[i+1] {
			return
		}
	}
	t.Error("the tree is grey")
}

func TestDrawingOutside(t *testing.T) {
	s := setter(t)
	l := s.Line([]rune("Жұмбақ сөз 🌳"))
	for _, x := range []float32{-1e6, -20, 15, 1e6} {
		for _, y := range []int{-1000, 0, 3, 1000} {
			s.Draw(canvas(20, 10), l, x, y, color.RGBA{A: 255}) // must not panic
		}
	}
}

var pieces = []string{"сөз ", "ғылыми-зерттеу ", "a", " ", "\t", "—", "е\u0301", "🌳", "👩‍👩‍👧", "ұзақ", "\u0301", "\r", "🇰🇿", "-", "\u00a0", "ааааааааааааааааааааааааааааааааааааааааааааааааааааааааааааааааааааааааааааа"}

func paragraph(t *rapid.T, name string, most int) []rune {
	return []rune(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, most).Draw(t, name), ""))
}

// What wrapping promises: nothing lost, borders of clusters only, nothing too wide that could be narrower, and breaking
// again after an edit gives what breaking afresh gives.
func TestWrap(t *testing.T) {
	s := setter(t)
	rapid.Check(t, func(t *rapid.T) {
		runes := paragraph(t, "text", 40)
		width := float32(rapid.IntRange(1, 400).Draw(t, "width"))
		ends := s.Wrap(runes, width)
		check(t, s, runes, ends, width)
		for range 6 {
			at := rapid.IntRange(0, len(runes)).Draw(t, "at")
			removed := rapid.IntRange(0, len(runes)-at).Draw(t, "removed")
			inserted := paragraph(t, "inserted", 4)
			runes = slices.Concat(runes[:at], inserted, runes[at+removed:])
			ends = s.Rewrap(ends, runes, width, at, removed, len(inserted))
			if fresh := s.Wrap(runes, width); !slices.Equal(ends, fresh) {
				t.Fatalf("%q, changed at %d (%d gone, %d come), ends at %v; broken afresh at %v", string(runes), at, removed, len(inserted), ends, fresh)
			}
		}
	})
}

func check(t *rapid.T, s *Setter, runes []rune, ends []int, width float32) {
	if len(ends) == 0 || ends[len(ends)-1] != len(runes) {
		t.Fatalf("%q ends at %v", string(runes), ends)
	}
	borders := map[int]bool{0: true}
	text.Clusters(runes, 0, func(end int) bool { borders[end] = true; return true })
	from := 0
	for i, end := range ends {
		if end <= from && len(runes) > 0 || !borders[end] {
			t.Fatalf("%q: the line %d goes from %d to %d", string(runes), i, from, end)
		}
		line := runes[from:end]
		clusters, begin, keep := 0, 0, 0
		text.Clusters(line, 0, func(end int) bool {
			if !isSpace(line[begin]) {
				clusters, keep = clusters+1, end
			}
			begin = end
			return true
		})
		trimmed := line[:keep]
		if w := s.Line(trimmed).Width; w > width+0.01 && clusters > 1 {
			t.Fatalf("the line %q is %v wide, %v are there", string(line), w, width)
		}
		from = end
	}
}

func FuzzLine(f *testing.F) {
	s := setter(f)
	f.Add("Қазақстан Республикасы", uint16(100))
	f.Add("\u0301\u200d🇰\U000e0041", uint16(1))
	f.Add("שלום عربي \u202e x", uint16(40))
	f.Fuzz(func(t *testing.T, in string, width uint16) {
		runes := []rune(in)
		if len(runes) > 500 {
			return
		}
		ends := s.Wrap(runes, float32(width))
		if ends[len(ends)-1] != len(runes) {
			t.Fatalf("%q ends at %v", in, ends)
		}
		from := 0
		for _, end := range ends {
			l := s.Line(runes[from:end])
			if off := l.Offset(l.X(end - from)); off > end-from {
				t.Fatalf("%q: offset %d of %d", in, off, end-from)
			}
			s.Draw(canvas(50, 20), l, 0, 15, color.RGBA{A: 255})
			from = end
		}
	})
}

func BenchmarkKeyInLongParagraph(b *testing.B) {
	s := setter(b)
	runes := []rune(strings.Repeat("Қазақстанның ғылыми-зерттеу институттары ", 2500))
	ends := s.Wrap(runes, 640)
	b.ResetTimer()
	for range b.N {
		runes = slices.Insert(runes, 50_000, 'x')
		ends = s.Rewrap(ends, runes, 640, 50_000, 0, 1)
	}
}

func BenchmarkDrawLine(b *testing.B) {
	s := setter(b)
	img := canvas(700, 28)
	runes := []rune("Қазақстанның ғылыми-зерттеу институттары мен университеттерінің дамуы туралы эссе")
	for range b.N {
		s.Draw(img, s.Line(runes), 0, 20, color.RGBA{A: 255})
	}
}
