package room

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"emtihan/exam"

	"github.com/google/uuid"
)

// Options of a station's end of the link.
type Options struct {
	Station string // name of the station; required
	// OnAct is told of each act drawn up about the attempt that the station last spoke of, once per number as long as the
	// program runs. It is called from the client's goroutine and must not call Close.
	OnAct func(exam.ActTied)
	// OnOrder is told of each order to all stations, and of the one that stands at each reconnection and for each new attempt;
	// see [Order.Command] for what it asks of an attempt, nothing where that has obeyed it. It is called from the client's goroutine and must not call Close.
	OnOrder func(Order)
	// OnState is told when the link comes up and goes down, with the reason where it is down. It must not block.
	OnState func(connected bool, why error)
	// Unsent is the most notices kept for a room that cannot be reached or cannot write; 0 means 1024.
	Unsent int
	// RetryMin and RetryMax bound the pause between two attempts to connect; 0 means 100 ms and 3 s.
	RetryMin, RetryMax time.Duration
	// Linger is how long Close waits for the room to write down what is unsent while the link is up; 0 means 500 ms.
	Linger time.Duration
}

// Client is a station's end of the link. Its methods may be called from any goroutine; none but Close waits.
type Client struct {
	path string
	opt  Options
	run  string

	mu      sync.Mutex // guards what follows
	queue   []message  // notices that are not acknowledged, in order
	sent    uint64     // number of the last notice written to the present connection
	next    uint64
	attempt string
	dropped uint64
	seen    map[string]bool // acts handed on, by number
	conn    net.Conn
	empty   chan struct{} // closed when the queue is empty, while Close waits
	closed  bool

	wake chan struct{}
	quit chan struct{}
	done chan struct{}
}

// Dial returns a client that connects to the room's socket in the background, and again whenever the link is lost. It never
// fails: a room that is not there is one that is not there yet.
func Dial(path string, opt Options) *Client {
	if opt.Unsent == 0 {
		opt.Unsent = 1024
	}
	if opt.RetryMin == 0 {
		opt.RetryMin = 100 * time.Millisecond
	}
	if opt.RetryMax == 0 {
		opt.RetryMax = max(3*time.Second, opt.RetryMin)
	}
	if opt.Linger == 0 {
		opt.Linger = 500 * time.Millisecond
	}
	c := &Client{
		path: path, opt: opt, run: uuid.NewString(), seen: make(map[string]bool),
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	go c.keep()
	return c
}

// Say hands a notice to the room, now or as soon as it can be reached, in the order of the calls. It never blocks: when
// Options.Unsent notices wait, the oldest is dropped and counted. Texts longer than MaxText are cut, a Frame longer than
// MaxFrame is left out, and an empty Station is filled in.
func (c *Client) Say(n Notice) {
	if n.Station == "" {
		n.Station = c.opt.Station
	}
	n.fit()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if n.Attempt != "" {
		c.attempt = n.Attempt
	}
	if len(c.queue) >= c.opt.Unsent {
		c.queue = c.queue[1:]
		c.dropped++
	}
	c.next++
	c.queue = append(c.queue, message{Kind: kindNotice, Seq: c.next, Notice: &n})
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Unsent returns how many notices the room has not acknowledged.
func (c *Client) Unsent() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

// Dropped returns how many notices were given up because too many waited. The room may have heard the newest of them: what
// it cannot write down it does not acknowledge.
func (c *Client) Dropped() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dropped
}

// Close ends the link. While it is up, notices that wait get Options.Linger to leave. It returns an error that counts
// those that did not.
func (c *Client) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		<-c.done
		return nil
	}
	c.closed = true
	var empty chan struct{}
	if len(c.queue) > 0 && c.conn != nil {
		empty = make(chan struct{})
		c.empty = empty
	}
	c.mu.Unlock()
	if empty != nil {
		select {
		case <-empty:
		case <-time.After(c.opt.Linger):
		}
	}
	close(c.quit)
	c.mu.Lock()
	if c.conn != nil {
		c.conn.Close()
	}
	c.mu.Unlock()
	<-c.done
	if n := c.Unsent(); n > 0 {
		return fmt.Errorf("room link %s: %d notices were not delivered", c.path, n)
	}
	return nil
}

