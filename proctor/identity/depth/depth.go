// Package depth holds pictures of a camera that measures distances, and says from them whether a face is a solid thing
// or a sheet of paper or a screen (R10).
package depth

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"time"
)

// What can be wrong with a source or a frame.
var (
	// ErrBadFrame: sizes, intrinsics or distances that do not fit together.
	ErrBadFrame = errors.New("unusable depth picture")
	// ErrTooFew: too few distances were measured in the face to judge it.
	ErrTooFew = errors.New("too few distances in the face")
)

// Intrinsics describe the lens as a pinhole: FX, FY are focal lengths and CX, CY the principal point, in pixels of the
// colour picture, to which the depth is aligned.
type Intrinsics struct {
	FX float64 `json:"fx"`
	FY float64 `json:"fy"`
	CX float64 `json:"cx"`
	CY float64 `json:"cy"`
}

// Frame is a colour picture with the distance of each of its pixels, taken at the same moment. Nobody may change its
// slices.
type Frame struct {
	At            time.Time
	Seq           uint64   // 1 for the first, then growing
	Width, Height int      // pixels of both
	BGR           []byte   // Width*Height*3 bytes: rows from the top, blue first
	Depth         []uint16 // Width*Height distances along the optical axis; 0 is "not measured"
	Unit          float64  // metres per step of Depth, commonly 0.001
	Lens          Intrinsics
}

// Source is a depth camera. A maker's own program can feed one over a pipe; Folder is one of recorded frames.
type Source interface {
	// Next waits for a frame with a Seq greater than after. io.EOF says that there will be none.
	Next(ctx context.Context, after uint64) (Frame, error)
	// Close ends the source.
	Close() error
}

// Check says whether the parts of a frame fit together; its error wraps ErrBadFrame.
func (f Frame) Check() error {
	n := f.Width * f.Height
	switch {
	case f.Width < 1 || f.Height < 1 || f.Width > maxSide || f.Height > maxSide:
		return fmt.Errorf("%w: %d×%d pixels", ErrBadFrame, f.Width, f.Height)
	case len(f.BGR) != 3*n || len(f.Depth) != n:
		return fmt.Errorf("%w: %d×%d pixels with %d bytes of colour and %d distances", ErrBadFrame, f.Width, f.Height, len(f.BGR), len(f.Depth))
	case !(f.Unit > 0 && f.Unit < 1):
		return fmt.Errorf("%w: %v metres a step", ErrBadFrame, f.Unit)
	case !(f.Lens.FX > 1 && f.Lens.FY > 1 && f.Lens.FX < 1e6 && f.Lens.FY < 1e6) || math.IsNaN(f.Lens.CX+f.Lens.CY) || math.IsInf(f.Lens.CX+f.Lens.CY, 0):
		return fmt.Errorf("%w: intrinsics %+v", ErrBadFrame, f.Lens)
	}
	return nil
}

const maxSide = 4096

// Relief is what the distances say of a face. All lengths but Distance are in millimetres.
type Relief struct {
	// Millimetres is the root mean square distance of the surface from the plane that fits it best. The model head of the tests has 6 to 7.
	Millimetres float64
	// Detail is the same from the best smoothly bent sheet. The nose and the sockets of that head make 3, the noise of a cheap sensor 0.4.
	Detail   float64
	Distance float64 // of the face from the camera, metres
	Measured float64 // part of the face's surface with a distance, 0..1
}

// The least that counts as solid. Depth cameras of the room's price err by some millimetres for a pixel at arm's length;
// a cell of the grid averages a hundred pixels.
const (
	leastRelief = 4.0
	leastDetail = 1.2
)

// Solid reports whether the relief is that of a face and not of a flat or bent sheet.
func (r Relief) Solid() bool { return r.Millimetres >= leastRelief && r.Detail >= leastDetail }

const (
	grid = 14 // cells a side
	// leastCells is the part of the cells that must have a distance. Black hair and glasses swallow infrared light.
	leastCells = 0.6
	// behind is how far from the middle of the face something may be and still belong to it, in metres.
	behind = 0.12
)

