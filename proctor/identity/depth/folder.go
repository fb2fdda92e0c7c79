package depth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // colour pictures
	_ "image/png"  // colour pictures and distances
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// The files of a folder of recorded frames: NAME.color.png or NAME.color.jpg with NAME.depth.png, 16-bit grey, and one
// lens.json for all. Frames play in the order of their names.
const (
	lensFile    = "lens.json"
	depthSuffix = ".depth.png"

	maxFileBytes = 64 << 20
	maxFrames    = 100_000
)

// lens is lens.json.
type lens struct {
	Intrinsics
	Unit      float64 `json:"unit"`       // metres per step of the distances
	FrameRate float64 `json:"frame_rate"` // per second, 1..120
}

// Folder is a Source of recorded frames. Its frames come as fast as they are asked for, with the times at which they would
// come from a camera that was started with the first Next. It may be used by several goroutines.
type Folder struct {
	root  *os.Root
	lens  lens
	names []string

	mu    sync.Mutex
	began time.Time
}

// OpenFolder opens a recording. It returns ErrBadFrame for a folder that is none, or the error of reading it.
func OpenFolder(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{root: root}
	if err := f.read(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return f, nil
}

func (f *Folder) read() error {
	data, err := f.file(lensFile)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&f.lens); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrBadFrame, lensFile, err)
	}
	if !(f.lens.FrameRate >= 1 && f.lens.FrameRate <= 120) {
		return fmt.Errorf("%w: %s: frame_rate %v is not within 1..120", ErrBadFrame, lensFile, f.lens.FrameRate)
	}
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), depthSuffix); ok && len(f.names) < maxFrames {
			f.names = append(f.names, name)
		}
	}
	if len(f.names) == 0 {
		return fmt.Errorf("%w: the folder has no file with the ending %s", ErrBadFrame, depthSuffix)
	}
	slices.Sort(f.names)
	return nil
}

func (f *Folder) file(name string) ([]byte, error) {
	r, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("%w: %s has more than %d bytes", ErrBadFrame, name, maxFileBytes)
	}
	return data, nil
}

// Next reads the frame after a number; io.EOF is the end. A frame that cannot be read is ErrBadFrame or the error of
// reading it, for each call.
func (f *Folder) Next(ctx context.Context, after uint64) (Frame, error) {
	if err := ctx.Err(); err != nil {
		return Frame{}, err
	}
	if after >= uint64(len(f.names)) {
		return Frame{}, io.EOF
	}
	f.mu.Lock()
	if f.began.IsZero() {
		f.began = time.Now()
	}
	began := f.began
	f.mu.Unlock()
	name := f.names[after]
	depth, err := f.picture(name + depthSuffix)
	if err != nil {
		return Frame{}, err
	}
	grey, ok := depth.(*image.Gray16)
	if !ok {
		return Frame{}, fmt.Errorf("%w: %s is not 16-bit grey", ErrBadFrame, name+depthSuffix)
	}
	color, err := f.picture(name + ".color.png")
	if errors.Is(err, fs.ErrNotExist) {
		color, err = f.picture(name + ".color.jpg")
	}
	if err != nil {
		return Frame{}, err
	}
	size := grey.Bounds().Size()
	if color.Bounds().Size() != size {
		return Frame{}, fmt.Errorf("%w: %s: colour has %v pixels, the distances %v", ErrBadFrame, name, color.Bounds().Size(), size)
	}
	out := Frame{
		At: began.Add(time.Duration(float64(after) / f.lens.FrameRate * float64(time.Second))), Seq: after + 1,
		Width: size.X, Height: size.Y, BGR: make([]byte, 0, 3*size.X*size.Y), Depth: make([]uint16, 0, size.X*size.Y),
		Unit: f.lens.Unit, Lens: f.lens.Intrinsics,
	}
	for y := range size.Y {
		for x := range size.X {
			out.Depth = append(out.Depth, grey.Gray16At(grey.Rect.Min.X+x, grey.Rect.Min.Y+y).Y)
			r, g, b, _ := color.At(color.Bounds().Min.X+x, color.Bounds().Min.Y+y).RGBA()
			out.BGR = append(out.BGR, byte(b>>8), byte(g>>8), byte(r>>8))
		}
	}
	return out, out.Check()
}

func (f *Folder) picture(name string) (image.Image, error) {
	data, err := f.file(name)
	if err != nil {
		return nil, err
	}
	img, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrBadFrame, name, err)
	}
	return img, nil
}

func decode(data []byte) (image.Image, error) {
	// A small file may promise a picture of any size.
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Width > maxSide || cfg.Height > maxSide {
		return nil, fmt.Errorf("%d×%d pixels, at most %d a side", cfg.Width, cfg.Height, maxSide)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	return img, err
}

// Close ends the reading of files.
func (f *Folder) Close() error { return f.root.Close() }
