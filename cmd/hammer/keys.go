package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"emtihan/exam/journal"

	"golang.org/x/sys/unix"
)

// journalCommand measures what a key costs (R11).
type journalCommand struct {
	Out    string `default:"out/hammer" type:"path" help:"Folder on a disk for the journals; they are removed."`
	Keys   int    `default:"3000" help:"How many keys are typed and timed, alone and beside a program that syncs all the time."`
	Bursts int    `default:"5" help:"How many bursts of 5,000 edits in a second are made."`
	Long   int    `default:"100000" help:"Keys of the attempt whose bytes are counted."`
}

// journalFigures is the last line. Times are in milliseconds; "ack" is from the key to its acknowledgement, "raw" a write of as
// many bytes to a file filled with zeros, and fdatasync. Busy: while another program syncs all the time.
type journalFigures struct {
	AckP50       float64 `json:"ack_p50_ms"`
	AckP99       float64 `json:"ack_p99_ms"`
	RawP50       float64 `json:"raw_p50_ms"`
	RawP99       float64 `json:"raw_p99_ms"`
	RatioP50     float64 `json:"ratio_p50"`
	RatioP99     float64 `json:"ratio_p99"`
	Burst        float64 `json:"burst_ms"`            // end of a burst to its last acknowledgement; the longest
	BytesPerKey  float64 `json:"bytes_per_key"`       // of very many keys in the time of an exam
	BytesUsual   float64 `json:"bytes_per_key_usual"` // of a fifth as many, with the ticks between them
	AckP50Busy   float64 `json:"ack_p50_ms_busy"`
	AckP99Busy   float64 `json:"ack_p99_ms_busy"`
	RawP50Busy   float64 `json:"raw_p50_ms_busy"`
	RawP99Busy   float64 `json:"raw_p99_ms_busy"`
	RatioP50Busy float64 `json:"ratio_p50_busy"`
	RatioP99Busy float64 `json:"ratio_p99_busy"`
	BurstBusy    float64 `json:"burst_ms_busy"`
}

// Run measures.
func (c *journalCommand) Run() (err error) {
	if c.Keys < blockKeys || c.Bursts < 1 || c.Long < 1 {
		return fmt.Errorf("--keys must be at least %d, --bursts and --long at least 1", blockKeys)
	}
	folder, err := workFolder(c.Out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := printMachine(os.Stdout, folder); err != nil {
		return err
	}
	var f journalFigures
	for _, busy := range []bool{false, true} {
		t, err := c.timed(folder, busy)
		if err != nil {
			return err
		}
		if busy {
			f.AckP50Busy, f.AckP99Busy, f.RatioP50Busy = ms(quantile(t.ack, 0.5)), ms(quantile(t.ack, 0.99)), ratio(quantile(t.ack, 0.5), quantile(t.raw, 0.5))
			f.RawP50Busy, f.RawP99Busy, f.RatioP99Busy = ms(quantile(t.raw, 0.5)), ms(quantile(t.raw, 0.99)), ratio(quantile(t.ack, 0.99), quantile(t.raw, 0.99))
			f.BurstBusy = ms(quantile(t.bursts, 1))
		} else {
			f.AckP50, f.AckP99, f.RatioP50 = ms(quantile(t.ack, 0.5)), ms(quantile(t.ack, 0.99)), ratio(quantile(t.ack, 0.5), quantile(t.raw, 0.5))
			f.RawP50, f.RawP99, f.RatioP99 = ms(quantile(t.raw, 0.5)), ms(quantile(t.raw, 0.99)), ratio(quantile(t.ack, 0.99), quantile(t.raw, 0.99))
			f.Burst = ms(quantile(t.bursts, 1))
		}
		t.print(busy)
	}
	fmt.Println()
	usual := pace{key: 180 * time.Millisecond, pauseEvery: 40, pause: 13 * time.Second}
	if f.BytesUsual, err = countBytes(folder, "usual", usual, (c.Long+4)/5); err != nil {
		return err
	}
	fast := pace{key: 90 * time.Millisecond, pauseEvery: 45, pause: time.Second}
	if f.BytesPerKey, err = countBytes(folder, "fast", fast, c.Long); err != nil {
		return err
	}
	return lastLine(os.Stdout, f)
}

// essayRunes is where a text stops growing: an essay of 300 words has about 2,500.
const essayRunes = 4000

// Blocks of keys to the journal and to the bare file take turns, so that a noisy moment hits both.
const blockKeys = 25

const (
	burstEdits = 5000
	burstTime  = time.Second
)

// times are what one round has taken.
type times struct{ ack, raw, bursts []time.Duration }

func (t times) print(busy bool) {
	title := "alone"
	if busy {
		title = "beside a program that syncs all the time"
	}
	fmt.Printf("\n%-52s %9s %9s %9s\n", title, "p50 ms", "p99 ms", "most ms")
	row := func(what string, d []time.Duration) {
		fmt.Printf("%-52s %9.3f %9.3f %9.3f\n", what, ms(quantile(d, 0.5)), ms(quantile(d, 0.99)), ms(quantile(d, 1)))
	}
	row(fmt.Sprintf("key to acknowledgement, %d keys", len(t.ack)), t.ack)
	row("bare write of as many bytes + fdatasync, in between", t.raw)
	fmt.Printf("%-52s %9.3f %9.3f\n", "ratio", ratio(quantile(t.ack, 0.5), quantile(t.raw, 0.5)), ratio(quantile(t.ack, 0.99), quantile(t.raw, 0.99)))
	row(fmt.Sprintf("end of a burst to its last acknowledgement, %d times", len(t.bursts)), t.bursts)
}

func (c *journalCommand) timed(base string, busy bool) (t times, err error) {
	folder, err := os.MkdirTemp(base, "timed-")
	if err != nil {
		return t, err
	}
	if busy {
		stop, err := keepBusy(folder)
		if err != nil {
			return t, err
		}
		defer stop()
	}
	s, err := sitDown(folder, pace{key: time.Millisecond}, essayRunes, 0)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, s.journal.Close()) }()
	raw, err := newBareFile(filepath.Join(folder, "bare"))
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	// Stamps follow the computer's clock, as they do at a station.
	began, first := time.Now(), s.now.Mono
	now := func() { s.pass(time.Duration(first+time.Since(began).Milliseconds()-s.now.Mono) * time.Millisecond) }
	sizes := make([]int, blockKeys)
	for len(t.ack)+blockKeys <= c.Keys {
		for i := range sizes {
			rest()
			now()
			begin := time.Now()
			unit, err := s.do(s.key())
			if err != nil {
				return t, err
			}
			if err := s.append(unit); err != nil {
				return t, err
			}
			told, err := s.await(0)
			if err != nil {
				return t, err
			}
			t.ack = append(t.ack, told.Sub(begin))
			sizes[i] = inStream(unit[0].Record)
		}
		for _, n := range sizes {
			rest()
			begin := time.Now()
			if err := raw.append(n); err != nil {
				return t, err
			}
			t.raw = append(t.raw, time.Since(begin))
		}
	}
	for range c.Bursts {
		time.Sleep(burstTime / 2)
		begin := time.Now()
		for n := range burstEdits {
			if wait := time.Duration(n)*burstTime/burstEdits - time.Since(begin); wait > time.Millisecond {
				time.Sleep(wait)
			}
			now()
			unit, err := s.do(s.key())
			if err != nil {
				return t, err
			}
			if err := s.append(unit); err != nil {
				return t, err
			}
		}
		end := time.Now()
		if slow := end.Sub(begin) - burstTime; slow > burstTime/10 {
			fmt.Printf("a burst has taken %v longer than a second to make\n", slow.Round(time.Millisecond))
		}
		told, err := s.await(0)
		if err != nil {
			return t, err
		}
		t.bursts = append(t.bursts, max(told.Sub(end), 0))
	}
	return t, nil
}

