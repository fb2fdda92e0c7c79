package identity

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	_ "image/png" // registered photos come as JPEG or PNG
	"math"

	"emtihan/devices/camera"
)

// ErrBadImage is returned for a picture that is empty, broken, of an unknown
// format, or of a size outside of what a face can be judged from.
var ErrBadImage = errors.New("unusable image")

const (
	maxImageBytes = 16 << 20
	minImageSide  = 64
	maxImageSide  = 8192
	// The header of a small file may promise a picture of any size; the
	// product of the sides bounds what is allocated for it.
	maxImageArea = 40_000_000
)

// raster is a picture of 8-bit BGR pixels without padding between the rows.
type raster struct {
	w, h int
	pix  []byte
}

// checkSize refuses the sizes that no later step is prepared for.
func checkSize(w, h int) error {
	switch {
	case w < minImageSide || h < minImageSide:
		return fmt.Errorf("%w: %d×%d pixels, at least %d×%d needed", ErrBadImage, w, h, minImageSide, minImageSide)
	case w > maxImageSide || h > maxImageSide || w*h > maxImageArea:
		return fmt.Errorf("%w: %d×%d pixels, at most %d a side and %d in all", ErrBadImage, w, h, maxImageSide, maxImageArea)
	}
	return nil
}

// frameRaster takes over the pixels of a camera frame without copying them.
func frameRaster(f camera.Frame) (raster, error) {
	if err := checkSize(f.Width, f.Height); err != nil {
		return raster{}, err
	}
	if len(f.BGR) != f.Width*f.Height*3 {
		return raster{}, fmt.Errorf("%w: a frame of %d×%d BGR pixels has %d bytes, this one %d",
			ErrBadImage, f.Width, f.Height, f.Width*f.Height*3, len(f.BGR))
	}
	return raster{w: f.Width, h: f.Height, pix: f.BGR}, nil
}

// decodeStill reads a JPEG or PNG. It decodes in Go: an exception inside
// OpenCV's decoder would end the process.
func decodeStill(data []byte) (raster, error) {
	if len(data) == 0 {
		return raster{}, fmt.Errorf("%w: it is empty", ErrBadImage)
	}
	if len(data) > maxImageBytes {
		return raster{}, fmt.Errorf("%w: %d bytes, at most %d", ErrBadImage, len(data), maxImageBytes)
	}
	cfg, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return raster{}, fmt.Errorf("%w: neither JPEG nor PNG: %w", ErrBadImage, err)
	}
	// Which further formats can be decoded hangs on what else the program imports.
	if format != "jpeg" && format != "png" {
		return raster{}, fmt.Errorf("%w: neither JPEG nor PNG but %s", ErrBadImage, format)
	}
	if err := checkSize(cfg.Width, cfg.Height); err != nil {
		return raster{}, err
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return raster{}, fmt.Errorf("%w: broken %s: %w", ErrBadImage, format, err)
	}
	// A decoder may deliver another size than its header announced.
	b := img.Bounds()
	if err := checkSize(b.Dx(), b.Dy()); err != nil {
		return raster{}, err
	}
	// Transparent parts become white, as on the printed form.
	rgba := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(rgba, rgba.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(rgba, rgba.Bounds(), img, b.Min, draw.Over)
	r := raster{w: b.Dx(), h: b.Dy(), pix: make([]byte, b.Dx()*b.Dy()*3)}
	for i, j := 0, 0; i < len(r.pix); i, j = i+3, j+4 {
		r.pix[i], r.pix[i+1], r.pix[i+2] = rgba.Pix[j+2], rgba.Pix[j+1], rgba.Pix[j]
	}
	return r, nil
}

// affine maps a point of the picture that is made to the picture it is taken from.
type affine struct{ a, b, c, d, e, f float64 }

func (m affine) at(x, y float64) (float64, float64) {
	return m.a*x + m.b*y + m.c, m.d*x + m.e*y + m.f
}

// scale is the number of source pixels along the side of one target pixel.
func (m affine) scale() float64 {
	return math.Sqrt(math.Abs(m.a*m.e - m.b*m.d))
}

// cropTo maps a w×h target onto the rectangle r of the source.
func cropTo(r rect, w, h int) affine {
	return affine{a: r.w / float64(w), c: r.x, e: r.h / float64(h), f: r.y}
}

// warp fills a w×h picture with what m finds in src; what lies outside of src
// is black. A strong reduction averages several samples per pixel, because
// single samples of a large photo alias and cost similarity.
func (src raster) warp(m affine, w, h int) raster {
	out := raster{w: w, h: h, pix: make([]byte, w*h*3)}
	n := min(int(m.scale()+0.25), 6)
	if n < 2 {
		src.warpBilinear(m, out)
		return out
	}
	if m.b == 0 && m.d == 0 {
		src.shrink(m, n, out)
		return out
	}
	step := 1 / float64(n)
	for y := range h {
		for x := range w {
			var sum [3]int
			for j := range n {
				for i := range n {
					sx, sy := m.at(float64(x)+(float64(i)+0.5)*step, float64(y)+(float64(j)+0.5)*step)
					px, py := int(math.Floor(sx)), int(math.Floor(sy))
					if px < 0 || py < 0 || px >= src.w || py >= src.h {
						continue
					}
					p := (py*src.w + px) * 3
					sum[0] += int(src.pix[p])
					sum[1] += int(src.pix[p+1])
					sum[2] += int(src.pix[p+2])
				}
			}
			o := (y*w + x) * 3
			for c := range 3 {
				out.pix[o+c] = byte((sum[c] + n*n/2) / (n * n))
			}
		}
	}
	return out
}

