package camera

import (
	"errors"
	"fmt"
	"sync/atomic"

	"gocv.io/x/gocv"
)

// opener opens a target; grabber is what is read from it. Both may block for
// ever, as OpenCV does on dead network streams and some broken devices.
type opener func(target, mode) (grabber, error)

type grabber interface {
	// read gives the next picture; false means that there will be none.
	read() (raw, bool)
	// skip passes over n pictures without making them.
	skip(n int)
	// fps is the rate of a file, within 1..240.
	fps() float64
	close()
}

// raw is a picture as the source delivers it.
type raw struct {
	w, h, channels int
	eightBit       bool
	data           []byte
}

// frame checks the picture and makes it BGR; grey and BGRA are what some
// cameras deliver.
func (r raw) frame() (Frame, error) {
	if r.w > MaxSide || r.h > MaxSide {
		return Frame{}, fmt.Errorf("%d×%d pixels, at most %d×%d", r.w, r.h, MaxSide, MaxSide)
	}
	if r.w <= 0 || r.h <= 0 {
		return Frame{}, fmt.Errorf("an empty picture (%d×%d)", r.w, r.h)
	}
	if !r.eightBit || r.channels != 1 && r.channels != 3 && r.channels != 4 {
		return Frame{}, fmt.Errorf("%d channels, 8-bit %v; needed are 1, 3 or 4 of 8 bits", r.channels, r.eightBit)
	}
	n := r.w * r.h
	if len(r.data) != n*r.channels {
		return Frame{}, fmt.Errorf("%d bytes for %d×%d pixels of %d channels", len(r.data), r.w, r.h, r.channels)
	}
	f := Frame{Width: r.w, Height: r.h, BGR: r.data}
	switch r.channels {
	case 1:
		f.BGR = make([]byte, 0, n*3)
		for _, y := range r.data {
			f.BGR = append(f.BGR, y, y, y)
		}
	case 4:
		f.BGR = make([]byte, 0, n*3)
		for i := 0; i < len(r.data); i += 4 {
			f.BGR = append(f.BGR, r.data[i], r.data[i+1], r.data[i+2])
		}
	}
	return f, nil
}

// errNoAnswer: an address or a pipe from which no video comes.
var errNoAnswer = errors.New("nobody answers, or what comes is not video")

// captures counts what OpenCV holds open at present.
var captures atomic.Int64

// capture is a grabber over OpenCV. Only the goroutine that opened it uses it.
type capture struct {
	vc   *gocv.VideoCapture
	mat  gocv.Mat
	rate float64
}

func openCapture(t target, m mode) (grabber, error) {
	// The backend is named, because OpenCV would otherwise try all of them one
	// after the other, among them GStreamer, which may hang for ever and reads
	// a name as a pipeline description.
	api := gocv.VideoCaptureFFmpeg
	if t.v4l {
		api = gocv.VideoCaptureV4L2
	}
	vc, err := gocv.VideoCaptureFileWithAPI(t.name, api)
	if err != nil {
		if vc != nil {
			_ = vc.Close()
		}
		why := errNotVideo
		if t.v4l {
			if why = diagnose(t.name); why == nil {
				why = errNoPicture
			}
		} else if !t.file {
			why = errNoAnswer
		}
		return nil, fmt.Errorf("%w: %s: %w", ErrNoCamera, t.shown, why)
	}
	captures.Add(1)
	c := &capture{vc: vc, mat: gocv.NewMat(), rate: vc.Get(gocv.VideoCaptureFPS)}
	if !(c.rate >= 1 && c.rate <= 240) {
		c.rate = 25
	}
	switch {
	case t.v4l:
		// The format comes first: the sizes that a device offers hang on it.
		if m.fourcc != "" {
			vc.Set(gocv.VideoCaptureFOURCC, vc.ToCodec(m.fourcc))
		}
		if m.w > 0 && m.h > 0 {
			vc.Set(gocv.VideoCaptureFrameWidth, float64(m.w))
			vc.Set(gocv.VideoCaptureFrameHeight, float64(m.h))
		}
		if m.fps > 0 {
			vc.Set(gocv.VideoCaptureFPS, float64(m.fps))
		}
	case t.from > 0:
		vc.Set(gocv.VideoCapturePosFrames, float64(int(t.from.Seconds()*c.rate)))
	}
	return c, nil
}

func (c *capture) fps() float64 { return c.rate }

func (c *capture) skip(n int) { c.vc.Grab(n) }

func (c *capture) read() (raw, bool) {
	if !c.vc.Read(&c.mat) {
		return raw{}, false
	}
	r := raw{w: c.mat.Cols(), h: c.mat.Rows(), channels: c.mat.Channels()}
	r.eightBit = int(c.mat.Type())&7 == int(gocv.MatTypeCV8U)
	// Nothing is copied out of a picture that frame will refuse.
	if r.eightBit && r.w > 0 && r.h > 0 && r.w <= MaxSide && r.h <= MaxSide && c.mat.IsContinuous() {
		r.data = c.mat.ToBytes()
	}
	return r, true
}

func (c *capture) close() {
	_ = c.mat.Close()
	_ = c.vc.Close()
	captures.Add(-1)
}
