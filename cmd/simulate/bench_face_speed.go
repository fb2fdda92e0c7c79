package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"emtihan/devices/camera"
	"emtihan/proctor/identity"
)

// faceSpeedCommand measures what a face check and the watch during the exam cost.
type faceSpeedCommand struct {
	Models  string `required:"" type:"path" help:"Folder of the face models."`
	Videos  string `required:"" type:"path" help:"Folder of the face videos."`
	Frames  int    `default:"120" help:"How many frames go through all models."`
	Windows int    `default:"20" help:"How often somebody sits down."`
	Seconds int    `default:"120" help:"How much video the watch sees."`
}

// faceSpeedFigures is the last line of the benchmark. The ratio is the median of frame by frame: all models with what lies
// between them, to the same networks alone on the same inputs.
type faceSpeedFigures struct {
	Ratio    float64 `json:"ratio"`
	Whole    float64 `json:"frame_ms"`
	Bare     float64 `json:"networks_ms"`
	Verdict  float64 `json:"verdict_p95_ms"`
	Half     float64 `json:"verdict_p50_ms"`
	Accepted int     `json:"accepted"`
	Windows  int     `json:"windows"`
	Presence float64 `json:"presence_cpu_percent"` // of one core, at 640×480 and five pictures a second
	Machine  string  `json:"machine"`
}

func (c *faceSpeedCommand) Run(s streams) error {
	if c.Frames < 10 || c.Windows < 1 || c.Seconds < 10 {
		return errors.New("at least 10 frames, a window and 10 seconds")
	}
	v, err := identity.Load(c.Models)
	if err != nil {
		return err
	}
	defer func() { _ = v.Close() }()
	f := faceSpeedFigures{Machine: machine()}
	if err := c.cost(v, &f); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "one frame through all models %.1f ms, the networks alone %.1f ms, ratio %.3f\n", f.Whole, f.Bare, f.Ratio)
	if err := c.sitDown(v, &f); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "from sitting down to the verdict: p50 %.0f ms, p95 %.0f ms (%d of %d accepted)\n", f.Half, f.Verdict, f.Accepted, f.Windows)
	if err := c.presence(v, &f); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "the watch during the exam: %.2f %% of one core\n", f.Presence)
	return lastLine(s.out, f)
}

func (c *faceSpeedCommand) cost(v *identity.Verifier, f *faceSpeedFigures) error {
	var ratios, whole, bare []float64
	var failed error
	warm := 5
	err := scanFrames(filepath.Join(c.Videos, takeTwo), 3, func(p frameBGR) bool {
		cost, err := v.Cost(camera.Frame{Width: p.w, Height: p.h, BGR: p.pix})
		switch {
		case errors.Is(err, identity.ErrNoFace):
			return true
		case err != nil:
			failed = err
			return false
		case warm > 0:
			warm--
			return true
		}
		ratios = append(ratios, float64(cost.Whole)/float64(cost.Bare))
		whole, bare = append(whole, ms(cost.Whole)), append(bare, ms(cost.Bare))
		return len(ratios) < c.Frames
	})
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	if len(ratios) == 0 {
		return errors.New("no frame could be used")
	}
	for _, x := range [][]float64{ratios, whole, bare} {
		slices.Sort(x)
	}
	f.Ratio, f.Whole, f.Bare = quantile(ratios, 0.5), quantile(whole, 0.5), quantile(bare, 0.5)
	return nil
}

// scanFrames reads every step-th picture of a video at the size of a webcam.
func scanFrames(file string, step int, each func(frameBGR) bool) error {
	more, i := true, 0
	return video(file, func(_ int, window []frameBGR) bool {
		for _, p := range window {
			if i++; i%step == 0 && more {
				const w, h = 640, 480
				kx, ky := float64(p.w-1)/(w-1), float64(p.h-1)/(h-1)
				more = each(p.shown(w, h, func(x, y float64) (float64, float64) {
					return min(x*kx, float64(p.w-1)), min(y*ky, float64(p.h-1))
				}, room))
			}
		}
		return more
	})
}

// sitDown plays windows of one take against a photo of the other.
func (c *faceSpeedCommand) sitDown(v *identity.Verifier, f *faceSpeedFigures) error {
	photos, err := (&facesCommand{Videos: c.Videos}).photos(v)
	if err != nil {
		return err
	}
	var took []float64
	for _, w := range []struct{ video, photo string }{{takeOne, takeTwo}, {takeTwo, takeOne}} {
		n := 0
		var failed error
		err := video(filepath.Join(c.Videos, w.video), func(_ int, window []frameBGR) bool {
			r, spent, err := checked(v, photos[w.photo], playing(window), len(window), identity.Options{})
			if err != nil {
				failed = err
				return false
			}
			took = append(took, ms(spent))
			if r.Verdict == identity.Accepted {
				f.Accepted++
			}
			f.Windows++
			n++
			return n < (c.Windows+1)/2
		})
		if err = errors.Join(err, failed); err != nil {
			return err
		}
	}
	slices.Sort(took)
	f.Half, f.Verdict = quantile(took, 0.5), quantile(took, 0.95)
	return nil
}

// presence measures the processor time of the watch, its models' threads included.
func (c *faceSpeedCommand) presence(v *identity.Verifier, f *faceSpeedFigures) error {
	photos, err := (&facesCommand{Videos: c.Videos}).photos(v)
	if err != nil {
		return err
	}
	w, err := v.NewWatch(photos[other], identity.WatchOptions{})
	if err != nil {
		return err
	}
	const step = 5
	base, i := time.Now(), 0
	var spent time.Duration
	var failed error
	err = scanFrames(filepath.Join(c.Videos, other), step, func(p frameBGR) bool {
		before := processorTime()
		_, failed = w.See(camera.Frame{At: base.Add(time.Duration(i) * time.Second * step / 25), Seq: uint64(i) + 1, Width: p.w, Height: p.h, BGR: p.pix})
		spent += processorTime() - before
		i++
		return failed == nil && i < c.Seconds*25/step
	})
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	f.Presence = 100 * spent.Seconds() / (float64(i) * step / 25)
	return nil
}

// processorTime is what this process has used of all processors.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
