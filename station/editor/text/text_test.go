package text

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// apply does what the attempt does with an edit.
func apply(t interface{ Fatalf(string, ...any) }, s string, e Edit) string {
	runes := []rune(s)
	if e.Position < 0 || e.Removed < 0 || e.Position+e.Removed > len(runes) {
		t.Fatalf("the edit %+v lies outside %q", e, s)
	}
	return string(runes[:e.Position]) + e.Inserted + string(runes[e.Position+e.Removed:])
}

func TestDiff(t *testing.T) { // R11
	for _, tc := range []struct {
		a, b string
		want Edit
		ok   bool
	}{
		{"", "", Edit{}, false},
		{"сөз", "сөз", Edit{}, false},
		{"", "ә", Edit{0, 0, "ә"}, true},
		{"ә", "", Edit{0, 1, ""}, true},
		{"қала", "қалалар", Edit{4, 0, "лар"}, true},
		{"қалалар", "қала", Edit{4, 3, ""}, true},
		{"ана", "аана", Edit{1, 0, "а"}, true}, // which of the two was typed cannot be told; the result is the same
		{"бір үш", "бір екі үш", Edit{4, 0, "екі "}, true},
		{"a🌳b", "a🌲b", Edit{1, 1, "🌲"}, true},
		{"и\u0306", "и", Edit{1, 1, ""}, true}, // a combining mark is a rune of its own
		{"a\nb", "a\n\nb", Edit{2, 0, "\n"}, true},
		{"abc", "axc", Edit{1, 1, "x"}, true},
		{"абв", "где", Edit{0, 3, "где"}, true},
		{"ғ", "қ", Edit{0, 1, "қ"}, true}, // alike in their first byte
		{"Ғ", "ғ", Edit{0, 1, "ғ"}, true},
	} {
		got, ok := Diff(tc.a, tc.b)
		if got != tc.want || ok != tc.ok {
			t.Errorf("Diff(%q, %q) = %+v, %v, want %+v, %v", tc.a, tc.b, got, ok, tc.want, tc.ok)
		}
	}
}

// letters are few, so that texts have much in common, and of every length in bytes.
var letters = []rune("aқә \n\u0306🌳🇰👩\u200d-.")

func someText(t *rapid.T, name string) string {
	return string(rapid.SliceOfN(rapid.SampledFrom(letters), 0, 40).Draw(t, name))
}

func TestDiffGivesTheOther(t *testing.T) { // R11
	rapid.Check(t, func(t *rapid.T) {
		long := strings.Repeat("ұзақ мәтін ", rapid.IntRange(0, 60).Draw(t, "long"))
		a, b := long+someText(t, "a")+long, long+someText(t, "b")+long
		e, ok := Diff(a, b)
		if ok != (a != b) {
			t.Fatalf("Diff(%q, %q) says %v", a, b, ok)
		}
		if !ok {
			return
		}
		if got := apply(t, a, e); got != b {
			t.Fatalf("%+v makes %q of %q, want %q", e, got, a, b)
		}
		if e.Removed == 0 && e.Inserted == "" {
			t.Fatalf("%+v changes nothing", e)
		}
		// The smallest: what goes and what comes neither begin nor end alike.
		gone, came := []rune(a)[e.Position:e.Position+e.Removed], []rune(e.Inserted)
		if len(gone) > 0 && len(came) > 0 && (gone[0] == came[0] || gone[len(gone)-1] == came[len(came)-1]) {
			t.Fatalf("%+v of %q is not the smallest edit", e, a)
		}
	})
}

func FuzzDiff(f *testing.F) {
	f.Add("Қала", "Қалалар")
	f.Add("", "\u0306")
	f.Add("🌳🌲", "🌲")
	f.Add("ғ", "қ")
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			t.Skip("a document holds runes")
		}
		if e, ok := Diff(a, b); ok && apply(t, a, e) != b {
			t.Errorf("%+v does not make %q of %q", e, b, a)
		}
	})
}

