package assets

import (
	"bytes"
	"encoding/binary"
	"sync"
)

// The sound of the paper that shows all kinds of tasks. It is made here, by whole numbers alone, so that it is the same on
// every computer and has the digest that the paper names, and no recording need be kept.
const (
	tunePaper = "kinds-demo"
	tuneFile  = "tones.wav"
	tuneRate  = 16000
)

// tones are the notes, as frequencies in Hz: five, with a pause after each.
var tones = []int{440, 523, 587, 523, 659}

// tune returns a WAV file of 16 bits and one channel.
var tune = sync.OnceValue(func() []byte {
	var samples []int16
	for _, hz := range tones {
		samples = append(samples, note(hz, tuneRate*7/10)...)
		samples = append(samples, make([]int16, tuneRate*5/10)...)
	}
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) } // a buffer takes everything
	b.WriteString("RIFF")
	put(uint32(36 + 2*len(samples)))
	b.WriteString("WAVEfmt ")
	for _, v := range []any{uint32(16), uint16(1), uint16(1), uint32(tuneRate), uint32(2 * tuneRate), uint16(2), uint16(16)} {
		put(v)
	}
	b.WriteString("data")
	put(uint32(2 * len(samples)))
	put(samples)
	return b.Bytes()
})

// note returns a tone that swells and fades. Its wave is two parabolas, which is near enough to a sine for an ear.
func note(hz, frames int) []int16 {
	const top = 12000
	fade := tuneRate / 20
	out := make([]int16, frames)
	for i := range out {
		phase := (i * hz * 2000 / tuneRate) % 2000 // a thousandth of half a wave
		half, sign := phase, 1
		if phase >= 1000 {
			half, sign = phase-1000, -1
		}
		loud := min(i, frames-1-i, fade)
		out[i] = int16(sign * top * half * (1000 - half) / 250000 * loud / fade)
	}
	return out
}
