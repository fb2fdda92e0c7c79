package line

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"
)

// State is what is known of a port. All but Closed and Online are reasons for which its devices are unknown.
type State string

// The states of a port.
const (
	// Closed: not opened yet, or closed by its owner.
	Closed State = "closed"
	// Online: the last request got its answer, or the last answer is not long ago.
	Online State = "online"
	// Silent: the port is open and for ten response time-outs nobody has answered, or it takes no bytes.
	Silent State = "silent"
	// Unplugged: the port was open and went away; it stays so until something stands at its path again.
	Unplugged State = "unplugged"
	// Busy: another program holds the port.
	Busy State = "busy"
	// Forbidden: this program has no right to open the port. On Debian its user must be in the group dialout.
	Forbidden State = "forbidden"
	// Missing: nothing stands at the path, or a node without a device behind it.
	Missing State = "missing"
	// Unsuitable: the path leads to a console or to something that is not a serial port, or the port refuses the
	// settings.
	Unsuitable State = "unsuitable"
)

// Status is a state and the moment in which it began.
type Status struct {
	State State
	Since time.Time
	// Err is what led to the state, nil for Closed and Online.
	Err error
}

// Counters count what happened on a port since it was made.
type Counters struct {
	Opens     uint64 // successful openings
	Failures  uint64 // failed attempts to open
	Requests  uint64 // requests written
	Answers   uint64 // requests answered
	Timeouts  uint64 // requests after which nothing came
	Garbled   uint64 // requests after which something came, but no answer
	Stalls    uint64 // requests that the port did not accept in time
	Unplugs   uint64 // times the open port went away
	Discarded uint64 // bytes thrown away because they came when nothing had been asked, such as late answers
}

// These errors are returned by Transact, wrapped.
var (
	// ErrTimeout: no answer came in time.
	ErrTimeout = errors.New("no answer in time")
	// ErrStalled: the port did not accept the request in time.
	ErrStalled = errors.New("the port accepts no bytes")
	// ErrClosed: the port has been closed by its owner.
	ErrClosed = errors.New("the line is closed")
)

// PortError says that the port cannot be used at present.
type PortError struct {
	Path  string
	State State
	Err   error
}

func (e *PortError) Error() string { return fmt.Sprintf("line %s: %s: %v", e.Path, e.State, e.Err) }

// Unwrap returns the cause.
func (e *PortError) Unwrap() error { return e.Err }

// DeviceReason is the state as the reason why a device is unknown.
func (e *PortError) DeviceReason() string { return string(e.State) }

// NoAnswerError says that a request was sent and that no answer to it came in time. It is an ErrTimeout.
type NoAnswerError struct {
	Path string
	// Received is what came instead; empty when nothing did.
	Received []byte
}

func (e *NoAnswerError) Error() string {
	if len(e.Received) == 0 {
		return fmt.Sprintf("line %s: %v", e.Path, ErrTimeout)
	}
	return fmt.Sprintf("line %s: %v, instead % X", e.Path, ErrTimeout, e.Received[:min(len(e.Received), 64)])
}

// Unwrap returns ErrTimeout.
func (e *NoAnswerError) Unwrap() error { return ErrTimeout }

// DeviceReason is "silent" when nothing came and "bad-answer" when something else did.
func (e *NoAnswerError) DeviceReason() string {
	if len(e.Received) == 0 {
		return "silent"
	}
	return "bad-answer"
}

// stateOf says which state an error of opening a port means.
func stateOf(err error) State {
	var port *serial.PortError
	if errors.As(err, &port) {
		switch port.Code() {
		case serial.PortBusy:
			return Busy
		case serial.PermissionDenied:
			return Forbidden
		case serial.PortNotFound, serial.PortClosed:
			return Missing
		}
	}
	switch {
	case errors.Is(err, unix.EBUSY), errors.Is(err, unix.EWOULDBLOCK):
		return Busy
	case errors.Is(err, os.ErrPermission):
		return Forbidden
	case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV), errors.Is(err, unix.EIO):
		return Missing
	}
	return Unsuitable
}
