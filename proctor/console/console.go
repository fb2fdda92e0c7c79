// Package console is the administrators' window: who is expected, what the devices say, what happens, and the act that answers
// it. It shows views of package room and decides nothing.
package console

import (
	"slices"
	"sync"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/proctor/act"
	"emtihan/proctor/console/look"
	"emtihan/proctor/room"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Desk is what the window asks of the room; *room.Room is one. Callbacks may come from any goroutine.
type Desk interface {
	Gate(iin string, done func(error))
	Draw(d act.Draft, by, code string, done func(room.Act, error))
	Dismiss(record uint64, reason, by, code string, done func(error))
	Unlock(door, reason, by, code string, done func(error))
	SuspendAll(reason, by, code string, done func(error))
	ResumeAll(reason, by, code string, done func(error))
	TakeKey(path, password, by, code string, done func(name string, err error))
}

// Page is another view of the same window, such as the entry. Its methods belong to the toolkit's goroutine.
type Page interface {
	Title() string            // in the present language, for the switch
	Build() fyne.CanvasObject // anew, in the present language
	Update(v room.View)
	Key(k *fyne.KeyEvent) bool // a key that works wherever the focus is; reports whether it took it
	Focus() fyne.Focusable     // where the keyboard begins
	Shown() any                // for Shown.Entry: comparable, without personal data
}

// Options of a console.
type Options struct {
	Lang  locales.Lang
	Forms *act.Forms
	Desk  Desk
	// Notes are sentences about the start, such as a socket that cannot be served, by language.
	Notes func(locales.Lang) []string
	// KeyFiles returns the files that may hold an administrator's key, such as those on a stick; nil: none are known.
	KeyFiles func() []string
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
	Page       string `json:"page"`   // "room" or "entry"
	Lang       string `json:"lang"`
	Candidates int    `json:"candidates"` // that the search leaves
	Alarms     int    `json:"alarms"`
	Unhandled  int    `json:"unhandled"`
	Detector   string `json:"detector"` // "clear", "alarm", "unknown"
	Door       string `json:"door"`     // "closed", "open", "unknown"
	Stations   int    `json:"stations"`
	Acts       int    `json:"acts"`
	Gate       string `json:"gate"`   // seat of who is in the gate
	Saved      bool   `json:"saved"`  // every record is on the disk
	Dialog     string `json:"dialog"` // "", "act-10", "dismiss", "done", …
	// Focus is the control that has the keyboard. A field that picks from a list finds an entry by its id or its English
	// words as well ("phone"), so that a script needs no Cyrillic keys, which X test tools type unreliably. "search", "candidates", "lang-kk", "new-act", "draw", "no-act"; in a
	// dialog "form", "candidate", the id of a field of the form, "reason", "administrator", "code", "sign", "cancel",
	// "close", "show".
	Focus   string `json:"focus"`
	Problem string `json:"problem,omitempty"` // code of what the dialog complains of
	Busy    bool   `json:"busy,omitempty"`    // the code is checked
	Away    int    `json:"away,omitempty"`    // candidates outside the room
	Order   string `json:"order,omitempty"`   // what all stations were told last
	Entry   any    `json:"entry,omitempty"`   // what the page of the entry shows
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
	picked string // IIN of who was picked for the gate and is not in the view yet
	lang   locales.Lang
	query  string
	people []room.Person // that the search leaves
	focus  string
	by     string // who signed last
	dialog dialog
	said   Shown

	page   Page // nil: there is only the room
	onPage bool // the page is shown

	search     *look.Entry
	peopleList *look.List
	linesList  *look.List
	empty      *canvas.Text
	nobody     *canvas.Text
	gate       *widget.Label
	open       *canvas.Text
	stations   *canvas.Text
	saved      *canvas.Text
	detector   *devicePanel
	door       *devicePanel
	others     *widget.Label
	held       *widget.Label
	heldBox    *fyne.Container
	languages  []*look.Button
	newAct     *look.Button
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
		if v.Gate == c.picked {
			c.picked = ""
		}
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
	if c.onPage && c.dialog == nil {
		c.window.Canvas().Focus(c.page.Focus())
		c.tell()
		return
	}
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
		if b.ID == id {
			return b
		}
	}
	if id == c.newAct.ID {
		return c.newAct
	}
	return c.search
}

// AddPage adds a page, which F4 and its name at the top show in place of the room.
func (c *Console) AddPage(p Page) {
	c.page = p
	c.build()
	c.window.Canvas().Focus(c.search)
}

