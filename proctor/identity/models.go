package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"gocv.io/x/gocv"
)

// ErrNoModel is returned by Load when a model file is missing or is not the
// one that the thresholds were measured with.
var ErrNoModel = errors.New("face model cannot be used")

// errModelOutput marks numbers that no sound model gives, such as NaN.
var errModelOutput = errors.New("face model gave a senseless answer")

// spec is one model file. The digest stands here because OpenCV ends the
// process on a damaged ONNX file, and because the thresholds hold for these
// very weights only.
type spec struct {
	file   string
	sha256 string
	input  []int // batch, channels, rows, columns
	output map[string]int
}

var (
	detectSpec = spec{
		"fr_detect.onnx", "6c0256ccd3164f844736a401faf936ec2930764a87ae39442180887d0c5c8854",
		[]int{1, 3, detectH, detectW},
		map[string]int{"scores": 4420 * 2, "boxes": 4420 * 4},
	}
	landmarkSpec = spec{
		"fr_landmark.onnx", "f10b0ba1d2a8a099adefede1ebf3733e44fe370715e7303dbeb7f59c02142258",
		[]int{1, 1, landmarkSide, landmarkSide},
		map[string]int{"output": 136},
	}
	featureSpec = spec{
		"fr_feature.onnx", "87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581",
		[]int{1, 3, alignSide, alignSide},
		map[string]int{"output": 512},
	}
	livenessSpec = spec{
		"fr_liveness.onnx", "afa783b7e902fdfcf323a7240cac2a1c580c25314ea4161129dc1b0d100dc32d",
		[]int{1, 3, liveSide, liveSide},
		map[string]int{"output": 3},
	}
	eyeSpec = spec{
		"fr_eye.onnx", "1afcea006abc1ccac3c517022abde0aa092bed74ff3c9fe6878483ef9e6e38de",
		[]int{1, 1, eyeSide, eyeSide},
		map[string]int{"output": 2},
	}
)

// net is one model with its input buffer, which lives outside of Go. A model
// that rests holds no memory and is read anew when it is asked.
type net struct {
	dir   string
	spec  spec
	rests bool
	model gocv.Net
	blob  gocv.Mat
	in    []float32
}

func loadNet(dir string, s spec) (*net, error) {
	data, err := os.ReadFile(filepath.Join(dir, s.file))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s is missing in %s; scripts/setup fetches it", ErrNoModel, s.file, dir)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNoModel, err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != s.sha256 {
		return nil, fmt.Errorf("%w: %s in %s is damaged or of another version (%d bytes, SHA-256 %x); remove it and run scripts/setup",
			ErrNoModel, s.file, dir, len(data), sum[:6])
	}
	model, err := gocv.ReadNetFromONNXBytes(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoModel, s.file, err)
	}
	limitThreads()
	n := &net{dir: dir, spec: s, model: model, blob: gocv.NewMatWithSizes(s.input, gocv.MatTypeCV32F)}
	openMats.Add(1)
	n.in, err = n.blob.DataPtrFloat32()
	want := 1
	for _, d := range s.input {
		want *= d
	}
	if err != nil || len(n.in) != want || model.Empty() {
		n.close()
		return nil, fmt.Errorf("%w: %s: cannot prepare an input of %v", ErrNoModel, s.file, s.input)
	}
	return n, nil
}

// rest frees what the model holds until it is asked again.
func (n *net) rest() {
	if n == nil {
		return
	}
	n.close()
	n.rests = true
}

// wake reads a model that rests. It returns ErrNoModel where the file has
// been lost meanwhile.
func (n *net) wake() error {
	if !n.rests {
		return nil
	}
	again, err := loadNet(n.dir, n.spec)
	if err == nil {
		*n = *again
	}
	return err
}

func (n *net) close() {
	if n == nil || n.rests {
		return
	}
	n.in = nil
	_ = n.blob.Close()
	openMats.Add(-1)
	_ = n.model.Close()
}

// fill puts (pixel-mean)*scale into the input, plane by plane, as red, green,
// blue or the other way round.
func (n *net) fill(r raster, rgb bool, mean, scale float32) {
	var table [256]float32
	for i := range table {
		table[i] = (float32(i) - mean) * scale
	}
	size := r.w * r.h
	first, middle, last := n.in[:size], n.in[size:2*size], n.in[2*size:3*size]
	if rgb {
		first, last = last, first
	}
	pix := r.pix[:3*size]
	for i := range middle {
		first[i], middle[i], last[i] = table[pix[3*i]], table[pix[3*i+1]], table[pix[3*i+2]]
	}
}

func (n *net) fillLuma(r raster, scale float32) {
	for i, y := range r.luma() {
		n.in[i] = float32(y) * scale
	}
}

// fillLevelled brings the brightness to a mean and a spread, within 0..1.
func (n *net) fillLevelled(r raster, mean, spread float64) {
	luma := r.luma()
	m, s := meanSpread(luma)
	for i, y := range luma {
		n.in[i] = float32(max(0, min(1, mean+spread*(y-m)/max(s, 1))))
	}
}

func meanSpread(x []float64) (mean, spread float64) {
	for _, y := range x {
		mean += y
	}
	mean /= float64(len(x))
	for _, y := range x {
		spread += (y - mean) * (y - mean)
	}
	return mean, math.Sqrt(spread / float64(len(x)))
}

// run returns copies of the named outputs, in that order.
func (n *net) run(names ...string) ([][]float32, error) {
	mats := n.forward(names)
	defer release(mats)
	if len(mats) != len(names) {
		return nil, fmt.Errorf("%w: %s has %d outputs, not %d", errModelOutput, n.spec.file, len(mats), len(names))
	}
	outs := make([][]float32, 0, len(names))
	for i, name := range names {
		data, err := mats[i].DataPtrFloat32()
		if err != nil || len(data) != n.spec.output[name] {
			return nil, fmt.Errorf("%w: %s: output %s has %d numbers, not %d", errModelOutput, n.spec.file, name, len(data), n.spec.output[name])
		}
		outs = append(outs, slices.Clone(data))
	}
	return outs, nil
}

// bare runs the network on what its input holds.
func (n *net) bare() error {
	if n == nil {
		return ErrClosed
	}
	release(n.forward(slices.Sorted(maps.Keys(n.spec.output))))
	return nil
}

func (n *net) forward(names []string) (mats []gocv.Mat) {
	n.model.SetInput(n.blob, "input")
	if len(names) == 1 {
		mats = []gocv.Mat{n.model.Forward(names[0])}
	} else {
		mats = n.model.ForwardLayers(names)
	}
	openMats.Add(int64(len(mats)))
	return mats
}

func release(mats []gocv.Mat) {
	for i := range mats {
		_ = mats[i].Close()
	}
	openMats.Add(int64(-len(mats)))
}

// openMats counts the matrices outside of Go that nobody has freed yet.
var openMats atomic.Int64
