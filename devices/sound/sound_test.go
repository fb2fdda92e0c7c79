package sound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// wav writes samples of 16 bits as a WAV file.
func wav(rate, channels int, samples []int16) []byte {
	return wavOf(wavPCM, rate, channels, 16, func(b *bytes.Buffer) { write(b, samples) })
}

func write(b *bytes.Buffer, v any) {
	if err := binary.Write(b, binary.LittleEndian, v); err != nil {
		panic(err) // a buffer takes everything
	}
}

func wavOf(code, rate, channels, bits int, body func(*bytes.Buffer)) []byte {
	var data, out bytes.Buffer
	body(&data)
	out.WriteString("RIFF")
	write(&out, uint32(36+data.Len()))
	out.WriteString("WAVEfmt ")
	for _, v := range []any{
		uint32(16), uint16(code), uint16(channels), uint32(rate), uint32(rate * channels * bits / 8), uint16(channels * bits / 8), uint16(bits),
	} {
		write(&out, v)
	}
	out.WriteString("data")
	write(&out, uint32(data.Len()))
	out.Write(data.Bytes())
	return out.Bytes()
}

// tone returns a sine of some loudness.
func tone(rate, channels, frames int) []int16 {
	out := make([]int16, 0, frames*channels)
	for i := range frames {
		v := int16(9000 * math.Sin(2*math.Pi*440*float64(i)/float64(rate)))
		for c := range channels {
			out = append(out, v/int16(c+1))
		}
	}
	return out
}

// all reads the rest of a source.
func all(t testing.TB, s Source) []int16 {
	t.Helper()
	var out []int16
	buf := make([]int16, 100*s.Format().Channels)
	for {
		n, err := s.Read(buf)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, buf[:n]...)
	}
}

