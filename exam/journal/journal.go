package journal

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"
)

// Entry is one record to append and the blobs that it names.
type Entry struct {
	Record     []byte   // 1 byte to stream.MaxRecord
	Blobs      [][]byte // each up to stream.MaxBlob
	Checkpoint bool     // a state changed: a checkpoint is signed behind it
}

// Status says how much of what was appended is safe.
type Status struct {
	Appended uint64 // number of the last record taken
	Durable  uint64 // number of the last record that a disk has
	Err      error  // why no place takes records at the moment, or nil
	Places   []PlaceStatus
}

// Options change how a journal works. Vault is required.
type Options struct {
	// Vault holds the key that signs and the secret that wraps the log's own key.
	Vault *vault.Vault
	// Second is the path of the file in the second place, another disk or a stick; empty: there is none.
	Second string
	// Reserve and SecondReserve are files (see [disk.Reserve]) that are removed when the place has no more space.
	Reserve, SecondReserve string
	// OnStatus is called after every write and every failure, one call at a time. It must not block.
	OnStatus func(Status)
	// OnPlace is called when something happened to a place; what Open found is told after the first status. See
	// [StorageEvents]. It must not block.
	OnPlace func(index int, was, is PlaceStatus)
	// OnCheckpoint is called with each checkpoint that is safe. It must not block.
	OnCheckpoint func(stream.Checkpoint)
	// RetryEvery is the first pause between attempts to use a place that failed; 0 means one second. It doubles up to 60
	// times that.
	RetryEvery time.Duration
	// CheckpointEvery is the longest time without a checkpoint while records come; 0 means one minute.
	CheckpointEvery time.Duration
	// FS is the file system; nil means the computer's own.
	FS disk.FS
}

func (o *Options) defaults() error {
	if o.Vault == nil {
		return errors.New("a journal needs a vault")
	}
	if o.RetryEvery == 0 {
		o.RetryEvery = time.Second
	}
	if o.CheckpointEvery == 0 {
		o.CheckpointEvery = time.Minute
	}
	if o.FS == nil {
		o.FS = disk.OS
	}
	return nil
}

// Journal is an open log. Its methods may be called from any goroutine.
type Journal struct {
	opt    Options
	header stream.Header
	raw    []byte // the header's bytes
	key    vault.DataKey

	// What opening found.
	recovery Recovery
	found    *image

	mu       sync.Mutex // guards what follows
	changed  *sync.Cond
	queue    []unit
	groups   []*group // that some place still needs, in order
	held     int      // bytes of them
	enc      *stream.Encoder
	encoding bool // somebody encodes outside mu
	places   []*place
	last     uint64 // number of the last record taken
	closed   bool
	timer    *time.Timer         // fires when a checkpoint is due; nil: no leaf waits for one
	signed   int64               // leaves at the last checkpoint; of whoever encodes
	given    []stream.Checkpoint // that were given out, the newest last, up to checkpointsKept
	points   []stream.Checkpoint // that are safe and have not been given out
	since    int                 // bytes taken since the last snapshot
	snapshot int                 // bytes of the last snapshot

	calling sync.Mutex // one callback at a time, in the order of what happened
	told    []PlaceStatus

	quit    chan struct{}
	running sync.WaitGroup
}

// unit is what one call appended.
type unit struct {
	entries    []Entry
	snapshot   []byte
	cosigned   []byte
	checkpoint bool
	alone      bool // it begins a group, so that the one before is known to have been safe
}

// group is what is written together and made safe by one sync.
type group struct {
	off, end int64
	bytes    []byte
	before   uint64 // number of the last record before off
	records  uint64 // number of the last record before end
	hint     stream.Hint
	points   []stream.Checkpoint
}

func (u unit) size() (n int) {
	for _, e := range u.entries {
		n += len(e.Record)
		for _, b := range e.Blobs {
			n += len(b)
		}
	}
	return n + len(u.snapshot)
}

const maxGroup = 8 << 20 // bytes of entries that are written together, unless one unit alone has more

