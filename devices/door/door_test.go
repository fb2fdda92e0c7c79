package door_test

import (
	"context"
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"emtihan/devices"
	"emtihan/devices/door"
	"emtihan/devices/line"
	"emtihan/devices/modbus"
	"emtihan/devices/simulate"
)

const patience = 2 * time.Minute

// patient are settings with which a busy machine does not look like a silent device.
func patient(path string) door.Config {
	return door.Config{
		Name: "corridor",
		Config: line.Config{
			Path: path, ResponseTimeout: time.Minute, BackoffMin: time.Millisecond, BackoffMax: 20 * time.Millisecond,
		},
		Contact:  modbus.Contact{Unit: simulate.DoorUnit},
		Debounce: 20 * time.Millisecond, PollInterval: 10 * time.Millisecond, SilentAfter: 3 * time.Minute,
	}
}

// nervous makes silence a matter of a time that a test can wait for.
func nervous(c *door.Config) {
	c.ResponseTimeout, c.SilentAfter = 500*time.Millisecond, 1500*time.Millisecond
}

// TestMain lets more tests run side by side than there are processors: they wait for time-outs.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	m.Run()
}

// bench is a door under observation with a simulated far end.
type bench struct {
	*testing.T
	far      *simulate.Line
	module   *simulate.Module
	bus      *modbus.Bus
	readings chan door.Reading
}

// newBench starts a closed door; adjust, which may be nil, changes its configuration before.
func newBench(t *testing.T, adjust func(*door.Config)) *bench {
	t.Helper()
	path := filepath.Join(t.TempDir(), "port")
	far, err := simulate.NewLine(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	b := &bench{t, far, simulate.NewModule(), nil, make(chan door.Reading, 1000)}
	far.Attach(simulate.DoorUnit, b.module)
	b.move(false)
	c := patient(path)
	if adjust != nil {
		adjust(&c)
	}
	if b.bus, err = modbus.Open(c.Config, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- door.RunOn(ctx, b.bus, c, func(r door.Reading) { b.readings <- r }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		b.bus.Close()
	})
	return b
}

// move opens or closes the door: its contact is closed while it is closed.
func (b *bench) move(open bool) {
	b.Helper()
	b.must(b.module.Set(0, !open))
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) next() door.Reading {
	b.Helper()
	select {
	case r := <-b.readings:
		if r.Device != "corridor" || r.Time.IsZero() {
			b.Errorf("reading without name or time: %+v", r)
		}
		return r
	case <-time.After(patience):
		b.Fatal("no reading")
	}
	panic("unreachable")
}

// start waits for the first known reading, which must be the whole state: closed. On a busy machine a nervous door may be
// unknown before.
func (b *bench) start() {
	b.Helper()
	r := b.next()
	for !r.Known() {
		r = b.next()
	}
	b.want(r, false, true)
}

// none demands that nothing is reported during the next polls.
func (b *bench) none(polls uint64) {
	b.Helper()
	asked := func() uint64 { return b.bus.Line().Counters().Requests }
	for until, deadline := asked()+polls, time.Now().Add(patience); asked() < until; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatal("the door is not polled")
		}
	}
	select {
	case r := <-b.readings:
		b.Errorf("reading out of turn: %+v", r)
	default:
	}
}

func (b *bench) want(r door.Reading, open, first bool) {
	b.Helper()
	if !r.Known() || r.Open != open || r.Closed() == open || r.First != first || r.Reason != "" {
		b.Errorf("reading %+v, want open %v, first %v", r, open, first)
	}
}

func (b *bench) wantUnknown(r door.Reading, reason devices.Reason) {
	b.Helper()
	if r.Known() || r.Closed() || r.Open || r.Reason != reason || r.Detail == "" {
		b.Errorf("reading %+v, want unknown, %s", r, reason)
	}
}

func TestDoor(t *testing.T) { // R21
	t.Parallel()
	b := newBench(t, nil)
	b.start()
	b.none(6)
	for _, open := range []bool{true, false, true} {
		moved := time.Now()
		b.move(open)
		r := b.next()
		b.want(r, open, false)
		if debounced := !open; r.Time.Before(moved) || debounced != (r.Heard.Sub(r.Time) >= 20*time.Millisecond) {
			t.Errorf("moved at %v, edge at %v, believed at %v", moved, r.Time, r.Heard)
		}
		b.none(10)
	}
}