func TestClusters(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []int
	}{
		{"", nil},
		{"Қазақ", []int{1, 2, 3, 4, 5}},
		{"е\u0301лі", []int{2, 3, 4}},
		{"и\u0306\u0301x", []int{3, 4}},
		{"👩‍👩‍👧 x", []int{5, 6, 7}},
		{"🇰🇿🇰🇿", []int{2, 4}},
		{"❤️1️⃣", []int{2, 5}},
		{"\u0301a", []int{1, 2}},
		{"한국", []int{1, 2}},
		{"no\u00adbreak", []int{1, 2, 3, 4, 5, 6, 7, 8}},
		{strings.Repeat("a\u0301", 3) + strings.Repeat("b", 2) + strings.Repeat("\u0301", 70), []int{2, 4, 6, 7, 78}},
	} {
		var got []int
		runes := []rune(tc.text)
		Clusters(runes, 0, func(end int) bool { got = append(got, end); return true })
		if !slices.Equal(got, tc.want) {
			t.Errorf("%q has clusters to %v, want %v", tc.text, got, tc.want)
		}
		d := NewDocument(tc.text)
		at := d.Len()
		for i := len(tc.want) - 1; i >= 0; i-- {
			if at != tc.want[i] {
				t.Errorf("%q: going back stands at %d, want %d", tc.text, at, tc.want[i])
			}
			at = d.Prev(at)
		}
		for pos := range runes {
			want := pos
			if !slices.Contains(tc.want, pos) && pos > 0 {
				want = tc.want[slices.IndexFunc(tc.want, func(end int) bool { return end > pos })]
			}
			if got := d.Snap(pos); got != want {
				t.Errorf("%q: %d snaps to %d, want %d", tc.text, pos, got, want)
			}
		}
	}
}

func TestWords(t *testing.T) {
	const s = "Ғылыми-зерттеу «сөз», е\u0301  соңы.\nЕкінші"
	d := NewDocument(s)
	at := func(sub string) int { return utf8.RuneCountInString(s[:strings.Index(s, sub)]) }
	stops := []int{0, at("-"), at("зерттеу"), at("«"), at("сөз"), at("»"), at("е\u0301"), at("соңы"), at("."), at("\n"), at("Екінші"), d.Len()}
	pos := 0
	for _, want := range stops[1:] {
		if pos = d.WordRight(pos); pos != want {
			t.Errorf("Ctrl+Right stops at %d, want %d", pos, want)
			pos = want
		}
	}
	if d.WordRight(pos) != pos || d.WordLeft(0) != 0 {
		t.Error("there are words outside the document")
	}
	for i := len(stops) - 2; i >= 0; i-- {
		if pos = d.WordLeft(pos); pos != stops[i] {
			t.Errorf("Ctrl+Left stops at %d, want %d", pos, stops[i])
			pos = stops[i]
		}
	}
	for _, tc := range []struct {
		at   int
		want string
	}{{2, "Ғылыми"}, {at("-"), "-"}, {at("сөз") + 1, "сөз"}, {at("е\u0301") + 1, "е\u0301"}, {at("  ") + 1, "  "}, {at("\n"), "."}, {d.Len(), "Екінші"}} {
		from, to := d.WordAt(tc.at)
		if got := string(d.Slice(from, to)); got != tc.want {
			t.Errorf("a double click at %d takes %q, want %q", tc.at, got, tc.want)
		}
	}
	if from, to := NewDocument("").WordAt(0); from != 0 || to != 0 {
		t.Error("there is a word in nothing")
	}
	for _, tc := range []struct {
		text string
		want int
	}{{"", 0}, {" — ", 0}, {"бір", 1}, {"бір\nекі  үш — төрт", 4}, {"№ 5", 1}, {"e-mail", 1}} {
		if got := NewDocument(tc.text).Words(); got != tc.want {
			t.Errorf("%q has %d words, want %d", tc.text, got, tc.want)
		}
	}
}

