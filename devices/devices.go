// Package devices says what every device of the room has in common: it states facts with a time and a quality, and
// silence is "unknown".
//
// A driver (package detector, package door, …) knows nothing of exams. It reports readings; what a reading means for a
// candidate is decided where the exam is known.
package devices

import (
	"errors"
	"fmt"
	"time"
)

// Quality says whether a reading may be relied upon. The zero value is Unknown, so that a reading nobody has filled in
// can never be taken for "clear" or "closed" (R21).
type Quality uint8

// The two qualities.
const (
	// Unknown: the device is silent, broken or unreachable; the values beside it mean nothing.
	Unknown Quality = iota
	// Good: the device itself has just said so.
	Good
)

// String returns "unknown" or "good", the words under which a quality is logged.
func (q Quality) String() string {
	if q == Good {
		return "good"
	}
	return "unknown"
}

// MarshalText returns what String returns, so that logs and JSON carry a word and not a number.
func (q Quality) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText accepts "good" and "unknown" and refuses everything else.
func (q *Quality) UnmarshalText(text []byte) error {
	switch string(text) {
	case "good":
		*q = Good
	case "unknown":
		*q = Unknown
	default:
		return fmt.Errorf("devices: quality %q is neither good nor unknown", text)
	}
	return nil
}

// Reason is the machine code of why a device is unknown. The sentence for a person belongs to the locale files.
type Reason string

// Why a device is unknown.
const (
	// Silent: the port is open and the device does not answer.
	Silent Reason = "silent"
	// BadAnswer: something arrives, but no answer that can be believed.
	BadAnswer Reason = "bad-answer"
	// Unplugged: the port was working and went away.
	Unplugged Reason = "unplugged"
	// Missing: there is no such port.
	Missing Reason = "missing"
	// Busy: another program holds the port.
	Busy Reason = "busy"
	// Forbidden: this program has no right to the port.
	Forbidden Reason = "forbidden"
	// Unsuitable: what stands at the path is not a serial port that may be used, or it refuses the settings.
	Unsuitable Reason = "unsuitable"
	// Stuck: a contact stands in one position for longer than it can; its cable is cut, or its relay is stuck.
	Stuck Reason = "stuck"
)

// transient reasons may be one spoilt answer; they make a device unknown only when they last.
func (r Reason) transient() bool { return r == Silent || r == BadAnswer }

// ReasonOf returns the reason that an error states through a method DeviceReason() string, found by [errors.As]. An
// error without one is a BadAnswer: the device was reached and what it said could not be used.
func ReasonOf(err error) Reason {
	var known interface{ DeviceReason() string }
	if errors.As(err, &known) {
		return Reason(known.DeviceReason())
	}
	return BadAnswer
}

// Observation is what the readings of all devices share.
type Observation struct {
	// Device is the name from the configuration, such as "entrance".
	Device string
	// Time is the moment to which the reading refers, with wall and monotonic clock.
	Time time.Time
	// Heard is the moment of the last good answer up to this reading, zero if there has been none. For an unknown
	// reading the span from Heard to the next good reading is the one in which nothing is known.
	Heard time.Time
	// Quality is Good or Unknown; look at it before the values.
	Quality Quality
	// Reason says why the quality is Unknown; empty when it is Good.
	Reason Reason
	// Detail is an English sentence for the log of the technician, empty when the quality is Good.
	Detail string
	// First marks the first good reading after the start and after every unknown one: it is the whole state, not a
	// change.
	First bool
}

// Known reports whether the values of the reading may be used.
func (o Observation) Known() bool { return o.Quality == Good }
