package text

import "slices"

// Selection is where the caret stands and where the selection that ends at it began; both are equal where nothing is
// selected.
type Selection struct{ Caret, Anchor int }

// Range returns the ends of the selection in order.
func (s Selection) Range() (from, to int) {
	return min(s.Caret, s.Anchor), max(s.Caret, s.Anchor)
}

// Empty reports whether nothing is selected.
func (s Selection) Empty() bool { return s.Caret == s.Anchor }

// Buffer is a document that somebody writes in: with a selection, and with undoing. It has no clock, window or log; whoever
// owns it is told of every change.
type Buffer struct {
	*Document
	sel Selection

	// Accept is asked about every edit that was made by typing, deleting, pasting, undoing or redoing. Where it returns
	// false the edit is taken back (R11). It may be nil.
	Accept func(Edit) bool
	// Changed is told of every change of the document, the taking back of a refused one included. It may be nil.
	Changed func(span Span, at, removed, inserted int)

	done, undone []step
	open         bool // the next edit may become part of the last step
}

// step is what one undo takes back.
type step struct {
	sort          Sort
	at            int
	gone, came    []rune
	before, after Selection
}

// Sort says how an edit came about, because undoing takes together what belongs together.
type Sort int

// The sorts of edits.
const (
	Other   Sort = iota // stands for itself: pasting, cutting, a line break
	Typing              // a character: a word and the spaces behind it are undone at once
	Erasing             // Backspace and Delete: a run of them is undone at once
)

// mostSteps bounds what undoing remembers.
const mostSteps = 5000

// NewBuffer returns a buffer that holds s, with the caret at its beginning.
func NewBuffer(s string) *Buffer { return &Buffer{Document: NewDocument(s)} }

// Selection returns caret and selection.
func (b *Buffer) Selection() Selection { return b.sel }

// Select moves caret and selection, to borders of clusters. What is typed next is undone by itself.
func (b *Buffer) Select(s Selection) {
	b.sel = Selection{Caret: b.Snap(s.Caret), Anchor: b.Snap(s.Anchor)}
	b.Seal()
}

// Seal ends the group of edits that one undo takes back: somebody stopped to think.
func (b *Buffer) Seal() { b.open = false }

// Insert puts s in place of the selection.
func (b *Buffer) Insert(s []rune, sort Sort) bool {
	from, to := b.sel.Range()
	return b.edit(from, to, s, sort)
}

// Erase removes the selection or, where nothing is selected, what stands between the caret and other.
func (b *Buffer) Erase(other int) bool {
	from, to := b.sel.Range()
	if from == to {
		other = b.clamp(other)
		from, to = min(other, b.sel.Caret), max(other, b.sel.Caret)
	}
	return b.edit(from, to, nil, Erasing)
}

// Do makes an edit of the writer's wherever it is, cut to the document.
func (b *Buffer) Do(e Edit) bool {
	from := b.clamp(e.Position)
	return b.edit(from, b.clamp(from+max(e.Removed, 0)), []rune(e.Inserted), Other)
}

// edit makes a change that its owner may refuse, and remembers it.
func (b *Buffer) edit(from, to int, with []rune, sort Sort) bool {
	gone := b.Slice(from, to)
	if slices.Equal(gone, with) {
		b.sel = Selection{Caret: to, Anchor: to}
		return true
	}
	s := step{sort: sort, at: from, gone: gone, came: slices.Clone(with), before: b.sel}
	at := from + len(with)
	if !b.change(from, to, with, Selection{Caret: at, Anchor: at}) {
		return false
	}
	s.after = b.sel
	b.undone = nil
	b.remember(s)
	return true
}

// change makes a change, asks, and takes it back where it is refused.
func (b *Buffer) change(from, to int, with []rune, sel Selection) bool {
	before, gone := b.sel, b.Slice(from, to)
	b.swap(from, to, with)
	b.sel = Selection{Caret: b.Snap(sel.Caret), Anchor: b.Snap(sel.Anchor)}
	if b.Accept == nil || b.Accept(Edit{Position: from, Removed: to - from, Inserted: string(with)}) {
		return true
	}
	b.swap(from, from+len(with), gone)
	b.sel = before
	return false
}

func (b *Buffer) swap(from, to int, with []rune) {
	span := b.replace(from, to, with)
	if b.Changed != nil {
		b.Changed(span, from, to-from, len(with))
	}
}

func (b *Buffer) remember(s step) {
	if b.open && len(b.done) > 0 && b.done[len(b.done)-1].takes(s) {
		return
	}
	b.open = s.sort != Other
	b.done = append(b.done, s)
	if len(b.done) > mostSteps {
		b.done = slices.Delete(b.done, 0, len(b.done)-mostSteps)
	}
}

// takes makes a later edit part of the step where both belong together.
func (s *step) takes(next step) bool {
	if s.sort != next.sort {
		return false
	}
	switch {
	case s.sort == Typing && len(next.gone) == 0 && next.at == s.at+len(s.came):
		// A new word begins a new step.
		if kindOf(s.came[len(s.came)-1]) == space && kindOf(next.came[0]) != space {
			return false
		}
		s.came = append(s.came, next.came...)
	case s.sort == Erasing && next.at+len(next.gone) == s.at:
		s.gone, s.at = append(slices.Clone(next.gone), s.gone...), next.at
	case s.sort == Erasing && next.at == s.at:
		s.gone = append(s.gone, next.gone...)
	default:
		return false
	}
	s.after = next.after
	return true
}

// Undo takes the last step back, by an edit like any other. It reports whether there was one and it was accepted.
func (b *Buffer) Undo() bool {
	if len(b.done) == 0 {
		return false
	}
	s := b.done[len(b.done)-1]
	if !b.change(s.at, s.at+len(s.came), s.gone, s.before) {
		return false
	}
	b.done = b.done[:len(b.done)-1]
	b.undone = append(b.undone, s)
	b.Seal()
	return true
}

// Redo makes again what Undo took back.
func (b *Buffer) Redo() bool {
	if len(b.undone) == 0 {
		return false
	}
	s := b.undone[len(b.undone)-1]
	if !b.change(s.at, s.at+len(s.gone), s.came, s.after) {
		return false
	}
	b.undone = b.undone[:len(b.undone)-1]
	b.done = append(b.done, s)
	b.Seal()
	return true
}

// Apply makes an edit that is not the writer's: from the log, or because the log refused one. It asks nobody, the selection
// stays with the text around it, and nothing from before can be undone, because it might not fit any more. An edit outside
// the document is cut to it.
func (b *Buffer) Apply(e Edit) {
	from := b.clamp(e.Position)
	to := b.clamp(from + max(e.Removed, 0))
	with := []rune(e.Inserted)
	move := func(pos int) int {
		switch {
		case pos <= from:
			return pos
		case pos >= to:
			return pos + len(with) - (to - from)
		}
		return from + len(with)
	}
	b.swap(from, to, with)
	b.done, b.undone = nil, nil
	b.Select(Selection{Caret: move(b.sel.Caret), Anchor: move(b.sel.Anchor)})
}
