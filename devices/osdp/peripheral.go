package osdp

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"emtihan/devices"
	"emtihan/devices/line"
	"emtihan/devices/osdp/wire"
)

// These errors are returned by the methods of Panel, wrapped.
var (
	// ErrNoDevice: the configuration names no such peripheral.
	ErrNoDevice = errors.New("no such peripheral")
	// ErrOffline: there is no conversation with the peripheral at this moment. Nothing was sent.
	ErrOffline = errors.New("the peripheral is not online")
	// ErrNotSecure: outputs are switched and keys are changed inside the secure channel only. Nothing was sent.
	ErrNotSecure = errors.New("there is no secure channel under the peripheral's own key")
	// ErrUncertain: the command was sent and no reply came, so that it may or may not have been carried out.
	ErrUncertain = errors.New("it is not known whether the command was carried out")
)

// RefusedError says that the peripheral has refused a command.
type RefusedError struct {
	Command wire.CommandCode
	Reason  wire.NAKReason
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("osdp: %v is refused: %v", e.Command, e.Reason)
}

// reasonError gives a cause a reason of devices.
type reasonError struct {
	reason devices.Reason
	err    error
}

func (e *reasonError) Error() string        { return e.err.Error() }
func (e *reasonError) Unwrap() error        { return e.err }
func (e *reasonError) DeviceReason() string { return string(e.reason) }

// replyError says that bytes came, but no reply that can be believed.
type replyError struct {
	why string
	err error
}

func (e *replyError) Error() string { return "osdp: " + e.why }
func (e *replyError) Unwrap() error { return e.err }

// peripheral is the panel's side of the conversation with one peripheral: offline until it has said who it is, the secure
// channel stands and all states are known; then polled; offline again after an exchange that failed.
type peripheral struct {
	panel *Panel
	name  string

	// turn holds a value while a goroutine talks with the peripheral; what follows belongs to that goroutine.
	turn     chan struct{}
	config   PeripheralConfig
	online   bool
	tries    int // how often a command is sent
	sequence byte
	session  *wire.Session
	state    state
	shown    []Credential // not yet reported
	asked    time.Time    // last time a state was asked for
	drained  bool         // the last poll has shown that nothing waits to be announced
	features wire.Features
	rotation []wire.Command
	outputs  bool // the outputs have been switched and not been asked for
	refused  error
	retry    time.Time // no handshake before this, because of refused

	// stale: the peripheral has been reported as unknown, so that all states must be asked for anew.
	stale atomic.Bool

	mu       sync.Mutex // guards what follows
	counters Counters
}

// state is what the peripheral has said.
type state struct {
	identity wire.Identity
	inputs   wire.Inputs
	levels   wire.Outputs
	local    *wire.Local
	readers  wire.ReaderStates
}

func (p *peripheral) count(f func(*Counters)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.counters)
}

// lock waits for the turn.
func (p *peripheral) lock(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if ctx.Err() != nil {
		p.unlock()
		return context.Cause(ctx)
	}
	return nil
}

func (p *peripheral) unlock() { <-p.turn }

// drop ends the conversation. The next one begins with the sequence number 0, at which the peripheral forgets the session.
func (p *peripheral) drop() {
	if p.online || p.session != nil {
		p.count(func(c *Counters) { c.Restarts++ })
	}
	p.online, p.session, p.sequence = false, nil, 0
}

// poll makes one step: it begins the conversation, or asks for what is new.
func (p *peripheral) poll(ctx context.Context) (step, error) {
	if err := p.lock(ctx); err != nil {
		return step{}, err
	}
	defer p.unlock()
	if !p.online {
		if err := p.connect(ctx); err != nil {
			return step{}, err
		}
		p.stale.Store(false)
		return p.taken(true), nil
	}
	reply, err := p.ask(ctx, p.next())
	if err != nil {
		// To refuse a poll, or a state that was told before, is to refuse the conversation.
		p.drop()
		return step{}, err
	}
	p.take(reply)
	p.drained = reply.Code() == wire.ACKReply
	if !p.stale.Swap(false) {
		return p.taken(false), nil
	}
	if err := p.learn(ctx); err != nil {
		return step{}, err
	}
	return p.taken(true), nil
}

