package journal

import (
	"errors"
	"fmt"

	"emtihan/exam/journal/disk"
)

// Errors of Create, Open and Append. They are wrapped with the path.
var (
	ErrExists  = errors.New("the journal exists already")
	ErrInUse   = errors.New("another program has the journal open")
	ErrDamaged = errors.New("the journal is damaged")
	ErrClosed  = errors.New("the journal is closed")
	ErrEntry   = errors.New("the journal does not take this entry")
)

// DamagedError says where a journal is damaged. It matches ErrDamaged.
type DamagedError struct {
	Path   string
	Seq    uint64 // the first record that is not there whole, or 0 where it is not a record
	Offset int64  // byte of the file
	Why    string // one English clause
}

func (e *DamagedError) Error() string {
	if e.Seq > 0 {
		return fmt.Sprintf("%s: %v at record %d (byte %d): %s", e.Path, ErrDamaged, e.Seq, e.Offset, e.Why)
	}
	return fmt.Sprintf("%s: %v (byte %d): %s", e.Path, ErrDamaged, e.Offset, e.Why)
}

// Is makes errors.Is(err, ErrDamaged) true.
func (e *DamagedError) Is(target error) bool { return target == ErrDamaged }

// IsFull reports whether the error says that the disk is full.
func IsFull(err error) bool { return disk.IsFull(err) }

// IsReadOnly reports whether the error says that nothing may be written there.
func IsReadOnly(err error) bool { return disk.IsReadOnly(err) }
