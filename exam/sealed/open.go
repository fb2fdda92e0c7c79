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

	"golang.org/x/mod/sumdb/note"
)

// Section is one checked part of a sealed log.
type Section struct {
	Place  Place  // PlaceRecord or PlaceBlob
	Number uint64 // of the record or blob, from 1
	Offset int64  // byte at which it begins
	Hash   journal.Hash
	Data   []byte        // CBOR of the record, or the blob
	Record exam.Recorded // of a record
}

// File is a sealed log that is being read from its beginning to its end. It holds one section in memory.
type File struct {
	r      *bufio.Reader
	digest hash.Hash // of all before the seal
	offset int64     // of the next byte
	begin  int64     // of the section being read

	id      string
	head    journal.Hash
	records uint64
	blobs   uint64
	last    journal.Hash // of the last blob
	seal    SealText
	sealed  bool
	err     error
}

// Open reads the beginning of a sealed log. It returns an *Error where that is not whole, or r's error. What [File.Next]
// yields is proven by the signature only when Next has returned io.EOF.
func Open(r io.Reader) (*File, error) {
	f := &File{r: bufio.NewReaderSize(r, 64<<10), digest: sha256.New()}
	start := make([]byte, len(magic)+1)
	n, err := io.ReadFull(f.r, start)
	if bad := mismatch(start[:n], magic); bad {
		return nil, f.wrong(CodeMagic, PlaceMagic, 0, "the file does not begin like a sealed log")
	}
	if err != nil {
		return nil, f.short(err, PlaceMagic, 0)
	}
	if v := start[len(magic)]; v != version {
		return nil, f.wrong(CodeVersion, PlaceMagic, 0, fmt.Sprintf("it says format version %d; this program knows version %d", v, version))
	}
	f.digest.Write(start)
	f.offset = int64(n)
	kind, payload, err := f.section()
	if err != nil {
		return nil, err
	}
	if kind != typeHeader {
		return nil, f.wrong(CodeFrame, PlaceHeader, 0, "the first section is not the header")
	}
	f.id, f.head = string(payload[hashSize:]), journal.Hash(payload)
	if !validID(f.id) || f.head != journal.Genesis(f.id) {
		return nil, f.wrong(CodeHeader, PlaceHeader, 0, "the id does not fit its hash")
	}
	return f, nil
}

func mismatch(got []byte, want string) bool {
	n := min(len(got), len(want))
	return string(got[:n]) != want[:n]
}

// ID returns the id of the journal that was sealed.
func (f *File) ID() string { return f.id }

// Seal returns what the seal states. It is there after Next has returned io.EOF.
func (f *File) Seal() (SealText, bool) { return f.seal, f.sealed }

// Next returns the next record or blob: first all records, then all blobs. After the last it checks the seal and returns
// io.EOF. It returns an *Error where the file is not whole, or the reader's error; an error is final.
func (f *File) Next() (Section, error) {
	if f.err != nil {
		return Section{}, f.err
	}
	s, err := f.next()
	f.err = err
	return s, err
}

func (f *File) next() (Section, error) {
	kind, payload, err := f.section()
	if err != nil {
		return Section{}, err
	}
	switch kind {
	case typeRecord:
		return f.record(payload)
	case typeBlob:
		return f.blob(payload)
	case typeSeal:
		return Section{}, f.checkSeal(payload)
	}
	place, number := f.expected()
	return Section{}, f.wrong(CodeFrame, place, number, "a second header")
}

func (f *File) record(payload []byte) (Section, error) {
	number := f.records + 1
	if f.blobs > 0 {
		return Section{}, f.wrong(CodeFrame, PlaceRecord, number, "a record after the blobs")
	}
	sum, data := journal.Hash(payload), payload[hashSize:]
	if sum != journal.Link(f.head, data) {
		return Section{}, f.wrong(CodeRecordHash, PlaceRecord, number, "it does not continue the chain of hashes")
	}
	rec, err := decodeRecord(number, data)
	if err != nil {
		return Section{}, f.wrong(CodeRecordForm, PlaceRecord, number, err.Error())
	}
	f.records, f.head = number, sum
	return Section{Place: PlaceRecord, Number: number, Offset: f.begin, Hash: sum, Data: data, Record: rec}, nil
}

func (f *File) blob(payload []byte) (Section, error) {
	number := f.blobs + 1
	sum, data := journal.Hash(payload), payload[hashSize:]
	if sum != sha256.Sum256(data) {
		return Section{}, f.wrong(CodeBlobHash, PlaceBlob, number, "its bytes do not fit its hash")
	}
	if f.blobs > 0 && bytes.Compare(sum[:], f.last[:]) <= 0 {
		return Section{}, f.wrong(CodeBlobOrder, PlaceBlob, number, "it stands twice or out of order")
	}
	f.blobs, f.last = number, sum
	return Section{Place: PlaceBlob, Number: number, Offset: f.begin, Hash: sum, Data: data}, nil
}

