package station

import (
	"image/color"
	"slices"
	"strconv"
	"strings"

	"emtihan/exam"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"
)

// filter says which tasks the navigator lists. The task that is shown is listed always.
type filter int

const (
	allTasks filter = iota
	openTasks
	flaggedTasks
	filters // how many there are
)

var filterNames = [filters]string{"all", "open", "flagged"}

// takes reports whether a task with the response is listed.
func (f filter) takes(item *exam.Item, r exam.Response) bool {
	switch f {
	case openTasks:
		return !item.Answered(r)
	case flaggedTasks:
		return r.Flagged
	}
	return true
}

// navigator is the list of tasks beside the exam. It is one stop for Tab, in which the arrow keys move.
type navigator struct {
	p      *examPane
	blocks []navBlock
	slots  []*fyne.Container // of all tasks: the cell, and the frame where the keyboard stands
	listed []int             // the tasks that are listed, by their place in the paper
	rows   []*filterRow      // the choices of the filter; none where there is room for cycle only
	cycle  *look.Button      // goes from one choice to the next
	scroll *container.Scroll
	list   *taskList
	frame  fyne.CanvasObject
	counts [filters]int
	filter filter
	at     int // where the keyboard stands, by the place in the paper
}

type navBlock struct {
	title fyne.CanvasObject
	grid  *fyne.Container
	first int
	count int
}

func newNavigator(p *examPane) *navigator {
	n := &navigator{p: p, frame: focusFrame()}
	box := container.NewVBox()
	number := 0
	for _, block := range p.u.view.Attempt.Paper.Blocks {
		b := navBlock{title: look.Note(block.Title.In(p.lang)), first: number, count: len(block.Items)}
		b.grid = container.NewGridWrap(look.NewCell("000", nil).MinSize())
		for i := range block.Items {
			number++
			id := block.Items[i].ID
			cell := look.NewCell(strconv.Itoa(number), func() { p.goTo(id) })
			p.cells = append(p.cells, cell)
			n.slots = append(n.slots, container.NewStack(cell))
		}
		box.Add(b.title)
		box.Add(b.grid)
		n.blocks = append(n.blocks, b)
	}
	box.Add(look.Gap(6))
	box.Add(n.legend(true, false, "station.exam.answered"))
	box.Add(n.legend(false, true, "station.exam.flagged"))
	n.scroll = container.NewVScroll(box)
	n.list = &taskList{n: n}
	n.list.ExtendBaseWidget(n.list)
	// Where the text is large, three lines of choices would leave the tasks themselves no room.
	if look.Scale() > 1.25 {
		n.cycle = look.NewButton("", look.Plain, p.u.keys, p.u.nextFilter)
		return n
	}
	for f := range filters {
		n.rows = append(n.rows, newFilterRow(p.u, f))
	}
	return n
}

// legend explains a mark of the cells.
func (n *navigator) legend(answered, flagged bool, id string) fyne.CanvasObject {
	c := look.NewCell(" ", func() {})
	c.Set(answered, flagged, false)
	side := 26 * look.Scale()
	return container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(side, side), c), nil, look.Note(n.p.u.t(id)))
}

// update brings counts and list up to date. It is asked at every key, so it does nothing that is not needed.
func (n *navigator) update(a *exam.Attempt) {
	var counts [filters]int
	now := n.p.u.filter
	listed := make([]int, 0, len(n.slots))
	for i, item := range a.Paper.Items() {
		if !a.Reaches(item.ID) {
			continue // of a part that is over or has not begun (R5)
		}
		for f := range filters {
			if f.takes(item, a.Responses[i]) {
				counts[f]++
			}
		}
		if now.takes(item, a.Responses[i]) || item == n.p.item {
			listed = append(listed, i)
		}
	}
	if counts != n.counts || now != n.filter || n.listed == nil {
		n.counts, n.filter = counts, now
		says := func(f filter) string { return n.p.u.t("station.filter."+filterNames[f], "Count", counts[f]) }
		for _, row := range n.rows {
			row.set(says(row.filter), now == row.filter)
		}
		if n.cycle != nil {
			n.cycle.SetText(says(now))
		}
	}
	if slices.Equal(listed, n.listed) {
		return
	}
	n.listed = listed
	for _, b := range n.blocks {
		b.grid.Objects = b.grid.Objects[:0]
		for _, i := range listed {
			if i >= b.first && i < b.first+b.count {
				b.grid.Objects = append(b.grid.Objects, n.slots[i])
			}
		}
		show(b.title, len(b.grid.Objects) > 0)
		show(b.grid, len(b.grid.Objects) > 0)
		b.grid.Refresh()
	}
	n.scroll.Content.Refresh()
	n.scroll.Refresh()
	n.p.follow = true
}

