package osdp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"emtihan/devices"
	"emtihan/devices/line"
	"emtihan/devices/osdp/wire"
	"emtihan/devices/simulate"
)

var siteKey = wire.Key{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF}

// air carries commands to simulated peripherals in the time of a synctest bubble, with the errors of a port.
type air struct {
	turn chan struct{}

	mu          sync.Mutex // guards what follows
	peripherals []*simulate.Peripheral
	before      interceptor
	sent        [][]byte
	broken      error
}

// interceptor sees every command and may answer in place of the peripherals.
type interceptor func(command []byte) (answer []byte, handled bool)

func (a *air) intercept(f interceptor) { a.with(func() { a.before = f }) }
func (a *air) fail(err error)          { a.with(func() { a.broken = err }) }

// log returns the commands so far.
func (a *air) log() (all [][]byte) {
	a.with(func() { all = slices.Clone(a.sent) })
	return all
}

func (a *air) with(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

const (
	flight = 5 * time.Millisecond
	late   = 200 * time.Millisecond
)

func (a *air) Transact(ctx context.Context, request []byte, parse line.Parse) error {
	select {
	case a.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-a.turn }()
	if request[0] != 0xFF {
		return fmt.Errorf("% X does not begin with a mark", request)
	}
	request = request[1:]
	var broken error
	var before interceptor
	var peripherals []*simulate.Peripheral
	a.with(func() {
		if broken = a.broken; broken == nil {
			a.sent = append(a.sent, bytes.Clone(request))
		}
		before, peripherals = a.before, a.peripherals
	})
	if broken != nil {
		return broken
	}
	time.Sleep(flight)
	var heard []byte
	handled := false
	if before != nil {
		heard, handled = before(request)
	}
	if !handled {
		for _, p := range peripherals {
			heard = append(heard, p.Answer(request)...)
		}
	}
	// Byte by byte, as from a slow line.
	for n := range heard {
		if done, err := parse(heard[:n+1]); done {
			return err
		}
	}
	select {
	case <-time.After(late):
		return &line.NoAnswerError{Path: "air", Received: heard}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// bench is a running panel with one secure peripheral, "door", and what it reports.
type bench struct {
	*testing.T
	air   *air
	door  *simulate.Peripheral
	panel *Panel
	keys  *Keys
	told  chan Reading
	shown chan Credential
}

// in runs a test in a bubble; adjust, which may be nil, changes the configuration before.
func in(t *testing.T, far simulate.PeripheralConfig, adjust func(*Config), test func(b *bench)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		far.Inputs, far.Outputs, far.Readers = 2, 1, 1
		b := &bench{T: t, door: simulate.NewPeripheral(far), told: make(chan Reading, 1000), shown: make(chan Credential, 1000)}
		b.air = &air{turn: make(chan struct{}, 1), peripherals: []*simulate.Peripheral{b.door}}
		c := Config{
			Config: line.Config{Path: "air"}, Keys: filepath.Join(dir, "keys"),
			Peripherals: []PeripheralConfig{{Name: "door", Address: far.Address}},
		}
		if adjust != nil {
			adjust(&c)
		}
		var err error
		if b.keys, err = OpenKeys(c.Keys); err != nil {
			t.Fatal(err)
		}
		if far.Key != nil {
			b.must(b.keys.Set("door", wire.Key(*far.Key)))
		}
		if b.panel, err = New(b.air, c, b.keys); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- b.panel.Run(ctx, Observer{
				Reading:    func(r Reading) { b.told <- r },
				Credential: func(c Credential) { b.shown <- c },
			})
		}()
		test(b)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// failAt makes the door misbehave with the next n commands from the first one with this code on.
func (b *bench) failAt(code wire.CommandCode, n int, f simulate.Fault) {
	b.air.intercept(func(raw []byte) ([]byte, bool) {
		if command, err := wire.Decode(raw); err == nil && command.Code == byte(code) {
			b.air.intercept(nil)
			b.door.FailNext(n, f)
		}
		return nil, false
	})
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// after lets time pass and returns the readings since the last call as short texts.
func (b *bench) after(d time.Duration) (facts []string) {
	time.Sleep(d)
	synctest.Wait()
	for len(b.told) > 0 {
		r := <-b.told
		if !r.Known() && (r.Inputs != nil || r.Outputs != nil || r.Local != nil || r.Channel != "") {
			b.Errorf("an unknown reading has values: %+v", r)
		}
		facts = append(facts, brief(r))
	}
	return facts
}

func brief(r Reading) string {
	name := ""
	if r.Device != "door" {
		name = r.Device + " "
	}
	if !r.Known() {
		return name + "unknown " + string(r.Reason)
	}
	text := name + string(r.Channel)
	if r.First {
		text += " first"
	}
	for _, l := range r.Inputs {
		text += fmt.Sprintf(" i%d", l)
	}
	for _, l := range r.Outputs {
		text += fmt.Sprintf(" o%d", l)
	}
	if r.Local != nil && r.Local.Tamper {
		text += " tamper"
	}
	if r.Local != nil && r.Local.PowerFailure {
		text += " power"
	}
	return text
}

func (b *bench) expect(got []string, want ...string) {
	b.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		b.Errorf("readings (-want +got):\n%s", diff)
	}
}

// online waits until the door is known and closed.
func (b *bench) online() {
	b.Helper()
	b.expect(b.after(500*time.Millisecond), "secure first i0 i0 o0")
}

func key() *[16]byte {
	k := [16]byte(siteKey)
	return &k
}

// TestBeginning compares the first commands with the ones that are known from recordings: ID, CAP, CHLNG, SCRYPT.
func TestBeginning(t *testing.T) {
	in(t, simulate.PeripheralConfig{Key: key()}, func(c *Config) { c.Peripherals[0].Address = 0 }, func(b *bench) {
		b.online()
		var codes []string
		for _, raw := range b.air.log()[:10] {
			f, err := wire.Decode(raw)
			b.must(err)
			codes = append(codes, fmt.Sprintf("%v %d %02X", wire.CommandCode(f.Code), f.Sequence, f.SCS))
		}
		want := []string{
			"ID 0 00", "CAP 1 00", "CHLNG 2 11", "SCRYPT 3 13", "POLL 1 15", "ISTAT 2 15", "OSTAT 3 15", "LSTAT 1 15", "RSTAT 2 15", "POLL 3 15",
		}
		if diff := cmp.Diff(want, codes); diff != "" {
			t.Errorf("commands (-want +got):\n%s", diff)
		}
		if first := b.air.log()[0]; !bytes.Equal(first, []byte{0x53, 0, 9, 0, 4, 0x61, 0, 0xC0, 0x66}) {
			t.Errorf("the first command is % X", first)
		}
		if c := b.panel.Counters("door"); c.Sessions != 1 || c.Restarts != 0 || c.Resends != 0 || c.Forged != 0 {
			t.Errorf("counters %+v", c)
		}
	})
}

func TestDoor(t *testing.T) { // R21
	in(t, simulate.PeripheralConfig{Key: key(), Address: 5}, nil, func(b *bench) {
		b.online()
		b.door.SetInput(0, true)
		b.expect(b.after(110*time.Millisecond), "secure i1 i0 o0")
		// Both changes are told although they come between two polls.
		b.door.SetInput(0, false)
		b.door.SetInput(1, true)
		b.expect(b.after(300*time.Millisecond), "secure i0 i0 o0", "secure i0 i1 o0")
		b.door.Tamper(true)
		b.expect(b.after(110*time.Millisecond), "secure i0 i1 o0 tamper")
		b.expect(b.after(time.Minute))
	})
}

func TestReticentPeripheral(t *testing.T) { // R21
	in(t, simulate.PeripheralConfig{Key: key(), Reticent: true}, nil, func(b *bench) {
		b.online()
		b.door.SetInput(0, true)
		b.expect(b.after(5*time.Second), "secure i1 i0 o0")
	})
}

func TestContact(t *testing.T) { // R21
	reading := func(q devices.Quality, levels ...wire.Level) Reading {
		return Reading{Observation: devices.Observation{Quality: q}, Inputs: levels}
	}
	for _, c := range []struct {
		name        string
		contact     Contact
		reading     Reading
		open, known bool
	}{
		{"closed", Contact{}, reading(devices.Good, 1), false, true},
		{"open, or a cut cable", Contact{}, reading(devices.Good, 0), true, true},
		{"open, wired the other way", Contact{OpenWhenActive: true}, reading(devices.Good, 1), true, true},
		{"closed, wired the other way", Contact{OpenWhenActive: true}, reading(devices.Good, 0), false, true},
		{"the second input", Contact{Input: 1}, reading(devices.Good, 0, 1), false, true},
		{"unknown", Contact{}, reading(devices.Unknown, 1), false, false},
		{"no such input", Contact{Input: 1}, reading(devices.Good, 1), false, false},
		{"a negative input", Contact{Input: -1}, reading(devices.Good, 1), false, false},
		{"a fault of the wiring", Contact{}, reading(devices.Good, 2), false, false},
		{"nothing at all", Contact{}, Reading{}, false, false},
	} {
		if open, known := c.contact.Open(c.reading); open != c.open || known != c.known {
			t.Errorf("%s: open %v, known %v", c.name, open, known)
		}
	}
	r := Reading{Observation: devices.Observation{Quality: devices.Good}, Outputs: []wire.Level{0, 1}}
	if on, known := r.Output(1); !on || !known {
		t.Errorf("output: %v, %v", on, known)
	}
}

func TestCredentials(t *testing.T) {
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.online()
		b.door.Card(0, 26, 0x12, 0x34, 0x56, 0x40)
		b.door.Keys(0, "1234\x0D")
		b.door.Say(0x51, 0, 0, 2, 'A', 'B')
		b.expect(b.after(time.Second))
		want := []wire.Reply{
			wire.Card{Format: 1, Bits: 26, Data: []byte{0x12, 0x34, 0x56, 0x40}}, wire.Keypad{Keys: []byte("1234\r")}, wire.Formatted{Data: []byte("AB")},
		}
		var got []wire.Reply
		for len(b.shown) > 0 {
			c := <-b.shown
			got = append(got, c.What)
			if c.Device != "door" || c.Channel != Secure || c.Time.IsZero() {
				t.Errorf("credential %+v", c)
			}
			for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
				if text := fmt.Sprintf(verb, c); strings.Contains(text, "34") || strings.Contains(text, "52") || strings.Contains(text, "AB") {
					t.Errorf("%s prints %s", verb, text)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("credentials (-want +got):\n%s", diff)
		}
	})
}

func TestUnlock(t *testing.T) {
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.online()
		b.must(b.panel.Unlock(b.Context(), "door", 0, 3*time.Second))
		if on := b.door.Outputs(); !on[0] {
			t.Error("the lock is not open")
		}
		b.expect(b.after(2*time.Second), "secure i0 i0 o1")
		if on := b.door.Outputs(); !on[0] {
			t.Error("the lock closed too early")
		}
		b.expect(b.after(10*time.Second), "secure i0 i0 o0")
		b.must(b.panel.Unlock(b.Context(), "door", 0, MaxUnlock))
		b.must(b.panel.Lock(b.Context(), "door", 0))
		if on := b.door.Outputs(); on[0] {
			t.Error("the lock is open")
		}
		b.after(time.Second)
		for _, d := range []time.Duration{0, -1, MaxUnlock + 1} {
			if err := b.panel.Unlock(b.Context(), "door", 0, d); err == nil {
				t.Errorf("unlocked for %v", d)
			}
		}
		var no *RefusedError
		if err := b.panel.Unlock(b.Context(), "door", 7, time.Second); !errors.As(err, &no) || no.Reason != wire.NAKRecord {
			t.Errorf("an output that is not there: %v", err)
		}
		if err := b.panel.Unlock(b.Context(), "window", 0, time.Second); !errors.Is(err, ErrNoDevice) {
			t.Errorf("a device that is not there: %v", err)
		}
		b.must(b.panel.Lamps(b.Context(), "door", wire.LED{Permanent: &wire.Blink{OnTime: 1, OnColour: wire.Green}}))
		b.must(b.panel.Buzz(b.Context(), "door", wire.Buzz{OnTime: 2, Count: 1}))
		b.must(b.panel.Text(b.Context(), "door", 0, 0, 1, 1, "Exam"))
		if c := b.door.Counts(); c.OutputCommands != 3 || c.LampCommands != 1 || c.BuzzerCommands != 1 || c.Exposed != 0 {
			t.Errorf("counts %+v", c)
		}
		b.expect(b.after(time.Minute))
		if err := b.panel.Lamps(b.Context(), "door", make([]wire.LED, 9)...); err == nil {
			t.Error("a command that is too long was sent")
		}
	})
}