// rest is the time between two keys of a typist who is in a hurry.
func rest() { time.Sleep(time.Duration(2000+rand.IntN(4000)) * time.Microsecond) }

// bareFile is a file filled with zeros, to which is appended as cheaply as durably possible.
type bareFile struct {
	*os.File
	end, size int64
	data      []byte
}

// bareStep is by how much the file grows, outside of what is timed.
const bareStep = 4 << 20

func newBareFile(path string) (*bareFile, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	b := &bareFile{File: f, size: bareStep, data: make([]byte, 1<<16)}
	for i := range b.data {
		b.data[i] = byte(i)
	}
	if _, err := f.WriteAt(make([]byte, bareStep), 0); err != nil {
		return nil, err
	}
	return b, f.Sync()
}

func (b *bareFile) append(n int) error {
	if b.end+int64(n) > b.size {
		b.end = 0 // the blocks are there all the same
	}
	if _, err := b.WriteAt(b.data[:n], b.end); err != nil {
		return err
	}
	b.end += int64(n)
	return unix.Fdatasync(int(b.Fd()))
}

// keepBusy starts a program that syncs all the time.
func keepBusy(folder string) (stop func(), err error) {
	cmd := exec.Command(itself, "sync", "--path", filepath.Join(folder, "busy"))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // "killed" is what is expected
	}, nil
}

// syncCommand appends and syncs until it is killed.
type syncCommand struct {
	Path string `required:""`
}

// Run keeps the disk busy.
func (c *syncCommand) Run() error {
	f, err := os.Create(c.Path)
	if err != nil {
		return err
	}
	block := make([]byte, 4096)
	for n := int64(0); ; n++ {
		if _, err := f.WriteAt(block, n%(64<<20/int64(len(block)))*int64(len(block))); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
}

// countBytes counts what a key takes on the disk in an attempt of so many keys. Time passes by the attempt's clock only.
func countBytes(base, name string, p pace, keys int) (float64, error) {
	folder := filepath.Join(base, name)
	if err := os.Mkdir(folder, 0o700); err != nil {
		return 0, err
	}
	s, err := sitDown(folder, p, essayRunes, time.Hour)
	if err != nil {
		return 0, err
	}
	signed, checkpoints := s.now.Mono, 0
	record := func(unit []journal.Entry) error {
		// The journal's own timer does not see that a minute has passed.
		if s.now.Mono-signed >= time.Minute.Milliseconds() {
			unit[0].Checkpoint, signed = true, s.now.Mono
			checkpoints++
		}
		return s.append(unit)
	}
	for s.typed < keys {
		if err := s.step(record); err != nil {
			return 0, err
		}
		if s.typed%1000 == 0 {
			if _, err := s.await(0); err != nil {
				return 0, err
			}
		}
	}
	if err := s.journal.Close(); err != nil {
		return 0, err
	}
	var st unix.Stat_t
	if err := unix.Stat(s.journal.Path(), &st); err != nil {
		return 0, err
	}
	onDisk := st.Blocks * 512
	each := func(bytes int64) float64 { return float64(bytes) / float64(s.typed) }
	fmt.Printf("bytes on the disk, %s candidate: %s\n", name, s.describe())
	fmt.Printf("  %.1f a key: %.1f keys and marks, %.1f ticks, %.1f snapshots (%d), %.1f pictures; the rest is %d checkpoints and room to grow\n", each(onDisk),
		each(s.keys.bytes), each(s.ticks.bytes), each(s.snapshots.bytes), s.snapshots.records, each(photoSize+frameSize), checkpoints)
	return float64(int64(10*each(onDisk)+0.5)) / 10, nil
}
