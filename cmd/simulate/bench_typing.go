package main

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"image"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"emtihan/station/editor/stand"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// editorCommand shows the essay editor in a window of its own.
type editorCommand struct {
	Text        string  `type:"existingfile" help:"File with the text to begin with."`
	PlaceHolder string  `help:"What stands there while nothing is written."`
	Width       int     `default:"1366" help:"Width of the window in pixels."`
	Height      int     `default:"768" help:"Height of the window in pixels."`
	Scale       float32 `default:"1" help:"Size of the text, from 1 to 2."`
	Stock       bool    `help:"Show the toolkit's own field instead, to compare with."`
}

func (c *editorCommand) Run(streams) error {
	var data []byte
	if c.Text != "" {
		var err error
		if data, err = os.ReadFile(c.Text); err != nil {
			return err
		}
	}
	stand.Run(stand.Options{Text: string(data), PlaceHolder: c.PlaceHolder, Width: c.Width, Height: c.Height, Scale: c.Scale, Stock: c.Stock})
	return nil
}

// typingCommand measures the time from a key to the first changed pixel beside other programs with the same text.
type typingCommand struct {
	Bin    string `required:"" type:"path" help:"Folder of the programs."`
	Keys   int    `default:"60" help:"How many letters are measured at each place of each text, and as many Backspaces."`
	Sizes  []int  `default:"1000,20000,100000" help:"Lengths of the texts in characters."`
	Stock  bool   `help:"Measure the toolkit's own field as well."`
	NoExam bool   `help:"Leave the station's exam screen out."`
	// The station's exam screen needs a candidate with a face.
	Models string `type:"path" help:"Folder of the face models."`
	Videos string `type:"path" help:"Folder of the face videos."`
}

// keyTimes is what was measured for one program and one text, in milliseconds.
type keyTimes struct {
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	Max float64 `json:"max_ms"`
}

// bySize is by the length of the text in characters; what could not be measured is null.
type bySize map[string]*keyTimes

// typingFigures is the last line of the benchmark. Of typing in the middle and at the end, the programs' own entries have the
// slower; Places has both.
type typingFigures struct {
	Ours      bySize                       `json:"ours"` // the editor in a window of its own, as the others are
	Chromium  bySize                       `json:"chromium"`
	Gedit     bySize                       `json:"gedit"`
	Ratio20k  *float64                     `json:"ratio_chromium_20k"` // of the medians
	Growth    *float64                     `json:"growth"`             // of our median from the shortest to the longest text
	Exam      bySize                       `json:"exam"`               // the editor on the station's exam screen, with journal and clock
	ExamRatio *float64                     `json:"exam_ratio_chromium_20k"`
	ExamGrow  *float64                     `json:"exam_growth"`
	Xterm     *keyTimes                    `json:"xterm"` // no text, for the floor
	Stock     bySize                       `json:"stock,omitempty"`
	Places    map[string]map[string]bySize `json:"places"` // program, then "end" or "middle"
	Notes     []string                     `json:"notes,omitempty"`
	Machine   string                       `json:"machine"`
	LoadAfter string                       `json:"load_after"`
}

// rival is a program that text is typed into.
type rival struct {
	name  string
	sizes bool // it holds a text; otherwise it is measured once
	start func(c *typingCommand, dir, file string, text []byte) *exec.Cmd
}

var rivals = []rival{
	{"emtihan", true, func(c *typingCommand, _, file string, _ []byte) *exec.Cmd {
		return exec.Command(filepath.Join(c.Bin, "simulate"), "editor", "--text", file)
	}},
	{"stock", true, func(c *typingCommand, _, file string, _ []byte) *exec.Cmd {
		return exec.Command(filepath.Join(c.Bin, "simulate"), "editor", "--stock", "--text", file)
	}},
	{"chromium", true, func(_ *typingCommand, dir, file string, text []byte) *exec.Cmd {
		page := `<!doctype html><meta charset="utf-8"><title>page</title><style>html,body{margin:0;height:100%}
textarea{box-sizing:border-box;width:100%;height:100%;font:17px/26px "Noto Sans","DejaVu Sans",sans-serif;padding:12px;border:0;caret-color:transparent;resize:none}
</style><textarea spellcheck="false" autofocus>` + "\n" + html.EscapeString(string(text)) + `</textarea>`
		name := file + ".html"
		if err := os.WriteFile(name, []byte(page), 0o600); err != nil {
			return exec.Command("false")
		}
		return exec.Command("chromium", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--no-default-browser-check", "--password-store=basic",
			"--user-data-dir="+dir, "--window-position=0,0", "--window-size=1366,768", "--app=file://"+name)
	}},
	{"gedit", true, func(_ *typingCommand, _, file string, _ []byte) *exec.Cmd {
		return exec.Command("gedit", "--standalone", file)
	}},
	{"xterm", false, func(*typingCommand, string, string, []byte) *exec.Cmd {
		return exec.Command("xterm", "-geometry", "100x30+0+0", "-fa", "DejaVu Sans Mono", "-fs", "12", "-e", "cat")
	}},
}