func (c *Client) keep() {
	defer close(c.done)
	pause := c.opt.RetryMin
	for {
		began := time.Now()
		err := c.connect()
		if c.opt.OnState != nil {
			c.opt.OnState(false, err)
		}
		if time.Since(began) > c.opt.RetryMax {
			pause = c.opt.RetryMin
		}
		// Jitter, so that the stations of a room do not come back in step.
		select {
		case <-time.After(pause/2 + rand.N(pause/2+1)):
		case <-c.quit:
			return
		}
		pause = min(2*pause, c.opt.RetryMax)
	}
}

// connect holds one connection until it is lost, and returns why.
func (c *Client) connect() error {
	conn, err := net.DialTimeout("unix", c.path, PeerTimeout)
	if err != nil {
		return fmt.Errorf("room link: %w", err)
	}
	defer conn.Close()
	c.mu.Lock()
	attempt := c.attempt
	c.mu.Unlock()
	if err := send(conn, message{Kind: kindHello, Version: Version, Station: c.opt.Station, Run: c.run, Attempt: attempt}); err != nil {
		return fmt.Errorf("room link %s: %w", c.path, err)
	}
	m, err := receiveSoon(conn)
	switch {
	case err != nil:
		return fmt.Errorf("room link %s: %w", c.path, err)
	case m.Kind == kindRefused:
		return fmt.Errorf("room link %s: the room refuses this station: %s", c.path, m.Reason)
	case m.Kind != kindWelcome || m.Version != Version:
		return fmt.Errorf("room link %s: %w: no welcome", c.path, ErrMessage)
	}
	c.mu.Lock()
	select {
	case <-c.quit:
		c.mu.Unlock()
		return nil
	default:
	}
	c.conn = conn
	c.sent = 0
	c.mu.Unlock()
	if c.opt.OnState != nil {
		c.opt.OnState(true, nil)
	}
	lost := make(chan error, 1)
	acts := make(chan uint64, 64)
	go func() { lost <- c.listen(conn, acts) }()
	err = c.speak(conn, acts, lost)
	conn.Close()
	c.mu.Lock()
	c.conn = nil
	c.mu.Unlock()
	return err
}

// speak writes notices and acknowledgements until the connection is lost.
func (c *Client) speak(conn net.Conn, acts <-chan uint64, lost <-chan error) error {
	for {
		for {
			m, ok := c.unsent()
			if !ok {
				break
			}
			if err := send(conn, m); err != nil {
				conn.Close()
				return errors.Join(err, <-lost)
			}
		}
		select {
		case <-c.wake:
		case seq := <-acts:
			if err := send(conn, message{Kind: kindTied, Seq: seq}); err != nil {
				conn.Close()
				return errors.Join(err, <-lost)
			}
		case err := <-lost:
			return err
		}
	}
}

func (c *Client) unsent() (message, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.queue {
		if m.Seq > c.sent {
			c.sent = m.Seq
			return m, true
		}
	}
	return message{}, false
}

// listen reads until the connection is lost.
func (c *Client) listen(conn net.Conn, acts chan<- uint64) error {
	for {
		m, err := receive(conn)
		if err != nil {
			return fmt.Errorf("room link %s: %w", c.path, err)
		}
		switch m.Kind {
		case kindHeard:
			c.mu.Lock()
			c.acknowledge(m.Seq)
			c.mu.Unlock()
		case kindAct:
			c.mu.Lock()
			mine := m.Attempt == c.attempt
			fresh := !c.seen[m.Act.Number]
			if mine {
				c.seen[m.Act.Number] = true
			}
			c.mu.Unlock()
			if !mine {
				continue // the room keeps it until the attempt is here again
			}
			if fresh && c.opt.OnAct != nil {
				c.opt.OnAct(*m.Act)
			}
			select {
			case acts <- m.Seq:
			default:
				return fmt.Errorf("room link %s: %w: more acts at once than a station takes", c.path, ErrMessage)
			}
		case kindOrder:
			if c.opt.OnOrder != nil {
				c.opt.OnOrder(*m.Order)
			}
		default:
			return fmt.Errorf("room link %s: %w: kind %d is not for a station", c.path, ErrMessage, m.Kind)
		}
	}
}

// acknowledge forgets the notices up to seq. The caller holds mu.
func (c *Client) acknowledge(seq uint64) {
	for len(c.queue) > 0 && c.queue[0].Seq <= seq {
		c.queue = c.queue[1:]
	}
	if len(c.queue) == 0 && c.empty != nil {
		close(c.empty)
		c.empty = nil
	}
}
