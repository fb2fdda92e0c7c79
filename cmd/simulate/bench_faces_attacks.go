package main

import (
	"context"
	"io"
	"math"
	"math/rand/v2"
	"time"

	"emtihan/devices/camera"
)

// frameBGR is a picture of a camera without its time.
type frameBGR struct {
	w, h int
	pix  []byte
}

func (p frameBGR) at(x, y float64, c int) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ax, ay := x-fx, y-fy
	get := func(i, j int) float64 {
		i, j = max(0, min(p.w-1, i)), max(0, min(p.h-1, j))
		return float64(p.pix[(j*p.w+i)*3+c])
	}
	x0, y0 := int(fx), int(fy)
	return (get(x0, y0)*(1-ax)+get(x0+1, y0)*ax)*(1-ay) + (get(x0, y0+1)*(1-ax)+get(x0+1, y0+1)*ax)*ay
}

// shown draws the picture on a w×h scene: back maps a point of the scene to the picture, and what lies outside of the
// picture is drawn by around.
func (p frameBGR) shown(w, h int, back func(x, y float64) (float64, float64), around func(x, y, u, v float64, c int) float64) frameBGR {
	out := frameBGR{w, h, make([]byte, w*h*3)}
	for y := range h {
		for x := range w {
			u, v := back(float64(x), float64(y))
			inside := u >= 0 && v >= 0 && u <= float64(p.w-1) && v <= float64(p.h-1)
			for c := range 3 {
				var l float64
				if inside {
					l = p.at(u, v, c)
				} else {
					l = around(float64(x), float64(y), u, v, c)
				}
				out.pix[(y*w+x)*3+c] = byte(max(0, min(255, l+0.5)))
			}
		}
	}
	return out
}

// twice has four times as many pixels, as the camera that films a screen or a print would.
func (p frameBGR) twice() frameBGR {
	return p.shown(2*p.w, 2*p.h, func(x, y float64) (float64, float64) {
		return min(x/2, float64(p.w-1)), min(y/2, float64(p.h-1))
	}, nil)
}

// noised adds the noise of a sensor, with a standard deviation of sd levels.
func (p frameBGR) noised(sd float64, rnd *rand.Rand) frameBGR {
	out := frameBGR{p.w, p.h, make([]byte, len(p.pix))}
	for i, b := range p.pix {
		out.pix[i] = byte(max(0, min(255, float64(b)+rnd.NormFloat64()*sd+0.5)))
	}
	return out
}

// room is the wall behind a print or a screen.
func room(x, y, _, _ float64, c int) float64 {
	return 110 + 25*math.Sin(x/90+float64(c)) + 15*math.Sin(y/70)
}

// attack makes the pictures that the camera sees when somebody else shows the right person's face. real are 25 pictures a
// second of that person; the returned function gives the picture of a moment.
type attack struct {
	name string
	make func(real []frameBGR, seed uint64) func(i int) frameBGR
}

const sensorNoise = 3 // levels of 0..255, a webcam in a lit room

func attacks() []attack {
	return []attack{
		{"still", func(real []frameBGR, seed uint64) func(int) frameBGR {
			// A print on a stand that fills the view.
			rnd := rand.New(rand.NewPCG(seed, 1))
			return func(int) frameBGR { return real[0].noised(sensorNoise, rnd) }
		}},
		{"held", func(real []frameBGR, seed uint64) func(int) frameBGR {
			// A print in a hand: it moves, and tilts by up to 25° in both directions.
			rnd := rand.New(rand.NewPCG(seed, 2))
			big := real[0].twice()
			phase := [4]float64{rnd.Float64() * 6, rnd.Float64() * 6, rnd.Float64() * 6, rnd.Float64() * 6}
			return func(i int) frameBGR {
				t := float64(i) / 25
				dx, dy := 30*math.Sin(1.3*t+phase[0]), 20*math.Sin(1.7*t+phase[1])
				yaw, pitch := 0.44*math.Sin(0.9*t+phase[2]), 0.35*math.Sin(1.1*t+phase[3])
				return big.tilted(0.8, dx, dy, yaw, pitch).noised(sensorNoise, rnd)
			}
		}},
		{"replay", func(real []frameBGR, seed uint64) func(int) frameBGR {
			// A tablet with its border in view.
			return replay(real, seed, 0.62, 16)
		}},
		{"replay_near", func(real []frameBGR, seed uint64) func(int) frameBGR {
			// A screen that fills the view: no border.
			return replay(real, seed, 1.02, 16)
		}},
		{"loop", func(real []frameBGR, seed uint64) func(int) frameBGR {
			// A recording of a second and a half in place of the camera, again and again, not to the byte the same.
			rnd := rand.New(rand.NewPCG(seed, 4))
			n := min(37, len(real))
			return func(i int) frameBGR { return real[i%n].noised(sensorNoise, rnd) }
		}},
	}
}

