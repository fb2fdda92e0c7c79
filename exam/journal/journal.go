package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

const format = "emtihan-journal-1"

var (
	bucketMeta    = []byte("meta")
	bucketRecords = []byte("records")
	bucketBlobs   = []byte("blobs")
)

// Errors of Create, Open and Append. They are wrapped with the path.
var (
	ErrExists  = errors.New("the journal exists already")
	ErrInUse   = errors.New("another program has the journal open")
	ErrDamaged = errors.New("the journal is damaged")
	ErrClosed  = errors.New("the journal is closed")
)

// DamagedError says where a journal is damaged. It matches ErrDamaged.
type DamagedError struct {
	Path string
	Seq  uint64 // the first record that is wrong, or 0
	Why  string
}

func (e *DamagedError) Error() string {
	if e.Seq > 0 {
		return fmt.Sprintf("%s: %v at record %d: %s", e.Path, ErrDamaged, e.Seq, e.Why)
	}
	return fmt.Sprintf("%s: %v: %s", e.Path, ErrDamaged, e.Why)
}

// Is makes errors.Is(err, ErrDamaged) true.
func (e *DamagedError) Is(target error) bool { return target == ErrDamaged }

// Hash is a SHA-256 sum.
type Hash [sha256.Size]byte

// Entry is one record to append and the blobs that it names.
type Entry struct {
	Record []byte
	Blobs  [][]byte
}

// Status says how much of what was appended is safe.
type Status struct {
	Appended uint64 // number of the last record taken
	Durable  uint64 // number of the last record that the disk has
	Err      error  // why the disk does not take records at the moment, or nil
}

// Options change how a journal works. The zero value is right for the station.
type Options struct {
	// OnStatus is called by the writer after every commit and every failed one. It must not block.
	OnStatus func(Status)
	// RetryEvery is the pause between attempts to write after a failure; 0 means one second.
	RetryEvery time.Duration
	// BeforeCommit, if set, runs before each commit; its error counts as the commit's. Tests inject full disks with it.
	BeforeCommit func() error
}

// Journal is an open log. Its methods may be called from any goroutine.
type Journal struct {
	path string
	opt  Options

	mu      sync.Mutex // guards what follows
	id      string
	queue   []queued
	last    uint64 // number of the last record taken
	durable uint64
	failure error
	closed  bool

	wake chan struct{}
	quit chan struct{}
	done chan struct{}

	dbMu sync.RWMutex // guards db against being replaced while it is read
	db   *bbolt.DB
	head Hash // chain up to durable; the writer's own
}

type queued struct {
	seq uint64
	Entry
}

// Create makes a new journal with the id at path. It returns ErrExists, a disk error such as syscall.ENOSPC, or an open
// journal.
func Create(path, id string, opt Options) (*Journal, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("%s: %w", path, ErrExists)
	}
	tmp := path + ".new"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := create(tmp, id); err != nil {
		os.Remove(tmp)
		return nil, fmt.Errorf("create journal %s: %w", path, err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	return Open(path, opt)
}

func create(path, id string) (err error) {
	db, err := openDB(path, false)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := db.Close(); err == nil {
			err = cerr
		}
	}()
	return db.Update(func(tx *bbolt.Tx) error {
		for _, b := range [][]byte{bucketRecords, bucketBlobs} {
			if _, err := tx.CreateBucket(b); err != nil {
				return err
			}
		}
		meta, err := tx.CreateBucket(bucketMeta)
		if err != nil {
			return err
		}
		if err := meta.Put([]byte("format"), []byte(format)); err != nil {
			return err
		}
		return meta.Put([]byte("id"), []byte(id))
	})
}

// Open opens an existing journal and verifies all of it. It returns a *DamagedError, ErrInUse, fs.ErrNotExist or a disk
// error.
func Open(path string, opt Options) (*Journal, error) {
	if opt.RetryEvery == 0 {
		opt.RetryEvery = time.Second
	}
	j := &Journal{
		path: path, opt: opt,
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	if err := j.reopen(); err != nil {
		return nil, err
	}
	j.last = j.durable
	go j.write()
	return j, nil
}

// reopen opens the file and verifies it; head and durable then say what the disk has.
func (j *Journal) reopen() error {
	if err := checkFile(j.path); err != nil {
		return err
	}
	db, err := openDB(j.path, false)
	if err != nil {
		return err
	}
	sum, err := verify(db, j.path, false)
	if err != nil {
		db.Close()
		return err
	}
	j.mu.Lock()
	// A file opened anew after a failure must be the one that was written before, or its chain would go on whole and wrong.
	same := j.id == "" || j.id == sum.ID && j.durable <= sum.Records && sum.Records <= j.last
	acknowledged := j.durable
	if same {
		j.id, j.durable = sum.ID, sum.Records
	}
	j.mu.Unlock()
	if !same {
		db.Close()
		return &DamagedError{Path: j.path, Why: fmt.Sprintf("the file has changed places: it holds %d records of %q, %d were acknowledged", sum.Records, sum.ID, acknowledged)}
	}
	j.dbMu.Lock()
	j.db, j.head = db, sum.Head
	j.dbMu.Unlock()
	return nil
}

// checkFile refuses what bbolt would die of.
func checkFile(path string) error {
	fi, err := os.Stat(path)
	if err != nil {
		return err
	}
	if least := int64(4 * os.Getpagesize()); fi.Size() < least {
		return &DamagedError{Path: path, Why: fmt.Sprintf("the file has %d bytes, a journal has at least %d", fi.Size(), least)}
	}
	return nil
}

func openDB(path string, readOnly bool) (db *bbolt.DB, err error) {
	var file *os.File
	defer func() {
		// Where bbolt panics it keeps the file, and with it the lock.
		if db == nil && file != nil {
			unlock(file)
			file.Close()
		}
	}()
	defer guard(path, &err)()
	db, err = bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: 200 * time.Millisecond, ReadOnly: readOnly, FreelistType: bbolt.FreelistMapType,
		OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			f, err = os.OpenFile(name, flag, mode)
			file = f
			return f, err
		},
	})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("%s: %w", path, ErrInUse)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, &DamagedError{Path: path, Why: err.Error()}
	}
	return db, err
}

