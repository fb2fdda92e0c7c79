// Package simulate is the far end of the room's lines: digital input modules that answer Modbus RTU, doors that answer OSDP, a
// detector that speaks ASCII and scanners over pseudo-terminals, a UPS behind a socket. All can be silent, garbled, slow or
// unplugged at will, by hand or by a scenario. It serves demonstrations and tests.
//
// A [Line] publishes its pseudo-terminal under a stable symbolic link, as udev does for a real adapter: unplugging removes
// the link, plugging in again makes it lead to another device.
package simulate

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	// Lateness is the delay of an answer under the fault Late, and Tardiness under TooLate.
	Lateness  = 300 * time.Millisecond
	Tardiness = 430 * time.Millisecond
	// frameEnd is the silence after which what has come is judged as it stands.
	frameEnd = 20 * time.Millisecond
	// splitPause separates the bytes of an answer under the fault Split.
	splitPause = 2 * time.Millisecond
)

// noise contains the beginning of an answer of unit 1, so that a master that takes the first promising byte is led astray.
var noise = []byte{0x00, 0xFF, 0x01, 0x02, 0x01, 0x01, 0x03, 0x02, 0x80, 0x55}

// ErrUnplugged and ErrPlugged are returned by Unplug and Replug when there is nothing to do.
var (
	ErrUnplugged = errors.New("simulate: the line is unplugged already")
	ErrPlugged   = errors.New("simulate: the line is plugged in already")
)

// Line is a serial line with modules or with peripherals on it. Its methods may be called by any goroutine.
type Line struct {
	path string

	mu          sync.Mutex // guards everything that follows
	modules     map[byte]*Module
	peripherals []*Peripheral
	ascii       *ASCIIDetector
	plug        *plug // nil while unplugged
	closed      bool
	stalled     chan struct{} // closed when the stall ends, nil while there is none
	errors      *bitErrors    // nil on a good cable
	byteTime    time.Duration // how long a character takes
}

// bitErrors are those of a bad cable.
type bitErrors struct {
	rate   float64
	random *rand.Rand
}

// plug is one life of a line between being plugged in and unplugged.
type plug struct {
	pty  *pty
	stop chan struct{}
	done chan struct{}
}

// NewLine plugs in a line without modules and publishes it at path. An error means that there are no pseudo-terminals or
// that path is taken by something that is not a symbolic link.
func NewLine(path string) (*Line, error) {
	l := &Line{path: path, modules: map[byte]*Module{}}
	if err := l.Replug(); err != nil {
		return nil, err
	}
	return l, nil
}

// Attach puts a module on the line under a unit address, in place of one that had it.
func (l *Line) Attach(unit byte, m *Module) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.modules[unit] = m
}

// AttachPeripheral puts an OSDP peripheral on the line, which then speaks OSDP and no longer Modbus.
func (l *Line) AttachPeripheral(p *Peripheral) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.peripherals = append(l.peripherals, p)
}

// Pace makes every message take the time that it would take at that many bit/s with ten bits to a character, as a
// pseudo-terminal by itself does not; 0 ends it.
func (l *Line) Pace(baud int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byteTime = 0
	if baud > 0 {
		l.byteTime = 10 * time.Second / time.Duration(baud)
	}
}

// Spoil turns over bits in both directions, each with the given probability (0 ends it); the same seed spoils the same
// bits of the same bytes.
func (l *Line) Spoil(rate float64, seed uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errors = nil
	if rate > 0 {
		l.errors = &bitErrors{rate, rand.New(rand.NewPCG(seed, seed))}
	}
}

// carried returns data as they come out of the cable.
func (l *Line) carried(data []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.errors == nil {
		return data
	}
	data = bytes.Clone(data)
	for i := range data {
		for bit := range 8 {
			if l.errors.random.Float64() < l.errors.rate {
				data[i] ^= 1 << bit
			}
		}
	}
	return data
}

// Say sends bytes that nobody has asked for, as a scanner does. It returns ErrUnplugged when there is no line to send them on.
func (l *Line) Say(data []byte) error {
	l.mu.Lock()
	p := l.plug
	l.mu.Unlock()
	if p == nil {
		return ErrUnplugged
	}
	p.write(l.carried(data))
	return nil
}

// Unplug takes the device away: the link is gone and whoever has it open gets a hang-up. It returns ErrUnplugged when that
// is so already.
func (l *Line) Unplug() error {
	l.mu.Lock()
	p := l.plug
	l.plug = nil
	l.mu.Unlock()
	if p == nil {
		return ErrUnplugged
	}
	return l.pull(p)
}

func (l *Line) pull(p *plug) error {
	err := withdraw(l.path, p.pty.name)
	close(p.stop)
	err = errors.Join(err, p.pty.master.Close())
	<-p.done
	return err
}

// Replug brings the device back under the same link and another number. It returns ErrPlugged when it is there already.
func (l *Line) Replug() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return os.ErrClosed
	}
	if l.plug != nil {
		return ErrPlugged
	}
	t, err := openPTY()
	if err != nil {
		return err
	}
	if err := publish(l.path, t.name); err != nil {
		t.master.Close()
		return err
	}
	p := &plug{t, make(chan struct{}), make(chan struct{})}
	l.plug = p
	go func() {
		defer close(p.done)
		l.serve(p)
	}()
	return nil
}

// Close unplugs the line for good.
func (l *Line) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	if err := l.Unplug(); err != nil && !errors.Is(err, ErrUnplugged) {
		return err
	}
	return nil
}

