package editor

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"emtihan/station/editor/clipboard"
	"emtihan/station/editor/typeset"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

// plain is an editor as one would write it without a thought of speed: the whole text, looked at anew for every question.
type plain struct {
	runes         []rune
	caret, anchor int
	upstream      bool
	column        float32
	clip          string
	setter        *typeset.Setter
	width         float32
	page          int
}

type plainRow struct {
	from, to int
	last     bool
}

func (p *plain) rows() (out []plainRow) {
	at := 0
	for line := range strings.SplitSeq(string(p.runes), "\n") {
		runes := []rune(line)
		from := 0
		for _, end := range p.setter.Wrap(runes, p.width) {
			out = append(out, plainRow{at + from, at + end, end == len(runes)})
			from = end
		}
		at += len(runes) + 1
	}
	return out
}

// borders lists where a caret may stand.
func (p *plain) borders() []int {
	out := []int{0}
	at := 0
	for line := range strings.SplitSeq(string(p.runes), "\n") {
		g := uniseg.NewGraphemes(line)
		for g.Next() {
			at += len(g.Runes())
			out = append(out, at)
		}
		at++
		out = append(out, at)
	}
	return slices.Compact(out[:len(out)-1])
}

func (p *plain) step(by int) int {
	b := p.borders()
	i, _ := slices.BinarySearch(b, p.caret)
	return b[min(max(i+by, 0), len(b)-1)]
}

func (p *plain) snap(pos int) int {
	b := p.borders()
	i, _ := slices.BinarySearch(b, min(max(pos, 0), len(p.runes)))
	return b[i]
}

func (p *plain) row() (int, []plainRow) {
	rows := p.rows()
	for i, r := range rows {
		if p.caret < r.to || p.caret == r.to && (r.last || p.upstream) {
			return i, rows
		}
	}
	return len(rows) - 1, rows
}

func (p *plain) line(r plainRow) *typeset.Line { return p.setter.Line(p.runes[r.from:r.to]) }

func (p *plain) move(pos int, extend bool) {
	p.caret, p.upstream, p.column = pos, false, -1
	if !extend {
		p.anchor = pos
	}
}

func (p *plain) replace(from, to int, with []rune) {
	p.runes = slices.Concat(p.runes[:from], with, p.runes[to:])
	p.move(p.snap(from+len(with)), false)
}

func (p *plain) selection() (from, to int) { return min(p.caret, p.anchor), max(p.caret, p.anchor) }

func (p *plain) insert(with string) {
	from, to := p.selection()
	p.replace(from, to, []rune(with))
}

func (p *plain) erase(to int) {
	if from, end := p.selection(); from < end {
		p.replace(from, end, nil)
		return
	}
	p.replace(min(to, p.caret), max(to, p.caret), nil)
}

func (p *plain) vertical(by int, extend bool) {
	i, rows := p.row()
	x := p.column
	if x < 0 {
		x = p.line(rows[i]).X(p.caret - rows[i].from)
	}
	switch i += by; {
	case i < 0:
		p.move(0, extend)
	case i >= len(rows):
		p.move(len(p.runes), extend)
	default:
		p.to(rows[i], x, extend)
	}
	p.column = x
}

func (p *plain) to(r plainRow, x float32, extend bool) {
	off := p.line(r).Offset(x)
	p.move(r.from+off, extend)
	p.upstream = r.from+off == r.to && !r.last
}

func (p *plain) kind(pos int) int {
	r := p.runes[pos]
	switch {
	case r == '\n':
		return -1
	case unicode.IsSpace(r):
		return 0
	case unicode.In(r, unicode.L, unicode.N, unicode.M), r == '\'', r == '’', r == '_', r == 'ʼ':
		return 1
	}
	return 2
}

// word returns where the next word begins, or the one before.
func (p *plain) word(by int) int {
	b := p.borders()
	i, _ := slices.BinarySearch(b, p.caret)
	if by > 0 {
		if i == len(b)-1 {
			return b[i]
		}
		k := p.kind(b[i])
		if k == -1 {
			return b[i+1]
		}
		for k > 0 && i < len(b)-1 && p.kind(b[i]) == k {
			i++
		}
		for i < len(b)-1 && p.kind(b[i]) == 0 {
			i++
		}
		return b[i]
	}
	if i == 0 {
		return 0
	}
	if p.kind(b[i-1]) == -1 {
		return b[i-1]
	}
	for i > 0 && p.kind(b[i-1]) == 0 {
		i--
	}
	if i == 0 || p.kind(b[i-1]) == -1 {
		return b[i]
	}
	for k := p.kind(b[i-1]); i > 0 && p.kind(b[i-1]) == k; {
		i--
	}
	return b[i]
}

func (p *plain) paragraph(pos int) (from, to int) {
	for from = pos; from > 0 && p.runes[from-1] != '\n'; {
		from--
	}
	for to = pos; to < len(p.runes) && p.runes[to] != '\n'; {
		to++
	}
	return from, to
}

