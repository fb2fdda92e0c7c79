package item

import (
	"slices"
	"strconv"

	"emtihan/exam"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// order is rows to be brought into their order. Nothing is an answer before the candidate has done something: moved a row, or
// said that the order is right as it stands.
type order struct {
	p        *Pane
	lines    []*line // in the paper's order
	now      []string
	marked   bool // the order is the answer
	box      *fyne.Container
	note     *flow
	yes, off *look.Button
}

// line is one option.
type line struct {
	*Row
	id       string
	number   *flow
	up, down *chip
}

func newOrder(p *Pane) *order {
	o := &order{p: p, box: down(gap() / 2), note: plainFlow("")}
	widest, _ := plainFlow("00.").natural()
	for _, option := range p.Item.Options {
		l := &line{id: option.ID, number: plainFlow("")}
		objects, _ := p.blocks(p.d.paper.Content(option.Text, p.d.lang), 0)
		move := func(by int) func() {
			return func() {
				p.d.host.Focus(l.Row)
				o.shift(o.index(l.id), by)
			}
		}
		l.up, l.down = newChip("▲", move(-1)), newChip("▼", move(1))
		l.Row = newRow(p, firstLine(p, option.Text).String(), row(1, false, container.New(&fixed{widest + 6}, l.number), down(2, objects...), l.up, l.down), func() {})
		o.lines = append(o.lines, l)
		o.now = append(o.now, l.id)
		o.box.Add(l.Row)
	}
	o.yes, o.off = p.button("item.this-order", o.confirm), p.button("item.take-back", o.takeBack)
	p.Answer = down(gap(), o.box, padded(0, 0, theme.Size(theme.SizeNameInnerPadding), 0, o.note), container.NewHBox(o.yes, o.off))
	return o
}

func (o *order) index(id string) int { return slices.Index(o.now, id) }

func (o *order) line(id string) *line {
	return o.lines[slices.IndexFunc(o.lines, func(l *line) bool { return l.id == id })]
}

func (o *order) rows() []*Row {
	var out []*Row
	for _, id := range o.now {
		out = append(out, o.line(id).Row)
	}
	return out
}

// focused returns the place of the row that has the focus, or −1.
func (o *order) focused() int {
	return slices.IndexFunc(o.now, func(id string) bool { return o.line(id).focused })
}

// A digit brings the row that has the focus to that place.
func (o *order) takes(n int) bool { return n < len(o.now) && o.focused() >= 0 && o.focused() != n }

func (o *order) choose(n int) {
	if at := o.focused(); at >= 0 {
		o.shift(at, n-at)
	}
}

// shifting returns what moves the row that has the focus; nil where it cannot go there.
func (o *order) shifting(by int) func() {
	at := o.focused()
	if at < 0 || at+by < 0 || at+by >= len(o.now) {
		return nil
	}
	return func() { o.shift(at, by) }
}

// shift moves a row; the order that comes of it is the answer.
func (o *order) shift(at, by int) {
	to := at + by
	if at < 0 || to < 0 || to >= len(o.now) || by == 0 {
		return
	}
	id := o.now[at]
	o.now = slices.Insert(slices.Delete(o.now, at, at+1), to, id)
	o.confirm()
}

// confirm makes the order as it stands the answer.
func (o *order) confirm() {
	o.marked = true
	o.draw()
	o.p.answer(slices.Clone(o.now))
}

// takeBack goes back to the order in which the paper has the rows, which is no answer.
func (o *order) takeBack() {
	o.reset()
	o.draw()
	o.p.answer(nil)
}

func (o *order) reset() {
	o.marked, o.now = false, o.now[:0]
	for _, l := range o.lines {
		o.now = append(o.now, l.id)
	}
}

func (o *order) show(r exam.Response) {
	if len(r.Options) == len(o.lines) {
		o.marked, o.now = true, slices.Clone(r.Options)
	} else {
		o.reset()
	}
	o.draw()
}

func (o *order) draw() {
	objects := make([]fyne.CanvasObject, 0, len(o.now))
	for i, id := range o.now {
		l := o.line(id)
		l.number.say(strconv.Itoa(i+1)+".", true)
		l.up.set("▲", false, i == 0, false)
		l.down.set("▼", false, i == len(o.now)-1, false)
		l.Row.set(o.marked)
		objects = append(objects, l.Row)
	}
	if !slices.Equal(objects, o.box.Objects) {
		o.box.Objects = objects
		o.box.Refresh()
	}
	if o.marked {
		o.note.say(o.p.d.host.T("item.order-marked"), true)
		o.yes.Hide()
		o.off.Show()
	} else {
		o.note.say(o.p.d.host.T("item.order-open"), false)
		o.yes.Show()
		o.off.Hide()
	}
}
