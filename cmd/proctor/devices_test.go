package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/devices/simulate"
	"emtihan/devices/site"
	"emtihan/exam"

	"github.com/google/go-cmp/cmp"
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

// told keeps what a room is told.
type told struct{ doors []exam.DoorRead }

func (*told) Detector(exam.DetectorRead) {}
func (r *told) Door(e exam.DoorRead)     { r.doors = append(r.doors, e) }

// R21: of several doors the one that needs somebody most has the last word; "closed" only when all are.
func TestSeveralDoors(t *testing.T) {
	r := new(told)
	d := newDoors(r, []site.Device{{Name: "a"}, {Name: "b"}})
	closed := func(name string) exam.DoorRead { return exam.DoorRead{Device: name, Known: true} }
	open := func(name string) exam.DoorRead { return exam.DoorRead{Device: name, Known: true, Open: true} }
	silent := func(name string) exam.DoorRead { return exam.DoorRead{Device: name, Reason: "silent"} }
	for i, c := range []struct {
		hear exam.DoorRead
		want []exam.DoorRead
	}{
		{closed("a"), []exam.DoorRead{closed("a"), {Device: "b", Reason: "waiting"}}},
		{closed("b"), []exam.DoorRead{closed("b")}},
		{open("a"), []exam.DoorRead{open("a")}},
		{open("b"), []exam.DoorRead{open("b")}},
		{closed("b"), []exam.DoorRead{closed("b"), open("a")}},
		{silent("b"), []exam.DoorRead{silent("b")}},
		{closed("a"), []exam.DoorRead{closed("a"), silent("b")}},
		{closed("b"), []exam.DoorRead{closed("b")}},
	} {
		r.doors = nil
		d.hear(c.hear)
		if diff := cmp.Diff(c.want, r.doors); diff != "" {
			t.Errorf("step %d: %s", i, diff)
		}
	}
}

// The window shows one detector, and says so when a file names two.
func TestTwoDetectors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "devices.toml")
	write(t, path, strings.ReplaceAll(benchFile, "DIR", "/dev/exam")+"[[device]]\nname = \"gate 2\"\nkind = \"detector\"\nbus = \"a\"\ninput = 1\ncounter_register = 65\n")
	if _, err := site.Load(path); err != nil {
		t.Fatal(err)
	}
	if _, err := loadSite(path); err == nil || !strings.Contains(err.Error(), "2 detectors") {
		t.Error(err)
	}
}
