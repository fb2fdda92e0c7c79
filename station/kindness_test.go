package station

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/station/editor"
	"emtihan/station/editor/keyboard"
	"emtihan/station/look"
	"emtihan/station/problem"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// R2: what a candidate chooses of the look is applied at once, with focus, caret and scrolling where they were; a restart
// keeps it, and the next candidate finds nothing of it.
func TestPreferences(t *testing.T) {
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	g := newRig(t, opt)
	g.screen("login")
	g.write("9001")
	g.chord(fyne.KeyModifierShift, fyne.KeyF3)
	g.press("150 %")
	g.key(fyne.KeyEscape)
	if look.Now().Percent != 150 {
		t.Fatalf("before the login the size is %d %%", look.Now().Percent)
	}
	g.write("01100004") // the field has the focus still, and what was typed
	g.key(fyne.KeyReturn)
	g.screen("face-login")
	g.await("what was chosen before the login in the log", func() bool {
		p := g.attempt().Preferences
		return p != nil && *p == exam.Preferences{Percent: 150, Theme: look.Light}
	})
	g.admin("by-document")
	for _, name := range []string{"data", "rules", "confirm", "enter"} {
		g.screen(name)
		g.key(fyne.KeyReturn)
	}
	g.screen("exam")
	g.write(strings.Repeat("Ғылым мен білім туралы сөз. ", 60))
	for range 300 {
		g.u.exam.edit.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	}
	g.u.exam.divide(-0.1)
	caret, text, share := g.u.exam.edit.Caret(), g.u.exam.edit.Content(), splits(g.u.scr.root)[0].Offset
	for _, step := range []struct {
		press string
		want  exam.Preferences
	}{
		{"200 %", exam.Preferences{Percent: 200, Theme: look.Light}},
		{g.u.t("station.view.theme.yellow"), exam.Preferences{Percent: 200, Theme: look.Yellow}},
		{g.u.t("station.view.hide-clock-until", "Minutes", 10), exam.Preferences{Percent: 200, Theme: look.Yellow, HideClock: true}},
	} {
		g.chord(fyne.KeyModifierShift, fyne.KeyF3)
		g.press(step.press)
		if g.u.sheet == nil || g.u.sheet.name != "view" {
			t.Fatalf("%s closes the sheet", step.press)
		}
		if o, ok := g.u.win.Canvas().Focused().(*look.Option); !ok || o.Text != step.press || !o.Chosen {
			t.Errorf("%s: the focus is at %v", step.press, g.u.win.Canvas().Focused())
		}
		g.key(fyne.KeyEscape)
		if look.Now() != (look.Setting{Percent: step.want.Percent, Theme: step.want.Theme}) {
			t.Errorf("%s: the look is %+v", step.press, look.Now())
		}
		g.await("the log to have it", func() bool { p := g.attempt().Preferences; return p != nil && *p == step.want })
		if e := g.u.exam.edit; e.Caret() != caret || e.Content() != text {
			t.Errorf("%s: the caret is behind %d runes, was behind %d", step.press, e.Caret(), caret)
		}
		if got := splits(g.u.scr.root)[0].Offset; got != share {
			t.Errorf("%s: the columns are divided at %v, were at %v", step.press, got, share)
		}
	}
	if g.u.exam.clock.Text != hiddenClock {
		t.Errorf("the clock says %q", g.u.exam.clock.Text)
	}
	g.write("Z")
	g.await("the key", func() bool { return strings.Count(g.attempt().Response("E1").Text, "Z") == 1 })
	if g.u.exam.edit.Caret() != caret+1 {
		t.Error("the key went elsewhere")
	}
	g.end()

	look.Use(look.Setting{})
	g = newRig(t, opt)
	g.screen("face-resume")
	if got := look.Now(); got != (look.Setting{Percent: 200, Theme: look.Yellow}) {
		t.Errorf("after the restart the look is %+v", got)
	}
	g.admin("by-document")
	g.screen("exam")
	if g.u.exam.clock.Text != hiddenClock {
		t.Errorf("after the restart the clock says %q", g.u.exam.clock.Text)
	}
	g.key(fyne.KeyF10)
	g.press(g.u.t("station.finish.go"))
	g.screen("face-finish")
	g.admin("by-document")
	g.screen("end")
	g.key(fyne.KeyReturn)
	g.screen("login")
	if got := look.Now(); got != (look.Setting{Percent: 100, Theme: look.Light}) {
		t.Errorf("the next candidate has the look %+v", got)
	}
	g.login(pyotr)
	if p := g.attempt().Preferences; p != nil {
		t.Errorf("the next candidate has the preferences %+v", *p)
	}
}