func TestWAV(t *testing.T) {
	want := []int16{0, 100, -100, 32767, -32768, 256}
	same := func(name string, data []byte, tolerance int) {
		t.Helper()
		s, err := Open(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		got := all(t, s)
		if len(got) != len(want) {
			t.Errorf("%s: %d samples, want %d", name, len(got), len(want))
			return
		}
		for i := range got {
			if d := int(got[i]) - int(want[i]); d > tolerance || d < -tolerance {
				t.Errorf("%s: sample %d is %d, want %d", name, i, got[i], want[i])
			}
		}
	}
	same("16 bits", wav(8000, 1, want), 0)
	same("two channels", wav(8000, 2, want), 0)
	same("8 bits", wavOf(wavPCM, 8000, 1, 8, func(b *bytes.Buffer) {
		for _, v := range want {
			b.WriteByte(byte(int(v>>8) + 128))
		}
	}), 255)
	same("24 bits", wavOf(wavPCM, 8000, 1, 24, func(b *bytes.Buffer) {
		for _, v := range want {
			b.WriteByte(7)
			write(b, v)
		}
	}), 0)
	same("32 bits", wavOf(wavPCM, 8000, 1, 32, func(b *bytes.Buffer) {
		for _, v := range want {
			write(b, int32(v)<<16)
		}
	}), 0)
	same("floating point", wavOf(wavFloat, 8000, 1, 32, func(b *bytes.Buffer) {
		for _, v := range want {
			write(b, float32(v)/32768)
		}
	}), 1)
	open := wav(8000, 1, want)
	binary.LittleEndian.PutUint32(open[40:], 0xffffffff)
	same("a length that was not known", open, 0)
	other := slices.Concat([]byte("RIFF\x00\x00\x00\x00WAVELIST\x03\x00\x00\x00abc\x00"), wav(8000, 1, want)[12:])
	same("another part before, of odd length", other, 0)
}

func TestSeekAndLength(t *testing.T) {
	samples := tone(8000, 2, 16000)
	s, err := Open(wav(8000, 2, samples))
	if err != nil {
		t.Fatal(err)
	}
	if got := Length(s); got != 2*time.Second {
		t.Errorf("it plays for %v", got)
	}
	for at, want := range map[time.Duration]int64{0: 0, 1500 * time.Millisecond: 12000, time.Hour: 16000, -1: 0} {
		if got := frame(s, at); got != want {
			t.Errorf("at %v stands frame %d, want %d", at, got, want)
		}
		if err := s.GoTo(want); err != nil {
			t.Fatal(err)
		}
		if got := all(t, s); !slices.Equal(got, samples[2*want:]) {
			t.Errorf("from frame %d on there are %d samples, want %d", want, len(got), len(samples)-int(2*want))
		}
	}
}

func TestRefusedFiles(t *testing.T) {
	good := wav(8000, 1, tone(8000, 1, 800))
	at := func(i int, b ...byte) []byte { return slices.Replace(slices.Clone(good), i, i+len(b), b...) }
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":               {nil, "empty"},
		"no sound":            {[]byte("hello"), "no WAV"},
		"an AVI":              {[]byte("RIFF\x00\x00\x00\x00AVI LIST"), "is none"},
		"cut off":             {good[:len(good)-10], "cut off"},
		"cut off at its head": {good[:30], "cut off"},
		"no samples part":     {good[:36], "no samples"},
		"no frames":           {wav(8000, 1, nil), "holds no sound"},
		"six channels":        {at(22, 6), "6 channels"},
		"12 bits":             {at(34, 12), "12 bits"},
		"compressed":          {at(20, 85), "format 85"},
		"a rate of 0":         {at(24, 0, 0, 0, 0), "0 samples"},
		"samples first":       {slices.Concat(good[:12], []byte("data\x02\x00\x00\x00\x01\x01")), "does not say"},
		"vorbis cut off":      {[]byte("OggS\x00\x02"), "Ogg Vorbis"},
		"mp3 cut off":         {[]byte{0xff, 0xfb, 0x90}, ""},
		"id3 and no more":     {[]byte("ID3\x04\x00\x00\x00\x00\x0f\x76"), ""},
	} {
		_, err := Open(c.data)
		var format *FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// The decoders' own example files, as an author would bring them.
func TestMP3AndVorbis(t *testing.T) {
	for module, pattern := range map[string]string{"github.com/hajimehoshi/go-mp3": "example/mpeg2.mp3", "github.com/jfreymuth/oggvorbis": "testdata/test.ogg"} {
		dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
		if err != nil {
			t.Skipf("the sources of %s are not here: %v", module, err)
		}
		paths, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), pattern))
		if len(paths) == 0 {
			t.Skipf("%s brings no example file", module)
		}
		data, err := os.ReadFile(paths[0])
		if err != nil {
			t.Fatal(err)
		}
		length, err := Check(data)
		if err != nil || length < time.Second/10 {
			t.Errorf("%s plays for %v: %v", paths[0], length, err)
		}
		s, err := Open(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.GoTo(s.Frames() / 2); err != nil {
			t.Errorf("%s cannot go on in its middle: %v", module, err)
		}
		rest := int64(len(all(t, s)) / s.Format().Channels)
		if off := rest - (s.Frames() - s.Frames()/2); off > 5000 || off < -5000 {
			t.Errorf("%s: %d frames follow its middle, of %d", module, rest, s.Frames())
		}
		if _, err := Check(data[:len(data)/3]); err == nil && module == "github.com/jfreymuth/oggvorbis" {
			t.Logf("%s: a third of the file is a whole one", module) // a stream may end anywhere; its digest tells
		}
		broken := slices.Clone(data)
		for i := len(broken) / 4; i < len(broken); i += 97 {
			broken[i] ^= 0x5a
		}
		_, _ = Check(broken) // it must not crash
	}
}

