package journal_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"emtihan/exam/journal"
	"emtihan/exam/journal/disk/disktest"

	"pgregory.net/rapid"
)

// world is a computer with two places, whose journal is compared with a list.
type world struct {
	l    *ledger
	disk *disktest.Crash
	fsys *disktest.Fault
	j    *journal.Journal // nil: closed

	mu   sync.Mutex
	bad  map[string]disktest.Outcome // what becomes of calls in a folder
	has  map[string]uint64           // records that a place acknowledged and still has, for all we know
	hurt string                      // the path of the place that was damaged, or empty
	old  []byte                      // an older copy of the second place
}

func newWorld() *world {
	w := &world{l: newLedger(), bad: map[string]disktest.Outcome{}, has: map[string]uint64{}}
	w.on(newDisk())
	return w
}

func (w *world) on(d *disktest.Crash) {
	w.disk = d
	w.fsys = disktest.NewFault(d, func(op disktest.Op) disktest.Outcome {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.bad[op.Path[:2]]
	})
}

func (w *world) set(dir string, o disktest.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad[dir] = o
}

func (w *world) is(dir string) disktest.Outcome {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bad[dir]
}

func (w *world) options() journal.Options {
	opt := w.l.options(w.fsys, pathB)
	opt.OnStatus = w.heard
	return opt
}

func (w *world) heard(s journal.Status) {
	w.l.acknowledge(s)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range s.Places {
		w.has[p.Path] = max(w.has[p.Path], p.Durable)
	}
}

// complete reports whether a place has all that was acknowledged, undamaged.
func (w *world) complete(path string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hurt != path && w.has[path] >= w.l.acknowledged()
}

func (w *world) append(t *rapid.T) {
	for range rapid.IntRange(1, 3).Draw(t, "units") {
		var unit []journal.Entry
		for range rapid.IntRange(1, 5).Draw(t, "entries") {
			unit = append(unit, w.l.entry(rapid.IntRange(-3, 2).Draw(t, "blobs"), rapid.IntRange(1, 600).Draw(t, "length")))
		}
		unit[0].Checkpoint = rapid.IntRange(0, 4).Draw(t, "checkpoint") == 0
		w.l.append(t, w.j, unit...)
	}
}

func (w *world) close(t *rapid.T) {
	err := w.j.Close()
	w.heard(w.j.Status())
	w.j = nil
	if err == nil && w.l.acknowledged() != uint64(len(w.l.records)) {
		t.Fatalf("closed without an error, but only %d of %d records were acknowledged", w.l.acknowledged(), len(w.l.records))
	}
}

// heal takes all that fails away; damage stays.
func (w *world) heal() {
	w.set(dirA, disktest.OK)
	w.set(dirB, disktest.OK)
}

func (w *world) open(t *rapid.T) {
	opt := w.options()
	var err error
	if w.l.acknowledged() == 0 {
		w.heal()
		w.hurt = ""
		for _, p := range []string{pathA, pathB} {
			w.disk.Delete(p)
		}
		*w.l = *newLedger()
		w.has = map[string]uint64{}
		if w.j, err = journal.Create(pathA, testID, opt); err != nil {
			t.Fatalf("create: %v", err)
		}
		return
	}
	// Without any place that has everything nobody could go on; see TestStaleStick for what happens then.
	if !(w.complete(pathA) && w.is(dirA) == disktest.OK) && !(w.complete(pathB) && w.is(dirB) == disktest.OK) {
		w.heal()
	}
	if w.j, err = journal.Open(pathA, opt); err != nil {
		t.Fatalf("open: %v", err)
	}
	w.l.reopened(t, w.j)
	synctest.Wait()
	_, err = w.j.Verify()
	switch {
	case err == nil && w.is(dirA) == disktest.OK && w.is(dirB) == disktest.OK:
		w.l.opened(t, w.j)
	case w.hurt != "" && errors.Is(err, journal.ErrDamaged):
		// It was damaged before the last snapshot, which opening does not read, and it is reported where it is read.
		if !strings.Contains(err.Error(), w.hurt) {
			t.Fatalf("%s is damaged, reported is %v", w.hurt, err)
		}
	}
}

// settled brings both places to the end and compares them. What is damaged and was reported is taken away first, as a person
// would.
func (w *world) settled(t *rapid.T) {
	w.heal()
	if w.j != nil {
		w.close(t)
	}
	if w.l.acknowledged() == 0 {
		return
	}
	if w.hurt != "" {
		r, err := journal.OpenReaderFS(w.disk, w.hurt, sharedVault(), false)
		switch {
		case errors.Is(err, journal.ErrDamaged):
			w.disk.Delete(w.hurt)
		case err == nil:
			r.Close()
		}
		w.has[w.hurt], w.hurt = 0, ""
	}
	j, err := journal.Open(pathA, w.options())
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	w.j = j
	w.l.opened(t, j)
	settle(t, j)
	w.close(t)
	if n := w.l.whole(t, w.disk, pathA, pathB); n != len(w.l.records) {
		t.Fatalf("%d of %d records are there", n, len(w.l.records))
	}
}

