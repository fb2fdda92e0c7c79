package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"emtihan/cmd/powercut/disk"
)

// cutsPerDisk is how often a file system is cut before an empty one takes its place. All journals of a disk are opened
// after each of its cuts, old ones too.
const cutsPerDisk = 20

type cutsCommand struct {
	machineFlags
	N        int  `arg:"" optional:"" help:"How many cuts; 200, with --control 4."`
	Parallel int  `default:"2" help:"Guests at the same time."`
	Control  bool `help:"Use a disk that does not obey flushes. Then something must be lost, or this test sees nothing."`
}

// Run makes the cuts.
func (c cutsCommand) Run() error {
	if c.N == 0 {
		c.N = 200
		if c.Control {
			c.N = 4
		}
	}
	if c.N < 1 || c.Parallel < 1 {
		return errors.New("there must be at least one cut and one guest")
	}
	if c.Seed == 0 {
		c.Seed = drawSeed()
	}
	fmt.Fprintf(os.Stderr, "powercut: %d cuts, --seed %d\n", c.N, c.Seed)
	f, err := newFactory(c.machineFlags, 64<<20)
	if err != nil {
		return err
	}
	defer f.close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	begin := time.Now()
	t := tally{}
	each := min(cutsPerDisk, (c.N+c.Parallel-1)/c.Parallel)
	if c.Control {
		each = 1 // the first cut ends a disk
	}
	lives := make(chan *life)
	var workers sync.WaitGroup
	for range c.Parallel {
		workers.Go(func() {
			for l := range lives {
				if err := l.run(ctx); err != nil {
					cancel(err)
				}
			}
		})
	}
	for n, number := 0, 1; n < c.N && ctx.Err() == nil; n, number = n+each, number+1 {
		l := &life{factory: f, tally: &t, lies: c.Control, number: number, cuts: min(each, c.N-n), r: rand.New(rand.NewPCG(c.Seed, uint64(number)))}
		select {
		case lives <- l:
		case <-ctx.Done():
		}
	}
	close(lives)
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := t.report(c.Seed, time.Since(begin)); err != nil {
		return err
	}
	switch found := t.lost > 0 || t.unreadable > 0; {
	case t.acknowledged == 0:
		return errors.New("nothing was acknowledged, so nothing was tested")
	case c.Control && !found:
		return errors.New("a disk that lies has lost nothing: this test is blind")
	case !c.Control && found:
		return fmt.Errorf("%d acknowledged records are lost, %d journals are unreadable", t.lost, t.unreadable)
	}
	return nil
}

func drawSeed() uint64 { return uint64(time.Now().UnixNano()) >> 10 & (1<<40 - 1) }

// tally counts over all disks.
type tally struct {
	mu                    sync.Mutex
	cuts, created         int
	acknowledged, lost    uint64
	unreadable            int
	inRecovery, inMaking  int
	mended                int
	loss                  disk.Loss
	recoverMicros, upTime []int64
}

// report prints the last line.
func (t *tally) report(seed uint64, took time.Duration) error {
	line := struct {
		Cuts         int     `json:"cuts"`
		Acknowledged uint64  `json:"acknowledged"`
		Lost         uint64  `json:"lost"`
		Unreadable   int     `json:"unreadable"`
		Recover      float64 `json:"p50_recover_ms"`
		Recover99    float64 `json:"p99_recover_ms"`
		Boot         float64 `json:"p50_boot_ms"`
		Journals     int     `json:"journals"`
		InRecovery   int     `json:"cuts_in_recovery"`
		InMaking     int     `json:"cuts_in_creation"`
		Unsynced     int     `json:"unflushed_writes"`
		Dropped      int     `json:"dropped_writes"`
		Torn         int     `json:"torn_writes"`
		Sectors      int     `json:"lost_sectors"`
		Mended       int     `json:"checked_by_fsck"`
		Seed         uint64  `json:"seed"`
		Seconds      int     `json:"seconds"`
	}{
		t.cuts, t.acknowledged, t.lost, t.unreadable,
		quantile(t.recoverMicros, 0.5), quantile(t.recoverMicros, 0.99), quantile(t.upTime, 0.5),
		t.created, t.inRecovery, t.inMaking,
		t.loss.Unsynced, t.loss.Dropped, t.loss.Torn, t.loss.Sectors, t.mended, seed, int(took.Seconds()),
	}
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	fmt.Println(string(data))
	return nil
}

// quantile returns milliseconds of microseconds, or 0 of none.
func quantile(micros []int64, q float64) float64 {
	if len(micros) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(micros))
	return float64(s[min(int(q*float64(len(s))), len(s)-1)]) / 1000
}

// life is one file system from its making through its cuts.
type life struct {
	*factory
	tally  *tally
	lies   bool // the disk is the control's
	number int
	cuts   int
	r      *rand.Rand

	ledger   ledger
	cutsDone int
	newest   string // the journal that is written
	dirty    bool   // it was open when the power went
}

