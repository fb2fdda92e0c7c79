package disktest

import "emtihan/exam/journal/disk"

// Hook is a file system that asks before each write and sync whether it fails.
type Hook struct {
	disk.FS
	// Before is called with "write" or "sync" and the path; its error is the operation's, which then does not happen.
	Before func(op, path string) error
}

// Open opens a file whose writes and syncs ask.
func (h Hook) Open(path string, flag int) (disk.File, error) {
	f, err := h.FS.Open(path, flag)
	if err != nil {
		return nil, err
	}
	return hookFile{f, h, path}, nil
}

type hookFile struct {
	disk.File
	h    Hook
	path string
}

func (f hookFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.h.Before("write", f.path); err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, off)
}

func (f hookFile) Sync() error {
	if err := f.h.Before("sync", f.path); err != nil {
		return err
	}
	return f.File.Sync()
}
