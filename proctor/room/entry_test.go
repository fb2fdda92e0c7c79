package room

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/proctor/act"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"software.sslmate.com/src/go-pkcs12"
)

// wait returns what done was told.
func wait(t testing.TB, f func(done func(error))) error {
	t.Helper()
	got := make(chan error, 1)
	f(func(err error) { got <- err })
	select {
	case err := <-got:
		return err
	case <-time.After(patience):
		t.Fatal("the room does not answer")
	}
	return nil
}

func refused(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// atDesk is a room whose clock the test sets, in which an administrator has opened the entry.
func atDesk(t testing.TB, dir string, now *time.Time) *Room {
	t.Helper()
	cfg := config(t, dir, "s1")
	cfg.Now, cfg.Late = func() time.Time { return *now }, 40*time.Minute
	r := open(t, cfg)
	refused(t, "a wrong code opens the entry", wait(t, func(done func(error)) { r.Shift(adminName, "0000", done) }), ErrCode)
	refused(t, "an admission before the entry is open", wait(t, func(done func(error)) { r.Admit(aigerim.IIN, done) }), ErrShift)
	refused(t, "the entry", wait(t, func(done func(error)) { r.Shift(adminName, adminCode, done) }), nil)
	return r
}

// R3: 40:00 after the start is still in time, whenever somebody has time for the candidate; a moment later is not.
func TestLateAtTheDesk(t *testing.T) {
	for _, c := range []struct {
		name        string
		came, asked time.Duration // after the start
		admit       error
		away        error
	}{
		{"before the start", -10 * time.Minute, -9 * time.Minute, nil, ErrDecided},
		{"at the limit", 40 * time.Minute, 40 * time.Minute, nil, ErrDecided},
		{"at the limit, asked later", 40 * time.Minute, 43 * time.Minute, nil, ErrDecided},
		{"a millisecond late", 40*time.Minute + time.Millisecond, 40*time.Minute + time.Millisecond, ErrLate, nil},
		{"an hour late", time.Hour, time.Hour, ErrLate, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			start := day.Add(20 * time.Minute)
			now := start.Add(c.came)
			r := atDesk(t, dir, &now)
			refused(t, "the gate", wait(t, func(done func(error)) { r.Gate(aigerim.IIN, done) }), nil)
			now = start.Add(c.asked)
			refused(t, "admit", wait(t, func(done func(error)) { r.Admit(aigerim.IIN, done) }), c.admit)
			refused(t, "turn away", wait(t, func(done func(error)) { r.TurnAway(aigerim.IIN, done) }), c.away)
			want := Counts{Expected: 2, Admitted: 1, Absent: 1}
			if c.admit != nil {
				want = Counts{Expected: 2, Late: 1, Absent: 1}
			}
			v := sync1(t, r)
			if diff := cmp.Diff(want, v.Entry); diff != "" {
				t.Error(diff)
			}
			closeAndVerify(t, r)
			r = open(t, config(t, dir, "s1"))
			if diff := cmp.Diff(want, r.View().Entry); diff != "" || r.View().Shift != adminName {
				t.Errorf("after a restart, shift %q: %s", r.View().Shift, diff)
			}
			closeAndVerify(t, r)
		})
	}
}

