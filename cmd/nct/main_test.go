package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
	"emtihan/exam/sealed"
	"emtihan/exam/sealed/sealedtest"
	"emtihan/exam/vault"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the expected outputs in testdata/script anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"nct": main})
}

// R22, through the real program: each script begins with these folders and files.
//
//	pc-12/    data folder of a station with two ended attempts
//	stick/    second place of pc-12: both attempts, the first of them with a record more
//	admin/    data folder of an administrator's computer with the log of a room
//	bad/      data folder with a whole, a damaged, an empty and an open journal
//	spare/    second place of bad: the damaged journal, whole, and one that bad has not
//	nokey/    data folder without keys
//	admin-2/  data folder of another room of the same session, with its second place stick-2/
//	stick-1/  second place of admin
//	forked/   data folder with the first attempt of pc-12, gone on with in another way than in stick
//	older/    data folder with the first attempt of pc-12 as it was before it ended
//	*.emlog   sealed on a fixed date, the same bytes every time
//	heard/    some of the tampered examples, the log of the room that heard of them, and the public keys of both
//	nct.key, other.key, other.pub, witness.pub
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			e.Setenv("CREDENTIALS_DIRECTORY", "")
			build(t, e)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// flip FILE first|middle|last|N changes one byte.
			"flip": func(ts *testscript.TestScript, _ bool, args []string) {
				path := ts.MkAbs(args[0])
				data, err := os.ReadFile(path)
				ts.Check(err)
				at, ok := map[string]int{"first": 0, "middle": len(data) / 2, "last": len(data) - 1}[args[1]]
				if !ok {
					at, err = strconv.Atoi(args[1])
					ts.Check(err)
				}
				data[at] ^= 1
				ts.Check(os.WriteFile(path, data, 0o600))
			},
			// record FILE N flips a bit in a record of a journal; cut FILE N leaves the first records of it.
			"record": func(ts *testscript.TestScript, _ bool, args []string) {
				n, err := strconv.ParseUint(args[1], 10, 64)
				ts.Check(err)
				ts.Check(damage(ts.MkAbs(args[0]), n))
			},
			"cut": func(ts *testscript.TestScript, _ bool, args []string) {
				n, err := strconv.ParseUint(args[1], 10, 64)
				ts.Check(err)
				ts.Check(shorten(ts.MkAbs(args[0]), n))
			},
			// grow FILE DATA WORDS lets a journal grow by a record, with the keys of the data folder.
			"grow": func(ts *testscript.TestScript, _ bool, args []string) {
				v, err := vault.OpenExisting(ts.MkAbs(args[1]), vault.Options{Credentials: "-"})
				ts.Check(err)
				ts.Check(grow(ts.MkAbs(args[0]), v, args[2]))
			},
		},
	})
}

var sealedAt = time.Date(2026, 8, 20, 7, 0, 0, 0, time.UTC)

