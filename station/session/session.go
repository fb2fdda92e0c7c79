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
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"

	"github.com/google/uuid"
)

// Config is what a station needs to hold attempts.
type Config struct {
	Dir      string // data folder; journals lie in Dir/attempts/SESSION/ATTEMPT.journal
	Session  *exam.Session
	Profile  *exam.Profile
	Paper    *exam.Paper // nil: it is sealed still, and nobody can log in; see [Actor.Unseal]
	Parcel   string      // of the sealed package, for the log
	Station  string      // name of this station
	Software string      // version, for the log
	Host     string
	// Photo returns the registered photo of a candidate (JPEG or PNG).
	Photo func(exam.Candidate) ([]byte, error)
	// OnEvent, if set, is told of every event once the rules have taken it, with the attempt after it and the blobs that came
	// with its command; from the actor's goroutine, or from Start's. It must not block.
	OnEvent func(r exam.Recorded, after *exam.Attempt, blobs [][]byte)
	// Second is the folder of the second place, on another disk or a stick; empty: there is none. Journals lie in it as
	// Second/ATTEMPT.journal. It must exist; while it does not, the journal waits for it.
	Second string
	// OnCheckpoint, if set, is told of each checkpoint that is safe. It must not block.
	OnCheckpoint func(attempt string, c stream.Checkpoint)
	// Released, if set, says how the sealed package came to be open, for the log of each run; from the actor's goroutine, or
	// from Start's. It must not block.
	Released func() exam.Released
	// Journal is passed on to each journal; its Second and callbacks are taken by this package.
	Journal journal.Options
}

// View is what the screen shows: immutable, published after every change.
type View struct {
	Attempt  *exam.Attempt // nil: nobody is logged in
	Sealed   bool          // the paper is not there: it waits for its release key
	Photo    []byte        // registered photo of the candidate
	Runes    int           // characters in all text answers of Attempt
	Answered uint64        // number of the last record that changed a response
	News     uint64        // number of the last record that says more than that time has passed
	Appended uint64        // number of the last record
	Durable  uint64        // number of the last record that the disk has
	Trouble  error         // why no place takes records at the moment
	Places   []journal.PlaceStatus
}

// Saved reports whether every answer is on the disk (R11).
func (v View) Saved() bool { return v.Durable >= v.Answered && v.Trouble == nil }

// OnlyOlder reports whether v, of an attempt that runs, tells a screen nothing that was did not, but that time has passed.
func (v View) OnlyOlder(was View) bool {
	return v.Attempt != nil && was.Attempt != nil && v.Attempt.IsRunning() && v.Attempt.Opened.Attempt == was.Attempt.Opened.Attempt &&
		v.News == was.News && v.Trouble == nil && was.Trouble == nil && v.Saved() == was.Saved()
}

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
	news    uint64
	runes   int // in all text answers, kept up edit by edit: counting them takes as long as the text is
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
	if a.cfg.Paper != nil {
		if err := a.takeUp(); err != nil {
			return nil, err
		}
	}
	a.publish()
	go a.loop()
	return a, nil
}

func (a *Actor) folder() string { return filepath.Join(a.cfg.Dir, "attempts", a.cfg.Session.ID) }

// takeUp opens the attempt that was left open, if there is one.
func (a *Actor) takeUp() error {
	ids, err := a.attempts()
	if err != nil {
		return err
	}
	for _, id := range ids {
		attempt, err := a.read(id)
		if err != nil {
			return err
		}
		if attempt == nil || attempt.Seq == 0 || attempt.Phase.Ended() || attempt.Opened.Session != a.cfg.Session.ID {
			continue
		}
		return a.resume(id)
	}
	return nil
}

const extension = ".journal"

