package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/devices"
	"emtihan/devices/detector"
	"emtihan/devices/door"
	"emtihan/devices/line"
	"emtihan/devices/modbus"
	"emtihan/devices/simulate"
)

const patience = 2 * time.Minute

// shortDir returns a directory whose path leaves room for the name of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "room")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// called runs the program with arguments and returns its exit code and what it wrote.
func called(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = run(args, streams{strings.NewReader(""), &o, &e})
	return code, o.String(), e.String()
}

// running simulates devices in dir until the test ends or quit is said; the returned pipe is their standard input.
func running(t *testing.T, dir string) (stdin io.Writer, answers *lines, done <-chan error) {
	t.Helper()
	inR, inW := io.Pipe()
	out := &lines{ch: make(chan string, 100)}
	ctx, cancel := context.WithCancel(t.Context())
	finished := make(chan error, 1)
	go func() {
		c := devicesCommand{Dir: dir}
		finished <- c.play(ctx, streams{inR, out, io.Discard})
		close(finished)
	}()
	t.Cleanup(func() {
		cancel()
		inW.Close()
		<-finished
	})
	out.want(t, "ready")
	return inW, out, finished
}

// lines collects what is written, line by line.
type lines struct{ ch chan string }

func (l *lines) Write(p []byte) (int, error) {
	l.ch <- strings.TrimSuffix(string(p), "\n")
	return len(p), nil
}

func (l *lines) want(t *testing.T, start string) {
	t.Helper()
	select {
	case got := <-l.ch:
		if !strings.HasPrefix(got, start) {
			t.Errorf("wrote %q, want %q", got, start)
		}
	case <-time.After(patience):
		t.Fatalf("did not write %q", start)
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--help"}, 0, "Commands:"},
		{[]string{"devices", "--help"}, 0, "    detector alarm            metal"},
		{nil, 2, "expected"},
		{[]string{"devices"}, 2, "--dir"},
		{[]string{"control", "--dir", "x"}, 2, "<command>"},
		{[]string{"fly"}, 2, "fly"},
		{[]string{"control", "--dir", "/nonexistent", "door", "open"}, 1, "no simulated devices in /nonexistent"},
		{[]string{"control", "--dir", "x", "a\nb"}, 1, "one line"},
		{[]string{"devices", "--dir", strings.Repeat("d", 120)}, 1, "shorter --dir"},
	} {
		code, out, errs := called(c.args...)
		if code != c.code || !strings.Contains(out+errs, c.says) {
			t.Errorf("%q: exit code %d, want %d\n%s%s", c.args, code, c.code, out, errs)
		}
		if code == 0 && errs != "" || code != 0 && out != "" {
			t.Errorf("%q: wrong stream: out %q, err %q", c.args, out, errs)
		}
	}
	if _, err := os.Stat(strings.Repeat("d", 120)); err == nil {
		t.Error("a folder was made for nothing")
	}
}

