package station

import (
	"bytes"
	"image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/assets"
	"emtihan/devices/camera"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/sealed"
	"emtihan/proctor/identity"

	"gocv.io/x/gocv"
)

// watching returns the options of a station whose profile watches the seat, and a function that puts another film before the
// camera, or with "" none: a film of a few seconds is over soon, and the camera then sees the next one.
func watching(t *testing.T, rules string) (opt Options, point func(source string)) {
	t.Helper()
	models, media := parts(t)
	s := sitting("watched", "short-demo", "kk")
	opt = lay(t, s)
	dir := filepath.Dir(opt.Session)
	source, err := assets.Source("profiles", "doctoral")
	if err != nil {
		t.Fatal(err)
	}
	text, _, ok := strings.Cut(strings.Replace(string(source), `id = "doctoral"`, `id = "watched"`, 1), "[faces]")
	if !ok {
		t.Fatal("the doctoral profile says nothing of faces")
	}
	write(t, filepath.Join(dir, "profiles", "watched.toml"), []byte(text+"[faces]\n"+rules))
	write(t, filepath.Join(dir, "photo.png"), registered(t, models, media))
	path := filepath.Join(dir, "camera.film")
	point = func(source string) {
		t.Helper()
		if source == "" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			return
		}
		data, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path+".next", data)
		if err := os.Rename(path+".next", path); err != nil {
			t.Fatal(err)
		}
	}
	opt.Camera, opt.Models = path, models
	return opt, point
}

const eager = "watch_seconds = 1\nhold_seconds = 1\nframes_before = 2\nframes_after = 1\nmax_frames = 30\nmax_frame_kb = 20\n"

// presences returns the changes in the log, in order.
func presences(all []exam.Event) (out []exam.PresenceChanged) {
	for _, e := range all {
		if p, ok := e.(exam.PresenceChanged); ok {
			out = append(out, p)
		}
	}
	return out
}

// R17: what happens at the seat during the exam is on record with pictures of the time around it and said quietly; it holds
// up nothing, and the log keeps no more pictures than the profile allows (R27).
func TestPresenceDuringTheExam(t *testing.T) {
	_, media := parts(t)
	take := filepath.Join(media, "cap13_edit2.mp4")
	for _, tc := range []struct {
		name   string
		source func(t *testing.T) string
		is     exam.Presence
	}{
		{"nobody", func(t *testing.T) string { return film(t, take+"#t=2,6", empty) }, exam.PresenceNobody},
		{"covered", func(t *testing.T) string { return film(t, take+"#t=2,4", covered) }, exam.PresenceCovered},
		{"two", func(t *testing.T) string {
			return film(t, take+"#t=2,12", beside(t, filepath.Join(media, "franck.mp4")+"#t=1,11"))
		}, exam.PresenceTwoPeople},
		{"another", func(*testing.T) string { return filepath.Join(media, "franck.mp4") }, exam.PresenceAnother},
		{"frozen", func(t *testing.T) string {
			first := gocv.NewMat()
			t.Cleanup(func() { _ = first.Close() })
			return film(t, take+"#t=2,6", func(n int, m *gocv.Mat) {
				if n == 0 {
					m.CopyTo(&first)
				}
				first.CopyTo(m)
			})
		}, exam.PresenceFrozen},
		{"unplugged", func(*testing.T) string { return "" }, exam.PresenceUnplugged},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if testing.Short() && tc.is != exam.PresenceNobody && tc.is != exam.PresenceUnplugged {
				t.Skip("films of a quarter of a minute are looked at without -short")
			}
			source := tc.source(t)
			opt, point := watching(t, eager)
			point(film(t, take+"#t=2,5", func(int, *gocv.Mat) {}))
			g := newRig(t, opt)
			g.seat(nurlan)
			g.await("the candidate to be seen", func() bool { return g.attempt().Presence == exam.PresencePresent })
			if g.u.seat != exam.PresencePresent && g.u.seat != "" {
				t.Errorf("the window knows of %q", g.u.seat)
			}
			point(source)
			g.await(string(tc.is), func() bool { return g.attempt().Presence == tc.is })
			g.await("the quiet mark", func() bool { return g.reads(g.u.t("station.seat." + string(tc.is))) })
			g.picture("seat-" + tc.name)
			if a := g.attempt(); !a.IsRunning() || a.Lock != nil {
				t.Errorf("the exam is held up: %+v", a.Lock)
			}
			g.screen("exam")
			g.end()
			all := events(t, opt)
			last := presences(all)
			if e := last[len(last)-1]; e.To != tc.is || e.Camera != "camera.film" || (len(e.Frame) == 32) == (tc.is == exam.PresenceUnplugged) {
				t.Errorf("the log has %+v", e)
			}
			n := 0
			for _, e := range all {
				switch e := e.(type) {
				case exam.PresenceSeen:
					if n++; e.Of == tc.is && e.Offset >= 0 && tc.is != exam.PresenceUnplugged && n <= 2 {
						t.Logf("a picture of %d ms after", e.Offset)
					}
				case exam.Locked:
					t.Errorf("a lock: %+v", e)
				}
			}
			if n < 1 {
				t.Errorf("%d pictures of the time before", n)
			}
			sizes := pictureSizes(t, opt)
			if len(sizes) > 30 {
				t.Errorf("%d pictures in the log", len(sizes))
			}
			for _, size := range sizes {
				if size > 20_000 {
					t.Errorf("a picture of %d bytes", size)
				}
			}
		})
	}
}

