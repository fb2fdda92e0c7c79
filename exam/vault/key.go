package vault

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// The files of a station's key in its data folder.
const (
	KeyFile       = "station.key" // private: a note signer key, one line
	PublicKeyFile = "station.pub" // public: a note verifier key, one line
)

// KeyName is the name under which stations sign; which station it was, the key itself tells.
const KeyName = "emtihan-station"

// maxKeyFile bounds what is read as a key file; a line of the public one has about 70 bytes.
const maxKeyFile = 1 << 20

// ErrKey is wrapped by every error that says that a key file is not a key.
var ErrKey = errors.New("not a station key")

// PublicKey is the public part of a station's key. Keys can be compared with ==; the zero value is no key.
type PublicKey struct {
	name string
	key  [ed25519.PublicKeySize]byte
}

// ParsePublicKey reads a note verifier key, NAME+HASH+KEY, as it stands in station.pub. Errors wrap ErrKey.
func ParsePublicKey(line string) (PublicKey, error) {
	v, err := note.NewVerifier(line)
	if err != nil {
		return PublicKey{}, fmt.Errorf("%w: %v", ErrKey, err)
	}
	parts := strings.SplitN(line, "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize {
		return PublicKey{}, fmt.Errorf("%w: it is no Ed25519 key", ErrKey)
	}
	k := PublicKey{name: v.Name(), key: [ed25519.PublicKeySize]byte(raw[1:])}
	if k.String() != line {
		return PublicKey{}, fmt.Errorf("%w: it is spelt in an unusual way", ErrKey)
	}
	return k, nil
}

// ParsePublicKeys reads a list of public keys, one a line; empty lines and lines that begin with # are passed over. Errors
// wrap ErrKey and name the line.
func ParsePublicKeys(data []byte) ([]PublicKey, error) {
	var keys []PublicKey
	s := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		k, err := ParsePublicKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		keys = append(keys, k)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrKey, err)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: no key in it", ErrKey)
	}
	return keys, nil
}

// String returns the note verifier key.
func (k PublicKey) String() string {
	line, err := note.NewEd25519VerifierKey(k.name, k.key[:])
	if err != nil {
		panic(err) // the length is right by the type
	}
	return line
}

// Fingerprint returns the first 128 bits of the SHA-256 of the public key in hex, in groups of four: enough to compare by
// eye or by telephone, and, unlike the 32 bits of the note format, too long to be imitated.
func (k PublicKey) Fingerprint() string {
	sum := sha256.Sum256(k.key[:])
	h := hex.EncodeToString(sum[:16])
	var groups []string
	for ; h != ""; h = h[4:] {
		groups = append(groups, h[:4])
	}
	return strings.Join(groups, "-")
}

// Verifier returns what checks the signatures of the key on a signed note. The zero value has none: the error wraps ErrKey.
func (k PublicKey) Verifier() (note.Verifier, error) {
	if k == (PublicKey{}) {
		return nil, fmt.Errorf("%w: no key at all", ErrKey)
	}
	return note.NewVerifier(k.String())
}

// Key is a station's key pair.
type Key struct {
	signer note.Signer
	public PublicKey
}

// Public returns the public part.
func (k Key) Public() PublicKey { return k.public }

// Signer returns what signs notes with the key: seals and checkpoints. It is nil for the zero value.
func (k Key) Signer() note.Signer { return k.signer }

// ParseKey reads a note signer key, as it stands in station.key. Errors wrap ErrKey and never contain the key.
func ParseKey(line string) (Key, error) {
	signer, err := note.NewSigner(line)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %v", ErrKey, err)
	}
	parts := strings.Split(line, "+") // PRIVATE+KEY+NAME+HASH+KEY; the last part may itself hold plus signs
	raw, err := base64.StdEncoding.DecodeString(strings.Join(parts[4:], "+"))
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return Key{}, fmt.Errorf("%w: it is no Ed25519 key", ErrKey)
	}
	pub, ok := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return Key{}, fmt.Errorf("%w: it is no Ed25519 key", ErrKey)
	}
	return Key{signer: signer, public: PublicKey{name: signer.Name(), key: [ed25519.PublicKeySize]byte(pub)}}, nil
}

