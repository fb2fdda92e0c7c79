package station

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/vault"
	"emtihan/proctor/room"
	"emtihan/station/session"
)

// hall is a room and one of its stations over the real link, each with its own log; either can be started again, and the
// cable pulled.
type hall struct {
	*testing.T
	opt    Options
	path   string // of the socket
	rooms  string // data folder of the room
	orders chan room.Order

	room    *room.Room
	set     *setup
	link    *roomLink
	actor   *session.Actor
	sitting *exam.Session

	mu       sync.Mutex // guards what follows
	server   *room.Server
	standing *room.Order
}

// patience is how long a test waits for what must come.
const patience = 2 * time.Minute

const administrator = "Жұмабаева Сәуле"

var atTheStation = exam.Deed{By: administrator, Reason: "permission to go on"}

func newHall(t *testing.T) *hall {
	t.Helper()
	dir, err := os.MkdirTemp("", "hall") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	h := &hall{
		T: t, opt: lay(t, sitting("doctoral", "short-demo", "en")), path: filepath.Join(dir, "room"), rooms: t.TempDir(),
		orders: make(chan room.Order, 100),
	}
	t.Cleanup(h.roomOff)
	t.Cleanup(h.stationOff)
	h.stationOn()
	h.roomOn()
	h.seat(nurlan)
	return h
}

func (h *hall) roomOn() {
	h.Helper()
	keys, err := vault.Open(h.rooms, vault.Options{Credentials: "-"})
	if err != nil {
		h.Fatal(err)
	}
	h.standing = nil
	h.room, err = room.Open(room.Config{
		Dir: h.rooms, Session: h.sitting, Software: "test", Journal: journal.Options{Vault: keys}, OnOrder: h.order,
	})
	if err != nil {
		h.Fatal(err)
	}
	h.cableIn()
}

// order is what the administrators' program does with an order.
func (h *hall) order(o room.Order) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.standing = &o
	if h.server != nil {
		h.server.SendOrder(o)
	}
}

func (h *hall) roomOff() {
	h.Helper()
	h.cableOut()
	if h.room != nil {
		if err := h.room.Close(); err != nil {
			h.Error(err)
		}
		h.room = nil
	}
}

