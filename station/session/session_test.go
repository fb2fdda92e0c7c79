package session_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/disk/disktest"
	"emtihan/exam/vault"
	"emtihan/station/session"

	"github.com/google/go-cmp/cmp"
)

const (
	first  = "900101100004"
	second = "900101100512"
)

const profileSource = `format = 1
id = "test"
[title]
kk = "Сынақ"
ru = "Проба"
en = "Trial"
[clock]
minutes = 10
runs_while_away = true
[admission]
late_minutes = 40
[extra]
max_minutes = 60
[leave]
max_times = 2
max_minutes = 10
[appeal]
technical = true
`

const paperSource = `format = 1
id = "paper"
languages = ["ru"]
title = {ru = "Вариант"}
[[blocks]]
id = "b"
title = {ru = "Задания"}
[[blocks.items]]
id = "S1"
kind = "single"
points = 1
text = {ru = "Один"}
options = [{id = "A", text = {ru = "а"}}, {id = "B", text = {ru = "б"}}]
[[blocks.items]]
id = "E1"
kind = "essay"
points = 20
text = {ru = "Эссе"}
`

var admin = exam.Deed{By: "Сәуле Ахметова", Reason: "по решению"}

func config(t testing.TB, dir string) session.Config {
	t.Helper()
	cfg, err := makeConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func makeConfig(dir string) (session.Config, error) {
	profile, err := exam.ParseProfile([]byte(profileSource))
	if err != nil {
		return session.Config{}, err
	}
	paper, err := exam.ParsePaper([]byte(paperSource))
	if err != nil {
		return session.Config{}, err
	}
	return session.Config{
		Dir: dir, Profile: profile, Paper: paper, Station: "7", Software: "test", Host: "pc\xff",
		Session: &exam.Session{
			ID: "s-1", Start: time.Now(),
			Candidates: []exam.Candidate{{IIN: first, Name: "Әсел"}, {IIN: second, Name: "Иван"}},
		},
		Photo:   func(c exam.Candidate) ([]byte, error) { return []byte("photo of " + c.Name), nil },
		Journal: journal.Options{Vault: keys(), RetryEvery: 10 * time.Millisecond},
	}, nil
}

// keys returns a vault that the test process and the writers that it starts have in common.
func keys() *vault.Vault {
	return must(vault.Open(os.Getenv(keysVariable), vault.Options{Credentials: "-"}))
}

// gated returns the computer's file system with a gate before each write and sync.
func gated(gate func() error) disk.FS {
	return disktest.Hook{FS: disk.OS, Before: func(string, string) error { return gate() }}
}

// station is an actor whose commands are waited for.
type station struct {
	testing.TB
	*session.Actor
}

func start(t testing.TB, cfg session.Config) station {
	t.Helper()
	a, err := session.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return station{t, a}
}

// answer waits for what a callback gets.
func answer(t testing.TB, ask func(done func(error))) error {
	t.Helper()
	c := make(chan error, 1)
	ask(func(err error) { c <- err })
	select {
	case err := <-c:
		return err
	case <-time.After(2 * time.Minute):
		t.Fatal("no answer")
		return nil
	}
}

func (s station) login(iin string) error {
	s.Helper()
	return answer(s, func(done func(error)) { s.Login(iin, done) })
}

func (s station) do(cmd exam.Command, blobs ...[]byte) error {
	s.Helper()
	return answer(s, func(done func(error)) { s.Do(cmd, done, blobs...) })
}

func (s station) must(cmds ...exam.Command) {
	s.Helper()
	for _, c := range cmds {
		if err := s.do(c); err != nil {
			s.Fatalf("%T: %v", c, err)
		}
	}
}

func accepted(p exam.Purpose) exam.Command {
	return exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: p, Verdict: exam.VerdictAccepted}}
}

// enter logs the candidate in and goes all steps to the start (R9).
func (s station) enter(iin string) {
	s.Helper()
	if err := s.login(iin); err != nil {
		s.Fatal(err)
	}
	s.must(accepted(exam.PurposeLogin), exam.ConfirmData{}, exam.ReadRules{}, exam.Confirm{}, exam.Enter{})
}

func (s station) write(text string) {
	s.Helper()
	for _, r := range text {
		s.must(exam.Edit{Item: "E1", Position: len([]rune(s.text())), Inserted: string(r)})
	}
}

func (s station) text() string { return s.View().Attempt.Response("E1").Text }

func (s station) finish() {
	s.Helper()
	s.must(exam.Finish{}, accepted(exam.PurposeFinish))
}

func (s station) leave() error {
	s.Helper()
	return answer(s, s.Leave)
}

func (s station) close() {
	s.Helper()
	if err := s.Close(); err != nil {
		s.Error(err)
	}
}

// await waits for a view, for at most a minute.
func (s station) await(what string, condition func(session.View) bool) {
	s.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !condition(s.View()); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("waited in vain for: %s", what)
		}
	}
}