// step returns the listed task before or after the one that is shown.
func (n *navigator) step(by int) (int, bool) {
	i := slices.Index(n.listed, n.current()) + by
	if i < 0 || i >= len(n.listed) {
		return 0, false
	}
	return n.listed[i], true
}

func (n *navigator) current() int {
	_, i, _ := n.p.u.view.Attempt.Paper.Item(n.p.u.at)
	return i
}

// reveal scrolls to a task, if it is listed.
func (n *navigator) reveal(i int) {
	for _, b := range n.blocks {
		if i < b.first || i >= b.first+b.count || !slices.Contains(b.grid.Objects, fyne.CanvasObject(n.slots[i])) {
			continue
		}
		top := b.grid.Position().Y + n.slots[i].Position().Y
		bottom := top + n.slots[i].Size().Height
		switch height := n.scroll.Size().Height; {
		case top < n.scroll.Offset.Y:
			n.scroll.ScrollToOffset(fyne.NewPos(0, top))
		case bottom > n.scroll.Offset.Y+height:
			n.scroll.ScrollToOffset(fyne.NewPos(0, bottom-height))
		}
	}
}

// mark puts the frame where the keyboard stands, or takes it away.
func (n *navigator) mark(on bool) {
	for i, slot := range n.slots {
		framed := on && i == n.at
		if framed == (len(slot.Objects) > 1) {
			continue
		}
		slot.Objects = slot.Objects[:1]
		if framed {
			slot.Objects = append(slot.Objects, n.frame)
			n.reveal(i)
		}
		slot.Refresh()
	}
}

// move moves the keyboard's place: by so many listed tasks, or by rows of them.
func (n *navigator) move(by, rows int) {
	i := slices.Index(n.listed, n.at)
	if i < 0 {
		i = 0
	}
	if rows != 0 {
		i = n.inRow(i, rows)
	}
	i = min(max(i+by, 0), len(n.listed)-1)
	n.at = n.listed[i]
	n.mark(true)
}

// inRow returns the listed task that stands above or below another one, or that one where there is none.
func (n *navigator) inRow(i, rows int) int {
	from := n.placeOf(n.listed[i])
	best, found := i, false
	for j := i + rows; j >= 0 && j < len(n.listed); j += rows {
		at := n.placeOf(n.listed[j])
		if at.Y == from.Y {
			continue
		}
		if found && n.placeOf(n.listed[best]).Y != at.Y {
			break
		}
		if !found || abs(at.X-from.X) < abs(n.placeOf(n.listed[best]).X-from.X) {
			best, found = j, true
		}
	}
	return best
}

func (n *navigator) placeOf(i int) fyne.Position {
	for _, b := range n.blocks {
		if i >= b.first && i < b.first+b.count {
			return b.grid.Position().Add(n.slots[i].Position())
		}
	}
	return fyne.Position{}
}

func abs(x float32) float32 { return max(x, -x) }

// setFilter lists other tasks, and keeps doing so until the candidate chooses again.
func (u *ui) setFilter(f filter) {
	u.filter = f
	if u.exam != nil {
		u.exam.nav.update(u.view.Attempt)
		u.see()
	}
}

func (u *ui) nextFilter() { u.setFilter((u.filter + 1) % filters) }

// taskList is the part of the navigator that has the focus.
type taskList struct {
	widget.BaseWidget
	n       *navigator
	focused bool
}

var (
	_ fyne.Focusable  = (*taskList)(nil)
	_ desktop.Keyable = (*taskList)(nil)
)

// CreateRenderer implements fyne.Widget.
func (l *taskList) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(l.n.scroll)
}

// FocusGained implements fyne.Focusable.
func (l *taskList) FocusGained() {
	l.focused, l.n.at = true, l.n.current()
	l.n.mark(true)
}

// FocusLost implements fyne.Focusable.
func (l *taskList) FocusLost() {
	l.focused = false
	l.n.mark(false)
}

// TypedRune implements fyne.Focusable.
func (l *taskList) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (l *taskList) TypedKey(e *fyne.KeyEvent) {
	n := l.n
	switch e.Name {
	case fyne.KeyLeft:
		n.move(-1, 0)
	case fyne.KeyRight:
		n.move(1, 0)
	case fyne.KeyUp:
		n.move(0, -1)
	case fyne.KeyDown:
		n.move(0, 1)
	case fyne.KeyHome:
		n.move(-len(n.slots), 0)
	case fyne.KeyEnd:
		n.move(len(n.slots), 0)
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		n.p.cells[n.at].OnTapped()
	}
}

// KeyDown implements desktop.Keyable. What moves in the list, or leads to a task, is not for the task that is shown.
func (l *taskList) KeyDown(e *fyne.KeyEvent) {
	u := l.n.p.u
	if own := slices.Contains(listMoves, e.Name) || slices.Contains(listOther, e.Name); !own || u.mods() != 0 {
		u.keys(e)
	}
}

