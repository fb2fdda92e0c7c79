// Package line owns serial ports: one request and one answer at a time, over a port that may be absent, taken, unplugged
// or silent, and that comes back by itself.
//
// It is the only package that opens a serial port. A [Port] opens it when the first request is made, opens it again by
// its path (a symbolic link is followed anew) after a capped exponential back-off with jitter, and states what it found
// as a value, never as a blocked call: every Transact ends within its time-outs or with its context.
//
// # Guarantees
//
//   - Two ports of Emtihan never share a device: an advisory lock (flock) stands beside the kernel's TIOCEXCL.
//   - What arrives when nothing has been asked is thrown away, and after a time-out a late answer is given its time
//     (LateTimeout) before the next request, so that it is not taken for the answer to that one.
//   - A device may answer later still. Protocols without a message number cannot tell such an answer from the right one.
package line

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"time"
)

// maxAnswer bounds what is collected for one answer; no protocol of ours has longer frames.
const maxAnswer = 2048

// Port is a serial port that one or more devices answer on. Its methods may be called by any goroutine.
type Port struct {
	config  Config
	onState func(Status)

	// base ends when Close is called.
	base context.Context
	stop context.CancelFunc

	// turn holds a value while a goroutine owns the port; what follows belongs to that goroutine.
	turn     chan struct{}
	open     *handle
	closing  chan struct{} // closed when the handle that failed is given up, nil if there was none
	failed   error         // why open is nil, nil before the first attempt
	failures int           // failed attempts since the last answer
	retry    time.Time     // no attempt to open before this
	settle   time.Time     // until then an answer to an earlier request may still come
	active   time.Time     // last byte sent or received
	answered time.Time     // last answer, or the opening
	buf      []byte

	mu       sync.Mutex // guards everything that follows
	status   Status
	counters Counters
}

// New returns a port for c without opening it. onState, which may be nil, is told every change of state by the goroutine
// that found it; it must be quick and must not call the port's Transact or Close. An error means that c cannot be used.
func New(c Config, onState func(Status)) (*Port, error) {
	c, err := c.Complete()
	if err != nil {
		return nil, err
	}
	p := &Port{config: c, onState: onState, turn: make(chan struct{}, 1), buf: make([]byte, 256)}
	p.base, p.stop = context.WithCancel(context.Background())
	p.status = Status{State: Closed, Since: time.Now()}
	return p, nil
}

// Config returns the settings with their defaults filled in.
func (p *Port) Config() Config { return p.config }

// Status returns the present state.
func (p *Port) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

// Counters returns the present counts.
func (p *Port) Counters() Counters {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counters
}

// Close ends a running transaction and gives the port up for good.
func (p *Port) Close() error {
	p.stop()
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	var err error
	if p.open != nil {
		err = p.open.close()
		p.open = nil
	}
	if p.closing != nil {
		<-p.closing
	}
	p.enter(Closed, nil)
	return err
}

// Parse looks at all bytes received since the request. It returns done when they hold the answer, with an error if that
// is a refusal; until then it is called again whenever more has come. It must not keep the slice.
type Parse func(received []byte) (done bool, err error)

// Transact waits for its turn, opens the port if it is not open, keeps the gap, sends request and collects bytes until
// parse is done. Callers get their turns in the order in which they came.
//
// It returns the error of parse; or a *PortError when the port cannot be used (also, at once, while the back-off
// runs); or a *NoAnswerError, which is an ErrTimeout; or the cause of ctx; or ErrClosed. A *PortError that is an ErrStalled
// means that the port takes no bytes: it is closed and will be opened anew.
func (p *Port) Transact(ctx context.Context, request []byte, parse Parse) error {
	return p.own(ctx, func(ctx context.Context) error {
		if err := p.quieten(ctx); err != nil {
			return err
		}
		if err := p.send(ctx, request); err != nil {
			return err
		}
		p.count(func(c *Counters) { c.Requests++ })
		return p.receive(ctx, len(request), parse)
	})
}

// own waits for the turn, opens the port if it is not open and calls f, whose waiting ends with ctx or with Close.
func (p *Port) own(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.base, func() { cancel(ErrClosed) })()

	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-p.turn }()
	if p.base.Err() != nil {
		return ErrClosed
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := p.ensureOpen(); err != nil {
		return err
	}
	defer p.interrupt(ctx)()
	return f(ctx)
}

// interrupt makes the end of ctx end what the open port is waiting for. The returned function must be called before the
// turn is passed on; after it the deadlines are left alone.
func (p *Port) interrupt(ctx context.Context) func() {
	file := p.open.file
	ran := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ran)
		// A closed file refuses the deadline and waits for nothing.
		_ = file.SetDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-ran
		}
	}
}

func (p *Port) ensureOpen() error {
	if p.open != nil {
		return nil
	}
	if p.failed != nil && time.Now().Before(p.retry) {
		return p.failed
	}
	if p.closing != nil {
		// While the old handle lives the system would give a returning adapter another name.
		select {
		case <-p.closing:
			p.closing = nil
		default:
			return p.failed
		}
	}
	open, err := openHandle(p.config)
	if err != nil {
		state := stateOf(err)
		if state == Missing && p.Status().State == Unplugged {
			state = Unplugged
		}
		p.count(func(c *Counters) { c.Failures++ })
		return p.fail(state, err)
	}
	p.open, p.failed = open, nil
	p.settle, p.answered = time.Time{}, time.Now()
	p.count(func(c *Counters) { c.Opens++ })
	return nil
}

