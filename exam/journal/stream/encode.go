package stream

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"time"

	"emtihan/exam/vault"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tagSize = chacha20poly1305.Overhead

// Salt is drawn anew for every run of the program that writes to a log.
type Salt [chacha20poly1305.NonceSizeX - 8]byte

// State is what must be known to go on with a stream at a place, besides the log's key.
type State struct {
	Offset  int64  // of the next frame
	Sum     uint32 // checksum of the frame before
	Records uint64
	Blobs   uint64
	Tree    Tree
	Run     uint32 // number of the present run, from 1; 0 before the first
	Began   int64  // when it began, Unix milliseconds; later than every run before it
	Wrote   int64  // Began of the run that wrote the last record; 0 before the first
	Salt    Salt   // of the present run
	Signer  string // its verifier key; empty before the first run
}

// StateAfter returns the state behind a header whose frames begin at the offset.
func StateAfter(header []byte, offset int64) State {
	s := State{Offset: offset, Sum: binary.BigEndian.Uint32(header[len(header)-frameSum:])}
	s.Tree.Add(tlog.RecordHash(header))
	return s
}

// Clone returns an independent copy.
func (s *State) Clone() State {
	c := *s
	c.Tree = s.Tree.Clone()
	return c
}

// encode writes the part of the state that a snapshot carries: all but the place.
func (s *State) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, s.Records)
	b = binary.BigEndian.AppendUint64(b, s.Blobs)
	b = binary.BigEndian.AppendUint32(b, s.Run)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Began))
	b = binary.BigEndian.AppendUint64(b, uint64(s.Wrote))
	b = append(b, s.Salt[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.Signer)))
	b = append(b, s.Signer...)
	return s.Tree.encode(b)
}

func decodeState(b []byte) (s State, rest []byte, err error) {
	const fixed = 8 + 8 + 4 + 8 + 8 + len(s.Salt) + 2
	if len(b) < fixed {
		return s, nil, errTree
	}
	s.Records, s.Blobs = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	s.Run, s.Began, s.Salt = binary.BigEndian.Uint32(b[16:]), int64(binary.BigEndian.Uint64(b[20:])), Salt(b[36:])
	s.Wrote = int64(binary.BigEndian.Uint64(b[28:]))
	n := int(binary.BigEndian.Uint16(b[fixed-2:]))
	b = b[fixed:]
	if len(b) < n {
		return s, nil, errTree
	}
	s.Signer = string(b[:n])
	s.Tree, rest, err = decodeTree(b[n:])
	return s, rest, err
}

func nonce(salt Salt, leaf int64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, chacha20poly1305.NonceSizeX), salt[:]...), uint64(leaf))
}

// Encoder writes frames. It is not safe for several goroutines.
type Encoder struct {
	id     string
	aead   cipher.AEAD
	signer note.Signer
	public vault.PublicKey
	state  State
	out    []byte
	group  bool // the next frame begins a group
}

// NewEncoder returns an encoder that goes on after state in the log with the id and key. Run must be called first.
func NewEncoder(id string, key vault.DataKey, signer vault.Key, state State) (*Encoder, error) {
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return nil, err
	}
	return &Encoder{id: id, aead: aead, signer: signer.Signer(), public: signer.Public(), state: state.Clone(), group: true}, nil
}

// State returns the state after what was encoded; it shares nothing with the encoder.
func (e *Encoder) State() State { return e.state.Clone() }

// Records returns the number of the last record.
func (e *Encoder) Records() uint64 { return e.state.Records }

// Leaves returns the size of the tree.
func (e *Encoder) Leaves() int64 { return e.state.Tree.Size() }

// Take returns the bytes that were encoded since the last call: one group.
func (e *Encoder) Take() []byte {
	b := e.out
	e.out, e.group = nil, true
	return b
}

