package item

import (
	"slices"
	"strings"
	"testing"

	"emtihan/exam"
	"emtihan/exam/content"
	"emtihan/station/item/media"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"pgregory.net/rapid"
)

func dress(t testing.TB, percent int) {
	t.Helper()
	app := test.NewApp()
	t.Cleanup(app.Quit)
	look.Use(look.Setting{Percent: percent})
}

func parse(t testing.TB, text string) content.Line {
	t.Helper()
	blocks, err := content.Parse(text)
	if err != nil || len(blocks) != 1 {
		t.Fatalf("%q: %v", text, err)
	}
	return blocks[0].(*content.Paragraph).Line
}

func texts(f *flow) (out []*canvas.Text) {
	for _, o := range f.objects {
		if t, ok := o.(*canvas.Text); ok {
			out = append(out, t)
		}
	}
	return out
}

// Styles are told by weight, slant, size and place.
func TestStyles(t *testing.T) {
	dress(t, 100)
	f := newFlow(parse(t, "a **b** *c* x^{2} y_{3}"))
	f.Resize(fyne.NewSize(400, 30))
	got := texts(f)
	want := []struct {
		text         string
		bold, italic bool
		small        bool
	}{{"a ", false, false, false}, {"b", true, false, false}, {" ", false, false, false}, {"c", false, true, false}, {" x", false, false, false}, {"2", false, false, true}, {" y", false, false, false}, {"3", false, false, true}}
	if len(got) != len(want) {
		t.Fatalf("%d pieces, want %d", len(got), len(want))
	}
	x := float32(-1)
	for i, w := range want {
		g := got[i]
		if g.Text != w.text || g.TextStyle.Bold != w.bold || g.TextStyle.Italic != w.italic || (g.TextSize < f.size()) != w.small {
			t.Errorf("piece %d is %q, %+v, %v", i, g.Text, g.TextStyle, g.TextSize)
		}
		if g.Position().X <= x {
			t.Errorf("piece %d stands at %v, the one before at %v", i, g.Position().X, x)
		}
		x = g.Position().X
	}
	if up, down := got[5].Position().Y, got[7].Position().Y; up >= down {
		t.Errorf("raised text stands at %v, lowered at %v", up, down)
	}
	for _, g := range got {
		if b := g.Position().Y + g.Size().Height; b > f.MinSize().Height+1.5 || g.Position().Y < -0.5 {
			t.Errorf("%q goes from %v to %v, beyond the row of %v", g.Text, g.Position().Y, b, f.MinSize().Height)
		}
	}
}

// Whatever the text and the width: every rune stands in one row, in order, no row is too wide unless it has one rune, and a
// click on the place of the caret finds it again.
func TestRows(t *testing.T) {
	dress(t, 100)
	word := rapid.StringMatching(`[a-zа-яқғ]{1,12}|\*\*[a-z]{1,6}\*\*|[a-z]\^\{2\}|[0-9]{1,30}|—|[a-z]+-[a-z]+`)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(word, 1, 25).Draw(t, "words"), rapid.SampledFrom([]string{" ", "  ", " \n", "\u00a0"}).Draw(t, "space"))
		blocks, err := content.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		p, ok := blocks[0].(*content.Paragraph)
		if !ok {
			t.Skip("no paragraph")
		}
		f := newFlow(p.Line)
		width := float32(rapid.IntRange(20, 500).Draw(t, "width"))
		f.Resize(fyne.NewSize(width, 20))
		at := 0
		for i, r := range f.rows {
			if r.from != at {
				if r.from != at+1 || f.runes[at] != '\n' {
					t.Fatalf("row %d begins at %d, the one before ends at %d", i, r.from, at)
				}
			}
			ink := r.to
			for ink > r.from && f.runes[ink-1] == ' ' {
				ink--
			}
			if w := f.span(r.from, ink); w > width+2 && ink-r.from > 1 {
				t.Fatalf("row %d, %q, is %v wide, and has %v", i, string(f.runes[r.from:ink]), w, width)
			}
			at = r.to
		}
		if at != len(f.runes) {
			t.Fatalf("%d runes of %d are shown", at, len(f.runes))
		}
		pos := rapid.IntRange(0, len(f.runes)).Draw(t, "position")
		if pos < len(f.runes) && f.runes[pos] == '\n' {
			return
		}
		if got := f.at(f.place(pos).AddXY(0, 1)); f.place(got) != f.place(pos) {
			t.Fatalf("the caret at %d is found at %d", pos, got)
		}
	})
}