// damage changes bytes of a file.
func damage(t *rapid.T, data []byte) (string, []byte) {
	data = slices.Clone(data)
	at := rapid.IntRange(0, min(len(data)-1, journal.FirstFrame+60_000)).Draw(t, "at")
	switch kind := rapid.SampledFrom([]string{"flip", "truncate", "zero sectors", "garbage"}).Draw(t, "kind"); kind {
	case "flip":
		data[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		return fmt.Sprintf("byte %d flipped", at), data
	case "truncate":
		return fmt.Sprintf("cut at %d", at), data[:at]
	default:
		from := at &^ 511
		to := min(from+512*rapid.IntRange(1, 8).Draw(t, "sectors"), len(data))
		for i := from; i < to; i++ {
			if data[i] = 0; kind == "garbage" {
				data[i] = byte(i*i>>3 + i*7 + at)
			}
		}
		return fmt.Sprintf("%s %d–%d", kind, from, to), data
	}
}

// Journal against list: whatever happens, what was acknowledged is there, in order, in whole units, as long as one place has
// it. R11, R22
func TestModel(t *testing.T) {
	steps := 0
	bubble(t, func(t *testing.T) {
		// The wrapper hides a method of testing.T that may not be called in a bubble.
		rapid.Check(struct{ rapid.TB }{t}, func(t *rapid.T) {
			w := newWorld()
			defer func() {
				if w.j != nil {
					w.heal()
					w.j.Close()
				}
			}()
			open := func(t *rapid.T) {
				if w.j == nil {
					w.open(t)
				}
			}
			t.Repeat(map[string]func(*rapid.T){
				"": func(*rapid.T) { steps++ },
				"append": func(t *rapid.T) {
					open(t)
					w.append(t)
					if rapid.Bool().Draw(t, "wait") {
						synctest.Wait()
					}
				},
				"snapshot": func(t *rapid.T) {
					open(t)
					w.l.snapshot(t, w.j)
				},
				"wait": func(t *rapid.T) {
					open(t)
					time.Sleep(time.Duration(rapid.IntRange(1, 200).Draw(t, "seconds")) * time.Second)
					synctest.Wait()
				},
				"close": func(t *rapid.T) {
					if w.j != nil {
						w.close(t)
					}
				},
				"open": open,
				"crash": func(t *rapid.T) {
					acked := w.l.acknowledged()
					w.mu.Lock()
					has := map[string]uint64{pathA: w.has[pathA], pathB: w.has[pathB]}
					w.mu.Unlock()
					after := w.disk.Crash(rapid.Uint64().Draw(t, "seed"))
					if w.j != nil {
						w.heal()
						w.j.Close()
						w.j = nil
					}
					w.l.acked, w.has = acked, has
					w.on(after)
				},
				"a place fails": func(t *rapid.T) {
					dir := rapid.SampledFrom([]string{dirA, dirB}).Draw(t, "place")
					w.set(dir, disktest.Outcome(rapid.IntRange(int(disktest.Full), int(disktest.ReadOnly)).Draw(t, "how")))
				},
				"the stick is pulled out": func(*rapid.T) { w.set(dirB, disktest.Absent) },
				"all is well":             func(*rapid.T) { w.heal() },
				"the stick is copied": func(t *rapid.T) {
					if data, err := w.disk.ReadFile(pathB); err == nil && w.hurt != pathB {
						w.old = data
					}
				},
				"an older stick comes": func(t *rapid.T) {
					if w.old == nil || w.hurt != "" || w.l.acknowledged() == 0 {
						t.Skip("there is none")
					}
					if w.j != nil {
						w.set(dirA, disktest.OK)
						w.set(dirB, disktest.Absent)
						w.append(t)
						time.Sleep(2 * time.Minute)
						synctest.Wait()
					}
					if !w.complete(pathA) {
						t.Skip("only this stick has everything")
					}
					w.disk.Delete(pathB)
					w.disk.WriteFile(pathB, w.old)
					w.mu.Lock()
					w.has[pathB] = 0
					w.mu.Unlock()
					w.set(dirB, disktest.OK)
				},
				"damage": func(t *rapid.T) {
					path, other := pathA, pathB
					if rapid.Bool().Draw(t, "second") {
						path, other = other, path
					}
					data, err := w.disk.ReadFile(path)
					if w.hurt != "" || w.l.acknowledged() == 0 || !w.complete(other) || err != nil || len(data) == 0 {
						t.Skip("the other place could not help")
					}
					if w.j != nil {
						w.close(t)
						if !w.complete(other) {
							return
						}
					}
					_, data = damage(t, data)
					w.disk.WriteFile(path, data)
					w.hurt = path
					w.mu.Lock()
					w.has[path] = 0
					w.mu.Unlock()
				},
				"check": w.settled,
			})
			w.settled(t)
		})
	})
	t.Logf("%d steps", steps)
}
