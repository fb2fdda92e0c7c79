package site_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"emtihan/devices"
	"emtihan/devices/detector"
	"emtihan/devices/door"
	"emtihan/devices/line"
	"emtihan/devices/osdp"
	"emtihan/devices/osdp/wire"
	"emtihan/devices/profile"
	"emtihan/devices/reader"
	"emtihan/devices/simulate"
	"emtihan/devices/site"
	"emtihan/devices/ups"
)

const patience = 2 * time.Minute

// roomFile returns the example with its devices in dir.
func roomFile(t testing.TB, dir string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/room.toml")
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.ReplaceAll(string(data), "DIR", dir))
}

func TestParse(t *testing.T) {
	s, err := site.Parse(roomFile(t, "/dev/exam"))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Buses) != 5 || len(s.Devices) != 9 {
		t.Fatalf("%d buses and %d devices", len(s.Buses), len(s.Devices))
	}
	gate, door := s.Devices[0].Detector, s.Devices[1].Door
	if gate.Unit != 16 || gate.InputFunction != "holding" || gate.InputRegister != 51 || gate.CounterRegister != 66 || !gate.NormallyClosed ||
		gate.Path != "/dev/exam/inputs" || gate.Baud != 19200 || gate.StopBits != 2 || gate.Gap != 4*time.Millisecond || gate.AlarmLongest != 30*time.Second {
		t.Errorf("the gate is %+v", gate)
	}
	if door.Input != 3 || door.InputRegister != 51 || door.Config != gate.Config {
		t.Errorf("the door is %+v", door)
	}
	if c := s.Devices[2].Contact; c == nil || c.Peripheral != "reader-101" || c.Lock == nil || *c.Lock != 0 {
		t.Errorf("the door on OSDP is %+v", c)
	}
	if c := s.Devices[7].Modem; c == nil || c.Input != "dsr" || c.Debounce != 50*time.Millisecond {
		t.Errorf("the wicket is %+v", c)
	}
	if empty, err := site.Parse(nil); err != nil || len(empty.Devices) != 0 {
		t.Errorf("an empty file: %+v, %v", empty, err)
	}
}

// Files with the sections of a detector and a door go on working.
func TestParsePlain(t *testing.T) {
	const text = "[detector]\nname = \"gate\"\npath = \"/dev/exam/a\"\ncounter_register = 64\n[door]\npath = \"/dev/exam/b\"\nunit = 2\n"
	s, err := site.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Buses) != 2 || len(s.Devices) != 2 || s.Devices[0].Detector.CounterRegister != 64 || s.Devices[1].Door.Unit != 2 || s.Devices[1].Name != "door" {
		t.Errorf("%+v", s)
	}
	s, err = site.Parse([]byte(strings.ReplaceAll(text, "exam/b", "exam/a")))
	if err != nil || len(s.Buses) != 1 || s.Devices[0].Bus != s.Devices[1].Bus {
		t.Errorf("devices with the same path: %+v, %v", s, err)
	}
	if _, err = site.Parse([]byte(strings.ReplaceAll(text, "exam/b\"", "exam/a\"\nbaud = 19200"))); err == nil || !strings.Contains(err.Error(), "different settings") {
		t.Errorf("a line with two speeds: %v", err)
	}
}

// The examples of the document are files that can be used.
func TestDocumentedFile(t *testing.T) {
	data, err := os.ReadFile("../../docs/devices.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(data), "```toml\n")[1:]
	if len(blocks) < 2 {
		t.Fatalf("%d examples", len(blocks))
	}
	for i, block := range blocks {
		text, _, _ := strings.Cut(block, "```")
		if s, err := site.Parse([]byte(text)); err != nil || len(s.Devices) == 0 {
			t.Errorf("example %d: %v", i+1, err)
		}
	}
	for _, p := range profile.All() {
		if !strings.Contains(string(data), "`"+p.Name+"`") {
			t.Errorf("the document does not name the profile %s", p.Name)
		}
	}
}

