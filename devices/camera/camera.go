// Package camera turns a webcam, a video file or a network stream into one
// thing: the newest picture, or a plain statement that there is none.
package camera

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
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
	// ErrName: no camera can ever have this name. It comes with ErrNoCamera.
	ErrName = errors.New("not the name of a camera")
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
	// lookAgain is how often a file's name is followed to see whether it
	// leads to another one.
	lookAgain = 500 * time.Millisecond
	// closeLimit bounds the wait of Close for OpenCV.
	closeLimit = 2 * time.Second
	// badLimit is the number of unusable pictures in a row, about a second of
	// them, from which on the camera itself is called bad.
	badLimit = 25
	// hangLimit is how long one call of OpenCV may take. A video device answers
	// within ten seconds, with a picture or without.
	hangLimit       = 15 * time.Second
	hangLimitStream = 45 * time.Second
	// maxHung readers may hang; each holds a thread, and perhaps the device.
	maxHung = 2
	// quickSkip is the time within which no camera makes a picture.
	quickSkip = time.Millisecond
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

// Options of a camera. The zero value is what Open uses.
type Options struct {
	// Rate is the most pictures a second that are made; 0: as many as the source
	// gives. A picture that is not made costs next to nothing. See SetRate.
	Rate float64
	// OnState, if set, is told of every change of the state, in their order and
	// from a goroutine of the camera; it must not block.
	OnState func(Status)
}

// Camera is a source of pictures. Its methods may be called from any
// goroutine; any number of readers may share it, each at its own pace.
type Camera struct {
	target  target                 // found last; its name is empty before
	find    func() (target, error) // looks for it anew after a loss
	open    opener
	onState func(Status)

	stop   chan struct{}
	once   sync.Once
	exited chan struct{}
	rated  chan struct{} // the rate has changed
	online chan struct{} // pictures come, after they did not

	mu      sync.Mutex
	rate    float64
	newest  Frame
	heard   time.Time     // when the newest picture came, or when Open began
	failure error         // why there are no pictures at present
	changed chan struct{} // closed and replaced when newest or failure change
	reader  int           // the reader whose pictures count; those before it hang
	beat    time.Time     // when that reader was last seen to move
	status  Status
	untold  []Status // what onState has not heard yet
	telling bool     // a goroutine is at it
}

// Open starts reading from source and returns when the first picture is there.
//
// source is the number of a video device ("0"), the path of a device or of a
// file, or an address (rtsp, rtsps, rtp, http, https, udp, tcp, file). A
// symbolic link is followed at the time of Open, and again after a loss, so that
// a link of /dev/v4l/by-id finds a camera that was plugged in elsewhere. A file
// is played in real time and starts anew at its end, so that it stands for a
// live camera; "#t=10" or "#t=10,20" behind its name (seconds, W3C Media
// Fragments) plays a part of it. "#mode=1280x720,MJPG,15" behind that of a
// device asks for size, format (MJPG or YUYV) and pictures a second; any part
// may be left out.
//
// It returns ErrNoCamera, ErrSilent (no picture within OpenLimit), ErrBadFrame
// or the error of ctx. ctx bounds Open only; the camera runs until Close. A
// camera that is lost later is opened again every second.
func Open(ctx context.Context, source string) (*Camera, error) {
	t, err := resolve(source)
	if err != nil {
		return nil, err
	}
	c := newCamera(t, openCapture, Options{})
	if t.v4l {
		c.find = func() (target, error) { return resolve(source) }
	}
	return c.wait(ctx, OpenLimit)
}

// Start is Open without waiting: a camera that is not there, busy or forbidden
// is asked for again every second until Close. It returns ErrName where the
// name can never be that of a camera.
func Start(source string, opts Options) (*Camera, error) {
	t, err := resolve(source)
	if errors.Is(err, ErrName) {
		return nil, err
	}
	c := newCamera(t, openCapture, opts)
	c.find = func() (target, error) { return resolve(source) }
	go c.run()
	return c, nil
}

func newCamera(t target, open opener, opts Options) *Camera {
	now := time.Now()
	return &Camera{
		target: t, find: func() (target, error) { return t, nil }, open: open, onState: opts.OnState, rate: opts.Rate,
		stop: make(chan struct{}), exited: make(chan struct{}), rated: make(chan struct{}, 1), online: make(chan struct{}, 1),
		heard: now, beat: now, changed: make(chan struct{}), status: Status{State: Starting, Since: now},
	}
}

// start is Open with an opener of the tests.
func start(ctx context.Context, t target, open opener, limit time.Duration) (*Camera, error) {
	return newCamera(t, open, Options{}).wait(ctx, limit)
}

