package station

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/station/look"

	"fyne.io/fyne/v2"

	"github.com/google/go-cmp/cmp"
)

func TestWrongIIN(t *testing.T) { // R9
	for _, l := range locales.All {
		t.Run(string(l), func(t *testing.T) {
			opt := lay(t, sitting("doctoral", "short-demo", "kk"))
			opt.Lang = l
			g := newRig(t, opt)
			g.screen("login")
			for _, tc := range []struct{ typed, refusal string }{
				{"90010110000", "iin-length"},
				{"90010110000x", "iin-digits"},
				{"900101100005", "iin-check"},
				{stranger, "not-expected"},
			} {
				g.write(tc.typed)
				g.key(fyne.KeyReturn)
				g.says(locales.T(l, "refusal."+tc.refusal))
				if g.attempt() != nil {
					t.Error("an attempt was opened")
				}
				for range tc.typed {
					g.key(fyne.KeyBackspace)
				}
			}
		})
	}
}

// R9, R10, R15, R16: the whole way of one candidate, and the next one finds nothing of it.
func TestFromTheIINToTheFarewell(t *testing.T) {
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	g := newRig(t, opt)
	u := g.u
	g.login(nurlan)
	// Neither is there, and either may be found out last.
	g.await("the trouble", func() bool {
		return g.reads(u.t("problem.camera-missing.what")) || g.reads(u.t("problem.models-missing.what"))
	})

	g.deed("by-document", "1357")
	g.says(u.t("station.admin.wrong-code"))
	g.key(fyne.KeyEscape)
	if g.attempt().Phase != exam.PhaseLoggedIn {
		t.Fatal("R10: a wrong code has identified the candidate")
	}
	g.admin("by-document")

	for i, step := range []struct{ screen, button string }{
		{"data", "station.data.go"}, {"rules", "station.rules.go"}, {"confirm", "station.confirm.go"}, {"enter", "station.enter.go"},
	} {
		g.screen(step.screen)
		if i == 0 {
			g.says("Серікұлы Нұрлан")
			g.says("900101 100004")
		}
		g.press(u.t(step.button))
	}
	g.screen("exam")

	const essay = "Қала — бақ.\nКөшеге ағаш 🌳 егу керек."
	g.write(essay)
	g.says("Words: 6 · asked for: 40–80")
	items := g.attempt().Paper.Items()
	turnTo := func(id string) {
		for range items {
			if u.exam.item.ID == id {
				return
			}
			g.key(fyne.KeyF4)
		}
		t.Fatalf("F4 never reached %s", id)
	}
	turnTo("S1")
	g.key("2", "4") // single: the last one counts
	g.key(fyne.KeyF2)
	g.says(u.t("station.exam.unflag"))
	turnTo("M1")
	g.key("1", "2", "3", "2") // multiple: the second press takes the mark away
	turnTo("T1")
	g.write("42")
	g.press("1") // the navigator's cell leads back to the essay
	g.await("the essay", func() bool { return u.exam.item.ID == "E1" })
	if got := u.exam.edit.Content(); got != essay {
		t.Errorf("the essay is %q, written was %q", got, essay)
	}
	g.says(u.t("station.exam.counts", "Answered", 4, "Items", len(items)))
	for i, c := range u.exam.cells {
		id := items[i].ID
		answered := id == "E1" || id == "S1" || id == "M1" || id == "T1"
		if c.Answered != answered || c.Flagged != (id == "S1") || c.Current != (id == "E1") {
			t.Errorf("the cell of %s says answered %v, flagged %v, current %v", id, c.Answered, c.Flagged, c.Current)
		}
	}
	g.says(u.t("station.exam.saved"))

	g.key(fyne.KeyF8)
	g.write("The picture is missing")
	g.press(u.t("station.appeal.go"))
	g.says(u.t("station.appeal.filed"))
	g.key(fyne.KeyReturn)

	g.key(fyne.KeyF10)
	var open []string
	for i, it := range items {
		if it.ID != "E1" && it.ID != "S1" && it.ID != "M1" && it.ID != "T1" {
			open = append(open, u.exam.cells[i].Text)
		}
	}
	g.says(u.t("station.finish.open", "Count", len(open)) + " " + strings.Join(open, ", ")) // R16
	g.says(u.t("station.finish.flagged", "List", "2"))
	g.key(fyne.KeyReturn) // the way back has the focus
	if g.u.sheet != nil || g.attempt().HandedIn != nil {
		t.Fatal("R16: Enter in the finish dialogue does not lead back")
	}
	g.key(fyne.KeyF10)
	g.press(u.t("station.finish.go"))
	g.screen("face-finish") // R10
	want := g.attempt()
	g.admin("by-document")
	g.screen("end")
	g.says(u.t("station.end.tomorrow")) // R24
	g.key(fyne.KeyReturn)
	g.screen("login")

	look.ClearClipboard()
	g.seat(pyotr)
	if got := u.exam.edit.Content(); got != "" {
		t.Errorf("the next candidate finds %q", got)
	}
	g.end()

	got := want.Response("M1").Options
	if diff := cmp.Diff([]string{want.Paper.Items()[3].Options[0].ID, want.Paper.Items()[3].Options[2].ID}, got); diff != "" {
		t.Errorf("the marks of the multiple task (-want +got):\n%s", diff)
	}
	if r := want.Response("S1"); len(r.Options) != 1 || r.Options[0] != "D" || !r.Flagged {
		t.Errorf("the single task holds %+v", r)
	}
	if r := want.Response("T1"); r.Text != "42" {
		t.Errorf("the short answer holds %+v", r)
	}
	if r := want.Response("E1"); r.Text != essay || r.Appeal != "The picture is missing" {
		t.Errorf("the essay holds %+v; all %+v", r, want.Responses)
	}
	all := events(t, opt)
	for what, n := range map[string][2]int{
		"wrong code":        {count[exam.CodeRefused](all), 1},
		"no camera":         {count[exam.FaceUnavailable](all), 3}, // login and finish of one, login of the other
		"document":          {count[exam.IdentifiedByDocument](all), 3},
		"handed in":         {count[exam.HandedIn](all), 1},
		"technical appeal":  {count[exam.AppealedTechnically](all), 1},
		"edits of one rune": {count[exam.Edited](all), len([]rune(essay)) + 2},
	} {
		if n[0] != n[1] {
			t.Errorf("events %q: %d, want %d", what, n[0], n[1])
		}
	}
}

