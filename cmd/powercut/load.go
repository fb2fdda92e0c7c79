package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math/rand/v2"
	"strings"

	"emtihan/exam"
)

const blobSize = 20_000 // bytes of a face frame

// letters are what the candidate types: Kazakh, so that runes have two bytes.
var letters = []rune("аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя ,.")

// numbered returns record n, from 1, of the journal, and the blob that it names, if it names one. It follows from its
// arguments alone. The mix is that of a candidate who writes an essay: mostly single letters, now and then a mark, a
// paste or a face check.
func numbered(journal string, n uint64) (record, blob []byte) {
	key := sha256.Sum256(fmt.Appendf(nil, "%s/%d", journal, n))
	r := rand.New(rand.NewChaCha8(key))
	text := func(runes int) string {
		var b strings.Builder
		for range runes {
			b.WriteRune(letters[r.IntN(len(letters))])
		}
		return b.String()
	}
	var event exam.Event
	switch choice := r.IntN(1000); {
	case n == 1:
		event = exam.Opened{
			Attempt: journal, Session: "2026-08-doctoral", Centre: "Алматы", Room: "101", Station: "101-1",
			Candidate: exam.Candidate{}, Profile: []byte(text(2000)), Paper: hex.EncodeToString(key[:]), PaperID: "doctoral-demo", Photo: key[:],
		}
	case n == 2 || choice < 2:
		event = exam.RunStarted{Software: "powercut", Host: "guest"}
	case choice < 20:
		blob = make([]byte, blobSize)
		for i := 0; i+8 <= len(blob); i += 8 {
			binary.LittleEndian.PutUint64(blob[i:], r.Uint64())
		}
		sum := sha256.Sum256(blob)
		event = exam.FaceChecked{
			Purpose: exam.PurposeReturn, Verdict: exam.VerdictAccepted, Reason: "match", Score: r.Float64(), Threshold: 0.36,
			Liveness: r.Float64(), LivenessThreshold: 0.5, Frames: 5, Millis: 900, Frame: sum[:], Box: [4]int{10, 20, 200, 200}, Camera: "/dev/video0",
		}
	case choice < 50:
		event = exam.Chosen{Item: fmt.Sprintf("P%02d", r.IntN(50)), Options: []string{string("ABCD"[r.IntN(4)])}}
	case choice < 55:
		event = exam.Edited{Item: "E1", Position: r.IntN(5000), Removed: r.IntN(50), Inserted: text(100 + r.IntN(900))}
	case choice < 130:
		event = exam.Edited{Item: "E1", Position: r.IntN(5000), Removed: 1}
	case choice < 180:
		event = exam.Ticked{}
	default:
		event = exam.Edited{Item: "E1", Position: r.IntN(5000), Inserted: text(1)}
	}
	stamp := exam.Stamp{Wall: 1_786_000_000_000 + int64(n)*180, Run: 1, Mono: int64(n) * 180}
	record, err := exam.EncodeRecord(exam.Recorded{Seq: n, Stamp: stamp, Event: event})
	if err != nil {
		panic(err) // the events above are of this program
	}
	return record, blob
}

// snapshotOf returns the state that stands behind record n of the journal: a text about as long as an essay grows.
func snapshotOf(journal string, n uint64) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/state/%d", journal, n))
	return bytes.Repeat(sum[:], int(1+n/8%300))
}

// digest is a sum over records and their blobs that two sides can compare.
type digest struct{ hash.Hash }

func newDigest() digest { return digest{sha256.New()} }

func (d digest) add(data []byte) {
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(data)))
	d.Write(length[:])
	d.Write(data)
}

func (d digest) text() string { return hex.EncodeToString(d.Sum(nil)) }

// digestOf returns the sum of the first n records of the journal as they were written, each with its blob.
func digestOf(journal string, n uint64) string {
	d := newDigest()
	for i := range n {
		record, blob := numbered(journal, i+1)
		d.add(record)
		if blob != nil {
			d.add(blob)
		}
	}
	return d.text()
}