// LoadKey reads the key of the station whose data folder is dir. It returns an error that wraps fs.ErrNotExist where there is
// none, or ErrKey where station.key is damaged or station.pub belongs to another key.
func LoadKey(dir string) (Key, error) {
	path := filepath.Join(dir, KeyFile)
	line, err := readLine(path, ErrKey)
	if err != nil {
		return Key{}, err
	}
	key, err := ParseKey(line)
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", path, err)
	}
	if err := checkPublicKeyFile(dir, key, KeyFile); err != nil {
		return Key{}, err
	}
	return key, nil
}

// checkPublicKeyFile says whether station.pub, where there is one, is the public part of the key that came from the named file:
// NCT would otherwise collect a key with which no seal of this computer passes.
func checkPublicKeyFile(dir string, key Key, from string) error {
	path := filepath.Join(dir, PublicKeyFile)
	switch line, err := readLine(path, ErrKey); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case line != key.public.String():
		return fmt.Errorf("%s: %w: it does not belong to %s", path, ErrKey, from)
	}
	return nil
}

// LoadOrCreateKey reads the station's key from dir, or makes one where there is none, and says which it was. After a return
// without error both files are on the disk, also after a power cut; station.key may be read by its owner only. A damaged key
// is an error (see [LoadKey]) and never replaced, and none is made where station.pub shows that there was one, since logs that
// it sealed must stay verifiable: the error wraps ErrKey.
func LoadOrCreateKey(dir string) (key Key, created bool, err error) {
	// Whoever makes a key writes station.pub last, so that it must be looked for first.
	known, err := hasPublicKeyFile(dir)
	if err != nil {
		return Key{}, false, fmt.Errorf("station key: %w", err)
	}
	key, err = LoadKey(dir)
	if errors.Is(err, fs.ErrNotExist) && known {
		err = lost(filepath.Join(dir, KeyFile), ErrKey)
	} else if errors.Is(err, fs.ErrNotExist) {
		line, _, gerr := note.GenerateKey(rand.Reader, KeyName)
		if gerr != nil {
			return Key{}, false, gerr
		}
		err = writeOnce(filepath.Join(dir, KeyFile), line+"\n", 0o600)
		created = err == nil
		if err == nil || errors.Is(err, fs.ErrExist) {
			key, err = LoadKey(dir) // where two programs start at once, both take the key that came first
		}
	}
	if err == nil {
		err = writePublicKeyFile(dir, key)
	}
	if err != nil {
		return Key{}, false, fmt.Errorf("station key: %w", err)
	}
	return key, created, nil
}

// writePublicKeyFile leaves a station.pub that is there as it is.
func writePublicKeyFile(dir string, key Key) error {
	err := writeOnce(filepath.Join(dir, PublicKeyFile), key.public.String()+"\n", 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// hasPublicKeyFile says whether the computer whose data folder is dir has had all its keys before.
func hasPublicKeyFile(dir string) (bool, error) {
	_, err := os.Lstat(filepath.Join(dir, PublicKeyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// lost says that the file at path is gone, and that nothing may take its place unasked. It wraps the kind.
func lost(path string, kind error) error {
	return fmt.Errorf("%s: %w: it is missing, no credential stands in for it, and the files beside it show that this computer had one", path, kind)
}

// readLine reads a file of one line. An error about its content wraps the kind.
func readLine(path string, kind error) (string, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !fi.Mode().IsRegular() { // opening a pipe would wait for ever
		return "", fmt.Errorf("%s: %w: it is no regular file", path, kind)
	}
	if fi.Size() > maxKeyFile {
		return "", fmt.Errorf("%s: %w: the file has %d bytes", path, kind, fi.Size())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"), nil
}

// writeOnce writes a file that is there whole or not at all. It returns an error that matches fs.ErrExist where the file
// exists already. Where the file is to be private and the file system cannot keep it so, nothing is left behind.
func writeOnce(path, text string, mode fs.FileMode) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(text)
	err = errors.Join(err, tmp.Chmod(mode))
	if mode&0o077 == 0 && err == nil {
		err = checkPrivate(tmp, inDataFolder)
	}
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	// A link, unlike a rename, never replaces a key that another program has made meanwhile. Some file systems of USB sticks
	// have no links.
	if err := os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
		return err
	} else if err != nil {
		if err := os.Rename(tmp.Name(), path); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