// pictureSizes returns the sizes of the pictures that the watch has left in the log.
func pictureSizes(t *testing.T, opt Options) (out []int) {
	t.Helper()
	readLog(t, opt, func(_ []byte, e exam.Event, blob []byte) {
		switch e.(type) {
		case exam.PresenceChanged, exam.PresenceSeen:
		default:
			return
		}
		if blob == nil {
			return
		}
		if _, err := jpeg.Decode(bytes.NewReader(blob)); err != nil {
			t.Errorf("a picture cannot be read: %v", err)
		}
		out = append(out, len(blob))
	}).Close()
	return out
}

// readLog tells of every record of the only attempt's log, as it lies under its encryption, with the blob that it names, and
// returns the reader.
func readLog(t *testing.T, opt Options, tell func(data []byte, e exam.Event, blob []byte)) *journal.Reader {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(opt.Data, "attempts", "*", "*.journal"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("%v, %v", paths, err)
	}
	r, err := journal.OpenReader(paths[0], openVault(t, opt))
	if err != nil {
		t.Fatal(err)
	}
	err = r.Records(func(_ uint64, data []byte) error {
		rec, err := exam.DecodeRecord(data)
		if err != nil {
			return err
		}
		var blob []byte
		if sum, named := sealed.BlobOf(rec.Event); named {
			if blob, err = r.Blob(sum); err != nil {
				return err
			}
		}
		tell(data, rec.Event, blob)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The exam screen leaves the camera alone where the profile asks for no watch, and lets go of it when the candidate goes out.
func TestNoWatchNoCamera(t *testing.T) { // R10
	opt, point := watching(t, "watch_seconds = 0\n")
	_, media := parts(t)
	point(filepath.Join(media, "cap13_edit2.mp4"))
	g := newRig(t, opt)
	g.seat(nurlan)
	held := func() bool {
		g.u.eye.mu.Lock()
		defer g.u.eye.mu.Unlock()
		return g.u.eye.cam != nil
	}
	g.await("the camera to be let go", func() bool { return !held() })
	if a := g.attempt(); a.Presence != "" || g.u.seat != "" {
		t.Errorf("the camera shows %q, the window says %q", a.Presence, g.u.seat)
	}
	g.end()
	if n := len(presences(events(t, opt))); n != 0 {
		t.Errorf("%d presences in the log", n)
	}
}

// Without models nothing is known, and that is said once.
func TestWatchWithoutModels(t *testing.T) { // R17
	opt, _ := watching(t, eager)
	opt.Models = filepath.Join(t.TempDir(), "none")
	g := newRig(t, opt)
	g.seat(nurlan)
	g.await("the word that nothing is known", func() bool { return g.attempt().Presence == exam.PresenceUnknown })
	g.admin("leave", "Айгүл")
	g.screen("face-leave")
	g.press(g.u.t("station.face.stay"))
	g.screen("exam")
	g.end()
	got := presences(events(t, opt))
	if len(got) != 1 || got[0].To != exam.PresenceUnknown || got[0].Detail == "" {
		t.Errorf("%+v", got)
	}
}

func TestReel(t *testing.T) { // R27
	rules := exam.FaceRules{WatchSeconds: 1, HoldSeconds: 2, FramesBefore: 2, FramesAfter: 2, MaxFrames: 10, MaxFrameKB: 10}
	r := newReel(rules, time.Second)
	began := time.Now()
	frame := func(ms int) camera.Frame {
		f := camera.Frame{At: began.Add(time.Duration(ms) * time.Millisecond), Width: 1200, Height: 700}
		f.BGR = make([]byte, 3*f.Width*f.Height)
		for i := range f.BGR {
			f.BGR[i] = byte(i*i>>3 + ms) // hard to compress
		}
		return f
	}
	for ms := 0; ms <= 10_000; ms += 500 {
		if s := r.add(frame(ms)); s != nil {
			t.Fatal("kept without a change")
		}
	}
	if len(r.frames) > r.room {
		t.Errorf("%d frames in a reel of %d", len(r.frames), r.room)
	}
	at := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }
	before, now := r.around(&identity.Transition{Since: at(8000), At: at(10_000)}, exam.PresenceNobody)
	if len(before) != 2 || before[0].offset != -3*time.Second || before[1].offset != -4*time.Second {
		t.Fatalf("%d pictures before: %v", len(before), before)
	}
	for _, data := range [][]byte{now, before[0].jpeg, before[1].jpeg} {
		if len(data) == 0 || len(data) > rules.MaxFrameKB*1000 {
			t.Errorf("a picture of %d bytes", len(data))
		}
	}
	var after []time.Duration
	for ms := 10_200; ms < 15_000; ms += 200 {
		if s := r.add(frame(ms)); s != nil {
			after = append(after, s.offset)
			if s.of != exam.PresenceNobody {
				t.Errorf("a picture of %s", s.of)
			}
		}
	}
	if len(after) != 2 || after[0] != time.Second || after[1] != 2*time.Second {
		t.Errorf("pictures after: %v", after)
	}
	if b, f := newReel(exam.FaceRules{FramesBefore: 3}, time.Second).around(&identity.Transition{}, exam.PresenceNobody); b != nil || f != nil {
		t.Error("pictures where the profile keeps none")
	}
	for _, f := range []camera.Frame{{}, {Width: 3, Height: 3}, {Width: -1, Height: 1, BGR: []byte{1, 2, 3}}} {
		if still(f, 20_000) != nil {
			t.Errorf("a picture of %v", f)
		}
	}
}

// R27: what a face is to the models never leaves the memory: not to the log, not beside it.
func TestEmbeddingIsNeverWritten(t *testing.T) {
	opt, point := watching(t, eager)
	models, media := parts(t)
	point(filepath.Join(media, "cap13_edit2.mp4"))
	g := newRig(t, opt)
	g.login(nurlan)
	g.await("the check", func() bool {
		if g.u.scr.name == "data" {
			return true
		}
		g.u.pressEnter()
		return false
	})
	for _, name := range []string{"data", "rules", "confirm", "enter"} {
		g.screen(name)
		g.key("Return")
	}
	g.await("the watch", func() bool { return g.attempt().Presence == exam.PresencePresent })
	g.end()

	verifier, err := identity.Load(models)
	if err != nil {
		t.Fatal(err)
	}
	defer verifier.Close()
	photo, err := os.ReadFile(filepath.Join(filepath.Dir(opt.Session), "photo.png"))
	if err != nil {
		t.Fatal(err)
	}
	template, err := verifier.Enroll(photo)
	if err != nil {
		t.Fatal(err)
	}
	forms := written(template)
	if len(forms) < 6 {
		t.Fatalf("%d forms of an embedding to look for", len(forms))
	}
	open := opened(t, opt)
	if !bytes.Contains(open, []byte("face.checked")) {
		t.Fatal("the log was not opened")
	}
	looked := 0
	err = filepath.WalkDir(filepath.Dir(opt.Session), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		looked++
		for _, form := range forms {
			if bytes.Contains(data, form) {
				t.Errorf("%s holds a part of an embedding", path)
			}
		}
		return err
	})
	if err != nil || looked < 3 {
		t.Errorf("%d files, %v", looked, err)
	}
	for _, form := range forms {
		if bytes.Contains(open, form) {
			t.Error("the opened log holds a part of an embedding")
		}
	}
}
