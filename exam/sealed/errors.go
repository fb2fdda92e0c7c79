package sealed

import (
	"errors"
	"fmt"
)

// Code is the machine-readable reason why a sealed log is not whole.
type Code string

// The codes.
const (
	CodeMagic       Code = "magic"        // it is no sealed log
	CodeVersion     Code = "version"      // a format version that this program does not know
	CodeTruncated   Code = "truncated"    // the file ends too early
	CodeFrame       Code = "frame"        // a section of an unknown type, of an impossible length, or out of order
	CodeHeader      Code = "header"       // the id does not fit its hash
	CodeRecordHash  Code = "record-hash"  // a record does not continue the chain
	CodeRecordForm  Code = "record-form"  // a record is not what this version would have written
	CodeBlobHash    Code = "blob-hash"    // a blob does not fit its hash
	CodeBlobOrder   Code = "blob-order"   // a blob stands twice or out of order
	CodeSealForm    Code = "seal-form"    // the seal is not what this version would have written
	CodeSignature   Code = "signature"    // the signature does not fit the seal
	CodeSealContent Code = "seal-content" // the seal is about other bytes than those before it
	CodeOtherKey    Code = "other-key"    // the signature fits, but the key is not one that was asked for
	CodeTrailing    Code = "trailing"     // bytes after the seal
)

// Place names a part of the file.
type Place string

// The places.
const (
	PlaceMagic  Place = "magic"
	PlaceHeader Place = "header"
	PlaceRecord Place = "record"
	PlaceBlob   Place = "blob"
	PlaceSeal   Place = "seal"
	PlaceEnd    Place = "end"
)

// ErrNotWhole is matched by every *Error.
var ErrNotWhole = errors.New("the sealed log is not whole")

// Error says that a sealed log is not whole, what is wrong and where the first wrong part begins.
type Error struct {
	Code   Code
	Place  Place
	Number uint64 // of the record or blob, from 1; otherwise 0
	Offset int64  // byte at which the part begins
	Why    string // one English clause
}

func (e *Error) Error() string {
	where := string(e.Place)
	if e.Number > 0 {
		where = fmt.Sprintf("%s %d", e.Place, e.Number)
	}
	return fmt.Sprintf("not whole at the %s (byte %d): %s", where, e.Offset, e.Why)
}

// Is makes errors.Is(err, ErrNotWhole) true.
func (e *Error) Is(target error) bool { return target == ErrNotWhole }
