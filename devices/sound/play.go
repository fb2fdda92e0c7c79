package sound

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// pcm is an opened loudspeaker. No method waits longer than waitSlice.
type pcm interface {
	// write takes samples and returns how many frames it took; none where it has no room within waitSlice.
	write(samples []int16, channels int) (frames int, err error)
	// pending returns how many frames were taken and not yet heard.
	pending() int
	// finish plays what is pending: it is called once, after the last write.
	finish() error
	// close ends at once.
	close()
}

const (
	waitSlice = 100 * time.Millisecond
	latency   = 200 * time.Millisecond // how much is pending at most
	stall     = 3 * time.Second        // a device that takes nothing for so long is broken
	chunk     = 20                     // pieces in a second in which samples are passed on
)

// player plays on what open opens.
type player struct {
	open   func(Format) (pcm, error)
	volume atomic.Int32

	mu   sync.Mutex
	stop chan struct{} // of the sound that plays; nil: none
	done chan struct{} // it has let go of the device
}

func newPlayer(open func(Format) (pcm, error)) *player {
	p := &player{open: open}
	p.volume.Store(StartVolume)
	return p
}

// Play implements Player.
func (p *player) Play(s Source, from time.Duration, tell func(Reading)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.done
	p.halt()
	stop, done := make(chan struct{}), make(chan struct{})
	p.stop, p.done = stop, done
	go func() {
		defer close(done)
		if before != nil {
			<-before
		}
		r := &run{p: p, s: s, tell: tell, stop: stop}
		last := r.play(from)
		tell(last)
	}()
}

// Stop implements Player.
func (p *player) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.halt()
}

func (p *player) halt() {
	if p.stop != nil {
		close(p.stop)
		p.stop = nil
	}
}

// SetVolume implements Player.
func (p *player) SetVolume(percent int) { p.volume.Store(int32(min(max(percent, 0), 100))) }

// Volume implements Player.
func (p *player) Volume() int { return int(p.volume.Load()) }

// gain makes equal steps of the volume sound equal: loudness is felt by its power.
func gain(percent int32) int32 { return percent * percent * 65536 / 10000 }

// run is one playing of a sound.
type run struct {
	p     *player
	s     Source
	tell  func(Reading)
	stop  chan struct{}
	out   pcm
	start int64 // the first frame
	given int64 // frames that the device has taken
	heard time.Duration
	last  int32 // gain of the last sample
}

func (r *run) stopped() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}

// place returns how far the sound has been heard.
func (r *run) place() time.Duration {
	if r.out != nil {
		r.heard = max(r.heard, Time(r.start+max(0, r.given-int64(r.out.pending())), r.s.Format().Rate))
	}
	return r.heard
}

func (r *run) ends(state State, err error) Reading {
	return Reading{State: state, Position: r.place(), Err: err}
}

func (r *run) fails(err error) Reading {
	if errors.Is(err, ErrNoDevice) {
		return r.ends(NoDevice, err)
	}
	return r.ends(Failed, err)
}

func (r *run) play(from time.Duration) Reading {
	r.start = frame(r.s, from)
	r.heard = Time(r.start, r.s.Format().Rate)
	if err := r.s.GoTo(r.start); err != nil {
		return r.fails(err)
	}
	out, err := r.p.open(r.s.Format())
	if err != nil {
		return r.fails(err)
	}
	r.out = out
	defer out.close()
	f := r.s.Format()
	buf := make([]int16, max(1, f.Rate/chunk)*f.Channels)
	r.last = gain(r.p.volume.Load())
	told := time.Now()
	r.tell(Reading{State: Playing, Position: r.heard})
	for {
		n, err := r.s.Read(buf)
		if err != nil && !errors.Is(err, io.EOF) {
			return r.fails(err)
		}
		if n == 0 {
			return r.drain()
		}
		r.turn(buf[:n], f.Channels)
		if end := r.give(buf[:n], f.Channels); end != nil {
			return *end
		}
		if now := time.Now(); now.Sub(told) >= waitSlice {
			told = now
			r.tell(Reading{State: Playing, Position: r.place()})
		}
	}
}

// turn brings samples to the volume, gradually from the last one on, or a change would click.
func (r *run) turn(samples []int16, channels int) {
	to, n := gain(r.p.volume.Load()), int32(len(samples)/channels)
	for i := range n {
		g := int64(r.last) + int64(to-r.last)*int64(i+1)/int64(n)
		for c := range channels {
			at := int(i)*channels + c
			samples[at] = int16(int64(samples[at]) * g >> 16)
		}
	}
	r.last = to
}

// give passes samples on; a reading is returned where that ends the sound.
func (r *run) give(samples []int16, channels int) *Reading {
	moved := time.Now()
	for len(samples) > 0 {
		if r.stopped() {
			end := r.ends(Stopped, nil)
			return &end
		}
		n, err := r.out.write(samples, channels)
		if err != nil {
			end := r.fails(err)
			return &end
		}
		if n > 0 {
			moved = time.Now()
			r.given += int64(n)
			samples = samples[n*channels:]
		} else if time.Since(moved) > stall {
			end := r.fails(fmt.Errorf("%w: it has taken nothing for %v", ErrNoDevice, stall))
			return &end
		}
	}
	return nil
}

// drain waits until the last frame is heard.
func (r *run) drain() Reading {
	if err := r.out.finish(); err != nil {
		return r.fails(err)
	}
	for deadline := time.Now().Add(latency + stall); r.out.pending() > 0; {
		if time.Now().After(deadline) {
			return r.fails(fmt.Errorf("%w: it does not play what it has taken", ErrNoDevice))
		}
		select {
		case <-r.stop:
			return r.ends(Stopped, nil)
		case <-time.After(waitSlice / 4):
		}
		r.tell(Reading{State: Playing, Position: r.place()})
	}
	r.heard = max(r.heard, Length(r.s))
	return Reading{State: Ended, Position: r.heard}
}
