package stream

import (
	"errors"
	"fmt"
	"io"
)

// Code is the machine-readable reason why a stream is not whole.
type Code string

// The codes.
const (
	CodeMagic      Code = "magic"      // it is no stream of this program
	CodeVersion    Code = "version"    // a format version that this program does not know
	CodeTruncated  Code = "truncated"  // it ends in the middle of a frame
	CodeHeader     Code = "header"     // the header is not what this version would have written
	CodeFrame      Code = "frame"      // a frame of an unknown kind, of an impossible length, or out of order
	CodeChecksum   Code = "checksum"   // a frame does not fit its checksum
	CodeSecret     Code = "secret"     // a frame cannot be decrypted with the log's own key: it was forged or moved
	CodeCheckpoint Code = "checkpoint" // a checkpoint is about other frames than those before it, or not signed by the run's key
)

// Place names a part of a stream.
type Place string

// The places.
const (
	PlaceHeader     Place = "header"
	PlaceRun        Place = "run"
	PlaceRecord     Place = "record"
	PlaceBlob       Place = "blob"
	PlaceSnapshot   Place = "snapshot"
	PlaceCheckpoint Place = "checkpoint"
	PlaceCosigned   Place = "cosignature"
	PlaceFrame      Place = "frame" // of a kind that is not known
)

// Error says what is wrong with a stream and where the first wrong part begins.
type Error struct {
	Code   Code
	Place  Place
	Number uint64 // of the record or blob, from 1; otherwise 0
	Offset int64  // byte of the stream at which the part begins
	Why    string // one English clause
}

func (e *Error) Error() string {
	where := string(e.Place)
	if e.Number > 0 {
		where = fmt.Sprintf("%s %d", e.Place, e.Number)
	}
	return fmt.Sprintf("wrong at the %s (byte %d): %s", where, e.Offset, e.Why)
}

// short turns the end of the input into an *Error and leaves other errors as they are.
func short(err error, place Place, number uint64, offset int64) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Code: CodeTruncated, Place: place, Number: number, Offset: offset, Why: "it ends before it is complete"}
	}
	return err
}
