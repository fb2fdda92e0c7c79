package station

import (
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
	actor  atomic.Pointer[session.Actor]
	up     atomic.Bool
}

func dialRoom(path, station string) *roomLink {
	r := new(roomLink)
	if path == "" {
		return r
	}
	r.client = room.Dial(path, room.Options{
		Station: station,
		OnAct: func(tied exam.ActTied) {
			if actor := r.actor.Load(); actor != nil {
				actor.Do(exam.TieAct{ActTied: tied}, nil)
			}
		},
		OnOrder: func(o room.Order) {
			if actor := r.actor.Load(); actor != nil {
				if command, ok := o.Command(actor.View().Attempt); ok {
					actor.Do(command, nil)
				}
			}
		},
		OnState: func(connected bool, _ error) { r.up.Store(connected) },
	})
	return r
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
