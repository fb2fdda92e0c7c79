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

// eye is the station's camera and its face models. The camera is open only while a screen shows its picture.
type eye struct {
	source string
	loaded chan struct{} // closed when verifier or failure is set

	verifier *identity.Verifier
	failure  error

	ctx      context.Context // ends with the program
	cancel   context.CancelFunc
	watchers sync.WaitGroup

	mu       sync.Mutex // guards what follows
	photo    string     // the registered photo that template was made of
	template identity.Template
}

func newEye(source, models string) *eye {
	e := &eye{source: source, loaded: make(chan struct{})}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(e.loaded)
		e.verifier, e.failure = identity.Load(models)
	}()
	return e
}

// close ends every watch and frees the models. A camera that hangs in its driver keeps neither the program nor, as long
// as it may still come back to them, the models.
func (e *eye) close() {
	e.cancel()
	idle := make(chan struct{})
	go func() {
		<-e.loaded
		e.watchers.Wait()
		close(idle)
	}()
	select {
	case <-idle:
	case <-time.After(hangs):
		return
	}
	if e.verifier != nil {
		_ = e.verifier.Close() // its error is always nil
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
		checks.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-again:
					e.check(ctx, cam, photo, tell)
				}
			}
		})
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

func (e *eye) check(ctx context.Context, cam *camera.Camera, photo []byte, tell func(glance)) {
	<-e.loaded
	if e.failure != nil {
		tell(glance{err: problem.New(problem.ModelsMissing, e.failure)})
		return
	}
	template, err := e.enroll(photo)
	if err != nil {
		tell(glance{err: problem.New(problem.PhotoMissing, err)})
		return
	}
	result, err := e.verifier.Check(ctx, cam, template, identity.Options{
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

func (e *eye) enroll(photo []byte) (identity.Template, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.photo == string(photo) && e.template.Valid() {
		return e.template, nil
	}
	t, err := e.verifier.Enroll(photo)
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
