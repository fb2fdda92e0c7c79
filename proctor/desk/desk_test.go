package desk

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"emtihan/assets/fonts"
	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/vault"
	"emtihan/proctor/act"
	"emtihan/proctor/console"
	"emtihan/proctor/console/look"
	"emtihan/proctor/console/look/looktest"
	"emtihan/proctor/room"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

const (
	adminName = "Сұлтанова Гүлнәр"
	adminCode = "4711"
	patience  = 2 * time.Minute
)

var (
	zone  = time.FixedZone("+05", 5*3600)
	start = time.Date(2026, 11, 21, 10, 0, 0, 0, zone)
	hash  = sync.OnceValue(func() string { return exam.HashCode(adminCode, []byte("saltsalt")) })
)

// many returns n candidates with valid IINs of people born in 1890.
func many(t testing.TB, n int) (out []exam.Candidate) {
	t.Helper()
	for serial := 1000; len(out) < n; serial++ {
		for digit := range 10 {
			iin := fmt.Sprintf("9001011%04d%d", serial, digit)
			if _, _, err := exam.ParseIIN(iin); err != nil {
				continue
			}
			out = append(out, exam.Candidate{
				IIN: iin, Name: fmt.Sprintf("Қосымбаев Нұрлан %d", len(out)+1), Seat: fmt.Sprint(len(out) + 1), Language: "kk", Photo: "photo.jpg",
				University: "Esil University", Programme: "D094",
			})
			break
		}
	}
	return out
}

// rig is the entry on a real room, in the toolkit's test driver.
type rig struct {
	t     *testing.T
	c     *console.Console
	d     *Desk
	w     *looktest.Window
	r     *room.Room
	dir   string
	eye   *fakeEye
	desk  *slowDesk
	shown []console.Shown

	mu  sync.Mutex // guards what follows
	now time.Time
}

// slowDesk is the room, which a test can make busy: then it does not take up who is picked until it is let.
type slowDesk struct {
	*room.Room
	busy bool
	held []func()
}

func (d *slowDesk) Gate(iin string, done func(error)) {
	if d.busy {
		d.held = append(d.held, func() { d.Room.Gate(iin, done) })
		return
	}
	d.Room.Gate(iin, done)
}

// fakeEye lets a test say what the camera sees.
type fakeEye struct {
	mu   sync.Mutex
	tell func(Glance)
	n    int
}

func (e *fakeEye) Watch(_ []byte, tell func(Glance)) func() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.n++
	mine := e.n
	e.tell = tell
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.n == mine {
			e.tell = nil
		}
	}
}

func (e *fakeEye) sees(g Glance) bool {
	e.mu.Lock()
	tell := e.tell
	e.mu.Unlock()
	if tell == nil {
		return false
	}
	tell(g)
	return true
}

func (g *rig) clock() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

func (g *rig) setClock(at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now = at
}

func newRig(t *testing.T, lang locales.Lang, candidates []exam.Candidate) *rig {
	t.Helper()
	a := test.NewTempApp(t)
	a.Settings().SetTheme(look.Theme{})
	forms, err := act.Load("")
	if err != nil {
		t.Fatal(err)
	}
	g := &rig{t: t, dir: t.TempDir(), now: start.Add(-20 * time.Minute), eye: new(fakeEye)}
	s := &exam.Session{
		ID: "s1", Centre: "Қостанай", Room: "205", Start: start, Profile: "doctoral", Candidates: candidates,
		Administrators: []exam.Administrator{{Name: adminName, Role: "дежурный по аудитории", Code: hash()}},
	}
	v, err := vault.Open(g.dir, vault.Options{Credentials: "-"})
	if err != nil {
		t.Fatal(err)
	}
	g.r, err = room.Open(room.Config{
		Dir: g.dir, Session: s, Forms: forms, Journal: journal.Options{Vault: v}, Now: g.clock, Late: 40 * time.Minute,
		Devices: []room.Device{{Name: "gate", Kind: room.KindDetector}, {Name: "205", Kind: room.KindDoor}},
		Fonts:   act.Fonts{Regular: fonts.Mend(theme.DefaultTextFont().Content()), Bold: fonts.Mend(theme.DefaultTextBoldFont().Content())},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.r.Close(); err != nil {
			t.Error(err)
		}
	})
	g.w = looktest.New(t)
	g.desk = &slowDesk{Room: g.r}
	g.c = console.New(g.w, s, console.Options{Lang: lang, Forms: forms, Desk: g.desk, Now: g.clock, Do: g.w.Post, OnShow: func(x console.Shown) {
		g.shown = append(g.shown, x)
	}})
	photo := portrait(t)
	g.d = New(g.c, Options{Room: g.r, Eye: g.eye, Photo: func(path string) ([]byte, error) {
		if path != "photo.jpg" {
			return nil, errors.New("there is no such file")
		}
		return photo, nil
	}})
	g.c.Turn(true)
	g.r.Watch(g.c.Show)
	return g
}

