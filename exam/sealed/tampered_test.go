package sealed_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal/stream"
	"emtihan/exam/sealed"
	"emtihan/exam/sealed/sealedtest"
	"emtihan/exam/vault"
)

const tampered = "testdata/tampered"

// example is a file of testdata/tampered with what was done to it and what is to be said about it.
type example struct {
	name, did string
	file      []byte
	verdicts  []verdict
}

// verdict is what is to be said when the file is held against something: identity (the content is read), key (the station's
// public key), room (the room's log, which needs the identity, under the key of its own computer), witness (the room's key as a
// witness).
type verdict struct {
	with   string
	expect string // "whole", or code, place and number
	exit   int    // of nct verify
	more   string // missing=N, heard=N, cosigned=N, foreign
}

func whole(with, more string) verdict     { return verdict{with, "whole", 0, more} }
func broken(with, expect string) verdict  { return verdict{with, expect, 1, ""} }
func cutAway(with, expect string) verdict { return verdict{with, expect, 4, ""} }

// examples makes the files. Salts, keys and dates are fixed, so that they have the same bytes every time.
func examples(t testing.TB) (all []example) {
	t.Helper()
	const id, own, other = sealedtest.AttemptA, sealedtest.KeyLine, sealedtest.OtherKeyLine
	witness := sealedtest.Witness("room-204")
	form := sealedtest.Form{Witness: &witness}
	log := sealedtest.Small(t, id)
	good := log.Sealed(id, form, own, sealedAt)
	p := split(t, good)
	b := split(t, sealedtest.Small(t, sealedtest.AttemptB).Sealed(sealedtest.AttemptB, form, own, sealedAt))
	add := func(name, did string, file []byte, verdicts ...verdict) {
		all = append(all, example{name, did, file, verdicts})
	}
	edit := func(change func(*parts)) parts {
		q := p.clone()
		change(&q)
		return q
	}
	without := func(i, j int) parts { return edit(func(q *parts) { q.frames = slices.Delete(q.frames, i, j) }) }
	reseal := func(q parts, key string) []byte { return q.reseal(t, id, key, sealedAt, nil).join() }
	rec := func(n int) int { return p.nth('R', n) }

	add("good", "nothing", good,
		whole("", "cosigned=0"), whole("identity", "missing=0"), whole("key", ""), whole("witness", "cosigned=1"), whole("room", "heard=4"))

	flip := func(i int) parts { return edit(func(q *parts) { q.frames[i].payload[3] ^= 0x10 }) }
	add("record-bit", "one bit of record 6 was flipped", flip(rec(6)).join(),
		broken("", "checksum record 6"), broken("identity", "checksum record 6"))
	add("record-bit-repaired", "one bit of record 6 was flipped, and all checksums made to fit", flip(rec(6)).repair().join(),
		broken("", "checkpoint checkpoint"), broken("identity", "secret record 6"))
	add("record-removed", "record 6 was taken out", without(rec(6), rec(6)+1).join(), broken("", "checksum record 6"))
	add("record-removed-repaired", "record 6 was taken out, and all checksums made to fit", without(rec(6), rec(6)+1).repair().join(),
		broken("", "checkpoint checkpoint"), broken("identity", "secret record 6"))
	swapped := edit(func(q *parts) { q.frames[rec(6)], q.frames[rec(7)] = q.frames[rec(7)], q.frames[rec(6)] })
	add("records-swapped", "records 6 and 7 changed places", swapped.join(), broken("", "checksum record 6"))
	add("records-swapped-repaired", "records 6 and 7 changed places, and all checksums were made to fit", swapped.repair().join(),
		broken("", "checkpoint checkpoint"), broken("identity", "secret record 6"))
	foreign := edit(func(q *parts) { q.frames[rec(6)] = b.frames[b.nth('R', 6)] }).repair()
	add("record-of-another-log", "record 6 of another attempt stands in the place of record 6, and all checksums were made to fit", foreign.join(),
		broken("", "checkpoint checkpoint"), broken("identity", "secret record 6"))

	// The last checkpoint that stands before record 9 covers 8 records.
	cut := edit(func(q *parts) { q.frames = q.frames[:p.nth('C', 2)+1] })
	add("tail-cut", "everything behind record 8 was cut off, the seal too", cut.before(), broken("", "truncated seal"))
	add("tail-cut-seal-kept", "the records behind record 8 were cut out, the seal was left", cut.join(), broken("", "seal-content seal"))
	add("tail-cut-other-key", "everything behind record 8 was cut off, and a new seal made with another key", reseal(cut, other),
		whole("", "foreign"), broken("key", "other-key seal"), cutAway("room", "cut checkpoint"))
	add("tail-cut-own-key", "everything behind record 8 was cut off, and a new seal made with the station's own key; only the room knows", reseal(cut, own),
		whole("", ""), whole("identity", ""), whole("key", ""), whole("witness", ""), cutAway("room", "cut checkpoint"), cutAway("key room", "cut checkpoint"))
	add("replayed", "an older copy of the log, sealed when it had 8 records, was put in the place of the present one",
		cut.reseal(t, id, own, sealedAt.Add(-time.Hour), nil).join(), whole("key", ""), cutAway("room", "cut checkpoint"))
	shorter := sealedtest.Opening(t, id, "12").After(2*time.Second).Face(exam.PurposeLogin, exam.VerdictAccepted, 0.5, sealedtest.Picture(100)).
		After(time.Second).Do(exam.ConfirmData{}, exam.ReadRules{}, exam.Confirm{}, exam.Enter{}).Type("E1", "ао", time.Second).
		After(time.Second).Do(exam.Finish{}).After(time.Second).Face(exam.PurposeFinish, exam.VerdictAccepted, 0.5, sealedtest.Picture(200))
	add("rewritten-own-key", "the station's own key and secret were used to write the log anew with another essay",
		shorter.Sealed(id, sealedtest.Form{Salt: "second "}, own, sealedAt), whole("key identity", ""), cutAway("key room", "cut checkpoint"))
	add("rewritten-other-key", "the log was written anew with another essay and another key",
		shorter.Sealed(id, sealedtest.Form{Salt: "second ", KeyLine: other}, other, sealedAt),
		whole("", ""), broken("key", "other-key run"), broken("key room", "other-key run"), cutAway("room", "cut-unproven checkpoint"))

	add("wraps-swapped", "the wrapped keys of another attempt stand in the header", edit(func(q *parts) {
		q.header = swapWraps(t, q.header, b.header)
	}).repair().join(), broken("", "checkpoint checkpoint"), broken("identity", "checkpoint checkpoint"))
	add("header-bit", "one bit of the id in the header was flipped", edit(func(q *parts) { q.header[20] ^= 1 }).join(), broken("", "header header"))
	c2 := p.nth('C', 2)
	add("checkpoint-removed", "the second checkpoint and its countersignature were taken out, and all checksums made to fit",
		without(c2, c2+2).repair().join(), broken("", "seal-content seal"))
	add("checkpoint-of-another-log", "the second checkpoint is that of another attempt, and all checksums were made to fit", edit(func(q *parts) {
		q.frames[c2].payload = b.frames[b.nth('C', 2)].payload
	}).repair().join(), broken("", "checkpoint checkpoint"))
	add("checkpoint-signature", "one character of the second checkpoint's signature was changed, and all checksums made to fit", edit(func(q *parts) {
		s := q.frames[c2].payload
		s[len(s)-10] = map[bool]byte{true: 'A', false: 'B'}[s[len(s)-10] == 'B']
	}).repair().join(), broken("", "checkpoint checkpoint"))
	blob := p.nth('B', 2)
	replaced := edit(func(q *parts) { q.frames[blob].payload = bytes.Repeat([]byte("x"), len(q.frames[blob].payload)) })
	add("blob-replaced", "the second picture was replaced", replaced.join(), broken("", "checksum blob 2"))
	add("blob-replaced-repaired", "the second picture was replaced, and all checksums made to fit", replaced.repair().join(),
		broken("", "checkpoint checkpoint"), broken("identity", "secret blob 2"))
	add("blob-missing", "the picture of the second face check was never given to the log", lacking(t, id).Sealed(id, form, own, sealedAt),
		whole("", "missing=0"), whole("identity", "missing=1"))
	add("appended", "four bytes were appended", append(bytes.Clone(good), "more"...), broken("", "trailing end"))
	add("truncated-in-seal", "the last 20 bytes are missing", good[:len(good)-20], broken("", "truncated seal"))
	add("truncated-in-record", "the file ends in the middle of record 6", good[:p.offset(rec(6))+12], broken("", "truncated record 6"))
	add("version", "the version byte says 3", edit(func(q *parts) { q.begin[7] = 3 }).join(), broken("", "version magic"))
	add("version-1", "a file of version 1, in which nothing was encrypted and no exam was ever sealed", []byte("EMLOG\r\n\x01H\x00\x00\x00\x21"),
		broken("", "version magic"))
	add("text-transfer", "it went through a transfer as text, which turned CR LF into LF", bytes.ReplaceAll(good, []byte("\r\n"), []byte("\n")),
		broken("", "magic magic"))
	salted := edit(func(q *parts) { q.frames[0].payload[0] ^= 1 })
	add("salt", "one bit of the run's salt was flipped", salted.join(), broken("", "checksum run"))
	add("salt-repaired", "one bit of the run's salt was flipped, and all checksums made to fit", salted.repair().join(),
		broken("", "checkpoint checkpoint"), broken("identity", "secret blob 1"))
	add("flags", "the frame of record 6 no longer ends a unit, and all checksums were made to fit", edit(func(q *parts) {
		q.frames[rec(6)].flags &^= 1
	}).repair().join(), broken("", "checkpoint checkpoint"), broken("identity", "secret record 6"))
	add("zeros", "sixteen zeros stand before record 6", slices.Insert(bytes.Clone(good), int(p.offset(rec(6))), make([]byte, 16)...),
		broken("", "frame frame"))
	stranger := sealedtest.Witness("stranger")
	add("unknown-witness", "a witness that nobody knows countersigned it", log.Sealed(id, sealedtest.Form{Witness: &stranger}, own, sealedAt),
		whole("", ""), whole("witness", "cosigned=0"))
	forged := stream.NewWitness("room-204", forgedKey)
	add("forged-witness", "a countersignature bears the room's name and was made with another key", log.Sealed(id, sealedtest.Form{Witness: &forged}, own, sealedAt),
		whole("", ""), broken("witness", "witness cosignature"))
	add("seal-other-counts", "the seal, signed with the station's key, counts a record less", p.reseal(t, id, own, sealedAt, func(s string) string {
		return strings.Replace(s, "records 14", "records 13", 1)
	}).join(), broken("", "seal-content seal"))
	add("seal-respelt", "the open bits of the signature's base64 were changed", edit(func(q *parts) { q.seal = respell(q.seal) }).join(),
		broken("", "seal-form seal"))
	add("seal-of-another-log", "the seal is that of another attempt", edit(func(q *parts) { q.seal = b.seal }).join(), broken("", "seal-content seal"))
	return all
}

