package sealed_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
	"emtihan/exam/sealed"
	"emtihan/exam/sealed/sealedtest"
	"emtihan/exam/vault"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata anew")

var sealedAt = time.Date(2026, 8, 20, 4, 30, 0, 0, time.UTC)

func small(t testing.TB) []byte {
	t.Helper()
	witness := sealedtest.Witness("room-204")
	return sealedtest.Small(t, sealedtest.AttemptA).Sealed(sealedtest.AttemptA, sealedtest.Form{Witness: &witness}, sealedtest.KeyLine, sealedAt)
}

// knowing opens every log of package sealedtest at once; an identity takes longer.
type knowing struct{}

func (knowing) Unwrap(id string, _ []vault.Wrap) (vault.DataKey, error) {
	return sealedtest.DataKey(id), nil
}

// R22, R27: what the real journal wrote is found whole with and without a key, and read with one only.
func TestSealVerify(t *testing.T) {
	for name, log := range map[string]*sealedtest.Log{
		sealedtest.AttemptA: sealedtest.Sitting(t, sealedtest.AttemptA),
		sealedtest.AttemptB: sealedtest.Small(t, sealedtest.AttemptB),
		sealedtest.RoomID:   sealedtest.Room(t),
		"empty":             sealedtest.NewRoom(t),
	} {
		t.Run(name, func(t *testing.T) {
			v := sealedtest.Folder(t, t.TempDir(), sealedtest.KeyLine)
			path := filepath.Join(t.TempDir(), "x.journal")
			log.Write(path, name, v)
			r, err := journal.OpenReader(path, v)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			var b bytes.Buffer
			if err := sealed.Seal(&b, r, v.Key(), sealedAt); err != nil {
				t.Fatal(err)
			}
			for who, opener := range map[string]vault.Opener{"nobody": nil, "NCT": sealedtest.Identity(t), "the station": v} {
				// One byte at a time, as a slow disk may bring it.
				rep, err := sealed.Verify(iotest.OneByteReader(bytes.NewReader(b.Bytes())), sealed.Options{Opener: opener, Keys: []vault.PublicKey{v.Public()}})
				if err != nil {
					t.Fatalf("%s: %v", who, err)
				}
				sum := r.Summary()
				if s := rep.Seal; s.ID != sum.ID || s.Records != sum.Records || s.Leaves != sum.Leaves || s.Root != sum.Root || !s.Time.Equal(sealedAt) {
					t.Errorf("%s: the seal says %+v, the journal %+v", who, s, sum)
				}
				if !rep.KeyCompared || rep.Seal.Key != v.Public() || rep.Foreign || len(rep.Runs) != 1 || rep.Runs[0].Key != v.Public() {
					t.Errorf("%s: report: %+v", who, rep)
				}
				// Closing the journal signs a last checkpoint.
				if rep.Checkpoints < 1 || rep.Tail != 0 || rep.Last.Root != sum.Root {
					t.Errorf("%s: %d checkpoints, %d leaves behind the last", who, rep.Checkpoints, rep.Tail)
				}
				read := opener != nil
				if read != (rep.KeyErr == nil) || !read && !errors.Is(rep.KeyErr, vault.ErrNoKey) {
					t.Errorf("%s: KeyErr = %v", who, rep.KeyErr)
				}
				if want := read && name == sealedtest.RoomID; want != (rep.Room != nil) {
					t.Errorf("%s: Room = %+v", who, rep.Room)
				}
				if want := read && strings.HasPrefix(name, "0198"); want != (rep.Opened != nil) || want != (rep.LastStamp.Wall > rep.FirstStamp.Wall) && name != sealedtest.RoomID {
					t.Errorf("%s: Opened = %+v, from %v to %v", who, rep.Opened, rep.FirstStamp, rep.LastStamp)
				}
				if missing := len(rep.Missing); missing != 0 {
					t.Errorf("%s: %d blobs are missing", who, missing)
				}
			}
		})
	}
}