// wait starts the camera and waits for its first picture.
func (c *Camera) wait(ctx context.Context, limit time.Duration) (*Camera, error) {
	go c.run()
	if _, err := c.next(ctx, 0, limit, 0); err != nil {
		c.once.Do(func() { close(c.stop) })
		return nil, err
	}
	return c, nil
}

// Status returns what is known of the camera now.
func (c *Camera) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// SetRate changes the most pictures a second that are made; 0: as many as the
// source gives.
func (c *Camera) SetRate(perSecond float64) {
	c.mu.Lock()
	same := c.rate == perSecond
	c.rate = perSecond
	c.heard = time.Now() // what was expected at the old rate is no silence at the new one
	c.mu.Unlock()
	if same {
		return
	}
	select {
	case c.rated <- struct{}{}:
	default:
	}
}

// interval is the time between two pictures that the rate asks for; 0: none.
func (c *Camera) interval() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.intervalLocked()
}

func (c *Camera) intervalLocked() time.Duration {
	if !(c.rate > 0) {
		return 0
	}
	return time.Duration(float64(time.Second) / max(c.rate, 1.0/600))
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
	return c.next(ctx, after, c.silence(), errorPause)
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

// run keeps a reader at work. A reader that hangs in OpenCV or in the kernel
// cannot be stopped; it is left behind, to give its device back when it
// returns, and another one takes its place.
func (c *Camera) run() {
	defer close(c.exited)
	defer c.say(Closed, nil)
	pace := &pacer{stop: c.stop}
	var left []chan error // readers that hang
	attempt := 0
	lost := c.target.name == ""
	for !c.stopped() {
		t, err := c.target, error(nil)
		if lost || t.file {
			if t, err = c.find(); err == nil {
				c.target = t
			}
		}
		if err == nil {
			result := make(chan error, 1)
			id := c.begin()
			go func() { result <- c.read(id, t, t.modeOf(attempt), pace) }()
			var hangs bool
			if err, hangs = c.await(result, t); hangs {
				left = append(left, result)
				c.begin() // whatever it still reads is too old
				pace = &pacer{stop: c.stop}
			}
			if errors.Is(err, errNoPicture) {
				attempt++
			}
			if lost = err != nil; !lost {
				continue
			}
		}
		c.fail(err)
		if !pause(c.stop, retryEvery) {
			break
		}
		left = slices.DeleteFunc(left, func(r chan error) bool { return len(r) > 0 })
		for len(left) >= maxHung && !c.stopped() {
			if pause(c.stop, retryEvery) {
				left = slices.DeleteFunc(left, func(r chan error) bool { return len(r) > 0 })
			}
		}
	}
	for _, r := range left {
		<-r
	}
}

// begin makes the next reader the one whose pictures count.
func (c *Camera) begin() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reader++
	c.beat = time.Now()
	return c.reader
}

// await returns what a reader ended with, or that it hangs. It says meanwhile
// when the camera has fallen silent.
func (c *Camera) await(result <-chan error, t target) (err error, hangs bool) {
	limit := hangLimit
	if !t.file && !t.v4l {
		limit = hangLimitStream // FFmpeg itself gives a network up after half a minute
	}
	for {
		c.mu.Lock()
		quiet, stuck := c.heard.Add(c.silenceLocked()), c.beat.Add(limit+c.intervalLocked())
		silent := c.status.State != Online && c.status.State != Starting
		heard := c.heard
		c.mu.Unlock()
		now := time.Now()
		if !now.Before(stuck) {
			return fmt.Errorf("%w: %s does not return from its driver, for %v", ErrSilent, c.target.shown, limit), true
		}
		due := stuck
		if !silent {
			if !now.Before(quiet) {
				c.say(Silent, fmt.Errorf("%w: %s, for %v", ErrSilent, c.target.shown, now.Sub(heard).Round(100*time.Millisecond)))
				continue
			}
			due = minTime(quiet, stuck)
		}
		timer := time.NewTimer(due.Sub(now))
		select {
		case err := <-result:
			timer.Stop()
			return err, false
		case <-c.online:
			timer.Stop()
		case <-timer.C:
		case <-c.stop:
			timer.Stop()
			return <-result, false
		}
	}
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// silence is the age of the newest picture from which on the camera counts as
// silent, at the present rate.
func (c *Camera) silence() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.silenceLocked()
}

func (c *Camera) silenceLocked() time.Duration {
	return SilenceLimit + c.intervalLocked()
}

// errNoPicture: the device opened and gave nothing; another mode may help.
var errNoPicture = errors.New("not one picture")

