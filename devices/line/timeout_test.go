package line_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"emtihan/devices/line"
)

func TestTimeoutDefaults(t *testing.T) {
	full, err := line.Config{Path: "x", ResponseTimeout: time.Second}.Complete()
	if err != nil || full.CharTimeout != 0 || full.LateTimeout != time.Second {
		t.Errorf("character %v, late %v, %v", full.CharTimeout, full.LateTimeout, err)
	}
	for name, c := range map[string]line.Config{
		"char_timeout": {Path: "x", CharTimeout: -1},
		"late_timeout": {Path: "x", LateTimeout: time.Hour},
	} {
		if _, err := c.Complete(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
}

// slowly answers with a pause in the middle that is longer than the time-out for an answer.
func slowly(t *testing.T, charTimeout time.Duration) error {
	t.Helper()
	const response = 300 * time.Millisecond
	port, far := cabled(t, func(c *line.Config) { c.ResponseTimeout, c.CharTimeout = response, charTimeout })
	began := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- port.Transact(t.Context(), []byte("ask"), func(received []byte) (bool, error) {
			if string(received) == "an" {
				close(began)
			}
			return string(received) == "answer", nil
		})
	}()
	read(t, far, 3)
	write(t, far, "an")
	<-began
	select {
	case err := <-done:
		return err
	case <-time.After(3 * response):
	}
	write(t, far, "swer")
	return soon(t, done)
}

func TestCharTimeout(t *testing.T) {
	if err := slowly(t, time.Minute); err != nil {
		t.Errorf("an answer that has begun is not waited for: %v", err)
	}
	if err := slowly(t, 0); !errors.Is(err, line.ErrTimeout) {
		t.Errorf("an answer is waited for beyond its time-out: %v", err)
	}
}

func TestLateTimeout(t *testing.T) { // R21
	for _, c := range []struct {
		late time.Duration
		sent uint64
	}{{time.Minute, 1}, {time.Millisecond, 2}} {
		port, far := cabled(t, func(config *line.Config) { config.ResponseTimeout, config.LateTimeout = 100*time.Millisecond, c.late })
		if err := port.Transact(t.Context(), []byte("one"), until("answer")); !errors.Is(err, line.ErrTimeout) {
			t.Fatalf("error %v", err)
		}
		read(t, far, 3)
		limit := time.Second
		if c.sent == 2 {
			limit = patience
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		if err := port.Transact(ctx, []byte("two"), until("answer")); err == nil {
			t.Error("an answer that nobody gave")
		}
		cancel()
		if n := port.Counters().Requests; n != c.sent {
			t.Errorf("with %v for a late answer %d requests went out, want %d", c.late, n, c.sent)
		}
	}
}
