package editor

import (
	"strings"
	"time"
	"unicode"

	"emtihan/station/editor/clipboard"
	"emtihan/station/editor/text"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// pause is how long somebody must have stopped typing for the next word to be undone by itself.
const pause = 1500 * time.Millisecond

// FocusGained implements fyne.Focusable.
func (e *Editor) FocusGained() {
	e.focused, e.shift = true, false
	e.paint()
}

// FocusLost implements fyne.Focusable.
func (e *Editor) FocusLost() {
	e.focused, e.shift = false, false
	e.mouse.release()
	e.buf.Seal()
	e.paint()
}

// AcceptsTab implements fyne.Tabbable: Tab goes on to the next field.
func (e *Editor) AcceptsTab() bool { return false }

// KeyDown implements desktop.Keyable.
func (e *Editor) KeyDown(k *fyne.KeyEvent) {
	if k.Name == desktop.KeyShiftLeft || k.Name == desktop.KeyShiftRight {
		e.shift = true
	}
	if e.keys != nil {
		e.keys(k)
	}
}

// KeyUp implements desktop.Keyable.
func (e *Editor) KeyUp(k *fyne.KeyEvent) {
	if k.Name == desktop.KeyShiftLeft || k.Name == desktop.KeyShiftRight {
		e.shift = false
	}
}

// Led says which character, or 0 for none, would be that of the key which led to the editor. The toolkit sends the character of
// a key after the key itself, to whatever has the focus by then; as the very next one it is not typed (R11).
func (e *Editor) Led(by rune) { e.led = by }

// TypedRune implements fyne.Focusable.
func (e *Editor) TypedRune(r rune) {
	if led := e.led; led != 0 {
		if e.led = 0; r == led {
			return
		}
	}
	if e.ReadOnly || unicode.IsControl(r) || r == unicode.ReplacementChar {
		return
	}
	if now := time.Now(); now.Sub(e.typed) > pause {
		e.buf.Seal()
		e.typed = now
	} else {
		e.typed = now
	}
	e.edit(func() { e.buf.Insert([]rune{r}, text.Typing) })
}

// TypedKey implements fyne.Focusable. A key that is held down comes again and again.
func (e *Editor) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyBackspace:
		e.erase(e.buf.Prev)
	case fyne.KeyDelete:
		e.erase(e.buf.Next)
	case fyne.KeyReturn, fyne.KeyEnter:
		if e.MultiLine && !e.ReadOnly {
			e.edit(func() { e.buf.Insert([]rune{'\n'}, text.Other) })
		}
	case fyne.KeyLeft:
		e.sideways(e.buf.Prev, func(from, _ int) int { return from })
	case fyne.KeyRight:
		e.sideways(e.buf.Next, func(_, to int) int { return to })
	case fyne.KeyUp:
		e.vertical(-1)
	case fyne.KeyDown:
		e.vertical(1)
	case fyne.KeyPageUp:
		e.page(-1)
	case fyne.KeyPageDown:
		e.page(1)
	case fyne.KeyHome:
		i, _ := e.find()
		r := e.lay.row(i)
		e.moveTo(e.lay.position(r, 0), e.shift)
	case fyne.KeyEnd:
		e.rowEnd()
	}
}

func (e *Editor) erase(to func(int) int) {
	if e.ReadOnly {
		return
	}
	e.edit(func() { e.buf.Erase(to(e.Caret())) })
}

// sideways moves the caret; without Shift a selection only goes, and the caret to its end.
func (e *Editor) sideways(to func(int) int, end func(from, to int) int) {
	s := e.buf.Selection()
	if !e.shift && !s.Empty() {
		e.moveTo(end(s.Range()), false)
		return
	}
	e.moveTo(to(s.Caret), e.shift)
}

// find returns the caret's row and the place in it.
func (e *Editor) find() (i, off int) {
	e.ready()
	return e.lay.find(e.Caret(), e.upstream)
}

// rowEnd moves the caret to the end of the row that it stands in.
func (e *Editor) rowEnd() {
	i, _ := e.find()
	r := e.lay.row(i)
	e.moveTo(e.lay.position(r, r.to-r.from), e.shift)
	if !r.last {
		e.upstream = true
		e.paint()
	}
}

