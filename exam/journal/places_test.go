package journal_test

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"emtihan/exam/journal"
	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/disk/disktest"
	"emtihan/exam/journal/stream"
)

// place is a rule about one folder that can be changed.
type rule struct {
	dir string
	now atomic.Int64
}

func (r *rule) set(o disktest.Outcome) { r.now.Store(int64(o)) }

func (r *rule) decide(op disktest.Op) disktest.Outcome {
	if strings.HasPrefix(op.Path, r.dir) {
		return disktest.Outcome(r.now.Load())
	}
	return disktest.OK
}

func create(t *testing.T, l *ledger, fsys disk.FS, second string) *journal.Journal {
	t.Helper()
	j, err := journal.Create(pathA, testID, l.options(fsys, second))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func open(t *testing.T, l *ledger, fsys disk.FS, second string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(pathA, l.options(fsys, second))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func closed(t *testing.T, j *journal.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func (l *ledger) some(t *testing.T, j *journal.Journal, n int) {
	t.Helper()
	for range n {
		l.append(t, j, l.entry(0, 60))
		synctest.Wait()
	}
}

// What the cache shows after a sync that failed is on no disk. A program that is started again must not promise it. R11
func TestOpenPromisesOnlyWhatTheDiskHas(t *testing.T) {
	for name, o := range map[string]disktest.Outcome{"killed before the sync": disktest.ReadOnly, "after a failed sync": disktest.SyncLost} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				under := newDisk()
				var stop atomic.Bool
				fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
					if op.Call == disktest.CallSync && stop.Load() {
						return o
					}
					return disktest.OK
				})
				l := newLedger()
				j := create(t, l, fsys, "")
				l.some(t, j, 3)
				stop.Store(true)
				l.append(t, j, l.entry(0, 60))
				synctest.Wait()
				if err := j.Close(); err == nil {
					t.Error("closed without an error")
				}
				stop.Store(false)
				j = open(t, l, under, "")
				l.acknowledge(j.Status())
				l.clone().goesOn(t, under.Cut(func(disktest.Unsynced) bool { return false }), "")
				l.reopened(t, j)
				l.some(t, j, 3)
				l.clone().goesOn(t, under.Cut(func(disktest.Unsynced) bool { return false }), "")
				closed(t, j)
				l.goesOn(t, under, "")
			})
		})
	}
}

// A creation that failed can be repeated, and never takes the place of a journal that cannot be seen.
func TestCreateAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for n := 1; ; n++ {
			under, l := newDisk(), newLedger()
			var calls atomic.Int64
			fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
				if calls.Add(1) == int64(n) {
					return disktest.Half
				}
				return disktest.OK
			})
			j, err := journal.Create(pathA, testID, l.options(fsys, ""))
			fsys.Set(nil)
			if calls.Load() < int64(n) {
				closed(t, j)
				break
			}
			if err != nil {
				if left := under.Names(dirA); slices.Contains(left, "x.journal") {
					t.Fatalf("call %d: %q were left", n, left)
				}
				j = create(t, l, under, "")
			}
			l.some(t, j, 1)
			closed(t, j)
			l.goesOn(t, under, "")
		}
	})
}

func TestCreateReplacesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		j := create(t, l, under, "")
		l.some(t, j, 2)
		closed(t, j)
		for n := range 120 {
			fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
				if op.N == n {
					return disktest.Broken
				}
				return disktest.OK
			})
			if _, err := journal.Create(pathA, "another", newLedger().options(fsys, "")); err == nil {
				t.Fatalf("call %d failed, and a journal was replaced", n)
			}
		}
		if _, err := journal.Create(pathA, testID, l.options(under, "")); !errors.Is(err, journal.ErrExists) {
			t.Errorf("create over a journal: %v", err)
		}
		// The second place cannot be seen, and has a journal: it must not be lost when the place comes back.
		r := &rule{dir: dirA}
		r.set(disktest.Broken)
		fsys := disktest.NewFault(under, r.decide)
		opt := newLedger().options(fsys, pathA)
		k, err := journal.Create(pathB, "another", opt)
		if err != nil {
			t.Fatal(err)
		}
		r.set(disktest.OK)
		settle(t, k)
		closed(t, k)
		if names := under.Names(dirA); !slices.Equal(names, []string{"x.journal", "x.journal.damaged-1"}) {
			t.Fatalf("there is %q", names)
		}
		if err := under.Rename(pathA+".damaged-1", pathA); err != nil {
			t.Fatal(err)
		}
		l.goesOn(t, under, "")
	})
}

