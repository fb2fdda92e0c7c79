package identity

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"emtihan/devices/camera"
)

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// bomb is a PNG whose header promises a picture of w×h and which holds nothing.
func bomb(w, h uint32) []byte {
	body := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
	body = binary.BigEndian.AppendUint32(body, h)
	body = append(body, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
}

func TestUnusableStills(t *testing.T) {
	v := verifier(t)
	him := clip(t, media(t, "cap13_edit2.mp4"), 1, 1)[0]
	photo := encode(t, him)
	var gifted bytes.Buffer
	if err := gif.Encode(&gifted, image.NewPaletted(image.Rect(0, 0, 100, 100), color.Palette{color.White}), nil); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		data []byte
		want error
		says string
	}{
		"nothing":        {nil, ErrBadImage, "empty"},
		"text":           {[]byte("not a picture"), ErrBadImage, "neither JPEG nor PNG"},
		"a GIF":          {gifted.Bytes(), ErrBadImage, "neither JPEG nor PNG"},
		"header only":    {photo[:20], ErrBadImage, ""},
		"half a JPEG":    {photo[:len(photo)/2], ErrBadImage, "broken jpeg"},
		"half a PNG":     {asPNG(t, image.NewGray(image.Rect(0, 0, 300, 300)))[:60], ErrBadImage, "broken png"},
		"zero size":      {bomb(0, 0), ErrBadImage, ""},
		"one pixel":      {asPNG(t, image.NewGray(image.Rect(0, 0, 1, 1))), ErrBadImage, "1×1"},
		"a line":         {asPNG(t, image.NewGray(image.Rect(0, 0, 4000, 2))), ErrBadImage, "4000×2"},
		"giant promise":  {bomb(60_000, 60_000), ErrBadImage, "60000×60000"},
		"great promise":  {bomb(8000, 8000), ErrBadImage, "8000×8000"},
		"huge file":      {make([]byte, maxImageBytes+1), ErrBadImage, "bytes"},
		"white":          {asPNG(t, image.NewGray16(image.Rect(0, 0, 300, 400))), ErrNoFace, ""},
		"transparent":    {asPNG(t, image.NewNRGBA(image.Rect(0, 0, 300, 400))), ErrNoFace, ""},
		"two people":     {encode(t, beside(him, clip(t, media(t, "franck.mp4"), 1, 1)[0])), ErrManyFaces, "2"},
		"a face too far": {encode(t, paste(grey(400, 300), him.resized(100, 75), 100, 100)), ErrBadImage, "wide"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			tpl, err := v.Enroll(tc.data)
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) || tpl.Valid() {
				t.Errorf("%v, want %v saying %q", err, tc.want, tc.says)
			}
			if _, err := v.Compare(photo, tc.data); !errors.Is(err, tc.want) || !strings.Contains(err.Error(), "second") {
				t.Errorf("compare: %v, want %v", err, tc.want)
			}
			if _, err := v.Compare(tc.data, photo); !errors.Is(err, tc.want) || !strings.Contains(err.Error(), "first") {
				t.Errorf("compare: %v, want %v", err, tc.want)
			}
		})
	}
}

// One face in other pixel formats, sizes and proportions is still that face.
func TestStillFormats(t *testing.T) {
	v := verifier(t)
	him := clip(t, media(t, "cap13_edit2.mp4")+"#t=3", 1, 1)[0]
	photo := encode(t, him)
	img, err := jpeg.Decode(bytes.NewReader(photo))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	gray, rgba64, moved := image.NewGray(b), image.NewNRGBA64(b), image.NewRGBA(b.Add(image.Pt(-50, 70)))
	for y := range b.Dy() {
		for x := range b.Dx() {
			gray.Set(x, y, img.At(x, y))
			rgba64.Set(x, y, img.At(x, y))
			moved.Set(x-50, y+70, img.At(x, y))
		}
	}
	var grayJPEG bytes.Buffer
	if err := jpeg.Encode(&grayJPEG, gray, nil); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"grey JPEG":       grayJPEG.Bytes(),
		"grey PNG":        asPNG(t, gray),
		"16 bits":         asPNG(t, rgba64),
		"not at 0,0":      asPNG(t, moved),
		"four times":      encode(t, him.resized(1600, 1200)),
		"smaller":         encode(t, him.resized(280, 210)),
		"portrait format": encode(t, paste(grey(300, 500), him, -50, 100)),
		"broad format":    encode(t, paste(grey(1200, 300), him, 700, 0)),
	} {
		r, err := v.Compare(photo, data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		t.Logf("%s: %.3f", name, r.Score)
		if r.Verdict != Accepted || r.Score < 0.8 || r.Good != 1 {
			t.Errorf("%s: %s, score %.3f", name, r.Verdict, r.Score)
		}
		wantPicture(t, r)
	}
}