// place is where in the text is typed.
type place struct {
	name string
	keys func(size int) []string // that lead there
}

// charsPerPage is about what the programs show at once.
const charsPerPage = 2200

var places = []place{
	{"end", func(int) []string { return []string{"ctrl+End"} }},
	{"middle", func(size int) []string {
		keys := []string{"ctrl+Home"}
		for range max(1, size/2/charsPerPage) {
			keys = append(keys, "Page_Down")
		}
		return keys
	}},
}

// subject is one program with one text on a display of its own.
type subject struct {
	name  string
	size  int
	d     *display
	probe *probe
	near  image.Rectangle // where the caret is
	took  map[string][]float64
	err   error
}

func (c *typingCommand) Run(s streams) error {
	if len(c.Sizes) == 0 || slices.Min(c.Sizes) < 1 || c.Keys < 1 {
		return errors.New("lengths and keys must be at least 1")
	}
	slices.Sort(c.Sizes)
	p, end, err := newBenchPlay(c.Bin, c.Models, c.Videos)
	if err != nil {
		return err
	}
	defer end()
	// A blinking caret would count as a changed pixel.
	settings := p.path("config", "gtk-3.0")
	if err := os.MkdirAll(settings, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(settings, "settings.ini"), []byte("[Settings]\ngtk-cursor-blink=0\n"), 0o600); err != nil {
		return err
	}
	f := typingFigures{Places: make(map[string]map[string]bySize), Machine: machine()}
	var stands []*subject
	add := func(name string, size int, open func() (*subject, func(), error)) {
		st, done, err := open()
		if err != nil {
			f.Notes = append(f.Notes, fmt.Sprintf("%s with %d characters was not measured: %v.", name, size, err))
			fmt.Fprintln(s.out, f.Notes[len(f.Notes)-1])
			return
		}
		st.name, st.size, st.took = name, size, make(map[string][]float64)
		stands = append(stands, st)
		end = func(before func()) func() { return func() { done(); before() } }(end)
	}
	defer func() { end() }()
	exam := !c.NoExam && c.Models != "" && c.Videos != ""
	if exam {
		if err := p.furnish(); err != nil {
			return err
		}
	} else {
		f.Notes = append(f.Notes, "The exam screen was not asked for.")
	}
	for _, size := range c.Sizes {
		for _, r := range rivals {
			if r.name == "stock" && !c.Stock || !r.sizes && size != c.Sizes[0] {
				continue
			}
			fmt.Fprintf(s.out, "opening %s with %d characters\n", r.name, size)
			add(r.name, size, func() (*subject, func(), error) { return c.open(r, p, size) })
		}
		if exam {
			fmt.Fprintf(s.out, "opening the exam screen with %d characters\n", size)
			add("exam", size, func() (*subject, func(), error) { return c.sit(p, size) })
		}
	}
	for _, at := range places {
		for _, st := range stands {
			st.goTo(at)
		}
		// One round after the other, so that whatever else the computer does meets all programs alike.
		const round = 10
		for left := c.Keys; left > 0; left -= round {
			fmt.Fprintf(s.out, "typing at the %s, %d letters left\n", at.name, left)
			for _, st := range stands {
				st.types(at, min(round, left))
			}
		}
		for _, st := range stands {
			st.leave()
		}
	}
	f.fill(stands, c.Sizes, s.out)
	f.LoadAfter = load()
	return lastLine(s.out, f)
}