// guard turns panics and memory faults, which bbolt answers damage with, into a *DamagedError.
func guard(path string, err *error) func() {
	old := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(old)
		if p := recover(); p != nil {
			*err = &DamagedError{Path: path, Why: fmt.Sprint(p)}
		}
	}
}

// ID returns the journal's name.
func (j *Journal) ID() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.id
}

// Path returns the journal's file.
func (j *Journal) Path() string { return j.path }

// Next returns the number that the next appended record will get.
func (j *Journal) Next() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last + 1
}

// Append queues entries, in order, as one unit, and returns the number of the last. It does not wait for the disk:
// Options.OnStatus tells when that number is durable. It returns ErrClosed.
func (j *Journal) Append(entries ...Entry) (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return 0, ErrClosed
	}
	for _, e := range entries {
		j.last++
		j.queue = append(j.queue, queued{j.last, e})
	}
	select {
	case j.wake <- struct{}{}:
	default:
	}
	return j.last, nil
}

// Status returns how much is safe now.
func (j *Journal) Status() Status {
	j.mu.Lock()
	defer j.mu.Unlock()
	return Status{Appended: j.last, Durable: j.durable, Err: j.failure}
}

// Close writes what is queued, as far as the disk takes it, and closes the file. It returns the reason where records
// could not be written.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		<-j.done
		return nil
	}
	j.closed = true
	j.mu.Unlock()
	close(j.quit)
	<-j.done
	s := j.Status()
	if s.Durable < s.Appended {
		return fmt.Errorf("%s: %d records could not be written: %w", j.path, s.Appended-s.Durable, s.Err)
	}
	return nil
}

// write is the one writer.
func (j *Journal) write() {
	defer close(j.done)
	defer func() {
		j.dbMu.Lock()
		defer j.dbMu.Unlock()
		if j.db != nil {
			j.db.Close()
			j.db = nil
		}
	}()
	for {
		quitting := false
		select {
		case <-j.wake:
		case <-j.quit:
			quitting = true
		}
		for !j.flush() {
			if quitting {
				return
			}
			select {
			case <-time.After(j.opt.RetryEvery):
			case <-j.quit:
				quitting = true
			}
		}
		if quitting {
			return
		}
	}
}

// flush commits the queue, each time all of it in one transaction, and reports whether nothing is left to write.
func (j *Journal) flush() bool {
	for {
		j.mu.Lock()
		batch := j.queue
		j.mu.Unlock()
		if len(batch) == 0 {
			return true
		}
		if !j.flushBatch(batch) {
			return false
		}
	}
}

func (j *Journal) flushBatch(batch []queued) bool {
	err := j.ensureOpen()
	if err == nil {
		err = j.commit(batch)
		if err != nil {
			j.dbMu.Lock()
			j.db.Close()
			j.db = nil
			j.dbMu.Unlock()
		}
	}
	j.mu.Lock()
	if err == nil {
		j.durable = batch[len(batch)-1].seq
		j.queue = j.queue[len(batch):]
	}
	j.failure = err
	s := Status{Appended: j.last, Durable: j.durable, Err: err}
	j.mu.Unlock()
	if j.opt.OnStatus != nil {
		j.opt.OnStatus(s)
	}
	return err == nil
}

func (j *Journal) ensureOpen() error {
	j.dbMu.RLock()
	open := j.db != nil
	j.dbMu.RUnlock()
	if open {
		return nil
	}
	return j.reopen()
}

func (j *Journal) commit(batch []queued) (err error) {
	defer guard(j.path, &err)()
	if j.opt.BeforeCommit != nil {
		if err := j.opt.BeforeCommit(); err != nil {
			return err
		}
	}
	j.mu.Lock()
	durable := j.durable
	j.mu.Unlock()
	head := j.head
	err = j.db.Update(func(tx *bbolt.Tx) error {
		records, blobs := tx.Bucket(bucketRecords), tx.Bucket(bucketBlobs)
		records.FillPercent = 1 // keys only grow, so half-filled pages would never be filled later
		for _, q := range batch {
			if q.seq <= durable {
				continue // an earlier commit reached the disk although it reported an error
			}
			for _, b := range q.Blobs {
				sum := sha256.Sum256(b)
				if err := blobs.Put(sum[:], b); err != nil {
					return err
				}
			}
			head = link(head, q.Record)
			if err := records.Put(key(q.seq), append(bytes.Clone(q.Record), head[:]...)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		j.head = head
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

// Genesis returns the hash before the first record of the journal with the id.
func Genesis(id string) Hash { return sha256.Sum256([]byte(format + "\x00" + id)) }

// Link returns the hash of a record that follows the hash prev.
func Link(prev Hash, record []byte) Hash { return link(prev, record) }

func link(prev Hash, record []byte) Hash {
	h := sha256.New()
	h.Write(prev[:])
	h.Write(record)
	return Hash(h.Sum(nil))
}

func key(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
