package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/disk"
	"emtihan/exam/sealed"
	"emtihan/exam/sealed/sealedtest"
	"emtihan/exam/vault"
)

const openAttempt = "01989b2e-7c00-7000-8000-0000000000cc"

// site is a data folder with a second place and a folder of sealed files.
type site struct {
	t                     *testing.T
	data, second, archive string
	vault                 *vault.Vault
	now                   time.Time
	terminal              bool
	typed                 string
	out, err              bytes.Buffer
}

// newSite makes a site with two ended attempts, an open one and a room, 100 days after the exam; attempt A lies in all places,
// once set aside as damaged.
func newSite(t *testing.T) *site {
	t.Helper()
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	root := t.TempDir()
	s := &site{
		t: t, data: filepath.Join(root, "pc-12"), second: filepath.Join(root, "stick"), archive: filepath.Join(root, "archive"),
		now: sealedtest.Start.AddDate(0, 0, 100),
	}
	s.vault = sealedtest.Folder(t, s.data, sealedtest.KeyLine)
	a := sealedtest.Sitting(t, sealedtest.AttemptA)
	a.Fixed(s.attempt(sealedtest.AttemptA), sealedtest.AttemptA, sealedtest.Form{})
	a.Fixed(s.in(s.second, sealedtest.AttemptA+".journal"), sealedtest.AttemptA, sealedtest.Form{})
	write(t, s.in(s.archive, "x.emlog"), string(a.Sealed(sealedtest.AttemptA, sealedtest.Form{}, sealedtest.KeyLine, sealedAt)))
	aside := s.attempt(sealedtest.AttemptA) + ".damaged-1"
	copyFile(t, s.attempt(sealedtest.AttemptA), aside)
	if err := damage(aside, 8); err != nil {
		t.Fatal(err)
	}
	sealedtest.Small(t, sealedtest.AttemptB).Fixed(s.attempt(sealedtest.AttemptB), sealedtest.AttemptB, sealedtest.Form{})
	sealedtest.Opening(t, openAttempt, "13").Fixed(s.attempt(openAttempt), openAttempt, sealedtest.Form{})
	sealedtest.Room(t).Fixed(s.in(s.data, "room", "astana-demo.journal"), sealedtest.RoomID, sealedtest.Form{})
	s.date(sealedtest.Start)
	return s
}

func (s *site) in(elem ...string) string { return filepath.Join(elem...) }

func (s *site) attempt(id string) string {
	return filepath.Join(s.data, "attempts", sealedtest.Session, id+".journal")
}

// date gives all files a date.
func (s *site) date(at time.Time) {
	s.t.Helper()
	for _, path := range s.files() {
		if err := os.Chtimes(path, at, at); err != nil {
			s.t.Fatal(err)
		}
	}
}

