package look

import (
	"errors"
	"flag"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

var update = flag.Bool("update", false, "write the tables of colours and contrasts into docs/design-language.md")

// contrast is the formula of WCAG 2.2, "contrast ratio".
func contrast(a, b color.Color) float64 {
	light := func(c color.Color) float64 {
		r, g, b, _ := c.RGBA()
		part := func(v uint32) float64 {
			s := float64(v) / 0xffff
			if s <= 0.04045 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return 0.2126*part(r) + 0.7152*part(g) + 0.0722*part(b)
	}
	la, lb := light(a), light(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// The formula is that of the published examples: black on white 21, #777777 on white just under 4.5, #767676 just above.
func TestContrastFormula(t *testing.T) {
	for v, want := range map[uint32]float64{0: 21, 0x777777: 4.478, 0x767676: 4.542, 0xffffff: 1} {
		if got := contrast(rgb(v), rgb(0xffffff)); math.Abs(got-want) > 0.001 {
			t.Errorf("%06x on white: %.3f, want %.3f", v, got, want)
		}
	}
}

// pair is something that stands on something else, by the names of their roles.
type pair struct{ over, under, where string }

// texts is every text on every ground on which the station puts it.
var texts = []pair{
	{"Ink", "Paper", "labels, the essay"},
	{"Ink", "Desk", "plain buttons, options, cells"},
	{"Ink", "Tint", "a chosen option, a button under the pointer, a calm banner"},
	{"Ink", "Selection", "selected text"},
	{"Ink", "GoodBg", "banner"},
	{"Ink", "WarnBg", "banner"},
	{"Ink", "BadBg", "banner"},
	{"Quiet", "Paper", "placeholder, \"saving\""},
	{"Quiet", "Desk", "a button that cannot be pressed now"},
	{"Accent", "Paper", "a link"},
	{"OnAccent", "Accent", "the primary button, the current cell"},
	{"Good", "Paper", "\"saved\""},
	{"Warn", "Paper", "a warning beside the text"},
	{"Bad", "Paper", "\"not saved\""},
	{"Bad", "BadBg", "a dangerous button"},
}

// shapes is what is no text but has to be seen.
var shapes = []pair{
	{"Edge", "Paper", "the frame of a button or field"},
	{"Edge", "Desk", "the same, from within"},
	{"Accent", "Edge", "a field's frame with the focus, against without"},
	{"Accent", "Paper", "focus, caret"},
	{"Accent", "Desk", "focus"},
	{"Accent", "Tint", "focus, the bar of a calm banner"},
	{"Accent", "BadBg", "focus of a dangerous button"},
	{"Accent", "Selection", "the caret beside selected text"},
	{"Accent", "Line", "a bar of progress"},
	{"Paper", "Accent", "the focus's inner ring on a primary button"},
	{"Good", "Desk", "answered"},
	{"Warn", "Desk", "flagged"},
	{"Good", "Tint", "answered, under the pointer"},
	{"Warn", "Tint", "flagged, under the pointer"},
	{"Good", "GoodBg", "the bar of a banner"},
	{"Warn", "WarnBg", "the bar of a banner"},
	{"Bad", "BadBg", "the bar of a banner, the frame of a dangerous button"},
	{"Quiet", "Desk", "scroll bar"},
}

// least is the contrast that text of a theme has at least: 1.4.3 (AA), and 1.4.6 (AAA) where contrast is the point.
func least(theme string) float64 {
	if theme == Contrast || theme == Yellow {
		return 7
	}
	return 4.5
}

func role(p Palette, name string) color.NRGBA {
	return reflect.ValueOf(p).FieldByName(name).Interface().(color.NRGBA)
}

// R2: every text of every theme is readable on every ground on which it stands, and what has to be seen is.
func TestContrast(t *testing.T) {
	for _, name := range Themes {
		p := PaletteOf(name)
		for _, x := range texts {
			if got := contrast(role(p, x.over), role(p, x.under)); got < least(name) {
				t.Errorf("%s: %s on %s (%s) has %.2f, want %.1f", name, x.over, x.under, x.where, got, least(name))
			}
		}
		for _, x := range shapes {
			if got := contrast(role(p, x.over), role(p, x.under)); got < 3 {
				t.Errorf("%s: %s on %s (%s) has %.2f, want 3", name, x.over, x.under, x.where, got)
			}
		}
	}
}

// tables writes what the design language says in figures.
func tables() string {
	var b strings.Builder
	head := func(first string) {
		fmt.Fprintf(&b, "| %s |", first)
		for _, n := range Themes {
			fmt.Fprintf(&b, " %s |", n)
		}
		b.WriteString("\n|---|" + strings.Repeat("---|", len(Themes)) + "\n")
	}
	head("role")
	for _, f := range reflect.VisibleFields(reflect.TypeOf(Palette{})) {
		if f.Type != reflect.TypeOf(color.NRGBA{}) {
			continue
		}
		fmt.Fprintf(&b, "| %s |", f.Name)
		for _, n := range Themes {
			c := role(PaletteOf(n), f.Name)
			s := fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
			if c.A != 0xff {
				s += fmt.Sprintf(", %d %%", int(math.Round(float64(c.A)/2.55)))
			}
			fmt.Fprintf(&b, " %s |", s)
		}
		b.WriteString("\n")
	}
	figures := func(first string, pairs []pair) {
		b.WriteString("\n")
		head(first)
		for _, x := range pairs {
			fmt.Fprintf(&b, "| %s on %s: %s |", x.over, x.under, x.where)
			for _, n := range Themes {
				// Rounded down, so that no figure promises more than there is.
				fmt.Fprintf(&b, " %.1f |", math.Floor(10*contrast(role(PaletteOf(n), x.over), role(PaletteOf(n), x.under)))/10)
			}
			b.WriteString("\n")
		}
	}
	figures("text (at least 4.5; contrast and yellow 7)", texts)
	figures("shape (at least 3)", shapes)
	return b.String()
}

// The design language has the figures that the code has. -update writes them.
func TestDesignLanguageSaysTheFigures(t *testing.T) {
	const begin, end = "<!-- figures: go test ./station/look -update -->\n", "<!-- end of figures -->"
	file := filepath.Join("..", "..", "docs", "design-language.md")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the figures", file)
	}
	want := "\n" + tables() + "\n"
	if old == want {
		return
	}
	if !*update {
		t.Fatalf("%s has other figures than the code; go test ./station/look -update writes them anew", file)
	}
	if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Use changes the colours, the toolkit's theme and the size of the text together, and takes nothing that is not there.
func TestUse(t *testing.T) {
	test.NewTempApp(t)
	t.Cleanup(func() { Use(Setting{}) })
	for _, tc := range []struct{ set, want Setting }{
		{Setting{}, Setting{Light, 100}},
		{Setting{Dark, 150}, Setting{Dark, 150}},
		{Setting{Contrast, 200}, Setting{Contrast, 200}},
		{Setting{Yellow, 900}, Setting{Yellow, 200}},
		{Setting{"pink", -3}, Setting{Light, 100}},
	} {
		Use(tc.set)
		if Now() != tc.want {
			t.Errorf("%v is taken for %v, want %v", tc.set, Now(), tc.want)
		}
		p := PaletteOf(tc.want.Theme)
		got := Palette{
			Paper, Desk, Ink, Quiet, Line, Edge, Accent, OnAccent, Tint, Selection, Good, Warn, Bad, GoodBg, WarnBg, BadBg, Shade, p.Dark,
		}
		if got != p {
			t.Errorf("%v: the colours are %v, want %v", tc.set, got, p)
		}
		th := fyne.CurrentApp().Settings().Theme()
		for name, want := range map[fyne.ThemeColorName]color.Color{
			theme.ColorNameBackground: p.Paper, theme.ColorNameForeground: p.Ink, theme.ColorNamePrimary: p.Accent,
			theme.ColorNameSelection: p.Selection, theme.ColorNameInputBorder: p.Edge,
		} {
			if th.Color(name, theme.VariantLight) != want || th.Color(name, theme.VariantDark) != want {
				t.Errorf("%v: the toolkit's %s is %v, want %v", tc.set, name, th.Color(name, theme.VariantLight), want)
			}
		}
		if size := th.Size(theme.SizeNameText); size != baseText*float32(tc.want.Percent)/100 {
			t.Errorf("%v: the text has %v", tc.set, size)
		}
	}
}

// R2: no theme is shown beside another. What a screen is built of has the colours of the palette only, and a widget that
// outlives its screen takes them when it is refreshed.
func TestWidgetsFollowTheTheme(t *testing.T) {
	test.NewTempApp(t)
	t.Cleanup(func() { Use(Setting{}) })
	banner, progress, button := NewBanner(Trouble, "Диск толды"), NewProgress(), NewButton("Жабу", Plain, nil, nil)
	kept := test.NewTempWindow(t, container.NewVBox(banner, progress, button, NewCell("7", nil), NewOption("А", true, true, nil, nil)))
	for _, name := range Themes {
		Use(Setting{Theme: name})
		fresh := test.NewTempWindow(t, samples())
		kept.Content().Refresh()
		allowed := map[color.Color]bool{color.Transparent: true, color.NRGBA{}: true}
		p := reflect.ValueOf(PaletteOf(name))
		for i := range p.NumField() {
			if c, ok := p.Field(i).Interface().(color.NRGBA); ok {
				allowed[c] = true
			}
		}
		for what, w := range map[string]fyne.Window{"kept": kept, "built anew": fresh} {
			seen := 0
			for _, o := range test.LaidOutObjects(w.Content()) {
				if c, ok := colourOf(o); ok {
					seen++
					if !allowed[c] {
						t.Errorf("%s, %s: %T has the colour %v", name, what, o, c)
					}
				}
			}
			if seen < 10 {
				t.Errorf("%s, %s: only %d colours were looked at", name, what, seen)
			}
		}
	}
}

// R2: the page of all widgets stands on the theme's paper, in every theme and at both ends of the text size. With EMTIHAN_LOOK set
// to a folder, the pictures go there for a person to judge.
func TestPage(t *testing.T) {
	t.Cleanup(func() { Use(Setting{}) })
	for _, name := range Themes {
		for _, percent := range []int{LeastPercent, MostPercent} {
			test.NewTempApp(t)
			Use(Setting{Theme: name, Percent: percent})
			w := test.NewTempWindow(t, samples())
			w.SetPadded(false)
			for range 3 { // heights that follow from widths settle
				w.Resize(fyne.NewSize(1366, 768))
				w.Content().Refresh()
			}
			img := w.Canvas().Capture()
			count := make(map[color.NRGBA]int)
			for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 3 {
				for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 3 {
					count[color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)]++
				}
			}
			most := color.NRGBA{}
			for c, n := range count {
				if n > count[most] {
					most = c
				}
			}
			if most != Paper && most != Desk {
				t.Errorf("%s at %d: most of the page is %v, its paper %v", name, percent, most, Paper)
			}
			for _, c := range []color.NRGBA{Accent, Bad, Warn, Good, Tint, Edge} {
				if count[c] == 0 {
					t.Errorf("%s at %d: %v is nowhere on the page", name, percent, c)
				}
			}
			dir := os.Getenv("EMTIHAN_LOOK")
			if dir == "" {
				continue
			}
			f, err := os.Create(filepath.Join(dir, fmt.Sprintf("page-%s-%d.png", name, percent)))
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func colourOf(o fyne.CanvasObject) (color.Color, bool) {
	v := reflect.ValueOf(o)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil, false
	}
	for _, name := range []string{"FillColor", "Color"} {
		if f := v.Elem().FieldByName(name); f.IsValid() && f.CanInterface() && !f.IsZero() {
			c, ok := f.Interface().(color.Color)
			return c, ok
		}
	}
	return nil, false
}

// samples is a page with every widget in every state.
func samples() fyne.CanvasObject {
	disabled := NewButton("Қолжетімсіз", Plain, nil, nil)
	disabled.Disable()
	hovered := NewButton("Астында меңзер", Plain, nil, nil)
	hovered.hovered = true
	buttons := container.NewHBox(NewButton("Артқа", Plain, nil, nil), NewButton("Жалғастыру", Primary, nil, nil), NewButton("Аяқтау", Danger, nil, nil))
	states := container.NewHBox(hovered, disabled)
	focused := container.NewHBox()
	for _, weight := range []Weight{Plain, Primary, Danger} {
		b := NewButton("Фокус", weight, nil, nil)
		b.focused = true
		focused.Add(b)
	}
	cells := container.NewGridWithColumns(8)
	for i := range 16 {
		c := NewCell(fmt.Sprint(i+1), nil)
		c.Answered, c.Flagged, c.Current, c.focused = i&1 > 0, i&2 > 0, i&4 > 0, i&8 > 0
		cells.Add(c)
	}
	options := container.NewVBox()
	for i := range 4 {
		o := NewOption("Химиялық тепе-теңдік константасы температураға тәуелді", i&1 > 0, i&2 > 0, nil, nil)
		o.focused = i == 2
		options.Add(o)
	}
	progress := NewProgress()
	progress.Set(0.4)
	field := NewField(1, nil)
	field.SetText("880101300123")
	empty := NewField(2, nil)
	empty.SetPlaceHolder("Себебін жазыңыз")
	left := container.NewVBox(Heading("Тақырып"), Strong("Күшті мәтін"), Body("Кәдімгі мәтін екі жолға сыяды."), Note("Ескертпе"), Rule(),
		buttons, states, focused, cells, progress)
	right := container.NewVBox(field, empty, options, NewBanner(Calm, "Тыныш хабар"), NewBanner(Fine, "Бәрі сақталды"),
		NewBanner(Warning, "10 минут қалды"), NewBanner(Trouble, "Диск толды. Әкімшіні шақырыңыз."))
	return container.NewStack(Wide(container.NewGridWithColumns(2, left, right)))
}
