package tools

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"emtihan/assets/locales"
	"emtihan/assets/tables"
	"emtihan/station/tools/calc"
)

// typing sends the text as characters and the words in braces as keys: "2+2{Return}".
func typing(c *Calculator, s string) {
	for s != "" {
		if name, rest, ok := strings.Cut(strings.TrimPrefix(s, "{"), "}"); strings.HasPrefix(s, "{") && ok {
			c.TypedKey(&fyne.KeyEvent{Name: fyne.KeyName(name)})
			s = rest
			continue
		}
		r := []rune(s)[0]
		c.TypedRune(r)
		s = s[len(string(r)):]
	}
}

// R13: the calculator is complete by keyboard.
func TestCalculatorByKeyboard(t *testing.T) {
	test.NewTempApp(t)
	for _, c := range []struct {
		lang                locales.Lang
		keys                string
		display, expression string
	}{
		{locales.Russian, "0.1+0,2{Return}", "0,3", "0,1 + 0,2 ="},
		{locales.English, "0.1+0,2{Return}", "0.3", "0.1 + 0.2 ="},
		{locales.Kazakh, "1/8=", "0,125", "1 ÷ 8 ="},
		{locales.Russian, "2*(3-4){KP_Enter}", "−2", "2 × (3 − 4) ="},
		{locales.Russian, "2:4=", "0,5", "2 ÷ 4 ="},
		{locales.Russian, "200+10%=", "220", "200 + 20 ="},
		{locales.Russian, "2^10=", "1024", "2 ^ 10 ="},
		{locales.Russian, "123{BackSpace}", "12", ""},
		{locales.Russian, "5+7{Delete}3=", "8", "5 + 3 ="},
		{locales.Russian, "5+7{Escape}", "0", ""},
		{locales.Russian, "9√", "3", "√9"},
		{locales.Russian, "1/3=", "0,333333333333", "1 ÷ 3 ="},
		{locales.Russian, "10^12*15=", "1,5×10¹³", "10 ^ 12 × 15 ="},
		{locales.English, "0.0015/10^6=", "1.5×10⁻⁹", "0.0015 ÷ 10 ^ 6 ="},
		{locales.Russian, "abcФыв!@#5", "5", ""},
		{locales.Russian, "1/0=", "Делить на ноль нельзя", "1 ÷ 0"},
		{locales.Kazakh, "1/0=", "Нөлге бөлуге болмайды", "1 ÷ 0"},
		{locales.English, "1/0=", "Cannot divide by zero", "1 ÷ 0"},
		{locales.English, "1/0={BackSpace}{BackSpace}4=", "0.25", "1 ÷ 4 ="},
	} {
		calculator := NewCalculator(c.lang)
		test.NewTempWindow(t, calculator)
		typing(calculator, c.keys)
		if calculator.Display() != c.display || calculator.Expression() != c.expression {
			t.Errorf("%s in %s: %q over %q, want %q over %q",
				c.keys, c.lang, calculator.Display(), calculator.Expression(), c.display, c.expression)
		}
		if !shows(calculator, c.display) || c.expression != "" && !shows(calculator, c.expression) {
			t.Errorf("%s in %s: the screen does not show %q and %q", c.keys, c.lang, c.display, c.expression)
		}
	}
}

// shows reports whether a text of the widget is s.
func shows(o fyne.CanvasObject, s string) bool {
	for _, child := range test.WidgetRenderer(o.(fyne.Widget)).Objects() {
		if x, ok := child.(*canvas.Text); ok && x.Text == s {
			return true
		}
	}
	return false
}