// fail records that the port cannot be used, sets the time of the next attempt and returns the error for the caller.
func (p *Port) fail(state State, err error) error {
	backoff := p.config.BackoffMax
	if p.failures < 30 {
		backoff = min(backoff, p.config.BackoffMin<<p.failures)
	}
	p.failures++
	// Jitter keeps several programs that lost the same hub from trying in step.
	backoff = time.Duration(float64(backoff) * (0.8 + 0.4*rand.Float64()))
	p.retry = time.Now().Add(backoff)
	p.failed = &PortError{Path: p.config.Path, State: state, Err: err}
	p.enter(state, err)
	return p.failed
}

// drop closes a port that has failed. The close is left to a goroutine because a driver whose device is gone may take
// seconds for it and the caller must learn of the loss now.
func (p *Port) drop(state State, err error) error {
	lost, closed := p.open, make(chan struct{})
	p.open, p.closing = nil, closed
	go func() {
		defer close(closed)
		_ = lost.close()
	}()
	return p.fail(state, err)
}

func (p *Port) lost(err error) error {
	p.count(func(c *Counters) { c.Unplugs++ })
	return p.drop(Unplugged, err)
}

// quieten throws away what has come unasked, gives a late answer its time and keeps the gap before a request. A line that
// does not become quiet within a response time-out gets no request.
func (p *Port) quieten(ctx context.Context) error {
	limit := time.Now()
	if p.settle.After(limit) {
		limit = p.settle
	}
	limit = limit.Add(p.config.ResponseTimeout + p.config.Gap)
	for {
		n, err := p.open.pending(p.buf)
		if err != nil {
			return p.lost(err)
		}
		until := p.active.Add(p.config.Gap)
		if p.settle.After(until) {
			until = p.settle
		}
		if n == 0 {
			if !time.Now().Before(until) {
				return nil
			}
			if err := p.open.file.SetReadDeadline(until); err != nil {
				return p.lost(err)
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			n, err = p.open.file.Read(p.buf)
			if n == 0 && !errors.Is(err, os.ErrDeadlineExceeded) {
				return p.lost(readError(err))
			}
		}
		if n > 0 {
			p.active = time.Now()
			p.count(func(c *Counters) { c.Discarded += uint64(n) })
			if p.active.After(limit) {
				p.count(func(c *Counters) { c.Garbled++ })
				p.enterSilent()
				return &NoAnswerError{Path: p.config.Path, Received: bytes.Clone(p.buf[:n])}
			}
		}
	}
}

func (p *Port) send(ctx context.Context, request []byte) error {
	if err := p.open.file.SetWriteDeadline(time.Now().Add(p.config.WriteTimeout)); err != nil {
		return p.lost(err)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	_, err := p.open.file.Write(request)
	p.active = time.Now()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil:
		// Part of the request may be on its way; the device drops it when the rest does not follow.
		p.settle = p.active.Add(p.config.LateTimeout)
		return context.Cause(ctx)
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.count(func(c *Counters) { c.Stalls++ })
		return p.drop(Silent, ErrStalled)
	}
	return p.lost(err)
}

func (p *Port) receive(ctx context.Context, sent int, parse Parse) error {
	deadline := time.Now().Add(p.config.duration(sent) + p.config.ResponseTimeout)
	if err := p.open.file.SetReadDeadline(deadline); err != nil {
		return p.lost(err)
	}
	var received []byte
	for {
		if ctx.Err() != nil {
			p.settle = deadline.Add(p.config.LateTimeout)
			return context.Cause(ctx)
		}
		n, err := p.open.file.Read(p.buf)
		if n > 0 {
			p.active = time.Now()
			received = append(received, p.buf[:n]...)
			if done, err := parse(received); done {
				p.answered, p.failures = p.active, 0
				p.count(func(c *Counters) { c.Answers++ })
				p.enter(Online, nil)
				return err
			}
			if more := p.active.Add(p.config.CharTimeout); more.After(deadline) {
				deadline = more
				if err := p.open.file.SetReadDeadline(deadline); err != nil {
					return p.lost(err)
				}
			}
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil:
		case errors.Is(err, os.ErrDeadlineExceeded), len(received) > maxAnswer:
			p.settle = time.Now().Add(p.config.LateTimeout)
			p.count(func(c *Counters) {
				if len(received) == 0 {
					c.Timeouts++
				} else {
					c.Garbled++
				}
			})
			p.enterSilent()
			return &NoAnswerError{Path: p.config.Path, Received: received}
		case err != nil || n == 0:
			return p.lost(readError(err))
		}
	}
}

// readError names the end of file, with which some drivers report that the device is gone.
func readError(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return errors.New("the port was hung up")
	}
	return err
}

// enterSilent says Silent when nobody on the line has answered for long; one silent device among others is no matter of
// the line.
func (p *Port) enterSilent() {
	if p.Status().State != Online || time.Since(p.answered) >= 10*p.config.ResponseTimeout {
		p.enter(Silent, ErrTimeout)
	}
}

func (p *Port) count(f func(*Counters)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.counters)
}

func (p *Port) enter(state State, err error) {
	p.mu.Lock()
	changed := p.status.State != state
	if changed {
		p.status = Status{State: state, Since: time.Now(), Err: err}
	}
	status := p.status
	p.mu.Unlock()
	if changed && p.onState != nil {
		p.onState(status)
	}
}
