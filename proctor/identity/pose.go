package identity

import "math"

// Pose is how the head is held, in degrees. It is about 0 0 0 for who looks
// into the camera; faces differ, so that some degrees of it belong to the
// person (most of all in Pitch). The directions are the person's own: Yaw is
// positive to the person's left (the right of an unmirrored picture), Pitch is
// positive upwards, Roll is positive with the head tilted to the left shoulder.
type Pose struct{ Yaw, Pitch, Roll float64 }

// head is where the landmarks of an average face lie, in millimetres from the
// tip of the nose: to the person's left, upwards, towards the camera. Only
// points that do not move with the mouth's opening or with the lids are taken.
var head = []struct {
	id      int
	x, y, z float64
}{
	{36, -45, 35, -30},
	{39, -17, 34, -23},
	{42, 17, 34, -23},
	{45, 45, 35, -30},
	{27, 0, 38, -12},
	{30, 0, 0, 0},
	{33, 0, -12, -10},
	{48, -25, -33, -22},
	{54, 25, -33, -22},
}

// headInverse solves for the eight numbers of a parallel projection.
var headInverse = func() [4][]float64 {
	var a [4][8]float64 // normal equations beside the identity
	row := func(i int) [4]float64 { return [4]float64{head[i].x, head[i].y, head[i].z, 1} }
	for k := range head {
		p := row(k)
		for i := range 4 {
			for j := range 4 {
				a[i][j] += p[i] * p[j]
			}
		}
	}
	for i := range 4 {
		a[i][4+i] = 1
	}
	for i := range 4 {
		// The matrix is positive definite: its pivots are never 0.
		p := a[i][i]
		for j := range a[i] {
			a[i][j] /= p
		}
		for k := range 4 {
			if k == i {
				continue
			}
			f := a[k][i]
			for j := range a[k] {
				a[k][j] -= f * a[i][j]
			}
		}
	}
	var inv [4][]float64
	for i := range 4 {
		inv[i] = make([]float64, len(head))
		for k := range head {
			p := row(k)
			for j := range 4 {
				inv[i][k] += a[i][4+j] * p[j]
			}
		}
	}
	return inv
}()

// poseOf is the pose of 68 landmarks: the rotation under which the average
// head, seen from far away, comes closest to them. It reports false for
// points that are no face.
func poseOf(pts []point) (Pose, bool) {
	var u, v [3]float64
	for i := range 3 {
		for k, h := range head {
			u[i] += headInverse[i][k] * pts[h.id].x
			v[i] -= headInverse[i][k] * pts[h.id].y
		}
	}
	nu := math.Sqrt(dot3(u, u))
	if !(nu > 0) || math.IsInf(nu, 0) {
		return Pose{}, false
	}
	for i := range 3 {
		u[i] /= nu
	}
	d := dot3(u, v)
	for i := range 3 {
		v[i] -= d * u[i]
	}
	nv := math.Sqrt(dot3(v, v))
	if !(nv > 0) || math.IsInf(nv, 0) {
		return Pose{}, false
	}
	for i := range 3 {
		v[i] /= nv
	}
	z := [3]float64{u[1]*v[2] - u[2]*v[1], u[2]*v[0] - u[0]*v[2], u[0]*v[1] - u[1]*v[0]}
	const deg = 180 / math.Pi
	p := Pose{
		Yaw:   math.Atan2(u[2], z[2]) * deg,
		Pitch: math.Asin(max(-1, min(1, v[2]))) * deg,
		Roll:  math.Atan2(u[1], v[1]) * deg,
	}
	return p, !math.IsNaN(p.Yaw + p.Pitch + p.Roll)
}

func dot3(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

// lids are the landmarks of an eye: outer or inner corner, two of the upper
// lid, the other corner, two of the lower lid.
var lids = [2][6]int{{36, 37, 38, 39, 40, 41}, {42, 43, 44, 45, 46, 47}}

// eyes says how open the more open eye is, 0 closed … 1 open, by the model,
// and by the landmarks the height of its opening by the width. Who closes one
// eye has not closed both. It gives NaN where there are no eyes to be seen.
func (v *Verifier) eyes(src raster, pts []point) (open, ratio float64, err error) {
	if err := v.eye.wake(); err != nil {
		return 0, 0, err
	}
	for _, e := range lids {
		var c point
		for _, i := range []int{1, 2, 4, 5} {
			c.x += pts[e[i]].x / 4
			c.y += pts[e[i]].y / 4
		}
		width := distance(pts[e[0]], pts[e[3]])
		side := width * eyeContext
		if !(side > 4) || math.IsInf(side, 0) {
			return math.NaN(), math.NaN(), nil
		}
		ratio = max(ratio, (distance(pts[e[1]], pts[e[5]])+distance(pts[e[2]], pts[e[4]]))/2/width)
		v.eye.fillLevelled(src.warp(cropTo(rect{c.x - side/2, c.y - side/2, side, side}, eyeSide, eyeSide), eyeSide, eyeSide), eyeMean, eyeSpread)
		outs, err := v.eye.run("output")
		if err != nil {
			return 0, 0, err
		}
		p := softmax(outs[0])
		if math.IsNaN(p[1]) {
			return 0, 0, errModelOutput
		}
		open = max(open, p[1])
	}
	return open, ratio, nil
}

func distance(a, b point) float64 { return math.Hypot(a.x-b.x, a.y-b.y) }

const (
	eyeSide    = 24
	eyeContext = 1.6 // the model was trained on the eye with the lids around
	// Each eye is brought to the same mean and spread of brightness: as it is,
	// the model calls half of the frames of a dim room closed, so 3 to 4 %.
	eyeMean, eyeSpread = 0.55, 0.15
)