// read is the only goroutine that touches its capture, because a capture that
// is released during a read is a crash.
func (c *Camera) read(id int, t target, m mode, pace *pacer) error {
	g, err := c.open(t, m)
	if err != nil {
		return err
	}
	defer g.close()
	good, bad := 0, 0
	due := time.Now()
	looked := due
	for i := 0; c.mine(id); i++ {
		if t.file && !t.within(i, g.fps()) {
			break
		}
		// A device that is changed for another one ends by itself; of a file only its name can tell.
		if now := time.Now(); t.file && now.Sub(looked) >= lookAgain {
			looked = now
			if other, err := c.find(); err == nil && other.name != t.name {
				return fmt.Errorf("%w: %s: another one is there now", ErrNoCamera, t.shown)
			}
		}
		if i > 0 {
			n := c.skip(g, t, due)
			pace.skip(n, g.fps())
			i += n
		}
		raw, ok := g.read()
		if !c.mine(id) {
			return nil
		}
		if !ok {
			if t.file {
				break
			}
			if good == 0 {
				return fmt.Errorf("%w: %s: %w", ErrNoCamera, t.shown, errNoPicture)
			}
			return fmt.Errorf("%w: %s: lost", ErrNoCamera, t.shown)
		}
		if t.file && !pace.wait(g.fps()) {
			return nil
		}
		due = time.Now().Add(c.interval())
		f, err := raw.frame()
		if err != nil {
			if bad++; bad >= badLimit {
				if good == 0 {
					err = errors.Join(err, errNoPicture)
				}
				return fmt.Errorf("%w: %s: %w", ErrBadFrame, t.shown, err)
			}
			continue
		}
		bad = 0
		good++
		c.publish(id, f)
	}
	if good == 0 && c.mine(id) {
		return fmt.Errorf("%w: %s: the file holds no usable picture", ErrBadFrame, t.shown)
	}
	return nil
}

// skip passes over the pictures that the rate does not ask for, and returns how
// many there were. What it does not do is to make them: that is what costs.
func (c *Camera) skip(g grabber, t target, due time.Time) int {
	interval := c.interval()
	if interval == 0 {
		return 0
	}
	n := 0
	switch {
	case t.file:
		if n = int(interval.Seconds()*g.fps()+0.5) - 1; n > 0 {
			g.skip(n)
		}
	case t.v4l:
		timer := time.NewTimer(time.Until(due))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.rated:
		case <-c.stop:
		}
		// The driver has kept pictures of the time before.
		g.skip(staleBuffers)
	default:
		// A network's pictures must be taken in, or they pile up.
		for began := time.Now(); time.Until(due) > 0 && time.Since(began) < slowSkip && !c.stopped(); began = time.Now() {
			g.skip(1)
			if time.Since(began) < quickSkip {
				break // nothing comes any more; reading tells why
			}
		}
	}
	return max(n, 0)
}

// mine reports whether the reader's pictures still count, and notes that it
// moves.
func (c *Camera) mine(id int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reader != id || c.stopped() {
		return false
	}
	c.beat = time.Now()
	return true
}

func (c *Camera) publish(id int, f Frame) {
	c.mu.Lock()
	if c.reader != id {
		c.mu.Unlock()
		return
	}
	f.At = time.Now()
	f.Seq = c.newest.Seq + 1
	c.newest, c.heard, c.failure = f, f.At, nil
	close(c.changed)
	c.changed = make(chan struct{})
	c.sayLocked(Online, nil)
}

func (c *Camera) fail(err error) {
	c.mu.Lock()
	c.failure = err
	close(c.changed)
	c.changed = make(chan struct{})
	c.sayLocked(StateOf(err), err)
}

func (c *Camera) say(s State, err error) {
	c.mu.Lock()
	c.sayLocked(s, err)
}

// sayLocked notes a state, and gives c.mu back. Whoever comes first tells all
// that others note meanwhile, so that the order is kept and no lock is held.
func (c *Camera) sayLocked(s State, err error) {
	defer c.mu.Unlock()
	if c.status.State == s {
		return
	}
	c.status = Status{State: s, Since: time.Now(), Err: err}
	if s == Online {
		select {
		case c.online <- struct{}{}:
		default:
		}
	}
	if c.onState == nil {
		return
	}
	c.untold = append(c.untold, c.status)
	if c.telling {
		return
	}
	c.telling = true
	for len(c.untold) > 0 {
		next := c.untold[0]
		c.untold = c.untold[1:]
		c.mu.Unlock()
		c.onState(next)
		c.mu.Lock()
	}
	c.telling = false
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
	g, err := open(t, mode{})
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

// skip counts n pictures that nobody waits for.
func (p *pacer) skip(n int, fps float64) { p.due = p.due.Add(span(n, fps)) }

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
