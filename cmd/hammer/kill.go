package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"emtihan/exam/vault"

	"golang.org/x/sys/unix"
)

// killCommand kills writers. Two workers kill at the same time, each with a journal of its own.
type killCommand struct {
	Kills int    `default:"10000" help:"How many writers are killed."`
	Seed  uint64 `help:"Repeats the choices of a run, though not the scheduler's; 0 draws one."`
	Out   string `default:"out/hammer" type:"path" help:"Folder on a disk for the journals. Those that lost something stay there."`
}

// killFigures is the last line.
type killFigures struct {
	Kills        int    `json:"kills"`
	Acknowledged uint64 `json:"acknowledged"` // records that writers were told are safe
	Lost         uint64 `json:"lost"`         // of these, and of checkpoints given out
	Unreadable   int    `json:"unreadable"`   // looks after a kill at which something could not be read, or had never been written
	Seed         uint64 `json:"seed"`
}

// killWorkers is how many journals are written at a time.
const killWorkers = 2

// killRun is the state that the workers share.
type killRun struct {
	cmd    *killCommand
	folder string
	vault  *vault.Vault

	// forks is locked while a writer is started: until it runs its own program it has the worker's open files, and with
	// them the locks of the other worker's journal.
	forks sync.RWMutex

	mu       sync.Mutex // guards what follows
	begun    time.Time
	left     int // kills not yet given to a worker
	journals int
	figures  killFigures
	stages   map[byte]int // kills by what the writer had said last
	tricks   map[string]int
	compared struct{ records, blobs, snapshots uint64 }
	checks   uint64
	problems []string
}

// The most problems that are printed; after as many failures of a program all further ones are alike.
const mostProblems = 20

// Run kills.
func (c *killCommand) Run() error {
	if c.Kills < 1 {
		return errors.New("--kills must be at least 1")
	}
	for c.Seed == 0 {
		c.Seed = rand.Uint64() >> 1 // shells and JSON readers have no larger ones
	}
	folder, err := workFolder(c.Out)
	if err != nil {
		return err
	}
	k := &killRun{cmd: c, folder: folder, left: c.Kills, begun: time.Now(), stages: make(map[byte]int), tricks: make(map[string]int)}
	keys := filepath.Join(folder, "vault")
	if err := os.Mkdir(keys, 0o700); err != nil {
		return err
	}
	if k.vault, err = vault.Open(keys, vault.Options{Credentials: "-"}); err != nil {
		return err
	}
	if err := printMachine(os.Stdout, folder); err != nil {
		return err
	}
	fmt.Printf("killing %d writers, seed %d\n", c.Kills, c.Seed)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var workers sync.WaitGroup
		for range killWorkers {
			workers.Go(func() {
				if err := k.work(ctx); err != nil {
					cancel(err)
				}
			})
		}
		workers.Wait()
	}()
	k.progress(done)
	k.print()
	err = context.Cause(ctx)
	bad := k.figures.Lost > 0 || k.figures.Unreadable > 0
	if bad {
		fmt.Printf("what was lost lies in %s\n", folder)
	} else {
		err = errors.Join(err, os.RemoveAll(folder))
	}
	k.figures.Seed = c.Seed
	if err := errors.Join(err, lastLine(os.Stdout, k.figures)); err != nil {
		return err
	}
	if bad {
		return errors.New("something is lost or unreadable")
	}
	return nil
}

// progress writes how far it is until done is closed: on a terminal all the time, elsewhere now and then.
func (k *killRun) progress(done <-chan struct{}) {
	every, begin, end := 30*time.Second, "", "\n"
	if _, err := unix.IoctlGetTermios(int(os.Stderr.Fd()), unix.TCGETS); err == nil {
		every, begin, end = 200*time.Millisecond, "\r\x1b[K", ""
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			fmt.Fprint(os.Stderr, begin)
			return
		case <-ticker.C:
			k.mu.Lock()
			took := time.Since(k.begun)
			fmt.Fprintf(os.Stderr, "%s%d of %d killed in %v (%.1f a second), %d journals, %d records acknowledged, %d lost%s", begin,
				k.figures.Kills, k.cmd.Kills, took.Round(time.Second), float64(k.figures.Kills)/took.Seconds(), k.journals, k.figures.Acknowledged, k.figures.Lost, end)
			k.mu.Unlock()
		}
	}
}

