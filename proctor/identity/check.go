package identity

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"slices"
	"time"

	"emtihan/devices/camera"
	"emtihan/proctor/identity/depth"
)

// Source gives pictures; *camera.Camera is one.
type Source interface {
	// Next waits for a picture with a Seq greater than after. io.EOF says that
	// there will be none (a recording): what was seen until then is judged.
	Next(ctx context.Context, after uint64) (camera.Frame, error)
}

// Defaults of Options.
const (
	DefaultWindow   = 1300 * time.Millisecond
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
	// Challenge, if set, is asked after the face has been accepted; failing it
	// makes the verdict Unsure with one of the reasons of ChallengeState. It
	// has its own time beside Patience. A Challenge serves one check.
	Challenge *Challenge
	// InDoubt asks for the challenge only where the face matches and the
	// passive liveness lies below LivenessAt; who passes is then accepted.
	InDoubt bool
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
	// Reasons are all that is wrong with the frame, Hint first; empty where
	// Hint is HoldStill.
	Reasons []Reason
	Pose    Pose // of the head; the zero Pose without a face
	// Progress 0..1 is the part of the check that is done. It falls back to 0
	// when another person comes before the camera. The challenge has a
	// progress of its own.
	Progress float64
	// Challenge is the state of the challenge once it has begun, else nil.
	// While it runs, Hint is HoldStill or an obstacle as before, and the screen
	// asks for Challenge.Step.
	Challenge *ChallengeState
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
	if err == nil && g.challenged(opts) {
		r.Challenge, err = v.ask(ctx, frames, &g)
	}
	// The end of the patience is not an error: what was seen is judged.
	patienceOver := errors.Is(err, context.DeadlineExceeded) && limited.Err() != nil && ctx.Err() == nil
	if patienceOver || errors.Is(err, io.EOF) {
		err = nil
	}
	r.Frames = g.frames
	g.judge(&r)
	g.answer(&r)
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

// next looks at the first frame that was made after the one before.
func (v *Verifier) next(ctx context.Context, frames Source, began time.Time, g *gathering) (*view, camera.Frame, error) {
	for {
		f, err := frames.Next(ctx, g.seq)
		if err != nil {
			return nil, f, err
		}
		g.seq = f.Seq
		if f.At.Before(began) {
			continue
		}
		src, err := frameRaster(f)
		if err != nil {
			return nil, f, err
		}
		w, err := v.look(src, false)
		if err != nil {
			return nil, f, err
		}
		g.frames++
		g.last = w
		if s, ok := frames.(*solidSource); ok {
			g.solid(s.last, w)
		}
		return w, f, nil
	}
}

// observe tells what is seen.
func (g *gathering) observe(w *view, c *ChallengeState) {
	if g.opts.OnObservation == nil {
		return
	}
	o := Observation{
		Hint: w.hint, Reasons: w.faults, Pose: w.pose, Faces: len(w.faces), Width: w.src.w, Height: w.src.h,
		Progress: g.progress, Challenge: c,
	}
	if len(w.faces) > 0 {
		o.Face = w.box().image(1, w.src.w, w.src.h)
	}
	g.opts.OnObservation(o)
}

// gather looks at frames until the gathering is complete.
func (v *Verifier) gather(ctx context.Context, frames Source, began time.Time, g *gathering) error {
	for {
		w, f, err := v.next(ctx, frames, began, g)
		if err != nil {
			return err
		}
		done := g.add(w, f)
		if g.opts.Challenge != nil && w.hint == HoldStill {
			s, err := v.sighting(w, f.At)
			if err != nil {
				return err
			}
			g.opts.Challenge.Rest(s)
		}
		g.observe(w, nil)
		if done {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// challenged reports whether movements are asked for.
func (g *gathering) challenged(o Options) bool {
	if o.Challenge == nil {
		return false
	}
	verdict, why, _, _ := g.verdict()
	return verdict == Accepted && !o.InDoubt || why == NotLive && o.InDoubt
}

func (v *Verifier) sighting(w *view, at time.Time) (Sighting, error) {
	s := Sighting{At: at, Face: w.pts != nil, Pose: w.pose}
	var err error
	s.Eyes, s.Lids, err = v.lidsOf(w)
	return s, err
}

// ask goes through the challenge of a check. It ends by itself when the
// frames end, because each step has its time.
func (v *Verifier) ask(ctx context.Context, frames Source, g *gathering) (*ChallengeState, error) {
	c := g.opts.Challenge
	state := c.State()
	limited, cancel := context.WithTimeout(ctx, time.Duration(state.Count)*c.opt.StepTime+lostFor)
	defer cancel()
	face, vec := g.last.box(), g.goods[len(g.goods)-1].vec
	var compared time.Time
	for !state.Done && !state.Failed {
		f, err := frames.Next(limited, g.seq)
		if err != nil {
			if limited.Err() != nil && ctx.Err() == nil || errors.Is(err, io.EOF) {
				// The pictures ended before the person was done.
				c.fail(ChallengeLate)
				err = nil
			}
			state = c.State()
			return &state, err
		}
		g.seq = f.Seq
		src, err := frameRaster(f)
		if err != nil {
			return &state, err
		}
		who := f.At.Sub(compared).Abs() >= compareEvery
		w, err := v.follow(src, who)
		if err != nil {
			return &state, err
		}
		g.frames++
		s, err := v.sighting(w, f.At)
		if err != nil {
			return &state, err
		}
		// The face must stay in sight: whoever was recognised moves.
		s.Face = s.Face && rivals(w.faces) == 1 && face.overlap(w.box()) >= sameFace
		if s.Face {
			face = w.box()
		}
		if w.vec != nil {
			compared = f.At
			if cosine(vec, w.vec) < g.opts.RefuseBelow {
				c.fail(ChallengeLost)
			}
			vec = w.vec
		}
		state = c.See(s)
		told := state
		g.observe(w, &told)
	}
	return &state, nil
}

// Challenge asks for the movements alone, without a comparison with anybody
// (R10). Whoever sits there at the beginning must make them. It waits up to
// DefaultPatience for a good frame and returns ErrNoFace when there was none;
// other errors are those of Check. tell, if set, is told of every frame as
// Options.OnObservation is.
func (v *Verifier) Challenge(ctx context.Context, frames Source, c *Challenge, tell func(Observation)) (ChallengeState, error) {
	opts := Options{Challenge: c, OnObservation: tell}
	if err := opts.complete(); err != nil {
		return c.State(), err
	}
	limited, cancel := context.WithTimeout(ctx, opts.Patience)
	defer cancel()
	g := gathering{opts: opts, hints: map[Reason]int{}}
	for began := time.Now(); len(g.goods) < restFrames; {
		w, f, err := v.next(limited, frames, began, &g)
		if err != nil {
			if limited.Err() != nil && ctx.Err() == nil || errors.Is(err, io.EOF) {
				err = ErrNoFace
			}
			return c.State(), err
		}
		g.add(w, f)
		if w.hint == HoldStill {
			s, err := v.sighting(w, f.At)
			if err != nil {
				return c.State(), err
			}
			c.Rest(s)
		}
		g.observe(w, nil)
	}
	state, err := v.ask(ctx, frames, &g)
	return *state, err
}

// compareEvery is between two looks at whose face it is that moves.
const compareEvery = 400 * time.Millisecond

// sameFace is the part of a face box that the one of the frame before covers.
const sameFace = 0.3

// answer adds what the challenge and the distances say.
func (g *gathering) answer(r *Result) {
	if r.Challenge != nil {
		switch {
		case r.Challenge.Done && r.Verdict == Unsure && r.Reason == NotLive:
			r.Verdict, r.Reason = decide(r.Score, g.opts.AcceptAt, g.opts.RefuseBelow)
		case r.Challenge.Failed && r.Verdict != Refused:
			r.Verdict, r.Reason = Unsure, r.Challenge.Why
		}
	}
	if r.Relief = g.relief(); r.Relief != nil && !r.Relief.Solid() && r.Verdict != Refused {
		r.Verdict, r.Reason = Unsure, Flat
	}
}

// good is a frame that passed the gate.
type good struct {
	at    time.Time
	vec   []float64
	score float64
	live  float64
}

// gathering is what a check has seen so far of one person.
type gathering struct {
	template Template
	opts     Options

	seq      uint64
	frames   int
	reliefs  []depth.Relief
	hints    map[Reason]int
	film     *film // of the good frames
	repeats  bool
	goods    []good
	best     *view // of the goods, the one most like the template
	top      float64
	last     *view
	progress float64
}

// add takes a frame and reports whether enough has been seen.
func (g *gathering) add(w *view, f camera.Frame) bool {
	if w.hint != HoldStill {
		g.hints[w.hint]++
		return false
	}
	// Frames of two persons must never be fused: someone who steps in begins
	// a check of his own.
	if n := len(g.goods); n > 0 && cosine(g.goods[n-1].vec, w.vec) < RefuseBelow {
		g.goods, g.best, g.film, g.reliefs, g.repeats, g.progress = nil, nil, nil, nil, false, 0
		g.hints[ManyFaces]++
	}
	if g.film == nil {
		g.film = newFilm()
	}
	g.film.add(w.src, f.At)
	g.repeats = g.repeats || g.film.loops()
	one := good{at: f.At, vec: w.vec, score: g.template.Similarity(Template{w.vec}), live: w.live}
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
	for i, one := range g.goods {
		scores[i], lives[i] = one.score, one.live
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
	case g.still():
		return Unsure, Frozen, score, live
	case g.repeats && verdict != Refused:
		return Unsure, Replayed, score, live
	case verdict != Refused && !(live >= g.opts.LivenessAt):
		return Unsure, NotLive, score, live
	}
	return verdict, why, score, live
}

// still reports whether the good frames are one picture, with or without the
// noise of a sensor. Who sits very still is given the second Window to stir.
func (g *gathering) still() bool {
	stir, _ := g.film.stir(0)
	return stir < stillness
}

// stillness is the change in levels of brightness 0..255 that noise alone can
// bring about in a part of the picture: 2.2 at most with a standard deviation
// of 4 for a pixel. In two seconds of the test videos the least is 3.2.
const stillness = 2.5

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
	for _, h := range []Reason{ManyFaces, TooDark, TooBright, CutOff, TooSmall, Turned, Blurred, OneSided, Occluded, NoFace} {
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