// R11: while the disk is at work the screen says so, whatever else happens; rig.honest looks after every step.
func TestSavedOnlyOnceOnTheDisk(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	g.says(g.u.t("station.exam.saved"))
	gate := make(chan struct{})
	var held atomic.Int32
	g.onDisk(func() error { held.Add(1); <-gate; return nil })
	g.write("Сөз")
	g.await("a commit", func() bool { return held.Load() > 0 })
	g.await("the text in the attempt", func() bool { return g.attempt().Response("E1").Text == "Сөз" })
	clock := g.u.exam.clock.Text
	g.await("the clock to go on", func() bool { return g.u.exam.clock.Text != clock })
	if !g.reads(g.u.t("station.exam.saving")) || g.reads(g.u.t("station.exam.saved")) {
		t.Errorf("the screen says %q while the commit is held back", g.u.exam.saved.Text)
	}
	g.key(fyne.KeyF4)
	g.key("1")
	g.key(fyne.KeyF3)
	if g.reads(g.u.t("station.exam.saved")) {
		t.Errorf("the screen says %q after another task and another language", g.u.exam.saved.Text)
	}
	g.onDisk(nil)
	close(gate)
	g.says(g.u.t("station.exam.saved"))
}

// A choice that is still on its way is not saved, although the last view that came was.
func TestChoiceOnItsWayIsNotSaved(t *testing.T) { // R11
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	g.key(fyne.KeyF4)
	g.says(g.u.t("station.exam.saved"))
	g.u.exam.choose(0)
	g.u.exam.update(g.u.view) // an old view, as a tick brings it
	if g.u.exam.saved.Text == g.u.t("station.exam.saved") {
		t.Error("the screen says saved before the actor has heard of the choice")
	}
	g.says(g.u.t("station.exam.saved"))
}

