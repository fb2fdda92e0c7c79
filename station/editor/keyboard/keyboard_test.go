package keyboard

import (
	"os/exec"
	"reflect"
	"testing"
	"time"

	"emtihan/station/editor/xvfb"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		property string
		group    int
		want     State
	}{
		{"", 0, State{Layouts: []Layout{{}}}},
		{"evdev\x00pc105", 3, State{Layouts: []Layout{{}}}},
		{"evdev\x00pc105\x00kz\x00\x00\x00", 0, State{Layouts: []Layout{{"kz", ""}}}},
		{"evdev\x00pc105\x00kz,ru,us\x00,phonetic,\x00grp:alt_shift_toggle\x00", 1, State{Layouts: []Layout{{"kz", ""}, {"ru", "phonetic"}, {"us", ""}}, Active: 1}},
		{"evdev\x00pc105\x00kz,ru\x00", 5, State{Layouts: []Layout{{"kz", ""}, {"ru", ""}}, Active: 1}},
		{"\x00\x00,,\x00a,b,c,d", -1, State{Layouts: []Layout{{"", "a"}, {"", "b"}, {"", "c"}}}},
	} {
		if got := parse([]byte(tc.property), tc.group); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%q in group %d: %+v, want %+v", tc.property, tc.group, got, tc.want)
		}
	}
	for name, want := range map[string]string{"kz": "kk", "ru": "ru", "us": "en", "gb": "en", "de": "", "": ""} {
		if got := (Layout{Name: name}).Language(); got != want {
			t.Errorf("%s writes %q, want %q", name, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("evdev\x00pc105\x00kz,ru\x00,\x00"), 1)
	f.Fuzz(func(t *testing.T, property []byte, group int) {
		s := parse(property, group)
		s.Current()
	})
}

// A real X server, switched by setxkbmap and by the keys of its own options.
func TestWatch(t *testing.T) {
	display := xvfb.Start(t)
	if _, err := exec.LookPath("setxkbmap"); err != nil {
		t.Skip("setxkbmap is not installed; scripts/setup installs it")
	}
	set := func(args ...string) {
		t.Helper()
		cmd := exec.Command("setxkbmap", append([]string{"-display", display}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("setxkbmap: %v: %s", err, out)
		}
	}
	set("-layout", "kz,ru,us", "-option", "grp:menu_toggle")
	x, err := xgb.NewConnDisplay(display)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if err := xtest.Init(x); err != nil {
		t.Fatal(err)
	}
	screen := xproto.Setup(x).DefaultScreen(x)
	win, err := xproto.NewWindowId(x)
	if err != nil {
		t.Fatal(err)
	}
	if err := xproto.CreateWindowChecked(x, screen.RootDepth, win, screen.Root, 0, 0, 100, 100, 0, xproto.WindowClassInputOutput, screen.RootVisual, 0, nil).Check(); err != nil {
		t.Fatal(err)
	}
	if err := xproto.MapWindowChecked(x, win).Check(); err != nil {
		t.Fatal(err)
	}
	if err := xproto.SetInputFocusChecked(x, xproto.InputFocusPointerRoot, win, xproto.TimeCurrentTime).Check(); err != nil {
		t.Fatal(err)
	}
	states := make(chan State, 100)
	w, err := Watch(display, uint32(win), func(s State) { states <- s })
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	await := func(want string, active int) {
		t.Helper()
		deadline := time.After(2 * time.Minute)
		for {
			select {
			case s := <-states:
				if s.Current().Name == want && s.Active == active {
					return
				}
			case <-deadline:
				t.Fatalf("the layout %s did not come", want)
			}
		}
	}
	await("kz", 0)
	const keyMenu = 135
	for _, want := range []struct {
		name   string
		active int
	}{{"ru", 1}, {"us", 2}, {"kz", 0}} {
		for _, kind := range []byte{xproto.KeyPress, xproto.KeyRelease} {
			if err := xtest.FakeInputChecked(x, kind, keyMenu, 0, 0, 0, 0, 0).Check(); err != nil {
				t.Fatal(err)
			}
		}
		await(want.name, want.active)
	}
	set("-option", "", "-layout", "ru")
	await("ru", 0)
	w.Close()
	w.Close()
	if _, err := Watch(":987654", 0, nil); err == nil {
		t.Error("a display that is not there can be watched")
	}
	if _, err := Watch(display, 0xffffff, nil); err == nil {
		t.Error("a window that is not there can be watched")
	}
}
