// Package typeset turns text into lines of glyphs and glyphs into pixels, remembering every word and every glyph, so that a
// keystroke costs what one word costs and not what the text costs.
//
// Measures are pixels of the screen. Words are shaped one by one, left to right.
package typeset

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"unicode"

	"emtihan/station/editor/text"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
)

// Source is a font file that is read when a character needs it.
type Source struct {
	Key  any // names the font among all; the same key always stands for the same content
	Data func() []byte
}

// faces are the parsed fonts by key: parsing takes milliseconds, and every size needs the same ones.
var faces sync.Map

func (s Source) face() (*font.Face, error) {
	if f, ok := faces.Load(s.Key); ok {
		return f.(*font.Face), nil
	}
	f, err := font.ParseTTF(bytes.NewReader(s.Data()))
	if err != nil {
		return nil, fmt.Errorf("font %v: %w", s.Key, err)
	}
	faces.Store(s.Key, f)
	return f, nil
}

// Setter sets text in one size. It is used by one goroutine at a time.
type Setter struct {
	size    float32
	sources []Source
	faces   []*font.Face // of the sources that have been needed, in their order
	shaper  shaping.HarfbuzzShaper
	split   shaping.Segmenter
	words   map[string]*word
	masks   map[maskKey]*mask
	space   float32
	ascent  float32
	descent float32
}

// mostWords and mostGlyphs bound what a setter remembers; a long essay has some thousand different words.
const (
	mostWords  = 30_000
	mostGlyphs = 4_000
)

// New returns a setter for a size in pixels, from 4 to 400, that looks for characters in the sources one after the other.
func New(size float32, sources ...Source) (*Setter, error) {
	if !(size >= 4 && size <= 400) {
		return nil, fmt.Errorf("text size %v: from 4 to 400 pixels are possible", size)
	}
	if len(sources) == 0 {
		return nil, errors.New("no font is given")
	}
	first, err := sources[0].face()
	if err != nil {
		return nil, err
	}
	s := &Setter{size: size, sources: sources, faces: []*font.Face{first}, words: make(map[string]*word), masks: make(map[maskKey]*mask)}
	s.ascent, s.descent = size, size*0.3
	if e, ok := first.FontHExtents(); ok {
		scale := size / float32(first.Upem())
		s.ascent, s.descent = e.Ascender*scale, -e.Descender*scale
	}
	s.space = s.word([]rune{' '}).advance
	return s, nil
}

// Size returns the size of the text.
func (s *Setter) Size() float32 { return s.size }

// Ascent and Descent return how far the font's letters reach above and below the baseline.
func (s *Setter) Ascent() float32 { return s.ascent }

// Descent returns how far the font's letters reach below the baseline.
func (s *Setter) Descent() float32 { return s.descent }

// ResolveFace implements shaping.Fontmap: the first font that has the character, or the first of all.
func (s *Setter) ResolveFace(r rune) *font.Face {
	for i := range s.sources {
		if i == len(s.faces) {
			f, err := s.sources[i].face()
			if err != nil {
				f = s.faces[0] // what cannot be read adds nothing
			}
			s.faces = append(s.faces, f)
		}
		if _, ok := s.faces[i].NominalGlyph(r); ok {
			return s.faces[i]
		}
	}
	return s.faces[0]
}

// word is a shaped word with the spaces behind it.
type word struct {
	advance float32
	ink     float32 // advance without the spaces behind
	stops   []stop  // the borders of its clusters behind its beginning
	glyphs  []glyph
}

// stop is a place for the caret.
type stop struct {
	off int // in runes from the beginning
	x   float32
}

type glyph struct {
	face *font.Face
	id   font.GID
	x, y float32 // of its origin; y grows upwards from the baseline
}

// word returns the shaped word.
func (s *Setter) word(runes []rune) *word {
	key := string(runes)
	if w, ok := s.words[key]; ok {
		return w
	}
	if len(s.words) >= mostWords {
		clear(s.words)
	}
	w := s.shape(runes)
	s.words[key] = w
	return w
}

const tabSpaces = 4

func (s *Setter) shape(runes []rune) *word {
	w := &word{}
	at := make([]float32, len(runes)) // the advance of each cluster of glyphs, at its first rune
	if !plain(runes) {
		// Control characters have no glyph; they take the room of a space, a tab that of four.
		for i, r := range runes {
			at[i] = s.space
			if r == '\t' {
				at[i] *= tabSpaces
			}
		}
	} else {
		pen := float32(0)
		in := shaping.Input{Text: runes, RunEnd: len(runes), Direction: di.DirectionLTR, Size: fixed.Int26_6(s.size*64 + 0.5)}
		for _, run := range s.split.Split(in, s) {
			run.Direction = di.DirectionLTR
			out := s.shaper.Shape(run)
			for _, g := range out.Glyphs {
				w.glyphs = append(w.glyphs, glyph{face: out.Face, id: g.GlyphID, x: pen + pixels(g.XOffset), y: pixels(g.YOffset)})
				at[min(max(g.TextIndex(), 0), len(runes)-1)] += pixels(g.Advance)
				pen += pixels(g.Advance)
			}
		}
	}
	x, last := float32(0), 0
	text.Clusters(runes, 0, func(end int) bool {
		for _, a := range at[last:end] {
			x += a
		}
		if !isSpace(runes[last]) {
			w.ink = x
		}
		last = end
		w.stops = append(w.stops, stop{off: end, x: x})
		return true
	})
	w.advance = x
	return w
}

func pixels(v fixed.Int26_6) float32 { return float32(v) / 64 }