// A passage stays scrolled and a choice keeps the focus when language or size change (R2).
func TestScrollAndFocusStay(t *testing.T) {
	g := newRig(t, lay(t, sitting("english", "english-demo", "en")))
	g.seat(pyotr)
	g.u.exam.goTo(g.attempt().Paper.Items()[80].ID)
	g.drain()
	g.u.prefer(exam.Preferences{Percent: 200, Theme: look.Light})
	g.settleLayout()
	g.u.win.Canvas().Focus(g.u.exam.options[2])
	g.key(fyne.KeyPageDown)
	passage := func() *container.Scroll { return scrolls(g.u.exam.task)[0] }
	part := func() float32 { return passage().Offset.Y / hides(passage()) }
	before := part()
	if before <= 0 {
		t.Fatal("Page Down does not scroll the passage")
	}
	for what, change := range map[string]func(){
		"language": g.u.nextLanguage,
		"size":     func() { g.u.prefer(exam.Preferences{Percent: 175, Theme: look.Light}) },
		"theme":    func() { g.u.prefer(exam.Preferences{Percent: 175, Theme: look.Dark}) },
	} {
		change()
		g.await("the next tick", func() bool { return g.u.later == nil })
		g.settleLayout()
		if got := part(); got < before-0.1 || got > before+0.1 {
			t.Errorf("%s: the passage was scrolled by %.2f, now by %.2f", what, before, got)
		}
		if g.u.win.Canvas().Focused() != fyne.Focusable(g.u.exam.options[2]) {
			t.Errorf("%s: the focus is at %T", what, g.u.win.Canvas().Focused())
		}
	}
	before = part()
	reached := false
	for range len(focusables(g.u.scr.root)) {
		g.tabOn()
		f, ok := g.u.win.Canvas().Focused().(fyne.CanvasObject)
		if !ok {
			continue
		}
		_, within := inWhich(passage().Content, f)
		if reached = reached || within; part() != before {
			t.Fatalf("Tab to %T scrolls the passage from %.2f to %.2f", f, before, part())
		}
	}
	if !reached {
		t.Error("Tab never comes to the passage")
	}
}

// A screen that changes below a sheet does not leave the keyboard with what is gone.
func TestKeyboardAfterAChangeBelowASheet(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	g.key(fyne.KeyF5)
	g.u.rebuild(func() { g.u.lang = locales.Russian })
	if g.u.sheet == nil {
		t.Fatal("the sheet is closed")
	}
	g.key(fyne.KeyEscape)
	g.write("ab")
	g.await("the keys", func() bool { return g.attempt().Response("E1").Text == "ab" })
}

