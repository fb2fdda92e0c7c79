// Package text is the document that a candidate writes: paragraphs that change by edits in runes, with undoing (R11).
//
// Positions count runes from the beginning of the document; the line break between two paragraphs is one rune. What was
// typed stays as it was typed: nothing is normalised, so that the log of the edits makes the same text everywhere.
package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Edit is one change of a text: at Position, Removed runes go and Inserted comes.
type Edit struct {
	Position, Removed int
	Inserted          string
}

// Diff returns the smallest single edit that makes b of a, and whether they differ.
func Diff(a, b string) (Edit, bool) {
	if a == b {
		return Edit{}, false
	}
	start := commonPrefix(a, b)
	position := utf8.RuneCountInString(a[:start])
	a, b = a[start:], b[start:]
	end := commonSuffix(a, b)
	return Edit{Position: position, Removed: utf8.RuneCountInString(a[:len(a)-end]), Inserted: b[:len(b)-end]}, true
}

// block is how many bytes are compared at once: of a long text a key changes little.
const block = 256

// commonPrefix returns how many bytes of whole runes a and b begin with alike.
func commonPrefix(a, b string) int {
	n := 0
	for n+block <= min(len(a), len(b)) && a[n:n+block] == b[n:n+block] {
		n += block
	}
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && (n < len(a) && !utf8.RuneStart(a[n]) || n < len(b) && !utf8.RuneStart(b[n])) {
		n--
	}
	return n
}

// commonSuffix returns how many bytes of whole runes a and b end with alike.
func commonSuffix(a, b string) int {
	n := 0
	for n+block <= min(len(a), len(b)) && a[len(a)-n-block:len(a)-n] == b[len(b)-n-block:len(b)-n] {
		n += block
	}
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	for n > 0 && !utf8.RuneStart(a[len(a)-n]) {
		n--
	}
	return n
}

// Document is a text as paragraphs. It always has one, which may be empty.
type Document struct {
	pars   []*paragraph
	length int
	whole  string // String, while valid
	valid  bool
}

// paragraph is a piece of text without line breaks, with what is known of it until it changes.
type paragraph struct {
	runes []rune
	str   string // runes, while encoded
	words int    // while counted

	encoded, counted bool
}

func (p *paragraph) string() string {
	if !p.encoded {
		p.str, p.encoded = string(p.runes), true
	}
	return p.str
}

func (p *paragraph) count() int {
	if !p.counted {
		p.words, p.counted = words(p.runes), true
	}
	return p.words
}

// replace changes the paragraph. Its words are counted again only around the change.
func (p *paragraph) replace(a, b int, with []rune) {
	from, to := a, b
	if p.counted {
		for from > 0 && !unicode.IsSpace(p.runes[from-1]) {
			from--
		}
		for to < len(p.runes) && !unicode.IsSpace(p.runes[to]) {
			to++
		}
		p.words -= words(p.runes[from:to])
	}
	p.runes = slices.Replace(p.runes, a, b, with...)
	if p.counted {
		p.words += words(p.runes[from : to+len(with)-(b-a)])
	}
	p.encoded, p.str = false, ""
}

// Span says which paragraphs a change touched: Old of them, from First on, became New.
type Span struct{ First, Old, New int }

// NewDocument returns the document of s.
func NewDocument(s string) *Document {
	d := &Document{}
	for line := range strings.SplitSeq(s, "\n") {
		p := &paragraph{runes: []rune(line)}
		d.pars = append(d.pars, p)
		d.length += len(p.runes) + 1
	}
	d.length--
	return d
}

// Len returns how many runes the document has, line breaks included.
func (d *Document) Len() int { return d.length }

// Paragraphs returns how many paragraphs there are, at least one.
func (d *Document) Paragraphs() int { return len(d.pars) }

// Paragraph returns the runes of a paragraph without its line break. They must not be changed.
func (d *Document) Paragraph(i int) []rune { return d.pars[i].runes }

// String returns the text.
func (d *Document) String() string {
	if d.valid {
		return d.whole
	}
	parts := make([]string, 0, len(d.pars))
	for _, p := range d.pars {
		parts = append(parts, p.string())
	}
	d.whole, d.valid = strings.Join(parts, "\n"), true
	return d.whole
}

// Words returns how many words the text has: what stands between spaces and holds a letter or a digit.
func (d *Document) Words() (n int) {
	for _, p := range d.pars {
		n += p.count()
	}
	return n
}

// words counts what a person would: a dash between spaces is none.
func words(runes []rune) (n int) {
	within := false // of a word that has been counted
	for _, r := range runes {
		switch {
		case unicode.IsSpace(r):
			within = false
		case !within && (unicode.IsLetter(r) || unicode.IsNumber(r)):
			within = true
			n++
		}
	}
	return n
}

// Find returns the paragraph of a position and the place in it. A position outside the document counts as its nearer end.
func (d *Document) Find(pos int) (par, off int) {
	pos = max(pos, 0)
	for i, p := range d.pars {
		if pos <= len(p.runes) {
			return i, pos
		}
		pos -= len(p.runes) + 1
	}
	last := len(d.pars) - 1
	return last, len(d.pars[last].runes)
}

// Start returns the position at which a paragraph begins.
func (d *Document) Start(par int) (pos int) {
	for _, p := range d.pars[:par] {
		pos += len(p.runes) + 1
	}
	return pos
}

// Slice returns the text between two positions.
func (d *Document) Slice(from, to int) []rune {
	from, to = d.clamp(from), d.clamp(to)
	if from >= to {
		return nil
	}
	out := make([]rune, 0, to-from)
	par, off := d.Find(from)
	for len(out) < to-from {
		runes := d.pars[par].runes[off:]
		need := to - from - len(out)
		if need <= len(runes) {
			return append(out, runes[:need]...)
		}
		out = append(append(out, runes...), '\n')
		par, off = par+1, 0
	}
	return out
}

func (d *Document) clamp(pos int) int { return min(max(pos, 0), d.length) }

// replace puts with in place of what stands between from and to, and returns which paragraphs that touched.
func (d *Document) replace(from, to int, with []rune) Span {
	first, a := d.Find(from)
	last, b := first, a
	if to > from {
		last, b = d.Find(to)
	}
	head, tail := d.pars[first].runes[:a], d.pars[last].runes[b:]
	d.valid = false
	d.length += len(with) - (to - from)
	span := Span{First: first, Old: last - first + 1, New: 1 + count(with)}
	if span.Old == 1 && span.New == 1 {
		d.pars[first].replace(a, b, with)
		return span
	}
	added := make([]*paragraph, 0, span.New)
	for range span.New {
		line := with
		if i := slices.Index(with, '\n'); i >= 0 {
			line, with = with[:i], with[i+1:]
		}
		added = append(added, &paragraph{runes: slices.Clone(line)})
	}
	end := added[len(added)-1]
	end.runes = append(end.runes, tail...)
	added[0].runes = slices.Concat(head, added[0].runes)
	d.pars = slices.Replace(d.pars, first, last+1, added...)
	return span
}

func count(runes []rune) (n int) {
	for _, r := range runes {
		if r == '\n' {
			n++
		}
	}
	return n
}
