package station

import (
	"fmt"
	"testing"

	"emtihan/exam"
)

// R20: whoever was removed by an act is told so, who comes, and in the end what is to be done, on every size of window and text.
func TestNothingIsCutOfTheLockByAnAct(t *testing.T) {
	pictures(t)
	for _, scale := range []float32{1, 2} {
		t.Run(fmt.Sprint(scale), func(t *testing.T) {
			opt := lay(t, sitting("doctoral", "short-demo", "kk"))
			opt.Scale = scale
			g := newRig(t, opt)
			g.seat(nurlan)
			g.decide(exam.TieAct{ActTied: exam.ActTied{
				Number: "12/7", Form: "12", By: "Жұмабаева Сәуле", Effects: []exam.Effect{exam.EffectRemoved},
			}})
			g.screen("locked")
			g.says("12/7")
			g.readable("locked-act", nil)
			g.decide(exam.Withdraw{Deed: deedOfA})
			g.screen("withdrawn")
			g.says(g.u.t("station.removed.lead"))
			g.readable("removed", nil)
			g.end()
		})
	}
}