// Highlights are told by a ground and by a line, the selection by its ground; what is outside the flow is not shown.
func TestMarks(t *testing.T) {
	dress(t, 100)
	f := plainFlow("one two three")
	f.start = 100
	f.Resize(fyne.NewSize(400, 30))
	rects := func() (out []*canvas.Rectangle) {
		for _, o := range f.objects {
			if r, ok := o.(*canvas.Rectangle); ok {
				out = append(out, r)
			}
		}
		return out
	}
	if len(rects()) != 0 {
		t.Error("something is marked at the beginning")
	}
	f.set([]exam.Range{{From: 90, To: 103}, {From: 108, To: 200}, {From: 300, To: 400}}, exam.Range{From: 104, To: 107}, 107)
	if got := rects(); len(got) != 6 { // two grounds, the selection, two lines, the caret
		t.Fatalf("%d rectangles", len(got))
	}
	grounds := map[string]int{}
	for _, r := range rects() {
		switch r.FillColor {
		case look.WarnBg:
			grounds["ground"]++
		case look.Warn:
			grounds["line"]++
		case look.Selection:
			grounds["selection"]++
		case look.Accent:
			grounds["caret"]++
		}
	}
	if grounds["ground"] != 2 || grounds["line"] != 2 || grounds["selection"] != 1 || grounds["caret"] != 1 {
		t.Errorf("%v", grounds)
	}
	f.set(nil, exam.Range{}, -1)
	if len(rects()) != 0 {
		t.Error("marks stay")
	}
	f.struck = true
	if f.redraw(); len(rects()) != 1 {
		t.Error("struck out, no line goes through it")
	}
}

// host is a station of which only the attempt is there.
type host struct {
	t       testing.TB
	attempt *exam.Attempt
	cmds    []exam.Command
	mods    fyne.KeyModifier
	zoomed  string
}

func (h *host) T(id string, _ ...any) string        { return id }
func (h *host) Attempt() *exam.Attempt              { return h.attempt }
func (h *host) Answer(_ string, c exam.Command)     { h.cmds = append(h.cmds, c) }
func (h *host) Do(c exam.Command, done func(error)) { h.cmds = append(h.cmds, c) }
func (h *host) Say(err error)                       { h.t.Error(err) }
func (h *host) Post(f func())                       { f() }
func (h *host) Keys(*fyne.KeyEvent) bool            { return false }
func (h *host) Mods() fyne.KeyModifier              { return h.mods }
func (h *host) Focus(f fyne.Focusable)              { f.FocusGained() }
func (h *host) Reveal(fyne.CanvasObject)            {}
func (h *host) Zoom(_ *media.Picture, words string) { h.zoomed = words }
func (h *host) take() (out []exam.Command)          { out, h.cmds = h.cmds, nil; return out }

// deskOf makes a desk on a paper with one passage and one item that reads it.
func deskOf(t testing.TB, passage string) (*host, *Pane) {
	t.Helper()
	paper, err := exam.ParsePaper([]byte(`format = 1
id = "p"
languages = ["en"]
title = {en = "P"}
[[passages]]
id = "P1"
text = {en = '''` + passage + `'''}
[[blocks]]
id = "b"
title = {en = "B"}
[[blocks.items]]
id = "S"
kind = "single"
points = 1
passage = "P1"
text = {en = "x"}
options = [{id = "A", text = {en = "a"}}, {id = "B", text = {en = "b"}}]
`))
	if err != nil {
		t.Fatal(err)
	}
	h := &host{t: t, attempt: exam.NewAttempt(paper)}
	set, err := media.Load(paper, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	pane := NewDesk(h, paper, "en", set, nil).Pane(paper.Items()[0])
	w := test.NewTempWindow(t.(*testing.T), pane.Passage)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(500, 400))
	pane.Settle()
	return h, pane
}

// A wide table scrolls sideways, in no other case does anything.
func TestTables(t *testing.T) {
	dress(t, 100)
	narrow := "| a | b |\n|---|---|\n| 1 | a text of some words |"
	wide := "|" + strings.Repeat(" Konstitutsioonikohus |", 9) + "\n|" + strings.Repeat("---|", 9) + "\n|" + strings.Repeat(" 1 |", 9)
	for text, slides := range map[string]bool{narrow: false, wide: true} {
		_, p := deskOf(t, text)
		if p.slides(1) != slides {
			t.Errorf("it slides: %v; %.20s", p.slides(1), text)
		}
		if p.slides(-1) {
			t.Error("at its beginning it slides back")
		}
		for range 30 {
			p.slide(1)
		}
		if p.slides(1) || p.slides(-1) != slides {
			t.Error("at its end it slides on, or not back")
		}
	}
}