// fill puts the measurements together and prints the table.
func (f *typingFigures) fill(stands []*subject, sizes []int, out io.Writer) {
	all := make(map[string]bySize)
	fmt.Fprintf(out, "%-10s %8s %-8s %10s %10s %10s\n", "program", "text", "place", "p50 ms", "p95 ms", "max ms")
	for _, st := range stands {
		size := strconv.Itoa(st.size)
		if all[st.name] == nil {
			all[st.name] = make(bySize)
			f.Places[st.name] = make(map[string]bySize)
			for _, n := range sizes {
				all[st.name][strconv.Itoa(n)] = nil
			}
		}
		if st.err != nil {
			f.Notes = append(f.Notes, fmt.Sprintf("%s with %d characters was not measured: %v.", st.name, st.size, st.err))
			continue
		}
		for _, at := range places {
			took := st.took[at.name]
			if len(took) == 0 {
				continue
			}
			t := keyTimes{quantile(took, 0.5), quantile(took, 0.95), quantile(took, 1)}
			fmt.Fprintf(out, "%-10s %8d %-8s %10.1f %10.1f %10.1f\n", st.name, st.size, at.name, t.P50, t.P95, t.Max)
			if f.Places[st.name][at.name] == nil {
				f.Places[st.name][at.name] = make(bySize)
			}
			f.Places[st.name][at.name][size] = &t
			if worst := all[st.name][size]; worst == nil || worst.P50 < t.P50 {
				all[st.name][size] = &t
			}
		}
	}
	empty := make(bySize)
	for _, n := range sizes {
		empty[strconv.Itoa(n)] = nil
	}
	of := func(name string) bySize {
		if m, ok := all[name]; ok {
			return m
		}
		return empty
	}
	f.Ours, f.Exam, f.Chromium, f.Gedit, f.Stock = of("emtihan"), of("exam"), of("chromium"), of("gedit"), all["stock"]
	f.Xterm = of("xterm")[strconv.Itoa(sizes[0])]
	first, last := strconv.Itoa(sizes[0]), strconv.Itoa(sizes[len(sizes)-1])
	f.Ratio20k, f.ExamRatio = ratio(f.Ours["20000"], f.Chromium["20000"]), ratio(f.Exam["20000"], f.Chromium["20000"])
	f.Growth, f.ExamGrow = ratio(f.Ours[last], f.Ours[first]), ratio(f.Exam[last], f.Exam[first])
}

// ratio returns the ratio of two medians, or nil where there are no two.
func ratio(a, b *keyTimes) *float64 {
	if a == nil || b == nil || a == b || b.P50 == 0 {
		return nil
	}
	r := a.P50 / b.P50
	return &r
}

// open starts a program on a display of its own; the function ends both.
func (c *typingCommand) open(r rival, p *play, size int) (_ *subject, end func(), err error) {
	file := p.path(fmt.Sprintf("%s-%d.txt", r.name, size))
	text := longText(size)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, nil, err
	}
	dir := p.path(fmt.Sprintf("%s-%d", r.name, size))
	cmd := r.start(c, dir, file, text)
	if cmd.Err != nil {
		return nil, nil, cmd.Err
	}
	st, close, err := newSubject(p.log)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			end()
		}
	}()
	cmd.Env = append(os.Environ(), "DISPLAY="+st.d.name, "LC_ALL=C.UTF-8", "XDG_CONFIG_HOME="+p.path("config"), "GTK_USE_PORTAL=0", "NO_AT_BRIDGE=1")
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, close, err
	}
	st.probe.done = make(chan error, 1)
	go func() { st.probe.done <- cmd.Wait() }()
	end = func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-st.probe.done
		close()
	}
	if err := st.probe.settled(time.Second); err != nil {
		return nil, end, err
	}
	if err := st.probe.stage(); err != nil {
		return nil, end, err
	}
	if err := st.d.run("xdotool", "mousemove", "300", "300", "click", "1"); err != nil {
		return nil, end, err
	}
	return st, end, st.probe.wake()
}

// newSubject opens a display and looks at it.
func newSubject(log io.Writer) (*subject, func(), error) {
	d, err := startDisplay(log)
	if err != nil {
		return nil, nil, err
	}
	x, err := xgb.NewConnDisplay(d.name)
	if err != nil {
		d.close()
		return nil, nil, err
	}
	st := &subject{d: d, probe: &probe{x: x, root: xproto.Setup(x).DefaultScreen(x).Root, area: wholeScreen}}
	return st, func() { x.Close(); d.close() }, xtest.Init(x)
}

// sit starts a station on a display of its own in which an attempt with the text is taken up again.
func (c *typingCommand) sit(p *play, size int) (_ *subject, end func(), err error) {
	data := fmt.Sprintf("work-%d", size)
	if err := p.writeBefore(data, string(longText(size))); err != nil {
		return nil, nil, err
	}
	st, close, err := newSubject(p.log)
	if err != nil {
		return nil, nil, err
	}
	// A play of its own, as a station has one display, one witness and one data folder.
	own := &play{playCommand: &playCommand{Out: p.Out, Bin: p.Bin, Models: p.Models, Videos: p.Videos}, log: p.log, album: p.album, seat: st.d}
	witness := p.path(data + ".witness")
	own.station, err = startProgram(st.d, p.log, witness, p.bin("station"), "--session", p.path("room", "session.toml"), "--data", p.path(data),
		"--camera", p.path("room", "camera"), "--models", p.Models, "--witness", witness, "--lang", "kk", "--name", "101-1")
	end = func() {
		if own.station != nil {
			_ = own.station.kill()
		}
		close()
	}
	if err == nil {
		_, err = own.station.on("exam")
	}
	if err != nil {
		end()
		return nil, nil, err
	}
	st.probe.done = own.station.done
	// Where the editor is: around it the clock goes on and words are counted.
	st.probe.area = image.Rect(712, 84, 1328, 668)
	return st, end, nil
}

