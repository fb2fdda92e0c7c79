package station

import (
	"slices"
	"strconv"
	"strings"

	"emtihan/exam"
	"emtihan/station/look"
	"emtihan/station/session"
	"emtihan/station/tools"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// sheet lies over the screen until it is closed; Esc always closes it.
type sheet struct {
	name   string
	action string
	warned bool              // who closes the program has read that answers are not saved
	foot   fyne.CanvasObject // below the content where that scrolls; may be nil
	over   fyne.CanvasObject
	under  fyne.Focusable // has the focus again when the sheet is closed
	enter  func()
	keys   []binding // besides those of all sheets
	follow func()    // is told that there is a new view; may be nil
	ui     *ui
}

// bindings are the keys of the sheet; Esc always closes it.
func (s *sheet) bindings() []binding {
	u := s.ui
	turning := func() bool { return turns(s.over) }
	return append(s.keys[:len(s.keys):len(s.keys)],
		binding{key: fyne.KeyReturn, name: "enter", typed: true, when: func() bool { return s.enter != nil }, do: func() { s.enter() }},
		binding{key: fyne.KeyEscape, name: "close", do: u.closeSheet},
		binding{key: fyne.KeyPageDown, name: "page", when: turning, do: func() { turn(s.over, pageShare) }},
		binding{key: fyne.KeyPageUp, name: "page", when: turning, do: func() { turn(s.over, -pageShare) }},
	)
}

// open shows content over the screen; focus may be nil.
func (u *ui) open(s *sheet, content fyne.CanvasObject, focus fyne.Focusable) {
	u.closeSheet()
	s.ui = u
	// The toolkit's own pop-up blurs what lies behind it, which costs a computer without a graphics card half a second.
	s.over = look.Overlay(content, s.foot)
	s.under = u.win.Canvas().Focused()
	u.sheet = s
	u.win.Canvas().Overlays().Add(s.over)
	u.win.Canvas().Unfocus()
	if focus != nil {
		u.win.Canvas().Focus(focus)
	}
	u.followFocus()
	u.see()
}

func (u *ui) closeSheet() {
	if u.sheet == nil {
		return
	}
	u.win.Canvas().Overlays().Remove(u.sheet.over)
	u.sheet = nil
	u.see()
}

// buttons lays a sheet's buttons out: what it is for on the right, the way back before it.
func (u *ui) buttons(main *look.Button) fyne.CanvasObject {
	cancel := look.NewButton(u.t("common.cancel"), look.Plain, u.keys, u.closeSheet)
	return container.NewHBox(layout.NewSpacer(), cancel, main)
}

// callSheet lets the candidate call the administrator with a topic.
func (u *ui) callSheet() {
	if u.view.Attempt == nil {
		u.adminSheet()
		return
	}
	box := container.NewVBox(look.Fixed(460, look.Heading(u.t("station.call"))))
	var first *look.Button
	for _, topic := range []string{"help", "computer", "data", "leave", "health"} {
		b := look.NewButton(u.t("station.topic."+topic), look.Plain, u.keys, func() {
			u.do(exam.Call{Topic: topic}, func(err error) {
				if err != nil {
					u.message(u.said(err))
					return
				}
				u.message(u.called())
			})
		})
		if first == nil {
			first = b
		}
		box.Add(b)
	}
	box.Add(look.Gap(4))
	box.Add(look.NewButton(u.t("common.cancel"), look.Plain, u.keys, u.closeSheet))
	u.open(&sheet{name: "call"}, box, first)
}

// called says that an administrator knows, or that the candidate must raise a hand: never the first where it is not so.
func (u *ui) called() string {
	if u.room.answers() {
		return u.t("station.called")
	}
	if u.room.client == nil {
		return u.t("station.raise-hand")
	}
	return u.t("problem.room-unreachable.what") + " " + u.t("station.raise-hand")
}

func (u *ui) message(text string) {
	ok := look.NewButton(u.t("common.ok"), look.Primary, u.keys, u.closeSheet)
	u.open(&sheet{name: "message", enter: u.closeSheet}, container.NewVBox(look.Fixed(460, look.Body(text)), ok), ok)
}

// deedKind is something that an administrator can do at the station.
type deedKind struct {
	name   string
	fields []string // besides the reason
	// grounds are reasons to pick from; who picks one of them need not write. The last wants words.
	grounds []exam.DocumentGround
	make    func(d exam.Deed, f map[string]string) (exam.Command, error)
	run     func(d exam.Deed, f map[string]string, message *look.Banner) // instead of make
}

// deeds lists what an administrator can do now, the likeliest first.
func (u *ui) deeds() []deedKind {
	a := u.view.Attempt
	if a == nil || a.Phase.Ended() {
		out := []deedKind{{name: "quit"}}
		if a == nil && !u.view.Sealed {
			out = append(out, deedKind{name: "appeal", fields: []string{"iin"}, run: u.openAppeal})
		}
		if a != nil && a.Appeal == nil {
			if _, _, ok := a.AppealWindow(); ok {
				out = append(out, deedKind{name: "appeal-session", make: func(d exam.Deed, _ map[string]string) (exam.Command, error) {
					return exam.OpenAppeal{Deed: d, Outside: true}, nil
				}})
			}
		}
		return out
	}
	plain := func(name string, cmd func(exam.Deed) exam.Command) deedKind {
		return deedKind{name: name, make: func(d exam.Deed, _ map[string]string) (exam.Command, error) { return cmd(d), nil }}
	}
	withdraw := plain("withdraw", func(d exam.Deed) exam.Command { return exam.Withdraw{Deed: d} })
	if a.Barred() { // the rules take nothing else, and without it the station would never be free again (R20)
		return []deedKind{withdraw, {name: "quit"}}
	}
	var out []deedKind
	if a.TooLate() {
		out = append(out, plain("admit-late", func(d exam.Deed) exam.Command { return exam.AdmitLate{Deed: d} }))
	}
	if a.Suspended != nil {
		out = append(out, plain("end-suspension", func(d exam.Deed) exam.Command { return exam.EndSuspension{Deed: d} }))
	}
	if a.Lock != nil && a.Lock.Cause != exam.LockRestart {
		out = append(out, plain("unlock", func(d exam.Deed) exam.Command { return exam.Unlock{Deed: d} }))
	}
	if a.FaceRefused != "" || a.Awaits() != "" {
		out = append(out, deedKind{name: "by-document", grounds: exam.DocumentGrounds(), make: func(d exam.Deed, f map[string]string) (exam.Command, error) {
			return exam.IdentifyByDocument{Deed: d, Ground: exam.DocumentGround(f[groundField])}, nil
		}})
	}
	if a.IsRunning() {
		out = append(out, deedKind{name: "leave", fields: []string{"escort"}, make: func(d exam.Deed, f map[string]string) (exam.Command, error) {
			return exam.Leave{Deed: d, Escort: f["escort"]}, nil
		}})
	}
	if a.Suspended == nil {
		out = append(out, plain("suspend", func(d exam.Deed) exam.Command { return exam.Suspend{Deed: d} }))
	}
	if a.Lock == nil {
		out = append(out, plain("lock", func(d exam.Deed) exam.Command { return exam.Lock{Deed: d} }))
	}
	switch a.Phase {
	case exam.PhaseRunning, exam.PhaseFinishing:
	default:
		out = append(out, withdraw)
	}
	if a.HandedIn == nil {
		out = append(out,
			deedKind{name: "extra", fields: []string{"minutes", "document"}, make: func(d exam.Deed, f map[string]string) (exam.Command, error) {
				m, err := strconv.Atoi(strings.TrimSpace(f["minutes"]))
				if err != nil {
					return nil, exam.ErrMinutes
				}
				return exam.GrantExtra{Deed: d, Minutes: m, Document: f["document"]}, nil
			}},
			deedKind{name: "helper", fields: []string{"helper"}, make: func(d exam.Deed, f map[string]string) (exam.Command, error) {
				return exam.RecordHelper{Deed: d, Name: f["helper"]}, nil
			}},
			deedKind{name: "postpone", fields: []string{"act"}, make: func(d exam.Deed, f map[string]string) (exam.Command, error) {
				return exam.Postpone{Deed: d, Act: f["act"]}, nil
			}},
		)
	}
	return append(out, deedKind{name: "quit"})
}

// groundField names the picked ground among the values of a deed.
const groundField = "ground"

// adminSheet lets an administrator decide: what, who, the code, and why. Up and Down change what, so that hands stay on
// the keyboard.
func (u *ui) adminSheet() {
	kinds := u.deeds()
	admins := u.set.session.Administrators
	kind, who := 0, 0
	s := &sheet{name: "admin"}
	message := look.NewBanner(look.Trouble, "")
	message.Hide()
	code := look.NewSecret(u.keys)
	reason := look.NewField(1, u.keys)
	code.SetPlaceHolder(u.t("station.admin.code"))
	reason.SetPlaceHolder(u.t("station.admin.reason"))
	fields := container.NewVBox()
	extra := make(map[string]*look.Field)
	ground := exam.DocumentGround("")
	kindBox, whoBox := container.NewVBox(), container.NewVBox()
	var submit func()
	choose := func(i int) {
		kind = (i + len(kinds)) % len(kinds)
		s.action = kinds[kind].name
		for j, o := range kindBox.Objects {
			o.(*look.Option).SetChosen(j == kind)
		}
		fields.RemoveAll()
		clear(extra)
		ground = ""
		if grounds := kinds[kind].grounds; grounds != nil {
			list := container.NewVBox()
			for _, g := range grounds {
				list.Add(look.NewOption(u.t("station.ground."+string(g)), false, false, u.keys, func() {
					ground = g
					for j, o := range list.Objects {
						o.(*look.Option).SetChosen(grounds[j] == g)
					}
				}))
			}
			fields.Add(look.Strong(u.t("station.ground.title")))
			fields.Add(list)
		}
		for _, name := range kinds[kind].fields {
			f := look.NewField(1, u.keys)
			f.SetPlaceHolder(u.t("station.admin.field." + name))
			f.OnSubmitted = func(string) { submit() }
			extra[name] = f
			fields.Add(f)
		}
		u.see()
	}
	for i, k := range kinds {
		kindBox.Add(look.NewOption(u.t("station.admin.do."+k.name), false, i == 0, u.keys, func() { choose(i) }))
	}
	for i, a := range admins {
		whoBox.Add(look.NewOption(a.Name+" · "+a.Role, false, i == 0, u.keys, func() {
			who = i
			for j, o := range whoBox.Objects {
				o.(*look.Option).SetChosen(j == who)
			}
		}))
	}
	busy := false
	submit = func() {
		if busy {
			return
		}
		// What is missing is said before the code is tried: a code that nobody typed is no wrong code.
		k, admin := kinds[kind], admins[who]
		switch {
		case code.Text == "":
			message.Set(look.Warning, u.t("station.admin.no-code"))
			u.win.Canvas().Focus(code)
			return
		case (k.make != nil || k.run != nil) && strings.TrimSpace(reason.Text) == "" && (ground == "" || ground == exam.GroundOther):
			message.Set(look.Warning, u.said(exam.ErrReason))
			u.win.Canvas().Focus(reason)
			return
		}
		values := map[string]string{groundField: string(ground)}
		for name, f := range extra {
			values[name] = f.Text
		}
		deed := exam.Deed{By: admin.Name, Reason: strings.TrimSpace(reason.Text)}
		typed := code.Text
		busy = true
		go func() {
			ok := admin.Accepts(typed)
			u.post(func() {
				busy = false
				if !ok {
					u.do(exam.ReportWrongCode{By: admin.Name}, nil)
				}
				if u.sheet != s {
					return // closed meanwhile: what it would have decided is withdrawn
				}
				code.SetText("")
				u.win.Canvas().Focus(code)
				if !ok {
					message.Set(look.Trouble, u.t("station.admin.wrong-code"))
					return
				}
				u.carryOut(k, deed, values, message)
			})
		}()
	}
	code.OnSubmitted = func(string) { submit() }
	reason.OnSubmitted = func(string) { submit() }
	s.enter = submit
	s.keys = []binding{
		{key: fyne.KeyUp, name: "choose", do: func() { choose(kind - 1) }},
		{key: fyne.KeyDown, name: "choose", do: func() { choose(kind + 1) }},
	}
	left := container.NewVBox(look.Strong(u.t("station.admin.what")), kindBox)
	right := container.NewVBox(look.Strong(u.t("station.admin.who")), whoBox, look.Gap(6), code, reason, fields)
	content := container.NewVBox(
		look.Heading(u.t("station.administrator")),
		container.NewHBox(look.Fixed(380, left), look.Gap(1), look.Fixed(380, right)),
	)
	s.foot = container.NewVBox(message, u.buttons(look.NewButton(u.t("station.admin.go"), look.Primary, u.keys, submit)))
	s.action = kinds[0].name
	choose(0)
	u.open(s, content, code)
}

// carryOut does what the administrator decided, once the code was right.
func (u *ui) carryOut(k deedKind, d exam.Deed, values map[string]string, message *look.Banner) {
	if k.run != nil {
		k.run(d, values, message)
		return
	}
	if k.make == nil {
		if u.view.Trouble != nil && u.sheet != nil && !u.sheet.warned {
			u.sheet.warned = true
			message.Set(look.Trouble, u.said(u.view.Trouble))
			return
		}
		u.app.Quit()
		return
	}
	cmd, err := k.make(d, values)
	if err != nil {
		message.Set(look.Trouble, u.said(err))
		return
	}
	asked := u.sheet
	u.do(cmd, func(err error) {
		if err != nil {
			message.Set(look.Trouble, u.said(err))
			return
		}
		if u.sheet == asked {
			u.closeSheet()
		}
	})
}

// finishSheet asks for confirmation and lists what is unanswered (R16).
func (u *ui) finishSheet() {
	a := u.view.Attempt
	stage, more := a.StageNow()
	unanswered := func(a *exam.Attempt) []*exam.Item {
		return slices.DeleteFunc(a.Unanswered(), func(it *exam.Item) bool { return !a.Reaches(it.ID) })
	}
	open := unanswered(a)
	lead := u.t("station.finish.all")
	tone := look.Fine
	if len(open) > 0 {
		lead, tone = u.t("station.finish.open", "Count", len(open)), look.Warning
	}
	var flagged []string
	names := make([]string, 0, len(open))
	numbers := make(map[string]int)
	for i, it := range a.Paper.Items() {
		numbers[it.ID] = i + 1
		if a.Responses[i].Flagged && a.Reaches(it.ID) {
			flagged = append(flagged, strconv.Itoa(i+1))
		}
	}
	for _, it := range open {
		names = append(names, strconv.Itoa(numbers[it.ID]))
	}
	var cmd exam.Command = exam.Finish{}
	title, button := "station.finish.title", "station.finish.go"
	if more { // the last stage ends the exam
		cmd, title, button = exam.EndStage{Stage: stage.ID}, "station.stage.title", "station.stage.go"
	}
	content := container.NewVBox(look.Fixed(560, look.Heading(u.t(title))), look.NewBanner(tone, lead))
	if more {
		content.Add(look.Strong(u.t("station.stage.lead", "Blocks", u.blockTitles(stage.Blocks))))
	}
	if len(names) > 0 {
		list := look.Strong(strings.Join(names, ", "))
		scroll := container.NewVScroll(list)
		scroll.SetMinSize(fyne.NewSize(560, 60))
		content.Add(scroll)
	}
	if len(flagged) > 0 {
		content.Add(look.Body(u.t("station.finish.flagged", "List", strings.Join(flagged, ", "))))
	}
	content.Add(look.Body(u.t("station.finish.lead", "Time", clockText(a.Remaining(u.actor.Now())))))
	content.Add(look.Gap(4))
	sent := false // a second press is no second wish
	finish := func() {
		if sent {
			return
		}
		sent = true
		asked := u.sheet
		u.do(cmd, func(err error) {
			if err != nil {
				sent = false
				u.message(u.said(err))
				return
			}
			if u.sheet == asked { // the next screen may have come first, and an administrator's sheet over it
				u.closeSheet()
			}
		})
	}
	back := look.NewButton(u.t("station.finish.back"), look.Primary, u.keys, u.closeSheet)
	end := look.NewButton(u.t(button), look.Danger, u.keys, finish)
	// An answer that was on its way when the sheet was opened must not be called missing.
	follow := func() {
		if now := u.view.Attempt; !sent && now != nil && !slices.Equal(unanswered(now), open) {
			u.finishSheet()
		}
	}
	u.open(&sheet{name: "finish", follow: follow, foot: container.NewHBox(end, layout.NewSpacer(), back)}, content, back)
}

// appealSheet takes a technical appeal on the item that is shown (R15).
func (u *ui) appealSheet() {
	item := u.at // what the candidate sees; the attempt may not know yet
	text := look.NewField(4, u.keys)
	text.SetText(u.view.Attempt.Response(item).Appeal)
	message := look.NewBanner(look.Trouble, "")
	file := func() {
		u.do(exam.AppealTechnical{Item: item, Text: text.Text}, func(err error) {
			if err != nil {
				message.Set(look.Trouble, u.said(err))
				return
			}
			u.message(u.t("station.appeal.filed"))
		})
	}
	content := container.NewVBox(
		look.Fixed(560, look.Heading(u.t("station.appeal.title"))), look.Body(u.t("station.appeal.lead")), text,
	)
	foot := container.NewVBox(message, u.buttons(look.NewButton(u.t("station.appeal.go"), look.Primary, u.keys, file)))
	u.open(&sheet{name: "appeal", foot: foot}, content, text)
}

// toolSheet shows one of the tools (R13).
func (u *ui) toolSheet(tool exam.Tool) {
	size := u.win.Canvas().Size()
	whole := fyne.NewSize(size.Width-80, size.Height-150)
	var content, place fyne.CanvasObject
	pass := func(e *fyne.KeyEvent) { u.keys(e) }
	switch tool {
	case exam.ToolCalculator:
		c := tools.NewCalculator(u.lang, &u.desk)
		c.Room, c.Resized = whole, func() { u.sheet.over.Refresh() }
		content, place = c, c
		pass = func(e *fyne.KeyEvent) {
			if e.Name != fyne.KeyEscape || c.Expression() == "" && c.Display() == "0" {
				u.keys(e)
			}
		}
	case exam.ToolElements:
		content = tools.NewPeriodicTable(u.lang)
	case exam.ToolSolubility:
		content = tools.NewSolubilityTable(u.lang)
	}
	if place == nil {
		place = container.NewGridWrap(whole, content)
	}
	if keyed, ok := content.(interface{ PassKeys(func(*fyne.KeyEvent)) }); ok {
		keyed.PassKeys(pass)
	}
	focus, _ := content.(fyne.Focusable)
	done := look.NewButton(u.t("common.close"), look.Primary, u.keys, u.closeSheet)
	u.open(&sheet{name: string(tool), keys: u.toolKeys(tool, content)}, container.NewBorder(nil, container.NewHBox(layout.NewSpacer(), done), nil, nil, place), focus)
}

// holdScreen is a screen on which the candidate can only wait.
func (u *ui) holdScreen(name string, tone look.Tone, title, lead, detail string) *screen {
	clock := look.Body("")
	box := container.NewVBox(look.Heading(title), look.NewBanner(tone, lead))
	if detail != "" {
		box.Add(look.Body(detail))
	}
	if u.view.Attempt.Phase == exam.PhaseRunning && !u.view.Attempt.Barred() {
		box.Add(clock)
	}
	tell := func() {
		if a := u.view.Attempt; a != nil {
			if text := u.t("station.hold.remains", "Time", clockText(a.Remaining(u.actor.Now()))); clock.Text != text {
				clock.SetText(text)
			}
		}
	}
	tell() // not only at the next tick, until which the line would be empty
	return &screen{name: name, root: u.page(look.Sheet(680, box, nil)), tick: tell}
}

func (u *ui) lockedScreen() *screen {
	lock := u.view.Attempt.Lock
	detail := u.t("station.locked.by-face." + string(lock.Purpose))
	if u.view.Attempt.Barred() {
		return u.holdScreen("locked", look.Trouble, u.t("station.locked.barred-title"), u.t("station.locked.barred-lead"),
			u.t("station.locked.barred-by", "Name", lock.By, "Act", lock.Reason))
	}
	if lock.Cause == exam.LockAdministrator {
		detail = u.t("station.locked.by-administrator", "Name", lock.By, "Reason", lock.Reason)
	}
	return u.holdScreen("locked", look.Trouble, u.t("station.locked.title"), u.t("station.locked.lead")+" "+u.called(), detail)
}

func (u *ui) suspendedScreen() *screen {
	d := u.view.Attempt.Suspended
	return u.holdScreen("suspended", look.Calm, u.t("station.suspended.title"), u.t("station.suspended.lead"),
		u.t("station.suspended.by", "Name", d.By, "Reason", d.Reason))
}

func (u *ui) lateScreen() *screen {
	start := u.set.session.Start
	return u.holdScreen("late", look.Trouble, u.t("station.late.title"),
		u.t("station.late.lead", "Start", start.Format("15:04"), "Minutes", u.view.Attempt.Profile.Admission.LateMinutes), "")
}

// leaveButton makes the station free for the next candidate.
func (u *ui) leaveButton(message *look.Banner) (*look.Button, func()) {
	leave := func() {
		u.actor.Leave(func(err error) {
			if err != nil {
				u.post(func() { message.Set(look.Warning, u.t("station.end.wait")) })
			}
		})
	}
	return look.NewButton(u.t("station.end.go"), look.Primary, u.keys, leave), leave
}

func (u *ui) postponedScreen() *screen { return u.overScreen("postponed") }

func (u *ui) withdrawnScreen() *screen { return u.overScreen("withdrawn") }

// overScreen says that an attempt has ended without a result. It comes over whoever writes: the button does not have the focus,
// or the next space would take the notice away unread.
func (u *ui) overScreen(name string) *screen {
	message := look.NewBanner(look.Warning, "")
	b, leave := u.leaveButton(message)
	says := name
	if name == "withdrawn" && session.Held(u.view.Attempt) {
		says = "removed"
	}
	box := container.NewVBox(look.Heading(u.t("station."+says+".title")), look.Body(u.t("station."+says+".lead")))
	return &screen{name: name, root: u.page(look.Sheet(680, box, container.NewVBox(message, b))), enter: leave}
}
