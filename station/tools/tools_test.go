package tools

import (
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"emtihan/assets/locales"
	"emtihan/assets/tables"
	"emtihan/station/look"
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
		calculator := NewCalculator(c.lang, nil)
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
	for _, x := range textsOf(o) {
		if x.Text == s {
			return true
		}
	}
	return false
}

// textsOf returns the texts of a tool.
func textsOf(o fyne.CanvasObject) []*canvas.Text {
	objects := test.WidgetRenderer(o.(fyne.Widget)).Objects()
	if clip, ok := objects[0].(*container.Clip); ok {
		objects = clip.Content.(*fyne.Container).Objects
	}
	var out []*canvas.Text
	for _, child := range objects {
		if x, ok := child.(*canvas.Text); ok {
			out = append(out, x)
		}
	}
	return out
}

// R13: on the Kazakh layout the row of digits types letters, a comma and a point; in the calculator it types digits.
func TestCalculatorOnKazakhLayout(t *testing.T) {
	test.NewTempApp(t)
	c := NewCalculator(locales.Kazakh, nil)
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
	for pad, functions := range map[string]bool{"ordinary": false, "scientific": true} {
		keypad := NewCalculator(locales.English, &Desk{scientific: functions}).keypad()
		seen := make(map[calc.Key]bool)
		for row, keys := range keypad {
			for col, k := range keys {
				if seen[k] {
					t.Errorf("%s: the key %s is there twice", pad, k)
				}
				seen[k] = true
				var want calc.Machine
				tapped := NewCalculator(locales.English, &Desk{scientific: functions})
				cursed := NewCalculator(locales.English, &Desk{scientific: functions})
				w := test.NewTempWindow(t, tapped)
				for _, first := range []calc.Key{"6", calc.MemoryAdd, "9", calc.Add, "1", "6"} {
					want.Press(first)
					tapped.press(first)
					cursed.press(first)
				}
				want.Press(k)
				same := func(how string, c *Calculator) {
					m := &c.desk.machine
					if m.Display() != want.Display() || m.Expression() != want.Expression() || m.Radians() != want.Radians() {
						t.Errorf("%s, %s by %s: %q over %q, want %q over %q",
							pad, k, how, m.Display(), m.Expression(), want.Display(), want.Expression())
					}
				}

				r := test.WidgetRenderer(tapped).(*calculatorRenderer)
				test.TapAt(tapped, fyne.NewPos((float32(col)+0.5)*r.w, r.top+(float32(row)+0.5)*r.h))
				same("tap", tapped)
				if w.Canvas().Focused() != tapped {
					t.Errorf("%s by tap: the calculator has no focus", k)
				}

				test.NewTempWindow(t, cursed)
				typing(cursed, "{Up}") // sets the mark on 5
				for range (row - 3 + len(keypad) + 1) % (len(keypad) + 1) {
					typing(cursed, "{Down}")
				}
				for cursed.cursor.col != col {
					typing(cursed, "{Left}")
				}
				typing(cursed, "{Space} ")
				same("arrow keys", cursed)
			}
		}
		if want := map[bool]int{false: 30, true: 48}[functions]; len(seen) != want {
			t.Errorf("%s: %d keys, want %d", pad, len(seen), want)
		}
	}
}

// R13: letters work the functions and the memory, in the Latin and in the Cyrillic layouts, as the help says; what is not
// shown is not pressed.
func TestCalculatorLetters(t *testing.T) {
	test.NewTempApp(t)
	cyrillic := map[rune]rune{
		'm': 'ь', 'M': 'Ь', 'r': 'к', 'R': 'К', 'n': 'т', 'i': 'ш', 'q': 'й', 'w': 'ц', 'Q': 'Й', 'W': 'Ц', 'y': 'н', 's': 'ы', 'c': 'с',
		't': 'е', 'S': 'Ы', 'C': 'С', 'T': 'Е', 'd': 'в', 'l': 'д', 'g': 'п', 'E': 'У', 'G': 'П', 'x': 'ч', 'p': 'з', 'e': 'у', '!': '!',
	}
	taken := make(map[rune]bool)
	for _, x := range letters {
		if taken[x.letter] || x.letter == functionsLetter {
			t.Errorf("%c presses two keys", x.letter)
		}
		taken[x.letter] = true
		for _, typed := range []rune{x.letter, cyrillic[x.letter]} {
			var want calc.Machine
			c := NewCalculator(locales.Russian, nil)
			test.NewTempWindow(t, c)
			typing(c, "2m0.25")
			for _, k := range []calc.Key{"2", calc.MemoryAdd, "0", ".", "2", "5"} {
				want.Press(k)
			}
			if !c.has(x.key) {
				c.TypedRune(typed)
				if c.desk.machine.Display() != "0.25" {
					t.Errorf("%c presses %s, which is not shown", typed, x.key)
				}
				typing(c, "f")
			}
			c.TypedRune(typed)
			want.Press(x.key)
			if c.desk.machine.Display() != want.Display() || c.desk.machine.Expression() != want.Expression() ||
				c.desk.machine.HasMemory() != want.HasMemory() || c.desk.machine.Radians() != want.Radians() {
				t.Errorf("%c: %q over %q, want %q over %q", typed, c.desk.machine.Display(), c.desk.machine.Expression(), want.Display(), want.Expression())
			}
		}
	}
	for _, row := range functions {
		for _, k := range row {
			if letterOf(k) == "" {
				t.Errorf("no letter presses %s", k)
			}
		}
	}
	help := NewCalculator(locales.Kazakh, nil).Help()
	for i, x := range letters {
		if got := help[len(help)-len(letters)+i]; got.Does == "" || !strings.HasSuffix(got.Keys, strings.ToUpper(string(x.letter))) {
			t.Errorf("%c: the help says %q", x.letter, got)
		}
	}
}

