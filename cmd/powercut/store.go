package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/vault"
)

// This file has all uses of the journal and its vault.

const suffix = ".journal"

// store is the data folder of a station: its keys and its journals, which may have a second place. Here that is on the same
// disk, because a power cut meets both.
type store struct {
	dir    string
	second string // folder of the second place, or empty
	vault  *vault.Vault
}

// openStore opens the folder as a station does at its start: what is missing is made.
func openStore(dir string, second bool) (*store, error) {
	v, err := vault.Open(dir, vault.Options{Credentials: "-"})
	if err != nil {
		return nil, err
	}
	s := &store{dir: dir, vault: v}
	if second {
		s.second = filepath.Join(dir, "second")
		if err := os.MkdirAll(s.second, 0o700); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// names returns the journals of both places.
func (s *store) names() ([]string, error) {
	var names []string
	for _, dir := range []string{s.dir, s.second} {
		if dir == "" {
			continue
		}
		paths, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			names = append(names, strings.TrimSuffix(filepath.Base(p), suffix))
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (s *store) path(name string) string { return filepath.Join(s.dir, name+suffix) }

func (s *store) options(name string, acknowledged func(uint64)) journal.Options {
	last := uint64(0)
	opt := journal.Options{
		Vault: s.vault,
		OnStatus: func(st journal.Status) {
			if st.Durable > last {
				last = st.Durable
				acknowledged(last)
			}
		},
		// A cut shall often meet a checkpoint; a station signs one at every change of state, too.
		CheckpointEvery: time.Second,
	}
	if s.second != "" {
		opt.Second = filepath.Join(s.second, name+suffix)
	}
	return opt
}

// create makes a journal. acknowledged is called by the journal's writer with the number of the last durable record.
func (s *store) create(name string, acknowledged func(uint64)) (*log, error) {
	j, err := journal.Create(s.path(name), name, s.options(name, acknowledged))
	if err != nil {
		return nil, err
	}
	return &log{name: name, journal: j}, nil
}

// open opens a journal that stands, and mends what a cut has torn.
func (s *store) open(name string, acknowledged func(uint64)) (*log, error) {
	j, err := journal.Open(s.path(name), s.options(name, acknowledged))
	if err != nil {
		return nil, err
	}
	return &log{name: name, journal: j}, nil
}

// log is an open journal with the records of load.go.
type log struct {
	name    string
	journal *journal.Journal
}

// next returns the number of the next record.
func (l *log) next() uint64 { return l.journal.Next() }

// snapshotEvery is a number of records. It is much smaller than a station's, so that cuts meet snapshots.
const snapshotEvery = 150

// write queues the next n records, each as the station does: alone, with its blob, and now and then the state behind it.
func (l *log) write(n int) error {
	for range n {
		number := l.next()
		record, blob := numbered(l.name, number)
		e := journal.Entry{Record: record}
		if blob != nil {
			e.Blobs = [][]byte{blob}
			e.Checkpoint = true
		}
		if _, err := l.journal.Append(e); err != nil {
			return err
		}
		if number%snapshotEvery == 0 {
			if err := l.journal.PutSnapshot(snapshotOf(l.name, number)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *log) close() error { return l.journal.Close() }

// resume reads what a station reads before the candidate can go on: the snapshot and the records after it.
func (l *log) resume() error {
	data, at := l.journal.Snapshot()
	if data != nil && !bytes.Equal(data, snapshotOf(l.name, at)) {
		return fmt.Errorf("the snapshot behind record %d has changed", at)
	}
	err := l.journal.Replay(func(seq uint64, data []byte) error {
		if at++; seq != at {
			return fmt.Errorf("record %d follows record %d", seq, at-1)
		}
		_, err := exam.DecodeRecord(data)
		return err
	})
	if err == nil && at+1 != l.next() {
		err = fmt.Errorf("the last record is %d, and the next one would be %d", at, l.next())
	}
	return err
}

// contents verifies and reads all records with their blobs, and returns their number and sum.
func (l *log) contents() (uint64, string, error) {
	sum, err := l.journal.Verify()
	if err != nil {
		return 0, "", err
	}
	blobs := make(map[string][]byte)
	err = l.journal.Blobs(func(sum journal.Hash, blob []byte) error {
		blobs[string(sum[:])] = bytes.Clone(blob)
		return nil
	})
	if err != nil {
		return 0, "", err
	}
	n, d := uint64(0), newDigest()
	err = l.journal.Records(func(seq uint64, data []byte) error {
		if n++; seq != n {
			return fmt.Errorf("record %d follows record %d", seq, n-1)
		}
		d.add(data)
		r, err := exam.DecodeRecord(data)
		if err != nil {
			return fmt.Errorf("record %d: %w", seq, err)
		}
		if e, ok := r.Event.(exam.FaceChecked); ok {
			blob, ok := blobs[string(e.Frame)]
			if !ok || sha256.Sum256(blob) != [32]byte(e.Frame) {
				return fmt.Errorf("the blob of record %d is missing", seq)
			}
			d.add(blob)
		}
		return nil
	})
	if err == nil && (n != sum.Records || n+1 != l.next()) {
		err = fmt.Errorf("%d records are there, %d are verified, and the next one would be %d", n, sum.Records, l.next())
	}
	return n, d.text(), err
}

// recovered opens and reads a journal as a station does that starts again, then all of it, and says what is there.
func (s *store) recovered(name string) message {
	begin := time.Now()
	l, err := s.open(name, func(uint64) {})
	if err != nil {
		return message{Kind: sayUnreadable, Journal: name, Text: err.Error()}
	}
	m := message{Kind: sayFound, Journal: name}
	err = l.resume()
	m.Micros = time.Since(begin).Microseconds()
	if err == nil {
		m.Number, m.Digest, err = l.contents()
	}
	if err = errors.Join(err, l.close()); err != nil {
		return message{Kind: sayUnreadable, Journal: name, Text: err.Error()}
	}
	return m
}
