package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"emtihan/assets"
	"emtihan/exam"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// idleCommand measures what the exam screen costs while nobody types, and then types through an exam in a hurry.
type idleCommand struct {
	Bin    string        `required:"" type:"path" help:"Folder of the programs."`
	Models string        `required:"" type:"path" help:"Folder of the face models."`
	Videos string        `required:"" type:"path" help:"Folder of the face videos."`
	Idle   time.Duration `default:"60s" name:"seconds" help:"How long the processor time of the idle screen is measured."`
	Keys   int           `default:"100000" help:"How many keys are typed after that; 0 for none."`
	Rate   int           `default:"250" help:"Keys per second at most."`
	Watch  bool          `default:"true" negatable:"" help:"Then the same with the camera watching the seat, as the profile says."`
}

// idleFigures is the last line of the benchmark. Memory is resident memory in MB of 1,000,000 bytes.
type idleFigures struct {
	CPU      float64  `json:"cpu_percent"` // of one core, of the screen without the camera's watch
	WatchCPU *float64 `json:"cpu_watch_percent,omitempty"`
	RSSStart float64  `json:"rss_start_mb"`
	RSSIdle  float64  `json:"rss_idle_mb"` // after the idle time
	RSSEnd   float64  `json:"rss_end_mb"`
	RSSMost  float64  `json:"rss_most_mb"` // of all samples
	Growth   float64  `json:"rss_growth_percent"`
	Keys     int      `json:"keys"`
	Rate     float64  `json:"keys_per_second"` // while keys were typed
	Rounds   int      `json:"rounds"`          // of typing, turning tasks, opening tools
	Faces    int      `json:"face_checks"`
	Text     int64    `json:"text_runes"` // in all answers at the end
	Notes    []string `json:"notes,omitempty"`
	Watch    bool     `json:"camera_watches"`
	Machine  string   `json:"machine"`
}

func (c *idleCommand) Run(s streams) error {
	if c.Idle < time.Second || c.Rate < 1 || c.Keys < 0 {
		return errors.New("at least a second, and a key per second")
	}
	p, end, err := newBenchPlay(c.Bin, c.Models, c.Videos)
	if err != nil {
		return err
	}
	defer end()
	if p.seat, err = startDisplay(p.log); err != nil {
		return err
	}
	if err := p.seat.layout("us"); err != nil {
		return err
	}
	if err := p.furnish(); err != nil {
		return err
	}
	f := idleFigures{Faces: 1, Watch: c.Watch, Machine: machine()}
	if err := p.lookAway(); err != nil {
		return err
	}
	before, after, cpu, err := c.rest(p, s.out, "alone")
	if err != nil {
		return err
	}
	f.CPU = cpu
	fmt.Fprintf(s.out, "%-44s %8.2f %%\n", "processor, of one core", cpu)
	if c.Watch {
		if err := p.lookAgain(); err != nil {
			return err
		}
		if before, after, cpu, err = c.rest(p, s.out, "watched"); err != nil {
			return err
		}
		f.WatchCPU = &cpu
		fmt.Fprintf(s.out, "%-44s %8.2f %%\n", "processor with the camera's watch", cpu)
	}
	f.RSSStart, f.RSSIdle, f.RSSEnd, f.RSSMost = megabytes(before), megabytes(after), megabytes(after), max(megabytes(before), megabytes(after))
	fmt.Fprintf(s.out, "%-44s %8.1f MB\n", "memory at the start", f.RSSStart)
	if c.Keys > 0 {
		if err := c.soak(p, &f, s.out); err != nil {
			return err
		}
	}
	f.Growth = 100 * (f.RSSEnd/f.RSSStart - 1)
	fmt.Fprintf(s.out, "%-44s %8.1f MB (%+.1f %%)\n", "memory at the end", f.RSSEnd, f.Growth)
	return lastLine(s.out, f)
}

