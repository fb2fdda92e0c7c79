package station

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"emtihan/exam"
	"emtihan/exam/journal/stream"
	"emtihan/proctor/room"
	"emtihan/station/session"
)

// roomLink tells the administrators' computer what happens here, without ever holding the exam up, and notes the acts
// that are drawn up there about the attempt. Without a room it does nothing.
type roomLink struct {
	client *room.Client
	up     atomic.Bool

	mu    sync.Mutex // guards what follows
	actor *session.Actor
	// What the room has said before there was an actor, in order: the room does not say it again.
	held []func(*session.Actor)
}

// maxHeld is the most acts and orders that wait for the actor. An attempt has a handful, and the wait is that of a start.
const maxHeld = 1000

func dialRoom(path, station string) *roomLink {
	r := new(roomLink)
	if path == "" {
		return r
	}
	r.client = room.Dial(path, room.Options{
		Station: station,
		OnAct:   r.act,
		OnOrder: r.order,
		OnState: func(connected bool, _ error) { r.up.Store(connected) },
	})
	return r
}

// attach gives the link the actor, which does first what the room has said until now.
func (r *roomLink) attach(actor *session.Actor) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.actor = actor
	for _, f := range r.held {
		f(actor)
	}
	r.held = nil
}

// hand lets the actor do what the room says, now or as soon as there is one. f must not block.
func (r *roomLink) hand(f func(*session.Actor)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.actor != nil:
		f(r.actor)
	case len(r.held) < maxHeld:
		r.held = append(r.held, f)
	default:
		slog.Warn("the room says more than waits for the station's start", "most", maxHeld)
	}
}

func (r *roomLink) act(tied exam.ActTied) {
	r.hand(func(a *session.Actor) { a.Do(exam.TieAct{ActTied: tied}, nil) })
}

// order is held against the attempt as it is when the actor comes to it: a login that the room has heard of, and answers, may
// not be on the screen yet.
func (r *roomLink) order(o room.Order) {
	r.hand(func(a *session.Actor) { a.DoFor(o.Command, nil) })
}

// tell is the session's OnEvent: answers and ticks never leave the station this way.
func (r *roomLink) tell(rec exam.Recorded, after *exam.Attempt, blobs [][]byte) {
	if r.client == nil {
		return
	}
	notice, ok := room.NoticeOf(after, rec)
	if !ok {
		return
	}
	if face, is := rec.Event.(exam.FaceChecked); is && face.Verdict == exam.VerdictRefused && len(blobs) > 0 {
		notice.Frame = blobs[0]
	}
	r.client.Say(notice)
}

// sign is the session's OnCheckpoint: what the room has heard cannot be taken back on this computer (R22).
func (r *roomLink) sign(attempt string, c stream.Checkpoint) {
	if r.client != nil {
		r.client.Say(room.Notice{What: room.SaidCheckpoint, Attempt: attempt, Detail: c.Note, Wall: c.Time.UnixMilli()})
	}
}

func (r *roomLink) close() {
	if r.client != nil {
		_ = r.client.Close() // what the room has not heard stands in the attempt's log
	}
}

// answers reports whether the administrators' computer hears this station now.
func (r *roomLink) answers() bool { return r.client != nil && r.up.Load() }