// Sheets return the focus to where it was (R2).
func TestSheetsReturnTheFocus(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	for _, it := range g.attempt().Paper.Items()[:2] {
		g.u.exam.goTo(it.ID)
		g.drain()
		if g.u.exam.edit == nil {
			g.u.win.Canvas().Focus(g.u.exam.options[1])
		}
		want := g.u.win.Canvas().Focused()
		for name, open := range map[string]func(){
			"help": g.u.helpSheet, "view": func() { g.u.viewSheet(-1) }, "admin": g.u.adminSheet, "finish": g.u.finishSheet, "time": g.u.timeSheet,
			"jump": g.u.jumpSheet, "call": g.u.callSheet, "appeal": g.u.appealSheet, "more": g.u.exam.moreSheet,
			"calculator": func() { g.u.toolSheet(exam.ToolCalculator) },
		} {
			open()
			if g.u.win.Canvas().Focused() == nil && name != "more" {
				t.Errorf("%s: nothing has the focus", name)
			}
			g.key(fyne.KeyEscape)
			if got := g.u.win.Canvas().Focused(); got != want {
				t.Errorf("%s, %s: the focus is at %T afterwards", it.ID, name, got)
			}
		}
	}
}

// The warnings are quiet: they take no focus, move nothing under the hands, go by Esc, and the next one comes all the same.
// The hidden clock comes back with the first of them.
func TestWarningsAreQuiet(t *testing.T) {
	opt := lay(t, sitting("trial", "short-demo", "kk"))
	write(t, filepath.Join(filepath.Dir(opt.Session), "profiles", "trial.toml"), []byte(strings.Replace(trial, "[5]", "[10, 5, 1]", 1)))
	g := newRig(t, opt)
	g.seat(nurlan)
	p, a := g.u.exam, g.attempt()
	g.u.prefer(exam.Preferences{Percent: 100, Theme: look.Light, HideClock: true})
	p.tellTime(a, 11*time.Minute)
	if p.warns() || p.clock.Text != hiddenClock {
		t.Fatalf("with 11 minutes left: warning %q, clock %q", p.warning.Text(), p.clock.Text)
	}
	g.settleLayout()
	where := func() string {
		for _, o := range objects(g.u.win.Canvas()) {
			if _, ok := o.object.(*editor.Editor); ok {
				return fmt.Sprint(o.at)
			}
		}
		return ""
	}
	at, focused := where(), g.u.win.Canvas().Focused()
	for _, tc := range []struct {
		left    time.Duration
		minutes int
	}{{10 * time.Minute, 10}, {9 * time.Minute, 10}, {5 * time.Minute, 5}, {time.Minute, 1}, {time.Second, 1}} {
		p.tellTime(a, tc.left)
		g.settleLayout()
		if want := g.u.t("station.exam.warning", "Minutes", tc.minutes); tc.left == time.Duration(tc.minutes)*time.Minute && !g.reads(want) {
			t.Errorf("%v: the screen does not say %q", tc.left, want)
		}
		if p.clock.Text != clockText(tc.left) {
			t.Errorf("%v: the clock says %q", tc.left, p.clock.Text)
		}
		if where() != at || g.u.win.Canvas().Focused() != focused {
			t.Errorf("%v: the editor stands at %s, stood at %s; the focus is at %T", tc.left, where(), at, g.u.win.Canvas().Focused())
		}
		if tc.minutes == 10 && tc.left < 10*time.Minute && p.warns() {
			t.Errorf("%v: the warning that was put away is back", tc.left)
		}
		g.u.putAway = p.due // as Esc does, at the time of this table
		p.tellTime(a, tc.left)
		if p.warns() {
			t.Errorf("%v: the warning stays", tc.left)
		}
	}
	p.tellTime(a, time.Hour) // extra time
	p.tellTime(a, 10*time.Minute)
	if !p.warns() {
		t.Error("after extra time the warning does not come once more")
	}
	p.tick() // the profile gives five minutes
	g.says(g.u.t("station.exam.warning", "Minutes", 5))
	g.key(fyne.KeyEscape)
	if p.warns() {
		t.Error("Esc does not put the warning away")
	}
	for range locales.All {
		g.key(fyne.KeyF3)
		if g.u.exam.warns() {
			t.Error("another language brings the warning back")
		}
	}
}