// Each mistake is named, with the line where its table begins.
func TestMistakes(t *testing.T) {
	whole := string(roomFile(t, "/dev/exam"))
	for _, c := range []struct{ name, old, new, want string }{
		{"format", "format = 1", "format = 2", "format 2"},
		{"no format", "format = 1", "", "format 0"},
		{"syntax", "[[bus]]", "[[bus", "line 4"},
		{"unknown section", "[[bus]]", "[[buss]]", "buss"},
		{"both forms", "format = 1", "format = 1\n[door]\npath = \"/dev/x\"", "beside"},
		{"unknown key of a bus", "baud = 19200", "bauds = 19200", `line 3, bus "inputs": unknown key "bauds"`},
		{"wrong type", "baud = 19200", "baud = \"fast\"", `bus "inputs"`},
		{"wrong speed", "baud = 19200", "baud = 1", `bus "inputs": line: baud 1`},
		{"protocol", `protocol = "modbus"`, `protocol = "canbus"`, `"canbus"`},
		{"same path", `path = "/dev/exam/arch"`, `path = "/dev/exam/inputs"`, "same path"},
		{"same bus", `name = "arch"`, `name = "inputs"`, "another bus of that name"},
		{"same address", "address = 4", "address = 3", "same address 3"},
		{"no bus", `bus = "arch"`, `bus = "arc"`, `there is no bus "arc"`},
		{"kind", `kind = "detector"`, `kind = "detektor"`, `line 40, device "gate": kind "detektor"`},
		{"profile", "owen-mv110", "owen", "owen-mv110"},
		{"profile of another kind", `profile = "ceia-ascii"`, `profile = "scanner-line"`, "none of a detector"},
		{"profile on another bus", `profile = "ceia-ascii"`, `profile = "generic"`, "wants a bus with the protocol modbus"},
		{"input past the device", "input = 2", "input = 16", "input 16 is not between 0 and 15"},
		{"line setting at a device", "unit = 16\ninput = 2", "unit = 16\nbaud = 9600\ninput = 2", "baud is a setting of the bus"},
		{"unknown key of a device", "normally_closed = true\npoll", "normaly_closed = true\npoll", `unknown key "normaly_closed"`},
		{"same name", `name = "door 101"`, `name = "gate"`, "another device of that name"},
		{"same input", "input = 3", "input = 2", `same input as "gate"`},
		{"same input of a peripheral", "input = 1", "input = 0", `same input as "door 102"`},
		{"peripheral", `peripheral = "reader-102"`, `peripheral = "reader-109"`, `no peripheral "reader-109"`},
		{"lock without a secure channel", "peripheral = \"reader-102\"\ninput = 0", "peripheral = \"reader-102\"\ninput = 0\nlock = 1", "never be moved"},
		{"two on a port of one", `bus = "scanner"`, `bus = "arch"`, `belongs to "arch 101" alone`},
		{"reader on Modbus", "profile = \"scanner-line\"\nbus = \"scanner\"", `bus = "inputs"`, "cannot be on a bus with the protocol modbus"},
		{"UPS on a bus", `ups = "exam"`, "ups = \"exam\"\nbus = \"arch\"", "neither bus nor profile"},
		{"UPS's address", "unix:/dev/exam/ups", "nowhere", `address "nowhere"`},
		{"no keys", `keys = "/dev/exam/osdp-keys.toml"`, "", "keys is missing"},
		{"duration", `"10ms"`, `"soon"`, "soon"},
	} {
		if !strings.Contains(whole, c.old) {
			t.Fatalf("%s: %q is not in the file", c.name, c.old)
		}
		s, err := site.Parse([]byte(strings.Replace(whole, c.old, c.new, 1)))
		if err == nil || s != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want it to say %q", c.name, err, c.want)
		}
	}
}

