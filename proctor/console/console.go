// Package console is the administrators' window: who is expected, what the detector and the door say, what happens, and the
// act that answers it. It shows views of package room and decides nothing.
package console

import (
	"fmt"
	"image/color"
	"slices"
	"strings"
	"sync"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/proctor/act"
	"emtihan/proctor/room"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Desk is what the window asks of the room; *room.Room is one. Callbacks may come from any goroutine.
type Desk interface {
	Gate(iin string, done func(error))
	Draw(d act.Draft, by, code string, done func(room.Act, error))
	Dismiss(record uint64, reason, by, code string, done func(error))
}

// Options of a console.
type Options struct {
	Lang  locales.Lang
	Forms *act.Forms
	Desk  Desk
	// Notes are sentences about the start, such as a socket that cannot be served, by language.
	Notes func(locales.Lang) []string
	// OnShow is told of every state that the window shows, on the toolkit's goroutine. It must not block.
	OnShow func(Shown)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Do runs a function on the toolkit's goroutine and does not wait for it; nil means fyne.Do.
	Do func(func())
}

// Shown is what the window shows, without personal data, for scripts that drive it.
type Shown struct {
	Screen     string `json:"screen"` // "console"
	Lang       string `json:"lang"`
	Candidates int    `json:"candidates"` // that the search leaves
	Alarms     int    `json:"alarms"`
	Unhandled  int    `json:"unhandled"`
	Detector   string `json:"detector"` // "clear", "alarm", "unknown"
	Door       string `json:"door"`     // "closed", "open", "unknown"
	Stations   int    `json:"stations"`
	Acts       int    `json:"acts"`
	Gate       bool   `json:"gate"`   // somebody is picked for the gate
	Saved      bool   `json:"saved"`  // every record is on the disk
	Dialog     string `json:"dialog"` // "", "act-10", "dismiss", "done", …
	// Focus is the control that has the keyboard. A field that picks from a list finds an entry by its id or its English
	// words as well ("phone"), so that a script needs no Cyrillic keys, which X test tools type unreliably. "search", "candidates", "lang-kk", "new-act", "draw", "no-act"; in a
	// dialog "form", "candidate", the id of a field of the form, "reason", "administrator", "code", "sign", "cancel",
	// "close", "show".
	Focus   string `json:"focus"`
	Problem string `json:"problem,omitempty"` // code of what the dialog complains of
	Busy    bool   `json:"busy,omitempty"`    // the code is checked
	Act     string `json:"act,omitempty"`     // number, in the dialog "done"
}

// Console is the window's content. Its methods but Show belong to the toolkit's goroutine.
type Console struct {
	window  fyne.Window
	session *exam.Session
	opt     Options

	mu      sync.Mutex // guards what follows
	latest  room.View
	pending bool

	view   room.View
	lang   locales.Lang
	query  string
	people []room.Person // that the search leaves
	focus  string
	by     string // who signed last
	dialog dialog
	said   Shown

	search     *entry
	peopleList *list
	linesList  *list
	empty      *canvas.Text
	nobody     *canvas.Text
	gate       *widget.Label
	open       *canvas.Text
	stations   *canvas.Text
	saved      *canvas.Text
	detector   *devicePanel
	door       *devicePanel
	languages  []*button
	newAct     *button
}

// dialog is what lies over the window.
type dialog interface {
	name() string
	problem() (code string, busy bool)
	number() string
	rebuild() // in the present language
	update()  // for the present view
	close()
}

// New fills a window with the console of a session.
func New(w fyne.Window, s *exam.Session, opt Options) *Console {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Do == nil {
		opt.Do = fyne.Do
	}
	c := &Console{window: w, session: s, opt: opt, lang: opt.Lang, view: room.View{Session: s}}
	for _, p := range s.Candidates {
		c.view.People = append(c.view.People, room.Person{Candidate: p})
	}
	if len(s.Administrators) == 1 {
		c.by = s.Administrators[0].Name
	}
	w.Canvas().SetOnTypedKey(func(k *fyne.KeyEvent) { c.key(k) })
	c.build()
	w.Canvas().Focus(c.search)
	return c
}

// Show shows a view. It may be called from any goroutine and never blocks: views that come faster than the window is painted
// are skipped, since the toolkit's queue has no bound.
func (c *Console) Show(v room.View) {
	c.mu.Lock()
	c.latest = v
	posted := c.pending
	c.pending = true
	c.mu.Unlock()
	if posted {
		return
	}
	c.opt.Do(func() {
		c.mu.Lock()
		v := c.latest
		c.pending = false
		c.mu.Unlock()
		c.view = v
		c.update()
	})
}

// Language returns the language that the window shows.
func (c *Console) Language() locales.Lang { return c.lang }

// SetLanguage shows everything in another language, an open dialog with what is entered in it included.
func (c *Console) SetLanguage(l locales.Lang) {
	if l == c.lang {
		return
	}
	c.lang = l
	focus := c.focus
	c.build()
	if c.dialog != nil {
		c.dialog.rebuild()
	} else {
		c.window.Canvas().Focus(c.byID(focus))
	}
	c.tell()
}

// byID returns the control that the focus goes back to after a rebuild; for the rows of lists that is the search.
func (c *Console) byID(id string) fyne.Focusable {
	for _, b := range c.languages {
		if b.id == id {
			return b
		}
	}
	if id == c.newAct.id {
		return c.newAct
	}
	return c.search
}

func (c *Console) t(id string, pairs ...any) string {
	return locales.T(c.lang, "proctor."+id, pairs...)
}

func (c *Console) control(id string) focusable {
	return focusable{id: id, keys: c.key, onFocus: func(id string) { c.focus = id; c.tell() }}
}

// key takes the keys that work wherever the focus is.
func (c *Console) key(k *fyne.KeyEvent) bool {
	switch k.Name {
	case fyne.KeyF9:
		i := slices.Index(locales.All, c.lang)
		c.SetLanguage(locales.All[(i+1)%len(locales.All)])
	case fyne.KeyEscape:
		if c.dialog == nil {
			if c.search.Text == "" {
				return false
			}
			c.search.SetText("")
		} else {
			c.closeDialog()
		}
	case fyne.KeyF2:
		if c.dialog == nil {
			c.openAct(nil)
		}
	case fyne.KeyF3:
		if c.dialog == nil {
			for _, a := range c.view.Alarms {
				if !a.Handled {
					c.openAct(&a)
					break
				}
			}
		}
	default:
		return false
	}
	return true
}

func (c *Console) closeDialog() {
	if c.dialog == nil {
		return
	}
	d := c.dialog
	c.dialog = nil
	d.close()
	c.window.Canvas().Focus(c.search)
	// A control that already had the focus under the dialog is not told of it again.
	c.focus = c.search.id
	c.tell()
}

const leftWidth = 430

func (c *Console) build() {
	c.window.SetTitle(c.t("title"))
	c.search = newEntry(c.control("search"))
	c.search.SetPlaceHolder(c.t("search"))
	c.search.Text = c.query
	c.search.OnChanged = func(s string) { c.query = s; c.filter(); c.tell() }
	c.search.onEnter = func() {
		if len(c.people) > 0 && c.query != "" {
			c.pick(0)
			c.search.SetText("")
		}
	}
	c.peopleList = newList(c.control("candidates"), func() int { return len(c.people) }, newPersonRow, func(i int, o fyne.CanvasObject) {
		if i < len(c.people) {
			c.showPerson(o.(*personRow), c.people[i])
		}
	})
	c.peopleList.OnSelected = func(i int) {
		c.peopleList.UnselectAll()
		c.pick(i)
	}
	c.linesList = newList(c.control("events"), func() int { return len(c.view.Lines) }, func() fyne.CanvasObject { return c.newLineRow() }, func(i int, o fyne.CanvasObject) {
		if i < len(c.view.Lines) {
			c.showLine(o.(*lineRow), c.view.Lines[i])
		}
	})
	c.linesList.OnSelected = func(int) { c.linesList.UnselectAll() }
	c.nobody, c.empty = text("", quiet, 14, false), text("", quiet, 14, false)
	c.gate = widget.NewLabel("")
	c.gate.Wrapping = fyne.TextWrapWord
	c.open, c.stations, c.saved = text("", ink, 15, true), text("", quiet, 13, false), text("", quiet, 13, false)
	c.detector, c.door = newDevicePanel(), newDevicePanel()
	c.newAct = newButton(c.t("new_act")+" (F2)", c.control("new-act"), func() { c.openAct(nil) })
	c.newAct.Importance = widget.HighImportance

	start := c.session.Start.Format("02.01.2006 15:04")
	top := container.NewBorder(nil, nil,
		container.NewHBox(text(c.t("room", "Room", c.session.Room, "Centre", c.session.Centre), ink, 18, true), space(10, 0), text(c.t("begins", "Time", start), quiet, 14, false)),
		c.languageSwitch(&c.languages, c.control))
	left := container.NewBorder(
		container.NewVBox(text(c.t("expected"), ink, 16, true), c.search, container.NewStack(canvas.NewRectangle(tint), c.gate)), nil, nil, nil,
		container.NewStack(c.peopleList, container.NewCenter(c.nobody)))
	devices := container.NewGridWithColumns(2, c.detector.box, c.door.box)
	head := container.NewBorder(nil, nil, container.NewHBox(text(c.t("happening"), ink, 16, true), space(12, 0), container.NewCenter(c.open)), c.newAct)
	right := container.NewBorder(container.NewVBox(devices, space(0, 4), head), nil, nil, nil,
		container.NewStack(c.linesList, container.NewCenter(c.empty)))
	var notes []fyne.CanvasObject
	if c.opt.Notes != nil {
		for _, n := range c.opt.Notes(c.lang) {
			notes = append(notes, container.NewStack(canvas.NewRectangle(warnBg), wrapped(n)))
		}
	}
	notes = append(notes, canvas.NewRectangle(hair), container.NewBorder(nil, nil, text(c.t("keys"), quiet, 13, false),
		container.NewHBox(c.stations, space(16, 0), c.saved)))
	notes[len(notes)-2].(*canvas.Rectangle).SetMinSize(fyne.NewSize(1, 1))
	body := container.New(&split{left: leftWidth}, left, right)
	c.window.SetContent(padded(14, 10, container.NewBorder(container.NewVBox(top, space(0, 4)), container.NewVBox(notes...), nil, nil, body)))
	c.update()
}

// languageSwitch returns the three languages by their own names, the present one marked.
func (c *Console) languageSwitch(keep *[]*button, control func(string) focusable) fyne.CanvasObject {
	box := container.NewHBox()
	*keep = nil
	for _, l := range locales.All {
		b := newButton(l.Name(), control("lang-"+string(l)), func() { c.SetLanguage(l) })
		b.Importance = widget.LowImportance
		if l == c.lang {
			b.Importance = widget.HighImportance
		}
		*keep = append(*keep, b)
		box.Add(b)
	}
	return box
}

// split puts two columns beside each other, the left one of a fixed width.
type split struct{ left float32 }

func (s *split) Layout(o []fyne.CanvasObject, size fyne.Size) {
	const gap = 18
	o[0].Resize(fyne.NewSize(s.left, size.Height))
	o[0].Move(fyne.NewPos(0, 0))
	o[1].Resize(fyne.NewSize(size.Width-s.left-gap, size.Height))
	o[1].Move(fyne.NewPos(s.left+gap, 0))
}

func (s *split) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(s.left+500, 300) }

