package vault_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"

	"emtihan/exam/vault"
)

// Fuzzed wraps are held against a real one: whatever opens must be that one, for its id.
func fuzzUnwrap(f *testing.F, sort string, make func(f *testing.F) (vault.Opener, vault.DataKey, []vault.Wrap)) {
	opener, key, wraps := make(f)
	var good []byte
	for _, w := range wraps {
		if w.For == sort {
			good = w.Data
		}
	}
	f.Add("A-1", good)
	f.Add("A-2", good)
	f.Add("A-1", good[:len(good)-1])
	f.Add("A-1", good[:len(good)/2])
	f.Add("", []byte{})
	f.Add("A-1", append(bytes.Clone(good), good...))
	f.Add("A-1", []byte("age-encryption.org/v1\n-> X25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"))
	f.Fuzz(func(t *testing.T, id string, data []byte) {
		got, err := opener.Unwrap(id, []vault.Wrap{{For: sort, Data: data}})
		genuine := id == "A-1" && bytes.Equal(data, good)
		switch {
		case genuine != (err == nil):
			t.Errorf("id %q, the wrap itself: %v, error %v", id, bytes.Equal(data, good), err)
		case err == nil && got != key:
			t.Error("another key")
		case err != nil && (!errors.Is(err, vault.ErrNoKey) || got != (vault.DataKey{})):
			t.Errorf("error %v with a key", err)
		}
	})
}

func FuzzUnwrapStation(f *testing.F) {
	fuzzUnwrap(f, vault.ForStation, func(f *testing.F) (vault.Opener, vault.DataKey, []vault.Wrap) {
		v, err := vault.Open(f.TempDir(), vault.Options{Credentials: "-"})
		if err != nil {
			f.Fatal(err)
		}
		key, wraps, err := v.NewKey("A-1")
		if err != nil {
			f.Fatal(err)
		}
		return v, key, wraps
	})
}

func FuzzUnwrapAge(f *testing.F) {
	fuzzUnwrap(f, vault.ForAge, func(f *testing.F) (vault.Opener, vault.DataKey, []vault.Wrap) {
		x, err := age.GenerateX25519Identity()
		if err != nil {
			f.Fatal(err)
		}
		v, err := vault.Open(f.TempDir(), vault.Options{Recipients: []string{x.Recipient().String()}, Credentials: "-"})
		if err != nil {
			f.Fatal(err)
		}
		key, wraps, err := v.NewKey("A-1")
		if err != nil {
			f.Fatal(err)
		}
		id, err := vault.ParseIdentity([]byte(x.String()))
		if err != nil {
			f.Fatal(err)
		}
		return id, key, wraps
	})
}

func FuzzParseIdentity(f *testing.F) {
	file, recipient, err := vault.GenerateIdentity()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(file))
	f.Add([]byte(recipient))
	f.Add([]byte("AGE-SECRET-KEY-1\nAGE-SECRET-KEY-PQ-1\r\n#"))
	f.Add([]byte(file[:len(file)-3]))
	f.Fuzz(func(t *testing.T, data []byte) {
		id, err := vault.ParseIdentity(data)
		if (id == nil) == (err == nil) || err != nil && !errors.Is(err, vault.ErrIdentity) {
			t.Errorf("%v, %v", id, err)
		}
		if id != nil {
			if _, err := id.Unwrap("A-1", []vault.Wrap{{For: vault.ForAge, Data: data}}); !errors.Is(err, vault.ErrNoKey) {
				t.Error(err)
			}
		}
		// The same bytes as a recipient: never a panic, and no error of another kind.
		if err := vault.CheckRecipients([]string{string(data)}); err != nil && !errors.Is(err, vault.ErrRecipient) {
			t.Error(err)
		}
	})
}

// A secret that is read is the one that stands there; every other file is refused and left alone.
func FuzzSecretFile(f *testing.F) {
	f.Add([]byte(secretLine))
	f.Add([]byte(secretLine + "\r\n"))
	f.Add([]byte("EMTIHAN-STATION-SECRET-1++"))
	f.Add([]byte("EMTIHAN-STATION-SECRET-"))
	dir := f.TempDir()
	path := filepath.Join(dir, vault.SecretFile)
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := vault.Open(dir, vault.Options{Credentials: "-"})
		if err != nil && !errors.Is(err, vault.ErrSecret) {
			t.Error(err)
		}
		if now, rerr := os.ReadFile(path); rerr != nil || !bytes.Equal(now, data) {
			t.Errorf("the file was changed: %v", rerr)
		}
	})
}
