package vault_test

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"emtihan/exam/vault"
)

var update = flag.Bool("update", false, "append a new set of vectors to testdata/vectors.txt")

// The promise of backwards compatibility: everything that was ever wrapped opens. Sets are added to the file, never changed.
func TestVectors(t *testing.T) {
	path := filepath.Join("testdata", "vectors.txt")
	if *update {
		appendVectors(t, path)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var openers []vault.Opener
	var id string
	var wrap vault.Wrap
	sorts := make(map[string]int)
	s := bufio.NewScanner(f)
	for n := 1; s.Scan(); n++ {
		name, value, _ := strings.Cut(s.Text(), ": ")
		switch name {
		case "secret":
			dir := t.TempDir()
			write(t, filepath.Join(dir, vault.SecretFile), value+"\n", 0o600)
			openers = []vault.Opener{open(t, dir, vault.Options{})}
		case "identity":
			openers = []vault.Opener{parseIdentity(t, value)}
		case "id":
			id = value
		case "for":
			wrap.For = value
		case "data":
			wrap.Data, err = base64.StdEncoding.DecodeString(value)
			if err != nil {
				t.Fatalf("line %d: %v", n, err)
			}
		case "expect":
			key, err := vault.Any(openers...).Unwrap(id, []vault.Wrap{wrap})
			got := hex.EncodeToString(key[:])
			if err != nil {
				got = "no key"
			}
			if got != value {
				t.Errorf("line %d: %s, %v; want %s", n, got, err, value)
			}
			sorts[fmt.Sprintf("%T %v", openers[0], err == nil)]++
		default:
			if name != "" && name[0] != '#' {
				t.Fatalf("line %d: %q", n, name)
			}
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"*vault.Vault true", "*vault.Vault false", "*vault.Identity true", "*vault.Identity false"} {
		if sorts[want] == 0 {
			t.Errorf("no vector of %s", want)
		}
	}
}

func appendVectors(t *testing.T, path string) {
	t.Helper()
	var out strings.Builder
	set := func(comment, keyName, keyLine string, opt vault.Options, sort int) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, vault.SecretFile), secretLine+"\n", 0o600)
		key, wraps, err := open(t, dir, opt).NewKey("емтихан-204-12")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "# %s\n%s: %s\nid: емтихан-204-12\nfor: %s\ndata: %s\nexpect: %x\nid: емтихан-204-13\nexpect: no key\n\n", comment, keyName, keyLine,
			wraps[sort].For, base64.StdEncoding.EncodeToString(wraps[sort].Data), key[:])
	}
	set("a computer's own wrap", "secret", secretLine, vault.Options{}, 0)
	_, file, recipient := newIdentity(t)
	set("for NCT, hybrid", "identity", strings.Split(file, "\n")[1], vault.Options{Recipients: []string{recipient}}, 1)
	xFile, xRecipient := newX25519(t)
	set("for NCT, X25519", "identity", strings.TrimSpace(xFile), vault.Options{Recipients: []string{xRecipient}}, 1)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(out.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// The format of the package comment, step by step, without the package.
func TestStationWrapFormat(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, vault.SecretFile), secretLine+"\n", 0o600)
	key, wraps, err := open(t, dir, vault.Options{}).NewKey("A-1")
	if err != nil {
		t.Fatal(err)
	}
	secret := make([]byte, 32)
	for i := range secret {
		secret[i] = byte(i + 1)
	}
	aead, err := chacha20poly1305.NewX(secret)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := aead.Open(nil, wraps[0].Data[:24], wraps[0].Data[24:], []byte("emtihan log key, station, 1\x00A-1"))
	if err != nil || string(plain) != string(key[:]) {
		t.Error(err)
	}
}
