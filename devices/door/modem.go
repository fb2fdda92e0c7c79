package door

import (
	"context"
	"fmt"
	"time"

	"emtihan/devices"
	"emtihan/devices/line"
)

// ModemConfig describes a door whose contact lies between RTS or DTR and an input line of a serial port. Fields left at zero
// take the value in brackets.
type ModemConfig struct {
	// Name of the door in readings ["door"].
	Name string `toml:"name"`
	// Input is the line that the contact is wired to, "cts" or "dsr" ["cts"].
	Input string `toml:"input_line"`
	// OpenWhenOn, Debounce, PollInterval and SilentAfter are those of Config.
	OpenWhenOn   bool          `toml:"open_when_on"`
	Debounce     time.Duration `toml:"debounce"`
	PollInterval time.Duration `toml:"poll_interval"`
	SilentAfter  time.Duration `toml:"silent_after"`
}

// Complete returns c with its defaults filled in, or an error that names the field that cannot be used.
func (c ModemConfig) Complete() (ModemConfig, error) {
	if c.Input == "" {
		c.Input = "cts"
	}
	if c.Input != "cts" && c.Input != "dsr" {
		return c, fmt.Errorf("door: input_line %q is not cts or dsr", c.Input)
	}
	same, err := Config{
		Name: c.Name, Config: line.Config{Path: "/"}, Debounce: c.Debounce, PollInterval: c.PollInterval, SilentAfter: c.SilentAfter,
	}.Complete()
	c.Name, c.Debounce, c.PollInterval, c.SilentAfter = same.Name, same.Debounce, same.PollInterval, same.SilentAfter
	return c, err
}

// RunModem is Run for a door on modem lines, which keep nobody else from using the port's data.
func RunModem(ctx context.Context, port line.ModemSource, c ModemConfig, report func(Reading)) error {
	c, err := c.Complete()
	if err != nil {
		return err
	}
	t := tracker{debounce: c.Debounce}
	schedule := devices.Schedule{Every: c.PollInterval, Retry: min(time.Second, c.SilentAfter), SilentAfter: c.SilentAfter}
	devices.Watch(ctx, c.Name, schedule, func(ctx context.Context) (open bool, err error) {
		m, err := port.Modem(ctx)
		on := m.CTS
		if c.Input == "dsr" {
			on = m.DSR
		}
		return on == c.OpenWhenOn, err
	}, func(o devices.Observation, open bool) {
		if reading, changed := t.next(o, open); changed {
			report(reading)
		}
	})
	return nil
}
