package journal_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"emtihan/exam/journal"
	"emtihan/exam/journal/disk/disktest"
)

// Everybody does everything at once, and somebody closes it in the middle. For the race detector.
func TestAllAtOnce(t *testing.T) {
	under := newDisk()
	var n atomic.Int64
	fsys := disktest.NewFault(under, func(op disktest.Op) disktest.Outcome {
		if op.Changes && n.Add(1)%53 == 0 {
			return disktest.Outcome(1 + n.Load()%6)
		}
		return disktest.OK
	})
	v := sharedVault()
	var acked atomic.Uint64
	opt := journal.Options{
		Vault: v, FS: fsys, Second: pathB, RetryEvery: time.Millisecond, CheckpointEvery: 2 * time.Millisecond,
		OnStatus: func(s journal.Status) {
			if s.Durable < acked.Load() {
				t.Errorf("durable went from %d to %d", acked.Load(), s.Durable)
			}
			acked.Store(s.Durable)
		},
		OnPlace: func(int, journal.PlaceStatus, journal.PlaceStatus) {},
	}
	j, err := journal.Create(pathA, testID, opt)
	for err != nil {
		j, err = journal.Create(pathA, testID, opt)
	}
	var all sync.WaitGroup
	stop := make(chan struct{})
	each := func(f func(i int) error) {
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := f(i); errors.Is(err, journal.ErrClosed) {
					return
				}
				time.Sleep(100 * time.Microsecond)
			}
		})
	}
	for range 3 {
		each(func(i int) error {
			_, err := j.Append(journal.Entry{Record: fmt.Appendf(nil, "record %d", i), Blobs: [][]byte{[]byte("blob")}}, journal.Entry{Record: []byte("its second")})
			return err
		})
	}
	each(func(i int) error {
		if i%20 == 0 {
			return j.PutSnapshot(fmt.Appendf(nil, "snapshot %d", i))
		}
		_ = j.WantsSnapshot()
		return nil
	})
	each(func(int) error {
		n := uint64(0)
		err := j.Records(func(seq uint64, _ []byte) error {
			if n++; n != seq {
				t.Errorf("record %d comes where %d belongs", seq, n)
			}
			return nil
		})
		if errors.Is(err, journal.ErrDamaged) {
			t.Error(err)
		}
		return nil
	})
	each(func(int) error {
		if _, err := j.Verify(); errors.Is(err, journal.ErrDamaged) {
			t.Error(err)
		}
		return nil
	})
	each(func(int) error {
		if s := j.Status(); s.Durable > s.Appended || j.Next() <= s.Durable {
			t.Errorf("%+v", s)
		}
		return nil
	})
	await(t, "400 records durable", func() bool { return acked.Load() >= 400 })
	var closing sync.WaitGroup
	for range 2 {
		closing.Go(func() { _ = j.Close() })
	}
	closing.Wait()
	close(stop)
	all.Wait()
	fsys.Set(nil)
	j, err = journal.Open(pathA, opt)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := j.Verify()
	if err != nil || sum.Records < acked.Load() {
		t.Errorf("%d records acknowledged, %d there: %v", acked.Load(), sum.Records, err)
	}
	await(t, "both places", func() bool {
		s := j.Status()
		return s.Places[0].Durable == s.Appended && s.Places[1].Durable == s.Appended
	})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	var last journal.Summary
	for i, p := range []string{pathA, pathB} {
		r, err := journal.OpenReaderFS(under, p, v, false)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && r.Summary() != last {
			t.Errorf("the places differ: %+v, %+v", last, r.Summary())
		}
		last = r.Summary()
		r.Close()
	}
}