func portrait(t testing.TB) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 90, 120))
	for i := range img.Pix {
		img.Pix[i] = byte(120 + i%60)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (g *rig) last() (console.Shown, Shown) {
	g.w.Drain()
	if len(g.shown) == 0 {
		return console.Shown{}, Shown{}
	}
	s := g.shown[len(g.shown)-1]
	e, _ := s.Entry.(Shown)
	return s, e
}

func (g *rig) await(what string, ok func(console.Shown, Shown) bool) {
	g.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		s, e := g.last()
		if ok(s, e) {
			return
		}
		if time.Now().After(deadline) {
			g.t.Fatalf("%s: in vain; shown is %+v", what, s)
		}
	}
}

func (g *rig) stance(s Stance) {
	g.t.Helper()
	g.await("stance "+string(s), func(c console.Shown, e Shown) bool { return e.Stance == s && c.Dialog == "" })
}

// sign types the code into the dialog that is open.
func (g *rig) sign(dialog string) {
	g.t.Helper()
	g.await("dialog "+dialog, func(s console.Shown, _ Shown) bool { return s.Dialog == dialog })
	g.w.Press(fyne.KeyF10)
	g.await("the code", func(s console.Shown, _ Shown) bool { return s.Focus == "code" })
	g.w.Typed(adminCode)
	g.w.Press(fyne.KeyReturn)
}

func (g *rig) shift() {
	g.t.Helper()
	g.w.Press(fyne.KeyReturn)
	g.sign("shift")
	g.await("the entry open", func(s console.Shown, e Shown) bool { return e.Shift && s.Dialog == "" && s.Focus == "search" })
}

// R7: two hundred candidates, each by the reader or by typing the seat: never more than three actions (a scan or a word typed,
// a look, a key), and nothing but keys.
func TestTwoHundred(t *testing.T) {
	people := many(t, 200)
	g := newRig(t, locales.Kazakh, people)
	g.r.Detector(exam.DetectorRead{Device: "gate", Known: true})
	g.shift()
	most := 0
	for i, p := range people {
		actions := 0
		if i%2 == 0 {
			g.r.Scan("documents", p.IIN, nil) // the reader does the typing
			actions++
		} else {
			g.w.Typed(p.Seat)
			g.w.Press(fyne.KeyReturn)
			actions++ // one word and its Enter: what a scanner that is a keyboard sends
		}
		actions++ // the look
		g.await("the candidate "+p.Seat, func(_ console.Shown, e Shown) bool {
			return e.Stance == Free && g.d.person().IIN == p.IIN && e.Photo
		})
		g.w.Press(fyne.KeyReturn)
		actions++
		g.await("admitted "+p.Seat, func(_ console.Shown, e Shown) bool { return e.Admitted == i+1 && e.Stance == Inside })
		most = max(most, actions)
	}
	if most > 3 {
		t.Errorf("%d actions for one candidate, at most 3 are wanted", most)
	}
	if got := g.r.View().Entry; got != (room.Counts{Expected: 200, Admitted: 200}) {
		t.Errorf("in the end %+v", got)
	}
	// Nobody is admitted twice by a finger that stays on the key.
	g.w.Press(fyne.KeyReturn, fyne.KeyReturn)
	if got := g.r.View().Entry; got.Admitted != 200 {
		t.Errorf("after two more Enters %+v", got)
	}
}

// R7, R19: who is picked stands at the desk at once; a second Enter on its heels, as some scanners send it, lets in neither them
// unseen nor who stood there before.
func TestTheChoiceIsAtOnce(t *testing.T) {
	people := many(t, 3)
	g := newRig(t, locales.Russian, people)
	g.r.Detector(exam.DetectorRead{Device: "gate", Known: true})
	g.shift()
	g.w.Typed("1")
	g.w.Press(fyne.KeyReturn)
	g.await("the first", func(s console.Shown, e Shown) bool { return s.Gate == "1" && e.Stance == Free })
	g.desk.busy = true
	g.w.Typed("2")
	g.w.Press(fyne.KeyReturn, fyne.KeyReturn)
	if p := g.d.person(); p.IIN != people[1].IIN {
		t.Errorf("%q stands at the desk, %q was picked", p.Seat, people[1].Seat)
	}
	g.stance(Called)
	g.w.Press(fyne.KeyF10)
	g.await("act 11", func(s console.Shown, _ Shown) bool { return s.Dialog == "act-11" })
	if texts := g.w.Texts(); !strings.Contains(texts, people[1].Name) {
		t.Errorf("the act is not about %s:\n%s", people[1].Name, texts)
	}
	g.w.Press(fyne.KeyEscape)
	g.desk.held[0]()
	g.stance(Free)
	if got := g.r.View().Entry.Admitted; got != 0 {
		t.Errorf("%d let in unseen", got)
	}
	g.w.Press(fyne.KeyReturn)
	g.await("the second let in", func(_ console.Shown, e Shown) bool { return e.Admitted == 1 && e.Stance == Inside })
	if got := g.d.person().IIN; got != people[1].IIN {
		t.Errorf("%s was let in", got)
	}
}

