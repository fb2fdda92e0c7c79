package journal_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"emtihan/exam/journal"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A testing.T or a rapid.T.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

const testID = "0190f5b2-0000-7000-8000-000000000001"

// content is what a reader finds in a journal.
type content struct {
	ID      string
	Records []string
	Blobs   map[journal.Hash]string
	Head    journal.Hash
}

// read opens the file for reading, which verifies it, and returns all of it.
func read(path string) (content, error) {
	r, err := journal.OpenReader(path)
	if err != nil {
		return content{}, err
	}
	defer r.Close()
	c := content{ID: r.Summary().ID, Head: r.Summary().Head, Blobs: make(map[journal.Hash]string)}
	err = r.Records(func(seq uint64, record []byte) error {
		if want := uint64(len(c.Records)) + 1; seq != want {
			return fmt.Errorf("record %d comes where %d belongs", seq, want)
		}
		c.Records = append(c.Records, string(record))
		return nil
	})
	if err != nil {
		return c, err
	}
	return c, r.Blobs(func(sum journal.Hash, blob []byte) error { c.Blobs[sum] = string(blob); return nil })
}

// wholly reads a journal that must be whole, and recomputes its chain without the package's own verification.
func wholly(t tester, path string) content {
	t.Helper()
	c, err := read(path)
	if err != nil {
		t.Fatalf("the journal is not whole: %v", err)
	}
	head := sha256.Sum256([]byte("emtihan-journal-1\x00" + c.ID))
	for _, r := range c.Records {
		head = sha256.Sum256(append(head[:], r...))
	}
	if c.Head != head {
		t.Fatalf("the head is %x, the records give %x", c.Head, head)
	}
	return c
}

func create(t *testing.T, opt journal.Options) *journal.Journal {
	t.Helper()
	j, err := journal.Create(filepath.Join(t.TempDir(), "a.journal"), testID, opt)
	if err != nil {
		t.Fatal(err)
	}
	return verifiedAtEnd(t, j)
}

// verifiedAtEnd makes every test of a journal end in a full verification.
func verifiedAtEnd(t *testing.T, j *journal.Journal) *journal.Journal {
	t.Cleanup(func() {
		j.Close()
		wholly(t, j.Path())
	})
	return j
}

func reopen(t *testing.T, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return verifiedAtEnd(t, j)
}

func add(t tester, j *journal.Journal, records ...string) uint64 {
	t.Helper()
	var entries []journal.Entry
	for _, r := range records {
		entries = append(entries, journal.Entry{Record: []byte(r)})
	}
	seq, err := j.Append(entries...)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return seq
}

