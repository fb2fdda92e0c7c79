package station

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"emtihan/assets"
	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/station/item"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// themed seats a candidate before the essay of the doctoral demonstration, which has three themes.
func themed(t *testing.T, opt Options) *rig {
	g := newRig(t, opt)
	g.seat(nurlan)
	if it := g.u.exam.item; it.ID != "E1" || len(it.Themes) != 3 {
		t.Fatalf("the first task is %s with %d themes", it.ID, len(it.Themes))
	}
	return g
}

func (g *rig) theme() string { return g.attempt().Response("E1").Theme }

// R1, R2, R11: one theme is chosen by the keyboard before the first character; it stands above the text from then on.
func TestThemeByKeyboard(t *testing.T) {
	for name, keys := range map[string][]fyne.KeyName{
		"digit":         {fyne.Key2},
		"down, enter":   {fyne.KeyDown, fyne.KeyDown, fyne.KeyReturn},
		"down, space":   {fyne.KeyDown, fyne.KeyDown, fyne.KeySpace},
		"up from below": {fyne.KeyUp, fyne.KeyUp, fyne.KeySpace},
	} {
		t.Run(name, func(t *testing.T) {
			g := themed(t, lay(t, sitting("doctoral", "doctoral-demo", "kk")))
			p := g.u.exam
			if p.edit != nil {
				t.Fatal("there is a field for a text before a theme is chosen")
			}
			g.says(g.u.t("station.theme.title"))
			for _, b := range g.u.bindings() {
				if does := b.when == nil || b.when(); does && (b.name == "strike" || b.name == "strike-focused") {
					t.Errorf("a theme can be struck out by %s", b.caps())
				}
			}
			g.key("9") // there is no ninth theme
			if g.theme() != "" {
				t.Fatal("a digit without a theme has chosen one")
			}
			g.key(keys...)
			g.await("the theme", func() bool { return g.theme() == "T2" })
			if p.edit == nil || g.u.win.Canvas().Focused() != fyne.Focusable(p.edit) {
				t.Fatal("the field for the text does not have the focus")
			}
			g.write("Ғылым 12")
			g.says(g.u.t("station.exam.saved"))
			g.says(g.u.t("station.theme.number", "Number", 2))
			g.says("Ашық ғылым: зерттеу деректері мен мақалалар баршаға тегін қолжетімді болғанда кім ұтады, кім ұтылады?")
			if r := g.attempt().Response("E1"); r.Text != "Ғылым 12" || r.Theme != "T2" {
				t.Errorf("the attempt holds %+v", r)
			}
		})
	}
}

// With nothing written the theme changes without a question; with a text the station asks once, and Cancel is what Enter means.
func TestThemeIsChanged(t *testing.T) { // R1, R11
	opt := lay(t, sitting("doctoral", "doctoral-demo", "ru"))
	g := themed(t, opt)
	p, u := g.u.exam, g.u
	other := func() {
		t.Helper()
		g.press(u.t("station.theme.change"))
		if p.edit != nil || !slices.ContainsFunc(p.options, func(r *item.Row) bool { return r.Chosen && u.win.Canvas().Focused() == fyne.Focusable(r) }) {
			t.Fatal("the chosen theme does not have the focus")
		}
	}
	g.key("1")
	g.await("the first theme", func() bool { return g.theme() == "T1" })
	other()
	g.key("3")
	g.await("the third theme", func() bool { return g.theme() == "T3" && u.sheet == nil && p.edit != nil })

	g.write("Язык")
	other()
	g.key(fyne.KeyEscape) // back to the text
	if p.edit == nil || p.edit.Content() != "Язык" || u.win.Canvas().Focused() != fyne.Focusable(p.edit) {
		t.Fatal("Esc does not lead back to the text")
	}
	other()
	g.key("3") // the one that is chosen
	if u.sheet != nil || p.edit == nil {
		t.Fatal("the theme that is chosen is asked about")
	}
	for _, refuse := range []fyne.KeyName{fyne.KeyReturn, fyne.KeyEscape} {
		other()
		g.key("2")
		if u.sheet == nil || u.sheet.name != "theme" || !g.reads(u.t("station.theme.ask")) {
			t.Fatal("the change of the theme of a text is not asked about")
		}
		g.key(refuse)
		if u.sheet != nil || g.theme() != "T3" || p.edit != nil {
			t.Fatalf("%s: sheet %v, theme %s", refuse, u.sheet, g.theme())
		}
		g.key(fyne.KeyEscape)
	}
	other()
	g.key(fyne.KeyUp, fyne.KeySpace)
	g.press(u.t("station.theme.go"))
	g.await("the second theme", func() bool { return g.theme() == "T2" && p.edit != nil })
	if u.sheet != nil || p.edit.Content() != "Язык" || u.win.Canvas().Focused() != fyne.Focusable(p.edit) {
		t.Errorf("after the change the text is %q", p.edit.Content())
	}
	g.write("!")
	g.says(u.t("station.exam.saved"))

	// R11: after the program starts again, theme and text are as they were.
	g.end()
	var changes []string
	for _, e := range events(t, opt) {
		if c, ok := e.(exam.ThemeChosen); ok {
			changes = append(changes, c.Previous+">"+c.Theme)
		}
	}
	if got, want := strings.Join(changes, " "), ">T1 T1>T3 T3>T2"; got != want {
		t.Errorf("the log has %q, want %q", got, want)
	}
	h := newRig(t, opt)
	h.screen("face-resume")
	h.admin("by-document")
	h.screen("exam")
	if e := h.u.exam.edit; e == nil || e.Content() != "Язык!" || h.u.exam.theme != "T2" {
		t.Fatal("the text or its theme has gone")
	}
	h.says("Открытая наука: кто выигрывает и кто проигрывает")
}

