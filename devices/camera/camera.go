// Package camera turns a webcam, a video file or a network stream into one
// thing: the newest picture, or a plain statement that there is none.
package camera

import (
	"context"
	"errors"
	"fmt"
	"image"
	"sync"
	"time"
)

// What can be wrong with a camera. Every error of this package wraps one of
// these or is the context's own.
var (
	// ErrNoCamera: there is nothing to read from, or it cannot be opened
	// (missing, unplugged, busy, no right to it, not video).
	ErrNoCamera = errors.New("camera cannot be opened")
	// ErrSilent: the camera is there but delivers no picture.
	ErrSilent = errors.New("camera gives no picture")
	// ErrBadFrame: pictures arrive, but none that can be used.
	ErrBadFrame = errors.New("camera gives unusable pictures")
	// ErrNotFile: Scan was asked to read something that is not a file.
	ErrNotFile = errors.New("not a file")
	// ErrClosed: Close was called.
	ErrClosed = errors.New("camera is closed")
)

const (
	// MaxSide is the greatest width and height of a Frame, in pixels.
	MaxSide = 4096

	// OpenLimit bounds the wait of Open for the first picture: USB cameras
	// need a second or two, network streams several.
	OpenLimit = 8 * time.Second
	// SilenceLimit is the age of the newest picture from which on the camera
	// counts as silent. The slowest webcam modes give five pictures a second.
	SilenceLimit = 2 * time.Second

	// errorPause keeps a caller that simply asks again after an error from
	// burning a processor.
	errorPause = 200 * time.Millisecond
	// retryEvery is how often a lost camera is opened anew.
	retryEvery = time.Second
	// closeLimit bounds the wait of Close for OpenCV.
	closeLimit = 2 * time.Second
	// badLimit is the number of unusable pictures in a row, about a second of
	// them, from which on the camera itself is called bad.
	badLimit = 25
)

// Frame is one picture. It is shared between all who ask for it: nobody may
// change BGR.
type Frame struct {
	At            time.Time // when it was read; from Scan: the start plus the position in the file
	Seq           uint64    // 1 for the first picture, then growing by one; gaps are pictures nobody took
	Width, Height int       // pixels, 1..MaxSide
	BGR           []byte    // Width*Height*3 bytes: rows from the top, pixels from the left, blue first
}

// Image returns a copy of the picture for drawing and encoding.
func (f Frame) Image() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, max(f.Width, 0), max(f.Height, 0)))
	for i, j := 0, 0; i+2 < len(f.BGR) && j+3 < len(img.Pix); i, j = i+3, j+4 {
		img.Pix[j], img.Pix[j+1], img.Pix[j+2], img.Pix[j+3] = f.BGR[i+2], f.BGR[i+1], f.BGR[i], 255
	}
	return img
}

// Camera is an open source of pictures. Its methods may be called from any
// goroutine; any number of readers may share it, each at its own pace.
type Camera struct {
	target target
	open   opener

	stop   chan struct{}
	once   sync.Once
	exited chan struct{}

	mu      sync.Mutex
	newest  Frame
	heard   time.Time     // when the newest picture came, or when Open began
	failure error         // why there are no pictures at present
	changed chan struct{} // closed and replaced when newest or failure change
}

// Open starts reading from source and returns when the first picture is there.
//
// source is the number of a video device ("0"), the path of a device or of a
// file, or an address (rtsp, rtsps, rtp, http, https, udp, tcp, file). A
// symbolic link is followed at the time of Open. A file is played in real time
// and starts anew at its end, so that it stands for a live camera; "#t=10" or
// "#t=10,20" behind its name (seconds, W3C Media Fragments) plays a part of it.
//
// It returns ErrNoCamera, ErrSilent (no picture within OpenLimit), ErrBadFrame
// or the error of ctx. ctx bounds Open only; the camera runs until Close. A
// camera that is lost later is opened again every second.
func Open(ctx context.Context, source string) (*Camera, error) {
	t, err := resolve(source)
	if err != nil {
		return nil, err
	}
	return start(ctx, t, openCapture, OpenLimit)
}

func start(ctx context.Context, t target, open opener, limit time.Duration) (*Camera, error) {
	c := &Camera{
		target: t, open: open,
		stop: make(chan struct{}), exited: make(chan struct{}),
		heard: time.Now(), changed: make(chan struct{}),
	}
	go c.run()
	if _, err := c.next(ctx, 0, limit, 0); err != nil {
		c.once.Do(func() { close(c.stop) })
		return nil, err
	}
	return c, nil
}

// Next returns the newest picture as soon as its Seq is greater than after;
// pictures in between are left out, none are queued. With after = 0 it gives
// the newest picture there is.
//
// While there is no picture it returns, after a short pause, ErrSilent (none
// for SilenceLimit), ErrNoCamera (lost) or ErrBadFrame; asking again is right,
// because the camera may come back. It returns ErrClosed after Close and the
// error of ctx when that ends first.
func (c *Camera) Next(ctx context.Context, after uint64) (Frame, error) {
	return c.next(ctx, after, SilenceLimit, errorPause)
}

func (c *Camera) next(ctx context.Context, after uint64, silence, pause time.Duration) (Frame, error) {
	asked := time.Now()
	for {
		c.mu.Lock()
		newest, heard, failure, changed := c.newest, c.heard, c.failure, c.changed
		c.mu.Unlock()

		select {
		case <-c.stop:
			return Frame{}, ErrClosed
		default:
		}
		now := time.Now()
		giveUp := heard.Add(silence)
		switch {
		case failure != nil:
			giveUp = asked.Add(pause)
		case newest.Seq > after && now.Before(giveUp):
			return newest, nil
		case giveUp.Before(asked.Add(pause)):
			giveUp = asked.Add(pause)
		}
		if !now.Before(giveUp) {
			if failure == nil {
				failure = fmt.Errorf("%w: %s, for %v", ErrSilent, c.target.shown, now.Sub(heard).Round(100*time.Millisecond))
			}
			return Frame{}, failure
		}
		timer := time.NewTimer(giveUp.Sub(now))
		select {
		case <-changed:
		case <-timer.C:
		case <-c.stop:
		case <-ctx.Done():
			timer.Stop()
			return Frame{}, ctx.Err()
		}
		timer.Stop()
	}
}

