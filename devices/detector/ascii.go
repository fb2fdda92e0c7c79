package detector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"emtihan/devices"
	"emtihan/devices/line"
)

// ASCIIConfig describes a detector that is asked for the number of its alarms in ASCII. Fields left at zero take the value in
// brackets.
//
// Such protocols have no check, so a changed number is believed only when the detector says it twice.
type ASCIIConfig struct {
	// Name of the detector in readings ["detector"].
	Name string `toml:"name"`
	// Request is what is sent, with its line end.
	Request string `toml:"request"`
	// Answer is a regular expression (RE2) for the whole answer with its line ends. Its group "alarms" holds the number of
	// alarms so far.
	Answer string `toml:"answer"`
	// AlarmHold is how long an alarm stands, since the detector tells only that there was one [3 s].
	AlarmHold time.Duration `toml:"alarm_hold"`
	// PollInterval is the time between two polls [500 ms].
	PollInterval time.Duration `toml:"poll_interval"`
	// SilentAfter is how long the detector may give no good answer before it is unknown [5 s].
	SilentAfter time.Duration `toml:"silent_after"`

	answer *regexp.Regexp
	alarms int // number of the group
}

// Complete returns c with its defaults filled in, or an error that names the field that cannot be used.
func (c ASCIIConfig) Complete() (ASCIIConfig, error) {
	if c.Name == "" {
		c.Name = "detector"
	}
	if c.AlarmHold == 0 {
		c.AlarmHold = 3 * time.Second
	}
	if c.PollInterval == 0 {
		c.PollInterval = 500 * time.Millisecond
	}
	if c.SilentAfter == 0 {
		c.SilentAfter = 5 * time.Second
	}
	const longest = 256
	switch {
	case c.Request == "" || len(c.Request) > longest:
		return c, fmt.Errorf("detector: request has %d bytes, not 1 to %d", len(c.Request), longest)
	case c.Answer == "" || len(c.Answer) > 4*longest:
		return c, fmt.Errorf("detector: answer has %d bytes, not 1 to %d", len(c.Answer), 4*longest)
	case c.AlarmHold < 0 || c.AlarmHold > time.Minute:
		return c, fmt.Errorf("detector: alarm_hold %v is not between 0 and 1m", c.AlarmHold)
	case c.PollInterval < time.Millisecond || c.PollInterval > time.Minute:
		return c, fmt.Errorf("detector: poll_interval %v is not between 1ms and 1m", c.PollInterval)
	case c.SilentAfter < c.PollInterval || c.SilentAfter > time.Hour:
		return c, fmt.Errorf("detector: silent_after %v is not between poll_interval, %v, and 1h", c.SilentAfter, c.PollInterval)
	}
	whole, err := regexp.Compile(`\A(?:` + c.Answer + `)\z`)
	if err != nil {
		return c, fmt.Errorf("detector: answer is no regular expression: %w", err)
	}
	c.answer, c.alarms = whole, whole.SubexpIndex("alarms")
	if c.alarms < 0 {
		return c, errors.New(`detector: answer has no group "alarms"`)
	}
	return c, nil
}

// parse returns the number of alarms that a whole answer tells; c must be complete. ok is false for what is no answer, or not
// yet.
func (c ASCIIConfig) parse(received []byte) (alarms uint32, ok bool) {
	received = bytes.TrimPrefix(received, []byte(c.Request)) // the echo of a two-wire adapter
	groups := c.answer.FindSubmatch(received)
	if groups == nil {
		return 0, false
	}
	n, err := strconv.ParseUint(string(groups[c.alarms]), 10, 32)
	return uint32(n), err == nil
}

// RunASCII is Run for a detector that speaks ASCII on a port, which nobody else may use. The module's counter of a Reading is
// the detector's own; Active lasts for AlarmHold after the last alarm.
func RunASCII(ctx context.Context, port *line.Port, c ASCIIConfig, report func(Reading)) error {
	c, err := c.Complete()
	if err != nil {
		return err
	}
	asker := &asker{config: c, ask: func(ctx context.Context) (n uint32, err error) {
		err = port.Transact(ctx, []byte(c.Request), func(received []byte) (ok bool, _ error) {
			n, ok = c.parse(received)
			return ok, nil
		})
		return n, err
	}}
	t := tracker{bits: 32, counted: true}
	schedule := devices.Schedule{Every: c.PollInterval, Retry: min(time.Second, c.SilentAfter), SilentAfter: c.SilentAfter}
	devices.Watch(ctx, c.Name, schedule, asker.next, func(o devices.Observation, s sample) {
		if reading, changed := t.next(o, s); changed {
			report(reading)
		}
	})
	return nil
}

// asker makes samples of the numbers that a detector tells.
type asker struct {
	config ASCIIConfig
	ask    func(context.Context) (uint32, error)

	begun bool
	last  uint32
	until time.Time // an alarm stands
}

// unequalError says that two answers differ that should not.
type unequalError struct{ first, second uint32 }

func (e *unequalError) Error() string {
	return fmt.Sprintf("detector: asked twice, it tells %d alarms and %d", e.first, e.second)
}

func (a *asker) next(ctx context.Context) (sample, error) {
	n, err := a.ask(ctx)
	if err != nil {
		return sample{}, err
	}
	if !a.begun || n != a.last {
		again, err := a.ask(ctx)
		if err != nil {
			return sample{}, err
		}
		if again != n {
			return sample{}, &unequalError{n, again}
		}
		if a.begun && n > a.last {
			a.until = time.Now().Add(a.config.AlarmHold)
		}
	}
	a.begun, a.last = true, n
	return sample{active: time.Now().Before(a.until), count: n}, nil
}
