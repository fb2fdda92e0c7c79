package console

import (
	"fmt"
	"image/color"
	"strings"

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

// devicePanel shows a device: its state in a word and a colour, and what to do where it is unknown.
type devicePanel struct {
	box    *fyne.Container
	back   *canvas.Rectangle
	title  *canvas.Text
	state  *canvas.Text
	since  *canvas.Text
	detail *widget.Label
}

func newDevicePanel() *devicePanel {
	p := &devicePanel{
		back: canvas.NewRectangle(look.Ground), title: look.Text("", look.Quiet, 14, false), state: look.Text("", look.Ink, 22, true), since: look.Text("", look.Quiet, 13, false), detail: look.Wrapped(""),
	}
	p.detail.SizeName = theme.SizeNameCaptionText
	line := container.NewBorder(nil, nil, p.state, container.NewVBox(layout.NewSpacer(), p.since))
	// The panels keep one height: a window that jumps when a cable is pulled makes one press the wrong button.
	detail := container.NewStack(look.Space(10, 90), container.NewVScroll(p.detail))
	p.box = container.NewStack(p.back, look.Padded(12, 8, container.NewVBox(p.title, line, detail)))
	return p
}

func (p *devicePanel) show(c *Console, d room.Device, kind, quietly, raised string, raisedInk, raisedBg, quietInk, quietBg color.NRGBA) {
	word := stateWord(d.State, quietly, raised)
	fg, bg, detail := look.Warn, look.WarnBg, ""
	switch d.State {
	case room.Quiet:
		fg, bg = quietInk, quietBg
	case room.Raised:
		fg, bg = raisedInk, raisedBg
	default:
		detail = strings.Join([]string{c.t(kind+".none") + ".", ReasonText(c.lang, d.Reason), c.t(kind + ".action")}, " ")
	}
	title := c.t(kind + ".title")
	if d.Name != "" {
		title += " · " + d.Name
	}
	look.SetText(p.title, title, look.Quiet)
	look.SetText(p.state, c.t(kind+"."+word), fg)
	since := ""
	if !d.Since.IsZero() {
		since = c.t("since", "Time", d.Since.Format("15:04:05"))
	}
	look.SetText(p.since, since, look.Quiet)
	look.SetFill(p.back, bg)
	if p.detail.Text != detail {
		p.detail.SetText(detail)
	}
}

// personRow is one candidate in the list.
type personRow struct {
	widget.BaseWidget
	back             *canvas.Rectangle
	seat             *canvas.Text
	name             *widget.Label
	iin, state, mark *canvas.Text
	bar              *canvas.Rectangle
}

func newPersonRow() fyne.CanvasObject {
	r := &personRow{
		back: canvas.NewRectangle(look.Nothing), bar: canvas.NewRectangle(look.Nothing), seat: look.Text("", look.Ink, 20, true), name: look.OneLine("", true),
		iin: look.Text("", look.Quiet, 13, false), state: look.Text("", look.Quiet, 13, false), mark: look.Text("", look.Bad, 13, true),
	}
	r.seat.Alignment = fyne.TextAlignCenter
	r.ExtendBaseWidget(r)
	return r
}

func (r *personRow) CreateRenderer() fyne.WidgetRenderer {
	r.bar.SetMinSize(fyne.NewSize(5, 46))
	seat := container.NewStack(look.Space(52, 46), container.NewCenter(r.seat))
	under := container.NewBorder(nil, nil, container.NewHBox(look.Space(2, 0), r.iin, look.Space(4, 0), r.state), container.NewHBox(r.mark, look.Space(14, 0)))
	return widget.NewSimpleRenderer(container.NewStack(r.back,
		container.NewBorder(nil, nil, container.NewHBox(r.bar, seat), nil, container.New(layout.NewCustomPaddedVBoxLayout(-4), r.name, under))))
}

func (c *Console) showPerson(r *personRow, p room.Person) {
	look.SetText(r.seat, p.Seat, look.Ink)
	if r.name.Text != p.Name {
		r.name.SetText(p.Name)
	}
	look.SetText(r.iin, p.IIN, look.Quiet)
	state, tone := c.phase(p)
	look.SetText(r.state, state, tone)
	back, bar, mark := look.Nothing, look.Nothing, ""
	if p.IIN == c.Gate() {
		back = look.Tint
	}
	if n := len(p.Acts); n > 0 && p.Barred == "" {
		mark = c.t("acts", "Count", n)
	}
	if p.Trouble > 0 {
		mark, bar = c.t("trouble", "Count", p.Trouble), look.Bad
	}
	look.SetText(r.mark, mark, look.Bad)
	look.SetFill(r.back, back)
	look.SetFill(r.bar, bar)
}

// formOf returns the form of an act by its number.
func formOf(number string) string {
	form, _, _, err := act.ParseNumber(number)
	if err != nil {
		return number
	}
	return form
}

// phase says in words how far a candidate is, and in which colour.
func (c *Console) phase(p room.Person) (string, color.NRGBA) {
	switch {
	case p.Barred != "":
		return c.t("barred", "Form", formOf(p.Barred)), look.Bad
	case p.Hold == room.HoldAway && !p.Out.IsZero():
		return c.t("away_since", "Time", p.Out.Format("15:04"), "Count", p.Exits), look.Warn
	case p.Hold != "":
		tone := look.Quiet
		if p.Hold == room.HoldLocked || p.Hold == room.HoldLate {
			tone = look.Bad
		}
		return c.t("hold." + p.Hold), tone
	case p.Attempt != "" && !p.Online && !p.Phase.Ended():
		return c.t("hold.offline"), look.Warn
	case p.Phase == exam.PhaseNone && p.Entry != room.EntryNone:
		return c.t("stage." + string(p.Entry)), look.Quiet
	case p.Phase == exam.PhaseNone:
		return c.t("phase.none"), look.Quiet
	case p.Phase == exam.PhaseRunning:
		return c.t("phase.running"), look.Good
	}
	if id := "phase." + string(p.Phase); locales.Has("proctor." + id) {
		return c.t(id), look.Quiet
	}
	return string(p.Phase), look.Quiet
}

// lineRow is one line of what happened.
type lineRow struct {
	widget.BaseWidget
	back, bar    *canvas.Rectangle
	time         *canvas.Text
	what, detail *widget.Label
	state        *canvas.Text
	draw, noAct  *look.Button
	stop         *look.Button
	record       uint64
}

func (c *Console) newLineRow() *lineRow {
	r := &lineRow{
		back: canvas.NewRectangle(look.Nothing), bar: canvas.NewRectangle(look.Nothing), time: look.Text("", look.Quiet, 14, false),
		what: look.OneLine("", true), detail: look.OneLine("", false), state: look.Text("", look.Quiet, 13, false),
	}
	r.draw = look.NewButton(c.t("draw"), c.control("draw"), func() {
		if a, ok := c.view.Alarm(r.record); ok {
			c.openAct(&a)
		} else {
			c.openLine(r.record)
		}
	})
	r.draw.Importance = widget.HighImportance
	r.noAct = look.NewButton(c.t("no_act"), c.control("no-act"), func() {
		if a, ok := c.view.Alarm(r.record); ok {
			c.OpenDismiss(a)
		}
	})
	r.stop = look.NewButton(c.t("order.suspend"), c.control("suspend"), c.openOrder)
	r.stop.Importance = widget.HighImportance
	r.ExtendBaseWidget(r)
	return r
}

func (r *lineRow) CreateRenderer() fyne.WidgetRenderer {
	r.bar.SetMinSize(fyne.NewSize(5, 40))
	when := container.NewStack(look.Space(78, 40), container.NewCenter(r.time))
	buttons := container.NewHBox(container.NewCenter(r.state), container.NewCenter(r.stop), container.NewCenter(r.draw), container.NewCenter(r.noAct), look.Space(12, 0))
	return widget.NewSimpleRenderer(container.NewStack(r.back,
		container.NewBorder(nil, nil, container.NewHBox(r.bar, when), buttons, container.New(layout.NewCustomPaddedVBoxLayout(-13), r.what, r.detail))))
}

func (c *Console) showLine(r *lineRow, l room.Line) {
	r.record = l.Record
	look.SetText(r.time, l.At.Format("15:04:05"), look.Quiet)
	alarm, isAlarm := c.view.Alarm(l.Record)
	what := c.event(l)
	var details []string
	if isAlarm && alarm.Count > 1 {
		what += " " + c.t("times", "Count", alarm.Count)
	}
	iin := l.IIN
	if isAlarm {
		iin = alarm.IIN
	}
	switch p, ok := c.view.Person(iin); {
	case ok:
		details = append(details, fmt.Sprintf("%s, %s", p.Name, c.t("seat", "Seat", p.Seat)))
	case isAlarm && alarm.Kind == act.ByDetector:
		details = append(details, c.t("nobody_tied"))
	}
	if l.Pass != "" {
		details = append(details, c.t("pass."+string(l.Pass)))
	}
	if isAlarm && alarm.Absent {
		details = append(details, c.t("found_open"))
	}
	if isAlarm && alarm.Missed {
		details = append(details, c.t("missed"))
	}
	for _, d := range []string{c.detail(l), l.By} {
		if d != "" {
			details = append(details, d)
		}
	}
	if len(details) == 0 && l.Station != room.Desk {
		details = append(details, l.Station+l.Device)
	}
	if r.what.Text != what {
		r.what.SetText(what)
	}
	if d := strings.Join(details, " · "); r.detail.Text != d {
		r.detail.SetText(d)
	}
	state, open := "", isAlarm && !alarm.Handled
	if isAlarm && alarm.Handled {
		switch {
		case alarm.Act != "":
			state = c.t("answered", "Number", alarm.Act)
		case alarm.By != "":
			state = c.t("handled", "By", alarm.By)
		default:
			state = c.t("handled_station")
		}
	}
	look.SetText(r.state, state, look.Quiet)
	back, bar := look.Nothing, look.Nothing
	if open {
		back, bar = look.BadBg, look.Bad
	}
	look.SetFill(r.back, back)
	look.SetFill(r.bar, bar)
	door := l.Event == (exam.DoorRead{}).Kind() && l.State == room.Raised && l.Pass == ""
	importance := widget.HighImportance
	if door {
		importance = widget.MediumImportance
	}
	if r.draw.Importance != importance {
		r.draw.Importance = importance
		r.draw.Refresh()
	}
	refuse := c.t("no_act")
	if alarm.Kind == act.ByDoor {
		refuse = c.t("explain")
	}
	if r.noAct.Text != refuse {
		r.noAct.SetText(refuse)
	}
	power := open && alarm.Kind == act.ByPower
	setVisible(r.stop, power && c.suspendedBy() == "")
	setVisible(r.draw, (open || door) && !power)
	setVisible(r.noAct, open)
}

func setVisible(b *look.Button, on bool) {
	if b.Visible() == on {
		return
	}
	if on {
		b.Show()
	} else {
		b.Hide()
	}
}
