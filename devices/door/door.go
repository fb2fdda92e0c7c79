// Package door reads a door contact that is wired to a digital input module on a Modbus line or to the modem lines of a
// serial port. A door whose module is silent or broken is unknown, never closed (R21).
package door

import (
	"context"
	"fmt"
	"time"

	"emtihan/devices"
	"emtihan/devices/line"
	"emtihan/devices/modbus"
)

// Config describes a door. Fields left at zero take the value in brackets.
type Config struct {
	// Name of the door in readings ["door"].
	Name string `toml:"name"`
	// The serial line; its keys stand beside the others in TOML.
	line.Config
	// The input to which the contact is wired.
	modbus.Contact
	// OpenWhenOn says that the input is on while the door is open. By default it is on while the door is closed, as with
	// a reed contact: a cut cable then reads as an open door.
	OpenWhenOn bool `toml:"open_when_on"`
	// Debounce is how long the contact must have been closed for the door to be closed [50 ms]; the moment of its first edge is
	// kept. Open is believed at once: a contact that bounces has moved.
	Debounce time.Duration `toml:"debounce"`
	// PollInterval is the time between two polls [20 ms, about what one takes at 9600 bit/s].
	PollInterval time.Duration `toml:"poll_interval"`
	// SilentAfter is how long the door may give no good answer before it is unknown [2 s].
	SilentAfter time.Duration `toml:"silent_after"`
}

// Complete returns c with its defaults filled in, or an error that names the field that cannot be used.
func (c Config) Complete() (Config, error) {
	var err error
	if c.Config, err = c.Config.Complete(); err != nil {
		return c, fmt.Errorf("door: %w", err)
	}
	if c.Contact, err = c.Contact.Complete(); err != nil {
		return c, fmt.Errorf("door: %w", err)
	}
	if c.Name == "" {
		c.Name = "door"
	}
	if c.Debounce == 0 {
		c.Debounce = 50 * time.Millisecond
	}
	if c.PollInterval == 0 {
		c.PollInterval = 20 * time.Millisecond
	}
	if c.SilentAfter == 0 {
		c.SilentAfter = 2 * time.Second
	}
	switch {
	case c.Debounce < 0 || c.Debounce > 10*time.Second:
		return c, fmt.Errorf("door: debounce %v is not between 0 and 10s", c.Debounce)
	case c.PollInterval < time.Millisecond || c.PollInterval > time.Minute:
		return c, fmt.Errorf("door: poll_interval %v is not between 1ms and 1m", c.PollInterval)
	case c.SilentAfter < c.PollInterval || c.SilentAfter > time.Hour:
		return c, fmt.Errorf("door: silent_after %v is not between poll_interval, %v, and 1h", c.SilentAfter, c.PollInterval)
	}
	return c, nil
}

// Reading is what a door states. Unless it is Known, Open is false and means nothing. Time is the moment of the first edge of
// the change, which for a closed door may be up to Debounce and a poll earlier than the report.
type Reading struct {
	devices.Observation
	Open bool
}

// Closed reports that the door is known to be closed.
func (r Reading) Closed() bool { return r.Known() && !r.Open }

// Run watches the door on a line of its own until ctx ends and then returns nil. It calls report from this goroutine: first
// with the whole state or with Unknown and the reason, then for every change of Open and of being known, and after each
// return of the device with the whole state again. An error means that c cannot be used; nothing was reported then.
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
	t := tracker{debounce: c.Debounce}
	schedule := devices.Schedule{Every: c.PollInterval, Retry: min(time.Second, c.SilentAfter), SilentAfter: c.SilentAfter}
	devices.Watch(ctx, c.Name, schedule, func(ctx context.Context) (open bool, err error) {
		on, err := c.Contact.Read(ctx, bus)
		return on == c.OpenWhenOn, err
	}, func(o devices.Observation, open bool) {
		if reading, changed := t.next(o, open); changed {
			report(reading)
		}
	})
	return nil
}

// tracker turns polls into readings.
type tracker struct {
	debounce time.Duration

	open   bool      // as last reported
	edge   time.Time // first poll that showed the door closed
	moving bool      // edge is set
}

func (t *tracker) next(o devices.Observation, open bool) (_ Reading, changed bool) {
	switch {
	case !o.Known():
		t.moving = false
		return Reading{Observation: o}, true
	case o.First:
		t.open, t.moving = open, false
		return Reading{Observation: o, Open: open}, true
	case open == t.open:
		t.moving = false
		return Reading{}, false
	case open:
		t.open, t.moving = true, false
		return Reading{Observation: o, Open: true}, true
	case !t.moving:
		t.edge, t.moving = o.Time, true
		return Reading{}, false
	case o.Time.Sub(t.edge) < t.debounce:
		return Reading{}, false
	}
	t.open, t.moving = false, false
	o.Time = t.edge
	return Reading{Observation: o}, true
}
