package station

import (
	"testing"

	"emtihan/exam"

	"fyne.io/fyne/v2"
)

// R10: an administrator identifies by document with a ground of the list, or in words of their own; the ground stands in the log.
func TestGroundOfTheList(t *testing.T) {
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	g := newRig(t, opt)
	g.login(nurlan)
	g.key(fyne.KeyF12)
	g.write(code)
	g.press(g.u.t("station.ground." + string(exam.GroundOther)))
	g.key(fyne.KeyReturn)
	g.says(g.u.said(exam.ErrReason)) // the last of the list wants words
	g.press(g.u.t("station.ground." + string(exam.GroundMistake)))
	g.key(fyne.KeyReturn)
	g.screen("data")
	g.end()
	for _, e := range events(t, opt) {
		if d, ok := e.(exam.IdentifiedByDocument); ok {
			if d.Ground != exam.GroundMistake || d.By == "" || d.Reason != "" {
				t.Errorf("%+v", d)
			}
			return
		}
	}
	t.Error("no identification stands in the log")
}
