package depth_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"emtihan/proctor/identity/depth"
)

var lens = depth.Intrinsics{FX: 600, FY: 600, CX: 160, CY: 120}

// scene is a frame with a surface at 0.6 m: rise gives how much nearer a point is, in millimetres, for −1..1 across the box.
func scene(rise func(x, y float64) float64, noise float64) (depth.Frame, image.Rectangle) {
	rnd := rand.New(rand.NewPCG(7, 8))
	box := image.Rect(80, 40, 240, 200)
	f := depth.Frame{Seq: 1, Width: 320, Height: 240, BGR: make([]byte, 320*240*3), Depth: make([]uint16, 320*240), Unit: 0.001, Lens: lens}
	for y := range 240 {
		for x := range 320 {
			z := 1500.0
			u, v := float64(x-160)/80, float64(y-120)/80
			if u*u+v*v < 1.1 {
				z = 600 - rise(u, v)
			}
			f.Depth[y*320+x] = uint16(max(0, math.Round(z+rnd.NormFloat64()*noise)))
		}
	}
	return f, box
}

// face is a head of 90 mm radius with a nose of 18 mm and two sockets.
func face(x, y float64) float64 {
	bump := func(cx, cy, r, h float64) float64 {
		return h * math.Exp(-((x-cx)*(x-cx)+(y-cy)*(y-cy))/(r*r))
	}
	return 45*(math.Sqrt(max(0, 1.3-x*x-y*y*0.6))-1) + bump(0, 0.1, 0.22, 18) + bump(-0.4, -0.2, 0.2, -8) + bump(0.4, -0.2, 0.2, -8)
}

func TestAFaceIsSolidAndASheetIsNot(t *testing.T) { // R10
	for name, tc := range map[string]struct {
		rise  func(x, y float64) float64
		noise float64
		solid bool
	}{
		"face":             {face, 0, true},
		"face, noisy":      {face, 5, true},
		"face, turned":     {func(x, y float64) float64 { return face(x, y) + 30*x }, 3, true},
		"screen":           {func(x, y float64) float64 { return 0 }, 0, false},
		"screen, noisy":    {func(x, y float64) float64 { return 0 }, 5, false},
		"tilted photo":     {func(x, y float64) float64 { return 50*x - 40*y }, 3, false},
		"photo bent round": {func(x, y float64) float64 { return -40 * x * x }, 3, false},
		"photo as a bowl":  {func(x, y float64) float64 { return -30*x*x - 20*y*y }, 3, false},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			f, box := scene(tc.rise, tc.noise)
			r, err := depth.Measure(f, box)
			t.Logf("%+v", r)
			if err != nil || r.Solid() != tc.solid || math.Abs(r.Distance-0.6) > 0.05 {
				t.Errorf("%+v, %v; want solid %v at 0.6 m", r, err, tc.solid)
			}
		})
	}
}

func TestBadFramesAreRefused(t *testing.T) {
	good, box := scene(face, 0)
	for name, tc := range map[string]struct {
		change func(*depth.Frame, *image.Rectangle)
		want   error
	}{
		"no size":        {func(f *depth.Frame, _ *image.Rectangle) { f.Width = 0 }, depth.ErrBadFrame},
		"negative":       {func(f *depth.Frame, _ *image.Rectangle) { f.Width, f.Height = -320, -240 }, depth.ErrBadFrame},
		"giant":          {func(f *depth.Frame, _ *image.Rectangle) { f.Width = 1 << 30 }, depth.ErrBadFrame},
		"short colour":   {func(f *depth.Frame, _ *image.Rectangle) { f.BGR = f.BGR[1:] }, depth.ErrBadFrame},
		"short depth":    {func(f *depth.Frame, _ *image.Rectangle) { f.Depth = f.Depth[1:] }, depth.ErrBadFrame},
		"no unit":        {func(f *depth.Frame, _ *image.Rectangle) { f.Unit = 0 }, depth.ErrBadFrame},
		"unit NaN":       {func(f *depth.Frame, _ *image.Rectangle) { f.Unit = math.NaN() }, depth.ErrBadFrame},
		"no lens":        {func(f *depth.Frame, _ *image.Rectangle) { f.Lens = depth.Intrinsics{} }, depth.ErrBadFrame},
		"lens NaN":       {func(f *depth.Frame, _ *image.Rectangle) { f.Lens.CX = math.NaN() }, depth.ErrBadFrame},
		"box outside":    {func(_ *depth.Frame, b *image.Rectangle) { *b = b.Add(image.Pt(900, 0)) }, depth.ErrTooFew},
		"empty box":      {func(_ *depth.Frame, b *image.Rectangle) { *b = image.Rectangle{} }, depth.ErrTooFew},
		"nothing there":  {func(f *depth.Frame, _ *image.Rectangle) { f.Depth = make([]uint16, len(f.Depth)) }, depth.ErrTooFew},
		"face half gone": {func(f *depth.Frame, _ *image.Rectangle) { clear(f.Depth[:120*320]) }, depth.ErrTooFew},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			f, b := good, box
			f.Depth = append([]uint16(nil), good.Depth...)
			tc.change(&f, &b)
			if r, err := depth.Measure(f, b); !errors.Is(err, tc.want) || r.Solid() {
				t.Errorf("%+v, %v; want %v", r, err, tc.want)
			}
		})
	}
}

