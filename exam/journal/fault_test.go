package journal_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"emtihan/exam/journal"
	"emtihan/exam/journal/disk/disktest"
)

// script is the life of a journal: created, typed into, closed, opened, resumed, typed into, closed. heal is called when it
// cannot go on.
type script struct {
	units  int
	second string
	fsys   *disktest.Fault
	under  *disktest.Crash
	heal   func()
	healed bool
}

func (s *script) typing(t tester, l *ledger, j *journal.Journal, units int) {
	t.Helper()
	for i := range units {
		entries := []journal.Entry{l.entry(0, 12)}
		switch i % 8 {
		case 2:
			entries = []journal.Entry{l.entry(1, 20), l.entry(0, 30), l.entry(2, 700)}
		case 5:
			entries[0].Checkpoint = true
		}
		l.append(t, j, entries...)
		if i == units/2 {
			l.snapshot(t, j)
		}
		// Some units are written alone, some together.
		if i < 10 || i%5 == 0 {
			synctest.Wait()
		}
	}
	synctest.Wait()
}

func (s *script) run(t tester, l *ledger) {
	t.Helper()
	opt := l.options(s.fsys, s.second)
	j, err := journal.Create(pathA, testID, opt)
	if err != nil {
		s.mend()
		j, err = journal.Create(pathA, testID, opt)
		if errors.Is(err, journal.ErrExists) {
			// The disk may not even have let the file be taken away again. Then it must be a journal.
			j, err = journal.Open(pathA, opt)
		}
		if err != nil {
			t.Fatalf("create, on a healed disk after a failure: %v", err)
		}
	}
	s.typing(t, l, j, s.units)
	s.close(t, l, j)
	if j, err = journal.Open(pathA, opt); err != nil {
		s.mend()
		if j, err = journal.Open(pathA, opt); err != nil {
			t.Fatalf("open, on a healed disk after a failure: %v", err)
		}
	}
	l.reopened(t, j)
	s.typing(t, l, j, s.units/4)
	s.close(t, l, j)
}

// reopened is opened on a disk that may still be failing: what cannot be read now is read later.
func (l *ledger) reopened(t tester, j *journal.Journal) {
	t.Helper()
	n := int(j.Next()) - 1
	if l.acknowledge(j.Status()); uint64(n) < l.acknowledged() {
		t.Fatalf("%d records were acknowledged, it goes on after %d", l.acknowledged(), n)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := n; i < len(l.records); i++ {
		delete(l.blobs, i)
		delete(l.ends, i+1)
		delete(l.snaps, uint64(i+1))
	}
	l.records = l.records[:n]
}

func (s *script) close(t tester, l *ledger, j *journal.Journal) {
	t.Helper()
	if err := j.Close(); err == nil && l.acknowledged() != uint64(len(l.records)) {
		t.Fatalf("closed without an error, but only %d of %d records were acknowledged", l.acknowledged(), len(l.records))
	}
}

func (s *script) mend() {
	s.healed = true
	s.heal()
}

const everAfter = 1 << 30

// The n-th call fails, for every n and every kind, once, three times, or from then on. With EMTIHAN_FULL set it is every n,
// which takes twenty minutes; otherwise some, other ones for each kind. R11
func TestEveryOperationFails(t *testing.T) {
	kinds := []disktest.Outcome{
		disktest.Full, disktest.Broken, disktest.Half, disktest.SyncLost, disktest.SyncTorn, disktest.SyncKept,
		disktest.ReadOnly, disktest.Absent,
	}
	places := []struct{ name, second, faulty string }{
		{"one place", "", dirA},
		{"two places, the first fails", pathB, dirA},
		{"two places, the second fails", pathB, dirB},
	}
	step, units := 47, 40
	switch {
	case os.Getenv("EMTIHAN_FULL") != "":
		step = 1
	case testing.Short():
		step = 199
	}
	var all, most atomic.Int64
	t.Run("each", func(t *testing.T) {
		for _, p := range places {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				for _, kind := range kinds {
					for _, times := range []int{1, 3, everAfter} {
						for n := 1 + int(all.Load())%step; ; n += step {
							var o outcome
							bubble(t, func(t *testing.T) {
								o = oneFault(named{t, fmt.Sprintf("call %d is %v, %d times", n, kind, times)}, units, p.second, p.faulty, kind, n, times)
							})
							if t.Failed() {
								return
							}
							if o == notReached {
								break
							}
							if o == counted {
								all.Add(1)
							}
							most.Store(max(most.Load(), int64(n)))
						}
					}
				}
			})
		}
	})
	t.Logf("%d cases: %d kinds × 3 durations × %d arrangements × up to %d calls; nothing acknowledged was lost", all.Load(), len(kinds), len(places), most.Load())
}

type outcome int

const (
	notReached outcome = iota
	sameAsBroken
	counted
)

func oneFault(t tester, units int, second, faulty string, kind disktest.Outcome, n, times int) outcome {
	t.Helper()
	var calls atomic.Int64
	var over, same atomic.Bool
	under := newDisk()
	fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
		if over.Load() || !strings.HasPrefix(op.Path, faulty) {
			return disktest.OK
		}
		k := int(calls.Add(1))
		if k < n || k-n >= times {
			return disktest.OK
		}
		if kind == disktest.SyncLost || kind == disktest.SyncTorn {
			same.Store(times == 1 && op.Call != disktest.CallSync)
		}
		return kind
	})
	l := newLedger()
	s := &script{units: units, second: second, fsys: fsys, under: under, heal: func() { over.Store(true) }}
	s.run(t, l)
	if int(calls.Load()) < n {
		return notReached
	}
	if same.Load() {
		return sameAsBroken
	}
	if got := l.acknowledged(); times == 1 && got != uint64(len(l.records)) {
		t.Fatalf("one failure, and only %d of %d records were acknowledged", got, len(l.records))
	}
	// The disk is well again. Whatever has become of the computer, all that was promised is there.
	ends := map[string]*disktest.Crash{
		"as it is":                under.Clone(),
		"after a power cut":       under.Cut(func(disktest.Unsynced) bool { return false }),
		"after another power cut": under.Crash(uint64(n)),
	}
	for name, end := range ends {
		l.clone().goesOn(named{t, name}, end, second)
	}
	return counted
}
