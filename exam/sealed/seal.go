package sealed

import (
	"bufio"
	"bytes"
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

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	magic   = "EMLOG\r\n"
	version = 2
	origin  = "emtihan-emlog-2"

	start    = len(magic) + 1 // bytes before the journal's header
	typeSeal = 'Z'            // no kind of frame
	maxSeal  = 4096

	sealTime = "2006-01-02T15:04:05.000Z"
)

// SealText is what the seal states about the bytes before it.
type SealText struct {
	ID      string
	Records uint64
	Blobs   uint64
	Leaves  uint64    // of the tree
	Root    tlog.Hash // of the tree
	Bytes   int64     // length of all that stands before the seal
	Digest  journal.Hash
	Time    time.Time // by the date of the computer that sealed; UTC, milliseconds
	Key     vault.PublicKey
}

func (s SealText) text() string {
	return fmt.Sprintf("%s\nid %s\nrecords %d\nblobs %d\nleaves %d\nroot %s\nbytes %d\ndigest %x\nsealed %s\nkey %s\n",
		origin, s.ID, s.Records, s.Blobs, s.Leaves, s.Root, s.Bytes, s.Digest, s.Time.UTC().Format(sealTime), s.Key)
}

var errSealForm = errors.New("its text is not as this version writes it")

// parseSealText reads the text of a seal. What it returns has exactly one spelling, the one that was read.
func parseSealText(text string) (s SealText, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 11 || lines[0] != origin {
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
		n, err := strconv.ParseUint(value(i, word), 10, 62)
		errs = append(errs, err)
		return n
	}
	sum := func(i int, word string, decode func(string) ([]byte, error)) (h [32]byte) {
		b, err := decode(value(i, word))
		if err == nil && len(b) != len(h) {
			err = errSealForm
		}
		errs = append(errs, err)
		copy(h[:], b)
		return h
	}
	s.ID = value(1, "id")
	s.Records = number(2, "records")
	s.Blobs = number(3, "blobs")
	s.Leaves = number(4, "leaves")
	s.Root = sum(5, "root", base64.StdEncoding.DecodeString)
	s.Bytes = int64(number(6, "bytes"))
	s.Digest = sum(7, "digest", hex.DecodeString)
	s.Time, err = time.Parse(sealTime, value(8, "sealed"))
	errs = append(errs, err)
	s.Key, err = vault.ParsePublicKey(value(9, "key"))
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
// bytes. It holds one frame in memory. The journal's own key is not needed; where the reader has it, every record is read
// and one that a check would refuse is not sealed.
//
// It returns w's error; the journal's; or a *journal.DamagedError naming the record. After an error, what was written is no
// sealed log.
func Seal(w io.Writer, r *journal.Reader, key vault.Key, at time.Time) error {
	if key.Signer() == nil {
		return fmt.Errorf("seal: %w: it is empty", vault.ErrKey)
	}
	if y := at.UTC().Year(); y < 0 || y > 9999 {
		return fmt.Errorf("seal: the year %d has more than four digits", y)
	}
	sum := r.Summary()
	_, raw := r.Header()
	out := newWriter(w)
	out.write([]byte(magic), []byte{version}, raw)
	var tree stream.Tree
	tree.Add(tlog.RecordHash(raw))
	s := SealText{ID: sum.ID, Time: at, Key: key.Public()}
	err := r.Frames(func(f stream.Frame) error {
		switch f.Kind {
		case stream.KindRecord:
			s.Records++
			if f.Data != nil {
				if _, err := decodeRecord(f.Number, f.Data); err != nil {
					return &journal.DamagedError{Path: sum.ID, Seq: f.Number, Offset: f.Offset, Why: fmt.Sprintf("it cannot be sealed: %v", err)}
				}
			}
		case stream.KindBlob:
			s.Blobs++
		}
		if f.Leaf >= 0 {
			tree.Add(f.LeafHash())
		}
		return out.write(f.Bytes)
	})
	if err != nil {
		return err
	}
	s.Leaves, s.Root = uint64(tree.Size()), tree.Root()
	if s.Leaves != sum.Leaves || s.Root != sum.Root {
		return &journal.DamagedError{Path: sum.ID, Seq: s.Records, Why: "it changed while it was read"}
	}
	s.Bytes, s.Digest = out.n, journal.Hash(out.digest.Sum(nil))
	signed, err := note.Sign(&note.Note{Text: s.text()}, key.Signer())
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	out.write(binary.BigEndian.AppendUint32([]byte{typeSeal}, uint32(len(signed))), signed)
	return out.flush()
}

// decodeRecord reads the record with the number; exam.DecodeRecord takes only the one encoding of an event.
func decodeRecord(number uint64, record []byte) (exam.Recorded, error) {
	rec, err := exam.DecodeRecord(record)
	if err != nil {
		return rec, err
	}
	if rec.Seq != number {
		return rec, fmt.Errorf("it has the number %d", rec.Seq)
	}
	return rec, nil
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

func (w *writer) write(parts ...[]byte) error {
	if w.err == nil {
		b := bytes.Join(parts, nil)
		var n int
		n, w.err = w.w.Write(b)
		w.digest.Write(b[:n])
		w.n += int64(n)
	}
	return w.err
}

func (w *writer) flush() error {
	if w.err == nil {
		w.err = w.w.Flush()
	}
	return w.err
}
