package journal_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/disk/disktest"
	"emtihan/exam/vault"

	"github.com/google/go-cmp/cmp"
)

func keysIn(t *testing.T, dir string) *vault.Vault {
	t.Helper()
	keys, err := vault.Open(dir, vault.Options{Credentials: "-"})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// flip changes a bit of a file.
func flip(t *testing.T, path string, at int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[at] ^= 8
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// withPhoto makes a closed journal of two records in two places, the first with a photo that lies behind a snapshot.
func withPhoto(t *testing.T) (keys *vault.Vault, first, second string, photo []byte) {
	t.Helper()
	dir := t.TempDir()
	keys = keysIn(t, dir)
	first, second, photo = filepath.Join(dir, "a.journal"), filepath.Join(dir, "b.journal"), bytes.Repeat([]byte("p"), 30_000)
	j, err := journal.Create(first, "x", journal.Options{Vault: keys, Second: second})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		e := journal.Entry{Record: fmt.Appendf(nil, "record %d", i+1)}
		if i == 0 {
			e.Blobs = [][]byte{photo}
		}
		if _, err := j.Append(e); err != nil {
			t.Fatal(err)
		}
		caughtUp(t, j)
		if err := j.PutSnapshot([]byte("snapshot")); err != nil {
			t.Fatal(err)
		}
	}
	closed(t, j)
	return keys, first, second, photo
}

// inThePhoto is a byte of the first record's blob in the file.
const inThePhoto = journal.FirstFrame + 5000

// Damage that lies far back is not met when a journal is opened. What is asked for comes from the other place, and the damaged
// file is made whole while the journal goes on. R11
func TestOldDamageIsHealed(t *testing.T) {
	for i, which := range []string{"first", "second"} {
		t.Run(which, func(t *testing.T) {
			keys, first, second, photo := withPhoto(t)
			paths := []string{first, second}
			flip(t, paths[i], inThePhoto)
			j, err := journal.Open(first, journal.Options{Vault: keys, Second: second})
			if err != nil {
				t.Fatal(err)
			}
			got, err := j.Blob(sha256.Sum256(photo))
			if err != nil || !bytes.Equal(got, photo) {
				t.Errorf("the photo: %d bytes, %v", len(got), err)
			}
			var records, blobs int
			err = errors.Join(
				j.Records(func(seq uint64, _ []byte) error {
					if records++; uint64(records) != seq {
						t.Errorf("record %d comes as the %d-th", seq, records)
					}
					return nil
				}),
				j.Blobs(func(journal.Hash, []byte) error { blobs++; return nil }),
			)
			if err != nil || records != 2 || blobs != 1 {
				t.Errorf("%d records, %d blobs, %v", records, blobs, err)
			}
			if sum, err := j.Verify(); err != nil || sum.Records != 2 || sum.Blobs != 1 {
				t.Errorf("verified: %+v, %v", sum, err)
			}
			await(t, "the healing", func() bool { return j.Status().Places[i].Healed == 1 })
			caughtUp(t, j)
			if s := j.Status().Places[i]; s.Damage != "" || s.Aside != paths[i]+".damaged-1" {
				t.Errorf("%+v", s)
			}
			if _, err := j.Append(journal.Entry{Record: []byte("after")}); err != nil {
				t.Fatal(err)
			}
			caughtUp(t, j)
			closed(t, j)
			for _, p := range paths {
				r, err := journal.OpenReader(p, keys)
				if err != nil {
					t.Fatal(err)
				}
				if n := r.Summary().Records; n != 3 {
					t.Errorf("%s has %d records", p, n)
				}
				r.Close()
			}
		})
	}
}

// Where no other place is whole, old damage is an error, and writing goes on.
func TestOldDamageWithoutAnotherPlace(t *testing.T) {
	keys, first, second, photo := withPhoto(t)
	flip(t, first, inThePhoto)
	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(first, journal.Options{Vault: keys})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Blob(sha256.Sum256(photo)); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("the photo: %v", err)
	}
	if _, err := j.Verify(); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("verified: %v", err)
	}
	if _, err := j.Append(journal.Entry{Record: []byte("after")}); err != nil {
		t.Fatal(err)
	}
	caughtUp(t, j)
	closed(t, j)
}

