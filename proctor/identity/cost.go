package identity

import (
	"errors"
	"time"

	"emtihan/devices/camera"
)

// Cost is what one picture takes, all models included.
type Cost struct {
	Whole time.Duration // from a camera's frame to the similarity, liveness, pose and eyes
	Bare  time.Duration // of it, the same networks run alone on the same inputs
}

// Cost measures one good frame, which must have one face that passes the
// quality gate; it returns ErrNoFace otherwise, or the errors of Check.
func (v *Verifier) Cost(f camera.Frame) (Cost, error) {
	began := time.Now()
	src, err := frameRaster(f)
	if err != nil {
		return Cost{}, err
	}
	w, err := v.look(src, false)
	if err != nil {
		return Cost{}, err
	}
	if w.vec == nil {
		return Cost{}, errors.Join(ErrNoFace, errors.New(string(w.hint)))
	}
	if _, _, err := v.lidsOf(w); err != nil {
		return Cost{}, err
	}
	c := Cost{Whole: time.Since(began)}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, n := range []*net{v.detector, v.landmarker, v.embedder, v.liveness, v.eye, v.eye} {
		began := time.Now()
		if err := n.bare(); err != nil {
			return Cost{}, err
		}
		c.Bare += time.Since(began)
	}
	return c, nil
}
