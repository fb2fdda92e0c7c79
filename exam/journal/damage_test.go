package journal_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"emtihan/exam/journal"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

const pageSize = 4096

// sample is a journal of two commits.
type sample struct {
	path   string
	data   []byte
	all    content
	before content // after the first of the two commits
}

func makeSample(t *testing.T, records, length, blob int) sample {
	t.Helper()
	if os.Getpagesize() != pageSize {
		t.Skip("the offsets of this test are those of pages of 4096 bytes")
	}
	j, err := journal.Create(filepath.Join(t.TempDir(), "sample.journal"), testID, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := sample{path: j.Path()}
	r := rand.New(rand.NewPCG(7, 7))
	entries := make([]journal.Entry, records)
	for i := range entries {
		entries[i].Record = make([]byte, length)
		for k := range length {
			entries[i].Record[k] = byte(r.Uint32())
		}
	}
	entries[0].Blobs = [][]byte{bytes.Repeat([]byte{0xA5}, blob)}
	write := func(e []journal.Entry) content {
		if _, err := j.Append(e...); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		return wholly(t, s.path)
	}
	s.before = write(entries[:records-1])
	if j, err = journal.Open(s.path, journal.Options{}); err != nil {
		t.Fatal(err)
	}
	s.all = write(entries[records-1:])
	if s.data, err = os.ReadFile(s.path); err != nil {
		t.Fatal(err)
	}
	return s
}

// newerMeta returns where the meta page in force begins.
func newerMeta(data []byte) int {
	txid := func(page int) uint64 { return binary.NativeEndian.Uint64(data[page*pageSize+64:]) }
	if txid(1) > txid(0) {
		return pageSize
	}
	return 0
}

// Every byte of a small journal is flipped. Either the journal says that it is damaged, or the flip changes nothing that
// is read. One window is documented: damage to the meta page in force looks like a commit that the power cut tore.
func TestEveryByteFlipped(t *testing.T) { // R22
	samples := map[string][3]int{
		"in one page":   {4, 20, 40},
		"in many pages": {150, 30, 5000},
	}
	for name, size := range samples {
		t.Run(name, func(t *testing.T) {
			s := makeSample(t, size[0], size[1], size[2])
			meta := newerMeta(s.data)
			f, err := os.OpenFile(s.path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			detected, harmless, takenBack := 0, []int(nil), 0
			try := func(at int, flip byte) {
				if _, err := f.WriteAt([]byte{s.data[at] ^ flip}, int64(at)); err != nil {
					t.Fatal(err)
				}
				got, err := read(s.path)
				switch {
				case errors.Is(err, journal.ErrDamaged):
					detected++
				case err != nil:
					t.Errorf("byte %d ^ %#x: %v, which does not say that it is damaged", at, flip, err)
				case cmp.Equal(got, s.all):
					harmless = append(harmless, at)
				case cmp.Equal(got, s.before) && at >= meta && at < meta+80:
					takenBack++
				default:
					t.Errorf("byte %d ^ %#x goes unseen and changes what is read", at, flip)
				}
				if _, err := f.WriteAt(s.data[at:at+1], int64(at)); err != nil {
					t.Fatal(err)
				}
			}
			step := 1
			if testing.Short() {
				step = 17
			}
			for at := 0; at < len(s.data); at += step {
				// Unused pages and tails are long and all alike.
				if at%64 != 0 && len(harmless) > 0 && unused(s.data, at) {
					continue
				}
				if at%2 == 0 {
					try(at, 0xFF)
				} else {
					try(at, 1<<(at/2%8))
				}
			}
			t.Logf("%d bytes: %d flips detected, %d harmless, %d took the last commit back", len(s.data), detected, len(harmless), takenBack)
			if step == 1 && (detected < size[0]*(size[1]+32) || takenBack == 0) {
				t.Errorf("only %d flips detected, %d took the last commit back", detected, takenBack)
			}

			// What goes unseen must not do harm later either.
			r := rand.New(rand.NewPCG(3, 3))
			for range 20 {
				at := harmless[r.IntN(len(harmless))]
				broken := slices.Clone(s.data)
				broken[at] ^= 0xFF
				path := filepath.Join(t.TempDir(), "b.journal")
				if err := os.WriteFile(path, broken, 0o600); err != nil {
					t.Fatal(err)
				}
				j, err := journal.Open(path, journal.Options{})
				if errors.Is(err, journal.ErrDamaged) {
					continue // the other flip of this byte was the harmless one
				}
				if err != nil {
					t.Fatal(err)
				}
				add(t, j, "one more", "and one")
				if err := j.Close(); err != nil {
					t.Fatalf("byte %d flipped, then written: %v", at, err)
				}
				got := wholly(t, path).Records
				if !slices.Equal(got, append(slices.Clone(s.all.Records), "one more", "and one")) && at/pageSize > 1 {
					t.Errorf("byte %d flipped, then written: %d records", at, len(got))
				}
			}
		})
	}
}

// unused reports whether the byte lies in a long run of zeroes.
func unused(data []byte, at int) bool {
	lo, hi := max(0, at-256), min(len(data), at+256)
	return !slices.ContainsFunc(data[lo:hi], func(b byte) bool { return b != 0 })
}

func TestTruncated(t *testing.T) {
	s := makeSample(t, 150, 30, 5000)
	sizes := []int{0, 1, 511, 8192, 12288, 15872, len(s.data) - 1}
	for n := 0; n < len(s.data); n += pageSize {
		sizes = append(sizes, n, n+1, n+pageSize/2+7)
	}
	path := filepath.Join(t.TempDir(), "cut.journal")
	refused := 0
	for _, n := range sizes {
		for name, open := range openers {
			if err := os.WriteFile(path, s.data[:n], 0o600); err != nil {
				t.Fatal(err)
			}
			err := open(path)
			if err == nil {
				// Only pages that nothing refers to may be missing.
				if got := wholly(t, path); !cmp.Equal(got, s.all) {
					t.Errorf("%s of %d bytes of %d: opened, and reads differently", name, n, len(s.data))
				}
				continue
			}
			refused++
			if !errors.Is(err, journal.ErrDamaged) {
				t.Errorf("%s of %d bytes of %d: %v, which does not say that it is damaged", name, n, len(s.data), err)
			}
			if got, _ := os.ReadFile(path); !bytes.Equal(got, s.data[:n]) {
				t.Errorf("%s of %d bytes of %d has changed the file", name, n, len(s.data))
			}
		}
	}
	if refused < len(sizes) {
		t.Errorf("%d of %d openings refused", refused, 2*len(sizes))
	}
}

// meta builds a valid meta page.
func meta(page int, root, freelist, pages, txid uint64) []byte {
	b := make([]byte, pageSize)
	order := binary.NativeEndian
	order.PutUint64(b, uint64(page))
	order.PutUint16(b[8:], 4)
	m := b[16:]
	order.PutUint32(m, 0xED0CDAED)
	order.PutUint32(m[4:], 2)
	order.PutUint32(m[8:], pageSize)
	order.PutUint64(m[16:], root)
	order.PutUint64(m[32:], freelist)
	order.PutUint64(m[40:], pages)
	order.PutUint64(m[48:], txid)
	sum := fnv.New64a()
	sum.Write(m[:56])
	order.PutUint64(m[56:], sum.Sum64())
	return b
}

func page(id int, flags, count uint16, overflow uint32, elements ...uint32) []byte {
	b := make([]byte, pageSize)
	order := binary.NativeEndian
	order.PutUint64(b, uint64(id))
	order.PutUint16(b[8:], flags)
	order.PutUint16(b[10:], count)
	order.PutUint32(b[12:], overflow)
	for i, e := range elements {
		order.PutUint32(b[16+4*i:], e)
	}
	return b
}

// Files that bbolt itself would loop on, fault on or die of.
func TestHostileFiles(t *testing.T) {
	free := page(2, 0x10, 0, 0)
	metas := func(root, freelist, pages uint64) []byte {
		return slices.Concat(meta(0, root, freelist, pages, 0), meta(1, root, freelist, pages, 1))
	}
	bolt := func(fill func(tx *bbolt.Tx) error) []byte {
		path := filepath.Join(t.TempDir(), "bolt")
		db, err := bbolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Update(fill); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	files := map[string][]byte{
		"empty":                       {},
		"two pages left by full disk": metas(3, 2, 4),
		"zeroes":                      make([]byte, 8*pageSize),
		"ones":                        bytes.Repeat([]byte{0xFF}, 8*pageSize),
		"text":                        bytes.Repeat([]byte("ИИН;Фамилия;Имя\n"), 2000),
		"ring of one page":            slices.Concat(metas(3, 2, 4), free, page(3, 1, 1, 0, 16, 1, 3, 0)),
		"ring of two pages":           slices.Concat(metas(3, 2, 5), free, page(3, 1, 1, 0, 16, 1, 4, 0), page(4, 1, 1, 0, 16, 1, 3, 0)),
		"root outside":                slices.Concat(metas(1<<40, 2, 4), free, page(3, 2, 0, 0)),
		"free list outside":           slices.Concat(metas(3, 1<<40, 4), free, page(3, 2, 0, 0)),
		"child outside":               slices.Concat(metas(3, 2, 4), free, page(3, 1, 1, 0, 16, 1, 1<<30, 1<<20)),
		"branch of nothing":           slices.Concat(metas(3, 2, 4), free, page(3, 1, 0, 0)),
		"key outside":                 slices.Concat(metas(3, 2, 4), free, page(3, 2, 1, 0, 1, 1<<31, 8, 8)),
		"value outside":               slices.Concat(metas(3, 2, 4), free, page(3, 2, 1, 0, 1, 16, 4, 1<<31)),
		"lengths that overflow":       slices.Concat(metas(3, 2, 4), free, page(3, 2, 1, 0, 1, 1<<32-8, 16, 8)),
		"more elements than room":     slices.Concat(metas(3, 2, 4), free, page(3, 2, 0xFFFF, 0)),
		"run past the end":            slices.Concat(metas(3, 2, 4), free, page(3, 2, 0, 1<<32-1)),
		"free list without end":       slices.Concat(metas(3, 2, 4), page(2, 0x10, 0, 1<<32-1), page(3, 2, 0, 0)),
		"free list of used pages":     slices.Concat(metas(3, 2, 4), page(2, 0x10, 1, 0, 3), page(3, 2, 0, 0)),
		"bucket cut off":              slices.Concat(metas(3, 2, 4), free, page(3, 2, 1, 0, 1, 16, 4, 8)),
		"page of a bucket cut off":    slices.Concat(metas(3, 2, 4), free, page(3, 2, 1, 0, 1, 16, 4, 20)),
		"journal without buckets":     slices.Concat(metas(3, 2, 4), free, page(3, 2, 0, 0)),
		"somebody else's bolt file":   bolt(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err }),
		"a later format": bolt(func(tx *bbolt.Tx) error {
			for _, name := range []string{"records", "blobs", "meta"} {
				if _, err := tx.CreateBucket([]byte(name)); err != nil {
					return err
				}
			}
			return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte("emtihan-journal-2"))
		}),
		"bucket among the records": bolt(func(tx *bbolt.Tx) error {
			for _, name := range []string{"records", "blobs", "meta"} {
				if _, err := tx.CreateBucket([]byte(name)); err != nil {
					return err
				}
			}
			if _, err := tx.Bucket([]byte("records")).CreateBucket([]byte("\x00\x00\x00\x00\x00\x00\x00\x01")); err != nil {
				return err
			}
			return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte("emtihan-journal-1"))
		}),
	}
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hostile.journal")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			for kind, open := range openers {
				err := open(path)
				var damaged *journal.DamagedError
				if !errors.As(err, &damaged) || damaged.Path != path || damaged.Why == "" {
					t.Errorf("%s: %v, want a DamagedError that says why", kind, err)
				}
				// The second time shows whether the first has left a lock behind.
				if again := open(path); !errors.Is(again, journal.ErrDamaged) {
					t.Errorf("%s again: %v", kind, again)
				}
			}
		})
	}
}