// R7: what speaks against a candidate is decided before they are let in, by a person; a mistake is taken back by a further event.
func TestAdmission(t *testing.T) {
	now := day
	r := atDesk(t, t.TempDir(), &now)
	admit := func(iin string) error { return wait(t, func(done func(error)) { r.Admit(iin, done) }) }
	undo := func() error { return wait(t, func(done func(error)) { r.Undo(aigerim.IIN, done) }) }

	refused(t, "a stranger", admit("900101100004"), ErrPerson)
	refused(t, "nothing to undo", undo(), ErrUndecided)
	r.Gate(aigerim.IIN, nil)
	r.Detector(exam.DetectorRead{Device: "entrance", Known: true, Active: true, Count: 1, Alarms: 1})
	refused(t, "an open alarm", admit(aigerim.IIN), ErrOpen)
	v := sync1(t, r)
	refused(t, "overruling the detector", wait(t, func(done func(error)) { r.Overrule(aigerim.IIN, "why", adminName, adminCode, done) }), ErrOpen)
	refused(t, "settled", wait(t, func(done func(error)) { r.Dismiss(v.Alarms[0].Record, "a belt", adminName, adminCode, done) }), nil)

	r.CheckedFace(aigerim.IIN, Face{Verdict: exam.VerdictRefused, Reason: "mismatch", Score: 0.1, Threshold: 0.5, Picture: []byte("jpeg")})
	refused(t, "another face", admit(aigerim.IIN), ErrOpen)
	v = sync1(t, r)
	if got := v.Alarms[0].Trigger(); got.FormFor() != "11" || !got.Entry || got.Score != 0.1 {
		t.Errorf("the failed match proposes form %s: %+v", got.FormFor(), got)
	}
	refused(t, "no reason", wait(t, func(done func(error)) { r.Overrule(aigerim.IIN, " ", adminName, adminCode, done) }), ErrReason)
	refused(t, "a wrong code", wait(t, func(done func(error)) { r.Overrule(aigerim.IIN, "passport", adminName, "1", done) }), ErrCode)
	refused(t, "by document", wait(t, func(done func(error)) { r.Overrule(aigerim.IIN, "passport", adminName, adminCode, done) }), nil)
	v = sync1(t, r)
	if p, _ := v.Person(aigerim.IIN); p.Entry != EntryAdmitted || p.By != adminName || v.Unhandled() != 0 || v.Gate != "" {
		t.Errorf("admitted: %+v, %d open, gate %q", p, v.Unhandled(), v.Gate)
	}
	refused(t, "twice", admit(aigerim.IIN), ErrDecided)

	refused(t, "undo", undo(), nil)
	v = sync1(t, r)
	if p, _ := v.Person(aigerim.IIN); p.Entry != EntryQueue || v.Gate != aigerim.IIN || v.Entry.Queue != 1 {
		t.Errorf("taken back: %+v, gate %q", p, v.Gate)
	}
	n := 0
	for _, l := range v.Lines {
		if l.Event == SaidAdmitted || l.Event == SaidUndone {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d events of the decision and of taking it back, want both to stay in the log", n)
	}
	refused(t, "again", admit(aigerim.IIN), nil)
	r.Hear(Delivery{Notice: Notice{Station: "st7", Attempt: "a1", IIN: aigerim.IIN, What: "opened", Phase: "logged-in"}})
	refused(t, "undo after the login", undo(), ErrBegun)

	// R20: an act keeps a candidate out, until a further act takes that back.
	a, err := draw(t, r, draft(t, r, "10", ivan, act.Trigger{Kind: act.ByWand, Entry: true}), adminCode)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "after act 10", admit(ivan.IIN), ErrBarred)
	refused(t, "overruling an act", wait(t, func(done func(error)) { r.Overrule(ivan.IIN, "why", adminName, adminCode, done) }), ErrBarred)
	if p, _ := sync1(t, r).Person(ivan.IIN); p.Barred != a.Number {
		t.Errorf("barred by %q, want %q", p.Barred, a.Number)
	}
	closeAndVerify(t, r)
}

// R27: of a document that is not on the list nothing but the reader's name is recorded.
func TestScan(t *testing.T) {
	now := day
	r := atDesk(t, t.TempDir(), &now)
	refused(t, "a stranger", wait(t, func(done func(error)) { r.Scan("documents", "900101100004", done) }), ErrPerson)
	refused(t, "a candidate", wait(t, func(done func(error)) { r.Scan("documents", aigerim.IIN, done) }), nil)
	v := sync1(t, r)
	if v.Gate != aigerim.IIN || v.Entry.Queue != 1 || v.Lines[0].Event != SaidStray || v.Lines[0].Device != "documents" || v.Lines[0].Detail != "" {
		t.Errorf("gate %q, %+v, %+v", v.Gate, v.Entry, v.Lines[0])
	}
	closeAndVerify(t, r)
}

