package station

import (
	"testing"

	"emtihan/assets/locales"
)

func TestWrongIIN(t *testing.T) { // R9
	for _, l := range locales.All {
		for _, tc := range []struct{ typed, refusal string }{
			{"90010110000", "iin-length"},
			{"90010110000x", "iin-digits"},
			{"900101100005", "iin-check"},
			{stranger, "not-expected"},
		} {
			t.Run(string(l)+"/"+tc.refusal, func(t *testing.T) {
				opt := lay(t, sitting("doctoral", "short-demo", "kk"))
				opt.Lang = l
				g := newRig(t, opt)
				g.screen("login")
				g.write(tc.typed)
				g.key("Return")
				g.says(locales.T(l, "refusal."+tc.refusal))
				if g.attempt() != nil {
					t.Error("an attempt was opened")
				}
			})
		}
	}
}

func TestSteps(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.seat(nurlan)
}
