package station

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"emtihan/exam"
	"emtihan/station/session"
)

// sleeper is a window system at which nobody does anything but what a test says.
type sleeper struct {
	events chan struct{} // a key, or wake
	mu     sync.Mutex    // guards naps
	naps   []time.Duration
}

// napped returns the naps so far.
func (s *sleeper) napped() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.naps)
}

func (s *sleeper) wait(d time.Duration) {
	s.mu.Lock()
	s.naps = append(s.naps, d)
	s.mu.Unlock()
	select {
	case <-s.events:
	case <-time.After(d):
	}
}

func (s *sleeper) wake() {
	select {
	case s.events <- struct{}{}:
	default: // one is there already
	}
}

// dozing runs a toolkit's goroutine that naps in a window system of the test's own.
func dozing(t *testing.T, allowed func() bool, test func(*doze, *sleeper)) {
	synctest.Test(t, func(*testing.T) {
		queue := make(chan func(), 16)
		s := &sleeper{events: make(chan struct{}, 1)}
		d := newDoze(allowed)
		d.window, d.queue = s, func(f func()) { queue <- f }
		stop, over := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(over)
			for {
				select {
				case f := <-queue:
					f()
				case <-stop:
					return
				}
			}
		}()
		go d.run(stop)
		test(d, s)
		close(stop)
		s.wake()
		<-over
	})
}

func always() bool { return true }

func TestNapIsLongWhileNobodyIsThere(t *testing.T) {
	dozing(t, always, func(_ *doze, s *sleeper) {
		time.Sleep(10 * longNap)
		synctest.Wait()
		if n := len(s.napped()); n < 8 || n > 10 {
			t.Errorf("%d naps in the time of ten", n)
		}
		for _, nap := range s.napped() {
			if nap != longNap {
				t.Errorf("a nap of %v", nap)
			}
		}
	})
}

func TestKeyEndsNapAndKeepsTheNextOnesShort(t *testing.T) {
	dozing(t, always, func(d *doze, s *sleeper) {
		time.Sleep(longNap + longNap/2)
		synctest.Wait()
		s.events <- struct{}{} // a key
		synctest.Wait()
		if d.still() {
			t.Fatal("nobody is there, a moment after a key")
		}
		before, pressed := len(s.napped()), time.Now()
		time.Sleep(awakeLong - time.Millisecond)
		synctest.Wait()
		if len(s.napped()) != before {
			t.Error("a nap before the key was painted")
		}
		time.Sleep(stillAfter / 2)
		synctest.Wait()
		if len(s.napped()) == before {
			t.Error("no nap after the key was painted")
		}
		for _, nap := range s.napped()[before:] {
			if nap != shortNap {
				t.Errorf("a nap of %v %v after a key", nap, time.Since(pressed))
			}
		}
	})
}

// R9, R13–R17: what comes from the session is on the screen at once, also while nobody touches anything.
func TestPostEndsNap(t *testing.T) {
	dozing(t, always, func(d *doze, s *sleeper) {
		for range 50 {
			time.Sleep(longNap/3 + 7*time.Millisecond)
			ran := make(chan time.Time, 1)
			posted := time.Now()
			d.post(func() { ran <- time.Now() })
			if late := (<-ran).Sub(posted); late != 0 {
				t.Fatalf("what was posted ran %v later", late)
			}
			if !d.still() {
				t.Fatal("what the program posts was taken for somebody's hands")
			}
		}
	})
}

func TestNoNapWhileSomethingMoves(t *testing.T) {
	dozing(t, func() bool { return false }, func(_ *doze, s *sleeper) {
		time.Sleep(10 * longNap)
		synctest.Wait()
		if n := len(s.napped()); n != 0 {
			t.Errorf("%d naps", n)
		}
	})
}

func TestTidiesAFewTimesPerRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoze(always)
		if d.tidies() {
			t.Error("there is nothing to tidy up before anybody did anything")
		}
		for range 2 {
			d.touched.Store(time.Now().UnixMilli())
			for range mostTidy {
				time.Sleep(tidyAfter - time.Millisecond)
				if d.tidies() {
					t.Error("too soon")
				}
				time.Sleep(time.Millisecond)
				if !d.tidies() {
					t.Error("not tidied up")
				}
				if d.tidies() {
					t.Error("twice at once")
				}
			}
			time.Sleep(10 * tidyAfter)
			if d.tidies() {
				t.Error("again and again")
			}
		}
	})
}

// The time that passes does not wake the toolkit (R6): the clock's own look takes it, and what else happens is shown at once.
func TestTimeDoesNotWake(t *testing.T) {
	posted := 0
	u := &ui{post: func(func()) { posted++ }}
	v := session.View{Attempt: &exam.Attempt{Phase: exam.PhaseRunning}, News: 5, Appended: 5, Durable: 5}
	u.push(v)
	u.take()
	if posted != 1 || u.view.News != 5 {
		t.Fatalf("the first view was shown %d times", posted)
	}
	for range 3 {
		v.Appended++
		u.push(v)
		v.Durable = v.Appended
		u.push(v)
	}
	if posted != 1 {
		t.Errorf("time that passed woke the toolkit %d times", posted-1)
	}
	if u.grow(); u.view.Appended != v.Appended {
		t.Errorf("the clock looked at record %d, the newest is %d", u.view.Appended, v.Appended)
	}
	v.News, v.Appended = 9, 9
	u.push(v)
	v.Durable = 9
	u.push(v)
	v.Appended, v.Durable = 10, 10
	u.push(v)
	if posted != 2 {
		t.Errorf("news was shown %d times, want once", posted-1)
	}
	if u.grow(); u.view.News != 5 {
		t.Error("the clock took news away from the screen that waits for it")
	}
	if u.take(); u.view.Appended != 10 {
		t.Errorf("the screen shows record %d, the newest is 10", u.view.Appended)
	}
	v.Trouble = errors.New("the disk is full")
	u.push(v)
	if posted != 3 {
		t.Error("a failing disk waits for the clock")
	}
}
