package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/sealed"
	"emtihan/exam/sealed/sealedtest"

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
//	admin/    data folder of an administrator's computer with the log of a room
//	bad/      data folder with a whole, a damaged, an empty and an open journal
//	nokey/    data folder without a key
//	*.emlog   sealed on a fixed date
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			build(t, e)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// flip FILE OFFSET changes one byte; a negative offset counts from the end.
			"flip": func(ts *testscript.TestScript, _ bool, args []string) {
				path := ts.MkAbs(args[0])
				data, err := os.ReadFile(path)
				ts.Check(err)
				at := map[string]int{"first": 0, "middle": len(data) / 2, "last": len(data) - 1}[args[1]]
				data[at] ^= 1
				ts.Check(os.WriteFile(path, data, 0o600))
			},
		},
	})
}

func build(t *testing.T, e *testscript.Env) {
	t.Helper()
	at := func(elem ...string) string { return filepath.Join(append([]string{e.WorkDir}, elem...)...) }
	key := sealedtest.Key(t, sealedtest.KeyLine)
	for _, dir := range []string{"pc-12", "admin", "bad"} {
		write(t, at(dir, sealed.KeyFile), sealedtest.KeyLine+"\n")
		write(t, at(dir, sealed.PublicKeyFile), key.Public().String()+"\n")
	}
	write(t, at("other.pub"), sealedtest.Key(t, sealedtest.OtherKeyLine).Public().String()+"\n")

	a, b := sealedtest.Sitting(t, sealedtest.AttemptA), sealedtest.Small(t, sealedtest.AttemptB)
	a.Write(at("pc-12", "attempts", "astana-demo", sealedtest.AttemptA+".journal"), sealedtest.AttemptA)
	b.Write(at("pc-12", "attempts", "astana-demo", sealedtest.AttemptB+".journal"), sealedtest.AttemptB)
	sealedtest.Room(t).Write(at("admin", "room", "astana-demo.journal"), sealedtest.RoomID)
	b.Write(at("nokey", "attempts", "astana-demo", sealedtest.AttemptB+".journal"), sealedtest.AttemptB)
	b.Write(at("bad", "attempts", "astana-demo", "1-whole.journal"), sealedtest.AttemptB)
	sealedtest.NewRoom(t).Write(at("bad", "attempts", "astana-demo", "3-empty.journal"), sealedtest.AttemptA)

	damaged := at("bad", "attempts", "astana-demo", "2-damaged.journal")
	a.Write(damaged, sealedtest.AttemptA)
	data, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	old, changed := []byte("rules.read"), []byte("rules.rEad")
	if !bytes.Contains(data, old) {
		t.Fatal("the journal holds no such record")
	}
	if err := os.WriteFile(damaged, bytes.ReplaceAll(data, old, changed), 0o600); err != nil {
		t.Fatal(err)
	}

	busy := at("bad", "attempts", "astana-demo", "4-busy.journal")
	b.Write(busy, sealedtest.AttemptB)
	j, err := journal.Open(busy, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e.Defer(func() { j.Close() })

	for name, path := range map[string]string{
		"sitting.emlog": at("pc-12", "attempts", "astana-demo", sealedtest.AttemptA+".journal"),
		"small.emlog":   at("pc-12", "attempts", "astana-demo", sealedtest.AttemptB+".journal"),
		"room.emlog":    at("admin", "room", "astana-demo.journal"),
	} {
		sealTo(t, at(name), path, key)
	}
	setback := sealedtest.Opening(t, sealedtest.AttemptA, "12").Restart(2 * time.Minute).Restart(-time.Hour)
	setback.Write(at("setback.journal"), sealedtest.AttemptA)
	sealTo(t, at("setback.emlog"), at("setback.journal"), key)
	// An attempt whose records contradict the rules, sealed by its station all the same.
	wild := sealedtest.NewRoom(t)
	wild.Record(exam.Edited{Item: "E1", Position: 5, Inserted: "x"}).Record(exam.CodeRefused{By: "\x1b]0;owned\a\u202e"})
	wild.Write(at("wild.journal"), "wild")
	sealTo(t, at("wild.emlog"), at("wild.journal"), key)
}

func sealTo(t *testing.T, target, path string, key sealed.Key) {
	t.Helper()
	r, err := journal.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	if err := sealed.Seal(&b, r, key, time.Date(2026, 8, 20, 7, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	write(t, target, b.String())
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

// Every code with which a file is found not whole, and every place, has words.
func TestEveryCodeHasWords(t *testing.T) {
	var ids []string
	for _, c := range []sealed.Code{
		sealed.CodeMagic, sealed.CodeVersion, sealed.CodeTruncated, sealed.CodeFrame, sealed.CodeHeader, sealed.CodeRecordHash,
		sealed.CodeRecordForm, sealed.CodeBlobHash, sealed.CodeBlobOrder, sealed.CodeSealForm, sealed.CodeSignature,
		sealed.CodeSealContent, sealed.CodeOtherKey, sealed.CodeTrailing,
	} {
		ids = append(ids, "why."+string(c))
	}
	for _, p := range []sealed.Place{sealed.PlaceMagic, sealed.PlaceHeader, sealed.PlaceRecord, sealed.PlaceBlob, sealed.PlaceSeal, sealed.PlaceEnd} {
		ids = append(ids, "place."+string(p))
	}
	for _, c := range []string{whyInUse, whyDamaged, whyNoKey, whyBadKey, whyDifferent, whyNotWhole, whyNothing, whyFailed} {
		ids = append(ids, "cause."+c)
	}
	for _, id := range ids {
		if !locales.Has("nct." + id) {
			t.Errorf("there is no sentence nct.%s", id)
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
	opened := func(session, seat, id string) *exam.Opened {
		return &exam.Opened{Session: session, Attempt: id, Candidate: exam.Candidate{Seat: seat, IIN: "900101300007", Name: "Сериков"}}
	}
	var got []string
	for _, o := range []*exam.Opened{
		opened("astana-demo", "12", sealedtest.AttemptA),
		opened("../../etc", "1/2", "../x"),
		opened("", "", ""),
		opened("s", "12Ә", strings.Repeat("y", 500)),
		opened(strings.Repeat("s", 500), "\x00\n", "a"),
	} {
		got = append(got, logName("id", exam.Stamp{}, o, nil))
	}
	got = append(got,
		logName("id", exam.Stamp{}, nil, &exam.RoomOpened{Session: "s", Room: "204/а"}),
		logName("id", exam.Stamp{Wall: 1}, nil, &exam.RoomOpened{Session: "s", Room: "204/а"}),
		logName("", exam.Stamp{}, nil, nil),
	)
	want := []string{
		"astana-demo-12-000000aa.emlog",
		"______etc-1_2-___x.emlog",
		"_-_-_.emlog",
		"s-12Ә-yyyyyyyy.emlog",
		strings.Repeat("s", 32) + "-__-a.emlog",
		"s-room-204_а-044b9729.emlog",
		"s-room-204_а-b7fe48ac.emlog",
		"log-_.emlog",
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
