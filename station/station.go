// Package station is the candidate's program: it puts the attempt that package session owns on the screen, asks the camera
// who sits there, and lets the administrator decide with a code.
//
// Everything that the window shows follows from one immutable [session.View] and the interface language; see [ui.pick].
package station

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"emtihan/assets"
	"emtihan/assets/locales"
	"emtihan/devices/camera"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"
	"emtihan/proctor/identity"
	"emtihan/station/item/media"
	"emtihan/station/problem"
	"emtihan/station/session"
)

// Version is the program's version, for the log.
const Version = "0.1.0"

// Options say where the station finds what it needs.
type Options struct {
	Data    string // folder of the journals
	Second  string // folder on another disk or a stick that keeps them, too; empty: none
	Reserve int64  // bytes of space that are kept back in both folders for a full disk
	Keys    string // folder of systemd credentials with the station's keys; empty: $CREDENTIALS_DIRECTORY or the data folder
	Session string // the session's file; profiles/ID.toml, papers/ID.toml and papers/ID/ with its media beside it come before the built-in ones
	Name    string // name of the station in the log
	Camera  string // device number, file or URL
	Desk    string // the camera over the desk, likewise; empty: none
	Models  string // folder of the face models
	Room    string // socket of the administrator's computer; empty: none
	Witness string // diagnostics file, see witness.go; empty: none
	Lang    locales.Lang
	Scale   float32 // text size, 1–2
	Window  bool    // a window instead of the full screen
}

// setup is what a station has read before it starts.
type setup struct {
	opt     Options
	session *exam.Session
	profile *exam.Profile
	paper   *exam.Paper // nil: it is sealed still
	media   *media.Set
	parcel  *sealedExam       // nil: profile and paper stand in the open
	photos  map[string][]byte // of the signed list of candidates, by name; nil: they lie beside the session
	vault   *vault.Vault
	journal journal.Options
	// What could not be set aside, one error or nil for each place.
	shortage []error
	lock     *os.File
}

// prepare reads and checks everything and takes the data folder. Its errors are *problem.Error.
func prepare(opt Options) (*setup, error) {
	s, err := read(opt)
	if err != nil {
		return nil, err
	}
	return s, s.takeFolder()
}

// read reads and checks the session and what it names. Its errors are *problem.Error.
func read(opt Options) (*setup, error) {
	s := &setup{opt: opt}
	if err := s.readSession(); err != nil {
		return nil, err
	}
	if len(s.session.Recipients) > 0 {
		if err := vault.CheckRecipients(s.session.Recipients); err != nil {
			return nil, problem.New(problem.SessionDamaged, fmt.Errorf("nct_recipients: %w", err))
		}
	}
	for _, c := range s.session.Candidates {
		if _, err := s.photo(c); err != nil {
			return nil, err
		}
	}
	if s.session.Parcel != "" {
		return s, s.inspectParcel()
	}
	data, err := s.source("profiles", s.session.Profile)
	if err == nil {
		s.profile, err = exam.ParseProfile(exam.Trim(data))
	}
	if err == nil && s.profile.ID != s.session.Profile {
		err = fmt.Errorf("the session asks for the profile %q, the file holds %q", s.session.Profile, s.profile.ID)
	}
	if err != nil {
		return nil, problem.New(problem.ProfileDamaged, err)
	}
	if data, err = s.source("papers", s.session.Paper); err == nil {
		s.paper, err = exam.ParsePaper(exam.Trim(data))
	}
	if err == nil && s.paper.ID != s.session.Paper {
		err = fmt.Errorf("the session asks for the paper %q, the file holds %q", s.session.Paper, s.paper.ID)
	}
	if err != nil {
		return nil, problem.New(problem.PaperDamaged, err)
	}
	// All of it, down to the last second of a sound, is decoded by Check the day before.
	if s.media, err = media.Load(s.paper, s.medium, false); err != nil {
		return nil, problem.New(problem.PaperDamaged, err)
	}
	return s, s.fits(s.profile, s.paper)
}

// fits holds profile, paper and candidates against each other.
func (s *setup) fits(profile *exam.Profile, paper *exam.Paper) error {
	if err := profile.Fits(paper); err != nil {
		return problem.New(problem.ProfileDamaged, err)
	}
	for _, c := range s.session.Candidates {
		if c.ExtraMinutes > profile.Extra.MaxMinutes {
			return problem.New(problem.SessionDamaged,
				fmt.Errorf("candidate %s has %d extra minutes, the profile allows %d (R2)", c.Name, c.ExtraMinutes, profile.Extra.MaxMinutes))
		}
		if !paper.HasLanguage(c.Language) {
			return problem.New(problem.PaperDamaged, fmt.Errorf("paper %q does not exist in the exam language %q of a candidate", paper.ID, c.Language))
		}
	}
	return nil
}

