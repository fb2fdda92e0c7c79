package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// Summary says what a verified journal holds.
type Summary struct {
	ID      string
	Records uint64
	Head    Hash // hash of the last record, or Genesis
}

// Reader is a journal opened only for reading. While a program writes the journal, OpenReader returns ErrInUse.
type Reader struct {
	path string
	db   *bbolt.DB
	sum  Summary
}

// OpenReader opens a journal for reading and verifies all of it. Errors are those of Open.
func OpenReader(path string) (*Reader, error) {
	if err := checkFile(path); err != nil {
		return nil, err
	}
	db, err := openDB(path, true)
	if err != nil {
		return nil, err
	}
	sum, err := verify(db, path, false)
	if err != nil {
		db.Close()
		return nil, err
	}
	return &Reader{path: path, db: db, sum: sum}, nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.db.Close() }

// Summary returns what the journal holds.
func (r *Reader) Summary() Summary { return r.sum }

// Records calls f with each record in order, until f returns an error.
func (r *Reader) Records(f func(seq uint64, record []byte) error) error {
	return records(r.db, r.path, f)
}

// Blobs calls f with each blob in the order of the hashes, until f returns an error.
func (r *Reader) Blobs(f func(sum Hash, blob []byte) error) error {
	return blobs(r.db, r.path, f)
}

// Records calls f with each durable record in order, until f returns an error.
func (j *Journal) Records(f func(seq uint64, record []byte) error) error {
	return j.view(func(db *bbolt.DB) error { return records(db, j.path, f) })
}

// Blobs calls f with each durable blob in the order of the hashes, until f returns an error.
func (j *Journal) Blobs(f func(sum Hash, blob []byte) error) error {
	return j.view(func(db *bbolt.DB) error { return blobs(db, j.path, f) })
}

// Verify recomputes every hash of what is durable; commits wait for it. It returns a *DamagedError.
func (j *Journal) Verify() (sum Summary, err error) {
	err = j.view(func(db *bbolt.DB) error {
		sum, err = verify(db, j.path, true)
		return err
	})
	return sum, err
}

func (j *Journal) view(f func(*bbolt.DB) error) error {
	j.dbMu.RLock()
	defer j.dbMu.RUnlock()
	if j.db == nil {
		return fmt.Errorf("%s: %w", j.path, ErrClosed)
	}
	return f(j.db)
}

func records(db *bbolt.DB, path string, f func(uint64, []byte) error) (err error) {
	defer guard(path, &err)()
	return db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketRecords).ForEach(func(k, v []byte) error {
			if len(k) != 8 || len(v) < sha256.Size {
				return &DamagedError{Path: path, Why: "a record has the wrong length"}
			}
			return f(binary.BigEndian.Uint64(k), bytes.Clone(v[:len(v)-sha256.Size]))
		})
	})
}

func blobs(db *bbolt.DB, path string, f func(Hash, []byte) error) (err error) {
	defer guard(path, &err)()
	return db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketBlobs).ForEach(func(k, v []byte) error {
			if len(k) != sha256.Size {
				return &DamagedError{Path: path, Why: "a blob has a key of the wrong length"}
			}
			return f(Hash(k), bytes.Clone(v))
		})
	})
}

var errStructure = errors.New("a bucket is missing")

// verify checks the file's structure, the numbers, the chain and the blobs. hold keeps a writer out meanwhile: bbolt's
// check reads the list of free pages, which a commit changes.
func verify(db *bbolt.DB, path string, hold bool) (sum Summary, err error) {
	defer guard(path, &err)()
	damaged := func(seq uint64, format string, args ...any) error {
		return &DamagedError{Path: path, Seq: seq, Why: fmt.Sprintf(format, args...)}
	}
	tx, err := db.Begin(hold)
	if err != nil {
		return sum, err
	}
	defer tx.Rollback()
	err = func() error {
		if err := checkPages(path, db.Info().PageSize); err != nil {
			return damaged(0, "%v", err)
		}
		var errs []error
		for err := range tx.Check() {
			errs = append(errs, err)
		}
		if err := errors.Join(errs...); err != nil {
			return damaged(0, "%v", err)
		}
		meta, recs, blobs := tx.Bucket(bucketMeta), tx.Bucket(bucketRecords), tx.Bucket(bucketBlobs)
		if meta == nil || recs == nil || blobs == nil {
			return damaged(0, "%v", errStructure)
		}
		if f := meta.Get([]byte("format")); string(f) != format {
			return damaged(0, "the format is %q, this program reads %q", f, format)
		}
		sum.ID = string(meta.Get([]byte("id")))
		sum.Head = Genesis(sum.ID)
		c := recs.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			want := sum.Records + 1
			if len(k) != 8 || binary.BigEndian.Uint64(k) != want {
				return damaged(want, "it is missing")
			}
			if len(v) < sha256.Size {
				return damaged(want, "it is cut off")
			}
			record := v[:len(v)-sha256.Size]
			sum.Head = link(sum.Head, record)
			if !bytes.Equal(sum.Head[:], v[len(record):]) {
				return damaged(want, "its bytes do not fit its hash")
			}
			sum.Records = want
		}
		return blobs.ForEach(func(k, v []byte) error {
			if h := sha256.Sum256(v); !bytes.Equal(k, h[:]) {
				return damaged(0, "the bytes of blob %x do not fit its hash", k)
			}
			return nil
		})
	}()
	return sum, err
}
