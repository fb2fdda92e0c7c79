package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"
)

const (
	maxIdentityFile = 1 << 20 // bytes
	maxRecipients   = 16
	maxAgeWrap      = 64 << 10 // bytes; maxRecipients hybrid ones need less than half
)

// Errors about NCT's keys. None of them contains a secret key.
var (
	ErrIdentity  = errors.New("not an identity file")
	ErrRecipient = errors.New("not a usable recipient")
)

// Identity is what NCT opens logs with: one or several secret keys of age (https://age-encryption.org/v1). It does not change;
// goroutines may share it.
type Identity struct{ ids []age.Identity }

// GenerateIdentity makes a new secret key. File is the content of an identity file, which the age command reads too and which
// belongs into NCT's keeping alone; recipient is the public key for [Options.Recipients]. The key is a hybrid of ML-KEM-768 and
// X25519: what a stolen disk holds about people stays true for their lives.
func GenerateIdentity() (file, recipient string, err error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return "", "", fmt.Errorf("new identity: %w", err)
	}
	recipient = id.Recipient().String()
	return "# public key: " + recipient + "\n" + id.String() + "\n", recipient, nil
}

// ParseIdentity reads an identity file of age: secret keys, one a line; empty lines and lines that begin with # are passed over.
// Errors wrap [ErrIdentity], name the line, and never contain it.
func ParseIdentity(data []byte) (*Identity, error) {
	if len(data) > maxIdentityFile {
		return nil, fmt.Errorf("%w: it has %d bytes", ErrIdentity, len(data))
	}
	if bytes.HasPrefix(data, []byte("age-encryption.org/")) || bytes.HasPrefix(data, []byte("-----BEGIN AGE ENCRYPTED FILE-----")) {
		return nil, fmt.Errorf("%w: it is encrypted itself; open it with age -d first", ErrIdentity)
	}
	var ids []age.Identity
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimSpace(line)
		var id age.Identity
		var err error
		switch {
		case line == "" || line[0] == '#':
			continue
		case strings.HasPrefix(line, "AGE-SECRET-KEY-1"):
			id, err = age.ParseX25519Identity(line)
		case strings.HasPrefix(line, "AGE-SECRET-KEY-PQ-1"):
			id, err = age.ParseHybridIdentity(line)
		case strings.HasPrefix(line, "age1"):
			return nil, fmt.Errorf("line %d: %w: that is a public key; a secret one begins with AGE-SECRET-KEY-", n, ErrIdentity)
		default:
			return nil, fmt.Errorf("line %d: %w: a secret key begins with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1", n, ErrIdentity)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w: the secret key is mistyped or cut off", n, ErrIdentity)
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%w: no secret key in it", ErrIdentity)
	}
	return &Identity{ids: ids}, nil
}

// Unwrap opens the key of the log with the id by NCT's identity. The error wraps [ErrNoKey]. A nil identity opens nothing.
func (i *Identity) Unwrap(id string, wraps []Wrap) (DataKey, error) {
	if i == nil || len(i.ids) == 0 {
		return DataKey{}, noKey(wraps, "no identity is given")
	}
	return unwrap(id, wraps, ForAge, "the identity", func(data []byte) (key DataKey, err error) {
		if len(data) > maxAgeWrap {
			return key, fmt.Errorf("it has %d bytes", len(data))
		}
		r, err := age.Decrypt(bytes.NewReader(data), i.ids...)
		if wrong := (*age.NoIdentityMatchError)(nil); errors.As(err, &wrong) {
			return key, errors.New("it was made for another recipient")
		} else if err != nil {
			return key, errors.New("it is damaged")
		}
		bound := bind(ageDomain, id)
		plain, err := io.ReadAll(io.LimitReader(r, int64(maxAgeWrap)))
		if err != nil {
			return key, errors.New("it is damaged")
		}
		rest, ok := bytes.CutPrefix(plain, bound)
		if !ok || len(rest) != len(key) {
			return key, errors.New("it was made for another log or purpose")
		}
		return DataKey(rest), nil
	})
}

// CheckRecipients says in plain words what is wrong with NCT's public keys: a mistyped one, a secret one in its place, one of a
// kind that is not supported (ssh, plugins), the same twice, more than 16, or hybrid and X25519 ones together, which would undo
// what the hybrid ones are for. It encrypts for each of them once. Errors wrap [ErrRecipient]. For the check before an exam;
// [Open] checks the same.
func CheckRecipients(list []string) error {
	_, err := parseRecipients(list)
	return err
}

type recipients []age.Recipient

func parseRecipients(list []string) (recipients, error) {
	if len(list) > maxRecipients {
		return nil, fmt.Errorf("%w: %d are named, at most %d may be", ErrRecipient, len(list), maxRecipients)
	}
	var rs recipients
	var hybrid bool
	for n, s := range list {
		fail := func(why string) error { return fmt.Errorf("recipient %d: %w: %s", n+1, ErrRecipient, why) }
		s = strings.TrimSpace(s)
		var r age.Recipient
		var err error
		pq := strings.HasPrefix(s, "age1pq1")
		switch {
		case s == "":
			return nil, fail("it is empty")
		case strings.HasPrefix(strings.ToUpper(s), "AGE-SECRET-KEY-"):
			return nil, fail("that is a secret key, which belongs to NCT alone and now counts as known; make a new pair and name the public one, which begins with age1")
		case pq:
			r, err = age.ParseHybridRecipient(s)
		case strings.HasPrefix(s, "age1"):
			r, err = age.ParseX25519Recipient(s)
		default:
			return nil, fail("a public key of age begins with age1")
		}
		if err != nil {
			return nil, fail("it is mistyped, cut off or of a kind that is not supported")
		}
		if n > 0 && pq != hybrid {
			return nil, fail("hybrid keys (age1pq1…) and others cannot stand together")
		}
		if slices.ContainsFunc(list[:n], func(other string) bool { return strings.TrimSpace(other) == s }) {
			return nil, fail("it is named twice")
		}
		hybrid = pq
		rs = append(rs, r)
		if _, err := (recipients{r}).seal("check", DataKey{}); err != nil {
			return nil, fail("nothing can be encrypted for it")
		}
	}
	return rs, nil
}

// seal returns an age file with domain ‖ id ‖ key.
func (rs recipients) seal(id string, key DataKey) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, rs...)
	if err != nil {
		return nil, fmt.Errorf("wrap for NCT: %w", err)
	}
	_, err = w.Write(append(bind(ageDomain, id), key[:]...))
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("wrap for NCT: %w", err)
	}
	return out.Bytes(), nil
}