// listOther are keys of the list besides those that the help tells of.
var listOther = []fyne.KeyName{fyne.KeyHome, fyne.KeyEnd, fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter}

// KeyUp implements desktop.Keyable.
func (l *taskList) KeyUp(*fyne.KeyEvent) {}

// focusFrame is a frame that is seen on every ground: dark in light, or light in dark.
func focusFrame() fyne.CanvasObject {
	ring := func(inner fyne.CanvasObject, c color.Color, width float32) fyne.CanvasObject {
		side := func() fyne.CanvasObject { return canvas.NewRectangle(c) }
		return container.New(tightBorder{width}, side(), side(), side(), side(), inner)
	}
	return ring(ring(container.NewStack(), look.Paper, 2), look.Ink, 3)
}

// tightBorder lays four sides of a width around the fifth object.
type tightBorder struct{ width float32 }

// MinSize implements fyne.Layout.
func (b tightBorder) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

// Layout implements fyne.Layout.
func (b tightBorder) Layout(o []fyne.CanvasObject, s fyne.Size) {
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(0, w), max(0, h)))
	}
	put(o[0], 0, 0, s.Width, b.width)
	put(o[1], 0, s.Height-b.width, s.Width, b.width)
	put(o[2], 0, 0, b.width, s.Height)
	put(o[3], s.Width-b.width, 0, b.width, s.Height)
	put(o[4], b.width, b.width, s.Width-2*b.width, s.Height-2*b.width)
}

// filterRow is one choice of what the navigator lists, with its count; the cell before it is the legend.
type filterRow struct {
	*look.Option
	filter filter
}

func newFilterRow(u *ui, f filter) *filterRow {
	return &filterRow{filter: f, Option: look.NewOption("", false, false, u.keys, func() { u.setFilter(f) })}
}

func (r *filterRow) set(text string, chosen bool) {
	if r.Text != text {
		r.Text = text
		r.Refresh()
	}
	r.SetChosen(chosen)
}

// jumpSheet takes the number of a task and leads there.
func (u *ui) jumpSheet() {
	items := u.view.Attempt.Paper.Items()
	field := look.NewField(1, u.keys)
	field.SetPlaceHolder(u.t("station.jump.range", "Count", len(items)))
	message := look.NewBanner(look.Trouble, "")
	jump := func() {
		n, err := strconv.Atoi(strings.TrimSpace(field.Text))
		if err != nil || n < 1 || n > len(items) {
			message.Set(look.Trouble, u.t("refusal.no-item")+" "+u.t("station.jump.range", "Count", len(items)))
			field.TypedShortcut(&fyne.ShortcutSelectAll{})
			u.win.Canvas().Focus(field)
			return
		}
		if !u.view.Attempt.Reaches(items[n-1].ID) {
			message.Set(look.Trouble, u.said(exam.ErrStage))
			return
		}
		u.closeSheet()
		if u.exam != nil {
			u.exam.goTo(items[n-1].ID)
		}
	}
	field.OnSubmitted = func(string) { jump() }
	content := container.NewVBox(
		look.Fixed(360, look.Heading(u.t("station.jump.title"))), field, message,
		u.buttons(look.NewButton(u.t("station.jump.go"), look.Primary, u.keys, jump)),
	)
	u.open(&sheet{name: "jump", enter: jump}, content, field)
}

// column lays the navigator out.
func (n *navigator) column() fyne.CanvasObject {
	u := n.p.u
	jump := look.NewButton(u.t("station.exam.jump"), look.Plain, u.keys, u.jumpSheet)
	title := look.Strong(u.t("station.exam.tasks"))
	title.Wrapping = fyne.TextWrapOff
	head := container.NewVBox(container.NewBorder(nil, nil, nil, jump, title))
	if n.cycle != nil {
		head.Add(n.cycle)
	}
	choices := container.New(layout.NewCustomPaddedVBoxLayout(1))
	for _, r := range n.rows {
		choices.Add(r.Option)
	}
	head.Add(choices)
	foot := container.NewVBox(look.Rule(), n.p.counts, n.p.warningBox())
	column := container.NewBorder(head, foot, nil, nil, n.list)
	width := 236 * (1 + (look.Scale()-1)/2)
	ground := canvas.NewRectangle(look.Paper)
	ground.SetMinSize(fyne.NewSize(width, 0))
	edge := canvas.NewRectangle(look.Line)
	edge.SetMinSize(fyne.NewSize(1, 0))
	return container.NewBorder(nil, nil, nil, edge, container.NewStack(ground, container.NewPadded(column)))
}