// second reports whether the journals of this disk have a second place.
func (l *life) second() bool { return l.number%2 == 0 }

func (l *life) run(ctx context.Context) error {
	l.ledger = make(ledger)
	defer func() { l.tally.add(func(t *tally) { t.acknowledged += l.ledger.acknowledged() }) }()
	image := slices.Clone(l.blank)
	for l.cutsDone = range l.cuts {
		next, err := l.cut(ctx, image, l.cutsDone+1)
		if err != nil {
			return fmt.Errorf("disk %d, cut %d: %w", l.number, l.cutsDone+1, err)
		}
		if next == nil {
			return nil
		}
		image = next
	}
	l.cutsDone = l.cuts
	if err := l.lastStart(ctx, image); err != nil {
		return fmt.Errorf("disk %d, last start: %w", l.number, err)
	}
	return nil
}

// The phases in which the power may go.
const (
	inRecovery = "recovery" // the journals of the last start are opened
	inCreation = "creation" // a new journal is made
	inTyping   = "typing"
)

// moment says when the power goes: some time after a phase has begun, when so many more commands have reached the disk.
type moment struct {
	phase    string
	after    time.Duration
	commands int // 0: at once, whether the disk has anything to do or not
}

// drawMoment chooses a moment. Most of them end with a command, since at most moments of the clock the disk waits, and then
// a cut can take nothing.
func drawMoment(r *rand.Rand, creates bool) moment {
	m := moment{phase: inTyping}
	commands, after := 300, 3*time.Second
	switch choice := r.IntN(10); {
	case choice == 0:
		m.phase = inRecovery
		commands, after = 20, time.Second/2
	case creates && choice < 6:
		m.phase = inCreation
		commands, after = 30, time.Second/2
	}
	switch r.IntN(6) {
	case 0:
		m.after = time.Duration(r.Int64N(int64(after)))
	case 1, 2:
		m.after, m.commands = time.Duration(r.Int64N(int64(after))), 1+r.IntN(4)
	default:
		m.commands = 1 + r.IntN(commands)
	}
	return m
}

// cut starts the guest on the image, compares what it finds with what was promised, lets it type, and cuts the power. It
// returns the image that is left, or nil when something was lost, with which the disk's life ends.
func (l *life) cut(ctx context.Context, image []byte, number int) ([]byte, error) {
	creates := l.newest == "" || l.r.IntN(10) < 3
	s := &spell{life: l, writes: l.newest, at: drawMoment(l.r, creates), timer: time.NewTimer(0)}
	s.timer.Stop()
	verb := "resume"
	if creates {
		verb, s.writes = "create", fmt.Sprintf("%08x-disk%d-cut%d", l.r.Uint32(), l.number, number)
		l.ledger.plan(s.writes)
	}
	after, loss, err := s.run(ctx, image, fmt.Sprintf("--seed=%d", l.r.Uint64()>>1), "--type="+verb+":"+s.writes)
	if err != nil || after == nil {
		return nil, err
	}
	l.tally.add(func(t *tally) {
		t.cuts++
		t.loss = t.loss.Add(loss)
		switch s.at.phase {
		case inRecovery:
			t.inRecovery++
		case inCreation:
			t.inMaking++
		}
		if creates {
			t.created++
		}
	})
	remark := ""
	if !s.compared {
		remark = ", compared at the next start"
	}
	fmt.Fprintf(os.Stderr, "disk %2d cut %2d in %-8s: %3d writes unflushed, lost %-4s: %3d dropped, %2d torn, %4d sectors; %6d records acknowledged on this disk%s\n",
		l.number, number, s.at.phase, loss.Unsynced, loss.How, loss.Dropped, loss.Torn, loss.Sectors, l.ledger.acknowledged(), remark)
	return after, nil
}

// lastStart starts the guest only to compare.
func (l *life) lastStart(ctx context.Context, image []byte) error {
	s := &spell{life: l, timer: time.NewTimer(0)}
	s.timer.Stop()
	after, _, err := s.run(ctx, image)
	if err == nil && after != nil && !s.compared {
		err = errors.New("the guest was done before it compared")
	}
	return err
}

// spell is one run of a guest, from its start to the cut.
type spell struct {
	*life
	writes string // the journal to type into
	at     moment
	disk   *disk.Disk
	timer  *time.Timer

	found    []message
	outcome  outcome
	compared bool
	over     bool
	gone     bool // by itself
	failure  string
}

// starts is how often a guest may die before it has touched its disk. On a busy computer the emulated clocks are at times so
// far apart that a kernel gives up, which is no cut and says nothing about the disk.
const starts = 3

