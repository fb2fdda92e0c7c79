// Package osdp is a control panel (ACU): it asks the peripherals on one serial line for door contacts, cards and keys, and
// switches their locks, lamps and buzzers, over OSDP (IEC 60839-11-5, SIA OSDP v2.2).
//
// # Guarantees
//
//   - A peripheral that is silent, broken, or does not know its key is unknown; its door is never "closed" (R21).
//   - A peripheral configured as secure is believed only inside the secure channel under its own key. Its outputs are
//     switched only there; those of a plain one never are. The lock of a door is opened for a time only, so that a panel
//     that dies leaves it locked.
//   - A command is carried out at most once. It is sent again with the same bytes, which a peripheral answers from memory;
//     when no reply comes at all, the caller is told that the outcome is not known.
//   - Keys are drawn at random, are in a file before they are sent and are never sent outside the secure channel. The
//     default key, which the standard prints, serves to hand over the first one and for nothing else.
//
// A reply to a poll is the only copy of a card: one that is lost together with all repetitions is lost.
package osdp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"emtihan/devices"
	"emtihan/devices/line"
	"emtihan/devices/osdp/wire"
)

// MaxUnlock is the longest time for which a lock is opened by one command.
const MaxUnlock = time.Minute

// Link carries one command and the bytes that come back; *line.Port is one.
type Link interface {
	// Transact sends request and calls parse with all bytes received since until it is done; see [line.Port.Transact],
	// whose errors it returns.
	Transact(ctx context.Context, request []byte, parse line.Parse) error
}

// Panel talks with the peripherals on one line. Its methods may be called by any goroutine.
//
// Methods that name a device return, besides the errors named there, ErrNoDevice for a name that is not configured,
// ErrOffline, a *RefusedError, the cause of the context's end, and what the line says.
type Panel struct {
	config      Config
	link        Link
	port        *line.Port // nil when the link is another
	keys        *Keys
	peripherals []*peripheral

	running sync.Mutex
	report  sync.Mutex
}

// Open returns a panel on a port of its own. Neither is opened before Run; an error means that c or its file of keys
// cannot be used. onState may be nil; see [line.New].
func Open(c Config, onState func(line.Status)) (*Panel, error) {
	c, err := c.Complete()
	if err != nil {
		return nil, err
	}
	var keys *Keys
	if c.Keys != "" {
		if keys, err = OpenKeys(c.Keys); err != nil {
			return nil, err
		}
	}
	port, err := line.New(c.Config, onState)
	if err != nil {
		return nil, err
	}
	p, err := New(port, c, keys)
	if err != nil {
		return nil, err
	}
	p.port = port
	return p, nil
}

// New returns a panel on a link that is there already; keys may be nil when all peripherals are plain.
func New(link Link, c Config, keys *Keys) (*Panel, error) {
	c, err := c.Complete()
	if err != nil {
		return nil, err
	}
	p := &Panel{config: c, link: link, keys: keys}
	for _, one := range c.Peripherals {
		if one.Security == secure && keys == nil {
			return nil, fmt.Errorf("osdp: no keys are there for %s", one.Name)
		}
		p.peripherals = append(p.peripherals, &peripheral{
			panel: p, name: one.Name, config: one, turn: make(chan struct{}, 1), tries: 1 + c.Resends,
		})
	}
	return p, nil
}

// Config returns the settings with their defaults filled in.
func (p *Panel) Config() Config { return p.config }

// Line returns the port, for its state and counters; nil when the panel was made by New.
func (p *Panel) Line() *line.Port { return p.port }

// Close gives the port up, if the panel has one of its own.
func (p *Panel) Close() error {
	if p.port == nil {
		return nil
	}
	return p.port.Close()
}

// Observer is told what the peripherals state, by one goroutine at a time. Its functions must be quick and must not call
// the panel.
type Observer struct {
	// Reading is told the whole state of each peripheral, or Unknown and the reason, first, then after every change, and
	// after each return of a peripheral; nil for nobody.
	Reading func(Reading)
	// Credential is told what persons show to the readers; nil for nobody.
	Credential func(Credential)
}

// Run polls all peripherals until ctx ends. It returns an error only when it is running already.
func (p *Panel) Run(ctx context.Context, to Observer) error {
	if !p.running.TryLock() {
		return errors.New("osdp: the panel is running already")
	}
	defer p.running.Unlock()
	schedule := devices.Schedule{Every: p.config.PollInterval, Retry: p.config.RetryInterval, SilentAfter: p.config.SilentAfter}
	var all sync.WaitGroup
	defer all.Wait()
	for _, one := range p.peripherals {
		all.Go(func() {
			to := teller{peripheral: one, to: to}
			devices.Watch(ctx, one.name, schedule, one.poll, func(o devices.Observation, s step) {
				p.report.Lock()
				defer p.report.Unlock()
				to.tell(o, s)
			})
		})
	}
	return nil
}

