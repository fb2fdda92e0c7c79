package disktest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"emtihan/exam/journal/disk"
)

const (
	pageSize   = 4096 // of the cache
	sectorSize = 512  // what a disk writes wholly or not at all
)

// page is never changed once it stands in a map, so that copies of a disk share pages. A page that is not there is zero.
type page [pageSize]byte

type pages map[int64]*page

// inode is a file: what reads see, and what the disk has.
type inode struct {
	id          int
	cache, disk pages
	dirty       map[int64]bool // pages that the next sync writes
	size, dsize int64
	// Open files that hold the lock; not copied by Clone, since a computer that starts again has none.
	exclusive bool
	shared    int
}

// nameOp is a change of names in one folder. Node is nil for a removal.
type nameOp struct {
	from, to string
	node     *inode
}

// Crash is a file system in memory with a cache before its disk. What is written is only in the cache until Sync of the file;
// names are, until SyncDir of the folder. Cut gives what a power cut leaves. The zero value is not usable.
type Crash struct {
	mu      sync.Mutex
	next    int
	folders map[string]bool
	names   map[string]*inode
	dnames  map[string]*inode
	pending map[string][]nameOp // by folder, in order
}

// NewCrash returns an empty file system with the folders.
func NewCrash(folders ...string) *Crash {
	c := &Crash{folders: map[string]bool{"/": true}, names: map[string]*inode{}, dnames: map[string]*inode{}, pending: map[string][]nameOp{}}
	for _, f := range folders {
		_ = c.MkdirAll(f) // cannot fail
	}
	return c
}

// Clone returns an independent copy, on which nobody holds a file.
func (c *Crash) Clone() *Crash {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clone()
}

func (c *Crash) clone() *Crash {
	copies := map[*inode]*inode{nil: nil}
	of := func(n *inode) *inode {
		k, ok := copies[n]
		if !ok {
			k = &inode{id: n.id, cache: maps.Clone(n.cache), disk: maps.Clone(n.disk), dirty: maps.Clone(n.dirty), size: n.size, dsize: n.dsize}
			copies[n] = k
		}
		return k
	}
	d := &Crash{next: c.next, folders: maps.Clone(c.folders), names: map[string]*inode{}, dnames: map[string]*inode{}, pending: map[string][]nameOp{}}
	for name, n := range c.names {
		d.names[name] = of(n)
	}
	for name, n := range c.dnames {
		d.dnames[name] = of(n)
	}
	for dir, ops := range c.pending {
		for _, op := range ops {
			d.pending[dir] = append(d.pending[dir], nameOp{op.from, op.to, of(op.node)})
		}
	}
	return d
}

// Unsynced is one thing that a power cut may or may not take: a sector, the length of a file, or a change of a name.
type Unsynced struct {
	node   int   // 0: a name
	sector int64 // -1: the length
	dir    string
	op     int
}

// Unsynced lists what is not safe, always in the same order.
func (c *Crash) Unsynced() []Unsynced {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unsynced()
}

func (c *Crash) nodes() []*inode {
	seen := map[int]*inode{}
	for _, n := range c.names {
		seen[n.id] = n
	}
	for _, n := range c.dnames {
		seen[n.id] = n
	}
	for _, ops := range c.pending {
		for _, op := range ops {
			if op.node != nil {
				seen[op.node.id] = op.node
			}
		}
	}
	return slices.SortedFunc(maps.Values(seen), func(a, b *inode) int { return a.id - b.id })
}