// R13: the functions are shown and hidden by a tap, by a letter of either layout and by the arrow keys, and what is on the
// display stays.
func TestCalculatorShowsFunctions(t *testing.T) {
	test.NewTempApp(t)
	resized := 0
	desk := new(Desk)
	c := NewCalculator(locales.Russian, desk)
	c.Resized = func() { resized++ }
	test.NewTempWindow(t, c)
	small := c.MinSize()
	steps := map[string]func(){
		"f": func() { typing(c, "f") },
		"а": func() { typing(c, "А") },
		"tap": func() {
			b := test.WidgetRenderer(c).(*calculatorRenderer).switchBox
			test.TapAt(c, b.at.AddXY(b.size.Width/2, b.size.Height/2))
		},
		"arrows": func() { typing(c, "{Up}{Up}{Up}{Up}{Up}{Space}") },
	}
	typing(c, "12+3")
	for name, step := range steps {
		for _, on := range []bool{true, false} {
			before := resized
			step()
			if c.desk.scientific != on || resized != before+1 || c.MinSize().Width > small.Width != on {
				t.Errorf("%s: functions %v, want %v; resized %d times, %v wide", name, c.desk.scientific, on, resized-before, c.MinSize().Width)
			}
			if shows(c, "sin") != on || shows(c, "tg") != on || shows(c, "град") != on {
				t.Errorf("%s: the functions are not shown as they should", name)
			}
		}
	}
	if c.Display() != "3" || c.Expression() != "12 +" {
		t.Errorf("the display shows %q over %q", c.Display(), c.Expression())
	}
	typing(c, "f45t{Escape}45td")
	if !shows(c, "рад") || c.Display() != "1" || c.Expression() != "tg°(45)" {
		t.Errorf("the display shows %q over %q", c.Display(), c.Expression())
	}
	// Put away and taken out again, in another language, it goes on.
	again := NewCalculator(locales.English, desk)
	test.NewTempWindow(t, again)
	if again.Display() != "1" || again.Expression() != "tan°(45)" || !shows(again, "rad") || !shows(again, "tan") {
		t.Errorf("taken out again it shows %q over %q", again.Display(), again.Expression())
	}
	typing(again, "{Escape}e*2=")
	if again.Display() != "5.43656365692" || again.Expression() != "e × 2 =" {
		t.Errorf("it shows %q over %q", again.Display(), again.Expression())
	}
	typing(again, "1.5x20=")
	if again.Display() != "1.5×10²⁰" {
		t.Errorf("it shows %q", again.Display())
	}
	again.Room = fyne.NewSize(300, 200)
	if got := again.MinSize(); got.Width > 300 || got.Height > 200 {
		t.Errorf("in a small room it wants %v", got)
	}
}

