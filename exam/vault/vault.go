package vault

import (
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/mod/sumdb/note"
)

// Options say what a vault has besides its data folder.
type Options struct {
	// Recipients are NCT's public keys, "age1…" (X25519) or "age1pq1…" (hybrid, safe against quantum computers), all of one
	// sort; see [CheckRecipients]. Without them only the computer itself can open its logs.
	Recipients []string

	// Credentials is a folder of systemd credentials that must have at least one of [KeyCredential] and [SecretCredential].
	// Where it is empty, $CREDENTIALS_DIRECTORY is looked into, and need have neither; "-" looks nowhere.
	Credentials string
}

// Vault holds the keys of a computer that keeps logs. It does not change; goroutines may share it.
type Vault struct {
	key        Key
	aead       func() cipher.AEAD // a function, because fmt would show the secret inside the cipher
	recipients recipients
	exposed    bool
}

// Open loads the signing key and the wrapping secret of the computer whose data folder is dir, which must exist. At the first
// start what neither the credentials nor the folder have is made in the folder, and station.pub is written there; after a return
// without error it is on the disk, also after a power cut.
//
// An error wraps [ErrKey] or [ErrSecret] where a file is damaged, or missing although station.pub or station.key shows that this
// is not the first start, and [ErrNotPrivate] where others may read it, it belongs to another user, or the file system cannot
// keep it private. Then the folder is left as it is: logs hang on its keys (R22, R27).
func Open(dir string, opt Options) (*Vault, error) { return open(dir, opt, true) }

// OpenExisting is [Open] for whoever only reads what lies in a data folder, on a stick or a copy, too: it makes nothing. The
// error wraps fs.ErrNotExist where the key or the secret is missing.
func OpenExisting(dir string, opt Options) (*Vault, error) { return open(dir, opt, false) }

func open(dir string, opt Options, create bool) (*Vault, error) {
	rs, err := parseRecipients(opt.Recipients)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	keyFile, secretFile, err := credentials(opt.Credentials)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	key, secret, exposed, err := openKeys(dir, keyFile, secretFile, create)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	aead, err := chacha20poly1305.NewX(secret[:])
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return &Vault{key: key, aead: func() cipher.AEAD { return aead }, recipients: rs, exposed: exposed}, nil
}

// credentials returns the paths of the credentials that are there, or "".
func credentials(folder string) (key, secret string, err error) {
	named := folder != ""
	switch folder {
	case "-":
		return "", "", nil
	case "":
		if folder = os.Getenv("CREDENTIALS_DIRECTORY"); folder == "" {
			return "", "", nil
		}
	}
	find := func(name string) (string, error) {
		path := filepath.Join(folder, name)
		_, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		return path, err
	}
	if key, err = find(KeyCredential); err != nil {
		return "", "", err
	}
	if secret, err = find(SecretCredential); err != nil {
		return "", "", err
	}
	if named && key == "" && secret == "" {
		return "", "", fmt.Errorf("the credentials folder %s has neither %s nor %s", folder, KeyCredential, SecretCredential)
	}
	return key, secret, nil
}

// openKeys reads the keys, and makes what is missing where create is set and nothing shows that it was there before. Of several
// programs that start at once none takes what another has half made for a loss: they write the secret, the signing key and
// station.pub in this order, and look for them in the opposite one.
func openKeys(dir, keyCredential, secretCredential string, create bool) (key Key, secret [secretSize]byte, exposed bool, err error) {
	known, err := hasPublicKeyFile(dir)
	if err != nil {
		return key, secret, false, err
	}
	key, err = openKey(dir, keyCredential)
	makeKey := create && keyCredential == "" && errors.Is(err, fs.ErrNotExist)
	switch {
	case makeKey && known:
		return key, secret, false, lost(filepath.Join(dir, KeyFile), ErrKey)
	case err != nil && !makeKey:
		return key, secret, false, err
	case keyCredential == "" && err == nil:
		known = true
	}
	secret, exposed, err = openSecret(dir, secretCredential)
	if create && secretCredential == "" && errors.Is(err, fs.ErrNotExist) {
		if known {
			return key, secret, false, lost(filepath.Join(dir, SecretFile), ErrSecret)
		}
		secret, err = createSecret(dir)
		exposed = true
	}
	switch {
	case err != nil, !create:
	case makeKey:
		key, _, err = LoadOrCreateKey(dir)
	default:
		err = writePublicKeyFile(dir, key)
	}
	return key, secret, exposed, err
}

