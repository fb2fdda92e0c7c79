package station

import (
	"fmt"
	"image/color"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
)

// readable checks that nothing is cut on the present screen, or on the sheet that open lays over it, in three languages
// and on the least and the usual display.
func (g *rig) readable(name string, open func()) {
	g.Helper()
	for _, l := range locales.All {
		g.u.closeSheet()
		g.u.setLanguage(l)
		g.drain()
		for _, size := range []fyne.Size{{Width: 1366, Height: 768}, {Width: 1920, Height: 1080}} {
			g.u.closeSheet()
			g.u.win.Resize(size)
			if open != nil {
				open()
				g.drain()
			}
			// Some heights follow from widths, so that the toolkit settles them in its next pictures.
			for range 3 {
				g.u.win.Content().Refresh()
				if top := g.u.win.Canvas().Overlays().Top(); top != nil {
					top.Refresh()
				}
				g.u.win.Resize(size)
			}
			if c := g.u.win.Content().MinSize(); c.Width > size.Width || c.Height > size.Height {
				g.Errorf("%s, %s, %vx%v, scale %v: the screen needs %v", name, l, size.Width, size.Height, g.opt.Scale, c)
			}
			g.picture(fmt.Sprintf("%s-%s-%.0f-%.0f", name, l, size.Width, 100*g.opt.Scale))
			if size.Width == 1366 && g.opt.Scale == 1 {
				g.golden(name, l)
			}
			for _, f := range faults(g.u.win.Canvas()) {
				g.Errorf("%s, %s, %vx%v, scale %v: %s", name, l, size.Width, size.Height, g.opt.Scale, f)
			}
		}
	}
	g.u.closeSheet()
	g.u.setLanguage(locales.English)
	g.u.win.Resize(fyne.NewSize(1366, 768))
	g.drain()
}

func TestNothingIsCut(t *testing.T) {
	pictures(t)
	for _, scale := range []float32{1, 2} {
		t.Run(fmt.Sprint(scale), func(t *testing.T) {
			opt := lay(t, sitting("doctoral", "short-demo", "kk"))
			opt.Scale = scale
			g := newRig(t, opt)
			u := g.u
			g.screen("login")
			g.write("1")
			g.key("Return")
			g.says(u.t("refusal.iin-length"))
			g.readable("login", nil)
			g.readable("login-admin", u.adminSheet)
			g.says(u.t("refusal.iin-length")) // in each language still there, as is what was typed
			g.key(fyne.KeyBackspace)
			g.login(nurlan)
			g.readable("face-login", nil)
			g.readable("face-admin", u.adminSheet)
			g.admin("by-document")
			for _, name := range []string{"data", "rules", "confirm", "enter"} {
				g.screen(name)
				g.readable(name, nil)
				g.key("Return")
			}
			g.screen("exam")
			items := g.attempt().Paper.Items()
			u.exam.goTo(items[1].ID)
			g.drain()
			g.readable("sheet-time", u.timeSheet) // before the first minute is over: it says how many are left
			for _, it := range items {
				u.exam.goTo(it.ID)
				g.drain()
				g.readable("exam-"+it.ID, nil)
			}
			warns := func() { u.exam.tellTime(g.u.view.Attempt, 5*time.Minute) }
			u.exam.goTo(items[0].ID)
			g.drain()
			g.readable("exam-warning", warns)
			u.exam.goTo(items[1].ID)
			g.drain()
			g.readable("exam-warning-choice", warns)
			for name, open := range map[string]func(){
				"help": u.helpSheet, "view": func() { u.viewSheet(-1) }, "jump": u.jumpSheet, "more": func() { u.exam.moreSheet() },
				"admin": u.adminSheet, "call": u.callSheet, "appeal": u.appealSheet, "finish": u.finishSheet,
				"calculator": func() { u.toolSheet(exam.ToolCalculator) }, "elements": func() { u.toolSheet(exam.ToolElements) },
				"solubility": func() { u.toolSheet(exam.ToolSolubility) }, "message": func() { u.message(u.called()) },
			} {
				g.readable("sheet-"+name, open)
			}
			g.admin("extra", "45", "certificate 12 of 3 March, medical commission of the city polyclinic 4")
			g.admin("suspend")
			g.screen("suspended")
			g.readable("suspended", nil)
			g.admin("end-suspension")
			g.screen("exam")
			g.admin("lock")
			g.screen("locked")
			g.readable("locked", nil)
			g.readable("locked-admin", u.adminSheet)
			g.admin("unlock")
			g.screen("exam")
			g.admin("leave", "Асқаров Болат")
			g.screen("face-leave")
			g.readable("face-leave", nil)
			g.admin("by-document")
			g.screen("face-return")
			g.readable("face-return", nil)
			g.admin("by-document")
			g.screen("exam")
			g.key("F10")
			g.press(u.t("station.finish.go"))
			g.screen("face-finish")
			g.readable("face-finish", nil)
			g.admin("by-document")
			g.screen("end")
			g.readable("farewell", nil)
		})
	}
}

