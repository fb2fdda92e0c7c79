package journal_test

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
)

func FuzzHint(f *testing.F) {
	f.Add(journal.EncodeHint(stream.Hint{Offset: journal.FirstFrame + 70, Sum: 7, Leaf: 3, Salt: stream.Salt{1}}))
	f.Add(journal.EncodeHint(stream.Hint{}))
	f.Add([]byte("EMHINT01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := journal.DecodeHint(b)
		if !ok {
			return
		}
		if again := journal.EncodeHint(h); h.Offset < journal.FirstFrame || h.Leaf <= 0 || !bytes.Equal(again[:48], b[:48]) {
			t.Errorf("%+v", h)
		}
	})
}

// What was written is read again, or it is said that it is damaged; nothing panics, hangs, or needs more memory than the file
// has; and what opens can be written. Cuts: at an offset, so many bytes are replaced.
func FuzzOpenFile(f *testing.F) {
	l := newLedger()
	good := newDisk()
	j, err := journal.Create(pathA, testID, l.options(good, ""))
	if err != nil {
		f.Fatal(err)
	}
	for i := range 6 {
		l.append(f, j, l.entry(i%2, 30+i), l.entry(0, 4))
		await(f, "durable", func() bool { s := j.Status(); return s.Durable == s.Appended })
		if i == 2 {
			l.snapshot(f, j)
		}
	}
	if err := j.Close(); err != nil {
		f.Fatal(err)
	}
	r, err := journal.OpenReaderFS(good, pathA, sharedVault(), false)
	if err != nil {
		f.Fatal(err)
	}
	size, end := int64(1<<20), r.End()
	r.Close()
	data, err := good.ReadFile(pathA)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(3), []byte{0}, uint32(0), []byte{})
	f.Add(uint32(journal.FirstFrame+300), []byte{1, 2, 3}, uint32(end), []byte("R\x03\x00\x00\x00\x11"))
	f.Add(uint32(journal.HintOffset), make([]byte, 60), uint32(journal.FirstFrame), make([]byte, 600))
	f.Add(uint32(end), data[journal.FirstFrame:end], uint32(0), []byte{})
	f.Add(uint32(end-100), make([]byte, 100), uint32(end-400), data[end-400:end-300])
	f.Fuzz(func(t *testing.T, at uint32, bytes1 []byte, at2 uint32, bytes2 []byte) {
		c := good.Clone()
		w, err := c.Open(pathA, os.O_RDWR)
		if err != nil {
			t.Fatal(err)
		}
		for off, b := range map[uint32][]byte{at: bytes1, at2: bytes2} {
			if len(b) > 0 && int64(off)+int64(len(b)) <= size {
				if _, err := w.WriteAt(b, int64(off)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := errors.Join(w.Sync(), w.Close()); err != nil {
			t.Fatal(err)
		}
		want := l.clone()
		want.acked = 0
		if r, err := journal.OpenReaderFS(c, pathA, sharedVault(), false); err == nil {
			want.compare(t, r.Records, r.Blobs)
			r.Close()
		} else if !errors.Is(err, journal.ErrDamaged) {
			t.Fatalf("%v", err)
		}
		if r, err := journal.OpenReaderFS(c, pathA, nil, false); err == nil {
			r.Close()
		} else if !errors.Is(err, journal.ErrDamaged) {
			t.Fatalf("without the key: %v", err)
		}
		j, err := journal.Open(pathA, want.options(c, ""))
		if errors.Is(err, journal.ErrDamaged) {
			return
		}
		if err != nil {
			t.Fatalf("%v", err)
		}
		if _, err := j.Verify(); err != nil && !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("%v", err)
		}
		if _, err := j.Append(journal.Entry{Record: []byte("more")}); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
}