// R22: everything of the journal is in the file, byte for byte, and R27: nothing of it can be seen without a key.
func TestNextYieldsTheJournal(t *testing.T) {
	v := sealedtest.Folder(t, t.TempDir(), sealedtest.KeyLine)
	path := filepath.Join(t.TempDir(), "x.journal")
	sealedtest.Sitting(t, sealedtest.AttemptA).Write(path, sealedtest.AttemptA, v)
	r, err := journal.OpenReader(path, v)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var want [][]byte
	err = r.Frames(func(f stream.Frame) error {
		if f.Kind == stream.KindRecord || f.Kind == stream.KindBlob {
			want = append(want, f.Data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	file := sealedtest.SealFile(t, path, sealedtest.KeyLine, sealedAt)
	read := func(opener vault.Opener) (got [][]byte) {
		f, err := sealed.Open(bytes.NewReader(file), opener)
		if err != nil {
			t.Fatal(err)
		}
		for n := uint64(1); ; n++ {
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
			if s.Index != n {
				t.Errorf("frame %d has the number %d", n, s.Index)
			}
			switch s.Kind {
			case stream.KindRecord:
				got = append(got, s.Data)
				if (s.Record == nil) != (opener == nil) {
					t.Errorf("record %d: %+v", s.Number, s.Record)
				}
			case stream.KindBlob:
				got = append(got, s.Data)
				if opener != nil && s.Hash != sha256.Sum256(s.Data) {
					t.Errorf("blob %d has another hash", s.Number)
				}
			}
		}
		if _, err := f.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("Next after the end: %v", err)
		}
		return got
	}
	if d := cmp.Diff(want, read(v)); d != "" {
		t.Error(d)
	}
	for i, data := range read(nil) {
		if data != nil {
			t.Errorf("section %d can be read without a key", i)
		}
	}
	for _, secret := range []string{"900101300007", "Сериков", "Білім", "picture"} {
		if bytes.Contains(file, []byte(secret)) {
			t.Errorf("%q stands in the file", secret)
		}
	}
}

// R22: sealing is a function of journal, key and time.
func TestSealedTwice(t *testing.T) {
	log := sealedtest.Small(t, sealedtest.AttemptA)
	at := func(at time.Time) []byte {
		return log.Sealed(sealedtest.AttemptA, sealedtest.Form{}, sealedtest.KeyLine, at)
	}
	if !bytes.Equal(at(sealedAt), at(sealedAt)) {
		t.Error("two seals of the same journal with the same key and time differ")
	}
	if bytes.Equal(at(sealedAt), at(sealedAt.Add(time.Millisecond))) {
		t.Error("the time is not in the seal")
	}
}

// The format of version 2 is pinned: the file is what docs/sealed-log.md specifies, by other code than the package's. That
// files of another day are read for ever is shown by testdata/tampered.
func TestFormatIsSpecified(t *testing.T) {
	file := small(t)
	p := split(t, file)
	if !bytes.Equal(p.begin, []byte("EMLOG\r\n\x02")) {
		t.Errorf("it begins with %q", p.begin)
	}
	if !bytes.Equal(p.repair().join(), file) {
		t.Error("the checksums are not as specified")
	}
	if !bytes.Equal(p.reseal(t, sealedtest.AttemptA, sealedtest.KeyLine, sealedAt, nil).join(), file) {
		t.Error("the seal is not as specified")
	}
}

// R22: whatever single change is made, the file is no longer whole, with and without a key, and the place named lies in the
// changed part or before it.
func TestEveryChangeIsFound(t *testing.T) {
	file := small(t)
	p := split(t, file)
	borders := []int{0, 8}
	for i := range p.frames {
		borders = append(borders, int(p.offset(i)))
	}
	borders = append(borders, len(p.before()))
	begin := func(at int) int { // of the part in which the byte lies
		i, exact := slices.BinarySearch(borders, at)
		if !exact {
			i--
		}
		return borders[i]
	}
	seen := make(map[stream.Code]int)
	check := func(what string, at int, changed []byte, opener vault.Opener) {
		t.Helper()
		_, err := sealed.Verify(bytes.NewReader(changed), sealed.Options{Opener: opener})
		var e *sealed.Error
		if !errors.As(err, &e) || !errors.Is(err, sealed.ErrNotWhole) {
			t.Fatalf("%s: Verify = %v", what, err)
		}
		if e.Offset > int64(begin(min(at, len(file)-1))) && e.Code != sealed.CodeTrailing || e.Offset > int64(at) {
			t.Fatalf("%s: the place named begins at %d, the changed part at %d: %v", what, e.Offset, begin(at), e)
		}
		seen[e.Code]++
	}
	for i := range file {
		opener := []vault.Opener{nil, knowing{}}[i%2]
		changed := bytes.Clone(file)
		changed[i] ^= 1 << (i % 8)
		check(fmt.Sprintf("byte %d xor %#02x", i, 1<<(i%8)), i, changed, opener)
		check(fmt.Sprintf("cut off before byte %d", i), i, file[:i], opener)
		if i%4 == 0 {
			check(fmt.Sprintf("byte %d removed", i), i, slices.Delete(bytes.Clone(file), i, i+1), opener)
		}
	}
	for _, at := range append(borders, len(file)) {
		for _, b := range []byte("\x00\x01\xffKRBSCWZE") {
			check(fmt.Sprintf("0x%02x inserted before byte %d", b, at), at, slices.Insert(bytes.Clone(file), at, b), nil)
		}
	}
	t.Logf("%d bytes, %d parts; by code: %v", len(file), len(borders), seen)
	for _, c := range []stream.Code{
		stream.CodeMagic, stream.CodeVersion, stream.CodeTruncated, stream.CodeFrame, stream.CodeHeader, stream.CodeChecksum,
		sealed.CodeSealForm, sealed.CodeSignature, sealed.CodeTrailing,
	} {
		if seen[c] == 0 {
			t.Errorf("no change gave %q", c)
		}
	}
}

// R22: nothing that is signed or hashed can change even where every checksum is made to fit; with the log's key the
// change is named with its frame.
func TestEveryRepairedChangeIsFound(t *testing.T) {
	file := small(t)
	p := split(t, file)
	seen := make(map[stream.Code]int)
	for i, f := range p.frames {
		for at := i % 3; at < len(f.payload); at += 3 {
			q := p.clone()
			q.frames[i].payload[at] ^= 4
			changed := q.repair().join()
			_, err := sealed.Verify(bytes.NewReader(changed), sealed.Options{Opener: knowing{}})
			var e *sealed.Error
			if !errors.As(err, &e) || !errors.Is(err, sealed.ErrNotWhole) {
				t.Fatalf("frame %d (%c), byte %d: Verify = %v", i+1, f.kind, at, err)
			}
			seen[e.Code]++
			// The salt and key of a run show with what they encrypt and sign.
			if f.kind != 'K' && (e.Frame != uint64(i+1) && e.Code != sealed.CodeSealContent || e.Code == sealed.CodeSealContent && f.isLeaf()) {
				t.Fatalf("frame %d (%c), byte %d: named is frame %d: %v", i+1, f.kind, at, e.Frame, err)
			}
		}
	}
	t.Logf("by code: %v", seen)
}

// A file of version 1 is refused by its version, with a sentence.
func TestVersion1(t *testing.T) {
	_, err := sealed.Open(strings.NewReader("EMLOG\r\n\x01H"), nil)
	var e *sealed.Error
	if !errors.As(err, &e) || e.Code != stream.CodeVersion || !strings.Contains(e.Why, "version 1, in which no exam was ever sealed") {
		t.Error(err)
	}
}

// What only the holder of the station's key could write is held to one spelling, too.
func TestSealSpelling(t *testing.T) {
	p := split(t, small(t))
	at := int64(len(p.before()))
	pub := sealedtest.Key(t, sealedtest.KeyLine).Public().String()
	line := func(change func(string) string) parts {
		q := p.clone()
		q.seal = []byte(change(string(q.seal)))
		return q
	}
	rewrite := func(old, with string) parts {
		return p.reseal(t, sealedtest.AttemptA, sealedtest.KeyLine, sealedAt, func(s string) string { return strings.Replace(s, old, with, 1) })
	}
	for _, tt := range []struct {
		name string
		file parts
		code stream.Code
	}{
		{"number with a zero", rewrite("records ", "records 0"), sealed.CodeSealForm},
		{"capital digest", rewrite("digest ", "digest A"), sealed.CodeSealForm},
		{"capital hash of the key", rewrite("key emtihan-station+a853c582", "key emtihan-station+A853C582"), sealed.CodeSealForm},
		{"time without a zero", rewrite("04:30:00.000Z", "04:30:00Z"), sealed.CodeSealForm},
		{"time in another zone", rewrite("04:30:00.000Z", "09:30:00.000+05:00"), sealed.CodeSealForm},
		{"another line", rewrite("\nkey ", "\nnote x\nkey "), sealed.CodeSealForm},
		{"text after the text", rewrite("\nkey "+pub, "\nkey "+pub+"\n\nmore"), sealed.CodeSealForm},
		{"another version's seal", rewrite("emtihan-emlog-2", "emtihan-emlog-1"), sealed.CodeSealForm},
		{"fewer bytes", rewrite(fmt.Sprintf("bytes %d", at), "bytes 1"), sealed.CodeSealContent},
		{"more leaves", rewrite("leaves ", "leaves 1"), sealed.CodeSealContent},
		{"another id", rewrite(sealedtest.AttemptA, sealedtest.AttemptB), sealed.CodeSealContent},
		{"signature twice", line(func(s string) string { return s + s[strings.Index(s, "— "):] }), sealed.CodeSealForm},
		{"a stranger's signature beside", line(func(s string) string {
			stranger := string(sign(t, sealedtest.OtherKeyLine, s[:strings.Index(s, "\n—")]))
			return s + stranger[strings.Index(stranger, "— "):]
		}), sealed.CodeSealForm},
		{"line break in base64", line(func(s string) string { return strings.TrimSuffix(s, "=\n") + "\r=\n" }), sealed.CodeSignature},
		{"a stranger's signature under the station's name", line(func(s string) string {
			return string(sign(t, sealedtest.OtherKeyLine, s[:strings.Index(s, "\n—")]))
		}), sealed.CodeSignature},
		{"no text", parts{p.begin, p.header, p.frames, []byte("\n")}, sealed.CodeSealForm},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sealed.Verify(bytes.NewReader(tt.file.join()), sealed.Options{})
			var e *sealed.Error
			if !errors.As(err, &e) || e.Code != tt.code || e.Place != sealed.PlaceSeal || e.Offset != at {
				t.Errorf("got %v, want %s at byte %d", err, tt.code, at)
			}
		})
	}
}

// The parts that carry no secret and are no leaf, in the hands of the station's key.
func TestForgedByTheStation(t *testing.T) {
	p := split(t, small(t))
	resealed := func(change func(*parts)) []byte {
		q := p.clone()
		change(&q)
		return q.repair().reseal(t, sealedtest.AttemptA, sealedtest.KeyLine, sealedAt, nil).join()
	}
	w := p.nth('W', 1)
	for _, tt := range []struct {
		name string
		file []byte
		code stream.Code // "": whole
	}{
		{"countersignature of a checkpoint that was taken out", resealed(func(q *parts) {
			i := q.nth('C', 2)
			q.frames = slices.Delete(q.frames, i, i+1)
		}), stream.CodeCheckpoint},
		{"countersignature taken out", resealed(func(q *parts) { q.frames = slices.Delete(q.frames, w, w+1) }), ""},
		{"what was written together is cut", resealed(func(q *parts) { q.frames = q.frames[:q.nth('B', 2)+1] }), sealed.CodeSealContent},
		{"no run", resealed(func(q *parts) { q.frames = nil }), sealed.CodeSealContent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sealed.Verify(bytes.NewReader(tt.file), sealed.Options{})
			var e *sealed.Error
			switch {
			case tt.code == "" && err != nil, tt.code != "" && (!errors.As(err, &e) || e.Code != tt.code):
				t.Errorf("got %v, want %q", err, tt.code)
			}
		})
	}
}

