package console

import (
	"errors"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"emtihan/assets/fonts"
	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/vault"
	"emtihan/proctor/act"
	"emtihan/proctor/console/look"
	"emtihan/proctor/console/look/looktest"
	"emtihan/proctor/room"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

const (
	adminName = "Сұлтанова Гүлнәр"
	adminCode = "4711"
)

var (
	zone    = time.FixedZone("+05", 5*3600)
	now     = time.Date(2026, 11, 21, 9, 40, 0, 0, zone)
	aigerim = exam.Candidate{IIN: "900101300017", Name: "Әбдіғаппар Айгерім", Seat: "1"}
	ivan    = exam.Candidate{IIN: "910202300025", Name: "Иванов Иван", Seat: "10"}
	hash    = sync.OnceValue(func() string { return exam.HashCode(adminCode, []byte("saltsalt")) })
)

// rig is a console on a real room, in the toolkit's test driver.
type rig struct {
	t     *testing.T
	c     *Console
	w     *looktest.Window
	r     *room.Room
	dir   string
	shown []Shown
}

func newRig(t *testing.T, lang locales.Lang) *rig {
	t.Helper()
	a := test.NewTempApp(t)
	a.Settings().SetTheme(look.Theme{})
	forms, err := act.Load("")
	if err != nil {
		t.Fatal(err)
	}
	g := &rig{t: t, dir: t.TempDir()}
	s := &exam.Session{
		ID: "s1", Centre: "Қостанай", Room: "205", Start: now.Add(20 * time.Minute), Profile: "doctoral", Candidates: []exam.Candidate{ivan, aigerim},
		Administrators: []exam.Administrator{{Name: adminName, Role: "дежурный по аудитории", Code: hash()}},
	}
	g.r, err = room.Open(room.Config{
		Dir: g.dir, Session: s, Forms: forms, Journal: logKeys(t, g.dir), Now: func() time.Time { return now },
		Fonts: act.Fonts{Regular: fonts.Mend(theme.DefaultTextFont().Content()), Bold: fonts.Mend(theme.DefaultTextBoldFont().Content())},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.r.Close(); err != nil {
			t.Error(err)
		}
	})
	g.w = looktest.New(t)
	g.c = New(g.w, s, Options{Lang: lang, Forms: forms, Desk: g.r, Now: func() time.Time { return now }, Do: g.w.Post, OnShow: func(x Shown) {
		g.shown = append(g.shown, x)
	}})
	g.r.Watch(g.c.Show)
	return g
}

func (g *rig) last() Shown {
	g.w.Drain()
	if len(g.shown) == 0 {
		return Shown{}
	}
	return g.shown[len(g.shown)-1]
}

func (g *rig) await(what string, ok func(Shown) bool) Shown {
	g.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !ok(g.last()) {
		if time.Now().After(deadline) {
			g.t.Fatalf("%s: in vain; shown is %+v", what, g.last())
		}
		time.Sleep(2 * time.Millisecond)
	}
	return g.last()
}

// do runs f as the toolkit runs an event, and what follows from it.
func (g *rig) do(f func()) {
	f()
	g.w.Drain()
}

func (g *rig) mustShow(words ...string) {
	g.t.Helper()
	all := g.w.Texts()
	for _, w := range words {
		if !strings.Contains(all, w) {
			g.t.Errorf("%q is not on the screen:\n%s", w, all)
		}
	}
}

func (g *rig) alarm(count uint32) {
	g.r.Detector(exam.DetectorRead{Device: "entrance", Known: true, Active: true, Count: count, Alarms: 1})
}

// slowDesk is a room that is busy: it does not take up who is picked until it is let.
type slowDesk struct {
	Desk
	held []func()
}

func (d *slowDesk) Gate(iin string, done func(error)) {
	d.held = append(d.held, func() { d.Desk.Gate(iin, done) })
}

// R19: what is pressed on the heels of a choice is about the chosen one, not about whoever stood there before, however busy
// the room is; and a choice that the room refuses leaves who is there.
func TestTheChoiceIsAtOnce(t *testing.T) {
	g := newRig(t, locales.Russian)
	room := &slowDesk{Desk: g.c.opt.Desk}
	pick := func(seat string) {
		g.w.Typed(seat)
		g.w.Press(fyne.KeyReturn)
	}
	pick("1")
	g.await("the first in the gate", func(s Shown) bool { return s.Gate == "1" && !g.c.Picking() })
	g.c.opt.Desk = room
	pick("10")
	if s := g.last(); s.Gate != "10" {
		t.Errorf("seat %q is in the gate", s.Gate)
	}
	g.mustShow("У рамки: " + ivan.Name + ", место 10")
	g.w.Press(fyne.KeyF2)
	g.await("the act", func(s Shown) bool { return strings.HasPrefix(s.Dialog, "act-") })
	if d, ok := g.c.dialog.(*actDialog); !ok || d.draft.IIN != ivan.IIN {
		t.Errorf("the act is about %q, %q was picked", d.draft.IIN, ivan.IIN)
	}
	g.w.Press(fyne.KeyEscape)
	// Two choices under way: the later one stands, whatever the answer to the first.
	pick("1")
	for i, answer := range room.held {
		answer()
		g.await("the answer", func(Shown) bool { return g.c.Picking() == (i == 0) })
		if s := g.last(); s.Gate != "1" {
			t.Errorf("after answer %d seat %q is in the gate", i+1, s.Gate)
		}
	}
	var why error
	room.held = nil
	g.do(func() { g.c.Pick("000000000000", func(err error) { why = err }) })
	room.held[0]()
	g.await("the refusal", func(s Shown) bool { return why != nil && s.Gate == "1" })
}

// R19, R21: an alarm appears, its act is prefilled, a wrong code is refused and logged, the right one makes an act on paper.
func TestAlarmToAct(t *testing.T) {
	g := newRig(t, locales.Russian)
	g.await("the window", func(s Shown) bool { return s.Focus == "search" && s.Candidates == 2 && s.Detector == "unknown" })
	g.w.Typed("1")
	g.w.Press(fyne.KeyReturn)
	g.await("the candidate in the gate", func(s Shown) bool { return s.Gate == "1" })
	g.mustShow("У рамки: " + aigerim.Name + ", место 1")
	g.alarm(1)
	g.await("the alarm", func(s Shown) bool { return s.Unhandled == 1 && s.Detector == "alarm" })
	g.mustShow("Тревога металлоискателя", "ТРЕВОГА", "Открытых тревог: 1", "Составить акт")

	g.w.Press(fyne.KeyF3)
	g.await("the dialog", func(s Shown) bool { return s.Dialog == "act-10" && s.Focus == "items" })
	g.mustShow("1 · "+aigerim.Name, "сигнал металлоискателя «entrance» в 09:40:00", "21.11.2026 09:40:00", "Проект формы", "не допускается", adminName)
	g.w.Typed("headph")
	g.w.Press(fyne.KeyReturn)
	g.mustShow("проводные или беспроводные наушники")
	// Tab goes through the fields in their order to the code.
	var order []string
	for range 20 {
		g.w.Press(fyne.KeyTab)
		order = append(order, g.last().Focus)
		if g.last().Focus == "code" {
			break
		}
	}
	if got, want := strings.Join(order, " "), "item_note description explanation witnesses refusal_witness exam how corrects acknowledged administrator code"; got != want {
		t.Errorf("Tab order %s, want %s", got, want)
	}

	g.w.Typed("0000")
	g.w.Press(fyne.KeyReturn)
	g.await("the refusal", func(s Shown) bool { return s.Problem == "code" && s.Focus == "code" && !s.Busy })
	g.mustShow("Код неверный")
	if v := g.r.View(); len(v.Acts) != 0 || v.Lines[0].Event != (exam.CodeRefused{}).Kind() {
		t.Errorf("after a wrong code: %d acts, last event %s", len(v.Acts), v.Lines[0].Event)
	}

	g.w.Typed(adminCode)
	g.w.Press(fyne.KeyReturn)
	done := g.await("the act", func(s Shown) bool { return s.Dialog == "done" && s.Unhandled == 0 })
	if done.Act != "10/2026-11-21/001" || done.Focus != "close" {
		t.Errorf("done: %+v", done)
	}
	path := filepath.Join(g.dir, "acts", "10-2026-11-21-001.pdf")
	g.mustShow("Акт 10/2026-11-21/001 составлен", path)
	if _, err := exec.LookPath("pdftotext"); err == nil {
		out, err := exec.Command("pdftotext", path, "-").Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range []string{"Әбдіғаппар Айгерім", "наушники", "құлаққап", "проект формы, сверить с приложением 10", adminName} {
			if !strings.Contains(strings.Join(strings.Fields(string(out)), " "), w) {
				t.Errorf("%q is not on the printed act", w)
			}
		}
	}
	g.w.Press(fyne.KeyReturn)
	g.await("the window again", func(s Shown) bool { return s.Dialog == "" && s.Focus == "search" })
	g.mustShow("акт 10/2026-11-21/001", "Открытых тревог нет")
}

// Every language at any moment: what is entered in a dialog stays, and so does the focus.
func TestLanguageInTheMiddle(t *testing.T) {
	g := newRig(t, locales.Kazakh)
	g.await("the window", func(s Shown) bool { return s.Focus == "search" })
	g.w.Press(fyne.KeyF2)
	g.await("the dialog", func(s Shown) bool { return s.Dialog == "act-12" && s.Focus == "candidate" })
	g.w.Typed("10")
	g.w.Press(fyne.KeyReturn)
	g.await("the next field", func(s Shown) bool { return s.Focus == "bans" })
	g.w.Typed("3")
	g.w.Press(fyne.KeyReturn)
	g.mustShow("3) сөйлесу")
	g.w.Press(fyne.KeyTab, fyne.KeyTab, fyne.KeyTab)
	g.await("the description", func(s Shown) bool { return s.Focus == "description" })
	g.w.Typed("өзінің сөзі")
	g.w.Press(fyne.KeyF9)
	g.await("Russian", func(s Shown) bool { return s.Lang == "ru" && s.Focus == "description" })
	g.mustShow("3) разговоры", "10 · "+ivan.Name, "өзінің сөзі", "удаляется из аудитории", "Металлоискатель")
	g.w.Press(fyne.KeyF9)
	g.await("English", func(s Shown) bool { return s.Lang == "en" && s.Dialog == "act-12" })
	g.mustShow("3) talking", "өзінің сөзі", "Metal detector")
	g.w.Press(fyne.KeyEscape)
	g.await("the end", func(s Shown) bool { return s.Dialog == "" })
	g.w.Press(fyne.KeyF9)
	g.await("Kazakh", func(s Shown) bool { return s.Lang == "kk" && s.Focus == "search" })
	if n := len(g.r.View().Acts); n != 0 {
		t.Errorf("%d acts although the dialog was left", n)
	}
	if all := g.w.Texts(); strings.Contains(all, "[proctor.") {
		t.Errorf("a sentence is missing:\n%s", all)
	}
}

// What is missing is named and gets the focus; nothing is asked of the room.
func TestIncompleteAct(t *testing.T) {
	g := newRig(t, locales.English)
	g.await("the window", func(s Shown) bool { return s.Focus == "search" })
	g.w.Press(fyne.KeyF2)
	g.await("the dialog", func(s Shown) bool { return s.Dialog == "act-12" })
	sign := func() { g.do(func() { g.c.dialog.(*actDialog).submit() }) }
	sign()
	g.await("the candidate is asked for", func(s Shown) bool { return s.Problem == "missing" && s.Focus == "candidate" })
	g.mustShow("Fill in: Candidate")
	g.w.Typed("1")
	g.w.Press(fyne.KeyReturn)
	sign()
	g.await("a ban is asked for", func(s Shown) bool { return s.Problem == "missing" && s.Focus == "bans" })
	g.w.Typed("zzz")
	g.mustShow("Nothing fits")
	g.w.Press(fyne.KeyBackspace, fyne.KeyBackspace, fyne.KeyBackspace)
	g.w.Typed("1")
	g.w.Press(fyne.KeyReturn)
	g.mustShow("1) leaving the room")
	sign()
	g.await("the code is asked for", func(s Shown) bool { return s.Problem == "missing" && s.Focus == "code" })
}

// R10, R18: a failed match proposes form 13 with the figures.
func TestFailedMatch(t *testing.T) {
	g := newRig(t, locales.Russian)
	g.r.StationOnline("st1", true)
	g.r.Hear(room.Delivery{Notice: room.Notice{
		Station: "st1", Attempt: "a1", IIN: aigerim.IIN, Phase: "running", Hold: room.HoldLocked, What: "face.checked", Detail: "refused:low-score",
		Wall: now.UnixMilli(), Score: 0.18, Threshold: 0.363,
	}})
	g.await("the alarm", func(s Shown) bool { return s.Unhandled == 1 && s.Stations == 1 })
	g.mustShow("Лицо не совпадает", "место закрыто, нужны вы", "открыто: 1")
	g.w.Press(fyne.KeyF3)
	g.await("the dialog", func(s Shown) bool { return s.Dialog == "act-13" && s.Focus == "code" })
	g.mustShow("сходство 0.180, требуется 0.363", "1 · "+aigerim.Name)
	// The form can be changed: form 12 asks for a ban.
	g.do(func() { g.w.Canvas().Focus(g.c.dialog.(*actDialog).controls["form"]) })
	g.w.Press(fyne.KeyUp)
	g.await("form 12", func(s Shown) bool { return s.Dialog == "act-12" && s.Focus == "form" })
	g.mustShow("сходство 0.180, требуется 0.363", "1 · "+aigerim.Name)
}

// An alarm that needs no act is settled by a named administrator, for a reason.
func TestDismiss(t *testing.T) {
	g := newRig(t, locales.Russian)
	g.alarm(1)
	g.await("the alarm", func(s Shown) bool { return s.Unhandled == 1 })
	g.do(func() { g.c.OpenDismiss(g.c.view.Alarms[0]) })
	g.await("the dialog", func(s Shown) bool { return s.Dialog == "dismiss" && s.Focus == "reason" })
	sign := func() { g.do(func() { g.c.dialog.(*questionDialog).submit() }) }
	sign()
	g.await("a reason is asked for", func(s Shown) bool { return s.Problem == "reason" && s.Focus == "reason" })
	g.w.Typed("пряжка ремня")
	g.w.Press(fyne.KeyReturn, fyne.KeyTab)
	g.await("the code", func(s Shown) bool { return s.Focus == "code" })
	g.w.Typed("1")
	g.w.Press(fyne.KeyReturn)
	g.await("the refusal", func(s Shown) bool { return s.Problem == "code" && s.Focus == "code" })
	g.w.Typed(adminCode)
	g.w.Press(fyne.KeyReturn)
	g.await("the alarm settled", func(s Shown) bool { return s.Dialog == "" && s.Unhandled == 0 })
	g.mustShow("без акта, "+adminName, "пряжка ремня")
}

// R21: unknown has its own word, its own colour and its own advice, for each reason and in each language.
func TestUnknownIsNeverQuiet(t *testing.T) {
	g := newRig(t, locales.Kazakh)
	g.r.Detector(exam.DetectorRead{Device: "entrance", Known: true})
	g.r.Door(exam.DoorRead{Device: "205", Known: true})
	g.await("both known", func(s Shown) bool { return s.Detector == "clear" && s.Door == "closed" })
	quiet := [2]any{g.c.detector.back.FillColor, g.c.door.back.FillColor}
	g.r.Detector(exam.DetectorRead{Device: "entrance", Reason: "silent"})
	g.r.Door(exam.DoorRead{Device: "205", Reason: "unplugged"})
	g.await("both unknown", func(s Shown) bool { return s.Detector == "unknown" && s.Door == "unknown" })
	if g.c.detector.back.FillColor == quiet[0] || g.c.door.back.FillColor == quiet[1] {
		t.Error("unknown has the colour of quiet")
	}
	for _, l := range locales.All {
		g.do(func() { g.c.SetLanguage(l) })
		for _, id := range []string{"detector.none", "detector.action", "door.none", "door.action", "reason.silent", "reason.unplugged"} {
			g.mustShow(locales.T(l, "proctor."+id))
		}
	}
	for _, reason := range []string{"", "silent", "bad-answer", "unplugged", "missing", "busy", "forbidden", "unsuitable", "not-configured", "stopped"} {
		for _, l := range locales.All {
			if s := ReasonText(l, reason); s == "" || strings.HasPrefix(s, "[") {
				t.Errorf("reason %q in %s: %q", reason, l, s)
			}
		}
	}
}

// Every event that a room's log can hold has a sentence in the list.
func TestEveryEventHasASentence(t *testing.T) {
	g := newRig(t, locales.English)
	lines := []room.Line{
		{Event: "room.opened"},
		{Event: "act.drawn"},
		{Event: "code.refused"},
		{Event: room.SaidRun},
		{Event: room.SaidLinkUp},
		{Event: room.SaidLinkOff},
		{Event: room.SaidHandled},
		{Event: "detector"},
		{Event: "detector", State: room.Quiet},
		{Event: "detector", State: room.Raised},
		{Event: "door"},
		{Event: "door", State: room.Quiet},
		{Event: "door", State: room.Raised},
	}
	details := map[string][]string{
		"face.checked": {"accepted:", "refused:", "unsure:"}, "locked": {"face", "restart", "administrator"},
		"limit.exceeded": {"leave-times", "leave-minutes"}, "focus.changed": {"lost", "back"},
	}
	silent := map[string]bool{
		"item.shown": true, "edited": true, "chosen": true, "theme.chosen": true, "flagged": true, "option.struck": true, "highlighted": true,
		"sound.started": true, "sound.heard": true, "preferred": true, "ticked": true, "scored": true, "act.tied": true,
		"act.signed": true, "presence.seen": true, "room.opened": true, "detector": true, "door": true, "station": true, "act.drawn": true, // those of the room itself stand above
	}
	for _, e := range exam.Vocabulary() {
		if silent[e.Kind()] {
			continue
		}
		for _, d := range append(details[e.Kind()], make([]string, max(0, 1-len(details[e.Kind()])))...) {
			lines = append(lines, room.Line{Event: e.Kind(), Detail: d})
		}
	}
	unnamed := locales.T(locales.English, "proctor.event.unnamed")
	for _, l := range lines {
		if s := g.c.event(l); strings.HasPrefix(s, "[") || strings.HasPrefix(s, unnamed) {
			t.Errorf("%s %q: %q", l.Event, l.Detail, s)
		}
	}
}

// Views that come faster than the window is painted are skipped: the toolkit's queue must not grow.
func TestViewsAreCoalesced(t *testing.T) {
	g := newRig(t, locales.English)
	g.await("the window", func(s Shown) bool { return s.Focus == "search" })
	// A closed room publishes no view of its own in between.
	if err := g.r.Close(); err != nil {
		t.Fatal(err)
	}
	g.w.Drain()
	v := g.r.View()
	before := len(g.shown)
	for i := range 10_000 {
		v.Stations = i
		g.c.Show(v)
	}
	if n := g.w.Waiting(); n > 1 {
		t.Errorf("%d views wait for the toolkit, want one", n)
	}
	g.await("the last view", func(s Shown) bool { return s.Stations == 9_999 })
	if n := len(g.shown) - before; n != 1 {
		t.Errorf("%d views were shown, want only the last", n)
	}
}

func TestSearch(t *testing.T) {
	g := newRig(t, locales.Russian)
	g.await("the window", func(s Shown) bool { return s.Focus == "search" })
	for _, c := range []struct {
		query string
		want  int
	}{{"иванов", 1}, {"әбдіғ", 1}, {"910202", 1}, {"1", 2}, {"нет такого", 0}, {"", 2}} {
		g.do(func() { g.c.search.SetText(c.query) })
		g.await(c.query, func(s Shown) bool { return s.Candidates == c.want })
	}
	g.do(func() { g.c.search.SetText("нет такого") })
	g.mustShow("В списке никто не подходит.")
	g.w.Press(fyne.KeyEscape)
	g.await("the search cleared", func(s Shown) bool { return s.Candidates == 2 })
}

// An act that is recorded although its file could not be written is not reported as lost.
func TestFileTrouble(t *testing.T) {
	g := newRig(t, locales.English)
	g.await("the window", func(s Shown) bool { return s.Focus == "search" })
	g.do(func() {
		g.c.openAct(nil)
		g.c.dialog.(*actDialog).answered(room.Act{ActDrawn: exam.ActDrawn{Number: "12/2026-11-21/007"}}, errors.New("no space"))
	})
	g.await("the end", func(s Shown) bool { return s.Dialog == "done" && s.Act == "12/2026-11-21/007" })
	g.mustShow("is recorded, but its file could not be written: no space")
}

func TestShowTrouble(t *testing.T) {
	a := test.NewTempApp(t)
	a.Settings().SetTheme(look.Theme{})
	g := &rig{t: t, w: looktest.New(t)}
	var seen []locales.Lang
	g.do(func() {
		ShowTrouble(g.w, locales.Kazakh, func(l locales.Lang) []string { return []string{"trouble " + string(l)} }, func(l locales.Lang) { seen = append(seen, l) })
	})
	g.mustShow("trouble kk")
	g.do(func() {
		g.w.Canvas().FocusPrevious()
		g.w.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	})
	g.mustShow("trouble en")
	if len(seen) != 2 || seen[1] != locales.English {
		t.Errorf("languages shown: %v", seen)
	}
}

func TestMain(m *testing.M) {
	// The toolkit complains on standard error about a locale that it does not know, such as C.
	if os.Getenv("LANG") == "" || os.Getenv("LANG") == "C" {
		os.Setenv("LANG", "en_US.UTF-8")
	}
	os.Exit(m.Run())
}

// logKeys returns the vault of a data folder.
func logKeys(t *testing.T, dir string) journal.Options {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(dir, vault.Options{Credentials: "-"})
	if err != nil {
		t.Fatal(err)
	}
	return journal.Options{Vault: v}
}

// sign answers the open question with the code.
func (g *rig) sign(dialog string) {
	g.t.Helper()
	g.await("dialog "+dialog, func(s Shown) bool { return s.Dialog == dialog })
	g.w.Press(fyne.KeyF10)
	g.await("the code", func(s Shown) bool { return s.Focus == "code" })
	g.w.Typed(adminCode)
	g.w.Press(fyne.KeyReturn)
}

// R14: an opening of the door without permission waits for an explanation, in words and signed.
func TestUnexplainedOpening(t *testing.T) {
	g := newRig(t, locales.Russian)
	g.r.Hear(room.Delivery{Notice: room.Notice{Station: "st1", Attempt: "a1", IIN: aigerim.IIN, Phase: "running", What: "entered", Wall: now.UnixMilli()}})
	g.r.Door(exam.DoorRead{Device: "205", Known: true, Open: true})
	g.await("the opening", func(s Shown) bool { return s.Unhandled == 1 && s.Door == "open" })
	g.mustShow("Дверь открыта без разрешения", "Объяснить", "Составить акт")
	g.w.Press(fyne.KeyF8)
	g.await("the question", func(s Shown) bool { return s.Dialog == "explain" && s.Focus == "reason" })
	g.mustShow("Объяснить открытие двери", "Кто и почему открыл")
	g.w.Typed("вошёл руководитель группы")
	g.sign("explain")
	g.await("explained", func(s Shown) bool { return s.Dialog == "" && s.Unhandled == 0 })
	g.mustShow("без акта, "+adminName, "вошёл руководитель группы")
}

// R6: all stations are suspended by a person, for a reason, and only a person lets them go on.
func TestSuspendAll(t *testing.T) {
	g := newRig(t, locales.English)
	g.r.UPS(room.UPSRead{Device: "ups", State: room.StateBattery, Charge: 60})
	g.r.UPS(room.UPSRead{Device: "ups", State: room.StateLow, Charge: 9})
	g.await("the proposal", func(s Shown) bool { return s.Unhandled == 1 && s.Order == "" })
	g.mustShow("UPS: the battery is running out", "Suspend all stations")
	g.w.Press(fyne.KeyF12)
	g.await("the question", func(s Shown) bool { return s.Dialog == "suspend" && s.Focus == "reason" })
	g.w.Typed("no mains")
	g.sign("suspend")
	g.await("suspended", func(s Shown) bool { return s.Dialog == "" && s.Order == room.OrderSuspend && s.Unhandled == 0 })
	g.mustShow("All stations are suspended: " + adminName + ". no mains")
	for _, l := range locales.All {
		g.do(func() { g.c.SetLanguage(l) })
		g.mustShow(locales.T(l, "proctor.order.end"))
	}
	g.w.Press(fyne.KeyF12)
	g.await("the question", func(s Shown) bool { return s.Dialog == "resume" && s.Focus == "reason" })
	g.w.Typed("mains")
	g.sign("resume")
	g.await("going on", func(s Shown) bool { return s.Dialog == "" && s.Order == room.OrderResume })
	if all := g.w.Texts(); strings.Contains(all, locales.T(g.c.lang, "proctor.order.end")) {
		t.Errorf("the window still says that all is suspended:\n%s", all)
	}
}

// R21: every device has its row, with its state, since when, and what to do while it is unknown.
func TestDeviceList(t *testing.T) {
	g := newRig(t, locales.English)
	g.w.Press(fyne.KeyF6)
	g.await("the empty list", func(s Shown) bool { return s.Dialog == "devices" && s.Focus == "close" })
	g.mustShow("There is no devices file")
	g.r.Door(exam.DoorRead{Device: "205", Known: true})
	g.r.Detector(exam.DetectorRead{Device: "entrance", Reason: "silent"})
	g.r.Reader("documents", "")
	g.r.UPS(room.UPSRead{Device: "ups", State: room.StateMains, Charge: 100})
	g.await("all of them", func(s Shown) bool {
		return s.Door == "closed" && len(g.c.view.Devices) == 4 && strings.Contains(g.w.Texts(), "on mains, 100")
	})
	g.mustShow("metal detector · entrance", "UNKNOWN", "It does not answer", "hand-held detector", "door · 205", "closed", "reader · documents", "ready", "last word 09:40:00")
	g.w.Press(fyne.KeyEscape)
	g.await("the room", func(s Shown) bool { return s.Dialog == "" && s.Focus == "search" })
}

// R19: a key that cannot be used says why, in the language of the window; the act is drawn up without it as before.
func TestKeyRefused(t *testing.T) {
	g := newRig(t, locales.Russian)
	bad := filepath.Join(g.dir, "bad.p12")
	if err := os.WriteFile(bad, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, problem string }{
		{filepath.Join(g.dir, "gone.p12"), "key-unreadable"},
		{bad, "key-file"},
	} {
		g.w.Press(fyne.KeyF1)
		g.await("the question", func(s Shown) bool { return s.Dialog == "key" && s.Focus == "path" })
		g.w.Typed(c.path)
		g.w.Press(fyne.KeyReturn)
		g.await("the password", func(s Shown) bool { return s.Focus == "password" })
		g.w.Typed("x")
		g.sign("key")
		g.await(c.problem, func(s Shown) bool { return s.Problem == c.problem && s.Focus == "path" && !s.Busy })
		if all := g.w.Texts(); strings.Contains(all, "[proctor.") {
			t.Errorf("%s: a sentence is missing:\n%s", c.problem, all)
		}
		g.w.Press(fyne.KeyEscape)
		g.await("the end", func(s Shown) bool { return s.Dialog == "" })
	}
}

// Every page and dialog fits both sizes of the screen in every language, and lacks no sentence.
func TestLanguagesAndSizes(t *testing.T) {
	g := newRig(t, locales.Kazakh)
	g.await("the window", func(s Shown) bool { return s.Focus == "search" })
	dialog := func(open func()) func() {
		return func() {
			g.do(func() { g.c.closeDialog() })
			g.do(open)
		}
	}
	form := func(id string) func() {
		return dialog(func() {
			g.c.openAct(nil)
			f, _ := g.c.opt.Forms.Form(id)
			d := g.c.dialog.(*actDialog)
			d.reform(f)
			d.rebuild()
		})
	}
	for _, scene := range []struct {
		name string
		set  func()
	}{
		{"empty", func() {}},
		{"busy", func() {
			g.r.Hear(room.Delivery{Notice: room.Notice{Station: "st1", Attempt: "a1", IIN: aigerim.IIN, Phase: "running", What: "entered", Wall: now.UnixMilli()}})
			g.r.Hear(room.Delivery{Notice: room.Notice{Station: "st1", Attempt: "a1", IIN: aigerim.IIN, Phase: "running", Hold: room.HoldAway, What: "left", Wall: now.UnixMilli()}})
			g.r.Door(exam.DoorRead{Device: "205", Known: true, Open: true})
			g.r.Detector(exam.DetectorRead{Device: "entrance", Reason: "silent"})
			g.r.Reader("documents", "unplugged")
			g.r.UPS(room.UPSRead{Device: "ups", State: room.StateLow, Charge: 12})
			g.await("all of it", func(s Shown) bool { return s.Unhandled == 2 && s.Away == 1 })
		}},
		{"devices", dialog(func() { g.c.openDevices() })},
		{"suspend", dialog(func() { g.c.openOrder() })},
		{"key", dialog(func() { g.c.OpenKey() })},
		{"act-0", form("0")},
		{"act-10", form("10")},
		{"act-11", form("11")},
		{"act-12", form("12")},
		{"act-13", form("13")},
		{"act-14", form("14")},
		{"act-15", form("15")},
	} {
		scene.set()
		for _, l := range locales.All {
			for _, size := range []fyne.Size{fyne.NewSize(1366, 768), fyne.NewSize(1920, 1080)} {
				g.do(func() { g.w.Resize(size); g.c.SetLanguage(l) })
				if g.c.dialog != nil {
					g.do(g.c.dialog.rebuild)
				}
				if all := g.w.Texts(); strings.Contains(all, "[proctor.") || strings.Contains(all, "<no value>") {
					t.Errorf("%s in %s: a sentence is missing:\n%s", scene.name, l, all)
				}
				need := g.w.Content().MinSize()
				for _, o := range g.w.Canvas().Overlays().List() {
					need = need.Max(o.MinSize())
				}
				if need.Width > size.Width || need.Height > size.Height {
					t.Errorf("%s in %s needs %v, the window has %v", scene.name, l, need, size)
				}
				g.picture(scene.name + "-" + string(l) + "-" + strconv.Itoa(int(size.Width)))
			}
		}
	}
}

// picture saves the window to the folder that EMTIHAN_LOOK names, for a person to judge.
func (g *rig) picture(name string) {
	dir := os.Getenv("EMTIHAN_LOOK")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		g.t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, g.w.Canvas().Capture()); err != nil {
		g.t.Fatal(err)
	}
}
