package station

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"emtihan/assets/locales"
	"emtihan/devices/display"
	"emtihan/devices/sound"
	"emtihan/exam"
	"emtihan/station/editor/keyboard"
	"emtihan/station/item"
	"emtihan/station/look"
	"emtihan/station/problem"
	"emtihan/station/session"
	"emtihan/station/tools"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// screen is one picture of the station and what it does with keys and new views.
type screen struct {
	name   string
	root   fyne.CanvasObject
	update func(session.View) // a new view of the same screen
	tick   func()             // about four times a second
	enter  func()             // the step that the screen leads to, on Enter
	keys   []binding          // besides those of all screens
	shown  func()             // once it is on the window
	close  func()             // it goes away
	sight  func(*sight)       // adds to the diagnostics
}

func (s *screen) leave() {
	if s != nil && s.close != nil {
		s.close()
	}
}

// ui is the window. Its fields belong to Fyne's goroutine, except where a mutex stands.
type ui struct {
	app     fyne.App
	win     fyne.Window
	set     *setup
	actor   *session.Actor
	eye     *eye
	witness *witness
	room    *roomLink
	started time.Time
	painted bool

	lang    locales.Lang
	view    session.View
	scr     *screen
	key     string // what the present screen was made for
	sheet   *sheet
	exam    *examPane         // the exam, while it is the present screen
	drafts  map[string]string // text answers that went off the screen while the actor was behind them
	strays  map[string]bool   // text answers that differ from the actor's, or may, with nothing on the way that would mend it
	desk    tools.Desk        // the candidate's calculator while it is closed
	work    *item.Desk        // what a candidate does with the tasks, while one sits there
	player  sound.Player
	carets  map[string]int // where the caret stood in each of them, in runes
	flights map[string]int // answers sent to the actor that it has not taken or refused yet, by item
	at      string         // the item that the exam showed last
	bound   bool           // a function key is at work, which writes nothing by itself
	holder  *fyne.Container
	trouble *look.Banner
	typed   string       // IIN on the login screen
	refusal error        // why it was refused
	sees    bool         // the present screen has shown a picture of the camera
	post    func(func()) // runs a function on Fyne's goroutine
	doze    *doze        // nil where the toolkit has no window
	stop    chan struct{}
	exit    int

	stationKeys []binding               // of all screens
	mods        func() fyne.KeyModifier // which are down

	prefs   exam.Preferences // how the window looks (R2)
	owner   string           // the attempt whose preferences they are; empty: nobody's
	putAway int              // minutes left whose warning the candidate has put away, or 0
	filter  filter           // what the navigator lists
	later   func()           // at the next tick
	band    *fyne.Container  // holds trouble

	keyboard      *keyboard.Watcher
	keyboardAsked bool
	focused       fyne.Focusable // when it was last brought into sight
	layout        string         // short name of the keyboard layout; empty while it is not known
	seat          exam.Presence  // what the camera shows during the exam; empty: nobody looks
	camera        atomic.Int32   // a cameraState
	cameraFailed  atomic.Bool    // when it was used last

	mu      sync.Mutex // guards what follows
	next    session.View
	waiting bool
}

// Run shows the station until it is closed and returns the exit code.
func Run(opt Options) int {
	started := time.Now()
	if err := display.Check(os.Getenv("DISPLAY")); err != nil {
		explain(os.Stderr, problem.New(problem.NoDisplay, err))
		return problem.ExitNoDisplay
	}
	w, err := openWitness(opt.Witness)
	if err != nil {
		fmt.Fprintln(os.Stderr, "witness:", err)
		return problem.ExitUsage
	}
	beModest()
	w.reach(phaseProcess, started)
	u := newUI(app.NewWithID("kz.testcenter.emtihan.station"), opt, w, started)
	w.reach(phaseToolkit, time.Now())
	return u.run(opt)
}