func (c *Console) update() {
	c.detector.show(c, c.view.Detector, "detector", "clear", "alarm", bad, badBg, good, goodBg)
	c.door.show(c, c.view.Door, "door", "closed", "open", warn, warnBg, good, goodBg)
	if p, ok := c.view.Person(c.view.Gate); ok {
		c.gate.SetText(c.t("gate", "Name", p.Name, "Seat", p.Seat))
	} else {
		c.gate.SetText(c.t("gate_none"))
	}
	if n := c.view.Unhandled(); n > 0 {
		setText(c.open, c.t("open_alarms", "Count", n), bad)
	} else {
		setText(c.open, c.t("all_handled"), quiet)
	}
	setText(c.stations, c.t("stations", "Count", c.view.Stations), quiet)
	switch {
	case c.view.Trouble != nil && journal.IsFull(c.view.Trouble):
		setText(c.saved, c.t("problem.disk_full"), bad)
	case c.view.Trouble != nil:
		setText(c.saved, c.t("problem.disk", "Why", c.view.Trouble), bad)
	case c.isSaved():
		setText(c.saved, c.t("saved"), quiet)
	default:
		setText(c.saved, c.t("saving"), quiet)
	}
	none := ""
	if len(c.view.Lines) == 0 {
		none = c.t("nothing")
	}
	setText(c.empty, none, quiet)
	c.linesList.Refresh()
	c.filter()
	if c.dialog != nil {
		c.dialog.update()
	}
	c.tell()
}

