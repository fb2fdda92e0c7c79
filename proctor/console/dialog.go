package console

import (
	"errors"
	"io/fs"
	"net/url"
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
	"fyne.io/fyne/v2/widget"
)

// sheet is the part that all dialogs share: a panel over the window, who signs, and what is wrong.
type sheet struct {
	c         *Console
	popup     *widget.PopUp
	by        string
	code      string
	wrong     string // code of the problem
	sentence  func() string
	busy      bool
	controls  map[string]fyne.Focusable
	message   *widget.Label
	sign      *look.Button
	languages []*look.Button
}

func (s *sheet) problem() (string, bool) { return s.wrong, s.busy }
func (s *sheet) number() string          { return "" }
func (s *sheet) update()                 {}

func (s *sheet) close() {
	if s.popup != nil {
		s.popup.Hide()
		s.popup = nil
	}
	s.code = ""
}

// show puts the content over the window, in place of what was there.
func (s *sheet) show(title string, content fyne.CanvasObject) {
	if s.popup != nil {
		s.popup.Hide()
	}
	head := container.NewBorder(nil, nil, look.Text(title, look.Ink, 20, true), s.c.languageSwitch(&s.languages, s.c.control))
	size := s.c.window.Canvas().Size()
	area := fyne.NewSize(min(1240, max(900, size.Width-60)), min(700, max(560, size.Height-50)))
	s.popup = widget.NewModalPopUp(look.Padded(16, 12, container.NewBorder(container.NewVBox(head, look.Space(0, 6)), nil, nil, nil, content)), s.c.window.Canvas())
	s.popup.Resize(area)
	s.popup.Show()
}

// control returns the shared part of a control, and notes the control under its id once made.
func (s *sheet) focus(id string) {
	if f, ok := s.controls[id]; ok {
		s.c.window.Canvas().Focus(f)
	}
}

func (s *sheet) next() { s.c.window.Canvas().FocusNext() }

func (s *sheet) label(l string) fyne.CanvasObject { return look.Text(l, look.Quiet, 13, false) }

// signature returns the fields in which an administrator signs.
func (s *sheet) signature(signLabel string, sign func()) fyne.CanvasObject {
	c := s.c
	var options []option
	for _, a := range c.session.Administrators {
		options = append(options, option{id: a.Name, label: a.Name + ", " + a.Role})
	}
	var picked []string
	if s.by != "" {
		picked = []string{s.by}
	}
	who := newPicker(c.opt.Do, c.control("administrator"), c.t("act.administrator"), options, false, picked)
	who.changed = func(ids []string) {
		s.by = strings.Join(ids, "")
		if s.by != "" {
			s.focus("code")
		}
	}
	who.none = c.t("act.no_match")
	who.next = s.next
	code := look.NewEntry(c.control("code"))
	code.Password = true
	code.Text = s.code
	code.OnChanged = func(v string) { s.code = v }
	code.OnEnter = sign
	s.sign = look.NewButton(signLabel, c.control("sign"), sign)
	s.sign.Importance = widget.HighImportance
	cancel := look.NewButton(locales.T(c.lang, "common.cancel")+" (Esc)", c.control("cancel"), c.closeDialog)
	s.controls["administrator"], s.controls["code"], s.controls["sign"], s.controls["cancel"] = who.entry, code, s.sign, cancel
	s.message = look.Wrapped("")
	s.message.Importance = widget.DangerImportance
	s.message.TextStyle.Bold = true
	s.showMessage()
	return container.NewVBox(
		s.label(c.t("act.required", "Label", c.t("act.administrator"))), who.box,
		s.label(c.t("act.required", "Label", c.t("act.code"))), code,
		s.message, container.NewGridWithColumns(2, s.sign, cancel), look.Text(c.t("act.hurry"), look.Quiet, 13, false))
}

func (s *sheet) showMessage() {
	m := ""
	if s.sentence != nil {
		m = s.sentence()
	}
	s.message.SetText(m)
	if s.busy {
		s.sign.Disable()
		s.sign.SetText(s.c.t("act.signing"))
	}
}

