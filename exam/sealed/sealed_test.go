package sealed_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/sealed"
	"emtihan/exam/sealed/sealedtest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
)

var update = flag.Bool("update", false, "write testdata anew")

var sealedAt = time.Date(2026, 8, 20, 4, 30, 0, 0, time.UTC)

func seal(t testing.TB, log *sealedtest.Log, id, keyLine string, at time.Time) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.journal")
	log.Write(path, id)
	r, err := journal.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	if err := sealed.Seal(&b, r, sealedtest.Key(t, keyLine), at); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func small(t testing.TB) []byte {
	t.Helper()
	return seal(t, sealedtest.Small(t, sealedtest.AttemptA), sealedtest.AttemptA, sealedtest.KeyLine, sealedAt)
}

// part is one section as the format in doc.go frames it, read without the package under test.
type part struct {
	offset int
	bytes  []byte // with type and length
}

func (p part) kind() byte { return p.bytes[0] }

func (p part) payload() []byte { return p.bytes[5:] }

func split(t testing.TB, file []byte) (parts []part) {
	t.Helper()
	for at := 8; at < len(file); {
		end := at + 5 + int(binary.BigEndian.Uint32(file[at+1:]))
		parts = append(parts, part{at, file[at:end]})
		at = end
	}
	return parts
}

func join(parts []part) []byte {
	file := []byte("EMLOG\r\n\x01")
	for _, p := range parts {
		file = append(file, p.bytes...)
	}
	return file
}

func section(kind byte, payload ...[]byte) part {
	all := bytes.Join(payload, nil)
	return part{bytes: append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(all))), all...)}
}

// forge rebuilds chain, counts and digests over the given records and blobs and signs, as somebody with a key of their own
// can.
func forge(t testing.TB, id string, records, blobs [][]byte, keyLine string, text func(string) string) []byte {
	t.Helper()
	head := sha256.Sum256([]byte("emtihan-journal-1\x00" + id))
	parts := []part{section('H', head[:], []byte(id))}
	for _, r := range records {
		head = sha256.Sum256(append(head[:], r...))
		parts = append(parts, section('R', head[:], r))
	}
	for _, b := range blobs {
		sum := sha256.Sum256(b)
		parts = append(parts, section('B', sum[:], b))
	}
	file := join(parts)
	seal := section('S', sign(t, keyLine, text(fmt.Sprintf(
		"emtihan-emlog-1\nid %s\nrecords %d\nhead %x\nblobs %d\nbytes %d\ndigest %x\nsealed 2026-08-20T04:30:00.000Z\nkey %s\n",
		id, len(records), head, len(blobs), len(file), sha256.Sum256(file), sealedtest.Key(t, keyLine).Public(),
	))))
	return append(file, seal.bytes...)
}

func sign(t testing.TB, keyLine, text string) []byte {
	t.Helper()
	signer, err := note.NewSigner(keyLine)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

func same(s string) string { return s }

func contents(parts []part, kind byte) (out [][]byte) {
	for _, p := range parts {
		if p.kind() == kind {
			out = append(out, p.payload()[32:])
		}
	}
	return out
}

// R22: what was sealed is found whole, and every section comes back as the journal held it.
func TestSealVerify(t *testing.T) {
	for name, log := range map[string]*sealedtest.Log{
		sealedtest.AttemptA: sealedtest.Sitting(t, sealedtest.AttemptA),
		sealedtest.AttemptB: sealedtest.Small(t, sealedtest.AttemptB),
		sealedtest.RoomID:   sealedtest.Room(t),
		"empty":             sealedtest.NewRoom(t),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.journal")
			log.Write(path, name)
			r, err := journal.OpenReader(path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			key := sealedtest.Key(t, sealedtest.KeyLine)
			var b bytes.Buffer
			if err := sealed.Seal(&b, r, key, sealedAt); err != nil {
				t.Fatal(err)
			}
			// One byte at a time, as a slow disk may bring it.
			rep, err := sealed.Verify(iotest.OneByteReader(&b), key.Public())
			if err != nil {
				t.Fatal(err)
			}
			sum := r.Summary()
			if rep.Seal.ID != sum.ID || rep.Seal.Records != sum.Records || rep.Seal.Head != sum.Head || !rep.Seal.Time.Equal(sealedAt) {
				t.Errorf("the seal says %+v, the journal %+v", rep.Seal, sum)
			}
			if !rep.KeyCompared || rep.Seal.Key != key.Public() || len(rep.Missing) > 0 {
				t.Errorf("report: %+v", rep)
			}
			if isRoom := name == sealedtest.RoomID; isRoom != (rep.Room != nil) {
				t.Errorf("Room = %+v", rep.Room)
			}
		})
	}
}

