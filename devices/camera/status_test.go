package camera

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gocv.io/x/gocv"
)

// heard collects what a camera tells of its state.
type heard struct {
	mu  sync.Mutex
	all []State
	cam *Camera
}

func (h *heard) on(s Status) {
	if h.cam != nil {
		_ = h.cam.Status() // whoever is told may ask
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, s.State)
}

func (h *heard) states() []State {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

// R21: what is wrong with a camera is told as it happens, without anybody asking for a picture.
func TestStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{rate: 25}
		release := make(chan struct{})
		s.open = func(n int) (func(int) (raw, bool), error) {
			switch n {
			case 1:
				return nil, fmt.Errorf("%w: x: %w", ErrNoCamera, syscall.EBUSY)
			case 2:
				return nil, fmt.Errorf("%w: x: %w", ErrNoCamera, syscall.EACCES)
			case 3:
				return func(i int) (raw, bool) {
					if i == 3 {
						<-release
						return raw{}, false
					}
					time.Sleep(200 * time.Millisecond) // five pictures a second are not silence
					return picture(i), true
				}, nil
			case 4:
				return nil, fmt.Errorf("%w: x: %w", ErrNoCamera, syscall.ENODEV)
			case 5:
				return func(int) (raw, bool) {
					time.Sleep(40 * time.Millisecond)
					return raw{w: MaxSide + 1, h: 1, channels: 3, eightBit: true}, true
				}, nil
			}
			return func(i int) (raw, bool) { time.Sleep(200 * time.Millisecond); return picture(i), true }, nil
		}
		h := &heard{}
		c := newCamera(target{name: "x", shown: "x", v4l: true}, s.opener, Options{OnState: h.on})
		h.cam = c
		if got := c.Status(); got.State != Starting || got.Since.IsZero() {
			t.Errorf("before the first answer: %+v", got)
		}
		go c.run()
		time.Sleep(2*retryEvery + time.Second)
		if got := c.Status(); got.State != Silent && got.State != Online {
			t.Errorf("%+v", got)
		}
		time.Sleep(SilenceLimit)
		if got := c.Status(); got.State != Silent || !errors.Is(got.Err, ErrSilent) {
			t.Errorf("after the silence: %+v", got)
		}
		close(release)
		time.Sleep(8 * time.Second)
		if got := c.Status(); got.State != Online || got.Err != nil {
			t.Errorf("at the end: %+v", got)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		want := []State{Busy, Forbidden, Online, Silent, Unplugged, Unusable, Online, Closed}
		if got := h.states(); !slices.Equal(got, want) {
			t.Errorf("%v\nwant %v", got, want)
		}
	})
}

// A reader that never returns is left behind, and gives its device back when it does return; what it read then is too old.
func TestHangingReaderIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := &script{rate: 25}
		s.open = func(n int) (func(int) (raw, bool), error) {
			if n <= 2 {
				return func(i int) (raw, bool) {
					if i > 1 {
						<-release
					}
					return picture(n), true
				}, nil
			}
			return func(int) (raw, bool) { time.Sleep(100 * time.Millisecond); return picture(77), true }, nil
		}
		c, err := start(t.Context(), target{shown: "x", v4l: true}, s.opener, OpenLimit)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(hangLimit - time.Second)
		if o, _ := s.balance(); o != 1 {
			t.Errorf("%d readers within the limit, want 1", o)
		}
		// Two may hang; a third would only take another thread.
		time.Sleep(5 * hangLimit)
		if o, cl := s.balance(); o != 2 || cl != 0 {
			t.Errorf("%d opened, %d closed while two hang, want 2 and 0", o, cl)
		}
		if got := c.Status().State; got != Silent {
			t.Errorf("while both hang the camera is %s", got)
		}
		close(release)
		time.Sleep(3 * retryEvery)
		f, err := c.Next(t.Context(), 0)
		if err != nil || f.BGR[0] != 77 {
			t.Errorf("picture with mark %v, %v; want one of the third reader", f.BGR, err)
		}
		if o, cl := s.balance(); o != 3 || cl != 2 {
			t.Errorf("%d opened, %d closed, want 3 and 2", o, cl)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if o, cl := s.balance(); o != cl {
			t.Errorf("%d opened, %d closed after the end", o, cl)
		}
	})
}