// The time can be had by a key, in whole words, with what else the header says in marks (R2).
func TestTimeSheet(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	g.says(g.u.t("station.exam.saved"))
	g.await("the camera's state", func() bool { return g.u.standing().camera == cameraMissing })
	for range locales.All {
		g.chord(fyne.KeyModifierShift, fyne.KeyF1)
		for _, s := range []string{
			g.u.t("station.time.left", "Hours", 3, "Minutes", 10), g.u.t("station.time.saved"), g.u.t("station.time.camera-fails"),
		} {
			if !g.reads(s) {
				t.Errorf("%s: the sheet does not say %q", g.u.lang, s)
			}
		}
		g.key(fyne.KeyReturn)
		if g.u.sheet != nil {
			t.Fatal("Enter does not close the sheet")
		}
		g.key(fyne.KeyF3)
	}
}

// The marks of the header say what is so, in words, and what is wrong stands out by more than its colour.
func TestHeaderMarks(t *testing.T) {
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	g := newRig(t, opt)
	g.seat(nurlan)
	g.says("Серікұлы Нұрлан")
	g.says(g.u.t("station.exam.seat", "Seat", "1"))
	h := g.u.exam.head
	g.u.lookForCamera()
	h.update()
	if h.camera.Text != g.u.t("station.exam.camera-fails") || !h.camera.TextStyle.Bold {
		t.Errorf("without a camera the mark says %q", h.camera.Text)
	}
	write(t, opt.Camera, nil)
	g.u.cameraUsed(true)
	h.update()
	if h.camera.Text != g.u.t("station.exam.camera-works") || h.camera.TextStyle.Bold {
		t.Errorf("with a camera the mark says %q", h.camera.Text)
	}
	if err := os.Remove(opt.Camera); err != nil {
		t.Fatal(err)
	}
	g.u.lookForCamera()
	h.update()
	if h.camera.Text != g.u.t("station.exam.camera-fails") {
		t.Errorf("when the camera has gone the mark says %q", h.camera.Text)
	}
	write(t, opt.Camera, nil)
	g.u.cameraUsed(false)
	g.u.lookForCamera()
	if g.u.standing().camera != cameraMissing {
		t.Error("a camera that could not be used is called ready because its file is there")
	}
	for _, tc := range []struct {
		layout keyboard.Layout
		want   string
	}{
		{keyboard.Layout{Name: "kz"}, "ҚАЗ"},
		{keyboard.Layout{Name: "ru", Variant: "phonetic"}, "РУС"},
		{keyboard.Layout{Name: "us"}, "ENG"},
		{keyboard.Layout{Name: "de"}, "DE"},
		{keyboard.Layout{}, ""},
	} {
		g.u.layoutChanged(keyboard.State{Layouts: []keyboard.Layout{tc.layout}})
		want := ""
		if tc.want != "" {
			want = g.u.t("station.exam.keyboard", "Layout", tc.want)
		}
		if h.layout.Text != want {
			t.Errorf("%+v is shown as %q, want %q", tc.layout, h.layout.Text, want)
		}
	}
}