// vertical moves the caret by rows, and keeps to the column in which it began. Beyond the first row is the beginning,
// beyond the last the end.
func (e *Editor) vertical(by int) {
	i, off := e.find()
	x := e.column
	if x < 0 {
		x = e.lay.setter.Line(e.lay.runes(e.lay.row(i))).X(off)
	}
	switch i += by; {
	case i < 0:
		e.moveTo(0, e.shift)
	case i >= e.lay.rows():
		e.moveTo(e.buf.Len(), e.shift)
	default:
		pos, upstream := e.at(i, x)
		s := text.Selection{Caret: pos, Anchor: pos}
		if e.shift {
			s.Anchor = e.buf.Selection().Anchor
		}
		e.choose(s, upstream)
	}
	e.column = x
}

// at returns the position nearest to a place in a row, and whether it is the end of a row that goes on below.
func (e *Editor) at(i int, x float32) (pos int, upstream bool) {
	r := e.lay.row(i)
	off := e.lay.setter.Line(e.lay.runes(r)).Offset(x)
	return e.lay.position(r, off), !r.last && off == r.to-r.from
}

// page moves the caret by what is seen at once, less one row. In a single line the screen has a use for the key.
func (e *Editor) page(by int) {
	if !e.MultiLine {
		return
	}
	e.ready()
	n := by * max(1, e.view.rows-1)
	i, _ := e.find()
	e.top = min(max(e.top+n, 0), max(0, e.lay.rows()-e.view.rows))
	switch {
	case i+n < 0:
		n = -i
	case i+n >= e.lay.rows():
		n = e.lay.rows() - 1 - i
	}
	if n == 0 {
		n = by
	}
	e.vertical(n)
}

// TypedShortcut implements fyne.Shortcutable. Whatever clipboard comes with a shortcut is left alone (R13).
func (e *Editor) TypedShortcut(s fyne.Shortcut) {
	switch s := s.(type) {
	case *fyne.ShortcutSelectAll:
		e.column = -1
		e.choose(text.Selection{Anchor: 0, Caret: e.buf.Len()}, false)
	case *fyne.ShortcutCopy:
		e.copySelection()
	case *fyne.ShortcutCut:
		if !e.ReadOnly && e.copySelection() {
			e.edit(func() { e.buf.Insert(nil, text.Other) })
		}
	case *fyne.ShortcutPaste:
		e.paste()
	case *fyne.ShortcutUndo:
		e.undo()
	case *fyne.ShortcutRedo:
		e.redo()
	case *desktop.CustomShortcut:
		e.custom(s)
	}
}

func (e *Editor) undo() {
	if !e.ReadOnly {
		e.edit(func() { e.buf.Undo() })
	}
}

func (e *Editor) redo() {
	if !e.ReadOnly {
		e.edit(func() { e.buf.Redo() })
	}
}

// paste puts in what was copied in the exam. A single line takes a space for each line break.
func (e *Editor) paste() {
	s := clipboard.Inside().Content()
	if e.ReadOnly || s == "" {
		return
	}
	if !e.MultiLine {
		s = strings.ReplaceAll(s, "\n", " ")
	}
	e.edit(func() { e.buf.Insert([]rune(s), text.Other) })
}

func (e *Editor) custom(s *desktop.CustomShortcut) {
	extend := s.Modifier&fyne.KeyModifierShift != 0
	switch s.Modifier &^ fyne.KeyModifierShift {
	case fyne.KeyModifierControl:
	default:
		return
	}
	caret := e.Caret()
	switch s.KeyName {
	case fyne.KeyLeft:
		e.moveTo(e.buf.WordLeft(caret), extend)
	case fyne.KeyRight:
		e.moveTo(e.buf.WordRight(caret), extend)
	case fyne.KeyUp:
		par, off := e.buf.Find(caret)
		if off == 0 && par > 0 {
			par--
		}
		e.moveTo(e.buf.Start(par), extend)
	case fyne.KeyDown:
		par, _ := e.buf.Find(caret)
		if par+1 < e.buf.Paragraphs() {
			e.moveTo(e.buf.Start(par+1), extend)
		} else {
			e.moveTo(e.buf.Len(), extend)
		}
	case fyne.KeyHome:
		e.moveTo(0, extend)
	case fyne.KeyEnd:
		e.moveTo(e.buf.Len(), extend)
	case fyne.KeyBackspace:
		e.erase(e.buf.WordLeft)
	case fyne.KeyDelete:
		e.erase(e.buf.WordRight)
	case fyne.KeyZ:
		if extend {
			e.redo()
		}
	}
}