// Measure measures the face within box, in pixels of the frame. It returns ErrBadFrame, or ErrTooFew with what part was
// measured.
func Measure(f Frame, box image.Rectangle) (Relief, error) {
	if err := f.Check(); err != nil {
		return Relief{}, err
	}
	// The rim of the box is hair and background.
	box = box.Inset(int(float64(min(box.Dx(), box.Dy())) * 0.12)).Intersect(image.Rect(0, 0, f.Width, f.Height))
	if box.Dx() < grid || box.Dy() < grid {
		return Relief{}, fmt.Errorf("%w: the face is %d×%d pixels", ErrTooFew, box.Dx(), box.Dy())
	}
	var cells [][3]float64 // metres
	for j := range grid {
		for i := range grid {
			x0, x1 := box.Min.X+i*box.Dx()/grid, box.Min.X+(i+1)*box.Dx()/grid
			y0, y1 := box.Min.Y+j*box.Dy()/grid, box.Min.Y+(j+1)*box.Dy()/grid
			if z, ok := f.cell(x0, y0, x1, y1); ok {
				cells = append(cells, [3]float64{
					(float64(x0+x1)/2 - f.Lens.CX) / f.Lens.FX * z, (float64(y0+y1)/2 - f.Lens.CY) / f.Lens.FY * z, z,
				})
			}
		}
	}
	if len(cells) == 0 {
		return Relief{}, ErrTooFew
	}
	z := make([]float64, len(cells))
	for i, c := range cells {
		z[i] = c[2]
	}
	slices.Sort(z)
	middle := z[len(z)/2]
	cells = slices.DeleteFunc(cells, func(c [3]float64) bool { return math.Abs(c[2]-middle) > behind })
	r := Relief{Distance: middle, Measured: float64(len(cells)) / (grid * grid)}
	if r.Measured < leastCells {
		return r, fmt.Errorf("%w: %.0f %%", ErrTooFew, 100*r.Measured)
	}
	flat, ok1 := residual(cells, middle, 3)
	bent, ok2 := residual(cells, middle, 6)
	if !ok1 || !ok2 {
		return r, fmt.Errorf("%w: they lie on one line", ErrTooFew)
	}
	r.Millimetres, r.Detail = 1000*flat, 1000*bent
	return r, nil
}

// cell is the median distance in a part of the frame, false where less than half of it was measured.
func (f Frame) cell(x0, y0, x1, y1 int) (float64, bool) {
	var d []uint16
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			if z := f.Depth[y*f.Width+x]; z > 0 {
				d = append(d, z)
			}
		}
	}
	if len(d) == 0 || 2*len(d) < (x1-x0)*(y1-y0) {
		return 0, false
	}
	slices.Sort(d)
	// The middle half is averaged: a median alone keeps the steps of the sensor.
	lo, hi := len(d)/4, len(d)-len(d)/4
	sum := 0.0
	for _, z := range d[lo:hi] {
		sum += float64(z)
	}
	return sum / float64(hi-lo) * f.Unit, true
}

// residual is the root mean square distance along the optical axis of points from the surface z = a + bx + cy (+ dx² + exy
// + fy²) that fits them best. It reports false where they do not span one.
func residual(cells [][3]float64, middle float64, terms int) (float64, bool) {
	// Coordinates of about 1 keep the equations well conditioned.
	const scale = 0.1
	row := func(c [3]float64) [6]float64 {
		x, y := c[0]/scale, c[1]/scale
		return [6]float64{1, x, y, x * x, x * y, y * y}
	}
	var a [6][7]float64
	for _, c := range cells {
		r := row(c)
		for i := range terms {
			for j := range terms {
				a[i][j] += r[i] * r[j]
			}
			a[i][6] += r[i] * (c[2] - middle)
		}
	}
	for i := range terms {
		p := i
		for k := i + 1; k < terms; k++ {
			if math.Abs(a[k][i]) > math.Abs(a[p][i]) {
				p = k
			}
		}
		a[i], a[p] = a[p], a[i]
		if !(math.Abs(a[i][i]) > 1e-9) {
			return 0, false
		}
		for k := range terms {
			if k == i {
				continue
			}
			q := a[k][i] / a[i][i]
			for j := range a[k] {
				a[k][j] -= q * a[i][j]
			}
		}
	}
	sum := 0.0
	for _, c := range cells {
		r := row(c)
		d := c[2] - middle
		for i := range terms {
			d -= a[i][6] / a[i][i] * r[i]
		}
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(cells))), true
}
