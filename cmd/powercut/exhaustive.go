package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"emtihan/cmd/powercut/disk"
)

type exhaustiveCommand struct {
	machineFlags
	Acks     int  `default:"12" help:"Acknowledgements for each of the five spells of typing that are recorded."`
	Second   bool `help:"Give the journals a second place."`
	Parallel int  `default:"2" help:"Images that are looked at at the same time."`
}

// promised is what the guest said, and how many commands its disk had got by then.
type promised struct {
	message
	commands int
}

// Run records one guest and looks at every image that a cut could have left.
//
// A guest for each image would take hours. The host's e2fsck does what the guest's kernel does when it mounts: it replays
// the journal of the file system; debugfs then copies the files out, and the journals are opened and read here by the same
// code. The random cuts do all of it in the guest.
func (c exhaustiveCommand) Run() error {
	if c.Acks < 1 || c.Parallel < 1 {
		return errors.New("there must be at least one acknowledgement and one place to look at images")
	}
	if c.Seed == 0 {
		c.Seed = drawSeed()
	}
	fmt.Fprintf(os.Stderr, "powercut: every image, --seed %d\n", c.Seed)
	f, err := newFactory(c.machineFlags, 24<<20)
	if err != nil {
		return err
	}
	defer f.close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	begin := time.Now()
	history, said, err := c.record(ctx, f)
	if err != nil {
		return err
	}
	t := survey{Seed: c.Seed, Acks: countAcks(said)}
	for _, o := range history {
		if o.Flush() {
			t.Flushes++
		} else {
			t.Writes++
		}
	}
	fmt.Fprintf(os.Stderr, "powercut: recorded %d writes and %d flushes in %d s\n", t.Writes, t.Flushes, int(time.Since(begin).Seconds()))

	looks := make(chan disk.State)
	var workers sync.WaitGroup
	for worker := range c.Parallel {
		dir := filepath.Join(f.dir, fmt.Sprint("look", worker))
		workers.Go(func() {
			for s := range looks {
				found, err := c.recover(ctx, dir, s.Image)
				t.add(s, promisedBy(said, s.Instant), found, err, c.Out)
			}
		})
	}
	for s := range disk.States(f.blank, history, rand.New(rand.NewPCG(c.Seed, 2))) {
		s.Image = slices.Clone(s.Image)
		select {
		case looks <- s:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(looks)
	workers.Wait()
	if err := cmp.Or(context.Cause(ctx), t.failure); err != nil {
		return err
	}
	t.Recover, t.Seconds = quantile(t.micros, 0.5), int(time.Since(begin).Seconds())
	data, err := json.Marshal(&t)
	if err != nil {
		return err
	}
	fmt.Println(string(data))
	switch {
	case t.bad > 0:
		return fmt.Errorf("%d of %d images have lost something", t.bad, t.Images)
	case t.Acknowledged == 0:
		return errors.New("nothing was acknowledged, so nothing was tested")
	}
	return nil
}

// survey counts over all images. Its exported fields are the last line.
type survey struct {
	Prefixes     int     `json:"prefixes"`
	Images       int     `json:"images"`
	Acknowledged uint64  `json:"acknowledged"` // records by the end of the recorded run
	Acks         int     `json:"acknowledgements"`
	Lost         uint64  `json:"lost"`
	Unreadable   int     `json:"unreadable"`
	Recover      float64 `json:"p50_recover_ms"` // on the host
	Writes       int     `json:"writes"`
	Flushes      int     `json:"flushes"`
	Mended       int     `json:"superblocks_mended"`
	Seed         uint64  `json:"seed"`
	Seconds      int     `json:"seconds"`

	mu      sync.Mutex
	bad     int
	micros  []int64
	failure error
}

// imagesKept is how many images that have lost something are kept to be looked at.
const imagesKept = 10

// add counts what was found on an image, or why nothing could be, and keeps the image in the folder out where that is less
// than was promised.
func (t *survey) add(s disk.State, promises ledger, found []message, err error, out string) {
	o := outcome{Lost: promises.acknowledged(), Unreadable: 1}
	if err == nil {
		o = promises.compare(found, digestOf)
	} else {
		o.note("%v", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil && !errors.Is(err, errFileSystem) {
		t.failure = cmp.Or(t.failure, err)
		return
	}
	t.Images++
	if s.Prefix {
		t.Prefixes++
	}
	if superblockTorn(s.Image) {
		t.Mended++
	}
	for _, m := range found {
		if m.Kind == sayFound {
			t.micros = append(t.micros, m.Micros)
		}
	}
	t.Acknowledged = max(t.Acknowledged, promises.acknowledged())
	t.Lost += o.Lost
	t.Unreadable += o.Unreadable
	if t.Images%200 == 0 {
		fmt.Fprintf(os.Stderr, "powercut: %d images, %d bad\n", t.Images, t.bad)
	}
	if len(o.Notes) == 0 {
		return
	}
	t.bad++
	for _, n := range o.Notes {
		fmt.Fprintf(os.Stderr, "%s: %s\n", s.Name, n)
	}
	if t.bad <= imagesKept {
		path := filepath.Join(out, fmt.Sprintf("image%d.ext4", t.bad))
		t.failure = cmp.Or(t.failure, errors.Join(os.MkdirAll(out, 0o777), os.WriteFile(path, s.Image, 0o666)))
	}
}

func countAcks(said []promised) (n int) {
	for _, p := range said {
		if p.Kind == sayAck {
			n++
		}
	}
	return n
}

// promisedBy returns what had been promised before so many commands had come.
func promisedBy(said []promised, instant int) ledger {
	l := make(ledger)
	for _, p := range said {
		if p.Journal != "" {
			l.plan(p.Journal)
		}
		if p.commands <= instant {
			l.hear(p.message)
		}
	}
	return l
}

// record lets a guest make two journals, go on with both, and make a third. The guest waits after each acknowledgement
// until its place among the commands is noted, so that the place is exact; its typing goes on.
func (c exhaustiveCommand) record(ctx context.Context, f *factory) ([]disk.Op, []promised, error) {
	d, err := disk.New(slices.Clone(f.blank))
	if err != nil {
		return nil, nil, err
	}
	d.Record()
	args := []string{
		fmt.Sprintf("--seed=%d", c.Seed>>1), fmt.Sprintf("--acks=%d", c.Acks), "--step",
		"--type=create:first", "--type=create:second", "--type=resume:first", "--type=resume:second", "--type=create:third",
	}
	if c.Second {
		args = append(args, "--second")
	}
	m, err := f.start(ctx, d, args...)
	if err != nil {
		return nil, nil, err
	}
	defer m.kill(func(message) {})
	var said []promised
	patient := time.NewTimer(patience)
	defer patient.Stop()
	for {
		select {
		case say, ok := <-m.says:
			if !ok {
				return nil, nil, m.broken("the guest ended by itself")
			}
			said = append(said, promised{say, d.Commands()})
			switch say.Kind {
			case sayAck:
				m.goOn()
			case sayFailed:
				return nil, nil, m.broken("the guest failed: " + say.Text)
			case sayDone:
				return d.History(), said, nil
			}
		case <-patient.C:
			return nil, nil, m.broken("the guest has not come to its end in time")
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
	}
}

// recover opens every journal of the image in the folder, which it makes anew.
func (c exhaustiveCommand) recover(ctx context.Context, dir string, image []byte) ([]message, error) {
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(filepath.Join(dir, "files"), 0o700)); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "image")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		return nil, err
	}
	if err := check(ctx, path, superblockTorn(image)); err != nil {
		return nil, err
	}
	files := filepath.Join(dir, "files")
	if out, err := exec.CommandContext(ctx, "debugfs", "-R", "rdump / "+files, path).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("debugfs: %w: %s", err, out)
	}
	s, err := openStore(files, c.Second)
	if err != nil {
		return nil, err
	}
	names, err := s.names()
	if err != nil {
		return nil, err
	}
	found := make([]message, len(names))
	for i, name := range names {
		found[i] = s.recovered(name)
	}
	return found, nil
}
