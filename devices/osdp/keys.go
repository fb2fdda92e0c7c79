package osdp

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"

	"emtihan/devices/osdp/wire"
)

// ErrKeysExposed is returned, wrapped, for a file of keys that others than its owner can read or write.
var ErrKeysExposed = errors.New("others than its owner have access to it; its mode must be 0600")

// Keys is a file with the base keys of peripherals, by their names. Its methods may be called by any goroutine.
//
// A key that is being changed stands in the file beside the old one from before it is sent until the peripheral has
// proved that it knows it, so that a power cut at any moment locks nobody out.
type Keys struct {
	path string

	mu   sync.Mutex // guards what follows
	keys map[string]entry
}

type entry struct {
	active, pending *wire.Key
}

// The form of the file.
type (
	keysFile struct {
		Version     int                  `toml:"version"`
		Peripherals map[string]entryFile `toml:"peripheral"`
	}
	entryFile struct {
		Key     string `toml:"key,omitempty"`
		Pending string `toml:"pending,omitempty"`
	}
)

const keysVersion = 1

// OpenKeys reads a file of keys; a file that is not there has none. It returns ErrKeysExposed, or an error that says what
// is wrong with the file and never contains a key.
func OpenKeys(path string) (*Keys, error) {
	k := &Keys{path: path, keys: map[string]entry{}}
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, fmt.Errorf("osdp: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("osdp: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("osdp: %s is not a file", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("osdp: %s: %w", path, ErrKeysExposed)
	}
	var read keysFile
	meta, err := toml.NewDecoder(file).Decode(&read)
	if err != nil {
		// The error of the decoder may quote the line.
		return nil, fmt.Errorf("osdp: %s is not a file of keys, or it is damaged", path)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("osdp: %s has an unknown entry, %v", path, unknown[0])
	}
	if read.Version != keysVersion {
		return nil, fmt.Errorf("osdp: %s has version %d and not %d", path, read.Version, keysVersion)
	}
	for name, e := range read.Peripherals {
		var read entry
		for _, one := range []struct {
			text string
			into **wire.Key
		}{{e.Key, &read.active}, {e.Pending, &read.pending}} {
			if one.text == "" {
				continue
			}
			key, err := ParseKey(one.text)
			if err != nil {
				return nil, fmt.Errorf("osdp: %s, peripheral %s: %w", path, name, err)
			}
			*one.into = &key
		}
		k.keys[name] = read
	}
	return k, nil
}

// ParseKey reads a key of 32 hexadecimal digits. It refuses keys that everybody knows: the default key and one whose bytes
// are all the same. The error does not contain the key.
func ParseKey(text string) (wire.Key, error) {
	b, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(b) != len(wire.Key{}) {
		return wire.Key{}, errors.New("a key has 32 hexadecimal digits")
	}
	key := wire.Key(b)
	if !secret(key) {
		return wire.Key{}, errors.New("a key that everybody knows is none")
	}
	return key, nil
}

func secret(k wire.Key) bool {
	return k != wire.DefaultKey && slices.ContainsFunc(k[:], func(b byte) bool { return b != k[0] })
}

// Has reports whether there is a key for a peripheral.
func (k *Keys) Has(name string) bool { return len(k.candidates(name)) > 0 }

// Set stores the key of a peripheral that has been set in another way. The file is written before it returns.
func (k *Keys) Set(name string, key wire.Key) error {
	if !secret(key) {
		return errors.New("osdp: a key that everybody knows is none")
	}
	return k.change(name, func(e *entry) { *e = entry{active: &key} })
}

// candidates are the keys that a peripheral may know, the likeliest first.
func (k *Keys) candidates(name string) (all []wire.Key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.keys[name]
	for _, key := range []*wire.Key{e.active, e.pending} {
		if key != nil {
			all = append(all, *key)
		}
	}
	return all
}

// stage stores a key that will be sent.
func (k *Keys) stage(name string, key wire.Key) error {
	return k.change(name, func(e *entry) { e.pending = &key })
}

// unstage forgets a key that was refused.
func (k *Keys) unstage(name string) error {
	return k.change(name, func(e *entry) { e.pending = nil })
}

// settle makes the key that a peripheral has proved to know the only one.
func (k *Keys) settle(name string, key wire.Key) error {
	k.mu.Lock()
	e := k.keys[name]
	k.mu.Unlock()
	if e.pending == nil && e.active != nil && *e.active == key {
		return nil
	}
	return k.change(name, func(e *entry) { *e = entry{active: &key} })
}

// change writes the file and, when that has succeeded, changes what is in memory.
func (k *Keys) change(name string, change func(*entry)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	changed := k.keys[name]
	change(&changed)
	out := keysFile{Version: keysVersion, Peripherals: map[string]entryFile{}}
	add := func(name string, e entry) {
		if e != (entry{}) {
			out.Peripherals[name] = entryFile{Key: text(e.active), Pending: text(e.pending)}
		}
	}
	for n, e := range k.keys {
		if n != name {
			add(n, e)
		}
	}
	add(name, changed)
	if err := k.write(out); err != nil {
		return fmt.Errorf("osdp: the keys could not be stored: %w", err)
	}
	k.keys[name] = changed
	return nil
}

func text(key *wire.Key) string {
	if key == nil {
		return ""
	}
	return hex.EncodeToString(key[:])
}

// write replaces the file as a whole: after a power cut the old or the new one is there.
func (k *Keys) write(content keysFile) (err error) {
	dir := filepath.Dir(k.path)
	file, err := os.CreateTemp(dir, "."+filepath.Base(k.path)+".*") // its mode is 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(file.Name())
		}
	}()
	if err := toml.NewEncoder(file).Encode(content); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), k.path); err != nil {
		return err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
