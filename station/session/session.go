// Package session owns the attempt at a station: one goroutine takes commands, asks the rules, appends to the journal and
// publishes immutable views. It knows no window, no camera and no device, and nothing that calls it ever waits for the disk.
package session

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"

	"github.com/google/uuid"
)

// Config is what a station needs to hold attempts.
type Config struct {
	Dir      string // data folder; journals lie in Dir/attempts/SESSION/ATTEMPT.journal
	Session  *exam.Session
	Profile  *exam.Profile
	Paper    *exam.Paper
	Station  string // name of this station
	Software string // version, for the log
	Host     string
	// Photo returns the registered photo of a candidate (JPEG or PNG).
	Photo func(exam.Candidate) ([]byte, error)
	// OnEvent, if set, is told of every event once the rules have taken it, with the attempt after it and the blobs that came
	// with its command; from the actor's goroutine, or from Start's. It must not block.
	OnEvent func(r exam.Recorded, after *exam.Attempt, blobs [][]byte)
	// Journal is passed on to each journal; its OnStatus is taken by this package.
	Journal journal.Options
}

// View is what the screen shows: immutable, published after every change.
type View struct {
	Attempt  *exam.Attempt // nil: nobody is logged in
	Photo    []byte        // registered photo of the candidate
	Answered uint64        // number of the last record that changed a response
	Appended uint64        // number of the last record
	Durable  uint64        // number of the last record that the disk has
	Trouble  error         // why the disk does not take records at the moment
}

// Saved reports whether every answer is on the disk (R11).
func (v View) Saved() bool { return v.Durable >= v.Answered && v.Trouble == nil }

// Actor owns the attempt. Its methods may be called from any goroutine, and none of them waits for the disk.
type Actor struct {
	cfg   Config
	start time.Time

	mu       sync.Mutex // guards what follows
	queue    []func()
	view     View
	watchers []func(View)
	closed   bool

	wake chan struct{}
	quit chan struct{}
	done chan struct{}

	// The actor's goroutine's own.
	attempt *exam.Attempt
	journal *journal.Journal
	run     uint32
	photo   []byte
	answers uint64
}

// DamagedAttemptError says that an attempt that was left open cannot be read. The file is left as it is.
type DamagedAttemptError struct {
	Path string
	Err  error
}