// Create makes a new journal with the id at path, and in the second place. It returns ErrExists, or the first place's error
// where no place takes it.
func Create(path, id string, opt Options) (*Journal, error) {
	if err := opt.defaults(); err != nil {
		return nil, err
	}
	j := newJournal(path, opt)
	for _, p := range j.places {
		switch err := p.look(); {
		case errors.Is(err, ErrExists) || p.index == 0 && errors.Is(err, vault.ErrNoKey):
			return nil, fmt.Errorf("%s: %w", p.path, ErrExists)
		case !errors.Is(err, fs.ErrNotExist):
			p.lose(err)
		}
	}
	key, wraps, err := opt.Vault.NewKey(id)
	if err != nil {
		return nil, fmt.Errorf("create journal %s: %w", path, err)
	}
	j.key, j.header = key, stream.Header{ID: id, Created: time.Now().UnixMilli(), Wraps: wraps}
	if j.raw, err = j.header.Encode(); err != nil {
		return nil, fmt.Errorf("create journal %s: %w", path, err)
	}
	if err := j.begin(stream.StateAfter(j.raw, firstFrame)); err != nil {
		return nil, err
	}
	first := j.enc.Take()
	var errs []error
	for _, p := range j.places {
		err := p.status.Err
		if err == nil {
			err = p.create(j.raw, first)
		}
		if IsFull(err) && p.giveUpReserve() {
			err = p.create(j.raw, first)
		}
		if err != nil {
			p.lose(err)
			errs = append(errs, err)
		}
	}
	if len(errs) == len(j.places) {
		return nil, fmt.Errorf("create journal %s: %w", path, errors.Join(errs...))
	}
	j.start()
	return j, nil
}

func newJournal(path string, opt Options) *Journal {
	j := &Journal{opt: opt, found: new(image), quit: make(chan struct{})}
	j.changed = sync.NewCond(&j.mu)
	j.places = []*place{{j: j, path: path, reserve: opt.Reserve}}
	if opt.Second != "" {
		j.places = append(j.places, &place{j: j, index: 1, path: opt.Second, reserve: opt.SecondReserve})
	}
	return j
}

// begin starts this run of the program behind state.
func (j *Journal) begin(state stream.State) (err error) {
	if j.enc, err = stream.NewEncoder(j.header.ID, j.key, j.opt.Vault.Key(), state); err != nil {
		return err
	}
	var salt stream.Salt
	rand.Read(salt[:])
	j.enc.Run(salt, time.Now())
	j.last = state.Records
	return nil
}

func (j *Journal) start() {
	for _, p := range j.places {
		p.status.Path = p.path
		j.told = append(j.told, PlaceStatus{Path: p.path, State: PlaceOnline})
	}
	j.tell()
	for _, p := range j.places {
		j.running.Add(1)
		go p.run()
	}
}

// ID returns the journal's name.
func (j *Journal) ID() string { return j.header.ID }

// Path returns the journal's file in the first place.
func (j *Journal) Path() string { return j.places[0].path }

// Next returns the number that the next appended record will get.
func (j *Journal) Next() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last + 1
}

// Append queues entries, in order, as one unit, and returns the number of the last. It does not wait for the disk:
// Options.OnStatus tells when that number is durable. What the entries point to must not be changed afterwards. It returns
// ErrClosed or ErrEntry, and then has queued nothing.
func (j *Journal) Append(entries ...Entry) (uint64, error) {
	size := 0
	for _, e := range entries {
		if len(e.Record) == 0 || len(e.Record) > stream.MaxRecord {
			return 0, fmt.Errorf("%w: a record of %d bytes", ErrEntry, len(e.Record))
		}
		size += len(e.Record) + stream.Overhead
		for _, b := range e.Blobs {
			if len(b) > stream.MaxBlob {
				return 0, fmt.Errorf("%w: a blob of %d bytes", ErrEntry, len(b))
			}
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return 0, ErrClosed
	}
	j.last += uint64(len(entries))
	j.since += size
	if len(entries) > 0 {
		j.push(unit{entries: entries})
	}
	return j.last, nil
}

func (j *Journal) push(u unit) {
	j.queue = append(j.queue, u)
	j.changed.Broadcast()
}

const (
	// What is folded again at a start is at most this much; a long essay makes snapshots long, hence the ratio.
	snapshotLeast = 64 << 10 // bytes of records
	snapshotRatio = 2        // bytes of records to one of the last snapshot
)

// WantsSnapshot reports whether so much was appended since the last snapshot that another is worth its space.
func (j *Journal) WantsSnapshot() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.since >= max(snapshotLeast, snapshotRatio*j.snapshot)
}

// PutSnapshot queues the program's state after the last record that was appended. Whoever calls Append must call it, too.
func (j *Journal) PutSnapshot(data []byte) error {
	if len(data) > stream.MaxBlob/2 {
		return fmt.Errorf("%w: a snapshot of %d bytes", ErrEntry, len(data))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	j.since, j.snapshot = 0, len(data)
	j.push(unit{snapshot: data})
	return nil
}

// checkpointsKept is how many of the newest checkpoints a countersignature may come for.
const checkpointsKept = 256

// PutCosigned queues a checkpoint of this journal under the signatures of witnesses; see [stream.Witness]. It must be one that
// was given out, word for word, and not longer ago than 256 others: a log with any other could never be verified.
func (j *Journal) PutCosigned(msg []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	c, err := stream.ParseCosigned(msg, j.header.ID)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrEntry, err)
	}
	if !slices.ContainsFunc(j.given, func(g stream.Checkpoint) bool { return g.Text() == c.Text() }) {
		return fmt.Errorf("%w: a checkpoint that this journal has not given out", ErrEntry)
	}
	j.push(unit{cosigned: slices.Clone(msg)})
	return nil
}

