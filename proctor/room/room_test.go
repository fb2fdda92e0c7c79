package room

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/disk/disktest"
	"emtihan/exam/vault"
	"emtihan/proctor/act"

	"github.com/google/go-cmp/cmp"
)

const (
	adminName = "Сұлтанова Гүлнәр"
	adminCode = "4711"
)

var (
	zone    = time.FixedZone("+05", 5*3600)
	day     = time.Date(2026, 11, 21, 9, 40, 0, 0, zone)
	aigerim = exam.Candidate{IIN: "900101300017", Name: "Әбдіғаппар Айгерім", Seat: "7", Language: "kk"}
	ivan    = exam.Candidate{IIN: "910202300025", Name: "Иванов Иван", Seat: "8", Language: "ru"}
	hash    = sync.OnceValue(func() string { return exam.HashCode(adminCode, []byte("saltsalt")) })
)

func sitting(id string) *exam.Session {
	return &exam.Session{
		ID: id, Centre: "Қостанай", Room: "205", Start: day.Add(20 * time.Minute), Profile: "doctoral", Candidates: []exam.Candidate{aigerim, ivan},
		Administrators: []exam.Administrator{{Name: adminName, Role: "дежурный по аудитории", Code: hash()}},
	}
}

func config(t testing.TB, dir, session string) Config {
	t.Helper()
	forms, err := act.Load("")
	if err != nil {
		t.Fatal(err)
	}
	font, err := os.ReadFile("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
	if err != nil {
		t.Skip("the font DejaVu Sans is not installed")
	}
	return Config{
		Dir: dir, Session: sitting(session), Forms: forms, Fonts: act.Fonts{Regular: font}, Software: "test", Now: func() time.Time { return day },
		Journal: journal.Options{Vault: keys(t, dir)},
	}
}

// keys returns the vault of a data folder.
func keys(t testing.TB, dir string) *vault.Vault {
	t.Helper()
	v, err := vault.Open(dir, vault.Options{Credentials: "-"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// gate lets a room's journal ask before each write and sync whether it fails.
func gate(cfg *Config, ask func() error) {
	cfg.Journal.RetryEvery = time.Millisecond
	cfg.Journal.FS = disktest.Hook{FS: disk.OS, Before: func(string, string) error { return ask() }}
}

func open(t testing.TB, cfg Config) *Room {
	t.Helper()
	r, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// closeAndVerify closes the room and checks its log whole.
func closeAndVerify(t testing.TB, r *Room) {
	t.Helper()
	if _, err := r.j.Verify(); err != nil {
		t.Errorf("the log: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func draw(t testing.TB, r *Room, d act.Draft, code string) (Act, error) {
	t.Helper()
	type result struct {
		a   Act
		err error
	}
	done := make(chan result, 1)
	r.Draw(d, adminName, code, func(a Act, err error) { done <- result{a, err} })
	select {
	case x := <-done:
		return x.a, x.err
	case <-time.After(patience):
		t.Fatal("the act was neither drawn up nor refused")
	}
	return Act{}, nil
}

func draft(t testing.TB, r *Room, form string, c exam.Candidate, trigger act.Trigger) act.Draft {
	t.Helper()
	f, ok := r.cfg.Forms.Form(form)
	if !ok {
		t.Fatalf("no form %s", form)
	}
	d := act.Prefill(f, r.cfg.Session, c, trigger, day)
	if _, ok := f.Field("items"); ok {
		d.Fields["items"] = "phone"
	}
	if form == "12" && d.Fields["bans"] == "" {
		d.Fields["bans"] = "3"
	}
	return d
}

// R21: the states of the devices, with unknown as one of its own.
func TestDevices(t *testing.T) {
	r := open(t, config(t, t.TempDir(), "s1"))
	if v := r.View(); v.Detector.State != Unknown || v.Door.State != Unknown {
		t.Fatalf("before the first reading: %+v, %+v", v.Detector, v.Door)
	}
	detector := func(known, active bool, count, alarms uint32, reason string) exam.Event {
		return exam.DetectorRead{Device: "entrance", Known: known, Active: active, Count: count, Alarms: alarms, Reason: reason}
	}
	door := func(known, open bool, reason string) exam.Event {
		return exam.DoorRead{Device: "door", Known: known, Open: open, Reason: reason}
	}
	for _, c := range []struct {
		name           string
		event          exam.Event
		detector, door Quality
		reason         string
		alarms         int
		counted        uint32
	}{
		{"detector clear", detector(true, false, 5, 0, ""), Quiet, Unknown, "", 0, 0},
		{"door open", door(true, true, ""), Quiet, Raised, "", 0, 0},
		{"door closed", door(true, false, ""), Quiet, Quiet, "", 0, 0},
		{"alarm", detector(true, true, 6, 1, ""), Raised, Quiet, "", 1, 1},
		{"alarm over", detector(true, false, 6, 0, ""), Quiet, Quiet, "", 1, 1},
		{"a pulse too short to be seen", detector(true, false, 8, 2, ""), Quiet, Quiet, "", 2, 3},
		{"held without a counter", detector(true, true, 8, 0, ""), Raised, Quiet, "", 3, 4},
		{"still held", detector(true, true, 8, 0, ""), Raised, Quiet, "", 3, 4},
		{"silent", detector(false, false, 0, 0, "silent"), Unknown, Quiet, "silent", 3, 4},
		{"door unplugged", door(false, false, "unplugged"), Unknown, Unknown, "silent", 3, 4},
		{"back, still held", detector(true, true, 8, 0, ""), Raised, Unknown, "", 3, 4},
		{"released", detector(true, false, 8, 0, ""), Quiet, Unknown, "", 3, 4},
		{"silent again", detector(false, false, 0, 0, "silent"), Unknown, Unknown, "silent", 3, 4},
		{"back, held anew", detector(true, true, 8, 0, ""), Raised, Unknown, "", 4, 5},
	} {
		switch e := c.event.(type) {
		case exam.DetectorRead:
			r.Detector(e)
		case exam.DoorRead:
			r.Door(e)
		}
		v := sync1(t, r)
		if v.Detector.State != c.detector || v.Door.State != c.door || v.Detector.Reason != c.reason {
			t.Errorf("%s: detector %v (%q), door %v; want %v (%q), %v", c.name, v.Detector.State, v.Detector.Reason, v.Door.State, c.detector, c.reason, c.door)
		}
		if len(v.Alarms) != c.alarms || v.Detector.Alarms != c.counted {
			t.Errorf("%s: %d alarms, counted %d; want %d, %d", c.name, len(v.Alarms), v.Detector.Alarms, c.alarms, c.counted)
		}
	}
	closeAndVerify(t, r)
}

// sync1 returns the view after everything that was posted before.
func sync1(t testing.TB, r *Room) View {
	t.Helper()
	done := make(chan View, 1)
	r.post(func() { done <- r.View() })
	select {
	case v := <-done:
		return v
	case <-time.After(patience):
		t.Fatal("the room does not answer")
	}
	return View{}
}

// R21: alarms that the module counted while no program ran are an alarm of the next run; before its first reading the
// detector is unknown, whatever it was.
func TestAlarmsBetweenRuns(t *testing.T) {
	dir := t.TempDir()
	r := open(t, config(t, dir, "s1"))
	r.Detector(exam.DetectorRead{Device: "entrance", Known: true, Count: 10})
	sync1(t, r)
	closeAndVerify(t, r)
	r = open(t, config(t, dir, "s1"))
	if v := r.View(); v.Detector.State != Unknown || v.Run != 2 {
		t.Errorf("after the restart: %+v in run %d", v.Detector, v.Run)
	}
	r.Detector(exam.DetectorRead{Device: "entrance", Known: true, Count: 13})
	v := sync1(t, r)
	if len(v.Alarms) != 1 || !v.Alarms[0].Missed || v.Alarms[0].Count != 3 {
		t.Errorf("alarms %+v, want one that stands for 3", v.Alarms)
	}
	closeAndVerify(t, r)
	r = open(t, config(t, dir, "s1"))
	r.Detector(exam.DetectorRead{Device: "entrance", Known: true, Count: 2})
	if v := sync1(t, r); len(v.Alarms) != 1 {
		t.Errorf("a counter that went back made %d alarms", len(v.Alarms)-1)
	}
	closeAndVerify(t, r)
}

// R7: what is typed is a seat before it is part of a name or of an IIN, and every word counts.
func TestSearch(t *testing.T) {
	v := View{People: []Person{
		{Candidate: exam.Candidate{IIN: "900101100014", Name: "Смағұлов Ерлан", Seat: "10"}},
		{Candidate: exam.Candidate{IIN: "900101100004", Name: "Серікұлы Нұрлан", Seat: "a1"}},
		{Candidate: exam.Candidate{IIN: "850202300007", Name: "Иванов Пётр", Seat: "1"}},
	}}
	for query, want := range map[string]string{
		"": "10 a1 1", "1": "1 10 a1", "A1": "a1", "9001": "10 a1", "нұрлан  СЕРІК": "a1", "иванов 2": "1", "иванов 9": "", "x": "",
	} {
		var seats []string
		for _, p := range v.Search(query) {
			seats = append(seats, p.Seat)
		}
		if got := strings.Join(seats, " "); got != want {
			t.Errorf("%q finds %q, want %q", query, got, want)
		}
	}
}

// R21: an alarm concerns who is in the gate; an alarm before anybody was picked concerns the first who is.
func TestGate(t *testing.T) {
	dir := t.TempDir()
	r := open(t, config(t, dir, "s1"))
	alarm := exam.DetectorRead{Device: "entrance", Known: true, Count: 1, Alarms: 1}
	r.Detector(alarm)
	r.Gate(aigerim.IIN, nil)
	alarm.Count = 2
	r.Detector(alarm)
	r.Gate(ivan.IIN, nil)
	alarm.Count = 3
	r.Detector(alarm)
	refused := make(chan error, 1)
	r.Gate("000000000000", func(err error) { refused <- err })
	if err := <-refused; !errors.Is(err, ErrPerson) {
		t.Errorf("a stranger in the gate: %v", err)
	}
	v := sync1(t, r)
	check := func(v View) {
		t.Helper()
		var got []string
		for _, a := range v.Alarms {
			got = append(got, a.IIN)
		}
		if diff := cmp.Diff([]string{ivan.IIN, aigerim.IIN, aigerim.IIN}, got); diff != "" {
			t.Errorf("whom the alarms concern, newest first (-want +got):\n%s", diff)
		}
		if p, _ := v.Person(aigerim.IIN); p.Trouble != 2 {
			t.Errorf("%d open alarms about the first candidate, want 2", p.Trouble)
		}
	}
	check(v)
	closeAndVerify(t, r)
	r = open(t, config(t, dir, "s1"))
	check(r.View())
	closeAndVerify(t, r)
}

func notice(what, detail string) Notice {
	return Notice{Station: "st7", Seat: "7", Attempt: "attempt-7", IIN: aigerim.IIN, Name: aigerim.Name, Phase: "running", What: what, Detail: detail, Wall: day.UnixMilli(), Seq: 12}
}

// R10, R14, R17: what stations say becomes the candidate's state, and an alarm where a person must decide.
func TestNotices(t *testing.T) {
	for _, c := range []struct {
		name  string
		n     Notice
		alarm string // kind, or ""
		hold  string
	}{
		{"failed match", notice("face.checked", "refused:low-score"), act.ByFace, HoldLocked},
		{"match", notice("face.checked", "accepted:ok"), "", HoldLocked},
		{"unsure", notice("face.checked", "unsure:dark"), "", HoldLocked},
		{"no camera", notice("face.unavailable", "no-camera"), act.ByCall, HoldLocked},
		{"window lost", notice("focus.changed", "lost"), act.ByFocus, ""},
		{"window lost while nobody can work in it", notice("focus.changed", "lost"), "", HoldLocked},
		{"window back", notice("focus.changed", "back"), "", HoldLocked},
		{"away too long", notice("limit.exceeded", "leave-minutes"), act.ByLimit, HoldLocked},
		{"call", notice("administrator.called", "help"), act.ByCall, HoldLocked},
		{"fragment missing", notice("appeal.technical", "q1: no picture"), act.ByCall, HoldLocked},
		{"entered", notice("entered", ""), "", HoldLocked},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			r := open(t, config(t, dir, "s1"))
			r.StationOnline("st7", true)
			n := c.n
			n.Hold, n.Score, n.Threshold, n.Frame = c.hold, 0.21, 0.4, []byte("picture")
			r.Hear(Delivery{Notice: n})
			v := sync1(t, r)
			p, _ := v.Person(aigerim.IIN)
			if p.Phase != exam.PhaseRunning || p.Hold != c.hold || !p.Online || p.Attempt != "attempt-7" {
				t.Errorf("candidate %+v", p)
			}
			kind := ""
			if len(v.Alarms) > 0 {
				kind = v.Alarms[0].Kind
			}
			if kind != c.alarm || (p.Trouble > 0) != (c.alarm != "") {
				t.Errorf("alarm %q and %d troubles, want %q", kind, p.Trouble, c.alarm)
			}
			if kind == act.ByFace {
				if got := v.Alarms[0].Trigger(); got.Score != 0.21 || got.Threshold != 0.4 || got.FormFor() != "13" || got.Attempt != "attempt-7" {
					t.Errorf("trigger %+v", got)
				}
			}
			found := false
			sum := sha256.Sum256(n.Frame)
			await(t, "the picture in the log", func() bool {
				if err := r.j.Blobs(func(h journal.Hash, _ []byte) error { found = found || h == sum; return nil }); err != nil {
					t.Fatal(err)
				}
				return found
			})
			closeAndVerify(t, r)
		})
	}
}

// R10: an administrator who unlocks the station has decided on the failed match.
func TestDecidedAtTheStation(t *testing.T) {
	r := open(t, config(t, t.TempDir(), "s1"))
	r.Hear(Delivery{Notice: notice("face.checked", "refused:low-score")})
	r.Hear(Delivery{Notice: notice("limit.exceeded", "leave-times")})
	n := notice("unlocked", "it is her")
	n.By = adminName
	r.Hear(Delivery{Notice: n})
	v := sync1(t, r)
	if got := v.Unhandled(); got != 1 {
		t.Errorf("%d open alarms, want only the limit's", got)
	}
	if a := v.Alarms[1]; !a.Handled || a.By != adminName {
		t.Errorf("the failed match: %+v", a)
	}
	closeAndVerify(t, r)
}

func TestNoStationSpeaksForTheDesk(t *testing.T) {
	r := open(t, config(t, t.TempDir(), "s1"))
	r.Hear(Delivery{Notice: notice("administrator.called", "help")})
	v := sync1(t, r)
	n := notice(SaidHandled, "")
	n.Station = Desk
	r.Hear(Delivery{Notice: n})
	n.Station, n.Detail = "st7", Saying{Record: v.Alarms[0].Record, By: adminName}.String()
	r.Hear(Delivery{Notice: n})
	if v := sync1(t, r); v.Unhandled() != 1 {
		t.Error("a station handled an alarm in an administrator's name")
	}
	closeAndVerify(t, r)
}

// R18–R21: an alarm becomes an act that is signed, numbered, printed and recorded, and is from then on immutable.
func TestDraw(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	var tied []string
	cfg := config(t, dir, "s1")
	cfg.OnAct = func(attempt string, a exam.ActTied) {
		mu.Lock()
		defer mu.Unlock()
		tied = append(tied, attempt+" "+a.Number)
	}
	r := open(t, cfg)
	r.Gate(aigerim.IIN, nil)
	r.Detector(exam.DetectorRead{Device: "entrance", Known: true, Count: 1, Alarms: 1})
	r.Hear(Delivery{Notice: notice("entered", "")})
	v := sync1(t, r)
	d := draft(t, r, "10", aigerim, v.Alarms[0].Trigger())

	if _, err := draw(t, r, d, "0000"); !errors.Is(err, ErrCode) {
		t.Fatalf("a wrong code: %v, want %v", err, ErrCode)
	}
	v = sync1(t, r)
	if l := v.Lines[0]; l.Event != (exam.CodeRefused{}).Kind() || l.By != adminName {
		t.Errorf("the wrong code is not in the log: %+v", l)
	}
	incomplete := d.Clone()
	delete(incomplete.Fields, "items")
	var de *act.Incomplete
	if _, err := draw(t, r, incomplete, adminCode); !errors.As(err, &de) || de.Problems[0].Field != "items" {
		t.Errorf("an incomplete act: %v", err)
	}
	stranger := d.Clone()
	stranger.IIN = "1"
	if _, err := draw(t, r, stranger, adminCode); !errors.Is(err, ErrPerson) {
		t.Errorf("an act about a stranger: %v", err)
	}

	a, err := draw(t, r, d, adminCode)
	if err != nil {
		t.Fatal(err)
	}
	// Neither the wrong code nor the refused drafts took a number.
	if got, want := a.Number, "10/2026-11-21/001"; got != want {
		t.Errorf("number %s, want %s", got, want)
	}
	pdf, err := os.ReadFile(a.Path)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(pdf); !bytes.Equal(sum[:], a.Digest) || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Error("the file is not the act of the log")
	}
	v = sync1(t, r)
	if x := v.Alarms[0]; !x.Handled || x.Act != a.Number || x.By != adminName {
		t.Errorf("the alarm: %+v", x)
	}
	if p, _ := v.Person(aigerim.IIN); p.Trouble != 0 || len(p.Acts) != 1 {
		t.Errorf("the candidate: %+v", p)
	}
	if v.Durable < v.Acts[0].Record {
		t.Error("the act was reported before the disk had it")
	}
	if _, err := draw(t, r, d, adminCode); !errors.Is(err, ErrAlarm) {
		t.Errorf("a second act about the alarm: %v, want %v", err, ErrAlarm)
	}
	correction := d.Clone()
	correction.Fields[act.FieldCorrects] = "10/2026-11-21/009"
	if _, err := draw(t, r, correction, adminCode); !errors.Is(err, ErrCorrects) {
		t.Errorf("a correction of nothing: %v, want %v", err, ErrCorrects)
	}
	correction.Fields[act.FieldCorrects] = a.Number
	b, err := draw(t, r, correction, adminCode)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := b.Number, "10/2026-11-21/002"; got != want {
		t.Errorf("number %s, want %s", got, want)
	}
	// Changing what was handed out changes nothing in the room.
	d.Fields["items"], b.Fields["items"] = "paper", "paper"
	first := sync1(t, r).Acts[0]
	closeAndVerify(t, r)

	// After a restart the acts are the same, a changed and a missing file are put back, and stations hear of them again.
	if err := os.WriteFile(a.Path, []byte("another act"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(b.Path); err != nil {
		t.Fatal(err)
	}
	r = open(t, cfg)
	if diff := cmp.Diff(first, r.View().Acts[0], cmp.AllowUnexported(Act{})); diff != "" {
		t.Errorf("the act after the restart (-want +got):\n%s", diff)
	}
	if again, err := os.ReadFile(a.Path); err != nil || !bytes.Equal(again, pdf) {
		t.Errorf("the changed file was not put back: %v", err)
	}
	if kept, err := os.ReadFile(a.Path + ".altered"); err != nil || string(kept) != "another act" {
		t.Errorf("what stood there was not kept: %q, %v", kept, err)
	}
	if _, err := os.Stat(b.Path); err != nil {
		t.Error(err)
	}
	c, err := draw(t, r, draft(t, r, "12", ivan, act.Trigger{}), adminCode)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Number, "12/2026-11-21/003"; got != want {
		t.Errorf("number after the restart %s, want %s", got, want)
	}
	closeAndVerify(t, r)
	mu.Lock()
	defer mu.Unlock()
	want := []string{"attempt-7 10/2026-11-21/001", "attempt-7 10/2026-11-21/002", "attempt-7 10/2026-11-21/001", "attempt-7 10/2026-11-21/002", " 12/2026-11-21/003"}
	if diff := cmp.Diff(want, tied); diff != "" {
		t.Errorf("what stations were told (-want +got):\n%s", diff)
	}
}

// R19: numbers run on without gaps over the sessions of a day, and begin anew the next day.
func TestNumbersOverSessions(t *testing.T) {
	dir := t.TempDir()
	for i, c := range []struct {
		session string
		now     time.Time
		want    string
	}{
		{"morning", day, "12/2026-11-21/001"},
		{"afternoon", day.Add(5 * time.Hour), "12/2026-11-21/002"},
		{"morning", day.Add(6 * time.Hour), "12/2026-11-21/003"},
		{"afternoon", day.Add(24 * time.Hour), "12/2026-11-22/001"},
	} {
		cfg := config(t, dir, c.session)
		cfg.Now = func() time.Time { return c.now.UTC() }
		r := open(t, cfg)
		a, err := draw(t, r, draft(t, r, "12", ivan, act.Trigger{}), adminCode)
		if err != nil {
			t.Fatal(err)
		}
		if a.Number != c.want {
			t.Errorf("act %d: %s, want %s", i+1, a.Number, c.want)
		}
		closeAndVerify(t, r)
	}
	// A damaged log of another session must not give a number out twice.
	if err := os.WriteFile(filepath.Join(dir, "room", "morning.journal"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := config(t, dir, "evening")
	r := open(t, cfg)
	a, err := draw(t, r, draft(t, r, "12", ivan, act.Trigger{}), adminCode)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := a.Number, "12/2026-11-21/004"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	closeAndVerify(t, r)
}

func TestDismiss(t *testing.T) {
	r := open(t, config(t, t.TempDir(), "s1"))
	r.Detector(exam.DetectorRead{Device: "entrance", Known: true, Count: 1, Alarms: 1})
	record := sync1(t, r).Alarms[0].Record
	dismiss := func(record uint64, reason, code string) error {
		done := make(chan error, 1)
		r.Dismiss(record, reason, adminName, code, func(err error) { done <- err })
		return <-done
	}
	for _, c := range []struct {
		record       uint64
		reason, code string
		want         error
	}{
		{record, "belt buckle", "1", ErrCode},
		{record, " ", adminCode, ErrReason},
		{record + 100, "belt buckle", adminCode, ErrAlarm},
		{record, "belt buckle", adminCode, nil},
		{record, "belt buckle", adminCode, ErrAlarm},
	} {
		if err := dismiss(c.record, c.reason, c.code); !errors.Is(err, c.want) {
			t.Errorf("alarm %d, %q, code %q: %v, want %v", c.record, c.reason, c.code, err, c.want)
		}
	}
	v := sync1(t, r)
	if a := v.Alarms[0]; !a.Handled || a.By != adminName || a.Act != "" {
		t.Errorf("the alarm: %+v", a)
	}
	closeAndVerify(t, r)
}

// A full disk delays an act, it does not lose it, and nothing is shown as done before the disk has it.
func TestFullDisk(t *testing.T) {
	cfg := config(t, t.TempDir(), "s1")
	var mu sync.Mutex
	full := false
	gate(&cfg, func() error {
		mu.Lock()
		defer mu.Unlock()
		if full {
			return syscall.ENOSPC
		}
		return nil
	})
	set := func(b bool) { mu.Lock(); defer mu.Unlock(); full = b }
	r := open(t, cfg)
	await(t, "the first records", func() bool { v := r.View(); return v.Durable == v.Appended })
	set(true)
	done := make(chan error, 1)
	r.Draw(draft(t, r, "12", ivan, act.Trigger{}), adminName, adminCode, func(_ Act, err error) { done <- err })
	await(t, "the trouble", func() bool { return journal.IsFull(r.View().Trouble) })
	select {
	case err := <-done:
		t.Fatalf("done with the disk full: %v", err)
	default:
	}
	set(false)
	if err := <-done; err != nil {
		t.Error(err)
	}
	await(t, "the end of the trouble", func() bool { return r.View().Trouble == nil })
	closeAndVerify(t, r)
}

func TestOpenRefusals(t *testing.T) {
	dir := t.TempDir()
	r := open(t, config(t, dir, "s1"))
	for _, session := range []string{"s1", "s2"} {
		if _, err := Open(config(t, dir, session)); !errors.Is(err, ErrSecond) {
			t.Errorf("a second room of session %s: %v, want %v", session, err, ErrSecond)
		}
	}
	closeAndVerify(t, r)
	path := filepath.Join(dir, "room", "s1.journal")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(config(t, dir, "s1")); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("a log cut off: %v, want %v", err, journal.ErrDamaged)
	}
	cfg := config(t, dir, "s2")
	r = open(t, cfg)
	closeAndVerify(t, r)
	if err := os.Rename(filepath.Join(dir, "room", "s2.journal"), filepath.Join(dir, "room", "s3.journal")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(config(t, dir, "s3")); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("another session's log: %v, want %v", err, journal.ErrDamaged)
	}
}

// A view that was handed out never changes.
func TestViewsAreImmutable(t *testing.T) {
	r := open(t, config(t, t.TempDir(), "s1"))
	r.Detector(exam.DetectorRead{Device: "entrance", Known: true, Count: 1, Alarms: 1})
	old := sync1(t, r)
	r.Gate(aigerim.IIN, nil)
	r.Hear(Delivery{Notice: notice("entered", "")})
	if _, err := draw(t, r, draft(t, r, "12", aigerim, act.Trigger{}), adminCode); err != nil {
		t.Fatal(err)
	}
	sync1(t, r)
	if old.Alarms[0].IIN != "" || old.People[0].Attempt != "" || len(old.People[0].Acts) != 0 || old.Gate != "" || len(old.Acts) != 0 {
		t.Errorf("the old view has changed: %+v", old)
	}
	closeAndVerify(t, r)
}

func FuzzParseSaying(f *testing.F) {
	f.Add(Saying{Detail: "lost", Phase: "running", Score: 0.25, Record: 7}.String())
	f.Add(`{"detail":"x"} {}`)
	f.Add(`{"other":1}`)
	f.Fuzz(func(t *testing.T, s string) {
		said, err := ParseSaying(s)
		if err != nil {
			return
		}
		back, err := ParseSaying(said.String())
		if err != nil || back != said {
			t.Errorf("%+v became %+v, %v", said, back, err)
		}
	})
}