// teller tells an observer what has changed.
type teller struct {
	peripheral *peripheral
	to         Observer
	last       Reading
	// owed: the first reading after the start or a loss has not been told yet.
	owed bool
}

func (t *teller) tell(o devices.Observation, s step) {
	r := s.reading
	r.Observation = o
	switch {
	case !o.Known():
		told := t.owed && !t.last.Known() && t.last.Reason == r.Reason
		t.owed = false
		t.peripheral.stale.Store(true)
		if !told {
			t.reading(r)
		}
	case (o.First || t.owed) && !s.whole:
		// The reply came at the same time as the watchdog fired. What is known beside it is older than the loss.
		t.owed = true
		t.peripheral.stale.Store(true)
	case o.First || t.owed:
		t.owed, r.First = false, true
		t.reading(r)
	case !same(r, t.last):
		t.reading(r)
	}
	for _, c := range s.shown {
		if t.to.Credential != nil {
			t.to.Credential(c)
		}
	}
}

func (t *teller) reading(r Reading) {
	t.last = r
	if t.to.Reading != nil {
		t.to.Reading(r)
	}
}

// Counters returns the counts of a peripheral, zero for one that is not configured.
func (p *Panel) Counters(device string) Counters {
	one, err := p.find(device)
	if err != nil {
		return Counters{}
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.counters
}

func (p *Panel) find(device string) (*peripheral, error) {
	for _, one := range p.peripherals {
		if one.name == device {
			return one, nil
		}
	}
	return nil, fmt.Errorf("osdp: %s: %w", device, ErrNoDevice)
}

// with calls f while nobody else talks with the device.
func (p *Panel) with(ctx context.Context, device string, f func(*peripheral) error) error {
	one, err := p.find(device)
	if err != nil {
		return err
	}
	if err := one.lock(ctx); err != nil {
		return fmt.Errorf("osdp: %s: %w", device, err)
	}
	defer one.unlock()
	if err := f(one); err != nil {
		return fmt.Errorf("osdp: %s: %w", device, err)
	}
	return nil
}

// Unlock switches an output on for a time, more than 0 and at most MaxUnlock; the peripheral counts it in steps of 100 ms
// and switches off by itself. It returns ErrNotSecure outside the secure channel and ErrUncertain when no reply came; the
// lock may be open then.
func (p *Panel) Unlock(ctx context.Context, device string, output byte, d time.Duration) error {
	if d <= 0 || d > MaxUnlock {
		return fmt.Errorf("osdp: %s: the time %v is not more than 0 and at most %v", device, d, MaxUnlock)
	}
	ticks, err := wire.Ticks(d)
	if err != nil {
		return err
	}
	return p.output(ctx, device, wire.OutputControl{Output: output, Action: wire.OutputTimedOn, Time: ticks})
}

// Lock switches an output off at once. Errors as for Unlock.
func (p *Panel) Lock(ctx context.Context, device string, output byte) error {
	return p.output(ctx, device, wire.OutputControl{Output: output, Action: wire.OutputOff})
}

func (p *Panel) output(ctx context.Context, device string, control wire.OutputControl) error {
	return p.with(ctx, device, func(one *peripheral) error {
		if one.config.Security != secure {
			return ErrNotSecure
		}
		if !one.online {
			return ErrOffline
		}
		if one.session == nil {
			return ErrNotSecure
		}
		reply, err := one.askOnce(ctx, wire.Output(control))
		if err != nil {
			return err
		}
		one.outputs = true
		one.take(reply)
		return nil
	})
}

// askOnce is ask for a command that changes something: without a reply its outcome is not known.
func (p *peripheral) askOnce(ctx context.Context, c wire.Command) (wire.Reply, error) {
	reply, err := p.ask(ctx, c)
	var no *RefusedError
	if err != nil && !errors.As(err, &no) {
		return nil, fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	return reply, err
}

// Lamps sets lamps of readers.
func (p *Panel) Lamps(ctx context.Context, device string, leds ...wire.LED) error {
	return p.send(ctx, device, wire.Lamps(leds...))
}

// Buzz sounds the buzzer of a reader.
func (p *Panel) Buzz(ctx context.Context, device string, b wire.Buzz) error {
	return p.send(ctx, device, wire.Buzzer(b))
}

// Text shows text on the display of a reader; see [wire.Text].
func (p *Panel) Text(ctx context.Context, device string, reader, seconds, row, column byte, text string) error {
	command, err := wire.Text(reader, seconds, row, column, text)
	if err != nil {
		return err
	}
	return p.send(ctx, device, command)
}

func (p *Panel) send(ctx context.Context, device string, c wire.Command) error {
	return p.with(ctx, device, func(one *peripheral) error {
		if !one.online {
			return ErrOffline
		}
		_, err := one.ask(ctx, c)
		return err
	})
}

// Readdress gives a peripheral another address and speed and returns what it will use. The panel goes on at the address;
// the configuration must be changed by the caller. At another speed than that of the line the peripheral becomes silent
// until the line has it too. It returns ErrUncertain when no reply came.
func (p *Panel) Readdress(ctx context.Context, device string, to wire.Communication) (wire.Communication, error) {
	if to.Address > wire.MaxAddress {
		return to, fmt.Errorf("osdp: address %d is not between 0 and %d", to.Address, wire.MaxAddress)
	}
	for _, other := range p.peripherals {
		if other.name == device {
			continue
		}
		if err := other.lock(ctx); err != nil {
			return to, err
		}
		taken := other.config.Address == to.Address
		other.unlock()
		if taken {
			return to, fmt.Errorf("osdp: address %d is that of %s", to.Address, other.name)
		}
	}
	err := p.with(ctx, device, func(one *peripheral) error {
		if !one.online {
			return ErrOffline
		}
		reply, err := one.askOnce(ctx, wire.SetCommunication(to))
		if err != nil {
			return err
		}
		agreed, ok := reply.(wire.Communication)
		if !ok || agreed.Address > wire.MaxAddress {
			one.drop()
			return fmt.Errorf("%w: COMSET is answered with %v", ErrUncertain, reply.Code())
		}
		to, one.config.Address = agreed, agreed.Address
		one.drop()
		return nil
	})
	return to, err
}

// Commission hands its first key to a peripheral that is as it left the factory, in a secure channel under the default
// key. Whoever listens to the line meanwhile learns the key, so it is done where nobody can. It returns nil when the
// peripheral has proved that it knows the new key, and ErrNotSecure for one configured as plain. After an error it may be
// called again; what the peripheral may know is kept.
func (p *Panel) Commission(ctx context.Context, device string) error {
	return p.with(ctx, device, func(one *peripheral) error {
		if one.config.Security != secure {
			return ErrNotSecure
		}
		one.retry = time.Time{}
		if err := one.greet(ctx); err != nil {
			return err
		}
		_, err := one.handshake(ctx, []wire.Key{wire.DefaultKey})
		one.retry = time.Time{}
		if err != nil {
			one.drop()
			return fmt.Errorf("it does not take the default key, so somebody has given it one already: %w", err)
		}
		return one.changeKey(ctx)
	})
}

// ChangeKey gives a peripheral that is online another key. It returns nil when the peripheral has proved that it knows the
// new key. After another error than ErrOffline and a *RefusedError it may know either; both are kept until it shows.
func (p *Panel) ChangeKey(ctx context.Context, device string) error {
	return p.with(ctx, device, func(one *peripheral) error {
		switch {
		case one.config.Security != secure:
			return ErrNotSecure
		case !one.online || one.session == nil:
			return ErrOffline
		}
		return one.changeKey(ctx)
	})
}

// changeKey draws a key, stores it, sends it and makes sure of it.
func (p *peripheral) changeKey(ctx context.Context) error {
	// The session under the default key serves for this only.
	defer func() {
		if !p.online {
			p.drop()
		}
	}()
	if p.session == nil {
		return ErrNotSecure
	}
	key := newKey()
	if err := p.panel.keys.stage(p.name, key); err != nil {
		return err
	}
	_, err := p.askOnce(ctx, wire.SetKey(key))
	var no *RefusedError
	if errors.As(err, &no) {
		return errors.Join(err, p.panel.keys.unstage(p.name))
	}
	if err != nil {
		return err
	}
	p.drop()
	p.online = false
	if err := p.connect(ctx); err != nil {
		return err
	}
	if known := p.panel.keys.candidates(p.name); len(known) != 1 || known[0] != key {
		return errors.New("the peripheral has accepted the new key and still uses the old one")
	}
	return nil
}
