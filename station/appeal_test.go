package station

import (
	"fmt"
	"strings"
	"testing"

	"emtihan/exam"

	"fyne.io/fyne/v2"
)

// finish ends the exam of whoever sits there; an administrator identifies by document at the end.
func (g *rig) finish() {
	g.Helper()
	g.decide(exam.Finish{})
	g.screen("face-finish")
	g.admin("by-document")
	g.screen("end")
}

// appeal fills the sheet of a content appeal in.
func (g *rig) appeal(number, ground, text string) {
	g.Helper()
	g.press("Appeal on content")
	g.write(number)
	if ground != "" {
		g.press(ground)
	}
	for range 20 {
		g.u.win.Canvas().FocusNext()
		if f, ok := g.u.win.Canvas().Focused().(interface{ SetText(string) }); ok {
			f.SetText(text)
			break
		}
	}
	g.press("File the appeal")
}

// R4, R15: the result, the map of results without a key, and content appeals within their window, also after the program was
// closed.
func TestResultAndContentAppeal(t *testing.T) {
	opt := lay(t, sitting("english", "english-demo", "en"))
	g := newRig(t, opt)
	g.seat(nurlan)
	paper := g.attempt().Paper
	for i, it := range paper.Items()[:3] {
		if i < 2 {
			g.decide(exam.Choose{Item: it.ID, Options: it.Key})
		} else {
			for _, o := range it.Options {
				if o.ID != it.Key[0] {
					g.decide(exam.Choose{Item: it.ID, Options: []string{o.ID}})
					break
				}
			}
		}
	}
	g.finish()
	g.says("Your result: 2 of 100 points")
	g.says("Not admitted")
	g.press("Map of results")
	g.says("1: ✓ 1/1")
	g.says("3: ✗ 0/1")
	g.says("4: – 0/1")
	for _, s := range g.texts() {
		if strings.Contains(s, "key") {
			t.Errorf("the map speaks of the key: %q", s)
		}
	}
	g.key(fyne.KeyEscape)

	g.appeal("3", "", "B is right as well")
	g.says("ground")
	g.key(fyne.KeyEscape)
	g.appeal("101", "There is no right answer", "x")
	g.says(g.u.t("refusal.no-item"))
	g.key(fyne.KeyEscape)
	g.appeal("3", "There is more than one right answer", "B is right as well")
	g.says("The appeal is recorded.")
	g.key(fyne.KeyReturn)
	if a := g.attempt().ContentAppeals; len(a) != 1 || a[0].Item != paper.Items()[2].ID || a[0].Ground != 3 || a[0].Text != "B is right as well" {
		t.Errorf("recorded as %+v", a)
	}
	g.u.scr.tick()
	g.says("Appeals filed: 1 (tasks 3)")
	g.press("Free the station")
	g.screen("login")
	g.end()

	g = newRig(t, opt)
	g.admin("appeal", nurlan)
	g.screen("end")
	g.says("Your result: 2 of 100 points")
	g.appeal("4", "The task is incorrect", "The sentence has no end")
	g.says("The appeal is recorded.")
	if n := len(g.attempt().ContentAppeals); n != 2 {
		t.Errorf("%d appeals", n)
	}
}

// R24: the appeal session shows one's own work, read-only, under its clock, by an administrator's decision.
func TestAppealSessionShowsOwnWork(t *testing.T) {
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	g := newRig(t, opt)
	g.seat(nurlan)
	g.write("Көшеге ағаш отырғызу керек.\nКөлеңке көп болады.")
	g.finish()
	g.press("Free the station")
	g.screen("login")

	g.deed("appeal", code, pyotr)
	g.says(g.u.t("refusal.not-expected")) // he was not there
	g.key(fyne.KeyEscape)
	g.deed("appeal", code, nurlan)
	g.screen("end")
	g.says("hours for seeing the work")
	if g.attempt().Appeal != nil {
		t.Fatal("let in outside the hours at once")
	}
	g.key(fyne.KeyReturn)
	g.admin("appeal-session")
	g.screen("review")
	g.says("Көшеге ағаш отырғызу керек.")
	g.says("Көлеңке көп болады.")
	g.says("(no answer)")
	g.says("Time left to read and to appeal: 0:")
	g.press("Appeal against the mark of this task")
	g.write("The second argument was not counted")
	g.press("File the appeal")
	g.says("The appeal is recorded.")
	g.key(fyne.KeyReturn)
	a := g.attempt()
	if len(a.WorkAppeals) != 1 || a.WorkAppeals[0].Item != "E1" {
		t.Errorf("recorded as %+v", a.WorkAppeals)
	}
	work := fmt.Sprint(a.Responses)
	g.press("Finish")
	g.screen("end")
	g.says("Appeals filed: 1")
	if got := fmt.Sprint(g.attempt().Responses); got != work {
		t.Errorf("the work has changed:\n%s\n%s", work, got)
	}
	g.press("Free the station")
	g.screen("login")
	g.end()
	all := events(t, opt)
	if count[exam.AppealOpened](all) != 1 || count[exam.AppealedWork](all) != 1 || count[exam.AppealClosed](all) != 1 {
		t.Error("the log does not have the session")
	}
}

