package text

import (
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// simple reports whether a rune stands for itself: between two of them there is always a border of extended grapheme
// clusters (Unicode Annex 29), so that ordinary text needs no tables. All Kazakh, Russian and Latin letters are.
func simple(r rune) bool {
	return r >= 0x20 && r < 0x7f || r >= 0xa1 && r < 0x300 && r != 0xad && r != 0xa9 && r != 0xae ||
		r >= 0x400 && r < 0x483 || r >= 0x48a && r < 0x530 || r >= 0x2010 && r < 0x2028 || r == '№' || r == '₸'
}

// sure reports whether there is a border before runes[i] whatever stands around.
func sure(runes []rune, i int) bool {
	return i <= 0 || i >= len(runes) || simple(runes[i-1]) && simple(runes[i])
}

// nextCluster returns where the cluster ends that begins at i.
func nextCluster(runes []rune, i int) int {
	if i >= len(runes) {
		return len(runes)
	}
	if sure(runes, i+1) {
		return i + 1
	}
	// A cluster is rarely longer than this; one that is, is looked at again as a whole.
	for size := 32; ; size *= 8 {
		end := min(i+size, len(runes))
		cluster, rest, _, _ := uniseg.FirstGraphemeClusterInString(string(runes[i:end]), -1)
		if rest != "" || end == len(runes) {
			return i + utf8.RuneCountInString(cluster)
		}
	}
}

// prevCluster returns where the last cluster begins that ends at or before i, or holds i within.
func prevCluster(runes []rune, i int) int {
	if i <= 0 {
		return 0
	}
	if sure(runes, i) && sure(runes, i-1) {
		return i - 1
	}
	at := i - 1
	for !sure(runes, at) {
		at--
	}
	for {
		next := nextCluster(runes, at)
		if next >= i {
			return at
		}
		at = next
	}
}

// isBorder reports whether a caret may stand before runes[i].
func isBorder(runes []rune, i int) bool {
	return sure(runes, i) || nextCluster(runes, prevCluster(runes, i)) == i
}

// Next returns the position behind the cluster that begins at pos, or behind the line break.
func (d *Document) Next(pos int) int {
	par, off := d.Find(pos)
	if off == len(d.pars[par].runes) {
		return d.clamp(pos + 1)
	}
	return pos - off + nextCluster(d.pars[par].runes, off)
}

// Prev returns the position before the cluster, or the line break, that ends at pos.
func (d *Document) Prev(pos int) int {
	par, off := d.Find(pos)
	if off == 0 {
		return d.clamp(pos - 1)
	}
	return pos - off + prevCluster(d.pars[par].runes, off)
}

// Snap returns the nearest position at or behind pos at which a caret may stand: never within a cluster.
func (d *Document) Snap(pos int) int {
	pos = d.clamp(pos)
	par, off := d.Find(pos)
	if isBorder(d.pars[par].runes, off) {
		return pos
	}
	return d.Next(d.Prev(pos))
}

// kind sorts runes for motion by words.
type kind int

const (
	space kind = iota
	letter
	mark // punctuation and the rest
)

func kindOf(r rune) kind {
	switch {
	case unicode.IsSpace(r):
		return space
	case unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r), r == '\'', r == '’', r == '_', r == 'ʼ':
		return letter
	}
	return mark
}

// kindAt returns the kind of the cluster at i, which is that of its first rune.
func kindAt(runes []rune, i int) kind { return kindOf(runes[i]) }

// WordRight returns where the next word begins: Ctrl+Right. A line break is a stop of its own.
func (d *Document) WordRight(pos int) int {
	pos = d.clamp(pos)
	par, off := d.Find(pos)
	runes := d.pars[par].runes
	start := pos - off
	if off == len(runes) {
		return d.clamp(pos + 1)
	}
	for k := kindAt(runes, off); off < len(runes) && k != space && kindAt(runes, off) == k; {
		off = nextCluster(runes, off)
	}
	for off < len(runes) && kindAt(runes, off) == space {
		off = nextCluster(runes, off)
	}
	return start + off
}

// WordLeft returns where the word begins that stands before pos: Ctrl+Left. A line break is a stop of its own.
func (d *Document) WordLeft(pos int) int {
	pos = d.clamp(pos)
	par, off := d.Find(pos)
	runes := d.pars[par].runes
	start := pos - off
	if off == 0 {
		return d.clamp(pos - 1)
	}
	for off > 0 && kindAt(runes, prevCluster(runes, off)) == space {
		off = prevCluster(runes, off)
	}
	if off == 0 {
		return start
	}
	for k := kindAt(runes, prevCluster(runes, off)); off > 0 && kindAt(runes, prevCluster(runes, off)) == k; {
		off = prevCluster(runes, off)
	}
	return start + off
}

// WordAt returns the word, the spaces or the punctuation around pos within its paragraph: a double click.
func (d *Document) WordAt(pos int) (from, to int) {
	pos = d.clamp(pos)
	par, off := d.Find(pos)
	runes := d.pars[par].runes
	start := pos - off
	if len(runes) == 0 {
		return pos, pos
	}
	at := off
	if at == len(runes) || !isBorder(runes, at) {
		at = prevCluster(runes, at)
	}
	k := kindAt(runes, at)
	from, to = at, at
	for from > 0 && kindAt(runes, prevCluster(runes, from)) == k {
		from = prevCluster(runes, from)
	}
	for to < len(runes) && kindAt(runes, to) == k {
		to = nextCluster(runes, to)
	}
	return start + from, start + to
}

// Clusters calls yield with the end of every cluster of runes from a border on, until it returns false.
func Clusters(runes []rune, from int, yield func(end int) bool) {
	for from < len(runes) {
		from = nextCluster(runes, from)
		if !yield(from) {
			return
		}
	}
}