func TestFilterAndJump(t *testing.T) {
	for _, scale := range []float32{1, 2} {
		t.Run(fmt.Sprint(scale), func(t *testing.T) {
			opt := lay(t, sitting("english", "english-demo", "en"))
			opt.Scale = scale
			g := newRig(t, opt)
			g.seat(pyotr)
			shown := func() int { return g.u.exam.nav.current() + 1 }
			jump := func(n string) {
				g.key(fyne.KeyF11)
				g.write(n)
				g.key(fyne.KeyReturn)
			}
			for _, wrong := range []string{"0", "101", "x", ""} {
				jump(wrong)
				g.says(g.u.t("refusal.no-item"))
				g.key(fyne.KeyEscape)
			}
			for _, n := range []string{"7", "42", "100"} {
				jump(n)
				if g.u.sheet != nil || fmt.Sprint(shown()) != n {
					t.Fatalf("the jump to %s leads to %d", n, shown())
				}
				g.key("1")
				g.key(fyne.KeyF2)
				g.await("the flag", func() bool { return g.u.exam.flag.Text == g.u.t("station.exam.unflag") })
			}
			jump("8")
			g.key("1")
			g.await("the answers", func() bool { return len(g.u.view.Attempt.Unanswered()) == 96 })
			jump("1")

			g.says(g.u.t("station.filter.all", "Count", 100))
			g.chord(fyne.KeyModifierShift, fyne.KeyF2)
			g.says(g.u.t("station.filter.open", "Count", 96))
			listed := func() (out []string) {
				for _, i := range g.u.exam.nav.listed {
					out = append(out, g.u.exam.cells[i].Text)
				}
				return out
			}
			if l := listed(); len(l) != 96 || slices.Contains(l, "7") || slices.Contains(l, "8") {
				t.Errorf("without an answer: %v", l)
			}
			for range 6 {
				g.key(fyne.KeyF4)
			}
			if shown() != 9 { // 7 and 8 have answers
				t.Errorf("six steps through the open tasks lead from 1 to %d", shown())
			}
			g.key("2")
			g.await("the answer", func() bool { return g.reads(g.u.t("station.filter.open", "Count", 95)) })
			if !slices.Contains(listed(), "9") {
				t.Error("the task that is shown has left the list under the candidate's hands")
			}
			g.chord(fyne.KeyModifierShift, fyne.KeyF2)
			g.says(g.u.t("station.filter.flagged", "Count", 3))
			if got, want := listed(), []string{"7", "9", "42", "100"}; !slices.Equal(got, want) {
				t.Errorf("flagged: %v, want %v", got, want)
			}
			g.key(fyne.KeyF4, fyne.KeyF4, fyne.KeyF4)
			if shown() != 100 {
				t.Errorf("the steps through the flagged tasks end at %d", shown())
			}
			g.chord(fyne.KeyModifierShift, fyne.KeyF4)
			if shown() != 42 {
				t.Errorf("the step back leads to %d", shown())
			}
			g.key(fyne.KeyF3)
			if g.u.filter != flaggedTasks || len(g.u.exam.nav.listed) != 3 {
				t.Error("another language changes what is listed")
			}
			if scale == 1 { // by mouse
				g.press(g.u.t("station.filter.all", "Count", 100))
			} else {
				g.press(g.u.t("station.filter.flagged", "Count", 3))
			}
			if len(listed()) != 100 {
				t.Errorf("all: %d are listed", len(listed()))
			}
		})
	}
}

// The list of tasks is one stop for Tab; the arrow keys move in it and Enter leads to the task.
func TestListOfTasksByKeyboard(t *testing.T) {
	g := newRig(t, lay(t, sitting("english", "english-demo", "en")))
	g.seat(pyotr)
	g.settleLayout()
	n := g.u.exam.nav
	g.u.win.Canvas().Focus(n.list)
	framed := func() (out []int) {
		for i, s := range n.slots {
			if len(s.Objects) > 1 {
				out = append(out, i+1)
			}
		}
		return out
	}
	perRow := 0
	for _, s := range n.slots {
		if s.Position().Y == 0 {
			perRow++
		} else {
			break
		}
	}
	for _, tc := range []struct {
		key  fyne.KeyName
		want int
	}{
		{fyne.KeyRight, 2},
		{fyne.KeyDown, 2 + perRow},
		{fyne.KeyLeft, 1 + perRow},
		{fyne.KeyUp, 1},
		{fyne.KeyUp, 1},
		{fyne.KeyLeft, 1},
		{fyne.KeyEnd, 100},
		{fyne.KeyRight, 100},
		{fyne.KeyDown, 100},
		{fyne.KeyUp, 100 - perRow},
		{fyne.KeyHome, 1},
		{fyne.KeyRight, 2},
		{fyne.KeyRight, 3},
	} {
		g.key(tc.key)
		if got := framed(); !slices.Equal(got, []int{tc.want}) {
			t.Errorf("%s: the frame is around %v, want %d", tc.key, got, tc.want)
		}
	}
	g.key(fyne.KeySpace)
	g.await("the third task", func() bool { return n.current() == 2 })
	if len(framed()) != 0 && g.u.win.Canvas().Focused() != fyne.Focusable(n.list) {
		t.Error("the frame stays without the focus")
	}
}

