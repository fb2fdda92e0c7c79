//go:build !ci

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/station/editor/xvfb"
)

// The test's own program is the administrators' window, when it is told so: the toolkit wants the main thread.
const asProctor = "EMTIHAN_TEST_PROCTOR"

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(asProctor); ok {
		var args []string
		if err := json.Unmarshal([]byte(text), &args); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(run(args, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// R7, R8: in a real window, by real key events: the entry is opened, a candidate is typed and admitted, and let out again.
func TestRealWindow(t *testing.T) {
	for _, tool := range []string{"xdotool", "setxkbmap"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed; scripts/setup installs it", tool)
		}
	}
	display := xvfb.Start(t)
	x := func(name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), "DISPLAY="+display, "LC_ALL=C.UTF-8")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v: %s", name, args, err, out)
		}
	}
	x("setxkbmap", "us")
	dir, session, devs := files(t)
	write(t, session, strings.Replace(strings.Replace(sessionText, "CODE", exam.HashCode("4711", []byte("saltsalt")), 1),
		"2026-11-21T10:00:00+05:00", time.Now().Add(time.Hour).Format(time.RFC3339), 1))
	witness := filepath.Join(dir, "witness")
	args, err := json.Marshal([]string{"--session", session, "--data", filepath.Join(dir, "data"), "--devices", devs, "--witness", witness, "--lang", "en", "--page", "entry"})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "DISPLAY="+display, "LC_ALL=C.UTF-8", asProctor+"="+string(args))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	type sight struct {
		Page, Dialog, Focus string
		Saved               bool
		Entry               struct {
			Stance                  string
			Shift                   bool
			Admitted, Queue, Absent int
		}
	}
	await := func(what string, ok func(sight) bool) {
		t.Helper()
		var last sight
		for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
			if f, err := os.Open(witness); err == nil {
				for lines := bufio.NewScanner(f); lines.Scan(); {
					var s sight
					if json.Unmarshal(lines.Bytes(), &s) == nil {
						last = s
					}
				}
				f.Close()
			}
			if ok(last) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain for %s; last: %+v", what, last)
			}
		}
	}
	keys := func(names ...string) {
		t.Helper()
		x("xdotool", append([]string{"key", "--delay", "60", "--"}, names...)...)
	}
	types := func(text string) { t.Helper(); x("xdotool", "type", "--delay", "30", "--", text) }

	await("the entry", func(s sight) bool { return s.Page == "entry" && s.Focus == "search" })
	// No window manager gives the window the keyboard.
	x("xdotool", "search", "--sync", "--onlyvisible", "--name", "Emtihan", "windowmove", "0", "0", "windowfocus")
	keys("Return")
	await("who opens the entry", func(s sight) bool { return s.Dialog == "shift" && s.Focus == "code" })
	types("4711")
	keys("Return")
	await("the entry open", func(s sight) bool { return s.Dialog == "" && s.Entry.Shift && s.Focus == "search" })
	types("900101300007")
	keys("Return")
	await("the candidate", func(s sight) bool { return s.Entry.Stance == "free" && s.Entry.Queue == 1 })
	keys("Return")
	await("admitted", func(s sight) bool { return s.Entry.Stance == "inside" && s.Entry.Admitted == 1 && s.Saved })
	keys("F8")
	await("taken back", func(s sight) bool { return s.Entry.Stance == "free" && s.Entry.Admitted == 0 && s.Saved })
	keys("F4")
	await("the room", func(s sight) bool { return s.Page == "room" && s.Focus == "search" })
	keys("F6")
	await("the devices", func(s sight) bool { return s.Dialog == "devices" })
	keys("Escape")
	await("the room again", func(s sight) bool { return s.Dialog == "" })
}
