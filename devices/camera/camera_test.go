package camera

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// script is a source that the test plays by hand.
type script struct {
	mu     sync.Mutex
	opened int
	closed int
	open   func(n int) (func(i int) (raw, bool), error) // n counts from 1
	rate   float64
	modes  []mode // asked for, in order
}

type scripted struct {
	s    *script
	next func(i int) (raw, bool)
	i    int
	once atomic.Bool
}

func (s *script) opener(_ target, m mode) (grabber, error) {
	s.mu.Lock()
	s.opened++
	n := s.opened
	s.modes = append(s.modes, m)
	s.mu.Unlock()
	read, err := s.open(n)
	if err != nil {
		s.mu.Lock()
		s.closed++ // nothing was opened
		s.mu.Unlock()
		return nil, err
	}
	return &scripted{s: s, next: read}, nil
}

func (g *scripted) read() (raw, bool) { g.i++; return g.next(g.i) }
func (g *scripted) skip(n int)        { g.i += n }
func (g *scripted) fps() float64      { return g.s.rate }
func (g *scripted) close() {
	if g.once.Swap(true) {
		panic("a capture was closed twice")
	}
	g.s.mu.Lock()
	g.s.closed++
	g.s.mu.Unlock()
}

func (s *script) balance() (opened, closed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened, s.closed
}

// picture is a 2×1 picture whose first byte is i.
func picture(i int) raw {
	return raw{w: 2, h: 1, channels: 3, eightBit: true, data: []byte{byte(i), 0, 0, 0, 0, 0}}
}

func TestFileIsPlayedInRealTimeAndRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{rate: 10, open: func(int) (func(int) (raw, bool), error) {
			return func(i int) (raw, bool) { return picture(i), i <= 4 }, nil
		}}
		c, err := start(t.Context(), target{name: "f", shown: "f", file: true}, s.opener, OpenLimit)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2*time.Second + 50*time.Millisecond)
		f, err := c.Next(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		// 10 pictures a second, the first at 0 s, four in each pass.
		if f.Seq != 21 || f.BGR[0] != 1 {
			t.Errorf("after 2.05 s: picture %d with mark %d, want 21 with mark 1", f.Seq, f.BGR[0])
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if o, cl := s.balance(); o != 6 || cl != 6 {
			t.Errorf("%d opened, %d closed, want 6 and 6", o, cl)
		}
	})
}

func TestOnlyTheNewestIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{rate: 25, open: func(int) (func(int) (raw, bool), error) {
			return func(i int) (raw, bool) { return picture(i), true }, nil
		}}
		c, err := start(t.Context(), target{file: true}, s.opener, OpenLimit)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		first, err := c.Next(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10*time.Second + 10*time.Millisecond)
		second, err := c.Next(t.Context(), first.Seq)
		if err != nil {
			t.Fatal(err)
		}
		if second.Seq != 251 {
			t.Errorf("a slow reader got picture %d after %d, want 251, the newest", second.Seq, first.Seq)
		}
		if age := time.Since(second.At); age > 40*time.Millisecond {
			t.Errorf("the newest picture is %v old", age)
		}
		third, err := c.Next(t.Context(), second.Seq)
		if err != nil || third.Seq != second.Seq+1 {
			t.Errorf("the next picture is %d, %v; want %d", third.Seq, err, second.Seq+1)
		}
	})
}