// The lock is never switched outside the secure channel under the peripheral's own key, whatever the peripheral would do.
func TestLockOnlyInsideTheSecureChannel(t *testing.T) {
	for _, c := range []struct {
		name   string
		far    simulate.PeripheralConfig
		adjust func(*Config)
		want   error
	}{
		{"plain", simulate.PeripheralConfig{}, func(c *Config) { c.Peripherals[0].Security = "plain" }, ErrNotSecure},
		{"no key yet", simulate.PeripheralConfig{}, nil, ErrOffline},
		{"no secure channel", simulate.PeripheralConfig{NoSecurity: true, Key: key()}, nil, ErrOffline},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, c.far, c.adjust, func(b *bench) {
				b.after(10 * time.Second)
				if err := b.panel.Unlock(b.Context(), "door", 0, time.Second); !errors.Is(err, c.want) {
					t.Errorf("unlock: %v", err)
				}
				if err := b.panel.Lock(b.Context(), "door", 0); !errors.Is(err, c.want) {
					t.Errorf("lock: %v", err)
				}
				for _, raw := range b.air.log() {
					if f, err := wire.Decode(raw); err != nil || f.Code == byte(wire.OutputCommand) || f.Code == byte(wire.KeySetCommand) {
						t.Errorf("sent % X", raw)
					}
				}
				if n := b.door.Counts(); n.OutputCommands != 0 || n.Exposed != 0 {
					t.Errorf("counts %+v", n)
				}
			})
		})
	}
}