// Every theme shows every kind of screen without a cut (R2).
func TestThemesAreReadable(t *testing.T) {
	pictures(t)
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	g := newRig(t, opt)
	wear := func(where string, percent int, open func()) {
		for _, theme := range look.Themes {
			g.u.closeSheet()
			g.u.prefer(exam.Preferences{Percent: percent, Theme: theme})
			if open != nil {
				open()
			}
			g.settleLayout()
			g.picture(fmt.Sprintf("theme-%s-%s-%d", theme, where, percent))
			for _, f := range faults(g.u.win.Canvas()) {
				t.Errorf("%s, %s, %d %%: %s", where, theme, percent, f)
			}
		}
		g.u.closeSheet()
	}
	g.screen("login")
	wear("login", 100, nil)
	wear("login", 200, nil)
	g.seat(nurlan)
	g.write("Қала көшелеріне ағаш егу керек, өйткені ағаш ауаны тазартады.")
	for _, percent := range []int{100, 200} {
		wear("essay", percent, func() { g.u.exam.tellTime(g.u.view.Attempt, time.Minute) })
		wear("view", percent, func() { g.u.viewSheet(-1) })
		wear("finish", percent, g.u.finishSheet)
		g.u.exam.goTo(g.attempt().Paper.Items()[1].ID)
		g.drain()
		g.u.exam.choose(1)
		wear("choice", percent, func() { g.u.win.Canvas().Focus(g.u.exam.options[2]) })
		wear("list", percent, func() { g.u.win.Canvas().Focus(g.u.exam.nav.list) })
		g.u.exam.goTo(g.attempt().Paper.Items()[0].ID)
		g.drain()
	}
}

func TestNothingIsCutElsewhere(t *testing.T) {
	pictures(t)
	for _, scale := range []float32{1, 2} {
		t.Run(fmt.Sprint("english/", scale), func(t *testing.T) {
			opt := lay(t, sitting("english", "english-demo", "en"))
			opt.Scale = scale
			g := newRig(t, opt)
			g.seat(pyotr)
			g.readable("exam-english", nil)
			g.u.exam.goTo(g.attempt().Paper.Items()[80].ID)
			g.drain()
			g.readable("exam-english-passage", nil)
			g.readable("finish-english", g.u.finishSheet)
			g.key("F10")
			g.press(g.u.t("station.finish.go"))
			g.screen("face-finish")
			g.admin("by-document")
			g.screen("end")
			g.readable("result", nil)
			g.readable("content-appeal", g.u.contentAppealSheet)
		})
		t.Run(fmt.Sprint("late/", scale), func(t *testing.T) { // R3
			s := sitting("doctoral", "short-demo", "ru")
			s.Start = s.Start.Add(-41 * time.Minute)
			opt := lay(t, s)
			opt.Scale = scale
			g := newRig(t, opt)
			g.screen("login")
			g.write(nurlan)
			g.key("Return")
			g.screen("late")
			g.readable("late", nil)
			g.admin("admit-late")
			g.admin("postpone", "15/1")
			g.screen("postponed")
			g.readable("postponed", nil)
		})
	}
}

// inSight reports whether a text on the window is seen whole.
func (g *rig) inSight(text string) bool {
	g.Helper()
	for _, s := range seen(g.u.win.Canvas()) {
		if s.text.Text == text {
			return s.at.within(s.sight)
		}
	}
	g.Fatalf("nothing says %q", text)
	return false
}

// focused returns the words of what has the focus, and whether it is seen whole.
func (g *rig) focused() (text string, inSight bool) {
	g.Helper()
	for _, p := range objects(g.u.win.Canvas()) {
		if f, ok := p.object.(fyne.Focusable); ok && f == g.u.win.Canvas().Focused() {
			return label(p.object), p.at.within(p.sight)
		}
	}
	g.Fatalf("%T has the focus and is not on the window", g.u.win.Canvas().Focused())
	return "", false
}

// signs reports what tells a person that the text goes on beyond what scrolls: the bar at its side, and the line at its foot.
func (g *rig) signs(s *container.Scroll) (bar, line bool) {
	at := boxOf(fyne.CurrentApp().Driver().AbsolutePositionForObject(s), s.Size())
	for _, p := range objects(g.u.win.Canvas()) {
		if r, ok := p.object.(*canvas.Rectangle); ok && r.FillColor == color.Color(look.Edge) {
			line = line || p.at.bottom-p.at.top == 1 && p.at.top == at.bottom && p.at.left == at.left && p.at.right == at.right
		}
	}
	var parts func(o fyne.CanvasObject)
	parts = func(o fyne.CanvasObject) {
		if o == s.Content || !o.Visible() {
			return
		}
		if r, ok := o.(*canvas.Rectangle); ok && r.FillColor == color.Color(look.Quiet) {
			bar = bar || r.Size().Width >= 8 && r.Size().Height >= 14 && r.Size().Height < s.Size().Height
		}
		if w, ok := o.(fyne.Widget); ok {
			for _, x := range test.WidgetRenderer(w).Objects() {
				parts(x)
			}
		}
	}
	parts(s)
	return bar, line
}