// complain shows what is wrong and puts the focus where it can be mended.
func (s *sheet) complain(code, field string, sentence func() string, d dialog) {
	s.busy, s.wrong, s.sentence = false, code, sentence
	d.rebuild()
	s.focus(field)
	s.c.tell()
}

// complainOf translates an error of the room.
func (s *sheet) complainOf(err error, d dialog) {
	c := s.c
	s.code = ""
	var refusal *exam.Refusal
	var wrong *act.KeyError
	var lock *lockError
	switch {
	case errors.As(err, &lock):
		s.complain("not-unlocked", "code", func() string { return c.t("problem.not-unlocked", "Why", lock) }, d)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		s.complain("key-unreadable", "path", func() string { return c.t("problem.key-unreadable") }, d)
	case errors.As(err, &wrong):
		field := "password"
		if wrong.Code != act.ErrKeyPassword.Code {
			field = "path"
		}
		s.complain(wrong.Code, field, func() string { return c.opt.Forms.Explain(err, string(c.lang)) }, d)
	case errors.As(err, &refusal):
		field := map[string]string{"code": "code", "reason": "reason", "not-expected": "candidate", "corrects": act.FieldCorrects}[refusal.Code]
		if field == "" {
			field = "code"
		}
		s.complain(refusal.Code, field, func() string { return c.t("problem." + refusal.Code) }, d)
	default:
		s.complain("failed", "code", func() string { return c.t("problem.failed", "Why", err) }, d)
	}
}

// actDialog draws up an act.
type actDialog struct {
	sheet
	alarm *room.Alarm
	from  act.Trigger
	draft act.Draft
}

// openAct opens the dialog, prefilled from an alarm, or empty (R19).
func (c *Console) openAct(a *room.Alarm) {
	trigger, iin := act.Trigger{Kind: act.ByHand}, c.Gate()
	if a != nil {
		trigger, iin = a.Trigger(), a.IIN
	}
	c.OpenAct(trigger, iin, a)
}

// openLine opens the dialog for a line that is no alarm, such as a door that opened.
func (c *Console) openLine(record uint64) {
	for _, l := range c.view.Lines {
		if l.Record == record && l.Event == (exam.DoorRead{}).Kind() {
			c.OpenAct(act.Trigger{Kind: act.ByDoor, Record: record, At: l.At, Device: l.Device}, l.IIN, nil)
		}
	}
}

// OpenAct opens the dialog of the form that fits the trigger, about the candidate with the IIN, who may be nobody yet. The
// alarm, which may be nil, is the one that the act answers.
func (c *Console) OpenAct(trigger act.Trigger, iin string, a *room.Alarm) {
	if c.dialog != nil {
		return
	}
	p, _ := c.view.Person(iin)
	id := trigger.FormFor()
	if trigger.Kind == act.ByDetector && p.Attempt != "" {
		id = "12" // the exam runs: what is found now was used, or could have been
	}
	form, ok := c.opt.Forms.Form(id)
	if !ok {
		form = c.opt.Forms.Forms[0]
	}
	d := &actDialog{sheet: sheet{c: c, by: c.signer()}, from: trigger}
	if a != nil {
		alarm := *a
		d.alarm = &alarm
	}
	d.draft = act.Prefill(form, c.session, p.Candidate, trigger, c.opt.Now())
	if d.draft.Fields[act.FieldAttempt] == "" && p.Attempt != "" {
		d.draft.Fields[act.FieldAttempt] = p.Attempt
	}
	c.dialog = d
	d.build()
	d.focus(d.first())
	c.tell()
}

// signer is who signs unless somebody else is picked: who signed last, else who has the entry.
func (c *Console) signer() string {
	if c.by != "" {
		return c.by
	}
	return c.view.Shift
}

func (d *actDialog) name() string { return "act-" + d.draft.Form.ID }

