package room

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"emtihan/exam"

	"golang.org/x/sys/unix"
)

// Errors of Listen.
var (
	ErrLive     = errors.New("another program serves this room's socket")
	ErrNoSocket = errors.New("what stands at the path is not a socket")
	ErrPath     = errors.New("the path is too long for a socket")
)

// ServerOptions of the room's end of the link.
type ServerOptions struct {
	// OnNotice is told every notice at least once, those of one run of a station in their order; [Room.Hear] takes each
	// once. It must not block. Without it every notice is acknowledged at once.
	OnNotice func(Delivery)
	// OnStation is told when a station comes and goes. It must not block.
	OnStation func(station string, online bool)
	// OnError is told why a peer was disconnected. It must not block.
	OnError func(error)
}

// Delivery is a notice as it came over the link. A station says what is not acknowledged again after every reconnection,
// also to a room that has started again meanwhile: Station, Run and Number tell what was heard before.
type Delivery struct {
	Notice
	Run    string // one run of the station's program
	Number uint64 // of the notice in that run, from 1, ascending; 0 for a notice that came over no link
	// Heard acknowledges this notice and all that came before it, whereupon the station forgets them. It is called once the
	// notice cannot be lost any more, from any goroutine, and never blocks. It may be nil.
	Heard func()
}

// Server is the room's end of the link. Its methods may be called from any goroutine and do not wait for a station.
type Server struct {
	path     string
	opt      ServerOptions
	listener *net.UnixListener
	lock     *os.File

	mu      sync.Mutex // guards what follows
	peers   map[string]*peer
	all     map[net.Conn]bool
	acts    []pendingAct
	nextAct uint64
	order   *Order // that stands
	closed  bool

	telling sync.Mutex // guards told, and the order of calls of OnStation
	told    map[string]bool

	running sync.WaitGroup
}

type pendingAct struct {
	seq     uint64
	attempt string
	tied    exam.ActTied
}

// peer is a connected station. The fields after mu of Server are guarded by it.
type peer struct {
	conn    net.Conn
	station string
	run     string
	out     chan message
	ready   chan struct{} // heard has risen

	attempt string
	heard   uint64 // the last notice to acknowledge
	gone    bool
}

const (
	maxPeers   = 128
	maxWaiting = 128 // messages that wait for a station to read them
)

// Listen serves the room's socket at path, readable and writable by the same user only. A socket that a dead program left
// is replaced. It returns ErrLive where a program serves it, ErrNoSocket where something else stands there, ErrPath, or
// the system's error, each with the path.
func Listen(path string, opt ServerOptions) (*Server, error) {
	const most = len(syscall.RawSockaddrUnix{}.Path) - 1
	if len(path) > most {
		return nil, fmt.Errorf("room socket %s: %w: %d bytes, at most %d", path, ErrPath, len(path), most)
	}
	// Two programs that both find a stale socket would otherwise remove each other's fresh one.
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("room socket: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrLive
		}
		return nil, fmt.Errorf("room socket %s: %w", path, err)
	}
	l, err := listen(path)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("room socket %s: %w", path, err)
	}
	s := &Server{
		path: path, opt: opt, listener: l, lock: lock,
		peers: make(map[string]*peer), all: make(map[net.Conn]bool), told: make(map[string]bool),
	}
	s.running.Go(s.accept)
	return s, nil
}

func listen(path string) (*net.UnixListener, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSocket == 0:
		return nil, ErrNoSocket
	default:
		probe, err := net.DialTimeout("unix", path, time.Second)
		if err == nil {
			probe.Close()
			return nil, ErrLive
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, err
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Close disconnects every station and removes the socket.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	for c := range s.all {
		c.Close()
	}
	s.mu.Unlock()
	err := s.listener.Close()
	s.running.Wait()
	return errors.Join(err, s.lock.Close())
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			if s.stopping() {
				return
			}
			s.complain(fmt.Errorf("room socket %s: %w", s.path, err))
			// Out of file descriptors, for example: the next call would fail at once as well.
			time.Sleep(100 * time.Millisecond)
			continue
		}
		s.mu.Lock()
		refuse := s.closed || len(s.all) >= maxPeers
		if !refuse {
			s.all[conn] = true
			s.running.Go(func() { s.serve(conn) })
		}
		s.mu.Unlock()
		if refuse {
			conn.Close()
		}
	}
}

func (s *Server) stopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (s *Server) complain(err error) {
	if err != nil && s.opt.OnError != nil && !s.stopping() {
		s.opt.OnError(err)
	}
}

func (s *Server) serve(conn net.Conn) {
	defer func() {
		conn.Close()
		s.mu.Lock()
		delete(s.all, conn)
		s.mu.Unlock()
	}()
	p, err := s.greet(conn)
	if err != nil {
		s.complain(err)
		return
	}
	s.tell(p.station)
	written := make(chan struct{})
	go func() {
		defer close(written)
		defer conn.Close()
		for m, ok := s.next(p); ok; m, ok = s.next(p) {
			if err := send(conn, m); err != nil {
				s.complain(fmt.Errorf("station %s does not read: %w", p.station, err))
				return
			}
		}
	}()
	err = s.hear(p)
	s.mu.Lock()
	p.gone = true
	close(p.out)
	if s.peers[p.station] == p {
		delete(s.peers, p.station)
	}
	s.mu.Unlock()
	conn.Close()
	<-written
	if errors.Is(err, ErrMessage) {
		s.complain(fmt.Errorf("station %s: %w", p.station, err))
	}
	s.tell(p.station)
}