// R13: on the Kazakh layout the row of digits types letters, a comma and a point; in the calculator it types digits.
func TestCalculatorOnKazakhLayout(t *testing.T) {
	test.NewTempApp(t)
	c := NewCalculator(locales.Kazakh)
	stroke := func(name fyne.KeyName, r rune) {
		c.TypedKey(&fyne.KeyEvent{Name: name})
		c.TypedRune(r)
	}
	row := []struct {
		name fyne.KeyName
		r    rune
	}{
		{fyne.Key1, '"'},
		{fyne.Key2, 'ә'},
		{fyne.Key3, 'і'},
		{fyne.Key4, 'ң'},
		{fyne.Key5, 'ғ'},
		{fyne.Key6, ','},
		{fyne.Key7, '.'},
		{fyne.Key8, 'ү'},
		{fyne.Key9, 'ұ'},
		{fyne.Key0, 'қ'},
	}
	for _, k := range row {
		stroke(k.name, k.r)
	}
	if got := c.Display(); got != "1234567890" {
		t.Errorf("the row of digits gives %q", got)
	}
	stroke(fyne.KeyMinus, 'ө')
	stroke(fyne.Key1, '"')
	stroke(fyne.KeyEqual, 'һ')
	if got := c.Display(); got != "1234567889" {
		t.Errorf("minus one and equals give %q", got)
	}
	// The decimal sign on any other key, and the signs above the digits of other layouts.
	c.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	stroke(fyne.Key8, '8')
	stroke(fyne.KeyComma, ',')
	stroke(fyne.Key5, '5')
	stroke(fyne.Key8, '*')
	stroke(fyne.Key2, '2')
	stroke(fyne.KeyReturn, '\r')
	if got := c.Display(); got != "17" {
		t.Errorf("8,5*2 gives %q", got)
	}
}

// R13: every key works by tap and by arrow keys with space, and does what its machine key does.
func TestCalculatorKeypad(t *testing.T) {
	test.NewTempApp(t)
	seen := make(map[calc.Key]bool)
	for row, keys := range keypad {
		for col, k := range keys {
			if seen[k] {
				t.Errorf("the key %s is there twice", k)
			}
			seen[k] = true
			var want calc.Machine
			tapped, cursed := NewCalculator(locales.English), NewCalculator(locales.English)
			w := test.NewTempWindow(t, tapped)
			for _, first := range []calc.Key{"6", calc.MemoryAdd, "9", calc.Add, "1", "6"} {
				want.Press(first)
				tapped.press(first)
				cursed.press(first)
			}
			want.Press(k)

			r := test.WidgetRenderer(tapped).(*calculatorRenderer)
			test.TapAt(tapped, fyne.NewPos((float32(col)+0.5)*r.w, r.top+(float32(row)+0.5)*r.h))
			if tapped.machine.Display() != want.Display() || tapped.machine.Expression() != want.Expression() {
				t.Errorf("%s by tap: %q over %q, want %q over %q",
					k, tapped.machine.Display(), tapped.machine.Expression(), want.Display(), want.Expression())
			}
			if w.Canvas().Focused() != tapped {
				t.Errorf("%s by tap: the calculator has no focus", k)
			}

			test.NewTempWindow(t, cursed)
			typing(cursed, "{Up}") // sets the mark on 5
			for range (row - 3 + len(keypad)) % len(keypad) {
				typing(cursed, "{Down}")
			}
			for range (1 - col + len(keys)) % len(keys) {
				typing(cursed, "{Left}")
			}
			typing(cursed, "{Space} ")
			if cursed.machine.Display() != want.Display() || cursed.machine.Expression() != want.Expression() {
				t.Errorf("%s by arrow keys: %q over %q, want %q over %q",
					k, cursed.machine.Display(), cursed.machine.Expression(), want.Display(), want.Expression())
			}
		}
	}
	if len(seen) != 30 {
		t.Errorf("%d keys", len(seen))
	}
}

