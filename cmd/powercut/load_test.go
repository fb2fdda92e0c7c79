package main

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"

	"emtihan/exam"
)

func TestNumbered(t *testing.T) {
	kinds := make(map[string]int)
	for n := uint64(1); n <= 2000; n++ {
		record, blob := numbered("a", n)
		again, blobAgain := numbered("a", n)
		if !bytes.Equal(record, again) || !bytes.Equal(blob, blobAgain) {
			t.Fatalf("record %d differs from itself", n)
		}
		if other, _ := numbered("b", n); n == 1 && bytes.Equal(record, other) {
			t.Error("two journals begin with the same record")
		}
		r, err := exam.DecodeRecord(record)
		if err != nil {
			t.Fatalf("record %d: %v", n, err)
		}
		if r.Seq != n {
			t.Errorf("record %d calls itself %d", n, r.Seq)
		}
		kinds[r.Event.Kind()]++
		face, ok := r.Event.(exam.FaceChecked)
		if ok != (blob != nil) || ok && (len(blob) != blobSize || sha256.Sum256(blob) != [32]byte(face.Frame)) {
			t.Errorf("record %d and its blob do not belong together", n)
		}
	}
	if kinds["edited"] < 1500 || kinds["face.checked"] < 10 || kinds["opened"] != 1 || kinds["chosen"] == 0 || kinds["ticked"] == 0 {
		t.Errorf("the mix is not that of a candidate: %v", kinds)
	}
}

func fill(t *testing.T, s *store, name string, n int) (acknowledged uint64) {
	t.Helper()
	l, err := s.create(name, func(n uint64) { acknowledged = n })
	if err != nil {
		t.Fatal(err)
	}
	if err := l.write(n); err != nil {
		t.Fatal(err)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	return acknowledged
}

// What the inside reads from a real journal is what the outside expects of it.
func TestRecovered(t *testing.T) { // R11
	for _, second := range []bool{false, true} {
		dir := t.TempDir()
		s, err := openStore(dir, second)
		if err != nil {
			t.Fatal(err)
		}
		for name, n := range map[string]int{"empty": 0, "short": 3, "long": 3*snapshotEvery + 7} {
			if got := fill(t, s, name, n); got != uint64(n) {
				t.Errorf("%s: %d of %d are acknowledged", name, got, n)
			}
		}
		if s, err = openStore(dir, second); err != nil {
			t.Fatal(err)
		}
		names, err := s.names()
		if err != nil || len(names) != 3 {
			t.Fatalf("%v %v", names, err)
		}
		for _, name := range names {
			m := s.recovered(name)
			if m.Kind != sayFound || m.Digest != digestOf(name, m.Number) {
				t.Errorf("%+v", m)
			}
		}
		l, err := s.open("long", func(uint64) {})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.write(5); err != nil {
			t.Fatal(err)
		}
		if err := l.close(); err != nil {
			t.Fatal(err)
		}
		if m := s.recovered("long"); m.Number != 3*snapshotEvery+12 || m.Digest != digestOf("long", m.Number) {
			t.Errorf("%+v", m)
		}
	}
}

func TestRecoveredSeesOtherRecords(t *testing.T) {
	s, err := openStore(t.TempDir(), false)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, "a", 20)
	m := s.recovered("a")
	for name, want := range map[string]string{
		"fewer":           digestOf("a", 19),
		"another journal": digestOf("b", 20),
		"none":            digestOf("a", 0),
	} {
		if m.Digest == want {
			t.Errorf("%s: has the same sum", name)
		}
	}
}

func TestRecoveredSeesDamage(t *testing.T) {
	dir := t.TempDir()
	s, err := openStore(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, "a", 50)
	path := filepath.Join(dir, "a"+suffix)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte{0xA5}, len(data)), 0o600); err != nil {
		t.Fatal(err)
	}
	if m := s.recovered("a"); m.Kind != sayUnreadable || m.Text == "" {
		t.Errorf("%+v", m)
	}
	if m := s.recovered("never"); m.Kind != sayUnreadable {
		t.Errorf("%+v", m)
	}
}
