package disktest

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"

	"emtihan/exam/journal/disk"
)

// Call is what is done to a disk.
type Call string

// The calls.
const (
	CallOpen    Call = "open"
	CallLock    Call = "lock"
	CallRead    Call = "read"
	CallWrite   Call = "write"
	CallSync    Call = "sync"
	CallSize    Call = "size"
	CallRename  Call = "rename"
	CallRemove  Call = "remove"
	CallSyncDir Call = "syncdir"
	CallStat    Call = "stat"
	CallMkdir   Call = "mkdir"
)

// Op is one call.
type Op struct {
	N    int // from 1, on this Fault
	Call Call
	Path string
	// Changes says that the call writes: a write, a sync, a change of names, an opening for writing.
	Changes bool
}

// Outcome says what becomes of a call.
type Outcome int

// The outcomes.
const (
	OK       Outcome = iota
	Full             // ENOSPC; a write has written half
	Broken           // EIO; nothing was done
	Half             // EIO; a write has written half, anything else was done wholly
	SyncLost         // EIO; a sync has lost what was not safe, while reads show it. Other calls: as Broken
	SyncTorn         // EIO; a sync has lost some sectors of it. Other calls: as Broken
	SyncKept         // EIO; a sync has made it safe nevertheless. Other calls: as Half
	ReadOnly         // EROFS where the call changes something, otherwise OK
	Absent           // ENOENT where the call names a path, otherwise EIO: a stick that was pulled out
)

func (o Outcome) String() string {
	return [...]string{"ok", "full", "broken", "half", "sync lost", "sync torn", "sync kept", "read-only", "absent"}[o]
}

// Fault is a file system before another one that lets calls fail.
type Fault struct {
	under disk.FS
	mu    sync.Mutex
	n     int
	rule  func(Op) Outcome
}

// NewFault returns a file system on which rule decides about each call before it is done. The rule may wait, and is called by
// several goroutines at once. It may be nil: nothing fails.
func NewFault(under disk.FS, rule func(Op) Outcome) *Fault { return &Fault{under: under, rule: rule} }

// Set changes the rule.
func (f *Fault) Set(rule func(Op) Outcome) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rule = rule
}

// Count returns the number of calls so far.
func (f *Fault) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}

func (f *Fault) decide(call Call, path string, changes bool) Outcome {
	f.mu.Lock()
	f.n++
	op, rule := Op{f.n, call, path, changes}, f.rule
	f.mu.Unlock()
	if rule == nil {
		return OK
	}
	return rule(op)
}

// judge returns whether the call is done, and what it then reports.
func judge(o Outcome, call Call, path string, changes, named bool) (do bool, err error) {
	switch o {
	case Full:
		if !changes || call == CallRemove {
			return true, nil
		}
		return false, fail(string(call), path, syscall.ENOSPC)
	case Half, SyncKept:
		return true, fail(string(call), path, syscall.EIO)
	case Broken, SyncLost, SyncTorn:
		return false, fail(string(call), path, syscall.EIO)
	case ReadOnly:
		if changes {
			return false, fail(string(call), path, syscall.EROFS)
		}
	case Absent:
		if named {
			return false, fail(string(call), path, fs.ErrNotExist)
		}
		return false, fail(string(call), path, syscall.EIO)
	}
	return true, nil
}

func (f *Fault) named(call Call, path string, changes bool, do func() error) error {
	ok, err := judge(f.decide(call, path, changes), call, path, changes, true)
	if ok {
		if e := do(); e != nil {
			return e
		}
	}
	return err
}

// Open implements disk.FS.
func (f *Fault) Open(path string, flag int) (file disk.File, err error) {
	changes := flag&(os.O_RDWR|os.O_WRONLY|os.O_CREATE|os.O_TRUNC) != 0
	// A full disk opens files that are there.
	o := f.decide(CallOpen, path, changes)
	if _, e := f.under.Stat(path); o == Full && e == nil {
		o = OK
	}
	ok, err := judge(o, CallOpen, path, changes, true)
	if !ok {
		return nil, err
	}
	under, e := f.under.Open(path, flag)
	if e != nil {
		return nil, e
	}
	if err != nil {
		under.Close()
		return nil, err
	}
	return &faultFile{f, under, path}, nil
}

// Stat implements disk.FS.
func (f *Fault) Stat(path string) (fi fs.FileInfo, err error) {
	err = f.named(CallStat, path, false, func() (e error) { fi, e = f.under.Stat(path); return e })
	return fi, err
}

// MkdirAll implements disk.FS.
func (f *Fault) MkdirAll(path string) error {
	return f.named(CallMkdir, path, true, func() error { return f.under.MkdirAll(path) })
}

// Rename implements disk.FS.
func (f *Fault) Rename(from, to string) error {
	return f.named(CallRename, to, true, func() error { return f.under.Rename(from, to) })
}

// Remove implements disk.FS.
func (f *Fault) Remove(path string) error {
	return f.named(CallRemove, path, true, func() error { return f.under.Remove(path) })
}

// SyncDir implements disk.FS.
func (f *Fault) SyncDir(path string) error {
	return f.named(CallSyncDir, path, true, func() error { return f.under.SyncDir(path) })
}

type faultFile struct {
	f     *Fault
	under disk.File
	path  string
}

func (f *faultFile) call(call Call, changes bool) (bool, error) {
	return judge(f.f.decide(call, f.path, changes), call, f.path, changes, false)
}

// ReadAt implements disk.File.
func (f *faultFile) ReadAt(p []byte, off int64) (int, error) {
	o := f.f.decide(CallRead, f.path, false)
	ok, err := judge(o, CallRead, f.path, false, false)
	if !ok {
		return 0, err
	}
	if err != nil {
		n, _ := f.under.ReadAt(p[:len(p)/2], off)
		return n, err
	}
	return f.under.ReadAt(p, off)
}

// WriteAt implements disk.File.
func (f *faultFile) WriteAt(p []byte, off int64) (int, error) {
	o := f.f.decide(CallWrite, f.path, true)
	_, err := judge(o, CallWrite, f.path, true, false)
	switch {
	case err == nil:
		return f.under.WriteAt(p, off)
	case o == Half || o == Full || o == SyncKept:
		n, _ := f.under.WriteAt(p[:len(p)/2], off)
		return n, err
	}
	return 0, err
}

// Sync implements disk.File.
func (f *faultFile) Sync() error {
	o := f.f.decide(CallSync, f.path, true)
	ok, err := judge(o, CallSync, f.path, true, false)
	if ok {
		if e := f.under.Sync(); e != nil {
			return e
		}
		return err
	}
	// What a disk that failed to sync has is anybody's guess, and on Linux the kernel forgets what it has not.
	if u, is := f.under.(interface{ SyncLosing(func(int64) bool) }); is && o != ReadOnly {
		r := rand.New(rand.NewPCG(uint64(f.f.Count()), 1))
		u.SyncLosing(func(int64) bool { return o == SyncTorn && r.IntN(2) == 0 })
	}
	return err
}

// Reread implements disk.File.
func (f *faultFile) Reread() { f.under.Reread() }

// Size implements disk.File.
func (f *faultFile) Size() (int64, error) {
	if ok, err := f.call(CallSize, false); !ok || err != nil {
		return 0, err
	}
	return f.under.Size()
}

// Lock implements disk.File.
func (f *faultFile) Lock(exclusive bool) error {
	if ok, err := f.call(CallLock, false); !ok || err != nil {
		return err
	}
	return f.under.Lock(exclusive)
}

// Close implements disk.File. It never fails: nothing hangs on it.
func (f *faultFile) Close() error { return f.under.Close() }
