package simulate

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const patience = 2 * time.Minute

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newLine(t *testing.T) (*Line, *Module, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "port")
	l, err := NewLine(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	m := NewModule()
	l.Attach(1, m)
	return l, m, path
}

func connect(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := f.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return f
}

// exchange sends request and returns n bytes of answer.
func exchange(t *testing.T, f *os.File, request []byte, n int) []byte {
	t.Helper()
	if _, err := f.Write(request); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, n)
	if _, err := io.ReadFull(f, answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestChecksum(t *testing.T) {
	// The published check value of CRC-16/MODBUS.
	if got := checksum([]byte("123456789")); got != 0x4B37 {
		t.Errorf("checksum %04X, want 4B37", got)
	}
}

// The vectors were captured between mbpoll and libmodbus.
func TestVectors(t *testing.T) {
	for _, c := range []struct{ request, answer string }{
		{"01 02 00 00 00 08 79 CC", "01 02 01 05 61 8B"},
		{"01 01 00 00 00 08 3D CC", "01 01 01 05 91 8B"},
		{"01 03 00 00 00 02 C4 0B", "01 03 04 12 34 00 00 BE 85"},
		{"01 04 00 02 00 01 90 0A", "01 04 02 00 00 B9 30"},
		{"01 02 00 64 00 02 B8 14", "01 82 02 C1 61"},
	} {
		r, rest, ok := nextRequest(unhex(t, c.request))
		if !ok || len(rest) != 0 {
			t.Errorf("%s is not seen as a request", c.request)
			continue
		}
		inputs := map[int]bool{0: true, 1: false, 2: true, 3: false, 4: false, 5: false, 6: false, 7: false}
		if got := r.answer(inputs, map[int]uint16{0: 0x1234, 1: 0, 2: 0}); !bytes.Equal(got, unhex(t, c.answer)) {
			t.Errorf("%s is answered % X, want %s", c.request, got, c.answer)
		}
	}
}

func TestAnswers(t *testing.T) {
	_, m, path := newLine(t)
	f := connect(t, path)
	for _, err := range []error{m.Set(0, true), m.Set(0, true), m.SetCount(1, 0x12345), m.Pulse(1)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, request, answer string }{
		{"inputs", "01 02 0000 0010", "01 02 02 01 00"},
		{"mask", "01 03 0033 0001", "01 03 02 0001"},
		{"an input that stays on counts once", "01 04 0040 0001", "01 04 02 0001"},
		{"a narrow counter has the low word", "01 04 0041 0001", "01 04 02 2346"},
		{"a wide counter", "01 03 0082 0002", "01 03 04 0001 2346"},
		{"no such input", "01 02 0010 0001", "01 82 02"},
		{"no such register", "01 03 0000 0001", "01 83 02"},
		{"no values", "01 02 0000 0000", "01 82 03"},
		{"too many values", "01 03 0040 007E", "01 83 03"},
		{"a function it does not know", "01 06 0000 0001", "01 86 01"},
		{"a longer function it does not know", "01 10 0000 0001 02 0000", "01 90 01"},
	} {
		want := seal(unhex(t, c.answer)...)
		if got := exchange(t, f, seal(unhex(t, c.request)...), len(want)); !bytes.Equal(got, want) {
			t.Errorf("%s: % X, want % X", c.name, got, want)
		}
	}
}

func TestRequestAmongNoise(t *testing.T) {
	_, _, path := newLine(t)
	f := connect(t, path)
	ask := seal(unhex(t, "01 02 0000 0001")...)
	other := seal(unhex(t, "07 02 0000 0001")...)
	want := seal(unhex(t, "01 02 01 00")...)
	for name, stream := range map[string][]byte{
		"zeros before":          append([]byte{0, 0, 0}, ask...),
		"half a request before": append(bytes.Clone(ask[:3]), ask...),
		"another unit before":   append(bytes.Clone(other), ask...),
	} {
		if got := exchange(t, f, stream, len(want)); !bytes.Equal(got, want) {
			t.Errorf("%s: % X", name, got)
		}
	}
}

func FuzzRequest(f *testing.F) {
	for _, s := range []string{"01 02 00 00 00 08 79 CC", "01 06 00 00 00 01 48 0A", "01 02 00", "FF FF FF FF FF FF FF FF FF"} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		m := NewModule()
		for rest := stream; ; {
			r, next, ok := nextRequest(rest)
			if !ok {
				if len(next) > len(rest) {
					t.Fatal("the stream grows")
				}
				if r, ok := lastRequest(next); ok {
					if a, _ := m.respond(r); !sealed(a) {
						t.Errorf("answer % X", a)
					}
				}
				return
			}
			if len(next) >= len(rest) {
				t.Fatal("the stream does not shrink")
			}
			if a, _ := m.respond(r); !sealed(a) || a[0] != r.unit || len(a) > maxFrame {
				t.Errorf("answer % X", a)
			}
			rest = next
		}
	})
}

