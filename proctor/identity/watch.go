package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"emtihan/devices/camera"
)

// Presence is what the camera shows during the exam (R10, R17). It states
// what is seen and is never a verdict; a key of the message catalogue and of
// the log.
type Presence string

// The kinds of presence.
const (
	Present    Presence = "present"    // one person, and nothing says that it is another one
	Nobody     Presence = "nobody"     // no face, though the picture is sound
	TwoPeople  Presence = "two-people" // a second face that is not in the background
	Another    Presence = "another"    // good frames of a face that clearly is not the candidate's
	Covered    Presence = "covered"    // the lens is covered or sees nothing but one colour
	FrozenView Presence = "frozen"     // the picture has stopped, or shows a still
	Looped     Presence = "looped"     // the pictures repeat: a recording is played
	Unplugged  Presence = "unplugged"  // there is no camera, or it gives no pictures
	Unknown    Presence = "unknown"    // at the beginning, until something is sure
)

// Transition is a change of what the camera shows, told after it has lasted.
type Transition struct {
	From, To Presence
	Since    time.Time // time of the first picture that showed To
	At       time.Time // time of the picture that made it sure
	Faces    int       // in that picture
	Score    float64   // similarity with the template where To is Another or Present and a face could be compared, else 0
	// Before is the last picture of From, After the one that made To sure, as
	// JPEG of at most MaxJPEG bytes; nil where there was none.
	Before, After []byte
}

// WatchOptions of NewWatch. The zero value is what the station uses.
type WatchOptions struct {
	// Every is the time between two pictures that the models look at, 200 ms
	// to 1 min; 0 is DefaultEvery. All pictures in between are compared with
	// each other only, which costs a hundredth.
	Every time.Duration
	// Compare is the time between two comparisons with the template; 0 is
	// DefaultCompare. A face that appears anew is compared at once.
	Compare time.Duration
	// Hold is how long something must be seen before it is told, 0 is
	// DefaultHold; Nobody must be seen twice as long. Less is never told.
	Hold time.Duration
	// RefuseBelow replaces the constant where it is not 0.
	RefuseBelow float64
}

// Defaults of WatchOptions.
const (
	DefaultEvery   = time.Second
	DefaultCompare = 10 * time.Second
	DefaultHold    = 3 * time.Second
)

// The limits of a watch beside those of the quality gate.
const (
	// pace is between two pictures that Run takes.
	pace = 200 * time.Millisecond
	// A lens that is covered gives a dark or an even picture: spread of its
	// brightness, and mean, of 0..255. A dim room still has a spread of 10.
	coveredSpread = 4
	coveredLight  = 8
	// Whoever sits there moves: within five seconds some part of the picture of
	// the test videos changes by 7 and more, noise of a sensor alone by 2.
	stirLeast = 3
	stirSpan  = 10 * time.Second
	// A recording has moments in which too little moves to know them again.
	loopMemory = 15 * time.Second
	// anotherVotes good frames must speak for another person.
	anotherVotes = 3
	// Heads are bent over paper for some seconds at a time.
	patienceNobody = 2
)

// Watch sees during the exam who sits before the camera. It is used by one
// goroutine.
type Watch struct {
	v   *Verifier
	t   Template
	opt WatchOptions

	now    Presence // as told
	next   Presence // as seen, until it is sure
	since  time.Time
	film   *film
	before *raster // last picture of now
	newest time.Time

	looped   time.Time // when a repetition was last seen
	looked   time.Time // by the models
	compared time.Time
	faces    int
	people   Presence // what the models last saw
	place    rect     // of the face
	votes    int      // good frames in a row that were somebody else's
	another  bool
	score    float64
}

// NewWatch begins a watch over the person of t; the zero Template compares
// with nobody and only sees how many there are. It returns ErrOptions.
func (v *Verifier) NewWatch(t Template, opt WatchOptions) (*Watch, error) {
	for _, d := range []struct {
		x         *time.Duration
		def       time.Duration
		low, high time.Duration
	}{
		{&opt.Every, DefaultEvery, pace, time.Minute},
		{&opt.Compare, DefaultCompare, pace, time.Hour},
		{&opt.Hold, DefaultHold, 0, time.Minute},
	} {
		if *d.x == 0 {
			*d.x = d.def
		}
		if *d.x < d.low || *d.x > d.high {
			return nil, fmt.Errorf("%w: %v is not within %v..%v", ErrOptions, *d.x, d.low, d.high)
		}
	}
	if opt.RefuseBelow == 0 {
		opt.RefuseBelow = RefuseBelow
	}
	if !(opt.RefuseBelow >= -1 && opt.RefuseBelow <= 1) {
		return nil, fmt.Errorf("%w: refuse below %v", ErrOptions, opt.RefuseBelow)
	}
	v.rest()
	return &Watch{v: v, t: t, opt: opt, now: Unknown, next: Unknown, people: Unknown, film: newFilm()}, nil
}

// Presence is what was last told.
func (w *Watch) Presence() Presence { return w.now }

// See takes a picture and returns a transition where one became sure. A
// damaged picture counts as no picture; one that is not younger than the one
// before is left out. It returns ErrClosed, or the error of a model.
func (w *Watch) See(f camera.Frame) (*Transition, error) {
	if !w.newest.IsZero() && !f.At.After(w.newest) {
		return nil, nil
	}
	src, err := frameRaster(f)
	if err != nil {
		return w.Miss(f.At), nil
	}
	w.newest = f.At
	seen, err := w.see(src, f.At)
	if err != nil {
		return nil, err
	}
	return w.settle(seen, f.At, &src), nil
}

