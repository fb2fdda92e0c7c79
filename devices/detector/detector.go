// Package detector reads a walk-through metal detector, whose alarm relay is wired to a digital input module with a pulse
// counter on a Modbus line, or that tells the number of its alarms in lines of ASCII.
//
// The relay's pulse may be shorter than the time between two polls. Alarms are therefore taken from the difference of the
// module's counter, which also tells of those that happened while nobody was listening; the input only shows whether
// the relay is held at this moment. A detector that is silent or broken is unknown, never clear (R21).
package detector

import (
	"context"
	"fmt"
	"time"

	"emtihan/devices"
	"emtihan/devices/line"
	"emtihan/devices/modbus"
)

// Config describes a detector. Fields left at zero take the value in brackets.
type Config struct {
	// Name of the detector in readings ["detector"].
	Name string `toml:"name"`
	// The serial line; its keys stand beside the others in TOML.
	line.Config
	// The input to which the alarm relay is wired.
	modbus.Contact
	// NormallyClosed says that the relay opens on alarm. Prefer such wiring: a cut cable then reads as an alarm and, when it
	// lasts, as a fault. With the other wiring nobody notices a cut cable.
	NormallyClosed bool `toml:"normally_closed"`
	// AlarmLongest is how long an alarm may last; longer is a cut cable or a relay that is stuck, and the detector is
	// unknown [30 s when NormallyClosed, otherwise any time].
	AlarmLongest time.Duration `toml:"alarm_longest"`
	// CounterFunction says where the counter of the input stands: in "holding" (function 03) or "input" (04) registers,
	// or "none" when the module does not count; alarms shorter than PollInterval are then missed ["holding"].
	CounterFunction string `toml:"counter_function"`
	// CounterRegister is the number of the counter's first register.
	CounterRegister uint16 `toml:"counter_register"`
	// CounterBits is the width of the counter, 16 or 32 [16].
	CounterBits int `toml:"counter_bits"`
	// CounterLowFirst says that the first of the two registers of a 32-bit counter is the low one.
	CounterLowFirst bool `toml:"counter_low_first"`
	// PollInterval is the time between two polls [100 ms].
	PollInterval time.Duration `toml:"poll_interval"`
	// SilentAfter is how long the detector may give no good answer before it is unknown [2 s]. On a line shared with
	// others it must leave room for their time-outs.
	SilentAfter time.Duration `toml:"silent_after"`
}

// Complete returns c with its defaults filled in, or an error that names the field that cannot be used.
func (c Config) Complete() (Config, error) {
	var err error
	if c.Config, err = c.Config.Complete(); err != nil {
		return c, fmt.Errorf("detector: %w", err)
	}
	if c.Contact, err = c.Contact.Complete(); err != nil {
		return c, fmt.Errorf("detector: %w", err)
	}
	if c.Name == "" {
		c.Name = "detector"
	}
	if c.CounterFunction == "" {
		c.CounterFunction = "holding"
	}
	if c.CounterBits == 0 {
		c.CounterBits = 16
	}
	if c.PollInterval == 0 {
		c.PollInterval = 100 * time.Millisecond
	}
	if c.SilentAfter == 0 {
		c.SilentAfter = 2 * time.Second
	}
	if c.AlarmLongest == 0 && c.NormallyClosed {
		c.AlarmLongest = 30 * time.Second
	}
	switch {
	case c.AlarmLongest < 0 || c.AlarmLongest > time.Hour:
		return c, fmt.Errorf("detector: alarm_longest %v is not between 0 and 1h", c.AlarmLongest)
	case c.CounterFunction != "holding" && c.CounterFunction != "input" && c.CounterFunction != "none":
		return c, fmt.Errorf("detector: counter_function %q is not holding, input or none", c.CounterFunction)
	case c.CounterBits != 16 && c.CounterBits != 32:
		return c, fmt.Errorf("detector: counter_bits %d is not 16 or 32", c.CounterBits)
	case c.CounterBits == 32 && c.CounterRegister == 0xFFFF:
		return c, fmt.Errorf("detector: a 32-bit counter passes the last register, 65535")
	case c.PollInterval < time.Millisecond || c.PollInterval > time.Minute:
		return c, fmt.Errorf("detector: poll_interval %v is not between 1ms and 1m", c.PollInterval)
	case c.SilentAfter < c.PollInterval || c.SilentAfter > time.Hour:
		return c, fmt.Errorf("detector: silent_after %v is not between poll_interval, %v, and 1h", c.SilentAfter, c.PollInterval)
	}
	return c, nil
}

