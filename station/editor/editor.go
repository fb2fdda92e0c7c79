// Package editor is the field in which a candidate writes: it reports every change as an edit in runes, so that each
// keystroke can be kept (R11).
package editor

import (
	"unicode/utf8"

	"emtihan/station/look"

	"fyne.io/fyne/v2"
)

// Edit is one change of a text: at Position, Removed runes go and Inserted comes.
type Edit struct {
	Position, Removed int
	Inserted          string
}

// Editor is a text field of one line or of many.
type Editor struct {
	look.Field
	text   string
	onEdit func(Edit, string) bool
}

// New returns an editor that holds text, and calls onEdit with every change that the candidate makes and the text that it
// leads to, on Fyne's goroutine. Where onEdit returns false the change is undone, so that the screen never holds what
// cannot be kept (R11).
func New(text string, multiline bool, keys look.Keys, onEdit func(e Edit, next string) bool) *Editor {
	e := &Editor{text: text, onEdit: onEdit}
	e.Keys = keys
	e.MultiLine = multiline
	e.ExtendBaseWidget(e)
	if multiline {
		e.Wrapping = fyne.TextWrapWord
		e.SetMinRowsVisible(8)
	}
	e.SetText(text)
	e.OnChanged = e.changed
	return e
}

// Content returns what the editor holds.
func (e *Editor) Content() string { return e.text }

func (e *Editor) changed(next string) {
	edit, ok := Diff(e.text, next)
	if !ok {
		return
	}
	before := e.text
	e.text = next
	if !e.onEdit(edit, next) {
		e.Replace(before)
		e.PlaceCaret(edit.Position + edit.Removed)
	}
}

// Replace puts another text in, which is not reported as an edit.
func (e *Editor) Replace(text string) {
	e.text = text
	e.SetText(text)
}

// Caret returns how many runes stand before the caret.
func (e *Editor) Caret() int { return e.CursorTextOffset() }

// PlaceCaret puts the caret behind the given number of runes: a resumed candidate goes on where the last edit ended. The
// editor must have its size, because a row on screen is what the wrapping makes it.
func (e *Editor) PlaceCaret(caret int) {
	caret = min(caret, utf8.RuneCountInString(e.text))
	e.CursorRow, e.CursorColumn = 0, caret
	if e.MultiLine {
		e.CursorColumn = 0
		for last := -1; ; e.CursorRow++ {
			start := e.CursorTextOffset()
			if start > caret || start <= last {
				e.CursorRow--
				break
			}
			last = start
		}
		e.CursorColumn = caret - e.CursorTextOffset()
	}
	e.Refresh()
}

// Diff returns the smallest single edit that makes b of a, and whether they differ.
func Diff(a, b string) (Edit, bool) {
	if a == b {
		return Edit{}, false
	}
	ar, br := []rune(a), []rune(b)
	start := 0
	for start < len(ar) && start < len(br) && ar[start] == br[start] {
		start++
	}
	endA, endB := len(ar), len(br)
	for endA > start && endB > start && ar[endA-1] == br[endB-1] {
		endA--
		endB--
	}
	return Edit{Position: start, Removed: endA - start, Inserted: string(br[start:endB])}, true
}