func openKey(dir, credential string) (Key, error) {
	if credential == "" {
		path := filepath.Join(dir, KeyFile)
		if fi, err := os.Stat(path); err == nil {
			if err := checkFileInfo(fi, inDataFolder); err != nil {
				return Key{}, fmt.Errorf("%s: %w", path, err)
			}
		}
		return LoadKey(dir)
	}
	line, err := readPrivate(credential, inCredentials, ErrKey)
	if err != nil {
		return Key{}, err
	}
	key, err := ParseKey(line)
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", credential, err)
	}
	return key, checkPublicKeyFile(dir, key, credential)
}

// openSecret also says whether the data folder has a secret: the one that is used, or an older one that opens older logs.
func openSecret(dir, credential string) (secret [secretSize]byte, exposed bool, err error) {
	if credential == "" {
		secret, err = loadSecret(filepath.Join(dir, SecretFile), inDataFolder)
		return secret, true, err
	}
	if secret, err = loadSecret(credential, inCredentials); err != nil {
		return secret, false, err
	}
	_, err = os.Lstat(filepath.Join(dir, SecretFile))
	return secret, !errors.Is(err, fs.ErrNotExist), nil
}

// Key returns the signing key.
func (v *Vault) Key() Key { return v.key }

// Public returns the public part of the signing key.
func (v *Vault) Public() PublicKey { return v.key.Public() }

// Signer returns what signs notes with the signing key.
func (v *Vault) Signer() note.Signer { return v.key.Signer() }

// Exposed says whether a wrapping secret lies in the data folder, so that whoever has the disk can read the logs on it: always
// without a credential, and with one where a station.secret was left behind, be it an older one. For the check before an exam
// (R27).
func (v *Vault) Exposed() bool { return v.exposed }

// NewKey makes the key of the log with the id (1 to 256 bytes), and its wraps: one for this computer, and one for NCT where the
// options name recipients. The wraps are kept with the log; they open for this id only.
func (v *Vault) NewKey(id string) (DataKey, []Wrap, error) {
	if err := checkID(id); err != nil {
		return DataKey{}, nil, err
	}
	var key DataKey
	rand.Read(key[:]) // never fails since Go 1.24
	wraps := []Wrap{{For: ForStation, Data: v.seal(id, key)}}
	if len(v.recipients) > 0 {
		data, err := v.recipients.seal(id, key)
		if err != nil {
			return DataKey{}, nil, fmt.Errorf("vault: %w", err)
		}
		wraps = append(wraps, Wrap{For: ForAge, Data: data})
	}
	return key, wraps, nil
}

// seal returns nonce (24 bytes, random) ‖ XChaCha20-Poly1305 of the key, with domain ‖ id as additional data.
func (v *Vault) seal(id string, key DataKey) []byte {
	nonce := make([]byte, chacha20poly1305.NonceSizeX, stationWrapSize)
	rand.Read(nonce)
	return v.aead().Seal(nonce, nonce, key[:], bind(stationDomain, id))
}

// Unwrap opens the key of the log with the id by the secret of this computer. The error wraps [ErrNoKey]. A nil vault opens
// nothing.
func (v *Vault) Unwrap(id string, wraps []Wrap) (DataKey, error) {
	if v == nil {
		return DataKey{}, noKey(wraps, "this computer has no vault")
	}
	return unwrap(id, wraps, ForStation, "this computer's secret", func(data []byte) (key DataKey, err error) {
		if len(data) != stationWrapSize {
			return key, fmt.Errorf("it has %d bytes, not %d", len(data), stationWrapSize)
		}
		nonce, box := data[:chacha20poly1305.NonceSizeX], data[chacha20poly1305.NonceSizeX:]
		plain, err := v.aead().Open(nil, nonce, box, bind(stationDomain, id))
		if err != nil {
			return key, errors.New("it was made with another secret or for another log, or is damaged")
		}
		return DataKey(plain), nil
	})
}