// Turn shows the page, or the room again.
func (c *Console) Turn(toPage bool) {
	if c.page == nil || c.dialog != nil || toPage == c.onPage {
		return
	}
	c.onPage = toPage
	c.build()
	c.home()
}

// home gives the keyboard to where one begins.
func (c *Console) home() {
	var f fyne.Focusable = c.search
	if c.onPage {
		f = c.page.Focus()
	}
	c.window.Canvas().Focus(f)
	// A control that had the focus already is not told of it again.
	if named, ok := f.(interface{ Name() string }); ok {
		c.focus = named.Name()
	}
	c.tell()
}

// View returns the view that is shown.
func (c *Console) View() room.View { return c.view }

// Gate returns the IIN of who is in the gate, "" when it is nobody.
func (c *Console) Gate() string {
	if c.picked != "" {
		return c.picked
	}
	return c.view.Gate
}

// Picking reports whether whoever was picked is not in the view yet: what the room knows about them is still on its way.
func (c *Console) Picking() bool { return c.picked != "" }

// Pick puts a candidate into the gate. What is pressed next is about them, however long the room takes: an act must not be
// drawn up about whoever stood there before. done, which may be nil, runs on the toolkit's goroutine with the room's answer.
func (c *Console) Pick(iin string, done func(error)) {
	if c.opt.Desk == nil {
		return
	}
	c.picked = iin
	c.opt.Desk.Gate(iin, func(err error) {
		c.opt.Do(func() {
			// The room shows its view before it answers: whom the view does not have, it refused.
			if c.picked == iin {
				c.picked = ""
			}
			if done != nil {
				done(err)
			}
			c.update()
		})
	})
	c.update()
}

// Do runs f on the toolkit's goroutine.
func (c *Console) Do(f func()) { c.opt.Do(f) }

// Now returns the time.
func (c *Console) Now() time.Time { return c.opt.Now() }

// Busy reports whether a dialog lies over the window.
func (c *Console) Busy() bool { return c.dialog != nil }

// T returns a sentence of the administrators' windows in the present language.
func (c *Console) T(id string, pairs ...any) string { return c.t(id, pairs...) }

// Control returns what a control of a page needs: its id, the window's keys, and that the focus is told.
func (c *Console) Control(id string) look.Focusable { return c.control(id) }

// Tell reports what is shown, if it has changed.
func (c *Console) Tell() { c.tell() }

func (c *Console) t(id string, pairs ...any) string {
	return locales.T(c.lang, "proctor."+id, pairs...)
}

func (c *Console) control(id string) look.Focusable {
	return look.Focusable{ID: id, Keys: c.key, OnFocus: func(id string) { c.focus = id; c.tell() }}
}