// next returns the command of the next step. A state is asked for only when no announcement waits that is older than the
// reply would be.
func (p *peripheral) next() wire.Command {
	switch {
	case !p.drained:
	case p.outputs:
		p.outputs = false
		return wire.OutputStatus
	case time.Since(p.asked) >= p.panel.config.Refresh && len(p.rotation) > 0:
		command := p.rotation[0]
		p.rotation = append(p.rotation[1:], command)
		p.asked = time.Now()
		return command
	}
	return wire.Poll
}

// step is what one step has brought.
type step struct {
	reading Reading
	// whole: all states have just been asked for.
	whole bool
	shown []Credential
}

func (p *peripheral) taken(whole bool) step {
	r := Reading{
		Channel: p.channel(), Identity: p.state.identity, Inputs: slices.Clone(p.state.inputs),
		Outputs: slices.Clone(p.state.levels), Readers: slices.Clone(p.state.readers),
	}
	if p.state.local != nil {
		local := *p.state.local
		r.Local = &local
	}
	shown := p.shown
	p.shown = nil
	return step{r, whole, shown}
}

func (p *peripheral) channel() Channel {
	if p.session != nil {
		return Secure
	}
	return Plain
}

// take keeps what a reply says.
func (p *peripheral) take(reply wire.Reply) {
	switch r := reply.(type) {
	case wire.Inputs:
		p.state.inputs = r
	case wire.Outputs:
		p.state.levels = r
	case wire.Local:
		p.state.local = &r
	case wire.ReaderStates:
		p.state.readers = r
	case wire.Card, wire.Keypad, wire.Formatted:
		p.shown = append(p.shown, Credential{p.name, time.Now(), p.channel(), r})
	case wire.Plain:
		if r.What != wire.ACKReply {
			p.count(func(c *Counters) { c.Undecoded++ })
		}
	}
}

// connect begins the conversation: who is it, what can it do, the secure channel, all states. It begins with ID and not
// with POLL, because the reply to a poll outside the secure channel would have to be thrown away with the card in it.
func (p *peripheral) connect(ctx context.Context) error {
	var keys []wire.Key
	if p.config.Security == secure {
		if time.Now().Before(p.retry) {
			return p.refused
		}
		if keys = p.panel.keys.candidates(p.name); len(keys) == 0 {
			return &reasonError{NoKey, fmt.Errorf("osdp: there is no key for %s: it must be commissioned", p.name)}
		}
	}
	if err := p.greet(ctx); err != nil {
		return err
	}
	if keys != nil {
		key, err := p.handshake(ctx, keys)
		if err == nil {
			err = p.panel.keys.settle(p.name, key)
		}
		if err != nil {
			p.drop()
			return err
		}
	}
	if err := p.learn(ctx); err != nil {
		return err
	}
	p.online = true
	return nil
}

// greet asks who the peripheral is and what it can do.
func (p *peripheral) greet(ctx context.Context) error {
	p.drop()
	p.state, p.features = state{}, nil
	// A silent peripheral is to cost the others on the line one time-out only.
	p.tries = 1
	who, err := p.ask(ctx, wire.Identify())
	p.tries = 1 + p.panel.config.Resends
	if err != nil {
		p.drop()
		return err
	}
	identity, ok := who.(wire.Identity)
	if !ok {
		p.drop()
		return &replyError{why: fmt.Sprintf("ID is answered with %v", who.Code())}
	}
	p.state.identity = identity
	what, err := p.ask(ctx, wire.Capabilities())
	var no *RefusedError
	switch features, ok := what.(wire.Features); {
	case errors.As(err, &no):
		return nil
	case err != nil:
		return err
	case !ok:
		p.drop()
		return &replyError{why: fmt.Sprintf("CAP is answered with %v", what.Code())}
	default:
		p.features = features
		return nil
	}
}

// backlog is how many announcements are expected at most when a conversation begins; a peripheral that has more to say does
// not keep silent about the present.
const backlog = 64

