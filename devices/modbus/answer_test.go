package modbus

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fromUnit1 asks unit 1 for eight inputs; its right answer is answer1.
func fromUnit1(t testing.TB) query {
	return query{unit: 1, function: 2, size: 1, request: unhex(t, "01 02 00 00 00 08 79 CC")}
}

const answer1 = "01 02 01 05 61 8B"

func TestFind(t *testing.T) {
	for _, c := range []struct {
		name, received string
		want           string // the frame, empty when there is none
		why            string // what diagnose says when there is none
	}{
		{"the answer", answer1, answer1, ""},
		{"an exception", "01 82 02 C1 61", "01 82 02 C1 61", ""},
		{"nothing", "", "", "only the echo"},
		{"one byte", "01", "", "1 bytes came"},
		{"half a frame", "01 02 01", "", "only 3 of the 6 bytes"},
		{"all but one byte", "01 02 01 05 61", "", "only 5 of the 6 bytes"},
		{"a wrong CRC", "01 02 01 05 61 8A", "", "wrong CRC"},
		{"a wrong CRC of an exception", "01 82 02 C1 62", "", "wrong CRC"},
		{"noise before", "00 FF 55 " + answer1, answer1, ""},
		{"noise that begins like an answer", "01 02 01 " + answer1, answer1, ""},
		{"noise behind", answer1 + "00 FF", answer1, ""},
		{"the answer twice", answer1 + answer1, answer1, ""},
		{"the echo before", "01 02 00 00 00 08 79 CC " + answer1, answer1, ""},
		{"only the echo", "01 02 00 00 00 08 79 CC", "", "only the echo"},
		{"another unit", "02 02 01 05 61 CF", "", "unit 2 answered instead of unit 1"},
		{"another unit, then ours", "02 02 01 05 61 CF " + answer1, answer1, ""},
		{"an exception of another unit", "02 82 02 31 61", "", "unit 2 answered"},
		{"another function", "01 01 01 05 91 8B", "", "function 1 was answered instead of function 2"},
		{"more inputs than asked for", "01 02 02 05 00 BA E8", "", "2 bytes instead of 1"},
		{"zeros", "00 00 00 00 00 00", "", "6 bytes came"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, received := fromUnit1(t), unhex(t, c.received)
			frame, exception := q.find(received)
			if want := unhex(t, c.want); !bytes.Equal(frame, want) {
				t.Fatalf("found % X, want % X", frame, want)
			}
			if exception != strings.HasPrefix(c.want, "01 82") {
				t.Errorf("exception %v", exception)
			}
			if why := q.diagnose(received); frame == nil && !strings.Contains(why, c.why) {
				t.Errorf("diagnosis %q does not say %q", why, c.why)
			}
		})
	}
}

// An echo of a request can have the form of an answer: this one asks unit 1 for 24 inputs from 0x0300 on.
func TestEchoThatLooksLikeAnAnswer(t *testing.T) { // R21
	request := unhex(t, "01 02 03 00 00 18 78 44")
	q := query{unit: 1, function: 2, size: 3, request: request}
	if !whole(request) {
		t.Fatal("the request of this test has a wrong CRC")
	}
	if frame, _ := q.find(request); frame != nil {
		t.Errorf("the echo is taken for the answer % X", frame)
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{
		answer1, "01 82 02 C1 61", "01 02 01", "00 FF 01 02 01 " + answer1, "01 02 00 00 00 08 79 CC", "01 03 04 12 34 00 00 BE 85", "01 02 FF",
	} {
		f.Add(unhex(f, s), byte(1), byte(2), byte(1))
	}
	f.Add([]byte{}, byte(0), byte(0), byte(0))
	f.Fuzz(func(t *testing.T, received []byte, unit, function, size byte) {
		if len(received) > 4096 {
			t.Skip("A line collects far less for one answer.")
		}
		q := query{unit: unit, function: function &^ exceptionBit, size: int(size), request: unhex(t, "01 02 00 00 00 08 79 CC")}
		kept := bytes.Clone(received)
		frame, exception := q.find(received)
		if frame == nil {
			if q.diagnose(received) == "" {
				t.Error("no diagnosis")
			}
		} else {
			want := int(size) + headerSize + crcSize
			if exception {
				want = exceptionSize
			}
			if len(frame) != want || frame[0] != unit || frame[1]&^exceptionBit != q.function || !whole(frame) || !bytes.Contains(received, frame) {
				t.Errorf("% X is no answer in % X", frame, received)
			}
		}
		if !bytes.Equal(kept, received) {
			t.Error("the received bytes were changed")
		}
		// Whatever came before, a right answer behind it is found.
		mine := fromUnit1(t)
		if frame, _ := mine.find(append(kept, unhex(t, answer1)...)); frame == nil {
			t.Error("the answer behind noise is not found")
		}
	})
}
