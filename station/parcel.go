package station

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/parcel"
	"emtihan/exam/vault"
	"emtihan/station/item/media"
	"emtihan/station/problem"
	"emtihan/station/session"

	"golang.org/x/crypto/chacha20poly1305"
)

// sealedExam is an exam that lies on this station as a sealed package (see docs/exam-package.md).
type sealedExam struct {
	path  string
	keys  []vault.PublicKey // of NCT
	outer *parcel.Outer

	// What stands in the field of the release key, and why it was refused: who changes the language because a message cannot be
	// read must find both again.
	typed   string
	refusal error
	// While the package is being opened nothing of it is dropped and it is not opened twice. The screen may be made anew
	// meanwhile, so that say is the present one's.
	opening bool
	say     func(error)

	end *shownEnd // what stood on the screen when the station was switched off; nil: no end of an attempt
	// How the content came to be open; nil: it is not. The actor reads it while the window goes on.
	release atomic.Pointer[exam.Released]
}

// shownEnd is the end of an attempt whose seat was not freed before the station was switched off.
type shownEnd struct {
	iin string
	key parcel.ReleaseKey // that was kept
}

// signers reads NCT's public keys of the session.
func (s *setup) signers() ([]vault.PublicKey, error) {
	var out []vault.PublicKey
	for i, line := range s.session.Signers {
		key, err := vault.ParsePublicKey(line)
		if err != nil {
			return nil, problem.New(problem.SessionDamaged, fmt.Errorf("nct_signers, key %d: %w", i+1, err))
		}
		out = append(out, key)
	}
	return out, nil
}

// inspectParcel checks everything about the session's package that can be checked without its release key, and that it is the
// one that the session means. One whose time has not come is as it should be.
func (s *setup) inspectParcel() error {
	keys, err := s.signers()
	if err != nil {
		return err
	}
	x := &sealedExam{path: filepath.Join(filepath.Dir(s.opt.Session), s.session.Parcel), keys: keys}
	f, err := os.Open(x.path)
	if err != nil {
		return problem.New(problem.PaperDamaged, err)
	}
	defer f.Close() // only read from
	if x.outer, err = parcel.Inspect(f, parcel.Options{Keys: keys}); err != nil {
		return problem.New(problem.PaperDamaged, fmt.Errorf("%s: %w", x.path, err))
	}
	if x.outer.Profile != s.session.Profile || x.outer.Paper != s.session.Paper {
		return problem.New(problem.SessionDamaged, fmt.Errorf("the session asks for the profile %q and the paper %q, %s holds %q and %q",
			s.session.Profile, s.session.Paper, x.path, x.outer.Profile, x.outer.Paper))
	}
	for _, c := range s.session.Candidates {
		if _, ok := x.outer.Title[c.Language]; !ok {
			return problem.New(problem.PaperDamaged, fmt.Errorf("paper %q does not exist in the exam language %q of a candidate", x.outer.Paper, c.Language))
		}
	}
	s.parcel = x
	s.profile = &exam.Profile{ID: x.outer.Profile, Title: x.outer.Title} // all that may be known of it
	return nil
}

// unseal opens the package: into memory, and nowhere else. A zero now asks nothing of the date.
func (s *setup) unseal(key parcel.ReleaseKey, now time.Time) error {
	f, err := os.Open(s.parcel.path)
	if err != nil {
		return problem.New(problem.PaperDamaged, err)
	}
	defer f.Close() // only read from
	c, err := parcel.Open(f, key, parcel.Options{Keys: s.parcel.keys, Now: now})
	if err != nil {
		return err
	}
	if c.Outer.Digest != s.parcel.outer.Digest {
		return &parcel.Error{Code: parcel.CodeChanged, Why: "it is another file than the one that was checked when the station started"}
	}
	set, err := media.Load(c.Paper, func(file string) ([]byte, error) {
		data, ok := c.Source.Media[file]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return data, nil
	}, false)
	if err != nil {
		return problem.New(problem.PaperDamaged, err)
	}
	if err := s.fits(c.Profile, c.Paper); err != nil {
		return err
	}
	clear(c.Source.Paper)
	s.profile, s.paper, s.media = c.Profile, c.Paper, set
	return nil
}

