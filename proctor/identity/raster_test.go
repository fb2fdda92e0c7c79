package identity

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// The short way for upright crops gives the same picture to the byte.
func TestShrinkIsWarp(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	src := grey(301, 203)
	for i := range src.pix {
		src.pix[i] = byte(rnd.UintN(256))
	}
	for _, m := range []affine{
		{a: 2.3, e: 2.3},
		{a: 3.7, c: -40.5, e: 3.1, f: 12.25},
		{a: 5.9, c: 100, e: 5.9, f: -300},
	} {
		for n := 2; n <= 4; n++ {
			short := grey(64, 48)
			src.shrink(m, n, short)
			// A turn too small to move any sample takes the long way.
			turned := m
			turned.b = 1e-300
			if int(m.scale()+0.25) != n {
				continue
			}
			long := src.warp(turned, 64, 48)
			if !bytes.Equal(short.pix, long.pix) {
				t.Errorf("%+v with %d samples: another picture", m, n)
			}
		}
	}
}
