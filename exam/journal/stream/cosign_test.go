package stream_test

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"emtihan/exam/journal/stream"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func witnessKey(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
}

func signed(t testing.TB, id string, size uint64) ([]byte, note.Verifier) {
	t.Helper()
	key := fixed()
	c := stream.Checkpoint{ID: id, Size: size, Root: tlog.Hash{byte(size)}, Time: when}
	msg, err := note.Sign(&note.Note{Text: c.Text()}, key.Signer())
	if err != nil {
		t.Fatal(err)
	}
	v, err := key.Public().Verifier()
	if err != nil {
		t.Fatal(err)
	}
	return msg, v
}

// A countersignature is the witness's own, for this log and this size, and for nothing else. R22
func TestCosignature(t *testing.T) {
	msg, v := signed(t, testID, 7)
	w := stream.NewWitness("room-101", witnessKey(1))
	at := time.Date(2026, 8, 20, 5, 0, 0, 0, time.UTC)
	cosigned, err := w.Cosign(msg, v, at)
	if err != nil {
		t.Fatal(err)
	}
	c, when, err := stream.CheckCosigned(cosigned, w.Public())
	if err != nil || !when.Equal(at) || c.Size != 7 || c.ID != testID || c.Root != (tlog.Hash{7}) {
		t.Fatalf("%+v %v %v", c, when, err)
	}
	if c, err := stream.ParseCosigned(cosigned, testID); err != nil || c.Note != string(cosigned) {
		t.Errorf("%v", err)
	}
	key, err := stream.ParseWitnessKey(w.Public().String() + "\n")
	if err != nil || key.String() != w.Public().String() {
		t.Errorf("%v, %v", key, err)
	}
	for name, k := range map[string]stream.WitnessKey{
		"another key":             stream.NewWitness("room-101", witnessKey(2)).Public(),
		"another name":            stream.NewWitness("room-102", witnessKey(1)).Public(),
		"no key":                  {Name: "room-101", Key: make(ed25519.PublicKey, ed25519.PublicKeySize)},
		"a name that begins like": stream.NewWitness("room-10", witnessKey(1)).Public(),
	} {
		if _, _, err := stream.CheckCosigned(cosigned, k); err == nil {
			t.Errorf("%s: the signature is taken", name)
		}
	}
	if _, err := stream.ParseCosigned(cosigned, "A-2"); err == nil {
		t.Error("the checkpoint of another log is taken")
	}
	other, _ := signed(t, testID, 8)
	text, _, _ := strings.Cut(string(other), "\n\n")
	_, sigs, _ := strings.Cut(string(cosigned), "\n\n")
	if _, _, err := stream.CheckCosigned([]byte(text+"\n\n"+sigs), w.Public()); err == nil {
		t.Error("a signature is taken for a checkpoint that it was not given for")
	}
	for at := range cosigned {
		bad := bytes.Clone(cosigned)
		bad[at] ^= 1
		if _, _, err := stream.CheckCosigned(bad, w.Public()); err == nil {
			t.Errorf("byte %d changed, and the signature is taken", at)
		}
		if _, err := stream.ParseCosigned(cosigned[:at], testID); err == nil {
			t.Errorf("the first %d bytes are taken", at)
		}
	}
	// A witness signs only what the log has signed.
	if _, err := w.Cosign(cosigned, v, at); err == nil {
		t.Error("a checkpoint without the log's signature was countersigned")
	}
	if _, err := w.Cosign(append(msg, sigs...), v, at); err == nil {
		t.Error("a checkpoint with a second signature was countersigned")
	}
	for _, line := range []string{"", "room-101", "room-101+", "+" + w.Public().String(), "room-101+AAAA", "room-101+!"} {
		if k, err := stream.ParseWitnessKey(line); err == nil {
			t.Errorf("%q is read as the key of %q", line, k.Name)
		}
	}
}

func TestCheckpointHasOneSpelling(t *testing.T) {
	msg, v := signed(t, testID, 7)
	c, err := stream.OpenCheckpoint(msg, v)
	if err != nil {
		t.Fatal(err)
	}
	text := c.Text()
	if got, err := stream.ParseCheckpoint(text); err != nil || got.Text() != text || !got.Time.Equal(when) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{
		"", text + "\n", text[:len(text)-1], strings.Replace(text, "\n7\n", "\n07\n", 1), strings.Replace(text, "\n7\n", "\n+7\n", 1),
		strings.Replace(text, "\n7\n", "\n-7\n", 1), strings.Replace(text, "\n7\n", "\n18446744073709551615\n", 1),
		strings.Replace(text, ".000Z", "Z", 1), strings.Replace(text, "000Z", "000+00:00", 1), strings.Replace(text, "time ", "time  ", 1),
		strings.Replace(text, "emtihan/", "", 1), strings.Replace(text, testID, "", 1), strings.ReplaceAll(text, "\n", "\r\n"),
		strings.Replace(text, "=", "", 1), strings.Replace(text, "=\n", "=\n\n", 1),
	} {
		if _, err := stream.ParseCheckpoint(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
