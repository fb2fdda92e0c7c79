package station

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/parcel"
	"emtihan/station/session"

	"fyne.io/fyne/v2"
)

// step runs one thing that the station has asked for, and reports whether there was one.
func (g *rig) step() bool {
	g.mu.Lock()
	var f func()
	if len(g.queue) > 0 {
		f, g.queue = g.queue[0], g.queue[1:]
	}
	g.mu.Unlock()
	if f != nil {
		f()
	}
	return f != nil
}

// Who changes the language while the package is being opened loses nothing of it.
func TestLanguageChangesWhileThePackageOpens(t *testing.T) {
	opt, release := laySealed(t, "doctoral", "short-demo", sealing{})
	opt.Lang = locales.Russian
	g := newRig(t, opt)
	g.screen("sealed")
	g.write(release.Text())
	g.u.scr.enter()
	g.u.nextLanguage()
	g.u.scr.enter() // and it is not opened twice
	for deadline := time.Now().Add(2 * time.Minute); g.u.set.paper == nil; {
		if !g.step() {
			if time.Now().After(deadline) {
				t.Fatal("the package does not open")
			}
			time.Sleep(time.Millisecond)
		}
	}
	g.u.nextLanguage() // the actor may have the paper already, and the window does not know
	g.screen("login")
	g.login(nurlan)
	if g.u.set.paper == nil || g.u.set.media == nil {
		t.Error("the window has dropped what the actor works with")
	}
	g.admin("by-document")
	g.screen("data")
}

// A refusal reaches the screen that is shown when it comes.
func TestRefusedReleaseIsSaidInTheNewLanguage(t *testing.T) {
	opt, release := laySealed(t, "doctoral", "short-demo", sealing{from: time.Now().Add(-48 * time.Hour), until: time.Now().Add(-24 * time.Hour)})
	opt.Lang = locales.Kazakh
	g := newRig(t, opt)
	g.screen("sealed")
	g.write(release.Text())
	g.u.scr.enter()
	g.u.setLanguage(locales.English)
	g.await("the refusal", func() bool { return g.u.set.parcel.refusal != nil })
	g.says(g.u.releaseTrouble(g.u.set.parcel.refusal))
}

// keep lays the release key where a station that was switched off has left it. The package's time may be over.
func keep(t *testing.T, opt Options, key parcel.ReleaseKey, then func(*setup)) {
	t.Helper()
	s, err := prepare(opt)
	if err != nil {
		t.Fatal(err)
	}
	defer s.release()
	if err := s.keepKey(key); err != nil {
		t.Fatal(err)
	}
	if then != nil {
		then(s)
	}
}

