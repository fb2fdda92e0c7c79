// Package clipboard is the clipboard of the exam: what a candidate cuts or copies goes here and nowhere else, and nothing
// comes in by the system's (R13).
//
// It belongs to Fyne's goroutine, like the fields that use it.
package clipboard

// Clipboard holds one text of one owner.
type Clipboard struct{ text, owner string }

// inside is the clipboard that all fields of the exam share.
var inside Clipboard

// Inside returns the clipboard that all fields of the exam share.
func Inside() *Clipboard { return &inside }

// Content returns what was copied last.
func (c *Clipboard) Content() string { return c.text }

// SetContent keeps a text in place of the last.
func (c *Clipboard) SetContent(s string) { c.text = s }

// BelongTo says whose attempt goes on, and forgets what was copied in another: no candidate finds anything of the last one.
func (c *Clipboard) BelongTo(attempt string) {
	if c.owner != attempt {
		c.owner = attempt
		c.Clear()
	}
}

// Clear forgets what was copied.
func (c *Clipboard) Clear() { c.text = "" }