// Two runs, one of them behind a night: the pause is no gap between checkpoints.
func TestRunsAndGaps(t *testing.T) {
	log := sealedtest.Opening(t, sealedtest.AttemptA, "12")
	log.After(30 * time.Second).Record(exam.CodeRefused{By: "a"}).After(70 * time.Second).Record(exam.CodeRefused{By: "b"})
	log.Restart(10 * time.Hour).After(20 * time.Second).Record(exam.CodeRefused{By: "c"})
	file := log.Sealed(sealedtest.AttemptA, sealedtest.Form{Every: 1}, sealedtest.KeyLine, sealedAt)
	rep, err := sealed.Verify(bytes.NewReader(file), sealed.Options{Keys: []vault.PublicKey{sealedtest.Key(t, sealedtest.KeyLine).Public()}})
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Runs) != 2 || rep.Gap != 70*time.Second || !rep.GapAfter.Equal(sealedtest.Start.Add(30*time.Second)) || rep.Tail != 0 {
		t.Errorf("%d runs, gap %v after %v, tail %d", len(rep.Runs), rep.Gap, rep.GapAfter, rep.Tail)
	}
}

// A room that cannot be read says nothing, and says so.
func TestReadHeardNeedsTheKey(t *testing.T) {
	room := roomThatHeard(t, small(t))
	if _, rep, err := sealed.ReadHeard(bytes.NewReader(room), sealed.Options{}); !errors.Is(err, vault.ErrNoKey) || rep.Header.ID != sealedtest.RoomID {
		t.Errorf("%+v, %v", rep.Header, err)
	}
	heard, rep, err := sealed.ReadHeard(bytes.NewReader(room), sealed.Options{Opener: sealedtest.Identity(t)})
	if err != nil || len(heard) != 4 || rep.Room == nil || heard[0].ID != sealedtest.AttemptA || heard[0].Station != "pc-12" {
		t.Errorf("%+v, %v", heard, err)
	}
	// Whoever has a station's key has not the room's.
	station := []vault.PublicKey{sealedtest.Key(t, sealedtest.KeyLine).Public()}
	var other *sealed.Error
	if _, _, err := sealed.ReadHeard(bytes.NewReader(room), sealed.Options{Opener: sealedtest.Identity(t), Keys: station}); !errors.As(err, &other) || other.Code != sealed.CodeOtherKey {
		t.Errorf("a room's log, held against a station's key: %v", err)
	}
	room[len(room)/2] ^= 1
	if _, _, err := sealed.ReadHeard(bytes.NewReader(room), sealed.Options{Opener: sealedtest.Identity(t)}); !errors.Is(err, sealed.ErrNotWhole) {
		t.Errorf("a changed room's log: %v", err)
	}
}

