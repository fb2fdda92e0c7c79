package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/devices/mrz"
	"emtihan/devices/reader"
	"emtihan/devices/simulate"
	"emtihan/proctor/room"
)

const benchFile = `format = 1
[[bus]]
name = "a"
protocol = "modbus"
path = "DIR/detector"
[[bus]]
name = "b"
protocol = "modbus"
path = "DIR/door"
[[bus]]
name = "c"
protocol = "osdp"
path = "DIR/lock"
keys = "DIR/keys.toml"
[[bus.peripheral]]
name = "unit"
address = 3
[[bus]]
name = "d"
protocol = "single"
path = "DIR/scanner"
[[device]]
name = "gate"
kind = "detector"
bus = "a"
counter_register = 64
[[device]]
name = "door 1"
kind = "door"
bus = "b"
unit = 2
[[device]]
name = "door 2"
kind = "door"
bus = "c"
peripheral = "unit"
lock = 0
[[device]]
name = "documents"
kind = "reader"
profile = "scanner-line"
bus = "d"
[[device]]
name = "power"
kind = "ups"
address = "unix:DIR/ups"
ups = "exam"
poll_interval = "20ms"
`

// farRoom plays the devices and writes a file that names them.
func farRoom(t *testing.T) (far *simulate.Room, file, dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "room") // short, for the socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if far, err = simulate.NewRoom(dir); err != nil {
		t.Skipf("this computer has no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { far.Close() })
	file = filepath.Join(dir, "devices.toml")
	write(t, file, strings.ReplaceAll(benchFile, "DIR", dir))
	return far, file, dir
}

// do lets the far end do something.
func do(t *testing.T, far *simulate.Room, command string) {
	t.Helper()
	if err := far.Do(command); err != nil {
		t.Fatalf("%s: %v", command, err)
	}
}

func tool(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(append([]string{"devices"}, args...), &out, &err)
	return code, out.String(), err.String()
}

func TestDevicesCheck(t *testing.T) {
	far, file, dir := farRoom(t)
	for _, l := range locales.All {
		code, out, _ := tool("check", file, "--lang", string(l))
		if code != exitDevices || !strings.Contains(out, "! unit") || !strings.Contains(out, locales.T(l, "proctor.reason.no-key")) {
			t.Errorf("a peripheral without a key: %d\n%s", code, out)
		}
	}
	if code, out, err := tool("key", file, "unit", "--lang", "en"); code != exitOK || !strings.Contains(out, "unit has its own key") {
		t.Fatalf("giving a key: %d\n%s%s", code, out, err)
	}
	if code, out, err := tool("key", file, "unit", "--lang", "en"); code != exitDevices || !strings.Contains(err, "default key") {
		t.Errorf("giving the first key twice: %d\n%s%s", code, out, err)
	}
	if code, out, err := tool("key", file, "unit", "--change"); code != exitOK {
		t.Errorf("changing the key: %d\n%s%s", code, out, err)
	}
	if code, _, err := tool("key", file, "nobody"); code != exitDevices || !strings.Contains(err, "nobody") {
		t.Errorf("a key for nobody: %d\n%s", code, err)
	}
	for _, l := range locales.All {
		code, out, _ := tool("check", file, "--lang", string(l))
		if want := locales.T(l, "proctor.devices.ok", "Buses", 4, "Devices", 5); code != exitOK || !strings.Contains(out, want) {
			t.Errorf("in order: %d\n%s", code, out)
		}
	}
	owen := filepath.Join(dir, "owen.toml")
	write(t, owen, strings.Replace(strings.ReplaceAll(benchFile, "DIR", dir), "counter_register = 64", "profile = \"owen-mv110\"", 1))
	for l, want := range map[string]string{"en": "holding registers", "ru": "регистры хранения", "kk": "сақтау регистрлері"} {
		if _, out, _ := tool("check", owen, "--lang", l); !strings.Contains(out, want) {
			t.Errorf("%s: what is to be confirmed is not told with %q\n%s", l, want, out)
		}
	}
	do(t, far, "detector unplug")
	do(t, far, "ups no-driver")
	if err := os.Chmod(filepath.Join(dir, "keys.toml"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, l := range locales.All {
		code, out, _ := tool("check", file, "--lang", string(l))
		if code != exitDevices {
			t.Errorf("exit code %d", code)
		}
		for _, want := range []string{"proctor.reason.missing", "proctor.reason.no-driver", "proctor.devices.finding.keys-exposed"} {
			if !strings.Contains(out, locales.T(l, want)) {
				t.Errorf("%q is not in\n%s", locales.T(l, want), out)
			}
		}
	}
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"check"}, exitUsage},
		{[]string{"check", file, "--lang", "de"}, exitUsage},
		{[]string{"check", filepath.Join(dir, "none.toml")}, exitDamaged},
		{[]string{"watch", file, "--for", "1s"}, exitDevices}, // the exposed keys
		{[]string{"--help"}, exitOK},
	} {
		if code, out, err := tool(c.args...); code != c.want {
			t.Errorf("%v: exit code %d, want %d\n%s%s", c.args, code, c.want, out, err)
		}
	}
}