// R11: a full disk in mid-exam is said in the candidate's language; typing goes on; all of it is kept once there is room.
func TestFullDisk(t *testing.T) {
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	g := newRig(t, opt)
	g.seat(nurlan)
	g.write("before ")
	g.onDisk(func() error { return &os.PathError{Op: "write", Path: "journal", Err: syscall.ENOSPC} })
	g.write("during ")
	for range locales.All {
		g.says(g.u.t("problem.disk-full.what") + " " + g.u.t("station.exam.keep-writing"))
		g.says(g.u.t("station.exam.unsaved"))
		g.key(fyne.KeyF3)
		g.write("x")
	}
	g.deed("quit", code)
	g.says(g.u.t("problem.disk-full.do"))
	g.key(fyne.KeyEscape)
	g.onDisk(nil)
	g.says(g.u.t("station.exam.saved"))
	g.await("the banner to go", func() bool { return !g.reads(g.u.t("problem.disk-full.what")) })
	g.write("after")
	g.says(g.u.t("station.exam.saved"))
	g.end()

	g = newRig(t, opt)
	g.screen("face-resume")
	if got, want := g.attempt().Response("E1").Text, "before during xxxafter"; got != want {
		t.Errorf("the disk has %q, written was %q", got, want)
	}
}

// Switching the language, or to another task and back, in mid-typing keeps text and caret.
func TestLanguageSwitchKeepsTextAndCaret(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	g.write("Бірінші абзац.\nЕкінші абзац ұзақ болсын, ол жолға сыймай, келесі жолға көшуі үшін: ғылым, білім, еңбек, мәдениет, тарих, тіл.")
	for range 5 {
		g.key(fyne.KeyLeft)
	}
	want := g.u.exam.edit.Content()
	at := g.u.exam.edit.Caret()
	for range locales.All {
		g.key(fyne.KeyF3)
		if got := g.u.exam.edit.Content(); got != want {
			t.Errorf("%s: the text is %q, was %q", g.u.lang, got, want)
		}
		if got := g.u.exam.edit.Caret(); got != at {
			t.Errorf("%s: the caret is behind %d runes, was behind %d", g.u.lang, got, at)
		}
	}
	g.key(fyne.KeyLeft, fyne.KeyF4)
	at--
	g.press("1")
	g.write("Қ")
	runes := []rune(want)
	want = string(runes[:at]) + "Қ" + string(runes[at:])
	g.await("the attempt to have it", func() bool { return g.attempt().Response("E1").Text == want })
}

// R11: what the candidate types in the moment in which an administrator suspends the exam is neither lost nor does it
// bring later keys into disorder.
func TestKeysAtTheMomentOfASuspension(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	g.write("abc")
	g.says(g.u.t("station.exam.saved"))
	deed := exam.Deed{By: "Жұмабаева Сәуле", Reason: "alarm"}
	g.u.actor.Do(exam.Suspend{Deed: deed}, nil)
	for _, r := range "def" {
		g.u.exam.edit.TypedRune(r) // before the window hears of the suspension
	}
	g.screen("suspended")
	if got := g.attempt().Response("E1").Text; got != "abc" {
		t.Errorf("during the suspension the attempt took %q", got)
	}
	g.admin("end-suspension")
	g.screen("exam")
	g.await("the text", func() bool { return g.attempt().Response("E1").Text == "abcdef" })
	g.write("g")
	g.await("the text", func() bool { return g.attempt().Response("E1").Text == "abcdefg" })
	g.says(g.u.t("station.exam.saved"))
}