// Whoever turns away and back, or changes the language, finds the themes and the text as they were.
func TestThemeOutlivesTheScreen(t *testing.T) { // R11, R16
	g := themed(t, lay(t, sitting("doctoral", "doctoral-demo", "en")))
	u := g.u
	g.key(fyne.KeyF4)
	if u.exam.theme != "" || u.exam.edit == nil {
		t.Error("a task without themes is not as it was")
	}
	g.write("x")
	g.key(fyne.KeyF10)
	g.says(u.t("station.finish.open", "Count", len(g.attempt().Paper.Items())-1) + " 1,") // R16: no theme, no answer
	g.key(fyne.KeyEscape)
	g.press("1")
	g.await("the themes", func() bool { return u.exam.item.ID == "E1" && u.exam.edit == nil })
	g.key(fyne.KeyDown, fyne.KeySpace)
	g.write("Science")
	for range locales.All {
		g.key(fyne.KeyF3)
		if u.exam.edit == nil || u.exam.edit.Content() != "Science" || u.exam.theme != "T1" {
			t.Fatalf("%s: the text or its theme has gone", u.lang)
		}
	}
	g.key(fyne.KeyF4)
	g.press("1")
	g.await("the text", func() bool { return u.exam.edit != nil && u.exam.edit.Content() == "Science" })
	g.says(u.t("station.exam.saved"))
}

// A choice that the exam no longer takes leaves the screen as the attempt is.
func TestThemeRefused(t *testing.T) { // R6, R11
	g := themed(t, lay(t, sitting("doctoral", "doctoral-demo", "kk")))
	u := g.u
	done := make(chan error, 1)
	u.actor.Do(exam.Lock{Deed: exam.Deed{By: "Ким", Reason: "шу"}}, func(err error) { done <- err })
	if err := <-done; err != nil { // the screen has not heard of it yet
		t.Fatal(err)
	}
	u.exam.pickTheme("T1")
	g.screen("locked")
	g.admin("unlock")
	g.screen("exam")
	if g.theme() != "" || u.exam.theme != "" || u.exam.edit != nil {
		t.Errorf("theme %q, on the screen %q", g.theme(), u.exam.theme)
	}
	g.key("1")
	g.await("the theme", func() bool { return g.theme() == "T1" && u.exam.edit != nil })
}

// The themes, the text under one, the way to another and the question are read in every language, size and theme of colours (R2).
func TestThemesOfEssaysAreReadable(t *testing.T) {
	pictures(t)
	for _, scale := range []float32{1, 2} {
		t.Run(fmt.Sprint(scale), func(t *testing.T) {
			opt := lay(t, sitting("doctoral", "doctoral-demo", "kk"))
			opt.Scale = scale
			g := themed(t, opt)
			u := g.u
			wear := func(where string, open func()) {
				for _, theme := range look.Themes {
					u.closeSheet()
					u.prefer(exam.Preferences{Percent: int(100 * scale), Theme: theme})
					if open != nil {
						open()
					}
					g.settleLayout()
					g.picture(fmt.Sprintf("theme-%s-%s-%.0f", theme, where, 100*scale))
					for _, f := range faults(u.win.Canvas()) {
						t.Errorf("%s, %s: %s", where, theme, f)
					}
				}
				u.closeSheet()
				u.prefer(exam.Preferences{Percent: int(100 * scale), Theme: look.Light})
			}
			g.readable("exam-themes", nil)
			wear("essay-themes", func() { u.win.Canvas().Focus(u.exam.options[1]) })
			g.key("1")
			g.await("the theme", func() bool { return g.theme() == "T1" })
			g.write("Қоғам")
			g.says(u.t("station.exam.saved"))
			g.readable("exam-theme", nil)
			wear("essay-theme", nil)
			g.readable("exam-theme-other", func() { u.exam.picking = true; u.exam.relay() })
			g.readable("sheet-theme", func() { u.themeSheet(u.exam.item, "T2") })
		})
	}
}