func newUI(a fyne.App, opt Options, w *witness, started time.Time) *ui {
	u := &ui{app: a, lang: opt.Lang, witness: w, started: started, post: fyne.Do, stop: make(chan struct{}), mods: modifiers, player: sound.NewALSA("")}
	u.stationKeys = u.everywhere()
	u.prefs = preset(opt)
	look.Use(u.setting())
	u.win = a.NewWindow("Emtihan")
	u.win.SetPadded(false)
	u.win.SetMaster()
	u.holder = container.NewStack()
	u.trouble = look.NewBanner(look.Trouble, "")
	u.band = container.NewStack(u.trouble)
	u.win.SetContent(container.NewStack(container.NewBorder(u.band, nil, nil, nil, u.holder), compiled()))
	u.win.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) {
		if e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter {
			u.pressEnter()
		}
	})
	if c, ok := u.win.Canvas().(desktop.Canvas); ok {
		c.SetOnKeyDown(func(e *fyne.KeyEvent) { u.keys(e) })
	}
	return u
}

func (u *ui) run(opt Options) int {
	u.doze = newDoze(func() bool { return u.exam != nil && u.sheet == nil })
	u.post = u.doze.post
	s, err := read(opt)
	u.witness.reach(phaseSession, time.Now())
	if err == nil {
		err = s.takeFolder()
		u.witness.reach(phaseFolder, time.Now())
	}
	if err == nil {
		u.set = s
		defer s.release()
		u.room = dialRoom(opt.Room, opt.Name)
		u.actor, err = s.start(u.room.tell, u.room.sign)
		u.witness.reach(phaseJournal, time.Now())
	}
	if err != nil {
		explain(os.Stderr, err)
		u.exit = problem.Of(err).Exit()
		u.showProblem(err)
	} else {
		u.begin(opt)
	}
	if opt.Window {
		u.win.Resize(fyne.NewSize(1366, 768))
		u.win.CenterOnScreen()
	} else {
		u.win.SetFullScreen(true)
	}
	u.win.SetCloseIntercept(u.closeRequested)
	u.win.Show()
	u.app.Lifecycle().SetOnStarted(func() {
		go u.doze.run(u.stop)
		u.witness.reach(phaseWindow, time.Now())
		u.see()
	})
	u.app.Run()
	close(u.stop)
	if u.room != nil {
		defer u.room.close()
	}
	if u.keyboard != nil {
		defer u.keyboard.Close()
	}
	if u.actor != nil {
		u.scr.leave()
		u.eye.close()
		if err := u.actor.Close(); err != nil {
			explain(os.Stderr, problem.New(problem.Of(err), err))
			return problem.Of(err).Exit()
		}
	}
	return u.exit
}

// begin connects the window with the actor.
func (u *ui) begin(opt Options) {
	u.eye = newEye(opt.Camera, opt.Models)
	u.room.attach(u.actor)
	u.forget()
	u.view = u.actor.View()
	u.next = u.view
	u.render()
	u.actor.Watch(u.push)
	u.actor.Watch(u.watchSeat().follow)
	u.app.Lifecycle().SetOnExitedForeground(func() { u.focusChanged(true) })
	u.app.Lifecycle().SetOnEnteredForeground(func() { u.focusChanged(false) })
	go u.ticks()
	go u.watchCamera()
}

// focusChanged records that the exam window lost the keyboard (R17).
func (u *ui) focusChanged(lost bool) {
	if a := u.view.Attempt; a != nil && a.Phase == exam.PhaseRunning {
		u.actor.Do(exam.ReportFocus{Lost: lost}, nil)
	}
}

// push takes a view from the actor. Fyne's queue has no bound, so only one call waits in it, and it takes the newest view.
// A view in which only time has passed waits for the clock's next look: it comes twice a second, to a toolkit that may be
// asleep.
func (u *ui) push(v session.View) {
	u.mu.Lock()
	waiting, older := u.waiting, v.OnlyOlder(u.next)
	u.next = v
	u.waiting = waiting || !older
	u.mu.Unlock()
	if waiting || older {
		return
	}
	u.post(func() {
		u.take()
		u.render()
	})
}

// take takes the newest view.
func (u *ui) take() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.view, u.waiting = u.next, false
}

// grow takes the newest view where only time has passed since the screen was rendered.
func (u *ui) grow() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.waiting {
		u.view = u.next
	}
}

// untilTick returns when the screen must be looked after next: four times a second or, where somebody only sits there and
// thinks, when the clock shows another second.
func (u *ui) untilTick() time.Duration {
	if u.doze == nil || !u.doze.still() {
		return tickEvery
	}
	a := u.actor.View().Attempt
	if a == nil {
		return tickEvery
	}
	next := a.Remaining(u.actor.Now())%time.Second + time.Millisecond
	if next < tickEvery {
		next += time.Second // it stands still, or this tick was for it
	}
	return next
}