// forgedKey is another key than the one of [sealedtest.Witness].
var forgedKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

// swapWraps returns the header with the wrapped keys of another one whose id has the same length.
func swapWraps(t testing.TB, header, other []byte) []byte {
	t.Helper()
	at := 13 + 2 + int(binary.BigEndian.Uint16(header[13:])) + 8
	h := slices.Concat(header[:at], other[at:])
	binary.BigEndian.PutUint32(h[9:], uint32(len(h)))
	return h
}

// respell changes the bits that base64 leaves open in the last character of a note.
func respell(seal []byte) []byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	s := bytes.Clone(seal)
	i := bytes.LastIndex(s, []byte("=\n")) - 1
	s[i] = alphabet[strings.IndexByte(alphabet, s[i])^1]
	return s
}

// lacking returns the log of an attempt in which the second face check's picture was lost.
func lacking(t testing.TB, id string) *sealedtest.Log {
	t.Helper()
	log := sealedtest.Small(t, id)
	for i, e := range log.Entries() {
		if len(e.Blobs) > 0 && bytes.Equal(e.Blobs[0], sealedtest.Picture(200)) {
			log.Entries()[i].Blobs = nil
		}
	}
	return log
}

// roomThatHeard returns the sealed log of a room that heard every checkpoint of the good example.
func roomThatHeard(t testing.TB, good []byte) []byte {
	t.Helper()
	v, err := sealedtest.Key(t, sealedtest.KeyLine).Public().Verifier()
	if err != nil {
		t.Fatal(err)
	}
	room := sealedtest.NewRoom(t).Record(exam.RoomOpened{Session: sealedtest.Session, Centre: "Астана", Room: "204"})
	for _, f := range split(t, good).frames {
		if f.kind != 'C' {
			continue
		}
		c, err := stream.OpenCheckpoint(f.payload, v)
		if err != nil {
			t.Fatal(err)
		}
		room.After(time.Second).Record(exam.CheckpointHeard{Station: "pc-12", Attempt: c.ID, Size: c.Size, Root: c.Root[:], Note: c.Note})
	}
	return room.Sealed(sealedtest.RoomID, sealedtest.Form{KeyLine: sealedtest.RoomKeyLine}, sealedtest.RoomKeyLine, sealedAt)
}

