package room

import (
	"testing"

	"emtihan/exam"
)

// R10, R17: the administrators hear what the camera shows, and why somebody was identified by document.
func TestNoticesOfFaces(t *testing.T) {
	a := exam.NewAttempt(nil)
	for _, tt := range []struct {
		event exam.Event
		want  string
	}{
		{exam.PresenceChanged{From: exam.PresencePresent, To: exam.PresenceTwoPeople}, "two-people"},
		{exam.IdentifiedByDocument{Deed: exam.Deed{Reason: "passport"}, Ground: exam.GroundCamera}, "camera: passport"},
		{exam.IdentifiedByDocument{Ground: exam.GroundCamera}, "camera"},
		{exam.IdentifiedByDocument{Deed: exam.Deed{Reason: "passport"}}, "passport"},
	} {
		if n, ok := NoticeOf(a, exam.Recorded{Event: tt.event}); !ok || n.Detail != tt.want {
			t.Errorf("%+v: %q, %v; want %q", tt.event, n.Detail, ok, tt.want)
		}
	}
}