// Whatever the fault, the door is unknown while it lasts and never closed, and afterwards its true state is told.
func TestFaults(t *testing.T) { // R21
	t.Parallel()
	for _, c := range []struct {
		fault  simulate.Fault
		reason devices.Reason
	}{
		{simulate.Silent, devices.Silent},
		{simulate.Babble, devices.BadAnswer},
		{simulate.WrongCRC, devices.BadAnswer},
		{simulate.HalfFrame, devices.BadAnswer},
		{simulate.EchoOnly, devices.BadAnswer},
		{simulate.WrongUnit, devices.BadAnswer},
		{simulate.WrongFunction, devices.BadAnswer},
		{simulate.Refusing, devices.BadAnswer},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nervous)
			b.start()
			b.module.Fail(c.fault)
			b.wantUnknown(b.next(), c.reason)
			b.none(2)
			b.move(true)
			b.none(2)
			b.module.Fail(simulate.Healthy)
			b.want(b.next(), true, true)
		})
	}
}

func TestUnplug(t *testing.T) { // R21
	t.Parallel()
	b := newBench(t, nil)
	b.start()
	for _, open := range []bool{true, false, true} {
		b.must(b.far.Unplug())
		b.wantUnknown(b.next(), devices.Unplugged)
		b.move(open)
		b.must(b.far.Replug())
		b.want(b.next(), open, true)
	}
}

func TestStall(t *testing.T) { // R21
	t.Parallel()
	b := newBench(t, nervous)
	b.start()
	b.far.Stall(true)
	b.wantUnknown(b.next(), devices.Silent)
	b.move(true)
	b.far.Stall(false)
	b.want(b.next(), true, true)
}

func TestCutCableReadsAsOpen(t *testing.T) { // R21
	t.Parallel()
	for _, c := range []struct {
		openWhenOn, on, open bool
	}{
		{false, false, true},
		{false, true, false},
		{true, false, false},
		{true, true, true},
	} {
		path := filepath.Join(t.TempDir(), "port")
		far, err := simulate.NewLine(path)
		if err != nil {
			t.Fatal(err)
		}
		module := simulate.NewModule()
		far.Attach(simulate.DoorUnit, module)
		if err := module.Set(0, c.on); err != nil {
			t.Fatal(err)
		}
		config := patient(path)
		config.OpenWhenOn = c.openWhenOn
		ctx, cancel := context.WithCancel(t.Context())
		var got []door.Reading
		if err := door.Run(ctx, config, func(r door.Reading) {
			got = append(got, r)
			cancel()
		}); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || !got[0].Known() || got[0].Open != c.open {
			t.Errorf("%+v: %+v", c, got)
		}
		far.Close()
	}
}

func TestTOML(t *testing.T) {
	var c door.Config
	meta, err := toml.Decode(`
name = "corridor"
path = "/dev/exam/door"
data_bits = 7
parity = "odd"
unit = 2
input = 4
input_function = "holding"
input_register = 51
open_when_on = true
debounce = "80ms"
poll_interval = "50ms"
silent_after = "3s"
`, &c)
	if err != nil || len(meta.Undecoded()) != 0 {
		t.Fatalf("error %v, keys not understood %v", err, meta.Undecoded())
	}
	if c, err = c.Complete(); err != nil {
		t.Fatal(err)
	}
	if c.Path != "/dev/exam/door" || c.DataBits != 7 || c.Parity != "odd" || c.Unit != 2 || c.Input != 4 || c.InputFunction != "holding" ||
		c.InputRegister != 51 || !c.OpenWhenOn || c.Debounce != 80*time.Millisecond || c.PollInterval != 50*time.Millisecond || c.SilentAfter != 3*time.Second {
		t.Errorf("decoded %+v", c)
	}
}

func TestBadConfig(t *testing.T) {
	for _, c := range []struct {
		spoil func(*door.Config)
		names string
	}{
		{func(c *door.Config) { c.Path = "" }, "path"},
		{func(c *door.Config) { c.InputFunction = "coil" }, "input_function"},
		{func(c *door.Config) { c.Debounce = -1 }, "debounce"},
		{func(c *door.Config) { c.PollInterval = time.Hour }, "poll_interval"},
		{func(c *door.Config) { c.SilentAfter = time.Millisecond }, "silent_after"},
	} {
		config := patient("/dev/exam/door")
		c.spoil(&config)
		err := door.Run(t.Context(), config, func(r door.Reading) { t.Errorf("reading %+v", r) })
		if err == nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("error %v does not name %s", err, c.names)
		}
	}
}
