package station

import (
	"bytes"
	"image"
	"image/jpeg"
	"slices"
	"time"

	"emtihan/devices/camera"
	"emtihan/exam"
	"emtihan/proctor/identity"
)

// reel keeps the last pictures of the watch, as far apart as its looks, and says which of them belong to a change. It is used
// by one goroutine.
type reel struct {
	rules exam.FaceRules
	every time.Duration
	limit int // bytes of a kept picture
	room  int // pictures in the reel

	frames  []camera.Frame // the oldest first
	newest  camera.Frame
	after   int // pictures that are still to be kept
	of      exam.Presence
	changed time.Time // when that change was sure
	kept    time.Time // when the last picture after it was kept
}

func newReel(rules exam.FaceRules, every time.Duration) *reel {
	r := &reel{rules: rules, every: every, limit: rules.MaxFrameKB * 1000}
	if rules.MaxFrames > 0 && rules.FramesBefore > 0 {
		// What is told has lasted for the hold, an empty seat for twice as long; the time before it must still be there.
		r.room = rules.FramesBefore + 1 + int(2*time.Duration(rules.HoldSeconds)*time.Second/every)
	}
	return r
}

// add takes a picture. It returns one that is to be kept because something has changed before, or nil.
func (r *reel) add(f camera.Frame) *shot {
	r.newest = f
	if n := len(r.frames); r.room > 0 && (n == 0 || f.At.Sub(r.frames[n-1].At) >= r.every) {
		if n >= r.room {
			r.frames = slices.Delete(r.frames, 0, 1)
		}
		r.frames = append(r.frames, f)
	}
	if r.after == 0 || f.At.Sub(r.kept) < r.every {
		return nil
	}
	r.after--
	r.kept = f.At
	return &shot{of: r.of, offset: f.At.Sub(r.changed), jpeg: still(f, r.limit)}
}

// around returns the pictures of the time before a change, the latest first, and the one that made it sure; and it has add
// return those that follow.
func (r *reel) around(t *identity.Transition, to exam.Presence) (before []shot, frame []byte) {
	if r.rules.MaxFrames == 0 {
		return nil, nil
	}
	for _, f := range slices.Backward(r.frames) {
		if len(before) < r.rules.FramesBefore && f.At.Before(t.Since) {
			before = append(before, shot{of: to, offset: f.At.Sub(t.At), jpeg: still(f, r.limit)})
		}
	}
	if to != exam.PresenceUnplugged {
		frame = still(r.newest, r.limit)
	}
	r.after, r.of, r.changed, r.kept = r.rules.FramesAfter, to, t.At, t.At
	return before, frame
}

// still returns a picture as JPEG of at most so many bytes; nil where that cannot be done.
func still(f camera.Frame, limit int) []byte {
	if f.Width <= 0 || f.Height <= 0 || len(f.BGR) < 3*f.Width*f.Height {
		return nil
	}
	for step := max(1, (f.Width+mostStill-1)/mostStill); f.Width/step >= leastStill; step++ {
		img := shrink(f, step)
		for _, quality := range []int{80, 60, 40} {
			var b bytes.Buffer
			if jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}) == nil && b.Len() <= limit {
				return b.Bytes()
			}
		}
	}
	return nil
}

const (
	mostStill  = 800 // pixels in width of a kept picture
	leastStill = 64
)

// shrink takes every so many pixels of a picture.
func shrink(f camera.Frame, step int) *image.RGBA {
	w, h := f.Width/step, max(1, f.Height/step)
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		row, out := f.BGR[3*y*step*f.Width:], img.Pix[y*img.Stride:]
		for x := range w {
			j := 3 * x * step
			out[4*x], out[4*x+1], out[4*x+2], out[4*x+3] = row[j+2], row[j+1], row[j], 255
		}
	}
	return img
}
