package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/stream"
	"emtihan/exam/sealed"
	"emtihan/exam/vault"
)

// purgedFile is the log of destructions in a data folder.
const purgedFile = "purged.journal"

// roomSuffix follows the session's id in the name of a room's log in the second place, where the first place has room/ID.
const roomSuffix = ".room"

type purgeCmd struct {
	Folder    string   `arg:"" name:"data" help:"Data folder of a station or of an administrators' computer. Its key signs the record, in DATA/purged.journal." type:"existingdir"`
	Second    []string `help:"Folder of the second place. Can be repeated." placeholder:"DIR" type:"existingdir" sep:"none"`
	Sealed    []string `help:"Folder with sealed files. Can be repeated." placeholder:"DIR" type:"existingdir" sep:"none"`
	By        string   `required:"" help:"Who destroys them; goes into the record." placeholder:"NAME"`
	KeepDays  *int     `help:"How many days after its last record every log is kept, whatever its profile says. Without it each log's own profile decides; one that names no days keeps its logs for ever." placeholder:"N"`
	Recipient []string `help:"NCT's public key, which can read the log of destructions when it is begun. Can be repeated." placeholder:"KEY" sep:"none"`
	DryRun    bool     `help:"Only say what would be destroyed."`
	Yes       bool     `help:"Do not ask."`
	access
}

// Run destroys what is past its time. Nothing is destroyed before the record of it is safe on the disk (R27).
func (c *purgeCmd) Run(e *env) error {
	if strings.TrimSpace(c.By) == "" {
		return usageError{errors.New("--by: a name is needed")}
	}
	if c.KeepDays != nil && (*c.KeepDays < 1 || *c.KeepDays > 36500) {
		return usageError{errors.New("--keep-days: 1–36500")}
	}
	if err := vault.CheckRecipients(c.Recipient); err != nil {
		return usageError{fmt.Errorf("--recipient: %w", err)}
	}
	v, err := vault.OpenExisting(c.Folder, vault.Options{Recipients: c.Recipient})
	if err != nil {
		return err
	}
	opener, err := c.opener()
	if err != nil {
		return err
	}
	now := e.now()
	logs, err := c.inventory(vault.Any(v, opener))
	if err != nil {
		return err
	}
	log := &purgeLog{path: filepath.Join(c.Folder, purgedFile), vault: v, name: filepath.Base(c.Folder), now: e.now}
	if len(c.Second) > 0 {
		log.second = filepath.Join(c.Second[0], purgedFile)
	}
	if err := log.read(); err != nil {
		return e.refuse(log.path, err)
	}
	if future := c.future(logs, log, now); future != "" {
		fmt.Fprintln(e.out, e.say("purge.clock", "Now", e.clock(now), "What", future))
		return exitError(exitNotWhole)
	}
	due, refused := c.judge(e, logs, log, now)
	if len(due) == 0 {
		fmt.Fprintln(e.out, e.say("purge.nothing"))
	} else if !c.DryRun {
		if err := c.confirm(e, len(due)); err != nil {
			return err
		}
		if err := log.open(); err != nil {
			return e.refuse(log.path, err)
		}
		done, failed := 0, 0
		for _, l := range due {
			if err := c.destroy(e, l, log); err != nil {
				failed++
				fmt.Fprintln(e.out, e.say("purge.failed", "ID", clean(l.id), "Why", err))
			} else {
				done++
			}
		}
		if err := log.close(); err != nil {
			return err
		}
		refused += failed
		fmt.Fprintln(e.out, e.say("purge.summary", "Done", done, "Refused", refused, "Log", log.path))
	}
	if refused > 0 {
		return exitError(exitNotWhole)
	}
	return nil
}

