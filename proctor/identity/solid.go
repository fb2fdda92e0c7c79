package identity

import (
	"cmp"
	"context"
	"slices"

	"emtihan/devices/camera"
	"emtihan/proctor/identity/depth"
)

// FromDepth is the colour of a depth camera as the Source of a check, which
// then also asks whether the face is a solid thing (Flat). One check at a time
// may use it.
func FromDepth(s depth.Source) Source { return &solidSource{from: s} }

// solidSource remembers the distances of the frame that was last given out.
type solidSource struct {
	from depth.Source
	last depth.Frame
}

func (s *solidSource) Next(ctx context.Context, after uint64) (camera.Frame, error) {
	f, err := s.from.Next(ctx, after)
	if err != nil {
		return camera.Frame{}, err
	}
	s.last = f
	return camera.Frame{At: f.At, Seq: f.Seq, Width: f.Width, Height: f.Height, BGR: f.BGR}, nil
}

// solid measures the face of a good frame.
func (g *gathering) solid(f depth.Frame, w *view) {
	if w.hint != HoldStill {
		return
	}
	// Where too little was measured there is nothing solid.
	relief, _ := depth.Measure(f, w.box().image(1, w.src.w, w.src.h))
	g.reliefs = append(g.reliefs, relief)
}

// relief is the one in the middle of what was measured, nil without a depth camera.
func (g *gathering) relief() *depth.Relief {
	if len(g.reliefs) == 0 {
		return nil
	}
	sorted := slices.SortedFunc(slices.Values(g.reliefs), func(a, b depth.Relief) int { return cmp.Compare(a.Millimetres, b.Millimetres) })
	return &sorted[len(sorted)/2]
}
