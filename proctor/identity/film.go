package identity

import (
	"hash/maphash"
	"math"
	"slices"
	"time"
)

const (
	thumbW, thumbH = 16, 12
	// filmSpan is how far back repetitions are sought. A loop that is longer is
	// found by nothing here.
	filmSpan = 2 * time.Minute
	filmMost = 1200 // thumbs, five a second and a reserve
)

// thumb is a picture reduced to mean brightnesses, in which the noise of a
// sensor averages out and movement stays.
type thumb struct {
	at    time.Time
	print uint64 // of all bytes
	cells [thumbW * thumbH]float32
}

func (t *thumb) stats() (mean, spread float64) {
	for _, c := range t.cells {
		mean += float64(c) / (thumbW * thumbH)
	}
	for _, c := range t.cells {
		spread += (float64(c) - mean) * (float64(c) - mean) / (thumbW * thumbH)
	}
	return mean, math.Sqrt(spread)
}

// apart is the mean difference of two thumbs, 0..255.
func (t *thumb) apart(o *thumb) float64 {
	var s float32
	for i := range t.cells {
		d := t.cells[i] - o.cells[i]
		if d < 0 {
			d = -d
		}
		s += d
	}
	return float64(s) / (thumbW * thumbH)
}

// film remembers thumbs, to see whether pictures stop or repeat.
type film struct {
	seed   maphash.Seed
	thumbs []thumb // by time
	prints map[uint64]time.Time
	hits   []hit
}

// hit is a frame that looks like an older one although much has moved between.
type hit struct {
	at  time.Time
	lag time.Duration
	far float64 // to the one it looks like, 0 to the byte
}

func newFilm() *film {
	return &film{seed: maphash.MakeSeed(), prints: map[uint64]time.Time{}}
}

func (f *film) thumb(src raster, at time.Time) thumb {
	t := thumb{at: at, print: maphash.Bytes(f.seed, src.pix)}
	for cy := range thumbH {
		for cx := range thumbW {
			x0, x1 := cx*src.w/thumbW, (cx+1)*src.w/thumbW
			y0, y1 := cy*src.h/thumbH, (cy+1)*src.h/thumbH
			// At most 14 by 14 samples a cell; every cell has a pixel, as a
			// picture has at least minImageSide of them a side.
			dx, dy := max(1, (x1-x0)/12), max(1, (y1-y0)/12)
			sum, n := 0, 0
			for y := y0; y < y1; y += dy {
				row := src.pix[y*src.w*3:]
				for x := x0; x < x1; x += dx {
					sum += int(row[x*3+1])
					n++
				}
			}
			t.cells[cy*thumbW+cx] = float32(sum) / float32(n)
		}
	}
	return t
}

// add takes the next picture.
func (f *film) add(src raster, at time.Time) *thumb {
	t := f.thumb(src, at)
	f.seek(&t)
	drop := 0
	for drop < len(f.thumbs) && (at.Sub(f.thumbs[drop].at) > filmSpan || len(f.thumbs)-drop >= filmMost) {
		if f.prints[f.thumbs[drop].print].Equal(f.thumbs[drop].at) {
			delete(f.prints, f.thumbs[drop].print)
		}
		drop++
	}
	f.thumbs = append(slices.Delete(f.thumbs, 0, drop), t)
	if _, known := f.prints[t.print]; !known {
		f.prints[t.print] = at
	}
	return &f.thumbs[len(f.thumbs)-1]
}

const (
	loopLeast  = time.Second // a picture is like the ones just before it
	loopAlike  = 0.35        // of the distance to which the scene went meanwhile
	loopNearer = 1.5         // times as far from the last picture; a scene that stands still is like everything
	loopMoved  = 1.5         // mean distance, below which nothing moves
	loopHits   = 8           // in a row, at one lag
	loopJitter = 300 * time.Millisecond
	loopTime   = 3 * time.Second // that the hits span at least
	exactHits  = 3
)

