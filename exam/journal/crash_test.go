package journal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"emtihan/exam/journal"
	"emtihan/exam/journal/disk/disktest"
)

// moment is what there is when the power goes.
type moment struct {
	acked uint64
	disk  *disktest.Crash
	op    disktest.Op // that comes next
}

// The power goes after every single call, and of what was not synced any part survives. R11
func TestPowerCutAfterEveryOperation(t *testing.T) {
	for name, second := range map[string]string{"one place": "", "two places": pathB} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			units, singles, random := 12, 12, 8
			if testing.Short() {
				singles, random = 2, 1
			}
			var moments []moment
			l := newLedger()
			bubble(t, func(t *testing.T) {
				var mu sync.Mutex
				changed := true
				under := newDisk()
				fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
					mu.Lock()
					defer mu.Unlock()
					if changed {
						acked := l.acknowledged() // before the copy: what comes later is on no disk yet
						moments = append(moments, moment{acked, under.Clone(), op})
					}
					changed = op.Changes
					return disktest.OK
				})
				s := &script{units: units, second: second, fsys: fsys, under: under}
				s.run(t, l)
				moments = append(moments, moment{l.acknowledged(), under.Clone(), disktest.Op{}})
			})
			cuts := 0
			r := rand.New(rand.NewPCG(1, 2))
			for i, m := range moments {
				list := m.disk.Unsynced()
				chosen := []map[disktest.Unsynced]bool{{}}
				all := map[disktest.Unsynced]bool{}
				for _, u := range list {
					all[u] = true
				}
				if len(list) > 0 {
					chosen = append(chosen, all)
				}
				for k := range min(len(list), singles) {
					k = k * len(list) / min(len(list), singles)
					without := map[disktest.Unsynced]bool{}
					for _, u := range list {
						without[u] = u != list[k]
					}
					chosen = append(chosen, map[disktest.Unsynced]bool{list[k]: true}, without)
				}
				for range min(len(list)/2, random) {
					some := map[disktest.Unsynced]bool{}
					for _, u := range list {
						some[u] = r.IntN(2) == 0
					}
					chosen = append(chosen, some)
				}
				for k, keep := range chosen {
					c := l.clone()
					c.acked = m.acked
					after := m.disk.Cut(func(u disktest.Unsynced) bool { return keep[u] })
					bubble(t, func(t *testing.T) {
						c.goesOn(named{t, fmt.Sprintf("before call %d (%s %s), moment %d, %d of %d things survive (choice %d)", m.op.N, m.op.Call, m.op.Path, i, len(keep), len(list), k)}, after, second)
					})
					cuts++
					if t.Failed() {
						return
					}
				}
			}
			t.Logf("%d power cuts at %d moments; nothing acknowledged was lost", cuts, len(moments))
		})
	}
}

// seeds returns the seeds of a random test: n of them, or the one in EMTIHAN_SEED. EMTIHAN_RUNS says how many.
func seeds(t *testing.T, n int) (list []uint64) {
	t.Helper()
	if s := os.Getenv("EMTIHAN_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("EMTIHAN_SEED: %v", err)
		}
		return []uint64{seed}
	}
	if runs, err := strconv.Atoi(os.Getenv("EMTIHAN_RUNS")); err == nil {
		n = runs
	}
	first := uint64(time.Now().UnixNano())
	for i := range n {
		list = append(list, first+uint64(i))
	}
	return list
}

// Life after life ends in a power cut at a random moment, on disks that fail now and then besides. R11
func TestRandomPowerCuts(t *testing.T) {
	n := 20
	if testing.Short() {
		n = 4
	}
	lives, records := 0, 0
	for _, seed := range seeds(t, n) {
		bubble(t, func(t *testing.T) {
			l, k := randomLives(named{t, fmt.Sprintf("EMTIHAN_SEED=%d", seed)}, seed)
			lives += k
			records += int(l.acknowledged())
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d lives in %d computers, %d records acknowledged, none lost", lives, n, records)
}

func randomLives(t tester, seed uint64) (*ledger, int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 3))
	second := []string{"", pathB}[r.IntN(2)]
	trouble := []float64{0, 0, 0.02, 0.1}[r.IntN(4)]
	l := newLedger()
	computer := newDisk()
	const lives = 8
	for range lives {
		cutAt := 1 + r.IntN(1+r.IntN(400))
		var mu sync.Mutex
		chance := rand.New(rand.NewPCG(r.Uint64(), 4))
		var cut *moment
		under := computer
		take := func(op disktest.Op) {
			cut = &moment{l.acknowledged(), under.Clone(), op}
		}
		opening := true
		fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
			mu.Lock()
			defer mu.Unlock()
			if cut == nil && op.N >= cutAt {
				take(op)
			}
			// Of two places that are not alike, the better one must not fail just when the program starts; see Open.
			if chance.Float64() < trouble && !(opening && second != "") {
				return disktest.Outcome(1 + chance.IntN(6))
			}
			return disktest.OK
		})
		oneLife(t, r, l, fsys, second, func() {
			mu.Lock()
			defer mu.Unlock()
			opening = false
		})
		mu.Lock()
		if cut == nil {
			take(disktest.Op{})
		}
		mu.Unlock()
		l.acked = cut.acked
		computer = cut.disk.Crash(r.Uint64())
		if r.IntN(3) == 0 {
			l.goesOn(t, computer, second)
		}
	}
	l.goesOn(t, computer, second)
	return l, lives
}

// oneLife opens or creates the journal, types, and perhaps closes it.
func oneLife(t tester, r *rand.Rand, l *ledger, fsys *disktest.Fault, second string, opened func()) {
	t.Helper()
	opt := l.options(fsys, second)
	var j *journal.Journal
	for {
		var err error
		if j, err = journal.Open(pathA, opt); err == nil {
			break
		}
		if errors.Is(err, journal.ErrDamaged) {
			t.Fatalf("it does not open: %v", err)
		}
		if l.acknowledged() == 0 && errors.Is(err, fs.ErrNotExist) {
			if j, err = journal.Create(pathA, testID, opt); err == nil {
				break
			}
		}
		time.Sleep(time.Second)
	}
	opened()
	l.reopened(t, j)
	for range r.IntN(40) {
		var unit []journal.Entry
		for range 1 + r.IntN(4) {
			unit = append(unit, l.entry(max(0, r.IntN(5)-2), 1+r.IntN(1500)))
		}
		unit[0].Checkpoint = r.IntN(8) == 0
		l.append(t, j, unit...)
		if r.IntN(10) == 0 {
			l.snapshot(t, j)
		}
		if r.IntN(3) > 0 {
			synctest.Wait()
		}
		if r.IntN(20) == 0 {
			time.Sleep(time.Duration(r.IntN(100)) * time.Second)
		}
	}
	synctest.Wait()
	// The power may also go when the program is long closed.
	if err := j.Close(); err == nil && l.acknowledged() != uint64(len(l.records)) {
		t.Fatalf("closed without an error, but only %d of %d records were acknowledged", l.acknowledged(), len(l.records))
	}
}
