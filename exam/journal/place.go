package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"
)

// PlaceState says what is the matter with a place.
type PlaceState string

// The states of a place.
const (
	PlaceOnline PlaceState = "online" // it takes records
	PlaceFailed PlaceState = "failed" // it does not take records at the moment
	PlaceAbsent PlaceState = "absent" // its folder is not there: a stick that was pulled out
)

// PlaceStatus is the state of one place.
type PlaceStatus struct {
	Path    string
	State   PlaceState
	Durable uint64 // number of the last record that this place has
	Short   bool   // its reserve of space has been given up
	Damage  string // what Verify found wrong in its file, until it is made anew; empty: nothing
	Healed  int    // how often its damaged file was made whole from the other place since the journal was opened
	Aside   string // where its last damaged or foreign file was put since then
	Err     error  // why it is not online
}

// place is one file that keeps the stream, and the goroutine that writes it.
type place struct {
	j       *Journal
	index   int
	path    string
	reserve string

	// The goroutine's own.
	f    disk.File // nil: to be made anew
	size int64
	slot int64 // where the next hint goes

	// Guarded by j.mu.
	pos    int64     // everything before it is safe here
	seq    uint64    // number of the last record before pos
	files  int       // how many files the place has had
	mendAt time.Time // when its damaged file is tried to be made anew; zero: it is not known to be damaged
	status PlaceStatus
}