// rest brings a candidate to the exam screen of a new station and measures it while nobody does anything; cpu is in per cent
// of one core.
func (c *idleCommand) rest(p *play, out io.Writer, data string) (before, after usage, cpu float64, err error) {
	if err = p.startStation(data, p.path("room", "session.toml"), "kk"); err != nil {
		return
	}
	if err = p.identify(benchIIN, false); err != nil {
		return
	}
	if err = p.chooseTheme(); err != nil {
		return
	}
	// Until what opening the screen has begun is over: the camera closes, pictures are handed to the toolkit.
	time.Sleep(10 * time.Second)
	if before, err = used(p.station.cmd.Process.Pid); err != nil {
		return
	}
	t := time.Now()
	fmt.Fprintf(out, "idle for %v\n", c.Idle)
	time.Sleep(c.Idle)
	if after, err = used(p.station.cmd.Process.Pid); err != nil {
		return
	}
	return before, after, 100 * float64(after.cpu-before.cpu) / float64(time.Since(t)), nil
}

// lookAway gives the room a profile under which the camera does not watch the seat.
func (p *play) lookAway() error {
	source, err := os.ReadFile(p.path("room", "session.toml"))
	if err != nil {
		return err
	}
	sitting, err := exam.ParseSession(source)
	if err != nil {
		return err
	}
	profile, err := assets.Source("profiles", sitting.Profile)
	if err != nil {
		return err
	}
	profile = regexp.MustCompile(`(?m)^watch_seconds = .*$`).ReplaceAll(profile, []byte("watch_seconds = 0"))
	if err := os.MkdirAll(p.path("room", "profiles"), 0o755); err != nil {
		return err
	}
	return os.WriteFile(p.path("room", "profiles", sitting.Profile+".toml"), profile, 0o644)
}

// lookAgain ends what lookAway began, and the station with it.
func (p *play) lookAgain() error {
	if err := p.station.kill(); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(p.path("room", "profiles")), os.RemoveAll(p.path("stick")))
}

func megabytes(u usage) float64 { return float64(u.resident) / 1e6 }

// idleRound is how many keys are typed between two turns of the task. A round of 2,000 keys every five minutes makes 100,000
// in four hours.
const idleRound = 2000

// mostLeaves is how often a candidate may leave the room (R14); each time the face is checked twice.
const mostLeaves = 2

// soak types, turns tasks, opens and closes the tools, changes the language and leaves the room.
func (c *idleCommand) soak(p *play, f *idleFigures, out io.Writer) error {
	x, err := xgb.NewConnDisplay(p.seat.name)
	if err != nil {
		return err
	}
	defer x.Close()
	if err := xtest.Init(x); err != nil {
		return err
	}
	// On a busy machine a release may come so late that the server repeats the key by itself.
	if err := xproto.ChangeKeyboardControlChecked(x, xproto.KbAutoRepeatMode, []uint32{xproto.AutoRepeatModeOff}).Check(); err != nil {
		return err
	}
	if err := p.seat.layout("kz"); err != nil {
		return err
	}
	typist := &typist{p: p, x: x, every: time.Second / time.Duration(c.Rate)}
	rounds := (c.Keys + idleRound - 1) / idleRound
	left := 0
	for i := range rounds {
		if err := typist.round(min(idleRound, c.Keys-typist.keys)); err != nil {
			return fmt.Errorf("round %d: %w", i+1, err)
		}
		if err := p.around(); err != nil {
			return fmt.Errorf("round %d: %w", i+1, err)
		}
		if left < mostLeaves && (i+1)*(mostLeaves+1) >= (left+1)*rounds {
			left++
			if err := p.outAndBack(func() error { return nil }); err != nil {
				return fmt.Errorf("leaving the room: %w", err)
			}
			if _, err := p.station.on("exam"); err != nil {
				return err
			}
			if err := p.seat.layout("kz"); err != nil {
				return err
			}
			f.Faces += 2
		}
		u, err := used(p.station.cmd.Process.Pid)
		if err != nil {
			return err
		}
		f.RSSMost = max(f.RSSMost, megabytes(u))
		fmt.Fprintf(out, "round %3d of %d: %7d keys, %6d characters, %7.1f MB\n", i+1, rounds, typist.keys, typist.runes, megabytes(u))
	}
	// The toolkit keeps what it has painted for a minute. In an exam of four hours that minute holds a twentieth of what it holds
	// in this one.
	time.Sleep(restAfter)
	u, err := used(p.station.cmd.Process.Pid)
	if err != nil {
		return err
	}
	f.RSSEnd = megabytes(u)
	f.Keys, f.Rounds, f.Text = typist.keys, rounds, typist.runes
	f.Rate = float64(typist.keys) / typist.took.Seconds()
	return nil
}

// restAfter is longer than the toolkit keeps what it has painted, and than Go waits at most for its next collection.
const restAfter = 130 * time.Second