// The live view says what happens, and not what persons have shown (R27).
func TestDevicesWatch(t *testing.T) {
	far, file, _ := farRoom(t)
	if code, _, err := tool("key", file, "unit"); code != exitOK {
		t.Fatal(err)
	}
	in, out := io.Pipe()
	done := make(chan int, 1)
	var complaint bytes.Buffer
	go func() {
		done <- run([]string{"devices", "watch", file, "--json", "--for", "2m"}, out, &complaint)
		out.Close()
	}()
	lines := bufio.NewScanner(in)
	await := func(name, state, reason string) row {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), "900101100004") {
				t.Errorf("the view tells whom a document belongs to: %s", lines.Text())
			}
			var r row
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatalf("%s: %v", lines.Text(), err)
			}
			if r.Name == name && r.State == state && r.Reason == reason {
				return r
			}
		}
		t.Fatalf("%s has not become %s %s\n%s", name, state, reason, complaint.String())
		return row{}
	}
	await("door 2", "closed", "")
	do(t, far, "detector alarm")
	if r := await("gate", "alarm", ""); r.Count != 1 || !r.Known || r.Kind != "detector" {
		t.Errorf("the alarm is shown as %+v", r)
	}
	do(t, far, "lock open")
	await("door 2", "open", "")
	do(t, far, "scanner scan 900101100004")
	if r := await("documents", "ready", ""); r.Shown == "" {
		// The first line says that the port is open.
		if r = await("documents", "ready", ""); r.Shown != "text of 12 bytes" {
			t.Errorf("the code is shown as %+v", r)
		}
	}
	do(t, far, "ups battery")
	await("power", "battery", "")
	do(t, far, "door unplug")
	if r := await("door 1", "unknown", "unplugged"); r.Known {
		t.Errorf("%+v", r)
	}
	in.Close() // nobody reads any more: the next line ends the view
	do(t, far, "door replug")
	select {
	case code := <-done:
		if code != exitDevices {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(time.Minute):
		t.Error("the view does not end when nobody reads it")
	}
}