func build(t *testing.T, e *testscript.Env) {
	t.Helper()
	at := func(elem ...string) string { return filepath.Join(append([]string{e.WorkDir}, elem...)...) }
	attempt := func(dir, name string) string { return at(dir, "attempts", sealedtest.Session, name+".journal") }
	vaults := make(map[string]*vault.Vault)
	for _, dir := range []string{"pc-12", "bad", "older"} {
		vaults[dir] = sealedtest.Folder(t, at(dir), sealedtest.KeyLine)
	}
	vaults["admin"] = sealedtest.Folder(t, at("admin"), sealedtest.RoomKeyLine)
	v := vaults["pc-12"]
	write(t, at("other.pub"), sealedtest.Key(t, sealedtest.OtherKeyLine).Public().String()+"\n")
	write(t, at("witness.pub"), sealedtest.Witness("room-204").Public().String()+"\n")
	write(t, at("nct.key"), sealedtest.IdentityLine+"\n")
	stranger, _, err := vault.GenerateIdentity()
	if err != nil {
		t.Fatal(err)
	}
	write(t, at("other.key"), stranger)

	a, b := sealedtest.Sitting(t, sealedtest.AttemptA), sealedtest.Small(t, sealedtest.AttemptB)
	pathA, pathB := attempt("pc-12", sealedtest.AttemptA), attempt("pc-12", sealedtest.AttemptB)
	a.Write(pathA, sealedtest.AttemptA, v)
	b.Write(pathB, sealedtest.AttemptB, v)
	copyFile(t, pathA, attempt("older", sealedtest.AttemptA))
	copyFile(t, pathA, at("stick", sealedtest.AttemptA+".journal"))
	copyFile(t, pathB, at("stick", sealedtest.AttemptB+".journal"))
	more(t, at("stick", sealedtest.AttemptA+".journal"), v, "x")
	forked := sealedtest.Folder(t, at("forked"), sealedtest.KeyLine)
	copyFile(t, pathA, attempt("forked", sealedtest.AttemptA))
	more(t, attempt("forked", sealedtest.AttemptA), forked, "y")
	more(t, attempt("forked", sealedtest.AttemptA), forked, "z")
	room2 := sealedtest.Folder(t, at("admin-2"), sealedtest.OtherKeyLine)
	sealedtest.NewRoom(t).Record(exam.RoomOpened{Session: sealedtest.Session, Centre: "Астана", Room: "205"}).
		Write(at("admin-2", "room", "astana-demo.journal"), sealedtest.RoomID, room2)
	copyFile(t, at("admin-2", "room", "astana-demo.journal"), at("stick-2", "astana-demo.room.journal"))
	sealedtest.Room(t).Write(at("admin", "room", "astana-demo.journal"), sealedtest.RoomID, vaults["admin"])
	copyFile(t, at("admin", "room", "astana-demo.journal"), at("stick-1", "astana-demo.room.journal"))
	copyFile(t, pathB, attempt("nokey", sealedtest.AttemptB))
	copyFile(t, pathB, attempt("bad", "1-whole"))
	sealedtest.NewRoom(t).Write(attempt("bad", "3-empty"), sealedtest.AttemptA, vaults["bad"])

	damaged := attempt("bad", "2-damaged")
	copyFile(t, pathA, damaged)
	copyFile(t, pathA, at("spare", "2-damaged.journal"))
	sealedtest.Small(t, "5-lost").Write(at("spare", "5-lost.journal"), "5-lost", vaults["bad"])
	if err := damage(damaged, 8); err != nil {
		t.Fatal(err)
	}

	busy := attempt("bad", "4-busy")
	copyFile(t, pathB, busy)
	j, err := journal.Open(busy, journal.Options{Vault: vaults["bad"]})
	if err != nil {
		t.Fatal(err)
	}
	e.Defer(func() { j.Close() })

	for _, name := range []string{"room.emlog", "good.emlog", "tail-cut-own-key.emlog", "record-bit-repaired.emlog", "appended.emlog", "station.pub", "room.pub"} {
		copyFile(t, filepath.Join("..", "..", "exam", "sealed", "testdata", "tampered", name), at("heard", name))
	}
	witness := sealedtest.Witness("room-204")
	form := sealedtest.Form{Witness: &witness}
	sealLog := func(name string, l *sealedtest.Log, id string) {
		form, key := form, sealedtest.KeyLine
		if id == sealedtest.RoomID {
			key = sealedtest.RoomKeyLine
		}
		form.KeyLine = key
		write(t, at(name), string(l.Sealed(id, form, key, sealedAt)))
	}
	sealLog("sitting.emlog", a, sealedtest.AttemptA)
	sealLog("small.emlog", b, sealedtest.AttemptB)
	sealLog("room.emlog", sealedtest.Room(t), sealedtest.RoomID)
	sealLog("setback.emlog", sealedtest.Opening(t, sealedtest.AttemptA, "12").Restart(2*time.Minute).Restart(-time.Hour), sealedtest.AttemptA)
	// An attempt whose records contradict the rules, sealed by its station all the same.
	wild := sealedtest.NewRoom(t)
	wild.Record(exam.Edited{Item: "E1", Position: 5, Inserted: "x"}).Record(exam.CodeRefused{By: "\x1b]0;owned\a\u202e"})
	sealLog("wild.emlog", wild, "wild")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(data))
}

