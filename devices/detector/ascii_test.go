package detector_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/devices"
	"emtihan/devices/detector"
	"emtihan/devices/line"
	"emtihan/devices/profile"
	"emtihan/devices/simulate"
)

// ceia are the settings of the profile.
func ceia(t testing.TB) detector.ASCIIConfig {
	t.Helper()
	p, known := profile.Find("ceia-ascii")
	if !known {
		t.Fatal("there is no profile ceia-ascii")
	}
	return detector.ASCIIConfig{
		Name: "entrance", Request: p.Settings["request"].(string), Answer: p.Settings["answer"].(string),
		AlarmHold: 50 * time.Millisecond, PollInterval: 10 * time.Millisecond, SilentAfter: 3 * time.Minute,
	}
}

// newASCIIBench starts a detector that speaks ASCII.
func newASCIIBench(t *testing.T, adjust func(*detector.ASCIIConfig, *line.Config)) (*bench, *simulate.ASCIIDetector) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "port")
	far, err := simulate.NewLine(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	machine := simulate.NewASCIIDetector()
	far.AttachASCII(machine)
	c, l := ceia(t), patient(path).Config
	if adjust != nil {
		adjust(&c, &l)
	}
	port, err := line.New(l, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, far: far, readings: make(chan detector.Reading, 1000)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- detector.RunASCII(ctx, port, c, func(r detector.Reading) { b.readings <- r }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		port.Close()
	})
	return b, machine
}

func TestASCII(t *testing.T) { // R21
	t.Parallel()
	b, machine := newASCIIBench(t, nil)
	if r := b.next(); !r.Clear() || !r.First || r.New != 0 {
		t.Fatalf("first reading %+v", r)
	}
	machine.Pass(false)
	machine.Pass(true)
	if r := b.next(); !r.Active || r.New != 1 || r.Count != 1 {
		t.Errorf("an alarm is read as %+v", r)
	}
	if r := b.next(); !r.Clear() || r.New != 0 || r.Count != 1 {
		t.Errorf("the end of an alarm is read as %+v", r)
	}
	machine.Reset()
	if r := b.next(); !r.Known() || !r.Restarted || r.Count != 0 {
		t.Errorf("a reset is read as %+v", r)
	}
}

// Whatever the fault, the detector is unknown while it lasts, and the alarms in it are told afterwards (R21).
func TestASCIIFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range []simulate.Fault{simulate.Silent, simulate.Babble, simulate.HalfFrame, simulate.EchoOnly, simulate.Noise} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			b, machine := newASCIIBench(t, func(c *detector.ASCIIConfig, l *line.Config) {
				l.ResponseTimeout, c.SilentAfter = 300*time.Millisecond, time.Second
			})
			for r := b.next(); !r.Known(); r = b.next() {
			}
			machine.Fail(fault)
			machine.Pass(true)
			r := b.next()
			// The answer that was on its way may have told the alarm.
			told := r.New
			for ; r.Known(); r = b.next() {
				if fault == simulate.Silent && r.Clear() && told == 0 {
					t.Errorf("clear while it is silent: %+v", r)
				}
			}
			if r.Reason != devices.Silent && r.Reason != devices.BadAnswer {
				t.Errorf("unknown because %s", r.Reason)
			}
			machine.Fail(simulate.Healthy)
			for r = b.next(); !r.Known(); r = b.next() {
			}
			if !r.First || told+r.New != 1 {
				t.Errorf("after the fault %+v, %d alarms told before", r, told)
			}
		})
	}
}

func TestASCIIEcho(t *testing.T) {
	t.Parallel()
	b, machine := newASCIIBench(t, nil)
	machine.Fail(simulate.Echo)
	for r := b.next(); !r.Clear(); r = b.next() {
	}
	machine.Pass(true)
	if r := b.next(); r.New != 1 {
		t.Errorf("behind an echo an alarm is read as %+v", r)
	}
}

func TestASCIIConfig(t *testing.T) {
	for name, change := range map[string]func(*detector.ASCIIConfig){
		"request":       func(c *detector.ASCIIConfig) { c.Request = "" },
		"regular":       func(c *detector.ASCIIConfig) { c.Answer = "(" },
		"group":         func(c *detector.ASCIIConfig) { c.Answer = "TA (\\d+)" },
		"alarm_hold":    func(c *detector.ASCIIConfig) { c.AlarmHold = time.Hour },
		"poll_interval": func(c *detector.ASCIIConfig) { c.PollInterval = -1 },
		"silent_after":  func(c *detector.ASCIIConfig) { c.SilentAfter = 1 },
	} {
		c := ceia(t)
		change(&c)
		if _, err := c.Complete(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A relay that opens on alarm: each alarm is told once, when it begins, although the module counts it when it ends; a cable
// that is cut becomes a fault, never clear (R21).
func TestNormallyClosedCable(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *detector.Config, _ *simulate.Line) {
		c.NormallyClosed, c.AlarmLongest = true, 300*time.Millisecond
		c.ResponseTimeout = time.Minute
	})
	if err := b.module.Set(0, true); err != nil {
		t.Fatal(err)
	}
	r := b.next()
	for ; !r.Clear(); r = b.next() { // the module may have been asked before the relay closed
	}
	set := func(on bool) {
		t.Helper()
		if err := b.module.Set(0, on); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		set(false)
		if r = b.next(); !r.Active || r.New != 1 {
			t.Errorf("an alarm is read as %+v", r)
		}
		set(true)
		for r = b.next(); !r.Clear(); r = b.next() {
			if r.New != 0 {
				t.Errorf("one alarm is told twice: %+v", r)
			}
		}
		if r.New != 0 {
			t.Errorf("the end of an alarm is told as one: %+v", r)
		}
	}
	// A pulse between two polls is known by its count only.
	if err := b.module.Pulse(0); err != nil {
		t.Fatal(err)
	}
	if r = b.next(); r.New != 1 {
		t.Errorf("a pulse is read as %+v", r)
	}
	if err := b.module.Cut(0, true); err != nil {
		t.Fatal(err)
	}
	if r = b.next(); !r.Active || r.New != 1 {
		t.Errorf("a cut cable is read as %+v, not as an alarm at first", r)
	}
	if r = b.next(); r.Known() || r.Reason != devices.Stuck {
		t.Errorf("a cut cable is read as %+v", r)
	}
	if err := b.module.Cut(0, false); err != nil {
		t.Fatal(err)
	}
	if r = b.next(); !r.Clear() || !r.First || r.New != 0 {
		t.Errorf("a mended cable is read as %+v", r)
	}
}

func FuzzASCII(f *testing.F) {
	f.Add([]byte("P 10000\r\nTA 2350\r\nTR 23.5%\r\nMA 1500\r\nMR 15.0%\r\n"))
	f.Add([]byte("AC\rP 1\rTA -1\rTR 0.0%\rMA -1\rMR 0.0%\r"))
	f.Add([]byte("P 10000\r\nTA 99999999999\r\n"))
	c, err := ceia(f).Complete()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, ok := detector.ParseASCII(c, data)
		if !ok {
			return
		}
		if bytes.HasPrefix(data, []byte(c.Request)) {
			return
		}
		if again, same := detector.ParseASCII(c, append([]byte(c.Request), data...)); !same || again != n {
			t.Fatalf("behind its echo the answer tells %d, %v instead of %d", again, same, n)
		}
		if _, ok := detector.ParseASCII(c, append([]byte{'x'}, data...)); ok {
			t.Fatal("an answer behind noise is believed")
		}
	})
}
