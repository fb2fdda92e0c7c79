package station

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"image"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"emtihan/devices/camera"
	"emtihan/exam"
	"emtihan/proctor/identity"
	"emtihan/station/problem"
)

// eye is the station's camera and its face models. The camera is open only while somebody looks, and the models are there
// only while somebody checks a face or watches the seat.
type eye struct {
	source string
	models string

	ctx      context.Context // ends with the program
	cancel   context.CancelFunc
	watchers sync.WaitGroup

	mu       sync.Mutex // guards what follows
	photo    string     // the registered photo that template was made of
	template identity.Template
	cam      *camera.Camera
	device   string          // what the source led to when cam was opened
	users    map[int]float64 // pictures a second that each wants; 0: all
	last     int             // user
	lingers  *time.Timer     // closes the camera when nobody has come back
}

func newEye(source, models string) *eye {
	e := &eye{source: source, models: models, users: make(map[int]float64)}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	return e
}

// spawn runs f on a goroutine of its own, unless the program ends.
func (e *eye) spawn(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx.Err() == nil {
		e.watchers.Go(f)
	}
}

// close ends every watch. A camera that hangs in its driver does not keep the program.
func (e *eye) close() {
	e.mu.Lock()
	e.cancel()
	e.mu.Unlock()
	idle := make(chan struct{})
	go func() {
		e.watchers.Wait()
		e.letGo(true)
		close(idle)
	}()
	select {
	case <-idle:
	case <-time.After(hangs):
	}
}

// take returns the camera for somebody who wants so many pictures a second, 0 for all, and what gives it back. One open camera
// serves all of them, since a device takes one reader only, and two screens may follow each other faster than it closes.
func (e *eye) take(rate float64) (*camera.Camera, func(), error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lingers != nil {
		e.lingers.Stop()
		e.lingers = nil
	}
	// A name such as /dev/v4l/by-id/… may lead to another camera by now.
	device := ledTo(e.source)
	if e.cam != nil && len(e.users) == 0 && device != e.device {
		_ = e.cam.Close() // its error is always nil
		e.cam = nil
	}
	if e.cam == nil {
		cam, err := camera.Start(e.source, camera.Options{Rate: rate})
		if err != nil {
			return nil, nil, err
		}
		e.cam, e.device = cam, device
	}
	e.last++
	id := e.last
	e.users[id] = rate
	e.pace()
	return e.cam, func() { e.leave(id) }, nil
}

// ledTo follows the links of a camera's name; a name that is no path stays as it is.
func ledTo(source string) string {
	name, _, _ := strings.Cut(source, "#")
	if path, err := filepath.EvalSymlinks(name); err == nil {
		return path
	}
	return name
}

func (e *eye) leave(id int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.users, id)
	if len(e.users) > 0 {
		e.pace()
		return
	}
	if e.ctx.Err() == nil && e.lingers == nil {
		e.lingers = time.AfterFunc(linger, func() { e.letGo(false) })
	}
}

// pace gives everybody what the most demanding wants; e.mu is held.
func (e *eye) pace() {
	rate := 0.0
	for _, want := range e.users {
		if want == 0 {
			rate = 0
			break
		}
		rate = max(rate, want)
	}
	e.cam.SetRate(rate)
}

// letGo closes the camera if nobody looks, or in any case.
func (e *eye) letGo(always bool) {
	e.mu.Lock()
	cam := e.cam
	if !always && len(e.users) > 0 {
		cam = nil
	}
	if cam != nil {
		e.cam = nil
	}
	e.lingers = nil
	e.mu.Unlock()
	if cam != nil {
		_ = cam.Close() // its error is always nil
		giveBack()
	}
}

// glance is what the eye tells a screen; exactly one field is set.
type glance struct {
	picture image.Image
	seen    *identity.Observation
	result  *identity.Result
	err     error // *problem.Error: no camera, no models
}

const (
	pictureEvery = 100 * time.Millisecond // a live picture needs no more, and each one repaints the window
	linger       = 2 * time.Second        // for the next screen
	hangs        = 3 * time.Second        // a camera that has not ended by then does not end
)

// looking is what somebody wants to see.
type looking struct {
	paint func(camera.Frame) image.Image
	photo []byte          // compared with whom; nil: nobody
	again <-chan struct{} // each value asks for one check
	rules exam.FaceRules
	why   exam.Purpose // of the checks
}

// start watches on a goroutine of its own until the returned function is called or the program ends.
func (e *eye) start(l looking, tell func(context.Context, glance)) context.CancelFunc {
	ctx, cancel := context.WithCancel(e.ctx)
	e.spawn(func() { e.look(ctx, l, func(g glance) { tell(ctx, g) }) })
	return cancel
}