func TestPlainPeripheral(t *testing.T) {
	in(t, simulate.PeripheralConfig{NoSecurity: true}, func(c *Config) {
		c.Peripherals[0].Security, c.Peripherals[0].Checksum, c.Keys = "plain", true, ""
	}, func(b *bench) {
		b.expect(b.after(time.Second), "plain first i0 i0 o0")
		b.door.SetInput(1, true)
		b.expect(b.after(time.Second), "plain i0 i1 o0")
		b.must(b.panel.Buzz(b.Context(), "door", wire.Buzz{OnTime: 2, Count: 1}))
		if n := b.door.Counts().BuzzerCommands; n != 1 {
			t.Errorf("%d sounds", n)
		}
		if err := b.panel.ChangeKey(b.Context(), "door"); !errors.Is(err, ErrNotSecure) {
			t.Errorf("change of key: %v", err)
		}
		if err := b.panel.Commission(b.Context(), "door"); !errors.Is(err, ErrNotSecure) {
			t.Errorf("commissioning: %v", err)
		}
	})
}

// What a peripheral says outside the secure channel is not believed when it should have one.
func TestPlainIsNotEnough(t *testing.T) { // R21
	for name, c := range map[string]struct {
		far    simulate.PeripheralConfig
		reason devices.Reason
	}{
		"no key in the file":     {simulate.PeripheralConfig{}, NoKey},
		"no secure channel":      {simulate.PeripheralConfig{NoSecurity: true, Key: key()}, NoSecureChannel},
		"not commissioned there": {simulate.PeripheralConfig{Key: key()}, NoSecureChannel},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, c.far, nil, func(b *bench) {
				if name == "not commissioned there" {
					b.door.SetKey(nil)
				}
				b.door.Card(0, 8, 1)
				b.expect(b.after(time.Minute), "unknown "+string(c.reason))
				if len(b.shown) != 0 {
					t.Errorf("%d credentials", len(b.shown))
				}
			})
		})
	}
}

// What a peripheral does not tell is not known, and what it claims to have it must tell.
func TestStatesThatAreRefused(t *testing.T) { // R21
	for _, c := range []struct {
		name         string
		capabilities []byte
		refused      []wire.CommandCode
		want         string
	}{
		{"it claims inputs and does not tell them", nil, []wire.CommandCode{wire.InputStatusCommand}, "unknown bad-answer"},
		{"it claims outputs and does not tell them", nil, []wire.CommandCode{wire.OutputStatusCommand}, "unknown bad-answer"},
		{"it claims nothing", []byte{8, 1, 0}, []wire.CommandCode{wire.InputStatusCommand, wire.OutputStatusCommand}, "plain first"},
		{"it claims no inputs and has no number of them", []byte{1, 1, 0}, []wire.CommandCode{wire.InputStatusCommand}, "plain first"},
		{
			"it does not say what it can do, and refuses", nil,
			[]wire.CommandCode{wire.CapabilitiesCommand, wire.InputStatusCommand},
			"plain first o0",
		},
		{"it does not say what it can do, and tells", nil, []wire.CommandCode{wire.CapabilitiesCommand}, "plain first i0 i0 o0"},
		{"it tells nothing of itself", nil, []wire.CommandCode{wire.LocalStatusCommand, wire.ReaderStatusCommand}, "plain first i0 i0 o0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, simulate.PeripheralConfig{Capabilities: c.capabilities}, func(c *Config) { c.Peripherals[0].Security = "plain" }, func(b *bench) {
				b.after(100 * time.Millisecond)
				b.air.intercept(func(command []byte) ([]byte, bool) {
					f, err := wire.Decode(command)
					if err != nil || !slices.Contains(c.refused, wire.CommandCode(f.Code)) {
						return nil, false
					}
					b.door.Answer(command) // it counts the sequence number
					f.Reply, f.Code, f.Data = true, byte(wire.NAKReply), []byte{byte(wire.NAKUnknownCommand)}
					refusal, err := f.Encode()
					return refusal, err == nil
				})
				b.air.fail(&line.PortError{Path: "air", State: line.Missing, Err: errors.New("gone")})
				b.after(time.Second)
				b.air.fail(nil)
				b.expect(b.after(5*time.Second), c.want)
				want := c.want == "plain first i0 i0 o0"
				if r, err := b.panel.peripherals[0].poll(b.Context()); err == nil {
					r.reading.Quality = devices.Good
					if _, known := (Contact{}).Open(r.reading); known != want {
						t.Errorf("the door is known: %v", known)
					}
				}
			})
		})
	}
}

// A peripheral that is busy for ever holds nobody up for longer than the time after which it counts as silent.
func TestBusyForEver(t *testing.T) {
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.online()
		b.door.Fail(simulate.BusyReply)
		b.after(time.Second)
		ctx, cancel := context.WithTimeout(b.Context(), b.panel.config.SilentAfter)
		defer cancel()
		if err := b.panel.Unlock(ctx, "door", 0, time.Second); !errors.Is(err, ErrOffline) {
			t.Errorf("unlock: %v", err)
		}
	})
}

func TestWrongKey(t *testing.T) { // R21
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		other := [16]byte{1, 2, 3}
		b.door.SetKey(&other)
		b.expect(b.after(50*time.Second), "unknown wrong-key")
		challenges := func() (n int) {
			for _, raw := range b.air.log() {
				if f, err := wire.Decode(raw); err == nil && f.Code == byte(wire.ChallengeCommand) {
					n++
				}
			}
			return n
		}
		if n := challenges(); n != 1 {
			t.Errorf("%d handshakes in the first minute", n)
		}
		b.expect(b.after(20 * time.Second))
		if n := challenges(); n != 2 {
			t.Errorf("%d handshakes in the second minute", n)
		}
		b.door.SetKey(key())
		b.expect(b.after(time.Minute), "secure first i0 i0 o0")
	})
}