// R13: nothing gets in or out through the calculator. Fyne hands cut, copy and paste only to a Shortcutable.
func TestCalculatorLeavesTheClipboardAlone(t *testing.T) {
	app := test.NewTempApp(t)
	app.Clipboard().SetContent("271828")
	c := NewCalculator(locales.English)
	w := test.NewTempWindow(t, c)
	w.Canvas().Focus(c)
	if _, ok := any(c).(fyne.Shortcutable); ok {
		t.Fatal("the calculator takes shortcuts")
	}
	typing(c, "12*12=")
	for _, key := range []fyne.KeyName{fyne.KeyC, fyne.KeyV, fyne.KeyX, fyne.KeyInsert} {
		c.TypedKey(&fyne.KeyEvent{Name: key})
	}
	if got := app.Clipboard().Content(); got != "271828" {
		t.Errorf("the clipboard now holds %q", got)
	}
	if got := c.Display(); got != "144" {
		t.Errorf("the display shows %q", got)
	}
}

func TestCalculatorMarks(t *testing.T) {
	test.NewTempApp(t)
	c := NewCalculator(locales.English)
	w := test.NewTempWindow(t, c)
	r := test.WidgetRenderer(c).(*calculatorRenderer)
	_, _, _, alpha := r.focus.FillColor.RGBA()
	if alpha != 0 {
		t.Error("the focus line shows without focus")
	}
	w.Canvas().Focus(c)
	if _, _, _, alpha = r.focus.FillColor.RGBA(); alpha == 0 {
		t.Error("the focus line does not show")
	}
	before := r.keys[2][0].back.FillColor
	c.MouseMoved(at(r.w*0.5, r.top+r.h*2.5))
	if r.keys[2][0].back.FillColor == before {
		t.Error("the key under the pointer is not marked")
	}
	c.MouseOut()
	if r.keys[2][0].back.FillColor != before {
		t.Error("the key stays marked when the pointer leaves")
	}
	typing(c, "5{Down}")
	if _, _, _, alpha = r.mark.FillColor.RGBA(); alpha == 0 {
		t.Error("the mark of the arrow keys does not show")
	}
	if _, _, _, alpha = r.memory.Color.RGBA(); alpha != 0 {
		t.Error("the memory is marked as used")
	}
	c.press(calc.MemoryAdd)
	if _, _, _, alpha = r.memory.Color.RGBA(); alpha == 0 {
		t.Error("the memory is not marked as used")
	}
}

func at(x, y float32) *desktop.MouseEvent {
	return &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, y)}}
}

// R13: every code and every title has its sentence in every language.
func TestSentences(t *testing.T) {
	ids := []string{"tools.title.calculator", "tools.title.periodic", "tools.title.solubility", "tools.decimal"}
	for _, code := range []calc.Code{calc.DivisionByZero, calc.OutOfRange, calc.NoRealValue, calc.BadExpression} {
		ids = append(ids, "tools.calculator.error."+string(code))
	}
	for _, id := range ids {
		if !locales.Has(id) {
			t.Errorf("%s has no sentence", id)
		}
	}
	test.NewTempApp(t)
	for name, make := range makers {
		for _, l := range locales.All {
			o := make(l)
			test.NewTempWindow(t, o)
			for _, child := range test.WidgetRenderer(o.(fyne.Widget)).Objects() {
				if x, ok := child.(*canvas.Text); ok && strings.Contains(x.Text, "tools.") {
					t.Errorf("%s in %s shows %q", name, l, x.Text)
				}
			}
		}
	}
}

func newPeriodic(t *testing.T, l locales.Lang) (*periodicTable, *periodicRenderer, fyne.Window) {
	t.Helper()
	test.NewTempApp(t)
	p := NewPeriodicTable(l).(*periodicTable)
	w := test.NewTempWindow(t, p)
	w.Resize(fyne.NewSize(1300, 700))
	return p, test.WidgetRenderer(p).(*periodicRenderer), w
}

