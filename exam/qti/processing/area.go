package processing

import (
	"fmt"
	"math"
	"strings"
)

// Area is a region of a picture, in the picture's own pixels from its upper left corner, y downwards.
type Area struct {
	Shape  string // rect, circle, ellipse, poly or default (everywhere)
	Coords []float64
}

// ParseArea reads an area as HTML image maps write it: rect left,top,right,bottom; circle x,y,radius; ellipse x,y,rx,ry; poly
// x1,y1,…. Per cent are not read.
func ParseArea(shape, coords string) (Area, error) {
	a := Area{Shape: strings.ToLower(strings.TrimSpace(shape))}
	for _, f := range strings.FieldsFunc(coords, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' || r == '\r' }) {
		x, ok := parseFloat(f)
		if !ok {
			return Area{}, fmt.Errorf("the coordinate %q is no number", shorten(f))
		}
		a.Coords = append(a.Coords, x)
	}
	n := len(a.Coords)
	ok := false
	switch a.Shape {
	case "default":
		ok = true
	case "rect":
		ok = n == 4
		if ok {
			a.Coords[0], a.Coords[2] = min(a.Coords[0], a.Coords[2]), max(a.Coords[0], a.Coords[2])
			a.Coords[1], a.Coords[3] = min(a.Coords[1], a.Coords[3]), max(a.Coords[1], a.Coords[3])
		}
	case "circle":
		ok = n == 3
	case "ellipse":
		ok = n == 4
	case "poly":
		// Some tools repeat the first point and some lose a number at the end.
		ok = n >= 6 && n%2 == 0
	default:
		return Area{}, fmt.Errorf("the shape %q is not known", shape)
	}
	if !ok {
		return Area{}, fmt.Errorf("%d coordinates do not make a %s", n, a.Shape)
	}
	return a, nil
}

// Contains reports whether the point lies in the area or on its border.
func (a Area) Contains(x, y float64) bool {
	c := a.Coords
	switch a.Shape {
	case "default":
		return true
	case "rect":
		return c[0] <= x && x <= c[2] && c[1] <= y && y <= c[3]
	case "circle":
		return math.Hypot(x-c[0], y-c[1]) <= c[2]
	case "ellipse":
		if c[2] <= 0 || c[3] <= 0 {
			return false
		}
		dx, dy := (x-c[0])/c[2], (y-c[1])/c[3]
		return dx*dx+dy*dy <= 1
	case "poly":
		in := false
		for i, j := 0, len(c)-2; i < len(c); j, i = i, i+2 {
			x1, y1, x2, y2 := c[i], c[i+1], c[j], c[j+1]
			if cross := (x-x1)*(y2-y1) - (y-y1)*(x2-x1); cross == 0 && min(x1, x2) <= x && x <= max(x1, x2) && min(y1, y2) <= y && y <= max(y1, y2) {
				return true
			}
			if (y1 > y) != (y2 > y) && x < (x2-x1)*(y-y1)/(y2-y1)+x1 {
				in = !in
			}
		}
		return in
	}
	return false
}

// Centre returns a point of the area, as near to its middle as its shape allows.
func (a Area) Centre() (x, y float64) {
	c := a.Coords
	switch a.Shape {
	case "rect":
		return (c[0] + c[2]) / 2, (c[1] + c[3]) / 2
	case "circle", "ellipse":
		return c[0], c[1]
	case "poly":
		for i := 0; i < len(c); i += 2 {
			x += c[i] / float64(len(c)/2)
			y += c[i+1] / float64(len(c)/2)
		}
		if !a.Contains(x, y) {
			return c[0], c[1]
		}
	}
	return x, y
}
