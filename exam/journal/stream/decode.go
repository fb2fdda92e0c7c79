package stream

import (
	"bufio"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"emtihan/exam/vault"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/mod/sumdb/note"
)

// Frame is a frame that has been checked.
type Frame struct {
	RawFrame
	Place  Place
	Number uint64 // of a record or blob, from 1
	Offset int64
	Leaf   int64 // its number in the tree, or -1
	// Data is what the frame holds: of a record, blob or snapshot the plain bytes, or nil where the key is not known; of a
	// checkpoint the signed note.
	Data       []byte
	Checkpoint *Checkpoint // of 'C' and 'W'
}

// UnitEnd reports whether what was appended in one call ends with this frame.
func (f Frame) UnitEnd() bool { return f.Flags&FlagUnitEnd != 0 }

// Decoder reads frames and checks everything that can be checked without other logs: checksums, the tree at each checkpoint,
// the checkpoint's signature, and with the log's key the authenticity of each payload.
type Decoder struct {
	r        *bufio.Reader
	id       string
	aead     cipher.AEAD // nil: the key is not known
	state    State
	verifier note.Verifier
	err      error
}

// NewDecoder returns a decoder that reads on from state. key may be nil.
func NewDecoder(r io.Reader, id string, key *vault.DataKey, state State) (*Decoder, error) {
	d := &Decoder{r: bufio.NewReaderSize(r, 256<<10), id: id, state: state.Clone()}
	if key != nil {
		aead, err := chacha20poly1305.NewX(key[:])
		if err != nil {
			return nil, err
		}
		d.aead = aead
	}
	if err := d.signer(state.Signer); err != nil {
		return nil, err
	}
	return d, nil
}

// State returns the state after the last frame; it shares nothing with the decoder.
func (d *Decoder) State() State { return d.state.Clone() }

// Offset returns where the next frame begins.
func (d *Decoder) Offset() int64 { return d.state.Offset }

// Rest returns what follows the frames that were read.
func (d *Decoder) Rest() *bufio.Reader { return d.r }

// OpenSnapshot reads the snapshot to which a hint points, from a reader that begins at its offset, and returns a decoder that
// reads on behind it. It returns an *Error where the hint does not lead to a snapshot of this log.
func OpenSnapshot(r io.Reader, id string, key vault.DataKey, h Hint) (*Decoder, []byte, error) {
	state := State{Offset: h.Offset, Sum: h.Sum, Salt: h.Salt, Tree: Tree{size: h.Leaf}}
	d, err := NewDecoder(r, id, &key, state)
	if err != nil {
		return nil, nil, err
	}
	f, err := ReadFrame(d.r, h.Sum)
	if err == nil && f.Kind != KindSnapshot {
		err = &Error{Code: CodeFrame, Place: PlaceSnapshot, Offset: h.Offset, Why: "another frame stands there"}
	}
	if err != nil {
		return nil, nil, err
	}
	plain, err := d.open(f)
	if err != nil {
		return nil, nil, &Error{Code: CodeSecret, Place: PlaceSnapshot, Offset: h.Offset, Why: err.Error()}
	}
	s, data, err := decodeState(plain)
	if err != nil || s.Tree.size != h.Leaf || s.Salt != h.Salt {
		return nil, nil, &Error{Code: CodeFrame, Place: PlaceSnapshot, Offset: h.Offset, Why: "it is about another place"}
	}
	s.Offset, s.Sum = h.Offset+int64(len(f.Bytes)), f.Sum
	s.Tree.Add(f.LeafHash())
	d.state = s
	return d, data, d.signer(s.Signer)
}

func (d *Decoder) signer(key string) error {
	d.verifier = nil
	if key == "" {
		return nil
	}
	public, err := vault.ParsePublicKey(key)
	if err != nil {
		return err
	}
	d.verifier, err = public.Verifier()
	return err
}

var errForged = errors.New("the log's own key does not open it")

func (d *Decoder) open(f RawFrame) ([]byte, error) {
	plain, err := d.aead.Open(nil, nonce(d.state.Salt, d.state.Tree.Size()), f.Payload, []byte{byte(f.Kind), f.Flags})
	if err != nil {
		return nil, errForged
	}
	return plain, nil
}

// Next returns the next frame. It returns io.EOF where the stream ends with the input, ErrEnd where zeros follow, an *Error
// where it is not whole, or the reader's error. An error is final.
func (d *Decoder) Next() (Frame, error) {
	if d.err != nil {
		return Frame{}, d.err
	}
	f, err := d.next()
	d.err = err
	return f, err
}

