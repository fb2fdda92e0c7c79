package editor

import (
	"slices"
	"sort"

	"emtihan/station/editor/text"
	"emtihan/station/editor/typeset"
)

// rowing is the document as rows of the screen. Each paragraph is broken by itself, and again only when it has changed.
type rowing struct {
	doc    *text.Document
	setter *typeset.Setter
	width  float32 // of a row in pixels; 0 where rows are not broken
	ends   [][]int // where the rows of each paragraph end
	firsts []int   // the row at which each paragraph begins, and the number of all rows; nil when not known
}

// row is one row of the screen: the runes from, to of a paragraph.
type row struct {
	par, from, to int
	last          bool // the paragraph ends with it
}

// renew breaks everything.
func (l *rowing) renew(doc *text.Document, setter *typeset.Setter, width float32) {
	l.doc, l.setter, l.width, l.firsts = doc, setter, width, nil
	l.ends = make([][]int, doc.Paragraphs())
	for i := range l.ends {
		l.ends[i] = l.wrap(i)
	}
}

func (l *rowing) wrap(par int) []int {
	runes := l.doc.Paragraph(par)
	if l.width <= 0 {
		return []int{len(runes)}
	}
	return l.setter.Wrap(runes, l.width)
}

// changed breaks again what a change of the document touched.
func (l *rowing) changed(span text.Span, at, removed, inserted int) {
	if l.setter == nil {
		return
	}
	if span.Old == 1 && span.New == 1 && l.width > 0 {
		before := len(l.ends[span.First])
		_, off := l.doc.Find(at)
		l.ends[span.First] = l.setter.Rewrap(l.ends[span.First], l.doc.Paragraph(span.First), l.width, off, removed, inserted)
		if len(l.ends[span.First]) != before {
			l.firsts = nil
		}
		return
	}
	fresh := make([][]int, span.New)
	for i := range fresh {
		fresh[i] = l.wrap(span.First + i)
	}
	l.ends = slices.Replace(l.ends, span.First, span.First+span.Old, fresh...)
	l.firsts = nil
}

func (l *rowing) know() {
	if l.firsts != nil {
		return
	}
	l.firsts = make([]int, 1, len(l.ends)+1)
	n := 0
	for _, e := range l.ends {
		n += len(e)
		l.firsts = append(l.firsts, n)
	}
}

// rows returns how many rows there are.
func (l *rowing) rows() int {
	l.know()
	return l.firsts[len(l.firsts)-1]
}

// row returns a row by its number.
func (l *rowing) row(i int) row {
	l.know()
	par := sort.SearchInts(l.firsts, i+1) - 1
	r := row{par: par, to: l.ends[par][i-l.firsts[par]], last: i+1 == l.firsts[par+1]}
	if k := i - l.firsts[par]; k > 0 {
		r.from = l.ends[par][k-1]
	}
	return r
}

// find returns the row of a position and the place in it. At a place where a paragraph is broken it is the beginning of the
// lower row, or with upstream the end of the upper one.
func (l *rowing) find(pos int, upstream bool) (i, off int) {
	l.know()
	par, off := l.doc.Find(pos)
	ends := l.ends[par]
	k := sort.SearchInts(ends, off)
	if k < len(ends)-1 && ends[k] == off && !upstream {
		k++
	}
	from := 0
	if k > 0 {
		from = ends[k-1]
	}
	return l.firsts[par] + k, off - from
}

// runes returns the text of a row.
func (l *rowing) runes(r row) []rune { return l.doc.Paragraph(r.par)[r.from:r.to] }

// position returns the position of a place in a row.
func (l *rowing) position(r row, off int) int { return l.doc.Start(r.par) + r.from + off }