func journals(t testing.TB, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "attempts", "*", "*.journal"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// folded folds the only attempt of a data folder from its file, which must be whole.
func folded(t testing.TB, dir string) *exam.Attempt {
	t.Helper()
	all := journals(t, dir)
	if len(all) != 1 {
		t.Fatalf("%d attempts in the folder", len(all))
	}
	return fold(t, all[0])
}

func fold(t testing.TB, path string) *exam.Attempt {
	t.Helper()
	r, err := journal.OpenReader(path, keys())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	paper, err := exam.ParsePaper([]byte(paperSource))
	if err != nil {
		t.Fatal(err)
	}
	a, err := session.Fold(r, paper)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// copied copies a data folder as it lies on the disk, also while it is written to: what a power cut would leave.
func copied(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestLogin(t *testing.T) { // R9
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t, dir)
		noPhoto := errors.New("no such picture")
		cfg.Photo = func(c exam.Candidate) ([]byte, error) {
			if c.IIN == second {
				return nil, noPhoto
			}
			return []byte("photo of " + c.Name), nil
		}
		s := start(t, cfg)
		defer s.close()
		if v := s.View(); v.Attempt != nil || !v.Saved() {
			t.Errorf("the view of an empty station: %+v", v)
		}
		for iin, want := range map[string]error{
			"": exam.ErrIINLength, "9001011000040": exam.ErrIINLength, "90010110000x": exam.ErrIINDigits,
			"900101100005": exam.ErrIINCheck, "900101100500": exam.ErrNotExpected, second: noPhoto,
		} {
			if err := s.login(iin); !errors.Is(err, want) {
				t.Errorf("login %q: %v, want %v", iin, err, want)
			}
		}
		if err := s.do(exam.Tick{}); err != exam.ErrPhase {
			t.Errorf("a command without an attempt: %v", err)
		}
		if err := s.leave(); err != exam.ErrPhase {
			t.Errorf("leaving without an attempt: %v", err)
		}
		if files := journals(t, dir); len(files) != 0 {
			t.Errorf("refused logins have left %v", files)
		}

		if err := s.login(first); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		v := s.View()
		if v.Attempt.Phase != exam.PhaseLoggedIn || string(v.Photo) != "photo of Әсел" || v.Appended != 2 || v.Durable != 2 {
			t.Errorf("phase %q, photo %q, %d of %d durable", v.Attempt.Phase, v.Photo, v.Durable, v.Appended)
		}
		if o := v.Attempt.Opened; o.Candidate.IIN != first || o.Station != "7" || o.Session != "s-1" || o.PaperID != "paper" {
			t.Errorf("opened as %+v", o)
		}
		for _, iin := range []string{first, second} {
			if err := s.login(iin); err != exam.ErrAlready {
				t.Errorf("a second login: %v", err)
			}
		}
		if err := s.do(exam.Enter{}); err != exam.ErrPhase {
			t.Errorf("a refusal comes back as %v", err)
		}
		if err := s.leave(); err != exam.ErrPhase {
			t.Errorf("leaving in the middle: %v", err)
		}
	})
}

func TestEventsAndBlobs(t *testing.T) { // R10
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t, dir)
		var seqs []uint64
		cfg.OnEvent = func(r exam.Recorded, after *exam.Attempt, _ [][]byte) {
			seqs = append(seqs, r.Seq)
			if after.Seq < r.Seq {
				t.Errorf("event %d is told with the state %d", r.Seq, after.Seq)
			}
		}
		s := start(t, cfg)
		if err := s.login(first); err != nil {
			t.Fatal(err)
		}
		if err := s.do(accepted(exam.PurposeLogin), []byte("frame")); err != nil {
			t.Fatal(err)
		}
		s.close()
		for i, seq := range seqs {
			if seq != uint64(i)+1 {
				t.Errorf("events told: %v", seqs)
				break
			}
		}
		if a := folded(t, dir); uint64(len(seqs)) != a.Seq || a.Seq < 3 {
			t.Errorf("%d events told, %d recorded", len(seqs), a.Seq)
		}
		r, err := journal.OpenReader(journals(t, dir)[0], keys())
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		blobs := map[string]bool{}
		if err := r.Blobs(func(_ journal.Hash, b []byte) error { blobs[string(b)] = true; return nil }); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(map[string]bool{"frame": true, "photo of Әсел": true}, blobs); d != "" {
			t.Errorf("blobs: %s", d)
		}
	})
}