// Every profile makes a device of every kind that it names, and says what is not confirmed.
func TestProfiles(t *testing.T) {
	for _, p := range profile.All() {
		for _, kind := range p.Kinds {
			_, err := site.Parse([]byte("format = 1\n[[bus]]\nname = \"b\"\nprotocol = \"" + p.Protocol + "\"\npath = \"/dev/x\"\n" +
				"[[device]]\nname = \"d\"\nkind = \"" + kind + "\"\nbus = \"b\"\nprofile = \"" + p.Name + "\"\n"))
			// A door uses no counter, so the profiles' settings about it are not for doors.
			if err != nil {
				t.Errorf("%s as a %s: %v", p.Name, kind, err)
			}
		}
		if p.About == "" || p.Name != "generic" && p.Source == "" {
			t.Errorf("%s does not say what it is or where it is from", p.Name)
		}
	}
	for _, text := range []string{"[[profile]]\nname = \"x\"\n", "x = 1\n", "[[profile]]\nname = \"x\"\nkinds = [\"door\"]\nprotocol = \"can\"\n"} {
		if _, err := profile.Parse(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

// far is the far end of the example.
type far struct {
	dir       string
	lines     map[string]*simulate.Line
	module    *simulate.Module
	arch      *simulate.ASCIIDetector
	r101, r02 *simulate.Peripheral
	ups       *simulate.UPS
}

func newFar(t *testing.T) *far {
	t.Helper()
	dir, err := os.MkdirTemp("", "site") // short, for the socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	f := &far{dir: dir, lines: map[string]*simulate.Line{}, module: simulate.NewModule(), arch: simulate.NewASCIIDetector()}
	for _, name := range []string{"inputs", "doors", "arch", "scanner", "wicket"} {
		l, err := simulate.NewLine(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		f.lines[name] = l
	}
	f.lines["inputs"].Attach(16, f.module)
	f.r101 = simulate.NewPeripheral(simulate.PeripheralConfig{Address: 3, Inputs: 2, Outputs: 1, Readers: 1})
	f.r02 = simulate.NewPeripheral(simulate.PeripheralConfig{Address: 4, Inputs: 1, Readers: 1, NoSecurity: true})
	f.lines["doors"].AttachPeripheral(f.r101)
	f.lines["doors"].AttachPeripheral(f.r02)
	f.lines["arch"].AttachASCII(f.arch)
	if f.ups, err = simulate.NewUPS(filepath.Join(dir, "ups"), "exam"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.ups.Close() })
	for _, input := range []int{2, 3} {
		if err := f.module.Set(input, true); err != nil {
			t.Fatal(err)
		}
	}
	f.r101.SetInput(0, true)
	f.r101.SetInput(1, true)
	f.r02.SetInput(0, true)
	return f
}

// heard keeps the last reading of each device, and everything that was shown.
type heard struct {
	mu      sync.Mutex
	state   map[string]string
	alarms  map[string]uint32
	scans   []string
	cards   []osdp.Credential
	outputs []wire.Level
}

func (h *heard) observer() site.Observer {
	set := func(o devices.Observation, good string) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if !o.Known() {
			good = "unknown " + string(o.Reason)
		}
		h.state[o.Device] = good
	}
	word := func(yes bool, a, b string) string {
		if yes {
			return a
		}
		return b
	}
	return site.Observer{
		Line: func(bus string, s line.Status) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.state["bus "+bus] = string(s.State)
		},
		Detector: func(r detector.Reading) {
			set(r.Observation, word(r.Active, "alarm", "clear"))
			h.mu.Lock()
			defer h.mu.Unlock()
			h.alarms[r.Device] += r.New
		},
		Door: func(r door.Reading) { set(r.Observation, word(r.Open, "open", "closed")) },
		Scan: func(r reader.Reading) {
			set(r.Observation, "there")
			if r.Scan != nil {
				h.mu.Lock()
				defer h.mu.Unlock()
				h.scans = append(h.scans, r.Scan.Text)
			}
		},
		UPS: func(r ups.Reading) { set(r.Observation, word(r.OnBattery, "battery", "mains")) },
		Peripheral: func(r osdp.Reading) {
			set(r.Observation, string(r.Channel))
			h.mu.Lock()
			defer h.mu.Unlock()
			if r.Device == "reader-101" {
				h.outputs = slices.Clone(r.Outputs)
			}
		},
		Credential: func(c osdp.Credential) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.cards = append(h.cards, c)
		},
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

func (h *heard) await(t *testing.T, device, state string) {
	t.Helper()
	var last string
	defer func() {
		if t.Failed() {
			t.Logf("%s is %q", device, last)
		}
	}()
	await(t, device+" "+state, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		last = h.state[device]
		return last == state
	})
}

// All devices of a room at once, from the wire to the readings, in their normal life and when they fail (R7, R21).
func TestRun(t *testing.T) {
	f := newFar(t)
	s, err := site.Parse(roomFile(t, f.dir))
	if err != nil {
		t.Fatal(err)
	}
	h := &heard{state: map[string]string{}, alarms: map[string]uint32{}}
	r, err := s.Start(t.Context(), h.observer())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
	}()
	// A peripheral without a key is unknown, and with it what is wired to it.
	h.await(t, "door 102", "unknown no-key")
	h.await(t, "arch 102", "unknown no-key")
	if err := r.Unlock(t.Context(), "door 102", time.Second); !errors.Is(err, osdp.ErrOffline) && !errors.Is(err, osdp.ErrNotSecure) {
		t.Errorf("unlocking without a secure channel: %v", err)
	}
	if err := r.Commission(t.Context(), "reader-101"); err != nil {
		t.Fatal(err)
	}
	for device, state := range map[string]string{
		"gate": "clear", "door 101": "closed", "door 102": "closed", "arch 102": "clear", "door 103": "closed", "arch 101": "clear",
		"documents": "there", "wicket": "unknown unsuitable", "ups": "mains", "reader-101": "secure", "reader-102": "plain", "bus inputs": "online",
	} {
		h.await(t, device, state)
	}
	if info, err := os.Stat(filepath.Join(f.dir, "osdp-keys.toml")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of keys: %v, %v", info, err)
	}

	if err := f.module.Set(2, false); err != nil {
		t.Fatal(err)
	}
	h.await(t, "gate", "alarm")
	if err := f.module.Cut(3, true); err != nil {
		t.Fatal(err)
	}
	h.await(t, "door 101", "open")
	f.r101.SetInput(0, false)
	h.await(t, "door 102", "open")
	f.r101.SetInput(1, false)
	h.await(t, "arch 102", "alarm")
	f.r101.SetInput(1, true)
	h.await(t, "arch 102", "clear")
	f.r101.SetLevel(0, 2) // a supervised input whose cable is cut
	h.await(t, "door 102", "unknown input-fault")
	h.await(t, "arch 102", "clear")
	f.r101.SetInput(0, true)
	h.await(t, "door 102", "closed")
	f.arch.Pass(true)
	h.await(t, "arch 101", "alarm")
	h.await(t, "arch 101", "clear")
	if err := f.lines["scanner"].Say([]byte("900101100004\r")); err != nil {
		t.Fatal(err)
	}
	await(t, "the code", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.scans) == 1 && h.scans[0] == "900101100004"
	})
	f.r101.Card(0, 26, 0x12, 0x34, 0x56, 0x40)
	f.r101.Keys(0, "1234")
	await(t, "card and keys", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.cards) == 2 && h.cards[0].Channel == osdp.Secure
	})
	f.ups.SetStatus("OB DISCHRG")
	h.await(t, "ups", "battery")

	if err := r.Unlock(t.Context(), "door 102", 500*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	await(t, "the lock's output", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.outputs) == 1 && h.outputs[0] == wire.Active
	})
	await(t, "the end of the time", func() bool { return !f.r101.Outputs()[0] })
	if err := r.Signal(t.Context(), "door 102", wire.Green, time.Second, 2); err != nil {
		t.Error(err)
	}
	if c := f.r101.Counts(); c.LampCommands != 1 || c.BuzzerCommands != 1 || c.Exposed != 0 {
		t.Errorf("counts %+v", c)
	}
	if err := r.Unlock(t.Context(), "door 103", time.Second); !errors.Is(err, site.ErrNoLock) {
		t.Errorf("a door without a lock: %v", err)
	}
	if err := r.Unlock(t.Context(), "door 101", time.Second); err == nil {
		t.Error("a contact on Modbus was unlocked")
	}
	before := *f.r101.Key()
	if err := r.ChangeKey(t.Context(), "reader-101"); err != nil || *f.r101.Key() == before {
		t.Errorf("changing the key: %v", err)
	}

	for _, l := range f.lines {
		if err := l.Unplug(); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.ups.Unplug(); err != nil {
		t.Fatal(err)
	}
	for _, device := range []string{"gate", "door 101", "door 102", "arch 102", "door 103", "arch 101", "documents"} {
		h.await(t, device, "unknown unplugged")
	}
	h.await(t, "ups", "unknown no-server")
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.alarms["gate"] != 1 || h.alarms["arch 102"] != 1 || h.alarms["arch 101"] != 1 {
		t.Errorf("alarms %v, want one each", h.alarms)
	}
}