// goTo puts the caret to a place in the text and finds out where that is on the screen.
func (st *subject) goTo(at place) {
	if st.err != nil {
		return
	}
	// A program that holds no text is typed into where it stands, once.
	if !st.holds() && at.name != places[0].name {
		return
	}
	st.err = func() error {
		if st.holds() {
			if err := st.d.keys(at.keys(st.size)...); err != nil {
				return err
			}
		}
		if err := st.probe.settled(400 * time.Millisecond); err != nil {
			return err
		}
		var err error
		st.near, err = st.probe.aim()
		return err
	}()
}

func (st *subject) holds() bool { return st.name != "xterm" }

func (st *subject) types(at place, n int) {
	if st.err != nil || !st.holds() && at.name != places[0].name {
		return
	}
	took, err := st.probe.types(st.near, n)
	st.took[at.name], st.err = append(st.took[at.name], took...), err
}

// leave takes back the letter with which the place was found.
func (st *subject) leave() {
	if st.err == nil {
		st.err = st.probe.press(keyBackspace)
	}
}

// longText returns the beginning of a text without end, size characters long.
func longText(size int) []byte {
	sentences := []string{
		"Қазақстанда ғылым мен білім берудің дамуы қоғамның әр мүшесіне байланысты, өйткені үздік зерттеу үлкен еңбектен туады. ",
		"Докторант өз тақырыбын өзі таңдайды, деректерді жинайды, салыстырады һәм қорытынды жасайды. ",
		"Самостоятельная работа с источниками требует терпения, честности и времени. ",
		"A method is worth what can be checked about it. ",
	}
	var b strings.Builder
	n := 0
	for i := 0; n < size; i++ {
		s := []rune(sentences[i%len(sentences)])
		if i%6 == 5 {
			s[len(s)-1] = '\n'
		}
		s = s[:min(len(s), size-n)]
		b.WriteString(string(s))
		n += len(s)
	}
	return []byte(b.String())
}

// probe looks at a display.
type probe struct {
	x    *xgb.Conn
	root xproto.Window
	done chan error
	area image.Rectangle // what of the display is looked at
}

func (p *probe) grab(r image.Rectangle) ([]byte, error) {
	img, err := xproto.GetImage(p.x, xproto.ImageFormatZPixmap, xproto.Drawable(p.root), int16(r.Min.X), int16(r.Min.Y), uint16(r.Dx()), uint16(r.Dy()), ^uint32(0)).Reply()
	if err != nil {
		return nil, err
	}
	return img.Data, nil
}

// stage makes the largest window as large as the screen and gives it the keyboard: no window manager does.
func (p *probe) stage() error {
	tree, err := xproto.QueryTree(p.x, p.root).Reply()
	if err != nil {
		return err
	}
	var largest xproto.Window
	most := 0
	for _, w := range tree.Children {
		attr, err := xproto.GetWindowAttributes(p.x, w).Reply()
		if err != nil || attr.MapState != xproto.MapStateViewable {
			continue
		}
		g, err := xproto.GetGeometry(p.x, xproto.Drawable(w)).Reply()
		if err != nil {
			continue
		}
		if area := int(g.Width) * int(g.Height); area > most {
			largest, most = w, area
		}
	}
	if most == 0 {
		return errors.New("the program shows no window")
	}
	place := []uint32{0, 0, uint32(wholeScreen.Dx()), uint32(wholeScreen.Dy())}
	if err := xproto.ConfigureWindowChecked(p.x, largest, xproto.ConfigWindowX|xproto.ConfigWindowY|xproto.ConfigWindowWidth|xproto.ConfigWindowHeight, place).Check(); err != nil {
		return err
	}
	return xproto.SetInputFocusChecked(p.x, xproto.InputFocusPointerRoot, largest, xproto.TimeCurrentTime).Check()
}

var wholeScreen = image.Rect(0, 0, 1366, 768)

