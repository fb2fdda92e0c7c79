package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"
)

// The places in a file; see the package comment.
const (
	hintSize   = 4096
	hintOffset = stream.MaxHeader
	hintSlots  = 2
	firstFrame = hintOffset + hintSlots*hintSize
	growBy     = 1 << 20
	growAhead  = growBy / 4
)

// maxTail is how many bytes of records are kept from the reading of a file for the folding that follows.
const maxTail = 4 << 20

const hintMagic = "EMHINT01"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func encodeHint(h stream.Hint) []byte {
	b := append(make([]byte, 0, hintSize), hintMagic...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.Offset))
	b = binary.BigEndian.AppendUint32(b, h.Sum)
	b = binary.BigEndian.AppendUint64(b, uint64(h.Leaf))
	b = append(b, h.Salt[:]...)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return b[:hintSize]
}

func decodeHint(b []byte) (h stream.Hint, ok bool) {
	const length = len(hintMagic) + 8 + 4 + 8 + len(h.Salt)
	if len(b) < length+4 || string(b[:len(hintMagic)]) != hintMagic || crc32.Checksum(b[:length], castagnoli) != binary.BigEndian.Uint32(b[length:]) {
		return h, false
	}
	b = b[len(hintMagic):]
	h.Offset, h.Sum, h.Leaf = int64(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint32(b[8:]), int64(binary.BigEndian.Uint64(b[12:]))
	h.Salt = stream.Salt(b[20:])
	return h, h.Offset >= firstFrame && h.Leaf > 0
}

// reader reads a file from an offset on.
type reader struct {
	f   disk.File
	off int64
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.f.ReadAt(p, r.off)
	r.off += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// image is what a file was found to hold.
type image struct {
	path   string
	header stream.Header
	raw    []byte // the header's bytes
	key    *vault.DataKey
	keyErr error // why the payloads cannot be read

	resume   stream.State // behind the snapshot from which the file was read, or behind the header
	snapshot []byte
	records  uint64       // number of the last record before resume
	end      stream.State // behind the last whole unit
	hint     stream.Hint  // of the last snapshot, or zero
	points   []stream.Checkpoint
	tail     [][]byte // the records behind resume, unless they are too many to keep
	tailSize int
	torn     int64 // bytes behind the end that belong to no whole unit
	size     int64 // of the file
}

// readHeader reads what stands before the frames. opener may be nil.
func readHeader(f disk.File, path string, opener vault.Opener) (*image, error) {
	im := &image{path: path}
	var err error
	if im.size, err = f.Size(); err != nil {
		return nil, err
	}
	if im.header, im.raw, err = stream.ReadHeader(&reader{f, 0}); err != nil {
		return nil, damaged(path, err)
	}
	im.keyErr = vault.ErrNoKey
	if opener != nil {
		var key vault.DataKey
		if key, im.keyErr = opener.Unwrap(im.header.ID, im.header.Wraps); im.keyErr == nil {
			im.key = &key
		}
	}
	return im, nil
}

// read reads the frames and finds the end: all of them, or where quick is set and the key is known, those since the last
// snapshot that a hint leads to. It returns a *DamagedError, or f's error.
func (im *image) read(f disk.File, quick bool) error {
	if im.size < growBy {
		return &DamagedError{Path: im.path, Offset: im.size, Why: fmt.Sprintf("the file has been cut off: it has %d bytes and was made with %d", im.size, growBy)}
	}
	var dec *stream.Decoder
	hints := im.hints(f)
	if quick && im.key != nil {
		dec = im.openSnapshot(f, hints)
	}
	if dec == nil {
		im.resume, im.snapshot = stream.StateAfter(im.raw, firstFrame), nil
		var err error
		if dec, err = im.decoder(f, im.resume); err != nil {
			return err
		}
	}
	im.resume = dec.State()
	im.records = im.resume.Records
	end := im.resume.Offset
	before := dec.State() // of the present frame
	var fr stream.Frame
	var err error
	for {
		if fr, err = dec.Next(); err != nil {
			break
		}
		if fr.Kind == stream.KindSnapshot {
			im.hint = stream.Hint{Offset: fr.Offset, Sum: before.Sum, Leaf: fr.Leaf, Salt: before.Salt}
		}
		if fr.Kind == stream.KindCheckpoint {
			im.points = append(im.points, *fr.Checkpoint)
		}
		if fr.Kind == stream.KindRecord && im.tailSize <= maxTail {
			im.tail, im.tailSize = append(im.tail, fr.Data), im.tailSize+len(fr.Data)
		}
		if fr.UnitEnd() {
			end = dec.Offset()
		}
		before.Sum, before.Salt = fr.Sum, dec.Salt()
	}
	var wrong *stream.Error
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, stream.ErrEnd):
	case !errors.As(err, &wrong):
		return err
	case wrong.Code != stream.CodeChecksum && fr.Bytes != nil:
		// It fits its checksum, so that it was written like this, and it is refused for what it says.
		return damaged(im.path, err)
	}
	if im.end = dec.State(); end != im.end.Offset {
		if im.end, err = im.stateAt(f, end); err != nil {
			return err
		}
	}
	for _, h := range hints {
		// A hint is written when its snapshot is safe.
		if h.Offset >= im.end.Offset {
			return &DamagedError{Path: im.path, Seq: im.end.Records + 1, Offset: im.end.Offset, Why: "it ends before a snapshot that was safe"}
		}
	}
	if im.tailSize > maxTail {
		im.tail = nil
	} else {
		im.tail = im.tail[:min(im.end.Records-im.records, uint64(len(im.tail)))]
	}
	return im.judgeTail(f, wrong)
}

