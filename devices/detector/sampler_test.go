package detector

import (
	"context"
	"errors"
	"testing"
)

// A pulse that begins after the input was read and before the counter was: one alarm, seen once (R21).
func TestPulseBetweenInputAndCounter(t *testing.T) {
	on, count := false, uint32(5)
	var rises bool
	p := &sampler{
		input: func(context.Context) (bool, error) { return on, nil },
		count: func(context.Context) (uint32, error) {
			if rises {
				on, rises = true, false
				count++
			}
			return count, nil
		},
	}
	poll := func(want sample) {
		t.Helper()
		if got, err := p.next(t.Context()); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	poll(sample{false, 5})
	rises = true
	poll(sample{true, 6})
	poll(sample{true, 6})
	on = false
	poll(sample{false, 6})
	count = 7 // too short to be seen
	poll(sample{false, 7})
}

func TestSamplerPassesErrorsOn(t *testing.T) {
	broken := errors.New("no answer")
	reads := 0
	p := &sampler{
		input: func(context.Context) (bool, error) {
			if reads++; reads == 3 {
				return false, broken
			}
			return false, nil
		},
		count: func(context.Context) (uint32, error) { return uint32(reads), nil },
	}
	if _, err := p.next(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The second poll reads the input twice, because the count has changed; the second of these fails.
	if s, err := p.next(t.Context()); !errors.Is(err, broken) || s != (sample{}) {
		t.Errorf("got %+v, %v, want nothing and the error", s, err)
	}
}