func TestSilence(t *testing.T) { // R21
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.online()
		b.door.Fail(simulate.Silent)
		b.expect(b.after(1800 * time.Millisecond))
		b.expect(b.after(300*time.Millisecond), "unknown silent")
		b.expect(b.after(time.Minute))
		b.door.SetInput(0, true)
		b.door.Fail(simulate.Healthy)
		b.expect(b.after(3*time.Second), "secure first i1 i0 o0")
		if err := b.panel.Buzz(b.Context(), "door", wire.Buzz{}); err != nil {
			t.Error(err)
		}
	})
}

func TestOfflineCommands(t *testing.T) {
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.door.Fail(simulate.Deaf)
		b.expect(b.after(5*time.Second), "unknown silent")
		n := len(b.air.log())
		for name, err := range map[string]error{
			"unlock":     b.panel.Unlock(b.Context(), "door", 0, time.Second),
			"buzz":       b.panel.Buzz(b.Context(), "door", wire.Buzz{}),
			"change key": b.panel.ChangeKey(b.Context(), "door"),
			"readdress":  second(b.panel.Readdress(b.Context(), "door", wire.Communication{Address: 9, Baud: 9600})),
		} {
			if !errors.Is(err, ErrOffline) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, raw := range b.air.log()[n:] {
			if f, err := wire.Decode(raw); err != nil || f.Code != byte(wire.IDCommand) {
				t.Errorf("sent % X", raw)
			}
		}
		ctx, cancel := context.WithCancel(b.Context())
		cancel()
		if err := b.panel.Buzz(ctx, "door", wire.Buzz{}); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of the context: %v", err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// A silent peripheral is asked with one short question, so that it does not cost the others more than a time-out.
func TestSilentPeripheralCostsOneTimeout(t *testing.T) {
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.door.Fail(simulate.Deaf)
		b.after(20 * time.Second)
		if n := len(b.air.log()); n > 11 {
			t.Errorf("%d commands in 20 s", n)
		}
	})
}

// TestFaults lets something happen once to one exchange or for a while; no reading may be wrong, and what is said is listed.
func TestFaults(t *testing.T) { // R21
	for _, c := range []struct {
		name   string
		fault  simulate.Fault
		times  int
		during []string // while the fault lasts 30 s (times 0), or after it (times > 0)
		check  func(*testing.T, Counters)
	}{
		{"one reply lost", simulate.Silent, 1, nil, func(t *testing.T, c Counters) {
			if c.Resends != 1 || c.Restarts != 0 {
				t.Errorf("counters %+v", c)
			}
		}},
		{"one command lost", simulate.Deaf, 1, nil, func(t *testing.T, c Counters) {
			if c.Resends != 1 || c.Restarts != 0 {
				t.Errorf("counters %+v", c)
			}
		}},
		{"silent in mid-frame", simulate.HalfFrame, 2, nil, func(t *testing.T, c Counters) {
			if c.Resends != 2 || c.Restarts != 0 {
				t.Errorf("counters %+v", c)
			}
		}},
		{"three replies lost", simulate.Silent, 3, nil, func(t *testing.T, c Counters) {
			if c.Resends != 2 || c.Restarts != 1 || c.Sessions != 2 {
				t.Errorf("counters %+v", c)
			}
		}},
		{"a wrong CRC", simulate.WrongCRC, 2, nil, nil},
		{"busy", simulate.BusyReply, 5, nil, func(t *testing.T, c Counters) {
			if c.Busy != 5 || c.Resends != 0 || c.Restarts != 0 {
				t.Errorf("counters %+v", c)
			}
		}},
		{"commands arrive spoilt", simulate.Spoilt, 2, nil, func(t *testing.T, c Counters) {
			if c.Resends != 2 || c.Restarts != 0 {
				t.Errorf("counters %+v", c)
			}
		}},
		{"commands arrive spoilt, for long", simulate.Spoilt, 0, []string{"unknown bad-answer"}, nil},
		{"a wrong MAC", simulate.WrongMAC, 1, nil, func(t *testing.T, c Counters) {
			if c.Forged != 1 || c.Sessions != 2 {
				t.Errorf("counters %+v", c)
			}
		}},
		{"a wrong sequence number", simulate.WrongSequence, 1, nil, nil},
		{"another address", simulate.WrongUnit, 1, nil, nil},
		{"noise before", simulate.Noise, 20, nil, func(t *testing.T, c Counters) {
			if c.Resends != 0 {
				t.Errorf("counters %+v", c)
			}
		}},
		{"an echo", simulate.Echo, 20, nil, func(t *testing.T, c Counters) {
			if c.Resends != 0 {
				t.Errorf("counters %+v", c)
			}
		}},
		{"an echo and nothing else", simulate.EchoOnly, 2, nil, nil},
		{"each reply twice", simulate.Twice, 20, nil, nil},
		{"noise before, for long", simulate.Noise, 0, nil, nil},
		{"an echo, for long", simulate.Echo, 0, nil, nil},
		{"silence", simulate.Silent, 0, []string{"unknown silent"}, nil},
		{"silent in mid-frame, for long", simulate.HalfFrame, 0, []string{"unknown bad-answer"}, nil},
		{"a wrong CRC, for long", simulate.WrongCRC, 0, []string{"unknown bad-answer"}, nil},
		{"busy, for long", simulate.BusyReply, 0, []string{"unknown bad-answer"}, nil},
		{"a wrong MAC, for long", simulate.WrongMAC, 0, []string{"unknown bad-answer"}, nil},
		{"a wrong sequence number, for long", simulate.WrongSequence, 0, []string{"unknown bad-answer"}, nil},
		{"another address, for long", simulate.WrongUnit, 0, []string{"unknown bad-answer"}, nil},
		{"an echo only, for long", simulate.EchoOnly, 0, []string{"unknown bad-answer"}, nil},
		{"noise only", simulate.Babble, 0, []string{"unknown bad-answer"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, simulate.PeripheralConfig{Key: key(), Address: 1}, nil, func(b *bench) {
				b.online()
				if c.times > 0 {
					b.door.FailNext(c.times, c.fault)
					b.expect(b.after(5*time.Second), c.during...)
				} else {
					b.door.Fail(c.fault)
					got := b.after(30 * time.Second)
					// Reasons that may pass into each other are one loss; the first is that of the last attempt.
					if len(got) == 1 && len(c.during) == 1 && strings.HasPrefix(got[0], "unknown") {
						got, c.during = []string{"unknown"}, []string{"unknown"}
					}
					b.expect(got, c.during...)
				}
				b.door.SetInput(0, true)
				b.door.Fail(simulate.Healthy)
				want := "secure i1 i0 o0"
				if len(c.during) > 0 {
					want = "secure first i1 i0 o0"
				}
				b.expect(b.after(5*time.Second), want)
				if c.check != nil {
					c.check(t, b.panel.Counters("door"))
				}
			})
		})
	}
}