// R13: all 118 elements stand in their cells with number, symbol and mass.
func TestPeriodicTableIsComplete(t *testing.T) {
	p, r, _ := newPeriodic(t, locales.Russian)
	if len(r.cells) != 118 {
		t.Fatalf("%d cells", len(r.cells))
	}
	for i, e := range tables.Elements() {
		c := r.cells[i]
		if c.symbol.Text != e.Symbol || c.mass.Text != strings.ReplaceAll(e.Mass, ".", ",") {
			t.Errorf("element %d: %s, %s", e.Number, c.symbol.Text, c.mass.Text)
		}
		// The pointer on the middle of the cell finds the element.
		mid := c.back.Position().AddXY(c.back.Size().Width/2, c.back.Size().Height/2)
		p.MouseMoved(at(mid.X, mid.Y))
		if got := p.element().Symbol; got != e.Symbol || r.name.Text != e.Name(locales.Russian) || r.bigSymbol.Text != e.Symbol {
			t.Errorf("the pointer on %s shows %s, %q", e.Symbol, got, r.name.Text)
		}
	}
}

// R13: the arrow keys reach every element, across the gaps.
func TestPeriodicTableByKeyboard(t *testing.T) {
	p, r, w := newPeriodic(t, locales.Kazakh)
	w.Canvas().Focus(p)
	for _, step := range []struct {
		key  fyne.KeyName
		want string
	}{
		{"", "H"},
		{fyne.KeyLeft, "H"},
		{fyne.KeyUp, "H"},
		{fyne.KeyRight, "He"},
		{fyne.KeyRight, "He"},
		{fyne.KeyDown, "Ne"},
		{fyne.KeyLeft, "F"},
		{fyne.KeyHome, "Li"},
		{fyne.KeyRight, "Be"},
		{fyne.KeyRight, "B"},
		{fyne.KeyPageDown, "Es"},
		{fyne.KeyPageUp, "B"},
		{fyne.KeyDown, "Al"},
		{fyne.KeyLeft, "Mg"},
		{fyne.KeyDown, "Ca"},
		{fyne.KeyRight, "Sc"},
		{fyne.KeyDown, "Y"},
		{fyne.KeyDown, "La"},
		{fyne.KeyDown, "Ac"},
		{fyne.KeyDown, "Ac"},
		{fyne.KeyEnd, "Lr"},
		{fyne.KeyUp, "Lu"},
		{fyne.KeyUp, "Ts"},
		{fyne.KeyEscape, "Ts"},
	} {
		p.TypedKey(&fyne.KeyEvent{Name: step.key})
		if got := p.element().Symbol; got != step.want {
			t.Fatalf("after %s: %s, want %s", step.key, got, step.want)
		}
	}
	// From hydrogen, every element can be reached.
	reached, queue := map[cell]bool{}, []cell{{0, 0}}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if reached[at] {
			continue
		}
		reached[at] = true
		for _, key := range []fyne.KeyName{fyne.KeyLeft, fyne.KeyRight, fyne.KeyUp, fyne.KeyDown} {
			p.selected = at
			p.TypedKey(&fyne.KeyEvent{Name: key})
			queue = append(queue, p.selected)
		}
	}
	if len(reached) != 118 {
		t.Errorf("the arrow keys reach %d elements", len(reached))
	}
	if _, _, _, alpha := r.focus.FillColor.RGBA(); alpha == 0 {
		t.Error("the focus line does not show")
	}
}