// While a damaged file cannot be made anew it goes on being written, and is told.
func TestHealingWaitsForRoom(t *testing.T) {
	keys, first, second, _ := withPhoto(t)
	flip(t, first, inThePhoto)
	var blocked atomic.Bool
	blocked.Store(true)
	fsys := disktest.NewFault(disk.OS, func(op disktest.Op) disktest.Outcome {
		if blocked.Load() && strings.HasSuffix(op.Path, ".new") {
			return disktest.Full
		}
		return disktest.OK
	})
	j, err := journal.Open(first, journal.Options{Vault: keys, Second: second, FS: fsys, RetryEvery: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Verify(); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if _, err := j.Append(journal.Entry{Record: fmt.Appendf(nil, "%d", i)}); err != nil {
			t.Fatal(err)
		}
		caughtUp(t, j)
	}
	if s := j.Status().Places[0]; s.Damage == "" || s.Healed != 0 {
		t.Errorf("%+v", s)
	}
	blocked.Store(false)
	await(t, "the healing", func() bool {
		if _, err := j.Append(journal.Entry{Record: []byte("room")}); err != nil {
			t.Fatal(err)
		}
		return j.Status().Places[0].Healed == 1
	})
	caughtUp(t, j)
	closed(t, j)
}

// A folder that cannot be synced at the moment at which a file is put aside: whatever is acknowledged afterwards is found under
// the journal's name. R11
func TestPuttingAsideFails(t *testing.T) {
	for _, often := range []int{1, 2, 3, 4} {
		keys, paths := twoTornEnds(t)
		var mu sync.Mutex
		armed, failures := false, 0
		fsys := disktest.NewFault(disk.OS, func(op disktest.Op) disktest.Outcome {
			mu.Lock()
			defer mu.Unlock()
			armed = armed || op.Call == disktest.CallRename && strings.Contains(op.Path, ".damaged-")
			if armed && op.Call == disktest.CallSyncDir && failures < often {
				failures++
				return disktest.Broken
			}
			return disktest.OK
		})
		j, err := journal.Open(paths[0], journal.Options{Vault: keys, Second: paths[1], FS: fsys})
		if failures == 0 {
			t.Fatal("the test has lost its way")
		}
		if err == nil {
			if _, err := j.Append(journal.Entry{Record: []byte("acknowledged")}); err != nil {
				t.Fatal(err)
			}
			caughtUp(t, j)
			closed(t, j)
			r, err := journal.OpenReader(paths[0], keys)
			if err != nil {
				t.Fatalf("%d failures: what was acknowledged is not under the journal's name: %v", often, err)
			}
			r.Close()
			continue
		}
		// It did not start. Once the disk is well, everything is there.
		j, err = journal.Open(paths[0], journal.Options{Vault: keys, Second: paths[1]})
		if err != nil {
			t.Fatalf("%d failures: %v", often, err)
		}
		if n := j.Next() - 1; n != 50 {
			t.Errorf("%d failures: %d records", often, n)
		}
		caughtUp(t, j)
		closed(t, j)
	}
}

// A disk that comes back read-only has records that the stick lacks, since that was away: they are not left behind. R11
func TestReadOnlyPlaceWithMore(t *testing.T) {
	dir := t.TempDir()
	keys := keysIn(t, dir)
	here := func(n string) string { return filepath.Join(dir, n) }
	for _, n := range []string{"disk", "stick"} {
		if err := os.Mkdir(here(n), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	first, second := here("disk/a.journal"), here("stick/a.journal")
	write := func(opt journal.Options, n int) {
		t.Helper()
		opt.Vault = keys
		j, err := journal.Open(first, opt)
		if errors.Is(err, fs.ErrNotExist) {
			j, err = journal.Create(first, "x", opt)
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if _, err := j.Append(journal.Entry{Record: fmt.Appendf(nil, "%d", i)}); err != nil {
				t.Fatal(err)
			}
		}
		caughtUp(t, j)
		closed(t, j)
	}
	write(journal.Options{Second: second}, 3)
	readOnly := journal.Options{Vault: keys, Second: second, FS: disktest.NewFault(disk.OS, func(op disktest.Op) disktest.Outcome {
		if strings.HasPrefix(op.Path, here("disk")) {
			return disktest.ReadOnly
		}
		return disktest.OK
	})}
	j, err := journal.Open(first, readOnly)
	if err != nil {
		t.Fatalf("both have the same: %v", err)
	}
	closed(t, j)
	write(journal.Options{Second: second}, 1)
	if err := os.Rename(second, here("away")); err != nil {
		t.Fatal(err)
	}
	write(journal.Options{}, 5)
	if err := os.Rename(here("away"), second); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Open(first, readOnly); !journal.IsReadOnly(err) || !strings.Contains(err.Error(), "no other place has") {
		t.Fatalf("opened without five records: %v", err)
	}
	flip(t, first, journal.FirstFrame+500)
	if _, err := journal.Open(first, readOnly); !journal.IsReadOnly(err) {
		t.Fatalf("damaged, and opened without five records: %v", err)
	}
	flip(t, first, journal.FirstFrame+500)
	write(journal.Options{Second: second}, 1)
	if j, err = journal.Open(first, readOnly); err != nil {
		t.Fatal(err)
	}
	if n := j.Next() - 1; n != 10 {
		t.Errorf("%d records, want 10", n)
	}
	closed(t, j)
}

// One place has old damage, and the other one is put aside, since each was away for a run that wrote nothing: what the damaged
// file lacks is in the one put aside. R11
func TestPutAsideHelpsToHeal(t *testing.T) {
	keys, first, second, photo := withPhoto(t)
	away := func(path string, with journal.Options) {
		t.Helper()
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		with.Vault = keys
		j, err := journal.Open(first, with)
		if err != nil {
			t.Fatal(err)
		}
		closed(t, j)
		_ = os.Remove(path) // made anew meanwhile, or not
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
	}
	away(second, journal.Options{})
	away(first, journal.Options{Second: second})
	flip(t, second, inThePhoto)
	j, err := journal.Open(first, journal.Options{Vault: keys, Second: second})
	if err != nil {
		t.Fatal(err)
	}
	caughtUp(t, j)
	if j.Status().Places[0].Aside == "" {
		t.Fatal("the test has lost its way: nothing was put aside")
	}
	if got, err := j.Blob(sha256.Sum256(photo)); err != nil || !bytes.Equal(got, photo) {
		t.Errorf("the photo: %d bytes, %v", len(got), err)
	}
	if _, err := j.Verify(); err != nil {
		t.Error(err)
	}
	await(t, "the healing", func() bool { return j.Status().Places[1].Healed == 1 })
	caughtUp(t, j)
	closed(t, j)
}

// The computer's disk is damaged and takes no new file, and it alone has the last records: the stick must not stand in for it. R11
func TestDamagedPlaceWithMore(t *testing.T) {
	keys, first, second, _ := withPhoto(t)
	behind, err := os.ReadFile(second)
	if err != nil {
		t.Fatal(err)
	}
	opt := journal.Options{Vault: keys, Second: second}
	j, err := journal.Open(first, opt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(journal.Entry{Record: []byte("only on the disk")}); err != nil {
		t.Fatal(err)
	}
	caughtUp(t, j)
	if err := j.PutSnapshot([]byte("snapshot")); err != nil {
		t.Fatal(err)
	}
	caughtUp(t, j)
	closed(t, j)
	if err := os.WriteFile(second, behind, 0o600); err != nil {
		t.Fatal(err)
	}
	flip(t, first, inThePhoto)
	flip(t, first, journal.HintOffset+100) // so that opening meets the damage
	flip(t, first, journal.HintOffset+journal.HintSize+30)
	flip(t, first, journal.HintOffset+30)
	opt.FS = disktest.NewFault(disk.OS, func(op disktest.Op) disktest.Outcome {
		if strings.HasPrefix(op.Path, first) && strings.HasSuffix(op.Path, ".new") {
			return disktest.Full
		}
		return disktest.OK
	})
	if _, err := journal.Open(first, opt); !errors.Is(err, journal.ErrDamaged) {
		t.Fatalf("opened without the record that only the damaged file has: %v", err)
	}
	opt.FS = nil
	if j, err = journal.Open(first, opt); err != nil {
		t.Fatal(err)
	}
	if n := j.Next() - 1; n != 3 {
		t.Errorf("%d records", n)
	}
	caughtUp(t, j)
	closed(t, j)
}

// The stick was in another computer, whose log has the same name: it is put aside, and nobody is kept from starting.
func TestAnotherComputersFileInTheSecondPlace(t *testing.T) {
	stick := filepath.Join(t.TempDir(), "purged.journal")
	for i := range 3 {
		dir := t.TempDir()
		first, opt := filepath.Join(dir, "purged.journal"), journal.Options{Vault: keysIn(t, dir), Second: stick}
		for range 2 {
			j, err := journal.Open(first, opt)
			if errors.Is(err, fs.ErrNotExist) {
				j, err = journal.Create(first, "x", opt)
			}
			if err != nil {
				t.Fatalf("computer %d: %v", i+1, err)
			}
			if _, err := j.Append(journal.Entry{Record: []byte("x")}); err != nil {
				t.Fatal(err)
			}
			caughtUp(t, j)
			closed(t, j)
		}
	}
	names, err := filepath.Glob(stick + "*")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{stick, stick + ".damaged-1", stick + ".damaged-2"}, names); d != "" {
		t.Error(d)
	}
}

// What is in the first place is never taken for another computer's and replaced.
func TestAnotherComputersFileInTheFirstPlace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.journal")
	j, err := journal.Create(path, "x", journal.Options{Vault: keysIn(t, dir)})
	if err != nil {
		t.Fatal(err)
	}
	closed(t, j)
	others := journal.Options{Vault: keysIn(t, t.TempDir())}
	if _, err := journal.Open(path, others); !errors.Is(err, vault.ErrNoKey) {
		t.Errorf("opened: %v", err)
	}
	if _, err := journal.Create(path, "x", others); !errors.Is(err, journal.ErrExists) {
		t.Errorf("created: %v", err)
	}
}

// A reserve that is given up while a journal is made is told like any other.
func TestReserveGivenUpAtCreation(t *testing.T) {
	dir := t.TempDir()
	reserve := filepath.Join(dir, "reserve")
	if err := os.WriteFile(reserve, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	var once atomic.Bool
	fsys := disktest.NewFault(disk.OS, func(op disktest.Op) disktest.Outcome {
		if op.Call == disktest.CallWrite && once.CompareAndSwap(false, true) {
			return disktest.Full
		}
		return disktest.OK
	})
	var told []exam.StorageChanged
	j, err := journal.Create(filepath.Join(dir, "a.journal"), "x", journal.Options{
		Vault: keysIn(t, dir), Reserve: reserve, FS: fsys,
		OnPlace: func(i int, was, is journal.PlaceStatus) { told = append(told, journal.StorageEvents(i, was, is)...) },
	})
	if err != nil {
		t.Fatal(err)
	}
	closed(t, j)
	if d := cmp.Diff([]exam.StorageChanged{{Place: exam.StorageFirst, State: exam.StorageSpaceShort}}, told); d != "" {
		t.Error(d)
	}
}

func TestStorageEvents(t *testing.T) {
	on := journal.PlaceStatus{State: journal.PlaceOnline}
	for name, tt := range map[string]struct {
		was, is journal.PlaceStatus
		want    []exam.StorageChanged
	}{
		"nothing": {on, on, nil},
		"failed":  {on, journal.PlaceStatus{State: journal.PlaceFailed, Err: errors.New("EIO")}, []exam.StorageChanged{{Place: exam.StorageSecond, State: exam.StorageFailed, Detail: "EIO"}}},
		"damage found": {on, journal.PlaceStatus{State: journal.PlaceOnline, Damage: "byte 7"}, []exam.StorageChanged{
			{Place: exam.StorageSecond, State: exam.StorageFailed, Detail: "byte 7"},
		}},
		"healed": {journal.PlaceStatus{State: journal.PlaceOnline, Damage: "byte 7"}, journal.PlaceStatus{State: journal.PlaceOnline, Healed: 1, Aside: "x.damaged-1"}, []exam.StorageChanged{
			{Place: exam.StorageSecond, State: exam.StorageQuarantined, Detail: "x.damaged-1"}, {Place: exam.StorageSecond, State: exam.StorageRebuilt},
		}},
		"back": {journal.PlaceStatus{State: journal.PlaceAbsent}, on, []exam.StorageChanged{{Place: exam.StorageSecond, State: exam.StorageOnline}}},
	} {
		if d := cmp.Diff(tt.want, journal.StorageEvents(1, tt.was, tt.is)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