// No stranger is accepted and nobody is refused as a stranger, over all pairs
// of stills of eight people and over these with other portraits (R10).
func TestAllPairsOfStills(t *testing.T) {
	v := verifier(t)
	dir := find(t, faceDir, "the stills of ../shared/data/faces are not there")
	type face struct {
		who, file string
		vec       []float64
	}
	read := func(pattern string) (out []face) {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tpl, err := v.Enroll(data)
			if err != nil {
				t.Logf("%s: %v", filepath.Base(file), err)
				continue
			}
			out = append(out, face{filepath.Base(filepath.Dir(file)), filepath.Base(file), tpl.vec})
		}
		return out
	}
	stills := read(filepath.Join(dir, "*", "*.png"))
	portraits := read(media(t, "*.jpg"))
	if len(stills) != 40 || len(portraits) < 30 {
		t.Errorf("%d of 40 stills and %d portraits were enrolled", len(stills), len(portraits))
	}
	var same, different, cross []float64
	counts := map[string]map[Verdict]int{"same": {}, "different": {}, "cross": {}}
	judge := func(kind string, a, b face) float64 {
		s := cosine(a.vec, b.vec)
		verdict, _ := decide(s, AcceptAt, RefuseBelow)
		counts[kind][verdict]++
		if kind == "same" && verdict == Refused || kind != "same" && verdict == Accepted {
			t.Errorf("%s with %s: %.3f is %s", a.file, b.file, s, verdict)
		}
		return s
	}
	for i, a := range stills {
		for _, b := range stills[:i] {
			if a.who == b.who {
				same = append(same, judge("same", a, b))
			} else {
				different = append(different, judge("different", a, b))
			}
		}
		for _, b := range portraits {
			cross = append(cross, judge("cross", a, b))
		}
	}
	t.Logf("same person %s %v", spread(same), counts["same"])
	t.Logf("different persons %s %v", spread(different), counts["different"])
	t.Logf("stills with portraits %s %v", spread(cross), counts["cross"])
}