// await waits for the condition, for at most half a minute.
func await(t tester, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

func awaitDurable(t tester, j *journal.Journal) {
	t.Helper()
	await(t, "everything appended is durable", func() bool { s := j.Status(); return s.Durable == s.Appended && s.Err == nil })
}

func TestAppendAndReopen(t *testing.T) { // R11
	j := create(t, journal.Options{})
	if got := j.Next(); got != 1 {
		t.Errorf("the first record will be %d", got)
	}
	if got := add(t, j, "one", "", "three"); got != 3 {
		t.Errorf("the last of three records is %d", got)
	}
	frame := bytes.Repeat([]byte("frame"), 5000) // longer than a page
	if _, err := j.Append(journal.Entry{Record: []byte("four"), Blobs: [][]byte{frame, {}, frame}}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if _, err := j.Append(journal.Entry{Record: []byte("late")}); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("append after close: %v", err)
	}

	j = reopen(t, j.Path())
	if j.ID() != testID || j.Next() != 5 {
		t.Errorf("reopened: id %q, next %d", j.ID(), j.Next())
	}
	add(t, j, "five")
	awaitDurable(t, j)
	sum, err := j.Verify()
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	got := wholly(t, j.Path())
	want := content{
		ID: testID, Records: []string{"one", "", "three", "four", "five"}, Head: sum.Head,
		Blobs: map[journal.Hash]string{sha256.Sum256(frame): string(frame), sha256.Sum256(nil): ""},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("read back (-want +got):\n%s", d)
	}
	if sum.ID != testID || sum.Records != 5 {
		t.Errorf("summary of the open journal: %+v", sum)
	}
}

func TestChainIsAsDocumented(t *testing.T) { // R22
	head := sha256.Sum256([]byte("emtihan-journal-1\x00" + testID))
	if journal.Genesis(testID) != head {
		t.Error("genesis")
	}
	if want := sha256.Sum256(append(head[:], "record"...)); journal.Link(head, []byte("record")) != want {
		t.Error("link")
	}
}

func TestRecordsStopsAtTheCallersError(t *testing.T) {
	j := create(t, journal.Options{})
	add(t, j, "one", "two", "three")
	awaitDurable(t, j)
	enough := errors.New("enough")
	calls := 0
	err := j.Records(func(seq uint64, _ []byte) error {
		if calls++; seq == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || calls != 2 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestCreateRefusesWhatIsThere(t *testing.T) {
	j := create(t, journal.Options{})
	if _, err := journal.Create(j.Path(), "another", journal.Options{}); !errors.Is(err, journal.ErrExists) {
		t.Errorf("create over a journal: %v", err)
	}
}

func TestCreateClearsTheTraceOfACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.journal")
	if err := os.WriteFile(path+".new", make([]byte, 8192), 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Create(path, testID, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	verifiedAtEnd(t, j)
	if _, err := os.Stat(path + ".new"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the temporary file is still there: %v", err)
	}
}

func TestOpenOfNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.journal")
	for name, open := range openers {
		if err := open(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening has made a file: %v", err)
	}
	if _, err := journal.Create(filepath.Join(path, "in", "none"), testID, journal.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("create in a folder that is not there: %v", err)
	}
}

func TestSecondOpener(t *testing.T) {
	j := create(t, journal.Options{})
	for name, open := range openers {
		if err := open(j.Path()); !errors.Is(err, journal.ErrInUse) || errors.Is(err, journal.ErrDamaged) {
			t.Errorf("%s while it is written: %v, want in use", name, err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := journal.OpenReader(j.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	second, err := journal.OpenReader(j.Path())
	if err != nil {
		t.Fatalf("two readers: %v", err)
	}
	defer second.Close()
	if _, err := journal.Open(j.Path(), journal.Options{}); !errors.Is(err, journal.ErrInUse) {
		t.Errorf("writing while it is read: %v", err)
	}
}

var openers = map[string]func(string) error{
	"Open": func(path string) error {
		j, err := journal.Open(path, journal.Options{})
		if err == nil {
			j.Close()
		}
		return err
	},
	"OpenReader": func(path string) error {
		r, err := journal.OpenReader(path)
		if err == nil {
			r.Close()
		}
		return err
	},
}

// faulty is a disk whose commits fail while err is set.
type faulty struct{ err atomic.Pointer[error] }

func (f *faulty) fail(err error) { f.err.Store(&err) }
func (f *faulty) heal()          { f.err.Store(nil) }

func (f *faulty) options() journal.Options {
	return journal.Options{RetryEvery: time.Millisecond, BeforeCommit: func() error {
		if err := f.err.Load(); err != nil {
			return *err
		}
		return nil
	}}
}

func TestDiskFailsForAWhile(t *testing.T) { // R11
	var disk faulty
	opt := disk.options()
	var mu sync.Mutex
	var seen []journal.Status
	opt.OnStatus = func(s journal.Status) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, s)
	}
	j := create(t, opt)
	add(t, j, "before")
	awaitDurable(t, j)

	disk.fail(fmt.Errorf("write: %w", syscall.ENOSPC))
	want := []string{"before"}
	for i := range 50 {
		want = append(want, fmt.Sprint("during ", i))
		add(t, j, want[len(want)-1])
	}
	await(t, "the failure is told", func() bool { return j.Status().Err != nil })
	s := j.Status()
	if s.Appended != 51 || s.Durable != 1 || !journal.IsFull(s.Err) || journal.IsReadOnly(s.Err) {
		t.Errorf("status on a full disk: %+v", s)
	}
	await(t, "several tries", func() bool { mu.Lock(); defer mu.Unlock(); return len(seen) > 5 })

	disk.heal()
	awaitDurable(t, j)
	want = append(want, "after")
	add(t, j, "after")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, wholly(t, j.Path()).Records); d != "" {
		t.Errorf("after the failure (-want +got):\n%s", d)
	}
	mu.Lock()
	defer mu.Unlock()
	for i, s := range seen {
		if s.Durable > s.Appended || i > 0 && s.Durable < seen[i-1].Durable {
			t.Errorf("status %d says %d of %d are durable", i, s.Durable, s.Appended)
		}
	}
}

func TestCloseOnAFailedDisk(t *testing.T) {
	var disk faulty
	j := create(t, disk.options())
	add(t, j, "kept")
	awaitDurable(t, j)
	disk.fail(syscall.EROFS)
	add(t, j, "lost", "lost too")
	err := j.Close()
	if err == nil || !strings.Contains(err.Error(), "2 records") || !journal.IsReadOnly(err) {
		t.Errorf("close with two records unwritten: %v", err)
	}
	if got := wholly(t, j.Path()).Records; len(got) != 1 || got[0] != "kept" {
		t.Errorf("records: %q", got)
	}
}

// A file that changes places while the disk is in trouble must not be continued: its chain would be whole and wrong.
func TestAnotherFileAfterAFailure(t *testing.T) {
	tests := map[string]struct {
		id      string
		records []string
	}{
		"an older copy":   {testID, []string{"one"}},
		"a longer one":    {testID, []string{"one", "two", "x", "y", "z"}},
		"another journal": {"another", []string{"one", "two"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			one, another := filepath.Join(dir, "a.journal"), filepath.Join(dir, "b.journal")
			var change atomic.Bool
			j, err := journal.Create(one, testID, journal.Options{RetryEvery: time.Millisecond, BeforeCommit: func() error {
				if !change.CompareAndSwap(true, false) {
					return nil
				}
				if err := os.Rename(another, one); err != nil {
					t.Error(err)
				}
				return syscall.EIO
			}})
			if err != nil {
				t.Fatal(err)
			}
			add(t, j, "one", "two")
			awaitDurable(t, j)
			other, err := journal.Create(another, tt.id, journal.Options{})
			if err != nil {
				t.Fatal(err)
			}
			add(t, other, tt.records...)
			if err := other.Close(); err != nil {
				t.Fatal(err)
			}
			change.Store(true)
			add(t, j, "three")
			await(t, "the change is told", func() bool { return errors.Is(j.Status().Err, journal.ErrDamaged) })
			if err := j.Close(); err == nil || !strings.Contains(err.Error(), "changed places") {
				t.Errorf("close: %v", err)
			}
			if d := cmp.Diff(tt.records, wholly(t, j.Path()).Records); d != "" {
				t.Errorf("the other file was written (-want +got):\n%s", d)
			}
		})
	}
}

// A commit can report an error and be on the disk all the same: its records must not be written twice.
func TestFailedCommitThatReachedTheDisk(t *testing.T) { // R11
	dir := t.TempDir()
	one, reached := filepath.Join(dir, "a.journal"), filepath.Join(dir, "b.journal")
	var fail atomic.Bool
	j, err := journal.Create(one, testID, journal.Options{RetryEvery: time.Millisecond, BeforeCommit: func() error {
		if !fail.CompareAndSwap(true, false) {
			return nil
		}
		if err := os.Rename(reached, one); err != nil {
			t.Error(err)
		}
		return syscall.EIO
	}})
	if err != nil {
		t.Fatal(err)
	}
	verifiedAtEnd(t, j)
	add(t, j, "one", "two")
	awaitDurable(t, j)
	other, err := journal.Create(reached, testID, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	add(t, other, "one", "two", "three")
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	fail.Store(true)
	add(t, j, "three", "four")
	awaitDurable(t, j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"one", "two", "three", "four"}, wholly(t, one).Records); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestGroupCommitUnderConcurrency(t *testing.T) { // R11
	const writers, units = 8, 60
	var commits atomic.Int64
	j := create(t, journal.Options{BeforeCommit: func() error { commits.Add(1); return nil }})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(w)))
			for u := range units {
				n := 1 + r.IntN(3)
				var entries []journal.Entry
				for i := range n {
					entries = append(entries, journal.Entry{Record: fmt.Appendf(nil, "%d %d %d/%d", w, u, i, n)})
				}
				if _, err := j.Append(entries...); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := j.Verify(); err != nil {
					t.Errorf("verify while it is written: %v", err)
				}
				j.ID()
				if err := j.Records(func(uint64, []byte) error { return nil }); err != nil {
					t.Errorf("read while it is written: %v", err)
				}
			}
		})
	}
	wg.Wait()
	awaitDurable(t, j)
	close(stop)
	readers.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	records := wholly(t, j.Path()).Records
	next := make([]int, writers)
	for at := 0; at < len(records); {
		var w, u, i, n int
		if _, err := fmt.Sscanf(records[at], "%d %d %d/%d", &w, &u, &i, &n); err != nil {
			t.Fatal(err)
		}
		if u != next[w] || i != 0 {
			t.Fatalf("record %d is %q, writer %d goes on with unit %d", at+1, records[at], w, next[w])
		}
		for k := range n {
			if want := fmt.Sprintf("%d %d %d/%d", w, u, k, n); records[at+k] != want {
				t.Fatalf("record %d is %q in the middle of a unit, want %q", at+k+1, records[at+k], want)
			}
		}
		next[w]++
		at += n
	}
	for w, n := range next {
		if n != units {
			t.Errorf("writer %d: %d units of %d", w, n, units)
		}
	}
	if c := commits.Load(); c >= writers*units {
		t.Errorf("%d commits for %d units: nothing was grouped", c, writers*units)
	}
}

// The journal against a slice: what was durable when the program died is there, in order, and nothing else.
func TestModel(t *testing.T) { // R11
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		path := filepath.Join(dir, fmt.Sprint(n))
		var disk faulty
		j, err := journal.Create(path, testID, disk.options())
		if err != nil {
			rt.Fatalf("create: %v", err)
		}
		var model []string
		var durable uint64
		failing := false
		same := func() {
			rt.Helper()
			var got []string
			if err := j.Records(func(_ uint64, r []byte) error { got = append(got, string(r)); return nil }); err != nil {
				rt.Fatalf("records: %v", err)
			}
			if d := cmp.Diff(model[:durable:durable], got[:len(got):len(got)]); d != "" && len(got)+int(durable) > 0 {
				rt.Fatalf("(-model +journal):\n%s", d)
			}
		}
		restart := func(crash bool) {
			err := j.Close()
			if lost := uint64(len(model)) - durable; (err != nil) != (lost > 0) {
				rt.Fatalf("close with %d records unwritten: %v", lost, err)
			}
			if crash || failing {
				model = model[:durable]
			}
			disk.heal()
			failing = false
			if j, err = journal.Open(path, disk.options()); err != nil {
				rt.Fatalf("open: %v", err)
			}
			if got, want := j.Next(), uint64(len(model))+1; got != want {
				rt.Fatalf("next is %d, the model says %d", got, want)
			}
			same()
		}
		rt.Repeat(map[string]func(*rapid.T){
			"append": func(rt *rapid.T) {
				unit := rapid.SliceOfN(rapid.StringN(0, 40, 400), 1, 5).Draw(rt, "unit")
				add(rt, j, unit...)
				model = append(model, unit...)
				if !failing {
					awaitDurable(rt, j)
					durable = uint64(len(model))
				}
			},
			"blob": func(rt *rapid.T) {
				b := rapid.SliceOfN(rapid.Byte(), 0, 9000).Draw(rt, "blob")
				if _, err := j.Append(journal.Entry{Record: []byte("blob"), Blobs: [][]byte{b}}); err != nil {
					rt.Fatalf("append: %v", err)
				}
				model = append(model, "blob")
				if !failing {
					awaitDurable(rt, j)
					durable = uint64(len(model))
				}
			},
			"disk fails": func(*rapid.T) {
				disk.fail(syscall.ENOSPC)
				failing = true
			},
			"disk heals": func(rt *rapid.T) {
				disk.heal()
				failing = false
				awaitDurable(rt, j)
				durable = uint64(len(model))
				same()
			},
			"verify": func(rt *rapid.T) {
				if j.Status().Err != nil {
					rt.Skip("the file is closed while the disk is in trouble")
				}
				sum, err := j.Verify()
				if failing && errors.Is(err, journal.ErrClosed) {
					return // the writer has met the failure meanwhile
				}
				if err != nil || sum.Records != durable {
					rt.Fatalf("verify: %d records, %v; the model says %d", sum.Records, err, durable)
				}
			},
			"close and open": func(*rapid.T) { restart(false) },
			"die": func(*rapid.T) {
				disk.fail(syscall.EIO) // what is queued never reaches the disk
				restart(true)
			},
		})
		disk.heal()
		if err := j.Close(); err != nil {
			rt.Fatalf("close: %v", err)
		}
		wholly(rt, path)
		os.Remove(path)
	})
}
