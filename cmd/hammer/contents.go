package main

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
)

// contents says what a journal of the kill test holds. All of it follows from a seed, the journal's name and a record's number,
// and for a record also from the run of the program that wrote it: of two ways that a journal could have gone, only one holds
// what was acknowledged. So writer and judge need not tell each other.
type contents struct {
	seed uint64
	name string
}

// The streams of random numbers.
const (
	ofUnit = iota
	ofRecord
	ofBlobs
	ofSnapshot
)

func (c contents) random(stream, n, run uint64) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%s/%d", c.seed, c.name, stream)
	return rand.New(rand.NewPCG(h.Sum64(), n<<24^run))
}

// unit returns how many records are appended in one call if the first of them is record n, from 1.
func (c contents) unit(n uint64) uint64 {
	r := c.random(ofUnit, n, 0)
	if r.IntN(4) > 0 {
		return 1
	}
	return 2 + r.Uint64N(6)
}

// boundary returns the last number up to most with which a unit ends; it may be 0.
func (c contents) boundary(most uint64) (end uint64) {
	for {
		next := end + c.unit(end+1)
		if next > most {
			return end
		}
		end = next
	}
}

// record returns record n as a run of the program writes it: the run and noise.
func (c contents) record(n, run uint64) []byte {
	r := c.random(ofRecord, n, run)
	size := 40 + r.IntN(80)
	if r.IntN(50) == 0 {
		size += r.IntN(20_000)
	}
	return noise(r, binary.AppendUvarint(nil, run), size)
}

// runOf returns the run that a record claims to be of.
func runOf(record []byte) (run uint64, ok bool) {
	run, n := binary.Uvarint(record)
	return run, n > 0
}

// blobs returns what is appended with record n.
func (c contents) blobs(n uint64) [][]byte {
	r := c.random(ofBlobs, n, 0)
	switch i := r.IntN(2000); {
	case i == 0:
		// Longer than the step by which a file grows.
		return [][]byte{noise(r, nil, 1<<20+r.IntN(1<<20))}
	case i < 40:
		return [][]byte{noise(r, nil, r.IntN(60_000))}
	case i < 50:
		return [][]byte{noise(r, nil, 1+r.IntN(9000)), {}, noise(r, nil, 1+r.IntN(9000))}
	}
	return nil
}

// checkpoint reports whether a checkpoint is asked for with record n.
func (c contents) checkpoint(n uint64) bool { return c.random(ofUnit, n, 1).IntN(40) == 0 }

// snapshotDue reports whether the program takes a snapshot after record n although the journal does not want one.
func (c contents) snapshotDue(n uint64) bool { return c.random(ofSnapshot, n, 0).IntN(200) == 0 }

// snapshot returns the program's state after record n.
func (c contents) snapshot(n uint64) []byte {
	r := c.random(ofSnapshot, n, 1)
	return noise(r, binary.AppendUvarint(nil, n), r.IntN(30_000))
}

// noise appends size bytes to b.
func noise(r *rand.Rand, b []byte, size int) []byte {
	for end := len(b) + size; len(b) < end; {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], r.Uint64())
		b = append(b, word[:min(8, end-len(b))]...)
	}
	return b
}