func TestUndoGroups(t *testing.T) {
	b := NewBuffer("")
	var log []Edit
	b.Accept = func(e Edit) bool { log = append(log, e); return true }
	typed := func(s string) {
		for _, r := range s {
			sort := Typing
			if r == '\n' {
				sort = Other
			}
			b.Insert([]rune{r}, sort)
		}
	}
	typed("бір екі  үш\nтөрт")
	b.Erase(b.Prev(b.Selection().Caret))
	b.Erase(b.Prev(b.Selection().Caret))
	n := len(log)
	for _, want := range []string{"бір екі  үш\nтөрт", "бір екі  үш\n", "бір екі  үш", "бір екі  ", "бір ", ""} {
		if !b.Undo() || b.String() != want {
			t.Errorf("undo gives %q, want %q", b.String(), want)
		}
	}
	if b.Undo() {
		t.Error("there is something to undo at the beginning")
	}
	if got := len(log) - n; got != 6 {
		t.Errorf("six times undo made %d edits in the log", got) // R11: undoing is an edit like any other
	}
	for b.Redo() {
	}
	if got, want := b.String(), "бір екі  үш\nтө"; got != want {
		t.Errorf("redo gives %q, want %q", got, want)
	}
	b.Undo()
	typed("x")
	if b.Redo() {
		t.Error("after typing there is still something to redo")
	}
	b.Seal()
	typed("y")
	b.Undo()
	if got, want := b.String(), "бір екі  үш\nтөртx"; got != want {
		t.Errorf("what was typed after a pause is not undone by itself: %q, want %q", got, want)
	}
	replayed := ""
	for _, e := range log {
		replayed = apply(t, replayed, e)
	}
	if replayed != b.String() {
		t.Errorf("the log makes %q, the buffer holds %q", replayed, b.String())
	}
}

func TestRefusal(t *testing.T) { // R11
	b := NewBuffer("бір екі")
	b.Select(Selection{Caret: 7, Anchor: 4})
	b.Insert([]rune("2"), Typing)
	refuse := true
	b.Accept = func(Edit) bool { return !refuse }
	b.Select(Selection{Caret: 1, Anchor: 3})
	for name, try := range map[string]func() bool{
		"typing": func() bool { return b.Insert([]rune("x"), Typing) },
		"erase":  func() bool { return b.Erase(0) },
		"undo":   b.Undo,
		"do":     func() bool { return b.Do(Edit{0, 1, "y\nz"}) },
	} {
		if try() {
			t.Errorf("%s was accepted", name)
		}
		if got, want := b.String(), "бір 2"; got != want || b.Selection() != (Selection{1, 3}) {
			t.Errorf("after a refused %s there is %q with %+v, want %q", name, got, b.Selection(), want)
		}
	}
	refuse = false
	if !b.Undo() || b.String() != "бір екі" {
		t.Errorf("what was refused is in the way of undo: %q", b.String())
	}
}

func TestApply(t *testing.T) { // R11
	for _, tc := range []struct {
		e    Edit
		want string
		sel  Selection
	}{
		{Edit{0, 0, "x"}, "x0123456789", Selection{7, 4}},
		{Edit{6, 4, ""}, "012345", Selection{6, 3}},
		{Edit{2, 6, "abc"}, "01abc89", Selection{5, 5}},
		{Edit{-5, 2, "-"}, "-23456789", Selection{5, 2}},
		{Edit{8, 99, "\n"}, "01234567\n", Selection{6, 3}},
		{Edit{99, -1, "!"}, "0123456789!", Selection{6, 3}},
	} {
		b := NewBuffer("012345678")
		b.Select(Selection{9, 9})
		b.Insert([]rune("9"), Typing)
		b.Select(Selection{6, 3})
		b.Accept = func(Edit) bool { t.Error("an edit from the log was asked about"); return false }
		b.Apply(tc.e)
		if b.String() != tc.want || b.Selection() != tc.sel {
			t.Errorf("%+v gives %q with %+v, want %q with %+v", tc.e, b.String(), b.Selection(), tc.want, tc.sel)
		}
		if b.Undo() {
			t.Errorf("after %+v something from before can be undone", tc.e)
		}
	}
}

