// Package editor is the field in which a candidate writes: it reports every change as an edit in runes, so that each
// keystroke can be kept (R11), and a keystroke costs the same in a long text as in a short one.
//
// Tab leaves the field, or a keyboard alone could not; so no tab can be typed. Cutting, copying and pasting stay inside the
// exam (R13); nothing can be dropped or pasted from elsewhere, the middle mouse button included.
package editor

import (
	"time"

	"emtihan/station/editor/clipboard"
	"emtihan/station/editor/glass"
	"emtihan/station/editor/text"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// Edit is one change of a text: at Position, Removed runes go and Inserted comes.
type Edit = text.Edit

// Diff returns the smallest single edit that makes b of a, and whether they differ.
func Diff(a, b string) (Edit, bool) { return text.Diff(a, b) }

// Editor is a text field of one line or of many. Its methods are called on Fyne's goroutine.
type Editor struct {
	widget.BaseWidget
	// MultiLine says that the text may have line breaks and wraps. It is not changed after New.
	MultiLine bool
	// ReadOnly keeps the text from being changed by keys and mouse; it can still be read, selected and copied (R24).
	ReadOnly bool

	keys        look.Keys
	buf         *text.Buffer
	lay         rowing
	placeholder string

	top      int     // the first row that is shown
	left     float32 // how far a single line is scrolled to the left, in pixels
	upstream bool    // at a place where a paragraph is broken, the caret stands at the end of the upper row
	column   float32 // the place in the row that going up and down aims at, in pixels; negative where there is none
	focused  bool
	shift    bool
	typed    time.Time // when a character was typed last
	led      rune      // see Led; 0: none

	mouse   mouse
	view    view
	strips  glass.Group
	scrolls float32 // what the wheel turned and is less than a row
}

var (
	_ fyne.Focusable     = (*Editor)(nil)
	_ fyne.Shortcutable  = (*Editor)(nil)
	_ fyne.Tabbable      = (*Editor)(nil)
	_ fyne.Draggable     = (*Editor)(nil)
	_ fyne.Scrollable    = (*Editor)(nil)
	_ desktop.Keyable    = (*Editor)(nil)
	_ desktop.Mouseable  = (*Editor)(nil)
	_ desktop.Cursorable = (*Editor)(nil)
)

// Release lets go of what the editor holds for showing itself, when it leaves the screen.
func (e *Editor) Release() {
	e.strips.Release()
	e.view.drawn, e.view.scratch = nil, nil
}

// New returns an editor that holds text, and calls onEdit with every change that the candidate makes and the text that it
// leads to, on Fyne's goroutine, before the change is on the screen. Where onEdit returns false the change is undone, so
// that the screen never holds what cannot be kept (R11). keys is told of every key that goes down before the editor is; it
// may be nil.
func New(s string, multiline bool, keys look.Keys, onEdit func(e Edit, next string) bool) *Editor {
	e := &Editor{MultiLine: multiline, keys: keys, buf: text.NewBuffer(s), column: -1}
	e.buf.Changed = e.lay.changed
	e.buf.Accept = func(edit Edit) bool { return onEdit == nil || onEdit(edit, e.buf.String()) }
	e.strips.Owner, e.strips.Whole = e, multiline
	e.ExtendBaseWidget(e)
	return e
}

// Content returns what the editor holds.
func (e *Editor) Content() string { return e.buf.String() }

// Words returns how many words the text has: what stands between spaces and holds a letter or a digit.
func (e *Editor) Words() int { return e.buf.Words() }

// Runes returns how many characters the text has, as the log counts them: line breaks and combining marks each count.
func (e *Editor) Runes() int { return e.buf.Len() }

// Limits are what is asked of a text; 0 stands for no limit.
type Limits struct{ WordsMin, WordsMax, RunesMax int }

// Standing says how a text stands to its limits.
type Standing int

// The standings.
const (
	Within Standing = iota
	TooShort
	TooLong
)

// Stands returns how the text stands to its limits, and by how many words, or characters where only those are too many, it
// misses them.
func (e *Editor) Stands(l Limits) (Standing, int) {
	switch words := e.Words(); {
	case words < l.WordsMin:
		return TooShort, l.WordsMin - words
	case l.WordsMax > 0 && words > l.WordsMax:
		return TooLong, words - l.WordsMax
	case l.RunesMax > 0 && e.Runes() > l.RunesMax:
		return TooLong, e.Runes() - l.RunesMax
	}
	return Within, 0
}

// SetPlaceHolder sets what stands, in a quiet colour, where nothing is written yet.
func (e *Editor) SetPlaceHolder(s string) {
	e.placeholder = s
	e.paint()
}

// SetText puts another text in as one edit of the candidate's, which is reported and can be undone.
func (e *Editor) SetText(s string) {
	d, differs := Diff(e.Content(), s)
	if !differs {
		return
	}
	e.edit(func() { e.buf.Do(d) })
}

// Replace puts another text in, which is not reported as an edit: what the log really has, after it refused one. The caret
// stays with the text around it.
func (e *Editor) Replace(s string) {
	if d, differs := Diff(e.Content(), s); differs {
		e.Apply(d)
	}
}

// Apply makes an edit from the log, which is not reported again. What was typed before can no longer be undone.
func (e *Editor) Apply(d Edit) { e.edit(func() { e.buf.Apply(d) }) }

// Caret returns how many runes stand before the caret.
func (e *Editor) Caret() int { return e.buf.Selection().Caret }

// PlaceCaret puts the caret behind the given number of runes, or the next place after it at which it may stand, and scrolls
// there: a resumed candidate goes on where the last edit ended.
func (e *Editor) PlaceCaret(caret int) { e.moveTo(caret, false) }

// SelectedText returns what is selected.
func (e *Editor) SelectedText() string {
	from, to := e.buf.Selection().Range()
	return string(e.buf.Slice(from, to))
}

// edit makes changes and brings them to the screen.
func (e *Editor) edit(change func()) {
	change()
	e.upstream, e.column = false, -1
	e.reveal()
	e.paint()
}

// choose moves caret and selection and brings that to the screen.
func (e *Editor) choose(s text.Selection, upstream bool) {
	e.buf.Select(s)
	e.upstream = upstream
	e.reveal()
	e.paint()
}

// moveTo moves the caret; extend keeps the other end of the selection where it is.
func (e *Editor) moveTo(pos int, extend bool) {
	s := text.Selection{Caret: pos, Anchor: pos}
	if extend {
		s.Anchor = e.buf.Selection().Anchor
	}
	e.column = -1
	e.choose(s, false)
}

// copySelection puts the selection on the exam's clipboard.
func (e *Editor) copySelection() bool {
	s := e.SelectedText()
	if s != "" {
		clipboard.Inside().SetContent(s)
	}
	return s != ""
}
