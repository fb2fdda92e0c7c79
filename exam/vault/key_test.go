package vault_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"emtihan/exam/vault"
)

// Keys that nobody uses.
const (
	keyLine      = "PRIVATE+KEY+emtihan-station+a853c582+AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"
	otherKeyLine = "PRIVATE+KEY+emtihan-station+2bf39246+AQIEBggKDA4QEhQWGBocHiAiJCYoKiwuMDI0Njg6PD5A"
)

func testKey(t *testing.T, line string) vault.Key {
	t.Helper()
	k, err := vault.ParseKey(line)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// R22: a station has one key, and keeps it.
func TestLoadOrCreateKey(t *testing.T) {
	dir := t.TempDir()
	if _, err := vault.LoadKey(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LoadKey in an empty folder: %v", err)
	}
	first, created, err := vault.LoadOrCreateKey(dir)
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	fi, err := os.Stat(filepath.Join(dir, vault.KeyFile))
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("station.key: %v, %v", fi, err)
	}
	pub, err := os.ReadFile(filepath.Join(dir, vault.PublicKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := vault.ParsePublicKeys(pub)
	if err != nil || len(keys) != 1 || keys[0] != first.Public() {
		t.Errorf("station.pub: %v, %v", keys, err)
	}
	again, created, err := vault.LoadOrCreateKey(dir)
	if err != nil || created || again.Public() != first.Public() {
		t.Errorf("the second time: created %v, %v", created, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("the folder has %v", entries)
	}
	// A power cut between the two files.
	if err := os.Remove(filepath.Join(dir, vault.PublicKeyFile)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := vault.LoadOrCreateKey(dir); err != nil {
		t.Fatal(err)
	}
	if now, err := os.ReadFile(filepath.Join(dir, vault.PublicKeyFile)); err != nil || string(now) != string(pub) {
		t.Errorf("station.pub is not restored: %q, %v", now, err)
	}
	// The key was destroyed.
	if err := os.Remove(filepath.Join(dir, vault.KeyFile)); err != nil {
		t.Fatal(err)
	}
	if _, created, err := vault.LoadOrCreateKey(dir); !errors.Is(err, vault.ErrKey) || created || !strings.Contains(err.Error(), "missing") {
		t.Errorf("in the place of a lost key: created %v, %v", created, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the folder has %v", entries)
	}
}

// Two programs that start at once take the same key.
func TestLoadOrCreateKeyAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	keys := make([]vault.Key, 8)
	errs := make([]error, len(keys))
	made := make([]bool, len(keys))
	for i := range keys {
		wg.Go(func() { keys[i], made[i], errs[i] = vault.LoadOrCreateKey(dir) })
	}
	wg.Wait()
	creators := 0
	for i := range keys {
		if errs[i] != nil || keys[i].Public() != keys[0].Public() {
			t.Errorf("%d: %v, %v", i, keys[i].Public(), errs[i])
		}
		if made[i] {
			creators++
		}
	}
	if creators != 1 {
		t.Errorf("%d of %d say that they made the key", creators, len(keys))
	}
}

// A damaged key is never replaced, and never shown.
func TestDamagedKey(t *testing.T) {
	otherPub := testKey(t, otherKeyLine).Public().String()
	for _, tt := range []struct{ name, key, pub, want string }{
		{"empty", "", "", "station.key"},
		{"cut off", keyLine[:60], "", "station.key"},
		{"changed", strings.Replace(keyLine, "QECAw", "QECBw", 1), "", "station.key"},
		{"another algorithm", "PRIVATE+KEY+emtihan-station+a853c582+BQECAw", "", "station.key"},
		{"huge", strings.Repeat("x", 2<<20), "", "2097153 bytes"},
		{"public key of another", keyLine, otherPub, "does not belong"},
		{"public key cut off", keyLine, otherPub[:20], "does not belong"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, vault.KeyFile)
			if err := os.WriteFile(path, []byte(tt.key+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if tt.pub != "" {
				if err := os.WriteFile(filepath.Join(dir, vault.PublicKeyFile), []byte(tt.pub+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, created, err := vault.LoadOrCreateKey(dir)
			if !errors.Is(err, vault.ErrKey) || created || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("created %v, %v", created, err)
			}
			if tt.key != "" && err != nil && strings.Contains(err.Error(), tt.key[len(tt.key)-10:]) && tt.name != "huge" {
				t.Errorf("the error shows the key: %v", err)
			}
			if now, _ := os.ReadFile(path); string(now) != tt.key+"\n" {
				t.Error("the key was replaced")
			}
		})
	}
}

func TestParsePublicKeys(t *testing.T) {
	a, b := testKey(t, keyLine).Public(), testKey(t, otherKeyLine).Public()
	keys, err := vault.ParsePublicKeys([]byte("# room 204\n" + a.String() + "\r\n\n  " + b.String() + "\n"))
	if err != nil || len(keys) != 2 || keys[0] != a || keys[1] != b {
		t.Errorf("%v, %v", keys, err)
	}
	if a.Fingerprint() == b.Fingerprint() || len(a.Fingerprint()) != 39 {
		t.Errorf("fingerprints %s and %s", a.Fingerprint(), b.Fingerprint())
	}
	for _, bad := range []string{"", "# nothing\n", "x", keyLine, a.String() + "A", strings.ToUpper(a.String()), strings.Replace(a.String(), "+a853c582", "+A853C582", 1)} {
		if keys, err := vault.ParsePublicKeys([]byte(bad)); !errors.Is(err, vault.ErrKey) {
			t.Errorf("%q: %v, %v", bad, keys, err)
		}
	}
}

// R22: what the signer signs, the verifier of the same key passes and that of another does not.
func TestSignerAndVerifier(t *testing.T) {
	key, other := testKey(t, keyLine), testKey(t, otherKeyLine)
	signed, err := note.Sign(&note.Note{Text: "checkpoint\n"}, key.Signer())
	if err != nil {
		t.Fatal(err)
	}
	v, err := key.Public().Verifier()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := note.Open(signed, note.VerifierList(v)); err != nil || n.Text != "checkpoint\n" || len(n.Sigs) != 1 {
		t.Errorf("%+v, %v", n, err)
	}
	w, err := other.Public().Verifier()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signed, note.VerifierList(w)); err == nil {
		t.Error("another station's key passes the signature")
	}
	if _, err := (vault.PublicKey{}).Verifier(); !errors.Is(err, vault.ErrKey) {
		t.Errorf("no key: %v", err)
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add(keyLine)
	f.Add("PRIVATE+KEY+a+00000000+")
	f.Add("emtihan-station+a853c582+AQ==")
	f.Fuzz(func(t *testing.T, line string) {
		if k, err := vault.ParsePublicKey(line); err == nil && k.String() != line {
			t.Errorf("%q is read as %q", line, k)
		}
		if k, err := vault.ParseKey(line); err == nil && !strings.Contains(line, strings.Split(k.Public().String(), "+")[1]) {
			t.Errorf("%q gives the public key %q", line, k.Public())
		}
	})
}
