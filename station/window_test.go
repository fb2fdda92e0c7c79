package station

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/station/editor/xvfb"
)

// The test's own program is the station, when it is told so: the toolkit wants the main thread.
const asStation = "EMTIHAN_TEST_STATION"

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(asStation); ok {
		var opt Options
		if err := json.Unmarshal([]byte(text), &opt); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(Run(opt))
	}
	os.Exit(m.Run())
}

// window is a station in a real window, on an X server of its own, with keys alone.
type window struct {
	*testing.T
	display string
	opt     Options
	cmd     *exec.Cmd
	last    sight
}

func openWindow(t *testing.T, opt Options) *window {
	t.Helper()
	for _, tool := range []string{"xdotool", "setxkbmap"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed; scripts/setup installs it", tool)
		}
	}
	w := &window{T: t, display: xvfb.Start(t), opt: opt}
	w.opt.Witness, w.opt.Window = filepath.Join(t.TempDir(), "witness"), true
	text, err := json.Marshal(w.opt)
	if err != nil {
		t.Fatal(err)
	}
	w.cmd = exec.Command(os.Args[0])
	w.cmd.Env = append(os.Environ(), "DISPLAY="+w.display, "LC_ALL=C.UTF-8", asStation+"="+string(text))
	w.cmd.Stderr = os.Stderr
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.kill)
	w.await("the login", func(s sight) bool { return s.Screen == "login" || s.Screen == "sealed" })
	// No window manager gives the window the keyboard.
	w.run("xdotool", "search", "--sync", "--onlyvisible", "--name", "Emtihan", "windowmove", "0", "0", "windowfocus")
	return w
}

func (w *window) kill() {
	if w.cmd.Process != nil {
		_ = w.cmd.Process.Kill()
		_ = w.cmd.Wait()
	}
}

func (w *window) run(name string, args ...string) {
	w.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+w.display, "LC_ALL=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		w.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

func (w *window) keys(names ...string) {
	w.Helper()
	w.run("xdotool", append([]string{"key", "--delay", "60", "--"}, names...)...)
}

func (w *window) types(text string) {
	w.Helper()
	w.run("xdotool", "type", "--delay", "25", "--", text)
}

// await waits until the newest line of the diagnostics is as wanted.
func (w *window) await(what string, ok func(sight) bool) {
	w.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if f, err := os.Open(w.opt.Witness); err == nil {
			lines := bufio.NewScanner(f)
			for lines.Scan() {
				var s sight
				if json.Unmarshal(lines.Bytes(), &s) == nil {
					w.last = s
				}
			}
			f.Close()
			if ok(w.last) {
				return
			}
		}
		if time.Now().After(deadline) {
			w.picture("in-vain")
			w.Fatalf("waited in vain for %s; last: %+v", what, w.last)
		}
	}
}

// picture saves the display to the folder that EMTIHAN_LOOK names, for a person to judge.
func (w *window) picture(name string) {
	w.Helper()
	if dir := os.Getenv("EMTIHAN_LOOK"); dir != "" {
		w.run("import", "-window", "root", filepath.Join(dir, "x-"+name+".png"))
	}
}

func (w *window) item(id string) {
	w.Helper()
	w.await("the task "+id, func(s sight) bool { return s.Item == id })
	w.picture(id)
}

// identify has an administrator identify by document.
func (w *window) identify() {
	w.Helper()
	w.keys("F12")
	w.await("the administrator's sheet", func(s sight) bool { return s.Sheet == "admin" })
	for range 20 {
		if w.last.Action == "by-document" {
			break
		}
		before := w.last.Action
		w.keys("Down")
		w.await("another action", func(s sight) bool { return s.Action != before })
	}
	w.types(code)
	w.keys("Tab")
	w.types("by passport")
	w.keys("Return")
}

// seat brings the candidate to the exam; an administrator identifies by document, since there is no camera.
func (w *window) seat(iin string) {
	w.Helper()
	w.types(iin)
	w.keys("Return")
	w.await("the face check", func(s sight) bool { return s.Screen == "face-login" })
	w.identify()
	for _, name := range []string{"data", "rules", "confirm", "enter"} {
		w.await(name, func(s sight) bool { return s.Screen == name && s.Sheet == "" })
		w.keys("Return")
	}
	w.await("the exam", func(s sight) bool { return s.Screen == "exam" })
}

