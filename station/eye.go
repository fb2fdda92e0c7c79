package station

import (
	"context"
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

// eye is the station's camera and its face models. The camera is open only while a screen shows its picture, and the models
// are there only while a screen checks a face: they load faster than a camera opens, and lie idle through hours of writing.
type eye struct {
	source string
	models string

	ctx      context.Context // ends with the program
	cancel   context.CancelFunc
	watchers sync.WaitGroup

	mu       sync.Mutex // guards what follows
	photo    string     // the registered photo that template was made of
	template identity.Template
}

func newEye(source, models string) *eye {
	e := &eye{source: source, models: models}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	return e
}

// close ends every watch. A camera that hangs in its driver does not keep the program.
func (e *eye) close() {
	e.cancel()
	idle := make(chan struct{})
	go func() {
		e.watchers.Wait()
		close(idle)
	}()
	select {
	case <-idle:
	case <-time.After(hangs):
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
	reopenEvery  = 2 * time.Second
	hangs        = 3 * time.Second // a camera that has not ended by then does not end
)

// start watches on a goroutine of its own until the returned function is called or the program ends.
func (e *eye) start(photo []byte, again <-chan struct{}, tell func(context.Context, glance)) context.CancelFunc {
	ctx, cancel := context.WithCancel(e.ctx)
	e.watchers.Go(func() { e.watch(ctx, photo, again, func(g glance) { tell(ctx, g) }) })
	return cancel
}

// watch opens the camera and tells each picture until ctx ends, and opens it again when it is lost. With a photo it
// checks the face, too, once for every value that comes from again.
func (e *eye) watch(ctx context.Context, photo []byte, again <-chan struct{}, tell func(glance)) {
	defer giveBack()
	for ctx.Err() == nil {
		cam, err := camera.Open(ctx, e.source)
		if err != nil {
			if ctx.Err() == nil {
				tell(glance{err: problem.New(problem.CameraMissing, err)})
			}
			pause(ctx, reopenEvery)
			continue
		}
		e.look(ctx, cam, photo, again, tell)
		_ = cam.Close() // its error is always nil
	}
}

func (e *eye) look(ctx context.Context, cam *camera.Camera, photo []byte, again <-chan struct{}, tell func(glance)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var checks sync.WaitGroup
	defer checks.Wait()
	if photo != nil {
		checks.Go(func() { e.checks(ctx, cam, photo, again, tell) })
	}
	seq := uint64(0)
	for last := time.Now(); ; {
		frame, err := cam.Next(ctx, seq)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, camera.ErrClosed):
			return
		case err != nil:
			tell(glance{err: problem.New(problem.CameraMissing, err)})
			if time.Since(last) > 5*time.Second {
				cancel()
				return
			}
			continue
		}
		seq, last = frame.Seq, time.Now()
		tell(glance{picture: frame.Image()})
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
func (e *eye) checks(ctx context.Context, cam *camera.Camera, photo []byte, again <-chan struct{}, tell func(glance)) {
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
		case <-again:
		}
		if verifier == nil {
			loaded, err := identity.Load(e.models)
			if err != nil {
				tell(glance{err: problem.New(problem.ModelsMissing, err)})
				continue
			}
			verifier = loaded
		}
		e.check(ctx, verifier, cam, photo, tell)
	}
}

func (e *eye) check(ctx context.Context, verifier *identity.Verifier, cam *camera.Camera, photo []byte, tell func(glance)) {
	template, err := e.enroll(verifier, photo)
	if err != nil {
		tell(glance{err: problem.New(problem.PhotoMissing, err)})
		return
	}
	result, err := verifier.Check(ctx, cam, template, identity.Options{
		OnObservation: func(o identity.Observation) { tell(glance{seen: &o}) },
	})
	if ctx.Err() != nil {
		return
	}
	if err != nil && result.Reason != identity.NoCamera {
		tell(glance{err: problem.New(problem.Unexpected, err)})
		return
	}
	tell(glance{result: &result})
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
	return exam.ReportFace{FaceChecked: exam.FaceChecked{
		Purpose: purpose, Verdict: exam.Verdict(r.Verdict), Reason: string(r.Reason),
		Score: r.Score, Threshold: r.Threshold, Liveness: r.Liveness, LivenessThreshold: r.LivenessThreshold,
		Frames: r.Frames, Millis: r.Took.Milliseconds(), Frame: sum,
		Box:    [4]int{r.Face.Min.X, r.Face.Min.Y, r.Face.Dx(), r.Face.Dy()},
		Camera: source,
	}}
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
