package sealed

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"

	"golang.org/x/mod/sumdb/note"
)

// Section is one checked frame of a sealed log. Data of a record, blob or snapshot is nil where the log's key is not known.
type Section struct {
	stream.Frame
	Index  uint64         // of the frame in the file, from 1
	Record *exam.Recorded // of a record that can be read
	Hash   journal.Hash   // of a blob that can be read
}

// File is a sealed log that is being read from its beginning to its end. It holds one frame in memory, and the checkpoints.
type File struct {
	r      *bufio.Reader
	dec    *stream.Decoder
	digest hash.Hash // of all before the seal
	header stream.Header
	keyErr error

	index  uint64 // of the last frame
	whole  bool   // the last frame ended a unit
	runKey vault.PublicKey
	points []stream.Checkpoint // without their notes
	seal   SealText
	sealed bool
	err    error
}

// Open reads the beginning of a sealed log. opener may be nil: without the log's key its records can be counted, not read.
// It returns an *Error where the beginning is not whole, or r's error. What [File.Next] yields is proven by the seal only
// when Next has returned io.EOF.
func Open(r io.Reader, opener vault.Opener) (*File, error) {
	// The decoder takes over a reader of this size as it is.
	f := &File{r: bufio.NewReaderSize(r, 256<<10), digest: sha256.New(), keyErr: vault.ErrNoKey}
	begin := make([]byte, start)
	n, err := io.ReadFull(f.r, begin)
	if got := begin[:min(n, len(magic))]; string(got) != magic[:len(got)] {
		return nil, &Error{Code: stream.CodeMagic, Place: PlaceMagic, Why: "the file does not begin like a sealed log"}
	}
	if err != nil {
		return nil, short(err, PlaceMagic, 0)
	}
	switch v := begin[len(magic)]; v {
	case version:
	case 1:
		return nil, &Error{Code: stream.CodeVersion, Place: PlaceMagic, Why: "it has format version 1, in which no exam was ever sealed; this program reads version 2"}
	default:
		return nil, &Error{Code: stream.CodeVersion, Place: PlaceMagic, Why: fmt.Sprintf("it has format version %d; this program reads version %d", v, version)}
	}
	header, raw, err := stream.ReadHeader(f.r)
	if err != nil {
		var wrong *stream.Error
		if errors.As(err, &wrong) {
			return nil, &Error{Code: wrong.Code, Place: wrong.Place, Offset: wrong.Offset + int64(start), Why: wrong.Why}
		}
		return nil, err
	}
	f.header = header
	f.digest.Write(begin)
	f.digest.Write(raw)
	var key *vault.DataKey
	if opener != nil {
		var k vault.DataKey
		if k, f.keyErr = opener.Unwrap(header.ID, header.Wraps); f.keyErr == nil {
			key = &k
		}
	}
	f.dec, err = stream.NewDecoder(f.r, header.ID, key, stream.StateAfter(raw, int64(start+len(raw))))
	return f, err
}

// ID returns the id of the journal that was sealed.
func (f *File) ID() string { return f.header.ID }

// Header returns the journal's header.
func (f *File) Header() stream.Header { return f.header }

// KeyErr returns why the content cannot be read, or nil.
func (f *File) KeyErr() error { return f.keyErr }

// Seal returns what the seal states. It is there after Next has returned io.EOF.
func (f *File) Seal() (SealText, bool) { return f.seal, f.sealed }

// Next returns the next frame. After the last it checks the seal and returns io.EOF. It returns an *Error where the file is
// not whole, or the reader's error; an error is final.
func (f *File) Next() (Section, error) {
	if f.err != nil {
		return Section{}, f.err
	}
	s, err := f.next()
	f.err = err
	return s, err
}

func (f *File) next() (Section, error) {
	offset := f.dec.Offset()
	switch b, err := f.r.Peek(1); {
	case errors.Is(err, io.EOF):
		return Section{}, &Error{Code: stream.CodeTruncated, Place: PlaceSeal, Offset: offset, Why: "the file ends before its seal"}
	case err != nil:
		return Section{}, err
	case b[0] == typeSeal:
		return Section{}, f.checkSeal()
	}
	fr, err := f.dec.Next()
	s := Section{Frame: fr, Index: f.index + 1}
	wrong := func(code stream.Code, why string) error {
		return &Error{Code: code, Place: fr.Place, Number: fr.Number, Frame: s.Index, Offset: offset, Why: why}
	}
	if err != nil {
		return Section{}, f.explain(s, err)
	}
	switch fr.Kind {
	case stream.KindRun:
		if f.runKey, err = vault.ParsePublicKey(f.dec.State().Signer); err != nil {
			return Section{}, wrong(stream.CodeFrame, err.Error())
		}
	case stream.KindRecord:
		if fr.Data != nil {
			rec, err := decodeRecord(fr.Number, fr.Data)
			if err != nil {
				return Section{}, wrong(CodeRecordForm, err.Error())
			}
			s.Record = &rec
		}
	case stream.KindBlob:
		if fr.Data != nil {
			s.Hash = sha256.Sum256(fr.Data)
		}
	case stream.KindCheckpoint:
		c := *fr.Checkpoint
		c.Note = ""
		f.points = append(f.points, c)
	case stream.KindCosigned:
		// The decoder cannot know what stood before; a witness that signed anything else has seen another log.
		if !f.hasPoint(*fr.Checkpoint) {
			return Section{}, wrong(stream.CodeCheckpoint, "it countersigns a checkpoint that does not stand before it")
		}
	}
	f.index, f.whole = s.Index, fr.UnitEnd()
	f.digest.Write(fr.Bytes)
	return s, nil
}