// R14: a permitted exit explains one opening of the door and the return one more; any other must be explained by a person.
func TestPassage(t *testing.T) {
	type step struct {
		what string // of the station; "open", "close", "lost" of the door; "admit"; "pause"
		who  exam.Candidate
	}
	nobody := exam.Candidate{}
	for _, c := range []struct {
		name   string
		steps  []step
		passes []string // of the openings, oldest first: who and how, or "alarm"
	}{
		{"before any exam", []step{{"open", nobody}, {"close", nobody}, {"open", nobody}}, []string{" entry", " entry"}},
		{"without permission", []step{{"entered", aigerim}, {"open", nobody}}, []string{"alarm"}},
		{
			"there and back",
			[]step{{"entered", aigerim}, {"leave.permitted", aigerim}, {"left", aigerim}, {"open", nobody}, {"close", nobody}, {"open", nobody}, {"close", nobody}, {"returned", aigerim}, {"open", nobody}},
			[]string{"7 out", "7 back", "alarm"},
		},
		{"permission taken back", []step{{"entered", aigerim}, {"leave.permitted", aigerim}, {"leave.cancelled", aigerim}, {"open", nobody}}, []string{"alarm"}},
		{"run.started takes a permission back", []step{{"entered", ivan}, {"leave.permitted", aigerim}, {"run.started", aigerim}, {"open", nobody}}, []string{"alarm"}},
		{"run.started takes nothing from who has left", []step{{"entered", ivan}, {"leave.permitted", aigerim}, {"left", aigerim}, {"run.started", aigerim}, {"open", nobody}}, []string{"7 out"}},
		{"handed.in takes a permission back", []step{{"entered", ivan}, {"leave.permitted", aigerim}, {"handed.in", aigerim}, {"open", nobody}}, []string{"alarm"}},
		{"withdrawn takes a permission back", []step{{"entered", ivan}, {"leave.permitted", aigerim}, {"withdrawn", aigerim}, {"open", nobody}}, []string{"alarm"}},
		{"postponed takes a permission back", []step{{"entered", ivan}, {"leave.permitted", aigerim}, {"postponed", aigerim}, {"open", nobody}}, []string{"alarm"}},
		{"closed takes a permission back", []step{{"entered", ivan}, {"leave.permitted", aigerim}, {"closed", aigerim}, {"pause", nobody}, {"open", nobody}}, []string{"alarm"}},
		{"who is finished goes, once", []step{{"entered", ivan}, {"closed", aigerim}, {"open", nobody}, {"close", nobody}, {"open", nobody}}, []string{"7 out", "alarm"}},
		{"who is finished goes before somebody is back", []step{{"entered", ivan}, {"leave.permitted", ivan}, {"left", ivan}, {"open", nobody}, {"close", nobody}, {"closed", aigerim}, {"open", nobody}, {"close", nobody}, {"open", nobody}}, []string{"8 out", "7 out", "8 back"}},
		{"who is finished and stays", []step{{"entered", ivan}, {"closed", aigerim}, {"pause", nobody}, {"open", nobody}}, []string{"alarm"}},
		{"two at once, the first goes first", []step{{"entered", aigerim}, {"leave.permitted", ivan}, {"leave.permitted", aigerim}, {"open", nobody}, {"close", nobody}, {"open", nobody}}, []string{"8 out", "7 out"}},
		{"one opening more than exits", []step{{"entered", aigerim}, {"leave.permitted", aigerim}, {"open", nobody}, {"close", nobody}, {"open", nobody}, {"close", nobody}, {"open", nobody}}, []string{"7 out", "7 back", "alarm"}},
		{"a late candidate comes in", []step{{"entered", aigerim}, {"admit", ivan}, {"open", nobody}, {"close", nobody}, {"open", nobody}}, []string{"8 in", "alarm"}},
		{"found open after a silence", []step{{"entered", aigerim}, {"close", nobody}, {"lost", nobody}, {"open", nobody}}, []string{"alarm"}},
		{"still open after a silence", []step{{"open", nobody}, {"entered", aigerim}, {"lost", nobody}, {"open", nobody}}, []string{" entry"}},
		{"said again", []step{{"open", nobody}, {"entered", aigerim}, {"open", nobody}}, []string{" entry"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, now := t.TempDir(), day
			r := atDesk(t, dir, &now)
			for _, s := range c.steps {
				now = now.Add(time.Second)
				switch s.what {
				case "open", "close":
					r.Door(exam.DoorRead{Device: "205", Known: true, Open: s.what == "open"})
				case "pause":
					now = now.Add(doneWithin)
				case "lost":
					r.Door(exam.DoorRead{Device: "205", Reason: "silent"})
				case "admit":
					refused(t, "admit", wait(t, func(done func(error)) { r.Admit(s.who.IIN, done) }), nil)
				default:
					r.Hear(Delivery{Notice: Notice{Station: "st" + s.who.Seat, Attempt: "a" + s.who.Seat, IIN: s.who.IIN, Phase: "running", What: s.what, Wall: now.UnixMilli()}})
				}
				sync1(t, r) // what was said is stamped before the clock goes on
			}
			check := func(v View) {
				t.Helper()
				var got []string
				for i := len(v.Lines) - 1; i >= 0; i-- {
					l := v.Lines[i]
					if l.Event != (exam.DoorRead{}).Kind() || l.Pass == "" && !l.Alarm {
						continue
					}
					p, _ := v.Person(l.IIN)
					pass := p.Seat + " " + string(l.Pass)
					if a, ok := v.Alarm(l.Record); ok {
						pass = "alarm"
						if a.Kind != act.ByDoor || a.Device != "205" || a.Trigger().FormFor() != "12" {
							t.Errorf("alarm %+v", a)
						}
					}
					got = append(got, pass)
				}
				if diff := cmp.Diff(c.passes, got); diff != "" {
					t.Errorf("openings (-want +got):\n%s", diff)
				}
			}
			check(sync1(t, r))
			closeAndVerify(t, r)
			r = open(t, config(t, dir, "s1"))
			check(r.View())
			closeAndVerify(t, r)
		})
	}
}

