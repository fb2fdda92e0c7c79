package station

import (
	"testing"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/station/look"
	"emtihan/station/tools"

	"fyne.io/fyne/v2"
)

// R2, R13: F1 lists the keys of a tool and leads back to it; what was worked out stands there still, in any language and after any
// change of the theme, until the next candidate.
func TestToolHelp(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
	for _, tool := range []exam.Tool{exam.ToolCalculator, exam.ToolElements, exam.ToolSolubility} {
		for _, l := range locales.All {
			g.u.setLanguage(l)
			g.u.toolSheet(tool)
			g.key(fyne.KeyF1)
			if g.u.sheet == nil || g.u.sheet.name != "tool-help" {
				t.Fatalf("F1 opens no help over %s", tool)
			}
			lines := tools.NewCalculator(l, nil).Help()
			if tool != exam.ToolCalculator {
				lines = tools.NewPeriodicTable(l).(interface{ Help() []tools.Help }).Help()
			}
			for _, line := range lines {
				if !g.reads(line.Keys) || !g.reads(line.Does) {
					t.Errorf("%s in %s: the help lacks %v", tool, l, line)
				}
			}
			g.key(fyne.KeyF1)
			if g.u.sheet == nil || g.u.sheet.name != string(tool) {
				t.Fatalf("F1 does not lead back to %s", tool)
			}
			g.u.closeSheet()
		}
	}
	g.u.setLanguage(locales.Russian)
	g.u.toolSheet(exam.ToolCalculator)
	g.write("а12,5") // the letter on the key F: the functions
	g.key(fyne.KeyF1)
	g.picture("tool-help")
	g.key(fyne.KeyReturn)
	if !g.reads("12,5") {
		t.Error("the help has cleared the calculator")
	}
	g.u.closeSheet()
	g.u.prefer(exam.Preferences{Theme: look.Yellow, Percent: 200})
	g.u.toolSheet(exam.ToolCalculator)
	if !g.reads("12,5") {
		t.Error("a change of the theme has cleared the calculator")
	}
	g.picture("tool-calculator-yellow-200")
	g.key(fyne.KeyF1)
	g.settleLayout()
	g.picture("tool-help-yellow-200")
	g.u.closeSheet()
	for _, tool := range []exam.Tool{exam.ToolElements, exam.ToolSolubility} {
		g.u.toolSheet(tool)
		g.settleLayout()
		g.picture("tool-" + string(tool) + "-yellow-200")
		g.u.closeSheet()
	}
	g.u.forget()
	g.u.toolSheet(exam.ToolCalculator)
	if g.reads("12,5") {
		t.Error("the next candidate finds the last one's number")
	}
}

// R2: a tool's list of keys is not cut.
func TestToolHelpIsReadable(t *testing.T) {
	pictures(t)
	for _, scale := range []float32{1, 2} {
		opt := lay(t, sitting("doctoral", "short-demo", "kk"))
		opt.Scale = scale
		g := newRig(t, opt)
		g.seat(nurlan)
		for _, tool := range []exam.Tool{exam.ToolCalculator, exam.ToolElements} {
			g.readable("tool-help-"+string(tool), func() {
				g.u.toolSheet(tool)
				g.key(fyne.KeyF1)
			})
		}
		g.u.toolSheet(exam.ToolCalculator)
		g.write("f")
		g.settleLayout()
		for _, fault := range faults(g.u.win.Canvas()) {
			t.Errorf("scale %v, functions: %s", scale, fault)
		}
	}
}
