package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/stream"
	"emtihan/exam/sealed/sealedtest"
	"emtihan/exam/vault"
)

// logFile writes a journal of an ended attempt and returns its path and its bytes.
func logFile(tb testing.TB) (string, []byte) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "a.journal")
	sealedtest.Small(tb, sealedtest.AttemptA).Fixed(path, sealedtest.AttemptA, sealedtest.Form{})
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return path, data
}

// mergeBytes merges files and returns what was written and what it holds.
func mergeBytes(tb testing.TB, header []byte, files ...[]byte) (merged []byte, more bool, sum journal.Summary) {
	tb.Helper()
	var parts []*part
	for _, f := range files {
		parts = append(parts, &part{ReaderAt: bytes.NewReader(f), size: int64(len(f))})
	}
	return mergeParts(tb, header, parts...)
}

func mergeParts(tb testing.TB, header []byte, parts ...*part) (merged []byte, more bool, sum journal.Summary) {
	tb.Helper()
	out, err := os.CreateTemp(tb.TempDir(), "")
	if err != nil {
		tb.Fatal(err)
	}
	defer out.Close()
	if more, err = merge(out, header, parts); err != nil {
		tb.Fatal(err)
	}
	if merged, err = os.ReadFile(out.Name()); err != nil {
		tb.Fatal(err)
	}
	r, err := journal.OpenReader(out.Name(), nil)
	if err != nil {
		return merged, more, sum
	}
	defer r.Close()
	return merged, more, r.Summary()
}

