package station

import (
	"path/filepath"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam/parcel"
	"emtihan/station/session"
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