func TestLoadErrors(t *testing.T) {
	from := models(t)
	if _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, ErrNoModel) || !strings.Contains(err.Error(), "fr_detect.onnx is missing") || !strings.Contains(err.Error(), "scripts/setup") {
		t.Errorf("no folder: %v", err)
	}
	for _, bad := range []spec{detectSpec, landmarkSpec, featureSpec, livenessSpec, eyeSpec} {
		whole, err := os.ReadFile(filepath.Join(from, bad.file))
		if err != nil {
			t.Fatal(err)
		}
		for says, data := range map[string][]byte{
			"is missing": nil,
			"damaged":    whole[:len(whole)/2],
			"(0 bytes":   {},
		} {
			dir := t.TempDir()
			for _, other := range []spec{detectSpec, landmarkSpec, featureSpec, livenessSpec, eyeSpec} {
				if err := os.Symlink(filepath.Join(from, other.file), filepath.Join(dir, other.file)); err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(dir, bad.file)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if data != nil {
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			v, err := Load(dir)
			if !errors.Is(err, ErrNoModel) || !strings.Contains(err.Error(), bad.file) || !strings.Contains(err.Error(), says) || v != nil {
				t.Errorf("%s: %v, want the name and %q", bad.file, err, says)
			}
		}
	}
}

func TestClose(t *testing.T) {
	v, err := Load(models(t))
	if err != nil {
		t.Fatal(err)
	}
	him := clip(t, media(t, "cap13_edit2.mp4"), 1, 1)
	tpl := enroll(t, v, encode(t, him[0]))
	for range 2 {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := v.Enroll(encode(t, him[0])); !errors.Is(err, ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
	if r, err := v.Check(t.Context(), &reel{pics: him}, tpl, Options{}); !errors.Is(err, ErrClosed) || r.Verdict != Unsure {
		t.Errorf("%s, %v, want unsure, ErrClosed", r.Verdict, err)
	}
}

// What a watch does not need between two comparisons holds no memory (R17); asked again, the models say what they said before.
func TestModelsRest(t *testing.T) {
	dir, from := t.TempDir(), models(t)
	for _, s := range []spec{detectSpec, landmarkSpec, featureSpec, livenessSpec, eyeSpec} {
		if err := os.Symlink(filepath.Join(from, s.file), filepath.Join(dir, s.file)); err != nil {
			t.Fatal(err)
		}
	}
	before := openMats.Load()
	v, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	him := clip(t, media(t, "cap13_edit2.mp4")+"#t=6", 1, 1)[0]
	all := func() *view {
		t.Helper()
		w, err := v.look(him, false)
		if err != nil {
			t.Fatal(err)
		}
		open, _, err := v.lidsOf(w)
		if err != nil {
			t.Fatal(err)
		}
		w.quality.sure += open // of what is compared below
		return w
	}
	was, held := all(), openMats.Load()
	if was.vec == nil || was.live == 0 {
		t.Fatalf("the picture cannot be compared: %v", was.faults)
	}
	for range 2 {
		v.rest()
		v.rest()
		if got := openMats.Load() - before; got != 1 {
			t.Errorf("%d inputs are held at rest, want the detector's", got)
		}
		if faces, err := v.located(him); err != nil || len(faces) != 1 {
			t.Errorf("at rest: %d faces, %v", len(faces), err)
		}
		w := all()
		if !slices.Equal(w.vec, was.vec) || w.live != was.live || w.pose != was.pose || w.quality != was.quality {
			t.Error("after a rest the models say something else")
		}
		if got := openMats.Load(); got != held {
			t.Errorf("%d inputs are held after a rest, %d before", got, held)
		}
	}
	v.rest()
	if err := os.Remove(filepath.Join(dir, featureSpec.file)); err != nil {
		t.Fatal(err)
	}
	if _, err := v.look(him, false); !errors.Is(err, ErrNoModel) {
		t.Errorf("a model was lost meanwhile: %v, want ErrNoModel", err)
	}
	// How many there are is seen all the same (R17).
	rnd := rand.New(rand.NewPCG(3, 4))
	watch, err := v.NewWatch(Template{vec: was.vec}, WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		f := camera.Frame{Width: him.w, Height: him.h, BGR: noised(him, rnd).pix, At: time.Unix(int64(100+2*i), 0)}
		if _, err := watch.See(f); err != nil {
			t.Errorf("a watch whose model was lost: %v", err)
		}
	}
	if got := watch.Presence(); got != Present {
		t.Errorf("a watch whose model was lost sees %s", got)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	v.rest()
	if got := openMats.Load(); got != before {
		t.Errorf("%d matrices are left", got-before)
	}
}

// Pictures of odd shapes must not bring OpenCV to its exceptions, which end the process.
func TestOddPictures(t *testing.T) {
	v := verifier(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	him := clip(t, media(t, "cap13_edit2.mp4"), 1, 1)[0]
	for _, size := range [][2]int{{64, 64}, {64, 4096}, {4096, 64}, {65, 67}, {1999, 101}, {640, 480}} {
		noise := grey(size[0], size[1])
		for i := range noise.pix {
			noise.pix[i] = byte(rnd.UintN(256))
		}
		for _, r := range []raster{noise, him.resized(size[0], size[1]), lit(grey(size[0], size[1]), 0, 0)} {
			for _, still := range []bool{true, false} {
				if _, err := v.look(r, still); err != nil {
					t.Errorf("%d×%d: %v", size[0], size[1], err)
				}
			}
		}
	}
}

func TestSimilarity(t *testing.T) {
	for _, want := range []affine{
		{a: 1, e: 1},
		{a: 2, c: 30, e: 2, f: -12},
		{a: 0.8, b: -0.6, c: 5, d: 0.6, e: 0.8, f: 7},
		{a: -1.5, c: 300, e: -1.5, f: 200},
	} {
		var pts [5]point
		for i, p := range canonical {
			pts[i].x, pts[i].y = want.at(p.x, p.y)
		}
		got, ok := similarity(pts)
		if !ok {
			t.Errorf("%v is called degenerate", want)
		}
		for _, p := range canonical {
			gx, gy := got.at(p.x, p.y)
			wx, wy := want.at(p.x, p.y)
			if math.Hypot(gx-wx, gy-wy) > 1e-9 {
				t.Errorf("%v: %v leads to %v,%v, want %v,%v", want, p, gx, gy, wx, wy)
			}
		}
	}
	nan := math.NaN()
	for _, pts := range [][5]point{{}, {{7, 7}, {7, 7}, {7, 7}, {7, 7}, {7, 7}}, {{nan, nan}}} {
		if m, ok := similarity(pts); ok {
			t.Errorf("%v gave %v", pts, m)
		}
	}
}

func TestJPEGFits(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	noise := grey(1280, 720)
	for i := range noise.pix {
		noise.pix[i] = byte(rnd.UintN(256))
	}
	data, k, err := noise.jpeg(MaxJPEG)
	if err != nil || len(data) > MaxJPEG {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if want := int(1280 * k); k >= 1 || img.Bounds().Dx() != want {
		t.Errorf("%v for the factor %v", img.Bounds(), k)
	}
	if _, _, err := noise.jpeg(100); !errors.Is(err, ErrBadImage) {
		t.Errorf("%v, want ErrBadImage", err)
	}
}

func FuzzDecodeStill(f *testing.F) {
	f.Add(asPNG(f, image.NewGray(image.Rect(0, 0, 70, 70))))
	f.Add(asPNG(f, image.NewNRGBA(image.Rect(0, 0, 70, 70))))
	f.Add(bomb(100, 100))
	f.Add([]byte{})
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, image.NewRGBA(image.Rect(0, 0, 70, 70)), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decodeStill(data)
		if err != nil {
			if !errors.Is(err, ErrBadImage) {
				t.Errorf("%v is not ErrBadImage", err)
			}
			return
		}
		if checkSize(r.w, r.h) != nil || len(r.pix) != r.w*r.h*3 {
			t.Errorf("%d×%d with %d bytes", r.w, r.h, len(r.pix))
		}
	})
}