func (h *hall) cableIn() {
	h.Helper()
	server, err := room.Listen(h.path, room.ServerOptions{OnNotice: h.room.Hear, OnStation: h.room.StationOnline})
	if err != nil {
		h.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.server = server; h.standing != nil {
		server.SendOrder(*h.standing)
	}
}

func (h *hall) cableOut() {
	h.Helper()
	h.mu.Lock()
	server := h.server
	h.server = nil
	h.mu.Unlock()
	if server == nil {
		return
	}
	if err := server.Close(); err != nil {
		h.Error(err)
	}
	// What the station has not read yet would pass for an order that comes again.
	for deadline := time.Now().Add(patience); h.set != nil && h.link.answers(); {
		if time.Now().After(deadline) {
			h.Fatal("the station does not notice that the link is gone")
		}
		time.Sleep(time.Millisecond)
	}
}

func (h *hall) stationOn() {
	h.Helper()
	var err error
	if h.set, err = prepare(h.opt); err != nil {
		h.Fatal(err)
	}
	h.sitting = h.set.session
	h.link = new(roomLink)
	h.link.client = room.Dial(h.path, room.Options{
		Station: h.opt.Name, OnAct: h.link.act, OnState: func(up bool, _ error) { h.link.up.Store(up) },
		OnOrder: func(o room.Order) {
			h.link.order(o)
			h.orders <- o
		},
		RetryMin: time.Millisecond, RetryMax: 20 * time.Millisecond,
	})
	if h.actor, err = h.set.start(h.link.tell, h.link.sign); err != nil {
		h.Fatal(err)
	}
	h.link.attach(h.actor)
}

func (h *hall) stationOff() {
	h.Helper()
	if h.set == nil {
		return
	}
	h.link.close()
	if err := h.actor.Close(); err != nil {
		h.Error(err)
	}
	h.set.release()
	h.set = nil
}

// done waits for the answer to what f asks for.
func (h *hall) done(what string, f func(done func(error))) {
	h.Helper()
	answer := make(chan error, 1)
	f(func(err error) { answer <- err })
	select {
	case err := <-answer:
		if err != nil {
			h.Fatalf("%s: %v", what, err)
		}
	case <-time.After(patience):
		h.Fatalf("%s: no answer", what)
	}
}

func (h *hall) do(commands ...exam.Command) {
	h.Helper()
	for _, c := range commands {
		h.done("at the station", func(done func(error)) { h.actor.Do(c, done) })
	}
}

func (h *hall) seat(iin string) {
	h.Helper()
	h.done("login", func(done func(error)) { h.actor.Login(iin, done) })
}

func (h *hall) suspendAll(reason string) {
	h.Helper()
	h.done("suspend all", func(done func(error)) { h.room.SuspendAll(reason, administrator, code, done) })
}

func (h *hall) resumeAll() {
	h.Helper()
	h.done("go on", func(done func(error)) { h.room.ResumeAll("it is over", administrator, code, done) })
}

// next returns the next order that comes to the station.
func (h *hall) next() room.Order {
	h.Helper()
	select {
	case o := <-h.orders:
		return o
	case <-time.After(patience):
		h.Fatal("no order came to the station")
	}
	return room.Order{}
}

// told waits for an order to suspend, and for the station to have done what follows from it.
func (h *hall) told() room.Order {
	h.Helper()
	for {
		if o := h.next(); o.What == room.OrderSuspend {
			h.do(exam.Tick{})
			return o
		}
	}
}

// forget drops what has come to the station so far: what told returns next, came afterwards.
func (h *hall) forget() {
	for {
		select {
		case <-h.orders:
		default:
			return
		}
	}
}

func (h *hall) await(suspended bool) {
	h.Helper()
	for deadline := time.Now().Add(patience); (h.actor.View().Attempt.Suspended != nil) != suspended; {
		if time.Now().After(deadline) {
			h.Fatalf("suspended must be %v", suspended)
		}
		time.Sleep(time.Millisecond)
	}
}

// goesOn demands that the standing order comes again and changes nothing.
func (h *hall) goesOn() {
	h.Helper()
	o := h.told()
	if a := h.actor.View().Attempt; o.Number == 0 || a.Suspended != nil {
		h.Errorf("order %d came again, and the exam is suspended by %+v", o.Number, a.Suspended)
	}
}

// interruptions are what makes the room say the standing order again.
var interruptions = map[string]func(h *hall){
	"the link breaks":          func(h *hall) { h.cableOut(); h.forget(); h.cableIn() },
	"the station starts again": func(h *hall) { h.stationOff(); h.forget(); h.stationOn() },
	"the room starts again":    func(h *hall) { h.roomOff(); h.forget(); h.roomOn() },
	"both start again":         func(h *hall) { h.stationOff(); h.roomOff(); h.forget(); h.stationOn(); h.roomOn() },
}

// R6: whom an administrator has let go on at the station, the room's order that still stands does not suspend again.
func TestStandingOrderIsObeyedOnce(t *testing.T) {
	for name, interrupt := range interruptions {
		t.Run(name, func(t *testing.T) {
			h := newHall(t)
			h.suspendAll("fire")
			h.await(true)
			h.do(exam.EndSuspension{Deed: atTheStation})
			interrupt(h)
			h.goesOn()
			interrupt(h)
			h.goesOn()
		})
		t.Run(name+", suspended at the station before", func(t *testing.T) {
			h := newHall(t)
			h.do(exam.Suspend{Deed: atTheStation})
			h.suspendAll("fire")
			h.told()
			h.do(exam.EndSuspension{Deed: atTheStation})
			interrupt(h)
			h.goesOn()
		})
	}
}

// R6: a new order is obeyed, be it in the same words, and its end is heard, be it that a station has missed what was between.
func TestSecondOrder(t *testing.T) {
	for name, interrupt := range interruptions {
		t.Run(name, func(t *testing.T) {
			h := newHall(t)
			h.suspendAll("fire")
			h.await(true)
			h.do(exam.EndSuspension{Deed: atTheStation})
			h.resumeAll()
			h.suspendAll("fire")
			h.await(true)
			interrupt(h)
			h.told()
			h.await(true)
			h.resumeAll()
			h.await(false)
		})
	}
	t.Run("missed", func(t *testing.T) {
		h := newHall(t)
		h.suspendAll("fire")
		h.await(true)
		h.cableOut()
		h.forget()
		h.resumeAll()
		h.suspendAll("water")
		h.cableIn()
		h.told()
		if s := h.actor.View().Attempt.Suspended; s == nil || s.Reason != "water" {
			t.Errorf("suspended by %+v", s)
		}
		h.resumeAll()
		h.await(false)
	})
}

// R6: what an administrator suspends at the station, no order to go on ends: neither one that is new nor one that stands.
func TestOrderToGoOnEndsNoDecisionAtTheStation(t *testing.T) {
	h := newHall(t)
	h.suspendAll("fire")
	h.await(true)
	h.do(exam.EndSuspension{Deed: atTheStation}, exam.Suspend{Deed: exam.Deed{By: administrator, Reason: "fire"}})
	h.resumeAll()
	goOn := func() {
		h.Helper()
		for o := (room.Order{}); o.What != room.OrderResume; {
			o = h.next()
		}
		h.do(exam.Tick{})
		if h.actor.View().Attempt.Suspended == nil {
			t.Error("the order to go on has ended what was decided on at the station")
		}
	}
	goOn()
	interruptions["the station starts again"](h)
	goOn()
}

// R6, R12: each attempt obeys a standing order for itself.
func TestNewAttemptUnderAStandingOrder(t *testing.T) {
	h := newHall(t)
	h.suspendAll("fire")
	h.await(true)
	h.do(exam.EndSuspension{Deed: atTheStation}, exam.Postpone{Deed: atTheStation, Act: "15-1"})
	h.done("leave", h.actor.Leave)
	h.seat(pyotr)
	h.await(true)
	h.do(exam.EndSuspension{Deed: atTheStation})
	interruptions["the station starts again"](h)
	h.goesOn()
}
