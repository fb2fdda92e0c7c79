package journal

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/stream"
)

// copyStream writes a new file at path, made of whole frames of the sources, which are files of the same stream: at each
// place the first source that has a whole frame there gives it. It stops at the offset upto, or with upto < 0 where no
// source has a frame. The file is checked, safe, and under its name when it returns; what stood there before is gone, unless
// ready, which is called with the checked copy and its end just before, puts it aside or returns an error.
func copyStream(fsys disk.FS, path string, header []byte, sources []disk.File, upto int64, ready func(f disk.File, end int64) error) (err error) {
	tmp := path + ".new"
	f, err := fsys.Open(tmp, os.O_CREATE|os.O_RDWR|os.O_TRUNC)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			_ = fsys.Remove(tmp) // the first error says more
		}
	}()
	end, err := copyFrames(f, header, sources, upto)
	if err != nil {
		return err
	}
	if upto >= 0 && end != upto {
		return fmt.Errorf("%s: the other places have it only as far as byte %d of %d", path, end, upto)
	}
	// A checked copy must not rest on what a failing disk only pretends to have.
	if err := f.Sync(); err != nil {
		return err
	}
	f.Reread()
	im, err := readHeader(f, tmp, nil)
	if err == nil {
		err = im.read(f, false)
	}
	if err != nil {
		return err
	}
	if im.hint.Offset > 0 {
		if _, err := f.WriteAt(encodeHint(im.hint), hintOffset); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	// Between putting the old file aside and giving the copy its name there is no file at path. A copy under this name is known
	// to be complete, so that a start after a power cut in between finds it.
	healed := path + HealedSuffix
	if err := fsys.Rename(tmp, healed); err != nil {
		return err
	}
	if err := fsys.SyncDir(filepath.Dir(path)); err != nil {
		return errors.Join(err, fsys.Remove(healed))
	}
	if err := ready(f, im.end.Offset); errors.Is(err, errUnsettled) {
		return err
	} else if err != nil {
		return errors.Join(err, fsys.Remove(healed))
	}
	if err := errors.Join(fsys.Rename(healed, path), fsys.SyncDir(filepath.Dir(path))); err != nil {
		return errors.Join(errReplaced, err)
	}
	return nil
}

// errReplaced says that a copy has been put in a file's place, or the file aside, before something failed.
var errReplaced = errors.New("what stood there has been replaced")

// HealedSuffix follows the name of a journal whose file was made anew but has not got its name yet.
const HealedSuffix = ".healed"

// Finish gives a file that was made anew the name of the journal at path where a power cut has kept it from that. Where there
// is nothing to finish it does nothing.
func Finish(fsys disk.FS, path string) error {
	healed := path + HealedSuffix
	if _, err := fsys.Stat(healed); err != nil {
		return nil
	}
	if _, err := fsys.Stat(path); err == nil {
		return nil // it was not put aside yet, so it is still the one to begin with
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := fsys.Rename(healed, path); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(path))
}

func copyFrames(f disk.File, header []byte, sources []disk.File, upto int64) (int64, error) {
	front := make([]byte, firstFrame)
	copy(front, header)
	if _, err := f.WriteAt(front, 0); err != nil {
		return 0, err
	}
	off, sum := int64(firstFrame), stream.StateAfter(header, firstFrame).Sum
	readers := make([]*cursor, len(sources))
	for i, s := range sources {
		readers[i] = &cursor{f: s}
	}
	var block bytes.Buffer
	flush := func() error {
		_, err := f.WriteAt(block.Bytes(), off-int64(block.Len()))
		block.Reset()
		return err
	}
	for upto < 0 || off < upto {
		fr, ok := nextFrame(readers, off, sum)
		if !ok {
			break
		}
		block.Write(fr.Bytes)
		off, sum = off+int64(len(fr.Bytes)), fr.Sum
		if block.Len() >= growBy {
			if err := flush(); err != nil {
				return 0, err
			}
		}
	}
	if err := flush(); err != nil {
		return 0, err
	}
	_, err := f.WriteAt(make([]byte, growBy-off%growBy), off)
	return off, err
}

