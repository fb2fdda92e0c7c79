package exam

import "time"

// Stamp says when something happened, by two clocks.
type Stamp struct {
	// Wall is milliseconds since the Unix epoch by the computer's date. It may jump; no rule about used time reads it (R6).
	Wall int64 `cbor:"1,keyasint"`
	// Run counts the starts of the program within the attempt, from 1.
	Run uint32 `cbor:"2,keyasint"`
	// Mono is milliseconds since the start of the run by a clock that nobody can set. It never falls within a run.
	Mono int64 `cbor:"3,keyasint"`
}

// Time returns the wall time in UTC.
func (s Stamp) Time() time.Time { return time.UnixMilli(s.Wall).UTC() }

// Since returns how long after t the stamp lies: by the monotonic clock within one run, by the wall clock across runs,
// and never less than zero.
func (s Stamp) Since(t Stamp) time.Duration {
	if s.Run == t.Run {
		return elapsed(t.Mono, s.Mono)
	}
	return elapsed(t.Wall, s.Wall)
}

// longest bounds every difference of two clocks, so that sums of a few of them cannot overflow whatever a log says.
const longest = 366 * 24 * time.Hour

// elapsed returns the time between two readings in milliseconds, from zero to longest.
func elapsed(from, to int64) time.Duration {
	if to <= from {
		return 0
	}
	// The difference of two int64 fits a uint64 even where it overflows an int64.
	if d := uint64(to) - uint64(from); d < uint64(longest.Milliseconds()) {
		return time.Duration(d) * time.Millisecond
	}
	return longest
}