// Status returns how much is safe now.
func (j *Journal) Status() Status {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.status()
}

func (j *Journal) status() Status {
	s := Status{Appended: j.last}
	var errs []error
	for _, p := range j.places {
		s.Durable = max(s.Durable, p.seq)
		p.status.Durable = p.seq
		s.Places = append(s.Places, p.status)
		if p.status.State != PlaceOnline {
			errs = append(errs, p.status.Err)
		}
	}
	if len(errs) == len(j.places) {
		s.Err = errors.Join(errs...)
	}
	return s
}

// closePatience is how long Close waits for a place to catch up when another has everything.
const closePatience = 10 * time.Second

// Close writes what is queued and a last checkpoint, as far as a disk takes them, and closes the files. It returns the reason
// where records could not be written.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		j.running.Wait()
		return nil
	}
	j.closed = true
	j.push(unit{checkpoint: true, alone: true})
	if j.timer != nil {
		j.timer.Stop()
	}
	j.mu.Unlock()
	close(j.quit)
	done := make(chan struct{})
	go func() {
		j.running.Wait()
		close(done)
	}()
	for patience := time.NewTimer(closePatience); ; patience.Reset(closePatience) {
		select {
		case <-done:
		case <-patience.C:
			if s := j.Status(); s.Durable < s.Appended {
				continue
			}
		}
		patience.Stop()
		break
	}
	s := j.Status()
	if s.Durable < s.Appended {
		return fmt.Errorf("%s: %d records could not be written: %w", j.Path(), s.Appended-s.Durable, s.Err)
	}
	return nil
}

// next returns the group that the place writes next, and encodes one when there is none. It waits for one; nil says that
// the journal is closed and nothing is left, behind that what the place needs next is no longer in memory, damaged that its
// file should be made anew first.
func (j *Journal) next(p *place) (g *group, behind, damaged bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for {
		if p.status.Damage != "" && !j.closed && !time.Now().Before(p.mendAt) {
			return nil, false, true
		}
		if i, ok := slices.BinarySearchFunc(j.groups, p.pos, func(g *group, off int64) int { return cmp.Compare(g.off, off) }); ok {
			return j.groups[i], false, false
		}
		switch {
		case p.pos < j.oldest():
			return nil, true, false
		case !j.encoding && len(j.queue) > 0:
			j.encode()
		case j.closed && !j.encoding:
			return nil, false, false
		default:
			j.changed.Wait()
		}
	}
}

// oldest returns the offset from which on everything is in memory. The caller holds mu.
func (j *Journal) oldest() int64 {
	if len(j.groups) > 0 {
		return j.groups[0].off
	}
	return j.safe()
}

// safe returns the offset as far as some place has everything. The caller holds mu.
func (j *Journal) safe() (pos int64) {
	for _, p := range j.places {
		pos = max(pos, p.pos)
	}
	return pos
}

// rejoin returns where a place must have come to for memory to have the rest, and the number of the last record before it.
func (j *Journal) rejoin(p *place) (to int64, records uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case p.pos >= j.oldest():
		return p.pos, p.seq
	case len(j.groups) > 0:
		return j.groups[0].off, j.groups[0].before
	}
	for _, o := range j.places {
		if o.pos == j.safe() {
			return o.pos, o.seq
		}
	}
	return p.pos, p.seq
}

// sumInMemory returns the checksum that stands before an offset of the groups in memory, or 0 where they do not reach.
func (j *Journal) sumInMemory(off int64) uint32 {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, g := range j.groups {
		if i := off - g.off; i >= 4 && off <= g.end {
			return binary.BigEndian.Uint32(g.bytes[i-4:])
		}
	}
	return 0
}

func (j *Journal) others(p *place) (paths []string) {
	for _, o := range j.places {
		if o != p {
			paths = append(paths, o.path)
		}
	}
	return paths
}

func (j *Journal) closing() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.closed
}

// allSafe reports whether some place has everything that was appended.
func (j *Journal) allSafe() bool {
	s := j.Status()
	return s.Durable == s.Appended
}

// advance notes that the place has everything as far as an offset.
func (j *Journal) advance(p *place, pos int64, records uint64) {
	j.mu.Lock()
	p.pos, p.seq = pos, records
	j.online(p)
	j.trim()
	j.changed.Broadcast()
	j.mu.Unlock()
	j.tell()
}

