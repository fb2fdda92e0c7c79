package room

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"
	"emtihan/proctor/act"

	"golang.org/x/sys/unix"
)

// Config is what a room needs.
type Config struct {
	// Dir is the data folder: the log lies in Dir/room/SESSION.journal, printed acts in Dir/acts.
	Dir      string
	Session  *exam.Session
	Forms    *act.Forms
	Fonts    act.Fonts
	Software string // version, for the log
	// OnAct is told of each act about an attempt once the disk has it, and at the start of those that the log holds. It
	// must not block.
	OnAct func(attempt string, tied exam.ActTied)
	// OnOrder is told of each order to the stations once the disk has it, and at the start of the one that still stands. It
	// must not block.
	OnOrder func(Order)
	// Devices are those of the devices file, by Name, Kind and Lock: each is unknown until it speaks.
	Devices []Device
	// Late is how long after the start a candidate is still admitted (R3), from the exam's profile.
	Late time.Duration
	// Unlock opens the lock of a door for a time, and returns an error where it did not, or not surely. It may take seconds.
	// nil: no lock is moved.
	Unlock func(door string, d time.Duration) error
	// OpenFor is how long a lock is opened for a permitted exit; 0 means 8 s.
	OpenFor time.Duration
	// LowBattery says what follows when a UPS says that its battery will soon be empty.
	LowBattery LowBattery
	// Journal is passed on to the journal; its OnStatus is taken by this package.
	Journal journal.Options
	// Now is the clock for the log; nil means time.Now.
	Now func() time.Time
}

// Refusals of what an administrator asks for.
var (
	// ErrCode: no administrator of this name has this code. It is in the log.
	ErrCode = &exam.Refusal{Code: "code"}
	// ErrAlarm: there is no such alarm, or it is handled already.
	ErrAlarm = &exam.Refusal{Code: "alarm"}
	// ErrPerson: the IIN is not on the list of this session.
	ErrPerson = exam.ErrNotExpected
	// ErrReason: a reason is missing.
	ErrReason = exam.ErrReason
	// ErrCorrects: the act that is to be corrected does not exist.
	ErrCorrects = &exam.Refusal{Code: "corrects"}
)

// ErrSecond says that another program has a room of this data folder open.
var ErrSecond = errors.New("another program has a room of this data folder open")

// Room owns the room's log. Its methods may be called from any goroutine, and none of them but Close waits for the disk.
type Room struct {
	cfg   Config
	start time.Time
	lock  *os.File
	j     *journal.Journal

	mu       sync.Mutex // guards what follows
	queue    []func()
	view     View
	watchers []func(View)
	closed   bool

	codes sync.Mutex // one code is checked at a time: each takes 64 MiB
	wake  chan struct{}
	quit  chan struct{}
	done  chan struct{}
	asked sync.WaitGroup

	// The actor's goroutine's own.
	state   *state
	run     uint32
	book    act.Book // the numbers of all acts in the data folder
	waiting []waiting
	keys    map[string]*act.Key // with which administrators sign, by name
}

// waiting is what happens once a record is on the disk.
type waiting struct {
	seq uint64
	f   func()
}