// R14, R21: a lock opens for a permitted exit of this run, and what is not sure is never recorded as opened.
func TestUnlock(t *testing.T) {
	dir := t.TempDir()
	asked := make(chan string, 8)
	outcome := error(nil)
	cfg := config(t, dir, "s1")
	cfg.Devices = []Device{{Name: "205", Kind: KindDoor, Lock: true}, {Name: "206", Kind: KindDoor}}
	cfg.Unlock = func(door string, d time.Duration) error {
		asked <- door + " " + d.String()
		return outcome
	}
	cfg.OpenFor = 5 * time.Second
	r := open(t, cfg)
	said := func() (unlocked, jammed int) {
		for _, l := range sync1(t, r).Lines {
			switch l.Event {
			case SaidUnlocked:
				unlocked++
			case SaidJammed:
				jammed++
			}
		}
		return unlocked, jammed
	}
	left := Notice{Station: "st7", Attempt: "a7", IIN: aigerim.IIN, Phase: "running", What: "left", Wall: day.UnixMilli()}
	r.Hear(Delivery{Notice: left, Run: "x", Number: 1})
	r.Hear(Delivery{Notice: left, Run: "x", Number: 1}) // said again after a reconnection
	await(t, "the unlocking", func() bool { n, _ := said(); return n == 1 })
	outcome = errors.New("it is not known whether the command was carried out")
	refused(t, "without a reason", wait(t, func(done func(error)) { r.Unlock("205", "", adminName, adminCode, done) }), ErrReason)
	refused(t, "no lock", wait(t, func(done func(error)) { r.Unlock("206", "back", adminName, adminCode, done) }), ErrNoLock)
	refused(t, "a wrong code", wait(t, func(done func(error)) { r.Unlock("205", "back", adminName, "1", done) }), ErrCode)
	refused(t, "an uncertain outcome", wait(t, func(done func(error)) { r.Unlock("205", "back", adminName, adminCode, done) }), outcome)
	if unlocked, jammed := said(); unlocked != 1 || jammed != 1 {
		t.Errorf("%d unlocked, %d not; want one of each", unlocked, jammed)
	}
	if n := len(asked); n != 2 {
		t.Errorf("the lock was asked %d times, want twice", n)
	}
	closeAndVerify(t, r)
	r = open(t, cfg) // reading the log again moves no lock
	sync1(t, r)
	closeAndVerify(t, r)
	if n := len(asked); n != 2 {
		t.Errorf("the lock was asked %d times, want twice", n)
	}
}