func (c *Console) isSaved() bool { return c.view.Durable >= c.view.Appended && c.view.Trouble == nil }

// filter leaves those whose seat, name or IIN has every word of the query.
func (c *Console) filter() {
	c.people = nil
	words := strings.Fields(strings.ToLower(c.query))
	for _, p := range c.view.People {
		hay := strings.ToLower(p.Seat + " " + p.Name + " " + p.IIN)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(hay, w) }) {
			c.people = append(c.people, p)
		}
	}
	if len(words) == 1 {
		slices.SortStableFunc(c.people, func(a, b room.Person) int { return seatRank(a, words[0]) - seatRank(b, words[0]) })
	}
	none := ""
	if len(c.people) == 0 {
		none = c.t("nobody")
	}
	setText(c.nobody, none, quiet)
	c.peopleList.Refresh()
}

// seatRank puts the seat that was typed first: "1" is the first seat before the tenth.
func seatRank(p room.Person, word string) int {
	if strings.EqualFold(p.Seat, word) {
		return 0
	}
	return 1
}

func (c *Console) pick(i int) {
	if i < len(c.people) && c.opt.Desk != nil {
		c.opt.Desk.Gate(c.people[i].IIN, nil)
	}
}

// tell reports what is shown, if it has changed.
func (c *Console) tell() {
	s := Shown{
		Screen: "console", Lang: string(c.lang), Candidates: len(c.people), Alarms: len(c.view.Alarms), Unhandled: c.view.Unhandled(),
		Detector: stateWord(c.view.Detector.State, "clear", "alarm"), Door: stateWord(c.view.Door.State, "closed", "open"),
		Stations: c.view.Stations, Acts: len(c.view.Acts), Gate: c.view.Gate != "", Saved: c.isSaved(), Focus: c.focus,
	}
	if c.dialog != nil {
		s.Dialog, s.Act = c.dialog.name(), c.dialog.number()
		s.Problem, s.Busy = c.dialog.problem()
	}
	if s == c.said {
		return
	}
	c.said = s
	if c.opt.OnShow != nil {
		c.opt.OnShow(s)
	}
}