func TestDamagedErrorSaysWhere(t *testing.T) {
	s := makeSample(t, 150, 30, 5000)
	broken := slices.Clone(s.data)
	at := bytes.Index(broken, []byte(s.all.Records[99]))
	if at < 0 {
		t.Fatal("record 100 is not in the file")
	}
	// Old pages may hold the record too; only the one in force counts.
	for ; at >= 0; at = bytes.Index(broken, []byte(s.all.Records[99])) {
		broken[at] ^= 1
	}
	if err := os.WriteFile(s.path, broken, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := journal.OpenReader(s.path)
	var damaged *journal.DamagedError
	if !errors.As(err, &damaged) || damaged.Seq != 100 || !strings.Contains(err.Error(), "record 100") {
		t.Errorf("%v, want it to name record 100", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(4, uint16(0), byte(1))
	f.Add(3*pageSize+16, uint16(40), byte(0xFF))
	dir := f.TempDir()
	j, err := journal.Create(filepath.Join(dir, "seed"), testID, journal.Options{})
	if err != nil {
		f.Fatal(err)
	}
	for i := range 60 {
		if _, err := j.Append(journal.Entry{Record: bytes.Repeat([]byte{byte(i)}, 60), Blobs: [][]byte{{byte(i)}}}); err != nil {
			f.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(j.Path())
	if err != nil {
		f.Fatal(err)
	}
	want, err := read(j.Path())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, at int, length uint16, flip byte) {
		if at < 2*pageSize || at >= len(whole) {
			return
		}
		data := slices.Clone(whole)
		for i := at; i < min(len(data), at+int(length)+1); i++ {
			data[i] ^= flip
		}
		path := filepath.Join(t.TempDir(), "fuzzed")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := read(path)
		if err != nil && !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("%v, which does not say that it is damaged", err)
		}
		if err == nil && !cmp.Equal(got, want) {
			t.Error("the damage goes unseen and changes what is read")
		}
	})
}
