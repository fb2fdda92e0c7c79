package door

import (
	"strings"
	"testing"
	"time"

	"emtihan/devices"
)

// A script has one letter for each poll, 20 ms apart: c closed, o open, ? unknown, - no answer yet; the result has one for
// each report, with the number of the poll whose time it carries.
func TestDebounce(t *testing.T) { // R21
	for _, c := range []struct{ name, polls, want string }{
		{"quiet", "ccccc", "c0"},
		{"open is believed at once", "ccooooo", "c0 o2"},
		{"a bounce has moved the contact, and the lasting edge closes it", "ccoccocccc", "c0 o2 c6"},
		{"bouncing before it stays open", "ccocooooo", "c0 o2"},
		{"a poll lost on the way", "cco-ooo", "c0 o2"},
		{"open and closed again", "coooocccc", "c0 o1 c5"},
		{"unknown ends an edge to closed", "coocc?oocccc", "c0 o1 ?5 o6 c8"},
		{"the first state needs no confirmation", "o", "o0"},
		{"unknown first", "?cc", "?0 c1"},
	} {
		tr := tracker{debounce: 50 * time.Millisecond}
		began := time.Now()
		first := true
		var got []string
		for i, letter := range c.polls {
			if letter == '-' {
				continue
			}
			o := devices.Observation{Time: began.Add(time.Duration(i) * 20 * time.Millisecond), Quality: devices.Good, First: first}
			first = letter == '?'
			if first {
				o.Quality, o.First = devices.Unknown, false
			}
			r, changed := tr.next(o, letter == 'o')
			if !changed {
				continue
			}
			word := "c"
			switch {
			case !r.Known():
				word = "?"
			case r.Open:
				word = "o"
			}
			got = append(got, word+string('0'+rune(r.Time.Sub(began)/(20*time.Millisecond))))
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%s: %s gives %q, want %q", c.name, c.polls, got, c.want)
		}
	}
}
