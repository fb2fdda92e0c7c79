package stream_test

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"

	"golang.org/x/mod/sumdb/tlog"
)

const testID = "A-1"

// fixed is a key that is the same in every run, so that fuzzers find again what they found.
var fixed = sync.OnceValue(func() vault.Key {
	seed := bytes.Repeat([]byte{7}, ed25519.SeedSize)
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	sum := sha256.Sum256(append([]byte(vault.KeyName+"\n\x01"), public...))
	k, err := vault.ParseKey(fmt.Sprintf("PRIVATE+KEY+%s+%x+%s", vault.KeyName, sum[:4], base64.StdEncoding.EncodeToString(append([]byte{1}, seed...))))
	if err != nil {
		panic(err)
	}
	return k
})

var (
	dataKey = vault.DataKey{1, 2, 3}
	when    = time.Date(2026, 8, 20, 4, 30, 0, 0, time.UTC)
)

// sample encodes two runs with every kind of frame and returns header, frames, and the state behind each frame.
func sample(t testing.TB) (header, frames []byte, w stream.Witness) {
	t.Helper()
	key := fixed()
	h := stream.Header{ID: testID, Created: when.UnixMilli(), Wraps: []vault.Wrap{{For: "station", Data: []byte("wrapped")}}}
	header, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w = stream.NewWitness("room-101", witnessKey(1))
	state := stream.StateAfter(header, 0)
	for run := range 2 {
		e, err := stream.NewEncoder(testID, dataKey, key, state)
		if err != nil {
			t.Fatal(err)
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		e.Run(stream.Salt{byte(run + 1)}, time.UnixMilli(int64(run)))
		frames = append(frames, e.Take()...)
		must(e.Blob([]byte("blob")))
		must(e.Record([]byte("first"), false))
		must(e.Record([]byte("second"), true))
		_, err = e.Snapshot([]byte("state"))
		must(err)
		c, err := e.Checkpoint(when.Add(time.Duration(run) * time.Minute))
		must(err)
		frames = append(frames, e.Take()...)
		v, err := key.Public().Verifier()
		must(err)
		msg, err := w.Cosign([]byte(c.Note), v, when)
		must(err)
		must(e.Cosigned(msg))
		frames = append(frames, e.Take()...)
		state = e.State()
	}
	return header, frames, w
}

// decode reads frames until the end and returns them, and the error that ended it.
func decode(header, frames []byte, key *vault.DataKey) (list []stream.Frame, state stream.State, err error) {
	d, err := stream.NewDecoder(bytes.NewReader(frames), testID, key, stream.StateAfter(header, 0))
	if err != nil {
		return nil, state, err
	}
	for {
		f, err := d.Next()
		if err != nil {
			return list, d.State(), err
		}
		list = append(list, f)
	}
}

func TestRoundTrip(t *testing.T) {
	header, frames, w := sample(t)
	h, raw, err := stream.ReadHeader(bytes.NewReader(append(slices.Clone(header), "more"...)))
	if err != nil || !bytes.Equal(raw, header) || h.ID != testID || len(h.Wraps) != 1 || string(h.Wraps[0].Data) != "wrapped" {
		t.Fatalf("%+v, %v", h, err)
	}
	for _, key := range []*vault.DataKey{nil, &dataKey} {
		list, state, err := decode(header, frames, key)
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		var got []string
		leaves := int64(1)
		for _, f := range list {
			data := string(f.Data)
			if f.Kind == stream.KindRun || f.Checkpoint != nil {
				data = ""
			}
			got = append(got, fmt.Sprintf("%c%d %s", f.Kind, f.Number, data))
			if f.Leaf >= 0 {
				if f.Leaf != leaves {
					t.Errorf("%c is leaf %d, want %d", f.Kind, f.Leaf, leaves)
				}
				leaves++
			}
			if f.Kind == stream.KindCosigned {
				if _, at, err := stream.CheckCosigned(f.Data, w.Public()); err != nil || !at.Equal(when) {
					t.Errorf("%v, %v", at, err)
				}
			}
		}
		want := "K0 ,B1 blob,R1 first,R2 second,S0 state,C0 ,W0 ,K0 ,B2 blob,R3 first,R4 second,S0 state,C0 ,W0 "
		if key == nil {
			want = strings.NewReplacer("blob", "", "first", "", "second", "", "state", "").Replace(want)
		}
		if s := strings.Join(got, ","); s != want {
			t.Errorf("%s\nwant %s", s, want)
		}
		if state.Records != 4 || state.Blobs != 2 || state.Tree.Size() != leaves {
			t.Errorf("%+v", state)
		}
	}
	if _, _, err := decode(header, append(slices.Clone(frames), make([]byte, 100)...), nil); !errors.Is(err, stream.ErrEnd) {
		t.Errorf("zeros behind: %v", err)
	}
}

// Every byte of a stream is changed in two ways, and each change is found, even where the key is not known. R22
func TestEveryByteChanged(t *testing.T) {
	header, frames, _ := sample(t)
	good, _, _ := decode(header, frames, nil)
	for at := range frames {
		for _, flip := range []byte{0xFF, 1 << (at % 8)} {
			bad := slices.Clone(frames)
			bad[at] ^= flip
			list, _, err := decode(header, bad, nil)
			var wrong *stream.Error
			if len(list) == len(good) || !errors.As(err, &wrong) && !errors.Is(err, stream.ErrEnd) {
				t.Fatalf("byte %d: %d frames, %v", at, len(list), err)
			}
		}
	}
	for at := range header {
		bad := slices.Clone(header)
		bad[at] ^= 1 << (at % 8)
		var wrong *stream.Error
		if _, _, err := stream.ReadHeader(bytes.NewReader(bad)); !errors.As(err, &wrong) || wrong.Place != stream.PlaceHeader {
			t.Fatalf("byte %d of the header: %v", at, err)
		}
	}
	for n := range len(header) {
		var wrong *stream.Error
		if _, _, err := stream.ReadHeader(bytes.NewReader(header[:n])); !errors.As(err, &wrong) {
			t.Fatalf("header of %d bytes: %v", n, err)
		}
	}
}

// Whoever forges frames with fitting checksums, but without the keys, is found out by the log's key or by the next
// checkpoint. R22
func TestForgedFrames(t *testing.T) {
	header, frames, _ := sample(t)
	good, _, _ := decode(header, frames, nil)
	rebuild := func(change func(i int, f stream.RawFrame) []byte) []byte {
		var out []byte
		sum := stream.StateAfter(header, 0).Sum
		for i, f := range good {
			body := change(i, f.RawFrame)
			if body == nil {
				continue
			}
			out = append(out, body...)
			out = stream.AppendChecksum(out, sum, body)
			sum = stream.Sum(out)
		}
		return out
	}
	body := func(f stream.RawFrame) []byte { return slices.Clone(f.Bytes[:len(f.Bytes)-4]) }
	if same := rebuild(func(_ int, f stream.RawFrame) []byte { return body(f) }); !bytes.Equal(same, frames) {
		t.Fatal("the test does not rebuild the stream")
	}
	for name, change := range map[string]func(int, stream.RawFrame) []byte{
		"a record changed": func(i int, f stream.RawFrame) []byte {
			b := body(f)
			if i == 2 {
				b[8] ^= 1
			}
			return b
		},
		"a record taken out": func(i int, f stream.RawFrame) []byte {
			if i == 2 {
				return nil
			}
			return body(f)
		},
		"two records exchanged": func(i int, f stream.RawFrame) []byte {
			if i == 2 || i == 3 {
				return body(good[5-i].RawFrame)
			}
			return body(f)
		},
		"a unit's end moved": func(i int, f stream.RawFrame) []byte {
			b := body(f)
			if i == 2 {
				b[1] |= stream.FlagUnitEnd
			}
			return b
		},
		"the salt changed": func(i int, f stream.RawFrame) []byte {
			b := body(f)
			if i == 0 {
				b[6] ^= 1
			}
			return b
		},
		"a blob made a record": func(i int, f stream.RawFrame) []byte {
			b := body(f)
			if i == 1 {
				b[0] = byte(stream.KindRecord)
			}
			return b
		},
	} {
		bad := rebuild(change)
		for _, key := range []*vault.DataKey{nil, &dataKey} {
			_, _, err := decode(header, bad, key)
			want := stream.CodeCheckpoint
			if key != nil {
				want = stream.CodeSecret
			}
			var wrong *stream.Error
			if !errors.As(err, &wrong) || wrong.Code != want {
				t.Errorf("%s, key known: %v: %v, want the code %s", name, key != nil, err, want)
			}
		}
	}
	// Of another log.
	other, err := stream.Header{ID: "A-2", Created: 1}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := decode(other, frames, nil); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("frames of another log: %v", err)
	}
}

