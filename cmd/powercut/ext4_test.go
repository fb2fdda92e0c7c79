package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// tools skips where the host has no e2fsprogs; scripts/powercut installs them.
func tools(t *testing.T) {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	for _, tool := range []string{"mke2fs", "e2fsck", "debugfs"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is missing: run scripts/setup powercut", tool)
		}
	}
}

func TestTornSuperblockIsMended(t *testing.T) {
	tools(t)
	dir := t.TempDir()
	whole, err := makeFileSystem(dir, 24<<20)
	if err != nil {
		t.Fatal(err)
	}
	if superblockTorn(whole) {
		t.Fatal("a new superblock has not its own sum")
	}
	path := filepath.Join(dir, "check")
	for _, sector := range []int{2, 3} {
		torn := bytes.Clone(whole)
		torn[sector*512+100] ^= 0xFF
		if !superblockTorn(torn) {
			t.Fatalf("a changed sector %d goes unseen", sector)
		}
		if err := os.WriteFile(path, torn, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := check(t.Context(), path, false); !errors.Is(err, errFileSystem) {
			t.Errorf("sector %d: without the copy: %v", sector, err)
		}
		mended, err := mend(t.Context(), dir, torn)
		if err != nil || superblockTorn(mended) {
			t.Errorf("sector %d: %v", sector, err)
		}
	}
	if !superblockTorn(nil) || !superblockTorn(make([]byte, 4096)) {
		t.Error("nothing has a superblock")
	}
	if _, err := mend(t.Context(), dir, make([]byte, 1<<20)); !errors.Is(err, errFileSystem) {
		t.Errorf("zeroes: %v", err)
	}
}

// Journals on a file system that no QEMU has seen: what debugfs copies out is what was written.
func TestRecoverFromImage(t *testing.T) { // R11
	tools(t)
	dir := t.TempDir()
	files := filepath.Join(dir, "files")
	if err := os.Mkdir(files, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := openStore(files, false)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, "a", 30)
	fill(t, s, "b", 0)
	path := filepath.Join(dir, "image")
	if err := os.WriteFile(path, make([]byte, 24<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-g", "4096", "-d", files, path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l := make(ledger)
	l.hear(message{Kind: sayAck, Journal: "a", Number: 30})
	l.hear(message{Kind: sayCreated, Journal: "b"})
	look := filepath.Join(dir, "look")
	for name, image := range map[string][]byte{
		"whole":           image,
		"torn superblock": flipped(image, 3*512),
	} {
		found, err := exhaustiveCommand{}.recover(t.Context(), look, image)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if o := l.compare(found, digestOf); o.Lost != 0 || o.Unreadable != 0 || len(found) != 2 {
			t.Errorf("%s: %+v", name, o)
		}
	}
	l.hear(message{Kind: sayAck, Journal: "a", Number: 31})
	found, err := exhaustiveCommand{}.recover(t.Context(), look, image)
	if err != nil {
		t.Fatal(err)
	}
	if o := l.compare(found, digestOf); o.Lost != 1 {
		t.Errorf("a promised record that is not there: %+v", o)
	}
	if _, err := (exhaustiveCommand{}).recover(t.Context(), look, make([]byte, 1<<20)); !errors.Is(err, errFileSystem) {
		t.Errorf("zeroes: %v", err)
	}
}

func flipped(image []byte, at int) []byte {
	out := bytes.Clone(image)
	out[at] ^= 0xFF
	return out
}
