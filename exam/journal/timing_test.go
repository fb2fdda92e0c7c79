package journal_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"emtihan/exam/journal"
	"emtihan/exam/journal/disk/disktest"
	"emtihan/exam/journal/stream"
)

// Whoever types does not wait for a disk that takes two seconds to sync; what was typed meanwhile is made safe together. R11
func TestSlowSync(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		var slow, syncs atomic.Int64
		fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
			if op.Call == disktest.CallSync && slow.Load() > 0 {
				syncs.Add(1)
				time.Sleep(time.Duration(slow.Load()))
			}
			return disktest.OK
		})
		j := create(t, l, fsys, "")
		settle(t, j)
		slow.Store(int64(2 * time.Second))
		const keys = 100
		begin := time.Now()
		for i := range keys {
			l.append(t, j, l.entry(0, 3))
			if passed := time.Since(begin); passed != 0 {
				t.Fatalf("key %d: Append has waited %v", i+1, passed)
			}
			if s := j.Status(); s.Appended != uint64(i+1) || s.Durable != 0 || s.Err != nil {
				t.Fatalf("key %d: %+v", i+1, s)
			}
			if i == 0 {
				synctest.Wait() // the first is on its way alone
			}
		}
		for _, step := range []struct {
			at      time.Duration
			durable uint64
		}{{2*time.Second - 1, 0}, {2 * time.Second, 1}, {4*time.Second - 1, 1}, {4 * time.Second, keys}} {
			time.Sleep(step.at - time.Since(begin))
			synctest.Wait()
			if s := j.Status(); s.Durable != step.durable {
				t.Errorf("after %v %d records are durable, want %d", step.at, s.Durable, step.durable)
			}
		}
		if n := syncs.Load(); n != 2 {
			t.Errorf("%d syncs, want one for the first key and one for all others", n)
		}
		slow.Store(0)
		closed(t, j)
		l.goesOn(t, under, "")
	})
}

// A checkpoint is signed every minute while records come, at once behind an entry that asks for it, and when nothing comes not
// at all. R22
func TestCheckpointTimes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		var mu sync.Mutex
		var points []stream.Checkpoint
		opt := l.options(under, pathB)
		opt.OnCheckpoint = func(c stream.Checkpoint) {
			mu.Lock()
			defer mu.Unlock()
			points = append(points, c)
		}
		count := func() int {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return len(points)
		}
		j, err := journal.Create(pathA, testID, opt)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 * 60 {
			l.append(t, j, l.entry(0, 4))
			time.Sleep(time.Second)
		}
		if n := count(); n < 9 || n > 10 {
			t.Errorf("%d checkpoints in ten minutes of typing", n)
		}
		time.Sleep(time.Minute)
		quiet := count()
		time.Sleep(3 * time.Hour)
		if n := count(); n != quiet {
			t.Errorf("%d checkpoints while nothing was written", n-quiet)
		}
		e := l.entry(0, 4)
		e.Checkpoint = true
		l.append(t, j, e)
		if n := count(); n != quiet+1 {
			t.Errorf("%d checkpoints behind a change of state", n-quiet)
		}
		time.Sleep(3 * time.Hour)
		if n := count(); n != quiet+1 {
			t.Errorf("%d checkpoints of the same", n-quiet)
		}
		l.append(t, j, l.entry(0, 4))
		time.Sleep(time.Minute - time.Nanosecond)
		if n := count(); n != quiet+1 {
			t.Error("a checkpoint before its time")
		}
		time.Sleep(time.Nanosecond)
		if n := count(); n != quiet+2 {
			t.Error("no checkpoint a minute after a record")
		}
		closed(t, j)
		for i, c := range points[1:] {
			if p := points[i]; c.Size <= p.Size || c.Time.Sub(p.Time) < 0 {
				t.Errorf("a checkpoint of %d leaves comes after one of %d", c.Size, p.Size)
			}
		}
		r, err := journal.OpenReaderFS(under, pathA, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if n := len(r.Checkpoints()); n != len(points) {
			t.Errorf("%d checkpoints stand in the file, %d were given out", n, len(points))
		}
	})
}

// A place that fails is tried again after one second, two, four, up to a minute, and after a success from the beginning.
func TestRetryPauses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		r := &rule{dir: dirB}
		var mu sync.Mutex
		var tries []time.Time
		fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
			if o := r.decide(op); o != disktest.OK {
				if op.Call == disktest.CallOpen && strings.HasSuffix(op.Path, ".new") {
					mu.Lock()
					tries = append(tries, time.Now())
					mu.Unlock()
				}
				return o
			}
			return disktest.OK
		})
		j := create(t, l, fsys, pathB)
		settle(t, j)
		for range 2 {
			tries = nil
			r.set(disktest.Broken)
			begin := time.Now()
			l.append(t, j, l.entry(0, 3))
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			mu.Lock()
			var pauses []time.Duration
			for _, at := range tries {
				pauses = append(pauses, at.Sub(begin))
				begin = at
			}
			mu.Unlock()
			want := "[1s 2s 4s 8s 16s 32s 1m0s 1m0s 1m0s]"
			if got := fmt.Sprint(pauses); got != want {
				t.Errorf("tried after %v, want %v", got, want)
			}
			if s := j.Status(); s.Durable != s.Appended || s.Err != nil || s.Places[1].State != journal.PlaceFailed || s.Places[1].Err == nil {
				t.Errorf("%+v", s)
			}
			r.set(disktest.OK)
			settle(t, j)
		}
		closed(t, j)
		l.goesOn(t, under, pathB)
	})
}

