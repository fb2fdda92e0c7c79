package identity

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"image"
	"io"
	"math"
	"slices"
	"time"

	"emtihan/devices/camera"
)

// Source gives pictures; *camera.Camera is one.
type Source interface {
	// Next waits for a picture with a Seq greater than after. io.EOF says that
	// there will be none (a recording): what was seen until then is judged.
	Next(ctx context.Context, after uint64) (camera.Frame, error)
}

// Defaults of Options.
const (
	DefaultWindow   = 1500 * time.Millisecond
	DefaultPatience = 10 * time.Second
	// minGood frames are needed for a verdict, however long they take.
	minGood = 5
)

// Options of a check. The zero value is what the station uses.
type Options struct {
	// Window is the least time over which good frames are gathered. A check
	// that would not accept goes on for a second Window before it says so.
	// 0 is DefaultWindow.
	Window time.Duration
	// Patience bounds the whole check, waiting for a usable face included.
	// 0 is DefaultPatience. One frame more may be under way.
	Patience time.Duration
	// AcceptAt, RefuseBelow and LivenessAt replace the constants of the same
	// names where they are not 0. −1 ≤ RefuseBelow ≤ AcceptAt ≤ 1 and
	// 0 ≤ LivenessAt ≤ 1.
	AcceptAt, RefuseBelow, LivenessAt float64
	// OnObservation, if set, is told of every frame, from the goroutine of
	// Check; it must return quickly and never block.
	OnObservation func(Observation)
}

// Observation is what the candidate sees of a check under way.
type Observation struct {
	Hint          Reason          // HoldStill, or what to change
	Face          image.Rectangle // in pixels of the frame; empty without a face
	Faces         int             // faces in the picture, those in the background included
	Width, Height int             // of the frame, pixels
	// Progress 0..1 is the part of the check that is done. It falls back to 0
	// when another person comes before the camera.
	Progress float64
}

func (o *Options) complete() error {
	for _, d := range []struct {
		x   *float64
		def float64
	}{{&o.AcceptAt, AcceptAt}, {&o.RefuseBelow, RefuseBelow}, {&o.LivenessAt, LivenessAt}} {
		if *d.x == 0 {
			*d.x = d.def
		}
	}
	if o.Window == 0 {
		o.Window = DefaultWindow
	}
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	switch {
	case !(o.RefuseBelow >= -1 && o.RefuseBelow <= o.AcceptAt && o.AcceptAt <= 1):
		return fmt.Errorf("%w: thresholds must be −1 ≤ refuse %v ≤ accept %v ≤ 1", ErrOptions, o.RefuseBelow, o.AcceptAt)
	case !(o.LivenessAt >= 0 && o.LivenessAt <= 1):
		return fmt.Errorf("%w: liveness threshold %v is not within 0..1", ErrOptions, o.LivenessAt)
	case o.Window < 0 || o.Patience < o.Window:
		return fmt.Errorf("%w: window %v, patience %v", ErrOptions, o.Window, o.Patience)
	}
	return nil
}

// Check looks at the person before the camera and compares with the template
// (R9, R10). It looks only at frames made after the call, takes at least five
// good ones over Window, and fuses their better half, so that a blink or a
// movement does not count against the candidate. The verdict depends on the
// frames alone, not on the time they took.
//
// Refused is returned only for good frames that clearly do not match. With an
// error the Result is Unsure and holds what was seen until then. Errors:
// ErrNoTemplate, ErrOptions, ErrClosed, those of frames (Reason NoCamera), or
// that of ctx.
func (v *Verifier) Check(ctx context.Context, frames Source, t Template, opts Options) (Result, error) {
	began := time.Now()
	r := Result{Verdict: Unsure, Reason: NoFace}
	if err := opts.complete(); err != nil {
		return r, err
	}
	r.Threshold, r.RefuseBelow, r.LivenessThreshold = opts.AcceptAt, opts.RefuseBelow, opts.LivenessAt
	if !t.Valid() {
		return r, ErrNoTemplate
	}
	limited, cancel := context.WithTimeout(ctx, opts.Patience)
	defer cancel()
	g := gathering{template: t, opts: opts, hints: map[Reason]int{}}
	err := v.gather(limited, frames, began, &g)
	// The end of the patience is not an error: what was seen is judged.
	patienceOver := errors.Is(err, context.DeadlineExceeded) && limited.Err() != nil && ctx.Err() == nil
	if patienceOver || errors.Is(err, io.EOF) {
		err = nil
	}
	r.Frames = g.frames
	g.judge(&r)
	if err != nil {
		r.Verdict = Unsure
		if ctx.Err() == nil && !errors.Is(err, ErrClosed) && !errors.Is(err, errModelOutput) {
			r.Reason = NoCamera
		}
	}
	if w := g.evidence(); w != nil {
		if serr := r.show(w); serr != nil && err == nil {
			err = serr
		}
	}
	r.Took = time.Since(began)
	return r, err
}

