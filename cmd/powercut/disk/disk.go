// Package disk is a disk without power protection: a write rests in a cache until a flush, and a cut of the power takes
// from the cache what it likes.
//
// QEMU's own caches cannot play this part. What a guest has not flushed lies, with cache=writeback, in the page cache of
// the host, and outlives the kill of the emulator; so a killed QEMU loses nothing, and a journal that forgot every sync
// would pass. Here the cache is in this process, and [Disk.Cut] is the power supply's end.
package disk

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
)

// Sector is the number of bytes that this disk, like any, writes wholly or not at all.
const Sector = 512

// Errors of the commands.
var (
	ErrOff    = errors.New("the power is off")
	ErrBounds = errors.New("outside the disk, or not on sectors")
)

// Op is a command that changes the disk or its promise: a write, or a flush if Data is nil.
type Op struct {
	At   int64 // first byte
	Data []byte
	FUA  bool // the write is answered only when it cannot be lost any more
}

// Flush says whether the command is a flush.
func (o Op) Flush() bool { return o.Data == nil }

// Disk is a disk under power. Its methods may be called from any goroutine.
type Disk struct {
	mu       sync.Mutex
	seen     []byte // what reads show
	kept     []byte // what no cut takes
	pending  []Op   // writes since the last flush, in order
	off      chan struct{}
	isOff    bool
	left     int // commands until the power ends, or 0
	commands int
	lies     bool
	record   bool
	history  []Op
}

// New returns a disk that holds the image, which it takes over. Its length is a whole number of sectors.
func New(image []byte) (*Disk, error) {
	if len(image) == 0 || len(image)%Sector != 0 {
		return nil, fmt.Errorf("an image of %d bytes is no disk of sectors of %d bytes", len(image), Sector)
	}
	return &Disk{seen: image, kept: slices.Clone(image), off: make(chan struct{})}, nil
}

// Record makes the disk remember every command from now on, for History.
func (d *Disk) Record() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.record = true
}

// Lie makes the disk answer flushes without obeying them. Nothing can keep a promise on such a disk: it is the control of a
// test that finds no loss on an honest one.
func (d *Disk) Lie() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lies = true
}

// History returns the commands since Record, in the order in which they came.
func (d *Disk) History() []Op {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.history)
}

// Commands returns how many writes and flushes have come so far.
func (d *Disk) Commands() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.commands
}

// Size returns the number of bytes.
func (d *Disk) Size() int64 { return int64(len(d.kept)) }

func (d *Disk) inside(n int, at int64) bool {
	return n%Sector == 0 && at%Sector == 0 && at >= 0 && at <= d.Size() && int64(n) <= d.Size()-at
}

// Read fills p with what was last written at the byte. It returns ErrBounds or ErrOff.
func (d *Disk) Read(p []byte, at int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.isOff:
		return ErrOff
	case !d.inside(len(p), at):
		return ErrBounds
	}
	copy(p, d.seen[at:])
	return nil
}

// Write takes the bytes, which it does not keep, into the cache; with fua it returns only when no cut can take them. It
// returns ErrBounds or ErrOff. A write that meets the end of the power may still have reached the disk in part.
func (d *Disk) Write(p []byte, at int64, fua bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.isOff:
		return ErrOff
	case !d.inside(len(p), at):
		return ErrBounds
	case len(p) == 0:
		return nil
	}
	o := Op{At: at, Data: slices.Clone(p)}
	d.pending = append(d.pending, o)
	if d.lastCommand() {
		return ErrOff
	}
	if fua && !d.lies {
		d.pending[len(d.pending)-1].FUA = true
		o.FUA = true
	}
	copy(d.seen[at:], p)
	d.log(o)
	return nil
}

// Flush returns when no cut can take what was written before. It returns ErrOff.
func (d *Disk) Flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.isOff || d.lastCommand() {
		return ErrOff
	}
	if !d.lies {
		for _, o := range d.pending {
			copy(d.kept[o.At:], o.Data)
		}
		d.pending = nil
	}
	d.log(Op{})
	return nil
}

func (d *Disk) log(o Op) {
	d.commands++
	if d.record {
		d.history = append(d.history, o)
	}
}

// lastCommand counts down to the end of the power.
func (d *Disk) lastCommand() bool {
	if d.left == 0 {
		return false
	}
	if d.left--; d.left > 0 {
		return false
	}
	d.end()
	return true
}

func (d *Disk) end() {
	if !d.isOff {
		d.isOff = true
		close(d.off)
	}
}

// OffAt ends the power when the n-th write or flush from now on arrives, before it is answered. n is at least 1.
func (d *Disk) OffAt(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = max(n, 1)
}

// PowerOff ends the power now. From then on no command is answered.
func (d *Disk) PowerOff() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end()
}

// Off is closed when the power has ended.
func (d *Disk) Off() <-chan struct{} { return d.off }

// Loss says what a cut took.
type Loss struct {
	How      string // "all", "tail", "some" or "one"
	Unsynced int    // writes that were in the cache
	Dropped  int    // of these, writes of which nothing is left
	Torn     int    // writes of which some sectors are left
	Sectors  int    // sectors that are lost
}

// Add sums two losses up.
func (l Loss) Add(m Loss) Loss {
	return Loss{Unsynced: l.Unsynced + m.Unsynced, Dropped: l.Dropped + m.Dropped, Torn: l.Torn + m.Torn, Sectors: l.Sectors + m.Sectors}
}

// Cut ends the power and returns the image that the next start finds. Of the writes that no flush followed, r decides
// which sectors were saved: none; those up to a moment; any, in any order; or all but one write.
func (d *Disk) Cut(r *rand.Rand) ([]byte, Loss) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end()
	image := slices.Clone(d.kept)
	n := len(d.pending)
	loss := Loss{How: [...]string{"all", "tail", "some", "one"}[r.IntN(4)], Unsynced: n}
	moment, chance := r.IntN(max(n, 1)), [...]float64{0.1, 0.5, 0.9}[r.IntN(3)]
	for i, o := range d.pending {
		keep := whole
		if !o.FUA {
			switch loss.How {
			case "all":
				keep = nothing
			case "tail":
				if i == moment {
					keep = upTo(r.IntN(len(o.Data) / Sector))
				} else if i > moment {
					keep = nothing
				}
			case "some":
				if r.Float64() > chance {
					keep = nothing
					if r.IntN(2) == 0 {
						keep = func(int) bool { return r.IntN(2) == 0 }
					}
				}
			case "one":
				if i == moment {
					keep = nothing
				}
			}
		}
		saved := apply(image, o, keep)
		loss.Sectors += len(o.Data)/Sector - saved
		switch saved {
		case 0:
			loss.Dropped++
		case len(o.Data) / Sector:
		default:
			loss.Torn++
		}
	}
	d.pending = nil
	return image, loss
}

func whole(int) bool   { return true }
func nothing(int) bool { return false }

func upTo(n int) func(int) bool { return func(i int) bool { return i < n } }

// apply writes the sectors that keep chooses, and returns their number.
func apply(image []byte, o Op, keep func(sector int) bool) (saved int) {
	for i := range len(o.Data) / Sector {
		if keep(i) {
			copy(image[o.At+int64(i)*Sector:], o.Data[i*Sector:(i+1)*Sector])
			saved++
		}
	}
	return saved
}
