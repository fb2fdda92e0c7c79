package line

import (
	"fmt"
	"time"

	"go.bug.st/serial"
)

// Config describes a serial line. Every field but Path may be left at zero and then takes the value in brackets.
type Config struct {
	// Path of the port, best a stable symbolic link made by udev, such as /dev/exam/detector: the number in
	// /dev/ttyUSB0 changes when an adapter is plugged in again.
	Path string `toml:"path"`
	// Baud is the speed in bit/s [9600].
	Baud int `toml:"baud"`
	// DataBits per character, 5 to 8 [8].
	DataBits int `toml:"data_bits"`
	// Parity is "none", "even" or "odd" ["none"].
	Parity string `toml:"parity"`
	// StopBits is 1 or 2 [1].
	StopBits int `toml:"stop_bits"`
	// Gap is the silence kept on the line before each request [3.5 characters, above 19200 bit/s 1.75 ms: MODBUS over
	// Serial Line V1.02, 2.5.1.1]. Some devices need far more.
	Gap time.Duration `toml:"gap"`
	// ResponseTimeout is how long an answer may take, counted from the end of the request [200 ms].
	ResponseTimeout time.Duration `toml:"response_timeout"`
	// CharTimeout is how long a further character is awaited after each one that has come, even beyond ResponseTimeout.
	// It is for protocols with long answers whose time-out is that of the first character [0: ResponseTimeout covers the
	// whole answer].
	CharTimeout time.Duration `toml:"char_timeout"`
	// LateTimeout is how long a late answer is waited for after one has not come in time, before the next request
	// [ResponseTimeout]. Protocols whose answers tell what they answer can do with less.
	LateTimeout time.Duration `toml:"late_timeout"`
	// WriteTimeout is how long the port may take to accept a request [500 ms].
	WriteTimeout time.Duration `toml:"write_timeout"`
	// BackoffMin and BackoffMax bound the time from a failed opening to the next [250 ms and 5 s].
	BackoffMin time.Duration `toml:"backoff_min"`
	BackoffMax time.Duration `toml:"backoff_max"`
}

// Complete returns c with its defaults filled in, or an error that names the field that cannot be used.
func (c Config) Complete() (Config, error) {
	defaultTo(&c.Baud, 9600)
	defaultTo(&c.DataBits, 8)
	defaultTo(&c.Parity, "none")
	defaultTo(&c.StopBits, 1)
	defaultTo(&c.ResponseTimeout, 200*time.Millisecond)
	defaultTo(&c.LateTimeout, c.ResponseTimeout)
	defaultTo(&c.WriteTimeout, 500*time.Millisecond)
	defaultTo(&c.BackoffMin, 250*time.Millisecond)
	defaultTo(&c.BackoffMax, max(5*time.Second, c.BackoffMin))
	switch {
	case c.Path == "":
		return c, fmt.Errorf("line: path of the serial port is missing")
	case c.Baud < 50 || c.Baud > 4_000_000:
		return c, fmt.Errorf("line: baud %d is not between 50 and 4000000", c.Baud)
	case c.DataBits < 5 || c.DataBits > 8:
		return c, fmt.Errorf("line: data_bits %d is not between 5 and 8", c.DataBits)
	case c.Parity != "none" && c.Parity != "even" && c.Parity != "odd":
		return c, fmt.Errorf("line: parity %q is not none, even or odd", c.Parity)
	case c.StopBits != 1 && c.StopBits != 2:
		return c, fmt.Errorf("line: stop_bits %d is not 1 or 2", c.StopBits)
	case c.Gap < 0 || c.Gap > time.Second:
		return c, fmt.Errorf("line: gap %v is not between 0 and 1s", c.Gap)
	case c.ResponseTimeout < time.Millisecond || c.ResponseTimeout > time.Minute:
		return c, fmt.Errorf("line: response_timeout %v is not between 1ms and 1m", c.ResponseTimeout)
	case c.CharTimeout < 0 || c.CharTimeout > time.Minute:
		return c, fmt.Errorf("line: char_timeout %v is not between 0 and 1m", c.CharTimeout)
	case c.LateTimeout < time.Millisecond || c.LateTimeout > time.Minute:
		return c, fmt.Errorf("line: late_timeout %v is not between 1ms and 1m", c.LateTimeout)
	case c.WriteTimeout < time.Millisecond || c.WriteTimeout > time.Minute:
		return c, fmt.Errorf("line: write_timeout %v is not between 1ms and 1m", c.WriteTimeout)
	case c.BackoffMin < time.Millisecond || c.BackoffMax < c.BackoffMin || c.BackoffMax > time.Hour:
		return c, fmt.Errorf("line: backoff_min %v and backoff_max %v are not 1ms ≤ min ≤ max ≤ 1h", c.BackoffMin, c.BackoffMax)
	}
	defaultTo(&c.Gap, c.silence())
	return c, nil
}

func defaultTo[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// silence is the pause that separates two Modbus frames.
func (c Config) silence() time.Duration {
	if c.Baud > 19200 {
		return 1750 * time.Microsecond
	}
	return c.duration(7) / 2
}

// duration is how long n characters take on the wire.
func (c Config) duration(n int) time.Duration {
	bits := 1 + c.DataBits + c.StopBits
	if c.Parity != "none" {
		bits++
	}
	return time.Duration(n*bits) * time.Second / time.Duration(c.Baud)
}

func (c Config) mode() *serial.Mode {
	mode := &serial.Mode{BaudRate: c.Baud, DataBits: c.DataBits, Parity: serial.NoParity, StopBits: serial.OneStopBit}
	switch c.Parity {
	case "even":
		mode.Parity = serial.EvenParity
	case "odd":
		mode.Parity = serial.OddParity
	}
	if c.StopBits == 2 {
		mode.StopBits = serial.TwoStopBits
	}
	return mode
}