// A place that hangs holds nobody up who has another one. R11
func TestPlaceThatHangs(t *testing.T) {
	for _, dir := range []string{dirA, dirB} {
		t.Run(dir, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				under, l := newDisk(), newLedger()
				var hanging atomic.Bool
				free := make(chan struct{})
				fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
					if hanging.Load() && op.Call == disktest.CallSync && strings.HasPrefix(op.Path, dir) {
						<-free
					}
					return disktest.OK
				})
				j := create(t, l, fsys, pathB)
				settle(t, j)
				hanging.Store(true)
				begin := time.Now()
				l.some(t, j, 20)
				if s := j.Status(); s.Durable != 20 || time.Since(begin) != 0 {
					t.Errorf("%+v after %v", s, time.Since(begin))
				}
				l.clone().goesOn(t, under.Cut(func(disktest.Unsynced) bool { return false }), pathB)
				if n := l.compare(t, j.Records, j.Blobs); n != 20 {
					t.Errorf("%d records can be read", n)
				}
				// Closing does not wait for it for ever.
				closed(t, j)
				if d := time.Since(begin); d > time.Minute {
					t.Errorf("closing took %v", d)
				}
				hanging.Store(false)
				close(free)
				time.Sleep(time.Minute)
				synctest.Wait()
				l.goesOn(t, under, pathB)
			})
		})
	}
}

// Where the only place hangs, closing waits: nobody else has what was typed.
func TestCloseWaitsForTheOnlyPlace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		var delay atomic.Int64
		fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
			if op.Call == disktest.CallSync {
				time.Sleep(time.Duration(delay.Load()))
			}
			return disktest.OK
		})
		j := create(t, l, fsys, "")
		settle(t, j)
		delay.Store(int64(90 * time.Second))
		l.some(t, j, 3)
		done := make(chan error)
		go func() { done <- j.Close() }()
		second := make(chan error)
		go func() { second <- j.Close() }()
		if err := errors.Join(<-done, <-second); err != nil || l.acknowledged() != 3 {
			t.Errorf("%v, %d acknowledged", err, l.acknowledged())
		}
		delay.Store(0)
		l.goesOn(t, under, "")
	})
}

// One place is pulled out while the other fails now and then: what cannot be written waits in memory with its number, and the
// person is told. R11
func TestNoPlace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		a, b := &rule{dir: dirA}, &rule{dir: dirB}
		fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome { return max(a.decide(op), b.decide(op)) })
		opt := l.options(fsys, pathB)
		var mu sync.Mutex
		var heard []string
		opt.OnPlace = func(i int, _, s journal.PlaceStatus) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, fmt.Sprintf("%d %s", i, s.State))
		}
		j, err := journal.Create(pathA, testID, opt)
		if err != nil {
			t.Fatal(err)
		}
		l.some(t, j, 2)
		b.set(disktest.Absent)
		l.some(t, j, 2)
		if s := j.Status(); s.Err != nil || s.Durable != 4 || s.Places[1].State == journal.PlaceOnline {
			t.Errorf("%+v", s)
		}
		a.set(disktest.Full)
		l.append(t, j, journal.Entry{Record: make([]byte, 2<<20)})
		synctest.Wait()
		if s := j.Status(); s.Durable != 4 || !journal.IsFull(s.Err) {
			t.Errorf("%+v", s)
		}
		time.Sleep(time.Hour)
		a.set(disktest.ReadOnly)
		time.Sleep(time.Hour)
		synctest.Wait()
		if s := j.Status(); s.Durable != 4 || s.Appended != 5 || !journal.IsReadOnly(s.Err) || s.Places[1].State != journal.PlaceAbsent {
			t.Errorf("%+v", s)
		}
		l.some(t, j, 3)
		a.set(disktest.OK)
		b.set(disktest.OK)
		settle(t, j)
		if s := j.Status(); s.Err != nil || s.Durable != 8 {
			t.Errorf("%+v", s)
		}
		closed(t, j)
		mu.Lock()
		got := strings.Join(heard, ", ")
		mu.Unlock()
		if want := "1 failed, 0 failed, 1 absent, "; !strings.HasPrefix(got, want) || !strings.Contains(got, "0 online") || !strings.Contains(got, "1 online") {
			t.Errorf("the person was told %q", got)
		}
		l.goesOn(t, under, pathB)
	})
}