// A candidate answers one task of each kind in a real window by keys alone, with the Kazakh layout wherever no text is
// written, and hears a sound; the log has all of it (R2, R11).
func TestEveryKindByKeyboardAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("a real window takes its time")
	}
	opt := lay(t, sitting("doctoral", "kinds-demo", "kk"))
	tape := filepath.Join(t.TempDir(), "tape.raw")
	config := filepath.Join(t.TempDir(), "asound.conf")
	write(t, config, []byte(fmt.Sprintf("pcm.!default { type file\n slave.pcm { type null }\n file %q\n format raw }\nctl.!default { type null }\n", tape)))
	t.Setenv("ALSA_CONFIG_PATH", config)
	w := openWindow(t, opt)
	w.run("setxkbmap", "us")
	w.seat(nurlan)
	w.run("setxkbmap", "kz")
	// The keys of the row of digits begin at 10.
	digit := func(n int) string { return fmt.Sprint(9 + n) }

	w.item("R1")
	w.keys(digit(2), "shift+"+digit(3))
	w.keys("Tab", "End", "Home", "shift+End", "Return") // the passage: its heading is highlighted
	w.picture("R1-marked")
	w.keys("F4")
	w.item("R2")
	w.keys(digit(1), digit(3), "Down", "Down", "Delete", "F4")
	w.item("F1")
	w.keys(digit(3), "F4")
	w.item("T1")
	w.run("setxkbmap", "us")
	w.types("6")
	w.keys("F4")
	w.item("A1")
	w.keys("shift+Tab", "space") // the sound's button stands before the field
	w.await("the sound", func(sight) bool { info, err := os.Stat(tape); return err == nil && info.Size() > 150_000 })
	w.keys("Tab")
	w.types("5")
	w.picture("A1-heard")
	w.keys("F4")
	w.item("H1")
	w.run("setxkbmap", "kz")
	w.keys("Down", digit(1), "Down", digit(3), "Down", digit(5), "Down", digit(4), digit(2))
	w.picture("H1-matched")
	w.keys("F4")
	w.item("O1")
	w.keys("Down", "Down", "ctrl+Up", "Down", "Down", "Down", "alt+Up", "alt+Up")
	w.picture("O1-ordered")
	w.keys("F4")
	w.item("L1")
	w.run("setxkbmap", "us")
	w.types("leaves in the gutters")
	w.keys("F4")
	w.item("E1")
	w.types("Repair the taps")
	w.await("everything to be saved", func(s sight) bool { return s.Saved && s.Chosen == 5 && s.Runes == 1+1+21+15 })
	w.picture("E1-written")
	w.kill()

	struck, marked, ended := []string{}, []exam.Highlighted{}, false
	chosen, texts := map[string][]string{}, map[string]string{}
	for _, e := range events(t, w.opt) {
		switch e := e.(type) {
		case exam.Chosen:
			chosen[e.Item] = e.Options
		case exam.OptionStruck:
			struck = append(struck, e.Item+" "+e.Option)
		case exam.Highlighted:
			marked = append(marked, e)
		case exam.SoundHeard:
			ended = ended || e.Ended && e.Millis == 6000
		case exam.Edited:
			texts[e.Item] += e.Inserted
		}
	}
	for item, want := range map[string]string{
		"R1": "B", "R2": "A,C", "F1": "C", "H1": "A V,B X,C Z,D W", "O1": "B,D,A,C",
	} {
		if got := strings.Join(chosen[item], ","); got != want {
			t.Errorf("%s: the log has %q, want %q", item, got, want)
		}
	}
	for item, want := range map[string]string{"T1": "6", "A1": "5", "L1": "leaves in the gutters", "E1": "Repair the taps"} {
		if texts[item] != want {
			t.Errorf("%s: the log has %q, want %q", item, texts[item], want)
		}
	}
	if want := []string{"R1 C", "R2 B"}; !slices.Equal(struck, want) {
		t.Errorf("struck out: %v, want %v", struck, want)
	}
	if len(marked) != 1 || !marked[0].On || marked[0].From != 0 || marked[0].To != len([]rune("Бақтағы су")) {
		t.Errorf("highlighted: %+v", marked)
	}
	if !ended {
		t.Error("the log does not have the sound's end")
	}
}