// forms returns the forms that the people of a room draw up: act 12-1 is NCT's, after a review (R18).
func (c *Console) forms() (out []*act.Form) {
	for _, f := range c.opt.Forms.Forms {
		if f.ID != "12-1" {
			out = append(out, f)
		}
	}
	return out
}

// hurry goes to where something is still missing, past everything that has a value already.
func (d *actDialog) hurry() { d.focus(d.first()) }

// first returns the control at which somebody has to do something.
func (d *actDialog) first() string {
	for _, p := range d.c.opt.Forms.Check(d.draft) {
		switch {
		case p.Field == act.FieldName, p.Field == act.FieldIIN:
			return "candidate"
		case d.controls[p.Field] != nil:
			return p.Field
		}
	}
	if d.by == "" {
		return "administrator"
	}
	return "code"
}

// reform takes the draft over into another form: what both have stays.
func (d *actDialog) reform(form *act.Form) {
	p, _ := d.c.view.Person(d.draft.IIN)
	next := act.Prefill(form, d.c.session, p.Candidate, d.from, d.c.opt.Now())
	for _, id := range []string{act.FieldDate, act.FieldTime, act.FieldCause, act.FieldAttempt} {
		if v, ok := d.draft.Fields[id]; ok {
			next.Fields[id] = v
		}
	}
	for _, f := range form.Fields {
		old, had := d.draft.Form.Field(f.ID)
		if v := d.draft.Fields[f.ID]; had && v != "" && old.Kind == f.Kind && f.Kind != act.Fixed && f.Kind != act.Choice {
			next.Fields[f.ID] = v
		}
	}
	d.draft = next
}

func (d *actDialog) rebuild() {
	focus := d.c.focus
	d.build()
	if _, ok := d.controls[focus]; !ok {
		focus = d.first()
	}
	d.focus(focus)
}

func (d *actDialog) build() {
	c := d.c
	lang := string(c.lang)
	d.controls = make(map[string]fyne.Focusable)
	left, right := container.NewVBox(), container.NewVBox()
	field := func(box *fyne.Container, id, label string, required bool, o fyne.CanvasObject, f fyne.Focusable) {
		if required {
			label = c.t("act.required", "Label", label)
		}
		d.controls[id] = f
		box.Add(d.label(label))
		box.Add(o)
	}

	var names []string
	selected := 0
	forms := c.forms()
	for i, f := range forms {
		names = append(names, c.t("act.form_name", "ID", f.ID, "Name", f.Name.In(lang)))
		if f == d.draft.Form {
			selected = i
		}
	}
	form := look.NewChoice(names, selected, c.control("form"), func(i int) {
		d.reform(forms[i])
		d.wrong, d.sentence = "", nil
		d.rebuild()
		c.tell()
	})
	form.OnEnter = d.next
	field(left, "form", c.t("act.form"), true, form, form)

	var people []option
	for _, p := range c.view.People {
		people = append(people, option{id: p.IIN, label: p.Seat + " · " + p.Name, words: p.Seat + " " + p.IIN})
	}
	var who []string
	if d.draft.IIN != "" {
		who = []string{d.draft.IIN}
	}
	candidate := newPicker(c.opt.Do, c.control("candidate"), c.t("act.candidate_hint"), people, false, who)
	candidate.more = func(n int) string { return c.t("act.more", "Count", n) }
	candidate.none = c.t("act.no_match")
	candidate.next = d.next
	candidate.changed = func(ids []string) {
		p, _ := c.view.Person(strings.Join(ids, ""))
		d.draft.About(p.Candidate)
		delete(d.draft.Fields, act.FieldAttempt)
		if p.Attempt != "" {
			d.draft.Fields[act.FieldAttempt] = p.Attempt
		}
		if p.IIN != "" {
			d.next()
		}
	}
	if !d.draft.Form.Room {
		field(left, "candidate", c.t("act.candidate"), true, candidate.box, candidate.entry)
	}

	// What must be typed or picked comes first, in the left column; what has a default value is seldom touched.
	for _, f := range d.draft.Form.Fields {
		if f.Kind.Picks() {
			p := d.list(f)
			field(left, f.ID, f.Label.In(lang), f.Required, p.box, p.entry)
		}
	}
	for _, f := range d.draft.Form.Fields {
		if f.Kind == act.Line && f.ID != act.FieldCorrects || f.Kind == act.Long {
			e := d.words(f)
			field(left, f.ID, f.Label.In(lang), f.Required, e, e)
		}
	}

	d.facts(right)
	for _, f := range d.draft.Form.Fields {
		switch {
		case f.Kind == act.Choice:
			s := d.pickOne(f)
			field(right, f.ID, f.Label.In(lang), f.Required, s, s)
		case f.ID == act.FieldCorrects:
			e := d.words(f)
			field(right, f.ID, f.Label.In(lang), f.Required, e, e)
		}
	}
	right.Add(d.signature(c.t("act.sign"), d.submit))
	columns := container.NewGridWithColumns(2, look.Padded(0, 0, container.NewVScroll(container.New(layout.NewCustomPaddedLayout(0, 0, 0, 14), left))),
		container.NewVScroll(container.New(layout.NewCustomPaddedLayout(0, 0, 8, 14), right)))
	d.show(c.t("act.form_name", "ID", d.draft.Form.ID, "Name", d.draft.Form.Name.In(lang)), columns)
}

