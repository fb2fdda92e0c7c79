package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

const (
	chartW, chartH            = 640, 320
	chartLeft, chartTop       = 56, 34
	chartRight, chartBottom   = 620, 272
	colourSame, colourOther   = "#1b6e4f", "#a33b2a"
	colourGrid, colourWriting = "#cfcfcf", "#333333"
)

// chart is the frame of a picture: a title, two axes with marks.
func chart(b *strings.Builder, title, below, beside string, xs, ys []float64, x, y func(float64) float64, number string) {
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="%s">`+"\n", chartW, chartH, colourWriting)
	fmt.Fprintf(b, `<rect width="%d" height="%d" fill="#ffffff"/><text x="%d" y="20" font-size="14">%s</text>`+"\n", chartW, chartH, chartLeft, title)
	for _, v := range xs {
		fmt.Fprintf(b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s"/><text x="%.1f" y="%d" text-anchor="middle">`+number+`</text>`+"\n", x(v), chartTop, x(v), chartBottom, colourGrid, x(v), chartBottom+16, v)
	}
	for _, v := range ys {
		fmt.Fprintf(b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="%s"/><text x="%d" y="%.1f" text-anchor="end">%g</text>`+"\n", chartLeft, y(v), chartRight, y(v), colourGrid, chartLeft-6, y(v)+4, v)
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">%s</text><text x="14" y="%d" text-anchor="middle" transform="rotate(-90 14 %d)">%s</text>`+"\n",
		(chartLeft+chartRight)/2, chartH-12, below, (chartTop+chartBottom)/2, (chartTop+chartBottom)/2, beside)
}

// histogram shows how the similarities of one person and of two lie to the thresholds.
func histogram(same, different []float64, refuse, accept float64) []byte {
	const low, high, bins = -0.4, 1.0, 56
	count := func(v []float64) (out [bins]float64, most float64) {
		for _, s := range v {
			i := max(0, min(bins-1, int((s-low)/(high-low)*bins)))
			out[i] += 100 / float64(len(v))
		}
		return out, slices.Max(out[:])
	}
	a, ma := count(same)
	b, mb := count(different)
	top := math.Ceil(max(ma, mb)/5) * 5
	x := func(v float64) float64 { return chartLeft + (v-low)/(high-low)*(chartRight-chartLeft) }
	y := func(v float64) float64 { return chartBottom - v/top*(chartBottom-chartTop) }
	var out strings.Builder
	var ys []float64
	for v := 0.0; v <= top; v += 5 {
		ys = append(ys, v)
	}
	chart(&out, fmt.Sprintf("Similarity of stills: %d pairs of one person, %d of two", len(same), len(different)), "cosine similarity", "% of pairs",
		[]float64{-0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8, 1}, ys, x, y, "%.1f")
	for i := range bins {
		from := low + float64(i)*(high-low)/bins
		width := x(from+(high-low)/bins) - x(from)
		for _, bar := range []struct {
			v float64
			c string
		}{{b[i], colourOther}, {a[i], colourSame}} {
			if bar.v > 0 {
				fmt.Fprintf(&out, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s" fill-opacity="0.7"/>`+"\n", x(from), y(bar.v), width, y(0)-y(bar.v), bar.c)
			}
		}
	}
	for _, t := range []struct {
		v    float64
		word string
	}{{refuse, "refused below"}, {accept, "accepted from"}} {
		fmt.Fprintf(&out, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s" stroke-dasharray="4 3"/><text x="%.1f" y="%d">%s %.2f</text>`+"\n",
			x(t.v), chartTop, x(t.v), chartBottom, colourWriting, x(t.v)+4, chartTop+12, t.word, t.v)
	}
	fmt.Fprintf(&out, `<text x="%.1f" y="%d" fill="%s">two persons</text><text x="%.1f" y="%d" fill="%s">one person</text></svg>`+"\n",
		x(-0.3), chartTop+40, colourOther, x(0.75), chartTop+40, colourSame)
	return []byte(out.String())
}

// roc shows what part of one person's pairs is accepted for each part of strangers' pairs that is, and the shipped point.
func roc(same, different []float64, accept float64) []byte {
	// None of n pairs is drawn at the left edge, where the axis has no value.
	least := 100 / float64(len(different)) / 2
	x := func(v float64) float64 {
		return chartLeft + math.Log(max(v, least)/least)/math.Log(100/least)*(chartRight-chartLeft)
	}
	y := func(v float64) float64 { return chartBottom - v/100*(chartBottom-chartTop) }
	var out strings.Builder
	chart(&out, fmt.Sprintf("ROC of stills: %d pairs of one person, %d of two", len(same), len(different)), "% of strangers accepted (logarithmic; left edge: none)",
		"% of one person accepted", []float64{0.1, 1, 10, 100}, []float64{0, 20, 40, 60, 80, 100}, x, y, "%g")
	var points []string
	for t := 1.0; t >= -0.5; t -= 0.005 {
		points = append(points, fmt.Sprintf("%.1f,%.1f", x(100*(1-below(different, t))), y(100*(1-below(same, t)))))
	}
	px, py := x(100*(1-below(different, accept))), y(100*(1-below(same, accept)))
	fmt.Fprintf(&out, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/><circle cx="%.1f" cy="%.1f" r="5" fill="%s"/><text x="%.1f" y="%.1f">shipped threshold %.2f</text></svg>`+"\n",
		strings.Join(points, " "), colourSame, px, py, colourOther, px+10, py+16, accept)
	return []byte(out.String())
}

// errorRates shows both error rates against the threshold, and marks the one that is shipped.
func errorRates(same, different []float64, accept float64) []byte {
	const low, high = 0.0, 0.8
	x := func(v float64) float64 { return chartLeft + (v-low)/(high-low)*(chartRight-chartLeft) }
	// Tenths of a percent must be seen: the axis is logarithmic from 0.03 %.
	const least = 0.03
	y := func(v float64) float64 {
		return chartBottom - math.Log(max(v, least)/least)/math.Log(100/least)*(chartBottom-chartTop)
	}
	var out strings.Builder
	chart(&out, "Error rates of stills at each threshold", "threshold of the cosine similarity", "% (logarithmic)",
		[]float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8}, []float64{0.1, 1, 10, 100}, x, y, "%.1f")
	for _, curve := range []struct {
		rate   func(t float64) float64
		colour string
	}{
		{func(t float64) float64 { return below(same, t) }, colourSame},
		{func(t float64) float64 { return 1 - below(different, t) }, colourOther},
	} {
		var points []string
		for t := low; t <= high; t += 0.005 {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(t), y(100*curve.rate(t))))
		}
		fmt.Fprintf(&out, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), curve.colour)
	}
	fmt.Fprintf(&out, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s" stroke-dasharray="4 3"/><text x="%.1f" y="%d">shipped %.2f</text>`+"\n",
		x(accept), chartTop, x(accept), chartBottom, colourWriting, x(accept)+4, chartTop+12, accept)
	fmt.Fprintf(&out, `<text x="%.1f" y="%d" fill="%s">strangers accepted</text><text x="%.1f" y="%d" fill="%s">one person not accepted</text></svg>`+"\n",
		x(0.02), chartTop+70, colourOther, x(0.58), chartTop+70, colourSame)
	return []byte(out.String())
}
