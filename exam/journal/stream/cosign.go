package stream

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"emtihan/exam/vault"

	"golang.org/x/mod/sumdb/note"
)

// cosignatureV1 is the signature type of https://c2sp.org/tlog-cosignature for Ed25519.
const cosignatureV1 = 0x04

func cosignatureHash(name string, key []byte) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	h.Write([]byte{cosignatureV1})
	h.Write(key)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func cosignedText(text string, at int64) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text)
}

// Witness countersigns checkpoints: a room's server that has seen the log grow and never shrink.
type Witness struct {
	name string
	key  ed25519.PrivateKey
}

// NewWitness returns a witness with a name that a note may carry.
func NewWitness(name string, key ed25519.PrivateKey) Witness { return Witness{name, key} }

// Public returns the key by which its countersignatures are checked.
func (w Witness) Public() WitnessKey {
	pub, _ := w.key.Public().(ed25519.PublicKey)
	return WitnessKey{w.name, pub}
}

// Cosign returns the checkpoint of a signed note under the witness's signature and time alone, as a 'W' frame keeps it. That
// the log is consistent with what the witness saw before is for the caller to know.
func (w Witness) Cosign(msg []byte, log note.Verifier, at time.Time) ([]byte, error) {
	c, err := OpenCheckpoint(msg, log)
	if err != nil {
		return nil, err
	}
	text := c.Text()
	sig := binary.BigEndian.AppendUint32(nil, cosignatureHash(w.name, w.Public().Key))
	sig = binary.BigEndian.AppendUint64(sig, uint64(at.Unix()))
	sig = append(sig, ed25519.Sign(w.key, cosignedText(text, at.Unix()))...)
	return fmt.Appendf(nil, "%s\n— %s %s\n", text, w.name, base64.StdEncoding.EncodeToString(sig)), nil
}

// WitnessKey checks the countersignatures of one witness.
type WitnessKey struct {
	Name string
	Key  ed25519.PublicKey
}

// ParseWitnessKey reads a witness's key, NAME+BASE64 of the 32 bytes.
func ParseWitnessKey(line string) (WitnessKey, error) {
	name, key, ok := strings.Cut(strings.TrimSpace(line), "+")
	raw, err := base64.StdEncoding.DecodeString(key)
	if !ok || err != nil || len(raw) != ed25519.PublicKeySize || name == "" {
		return WitnessKey{}, fmt.Errorf("%w: it is no witness's key NAME+BASE64", vault.ErrKey)
	}
	return WitnessKey{name, raw}, nil
}

// String returns what ParseWitnessKey reads.
func (k WitnessKey) String() string { return k.Name + "+" + base64.StdEncoding.EncodeToString(k.Key) }

// CheckCosigned checks the witness's signature under the checkpoint of a 'W' frame and returns when it was given.
func CheckCosigned(msg []byte, k WitnessKey) (Checkpoint, time.Time, error) {
	text, sigs, err := splitNote(msg)
	if err != nil {
		return Checkpoint{}, time.Time{}, err
	}
	c, err := ParseCheckpoint(text)
	if err != nil {
		return c, time.Time{}, err
	}
	want := cosignatureHash(k.Name, k.Key)
	for _, s := range sigs {
		if s.name != k.Name || s.hash != want || len(s.sig) != 8+ed25519.SignatureSize {
			continue
		}
		at := int64(binary.BigEndian.Uint64(s.sig))
		if ed25519.Verify(k.Key, cosignedText(text, at), s.sig[8:]) {
			return c, time.Unix(at, 0).UTC(), nil
		}
	}
	return c, time.Time{}, fmt.Errorf("no signature of the witness %q stands under it", k.Name)
}

type noteSignature struct {
	name string
	hash uint32
	sig  []byte
}

var errNote = errors.New("it is no signed note")

// splitNote reads a signed note without judging its signatures: package note refuses notes that none of its verifiers knows.
func splitNote(msg []byte) (text string, sigs []noteSignature, err error) {
	i := bytes.LastIndex(msg, []byte("\n\n"))
	if i < 0 || len(msg) > maxNote {
		return "", nil, errNote
	}
	text = string(msg[:i+1])
	rest, ok := strings.CutSuffix(string(msg[i+2:]), "\n")
	if !ok {
		return "", nil, errNote
	}
	for line := range strings.SplitSeq(rest, "\n") {
		line, ok := strings.CutPrefix(line, "— ")
		name, b64, ok2 := strings.Cut(line, " ")
		raw, err := base64.StdEncoding.DecodeString(b64)
		if !ok || !ok2 || err != nil || len(raw) < 5 || name == "" || base64.StdEncoding.EncodeToString(raw) != b64 {
			return "", nil, errNote
		}
		sigs = append(sigs, noteSignature{name, binary.BigEndian.Uint32(raw), raw[4:]})
	}
	return text, sigs, nil
}

// ParseCosigned reads a checkpoint under the signatures of witnesses without judging these; it must be about the log with the
// id.
func ParseCosigned(msg []byte, id string) (Checkpoint, error) { return parseCosigned(msg, id, 1<<62) }

// parseCosigned checks the form of a 'W' frame in the log with the id and so many leaves.
func parseCosigned(msg []byte, id string, leaves int64) (Checkpoint, error) {
	text, _, err := splitNote(msg)
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := ParseCheckpoint(text)
	if err != nil {
		return c, err
	}
	if c.ID != id || c.Size > uint64(leaves) {
		return c, errors.New("it is about another log, or about frames that are not there")
	}
	c.Note = string(msg)
	return c, nil
}