func (f *File) hasPoint(c stream.Checkpoint) bool {
	for i := len(f.points) - 1; i >= 0 && f.points[i].Size >= c.Size; i-- {
		if f.points[i].Text() == c.Text() {
			return true
		}
	}
	return false
}

// since returns the last checkpoint that agreed with everything before it.
func (f *File) since() *stream.Checkpoint {
	if len(f.points) == 0 {
		return nil
	}
	c := f.points[len(f.points)-1]
	return &c
}

// explain turns the decoder's error into one of the file.
func (f *File) explain(s Section, err error) error {
	e := &Error{Frame: s.Index, Offset: f.dec.Offset()}
	var wrong *stream.Error
	switch {
	case errors.As(err, &wrong):
		e.Code, e.Place, e.Number, e.Why = wrong.Code, wrong.Place, wrong.Number, wrong.Why
	case errors.Is(err, stream.ErrEnd):
		e.Code, e.Place, e.Why = stream.CodeFrame, stream.PlaceFrame, "zeros stand where a frame should begin"
	default:
		return err
	}
	if e.Code == stream.CodeCheckpoint && s.Kind == stream.KindCheckpoint {
		e.Since = f.since()
		// What it says counts only where the run's key signed it; a signature that does not fit is the wrong place itself.
		if v, verr := f.runKey.Verifier(); verr == nil {
			if c, oerr := stream.OpenCheckpoint(s.Payload, v); oerr == nil && c.ID == f.header.ID {
				e.Until = &c
			}
		}
		if e.Until == nil {
			e.Since = nil
		}
	}
	return e
}

// checkSeal returns io.EOF where the seal fits all that came before and nothing follows it.
func (f *File) checkSeal() error {
	at := f.dec.Offset()
	wrong := func(code stream.Code, why string) error {
		return &Error{Code: code, Place: PlaceSeal, Offset: at, Why: why}
	}
	form := func(why string) error { return wrong(CodeSealForm, why) }
	var head [5]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return short(err, PlaceSeal, at)
	}
	length := binary.BigEndian.Uint32(head[1:])
	if length == 0 || length > maxSeal {
		return form(fmt.Sprintf("its length is given as %d, not 1–%d", length, maxSeal))
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(f.r, payload); err != nil {
		return short(err, PlaceSeal, at)
	}
	text, _, ok := bytes.Cut(payload, []byte("\n\n"))
	if !ok {
		return form("it is no signed note")
	}
	s, err := parseSealText(string(text) + "\n")
	if err != nil {
		return form(err.Error())
	}
	verifier, err := s.Key.Verifier()
	if err != nil {
		return form(err.Error())
	}
	n, err := note.Open(payload, note.VerifierList(verifier))
	if err != nil {
		return wrong(CodeSignature, "the signature does not fit: "+err.Error())
	}
	line, err := signatureLine(n.Sigs[0])
	if err != nil || s.text()+line != string(payload) {
		return form("its signature line is not spelt as this version spells it")
	}
	state := f.dec.State()
	for _, c := range []struct {
		ok  bool
		why string
	}{
		{s.ID == f.header.ID, fmt.Sprintf("it is about %q", s.ID)},
		{f.index > 0 && f.whole, "what stands before it ends in the middle of what was written together"},
		{s.Records == state.Records, fmt.Sprintf("it counts %d records, the file has %d", s.Records, state.Records)},
		{s.Blobs == state.Blobs, fmt.Sprintf("it counts %d blobs, the file has %d", s.Blobs, state.Blobs)},
		{s.Leaves == uint64(state.Tree.Size()), fmt.Sprintf("it counts %d leaves, the file has %d", s.Leaves, state.Tree.Size())},
		{s.Root == state.Tree.Root(), "it names another root of the tree"},
		{s.Bytes == at, fmt.Sprintf("it stands after %d bytes, the file has %d", s.Bytes, at)},
		{s.Digest == journal.Hash(f.digest.Sum(nil)), "it names another digest of the bytes before it"},
	} {
		if !c.ok {
			e := &Error{Code: CodeSealContent, Place: PlaceSeal, Offset: at, Why: c.why}
			if s.ID == f.header.ID {
				e.Since = f.since()
			}
			return e
		}
	}
	switch _, err := f.r.ReadByte(); {
	case err == nil:
		return &Error{Code: CodeTrailing, Place: PlaceEnd, Offset: at + int64(len(head)+len(payload)), Why: "something follows the seal"}
	case !errors.Is(err, io.EOF):
		return err
	}
	f.seal, f.sealed = s, true
	return io.EOF
}

// short turns the end of the input into an *Error and leaves other errors as they are.
func short(err error, place stream.Place, offset int64) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Code: stream.CodeTruncated, Place: place, Offset: offset, Why: "the file ends before it is complete"}
	}
	return err
}

// witnesses returns the names under a countersigned checkpoint, whose form has been checked.
func witnesses(msg []byte) (names []string) {
	i := bytes.LastIndex(msg, []byte("\n\n"))
	for line := range strings.SplitSeq(strings.TrimSuffix(string(msg[i+2:]), "\n"), "\n") {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "— "), " ")
		names = append(names, name)
	}
	return names
}