func TestTooLongAText(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	g.key(fyne.KeyF4, fyne.KeyF4, fyne.KeyF4, fyne.KeyF4)
	if g.u.exam.item.ID != "T1" {
		t.Fatalf("the task is %s", g.u.exam.item.ID)
	}
	g.write("ab")
	long := clip(strings.Repeat("ж", exam.MaxResponse-1))
	g.u.exam.edit.TypedShortcut(&fyne.ShortcutPaste{Clipboard: &long})
	defer look.ClearClipboard()
	g.u.exam.edit.TypedShortcut(&fyne.ShortcutSelectAll{})
	g.u.exam.edit.TypedShortcut(&fyne.ShortcutCopy{})
	if got := g.u.exam.edit.Content(); got != "ab" {
		t.Fatalf("the outer clipboard has been read: %d runes", len([]rune(got)))
	}
	g.key(fyne.KeyRight) // what was selected for the copy is so no more
	next := strings.Repeat("ж", exam.MaxResponse+1)
	g.u.exam.edit.SetText(next)
	g.says(g.u.t("refusal.too-long"))
	if got := g.u.exam.edit.Content(); got != "ab" {
		t.Errorf("the field holds %d runes", len([]rune(got)))
	}
	g.write("c")
	g.await("what follows", func() bool { return g.attempt().Response("T1").Text == "abc" })
}

type clip string

func (c *clip) Content() string   { return string(*c) }
func (c *clip) SetContent(string) { panic("the outer clipboard has been written") }

func TestSuspendLockLeave(t *testing.T) {
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	g := newRig(t, opt)
	u := g.u
	g.seat(nurlan)
	g.write("text")

	g.admin("suspend")
	g.screen("suspended")
	g.says("by decision")
	used := g.attempt().UsedAt(u.actor.Now())
	time.Sleep(20 * time.Millisecond) // time that must not count
	if more := g.attempt().UsedAt(u.actor.Now()) - used; more != 0 {
		t.Errorf("R6: the suspension cost %v", more)
	}
	g.admin("end-suspension")
	g.screen("exam")

	g.admin("lock")
	g.screen("locked")
	g.says(u.t("station.locked.by-administrator", "Name", "Жұмабаева Сәуле", "Reason", "by decision"))
	if g.reads("text") {
		t.Error("the locked station shows the answer")
	}
	g.admin("unlock")
	g.screen("exam")

	g.admin("leave", "Асқаров Болат") // R14
	g.screen("face-leave")
	g.press(u.t("station.face.stay"))
	g.screen("exam")
	if g.attempt().Leaves != 0 {
		t.Error("R14: a cancelled leave counts")
	}
	g.admin("leave", "Асқаров Болат")
	g.screen("face-leave")
	g.admin("by-document")
	g.screen("face-return")
	g.await("the time out of the room", func() bool { return g.reads(" of 10 minutes allowed") })
	g.admin("by-document")
	g.screen("exam")
	if g.attempt().Leaves != 1 {
		t.Errorf("R14: %d leaves", g.attempt().Leaves)
	}

	before := g.attempt().Remaining(u.actor.Now())
	g.admin("extra", "45", "certificate 12") // R2
	g.await("the extra time", func() bool { return g.attempt().Remaining(u.actor.Now())-before > 44*time.Minute })
	g.await("the clock", func() bool { return strings.HasPrefix(u.exam.clock.Text, "3:5") })
	g.deed("extra", code, "16", "certificate 13") // 45 + 16 > 60
	g.says(u.t("refusal.minutes"))
	g.key(fyne.KeyEscape)
	g.deed("extra", code, "many", "certificate 13")
	g.says(u.t("refusal.minutes"))
	g.key(fyne.KeyEscape)
	if got := u.exam.edit.Content(); got != "text" {
		t.Errorf("the essay is %q", got)
	}
}