// Two cameras on one bus: a device that opens and then gives nothing is asked in another way; one that is busy is not.
func TestModes(t *testing.T) {
	for _, tc := range []struct {
		name  string
		named mode
		fails func(n int) error // of opening
		want  []mode
	}{
		{name: "no picture", want: []mode{modes[0], modes[1], modes[2], modes[3], modes[4], modes[0]}},
		{name: "named", named: mode{w: 1280, h: 720}, want: []mode{{w: 1280, h: 720}, {w: 1280, h: 720}}},
		{
			name:  "busy",
			fails: func(int) error { return fmt.Errorf("%w: %w", ErrNoCamera, syscall.EBUSY) }, want: []mode{modes[0], modes[0]},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{rate: 25, open: func(n int) (func(int) (raw, bool), error) {
					if tc.fails != nil {
						return nil, tc.fails(n)
					}
					return func(int) (raw, bool) { return raw{}, false }, nil
				}}
				c := newCamera(target{name: "x", v4l: true, mode: tc.named}, s.opener, Options{})
				go c.run()
				time.Sleep(time.Duration(len(tc.want)-1)*retryEvery + retryEvery/2)
				_ = c.Close()
				synctest.Wait()
				if !slices.Equal(s.modes, tc.want) {
					t.Errorf("asked for %v\nwant %v", s.modes, tc.want)
				}
			})
		})
	}
}

// A picture that nobody needs is not made.
func TestRate(t *testing.T) {
	for name, to := range map[string]target{"file": {file: true}, "device": {v4l: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var made atomic.Int64
				s := &script{rate: 25, open: func(int) (func(int) (raw, bool), error) {
					return func(i int) (raw, bool) {
						made.Add(1)
						if to.v4l {
							time.Sleep(40 * time.Millisecond)
						}
						return picture(i % 250), true
					}, nil
				}}
				to.name, to.shown = "x", "x"
				h := &heard{}
				c := newCamera(to, s.opener, Options{Rate: 0.5, OnState: h.on})
				go c.run()
				defer func() { _ = c.Close() }()
				time.Sleep(20*time.Second + time.Millisecond)
				if n := made.Load(); n < 9 || n > 12 {
					t.Errorf("%d pictures made in 20 s, want about 10", n)
				}
				f, err := c.Next(t.Context(), 0)
				if err != nil {
					t.Fatal(err)
				}
				if to.file && f.BGR[0] != 1 {
					t.Errorf("after 20 s of a file at 25 a second: mark %d, want 1 (picture 501)", f.BGR[0])
				}
				if got := h.states(); !slices.Equal(got, []State{Online}) {
					t.Errorf("two seconds between pictures are no silence, told were %v", got)
				}
				c.SetRate(0)
				before := made.Load()
				time.Sleep(4 * time.Second)
				if n := made.Load() - before; n < 40 {
					t.Errorf("%d pictures in 4 s at full rate", n)
				}
			})
		})
	}
}

func TestStateOf(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want State
	}{
		{fmt.Errorf("%w: x", ErrSilent), Silent},
		{fmt.Errorf("%w: %w", ErrNoCamera, syscall.EBUSY), Busy},
		{fmt.Errorf("%w: %w", ErrNoCamera, syscall.EACCES), Forbidden},
		{fmt.Errorf("%w: %w", ErrNoCamera, &fs.PathError{Op: "stat", Path: "x", Err: syscall.EPERM}), Forbidden},
		{fmt.Errorf("%w: %w", ErrNoCamera, fs.ErrNotExist), Unplugged},
		{fmt.Errorf("%w: %w", ErrNoCamera, syscall.ENODEV), Unplugged},
		{fmt.Errorf("%w: %w", ErrNoCamera, errNotVideo), Unusable},
		{fmt.Errorf("%w: x", ErrBadFrame), Unusable},
		{errName, Unusable},
	} {
		if got := StateOf(tc.err); got != tc.want {
			t.Errorf("%v: %s, want %s", tc.err, got, tc.want)
		}
	}
}

func TestDiagnose(t *testing.T) {
	if err := diagnose("/dev/null"); !errors.Is(err, errNotVideo) {
		t.Errorf("/dev/null: %v", err)
	}
	if err := diagnose(filepath.Join(t.TempDir(), "video0")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	locked := filepath.Join(t.TempDir(), "video0")
	if err := os.WriteFile(locked, nil, 0); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		if err := diagnose(locked); StateOf(fmt.Errorf("%w: %w", ErrNoCamera, err)) != Forbidden {
			t.Errorf("no right: %v", err)
		}
	}
}

func TestStartRefusesOnlyNames(t *testing.T) {
	for _, source := range []string{"", "256", "ftp://x/y", "0#mode=0x5", "/dev/video0#mode=RGB3"} {
		if c, err := Start(source, Options{}); !errors.Is(err, ErrName) {
			t.Errorf("%q: %v, want ErrName", source, err)
			if c != nil {
				_ = c.Close()
			}
		}
	}
}

