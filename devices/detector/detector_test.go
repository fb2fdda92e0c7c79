package detector_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"golang.org/x/sys/unix"

	"emtihan/devices"
	"emtihan/devices/detector"
	"emtihan/devices/door"
	"emtihan/devices/line"
	"emtihan/devices/modbus"
	"emtihan/devices/simulate"
)

const patience = 2 * time.Minute

// patient are settings with which a busy machine does not look like a silent device.
func patient(path string) detector.Config {
	return detector.Config{
		Name: "entrance",
		Config: line.Config{
			Path: path, ResponseTimeout: time.Minute, WriteTimeout: 200 * time.Millisecond,
			BackoffMin: time.Millisecond, BackoffMax: 20 * time.Millisecond,
		},
		CounterRegister: simulate.CounterRegister,
		PollInterval:    10 * time.Millisecond, SilentAfter: 3 * time.Minute,
	}
}

// nervous makes silence a matter of a time that a test can wait for.
func nervous(c *detector.Config, _ *simulate.Line) {
	c.ResponseTimeout, c.SilentAfter = 500*time.Millisecond, 1500*time.Millisecond
}

// TestMain lets more tests run side by side than there are processors: they wait for time-outs. A fuzzer does not wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.fuzz").Value.String() != "" {
		m.Run()
		return
	}
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	m.Run()
}

// bench is a detector under observation with a simulated far end.
type bench struct {
	*testing.T
	far      *simulate.Line
	module   *simulate.Module
	bus      *modbus.Bus
	readings chan detector.Reading
}

// newBench starts a detector; adjust may change its configuration and its far end before.
func newBench(t *testing.T, adjust func(*detector.Config, *simulate.Line)) *bench {
	t.Helper()
	path := filepath.Join(t.TempDir(), "port")
	far, err := simulate.NewLine(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	b := &bench{t, far, simulate.NewModule(), nil, make(chan detector.Reading, 1000)}
	far.Attach(1, b.module)
	c := patient(path)
	if adjust != nil {
		adjust(&c, far)
	}
	if b.bus, err = modbus.Open(c.Config, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- detector.RunOn(ctx, b.bus, c, func(r detector.Reading) { b.readings <- r }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		b.bus.Close()
	})
	return b
}

func (b *bench) next() detector.Reading {
	b.Helper()
	select {
	case r := <-b.readings:
		b.consistent(r)
		return r
	case <-time.After(patience):
		b.Fatal("no reading")
	}
	panic("unreachable")
}

// consistent checks what holds for every reading.
func (b *bench) consistent(r detector.Reading) {
	b.Helper()
	if r.Device != "entrance" || r.Time.IsZero() {
		b.Errorf("reading without name or time: %+v", r)
	}
	if !r.Known() && (r.Clear() || r.Active || r.Count != 0 || r.New != 0 || r.First || r.Reason == "" || r.Detail == "") { // R21
		b.Errorf("an unknown reading states something: %+v", r)
	}
	if r.Known() && (r.Reason != "" || r.Detail != "" || !r.Heard.Equal(r.Time)) {
		b.Errorf("a known reading with a reason: %+v", r)
	}
}

// start waits for the first known reading, which must be the whole state: clear, no alarm counted. On a busy machine a
// nervous detector may be unknown before.
func (b *bench) start() {
	b.Helper()
	r := b.next()
	for !r.Known() {
		r = b.next()
	}
	b.want(r, false, 0, 0, true)
}

// none demands that nothing is reported during the next polls.
func (b *bench) none(polls uint64) {
	b.Helper()
	asked := func() uint64 {
		c := b.bus.Line().Counters()
		return c.Requests + c.Stalls
	}
	for until, deadline := asked()+polls, time.Now().Add(patience); asked() < until; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatal("the detector is not polled")
		}
	}
	select {
	case r := <-b.readings:
		b.Errorf("reading out of turn: %+v", r)
	default:
	}
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) want(r detector.Reading, active bool, count, fresh uint32, first bool) {
	b.Helper()
	if !r.Known() || r.Active != active || r.Count != count || r.New != fresh || r.First != first || r.Restarted || r.Clear() == active {
		b.Errorf("reading %+v, want active %v, count %d, new %d, first %v", r, active, count, fresh, first)
	}
}

