package journal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a SHA-256 sum.
type Hash = [sha256.Size]byte

// Summary says what a journal holds.
type Summary struct {
	ID      string
	Records uint64
	Blobs   uint64
	Leaves  uint64
	Root    tlog.Hash
}

func summary(id string, s stream.State) Summary {
	return Summary{ID: id, Records: s.Records, Blobs: s.Blobs, Leaves: uint64(s.Tree.Size()), Root: s.Tree.Root()}
}

// Reader is a journal opened only for reading. While a program writes the journal, it cannot be opened.
type Reader struct {
	f  disk.File
	im *image
}

// OpenReader opens a journal for reading and verifies all of it: with the key every byte, without it all but that the
// payloads can be decrypted. opener may be nil. Where it has no key of this journal, only [Reader.Frames] and [Reader.Summary]
// answer. It returns a *DamagedError, ErrInUse, fs.ErrNotExist or the disk's error.
func OpenReader(path string, opener vault.Opener) (*Reader, error) {
	return openReader(path, opener, false)
}

// OpenQuick is OpenReader, except that with the key it reads only what was written since the last snapshot.
func OpenQuick(path string, opener vault.Opener) (*Reader, error) {
	return openReader(path, opener, true)
}

func openReader(path string, opener vault.Opener, quick bool) (*Reader, error) {
	f, im, err := load(disk.OS, path, false, quick, opener)
	if err != nil {
		return nil, err
	}
	return &Reader{f, im}, nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.f.Close() }

// Summary returns what the journal holds.
func (r *Reader) Summary() Summary { return summary(r.im.header.ID, r.im.end) }

// Header returns the journal's header and its bytes.
func (r *Reader) Header() (stream.Header, []byte) { return r.im.header, r.im.raw }

// KeyErr returns why the payloads cannot be read, or nil.
func (r *Reader) KeyErr() error { return r.im.keyErr }

// Checkpoints returns those that were read when the journal was opened.
func (r *Reader) Checkpoints() []stream.Checkpoint { return r.im.points }

// Snapshot returns the snapshot at which reading began, and the number of the last record before it; or nil and 0.
func (r *Reader) Snapshot() ([]byte, uint64) { return snapshotOf(r.im) }

func snapshotOf(im *image) ([]byte, uint64) {
	if im.snapshot == nil {
		return nil, 0
	}
	return im.snapshot, im.records
}

// Replay calls f with each record after the snapshot, until f returns an error.
func (r *Reader) Replay(f func(seq uint64, record []byte) error) error {
	return replay(r.im, f, func() error { return eachRecord(r.f, r.im, r.im.resume, f) })
}

// replay calls f with the records that were kept when the file was read, or reads them again.
func replay(im *image, f func(uint64, []byte) error, again func() error) error {
	if im.key == nil || uint64(len(im.tail)) != im.end.Records-im.records {
		return again()
	}
	for i, r := range im.tail {
		if err := f(im.records+uint64(i)+1, r); err != nil {
			return err
		}
	}
	return nil
}

// Records calls f with each record in order, until f returns an error.
func (r *Reader) Records(f func(seq uint64, record []byte) error) error {
	return eachRecord(r.f, r.im, r.im.first(), f)
}

// Blobs calls f with each blob in the order in which they were appended, until f returns an error.
func (r *Reader) Blobs(f func(sum Hash, blob []byte) error) error { return eachBlob(r.f, r.im, f) }

// Blob returns the blob with the hash, or fs.ErrNotExist.
func (r *Reader) Blob(sum Hash) ([]byte, error) { return findBlob(r.f, r.im, sum) }

// Frames calls f with each frame as far as the last whole unit, until f returns an error.
func (r *Reader) Frames(f func(stream.Frame) error) error {
	return eachFrame(r.f, r.im, r.im.first(), f)
}