// R21: the window lists every device of the file, each unknown until it speaks; of several doors the worst has the word.
// A scan puts the candidate into the gate (R7), a UPS that runs out proposes to suspend (R6), and a lock moves for a permitted
// exit only, and only inside the secure channel (R14).
func TestWholeSite(t *testing.T) {
	far, file, dir := farRoom(t)
	_, session, _ := files(t)
	s, troubles := load(&cli{Session: session, Devices: file})
	if len(troubles) > 0 {
		t.Fatal(troubles)
	}
	candidate := s.session.Candidates[0]
	doors := new(locks)
	r, err := room.Open(room.Config{
		Dir: filepath.Join(dir, "data"), Session: s.session, Forms: s.forms, Journal: keys(t, filepath.Join(dir, "data")),
		Devices: roomDevices(s.devices), Unlock: doors.unlock, OpenFor: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	device := func(name string) room.Device {
		for _, d := range r.View().Devices {
			if d.Name == name {
				return d
			}
		}
		t.Fatalf("the list lacks %s: %+v", name, r.View().Devices)
		return room.Device{}
	}
	for _, name := range []string{"gate", "door 1", "door 2", "documents", "power"} {
		if d := device(name); d.State != room.Unknown {
			t.Errorf("%s is %v before it has spoken", name, d.State)
		}
	}
	start := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		wait := watchDevices(ctx, s.devices, r, doors)
		return func() { cancel(); wait() }
	}
	said := func(what string) func() bool {
		return func() bool {
			return slices.ContainsFunc(r.View().Lines, func(l room.Line) bool { return l.Event == what })
		}
	}
	leaves := func(what string) {
		r.Hear(room.Delivery{Notice: room.Notice{Station: "st1", Attempt: "a1", IIN: candidate.IIN, Phase: "running", What: what, Wall: time.Now().UnixMilli()}})
	}

	stop := start()
	// Without a key the door unit has no secure channel: it is unknown, and its lock does not move.
	await(t, "the unit without a key", func() bool { return device("door 2").State == room.Unknown && device("door 2").Reason != "" })
	await(t, "the first door", func() bool { return device("door 1").State == room.Quiet })
	if d := r.View().Door; d.State != room.Unknown || d.Name != "door 2" {
		t.Errorf("the worst of the doors is %+v, want the unknown one", d)
	}
	leaves("leave.permitted")
	leaves("left")
	await(t, "a lock that does not move", said(room.SaidJammed))
	if said(room.SaidUnlocked)() {
		t.Error("a lock was opened outside the secure channel")
	}
	stop()

	if code, _, err := tool("key", file, "unit"); code != exitOK {
		t.Fatal(err)
	}
	stop = start()
	defer func() { stop() }()
	await(t, "both doors closed", func() bool { return r.View().Door.State == room.Quiet && device("door 2").State == room.Quiet })
	if said(room.SaidUnlocked)() {
		t.Error("a lock was opened without a permitted exit")
	}
	leaves("returned")
	leaves("leave.permitted")
	leaves("left")
	await(t, "the unlocked door", said(room.SaidUnlocked))
	do(t, far, "lock open")
	await(t, "the exit", func() bool {
		return slices.ContainsFunc(r.View().Lines, func(l room.Line) bool { return l.Pass == room.PassOut && l.IIN == candidate.IIN })
	})

	await(t, "the reader", func() bool { return device("documents").State == room.Quiet })
	do(t, far, "scanner scan 900101100512")
	await(t, "a stranger's document", said(room.SaidStray))
	do(t, far, "scanner scan "+candidate.IIN)
	await(t, "the candidate in the gate", func() bool { return r.View().Gate == candidate.IIN })
	for _, l := range r.View().Lines {
		if strings.Contains(l.Detail, "900101100512") {
			t.Error("a stranger's number is in the log (R27)")
		}
	}

	await(t, "mains", func() bool { return device("power").Word == room.StateMains })
	do(t, far, "ups battery")
	await(t, "battery", func() bool { return device("power").Word == room.StateBattery })
	do(t, far, "ups low")
	await(t, "the proposal to suspend", func() bool { return r.View().Unhandled() > 0 && device("power").Word == room.StateLow })
	do(t, far, "ups no-driver")
	await(t, "an unknown supply", func() bool { return device("power").State == room.Unknown })
}

// A code holds one person's IIN, or nobody's.
func TestIINOf(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"900101100004", "900101100004"},
		{"KZ|ID:900101100004|N 12", "900101100004"},
		{"900101100004 900101100004", "900101100004"},
		{"900101100004 900101100512", ""},
		{"900101100005", ""},
		{"9001011000041", ""},
		{"", ""},
		{"\xff\x00", ""},
	} {
		if got := iinOf(reader.Scan{Text: c.text}); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
	if got := iinOf(reader.Scan{Document: &mrz.Document{Issuer: "KAZ", Optional: [2]string{"900101100004"}}}); got != "900101100004" {
		t.Errorf("a zone: %q", got)
	}
	if got := iinOf(reader.Scan{Card: "900101100004"}); got != "" {
		t.Errorf("the number of a card is taken for an IIN: %q", got)
	}
}