// Positions of the caret are those of content.Plain, through every kind of block.
func TestReaderWalksThePlainText(t *testing.T) {
	dress(t, 100)
	text := "## Head\n\nA **bold** line\nand another\n\n- one\n- two\n\n| c | d |\n|---|---|\n| 1 | 22 |\n\nlast H_{2}O"
	h, p := deskOf(t, text)
	r := p.reader
	blocks, err := content.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	plain := []rune(content.Plain(blocks))
	if !slices.Equal(r.text, plain) {
		t.Fatalf("%q", string(r.text))
	}
	for i := range plain {
		f, _ := r.locate(i)
		if f == nil {
			t.Fatalf("position %d is in no text", i)
		}
		if off := i - f.start; off < len(f.runes) && f.runes[off] != plain[i] {
			t.Errorf("position %d is %q in the text and %q on the screen", i, plain[i], f.runes[off])
		}
	}
	r.FocusGained()
	key := func(mods fyne.KeyModifier, names ...fyne.KeyName) {
		h.mods = mods
		for _, n := range names {
			r.TypedKey(&fyne.KeyEvent{Name: n})
		}
	}
	for range plain {
		key(0, fyne.KeyRight)
	}
	if r.caret != len(plain)-1 {
		t.Errorf("to the right it ends at %d of %d", r.caret, len(plain))
	}
	key(0, fyne.KeyHome)
	key(fyne.KeyModifierShift, fyne.KeyEnd)
	if got := string(plain[r.selection().From:r.selection().To]); got != "last H2O" {
		t.Errorf("the last row is %q", got)
	}
	key(0, fyne.KeyReturn)
	cmds := h.take()
	if len(cmds) != 1 {
		t.Fatalf("%v", cmds)
	}
	c := cmds[0].(exam.Highlight)
	if got := string(plain[c.From:c.To]); got != "last H2O" || !c.On || c.Passage != "P1" {
		t.Errorf("%+v highlights %q", c, got)
	}
	r.show([]exam.Range{{From: c.From, To: c.To}})
	key(0, fyne.KeyReturn) // the caret stands at the mark: it goes
	if cmds := h.take(); len(cmds) != 1 || cmds[0] != (exam.Highlight{Passage: "P1", From: c.From, To: c.To}) {
		t.Errorf("%v", cmds)
	}
	seen := map[int]bool{}
	r.goTo(0, false)
	for range 40 {
		key(0, fyne.KeyDown)
		f, _ := r.locate(r.caret)
		seen[f.start] = true
	}
	if len(seen) < 6 {
		t.Errorf("going down comes to %d texts", len(seen))
	}
	for range 40 {
		key(0, fyne.KeyUp)
	}
	if f, _ := r.locate(r.caret); f.start != 0 {
		t.Errorf("going up ends in the text that begins at %d", f.start)
	}
}

// The mouse selects words and blocks as everywhere.
func TestReaderByMouse(t *testing.T) {
	dress(t, 100)
	_, p := deskOf(t, "one two three\n\nfour five")
	r := p.reader
	at := func(pos int) fyne.Position {
		_, xy := r.locate(pos)
		return xy.AddXY(1, 5)
	}
	click := func(pos int) { r.MouseDown(mouse(at(pos))) }
	click(5)
	click(5)
	if s := r.selection(); string(r.text[s.From:s.To]) != "two" {
		t.Errorf("a double click selects %q", string(r.text[s.From:s.To]))
	}
	click(5)
	if s := r.selection(); string(r.text[s.From:s.To]) != "one two three" {
		t.Errorf("a triple click selects %q", string(r.text[s.From:s.To]))
	}
	r.clicks = 3
	click(4)
	r.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: at(18)}})
	if s := r.selection(); string(r.text[s.From:s.To]) != "two three\nfour" {
		t.Errorf("dragging selects %q", string(r.text[s.From:s.To]))
	}
	if r.button.Disabled() {
		t.Error("with something selected the button cannot be pressed")
	}
}

func mouse(at fyne.Position) *desktop.MouseEvent {
	return &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}, Button: desktop.MouseButtonPrimary}
}
