package stream_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"
)

// A header that is read is the one that would be written.
func FuzzHeader(f *testing.F) {
	header, _, _ := sample(f)
	f.Add(header)
	f.Add(header[:len(header)-1])
	f.Add([]byte("EMJRNL\r\n\x02\x00\x00\x00\x11"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, raw, err := stream.ReadHeader(bytes.NewReader(b))
		var wrong *stream.Error
		if err != nil {
			if !errors.As(err, &wrong) || wrong.Place != stream.PlaceHeader {
				t.Errorf("%v", err)
			}
			return
		}
		again, err := h.Encode()
		if err != nil || !bytes.Equal(again, raw) || !bytes.HasPrefix(b, raw) {
			t.Errorf("%x is read, %x would be written: %v", raw, again, err)
		}
	})
}

// Only the frames of the sample have its checksums; whatever is decoded fits, and everything else is refused in one way.
func fuzzDecoder(f *testing.F, key *vault.DataKey) {
	header, frames, _ := sample(f)
	good, _, _ := decode(header, frames, key)
	f.Add(frames)
	f.Add(frames[:len(frames)-1])
	f.Add(frames[good[1].Offset:])
	f.Add([]byte{'K', 3, 0, 0, 0, 20})
	f.Fuzz(func(t *testing.T, b []byte) {
		// A fuzzer does not hit checksums: they are put right, frame by frame, as a forger would.
		b = slices.Clone(b)
		sum := stream.StateAfter(header, 0).Sum
		for i := 0; i+10 <= len(b); {
			n := int(b[i+2])<<24 | int(b[i+3])<<16 | int(b[i+4])<<8 | int(b[i+5])
			if n < 0 || n > len(b)-i-10 {
				break
			}
			copy(b[i+6+n:], stream.AppendChecksum(nil, sum, b[i:i+6+n]))
			sum = stream.Sum(b[i : i+10+n])
			i += 10 + n
		}
		list, state, err := decode(header, b, key)
		var wrong *stream.Error
		if !errors.As(err, &wrong) && !errors.Is(err, io.EOF) && !errors.Is(err, stream.ErrEnd) {
			t.Fatalf("%v", err)
		}
		n := 0
		for i, fr := range list {
			n += len(fr.Bytes)
			// Without the key whoever forges must stop before a checkpoint; with it, before anything that is secret.
			if i < len(good) && bytes.Equal(fr.Bytes[:len(fr.Bytes)-4], good[i].Bytes[:len(good[i].Bytes)-4]) {
				continue
			}
			if key != nil && fr.Data != nil && (fr.Kind == stream.KindRecord || fr.Kind == stream.KindBlob || fr.Kind == stream.KindSnapshot) {
				t.Errorf("frame %d is forged and opens", i)
			}
		}
		if state.Offset != int64(n) || !bytes.HasPrefix(b, concat(list)) {
			t.Errorf("%d bytes were decoded, the state is at %d", n, state.Offset)
		}
	})
}

func concat(list []stream.Frame) (b []byte) {
	for _, f := range list {
		b = append(b, f.Bytes...)
	}
	return b
}

func FuzzDecoder(f *testing.F)        { fuzzDecoder(f, nil) }
func FuzzDecoderWithKey(f *testing.F) { fuzzDecoder(f, &dataKey) }

func FuzzReadFrame(f *testing.F) {
	header, frames, _ := sample(f)
	f.Add(frames, stream.StateAfter(header, 0).Sum)
	f.Add([]byte{0}, uint32(0))
	f.Add([]byte{'R', 3, 0, 0xFF, 0xFF, 0xFF}, uint32(1))
	f.Fuzz(func(t *testing.T, b []byte, prev uint32) {
		fr, err := stream.ReadFrame(bufio.NewReader(bytes.NewReader(b)), prev)
		var wrong *stream.Error
		switch {
		case err == nil && !bytes.HasPrefix(b, fr.Bytes):
			t.Error("other bytes")
		case err != nil && !errors.As(err, &wrong) && !errors.Is(err, io.EOF) && !errors.Is(err, stream.ErrEnd):
			t.Errorf("%v", err)
		}
		if i := stream.FindGroup(b); i >= len(b) {
			t.Errorf("a group behind the end: %d of %d", i, len(b))
		}
	})
}

func FuzzParseCheckpoint(f *testing.F) {
	msg, v := signed(f, testID, 7)
	c, err := stream.OpenCheckpoint(msg, v)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.Text())
	f.Add("emtihan/log/x\n0\n\ntime \n")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := stream.ParseCheckpoint(text); err == nil && c.Text() != text {
			t.Errorf("%q is read as %q", text, c.Text())
		}
	})
}

func FuzzParseCosigned(f *testing.F) {
	msg, v := signed(f, testID, 7)
	w := stream.NewWitness("room-101", witnessKey(1))
	cosigned, err := w.Cosign(msg, v, when)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(cosigned)
	f.Add(msg)
	f.Add([]byte("\n\n— x AAAAAAA=\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := stream.ParseCosigned(b, testID)
		if err == nil && (c.ID != testID || c.Note != string(b)) {
			t.Errorf("%+v", c)
		}
		if c, _, err := stream.CheckCosigned(b, w.Public()); err == nil && (c.Size != 7 || c.Root[0] != 7) {
			t.Errorf("%+v carries a signature of the witness", c)
		}
		if _, err := stream.OpenCheckpoint(b, v); err == nil && !bytes.Equal(b, msg) {
			t.Error("another note carries the log's signature")
		}
	})
}