const tickEvery = 250 * time.Millisecond

func (u *ui) ticks() {
	busy := make(chan struct{}, 1)
	for {
		select {
		case <-time.After(u.untilTick()):
		case <-u.stop:
			return
		}
		if u.doze != nil && u.doze.tidies() {
			// The toolkit drops what has gone off the screen only when it paints.
			u.post(func() { canvas.Refresh(u.band) })
			time.AfterFunc(time.Second, giveBack)
		}
		select {
		case busy <- struct{}{}:
			u.post(func() {
				<-busy
				u.grow()
				u.followFocus()
				u.watchKeyboard()
				if f := u.later; f != nil {
					u.later = nil
					f()
				}
				if u.scr != nil && u.scr.tick != nil {
					u.scr.tick()
				}
			})
		default:
		}
	}
}

// pick names the screen that a view calls for.
func (u *ui) pick(v session.View) string {
	a := v.Attempt
	switch {
	case a == nil && v.Sealed:
		return "sealed"
	case a == nil:
		return "login"
	case a.Phase == exam.PhasePostponed:
		return "postponed"
	case a.Phase == exam.PhaseWithdrawn:
		return "withdrawn"
	case a.Appealing():
		return "review"
	case a.Phase == exam.PhaseFinished:
		return "end"
	case a.TooLate():
		return "late"
	case a.Suspended != nil:
		return "suspended"
	case a.Lock != nil && a.Lock.Cause != exam.LockRestart:
		return "locked"
	case a.Awaits() != "":
		return "face-" + string(a.Awaits())
	case a.Phase == exam.PhaseIdentified:
		return "data"
	case a.Phase == exam.PhaseDataConfirmed:
		return "rules"
	case a.Phase == exam.PhaseRulesRead:
		return "confirm"
	case a.Phase == exam.PhaseConfirmed:
		return "enter"
	}
	return "exam"
}

// render shows the present view: a new screen where the view or the language calls for one, or an update of the old.
func (u *ui) render() {
	u.adopt()
	name := u.pick(u.view)
	key := fmt.Sprintf("%s/%s/%v", name, u.lang, u.setting())
	if a := u.view.Attempt; a == nil {
		u.forget()
	} else {
		key += "/" + a.Opened.Attempt
		if saysMinutes[name] {
			key += "/" + a.Allowance().String() // an administrator can grant extra time on any of them
		}
	}
	u.showTrouble()
	if u.scr == nil || u.key != key {
		if u.scr == nil || u.scr.name != name {
			u.closeSheet()
		}
		u.key = key
		u.show(u.build(name))
	} else if u.scr.update != nil {
		u.scr.update(u.view)
	}
	if u.sheet != nil && u.sheet.follow != nil {
		u.sheet.follow()
	}
	u.see()
}

// saysMinutes names the screens before the start that tell the candidate's time.
var saysMinutes = map[string]bool{"data": true, "confirm": true, "enter": true}

// forget drops what the window keeps of a candidate, so that the next one finds nothing of it.
func (u *ui) forget() {
	u.drafts, u.strays = make(map[string]string), make(map[string]bool)
	u.carets, u.flights, u.at, u.filter = make(map[string]int), make(map[string]int), "", allTasks
	u.desk = tools.Desk{}
	u.clearDesk()
	look.ClearClipboard()
}

func (u *ui) showTrouble() {
	text := ""
	if u.view.Trouble != nil {
		code := problem.Of(u.view.Trouble)
		if code == problem.Unexpected {
			code = problem.DiskFailed
		}
		text = u.t("problem."+string(code)+".what") + " " + u.t("station.exam.keep-writing")
	}
	if u.trouble.Text() != text {
		u.trouble.Set(look.Trouble, text)
		u.win.Content().Refresh()
	}
}

func (u *ui) show(s *screen) {
	u.beneath(func() {
		u.scr.leave()
		u.scr, u.sees = s, false
		u.holder.Objects = []fyne.CanvasObject{s.root}
		u.holder.Refresh()
		u.win.Canvas().Unfocus()
		if s.shown != nil {
			s.shown()
		}
	})
}

