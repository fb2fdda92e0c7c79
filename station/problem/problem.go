// Package problem names everything that can be wrong with a station in a way that a person must be told: a code, for which
// the locale files say in three languages what happened and what to do, and the exit code of the program.
package problem

import (
	"errors"
	"io/fs"
	"os"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/vault"
	"emtihan/station/session"
)

// Code names a problem; the sentences are "problem.CODE.what" and "problem.CODE.do".
type Code string

// The problems.
const (
	SecondInstance  Code = "second-instance"
	SessionDamaged  Code = "session-damaged"
	ProfileDamaged  Code = "profile-damaged"
	PaperDamaged    Code = "paper-damaged"
	PhotoMissing    Code = "photo-missing"
	DiskFull        Code = "disk-full"
	DiskReadOnly    Code = "disk-read-only"
	DiskFailed      Code = "disk-failed"
	AttemptDamaged  Code = "attempt-damaged"
	KeysDamaged     Code = "keys-damaged"
	NoDisplay       Code = "no-display"
	ModelsMissing   Code = "models-missing"
	CameraMissing   Code = "camera-missing"
	RoomUnreachable Code = "room-unreachable"
	Unexpected      Code = "unexpected"
)

// All lists the problems.
var All = []Code{
	SecondInstance, SessionDamaged, ProfileDamaged, PaperDamaged, PhotoMissing, DiskFull, DiskReadOnly, DiskFailed,
	AttemptDamaged, KeysDamaged, NoDisplay, ModelsMissing, CameraMissing, RoomUnreachable, Unexpected,
}

// Exit codes of the station, as its help and docs/operation.md list them.
const (
	ExitOK             = 0
	ExitUnexpected     = 1
	ExitUsage          = 2
	ExitSecondInstance = 3
	ExitConfiguration  = 4 // session, profile, paper or photo
	ExitDataFolder     = 5 // full, read-only, failing, or with keys that cannot be used
	ExitAttemptDamaged = 6
	ExitNoDisplay      = 7
	ExitNoFaces        = 8 // of the check: the station can start, but faces cannot be checked
)

// Exit returns the exit code of a program that cannot start because of the problem.
func (c Code) Exit() int {
	switch c {
	case SecondInstance:
		return ExitSecondInstance
	case SessionDamaged, ProfileDamaged, PaperDamaged, PhotoMissing:
		return ExitConfiguration
	case DiskFull, DiskReadOnly, DiskFailed, KeysDamaged:
		return ExitDataFolder
	case AttemptDamaged:
		return ExitAttemptDamaged
	case NoDisplay:
		return ExitNoDisplay
	}
	return ExitUnexpected
}

// Error is a problem with its cause.
type Error struct {
	Code  Code
	Cause error
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New returns the problem with its cause.
func New(code Code, cause error) *Error { return &Error{code, cause} }

// Of returns the problem that an error means.
func Of(err error) Code {
	var p *Error
	var damaged *session.DamagedAttemptError
	var path *fs.PathError
	switch {
	case errors.As(err, &p):
		return p.Code
	case errors.Is(err, journal.ErrInUse):
		return SecondInstance
	case errors.Is(err, vault.ErrKey), errors.Is(err, vault.ErrSecret), errors.Is(err, vault.ErrNotPrivate), errors.Is(err, vault.ErrNoKey):
		return KeysDamaged
	case errors.As(err, &damaged), errors.Is(err, journal.ErrDamaged):
		return AttemptDamaged
	case journal.IsFull(err):
		return DiskFull
	case journal.IsReadOnly(err):
		return DiskReadOnly
	case errors.As(err, &path), errors.Is(err, os.ErrNotExist):
		return DiskFailed
	}
	return Unexpected
}

// Refusal returns the code of the sentence "refusal.CODE" where err is a refusal of the rules.
func Refusal(err error) (code string, ok bool) {
	var r *exam.Refusal
	if errors.As(err, &r) {
		return r.Code, true
	}
	return "", false
}