// "Saved" is shown only once the disk has the answer.
func TestSavedOnlyWhenDurable(t *testing.T) { // R11
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t, dir)
		var gate atomic.Pointer[chan struct{}]
		cfg.Journal.FS = gated(func() error {
			if c := gate.Load(); c != nil {
				<-*c
			}
			return nil
		})
		s := start(t, cfg)
		defer s.close()
		s.enter(first)
		synctest.Wait()
		var views []session.View
		s.Watch(func(v session.View) { views = append(views, v) })
		closed := make(chan struct{})
		gate.Store(&closed)
		for _, cmd := range []exam.Command{exam.Edit{Item: "E1", Inserted: "ә"}, exam.Choose{Item: "S1", Options: []string{"A"}}} {
			s.must(cmd)
			v := s.View()
			if v.Saved() || v.Durable >= v.Answered || v.Answered != v.Attempt.Seq || v.Trouble != nil {
				t.Errorf("%T on its way to the disk: saved %v, answer %d, durable %d", cmd, v.Saved(), v.Answered, v.Durable)
			}
			onDisk := folded(t, copied(t, dir))
			if onDisk.Seq >= v.Answered {
				t.Errorf("the disk has %d already", onDisk.Seq)
			}
		}
		s.must(exam.Flag{Item: "S1", On: true}) // no answer
		if v := s.View(); v.Answered == v.Attempt.Seq {
			t.Error("a flag counts as an answer")
		}
		gate.Store(nil)
		close(closed)
		synctest.Wait()
		if v := s.View(); !v.Saved() || v.Durable != v.Appended {
			t.Errorf("after the commit: saved %v, %d of %d durable", v.Saved(), v.Durable, v.Appended)
		}
		for i, v := range views {
			if v.Durable > v.Appended || i > 0 && v.Durable < views[i-1].Durable {
				t.Errorf("view %d: %d of %d durable", i, v.Durable, v.Appended)
			}
		}
		if len(views) < 4 {
			t.Errorf("%d views published", len(views))
		}
	})
}

// With every sync two seconds late, what the screen shows changes with the key, at the same instant of the clock; only "saved"
// comes later, and what was typed meanwhile is saved together.
// A view in which only time has passed is known as such: a screen on which nobody does anything may sleep (R6).
func TestViewOnlyOlder(t *testing.T) {
	at := func(change func(*session.View)) session.View {
		v := session.View{Attempt: &exam.Attempt{Phase: exam.PhaseRunning, Opened: exam.Opened{Attempt: "a"}}, News: 7, Answered: 7, Durable: 7, Appended: 7}
		change(&v)
		return v
	}
	was := at(func(*session.View) {})
	for name, tc := range map[string]struct {
		change func(*session.View)
		want   bool
	}{
		"the same":             {func(*session.View) {}, true},
		"a tick":               {func(v *session.View) { v.Appended = 8 }, true},
		"the tick on the disk": {func(v *session.View) { v.Appended, v.Durable = 8, 8 }, true},
		"something happened":   {func(v *session.View) { v.News = 8 }, false},
		"an answer on its way": {func(v *session.View) { v.Answered, v.Appended = 8, 8 }, false},
		"the disk failed":      {func(v *session.View) { v.Trouble = errors.New("failed") }, false},
		"another attempt": {func(v *session.View) {
			v.Attempt = &exam.Attempt{Phase: exam.PhaseRunning, Opened: exam.Opened{Attempt: "b"}}
		}, false},
		"it does not run":        {func(v *session.View) { v.Attempt = &exam.Attempt{Phase: exam.PhaseWithdrawn, Opened: v.Attempt.Opened} }, false},
		"the candidate has left": {func(v *session.View) { v.Attempt = nil }, false},
	} {
		if got := at(tc.change).OnlyOlder(was); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if was.OnlyOlder(session.View{}) {
		t.Error("the first view is older than nothing")
	}
	failed := at(func(v *session.View) { v.Trouble = errors.New("failed") })
	if was.OnlyOlder(failed) {
		t.Error("that the disk takes records again is no news")
	}
}

func TestSlowDiskDelaysNothing(t *testing.T) { // R11
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t, dir)
		var slow atomic.Bool
		var syncs atomic.Int64
		cfg.Journal.FS = disktest.Hook{FS: disk.OS, Before: func(op, _ string) error {
			if op == "sync" && slow.Load() {
				syncs.Add(1)
				time.Sleep(2 * time.Second)
			}
			return nil
		}}
		s := start(t, cfg)
		s.enter(first)
		synctest.Wait()
		slow.Store(true)
		text := ""
		for _, r := range "бір сағат" {
			text += string(r)
			at := time.Now()
			s.must(exam.Edit{Item: "E1", Position: len([]rune(text)) - 1, Inserted: string(r)})
			if late := time.Since(at); late != 0 {
				t.Errorf("%q came %v after its key", r, late)
			}
			if v := s.View(); s.text() != text || v.Saved() || v.Trouble != nil {
				t.Errorf("after the key: %q, saved %v, trouble %v", s.text(), v.Saved(), v.Trouble)
			}
			time.Sleep(50 * time.Millisecond)
		}
		typed := time.Now()
		s.await("saved", session.View.Saved)
		if late := time.Since(typed); late > 4*time.Second {
			t.Errorf("saved %v after the last key", late)
		}
		if n := syncs.Load(); n > 3 {
			t.Errorf("%d syncs for what was typed within one", n)
		}
		s.close()
		if got := folded(t, dir).Response("E1").Text; got != text {
			t.Errorf("on the disk: %q", got)
		}
	})
}