// checkSeal returns io.EOF where the seal fits all that came before and nothing follows it.
func (f *File) checkSeal(payload []byte) error {
	form := func(why string) error { return f.wrong(CodeSealForm, PlaceSeal, 0, why) }
	text, _, ok := strings.Cut(string(payload), "\n\n")
	if !ok {
		return form("it is no signed note")
	}
	s, err := parseSealText(text + "\n")
	if err != nil {
		return form(err.Error())
	}
	verifier, err := s.Key.verifier()
	if err != nil {
		return form(err.Error())
	}
	n, err := note.Open(payload, note.VerifierList(verifier))
	if err != nil {
		return f.wrong(CodeSignature, PlaceSeal, 0, "the signature does not fit: "+err.Error())
	}
	line, err := signatureLine(n.Sigs[0])
	if err != nil || s.text()+line != string(payload) {
		return form("its signature line is not spelt as this version spells it")
	}
	for _, c := range []struct {
		ok  bool
		why string
	}{
		{s.ID == f.id, fmt.Sprintf("it is about %q", s.ID)},
		{s.Records == f.records, fmt.Sprintf("it counts %d records, the file has %d", s.Records, f.records)},
		{s.Head == f.head, "it names another last hash of the records"},
		{s.Blobs == f.blobs, fmt.Sprintf("it counts %d blobs, the file has %d", s.Blobs, f.blobs)},
		{s.Bytes == f.begin, fmt.Sprintf("it stands after %d bytes, the file has %d", s.Bytes, f.begin)},
		{s.Digest == journal.Hash(f.digest.Sum(nil)), "it names another digest of the bytes before it"},
	} {
		if !c.ok {
			return f.wrong(CodeSealContent, PlaceSeal, 0, c.why)
		}
	}
	f.begin = f.offset
	switch _, err := f.r.ReadByte(); {
	case err == nil:
		return f.wrong(CodeTrailing, PlaceEnd, 0, "something follows the seal")
	case !errors.Is(err, io.EOF):
		return err
	}
	f.seal, f.sealed = s, true
	return io.EOF
}

// section reads one framed section and takes it into the digest, unless it is the seal.
func (f *File) section() (kind byte, payload []byte, err error) {
	f.begin = f.offset
	var frame [5]byte
	n, err := io.ReadFull(f.r, frame[:])
	place, number := f.expected()
	if n > 0 {
		least, most := 0, 0
		switch frame[0] {
		case typeHeader:
			place, number, least, most = PlaceHeader, 0, hashSize+1, hashSize+maxID
		case typeRecord:
			place, number, least, most = PlaceRecord, f.records+1, hashSize+1, maxRecord
		case typeBlob:
			place, number, least, most = PlaceBlob, f.blobs+1, hashSize, maxBlob
		case typeSeal:
			place, number, least, most = PlaceSeal, 0, 1, maxSeal
		default:
			return 0, nil, f.wrong(CodeFrame, place, number, fmt.Sprintf("no section begins with the byte 0x%02x", frame[0]))
		}
		if err == nil {
			if l := binary.BigEndian.Uint32(frame[1:]); l < uint32(least) || l > uint32(most) {
				return 0, nil, f.wrong(CodeFrame, place, number, fmt.Sprintf("its length is given as %d, not %d–%d", l, least, most))
			}
		}
	}
	if err != nil {
		return 0, nil, f.short(err, place, number)
	}
	length := int64(binary.BigEndian.Uint32(frame[1:]))
	// The buffer grows with what is really there: a length alone must not cost memory.
	var b bytes.Buffer
	if _, err := io.CopyN(&b, f.r, length); err != nil {
		return 0, nil, f.short(err, place, number)
	}
	f.offset += int64(len(frame)) + length
	if frame[0] != typeSeal {
		f.digest.Write(frame[:])
		f.digest.Write(b.Bytes())
	}
	return frame[0], b.Bytes(), nil
}

// expected returns the place that a section of no known type takes.
func (f *File) expected() (Place, uint64) {
	switch {
	case f.id == "":
		return PlaceHeader, 0
	case f.blobs > 0:
		return PlaceBlob, f.blobs + 1
	case f.records > 0:
		return PlaceRecord, f.records + 1
	}
	return PlaceRecord, 1
}

func (f *File) wrong(code Code, place Place, number uint64, why string) *Error {
	return &Error{Code: code, Place: place, Number: number, Offset: f.begin, Why: why}
}

func (f *File) short(err error, place Place, number uint64) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return f.wrong(CodeTruncated, place, number, "the file ends before it is complete")
	}
	return err
}
