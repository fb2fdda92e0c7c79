package main

import (
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	for _, m := range []message{
		{Kind: sayUp, Micros: 3_940_000},
		{Kind: sayAck, Journal: "a", Number: 1234},
		{Kind: sayFound, Journal: "a@b c", Number: 9, Digest: "00ff", Micros: 1},
		{Kind: sayFailed, Text: "диск: \"не открывается\"\nи ещё @ строка"},
	} {
		line := m.line()
		if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
			t.Errorf("%q is not one line", line)
		}
		for _, heard := range []string{line, strings.TrimSuffix(line, "\n") + "\r\n", "[    2.48] kernel: " + line} {
			if got, ok := parseLine(heard); !ok || got != m {
				t.Errorf("%q: %v %+v", heard, ok, got)
			}
		}
		whole := strings.TrimSuffix(line, "\n")
		for n := range len(whole) {
			if got, ok := parseLine(whole[:n]); ok {
				t.Errorf("cut after %d bytes: %+v", n, got)
			}
			broken := []byte(whole)
			broken[n] ^= 1
			if got, ok := parseLine(string(broken)); ok && got != m {
				t.Errorf("byte %d flipped: %+v", n, got)
			}
			if got, ok := parseLine(whole[:n] + whole[n+1:]); ok {
				t.Errorf("byte %d missing: %+v", n, got)
			}
		}
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add(message{Kind: sayAck, Journal: "a", Number: 7}.line())
	f.Add("@{} 00000000")
	f.Add("@ ")
	f.Fuzz(func(t *testing.T, line string) {
		m, ok := parseLine(line)
		if !ok {
			return
		}
		if again, ok := parseLine(m.line()); !ok || again != m {
			t.Errorf("%+v becomes %+v", m, again)
		}
	})
}
