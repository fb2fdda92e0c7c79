package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"emtihan/exam/journal"
	"emtihan/exam/vault"
)

// Both files are damaged in their last group, each at another place, so that each looks like a torn write. Together they have
// everything. R11
func TestTwoTornEndsJoin(t *testing.T) {
	keys, paths := twoTornEnds(t)
	j, err := journal.Open(paths[0], journal.Options{Vault: keys, Second: paths[1]})
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := j.Verify(); err != nil || sum.Records != 50 {
		t.Errorf("%d records, %v", sum.Records, err)
	}
	if r := j.Status().Places[0]; r.Healed != 1 || r.Aside == "" {
		t.Errorf("%+v", r)
	}
	caughtUp(t, j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		r, err := journal.OpenReader(path, keys)
		if err != nil {
			t.Fatal(err)
		}
		if n := r.Summary().Records; n != 50 {
			t.Errorf("%s has %d records", path, n)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// twoTornEnds leaves two files of a journal that was not closed, with one group of 50 records, in which each is damaged at
// another place.
func twoTornEnds(t *testing.T) (keys *vault.Vault, paths [2]string) {
	t.Helper()
	dir := t.TempDir()
	keys = keysIn(t, dir)
	first, second := filepath.Join(dir, "a.journal"), filepath.Join(dir, "b.journal")
	j, err := journal.Create(first, "x", journal.Options{Vault: keys, Second: second})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, j)
	var unit []journal.Entry
	for i := range 50 {
		unit = append(unit, journal.Entry{Record: fmt.Appendf(nil, "record %d of the last group", i+1)})
	}
	if _, err := j.Append(unit...); err != nil {
		t.Fatal(err)
	}
	caughtUp(t, j)
	cut := t.TempDir()
	for i, path := range []string{first, second} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		paths[i] = filepath.Join(cut, filepath.Base(path))
		if err := os.WriteFile(paths[i], data, 0o600); err != nil {
			t.Fatal(err)
		}
		flip(t, paths[i], journal.FirstFrame+600+i*1000)
		r, err := journal.OpenReader(paths[i], keys)
		if err != nil {
			t.Fatal(err)
		}
		if n := r.Summary().Records; n != 0 {
			t.Fatalf("the damage in place %d left %d records", i, n)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return keys, paths
}

// caughtUp waits, in the computer's own time, until every place has everything.
func caughtUp(t *testing.T, j *journal.Journal) {
	t.Helper()
	await(t, "both places", func() bool {
		s := j.Status()
		for _, p := range s.Places {
			if p.Durable < s.Appended || p.State != journal.PlaceOnline {
				return false
			}
		}
		return true
	})
}

// One place has more runs, which died before they wrote anything; the other has more records. The records count. R11
func TestRecordsCountNotRuns(t *testing.T) {
	dir := t.TempDir()
	keys, err := vault.Open(dir, vault.Options{Credentials: "-"})
	if err != nil {
		t.Fatal(err)
	}
	here := func(n string) string { return filepath.Join(dir, n) }
	for _, n := range []string{"a", "b"} {
		if err := os.Mkdir(here(n), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	first := filepath.Join(here("a"), "x.journal")
	opt := journal.Options{Vault: keys, Second: filepath.Join(here("b"), "x.journal")}
	write := func(j *journal.Journal, err error, n int) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for range n {
			if _, err := j.Append(journal.Entry{Record: []byte("a record")}); err != nil {
				t.Fatal(err)
			}
		}
		await(t, "the disk", func() bool { s := j.Status(); return s.Durable == s.Appended })
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	without := func(n string, f func()) {
		t.Helper()
		if err := os.Rename(here(n), here("away")); err != nil {
			t.Fatal(err)
		}
		f()
		if err := os.Rename(here("away"), here(n)); err != nil {
			t.Fatal(err)
		}
	}
	j, err := journal.Create(first, "x", opt)
	write(j, err, 5)
	without("b", func() {
		for range 4 {
			j, err := journal.Open(first, opt)
			write(j, err, 0)
		}
	})
	without("a", func() {
		j, err := journal.Open(first, opt)
		write(j, err, 3)
	})
	j, err = journal.Open(first, opt)
	write(j, err, 1)
	r, err := journal.OpenReader(first, keys)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n := r.Summary().Records; n != 9 {
		t.Errorf("%d records, want 9", n)
	}
}