// drop forgets what was opened. The runtime is asked to take the memory back at once; what it has copied meanwhile may stay in
// it until it is used again, as docs/exam-package.md says.
func (s *setup) drop() {
	if s.parcel == nil || s.paper == nil {
		return
	}
	s.paper, s.media = nil, nil
	s.parcel.release.Store(nil)
	s.profile = &exam.Profile{ID: s.parcel.outer.Profile, Title: s.parcel.outer.Title}
	s.forgetKey()
	runtime.GC()
	debug.FreeOSMemory()
}

// note remembers how the content came to be open just now, for the log of each attempt.
func (s *setup) note(means exam.ReleaseMeans) {
	s.parcel.release.Store(&exam.Released{Parcel: s.parcel.name(), Means: means, ReleasedAt: time.Now().UnixMilli()})
}

// released returns what [setup.note] has noted, and nothing where no package lies open.
func (s *setup) released() (r exam.Released) {
	if s.parcel != nil {
		if at := s.parcel.release.Load(); at != nil {
			r = *at
		}
	}
	return r
}

// name is what logs call the package: its id and the digest of its content.
func (x *sealedExam) name() string { return fmt.Sprintf("%s %x", x.outer.ID, x.outer.Digest) }

// keyFile holds the release key for a start in the middle of the exam.
const keyFile = "release.kept"

// keptKey is a release key under the station's own keys: after a power cut the exam goes on without NCT (R11). Whoever has the
// station's secret, and only they, could read it, hours after it was read out in every room.
type keptKey struct {
	Digest string // of the package's content
	Wraps  []vault.Wrap
	Box    []byte // nonce ‖ XChaCha20-Poly1305 of the key's text
	// The last record of each attempt that lay here when the key was given. An exam held since has used it up.
	Before map[string]uint64 `json:",omitempty"`
}

func (s *setup) keptPath() string { return filepath.Join(s.opt.Data, keyFile) }

func (s *setup) keptID() string { return fmt.Sprintf("release key of %x", s.parcel.outer.Digest) }

// keepKey keeps the release key until the attempt has ended.
func (s *setup) keepKey(key parcel.ReleaseKey) error {
	wrapping, wraps, err := s.vault.NewKey(s.keptID())
	if err != nil {
		return err
	}
	aead, err := chacha20poly1305.NewX(wrapping[:])
	if err != nil {
		return err
	}
	// Without this list the next start asks for the key once more than it must.
	attempts, err := s.attempts()
	if err != nil {
		slog.Warn("the attempts on this computer cannot be listed", "error", err)
	}
	before := make(map[string]uint64)
	for _, a := range attempts {
		before[a.Opened.Attempt] = a.Seq
	}
	// The wrapping key is used once: any nonce will do.
	nonce := make([]byte, aead.NonceSize())
	data, err := json.Marshal(keptKey{
		Digest: fmt.Sprintf("%x", s.parcel.outer.Digest), Wraps: wraps,
		Box:    append(nonce, aead.Seal(nil, nonce, []byte(key.Text()), []byte(s.keptID()))...),
		Before: before,
	})
	if err != nil {
		return err
	}
	tmp := s.keptPath() + ".tmp"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(tmp, s.keptPath())
	}
	if err == nil {
		err = syncFolder(s.opt.Data)
	}
	return err
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// forgetKey removes the kept key. What cannot be removed opens nothing but a package that was read out.
func (s *setup) forgetKey() { _ = os.Remove(s.keptPath()) }

