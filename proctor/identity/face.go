package identity

import (
	"image"
	"math"
	"slices"
)

// rect is a rectangle in pixels of the picture a face was found in.
type rect struct{ x, y, w, h float64 }

// overlap is the part of the smaller rectangle that the other one covers, 0..1.
func (r rect) overlap(o rect) float64 {
	w := min(r.x+r.w, o.x+o.w) - max(r.x, o.x)
	h := min(r.y+r.h, o.y+o.h) - max(r.y, o.y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / min(r.w*r.h, o.w*o.h)
}

// image gives the rectangle in whole pixels of a w×h picture that is k times as
// large as the one r was measured in.
func (r rect) image(k float64, w, h int) image.Rectangle {
	return image.Rect(int(r.x*k), int(r.y*k), int(math.Ceil((r.x+r.w)*k)), int(math.Ceil((r.y+r.h)*k))).
		Intersect(image.Rect(0, 0, w, h))
}

type point struct{ x, y float64 }

// found is one face in a picture: a square box and the detector's confidence 0..1.
type found struct {
	box   rect
	score float64
}

const (
	detectW, detectH = 320, 240
	alignSide        = 112
	landmarkSide     = 64
	liveSide         = 128

	detectScore = 0.65
	// The detector also finds "faces" inside of a large face; whatever lies
	// mostly in a surer one is the same face.
	detectOverlap = 0.4
	// The liveness model was trained on the face with its surroundings, where
	// the edge of a screen or of a sheet of paper shows.
	liveContext = 2.7
)

// detect finds the faces, the surest first. The picture is fitted into the
// input of the detector with its proportions kept: a stretched portrait photo
// moves the landmarks and with them the similarity.
func (v *Verifier) detect(src raster) ([]found, error) {
	k := max(float64(src.w)/detectW, float64(src.h)/detectH)
	m := affine{a: k, c: (float64(src.w) - k*detectW) / 2, e: k, f: (float64(src.h) - k*detectH) / 2}
	v.detector.fill(src.warp(m, detectW, detectH), true, 127, 1.0/128)
	outs, err := v.detector.run("scores", "boxes")
	if err != nil {
		return nil, err
	}
	scores, boxes := outs[0], outs[1]
	var all []found
	for i := range len(scores) / 2 {
		score := float64(scores[i*2+1])
		if !(score >= detectScore) {
			continue
		}
		x0, y0 := m.at(float64(boxes[i*4])*detectW, float64(boxes[i*4+1])*detectH)
		x1, y1 := m.at(float64(boxes[i*4+2])*detectW, float64(boxes[i*4+3])*detectH)
		side := y1 - y0
		if !(side > 1 && x1 > x0) || math.IsInf(side, 0) {
			continue
		}
		all = append(all, found{score: score, box: rect{(x0+x1)/2 - side/2, y0, side, side}})
	}
	slices.SortStableFunc(all, func(a, b found) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	var kept []found
next:
	for _, f := range all {
		for _, k := range kept {
			if f.box.overlap(k.box) >= detectOverlap {
				continue next
			}
		}
		kept = append(kept, f)
	}
	return kept, nil
}

// landmarks returns the 68 points of a face in pixels of the picture.
func (v *Verifier) landmarks(src raster, box rect) ([]point, error) {
	if err := v.landmarker.wake(); err != nil {
		return nil, err
	}
	v.landmarker.fillLuma(src.warp(cropTo(box, landmarkSide, landmarkSide), landmarkSide, landmarkSide), 1.0/256)
	outs, err := v.landmarker.run("output")
	if err != nil {
		return nil, err
	}
	pts := make([]point, 68)
	for i := range pts {
		pts[i] = point{box.x + float64(outs[0][i*2])*box.w, box.y + float64(outs[0][i*2+1])*box.h}
	}
	return pts, nil
}

// five reduces the 68 landmarks to eyes, tip of the nose and corners of the
// mouth. A lid gives its four inner points, so that a blink does not move the eye.
func five(p []point) [5]point {
	mean := func(ids ...int) (c point) {
		for _, i := range ids {
			c.x += p[i].x / float64(len(ids))
			c.y += p[i].y / float64(len(ids))
		}
		return c
	}
	return [5]point{mean(37, 38, 40, 41), mean(43, 44, 46, 47), p[30], mean(48, 60), mean(54, 64)}
}

// canonical is where the five points lie in the 112×112 picture that the
// embedding model was trained on (the usual ArcFace positions).
var canonical = [5]point{{38.2946, 51.6963}, {73.5318, 51.5014}, {56.0252, 71.7366}, {41.5493, 92.3655}, {70.7299, 92.2041}}

// similarity is the map of the canonical positions onto pts with the least
// squared error among rotations, uniform scales and shifts. It reports false
// where the points do not span a face.
func similarity(pts [5]point) (affine, bool) {
	var ms, md point
	for i := range pts {
		ms.x += canonical[i].x / 5
		ms.y += canonical[i].y / 5
		md.x += pts[i].x / 5
		md.y += pts[i].y / 5
	}
	var dot, cross, norm float64
	for i := range pts {
		sx, sy := canonical[i].x-ms.x, canonical[i].y-ms.y
		dx, dy := pts[i].x-md.x, pts[i].y-md.y
		dot += sx*dx + sy*dy
		cross += sx*dy - sy*dx
		norm += sx*sx + sy*sy
	}
	a, b := dot/norm, cross/norm
	m := affine{a: a, b: -b, c: md.x - a*ms.x + b*ms.y, d: b, e: a, f: md.y - b*ms.x - a*ms.y}
	s := m.scale()
	return m, s > 0.05 && s < 200
}

// embed returns the unit vector of the aligned face and the length that it
// had, which is small for what is hardly a face. The model wants blue
// first: fed with red first, the videos of the tests lose 0.03 to 0.05 of
// similarity and strangers gain as much.
func (v *Verifier) embed(face raster) (vec []float64, length float64, err error) {
	if err := v.embedder.wake(); err != nil {
		return nil, 0, err
	}
	v.embedder.fill(face, false, 127, 1.0/128)
	outs, err := v.embedder.run("output")
	if err != nil {
		return nil, 0, err
	}
	vec = make([]float64, len(outs[0]))
	var sum float64
	for i, x := range outs[0] {
		vec[i] = float64(x)
		sum += vec[i] * vec[i]
	}
	n := math.Sqrt(sum)
	if !(n > 0) || math.IsInf(n, 0) {
		return nil, 0, errModelOutput
	}
	for i := range vec {
		vec[i] /= n
	}
	return vec, n, nil
}

// live returns the passive liveness 0..1 of the face in box.
func (v *Verifier) live(src raster, box rect) (float64, error) {
	if err := v.liveness.wake(); err != nil {
		return 0, err
	}
	k := min(liveContext, float64(src.w-1)/box.w, float64(src.h-1)/box.h)
	w, h := box.w*k, box.h*k
	x := min(max(box.x+box.w/2-w/2, 0), float64(src.w)-w)
	y := min(max(box.y+box.h/2-h/2, 0), float64(src.h)-h)
	v.liveness.fill(src.warp(cropTo(rect{x, y, w, h}, liveSide, liveSide), liveSide, liveSide), false, 0, 1)
	outs, err := v.liveness.run("output")
	if err != nil {
		return 0, err
	}
	p := softmax(outs[0])
	if math.IsNaN(p[0]) {
		return 0, errModelOutput
	}
	return p[0], nil
}

func softmax(in []float32) []float64 {
	out := make([]float64, len(in))
	top := slices.Max(in)
	var sum float64
	for i, x := range in {
		out[i] = math.Exp(float64(x - top))
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func cosine(a, b []float64) float64 {
	var s float64
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}
