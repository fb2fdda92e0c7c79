package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
	"emtihan/exam/sealed"
	"emtihan/exam/vault"
)

// shown is a log whose content is shown: a sealed file, or a journal as it lies on a computer.
type shown struct {
	headline string
	bad      error // why a sealed file is not as it should be; it is shown as far as it is whole
	each     func(func(sealed.Section) error) error
	close    func() error
}

// openShown opens a log. The error is one of package journal or of the file system, or a *lockedError.
func (e *env) openShown(path string, a access, keys []vault.PublicKey) (*shown, error) {
	opener, err := a.opener()
	if err != nil {
		return nil, err
	}
	if filepath.Ext(path) == ".journal" {
		return e.openShownJournal(path, opener)
	}
	rep, bad := verifyFile(path, sealed.Options{Opener: opener, Keys: keys})
	s := &shown{bad: bad}
	var wrong *sealed.Error
	switch {
	case bad == nil:
		s.headline = e.whole(path, rep)
	case errors.As(bad, &wrong):
		s.headline, _ = e.complain(path, bad)
	default:
		return nil, bad
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s.close = f.Close
	s.each = func(do func(sealed.Section) error) error {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		log, err := sealed.Open(f, opener)
		if err != nil {
			return err
		}
		if log.KeyErr() != nil {
			return &lockedError{log.Header().Wraps, log.KeyErr()}
		}
		for {
			sec, err := log.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil {
				err = do(sec)
			}
			if err != nil {
				return err
			}
		}
	}
	return s, nil
}

func (e *env) openShownJournal(path string, opener vault.Opener) (*shown, error) {
	if opener == nil {
		if v, err := vault.OpenExisting(dataFolder(path), vault.Options{}); err == nil {
			opener = v
		}
	}
	r, err := journal.OpenReader(path, opener)
	if err != nil {
		return nil, err
	}
	header, _ := r.Header()
	if err := r.KeyErr(); err != nil {
		r.Close()
		return nil, &lockedError{header.Wraps, err}
	}
	sum := r.Summary()
	return &shown{
		headline: e.say("unsealed", "File", path, "ID", clean(sum.ID), "Number", sum.Records),
		close:    r.Close,
		each: func(do func(sealed.Section) error) error {
			return r.Frames(func(f stream.Frame) error {
				s := sealed.Section{Frame: f}
				switch f.Kind {
				case stream.KindRecord:
					rec, err := exam.DecodeRecord(f.Data)
					if err != nil {
						return fmt.Errorf("record %d: %w", f.Number, err)
					}
					s.Record = &rec
				case stream.KindBlob:
					s.Hash = sha256.Sum256(f.Data)
				}
				return do(s)
			})
		},
	}, nil
}