// attempts lists the attempts that have a journal in either place, the oldest first, since their ids begin with the time.
func (a *Actor) attempts() ([]string, error) {
	var ids []string
	list := func(folder string) error {
		entries, err := os.ReadDir(folder)
		for _, e := range entries {
			name := e.Name()
			if whole, ok := strings.CutSuffix(name, journal.HealedSuffix); ok && journal.Finish(disk.OS, filepath.Join(folder, whole)) == nil {
				name = whole
			}
			if id, ok := strings.CutSuffix(name, extension); ok {
				ids = append(ids, id)
			}
		}
		return err
	}
	if err := list(a.folder()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if a.cfg.Second != "" {
		_ = list(a.cfg.Second) // a stick that is not there has nothing to say
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

func (a *Actor) path(id string) string { return filepath.Join(a.folder(), id+extension) }

func (a *Actor) second(id string) string {
	if a.cfg.Second == "" {
		return ""
	}
	return filepath.Join(a.cfg.Second, id+extension)
}

// read returns the attempt with the id, or nil for another session's whose only copy is in the second place. A file that
// cannot be read there and then is opened, which makes it whole from the other place where that is possible.
func (a *Actor) read(id string) (*exam.Attempt, error) {
	path := a.path(id)
	r, err := journal.OpenQuick(path, a.cfg.Journal.Vault)
	if errors.Is(err, fs.ErrNotExist) && a.cfg.Second != "" {
		path = a.second(id)
		r, err = journal.OpenQuick(path, a.cfg.Journal.Vault)
	}
	if errors.Is(err, journal.ErrDamaged) && a.cfg.Second != "" {
		if j, herr := journal.Open(a.path(id), a.journalOptions(id)); herr == nil {
			if herr = j.Close(); herr == nil {
				r, err = journal.OpenQuick(path, a.cfg.Journal.Vault)
			}
		}
	}
	if err == nil {
		defer r.Close()
		err = r.KeyErr()
	}
	switch {
	case errors.Is(err, vault.ErrNoKey) && path != a.path(id):
		return nil, nil // another station's log on a stick that was carried over
	case errors.Is(err, vault.ErrNoKey), errors.Is(err, journal.ErrDamaged):
		return nil, &DamagedAttemptError{Path: path, Err: err}
	case err != nil:
		return nil, err
	}
	attempt, err := Fold(r, a.cfg.Paper)
	if err != nil && path != a.path(id) {
		if other, oerr := Fold(r, nil); oerr == nil && other.Opened.Session != a.cfg.Session.ID {
			return nil, nil // another session's paper
		}
	}
	if err != nil {
		return nil, &DamagedAttemptError{Path: path, Err: err}
	}
	return attempt, nil
}

// Log is what an attempt is folded from: [journal.Journal] and [journal.Reader].
type Log interface {
	Snapshot() (data []byte, seq uint64)
	Replay(f func(seq uint64, record []byte) error) error
	Records(f func(seq uint64, record []byte) error) error
}

// Fold folds the attempt that a journal holds, from its snapshot where this program can use that, so that it costs the same
// after ten minutes as after four hours. The paper may be nil; see [exam.NewAttempt].
func Fold(log Log, paper *exam.Paper) (*exam.Attempt, error) {
	if data, seq := log.Snapshot(); data != nil {
		if attempt, err := exam.RestoreAttempt(data, paper); err == nil && attempt.Seq == seq {
			return apply(attempt, log.Replay)
		}
	}
	return apply(exam.NewAttempt(paper), log.Records)
}

func apply(attempt *exam.Attempt, records func(func(uint64, []byte) error) error) (*exam.Attempt, error) {
	err := records(func(_ uint64, data []byte) error {
		rec, err := exam.DecodeRecord(data)
		if err != nil {
			return err
		}
		attempt, err = attempt.Apply(rec)
		return err
	})
	return attempt, err
}

func (a *Actor) resume(id string) error {
	j, err := journal.Open(a.path(id), a.journalOptions(id))
	if err != nil {
		return err
	}
	attempt, err := Fold(j, a.cfg.Paper)
	if err == nil {
		a.journal, a.attempt, a.run = j, attempt, attempt.Last.Run+1
		a.photo, err = j.Blob(journal.Hash(attempt.Opened.Photo))
	}
	if err == nil {
		a.answers, a.news, a.runes = attempt.Seq, attempt.Seq, runes(attempt)
		err = a.decide(exam.StartRun{RunStarted: a.runStarted()})
	}
	if err != nil {
		j.Close() // or nobody could open it again while this program lives
		a.journal, a.attempt = nil, nil
		return err
	}
	go a.verify(j)
	return nil
}

// verify reads what resuming has skipped, while the candidate goes on.
func (a *Actor) verify(j *journal.Journal) {
	if _, err := j.Verify(); err != nil {
		a.post(func() {
			if a.journal == j {
				a.storage(exam.StorageFirst, exam.StorageFailed, err.Error())
			}
		})
	}
}

// storage records what happened to a place that keeps the log.
func (a *Actor) storage(place, state, detail string) {
	// It is said for the record; there is nobody who could act on a refusal.
	_ = a.decide(exam.ReportStorage{StorageChanged: exam.StorageChanged{Place: place, State: state, Detail: detail}})
}

func (a *Actor) runStarted() exam.RunStarted {
	started := exam.RunStarted{Software: a.cfg.Software, Host: a.cfg.Host}
	if a.cfg.Released != nil {
		started.Released = a.cfg.Released()
	}
	return started
}

func (a *Actor) journalOptions(id string) journal.Options {
	opt := a.cfg.Journal
	opt.Second = a.second(id)
	opt.OnStatus = func(journal.Status) { a.post(a.publish) }
	opt.OnPlace = func(i int, was, is journal.PlaceStatus) { a.post(func() { a.place(id, i, was, is) }) }
	opt.OnCheckpoint = func(c stream.Checkpoint) {
		if a.cfg.OnCheckpoint != nil {
			a.cfg.OnCheckpoint(id, c)
		}
	}
	return opt
}

// place records that a place of the present attempt's journal has changed.
func (a *Actor) place(id string, index int, was, is journal.PlaceStatus) {
	if a.attempt == nil || a.journal.ID() != id {
		return
	}
	for _, e := range journal.StorageEvents(index, was, is) {
		a.storage(e.Place, e.State, e.Detail)
	}
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

// DoFor asks the rules for the command that choose makes of the attempt as it is then, nil where nobody is logged in; where it
// says false, nothing is asked and done gets nil. Both functions run on the actor's goroutine; done may be nil.
func (a *Actor) DoFor(choose func(*exam.Attempt) (exam.Command, bool), done func(error)) {
	a.post(func() {
		var err error
		if cmd, ok := choose(a.attempt); ok {
			err = a.decide(cmd)
		}
		if done != nil {
			done(err)
		}
	})
}

// Login opens the attempt of the candidate with the IIN (R9). done gets nil, a refusal of exam.ParseIIN,
// exam.ErrNotExpected, exam.ErrEnded, exam.ErrBarred, exam.ErrAlready, or the disk's error.
func (a *Actor) Login(iin string, done func(error)) {
	a.post(func() { done(a.login(iin)) })
}

func (a *Actor) login(text string) error {
	if a.attempt != nil {
		return exam.ErrAlready
	}
	if a.cfg.Paper == nil {
		return exam.ErrSealed
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
		Photo: sum[:], Warnings: warnings, Parcel: a.cfg.Parcel,
	}
	_, opened.Offset = a.cfg.Session.Start.Zone()
	empty := exam.NewAttempt(a.cfg.Paper)
	if _, err := empty.Decide(exam.Open{Opened: opened}, a.stamp(1)); err != nil {
		return err
	}
	j, err := journal.Create(a.path(id.String()), id.String(), a.journalOptions(id.String()))
	if err != nil {
		return err
	}
	a.journal, a.attempt, a.run, a.photo, a.answers, a.news, a.runes = j, empty, 1, photo, 0, 0, 0
	if err := a.decide(exam.Open{Opened: opened}, photo); err != nil {
		j.Close()
		a.journal, a.attempt, a.photo = nil, nil, nil // the station stays free for another try
		return err
	}
	return a.decide(exam.StartRun{RunStarted: a.runStarted()})
}

// refuseSecond refuses a candidate whose attempt in this session has ended at this station, or was barred by an act that no
// other has lifted (R20). A postponed one may begin anew: its old answers stay sealed (R12).
func (a *Actor) refuseSecond(iin exam.IIN) error {
	ids, err := a.attempts()
	if err != nil {
		return err
	}
	for _, id := range ids {
		attempt, err := a.read(id)
		if err != nil {
			return err
		}
		if attempt == nil || attempt.Opened.Session != a.cfg.Session.ID || attempt.Opened.Candidate.IIN != string(iin) {
			continue
		}
		switch {
		case attempt.Phase == exam.PhaseFinished:
			return exam.ErrEnded
		case attempt.Barred():
			return exam.ErrBarred
		}
	}
	return nil
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
	a.sealAfter(a.attempt.Phase)
	a.attempt, a.journal, a.photo, a.answers, a.news, a.runes = nil, nil, nil, 0, 0, 0
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
	tick := time.NewTimer(exam.TickEvery)
	defer tick.Stop()
	for {
		select {
		case <-a.wake:
			a.drain()
		case <-tick.C:
			if a.attempt != nil {
				// A tick has no refusal that anybody could act on; what it records is all that matters.
				_ = a.decide(exam.Tick{})
			}
			tick.Reset(a.untilTick())
		case <-a.quit:
			a.drain()
			return
		}
	}
}

// untilTick returns when time alone may next ask for an event: half a second after the last one, or at the end of the exam.
func (a *Actor) untilTick() time.Duration {
	if a.attempt == nil {
		return exam.TickEvery
	}
	now := a.stamp(a.run)
	due := exam.TickEvery - time.Duration(now.Mono-a.attempt.Last.Mono)*time.Millisecond
	if left := a.attempt.Remaining(now); left > 0 {
		due = min(due, left)
	}
	if due <= 0 {
		return exam.TickEvery // time does not run: nothing came of the last tick
	}
	return due
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
	// A change of state is signed at once, so that its time can be proven (R22).
	changed := next.Phase != a.attempt.Phase
	entries[len(entries)-1].Checkpoint = changed
	if _, err := a.journal.Append(entries...); err != nil {
		return err
	}
	if changed && next.Phase.Ended() || a.journal.WantsSnapshot() {
		if err := a.snapshot(next); err != nil {
			return err
		}
	}
	a.attempt = next
	for _, rec := range records {
		if _, ticked := rec.Event.(exam.Ticked); !ticked {
			a.news = rec.Seq
		}
		switch e := rec.Event.(type) {
		case exam.Edited:
			a.answers = rec.Seq
			a.runes += utf8.RuneCountInString(e.Inserted) - e.Removed
		case exam.Chosen, exam.ThemeChosen, exam.HandedIn:
			a.answers = rec.Seq
		}
		if a.cfg.OnEvent != nil {
			a.cfg.OnEvent(rec, next, blobs)
		}
	}
	a.publish()
	return nil
}

// snapshot puts the state into the journal, for the next start and for the list of ended attempts.
func (a *Actor) snapshot(attempt *exam.Attempt) error {
	data, err := attempt.Snapshot()
	if err != nil {
		return err
	}
	return a.journal.PutSnapshot(data)
}

func runes(attempt *exam.Attempt) (n int) {
	for _, r := range attempt.Responses {
		n += utf8.RuneCountInString(r.Text)
	}
	return n
}

func (a *Actor) publish() {
	v := View{Attempt: a.attempt, Sealed: a.cfg.Paper == nil, Photo: a.photo, Runes: a.runes, Answered: a.answers, News: a.news}
	if a.journal != nil {
		s := a.journal.Status()
		v.Appended, v.Durable, v.Trouble, v.Places = s.Appended, s.Durable, s.Err, s.Places
	}
	a.mu.Lock()
	a.view = v
	watchers := a.watchers
	a.mu.Unlock()
	for _, w := range watchers {
		w(v)
	}
}