// A door that opens while replies are lost is told as soon as they come again: the peripheral repeats what it has said.
func TestEventInALostReply(t *testing.T) { // R21
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.online()
		b.door.SetInput(0, true)
		b.door.Card(0, 8, 0xAA)
		b.door.FailNext(2, simulate.Silent)
		b.expect(b.after(time.Second), "secure i1 i0 o0")
		if len(b.shown) != 1 {
			t.Errorf("%d credentials", len(b.shown))
		}
	})
}

// What waited to be announced while nobody listened is not taken for the present, even for a moment.
func TestOldAnnouncements(t *testing.T) { // R21
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.door.SetInput(0, true)
		b.door.SetInput(0, false)
		b.door.SetInput(1, true)
		b.door.Card(0, 8, 1)
		b.expect(b.after(time.Second), "secure first i0 i1 o0")
		if len(b.shown) != 1 {
			t.Errorf("%d credentials", len(b.shown))
		}
		// Busy for so long that the door is unknown, and no longer.
		b.door.Fail(simulate.BusyReply)
		b.expect(b.after(2010*time.Millisecond), "unknown silent")
		b.door.SetInput(1, false)
		b.door.SetInput(1, true)
		b.door.SetInput(1, false)
		b.door.Fail(simulate.Healthy)
		b.expect(b.after(3*time.Second), "secure first i0 i0 o0")
	})
}

// A reply that comes just as the peripheral is given up is not the whole state.
func TestTeller(t *testing.T) { // R21
	var got []string
	one := &peripheral{name: "door"}
	to := teller{peripheral: one, to: Observer{Reading: func(r Reading) { got = append(got, brief(r)) }}}
	good := func(first bool, level wire.Level, whole bool) {
		to.tell(devices.Observation{Device: "door", Quality: devices.Good, First: first}, step{
			reading: Reading{Channel: Secure, Inputs: []wire.Level{level}}, whole: whole,
		})
	}
	lost := func() { to.tell(devices.Observation{Device: "door", Reason: devices.Silent}, step{}) }
	good(true, 1, true)
	good(false, 1, false)
	lost()
	if !one.stale.Swap(false) {
		t.Error("a lost peripheral is not asked for its states")
	}
	good(true, 1, false)
	if !one.stale.Swap(false) {
		t.Error("a state that may be old is not asked for again")
	}
	good(false, 1, false)
	good(false, 0, true)
	good(false, 0, false)
	good(false, 1, false)
	lost()
	good(true, 1, false)
	lost()
	good(true, 1, true)
	want := []string{
		"secure first i1", "unknown silent", "secure first i0", "secure i1", "unknown silent", "secure first i1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("readings (-want +got):\n%s", diff)
	}
}

func TestRestart(t *testing.T) { // R21
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.online()
		b.door.SetInput(0, true)
		b.door.Restart()
		b.expect(b.after(3*time.Second), "secure i1 i0 o0")
		if c := b.panel.Counters("door"); c.Sessions != 2 || c.Restarts != 1 {
			t.Errorf("counters %+v", c)
		}
	})
}

// An unlock command is carried out once, however often it has to be sent.
func TestUnlockHappensOnce(t *testing.T) {
	for fault, sent := range map[simulate.Fault]string{simulate.Silent: "the reply", simulate.Deaf: "the command", simulate.BusyReply: "time"} {
		t.Run(sent+" is lost twice", func(t *testing.T) {
			in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
				b.online()
				b.failAt(wire.OutputCommand, 2, fault)
				b.must(b.panel.Unlock(b.Context(), "door", 0, time.Second))
				if n := b.door.Counts().OutputCommands; n != 1 {
					t.Errorf("carried out %d times", n)
				}
			})
		})
	}
	t.Run("and is not repeated in a new session", func(t *testing.T) {
		in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
			b.online()
			b.failAt(wire.OutputCommand, 3, simulate.Silent)
			if err := b.panel.Unlock(b.Context(), "door", 0, time.Second); !errors.Is(err, ErrUncertain) {
				t.Errorf("unlock: %v", err)
			}
			// The lock has been open and is locked again when the panel has a new session.
			b.expect(b.after(10*time.Second), "secure i0 i0 o1", "secure i0 i0 o0")
			if n := b.door.Counts(); n.OutputCommands != 1 || n.Sessions != 2 {
				t.Errorf("counts %+v", n)
			}
		})
	})
}

// What somebody on the line says in the clear, in the peripheral's name, is not believed.
func TestForgedReplies(t *testing.T) { // R21
	forge := func(command []byte, code wire.ReplyCode, data ...byte) []byte {
		f, err := wire.Decode(command)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := wire.Frame{Address: f.Address, Reply: true, Sequence: f.Sequence, Code: byte(code), Data: data}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for name, answer := range map[string]func(command []byte) []byte{
		"closed":     func(c []byte) []byte { return forge(c, wire.InputStatusReply, 1, 1) },
		"a card":     func(c []byte) []byte { return forge(c, wire.RawReply, 0, 0, 8, 0, 1) },
		"ack":        func(c []byte) []byte { return forge(c, wire.ACKReply) },
		"refusal":    func(c []byte) []byte { return forge(c, wire.NAKReply, 6) },
		"garbage":    func(c []byte) []byte { return forge(c, wire.NAKReply) },
		"the MAC":    func(c []byte) []byte { return forge(c, wire.InputStatusReply, 1, 1, 0, 0, 0, 0) },
		"reflection": func(c []byte) []byte { c = bytes.Clone(c); c[1] |= 0x80; return reseal(c) },
	} {
		t.Run(name, func(t *testing.T) {
			in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
				b.online()
				b.air.intercept(func(command []byte) ([]byte, bool) { return answer(command), true })
				got := b.after(10 * time.Second)
				b.expect(got, "unknown bad-answer")
				b.air.intercept(nil)
				b.expect(b.after(5*time.Second), "secure first i0 i0 o0")
				if len(b.shown) != 0 {
					t.Errorf("%d credentials", len(b.shown))
				}
			})
		})
	}
}