// learn lets the peripheral announce what has happened meanwhile and asks for all states after it: announcements come in
// the order of the events, so that an old one that came last would be taken for the present. What the peripheral claims to
// have it must tell; the others it may refuse.
func (p *peripheral) learn(ctx context.Context) error {
	for range backlog {
		reply, err := p.ask(ctx, wire.Poll)
		if err != nil {
			p.drop()
			return err
		}
		p.take(reply)
		if p.drained = reply.Code() == wire.ACKReply; p.drained {
			break
		}
	}
	p.rotation, p.outputs = nil, false
	for _, s := range []struct {
		command wire.Command
		reply   wire.ReplyCode
		feature wire.Feature // 0: every peripheral should know
	}{
		{wire.InputStatus, wire.InputStatusReply, wire.ContactMonitoring},
		{wire.OutputStatus, wire.OutputStatusReply, wire.OutputControlled},
		{wire.LocalStatus, wire.LocalStatusReply, 0},
		{wire.ReaderStatus, wire.ReaderStatusReply, 0},
	} {
		claimed, has := p.features.Of(s.feature)
		if p.features != nil && s.feature != 0 && (!has || claimed.Count == 0) {
			continue
		}
		reply, err := p.ask(ctx, s.command)
		var no *RefusedError
		switch {
		case errors.As(err, &no) && (s.feature == 0 || !has):
			continue
		case err != nil:
			p.drop()
			return err
		case reply.Code() != s.reply:
			p.drop()
			return &replyError{why: fmt.Sprintf("%v is answered with %v", s.command.Code, reply.Code())}
		}
		p.take(reply)
		p.rotation = append(p.rotation, s.command)
	}
	p.asked = time.Now()
	return nil
}

// handshake opens the secure channel under the first of keys that the peripheral knows and returns that key.
func (p *peripheral) handshake(ctx context.Context, keys []wire.Key) (wire.Key, error) {
	for _, key := range keys {
		session, err := p.handshakeWith(ctx, key)
		var no *RefusedError
		switch {
		case err == nil:
			p.session = session
			p.count(func(c *Counters) { c.Sessions++ })
			return key, nil
		case errors.As(err, &no):
			return wire.Key{}, &reasonError{NoSecureChannel, err}
		case !errors.Is(err, wire.ErrKey):
			return wire.Key{}, err
		}
	}
	// Whoever guesses keys, on whichever side, is not to be helped by haste.
	p.refused = &reasonError{WrongKey, wire.ErrKey}
	p.retry = time.Now().Add(p.panel.config.KeyRetry)
	return wire.Key{}, p.refused
}

func (p *peripheral) handshakeWith(ctx context.Context, key wire.Key) (*wire.Session, error) {
	var a [8]byte
	_, _ = rand.Read(a[:]) // never fails
	h := wire.NewHandshake(key, a)
	reply, err := p.shake(ctx, h.Challenge(p.frame(wire.Command{})))
	if err != nil {
		return nil, err
	}
	proof, err := h.Prove(reply, p.frame(wire.Command{}))
	if err != nil {
		return nil, err
	}
	if reply, err = p.shake(ctx, proof); err != nil {
		return nil, err
	}
	return h.Establish(reply)
}

// shake sends one message of a handshake.
func (p *peripheral) shake(ctx context.Context, f wire.Frame) (wire.Frame, error) {
	request, err := f.Encode()
	if err != nil {
		return f, err
	}
	reply, err := p.exchange(ctx, request)
	if err == nil && wire.ReplyCode(reply.Code) == wire.NAKReply {
		_, err = p.decoded(wire.CommandCode(f.Code), reply.Code, reply.Data)
	}
	return reply, err
}

func (p *peripheral) frame(c wire.Command) wire.Frame {
	return wire.Frame{
		Address: p.config.Address, Sequence: p.sequence, Checksum: p.config.Checksum, Code: byte(c.Code), Data: c.Data,
	}
}

// ask sends a command, inside the session if there is one, and returns the reply. It returns a *RefusedError for a refusal
// that leaves the conversation alive; after every other error it is over.
func (p *peripheral) ask(ctx context.Context, c wire.Command) (wire.Reply, error) {
	reply, err := p.askAlive(ctx, c)
	var no *RefusedError
	if errors.As(err, &no) {
		p.count(func(c *Counters) { c.Refusals++ })
		if no.Reason != wire.NAKSequence && no.Reason != wire.NAKCheck {
			return nil, err
		}
		err = &replyError{no.Error(), nil}
	}
	if err != nil {
		p.drop()
		return nil, err
	}
	return reply, nil
}

