package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/vault"

	"golang.org/x/sys/unix"
)

// resumeCommand measures how long a candidate waits after a power cut until the attempt goes on (R11), the window apart.
type resumeCommand struct {
	Out       string  `default:"out/hammer" type:"path" help:"Folder on a disk for the journals; they are removed."`
	Rounds    int     `default:"21" help:"How often each attempt is taken up, by turns."`
	Small     uint64  `default:"10000" help:"Events of the small attempt."`
	Large     uint64  `default:"300000" help:"Events of the large attempt."`
	Essay     int     `default:"4000" help:"Characters at which each of the texts stops growing; an essay has 300 words."`
	Cut       float64 `default:"0.5" help:"Where the power is cut: 0.05–0.95 of the way from one snapshot to the next, after the events."`
	KeepCache bool    `help:"Drop only the journal's own pages from memory, not those of programs and folders, which needs root."`
}

// resumeFigures is the last line: medians from the process's start to the attempt restored and its journal open for writing.
type resumeFigures struct {
	Small float64 `json:"small_ms"`
	Large float64 `json:"large_ms"`
	Ratio float64 `json:"ratio"`
}

// attemptFile is an attempt as a power cut leaves it.
type attemptFile struct {
	name   string
	events uint64
	folder string
	took   []restored
}

// Run measures.
func (c *resumeCommand) Run() (err error) {
	if c.Rounds < 1 || c.Small < 1000 || c.Large < 1000 || c.Cut < 0.05 || c.Cut > 0.95 {
		return errors.New("--rounds must be at least 1, --small and --large at least 1000, --cut from 0.05 to 0.95")
	}
	base, err := workFolder(c.Out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(base)) }()
	if err := printMachine(os.Stdout, base); err != nil {
		return err
	}
	files := []*attemptFile{{name: "small", events: c.Small}, {name: "large", events: c.Large}}
	for _, a := range files {
		if err := a.make(base, c.Essay, c.Cut); err != nil {
			return err
		}
	}
	dropAll := !c.KeepCache && os.Geteuid() == 0
	for range c.Rounds {
		for _, a := range files {
			r, err := a.takeUp(dropAll)
			if err != nil {
				return err
			}
			a.took = append(a.took, r)
		}
	}
	how := "the journal's pages dropped from memory"
	if dropAll {
		how = "all of the computer's file pages dropped from memory"
	}
	fmt.Printf("\n%d rounds by turns, a new process each time, %s; medians in ms:\n%-60s", c.Rounds, how, "")
	for _, a := range files {
		fmt.Printf(" %10s", a.name)
	}
	fmt.Println()
	for stage := range stages {
		fmt.Printf("%-60s", stages[stage])
		for _, a := range files {
			fmt.Printf(" %10.1f", ms(quantile(a.times(stage), 0.5)))
		}
		fmt.Println()
	}
	fmt.Printf("%-60s", "processor time until the attempt is there")
	for _, a := range files {
		fmt.Printf(" %10.1f", ms(quantile(a.processor(), 0.5)))
	}
	fmt.Printf("\n%-60s", "records folded after the snapshot")
	for _, a := range files {
		fmt.Printf(" %10d", a.took[0].Replayed)
	}
	small, large := quantile(files[0].times(stageReady), 0.5), quantile(files[1].times(stageReady), 0.5)
	fmt.Println()
	return lastLine(os.Stdout, resumeFigures{Small: ms(small), Large: ms(large), Ratio: ratio(large, small)})
}

// make lets a candidate type until the attempt has so many events and the cut has come, and keeps the file as it is while the
// journal is open.
func (a *attemptFile) make(base string, essay int, cut float64) error {
	a.folder = filepath.Join(base, a.name)
	if err := os.Mkdir(a.folder, 0o700); err != nil {
		return err
	}
	began := time.Now()
	// Nobody types so fast, but only so do the events fit the time of an exam, and an edit takes longest to fold.
	s, err := sitDown(a.folder, pace{key: 45 * time.Millisecond}, essay, time.Hour)
	if err != nil {
		return err
	}
	signed := s.now.Mono
	record := func(unit []journal.Entry) error {
		if s.now.Mono-signed >= time.Minute.Milliseconds() {
			unit[0].Checkpoint, signed = true, s.now.Mono
		}
		return s.append(unit)
	}
	for reached := false; s.attempt.Seq < a.events || !reached; {
		before := s.sinceSnapshot()
		if err := s.step(record); err != nil {
			return err
		}
		reached = before < cut && s.sinceSnapshot() >= cut
		if s.typed%1000 == 0 {
			if _, err := s.await(0); err != nil {
				return err
			}
		}
	}
	if _, err := s.await(0); err != nil {
		return err
	}
	if err := copyFile(a.path(), a.path()+".cut"); err != nil {
		return err
	}
	if err := s.journal.Close(); err != nil {
		return err
	}
	fi, err := os.Stat(a.path() + ".cut")
	if err != nil {
		return err
	}
	fmt.Printf("%s: %s; %.1f MB, %d snapshots of %.0f kB; made in %v\n", a.name, s.describe(), float64(fi.Size())/1e6, s.snapshots.records,
		float64(s.snapshots.bytes)/1e3/float64(max(s.snapshots.records, 1)), time.Since(began).Round(time.Second))
	return nil
}