func (b *bench) wantUnknown(r detector.Reading, reason devices.Reason) {
	b.Helper()
	if r.Known() || r.Clear() || r.Reason != reason {
		b.Errorf("reading %+v, want unknown, %s", r, reason)
	}
}

func TestAlarm(t *testing.T) { // R21
	t.Parallel()
	b := newBench(t, nil)
	b.start()
	b.none(6)
	b.must(b.module.Set(0, true))
	// The input is read before the counter; the alarm may come between the two.
	r := b.next()
	if !r.Active {
		b.want(r, false, 1, 1, false)
		r = b.next()
		b.want(r, true, 1, 0, false)
	} else {
		b.want(r, true, 1, 1, false)
	}
	b.none(6)
	b.must(b.module.Set(0, false))
	b.want(b.next(), false, 1, 0, false)
	b.none(6)
}

func TestMissedPulse(t *testing.T) { // R21
	t.Parallel()
	b := newBench(t, nil)
	b.start()
	b.must(b.module.Pulse(0))
	b.want(b.next(), false, 1, 1, false)
}

func TestAlarmThatIsOnAtTheStart(t *testing.T) { // R21
	path := filepath.Join(t.TempDir(), "port")
	far, err := simulate.NewLine(path)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	module := simulate.NewModule()
	far.Attach(1, module)
	if err := module.Set(0, true); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var first detector.Reading
	if err := detector.Run(ctx, patient(path), func(r detector.Reading) {
		if first.Device == "" {
			first = r
		}
		cancel()
	}); err != nil {
		t.Fatal(err)
	}
	if !first.Known() || !first.Active || first.Clear() || !first.First || first.New != 0 {
		t.Errorf("first reading %+v", first)
	}
	// Run has given the port up.
	other := newBench(t, func(c *detector.Config, _ *simulate.Line) { c.Path = path })
	if r := other.next(); !r.Known() {
		t.Errorf("the port is not free: %+v", r)
	}
}

// Whatever the fault, the detector is unknown while it lasts and never clear, and the alarms meanwhile are told afterwards.
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
			r := b.next()
			b.wantUnknown(r, c.reason)
			if r.Heard.IsZero() || r.Time.Sub(r.Heard) < 1500*time.Millisecond {
				t.Errorf("given up too early: heard %v, unknown %v", r.Heard, r.Time)
			}
			b.none(2)
			b.must(b.module.Pulse(0))
			b.must(b.module.Pulse(0))
			b.module.Fail(simulate.Healthy)
			b.want(b.next(), false, 2, 2, true)
		})
	}
}

// What a line may do without spoiling an answer does not make a detector unknown and hides no alarm.
func TestTolerance(t *testing.T) { // R21
	t.Parallel()
	for _, fault := range []simulate.Fault{simulate.Noise, simulate.Split, simulate.Twice, simulate.Echo, simulate.Late} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			b.start()
			b.module.Fail(fault)
			b.none(4)
			b.must(b.module.Pulse(0))
			b.want(b.next(), false, 1, 1, false)
		})
	}
}

func TestAnswersThatComeTooLate(t *testing.T) { // R21
	t.Parallel()
	b := newBench(t, func(c *detector.Config, _ *simulate.Line) {
		c.ResponseTimeout, c.SilentAfter = simulate.Lateness/3, 1500*time.Millisecond
	})
	b.start()
	b.module.Fail(simulate.Late)
	b.must(b.module.Pulse(0))
	for r := b.next(); ; r = b.next() {
		// The alarm may have been read before the fault was felt, and nothing else may be.
		if !r.Known() {
			break
		}
		b.want(r, false, 1, 1, false)
	}
	b.none(2)
}

func TestUnplug(t *testing.T) { // R21
	t.Parallel()
	b := newBench(t, nil)
	b.start()
	for count := uint32(1); count <= 3; count++ {
		b.must(b.far.Unplug())
		b.wantUnknown(b.next(), devices.Unplugged)
		b.must(b.module.Pulse(0))
		b.must(b.far.Replug())
		b.want(b.next(), false, count, 1, true)
	}
}