// Whatever a file holds: an error that says what is wrong, or a sound that can be read to its end.
func FuzzWAV(f *testing.F) {
	good := wav(8000, 2, tone(8000, 2, 20))
	f.Add(good)
	f.Add(good[:40])
	f.Add(wavOf(wavFloat, 44100, 1, 32, func(b *bytes.Buffer) { write(b, []float32{0, 1, float32(math.NaN()), -7}) }))
	f.Add(wavOf(wavExtensible, 44100, 1, 24, func(b *bytes.Buffer) { write(b, []byte{1, 2, 3, 4}) }))
	f.Fuzz(func(t *testing.T, data []byte) {
		if !bytes.HasPrefix(data, []byte("RIFF")) {
			data = slices.Concat([]byte("RIFF\x00\x00\x00\x00WAVE"), data)
		}
		s, err := Open(data)
		if err != nil {
			var format *FormatError
			if !errors.As(err, &format) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if got := int64(len(all(t, s)) / s.Format().Channels); got != s.Frames() {
			t.Fatalf("%d frames of %d", got, s.Frames())
		}
		if err := s.GoTo(s.Frames() / 2); err != nil {
			t.Fatal(err)
		}
		if got := int64(len(all(t, s)) / s.Format().Channels); got != s.Frames()-s.Frames()/2 {
			t.Fatalf("%d frames follow the middle of %d", got, s.Frames())
		}
	})
}

// log collects readings.
type log struct {
	mu   sync.Mutex
	all  []Reading
	last chan Reading
}

func newLog() *log { return &log{last: make(chan Reading, 1)} }

func (l *log) tell(r Reading) {
	l.mu.Lock()
	l.all = append(l.all, r)
	l.mu.Unlock()
	if r.State != Playing {
		l.last <- r
	}
}

func (l *log) end(t *testing.T) Reading {
	t.Helper()
	select {
	case r := <-l.last:
		return r
	case <-time.After(time.Minute):
		t.Fatal("the sound does not end")
		return Reading{}
	}
}

// rising: readings never go back.
func (l *log) rising(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := 1; i < len(l.all); i++ {
		if l.all[i].Position < l.all[i-1].Position {
			t.Errorf("reading %d stands at %v, the one before at %v", i, l.all[i].Position, l.all[i-1].Position)
		}
	}
}

// useALSA makes ALSA know the device "tape", which writes what it plays to a file.
func useALSA(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "tape.raw")
	config := fmt.Sprintf("pcm.tape { type file\n slave.pcm { type null }\n file %q\n format raw }\npcm.nothing { type null }\n", path)
	if err := os.WriteFile(filepath.Join(dir, "asound.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ALSA_CONFIG_PATH", filepath.Join(dir, "asound.conf"))
	return path
}

// What comes out of ALSA is what was decoded, sample by sample.
func TestALSAPlaysWhatWasDecoded(t *testing.T) {
	path := useALSA(t)
	samples := tone(22050, 2, 30000)
	for _, from := range []time.Duration{0, time.Second} {
		s, err := Open(wav(22050, 2, samples))
		if err != nil {
			t.Fatal(err)
		}
		p, l := NewALSA("tape"), newLog()
		p.SetVolume(100)
		p.Play(s, from, l.tell)
		end := l.end(t)
		if end.State == NoDevice && from == 0 {
			t.Skipf("ALSA cannot be used here: %v", end.Err)
		}
		if end.State != Ended || end.Position != Length(s) {
			t.Fatalf("from %v: %+v", from, end)
		}
		l.rising(t)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]int16, len(data)/2)
		for i := range got {
			got[i] = int16(binary.NativeEndian.Uint16(data[2*i:]))
		}
		if want := samples[2*frame(s, from):]; !slices.Equal(got[:min(len(got), len(want))], want) {
			t.Errorf("from %v: %d samples came out, %d were to", from, len(got), len(want))
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALSAWithoutDevice(t *testing.T) {
	useALSA(t)
	s, err := Open(wav(8000, 1, tone(8000, 1, 8000)))
	if err != nil {
		t.Fatal(err)
	}
	l := newLog()
	NewALSA("headset").Play(s, 300*time.Millisecond, l.tell)
	if end := l.end(t); end.State != NoDevice || end.Position != 300*time.Millisecond || !errors.Is(end.Err, ErrNoDevice) || !strings.Contains(end.Err.Error(), "headset") {
		t.Errorf("%+v", end)
	}
}

// fake is a loudspeaker under the test's control.
type fake struct {
	mu    sync.Mutex
	got   []int16
	room  int // frames that it still takes
	fails error
	late  int // frames pending
	open  bool
}

func (f *fake) write(samples []int16, channels int) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := min(len(samples)/channels, f.room)
	if n == 0 {
		if f.fails == nil {
			time.Sleep(time.Millisecond) // as a device that has no room
		}
		return 0, f.fails
	}
	f.got, f.room = append(f.got, samples[:n*channels]...), f.room-n
	return n, nil
}

func (f *fake) pending() int  { f.mu.Lock(); defer f.mu.Unlock(); return f.late }
func (f *fake) finish() error { f.mu.Lock(); defer f.mu.Unlock(); f.late = 0; return nil }
func (f *fake) close()        { f.mu.Lock(); defer f.mu.Unlock(); f.open = false }

func (f *fake) player() *player {
	return newPlayer(func(Format) (pcm, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.open {
			return nil, fmt.Errorf("%w: opened twice", ErrNoDevice)
		}
		f.open = true
		return f, nil
	})
}

func (f *fake) set(change func()) { f.mu.Lock(); defer f.mu.Unlock(); change() }

// A headset that is pulled out ends the sound where it was heard last, and it goes on from there: nothing is lost.
func TestUnplugged(t *testing.T) {
	samples := tone(8000, 1, 16000)
	source := func() Source {
		s, err := Open(wav(8000, 1, samples))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	f := &fake{room: 8000, late: 1600, fails: fmt.Errorf("%w: pulled out", ErrNoDevice)}
	p := f.player()
	p.SetVolume(100)
	l := newLog()
	p.Play(source(), 0, l.tell)
	end := l.end(t)
	if end.State != NoDevice || end.Position != 800*time.Millisecond || end.Err == nil {
		t.Fatalf("%+v", end)
	}
	l.rising(t)
	f.set(func() { f.room, f.late, f.fails, f.got = 1<<20, 0, nil, nil })
	l = newLog()
	p.Play(source(), end.Position, l.tell)
	if end := l.end(t); end.State != Ended || end.Position != 2*time.Second {
		t.Fatalf("%+v", end)
	}
	if !slices.Equal(f.got, samples[6400:]) {
		t.Errorf("plugged in again, %d frames were heard, %d were outstanding", len(f.got), len(samples)-6400)
	}
}

// A device that takes nothing any more does not hold the sound for ever.
func TestSilentDevice(t *testing.T) {
	f := &fake{room: 400}
	s, err := Open(wav(8000, 1, tone(8000, 1, 8000)))
	if err != nil {
		t.Fatal(err)
	}
	l := newLog()
	f.player().Play(s, 0, l.tell)
	if end := l.end(t); end.State != NoDevice || end.Position != 50*time.Millisecond {
		t.Errorf("%+v", end)
	}
}

func TestStopAndAnother(t *testing.T) {
	f := &fake{room: 100}
	p := f.player()
	source := func() Source {
		s, err := Open(wav(8000, 1, tone(8000, 1, 8000)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first, second := newLog(), newLog()
	p.Play(source(), 0, first.tell)
	p.Play(source(), 0, second.tell) // the device can be opened only once
	if end := first.end(t); end.State != Stopped {
		t.Errorf("the first: %+v", end)
	}
	p.Stop()
	p.Stop()
	if end := second.end(t); end.State != Stopped || end.Err != nil {
		t.Errorf("the second: %+v", end)
	}
	f.set(func() { f.room = 1 << 20 })
	third := newLog()
	p.Play(source(), 0, third.tell)
	if end := third.end(t); end.State != Ended {
		t.Errorf("the third: %+v", end)
	}
}

func TestVolume(t *testing.T) {
	p := newPlayer(nil)
	for set, want := range map[int]int{-5: 0, 0: 0, 40: 40, 100: 100, 300: 100} {
		if p.SetVolume(set); p.Volume() != want {
			t.Errorf("set to %d, it is %d", set, p.Volume())
		}
	}
	for _, c := range []struct {
		volume     int
		in, least  int16
		mostSample int16
	}{{0, 10000, 0, 0}, {50, 10000, 2490, 2510}, {100, -32768, -32768, -32768}} {
		r := &run{p: p, last: gain(int32(c.volume))}
		p.SetVolume(c.volume)
		s := []int16{c.in, c.in}
		r.turn(s, 2)
		if s[0] < c.least || s[0] > c.mostSample || s[0] != s[1] {
			t.Errorf("at %d of 100, %d becomes %v", c.volume, c.in, s)
		}
	}
	p.SetVolume(100)
	r := &run{p: p, last: 0}
	s := slices.Repeat([]int16{1000}, 100)
	r.turn(s, 1)
	if s[0] > 20 || s[99] != 1000 || !slices.IsSorted(s) {
		t.Errorf("louder, it jumps: %v … %v", s[0], s[99])
	}
}
