package station

import "time"

// steady holds what is said to a candidate for a while: a camera changes its mind many times a second, and nobody can follow
// a sentence that does.
type steady struct {
	key    string
	since  time.Time
	lately []noted // within holdFor, oldest first
}

// noted is what a picture would have had said.
type noted struct {
	key string
	at  time.Time
}

// holdFor is the least time for which a sentence stands, and the time of which a new one must be true for the most part.
const holdFor = time.Second

// take returns what is to be said now that key is so, and whether it has changed. What is urgent does not wait. Of two obstacles
// between which the camera wavers, the one that was said goes on being said: either is worth mending, and a sentence that comes
// and goes is not.
func (s *steady) take(key string, urgent bool, now time.Time) (string, bool) {
	for len(s.lately) > 0 && now.Sub(s.lately[0].at) >= holdFor {
		s.lately = s.lately[1:]
	}
	s.lately = append(s.lately, noted{key, now})
	if !urgent && s.key != "" {
		if now.Sub(s.since) < holdFor {
			return s.key, false
		}
		key = s.most()
	}
	if key == s.key {
		return s.key, false
	}
	s.key, s.since = key, now
	return key, true
}

// most is what the latest pictures say, the present sentence where nothing else has twice its share.
func (s *steady) most() string {
	share := make(map[string]int)
	for _, n := range s.lately {
		share[n.key]++
	}
	best, most := s.key, max(1, 2*share[s.key])
	for _, n := range s.lately {
		if n.key != s.key && share[n.key] >= most {
			best, most = n.key, share[n.key]
		}
	}
	return best
}
