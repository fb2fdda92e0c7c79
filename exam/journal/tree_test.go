package journal_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Every checkpoint that was given out is consistent with what the journal holds at the end, and provably so. R22
func TestProveTree(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		var mu sync.Mutex
		var points []stream.Checkpoint
		opt := l.options(under, "")
		opt.OnCheckpoint = func(c stream.Checkpoint) {
			mu.Lock()
			defer mu.Unlock()
			points = append(points, c)
		}
		j, err := journal.Create(pathA, testID, opt)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 60 {
			e := l.entry(i%2, 20)
			e.Checkpoint = i%3 == 0
			l.append(t, j, e)
			synctest.Wait()
			if i == 30 {
				l.snapshot(t, j)
				closed(t, j)
				if j, err = journal.Open(pathA, opt); err != nil {
					t.Fatal(err)
				}
			}
		}
		closed(t, j)
		r, err := journal.OpenReaderFS(under, pathA, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		sum := r.Summary()
		if len(points) < 20 || len(points) != len(r.Checkpoints()) {
			t.Fatalf("%d checkpoints were given out, %d are there", len(points), len(r.Checkpoints()))
		}
		for i, c := range points {
			if c != r.Checkpoints()[i] {
				t.Errorf("checkpoint %d is another one in the file", i)
			}
			proof, err := r.ProveTree(c.Size)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckTree(proof, int64(sum.Leaves), sum.Root, int64(c.Size), c.Root); err != nil {
				t.Errorf("checkpoint of %d leaves: %v", c.Size, err)
			}
			other := c.Root
			other[3] ^= 1
			if tlog.CheckTree(proof, int64(sum.Leaves), sum.Root, int64(c.Size), other) == nil && c.Size < sum.Leaves {
				t.Errorf("a checkpoint of %d other leaves is proved", c.Size)
			}
		}
		if _, err := r.ProveTree(sum.Leaves + 1); err == nil {
			t.Error("more is proved than there is")
		}
	})
}

// A countersigned checkpoint goes into the stream; one of another log, one that this journal never gave out, and bytes that are
// none do not. R22
func TestPutCosigned(t *testing.T) {
	bubble(t, func(t *testing.T) {
		under, l := newDisk(), newLedger()
		w := stream.NewWitness("room-101", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize)))
		v, err := sharedVault().Public().Verifier()
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var points []stream.Checkpoint
		opt := l.options(under, pathB)
		opt.OnCheckpoint = func(c stream.Checkpoint) {
			mu.Lock()
			defer mu.Unlock()
			points = append(points, c)
		}
		last := func() stream.Checkpoint {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return points[len(points)-1]
		}
		j, err := journal.Create(pathA, testID, opt)
		if err != nil {
			t.Fatal(err)
		}
		cosign := func(c stream.Checkpoint) []byte {
			msg, err := w.Cosign([]byte(c.Note), v, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return msg
		}
		for range 3 {
			e := l.entry(0, 10)
			e.Checkpoint = true
			l.append(t, j, e)
			if err := j.PutCosigned(cosign(last())); err != nil {
				t.Error(err)
			}
		}
		first := points[0]
		// An older one may come late; it says nothing new, and nothing wrong.
		if err := j.PutCosigned(cosign(first)); err != nil {
			t.Error(err)
		}
		e, err := stream.NewEncoder(testID, [32]byte{}, sharedVault().Key(), stream.State{})
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			e.Run(stream.Salt{1}, time.UnixMilli(1))
		}
		ahead, err := e.Checkpoint(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		foreign, err := stream.NewEncoder("another", [32]byte{}, sharedVault().Key(), stream.State{})
		if err != nil {
			t.Fatal(err)
		}
		other, err := foreign.Checkpoint(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		wrong := first // of the right size, signed with the station's key, about another tree
		wrong.Root[0] ^= 1
		forged, err := note.Sign(&note.Note{Text: wrong.Text()}, sharedVault().Signer())
		if err != nil {
			t.Fatal(err)
		}
		wrong.Note = string(forged)
		for name, msg := range map[string][]byte{
			"another tree's": cosign(wrong), "a checkpoint never given out": cosign(ahead), "one of another log": cosign(other), "nothing": nil, "no note": []byte("x\n\ny"),
			"no countersignature": []byte(first.Text()),
		} {
			if err := j.PutCosigned(msg); !errors.Is(err, journal.ErrEntry) {
				t.Errorf("%s: %v", name, err)
			}
		}
		settle(t, j)
		closed(t, j)
		r, err := journal.OpenReaderFS(under, pathA, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		var sizes []uint64
		if err := r.Frames(func(f stream.Frame) error {
			if f.Kind == stream.KindCosigned {
				c, _, err := stream.CheckCosigned(f.Data, w.Public())
				sizes = append(sizes, c.Size)
				return err
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		r.Close()
		if len(sizes) != 4 || sizes[3] != first.Size {
			t.Errorf("checkpoints of %d leaves are countersigned", sizes)
		}
		// After a restart the witness may still answer for what was given out before.
		j, err = journal.Open(pathA, opt)
		if err != nil {
			t.Fatal(err)
		}
		settle(t, j)
		if err := j.PutCosigned(cosign(points[2])); err != nil {
			t.Errorf("a checkpoint from before the restart: %v", err)
		}
		closed(t, j)
		l.goesOn(t, under, pathB)
	})
}
