package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// startupCommand measures how long the candidate waits for the first picture.
type startupCommand struct {
	Bin    string `required:"" type:"path" help:"Folder of the programs."`
	Models string `required:"" type:"path" help:"Folder of the face models."`
	Videos string `required:"" type:"path" help:"Folder of the face videos."`
	Rounds int    `default:"7" help:"How often the station is started, warm and cold each."`
}

// startupFigures is the last line of the benchmark; times are medians in milliseconds from the start of the process to the
// login screen's pixels.
type startupFigures struct {
	Cold    *float64           `json:"cold_ms"` // page cache dropped before; null where nobody may
	Warm    *float64           `json:"warm_ms"`
	WarmMax float64            `json:"warm_max_ms"`
	ColdMax float64            `json:"cold_max_ms,omitempty"`
	Window  float64            `json:"bare_window_ms"` // the same toolkit's window with one field in it, warm, in the same run
	Ratio   float64            `json:"ratio"`          // of warm to that
	Phases  map[string]float64 `json:"phases_ms"`      // warm: what each phase took
	Notes   []string           `json:"notes,omitempty"`
	Machine string             `json:"machine"`
}

// paintedPhase is the time from the end of the last phase that the program itself tells of to the picture.
const paintedPhase = "first picture"

func (c *startupCommand) Run(s streams) error {
	if c.Rounds < 1 {
		return errors.New("at least one round is needed")
	}
	p, end, err := newBenchPlay(c.Bin, c.Models, c.Videos)
	if err != nil {
		return err
	}
	defer end()
	f := startupFigures{Phases: make(map[string]float64), Machine: machine()}
	if p.seat, err = startDisplay(p.log); err != nil {
		return err
	}
	if err := p.furnish(); err != nil {
		return err
	}
	x, err := xgb.NewConnDisplay(p.seat.name)
	if err != nil {
		return err
	}
	defer x.Close()
	var warm, cold, window []float64
	var order []string
	phases := make(map[string][]float64)
	drop := dropCaches()
	if drop != nil {
		f.Notes = append(f.Notes, "cold was not measured: only root may drop the page cache ("+drop.Error()+")")
	}
	for i := range c.Rounds {
		fmt.Fprintf(s.out, "round %d of %d\n", i+1, c.Rounds)
		took, err := bareWindow(p, x)
		if err != nil {
			return err
		}
		if drop == nil {
			if err := dropCaches(); err != nil {
				return err
			}
			took, _, err := c.start(p, x)
			if err != nil {
				return err
			}
			cold = append(cold, took)
		}
		// The first start that follows has everything in the page cache that the one before has read.
		if drop != nil && i == 0 {
			if _, _, err := c.start(p, x); err != nil {
				return err
			}
		}
		began, marks, err := c.start(p, x)
		if err != nil {
			return err
		}
		if i > 0 || drop != nil {
			window = append(window, took) // of the first round, it was cold
		}
		warm = append(warm, began)
		for _, m := range marks {
			if _, known := phases[m.Name]; !known {
				order = append(order, m.Name)
			}
			phases[m.Name] = append(phases[m.Name], m.Took)
		}
	}
	median := quantile(warm, 0.5)
	f.Warm, f.WarmMax = &median, quantile(warm, 1)
	if len(cold) > 0 {
		m := quantile(cold, 0.5)
		f.Cold, f.ColdMax = &m, quantile(cold, 1)
	}
	if f.Window = quantile(window, 0.5); f.Window > 0 {
		f.Ratio = median / f.Window
	}
	fmt.Fprintf(s.out, "%-44s %10s\n", "phase (warm, median)", "ms")
	for _, name := range order {
		f.Phases[name] = quantile(phases[name], 0.5)
		fmt.Fprintf(s.out, "%-44s %10.0f\n", name, f.Phases[name])
	}
	fmt.Fprintf(s.out, "%-44s %10.0f\n", "start to login painted, warm", median)
	if f.Cold != nil {
		fmt.Fprintf(s.out, "%-44s %10.0f\n", "start to login painted, cold", *f.Cold)
	}
	fmt.Fprintf(s.out, "%-44s %10.0f\n", "start to a bare window painted, warm", f.Window)
	return lastLine(s.out, f)
}