// Themes are large enough to be hit by an unsteady hand (R2).
func TestThemesAreLargeTargets(t *testing.T) {
	for _, scale := range []float32{1, 2} {
		opt := lay(t, sitting("doctoral", "doctoral-demo", "ru"))
		opt.Scale = scale
		g := themed(t, opt)
		g.settleLayout()
		for _, r := range g.u.exam.options {
			if s := r.Size(); s.Height < 44 || s.Width < 400 {
				t.Errorf("at scale %v a theme is %v × %v", scale, s.Width, s.Height)
			}
		}
	}
}

// R2: whoever needs large text sees as much of their essay with a theme as without one, and the theme with the task.
func TestAThemeLeavesALargeTextItsRoom(t *testing.T) {
	source, err := assets.Source("papers", "doctoral-demo")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		scale   float32
		passage bool
		least   float32 // part of the task's height
	}{
		"twice":             {2, false, 0.8},
		"half again":        {1.5, false, 0.8},
		"beside a passage":  {2, true, 0.4},
		"with less of both": {1.5, true, 0.4},
	} {
		opt := lay(t, sitting("doctoral", "doctoral-demo", "kk"))
		opt.Scale = c.scale
		if c.passage {
			withPassage(t, opt, string(source))
		}
		g := themed(t, opt)
		g.key("1")
		g.await("the theme", func() bool { return g.theme() == "T1" })
		g.settleLayout()
		p := g.u.exam
		if text, task := p.edit.Size().Height, p.task.Size().Height; text < c.least*task {
			t.Errorf("%s: the text has %v of the task's %v", name, text, task)
		}
		title := false
		for _, o := range objects(g.u.win.Canvas()) {
			text, _ := o.object.(*widget.Label)
			title = title || text != nil && text.Text == g.u.t("station.theme.number", "Number", 1)
		}
		change := false
		for _, f := range focusables(p.task) {
			change = change || label(f.(fyne.CanvasObject)) == g.u.t("station.theme.change")
		}
		if !title || !change {
			t.Errorf("%s: the theme is there: %v, the way to another: %v", name, title, change)
		}
	}
}

// withPassage gives the session a paper whose essay has a long passage.
func withPassage(t *testing.T, opt Options, paper string) {
	t.Helper()
	for _, c := range [][2]string{
		{"kind = \"essay\"\n", "kind = \"essay\"\npassage = \"P1\"\n"},
		{"Аурухана рентген", strings.Repeat("Бұл – ұзақ мәтін, ол экранға сыймайды. ", 60) + "Аурухана рентген"},
	} {
		if strings.Count(paper, c[0]) != 1 {
			t.Fatalf("%q does not stand in the paper once", c[0])
		}
		paper = strings.Replace(paper, c[0], c[1], 1)
	}
	write(t, filepath.Join(filepath.Dir(opt.Session), "papers", "doctoral-demo.toml"), []byte(paper))
}

// R2: the passage that is being read stays where it was when the size of the text moves the theme elsewhere.
func TestAPassageStaysWhenItsThemeMoves(t *testing.T) {
	source, err := assets.Source("papers", "doctoral-demo")
	if err != nil {
		t.Fatal(err)
	}
	opt := lay(t, sitting("doctoral", "doctoral-demo", "kk"))
	opt.Scale = 1.25
	withPassage(t, opt, string(source))
	g := themed(t, opt)
	g.key("1")
	g.await("the theme", func() bool { return g.theme() == "T1" })
	g.settleLayout()
	part := func() float32 { s := scrolls(g.u.exam.task)[0]; return s.Offset.Y / hides(s) }
	turn(g.u.exam.task, 0.5)
	parts := len(scrolls(g.u.scr.root))
	for _, percent := range []int{150, 125} {
		before := part()
		if before <= 0 {
			t.Fatal("the passage does not scroll")
		}
		g.u.prefer(exam.Preferences{Percent: percent, Theme: look.Light})
		g.await("the next tick", func() bool { return g.u.later == nil })
		g.settleLayout()
		if got := part(); got < before-0.1 || got > before+0.1 {
			t.Errorf("%d %%: the passage was scrolled by %.2f, now by %.2f", percent, before, got)
		}
		if percent == 150 && len(scrolls(g.u.scr.root)) == parts {
			t.Fatal("the theme has not moved")
		}
	}
}

// R24: in the appeal session the theme stands above the candidate's own work.
func TestReviewShowsTheTheme(t *testing.T) {
	g := themed(t, lay(t, sitting("doctoral", "doctoral-demo", "ru")))
	g.key("3")
	g.await("the field for the text", func() bool { return g.u.exam.edit != nil })
	g.write("Может.")
	g.finish()
	g.press("Free the station")
	g.screen("login")
	g.deed("appeal", code, nurlan)
	g.screen("end")
	g.says("hours for seeing the work")
	g.key(fyne.KeyReturn)
	g.admin("appeal-session")
	g.screen("review")
	g.says(g.u.t("station.theme.number", "Number", 3) + ". Язык науки: может ли страна быть сильной в исследованиях")
	g.says("Может.")
}