func rawHeaderOf(tb testing.TB, file []byte) []byte {
	tb.Helper()
	_, raw, err := stream.ReadHeader(bytes.NewReader(file))
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// R22: two copies with a wrong byte in two frames, next to each other or far apart, make the whole log, unless it is the same
// frame; then they make its beginning.
func TestMergeTwoDamages(t *testing.T) {
	path, whole := logFile(t)
	header := rawHeaderOf(t, whole)
	var frames []stream.Frame
	r, err := journal.OpenReader(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Frames(func(f stream.Frame) error { frames = append(frames, f); return nil }); err != nil {
		t.Fatal(err)
	}
	spoil := func(i int) []byte {
		file := bytes.Clone(whole)
		file[frames[i].Offset+int64(len(frames[i].Bytes))/2] ^= 1
		return file
	}
	last := len(frames) - 1
	for i := range frames {
		for _, k := range []int{0, i, i + 1, last - i} {
			if k > last {
				continue
			}
			merged, more, sum := mergeBytes(t, header, spoil(i), spoil(k))
			end := int64(firstFrame)
			if i != k {
				end = frames[last].Offset + int64(len(frames[last].Bytes))
			} else if i > 0 {
				end = frames[i].Offset
			}
			if !bytes.Equal(merged[firstFrame:end], whole[firstFrame:end]) || len(bytes.TrimRight(merged[end:], "\x00")) > 0 {
				t.Fatalf("frames %d and %d: other bytes", i, k)
			}
			if i != k && (more || sum != r.Summary()) {
				t.Errorf("frames %d and %d: it has %d leaves of %d, more: %v", i, k, sum.Leaves, r.Summary().Leaves, more)
			}
		}
	}
}

// Behind the end of what was merged a group, a hint, or what cannot be read says that there was more; zeros and a torn write do
// not.
func TestMergeKnowsOfMore(t *testing.T) {
	path, whole := logFile(t)
	header := rawHeaderOf(t, whole)
	at, err := recordAt(path, 6)
	if err != nil {
		t.Fatal(err)
	}
	end := at.Offset
	short := bytes.Clone(whole)
	clear(short[end:])
	edit := func(change func(b []byte)) []byte {
		b := bytes.Clone(short)
		change(b)
		return b
	}
	hint := func(offset int64) func([]byte) {
		return func(b []byte) {
			h := append([]byte(hintMagic), make([]byte, hintLength-len(hintMagic))...)
			binary.BigEndian.PutUint64(h[len(hintMagic):], uint64(offset))
			copy(b[hintOffset+hintSize:], binary.BigEndian.AppendUint32(h, crc32.Checksum(h, crc32.MakeTable(crc32.Castagnoli))))
		}
	}
	group := []byte{'R', stream.FlagGroupStart | stream.FlagUnitEnd, 0, 0, 0, 20}
	group = append(group, make([]byte, 20)...)
	group = binary.BigEndian.AppendUint32(group, crc32.Checksum(append(make([]byte, 4), group...), crc32.MakeTable(crc32.Castagnoli)))
	for _, tt := range []struct {
		name string
		file []byte
		want bool
	}{
		{"zeros", short, false},
		{"a torn write", edit(func(b []byte) { copy(b[end:], whole[end:end+20]) }), false},
		{"a group further on", edit(func(b []byte) { copy(b[end:], "torn"); copy(b[end+1000:], group) }), true},
		{"a hint to a place before", edit(hint(end - 100)), false},
		{"a hint to a place behind", edit(hint(end)), true},
		{"a damaged hint", edit(func(b []byte) { hint(end)(b); b[hintOffset+hintSize+20] ^= 1 }), false},
		{"cut off there", short[:end], false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			merged, more, sum := mergeBytes(t, header, tt.file, short)
			if more != tt.want || sum.Records != 5 || !bytes.Equal(merged[firstFrame:end], whole[firstFrame:end]) {
				t.Errorf("more %v, %d records", more, sum.Records)
			}
		})
	}
	unreadable := &part{ReaderAt: failing{bytes.NewReader(whole), end, end + 1}, size: int64(len(whole))}
	if _, more, sum := mergeParts(t, header, unreadable); !more || sum.Records != 5 {
		t.Errorf("behind a place that cannot be read: more %v, %d records", more, sum.Records)
	}
}

// A copy that went another way gives nothing behind the place where it left.
func TestMergeOfForks(t *testing.T) {
	path, whole := logFile(t)
	at, err := recordAt(path, 6)
	if err != nil {
		t.Fatal(err)
	}
	shortened := bytes.Clone(whole)
	clear(shortened[at.Offset:])
	other := filepath.Join(t.TempDir(), "b.journal")
	log := sealedtest.Opening(t, sealedtest.AttemptA, "12").After(time.Second).Record(exam.CodeRefused{By: "somebody else"})
	for range 30 {
		log.After(time.Second).Record(exam.CodeRefused{By: "somebody else"})
	}
	log.Fixed(other, sealedtest.AttemptA, sealedtest.Form{})
	fork, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	merged, _, sum := mergeBytes(t, rawHeaderOf(t, whole), shortened, fork)
	if sum.Records != 5 || !bytes.Equal(merged[firstFrame:at.Offset], whole[firstFrame:at.Offset]) {
		t.Errorf("%d records", sum.Records)
	}
}

// failing cannot read the bytes from..to.
type failing struct {
	*bytes.Reader
	from, to int64
}

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) <= f.from || off >= f.to {
		return f.Reader.ReadAt(p, off)
	}
	n, _ := f.Reader.ReadAt(p[:max(0, f.from-off)], off)
	return n, syscall.EIO
}

// badDisk is the operating system's files, of which one has a place that cannot be read.
type badDisk struct {
	disk.FS
	path     string
	from, to int64
}

func (d badDisk) Open(path string, flag int) (disk.File, error) {
	f, err := d.FS.Open(path, flag)
	if err != nil || path != d.path {
		return f, err
	}
	data, err := os.ReadFile(path)
	return badFile{f, failing{bytes.NewReader(data), d.from, d.to}}, err
}

type badFile struct {
	disk.File
	failing
}

