package station

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"emtihan/assets"
	"emtihan/assets/locales"
	"emtihan/station/item/media"
	"emtihan/station/problem"
)

// Before an exam begins, each file that the paper shows is there, is the one that the paper means, and can be decoded; what is
// wrong is told with the file's name, the day before and at the start.
func TestCheckMedia(t *testing.T) {
	source, err := assets.Source("papers", "kinds-demo")
	if err != nil {
		t.Fatal(err)
	}
	digest := func(data []byte) string {
		sum := sha256.Sum256(data)
		return hex.EncodeToString(sum[:])
	}
	picture, err := assets.Medium("kinds-demo", "triangle.svg")
	if err != nil {
		t.Fatal(err)
	}
	tones, err := assets.Medium("kinds-demo", "tones.wav")
	if err != nil {
		t.Fatal(err)
	}
	cut := tones[:len(tones)-1000]
	for name, c := range map[string]struct {
		change func(dir, paper string) string // returns the paper's text
		want   string                         // empty: nothing is wrong
	}{
		"as it is": {func(_, paper string) string { return paper }, ""},
		"beside the session": {func(dir, paper string) string {
			write(t, filepath.Join(dir, "triangle.svg"), picture)
			return paper
		}, ""},
		"another file": {func(dir, paper string) string {
			write(t, filepath.Join(dir, "triangle.svg"), append([]byte(" "), picture...))
			return paper
		}, "kinds-demo/triangle.svg: it is not the file that the paper means"},
		"missing": {func(_, paper string) string { return strings.Replace(paper, "rain.svg", "snow.svg", 1) }, "kinds-demo/snow.svg: there is no such file"},
		"no picture": {func(dir, paper string) string {
			write(t, filepath.Join(dir, "rain.svg"), []byte("<svg"))
			return strings.Replace(paper, paperDigest(t, "rain"), digest([]byte("<svg")), 1)
		}, "kinds-demo/rain.svg: the SVG picture cannot be drawn"},
		"cut off": {func(dir, paper string) string {
			write(t, filepath.Join(dir, "tones.wav"), cut)
			return strings.Replace(paper, digest(tones), digest(cut), 1)
		}, "kinds-demo/tones.wav: sound: the WAV file is cut off"},
		"too large": {func(dir, paper string) string {
			write(t, filepath.Join(dir, "tones.wav"), nil)
			if err := os.Truncate(filepath.Join(dir, "tones.wav"), media.MaxBytes+1); err != nil {
				t.Fatal(err)
			}
			return paper
		}, "more than 67108864"},
	} {
		opt := lay(t, sitting("doctoral", "kinds-demo", "kk"))
		dir := filepath.Join(filepath.Dir(opt.Session), "papers")
		write(t, filepath.Join(dir, "kinds-demo.toml"), []byte(c.change(filepath.Join(dir, "kinds-demo"), string(source))))
		var out bytes.Buffer
		exit := Check(opt, &out)
		if c.want == "" {
			if exit != problem.ExitOK {
				t.Errorf("%s: exit code %d:\n%s", name, exit, out.String())
			}
			continue
		}
		if exit != problem.PaperDamaged.Exit() || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: exit code %d; %q is not in the output:\n%s", name, exit, c.want, out.String())
		}
		for _, l := range locales.All {
			if want := locales.T(l, "problem.paper-damaged.what"); !strings.Contains(out.String(), want) {
				t.Errorf("%s: %q is not in the output:\n%s", name, want, out.String())
			}
		}
		if _, err := read(opt); problem.Of(err) != problem.PaperDamaged {
			t.Errorf("%s: the station would start: %v", name, err)
		}
	}
}

func paperDigest(t *testing.T, medium string) string {
	t.Helper()
	p, err := assets.Paper("kinds-demo")
	if err != nil {
		t.Fatal(err)
	}
	return p.Medium(medium).SHA256
}