func (im *image) decoder(f disk.File, from stream.State) (*stream.Decoder, error) {
	return stream.NewDecoder(&reader{f, from.Offset}, im.header.ID, im.key, from)
}

// hints returns those that are whole, the newest first.
func (im *image) hints(f disk.File) (hints []stream.Hint) {
	for slot := range int64(hintSlots) {
		b := make([]byte, hintSize)
		if _, err := f.ReadAt(b, hintOffset+slot*hintSize); err != nil {
			continue
		}
		if h, ok := decodeHint(b); ok {
			hints = append(hints, h)
		}
	}
	if len(hints) == 2 && hints[1].Offset > hints[0].Offset {
		hints[0], hints[1] = hints[1], hints[0]
	}
	return hints
}

// openSnapshot follows the hints. A hint that leads nowhere costs time, nothing else.
func (im *image) openSnapshot(f disk.File, hints []stream.Hint) *stream.Decoder {
	for _, h := range hints {
		dec, data, err := stream.OpenSnapshot(&reader{f, h.Offset}, im.header.ID, *im.key, h)
		if err == nil {
			im.snapshot, im.hint = data, h
			return dec
		}
	}
	return nil
}

// stateAt reads again as far as a unit's end.
func (im *image) stateAt(f disk.File, end int64) (stream.State, error) {
	dec, err := im.decoder(f, im.resume)
	for err == nil && dec.Offset() < end {
		_, err = dec.Next()
	}
	if err != nil {
		return stream.State{}, err
	}
	return dec.State(), nil
}

// judgeTail decides what the bytes behind the last whole unit are: room to grow, the remains of the one write that was in
// the air, or frames that were safe once.
func (im *image) judgeTail(f disk.File, wrong *stream.Error) error {
	last, err := lastByte(f, im.end.Offset, im.size)
	if err != nil || last == im.end.Offset {
		return err
	}
	im.torn = last - im.end.Offset
	rest := make([]byte, im.size-im.end.Offset+4)
	n, err := f.ReadAt(rest, im.end.Offset-4)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if stream.FindGroup(rest[:n]) < 0 {
		return nil
	}
	e := &DamagedError{Path: im.path, Seq: im.end.Records + 1, Offset: im.end.Offset, Why: "frames that were safe follow a place that is not whole"}
	if wrong != nil {
		e.Why = wrong.Error()
	}
	return e
}

// lastByte returns where the last byte ends that is not zero, at least from.
func lastByte(f disk.File, from, size int64) (int64, error) {
	var zeros, block [16 << 10]byte
	last := from
	for off := from; off < size; {
		n, err := f.ReadAt(block[:min(int64(len(block)), size-off)], off)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if n == 0 {
			break
		}
		if !bytes.Equal(block[:n], zeros[:n]) {
			last = off + int64(len(bytes.TrimRight(block[:n], "\x00")))
		}
		off += int64(n)
	}
	return last, nil
}

// damaged turns a *stream.Error into a *DamagedError and leaves other errors as they are.
func damaged(path string, err error) error {
	var wrong *stream.Error
	if !errors.As(err, &wrong) {
		return err
	}
	e := &DamagedError{Path: path, Offset: wrong.Offset, Why: wrong.Error()}
	if wrong.Place == stream.PlaceRecord {
		e.Seq = wrong.Number
	}
	return e
}

// load opens a file, takes it, and reads it. The caller closes the file, which is nil with an error. What is read for writing
// is on the disk: the run before may have died between a write and its sync, or after a sync that failed. So is the name.
func load(fsys disk.FS, path string, write, quick bool, opener vault.Opener) (disk.File, *image, error) {
	flag := os.O_RDONLY
	if write {
		flag = os.O_RDWR
	}
	f, err := fsys.Open(path, flag)
	if err != nil {
		return nil, nil, err
	}
	im, err := take(fsys, f, path, write, quick, opener)
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, im, nil
}

func take(fsys disk.FS, f disk.File, path string, write, quick bool, opener vault.Opener) (*image, error) {
	if err := f.Lock(write); errors.Is(err, disk.ErrLocked) {
		return nil, &os.PathError{Op: "open", Path: path, Err: ErrInUse}
	} else if err != nil {
		return nil, err
	}
	if write {
		if err := errors.Join(f.Sync(), fsys.SyncDir(filepath.Dir(path))); err != nil {
			return nil, err
		}
		f.Reread()
	}
	im, err := readHeader(f, path, opener)
	if err != nil {
		return nil, err
	}
	return im, im.read(f, quick)
}
