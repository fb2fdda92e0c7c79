package journal_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"emtihan/exam/journal"
	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/disk/disktest"
	"emtihan/exam/vault"
)

// The two places, each on a disk of its own as far as faults go.
const (
	dirA, dirB   = "/a", "/b"
	pathA, pathB = "/a/x.journal", "/b/x.journal"
	testID       = "0190f5b2-0000-7000-8000-000000000001"
)

// sharedVault is one vault for all tests: a journal cannot tell it from its own.
var sharedVault = sync.OnceValue(func() *vault.Vault {
	dir, err := os.MkdirTemp("", "vault")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	v, err := vault.Open(dir, vault.Options{Credentials: "-"})
	if err != nil {
		panic(err)
	}
	return v
})

// tester is a testing.T or a rapid.T.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// named puts the name of a case before what goes wrong in it.
type named struct {
	tester
	name string
}

func (n named) Errorf(format string, args ...any) {
	n.Helper()
	n.tester.Errorf("%s: %s", n.name, fmt.Sprintf(format, args...))
}

func (n named) Fatalf(format string, args ...any) {
	n.Helper()
	n.tester.Fatalf("%s: %s", n.name, fmt.Sprintf(format, args...))
}

// ledger is the journal as it must be: what was appended, and how much of it was acknowledged.
type ledger struct {
	mu      sync.Mutex
	records []string
	ends    map[int]bool // so many records end with a whole unit
	blobs   map[int][]string
	snaps   map[uint64][]string // by the number of records before them
	acked   uint64
	serial  int // of contents; never repeats, so that a record that was lost and one in its place differ
}

func newLedger() *ledger {
	return &ledger{ends: map[int]bool{0: true}, blobs: map[int][]string{}, snaps: map[uint64][]string{}}
}

func (l *ledger) clone() *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := newLedger()
	c.records, c.acked, c.serial = slices.Clone(l.records), l.acked, l.serial
	for k, v := range l.ends {
		c.ends[k] = v
	}
	for k, v := range l.blobs {
		c.blobs[k] = v
	}
	for k, v := range l.snaps {
		c.snaps[k] = v
	}
	return c
}

func (l *ledger) acknowledge(s journal.Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked = max(l.acked, s.Durable)
}

func (l *ledger) acknowledged() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked
}

// options of a journal on a file system whose acknowledgements go to the ledger.
func (l *ledger) options(fsys disk.FS, second string) journal.Options {
	return journal.Options{Vault: sharedVault(), FS: fsys, Second: second, OnStatus: l.acknowledge, RetryEvery: time.Second}
}

// entry makes an entry whose content occurs only once.
func (l *ledger) entry(blobs int, length int) journal.Entry {
	l.serial++
	e := journal.Entry{Record: fmt.Appendf(nil, "%d:", l.serial)}
	for len(e.Record) < length {
		e.Record = append(e.Record, byte('a'+len(e.Record)%26))
	}
	for b := range blobs {
		e.Blobs = append(e.Blobs, bytes.Repeat(fmt.Appendf(nil, "blob %d of %d;", b, l.serial), 30))
	}
	return e
}

// append appends one unit and notes it.
func (l *ledger) append(t tester, j *journal.Journal, entries ...journal.Entry) {
	t.Helper()
	l.mu.Lock()
	for _, e := range entries {
		for _, b := range e.Blobs {
			l.blobs[len(l.records)] = append(l.blobs[len(l.records)], string(b))
		}
		l.records = append(l.records, string(e.Record))
	}
	want := uint64(len(l.records))
	l.ends[int(want)] = true
	l.mu.Unlock()
	if n, err := j.Append(entries...); err != nil || n != want {
		t.Fatalf("append gave %d, %v, want %d", n, err, want)
	}
}

func (l *ledger) snapshot(t tester, j *journal.Journal) {
	t.Helper()
	l.serial++
	data := fmt.Sprintf("snapshot %d at %d", l.serial, len(l.records))
	at := uint64(len(l.records))
	l.snaps[at] = append(slices.Clone(l.snaps[at]), data)
	if err := j.PutSnapshot([]byte(data)); err != nil {
		t.Fatalf("snapshot: %v", err)
	}
}

// compare reads everything through read and compares it with the ledger: what was acknowledged is there, in order, with its
// blobs, and only whole units. It returns the number of records.
func (l *ledger) compare(t tester, records func(func(uint64, []byte) error) error, blobs func(func(journal.Hash, []byte) error) error) int {
	t.Helper()
	var got []string
	err := records(func(seq uint64, r []byte) error {
		if seq != uint64(len(got))+1 {
			return fmt.Errorf("record %d comes where %d belongs", seq, len(got)+1)
		}
		got = append(got, string(r))
		return nil
	})
	if err != nil {
		t.Fatalf("records: %v", err)
	}
	acked := l.acknowledged()
	switch {
	case uint64(len(got)) < acked:
		t.Fatalf("%d records were acknowledged, %d are there", acked, len(got))
	case len(got) > len(l.records):
		t.Fatalf("%d records were appended, %d are there", len(l.records), len(got))
	case !slices.Equal(got, l.records[:len(got)]):
		t.Fatalf("other records are there than were appended")
	case !l.ends[len(got)]:
		t.Fatalf("%d records are there: half a unit", len(got))
	}
	var want, there []string
	for i := range got {
		want = append(want, l.blobs[i]...)
	}
	err = blobs(func(sum journal.Hash, b []byte) error {
		if sum != sha256.Sum256(b) {
			return fmt.Errorf("a blob does not fit its hash")
		}
		there = append(there, string(b))
		return nil
	})
	if err != nil || !slices.Equal(there, want) {
		t.Fatalf("%d blobs are there, %d belong to the records: %v", len(there), len(want), err)
	}
	return len(got)
}