// Reading is what a detector states. Unless it is Known, Active, Count and New are zero and mean nothing.
type Reading struct {
	devices.Observation
	// Active: the alarm relay is held now.
	Active bool
	// Count is the module's counter as it stands; with CounterFunction "none" the alarms seen since the start.
	Count uint32
	// New is the number of alarms since the last known reading, those during a silence in between included. It is 0 in
	// the very first reading, unless there is no counter and an alarm is on. At most 1000.
	New uint32
	// Restarted: the counter did not go on from its last value, because the module was restarted or exchanged or its
	// counter was set. New is then what a counter restarted at zero has plausibly counted, otherwise 0; alarms may
	// have been lost.
	Restarted bool
}

// Clear reports that the detector is known to give no alarm at this moment.
func (r Reading) Clear() bool { return r.Known() && !r.Active }

// Run watches the detector on a line of its own until ctx ends and then returns nil. It calls report from this goroutine:
// first with the whole state or with Unknown and the reason, then for every change of Active, of Count and of being
// known, and after each return of the device with the whole state again. An error means that c cannot be used; nothing
// was reported then.
func Run(ctx context.Context, c Config, report func(Reading)) error {
	c, err := c.Complete()
	if err != nil {
		return err
	}
	bus, err := modbus.Open(c.Config, nil)
	if err != nil {
		return err
	}
	err = RunOn(ctx, bus, c, report)
	if closing := bus.Close(); err == nil {
		err = closing
	}
	return err
}

// RunOn is Run on a bus that other devices may share; the settings of the line in c are not used, and the bus stays open.
func RunOn(ctx context.Context, bus *modbus.Bus, c Config, report func(Reading)) error {
	if c.Path == "" {
		c.Config = bus.Line().Config()
	}
	c, err := c.Complete()
	if err != nil {
		return err
	}
	t := tracker{
		bits: c.CounterBits, counted: c.CounterFunction != "none", countsAfter: c.NormallyClosed, longest: c.AlarmLongest,
	}
	schedule := devices.Schedule{Every: c.PollInterval, Retry: min(time.Second, c.SilentAfter), SilentAfter: c.SilentAfter}
	devices.Watch(ctx, c.Name, schedule, c.sampler(bus).next, func(o devices.Observation, s sample) {
		if reading, changed := t.next(o, s); changed {
			report(reading)
		}
	})
	return nil
}

// sample is one poll.
type sample struct {
	active bool
	count  uint32
}

// sampler polls the input and the counter, which take a request each.
type sampler struct {
	input func(context.Context) (bool, error)
	count func(context.Context) (uint32, error) // nil: nothing counts

	begun bool
	last  uint32
}

// next reads the input before the counter, so that the pulse that holds the input is in the count. A pulse that began
// between the two is in the count but not in the input: then the input is read again, or the next poll would show the relay
// closing after its count, as a second alarm.
func (p *sampler) next(ctx context.Context) (s sample, err error) {
	if s.active, err = p.input(ctx); err != nil || p.count == nil {
		return s, err
	}
	if s.count, err = p.count(ctx); err != nil {
		return sample{}, err
	}
	if p.begun && s.count != p.last && !s.active {
		if s.active, err = p.input(ctx); err != nil {
			return sample{}, err
		}
	}
	p.begun, p.last = true, s.count
	return s, nil
}

// sampler returns what polls the configured module on the bus.
func (c Config) sampler(bus *modbus.Bus) *sampler {
	p := &sampler{input: func(ctx context.Context) (bool, error) {
		on, err := c.Contact.Read(ctx, bus)
		return on != c.NormallyClosed, err
	}}
	if c.CounterFunction != "none" {
		p.count = func(ctx context.Context) (uint32, error) { return c.readCount(ctx, bus) }
	}
	return p
}