// R22: everything of the journal is in the file, byte for byte.
func TestNextYieldsTheJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.journal")
	sealedtest.Sitting(t, sealedtest.AttemptA).Write(path, sealedtest.AttemptA)
	r, err := journal.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var want, got [][]byte
	keep := func(data []byte) error { want = append(want, data); return nil }
	err = errors.Join(
		r.Records(func(_ uint64, rec []byte) error { return keep(rec) }),
		r.Blobs(func(_ journal.Hash, blob []byte) error { return keep(blob) }),
	)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := sealed.Seal(&b, r, sealedtest.Key(t, sealedtest.KeyLine), sealedAt); err != nil {
		t.Fatal(err)
	}
	f, err := sealed.Open(&b)
	if err != nil {
		t.Fatal(err)
	}
	for {
		s, err := f.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := f.Seal(); ok {
			t.Error("the seal is given before it is checked")
		}
		got = append(got, s.Data)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, err := f.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("Next after the end: %v", err)
	}
}

// R22: sealing is a function of journal, key and time.
func TestSealedTwice(t *testing.T) {
	a, b := small(t), small(t)
	if !bytes.Equal(a, b) {
		t.Error("two seals of the same journal with the same key and time differ")
	}
	later := seal(t, sealedtest.Small(t, sealedtest.AttemptA), sealedtest.AttemptA, sealedtest.KeyLine, sealedAt.Add(time.Millisecond))
	if bytes.Equal(a, later) {
		t.Error("the time is not in the seal")
	}
}