// R14: an exit that is told late, or that is over already, opens no door: nobody stands there.
func TestNoUnlockForAnOldExit(t *testing.T) {
	for _, c := range []struct {
		name string
		who  string
		wall time.Time
		then string // said before the room has come to the exit
		want int
	}{
		{"now", aigerim.IIN, day, "", 1},
		{"a moment ago", aigerim.IIN, day.Add(-leftWithin), "", 1},
		{"while this program was down", aigerim.IIN, day.Add(-leftWithin - time.Millisecond), "", 0},
		{"of a clock that was set", aigerim.IIN, day.Add(time.Hour), "", 0},
		{"back already", aigerim.IIN, day, "returned", 0},
		{"of nobody on the list", "000000000000", day, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := make(chan string, 8)
			cfg := config(t, t.TempDir(), "s1")
			cfg.Devices = []Device{{Name: "205", Kind: KindDoor, Lock: true}}
			cfg.Unlock = func(door string, _ time.Duration) error { asked <- door; return nil }
			r := open(t, cfg)
			n := Notice{Station: "st7", Attempt: "a7", IIN: c.who, Phase: "running", What: "left", Wall: c.wall.UnixMilli()}
			r.post(func() {
				r.Hear(Delivery{Notice: n})
				if n.What = c.then; n.What != "" {
					r.Hear(Delivery{Notice: n})
				}
			})
			sync1(t, r)
			sync1(t, r)          // what the notices posted themselves
			closeAndVerify(t, r) // waits for the locks
			if got := len(asked); got != c.want {
				t.Errorf("the lock was asked %d times, want %d", got, c.want)
			}
		})
	}
}

