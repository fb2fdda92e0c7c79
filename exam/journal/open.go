package journal

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"

	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"
)

// Recovery says what opening a journal found.
type Recovery struct {
	Snapshot uint64 // number of the record at whose snapshot reading began; 0: it began with the first record
	Torn     int64  // bytes of the write that was in the air when the program or the computer died
}

// Recovery returns what opening the journal found; what it did to the places stands in their [PlaceStatus].
func (j *Journal) Recovery() Recovery { return j.recovery }

// Open opens an existing journal. It reads what was written since the last snapshot; [Journal.Verify] checks the rest. A torn
// end is cut off, a damaged file is put aside and made anew from the other place, a place that is behind is brought up.
//
// A place that cannot be read is left alone, and what it alone has is missing then; see [Status] and its Places. When it comes
// back and has gone another way, its file is put aside. A place that can be read and not written is left alone too, unless it
// has records that no other place has: then its error is returned, and a person decides. The second place may hold the file
// of another computer, which is put aside.
//
// Open returns a *DamagedError where no place and no combination of them has the journal whole, ErrInUse, vault.ErrNoKey,
// fs.ErrNotExist, or a disk's error.
func Open(path string, opt Options) (*Journal, error) {
	if err := opt.defaults(); err != nil {
		return nil, err
	}
	j := newJournal(path, opt)
	found, err := j.find()
	if err != nil {
		return nil, err
	}
	best, err := j.choose(found)
	if err != nil {
		for _, c := range found {
			c.close()
		}
		return nil, err
	}
	j.header, j.raw, j.key = best.image.header, best.image.raw, *best.image.key
	j.found = best.image
	j.recovery.Torn = best.image.torn
	j.given = best.image.points // a witness may still answer for one of the run before
	if best.image.snapshot != nil {
		j.recovery.Snapshot = best.image.records
	}
	j.snapshot, j.since = len(best.image.snapshot), int(best.image.end.Offset-best.image.resume.Offset)
	if err := j.begin(best.image.end); err != nil {
		for _, c := range found {
			c.close()
		}
		return nil, err
	}
	g := &group{off: best.image.end.Offset, before: j.last, records: j.last, bytes: j.enc.Take(), end: j.enc.Offset()}
	j.groups, j.held = []*group{g}, len(g.bytes)
	var errs []error
	for i, p := range j.places {
		c := found[i]
		err := c.err
		if err == nil {
			if err = p.adopt(c.f, c.image); err != nil {
				c.close()
			}
		}
		if err != nil {
			p.lose(err)
			errs = append(errs, err)
		}
	}
	if len(errs) == len(j.places) {
		return nil, errors.Join(errs...)
	}
	j.start()
	return j, nil
}

// candidate is what was found in a place.
type candidate struct {
	f     disk.File
	image *image
	err   error

	// A file that may be read and not written has an err, and beside it:
	readOnly disk.File
	held     *image // nil where it is damaged
}

func (c *candidate) close() {
	if c.f != nil {
		c.f.Close()
		c.f = nil
	}
	c.closeReadOnly()
}

// openTries is how often a file that cannot be read is tried before it is left alone.
const openTries = 3

// find reads the file of every place.
func (j *Journal) find() ([]*candidate, error) {
	var found []*candidate
	for _, p := range j.places {
		c := new(candidate)
		// Where this fails, so does what follows.
		_ = Finish(j.opt.FS, p.path)
		// What a place alone has would be missed if one error of its disk were enough to go on without it.
		for range openTries {
			c.f, c.image, c.err = load(j.opt.FS, p.path, true, true, j.opt.Vault)
			if c.err == nil || errors.Is(c.err, ErrDamaged) || errors.Is(c.err, ErrInUse) || errors.Is(c.err, os.ErrNotExist) {
				break
			}
		}
		if c.err == nil && c.image.key == nil {
			c.err = fmt.Errorf("%s: %w", p.path, c.image.keyErr)
			c.close()
		}
		if IsReadOnly(c.err) {
			if f, err := j.opt.FS.Open(p.path, os.O_RDONLY); err == nil {
				c.readOnly = f
				if im, err := take(j.opt.FS, f, p.path, false, true, j.opt.Vault); err == nil && im.key != nil {
					c.held = im
				}
			}
		}
		found = append(found, c)
	}
	for i, c := range found {
		if errors.Is(c.err, ErrInUse) || i == 0 && errors.Is(c.err, vault.ErrNoKey) {
			for _, c := range found {
				c.close()
			}
			return nil, c.err
		}
	}
	return found, nil
}

// choose returns the place that has the most, after it has mended and put aside what does not fit it.
func (j *Journal) choose(found []*candidate) (best *candidate, err error) {
	for i, c := range found {
		if errors.Is(c.err, ErrDamaged) {
			if err := j.heal(i, found); err != nil {
				return nil, err
			}
		}
	}
	if err := j.join(found); err != nil {
		return nil, err
	}
	for _, c := range found {
		if c.err == nil && (best == nil || later(c.image, best.image)) {
			best = c
		}
	}
	if best == nil {
		for i, c := range found {
			if !errors.Is(c.err, os.ErrNotExist) && (i == 0 || !errors.Is(c.err, vault.ErrNoKey)) {
				return nil, c.err
			}
		}
		return nil, found[0].err
	}
	for _, c := range found {
		more, err := c.hasMore(best)
		c.closeReadOnly()
		if err != nil || more {
			return nil, errors.Join(fmt.Errorf("it has records that no other place has: %w", c.err), err)
		}
	}
	for i, c := range found {
		if c.err == nil && c != best && !begins(best, c) {
			c.close()
			c.err = &DamagedError{Path: j.places[i].path, Offset: c.image.end.Offset, Why: "it went another way than the file in the other place"}
			if err := j.putAside(i); err != nil {
				return nil, err
			}
		}
	}
	return best, nil
}