// R13: nothing gets in or out through the calculator. Fyne hands cut, copy and paste only to a Shortcutable.
func TestCalculatorLeavesTheClipboardAlone(t *testing.T) {
	app := test.NewTempApp(t)
	app.Clipboard().SetContent("271828")
	c := NewCalculator(locales.English, nil)
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
	c := NewCalculator(locales.English, nil)
	w := test.NewTempWindow(t, c)
	r := test.WidgetRenderer(c).(*calculatorRenderer)
	if r.edge.FillColor != r.screen.FillColor {
		t.Error("the focus shows without focus")
	}
	w.Canvas().Focus(c)
	if contrast(r.edge.FillColor, r.screen.FillColor) < 3 {
		t.Error("the focus does not show")
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
	key := r.keys[3][1]
	if contrast(key.mark.FillColor, key.back.FillColor) < 3 || key.back.Position().X-key.mark.Position().X < 2 {
		t.Error("the mark of the arrow keys does not show")
	}
	typing(c, "{Down}")
	if _, _, _, alpha := key.mark.FillColor.RGBA(); alpha != 0 || key.back.Position() != key.mark.Position() {
		t.Error("the mark stays where it was")
	}
	if _, _, _, alpha := r.memory.Color.RGBA(); alpha != 0 {
		t.Error("the memory is marked as used")
	}
	c.press(calc.MemoryAdd)
	if _, _, _, alpha := r.memory.Color.RGBA(); alpha == 0 {
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
			for _, x := range textsOf(o) {
				if strings.Contains(x.Text, "tools.") {
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
	if _, _, _, alpha := r.ring[0].FillColor.RGBA(); alpha == 0 {
		t.Error("the focus frame does not show")
	}
}

// R2, R13: with the largest text on the least display the table is wider than its window; what it says of the element is not.
func TestDetailsEndWithTheWindow(t *testing.T) {
	for _, l := range locales.All {
		p, r, w := newPeriodic(t, l)
		t.Cleanup(func() { look.Use(look.Setting{}) })
		look.Use(look.Setting{Percent: look.MostPercent})
		size := fyne.NewSize(1286, 618)
		w.Resize(size)
		p.Resize(size)
		p.Refresh()
		if p.page.Width <= size.Width {
			t.Fatalf("%s: the table fits its window", l)
		}
		for _, d := range append(r.details[:len(r.details):len(r.details)], r.name) {
			if right := d.Position().X + d.MinSize().Width; right > size.Width {
				t.Errorf("%s: %q ends at %.0f of %.0f", l, d.Text, right, size.Width)
			}
		}
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

// Colours: text is readable on every cell with every theme, and as well as that theme promises.
func TestContrast(t *testing.T) {
	for _, name := range look.Themes {
		test.NewTempApp(t)
		look.Use(look.Setting{Theme: name})
		t.Cleanup(func() { look.Use(look.Setting{}) })
		minContrast := 4.5
		if name == look.Contrast || name == look.Yellow {
			minContrast = 7
		}
		pal := newPalette(NewCalculator(locales.English, nil))
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
		for _, row := range scientific {
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

// R2, R13: the tables are enlarged, reduced and moved by keys, wheel, buttons and dragging, and the cell that the keyboard is on is
// always seen.
func TestTablesAreEnlarged(t *testing.T) {
	test.NewTempApp(t)
	t.Cleanup(func() { look.Use(look.Setting{}); controlHeld = nil })
	for _, percent := range []int{100, 200} {
		look.Use(look.Setting{Percent: percent})
		for name, make := range makers {
			o := make(locales.Russian)
			g := gridOf(o)
			if g == nil {
				continue
			}
			w := test.NewTempWindow(t, o)
			w.SetPadded(false)
			w.Resize(room)
			tool := o.(interface {
				fyne.Focusable
				fyne.Scrollable
				fyne.Draggable
				fyne.Tappable
			})
			first := g.scale()
			if (first > 1) != (percent == 200) {
				t.Fatalf("%s at %d: the first size is %.2f of the view", name, percent, first)
			}
			key := func(k fyne.KeyName) { tool.TypedKey(&fyne.KeyEvent{Name: k}) }
			expect := func(what string, want float32) {
				t.Helper()
				if got := g.scale(); math.Abs(float64(got-want)) > 0.01 {
					t.Errorf("%s at %d, %s: %.2f, want %.2f", name, percent, what, got, want)
				}
			}
			key(fyne.KeyPlus)
			expect("+", first*zoomStep)
			tool.TypedRune('+') // the character of the same key
			expect("+ and its character", first*zoomStep)
			key(fyne.Key0)
			expect("0", first)
			key("")
			tool.TypedRune('һ')
			expect("= of the Kazakh layout", first*zoomStep)
			key(fyne.KeyMinus)
			expect("−", first)
			test.TapAt(o.(fyne.Tappable), g.plus.at.AddXY(3, 3))
			expect("the button +", first*zoomStep)
			test.TapAt(o.(fyne.Tappable), g.minus.at.AddXY(3, 3))
			expect("the button −", first)
			controlHeld = func() bool { return true }
			tool.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 10), PointEvent: fyne.PointEvent{Position: g.middle()}})
			expect("the wheel with Ctrl", first*zoomStep)
			controlHeld = func() bool { return false }
			for range 30 {
				key(fyne.KeyPlus)
			}
			expect("as large as it goes", max(mostZoom, 2*first))

			before := g.offset
			tool.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(-5, -20)})
			if g.offset != before.AddXY(5, 20) {
				t.Errorf("%s: the wheel moves from %v to %v", name, before, g.offset)
			}
			tool.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(5, 20)})
			tool.DragEnd()
			if g.offset != before {
				t.Errorf("%s: dragged back it is at %v, was at %v", name, g.offset, before)
			}
			tool.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(-1e6, -1e6)})
			if g.offset.X+g.view.Width > g.page.Width+1 || g.offset.Y+g.view.Height > g.page.Height+1 {
				t.Errorf("%s: the view left its page: %v", name, g.offset)
			}
			// What lies under the heads is not hit.
			hit := false
			for x := float32(1); x < g.corner.X; x += 3 {
				if _, ok := g.find(fyne.NewPos(x, room.Height/2)); ok {
					hit = true
				}
			}
			if _, ok := g.find(fyne.NewPos(room.Width/2, g.corner.Y-2)); ok || hit {
				t.Errorf("%s: a cell under the heads is hit", name)
			}
			// Whatever is walked to is seen whole.
			for _, k := range []fyne.KeyName{
				fyne.KeyHome, fyne.KeyPageUp, fyne.KeyRight, fyne.KeyDown, fyne.KeyDown, fyne.KeyEnd, fyne.KeyPageDown, fyne.KeyLeft, fyne.KeyUp,
			} {
				key(k)
				p, size := g.cellBox(g.selected)
				if p.X < g.corner.X-1 || p.Y < g.corner.Y-1 || p.X+size.Width > room.Width+1 || p.Y+size.Height > room.Height+1 {
					t.Errorf("%s at %d: after %s the selected cell stands at %v, %v", name, percent, k, p, size)
				}
				if c, ok := g.find(p.AddXY(size.Width/2, size.Height/2)); !ok || c != g.selected {
					t.Errorf("%s at %d: where %v is painted, %v is hit", name, percent, g.selected, c)
				}
			}
			for range 60 {
				key(fyne.KeyMinus)
			}
			expect("as small as it goes", 1)
			if g.offset != (fyne.Position{}) {
				t.Errorf("%s: the whole table is there and moved by %v", name, g.offset)
			}
		}
	}
}

