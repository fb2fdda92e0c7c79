package main

import (
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"
)

// sealing is how many bytes encryption adds to a payload.
const sealing = 16

// inStream returns how many bytes a record takes in a stream.
func inStream(record []byte) int { return len(record) + stream.Overhead + sealing }

// station keeps a candidate's attempt in a journal as package session does.
type station struct {
	*candidate
	journal                   *journal.Journal
	snapshots                 size
	snapshotAt, snapshotEvery uint64 // number of the last record before the last snapshot; records from the one before it to there

	mu      sync.Mutex // guards what follows
	changed *sync.Cond
	durable uint64
	at      time.Time // when durable was told
	trouble error
}

// attemptID is the name of the one attempt that is measured in a folder.
const attemptID = "attempt"

func journalIn(folder string) string { return filepath.Join(folder, attemptID+".journal") }

func newStation(a *exam.Attempt) *station {
	s := &station{candidate: &candidate{attempt: a}}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// sitDown makes a journal in the folder for a candidate who has started the exam.
func sitDown(folder string, p pace, essay int, checkpointEvery time.Duration) (*station, error) {
	v, err := vault.Open(folder, vault.Options{Credentials: "-"})
	if err != nil {
		return nil, err
	}
	c, units, err := newCandidate(attemptID, p, essay)
	if err != nil {
		return nil, err
	}
	s := newStation(nil)
	s.candidate = c
	s.journal, err = journal.Create(journalIn(folder), attemptID, journal.Options{Vault: v, OnStatus: s.told, CheckpointEvery: checkpointEvery})
	if err != nil {
		return nil, err
	}
	for _, u := range units {
		if err := s.append(u); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *station) told(st journal.Status) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.Durable > s.durable {
		s.durable, s.at = st.Durable, now
	}
	s.trouble = st.Err
	s.changed.Broadcast()
}

// append appends a unit, and a snapshot where the journal wants one.
func (s *station) append(unit []journal.Entry) error {
	if _, err := s.journal.Append(unit...); err != nil {
		return err
	}
	if !s.journal.WantsSnapshot() {
		return nil
	}
	data, err := s.attempt.Snapshot()
	if err != nil {
		return err
	}
	s.snapshotEvery, s.snapshotAt = s.attempt.Seq-s.snapshotAt, s.attempt.Seq
	s.snapshots.records++
	s.snapshots.bytes += int64(len(data))
	return s.journal.PutSnapshot(data)
}

// sinceSnapshot returns how much of the way from the last snapshot to the next has been gone, if that is as long as the one
// before; without a snapshot it is 1.
func (s *station) sinceSnapshot() float64 {
	if s.snapshotEvery == 0 {
		return 1
	}
	return float64(s.attempt.Seq-s.snapshotAt) / float64(s.snapshotEvery)
}

// await waits until all is acknowledged but the last few records, and returns when that was told.
func (s *station) await(but uint64) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.durable+but < s.attempt.Seq && s.trouble == nil {
		s.changed.Wait()
	}
	if s.trouble != nil {
		return time.Time{}, fmt.Errorf("the disk does not take records: %w", s.trouble)
	}
	return s.at, nil
}
