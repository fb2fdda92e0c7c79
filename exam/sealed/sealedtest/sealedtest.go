// Package sealedtest makes small journals for the tests of whatever reads sealed logs: made-up candidates at made-up times,
// decided by the real rules and written by the real journal.
package sealedtest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/vault"
)

// The ids of the logs that this package makes.
const (
	AttemptA = "01989b2e-7c00-7000-8000-0000000000aa"
	AttemptB = "01989b2e-7c00-7000-8000-0000000000bb"
	RoomID   = "room-astana-demo-204"
	Session  = "astana-demo"
)

const profile = `format = 1
id = "short"
title = { kk = "Қысқа", ru = "Краткий", en = "Short" }
clock = { minutes = 10, runs_while_away = true }
admission = { late_minutes = 40 }
extra = { max_minutes = 60 }
leave = { max_times = 2, max_minutes = 10 }
appeal = { technical = true }
`

const paper = `format = 1
id = "short-1"
languages = ["kk"]
title = { kk = "Сынама" }
[[blocks]]
id = "b"
title = { kk = "Блок" }
[[blocks.items]]
id = "E1"
kind = "essay"
points = 20
text = { kk = "Эссе" }
[[blocks.items]]
id = "Q1"
kind = "single"
points = 1
text = { kk = "Сұрақ" }
options = [{ id = "A", text = { kk = "а" } }, { id = "B", text = { kk = "ә" } }]
`

// Start is when the session of the made-up logs starts.
var Start = time.Date(2026, 8, 20, 3, 0, 0, 0, time.UTC)

// Log collects records as a station would write them.
type Log struct {
	tb      testing.TB
	Attempt *exam.Attempt // nil: a room's log
	Now     exam.Stamp
	entries []journal.Entry
}

func newLog(tb testing.TB) *Log {
	return &Log{tb: tb, Now: exam.Stamp{Wall: Start.UnixMilli(), Run: 1}}
}

// NewAttempt returns the log of an attempt that has not begun.
func NewAttempt(tb testing.TB) *Log {
	tb.Helper()
	p, err := exam.ParsePaper([]byte(paper))
	if err != nil {
		tb.Fatal(err)
	}
	l := newLog(tb)
	l.Attempt = exam.NewAttempt(p)
	return l
}

// NewRoom returns the empty log of a room.
func NewRoom(tb testing.TB) *Log { return newLog(tb) }

// After lets time pass.
func (l *Log) After(d time.Duration) *Log {
	l.Now.Wall += d.Milliseconds()
	l.Now.Mono += d.Milliseconds()
	return l
}

// Do decides the commands at the present time and ends the test where one is refused.
func (l *Log) Do(cmds ...exam.Command) *Log {
	l.tb.Helper()
	for _, c := range cmds {
		events, err := l.Attempt.Decide(c, l.Now)
		if err != nil {
			l.tb.Fatalf("%T: %v", c, err)
		}
		for _, e := range events {
			l.Record(e)
		}
	}
	return l
}

// Face decides a face check with its frame.
func (l *Log) Face(purpose exam.Purpose, verdict exam.Verdict, score float64, frame []byte) *Log {
	l.tb.Helper()
	sum := sha256.Sum256(frame)
	first := len(l.entries)
	l.Do(exam.ReportFace{FaceChecked: exam.FaceChecked{
		Purpose: purpose, Verdict: verdict, Reason: map[exam.Verdict]string{exam.VerdictAccepted: "match", exam.VerdictRefused: "another-person"}[verdict], Score: score, Threshold: 0.4, Liveness: 0.75,
		LivenessThreshold: 0.5, Frames: 5, Millis: 700, Frame: sum[:], Box: [4]int{10, 10, 60, 60}, Camera: "camera 0",
	}})
	l.entries[first].Blobs = append(l.entries[first].Blobs, frame)
	return l
}