// A damaged stick that takes no new file must not keep anybody from going on with the computer's own disk.
func TestDamagedReadOnlyStick(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		j := create(t, l, under, pathB)
		l.some(t, j, 10)
		settle(t, j)
		closed(t, j)
		data, err := under.ReadFile(pathB)
		if err != nil {
			t.Fatal(err)
		}
		data[journal.FirstFrame+300] ^= 1
		under.WriteFile(pathB, data)
		r := &rule{dir: dirB}
		for _, o := range []disktest.Outcome{disktest.ReadOnly, disktest.Full, disktest.Broken} {
			r.set(o)
			fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
				if op.Call == disktest.CallWrite || strings.HasSuffix(op.Path, ".new") || o == disktest.ReadOnly {
					return r.decide(op)
				}
				return disktest.OK
			})
			j = open(t, l, fsys, pathB)
			l.opened(t, j)
			l.some(t, j, 2)
			if p := j.Status().Places[1]; p.State != journal.PlaceFailed {
				t.Errorf("%v: the stick is %+v", o, p)
			}
			closed(t, j)
		}
		r.set(disktest.OK)
		j = open(t, l, under, pathB)
		if p := j.Status().Places[1]; p.Healed != 1 || p.Aside == "" {
			t.Errorf("%+v", p)
		}
		l.opened(t, j)
		settle(t, j)
		closed(t, j)
		l.whole(t, under, pathA, pathB)
		l.goesOn(t, under, pathB)
	})
}

// What only the damaged place has is not given up silently. R11
func TestDamageThatNobodyCanHeal(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		r := &rule{dir: dirB}
		fsys := disktest.NewFault(under, r.decide)
		j := create(t, l, fsys, pathB)
		l.some(t, j, 5)
		settle(t, j)
		r.set(disktest.Absent)
		l.some(t, j, 10)
		closed(t, j)
		good, err := under.ReadFile(pathA)
		if err != nil {
			t.Fatal(err)
		}
		stale, err := under.ReadFile(pathB)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []int{3, 700, 1200} {
			bad := slices.Clone(good)
			bad[journal.FirstFrame+at] ^= 4
			c, l := under.Clone(), l.clone()
			c.WriteFile(pathA, bad)
			if at == 3 {
				l.goesOn(t, c, pathB) // the stick has what is damaged
				continue
			}
			_, err := journal.Open(pathA, l.options(c, pathB))
			a, _ := c.ReadFile(pathA)
			b, _ := c.ReadFile(pathB)
			if !errors.Is(err, journal.ErrDamaged) || !slices.Equal(a, bad) || !slices.Equal(b, stale) || len(c.Names(dirA)) != 1 {
				t.Fatalf("damage at %d: %v; %q", at, err, c.Names(dirA))
			}
		}
	})
}

// A stick that comes back with records of its own is put aside, not overwritten. R11
func TestStickWithOtherRecords(t *testing.T) {
	for name, returns := range map[string]string{"while the program runs": "live", "before it starts": "start"} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				under, l := newDisk(), newLedger()
				a, b := &rule{dir: dirA}, &rule{dir: dirB}
				fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
					return max(a.decide(op), b.decide(op))
				})
				j := create(t, l, fsys, pathB)
				l.some(t, j, 4)
				settle(t, j)
				// The disk fails, the stick takes over; then the program starts without the stick.
				a.set(disktest.Broken)
				l.some(t, j, 3)
				closed(t, j)
				stick := l.clone()
				a.set(disktest.OK)
				b.set(disktest.Absent)
				l.acked = 4
				j = open(t, l, fsys, pathB)
				l.reopened(t, j)
				if n := j.Next(); n != 5 {
					t.Fatalf("it goes on with %d", n)
				}
				if s := j.Status(); s.Places[1].State != journal.PlaceAbsent {
					t.Fatalf("%+v", s)
				}
				l.some(t, j, 6)
				if returns == "start" {
					closed(t, j)
					b.set(disktest.OK)
					j = open(t, l, fsys, pathB)
				}
				b.set(disktest.OK)
				settle(t, j)
				closed(t, j)
				l.whole(t, under, pathA, pathB)
				if names := under.Names(dirB); !slices.Equal(names, []string{"x.journal", "x.journal.damaged-1"}) {
					t.Fatalf("there is %q", names)
				}
				if n := stick.whole(t, under, pathB+".damaged-1"); n != 7 {
					t.Errorf("%d records were put aside", n)
				}
				l.goesOn(t, under, pathB)
			})
		})
	}
}