// adopt takes over a file that was read, and clears what no whole unit holds: frames that come after it must not meet its
// remains.
func (p *place) adopt(f disk.File, im *image) error {
	if im.torn > 0 {
		if _, err := f.WriteAt(make([]byte, im.torn), im.end.Offset); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	p.f, p.size, p.pos, p.seq = f, im.size, im.end.Offset, im.end.Records
	p.status.State, p.status.Err = PlaceOnline, nil
	return nil
}

// lose notes, before the goroutine runs, that the place has no file to go on with.
func (p *place) lose(err error) {
	p.f, p.pos, p.seq = nil, 0, 0
	p.status.State, p.status.Err = stateOf(err), err
}

func stateOf(err error) PlaceState {
	if errors.Is(err, fs.ErrNotExist) {
		return PlaceAbsent
	}
	return PlaceFailed
}

// look returns what stands where the file is to be made: fs.ErrNotExist for nothing, vault.ErrNoKey for another computer's
// journal, ErrExists for anything else, or the disk's error, and then it is not known.
func (p *place) look() error {
	if _, err := p.j.opt.FS.Stat(p.path); err != nil {
		return err
	}
	f, err := p.j.opt.FS.Open(p.path, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	if im, err := readHeader(f, p.path, p.j.opt.Vault); err == nil && errors.Is(im.keyErr, vault.ErrNoKey) {
		return fmt.Errorf("%s: %w", p.path, im.keyErr)
	}
	return ErrExists
}

// create makes the file with its first bytes: under another name, checked, safe, and only then under its own.
func (p *place) create(header, first []byte) error {
	fsys := p.j.opt.FS
	tmp := p.path + ".new"
	f, err := fsys.Open(tmp, os.O_CREATE|os.O_RDWR|os.O_TRUNC)
	if err != nil {
		return err
	}
	renamed := false
	im, err := func() (*image, error) {
		fill := make([]byte, growBy)
		copy(fill, header)
		copy(fill[firstFrame:], first)
		if _, err := f.WriteAt(fill, 0); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		f.Reread()
		im, err := readHeader(f, tmp, p.j.opt.Vault)
		if err != nil {
			return nil, err
		}
		if err := im.read(f, false); err != nil {
			return nil, err
		}
		if err := f.Lock(true); err != nil {
			return nil, err
		}
		renamed = true
		if err := fsys.Rename(tmp, p.path); err != nil {
			return nil, err
		}
		return im, fsys.SyncDir(filepath.Dir(p.path))
	}()
	if err != nil {
		f.Close()
		_ = fsys.Remove(tmp) // the first error says more
		if renamed {
			_ = fsys.Remove(p.path) // nothing was there before, and the next attempt must not meet half a creation
		}
		return err
	}
	return p.adopt(f, im)
}

// closeTries is how often a place is tried while the journal is being closed and no place has everything.
const closeTries = 3

// run is the place's goroutine.
func (p *place) run() {
	defer p.j.running.Done()
	defer func() {
		if p.f != nil {
			p.f.Close()
		}
	}()
	pause := p.j.opt.RetryEvery
	for last := 0; ; {
		err := p.follow(func() { pause = p.j.opt.RetryEvery })
		if err == nil {
			return
		}
		p.j.failed(p, err)
		if p.j.closing() {
			if last++; last == closeTries || p.j.allSafe() {
				return
			}
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-p.j.quit:
		}
		t.Stop()
		pause = min(2*pause, 60*p.j.opt.RetryEvery)
	}
}

// follow writes group after group until the journal is closed, which is nil, or something fails.
func (p *place) follow(succeeded func()) error {
	for {
		if p.f == nil {
			to, records := p.j.rejoin(p)
			if err := p.remake(to); err != nil {
				return err
			}
			p.j.advance(p, to, records)
		}
		g, behind, damaged := p.j.next(p)
		switch {
		case damaged:
			if err := p.mend(); err != nil {
				return err
			}
			continue
		case behind:
			// Many groups cannot be added by one write: a power cut would leave them as damage leaves them.
			_ = p.abandon(nil)
			continue
		case g == nil:
			return nil
		default:
			if err := p.write(g); err != nil {
				return err
			}
			p.j.wrote(p, g)
		}
		succeeded()
	}
}

// remake makes the place's file anew as far as byte to, out of the other place's file, of what its own old one safely has, and
// where both are damaged, of what was put aside. A file that failed to sync is never written again: the kernel may show pages in it that the disk does not have.
func (p *place) remake(to int64) error {
	j := p.j
	var sources []disk.File
	defer func() {
		for _, s := range sources {
			s.Close()
		}
	}()
	var errs []error
	paths := append(j.others(p), p.path)
	for _, path := range append(paths, putAside(j.opt.FS, paths)...) {
		s, err := j.opt.FS.Open(path, os.O_RDONLY)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		_, raw, err := stream.ReadHeader(&reader{s, 0})
		if err == nil && string(raw) != string(j.raw) {
			err = fmt.Errorf("%s: another log stands there", path)
		}
		if err != nil {
			errs = append(errs, err)
			s.Close()
			continue
		}
		sources = append(sources, s)
	}
	if len(sources) == 0 {
		return errors.Join(errs...)
	}
	aside := func(f disk.File, _ int64) error { return p.asideIfForeign(f, to) }
	err := copyStream(j.opt.FS, p.path, j.raw, sources, to, aside)
	if IsFull(err) && p.giveUpReserve() {
		err = copyStream(j.opt.FS, p.path, j.raw, sources, to, aside)
	}
	if err != nil {
		return err
	}
	f, im, err := load(j.opt.FS, p.path, true, true, j.opt.Vault)
	if err != nil {
		return err
	}
	if im.end.Offset != to {
		f.Close()
		return fmt.Errorf("%s: it has been made anew as far as byte %d, not %d", p.path, im.end.Offset, to)
	}
	p.f, p.size = f, im.size
	p.j.mu.Lock()
	p.files++
	if p.status.Damage != "" {
		p.status.Damage, p.mendAt = "", time.Time{}
		p.status.Healed++
	}
	p.j.mu.Unlock()
	return nil
}

// mend makes the file anew that Verify found damaged. Until that is possible it goes on being written: what is damaged lies
// far back, and another file of its sort there may be none at the moment.
func (p *place) mend() error {
	old := p.f
	to, records := p.j.rejoin(p)
	switch err := p.remake(to); {
	case err == nil:
		old.Close()
		p.j.advance(p, to, records)
	case errors.Is(err, errUnsettled), errors.Is(err, errReplaced):
		return p.abandon(err)
	default:
		p.j.mu.Lock()
		p.mendAt = time.Now().Add(60 * p.j.opt.RetryEvery)
		p.j.mu.Unlock()
	}
	return nil
}

// asideIfForeign puts the file that stands at the path aside where it has anything that this journal has not: the stick that
// comes back may be another one, or have taken records on another computer. fresh is this journal as far as byte to.
func (p *place) asideIfForeign(fresh disk.File, to int64) error {
	j := p.j
	if len(j.places) == 1 {
		return nil // the file is what the copy was made of
	}
	s, err := j.opt.FS.Open(p.path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.Close()
	if _, raw, err := stream.ReadHeader(&reader{s, 0}); err == nil && string(raw) == string(j.raw) {
		end, sum := lastFrame(s, raw)
		more, err := wholeBehind(s, end)
		if err != nil {
			return err
		}
		ours := j.sumInMemory(end)
		if end <= to {
			if ours, err = sumAt(fresh, raw, end); err != nil {
				return err
			}
		}
		if sum == ours && !more {
			return nil
		}
	}
	name, err := quarantine(j.opt.FS, p.path)
	if err == nil {
		j.mu.Lock()
		p.status.Aside = name
		j.mu.Unlock()
	}
	return err
}

// write makes a group safe.
func (p *place) write(g *group) error {
	if p.size-g.end < growAhead {
		err := p.grow(g.end)
		if IsFull(err) && p.giveUpReserve() {
			err = p.grow(g.end)
		}
		// A full disk is no reason to stop while there is still room in the file.
		if err != nil && (g.end > p.size || !IsFull(err)) {
			return p.abandonUnlessFull(err)
		}
	}
	if _, err := p.f.WriteAt(g.bytes, g.off); err != nil {
		return p.abandonUnlessFull(err)
	}
	if err := p.f.Sync(); err != nil {
		return p.abandon(err)
	}
	if g.hint.Offset > 0 {
		// Without it the next start reads more, no less; a failing disk shows itself at the next sync.
		_, _ = p.f.WriteAt(encodeHint(g.hint), hintOffset+p.slot*hintSize)
		p.slot = (p.slot + 1) % hintSlots
	}
	return nil
}

// grow writes zeros, so that the sync of a keystroke has no blocks to allocate.
func (p *place) grow(end int64) error {
	to := (end/growBy + 2) * growBy
	_, err := p.f.WriteAt(make([]byte, to-p.size), p.size)
	if err == nil {
		p.size = to
	}
	return err
}

// abandonUnlessFull gives the file up after a failed write. A full disk puts nothing in doubt that was synced, so the same
// bytes may go to the same place again.
func (p *place) abandonUnlessFull(err error) error {
	if IsFull(err) {
		return err
	}
	return p.abandon(err)
}

func (p *place) abandon(err error) error {
	p.f.Close()
	p.f = nil
	return err
}

// giveUpReserve removes the reserve and reports whether there was one.
func (p *place) giveUpReserve() bool {
	if p.reserve == "" || p.j.opt.FS.Remove(p.reserve) != nil {
		return false
	}
	p.j.mu.Lock()
	p.status.Short = true
	p.j.mu.Unlock()
	return true
}