func stateWord(q room.Quality, quietly, raised string) string {
	switch q {
	case room.Quiet:
		return quietly
	case room.Raised:
		return raised
	}
	return "unknown"
}

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
		back: canvas.NewRectangle(ground), title: text("", quiet, 14, false), state: text("", ink, 22, true), since: text("", quiet, 13, false), detail: wrapped(""),
	}
	p.detail.SizeName = theme.SizeNameCaptionText
	line := container.NewBorder(nil, nil, p.state, container.NewVBox(layout.NewSpacer(), p.since))
	// The panels keep one height: a window that jumps when a cable is pulled makes one press the wrong button.
	detail := container.NewStack(space(10, 72), container.NewVScroll(p.detail))
	p.box = container.NewStack(p.back, padded(12, 8, container.NewVBox(p.title, line, detail)))
	return p
}

func (p *devicePanel) show(c *Console, d room.Device, kind, quietly, raised string, raisedInk, raisedBg, quietInk, quietBg color.NRGBA) {
	word := stateWord(d.State, quietly, raised)
	fg, bg, detail := warn, warnBg, ""
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
	setText(p.title, title, quiet)
	setText(p.state, c.t(kind+"."+word), fg)
	since := ""
	if !d.Since.IsZero() {
		since = c.t("since", "Time", d.Since.Format("15:04:05"))
	}
	setText(p.since, since, quiet)
	setFill(p.back, bg)
	if p.detail.Text != detail {
		p.detail.SetText(detail)
	}
}