// facts shows what is prefilled and cannot be edited.
func (d *actDialog) facts(box *fyne.Container) {
	c, lang := d.c, string(d.c.lang)
	date, _ := d.draft.Form.Field(act.FieldDate)
	lines := []string{
		c.t("act.time") + ": " + c.opt.Forms.ValueText(date, d.draft.Fields[act.FieldDate], lang) + " " + d.draft.Fields[act.FieldTime],
		c.t("act.cause") + ": " + c.opt.Forms.CauseText(d.draft.Fields[act.FieldCause], lang),
		c.t("act.consequence") + ": " + d.draft.Form.Consequence.In(lang),
	}
	box.Add(container.NewStack(canvas.NewRectangle(look.Ground),
		container.NewVBox(look.Wrapped(strings.Join(lines, "\n")), look.Padded(6, 2, look.Text(c.t("act.draft"), look.Warn, 13, false)))))
}

func (d *actDialog) list(f act.Field) *picker {
	c := d.c
	var options []option
	for _, e := range c.opt.Forms.List(f) {
		label := e.In(string(c.lang))
		if f.Kind == act.Bans {
			label = e.ID + ") " + label
		}
		options = append(options, option{id: e.ID, label: label, words: strings.Join([]string{e.KK, e.RU, e.EN}, " ")})
	}
	p := newPicker(c.opt.Do, c.control(f.ID), c.t("act.pick_hint"), options, true, act.Split(d.draft.Fields[f.ID]))
	p.more = func(n int) string { return c.t("act.more", "Count", n) }
	p.none = c.t("act.no_match")
	p.next = d.next
	p.changed = func(ids []string) { d.draft.Fields[f.ID] = act.Join(ids) }
	return p
}

func (d *actDialog) words(f act.Field) *look.Entry {
	e := look.NewEntry(d.c.control(f.ID))
	e.Text = d.draft.Fields[f.ID]
	e.OnChanged = func(v string) { d.draft.Fields[f.ID] = v }
	if f.Kind == act.Long {
		e.MultiLine = true
		e.Wrapping = fyne.TextWrapWord
		e.SetMinRowsVisible(3)
	} else {
		e.OnEnter = d.next
	}
	return e
}

func (d *actDialog) pickOne(f act.Field) *look.Choice {
	var names []string
	selected := -1
	for i, e := range f.Options {
		names = append(names, e.In(string(d.c.lang)))
		if e.ID == d.draft.Fields[f.ID] {
			selected = i
		}
	}
	s := look.NewChoice(names, selected, d.c.control(f.ID), func(i int) { d.draft.Fields[f.ID] = f.Options[i].ID })
	s.OnEnter = d.next
	return s
}