func (p *plain) home(end, extend bool) {
	i, rows := p.row()
	if !end {
		p.move(rows[i].from, extend)
		return
	}
	p.move(rows[i].to, extend)
	p.upstream = !rows[i].last
}

func (p *plain) pageBy(by int, extend bool) {
	i, rows := p.row()
	n := min(max(i+by*max(1, p.page-1), 0), len(rows)-1) - i
	if n == 0 {
		n = by
	}
	p.vertical(n, extend)
}

var pieces = []string{"сөйлемдегі ", "a", " ", "\n", "e\u0301", "🌳", "\u0301", "ғ-қ", "🇰🇿", "🇰", "«", "ұзақтаужолыаралықтаужолыаралық"}

// The editor against the plain one: random keys and mouse, same text, same selection, same edits (R11).
func TestAgainstPlain(t *testing.T) {
	d := newDesk(t, "", true)
	rapid.Check(t, func(r *rapid.T) {
		start := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 60).Draw(r, "start"), "")
		d.SetText("")
		d.SetText(start)
		d.PlaceCaret(0)
		clipboard.Inside().Clear()
		p := &plain{runes: []rune(start), column: -1, setter: d.lay.setter, width: d.lay.width, page: d.view.rows}
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			d.both(r, p)
			if d.Content() != string(p.runes) || d.replay != d.Content() {
				r.Fatalf("the editor holds %q, its edits make %q, plainly it is %q", d.Content(), d.replay, string(p.runes))
			}
			s := d.buf.Selection()
			if s.Caret != p.caret || s.Anchor != p.anchor || d.upstream != p.upstream {
				r.Fatalf("in %q the caret is at %d (upstream %v) from %d, plainly at %d (%v) from %d", d.Content(), s.Caret, d.upstream, s.Anchor, p.caret, p.upstream, p.anchor)
			}
			rows := p.rows()
			if len(rows) != d.lay.rows() {
				r.Fatalf("%q has %d rows, plainly %d", d.Content(), d.lay.rows(), len(rows))
			}
			for k, s := range d.view.drawn {
				if i := d.top + k; i < len(rows) && s.text != string(p.runes[rows[i].from:rows[i].to]) {
					r.Fatalf("row %d shows %q, plainly it is %q", i, s.text, string(p.runes[rows[i].from:rows[i].to]))
				}
			}
		}
	})
}

// both does the same with both editors.
func (d *desk) both(r *rapid.T, p *plain) {
	extend := rapid.Bool().Draw(r, "shift")
	key := func(n fyne.KeyName) {
		if extend {
			d.shifted(n)
		} else {
			d.key(n)
		}
	}
	mod := fyne.KeyModifier(0)
	if extend {
		mod = fyne.KeyModifierShift
	}
	from, to := p.selection()
	switch rapid.IntRange(0, 22).Draw(r, "what") {
	case 0:
		s := []rune(strings.ReplaceAll(rapid.SampledFrom(pieces).Draw(r, "letter"), "\n", "x"))[0]
		d.TypedRune(s)
		p.insert(string(s))
	case 1:
		d.key(fyne.KeyReturn)
		p.insert("\n")
	case 2:
		d.key(fyne.KeyBackspace)
		p.erase(p.step(-1))
	case 3:
		d.key(fyne.KeyDelete)
		p.erase(p.step(1))
	case 4, 5:
		by, name, end := -1, fyne.KeyLeft, from
		if rapid.Bool().Draw(r, "right") {
			by, name, end = 1, fyne.KeyRight, to
		}
		key(name)
		if !extend && from < to {
			p.move(end, false)
		} else {
			p.move(p.step(by), extend)
		}
	case 6:
		key(fyne.KeyUp)
		p.vertical(-1, extend)
	case 7:
		key(fyne.KeyDown)
		p.vertical(1, extend)
	case 8:
		key(fyne.KeyHome)
		p.home(false, extend)
	case 9:
		key(fyne.KeyEnd)
		p.home(true, extend)
	case 10:
		key(fyne.KeyPageUp)
		p.pageBy(-1, extend)
	case 11:
		key(fyne.KeyPageDown)
		p.pageBy(1, extend)
	case 12:
		d.ctrl(mod, fyne.KeyLeft)
		p.move(p.word(-1), extend)
	case 13:
		d.ctrl(mod, fyne.KeyRight)
		p.move(p.word(1), extend)
	case 14:
		d.ctrl(0, fyne.KeyBackspace)
		p.erase(p.word(-1))
	case 15:
		d.ctrl(0, fyne.KeyDelete)
		p.erase(p.word(1))
	case 16:
		d.ctrl(mod, fyne.KeyHome)
		p.move(0, extend)
	case 17:
		d.TypedShortcut(&fyne.ShortcutSelectAll{})
		p.move(len(p.runes), false)
		p.anchor = 0
	case 18:
		d.TypedShortcut(&fyne.ShortcutCopy{})
		if from < to {
			p.clip = string(p.runes[from:to])
		}
	case 19:
		d.TypedShortcut(&fyne.ShortcutCut{})
		if from < to {
			p.clip = string(p.runes[from:to])
			p.replace(from, to, nil)
		}
	case 20:
		if d.Runes() > 800 {
			return
		}
		d.TypedShortcut(&fyne.ShortcutPaste{})
		if p.clip != "" {
			p.insert(p.clip)
		}
	case 21:
		// What undoing takes together is tested by itself.
		undo := fyne.Shortcut(&fyne.ShortcutUndo{})
		if extend {
			undo = &fyne.ShortcutRedo{}
		}
		if d.TypedShortcut(undo); d.Content() != string(p.runes) {
			s := d.buf.Selection()
			p.runes = []rune(d.Content())
			p.move(s.Caret, false)
			p.anchor = s.Anchor
		} else {
			p.upstream, p.column = false, -1
			p.caret, p.anchor = d.buf.Selection().Caret, d.buf.Selection().Anchor
		}
	case 22:
		d.bothMouse(r, p, extend)
	}
}