func TestDiskFails(t *testing.T) { // R11
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t, dir)
		var full atomic.Bool
		cfg.Journal.FS = gated(func() error {
			if full.Load() {
				return syscall.ENOSPC
			}
			return nil
		})
		s := start(t, cfg)
		s.enter(first)
		s.write("дейін ")
		synctest.Wait()
		full.Store(true)
		s.write("кезінде ")
		s.await("trouble in the view", func(v session.View) bool { return v.Trouble != nil })
		if v := s.View(); v.Saved() || !journal.IsFull(v.Trouble) || v.Durable >= v.Answered {
			t.Errorf("on a full disk: saved %v, trouble %v", v.Saved(), v.Trouble)
		}
		s.write("тағы ") // typing goes on
		time.Sleep(3 * time.Second)
		if v := s.View(); v.Saved() || s.text() != "дейін кезінде тағы " {
			t.Errorf("saved %v, text %q", v.Saved(), s.text())
		}
		full.Store(false)
		s.await("recovery", session.View.Saved)
		if v := s.View(); v.Trouble != nil {
			t.Errorf("trouble after the recovery: %v", v.Trouble)
		}
		s.close()
		if got := folded(t, dir).Response("E1").Text; got != "дейін кезінде тағы " {
			t.Errorf("on the disk: %q", got)
		}
	})
}

func TestCloseOnAFailedDisk(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t, dir)
		var full atomic.Bool
		cfg.Journal.FS = gated(func() error {
			if full.Load() {
				return syscall.EIO
			}
			return nil
		})
		s := start(t, cfg)
		s.enter(first)
		synctest.Wait()
		full.Store(true)
		s.must(exam.Edit{Item: "E1", Inserted: "x"})
		if err := s.Close(); !errors.Is(err, syscall.EIO) {
			t.Errorf("close: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close again: %v", err)
		}
		s.Do(exam.Tick{}, func(error) { t.Error("a command after the end was answered") })
		synctest.Wait()
		folded(t, dir)
	})
}

func TestResume(t *testing.T) { // R6, R10, R11
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t, dir)
		s := start(t, cfg)
		s.enter(first)
		s.write("Қазақстан")
		s.must(exam.Edit{Item: "E1", Position: 3, Inserted: "!"}, exam.Choose{Item: "S1", Options: []string{"B"}}, exam.Show{Item: "E1"})
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		before, now := s.View().Attempt, s.Now()
		cut := copied(t, dir)
		s.close()
		time.Sleep(3 * time.Hour)

		cfg.Dir = cut
		s = start(t, cfg)
		defer s.close()
		v := s.View()
		a := v.Attempt
		if d := cmp.Diff(before.Responses, a.Responses); d != "" {
			t.Errorf("responses (-before +after):\n%s", d)
		}
		if a.Current != "E1" || a.Last.Run != 2 || string(v.Photo) != "photo of Әсел" || a.Opened.Attempt != before.Opened.Attempt {
			t.Errorf("at %q in run %d with photo %q", a.Current, a.Last.Run, v.Photo)
		}
		if back := before.UsedAt(now) - a.UsedAt(s.Now()); back < 0 || back > time.Second {
			t.Errorf("used time went back by %v", back)
		}
		if a.Awaits() != exam.PurposeResume || a.IsRunning() {
			t.Errorf("awaits %q", a.Awaits())
		}
		if err := s.do(exam.Edit{Item: "E1", Inserted: "x"}); err != exam.ErrNotRunning {
			t.Errorf("typing before the face check: %v", err)
		}
		s.must(accepted(exam.PurposeResume), exam.Edit{Item: "E1", Inserted: "x"})
		synctest.Wait()
		if v := s.View(); !v.Saved() || s.text() != "xҚаз!ақстан" {
			t.Errorf("saved %v, text %q", v.Saved(), s.text())
		}
	})
}