// beneath runs what moves the focus of the screen, where a sheet may lie over it: the toolkit would move that of the sheet, and
// leave the screen's with what is no longer there.
func (u *ui) beneath(f func()) {
	c, over := u.win.Canvas(), u.sheet
	if over == nil || c.Overlays().Top() != over.over {
		f()
		return
	}
	focused := c.Focused()
	c.Overlays().Remove(over.over)
	f()
	over.under = c.Focused()
	c.Overlays().Add(over.over)
	if focused != nil {
		c.Focus(focused)
	}
}

func (u *ui) build(name string) *screen {
	if purpose, ok := strings.CutPrefix(name, "face-"); ok {
		return u.faceScreen(exam.Purpose(purpose))
	}
	return map[string]func() *screen{
		"sealed": u.sealedScreen, "login": u.loginScreen, "postponed": u.postponedScreen, "withdrawn": u.withdrawnScreen, "review": u.reviewScreen, "end": u.endScreen, "late": u.lateScreen,
		"suspended": u.suspendedScreen, "locked": u.lockedScreen, "data": u.dataScreen, "rules": u.rulesScreen,
		"confirm": u.confirmScreen, "enter": u.enterScreen, "exam": u.examScreen,
	}[name]()
}

// t returns a sentence in the interface language.
func (u *ui) t(id string, pairs ...any) string { return locales.T(u.lang, id, pairs...) }

// said returns what a person should read for an error of a command.
func (u *ui) said(err error) string {
	if code, ok := problem.Refusal(err); ok {
		return u.t("refusal." + code)
	}
	code := string(problem.Of(err))
	return u.t("problem."+code+".what") + " " + u.t("problem."+code+".do")
}

// do sends a command; a refusal is shown by report, on Fyne's goroutine. report may be nil.
func (u *ui) do(cmd exam.Command, report func(error)) {
	u.actor.Do(cmd, func(err error) {
		if report != nil {
			u.post(func() { report(err) })
		}
	})
}

func (u *ui) nextLanguage() {
	for i, l := range locales.All {
		if l == u.lang {
			u.setLanguage(locales.All[(i+1)%len(locales.All)])
			return
		}
	}
}

func (u *ui) setLanguage(l locales.Lang) {
	if u.set == nil || u.actor == nil {
		u.lang = l
		return
	}
	u.rebuild(func() { u.lang = l })
}

// languages returns the language switch.
func (u *ui) languages() fyne.CanvasObject {
	box := container.NewHBox()
	for _, l := range locales.All {
		weight := look.Plain
		if l == u.lang {
			weight = look.Primary
		}
		box.Add(look.NewButton(l.Name(), weight, u.keys, func() { u.setLanguage(l) }))
	}
	return box
}

func (u *ui) viewButton() *look.Button {
	return look.NewButton(u.t("station.exam.view"), look.Plain, u.keys, func() { u.viewSheet(-1) })
}

func (u *ui) helpButton() *look.Button {
	return look.NewButton(u.t("station.exam.keys"), look.Plain, u.keys, u.helpSheet)
}

