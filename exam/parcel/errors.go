package parcel

import (
	"errors"
	"fmt"
)

// Code says what is wrong with a parcel, one for each way to go wrong.
type Code string

// The codes, in the order of the checks.
const (
	CodeNotParcel   Code = "not-parcel"   // the file does not begin like one
	CodeVersion     Code = "version"      // of another version of the format
	CodeCutOff      Code = "cut-off"      // the file ends before it is complete
	CodeTooLarge    Code = "too-large"    // more bytes than [Options] allow
	CodeChanged     Code = "changed"      // a bit of it is not as it was signed
	CodeTrailing    Code = "trailing"     // something follows the content
	CodeOtherSigner Code = "other-signer" // whole, and signed with a key that was not asked for
	CodeNotYet      Code = "not-yet"      // its time has not come
	CodeExpired     Code = "expired"      // its time is over
	CodeOtherKey    Code = "other-key"    // the release key is another parcel's
	CodeWrongKey    Code = "wrong-key"    // the release key does not open it
	CodeContent     Code = "content"      // decrypted, and no content that this version reads
	CodeMissing     Code = "media-missing"
	CodeDifferent   Code = "media-different" // a medium is not the one that the paper names
)

// Codes returns every code.
func Codes() []Code {
	return []Code{
		CodeNotParcel, CodeVersion, CodeCutOff, CodeTooLarge, CodeChanged, CodeTrailing, CodeOtherSigner, CodeNotYet, CodeExpired,
		CodeOtherKey, CodeWrongKey, CodeContent, CodeMissing, CodeDifferent,
	}
}

// Error says why a parcel is refused.
type Error struct {
	Code Code
	Why  string // one English clause
}

func (e *Error) Error() string { return "exam parcel: " + e.Why }

func refuse(code Code, format string, args ...any) error {
	return &Error{Code: code, Why: fmt.Sprintf(format, args...)}
}

// ErrorCode returns the code of an error of this package, or "" for any other.
func ErrorCode(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