// Type types a text at the end of what the item has, a rune at a time.
func (l *Log) Type(item, text string, every time.Duration) *Log {
	l.tb.Helper()
	for _, r := range text {
		l.After(every)
		n := len([]rune(l.Attempt.Response(item).Text))
		l.Do(exam.Tick{}, exam.Edit{Item: item, Position: n, Inserted: string(r)})
	}
	return l
}

// Restart ends the run and starts the next after the gap.
func (l *Log) Restart(gap time.Duration) *Log {
	l.tb.Helper()
	l.Now = exam.Stamp{Wall: l.Now.Wall + gap.Milliseconds(), Run: l.Now.Run + 1, Mono: 5}
	return l.Do(exam.StartRun{RunStarted: exam.RunStarted{Software: "1.0.0", Host: "pc-12"}})
}

// Record appends an event as it is, with its blobs.
func (l *Log) Record(e exam.Event, blobs ...[]byte) *Log {
	l.tb.Helper()
	rec := exam.Recorded{Seq: uint64(len(l.entries)) + 1, Stamp: l.Now, Event: e}
	if l.Attempt != nil {
		next, err := l.Attempt.Apply(rec)
		if err != nil {
			l.tb.Fatal(err)
		}
		l.Attempt = next
	}
	data, err := exam.EncodeRecord(rec)
	if err != nil {
		l.tb.Fatal(err)
	}
	l.entries = append(l.entries, journal.Entry{Record: data, Blobs: blobs})
	return l
}

// Write makes a journal with the id at the path, by the real journal under the vault's keys. Every record is safe before the
// next one comes, as while a person types.
func (l *Log) Write(path, id string, v *vault.Vault) {
	l.tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		l.tb.Fatal(err)
	}
	changed := make(chan struct{}, 1)
	j, err := journal.Create(path, id, journal.Options{Vault: v, OnStatus: func(journal.Status) {
		select {
		case changed <- struct{}{}:
		default:
		}
	}})
	if err != nil {
		l.tb.Fatal(err)
	}
	for _, e := range l.entries {
		seq, err := j.Append(e)
		if err != nil {
			l.tb.Fatal(err)
		}
		for s := j.Status(); s.Durable < seq; s = j.Status() {
			if s.Err != nil {
				l.tb.Fatal(s.Err)
			}
			<-changed
		}
	}
	if err := j.Close(); err != nil {
		l.tb.Fatal(err)
	}
}

// Entries returns what was collected, for a test that writes it itself.
func (l *Log) Entries() []journal.Entry { return l.entries }

// Picture returns bytes that begin like a JPEG, others for each number. No encoder makes them, so they stay the same under
// every version of Go.
func Picture(number int) []byte {
	return fmt.Appendf([]byte{0xff, 0xd8, 0xff, 0xe0}, "picture %d", number)
}

// Opening returns an attempt in which a made-up candidate has logged in.
func Opening(tb testing.TB, id, seat string) *Log {
	tb.Helper()
	l := NewAttempt(tb)
	photo := Picture(10)
	sum := sha256.Sum256(photo)
	l.Record(exam.Opened{
		Attempt: id, Session: Session, Centre: "Астана", Room: "204", Station: "pc-12",
		Candidate: exam.Candidate{IIN: "900101300007", Name: "Сериков Асхат", Photo: "a.jpg", Language: "kk", Seat: seat},
		Profile:   []byte(profile), Paper: l.Attempt.Paper.Digest(), PaperID: "short-1", Start: Start.UnixMilli(), Photo: sum[:],
	}, photo)
	return l.Do(exam.StartRun{RunStarted: exam.RunStarted{Software: "1.0.0", Host: "pc-12"}})
}

// Small returns an attempt of a few records, ended.
func Small(tb testing.TB, id string) *Log {
	tb.Helper()
	l := Opening(tb, id, "12")
	l.After(2*time.Second).Face(exam.PurposeLogin, exam.VerdictAccepted, 0.5, Picture(100))
	l.After(time.Second).Do(exam.ConfirmData{}, exam.ReadRules{}, exam.Confirm{}, exam.Enter{})
	l.Type("E1", "өң", time.Second)
	l.After(time.Second).Do(exam.Finish{})
	return l.After(time.Second).Face(exam.PurposeFinish, exam.VerdictAccepted, 0.5, Picture(200))
}