func nextFrame(readers []*cursor, off int64, sum uint32) (stream.RawFrame, bool) {
	for _, c := range readers {
		if fr, err := c.frame(off, sum); err == nil {
			return fr, true
		}
	}
	return stream.RawFrame{}, false
}

// cursor reads frames of one file; it goes on cheaply as long as it is asked in order.
type cursor struct {
	f   disk.File
	buf *bufio.Reader
	off int64
}

func (c *cursor) frame(off int64, sum uint32) (stream.RawFrame, error) {
	if c.buf == nil || c.off != off {
		c.buf, c.off = bufio.NewReaderSize(&reader{c.f, off}, 64<<10), off
	}
	fr, err := stream.ReadFrame(c.buf, sum)
	if err != nil {
		c.buf = nil
		if errors.Is(err, io.EOF) {
			err = stream.ErrEnd
		}
		return fr, err
	}
	c.off += int64(len(fr.Bytes))
	return fr, nil
}

// errUnsettled says that it is not known under which name a file would be found after a power cut; whoever goes on writing it
// may write what nobody finds.
var errUnsettled = errors.New("its folder cannot be synced")

// quarantine puts a file aside under a name that says so, and returns the name. With an error the file has its old name, for
// certain unless it is errUnsettled.
func quarantine(fsys disk.FS, path string) (string, error) {
	for n := 1; ; n++ {
		to := fmt.Sprintf("%s.damaged-%d", path, n)
		if _, err := fsys.Stat(to); err == nil {
			continue
		}
		if err := fsys.Rename(path, to); err != nil {
			return "", err
		}
		err := fsys.SyncDir(filepath.Dir(path))
		if err == nil {
			return to, nil
		}
		if back := errors.Join(fsys.Rename(to, path), fsys.SyncDir(filepath.Dir(path))); back != nil {
			return "", fmt.Errorf("%s: %w: %w", path, errUnsettled, errors.Join(err, back))
		}
		return "", err
	}
}

// putAside returns the files that were put aside from the paths.
func putAside(fsys disk.FS, paths []string) (out []string) {
	for _, path := range paths {
		for n := 1; ; n++ {
			aside := fmt.Sprintf("%s.damaged-%d", path, n)
			if _, err := fsys.Stat(aside); err != nil {
				break
			}
			out = append(out, aside)
		}
	}
	return out
}

// wholeBehind reports whether a file has frames behind an offset that were safe.
func wholeBehind(f disk.File, end int64) (bool, error) {
	size, err := f.Size()
	if err != nil {
		return false, err
	}
	im := &image{size: size}
	im.end.Offset = end
	err = im.judgeTail(f, nil)
	if errors.Is(err, ErrDamaged) {
		return true, nil
	}
	return false, err
}

// recordsBehind reports whether a file has records behind a place as far as which another one has everything: units that go on
// from there, or frames that were safe behind damage.
func recordsBehind(f disk.File, place stream.State) (bool, error) {
	off, sum, records := place.Offset, place.Sum, false
	for c := (&cursor{f: f}); ; {
		fr, err := c.frame(off, sum)
		if err != nil {
			return wholeBehind(f, off)
		}
		records = records || fr.Kind == stream.KindRecord
		if records && fr.Flags&stream.FlagUnitEnd != 0 {
			return true, nil
		}
		off, sum = off+int64(len(fr.Bytes)), fr.Sum
	}
}

// lastFrame follows the frames of a file under the header as far as they are whole, and returns where they end and the
// checksum of the last.
func lastFrame(f disk.File, header []byte) (off int64, sum uint32) {
	off, sum = firstFrame, stream.StateAfter(header, firstFrame).Sum
	for c := (&cursor{f: f}); ; {
		fr, err := c.frame(off, sum)
		if err != nil {
			return off, sum
		}
		off, sum = off+int64(len(fr.Bytes)), fr.Sum
	}
}

// sumAt returns the checksum that stands before an offset of a file.
func sumAt(f disk.File, header []byte, off int64) (uint32, error) {
	if off == firstFrame {
		return stream.StateAfter(header, firstFrame).Sum, nil
	}
	var b [4]byte
	if _, err := f.ReadAt(b[:], off-4); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	return binary.BigEndian.Uint32(b[:]), nil
}
