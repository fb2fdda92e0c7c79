package sealed

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"

	"golang.org/x/mod/sumdb/tlog"
)

// Options say against what a sealed log is held. Each may be empty.
type Options struct {
	Opener    vault.Opener
	Keys      []vault.PublicKey // one of them must have signed the seal, and every run
	Witnesses []stream.WitnessKey
	Heard     []Heard // what the room heard; what is about other logs is passed over
}

// Heard is a checkpoint that a room's log says to have heard from a station (R22).
type Heard struct {
	ID      string // of the log that it is about
	Station string
	Size    uint64 // leaves
	Root    tlog.Hash
	Note    string // as the station signed it
	Record  uint64 // of the room's log
	At      time.Time
}

// Run is one start of the program that wrote the log.
type Run struct {
	Key  vault.PublicKey // signs the run's checkpoints
	Leaf int64
}

// Countersignature says that a witness vouches for the log as far as a leaf.
type Countersignature struct {
	Witness string
	Checked bool // with a key that was given; otherwise only the name is known
	Leaves  uint64
	At      time.Time // where Checked: when, by the witness's date
}

// Report says what a whole sealed log holds.
type Report struct {
	Header stream.Header
	Seal   SealText
	Runs   []Run
	// Checkpoints is how many the program signed while it ran. Gap is the longest time between two of one run, by their own
	// dates, and GapAfter when it began. Last is the last one; Tail counts the leaves behind it, for which the seal alone
	// vouches. That the seal's tree goes on from Last, with nothing in between changed, is so in every whole file.
	Checkpoints int
	Last        stream.Checkpoint
	Gap         time.Duration
	GapAfter    time.Time
	Tail        uint64
	Cosigned    []Countersignature // the furthest of each witness
	Foreign     bool               // the seal's key wrote no run of the log
	KeyCompared bool               // the seal's key and every run's are among those that were asked for
	Heard       int                // checkpoints that the room heard and that the log contains
	// Unsigned counts what the room heard, what the log does not contain, and what none of the keys that were asked for and
	// none of the log's own signed: anybody can tell a room anything.
	Unsigned int

	KeyErr                error // why the content could not be read; what follows is then empty
	FirstStamp, LastStamp exam.Stamp
	Opened                *exam.Opened         // an attempt's first event
	Room                  *exam.RoomOpened     // a room's first event
	Purge                 *exam.PurgeLogOpened // first event of a log of destructions
	Missing               []journal.Hash       // blobs that records name and that the journal did not hold, in the order of the records
}

// Verify reads a sealed log to its end and checks every byte of it, with one frame in memory. It returns an *Error where
// something is wrong; any other error is r's, and then nothing is known about the file. Of a file that is not whole the report
// has the header at most.
//
// With the codes CodeOtherKey, CodeWitness, CodeCut and CodeCutUnproven the report is complete too: the file is whole, but
// made by somebody else, or not all of what there was.
func Verify(r io.Reader, opt Options) (Report, error) {
	f, err := Open(r, opt.Opener)
	if err != nil {
		return Report{}, err
	}
	v := newVerifier(f, opt)
	var s Section
	for s, err = f.Next(); err == nil; s, err = f.Next() {
		v.section(s)
	}
	if !errors.Is(err, io.EOF) {
		return Report{Header: f.Header()}, err
	}
	return v.finish()
}

// verifier collects a report.
type verifier struct {
	f      *File
	opt    Options
	rep    Report
	heard  []Heard  // still to come, by size
	agreed []agreed // those that the tree agrees with, by size
	wrong  []Heard  // those that it does not agree with, by size
	begin  int64    // byte at which the frames begin
	bad    *Error   // other key, or a forged countersignature
	blobs  blobs
}

// agreed is a checkpoint that the room heard and that the log contains.
type agreed struct {
	Heard
	end int64 // byte behind what it covers
}

func newVerifier(f *File, opt Options) *verifier {
	v := &verifier{f: f, opt: opt, rep: Report{Header: f.Header()}, begin: f.dec.Offset(), blobs: blobs{have: make(map[journal.Hash]bool)}}
	for _, h := range opt.Heard {
		if h.ID == f.ID() {
			v.heard = append(v.heard, h)
		}
	}
	slices.SortStableFunc(v.heard, func(a, b Heard) int { return cmp.Compare(a.Size, b.Size) })
	v.hear()
	return v
}

