package main

import (
	"context"
	"errors"
	"time"

	"emtihan/devices/camera"
	"emtihan/exam"
	"emtihan/proctor/desk"
	"emtihan/proctor/identity"
	"emtihan/proctor/room"
)

// eye is the camera at the entry with the face models. Both are there only while somebody stands at the desk.
type eye struct{ source, models string }

// newEye returns nil, as an interface, where there is no camera.
func newEye(source, models string) desk.Eye {
	if source == "" {
		return nil
	}
	return &eye{source, models}
}

const (
	pictureEvery = 150 * time.Millisecond // each picture repaints a part of the window
	reopenEvery  = 2 * time.Second
)

// Watch implements desk.Eye.
func (e *eye) Watch(photo []byte, tell func(desk.Glance)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	go e.watch(ctx, photo, func(g desk.Glance) {
		if ctx.Err() == nil {
			tell(g)
		}
	})
	return cancel
}

func (e *eye) watch(ctx context.Context, photo []byte, tell func(desk.Glance)) {
	for ctx.Err() == nil {
		cam, err := camera.Open(ctx, e.source)
		if err != nil {
			tell(desk.Glance{Trouble: "no-camera"})
			pause(ctx, reopenEvery)
			continue
		}
		done := e.look(ctx, cam, photo, tell)
		_ = cam.Close() // its error is always nil
		if done {
			return
		}
		pause(ctx, reopenEvery)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// look checks the face once and shows pictures meanwhile. It reports whether there is nothing more to look at.
func (e *eye) look(ctx context.Context, cam *camera.Camera, photo []byte, tell func(desk.Glance)) (done bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		for seq := uint64(0); ctx.Err() == nil; pause(ctx, pictureEvery) {
			frame, err := cam.Next(ctx, seq)
			if errors.Is(err, camera.ErrClosed) {
				return
			}
			if err == nil {
				seq = frame.Seq
				tell(desk.Glance{Picture: frame.Image()})
			}
		}
	}()
	defer func() {
		cancel()
		<-shown
	}()
	verifier, err := identity.Load(e.models)
	if err != nil {
		tell(desk.Glance{Trouble: "no-models"})
		<-ctx.Done() // the picture alone helps an administrator to compare
		return true
	}
	defer verifier.Close()
	template, err := verifier.Enroll(photo)
	if err != nil {
		tell(desk.Glance{Trouble: "no-photo"})
		<-ctx.Done()
		return true
	}
	result, err := verifier.Check(ctx, cam, template, identity.Options{Patience: 20 * time.Second})
	switch {
	case ctx.Err() != nil:
		return true
	case err != nil || result.Reason == identity.NoCamera:
		tell(desk.Glance{Trouble: "no-camera"})
		return false
	}
	tell(desk.Glance{Face: &room.Face{
		Verdict: exam.Verdict(result.Verdict), Reason: string(result.Reason), Score: result.Score, Threshold: result.Threshold, Picture: result.JPEG,
	}})
	return true
}
