package station

import (
	"emtihan/exam"
	"emtihan/station/item"
	"emtihan/station/item/media"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// taskHost is what the tasks on the screen need of the station.
type taskHost struct{ *ui }

// T implements item.Host.
func (h taskHost) T(id string, pairs ...any) string { return h.t(id, pairs...) }

// Attempt implements item.Host.
func (h taskHost) Attempt() *exam.Attempt { return h.actor.View().Attempt }

// Answer implements item.Host.
func (h taskHost) Answer(id string, cmd exam.Command) {
	h.answer(id, cmd)
	if h.exam != nil && h.exam.pane != nil {
		h.exam.options = h.exam.pane.Rows() // they may stand in another order
	}
}

// Do implements item.Host.
func (h taskHost) Do(cmd exam.Command, report func(error)) { h.do(cmd, report) }

// Say implements item.Host.
func (h taskHost) Say(err error) {
	if h.exam != nil {
		h.exam.said(err)
	}
}

// Post implements item.Host.
func (h taskHost) Post(f func()) { h.post(f) }

// Keys implements item.Host.
func (h taskHost) Keys(e *fyne.KeyEvent) bool { return h.keys(e) }

// Mods implements item.Host.
func (h taskHost) Mods() fyne.KeyModifier { return h.mods() }

// Focus implements item.Host.
func (h taskHost) Focus(f fyne.Focusable) {
	if h.sheet == nil {
		h.win.Canvas().Focus(f)
	}
}

// Reveal implements item.Host.
func (h taskHost) Reveal(o fyne.CanvasObject) {
	if h.exam != nil {
		bringIntoSight(h.exam.task, o)
	}
}

// inWhich returns where an object lies in one that arranges others.
func inWhich(o, wanted fyne.CanvasObject) (fyne.Position, bool) {
	if o == wanted {
		return fyne.Position{}, true
	}
	for _, x := range inside(o) {
		if at, ok := inWhich(x, wanted); ok {
			return at.Add(x.Position()), true
		}
	}
	return fyne.Position{}, false
}

// Zoom implements item.Host.
func (h taskHost) Zoom(pic *media.Picture, description string) {
	u := h.ui
	room := u.win.Canvas().Size().Subtract(fyne.NewSize(80, 70))
	z := item.NewZoom(h, pic, description, room, u.closeSheet)
	s := &sheet{name: "zoom"}
	for _, k := range z.Keys() {
		s.keys = append(s.keys, binding{key: k.Key, mods: k.Mods, name: k.Name, do: k.Do})
	}
	u.open(s, z.Content, nil)
}

// paneOf makes the task; a candidate has one desk for all of them.
func (u *ui) paneOf(it *exam.Item) *item.Pane {
	if u.work == nil {
		u.work = item.NewDesk(taskHost{u}, u.view.Attempt.Paper, u.view.Attempt.Opened.Candidate.Language, u.set.media, u.player)
	}
	return u.work.Pane(it)
}

// clearDesk ends the work of a candidate.
func (u *ui) clearDesk() {
	if u.work != nil {
		u.work.Close()
		u.work = nil
	}
}

// leaveTask lets the task go off the screen. A sound is heard on at another task, and on a screen that is made anew, but not
// while the exam is held up.
func (u *ui) leaveTask() {
	if u.work == nil {
		return
	}
	u.work.Leave()
	if a := u.actor.View().Attempt; a == nil || !a.IsRunning() {
		u.work.Hold()
	}
}

// taskKeys are the keys with which tasks are answered.
func (p *examPane) taskKeys() []binding {
	var out []binding
	for i, k := range item.Keys() {
		press := func() func() {
			if p.pane == nil {
				return nil
			}
			return p.pane.Press(i, p.edit != nil)
		}
		out = append(out, binding{
			key: k.Key, mods: k.Mods, name: k.Name,
			when: func() bool { return press() != nil },
			do: func() {
				if do := press(); do != nil {
					do()
				}
			},
		})
	}
	return out
}

// narrow reports whether the task stands in a column beside what belongs to it.
func narrow(it *exam.Item) bool {
	return it.Passage != "" || it.Kind == exam.Essay || it.Kind == exam.Long
}

// laid arranges the task: a passage beside it, and the field for a text beside both.
func (p *examPane) laid(head fyne.CanvasObject) fyne.CanvasObject {
	pane, it := p.pane, p.item
	switch {
	case it.Kind == exam.Essay || it.Kind == exam.Long:
		if pane.Passage != nil {
			answer := container.NewVSplit(p.asked(head), p.field())
			answer.Offset = 0.24 + 0.15*float64(look.Scale())
			return p.beside(pane.Passage, apart(answer), 0.48)
		}
		return p.beside(p.asked(head), p.field(), 0.40)
	case pane.Passage != nil:
		return p.beside(pane.Passage, apart(item.Column(head, pane.Prompt, p.answer())), 0.52)
	}
	return item.Column(head, pane.Prompt, p.answer())
}

// apart keeps what stands right of a line that divides two columns away from it.
func apart(o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedLayout(0, 0, 8, 0), o)
}
