package station

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/disk/disktest"
	"emtihan/exam/vault"
	"emtihan/station/session"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"github.com/BurntSushi/toml"
)

const (
	nurlan   = "900101100004"
	pyotr    = "900101100512"
	stranger = "900101100500"
	code     = "2468"
)

var hash = sync.OnceValue(func() string { return exam.HashCode(code, []byte("saltsalt")) })

func portrait() []byte {
	img := image.NewNRGBA(image.Rect(0, 0, 30, 40))
	for i := range img.Pix {
		img.Pix[i] = 0x90
	}
	img.Set(15, 20, color.NRGBA{0xff, 0xc0, 0xa0, 0xff})
	var b bytes.Buffer
	_ = png.Encode(&b, img) // into memory
	return b.Bytes()
}

// sitting returns a session of two candidates, and the folder of its file.
func sitting(profile, paper, language string) exam.Session {
	person := func(iin, name, seat string) exam.Candidate {
		return exam.Candidate{
			IIN: iin, Name: name, Photo: "photo.png", Language: language, Seat: seat, University: "Esil University",
			Programme: "D094 – Ақпараттық технологиялар", InterviewHeld: true, InterviewProtocol: "17",
		}
	}
	return exam.Session{
		Format: 1, ID: "s1", Centre: "Алматы", Room: "101", Start: time.Now().Truncate(time.Second), Profile: profile, Paper: paper,
		Note:       "Demo · Демо — IIN / ИИН / ЖСН: 900101100004",
		Candidates: []exam.Candidate{person(nurlan, "Серікұлы Нұрлан", "1"), person(pyotr, "Иванов Пётр Сергеевич", "3")},
		Administrators: []exam.Administrator{
			{Name: "Жұмабаева Сәуле", Role: "дежурный по аудитории", Code: hash()},
			{Name: "Ким Виктор Андреевич", Role: "руководитель группы", Code: hash()},
		},
	}
}