func (d *actDialog) submit() {
	c := d.c
	if d.busy {
		return
	}
	if p := c.opt.Forms.Check(d.draft); len(p) > 0 {
		d.complainDraft(p[0])
		return
	}
	if d.by == "" {
		d.complain("missing", "administrator", func() string { return c.t("problem.missing", "Label", c.t("act.administrator")) }, d)
		return
	}
	if d.code == "" {
		d.complain("missing", "code", func() string { return c.t("problem.missing", "Label", c.t("act.code")) }, d)
		return
	}
	d.busy, d.wrong, d.sentence = true, "", nil
	d.showMessage()
	c.tell()
	c.opt.Desk.Draw(d.draft, d.by, d.code, func(a room.Act, err error) {
		c.opt.Do(func() { d.answered(a, err) })
	})
}

func (d *actDialog) complainDraft(p act.Problem) {
	c := d.c
	label := func() string {
		if f, ok := d.draft.Form.Field(p.Field); ok {
			return f.Label.In(string(c.lang))
		}
		return p.Field
	}
	field := p.Field
	if field == act.FieldName || field == act.FieldIIN {
		field = "candidate"
	}
	d.complain(p.Code, field, func() string {
		if !locales.Has("proctor.problem." + p.Code) {
			return c.opt.Forms.Say(p, string(c.lang))
		}
		return c.t("problem."+p.Code, "Label", label())
	}, d)
}

func (d *actDialog) answered(a room.Act, err error) {
	c := d.c
	var incomplete *act.Incomplete
	switch {
	case c.dialog != dialog(d):
		return // closed in the meantime; the act stands in the list
	case a.Number == "" && errors.As(err, &incomplete):
		d.complainDraft(incomplete.Problems[0])
	case a.Number == "":
		d.complainOf(err, d)
	default:
		c.by = d.by
		d.close()
		done := &doneDialog{sheet: sheet{c: c}, act: a, err: err}
		c.dialog = done
		done.build()
		c.tell()
	}
}

// doneDialog says that an act is drawn up.
type doneDialog struct {
	sheet
	act room.Act
	err error
}

func (d *doneDialog) name() string   { return "done" }
func (d *doneDialog) number() string { return d.act.Number }
func (d *doneDialog) rebuild()       { d.build() }

func (d *doneDialog) build() {
	c := d.c
	d.controls = make(map[string]fyne.Focusable)
	where := look.Wrapped(c.t("act.path", "Path", d.act.Path))
	if d.err != nil {
		where = look.Wrapped(c.t("problem.file", "Number", d.act.Number, "Why", d.err))
		where.Importance = widget.DangerImportance
	}
	signed := look.Wrapped(c.t("act.unsigned"))
	if n := len(d.act.Signatures); n > 0 {
		signed = look.Wrapped(c.t("act.signed", "Name", d.act.Signatures[n-1].Signer, "Path", act.SignatureFileName(d.act.Number)))
	}
	closing := look.NewButton(locales.T(c.lang, "common.close")+" (Enter)", c.control("close"), c.closeDialog)
	closing.Importance = widget.HighImportance
	show := look.NewButton(c.t("act.show"), c.control("show"), func() {
		// Without a viewer the path on the screen is what remains.
		_ = fyne.CurrentApp().OpenURL(&url.URL{Scheme: "file", Path: d.act.Path})
	})
	d.controls["close"], d.controls["show"] = closing, show
	d.show(c.t("act.done", "Number", d.act.Number), container.NewVBox(look.Wrapped(c.t("act.done_detail")), where, signed, look.Space(0, 8),
		container.NewHBox(closing, show)))
	d.popup.Resize(fyne.NewSize(820, d.popup.MinSize().Height))
	d.focus("close")
}
