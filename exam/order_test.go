package exam_test

import (
	"encoding/hex"
	"testing"

	"emtihan/exam"
)

func suspension(s *exam.Suspended) exam.Suspended {
	if s == nil {
		return exam.Suspended{}
	}
	return *s
}

// An order of the room is obeyed once by an attempt, also after a restart and out of a snapshot; a new one is obeyed.
func TestOrderIsObeyedOnce(t *testing.T) { // R6, R11
	order := exam.Suspend{Deed: exam.Deed{By: "Гүлнәр", Reason: "дабыл"}, Order: 17}
	s := running(t, setup{})
	s.kinds(order, "suspended")
	s.refused(order, exam.ErrAlready)
	s.kinds(exam.EndSuspension{Deed: admin}, "suspension.ended")
	s.refused(order, exam.ErrAlready)
	s.restart(minute)
	s.refused(order, exam.ErrAlready)
	again, _ := restored(t, s.a, s.a.Paper)
	if _, err := again.Decide(order, s.now); err != exam.ErrAlready {
		t.Errorf("out of a snapshot the order is answered with %v", err)
	}

	for name, other := range map[string]exam.Suspend{
		"a later one":                   {Deed: order.Deed, Order: 31},
		"without a number":              {Deed: order.Deed},
		"of a room that counts anew":    {Deed: exam.Deed{By: "Гүлнәр", Reason: "су"}, Order: 17},
		"the same number, another name": {Deed: exam.Deed{By: "ups", Reason: "дабыл"}, Order: 17},
	} {
		if events, err := s.a.Decide(other, s.now); err != nil || len(events) != 1 || events[0] != exam.Event(exam.Suspended(other)) {
			t.Errorf("%s: %v, %v", name, events, err)
		}
	}
	if s.a = running(t, setup{}).a; s.a.HasObeyed(order) {
		t.Error("another attempt has obeyed the order")
	}
}

// Which suspension holds where an order comes to an attempt that is suspended already. In any case it is obeyed with that.
func TestOrderToASuspendedAttempt(t *testing.T) { // R6
	deed := exam.Deed{By: "Гүлнәр", Reason: "дабыл"}
	order := exam.Suspended{Deed: deed, Order: 17}
	for name, tt := range map[string]struct{ before, want exam.Suspended }{
		"decided on at the station": {exam.Suspended{Deed: admin}, exam.Suspended{Deed: admin}},
		"by an earlier order":       {exam.Suspended{Deed: admin, Order: 5}, order},
		"by it, without its number": {exam.Suspended{Deed: deed}, order},
	} {
		s := running(t, setup{})
		s.must(exam.Suspend(tt.before))
		s.kinds(exam.Suspend(order), "suspended")
		if got := suspension(s.a.Suspended); got != tt.want {
			t.Errorf("%s: it is suspended by %+v, want %+v", name, got, tt.want)
		}
		s.refused(exam.Suspend(order), exam.ErrAlready)
		s.must(exam.EndSuspension{Deed: admin})
		s.refused(exam.Suspend(order), exam.ErrAlready)
		s.refused(exam.EndSuspension{Deed: admin}, exam.ErrAlready)
	}
}

// A suspension that was recorded before orders had numbers is read, written and folded as it was.
func TestSuspensionWithoutOrderIsRead(t *testing.T) { // R22
	const before = "a601181e021b000001a00de0527b0303041a0001e240056973757370656e64656406a20166427920d39933026a526561736f6e20d39934"
	data, err := hex.DecodeString(before)
	if err != nil {
		t.Fatal(err)
	}
	r, err := exam.DecodeRecord(data)
	if err != nil {
		t.Fatal(err)
	}
	if want := (exam.Suspended{Deed: exam.Deed{By: "By ә3", Reason: "Reason ә4"}}); r.Event != exam.Event(want) {
		t.Errorf("read as %+v, want %+v", r.Event, want)
	}
	if again, err := exam.EncodeRecord(r); err != nil || hex.EncodeToString(again) != before {
		t.Errorf("written as %x, %v", again, err)
	}
	s := running(t, setup{})
	r.Seq, r.Stamp = s.a.Seq+1, s.now
	a, err := s.a.Apply(r)
	if err != nil || a.Obeyed != nil || suspension(a.Suspended) != r.Event {
		t.Errorf("folded to %+v, obeyed %+v, %v", a.Suspended, a.Obeyed, err)
	}
}

// A decision about one attempt that comes while an order to all stands is on record, and the end of the order does not end it.
func TestOwnSuspensionUnderAnOrder(t *testing.T) { // R6, R20
	order := exam.Suspend{Deed: exam.Deed{By: "ups", Reason: "low-battery"}, Order: 5}
	for name, own := range map[string]exam.Command{
		"at the station": exam.Suspend{Deed: admin},
		"by an act":      tie("15/1", "15", exam.EffectStopped),
	} {
		s := running(t, setup{})
		s.must(order)
		s.must(own)
		if got := suspension(s.a.Suspended); got.Order != 0 || got.Deed == order.Deed {
			t.Errorf("%s: it is suspended by %+v", name, got)
		}
		s.refused(exam.Suspend{Deed: admin}, exam.ErrAlready)
		s.refused(order, exam.ErrAlready)
	}
}
