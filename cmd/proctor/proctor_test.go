package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/devices"
	"emtihan/devices/detector"
	"emtihan/devices/door"
	"emtihan/devices/simulate"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/vault"
	"emtihan/proctor/act"
	"emtihan/proctor/room"

	"github.com/google/go-cmp/cmp"
)

const sessionText = `format = 1
id = "s1"
centre = "Қостанай"
room = "205"
start = 2026-11-21T10:00:00+05:00
profile = "doctoral"
paper = "doctoral-demo"
[[candidates]]
iin = "900101300007"
name = "Әбдіғаппар Айгерім"
language = "kk"
seat = "1"
[[administrators]]
name = "Сұлтанова Гүлнәр"
role = "дежурный по аудитории"
code = "CODE"
`

const devicesText = `[detector]
name = "entrance"
path = "DIR/detector"
unit = 1
counter_register = 64
poll_interval = "20ms"
silent_after = "500ms"
[door]
name = "205"
path = "DIR/door"
unit = 2
poll_interval = "20ms"
silent_after = "500ms"
`

// files writes a session and a devices file.
func files(t *testing.T) (dir, session, devices string) {
	t.Helper()
	dir = t.TempDir()
	session, devices = filepath.Join(dir, "session.toml"), filepath.Join(dir, "devices.toml")
	write(t, session, strings.Replace(sessionText, "CODE", exam.HashCode("4711", []byte("saltsalt")), 1))
	write(t, devices, strings.ReplaceAll(devicesText, "DIR", dir))
	return dir, session, devices
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Each trouble has its exit code and a sentence in each language.
func TestExitCodes(t *testing.T) {
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	for _, c := range []struct {
		name   string
		args   string // S, D and DIR stand for the session file, the devices file and the folder
		damage func(t *testing.T, dir, session, devices string)
		want   int
		id     string // of the sentence on either output, or ""
	}{
		{"help", "--help", nil, exitOK, ""},
		{"no session", "check", nil, exitUsage, ""},
		{"no data folder", "--session S", nil, exitUsage, ""},
		{"unknown flag", "check --session S --colour red", nil, exitUsage, ""},
		{"unknown language", "check --session S --lang de", nil, exitUsage, ""},
		{"in order", "check --session S --devices D", nil, exitOK, "ok"},
		{"session absent", "check --session DIR/none", nil, exitDamaged, "session"},
		{"session cut off", "check --session S", func(t *testing.T, _, session, _ string) { write(t, session, sessionText[:100]) }, exitDamaged, "session"},
		{"unknown key", "check --session S --devices D", func(t *testing.T, _, _, devices string) { write(t, devices, "[detector]\npaht = \"/dev/x\"\n") }, exitDamaged, "devices"},
		{"form cut off", "--session S --data DIR/data", func(t *testing.T, dir, _, _ string) {
			if err := os.MkdirAll(filepath.Join(dir, "data", "forms"), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "data", "forms", "form-10.toml"), "format = 1")
		}, exitDamaged, "forms"},
		{"data folder is a file", "--session S --data S", nil, exitFolder, "folder"},
		{"log damaged", "--session S --data DIR/data", func(t *testing.T, dir, _, _ string) {
			if err := os.MkdirAll(filepath.Join(dir, "data", "room"), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "data", "room", "s1.journal"), "damaged")
		}, exitFolder, "damaged"},
		{"second window", "--session S --data DIR/data", func(t *testing.T, dir, session, _ string) {
			s, troubles := load(&cli{Session: session})
			if len(troubles) > 0 {
				t.Fatal(troubles)
			}
			r, err := room.Open(room.Config{Dir: filepath.Join(dir, "data"), Session: s.session, Forms: s.forms, Journal: keys(t, filepath.Join(dir, "data"))})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { r.Close() })
		}, exitSecond, "second"},
		{"no display", "--session S --data DIR/data", nil, exitDisplay, "display"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, session, devs := files(t)
			if c.damage != nil {
				c.damage(t, dir, session, devs)
			}
			for _, l := range locales.All {
				args := strings.Fields(c.args)
				for i := range args {
					switch args[i] {
					case "S":
						args[i] = session
					case "D":
						args[i] = devs
					}
					args[i] = strings.ReplaceAll(args[i], "DIR", dir)
				}
				if !strings.Contains(c.args, "--lang") {
					args = append(args, "--lang", string(l))
				}
				var stdout, stderr bytes.Buffer
				if got := run(args, &stdout, &stderr); got != c.want {
					t.Fatalf("exit code %d, want %d\n%s%s", got, c.want, stdout.String(), stderr.String())
				}
				if c.id == "" {
					continue
				}
				// The sentence up to its first gap is enough to know it by.
				want, _, _ := strings.Cut(locales.T(l, "proctor.start."+c.id, "Path", "\x00", "Why", "\x00", "Candidates", 1, "Administrators", 1), "\x00")
				if want == "" {
					_, want, _ = strings.Cut(locales.T(l, "proctor.start."+c.id, "Path", "\x00", "Why", "\x00"), "\x00")
					want, _, _ = strings.Cut(want, "\x00")
				}
				if out := stdout.String() + stderr.String(); !strings.Contains(out, want) {
					t.Errorf("%s: %q is not in\n%s", l, want, out)
				}
			}
		})
	}
}