func (d *Decoder) next() (f Frame, err error) {
	f.RawFrame, err = ReadFrame(d.r, d.state.Sum)
	f.Offset, f.Leaf = d.state.Offset, -1
	var wrong *Error
	if errors.As(err, &wrong) {
		f.Place = wrong.Place
		return f, d.wrong(f, wrong.Code, wrong.Why)
	}
	if err != nil {
		return f, err
	}
	rule := kinds[f.Kind]
	f.Place = rule.place
	f.Number = d.number(f.Place)
	if d.state.Signer == "" && f.Kind != KindRun {
		return f, d.wrong(f, CodeFrame, "it stands before the first run")
	}
	f.Data = f.Payload
	if rule.secret {
		f.Data = nil
		if d.aead != nil {
			if f.Data, err = d.open(f.RawFrame); err != nil {
				return f, d.wrong(f, CodeSecret, err.Error())
			}
		}
	}
	switch f.Kind {
	case KindRun:
		if err := d.run(f.Payload); err != nil {
			return f, d.wrong(f, CodeFrame, err.Error())
		}
	case KindRecord:
		d.state.Records++
		d.state.Wrote = d.state.Began
	case KindBlob:
		d.state.Blobs++
	case KindSnapshot:
		if err := d.snapshot(&f); err != nil {
			return f, d.wrong(f, CodeFrame, err.Error())
		}
	case KindCheckpoint:
		c, err := OpenCheckpoint(f.Payload, d.verifier)
		if err == nil && (c.ID != d.id || c.Size != uint64(d.state.Tree.Size()) || c.Root != d.state.Tree.Root()) {
			err = errors.New("it is about other frames than those before it")
		}
		if err != nil {
			return f, d.wrong(f, CodeCheckpoint, err.Error())
		}
		f.Checkpoint = &c
	case KindCosigned:
		c, err := parseCosigned(f.Payload, d.id, d.state.Tree.Size())
		if err != nil {
			return f, d.wrong(f, CodeCheckpoint, err.Error())
		}
		f.Checkpoint = &c
	}
	if rule.leaf {
		f.Leaf = d.state.Tree.Size()
		d.state.Tree.Add(f.LeafHash())
	}
	d.state.Sum = f.Sum
	d.state.Offset += int64(len(f.Bytes))
	return f, nil
}

func (d *Decoder) number(p Place) uint64 {
	switch p {
	case PlaceRecord:
		return d.state.Records + 1
	case PlaceBlob:
		return d.state.Blobs + 1
	}
	return 0
}

const runFixed = len(Salt{}) + 4 + 8 // bytes before the verifier key

// RunKey returns the verifier key in the payload of a 'K' frame, or "".
func RunKey(payload []byte) string { return string(payload[min(runFixed, len(payload)):]) }

func (d *Decoder) run(payload []byte) error {
	if len(payload) <= runFixed {
		return fmt.Errorf("its length is given as %d", len(payload))
	}
	run := binary.BigEndian.Uint32(payload[len(Salt{}):])
	if run != d.state.Run+1 {
		return fmt.Errorf("it says run %d after run %d", run, d.state.Run)
	}
	key := RunKey(payload)
	if err := d.signer(key); err != nil {
		return err
	}
	began := int64(binary.BigEndian.Uint64(payload[len(Salt{})+4:]))
	if began <= d.state.Began {
		return errors.New("it says that it began before the run that precedes it")
	}
	d.state.Run, d.state.Began = run, began
	d.state.Salt, d.state.Signer = Salt(payload), key
	return nil
}

// snapshot checks that a snapshot is about the frames before it.
func (d *Decoder) snapshot(f *Frame) error {
	if f.Data == nil {
		return nil
	}
	s, data, err := decodeState(f.Data)
	if err != nil {
		return err
	}
	if s.Records != d.state.Records || s.Blobs != d.state.Blobs || s.Signer != d.state.Signer || s.Salt != d.state.Salt ||
		s.Run != d.state.Run || s.Began != d.state.Began || s.Wrote != d.state.Wrote ||
		s.Tree.size != d.state.Tree.size || s.Tree.Root() != d.state.Tree.Root() {
		return errors.New("it is about other frames than those before it")
	}
	f.Data = data
	return nil
}

func (d *Decoder) wrong(f Frame, code Code, why string) *Error {
	return &Error{Code: code, Place: f.Place, Number: d.number(f.Place), Offset: f.Offset, Why: why}
}

// Salt returns the salt of the present run.
func (d *Decoder) Salt() Salt { return d.state.Salt }

// Records returns the number of the last record.
func (d *Decoder) Records() uint64 { return d.state.Records }