// Cut at many moments: the disk is never more than a second behind the clock, and never behind what was shown as saved.
func TestCutAtManyMoments(t *testing.T) { // R6, R11
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, config(t, dir))
		defer s.close()
		s.enter(first)
		r := rand.New(rand.NewPCG(1, 2))
		for range 60 {
			time.Sleep(time.Duration(r.Int64N(int64(4 * time.Second))))
			if r.IntN(3) == 0 {
				s.must(exam.Edit{Item: "E1", Inserted: "ә"})
			}
			synctest.Wait()
			v, now := s.View(), s.Now()
			disk := folded(t, copied(t, dir))
			if back := v.Attempt.UsedAt(now) - disk.Used; back < 0 || back > time.Second {
				t.Fatalf("after %v of used time the disk says %v", v.Attempt.UsedAt(now), disk.Used)
			}
			if disk.Seq < v.Durable || v.Saved() && disk.Response("E1").Text != v.Attempt.Response("E1").Text {
				t.Fatalf("%d records were shown as durable, %d are there", v.Durable, disk.Seq)
			}
		}
	})
}

func TestTimeRunsOutByItself(t *testing.T) { // R16
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, config(t, dir))
		s.enter(first)
		s.write("эссе")
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		a := s.View().Attempt
		if a.Phase != exam.PhaseFinishing || a.Used != 10*time.Minute {
			t.Errorf("phase %q, used %v", a.Phase, a.Used)
		}
		if err := s.do(exam.Edit{Item: "E1", Inserted: "x"}); err != exam.ErrHandedIn {
			t.Errorf("typing after the end: %v", err)
		}
		s.close()
		if got := folded(t, dir); got.HandedIn == nil || got.Response("E1").Text != "эссе" {
			t.Errorf("on the disk: phase %q, %q", got.Phase, got.Response("E1").Text)
		}
	})
}

func TestSecondInstance(t *testing.T) {
	dir := t.TempDir()
	s := start(t, config(t, dir))
	s.enter(first)
	_, err := session.Start(config(t, dir))
	var damaged *session.DamagedAttemptError
	if !errors.Is(err, journal.ErrInUse) || errors.As(err, &damaged) {
		t.Errorf("a second station on the folder: %v", err)
	}
	s.close()
	start(t, config(t, dir)).close() // and nothing is locked by the refused one
}

// middle lies in the first records of a journal.
const middle = 16384 + 700

// What one place has lost or has damaged comes back from the other, and it stands in the log that it did.
func TestSecondPlace(t *testing.T) { // R11
	for name, harm := range map[string]func(t *testing.T, first, second string){
		"none":            func(*testing.T, string, string) {},
		"first lost":      func(t *testing.T, first, _ string) { check(t, os.Remove(first)) },
		"second lost":     func(t *testing.T, _, second string) { check(t, os.Remove(second)) },
		"first damaged":   func(t *testing.T, first, _ string) { flip(t, first, middle) },
		"second damaged":  func(t *testing.T, _, second string) { flip(t, second, middle) },
		"both damaged":    func(t *testing.T, first, second string) { flip(t, first, middle); flip(t, second, middle+400) },
		"first cut short": func(t *testing.T, first, _ string) { check(t, os.Truncate(first, 5000)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, stick := t.TempDir(), t.TempDir()
			cfg := config(t, dir)
			cfg.Second = stick
			s := start(t, cfg)
			s.enter(first)
			s.write("эссе, которое не должно пропасть")
			s.close()
			one := journals(t, dir)[0]
			harm(t, one, filepath.Join(stick, filepath.Base(one)))
			s = start(t, cfg)
			if got := s.text(); got != "эссе, которое не должно пропасть" {
				t.Errorf("text %q", got)
			}
			s.must(accepted(exam.PurposeResume))
			s.write(" ещё")
			s.await("both places", func(v session.View) bool {
				return len(v.Places) == 2 && v.Places[0].Durable == v.Appended && v.Places[1].Durable == v.Appended
			})
			s.close()
			for _, path := range []string{one, filepath.Join(stick, filepath.Base(one))} {
				if got := fold(t, path).Response("E1").Text; got != "эссе, которое не должно пропасть ещё" {
					t.Errorf("%s: %q", path, got)
				}
			}
			aside, _ := filepath.Glob(filepath.Join(dir, "attempts", "s-1", "*.damaged-*"))
			more, _ := filepath.Glob(filepath.Join(stick, "*.damaged-*"))
			if damage := strings.Contains(name, "damaged") || strings.Contains(name, "cut"); damage != (len(aside)+len(more) > 0) {
				t.Errorf("put aside: %v", append(aside, more...))
			}
		})
	}
}