// shrink is warp for an upright crop: every row takes the same columns.
func (src raster) shrink(m affine, n int, out raster) {
	step := 1 / float64(n)
	columns := make([]int, out.w*n) // offsets in a row, −1 outside
	for i := range columns {
		x := int(math.Floor(m.a*(float64(i/n)+(float64(i%n)+0.5)*step) + m.c))
		columns[i] = x * 3
		if x < 0 || x >= src.w {
			columns[i] = -1
		}
	}
	sums := make([]int, out.w*3)
	for y := range out.h {
		clear(sums)
		for j := range n {
			sy := int(math.Floor(m.e*(float64(y)+(float64(j)+0.5)*step) + m.f))
			if sy < 0 || sy >= src.h {
				continue
			}
			row := src.pix[sy*src.w*3 : (sy+1)*src.w*3]
			for x := range out.w {
				o := sums[x*3 : x*3+3]
				for _, p := range columns[x*n : x*n+n] {
					if p >= 0 {
						q := row[p : p+3]
						o[0] += int(q[0])
						o[1] += int(q[1])
						o[2] += int(q[2])
					}
				}
			}
		}
		to := out.pix[y*out.w*3 : (y+1)*out.w*3]
		for i, s := range sums {
			to[i] = byte((s + n*n/2) / (n * n))
		}
	}
}

func (src raster) warpBilinear(m affine, out raster) {
	for y := range out.h {
		for x := range out.w {
			sx, sy := m.at(float64(x)+0.5, float64(y)+0.5)
			sx, sy = sx-0.5, sy-0.5
			if sx <= -1 || sy <= -1 || sx >= float64(src.w) || sy >= float64(src.h) {
				continue
			}
			fx, fy := math.Floor(sx), math.Floor(sy)
			ax, ay := sx-fx, sy-fy
			x0, y0 := clamp(int(fx), src.w), clamp(int(fy), src.h)
			x1, y1 := clamp(int(fx)+1, src.w), clamp(int(fy)+1, src.h)
			p00, p10 := (y0*src.w+x0)*3, (y0*src.w+x1)*3
			p01, p11 := (y1*src.w+x0)*3, (y1*src.w+x1)*3
			o := (y*out.w + x) * 3
			for c := range 3 {
				top := float64(src.pix[p00+c])*(1-ax) + float64(src.pix[p10+c])*ax
				low := float64(src.pix[p01+c])*(1-ax) + float64(src.pix[p11+c])*ax
				out.pix[o+c] = byte(top*(1-ay) + low*ay + 0.5)
			}
		}
	}
}

func clamp(v, n int) int { return max(0, min(v, n-1)) }

// luma returns the brightness of every pixel, 0..255 (ITU-R BT.601).
func (src raster) luma() []float64 {
	out := make([]float64, src.w*src.h)
	for i := range out {
		p := i * 3
		out[i] = 0.114*float64(src.pix[p]) + 0.587*float64(src.pix[p+1]) + 0.299*float64(src.pix[p+2])
	}
	return out
}

// brightness is the mean of the picture, 0..255, by a part of its pixels.
func (src raster) brightness() float64 {
	step := max(1, src.w*src.h/5000)
	sum, n := 0, 0
	for i := 1; i < len(src.pix); i += 3 * step {
		sum += int(src.pix[i])
		n++
	}
	return float64(sum) / float64(max(1, n))
}

// jpeg encodes the picture in at most limit bytes, giving up quality and then
// size for it; shrunk is the length of a side in the result per pixel here.
func (src raster) jpeg(limit int) (data []byte, shrunk float64, err error) {
	for side := max(src.w, src.h); side >= minImageSide; side = side * 3 / 4 {
		small, k := src, 1.0
		if side < max(src.w, src.h) {
			k = float64(side) / float64(max(src.w, src.h))
			w, h := max(1, int(float64(src.w)*k)), max(1, int(float64(src.h)*k))
			small = src.warp(cropTo(rect{w: float64(src.w), h: float64(src.h)}, w, h), w, h)
		}
		rgba := image.NewRGBA(image.Rect(0, 0, small.w, small.h))
		for i, j := 0, 0; i < len(small.pix); i, j = i+3, j+4 {
			rgba.Pix[j], rgba.Pix[j+1], rgba.Pix[j+2], rgba.Pix[j+3] = small.pix[i+2], small.pix[i+1], small.pix[i], 255
		}
		for _, quality := range []int{90, 80, 65} {
			var buf bytes.Buffer
			if err := jpeg.Encode(&buf, rgba, &jpeg.Options{Quality: quality}); err != nil {
				return nil, 0, fmt.Errorf("%w: cannot encode: %w", ErrBadImage, err)
			}
			if buf.Len() <= limit {
				return buf.Bytes(), k, nil
			}
		}
	}
	return nil, 0, fmt.Errorf("%w: does not fit in %d bytes", ErrBadImage, limit)
}