func (d *desk) bothMouse(r *rapid.T, p *plain, extend bool) {
	rows := p.rows()
	point := func(name string) (fyne.Position, plainRow, float32) {
		k := rapid.IntRange(0, d.view.rows-1).Draw(r, name+" row")
		x := float32(rapid.IntRange(0, int(p.width)).Draw(r, name+" x"))
		pos := fyne.NewPos(float32(d.view.textX)+x, float32(d.view.padY)+(float32(k)+0.5)*float32(d.view.line))
		return pos, rows[min(d.top+k, len(rows)-1)], x
	}
	at, row, x := point("click")
	mod := fyne.KeyModifier(0)
	if extend {
		mod = fyne.KeyModifierShift
	}
	d.mouse.when = time.Time{} // not the second click of the last step
	d.click(at, mod)
	p.to(row, x, extend)
	switch rapid.IntRange(0, 3).Draw(r, "then") {
	case 1:
		if extend {
			return
		}
		d.click(at, 0) // the second click
		d.click(at, 0) // the third
		from, to := p.paragraph(p.caret)
		p.move(to, false)
		p.anchor = from
		p.upstream = d.upstream
	case 2:
		if extend {
			return
		}
		d.mouse.when = time.Time{}
		d.press(at)
		other, row, x := point("drag")
		d.drag(other)
		e := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary}
		d.MouseUp(e)
		p.to(row, x, true)
	}
}

func FuzzKeys(f *testing.F) {
	f.Add("Қазақ тілі\nекінші жол", []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	f.Add("🇰🇿 e\u0301 \u200d", []byte{4, 4, 0, 0, 12, 13, 2, 9, 9})
	names := []fyne.KeyName{
		fyne.KeyBackspace, fyne.KeyDelete, fyne.KeyReturn, fyne.KeyLeft, fyne.KeyRight, fyne.KeyUp, fyne.KeyDown,
		fyne.KeyPageUp, fyne.KeyPageDown, fyne.KeyHome, fyne.KeyEnd, fyne.KeyZ, "",
	}
	f.Fuzz(func(t *testing.T, s string, keys []byte) {
		if len(s) > 1000 || len(keys) > 100 {
			return
		}
		log := string([]rune(s))
		e := New(s, true, nil, func(e Edit, next string) bool {
			if log = apply(t, log, e); log != next {
				t.Fatalf("the edits make %q, the editor says %q", log, next)
			}
			return true
		})
		e.Resize(fyne.NewSize(float32(len(keys)*7), 100))
		runes := append([]rune(s), 'ә')
		for i, k := range keys {
			n := names[int(k)%len(names)]
			switch k >> 5 {
			case 0, 1, 2:
				e.TypedKey(&fyne.KeyEvent{Name: n})
			case 3:
				e.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
				e.TypedKey(&fyne.KeyEvent{Name: n})
				e.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
			case 4:
				e.TypedShortcut(&desktop.CustomShortcut{KeyName: n, Modifier: fyne.KeyModifierControl | fyne.KeyModifier(k&1)})
			case 5:
				e.TypedRune(runes[i%len(runes)])
			case 6:
				m := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary}
				m.Position = fyne.NewPos(float32(k&31)*10-20, float32(i*5)-20)
				e.MouseDown(m)
				e.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(float32(i), float32(k))}})
				e.MouseUp(m)
			case 7:
				e.TypedShortcut(&fyne.ShortcutUndo{})
			}
			if e.Content() != log {
				t.Fatalf("the editor holds %q, its edits make %q", e.Content(), log)
			}
			if c := e.Caret(); c < 0 || c > e.Runes() || e.buf.Snap(c) != c {
				t.Fatalf("%q: the caret is at %d", log, c)
			}
		}
	})
}
