package main

import (
	"bytes"
	"image"
	"testing"
	"time"

	"emtihan/devices/camera"
)

// grey is a picture of one brightness.
func grey(level byte) frameBGR {
	return frameBGR{64, 48, bytes.Repeat([]byte{level}, 64*48*3)}
}

func TestFilmsOfAFace(t *testing.T) {
	frames := []frameBGR{grey(10), grey(100), grey(200)}
	var levels []byte
	for _, f := range toAndFro(frames) {
		levels = append(levels, f.pix[0])
	}
	if want := []byte{10, 100, 200, 100}; !bytes.Equal(levels, want) {
		t.Errorf("to and fro: %v, want %v", levels, want)
	}
	if got := len(toAndFro(frames[:1])); got != 1 {
		t.Errorf("one picture to and fro is %d", got)
	}
	if got := darkened(frames, 0.2)[2].pix[0]; got != 40 || frames[2].pix[0] != 200 {
		t.Errorf("in the dark 200 is %d, and what it was made of %d", got, frames[2].pix[0])
	}
	face := image.Rect(20, 8, 44, 40)
	hand := palmed(frames[:1], face)[0]
	at := func(f frameBGR, x, y int) byte { return f.pix[3*(y*f.w+x)+2] }
	if at(hand, 32, 30) == 10 || at(hand, 32, 10) != 10 || at(hand, 2, 30) != 10 || at(frames[0], 32, 30) != 10 {
		t.Error("the hand lies elsewhere than over the lower half of the face")
	}
	// A face at the edge of the picture.
	palmed(frames[:1], image.Rect(50, 30, 90, 70))
}

// R10: what stands before the camera can change while the camera stays.
func TestWebcamShowsAnotherFilm(t *testing.T) {
	cam, err := startWebcam()
	if err != nil {
		t.Fatal(err)
	}
	defer cam.close()
	shows := func(level byte) {
		t.Helper()
		film, err := pictures([]frameBGR{grey(level)})
		if err != nil {
			t.Fatal(err)
		}
		cam.show(film)
	}
	shows(40)
	c, err := camera.Open(t.Context(), cam.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	seq := uint64(0)
	sees := func(level int) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
			f, err := c.Next(t.Context(), seq)
			if err != nil {
				t.Fatal(err)
			}
			if seq = f.Seq; f.Width != 64 || f.Height != 48 {
				t.Fatalf("%d×%d", f.Width, f.Height)
			}
			if d := int(f.BGR[0]) - level; d >= -4 && d <= 4 {
				return
			}
		}
		t.Fatalf("nothing of brightness %d was seen", level)
	}
	sees(40)
	shows(180)
	sees(180)
	if err := cam.watched(2); err != nil {
		t.Error(err)
	}
}