func write(t *testing.T, dir, name string, img image.Image) {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// record writes a frame as a folder has it.
func record(t *testing.T, dir, name string, f depth.Frame) {
	t.Helper()
	d := image.NewGray16(image.Rect(0, 0, f.Width, f.Height))
	c := image.NewRGBA(d.Rect)
	for i, z := range f.Depth {
		d.SetGray16(i%f.Width, i/f.Width, color.Gray16{Y: z})
		c.Set(i%f.Width, i/f.Width, color.RGBA{R: f.BGR[3*i+2], G: f.BGR[3*i+1], B: f.BGR[3*i], A: 255})
	}
	write(t, dir, name+".depth.png", d)
	write(t, dir, name+".color.png", c)
}

func folder(t *testing.T, lens string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "lens.json"), []byte(lens), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

const goodLens = `{"fx":600,"fy":600,"cx":160,"cy":120,"unit":0.001,"frame_rate":10}`

func TestFolderPlaysWhatWasRecorded(t *testing.T) {
	dir := folder(t, goodLens)
	f, box := scene(face, 2)
	f.BGR[0], f.BGR[1], f.BGR[2] = 1, 2, 3
	record(t, dir, "0001", f)
	record(t, dir, "0002", f)
	s, err := depth.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	first, err := s.Next(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Next(t.Context(), first.Seq)
	if err != nil || second.Seq != 2 || second.At.Sub(first.At).Milliseconds() != 100 {
		t.Errorf("frame %d after %v, %v", second.Seq, second.At.Sub(first.At), err)
	}
	if _, err := s.Next(t.Context(), 2); !errors.Is(err, io.EOF) {
		t.Errorf("%v, want io.EOF", err)
	}
	if !bytes.Equal(first.BGR[:3], []byte{1, 2, 3}) || first.Depth[120*320+160] != f.Depth[120*320+160] {
		t.Error("the frame is another than was recorded")
	}
	if r, err := depth.Measure(first, box); err != nil || !r.Solid() {
		t.Errorf("%+v, %v", r, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Next(ended, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

func TestBrokenFolders(t *testing.T) {
	f, _ := scene(face, 0)
	for name, tc := range map[string]struct {
		make func(t *testing.T) string
		want error
		says string
	}{
		"none":          {func(t *testing.T) string { return filepath.Join(t.TempDir(), "none") }, fs.ErrNotExist, ""},
		"no lens":       {func(t *testing.T) string { return t.TempDir() }, fs.ErrNotExist, "lens.json"},
		"no JSON":       {func(t *testing.T) string { return folder(t, "{") }, depth.ErrBadFrame, "lens.json"},
		"unknown field": {func(t *testing.T) string { return folder(t, `{"fz":1}`) }, depth.ErrBadFrame, "fz"},
		"no rate":       {func(t *testing.T) string { return folder(t, `{"fx":600}`) }, depth.ErrBadFrame, "frame_rate"},
		"no frames":     {func(t *testing.T) string { return folder(t, goodLens) }, depth.ErrBadFrame, ".depth.png"},
		"8 bits": {func(t *testing.T) string {
			dir := folder(t, goodLens)
			record(t, dir, "a", f)
			write(t, dir, "a.depth.png", image.NewGray(image.Rect(0, 0, 320, 240)))
			return dir
		}, depth.ErrBadFrame, "16-bit"},
		"other size": {func(t *testing.T) string {
			dir := folder(t, goodLens)
			record(t, dir, "a", f)
			write(t, dir, "a.color.png", image.NewGray(image.Rect(0, 0, 32, 24)))
			return dir
		}, depth.ErrBadFrame, "32"},
		"no colour": {func(t *testing.T) string {
			dir := folder(t, goodLens)
			write(t, dir, "a.depth.png", image.NewGray16(image.Rect(0, 0, 32, 24)))
			return dir
		}, fs.ErrNotExist, "color"},
		"cut": {func(t *testing.T) string {
			dir := folder(t, goodLens)
			record(t, dir, "a", f)
			if err := os.Truncate(filepath.Join(dir, "a.depth.png"), 100); err != nil {
				t.Fatal(err)
			}
			return dir
		}, depth.ErrBadFrame, "a.depth.png"},
		"senseless unit": {func(t *testing.T) string {
			dir := folder(t, strings.Replace(goodLens, "0.001", "-1", 1))
			record(t, dir, "a", f)
			return dir
		}, depth.ErrBadFrame, "metres"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			s, err := depth.OpenFolder(tc.make(t))
			if err == nil {
				_, err = s.Next(t.Context(), 0)
				if cerr := s.Close(); cerr != nil {
					t.Error(cerr)
				}
			}
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v, want %v with %q", err, tc.want, tc.says)
			}
		})
	}
}

func FuzzMeasure(f *testing.F) {
	f.Add(16, 16, []byte{1, 2, 3, 4}, 0.001, 500.0, 0, 0, 16, 16)
	f.Add(0, -3, []byte{}, math.NaN(), 0.0, -5, -5, 1<<30, 1<<30)
	f.Fuzz(func(t *testing.T, w, h int, fill []byte, unit, focal float64, x0, y0, x1, y1 int) {
		fr := depth.Frame{Width: w, Height: h, Unit: unit, Lens: depth.Intrinsics{FX: focal, FY: focal}}
		if w > 0 && h > 0 && w <= 128 && h <= 128 {
			fr.BGR, fr.Depth = make([]byte, 3*w*h), make([]uint16, w*h)
			for i := range fr.Depth {
				if len(fill) > 0 {
					fr.Depth[i] = uint16(fill[i%len(fill)])<<4 | uint16(i%7)
				}
			}
		}
		r, err := depth.Measure(fr, image.Rect(x0, y0, x1, y1))
		if err == nil && (math.IsNaN(r.Millimetres) || math.IsNaN(r.Detail) || !(r.Measured > 0 && r.Measured <= 1)) {
			t.Errorf("%+v", r)
		}
		if err != nil && !errors.Is(err, depth.ErrBadFrame) && !errors.Is(err, depth.ErrTooFew) {
			t.Error(err)
		}
	})
}
