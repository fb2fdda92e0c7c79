package console

import (
	"errors"
	"strings"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/proctor/act"
	"emtihan/proctor/console/look"
	"emtihan/proctor/room"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Question is a decision that an administrator signs with their code. Its sentences are asked for anew in each language.
type Question struct {
	Name   string        // for Shown.Dialog
	Title  func() string //
	Text   func() string // what it is about; nil: nothing beyond the title
	Fields []Asked       //
	Sign   func() string // label of the button
	// Submit carries the decision out with the values of the fields by their ids.
	Submit func(values map[string]string, by, code string, done func(error))
	// After runs on the toolkit's goroutine once the decision has been accepted and the dialog is closed; it may be nil.
	After func()
}

// Asked is a line that a question asks for. All are required.
type Asked struct {
	ID     string
	Label  func() string
	Value  string // to begin with
	Secret bool
}

// Reason is the line for a reason in the administrator's own words.
func (c *Console) Reason(label string) Asked {
	return Asked{ID: "reason", Label: func() string { return c.t(label) }}
}

// Ask puts a question over the window.
func (c *Console) Ask(q Question) {
	if c.dialog != nil {
		return
	}
	d := &questionDialog{sheet: sheet{c: c, by: c.signer()}, q: q, values: make(map[string]string)}
	for _, f := range q.Fields {
		d.values[f.ID] = f.Value
	}
	c.dialog = d
	d.build()
	d.focus(d.first())
	c.tell()
}

type questionDialog struct {
	sheet
	q      Question
	values map[string]string
}

func (d *questionDialog) name() string { return d.q.Name }

// first returns the control at which somebody has to do something.
func (d *questionDialog) first() string {
	for _, f := range d.q.Fields {
		if strings.TrimSpace(d.values[f.ID]) == "" {
			return f.ID
		}
	}
	if d.by == "" {
		return "administrator"
	}
	return "code"
}

func (d *questionDialog) hurry() { d.focus(d.first()) }

func (d *questionDialog) rebuild() {
	focus := d.c.focus
	d.build()
	if _, ok := d.controls[focus]; !ok {
		focus = d.first()
	}
	d.focus(focus)
}

func (d *questionDialog) build() {
	c := d.c
	d.controls = make(map[string]fyne.Focusable)
	box := container.NewVBox()
	if d.q.Text != nil {
		box.Add(look.Wrapped(d.q.Text()))
	}
	for _, f := range d.q.Fields {
		e := look.NewEntry(c.control(f.ID))
		e.Password = f.Secret
		e.Text = d.values[f.ID]
		e.OnChanged = func(s string) { d.values[f.ID] = s }
		e.OnEnter = d.next
		d.controls[f.ID] = e
		box.Add(d.label(c.t("act.required", "Label", f.Label())))
		box.Add(e)
	}
	box.Add(d.signature(d.q.Sign(), d.submit))
	d.show(d.q.Title(), box)
	d.popup.Resize(fyne.NewSize(820, d.popup.MinSize().Height))
}

func (d *questionDialog) submit() {
	c := d.c
	if d.busy {
		return
	}
	missing := func(field string, label func() string) {
		d.complain("missing", field, func() string { return c.t("problem.missing", "Label", label()) }, d)
	}
	for _, f := range d.q.Fields {
		switch {
		case strings.TrimSpace(d.values[f.ID]) != "":
		case f.ID == "reason":
			d.complain("reason", "reason", func() string { return c.t("problem.reason") }, d)
			return
		default:
			missing(f.ID, f.Label)
			return
		}
	}
	switch {
	case d.by == "":
		missing("administrator", func() string { return c.t("act.administrator") })
		return
	case d.code == "":
		missing("code", func() string { return c.t("act.code") })
		return
	}
	d.busy, d.wrong, d.sentence = true, "", nil
	d.showMessage()
	c.tell()
	d.q.Submit(d.values, d.by, d.code, func(err error) {
		c.opt.Do(func() {
			switch {
			case c.dialog != dialog(d):
			case err != nil:
				d.complainOf(err, d)
			default:
				c.by = d.by
				c.closeDialog()
				if d.q.After != nil {
					d.q.After()
				}
			}
		})
	})
}

// OpenDismiss settles an alarm without an act; for a door that nobody had permission to open it asks for the explanation (R14).
func (c *Console) OpenDismiss(a room.Alarm) {
	what := "act.dismiss_title"
	label, name := "act.reason", "dismiss"
	if a.Kind == act.ByDoor {
		what, label, name = "act.explain_title", "act.explanation", "explain"
	}
	c.Ask(Question{
		Name: name, Title: func() string { return c.t(what) }, Sign: func() string { return c.t("act.settle") }, Fields: []Asked{c.Reason(label)},
		Text: func() string {
			text := a.At.Format("15:04:05")
			for _, l := range c.view.Lines {
				if l.Record == a.Record {
					text = c.event(l) + ", " + text
				}
			}
			if p, ok := c.view.Person(a.IIN); ok {
				text += " · " + p.Name + ", " + c.t("seat", "Seat", p.Seat)
			}
			return text
		},
		Submit: func(v map[string]string, by, code string, done func(error)) {
			c.opt.Desk.Dismiss(a.Record, v["reason"], by, code, done)
		},
	})
}

// suspendedBy returns who suspended all stations, or "".
func (c *Console) suspendedBy() string {
	if o := c.view.Order; o != nil && o.What == room.OrderSuspend {
		return o.By
	}
	return ""
}

// openOrder suspends every station, or lets all go on (R6).
func (c *Console) openOrder() {
	q := Question{
		Name: "suspend", Title: func() string { return c.t("order.suspend") }, Text: func() string { return c.t("order.suspend_text") },
		Sign: func() string { return c.t("order.suspend") + " (Enter)" }, Fields: []Asked{c.Reason("order.reason")},
		Submit: func(v map[string]string, by, code string, done func(error)) {
			c.opt.Desk.SuspendAll(v["reason"], by, code, done)
		},
	}
	if c.suspendedBy() != "" {
		q.Name, q.Title, q.Text = "resume", func() string { return c.t("order.end") }, func() string { return c.t("order.end_text") }
		q.Sign = func() string { return c.t("order.end") + " (Enter)" }
		q.Submit = func(v map[string]string, by, code string, done func(error)) {
			c.opt.Desk.ResumeAll(v["reason"], by, code, done)
		}
	}
	c.Ask(q)
}

// OpenKey asks an administrator for the file with the key that signs acts from here on, and for its password (R19).
func (c *Console) OpenKey() {
	path := ""
	if c.opt.KeyFiles != nil {
		if files := c.opt.KeyFiles(); len(files) > 0 {
			path = files[0]
		}
	}
	c.Ask(Question{
		Name: "key", Title: func() string { return c.t("key.title") }, Text: func() string { return c.t("key.text") },
		Sign: func() string { return c.t("key.take") },
		Fields: []Asked{
			{ID: "path", Label: func() string { return c.t("key.path") }, Value: path},
			{ID: "password", Label: func() string { return c.t("key.password") }, Secret: true},
		},
		Submit: func(v map[string]string, by, code string, done func(error)) {
			password := v["password"]
			v["password"] = ""
			c.opt.Desk.TakeKey(strings.TrimSpace(v["path"]), password, by, code, func(_ string, err error) { done(err) })
		},
	})
}

// showOrder shows that every station is suspended, until that ends.
func (c *Console) showOrder() {
	by := c.suspendedBy()
	if by == "" {
		c.heldBox.Hide()
		return
	}
	reason := c.view.Order.Reason
	if reason == "low-battery" {
		reason = c.t("order.low")
	}
	if text := c.t("order.held", "By", by, "Reason", reason); c.held.Text != text {
		c.held.SetText(text)
	}
	c.heldBox.Show()
}

// showOthers shows what has no panel of its own: UPS and readers, the ones that need somebody first.
func (c *Console) showOthers() {
	var urgent, calm []string
	for _, d := range c.view.Devices {
		if d.Kind != room.KindUPS && d.Kind != room.KindReader || d.Name == "" {
			continue
		}
		line := c.t("devices.kind."+d.Kind) + " · " + d.Name + ": " + c.deviceState(d)
		if d.State == room.Quiet {
			calm = append(calm, line)
		} else {
			urgent = append(urgent, line)
		}
	}
	text := strings.Join(append(urgent, calm...), "\n")
	if text == "" {
		text = c.t("devices.no_others")
	}
	if c.others.Text != text {
		c.others.SetText(text)
	}
}

// deviceState returns the state of a device in a word.
func (c *Console) deviceState(d room.Device) string {
	word := "unknown"
	switch {
	case d.State == room.Unknown:
	case d.Kind == room.KindDetector:
		word = stateWord(d.State, "clear", "alarm")
	case d.Kind == room.KindDoor:
		word = stateWord(d.State, "closed", "open")
	case d.Word != "":
		word = d.Word
	}
	s := c.t("devices.state." + word)
	if d.Charge > 0 {
		s += c.t("devices.charge", "Percent", d.Charge)
	}
	return s
}

// devicesDialog lists every device of the room, and opens locks.
type devicesDialog struct {
	sheet
	rows   *fyne.Container
	stated string
}

func (c *Console) openDevices() {
	d := &devicesDialog{sheet: sheet{c: c}}
	c.dialog = d
	d.build()
	d.focus("close")
	c.tell()
}

func (d *devicesDialog) name() string { return "devices" }

func (d *devicesDialog) rebuild() {
	focus := d.c.focus
	d.build()
	if _, ok := d.controls[focus]; !ok {
		focus = "close"
	}
	d.focus(focus)
}

// update shows what the devices say now; the list is made anew only when something differs, since a row may have the focus.
func (d *devicesDialog) update() {
	if d.stated != d.statement() {
		d.rebuild()
	}
}

func (d *devicesDialog) statement() string {
	var b strings.Builder
	for _, x := range d.c.view.Devices {
		b.WriteString(x.Kind + x.Name + d.c.deviceState(x) + x.Reason + x.Spoke.Format("150405") + "\n")
	}
	return b.String()
}

func (d *devicesDialog) build() {
	c := d.c
	d.controls = make(map[string]fyne.Focusable)
	d.stated = d.statement()
	d.rows = container.NewVBox()
	n := 0
	for _, x := range c.view.Devices {
		if x.Name == "" {
			continue
		}
		n++
		ink, back := look.Warn, look.WarnBg
		switch {
		case x.State == room.Quiet:
			ink, back = look.Good, look.Paper
		case x.State == room.Raised && (x.Kind == room.KindDetector || x.Word == room.StateLow):
			ink, back = look.Bad, look.BadBg
		}
		head := container.NewHBox(look.Text(c.t("devices.kind."+x.Kind)+" · "+x.Name, look.Ink, 15, true), look.Space(10, 0), look.Text(c.deviceState(x), ink, 15, true))
		times := ""
		if !x.Since.IsZero() {
			times = c.t("since", "Time", x.Since.Format("15:04:05")) + " · " + c.t("devices.spoke", "Time", x.Spoke.Format("15:04:05"))
		}
		line := container.NewBorder(nil, nil, head, look.Text(times, look.Quiet, 13, false))
		rows := container.NewVBox(line)
		if x.State == room.Unknown {
			advice := ReasonText(c.lang, x.Reason)
			if id := "proctor." + x.Kind + ".action"; locales.Has(id) {
				advice += " " + locales.T(c.lang, id)
			}
			rows.Add(look.Wrapped(advice))
		}
		if x.Lock {
			b := look.NewButton(c.t("devices.unlock"), c.control("unlock "+x.Name), func() { d.unlock(x.Name) })
			d.controls["unlock "+x.Name] = b
			rows.Add(container.NewHBox(b))
		}
		d.rows.Add(container.NewStack(canvas.NewRectangle(back), look.Padded(8, 4, rows)))
	}
	if n == 0 {
		d.rows.Add(look.Wrapped(c.t("devices.none")))
	}
	closing := look.NewButton(locales.T(c.lang, "common.close")+" (Esc)", c.control("close"), c.closeDialog)
	closing.Importance = widget.HighImportance
	d.controls["close"] = closing
	d.show(c.t("devices.list"), container.NewBorder(nil, container.NewVBox(look.Space(0, 6), container.NewHBox(closing)), nil, nil, container.NewVScroll(d.rows)))
}

// unlock asks who opens a lock, and why.
func (d *devicesDialog) unlock(door string) {
	c := d.c
	c.closeDialog()
	c.Ask(Question{
		Name: "unlock", Title: func() string { return c.t("devices.unlock") + " · " + door }, Sign: func() string { return c.t("devices.unlock") + " (Enter)" },
		Fields: []Asked{c.Reason("devices.unlock_reason")},
		Submit: func(v map[string]string, by, code string, done func(error)) {
			c.opt.Desk.Unlock(door, v["reason"], by, code, func(err error) {
				var refusal *exam.Refusal
				if err != nil && !errors.As(err, &refusal) {
					err = &lockError{err}
				}
				done(err)
			})
		},
	})
}

// lockError is why a lock was not opened.
type lockError struct{ error }

func (e *lockError) Unwrap() error { return e.error }