func TestOpenFails(t *testing.T) {
	broken := fmt.Errorf("%w: x", ErrNoCamera)
	for name, tc := range map[string]struct {
		file bool
		open func(release <-chan struct{}) func(int) (func(int) (raw, bool), error)
		want error
	}{
		"cannot be opened": {
			open: func(<-chan struct{}) func(int) (func(int) (raw, bool), error) {
				return func(int) (func(int) (raw, bool), error) { return nil, broken }
			}, want: ErrNoCamera,
		},
		"opening hangs": {
			open: func(release <-chan struct{}) func(int) (func(int) (raw, bool), error) {
				return func(int) (func(int) (raw, bool), error) {
					<-release
					return func(i int) (raw, bool) { return picture(i), true }, nil
				}
			}, want: ErrSilent,
		},
		"reading hangs": {
			open: func(release <-chan struct{}) func(int) (func(int) (raw, bool), error) {
				return func(int) (func(int) (raw, bool), error) {
					return func(int) (raw, bool) { <-release; return raw{}, false }, nil
				}
			}, want: ErrSilent,
		},
		"only bad pictures": {
			open: func(<-chan struct{}) func(int) (func(int) (raw, bool), error) {
				return func(int) (func(int) (raw, bool), error) {
					return func(int) (raw, bool) {
						return raw{w: 5000, h: 5000, channels: 3, eightBit: true}, true
					}, nil
				}
			}, want: ErrBadFrame,
		},
		"an empty file": {
			file: true,
			open: func(<-chan struct{}) func(int) (func(int) (raw, bool), error) {
				return func(int) (func(int) (raw, bool), error) {
					return func(int) (raw, bool) { return raw{}, false }, nil
				}
			}, want: ErrBadFrame,
		},
		"a file of two bad pictures": {
			file: true,
			open: func(<-chan struct{}) func(int) (func(int) (raw, bool), error) {
				return func(int) (func(int) (raw, bool), error) {
					return func(i int) (raw, bool) { return raw{w: 1, h: 1, channels: 2}, i <= 2 }, nil
				}
			}, want: ErrBadFrame,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				s := &script{rate: 25, open: tc.open(release)}
				began := time.Now()
				c, err := start(t.Context(), target{shown: "front", file: tc.file}, s.opener, OpenLimit)
				if !errors.Is(err, tc.want) || c != nil {
					t.Fatalf("%v, want %v", err, tc.want)
				}
				if took := time.Since(began); took > OpenLimit {
					t.Errorf("took %v, limit %v", took, OpenLimit)
				}
				// What hung is given back as soon as it returns.
				close(release)
				synctest.Wait()
				if o, cl := s.balance(); o != cl {
					t.Errorf("%d opened, %d closed", o, cl)
				}
			})
		})
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := &script{rate: 25, open: func(int) (func(int) (raw, bool), error) {
			<-release
			return nil, ErrNoCamera
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := start(ctx, target{}, s.opener, OpenLimit); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the end of the context", err)
		}
		close(release)
	})
}

// R21: a camera that falls silent or is pulled out is said to be so, and is
// there again when it comes back.
func TestLostAndFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := &script{rate: 25}
		s.open = func(n int) (func(int) (raw, bool), error) {
			switch n {
			case 1: // three pictures, a hang, then the plug is pulled
				return func(i int) (raw, bool) {
					if i == 4 {
						<-release
					}
					time.Sleep(40 * time.Millisecond)
					return picture(i), i <= 3
				}, nil
			case 2:
				return nil, fmt.Errorf("%w: gone", ErrNoCamera)
			}
			return func(i int) (raw, bool) { time.Sleep(40 * time.Millisecond); return picture(100), true }, nil
		}
		c, err := start(t.Context(), target{shown: "front"}, s.opener, OpenLimit)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		var seq uint64
		for range 3 {
			f, err := c.Next(t.Context(), seq)
			if err != nil {
				t.Fatal(err)
			}
			seq = f.Seq
		}
		began := time.Now()
		if _, err := c.Next(t.Context(), seq); !errors.Is(err, ErrSilent) {
			t.Fatalf("%v, want silence", err)
		}
		if took := time.Since(began); took != SilenceLimit {
			t.Errorf("silence was told after %v, want %v", took, SilenceLimit)
		}
		// An old picture is not a picture of now.
		if f, err := c.Next(t.Context(), 0); !errors.Is(err, ErrSilent) {
			t.Errorf("picture %d, %v; want silence", f.Seq, err)
		}
		close(release)
		time.Sleep(50 * time.Millisecond)
		if _, err := c.Next(t.Context(), seq); !errors.Is(err, ErrNoCamera) {
			t.Errorf("%v, want lost", err)
		}
		for {
			f, err := c.Next(t.Context(), seq)
			if err == nil {
				if f.BGR[0] != 100 || f.Seq != 4 {
					t.Errorf("picture %d with mark %d, want 4 with mark 100", f.Seq, f.BGR[0])
				}
				break
			}
			if time.Since(began) > time.Minute {
				t.Fatal("the camera never came back")
			}
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := &script{rate: 25, open: func(int) (func(int) (raw, bool), error) {
			return func(i int) (raw, bool) {
				if i > 1 {
					<-release
				}
				return picture(i), true
			}, nil
		}}
		c, err := start(t.Context(), target{}, s.opener, OpenLimit)
		if err != nil {
			t.Fatal(err)
		}
		waiting := make(chan error)
		go func() { _, err := c.Next(t.Context(), 1); waiting <- err }()
		synctest.Wait()
		began := time.Now()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > closeLimit {
			t.Errorf("a hanging camera held Close for %v", took)
		}
		if err := <-waiting; !errors.Is(err, ErrClosed) {
			t.Errorf("a waiting reader got %v, want ErrClosed", err)
		}
		if _, err := c.Next(t.Context(), 0); !errors.Is(err, ErrClosed) {
			t.Errorf("%v, want ErrClosed", err)
		}
		close(release)
		synctest.Wait()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if o, cl := s.balance(); o != 1 || cl != 1 {
			t.Errorf("%d opened, %d closed, want 1 and 1", o, cl)
		}
	})
}