// R2: the whole exam without a mouse.
func TestWithoutAMouse(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.login(nurlan)
	g.admin("by-document")
	for _, name := range []string{"data", "rules", "confirm", "enter"} {
		g.screen(name)
		g.tab(g.u.t("station." + name + ".go"))
		g.key(fyne.KeySpace)
	}
	g.screen("exam")
	g.write("Essay")
	g.tab(g.u.t("station.exam.next"))
	g.key(fyne.KeyReturn)
	option := g.u.exam.options[1].Text
	g.tab(option)
	g.key(fyne.KeySpace)
	g.tab(g.u.t("station.exam.flag"))
	g.key(fyne.KeySpace)
	g.await("answer and flag", func() bool {
		r := g.attempt().Response("S1")
		return len(r.Options) == 1 && r.Flagged
	})
	g.tab(g.u.t("station.exam.previous"))
	g.key(fyne.KeyReturn)
	if g.u.exam.item.ID != "E1" {
		t.Errorf("the button leads to %s", g.u.exam.item.ID)
	}
	g.tab(g.u.t("station.filter.open", "Count", 4))
	g.key(fyne.KeySpace)
	g.tab(g.u.t("station.exam.jump"))
	g.key(fyne.KeySpace)
	g.write("4")
	g.key(fyne.KeyReturn)
	if g.u.exam.item.ID != "M1" {
		t.Errorf("the jump leads to %s", g.u.exam.item.ID)
	}
	for _, id := range []string{"tool-calculator", "appeal", "call", "view", "keys"} {
		g.tab(g.u.t("station.exam." + id))
		g.key(fyne.KeySpace)
		if g.u.sheet == nil {
			t.Fatalf("%s opens nothing", id)
		}
		g.key(fyne.KeyEscape, fyne.KeyEscape)
		if f, ok := g.u.win.Canvas().Focused().(*look.Button); !ok || f.Text != g.u.t("station.exam."+id) {
			t.Errorf("%s: the focus is not at its button afterwards", id)
		}
	}
	g.tab(g.u.t("station.exam.finish"))
	g.key(fyne.KeyReturn)
	g.tab(g.u.t("station.finish.go"))
	g.key(fyne.KeySpace)
	g.screen("face-finish")
	g.admin("by-document")
	g.screen("end")
	g.tab(g.u.t("station.end.go"))
	g.key(fyne.KeySpace)
	g.screen("login")
}

// The page of a station that cannot start is readable, in all languages at once.
func TestProblemPage(t *testing.T) {
	pictures(t)
	for _, scale := range []float32{1, 2} {
		for _, code := range problem.All {
			opt := lay(t, sitting("doctoral", "short-demo", "kk"))
			opt.Scale = scale
			g := newRig(t, opt)
			g.u.showProblem(problem.New(code, &os.PathError{Op: "open", Path: "/var/lib/emtihan/station/keys/sign.age", Err: os.ErrPermission}))
			for range 3 {
				g.u.win.Content().Refresh()
			}
			g.picture(fmt.Sprintf("problem-%s-%.0f", code, 100*scale))
			for _, f := range faults(g.u.win.Canvas()) {
				t.Errorf("%s, %v: %s", code, scale, f)
			}
			for _, l := range locales.All {
				g.says(locales.T(l, "problem."+string(code)+".what"))
			}
			g.end()
		}
	}
}