// Who granted extra time before the start changes what the candidate confirms (R2, R9).
func TestExtraTimeBeforeTheStart(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.login(nurlan)
	g.admin("by-document")
	g.screen("data")
	g.says("190 minutes")
	g.admin("extra", "30", "certificate 12")
	g.says("220 minutes")
	g.key(fyne.KeyReturn, fyne.KeyReturn)
	g.screen("rules")
	g.key(fyne.KeyReturn)
	g.screen("confirm")
	g.says("You will have 220 minutes.")
}

func TestRestart(t *testing.T) { // R6, R10, R11
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	g := newRig(t, opt)
	g.seat(nurlan)
	g.write("Бір\nекі үш")
	g.key(fyne.KeyLeft, fyne.KeyLeft)
	g.write("!")
	g.says(g.u.t("station.exam.saved"))
	used := g.attempt().UsedAt(g.u.actor.Now())
	g.end()

	var out strings.Builder
	if exit := Check(opt, &out); exit != 0 {
		t.Fatalf("check says %d: %s", exit, out.String())
	}
	runs := count[exam.RunStarted](events(t, opt))

	g = newRig(t, opt)
	g.screen("face-resume")
	if got := int(g.attempt().Last.Run); got != runs+1 {
		t.Errorf("this is run %d after %d: the check has begun one", got, runs)
	}
	g.admin("by-document")
	g.screen("exam")
	if got := g.u.exam.edit.Content(); got != "Бір\nекі !үш" {
		t.Errorf("the essay is %q", got)
	}
	g.write("?")
	g.await("the caret where it was", func() bool { return g.attempt().Response("E1").Text == "Бір\nекі !?үш" })
	if back := used - g.attempt().UsedAt(g.u.actor.Now()); back > time.Second {
		t.Errorf("R6: the used time went back by %v", back)
	}
}

// A deed whose sheet was closed while the code was being checked is not done.
func TestDeedIsWithdrawnWithItsSheet(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	g.deed("suspend", code)
	g.u.closeSheet()
	checked := g.attempt().Seq
	g.await("some ticks", func() bool { return g.attempt().Seq > checked+2 })
	if g.attempt().Suspended != nil {
		t.Error("the exam is suspended although the sheet was closed")
	}
}

func TestTools(t *testing.T) { // R13
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	g.write("a")
	for _, tool := range []struct {
		key  fyne.KeyName
		name string
	}{{fyne.KeyF5, "calculator"}, {fyne.KeyF6, "elements"}, {fyne.KeyF7, "solubility"}} {
		g.key(tool.key)
		if g.u.sheet == nil || g.u.sheet.name != tool.name {
			t.Fatalf("%s opens %v, not %s", tool.key, g.u.sheet, tool.name)
		}
		g.key(fyne.KeyEscape)
		if g.u.sheet != nil {
			t.Fatalf("Esc does not close %s", tool.name)
		}
		g.write("b")
	}
	g.await("the keys after each tool", func() bool { return g.attempt().Response("E1").Text == "abbb" })
	g.key(fyne.KeyF5)
	g.write("7")
	g.key(fyne.KeyEscape)
	if g.u.sheet == nil {
		t.Error("the first Esc clears the calculator, it does not close it")
	}
	g.key(fyne.KeyEscape)
	if g.u.sheet != nil {
		t.Error("the second Esc does not close the calculator")
	}
}