// Open opens the room of the session, beginning its log or going on with it. It returns ErrSecond, a
// *journal.DamagedError, or a disk error.
func Open(cfg Config) (*Room, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.OpenFor == 0 {
		cfg.OpenFor = 8 * time.Second
	}
	r := &Room{
		cfg: cfg, start: time.Now(), state: newState(cfg.Session, cfg.Devices, cfg.Late), run: 1, keys: make(map[string]*act.Key),
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	for _, dir := range []string{r.folder(), r.acts()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	if err := r.open(); err != nil {
		if r.j != nil {
			r.j.Close()
		}
		if r.lock != nil {
			r.lock.Close()
		}
		return nil, err
	}
	r.publish()
	go r.loop()
	return r, nil
}

func (r *Room) folder() string { return filepath.Join(r.cfg.Dir, "room") }
func (r *Room) acts() string   { return filepath.Join(r.cfg.Dir, "acts") }

func (r *Room) open() (err error) {
	// The lock spans the folder, not the session: numbers run on over all sessions of a day.
	if r.lock, err = os.OpenFile(filepath.Join(r.folder(), "lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err := unix.Flock(int(r.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrSecond
		}
		return fmt.Errorf("%s: %w", r.folder(), err)
	}
	path := filepath.Join(r.folder(), r.cfg.Session.ID+".journal")
	opt := r.cfg.Journal
	opt.OnStatus = func(journal.Status) { r.post(r.settled) }
	opt.OnPlace = func(i int, was, is journal.PlaceStatus) { r.post(func() { r.place(i, was, is) }) }
	if r.j, err = journal.Open(path, opt); errors.Is(err, fs.ErrNotExist) {
		r.j, err = journal.Create(path, r.cfg.Session.ID, opt)
	}
	if errors.Is(err, journal.ErrInUse) {
		return fmt.Errorf("%w: %w", ErrSecond, err)
	}
	if err != nil {
		return err
	}
	err = r.j.Records(func(_ uint64, data []byte) error {
		rec, err := exam.DecodeRecord(data)
		if err == nil {
			err = r.state.fold(rec)
		}
		if err != nil {
			return &journal.DamagedError{Path: path, Seq: r.state.seq + 1, Why: err.Error()}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.countActs(path); err != nil {
		return err
	}
	if err := r.restoreActs(); err != nil {
		return err
	}
	if r.state.opened {
		r.run = r.state.last.Run + 1
	} else if _, err := r.record(exam.RoomOpened{Session: r.cfg.Session.ID, Centre: r.cfg.Session.Centre, Room: r.cfg.Session.Room}); err != nil {
		return err
	}
	_, err = r.record(exam.StationSaid{Station: Desk, What: SaidRun, Detail: Saying{Detail: r.cfg.Software}.String()})
	if err == nil && r.cfg.OnAct != nil {
		for _, a := range r.state.acts {
			r.tell(a, r.state.ties[a.Number])
		}
	}
	if err == nil && r.cfg.OnOrder != nil && r.state.order != nil {
		r.cfg.OnOrder(*r.state.order)
	}
	return err
}

// countActs finds the last number of each day: in this log, in those of other sessions in the folder, and, since one of
// those may be damaged, in the names of the printed acts.
func (r *Room) countActs(own string) error {
	count := func(number string) {
		// What is no number, and a number that another log gave as well, takes none away.
		_ = r.book.Add(number)
	}
	for _, a := range r.state.acts {
		count(a.Number)
	}
	logs, err := filepath.Glob(filepath.Join(r.folder(), "*.journal"))
	if err != nil {
		return err
	}
	for _, path := range logs {
		if path == own {
			continue
		}
		// A damaged log of another session must not keep this one from being held.
		_ = eachAct(path, r.cfg.Journal.Vault, count)
	}
	printed, err := os.ReadDir(r.acts())
	if err != nil {
		return err
	}
	for _, e := range printed {
		name := strings.TrimSuffix(e.Name(), ".pdf")
		// FORM-YYYY-MM-DD-NNN; the form may have a hyphen of its own.
		if parts := strings.Split(name, "-"); len(parts) >= 5 {
			n := len(parts)
			count(strings.Join(parts[:n-4], "-") + "/" + strings.Join(parts[n-4:n-1], "-") + "/" + parts[n-1])
		}
	}
	return nil
}

func eachAct(path string, keys vault.Opener, f func(number string)) error {
	rd, err := journal.OpenReader(path, keys)
	if err != nil {
		return err
	}
	defer rd.Close()
	return rd.Records(func(_ uint64, data []byte) error {
		rec, err := exam.DecodeRecord(data)
		if err != nil {
			return err
		}
		if a, ok := rec.Event.(exam.ActDrawn); ok {
			f(a.Number)
		}
		return nil
	})
}

// restoreActs puts the printed acts of the log back where a file is missing or was changed; what stands there instead is
// kept beside it.
func (r *Room) restoreActs() error {
	missing := make(map[string]string) // paths by digest
	for i := range r.state.acts {
		a := &r.state.acts[i]
		a.Path = filepath.Join(r.acts(), act.FileName(a.Number))
		data, err := os.ReadFile(a.Path)
		if sum := sha256.Sum256(data); err == nil && bytes.Equal(sum[:], a.Digest) {
			continue
		} else if err == nil {
			if err := os.Rename(a.Path, a.Path+".altered"); err != nil {
				return err
			}
		}
		missing[string(a.Digest)] = a.Path
	}
	for _, a := range r.state.acts {
		path := r.signatureFile(a.Number)
		if len(a.Signatures) == 0 {
			continue
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			missing[string(a.Signatures[0].Signature)] = path
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return r.j.Blobs(func(h journal.Hash, blob []byte) error {
		if path, ok := missing[string(h[:])]; ok {
			return writeFile(path, blob)
		}
		return nil
	})
}

// Watch calls f with the present view and then with every new one, from the room's goroutine. f must not block.
func (r *Room) Watch(f func(View)) {
	r.post(func() {
		r.mu.Lock()
		r.watchers = append(r.watchers, f)
		v := r.view
		r.mu.Unlock()
		f(v)
	})
}

// View returns the present view.
func (r *Room) View() View {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.view
}

// Detector takes a changed reading of the detector into the log (R21).
func (r *Room) Detector(e exam.DetectorRead) { r.post(func() { r.say(e) }) }

// Door takes a changed reading of the door into the log (R21).
func (r *Room) Door(e exam.DoorRead) { r.post(func() { r.say(e) }) }

// Hear takes a station's notice into the log, once however often it is said and however often the room was opened since.
// Its Heard is called as soon as the disk has it; where that never comes, the station says it again.
func (r *Room) Hear(d Delivery) {
	r.post(func() {
		n := d.Notice
		// The desk's own words are what administrators signed for; no station may put any into its mouth.
		foreign := n.Station == Desk || n.What == ""
		again := d.Number > 0 && d.Number <= r.state.said[teller{n.Station, d.Run}]
		if foreign || again {
			r.afterwards(d.Heard)
			return
		}
		if n.What == SaidCheckpoint {
			if r.checkpoint(n) {
				r.afterwards(d.Heard)
			}
			return
		}
		said := Saying{
			Detail: n.Detail, Phase: n.Phase, Hold: n.Hold, Seat: n.Seat, By: n.By, Wall: n.Wall, Seq: n.Seq, Run: d.Run, Number: d.Number,
			Score: finite(n.Score), Threshold: finite(n.Threshold),
		}
		var blobs [][]byte
		if len(n.Frame) > 0 {
			sum := sha256.Sum256(n.Frame)
			said.Frame = hex.EncodeToString(sum[:])
			blobs = append(blobs, n.Frame)
		}
		if r.say(exam.StationSaid{Station: n.Station, Attempt: n.Attempt, IIN: n.IIN, What: n.What, Detail: said.String()}, blobs...) {
			r.afterwards(d.Heard)
			r.tellBars(n)
			// Behind what waits already: that the candidate is back may be among it.
			r.post(func() { r.letOut(n) })
		}
	})
}

// checkpoint records how far a station says that an attempt's log goes. Whether the station's key signed it is for those to
// check who have the log; what is no checkpoint at all is not worth a record.
func (r *Room) checkpoint(n Notice) bool {
	text, _, _ := strings.Cut(n.Detail, "\n\n")
	c, err := stream.ParseCheckpoint(text + "\n")
	if err != nil || c.ID != n.Attempt {
		return true
	}
	return r.say(exam.CheckpointHeard{Station: n.Station, Attempt: n.Attempt, Size: c.Size, Root: c.Root[:], Note: n.Detail})
}

// afterwards calls f, which may be nil, once the disk has everything recorded so far.
func (r *Room) afterwards(f func()) {
	switch {
	case f == nil:
	case r.j.Status().Durable >= r.state.seq:
		f()
	default:
		r.waiting = append(r.waiting, waiting{r.state.seq, f})
	}
}

func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

// StationOnline notes that a station is connected, or is not any more.
func (r *Room) StationOnline(station string, online bool) {
	what := SaidLinkOff
	if online {
		what = SaidLinkUp
	}
	r.post(func() { r.say(exam.StationSaid{Station: station, What: what, Detail: Saying{}.String()}) })
}

// Gate notes which candidate an administrator lets through the gate now. Alarms of the detector concern that candidate
// until another one is picked; one that came when nobody was picked is tied to the first who is (R21). done, which may be
// nil, gets nil or ErrPerson.
func (r *Room) Gate(iin string, done func(error)) {
	r.post(func() {
		answer(done, r.gate(iin))
	})
}

func (r *Room) gate(iin string) error {
	if _, ok := r.state.index[iin]; !ok {
		return ErrPerson
	}
	if r.state.gate != iin {
		r.say(exam.StationSaid{Station: Desk, IIN: iin, What: SaidGate, Detail: Saying{}.String()})
	}
	for _, a := range slices.Clone(r.state.alarms) {
		if a.Kind == act.ByDetector && a.IIN == "" && !a.Handled {
			r.say(exam.StationSaid{Station: Desk, IIN: iin, What: SaidTied, Detail: Saying{Record: a.Record}.String()})
		}
	}
	return nil
}

func answer(done func(error), err error) {
	if done != nil {
		done(err)
	}
}

// signed runs f on the room's goroutine if the code is that of the administrator by; else it logs the attempt and refuses
// with ErrCode.
func (r *Room) signed(by, code string, refuse func(error), f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.asked.Go(func() {
		i := slices.IndexFunc(r.cfg.Session.Administrators, func(a exam.Administrator) bool { return a.Name == by })
		r.codes.Lock()
		ok := i >= 0 && r.cfg.Session.Administrators[i].Accepts(code)
		r.codes.Unlock()
		r.post(func() {
			if ok {
				f()
				return
			}
			r.say(exam.CodeRefused{By: cut(by, MaxText)})
			refuse(ErrCode)
		})
	})
}

// Dismiss notes that an alarm needs no act, by an administrator's decision and for a reason. done gets nil, ErrCode,
// ErrReason or ErrAlarm.
func (r *Room) Dismiss(record uint64, reason, by, code string, done func(error)) {
	refuse := func(err error) { answer(done, err) }
	r.signed(by, code, refuse, func() {
		i := slices.IndexFunc(r.state.alarms, func(a Alarm) bool { return a.Record == record && !a.Handled })
		switch {
		case strings.TrimSpace(reason) == "":
			refuse(ErrReason)
		case i < 0:
			refuse(ErrAlarm)
		default:
			r.say(exam.StationSaid{
				Station: Desk, IIN: r.state.alarms[i].IIN, What: SaidHandled,
				Detail: Saying{Detail: cut(reason, MaxText), By: by, Record: record}.String(),
			})
			refuse(nil)
		}
	})
}

// Draw makes a draft an act: it is numbered, signed with the administrator's code and, where they have taken a key for the
// shift, with that, printed and recorded, and from then on immutable (R19). done is called once the disk has the act and its
// files are written; it gets ErrCode, a *act.Incomplete, ErrPerson, ErrAlarm or ErrCorrects, a *act.KeyError, or what went
// wrong in printing. An act that done reports has a number; one that is refused leaves no gap.
func (r *Room) Draw(d act.Draft, by, code string, done func(Act, error)) {
	d = d.Clone()
	refuse := func(err error) { done(Act{}, err) }
	if p := r.cfg.Forms.Check(d); len(p) > 0 {
		r.post(func() { refuse(&act.Incomplete{Problems: p}) })
		return
	}
	r.signed(by, code, refuse, func() {
		if err := r.draw(d, by, done); err != nil {
			refuse(err)
		}
	})
}

func (r *Room) draw(d act.Draft, by string, done func(Act, error)) error {
	s := r.state
	i, ok := s.index[d.IIN]
	if !ok && !d.Form.Room {
		return ErrPerson
	}
	if corrects := d.Fields[act.FieldCorrects]; corrects != "" &&
		!slices.ContainsFunc(s.acts, func(a Act) bool { return a.Number == corrects }) {
		return ErrCorrects
	}
	if d.Cause > 0 {
		// A second act about one alarm is only a correction of the first.
		k := slices.IndexFunc(s.alarms, func(a Alarm) bool { return a.Record == d.Cause })
		if k >= 0 && s.alarms[k].Act != "" && d.Fields[act.FieldCorrects] == "" {
			return ErrAlarm
		}
	}
	if !d.Form.Room && d.Fields[act.FieldAttempt] == "" && s.people[i].Attempt != "" {
		d.Fields[act.FieldAttempt] = s.people[i].Attempt
	}
	now := r.cfg.Now().In(r.cfg.Session.Start.Location())
	drawn, pdf, err := r.cfg.Forms.Issue(d, &r.book, by, now, r.cfg.Fonts)
	if err != nil {
		return err
	}
	// Signed before anything is recorded: a key that has just expired leaves no act behind.
	var cms []byte
	var signature exam.ActSigned
	if key := r.keys[by]; key != nil {
		if cms, err = key.Sign(pdf); err == nil {
			signature, err = act.Signed(drawn, pdf, cms, administratorLine)
		}
		if err != nil {
			return err
		}
	}
	seq, err := r.record(drawn, pdf)
	if err != nil {
		return err
	}
	if err := r.book.Add(drawn.Number); err != nil {
		return err
	}
	if cms != nil {
		if seq, err = r.record(signature, cms); err != nil {
			return err
		}
	}
	k := len(s.acts) - 1
	s.acts[k].Path = filepath.Join(r.acts(), act.FileName(drawn.Number))
	a := s.acts[k] // with its signature
	a.Fields = maps.Clone(a.Fields)
	attempts := s.ties[a.Number]
	r.waiting = append(r.waiting, waiting{seq, func() {
		err := writeFile(a.Path, pdf)
		if err == nil && cms != nil {
			err = writeFile(r.signatureFile(a.Number), cms)
		}
		r.tell(a, attempts)
		done(a, err)
	}})
	r.publish()
	return nil
}

// administratorLine is the id of the line under a form on which its administrator signs.
const administratorLine = "administrator"

func (r *Room) signatureFile(number string) string {
	return filepath.Join(r.acts(), act.SignatureFileName(number))
}

// tell hands an act on to attempts that it is about.
func (r *Room) tell(a Act, attempts []string) {
	if r.cfg.OnAct == nil {
		return
	}
	tied := act.Tie(a.ActDrawn)
	for _, attempt := range attempts {
		r.cfg.OnAct(attempt, tied)
	}
}

// tellBars hands the acts that keep a candidate out on to the attempt that the notice says was opened: one drawn up at the
// desk names no attempt yet, and holds for this one all the same (R20).
func (r *Room) tellBars(n Notice) {
	if n.What != (exam.Opened{}).Kind() || n.Attempt == "" {
		return
	}
	if bars := r.state.bars(n.IIN); len(bars) > 0 {
		r.afterwards(func() {
			for _, a := range bars {
				r.tell(a, []string{n.Attempt})
			}
		})
	}
}

// TakeKey takes the key with which an administrator signs acts from here on, until the program ends: the file is chosen and
// its password typed once per shift. The key stays in memory. done gets whom the certificate names, or ErrCode, an error of
// the file, or a *act.KeyError.
func (r *Room) TakeKey(path, password, by, code string, done func(name string, err error)) {
	r.signed(by, code, func(err error) { done("", err) }, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.closed {
			return
		}
		// A password costs the file's own number of iterations, which may be many.
		r.asked.Go(func() {
			key, err := readKey(path, password, r.cfg.Now())
			r.post(func() {
				if err != nil {
					done("", err)
					return
				}
				r.keys[by] = key
				r.say(exam.StationSaid{Station: Desk, What: SaidKey, Detail: Saying{By: by, Detail: cut(key.Name(), MaxText)}.String()})
				done(key.Name(), nil)
			})
		})
	})
}

// maxKey bounds a file with a key, in bytes.
const maxKey = 1 << 20

func readKey(path, password string, now time.Time) (*act.Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKey))
	if err != nil {
		return nil, err
	}
	return act.ReadKey(data, password, now)
}

// PrintSheet prints a list of the session, such as the seating list (forms 11-1 and 11-2), into the folder of the acts and
// returns its path. It waits for the disk.
func (r *Room) PrintSheet(id string) (path string, err error) {
	rows := act.SeatingRows(r.cfg.Session)
	if id == act.Distribution {
		rows = act.DutyRows(r.cfg.Session, nil)
	}
	now := r.cfg.Now().In(r.cfg.Session.Start.Location()).Truncate(time.Second)
	pdf, err := r.cfg.Forms.PrintSheet(id, r.cfg.Session, rows, now, r.cfg.Fonts)
	if err != nil {
		return "", err
	}
	path = filepath.Join(r.acts(), "list-"+id+"-"+now.Format("2006-01-02-150405")+".pdf")
	if err := writeFile(path, pdf); err != nil {
		return "", err
	}
	r.post(func() {
		sum := sha256.Sum256(pdf)
		r.say(exam.StationSaid{Station: Desk, What: SaidPrinted, Detail: Saying{Detail: id + " " + hex.EncodeToString(sum[:])}.String()})
	})
	return path, nil
}

// writeFile writes a file whole or not at all, and not before the disk has it.
func writeFile(path string, data []byte) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(tmp)
		return err
	}
	return os.Rename(tmp, path)
}

// Close stops the room and writes what is queued. It returns the reason where records could not be written.
func (r *Room) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		<-r.done
		return nil
	}
	r.closed = true
	r.mu.Unlock()
	r.asked.Wait()
	close(r.quit)
	<-r.done
	err := r.j.Close()
	for _, w := range r.waiting {
		if w.seq <= r.j.Status().Durable {
			w.f()
		}
	}
	return errors.Join(err, r.lock.Close())
}

