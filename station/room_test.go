package station

import (
	"slices"
	"testing"

	"emtihan/exam"
	"emtihan/proctor/room"

	"fyne.io/fyne/v2"
)

// R20: who was removed in the middle of the exam does not block the station, and nothing is offered that would be refused.
func TestRemovedCandidateFreesTheStation(t *testing.T) {
	g := newRig(t, lay(t, sitting("doctoral", "short-demo", "en")))
	g.seat(nurlan)
	g.decide(exam.TieAct{ActTied: exam.ActTied{Number: "13-1", Form: "13", By: "А", Effects: []exam.Effect{exam.EffectRemoved}}})
	g.screen("locked")
	var names []string
	for _, k := range g.u.deeds() {
		names = append(names, k.name)
	}
	if !slices.Equal(names, []string{"withdraw", "quit"}) {
		t.Errorf("an administrator is offered %q", names)
	}
	g.admin("withdraw")
	g.screen("withdrawn")
	g.key(fyne.KeyReturn)
	g.screen("login")
}

// What the room says before the station has its actor is not lost, and an order finds a login that no view has told of (R21).
func TestRoomIsHeardBeforeTheActorIsThere(t *testing.T) {
	suspend := room.Order{What: room.OrderSuspend, By: "А", Reason: "1"}
	act := exam.ActTied{Number: "14-1", Form: "14", By: "А", Effects: []exam.Effect{exam.EffectMoved}, Seat: "9"}
	opt := lay(t, sitting("doctoral", "short-demo", "en"))
	g := newRig(t, opt)
	g.login(nurlan)
	early := dialRoom("", opt.Name)
	early.act(act)
	early.order(suspend)
	early.order(room.Order{What: room.OrderResume, By: "А", Reason: "2", Of: "1"})
	act.Number, act.Seat = "14-2", "11"
	early.act(act)
	early.attach(g.u.actor)
	g.await("both acts", func() bool { return len(g.attempt().Acts) == 2 })
	if a := g.attempt(); a.Seat() != "11" || a.Suspended != nil {
		t.Errorf("the seat is %q, suspended %v", a.Seat(), a.Suspended)
	}
	early.order(suspend)
	g.screen("suspended")
	g.end()
	all := events(t, opt)
	if count[exam.Suspended](all) != 2 || count[exam.SuspensionEnded](all) != 1 {
		t.Errorf("%d suspensions, %d ended", count[exam.Suspended](all), count[exam.SuspensionEnded](all))
	}

	full := dialRoom("", opt.Name)
	for range maxHeld + 10 {
		full.order(suspend)
	}
	if len(full.held) != maxHeld {
		t.Errorf("%d wait", len(full.held))
	}
}

func TestOrderThatAnswersALogin(t *testing.T) { // R21
	opt := lay(t, sitting("doctoral", "short-demo", "en"))
	g := newRig(t, opt)
	g.u.actor.Login(nurlan, func(error) {})
	g.u.room.order(room.Order{What: room.OrderSuspend, By: "А", Reason: "1"})
	g.screen("suspended")
}