func (f badFile) ReadAt(p []byte, off int64) (int, error) { return f.failing.ReadAt(p, off) }
func (f badFile) Size() (int64, error)                    { return f.File.Size() }

// R11, R22: what the disk cannot read of the fuller copy costs what stands there, and is said.
func TestPullFromADiskThatCannotBeRead(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	whole, data := logFile(t)
	at, err := recordAt(whole, 12)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	sealedtest.Folder(t, filepath.Join(root, "pc"), sealedtest.KeyLine)
	first := filepath.Join(root, "pc", "attempts", "s", "a.journal")
	second := filepath.Join(root, "stick", "a.journal")
	pull := func(out string) (got, error) {
		bad := badDisk{disk.OS, second, at.Offset, at.Offset + 8}
		p := &puller{out: out, vaults: make(map[string]*vault.Vault), fs: bad, read: func(path string, opener vault.Opener) (*journal.Reader, error) {
			if path == second {
				return nil, &os.PathError{Op: "read", Path: path, Err: syscall.EIO}
			}
			return journal.OpenReader(path, opener)
		}}
		return p.pull(job{path: first, seconds: []string{second}})
	}
	write(t, first, string(data))
	write(t, second, string(data))

	out := t.TempDir()
	g, err := pull(out)
	if err != nil || g.records != 14 || g.merged != nil || len(g.trouble) != 1 || g.trouble[0].path != second {
		t.Errorf("the first place has everything: %v, %+v", err, g)
	}
	if err := shorten(first, 5); err != nil {
		t.Fatal(err)
	}
	out = t.TempDir()
	g, err = pull(out)
	if err != nil || g.records != 11 || !slices.Equal(g.merged, []string{first, second}) || !g.more || len(g.trouble) != 1 {
		t.Errorf("the first place has five records: %v, %+v", err, g)
	}
	if left, err := os.ReadDir(out); err != nil || len(left) != 1 {
		t.Errorf("%v, left: %v", err, left)
	}
	// Both have what the other lacks.
	write(t, first, string(data))
	if err := damage(first, 4); err != nil {
		t.Fatal(err)
	}
	g, err = pull(t.TempDir())
	if err != nil || g.records != 14 || g.more || len(g.trouble) != 2 {
		t.Errorf("the first place is damaged elsewhere: %v, %+v", err, g)
	}
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	if g, err = pull(t.TempDir()); err == nil || len(g.trouble) != 1 {
		t.Errorf("nothing is whole: %v, %+v", err, g)
	}
}

// Whatever two copies hold, what is put together begins like the log, or is no journal.
func FuzzMerge(f *testing.F) {
	_, whole := logFile(f)
	header := rawHeaderOf(f, whole)
	frames := bytes.TrimRight(whole[firstFrame:], "\x00")
	f.Add(uint16(0), []byte(nil), uint16(0), []byte(nil))
	f.Add(uint16(900), []byte{1}, uint16(2000), []byte{1})
	f.Add(uint16(900), []byte{1}, uint16(900), []byte{1})
	f.Add(uint16(0), bytes.Repeat([]byte{0xff}, 100), uint16(len(frames)), frames[:200])
	f.Fuzz(func(t *testing.T, i uint16, a []byte, k uint16, b []byte) {
		spoil := func(at int, mask []byte) []byte {
			file := bytes.Clone(whole[:firstFrame+2*len(frames)])
			for n := range min(len(mask), len(frames)) {
				file[firstFrame+at%len(frames)+n] ^= mask[n]
			}
			return file
		}
		merged, _, sum := mergeBytes(t, header, spoil(int(i), a), spoil(int(k), b))
		got := bytes.TrimRight(merged[firstFrame:], "\x00")
		if len(a) <= 4 && len(b) <= 4 && !bytes.HasPrefix(frames, got) {
			t.Errorf("%d bytes that are not the log's", len(got))
		}
		if sum.Records > 14 {
			t.Errorf("%d records", sum.Records)
		}
	})
}