// run lets the guest run until the moment of the cut. It returns the image that is left and what the cut took, or no image
// when something was lost before.
func (s *spell) run(ctx context.Context, image []byte, args ...string) ([]byte, disk.Loss, error) {
	before := slices.Clone(image)
	checked := false
	if s.second() {
		args = append(args, "--second")
	}
	defer s.timer.Stop()
	var m *machine
	for try := 1; ; try++ {
		var err error
		if s.disk, err = disk.New(image); err != nil {
			return nil, disk.Loss{}, err
		}
		if s.lies {
			s.disk.Lie()
		}
		if m, err = s.start(ctx, s.disk, args...); err != nil {
			return nil, disk.Loss{}, err
		}
		s.watch(ctx, m)
		m.kill(s.hear)
		// Every Debian computer has its file systems checked at its start. Here that is done where it makes a difference, so that
		// the kernel's own recovery is what is met as a rule.
		if !checked && !s.lies && strings.Contains(s.failure, unmounted) {
			if image, err = mend(ctx, s.dir, before); err != nil {
				return nil, disk.Loss{}, err
			}
			fmt.Fprintf(os.Stderr, "disk %2d: the kernel did not mount what the cut left (superblock torn: %v); e2fsck mended it\n", s.number, superblockTorn(before))
			checked, s.gone, s.over, s.failure = true, false, false, ""
			s.tally.add(func(t *tally) { t.mended++ })
			continue
		}
		if !s.gone || s.disk.Commands() > 0 || try == starts {
			break
		}
		fmt.Fprintf(os.Stderr, "disk %2d: a guest died before it touched the disk; another is started\n", s.number)
		s.gone, s.over, s.failure = false, false, ""
	}
	switch {
	case len(s.outcome.Notes) > 0:
		return nil, disk.Loss{}, s.keep(before, s.outcome)
	case s.failure != "":
		return nil, disk.Loss{}, m.broken(s.failure)
	}
	after, loss := s.disk.Cut(s.r)
	return after, loss, nil
}

// watch listens to the guest until its spell is over.
func (s *spell) watch(ctx context.Context, m *machine) {
	patient := time.NewTimer(patience)
	defer patient.Stop()
	for !s.over {
		select {
		case say, ok := <-m.says:
			if ok {
				s.hear(say)
			} else {
				s.gone = true
				s.fail("the guest ended by itself")
			}
		case <-s.timer.C:
			s.count()
		case <-s.disk.Off():
			s.over = true
		case <-patient.C:
			s.fail("the guest has not come to its end in time")
		case <-ctx.Done():
			s.fail(context.Cause(ctx).Error())
		}
	}
}

func (s *spell) fail(why string) { s.failure, s.over = cmp.Or(s.failure, why), true }

// arm sets the end of the power when its phase begins.
func (s *spell) arm(phase string) {
	switch {
	case phase != s.at.phase:
	case s.at.after > 0:
		s.timer.Reset(s.at.after)
	default:
		s.count()
	}
}

func (s *spell) count() {
	if s.at.commands > 0 {
		s.disk.OffAt(s.at.commands)
	} else {
		s.over = true
	}
}

func (s *spell) hear(say message) {
	switch say.Kind {
	case sayUp:
		s.tally.add(func(t *tally) { t.upTime = append(t.upTime, say.Micros) })
		s.arm(inRecovery)
	case sayFound, sayUnreadable:
		s.found = append(s.found, say)
		if say.Kind == sayFound && say.Journal == s.newest && s.dirty {
			s.tally.add(func(t *tally) { t.recoverMicros = append(t.recoverMicros, say.Micros) })
		}
	case sayRecovered:
		s.compared, s.dirty = true, false
		s.outcome = s.ledger.compare(s.found, digestOf)
		for _, f := range s.found {
			s.ledger.hear(f)
		}
		s.over = len(s.outcome.Notes) > 0
	case sayCreating:
		s.arm(inCreation)
	case sayCreated, sayAck:
		s.ledger.hear(say)
	case sayTyping:
		s.newest, s.dirty = s.writes, true
		s.arm(inTyping)
	case sayFailed:
		if s.lies {
			// A disk that lies breaks the file system, too, and everything on it is gone.
			s.outcome = outcome{Lost: s.ledger.acknowledged(), Unreadable: 1, Notes: []string{say.Text}}
		}
		s.fail("the guest failed: " + say.Text)
	case sayDone:
		s.over = true
	}
}

func (t *tally) add(f func(*tally)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(t)
}

// keep counts a loss and keeps the disk as the last cut had left it.
func (l *life) keep(image []byte, o outcome) error {
	l.tally.add(func(t *tally) {
		t.lost += o.Lost
		t.unreadable += o.Unreadable
	})
	for _, n := range o.Notes {
		fmt.Fprintf(os.Stderr, "disk %d after cut %d: %s\n", l.number, l.cutsDone, n)
	}
	path := filepath.Join(l.Out, fmt.Sprintf("disk%d-cut%d.ext4", l.number, l.cutsDone))
	if err := errors.Join(os.MkdirAll(l.Out, 0o777), os.WriteFile(path, image, 0o666)); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "disk %d: the disk as cut %d left it is in %s\n", l.number, l.cutsDone, path)
	return nil
}
