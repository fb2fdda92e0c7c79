package devices

import (
	"context"
	"sync"
	"time"
)

// Schedule says how often a device is asked and when its silence counts.
type Schedule struct {
	// Every is the time from one poll to the next while the device answers; at least a millisecond.
	Every time.Duration
	// Retry is the same while the device is unknown. On a shared line it is longer than Every, because every question
	// to a silent device costs the others a time-out.
	Retry time.Duration
	// SilentAfter is the longest time without a good answer after which the device is still known.
	SilentAfter time.Duration
}

// Watch asks a device again and again until ctx ends and reports, from the calling goroutine only,
//
//   - every good answer, the first one after the start or after a loss marked as such, and
//   - each loss once, as an Unknown observation with the zero T.
//
// A port that is gone, taken or forbidden is a loss at once; silence and bad answers are a loss when no good answer has
// come for SilentAfter, counted by a timer of its own, so that even a poll that hangs in the kernel cannot keep an old
// state alive (R21). While the device is unknown a changed reason is reported too, except from silent to bad-answer and
// back, between which a noisy line would alternate for ever.
//
// Watch returns when the last poll has returned after the end of ctx; polls must obey their context.
func Watch[T any](ctx context.Context, device string, s Schedule, poll func(context.Context) (T, error), report func(Observation, T)) {
	type result struct {
		at    time.Time
		value T
		err   error
	}
	results := make(chan result)
	waits := make(chan time.Duration)
	var polling sync.WaitGroup
	defer polling.Wait()
	polling.Go(func() {
		for {
			began := time.Now()
			value, err := poll(ctx)
			select {
			case results <- result{time.Now(), value, err}:
			case <-ctx.Done():
				return
			}
			var wait time.Duration
			select {
			case wait = <-waits:
			case <-ctx.Done():
				return
			}
			pause := time.NewTimer(max(wait-time.Since(began), time.Millisecond))
			select {
			case <-pause.C:
			case <-ctx.Done():
				pause.Stop()
				return
			}
		}
	})

	var (
		none     T
		known    bool
		lost     bool
		reason   Reason
		heard    time.Time
		doubt    = Silent
		doubtful = "no answer since the start"
	)
	watchdog := time.NewTimer(s.SilentAfter)
	defer watchdog.Stop()
	lose := func(at time.Time, why Reason, detail string) {
		if lost && (why == reason || why.transient() && reason.transient()) {
			return
		}
		known, lost, reason = false, true, why
		watchdog.Stop()
		report(Observation{Device: device, Time: at, Heard: heard, Quality: Unknown, Reason: why, Detail: detail}, none)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-watchdog.C:
			lose(time.Now(), doubt, doubtful)
		case r := <-results:
			if r.err == nil {
				first := !known
				known, lost, reason, heard = true, false, "", r.at
				doubt, doubtful = Silent, "no answer for "+s.SilentAfter.String()
				watchdog.Reset(s.SilentAfter)
				report(Observation{Device: device, Time: r.at, Heard: r.at, Quality: Good, First: first}, r.value)
			} else if ctx.Err() == nil {
				why := ReasonOf(r.err)
				if known && why.transient() && r.at.Sub(heard) < s.SilentAfter {
					doubt, doubtful = why, r.err.Error()
				} else {
					lose(r.at, why, r.err.Error())
				}
			}
			wait := s.Every
			if !known {
				wait = max(s.Retry, s.Every)
			}
			select {
			case waits <- wait:
			case <-ctx.Done():
				return
			}
		}
	}
}