// R6, R21: on battery is said, a low battery proposes to suspend or does it, and only a person lets all go on.
func TestPower(t *testing.T) {
	for _, policy := range []LowBattery{LowAsks, LowSuspends} {
		t.Run("low battery: "+string(policy), func(t *testing.T) {
			dir := t.TempDir()
			orders := make(chan Order, 8)
			cfg := config(t, dir, "s1")
			cfg.Devices = []Device{{Name: "ups", Kind: KindUPS}}
			cfg.LowBattery, cfg.OnOrder = policy, func(o Order) { orders <- o }
			r := open(t, cfg)
			if d := r.View().Devices[0]; d.State != Unknown || d.Word == StateMains {
				t.Errorf("before its first word the supply is %+v", d)
			}
			refused(t, "nothing to end", wait(t, func(done func(error)) { r.ResumeAll("why", adminName, adminCode, done) }), ErrNotSuspended)
			for _, state := range []string{StateMains, StateBattery, StateUnknown, StateLow, StateLow} {
				r.UPS(UPSRead{Device: "ups", State: state, Charge: 40})
			}
			v := sync1(t, r)
			if d := v.Devices[0]; d.Word != StateLow || d.State != Raised || d.Charge != 40 {
				t.Errorf("the supply: %+v", d)
			}
			if n := len(v.Alarms); n != 1 || v.Alarms[0].Kind != act.ByPower {
				t.Fatalf("alarms %+v, want one about power", v.Alarms)
			}
			if policy == LowAsks {
				if v.Order != nil || v.Unhandled() != 1 {
					t.Fatalf("order %+v, %d open: nobody has decided yet", v.Order, v.Unhandled())
				}
				refused(t, "suspend", wait(t, func(done func(error)) { r.SuspendAll("the lights are out", adminName, adminCode, done) }), nil)
			}
			o := receive1(t, orders)
			want := Order{What: OrderSuspend, By: adminName, Reason: "the lights are out"}
			if policy == LowSuspends {
				want = Order{What: OrderSuspend, By: "ups", Reason: "low-battery"}
			}
			if want.Number = o.Number; o.Number == 0 || o.Number > r.j.Status().Durable {
				t.Errorf("the order has number %d, and the disk has %d records", o.Number, r.j.Status().Durable)
			}
			if diff := cmp.Diff(want, o); diff != "" {
				t.Error(diff)
			}
			r.UPS(UPSRead{Device: "ups", State: StateMains})
			if v := sync1(t, r); v.Unhandled() != 0 || v.Order == nil || v.Order.What != OrderSuspend {
				t.Errorf("mains again: %d open, order %+v; only a person ends a suspension", v.Unhandled(), v.Order)
			}
			refused(t, "twice", wait(t, func(done func(error)) { r.SuspendAll("again", adminName, adminCode, done) }), ErrSuspended)
			closeAndVerify(t, r)
			r = open(t, cfg)
			if diff := cmp.Diff(want, receive1(t, orders)); diff != "" {
				t.Errorf("the standing order after a restart: %s", diff)
			}
			if d := r.View().Devices[0]; d.State != Unknown || d.Word == StateMains {
				t.Errorf("after a restart the supply is %+v", d)
			}
			refused(t, "a wrong code", wait(t, func(done func(error)) { r.ResumeAll("mains are back", adminName, "1", done) }), ErrCode)
			refused(t, "go on", wait(t, func(done func(error)) { r.ResumeAll("mains are back", adminName, adminCode, done) }), nil)
			resume := receive1(t, orders)
			if diff := cmp.Diff(Order{What: OrderResume, By: adminName, Reason: "mains are back", Of: want.Reason, Number: resume.Number}, resume); diff != "" {
				t.Error(diff)
			}
			refused(t, "a second time", wait(t, func(done func(error)) { r.SuspendAll(want.Reason, adminName, adminCode, done) }), nil)
			if second := receive1(t, orders); second.Number <= resume.Number || resume.Number <= want.Number {
				t.Errorf("the orders have the numbers %d, %d, %d", want.Number, resume.Number, second.Number)
			}
			closeAndVerify(t, r)
		})
	}
}

func receive1(t testing.TB, orders <-chan Order) Order {
	t.Helper()
	select {
	case o := <-orders:
		return o
	case <-time.After(patience):
		t.Fatal("no order came")
	}
	return Order{}
}

