package room

import (
	"reflect"
	"testing"

	"emtihan/exam"
)

// What an administrator did at a station is told with their name; answers never leave the station.
func TestNoticeOf(t *testing.T) {
	a := exam.NewAttempt(nil)
	a.Opened = exam.Opened{Attempt: "a1", Station: "st1", Candidate: aigerim}
	for _, zero := range exam.Vocabulary() {
		v := reflect.New(reflect.TypeOf(zero)).Elem()
		deed := v.FieldByName("Deed")
		if deed.IsValid() {
			deed.Set(reflect.ValueOf(exam.Deed{By: adminName, Reason: "because"}))
		}
		e := v.Interface().(exam.Event)
		n, ok := NoticeOf(a, exam.Recorded{Seq: 7, Stamp: exam.Stamp{Wall: 5}, Event: e})
		switch e.(type) {
		case exam.ItemShown, exam.Edited, exam.Chosen, exam.ThemeChosen, exam.Flagged, exam.OptionStruck, exam.Highlighted,
			exam.SoundStarted, exam.SoundHeard, exam.Preferred, exam.Ticked, exam.Scored, exam.ActTied, exam.PresenceSeen:
			if ok {
				t.Errorf("%s leaves the station", e.Kind())
			}
			continue
		}
		if !ok || n.What != e.Kind() || n.Attempt != "a1" || n.Station != "st1" || n.IIN != aigerim.IIN || n.Seq != 7 || n.Wall != 5 {
			t.Errorf("%s: %+v, %v", e.Kind(), n, ok)
		}
		if deed.IsValid() && n.By != adminName {
			t.Errorf("%s does not say who did it", e.Kind())
		}
	}
}

func TestHold(t *testing.T) {
	locked, suspended := &exam.Locked{}, &exam.Suspended{}
	for _, c := range []struct {
		a    exam.Attempt
		want string
	}{
		{exam.Attempt{}, ""},
		{exam.Attempt{Late: true, Lock: locked}, HoldLate},
		{exam.Attempt{Late: true, LateAdmitted: true}, ""},
		{exam.Attempt{Suspended: suspended, Lock: locked, Away: true}, HoldSuspended},
		{exam.Attempt{Lock: locked, Away: true}, HoldLocked},
		{exam.Attempt{Away: true}, HoldAway},
		{exam.Attempt{Leaving: true}, HoldLeaving},
	} {
		if got := holdOf(&c.a); got != c.want {
			t.Errorf("%+v: %q, want %q", c.a, got, c.want)
		}
	}
}
