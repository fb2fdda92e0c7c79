package sound

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hajimehoshi/go-mp3"
	"github.com/jfreymuth/oggvorbis"
)

// MaxBytes is the greatest file that Open reads.
const MaxBytes = 64 << 20

// FormatError says what is wrong with a sound's file.
type FormatError struct{ What string }

// Error implements error.
func (e *FormatError) Error() string { return "sound: " + e.What }

func bad(format string, args ...any) error { return &FormatError{fmt.Sprintf(format, args...)} }

// Open reads a WAV (PCM of 8 to 32 bits, or floating point), MP3 or Ogg Vorbis file, told apart by their content, with one or
// two channels. The source keeps data, which must not change. An error is one of *FormatError.
func Open(data []byte) (s Source, err error) {
	defer guard(&err)
	switch {
	case len(data) > MaxBytes:
		return nil, bad("the file has %d bytes, more than %d", len(data), MaxBytes)
	case len(data) == 0:
		return nil, bad("the file is empty")
	case bytes.HasPrefix(data, []byte("RIFF")):
		s, err = openWAV(data)
	case bytes.HasPrefix(data, []byte("OggS")):
		s, err = openVorbis(data)
	case bytes.HasPrefix(data, []byte("ID3")), data[0] == 0xff && len(data) > 1 && data[1]&0xe0 == 0xe0:
		s, err = openMP3(data)
	default:
		return nil, bad("the file is no WAV, MP3 or Ogg Vorbis")
	}
	if err != nil {
		return nil, err
	}
	f := s.Format()
	if f.Rate < 8000 || f.Rate > 192000 {
		return nil, bad("it has %d samples in a second, not 8000–192000", f.Rate)
	}
	if f.Channels < 1 || f.Channels > 2 {
		return nil, bad("it has %d channels, not 1 or 2", f.Channels)
	}
	if s.Frames() < 1 {
		return nil, bad("it holds no sound")
	}
	return s, nil
}

// Check decodes a whole file and returns how long it plays. It takes about a hundredth of that time.
func Check(data []byte) (time.Duration, error) {
	s, err := Open(data)
	if err != nil {
		return 0, err
	}
	buf := make([]int16, 4096*s.Format().Channels)
	n := int64(0)
	for {
		k, err := s.Read(buf)
		n += int64(k / s.Format().Channels)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, fmt.Errorf("after %v: %w", Time(n, s.Format().Rate).Round(10*time.Millisecond), err)
		}
	}
	// Encoders pad the last block, so the two may differ by a little.
	if missing := s.Frames() - n; missing > int64(s.Format().Rate)/4 {
		return 0, bad("it ends after %v, its length is given as %v", Time(n, s.Format().Rate).Round(10*time.Millisecond), Length(s).Round(10*time.Millisecond))
	}
	return Length(s), nil
}

// guard makes an error of a decoder that gives up on a damaged file by a panic.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = bad("the file is damaged: %v", r)
	}
}

// damaged makes a *FormatError of a decoder's error.
func damaged(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return bad("the file is damaged: %v", err)
}

type mp3Source struct {
	d   *mp3.Decoder
	raw []byte
}

// The decoder gives two channels of 16 bits whatever the file has.
const mp3Frame = 4

func openMP3(data []byte) (Source, error) {
	d, err := mp3.NewDecoder(bytes.NewReader(data))
	if err != nil {
		return nil, bad("the file is no MP3 that can be read: %v", err)
	}
	return &mp3Source{d: d}, nil
}

func (m *mp3Source) Format() Format { return Format{Rate: m.d.SampleRate(), Channels: 2} }
func (m *mp3Source) Frames() int64  { return m.d.Length() / mp3Frame }

func (m *mp3Source) Read(dst []int16) (n int, err error) {
	defer guard(&err)
	if cap(m.raw) < 2*len(dst) {
		m.raw = make([]byte, 2*len(dst))
	}
	k, err := io.ReadFull(m.d, m.raw[:2*len(dst)])
	k -= k % mp3Frame
	for i := range k / 2 {
		dst[i] = int16(uint16(m.raw[2*i]) | uint16(m.raw[2*i+1])<<8)
	}
	switch {
	case k > 0:
		return k / 2, nil
	case err == nil || errors.Is(err, io.ErrUnexpectedEOF):
		return 0, io.EOF
	}
	return 0, damaged(err)
}

func (m *mp3Source) GoTo(frame int64) (err error) {
	defer guard(&err)
	if frame >= m.Frames() {
		frame = max(0, m.Frames()-1) // the decoder has no frame behind the last
	}
	_, err = m.d.Seek(frame*mp3Frame, io.SeekStart)
	return damaged(err)
}

type vorbisSource struct {
	r   *oggvorbis.Reader
	raw []float32
}

func openVorbis(data []byte) (Source, error) {
	r, err := oggvorbis.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, bad("the file is no Ogg Vorbis that can be read: %v", err)
	}
	return &vorbisSource{r: r}, nil
}

func (v *vorbisSource) Format() Format {
	return Format{Rate: v.r.SampleRate(), Channels: v.r.Channels()}
}

func (v *vorbisSource) Frames() int64 { return v.r.Length() }

func (v *vorbisSource) Read(dst []int16) (n int, err error) {
	defer guard(&err)
	if cap(v.raw) < len(dst) {
		v.raw = make([]float32, len(dst))
	}
	k, err := v.r.Read(v.raw[:len(dst)])
	for i, x := range v.raw[:k] {
		dst[i] = fromFloat(x)
	}
	if k > 0 {
		return k, nil
	}
	if err == nil {
		return 0, io.EOF
	}
	return 0, damaged(err)
}

func (v *vorbisSource) GoTo(frame int64) (err error) {
	defer guard(&err)
	return damaged(v.r.SetPosition(min(frame, v.Frames())))
}

// fromFloat makes a sample of one between −1 and 1; what is beyond is cut off, and what is no number is silence.
func fromFloat(x float32) int16 {
	switch {
	case x != x:
		return 0
	case x >= 1:
		return 32767
	case x <= -1:
		return -32768
	}
	return int16(x * 32767)
}