// key takes the keys that work wherever the focus is.
func (c *Console) key(k *fyne.KeyEvent) bool {
	if c.dialog == nil && c.onPage && c.page.Key(k) {
		return true
	}
	switch k.Name {
	case fyne.KeyF4:
		c.Turn(!c.onPage)
	case fyne.KeyF1:
		if c.dialog == nil {
			c.OpenKey()
		}
	case fyne.KeyF8:
		if c.dialog == nil {
			for _, a := range c.view.Alarms {
				if !a.Handled {
					c.OpenDismiss(a)
					break
				}
			}
		}
	case fyne.KeyF6:
		if c.dialog == nil {
			c.openDevices()
		}
	case fyne.KeyF12:
		if c.dialog == nil {
			c.openOrder()
		}
	case fyne.KeyF10:
		d, ok := c.dialog.(interface{ hurry() })
		if !ok {
			return false
		}
		d.hurry()
	case fyne.KeyF9:
		i := slices.Index(locales.All, c.lang)
		c.SetLanguage(locales.All[(i+1)%len(locales.All)])
	case fyne.KeyEscape:
		if c.dialog == nil {
			if c.onPage || c.search.Text == "" {
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
	c.home()
	if c.onPage {
		c.page.Update(c.view)
	}
}

const leftWidth = 430

func (c *Console) build() {
	c.window.SetTitle(c.t("title"))
	c.search = look.NewEntry(c.control("search"))
	c.search.SetPlaceHolder(c.t("search"))
	c.search.Text = c.query
	c.search.OnChanged = func(s string) { c.query = s; c.filter(); c.tell() }
	c.search.OnEnter = func() {
		if len(c.people) > 0 && c.query != "" {
			c.pick(0)
			c.search.SetText("")
		}
	}
	c.peopleList = look.NewList(c.control("candidates"), func() int { return len(c.people) }, newPersonRow, func(i int, o fyne.CanvasObject) {
		if i < len(c.people) {
			c.showPerson(o.(*personRow), c.people[i])
		}
	})
	c.peopleList.OnSelected = func(i int) {
		c.peopleList.UnselectAll()
		c.pick(i)
	}
	c.linesList = look.NewList(c.control("events"), func() int { return len(c.view.Lines) }, func() fyne.CanvasObject { return c.newLineRow() }, func(i int, o fyne.CanvasObject) {
		if i < len(c.view.Lines) {
			c.showLine(o.(*lineRow), c.view.Lines[i])
		}
	})
	c.linesList.OnSelected = func(int) { c.linesList.UnselectAll() }
	c.nobody, c.empty = look.Text("", look.Quiet, 14, false), look.Text("", look.Quiet, 14, false)
	c.gate = widget.NewLabel("")
	c.gate.Wrapping = fyne.TextWrapWord
	c.open, c.stations, c.saved = look.Text("", look.Ink, 15, true), look.Text("", look.Quiet, 13, false), look.Text("", look.Quiet, 13, false)
	c.detector, c.door = newDevicePanel(), newDevicePanel()
	c.newAct = look.NewButton(c.t("new_act")+" (F2)", c.control("new-act"), func() { c.openAct(nil) })
	c.newAct.Importance = widget.HighImportance

	start := c.session.Start.Format("02.01.2006 15:04")
	top := container.NewBorder(nil, nil,
		container.NewHBox(look.Text(c.t("room", "Room", c.session.Room, "Centre", c.session.Centre), look.Ink, 18, true), look.Space(10, 0), look.Text(c.t("begins", "Time", start), look.Quiet, 14, false)),
		container.NewHBox(c.pageSwitch(), look.Space(14, 0), c.languageSwitch(&c.languages, c.control)))
	c.others = look.Wrapped("")
	c.others.SizeName = theme.SizeNameCaptionText
	c.held = look.Wrapped("")
	c.held.TextStyle.Bold = true
	order := look.NewButton(c.t("order.end")+" (F12)", c.control("order"), c.openOrder)
	c.heldBox = container.NewStack(canvas.NewRectangle(look.WarnBg), look.Padded(8, 2, container.NewBorder(nil, nil, nil, container.NewCenter(order), c.held)))
	left := container.NewBorder(
		container.NewVBox(look.Text(c.t("expected"), look.Ink, 16, true), c.search, container.NewStack(canvas.NewRectangle(look.Tint), c.gate)), nil, nil, nil,
		container.NewStack(c.peopleList, container.NewCenter(c.nobody)))
	list := look.NewButton(c.t("devices.list")+" (F6)", c.control("devices"), c.openDevices)
	third := container.NewStack(canvas.NewRectangle(look.Ground), look.Padded(12, 8, container.NewBorder(look.Text(c.t("devices.others"), look.Quiet, 14, false), container.NewHBox(list), nil, nil, c.others)))
	devices := container.NewGridWithColumns(3, c.detector.box, c.door.box, third)
	head := container.NewBorder(nil, nil, container.NewHBox(look.Text(c.t("happening"), look.Ink, 16, true), look.Space(12, 0), container.NewCenter(c.open)), c.newAct)
	right := container.NewBorder(container.NewVBox(devices, c.heldBox, look.Space(0, 4), head), nil, nil, nil,
		container.NewStack(c.linesList, container.NewCenter(c.empty)))
	var notes []fyne.CanvasObject
	if c.opt.Notes != nil {
		for _, n := range c.opt.Notes(c.lang) {
			notes = append(notes, container.NewStack(canvas.NewRectangle(look.WarnBg), look.Wrapped(n)))
		}
	}
	notes = append(notes, canvas.NewRectangle(look.Hair), container.NewBorder(nil, nil, look.Text(c.keysLine(), look.Quiet, 13, false),
		container.NewHBox(c.stations, look.Space(16, 0), c.saved)))
	notes[len(notes)-2].(*canvas.Rectangle).SetMinSize(fyne.NewSize(1, 1))
	var body fyne.CanvasObject
	if c.onPage {
		body = c.page.Build()
	} else {
		body = container.New(&split{left: leftWidth}, left, right)
	}
	c.window.SetContent(look.Padded(14, 10, container.NewBorder(container.NewVBox(top, look.Space(0, 4)), container.NewVBox(notes...), nil, nil, body)))
	c.update()
}

// keysLine names the keys of what is shown.
func (c *Console) keysLine() string {
	if c.onPage {
		return c.t("entry.keys")
	}
	return c.t("keys")
}

// pageSwitch returns the names of the two pages, the present one marked.
func (c *Console) pageSwitch() fyne.CanvasObject {
	if c.page == nil {
		return container.NewHBox()
	}
	first := look.NewButton(c.t("page"), c.control("page-room"), func() { c.Turn(false) })
	second := look.NewButton(c.page.Title()+" (F4)", c.control("page-entry"), func() { c.Turn(true) })
	first.Importance, second.Importance = widget.HighImportance, widget.LowImportance
	if c.onPage {
		first.Text, second.Text = c.t("page")+" (F4)", c.page.Title()
		first.Importance, second.Importance = widget.LowImportance, widget.HighImportance
	}
	return container.NewHBox(first, second)
}

// languageSwitch returns the three languages by their own names, the present one marked.
func (c *Console) languageSwitch(keep *[]*look.Button, control func(string) look.Focusable) fyne.CanvasObject {
	box := container.NewHBox()
	*keep = nil
	for _, l := range locales.All {
		b := look.NewButton(l.Name(), control("lang-"+string(l)), func() { c.SetLanguage(l) })
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
	if c.onPage {
		c.page.Update(c.view)
	}
	c.showOrder()
	c.showOthers()
	c.detector.show(c, c.view.Detector, "detector", "clear", "alarm", look.Bad, look.BadBg, look.Good, look.GoodBg)
	c.door.show(c, c.view.Door, "door", "closed", "open", look.Warn, look.WarnBg, look.Good, look.GoodBg)
	if p, ok := c.view.Person(c.Gate()); ok {
		c.gate.SetText(c.t("gate", "Name", p.Name, "Seat", p.Seat))
	} else {
		c.gate.SetText(c.t("gate_none"))
	}
	if n := c.view.Unhandled(); n > 0 {
		look.SetText(c.open, c.t("open_alarms", "Count", n), look.Bad)
	} else {
		look.SetText(c.open, c.t("all_handled"), look.Quiet)
	}
	look.SetText(c.stations, c.t("stations", "Count", c.view.Stations), look.Quiet)
	switch {
	case c.view.Trouble != nil && journal.IsFull(c.view.Trouble):
		look.SetText(c.saved, c.t("problem.disk_full"), look.Bad)
	case c.view.Trouble != nil:
		look.SetText(c.saved, c.t("problem.disk", "Why", c.view.Trouble), look.Bad)
	case c.isSaved():
		look.SetText(c.saved, c.t("saved"), look.Quiet)
	default:
		look.SetText(c.saved, c.t("saving"), look.Quiet)
	}
	none := ""
	if len(c.view.Lines) == 0 {
		none = c.t("nothing")
	}
	look.SetText(c.empty, none, look.Quiet)
	c.linesList.Refresh()
	c.filter()
	if c.dialog != nil {
		c.dialog.update()
	}
	c.tell()
}

func (c *Console) isSaved() bool { return c.view.Durable >= c.view.Appended && c.view.Trouble == nil }

// filter leaves those whom the query means.
func (c *Console) filter() {
	c.people = c.view.Search(c.query)
	none := ""
	if len(c.people) == 0 {
		none = c.t("nobody")
	}
	look.SetText(c.nobody, none, look.Quiet)
	c.peopleList.Refresh()
}

func (c *Console) pick(i int) {
	if i < len(c.people) {
		c.Pick(c.people[i].IIN, nil)
	}
}

// tell reports what is shown, if it has changed.
func (c *Console) tell() {
	s := Shown{
		Screen: "console", Lang: string(c.lang), Candidates: len(c.people), Alarms: len(c.view.Alarms), Unhandled: c.view.Unhandled(),
		Detector: stateWord(c.view.Detector.State, "clear", "alarm"), Door: stateWord(c.view.Door.State, "closed", "open"),
		Stations: c.view.Stations, Acts: len(c.view.Acts), Saved: c.isSaved(), Focus: c.focus,
	}
	s.Page = "room"
	if c.onPage {
		s.Page, s.Entry = "entry", c.page.Shown()
	}
	for _, p := range c.view.People {
		if p.IIN == c.Gate() {
			s.Gate = p.Seat
		}
		if !p.Out.IsZero() {
			s.Away++
		}
	}
	if c.view.Order != nil {
		s.Order = c.view.Order.What
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