// R2: at the first size every text of a table's cells has at least the size that the candidate asked for.
func TestTableTextsHaveTheSize(t *testing.T) {
	test.NewTempApp(t)
	t.Cleanup(func() { look.Use(look.Setting{}) })
	for _, percent := range []int{100, 150, 200} {
		look.Use(look.Setting{Percent: percent})
		p := NewPeriodicTable(locales.Kazakh).(*periodicTable)
		s := NewSolubilityTable(locales.Kazakh).(*solubilityTable)
		for _, o := range []fyne.CanvasObject{p, s} {
			w := test.NewTempWindow(t, o)
			w.SetPadded(false)
			w.Resize(room)
		}
		pal := newPalette(p)
		pr, sr := test.WidgetRenderer(p).(*periodicRenderer), test.WidgetRenderer(s).(*solubilityRenderer)
		for _, c := range pr.cells {
			// Four digits after the sign may be a hair narrower.
			if c.symbol.TextSize < pal.body*0.9 || c.mass.TextSize < pal.caption*0.86 {
				t.Errorf("%d %%: %s has %.1f, its mass %.1f", percent, c.symbol.Text, c.symbol.TextSize, c.mass.TextSize)
			}
		}
		for _, row := range sr.cells {
			for _, c := range row {
				if c.letter.TextSize < pal.body*0.97 {
					t.Errorf("%d %%: %s has %.1f", percent, c.letter.Text, c.letter.TextSize)
				}
			}
		}
	}
}

// A theme that changes while a tool is open changes the tool.
func TestThemeChange(t *testing.T) {
	test.NewTempApp(t)
	t.Cleanup(func() { look.Use(look.Setting{}) })
	look.Use(look.Setting{})
	for name, make := range makers {
		o := make(locales.Kazakh)
		test.NewTempWindow(t, o)
		small := o.MinSize()
		before := firstText(o).Color
		look.Use(look.Setting{Theme: look.Dark, Percent: 200})
		o.Refresh()
		if firstText(o).Color == before {
			t.Errorf("%s keeps its colours", name)
		}
		if now := o.MinSize(); now.Width <= small.Width {
			t.Errorf("%s keeps its text size", name)
		}
		look.Use(look.Setting{})
	}
}

func firstText(o fyne.CanvasObject) *canvas.Text {
	for _, x := range textsOf(o) {
		if x.Text != "" {
			return x
		}
	}
	return nil
}