// jpegs returns pictures as a webcam's MJPEG stream holds them.
func jpegs(t *testing.T, n int) [][]byte {
	t.Helper()
	out := make([][]byte, n)
	for i := range out {
		m := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(float64(40*i%255), 120, 90, 0), 240, 320, gocv.MatTypeCV8UC3)
		b, err := gocv.IMEncode(gocv.JPEGFileExt, m)
		_ = m.Close()
		if err != nil {
			t.Fatal(err)
		}
		out[i] = slices.Clone(b.GetBytes())
		b.Close()
	}
	return out
}

// awaitState waits until the camera is in a state.
func awaitState(t *testing.T, c *Camera, want State) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); c.Status().State != want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the camera is %+v, want %s", c.Status(), want)
		}
	}
}

// R21: a real stream that stops in the middle of a picture, goes away and comes back, through the real decoder.
func TestStreamStallsEndsAndReturns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cam.mjpeg")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	pictures := jpegs(t, 4)
	feed := func() *os.File {
		t.Helper()
		f, err := os.OpenFile(path, os.O_RDWR, 0) // never waits for the reader
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	stop := make(chan struct{})
	var writers sync.WaitGroup
	write := func(f *os.File, stop <-chan struct{}) {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					_, _ = f.Write(pictures[0][:100]) // half a picture
					return
				case <-time.After(time.Millisecond): // the decoder wants many pictures before it shows the first
				}
				if _, err := f.Write(pictures[i%len(pictures)]); err != nil {
					return
				}
			}
		})
	}
	first := feed()
	write(first, stop)
	c, err := Start(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer released(t)
	defer func() { _ = c.Close() }()
	awaitState(t, c, Online)
	f, err := c.Next(t.Context(), 0)
	if err != nil || f.Width != 320 || f.Height != 240 {
		t.Fatalf("%d×%d, %v", f.Width, f.Height, err)
	}
	close(stop)
	writers.Wait()
	awaitState(t, c, Silent)
	_ = first.Close() // the plug
	awaitState(t, c, Unplugged)
	again := make(chan struct{})
	second := feed()
	write(second, again)
	awaitState(t, c, Online)
	g, err := c.Next(t.Context(), f.Seq)
	if err != nil || g.Seq <= f.Seq {
		t.Errorf("picture %d after %d, %v", g.Seq, f.Seq, err)
	}
	_ = c.Close()
	close(again)
	_ = second.Close() // the writer may wait in a pipe that nobody empties any more
	writers.Wait()
}

// A camera that is plugged in later, and one whose link leads elsewhere after it was lost.
func TestPluggedInLater(t *testing.T) {
	one, two := video(t, "cap13_edit2.mp4"), video(t, "franck.mp4")
	link := filepath.Join(t.TempDir(), "camera")
	c, err := Start(link+"#t=1,1.4", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer released(t)
	defer func() { _ = c.Close() }()
	awaitState(t, c, Unplugged)
	if _, err := c.Next(t.Context(), 0); !errors.Is(err, ErrNoCamera) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want that there is none", err)
	}
	if err := os.Symlink(one, link); err != nil {
		t.Fatal(err)
	}
	awaitState(t, c, Online)
	copied := filepath.Join(t.TempDir(), "copy.mp4")
	data, err := os.ReadFile(two)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, data, 0o600); err != nil {
		t.Fatal(err)
	}
	other, err := Start(copied+"#t=1,1.4", Options{Rate: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	awaitState(t, other, Online)
	// Front and desk camera of one seat run side by side.
	f, ferr := c.Next(t.Context(), 0)
	g, gerr := other.Next(t.Context(), 0)
	if ferr != nil || gerr != nil || f.Width != 400 || g.Width != 360 {
		t.Errorf("%d wide (%v) and %d wide (%v), want 400 and 360", f.Width, ferr, g.Width, gerr)
	}
	// The name leads to another camera, in the middle of a pass and at its end.
	next := link + ".next"
	if err := os.Symlink(copied, next); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, link); err != nil {
		t.Fatal(err)
	}
	for f.Width != g.Width {
		if f, ferr = c.Next(t.Context(), f.Seq); t.Context().Err() != nil {
			t.Fatalf("the other camera's pictures do not come: %v", ferr)
		}
	}
	// The file is gone: at the next pass the camera is, too; a damaged one in its place is no camera.
	if err := os.Remove(copied); err != nil {
		t.Fatal(err)
	}
	awaitState(t, other, Unplugged)
	if err := os.WriteFile(copied, data[:1000], 0o600); err != nil {
		t.Fatal(err)
	}
	awaitState(t, other, Unusable)
	if err := os.WriteFile(copied, data, 0o600); err != nil {
		t.Fatal(err)
	}
	awaitState(t, other, Online)
}
