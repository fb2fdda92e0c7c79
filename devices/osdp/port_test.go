package osdp_test

import (
	"context"
	"errors"
	"flag"
	"path/filepath"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"emtihan/devices"
	"emtihan/devices/line"
	"emtihan/devices/osdp"
	"emtihan/devices/osdp/wire"
	"emtihan/devices/simulate"
)

// patience is how long a test waits for what must happen before it says that it does not.
const patience = 2 * time.Minute

// TestMain lets more tests run side by side than there are processors: they wait for time-outs.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	m.Run()
}

// doorContact is closed while its input is active.
var doorContact = osdp.Contact{Input: 0}

// room is a panel on a pseudo-terminal with simulated peripherals at its far end; the first is "door" at address 1.
type room struct {
	*testing.T
	far      *simulate.Line
	door     *simulate.Peripheral
	panel    *osdp.Panel
	readings chan osdp.Reading
	shown    chan osdp.Credential
}

// newRoom starts a panel with a closed door whose key is known. adjust, which may be nil, changes the configuration and
// says which further peripherals stand on the line.
func newRoom(t *testing.T, adjust func(*osdp.Config) []*simulate.Peripheral) *room {
	t.Helper()
	dir := t.TempDir()
	r := &room{T: t, readings: make(chan osdp.Reading, 10000), shown: make(chan osdp.Credential, 100)}
	var err error
	if r.far, err = simulate.NewLine(filepath.Join(dir, "port")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.far.Close() })
	base := [16]byte{1, 2, 3}
	r.door = simulate.NewPeripheral(simulate.PeripheralConfig{Address: 1, Inputs: 1, Outputs: 1, Readers: 1, Key: &base})
	r.door.SetInput(0, true)
	r.far.AttachPeripheral(r.door)
	// A busy machine is not to look like a silent device.
	c := osdp.Config{
		Config: line.Config{
			Path: filepath.Join(dir, "port"), Baud: 115200, ResponseTimeout: time.Minute,
			BackoffMin: time.Millisecond, BackoffMax: 20 * time.Millisecond,
		},
		Keys: filepath.Join(dir, "keys"), PollInterval: 5 * time.Millisecond, RetryInterval: 20 * time.Millisecond,
		SilentAfter: 3 * time.Minute, Peripherals: []osdp.PeripheralConfig{{Name: "door", Address: 1}},
	}
	if adjust != nil {
		for _, p := range adjust(&c) {
			r.far.AttachPeripheral(p)
		}
	}
	keys, err := osdp.OpenKeys(c.Keys)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Set("door", wire.Key(base)); err != nil {
		t.Fatal(err)
	}
	if r.panel, err = osdp.Open(c, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- r.panel.Run(ctx, osdp.Observer{
			Reading:    func(one osdp.Reading) { r.readings <- one },
			Credential: func(c osdp.Credential) { r.shown <- c },
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := r.panel.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// nervous makes silence a matter of a time that a test can wait for.
func nervous(c *osdp.Config) []*simulate.Peripheral {
	c.ResponseTimeout, c.SilentAfter = 300*time.Millisecond, 1500*time.Millisecond
	return nil
}

// until returns the first reading that is wanted.
func (r *room) until(what string, wanted func(osdp.Reading) bool) osdp.Reading {
	r.Helper()
	limit := time.After(patience)
	for {
		select {
		case one := <-r.readings:
			if one.Time.IsZero() || one.Known() == (one.Reason != "") {
				r.Errorf("reading %+v", one)
			}
			if wanted(one) {
				return one
			}
		case <-limit:
			r.Fatalf("waited %v in vain for: %s; %+v, %+v", patience, what, r.panel.Counters("door"), r.panel.Line().Counters())
		}
	}
}

func known(device string, open bool) func(osdp.Reading) bool {
	return func(r osdp.Reading) bool {
		is, sure := doorContact.Open(r)
		return r.Device == device && sure && is == open
	}
}

func unknown(device string) func(osdp.Reading) bool {
	return func(r osdp.Reading) bool { return r.Device == device && !r.Known() }
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain for: %s", patience, what)
		}
	}
}

func TestOverAPort(t *testing.T) { // R21
	t.Parallel()
	r := newRoom(t, nil)
	first := r.until("the door to be closed", known("door", false))
	if !first.First || first.Channel != osdp.Secure || first.Identity.Vendor != [3]byte{'E', 'M', 'T'} {
		t.Errorf("first reading %+v", first)
	}
	r.door.SetInput(0, false)
	if second := r.until("the door to be open", known("door", true)); second.First {
		t.Errorf("a change is told as the first state: %+v", second)
	}
	r.door.SetInput(0, true)
	r.until("the door to be closed again", known("door", false))
	r.door.Card(0, 26, 1, 2, 3, 0x40)
	select {
	case c := <-r.shown:
		if card, ok := c.What.(wire.Card); !ok || card.Bits != 26 || c.Channel != osdp.Secure {
			t.Errorf("credential %+v", c)
		}
	case <-time.After(patience):
		t.Fatal("no card")
	}
	if err := r.panel.Unlock(t.Context(), "door", 0, time.Second); err != nil {
		t.Fatal(err)
	}
	r.until("the lock to be open", func(one osdp.Reading) bool { on, sure := one.Output(0); return sure && on })
	r.until("the lock to be locked", func(one osdp.Reading) bool { on, sure := one.Output(0); return sure && !on })
	if c := r.panel.Line().Counters(); c.Garbled != 0 || c.Timeouts != 0 || c.Discarded != 0 {
		t.Errorf("counters of the line %+v", c)
	}
}

// What the line does to a reply, as long as the reply is whole, does not show.
func TestDisturbedReplies(t *testing.T) { // R21
	for _, fault := range []simulate.Fault{simulate.Split, simulate.Noise, simulate.Echo, simulate.Twice, simulate.Late} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			r := newRoom(t, nil)
			r.door.Fail(fault)
			r.until("the door to be closed", known("door", false))
			r.door.SetInput(0, false)
			r.until("the door to be open", known("door", true))
		})
	}
}