func (c *Crash) unsynced() (list []Unsynced) {
	for _, n := range c.nodes() {
		for _, p := range slices.Sorted(maps.Keys(n.dirty)) {
			for s := range int64(pageSize / sectorSize) {
				if !bytes.Equal(n.cache.sector(p, s), n.disk.sector(p, s)) {
					list = append(list, Unsynced{node: n.id, sector: p*pageSize/sectorSize + s})
				}
			}
		}
		if n.size != n.dsize {
			list = append(list, Unsynced{node: n.id, sector: -1})
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(c.pending)) {
		for i := range c.pending[dir] {
			list = append(list, Unsynced{dir: dir, op: i})
		}
	}
	return list
}

// Cut returns the file system as it is found after a power cut of which exactly the unsynced things survive that keep says.
// Changes of names in a folder happen in order: where one is lost, so are those after it.
func (c *Crash) Cut(keep func(Unsynced) bool) *Crash {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.clone()
	byID := map[int]*inode{}
	for _, n := range d.nodes() {
		byID[n.id] = n
	}
	lost := map[string]bool{}
	for _, u := range d.unsynced() {
		kept := keep(u)
		switch n := byID[u.node]; {
		case u.node == 0:
			if lost[u.dir] = lost[u.dir] || !kept; !lost[u.dir] {
				d.pending[u.dir][u.op].apply(d.dnames)
			}
		case !kept:
		case u.sector < 0:
			n.dsize = n.size
		default:
			n.keepSector(u.sector)
		}
	}
	d.names, d.pending = maps.Clone(d.dnames), map[string][]nameOp{}
	for _, n := range d.nodes() {
		n.disk.clip(n.dsize)
		n.cache, n.size, n.dirty = maps.Clone(n.disk), n.dsize, map[int64]bool{}
	}
	return d
}

// Crash returns what a power cut leaves, drawn by the seed: often all, nothing or nearly one of them.
func (c *Crash) Crash(seed uint64) *Crash {
	r := rand.New(rand.NewPCG(seed, 0xC0FFEE))
	chance := []float64{0, 1, 0.5, 0.05, 0.95}[r.IntN(5)]
	return c.Cut(func(Unsynced) bool { return r.Float64() < chance })
}

func (n *inode) keepSector(sector int64) {
	p, s := sector*sectorSize/pageSize, sector%(pageSize/sectorSize)
	var np page
	if old := n.disk[p]; old != nil {
		np = *old
	}
	copy(np[s*sectorSize:], n.cache.sector(p, s))
	n.disk.put(p, &np)
	n.dsize = max(n.dsize, min((sector+1)*sectorSize, n.size))
}

func (op nameOp) apply(names map[string]*inode) {
	if op.from != "" {
		delete(names, op.from)
	}
	if op.to != "" {
		names[op.to] = op.node
	}
}

var zero page

func (m pages) put(i int64, p *page) {
	if *p == zero {
		delete(m, i)
	} else {
		m[i] = p
	}
}

func (m pages) sector(p, s int64) []byte {
	pg := m[p]
	if pg == nil {
		pg = &zero
	}
	return pg[s*sectorSize : (s+1)*sectorSize]
}

// clip makes zero what lies behind a length.
func (m pages) clip(size int64) {
	for i, p := range m {
		if n := size - i*pageSize; n <= 0 {
			delete(m, i)
		} else if n < pageSize {
			np := *p
			clear(np[n:])
			m.put(i, &np)
		}
	}
}

func (m pages) read(b []byte, off int64) {
	for len(b) > 0 {
		i, o := off/pageSize, off%pageSize
		n := min(int64(len(b)), pageSize-o)
		if p := m[i]; p != nil {
			copy(b[:n], p[o:])
		} else {
			clear(b[:n])
		}
		b, off = b[n:], off+n
	}
}

func fail(op, path string, err error) error { return &fs.PathError{Op: op, Path: path, Err: err} }

// Open implements disk.FS.
func (c *Crash) Open(path string, flag int) (disk.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	path = filepath.Clean(path)
	n := c.names[path]
	switch {
	case !c.folders[filepath.Dir(path)]:
		return nil, fail("open", path, fs.ErrNotExist)
	case c.folders[path]:
		return nil, fail("open", path, syscall.EISDIR)
	case n == nil && flag&os.O_CREATE == 0:
		return nil, fail("open", path, fs.ErrNotExist)
	case n != nil && flag&os.O_EXCL != 0:
		return nil, fail("open", path, fs.ErrExist)
	case n == nil:
		c.next++
		n = &inode{id: c.next, cache: pages{}, disk: pages{}, dirty: map[int64]bool{}}
		c.change(nameOp{to: path, node: n}, filepath.Dir(path))
	case flag&os.O_TRUNC != 0:
		for i := range n.cache {
			n.dirty[i] = true
		}
		for i := range n.disk {
			n.dirty[i] = true
		}
		n.cache, n.size = pages{}, 0
	}
	return &crashFile{c: c, n: n, path: path, write: flag&(os.O_RDWR|os.O_WRONLY) != 0}, nil
}

func (c *Crash) change(op nameOp, dir string) {
	op.apply(c.names)
	c.pending[dir] = append(c.pending[dir], op)
}

// Stat implements disk.FS.
func (c *Crash) Stat(path string) (fs.FileInfo, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	path = filepath.Clean(path)
	if c.folders[path] {
		return info{name: filepath.Base(path), dir: true}, nil
	}
	n := c.names[path]
	if n == nil {
		return nil, fail("stat", path, fs.ErrNotExist)
	}
	return info{name: filepath.Base(path), size: n.size}, nil
}

// MkdirAll implements disk.FS. Folders are safe at once.
func (c *Crash) MkdirAll(path string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for path = filepath.Clean(path); !c.folders[path]; path = filepath.Dir(path) {
		c.folders[path] = true
	}
	return nil
}

// Rename implements disk.FS, within one folder.
func (c *Crash) Rename(from, to string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	from, to = filepath.Clean(from), filepath.Clean(to)
	n := c.names[from]
	switch {
	case n == nil:
		return fail("rename", from, fs.ErrNotExist)
	case filepath.Dir(from) != filepath.Dir(to):
		return fail("rename", from, syscall.EXDEV)
	}
	c.change(nameOp{from: from, to: to, node: n}, filepath.Dir(to))
	return nil
}

// Remove implements disk.FS.
func (c *Crash) Remove(path string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	path = filepath.Clean(path)
	if c.names[path] == nil {
		return fail("remove", path, fs.ErrNotExist)
	}
	c.change(nameOp{from: path}, filepath.Dir(path))
	return nil
}

// SyncDir implements disk.FS.
func (c *Crash) SyncDir(path string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	path = filepath.Clean(path)
	if !c.folders[path] {
		return fail("open", path, fs.ErrNotExist)
	}
	for _, op := range c.pending[path] {
		op.apply(c.dnames)
	}
	delete(c.pending, path)
	return nil
}

// ReadFile returns what reads of the file see.
func (c *Crash) ReadFile(path string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.names[filepath.Clean(path)]
	if n == nil {
		return nil, fail("open", path, fs.ErrNotExist)
	}
	b := make([]byte, n.size)
	n.cache.read(b, 0)
	return b, nil
}

// WriteFile puts other content into a file, or makes one; it is safe at once. Files that are open see it.
func (c *Crash) WriteFile(path string, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	path = filepath.Clean(path)
	n := c.names[path]
	if n == nil {
		c.next++
		n = &inode{id: c.next}
		c.names[path] = n
	}
	c.dnames[path] = n
	n.cache, n.dirty = pages{}, map[int64]bool{}
	n.size, n.dsize = int64(len(data)), int64(len(data))
	for i := int64(0); i*pageSize < n.size; i++ {
		var p page
		copy(p[:], data[i*pageSize:])
		n.cache.put(i, &p)
	}
	n.disk = maps.Clone(n.cache)
}

// Delete removes a file; it is gone at once. Open files keep it.
func (c *Crash) Delete(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	path = filepath.Clean(path)
	delete(c.names, path)
	delete(c.dnames, path)
}

// Names lists the files in a folder.
func (c *Crash) Names(dir string) (names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.names {
		if rest, ok := strings.CutPrefix(name, filepath.Clean(dir)+"/"); ok && !strings.Contains(rest, "/") {
			names = append(names, rest)
		}
	}
	slices.Sort(names)
	return names
}

type crashFile struct {
	c      *Crash
	n      *inode
	path   string
	write  bool
	closed bool
	locked int // 1: shared, 2: exclusive
}

func (f *crashFile) enter(op string) error {
	f.c.mu.Lock()
	if f.closed {
		f.c.mu.Unlock()
		return fail(op, f.path, fs.ErrClosed)
	}
	return nil
}

var errNegative = errors.New("negative offset")

// ReadAt implements disk.File.
func (f *crashFile) ReadAt(b []byte, off int64) (int, error) {
	if err := f.enter("read"); err != nil {
		return 0, err
	}
	defer f.c.mu.Unlock()
	if off < 0 {
		return 0, fail("read", f.path, errNegative)
	}
	if off >= f.n.size {
		return 0, io.EOF
	}
	n := min(int64(len(b)), f.n.size-off)
	f.n.cache.read(b[:n], off)
	if n < int64(len(b)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// WriteAt implements disk.File.
func (f *crashFile) WriteAt(b []byte, off int64) (int, error) {
	if err := f.enter("write"); err != nil {
		return 0, err
	}
	defer f.c.mu.Unlock()
	switch {
	case !f.write:
		return 0, fail("write", f.path, syscall.EBADF)
	case off < 0:
		return 0, fail("write", f.path, errNegative)
	}
	n := len(b)
	f.n.size = max(f.n.size, off+int64(n))
	for len(b) > 0 {
		i, o := off/pageSize, off%pageSize
		k := min(int64(len(b)), pageSize-o)
		f.n.dirty[i] = true
		old := f.n.cache[i]
		if old != nil || !bytes.Equal(b[:k], zero[:k]) {
			var p page
			if old != nil {
				p = *old
			}
			copy(p[o:], b[:k])
			f.n.cache.put(i, &p)
		}
		b, off = b[k:], off+k
	}
	return n, nil
}

// Sync implements disk.File.
func (f *crashFile) Sync() error {
	if err := f.enter("fdatasync"); err != nil {
		return err
	}
	defer f.c.mu.Unlock()
	f.n.sync(func(int64) bool { return true })
	return nil
}

// SyncLosing is a sync that fails as on Linux: of what was not safe the disk gets what keep says, the cache shows all of it,
// and no later sync will try again.
func (f *crashFile) SyncLosing(keep func(sector int64) bool) {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	f.n.sync(keep)
}

func (n *inode) sync(keep func(sector int64) bool) {
	for _, p := range slices.Sorted(maps.Keys(n.dirty)) {
		for s := range int64(pageSize / sectorSize) {
			sector := p*pageSize/sectorSize + s
			if !bytes.Equal(n.cache.sector(p, s), n.disk.sector(p, s)) && keep(sector) {
				n.keepSector(sector)
			}
		}
	}
	n.dsize, n.dirty = n.size, map[int64]bool{}
}

// Reread implements disk.File.
func (f *crashFile) Reread() {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	for i := range f.n.cache {
		if !f.n.dirty[i] {
			delete(f.n.cache, i)
		}
	}
	for i, p := range f.n.disk {
		if !f.n.dirty[i] {
			f.n.cache[i] = p
		}
	}
}

// Size implements disk.File.
func (f *crashFile) Size() (int64, error) {
	if err := f.enter("stat"); err != nil {
		return 0, err
	}
	defer f.c.mu.Unlock()
	return f.n.size, nil
}

// Lock implements disk.File.
func (f *crashFile) Lock(exclusive bool) error {
	if err := f.enter("lock"); err != nil {
		return err
	}
	defer f.c.mu.Unlock()
	f.unlock()
	if f.n.exclusive || exclusive && f.n.shared > 0 {
		return disk.ErrLocked
	}
	if exclusive {
		f.n.exclusive, f.locked = true, 2
	} else {
		f.n.shared, f.locked = f.n.shared+1, 1
	}
	return nil
}

func (f *crashFile) unlock() {
	switch f.locked {
	case 1:
		f.n.shared--
	case 2:
		f.n.exclusive = false
	}
	f.locked = 0
}

// Close implements disk.File.
func (f *crashFile) Close() error {
	if err := f.enter("close"); err != nil {
		return err
	}
	defer f.c.mu.Unlock()
	f.unlock()
	f.closed = true
	return nil
}

type info struct {
	name string
	size int64
	dir  bool
}

func (i info) Name() string { return i.name }
func (i info) Size() int64  { return i.size }
func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o700
	}
	return 0o600
}
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }
func (i info) String() string     { return fmt.Sprintf("%s, %d bytes", i.name, i.size) }
