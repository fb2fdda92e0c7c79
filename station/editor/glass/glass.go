// Package glass shows changed pixels at once, where a window without a graphics card would repaint itself as a whole.
//
// The toolkit looks for input sixty times a second and then paints everything that the window holds; in software that takes
// tens of milliseconds for one letter. A pane hears of a key as soon as the X server does and puts the few pixels that
// changed straight into the window. It draws nothing of its own: the same pixels are in the toolkit's objects, so that the
// next whole picture, whatever asks for it, shows the same. A pane that cannot be opened costs nothing but the speed.
package glass

import (
	"errors"
	"fmt"
	"image"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"

	"fyne.io/fyne/v2"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// ErrNotNeeded says that the computer has a graphics card, which paints whole windows fast enough, and on which pixels put
// past it might tear.
var ErrNotNeeded = errors.New("a graphics card paints the window")

// Pane is a way past the toolkit to a window's pixels. Its methods are called on Fyne's goroutine.
type Pane struct {
	conn   *xgb.Conn
	window xproto.Drawable
	gc     xproto.Gcontext
	depth  byte
	most   int // bytes of pixels that fit into one request
	buf    []byte
	wakes  atomic.Bool // a look for input is already asked for
	closed atomic.Bool
	close  sync.Once
}

// NeedsPane reports whether the computer paints windows by its processor.
func NeedsPane() bool {
	nodes, err := filepath.Glob("/dev/dri/renderD*")
	return err == nil && len(nodes) == 0
}

// Open opens a pane to an X window on a display, "" being that of the environment. It fails with ErrNotNeeded, and with other
// errors where the X server is not of the common kind: true colour, 32 bits per pixel, blue first.
func Open(display string, window uint32) (*Pane, error) {
	if !NeedsPane() {
		return nil, ErrNotNeeded
	}
	return open(display, window)
}

func open(display string, window uint32) (*Pane, error) {
	if window == 0 {
		return nil, errors.New("the window is not there yet")
	}
	// The library prints what the errors say as well, onto the diagnostics of the whole program.
	xgb.Logger.SetOutput(io.Discard)
	conn, err := xgb.NewConnDisplay(display)
	if err != nil {
		return nil, err
	}
	p := &Pane{conn: conn, window: xproto.Drawable(window)}
	if err := p.prepare(); err != nil {
		conn.Close()
		return nil, err
	}
	go p.listen()
	return p, nil
}

func (p *Pane) prepare() error {
	setup := xproto.Setup(p.conn)
	attr, err := xproto.GetWindowAttributes(p.conn, xproto.Window(p.window)).Reply()
	if err != nil {
		return fmt.Errorf("window %#x: %w", p.window, err)
	}
	geometry, err := xproto.GetGeometry(p.conn, p.window).Reply()
	if err != nil {
		return fmt.Errorf("window %#x: %w", p.window, err)
	}
	p.depth = geometry.Depth
	if !usual(setup, attr.Visual, geometry.Depth) {
		return errors.New("the screen's pixels are not of the usual kind")
	}
	p.most = min(int(setup.MaximumRequestLength)*4, 256<<10) - 64
	if p.gc, err = xproto.NewGcontextId(p.conn); err != nil {
		return err
	}
	if err := xproto.CreateGCChecked(p.conn, p.gc, p.window, 0, nil).Check(); err != nil {
		return err
	}
	// Of keys any number of programs may hear, each by itself.
	return xproto.ChangeWindowAttributesChecked(p.conn, xproto.Window(p.window), xproto.CwEventMask,
		[]uint32{xproto.EventMaskKeyPress | xproto.EventMaskKeyRelease}).Check()
}

func usual(setup *xproto.SetupInfo, visual xproto.Visualid, depth byte) bool {
	if setup.ImageByteOrder != xproto.ImageOrderLSBFirst {
		return false
	}
	ok := false
	for _, f := range setup.PixmapFormats {
		ok = ok || f.Depth == depth && f.BitsPerPixel == 32 && f.ScanlinePad == 32
	}
	for _, screen := range setup.Roots {
		for _, d := range screen.AllowedDepths {
			for _, v := range d.Visuals {
				if v.VisualId == visual {
					return ok && v.RedMask == 0xff0000 && v.GreenMask == 0xff00 && v.BlueMask == 0xff
				}
			}
		}
	}
	return false
}

// listen asks the toolkit to look for input when there is some.
func (p *Pane) listen() {
	for {
		ev, err := p.conn.WaitForEvent()
		if ev == nil && err == nil {
			return
		}
		switch ev.(type) {
		case xproto.KeyPressEvent, xproto.KeyReleaseEvent:
			if !p.wakes.Swap(true) {
				fyne.Do(p.look)
			}
		}
	}
}

func (p *Pane) look() {
	p.wakes.Store(false)
	if p.closed.Load() {
		return
	}
	// When the toolkit has just ended, it has no input any more, and says so by a panic.
	defer func() { _ = recover() }()
	poll()
}

// Put shows the part r of an opaque picture so that its top left corner comes to at, in pixels of the window.
func (p *Pane) Put(img *image.RGBA, r image.Rectangle, at image.Point) {
	r = r.Intersect(img.Rect)
	if p == nil || p.closed.Load() || r.Empty() {
		return
	}
	width := r.Dx() * 4
	rows := max(1, p.most/width)
	for y := r.Min.Y; y < r.Max.Y; y += rows {
		n := min(rows, r.Max.Y-y)
		if cap(p.buf) < n*width {
			p.buf = make([]byte, n*width)
		}
		buf := p.buf[:n*width]
		for i := range n {
			from := img.Pix[img.PixOffset(r.Min.X, y+i):]
			to := buf[i*width : (i+1)*width]
			for j := 0; j < width; j += 4 {
				to[j], to[j+1], to[j+2], to[j+3] = from[j+2], from[j+1], from[j], 0xff
			}
		}
		xproto.PutImage(p.conn, xproto.ImageFormatZPixmap, p.window, p.gc, uint16(r.Dx()), uint16(n),
			int16(at.X), int16(at.Y+y-r.Min.Y), 0, p.depth, buf)
	}
}

// Close ends the pane. It may be called more than once, and for no pane at all.
func (p *Pane) Close() {
	if p == nil {
		return
	}
	p.close.Do(func() {
		p.closed.Store(true)
		p.conn.Close()
	})
}