// settled waits until the display shows something and has not changed for a while.
func (p *probe) settled(quiet time.Duration) error {
	deadline := time.Now().Add(stagePatience)
	var last []byte
	since := time.Now()
	for time.Now().Before(deadline) {
		now, err := p.grab(p.area)
		if err != nil {
			return err
		}
		if !bytes.Equal(now, last) {
			last, since = now, time.Now()
		}
		if time.Since(since) >= quiet && bytes.ContainsFunc(now, func(r rune) bool { return r != 0 }) {
			return nil
		}
		select {
		case err := <-p.done:
			p.done <- err
			return fmt.Errorf("the program ended: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("the display did not come to rest in %v", stagePatience)
}

// keyBackspace is the X keycode of Backspace on every PC keyboard.
const keyBackspace = 22

func (p *probe) press(code byte) error {
	for _, kind := range []byte{xproto.KeyPress, xproto.KeyRelease} {
		xtest.FakeInput(p.x, kind, code, 0, 0, 0, 0, 0)
	}
	return nil
}

// wake types until the program takes a key: on a busy machine some show their window long before.
func (p *probe) wake() error {
	for range 15 {
		before, err := p.grab(p.area)
		if err != nil {
			return err
		}
		if err := p.press(keyA); err != nil {
			return err
		}
		if err := p.changed(p.area, before, 4*time.Second); err == nil {
			return p.settled(time.Second)
		}
	}
	return errors.New("the program takes no key")
}

// patienceForKey is how long a key may take.
const patienceForKey = 10 * time.Second

// aim types a letter, after which the text ends with it, and returns where the caret is.
func (p *probe) aim() (image.Rectangle, error) {
	// The first pair changes what tells that the text has been changed at all; the next letter shows where the caret is.
	var before, after []byte
	for _, code := range []byte{keyA, keyBackspace, keyA} {
		var err error
		if before, err = p.grab(p.area); err != nil {
			return image.Rectangle{}, err
		}
		if err := p.press(code); err != nil {
			return image.Rectangle{}, err
		}
		if err := p.changed(p.area, before, patienceForKey); err != nil {
			return image.Rectangle{}, err
		}
		if err := p.settled(500 * time.Millisecond); err != nil {
			return image.Rectangle{}, err
		}
		if after, err = p.grab(p.area); err != nil {
			return image.Rectangle{}, err
		}
	}
	near := differing(p.area, before, after).Inset(-2).Intersect(p.area)
	if near.Empty() {
		return near, errors.New("the letter a was typed and is nowhere to be seen")
	}
	// Its beginning is enough, and is looked at faster.
	near.Max.X, near.Max.Y = min(near.Max.X, near.Min.X+120), min(near.Max.Y, near.Min.Y+60)
	return near, nil
}

// types presses Backspace and a by turns and returns how long each took to change a pixel near the caret.
func (p *probe) types(near image.Rectangle, n int) ([]float64, error) {
	took := make([]float64, 0, 2*n)
	for i := range 2 * n {
		code := byte(keyBackspace)
		if i%2 == 1 {
			code = keyA
		}
		before, err := p.grab(near)
		if err != nil {
			return took, err
		}
		t := time.Now()
		if err := p.press(code); err != nil {
			return took, err
		}
		if err := p.changed(near, before, patienceForKey); err != nil {
			return took, fmt.Errorf("key %d: %w", i, err)
		}
		took = append(took, ms(time.Since(t)))
		// A person does not type in step with a 60 Hz clock; fast typists leave 80 ms between keys.
		time.Sleep(time.Duration(80+rand.IntN(80)) * time.Millisecond)
	}
	return took, nil
}

// changed waits until a part of the display differs from what it was.
func (p *probe) changed(r image.Rectangle, before []byte, patience time.Duration) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		now, err := p.grab(r)
		if err != nil {
			return err
		}
		if !bytes.Equal(before, now) {
			return nil
		}
	}
	return fmt.Errorf("no pixel changed in %v", patience)
}

// differing returns the uppermost rectangle of pixels in which two pictures of a part of the screen differ: below the text a
// program may count columns.
func differing(part image.Rectangle, a, b []byte) image.Rectangle {
	var out image.Rectangle
	for i := 0; i+4 <= min(len(a), len(b)); i += 4 {
		if bytes.Equal(a[i:i+4], b[i:i+4]) {
			continue
		}
		x, y := part.Min.X+i/4%part.Dx(), part.Min.Y+i/4/part.Dx()
		if !out.Empty() && y > out.Max.Y+8 {
			break
		}
		out = out.Union(image.Rect(x, y, x+1, y+1))
	}
	return out
}