// more lets a journal grow by a record.
func more(t *testing.T, path string, v *vault.Vault, words string) {
	t.Helper()
	if err := grow(path, v, words); err != nil {
		t.Fatal(err)
	}
}

func grow(path string, v *vault.Vault, words string) error {
	j, err := journal.Open(path, journal.Options{Vault: v})
	if err != nil {
		return err
	}
	rec, err := exam.EncodeRecord(exam.Recorded{
		Seq: j.Next(), Stamp: exam.Stamp{Wall: sealedtest.Start.Add(time.Hour).UnixMilli(), Run: 3}, Event: exam.AppealedContent{Item: "Q1", Ground: 1, Text: words},
	})
	if err == nil {
		_, err = j.Append(journal.Entry{Record: rec})
	}
	return errors.Join(err, j.Close())
}

// recordAt returns where the record with the number stands in a journal.
func recordAt(path string, number uint64) (found stream.Frame, err error) {
	r, err := journal.OpenReader(path, nil)
	if err != nil {
		return found, err
	}
	err = r.Frames(func(f stream.Frame) error {
		if f.Kind == stream.KindRecord && f.Number == number {
			found = f
		}
		return nil
	})
	if err == nil && found.Offset == 0 {
		err = errors.New("there is no such record")
	}
	return found, errors.Join(err, r.Close())
}

// damage flips a bit in a record of a journal.
func damage(path string, number uint64) error {
	f, err := recordAt(path, number)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[f.Offset+12] ^= 1
	return os.WriteFile(path, data, 0o600)
}

