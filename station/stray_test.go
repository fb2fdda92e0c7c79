package station

import (
	"math/rand/v2"
	"testing"

	"emtihan/exam"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
)

// R11: whatever is typed while the exam is being held up, in whichever order the actor and the window hear of it, is in the
// attempt in the end, and "saved" is never said before; rig.honest looks after every step.
func TestKeysAroundManySuspensions(t *testing.T) {
	const seed = 11
	r := rand.New(rand.NewPCG(seed, 0))
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	deed := exam.Deed{By: "Жұмабаева Сәуле", Reason: "alarm"}
	var want []rune
	for range 12 {
		if g.u.exam.item.ID != "E1" {
			t.Fatalf("the task is %s", g.u.exam.item.ID)
		}
		suspends := r.IntN(6)
		for i := range 6 {
			if i == suspends {
				g.u.actor.Do(exam.Suspend{Deed: deed}, nil)
			}
			if len(want) > 0 && r.IntN(3) == 0 {
				g.u.exam.edit.TypedKey(&fyne.KeyEvent{Name: fyne.KeyBackspace})
				want = want[:len(want)-1]
			} else {
				c := []rune("абвгәқ")[r.IntN(6)]
				g.u.exam.edit.TypedRune(c)
				want = append(want, c)
			}
			if r.IntN(4) == 0 {
				g.drain() // the window hears what there is to hear, the suspension perhaps
			}
			if g.u.exam == nil {
				break
			}
		}
		g.screen("suspended")
		g.u.actor.Do(exam.EndSuspension{Deed: deed}, nil)
		g.screen("exam")
		if r.IntN(2) == 0 {
			g.key(fyne.KeyF4)
			g.u.exam.turn("E1")
		}
		g.await("what was typed", func() bool { return g.attempt().Response("E1").Text == string(want) })
		g.says(g.u.t("station.exam.saved"))
		if got := g.u.exam.edit.Content(); got != string(want) {
			t.Fatalf("the editor holds %q, typed was %q", got, string(want))
		}
	}
}

// R11: the space that presses the button which leads to a text is none of the text.
func TestSpaceThatLeadsToATextIsNotTyped(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	g.write("өң")
	g.key(fyne.KeyF4)
	g.await("another task", func() bool { return g.u.exam.item.ID != "E1" })
	g.tab(g.u.t("station.exam.previous"))
	g.key(fyne.KeySpace)
	g.await("the essay, with the keyboard", func() bool {
		return g.u.exam.item.ID == "E1" && g.u.win.Canvas().Focused() == fyne.Focusable(g.u.exam.edit)
	})
	g.write("ір")
	g.says(g.u.t("station.exam.saved"))
	if got := g.attempt().Response("E1").Text; got != "өңір" {
		t.Errorf("the text is %q", got)
	}
}

// R16: an answer that was still on its way to the disk when the candidate wished to finish is not called missing.
func TestFinishListsWhatIsMissingNow(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "en")))
	g.seat(nurlan)
	all := len(g.attempt().Paper.Items())
	g.u.exam.edit.TypedRune('x')
	g.u.finishSheet()
	if !g.reads(g.u.t("station.finish.open", "Count", all)) {
		t.Fatal("the answer has come before it could be late")
	}
	g.says(g.u.t("station.finish.open", "Count", all-1))
	if back, ok := g.u.win.Canvas().Focused().(*look.Button); !ok || back.Text != g.u.t("station.finish.back") {
		t.Error("the way back has not the focus")
	}
	g.key(fyne.KeyEscape)
	if g.u.sheet != nil {
		t.Error("the sheet lies there twice")
	}
}

// R11: a stage that ends while a tool lies over the exam leads to another task behind it; what is typed after the tool is put away
// is in that task's text, or nowhere, and never in the old one.
func TestTaskTurnsBehindASheet(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	texts := 0
	for _, it := range g.attempt().Paper.Items() {
		if it.ID == "E1" {
			continue
		}
		g.u.exam.turn("E1")
		g.u.toolSheet(exam.ToolCalculator)
		calculator := g.u.win.Canvas().Focused()
		g.u.exam.turn(it.ID)
		if g.u.win.Canvas().Focused() != calculator {
			t.Errorf("%s: the tool has lost the keyboard", it.ID)
		}
		g.key(fyne.KeyEscape)
		if f := g.u.win.Canvas().Focused(); f != nil {
			f.TypedRune('ә')
		}
		want := ""
		if g.u.exam.edit != nil {
			want = "ә"
			texts++
		}
		g.says(g.u.t("station.exam.saved"))
		if got := g.attempt().Response(it.ID).Text; got != want {
			t.Errorf("%s: the text is %q, want %q", it.ID, got, want)
		}
	}
	if got := g.attempt().Response("E1").Text; got != "" || texts == 0 {
		t.Errorf("the essay is %q; %d other texts", got, texts)
	}
}