// A kept key serves the attempt that is open, whatever the date (R11). Without one it opens nothing outside the package's time.
func TestKeptKeyAfterThePackagesTime(t *testing.T) {
	past := time.Now().Add(-48 * time.Hour)
	times := map[string]sealing{
		"over": {from: past, until: past.Add(time.Hour)}, "to come": {from: time.Now().Add(time.Hour), until: time.Now().Add(2 * time.Hour)},
	}
	for name, x := range times {
		t.Run(name, func(t *testing.T) {
			opt, release := laySealed(t, "doctoral", "short-demo", x)
			keep(t, opt, release, nil)
			g := newRig(t, opt)
			g.screen("sealed")
			if !g.view().Sealed || g.u.set.paper != nil || g.u.set.media != nil {
				t.Error("the exam is open")
			}
			if found, _ := filepath.Glob(filepath.Join(opt.Data, keyFile)); len(found) > 0 {
				t.Error("the key is still kept")
			}
		})
	}
	opt, release := laySealed(t, "doctoral", "short-demo", times["over"])
	keep(t, opt, release, func(s *setup) {
		if err := s.unseal(release, time.Time{}); err != nil {
			t.Fatal(err)
		}
		a, err := session.Start(session.Config{Dir: opt.Data, Session: s.session, Profile: s.profile, Paper: s.paper, Parcel: "p", Photo: s.photo, Journal: s.journal})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		a.Login(nurlan, func(err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	})
	g := newRig(t, opt)
	if v := g.view(); v.Sealed || v.Attempt == nil {
		t.Errorf("the attempt that was open is not taken up: sealed %v", v.Sealed)
	}
}

// sealed checks that nothing of the content is on the computer any more, in memory or as a key, and that nobody can log in.
func (g *rig) sealed(when string) {
	g.Helper()
	g.screen("sealed")
	if v := g.view(); !v.Sealed || g.u.set.paper != nil || g.u.set.media != nil || g.u.set.released() != (exam.Released{}) {
		g.Errorf("%s: something of the exam lies open", when)
	}
	if _, err := os.Stat(filepath.Join(g.opt.Data, keyFile)); !errors.Is(err, fs.ErrNotExist) {
		g.Errorf("%s: the release key is still kept: %v", when, err)
	}
	done := make(chan error, 1)
	g.u.actor.Login(pyotr, func(err error) { done <- err })
	if err := <-done; !errors.Is(err, exam.ErrSealed) {
		g.Errorf("%s: the next candidate logs in: %v", when, err)
	}
}

var (
	deedOfA = exam.Deed{By: "А", Reason: "б"}
	removal = exam.TieAct{ActTied: exam.ActTied{Number: "12-1", Form: "12", By: "А", Effects: []exam.Effect{exam.EffectRemoved}}}
	toEnter = []exam.Command{
		exam.IdentifyByDocument{Deed: deedOfA},
		exam.ConfirmData{},
		exam.ReadRules{},
		exam.Confirm{},
		exam.Enter{},
	}
	toFinish = []exam.Command{exam.Finish{}, exam.IdentifyByDocument{Deed: deedOfA}}
)

func (g *rig) decideAll(cmds ...exam.Command) {
	g.Helper()
	for _, cmd := range cmds {
		g.decide(cmd)
	}
}

// A station that is switched off while the end of an attempt is on the screen shows that end again, on the same day, and nothing
// else of the exam; when the seat is freed it is sealed, and stays so (R4, R15).
func TestStartAtTheEndOfAnAttempt(t *testing.T) {
	opt, release := laySealed(t, "doctoral", "short-demo", sealing{})
	g := newRig(t, opt)
	g.typeRelease(release.Text())
	g.screen("login")
	g.login(nurlan)
	g.decideAll(toEnter...)
	g.screen("exam")
	task := shortened(g.u.plainTask(g.attempt().Paper.Items()[0]), 30)
	g.decideAll(toFinish...)
	g.screen("end")
	id := g.attempt().Opened.Attempt
	g.end()

	for range 2 { // a second power cut changes nothing
		g = newRig(t, opt)
		if v := g.view(); v.Attempt == nil && !v.Sealed {
			t.Error("the exam lies open with nobody at it")
		}
		g.screen("end")
		if g.attempt().Opened.Attempt != id {
			t.Errorf("it is the end of %s", g.attempt().Opened.Attempt)
		}
		for _, text := range g.texts() {
			if strings.Contains(text, strings.TrimSuffix(task, "…")) {
				t.Errorf("the end shows the task %q", text)
			}
		}
		if got := g.u.set.released(); got.Means != exam.ReleaseKept {
			t.Errorf("opened by %q", got.Means)
		}
		if n := len(g.u.deeds()); n > 2 || g.u.pick(g.view()) != "end" {
			t.Errorf("an administrator can do %d things", n)
		}
		g.end()
	}
	g = newRig(t, opt)
	g.screen("end")
	g.key(fyne.KeyReturn)
	g.sealed("after the seat was freed")
	g.end()
	g = newRig(t, opt)
	g.sealed("at the start after that")
	// The key that was read out opens it for the next candidate; until somebody has sat there a start needs no key again.
	g.typeRelease(release.Text())
	g.screen("login")
	g.end()
	g = newRig(t, opt)
	g.screen("login")
	if got := g.u.set.released(); got.Means != exam.ReleaseKept || time.Since(time.UnixMilli(got.ReleasedAt)) > time.Hour {
		t.Errorf("opened by %+v", got)
	}
	g.login(pyotr)
}

// The end is shown again to nobody who comes on another day, or after the package's time.
func TestEndIsNotShownOnAnotherDay(t *testing.T) {
	now := time.Date(2026, 8, 20, 23, 30, 0, 0, time.FixedZone("", 5*3600))
	opt, _ := laySealed(t, "doctoral", "short-demo", sealing{from: now.Add(-time.Hour), until: now.Add(72 * time.Hour)})
	set, err := prepare(opt)
	if err != nil {
		t.Fatal(err)
	}
	defer set.release()
	at := func(phase exam.Phase) *exam.Attempt {
		return &exam.Attempt{Phase: phase, Last: exam.Stamp{Wall: now.UnixMilli()}, Opened: exam.Opened{Offset: 5 * 3600}}
	}
	for _, c := range []struct {
		name  string
		phase exam.Phase
		after time.Duration
		want  bool
	}{
		{"a minute later", exam.PhaseFinished, time.Minute, true},
		{"after midnight at the centre", exam.PhaseFinished, 40 * time.Minute, false},
		{"the same hour of the next day", exam.PhaseFinished, 24 * time.Hour, false},
		{"by a clock that went back to another year", exam.PhaseFinished, -365 * 24 * time.Hour, false},
		{"postponed", exam.PhasePostponed, time.Minute, false},
		{"withdrawn", exam.PhaseWithdrawn, time.Minute, false},
	} {
		if got := set.showsEnd(at(c.phase), now.Add(c.after)); got != c.want {
			t.Errorf("%s: shown %v", c.name, got)
		}
	}
	set.parcel.outer.Until = now.Add(time.Second)
	if set.showsEnd(at(exam.PhaseFinished), now.Add(time.Minute)) {
		t.Error("it is shown after the package's time")
	}
}

// R12, R20: whoever was removed or put off while the exam ran has held it: the paper is dropped when the seat is freed, and at a
// start before that. Who was removed before the clock started leaves it open for the next candidate.
func TestSealedAfterRemoval(t *testing.T) {
	for name, c := range map[string]struct {
		cmds   []exam.Command
		screen string
		open   bool
	}{
		"removed while it ran": {append(toEnter[:len(toEnter):len(toEnter)], removal, exam.Withdraw{Deed: deedOfA}), "withdrawn", false},
		"removed before it":    {[]exam.Command{toEnter[0], removal, exam.Withdraw{Deed: deedOfA}}, "withdrawn", true},
		"removed at the end":   {append(append(toEnter[:len(toEnter):len(toEnter)], toFinish[0]), removal, exam.Withdraw{Deed: deedOfA}), "withdrawn", false},
		"postponed":            {append(toEnter[:len(toEnter):len(toEnter)], exam.Postpone{Deed: deedOfA, Act: "15-1"}), "postponed", false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, start := range []bool{false, true} {
				opt, release := laySealed(t, "doctoral", "short-demo", sealing{})
				g := newRig(t, opt)
				g.typeRelease(release.Text())
				g.screen("login")
				g.login(nurlan)
				for _, cmd := range c.cmds {
					g.decide(cmd)
					if _, entered := cmd.(exam.Enter); entered {
						g.screen("exam")
						g.await("a moment of the clock", func() bool { return g.attempt().Used > 0 })
					}
				}
				g.screen(c.screen)
				when := "after the seat was freed"
				if start {
					g.end()
					g = newRig(t, opt)
					when = "at a start before that"
				} else {
					g.key(fyne.KeyReturn)
				}
				if c.open {
					g.screen("login")
				} else {
					g.sealed(when)
				}
				g.end()
			}
		})
	}
}

// runs returns what the log of the attempt says of each start of the program.
func (g *rig) runs(id string) (runs []exam.RunStarted) {
	g.Helper()
	r, err := journal.OpenReader(filepath.Join(g.opt.Data, "attempts", "s1", id+".journal"), g.u.set.vault)
	if err != nil {
		g.Fatal(err)
	}
	defer r.Close()
	err = r.Records(func(_ uint64, data []byte) error {
		rec, err := exam.DecodeRecord(data)
		if started, ok := rec.Event.(exam.RunStarted); ok {
			runs = append(runs, started)
		}
		return err
	})
	if err != nil {
		g.Fatal(err)
	}
	return runs
}

// R22: the log of each attempt says when and how the content was opened in each run, and which package that was; never the key.
func TestLogSaysHowThePackageWasOpened(t *testing.T) {
	opt, release := laySealed(t, "doctoral", "short-demo", sealing{})
	from := time.Now().UnixMilli()
	g := newRig(t, opt)
	g.typeRelease(release.Text())
	g.screen("login")
	g.login(nurlan)
	id, opened := g.attempt().Opened.Attempt, g.attempt().Opened.Parcel
	g.end()
	g = newRig(t, opt)
	g.decideAll(toEnter...)
	g.decideAll(toFinish...)
	g.screen("end")
	g.end()
	g = newRig(t, opt)
	g.screen("end")
	g.key(fyne.KeyReturn)
	g.sealed("after the seat was freed")
	runs := g.runs(id)
	if len(runs) != 3 {
		t.Fatalf("%d starts: %+v", len(runs), runs)
	}
	for i, means := range []exam.ReleaseMeans{exam.ReleaseTyped, exam.ReleaseKept, exam.ReleaseKept} {
		r := runs[i]
		if r.Means != means || r.Parcel != opened || r.ReleasedAt < from || r.ReleasedAt > time.Now().UnixMilli() {
			t.Errorf("start %d: %+v", i+1, r)
		}
		if data, err := exam.EncodeRecord(exam.Recorded{Seq: 1, Event: r}); err != nil || bytes.Contains(data, []byte(release.Text())) {
			t.Errorf("start %d: %v; the key must not stand in the log", i+1, err)
		}
		from = r.ReleasedAt
	}
	// A paper in the open was released by nobody.
	g.end()
	g = newRig(t, lay(t, sitting("doctoral", "short-demo", "kk")))
	g.login(nurlan)
	id = g.attempt().Opened.Attempt
	g.end()
	if runs := g.runs(id); len(runs) != 1 || runs[0].Released != (exam.Released{}) {
		t.Errorf("%+v", runs)
	}
}

// How the package came to be open is known as long as it is, without the key.
func TestHowThePackageWasOpened(t *testing.T) {
	for _, means := range []exam.ReleaseMeans{exam.ReleaseTyped, exam.ReleaseScanned} {
		opt, release := laySealed(t, "doctoral", "short-demo", sealing{})
		g := newRig(t, opt)
		if got := g.u.set.released(); got != (exam.Released{}) {
			t.Errorf("before: %+v", got)
		}
		from := time.Now().UnixMilli()
		text := release.Text()
		if means == exam.ReleaseScanned {
			text = parcel.Release{ID: g.u.set.parcel.outer.ID, Key: release}.Line()
		}
		g.typeRelease(text)
		g.screen("login")
		got := g.u.set.released()
		if got.Means != means || got.Parcel != g.u.set.parcel.name() || got.ReleasedAt < from || got.ReleasedAt > time.Now().UnixMilli() {
			t.Errorf("%s: %+v", means, got)
		}
		g.end()
	}
}