// hear compares the tree as it is now with what the room heard of that size.
func (v *verifier) hear() {
	if len(v.heard) == 0 {
		return
	}
	state := v.f.dec.State()
	size, root := uint64(state.Tree.Size()), state.Tree.Root()
	for len(v.heard) > 0 && v.heard[0].Size <= size {
		h := v.heard[0]
		v.heard = v.heard[1:]
		if h.Size == size && h.Root == root {
			v.agreed = append(v.agreed, agreed{h, state.Offset})
		} else {
			v.wrong = append(v.wrong, h)
		}
	}
}

func (v *verifier) section(s Section) {
	rep := &v.rep
	if s.Leaf >= 0 && len(v.heard) > 0 && v.heard[0].Size <= uint64(s.Leaf)+1 {
		v.hear()
	}
	switch s.Kind {
	case stream.KindRun:
		rep.Runs = append(rep.Runs, Run{Key: v.f.runKey, Leaf: s.Leaf})
		v.compare(v.f.runKey, stream.PlaceRun, s.Offset, "a run of the program signed with a key that is not an expected one")
	case stream.KindRecord:
		if s.Record != nil {
			v.record(*s.Record)
		}
	case stream.KindBlob:
		if s.Data != nil {
			v.blobs.have[s.Hash] = true
		}
	case stream.KindCheckpoint:
		c := *s.Checkpoint
		// A pause between two runs is no gap: nobody was there to sign.
		if rep.Checkpoints > 0 && int64(rep.Last.Size) > rep.Runs[len(rep.Runs)-1].Leaf {
			if d := c.Time.Sub(rep.Last.Time); d > rep.Gap {
				rep.Gap, rep.GapAfter = d, rep.Last.Time
			}
		}
		rep.Checkpoints++
		rep.Last = c
	case stream.KindCosigned:
		v.cosigned(s)
	}
}

func (v *verifier) compare(k vault.PublicKey, place stream.Place, offset int64, why string) {
	if len(v.opt.Keys) > 0 && !slices.Contains(v.opt.Keys, k) && v.bad == nil {
		v.bad = &Error{Code: CodeOtherKey, Place: place, Offset: offset, Why: why}
	}
}

func (v *verifier) record(rec exam.Recorded) {
	rep := &v.rep
	if rec.Seq == 1 {
		rep.FirstStamp = rec.Stamp
		switch e := rec.Event.(type) {
		case exam.Opened:
			rep.Opened = &e
		case exam.RoomOpened:
			rep.Room = &e
		case exam.PurgeLogOpened:
			rep.Purge = &e
		}
	}
	rep.LastStamp = rec.Stamp
	if h, ok := BlobOf(rec.Event); ok {
		v.blobs.named = append(v.blobs.named, h)
	}
}

func (v *verifier) cosigned(s Section) {
	for _, name := range witnesses(s.Payload) {
		c := Countersignature{Witness: name, Leaves: s.Checkpoint.Size}
		for _, k := range v.opt.Witnesses {
			if k.Name != name {
				continue
			}
			_, at, err := stream.CheckCosigned(s.Payload, k)
			if err == nil {
				c.Checked, c.At = true, at
				break
			}
			if v.bad == nil {
				v.bad = &Error{Code: CodeWitness, Place: s.Place, Frame: s.Index, Offset: s.Offset, Why: err.Error()}
			}
		}
		v.rep.Cosigned = slices.DeleteFunc(v.rep.Cosigned, func(o Countersignature) bool {
			return o.Witness == name && o.Checked == c.Checked && o.Leaves <= c.Leaves
		})
		v.rep.Cosigned = append(v.rep.Cosigned, c)
	}
}

func (v *verifier) finish() (Report, error) {
	rep := &v.rep
	rep.Seal, _ = v.f.Seal()
	rep.KeyErr = v.f.KeyErr()
	rep.Missing = v.blobs.missing()
	rep.Tail = rep.Seal.Leaves - rep.Last.Size
	rep.Foreign = !slices.ContainsFunc(rep.Runs, func(r Run) bool { return r.Key == rep.Seal.Key })
	v.compare(rep.Seal.Key, PlaceSeal, rep.Seal.Bytes, "it was sealed with a key that is not an expected one")
	if v.bad != nil {
		return *rep, v.bad
	}
	rep.KeyCompared = len(v.opt.Keys) > 0
	if err := v.cut(); err != nil {
		return *rep, err
	}
	return *rep, nil
}

