package camera

import (
	"errors"
	"io/fs"
	"syscall"
	"time"
)

// State is what is known of a camera at present. Only Online says that it sees
// anything: silence is never taken for an empty seat (R21).
type State string

// The states of a camera.
const (
	Starting  State = "starting"  // it was asked for and has not answered yet
	Online    State = "online"    // pictures come
	Silent    State = "silent"    // it is there, and no picture has come for SilenceLimit or longer
	Unplugged State = "unplugged" // it is not there, or went away
	Busy      State = "busy"      // another program has it
	Forbidden State = "forbidden" // this program has no right to it
	Unusable  State = "unusable"  // not a camera, or its pictures cannot be used
	Closed    State = "closed"
)

// Status is a reading of a camera's state.
type Status struct {
	State State
	Since time.Time
	// Err is what led to the state, nil for Starting, Online and Closed. It
	// wraps an error of this package.
	Err error
}

// StateOf says what an error of this package means for the camera; Unplugged
// where it means nothing else.
func StateOf(err error) State {
	switch {
	case errors.Is(err, ErrSilent):
		return Silent
	case errors.Is(err, syscall.EBUSY):
		return Busy
	case errors.Is(err, fs.ErrPermission):
		return Forbidden
	case errors.Is(err, ErrBadFrame), errors.Is(err, errNotVideo), errors.Is(err, ErrName):
		return Unusable
	}
	return Unplugged
}