// The disk of the data folder dies in the middle of the exam; the second place takes over, and the screen goes on to say
// that everything is saved.
func TestSecondPlaceTakesOver(t *testing.T) { // R11
	dir, stick := t.TempDir(), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t, dir)
		cfg.Second = stick
		var dead atomic.Bool
		cfg.Journal.FS = disktest.Hook{FS: disk.OS, Before: func(_, path string) error {
			if dead.Load() && strings.HasPrefix(path, dir) {
				return syscall.EIO
			}
			return nil
		}}
		s := start(t, cfg)
		s.enter(first)
		synctest.Wait()
		dead.Store(true)
		s.write("екінші орын")
		s.await("saved", session.View.Saved)
		if v := s.View(); v.Trouble != nil || v.Places[0].State != journal.PlaceFailed {
			t.Errorf("trouble %v, places %+v", v.Trouble, v.Places)
		}
		dead.Store(false)
		s.await("the first place again", func(v session.View) bool {
			return v.Places[0].State == journal.PlaceOnline && v.Places[0].Durable == v.Appended
		})
		s.close()
		said := map[string]int{}
		r, err := journal.OpenReader(journals(t, dir)[0], keys())
		check(t, err)
		defer r.Close()
		check(t, r.Records(func(_ uint64, data []byte) error {
			rec, err := exam.DecodeRecord(data)
			if e, ok := rec.Event.(exam.StorageChanged); ok {
				said[e.Place+" "+e.State]++
			}
			return err
		}))
		if said["first failed"] == 0 || said["first online"] == 0 {
			t.Errorf("the log says %v", said)
		}
	})
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func flip(t testing.TB, path string, at int) {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	data[at] ^= 0x10
	check(t, os.WriteFile(path, data, 0o600))
}

func TestDamagedAttempt(t *testing.T) { // R11, R22
	whole := t.TempDir()
	s := start(t, config(t, whole))
	s.enter(first)
	s.write("эссе")
	s.close()
	data, err := os.ReadFile(journals(t, whole)[0])
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(data)
	flipped[middle] ^= 1
	for name, content := range map[string][]byte{
		"flipped": flipped, "cut off": data[:4*4096+100], "two pages": data[:8192], "empty": {}, "something else": make([]byte, 1<<16),
	} {
		dir := filepath.Join(t.TempDir(), name)
		path := filepath.Join(dir, "attempts", "s-1", "x.journal")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := session.Start(config(t, dir))
		var damaged *session.DamagedAttemptError
		if !errors.As(err, &damaged) || damaged.Path != path || !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if got, _ := os.ReadFile(path); string(got) != string(content) {
			t.Errorf("%s: the file has changed", name)
		}
	}
}

// A journal that is whole but holds what the rules of this program cannot fold is damaged too.
func TestAttemptThatCannotBeFolded(t *testing.T) {
	for name, record := range map[string][]byte{
		"no record":  []byte("hello"),
		"no opening": must(exam.EncodeRecord(exam.Recorded{Seq: 1, Stamp: exam.Stamp{Run: 1}, Event: exam.Ticked{}})),
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "attempts", "s-1", "x.journal")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		j, err := journal.Create(path, "x", journal.Options{Vault: keys()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.Append(journal.Entry{Record: record}); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		_, err = session.Start(config(t, dir))
		var damaged *session.DamagedAttemptError
		if !errors.As(err, &damaged) || damaged.Path != path {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A file that was made and never written, because the power went in between, is no attempt.
func TestEmptyJournalIsNoAttempt(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "attempts", "s-1")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Create(filepath.Join(folder, "x.journal"), "x", journal.Options{Vault: keys()})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "y.journal.new"), make([]byte, 8192), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, config(t, dir))
	defer s.close()
	if s.View().Attempt != nil {
		t.Error("somebody is logged in")
	}
	s.enter(first)
}

func TestDataFolderThatCannotBeMade(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "attempts"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := session.Start(config(t, dir))
	var pathErr *fs.PathError
	if !errors.As(err, &pathErr) {
		t.Errorf("%v", err)
	}
}

func TestLeaveAndNext(t *testing.T) { // R9, R12
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t, dir)
		s := start(t, cfg)
		s.enter(first)
		s.write("бірінші")
		s.finish()
		if err := s.leave(); err != nil {
			t.Fatal(err)
		}
		if v := s.View(); v.Attempt != nil || v.Photo != nil || !v.Saved() {
			t.Errorf("the station is not free: %+v", v)
		}
		if err := s.login(first); err != exam.ErrEnded {
			t.Errorf("the same candidate again: %v", err)
		}
		s.enter(second)
		if s.text() != "" {
			t.Errorf("the next candidate finds %q", s.text())
		}
		s.finish()
		if err := s.leave(); err != nil {
			t.Fatal(err)
		}
		s.close()

		s = start(t, cfg) // and after a restart
		defer s.close()
		if s.View().Attempt != nil {
			t.Error("an ended attempt was taken up")
		}
		for _, iin := range []string{first, second} {
			if err := s.login(iin); err != exam.ErrEnded {
				t.Errorf("%s again: %v", iin, err)
			}
		}
	})
}