// The format of version 1 is pinned: a file from another day must be read, and written, byte for byte as then, whatever has
// become of the rules since.
func TestFormatIsPinned(t *testing.T) {
	path := filepath.Join("testdata", "small-v1.emlog")
	if *update {
		if err := os.WriteFile(path, small(t), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sealed.Verify(bytes.NewReader(want), sealedtest.Key(t, sealedtest.KeyLine).Public()); err != nil {
		t.Error(err)
	}
	parts := split(t, want)
	records, blobs := contents(parts, 'R'), contents(parts, 'B')
	if !bytes.Equal(forge(t, sealedtest.AttemptA, records, blobs, sealedtest.KeyLine, same), want) {
		t.Error("the file is not what doc.go specifies")
	}
	file := filepath.Join(t.TempDir(), "a.journal")
	j, err := journal.Create(file, sealedtest.AttemptA, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, rec := range records {
		e := journal.Entry{Record: rec}
		if i == 0 {
			e.Blobs = blobs
		}
		if _, err := j.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := journal.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got bytes.Buffer
	if err := sealed.Seal(&got, r, sealedtest.Key(t, sealedtest.KeyLine), sealedAt); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("sealing writes other bytes than version 1 did (%d, not %d)", got.Len(), len(want))
	}
}

// R22: whatever single change is made, the file is no longer whole, and the place named lies in the changed section or
// before it.
func TestEveryChangeIsFound(t *testing.T) {
	file := small(t)
	borders := []int{0}
	for _, p := range split(t, file) {
		borders = append(borders, p.offset)
	}
	begin := func(at int) int { // of the section in which the byte lies
		i, exact := slices.BinarySearch(borders, at)
		if !exact {
			i--
		}
		return borders[i]
	}
	seen := make(map[sealed.Code]int)
	check := func(what string, at int, changed []byte) {
		t.Helper()
		_, err := sealed.Verify(bytes.NewReader(changed))
		var e *sealed.Error
		if !errors.As(err, &e) {
			t.Fatalf("%s: Verify = %v", what, err)
		}
		if e.Offset > int64(begin(min(at, len(file)-1))) && e.Code != sealed.CodeTrailing {
			t.Fatalf("%s: the place named begins at %d, the changed section at %d: %v", what, e.Offset, begin(at), e)
		}
		if e.Offset > int64(at) {
			t.Fatalf("%s: the place named begins at %d, behind the change: %v", what, e.Offset, e)
		}
		seen[e.Code]++
	}
	for i := range file {
		for mask := 1; mask < 256; mask++ {
			if bits := mask & (mask - 1); bits != 0 && mask != 0xff && mask != 0x81 {
				continue
			}
			changed := bytes.Clone(file)
			changed[i] ^= byte(mask)
			check(fmt.Sprintf("byte %d xor %#02x", i, mask), i, changed)
		}
		check(fmt.Sprintf("cut off before byte %d", i), i, file[:i])
		check(fmt.Sprintf("byte %d removed", i), i, slices.Delete(bytes.Clone(file), i, i+1))
	}
	for _, at := range append(borders, len(file)) {
		for b := range 256 {
			check(fmt.Sprintf("0x%02x inserted before byte %d", b, at), at, slices.Insert(bytes.Clone(file), at, byte(b)))
		}
	}
	t.Logf("%d bytes, %d sections; by code: %v", len(file), len(borders), seen)
	for _, c := range []sealed.Code{
		sealed.CodeMagic, sealed.CodeVersion, sealed.CodeTruncated, sealed.CodeFrame, sealed.CodeHeader, sealed.CodeRecordHash,
		sealed.CodeBlobHash, sealed.CodeSealForm, sealed.CodeSignature, sealed.CodeTrailing,
	} {
		if seen[c] == 0 {
			t.Errorf("no change gave %q", c)
		}
	}
}

// R22: what somebody would try who knows the format.
func TestTampering(t *testing.T) {
	file := small(t)
	parts := split(t, file)
	records, blobs := contents(parts, 'R'), contents(parts, 'B')
	last := len(parts) - 1 // the seal
	n := len(records)
	at := func(i int) int64 { return int64(parts[i].offset) }
	other := split(t, seal(t, sealedtest.Small(t, sealedtest.AttemptB), sealedtest.AttemptB, sealedtest.KeyLine, sealedAt))
	forged := func(records, blobs [][]byte) []byte {
		return forge(t, sealedtest.AttemptA, records, blobs, sealedtest.KeyLine, same)
	}
	rewrite := func(old, with string) []byte {
		return forge(t, sealedtest.AttemptA, records, blobs, sealedtest.KeyLine, func(s string) string {
			if !strings.Contains(s, old) {
				t.Fatalf("the seal has no %q", old)
			}
			return strings.Replace(s, old, with, 1)
		})
	}
	sealLine := func(change func(string) string) []byte {
		return append(bytes.Clone(file[:at(last)]), section('S', []byte(change(string(parts[last].payload())))).bytes...)
	}
	without := func(i, j int) []part { return slices.Delete(slices.Clone(parts), i, j) }
	swapped := func(i, j int) []part {
		p := slices.Clone(parts)
		p[i], p[j] = p[j], p[i]
		return p
	}
	replaced := func(i int, p part) []part {
		q := slices.Clone(parts)
		q[i] = p
		return q
	}
	sum := func(b []byte) []byte { h := sha256.Sum256(b); return h[:] }
	long := bytes.Clone(records[1]) // the record's number in one byte more than it needs
	i := bytes.Index(long, []byte{0x01, 0x02, 0x02})
	long = slices.Insert(bytes.Clone(long), i+1, 0x18)

	for _, tt := range []struct {
		name   string
		file   []byte
		code   sealed.Code
		place  sealed.Place
		number uint64
		offset int64
	}{
		{"records swapped", join(swapped(3, 4)), sealed.CodeRecordHash, sealed.PlaceRecord, 3, at(3)},
		{"record dropped", join(without(5, 6)), sealed.CodeRecordHash, sealed.PlaceRecord, 5, at(5)},
		{"last record dropped", join(without(n, n+1)), sealed.CodeSealContent, sealed.PlaceSeal, 0, at(last) - int64(len(parts[n].bytes))},
		{"record twice", join(slices.Insert(slices.Clone(parts), 4, parts[3])), sealed.CodeRecordHash, sealed.PlaceRecord, 4, at(4)},
		{"record of another attempt", join(replaced(1, other[1])), sealed.CodeRecordHash, sealed.PlaceRecord, 1, at(1)},
		{"records of another attempt", join(append(slices.Clone(parts[:1]), other[1:]...)), sealed.CodeRecordHash, sealed.PlaceRecord, 1, at(1)},
		{"header of another attempt", join(replaced(0, other[0])), sealed.CodeRecordHash, sealed.PlaceRecord, 1, at(1)},
		{"seal of another attempt", join(replaced(last, other[len(other)-1])), sealed.CodeSealContent, sealed.PlaceSeal, 0, at(last)},
		{"blob dropped", join(without(n+1, n+2)), sealed.CodeSealContent, sealed.PlaceSeal, 0, at(last) - int64(len(parts[n+1].bytes))},
		{"blob added", join(slices.Insert(slices.Clone(parts), last, section('B', bytes.Repeat([]byte{0xff}, 32), nil))), sealed.CodeBlobHash, sealed.PlaceBlob, 4, at(last)},
		{"blobs swapped", join(swapped(n+1, n+2)), sealed.CodeBlobOrder, sealed.PlaceBlob, 2, at(n+1) + int64(len(parts[n+2].bytes))},
		{"blob replaced with its hash", join(replaced(n+1, section('B', sum([]byte("x")), []byte("x")))), "", sealed.PlaceSeal, 0, -1},
		{"record after the blobs", join(swapped(n, n+1)), sealed.CodeFrame, sealed.PlaceRecord, uint64(n), at(n) + int64(len(parts[n+1].bytes))},
		{"second header", join(slices.Insert(slices.Clone(parts), 1, parts[0])), sealed.CodeFrame, sealed.PlaceRecord, 1, at(1)},
		{"no header", join(parts[1:]), sealed.CodeFrame, sealed.PlaceHeader, 0, 8},
		{"no seal", join(parts[:last]), sealed.CodeTruncated, sealed.PlaceBlob, uint64(len(blobs)) + 1, at(last)},
		{"two seals", join(append(slices.Clone(parts), parts[last])), sealed.CodeTrailing, sealed.PlaceEnd, 0, int64(len(file))},
		{"huge length", slices.Concat(file[:at(2)], []byte{'R', 0xff, 0xff, 0xff, 0xff}), sealed.CodeFrame, sealed.PlaceRecord, 2, at(2)},
		{"promised length", slices.Concat(file[:at(2)], []byte{'R', 0x00, 0xff, 0xff, 0xff}), sealed.CodeTruncated, sealed.PlaceRecord, 2, at(2)},
		{"as text", bytes.ReplaceAll(file, []byte("\r\n"), []byte("\n")), sealed.CodeMagic, sealed.PlaceMagic, 0, 0},
		{"empty", nil, sealed.CodeTruncated, sealed.PlaceMagic, 0, 0},

		// Signed by the station's own key, so that only the demand for one spelling stands against them.
		{"record number spelt long", forged(slices.Concat(records[:1], [][]byte{long}, records[2:]), blobs), sealed.CodeRecordForm, sealed.PlaceRecord, 2, at(2)},
		{"record with a tail", forged(slices.Concat(records[:n-1], [][]byte{append(bytes.Clone(records[n-1]), 0)}), blobs), sealed.CodeRecordForm, sealed.PlaceRecord, uint64(n), at(n)},
		{"record of no event", forged([][]byte{{0xa0}}, nil), sealed.CodeRecordForm, sealed.PlaceRecord, 1, at(1)},
		{"record out of number", forged(records[1:], blobs), sealed.CodeRecordForm, sealed.PlaceRecord, 1, at(1)},
		{"number with a zero", rewrite("records ", "records 0"), sealed.CodeSealForm, sealed.PlaceSeal, 0, at(last)},
		{"capital hash", rewrite("key emtihan-station+a853c582", "key emtihan-station+A853C582"), sealed.CodeSealForm, sealed.PlaceSeal, 0, at(last)},
		{"time without a zero", rewrite("04:30:00.000Z", "04:30:00Z"), sealed.CodeSealForm, sealed.PlaceSeal, 0, at(last)},
		{"time in another zone", rewrite("04:30:00.000Z", "09:30:00.000+05:00"), sealed.CodeSealForm, sealed.PlaceSeal, 0, at(last)},
		{"another line", rewrite("\nkey ", "\nnote x\nkey "), sealed.CodeSealForm, sealed.PlaceSeal, 0, at(last)},
		{"text after the text", rewrite("\nkey "+sealedtest.Key(t, sealedtest.KeyLine).Public().String(), "\nkey "+sealedtest.Key(t, sealedtest.KeyLine).Public().String()+"\n\nmore"), sealed.CodeSealForm, sealed.PlaceSeal, 0, at(last)},
		{"another version's seal", rewrite("emtihan-emlog-1", "emtihan-emlog-2"), sealed.CodeSealForm, sealed.PlaceSeal, 0, at(last)},
		{"fewer bytes stated", rewrite(fmt.Sprintf("bytes %d", at(last)), "bytes 1"), sealed.CodeSealContent, sealed.PlaceSeal, 0, at(last)},
		{"another id stated", rewrite(sealedtest.AttemptA, sealedtest.AttemptB), sealed.CodeSealContent, sealed.PlaceSeal, 0, at(last)},
		{"signature twice", sealLine(func(s string) string { return s + s[strings.Index(s, "— "):] }), sealed.CodeSealForm, sealed.PlaceSeal, 0, at(last)},
		{"signature of a stranger beside", sealLine(func(s string) string {
			text := s[:strings.Index(s, "\n—")]
			stranger := string(sign(t, sealedtest.OtherKeyLine, text))
			return s + stranger[strings.Index(stranger, "— "):]
		}), sealed.CodeSealForm, sealed.PlaceSeal, 0, at(last)},
		{"open bits of base64", sealLine(func(s string) string {
			i := strings.LastIndex(s, "=\n") - 1
			alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
			return s[:i] + string(alphabet[strings.IndexByte(alphabet, s[i])^1]) + s[i+1:]
		}), sealed.CodeSealForm, sealed.PlaceSeal, 0, at(last)},
		{"line break in base64", sealLine(func(s string) string { return strings.Replace(s, "=\n", "\r=\n", 1) }), sealed.CodeSignature, sealed.PlaceSeal, 0, at(last)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sealed.Verify(bytes.NewReader(tt.file))
			var e *sealed.Error
			if !errors.As(err, &e) || !errors.Is(err, sealed.ErrNotWhole) {
				t.Fatalf("Verify = %v", err)
			}
			if tt.code == "" { // the new hash may also be out of order
				if e.Code != sealed.CodeSealContent && e.Code != sealed.CodeBlobOrder {
					t.Errorf("got %v (%s)", e, e.Code)
				}
				return
			}
			if e.Code != tt.code || e.Place != tt.place || e.Number != tt.number || e.Offset != tt.offset {
				t.Errorf("got %s at %s %d, byte %d (%s)\nwant %s at %s %d, byte %d",
					e.Code, e.Place, e.Number, e.Offset, e.Why, tt.code, tt.place, tt.number, tt.offset)
			}
		})
	}
}

// R22: who has another key can make another whole file; the comparison with the station's key shows it.
func TestAnotherKey(t *testing.T) {
	parts := split(t, small(t))
	records, blobs := contents(parts, 'R'), contents(parts, 'B')
	station, stranger := sealedtest.Key(t, sealedtest.KeyLine).Public(), sealedtest.Key(t, sealedtest.OtherKeyLine).Public()
	cut := forge(t, sealedtest.AttemptA, records[:len(records)-2], blobs, sealedtest.OtherKeyLine, same)
	rep, err := sealed.Verify(bytes.NewReader(cut))
	if err != nil || rep.KeyCompared || rep.Seal.Key != stranger {
		t.Errorf("without a key: %+v, %v", rep, err)
	}
	rep, err = sealed.Verify(bytes.NewReader(cut), station)
	var e *sealed.Error
	if !errors.As(err, &e) || e.Code != sealed.CodeOtherKey || rep.Seal.Key != stranger {
		t.Errorf("with the station's key: %+v, %v", rep, err)
	}
	if _, err := sealed.Verify(bytes.NewReader(cut), station, stranger); err != nil {
		t.Errorf("with both keys: %v", err)
	}
	// The station's name and key in a seal that the stranger signed.
	mixed := forge(t, sealedtest.AttemptA, records, blobs, sealedtest.OtherKeyLine, func(s string) string {
		return strings.Replace(s, stranger.String(), station.String(), 1)
	})
	if _, err := sealed.Verify(bytes.NewReader(mixed)); !errors.As(err, &e) || e.Code != sealed.CodeSignature {
		t.Errorf("the station's key over a stranger's signature: %v", err)
	}
}

// A frame that was taken out of the journal before sealing cannot be proven by the file, but it is reported.
func TestMissingBlobs(t *testing.T) {
	parts := split(t, small(t))
	blobs := contents(parts, 'B')
	rep, err := sealed.Verify(bytes.NewReader(forge(t, sealedtest.AttemptA, contents(parts, 'R'), blobs[1:], sealedtest.KeyLine, same)))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]journal.Hash{sha256.Sum256(blobs[0])}, rep.Missing); d != "" {
		t.Error(d)
	}
}