// gather looks at frames until the gathering is complete.
func (v *Verifier) gather(ctx context.Context, frames Source, began time.Time, g *gathering) error {
	var seq uint64
	for {
		f, err := frames.Next(ctx, seq)
		if err != nil {
			return err
		}
		seq = f.Seq
		if f.At.Before(began) {
			continue
		}
		src, err := frameRaster(f)
		if err != nil {
			return err
		}
		w, err := v.look(src, false)
		if err != nil {
			return err
		}
		done := g.add(w, f)
		if g.opts.OnObservation != nil {
			o := Observation{Hint: w.hint, Faces: len(w.faces), Width: src.w, Height: src.h, Progress: g.progress}
			if len(w.faces) > 0 {
				o.Face = w.box().image(1, src.w, src.h)
			}
			g.opts.OnObservation(o)
		}
		if done {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// good is a frame that passed the gate.
type good struct {
	at    time.Time
	vec   []float64
	score float64
	live  float64
	print uint64
}

// gathering is what a check has seen so far of one person.
type gathering struct {
	template Template
	opts     Options

	frames   int
	hints    map[Reason]int
	seed     maphash.Seed
	seeded   bool
	goods    []good
	best     *view // of the goods, the one most like the template
	top      float64
	last     *view
	progress float64
}

// add takes a frame and reports whether enough has been seen.
func (g *gathering) add(w *view, f camera.Frame) bool {
	g.frames++
	g.last = w
	if w.hint != HoldStill {
		g.hints[w.hint]++
		return false
	}
	// Frames of two persons must never be fused: someone who steps in begins
	// a check of his own.
	if n := len(g.goods); n > 0 && cosine(g.goods[n-1].vec, w.vec) < RefuseBelow {
		g.goods, g.best, g.progress = nil, nil, 0
		g.hints[ManyFaces]++
	}
	if !g.seeded {
		g.seed, g.seeded = maphash.MakeSeed(), true
	}
	one := good{at: f.At, vec: w.vec, score: cosine(g.template.vec, w.vec), live: w.live, print: maphash.Bytes(g.seed, f.BGR)}
	g.goods = append(g.goods, one)
	if g.best == nil || one.score > g.top {
		g.best, g.top = w, one.score
	}
	span := one.at.Sub(g.goods[0].at)
	need := g.opts.Window
	if g.full(span, need) {
		if verdict, _, _, _ := g.verdict(); verdict == Accepted {
			g.progress = 1
			return true
		}
		need *= 2
	}
	if g.full(span, need) {
		g.progress = 1
		return true
	}
	part := float64(len(g.goods)) / minGood
	if need > 0 {
		part = math.Min(part, float64(span)/float64(need))
	}
	g.progress = math.Max(g.progress, math.Min(part, 0.99))
	return false
}

func (g *gathering) full(span, need time.Duration) bool {
	return len(g.goods) >= minGood && span >= need
}

// verdict judges the good frames gathered.
func (g *gathering) verdict() (verdict Verdict, why Reason, score, live float64) {
	scores, lives := make([]float64, len(g.goods)), make([]float64, len(g.goods))
	frozen := true
	for i, one := range g.goods {
		scores[i], lives[i] = one.score, one.live
		frozen = frozen && one.print == g.goods[0].print
	}
	slices.Sort(scores)
	slices.Sort(lives)
	better := scores[len(scores)/2:]
	for _, s := range better {
		score += s / float64(len(better))
	}
	live = lives[len(lives)/2]
	if n := len(lives); n%2 == 0 {
		live = (lives[n/2-1] + lives[n/2]) / 2
	}
	verdict, why = decide(score, g.opts.AcceptAt, g.opts.RefuseBelow)
	switch {
	case frozen:
		return Unsure, Frozen, score, live
	case verdict != Refused && !(live >= g.opts.LivenessAt):
		return Unsure, NotLive, score, live
	}
	return verdict, why, score, live
}

// judge fills in the outcome.
func (g *gathering) judge(r *Result) {
	r.Good = len(g.goods)
	if r.Good > 0 {
		r.Verdict, r.Reason, r.Score, r.Liveness = g.verdict()
	}
	if r.Good >= minGood {
		return
	}
	// Too little to judge: the commonest obstacle is the reason. The order
	// decides between equals, so that the outcome does not hang on a map.
	r.Verdict, r.Reason = Unsure, NoFace
	if r.Good > 0 {
		r.Reason = Borderline
	}
	most := 0
	for _, h := range []Reason{ManyFaces, TooDark, TooBright, CutOff, TooSmall, Turned, Blurred, NoFace} {
		if g.hints[h] > most {
			r.Reason, most = h, g.hints[h]
		}
	}
}

// evidence is the frame for the log.
func (g *gathering) evidence() *view {
	if g.best != nil {
		return g.best
	}
	return g.last
}

// BestStill looks at a source for some seconds (0 < seconds ≤ 600; of a file,
// at that much from its beginning, faster than it plays) and returns the frame
// that serves best as a registered photo as JPEG: one face, frontal, sharp. It
// returns the errors of package camera, ErrNoFace when no frame passed the
// quality gate (with the commonest reason), ErrOptions, or that of ctx.
func (v *Verifier) BestStill(ctx context.Context, source string, seconds float64) ([]byte, error) {
	if !(seconds > 0 && seconds <= 600) {
		return nil, fmt.Errorf("%w: %v seconds are not within 0..600", ErrOptions, seconds)
	}
	limit := time.Duration(seconds * float64(time.Second))
	g := gathering{hints: map[Reason]int{}}
	var best *view
	var began time.Time
	var failed error
	consider := func(f camera.Frame) bool {
		if began.IsZero() {
			began = f.At
		}
		if f.At.Sub(began) >= limit {
			return false
		}
		src, err := frameRaster(f)
		var w *view
		if err == nil {
			w, err = v.look(src, false)
		}
		if err != nil {
			failed = err
			return false
		}
		g.hints[w.hint]++
		if w.hint == HoldStill && (best == nil || w.quality.rank() > best.quality.rank()) {
			best = w
		}
		return true
	}
	err := camera.Scan(ctx, source, func(f camera.Frame) bool {
		// Neighbouring frames of a file are nearly the same picture.
		return f.Seq%5 != 1 || consider(f)
	})
	if errors.Is(err, camera.ErrNotFile) {
		err = watch(ctx, source, consider)
	}
	switch {
	case err != nil:
		return nil, err
	case failed != nil:
		return nil, failed
	case best == nil:
		var r Result
		g.judge(&r)
		return nil, fmt.Errorf("%w that could be used: %s", ErrNoFace, r.Reason)
	}
	data, _, err := best.src.jpeg(MaxJPEG)
	return data, err
}

func watch(ctx context.Context, source string, each func(camera.Frame) bool) error {
	c, err := camera.Open(ctx, source)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	var seq uint64
	for {
		f, err := c.Next(ctx, seq)
		if err != nil {
			return err
		}
		seq = f.Seq
		if !each(f) {
			return nil
		}
	}
}