// files returns all files of logs.
func (s *site) files() (paths []string) {
	s.t.Helper()
	for _, dir := range []string{s.data, s.second, s.archive} {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && (strings.Contains(path, ".journal") || strings.HasSuffix(path, ".emlog")) {
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return paths
}

func (s *site) count(part string) (n int) {
	for _, path := range s.files() {
		if strings.Contains(path, part) || part == sealedtest.AttemptA && strings.HasSuffix(path, "x.emlog") {
			n++
		}
	}
	return n
}

func (s *site) run(args ...string) int {
	s.out.Reset()
	s.err.Reset()
	e := &env{in: strings.NewReader(s.typed), terminal: s.terminal, out: &s.out, err: &s.err, now: func() time.Time { return s.now }}
	return e.run(append([]string{"--zone", "UTC"}, args...))
}

// purge keeps every log for 92 days.
func (s *site) purge(args ...string) int {
	return s.byProfile(append([]string{"--keep-days", "92"}, args...)...)
}

// byProfile keeps each log as long as its profile says.
func (s *site) byProfile(args ...string) int {
	return s.run(append([]string{"purge", s.data, "--second", s.second, "--sealed", s.archive, "--by", "Сәуле"}, args...)...)
}

// keeps makes the log of an attempt that was withdrawn at the session's start, under a profile of its own that names days.
func (s *site) keeps(path, id string, days int) {
	s.t.Helper()
	opened := sealedtest.Opening(s.t, id, "14").Attempt.Opened
	profile := strings.Replace(string(opened.Profile), `id = "short"`, fmt.Sprintf(`id = "days-%d"`, days), 1)
	opened.Profile = fmt.Appendf(nil, "%s[keep]\ndays = %d\n", profile, days)
	l := sealedtest.NewAttempt(s.t).Record(opened, sealedtest.Picture(10))
	l.Do(exam.StartRun{}, exam.Withdraw{Deed: exam.Deed{By: "А", Reason: "б"}})
	l.Fixed(path, id, sealedtest.Form{})
	if err := os.Chtimes(path, sealedtest.Start, sealedtest.Start); err != nil {
		s.t.Fatal(err)
	}
}

// empty removes what newSite has made.
func (s *site) empty() {
	s.t.Helper()
	for _, path := range s.files() {
		if err := os.Remove(path); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *site) expect(what string, code, want int, said ...string) {
	s.t.Helper()
	if code != want {
		s.t.Fatalf("%s: exit code %d, want %d\n%s%s", what, code, want, &s.out, &s.err)
	}
	for _, x := range said {
		if !strings.Contains(s.out.String()+s.err.String(), x) {
			s.t.Errorf("%s: %q is not said:\n%s%s", what, x, &s.out, &s.err)
		}
	}
}

// destroyed returns what the log of destructions says.
func (s *site) destroyed() (events []exam.Event) {
	s.t.Helper()
	r, err := journal.OpenReader(filepath.Join(s.data, purgedFile), s.vault)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Close()
	err = r.Records(func(_ uint64, data []byte) error {
		rec, err := exam.DecodeRecord(data)
		events = append(events, rec.Event)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return events
}

// R22, R27: what is past its time is destroyed in all places, with a record that can be shown and pulled; an open attempt is
// not.
func TestPurge(t *testing.T) {
	s := newSite(t)
	// A second name shows what became of the bytes.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Link(s.attempt(sealedtest.AttemptB), link); err != nil {
		t.Fatal(err)
	}
	header, err := sealedtest.Header(t, sealedtest.AttemptB).Encode()
	if err != nil {
		t.Fatal(err)
	}
	wraps := header[len(header)-60 : len(header)-4]

	s.expect("look only", s.purge("--dry-run"), exitNotWhole, "DESTROY  log of the attempt "+sealedtest.AttemptA, "files: 4", "still open")
	if n := len(s.files()); n != 7 || s.destroyed() != nil {
		t.Fatalf("looking has left %d files, and %v on record", n, s.destroyed())
	}
	s.expect("purge", s.purge("--yes"), exitNotWhole, "REFUSED  log of the attempt "+openAttempt, "Destroyed: 3, refused: 1")
	if a, b, room, open := s.count(sealedtest.AttemptA), s.count(sealedtest.AttemptB), s.count("room"), s.count(openAttempt); a+b+room != 0 || open != 1 {
		t.Errorf("files left: %d, %d, %d, %d", a, b, room, open)
	}
	if data, err := os.ReadFile(link); err != nil || bytes.Contains(data, wraps) || !bytes.HasPrefix(data, []byte(tombstone)) {
		t.Errorf("the wrapped keys are still on the disk, %v", err)
	}

	events := s.destroyed()
	if len(events) != 4 {
		t.Fatalf("on record: %v", events)
	}
	if first, ok := events[0].(exam.PurgeLogOpened); !ok || first.Name != "pc-12" {
		t.Errorf("the log of destructions begins with %+v", events[0])
	}
	e, _ := events[1].(exam.Purged)
	ended := e.Ended
	if e.Log != sealedtest.AttemptA || e.LogKind != exam.LogOfAttempt || e.Session != sealedtest.Session || e.By != "Сәуле" || e.KeepDays != 92 ||
		e.Files != 4 || e.Size != 70 || len(e.Root) != 32 || ended < sealedtest.Start.UnixMilli() || ended > sealedtest.Start.Add(time.Hour).UnixMilli() {
		t.Errorf("on record: %+v", e)
	}
	if e, _ := events[3].(exam.Purged); e.LogKind != exam.LogOfRoom || e.Log != sealedtest.RoomID {
		t.Errorf("on record: %+v", events[3])
	}

	// It is shown, and pulled with whatever else is there.
	s.expect("timeline", s.run("timeline", filepath.Join(s.data, purgedFile)), exitOK, "Сәуле", sealedtest.AttemptA, "days")
	out := t.TempDir()
	s.expect("pull", s.run("pull", s.data, "--out", out), exitOK, "sealed purged-pc-12-")
	pulled, err := filepath.Glob(filepath.Join(out, "purged-pc-12-*.emlog"))
	if err != nil || len(pulled) != 1 {
		t.Fatal(pulled, err)
	}
	s.expect("verify", s.run("verify", pulled[0], "--data", s.data), exitOK, "Log of destructions of pc-12")

	// The sealed log of destructions is no log to destroy, and nothing else is past its time.
	copyFile(t, pulled[0], filepath.Join(s.archive, "purged.emlog"))
	s.now = s.now.AddDate(1, 0, 0)
	s.expect("again", s.purge("--yes"), exitNotWhole, "Nothing is past its time", "still open")
	if s.count("purged") != 2+1 || len(s.destroyed()) != 4 {
		t.Errorf("%q, and %d records", s.files(), len(s.destroyed()))
	}
}

// room is the log of a room of the session, made at its own time, whose id is the session's as that of every room of it.
func room(t *testing.T, number string, created, last time.Time) (*sealedtest.Log, sealedtest.Form) {
	t.Helper()
	log := sealedtest.NewRoom(t).Record(exam.RoomOpened{Session: sealedtest.Session, Centre: "Астана", Room: number})
	log.After(last.Sub(sealedtest.Start)).Record(exam.DoorRead{Device: number, Known: true})
	return log, sealedtest.Form{KeyLine: sealedtest.RoomKeyLine, Created: created}
}

// R22, R27: the logs of two rooms of a session have one id; each is judged by its own last record, and each has its own record
// of its destruction.
func TestPurgeRoomsOfOneSession(t *testing.T) {
	const id = sealedtest.Session
	begin := func(t *testing.T, early, late time.Time) (s *site, a, b string) {
		s = newSite(t)
		s.empty()
		a, b = s.in(s.archive, "101.emlog"), s.in(s.archive, "102.emlog")
		log, form := room(t, "101", sealedtest.Start, early)
		write(t, a, string(log.Sealed(id, form, form.KeyLine, sealedAt)))
		log.Fixed(s.in(s.data, "room", id+".journal"), id, form)
		log, form = room(t, "102", sealedtest.Start.Add(time.Second), late)
		log.After(time.Second).Record(exam.DoorRead{Device: "102"})
		write(t, b, string(log.Sealed(id, form, form.KeyLine, sealedAt)))
		log.Fixed(s.in(s.second, id+".room.journal"), id, form)
		s.date(sealedtest.Start)
		return s, a, b
	}
	purged := func(s *site) (list []exam.Purged) {
		for _, e := range s.destroyed() {
			if p, ok := e.(exam.Purged); ok {
				list = append(list, p)
			}
		}
		return list
	}
	soon, later := sealedtest.Start.Add(time.Minute), sealedtest.Start.AddDate(0, 0, 30)

	t.Run("both are past their time", func(t *testing.T) {
		s, a, b := begin(t, soon, soon.Add(time.Minute))
		roots := make(map[string]bool)
		for _, path := range []string{a, b} {
			rep, err := verifyFile(path, sealed.Options{})
			if err != nil {
				t.Fatal(err)
			}
			roots[string(rep.Seal.Root[:])] = true
		}
		s.expect("purge", s.purge("--yes"), exitOK, "Destroyed: 2, refused: 0")
		list := purged(s)
		for _, p := range list {
			if p.Files != 2 || !roots[string(p.Root)] || p.LogKind != exam.LogOfRoom || p.Log != id || p.Session != id {
				t.Errorf("on record: %+v", p)
			}
			delete(roots, string(p.Root))
		}
		if len(list) != 2 || len(s.files()) != 2 { // of the log of destructions
			t.Errorf("%d on record, %q left", len(list), s.files())
		}
	})
	t.Run("one is past its time", func(t *testing.T) {
		s, a, b := begin(t, soon, later)
		s.expect("purge", s.purge("--yes"), exitOK, "keep     log of the room", "Destroyed: 1, refused: 0")
		if list := purged(s); len(list) != 1 || list[0].Files != 2 || list[0].Ended != soon.UnixMilli() {
			t.Errorf("on record: %+v", list)
		}
		if _, err := os.Stat(a); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("room 101 is still there: %v", err)
		}
		if _, err := os.Stat(b); err != nil || s.count(id+".room.journal") != 1 {
			t.Errorf("room 102 was destroyed: %v", err)
		}
	})
	t.Run("the remains of one", func(t *testing.T) {
		s, a, b := begin(t, soon, later)
		s.expect("purge", s.purge("--yes"), exitOK)
		// The power failed before the first room's last file was removed.
		log, form := room(t, "101", sealedtest.Start, soon)
		write(t, a, string(log.Sealed(id, form, form.KeyLine, sealedAt)))
		f, err := disk.OS.Open(a, os.O_RDWR)
		if err != nil {
			t.Fatal(err)
		}
		inspected, err := inspect(a, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(bury(f, inspected.id, inspected.header), f.Close()); err != nil {
			t.Fatal(err)
		}
		s.expect("remains", s.purge("--yes"), exitOK, "DESTROY  remains of "+id, "keep     log of the room", "Destroyed: 1, refused: 0")
		if _, err := os.Stat(b); err != nil || len(purged(s)) != 1 {
			t.Errorf("room 102: %v, on record: %+v", err, purged(s))
		}
	})
	t.Run("whose header is damaged", func(t *testing.T) {
		s, _, _ := begin(t, soon, later)
		path := s.in(s.data, "room", id+".journal")
		copyFile(t, path, path+".damaged-1")
		for _, path := range []string{path + ".damaged-1", s.in(s.second, id+".room.journal")} {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = f.WriteAt(make([]byte, 512), 0)
			if err := errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
		}
		s.date(sealedtest.Start)
		// What lies beside the log under its name is the log's; what lies in another place may be another room's.
		s.expect("look only", s.purge("--dry-run"), exitOK, "last record 2026-08-20 03:01:00 +0000, files: 3",
			"DESTROY  log of the room "+id+", session "+id+", content not readable, last sign of writing 2026-08-20 03:00:00 +0000, files: 1", "keep     log of the room")
	})
}

// R22: nothing is destroyed a moment too early, and the default is never less than three months.
func TestPurgeInTime(t *testing.T) {
	s := newSite(t)
	ended := sealedtest.Start.Add(7 * time.Second) // of attempt B
	s.now = ended.AddDate(0, 0, 92).Add(-time.Millisecond)
	s.expect("early", s.purge("--dry-run"), exitNotWhole, "keep     log of the attempt "+sealedtest.AttemptB)
	s.now = ended.AddDate(0, 0, 92)
	s.expect("in time", s.purge("--dry-run"), exitNotWhole, "DESTROY  log of the attempt "+sealedtest.AttemptB)
	s.expect("kept longer", s.purge("--dry-run", "--keep-days", "93"), exitOK, "Nothing is past its time")
	for m := range 12 {
		begin := time.Date(2026, time.Month(m+1), 1, 0, 0, 0, 0, time.UTC)
		if begin.AddDate(0, 3, 0).After(begin.AddDate(0, 0, 92)) {
			t.Errorf("three months from %v take longer than 92 days", begin)
		}
	}
	for _, bad := range []string{"0", "-1", "40000"} {
		s.expect(bad, s.purge("--dry-run", "--keep-days="+bad), exitUsage)
	}
	s.expect("nobody", s.run("purge", s.data, "--by", " "), exitUsage)
}

// R27: without --keep-days each log is kept as long as its own profile says, and one that names no days for ever; with it the
// person decides, and hears what they shorten.
func TestPurgeByProfile(t *testing.T) {
	s := newSite(t)
	s.empty()
	id := func(n int) string { return fmt.Sprintf("01989b2e-7c00-7000-8000-%012d", n) }
	for _, days := range []int{0, 30, 400} {
		s.keeps(s.attempt(id(days)), id(days), days)
	}
	log := func(verb string, days int, rest string) string {
		return verb + "log of the attempt " + id(days) + ", session astana-demo, last record 2026-08-20 03:00:00 +0000" + rest
	}
	s.now = sealedtest.Start.AddDate(0, 0, 30).Add(-time.Millisecond)
	s.expect("a moment too early", s.byProfile("--dry-run"), exitOK, log("keep     ", 30, ": until 2026-09-19 03:00:00 +0000, 30 days by its profile days-30"))
	s.now = sealedtest.Start.AddDate(0, 0, 30)
	s.expect("in time", s.byProfile("--dry-run"), exitOK, log("DESTROY  ", 30, ", files: 1; 30 days by its profile days-30"),
		log("keep     ", 400, ": until 2027-09-24 03:00:00 +0000, 400 days by its profile days-400"),
		log("keep     ", 0, ": for ever by its profile days-0, which names no days"))
	if strings.Contains(s.out.String(), "CAUTION") {
		t.Errorf("without the flag nothing is shortened:\n%s", &s.out)
	}
	s.expect("purge", s.byProfile("--yes"), exitOK, "Destroyed: 1, refused: 0")
	if e, _ := s.destroyed()[1].(exam.Purged); e.Log != id(30) || e.KeepDays != 30 {
		t.Errorf("on record: %+v", e)
	}
	s.now = sealedtest.Start.AddDate(50, 0, 0)
	s.expect("fifty years later", s.byProfile("--yes"), exitOK, "DESTROY  log of the attempt "+id(400), "Destroyed: 1, refused: 0")
	if s.count(id(0)) != 1 {
		t.Error("what is kept for ever was destroyed")
	}
	s.expect("as long", s.byProfile("--dry-run", "--keep-days", "36500"), exitOK, "CAUTION  log of the attempt "+id(0))
	s.expect("the person decides", s.byProfile("--yes", "--keep-days", "10"), exitOK,
		"CAUTION  log of the attempt "+id(0)+", session astana-demo: 10 days by --keep-days, which is shorter than for ever by its profile days-0, which names no days",
		"Destroyed: 1, refused: 0")
	if e, _ := s.destroyed()[3].(exam.Purged); s.count(id(0)) != 0 || e.KeepDays != 10 {
		t.Errorf("%d files are left, on record: %+v", s.count(id(0)), e)
	}
}

// R22, R27: a log that has no profile, or whose profile cannot be read, is kept as long as the longest of its session's; a room
// of which no attempt is here three months. Who cannot know destroys nothing.
func TestPurgeByTheSession(t *testing.T) {
	room := "log of the room " + sealedtest.RoomID + ", session astana-demo, last record "
	s := newSite(t)
	s.empty()
	sealedtest.Room(t).Fixed(s.in(s.data, "room", "astana-demo.journal"), sealedtest.RoomID, sealedtest.Form{})
	s.date(sealedtest.Start)
	s.now = sealedtest.Start.AddDate(0, 0, 100)
	s.expect("a room alone", s.byProfile("--dry-run"), exitOK, "DESTROY  "+room, "92 days by the admission rules")
	s.keeps(s.attempt(sealedtest.AttemptA), sealedtest.AttemptA, 400)
	s.keeps(s.attempt(sealedtest.AttemptB), sealedtest.AttemptB, 30)
	s.expect("a room and its attempts", s.byProfile("--dry-run"), exitOK, "keep     "+room, "400 days by the profile days-400 of its session")
	s.expect("as long as the longest", s.byProfile("--dry-run", "--keep-days", "400"), exitOK, "Nothing is past its time")
	if strings.Contains(s.out.String(), "CAUTION") {
		t.Errorf("400 days are no shorter:\n%s", &s.out)
	}

	locked := "01989b2e-7c00-7000-8000-0000000000dd"
	s.keeps(s.attempt(locked), locked, 30)
	if err := damage(s.attempt(locked), 1); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(s.attempt(locked), sealedtest.Start, sealedtest.Start); err != nil {
		t.Fatal(err)
	}
	s.expect("beside readable ones", s.byProfile("--dry-run"), exitOK, "keep     log of the attempt "+locked)
	for _, id := range []string{sealedtest.AttemptA, sealedtest.AttemptB} {
		if err := os.Remove(s.attempt(id)); err != nil {
			t.Fatal(err)
		}
	}
	s.expect("alone", s.byProfile("--yes"), exitNotWhole, "REFUSED  log of the attempt "+locked, "with --keep-days you decide", "Destroyed: 1, refused: 1")
	if s.count(locked) != 1 {
		t.Error("it was destroyed")
	}
	s.expect("decided", s.byProfile("--yes", "--keep-days", "92"), exitOK, "Destroyed: 1, refused: 0")
}

// R27: a person is asked, and only the right answer destroys.
func TestPurgeAsks(t *testing.T) {
	s := newSite(t)
	n := len(s.files())
	s.expect("nobody is there", s.purge(), exitUsage, "nobody is there to ask")
	s.terminal = true
	for _, typed := range []string{"", "\n", "yes\n", "4\n"} {
		s.typed = typed
		s.expect(typed, s.purge(), exitUsage, "Type the number of logs to destroy (3)", "nothing was destroyed")
	}
	if len(s.files()) != n || s.destroyed() != nil {
		t.Fatalf("%d files of %d, on record: %v", len(s.files()), n, s.destroyed())
	}
	s.typed = "3\n"
	s.expect("confirmed", s.purge(), exitNotWhole, "Destroyed: 3, refused: 1")
}

// A clock that stands before a record shows that nobody knows the time; nothing is destroyed.
func TestPurgeWithAWrongClock(t *testing.T) {
	s := newSite(t)
	n := len(s.files())
	s.now = sealedtest.Start
	s.expect("before the logs", s.purge("--yes"), exitNotWhole, "The clock is wrong")
	if len(s.files()) != n {
		t.Errorf("%d files of %d", len(s.files()), n)
	}
	s.now = sealedtest.Start.AddDate(0, 0, 100)
	s.expect("purge", s.purge("--yes"), exitNotWhole)
	sealedtest.Small(t, sealedtest.AttemptB).Fixed(s.attempt(sealedtest.AttemptB), sealedtest.AttemptB, sealedtest.Form{})
	s.now = s.now.Add(-time.Hour)
	s.expect("before the last destruction", s.purge("--yes"), exitNotWhole, "The clock is wrong", purgedFile)
	if s.count(sealedtest.AttemptB) != 1 {
		t.Error("it was destroyed")
	}
}

// A log that a program has open is refused, whichever of its files it is, and without a record.
func TestPurgeInUse(t *testing.T) {
	s := newSite(t)
	f, err := disk.OS.Open(filepath.Join(s.second, sealedtest.AttemptA+".journal"), os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Lock(true); err != nil {
		t.Fatal(err)
	}
	s.expect("in use", s.purge("--yes"), exitNotWhole, "REFUSED  log of the attempt "+sealedtest.AttemptA, "a running program has it open", "Destroyed: 2, refused: 2")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if s.count(sealedtest.AttemptA) != 4 {
		t.Errorf("%d of 4 files are left", s.count(sealedtest.AttemptA))
	}
	for _, e := range s.destroyed() {
		if p, ok := e.(exam.Purged); ok && p.Log == sealedtest.AttemptA {
			t.Errorf("on record: %+v", p)
		}
	}
}

// R27: without a record nothing is destroyed.
func TestPurgeNeedsItsRecord(t *testing.T) {
	s := newSite(t)
	n := len(s.files())
	write(t, filepath.Join(s.data, purgedFile), "what is this")
	s.expect("damaged log of destructions", s.purge("--yes"), exitNotWhole, purgedFile)
	if len(s.files()) != n+1 {
		t.Errorf("%d files of %d", len(s.files()), n+1)
	}
	if err := os.Remove(filepath.Join(s.data, vault.KeyFile)); err != nil {
		t.Fatal(err)
	}
	s.expect("no key", s.purge("--yes"), exitUnreadable)
	if _, err := os.Stat(filepath.Join(s.data, vault.KeyFile)); !errors.Is(err, os.ErrNotExist) {
		t.Error("a key was made")
	}
}

// A destruction that was interrupted is gone on with; what is on record already is not recorded twice.
func TestPurgeInterrupted(t *testing.T) {
	s := newSite(t)
	s.expect("purge", s.purge("--yes"), exitNotWhole)
	before := len(s.destroyed())
	write(t, s.attempt(sealedtest.AttemptB), tombstone+"\x00\x24"+sealedtest.AttemptB+strings.Repeat("\x00", 5000))
	s.expect("remains", s.purge("--yes"), exitNotWhole, "DESTROY  remains of "+sealedtest.AttemptB, "Destroyed: 1, refused: 1")
	if s.count(sealedtest.AttemptB) != 0 || len(s.destroyed()) != before {
		t.Errorf("%d files, %d records, before %d", s.count(sealedtest.AttemptB), len(s.destroyed()), before)
	}
	// One file was buried, another was not.
	sealedtest.Small(t, sealedtest.AttemptB).Fixed(filepath.Join(s.second, sealedtest.AttemptB+".journal"), sealedtest.AttemptB, sealedtest.Form{})
	write(t, s.attempt(sealedtest.AttemptB), tombstone+"\x00\x24"+sealedtest.AttemptB)
	s.expect("half", s.purge("--yes"), exitNotWhole, "Destroyed: 1, refused: 1")
	if e, _ := s.destroyed()[before].(exam.Purged); s.count(sealedtest.AttemptB) != 0 || e.Files != 2 {
		t.Errorf("%d files, on record: %+v", s.count(sealedtest.AttemptB), e)
	}
}

// What cannot be read goes by its checkpoints, and by its date where it is damaged.
func TestPurgeLocked(t *testing.T) {
	s := newSite(t)
	write(t, filepath.Join(s.data, vault.SecretFile), vault.GenerateSecret()+"\n") // a person's decision, after the old one was lost
	s.now = sealedtest.Start.AddDate(0, 0, 92)
	s.expect("early", s.purge("--dry-run"), exitOK, "keep     log of the attempt "+sealedtest.AttemptA)
	s.now = s.now.AddDate(0, 0, 1)
	s.expect("in time", s.purge("--dry-run"), exitOK, "DESTROY  log of the attempt "+sealedtest.AttemptA+", session astana-demo, content not readable", "DESTROY  log of the room")
	if err := damage(s.attempt(sealedtest.AttemptB), 8); err != nil {
		t.Fatal(err)
	}
	late := sealedtest.Start.AddDate(0, 0, 2)
	if err := os.Chtimes(s.attempt(sealedtest.AttemptB), late, late); err != nil {
		t.Fatal(err)
	}
	s.expect("damaged", s.purge("--dry-run"), exitOK, "keep     log of the attempt "+sealedtest.AttemptB)
}

// Whatever lies in a folder under the name of a log is judged without a panic, and only what begins like the remains of a
// destruction is taken for that.
func FuzzInspect(f *testing.F) {
	path := filepath.Join(f.TempDir(), "a.journal")
	sealedtest.Small(f, sealedtest.AttemptB).Fixed(path, sealedtest.AttemptB, sealedtest.Form{})
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole[:40])
	f.Add(whole[:9000])
	f.Add([]byte(tombstone + "\x00\x02ab" + strings.Repeat("h", 32)))
	f.Add([]byte(tombstone + "\x00\x02ab"))
	f.Add([]byte(tombstone + "\xff\xffab"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		for _, name := range []string{"a.journal", "a.room.journal", "a.emlog", ".nct-1"} {
			path := filepath.Join(dir, name)
			write(t, path, string(data))
			got, err := inspect(path, nil)
			if err != nil || got.remains && !bytes.HasPrefix(data, []byte(tombstone)) || len(got.header) != 0 && len(got.header) != 32 {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	})
}

// Every sentence of the command is there in all languages.
func TestPurgeSpeaks(t *testing.T) {
	s := newSite(t)
	for _, l := range locales.All {
		for _, args := range [][]string{{"--dry-run"}, {}, {"--dry-run", "--keep-days", "92"}, {"--dry-run", "--keep-days", "200"}} {
			s.byProfile(append(args, "--lang", string(l))...)
			if said := s.out.String() + s.err.String(); said == "" || strings.Contains(said, "<no value>") || strings.Contains(said, "[nct.") {
				t.Errorf("%s %q: %s", l, args, said)
			}
		}
	}
}
