package devices_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"emtihan/devices"
)

type reasoned string

func (r reasoned) Error() string        { return "the port is " + string(r) }
func (r reasoned) DeviceReason() string { return string(r) }

var (
	errSilent    = reasoned("silent")
	errUnplugged = fmt.Errorf("poll: %w", reasoned("unplugged"))
	errMissing   = reasoned("missing")
	errGarbled   = errors.New("noise")
)

func TestZeroObservationIsUnknown(t *testing.T) { // R21
	if (devices.Observation{}).Known() {
		t.Fatal("an observation that nobody filled in is taken for known")
	}
}

func TestQualityText(t *testing.T) {
	for _, q := range []devices.Quality{devices.Unknown, devices.Good} {
		text, err := q.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		back := devices.Quality(9)
		if err := back.UnmarshalText(text); err != nil || back != q {
			t.Errorf("%v became %q became %v, %v", q, text, back, err)
		}
	}
	var q devices.Quality
	if err := q.UnmarshalText([]byte("clear")); err == nil {
		t.Error("the quality \"clear\" was accepted")
	}
}

func TestReasonOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want devices.Reason
	}{
		{errSilent, devices.Silent},
		{errUnplugged, devices.Unplugged},
		{errGarbled, devices.BadAnswer},
	} {
		if got := devices.ReasonOf(c.err); got != c.want {
			t.Errorf("ReasonOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

// fact is an observation without what the table need not repeat.
type fact struct {
	At      time.Duration
	Heard   time.Duration
	Quality devices.Quality
	Reason  devices.Reason
	First   bool
	Value   int
}

// watch runs Watch for a fake length of time. Poll number n (from 0) gives what script says.
func watch(t *testing.T, length time.Duration, script func(ctx context.Context, n int) (int, error)) []fact {
	t.Helper()
	var facts []fact
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		began := time.Now()
		n := -1
		s := devices.Schedule{Every: 100 * time.Millisecond, Retry: 100 * time.Millisecond, SilentAfter: 250 * time.Millisecond}
		devices.Watch(ctx, "entrance", s, func(ctx context.Context) (int, error) {
			n++
			return script(ctx, n)
		}, func(o devices.Observation, v int) {
			if o.Device != "entrance" {
				t.Errorf("device %q", o.Device)
			}
			if o.Known() == (o.Detail != "") {
				t.Errorf("quality %v with detail %q", o.Quality, o.Detail)
			}
			heard := time.Duration(-1)
			if !o.Heard.IsZero() {
				heard = o.Heard.Sub(began)
			}
			facts = append(facts, fact{o.Time.Sub(began), heard, o.Quality, o.Reason, o.First, v})
		})
	})
	return facts
}

const ms = time.Millisecond

func TestWatch(t *testing.T) { // R21
	for _, c := range []struct {
		name   string
		length time.Duration
		script func(ctx context.Context, n int) (int, error)
		want   []fact
	}{
		{
			"every good answer is reported, the first one as such", 250 * ms,
			func(_ context.Context, n int) (int, error) { return n, nil },
			[]fact{
				{0, 0, devices.Good, "", true, 0},
				{100 * ms, 100 * ms, devices.Good, "", false, 1},
				{200 * ms, 200 * ms, devices.Good, "", false, 2},
			},
		},
		{
			"one spoilt answer is not a loss", 350 * ms,
			func(_ context.Context, n int) (int, error) {
				if n == 1 {
					return 0, errGarbled
				}
				return n, nil
			},
			[]fact{
				{0, 0, devices.Good, "", true, 0},
				{200 * ms, 200 * ms, devices.Good, "", false, 2},
				{300 * ms, 300 * ms, devices.Good, "", false, 3},
			},
		},
		{
			"silence becomes unknown, once, and the return is a whole state", 750 * ms,
			func(_ context.Context, n int) (int, error) {
				if 0 < n && n < 7 {
					return 99, errSilent
				}
				return n, nil
			},
			[]fact{
				{0, 0, devices.Good, "", true, 0},
				{250 * ms, 0, devices.Unknown, devices.Silent, false, 0},
				{700 * ms, 700 * ms, devices.Good, "", true, 7},
			},
		},
		{
			"silence and noise in turn are one loss", 1000 * ms,
			func(_ context.Context, n int) (int, error) {
				switch {
				case n == 0:
					return 0, nil
				case n%2 == 0:
					return 0, errSilent
				}
				return 0, errGarbled
			},
			[]fact{
				{0, 0, devices.Good, "", true, 0},
				{250 * ms, 0, devices.Unknown, devices.Silent, false, 0},
			},
		},
		{
			"an unplugged port is unknown at once, and a new reason is told", 350 * ms,
			func(_ context.Context, n int) (int, error) {
				return n, []error{nil, errUnplugged, errMissing, errSilent}[n]
			},
			[]fact{
				{0, 0, devices.Good, "", true, 0},
				{100 * ms, 0, devices.Unknown, devices.Unplugged, false, 0},
				{200 * ms, 0, devices.Unknown, devices.Missing, false, 0},
				{300 * ms, 0, devices.Unknown, devices.Silent, false, 0},
			},
		},
		{
			"a device that was never there is unknown from the first poll", 250 * ms,
			func(context.Context, int) (int, error) { return 5, errSilent },
			[]fact{{0, -1, devices.Unknown, devices.Silent, false, 0}},
		},
		{
			"a poll that hangs does not keep the old state", 5 * time.Second,
			func(ctx context.Context, n int) (int, error) {
				if n == 1 {
					<-ctx.Done()
				}
				return 7, nil
			},
			[]fact{
				{0, 0, devices.Good, "", true, 7},
				{250 * ms, 0, devices.Unknown, devices.Silent, false, 0},
			},
		},
		{
			"a first poll that hangs is told too", 5 * time.Second,
			func(ctx context.Context, _ int) (int, error) {
				<-ctx.Done()
				return 7, nil
			},
			[]fact{{250 * ms, -1, devices.Unknown, devices.Silent, false, 0}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, watch(t, c.length, c.script)); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}