// unsealAgain opens the package with the kept key, if there is one of this package. The date is not asked: the exam had begun,
// and a computer whose battery is flat wakes up in another year.
func (s *setup) unsealAgain() (bool, error) {
	data, err := os.ReadFile(s.keptPath())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var kept keptKey
	if err := json.Unmarshal(data, &kept); err != nil {
		return false, fmt.Errorf("%s: %w", s.keptPath(), err)
	}
	if kept.Digest != fmt.Sprintf("%x", s.parcel.outer.Digest) {
		s.forgetKey() // of an earlier session
		return false, nil
	}
	wrapping, err := s.vault.Unwrap(s.keptID(), kept.Wraps)
	if err != nil {
		return false, err
	}
	aead, err := chacha20poly1305.NewX(wrapping[:])
	if err != nil {
		return false, err
	}
	if len(kept.Box) < aead.NonceSize() {
		return false, fmt.Errorf("%s is cut off", s.keptPath())
	}
	text, err := aead.Open(nil, kept.Box[:aead.NonceSize()], kept.Box[aead.NonceSize():], []byte(s.keptID()))
	if err != nil {
		return false, fmt.Errorf("%s is damaged", s.keptPath())
	}
	key, err := parcel.ParseReleaseKey(string(bytes.TrimSpace(text)))
	if err != nil {
		return false, err
	}
	if held := s.heldSince(kept.Before); held != nil {
		if s.showsEnd(held, time.Now()) {
			s.parcel.end = &shownEnd{iin: held.Opened.Candidate.IIN, key: key}
		} else {
			s.forgetKey()
		}
		return false, nil
	}
	if err := s.unseal(key, time.Time{}); err != nil {
		return false, err
	}
	s.note(exam.ReleaseKept)
	return true, nil
}

// attempts returns the session's attempts that lie here. None of them may be open.
func (s *setup) attempts() ([]*exam.Attempt, error) {
	return session.Attempts(session.Config{Dir: s.opt.Data, Second: s.opt.Second, Session: s.session, Journal: s.journal})
}

// heldSince returns the last attempt with which the exam has been held here since a key was given, or nil: then the key still
// serves, be it for an attempt that is open. Where the attempts cannot be read, the actor says so.
func (s *setup) heldSince(before map[string]uint64) (held *exam.Attempt) {
	attempts, err := s.attempts()
	if err != nil {
		return nil
	}
	for _, a := range attempts {
		switch {
		case !a.Phase.Ended():
			return nil
		case a.Seq > before[a.Opened.Attempt] && session.Held(a):
			if held == nil || held.Last.Wall <= a.Last.Wall {
				held = a
			}
		}
	}
	return held
}

// showsEnd reports whether the end of an attempt that was on the screen is shown again after a start: on the same day at the
// centre, as long as the package's time is not over. Later it is nobody's business who sat there.
func (s *setup) showsEnd(a *exam.Attempt, now time.Time) bool {
	day := func(t time.Time) string { return t.In(a.Opened.Zone()).Format(time.DateOnly) }
	return a.Phase == exam.PhaseFinished && day(now) == day(a.Last.Time()) && s.parcel.outer.At(now) == nil
}

// checkSealed says what can be said of a sealed exam before its start.
func (s *setup) checkSealed(out io.Writer) int {
	o := s.parcel.outer
	if err := o.At(time.Now()); parcel.ErrorCode(err) == parcel.CodeExpired {
		err = problem.New(problem.PaperDamaged, fmt.Errorf("%s: %w", s.parcel.path, err))
		explain(out, err)
		return problem.Of(err).Exit()
	}
	for _, l := range locales.All {
		fmt.Fprintln(out, locales.T(l, "station.check.sealed", "Candidates", len(s.session.Candidates), "Items", o.Tasks(),
			"Title", o.Title.In(string(l)), "From", s.local(o.From), "Until", s.local(o.Until), "Signer", o.Key.Fingerprint()))
		if s.vault.Exposed() {
			fmt.Fprintln(out, locales.T(l, "station.check.exposed"))
		}
	}
	return problem.ExitOK
}

// local returns a time as the centre's clocks show it.
func (s *setup) local(t time.Time) string {
	return t.In(s.session.Start.Location()).Format("02.01.2006 15:04")
}
