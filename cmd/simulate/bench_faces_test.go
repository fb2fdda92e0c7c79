package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestEqualError(t *testing.T) {
	for name, tc := range map[string]struct {
		same, different []float64
		want            float64
	}{
		"apart":     {[]float64{0.6, 0.7}, []float64{0.1, 0.2}, 0},
		"one falls": {[]float64{0.1, 0.6, 0.7, 0.8}, []float64{0.0, 0.05, 0.2, 0.3}, 0.25},
		"the same":  {[]float64{0.5, 0.6}, []float64{0.5, 0.6}, 0.5},
	} {
		if got := equalError(tc.same, tc.different); math.Abs(got-tc.want) > 0.26*tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

func TestFacePicturesAreSVG(t *testing.T) {
	same, different := []float64{0.37, 0.5, 0.9}, []float64{-0.3, 0, 0.25}
	for name, data := range map[string][]byte{
		"histogram": histogram(same, different, 0.3, 0.5), "roc": roc(same, different, 0.5), "errors": errorRates(same, different, 0.5),
	} {
		d := xml.NewDecoder(bytes.NewReader(data))
		elements := 0
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, ok := token.(xml.StartElement); ok {
				elements++
			}
		}
		if elements < 10 || bytes.Contains(data, []byte("NaN")) || bytes.Contains(data, []byte("Inf")) || len(data) > 20_000 {
			t.Errorf("%s: %d elements, %d bytes", name, elements, len(data))
		}
	}
}

// A program that is slow misses pictures, one that is quick waits for none.
func TestShownSourcePlaysInItsOwnTime(t *testing.T) {
	var asked []int
	s := &shownSource{n: 50, fps: 25, picture: func(i int) frameBGR {
		asked = append(asked, i)
		return frameBGR{2, 2, make([]byte, 12)}
	}}
	began := time.Now()
	var seq uint64
	for {
		f, err := s.Next(t.Context(), seq)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || f.Seq <= seq {
			t.Fatalf("%d after %d, %v", f.Seq, seq, err)
		}
		if seq == 9 {
			// As if the models had taken a second.
			s.given = s.given.Add(-time.Second)
		}
		seq = f.Seq
	}
	if seq != 50 || s.spent() < 1960*time.Millisecond || time.Since(began) > time.Minute {
		t.Errorf("the last of 50 pictures is %d after %v", seq, s.spent())
	}
	if len(asked) > 30 {
		t.Errorf("%d pictures although a second was lost", len(asked))
	}
}

func TestAttacksMakePictures(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	real := make([]frameBGR, 4)
	for i := range real {
		real[i] = frameBGR{64, 48, make([]byte, 64*48*3)}
		for k := range real[i].pix {
			real[i].pix[k] = byte(rnd.UintN(256))
		}
	}
	for _, a := range attacks() {
		picture := a.make(real, 7)
		first, later := picture(0), picture(40)
		if len(first.pix) != first.w*first.h*3 || first.w < 64 || len(later.pix) != len(first.pix) {
			t.Errorf("%s: %d×%d with %d bytes", a.name, first.w, first.h, len(first.pix))
		}
		if bytes.Equal(first.pix, later.pix) {
			t.Errorf("%s: the same picture to the byte", a.name)
		}
	}
	// A sheet that is neither moved nor tilted is shown as it is.
	if flat := real[0].tilted(1, 0, 0, 0, 0); !bytes.Equal(flat.pix, real[0].pix) {
		t.Error("a sheet that was not moved is another picture")
	}
}