// The tree is the one that tlog computes, whatever its size. R22
func TestTree(t *testing.T) {
	var tree stream.Tree
	var hashes []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) (out []tlog.Hash, err error) {
		for _, i := range indexes {
			out = append(out, hashes[i])
		}
		return out, nil
	})
	if tree.Root() != (tlog.Hash{}) || tree.Size() != 0 {
		t.Error("the empty tree")
	}
	for n := int64(1); n <= 300; n++ {
		leaf := tlog.RecordHash(fmt.Appendf(nil, "leaf %d", n))
		more, err := tlog.StoredHashesForRecordHash(n-1, leaf, read)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, more...)
		before := tree.Clone()
		tree.Add(leaf)
		want, err := tlog.TreeHash(n, read)
		if err != nil || tree.Root() != want || tree.Size() != n {
			t.Fatalf("size %d: root %v, want %v, %v", n, tree.Root(), want, err)
		}
		if before.Size() != n-1 {
			t.Fatal("a copy grows with its original")
		}
	}
}

func TestSnapshotLeadsOn(t *testing.T) {
	header, frames, _ := sample(t)
	good, want, _ := decode(header, frames, &dataKey)
	for i, f := range good {
		if f.Kind != stream.KindSnapshot {
			continue
		}
		h := stream.Hint{Offset: f.Offset, Sum: good[i-1].Sum, Leaf: f.Leaf, Salt: stream.Salt{1}}
		if i > 7 {
			h.Salt = stream.Salt{2}
		}
		d, data, err := stream.OpenSnapshot(bytes.NewReader(frames[f.Offset:]), testID, dataKey, h)
		if err != nil || string(data) != "state" {
			t.Fatalf("%q, %v", data, err)
		}
		for err == nil {
			_, err = d.Next()
		}
		if got := d.State(); !errors.Is(err, io.EOF) || got.Tree.Root() != want.Tree.Root() || got.Records != want.Records || got.Offset != want.Offset {
			t.Errorf("%+v, %v", got, err)
		}
		for name, bad := range map[string]stream.Hint{
			"another leaf":  {Offset: h.Offset, Sum: h.Sum, Leaf: h.Leaf + 1, Salt: h.Salt},
			"another salt":  {Offset: h.Offset, Sum: h.Sum, Leaf: h.Leaf, Salt: stream.Salt{9}},
			"another sum":   {Offset: h.Offset, Sum: h.Sum + 1, Leaf: h.Leaf, Salt: h.Salt},
			"another place": {Offset: good[1].Offset, Sum: good[0].Sum, Leaf: good[1].Leaf, Salt: h.Salt},
		} {
			if _, _, err := stream.OpenSnapshot(bytes.NewReader(frames[bad.Offset:]), testID, dataKey, bad); err == nil {
				t.Errorf("a hint with %s leads to a snapshot", name)
			}
		}
	}
}