// ReasonText says why a device is unknown and what to do about it; an empty reason is one that has not spoken yet.
func ReasonText(l locales.Lang, reason string) string {
	if reason == "" {
		reason = "waiting"
	}
	id := "proctor.reason." + reason
	if !locales.Has(id) {
		id = "proctor.reason.bad-answer"
	}
	return locales.T(l, id)
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
		back: canvas.NewRectangle(nothing), bar: canvas.NewRectangle(nothing), seat: text("", ink, 20, true), name: oneLine("", true),
		iin: text("", quiet, 13, false), state: text("", quiet, 13, false), mark: text("", bad, 13, true),
	}
	r.seat.Alignment = fyne.TextAlignCenter
	r.ExtendBaseWidget(r)
	return r
}

func (r *personRow) CreateRenderer() fyne.WidgetRenderer {
	r.bar.SetMinSize(fyne.NewSize(5, 46))
	seat := container.NewStack(space(52, 46), container.NewCenter(r.seat))
	under := container.NewBorder(nil, nil, container.NewHBox(space(2, 0), r.iin, space(4, 0), r.state), container.NewHBox(r.mark, space(14, 0)))
	return widget.NewSimpleRenderer(container.NewStack(r.back,
		container.NewBorder(nil, nil, container.NewHBox(r.bar, seat), nil, container.New(layout.NewCustomPaddedVBoxLayout(-4), r.name, under))))
}

func (c *Console) showPerson(r *personRow, p room.Person) {
	setText(r.seat, p.Seat, ink)
	if r.name.Text != p.Name {
		r.name.SetText(p.Name)
	}
	setText(r.iin, p.IIN, quiet)
	state, tone := c.phase(p)
	setText(r.state, state, tone)
	back, bar, mark := nothing, nothing, ""
	if p.IIN == c.view.Gate {
		back = tint
	}
	if n := len(p.Acts); n > 0 {
		mark = c.t("acts", "Count", n)
	}
	if p.Trouble > 0 {
		mark, bar = c.t("trouble", "Count", p.Trouble), bad
	}
	setText(r.mark, mark, bad)
	setFill(r.back, back)
	setFill(r.bar, bar)
}

// phase says in words how far a candidate is, and in which colour.
func (c *Console) phase(p room.Person) (string, color.NRGBA) {
	switch {
	case p.Hold != "":
		tone := quiet
		if p.Hold == room.HoldLocked || p.Hold == room.HoldLate {
			tone = bad
		}
		return c.t("hold." + p.Hold), tone
	case p.Attempt != "" && !p.Online && !p.Phase.Ended():
		return c.t("hold.offline"), warn
	case p.Phase == exam.PhaseNone:
		return c.t("phase.none"), quiet
	case p.Phase == exam.PhaseRunning:
		return c.t("phase.running"), good
	}
	if id := "phase." + string(p.Phase); locales.Has("proctor." + id) {
		return c.t(id), quiet
	}
	return string(p.Phase), quiet
}

// lineRow is one line of what happened.
type lineRow struct {
	widget.BaseWidget
	back, bar    *canvas.Rectangle
	time         *canvas.Text
	what, detail *widget.Label
	state        *canvas.Text
	draw, noAct  *button
	record       uint64
}

func (c *Console) newLineRow() *lineRow {
	r := &lineRow{
		back: canvas.NewRectangle(nothing), bar: canvas.NewRectangle(nothing), time: text("", quiet, 14, false),
		what: oneLine("", true), detail: oneLine("", false), state: text("", quiet, 13, false),
	}
	r.draw = newButton(c.t("draw"), c.control("draw"), func() {
		if a, ok := c.view.Alarm(r.record); ok {
			c.openAct(&a)
		} else {
			c.openLine(r.record)
		}
	})
	r.draw.Importance = widget.HighImportance
	r.noAct = newButton(c.t("no_act"), c.control("no-act"), func() {
		if a, ok := c.view.Alarm(r.record); ok {
			c.openDismiss(a)
		}
	})
	r.ExtendBaseWidget(r)
	return r
}