func (s *setup) source(folder, id string) ([]byte, error) {
	path := filepath.Join(filepath.Dir(s.opt.Session), folder, id+".toml")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return assets.Source(folder, id)
	}
	return data, err
}

// medium reads a file of the paper's media.
func (s *setup) medium(file string) ([]byte, error) {
	path := filepath.Join(filepath.Dir(s.opt.Session), "papers", s.paper.ID, file)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return assets.Medium(s.paper.ID, file)
	case err != nil:
		return nil, err
	case info.Size() > media.MaxBytes:
		return nil, fmt.Errorf("%s has %d bytes, more than %d", path, info.Size(), media.MaxBytes)
	}
	return os.ReadFile(path)
}

func (s *setup) photo(c exam.Candidate) ([]byte, error) {
	if s.photos != nil {
		data, ok := s.photos[c.Photo]
		if !ok {
			return nil, problem.New(problem.PhotoMissing, fmt.Errorf("the list of candidates has no photo %q", c.Photo))
		}
		return data, nil
	}
	data, err := os.ReadFile(filepath.Join(filepath.Dir(s.opt.Session), c.Photo))
	if err != nil {
		return nil, problem.New(problem.PhotoMissing, err)
	}
	return data, nil
}

// takeFolder makes the data folder, takes it for this process, and tries whether the disk takes a file.
func (s *setup) takeFolder() error {
	if err := os.MkdirAll(s.opt.Data, 0o700); err != nil {
		return problem.New(problem.Of(err), err)
	}
	f, err := os.OpenFile(filepath.Join(s.opt.Data, "station.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return problem.New(problem.Of(err), err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return problem.New(problem.SecondInstance, fmt.Errorf("%s: %w", f.Name(), err))
	}
	s.lock = f
	if s.vault, err = vault.Open(s.opt.Data, vault.Options{Recipients: s.session.Recipients, Credentials: s.opt.Keys}); err != nil {
		f.Close()
		return problem.New(problem.Of(err), err)
	}
	probe := filepath.Join(s.opt.Data, "probe.tmp")
	err = os.WriteFile(probe, make([]byte, 1<<20), 0o600)
	os.Remove(probe)
	if err != nil {
		f.Close()
		return problem.New(problem.Of(err), err)
	}
	s.keepReserve()
	return nil
}

// keepReserve sets space aside in both places. Where that cannot be had the exam is held all the same, and `station check`
// says so.
func (s *setup) keepReserve() {
	s.journal = journal.Options{Vault: s.vault}
	if s.opt.Reserve <= 0 {
		return
	}
	s.journal.Reserve = filepath.Join(s.opt.Data, reserveFile)
	s.shortage = append(s.shortage, disk.Reserve(disk.OS, s.journal.Reserve, s.opt.Reserve))
	if s.opt.Second != "" {
		s.journal.SecondReserve = filepath.Join(s.opt.Second, reserveFile)
		s.shortage = append(s.shortage, disk.Reserve(disk.OS, s.journal.SecondReserve, s.opt.Reserve))
	}
}

// reserveFile holds the space that is given up when a disk is full.
const reserveFile = "space.reserve"

func (s *setup) release() { s.lock.Close() }

// start starts the actor; the callbacks may be nil.
func (s *setup) start(onEvent func(exam.Recorded, *exam.Attempt, [][]byte), onCheckpoint func(string, stream.Checkpoint)) (*session.Actor, error) {
	host, _ := os.Hostname()
	profile, sealed, kept := s.profile, "", false
	if s.parcel != nil {
		sealed = fmt.Sprintf("%s %x", s.parcel.outer.ID, s.parcel.outer.Digest)
		var err error
		if kept, err = s.unsealAgain(); err != nil {
			slog.Warn("the kept release key does not open the package; it is asked for again", "error", err)
		}
		if profile = s.profile; !kept {
			profile = nil
		}
	}
	cfg := session.Config{
		Dir: s.opt.Data, Session: s.session, Profile: profile, Paper: s.paper, Parcel: sealed, Released: s.released,
		Station: s.opt.Name, Software: "emtihan-station " + Version, Host: host,
		Photo: s.photo, OnEvent: onEvent, OnCheckpoint: onCheckpoint, Journal: s.journal, Second: s.opt.Second,
	}
	actor, err := session.Start(cfg)
	if err == nil && kept && actor.View().Attempt == nil && s.parcel.outer.At(time.Now()) != nil {
		// The key was kept for an attempt that would be open: this computer was switched off before it was forgotten.
		if err = actor.Close(); err == nil {
			s.drop()
			cfg.Profile, cfg.Paper = nil, nil
			actor, err = session.Start(cfg)
		}
	}
	if err != nil {
		return nil, problem.New(problem.Of(err), err)
	}
	return actor, nil
}

// Check reads everything that the station will need, prints what is wrong in all three languages, and returns the exit
// code that the station would end with. It changes no attempt: one that was left open stays as it is.
func Check(opt Options, out io.Writer) int {
	s, err := prepare(opt)
	if err != nil {
		explain(out, err)
		return problem.Of(err).Exit()
	}
	defer s.release()
	if s.parcel != nil {
		return s.checkSealed(out)
	}
	if _, err := media.Load(s.paper, s.medium, true); err != nil {
		err = problem.New(problem.PaperDamaged, err)
		explain(out, err)
		return problem.Of(err).Exit()
	}
	if err := s.readAttempts(); err != nil {
		explain(out, err)
		return problem.Of(err).Exit()
	}
	for _, l := range locales.All {
		fmt.Fprintln(out, locales.T(l, "station.check.ok", "Candidates", len(s.session.Candidates), "Items", len(s.paper.Items())))
		if s.vault.Exposed() {
			fmt.Fprintln(out, locales.T(l, "station.check.exposed"))
		}
	}
	return problem.ExitOK
}

// CheckFaces loads the face models, tries the registered photo of every candidate, and opens the camera; it prints what is
// wrong in all three languages. The station starts without any of them, since an administrator can identify by document,
// so its exit code is one of its own.
func CheckFaces(opt Options, out io.Writer) int {
	s, err := read(opt)
	if err != nil {
		explain(out, err)
		return problem.Of(err).Exit()
	}
	var wrong []error
	verifier, err := identity.Load(opt.Models)
	if err != nil {
		wrong = append(wrong, problem.New(problem.ModelsMissing, err))
	} else {
		defer verifier.Close()
		for _, c := range s.session.Candidates {
			photo, err := s.photo(c)
			if err == nil && !sayPhoto(out, c.Name, verifier.PhotoCheck(photo)) {
				err = errors.New("faces cannot be compared with the photo")
			}
			if err != nil {
				wrong = append(wrong, problem.New(problem.PhotoMissing, fmt.Errorf("%s: %w", c.Name, err)))
			}
		}
	}
	for _, source := range []string{opt.Camera, opt.Desk} {
		if source == "" && source != opt.Camera {
			continue // no camera stands over the desk
		}
		cam, err := camera.Open(context.Background(), source)
		if err != nil {
			wrong = append(wrong, problem.New(problem.CameraMissing, err))
		} else {
			cam.Close()
		}
	}
	for _, err := range wrong {
		explain(out, err)
	}
	if len(wrong) > 0 {
		return problem.ExitNoFaces
	}
	for _, l := range locales.All {
		fmt.Fprintln(out, locales.T(l, "station.check.faces"))
	}
	return problem.ExitOK
}

// readAttempts reads the logs that the session has here, as the actor will before it takes one up again.
func (s *setup) readAttempts() error {
	folder := filepath.Join(s.opt.Data, "attempts", s.session.ID)
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return problem.New(problem.Of(err), err)
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".journal" {
			continue
		}
		path := filepath.Join(folder, e.Name())
		r, err := journal.OpenReader(path, s.vault)
		if err == nil {
			if _, err = session.Fold(r, s.paper); err != nil {
				err = &session.DamagedAttemptError{Path: path, Err: err}
			}
			r.Close()
		}
		if err != nil {
			return problem.New(problem.Of(err), err)
		}
	}
	return nil
}

func explain(out io.Writer, err error) {
	code := problem.Of(err)
	for _, l := range locales.All {
		fmt.Fprintf(out, "%s %s\n", locales.T(l, "problem."+string(code)+".what"), locales.T(l, "problem."+string(code)+".do"))
	}
	fmt.Fprintln(out, err)
}