// Run begins a run of the program, at a time, with a salt that no other run has. Where the computer's date has gone back, the
// time is one millisecond after the run before.
func (e *Encoder) Run(salt Salt, at time.Time) {
	e.state.Run++
	e.state.Began = max(at.UnixMilli(), e.state.Began+1)
	e.state.Salt, e.state.Signer = salt, e.public.String()
	b := binary.BigEndian.AppendUint32(salt[:], e.state.Run)
	b = binary.BigEndian.AppendUint64(b, uint64(e.state.Began))
	e.frame(KindRun, true, append(b, e.state.Signer...))
}

// Record appends a record; last ends the unit.
func (e *Encoder) Record(data []byte, last bool) error {
	if len(data) == 0 || len(data) > MaxRecord {
		return fmt.Errorf("a record has %d bytes, a log takes 1–%d", len(data), MaxRecord)
	}
	e.state.Records++
	e.state.Wrote = e.state.Began
	e.frame(KindRecord, last, data)
	return nil
}

// Blob appends a blob.
func (e *Encoder) Blob(data []byte) error {
	if len(data) > MaxBlob {
		return fmt.Errorf("a blob has %d bytes, a log takes up to %d", len(data), MaxBlob)
	}
	e.state.Blobs++
	e.frame(KindBlob, false, data)
	return nil
}

// Hint is what must be known to find and open a snapshot. It need not be trusted.
type Hint struct {
	Offset int64
	Sum    uint32 // checksum of the frame before
	Leaf   int64  // its number in the tree
	Salt   Salt
}

// Snapshot appends a snapshot of the program's state after the last record.
func (e *Encoder) Snapshot(data []byte) (Hint, error) {
	h := Hint{Offset: e.state.Offset, Sum: e.state.Sum, Leaf: e.state.Tree.Size(), Salt: e.state.Salt}
	payload := append(e.state.encode(), data...)
	if len(payload) > MaxBlob {
		return h, fmt.Errorf("a snapshot has %d bytes, a log takes up to %d", len(data), MaxBlob)
	}
	e.frame(KindSnapshot, true, payload)
	return h, nil
}

// Checkpoint appends a signed checkpoint of all before it.
func (e *Encoder) Checkpoint(at time.Time) (Checkpoint, error) {
	c := Checkpoint{ID: e.id, Size: uint64(e.state.Tree.Size()), Root: e.state.Tree.Root(), Time: at.UTC().Truncate(time.Millisecond)}
	msg, err := note.Sign(&note.Note{Text: c.Text()}, e.signer)
	if err != nil {
		return c, err
	}
	c.Note = string(msg)
	e.frame(KindCheckpoint, true, msg)
	return c, nil
}

// Cosigned appends a checkpoint with the signatures of witnesses; see [CheckCosigned].
func (e *Encoder) Cosigned(msg []byte) error {
	if _, err := parseCosigned(msg, e.id, e.state.Tree.Size()); err != nil {
		return err
	}
	e.frame(KindCosigned, true, msg)
	return nil
}

func (e *Encoder) frame(kind Kind, last bool, payload []byte) {
	var flags byte
	if last {
		flags |= FlagUnitEnd
	}
	if e.group {
		flags |= FlagGroupStart
		e.group = false
	}
	rule := kinds[kind]
	length := len(payload)
	if rule.secret {
		length += tagSize
	}
	begin := len(e.out)
	e.out = append(e.out, byte(kind), flags)
	e.out = binary.BigEndian.AppendUint32(e.out, uint32(length))
	if rule.secret {
		e.out = e.aead.Seal(e.out, nonce(e.state.Salt, e.state.Tree.Size()), payload, []byte{byte(kind), flags})
	} else {
		e.out = append(e.out, payload...)
	}
	body := e.out[begin:]
	if rule.leaf {
		e.state.Tree.Add(tlog.RecordHash(body))
	}
	e.state.Sum = checksum(e.state.Sum, body)
	e.out = binary.BigEndian.AppendUint32(e.out, e.state.Sum)
	e.state.Offset += int64(len(e.out) - begin)
}

// Offset returns where the next frame will begin.
func (e *Encoder) Offset() int64 { return e.state.Offset }