// R13: details in the language, the category in words.
func TestPeriodicTableDetails(t *testing.T) {
	for _, c := range []struct {
		lang   locales.Lang
		number int
		want   []string
	}{
		{locales.Kazakh, 26, []string{"Темір", "Атомдық нөмірі 26 · 4-период, 8-топ, d-блок", "Салыстырмалы атомдық массасы 55,845", "Ауыспалы металдар"}},
		{locales.Russian, 82, []string{"Свинец", "Атомный номер 82 · 6-й период, 14-я группа, p-блок", "Относительная атомная масса 207,2", "Другие металлы"}},
		{locales.English, 92, []string{"Uranium", "Atomic number 92 · Period 7, f block", "Relative atomic mass 238.03", "Actinides"}},
	} {
		p, r, w := newPeriodic(t, c.lang)
		back := r.cells[c.number-1].back
		test.TapAt(p, back.Position().AddXY(3, 3))
		got := []string{r.name.Text, r.details[0].Text, r.details[1].Text, r.details[2].Text}
		if strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("%s: %q, want %q", c.lang, got, c.want)
		}
		if w.Canvas().Focused() != p {
			t.Errorf("%s: a tap does not give the focus", c.lang)
		}
		// The pointer shows another element while it rests on it; then the tapped one stands there again.
		p.MouseMoved(at(r.cells[0].back.Position().X+3, r.cells[0].back.Position().Y+3))
		if p.element().Number != 1 {
			t.Errorf("%s: the pointer on hydrogen shows %s", c.lang, p.element().Symbol)
		}
		p.MouseOut()
		if p.element().Number != c.number {
			t.Errorf("%s: %s stands there when the pointer has left", c.lang, p.element().Symbol)
		}
		if back.FillColor != r.pal.foreground || r.cells[0].back.FillColor == r.pal.foreground {
			t.Errorf("%s: not exactly the shown cell is inverted", c.lang)
		}
		p.Tapped(&fyne.PointEvent{Position: fyne.NewPos(0, 0)})
		p.MouseMoved(at(-5, -5))
		p.MouseMoved(at(1e6, 1e6))
		if p.element().Number != c.number {
			t.Errorf("%s: a tap beside the table selects %s", c.lang, p.element().Symbol)
		}
	}
}

// Colours: text is readable on every cell with every theme.
func TestContrast(t *testing.T) {
	themes := map[string]fyne.Theme{"test": test.Theme()}
	for name, th := range testThemes {
		themes[name] = th
	}
	for name, th := range themes {
		test.NewTempApp(t)
		test.ApplyTheme(t, th)
		pal := newPalette(NewCalculator(locales.English))
		if best := contrast(pal.foreground, pal.background); best < minContrast {
			continue // the theme itself is unreadable
		}
		for c, hue := range categoryHue {
			if got := contrast(pal.tint(hue, tintShare), pal.foreground); got < minContrast {
				t.Errorf("%s, %s: contrast %.1f", name, c, got)
			}
		}
		for s, hue := range solubilityHue {
			for _, share := range []float64{cellShare, crossShare} {
				if got := contrast(pal.tint(hue, share), pal.foreground); got < minContrast {
					t.Errorf("%s, %c: contrast %.1f", name, s, got)
				}
			}
		}
		r := &calculatorRenderer{pal: pal}
		for _, row := range keypad {
			for _, k := range row {
				for _, hovered := range []bool{false, true} {
					back, front := r.keyColours(k, hovered)
					if got := contrast(back, front); got < minContrast {
						t.Errorf("%s, key %s, hovered %v: contrast %.1f", name, k, hovered, got)
					}
				}
			}
		}
	}
	if len(categoryHue) != len(tables.Categories()) || len(solubilityHue) != len(tables.Solubilities())+1 {
		t.Error("a category or a degree has no colour")
	}
}

