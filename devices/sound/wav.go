package sound

import (
	"encoding/binary"
	"io"
	"math"
)

// wavSource is a WAV file: a RIFF file with a chunk that says how the samples are written and one that holds them.
type wavSource struct {
	data     []byte // the samples
	format   Format
	float    bool
	bytes    int // of one sample
	position int // in data
}

// The codes of the formats.
const (
	wavPCM        = 1
	wavFloat      = 3
	wavExtensible = 0xfffe
)

// wavOpenEnd is the length from which on a chunk of samples counts as open: a program that writes into a pipe does not know
// it, and puts the greatest number there.
const wavOpenEnd = 0x7fff0000

func openWAV(file []byte) (Source, error) {
	if len(file) < 12 || string(file[8:12]) != "WAVE" {
		return nil, bad("the file begins like a WAV and is none")
	}
	w := &wavSource{}
	for rest := file[12:]; ; {
		if len(rest) < 8 {
			return nil, bad("the WAV file has no samples: it may be cut off")
		}
		name, size := string(rest[:4]), uint64(binary.LittleEndian.Uint32(rest[4:]))
		rest = rest[8:]
		switch {
		case name == "data":
			if w.bytes == 0 {
				return nil, bad("the WAV file does not say how its samples are written")
			}
			if size >= wavOpenEnd {
				size = uint64(len(rest))
			}
			if size > uint64(len(rest)) {
				return nil, bad("the WAV file is cut off: of %d bytes of samples it has %d", size, len(rest))
			}
			w.data = rest[:size-size%uint64(w.bytes*w.format.Channels)]
			return w, nil
		case size > uint64(len(rest)):
			return nil, bad("the WAV file is cut off in its part %q", name)
		case name == "fmt ":
			if err := w.read(rest[:size]); err != nil {
				return nil, err
			}
		}
		size += size % 2 // parts begin at even places
		rest = rest[min(size, uint64(len(rest))):]
	}
}

func (w *wavSource) read(b []byte) error {
	if len(b) < 16 {
		return bad("the WAV file says in %d bytes how its samples are written, where 16 are the least", len(b))
	}
	code, channels := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:])
	rate, bits := binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint16(b[14:])
	if code == wavExtensible && len(b) >= 26 {
		code = binary.LittleEndian.Uint16(b[24:])
	}
	if channels < 1 || channels > 2 {
		return bad("it has %d channels, not 1 or 2", channels)
	}
	if rate > math.MaxInt32 {
		return bad("it has %d samples in a second, not 8000–192000", rate)
	}
	switch {
	case code == wavPCM && (bits == 8 || bits == 16 || bits == 24 || bits == 32):
	case code == wavFloat && bits == 32:
		w.float = true
	default:
		return bad("its samples have %d bits in the format %d: PCM of 8, 16, 24 or 32 bits and floating point of 32 can be read", bits, code)
	}
	w.format, w.bytes = Format{Rate: int(rate), Channels: int(channels)}, int(bits/8)
	return nil
}

func (w *wavSource) Format() Format { return w.format }
func (w *wavSource) Frames() int64  { return int64(len(w.data) / (w.bytes * w.format.Channels)) }

func (w *wavSource) Read(dst []int16) (int, error) {
	n := 0
	for ; n < len(dst) && w.position < len(w.data); n++ {
		dst[n] = w.sample(w.data[w.position : w.position+w.bytes])
		w.position += w.bytes
	}
	if n == 0 && len(dst) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (w *wavSource) sample(b []byte) int16 {
	switch {
	case w.float:
		return fromFloat(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case w.bytes == 1:
		return int16(int(b[0])-128) << 8
	}
	return int16(binary.LittleEndian.Uint16(b[w.bytes-2:])) // the upper half of what is longer
}

func (w *wavSource) GoTo(frame int64) error {
	w.position = int(min(max(frame, 0), w.Frames())) * w.bytes * w.format.Channels
	return nil
}