// wrote notes that a place has a group.
func (j *Journal) wrote(p *place, g *group) {
	j.mu.Lock()
	if g.end > j.safe() {
		j.points = append(j.points, g.points...)
	}
	p.pos, p.seq = g.end, g.records
	j.online(p)
	j.trim()
	j.changed.Broadcast()
	j.mu.Unlock()
	j.tell()
}

func (j *Journal) online(p *place) {
	p.status.State, p.status.Err = PlaceOnline, nil
}

// failed notes that a place does not take records.
func (j *Journal) failed(p *place, err error) {
	j.mu.Lock()
	p.status.State, p.status.Err = stateOf(err), err
	j.changed.Broadcast()
	j.mu.Unlock()
	j.tell()
}

// memoryKept is how many bytes of groups are kept for a place that is behind; what is safe nowhere is always kept.
const memoryKept = 64 << 20

// trim forgets groups that every place has, and the oldest ones that some place has when they take too much memory. The
// caller holds mu.
func (j *Journal) trim() {
	everywhere, somewhere := j.places[0].pos, j.safe()
	for _, p := range j.places {
		everywhere = min(everywhere, p.pos)
	}
	for len(j.groups) > 0 {
		g := j.groups[0]
		if g.end > everywhere && (j.held <= memoryKept || g.end > somewhere) {
			return
		}
		j.held -= len(g.bytes)
		j.groups[0] = nil
		j.groups = j.groups[1:]
	}
}

// tell calls the callbacks with what is so now.
func (j *Journal) tell() {
	j.calling.Lock()
	defer j.calling.Unlock()
	j.mu.Lock()
	s, points := j.status(), j.points
	j.points = nil
	j.given = append(j.given, points...)
	j.given = slices.Delete(j.given, 0, max(0, len(j.given)-checkpointsKept))
	j.mu.Unlock()
	if j.opt.OnStatus != nil {
		j.opt.OnStatus(s)
	}
	for i, p := range s.Places {
		was := j.told[i]
		if p.State != was.State || p.Short != was.Short || p.Damage != was.Damage || p.Healed != was.Healed || p.Aside != was.Aside {
			j.told[i] = p
			if j.opt.OnPlace != nil {
				j.opt.OnPlace(i, was, p)
			}
		}
	}
	for _, c := range points {
		if j.opt.OnCheckpoint != nil {
			j.opt.OnCheckpoint(c)
		}
	}
}

// encode turns what is queued into a group. The caller holds mu, which is free meanwhile.
func (j *Journal) encode() {
	n, size := 0, 0
	for n < len(j.queue) && size < maxGroup && (n == 0 || !j.queue[n].alone) {
		size += j.queue[n].size()
		n++
	}
	units := j.queue[:n:n]
	j.queue = j.queue[n:]
	j.encoding = true
	j.mu.Unlock()
	g := &group{off: j.enc.Offset(), before: j.enc.Records()}
	for _, u := range units {
		j.encodeUnit(u, g)
	}
	g.bytes, g.records, g.end = j.enc.Take(), j.enc.Records(), j.enc.Offset()
	leaves := j.enc.Leaves()
	j.mu.Lock()
	if leaves == j.signed && j.timer != nil {
		j.timer.Stop()
		j.timer = nil
	}
	if leaves > j.signed && j.timer == nil && !j.closed {
		j.timer = time.AfterFunc(j.opt.CheckpointEvery, j.due)
	}
	j.encoding = false
	if len(g.bytes) > 0 {
		j.groups = append(j.groups, g)
		j.held += len(g.bytes)
	}
	j.changed.Broadcast()
}

// due asks for a checkpoint.
func (j *Journal) due() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.timer = nil
	if !j.closed {
		j.push(unit{checkpoint: true})
	}
}

func (j *Journal) encodeUnit(u unit, g *group) {
	sign := u.checkpoint
	for i, e := range u.entries {
		for _, b := range e.Blobs {
			j.must(j.enc.Blob(b))
		}
		j.must(j.enc.Record(e.Record, i == len(u.entries)-1))
		sign = sign || e.Checkpoint
	}
	if u.snapshot != nil {
		hint, err := j.enc.Snapshot(u.snapshot)
		j.must(err)
		g.hint = hint
	}
	if u.cosigned != nil {
		j.must(j.enc.Cosigned(u.cosigned))
	}
	if sign && j.enc.Leaves() > j.signed {
		point, err := j.enc.Checkpoint(time.Now())
		j.must(err)
		j.signed = j.enc.Leaves()
		g.points = append(g.points, point)
	}
}

// must states that Append, PutSnapshot and PutCosigned have refused everything that the encoder would refuse.
func (j *Journal) must(err error) {
	if err != nil {
		panic(fmt.Sprintf("journal %s: an entry was taken that cannot be written: %v", j.Path(), err))
	}
}