func (p *peripheral) askAlive(ctx context.Context, c wire.Command) (wire.Reply, error) {
	var request []byte
	var err error
	if p.session != nil {
		request, err = p.session.Seal(p.frame(c))
	} else {
		request, err = p.frame(c).Encode()
	}
	if err == nil && len(request) > wire.MaxCommand {
		err = fmt.Errorf("osdp: %v has %d bytes, more than a peripheral need take", c.Code, len(request))
	}
	if err != nil {
		return nil, err
	}
	f, err := p.exchange(ctx, request)
	if err != nil {
		return nil, err
	}
	if p.session == nil {
		if f.SCS != 0 {
			return nil, &replyError{why: fmt.Sprintf("%v is answered inside a secure channel that there is not", c.Code)}
		}
		return p.decoded(c.Code, f.Code, f.Data)
	}
	data, exposed, err := p.session.Open(f)
	switch {
	case errors.Is(err, wire.ErrClear) && wire.ReplyCode(f.Code) == wire.NAKReply:
		return nil, &replyError{"the peripheral has lost the secure channel", err}
	case err != nil:
		p.count(func(c *Counters) { c.Forged++ })
		return nil, err
	case exposed:
		p.count(func(c *Counters) { c.Exposed++ })
	}
	return p.decoded(c.Code, f.Code, data)
}

// decoded returns what a reply says. Contents that make no sense in a reply whose check is right are a fault of the
// peripheral's software; repeating the question would not mend it.
func (p *peripheral) decoded(command wire.CommandCode, code byte, data []byte) (wire.Reply, error) {
	reply, err := wire.DecodeReply(wire.ReplyCode(code), data)
	if err != nil {
		p.count(func(c *Counters) { c.Undecoded++ })
		return nil, err
	}
	if no, is := reply.(wire.NAK); is {
		return nil, &RefusedError{command, no.Reason}
	}
	return reply, nil
}

// mark is sent before every frame: it keeps the line in its idle state for a character while the drivers of a two-wire line
// change their direction (5.6). Nobody takes it for the beginning of a frame.
const mark = 0xFF

// exchange sends request until a reply comes, always the same bytes with the same sequence number, so that the peripheral
// carries it out once however often it comes.
func (p *peripheral) exchange(ctx context.Context, request []byte) (wire.Frame, error) {
	expected := wire.Expectation{
		Address: p.config.Address, Sequence: p.sequence, Checksum: p.config.Checksum, Command: request,
	}
	began := time.Now()
	marked := append([]byte{mark}, request...)
	for tries := 1; ; {
		var reply wire.Frame
		err := p.panel.link.Transact(ctx, marked, func(received []byte) (done bool, err error) {
			reply, done = expected.Find(received, false)
			reply.Data, reply.Info = bytes.Clone(reply.Data), bytes.Clone(reply.Info)
			return done, nil
		})
		var none *line.NoAnswerError
		if errors.As(err, &none) {
			var found bool
			if reply, found = expected.Find(none.Received, true); found {
				err = nil
			}
		}
		switch {
		case err == nil && spoilt(reply) && tries < p.tries:
			tries++
			p.count(func(c *Counters) { c.Resends++ })
		case err == nil && wire.ReplyCode(reply.Code) != wire.BusyReply:
			p.sequence = p.sequence%3 + 1
			p.count(func(c *Counters) { c.Replies++ })
			return reply, nil
		case err == nil:
			if time.Since(began) >= p.panel.config.SilentAfter {
				return reply, &replyError{why: fmt.Sprintf("for %v the peripheral has said nothing but that it is busy", p.panel.config.SilentAfter)}
			}
			p.count(func(c *Counters) { c.Busy++ })
			pause := time.NewTimer(p.panel.config.BusyPause)
			select {
			case <-pause.C:
			case <-ctx.Done():
				pause.Stop()
				return reply, context.Cause(ctx)
			}
		case none == nil:
			return reply, err
		case tries >= p.tries:
			if len(none.Received) > 0 {
				return reply, &replyError{expected.Diagnose(none.Received), err}
			}
			return reply, err
		default:
			tries++
			p.count(func(c *Counters) { c.Resends++ })
		}
	}
}

// spoilt reports that the command arrived with a wrong check. It was not carried out and may be sent again.
func spoilt(reply wire.Frame) bool {
	return wire.ReplyCode(reply.Code) == wire.NAKReply && reply.SCS == 0 && len(reply.Data) > 0 &&
		wire.NAKReason(reply.Data[0]) == wire.NAKCheck
}

// newKey draws a base key.
func newKey() (key wire.Key) {
	for !secret(key) {
		_, _ = rand.Read(key[:]) // never fails
	}
	return key
}