// One error of a disk while the program starts does not make it go on with less. R11
func TestReadErrorAtTheStart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		r := &rule{dir: dirB}
		j := create(t, l, disktest.NewFault(under, r.decide), pathB)
		l.some(t, j, 2)
		settle(t, j)
		r.set(disktest.Absent)
		l.some(t, j, 5)
		closed(t, j)
		for n := 1; n < 20; n++ {
			var calls atomic.Int64
			fsys := disktest.NewFault(under.Clone(), func(op disktest.Op) disktest.Outcome {
				if strings.HasPrefix(op.Path, dirA) && calls.Add(1) == int64(n) {
					return disktest.Broken
				}
				return disktest.OK
			})
			c := l.clone()
			j := open(t, c, fsys, pathB)
			if j.Next() != 8 {
				t.Fatalf("call %d fails, and it goes on with record %d", n, j.Next())
			}
			synctest.Wait()
			c.opened(t, j)
			settle(t, j)
			closed(t, j)
		}
		l.goesOn(t, under, pathB)
	})
}

// A file whose header cannot be read for a moment is made anew later, and nothing panics.
func TestUnreadableHeader(t *testing.T) {
	for name, second := range map[string]string{"one place": "", "two places": pathB} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				under, l := newDisk(), newLedger()
				var mu sync.Mutex
				var failing []disktest.Call
				fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
					mu.Lock()
					defer mu.Unlock()
					if len(failing) > 0 && failing[0] == op.Call && strings.HasPrefix(op.Path, dirA) {
						failing = failing[1:]
						return disktest.SyncLost
					}
					return disktest.OK
				})
				j := create(t, l, fsys, second)
				l.some(t, j, 2)
				mu.Lock()
				failing = []disktest.Call{disktest.CallSync, disktest.CallRead, disktest.CallOpen, disktest.CallRead}
				mu.Unlock()
				l.some(t, j, 3)
				settle(t, j)
				closed(t, j)
				l.goesOn(t, under, second)
			})
		})
	}
}

// A power cut while a place is being brought up leaves no place that looks damaged. R11
func TestPowerCutWhileCatchingUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		r := &rule{dir: dirB}
		j := create(t, l, disktest.NewFault(under, r.decide), pathB)
		l.some(t, j, 2)
		settle(t, j)
		r.set(disktest.Absent)
		l.some(t, j, 20)
		closed(t, j)
		var cuts []*disktest.Crash
		var mu sync.Mutex
		fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
			mu.Lock()
			defer mu.Unlock()
			if strings.HasPrefix(op.Path, dirB) && op.Changes {
				for seed := range uint64(6) {
					cuts = append(cuts, under.Crash(seed))
				}
			}
			return disktest.OK
		})
		k := open(t, l, fsys, pathB)
		settle(t, k)
		closed(t, k)
		for _, c := range cuts {
			r, err := journal.OpenReaderFS(c, pathB, sharedVault(), false)
			if err != nil {
				t.Fatalf("the second place alone: %v", err)
			}
			r.Close()
			l.clone().goesOn(t, c, pathB)
		}
		t.Logf("%d power cuts", len(cuts))
		l.goesOn(t, under, pathB)
	})
}

// The reserve is given up before typing is kept waiting, and a full disk goes on where it stopped. R11
func TestReserve(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		for _, p := range []string{"/a/reserve", "/b/reserve"} {
			if err := disk.Reserve(under, p, 3<<20); err != nil {
				t.Fatal(err)
			}
		}
		// Whoever wants new room gets it only when the reserve is gone.
		var full atomic.Bool
		fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
			if _, err := under.Stat(op.Path[:2] + "/reserve"); err == nil && full.Load() && op.Call == disktest.CallWrite {
				return disktest.Full
			}
			return disktest.OK
		})
		opt := l.options(fsys, pathB)
		opt.Reserve, opt.SecondReserve = "/a/reserve", "/b/reserve"
		j, err := journal.Create(pathA, testID, opt)
		if err != nil {
			t.Fatal(err)
		}
		l.some(t, j, 3)
		full.Store(true)
		big := l.entry(0, 10)
		big.Blobs = [][]byte{slices.Repeat([]byte{7}, 900_000)}
		l.append(t, j, big)
		settle(t, j)
		for i, p := range j.Status().Places {
			if !p.Short {
				t.Errorf("place %d still has its reserve", i)
			}
		}
		closed(t, j)
		if names := append(under.Names(dirA), under.Names(dirB)...); len(names) != 2 {
			t.Errorf("there is %q", names)
		}
		l.goesOn(t, under, pathB)
	})
}