// R6: an order ends only what an order began.
func TestOrderCommand(t *testing.T) {
	suspend := Order{What: OrderSuspend, By: "ups", Reason: "low-battery"}
	resume := Order{What: OrderResume, By: adminName, Reason: "mains", Of: "low-battery"}
	suspended := func(reason string) *exam.Suspended {
		return &exam.Suspended{Deed: exam.Deed{By: "x", Reason: reason}}
	}
	numbered, goOn := suspend, resume
	numbered.Number, goOn.Number = 17, 19
	deed := exam.Deed{By: "ups", Reason: "low-battery"}
	obeyed, earlier := &exam.Suspended{Deed: deed, Order: 17}, &exam.Suspended{Deed: exam.Deed{By: "x", Reason: "fire"}, Order: 5}
	running := func(s, obeyed *exam.Suspended) exam.Attempt {
		return exam.Attempt{Phase: exam.PhaseRunning, Suspended: s, Obeyed: obeyed}
	}
	first, end := exam.Suspend{Deed: deed, Order: 17}, exam.EndSuspension{Deed: exam.Deed{By: adminName, Reason: "mains"}}
	for _, c := range []struct {
		name string
		o    Order
		a    exam.Attempt
		want exam.Command
	}{
		{"nobody there", suspend, exam.Attempt{}, nil},
		{"running", suspend, exam.Attempt{Phase: exam.PhaseRunning}, exam.Suspend{Deed: exam.Deed{By: "ups", Reason: "low-battery"}}},
		{"suspended already", suspend, exam.Attempt{Phase: exam.PhaseRunning, Suspended: suspended("fire")}, nil},
		{"over", suspend, exam.Attempt{Phase: exam.PhaseFinished}, nil},
		{"go on", resume, exam.Attempt{Phase: exam.PhaseRunning, Suspended: suspended("low-battery")}, exam.EndSuspension{Deed: exam.Deed{By: adminName, Reason: "mains"}}},
		{"suspended for another reason", resume, exam.Attempt{Phase: exam.PhaseRunning, Suspended: suspended("fire")}, nil},
		{"not suspended", resume, exam.Attempt{Phase: exam.PhaseRunning}, nil},

		{"numbered", numbered, running(nil, nil), first},
		{"let go on at the station", numbered, running(nil, obeyed), nil},
		{"obeyed, and suspended by it", numbered, running(obeyed, obeyed), nil},
		{"obeyed, and suspended at the station since", numbered, running(suspended("fire"), obeyed), nil},
		{"another was obeyed", numbered, running(nil, earlier), first},
		{"another still suspends", numbered, running(earlier, earlier), first},
		{"heard while suspended at the station", numbered, running(suspended("fire"), nil), first},
		{"without a number after one with it", suspend, running(nil, obeyed), exam.Suspend{Deed: deed}},
		{"numbered, over", numbered, exam.Attempt{Phase: exam.PhaseFinished}, nil},

		{"go on, numbered", goOn, running(obeyed, obeyed), end},
		{"go on, that and the order before not heard", goOn, running(earlier, earlier), end},
		{"go on, suspended at the station for the same reason since", goOn, running(suspended("low-battery"), obeyed), nil},
		{"go on, suspended by an order without a number", goOn, running(suspended("low-battery"), nil), end},
		{"go on, suspended at the station", goOn, running(suspended("fire"), nil), nil},
		{"go on from a room without numbers", resume, running(obeyed, obeyed), end},
		{"go on, not suspended", goOn, running(nil, obeyed), nil},
	} {
		got, ok := c.o.Command(&c.a)
		if diff := cmp.Diff(c.want, got); diff != "" || ok != (c.want != nil) {
			t.Errorf("%s: %v %s", c.name, ok, diff)
		}
	}
}

// An order reaches the stations that are there, and those that come later.
func TestOrdersOverTheLink(t *testing.T) {
	path := socket(t)
	s := serve(t, path, ServerOptions{})
	first, later := make(chan Order, 8), make(chan Order, 8)
	up := make(chan bool, 8)
	station(t, path, "st1", Options{OnOrder: func(o Order) { first <- o }, OnState: func(on bool, _ error) { up <- on }})
	<-up
	want := Order{What: OrderSuspend, By: "ups", Reason: "low-battery", Number: 17}
	s.SendOrder(want)
	if diff := cmp.Diff(want, receive1(t, first)); diff != "" {
		t.Error(diff)
	}
	station(t, path, "st2", Options{OnOrder: func(o Order) { later <- o }})
	if diff := cmp.Diff(want, receive1(t, later)); diff != "" {
		t.Error(diff)
	}
	// A room without numbers is heard, and a station that knows of none finds nothing in an order that it could not read.
	for _, number := range []uint64{0, want.Number} {
		data, err := encodeMessage(message{Kind: kindOrder, Seq: number, Order: &want})
		if err != nil {
			t.Fatal(err)
		}
		m, err := decodeMessage(data[4:])
		if err != nil || m.Order.Number != number {
			t.Errorf("order %d: %+v, %v", number, m.Order, err)
		}
		var fields struct {
			Order map[uint64]string `cbor:"10,keyasint"`
		}
		if err := cbor.Unmarshal(data[4:], &fields); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[uint64]string{1: want.What, 2: want.By, 3: want.Reason}, fields.Order); diff != "" {
			t.Errorf("on the wire: %s", diff)
		}
	}
	for _, m := range []message{{Kind: kindOrder}, {Kind: kindOrder, Order: &Order{What: "burn"}}} {
		data, err := encodeMessage(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeMessage(data[4:]); !errors.Is(err, ErrMessage) {
			t.Errorf("%+v: %v", m.Order, err)
		}
	}
}