func TestEnglishResultAndContentAppeal(t *testing.T) { // R4, R15
	opt := lay(t, sitting("english", "english-demo", "en"))
	g := newRig(t, opt)
	g.seat(pyotr)
	if g.u.keys(&fyne.KeyEvent{Name: fyne.KeyF5}); g.u.sheet != nil {
		t.Error("R13: the English test has a calculator")
	}
	for i, it := range g.attempt().Paper.Items() {
		if i == 75 {
			break
		}
		for j, o := range it.Options {
			if o.ID == it.Key[0] {
				g.key(fyne.KeyName([]string{"1", "2", "3", "4", "5", "6"}[j]))
			}
		}
		g.key(fyne.KeyF4)
	}
	g.await("the navigator to follow to task 76", func() bool {
		for _, o := range objects(g.u.win.Canvas()) {
			if o.object == fyne.CanvasObject(g.u.exam.cells[75]) {
				return g.u.exam.cells[75].Current && o.at.within(o.sight)
			}
		}
		return false
	})
	g.key(fyne.KeyF10)
	g.press(g.u.t("station.finish.go"))
	g.screen("face-finish")
	g.admin("by-document")
	g.screen("end")
	for range locales.All {
		g.says(g.u.t("station.end.score", "Points", 75, "Most", 100))
		g.says(g.u.t("station.end.passed", "Threshold", 75))
		g.key(fyne.KeyF3)
	}
	g.key(fyne.KeyReturn)
	g.screen("end") // the result, and the right to appeal, do not vanish by one key

	file := func() { g.press(g.u.t("station.appeal.go")) }
	g.press(g.u.t("station.content.title"))
	g.write("101")
	file()
	g.says(g.u.t("refusal.no-item"))
	g.key(fyne.KeyBackspace)
	file()
	g.says(g.u.t("refusal.ground"))
	g.press(g.u.t("station.content.ground3"))
	file()
	g.says(g.u.t("refusal.reason"))
	g.u.win.Canvas().Focus(nil)
	for _, o := range objects(g.u.win.Canvas()) {
		if f, ok := o.object.(*look.Field); ok && f.MultiLine {
			g.u.win.Canvas().Focus(f)
		}
	}
	g.write("Both are right")
	file()
	g.says(g.u.t("station.appeal.filed"))
	g.key(fyne.KeyReturn)
	if got := g.attempt().ContentAppeals; len(got) != 1 || got[0].Ground != 3 || got[0].Item != g.attempt().Paper.Items()[9].ID {
		t.Errorf("the appeals are %+v", got)
	}
	g.press(g.u.t("station.end.go"))
	g.screen("login")
	g.write(pyotr)
	g.key(fyne.KeyReturn)
	g.says(g.u.t("refusal.ended"))
}

const trial = `format = 1
id = "trial"
[title]
kk = "Сынақ"
ru = "Проба"
en = "Trial"
[clock]
minutes = 5
warn_minutes_left = [5]
[admission]
late_minutes = 40
[extra]
max_minutes = 60
[leave]
max_times = 2
max_minutes = 10
`

// The warning of the last minutes comes, and goes when an administrator grants extra time (R2).
func TestWarningOfTheLastMinutes(t *testing.T) {
	opt := lay(t, sitting("trial", "short-demo", "kk"))
	write(t, filepath.Join(filepath.Dir(opt.Session), "profiles", "trial.toml"), []byte(trial))
	g := newRig(t, opt)
	g.seat(nurlan)
	g.says(g.u.t("station.exam.warning", "Minutes", 5))
	g.admin("extra", "10", "certificate 12")
	g.await("the warning to go", func() bool { return !g.reads("min left") })
}

func TestLostFocusIsRecorded(t *testing.T) { // R17
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	g := newRig(t, opt)
	g.login(nurlan)
	g.u.focusChanged(true) // before the start it is nobody's offence
	g.admin("by-document")
	for range 4 {
		g.screen(map[exam.Phase]string{
			exam.PhaseIdentified: "data", exam.PhaseDataConfirmed: "rules", exam.PhaseRulesRead: "confirm", exam.PhaseConfirmed: "enter",
		}[g.attempt().Phase])
		phase := g.attempt().Phase
		g.key(fyne.KeyReturn)
		g.await("the next step", func() bool { return g.attempt().Phase != phase })
	}
	g.screen("exam")
	g.u.focusChanged(true)
	g.u.focusChanged(false)
	g.end()
	if n := count[exam.FocusChanged](events(t, opt)); n != 2 {
		t.Errorf("%d events of the window's focus, want 2", n)
	}
}