// shorten leaves of a journal what it was when the record was its last.
func shorten(path string, last uint64) error {
	f, err := recordAt(path, last)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	clear(data[hintOffset:firstFrame])
	clear(data[f.Offset+int64(len(f.Bytes)):])
	return os.WriteFile(path, data, 0o600)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Every event, and every code that an event holds, has words in all three languages.
func TestEveryEventHasWords(t *testing.T) {
	var events []exam.Event
	for _, e := range exam.Vocabulary() {
		switch e.(type) {
		case exam.Locked:
			for _, c := range []exam.LockReason{exam.LockFace, exam.LockRestart, exam.LockAdministrator} {
				events = append(events, exam.Locked{Cause: c})
			}
		case exam.HandedIn:
			events = append(events, exam.HandedIn{Cause: exam.ByCandidate}, exam.HandedIn{Cause: exam.ByTime})
		case exam.LimitExceeded:
			events = append(events, exam.LimitExceeded{Limit: exam.LimitLeaveTimes}, exam.LimitExceeded{Limit: exam.LimitLeaveMinutes})
		case exam.FaceChecked:
			for _, p := range []exam.Purpose{exam.PurposeLogin, exam.PurposeResume, exam.PurposeLeave, exam.PurposeReturn, exam.PurposeFinish} {
				for _, v := range []exam.Verdict{exam.VerdictAccepted, exam.VerdictRefused, exam.VerdictUnsure} {
					events = append(events, exam.FaceChecked{Purpose: p, Verdict: v})
				}
			}
		case exam.FaceUnavailable:
			events = append(events, exam.FaceUnavailable{Purpose: exam.PurposeLogin})
		case exam.IdentifiedByDocument:
			events = append(events, exam.IdentifiedByDocument{Purpose: exam.PurposeLogin})
		case exam.DetectorRead:
			events = append(events, exam.DetectorRead{}, exam.DetectorRead{Known: true}, exam.DetectorRead{Known: true, Active: true})
		case exam.DoorRead:
			events = append(events, exam.DoorRead{}, exam.DoorRead{Known: true}, exam.DoorRead{Known: true, Open: true})
		case exam.Chosen:
			events = append(events, exam.Chosen{}, exam.Chosen{Options: []string{"A"}})
		case exam.ThemeChosen:
			events = append(events, exam.ThemeChosen{Theme: "T1"}, exam.ThemeChosen{Theme: "T1", Previous: "T2"})
		default:
			events = append(events, e)
		}
	}
	for _, l := range locales.All {
		e := &env{lang: l, zone: time.UTC}
		said := make(map[string]exam.Event)
		for _, ev := range events {
			s := e.words(ev)
			// A sentence has a space; a code that fell through has none.
			if !strings.Contains(s, " ") || strings.Contains(s, "<no value>") || strings.Contains(s, "nct.") {
				t.Errorf("%s: %+v is %q", l, ev, s)
			}
			if other, twice := said[s]; twice {
				t.Errorf("%s: %+v and %+v are both %q", l, ev, other, s)
			}
			said[s] = ev
		}
	}
}

// Every code with which a file is found wrong, and every place, has words.
func TestEveryCodeHasWords(t *testing.T) {
	var ids []string
	for _, c := range sealed.Codes() {
		ids = append(ids, "why."+string(c))
	}
	for _, p := range sealed.Places() {
		ids = append(ids, "place."+string(p))
	}
	for _, c := range []string{
		whyInUse, whyDamaged, whyNoKey, whyBadKey, whyDifferent, whyNotWhole, whyNothing, whyOlder, whyForked, whyShorter, whyMissing, whyFailed,
	} {
		ids = append(ids, "cause."+c)
	}
	for _, id := range ids {
		if !locales.Has("nct." + id) {
			t.Errorf("there is no sentence nct.%s", id)
		}
	}
}

// R22: nct says of each tampered example what lies beside it, with the exit code that is expected.
func TestTamperedExamples(t *testing.T) {
	dir := filepath.Join("..", "..", "exam", "sealed", "testdata", "tampered")
	files, err := filepath.Glob(filepath.Join(dir, "*.expect"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	flags := map[string][]string{
		"nothing":  nil,
		"identity": {"--identity", filepath.Join(dir, "nct.key")},
		"key":      {"--key", filepath.Join(dir, "station.pub")},
		"witness":  {"--witness", filepath.Join(dir, "witness.pub")},
		"room":     {"--room", filepath.Join(dir, "room.emlog"), "--room-key", filepath.Join(dir, "room.pub"), "--identity", filepath.Join(dir, "nct.key")},
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for block := range strings.SplitSeq(string(data), "\n\n") {
			fields := make(map[string]string)
			for line := range strings.SplitSeq(block, "\n") {
				key, value, _ := strings.Cut(line, ": ")
				fields[key] = value
			}
			if fields["exit"] == "" {
				continue
			}
			for _, lang := range []string{"kk", "ru", "en"} {
				args := []string{"--lang", lang, "verify", strings.TrimSuffix(file, ".expect") + ".emlog"}
				for with := range strings.FieldsSeq(fields["with"]) {
					args = append(args, flags[with]...)
				}
				var out, errOut bytes.Buffer
				if code := run(args, os.Stdin, &out, &errOut); strconv.Itoa(code) != fields["exit"] {
					t.Errorf("%q: exit code %d, want %s\n%s%s", args, code, fields["exit"], &out, &errOut)
				}
				said := out.String()
				if strings.Contains(said, "<no value>") || strings.Contains(said, "[nct.") {
					t.Errorf("%q: %s", args, said)
				}
				want := map[string]map[string]string{
					"en": {"0": ": whole.", "1": "NOT WHOLE", "4": "CUT OR REPLACED"},
					"ru": {"0": ": целый.", "1": "НЕ ЦЕЛЫЙ", "4": "УРЕЗАН ИЛИ ПОДМЕНЁН"},
					"kk": {"0": ": бүтін.", "1": "БҮТІН ЕМЕС", "4": "ҚЫСҚАРТЫЛҒАН НЕМЕСЕ АУЫСТЫРЫЛҒАН"},
				}[lang][fields["exit"]]
				if !strings.Contains(said, want) {
					t.Errorf("%q: %q is not in %s", args, want, said)
				}
			}
		}
	}
}

// R11: the text is what its edits make of it, in runes.
func TestText(t *testing.T) {
	for _, tt := range []struct {
		name  string
		edits []exam.Edited
		want  string
		bad   bool
	}{
		{"nothing", nil, "", false},
		{"appended", []exam.Edited{{Inserted: "қа"}, {Position: 2, Inserted: "ғаз"}}, "қағаз", false},
		{"in the middle", []exam.Edited{{Inserted: "өлең"}, {Position: 1, Removed: 2, Inserted: "ң"}}, "өңң", false},
		{"at the front", []exam.Edited{{Inserted: "😀"}, {Inserted: "ә"}}, "ә😀", false},
		{"all removed", []exam.Edited{{Inserted: "abc"}, {Removed: 3}}, "", false},
		{"behind the end", []exam.Edited{{Inserted: "ө"}, {Position: 2, Inserted: "x"}}, "", true},
		{"too much removed", []exam.Edited{{Inserted: "ө"}, {Removed: 2}}, "", true},
		{"position below zero", []exam.Edited{{Position: -1, Inserted: "x"}}, "", true},
		{"removed below zero", []exam.Edited{{Removed: -1}}, "", true},
		{"lengths that overflow", []exam.Edited{{Inserted: "abc"}, {Position: 2, Removed: 1<<63 - 1}}, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got text
			var err error
			for _, ed := range tt.edits {
				if err = got.apply(ed); err != nil {
					break
				}
			}
			if (err != nil) != tt.bad {
				t.Fatalf("apply: %v", err)
			}
			if !tt.bad && string(got) != tt.want {
				t.Errorf("got %q, want %q", string(got), tt.want)
			}
		})
	}
}

// No name of a file leads out of the folder or carries the IIN or the candidate's name.
func TestLogName(t *testing.T) {
	opened := func(session, seat, id string) sealed.Report {
		return sealed.Report{Opened: &exam.Opened{Session: session, Attempt: id, Candidate: exam.Candidate{Seat: seat, IIN: "900101300007", Name: "Сериков"}}}
	}
	room := func(id string, wall int64) sealed.Report {
		return sealed.Report{Header: stream.Header{ID: id}, FirstStamp: exam.Stamp{Wall: wall}, Room: &exam.RoomOpened{Session: "s", Room: "204/а"}}
	}
	var got []string
	for _, rep := range []sealed.Report{
		opened("astana-demo", "12", sealedtest.AttemptA),
		opened("../../etc", "1/2", "../x"),
		opened("", "", ""),
		opened("s", "12Ә", strings.Repeat("y", 500)),
		opened(strings.Repeat("s", 500), "\x00\n", "a"),
		room("id", 0),
		room("id", 1),
		{Header: stream.Header{ID: "../a"}},
		{Header: stream.Header{ID: "../a", Created: 1}},
		{Header: stream.Header{ID: "purged-1"}, Purge: &exam.PurgeLogOpened{Name: "pc/12"}},
	} {
		got = append(got, logName(rep))
	}
	want := []string{
		"astana-demo-12-000000aa.emlog",
		"______etc-1_2-___x.emlog",
		"_-_-_.emlog",
		"s-12Ә-yyyyyyyy.emlog",
		strings.Repeat("s", 32) + "-__-a.emlog",
		"s-room-204_а-044b9729.emlog",
		"s-room-204_а-b7fe48ac.emlog",
		"log-___a-4a5c20fc.emlog",
		"log-___a-731a3471.emlog",
		"purged-pc_12-4273d81d.emlog",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"Name": "name", "IIN": "iin", "PaperID": "paper_id", "LivenessThreshold": "liveness_threshold", "ExtraMinutes": "extra_minutes",
	} {
		if got := snake(name); got != want {
			t.Errorf("snake(%q) = %q, want %q", name, got, want)
		}
	}
}
