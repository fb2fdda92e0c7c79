package room

import (
	"slices"
	"strings"

	"emtihan/exam"
)

// LowBattery says what follows when a battery will soon be empty (R6).
type LowBattery string

// What may follow.
const (
	LowAsks     LowBattery = ""        // an alarm that proposes to suspend
	LowSuspends LowBattery = "suspend" // every station suspends at once, in the name of the device
)

// The orders to stations.
const (
	OrderSuspend = "suspend"
	OrderResume  = "resume"
)

// Order is what every station is told: to suspend its exam, or to go on with what that order suspended. The last one stands
// until the next, so that a station that connects later is told, too.
type Order struct {
	What   string `cbor:"1,keyasint"`
	By     string `cbor:"2,keyasint"`           // administrator, or the name of a device
	Reason string `cbor:"3,keyasint"`           //
	Of     string `cbor:"4,keyasint,omitempty"` // the reason of the suspension that ends
	// Number is that of the order's record in the room's log, so it is the same after a restart of the room; 0 from a room that
	// does not number its orders. It travels as the number of the message, where a station that knows of none skips it.
	Number uint64 `cbor:"-"`
}

// Command returns what the order asks of an attempt, which is nil where nobody is logged in, and false where nothing: an order
// with a number is obeyed once by each attempt, so that whoever was let go on at the station is not suspended again whenever
// the link comes back (R6); a suspension that somebody decided on at the station goes on, and what is over stays over.
func (o Order) Command(a *exam.Attempt) (exam.Command, bool) {
	if a == nil || a.Phase == exam.PhaseNone || a.Phase.Ended() {
		return nil, false
	}
	d := exam.Deed{By: o.By, Reason: o.Reason}
	switch o.What {
	case OrderSuspend:
		suspend := exam.Suspend{Deed: d, Order: o.Number}
		// One with a number is put on record although the exam is suspended already: it, too, is obeyed with that.
		if !a.HasObeyed(suspend) && (a.Suspended == nil || o.Number != 0) {
			return suspend, true
		}
	case OrderResume:
		if a.Suspended != nil && o.ends(a) {
			return exam.EndSuspension{Deed: d}, true
		}
	}
	return nil, false
}

// ends reports whether the order to go on is about the attempt's suspension. No order to suspend stands beside it, so it ends
// what any of them began, be it one before the last. Where one of the sides has no numbers, the reason must do.
func (o Order) ends(a *exam.Attempt) bool {
	if o.Number != 0 && (a.Suspended.Order != 0 || a.Obeyed != nil) {
		return a.Suspended.Order != 0
	}
	return a.Suspended.Reason == o.Of
}

// UPSRead is a changed reading of a UPS. Unknown is never "on mains".
type UPSRead struct {
	Device string
	State  string // StateMains, StateBattery, StateLow, or StateUnknown
	Reason string // why it is unknown
	Charge int    // percent; 0 where it does not tell
}

// UPS takes a changed reading of a UPS into the log. A battery that will soon be empty proposes to suspend all stations, or
// does it, as Config.LowBattery says (R6, R21).
func (r *Room) UPS(e UPSRead) {
	r.post(func() {
		if !slices.Contains([]string{StateMains, StateBattery, StateLow}, e.State) {
			e.State = StateUnknown
		}
		before := r.state.device(e.Device, KindUPS).Word
		r.say(exam.StationSaid{Station: Desk, What: SaidUPS, Detail: Saying{Device: e.Device, State: e.State, Detail: e.Reason, Charge: e.Charge}.String()})
		if e.State == StateLow && before != StateLow && r.cfg.LowBattery == LowSuspends && !r.state.suspended() {
			r.order(SaidStop, e.Device, "low-battery")
		}
	})
}

// Reader takes the changed state of a reader into the log: an empty reason means that its port is open.
func (r *Room) Reader(device, reason string) {
	r.post(func() {
		said := Saying{Device: device, State: StateReady}
		if reason != "" {
			said.State, said.Detail = StateUnknown, reason
		}
		r.say(exam.StationSaid{Station: Desk, What: SaidReader, Detail: said.String()})
	})
}

// Refusals of orders.
var (
	// ErrSuspended: every station has been told to suspend already.
	ErrSuspended = &exam.Refusal{Code: "suspended"}
	// ErrNotSuspended: there is no such suspension that could end.
	ErrNotSuspended = &exam.Refusal{Code: "not-suspended"}
)

// SuspendAll suspends every station, by an administrator's decision and for a reason. done gets nil, ErrCode, ErrReason or
// ErrSuspended.
func (r *Room) SuspendAll(reason, by, code string, done func(error)) {
	r.direct(SaidStop, reason, by, code, done)
}

// ResumeAll ends what SuspendAll or a low battery began. done gets nil, ErrCode, ErrReason or ErrNotSuspended.
func (r *Room) ResumeAll(reason, by, code string, done func(error)) {
	r.direct(SaidGoOn, reason, by, code, done)
}

func (r *Room) direct(what, reason, by, code string, done func(error)) {
	refuse := func(err error) { answer(done, err) }
	r.signed(by, code, refuse, func() {
		switch {
		case strings.TrimSpace(reason) == "":
			refuse(ErrReason)
		case what == SaidStop && r.state.suspended():
			refuse(ErrSuspended)
		case what == SaidGoOn && !r.state.suspended():
			refuse(ErrNotSuspended)
		default:
			r.order(what, by, cut(reason, MaxText))
			refuse(nil)
		}
	})
}

// order records an order, SaidStop or SaidGoOn, and hands it on once the disk has it: as the log gives it back after a
// restart, or stations would take that for another one.
func (r *Room) order(what, by, reason string) {
	if r.say(exam.StationSaid{Station: Desk, What: what, Detail: Saying{By: by, Detail: reason}.String()}) && r.cfg.OnOrder != nil {
		o := *r.state.order
		r.afterwards(func() { r.cfg.OnOrder(o) })
	}
}

func (s *state) suspended() bool { return s.order != nil && s.order.What == OrderSuspend }

func (s *state) foldOrder(what string, said Saying, line *Line) {
	o := &Order{What: OrderSuspend, By: said.By, Reason: said.Detail, Number: line.Record}
	if what == SaidGoOn {
		o.What = OrderResume
		if s.order != nil {
			o.Of = s.order.Reason
		}
	}
	s.order = o
	for i := range s.alarms {
		// The proposal to suspend is answered by the suspension.
		if a := &s.alarms[i]; what == SaidStop && a.What == SaidUPS && !a.Handled {
			a.Handled, a.By = true, said.By
		}
	}
	line.By, line.Detail = said.By, said.Detail
}