func (e example) sidecar() string {
	var b strings.Builder
	fmt.Fprintf(&b, "done: %s\n", e.did)
	for _, v := range e.verdicts {
		fmt.Fprintf(&b, "\nwith: %s\nexpect: %s\nexit: %d\n", v.with, v.expect, v.exit)
		if v.more != "" {
			fmt.Fprintf(&b, "report: %s\n", v.more)
		}
	}
	return strings.ReplaceAll(b.String(), "with: \n", "with: nothing\n")
}

// The examples in testdata/tampered are what this file makes; `go test ./exam/sealed -run TestTampered -update` writes them.
func TestTamperedAreMade(t *testing.T) {
	all := examples(t)
	want := map[string][]byte{
		"room.emlog":  roomThatHeard(t, all[0].file),
		"station.pub": []byte(sealedtest.Key(t, sealedtest.KeyLine).Public().String() + "\n"),
		"room.pub":    []byte(sealedtest.Key(t, sealedtest.RoomKeyLine).Public().String() + "\n"),
		"nct.key":     []byte("# of the tests; opens nothing else\n" + sealedtest.IdentityLine + "\n"),
		"witness.pub": []byte(sealedtest.Witness("room-204").Public().String() + "\n"),
	}
	for _, e := range all {
		if want[e.name+".emlog"] != nil {
			t.Fatalf("two examples are called %s", e.name)
		}
		want[e.name+".emlog"], want[e.name+".expect"] = e.file, []byte(e.sidecar())
	}
	if *update {
		if err := errors.Join(os.RemoveAll(tampered), os.MkdirAll(tampered, 0o755)); err != nil {
			t.Fatal(err)
		}
		for name, data := range want {
			if err := os.WriteFile(filepath.Join(tampered, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	entries, err := os.ReadDir(tampered)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(want) || len(all) < 20 {
		t.Errorf("%d files lie there, %d examples make %d", len(entries), len(all), len(want))
	}
	for name, data := range want {
		got, err := os.ReadFile(filepath.Join(tampered, name))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s is not what the test makes: %v", name, err)
		}
		if len(got) > 8<<10 {
			t.Errorf("%s has %d bytes", name, len(got))
		}
	}
}

// R22: every example gets the verdict that lies beside it.
func TestTampered(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(tampered, "*.expect"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".expect")
		for i, v := range readExpect(t, file) {
			t.Run(name+"/"+strings.ReplaceAll(v["with"], " ", "+"), func(t *testing.T) {
				data, err := os.ReadFile(filepath.Join(tampered, name+".emlog"))
				if err != nil {
					t.Fatal(err)
				}
				rep, err := sealed.Verify(bytes.NewReader(data), optionsFor(t, v["with"]))
				got := "whole"
				var e *sealed.Error
				switch {
				case errors.As(err, &e):
					got = fmt.Sprintf("%s %s", e.Code, e.Place)
					if e.Number > 0 {
						got += " " + strconv.FormatUint(e.Number, 10)
					}
					if e.Offset > int64(len(data)) {
						t.Errorf("the place is byte %d of %d", e.Offset, len(data))
					}
				case err != nil:
					t.Fatal(err)
				}
				if got != v["expect"] {
					t.Errorf("verdict %d is %q, want %q: %v", i, got, v["expect"], err)
				}
				if want := map[bool]string{true: "4", false: "1"}[errors.Is(err, sealed.ErrCut)]; err != nil && want != v["exit"] {
					t.Errorf("exit code %s is expected of %v", v["exit"], err)
				}
				for fact := range strings.FieldsSeq(v["report"]) {
					if !facts(rep)[fact] {
						t.Errorf("the report has not %s: %+v", fact, rep)
					}
				}
			})
		}
	}
}

func facts(rep sealed.Report) map[string]bool {
	cosigned := 0
	for _, c := range rep.Cosigned {
		if c.Checked {
			cosigned++
		}
	}
	return map[string]bool{
		fmt.Sprintf("missing=%d", len(rep.Missing)): true,
		fmt.Sprintf("heard=%d", rep.Heard):          true,
		fmt.Sprintf("cosigned=%d", cosigned):        true,
		"foreign":                                   rep.Foreign,
	}
}

func readExpect(t *testing.T, file string) (verdicts []map[string]string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(strings.TrimSpace(string(data)), "\n\n")
	if len(blocks) < 2 {
		t.Fatalf("%s expects nothing", file)
	}
	for _, block := range blocks[1:] {
		v := make(map[string]string)
		for line := range strings.SplitSeq(block, "\n") {
			key, value, ok := strings.Cut(line, ": ")
			if !ok {
				t.Fatalf("%s: %q", file, line)
			}
			v[key] = value
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

func optionsFor(t *testing.T, with string) (opt sealed.Options) {
	t.Helper()
	for word := range strings.FieldsSeq(with) {
		switch word {
		case "nothing":
		case "identity":
			opt.Opener = sealedtest.Identity(t)
		case "key":
			opt.Keys = append(opt.Keys, sealedtest.Key(t, sealedtest.KeyLine).Public())
		case "witness":
			opt.Witnesses = append(opt.Witnesses, sealedtest.Witness("room-204").Public())
		case "room":
			f, err := os.Open(filepath.Join(tampered, "room.emlog"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			keys := []vault.PublicKey{sealedtest.Key(t, sealedtest.RoomKeyLine).Public()}
			heard, rep, err := sealed.ReadHeard(f, sealed.Options{Opener: sealedtest.Identity(t), Keys: keys})
			if err != nil || len(heard) == 0 || !rep.KeyCompared {
				t.Fatalf("%d checkpoints heard: %v", len(heard), err)
			}
			opt.Heard = heard
		default:
			t.Fatalf("held against %q", word)
		}
	}
	return opt
}

// R22: where only a checkpoint or the seal disagrees, the stretch is named in which something was changed.
func TestStretch(t *testing.T) {
	all := make(map[string]example)
	for _, e := range examples(t) {
		all[e.name] = e
	}
	points := make(map[uint64]bool) // sizes that the good file signed
	var sizes []uint64
	for _, f := range split(t, all["good"].file).frames {
		if f.kind == 'C' {
			text, _, _ := strings.Cut(string(f.payload), "\n\n")
			c, err := stream.ParseCheckpoint(text + "\n")
			if err != nil {
				t.Fatal(err)
			}
			points[c.Size] = true
			sizes = append(sizes, c.Size)
		}
	}
	for _, tt := range []struct {
		name, with   string
		since, until uint64 // 0: the beginning, or the seal
	}{
		{"record-bit-repaired", "", sizes[0], sizes[1]},
		{"salt-repaired", "", 0, sizes[0]},
		{"wraps-swapped", "", 0, sizes[0]},
		{"checkpoint-removed", "", sizes[3], 0},
		{"tail-cut-own-key", "room", sizes[1], sizes[2]},
		{"rewritten-own-key", "room", 0, sizes[0]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sealed.Verify(bytes.NewReader(all[tt.name].file), optionsFor(t, tt.with))
			var e *sealed.Error
			if !errors.As(err, &e) || !e.Encloses() {
				t.Fatal(err)
			}
			var since, until uint64
			if e.Since != nil {
				since = e.Since.Size
			}
			if e.Until != nil {
				until = e.Until.Size
			}
			if since != tt.since || until != tt.until {
				t.Errorf("between %d and %d, want %d and %d", since, until, tt.since, tt.until)
			}
		})
	}
}

// Anybody can tell a room anything: what no key of the station signed cuts nothing where the key is known, and never hides
// what it did sign.
func TestForgedClaims(t *testing.T) {
	all := make(map[string]example)
	for _, e := range examples(t) {
		all[e.name] = e
	}
	opt := optionsFor(t, "key room")
	claim := sealed.Heard{ID: sealedtest.AttemptA, Size: 2, Note: "x", Station: "pc-13"}
	far := claim
	far.Size = 1000
	opt.Heard = append(opt.Heard, claim, far)
	rep, err := sealed.Verify(bytes.NewReader(all["good"].file), opt)
	if err != nil || rep.Unsigned != 2 || rep.Heard != 4 {
		t.Errorf("two claims: %v, %+v", err, rep)
	}
	var e *sealed.Error
	_, err = sealed.Verify(bytes.NewReader(all["tail-cut-own-key"].file), opt)
	if !errors.As(err, &e) || e.Code != sealed.CodeCut || e.Until.Size == 2 {
		t.Errorf("two claims before a cut log: %v", err)
	}
	opt.Keys = nil
	_, err = sealed.Verify(bytes.NewReader(all["good"].file), opt)
	if !errors.As(err, &e) || e.Code != sealed.CodeCutUnproven || e.Until.Size != 2 {
		t.Errorf("two claims, and nobody knows the key: %v", err)
	}
}