// R5: a part of the exam is finished by the candidate, and cannot be gone back to.
func TestStageIsFinished(t *testing.T) {
	opt := lay(t, sitting("staged", "short-demo", "en"))
	profile := strings.Replace(string(source(t, "profiles", "demo")), `id = "demo"`, `id = "staged"`, 1)
	paper, err := exam.ParsePaper(source(t, "papers", "short-demo"))
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range paper.Blocks {
		profile += fmt.Sprintf("\n[[stages]]\nid = \"s%d\"\nblocks = [%q]\nminutes = %d\n", i, b.ID, []int{4, 6, 0}[i])
	}
	write(t, opt.Session[:strings.LastIndex(opt.Session, "/")]+"/profiles/staged.toml", []byte(profile))
	g := newRig(t, opt)
	g.seat(nurlan)
	first := g.attempt().Paper.Items()[0]
	g.key(fyne.KeyF10)
	g.says("Finish this part?")
	for _, o := range objects(g.u.win.Canvas()) {
		if b, ok := o.object.(fyne.Tappable); ok && label(o.object) == "Finish this part" {
			b.Tapped(&fyne.PointEvent{})
			b.Tapped(&fyne.PointEvent{}) // a second press asks for nothing, and nobody is told of a refusal
		}
	}
	g.await("the next part", func() bool { return g.attempt().Stage == 1 })
	g.decide(exam.ReportFocus{}) // comes after both presses
	if g.u.sheet != nil {
		t.Errorf("the sheet %s lies over the next part", g.u.sheet.name)
	}
	if a := g.attempt(); a.HandedIn != nil || a.Reaches(first.ID) {
		t.Error("the exam is over, or the first part is not")
	}
	g.await("the list of the second part", func() bool { return len(g.u.exam.nav.listed) == len(paper.Blocks[1].Items) })
	if g.u.at != paper.Blocks[1].Items[0].ID {
		t.Errorf("the task on the screen is %s", g.u.at)
	}
	g.key(fyne.KeyF11)
	g.write("1")
	g.press("Go")
	g.says("This task belongs to another part of the exam.")
	g.key(fyne.KeyEscape)
	g.key(fyne.KeyF10)
	g.press("Finish the exam")
	g.screen("face-finish")
}

// What the new screens show is never cut, in three languages, on the least display, with the largest text.
func TestNothingIsCutOfResultsAndReleases(t *testing.T) {
	pictures(t)
	for _, scale := range []float32{1, 2} {
		t.Run(fmt.Sprint(scale), func(t *testing.T) {
			opt, release := laySealed(t, "doctoral", "short-demo", sealing{})
			opt.Scale = scale
			g := newRig(t, opt)
			g.readable("sealed", nil)
			g.typeRelease(release.Text()[:11] + "Z" + release.Text()[12:])
			g.readable("sealed-typed", nil)
			g.typeRelease(release.Text())
			g.seat(nurlan)
			g.write(strings.Repeat("Көшеге ағаш отырғызу керек, көлеңке көп болады. ", 6))
			g.finish()
			g.decide(exam.OpenAppeal{Deed: exam.Deed{By: "А", Reason: "б"}, Outside: true})
			g.screen("review")
			g.readable("review", nil)
			items := g.attempt().Paper.Items()
			g.readable("work-appeal", func() { g.u.workAppealSheet(items[0], 1) })
			g.end()

			opt = lay(t, sitting("english", "english-demo", "en"))
			opt.Scale = scale
			g = newRig(t, opt)
			g.seat(nurlan)
			g.finish()
			g.readable("map", g.u.mapSheet)
			g.end()
		})
	}
}