// model is a text as anybody would write it down.
type model struct{ runes []rune }

// The document against the plain text: random edits, motions, undoing and redoing, some refused.
func TestModel(t *testing.T) { // R11
	rapid.Check(t, func(t *rapid.T) {
		start := someText(t, "start")
		b := NewBuffer(start)
		m := model{runes: []rune(start)}
		log := start
		refuse := false
		b.Accept = func(e Edit) bool {
			if refuse {
				return false
			}
			log = apply(t, log, e)
			return true
		}
		lengths := []int{}
		for _, p := range b.pars {
			lengths = append(lengths, len(p.runes))
		}
		b.Changed = func(span Span, at, removed, inserted int) {
			// What a view is told is enough to follow the paragraphs.
			fresh := make([]int, span.New)
			for i := range fresh {
				fresh[i] = len(b.Paragraph(span.First + i))
			}
			lengths = slices.Replace(lengths, span.First, span.First+span.Old, fresh...)
		}
		pos := func(name string) int { return rapid.IntRange(-1, len(m.runes)+1).Draw(t, name) }
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			refuse = rapid.IntRange(0, 9).Draw(t, "refuse") == 0
			before := b.String()
			switch rapid.IntRange(0, 6).Draw(t, "what") {
			case 0:
				b.Select(Selection{pos("caret"), pos("anchor")})
			case 1:
				from, to := b.Selection().Range()
				s := []rune(someText(t, "paste"))
				if b.Insert(s, Other) {
					m.runes = slices.Concat(m.runes[:from], s, m.runes[to:])
				}
			case 2:
				r := rapid.SampledFrom(letters).Draw(t, "letter")
				from, to := b.Selection().Range()
				if b.Insert([]rune{r}, Typing) {
					m.runes = slices.Concat(m.runes[:from], []rune{r}, m.runes[to:])
				}
			case 3:
				to := b.Prev(b.Selection().Caret)
				if rapid.Bool().Draw(t, "forward") {
					to = b.Next(b.Selection().Caret)
				}
				a, z := b.Selection().Range()
				if a == z {
					a, z = min(a, to), max(z, to)
				}
				if b.Erase(to) {
					m.runes = slices.Concat(m.runes[:a], m.runes[z:])
				}
			case 4:
				if b.Undo() {
					m.runes = []rune(b.String())
					if b.Redo(); !refuse && b.String() != before {
						t.Fatalf("undo and redo make %q of %q", b.String(), before)
					}
					b.Undo()
				}
			case 5:
				if b.Redo() {
					m.runes = []rune(b.String())
					if b.Undo(); !refuse && b.String() != before {
						t.Fatalf("redo and undo make %q of %q", b.String(), before)
					}
					b.Redo()
				}
			case 6:
				e := Edit{pos("at"), rapid.IntRange(0, 9).Draw(t, "gone"), someText(t, "come")}
				b.Apply(e)
				e.Position = min(max(e.Position, 0), len(m.runes))
				e.Removed = min(e.Removed, len(m.runes)-e.Position)
				m.runes = []rune(apply(t, string(m.runes), e))
				log = apply(t, log, e)
			}
			check(t, b, m, log, lengths)
		}
	})
}

