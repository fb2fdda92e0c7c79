package disktest_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"testing"

	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/disk/disktest"
)

func none(disktest.Unsynced) bool { return false }
func all(disktest.Unsynced) bool  { return true }

func write(t *testing.T, fsys disk.FS, path, text string, off int64) disk.File {
	t.Helper()
	f, err := fsys.Open(path, os.O_CREATE|os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(text), off); err != nil {
		t.Fatal(err)
	}
	return f
}

func content(t *testing.T, c *disktest.Crash, path string) string {
	t.Helper()
	b, err := c.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(b)
}

func TestPowerCut(t *testing.T) {
	c := disktest.NewCrash("/d")
	f := write(t, c, "/d/x", "old", 0)
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if got := c.Cut(none).Names("/d"); len(got) > 0 {
		t.Errorf("a name that was not synced is %q", got)
	}
	if err := c.SyncDir("/d"); err != nil {
		t.Fatal(err)
	}
	if len(c.Unsynced()) > 0 || content(t, c.Cut(none), "/d/x") != "old" {
		t.Error("what was synced is not there")
	}
	write(t, c, "/d/x", "new", 0)
	write(t, c, "/d/x", "far", 5000)
	list := c.Unsynced()
	if len(list) != 3 {
		t.Fatalf("%d things are not synced, want two sectors and the length", len(list))
	}
	for i := range list {
		got := content(t, c.Cut(func(u disktest.Unsynced) bool { return u == list[i] }), "/d/x")
		want := []string{"new" + string(make([]byte, 509)), "old" + string(make([]byte, 4997)) + "far", "old" + string(make([]byte, 5000))}[i]
		if got != want {
			t.Errorf("%d alone survives: %d bytes, %.9q", i, len(got), got)
		}
	}
	if got := content(t, c, "/d/x"); len(got) != 5003 || got[:3] != "new" || c.Cut(all).Unsynced() != nil || content(t, c.Cut(all), "/d/x") != got {
		t.Error("everything survives, and is not there")
	}
	if a, b := c.Crash(7), c.Crash(7); content(t, a, "/d/x") != content(t, b, "/d/x") {
		t.Error("the same seed gives two power cuts")
	}
}

func TestNamesInOrder(t *testing.T) {
	c := disktest.NewCrash("/d")
	if err := errors.Join(write(t, c, "/d/x", "x", 0).Sync(), write(t, c, "/d/y", "y", 0).Sync(), c.SyncDir("/d"), c.Rename("/d/x", "/d/y"), c.Remove("/d/y")); err != nil {
		t.Fatal(err)
	}
	list := c.Unsynced()
	for i, want := range [][]string{{"x", "y"}, {"y"}, {}} {
		k := 0
		got := c.Cut(func(disktest.Unsynced) bool { k++; return k <= i })
		if names := got.Names("/d"); !slices.Equal(names, want) {
			t.Errorf("%d of %d changes: %q, want %q", i, len(list), names, want)
		}
	}
	// A later change does not survive an earlier one.
	if got := c.Cut(func(u disktest.Unsynced) bool { return u != list[0] }).Names("/d"); len(got) != 2 {
		t.Errorf("%q", got)
	}
	if got := content(t, c.Cut(func(u disktest.Unsynced) bool { return u == list[0] }), "/d/y"); got != "x" {
		t.Errorf("renamed: %q", got)
	}
}

// A sync that fails loses what it could not write; the cache shows it until it is reread, and no later sync brings it.
func TestFailedSync(t *testing.T) {
	c := disktest.NewCrash("/d")
	bad := disktest.NewFault(c, func(op disktest.Op) disktest.Outcome {
		if op.Call == disktest.CallSync {
			return disktest.SyncLost
		}
		return disktest.OK
	})
	f := write(t, c, "/d/x", "old", 0)
	if err := errors.Join(f.Sync(), c.SyncDir("/d")); err != nil {
		t.Fatal(err)
	}
	if err := write(t, bad, "/d/x", "new", 0).Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil || content(t, c, "/d/x") != "new" || content(t, c.Cut(all), "/d/x") != "old" {
		t.Errorf("reads %q, has %q: %v", content(t, c, "/d/x"), content(t, c.Cut(all), "/d/x"), err)
	}
	write(t, c, "/d/x", "+", 4096) // another page
	f.Reread()
	if got := content(t, c, "/d/x"); got[:3] != "old" || got[4096] != '+' {
		t.Errorf("reread: %q", got[:3])
	}
}

func TestFaults(t *testing.T) {
	for o, want := range map[disktest.Outcome]error{
		disktest.Full: syscall.ENOSPC, disktest.Broken: syscall.EIO, disktest.Half: syscall.EIO, disktest.SyncKept: syscall.EIO,
		disktest.ReadOnly: syscall.EROFS, disktest.Absent: syscall.EIO,
	} {
		c := disktest.NewCrash("/d")
		on := disktest.OK
		f := disktest.NewFault(c, func(disktest.Op) disktest.Outcome { return on })
		x := write(t, f, "/d/x", "....", 0)
		on = o
		_, err := x.WriteAt([]byte("abcd"), 0)
		if !errors.Is(err, want) {
			t.Errorf("%v: write: %v", o, err)
		}
		half := content(t, c, "/d/x")
		if written := o == disktest.Full || o == disktest.Half || o == disktest.SyncKept; (half == "ab..") != written {
			t.Errorf("%v: %q was written", o, half)
		}
		if err := x.Sync(); !errors.Is(err, want) {
			t.Errorf("%v: sync: %v", o, err)
		}
		_, err = f.Open("/d/x", os.O_RDONLY)
		if fine := o == disktest.Full || o == disktest.ReadOnly; fine != (err == nil) || o == disktest.Absent && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v: open: %v", o, err)
		}
		on = disktest.OK
		b := make([]byte, 9)
		if n, err := x.ReadAt(b, 0); n != 4 || err == nil || !bytes.HasPrefix(b, []byte(half)) {
			t.Errorf("%v: read %d, %v", o, n, err)
		}
	}
}

func TestLocks(t *testing.T) {
	c := disktest.NewCrash("/d")
	a, b := write(t, c, "/d/x", "x", 0), write(t, c, "/d/x", "x", 0)
	if err := a.Lock(true); err != nil {
		t.Fatal(err)
	}
	if err := b.Lock(false); !errors.Is(err, disk.ErrLocked) {
		t.Errorf("%v", err)
	}
	if err := errors.Join(a.Close(), b.Lock(false), write(t, c, "/d/x", "x", 0).Lock(false)); err != nil {
		t.Error(err)
	}
	if err := b.Lock(true); !errors.Is(err, disk.ErrLocked) {
		t.Errorf("%v", err)
	}
}
