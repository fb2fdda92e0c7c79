package journal_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"emtihan/exam/journal"
	"emtihan/exam/journal/disk"
)

func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("%s: not within two minutes", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// On the computer's own files: typing, a snapshot, starts, and a second place that comes late. R11
func TestRealFiles(t *testing.T) {
	dir := t.TempDir()
	v := sharedVault()
	opt := journal.Options{Vault: v, Second: filepath.Join(dir, "second", "a.journal"), Reserve: filepath.Join(dir, "reserve"), RetryEvery: time.Millisecond}
	if err := disk.Reserve(disk.OS, opt.Reserve, 1<<20); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a.journal")
	j, err := journal.Create(path, "attempt-1", opt)
	if err != nil {
		t.Fatal(err)
	}
	if j.ID() != "attempt-1" || j.Path() != path || j.Next() != 1 {
		t.Errorf("%q at %s, next %d", j.ID(), j.Path(), j.Next())
	}
	for i := range 5000 {
		if _, err := j.Append(journal.Entry{Record: fmt.Appendf(nil, "record %d with some more text in it so that there is something to read", i+1)}); err != nil {
			t.Fatal(err)
		}
		if i == 4000 {
			if !j.WantsSnapshot() {
				t.Error("no snapshot is wanted after so much")
			}
			if err := j.PutSnapshot([]byte("snapshot at 4001")); err != nil {
				t.Fatal(err)
			}
			if j.WantsSnapshot() {
				t.Error("another snapshot is wanted at once")
			}
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Dir(opt.Second), 0o700); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		j, err = journal.Open(path, opt)
		if err != nil {
			t.Fatal(err)
		}
		snap, at := j.Snapshot()
		if string(snap) != "snapshot at 4001" || at != 4001 {
			t.Errorf("snapshot %q at %d", snap, at)
		}
		n := 0
		if err := j.Replay(func(uint64, []byte) error { n++; return nil }); err != nil || n != 999+round {
			t.Errorf("replayed %d: %v", n, err)
		}
		if _, err := j.Append(journal.Entry{Record: []byte("more"), Blobs: [][]byte{[]byte("blob")}, Checkpoint: true}); err != nil {
			t.Fatal(err)
		}
		await(t, "durable in both places", func() bool {
			s := j.Status()
			return s.Places[0].Durable == s.Appended && s.Places[1].Durable == s.Appended
		})
		if sum, err := j.Verify(); err != nil || sum.Records != uint64(5001+round) {
			t.Errorf("%+v %v", sum, err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var first []byte
	for _, p := range []string{path, opt.Second} {
		r, err := journal.OpenReader(p, v)
		if err != nil {
			t.Fatal(err)
		}
		if sum := r.Summary(); sum.Records != 5003 || sum.Blobs != 3 {
			t.Errorf("%s: %+v", p, sum)
		}
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		data = data[journal.FirstFrame:r.End()]
		if first != nil && !bytes.Equal(data, first) {
			t.Error("the places differ")
		}
		first = data
		r.Close()
		q, err := journal.OpenQuick(p, v)
		if err != nil {
			t.Fatal(err)
		}
		if snap, at := q.Snapshot(); string(snap) != "snapshot at 4001" || at != 4001 {
			t.Errorf("%s: snapshot %q at %d", p, snap, at)
		}
		q.Close()
	}
}