func TestMissing(t *testing.T) { // R21
	t.Parallel()
	b := newBench(t, func(c *detector.Config, far *simulate.Line) {
		if err := far.Unplug(); err != nil {
			t.Fatal(err)
		}
	})
	r := b.next()
	b.wantUnknown(r, devices.Missing)
	if !r.Heard.IsZero() {
		t.Errorf("heard %v before there was anything", r.Heard)
	}
	b.must(b.far.Replug())
	b.start()
}

func TestBusy(t *testing.T) { // R21
	t.Parallel()
	var holder *os.File
	b := newBench(t, func(c *detector.Config, _ *simulate.Line) {
		var err error
		if holder, err = os.OpenFile(c.Path, os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
			t.Fatal(err)
		}
		if err := unix.Flock(int(holder.Fd()), unix.LOCK_EX); err != nil {
			t.Fatal(err)
		}
	})
	b.wantUnknown(b.next(), devices.Busy)
	holder.Close()
	b.start()
}

// The far end stops taking bytes in the middle of the work.
func TestStalledWrites(t *testing.T) { // R21
	t.Parallel()
	var pipe *os.File
	b := newBench(t, func(c *detector.Config, far *simulate.Line) {
		var err error
		nervous(c, far)
		if pipe, err = os.OpenFile(c.Path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0); err != nil {
			t.Fatal(err)
		}
	})
	defer pipe.Close()
	b.start()
	b.far.Stall(true)
	// Fill what the system holds, so that the next request of the detector cannot be written.
	filled := make(chan struct{})
	go func() {
		defer close(filled)
		for b.bus.Line().Counters().Stalls == 0 {
			if err := pipe.SetWriteDeadline(time.Now().Add(5 * time.Millisecond)); err != nil {
				return
			}
			_, _ = pipe.Write(make([]byte, 4096))
		}
	}()
	r := b.next()
	b.wantUnknown(r, devices.Silent)
	select {
	case <-filled:
	case <-time.After(patience):
		t.Fatal("no write of the detector was stalled")
	}
	for len(b.readings) > 0 {
		b.wantUnknown(b.next(), devices.Silent)
	}
	b.must(b.module.Pulse(0))
	b.far.Stall(false)
	for r = b.next(); !r.Known(); r = b.next() {
		b.wantUnknown(r, devices.Silent)
	}
	b.want(r, false, 1, 1, true)
}

func TestRestartOfTheModule(t *testing.T) { // R21
	t.Parallel()
	b := newBench(t, nil)
	b.start()
	b.must(b.module.SetCount(0, 500))
	b.want(b.next(), false, 500, 500, false)
	b.must(b.module.SetCount(0, 0))
	if r := b.next(); !r.Known() || !r.Restarted || r.New != 0 || r.Count != 0 {
		t.Errorf("a restart is reported as %+v", r)
	}
	b.must(b.module.Pulse(0))
	b.want(b.next(), false, 1, 1, false)
}

func TestWrapAround(t *testing.T) { // R21
	for _, c := range []struct {
		bits     int
		register uint16
		last     uint32
	}{
		{16, simulate.CounterRegister, 1<<16 - 1},
		{32, simulate.WideCounterRegister, 1<<32 - 1},
	} {
		b := newBench(t, func(config *detector.Config, _ *simulate.Line) {
			config.CounterBits, config.CounterRegister = c.bits, c.register
		})
		b.start()
		b.must(b.module.SetCount(0, c.last))
		if r := b.next(); r.Count != c.last || !r.Restarted || r.New != 0 {
			t.Errorf("a counter that jumps is reported as %+v", r)
		}
		b.must(b.module.Pulse(0))
		b.want(b.next(), false, 0, 1, false)
	}
}