// Close stops the camera and releases the device. It waits at most two
// seconds for OpenCV; a reader that hangs longer releases the device by itself
// when it returns. Calling it again does nothing. The error is always nil.
func (c *Camera) Close() error {
	c.once.Do(func() { close(c.stop) })
	timer := time.NewTimer(closeLimit)
	defer timer.Stop()
	select {
	case <-c.exited:
	case <-timer.C:
	}
	return nil
}

func (c *Camera) stopped() bool {
	select {
	case <-c.stop:
		return true
	default:
		return false
	}
}

// run is the only goroutine that touches OpenCV's capture, because a capture
// that is released during a read is a crash.
func (c *Camera) run() {
	defer close(c.exited)
	pace := pacer{stop: c.stop}
	for !c.stopped() {
		g, err := c.open(c.target)
		if err == nil {
			err = c.play(g, &pace)
			g.close()
		}
		if err == nil {
			continue
		}
		c.fail(err)
		if !pause(c.stop, retryEvery) {
			return
		}
	}
}

// play publishes pictures until the source ends. Nil means that a file was
// played to its end and starts anew.
func (c *Camera) play(g grabber, pace *pacer) error {
	good, bad := 0, 0
	for i := 0; !c.stopped(); i++ {
		if c.target.file && !c.target.within(i, g.fps()) {
			break
		}
		raw, ok := g.read()
		if !ok {
			if !c.target.file {
				return fmt.Errorf("%w: %s: lost", ErrNoCamera, c.target.shown)
			}
			break
		}
		if c.target.file && !pace.wait(g.fps()) {
			return nil
		}
		f, err := raw.frame()
		if err != nil {
			if bad++; bad >= badLimit {
				return fmt.Errorf("%w: %s: %w", ErrBadFrame, c.target.shown, err)
			}
			continue
		}
		bad = 0
		good++
		c.publish(f)
	}
	if good == 0 && !c.stopped() {
		return fmt.Errorf("%w: %s: the file holds no usable picture", ErrBadFrame, c.target.shown)
	}
	return nil
}

func (c *Camera) publish(f Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.At = time.Now()
	f.Seq = c.newest.Seq + 1
	c.newest, c.heard, c.failure = f, f.At, nil
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *Camera) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = err
	close(c.changed)
	c.changed = make(chan struct{})
}

// Scan reads a file once, from beginning to end, as fast as it can be decoded,
// and gives every usable picture to each until that returns false. Frame.At
// advances with the position in the file. It returns ErrNoCamera, ErrNotFile,
// ErrSilent, ErrBadFrame (not one usable picture) or the error of ctx.
func Scan(ctx context.Context, source string, each func(Frame) bool) error {
	t, err := resolve(source)
	if err != nil {
		return err
	}
	if !t.file {
		return fmt.Errorf("%s: %w", t.shown, ErrNotFile)
	}
	return scan(ctx, t, openCapture, each)
}

func scan(ctx context.Context, t target, open opener, each func(Frame) bool) error {
	frames, result, stop := make(chan Frame), make(chan error, 1), make(chan struct{})
	defer close(stop)
	go func() { result <- feed(t, open, frames, stop) }()
	timer := time.NewTimer(OpenLimit)
	defer timer.Stop()
	for {
		select {
		case f := <-frames:
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if !each(f) {
				return nil
			}
			timer.Reset(OpenLimit)
		case err := <-result:
			return err
		case <-timer.C:
			return fmt.Errorf("%w: %s, for %v", ErrSilent, t.shown, OpenLimit)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func feed(t target, open opener, frames chan<- Frame, stop <-chan struct{}) error {
	g, err := open(t)
	if err != nil {
		return err
	}
	defer g.close()
	began := time.Now()
	var seq uint64
	last := errors.New("the file holds no picture")
	for i := 0; t.within(i, g.fps()); i++ {
		raw, ok := g.read()
		if !ok {
			break
		}
		f, err := raw.frame()
		if err != nil {
			last = err
			continue
		}
		seq++
		f.Seq, f.At = seq, began.Add(span(i, g.fps()))
		select {
		case frames <- f:
		case <-stop:
			return nil
		}
	}
	if seq == 0 {
		return fmt.Errorf("%w: %s: %w", ErrBadFrame, t.shown, last)
	}
	return nil
}

// pacer gives a file the tempo of a camera, across its repetitions.
type pacer struct {
	stop <-chan struct{}
	due  time.Time
}

// wait returns when the next picture is due; false means that the camera was
// closed meanwhile.
func (p *pacer) wait(fps float64) bool {
	now := time.Now()
	// After a long halt (a suspended computer) the missed time is skipped, not
	// caught up with in fast motion.
	if p.due.Before(now.Add(-time.Second)) {
		p.due = now
	}
	ok := pause(p.stop, p.due.Sub(now))
	p.due = p.due.Add(span(1, fps))
	return ok
}

// pause waits for d or for stop; it reports whether d passed.
func pause(stop <-chan struct{}, d time.Duration) bool {
	if d <= 0 {
		select {
		case <-stop:
			return false
		default:
			return true
		}
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stop:
		return false
	}
}
