package simulate_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"emtihan/devices/simulate"
)

func room(t testing.TB) (*simulate.Room, string) {
	t.Helper()
	// The kernel's address of a socket is short, so the folder must not have the name of the test.
	dir, err := os.MkdirTemp("", "room")
	if err != nil {
		t.Fatal(err)
	}
	r, err := simulate.NewRoom(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(r.Close(), os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	return r, dir
}

func TestScenario(t *testing.T) {
	r, _ := room(t)
	steps, err := simulate.ParseScenario("# a day\r\n0s door close\n12s  detector alarm\n+2s door open\n\n1m30s scanner scan 900101100004\n"+
		"2m detector cut\n2m ups low\n3m gate alarm\n3m gate silent\n", r.Check)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range steps {
		got = append(got, s.At.String()+" "+s.Command)
	}
	want := []string{
		"0s door close", "12s detector alarm", "14s door open", "1m30s scanner scan 900101100004", "2m0s detector cut", "2m0s ups low",
		"3m0s gate alarm", "3m0s gate silent",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if steps[2].Line != 4 {
		t.Errorf("the third step is said to be on line %d", steps[2].Line)
	}
	for _, c := range []struct{ text, want string }{
		{"12 door open", "line 1"},
		{"0s door open\nsoon door close", "line 2"},
		{"2s door open\n\n1s door close", "line 3"},
		{"0s", "no command"},
		{"0s door sing", "sing"},
		{"0s window open", "window"},
		{"-1s door open", "no time"},
		{"+-1s door open", "no time"},
		{"25h door open", "later"},
		{"0s scanner half", "half"},
		{"0s ups crc", "crc"},
		{"0s lock card XYZ", "XYZ"},
	} {
		if _, err := simulate.ParseScenario(c.text, r.Check); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%q: %v, want it to name the line and %q", c.text, err, c.want)
		}
	}
}

func TestPlayScenario(t *testing.T) {
	steps := []simulate.Step{{At: 0, Command: "a"}, {At: 20 * time.Millisecond, Command: "b"}, {At: time.Hour, Command: "c"}}
	ctx, cancel := context.WithCancel(t.Context())
	var done []string
	failed := errors.New("no")
	err := simulate.PlayScenario(ctx, steps, func(command string) error { return failed }, func(s simulate.Step, err error) {
		if err != failed {
			t.Error(err)
		}
		if done = append(done, s.Command); s.Command == "b" {
			cancel()
		}
	})
	if err != context.Canceled || strings.Join(done, "") != "ab" {
		t.Errorf("%v after %v", err, done)
	}
}

// Every command of the help text is one that the room understands.
func TestCommandsAreKnown(t *testing.T) {
	r, dir := room(t)
	for _, line := range strings.Split(simulate.Commands, "\n") {
		name, _, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if name == "" || strings.HasPrefix(line, "   ") || strings.HasPrefix(name, "NAME") {
			continue
		}
		name = strings.NewReplacer("HEX", "0A1B", "DIGITS", "12", "TEXT", "abc").Replace(name)
		for i, one := range strings.Split(name, "|") {
			if device := strings.Fields(name)[0]; i > 0 && len(strings.Fields(one)) == 1 {
				one = device + " " + one
			}
			if err := r.Check(one); err != nil {
				t.Errorf("%q: %v", one, err)
			}
		}
	}
	for _, name := range []string{"detector", "door", "lock", "gate", "scanner", "ups"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
		for _, do := range []string{" unplug", " replug"} {
			if err := r.Do(name + do); err != nil {
				t.Errorf("%s%s: %v", name, do, err)
			}
		}
	}
}

func FuzzScenario(f *testing.F) {
	f.Add("0s door close\n12s detector alarm\n+2s door open\n")
	f.Add("# nothing\n\n1h lock card 00\n")
	f.Add("0s scanner scan a_b\\r\n")
	r, _ := room(f)
	f.Fuzz(func(t *testing.T, text string) {
		steps, err := simulate.ParseScenario(text, r.Check)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "line ") {
				t.Fatalf("the error names no line: %v", err)
			}
			return
		}
		last := time.Duration(0)
		for _, s := range steps {
			if s.At < last || s.At > 24*time.Hour || r.Check(s.Command) != nil {
				t.Fatalf("a step that cannot be played: %+v", s)
			}
			last = s.At
		}
	})
}
