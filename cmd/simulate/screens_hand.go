package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"emtihan/station/look"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// hand works at a station by keys alone and looks at its window. The display is larger than the window, and the pointer is
// parked beside it before any program starts: nothing that it points at can change a picture.
type hand struct {
	*play
	x       *xgb.Conn
	root    xproto.Window
	win     xproto.Window
	parked  image.Point
	typed   int        // keys that were pressed
	pointer int        // events of a pointer, and places in which it was found that it was not put to
	held    []*os.File // locks that are held
}

const (
	// besideWindow is how much wider and higher the display is than the largest window.
	besideWindow = 40
	// How long the window must have shown the same to count as having come to rest: the station settles heights that follow
	// from widths a quarter of a second after a change. On a busy machine it is longer, up to a bound: what was pressed
	// may wait for the processor.
	quietFor, quietMost = 500 * time.Millisecond, 4 * time.Second
	// How often the thread that paints must have been seen to wait meanwhile, or how long it must have been at work, as one is that
	// shows all the time what the camera sees: one that has no processor does neither, and has not painted what a key brought.
	idleLooks, workedFor = 3, 300 * time.Millisecond
	// What may go on changing: the clock, a caret.
	clockWide, clockHigh = 260, 60
)

func newHand(p *play, largest image.Point) (*hand, error) {
	size := largest.Add(image.Pt(besideWindow, besideWindow))
	d, err := startDisplayOf(p, size)
	if err != nil {
		return nil, err
	}
	p.seat = d // ended with the play
	if err := d.layout("us"); err != nil {
		return nil, err
	}
	x, err := xgb.NewConnDisplay(d.name)
	if err != nil {
		return nil, err
	}
	h := &hand{play: p, x: x, root: xproto.Setup(x).DefaultScreen(x).Root, parked: size.Sub(image.Pt(1, 1))}
	err = xproto.WarpPointerChecked(x, 0, h.root, 0, 0, 0, 0, int16(h.parked.X), int16(h.parked.Y)).Check()
	if err == nil {
		_, err = xproto.QueryPointer(x, h.root).Reply() // the move is over
	}
	if err == nil {
		// Outside of the window every event of a pointer goes to the root.
		const mask = xproto.EventMaskButtonPress | xproto.EventMaskButtonRelease | xproto.EventMaskPointerMotion
		err = xproto.ChangeWindowAttributesChecked(x, h.root, xproto.CwEventMask, []uint32{mask}).Check()
	}
	if err != nil {
		x.Close()
		return nil, err
	}
	return h, nil
}

// startDisplayOf starts an X server of a size.
func startDisplayOf(p *play, size image.Point) (*display, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", "-noreset", "-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", size.X, size.Y), "-nolisten", "tcp")
	cmd.ExtraFiles, cmd.Stderr = []*os.File{w}, p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		w.Close()
		return nil, err
	}
	w.Close()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("start of Xvfb: %w", errors.Join(err, cmd.Wait()))
	}
	return &display{name: ":" + strings.TrimSpace(line), cmd: cmd}, nil
}

func (h *hand) end() {
	h.stopStation()
	h.x.Close()
}

// launch starts a station in a window, on a data folder of the play.
func (h *hand) launch(data string, args ...string) error { return h.launchBy(nil, data, args...) }

// launchBy starts it by another program.
func (h *hand) launchBy(by []string, data string, args ...string) (err error) {
	h.win = 0
	line := append(append([]string{}, by...), h.bin("station"), "--data", h.path(data), "--reserve", "0", "--window",
		"--witness", h.path("station.witness"), "--name", "101-1")
	line = append(line, args...)
	h.station, err = startProgram(h.seat, h.log, h.path("station.witness"), line[0], line[1:]...)
	return err
}

func (h *hand) stopStation() {
	if h.station != nil {
		h.station.stop()
		h.station = nil
	}
}

// ended reports whether the station's process has ended.
func (h *hand) ended() bool {
	if h.station == nil {
		return true
	}
	select {
	case err := <-h.station.done:
		h.station.done <- err
		return true
	default:
		return false
	}
}

// saw is what the window has to show.
type saw func(m map[string]any) bool

func screenIs(name string) saw {
	return func(m map[string]any) bool { return m["screen"] == name && noSheet(m) }
}

func sheetIs(name string) saw { return func(m map[string]any) bool { return m["sheet"] == name } }

func noSheet(m map[string]any) bool { return m["sheet"] == nil }

func itemIs(id string) saw {
	return func(m map[string]any) bool { return m["item"] == id && noSheet(m) }
}

// actPatience bounds the wait for what a key brings. A face check takes ten seconds on a quiet machine.
const actPatience = 90 * time.Second