// What a person should know before the exam.
func TestCheck(t *testing.T) {
	f := newFar(t)
	data := roomFile(t, f.dir)
	if err := f.lines["arch"].Unplug(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.dir, "wicket-file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	data = []byte(strings.Replace(string(data), f.dir+"/wicket\"", f.dir+"/wicket-file\"", 1))
	if err := os.WriteFile(filepath.Join(f.dir, "osdp-keys.toml"), []byte("version = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.ups.Fail(simulate.NoDriver)
	s, err := site.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	held, err := line.New(line.Config{Path: filepath.Join(f.dir, "scanner")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := held.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	var faults, notes []string
	for _, found := range s.Check(t.Context()) {
		if found.Fault {
			faults = append(faults, found.Subject+" "+found.ID)
			if len(notes) > 0 {
				t.Error("a fault stands behind the notes")
			}
		} else {
			notes = append(notes, found.Subject+" "+found.ID)
		}
	}
	for _, want := range []string{"arch missing", "wicket unsuitable", "scanner busy", "doors keys-exposed", "ups no-driver"} {
		if !slices.Contains(faults, want) {
			t.Errorf("%q is not among the faults %q", want, faults)
		}
	}
	if len(faults) != 5 {
		t.Errorf("faults %q", faults)
	}
	for _, want := range []string{"gate to-confirm", "arch 101 to-confirm"} {
		if !slices.Contains(notes, want) {
			t.Errorf("%q is not among the notes %q", want, notes)
		}
	}
	if err := os.Remove(filepath.Join(f.dir, "osdp-keys.toml")); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(s.Check(t.Context()), func(c site.Finding) bool { return c.Subject == "reader-101" && c.ID == site.KeyMissing }) {
		t.Error("a missing key is not told")
	}
	wb, err := site.Parse([]byte("format = 1\n[[bus]]\nname = \"b\"\nprotocol = \"modbus\"\npath = \"" + f.dir + "/inputs\"\n" +
		"[[device]]\nname = \"d\"\nkind = \"detector\"\nbus = \"b\"\nprofile = \"wirenboard\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, found := range wb.Check(t.Context()) {
		ids = append(ids, found.ID)
	}
	for _, want := range []string{site.LineDiffers, site.Unsupervised, site.ToConfirm} {
		if !slices.Contains(ids, want) {
			t.Errorf("%q is not among %q", want, ids)
		}
	}
}

// A file of keys that others can read starts nothing.
func TestExposedKeysStartNothing(t *testing.T) {
	f := newFar(t)
	if err := os.WriteFile(filepath.Join(f.dir, "osdp-keys.toml"), []byte("version = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := site.Parse(roomFile(t, f.dir))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := s.Start(ctx, site.Observer{}); !errors.Is(err, osdp.ErrKeysExposed) {
		t.Errorf("%v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(roomFile(f, "/dev/exam"))
	f.Add([]byte("[detector]\npath = \"/dev/x\"\n[door]\npath = \"/dev/y\"\n"))
	f.Add([]byte("format = 1\n[[bus]]\nname = \"b\"\nprotocol = \"osdp\"\npath = \"/dev/x\"\n[[bus.peripheral]]\nname = \"p\"\nsecurity = \"plain\"\n"))
	f.Add([]byte("format = 1\n[[device]]\nname = 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := site.Parse(data)
		if err != nil {
			if s != nil {
				t.Fatal("a file with an error still names devices")
			}
			return
		}
		for _, b := range s.Buses {
			if b.Line.Path == "" || b.Line.Baud == 0 {
				t.Fatalf("an incomplete bus was accepted: %+v", b)
			}
		}
		for _, d := range s.Devices {
			if _, there := s.Bus(d.Bus); d.Name == "" || !there && d.UPS == nil {
				t.Fatalf("a device without a name or a bus was accepted: %+v", d)
			}
		}
	})
}
