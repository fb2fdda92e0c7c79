package station

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"emtihan/exam/roster"
	"emtihan/exam/vault"
	"emtihan/station/problem"
)

// readSession reads the session, and its candidates from the signed list where it names one (R8, R9, R27).
func (s *setup) readSession() error {
	loaded, list, err := roster.LoadSession(s.opt.Session, s.opt.Keys, s.opt.Data)
	if err == nil && list != nil {
		s.session = loaded
		// Days before the exam it is as it should be, and an attempt that has begun goes on whatever the computer's date says.
		if e := list.Outer.At(time.Now()); roster.PackErrorCode(e) == roster.PackExpired && !s.hasAttempts() {
			err = e
		}
	}
	var missing *fs.PathError
	switch {
	case errors.As(err, &missing) && filepath.Base(missing.Path) == roster.IdentityFile:
		return problem.New(problem.KeysDamaged, fmt.Errorf("%w: %w", vault.ErrNoKey, err))
	case err != nil:
		return problem.New(problem.SessionDamaged, err)
	}
	if s.session = loaded; list != nil {
		s.photos = list.Photos
	}
	return nil
}

// hasAttempts reports whether the session has begun at this station.
func (s *setup) hasAttempts() bool {
	list, err := filepath.Glob(filepath.Join(s.opt.Data, "attempts", s.session.ID, "*.journal"))
	return err == nil && len(list) > 0
}