// R3, R7, R19, R21: each thing that speaks against a candidate has its own due deed under the same key.
func TestWhatIsDue(t *testing.T) {
	people := many(t, 5)
	g := newRig(t, locales.Russian, people)
	g.stance(Nobody)
	g.shift()

	// An alarm of the detector: act 10, and the candidate stays out.
	g.r.Scan("documents", people[0].IIN, nil)
	g.stance(Free)
	if all := g.w.Texts(); !strings.Contains(all, "Состояние рамки неизвестно") {
		t.Errorf("an unknown detector is not spoken of (R21):\n%s", all)
	}
	g.r.Detector(exam.DetectorRead{Device: "gate", Known: true, Active: true, Count: 1, Alarms: 1})
	g.stance(Alarmed)
	g.w.Press(fyne.KeyReturn)
	g.await("act 10", func(s console.Shown, _ Shown) bool { return s.Dialog == "act-10" && s.Focus == "items" })
	g.w.Typed("ph")
	g.w.Press(fyne.KeyReturn)
	g.sign("act-10")
	g.await("the act", func(s console.Shown, _ Shown) bool { return s.Dialog == "done" })
	g.w.Press(fyne.KeyReturn)
	g.stance(Barred)
	g.w.Press(fyne.KeyReturn) // does nothing for who is kept out
	g.r.Detector(exam.DetectorRead{Device: "gate", Known: true, Count: 1})

	// Another face: act 11, or by document with a reason and a code.
	g.r.Scan("documents", people[1].IIN, nil)
	g.stance(Free)
	g.await("the camera", func(console.Shown, Shown) bool {
		return g.eye.sees(Glance{Face: &room.Face{Verdict: exam.VerdictRefused, Reason: "mismatch", Score: 0.1, Threshold: 0.5}})
	})
	g.stance(Mismatch)
	g.w.Press(fyne.KeyReturn)
	g.await("act 11", func(s console.Shown, _ Shown) bool { return s.Dialog == "act-11" })
	g.w.Press(fyne.KeyEscape)
	g.stance(Mismatch)
	g.w.Press(fyne.KeyF7)
	g.await("the reason", func(s console.Shown, _ Shown) bool { return s.Dialog == "overrule" && s.Focus == "reason" })
	g.w.Typed("паспорт")
	g.sign("overrule")
	g.await("admitted by decision", func(_ console.Shown, e Shown) bool { return e.Stance == Inside && e.Admitted == 1 })

	// A mistake is taken back, and the candidate stands at the desk again.
	g.w.Press(fyne.KeyF8)
	g.stance(Free)
	g.await("nobody admitted", func(_ console.Shown, e Shown) bool { return e.Admitted == 0 && e.Queue == 1 })
	g.w.Press(fyne.KeyReturn)
	g.stance(Inside)

	// Too late: 40:00 is in time, a minute later is not (R3).
	g.setClock(start.Add(40 * time.Minute))
	g.r.Scan("documents", people[2].IIN, nil)
	g.stance(Free)
	g.setClock(start.Add(41 * time.Minute))
	g.w.Press(fyne.KeyReturn)
	g.stance(Inside)
	g.r.Scan("documents", people[3].IIN, nil)
	g.stance(Late)
	g.w.Press(fyne.KeyReturn)
	g.stance(Turned)

	// A finding of the hand-held detector leads to act 10 with how it was found.
	g.r.Scan("documents", people[4].IIN, nil)
	g.stance(Late)
	g.w.Press(fyne.KeyF5)
	g.await("act 10 by hand", func(s console.Shown, _ Shown) bool { return s.Dialog == "act-10" && s.Focus == "items" })
	g.w.Typed("watch")
	g.w.Press(fyne.KeyReturn)
	g.sign("act-10")
	g.await("the act", func(s console.Shown, _ Shown) bool { return s.Dialog == "done" && s.Acts == 2 })
	v := g.r.View()
	if got := v.Acts[1].Fields[act.FieldHow]; got != "hand" {
		t.Errorf("found %q, want by hand", got)
	}
	if got, want := v.Entry, (room.Counts{Expected: 5, Admitted: 2, Late: 1, Barred: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// What cannot be shown is said, and keeps nobody from deciding.
func TestNoPhotoNoCamera(t *testing.T) {
	people := many(t, 2)
	people[0].Photo = "gone.jpg"
	g := newRig(t, locales.English, people)
	g.shift()
	g.r.Scan("documents", people[0].IIN, nil)
	g.await("no photo", func(_ console.Shown, e Shown) bool { return e.Face == "no-photo" && !e.Photo && e.Stance == Free })
	g.w.Press(fyne.KeyReturn)
	g.stance(Inside)
	g.r.Scan("documents", people[1].IIN, nil)
	g.await("no camera", func(_ console.Shown, e Shown) bool {
		return e.Face == "no-camera" || e.Photo && g.eye.sees(Glance{Trouble: "no-camera"}) && false
	})
	if all := g.w.Texts(); !strings.Contains(all, "check its cable") {
		t.Errorf("the camera is not spoken of:\n%s", all)
	}
	img := image.NewRGBA(image.Rect(0, 0, 4, 4))
	img.Set(0, 0, color.White)
	g.eye.sees(Glance{Picture: img})
	g.await("the picture", func(_ console.Shown, e Shown) bool { return e.Face == "" && g.d.live.Image != nil })
	g.w.Press(fyne.KeyReturn)
	g.stance(Inside)
}

// Forms 11-1 and 11-2 are printed from the entry (R8).
func TestLists(t *testing.T) {
	g := newRig(t, locales.Russian, many(t, 200))
	g.w.Press(fyne.KeyF11)
	g.await("the seating list", func(_ console.Shown, e Shown) bool { return e.Printed == act.SeatingList })
	g.d.print(act.Distribution)
	g.await("the distribution", func(_ console.Shown, e Shown) bool { return e.Printed == act.Distribution })
	found, err := filepath.Glob(filepath.Join(g.dir, "acts", "list-11-*.pdf"))
	if err != nil || len(found) != 2 {
		t.Errorf("%v, %v: want two lists", found, err)
	}
}

// Every sentence is there in every language, at every size of the window, with two hundred candidates and with none found.
func TestLanguagesAndSizes(t *testing.T) {
	people := many(t, 200)
	people[3].Name = "Құдайбергенова-Сүлейменова Айзада Қайыржанқызы"
	people[3].ExtraMinutes, people[3].ExtraDocument, people[3].Helper = 60, "справка 17", "Ахметова А. К."
	g := newRig(t, locales.Kazakh, people)
	g.shift()
	scenes := []struct {
		name string
		set  func()
	}{
		{"empty", func() {}},
		{"free", func() { g.r.Scan("documents", people[3].IIN, nil); g.stance(Free) }},
		{"alarmed", func() {
			g.r.Detector(exam.DetectorRead{Device: "gate", Known: true, Active: true, Count: 1, Alarms: 1})
			g.stance(Alarmed)
		}},
		{"nobody-fits", func() { g.w.Typed("zzz") }},
	}
	for _, scene := range scenes {
		scene.set()
		for _, l := range locales.All {
			g.c.SetLanguage(l)
			for _, size := range []fyne.Size{fyne.NewSize(1366, 768), fyne.NewSize(1920, 1080)} {
				g.w.Resize(size)
				g.w.Drain()
				if all := g.w.Texts(); strings.Contains(all, "[proctor.") || strings.Contains(all, "<no value>") {
					t.Errorf("%s in %s: a sentence is missing:\n%s", scene.name, l, all)
				}
				if min := g.w.Content().MinSize(); min.Width > size.Width || min.Height > size.Height {
					t.Errorf("%s in %s needs %v, the window has %v", scene.name, l, min, size)
				}
				g.picture(fmt.Sprintf("%s-%s-%.0f", scene.name, l, size.Width))
			}
		}
	}
}

// picture saves the window to the folder that EMTIHAN_LOOK names, for a person to judge.
func (g *rig) picture(name string) {
	dir := os.Getenv("EMTIHAN_LOOK")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		g.t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, g.w.Canvas().Capture()); err != nil {
		g.t.Fatal(err)
	}
}

// R27: a photo that is no picture, or unpacks to far too much, is refused and nothing panics.
func FuzzDecodePhoto(f *testing.F) {
	f.Add(portrait(f))
	f.Add([]byte("\xff\xd8\xff\xe0"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := decodePhoto(data)
		if (img == nil) == (err == nil) {
			t.Fatalf("%v, %v", img, err)
		}
	})
}
