package stream

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"golang.org/x/mod/sumdb/tlog"
)

// Kind says what a frame holds.
type Kind byte

// The kinds.
const (
	KindRun        Kind = 'K'
	KindRecord     Kind = 'R'
	KindBlob       Kind = 'B'
	KindSnapshot   Kind = 'S'
	KindCheckpoint Kind = 'C'
	KindCosigned   Kind = 'W'
)

// The flags of a frame.
const (
	FlagUnitEnd    = 1
	FlagGroupStart = 2
)

const (
	frameHead = 6
	frameSum  = 4
	// Overhead is how many bytes a frame needs around its payload; encryption needs 16 more.
	Overhead = frameHead + frameSum

	// MaxRecord and MaxBlob bound what one frame may hold, in bytes.
	MaxRecord = 16 << 20
	MaxBlob   = 64 << 20
	maxNote   = 8192
	maxRun    = 512
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type kindRule struct {
	place  Place
	most   int  // bytes of the payload
	leaf   bool // it is a leaf of the tree
	secret bool
}

var kinds = map[Kind]kindRule{
	KindRun:        {PlaceRun, maxRun, true, false},
	KindRecord:     {PlaceRecord, MaxRecord + tagSize, true, true},
	KindBlob:       {PlaceBlob, MaxBlob + tagSize, true, true},
	KindSnapshot:   {PlaceSnapshot, MaxBlob + tagSize, true, true},
	KindCheckpoint: {PlaceCheckpoint, maxNote, false, false},
	KindCosigned:   {PlaceCosigned, maxNote, false, false},
}

// RawFrame is a frame as it stands in a stream; its checksum has been compared.
type RawFrame struct {
	Kind    Kind
	Flags   byte
	Bytes   []byte // head, payload and checksum
	Payload []byte // part of Bytes
	Sum     uint32 // its checksum, with which the next one goes on
}

// LeafHash returns the hash of the frame in the tree.
func (f RawFrame) LeafHash() tlog.Hash { return tlog.RecordHash(f.Bytes[:len(f.Bytes)-frameSum]) }

// ErrEnd says that zeros stand where a frame would begin: a stream that has room to grow ends there.
var ErrEnd = errors.New("the stream ends here")

// ReadFrame reads one frame that follows the checksum prev. It returns io.EOF where the input ends before it, ErrEnd where a
// zero stands, an *Error without place and offset where the bytes are no frame that fits, or r's error. It needs memory only
// for bytes that are there.
func ReadFrame(r *bufio.Reader, prev uint32) (f RawFrame, err error) {
	var head [frameHead]byte
	if n, err := io.ReadFull(r, head[:]); err != nil {
		if n > 0 && head[0] == 0 {
			return f, ErrEnd
		}
		if n > 0 || !errors.Is(err, io.EOF) {
			return f, short(err, PlaceFrame, 0, 0)
		}
		return f, io.EOF
	}
	if head[0] == 0 {
		return f, ErrEnd
	}
	length, err := checkHead(head)
	if err != nil {
		return f, err
	}
	var b bytes.Buffer
	b.Grow(min(length+Overhead, 64<<10))
	b.Write(head[:])
	if _, err := io.CopyN(&b, r, int64(length)+frameSum); err != nil {
		return f, short(err, kinds[Kind(head[0])].place, 0, 0)
	}
	return parseFrame(b.Bytes(), prev)
}

func checkHead(head [frameHead]byte) (length int, err error) {
	rule, ok := kinds[Kind(head[0])]
	if !ok {
		return 0, &Error{Code: CodeFrame, Place: PlaceFrame, Why: fmt.Sprintf("no frame begins with the byte 0x%02x", head[0])}
	}
	if head[1]&^(FlagUnitEnd|FlagGroupStart) != 0 {
		return 0, &Error{Code: CodeFrame, Place: rule.place, Why: fmt.Sprintf("its flags are given as 0x%02x", head[1])}
	}
	n := binary.BigEndian.Uint32(head[2:])
	if n == 0 || n > uint32(rule.most) || rule.secret && n < tagSize {
		return 0, &Error{Code: CodeFrame, Place: rule.place, Why: fmt.Sprintf("its length is given as %d", n)}
	}
	return int(n), nil
}

func parseFrame(b []byte, prev uint32) (RawFrame, error) {
	body := b[:len(b)-frameSum]
	f := RawFrame{
		Kind: Kind(b[0]), Flags: b[1], Bytes: b, Payload: body[frameHead:], Sum: binary.BigEndian.Uint32(b[len(body):]),
	}
	if checksum(prev, body) != f.Sum {
		return f, &Error{Code: CodeChecksum, Place: kinds[f.Kind].place, Why: "its bytes do not fit its checksum"}
	}
	return f, nil
}

func checksum(prev uint32, body []byte) uint32 {
	var p [4]byte
	binary.BigEndian.PutUint32(p[:], prev)
	return crc32.Update(crc32.Checksum(p[:], castagnoli), castagnoli, body)
}

// FindGroup looks in b, which begins with the four bytes of a checksum, for a frame that begins a group and stands whole behind
// a place that is not, and returns its offset, or -1. What is behind such a place in one write may be there or not; a group
// that is there was written after everything before it was safe, and that has been damaged since. Bytes that look like very
// many frames and are none count as such a group.
func FindGroup(b []byte) int {
	if len(b) < frameSum {
		return -1
	}
	i, sum := frameSum, binary.BigEndian.Uint32(b)
	// Whole frames that go on from the checksum are the beginning of the unit that was in the air.
	for f, ok := frameAt(b, i, sum); ok; f, ok = frameAt(b, i, sum) {
		i, sum = i+len(f.Bytes), f.Sum
	}
	// The group behind a frame of which only the checksum is damaged goes on from the one that belongs there.
	if n := lengthAt(b, i); n > 0 {
		if f, ok := frameAt(b, i+n, checksum(sum, b[i:i+n-frameSum])); ok && f.Flags&FlagGroupStart != 0 {
			return i + n
		}
	}
	work := 0
	for i++; i < len(b); i++ {
		if b[i] == 0 {
			continue // most of them, as a rule
		}
		// Only whoever means to keep us busy writes so many heads of long frames. It is no torn write in any case.
		if work += lengthAt(b, i); work > patience*len(b) {
			return i
		}
		if f, ok := frameAt(b, i, binary.BigEndian.Uint32(b[i-frameSum:])); ok && f.Flags&FlagGroupStart != 0 {
			return i
		}
	}
	return -1
}

// patience is how many bytes of what may be frames are looked at for each byte there is; random bytes need less than 100.
const patience = 256

// lengthAt returns how long the frame at i says that it is, or 0 where none can stand there.
func lengthAt(b []byte, i int) int {
	if i+Overhead > len(b) {
		return 0
	}
	length, err := checkHead([frameHead]byte(b[i:]))
	if err != nil || length > len(b)-i-Overhead {
		return 0
	}
	return length + Overhead
}

func frameAt(b []byte, i int, prev uint32) (RawFrame, bool) {
	n := lengthAt(b, i)
	if n == 0 {
		return RawFrame{}, false
	}
	f, err := parseFrame(b[i:i+n], prev)
	return f, err == nil
}