func (k *killRun) print() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, p := range k.problems {
		if i == mostProblems {
			fmt.Printf("… and %d more\n", len(k.problems)-i)
			break
		}
		fmt.Println(p)
	}
	took := time.Since(k.begun)
	row := func(what string, n any) { fmt.Printf("%-62s %10d\n", what, n) }
	row("journals", k.journals)
	row("killed before the journal was touched", k.stages[0])
	row("killed while creating or opening", k.stages[tellBegin])
	row("killed while writing", k.stages[tellOpen])
	row("killed while closing", k.stages[tellClose])
	for _, t := range []string{trickTear, trickDamage, trickAway} {
		row(t, k.tricks[t])
	}
	row("looks at a journal", k.checks)
	row("records compared", k.compared.records)
	row("blobs compared", k.compared.blobs)
	row("snapshots compared", k.compared.snapshots)
	fmt.Printf("took %v, %.1f kills a second\n", took.Round(time.Second), float64(k.figures.Kills)/took.Seconds())
}

// take gives a worker the next journal's number and how often its writers may be killed; 0: there is nothing left.
func (k *killRun) take() (number, kills int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.left == 0 {
		return 0, 0
	}
	k.journals++
	r := rand.New(rand.NewPCG(k.cmd.Seed, uint64(k.journals)))
	kills = min(k.left, 1+r.IntN(40))
	k.left -= kills
	return k.journals, kills
}

func (k *killRun) work(ctx context.Context) error {
	for ctx.Err() == nil {
		number, kills := k.take()
		if kills == 0 {
			return nil
		}
		if err := k.journal(ctx, number, kills); err != nil {
			return err
		}
	}
	return nil
}

// What is done to a journal between two runs.
const (
	trickTear   = "remains of a torn write put behind the end"
	trickDamage = "bytes changed in one of two places"
	trickAway   = "runs without one of two places"
)

// journal kills the writers of one journal and compares all of it at the end.
func (k *killRun) journal(ctx context.Context, number, kills int) error {
	r := rand.New(rand.NewPCG(k.cmd.Seed, uint64(number)<<32))
	name := fmt.Sprintf("j%05d", number)
	s := &subject{
		want: contents{k.cmd.Seed, name}, folder: filepath.Join(k.folder, name), vault: k.vault, points: make(map[uint64]uint64),
	}
	s.places = placesOf(s.folder, name, r.IntN(2) == 0)
	s.hurt = make([]bool, len(s.places))
	for _, p := range s.places {
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			return err
		}
	}
	var typical [2]time.Duration // how long creating and opening take
	damaged, held := false, []int64(nil)
	for n := 0; n < kills && ctx.Err() == nil; {
		away := -1
		switch i := r.IntN(100); {
		case i < 15:
			if err := k.tear(s, held, r); err != nil {
				return err
			}
		case i < 18 && !damaged && everywhere(held, s.acked):
			damaged = true
			if err := k.damage(s, r.IntN(len(s.places)), r); err != nil {
				return err
			}
		case i < 40 && !damaged && everywhere(held, s.acked):
			away = r.IntN(len(s.places))
			k.count(trickAway)
			if err := os.Rename(filepath.Dir(s.places[away]), filepath.Join(s.folder, "away")); err != nil {
				return err
			}
		}
		killed, stage, err := k.run(s, r, &typical)
		if away >= 0 {
			err = errors.Join(err, os.Rename(filepath.Join(s.folder, "away"), filepath.Dir(s.places[away])))
		}
		var failed *exec.ExitError
		if err != nil && !errors.As(err, &failed) {
			return err
		}
		k.forks.RLock()
		v, h := s.look(false)
		k.forks.RUnlock()
		if err != nil {
			v.problem(s.places[0], "run %d: %v", s.runs, err)
		}
		held = h
		if killed {
			n++
		}
		if k.judge(s, v, killed, stage) {
			return nil // what is lost once is missing at every further look
		}
	}
	k.forks.RLock()
	v := s.finish()
	k.forks.RUnlock()
	if !k.judge(s, v, false, 0) {
		return os.RemoveAll(s.folder)
	}
	return nil
}

// everywhere reports whether there are two places and each has what was acknowledged.
func everywhere(held []int64, acked uint64) bool {
	return len(held) == 2 && held[0] == held[1] && held[0] >= int64(acked)
}