func (a *attemptFile) path() string { return journalIn(a.folder) }

// takeUp puts the file back as the cut has left it, drops it from memory, and starts a program that takes the attempt up.
func (a *attemptFile) takeUp(dropAll bool) (restored, error) {
	if err := copyFile(a.path()+".cut", a.path()); err != nil {
		return restored{}, err
	}
	if dropAll {
		if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("3\n"), 0o200); err != nil {
			return restored{}, fmt.Errorf("%w; --keep-cache does without", err)
		}
	}
	began, err := clock()
	if err != nil {
		return restored{}, err
	}
	cmd := exec.Command(itself, "restore", "--folder", a.folder, fmt.Sprintf("--began=%d", began))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return restored{}, err
	}
	var r restored
	if err := json.Unmarshal(out, &r); err != nil {
		return r, err
	}
	if r.Events < a.events {
		return r, fmt.Errorf("%s: %d of %d events were restored", a.path(), r.Events, a.events)
	}
	return r, nil
}

func (a *attemptFile) times(stage int) (out []time.Duration) {
	for _, r := range a.took {
		out = append(out, r.At[stage])
	}
	return out
}

func (a *attemptFile) processor() (out []time.Duration) {
	for _, r := range a.took {
		out = append(out, r.Used)
	}
	return out
}

// copyFile makes a copy that is on the disk and not in memory.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	return unix.Fadvise(int(out.Fd()), 0, 0, unix.FADV_DONTNEED)
}

// clock returns nanoseconds of a clock that all processes share and nobody can set.
func clock() (time.Duration, error) {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return time.Duration(t.Nano()), err
}

// The stages of taking an attempt up, in order.
const (
	stageMain = iota
	stageKeys
	stageOpen
	stageSnapshot
	stageReady
	stagePhoto
	stageSafe
	stageCount
)

var stages = [stageCount]string{
	"since the start: main reached", "… keys and paper loaded", "… journal open for writing", "… snapshot restored",
	"… events after it folded: the attempt is there", "… registered photo read", "… start of the run recorded and acknowledged",
}

// restored is what a program that took an attempt up says.
type restored struct {
	At       [stageCount]time.Duration `json:"at"`   // since the process was started
	Used     time.Duration             `json:"used"` // processor time as far as stageReady
	Events   uint64                    `json:"events"`
	Replayed int                       `json:"replayed"`
}

// restoreCommand takes an attempt up as package session does.
type restoreCommand struct {
	Folder string `required:""`
	Began  int64  `required:"" help:"When this process was started, in nanoseconds by the clock of all processes."`
}

// Run says how long it took.
func (c *restoreCommand) Run() error {
	r, err := c.restore()
	if err != nil {
		return err
	}
	return lastLine(os.Stdout, r)
}

// restore takes the attempt up and records the start of the run.
func (c *restoreCommand) restore() (r restored, err error) {
	var failed error
	at := func(stage int) {
		now, err := clock()
		failed = errors.Join(failed, err)
		r.At[stage] = now - time.Duration(c.Began)
	}
	at(stageMain)
	v, err := vault.Open(c.Folder, vault.Options{Credentials: "-"})
	if err != nil {
		return r, err
	}
	paper, err := paperOf()
	if err != nil {
		return r, err
	}
	at(stageKeys)
	s := newStation(exam.NewAttempt(paper))
	if s.journal, err = journal.Open(journalIn(c.Folder), journal.Options{Vault: v, OnStatus: s.told}); err != nil {
		return r, err
	}
	at(stageOpen)
	if data, _ := s.journal.Snapshot(); data != nil {
		if s.attempt, err = exam.RestoreAttempt(data, paper); err != nil {
			return r, err
		}
	}
	at(stageSnapshot)
	err = s.journal.Replay(func(_ uint64, data []byte) error {
		rec, err := exam.DecodeRecord(data)
		if err != nil {
			return err
		}
		r.Replayed++
		s.attempt, err = s.attempt.Apply(rec)
		return err
	})
	if err != nil {
		return r, err
	}
	at(stageReady)
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return r, err
	}
	r.Used = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	if _, err := s.journal.Blob(journal.Hash(s.attempt.Opened.Photo)); err != nil {
		return r, err
	}
	at(stagePhoto)
	r.Events = s.attempt.Seq
	s.now = exam.Stamp{Wall: time.Now().UnixMilli(), Run: s.attempt.Last.Run + 1}
	if err := s.record(exam.StartRun{RunStarted: exam.RunStarted{Software: "hammer", Host: "bench"}}, s.append); err != nil {
		return r, err
	}
	if _, err := s.await(0); err != nil {
		return r, err
	}
	at(stageSafe)
	return r, errors.Join(failed, s.journal.Close())
}
