package journal_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"emtihan/exam/journal"

	"github.com/google/go-cmp/cmp"
)

// smallDisk mounts a file system of one megabyte.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("emtihan-test", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("A full disk can be tried only by somebody who may mount one: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all room that is left.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		if _, err := f.Write(make([]byte, 4096)); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestCreateOnAFullDisk(t *testing.T) {
	dir := smallDisk(t)
	path, filler := filepath.Join(dir, "a.journal"), filepath.Join(dir, "filler")
	fill(t, filler)
	// With every number of free pages: the file is torn at another place each time.
	fi, err := os.Stat(filler)
	if err != nil {
		t.Fatal(err)
	}
	made := false
	for free := int64(0); !made; free++ {
		if free > 40 {
			t.Fatal("40 free pages do not suffice")
		}
		if err := os.Truncate(filler, fi.Size()-free*4096); err != nil {
			t.Fatal(err)
		}
		j, err := journal.Create(path, testID, journal.Options{})
		if err == nil {
			made = true
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if !journal.IsFull(err) {
			t.Errorf("%d pages free: %v, which does not say that the disk is full", free, err)
		}
		for _, left := range []string{path, path + ".new"} {
			if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%d pages free: %s is left behind", free, filepath.Base(left))
			}
		}
	}
	wholly(t, path)
}

func TestDiskFillsWhileWriting(t *testing.T) { // R11
	dir := smallDisk(t)
	filler := filepath.Join(dir, "filler")
	j, err := journal.Create(filepath.Join(dir, "a.journal"), testID, journal.Options{RetryEvery: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() }) // before the disk is unmounted, whatever happens
	frame := make([]byte, 10_000)
	if _, err := rand.Read(frame); err != nil {
		t.Fatal(err)
	}
	var want []string
	write := func(n int) {
		for range n {
			want = append(want, fmt.Sprint("keystroke ", len(want)))
			frame[0]++
			e := journal.Entry{Record: []byte(want[len(want)-1])}
			if len(want)%20 == 0 {
				e.Blobs = [][]byte{append([]byte(nil), frame...)}
			}
			if _, err := j.Append(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(100)
	awaitDurable(t, j)
	for round := range 3 {
		fill(t, filler)
		// The file may still have free pages of its own.
		await(t, "the full disk is told", func() bool {
			write(20)
			return j.Status().Err != nil
		})
		if s := j.Status(); !journal.IsFull(s.Err) || s.Durable >= s.Appended {
			t.Errorf("round %d: status on a full disk: %+v", round, s)
		}
		write(60)
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		awaitDurable(t, j)
		if _, err := j.Verify(); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, wholly(t, j.Path()).Records); d != "" {
		t.Errorf("after full disks (-want +got):\n%s", d)
	}
}
