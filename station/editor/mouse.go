package editor

import (
	"time"

	"emtihan/station/editor/text"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

const (
	clickAgain  = 400 * time.Millisecond // between the clicks of a double or a triple click
	clickNear   = 4                      // how far apart they may be, in pixels at the text size 100 %
	dragScrolls = 60 * time.Millisecond  // per row, while the mouse is held above or below the text
)

// mouse is what the mouse is doing.
type mouse struct {
	down, thumb bool
	grip        float32 // where the thumb of the scroll bar was taken hold of
	clicks      int
	when        time.Time
	where       fyne.Position
	from, to    int // what the click selected: a place, a word or a paragraph
	last        fyne.Position
	timer       *time.Timer
}

// release ends dragging.
func (m *mouse) release() {
	m.down, m.thumb = false, false
	if m.timer != nil {
		m.timer.Stop()
		m.timer = nil
	}
}

// Cursor implements desktop.Cursorable.
func (e *Editor) Cursor() desktop.Cursor { return desktop.TextCursor }

// MouseDown implements desktop.Mouseable. Only the first button does anything: the second has no menu, and the middle one
// would paste from outside the exam.
func (e *Editor) MouseDown(m *desktop.MouseEvent) {
	if m.Button != desktop.MouseButtonPrimary {
		return
	}
	e.ready()
	if c := fyne.CurrentApp().Driver().CanvasForObject(e); c != nil && !e.focused {
		c.Focus(e)
	}
	if e.MultiLine && m.Position.X >= e.Size().Width-e.view.bar {
		e.gripThumb(m.Position.Y)
		return
	}
	e.shift = m.Modifier&fyne.KeyModifierShift != 0
	near := abs(m.Position.X-e.mouse.where.X) <= clickNear && abs(m.Position.Y-e.mouse.where.Y) <= clickNear
	now := time.Now()
	if near && now.Sub(e.mouse.when) <= clickAgain && !e.shift {
		e.mouse.clicks = e.mouse.clicks%3 + 1
	} else {
		e.mouse.clicks = 1
	}
	e.mouse.when, e.mouse.where, e.mouse.last, e.mouse.down = now, m.Position, m.Position, true
	pos, upstream := e.hit(m.Position)
	e.column = -1
	if e.shift {
		anchor := e.buf.Selection().Anchor
		e.mouse.from, e.mouse.to = anchor, anchor
		e.choose(text.Selection{Anchor: anchor, Caret: pos}, upstream)
		return
	}
	e.mouse.from, e.mouse.to = e.unit(pos)
	if e.mouse.clicks == 1 {
		e.choose(text.Selection{Anchor: pos, Caret: pos}, upstream)
		return
	}
	e.choose(text.Selection{Anchor: e.mouse.from, Caret: e.mouse.to}, true)
}

// unit returns what a click at a position selects: a place, on the second click a word, on the third a paragraph.
func (e *Editor) unit(pos int) (from, to int) {
	switch e.mouse.clicks {
	case 2:
		return e.buf.WordAt(pos)
	case 3:
		par, _ := e.buf.Find(pos)
		start := e.buf.Start(par)
		return start, start + len(e.buf.Paragraph(par))
	}
	return pos, pos
}

// MouseUp implements desktop.Mouseable.
func (e *Editor) MouseUp(m *desktop.MouseEvent) {
	if m.Button == desktop.MouseButtonPrimary {
		e.mouse.release()
		e.shift = false
	}
}

// Dragged implements fyne.Draggable.
func (e *Editor) Dragged(d *fyne.DragEvent) {
	switch {
	case e.mouse.thumb:
		e.dragThumb(d.Position.Y)
	case e.mouse.down:
		e.mouse.last = d.Position
		e.dragTo()
	}
}

// DragEnd implements fyne.Draggable.
func (e *Editor) DragEnd() { e.mouse.release() }

// dragTo extends the selection to where the mouse is, by the unit that the click chose. Above and below the text it scrolls,
// and goes on while the mouse is held there.
func (e *Editor) dragTo() {
	e.ready()
	scale := e.view.scale
	above, below := e.mouse.last.Y*scale < float32(e.view.padY), e.mouse.last.Y*scale > float32(e.view.padY+e.view.rows*e.view.line)
	if e.MultiLine && (above || below) {
		by := 1
		if above {
			by = -1
		}
		e.scrollBy(by)
		if e.mouse.timer == nil {
			e.mouse.timer = time.AfterFunc(dragScrolls, func() {
				fyne.Do(func() {
					if e.mouse.down {
						e.mouse.timer = nil
						e.dragTo()
					}
				})
			})
		}
	}
	pos, upstream := e.hit(e.mouse.last)
	from, to := e.unit(pos)
	s := text.Selection{Anchor: e.mouse.from, Caret: to}
	if from < e.mouse.from {
		s = text.Selection{Anchor: e.mouse.to, Caret: from}
	}
	e.buf.Select(s)
	e.upstream = upstream && e.mouse.clicks == 1
	if !e.MultiLine {
		e.reveal()
	}
	e.paint()
}

// hit returns the position nearest to a point, and whether it is the end of a row that goes on below.
func (e *Editor) hit(p fyne.Position) (pos int, upstream bool) {
	e.ready()
	y := int(p.Y*e.view.scale) - e.view.padY
	i := 0
	if y >= 0 {
		i = min(y/e.view.line, e.view.rows-1)
	}
	i = min(e.top+i, e.lay.rows()-1)
	return e.at(i, p.X*e.view.scale-float32(e.view.textX)+e.left)
}

// Scrolled implements fyne.Scrollable: the wheel moves the text and not the caret.
func (e *Editor) Scrolled(s *fyne.ScrollEvent) {
	if !e.MultiLine {
		return
	}
	e.ready()
	e.scrolls -= s.Scrolled.DY * e.view.scale * wheelTurns
	rows := int(e.scrolls) / e.view.line
	if rows != 0 {
		e.scrolls -= float32(rows * e.view.line)
		e.scrollBy(rows)
		e.paint()
	}
}

// wheelTurns makes a notch of the wheel, which the toolkit reports as 25, about three rows.
const wheelTurns = 3

func (e *Editor) scrollBy(rows int) {
	e.top = min(max(e.top+rows, 0), max(0, e.lay.rows()-e.view.rows))
}

// thumb returns where the thumb of the scroll bar begins and how long it is, in the toolkit's measure; none is shown where
// everything is seen.
func (e *Editor) thumb() (at, length float32, needed bool) {
	all := e.lay.rows()
	if !e.MultiLine || all <= e.view.rows {
		return 0, 0, false
	}
	height := e.Size().Height - 2*frame
	length = max(24, height*float32(e.view.rows)/float32(all))
	return frame + (height-length)*float32(e.top)/float32(all-e.view.rows), length, true
}

func (e *Editor) gripThumb(y float32) {
	at, length, needed := e.thumb()
	switch {
	case !needed:
	case y < at:
		e.scrollBy(-max(1, e.view.rows-1))
		e.paint()
	case y >= at+length:
		e.scrollBy(max(1, e.view.rows-1))
		e.paint()
	default:
		e.mouse.thumb, e.mouse.grip = true, y-at
	}
}

func (e *Editor) dragThumb(y float32) {
	_, length, needed := e.thumb()
	room := e.Size().Height - 2*frame - length
	if !needed || room <= 0 {
		return
	}
	share := min(max((y-e.mouse.grip-frame)/room, 0), 1)
	e.top = int(share*float32(e.lay.rows()-e.view.rows) + 0.5)
	e.paint()
}

func abs(x float32) float32 { return max(x, -x) }
