package station

import (
	"fmt"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
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
				"help": u.helpSheet, "view": func() { u.viewSheet(-1) }, "jump": u.jumpSheet, "time": u.timeSheet, "more": func() { u.exam.moreSheet() },
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

// With large text the rest of a screen, or of a sheet, is reached by the keyboard, too.
func TestPageKeysScroll(t *testing.T) {
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	opt.Scale = 2
	g := newRig(t, opt)
	g.login(nurlan)
	g.admin("by-document")
	g.screen("data")
	g.key(fyne.KeyReturn)
	g.screen("rules")
	inSight := func(text string) bool {
		for _, s := range seen(g.u.win.Canvas()) {
			if s.text.Text == text {
				return s.at.within(s.sight)
			}
		}
		t.Fatalf("nothing says %q", text)
		return false
	}
	for range 3 {
		g.u.win.Content().Refresh()
	}
	button := g.u.t("station.rules.go")
	if inSight(button) {
		t.Fatal("the whole screen is in sight already")
	}
	g.key(fyne.KeyPageDown, fyne.KeyPageDown, fyne.KeyPageDown)
	if !inSight(button) {
		t.Error("Page Down does not lead to the end of the rules")
	}
	g.key(fyne.KeyPageUp, fyne.KeyPageUp, fyne.KeyPageUp)
	if inSight(button) {
		t.Error("Page Up does not lead back")
	}
}
