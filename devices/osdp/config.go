package osdp

import (
	"fmt"
	"slices"
	"time"

	"emtihan/devices/line"
	"emtihan/devices/osdp/wire"
)

// Config describes a line with peripherals on it. Fields left at zero take the value in brackets.
type Config struct {
	// The serial line; its keys stand beside the others in TOML. OSDP wants 8 data bits, no parity, 1 stop bit, and
	// 9600, 19200, 38400, 57600, 115200 or 230400 bit/s; char_timeout is [50 ms] and late_timeout [20 ms] here.
	line.Config
	// Keys is the path of the file with the base keys, which must be readable by its owner only.
	Keys string `toml:"keys"`
	// PollInterval is the time between two polls of a peripheral [50 ms]. At 9600 bit/s a poll takes about 40 ms.
	PollInterval time.Duration `toml:"poll_interval"`
	// RetryInterval is the same for a peripheral that is unknown [2 s]: each such poll costs the others a time-out.
	RetryInterval time.Duration `toml:"retry_interval"`
	// KeyRetry is the time before a peripheral that did not know the key is tried again [1 min].
	KeyRetry time.Duration `toml:"key_retry"`
	// SilentAfter is how long a peripheral may give no good reply before it is unknown [2 s].
	SilentAfter time.Duration `toml:"silent_after"`
	// Refresh is how often one of the states is asked for instead of a poll, in turn, for the sake of peripherals that
	// do not announce changes [1 s].
	Refresh time.Duration `toml:"refresh"`
	// BusyPause is the time before a command is sent again to a peripheral that was busy [50 ms].
	BusyPause time.Duration `toml:"busy_pause"`
	// Resends is how often a command is sent again when no reply came, 1 to 8 [2].
	Resends int `toml:"resends"`
	// Peripherals on the line.
	Peripherals []PeripheralConfig `toml:"peripheral"`
}

// PeripheralConfig describes one peripheral.
type PeripheralConfig struct {
	// Name of the peripheral in readings and in the file of keys.
	Name string `toml:"name"`
	// Address, 0 to 126.
	Address byte `toml:"address"`
	// Security is "secure" or "plain" ["secure"]. A secure peripheral is believed only inside the secure channel under
	// its own key. A plain one is believed always and its outputs cannot be switched.
	Security string `toml:"security"`
	// Checksum says that the peripheral knows the checksum only, and not the CRC.
	Checksum bool `toml:"checksum"`
}

const (
	secure = "secure"
	plain  = "plain"
)

// Complete returns c with its defaults filled in, or an error that names the field that cannot be used.
func (c Config) Complete() (Config, error) {
	defaultTo(&c.CharTimeout, 50*time.Millisecond)
	defaultTo(&c.LateTimeout, 20*time.Millisecond)
	var err error
	if c.Config, err = c.Config.Complete(); err != nil {
		return c, fmt.Errorf("osdp: %w", err)
	}
	defaultTo(&c.PollInterval, 50*time.Millisecond)
	defaultTo(&c.RetryInterval, 2*time.Second)
	defaultTo(&c.KeyRetry, time.Minute)
	defaultTo(&c.SilentAfter, 2*time.Second)
	defaultTo(&c.Refresh, time.Second)
	defaultTo(&c.BusyPause, 50*time.Millisecond)
	defaultTo(&c.Resends, 2)
	between := func(name string, d, low, high time.Duration) {
		if err == nil && (d < low || d > high) {
			err = fmt.Errorf("osdp: %s %v is not between %v and %v", name, d, low, high)
		}
	}
	between("poll_interval", c.PollInterval, time.Millisecond, time.Minute)
	between("retry_interval", c.RetryInterval, time.Millisecond, time.Minute)
	between("key_retry", c.KeyRetry, time.Millisecond, time.Hour)
	between("silent_after", c.SilentAfter, c.PollInterval, time.Hour)
	between("refresh", c.Refresh, time.Millisecond, time.Hour)
	between("busy_pause", c.BusyPause, time.Millisecond, time.Minute)
	speeds := []int{9600, 19200, 38400, 57600, 115200, 230400}
	switch {
	case err != nil:
		return c, err
	case c.DataBits != 8 || c.Parity != "none" || c.StopBits != 1:
		return c, fmt.Errorf("osdp: data_bits, parity and stop_bits are not 8, none and 1")
	case !slices.Contains(speeds, c.Baud):
		return c, fmt.Errorf("osdp: baud %d is none of %v", c.Baud, speeds)
	case c.Resends < 1 || c.Resends > 8:
		return c, fmt.Errorf("osdp: resends %d is not between 1 and 8", c.Resends)
	case len(c.Peripherals) == 0:
		return c, fmt.Errorf("osdp: no peripheral is named for the line %s", c.Path)
	}
	c.Peripherals = slices.Clone(c.Peripherals)
	for i := range c.Peripherals {
		p := &c.Peripherals[i]
		defaultTo(&p.Security, secure)
		switch {
		case p.Name == "":
			return c, fmt.Errorf("osdp: the peripheral at address %d has no name", p.Address)
		case p.Address > wire.MaxAddress:
			return c, fmt.Errorf("osdp: address %d of %s is not between 0 and %d", p.Address, p.Name, wire.MaxAddress)
		case p.Security != secure && p.Security != plain:
			return c, fmt.Errorf("osdp: security %q of %s is neither secure nor plain", p.Security, p.Name)
		case p.Security == secure && c.Keys == "":
			return c, fmt.Errorf("osdp: keys is missing, and %s needs one", p.Name)
		}
		for _, other := range c.Peripherals[:i] {
			switch {
			case other.Name == p.Name:
				return c, fmt.Errorf("osdp: two peripherals have the name %s", p.Name)
			case other.Address == p.Address:
				return c, fmt.Errorf("osdp: %s and %s have the same address %d", other.Name, p.Name, p.Address)
			}
		}
	}
	return c, nil
}

func defaultTo[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
