package room

import (
	"slices"
	"sync"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/proctor/act"

	"github.com/google/go-cmp/cmp"
)

// told collects which attempts were told of which acts, in order.
type told struct {
	mu   sync.Mutex
	acts []string
}

func (o *told) config(t testing.TB, dir string) Config {
	cfg := config(t, dir, "s1")
	cfg.OnAct = func(attempt string, a exam.ActTied) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.acts = append(o.acts, attempt+" "+a.Number)
	}
	return cfg
}

// since returns what was told since the last call.
func (o *told) since() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	acts := o.acts
	o.acts = nil
	return acts
}

func (o *told) check(t testing.TB, what string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, o.since()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// hear lets the room hear of an attempt, and waits until the disk has it.
func hear(t testing.TB, r *Room, c exam.Candidate, attempt, what string, phase exam.Phase) {
	t.Helper()
	heard := make(chan struct{})
	r.Hear(Delivery{
		Notice: Notice{Station: "st" + c.Seat, Attempt: attempt, IIN: c.IIN, Phase: string(phase), What: what, Wall: day.UnixMilli()},
		Heard:  func() { close(heard) },
	})
	select {
	case <-heard:
	case <-time.After(patience):
		t.Fatal("the notice was not heard")
	}
	sync1(t, r) // what follows from a notice waits for the same record
}

// R20: an act about the room concerns the attempts of its moment, also when it is told again after a restart.
func TestRoomActBeforeAnAttempt(t *testing.T) {
	dir := t.TempDir()
	o := new(told)
	r := open(t, o.config(t, dir))
	hear(t, r, aigerim, "a7", "opened", exam.PhaseLoggedIn)
	f, _ := r.cfg.Forms.Form("15")
	d := act.Prefill(f, r.cfg.Session, exam.Candidate{}, act.Trigger{}, day)
	complete(t, r, &d, exam.EffectStopped)
	a, err := draw(t, r, d, adminCode)
	if err != nil {
		t.Fatal(err)
	}
	o.check(t, "drawn up", "a7 "+a.Number)
	hear(t, r, ivan, "a8", "opened", exam.PhaseLoggedIn)
	o.check(t, "an attempt that begins later")
	closeAndVerify(t, r)
	r = open(t, o.config(t, dir))
	o.check(t, "after a restart", "a7 "+a.Number)
	closeAndVerify(t, r)
}

// R20: an act about the room leaves out who has finished; its correction reaches whom it has postponed.
func TestRoomActAndEndedAttempts(t *testing.T) {
	st := newState(sitting("s1"), nil, 0)
	at := func(i int, attempt string, phase exam.Phase) {
		st.people[i].Attempt, st.people[i].Phase = attempt, phase
	}
	drawn := func(number, corrects string) []string {
		var line Line
		st.foldAct(exam.ActDrawn{Form: "15", Number: number, Fields: map[string]string{act.FieldCorrects: corrects}}, 1, day, &line)
		return st.ties[number]
	}
	at(0, "a7", exam.PhaseRunning)
	at(1, "a8", exam.PhaseFinished)
	if diff := cmp.Diff([]string{"a7"}, drawn("1", "")); diff != "" {
		t.Errorf("the act (-want +got):\n%s", diff)
	}
	at(0, "a7", exam.PhasePostponed)
	if diff := cmp.Diff([]string{"a7"}, drawn("2", "1")); diff != "" {
		t.Errorf("its correction (-want +got):\n%s", diff)
	}
}

// R20: who is not admitted is not admitted to an attempt that begins after the act either, unless the act was taken back.
func TestBarredBeforeTheAttempt(t *testing.T) {
	dir := t.TempDir()
	o := new(told)
	r := open(t, o.config(t, dir))
	d := draft(t, r, "10", aigerim, act.Trigger{})
	first, err := draw(t, r, d, adminCode)
	if err != nil {
		t.Fatal(err)
	}
	o.since()
	hear(t, r, ivan, "a8", "opened", exam.PhaseLoggedIn)
	o.check(t, "another candidate")
	hear(t, r, aigerim, "a7", "opened", exam.PhaseLoggedIn)
	o.check(t, "the attempt", "a7 "+first.Number)
	hear(t, r, aigerim, "a7", "identified.document", exam.PhaseIdentified)
	o.check(t, "its next event")
	closeAndVerify(t, r)
	r = open(t, o.config(t, dir))
	if got := o.since(); !slices.Contains(got, "a7 "+first.Number) {
		t.Errorf("after a restart: %q", got)
	}
	hear(t, r, aigerim, "b7", "opened", exam.PhaseLoggedIn)
	o.check(t, "an attempt after the restart", "b7 "+first.Number)

	lift := draft(t, r, "0", aigerim, act.Trigger{})
	lift.Fields[act.FieldCorrects] = first.Number
	complete(t, r, &lift, exam.EffectLift)
	if _, err := draw(t, r, lift, adminCode); err != nil {
		t.Fatal(err)
	}
	o.since()
	hear(t, r, aigerim, "c7", "opened", exam.PhaseLoggedIn)
	o.check(t, "after the act was taken back")
	closeAndVerify(t, r)
}

// complete fills in what a draft still needs, with the options that have the effects.
func complete(t testing.TB, r *Room, d *act.Draft, effects ...exam.Effect) {
	t.Helper()
	for _, f := range d.Form.Fields {
		for _, o := range f.Options {
			if len(effects) > 0 && slices.Equal(o.Effects, effects) {
				d.Fields[f.ID] = o.ID
			}
		}
	}
	for range 4 { // a choice may need further fields
		for _, p := range r.cfg.Forms.Check(*d) {
			f, _ := d.Form.Field(p.Field)
			d.Fields[p.Field] = "text"
			if len(f.Options) > 0 {
				d.Fields[p.Field] = f.Options[0].ID
			}
		}
	}
	if p := r.cfg.Forms.Check(*d); len(p) > 0 || !slices.Equal(d.Effects(), effects) {
		t.Fatalf("the draft: %+v, effects %v", p, d.Effects())
	}
}