func reseal(frame []byte) []byte {
	crc := wire.CRC(frame[:len(frame)-2])
	return append(frame[:len(frame)-2], byte(crc), byte(crc>>8))
}

// A reply that was recorded and is played again is not believed.
func TestReplay(t *testing.T) { // R21
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.online()
		b.door.SetInput(0, true) // the door opens …
		var recorded [][]byte
		b.air.intercept(func(command []byte) ([]byte, bool) {
			answer := b.door.Answer(command)
			recorded = append(recorded, bytes.Clone(answer))
			return answer, true
		})
		b.expect(b.after(time.Second), "secure i1 i0 o0")
		n := 0
		b.air.intercept(func([]byte) ([]byte, bool) {
			n++
			return recorded[n%len(recorded)], true
		})
		b.after(2 * flight)
		b.door.SetInput(0, false) // … and is closed, while the record of its opening is played
		for _, fact := range b.after(20 * time.Second) {
			if !strings.HasPrefix(fact, "unknown") {
				t.Errorf("reading %q", fact)
			}
		}
	})
}

// A peripheral may answer a direct question in the clear, but with a MAC.
func TestExposedReplies(t *testing.T) {
	in(t, simulate.PeripheralConfig{Key: key(), Reticent: true}, nil, func(b *bench) {
		b.door.Fail(simulate.ClearStatus)
		b.online()
		b.door.SetInput(0, true)
		b.expect(b.after(5*time.Second), "secure i1 i0 o0")
		if n := b.panel.Counters("door").Exposed; n < 2 {
			t.Errorf("%d replies in the clear", n)
		}
	})
}

func TestUnknownReplies(t *testing.T) {
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.online()
		b.door.Say(0x90, 1, 2, 3)
		b.door.Say(0xB1)
		b.expect(b.after(time.Second))
		if n := b.panel.Counters("door").Undecoded; n != 2 {
			t.Errorf("%d replies not understood", n)
		}
		// Under a right MAC, contents that make no sense: the conversation begins anew and the states are asked for.
		b.door.Say(0x50, 0, 1, 200, 0)
		b.expect(b.after(3 * time.Second))
		if c := b.panel.Counters("door"); c.Undecoded != 3 || c.Sessions != 2 {
			t.Errorf("counters %+v", c)
		}
	})
}

func TestCommission(t *testing.T) {
	in(t, simulate.PeripheralConfig{}, nil, func(b *bench) {
		b.expect(b.after(5*time.Second), "unknown no-key")
		b.must(b.panel.Commission(b.Context(), "door"))
		b.expect(b.after(3*time.Second), "secure first i0 i0 o0")
		given := b.door.Key()
		stored, err := OpenKeys(b.panel.config.Keys)
		b.must(err)
		if known := stored.candidates("door"); given == nil || len(known) != 1 || known[0] != wire.Key(*given) || !secret(known[0]) {
			t.Error("the key in the file is not that of the peripheral")
		}
		for _, raw := range b.air.log() {
			f, err := wire.Decode(raw)
			if err != nil || f.Code == byte(wire.KeySetCommand) && f.SCS != wire.SCS17 || bytes.Contains(raw, given[:]) {
				t.Errorf("sent % X", raw)
			}
		}
		b.must(b.panel.Unlock(b.Context(), "door", 0, time.Second))
		b.after(5 * time.Second)
		// A second time the peripheral does not take the default key.
		if err := b.panel.Commission(b.Context(), "door"); err == nil || !strings.Contains(err.Error(), "default key") {
			t.Errorf("a second commissioning: %v", err)
		}
		b.after(5 * time.Second)
		b.must(b.panel.ChangeKey(b.Context(), "door"))
		if changed := b.door.Key(); *changed == *given || b.keys.candidates("door")[0] != wire.Key(*changed) {
			t.Error("the key was not changed")
		}
		b.expect(b.after(10 * time.Second))
	})
}

// In whichever message the line breaks while a key is handed over, the panel finds its way back without a person.
func TestKeyChangeCutAnywhere(t *testing.T) {
	for cut := range 10 {
		for _, fault := range []simulate.Fault{simulate.Deaf, simulate.Silent} {
			t.Run(fmt.Sprintf("%s from message %d on", fault, cut), func(t *testing.T) {
				in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
					b.online()
					n := 0
					b.air.intercept(func([]byte) ([]byte, bool) {
						if n == cut {
							b.door.FailNext(3, fault)
						}
						n++
						return nil, false
					})
					err := b.panel.ChangeKey(b.Context(), "door")
					b.air.intercept(nil)
					b.after(90 * time.Second)
					known := b.keys.candidates("door")
					if len(known) != 1 || known[0] != wire.Key(*b.door.Key()) {
						t.Errorf("%d keys are kept, or another than the peripheral's", len(known))
					}
					if err == nil && known[0] == siteKey {
						t.Error("the key is the old one, and nobody was told")
					}
					b.must(b.panel.Unlock(b.Context(), "door", 0, time.Second))
				})
			})
		}
	}
}

func TestKeyIsRefused(t *testing.T) {
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.online()
		b.door.Fail(simulate.RefusingKeys)
		var no *RefusedError
		if err := b.panel.ChangeKey(b.Context(), "door"); !errors.As(err, &no) || no.Command != wire.KeySetCommand {
			t.Errorf("change of key: %v", err)
		}
		if known := b.keys.candidates("door"); len(known) != 1 || known[0] != siteKey {
			t.Errorf("%d keys are kept, or another", len(known))
		}
		b.expect(b.after(5 * time.Second))
		if n := b.panel.Counters("door"); n.Refusals != 1 || n.Sessions != 1 {
			t.Errorf("counters %+v", n)
		}
	})
}

// A panel that is started again after a power cut in the middle of a change has both keys.
func TestPendingKeySurvives(t *testing.T) {
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.online()
		other := wire.Key{9, 8, 7}
		b.must(b.keys.stage("door", other))
		again, err := OpenKeys(b.panel.config.Keys)
		b.must(err)
		if diff := cmp.Diff([]wire.Key{siteKey, other}, again.candidates("door")); diff != "" {
			t.Error("the file has other keys")
		}
		changed := [16]byte(other)
		b.door.SetKey(&changed)
		b.door.Restart()
		b.expect(b.after(time.Second))
		if n := b.panel.Counters("door").Sessions; n != 2 {
			t.Errorf("%d sessions", n)
		}
		if known := b.keys.candidates("door"); len(known) != 1 || known[0] != other {
			t.Error("the key that the peripheral knows is not the only one that is kept")
		}
	})
}