// A reply that comes after its time is not taken for the reply to a later command.
func TestLateReplies(t *testing.T) { // R21
	t.Parallel()
	r := newRoom(t, func(c *osdp.Config) []*simulate.Peripheral {
		c.ResponseTimeout, c.LateTimeout = simulate.Lateness/2, time.Millisecond
		return nil
	})
	r.until("the door to be closed", known("door", false))
	r.door.FailNext(6, simulate.Late)
	r.door.SetInput(0, false)
	r.until("the door to be open", known("door", true))
	r.door.SetInput(0, true)
	r.until("the door to be closed again", known("door", false))
}

// A silent, broken or garbled door is unknown, never closed, and comes back with what it is then.
func TestLostDoor(t *testing.T) { // R21
	for _, fault := range []simulate.Fault{
		simulate.Silent, simulate.Deaf, simulate.HalfFrame, simulate.WrongCRC, simulate.Babble, simulate.EchoOnly, simulate.BusyReply,
		simulate.WrongMAC, simulate.WrongSequence, simulate.WrongUnit,
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			r := newRoom(t, nervous)
			r.until("the door to be closed", known("door", false))
			r.door.Fail(fault)
			lost := r.until("the door to be unknown", unknown("door"))
			if want := devices.BadAnswer; lost.Reason != want && lost.Reason != devices.Silent {
				t.Errorf("reason %s", lost.Reason)
			}
			r.door.SetInput(0, false)
			r.door.Fail(simulate.Healthy)
			back := r.until("the door to be known", devicesKnown)
			if open, sure := doorContact.Open(back); !back.First || !open || !sure {
				t.Errorf("it comes back as %+v", back)
			}
		})
	}
}

func devicesKnown(r osdp.Reading) bool { return r.Known() }

func TestUnplugged(t *testing.T) { // R21
	t.Parallel()
	r := newRoom(t, nil)
	r.until("the door to be closed", known("door", false))
	if err := r.far.Unplug(); err != nil {
		t.Fatal(err)
	}
	if lost := r.until("the door to be unknown", unknown("door")); lost.Reason != devices.Unplugged {
		t.Errorf("reason %s", lost.Reason)
	}
	r.door.SetInput(0, false)
	if err := r.far.Replug(); err != nil {
		t.Fatal(err)
	}
	back := r.until("the door to be known", devicesKnown)
	if open, sure := doorContact.Open(back); !back.First || !open || !sure {
		t.Errorf("it comes back as %+v", back)
	}
}

func TestStalledPort(t *testing.T) { // R21
	t.Parallel()
	r := newRoom(t, nervous)
	r.until("the door to be closed", known("door", false))
	r.far.Stall(true)
	r.until("the door to be unknown", unknown("door"))
	r.door.SetInput(0, false)
	r.far.Stall(false)
	if back := r.until("the door to be known", devicesKnown); !known("door", true)(back) {
		t.Errorf("it comes back as %+v", back)
	}
}

