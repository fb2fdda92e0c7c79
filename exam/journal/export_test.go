package journal

import (
	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"
)

// What tests need of the inside.
const (
	FirstFrame = firstFrame
	HintOffset = hintOffset
	HintSize   = hintSize
)

// OpenReaderFS is OpenReader on another file system.
func OpenReaderFS(fsys disk.FS, path string, opener vault.Opener, quick bool) (*Reader, error) {
	f, im, err := load(fsys, path, false, quick, opener)
	if err != nil {
		return nil, err
	}
	return &Reader{f, im}, nil
}

// End returns where the last whole unit ends in the file.
func (r *Reader) End() int64 { return r.im.end.Offset }

// EncodeHint and DecodeHint are the form of a hint.
func EncodeHint(h stream.Hint) []byte              { return encodeHint(h) }
func DecodeHint(b []byte) (h stream.Hint, ok bool) { return decodeHint(b) }