func TestReaddress(t *testing.T) {
	in(t, simulate.PeripheralConfig{Key: key()}, func(c *Config) {
		c.Peripherals = append(c.Peripherals, PeripheralConfig{Name: "other", Address: 7, Security: "plain"})
	}, func(b *bench) {
		b.after(time.Second)
		if _, err := b.panel.Readdress(b.Context(), "door", wire.Communication{Address: 7, Baud: 9600}); err == nil {
			t.Error("two peripherals have the same address")
		}
		if _, err := b.panel.Readdress(b.Context(), "door", wire.Communication{Address: 127, Baud: 9600}); err == nil {
			t.Error("the address of all was given to one")
		}
		got, err := b.panel.Readdress(b.Context(), "door", wire.Communication{Address: 9, Baud: 9600})
		if err != nil || got.Address != 9 {
			t.Fatalf("%+v, %v", got, err)
		}
		b.after(5 * time.Second)
		b.door.SetInput(0, true)
		b.expect(b.after(time.Second), "secure i1 i0 o0")
	})
}

// Several peripherals on one line: each is heard, a silent one does not silence the others.
func TestBus(t *testing.T) { // R21
	in(t, simulate.PeripheralConfig{Key: key()}, func(c *Config) {
		for i := range byte(7) {
			c.Peripherals = append(c.Peripherals, PeripheralConfig{Name: fmt.Sprint("reader", i), Address: 10 + i, Security: "plain"})
		}
	}, func(b *bench) {
		var readers []*simulate.Peripheral
		for i := range byte(6) { // the seventh is not there
			readers = append(readers, simulate.NewPeripheral(simulate.PeripheralConfig{Address: 10 + i, Inputs: 1}))
		}
		b.air.with(func() { b.air.peripherals = append(b.air.peripherals, readers...) })
		// The panel may have asked before they were there.
		got := b.after(5 * time.Second)
		for i := range readers {
			if want := fmt.Sprintf("reader%d plain first i0", i); !slices.Contains(got, want) {
				t.Errorf("%q is missing in %q", want, got)
			}
		}
		for _, want := range []string{"reader6 unknown silent", "secure first i0 i0 o0"} {
			if !slices.Contains(got, want) {
				t.Errorf("%q is missing in %q", want, got)
			}
		}
		for i, r := range readers {
			r.SetInput(0, true)
			b.expect(b.after(time.Second), fmt.Sprintf("reader%d plain i1", i))
		}
		readers[2].Fail(simulate.Babble)
		b.door.SetInput(0, true)
		got = b.after(10 * time.Second)
		slices.Sort(got)
		b.expect(got, "reader2 unknown bad-answer", "secure i1 i0 o0")
	})
}

func TestPortErrors(t *testing.T) { // R21
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.online()
		b.air.fail(&line.PortError{Path: "air", State: line.Unplugged, Err: errors.New("gone")})
		b.expect(b.after(time.Second), "unknown unplugged")
		b.air.fail(nil)
		b.expect(b.after(5*time.Second), "secure first i0 i0 o0")
	})
}

func TestRunTwice(t *testing.T) {
	in(t, simulate.PeripheralConfig{Key: key()}, nil, func(b *bench) {
		b.online()
		if err := b.panel.Run(b.Context(), Observer{}); err == nil {
			t.Error("the panel runs twice")
		}
	})
}

func TestConfig(t *testing.T) {
	good := func() Config {
		return Config{
			Config: line.Config{Path: "x"}, Keys: "k",
			Peripherals: []PeripheralConfig{{Name: "a"}, {Name: "b", Address: 1}},
		}
	}
	full, err := good().Complete()
	if err != nil {
		t.Fatal(err)
	}
	if full.Baud != 9600 || full.CharTimeout != 50*time.Millisecond || full.LateTimeout != 20*time.Millisecond ||
		full.ResponseTimeout != 200*time.Millisecond || full.Peripherals[1].Security != "secure" {
		t.Errorf("defaults are %+v", full)
	}
	if again, err := full.Complete(); err != nil || cmp.Diff(full, again) != "" {
		t.Errorf("what is complete changes: %v", err)
	}
	for _, c := range []struct {
		spoil func(*Config)
		names string
	}{
		{func(c *Config) { c.Path = "" }, "path"},
		{func(c *Config) { c.Parity = "even" }, "parity"},
		{func(c *Config) { c.Baud = 4800 }, "baud"},
		{func(c *Config) { c.PollInterval = time.Hour }, "poll_interval"},
		{func(c *Config) { c.RetryInterval = -1 }, "retry_interval"},
		{func(c *Config) { c.KeyRetry = 2 * time.Hour }, "key_retry"},
		{func(c *Config) { c.SilentAfter = time.Millisecond }, "silent_after"},
		{func(c *Config) { c.Refresh = -1 }, "refresh"},
		{func(c *Config) { c.BusyPause = time.Hour }, "busy_pause"},
		{func(c *Config) { c.Resends = 9 }, "resends"},
		{func(c *Config) { c.Peripherals = nil }, "no peripheral"},
		{func(c *Config) { c.Peripherals[1].Name = "" }, "no name"},
		{func(c *Config) { c.Peripherals[1].Name = "a" }, "the name a"},
		{func(c *Config) { c.Peripherals[1].Address = 0 }, "same address"},
		{func(c *Config) { c.Peripherals[1].Address = 127 }, "127"},
		{func(c *Config) { c.Peripherals[1].Security = "none" }, "none"},
		{func(c *Config) { c.Keys = "" }, "keys"},
	} {
		config := good()
		c.spoil(&config)
		if _, err := New(nil, config, &Keys{}); err == nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("error %v does not name %s", err, c.names)
		}
		if _, err := Open(config, nil); err == nil {
			t.Errorf("a panel was opened without %s", c.names)
		}
	}
	if _, err := New(nil, good(), nil); err == nil {
		t.Error("a panel has no keys")
	}
}

func TestKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	k, err := OpenKeys(path)
	if err != nil || k.Has("door") {
		t.Fatal(err)
	}
	if err := k.Set("door", siteKey); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	if k, err = OpenKeys(path); err != nil || !k.Has("door") || k.candidates("door")[0] != siteKey {
		t.Fatalf("the key is lost: %v", err)
	}
	for name, bad := range map[string]wire.Key{"the default key": wire.DefaultKey, "zeros": {}} {
		if err := k.Set("door", bad); err == nil {
			t.Errorf("%s were accepted", name)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("%d files, %v", len(left), err)
	}

	// What cannot be stored is not used.
	closed := filepath.Join(t.TempDir(), "gone", "keys")
	if k, err = OpenKeys(closed); err != nil {
		t.Fatal(err)
	}
	if err := k.Set("door", siteKey); err == nil || k.Has("door") {
		t.Errorf("a key that is not in the file is used: %v", err)
	}

	const secretText = "00112233445566778899aabbccddeeff"
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
	}{
		"readable by the group":  {"version = 1\n", 0o640},
		"readable by all":        {"version = 1\n", 0o604},
		"writable by all":        {"version = 1\n", 0o602},
		"no TOML":                {"version = 1\nkey: " + secretText, 0o600},
		"another version":        {"version = 2\n", 0o600},
		"no version":             {"", 0o600},
		"an unknown entry":       {"version = 1\nkeys = 3\n", 0o600},
		"half a key":             {"version = 1\n[peripheral.door]\nkey = \"" + secretText[:30] + "\"\n", 0o600},
		"no key":                 {"version = 1\n[peripheral.door]\nkey = \"x" + secretText[1:] + "\"\n", 0o600},
		"the default key":        {"version = 1\n[peripheral.door]\nkey = \"303132333435363738393a3b3c3d3e3f\"\n", 0o600},
		"a damaged pending key":  {"version = 1\n[peripheral.door]\npending = \"00\"\n", 0o600},
		"cut off in the middle":  {"version = 1\n[peripheral.door]\nkey = \"" + secretText[:20], 0o600},
		"the same door and door": {"version = 1\n[peripheral.door]\nkey = \"" + secretText + "\"\n[peripheral.door]\n", 0o600},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys")
			if err := os.WriteFile(path, []byte(c.content), c.mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := OpenKeys(path)
			if err == nil || strings.Contains(err.Error(), secretText[:8]) {
				t.Errorf("error %v", err)
			}
			if (c.mode != 0o600) != errors.Is(err, ErrKeysExposed) {
				t.Errorf("error %v", err)
			}
		})
	}
	if _, err := OpenKeys(t.TempDir()); err == nil {
		t.Error("a folder has keys")
	}
}

// impostor answers every command with a frame of its own choice, or with plain bytes.
type impostor struct {
	replies []byte
	sent    int
}

func (i *impostor) Transact(_ context.Context, request []byte, parse line.Parse) error {
	if i.sent++; i.sent > 200 {
		return &line.PortError{Path: "air", State: line.Unplugged, Err: errors.New("gone")}
	}
	take := func(n int) []byte {
		n = min(n, len(i.replies))
		taken := i.replies[:n]
		i.replies = i.replies[n:]
		return taken
	}
	command, err := wire.Decode(request[1:])
	if err != nil {
		return err
	}
	head := take(4)
	if len(head) < 4 {
		return &line.NoAnswerError{Path: "air"}
	}
	heard := take(int(head[3]))
	if head[0]&1 == 0 {
		reply := wire.Frame{
			Address: command.Address, Reply: true, Sequence: command.Sequence, Code: head[1], Data: heard, SCS: head[2] & 0x1F,
		}
		if reply.SCS >= wire.SCS11 && reply.SCS <= wire.SCS14 {
			reply.Info = []byte{head[0] >> 1}
		}
		if heard, err = reply.Encode(); err != nil {
			return err
		}
	}
	if done, err := parse(heard); done {
		return err
	}
	return &line.NoAnswerError{Path: "air", Received: heard}
}

// FuzzPanel lets an impostor that does not know the key talk with the panel. A plain peripheral may be anybody; a secure one
// never becomes known, whatever comes (R21).
func FuzzPanel(f *testing.F) {
	reply := func(code wire.ReplyCode, scs byte, data ...byte) []byte {
		return append([]byte{2, byte(code), scs, byte(len(data))}, data...)
	}
	identity := reply(wire.IDReply, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	features := reply(wire.CapabilitiesReply, 0, 1, 1, 1, 2, 1, 1)
	ack := reply(wire.ACKReply, 0)
	input, output := reply(wire.InputStatusReply, 0, 1), reply(wire.OutputStatusReply, 0, 0)
	f.Add(bytes.Join([][]byte{identity, features, ack, input, output, ack, ack, ack, reply(wire.RawReply, 0, 0, 0, 8, 0, 1), ack, ack}, nil))
	f.Add(bytes.Join([][]byte{identity, features, reply(wire.ClientCryptogramReply, wire.SCS12, make([]byte, 32)...), reply(wire.InitialMACReply, wire.SCS14, make([]byte, 16)...), ack}, nil))
	f.Add(bytes.Join([][]byte{identity, features, reply(wire.BusyReply, 0), reply(wire.NAKReply, 0, 6), reply(wire.NAKReply, 0), input}, nil))
	f.Add([]byte{1, 0, 0, 9, 0xFF, 0x53, 0x80, 9, 0, 4, 0x41, 1, 2})
	dir := f.TempDir()
	keys, err := OpenKeys(filepath.Join(dir, "keys"))
	if err != nil {
		f.Fatal(err)
	}
	if err := keys.Set("door", siteKey); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, replies []byte) {
		for _, security := range []string{"plain", "secure"} {
			panel, err := New(&impostor{replies: replies}, Config{
				Config: line.Config{Path: "air"}, Keys: "keys", BusyPause: time.Millisecond, SilentAfter: 50 * time.Millisecond, KeyRetry: time.Millisecond,
				Peripherals: []PeripheralConfig{{Name: "door", Security: security}},
			}, keys)
			if err != nil {
				t.Fatal(err)
			}
			one := panel.peripherals[0]
			for range 20 {
				s, err := one.poll(t.Context())
				if err == nil && security == "secure" {
					t.Fatalf("an impostor is believed: %+v", s.reading)
				}
				if err != nil && devices.ReasonOf(err) == "" {
					t.Errorf("no reason in %v", err)
				}
				if err := panel.Unlock(t.Context(), "door", 0, time.Second); err == nil {
					t.Fatal("an impostor's lock was opened")
				}
			}
		}
	})
}

func FuzzKeys(f *testing.F) {
	f.Add("version = 1\n[peripheral.door]\nkey = \"00112233445566778899aabbccddeeff\"\n")
	f.Add("version = 1\n[peripheral.door]\nkey = \"00\"\npending = \"\"\n")
	f.Fuzz(func(t *testing.T, content string) {
		path := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := OpenKeys(path)
		if err != nil {
			return
		}
		for name := range k.keys {
			for _, key := range k.candidates(name) {
				if !secret(key) {
					t.Errorf("%s has a key that everybody knows", name)
				}
			}
		}
	})
}
