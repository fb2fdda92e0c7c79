package door_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"emtihan/devices"
	"emtihan/devices/door"
	"emtihan/devices/line"
	"emtihan/devices/simulate"
)

// modem plays a port with modem lines, which pseudo-terminals do not have.
type modem struct {
	mu    sync.Mutex
	lines line.Modem
	err   error
}

func (m *modem) Modem(context.Context) (line.Modem, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lines, m.err
}

func (m *modem) set(lines line.Modem, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lines, m.err = lines, err
}

func runModem(t *testing.T, port line.ModemSource, c door.ModemConfig) func() door.Reading {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	readings := make(chan door.Reading, 1000)
	done := make(chan error, 1)
	go func() { done <- door.RunModem(ctx, port, c, func(r door.Reading) { readings <- r }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return func() door.Reading {
		t.Helper()
		select {
		case r := <-readings:
			return r
		case <-time.After(patience):
			t.Fatal("no reading")
		}
		panic("unreachable")
	}
}

func TestModemLines(t *testing.T) { // R21
	t.Parallel()
	for input, closed := range map[string]line.Modem{"cts": {CTS: true, DCD: true}, "dsr": {DSR: true}} {
		port := new(modem)
		port.set(closed, nil)
		next := runModem(t, port, door.ModemConfig{Name: "205", Input: input, PollInterval: time.Millisecond, SilentAfter: time.Minute})
		if r := next(); !r.Closed() || !r.First || r.Device != "205" {
			t.Errorf("%s: first reading %+v", input, r)
		}
		port.set(line.Modem{RI: true}, nil)
		if r := next(); !r.Known() || !r.Open {
			t.Errorf("%s: an open door is read as %+v", input, r)
		}
		port.set(closed, nil)
		if r := next(); !r.Closed() || r.Heard.Sub(r.Time) < 50*time.Millisecond {
			t.Errorf("%s: a closed door is read as %+v", input, r)
		}
		port.set(closed, &line.PortError{Path: "x", State: line.Unplugged, Err: errors.New("gone")})
		if r := next(); r.Known() || r.Closed() || r.Reason != devices.Unplugged {
			t.Errorf("%s: without its port the door is %+v", input, r)
		}
		port.set(line.Modem{}, nil)
		if r := next(); !r.Open || !r.First {
			t.Errorf("%s: after the return the door is %+v", input, r)
		}
	}
}

// A real port without modem lines is unsuitable, and the door unknown.
func TestPortWithoutModemLines(t *testing.T) { // R21
	t.Parallel()
	cable, err := simulate.NewCable()
	if err != nil {
		t.Fatal(err)
	}
	defer cable.Close()
	port, err := line.New(line.Config{Path: cable.A}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	if r := runModem(t, port, door.ModemConfig{})(); r.Known() || r.Reason != devices.Unsuitable || !strings.Contains(r.Detail, "no modem lines") {
		t.Errorf("%+v", r)
	}
}

func TestModemConfig(t *testing.T) {
	for name, c := range map[string]door.ModemConfig{
		"input_line":    {Input: "ring"},
		"debounce":      {Debounce: -1},
		"poll_interval": {PollInterval: time.Hour},
	} {
		if _, err := c.Complete(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