// ProveTree returns the proof that the log with the first leaves of this one, of which there were before, was not changed.
func (r *Reader) ProveTree(before uint64) (tlog.TreeProof, error) {
	var hashes []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, 0, len(indexes))
		for _, i := range indexes {
			if i < 0 || i >= int64(len(hashes)) {
				return nil, errors.New("no such hash")
			}
			out = append(out, hashes[i])
		}
		return out, nil
	})
	n := int64(0)
	add := func(leaf tlog.Hash) error {
		more, err := tlog.StoredHashesForRecordHash(n, leaf, read)
		hashes = append(hashes, more...)
		n++
		return err
	}
	if err := add(tlog.RecordHash(r.im.raw)); err != nil {
		return nil, err
	}
	err := r.Frames(func(f stream.Frame) error {
		if f.Leaf < 0 {
			return nil
		}
		return add(f.LeafHash())
	})
	if err != nil {
		return nil, err
	}
	return tlog.ProveTree(n, int64(before), read)
}

// Snapshot returns the snapshot at which opening began to read, and the number of the last record before it; or nil and 0.
func (j *Journal) Snapshot() ([]byte, uint64) { return snapshotOf(j.found) }

// Replay calls f with each record after the snapshot that was there when the journal was opened, until f returns an error.
func (j *Journal) Replay(f func(seq uint64, record []byte) error) error {
	return replay(j.found, f, func() error {
		f := once(f)
		return j.view(func(file disk.File, im *image) error {
			im.end = j.found.end
			return eachRecord(file, im, j.found.resume, f)
		})
	})
}

// once returns f without what it was called with already, for a second place that goes on where the first broke off.
func once(f func(uint64, []byte) error) func(uint64, []byte) error {
	last := uint64(0)
	return func(seq uint64, record []byte) error {
		if seq <= last {
			return nil
		}
		last = seq
		return f(seq, record)
	}
}

// Records calls f with each durable record in order, until f returns an error. Writing goes on meanwhile.
func (j *Journal) Records(f func(seq uint64, record []byte) error) error {
	f = once(f)
	return j.view(func(file disk.File, im *image) error { return eachRecord(file, im, im.first(), f) })
}

// Blobs calls f with each durable blob in the order in which they were appended, until f returns an error.
func (j *Journal) Blobs(f func(sum Hash, blob []byte) error) error {
	told := 0
	return j.view(func(file disk.File, im *image) error {
		skip := told
		return eachBlob(file, im, func(sum Hash, blob []byte) error {
			if skip > 0 {
				skip--
				return nil
			}
			told++
			return f(sum, blob)
		})
	})
}

// Blob returns the durable blob with the hash, or fs.ErrNotExist.
func (j *Journal) Blob(sum Hash) (blob []byte, err error) {
	err = j.view(func(file disk.File, im *image) error {
		blob, err = findBlob(file, im, sum)
		return err
	})
	return blob, err
}

// Verify reads all that is durable in each place and checks every byte of it; writing goes on meanwhile. A damaged file is made
// anew where another place has it whole, which [Status] tells. Where none has, Verify returns a *DamagedError or the disk's
// error.
func (j *Journal) Verify() (sum Summary, err error) {
	type seen struct {
		p     *place
		end   int64
		files int
		err   error
	}
	var all []seen
	j.mu.Lock()
	for _, p := range j.places {
		if p.status.State == PlaceOnline && p.pos > 0 {
			all = append(all, seen{p: p, end: p.pos, files: p.files})
		}
	}
	j.mu.Unlock()
	whole := int64(0) // how far some place is
	for i, s := range all {
		file, err := j.opt.FS.Open(s.p.path, os.O_RDONLY)
		if err != nil {
			all[i].err = err
			continue
		}
		im := j.imageAt(s.p.path, s.end)
		end, err := walk(file, im, im.first(), func(stream.Frame) error { return nil })
		file.Close()
		if all[i].err = err; err == nil && s.end > whole {
			sum, whole = summary(j.header.ID, end), s.end
		}
	}
	var errs []error
	j.mu.Lock()
	for _, s := range all {
		errs = append(errs, s.err)
		var d *DamagedError
		if errors.As(s.err, &d) && d.Offset < whole && s.p.files == s.files {
			s.p.status.Damage, s.p.mendAt = s.err.Error(), time.Now()
			j.changed.Broadcast()
		}
	}
	j.mu.Unlock()
	j.tell()
	if whole > 0 {
		return sum, nil
	}
	if err := errors.Join(errs...); err != nil {
		return sum, err
	}
	// No place is online: what the files have is read all the same.
	err = j.view(func(file disk.File, im *image) error {
		end, err := walk(file, im, im.first(), func(stream.Frame) error { return nil })
		sum = summary(im.header.ID, end)
		return err
	})
	return sum, err
}