// confirm asks the person at the terminal. The number is asked for, since it reads the same in every language.
func (c *purgeCmd) confirm(e *env, n int) error {
	if c.Yes {
		return nil
	}
	if !e.terminal {
		return usageError{errors.New(e.say("purge.no-terminal"))}
	}
	fmt.Fprint(e.out, e.say("purge.ask", "Number", n)+" ")
	line, err := bufio.NewReader(e.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != strconv.Itoa(n) {
		return usageError{errors.New(e.say("purge.not-confirmed"))}
	}
	return nil
}

// doomed is a log with all its files.
type doomed struct {
	id, kind, session string
	header            string // SHA-256 of its header, or ""
	files             []string
	ended             time.Time // at or after its last record, as far as that can be known
	size              uint64
	root              []byte
	read              bool // its content could be read
	over              bool // the attempt has ended; of no meaning unless read
	remains           bool // only files of a destruction that was interrupted
	busy              bool // a program has a file open
	own               rule // of its own profile; none unless that could be read
	rule              rule // what applies
}

// inventory finds the logs in all places. A log is known by its id together with its header, since all rooms of a session have
// one id. A damaged, half-made or set aside file of a journal belongs to its log.
func (c *purgeCmd) inventory(opener vault.Opener) ([]*doomed, error) {
	type key struct{ id, header string }
	byKey := make(map[key]*doomed)
	var all []*doomed
	add := func(k key, path string, f found) {
		l := byKey[k]
		if l == nil {
			l = &doomed{id: f.id, header: f.header, kind: exam.LogOfAttempt, remains: true}
			byKey[k] = l
			all = append(all, l)
		}
		l.add(path, f)
	}
	type unread struct {
		path string
		found
	}
	var rest []unread // whose header cannot be read
	for _, root := range slices.Concat([]string{c.Folder}, c.Second, c.Sealed) {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || !isLog(d.Name()) {
				return err
			}
			f, err := inspect(path, opener)
			if err != nil || f.id == "" {
				return err
			}
			if f.header == "" {
				rest = append(rest, unread{path, f})
			} else {
				add(key{f.id, f.header}, path, f)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	known := slices.Clone(all)
	for _, f := range rest {
		if l := ownerOf(known, f.path, f.found); l != nil {
			l.add(f.path, f.found)
			continue
		}
		k := key{id: f.id}
		if f.room {
			k.id = logPath(f.path) // the rooms of a session are told apart by where their files lie
		}
		add(k, f.path, f.found)
	}
	return all, nil
}

// ownerOf returns the log to which a file belongs whose header cannot be read, or nil. The id of an attempt is its own. For a
// room the only sign is that the file lies beside one of the log, under its name.
func ownerOf(logs []*doomed, path string, f found) (owner *doomed) {
	for _, l := range logs {
		beside := slices.ContainsFunc(l.files, func(other string) bool { return logPath(other) == logPath(path) })
		switch {
		case l.id != f.id, f.room && !beside:
		case beside:
			return l
		case owner != nil:
			return nil
		default:
			owner = l
		}
	}
	return owner
}

// logPath returns the path of a journal's file without what package journal puts behind it.
func logPath(path string) string {
	base, _, _ := strings.Cut(filepath.Base(path), ".journal")
	return filepath.Join(filepath.Dir(path), base)
}

// isLog reports whether a file of that name is one of a log: NAME.journal and what package journal makes of it when it mends,
// sealed files, and the remains of a pull that was interrupted.
func isLog(name string) bool {
	base, _, isJournal := strings.Cut(name, ".journal")
	return isJournal && base != strings.TrimSuffix(purgedFile, ".journal") || filepath.Ext(name) == ".emlog" || strings.HasPrefix(name, ".nct-")
}

func (l *doomed) add(path string, f found) {
	if slices.ContainsFunc(l.files, func(other string) bool { return sameFile(other, path) }) {
		return // one folder was named twice
	}
	l.files = append(l.files, path)
	l.busy = l.busy || f.busy
	if f.remains {
		return
	}
	l.remains = false
	if f.ended.After(l.ended) {
		l.ended = f.ended
	}
	if l.session == "" || f.read {
		l.session = f.session
	}
	if f.room {
		l.kind = exam.LogOfRoom
	}
	if f.read {
		l.read, l.over = true, l.over || f.over
	}
	if f.rule.longer(l.own) {
		l.own = f.rule
	}
	if f.size > l.size {
		l.size, l.root = f.size, f.root
	}
}

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// found is what one file says about its log.
type found struct {
	id, session               string
	header                    string // SHA-256 of the log's header, or "" where it cannot be read
	ended                     time.Time
	room, read, over, remains bool
	busy                      bool
	size                      uint64
	root                      []byte
	rule                      rule // of the attempt's profile
}

// inspect reads a file. A file of the log of destructions has no id; a file that nothing can be read of has its name as id.
func inspect(path string, opener vault.Opener) (found, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return found{}, err
	}
	name := filepath.Base(path)
	base, _, isJournal := strings.Cut(name, ".journal")
	f := found{id: base, ended: fi.ModTime()} // where the file is damaged, its date is all there is to say when it was last written
	if remains, ok, err := readTombstone(path); err != nil || ok {
		return remains, err
	}
	if isJournal {
		f.session = filepath.Base(filepath.Dir(path))
		if session, inSecond := strings.CutSuffix(base, roomSuffix); inSecond || f.session == "room" {
			f.room, f.id, f.session = true, session, session
		}
		err = f.journal(path, opener)
	} else {
		err = f.sealed(path, opener)
	}
	var wrong *sealed.Error
	switch {
	case errors.Is(err, journal.ErrInUse):
		f.busy, err = true, nil
	case errors.Is(err, journal.ErrDamaged), errors.As(err, &wrong):
		err = nil
	}
	if strings.HasPrefix(f.id, purgeID) {
		f.id = ""
	}
	return f, err
}

// record takes in what a record says.
func (f *found) record(rec exam.Recorded) {
	f.read = true
	switch ev := rec.Event.(type) {
	case exam.Opened:
		f.session = ev.Session
		if p, err := exam.ParseProfile(ev.Profile); err == nil {
			f.rule = rule{by: byProfile, profile: p.ID, days: p.Keep.Days}
		}
	case exam.RoomOpened:
		f.room, f.session = true, ev.Session
	case exam.Closed, exam.Postponed, exam.Withdrawn:
		f.over = true
	}
	f.at(rec.Stamp.Time())
}

func (f *found) at(t time.Time) {
	if t.After(f.ended) {
		f.ended = t
	}
}

func (f *found) journal(path string, opener vault.Opener) error {
	f.readHeader(path, 0)
	r, err := journal.OpenReader(path, opener)
	if err != nil {
		return err
	}
	defer r.Close()
	h, _ := r.Header()
	sum := r.Summary()
	f.id, f.size, f.root, f.ended = sum.ID, sum.Leaves, sum.Root[:], time.UnixMilli(h.Created)
	return r.Frames(func(fr stream.Frame) error {
		switch {
		case fr.Kind == stream.KindCheckpoint:
			// Without the key the checkpoints tell when the last records came.
			f.at(fr.Checkpoint.Time)
		case fr.Kind == stream.KindRecord && fr.Data != nil:
			if rec, err := exam.DecodeRecord(fr.Data); err == nil {
				f.record(rec)
			}
		}
		return nil
	})
}

func (f *found) sealed(path string, opener vault.Opener) error {
	f.readHeader(path, int64(len("EMLOG\r\n")+1))
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	log, err := sealed.Open(file, opener)
	if err != nil {
		return err
	}
	ended := f.ended
	f.ended = time.UnixMilli(log.Header().Created)
	for {
		s, err := log.Next()
		switch {
		case errors.Is(err, io.EOF):
			seal, _ := log.Seal()
			f.size, f.root = seal.Leaves, seal.Root[:]
			return nil
		case err != nil:
			f.at(ended)
			return err
		case s.Record != nil:
			f.record(*s.Record)
		case s.Kind == stream.KindCheckpoint:
			f.at(s.Checkpoint.Time)
		}
	}
}

// readHeader takes in the header that stands at an offset, where it can be read.
func (f *found) readHeader(path string, offset int64) {
	file, err := os.Open(path)
	if err != nil {
		return // the same error comes again
	}
	defer file.Close()
	h, raw, err := stream.ReadHeader(io.NewSectionReader(file, offset, stream.MaxHeader))
	if err != nil {
		return
	}
	sum := sha256.Sum256(raw)
	f.id, f.header = h.ID, string(sum[:])
	f.at(time.UnixMilli(h.Created))
}

// future names what lies in the future, if anything does: then the clock is wrong, and what is past its time nobody knows.
func (c *purgeCmd) future(logs []*doomed, log *purgeLog, now time.Time) string {
	for _, l := range logs {
		if now.Before(l.ended) {
			return clean(l.id)
		}
	}
	if now.Before(log.last.Time()) {
		return purgedFile
	}
	return ""
}

// judge says of every log what is to become of it, and returns those to destroy and the number of those that are past their
// time and refused.
func (c *purgeCmd) judge(e *env, logs []*doomed, log *purgeLog, now time.Time) (due []*doomed, refused int) {
	for _, l := range logs {
		profile := ruleOf(l, logs)
		if l.rule = profile; c.KeepDays != nil {
			l.rule = rule{by: byFlag, days: *c.KeepDays}
		}
		until := l.ended.AddDate(0, 0, l.rule.least())
		line := func(id string) {
			kind := e.code("kind", l.kind)
			fmt.Fprintln(e.out, e.say("purge."+id, "Kind", kind, "ID", clean(l.id), "Session", clean(l.session), "Ended", e.clock(l.ended),
				"Files", len(l.files), "Until", e.clock(until), "Rule", e.rule(l.rule), "Instead", e.rule(profile)))
		}
		if l.rule.by == byFlag && !l.remains && profile.longer(l.rule) {
			line("shorter")
		}
		switch {
		case l.remains && log.has[l.id]:
			line("remains")
			due = append(due, l)
		case l.rule.by != byNone && l.rule.days == 0:
			line("kept-ever")
		case now.Before(until):
			line("kept")
		case l.busy:
			line("busy")
			refused++
		case l.read && l.kind == exam.LogOfAttempt && !l.over:
			line("open")
			refused++
		case l.rule.by == byNone:
			line("no-rule")
			refused++
		case !l.read:
			line("due-locked")
			due = append(due, l)
		default:
			line("due")
			due = append(due, l)
		}
	}
	return due, refused
}

// rule says how long a log is kept, and who says so (R27).
type rule struct {
	by      string // byNone and so on, the ends of the sentences' ids
	profile string // its id
	days    int    // after the last record; 0: for ever
}

// Who says how long a log is kept.
const (
	byNone    = ""        // nobody: the profile cannot be read
	byProfile = "profile" // the attempt's own, as its log has it
	bySession = "session" // that of other attempts of the session
	byRules   = "rules"   // the admission rules: a room's log has no profile
	byFlag    = "flag"    // whoever destroys
)

// threeMonths is how long NCT may want a log after the exam (R22), at their longest.
const threeMonths = 92

// longer reports whether the rule keeps a log longer than the other. No rule is shorter than any.
func (r rule) longer(than rule) bool {
	switch {
	case r.by == byNone || than.by == byNone:
		return r.by != byNone
	case r.days == 0 || than.days == 0:
		return than.days != 0
	}
	return r.days > than.days
}

// least returns the days before which nothing is destroyed even where nobody knows the rule.
func (r rule) least() int {
	if r.by == byNone {
		return threeMonths
	}
	return r.days
}

// ruleOf returns what applies to a log of itself: its own profile; where that is not known, the longest of its session's
// profiles; for a room of which no attempt is here, the time of the admission rules. There may be none.
func ruleOf(l *doomed, logs []*doomed) rule {
	switch {
	case l.own.by != byNone:
		return l.own
	case l.remains: // it was judged before
		return rule{by: byRules, days: threeMonths}
	}
	var out rule
	for _, other := range logs {
		if other.session == l.session && other.own.longer(out) {
			out = other.own
		}
	}
	switch {
	case out.by != byNone:
		out.by = bySession
	case l.kind == exam.LogOfRoom:
		out = rule{by: byRules, days: threeMonths}
	}
	return out
}

// rule says in the person's language how long a log is kept, and who says so.
func (e *env) rule(r rule) string {
	if r.by == byNone {
		return ""
	}
	id := "purge.by-" + r.by
	if r.days == 0 {
		id = "purge.ever-" + r.by
	}
	return e.say(id, "Days", r.days, "Profile", clean(r.profile))
}

// destroy takes all files of a log, records that they are about to be destroyed, and destroys them. Where one of them cannot
// be taken, nothing is recorded and nothing destroyed.
func (c *purgeCmd) destroy(e *env, l *doomed, log *purgeLog) (err error) {
	var files []disk.File
	defer func() {
		for _, f := range files {
			err = errors.Join(err, f.Close())
		}
	}()
	for _, path := range l.files {
		f, err := disk.OS.Open(path, os.O_RDWR)
		if err != nil {
			return err
		}
		files = append(files, f)
		if err := f.Lock(true); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if !l.remains || !log.has[l.id] {
		root := l.root
		if root == nil {
			root = make([]byte, 32) // nothing is known of a damaged file
		}
		err := log.append(exam.Purged{
			Log: l.id, LogKind: l.kind, Session: l.session, Size: l.size, Root: root, Ended: l.ended.UnixMilli(),
			KeepDays: l.rule.least(), By: c.By, Files: len(l.files),
		})
		if err != nil {
			return fmt.Errorf("it is not destroyed, since no record of it could be made: %w", err)
		}
	}
	var errs []error
	for i, path := range l.files {
		err := bury(files[i], l.id, l.header)
		if err == nil {
			err = disk.OS.Remove(path)
		}
		if err == nil {
			err = disk.OS.SyncDir(filepath.Dir(path))
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	fmt.Fprintln(e.out, e.say("purge.done", "ID", clean(l.id), "Files", len(l.files)))
	return nil
}

// tombstone begins a file whose destruction has begun; the id of its log follows, after two bytes of length, and the SHA-256 of
// the log's header, or zeros where that could not be read.
const tombstone = "EMGONE\r\n"

// bury overwrites what opens a log, its wrapped keys, and syncs. What is left cannot be decrypted, whatever becomes of the
// file's name: that is why the rest need not be overwritten.
func bury(f disk.File, id, header string) error {
	mark := binary.BigEndian.AppendUint16([]byte(tombstone), uint16(len(id)))
	mark = append(append(mark, id...), header...)
	size, err := f.Size()
	if err != nil {
		return err
	}
	b := make([]byte, max(stream.MaxHeader+len("EMLOG\r\n")+1, len(mark)))
	copy(b, mark)
	if int64(len(b)) > size {
		b = b[:max(size, int64(len(mark)))]
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		return err
	}
	return f.Sync()
}

// readTombstone reports whether a file is what is left of a log.
func readTombstone(path string) (t found, ok bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return t, false, err
	}
	defer f.Close()
	b := make([]byte, len(tombstone)+2+stream.MaxID+sha256.Size)
	n, err := io.ReadFull(f, b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return t, false, err
	}
	rest, ok := bytes.CutPrefix(b[:n], []byte(tombstone))
	if !ok || len(rest) < 2 {
		return t, false, nil
	}
	length := int(binary.BigEndian.Uint16(rest))
	if length > len(rest)-2 {
		return t, false, nil
	}
	t.id, t.remains = string(rest[2:2+length]), true
	if sum := rest[2+length:]; len(sum) >= sha256.Size && !bytes.Equal(sum[:sha256.Size], make([]byte, sha256.Size)) {
		t.header = string(sum[:sha256.Size])
	}
	return t, true, nil
}

// purgeID begins the id of a log of destructions.
const purgeID = "purged-"

// purgeLog is the log of destructions of a data folder.
type purgeLog struct {
	path, second, name string
	vault              *vault.Vault

	now   func() time.Time
	has   map[string]bool // logs that were destroyed
	last  exam.Stamp      // of the last record
	next  uint64
	j     *journal.Journal
	start time.Time
	wait  chan struct{} // told of every change of what is durable
}

// read takes in what was destroyed before.
func (p *purgeLog) read() error {
	p.has, p.next = make(map[string]bool), 1
	r, err := journal.OpenReader(p.path, p.vault)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.KeyErr(); err != nil {
		h, _ := r.Header()
		return &lockedError{h.Wraps, err}
	}
	return r.Records(func(seq uint64, data []byte) error {
		rec, err := exam.DecodeRecord(data)
		if err != nil {
			return &journal.DamagedError{Path: p.path, Seq: seq, Why: err.Error()}
		}
		p.last, p.next = rec.Stamp, seq+1
		if ev, ok := rec.Event.(exam.Purged); ok {
			p.has[ev.Log] = true
		}
		return nil
	})
}

// open goes on with the log, or begins it.
func (p *purgeLog) open() (err error) {
	p.start, p.wait = p.now(), make(chan struct{}, 1)
	opt := journal.Options{Vault: p.vault, Second: p.second, OnStatus: func(journal.Status) {
		select {
		case p.wait <- struct{}{}:
		default:
		}
	}}
	p.last.Run++
	p.j, err = journal.Open(p.path, opt)
	if errors.Is(err, fs.ErrNotExist) {
		id := purgeID + strings.ReplaceAll(p.vault.Public().Fingerprint(), "-", "") + "-" + strconv.FormatInt(p.start.UnixMilli(), 10)
		if p.j, err = journal.Create(p.path, id, opt); err == nil {
			err = p.append(exam.PurgeLogOpened{Name: p.name})
		}
	}
	return err
}

// append records an event and returns when a disk has it.
func (p *purgeLog) append(ev exam.Event) error {
	now := p.now()
	stamp := exam.Stamp{Wall: max(now.UnixMilli(), p.last.Wall), Run: p.last.Run, Mono: max(now.Sub(p.start).Milliseconds(), 0)}
	data, err := exam.EncodeRecord(exam.Recorded{Seq: p.next, Stamp: stamp, Event: ev})
	if err != nil {
		return err
	}
	seq, err := p.j.Append(journal.Entry{Record: data, Checkpoint: true})
	if err != nil {
		return err
	}
	p.next++
	for {
		s := p.j.Status()
		if s.Durable >= seq {
			return nil
		}
		if s.Err != nil {
			return s.Err
		}
		<-p.wait
	}
}

func (p *purgeLog) close() error { return p.j.Close() }
