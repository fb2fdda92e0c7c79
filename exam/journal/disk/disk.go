// Package disk is the one way by which the journal reaches files, so that a test can let every single operation fail.
package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrLocked says that another program holds the file.
var ErrLocked = errors.New("another program holds the file")

// FS is a file system. Paths are the operating system's.
type FS interface {
	// Open opens a file with the flags of package os; a file that it creates may be read by its owner only.
	Open(path string, flag int) (File, error)
	Stat(path string) (fs.FileInfo, error)
	MkdirAll(path string) error
	// Rename replaces what stands at to. It is safe after a power cut only when SyncDir has returned.
	Rename(from, to string) error
	Remove(path string) error
	// SyncDir makes the names in a folder safe.
	SyncDir(path string) error
}

// File is an open file. ReadAt and WriteAt may be called by several goroutines.
type File interface {
	ReadAt(p []byte, off int64) (int, error)
	WriteAt(p []byte, off int64) (int, error)
	// Sync returns when what was written is on the disk (fdatasync). After an error nothing that was written since the last
	// Sync may be trusted, whatever a later Sync says: the kernel forgets such pages.
	Sync() error
	// Reread lets reads show what the disk has rather than what the cache has kept, as far as nothing waits for a Sync: after a
	// Sync that failed the two differ, and a later run of the program cannot know that it did. Where the system cannot do it,
	// nothing happens.
	Reread()
	Size() (int64, error)
	// Lock takes the file for this open file, exclusively or together with other readers, or returns ErrLocked. Close gives
	// it up.
	Lock(exclusive bool) error
	Close() error
}

// OS is the computer's own file system.
var OS FS = osFS{}

type osFS struct{}

func (osFS) Open(path string, flag int) (File, error) {
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Stat(path string) (fs.FileInfo, error) { return os.Stat(path) }
func (osFS) MkdirAll(path string) error            { return os.MkdirAll(path, 0o700) }
func (osFS) Rename(from, to string) error          { return os.Rename(from, to) }
func (osFS) Remove(path string) error              { return os.Remove(path) }

func (osFS) SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

type osFile struct{ *os.File }

func (f osFile) Sync() error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if !errors.Is(err, unix.EINTR) {
			if err != nil {
				return &fs.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
			}
			return nil
		}
	}
}

func (f osFile) Reread() { _ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) }

func (f osFile) Size() (int64, error) {
	fi, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return fi.Size(), nil
}

func (f osFile) Lock(exclusive bool) error {
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}

// IsFull reports whether the error says that the disk is full.
func IsFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// IsReadOnly reports whether the error says that nothing may be written there.
func IsReadOnly(err error) bool {
	return errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission)
}

// Reserve makes a file of real blocks at path that can be given up when the disk is full. A reserve of at least that size is
// left as it is.
func Reserve(fsys FS, path string, size int64) error {
	if fi, err := fsys.Stat(path); err == nil && fi.Size() >= size {
		return nil
	}
	f, err := fsys.Open(path, os.O_CREATE|os.O_RDWR)
	if err != nil {
		return err
	}
	zeros := make([]byte, 1<<20)
	for off := int64(0); off < size && err == nil; off += int64(len(zeros)) {
		_, err = f.WriteAt(zeros[:min(int64(len(zeros)), size-off)], off)
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err != nil {
		// Half a reserve on a full disk helps nobody.
		return errors.Join(err, fsys.Remove(path))
	}
	return fsys.SyncDir(filepath.Dir(path))
}