// next waits for what is to be written to a station. One acknowledgement stands for all notices before it, so a disk that
// takes a thousand at once fills no queue.
func (s *Server) next(p *peer) (message, bool) {
	select {
	case m, ok := <-p.out:
		return m, ok
	case <-p.ready:
		s.mu.Lock()
		defer s.mu.Unlock()
		return message{Kind: kindHeard, Seq: p.heard}, true
	}
}

// tell reports whether a station is there, each change once and the last one last: two connections of one station may
// overlap.
func (s *Server) tell(station string) {
	s.telling.Lock()
	defer s.telling.Unlock()
	s.mu.Lock()
	online := s.peers[station] != nil
	s.mu.Unlock()
	if online == s.told[station] {
		return
	}
	s.told[station] = online
	if s.opt.OnStation != nil {
		s.opt.OnStation(station, online)
	}
}

// greet answers a hello and takes the station up.
func (s *Server) greet(conn net.Conn) (*peer, error) {
	m, err := receiveSoon(conn)
	if err != nil {
		return nil, fmt.Errorf("a peer said no hello: %w", err)
	}
	if m.Kind != kindHello {
		return nil, fmt.Errorf("a peer said no hello: %w: kind %d", ErrMessage, m.Kind)
	}
	p := &peer{conn: conn, station: m.Station, run: m.Run, attempt: m.Attempt, out: make(chan message, maxWaiting), ready: make(chan struct{}, 1)}
	reason := ""
	s.mu.Lock()
	old := s.peers[m.Station]
	switch {
	case m.Version != Version:
		reason = refusedVersion
	case m.Station == "" || m.Station == Desk:
		reason = refusedName
	case old != nil && old.run != m.Run:
		reason = refusedTaken
	default:
		if old != nil {
			old.conn.Close()
		}
		s.peers[m.Station] = p
		p.out <- message{Kind: kindWelcome, Version: Version}
		s.deliver(p)
	}
	s.mu.Unlock()
	if reason != "" {
		return nil, errors.Join(fmt.Errorf("station %q was refused: %s", m.Station, reason),
			send(conn, message{Kind: kindRefused, Version: Version, Reason: reason}))
	}
	return p, nil
}

// hear takes notices until the connection is lost.
func (s *Server) hear(p *peer) error {
	for {
		m, err := receive(p.conn)
		if err != nil {
			return err
		}
		switch m.Kind {
		case kindNotice:
			if m.Notice.Station != p.station {
				return fmt.Errorf("%w: a notice of station %q", ErrMessage, m.Notice.Station)
			}
			if m.Seq == 0 {
				return fmt.Errorf("%w: a notice without a number", ErrMessage)
			}
			d := Delivery{Notice: *m.Notice, Run: p.run, Number: m.Seq, Heard: func() { s.acknowledge(p, m.Seq) }}
			if s.opt.OnNotice != nil {
				s.opt.OnNotice(d)
			} else {
				d.Heard()
			}
			s.mu.Lock()
			if m.Notice.Attempt != "" && m.Notice.Attempt != p.attempt {
				p.attempt = m.Notice.Attempt
				s.deliver(p)
			}
			s.mu.Unlock()
		case kindTied:
			s.mu.Lock()
			for i, a := range s.acts {
				if a.seq == m.Seq {
					s.acts = append(s.acts[:i:i], s.acts[i+1:]...)
					break
				}
			}
			s.mu.Unlock()
		default:
			return fmt.Errorf("%w: kind %d is not for a room", ErrMessage, m.Kind)
		}
	}
}

func (s *Server) acknowledge(p *peer, number uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number <= p.heard {
		return
	}
	p.heard = number
	select {
	case p.ready <- struct{}{}:
	default:
	}
}

// push queues a message for a station, and disconnects one that does not read. The caller holds mu.
func (s *Server) push(p *peer, m message) {
	if p.gone {
		return
	}
	select {
	case p.out <- m:
	default:
		p.conn.Close()
	}
}

// deliver pushes the acts about the attempt that is at the station, and the order that stands. The caller holds mu.
func (s *Server) deliver(p *peer) {
	for _, a := range s.acts {
		if a.attempt == p.attempt {
			s.push(p, message{Kind: kindAct, Seq: a.seq, Attempt: a.attempt, Act: &a.tied})
		}
	}
	if s.order != nil {
		s.push(p, orderMessage(s.order))
	}
}

// SendOrder tells every station an order, those that connect or begin an attempt later included: it stands until the next.
func (s *Server) SendOrder(o Order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order = &o
	for _, p := range s.peers {
		s.push(p, orderMessage(s.order))
	}
}

// SendAct tells the station at which the attempt is that an act was drawn up about it. Where no such station is connected
// the act is kept until one is, as long as the room's program runs; the room's log has it in any case.
func (s *Server) SendAct(attempt string, tied exam.ActTied) {
	if attempt == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextAct++
	a := pendingAct{s.nextAct, attempt, tied}
	s.acts = append(s.acts, a)
	for _, p := range s.peers {
		if p.attempt == attempt {
			s.push(p, message{Kind: kindAct, Seq: a.seq, Attempt: attempt, Act: &a.tied})
		}
	}
}