func check(t *rapid.T, b *Buffer, m model, log string, lengths []int) {
	want := string(m.runes)
	if b.String() != want || b.Len() != len(m.runes) || log != want {
		t.Fatalf("the buffer holds %q (%d runes), the log makes %q, plainly it is %q", b.String(), b.Len(), log, want)
	}
	if got := string(b.Slice(0, b.Len())); got != want {
		t.Fatalf("the whole slice is %q, want %q", got, want)
	}
	words := 0
	for w := range strings.FieldsSeq(want) {
		if strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
			words++
		}
	}
	if words != b.Words() {
		t.Fatalf("%q has %d words, the buffer counts %d", want, words, b.Words())
	}
	lines := strings.Split(want, "\n")
	if b.Paragraphs() != len(lines) || len(lengths) != len(lines) {
		t.Fatalf("%q has %d paragraphs, the buffer has %d, whoever follows the changes %d", want, len(lines), b.Paragraphs(), len(lengths))
	}
	for i, line := range lines {
		if got := string(b.Paragraph(i)); got != line || lengths[i] != len([]rune(line)) {
			t.Fatalf("paragraph %d is %q (followed: %d runes), want %q", i, got, lengths[i], line)
		}
	}
	s := b.Selection()
	for _, pos := range []int{s.Caret, s.Anchor} {
		if pos < 0 || pos > b.Len() || b.Snap(pos) != pos {
			t.Fatalf("%q: the selection %+v ends within a cluster or outside", want, s)
		}
		par, off := b.Find(pos)
		if b.Start(par)+off != pos {
			t.Fatalf("%q: %d is found at %d+%d", want, pos, b.Start(par), off)
		}
		if n := b.Next(pos); n < pos || n > b.Len() || n > pos && b.Prev(n) != pos {
			t.Fatalf("%q: from %d forth to %d and back to %d", want, pos, n, b.Prev(n))
		}
		if l, r := b.WordLeft(pos), b.WordRight(pos); l > pos || r < pos || b.Snap(l) != l || b.Snap(r) != r || l == pos && pos > 0 || r == pos && pos < b.Len() {
			t.Fatalf("%q: words from %d lead to %d and %d", want, pos, l, r)
		}
		if from, to := b.WordAt(pos); from > pos || to < pos || b.Snap(from) != from || b.Snap(to) != to {
			t.Fatalf("%q: the word at %d goes from %d to %d", want, pos, from, to)
		}
	}
}

func FuzzBuffer(f *testing.F) {
	f.Add("Қазақ\nтілі", []byte{1, 5, 3, 2, 0, 4, 4, 5})
	f.Add("🇰🇿е\u0301", []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Fuzz(func(t *testing.T, s string, moves []byte) {
		if len(s) > 2000 || len(moves) > 200 {
			return
		}
		b := NewBuffer(s)
		log := string([]rune(s))
		b.Accept = func(e Edit) bool { log = apply(t, log, e); return true }
		runes := append([]rune(s), 'x')
		for i, m := range moves {
			caret := b.Selection().Caret
			switch m % 10 {
			case 0:
				b.Select(Selection{b.Next(caret), b.Next(caret)})
			case 1:
				b.Select(Selection{b.Prev(caret), b.Selection().Anchor})
			case 2:
				b.Insert(runes[i%len(runes):][:1], Typing)
			case 3:
				b.Erase(b.Prev(caret))
			case 4:
				b.Undo()
			case 5:
				b.Redo()
			case 6:
				b.Select(Selection{b.WordLeft(caret), b.WordRight(caret)})
			case 7:
				b.Insert([]rune("a\nb"), Other)
			case 8:
				b.Erase(b.Next(caret))
			case 9:
				from, to := b.WordAt(caret)
				b.Select(Selection{to, from})
			}
			if b.String() != log {
				t.Fatalf("the log makes %q, the buffer holds %q", log, b.String())
			}
			if s := b.Selection(); b.Snap(s.Caret) != s.Caret || b.Snap(s.Anchor) != s.Anchor {
				t.Fatalf("%q: the selection %+v ends within a cluster", log, s)
			}
		}
	})
}
