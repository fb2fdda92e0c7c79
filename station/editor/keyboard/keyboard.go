// Package keyboard knows which keyboard layout is active, so that a screen can show it: whoever switches between Kazakh,
// Russian and English needs to see which it is before the first letter is wrong.
//
// It asks the X server by the X Keyboard Extension (protocol version 1.0), which the toolkit keeps to itself.
package keyboard

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// Layout is a layout by its names in the XKB rules, for example {"kz", ""} or {"ru", "phonetic"}.
type Layout struct{ Name, Variant string }

// Language returns the language that a layout writes, as a BCP 47 tag, or "" where the name does not tell.
func (l Layout) Language() string {
	return map[string]string{"kz": "kk", "ru": "ru", "us": "en", "gb": "en"}[l.Name]
}

// State is the layouts that the keyboard can be switched to, and which is active.
type State struct {
	Layouts []Layout // at least one
	Active  int      // an index of Layouts
}

// Current returns the active layout.
func (s State) Current() Layout { return s.Layouts[s.Active] }

// Watcher follows the keyboard until it is closed.
type Watcher struct {
	conn  *xgb.Conn
	root  xproto.Window
	major byte // of the extension
	rules xproto.Atom
	once  sync.Once
}

// ErrNoExtension says that the X server does not tell about layouts.
var ErrNoExtension = errors.New("the X server has no keyboard extension")

// Watch calls tell with the state now and at every change of it, on a goroutine of its own. It notices a change at the next
// key that window, an X window, hears of, which may be the one that switches, or when the layouts are set anew. display ""
// is that of the environment.
func Watch(display string, window uint32, tell func(State)) (*Watcher, error) {
	// The library prints what the errors say as well, onto the diagnostics of the whole program.
	xgb.Logger.SetOutput(io.Discard)
	conn, err := xgb.NewConnDisplay(display)
	if err != nil {
		return nil, err
	}
	w := &Watcher{conn: conn, root: xproto.Setup(conn).DefaultScreen(conn).Root}
	if err := w.prepare(window); err != nil {
		conn.Close()
		return nil, err
	}
	go w.follow(tell)
	return w, nil
}

// Requests and constants of the extension.
const (
	requestUse      = 0
	requestGetState = 4
	coreKeyboard    = 0x100
)

func (w *Watcher) prepare(window uint32) error {
	const name = "XKEYBOARD"
	ext, err := xproto.QueryExtension(w.conn, uint16(len(name)), name).Reply()
	if err != nil {
		return err
	}
	if !ext.Present {
		return ErrNoExtension
	}
	w.major = ext.MajorOpcode
	reply, err := w.ask(requestUse, 1, 0)
	if err != nil {
		return err
	}
	if reply[1] == 0 {
		return ErrNoExtension
	}
	const property = "_XKB_RULES_NAMES"
	atom, err := xproto.InternAtom(w.conn, false, uint16(len(property)), property).Reply()
	if err != nil {
		return err
	}
	w.rules = atom.Atom
	if err := w.hear(w.root, xproto.EventMaskPropertyChange); err != nil {
		return err
	}
	if window != 0 {
		return w.hear(xproto.Window(window), xproto.EventMaskKeyPress|xproto.EventMaskKeyRelease)
	}
	return nil
}

func (w *Watcher) hear(window xproto.Window, mask uint32) error {
	err := xproto.ChangeWindowAttributesChecked(w.conn, window, xproto.CwEventMask, []uint32{mask}).Check()
	if err != nil {
		return fmt.Errorf("window %#x: %w", window, err)
	}
	return nil
}

// ask makes a request of the extension that consists of two numbers, and returns the 32 bytes or more of its reply.
func (w *Watcher) ask(request byte, a, b uint16) ([]byte, error) {
	buf := make([]byte, 8)
	buf[0], buf[1] = w.major, request
	xgb.Put16(buf[2:], uint16(len(buf)/4))
	xgb.Put16(buf[4:], a)
	xgb.Put16(buf[6:], b)
	cookie := w.conn.NewCookie(true, true)
	w.conn.NewRequest(buf, cookie)
	reply, err := cookie.Reply()
	if err != nil {
		return nil, err
	}
	if len(reply) < 32 {
		return nil, errors.New("the X server's answer is too short")
	}
	return reply, nil
}

// now asks for the state.
func (w *Watcher) now() (State, error) {
	const most = 4096 // bytes; the names of layouts take some dozens
	names, err := xproto.GetProperty(w.conn, false, w.root, w.rules, xproto.AtomString, 0, most/4).Reply()
	if err != nil {
		return State{}, err
	}
	state, err := w.ask(requestGetState, coreKeyboard, 0)
	if err != nil {
		return State{}, err
	}
	const group = 12 // where the effective group stands in the reply
	return parse(names.Value, int(state[group])), nil
}

// parse reads the property of the rules: rules, model, layouts, variants and options, each ended by a zero byte, and names
// within each separated by commas.
func parse(property []byte, group int) State {
	fields := strings.Split(string(property), "\x00")
	var names, variants []string
	if len(fields) > 2 {
		names = strings.Split(fields[2], ",")
	}
	if len(fields) > 3 {
		variants = strings.Split(fields[3], ",")
	}
	var s State
	for i, name := range names {
		l := Layout{Name: strings.TrimSpace(name)}
		if i < len(variants) {
			l.Variant = strings.TrimSpace(variants[i])
		}
		s.Layouts = append(s.Layouts, l)
	}
	if len(s.Layouts) == 0 {
		s.Layouts = []Layout{{}}
	}
	// The extension wraps a group that the keyboard does not have.
	s.Active = max(group, 0) % len(s.Layouts)
	return s
}

func (w *Watcher) follow(tell func(State)) {
	var last State
	look := func() {
		s, err := w.now()
		if err != nil {
			return // the next key asks again
		}
		if s.Active != last.Active || !slices.Equal(s.Layouts, last.Layouts) {
			last = s
			tell(s)
		}
	}
	look()
	for {
		ev, err := w.conn.WaitForEvent()
		if ev == nil && err == nil {
			return
		}
		switch ev := ev.(type) {
		case xproto.KeyPressEvent, xproto.KeyReleaseEvent, xproto.MappingNotifyEvent:
			look()
		case xproto.PropertyNotifyEvent:
			if ev.Atom == w.rules {
				look()
			}
		}
	}
}

// Close ends the watching. It may be called more than once.
func (w *Watcher) Close() { w.once.Do(w.conn.Close) }