// What the room orders in answer to a login finds the login, although no view has told of it yet.
func TestDoForSeesWhatWasAskedBefore(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, config(t, dir))
		defer s.close()
		suspend := func(a *exam.Attempt) (exam.Command, bool) { return exam.Suspend{Deed: admin}, a != nil }
		asked := func() error { return answer(t, func(done func(error)) { s.DoFor(suspend, done) }) }
		if err := asked(); err != nil || s.View().Attempt != nil {
			t.Errorf("without an attempt: %v", err)
		}
		s.Login(first, func(error) {})
		if err := asked(); err != nil || s.View().Attempt == nil || s.View().Attempt.Suspended == nil {
			t.Errorf("after a login: %v; the attempt is not suspended", err)
		}
		if err := asked(); err != exam.ErrAlready {
			t.Errorf("a refusal comes back as %v", err)
		}
		s.DoFor(suspend, nil)
	})
}

// R20: who was removed by an act does not begin anew at the same station; who was withdrawn before the start may.
func TestRemovedDoesNotBeginAnew(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, config(t, dir))
		defer s.close()
		s.enter(first)
		s.must(exam.TieAct{ActTied: exam.ActTied{Number: "13-1", Form: "13", By: "А", Effects: []exam.Effect{exam.EffectRemoved}}}, exam.Withdraw{Deed: admin})
		if err := s.leave(); err != nil {
			t.Fatal(err)
		}
		if err := s.login(first); err != exam.ErrBarred {
			t.Errorf("the removed candidate again: %v", err)
		}
		if err := s.login(second); err != nil {
			t.Fatal(err)
		}
		s.must(exam.Withdraw{Deed: admin})
		if err := s.leave(); err != nil {
			t.Fatal(err)
		}
		if err := s.login(second); err != nil {
			t.Errorf("a withdrawn candidate again: %v", err)
		}
	})
}

func TestPostponedBeginsAnew(t *testing.T) { // R12
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, config(t, dir))
		defer s.close()
		s.enter(first)
		s.write("бұрынғы")
		old := s.View().Attempt.Opened.Attempt
		s.must(exam.Postpone{Deed: admin, Act: "15-1"})
		if err := s.leave(); err != nil {
			t.Fatal(err)
		}
		s.enter(first)
		if a := s.View().Attempt; s.text() != "" || a.Used != 0 || a.Opened.Attempt == old {
			t.Errorf("begins with %q, %v used", s.text(), a.Used)
		}
		synctest.Wait()
		all := journals(t, dir)
		if len(all) != 2 {
			t.Fatalf("%d attempts in the folder", len(all))
		}
		for _, path := range all {
			if strings.Contains(path, old) {
				if a := fold(t, path); a.Phase != exam.PhasePostponed || a.Response("E1").Text != "бұрынғы" {
					t.Errorf("the sealed attempt: phase %q, %q", a.Phase, a.Response("E1").Text)
				}
			}
		}
	})
}

func TestLeaveWaitsForTheDisk(t *testing.T) { // R11
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t, dir)
		var full atomic.Bool
		var gate atomic.Pointer[chan struct{}]
		cfg.Journal.FS = gated(func() error {
			if c := gate.Load(); c != nil {
				<-*c
			}
			if full.Load() {
				return syscall.ENOSPC
			}
			return nil
		})
		s := start(t, cfg)
		defer s.close()
		s.enter(first)
		synctest.Wait()
		closed := make(chan struct{})
		gate.Store(&closed)
		s.finish()
		left := make(chan error, 1)
		s.Leave(func(err error) { left <- err })
		time.Sleep(time.Second)
		select {
		case err := <-left:
			t.Fatalf("left before the disk had everything: %v", err)
		default:
		}
		full.Store(true)
		gate.Store(nil)
		close(closed)
		if err := <-left; !journal.IsFull(err) {
			t.Errorf("leaving on a full disk: %v", err)
		}
		if s.View().Attempt == nil {
			t.Error("the attempt was put away although it is not on the disk")
		}
		full.Store(false)
		s.await("recovery", func(v session.View) bool { return v.Trouble == nil && v.Durable == v.Appended })
		if err := s.leave(); err != nil {
			t.Errorf("leaving after the recovery: %v", err)
		}
	})
}

func TestManyCallers(t *testing.T) { // run it with -race
	dir := t.TempDir()
	s := start(t, config(t, dir))
	s.enter(first)
	var seen atomic.Int64
	s.Watch(func(session.View) { seen.Add(1) })
	const callers, edits = 8, 50
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			var answers sync.WaitGroup
			for range edits {
				answers.Add(1)
				s.Do(exam.Edit{Item: "E1", Inserted: "ә"}, func(err error) {
					defer answers.Done()
					if err != nil {
						t.Error(err)
					}
				})
				v := s.View()
				v.Attempt.UsedAt(s.Now())
				_ = v.Saved()
			}
			answers.Wait()
		})
	}
	wg.Wait()
	s.await("everything is saved", session.View.Saved)
	s.close()
	if got := len([]rune(folded(t, dir).Response("E1").Text)); got != callers*edits {
		t.Errorf("%d letters of %d are on the disk", got, callers*edits)
	}
	if seen.Load() < callers*edits {
		t.Errorf("%d views for %d edits", seen.Load(), callers*edits)
	}
}