// Sitting returns an attempt in which much happens, ended.
func Sitting(tb testing.TB, id string) *Log {
	tb.Helper()
	admin := exam.Deed{By: "Әлия Омарова", Reason: "сверено с документом"}
	l := Opening(tb, id, "12")
	l.After(3*time.Second).Face(exam.PurposeLogin, exam.VerdictRefused, 0.125, Picture(60))
	l.After(20 * time.Second).Do(exam.Unlock{Deed: admin})
	l.After(2*time.Second).Face(exam.PurposeLogin, exam.VerdictAccepted, 0.625, Picture(100))
	l.After(4*time.Second).Do(exam.ConfirmData{}, exam.ReadRules{}, exam.Confirm{}).After(time.Second).Do(exam.Enter{})
	l.After(time.Second).Do(exam.Show{Item: "E1"})
	l.Type("E1", "Білім – үлкен байлық.", 250*time.Millisecond)
	l.After(40*time.Second).Do(exam.Tick{}).Type("E1", " Ғылымм", 250*time.Millisecond)
	l.After(time.Second).Do(exam.Edit{Item: "E1", Position: 27, Removed: 1})
	l.After(time.Second).Do(exam.Show{Item: "Q1"}, exam.Choose{Item: "Q1", Options: []string{"B"}}, exam.Flag{Item: "Q1", On: true})
	l.Restart(12 * time.Second)
	l.After(2*time.Second).Face(exam.PurposeResume, exam.VerdictAccepted, 0.5625, Picture(120))
	l.After(time.Second).Do(exam.ReportFocus{Lost: true}).After(2 * time.Second).Do(exam.ReportFocus{})
	l.After(time.Second).Do(exam.Leave{Deed: admin, Escort: "Қ. Ахметов"})
	l.After(time.Second).Face(exam.PurposeLeave, exam.VerdictAccepted, 0.5, Picture(140))
	l.After(4*time.Minute).Face(exam.PurposeReturn, exam.VerdictAccepted, 0.5, Picture(160))
	l.After(time.Second).Do(exam.GrantExtra{Deed: admin, Minutes: 15, Document: "ВКК 7"}, exam.AppealTechnical{Item: "Q1", Text: "сурет жоқ"})
	l.After(time.Second).Do(exam.Finish{})
	act := sha256.Sum256([]byte("act"))
	l.After(time.Second).Do(exam.TieAct{ActTied: exam.ActTied{Number: "204-1", Form: "12", By: admin.By, Digest: act[:]}})
	return l.After(time.Second).Face(exam.PurposeFinish, exam.VerdictAccepted, 0.5, Picture(200))
}

// Room returns the log of a room in which the detector sounds, the door opens and an act is drawn up.
func Room(tb testing.TB) *Log {
	tb.Helper()
	act := []byte("%PDF-1.4 act")
	sum := sha256.Sum256(act)
	return NewRoom(tb).
		Record(exam.RoomOpened{Session: Session, Centre: "Астана", Room: "204"}).
		After(time.Second).Record(exam.DetectorRead{Device: "gate", Known: true, Count: 7}).
		After(time.Minute).Record(exam.DetectorRead{Device: "gate", Known: true, Active: true, Count: 8, Alarms: 1}).
		After(time.Second).Record(exam.DoorRead{Device: "door", Known: true, Open: true}).
		After(time.Second).Record(exam.DoorRead{Device: "door", Reason: "silent"}).
		After(time.Second).Record(exam.StationSaid{Station: "pc-12", Attempt: AttemptA, IIN: "900101300007", What: "locked", Detail: "face"}).
		After(30*time.Second).Record(exam.ActDrawn{
		Number: "204-1", Form: "12", By: "Әлия Омарова", IIN: "900101300007", Cause: 3,
		Fields: map[string]string{"item": "телефон", "place": "204"}, Digest: sum[:],
	}, act)
}