// seek notes whether a new picture repeats an older one.
func (f *film) seek(t *thumb) {
	cut := t.at.Add(-10 * time.Second)
	f.hits = slices.DeleteFunc(f.hits, func(h hit) bool { return h.at.Before(cut) })
	if n := len(f.thumbs); n > 0 && f.thumbs[n-1].print == t.print {
		return
	}
	if was, ok := f.prints[t.print]; ok && t.at.Sub(was) >= loopLeast {
		// To the byte: no sensor does that.
		f.hits = append(f.hits, hit{at: t.at, lag: t.at.Sub(was)})
		return
	}
	if h, ok := f.echo(t); ok {
		f.hits = append(f.hits, h)
		return
	}
	f.hits = slices.DeleteFunc(f.hits, func(h hit) bool { return h.far > 0 })
}

// echo finds the older picture that is most like this one, and reports
// whether the scene moved away from it and came back to it.
func (f *film) echo(t *thumb) (hit, bool) {
	best, at := math.Inf(1), -1
	away := make([]float64, len(f.thumbs))
	last := len(f.thumbs)
	for i := range f.thumbs {
		away[i] = t.apart(&f.thumbs[i])
		if t.at.Sub(f.thumbs[i].at) < loopLeast {
			last = min(last, i)
		} else if away[i] < best {
			best, at = away[i], i
		}
	}
	if at < 0 || last == len(f.thumbs) {
		return hit{}, false
	}
	moved := slices.Max(away[at:])
	if moved < loopMoved || best > loopAlike*moved || best > away[len(away)-1]*loopNearer {
		return hit{}, false
	}
	return hit{at: t.at, lag: t.at.Sub(f.thumbs[at].at), far: max(best, 1e-6)}, true
}

// loops reports whether the newest pictures play something again.
func (f *film) loops() bool {
	n := len(f.hits)
	if n == 0 || len(f.thumbs) == 0 || !f.hits[n-1].at.Equal(f.thumbs[len(f.thumbs)-1].at) {
		return false
	}
	exact := 0
	for _, h := range f.hits {
		if h.far == 0 {
			exact++
		}
	}
	if exact >= exactHits {
		return true
	}
	lag := f.hits[n-1].lag
	first := n - 1
	for first > 0 && (f.hits[first-1].lag-lag).Abs() <= loopJitter {
		first--
	}
	if n-first < loopHits || f.hits[n-1].at.Sub(f.hits[first].at) < loopTime {
		return false
	}
	// Something must have happened in the part that came again.
	moved := 0.0
	for i := len(f.thumbs) - 1; i >= 0 && !f.thumbs[i].at.Before(f.hits[first].at); i-- {
		moved = max(moved, f.thumbs[i].apart(&f.thumbs[len(f.thumbs)-1]))
	}
	return moved >= loopMoved
}

// stopped is for how long the picture has been the same to the byte.
func (f *film) stopped() time.Duration {
	n := len(f.thumbs)
	if n == 0 {
		return 0
	}
	first := n - 1
	for first > 0 && f.thumbs[first-1].print == f.thumbs[n-1].print {
		first--
	}
	return f.thumbs[n-1].at.Sub(f.thumbs[first].at)
}

// stir is how much the most moving part of the picture has changed within the
// last d, or in all of the film where d is 0, in levels of brightness 0..255.
// It reports false for a shorter film. A whole picture that gets lighter is no
// movement.
func (f *film) stir(d time.Duration) (float64, bool) {
	n := len(f.thumbs)
	if n == 0 || f.thumbs[n-1].at.Sub(f.thumbs[0].at) < d {
		return 0, false
	}
	from := f.thumbs[n-1].at.Add(-d)
	if d == 0 {
		from = f.thumbs[0].at
	}
	var low, high [thumbW * thumbH]float32
	for i := range low {
		low[i], high[i] = math.MaxFloat32, -math.MaxFloat32
	}
	for k := n - 1; k >= 0 && !f.thumbs[k].at.Before(from); k-- {
		mean, _ := f.thumbs[k].stats()
		for i, c := range f.thumbs[k].cells {
			c -= float32(mean)
			low[i], high[i] = min(low[i], c), max(high[i], c)
		}
	}
	most := float32(0)
	for i := range low {
		most = max(most, high[i]-low[i])
	}
	return float64(most), true
}