// tilted shows the picture as a sheet at part k of the view, turned by yaw and pitch in radians about its middle.
func (p frameBGR) tilted(k, dx, dy, yaw, pitch float64) frameBGR {
	const far = 1.8 // distance of the sheet in its own widths
	cx, cy := float64(p.w)/2, float64(p.h)/2
	d := far * float64(p.w)
	sy, cyaw, sp, cp := math.Sin(yaw), math.Cos(yaw), math.Sin(pitch), math.Cos(pitch)
	// A point of the sheet (u, v, 0) goes to r1·u + r2·v; the view divides by the distance.
	r1, r2 := [3]float64{cyaw, sy * sp, -sy * cp}, [3]float64{0, cp, sp}
	return p.shown(p.w, p.h, func(x, y float64) (float64, float64) {
		a, b := (x-cx-dx)/k/d, (y-cy-dy)/k/d
		// x = r1x·u + r2x·v = a·(d + z), with z = r1z·u + r2z·v; the same for y.
		m11, m12 := r1[0]-a*r1[2], r2[0]-a*r2[2]
		m21, m22 := r1[1]-b*r1[2], r2[1]-b*r2[2]
		det := m11*m22 - m12*m21
		u, v := (a*d*m22-b*d*m12)/det, (m11*b*d-m21*a*d)/det
		return u + cx, v + cy
	}, room)
}

// replay shows the recording on a screen at part k of the view: paler, with another gamma, moiré of the two grids of
// pixels, and a dark border.
func replay(real []frameBGR, seed uint64, k, border float64) func(int) frameBGR {
	rnd := rand.New(rand.NewPCG(seed, 3))
	angle, period := 0.15+0.2*rnd.Float64(), 4.5+2*rnd.Float64()
	var gamma [256]float64
	for i := range gamma {
		gamma[i] = 18 + 225*math.Pow(float64(i)/255, 0.8)
	}
	return func(i int) frameBGR {
		// What is shown is as long as the recording; it is turned round at its end so that it has no seam.
		n := len(real)
		j := i % max(1, 2*n-2)
		if j >= n {
			j = 2*n - 2 - j
		}
		big := real[j].twice()
		for q, b := range big.pix {
			big.pix[q] = byte(gamma[b])
		}
		cx, cy := float64(big.w)/2, float64(big.h)/2
		sway := 2 * math.Sin(float64(i)/25)
		out := big.shown(big.w, big.h, func(x, y float64) (float64, float64) {
			return (x-cx-sway)/k + cx, (y-cy)/k + cy
		}, func(x, y, u, v float64, c int) float64 {
			if u > -border/k && v > -border/k && u < float64(big.w)+border/k && v < float64(big.h)+border/k {
				return 14
			}
			return room(x, y, u, v, c)
		})
		sin, cos := math.Sincos(angle)
		for y := range out.h {
			for x := range out.w {
				u, v := (float64(x)-cx)/k, (float64(y)-cy)/k
				if math.Abs(u) > cx || math.Abs(v) > cy {
					continue
				}
				m := 1 + 0.05*math.Sin(2*math.Pi*(float64(x)*cos+float64(y)*sin)/period) + 0.03*math.Sin(2*math.Pi*float64(y)/2.7)
				for c := range 3 {
					o := (y*out.w+x)*3 + c
					out.pix[o] = byte(max(0, min(255, float64(out.pix[o])*m)))
				}
			}
		}
		return out.noised(sensorNoise, rnd)
	}
}

// shownSource plays pictures as a camera of 25 a second would give them to a program of this speed, without waiting: what
// passes between two calls passes in the pictures too.
type shownSource struct {
	picture func(i int) frameBGR
	n       int // pictures; 0 for no end
	fps     float64

	base  time.Time
	now   time.Duration
	given time.Time
}

// Next gives the picture of the moment.
func (s *shownSource) Next(ctx context.Context, after uint64) (camera.Frame, error) {
	if err := ctx.Err(); err != nil {
		return camera.Frame{}, err
	}
	if s.base.IsZero() {
		s.base = time.Now()
	} else {
		s.now += time.Since(s.given)
	}
	i := max(int(after), int(s.now.Seconds()*s.fps))
	if s.n > 0 && i >= s.n {
		return camera.Frame{}, io.EOF
	}
	at := time.Duration(float64(i) / s.fps * float64(time.Second))
	s.now = max(s.now, at)
	p := s.picture(i)
	s.given = time.Now()
	return camera.Frame{At: s.base.Add(at), Seq: uint64(i) + 1, Width: p.w, Height: p.h, BGR: p.pix}, nil
}

// spent is the time of the pictures that has passed until now.
func (s *shownSource) spent() time.Duration {
	if s.given.IsZero() {
		return 0
	}
	return s.now + time.Since(s.given)
}
