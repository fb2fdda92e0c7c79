package desk

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // registered photos
	_ "image/png"
	"sync"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/proctor/act"
	"emtihan/proctor/console/look"
	"emtihan/proctor/room"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// maxPixels bounds a photo: a picture that unpacks to more is damaged, or meant to hurt.
const maxPixels = 40_000_000

func decodePhoto(data []byte) (image.Image, error) {
	head, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if head.Width*head.Height > maxPixels {
		return nil, errors.New("the photo has too many pixels")
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	return img, err
}

// mailbox holds the newest glance for the toolkit's goroutine.
type mailbox struct {
	mu   sync.Mutex
	g    Glance
	full bool
}

// put reports whether somebody must be sent to take the glance.
func (m *mailbox) put(g Glance) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.full
	m.g, m.full = g, true
	return !was
}

func (m *mailbox) take() Glance {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.full = false
	return m.g
}

// Title implements console.Page.
func (d *Desk) Title() string { return d.c.T("entry.title") }

// Focus implements console.Page.
func (d *Desk) Focus() fyne.Focusable { return d.search }

const listWidth = 400

// Build implements console.Page.
func (d *Desk) Build() fyne.CanvasObject {
	c := d.c
	d.search = look.NewEntry(c.Control("search"))
	d.search.SetPlaceHolder(c.T("entry.search"))
	d.search.Text = d.query
	d.search.OnChanged = func(s string) { d.query = s; d.show() }
	d.search.OnEnter = d.enter
	d.list = look.NewList(c.Control("candidates"), func() int { return len(d.people) }, newRow, func(i int, o fyne.CanvasObject) {
		if i < len(d.people) {
			d.showRow(o.(*row), d.people[i])
		}
	})
	d.list.OnSelected = func(i int) {
		d.list.UnselectAll()
		d.pick(i)
	}
	d.empty = look.Text("", look.Quiet, 14, false)
	figures := container.NewGridWithColumns(5)
	for i, id := range []string{"admitted", "queue", "absent", "late", "barred"} {
		d.counts[i] = look.Text("", look.Ink, 24, true)
		d.counts[i].Alignment = fyne.TextAlignCenter
		label := look.Text(c.T("entry.count."+id), look.Quiet, 12, false)
		label.Alignment = fyne.TextAlignCenter
		figures.Add(container.NewStack(canvas.NewRectangle(look.Ground), look.Padded(2, 4, container.New(layout.NewCustomPaddedVBoxLayout(0), d.counts[i], label))))
	}
	d.shift = look.OneLine("", false)
	left := container.NewBorder(container.NewVBox(figures, d.search), d.shift, nil, nil, container.NewStack(d.list, container.NewCenter(d.empty)))

	d.known, d.live = picture(), picture()
	frame := func(img *canvas.Image, label string) fyne.CanvasObject {
		return container.NewBorder(look.Text(label, look.Quiet, 13, false), nil, nil, nil, container.NewStack(canvas.NewRectangle(look.Ground), img))
	}
	d.verdict = look.Wrapped("")
	d.verdict.TextStyle.Bold = true
	pictures := container.NewGridWithColumns(2, frame(d.known, c.T("entry.registered")), frame(d.live, c.T("entry.camera")))
	d.seat = look.Text("", look.Ink, 64, true)
	d.name = look.Wrapped("")
	d.name.TextStyle.Bold = true
	d.name.SizeName = theme.SizeNameHeadingText
	d.facts = look.Wrapped("")
	d.banner, d.remark = look.Wrapped(""), look.Wrapped("")
	d.banner.TextStyle.Bold = true
	d.banner.SizeName = theme.SizeNameSubHeadingText
	d.back = canvas.NewRectangle(look.Ground)
	who := container.NewBorder(nil, nil, container.NewStack(look.Space(120, 0), container.NewCenter(d.seat)), nil, container.New(layout.NewCustomPaddedVBoxLayout(-6), d.name, d.facts))
	d.words = container.New(layout.NewCustomPaddedVBoxLayout(-4), d.banner, d.remark)
	banner := container.NewStack(d.back, look.Padded(10, 4, d.words))
	d.buttons = make(map[string]*look.Button)
	add := func(box *fyne.Container, id, key string, f func()) {
		b := look.NewButton(c.T("entry."+id)+" ("+key+")", c.Control(id), f)
		d.buttons[id] = b
		box.Add(b)
	}
	deeds := container.NewGridWithColumns(3)
	add(deeds, "admit", "Enter", d.enter)
	d.buttons["admit"].Importance = widget.HighImportance
	add(deeds, "finding", "F5", func() { d.finding(d.person()) })
	add(deeds, "impostor", "F10", func() { d.impostor(d.person()) })
	add(deeds, "overrule", "F7", func() { d.overrule(d.person()) })
	add(deeds, "undo", "F8", func() { d.undo(d.person()) })
	add(deeds, "act", "F3", func() { d.answer(d.person()) })
	more := container.NewHBox()
	add(more, "seating", "F11", func() { d.print(act.SeatingList) })
	more.Add(look.NewButton(c.T("entry.distribution"), c.Control("distribution"), func() { d.print(act.Distribution) }))
	more.Add(look.NewButton(c.T("entry.shift_change"), c.Control("shift"), d.openShift))
	more.Add(look.NewButton(c.T("key.take_short")+" (F1)", c.Control("key"), c.OpenKey))
	d.right = nil
	right := container.NewBorder(container.NewVBox(who, banner), container.NewVBox(d.verdict, deeds, more), nil, nil, pictures)
	d.draw()
	d.right = right
	return container.New(&split{}, left, right)
}