func TestWithoutCounter(t *testing.T) { // R21
	t.Parallel()
	b := newBench(t, func(c *detector.Config, _ *simulate.Line) {
		c.CounterFunction, c.NormallyClosed = "none", true
	})
	// A normally closed relay that is cut off reads as an alarm.
	b.want(b.next(), true, 1, 1, true)
	b.must(b.module.Set(0, true))
	b.want(b.next(), false, 1, 0, false)
	b.must(b.module.Set(0, false))
	b.want(b.next(), true, 2, 1, false)
}

// A silent door on the same line costs the detector time, but neither its alarms nor its being known.
func TestSharedLine(t *testing.T) { // R21
	t.Parallel()
	b := newBench(t, func(c *detector.Config, _ *simulate.Line) {
		c.ResponseTimeout = 500 * time.Millisecond
	})
	b.start()
	doorModule := simulate.NewModule()
	b.must(doorModule.Set(0, true))
	b.far.Attach(2, doorModule)
	ctx, cancel := context.WithCancel(t.Context())
	doors, done := make(chan door.Reading, 100), make(chan error, 1)
	go func() {
		done <- door.RunOn(ctx, b.bus, door.Config{
			Contact: modbus.Contact{Unit: 2}, PollInterval: 10 * time.Millisecond, SilentAfter: 3 * time.Second,
		}, func(r door.Reading) { doors <- r })
	}()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	next := func() door.Reading {
		select {
		case r := <-doors:
			return r
		case <-time.After(patience):
			t.Fatal("the door says nothing")
		}
		panic("unreachable")
	}
	if r := next(); !r.Closed() {
		t.Errorf("door %+v", r)
	}
	doorModule.Fail(simulate.Silent)
	if r := next(); r.Known() || r.Closed() {
		t.Errorf("silent door %+v", r)
	}
	for count := uint32(1); count <= 3; count++ {
		b.must(b.module.Pulse(0))
		b.want(b.next(), false, count, 1, false)
	}
	doorModule.Fail(simulate.Healthy)
	if r := next(); !r.Closed() || !r.First {
		t.Errorf("door %+v after its return", r)
	}
}

func TestTOML(t *testing.T) {
	var c detector.Config
	meta, err := toml.Decode(`
name = "entrance"
path = "/dev/exam/detector"
baud = 19200
parity = "even"
stop_bits = 2
gap = "50ms"
unit = 7
input = 3
normally_closed = true
counter_function = "input"
counter_register = 1250
poll_interval = "200ms"
silent_after = "5s"
`, &c)
	if err != nil || len(meta.Undecoded()) != 0 {
		t.Fatalf("error %v, keys not understood %v", err, meta.Undecoded())
	}
	c, err = c.Complete()
	if err != nil {
		t.Fatal(err)
	}
	if c.Path != "/dev/exam/detector" || c.Baud != 19200 || c.Parity != "even" || c.StopBits != 2 || c.Gap != 50*time.Millisecond ||
		c.Unit != 7 || c.Input != 3 || !c.NormallyClosed || c.CounterFunction != "input" || c.CounterRegister != 1250 ||
		c.CounterBits != 16 || c.PollInterval != 200*time.Millisecond || c.SilentAfter != 5*time.Second {
		t.Errorf("decoded %+v", c)
	}
}

func TestBadConfig(t *testing.T) {
	for _, c := range []struct {
		spoil func(*detector.Config)
		names string
	}{
		{func(c *detector.Config) { c.Path = "" }, "path"},
		{func(c *detector.Config) { c.Unit = 255 }, "unit"},
		{func(c *detector.Config) { c.CounterFunction = "coil" }, "counter_function"},
		{func(c *detector.Config) { c.CounterBits = 24 }, "counter_bits"},
		{func(c *detector.Config) { c.CounterBits, c.CounterRegister = 32, 65535 }, "32-bit"},
		{func(c *detector.Config) { c.PollInterval = -1 }, "poll_interval"},
		{func(c *detector.Config) { c.SilentAfter = time.Millisecond }, "silent_after"},
	} {
		config := patient("/dev/exam/detector")
		c.spoil(&config)
		err := detector.Run(t.Context(), config, func(r detector.Reading) { t.Errorf("reading %+v", r) })
		if err == nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("error %v does not name %s", err, c.names)
		}
	}
}