func (j *Journal) imageAt(path string, end int64) *image {
	im := &image{path: path, header: j.header, raw: j.raw, key: &j.key}
	im.end.Offset = end
	return im
}

// view calls f with the file of a place, as far as everything is safe in some place. The places that have that much come first,
// of these the ones that are online. Where f fails for what the file is, it is called with that of the next place.
func (j *Journal) view(f func(disk.File, *image) error) error {
	j.mu.Lock()
	end := j.safe()
	order := slices.Clone(j.places)
	slices.SortStableFunc(order, func(a, b *place) int {
		rank := func(p *place) int {
			switch {
			case p.pos < end:
				return 2
			case p.status.State != PlaceOnline:
				return 1
			}
			return 0
		}
		return rank(a) - rank(b)
	})
	j.mu.Unlock()
	var errs []error
	for _, p := range order {
		if !j.reaches(p, end) {
			continue
		}
		file, err := j.opt.FS.Open(p.path, os.O_RDONLY)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		watched := &fileReader{File: file}
		err = f(watched, j.imageAt(p.path, end))
		file.Close()
		if !errors.Is(err, ErrDamaged) && watched.err == nil {
			return err
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// reaches waits for a place that is online to come to an offset, and reports whether it has.
func (j *Journal) reaches(p *place, end int64) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for p.pos < end && p.status.State == PlaceOnline && !j.closed {
		j.changed.Wait()
	}
	return p.pos >= end
}

// fileReader remembers that a file could not be read, so that this is told from what a callback returns.
type fileReader struct {
	disk.File
	err error
}

func (r *fileReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.File.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

func (im *image) first() stream.State { return stream.StateAfter(im.raw, firstFrame) }

// walk decodes from a state as far as the image's end and returns the state there.
func walk(file disk.File, im *image, from stream.State, f func(stream.Frame) error) (stream.State, error) {
	r := io.LimitReader(&reader{file, from.Offset}, im.end.Offset-from.Offset)
	dec, err := stream.NewDecoder(r, im.header.ID, im.key, from)
	if err != nil {
		return from, err
	}
	for {
		fr, err := dec.Next()
		switch {
		case errors.Is(err, io.EOF) && dec.Offset() == im.end.Offset:
			return dec.State(), nil
		case errors.Is(err, io.EOF), errors.Is(err, stream.ErrEnd):
			return from, &DamagedError{Path: im.path, Seq: dec.Records() + 1, Offset: dec.Offset(), Why: "it ends before what was safe"}
		case err != nil:
			return from, damaged(im.path, err)
		}
		if err := f(fr); err != nil {
			return from, err
		}
	}
}

func eachFrame(file disk.File, im *image, from stream.State, f func(stream.Frame) error) error {
	_, err := walk(file, im, from, f)
	return err
}

func eachRecord(file disk.File, im *image, from stream.State, f func(uint64, []byte) error) error {
	if im.key == nil {
		return fmt.Errorf("%s: %w", im.path, im.keyErr)
	}
	return eachFrame(file, im, from, func(fr stream.Frame) error {
		if fr.Kind != stream.KindRecord {
			return nil
		}
		return f(fr.Number, fr.Data)
	})
}

func eachBlob(file disk.File, im *image, f func(Hash, []byte) error) error {
	if im.key == nil {
		return fmt.Errorf("%s: %w", im.path, im.keyErr)
	}
	return eachFrame(file, im, im.first(), func(fr stream.Frame) error {
		if fr.Kind != stream.KindBlob {
			return nil
		}
		return f(sha256.Sum256(fr.Data), fr.Data)
	})
}

var errFound = errors.New("found")

func findBlob(file disk.File, im *image, sum Hash) (found []byte, err error) {
	err = eachBlob(file, im, func(h Hash, blob []byte) error {
		if h == sum {
			found = blob
			return errFound
		}
		return nil
	})
	switch {
	case errors.Is(err, errFound):
		return found, nil
	case err == nil:
		err = fmt.Errorf("%s: blob %x: %w", im.path, sum, os.ErrNotExist)
	}
	return nil, err
}