const childVariable = "EMTIHAN_SESSION_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		fmt.Fprintln(os.Stderr, typeForEver(dir))
		os.Exit(1)
	}
	dir := must(os.MkdirTemp("", "keys"))
	os.Setenv(keysVariable, dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// keysVariable names the folder of the keys that the test and the writers that it kills have in common.
const keysVariable = "EMTIHAN_TEST_KEYS"

// typeForEver is a station whose candidate types without end. Its standard output is what a screen would show: letters
// saved, and time used; then the used time that is on the disk, and how long the last round of typing and saving took, both
// in milliseconds.
func typeForEver(dir string) error {
	cfg, err := makeConfig(dir)
	if err != nil {
		return err
	}
	a, err := session.Start(cfg)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	report := func(err error) {
		if err != nil {
			select {
			case failed <- err:
			default:
			}
		}
	}
	round := time.Now()
	a.Watch(func(v session.View) {
		if v.Attempt == nil {
			return
		}
		if saved := len([]rune(v.Attempt.Response("E1").Text)); v.Saved() && v.Attempt.Phase == exam.PhaseRunning {
			used := v.Attempt.UsedAt(a.Now())
			now := time.Now()
			fmt.Println(saved, used.Milliseconds(), v.Attempt.Used.Milliseconds(), now.Sub(round).Milliseconds())
			round = now
		}
	})
	if a.View().Attempt == nil {
		a.Login(first, report)
		for _, c := range []exam.Command{accepted(exam.PurposeLogin), exam.ConfirmData{}, exam.ReadRules{}, exam.Confirm{}, exam.Enter{}} {
			a.Do(c, report)
		}
	} else {
		a.Do(accepted(exam.PurposeResume), report)
	}
	for {
		typed := make(chan error, 1)
		a.Do(exam.Edit{Item: "E1", Inserted: "ә"}, func(err error) { typed <- err })
		select {
		case err := <-failed:
			return err
		case err := <-typed:
			if err != nil {
				return err
			}
		}
		time.Sleep(3 * time.Millisecond) // a very fast typist
	}
}

// A real station is killed while somebody types, again and again. Nothing shown as saved is lost, and the used time goes
// back by at most a second.
func TestKilledStation(t *testing.T) { // R6, R11
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("EMTIHAN_SEED"); s != "" {
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("EMTIHAN_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	kills := 12
	if testing.Short() {
		kills = 3
	}
	last := 0
	for kill := range kills {
		saw := typeAndKill(t, exe, dir, 1+r.IntN(150), time.Duration(r.Int64N(int64(5*time.Millisecond))))
		a := folded(t, dir)
		got := len([]rune(a.Response("E1").Text))
		if got < saw.saved || got < last {
			t.Fatalf("kill %d: %d letters were shown as saved, %d are there", kill, saw.saved, got)
		}
		if a.Used < saw.recorded {
			t.Errorf("kill %d: %v of used time were on the disk, %v are there", kill, saw.recorded, a.Used)
		}
		// A machine that stands still for a while saves nothing meanwhile.
		if back := saw.used - a.Used; back > time.Second+saw.round {
			t.Errorf("kill %d: used time goes back by %v, where typing and saving took %v", kill, back, saw.round)
		}
		if a.Last.Run < 1 || a.Last.Run > uint32(kill)+1 {
			t.Errorf("kill %d: run %d", kill, a.Last.Run) // fewer where a start was cut off too
		}
		last = got
	}
	t.Logf("%d kills, %d letters", kills, last)
}

// sight is the last that a killed station showed.
type sight struct {
	saved                 int // letters
	used, recorded, round time.Duration
}

func typeAndKill(t *testing.T, exe, dir string, shown int, pause time.Duration) (saw sight) {
	t.Helper()
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childVariable+"="+dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killed := make(chan struct{})
	lines := bufio.NewScanner(out)
	n := 0
	for lines.Scan() {
		var used, recorded, round int64
		if _, err := fmt.Sscan(lines.Text(), &saw.saved, &used, &recorded, &round); err != nil {
			t.Fatalf("the station showed %q", lines.Text())
		}
		const ms = time.Millisecond
		saw.used, saw.recorded, saw.round = time.Duration(used)*ms, time.Duration(recorded)*ms, time.Duration(round)*ms
		if n++; n == shown {
			go func() {
				defer close(killed)
				time.Sleep(pause) // the moment is random on purpose; nothing is expected to have happened in it
				cmd.Process.Kill()
			}()
		}
	}
	if n < shown {
		cmd.Process.Kill()
		cmd.Wait()
		t.Fatalf("the station ended by itself: %s", stderr.String())
	}
	<-killed
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the station was not killed: %v %s", err, stderr.String())
	}
	return saw
}
