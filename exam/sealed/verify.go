package sealed

import (
	"errors"
	"io"
	"slices"

	"emtihan/exam"
	"emtihan/exam/journal"
)

// Report says what a whole sealed log holds.
type Report struct {
	Seal        SealText
	First, Last exam.Stamp       // of the first and the last record; zero where there is none
	Opened      *exam.Opened     // an attempt's first event, or nil
	Room        *exam.RoomOpened // a room's first event, or nil
	Missing     []journal.Hash   // blobs that records name and that the journal did not hold, in the order of the records
	KeyCompared bool             // the key is one of those that were asked for
}

// Verify reads a sealed log to its end and checks every byte of it, in memory of the size of one section. Where trusted keys
// are given, one of them must have sealed it. It returns an *Error, which matches ErrNotWhole, where the file is not whole or
// sealed by another key; any other error is r's, and then nothing is known about the file.
//
// With CodeOtherKey the report is complete too: the file is whole, but made by somebody else.
func Verify(r io.Reader, trusted ...PublicKey) (Report, error) {
	var rep Report
	f, err := Open(r)
	if err != nil {
		return rep, err
	}
	var named []journal.Hash
	waiting := make(map[journal.Hash]bool)
	var s Section
	for s, err = f.Next(); err == nil; s, err = f.Next() {
		if s.Place == PlaceBlob {
			delete(waiting, s.Hash)
			continue
		}
		if s.Number == 1 {
			rep.First = s.Record.Stamp
			switch e := s.Record.Event.(type) {
			case exam.Opened:
				rep.Opened = &e
			case exam.RoomOpened:
				rep.Room = &e
			}
		}
		rep.Last = s.Record.Stamp
		if h, ok := BlobOf(s.Record.Event); ok && !waiting[h] {
			waiting[h] = true
			named = append(named, h)
		}
	}
	if !errors.Is(err, io.EOF) {
		return Report{}, err
	}
	for _, h := range named {
		if waiting[h] {
			rep.Missing = append(rep.Missing, h)
		}
	}
	rep.Seal, _ = f.Seal()
	if len(trusted) > 0 {
		if !slices.Contains(trusted, rep.Seal.Key) {
			return rep, &Error{Code: CodeOtherKey, Place: PlaceSeal, Offset: rep.Seal.Bytes, Why: "it was sealed with a key that is not the expected one"}
		}
		rep.KeyCompared = true
	}
	return rep, nil
}

// BlobOf returns the hash of the blob that the event names and that lies in the same log: a registered photo, the frame of a
// face check, or a printed act.
func BlobOf(e exam.Event) (journal.Hash, bool) {
	var sum []byte
	switch e := e.(type) {
	case exam.Opened:
		sum = e.Photo
	case exam.FaceChecked:
		sum = e.Frame
	case exam.ActDrawn:
		sum = e.Digest
	}
	if len(sum) != hashSize {
		return journal.Hash{}, false
	}
	return journal.Hash(sum), true
}