// split puts two columns beside each other, the left one of a fixed width.
type split struct{}

func (s *split) Layout(o []fyne.CanvasObject, size fyne.Size) {
	const gap = 18
	o[0].Resize(fyne.NewSize(listWidth, size.Height))
	o[0].Move(fyne.NewPos(0, 0))
	o[1].Resize(fyne.NewSize(size.Width-listWidth-gap, size.Height))
	o[1].Move(fyne.NewPos(listWidth+gap, 0))
}

func (s *split) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(listWidth+500, 300) }

func picture() *canvas.Image {
	img := &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScaleFastest}
	img.SetMinSize(fyne.NewSize(120, 100))
	return img
}

// show paints what differs, and tells what is shown.
func (d *Desk) show() {
	if d.search == nil {
		return
	}
	d.draw()
	d.c.Tell()
}

func (d *Desk) draw() {
	c := d.c
	d.people = d.view.Search(d.query)
	d.list.Refresh()
	none := ""
	if len(d.people) == 0 {
		none = c.T("nobody")
	}
	look.SetText(d.empty, none, look.Quiet)
	n := d.view.Entry
	for i, figure := range []int{n.Admitted, n.Queue, n.Absent, n.Late, n.Barred} {
		tone := look.Ink
		if i >= 3 && figure > 0 {
			tone = look.Bad
		}
		look.SetText(d.counts[i], fmt.Sprint(figure), tone)
	}
	setLabel(d.shift, d.shiftText())

	p := d.person()
	stance := d.stance(p)
	look.SetText(d.seat, p.Seat, look.Ink)
	setLabel(d.name, p.Name)
	facts := ""
	if p.IIN != "" {
		facts = c.T("entry.facts", "IIN", p.IIN, "University", dash(p.University), "Programme", dash(p.Programme))
		if p.ExtraMinutes > 0 {
			facts += " · " + c.T("entry.extra", "Minutes", p.ExtraMinutes)
		}
		if p.Helper != "" {
			facts += " · " + c.T("entry.helper", "Name", p.Helper)
		}
	}
	setLabel(d.facts, facts)
	fg, bg := tones(stance)
	look.SetFill(d.back, bg)
	d.banner.Importance = fg
	before := d.words.MinSize().Height
	setLabel(d.banner, d.stanceText(p))
	setLabel(d.remark, d.remarkText(stance))
	if d.right != nil && d.words.MinSize().Height != before {
		d.right.Refresh() // a sentence that wraps needs more room
	}
	setLabel(d.verdict, d.faceText(p))
	if d.known.Image != d.photo {
		d.known.Image = d.photo
		d.known.Refresh()
	}
	d.enable(stance)
}

func setLabel(l *widget.Label, s string) {
	if l.Text != s {
		l.SetText(s)
	}
}

func dash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

func tones(s Stance) (widget.Importance, color.Color) {
	switch s {
	case Free, Inside:
		return widget.SuccessImportance, look.GoodBg
	case Barred, Alarmed, Mismatch:
		return widget.DangerImportance, look.BadBg
	case Late, Turned:
		return widget.WarningImportance, look.WarnBg
	}
	return widget.MediumImportance, look.Ground
}

// stanceText says what is due, and by which key.
func (d *Desk) stanceText(p room.Person) string {
	c, at := d.c, p.Decided.Format("15:04:05")
	switch s := d.stance(p); s {
	case Barred:
		return c.T("entry.is.barred", "Number", p.Barred)
	case Inside:
		if p.Decided.IsZero() {
			return c.T("entry.is.seated")
		}
		return c.T("entry.is.inside", "Seat", p.Seat, "Time", at, "By", p.By)
	case Late, Turned:
		return c.T("entry.is."+string(s), "Time", p.Came.Format("15:04:05"), "Minutes", int(d.view.LateAfter.Minutes()))
	default:
		return c.T("entry.is."+string(s), "Seat", p.Seat)
	}
}

// remarkText says what else must be known: why the room refused, a list that was printed, a detector that cannot be relied on.
func (d *Desk) remarkText(s Stance) string {
	c := d.c
	switch r, refused := d.problem.(*exam.Refusal); {
	case refused && r != nil && locales.Has("proctor.entry.refused."+r.Code):
		return c.T("entry.refused." + r.Code)
	case d.problem != nil:
		return c.T("problem.failed", "Why", d.problem)
	case d.notice != nil:
		return d.notice()
	case d.view.Shift == "":
		return c.T("entry.no_shift")
	case d.view.Detector.State == room.Unknown && s != Inside && s != Barred:
		return c.T("entry.detector_unknown")
	case d.view.Detector.State == room.Raised:
		return c.T("entry.detector_alarm")
	}
	return ""
}

