package sealed_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"emtihan/exam/sealed"
	"emtihan/exam/sealed/sealedtest"
)

// R22: a station has one key, and keeps it.
func TestLoadOrCreateKey(t *testing.T) {
	dir := t.TempDir()
	if _, err := sealed.LoadKey(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LoadKey in an empty folder: %v", err)
	}
	first, created, err := sealed.LoadOrCreateKey(dir)
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	fi, err := os.Stat(filepath.Join(dir, sealed.KeyFile))
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("station.key: %v, %v", fi, err)
	}
	pub, err := os.ReadFile(filepath.Join(dir, sealed.PublicKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := sealed.ParsePublicKeys(pub)
	if err != nil || len(keys) != 1 || keys[0] != first.Public() {
		t.Errorf("station.pub: %v, %v", keys, err)
	}
	again, created, err := sealed.LoadOrCreateKey(dir)
	if err != nil || created || again.Public() != first.Public() {
		t.Errorf("the second time: created %v, %v", created, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("the folder has %v", entries)
	}
	// A power cut between the two files.
	if err := os.Remove(filepath.Join(dir, sealed.PublicKeyFile)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := sealed.LoadOrCreateKey(dir); err != nil {
		t.Fatal(err)
	}
	if now, err := os.ReadFile(filepath.Join(dir, sealed.PublicKeyFile)); err != nil || string(now) != string(pub) {
		t.Errorf("station.pub is not restored: %q, %v", now, err)
	}
}

// Two programs that start at once take the same key.
func TestLoadOrCreateKeyAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	keys := make([]sealed.Key, 8)
	errs := make([]error, len(keys))
	made := make([]bool, len(keys))
	for i := range keys {
		wg.Go(func() { keys[i], made[i], errs[i] = sealed.LoadOrCreateKey(dir) })
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
	otherPub := sealedtest.Key(t, sealedtest.OtherKeyLine).Public().String()
	for _, tt := range []struct{ name, key, pub, want string }{
		{"empty", "", "", "station.key"},
		{"cut off", sealedtest.KeyLine[:60], "", "station.key"},
		{"changed", strings.Replace(sealedtest.KeyLine, "QECAw", "QECBw", 1), "", "station.key"},
		{"another algorithm", "PRIVATE+KEY+emtihan-station+a853c582+BQECAw", "", "station.key"},
		{"huge", strings.Repeat("x", 2<<20), "", "2097153 bytes"},
		{"public key of another", sealedtest.KeyLine, otherPub, "does not belong"},
		{"public key cut off", sealedtest.KeyLine, otherPub[:20], "does not belong"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, sealed.KeyFile)
			if err := os.WriteFile(path, []byte(tt.key+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if tt.pub != "" {
				if err := os.WriteFile(filepath.Join(dir, sealed.PublicKeyFile), []byte(tt.pub+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, created, err := sealed.LoadOrCreateKey(dir)
			if !errors.Is(err, sealed.ErrKey) || created || !strings.Contains(err.Error(), tt.want) {
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
	a, b := sealedtest.Key(t, sealedtest.KeyLine).Public(), sealedtest.Key(t, sealedtest.OtherKeyLine).Public()
	keys, err := sealed.ParsePublicKeys([]byte("# room 204\n" + a.String() + "\r\n\n  " + b.String() + "\n"))
	if err != nil || len(keys) != 2 || keys[0] != a || keys[1] != b {
		t.Errorf("%v, %v", keys, err)
	}
	if a.Fingerprint() == b.Fingerprint() || len(a.Fingerprint()) != 39 {
		t.Errorf("fingerprints %s and %s", a.Fingerprint(), b.Fingerprint())
	}
	for _, bad := range []string{"", "# nothing\n", "x", sealedtest.KeyLine, a.String() + "A", strings.ToUpper(a.String()), strings.Replace(a.String(), "+a853c582", "+A853C582", 1)} {
		if keys, err := sealed.ParsePublicKeys([]byte(bad)); !errors.Is(err, sealed.ErrKey) {
			t.Errorf("%q: %v, %v", bad, keys, err)
		}
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add(sealedtest.KeyLine)
	f.Add("PRIVATE+KEY+a+00000000+")
	f.Add("emtihan-station+a853c582+AQ==")
	f.Fuzz(func(t *testing.T, line string) {
		if k, err := sealed.ParsePublicKey(line); err == nil && k.String() != line {
			t.Errorf("%q is read as %q", line, k)
		}
		if k, err := sealed.ParseKey(line); err == nil && !strings.Contains(line, strings.Split(k.Public().String(), "+")[1]) {
			t.Errorf("%q gives the public key %q", line, k.Public())
		}
	})
}