// look tells each picture until ctx ends, and once each time that the camera has no more of them. With a photo it checks the
// face, too, once for every value that comes from again.
func (e *eye) look(ctx context.Context, l looking, tell func(glance)) {
	cam, done, err := e.take(0)
	if err != nil {
		tell(glance{err: problem.New(problem.CameraMissing, err)})
		return
	}
	defer done()
	var checks sync.WaitGroup
	defer checks.Wait()
	if l.photo != nil {
		checks.Go(func() { e.checks(ctx, cam, l, tell) })
	}
	seq, told := uint64(0), camera.Starting
	for ctx.Err() == nil {
		frame, err := cam.Next(ctx, seq)
		switch {
		case ctx.Err() != nil, errors.Is(err, camera.ErrClosed):
			return
		case err != nil:
			if state := cam.Status().State; state != told {
				told = state
				tell(glance{err: problem.New(problem.CameraMissing, err)})
			}
			continue
		}
		seq, told = frame.Seq, camera.Online
		tell(glance{picture: l.paint(frame)})
		pause(ctx, pictureEvery)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// checks checks the face once for every value that comes from again, until ctx ends.
func (e *eye) checks(ctx context.Context, cam *camera.Camera, l looking, tell func(glance)) {
	var verifier *identity.Verifier
	defer func() {
		if verifier != nil {
			_ = verifier.Close() // its error is always nil
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.again:
		}
		if verifier == nil {
			loaded, err := identity.Load(e.models)
			if err != nil {
				tell(glance{err: problem.New(problem.ModelsMissing, err)})
				continue
			}
			verifier = loaded
		}
		e.check(ctx, verifier, cam, l, tell)
	}
}

func (e *eye) check(ctx context.Context, verifier *identity.Verifier, cam *camera.Camera, l looking, tell func(glance)) {
	template, err := e.enroll(verifier, l.photo)
	if err != nil {
		tell(glance{err: problem.New(problem.PhotoMissing, err)})
		return
	}
	opts := identity.Options{OnObservation: func(o identity.Observation) { tell(glance{seen: &o}) }}
	if opts.Challenge, err = challenge(l.rules, l.why); err != nil {
		tell(glance{err: problem.New(problem.Unexpected, err)})
		return
	}
	opts.InDoubt = opts.Challenge != nil && l.rules.ChallengeInDoubt
	result, err := verifier.Check(ctx, cam, template, opts)
	if ctx.Err() != nil {
		return
	}
	if err != nil && result.Reason != identity.NoCamera {
		tell(glance{err: problem.New(problem.Unexpected, err)})
		return
	}
	tell(glance{result: &result})
}

// challenge returns the movements that the profile asks for at a check, in an order that nobody can know; nil: none.
func challenge(rules exam.FaceRules, why exam.Purpose) (*identity.Challenge, error) {
	if !rules.Challenges(why) {
		return nil, nil
	}
	var seed [8]byte
	_, _ = rand.Read(seed[:]) // never fails: it ends the program instead
	return identity.NewChallenge(identity.ChallengeOptions{Count: rules.ChallengeSteps, Seed: binary.LittleEndian.Uint64(seed[:])})
}

func (e *eye) enroll(verifier *identity.Verifier, photo []byte) (identity.Template, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.photo == string(photo) && e.template.Valid() {
		return e.template, nil
	}
	t, err := verifier.Enroll(photo)
	if err == nil {
		e.photo, e.template = string(photo), t
	}
	return t, err
}

// report makes the event of a finished check (R10).
func report(purpose exam.Purpose, source string, r *identity.Result, sum []byte) exam.ReportFace {
	f := exam.FaceChecked{
		Purpose: purpose, Verdict: exam.Verdict(r.Verdict), Reason: string(r.Reason),
		Score: r.Score, Threshold: r.Threshold, Liveness: r.Liveness, LivenessThreshold: r.LivenessThreshold,
		Frames: r.Frames, Millis: r.Took.Milliseconds(), Frame: sum,
		Box:    [4]int{r.Face.Min.X, r.Face.Min.Y, r.Face.Dx(), r.Face.Dy()},
		Camera: source,
	}
	if c := r.Challenge; c != nil {
		for _, s := range c.Asked {
			f.Asked = append(f.Asked, string(s))
		}
		if f.Challenge = string(c.Why); c.Done {
			f.Challenge = "done"
		}
	}
	return exam.ReportFace{FaceChecked: f}
}

// cameraName is what the log calls the camera: an address without its password and query.
func cameraName(source string) string {
	if u, err := url.Parse(source); err == nil && u.Host != "" {
		return u.Scheme + "://" + u.Host + u.Path
	}
	if strings.Contains(source, "://") {
		return "address"
	}
	return filepath.Base(source)
}