// act presses keys and follows what the window shows from then on, until it has shown all that is expected, in this order.
// Without keys, what it shows already counts.
func (h *hand) act(keys []string, expected ...saw) (map[string]any, error) {
	if _, err := h.station.lines(); err != nil {
		return nil, err
	}
	if len(keys) == 0 && len(expected) > 0 && len(h.station.last) > 0 && expected[0](h.station.last) {
		expected = expected[1:]
	}
	if len(keys) > 0 {
		if err := h.keys(keys...); err != nil {
			return nil, err
		}
	}
	deadline := time.Now().Add(actPatience)
	for {
		if len(expected) == 0 {
			return h.station.last, h.watchPointer()
		}
		lines, err := h.station.lines()
		if err != nil {
			return nil, err
		}
		for _, m := range lines {
			if expected[0](m) {
				if expected = expected[1:]; len(expected) == 0 {
					return m, h.watchPointer()
				}
			}
		}
		if h.ended() {
			return nil, errors.New("the station has ended")
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("keys %q did not bring what they must in %v; the last was %v", keys, actPatience, h.station.last)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// keys presses keys by their X names and counts them, without those that are held down meanwhile.
func (h *hand) keys(names ...string) error {
	h.typed += len(names)
	return h.seat.keys(names...)
}

// write types text under the present layout and counts its keys.
func (h *hand) write(text string) error {
	h.typed += utf8.RuneCountInString(text)
	return h.seat.write(text)
}

// jump goes to a task by its number.
func (h *hand) jump(number int, item string) error {
	if _, err := h.act([]string{"F11"}, sheetIs("jump")); err != nil {
		return err
	}
	if err := h.write(strconv.Itoa(number)); err != nil {
		return err
	}
	_, err := h.act([]string{"Return"}, itemIs(item))
	return err
}

// administrator carries an action out: what, the code, and the reason and other fields one after the other.
func (h *hand) administrator(action string, then saw, fields ...string) error {
	m, err := h.act([]string{"F12"}, sheetIs("admin"))
	if err != nil {
		return err
	}
	for first := m["action"]; m["action"] != action; {
		was := m["action"]
		if m, err = h.act([]string{"Down"}, func(m map[string]any) bool { return m["action"] != was }); err != nil {
			return err
		}
		if m["action"] == first {
			return fmt.Errorf("the administrator cannot %s now", action)
		}
	}
	if err := h.write(demoCode); err != nil {
		return err
	}
	for _, f := range fields {
		if err := h.keys("Tab"); err != nil {
			return err
		}
		if err := h.write(f); err != nil {
			return err
		}
	}
	if _, err = h.act([]string{"Return"}, then); err != nil {
		return err
	}
	// The answer to the action comes after its screen, and closes an administrator's sheet that is opened in between.
	_, err = h.settled(nil, 200)
	return err
}

// watchPointer counts what came of a pointer since the last call.
func (h *hand) watchPointer() error {
	at, err := xproto.QueryPointer(h.x, h.root).Reply()
	if err != nil {
		return err
	}
	const buttons = xproto.KeyButMaskButton1 | xproto.KeyButMaskButton2 | xproto.KeyButMaskButton3 | xproto.KeyButMaskButton4 | xproto.KeyButMaskButton5
	if image.Pt(int(at.RootX), int(at.RootY)) != h.parked || at.Mask&buttons != 0 {
		h.pointer++
	}
	for {
		event, err := h.x.PollForEvent()
		if err != nil {
			return err
		}
		switch event.(type) {
		case nil:
			return nil
		case xproto.ButtonPressEvent, xproto.ButtonReleaseEvent, xproto.MotionNotifyEvent:
			h.pointer++
		}
	}
}

// stage finds the station's window, brings it to a corner and a size, and gives it the keyboard: no window manager does.
func (h *hand) stage(size image.Point) error {
	for deadline := time.Now().Add(actPatience); h.win == 0; {
		tree, err := xproto.QueryTree(h.x, h.root).Reply()
		if err != nil {
			return err
		}
		for _, w := range tree.Children {
			attr, err := xproto.GetWindowAttributes(h.x, w).Reply()
			if err != nil || attr.MapState != xproto.MapStateViewable {
				continue
			}
			if g, err := xproto.GetGeometry(h.x, xproto.Drawable(w)).Reply(); err == nil && g.Width > 200 && g.Height > 200 {
				h.win = w
			}
		}
		if h.ended() || time.Now().After(deadline) {
			return errors.New("the station shows no window")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err := h.resize(size); err != nil {
		return err
	}
	return xproto.SetInputFocusChecked(h.x, xproto.InputFocusPointerRoot, h.win, xproto.TimeCurrentTime).Check()
}

// sitDown enters as the first candidate and goes on to the exam, on the smallest display.
func (h *hand) sitDown() error {
	if _, err := h.act(nil, screenIs("login")); err != nil {
		return err
	}
	if err := h.stage(displaySizes[0]); err != nil {
		return err
	}
	if err := h.write(demoPeople[0].iin); err != nil {
		return err
	}
	for _, next := range []string{"data", "rules", "confirm", "enter", "exam"} {
		if _, err := h.act([]string{"Return"}, screenIs(next)); err != nil {
			return err
		}
	}
	return nil
}

// resize gives the window another size.
func (h *hand) resize(size image.Point) error {
	place := []uint32{0, 0, uint32(size.X), uint32(size.Y)}
	return xproto.ConfigureWindowChecked(h.x, h.win, xproto.ConfigWindowX|xproto.ConfigWindowY|xproto.ConfigWindowWidth|xproto.ConfigWindowHeight, place).Check()
}

// grab returns what the window shows.
func (h *hand) grab() (*image.RGBA, error) {
	if h.win == 0 {
		return nil, errors.New("there is no window")
	}
	g, err := xproto.GetGeometry(h.x, xproto.Drawable(h.win)).Reply()
	if err != nil {
		return nil, err
	}
	reply, err := xproto.GetImage(h.x, xproto.ImageFormatZPixmap, xproto.Drawable(h.win), 0, 0, g.Width, g.Height, ^uint32(0)).Reply()
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, int(g.Width), int(g.Height)))
	if len(reply.Data) < len(img.Pix) {
		return nil, fmt.Errorf("the display has sent %d bytes for %d pixels", len(reply.Data), len(img.Pix)/4)
	}
	for i := 0; i+3 < len(img.Pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = reply.Data[i+2], reply.Data[i+1], reply.Data[i], 255
	}
	return img, nil
}

// settled waits until the window shows something else than before, which may be nil, and has come to rest. Clock and caret do
// not count. Where nothing changes, the picture that was there is returned with an error.
func (h *hand) settled(before *image.RGBA, percent int) (*image.RGBA, error) {
	begun := time.Now()
	quiet := quietFor
	if load, err := strconv.ParseFloat(load(), 64); err == nil {
		quiet = min(quietMost, time.Duration(max(1, load/float64(2*runtime.NumCPU()))*float64(quietFor)))
	}
	patience := 40 * quiet
	var last *image.RGBA
	since, idle := begun, 0
	_, worked := h.station.painter()
	for {
		waits, ran := h.station.painter()
		if waits {
			idle++
		}
		now, err := h.grab()
		if err != nil {
			return nil, err
		}
		if last == nil || !rests(last, now, percent) {
			since, idle, worked = time.Now(), 0, ran
		}
		last = now
		fresh := before == nil || !rests(before, now, percent)
		if fresh && time.Since(since) >= quiet && (idle >= idleLooks || ran-worked >= workedFor) && !blank(now) {
			return now, nil
		}
		if h.ended() {
			return nil, errors.New("the station has ended")
		}
		if time.Since(begun) > patience {
			if !fresh {
				return nil, fmt.Errorf("the window has not changed in %v", patience)
			}
			return nil, fmt.Errorf("the window did not come to rest in %v", patience)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// turned waits until the window shows something else than before, be it not at rest yet. The station says what it has come to
// before its window shows it, and on a busy machine long before.
func (h *hand) turned(before *image.RGBA) error {
	for deadline := time.Now().Add(actPatience); ; time.Sleep(20 * time.Millisecond) {
		now, err := h.grab()
		if err != nil {
			return err
		}
		if !rests(before, now, look.MostPercent) {
			return nil
		}
		if h.ended() {
			return errors.New("the station has ended")
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the window has not changed in %v", actPatience)
		}
	}
}

// turn presses keys that change the whole window, and waits for what they bring and until the window shows it.
func (h *hand) turn(keys []string, expected ...saw) (map[string]any, error) {
	before, err := h.grab()
	if err != nil {
		return nil, err
	}
	m, err := h.act(keys, expected...)
	if err != nil {
		return nil, err
	}
	return m, h.turned(before)
}

// rests reports whether no more than a clock or a caret has changed from one picture to the next.
func rests(a, b *image.RGBA, percent int) bool {
	d := differ(a, b)
	return d.Dx() <= clockWide*percent/100 && d.Dy() <= clockHigh*percent/100
}

// blank reports whether a picture has one colour only.
func blank(a *image.RGBA) bool {
	return bytes.Equal(a.Pix[4:], a.Pix[:len(a.Pix)-4])
}

// differ returns the smallest rectangle in which all differences of two pictures lie; pictures of different sizes differ
// everywhere.
func differ(a, b *image.RGBA) image.Rectangle {
	if a.Rect != b.Rect {
		return b.Rect
	}
	var out image.Rectangle
	for y := range a.Rect.Dy() {
		row, other := a.Pix[y*a.Stride:][:a.Stride], b.Pix[y*b.Stride:][:b.Stride]
		if bytes.Equal(row, other) {
			continue
		}
		left, right := 0, len(row)-1
		for row[left] == other[left] {
			left++
		}
		for row[right] == other[right] {
			right--
		}
		out = out.Union(image.Rect(left/4, y, right/4+1, y+1))
	}
	return out
}