func TestScan(t *testing.T) {
	five := func(int) (func(int) (raw, bool), error) {
		return func(i int) (raw, bool) {
			if i == 2 {
				return raw{w: -1}, true
			}
			return picture(i), i <= 5
		}, nil
	}
	t.Run("all", func(t *testing.T) {
		s := &script{rate: 10, open: five}
		var marks []byte
		var first, last time.Time
		err := scan(t.Context(), target{file: true}, s.opener, func(f Frame) bool {
			if first.IsZero() {
				first = f.At
			}
			last = f.At
			marks = append(marks, f.BGR[0])
			return true
		})
		if err != nil || string(marks) != "\x01\x03\x04\x05" || last.Sub(first) != 400*time.Millisecond {
			t.Errorf("%v, marks %v, last %v after the first", err, marks, last.Sub(first))
		}
	})
	t.Run("part", func(t *testing.T) {
		s := &script{rate: 10, open: five}
		n := 0
		err := scan(t.Context(), target{file: true, from: time.Second, to: time.Second + 300*time.Millisecond}, s.opener,
			func(Frame) bool { n++; return true })
		if err != nil || n != 2 { // three pictures, one of them unusable
			t.Errorf("%v, %d pictures, want 2", err, n)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		s := &script{rate: 10, open: five}
		n := 0
		if err := scan(t.Context(), target{file: true}, s.opener, func(Frame) bool { n++; return n < 2 }); err != nil || n != 2 {
			t.Errorf("%v, %d pictures, want 2", err, n)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		s := &script{rate: 10, open: five}
		ctx, cancel := context.WithCancel(t.Context())
		err := scan(ctx, target{file: true}, s.opener, func(Frame) bool { cancel(); return true })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want cancelled", err)
		}
	})
	t.Run("silent", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			s := &script{rate: 10, open: func(int) (func(int) (raw, bool), error) {
				return func(int) (raw, bool) { <-release; return raw{}, false }, nil
			}}
			if err := scan(t.Context(), target{file: true}, s.opener, func(Frame) bool { return true }); !errors.Is(err, ErrSilent) {
				t.Errorf("%v, want silence", err)
			}
			close(release)
		})
	})
	t.Run("a device", func(t *testing.T) {
		if err := Scan(t.Context(), "http://127.0.0.1:1/", func(Frame) bool { return true }); !errors.Is(err, ErrNotFile) {
			t.Errorf("%v, want ErrNotFile", err)
		}
	})
}

func TestRawFrame(t *testing.T) {
	for name, tc := range map[string]struct {
		raw  raw
		want []byte // nil: refused
	}{
		"BGR":            {raw{1, 1, 3, true, []byte{1, 2, 3}}, []byte{1, 2, 3}},
		"grey":           {raw{2, 1, 1, true, []byte{7, 9}}, []byte{7, 7, 7, 9, 9, 9}},
		"BGRA":           {raw{1, 2, 4, true, []byte{1, 2, 3, 255, 4, 5, 6, 0}}, []byte{1, 2, 3, 4, 5, 6}},
		"zero":           {raw{0, 0, 3, true, nil}, nil},
		"zero height":    {raw{4, 0, 3, true, nil}, nil},
		"negative":       {raw{-1, -1, 3, true, []byte{1, 2, 3}}, nil},
		"giant":          {raw{MaxSide + 1, 1, 3, true, make([]byte, 3*(MaxSide+1))}, nil},
		"two channels":   {raw{1, 1, 2, true, []byte{1, 2}}, nil},
		"16 bits":        {raw{1, 1, 3, false, []byte{1, 2, 3}}, nil},
		"cut":            {raw{2, 2, 3, true, []byte{1, 2, 3}}, nil},
		"too long":       {raw{1, 1, 3, true, []byte{1, 2, 3, 4}}, nil},
		"without pixels": {raw{2, 2, 3, true, nil}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := tc.raw.frame()
			if tc.want == nil {
				if err == nil {
					t.Errorf("accepted as %d×%d", f.Width, f.Height)
				}
				return
			}
			if err != nil || string(f.BGR) != string(tc.want) || f.Width != tc.raw.w || f.Height != tc.raw.h {
				t.Errorf("%v, %v", f, err)
			}
		})
	}
}

func TestImage(t *testing.T) {
	img := Frame{Width: 2, Height: 1, BGR: []byte{1, 2, 3, 4, 5, 6}}.Image()
	if got := img.At(1, 0); got != (color.RGBA{6, 5, 4, 255}) || img.Bounds().Dx() != 2 {
		t.Errorf("%v in %v", got, img.Bounds())
	}
	for _, f := range []Frame{{}, {Width: -1, Height: -1}, {Width: 3, Height: 3, BGR: []byte{1, 2, 3}}} {
		if f.Image() == nil {
			t.Errorf("no image of %v", f)
		}
	}
}
