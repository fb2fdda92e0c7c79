package main

import (
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"emtihan/assets"
	"emtihan/exam"
	"emtihan/station/look"
)

// R2: every language in every size, and every theme at least once.
func TestDressesAreAll(t *testing.T) {
	for _, lang := range []string{"kk", "ru", "en"} {
		list := dresses(lang, false)
		if list[0] != plain(lang) {
			t.Errorf("beginning in %s, the first is %v: the station would have to be changed before it", lang, list[0])
		}
		seen := make(map[dress]bool)
		themes := make(map[string]bool)
		for _, d := range list {
			if seen[d] {
				t.Errorf("%v stands twice", d)
			}
			seen[d] = true
			themes[d.theme] = true
			if screen, back, ok := parsePicture(d.name("face-login")); !ok || screen != "face-login" || back != d {
				t.Errorf("%s is read as %s, %v", d.name("face-login"), screen, back)
			}
		}
		for _, l := range []string{"kk", "ru", "en"} {
			for _, size := range displaySizes {
				for _, percent := range []int{100, 200} {
					if !seen[dress{l, size, percent, look.Light}] {
						t.Errorf("beginning in %s, %s is missing at %v and %d %%", lang, l, size, percent)
					}
				}
			}
		}
		if len(themes) != len(look.Themes) {
			t.Errorf("themes %v, not %v", themes, look.Themes)
		}
	}
}

func TestPicturesNeverEmptyAFolderOfOthers(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "new")
	for range 2 { // the second time it is that of an earlier run
		if err := takeFolderForPictures(own, true); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(own, "old.png"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := takeFolderForPictures(own, true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(own, "old.png")); !os.IsNotExist(err) {
		t.Errorf("a picture of an earlier run is still there: %v", err)
	}
	other := filepath.Join(dir, "holiday")
	if err := os.MkdirAll(other, 0o700); err != nil {
		t.Fatal(err)
	}
	photo := filepath.Join(other, "sea.png")
	if err := os.WriteFile(photo, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := takeFolderForPictures(other, true); err == nil {
		t.Error("a folder with files of others was taken")
	}
	if _, err := os.Stat(photo); err != nil {
		t.Error(err)
	}
}

func TestDiffer(t *testing.T) {
	page := func(marks ...image.Rectangle) *image.RGBA {
		img := image.NewRGBA(image.Rect(0, 0, 800, 600))
		for _, r := range marks {
			for y := r.Min.Y; y < r.Max.Y; y++ {
				for x := r.Min.X; x < r.Max.X; x++ {
					img.Set(x, y, color.White)
				}
			}
		}
		return img
	}
	clock := image.Rect(600, 10, 700, 40)
	sheet := image.Rect(100, 100, 500, 500)
	for _, c := range []struct {
		name  string
		a, b  *image.RGBA
		want  image.Rectangle
		rests bool
		grown bool // rests with text of 200 %
	}{
		{"the same", page(clock), page(clock), image.Rectangle{}, true, true},
		{"a clock", page(), page(clock), clock, true, true},
		{"a sheet", page(), page(sheet), sheet, false, false},
		{"a clock and a sheet", page(), page(clock, sheet), image.Rect(100, 10, 700, 500), false, false},
		{"a large clock", page(), page(image.Rect(100, 10, 500, 100)), image.Rect(100, 10, 500, 100), false, true},
		{"another size", image.NewRGBA(image.Rect(0, 0, 10, 10)), page(), image.Rect(0, 0, 800, 600), false, false},
	} {
		if got := differ(c.a, c.b); got != c.want {
			t.Errorf("%s: %v, not %v", c.name, got, c.want)
		}
		if got := rests(c.a, c.b, 100); got != c.rests {
			t.Errorf("%s: rests = %v", c.name, got)
		}
		if got := rests(c.a, c.b, 200); got != c.grown {
			t.Errorf("%s with large text: rests = %v", c.name, got)
		}
	}
	if !blank(page()) || blank(page(clock)) {
		t.Error("a page with a clock is blank, or one without is not")
	}
}

// The proof that no pointer was used would notice one.
func TestHandNoticesAPointer(t *testing.T) {
	for _, name := range []string{"Xvfb", "xdotool", "setxkbmap"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed: run scripts/setup", name)
		}
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p := &play{playCommand: &playCommand{Out: t.TempDir()}, log: log}
	defer p.strike()
	h, err := newHand(p, image.Pt(320, 240))
	if err != nil {
		t.Fatal(err)
	}
	defer h.end()
	count := func() int {
		t.Helper()
		h.pointer = 0
		if err := h.watchPointer(); err != nil {
			t.Fatal(err)
		}
		return h.pointer
	}
	if err := h.keys("a", "shift+Tab"); err != nil {
		t.Fatal(err)
	}
	if err := h.write("abc"); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 0 || h.typed != 5 {
		t.Errorf("%d events of a pointer and %d keys after five keys", n, h.typed)
	}
	for _, use := range [][]string{{"click", "1"}, {"click", "4"}, {"mousemove_relative", "--", "-3", "-3"}} {
		if err := h.seat.run("xdotool", use...); err != nil {
			t.Fatal(err)
		}
		if count() == 0 {
			t.Errorf("%q was not noticed", use)
		}
	}
}

// The answers of the play by keys are right, so that what it compares with the log is what a candidate would mean.
func TestKeyboardAnswersEveryTask(t *testing.T) {
	x := &pupil{}
	var err error
	if x.paper, err = assets.Paper("kinds-demo"); err != nil {
		t.Fatal(err)
	}
	kinds := make(map[exam.ItemKind]bool)
	for _, item := range x.paper.Items() {
		kinds[item.Kind] = true
		if m, ok := marking[item.ID]; ok {
			if !slices.Equal(m.answer, item.Key) {
				t.Errorf("%s is answered %q, its key is %q", item.ID, m.answer, item.Key)
			}
		} else if w, ok := writing[item.ID]; !ok || w.text == "" {
			t.Errorf("%s is not answered", item.ID)
		}
	}
	for _, k := range []exam.ItemKind{exam.Single, exam.Multiple, exam.Match, exam.Order, exam.Short, exam.Long, exam.Essay} {
		if !kinds[k] {
			t.Errorf("the paper has no item of the kind %q", k)
		}
	}
}