// post queues f for the room's goroutine. The queue has no bound: devices report changes, people press keys, and the link
// bounds what stations send.
func (r *Room) post(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.queue = append(r.queue, f)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *Room) loop() {
	defer close(r.done)
	for {
		select {
		case <-r.wake:
			r.drain()
		case <-r.quit:
			r.drain()
			return
		}
	}
}

func (r *Room) drain() {
	for {
		r.mu.Lock()
		if len(r.queue) == 0 {
			r.mu.Unlock()
			return
		}
		f := r.queue[0]
		r.queue = r.queue[1:]
		r.mu.Unlock()
		f()
	}
}

// say records an event and publishes the view. It returns whether the journal took the event; a refusal shows in the view.
func (r *Room) say(e exam.Event, blobs ...[]byte) bool {
	if _, err := r.record(e, blobs...); err != nil {
		r.mu.Lock()
		r.view.Trouble = err
		r.mu.Unlock()
		return false
	}
	r.publish()
	return true
}

func (r *Room) record(e exam.Event, blobs ...[]byte) (uint64, error) {
	stamp := exam.Stamp{Wall: r.cfg.Now().UnixMilli(), Run: r.run, Mono: time.Since(r.start).Milliseconds()}
	rec := exam.Recorded{Seq: r.state.seq + 1, Stamp: stamp, Event: e}
	data, err := exam.EncodeRecord(rec)
	if err != nil {
		return 0, err
	}
	if err := r.state.fold(rec); err != nil {
		return 0, fmt.Errorf("the room's log contradicts itself: %w", err)
	}
	return r.j.Append(journal.Entry{Record: data, Blobs: blobs})
}

// place records that a place which keeps the log has changed.
func (r *Room) place(index int, was, is journal.PlaceStatus) {
	for _, e := range journal.StorageEvents(index, was, is) {
		e.Detail = cut(strings.ToValidUTF8(e.Detail, "\uFFFD"), exam.MaxDetail)
		r.say(e)
	}
}

// settled runs what waited for the disk.
func (r *Room) settled() {
	durable := r.j.Status().Durable
	for len(r.waiting) > 0 && r.waiting[0].seq <= durable {
		f := r.waiting[0].f
		r.waiting = r.waiting[1:]
		f()
	}
	r.publish()
}

func (r *Room) publish() {
	v := r.state.view()
	s := r.j.Status()
	v.Appended, v.Durable, v.Trouble = s.Appended, s.Durable, s.Err
	r.mu.Lock()
	r.view = v
	watchers := r.watchers
	r.mu.Unlock()
	for _, w := range watchers {
		w(v)
	}
}