// faceText says what the camera made of the face (R7, R10).
func (d *Desk) faceText(p room.Person) string {
	c := d.c
	d.verdict.Importance = widget.MediumImportance
	switch {
	case p.IIN == "":
		return ""
	case p.Face != nil:
		score := fmt.Sprintf("%.2f / %.2f", p.Face.Score, p.Face.Threshold)
		switch p.Face.Verdict {
		case exam.VerdictAccepted:
			d.verdict.Importance = widget.SuccessImportance
		case exam.VerdictRefused:
			d.verdict.Importance = widget.DangerImportance
		default:
			d.verdict.Importance = widget.WarningImportance
		}
		return c.T("entry.face."+string(p.Face.Verdict), "Score", score)
	case d.trouble != "":
		d.verdict.Importance = widget.WarningImportance
		return c.T("entry.eye." + d.trouble)
	case d.opt.Eye == nil:
		return c.T("entry.eye.none")
	case d.stop != nil:
		return c.T("entry.eye.looking")
	}
	return ""
}

func (d *Desk) shiftText() string {
	if d.view.Shift == "" {
		return d.c.T("entry.shift_none")
	}
	return d.c.T("entry.shift", "By", d.view.Shift)
}

// enable leaves the deeds that can be done now.
func (d *Desk) enable(s Stance) {
	can := map[string]bool{
		"admit": s != Nobody && s != Called && s != Barred && s != Inside && s != Turned, "finding": s != Barred, "impostor": s != Nobody && s != Barred && s != Inside,
		"overrule": s == Alarmed || s == Mismatch || s == Late || s == Turned, "undo": s == Inside && !d.person().Decided.IsZero() || s == Turned,
		"act": s == Alarmed || s == Mismatch, "seating": true,
	}
	for id, b := range d.buttons {
		if can[id] == !b.Disabled() {
			continue
		}
		if can[id] {
			b.Enable()
		} else {
			b.Disable()
		}
		b.Refresh()
	}
	text := d.c.T("entry.admit")
	switch s {
	case Late:
		text = d.c.T("entry.turn_away")
	case Alarmed, Mismatch:
		text = d.c.T("entry.draw")
	}
	over := d.c.T("entry.overrule")
	if s == Alarmed {
		over = d.c.T("no_act")
	}
	if b := d.buttons["overrule"]; b.Text != over+" (F7)" {
		b.SetText(over + " (F7)")
	}
	if b := d.buttons["admit"]; b.Text != text+" (Enter)" {
		b.SetText(text + " (Enter)")
	}
}

// row is one candidate in the list.
type row struct {
	widget.BaseWidget
	back, bar        *canvas.Rectangle
	seat, iin, state *canvas.Text
	name             *widget.Label
}

func newRow() fyne.CanvasObject {
	r := &row{
		back: canvas.NewRectangle(look.Nothing), bar: canvas.NewRectangle(look.Nothing), seat: look.Text("", look.Ink, 20, true), name: look.OneLine("", true),
		iin: look.Text("", look.Quiet, 13, false), state: look.Text("", look.Quiet, 13, false),
	}
	r.seat.Alignment = fyne.TextAlignCenter
	r.ExtendBaseWidget(r)
	return r
}

func (r *row) CreateRenderer() fyne.WidgetRenderer {
	r.bar.SetMinSize(fyne.NewSize(5, 44))
	seat := container.NewStack(look.Space(56, 44), container.NewCenter(r.seat))
	// The row is laid out once, before it is filled in.
	under := container.NewHBox(look.Space(2, 0), container.NewStack(look.Space(112, 0), r.iin), r.state)
	return widget.NewSimpleRenderer(container.NewStack(r.back,
		container.NewBorder(nil, nil, container.NewHBox(r.bar, seat), nil, container.New(layout.NewCustomPaddedVBoxLayout(-4), r.name, under))))
}

func (d *Desk) showRow(r *row, p room.Person) {
	look.SetText(r.seat, p.Seat, look.Ink)
	setLabel(r.name, p.Name)
	look.SetText(r.iin, p.IIN, look.Quiet)
	back, bar := look.Nothing, look.Nothing
	if p.IIN == d.c.Gate() {
		back = look.Tint
	}
	state, tone := d.c.T("entry.row.expected"), look.Quiet
	switch s := StanceOf(d.view, p); {
	case s == Barred:
		state, tone, bar = d.c.T("entry.row.barred"), look.Bad, look.Bad
	case s == Inside:
		state, tone, bar = d.c.T("entry.row.inside"), look.Good, look.Good
	case s == Alarmed || s == Mismatch:
		state, tone, bar = d.c.T("entry.row.open"), look.Bad, look.Bad
	case s == Turned:
		state, tone = d.c.T("entry.row.late"), look.Warn
	case p.Entry == room.EntryQueue:
		state, tone = d.c.T("entry.row.queue"), look.Accent
	}
	look.SetText(r.state, state, tone)
	look.SetFill(r.back, back)
	look.SetFill(r.bar, bar)
}
