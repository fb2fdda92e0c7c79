package vault

import (
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
)

// SecretFile is the file of the wrapping secret in the data folder: one line, see [GenerateSecret].
const SecretFile = "station.secret"

// The names of the systemd credentials that come before the files of the data folder. Each counts by itself.
const (
	KeyCredential    = "emtihan-station.key"    // as station.key
	SecretCredential = "emtihan-station.secret" // as station.secret
)

// Errors about the files of the secret and the key. None of them contains what is in the file.
var (
	ErrSecret     = errors.New("not a station secret")
	ErrNotPrivate = errors.New("not private")
)

const (
	secretSort    = "EMTIHAN-STATION-SECRET-"
	secretVersion = "1"
	secretSize    = 32
)

// place is where a private file lies.
type place int

const (
	inDataFolder place = iota
	inCredentials
)

// GenerateSecret returns the line of a new wrapping secret: EMTIHAN-STATION-SECRET-1+CHECK+SECRET, where CHECK is the beginning
// of a SHA-256 in eight hex digits, so that a damaged file is told from another secret, and SECRET is 32 random bytes in base64.
// It is for computers whose secret never touches the disk: the line goes to systemd-creds, not into a file. `nct keygen
// --station-secret` prints one.
func GenerateSecret() string {
	var s [secretSize]byte
	rand.Read(s[:]) // never fails since Go 1.24
	return formatSecret(s)
}

func formatSecret(s [secretSize]byte) string {
	return secretSort + secretVersion + "+" + secretCheck(s) + "+" + base64.StdEncoding.EncodeToString(s[:])
}

func secretCheck(s [secretSize]byte) string {
	sum := sha256.Sum256(append([]byte(secretSort+secretVersion+"\x00"), s[:]...))
	return hex.EncodeToString(sum[:4])
}

// parseSecret reads the line of a secret. Errors wrap ErrSecret and never contain the line.
func parseSecret(line string) (s [secretSize]byte, err error) {
	rest, ok := strings.CutPrefix(line, secretSort)
	if !ok {
		return s, fmt.Errorf("%w: it does not begin with %s", ErrSecret, secretSort)
	}
	version, rest, _ := strings.Cut(rest, "+")
	if version != secretVersion {
		return s, fmt.Errorf("%w: its version is not %s; a newer program may have made it, or it is damaged", ErrSecret, secretVersion)
	}
	_, text, _ := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != secretSize {
		return s, fmt.Errorf("%w: it is cut off or damaged", ErrSecret)
	}
	s = [secretSize]byte(raw)
	if formatSecret(s) != line {
		return [secretSize]byte{}, fmt.Errorf("%w: it is damaged: its check does not fit", ErrSecret)
	}
	return s, nil
}

// loadSecret reads a secret that nobody else may read.
func loadSecret(path string, in place) (s [secretSize]byte, err error) {
	line, err := readPrivate(path, in, ErrSecret)
	if err != nil {
		return s, err
	}
	if s, err = parseSecret(line); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// createSecret makes a secret, or reads the one that another program has made meanwhile.
func createSecret(dir string) (s [secretSize]byte, err error) {
	path := filepath.Join(dir, SecretFile)
	if err := writeOnce(path, GenerateSecret()+"\n", 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
		return s, err
	}
	return loadSecret(path, inDataFolder)
}

// readPrivate reads a file of one line that nobody else may read. An error about its content wraps the kind.
func readPrivate(path string, in place, kind error) (string, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if err := checkFileInfo(fi, in); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return readLine(path, kind)
}

// checkPrivate holds an open file against the rules of its place.
func checkPrivate(f *os.File, in place) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	return checkFileInfo(fi, in)
}