// renew replaces a pseudo-terminal that nobody can open any more.
func (l *Line) renew(p *plug) {
	l.mu.Lock()
	mine := l.plug == p && !l.closed
	if mine {
		l.plug = nil
	}
	l.mu.Unlock()
	if mine {
		_ = l.pull(p)
		_ = l.Replug()
	}
}

// Stall makes the line stop taking bytes, as an adapter does whose far side is held: once the buffers of the system are full
// nobody can write to the port any more. Stall(false) ends it.
func (l *Line) Stall(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case on && l.stalled == nil:
		l.stalled = make(chan struct{})
	case !on && l.stalled != nil:
		close(l.stalled)
		l.stalled = nil
	}
}

// flowing waits until the line takes bytes and reports false if it was unplugged instead.
func (l *Line) flowing(p *plug) bool {
	l.mu.Lock()
	stalled := l.stalled
	l.mu.Unlock()
	if stalled == nil {
		return true
	}
	select {
	case <-stalled:
		return true
	case <-p.stop:
		return false
	}
}

func (l *Line) module(unit byte) *Module {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.modules[unit]
}

func (l *Line) serve(p *plug) {
	var stream []byte
	buf := make([]byte, maxFrame)
	free := func() bool {
		if p.pty.stuck() {
			go l.renew(p)
			return false
		}
		return true
	}
	for {
		if !l.flowing(p) {
			return
		}
		var deadline time.Time
		if len(stream) > 0 {
			deadline = time.Now().Add(frameEnd)
		}
		n, err := p.pty.read(buf, deadline, p.stop, free)
		stream = append(stream, l.carried(buf[:n])...)
		quiet := errors.Is(err, os.ErrDeadlineExceeded)
		if err != nil && !quiet {
			return
		}
		l.mu.Lock()
		osdp, ascii := len(l.peripherals) > 0, l.ascii
		l.mu.Unlock()
		switch {
		case osdp:
			stream = l.hearCommands(p, stream, quiet)
		case ascii != nil:
			stream = l.hearASCII(p, ascii, stream, quiet)
		default:
			stream = l.hearRequests(p, stream, quiet)
		}
	}
}

// hear takes the time that a message takes to arrive; the device looks at the world when it has.
func (l *Line) hear(p *plug, asked []byte) { l.take(p, len(asked)) }

// take takes the time of n characters.
func (l *Line) take(p *plug, n int) {
	l.mu.Lock()
	wire := time.Duration(n) * l.byteTime
	l.mu.Unlock()
	if wire > 0 {
		p.pause(wire)
	}
}

// hearCommands answers the OSDP commands in stream and returns what may become one.
func (l *Line) hearCommands(p *plug, stream []byte, quiet bool) []byte {
	for {
		raw, f, rest, ok := nextOSDP(stream, quiet)
		if !ok {
			return rest
		}
		l.hear(p, raw)
		l.mu.Lock()
		all := slices.Clone(l.peripherals)
		l.mu.Unlock()
		for _, one := range all {
			answer, fault := one.respond(raw, f)
			l.say(p, fault, raw, answer)
		}
		stream = rest
	}
}

// hearRequests answers the Modbus requests in stream and returns what may become one.
func (l *Line) hearRequests(p *plug, stream []byte, quiet bool) []byte {
	if quiet {
		if r, ok := lastRequest(stream); ok {
			l.reply(p, r, stream)
		}
		return nil
	}
	for {
		r, rest, ok := nextRequest(stream)
		if !ok {
			return rest
		}
		l.reply(p, r, stream[:len(stream)-len(rest)])
		stream = rest
	}
}

// reply lets the module say its answer, in the way its fault wants it.
func (l *Line) reply(p *plug, r request, asked []byte) {
	m := l.module(r.unit)
	if m == nil {
		return
	}
	l.hear(p, asked)
	answer, fault := m.respond(r)
	switch fault {
	case WrongUnit:
		answer = seal(append([]byte{answer[0] + 1}, answer[1:len(answer)-2]...)...)
	case WrongFunction:
		answer = seal(append([]byte{answer[0], answer[1] ^ 0x01}, answer[2:len(answer)-2]...)...)
	}
	l.say(p, fault, asked, answer)
}

// say sends an answer in the way the fault wants it.
func (l *Line) say(p *plug, fault Fault, asked, answer []byte) {
	answer = l.carried(disturb(fault, asked, answer))
	l.take(p, len(answer))
	switch fault {
	case Split:
		for i := range answer {
			p.write(answer[i : i+1])
			p.pause(splitPause)
		}
		return
	case Late:
		p.pause(Lateness)
	case TooLate:
		p.pause(Tardiness)
	}
	p.write(answer)
}

// disturb returns what a fault makes of an answer, whatever the protocol.
func disturb(fault Fault, asked, answer []byte) []byte {
	switch fault {
	case Silent:
		return nil
	case Noise:
		return append(bytes.Clone(noise), answer...)
	case Babble:
		return bytes.Clone(noise)
	case WrongCRC:
		answer[len(answer)-1] ^= 0x10
	case HalfFrame:
		return answer[:len(answer)/2]
	case Twice:
		return append(answer, answer...)
	case Echo:
		return append(bytes.Clone(asked), answer...)
	case EchoOnly:
		return bytes.Clone(asked)
	}
	return answer
}

// write gives up after a second: nobody reads then, and the line is to go on.
func (p *plug) write(data []byte) {
	if len(data) > 0 && p.pty.master.SetWriteDeadline(time.Now().Add(time.Second)) == nil {
		_, _ = p.pty.master.Write(data)
	}
}

func (p *plug) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.stop:
	}
}
