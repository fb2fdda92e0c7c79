package station

import (
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
)

// doze keeps the toolkit from asking for input sixty times a second while nobody does anything: each time costs several
// switches between threads, which together are more than all the rest of an exam screen at which somebody thinks. Instead its
// goroutine waits in the window system for the next key, a function that this program posts, or the end of a nap.
type doze struct {
	allowed  func() bool // nothing moves on the screen by itself
	window   windowSystem
	queue    func(func()) // has the toolkit's goroutine run a function
	posted   atomic.Int64 // functions that have been posted and have not run
	napping  atomic.Bool
	touched  atomic.Int64 // when somebody's hands ended a nap last, in Unix milliseconds
	tidied   int64        // what touched was when memory was given back last; the goroutine's that ticks
	tidyings int          // since then

	until time.Time // no nap before; the toolkit's goroutine's own, like allowed
}

// windowSystem is where the toolkit's goroutine waits for the next key.
type windowSystem interface {
	// wait returns after the time, or sooner: when somebody's hands did something, or wake was called.
	wait(time.Duration)
	// wake ends wait, or the next one. Any goroutine may call it.
	wake()
}

func newDoze(allowed func() bool) *doze {
	return &doze{allowed: allowed, window: realWindows{}, queue: fyne.Do}
}

const (
	// How late what the toolkit itself wants to do by the clock may come. The station's own clocks post functions.
	longNap  = time.Second
	shortNap = 40 * time.Millisecond // while somebody uses keyboard or mouse

	// How long after something was done the toolkit runs as it always does, to paint what has changed: two of its rounds, and
	// after a key until a pane has repeated what it showed.
	awake     = 35 * time.Millisecond
	awakeLong = 100 * time.Millisecond

	stillAfter = 3 * time.Second
	tidyAfter  = 35 * time.Second // frugal.Keep, and what the toolkit takes until it looks
	mostTidy   = 2                // what the first lets the toolkit drop, the second gives back
)

// still reports whether nobody has touched keyboard or mouse for some seconds.
func (d *doze) still() bool {
	return time.Since(time.UnixMilli(d.touched.Load())) > stillAfter
}

// tidies reports, twice after each time that somebody did something and then stopped, that nobody will notice some tidying up.
func (d *doze) tidies() bool {
	touched := d.touched.Load()
	if touched != d.tidied {
		d.tidied, d.tidyings = touched, 0
	}
	if touched == 0 || d.tidyings >= mostTidy || time.Since(time.UnixMilli(touched)) < time.Duration(d.tidyings+1)*tidyAfter {
		return false
	}
	d.tidyings++
	return true
}

// post runs f on the toolkit's goroutine, like fyne.Do, and ends a nap.
func (d *doze) post(f func()) {
	d.posted.Add(1)
	d.queue(func() {
		d.posted.Add(-1)
		d.stay(awake)
		f()
	})
	if d.napping.Load() {
		d.window.wake()
	}
}

func (d *doze) stay(t time.Duration) {
	if until := time.Now().Add(t); until.After(d.until) {
		d.until = until
	}
}

// run naps again and again until stop is closed.
func (d *doze) run(stop <-chan struct{}) {
	done := make(chan struct{}, 1)
	for {
		select {
		case <-stop:
			return
		case <-time.After(awake):
		}
		d.queue(func() {
			d.nap()
			done <- struct{}{}
		})
		select {
		case <-stop:
			return
		case <-done:
		}
	}
}

func (d *doze) nap() {
	if time.Now().Before(d.until) || !d.allowed() {
		return
	}
	length := shortNap
	if d.still() {
		length = longNap
	}
	d.napping.Store(true)
	defer d.napping.Store(false)
	// Who posts after this sees the nap and ends it.
	if d.posted.Load() > 0 {
		return
	}
	end := time.Now().Add(length)
	d.window.wait(length)
	if d.posted.Load() == 0 && time.Now().Before(end) {
		d.touched.Store(time.Now().UnixMilli())
		d.stay(awakeLong)
	}
}
