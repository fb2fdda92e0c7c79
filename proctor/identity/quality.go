package identity

import "math"

// quality is what can be said about a face before it is compared.
type quality struct {
	light  float64 // mean brightness of the face, 0..255
	sharp  float64 // fine detail in relation to contrast; about 0.02 blurred, 0.1 and more sharp
	turned float64 // 0 frontal, about 1 in half profile
	cut    float64 // part of the face box that lies outside of the picture, 0..1
	side   float64 // how much brighter one half of the face is, in powers of two, 0 and more
	seen   float64 // length of the embedding before it is made a unit; 0 where there is none
	sure   float64 // confidence of the detector, 0..1
}

// judge measures the aligned face, its five points and its place in the picture.
func judge(src, aligned raster, pts [5]point, box rect) quality {
	var q quality
	luma := aligned.luma()
	// Only the middle of the face: hair and background say nothing of it.
	const x0, x1, y0, y1 = 24, 88, 36, 100
	var sum, sq, lap, lapSq, n, left float64
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			i := y*alignSide + x
			c := luma[i]
			if x < alignSide/2 {
				left += c
			}
			l := 4*c - luma[i-1] - luma[i+1] - luma[i-alignSide] - luma[i+alignSide]
			sum, sq, lap, lapSq, n = sum+c, sq+c*c, lap+l, lapSq+l*l, n+1
		}
	}
	q.light = sum / n
	contrast := sq/n - q.light*q.light
	q.sharp = (lapSq/n - lap/n*lap/n) / math.Max(contrast, 1)

	q.side = math.Abs(math.Log2((left + 1) / (sum - left + 1)))

	le, re, nose := pts[0], pts[1], pts[2]
	ex, ey := re.x-le.x, re.y-le.y
	if d := ex*ex + ey*ey; d > 0 {
		// Where along the line of the eyes the tip of the nose lies: 0.5 is frontal.
		t := ((nose.x-le.x)*ex + (nose.y-le.y)*ey) / d
		q.turned = math.Abs(t-0.5) * 2
	} else {
		q.turned = 1
	}

	w := max(0, min(box.x+box.w, float64(src.w))-max(box.x, 0))
	h := max(0, min(box.y+box.h, float64(src.h))-max(box.y, 0))
	q.cut = 1 - w*h/(box.w*box.h)
	return q
}

// faults are all that the candidate or the light must change, what hides the
// others first.
func (q quality) faults() (out []Reason) {
	for _, f := range []struct {
		wrong bool
		why   Reason
	}{
		{q.cut > maxCut, CutOff},
		{q.light < minLight, TooDark},
		{q.light > maxLight, TooBright},
		{q.turned > maxTurned, Turned},
		{q.sharp < minSharp, Blurred},
		{q.side > maxSide, OneSided},
	} {
		if f.wrong {
			out = append(out, f.why)
		}
	}
	return out
}

// hidden reports whether something is before the face: what is not quite a
// face to the detector, or leaves the embedding little to go by.
func (q quality) hidden() bool { return q.sure < minSure || q.seen < minSeen }

// rank orders good frames of one person by what a registered photo needs:
// frontal, sharp, whole.
func (q quality) rank() float64 {
	return math.Min(q.sharp, 0.2)/0.2 - q.turned - q.cut
}