// R13: letters of the language in every cell, heads marked with the cell shown.
func TestSolubilityTable(t *testing.T) {
	letters := map[locales.Lang]map[tables.Solubility]string{
		locales.Kazakh:  {tables.Soluble: "Е", tables.Slightly: "А", tables.Insoluble: "ЕМ", tables.Unstable: "—", tables.Water: ""},
		locales.Russian: {tables.Soluble: "Р", tables.Slightly: "М", tables.Insoluble: "Н", tables.Unstable: "—", tables.Water: ""},
		locales.English: {tables.Soluble: "S", tables.Slightly: "SS", tables.Insoluble: "I", tables.Unstable: "—", tables.Water: ""},
	}
	for l, letter := range letters {
		test.NewTempApp(t)
		s := NewSolubilityTable(l).(*solubilityTable)
		w := test.NewTempWindow(t, s)
		w.Resize(fyne.NewSize(1300, 700))
		r := test.WidgetRenderer(s).(*solubilityRenderer)
		for a, anion := range tables.Anions() {
			for c, cation := range tables.Cations() {
				x := r.cells[a][c]
				if want := letter[tables.InWater(c, a)]; x.letter.Text != want {
					t.Errorf("%s in %s: %q, want %q", tables.Substance(cation, anion), l, x.letter.Text, want)
				}
				p := x.back.Position()
				s.MouseMoved(at(p.X+2, p.Y+2))
				if r.substance.Text != tables.Substance(cation, anion) {
					t.Errorf("the pointer on %s shows %s", tables.Substance(cation, anion), r.substance.Text)
				}
				marked := 0
				for i, h := range r.columnHeads {
					if h.back.FillColor == r.pal.foreground {
						marked += 1 + i*100
					}
				}
				for i, h := range r.rowHeads {
					if h.back.FillColor == r.pal.foreground {
						marked += 10 + i*10000
					}
				}
				if marked != 11+c*100+a*10000 {
					t.Fatalf("with %s, other heads than its own are marked", tables.Substance(cation, anion))
				}
			}
		}
		for _, degree := range tables.Solubilities() {
			if !shows(s, letter[degree]) {
				t.Errorf("the legend in %s lacks %q", l, letter[degree])
			}
		}
	}
}

// R13
func TestSolubilityTableByKeyboard(t *testing.T) {
	test.NewTempApp(t)
	s := NewSolubilityTable(locales.Russian).(*solubilityTable)
	w := test.NewTempWindow(t, s)
	w.Resize(fyne.NewSize(1300, 700))
	w.Canvas().Focus(s)
	r := test.WidgetRenderer(s).(*solubilityRenderer)
	for _, step := range []struct {
		key             fyne.KeyName
		substance, word string
	}{
		{fyne.KeyUp, "H₂O", "вода"},
		{fyne.KeyRight, "LiOH", "растворимо"},
		{fyne.KeyEnd, "Cu(OH)₂", "практически нерастворимо"},
		{fyne.KeyPageDown, "(CH₃COO)₂Cu", "растворимо"},
		{fyne.KeyUp, "CuCrO₄", "практически нерастворимо"},
		{fyne.KeyHome, "H₂CrO₄", "растворимо"},
		{fyne.KeyPageUp, "H₂O", "вода"},
	} {
		s.TypedKey(&fyne.KeyEvent{Name: step.key})
		if r.substance.Text != step.substance || r.degree.Text != step.word {
			t.Fatalf("after %s: %s, %s, want %s, %s", step.key, r.substance.Text, r.degree.Text, step.substance, step.word)
		}
	}
	if got, want := r.ions.Text, "H⁺ водород · OH⁻ гидроксид"; got != want {
		t.Errorf("ions %q, want %q", got, want)
	}
}

// A theme that changes while a tool is open changes the tool.
func TestThemeChange(t *testing.T) {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(testThemes["light"])
	for name, make := range makers {
		o := make(locales.Kazakh)
		test.NewTempWindow(t, o)
		small := o.MinSize()
		before := firstText(o).Color
		app.Settings().SetTheme(testThemes["dark-double"])
		o.Refresh()
		if firstText(o).Color == before {
			t.Errorf("%s keeps its colours", name)
		}
		if now := o.MinSize(); now.Width <= small.Width {
			t.Errorf("%s keeps its text size", name)
		}
		app.Settings().SetTheme(testThemes["light"])
	}
}

func firstText(o fyne.CanvasObject) *canvas.Text {
	for _, child := range test.WidgetRenderer(o.(fyne.Widget)).Objects() {
		if x, ok := child.(*canvas.Text); ok && x.Text != "" {
			return x
		}
	}
	return nil
}
