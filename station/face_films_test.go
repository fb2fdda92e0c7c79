package station

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"emtihan/devices/camera"

	"gocv.io/x/gocv"
)

// film writes a film that stands for a camera: every frame of a part of a real video, changed by hand. Formats and sizes are
// those of a cheap webcam.
func film(t *testing.T, source string, change func(n int, m *gocv.Mat)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film.avi")
	var w *gocv.VideoWriter
	n := 0
	err := camera.Scan(t.Context(), source, func(f camera.Frame) bool {
		m, err := gocv.NewMatFromBytes(f.Height, f.Width, gocv.MatTypeCV8UC3, f.BGR)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = m.Close() }()
		own := m.Clone()
		defer func() { _ = own.Close() }()
		if w == nil {
			if w, err = gocv.VideoWriterFile(path, "MJPG", 25, f.Width, f.Height, true); err != nil {
				t.Fatal(err)
			}
		}
		change(n, &own)
		n++
		if err := w.Write(own); err != nil {
			t.Fatal(err)
		}
		return true
	})
	if err != nil || w == nil {
		t.Fatalf("%d frames of %s: %v", n, source, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// dark is a room without light.
func dark(_ int, m *gocv.Mat) { m.MultiplyFloat(0.1) }

// bright is a lamp behind the camera.
func bright(_ int, m *gocv.Mat) { m.ConvertToWithParams(m, gocv.MatTypeCV8UC3, 1.3, 130) }

// hand lays a hand over mouth and nose of a face in the box.
func hand(box image.Rectangle) func(int, *gocv.Mat) {
	return func(n int, m *gocv.Mat) {
		skin, shade := color.RGBA{196, 150, 120, 0}, color.RGBA{120, 84, 66, 0}
		w := box.Dx()
		sway := int(3 * math.Sin(float64(n)/6)) // a hand is never quite still
		palm := image.Pt(box.Min.X+w/2+sway, box.Min.Y+box.Dy()*70/100)
		gocv.Ellipse(m, palm, image.Pt(w*34/100, w*26/100), 8, 0, 360, skin, -1)
		for i := range 4 {
			finger := image.Pt(palm.X-w/4+i*w/6, palm.Y-w*24/100)
			gocv.Ellipse(m, finger, image.Pt(w*8/100, w*24/100), 10, 0, 360, skin, -1)
			gocv.Ellipse(m, finger, image.Pt(w*8/100, w*24/100), 10, 0, 360, shade, 1)
		}
	}
}

// aside presses together the half of the picture beyond the middle of the face, as a head looks that is turned away.
func aside(middle int) func(int, *gocv.Mat) {
	return func(_ int, m *gocv.Mat) {
		mapX, mapY := gocv.NewMatWithSize(m.Rows(), m.Cols(), gocv.MatTypeCV32F), gocv.NewMatWithSize(m.Rows(), m.Cols(), gocv.MatTypeCV32F)
		defer func() { _ = mapX.Close(); _ = mapY.Close() }()
		for y := range m.Rows() {
			for x := range m.Cols() {
				from := float64(x)
				if x > middle {
					from = float64(middle) + 3.2*float64(x-middle)
				}
				mapX.SetFloatAt(y, x, float32(math.Min(from, float64(m.Cols()-1))))
				mapY.SetFloatAt(y, x, float32(y))
			}
		}
		gocv.Remap(*m, m, &mapX, &mapY, gocv.InterpolationLinear, gocv.BorderReplicate, color.RGBA{})
	}
}

// empty is the room without the candidate: the wall beside him, with the noise of a sensor.
func empty(n int, m *gocv.Mat) {
	wall := m.Region(image.Rect(0, 0, m.Cols()/6, m.Rows()))
	flat := gocv.NewMat()
	defer func() { _ = wall.Close(); _ = flat.Close() }()
	gocv.Resize(wall, &flat, image.Pt(m.Cols(), m.Rows()), 0, 0, gocv.InterpolationLinear)
	flat.CopyTo(m)
	noise(n, m)
}

// covered is a lens under a finger.
func covered(n int, m *gocv.Mat) {
	m.SetTo(gocv.NewScalar(18, 14, 30, 0))
	noise(n, m)
}

// noise is that of a sensor: without it a picture that does not move would be one that has stopped.
func noise(n int, m *gocv.Mat) {
	grain := make([]byte, m.Rows()*m.Cols()*3)
	random := rand.New(rand.NewPCG(uint64(n), 1))
	for i := range grain {
		grain[i] = byte(random.IntN(4))
	}
	g, err := gocv.NewMatFromBytes(m.Rows(), m.Cols(), gocv.MatTypeCV8UC3, grain)
	if err != nil {
		panic(err)
	}
	defer func() { _ = g.Close() }()
	gocv.Add(*m, g, m)
}

// beside puts a second person into the picture, as large as the first.
func beside(t *testing.T, other string) func(int, *gocv.Mat) {
	t.Helper()
	var frames [][]byte
	var size image.Point
	if err := camera.Scan(t.Context(), other, func(f camera.Frame) bool {
		frames, size = append(frames, f.BGR), image.Pt(f.Width, f.Height)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return func(n int, m *gocv.Mat) {
		o, err := gocv.NewMatFromBytes(size.Y, size.X, gocv.MatTypeCV8UC3, frames[n%len(frames)])
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = o.Close() }()
		both := gocv.NewMatWithSize(m.Rows(), m.Cols(), gocv.MatTypeCV8UC3)
		defer func() { _ = both.Close() }()
		for i, one := range []gocv.Mat{*m, o} {
			half := both.Region(image.Rect(i*m.Cols()/2, 0, (i+1)*m.Cols()/2, m.Rows()))
			middle := one.Region(image.Rect(one.Cols()/4, 0, one.Cols()*3/4, one.Rows()))
			gocv.Resize(middle, &half, image.Pt(m.Cols()/2, m.Rows()), 0, 0, gocv.InterpolationLinear)
			_ = middle.Close()
			_ = half.Close()
		}
		both.CopyTo(m)
	}
}