// A reader's own error is not mistaken for damage, wherever it comes.
func TestReadErrors(t *testing.T) {
	file := small(t)
	broken := errors.New("input/output error")
	for n := 0; n < len(file); n += 7 {
		r := io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(broken))
		if _, err := sealed.Verify(r, sealed.Options{Opener: knowing{}}); !errors.Is(err, broken) || errors.Is(err, sealed.ErrNotWhole) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

// A full disk is reported, wherever it comes.
func TestSealToAFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.journal")
	sealedtest.Small(t, sealedtest.AttemptA).Fixed(path, sealedtest.AttemptA, sealedtest.Form{})
	r, err := journal.OpenReader(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	size := len(sealedtest.SealFile(t, path, sealedtest.KeyLine, sealedAt))
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
		name   string
		record []byte
		key    vault.Key
		at     time.Time
		want   string
	}{
		{"no key", nil, vault.Key{}, sealedAt, "not a station key"},
		{"year of five digits", nil, key, time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC), "12026"},
		{"record of nothing", []byte{0xff}, key, sealedAt, "at record 1"},
		{"record with another number", rec, key, sealedAt, "it cannot be sealed: it has the number 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := sealedtest.Folder(t, t.TempDir(), sealedtest.KeyLine)
			path := filepath.Join(t.TempDir(), "a.journal")
			j, err := journal.Create(path, "a", journal.Options{Vault: v})
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
			r, err := journal.OpenReader(path, v)
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

// A record that was sealed unread, and that no version ever wrote, is found where it can be read.
func TestRecordForm(t *testing.T) {
	log := sealedtest.NewRoom(t).Record(exam.RoomOpened{Room: "204"}).Record(exam.CodeRefused{By: "a"})
	log.Entries()[1].Record = append(log.Entries()[1].Record, 0)
	file := log.Sealed(sealedtest.RoomID, sealedtest.Form{}, sealedtest.KeyLine, sealedAt)
	if _, err := sealed.Verify(bytes.NewReader(file), sealed.Options{}); err != nil {
		t.Errorf("unread: %v", err)
	}
	_, err := sealed.Verify(bytes.NewReader(file), sealed.Options{Opener: knowing{}})
	var e *sealed.Error
	if !errors.As(err, &e) || e.Code != sealed.CodeRecordForm || e.Number != 2 {
		t.Errorf("read: %v", err)
	}
}

// Every event of the vocabulary passes the demand for one spelling, filled in or not.
func TestEveryEventCanBeSealed(t *testing.T) {
	log := sealedtest.NewRoom(t)
	for _, e := range exam.Vocabulary() {
		log.Record(e)
	}
	log.Record(exam.Chosen{Item: "Q", Options: []string{}}).Record(exam.FaceChecked{Score: 0.1, Liveness: 1.0 / 3, Frame: []byte{}, Box: [4]int{-1, 70000, 3, 4}})
	file := log.Sealed("all", sealedtest.Form{}, sealedtest.KeyLine, sealedAt)
	if _, err := sealed.Verify(bytes.NewReader(file), sealed.Options{Opener: knowing{}}); err != nil {
		t.Error(err)
	}
}

// FuzzVerify: nothing panics, nothing but the seal's key holder makes a whole file, the place named is in the file, and
// whoever has no key finds nothing whole that one with a key does not, nor the other way round.
func FuzzVerify(f *testing.F) {
	known := make(map[string]bool)
	for _, e := range examples(f) {
		f.Add(e.file)
		known[string(e.file)] = true
	}
	file := small(f)
	f.Add(file[:len(file)/2])
	f.Add([]byte("EMLOG\r\n\x02EMJRNL\r\n\x02\x00\x00\x00\x21"))
	f.Add([]byte{})
	opt := sealed.Options{Keys: []vault.PublicKey{sealedtest.Key(f, sealedtest.KeyLine).Public()}}
	f.Fuzz(func(t *testing.T, data []byte) {
		var verdicts [2]bool
		for i, opener := range []vault.Opener{nil, knowing{}} {
			opt.Opener = opener
			_, err := sealed.Verify(bytes.NewReader(data), opt)
			if err == nil {
				verdicts[i] = true
				if !known[string(data)] {
					t.Fatal("whole, although no file that was sealed")
				}
				continue
			}
			var e *sealed.Error
			if !errors.As(err, &e) {
				t.Fatalf("%v is no *Error", err)
			}
			if e.Offset < 0 || e.Offset > int64(len(data)) {
				t.Fatalf("byte %d of %d: %v", e.Offset, len(data), err)
			}
		}
		if verdicts[0] != verdicts[1] {
			t.Fatalf("whole without a key: %v, with it: %v", verdicts[0], verdicts[1])
		}
	})
}

// FuzzRepaired changes a frame of the good file behind fitting checksums, as somebody does who knows the format and has no
// key.
func FuzzRepaired(f *testing.F) {
	p := split(f, small(f))
	f.Add(uint16(3), []byte("x"), uint16(1))
	f.Add(uint16(0), []byte{}, uint16(0))
	f.Fuzz(func(t *testing.T, at uint16, with []byte, skip uint16) {
		q := p.clone()
		i := int(at) % len(q.frames)
		from := int(skip) % (len(q.frames[i].payload) + 1)
		q.frames[i].payload = slices.Concat(q.frames[i].payload[:from], with)
		if len(q.frames[i].payload) > 1<<20 || bytes.Equal(q.frames[i].payload, p.frames[i].payload) {
			return
		}
		data := q.repair().join()
		for _, opener := range []vault.Opener{nil, knowing{}} {
			if _, err := sealed.Verify(bytes.NewReader(data), sealed.Options{Opener: opener}); !errors.Is(err, sealed.ErrNotWhole) {
				t.Fatalf("frame %d: %v", i+1, err)
			}
		}
	})
}