// judge adds up a verdict and reports whether it was bad.
func (k *killRun) judge(s *subject, v verdict, killed bool, stage byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if killed {
		k.figures.Kills++
		k.stages[stage]++
	}
	k.checks++
	k.compared.records += v.compared.records
	k.compared.blobs += v.compared.blobs
	k.compared.snapshots += v.compared.snapshots
	k.figures.Lost += v.lost
	k.figures.Acknowledged += s.acked - s.counted
	s.counted = s.acked
	if len(v.problems) > 0 {
		k.figures.Unreadable++
	}
	for _, p := range v.problems {
		k.problems = append(k.problems, fmt.Sprintf("after run %d: %s", s.runs, p))
	}
	return v.bad()
}

func (k *killRun) count(trick string) {
	k.mu.Lock()
	k.tricks[trick]++
	k.mu.Unlock()
}

// tear leaves behind the end what a write leaves that a power cut has torn: a gap, and some of its bytes.
func (k *killRun) tear(s *subject, held []int64, r *rand.Rand) error {
	i := r.IntN(len(s.places))
	if held == nil || held[i] < 0 {
		return nil
	}
	end, err := lastByte(s.places[i])
	if err != nil {
		return err
	}
	k.count(trickTear)
	// The last byte of a checksum may itself be zero.
	return overwrite(s.places[i], end+5+r.Int64N(600), noise(r, nil, 1+r.IntN(5000)))
}

// damage changes one byte.
func (k *killRun) damage(s *subject, place int, r *rand.Rand) error {
	end, err := lastByte(s.places[place])
	if err != nil {
		return err
	}
	at := r.Int64N(end + 1)
	if end > frames && r.IntN(5) > 0 {
		at = frames + r.Int64N(end+1-frames)
	}
	data, err := os.ReadFile(s.places[place])
	if err != nil {
		return err
	}
	k.count(trickDamage)
	s.hurt[place] = true
	return overwrite(s.places[place], at, []byte{data[at] ^ 1<<r.IntN(8)})
}

func overwrite(path string, at int64, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, at)
	return errors.Join(err, f.Close())
}

// patience is how long a writer may take to come to where it is killed.
const patience = time.Minute

// run starts a writer, hears what it says, and kills it. stage is what the writer was at: the kind of what it said last, with
// acknowledgements left out. It returns an *exec.ExitError where the writer ended by itself with an error.
func (k *killRun) run(s *subject, r *rand.Rand, typical *[2]time.Duration) (killed bool, stage byte, err error) {
	s.runs++
	cmd := exec.Command(itself, "writer", "--vault", filepath.Join(k.folder, "vault"), "--path", s.places[0], "--name", s.want.name,
		fmt.Sprintf("--seed=%d", s.want.seed), fmt.Sprintf("--number=%d", s.runs))
	if len(s.places) > 1 {
		cmd.Args = append(cmd.Args, "--second", s.places[1])
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, out, err := os.Pipe()
	if err != nil {
		return false, 0, err
	}
	defer in.Close()
	cmd.ExtraFiles = []*os.File{out}
	k.forks.Lock()
	err = cmd.Start()
	k.forks.Unlock()
	out.Close()
	if err != nil {
		return false, 0, err
	}
	guard := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer guard.Stop()

	atOpening := r.IntN(10) < 4
	chance := r.Float64()
	kill := func(after time.Duration) {
		time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may have ended by itself
	}
	var began time.Time
	var sort uint64
	for {
		t, err := hear(in)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			return false, 0, err
		}
		s.heard(t)
		switch t.kind {
		case tellBegin:
			began, sort, stage = time.Now(), t.a, t.kind
			if atOpening {
				kill(time.Duration(chance * 1.2 * float64(typical[sort])))
			}
		case tellOpen:
			typical[sort] = (3*typical[sort] + time.Since(began)) / 4
			stage = t.kind
			if !atOpening {
				kill(between(chance, 50*time.Microsecond, 60*time.Millisecond))
			}
		case tellClose:
			stage = t.kind
		}
	}
	err = cmd.Wait()
	if !guard.Stop() {
		return false, stage, fmt.Errorf("%s: run %d was not where it is killed after %v: %s", s.places[0], s.runs, patience, &said)
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		return true, stage, nil
	}
	if err != nil && said.Len() > 0 {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	return false, stage, err
}

// between returns a duration from least to most for a chance in [0, 1): short ones as often as long ones.
func between(chance float64, least, most time.Duration) time.Duration {
	return time.Duration(float64(least) * math.Pow(float64(most)/float64(least), chance))
}