func TestLink(t *testing.T) {
	l, _, path := newLine(t)
	first, err := os.Readlink(path)
	if err != nil {
		t.Fatal(err)
	}
	f := connect(t, path)
	if err := l.Replug(); !errors.Is(err, ErrPlugged) {
		t.Errorf("error %v", err)
	}
	if err := l.Unplug(); err != nil {
		t.Fatal(err)
	}
	if err := l.Unplug(); !errors.Is(err, ErrUnplugged) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the link outlives the device: %v", err)
	}
	if n, err := f.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("who has it open reads %d, %v instead of a hang-up", n, err)
	}
	if err := l.Replug(); err != nil {
		t.Fatal(err)
	}
	// The first number is still held open by f, so the device comes back as another.
	if again, err := os.Readlink(path); err != nil || again == first {
		t.Errorf("link to %s, %v", again, err)
	}
	want := seal(unhex(t, "01 02 01 00")...)
	if got := exchange(t, connect(t, path), seal(unhex(t, "01 02 0000 0001")...), len(want)); !bytes.Equal(got, want) {
		t.Errorf("answer % X", got)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := l.Replug(); err == nil {
		t.Error("a closed line was plugged in")
	}
}

func TestLinkTakesNothingOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "port")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := NewLine(path); err == nil {
		l.Close()
		t.Error("a file was replaced")
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "precious" {
		t.Errorf("%q, %v", data, err)
	}
}

// A program that is killed while it holds the port exclusively must be able to open it again when it is started anew.
func TestPortAfterAKill(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("The kernel keeps root out of no port, so this can be seen only as another user.")
	}
	_, _, path := newLine(t)
	f := connect(t, path)
	raw, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = unix.IoctlSetInt(int(fd), unix.TIOCEXCL, 0) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if again, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0); !errors.Is(err, unix.EBUSY) {
		again.Close()
		t.Fatalf("error %v: the port is not held exclusively, so this test shows nothing", err)
	}
	f.Close()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		again, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
		if err == nil {
			again.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the line stays taken: %v", err)
		}
	}
}

// mbpoll is a master that others have written, so that an error common to master and simulator cannot hide.
func TestMbpoll(t *testing.T) {
	if _, err := exec.LookPath("mbpoll"); err != nil {
		t.Skip("mbpoll is not installed, so there is no independent master to ask.")
	}
	l, m, path := newLine(t)
	l.Attach(9, NewModule())
	for _, err := range []error{m.Set(0, true), m.Set(2, true), m.SetCount(0, 1234)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	value := regexp.MustCompile(`(?m)^\[(\d+)\]:\s+(\d+)`)
	ask := func(arguments ...string) string {
		t.Helper()
		all := append([]string{"20", "mbpoll", "-m", "rtu", "-b", "9600", "-P", "none", "-1", "-o", "5"}, arguments...)
		out, err := exec.Command("timeout", append(all, path)...).CombinedOutput()
		var values []string
		for _, match := range value.FindAllStringSubmatch(string(out), -1) {
			values = append(values, match[2])
		}
		if err != nil || len(values) == 0 {
			return "nothing: " + string(out)
		}
		return strings.Join(values, " ")
	}
	// mbpoll counts from 1; -t 1 are discrete inputs, 3 input registers, 4 holding registers.
	for _, c := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"-a", "1", "-t", "0", "-r", "1", "-c", "4"}, "1 0 1 0"},
		{[]string{"-a", "1", "-t", "1", "-r", "1", "-c", "16"}, "1 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0"},
		{[]string{"-a", "9", "-t", "1", "-r", "1", "-c", "4"}, "0 0 0 0"},
		{[]string{"-a", "1", "-t", "4", "-r", "52", "-c", "1"}, "5"},
		{[]string{"-a", "1", "-t", "4", "-r", "65", "-c", "2"}, "1234 0"},
		{[]string{"-a", "1", "-t", "3", "-r", "65", "-c", "2"}, "1234 0"},
	} {
		if got := ask(c.arguments...); got != c.want {
			t.Errorf("mbpoll %v: %s; want %s", c.arguments, got, c.want)
		}
	}
	if got := ask("-a", "1", "-t", "4", "-r", "1", "-c", "1"); !strings.Contains(got, "Illegal data address") {
		t.Errorf("a register that is not there: %s", got)
	}
	m.Fail(WrongCRC)
	if got := ask("-a", "1", "-t", "1", "-r", "1", "-c", "1"); !strings.Contains(got, "Invalid CRC") {
		t.Errorf("a wrong checksum: %s", got)
	}
}

func TestRoom(t *testing.T) {
	dir := t.TempDir()
	r, err := NewRoom(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	input := func(device string) (on bool, count uint32) {
		m := r.devices[device].module
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.inputs[0], m.counters[0]
	}
	do := func(commands ...string) {
		t.Helper()
		for _, command := range commands {
			if err := r.Do(command); err != nil {
				t.Errorf("%s: %v", command, err)
			}
		}
	}
	if on, _ := input("door"); !on {
		t.Error("the door is not closed at the beginning")
	}
	do("door open")
	if on, _ := input("door"); on {
		t.Error("the door does not open")
	}
	do("detector alarm", "  detector   alarm ", "detector pulse")
	if on, count := input("detector"); !on || count != 3 {
		t.Errorf("three alarms: input %v, count %d", on, count)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if on, _ := input("detector"); !on {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the alarm does not end")
		}
	}
	do("detector restart")
	if _, count := input("detector"); count != 0 {
		t.Errorf("count %d after a restart", count)
	}
	for _, name := range []string{"detector", "door"} {
		for _, what := range []string{"silent", "noise", "babble", "crc", "half", "refusing", "stall", "back", "unplug", "replug"} {
			do(name + " " + what)
		}
	}
	for _, wrong := range []string{"", "door", "door alarm", "detector open", "window open", "door open wide", "door healthy", "door \x00"} {
		if err := r.Do(wrong); !errors.Is(err, ErrCommand) {
			t.Errorf("%q: error %v", wrong, err)
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