// What a torn write leaves is told from what damage leaves.
func TestFindGroup(t *testing.T) {
	header, frames, _ := sample(t)
	good, _, _ := decode(header, frames, nil)
	var starts []int64
	for _, f := range good {
		if f.Flags&stream.FlagGroupStart != 0 {
			starts = append(starts, f.Offset)
		}
	}
	whole := append(slices.Clone(header[len(header)-4:]), frames...)
	if i := stream.FindGroup(append(slices.Clone(whole), make([]byte, 50)...)); i >= 0 {
		t.Errorf("a whole stream has a group behind a hole at %d", i)
	}
	last := starts[len(starts)-1]
	for at := range frames {
		bad := slices.Clone(whole)
		bad[4+at] ^= 0x11
		got := stream.FindGroup(bad)
		if int64(at) >= last && got >= 0 {
			t.Errorf("byte %d of the last group changed: a group is found at %d", at, got)
		}
		if int64(at) < last && (got < 0 || !slices.Contains(starts, int64(got-4))) {
			t.Errorf("byte %d changed: a group is found at %d, they begin at %v", at, got, starts)
		}
	}
	for n := range 4 {
		if stream.FindGroup(whole[:n]) >= 0 {
			t.Error("a group in nothing")
		}
	}
}

func TestLimits(t *testing.T) {
	header, _, _ := sample(t)
	e, err := stream.NewEncoder(testID, dataKey, fixed(), stream.StateAfter(header, 0))
	if err != nil {
		t.Fatal(err)
	}
	e.Run(stream.Salt{1}, time.UnixMilli(1))
	for name, err := range map[string]error{
		"an empty record":    e.Record(nil, true),
		"a record too long":  e.Record(make([]byte, stream.MaxRecord+1), true),
		"a blob too long":    e.Blob(make([]byte, stream.MaxBlob+1)),
		"another log's note": e.Cosigned([]byte("x")),
	} {
		if err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for name, h := range map[string]stream.Header{
		"no id":               {},
		"an id with a break":  {ID: "a\nb"},
		"an id too long":      {ID: strings.Repeat("x", 257)},
		"too many wraps":      {ID: "x", Wraps: make([]vault.Wrap, 17)},
		"a wrap too long":     {ID: "x", Wraps: []vault.Wrap{{Data: make([]byte, 9000)}}},
		"wraps too long":      {ID: "x", Wraps: []vault.Wrap{{Data: make([]byte, 5000)}, {Data: make([]byte, 5000)}}},
		"a wrap's name":       {ID: "x", Wraps: []vault.Wrap{{For: strings.Repeat("x", 256)}}},
		"an id that no UTF-8": {ID: "\xff"},
	} {
		if _, err := h.Encode(); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	// A length that is not there costs no memory.
	huge := []byte{'B', 3, 0x03, 0xFF, 0xFF, 0xFF, 1}
	var wrong *stream.Error
	if n := testing.AllocsPerRun(10, func() {
		_, err := stream.ReadFrame(bufio.NewReader(bytes.NewReader(huge)), 0)
		if !errors.As(err, &wrong) || wrong.Code != stream.CodeTruncated {
			t.Errorf("%v", err)
		}
	}); n > 20 {
		t.Errorf("%v allocations", n)
	}
}

// A checkpoint has one spelling, although base64 would allow others of its signature.
func TestCheckpointSignatureRespelt(t *testing.T) {
	msg, v := signed(t, testID, 7)
	text := strings.TrimSuffix(string(msg), "\n")
	i := len(text) - 1
	for text[i] == '=' {
		i--
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	if i == len(text)-1 {
		t.Fatal("the signature has no open bits; the test needs another length of name")
	}
	other := text[:i] + string(alphabet[strings.IndexByte(alphabet, text[i])^1]) + text[i+1:] + "\n"
	if _, err := stream.OpenCheckpoint(msg, v); err != nil {
		t.Error(err)
	}
	if _, err := stream.OpenCheckpoint([]byte(other), v); err == nil {
		t.Errorf("taken as well: %q", other)
	}
}