// cut returns what the room heard and the log does not contain.
func (v *verifier) cut() error {
	v.rep.Heard = len(v.agreed)
	v.wrong = append(v.wrong, v.heard...) // behind the end
	keys := slices.Clone(v.opt.Keys)
	for _, r := range v.rep.Runs {
		keys = append(keys, r.Key)
	}
	for _, h := range v.wrong {
		if k, ok := signer(h, keys); ok {
			return v.cutAt(h, CodeCut, "with the key "+k.Fingerprint())
		}
	}
	if len(v.wrong) > 0 && len(v.opt.Keys) == 0 {
		// The log may have been written anew with another key; nobody has said which one is the station's.
		return v.cutAt(v.wrong[0], CodeCutUnproven, "with a key that is not known here")
	}
	v.rep.Unsigned = len(v.wrong)
	return nil
}

func (v *verifier) cutAt(h Heard, code stream.Code, who string) *Error {
	e := &Error{
		Code: code, Place: stream.PlaceCheckpoint, Offset: v.begin,
		Until: &stream.Checkpoint{ID: h.ID, Size: h.Size, Root: h.Root, Time: h.At, Note: h.Note},
		Why:   fmt.Sprintf("the room heard a checkpoint of %d leaves, signed %s, that this log does not contain", h.Size, who),
	}
	for _, a := range v.agreed {
		if a.Size < h.Size {
			e.Since, e.Offset = &stream.Checkpoint{ID: a.ID, Size: a.Size, Root: a.Root, Time: a.At, Note: a.Note}, a.end
		}
	}
	if h.Size > v.rep.Seal.Leaves {
		e.Offset = v.rep.Seal.Bytes
	}
	return e
}

// signer returns which of the keys signed what the room heard.
func signer(h Heard, keys []vault.PublicKey) (vault.PublicKey, bool) {
	for _, k := range keys {
		verifier, err := k.Verifier()
		if err != nil {
			continue
		}
		c, err := stream.OpenCheckpoint([]byte(h.Note), verifier)
		if err == nil && c.ID == h.ID && c.Size == h.Size && c.Root == h.Root {
			return k, true
		}
	}
	return vault.PublicKey{}, false
}

// blobs tells which blobs are named and not there.
type blobs struct {
	named []journal.Hash
	have  map[journal.Hash]bool
}

func (b *blobs) missing() (out []journal.Hash) {
	for _, h := range b.named {
		if !b.have[h] {
			b.have[h] = true // named once is enough
			out = append(out, h)
		}
	}
	return out
}

// BlobOf returns the hash of the blob that the event names and that lies in the same log: a registered photo, the frame of a
// face check or of the watch during the exam, or a printed act.
func BlobOf(e exam.Event) (journal.Hash, bool) {
	var sum []byte
	switch e := e.(type) {
	case exam.Opened:
		sum = e.Photo
	case exam.FaceChecked:
		sum = e.Frame
	case exam.PresenceChanged:
		sum = e.Frame
	case exam.PresenceSeen:
		sum = e.Frame
	case exam.ActDrawn:
		sum = e.Digest
	case exam.ActSigned:
		sum = e.Signature
	}
	if len(sum) != len(journal.Hash{}) {
		return journal.Hash{}, false
	}
	return journal.Hash(sum), true
}

// ReadHeard reads a room's sealed log to its end and returns what the room heard. The keys of opt are those that may have signed
// the room's log, which is that of the administrators' computer and of no station: a station that could sign what the room
// heard could take back what it said. The opener must have the log's key: the error wraps vault.ErrNoKey where it has not.
// Otherwise it returns what [Verify] returns.
func ReadHeard(r io.Reader, opt Options) (heard []Heard, rep Report, err error) {
	f, err := Open(r, opt.Opener)
	if err != nil {
		return nil, rep, err
	}
	if f.KeyErr() != nil {
		return nil, Report{Header: f.Header()}, f.KeyErr()
	}
	opt.Heard = nil
	v := newVerifier(f, opt)
	var s Section
	for s, err = f.Next(); err == nil; s, err = f.Next() {
		v.section(s)
		if s.Record == nil {
			continue
		}
		if e, ok := s.Record.Event.(exam.CheckpointHeard); ok {
			h := Heard{ID: e.Attempt, Station: e.Station, Size: e.Size, Note: e.Note, Record: s.Number, At: s.Record.Stamp.Time()}
			copy(h.Root[:], e.Root)
			heard = append(heard, h)
		}
	}
	if !errors.Is(err, io.EOF) {
		return nil, Report{Header: f.Header()}, err
	}
	rep, err = v.finish()
	return heard, rep, err
}