func TestCheckNamesMissingPorts(t *testing.T) {
	_, session, devs := files(t)
	var stdout, stderr bytes.Buffer
	if code := run([]string{"check", "--session", session, "--devices", devs, "--lang", "en"}, &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	for _, want := range []string{"No detector on the line. There is no such port", "No door contact on the line. There is no such port"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("%q is not in\n%s", want, stdout.String())
		}
	}
}

// R21: an unknown reading carries no values, whatever stands in it.
func TestUnknownReadingsCarryNoValues(t *testing.T) {
	o := devices.Observation{Device: "x", Reason: devices.Unplugged}
	if diff := cmp.Diff(exam.DetectorRead{Device: "x", Reason: "unplugged"}, detectorRead(detector.Reading{Observation: o, Active: true, Count: 3, New: 2})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(exam.DoorRead{Device: "x", Reason: "unplugged"}, doorRead(door.Reading{Observation: o, Open: true})); diff != "" {
		t.Error(diff)
	}
	if got := detectorRead(detector.Reading{}); got.Known || got.Reason != "silent" {
		t.Errorf("a reading that nobody filled in: %+v", got)
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 30 s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// R21: from a real serial line to the room's log and view, through every loss and back.
func TestDevicesToRoom(t *testing.T) {
	dir, session, devs := files(t)
	far, err := simulate.NewRoom(dir)
	if err != nil {
		t.Skipf("this computer has no pseudo-terminals: %v", err)
	}
	defer far.Close()
	s, troubles := load(&cli{Session: session, Devices: devs})
	if len(troubles) > 0 {
		t.Fatal(troubles)
	}
	forms, err := act.Load("")
	if err != nil {
		t.Fatal(err)
	}
	r, err := room.Open(room.Config{Dir: filepath.Join(dir, "data"), Session: s.session, Forms: forms, Devices: roomDevices(s.devices), Journal: keys(t, filepath.Join(dir, "data"))})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, stop := context.WithCancel(t.Context())
	wait := watchDevices(ctx, s.devices, r, new(locks))
	defer func() { stop(); wait() }()
	command := func(c string) {
		t.Helper()
		if err := far.Do(c); err != nil {
			t.Fatalf("%s: %v", c, err)
		}
	}
	states := func(detector, door room.Quality) func() bool {
		return func() bool { v := r.View(); return v.Detector.State == detector && v.Door.State == door }
	}
	await(t, "clear and closed", states(room.Quiet, room.Quiet))
	command("detector alarm")
	await(t, "the alarm", func() bool { return len(r.View().Alarms) == 1 })
	command("door open")
	await(t, "the open door", func() bool { return r.View().Door.State == room.Raised })
	for _, fault := range []struct{ broken, back string }{{"silent", "back"}, {"unplug", "replug"}} {
		command("detector " + fault.broken)
		command("door " + fault.broken)
		await(t, fault.broken, states(room.Unknown, room.Unknown))
		if v := r.View(); v.Detector.Reason == "" || v.Door.Reason == "" {
			t.Errorf("%s: unknown for no reason: %+v, %+v", fault.broken, v.Detector, v.Door)
		}
		command("detector " + fault.back)
		command("door " + fault.back)
		await(t, fault.back, func() bool { v := r.View(); return v.Detector.State != room.Unknown && v.Door.State == room.Raised })
	}
	if n := len(r.View().Alarms); n != 1 {
		t.Errorf("%d alarms, want one", n)
	}
}

func TestWitness(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.jsonl")
	w, err := openWitness(path)
	if err != nil {
		t.Fatal(err)
	}
	w.write(map[string]int{"a": 1})
	w.write(map[string]int{"a": 2})
	w.close()
	data, err := os.ReadFile(path)
	if err != nil || string(data) != "{\"a\":1}\n{\"a\":2}\n" {
		t.Errorf("%q, %v", data, err)
	}
	none, err := openWitness("")
	if err != nil {
		t.Fatal(err)
	}
	none.write(1)
	none.close()
	if _, err := openWitness(t.TempDir()); err == nil {
		t.Error("a folder passes for a diagnostics file")
	}
}

// keys returns the vault of a data folder.
func keys(t *testing.T, dir string) journal.Options {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(dir, vault.Options{Credentials: "-"})
	if err != nil {
		t.Fatal(err)
	}
	return journal.Options{Vault: v}
}