// opened checks a journal that has just been opened, and forgets what was never acknowledged and is not there.
func (l *ledger) opened(t tester, j *journal.Journal) {
	t.Helper()
	next := int(j.Next()) - 1
	l.acknowledge(j.Status()) // what opening calls durable is a promise, too
	n := l.compare(t, j.Records, j.Blobs)
	if n != next {
		t.Fatalf("the next record is %d, %d are there", next+1, n)
	}
	if sum, err := j.Verify(); err != nil || sum.Records != uint64(n) || sum.ID != testID {
		t.Fatalf("verify: %+v, %v", sum, err)
	}
	l.resumed(t, n, j.Snapshot, j.Replay)
	for i := n; i < len(l.records); i++ {
		delete(l.blobs, i)
		delete(l.ends, i+1)
		delete(l.snaps, uint64(i+1))
	}
	l.records = l.records[:n]
}

// resumed checks that snapshot and replay together give what records gives.
func (l *ledger) resumed(t tester, n int, snapshot func() ([]byte, uint64), replay func(func(uint64, []byte) error) error) {
	t.Helper()
	data, at := snapshot()
	if data != nil && !slices.Contains(l.snaps[at], string(data)) || data == nil && at > 0 {
		t.Fatalf("snapshot %q stands at record %d, %q were put there", data, at, l.snaps[at])
	}
	var rest []string
	err := replay(func(seq uint64, r []byte) error {
		if seq != at+uint64(len(rest))+1 {
			return fmt.Errorf("record %d comes where %d belongs", seq, at+uint64(len(rest))+1)
		}
		rest = append(rest, string(r))
		return nil
	})
	if err != nil || !slices.Equal(rest, l.records[at:n]) {
		t.Fatalf("after the snapshot at record %d, %d records of %d are replayed: %v", at, len(rest), n, err)
	}
}

// whole is the consistency check at the end of every test: each file by itself verifies fully, resumes from its snapshots, and
// where there are two they are the same bytes. It returns the number of records.
func (l *ledger) whole(t tester, fsys *disktest.Crash, paths ...string) (n int) {
	t.Helper()
	var frames [][]byte
	for i, path := range paths {
		t := named{t, path}
		r, err := journal.OpenReaderFS(fsys, path, sharedVault(), false)
		if err != nil {
			t.Fatalf("not whole: %v", err)
		}
		c := l
		if i > 0 {
			c = l.clone()
			c.acked = uint64(n)
		}
		n = c.compare(t, r.Records, r.Blobs)
		_, head := r.Header()
		data := make([]byte, r.End()-journal.FirstFrame)
		if f, err := fsys.Open(path, os.O_RDONLY); err != nil {
			t.Fatalf("%v", err)
		} else if _, err := f.ReadAt(data, journal.FirstFrame); err != nil && !errors.Is(err, io.EOF) {
			t.Fatalf("%v", err)
		}
		frames = append(frames, slices.Concat(head, data))
		r.Close()
		r, err = journal.OpenReaderFS(fsys, path, sharedVault(), true)
		if err != nil {
			t.Fatalf("not whole: %v", err)
		}
		c.resumed(t, n, r.Snapshot, r.Replay)
		r.Close()
		if i > 0 {
			continue
		}
		// Without the key, everything but the payloads is checked.
		if r, err = journal.OpenReaderFS(fsys, path, nil, false); err != nil {
			t.Fatalf("not whole to whom the key is unknown: %v", err)
		}
		r.Close()
	}
	for _, f := range frames[1:] {
		if !bytes.Equal(f, frames[0]) {
			t.Fatalf("the places differ: %d and %d bytes", len(frames[0]), len(f))
		}
	}
	return n
}

// settle waits, in a bubble, until everything appended is durable in every place.
func settle(t tester, j *journal.Journal) {
	t.Helper()
	for range 1000 {
		synctest.Wait()
		s, done := j.Status(), true
		for _, p := range s.Places {
			done = done && p.State == journal.PlaceOnline && p.Durable == s.Appended
		}
		if done {
			return
		}
		time.Sleep(time.Second)
	}
	t.Fatalf("not durable in every place: %+v", j.Status())
}

// goesOn opens what is on a disk, checks it against the ledger, appends, closes, opens and checks again.
func (l *ledger) goesOn(t tester, fsys *disktest.Crash, second string) {
	t.Helper()
	opt := l.options(fsys, second)
	j, err := journal.Open(pathA, opt)
	if err != nil {
		if l.acknowledged() == 0 && len(fsys.Names(dirA))+len(fsys.Names(dirB)) == 0 {
			return // it was never there
		}
		if j, err = journal.Create(pathA, testID, opt); err != nil || l.acknowledged() > 0 {
			t.Fatalf("it does not open: %v", err)
		}
	}
	l.opened(t, j)
	l.append(t, j, l.entry(1, 40), l.entry(0, 900))
	l.append(t, j, l.entry(0, 40))
	settle(t, j)
	if err := j.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	if j, err = journal.Open(pathA, opt); err != nil {
		t.Fatalf("it does not open again: %v", err)
	}
	l.opened(t, j)
	settle(t, j)
	if err := j.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	paths := []string{pathA}
	if second != "" {
		paths = append(paths, second)
	}
	if n := l.whole(t, fsys, paths...); n != len(l.records) {
		t.Fatalf("%d records are there after all was closed, %d were appended", n, len(l.records))
	}
}

func newDisk() *disktest.Crash { return disktest.NewCrash(dirA, dirB) }

// bubble runs f where time stands still unless everybody waits, and where waiting for ever is a failure.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	sharedVault()
	synctest.Test(t, f)
}
