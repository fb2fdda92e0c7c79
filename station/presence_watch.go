package station

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"emtihan/devices/camera"
	"emtihan/exam"
	"emtihan/proctor/identity"
	"emtihan/station/problem"
	"emtihan/station/session"
)

// watchRate is how many pictures a second the watch takes. The models look at few of them; the others only show whether the
// picture moves, and how.
const watchRate = 5

// presence watches the seat while somebody works there, where the profile asks for it (R10, R17). It states what the camera
// shows, keeps pictures of the time around each change, and decides nothing.
type presence struct {
	eye   *eye
	actor *session.Actor
	front string              // name of the camera in the log
	desk  string              // source of the one over the desk; empty: there is none
	used  func(works bool)    // told when the camera begins or ceases to give pictures
	show  func(exam.Presence) // told what the candidate may see; empty when nobody watches

	mu   sync.Mutex
	stop context.CancelFunc // nil: nobody watches
}

// follow begins and ends the watch with the exam. It is told of every view, from the actor's goroutine, and never blocks.
func (p *presence) follow(v session.View) {
	a := v.Attempt
	wanted := a != nil && a.IsRunning() && a.Profile.Faces.WatchSeconds > 0
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case wanted && p.stop == nil && p.eye.ctx.Err() == nil:
		ctx, cancel := context.WithCancel(p.eye.ctx)
		p.stop = cancel
		rules, photo := a.Profile.Faces, v.Photo
		p.eye.spawn(func() { p.watch(ctx, rules, photo) })
	case !wanted && p.stop != nil:
		p.stop()
		p.stop = nil
		p.show("")
	}
}

// watch looks until ctx ends. Without models it says so once, and that nothing is known.
func (p *presence) watch(ctx context.Context, rules exam.FaceRules, photo []byte) {
	verifier, err := identity.Load(p.eye.models)
	if err != nil {
		p.unknown(ctx, string(problem.ModelsMissing))
		return
	}
	defer verifier.Close() // its error is always nil
	// A photo that cannot be compared with still lets the watch see how many there are; the check before has told of it.
	template, _ := p.eye.enroll(verifier, photo)
	every := time.Duration(rules.WatchSeconds) * time.Second
	watch, err := verifier.NewWatch(template, identity.WatchOptions{
		Every: every, Compare: max(identity.DefaultCompare, every), Hold: time.Duration(rules.HoldSeconds) * time.Second,
	})
	if err != nil {
		p.unknown(ctx, err.Error())
		return
	}
	cam, done, err := p.eye.take(watchRate)
	if err != nil {
		p.unknown(ctx, string(problem.CameraMissing))
		return
	}
	defer done()
	giveBack() // what logging in has used; the camera stays open, so nothing else does it
	p.look(ctx, cam, watch, newReel(rules, every))
}

func (p *presence) look(ctx context.Context, cam identity.Source, watch *identity.Watch, r *reel) {
	seq, works, known := uint64(0), false, false
	for {
		f, err := cam.Next(ctx, seq)
		var t *identity.Transition
		state := camera.Online
		switch {
		case ctx.Err() != nil, errors.Is(err, camera.ErrClosed):
			return
		case err != nil:
			state = camera.StateOf(err)
			t = watch.Miss(time.Now())
		default:
			seq = f.Seq
			if more := r.add(f); more != nil {
				p.keep(ctx, *more)
			}
			if t, err = watch.See(f); err != nil {
				p.unknown(ctx, err.Error())
				return
			}
		}
		if now := state == camera.Online; now != works || !known {
			works, known = now, true
			p.used(works)
		}
		if t != nil {
			p.tell(ctx, t, state, r)
		}
	}
}

// unknown says that the watch has ended by itself.
func (p *presence) unknown(ctx context.Context, why string) {
	if ctx.Err() == nil {
		p.actor.Do(exam.ReportPresence{PresenceChanged: exam.PresenceChanged{To: exam.PresenceUnknown, Camera: p.front, Detail: why}}, nil)
	}
}

// tell records a change with the pictures that the profile asks for. Nobody has to act on a refusal: the exam ended meanwhile.
func (p *presence) tell(ctx context.Context, t *identity.Transition, state camera.State, r *reel) {
	e := exam.PresenceChanged{
		To: exam.Presence(t.To), Held: t.At.Sub(t.Since).Milliseconds(), Faces: t.Faces, Score: t.Score, Camera: p.front,
	}
	if state != camera.Online {
		e.Detail = string(state)
	}
	// That the camera sees the candidate needs no pictures: the check that has just passed has kept one.
	evidence := e.To.Asks() || t.From != identity.Unknown
	var before []shot
	var frame []byte
	if evidence {
		before, frame = r.around(t, e.To)
	}
	left := p.left()
	if frame != nil && left > 0 {
		sum := sha256.Sum256(frame)
		e.Frame = sum[:]
		p.actor.Do(exam.ReportPresence{PresenceChanged: e}, nil, frame)
		left--
	} else {
		p.actor.Do(exam.ReportPresence{PresenceChanged: e}, nil)
	}
	for _, s := range before[:min(len(before), max(left, 0))] {
		p.keep(ctx, s)
	}
	if evidence && p.desk != "" {
		p.eye.spawn(func() { p.overDesk(ctx, e.To, t.At, r.limit) })
	}
	p.show(e.To)
}

// left is how many pictures the profile still allows.
func (p *presence) left() int {
	a := p.actor.View().Attempt
	if a == nil {
		return 0
	}
	return a.Frames()
}

// shot is a picture of the time around a change.
type shot struct {
	of     exam.Presence
	offset time.Duration
	camera string // empty: the front one
	jpeg   []byte
}

func (p *presence) keep(ctx context.Context, s shot) {
	if s.jpeg == nil || ctx.Err() != nil || p.left() <= 0 {
		return
	}
	if s.camera == "" {
		s.camera = p.front
	}
	sum := sha256.Sum256(s.jpeg)
	p.actor.Do(exam.ReportSeen{PresenceSeen: exam.PresenceSeen{Of: s.of, Offset: s.offset.Milliseconds(), Camera: s.camera, Frame: sum[:]}}, nil, s.jpeg)
}

// overDesk takes one picture with the camera over the desk. That it is not there is no news: `station check` says so.
func (p *presence) overDesk(ctx context.Context, of exam.Presence, at time.Time, limit int) {
	cam, err := camera.Open(ctx, p.desk)
	if err != nil {
		return
	}
	defer cam.Close() // its error is always nil
	f, err := cam.Next(ctx, 0)
	if err != nil {
		return
	}
	p.keep(ctx, shot{of: of, offset: f.At.Sub(at), camera: cameraName(p.desk), jpeg: still(f, limit)})
}

// watchSeat connects the watch with the window.
func (u *ui) watchSeat() *presence {
	return &presence{
		eye: u.eye, actor: u.actor, front: cameraName(u.set.opt.Camera), desk: u.set.opt.Desk, used: u.cameraUsed,
		show: func(is exam.Presence) {
			u.post(func() {
				u.seat = is
				if u.exam != nil {
					u.exam.head.update()
				}
			})
		},
	}
}
