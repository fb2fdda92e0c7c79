package sealed

import (
	"errors"
	"fmt"

	"emtihan/exam/journal/stream"
)

// The codes of a sealed log beside those of package stream.
const (
	CodeRecordForm  stream.Code = "record-form"  // a record can be decrypted, but is not what this version would have written
	CodeSealForm    stream.Code = "seal-form"    // the seal is not what this version would have written
	CodeSignature   stream.Code = "signature"    // the signature does not fit the seal
	CodeSealContent stream.Code = "seal-content" // the seal is about other bytes than those before it
	CodeTrailing    stream.Code = "trailing"     // bytes after the seal
	CodeOtherKey    stream.Code = "other-key"    // all signatures fit, but not all are by a key that was asked for
	CodeWitness     stream.Code = "witness"      // a countersignature bears the name of an expected witness and is not its own
	CodeCut         stream.Code = "cut"          // the room heard a checkpoint, signed with a key of this log, that it does not contain
	// CodeCutUnproven is CodeCut where no key of this log signed what the room heard, and no other key was asked for.
	CodeCutUnproven stream.Code = "cut-unproven"
)

// Codes returns every code that an *Error may have.
func Codes() []stream.Code {
	return []stream.Code{
		stream.CodeMagic, stream.CodeVersion, stream.CodeTruncated, stream.CodeHeader, stream.CodeFrame, stream.CodeChecksum,
		stream.CodeSecret, stream.CodeCheckpoint, CodeRecordForm, CodeSealForm, CodeSignature, CodeSealContent, CodeTrailing,
		CodeOtherKey, CodeWitness, CodeCut, CodeCutUnproven,
	}
}

// The places of a sealed log beside those of package stream.
const (
	PlaceMagic stream.Place = "magic"
	PlaceSeal  stream.Place = "seal"
	PlaceEnd   stream.Place = "end"
)

// Places returns every place that an *Error may name.
func Places() []stream.Place {
	return []stream.Place{
		PlaceMagic, stream.PlaceHeader, stream.PlaceRun, stream.PlaceRecord, stream.PlaceBlob, stream.PlaceSnapshot,
		stream.PlaceCheckpoint, stream.PlaceCosigned, stream.PlaceFrame, PlaceSeal, PlaceEnd,
	}
}

// The sorts of findings, for errors.Is.
var (
	ErrNotWhole = errors.New("the sealed log is not whole")
	// ErrCut is matched where the file is whole in itself and the room knows of more: it was cut, replaced, or taken from an
	// older copy.
	ErrCut = errors.New("the sealed log was cut or replaced")
)

// Error says what is wrong with a sealed log and where the first wrong part begins.
type Error struct {
	Code   stream.Code
	Place  stream.Place
	Number uint64 // of the record or blob, from 1; otherwise 0
	Frame  uint64 // of the frame in the file, from 1; 0 where it is no frame
	Offset int64  // byte of the file at which the part begins
	// Since and Until enclose the change where the place shows only that something before it is wrong: the last checkpoint
	// with which everything agrees (nil: there is none), and the first that says otherwise (nil: the seal).
	Since, Until *stream.Checkpoint
	Why          string // one English clause
}

// Encloses reports whether the error names a stretch, from Since to Until, rather than a frame.
func (e *Error) Encloses() bool {
	return e.Since != nil || e.Until != nil
}

func (e *Error) Error() string {
	where := string(e.Place)
	if e.Number > 0 {
		where = fmt.Sprintf("%s %d", e.Place, e.Number)
	}
	return fmt.Sprintf("wrong at the %s (byte %d): %s", where, e.Offset, e.Why)
}

// Is makes errors.Is(err, ErrCut) true for what the room contradicts, and errors.Is(err, ErrNotWhole) for the rest.
func (e *Error) Is(target error) bool {
	if e.Code == CodeCut || e.Code == CodeCutUnproven {
		return target == ErrCut
	}
	return target == ErrNotWhole
}
