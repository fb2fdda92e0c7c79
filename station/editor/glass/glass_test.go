package glass

import (
	"image"
	"image/color"
	"io"
	"testing"

	"emtihan/station/editor/xvfb"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"pgregory.net/rapid"
)

func TestPut(t *testing.T) {
	display := xvfb.Start(t)
	xgb.Logger.SetOutput(io.Discard)
	x, err := xgb.NewConnDisplay(display)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	screen := xproto.Setup(x).DefaultScreen(x)
	win, err := xproto.NewWindowId(x)
	if err != nil {
		t.Fatal(err)
	}
	if err := xproto.CreateWindowChecked(x, screen.RootDepth, win, screen.Root, 0, 0, 1366, 768, 0, xproto.WindowClassInputOutput, screen.RootVisual, 0, nil).Check(); err != nil {
		t.Fatal(err)
	}
	if err := xproto.MapWindowChecked(x, win).Check(); err != nil {
		t.Fatal(err)
	}
	p, err := open(display, uint32(win))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	// Larger than one request may be.
	img := image.NewRGBA(image.Rect(0, 0, 1300, 700))
	for y := range 700 {
		for x := range 1300 {
			img.SetRGBA(x, y, color.RGBA{R: uint8(x), G: uint8(y), B: uint8(x / 7 * y), A: 255})
		}
	}
	at := image.Pt(40, 30)
	p.Put(img, image.Rect(5, 6, 5000, 5000), at)
	got := func(px, py int) color.RGBA {
		t.Helper()
		// The pane's own connection, so that what it was told before is done.
		r, err := xproto.GetImage(p.conn, xproto.ImageFormatZPixmap, p.window, int16(px), int16(py), 1, 1, ^uint32(0)).Reply()
		if err != nil {
			t.Fatal(err)
		}
		return color.RGBA{R: r.Data[2], G: r.Data[1], B: r.Data[0], A: 255}
	}
	for _, q := range []image.Point{{5, 6}, {1299, 6}, {5, 699}, {1299, 699}, {600, 64}, {601, 350}} {
		if got, want := got(at.X+q.X-5, at.Y+q.Y-6), img.RGBAAt(q.X, q.Y); got != want {
			t.Errorf("the pixel %v is %v, want %v", q, got, want)
		}
	}
	if got := got(at.X-1, at.Y); got != (color.RGBA{A: 255}) {
		t.Errorf("left of the picture the window is %v", got)
	}
	p.Put(img, image.Rectangle{}, at)
	p.Put(img, img.Rect, image.Pt(-300, 20_000)) // outside the window
	p.Close()
	p.Close()
	p.Put(img, img.Rect, at)
	var none *Pane
	none.Put(img, img.Rect, at)
	none.Close()
	for name, window := range map[string]uint32{"none": 0, "gone": 0xffffff} {
		if _, err := open(display, window); err == nil {
			t.Errorf("%s: a pane was opened", name)
		}
	}
	if _, err := open(":987654", uint32(win)); err == nil {
		t.Error("a pane was opened on a display that is not there")
	}
}

// What differs is found exactly, and copying it makes the pictures alike.
func TestDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 12).Draw(t, "w"), rapid.IntRange(1, 6).Draw(t, "h")
		a, b := image.NewRGBA(image.Rect(0, 0, w, h)), image.NewRGBA(image.Rect(0, 0, w, h))
		var want image.Rectangle
		for range rapid.IntRange(0, 5).Draw(t, "changes") {
			x, y := rapid.IntRange(0, w-1).Draw(t, "x"), rapid.IntRange(0, h-1).Draw(t, "y")
			b.Pix[b.PixOffset(x, y)+rapid.IntRange(0, 3).Draw(t, "channel")] = 7
			want = want.Union(image.Rect(x, y, x+1, y+1))
		}
		got := differ(a, b)
		if got != want {
			t.Fatalf("%v differs, want %v", got, want)
		}
		if !got.Empty() {
			copyPart(a, b, got)
		}
		if !differ(a, b).Empty() {
			t.Fatal("after copying they still differ")
		}
	})
}

func TestFill(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 6, 4))
	c := color.RGBA{R: 1, G: 2, B: 3, A: 255}
	Fill(img, image.Rect(2, 1, 99, 3), c)
	Fill(img, image.Rect(9, 9, 12, 12), c)
	for y := range 4 {
		for x := range 6 {
			inside := x >= 2 && y >= 1 && y < 3
			if got := img.RGBAAt(x, y) == c; got != inside {
				t.Errorf("the pixel %d, %d is filled: %v", x, y, got)
			}
		}
	}
}