func TestControl(t *testing.T) {
	dir := shortDir(t)
	stdin, answers, done := running(t, dir)
	say := func(command, answer string) {
		t.Helper()
		if _, err := io.WriteString(stdin, command+"\n"); err != nil {
			t.Fatal(err)
		}
		answers.want(t, answer)
	}
	say("door open", "ok")
	say("\ndoor fly", "error: no such command") // an empty line has no answer
	for _, c := range []struct {
		command string
		code    int
	}{
		{"door close", 0},
		{"detector unplug", 0},
		{"detector unplug", 1},
		{"detector replug", 0},
		{"window open", 1},
		{strings.Repeat("x", 300), 1},
	} {
		code, out, errs := called(append([]string{"control", "--dir", dir}, strings.Fields(c.command)...)...)
		if code != c.code || (code == 0) != (out == "ok\n") || (code == 0) != (errs == "") {
			t.Errorf("%s: exit code %d, want %d; wrote %q and %q", c.command, code, c.code, out, errs)
		}
	}
	// A line without an end is refused and hurts nobody.
	peer, err := net.Dial("unix", filepath.Join(dir, controlName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Write(bytes.Repeat([]byte("x"), 2*longestCommand)); err != nil {
		t.Error(err)
	}
	answer, _ := io.ReadAll(peer)
	if !bytes.HasPrefix(answer, []byte("error: ")) {
		t.Errorf("endless line: %q", answer)
	}
	peer.Close()

	if code, _, errs := called("devices", "--dir", dir); code != 1 || !strings.Contains(errs, "already being simulated") {
		t.Errorf("a second simulator: exit code %d, %s", code, errs)
	}
	if code, out, errs := called("control", "--dir", dir, "quit"); code != 0 || out != "ok\n" {
		t.Errorf("quit: exit code %d, %q, %q", code, out, errs)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestSocketOfAKilledSimulator(t *testing.T) {
	dir := shortDir(t)
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, controlName), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	if err := os.Symlink("/dev/pts/gone", filepath.Join(dir, "door")); err != nil {
		t.Fatal(err)
	}
	running(t, dir)
	if code, _, errs := called("control", "--dir", dir, "door", "open"); code != 0 {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

// The whole way from a command to a reading, with both devices at their default settings but for the times.
func TestReadingsFollowCommands(t *testing.T) { // R21
	dir := shortDir(t)
	stdin, answers, _ := running(t, dir)
	say := func(command string) {
		t.Helper()
		if _, err := io.WriteString(stdin, command+"\n"); err != nil {
			t.Fatal(err)
		}
		answers.want(t, "ok")
	}
	lineOf := func(name string) line.Config {
		return line.Config{Path: filepath.Join(dir, name), ResponseTimeout: 500 * time.Millisecond, BackoffMax: 250 * time.Millisecond}
	}
	ctx, cancel := context.WithCancel(t.Context())
	alarms, doors := make(chan detector.Reading, 100), make(chan door.Reading, 100)
	done := make(chan error, 2)
	go func() {
		done <- detector.Run(ctx, detector.Config{Config: lineOf("detector"), CounterRegister: simulate.CounterRegister, SilentAfter: 2 * time.Second},
			func(r detector.Reading) { alarms <- r })
	}()
	go func() {
		done <- door.Run(ctx, door.Config{Config: lineOf("door"), Contact: modbus.Contact{Unit: simulate.DoorUnit}, SilentAfter: 2 * time.Second},
			func(r door.Reading) { doors <- r })
	}()
	defer func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}()
	alarm := func() detector.Reading {
		t.Helper()
		select {
		case r := <-alarms:
			return r
		case <-time.After(patience):
			t.Fatal("no reading of the detector")
		}
		panic("unreachable")
	}
	entrance := func() door.Reading {
		t.Helper()
		select {
		case r := <-doors:
			return r
		case <-time.After(patience):
			t.Fatal("no reading of the door")
		}
		panic("unreachable")
	}
	for r := alarm(); !r.Clear(); r = alarm() {
		if r.Known() {
			t.Fatalf("at the start %+v", r)
		}
	}
	for r := entrance(); !r.Closed(); r = entrance() {
		if r.Known() {
			t.Fatalf("at the start %+v", r)
		}
	}

	say("detector alarm")
	for counted := uint32(0); ; {
		r := alarm()
		if counted += r.New; !r.Known() || counted > 1 {
			t.Fatalf("one alarm gives %+v", r)
		}
		if counted == 1 && !r.Active {
			break
		}
	}
	say("door open")
	if r := entrance(); !r.Known() || !r.Open {
		t.Errorf("door open: %+v", r)
	}
	for _, c := range []struct {
		fault, end string
		reason     devices.Reason
	}{
		{"silent", "back", devices.Silent},
		{"crc", "back", devices.BadAnswer},
		{"unplug", "replug", devices.Unplugged},
	} {
		say("detector " + c.fault)
		say("door " + c.fault)
		if r := alarm(); r.Known() || r.Clear() || r.Reason != c.reason {
			t.Errorf("detector %s: %+v", c.fault, r)
		}
		if r := entrance(); r.Known() || r.Closed() || r.Reason != c.reason {
			t.Errorf("door %s: %+v", c.fault, r)
		}
		say("detector pulse")
		say("detector " + c.end)
		say("door " + c.end)
		if r := alarm(); !r.Clear() || !r.First || r.New != 1 {
			t.Errorf("detector %s: %+v", c.end, r)
		}
		if r := entrance(); !r.Known() || !r.Open || !r.First {
			t.Errorf("door %s: %+v", c.end, r)
		}
	}
}

// The commands of a scenario are carried out in their order, and a mistake in it is named before anything is played.
func TestScenarioFile(t *testing.T) {
	dir := shortDir(t)
	path := filepath.Join(dir, "scenario")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("0s door open\n+10ms detector alarm\n+10ms door replug\n+10ms quit\n")
	code, out, errs := called("devices", "--dir", filepath.Join(dir, "dev"), "--scenario", path)
	want := "ready\n0s door open: ok\n10ms detector alarm: ok\n20ms door replug: error: simulate: the line is plugged in already\n30ms quit: ok\n"
	if code != 0 || out != want {
		t.Errorf("exit code %d, wrote %q%s, want %q", code, out, errs, want)
	}
	for text, want := range map[string]string{"0s door open\n1s door fly\n": "line 2", "soon door open\n": "line 1"} {
		write(text)
		if code, out, errs := called("devices", "--dir", filepath.Join(dir, "dev"), "--scenario", path); code != 1 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%q: exit code %d, wrote %q%s", text, code, out, errs)
		}
	}
	if code, _, errs := called("devices", "--dir", filepath.Join(dir, "dev"), "--scenario", filepath.Join(dir, "none")); code != 1 || !strings.Contains(errs, "none") {
		t.Errorf("a scenario that is not there: %d, %s", code, errs)
	}
}

// The statement of the fault table can fail: a driver that goes on saying "clear" is counted.
func TestFaultsWatcher(t *testing.T) { // R21
	w := &watcher{change: make(chan struct{}, 1)}
	good := devices.Observation{Quality: devices.Good}
	w.hear(good, true)
	w.truth.moves = []time.Time{time.Now().Add(-time.Second)}
	w.hear(good, false)
	w.hear(devices.Observation{Reason: devices.Silent}, false)
	if w.wrong != 0 {
		t.Errorf("%d false statements among true ones", w.wrong)
	}
	w.hear(good, true)
	if w.wrong != 1 {
		t.Error("clear during an alarm was not noticed")
	}
	w.truth.moves = append(w.truth.moves, time.Now().Add(-oldest/2))
	w.hear(good, true)
	if w.wrong != 1 {
		t.Error("clear right after an alarm counts as false")
	}
}