// lay writes the session's file and the photo, and returns the options of a station without a camera.
func lay(t *testing.T, s exam.Session) Options {
	t.Helper()
	dir := t.TempDir()
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(s); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "session.toml"), b.Bytes())
	write(t, filepath.Join(dir, "photo.png"), portrait())
	return Options{
		Data: filepath.Join(dir, "data"), Session: filepath.Join(dir, "session.toml"), Name: "st-1",
		Camera: filepath.Join(dir, "no-camera"), Models: filepath.Join(dir, "no-models"), Lang: locales.English, Scale: 1,
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// rig is the station's window with a real actor and a real journal, in the toolkit's test driver.
type rig struct {
	*testing.T
	u   *ui
	opt Options

	// What the station asks the toolkit's goroutine to do. The toolkit's test driver would do it at once on whatever
	// goroutine asks; here the test's goroutine does all of it.
	mu    sync.Mutex
	queue []func()

	diskMu sync.Mutex
	disk   func() error // what happens before each commit; nil: nothing
	ended  bool
}

func newRig(t *testing.T, opt Options) *rig {
	t.Helper()
	g := &rig{T: t, opt: opt}
	set, err := prepare(opt)
	if err != nil {
		t.Fatal(err)
	}
	set.journal.RetryEvery = 10 * time.Millisecond
	set.journal.FS = disktest.Hook{FS: disk.OS, Before: func(string, string) error {
		g.diskMu.Lock()
		f := g.disk
		g.diskMu.Unlock()
		if f == nil {
			return nil
		}
		return f()
	}}
	w, err := openWitness(opt.Witness)
	if err != nil {
		t.Fatal(err)
	}
	u := newUI(test.NewTempApp(t), opt, w, time.Now())
	g.u, u.post, u.set = u, g.post, set
	u.room = dialRoom("", opt.Name)
	if u.actor, err = set.start(nil, nil); err != nil {
		t.Fatal(err)
	}
	u.win.Resize(fyne.NewSize(1366, 768))
	u.begin(opt)
	t.Cleanup(g.end)
	return g
}

// end closes the station as the program does, once.
func (g *rig) end() {
	if g.ended {
		return
	}
	g.ended = true
	g.onDisk(nil)
	close(g.u.stop)
	g.u.scr.leave()
	g.u.eye.close()
	if err := g.u.actor.Close(); err != nil {
		g.Error(err)
	}
	g.u.set.release()
	g.u.win.Close()
}

func (g *rig) onDisk(f func() error) {
	g.diskMu.Lock()
	defer g.diskMu.Unlock()
	g.disk = f
}

func (g *rig) post(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queue = append(g.queue, f)
}

// drain does what the station has asked for, and looks after each step whether the screen tells the truth.
func (g *rig) drain() {
	g.Helper()
	for {
		g.mu.Lock()
		queue := g.queue
		g.queue = nil
		g.mu.Unlock()
		if len(queue) == 0 {
			return
		}
		for _, f := range queue {
			f()
			g.honest()
		}
	}
}

// honest: the screen never calls saved what the disk does not have (R11).
func (g *rig) honest() {
	g.Helper()
	p := g.u.exam
	if p == nil || p.saved.Text != g.u.t("station.exam.saved") {
		return
	}
	v := g.u.actor.View()
	if v.Attempt.HandedIn != nil {
		return // the answers are as they were; that they are handed in is told by the next screen
	}
	if v.Durable < v.Answered {
		g.Errorf("R11: the screen says saved; record %d is an answer, the disk has %d", v.Answered, v.Durable)
	}
	if p.edit != nil && v.Attempt.Response(p.item.ID).Text != p.edit.Content() {
		g.Errorf("R11: the screen says saved; the editor holds %q, the attempt %q", p.edit.Content(), v.Attempt.Response(p.item.ID).Text)
	}
}

func (g *rig) await(what string, ok func() bool) {
	g.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for g.drain(); !ok(); g.drain() {
		if time.Now().After(deadline) {
			g.Fatalf("waited in vain for %s; the screen is %s, sheet %v, it says:\n%s", what, g.u.scr.name, g.u.sheet, strings.Join(g.texts(), "\n"))
		}
		time.Sleep(time.Millisecond)
	}
}

func (g *rig) screen(name string) {
	g.Helper()
	g.await("the screen "+name, func() bool { return g.u.scr.name == name })
}

func (g *rig) says(text string) {
	g.Helper()
	g.await("the words "+text, func() bool { return g.reads(text) })
}

// reads reports whether the text stands on the window, line breaks apart.
func (g *rig) reads(text string) bool {
	all := strings.Join(g.texts(), " ")
	return strings.Contains(strings.Join(strings.Fields(all), " "), strings.Join(strings.Fields(text), " "))
}

func (g *rig) texts() []string {
	var out []string
	for _, s := range seen(g.u.win.Canvas()) {
		out = append(out, s.text.Text)
	}
	return out
}

// key presses a key as the toolkit's desktop driver passes it on.
func (g *rig) key(names ...fyne.KeyName) {
	g.Helper()
	for _, name := range names {
		e := &fyne.KeyEvent{Name: name}
		c := g.u.win.Canvas()
		if k, ok := c.Focused().(desktop.Keyable); ok {
			k.KeyDown(e)
		} else {
			g.u.keys(e)
		}
		switch f := c.Focused(); {
		case f != nil:
			f.TypedKey(e)
		default:
			c.OnTypedKey()(e)
		}
		// The character of a key comes after it, to whatever has the focus by then.
		if f := c.Focused(); f != nil && (len(name) == 1 || name == fyne.KeySpace) {
			r := []rune(strings.ToLower(string(name)))[0]
			if name == fyne.KeySpace {
				r = ' '
			}
			f.TypedRune(r)
		}
		g.honest()
		g.drain()
	}
}

// write types text into what has the focus.
func (g *rig) write(text string) {
	g.Helper()
	for _, r := range text {
		if r == '\n' {
			g.key(fyne.KeyReturn)
			continue
		}
		f := g.u.win.Canvas().Focused()
		if f == nil {
			g.Fatalf("nothing has the focus to take %q", r)
		}
		if k, ok := f.(desktop.Keyable); ok {
			k.KeyDown(&fyne.KeyEvent{Name: fyne.KeyName(string(unicode.ToUpper(r)))})
		}
		f.TypedRune(r)
		g.honest()
		g.drain()
	}
}

// press presses the button, option or cell with the text.
func (g *rig) press(text string) {
	g.Helper()
	g.drain()
	for _, o := range objects(g.u.win.Canvas()) {
		if t, ok := o.object.(fyne.Tappable); ok && label(o.object) == text {
			t.Tapped(&fyne.PointEvent{})
			g.honest()
			g.drain()
			return
		}
	}
	g.Fatalf("nothing to press says %q; the screen is %s and says:\n%s", text, g.u.scr.name, strings.Join(g.texts(), "\n"))
}

// label returns the words of something that is pressed.
func label(o fyne.CanvasObject) string {
	w, ok := o.(fyne.Widget)
	if !ok {
		return ""
	}
	if _, ok := o.(fyne.Focusable); !ok {
		if _, ok := o.(interface{ Set(a, b, c bool) }); !ok {
			return ""
		}
	}
	for _, x := range test.WidgetRenderer(w).Objects() {
		switch x := x.(type) {
		case *canvas.Text:
			return x.Text
		case *widget.Label:
			return x.Text
		}
	}
	return ""
}

func (g *rig) view() session.View {
	g.drain()
	return g.u.actor.View()
}

func (g *rig) attempt() *exam.Attempt { return g.view().Attempt }

// admin lets an administrator carry something out at the station.
func (g *rig) admin(action string, fields ...string) {
	g.Helper()
	g.deed(action, code, fields...)
	g.await("the end of the administrator's sheet", func() bool { return g.u.sheet == nil })
}

func (g *rig) deed(action, code string, fields ...string) {
	g.Helper()
	g.key(fyne.KeyF12)
	if g.u.sheet == nil || g.u.sheet.name != "admin" {
		g.Fatalf("no administrator's sheet on the screen %s", g.u.scr.name)
	}
	for range 20 {
		if g.u.sheet.action == action {
			break
		}
		g.key(fyne.KeyDown)
	}
	if g.u.sheet.action != action {
		g.Fatalf("the administrator's sheet does not offer %q on the screen %s", action, g.u.scr.name)
	}
	g.write(code)
	for _, text := range append([]string{"by decision"}, fields...) {
		g.u.win.Canvas().FocusNext()
		g.write(text)
	}
	g.key(fyne.KeyReturn)
}

// login brings a candidate from the IIN to the face check.
func (g *rig) login(iin string) {
	g.Helper()
	g.screen("login")
	g.write(iin)
	g.key(fyne.KeyReturn)
	g.screen("face-login")
}

// seat brings a candidate from the IIN to the running exam.
func (g *rig) seat(iin string) {
	g.Helper()
	g.login(iin)
	g.admin("by-document")
	for _, name := range []string{"data", "rules", "confirm", "enter"} {
		g.screen(name)
		g.key(fyne.KeyReturn)
	}
	g.screen("exam")
}

func openVault(t *testing.T, opt Options) *vault.Vault {
	t.Helper()
	v, err := vault.Open(opt.Data, vault.Options{Credentials: "-"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// events folds the attempt's journal; the actor must be closed.
func events(t *testing.T, opt Options) []exam.Event {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(opt.Data, "attempts", "*", "*.journal"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no journal: %v", err)
	}
	var out []exam.Event
	for _, path := range paths {
		r, err := journal.OpenReader(path, openVault(t, opt))
		if err != nil {
			t.Fatal(err)
		}
		err = r.Records(func(_ uint64, data []byte) error {
			rec, err := exam.DecodeRecord(data)
			out = append(out, rec.Event)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func count[E exam.Event](all []exam.Event) (n int) {
	for _, e := range all {
		if _, ok := e.(E); ok {
			n++
		}
	}
	return n
}