func (e *DamagedAttemptError) Error() string { return fmt.Sprintf("attempt %s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *DamagedAttemptError) Unwrap() error { return e.Err }

// Start starts the actor. An attempt of this session that was left open is taken up again where it stopped (R11). It
// returns a *DamagedAttemptError where such an attempt cannot be read, journal.ErrInUse, or a disk error.
func Start(cfg Config) (*Actor, error) {
	a := &Actor{
		cfg: cfg, start: time.Now(),
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	if err := os.MkdirAll(a.folder(), 0o700); err != nil {
		return nil, err
	}
	if err := a.takeUp(); err != nil {
		return nil, err
	}
	a.publish()
	go a.loop()
	return a, nil
}

func (a *Actor) folder() string { return filepath.Join(a.cfg.Dir, "attempts", a.cfg.Session.ID) }

// takeUp opens the attempt that was left open, if there is one.
func (a *Actor) takeUp() error {
	entries, err := os.ReadDir(a.folder())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".journal") {
			continue
		}
		path := filepath.Join(a.folder(), e.Name())
		attempt, err := a.read(path)
		if err != nil {
			return err
		}
		if attempt.Seq == 0 || attempt.Phase.Ended() {
			continue
		}
		return a.resume(path, attempt)
	}
	return nil
}

// read folds a journal. What another program has open, or the disk does not give, is not damaged.
func (a *Actor) read(path string) (*exam.Attempt, error) {
	r, err := journal.OpenReader(path)
	if errors.Is(err, journal.ErrDamaged) {
		return nil, &DamagedAttemptError{Path: path, Err: err}
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	attempt, err := Fold(r, a.cfg.Paper)
	if err != nil {
		return nil, &DamagedAttemptError{Path: path, Err: err}
	}
	return attempt, nil
}

// Fold folds the attempt that a journal holds. The paper may be nil; see [exam.NewAttempt].
func Fold(r *journal.Reader, paper *exam.Paper) (*exam.Attempt, error) {
	attempt := exam.NewAttempt(paper)
	err := r.Records(func(_ uint64, data []byte) error {
		rec, err := exam.DecodeRecord(data)
		if err != nil {
			return err
		}
		attempt, err = attempt.Apply(rec)
		return err
	})
	return attempt, err
}

func (a *Actor) resume(path string, attempt *exam.Attempt) error {
	j, err := journal.Open(path, a.journalOptions())
	if err != nil {
		return err
	}
	a.journal, a.attempt, a.run = j, attempt, attempt.Last.Run+1
	a.photo, err = blob(j, attempt.Opened.Photo)
	if err == nil {
		a.answers = attempt.Seq
		err = a.decide(exam.StartRun{RunStarted: a.runStarted()})
	}
	if err != nil {
		j.Close() // or nobody could open it again while this program lives
	}
	return err
}

func blob(j *journal.Journal, sum []byte) (found []byte, err error) {
	err = j.Blobs(func(h journal.Hash, b []byte) error {
		if string(h[:]) == string(sum) {
			found = b
		}
		return nil
	})
	return found, err
}

func (a *Actor) runStarted() exam.RunStarted {
	return exam.RunStarted{Software: a.cfg.Software, Host: a.cfg.Host}
}

func (a *Actor) journalOptions() journal.Options {
	opt := a.cfg.Journal
	opt.OnStatus = func(journal.Status) { a.post(a.publish) }
	return opt
}

// Watch calls f with the present view and then with every new one, from the actor's goroutine. f must not block.
func (a *Actor) Watch(f func(View)) {
	a.post(func() {
		a.mu.Lock()
		a.watchers = append(a.watchers, f)
		v := a.view
		a.mu.Unlock()
		f(v)
	})
}

// View returns the present view.
func (a *Actor) View() View {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.view
}

// Now returns the time as the rules see it.
func (a *Actor) Now() exam.Stamp {
	run := uint32(1)
	if v := a.View(); v.Attempt != nil {
		run = v.Attempt.Last.Run
	}
	return a.stamp(run)
}

func (a *Actor) stamp(run uint32) exam.Stamp {
	return exam.Stamp{Wall: time.Now().UnixMilli(), Run: run, Mono: time.Since(a.start).Milliseconds()}
}

// Do asks the rules for the command. done, which may be nil, gets nil or the *exam.Refusal, from the actor's goroutine.
// Blobs that the events name (face frames) go to the journal with them.
func (a *Actor) Do(cmd exam.Command, done func(error), blobs ...[]byte) {
	a.post(func() {
		err := a.decide(cmd, blobs...)
		if done != nil {
			done(err)
		}
	})
}

// Login opens the attempt of the candidate with the IIN (R9). done gets nil, a refusal of exam.ParseIIN,
// exam.ErrNotExpected, exam.ErrEnded, exam.ErrAlready, or the disk's error.
func (a *Actor) Login(iin string, done func(error)) {
	a.post(func() { done(a.login(iin)) })
}

func (a *Actor) login(text string) error {
	if a.attempt != nil {
		return exam.ErrAlready
	}
	iin, warnings, err := exam.ParseIIN(text)
	if err != nil {
		return err
	}
	candidate, err := a.cfg.Session.Candidate(iin)
	if err != nil {
		return err
	}
	if err := a.refuseSecond(iin); err != nil {
		return err
	}
	photo, err := a.cfg.Photo(candidate)
	if err != nil {
		return fmt.Errorf("registered photo of %s: %w", candidate.Name, err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(photo)
	opened := exam.Opened{
		Attempt: id.String(), Session: a.cfg.Session.ID, Centre: a.cfg.Session.Centre, Room: a.cfg.Session.Room,
		Station: a.cfg.Station, Candidate: candidate, Profile: a.cfg.Profile.Source(),
		Paper: a.cfg.Paper.Digest(), PaperID: a.cfg.Paper.ID, Start: a.cfg.Session.Start.UnixMilli(),
		Photo: sum[:], Warnings: warnings,
	}
	empty := exam.NewAttempt(a.cfg.Paper)
	if _, err := empty.Decide(exam.Open{Opened: opened}, a.stamp(1)); err != nil {
		return err
	}
	j, err := journal.Create(filepath.Join(a.folder(), id.String()+".journal"), id.String(), a.journalOptions())
	if err != nil {
		return err
	}
	a.journal, a.attempt, a.run, a.photo, a.answers = j, empty, 1, photo, 0
	if err := a.decide(exam.Open{Opened: opened}, photo); err != nil {
		j.Close()
		a.journal, a.attempt, a.photo = nil, nil, nil // the station stays free for another try
		return err
	}
	return a.decide(exam.StartRun{RunStarted: a.runStarted()})
}

// refuseSecond refuses a candidate whose attempt in this session has ended at this station. A postponed one may begin
// anew: its old answers stay sealed (R12).
func (a *Actor) refuseSecond(iin exam.IIN) error {
	entries, err := os.ReadDir(a.folder())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".journal") {
			continue
		}
		attempt, err := a.read(filepath.Join(a.folder(), e.Name()))
		if err != nil {
			return err
		}
		if attempt.Opened.Candidate.IIN == string(iin) && attempt.Phase == exam.PhaseFinished {
			return exam.ErrEnded
		}
	}
	return err
}

// Leave puts an ended attempt away and makes the station free for the next candidate. done gets exam.ErrPhase where the
// attempt has not ended, or the reason why its last records are not on the disk.
func (a *Actor) Leave(done func(error)) {
	a.post(func() {
		if a.attempt != nil && a.attempt.Phase.Ended() {
			if s := a.journal.Status(); s.Durable < s.Appended && s.Err == nil {
				time.AfterFunc(leaveRetry, func() { a.Leave(done) }) // the last commit is in the air
				return
			}
		}
		err := a.leave()
		if done != nil {
			done(err)
		}
	})
}

// leaveRetry is how long Leave lets the last commit take before it looks again.
const leaveRetry = 10 * time.Millisecond

func (a *Actor) leave() error {
	if a.attempt == nil || !a.attempt.Phase.Ended() {
		return exam.ErrPhase
	}
	if s := a.journal.Status(); s.Durable < s.Appended {
		return fmt.Errorf("the last %d records are not on the disk: %w", s.Appended-s.Durable, s.Err)
	}
	if err := a.journal.Close(); err != nil {
		return err
	}
	a.attempt, a.journal, a.photo, a.answers = nil, nil, nil, 0
	a.publish()
	return nil
}

// Close stops the actor and writes what is queued. It returns the reason where records could not be written.
func (a *Actor) Close() error {
	a.mu.Lock()
	closed := a.closed
	a.closed = true
	a.mu.Unlock()
	if !closed {
		close(a.quit)
	}
	<-a.done
	if a.journal == nil {
		return nil
	}
	return a.journal.Close()
}

// post queues f for the actor's goroutine. The queue has no bound: what fills it is typed by a person, and dropping or
// waiting would both be wrong.
func (a *Actor) post(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	a.queue = append(a.queue, f)
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *Actor) loop() {
	defer close(a.done)
	ticker := time.NewTicker(exam.TickEvery / 2)
	defer ticker.Stop()
	for {
		select {
		case <-a.wake:
			a.drain()
		case <-ticker.C:
			if a.attempt != nil {
				// A tick has no refusal that anybody could act on; what it records is all that matters.
				_ = a.decide(exam.Tick{})
			}
		case <-a.quit:
			a.drain()
			return
		}
	}
}

func (a *Actor) drain() {
	for {
		a.mu.Lock()
		if len(a.queue) == 0 {
			a.mu.Unlock()
			return
		}
		f := a.queue[0]
		a.queue = a.queue[1:]
		a.mu.Unlock()
		f()
	}
}

// decide asks the rules and records what they answer.
func (a *Actor) decide(cmd exam.Command, blobs ...[]byte) error {
	if a.attempt == nil {
		return exam.ErrPhase
	}
	now := a.stamp(a.run)
	events, err := a.attempt.Decide(cmd, now)
	if err != nil || len(events) == 0 {
		return err
	}
	entries := make([]journal.Entry, 0, len(events))
	records := make([]exam.Recorded, 0, len(events))
	next := a.attempt
	for _, e := range events {
		rec := exam.Recorded{Seq: next.Seq + 1, Stamp: now, Event: e}
		if next, err = next.Apply(rec); err != nil {
			return fmt.Errorf("the rules contradict themselves: %w", err)
		}
		data, err := exam.EncodeRecord(rec)
		if err != nil {
			return err
		}
		entries = append(entries, journal.Entry{Record: data})
		records = append(records, rec)
	}
	entries[0].Blobs = blobs
	if _, err := a.journal.Append(entries...); err != nil {
		return err
	}
	a.attempt = next
	for _, rec := range records {
		switch rec.Event.(type) {
		case exam.Edited, exam.Chosen, exam.HandedIn:
			a.answers = rec.Seq
		}
		if a.cfg.OnEvent != nil {
			a.cfg.OnEvent(rec, next, blobs)
		}
	}
	a.publish()
	return nil
}

func (a *Actor) publish() {
	v := View{Attempt: a.attempt, Photo: a.photo, Answered: a.answers}
	if a.journal != nil {
		s := a.journal.Status()
		v.Appended, v.Durable, v.Trouble = s.Appended, s.Durable, s.Err
	}
	a.mu.Lock()
	a.view = v
	watchers := a.watchers
	a.mu.Unlock()
	for _, w := range watchers {
		w(v)
	}
}
