package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"
)

// subject is one journal of the kill test and what its writers have said about it.
type subject struct {
	want   contents
	folder string
	vault  *vault.Vault
	places []string // its files
	hurt   []bool   // a byte of the file has been changed on purpose, and nobody has read the whole file since

	runs    uint64 // started so far
	opened  bool   // a writer has said that the journal stands
	acked   uint64
	counted uint64            // of acked, in the sum over all journals
	written []span            // which run must have written which records
	points  map[uint64]uint64 // checkpoints that were given out: leaves, beginning of the root
}

// span says that the records from+1 … to were appended by a run and acknowledged to it.
type span struct{ from, to, run uint64 }

// heard notes what the present run has said.
func (s *subject) heard(t telling) {
	switch t.kind {
	case tellOpen:
		s.opened = true
		s.written = append(s.written, span{t.a, t.a, s.runs})
	case tellAck:
		s.acked = max(s.acked, t.a)
		if n := len(s.written); n > 0 && s.written[n-1].run == s.runs {
			s.written[n-1].to = max(s.written[n-1].to, t.a)
		}
	case tellCheckpoint:
		s.points[t.a] = t.b
	}
}

// writer returns the run that must have written record n, or 0 where several could have.
func (s *subject) writer(n uint64) uint64 {
	for _, w := range s.written {
		if n > w.from && n <= w.to {
			return w.run
		}
	}
	return 0
}

// verdict is what one look at a journal has found.
type verdict struct {
	records  uint64 // in the place that has the most
	compared struct{ records, blobs, snapshots uint64 }
	lost     uint64   // acknowledged records that are not there byte for byte, and checkpoints that were given out
	problems []string // one sentence each; the first of them for every loss, and whatever cannot be read or was never written
}

func (v *verdict) bad() bool { return v.lost > 0 || len(v.problems) > 0 }

func (v *verdict) problem(path, format string, args ...any) {
	v.problems = append(v.problems, filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path)+": "+fmt.Sprintf(format, args...))
}

// look reads the journal in every place: what was written since the last snapshot, or where complete is set all of it.
// It returns for each place how many records it has; −1: none at all.
func (s *subject) look(complete bool) (v verdict, held []int64) {
	for i, path := range s.places {
		held = append(held, -1)
		r, err := s.open(path, complete)
		if errors.Is(err, fs.ErrNotExist) || s.hurt[i] && errors.Is(err, journal.ErrDamaged) {
			continue
		}
		if err != nil {
			v.problem(path, "%v", err)
			continue
		}
		if complete {
			s.hurt[i] = false
		}
		held[i] = int64(r.Summary().Records)
		s.compare(r, path, complete, &v)
		if err := r.Close(); err != nil {
			v.problem(path, "%v", err)
		}
		v.records = max(v.records, uint64(held[i]))
	}
	if v.records < s.acked {
		v.lost += s.acked - v.records
		v.problem(s.places[0], "%d records were acknowledged, the places have %d", s.acked, held)
	}
	if s.opened && len(v.problems) == 0 && max(held[0], held[len(held)-1]) < 0 {
		v.problem(s.places[0], "it was open once and is nowhere now")
	}
	return v, held
}

func (s *subject) open(path string, complete bool) (*journal.Reader, error) {
	if complete {
		return journal.OpenReader(path, s.vault)
	}
	return journal.OpenQuick(path, s.vault)
}

func (s *subject) compare(r *journal.Reader, path string, complete bool, v *verdict) {
	records := r.Summary().Records
	if end := s.want.boundary(records); end != records {
		v.problem(path, "it ends with record %d inside a unit that follows record %d", records, end)
	}
	if data, at := r.Snapshot(); data != nil {
		v.compared.snapshots++
		if !bytes.Equal(data, s.want.snapshot(at)) {
			v.problem(path, "the snapshot after record %d is another one", at)
		}
	}
	each := r.Replay
	if complete {
		each = r.Records
	}
	err := each(func(n uint64, record []byte) error {
		v.compared.records++
		run, ok := runOf(record)
		writer := s.writer(n)
		if ok && run <= s.runs && (writer == 0 || writer == run) && bytes.Equal(record, s.want.record(n, run)) {
			return nil
		}
		if n <= s.acked {
			v.lost++
		}
		return fmt.Errorf("record %d (of run %d) is not what run %d has written", n, run, writer)
	})
	if err == nil && complete {
		err = s.compareBlobs(r, records, v)
	}
	if err != nil {
		v.problem(path, "%v", err)
	}
	if !complete || records < s.acked {
		return
	}
	kept := make(map[uint64]uint64)
	for _, c := range r.Checkpoints() {
		kept[c.Size] = binary.BigEndian.Uint64(c.Root[:])
	}
	for size, root := range s.points {
		if kept[size] != root {
			v.lost++
			v.problem(path, "the checkpoint over %d leaves that was given out is not there", size)
		}
	}
}

func (s *subject) compareBlobs(r *journal.Reader, records uint64, v *verdict) error {
	var ahead [][]byte
	n := uint64(0)
	next := func() ([]byte, bool) {
		for len(ahead) == 0 {
			if n == records {
				return nil, false
			}
			n++
			ahead = s.want.blobs(n)
		}
		blob := ahead[0]
		ahead = ahead[1:]
		return blob, true
	}
	wrong := func() error {
		if n <= s.acked {
			v.lost++
		}
		return fmt.Errorf("the blobs of record %d are not what was written", n)
	}
	err := r.Blobs(func(_ journal.Hash, blob []byte) error {
		v.compared.blobs++
		if want, ok := next(); !ok || !bytes.Equal(blob, want) {
			return wrong()
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, missing := next(); missing {
		return wrong()
	}
	return nil
}

// finish opens the journal once more, lets every place catch up, closes it, and compares all of it.
func (s *subject) finish() verdict {
	var v verdict
	if _, held := s.look(false); max(held[0], held[len(held)-1]) < 0 && !s.opened {
		return v // every one of its writers was killed before it stood
	}
	opt := journal.Options{Vault: s.vault, RetryEvery: time.Millisecond}
	if len(s.places) > 1 {
		opt.Second = s.places[1]
	}
	j, err := journal.Open(s.places[0], opt)
	if err == nil {
		err = errors.Join(allPlaces(j), j.Close())
	}
	if err != nil {
		v.problem(s.places[0], "opening it after the last kill: %v", err)
		return v
	}
	v, held := s.look(true)
	for i, n := range held {
		if n != held[0] && !s.hurt[i] && !s.hurt[0] {
			v.problem(s.places[i], "after a clean end the places have %d records", held)
		}
	}
	return v
}

// allPlaces waits until every place has everything.
func allPlaces(j *journal.Journal) error {
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		s := j.Status()
		behind := 0
		for _, p := range s.Places {
			if p.State != journal.PlaceOnline || p.Durable < s.Appended {
				behind++
			}
		}
		if behind == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d places have not caught up in 30 s: %+v", behind, s)
		}
	}
}

// lastByte returns where the last byte of a file stands that is not zero.
func lastByte(path string) (int64, error) {
	data, err := os.ReadFile(path)
	return int64(len(bytes.TrimRight(data, "\x00"))) - 1, err
}

// frames is where frames begin in a journal's file, or a little before.
const frames = stream.MaxHeader
