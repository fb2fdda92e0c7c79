package detector

import (
	"testing"
	"time"
)

func TestAdvance(t *testing.T) { // R21
	const poll = 100 * time.Millisecond
	for _, c := range []struct {
		name      string
		last, now uint32
		bits      int
		elapsed   time.Duration
		alarms    uint32
		restarted bool
	}{
		{"nothing", 5, 5, 16, poll, 0, false},
		{"one", 5, 6, 16, poll, 1, false},
		{"those of an hour's silence", 5, 205, 16, time.Hour, 200, false},
		{"wrap-around", 65534, 1, 16, poll, 3, false},
		{"wrap-around of 32 bits", 1<<32 - 1, 1, 32, poll, 2, false},
		{"wrap-around during a silence", 65500, 100, 16, time.Minute, 136, false},
		{"restart", 500, 0, 16, poll, 0, true},
		{"restart and two alarms", 500, 2, 16, poll, 2, true},
		{"restart near the wrap-around", 65000, 0, 16, poll, 0, true},
		{"restart during a long silence", 40000, 0, 16, 12 * time.Hour, 0, true},
		{"back by one", 500, 499, 16, poll, 0, true},
		{"restart of 32 bits", 70000, 1, 32, poll, 1, true},
		{"another module", 10, 30000, 16, time.Minute, 0, true},
		{"a clock that went back", 5, 6, 16, -time.Hour, 1, false},
	} {
		alarms, restarted := advance(c.last, c.now, c.bits, c.elapsed)
		if alarms != c.alarms || restarted != c.restarted {
			t.Errorf("%s: %d → %d is %d alarms, restarted %v; want %d, %v", c.name, c.last, c.now, alarms, restarted, c.alarms, c.restarted)
		}
	}
}

func FuzzAdvance(f *testing.F) {
	f.Add(uint32(65535), uint32(0), true, int64(time.Second))
	f.Add(uint32(1), uint32(1<<32-1), false, int64(-1))
	f.Fuzz(func(t *testing.T, last, now uint32, narrow bool, elapsed int64) {
		bits := 32
		if narrow {
			bits, last, now = 16, last&0xFFFF, now&0xFFFF
		}
		alarms, restarted := advance(last, now, bits, time.Duration(elapsed))
		if alarms > mostAlarms { // R21: never as thousands of alarms
			t.Errorf("%d → %d is %d alarms", last, now, alarms)
		}
		if mask := uint32(1<<bits - 1); !restarted && (last+alarms)&mask != now {
			t.Errorf("%d and %d alarms are not %d", last, alarms, now)
		}
	})
}