// lastLine prints the figures as one JSON object.
func lastLine(out io.Writer, figures any) error {
	line, err := json.Marshal(figures)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, string(line))
	return nil
}

// dropCaches empties the page cache, as after the computer was switched on.
func dropCaches() error { return os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0o200) }

// phaseTook is one phase of a start.
type phaseTook struct {
	Name string
	Took float64 // milliseconds
}

// start starts the station with a data folder of its own and returns the time to its first pixels, and the phases.
func (c *startupCommand) start(p *play, x *xgb.Conn) (float64, []phaseTook, error) {
	if err := dark(x); err != nil {
		return 0, nil, err
	}
	t := time.Now()
	if err := p.startStation("fresh", p.path("room", "session.toml"), "kk"); err != nil {
		return 0, nil, err
	}
	painted, err := lit(x, p.station.done)
	if err != nil {
		return 0, nil, err
	}
	m, err := p.station.await("the phases of the start", func(m map[string]any) bool { return m["phases"] != nil })
	if err != nil {
		return 0, nil, err
	}
	data, err := json.Marshal(m["phases"])
	if err != nil {
		return 0, nil, err
	}
	var marks []struct {
		Name   string `json:"name"`
		Micros int64  `json:"us"`
	}
	if err := json.Unmarshal(data, &marks); err != nil {
		return 0, nil, err
	}
	if err := p.station.kill(); err != nil {
		return 0, nil, err
	}
	if err := os.RemoveAll(p.path("fresh")); err != nil {
		return 0, nil, err
	}
	var out []phaseTook
	last := t.UnixMicro()
	for _, m := range marks {
		if m.Micros > painted.UnixMicro() {
			break // what the start does after the picture costs nobody
		}
		out = append(out, phaseTook{m.Name, float64(m.Micros-last) / 1000})
		last = m.Micros
	}
	return ms(painted.Sub(t)), append(out, phaseTook{paintedPhase, float64(painted.UnixMicro()-last) / 1000}), nil
}

// bareWindow starts the editor in a window of its own and returns the time to its first pixels.
func bareWindow(p *play, x *xgb.Conn) (float64, error) {
	if err := dark(x); err != nil {
		return 0, err
	}
	t := time.Now()
	w, err := startProgram(p.seat, p.log, p.path("editor.witness"), p.bin("simulate"), "editor")
	if err != nil {
		return 0, err
	}
	painted, err := lit(x, w.done)
	if err != nil {
		return 0, err
	}
	return ms(painted.Sub(t)), w.kill()
}

// pixel returns whether the pixel that every window of ours paints is not black.
func pixel(x *xgb.Conn) (bool, error) {
	root := xproto.Setup(x).DefaultScreen(x).Root
	img, err := xproto.GetImage(x, xproto.ImageFormatZPixmap, xproto.Drawable(root), 683, 60, 1, 1, ^uint32(0)).Reply()
	if err != nil {
		return false, err
	}
	return len(img.Data) >= 3 && (img.Data[0] != 0 || img.Data[1] != 0 || img.Data[2] != 0), nil
}

// dark waits until the last window has gone.
func dark(x *xgb.Conn) error {
	for t := time.Now(); time.Since(t) < stagePatience; time.Sleep(5 * time.Millisecond) {
		on, err := pixel(x)
		if err != nil || !on {
			return err
		}
	}
	return fmt.Errorf("the last window has not gone in %v", stagePatience)
}

// lit waits for the first pixel that is not the bare display's black, and returns when that was.
func lit(x *xgb.Conn, done chan error) (time.Time, error) {
	for t := time.Now(); time.Since(t) < stagePatience; time.Sleep(time.Millisecond) {
		on, err := pixel(x)
		if err != nil {
			return time.Time{}, err
		}
		if on {
			return time.Now(), nil
		}
		select {
		case err := <-done:
			done <- err
			return time.Time{}, fmt.Errorf("the program ended: %v", err)
		default:
		}
	}
	return time.Time{}, fmt.Errorf("nothing was painted in %v", stagePatience)
}