// around does what a candidate does between two stretches of writing, and comes back to the essay.
func (p *play) around() error {
	for _, tool := range []struct{ key, name string }{{"F5", "calculator"}, {"F6", "elements"}, {"F7", "solubility"}} {
		if err := p.seat.keys(tool.key); err != nil {
			return err
		}
		if _, err := p.station.where("sheet", tool.name); err != nil {
			return err
		}
		if err := p.closeSheet(); err != nil {
			return err
		}
	}
	first := fmt.Sprint(p.station.last["item"])
	turned := func(key string) error {
		was := fmt.Sprint(p.station.last["item"])
		if err := p.seat.keys(key); err != nil {
			return err
		}
		_, err := p.station.await("another task", func(m map[string]any) bool { return fmt.Sprint(m["item"]) != was })
		return err
	}
	const tasks = 4 // three with an editor, and one with options
	for range tasks {
		if err := turned("F4"); err != nil {
			return err
		}
	}
	// The first task with options; their numbers change the answer.
	if err := p.seat.keys("F2", "1", "2", "F2"); err != nil {
		return err
	}
	for range 3 {
		lang := p.station.last["lang"]
		if err := p.seat.keys("F3"); err != nil {
			return err
		}
		if _, err := p.station.await("another language", func(m map[string]any) bool { return m["lang"] != lang }); err != nil {
			return err
		}
	}
	for range tasks {
		if err := turned("shift+F4"); err != nil {
			return err
		}
	}
	if now := fmt.Sprint(p.station.last["item"]); now != first {
		return fmt.Errorf("the task is %s after going there and back, it was %s", now, first)
	}
	return nil
}

// typist types into the editor that has the focus and knows what must be there.
type typist struct {
	p     *play
	x     *xgb.Conn
	every time.Duration
	keys  int
	runes int64 // that must be in all answers
	took  time.Duration
}

// codes of keys on every PC keyboard.
const (
	keySpace  = 65
	keyReturn = 36
	keyLeft   = 113
	keyRight  = 114
)

// letters are keys that are letters on the Kazakh layout, with which words are written.
var letters = []byte{38, 39, 40, 41, 42, 43, 44, 45, 46, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33}

// mostRunes is where the typist begins to delete as much as is written: an essay of four hours.
const mostRunes = 20_000

// round types n keys, in bursts that are awaited, so that every key is known to have arrived.
func (t *typist) round(n int) error {
	if _, err := t.p.station.on("exam"); err != nil {
		return err
	}
	if err := t.p.seat.keys("ctrl+End"); err != nil {
		return err
	}
	start := number(t.p.station.last, "runes")
	if t.keys > 0 && start != t.runes {
		return fmt.Errorf("the answers have %d characters, %d were typed", start, t.runes)
	}
	t.runes = start
	const burst = 100
	for done := 0; done < n; {
		began := time.Now()
		for i := range min(burst, n-done) {
			code := letters[(t.keys*7+i*5)%len(letters)]
			switch k := t.keys % 50; {
			case k == 49:
				code = keyReturn
			case k == 20 || k == 21:
				code = keyLeft
			case k == 22 || k == 23:
				code = keyRight
			case k%8 == 7:
				code = keySpace
			case k%5 == 4 || t.runes > mostRunes && k%2 == 0:
				code = keyBackspace
			}
			switch code {
			case keyBackspace:
				t.runes--
			case keyLeft, keyRight:
			default:
				t.runes++
			}
			if t.runes < 0 {
				return errors.New("more was deleted than written")
			}
			xtest.FakeInput(t.x, xproto.KeyPress, code, 0, 0, 0, 0, 0)
			// The server must have taken this key before the next one is on its way: the toolkit's library drops a press of a key
			// that carries the same millisecond as the one before, which no keyboard sends.
			if err := xtest.FakeInputChecked(t.x, xproto.KeyRelease, code, 0, 0, 0, 0, 0).Check(); err != nil {
				return err
			}
			t.keys++
			done++
			time.Sleep(t.every)
		}
		_, err := t.p.station.await(fmt.Sprintf("%d characters saved", t.runes), func(m map[string]any) bool {
			return m["saved"] == true && number(m, "runes") == t.runes
		})
		if err != nil {
			return err
		}
		t.took += time.Since(began)
	}
	return nil
}
