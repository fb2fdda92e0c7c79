package sealed

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"emtihan/exam"
	"emtihan/exam/journal"

	"golang.org/x/mod/sumdb/note"
)

const (
	magic   = "EMLOG\r\n"
	version = 1
	origin  = "emtihan-emlog-1"

	typeHeader = 'H'
	typeRecord = 'R'
	typeBlob   = 'B'
	typeSeal   = 'S'

	hashSize  = sha256.Size
	maxID     = 256
	maxRecord = 16 << 20
	maxBlob   = 64 << 20
	maxSeal   = 4096

	sealTime = "2006-01-02T15:04:05.000Z"
)

// SealText is what the seal states about the bytes before it.
type SealText struct {
	ID      string
	Records uint64
	Head    journal.Hash
	Blobs   uint64
	Bytes   int64        // length of all that stands before the seal
	Digest  journal.Hash // SHA-256 of it
	Time    time.Time    // by the date of the computer that sealed; UTC, milliseconds
	Key     PublicKey
}

func (s SealText) text() string {
	return fmt.Sprintf("%s\nid %s\nrecords %d\nhead %x\nblobs %d\nbytes %d\ndigest %x\nsealed %s\nkey %s\n",
		origin, s.ID, s.Records, s.Head, s.Blobs, s.Bytes, s.Digest, s.Time.UTC().Format(sealTime), s.Key)
}

var errSealForm = errors.New("its text is not as this version writes it")

// parseSealText reads the text of a seal. What it returns has exactly one spelling, the one that was read.
func parseSealText(text string) (s SealText, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 10 || lines[0] != origin {
		return s, errSealForm
	}
	var errs []error
	value := func(i int, word string) string {
		v, ok := strings.CutPrefix(lines[i], word+" ")
		if !ok {
			errs = append(errs, errSealForm)
		}
		return v
	}
	number := func(i int, word string) uint64 {
		n, err := strconv.ParseUint(value(i, word), 10, 63)
		errs = append(errs, err)
		return n
	}
	sum := func(i int, word string) (h journal.Hash) {
		b, err := hex.DecodeString(value(i, word))
		if err == nil && len(b) != hashSize {
			err = errSealForm
		}
		errs = append(errs, err)
		copy(h[:], b)
		return h
	}
	s.ID = value(1, "id")
	s.Records = number(2, "records")
	s.Head = sum(3, "head")
	s.Blobs = number(4, "blobs")
	s.Bytes = int64(number(5, "bytes"))
	s.Digest = sum(6, "digest")
	s.Time, err = time.Parse(sealTime, value(7, "sealed"))
	errs = append(errs, err)
	s.Key, err = ParsePublicKey(value(8, "key"))
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil || s.text() != text {
		return SealText{}, errSealForm
	}
	return s, nil
}

// signatureLine returns the one line that follows the text, spelt canonically.
func signatureLine(sig note.Signature) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(sig.Base64)
	if err != nil {
		return "", err
	}
	return "\n— " + sig.Name + " " + base64.StdEncoding.EncodeToString(raw) + "\n", nil
}

// Seal writes the sealed log of the journal, signed with the key and dated at. Equal journals, keys and times give equal
// bytes. It never holds more than one record or blob in memory.
//
// It returns w's error; the journal's; or a *journal.DamagedError naming the record where the journal's records are not ones
// that a check would accept. After an error, what was written is no sealed log.
func Seal(w io.Writer, r *journal.Reader, key Key, at time.Time) error {
	sum := r.Summary()
	if !validID(sum.ID) {
		return fmt.Errorf("the journal's id %q has no place in a sealed log: 1–%d bytes of text without control characters", sum.ID, maxID)
	}
	if key.signer == nil {
		return fmt.Errorf("seal: %w: it is empty", ErrKey)
	}
	if y := at.UTC().Year(); y < 0 || y > 9999 {
		return fmt.Errorf("seal: the year %d has more than four digits", y)
	}
	out := newWriter(w)
	genesis := journal.Genesis(sum.ID)
	out.write([]byte(magic), []byte{version})
	out.section(typeHeader, genesis[:], []byte(sum.ID))
	head, records := genesis, uint64(0)
	err := r.Records(func(seq uint64, record []byte) error {
		records = seq
		if _, err := decodeRecord(seq, record); err != nil {
			return &journal.DamagedError{Path: sum.ID, Seq: seq, Why: fmt.Sprintf("it cannot be sealed: %v", err)}
		}
		head = journal.Link(head, record)
		return out.section(typeRecord, head[:], record)
	})
	if err != nil {
		return err
	}
	if head != sum.Head || records != sum.Records {
		return &journal.DamagedError{Path: sum.ID, Seq: records, Why: "it changed while it was read"}
	}
	blobs := uint64(0)
	err = r.Blobs(func(h journal.Hash, blob []byte) error {
		blobs++
		if len(blob) > maxBlob-hashSize {
			return fmt.Errorf("blob %x has %d bytes, more than a sealed log takes", h, len(blob))
		}
		return out.section(typeBlob, h[:], blob)
	})
	if err != nil {
		return err
	}
	s := SealText{
		ID: sum.ID, Records: records, Head: head, Blobs: blobs, Bytes: out.n, Digest: journal.Hash(out.digest.Sum(nil)),
		Time: at, Key: key.public,
	}
	signed, err := note.Sign(&note.Note{Text: s.text()}, key.signer)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	out.section(typeSeal, signed)
	return out.flush()
}

// decodeRecord reads the record with the number; exam.DecodeRecord takes only the one encoding of an event.
func decodeRecord(number uint64, record []byte) (exam.Recorded, error) {
	if len(record) == 0 || len(record) > maxRecord-hashSize {
		return exam.Recorded{}, fmt.Errorf("it has %d bytes", len(record))
	}
	rec, err := exam.DecodeRecord(record)
	if err != nil {
		return rec, err
	}
	if rec.Seq != number {
		return rec, fmt.Errorf("it has the number %d", rec.Seq)
	}
	return rec, nil
}

func validID(id string) bool {
	return id != "" && len(id) <= maxID && utf8.ValidString(id) && !strings.ContainsFunc(id, unicode.IsControl)
}

// writer counts and hashes what goes out. Its first error sticks.
type writer struct {
	w      *bufio.Writer
	digest hash.Hash
	n      int64
	err    error
}

func newWriter(w io.Writer) *writer {
	return &writer{w: bufio.NewWriterSize(w, 64<<10), digest: sha256.New()}
}

func (w *writer) write(parts ...[]byte) {
	for _, p := range parts {
		if w.err != nil {
			return
		}
		var n int
		n, w.err = w.w.Write(p)
		w.digest.Write(p[:n])
		w.n += int64(n)
	}
}

func (w *writer) section(kind byte, parts ...[]byte) error {
	length := 0
	for _, p := range parts {
		length += len(p)
	}
	w.write(binary.BigEndian.AppendUint32([]byte{kind}, uint32(length)))
	w.write(parts...)
	return w.err
}

func (w *writer) flush() error {
	if w.err == nil {
		w.err = w.w.Flush()
	}
	return w.err
}
