//go:build unix

package journal

import (
	"os"
	"syscall"
)

// unlock releases bbolt's lock. Closing the file does not where bbolt has left it mapped.
func unlock(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
