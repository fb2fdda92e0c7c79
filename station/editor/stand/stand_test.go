package stand

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"emtihan/station/editor/xvfb"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// The test's own program is the window, when it is told so: the toolkit wants the main thread.
const asWindow = "EMTIHAN_TEST_STAND"

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(asWindow); ok {
		Run(Options{Text: text, Width: 1000, Height: 600, Scale: 1, Tell: func(s string) {
			line, _ := json.Marshal(s)
			fmt.Println(string(line))
		}})
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// seat is a real window on an X server of its own.
type seat struct {
	*testing.T
	display string
	x       *xgb.Conn
	texts   chan string
}

const patience = 2 * time.Minute

func sit(t *testing.T, text string) *seat {
	t.Helper()
	for _, tool := range []string{"xdotool", "setxkbmap"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed; scripts/setup installs it", tool)
		}
	}
	s := &seat{T: t, display: xvfb.Start(t), texts: make(chan string, 10_000)}
	xgb.Logger.SetOutput(io.Discard)
	x, err := xgb.NewConnDisplay(s.display)
	if err != nil {
		t.Fatal(err)
	}
	s.x = x
	t.Cleanup(x.Close)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "DISPLAY="+s.display, "LC_ALL=C.UTF-8", asWindow+"="+text)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var text string
			if json.Unmarshal(lines.Bytes(), &text) == nil {
				s.texts <- text
			}
		}
	}()
	s.settled()
	// The window is where the mouse is; no window manager gives it the keyboard.
	s.run("xdotool", "search", "--sync", "--onlyvisible", "--name", "Emtihan editor", "windowmove", "0", "0", "windowfocus", "mousemove", "300", "400")
	s.settled()
	return s
}

func (s *seat) run(name string, args ...string) {
	s.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+s.display, "LC_ALL=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

// holds waits until the editor has told of the text.
func (s *seat) holds(want string) {
	s.Helper()
	last, deadline := "", time.After(patience)
	for {
		select {
		case last = <-s.texts:
			if last == want {
				return
			}
		case <-deadline:
			s.Fatalf("the editor told last of %q, want %q", last, want)
		}
	}
}

func (s *seat) grab() []byte {
	s.Helper()
	root := xproto.Setup(s.x).DefaultScreen(s.x).Root
	img, err := xproto.GetImage(s.x, xproto.ImageFormatZPixmap, xproto.Drawable(root), 0, 0, 1366, 768, ^uint32(0)).Reply()
	if err != nil {
		s.Fatal(err)
	}
	return img.Data
}

// settled waits until the display shows something and has not changed for 2.5 s, which is longer than a pane waits before
// it hands over to the toolkit.
func (s *seat) settled() []byte {
	s.Helper()
	var last []byte
	since := time.Now()
	for deadline := since.Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		now := s.grab()
		if !bytes.Equal(now, last) {
			last, since = now, time.Now()
		}
		if time.Since(since) > 2500*time.Millisecond && bytes.ContainsFunc(now, func(r rune) bool { return r != 0 }) {
			return now
		}
	}
	s.Fatal("the display does not come to rest")
	return nil
}

// Letters of the three languages, typed on a real keyboard layout each (R11).
func TestThreeLayouts(t *testing.T) {
	s := sit(t, "")
	want := ""
	for _, in := range []struct{ layout, text string }{
		{"kz", "Қазақ тілі: әғқңөұүһі ӘҒҚҢӨҰҮҺІ"}, {"ru", " Объём, ёж — нет"}, {"us", " Quick brown fox."},
	} {
		s.run("setxkbmap", in.layout)
		text := strings.ReplaceAll(in.text, "—", "-")
		s.run("xdotool", "type", "--delay", "12", "--", text)
		want += text
		s.holds(want)
	}
	s.run("xdotool", "key", "Return", "BackSpace", "ctrl+BackSpace")
	want = strings.TrimSuffix(want, ".")
	s.holds(want)
	// Shortcuts work in a layout that has no Latin letters; these are the keys of A, X, V, V and Z.
	s.run("setxkbmap", "kz")
	s.run("xdotool", "key", "ctrl+38", "ctrl+53", "ctrl+55", "ctrl+55", "ctrl+52")
	s.holds("")
	s.holds(want + want)
	s.holds(want)
	s.run("xdotool", "key", "ctrl+End", "shift+Left", "shift+Left", "BackSpace")
	s.holds(want[:len(want)-2])
	// A key that is held down repeats.
	s.run("xdotool", "keydown", "BackSpace")
	s.holds("")
	s.run("xdotool", "keyup", "BackSpace")
}

// What is put past the toolkit is what the toolkit then paints.
func TestPaneShowsWhatTheToolkitShows(t *testing.T) {
	s := sit(t, strings.Repeat("Ғылым мен білім туралы ойлар. ", 60))
	s.run("setxkbmap", "us")
	s.run("xdotool", "key", "ctrl+End")
	before := s.settled()
	for _, key := range []string{"a", "BackSpace", "g", "shift+Left", "w", "Home"} {
		s.run("xdotool", "key", key)
		var first []byte
		for deadline := time.Now().Add(patience); ; {
			if first = s.grab(); !bytes.Equal(first, before) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s changes nothing on the display", key)
			}
		}
		settled := s.settled()
		if n := differing(first, settled); n > 0 {
			t.Errorf("%s: %d pixels change again after they were shown", key, n)
		}
		before = settled
	}
}

// The system's clipboard and the selection of X neither come in nor go out (R13).
func TestNoOuterClipboard(t *testing.T) {
	s := sit(t, "ab")
	s.run("setxkbmap", "us")
	for _, selection := range []string{"CLIPBOARD", "PRIMARY"} {
		if owner := s.owner(selection); owner != 0 {
			t.Fatalf("%s has the owner %#x at the beginning", selection, owner)
		}
	}
	s.run("xdotool", "key", "ctrl+a", "ctrl+c", "ctrl+Insert", "ctrl+x", "ctrl+v", "shift+Insert")
	s.holds("")
	s.holds("abab")
	s.run("xdotool", "click", "2", "click", "3", "key", "c")
	s.holds("ababc")
	for _, selection := range []string{"CLIPBOARD", "PRIMARY"} {
		if owner := s.owner(selection); owner != 0 {
			t.Errorf("%s has been taken by %#x", selection, owner)
		}
	}
}

func (s *seat) owner(selection string) xproto.Window {
	s.Helper()
	atom, err := xproto.InternAtom(s.x, false, uint16(len(selection)), selection).Reply()
	if err != nil {
		s.Fatal(err)
	}
	owner, err := xproto.GetSelectionOwner(s.x, atom.Atom).Reply()
	if err != nil {
		s.Fatal(err)
	}
	return owner.Owner
}

func differing(a, b []byte) (n int) {
	for i := 0; i+4 <= len(a); i += 4 {
		if !bytes.Equal(a[i:i+4], b[i:i+4]) {
			n++
		}
	}
	return n
}
