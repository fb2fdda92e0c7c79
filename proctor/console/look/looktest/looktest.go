// Package looktest holds a window of the administrators in the toolkit's test driver. That driver does what a program asks of the
// toolkit's goroutine at once, on whatever goroutine asks; here the test's own goroutine does all of it, in order.
package looktest

import (
	"strings"
	"sync"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
)

// Window is a window under test. Its methods but Post belong to the test's goroutine.
type Window struct {
	fyne.Window
	t testing.TB

	mu    sync.Mutex // guards what follows
	queue []func()
}

// New opens a window of 1366×768, which is closed at the end of the test.
func New(t testing.TB) *Window {
	t.Helper()
	w := &Window{Window: test.NewTempWindow(t, widget.NewLabel("")), t: t}
	w.Resize(fyne.NewSize(1366, 768))
	return w
}

// Post asks the test's goroutine to run f.
func (w *Window) Post(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, f)
}

// Waiting returns how much was asked for and not done yet.
func (w *Window) Waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue)
}

// Drain does what was asked for, and what follows from it.
func (w *Window) Drain() {
	for {
		w.mu.Lock()
		queue := w.queue
		w.queue = nil
		w.mu.Unlock()
		if len(queue) == 0 {
			return
		}
		for _, f := range queue {
			f()
		}
	}
}

// Press gives keys to what has the keyboard, as the toolkit does: Tab moves on, and what nothing has the focus for goes to the window.
func (w *Window) Press(names ...fyne.KeyName) {
	for _, n := range names {
		w.Drain()
		k := &fyne.KeyEvent{Name: n}
		switch f := w.Canvas().Focused(); {
		case n == fyne.KeyTab:
			w.Canvas().FocusNext()
		case f != nil:
			f.TypedKey(k)
		default:
			w.Canvas().OnTypedKey()(k)
		}
		w.Drain()
	}
}

// Typed types text into what has the focus.
func (w *Window) Typed(s string) {
	w.t.Helper()
	w.Drain()
	f := w.Canvas().Focused()
	if f == nil {
		w.t.Fatal("nothing has the focus")
	}
	for _, r := range s {
		f.TypedRune(r)
	}
	w.Drain()
}

// Texts returns every text that is in the window and in what lies over it, one a line.
func (w *Window) Texts() string {
	w.Drain()
	var all []string
	var walk func(o fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		if o == nil || !o.Visible() {
			return
		}
		switch o := o.(type) {
		case *canvas.Text:
			all = append(all, o.Text)
		case *widget.Label:
			all = append(all, o.Text)
		case *fyne.Container:
			for _, x := range o.Objects {
				walk(x)
			}
		case fyne.Widget:
			for _, x := range test.WidgetRenderer(o).Objects() {
				walk(x)
			}
		}
	}
	walk(w.Content())
	for _, o := range w.Canvas().Overlays().List() {
		walk(o)
	}
	return strings.Join(all, "\n")
}