// page frames a screen that is not the exam itself: the exam's title and the languages above, help below.
func (u *ui) page(content fyne.CanvasObject) fyne.CanvasObject {
	title := widget.NewLabelWithStyle(u.set.profile.Title.In(string(u.lang)), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	title.Wrapping = fyne.TextWrapWord
	top := bar(container.New(&titleLayout{u.win.Canvas()}, title, container.NewHBox(u.languages(), u.viewButton(), u.helpButton())), nil, look.Rule())
	help := look.NewButton(u.t("station.call"), look.Plain, u.keys, u.callSheet)
	admin := look.NewButton(u.t("station.administrator"), look.Plain, u.keys, u.adminSheet)
	where := look.Note(u.t("station.where", "Room", u.set.session.Room, "Station", u.set.opt.Name))
	buttons := container.NewHBox(help, admin)
	if u.view.Attempt == nil {
		buttons = container.NewHBox(admin)
	}
	middle := container.NewVBox(layout.NewSpacer(), where, layout.NewSpacer())
	bottom := bar(container.NewBorder(nil, nil, nil, buttons, middle), look.Rule(), nil)
	return container.NewBorder(top, bottom, nil, nil, content)
}

// bar is a strip of the window; a thin line parts it from the content above or below.
func bar(content, above, below fyne.CanvasObject) fyne.CanvasObject {
	return container.NewStack(canvas.NewRectangle(look.Paper), container.NewBorder(above, below, nil, nil,
		container.New(layout.NewCustomPaddedLayout(6, 6, barEdge, barEdge), content)))
}

const barEdge = 12 // left and right in a bar

// titleLayout lays a title that wraps before the buttons of a bar as wide as the window. It counts the title's lines itself:
// the toolkit knows what a wrapped text needs only once it has been laid out, which is too late for what lies below.
type titleLayout struct{ window fyne.Canvas }

func (l *titleLayout) fit(title *widget.Label, width float32) float32 {
	pad := 2 * theme.InnerPadding()
	measure := func(s string) fyne.Size { return fyne.MeasureText(s, theme.TextSize(), title.TextStyle) }
	lines, line := 1, ""
	for _, word := range strings.Fields(title.Text) {
		next := strings.TrimSpace(line + " " + word)
		if line != "" && measure(next).Width > width-pad {
			lines, next = lines+1, word
		}
		line = next
	}
	return float32(lines)*measure("Қ").Height + pad
}

// MinSize implements fyne.Layout.
func (l *titleLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	least := objects[1].MinSize()
	room := l.window.Size().Width - 2*barEdge - least.Width
	if room <= 0 {
		return least // the window is not there yet
	}
	return fyne.NewSize(least.Width, max(least.Height, l.fit(objects[0].(*widget.Label), room)))
}

// Layout implements fyne.Layout.
func (l *titleLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	title, buttons := objects[0], objects[1]
	least := buttons.MinSize()
	room := max(0, size.Width-least.Width)
	height := l.fit(title.(*widget.Label), room)
	title.Resize(fyne.NewSize(room, height))
	title.Move(fyne.NewPos(0, (size.Height-height)/2))
	buttons.Resize(least)
	buttons.Move(fyne.NewPos(size.Width-least.Width, (size.Height-least.Height)/2))
}

// see writes what is shown now to the diagnostics.
func (u *ui) see() {
	if u.scr == nil || !u.witness.looks() {
		return
	}
	s := sight{Camera: u.sees, Screen: u.scr.name, Lang: string(u.lang), Saved: u.view.Saved(), Records: u.view.Durable}
	if a := u.view.Attempt; a != nil {
		s.Item, s.Runes = a.Current, u.view.Runes
		for i := range a.Responses {
			if len(a.Responses[i].Options) > 0 {
				s.Chosen++
			}
		}
		now := u.actor.Now()
		s.UsedMS, s.Remains = a.UsedAt(now).Milliseconds(), clockText(a.Remaining(now))
	}
	if u.view.Trouble != nil {
		s.Trouble = string(problem.Of(u.view.Trouble))
	}
	if u.sheet != nil {
		s.Sheet, s.Action = u.sheet.name, u.sheet.action
	}
	if u.scr.sight != nil {
		u.scr.sight(&s)
	}
	if !u.painted {
		u.painted, s.Startup = true, time.Since(u.started).Milliseconds()
		u.witness.reach(phaseScreen, time.Now())
	}
	u.witness.see(s)
}

// closeRequested answers the window manager: during an exam only an administrator ends the program.
func (u *ui) closeRequested() {
	if u.actor == nil || u.view.Attempt == nil || u.view.Attempt.Phase.Ended() && u.view.Durable == u.view.Appended {
		u.app.Quit()
		return
	}
	u.adminSheet()
}

func (u *ui) showProblem(err error) {
	code := string(problem.Of(err))
	var lines []fyne.CanvasObject
	for _, l := range locales.All {
		lines = append(lines, look.Strong(locales.T(l, "problem."+code+".what")), look.Body(locales.T(l, "problem."+code+".do")), look.Rule())
	}
	var end []string
	for _, l := range locales.All {
		end = append(end, locales.T(l, "common.close"))
	}
	lines = append(lines, look.Note(err.Error()))
	done := look.NewButton(strings.Join(end, " · "), look.Primary, u.keys, u.app.Quit)
	u.show(&screen{
		name: "problem", root: look.Sheet(760, container.NewVBox(lines...), done), enter: u.app.Quit,
		sight: func(s *sight) { s.Trouble = code },
	})
	u.see()
}

func clockText(d time.Duration) string {
	s := int((d + time.Second - 1) / time.Second)
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
