package main

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"
)

// writerCommand is the program that is killed. It says on descriptor 3 what the journal acknowledges.
type writerCommand struct {
	Vault  string `required:""`
	Path   string `required:""`
	Second string
	Name   string `required:""`
	Seed   uint64 `required:""`
	Number uint64 `required:"" help:"Of this run of the program."`
}

// The most that a writer has in the air, so that a slow disk does not fill the memory.
const mostInTheAir = 500

// Run opens or creates the journal and appends until it is killed.
func (c *writerCommand) Run() error {
	v, err := vault.Open(c.Vault, vault.Options{Credentials: "-"})
	if err != nil {
		return err
	}
	out := os.NewFile(3, "tellings")
	var durable atomic.Uint64
	woken := make(chan struct{}, 1)
	opt := journal.Options{
		Vault: v, Second: c.Second, RetryEvery: 2 * time.Millisecond, CheckpointEvery: 15 * time.Millisecond,
		OnStatus: func(s journal.Status) {
			if s.Durable > durable.Load() {
				durable.Store(s.Durable)
				_ = telling{kind: tellAck, a: s.Durable}.send(out) // the judge is dead, and soon this program is
			}
			select {
			case woken <- struct{}{}:
			default:
			}
		},
		OnCheckpoint: func(p stream.Checkpoint) {
			_ = telling{kind: tellCheckpoint, a: p.Size, b: binary.BigEndian.Uint64(p.Root[:8])}.send(out)
		},
	}
	j, err := c.open(opt, out)
	if err != nil {
		return err
	}
	if err := (telling{kind: tellOpen, a: j.Next() - 1}).send(out); err != nil {
		return err
	}
	want := contents{c.Seed, c.Name}
	r := rand.New(rand.NewPCG(c.Seed, c.Number))
	wait := func(least uint64) {
		for durable.Load() < least {
			<-woken
		}
	}
	burst, gap, patient := 1+r.IntN(30), time.Duration(r.IntN(3))*time.Millisecond, r.IntN(2) == 0
	closeAfter := -1
	if r.IntN(10) == 0 {
		closeAfter = r.IntN(200)
	}
	for n := 0; n != closeAfter; n++ {
		last, err := c.append(j, want)
		if err != nil {
			return err
		}
		switch {
		case n%burst < burst-1:
		case patient:
			wait(last)
			time.Sleep(gap)
		case last > mostInTheAir:
			wait(last - mostInTheAir)
		}
	}
	if err := (telling{kind: tellClose}).send(out); err != nil {
		return err
	}
	return j.Close()
}

func (c *writerCommand) open(opt journal.Options, out *os.File) (*journal.Journal, error) {
	there := false
	for _, path := range []string{c.Path, c.Second} {
		if path == "" {
			continue
		}
		_, err := os.Stat(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		there = there || err == nil
	}
	if !there {
		if err := (telling{kind: tellBegin, a: 0}).send(out); err != nil {
			return nil, err
		}
		return journal.Create(c.Path, c.Name, opt)
	}
	if err := (telling{kind: tellBegin, a: 1}).send(out); err != nil {
		return nil, err
	}
	return journal.Open(c.Path, opt)
}

// append appends one unit, and the program's state behind it where it is time.
func (c *writerCommand) append(j *journal.Journal, want contents) (last uint64, err error) {
	first := j.Next()
	var entries []journal.Entry
	for n := first; n < first+want.unit(first); n++ {
		entries = append(entries, journal.Entry{Record: want.record(n, c.Number), Blobs: want.blobs(n), Checkpoint: want.checkpoint(n)})
	}
	if last, err = j.Append(entries...); err != nil {
		return 0, err
	}
	if want.snapshotDue(last) || j.WantsSnapshot() {
		err = j.PutSnapshot(want.snapshot(last))
	}
	return last, err
}

// placesOf returns the files of a journal with the name below a folder: each place is a folder of its own, as disks are.
func placesOf(folder, name string, second bool) []string {
	paths := []string{filepath.Join(folder, "first", name+".journal")}
	if second {
		paths = append(paths, filepath.Join(folder, "second", name+".journal"))
	}
	return paths
}