// Miss says that there is no picture at this time.
func (w *Watch) Miss(at time.Time) *Transition {
	if !w.newest.IsZero() && !at.After(w.newest) {
		return nil
	}
	w.newest = at
	w.film = newFilm()
	return w.settle(Unplugged, at, nil)
}

// see says what one picture shows.
func (w *Watch) see(src raster, at time.Time) (Presence, error) {
	t := w.film.add(src, at)
	mean, spread := t.stats()
	if spread < coveredSpread || mean < coveredLight {
		w.people = Unknown
		return Covered, nil
	}
	if w.film.stopped() >= w.opt.Hold {
		return FrozenView, nil
	}
	if w.film.loops() {
		w.looped = at
	}
	if !w.looped.IsZero() && at.Sub(w.looped) < loopMemory {
		return Looped, nil
	}
	every := w.opt.Every
	if w.people == Unknown {
		every = 0
	}
	if w.looked.IsZero() || at.Sub(w.looked) >= every {
		w.looked = at
		if err := w.look(src, at); err != nil {
			return Unknown, err
		}
	}
	if stir, ok := w.film.stir(stirSpan); ok && stir < stirLeast && w.people == Present {
		return FrozenView, nil
	}
	return w.people, nil
}

// look asks the models how many there are, and now and then who it is.
func (w *Watch) look(src raster, at time.Time) error {
	faces, err := w.v.located(src)
	if err != nil {
		return err
	}
	w.faces = len(faces)
	was := w.people
	switch {
	case len(faces) == 0:
		w.people, w.votes = Nobody, 0
		return nil
	case rivals(faces) > 1:
		w.people, w.votes = TwoPeople, 0
		return nil
	}
	// A face that was not there before may be anybody's.
	fresh := was == Nobody || was == TwoPeople || was == Unknown || faces[0].box.overlap(w.place) < sameFace
	w.place = faces[0].box
	if fresh {
		w.compared = time.Time{}
	}
	if w.t.Valid() && (w.compared.IsZero() || w.votes > 0 || w.another || at.Sub(w.compared) >= w.opt.Compare) {
		if err := w.compare(src, at); err != nil {
			return err
		}
	}
	w.people = Present
	if w.another {
		w.people = Another
	}
	return nil
}

func (w *Watch) compare(src raster, at time.Time) error {
	seen, err := w.v.known(src)
	switch {
	case errors.Is(err, ErrNoModel):
		// A file that cannot be read for a moment ends no watch: how many there are is seen without it.
		w.compared = at
		return nil
	case err != nil:
		return err
	case seen.vec == nil:
		return nil
	}
	// A watch lasts for hours and compares now and then; what it compares with is most of what the models hold.
	defer func() {
		if w.votes == 0 {
			w.v.rest()
		}
	}()
	w.compared = at
	w.score = cosine(w.t.vec, seen.vec)
	if w.score < w.opt.RefuseBelow {
		w.votes++
		w.another = w.another || w.votes >= anotherVotes
		return nil
	}
	w.votes, w.another = 0, false
	return nil
}

// settle tells a change after it has lasted.
func (w *Watch) settle(seen Presence, at time.Time, src *raster) *Transition {
	if seen == w.now || seen == Unknown {
		w.next = w.now
		if src != nil {
			w.before = src
		}
		return nil
	}
	if seen != w.next {
		w.next, w.since = seen, at
	}
	hold := w.opt.Hold
	switch {
	case seen == Nobody:
		hold *= patienceNobody
	case seen == Present && w.now == Unknown:
		hold = 0 // the beginning is no news
	}
	if at.Sub(w.since) < hold {
		return nil
	}
	t := &Transition{From: w.now, To: seen, Since: w.since, At: at, Before: w.before.evidence(), After: src.evidence()}
	if src != nil {
		t.Faces = w.faces
	}
	if seen == Another || seen == Present {
		t.Score = w.score
	}
	w.now = seen
	if src != nil {
		w.before = src
	}
	return t
}

// evidence is a picture as JPEG, nil without one.
func (src *raster) evidence() []byte {
	if src == nil {
		return nil
	}
	data, _, err := src.jpeg(MaxJPEG)
	if err != nil {
		return nil
	}
	return data
}

// Run watches a source until ctx ends or the source is at its end, and tells
// every transition from its own goroutine. It takes five pictures a second
// and asks again when the camera is lost. It returns the error of ctx, nil at
// the end of a recording, or the errors of See.
func (w *Watch) Run(ctx context.Context, frames Source, tell func(Transition)) error {
	var seq uint64
	var taken time.Time
	for {
		f, err := frames.Next(ctx, seq)
		var t *Transition
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, camera.ErrClosed):
			return err
		case err != nil:
			t = w.Miss(time.Now())
			// A source may fail at once, again and again.
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pace):
			}
		default:
			seq = f.Seq
			if !taken.IsZero() && f.At.Sub(taken) < pace && f.At.After(taken) {
				continue
			}
			taken = f.At
			if t, err = w.See(f); err != nil {
				return err
			}
		}
		if t != nil {
			tell(*t)
		}
	}
}