func (r *lineRow) CreateRenderer() fyne.WidgetRenderer {
	r.bar.SetMinSize(fyne.NewSize(5, 40))
	when := container.NewStack(space(78, 40), container.NewCenter(r.time))
	buttons := container.NewHBox(container.NewCenter(r.state), container.NewCenter(r.draw), container.NewCenter(r.noAct), space(12, 0))
	return widget.NewSimpleRenderer(container.NewStack(r.back,
		container.NewBorder(nil, nil, container.NewHBox(r.bar, when), buttons, container.New(layout.NewCustomPaddedVBoxLayout(-13), r.what, r.detail))))
}

func (c *Console) showLine(r *lineRow, l room.Line) {
	r.record = l.Record
	setText(r.time, l.At.Format("15:04:05"), quiet)
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
	case isAlarm:
		details = append(details, c.t("nobody_tied"))
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
	setText(r.state, state, quiet)
	back, bar := nothing, nothing
	if open {
		back, bar = badBg, bad
	}
	setFill(r.back, back)
	setFill(r.bar, bar)
	door := l.Event == (exam.DoorRead{}).Kind() && l.State == room.Raised
	importance := widget.HighImportance
	if door {
		importance = widget.MediumImportance
	}
	if r.draw.Importance != importance {
		r.draw.Importance = importance
		r.draw.Refresh()
	}
	setVisible(r.draw, open || door)
	setVisible(r.noAct, open)
}

func setVisible(b *button, on bool) {
	if b.Visible() == on {
		return
	}
	if on {
		b.Show()
	} else {
		b.Hide()
	}
}

// event says what happened.
func (c *Console) event(l room.Line) string {
	id := l.Event
	switch l.Event {
	case exam.DetectorRead{}.Kind():
		id += "." + stateWord(l.State, "clear", "alarm")
		if l.Alarm {
			id = "detector.alarm"
		}
	case exam.DoorRead{}.Kind():
		id += "." + stateWord(l.State, "closed", "open")
	case exam.FaceChecked{}.Kind():
		verdict, _, _ := strings.Cut(l.Detail, ":")
		id = "face." + verdict
	case exam.StorageChanged{}.Kind():
		if _, state, _ := storage(l.Detail); locales.Has("proctor.event.storage." + state) {
			id = "storage." + state
		}
	case exam.Locked{}.Kind(), exam.LimitExceeded{}.Kind(), exam.FocusChanged{}.Kind():
		id = strings.TrimSuffix(strings.TrimSuffix(id, ".exceeded"), ".changed") + "." + l.Detail
	}
	if !locales.Has("proctor.event." + id) {
		return c.t("event.unnamed") + ": " + l.Event
	}
	return c.t("event." + id)
}

// storage takes the detail of a change of storage apart: PLACE:STATE:WHY.
func storage(detail string) (place, state, why string) {
	place, rest, _ := strings.Cut(detail, ":")
	state, why, _ = strings.Cut(rest, ":")
	return place, state, why
}

// detail returns what a line says beyond its kind; codes that the sentence already tells are left out.
func (c *Console) detail(l room.Line) string {
	switch l.Event {
	case exam.DetectorRead{}.Kind(), exam.DoorRead{}.Kind():
		if l.State == room.Unknown {
			return ReasonText(c.lang, l.Detail)
		}
		return l.Device
	case exam.FaceChecked{}.Kind(), exam.Locked{}.Kind(), exam.LimitExceeded{}.Kind(), exam.FocusChanged{}.Kind(), exam.HandedIn{}.Kind(), room.SaidRun, exam.FaceUnavailable{}.Kind():
		return ""
	case exam.StorageChanged{}.Kind():
		place, _, why := storage(l.Detail)
		if id := "proctor.storage." + place; locales.Has(id) {
			place = locales.T(c.lang, id)
		}
		return strings.TrimSuffix(place+": "+why, ": ")
	case exam.AdministratorCalled{}.Kind():
		// The sentence is the one on the button that the candidate pressed.
		if id := "station.topic." + l.Detail; locales.Has(id) {
			return locales.T(c.lang, id)
		}
	}
	return l.Detail
}