// R19: an act is signed with the key that the administrator has taken, in one go with being drawn up, and the signature comes
// back from the log where its file is gone; without a key the code alone signs. A password is asked for once a shift.
func TestSigning(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	cfg := config(t, dir, "s1")
	cfg.Now = func() time.Time { return now }
	r := open(t, cfg)
	path := filepath.Join(dir, "key.p12")
	writeKey(t, path, now)
	take := func(path, password, code string) error {
		return wait(t, func(done func(error)) {
			r.TakeKey(path, password, adminName, code, func(_ string, err error) { done(err) })
		})
	}
	refused(t, "a wrong code", take(path, "secret", "1"), ErrCode)
	refused(t, "a wrong password", take(path, "wrong", adminCode), act.ErrKeyPassword)
	refused(t, "no file", take(path+"x", "secret", adminCode), fs.ErrNotExist)
	unsigned, err := draw(t, r, draft(t, r, "12", ivan, act.Trigger{}), adminCode)
	if err != nil || len(unsigned.Signatures) != 0 {
		t.Fatalf("without a key: %+v, %v", unsigned, err)
	}
	refused(t, "the key", take(path, "secret", adminCode), nil)
	signed, err := draw(t, r, draft(t, r, "12", ivan, act.Trigger{}), adminCode)
	if err != nil || len(signed.Signatures) != 1 {
		t.Fatalf("with a key: %+v, %v", signed, err)
	}
	check := func() {
		t.Helper()
		pdf, err := os.ReadFile(signed.Path)
		if err != nil {
			t.Fatal(err)
		}
		cms, err := os.ReadFile(filepath.Join(dir, "acts", act.SignatureFileName(signed.Number)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := act.VerifySignature(pdf, cms, nil); err != nil || len(got) != 1 || got[0].Name != adminName {
			t.Errorf("%+v, %v", got, err)
		}
		pdf[len(pdf)/2] ^= 1
		if _, err := act.VerifySignature(pdf, cms, nil); err == nil {
			t.Error("a changed page passes")
		}
	}
	check()
	closeAndVerify(t, r)
	if err := os.Remove(filepath.Join(dir, "acts", act.SignatureFileName(signed.Number))); err != nil {
		t.Fatal(err)
	}
	r = open(t, cfg)
	check()
	if a := r.View().Acts[1]; len(a.Signatures) != 1 || a.Signatures[0].Role != "administrator" {
		t.Errorf("after a restart: %+v", a.Signatures)
	}
	// The key stays in memory only: after a restart it is asked for again.
	if a, err := draw(t, r, draft(t, r, "12", ivan, act.Trigger{}), adminCode); err != nil || len(a.Signatures) != 0 {
		t.Errorf("after a restart: %+v, %v", a.Signatures, err)
	}
	closeAndVerify(t, r)
}

// writeKey makes a key that signs, with the password "secret".
func writeKey(t testing.TB, path string, now time.Time) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: adminName}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	own, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	p12, err := pkcs12.Modern.Encode(key, own, nil, "secret")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, p12, 0o600); err != nil {
		t.Fatal(err)
	}
}

// R8: the printed lists lie beside the acts, and the log has their digests.
func TestPrintSheet(t *testing.T) {
	r := open(t, config(t, t.TempDir(), "s1"))
	for _, id := range []string{act.SeatingList, act.Distribution} {
		path, err := r.PrintSheet(id)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(data, []byte("%PDF-")) {
			t.Errorf("%s: %v", path, err)
		}
		if l := sync1(t, r).Lines[0]; l.Event != SaidPrinted || !strings.HasPrefix(l.Detail, id) {
			t.Errorf("%+v", l)
		}
	}
	if _, err := r.PrintSheet("99"); err == nil {
		t.Error("a list that does not exist is printed")
	}
	closeAndVerify(t, r)
}