// plain reports whether runes have glyphs.
func plain(runes []rune) bool {
	for _, r := range runes {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}

// isSpace reports whether a line may end at the rune, which then takes no room there. A no-break space is none.
func isSpace(r rune) bool {
	return r != '\u00a0' && r != '\u202f' && r != '\u2007' && unicode.IsSpace(r)
}

// longest bounds how many runes are shaped at once; what has no spaces is shaped in pieces.
const longest = 48

// mostSeen is how far before a change, in runes, lines are looked at again: more than a line and a piece of a word can hold.
const mostSeen = 1024

// next returns the end of the word that begins at i, and whether a line may end there.
func next(runes []rune, i int) (end int, may bool) {
	start := i
	for i < len(runes) {
		r := runes[i]
		var to int
		text.Clusters(runes, i, func(end int) bool { to = end; return false })
		switch {
		case unicode.IsControl(r):
			if i > start {
				return i, true
			}
			return to, true
		case isSpace(r):
			for to < len(runes) && isSpace(runes[to]) && !unicode.IsControl(runes[to]) && to-start < longest {
				text.Clusters(runes, to, func(end int) bool { to = end; return false })
			}
			return to, true
		case isHyphen(r) && i > start && to < len(runes) && !isSpace(runes[to]):
			return to, true
		case to-start >= longest:
			return to, false
		}
		i = to
	}
	return len(runes), true
}

func isHyphen(r rune) bool { return r == '-' || r == '‐' || r == '–' || r == '—' || r == '/' }

// Fit returns where the line ends that begins at from: behind the last word, with the spaces after it, that fits into the
// width, or within a word that alone is too wide. At least one cluster fits.
func (s *Setter) Fit(runes []rune, from int, width float32) int {
	x, brk := float32(0), -1
	for i := from; i < len(runes); {
		end, may := next(runes, i)
		w := s.word(runes[i:end])
		if x+w.ink > width {
			if brk > from {
				return brk
			}
			n := 0 // clusters of the word that fit
			for n < len(w.stops) && x+w.stops[n].x <= width {
				n++
			}
			// Alone, the beginning of a word can be wider than within it: signs take their face from those beside them.
			for n > 0 && n < len(w.stops) && x+s.word(runes[i:i+w.stops[n-1].off]).ink > width {
				n--
			}
			switch {
			case n == 0 && i > from:
				return i
			case max(n, 1) < len(w.stops):
				return i + w.stops[max(n, 1)-1].off
			}
		}
		x += w.advance
		i = end
		if may {
			brk = i
		}
	}
	return len(runes)
}

// Wrap breaks a paragraph into lines and returns where each ends; the last ends with the paragraph.
func (s *Setter) Wrap(runes []rune, width float32) []int {
	return s.wrap(nil, runes, 0, width, nil)
}

// Rewrap breaks a paragraph again in which, at a place, removed runes gave way to inserted ones, and which was broken into
// ends before. It looks only at lines that the change can reach.
func (s *Setter) Rewrap(ends []int, runes []rune, width float32, at, removed, inserted int) []int {
	// The line before the changed word may now take its beginning. A word that is wider than a line begins lines before.
	begin := at
	for begin > max(at-mostSeen, 0) && !isSpace(runes[begin-1]) && !unicode.IsControl(runes[begin-1]) {
		begin--
	}
	keep := 0
	for keep < len(ends) && ends[keep] < begin {
		keep++
	}
	keep = max(keep-1, 0)
	from := 0
	if keep > 0 {
		from = ends[keep-1]
	}
	shift := inserted - removed
	rest := ends[keep:]
	return s.wrap(ends[:keep:keep], runes, from, width, func(end int) []int {
		// As soon as a line ends where one ended before, all that follows is as it was.
		if end < at+inserted {
			return nil
		}
		for len(rest) > 0 && rest[0]+shift < end {
			rest = rest[1:]
		}
		if len(rest) == 0 || rest[0]+shift != end || rest[0] < at+removed {
			return nil
		}
		tail := make([]int, 0, len(rest)-1)
		for _, e := range rest[1:] {
			tail = append(tail, e+shift)
		}
		return tail
	})
}

func (s *Setter) wrap(ends []int, runes []rune, from int, width float32, same func(end int) []int) []int {
	for {
		end := s.Fit(runes, from, width)
		ends = append(ends, end)
		if end >= len(runes) {
			return ends
		}
		if same != nil {
			if tail := same(end); tail != nil {
				return append(ends, tail...)
			}
		}
		from = end
	}
}

// Line is a piece of text ready to be drawn.
type Line struct {
	Width  float32
	stops  []stop
	glyphs []glyph
}

// Line sets a line of text.
func (s *Setter) Line(runes []rune) *Line {
	l := &Line{stops: []stop{{}}}
	for i := 0; i < len(runes); {
		end, _ := next(runes, i)
		w := s.word(runes[i:end])
		for _, g := range w.glyphs {
			g.x += l.Width
			l.glyphs = append(l.glyphs, g)
		}
		for _, st := range w.stops {
			l.stops = append(l.stops, stop{off: i + st.off, x: l.Width + st.x})
		}
		l.Width += w.advance
		i = end
	}
	return l
}

// X returns where the caret stands behind off runes of the line.
func (l *Line) X(off int) float32 {
	x := float32(0)
	for _, st := range l.stops {
		if st.off > off {
			break
		}
		x = st.x
	}
	return x
}

// Offset returns the place for the caret that is nearest to x, in runes.
func (l *Line) Offset(x float32) int {
	best := l.stops[0]
	for _, st := range l.stops[1:] {
		if abs(st.x-x) > abs(best.x-x) {
			break
		}
		best = st
	}
	return best.off
}

func abs(x float32) float32 { return max(x, -x) }

func fix(v float32) fixed.Int26_6 { return fixed.Int26_6(v * 64) }