func TestPowerCycle(t *testing.T) { // R21
	t.Parallel()
	r := newRoom(t, nil)
	r.until("the door to be closed", known("door", false))
	for n := range 3 {
		r.door.SetInput(0, n%2 != 0)
		r.door.Restart()
		r.until("the door to be what it is", known("door", n%2 == 0))
	}
	if c := r.panel.Counters("door"); c.Sessions < 4 {
		t.Errorf("counters %+v", c)
	}
}

// With two bits of a hundred turned over hardly any message arrives. The door is open all the time; nobody may say that it
// is closed.
func TestBadCable(t *testing.T) { // R21
	t.Parallel()
	r := newRoom(t, func(c *osdp.Config) []*simulate.Peripheral {
		c.ResponseTimeout, c.SilentAfter = 30*time.Millisecond, time.Second
		return nil
	})
	r.door.SetInput(0, false)
	r.until("the door to be open", known("door", true))
	for seed, rate := range []float64{0.02, 0.005, 0.0005} {
		before := r.panel.Line().Counters()
		r.far.Spoil(rate, uint64(seed))
		await(t, "bad messages", func() bool {
			now := r.panel.Line().Counters()
			return now.Garbled+now.Timeouts-before.Garbled-before.Timeouts >= 40
		})
	}
	r.far.Spoil(0, 0)
	sent := r.panel.Counters("door").Replies
	await(t, "good messages", func() bool { return r.panel.Counters("door").Replies > sent+20 })
	r.door.Tamper(true)
	r.until("the end", func(one osdp.Reading) bool {
		if one.Known() && !known("door", true)(one) {
			t.Errorf("reading %+v", one)
		}
		return one.Local != nil && one.Local.Tamper
	})
	t.Logf("%+v, %+v", r.panel.Counters("door"), r.panel.Line().Counters())
}

func TestTwoOnOneLine(t *testing.T) { // R21
	t.Parallel()
	var exit *simulate.Peripheral
	r := newRoom(t, func(c *osdp.Config) []*simulate.Peripheral {
		nervous(c)
		c.Peripherals = append(c.Peripherals, osdp.PeripheralConfig{Name: "exit", Address: 2, Security: "plain", Checksum: true})
		exit = simulate.NewPeripheral(simulate.PeripheralConfig{Address: 2, Inputs: 1})
		return []*simulate.Peripheral{exit}
	})
	r.until("the exit to be open", known("exit", true))
	r.door.Fail(simulate.Silent)
	r.until("the door to be unknown", unknown("door"))
	exit.SetInput(0, true)
	r.until("the exit to be closed", known("exit", false))
	if err := r.panel.Unlock(t.Context(), "exit", 0, time.Second); !errors.Is(err, osdp.ErrNotSecure) {
		t.Errorf("the lock of a plain peripheral: %v", err)
	}
}

func TestCommissionOverAPort(t *testing.T) {
	t.Parallel()
	fresh := simulate.NewPeripheral(simulate.PeripheralConfig{Address: 2, Inputs: 1, Outputs: 1})
	r := newRoom(t, func(c *osdp.Config) []*simulate.Peripheral {
		c.Peripherals = append(c.Peripherals, osdp.PeripheralConfig{Name: "fresh", Address: 2})
		return []*simulate.Peripheral{fresh}
	})
	if lost := r.until("the new door to be unknown", unknown("fresh")); lost.Reason != osdp.NoKey {
		t.Errorf("reason %s", lost.Reason)
	}
	if err := r.panel.Commission(t.Context(), "fresh"); err != nil {
		t.Fatal(err)
	}
	r.until("the new door to be open", known("fresh", true))
	if err := r.panel.Unlock(t.Context(), "fresh", 0, time.Second); err != nil {
		t.Error(err)
	}
	if n := fresh.Counts(); n.OutputCommands != 1 || n.Exposed != 0 {
		t.Errorf("counts %+v", n)
	}
}

func TestConfigFromTOML(t *testing.T) {
	var c osdp.Config
	meta, err := toml.Decode(`
path = "/dev/exam/doors"
baud = 38400
keys = "/etc/exam/osdp.keys"
silent_after = "3s"
[[peripheral]]
name = "entrance"
[[peripheral]]
name = "exit"
address = 1
security = "plain"
checksum = true
`, &c)
	if err != nil || len(meta.Undecoded()) != 0 {
		t.Fatalf("%v, %v", err, meta.Undecoded())
	}
	if c, err = c.Complete(); err != nil {
		t.Fatal(err)
	}
	if c.Baud != 38400 || c.SilentAfter != 3*time.Second || c.Peripherals[0].Security != "secure" || !c.Peripherals[1].Checksum {
		t.Errorf("%+v", c)
	}
}