// hasMore reports whether a file that may not be written has anything that would be missing without it.
func (c *candidate) hasMore(best *candidate) (bool, error) {
	switch {
	case c.readOnly == nil:
		return false, nil
	case c.held != nil:
		same := string(c.held.raw) == string(best.image.raw)
		return same && cmp.Or(cmp.Compare(c.held.end.Wrote, best.image.end.Wrote), cmp.Compare(c.held.end.Records, best.image.end.Records)) > 0, nil
	}
	if _, raw, err := stream.ReadHeader(&reader{c.readOnly, 0}); err != nil || string(raw) != string(best.image.raw) {
		return false, nil
	}
	return recordsBehind(c.readOnly, best.image.end)
}

func (c *candidate) closeReadOnly() {
	if c.readOnly != nil {
		c.readOnly.Close()
		c.readOnly = nil
	}
}

// join makes the first place's file anew where every place ends in what looks like a torn write, and together they have more
// than each: then one of them is damaged in its last group.
func (j *Journal) join(found []*candidate) error {
	var sources []disk.File
	most := int64(0)
	for _, c := range found {
		if c.err != nil || c.image.torn == 0 {
			return nil
		}
		sources = append(sources, c.f)
		most = max(most, c.image.end.Offset)
	}
	if len(sources) < 2 {
		return nil
	}
	nothing := errors.New("no more than each has")
	path := j.places[0].path
	err := copyStream(j.opt.FS, path, found[0].image.raw, sources, -1, func(_ disk.File, end int64) error {
		if end <= most {
			return nothing
		}
		return j.putAside(0)
	})
	if errors.Is(err, errUnsettled) {
		return err
	}
	if err != nil {
		return nil // what each has by itself is still there
	}
	j.places[0].status.Healed++
	found[0].close()
	found[0].f, found[0].image, found[0].err = load(j.opt.FS, path, true, true, j.opt.Vault)
	return found[0].err
}

// later reports whether image a is the one that the program went on with: the one whose last record is from the later run. That
// is not the longer one where a place was away that had the remains of an earlier run's last write, and not the one with more
// runs where some of them died before they wrote anything.
func later(a, b *image) bool {
	return cmp.Or(
		cmp.Compare(a.end.Wrote, b.end.Wrote),
		cmp.Compare(a.end.Records, b.end.Records),
		cmp.Compare(a.end.Began, b.end.Began),
		cmp.Compare(a.end.Offset, b.end.Offset),
	) > 0
}

// begins reports whether the longer file begins with the shorter one. Checksums are chained, so that one comparison tells.
func begins(long, short *candidate) bool {
	if string(long.image.raw) != string(short.image.raw) {
		return false
	}
	sum, err := sumAt(long.f, long.image.raw, short.image.end.Offset)
	return err == nil && sum == short.image.end.Sum
}

func (j *Journal) putAside(i int) error {
	to, err := quarantine(j.opt.FS, j.places[i].path)
	if err == nil {
		j.places[i].status.Aside = to
	}
	return err
}

// heal makes the damaged file of place i anew from all places, or returns why that cannot be done. The damaged file is put
// aside, and only when another one stands in for it.
func (j *Journal) heal(i int, found []*candidate) error {
	damage := found[i].err
	path := j.places[i].path
	var sources []disk.File
	var header []byte
	aside := 0 // how many of the sources, the last, were put aside once
	defer func() {
		for _, s := range sources {
			s.Close()
		}
	}()
	// A whole file comes first: of two frames that both fit their checksums, the forged one is in the damaged file.
	var whole, hurt []string
	for k, p := range j.places {
		if found[k].err == nil {
			whole = append(whole, p.path)
		} else {
			hurt = append(hurt, p.path)
		}
	}
	places := slices.Concat(whole, hurt)
	for i, path := range append(places, putAside(j.opt.FS, places)...) {
		s, err := j.opt.FS.Open(path, os.O_RDONLY)
		if err != nil {
			continue
		}
		sources = append(sources, s)
		if i >= len(places) {
			aside++
		}
		if _, raw, err := stream.ReadHeader(&reader{s, 0}); err == nil && header == nil {
			header = raw
		}
	}
	if header == nil || len(sources) < 2 {
		return damage
	}
	err := copyStream(j.opt.FS, path, header, sources, -1, func(_ disk.File, end int64) error {
		// What went another way and was put aside does not count here.
		for _, s := range sources[:len(sources)-aside] {
			if more, err := wholeBehind(s, end); err != nil || more {
				return errors.Join(errMore, err)
			}
		}
		return j.putAside(i)
	})
	if err != nil {
		if !errors.Is(err, errMore) && j.covered(i, found) {
			found[i].err = errors.Join(damage, err)
			return nil
		}
		return errors.Join(damage, err)
	}
	j.places[i].status.Healed++
	c := found[i]
	c.f, c.image, c.err = load(j.opt.FS, path, true, true, j.opt.Vault)
	return c.err
}

var errMore = errors.New("no other place has what is damaged there")

// covered reports whether another place has all that the damaged file of place i has, so that the disk with the damage may be
// left alone when it takes no new file.
func (j *Journal) covered(i int, found []*candidate) bool {
	s, err := j.opt.FS.Open(j.places[i].path, os.O_RDONLY)
	if err != nil {
		return false
	}
	defer s.Close()
	for _, c := range found {
		if c.err == nil {
			if more, err := recordsBehind(s, c.image.end); err == nil && !more {
				return true
			}
		}
	}
	return false
}