// A reader's own error is not mistaken for damage, wherever it comes.
func TestReadErrors(t *testing.T) {
	file := small(t)
	broken := errors.New("input/output error")
	for n := range file {
		r := io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(broken))
		if _, err := sealed.Verify(r); !errors.Is(err, broken) || errors.Is(err, sealed.ErrNotWhole) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

// A full disk is reported, wherever it comes.
func TestSealToAFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.journal")
	sealedtest.Small(t, sealedtest.AttemptA).Write(path, sealedtest.AttemptA)
	r, err := journal.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	size := len(small(t))
	for n := 0; n < size; n += 97 {
		if err := sealed.Seal(&limited{left: n}, r, sealedtest.Key(t, sealedtest.KeyLine), sealedAt); !errors.Is(err, errFull) {
			t.Fatalf("with room for %d bytes of %d: %v", n, size, err)
		}
	}
}

var errFull = errors.New("no space left")

type limited struct{ left int }

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

// What a check would refuse is not sealed.
func TestSealRefuses(t *testing.T) {
	key := sealedtest.Key(t, sealedtest.KeyLine)
	rec, err := exam.EncodeRecord(exam.Recorded{Seq: 2, Event: exam.Ticked{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, id string
		record   []byte
		key      sealed.Key
		at       time.Time
		want     string
	}{
		{"id of two lines", "a\nb", nil, key, sealedAt, "control characters"},
		{"no id", "", nil, key, sealedAt, "1–256 bytes"},
		{"no key", "a", nil, sealed.Key{}, sealedAt, "not a station key"},
		{"year of five digits", "a", nil, key, time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC), "12026"},
		{"record of nothing", "a", []byte{0xff}, key, sealedAt, "at record 1"},
		{"record with another number", "a", rec, key, sealedAt, "at record 1: it cannot be sealed: it has the number 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.journal")
			j, err := journal.Create(path, tt.id, journal.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if tt.record != nil {
				if _, err := j.Append(journal.Entry{Record: tt.record}); err != nil {
					t.Fatal(err)
				}
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			r, err := journal.OpenReader(path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if err := sealed.Seal(io.Discard, r, tt.key, tt.at); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Seal = %v, want …%s…", err, tt.want)
			}
		})
	}
}

// Every event of the vocabulary passes the demand for one spelling, filled in or not.
func TestEveryEventCanBeSealed(t *testing.T) {
	log := sealedtest.NewRoom(t)
	for _, e := range exam.Vocabulary() {
		log.Record(e)
	}
	log.Record(exam.Chosen{Item: "Q", Options: []string{}}).Record(exam.FaceChecked{Score: 0.1, Liveness: 1.0 / 3, Frame: []byte{}, Box: [4]int{-1, 70000, 3, 4}})
	file := seal(t, log, "all", sealedtest.KeyLine, sealedAt)
	if _, err := sealed.Verify(bytes.NewReader(file)); err != nil {
		t.Error(err)
	}
}

// FuzzVerify: nothing panics, nothing but the seal's key holder makes a whole file, and the place named is in the file.
func FuzzVerify(f *testing.F) {
	file := small(f)
	f.Add(file)
	f.Add(file[:len(file)/2])
	f.Add([]byte("EMLOG\r\n\x01H\x00\x00\x00\x21"))
	f.Add([]byte("EMLOG\r\n\x01"))
	f.Add([]byte{})
	station := sealedtest.Key(f, sealedtest.KeyLine).Public()
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := sealed.Verify(bytes.NewReader(data), station)
		if err == nil {
			if !bytes.Equal(data, file) {
				t.Fatal("whole, although it is not the file that was sealed")
			}
			return
		}
		var e *sealed.Error
		if !errors.As(err, &e) {
			t.Fatalf("%v is no *Error", err)
		}
		if e.Offset < 0 || e.Offset > int64(len(data)) {
			t.Fatalf("byte %d of %d: %v", e.Offset, len(data), err)
		}
	})
}