func (c Config) readCount(ctx context.Context, bus *modbus.Bus) (uint32, error) {
	registers, err := bus.ReadRegisters(ctx, c.CounterFunction, c.Unit, c.CounterRegister, uint16(c.CounterBits/16))
	if err != nil {
		return 0, err
	}
	if c.CounterBits == 16 {
		return uint32(registers[0]), nil
	}
	high, low := registers[0], registers[1]
	if c.CounterLowFirst {
		high, low = low, high
	}
	return uint32(high)<<16 | uint32(low), nil
}

// tracker turns polls into readings.
type tracker struct {
	bits    int
	counted bool // the module counts, otherwise the tracker does
	// countsAfter: the module may count an alarm only when it ends, because the input is then turned on again.
	countsAfter bool
	longest     time.Duration // 0: an alarm may last for ever

	begun bool // last and at are those of a known poll
	last  sample
	at    time.Time
	edges uint32
	// told are the alarms reported when the contact moved, which the module has yet to count.
	told  uint32
	since time.Time // beginning of the present alarm
	stuck bool      // it has been reported as a fault
}

func (t *tracker) next(o devices.Observation, s sample) (_ Reading, changed bool) {
	if !o.Known() {
		t.stuck = false
		return Reading{Observation: o}, true
	}
	begins := s.active && (!t.begun || o.First || !t.last.active)
	r := Reading{Observation: o, Active: s.active}
	switch {
	case !t.counted:
		if begins {
			t.edges++
			r.New = 1
		}
		s.count = t.edges
	case t.begun:
		r.New, r.Restarted = advance(t.last.count, s.count, t.bits, o.Time.Sub(t.at))
		if r.Restarted {
			t.told = 0
		}
	}
	if t.counted && t.countsAfter {
		counted := min(r.New, t.told)
		r.New, t.told = r.New-counted, t.told-counted
		if s.active && (!t.begun || !t.last.active) && r.New == 0 {
			r.New, t.told = 1, 1
		}
	}
	r.Count = s.count
	changed = o.First || s != t.last
	if begins {
		t.since = o.Time
	}
	t.begun, t.last, t.at = true, s, o.Time
	return t.lasting(r, changed)
}

// lasting makes a fault of an alarm that lasts too long.
func (t *tracker) lasting(r Reading, changed bool) (Reading, bool) {
	switch {
	case !r.Active && t.stuck:
		t.stuck = false
		r.First = true
		return r, true
	case !r.Active || t.longest == 0 || r.Time.Sub(t.since) < t.longest:
		return r, changed
	case t.stuck:
		return Reading{}, false
	}
	t.stuck = true
	o := r.Observation
	o.Quality, o.First, o.Reason = devices.Unknown, false, devices.Stuck
	o.Detail = fmt.Sprintf("the alarm contact has not returned for %v", t.longest)
	return Reading{Observation: o}, true
}

// Bounds of what passes for alarms: more in one step, or faster through the wrap-around, is a counter that was changed.
const (
	mostAlarms      = 1000
	alarmsPerSecond = 10
	alarmsAtOnce    = 8
)

// advance compares two values of a counter of bits width, read elapsed after one another. Only what has not gone back, or
// has wrapped around within a plausible number of alarms, is a difference.
func advance(last, now uint32, bits int, elapsed time.Duration) (alarms uint32, restarted bool) {
	plausible := uint32(mostAlarms)
	if seconds := max(elapsed, 0).Seconds(); seconds < mostAlarms/alarmsPerSecond {
		plausible = min(plausible, alarmsAtOnce+uint32(seconds*alarmsPerSecond))
	}
	if now >= last {
		if now-last > mostAlarms {
			return 0, true
		}
		return now - last, false
	}
	if wrapped := (now - last) & uint32(1<<bits-1); wrapped <= plausible {
		return wrapped, false
	}
	if now <= plausible {
		return now, true
	}
	return 0, true
}