// What fails while the journal is being closed is tried again, where no other place has it. R11
func TestFailureWhileClosing(t *testing.T) {
	for _, o := range []disktest.Outcome{disktest.Full, disktest.Broken, disktest.SyncLost, disktest.SyncKept} {
		for _, call := range []disktest.Call{disktest.CallWrite, disktest.CallSync} {
			bubble(t, func(t *testing.T) {
				under, l := newDisk(), newLedger()
				var armed atomic.Bool
				fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
					if op.Call == call && armed.CompareAndSwap(true, false) {
						return o
					}
					return disktest.OK
				})
				j := create(t, l, fsys, "")
				l.some(t, j, 2)
				armed.Store(true)
				l.append(t, j, l.entry(0, 5))
				if err := j.Close(); err != nil || l.acknowledged() != 3 {
					t.Errorf("a %s that is %v: %d records acknowledged, %v", call, o, l.acknowledged(), err)
				}
				l.goesOn(t, under, "")
			})
		}
	}
}

// Whoever reads what is durable gets it from the place that is well.
func TestReadingPassesAFailedPlaceOver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		r := &rule{dir: dirA}
		j := create(t, l, disktest.NewFault(under, r.decide), pathB)
		l.some(t, j, 3)
		settle(t, j)
		r.set(disktest.Absent)
		if n := l.compare(t, j.Records, j.Blobs); n != 3 {
			t.Errorf("%d records", n)
		}
		r.set(disktest.OK)
		closed(t, j)
		l.goesOn(t, under, pathB)
	})
}

// Two writers, or a writer and a reader, are kept apart; readers are not.
func TestLocks(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/x.journal"
	v := sharedVault()
	j, err := journal.Create(path, testID, journal.Options{Vault: v})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := journal.OpenReader(path, v); !errors.Is(err, journal.ErrInUse) {
		t.Errorf("reading while it is written: %v", err)
	}
	if _, err := journal.Open(path, journal.Options{Vault: v}); !errors.Is(err, journal.ErrInUse) {
		t.Errorf("writing while it is written: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := journal.OpenReader(path, v)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s, err := journal.OpenQuick(path, v)
	if err != nil {
		t.Fatalf("two readers: %v", err)
	}
	defer s.Close()
	if _, err := journal.Open(path, journal.Options{Vault: v}); !errors.Is(err, journal.ErrInUse) {
		t.Errorf("writing while it is read: %v", err)
	}
	if _, err := journal.Open(dir+"/none", journal.Options{Vault: v}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing opened: %v", err)
	}
	if _, err := os.Stat(dir + "/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("opening has made a file")
	}
}

// Refused entries change nothing.
func TestRefusedEntries(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		j := create(t, l, under, "")
		good := l.entry(0, 9)
		for name, unit := range map[string][]journal.Entry{
			"an empty record":    {good, {}},
			"a record too long":  {good, {Record: make([]byte, stream.MaxRecord+1)}},
			"a blob too long":    {{Record: good.Record, Blobs: [][]byte{make([]byte, stream.MaxBlob+1)}}},
			"an empty one first": {{}, good},
		} {
			if n, err := j.Append(unit...); !errors.Is(err, journal.ErrEntry) || n != 0 {
				t.Errorf("%s: %d, %v", name, n, err)
			}
		}
		if err := j.PutSnapshot(make([]byte, stream.MaxBlob)); !errors.Is(err, journal.ErrEntry) {
			t.Errorf("a snapshot too long: %v", err)
		}
		if err := j.PutCosigned([]byte("x")); !errors.Is(err, journal.ErrEntry) {
			t.Errorf("no checkpoint: %v", err)
		}
		if n, err := j.Append(); n != 0 || err != nil {
			t.Errorf("nothing appended: %d, %v", n, err)
		}
		l.append(t, j, good)
		closed(t, j)
		if _, err := j.Append(good); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("append after close: %v", err)
		}
		if err := errors.Join(j.PutSnapshot(nil), j.PutCosigned(nil)); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("after close: %v", err)
		}
		time.Sleep(time.Hour)
		l.goesOn(t, under, "")
	})
}