// R2, R9: with the largest text on the least display the candidate sees the button that has the focus at every step to the
// start, sees that the text above it goes on, and reads all of it by keys.
func TestStepStaysInSight(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.login(nurlan)
	g.admin("by-document")
	for _, name := range []string{"data", "rules"} {
		g.screen(name)
		for _, l := range locales.All {
			g.u.setLanguage(l)
			for _, theme := range look.Themes {
				where := fmt.Sprint(name, ", ", l, ", ", theme)
				g.u.prefer(exam.Preferences{Percent: 200, Theme: theme})
				g.settleLayout()
				s := scrolls(g.u.scr.root)[0]
				s.ScrollToTop()
				if hides(s) == 0 {
					t.Fatalf("%s: the whole screen is in sight already", where)
				}
				holds := func(when string) {
					t.Helper()
					if text, seen := g.focused(); text != g.u.t("station."+name+".go") || !seen || !g.inSight(text) {
						t.Errorf("%s, %s: %q has the focus; in sight: %v", where, when, text, seen)
					}
					if bar, line := g.signs(s); !bar || !line {
						t.Errorf("%s, %s: that the text goes on is told by a bar: %v, by a line: %v", where, when, bar, line)
					}
				}
				holds("at the beginning")
				for _, way := range [][2]fyne.KeyName{{fyne.KeyPageDown, fyne.KeyPageUp}, {fyne.KeyDown, fyne.KeyUp}} {
					read := make(map[string]bool)
					look := func() {
						at := boxOf(fyne.CurrentApp().Driver().AbsolutePositionForObject(s), s.Size())
						for _, x := range seen(g.u.win.Canvas()) {
							if x.sight.within(at) {
								read[x.text.Text] = read[x.text.Text] || x.at.within(x.sight)
							}
						}
					}
					look()
					for at := float32(-1); s.Offset.Y > at; look() {
						at = s.Offset.Y
						g.key(way[0])
					}
					holds("at the end")
					if len(read) < 10 {
						t.Errorf("%s: only %d lines were looked at", where, len(read))
					}
					for text, ok := range read {
						if !ok {
							t.Errorf("%s: %s never shows %q", where, way[0], text)
						}
					}
					for at := s.Offset.Y + 1; s.Offset.Y < at; {
						at = s.Offset.Y
						g.key(way[1])
					}
					if s.Offset.Y != 0 {
						t.Errorf("%s: %s does not lead back", where, way[1])
					}
				}
			}
		}
		g.key(fyne.KeyReturn)
	}
}

// tabOn presses Tab as the toolkit's desktop driver does: the key goes down, and then the focus moves.
func (g *rig) tabOn() {
	g.Helper()
	c, e := g.u.win.Canvas(), &fyne.KeyEvent{Name: fyne.KeyTab}
	if k, ok := c.Focused().(desktop.Keyable); ok {
		k.KeyDown(e)
	} else {
		g.u.keys(e)
	}
	c.FocusNext()
	g.drain()
}

// R2: whoever goes on with Tab sees where they are, also where a screen or a sheet is higher than the display.
func TestTabLeadsIntoSight(t *testing.T) {
	opt := lay(t, sitting("english", "english-demo", "en"))
	opt.Scale = 2
	g := newRig(t, opt)
	around := func(where string) {
		t.Helper()
		root := g.u.scr.root
		if g.u.sheet != nil {
			root = g.u.sheet.over
		}
		g.settleLayout()
		if !turns(root) {
			t.Fatalf("%s: nothing is out of sight", where)
		}
		for range 2 * len(focusables(root)) {
			g.tabOn()
			if text, seen := g.focused(); !seen {
				t.Errorf("%s: Tab leads out of sight, to %q", where, text)
			}
		}
	}
	g.login(pyotr)
	g.u.adminSheet()
	around("an administrator's sheet")
	g.admin("by-document")
	for _, name := range []string{"data", "rules", "confirm", "enter"} {
		g.screen(name)
		g.key(fyne.KeyReturn)
	}
	g.finish()
	g.screen("end")
	around("the result")
	g.u.setLanguage(locales.Kazakh)
	g.u.contentAppealSheet()
	around("a content appeal")
}

// A screen on which the candidate waits says the time from its beginning, and nothing appears on it later.
func TestHoldSaysTheTimeAtOnce(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	g.admin("suspend")
	g.screen("suspended")
	g.u.show(g.u.suspendedScreen())
	if text := g.u.t("station.hold.remains", "Time", clockText(g.u.view.Attempt.Remaining(g.u.actor.Now()))); !g.reads(text) {
		t.Errorf("the screen does not say %q", text)
	}
}
