package roster_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/exam/roster"
	"emtihan/exam/vault"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
)

var packDay = time.Date(2026, 8, 20, 4, 0, 0, 0, time.UTC)

func packKey(t testing.TB) vault.Key {
	t.Helper()
	line, _, err := note.GenerateKey(rand.Reader, "emtihan-nct")
	if err != nil {
		t.Fatal(err)
	}
	key, err := vault.ParseKey(line)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func centre(t testing.TB) (identity, recipient string) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id.String(), id.Recipient().String()
}

func packSession() *exam.Session {
	return &exam.Session{ID: "s-1", Room: `204 "a"`, Candidates: []exam.Candidate{
		{IIN: "900101300007", Name: "Ахметов Ерлан", Photo: "photos/a.jpg", Language: "kk", Seat: "1", ExtraMinutes: 30, ExtraDocument: "№ 7", Helper: "А", InterviewHeld: true, InterviewProtocol: "5", University: "U", Programme: "D"},
		{IIN: "010131600003", Name: "Омарова Әлия", Photo: "b.jpg", Language: "ru", Seat: "2"},
	}}
}

func pack(t testing.TB, key vault.Key, recipients ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	_, err := roster.Pack(&b, packSession(), map[string][]byte{"photos/a.jpg": []byte("first photo"), "b.jpg": {}},
		roster.PackOptions{From: packDay.Add(-time.Hour), Until: packDay.Add(time.Hour), Made: packDay, Key: key, Recipients: recipients})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPack(t *testing.T) { // R8, R27
	key := packKey(t)
	identity, recipient := centre(t)
	other, second := centre(t)
	stranger, _ := centre(t)
	data := pack(t, key, recipient, second)
	for _, secret := range []string{"Ахметов", "900101300007", "first photo", "b.jpg"} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("the file shows %q", secret)
		}
	}
	keys := []vault.PublicKey{key.Public()}
	for _, id := range []string{identity, other} {
		p, err := roster.OpenPack(bytes.NewReader(data), "s-1", keys, packDay, []byte("# centre\n"+id+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(packSession().Candidates, p.Candidates); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(map[string][]byte{"photos/a.jpg": []byte("first photo"), "b.jpg": {}}, p.Photos); d != "" {
			t.Error(d)
		}
	}
	for code, open := range map[roster.PackCode]func() error{
		roster.PackLocked: func() error {
			_, err := roster.OpenPack(bytes.NewReader(data), "s-1", keys, packDay, []byte(stranger))
			return err
		},
		roster.PackOtherPlace: func() error {
			_, err := roster.OpenPack(bytes.NewReader(data), "s-2", keys, packDay, []byte(identity))
			return err
		},
		roster.PackNotYet: func() error {
			_, err := roster.OpenPack(bytes.NewReader(data), "s-1", keys, packDay.Add(-2*time.Hour), []byte(identity))
			return err
		},
		roster.PackExpired: func() error {
			_, err := roster.OpenPack(bytes.NewReader(data), "s-1", keys, packDay.Add(2*time.Hour), []byte(identity))
			return err
		},
		roster.PackOtherSigner: func() error {
			_, err := roster.OpenPack(bytes.NewReader(data), "s-1", []vault.PublicKey{packKey(t).Public()}, packDay, []byte(identity))
			return err
		},
		roster.PackNotRoster: func() error { _, _, err := roster.InspectPack(strings.NewReader("PK"), keys); return err },
		roster.PackVersion: func() error {
			_, _, err := roster.InspectPack(strings.NewReader("EMROSTR\r\n\x02...."), keys)
			return err
		},
	} {
		if got := roster.PackErrorCode(open()); got != code {
			t.Errorf("%q, want %q", got, code)
		}
	}
	if _, err := roster.OpenPack(bytes.NewReader(data), "s-1", nil, packDay, []byte(identity)); err == nil {
		t.Error("opened without a key of NCT")
	}
}

// Whatever bit is changed and wherever the file is cut: refused before anything is decrypted.
func TestChangedPacksAreRefused(t *testing.T) {
	key := packKey(t)
	identity, recipient := centre(t)
	data := pack(t, key, recipient)
	keys := []vault.PublicKey{key.Public()}
	for at := range data {
		changed := bytes.Clone(data)
		changed[at] ^= 1 << (at % 8)
		if _, err := roster.OpenPack(bytes.NewReader(changed), "s-1", keys, packDay, []byte(identity)); roster.PackErrorCode(err) == "" {
			t.Fatalf("a changed bit in byte %d: %v", at, err)
		}
		if at%7 == 0 {
			if _, err := roster.OpenPack(bytes.NewReader(data[:at]), "s-1", keys, packDay, []byte(identity)); roster.PackErrorCode(err) == "" {
				t.Fatalf("cut after %d bytes: %v", at, err)
			}
		}
	}
	if _, err := roster.OpenPack(bytes.NewReader(append(bytes.Clone(data), 0)), "s-1", keys, packDay, []byte(identity)); roster.PackErrorCode(err) != roster.PackChanged {
		t.Errorf("something follows: %v", err)
	}
}

func TestPackRefuses(t *testing.T) {
	key := packKey(t)
	_, recipient := centre(t)
	good := roster.PackOptions{From: packDay, Until: packDay, Made: packDay, Key: key, Recipients: []string{recipient}}
	for name, change := range map[string]func(*exam.Session, map[string][]byte, *roster.PackOptions){
		"no key":         func(_ *exam.Session, _ map[string][]byte, o *roster.PackOptions) { o.Key = vault.Key{} },
		"no recipient":   func(_ *exam.Session, _ map[string][]byte, o *roster.PackOptions) { o.Recipients = nil },
		"bad recipient":  func(_ *exam.Session, _ map[string][]byte, o *roster.PackOptions) { o.Recipients = []string{"age1"} },
		"ends before":    func(_ *exam.Session, _ map[string][]byte, o *roster.PackOptions) { o.Until = packDay.Add(-1) },
		"no candidates":  func(s *exam.Session, _ map[string][]byte, _ *roster.PackOptions) { s.Candidates = nil },
		"missing photo":  func(_ *exam.Session, p map[string][]byte, _ *roster.PackOptions) { delete(p, "b.jpg") },
		"large photo":    func(_ *exam.Session, p map[string][]byte, _ *roster.PackOptions) { p["b.jpg"] = make([]byte, 17<<20) },
		"very long name": func(_ *exam.Session, p map[string][]byte, _ *roster.PackOptions) { p[strings.Repeat("x", 300)] = nil },
	} {
		s, photos, opt := packSession(), map[string][]byte{"photos/a.jpg": {1}, "b.jpg": {2}}, good
		change(s, photos, &opt)
		if _, err := roster.Pack(&bytes.Buffer{}, s, photos, opt); err == nil {
			t.Errorf("%s: packed", name)
		}
	}
}

func FuzzInspectPack(f *testing.F) {
	key := packKey(f)
	_, recipient := centre(f)
	data := pack(f, key, recipient)
	f.Add(data)
	f.Add(data[:40])
	f.Add([]byte("EMROSTR\r\n\x01\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, content, err := roster.InspectPack(bytes.NewReader(data), nil)
		if err != nil && roster.PackErrorCode(err) == "" {
			t.Errorf("an error without a code: %v", err)
		}
		if err == nil && (o == nil || int64(len(content)) != o.Bytes) {
			t.Error("taken, and not whole")
		}
	})
}
