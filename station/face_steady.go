package station

import "time"

// steady holds what is said to a candidate for a while: a camera changes its mind many times a second, and nobody can follow
// a sentence that does.
type steady struct {
	key   string
	since time.Time
}

// holdFor is the least time for which a sentence stands.
const holdFor = time.Second

// take returns what is to be said now that key is so, and whether it has changed. What is urgent does not wait.
func (s *steady) take(key string, urgent bool, now time.Time) (string, bool) {
	if key == s.key || !urgent && s.key != "" && now.Sub(s.since) < holdFor {
		return s.key, false
	}
	s.key, s.since = key, now
	return key, true
}
