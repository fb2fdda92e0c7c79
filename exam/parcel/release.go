package parcel

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"unicode"
)

// ReleaseKey opens one parcel: 100 random bits as 20 signs of Crockford's base 32, which has no I, L, O and U, in five groups of four,
// each with a check sign. Printing and logging do not show it; [ReleaseKey.Text] does.
//
// The check sign of a group finds every single mistyped sign and every exchange of two neighbours in it, and two groups exchanged.
type ReleaseKey struct{ signs [groups * perGroup]byte }

const (
	alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	groups   = 5
	perGroup = 4 // without the check sign
)

// NewReleaseKey makes a release key.
func NewReleaseKey() (k ReleaseKey) {
	rand.Read(k.signs[:]) // never fails since Go 1.24
	for i := range k.signs {
		k.signs[i] &= 31
	}
	return k
}

// Text returns the key as people read and type it: "XXXXX-XXXXX-XXXXX-XXXXX-XXXXX".
func (k ReleaseKey) Text() string {
	var b strings.Builder
	for g := range groups {
		if g > 0 {
			b.WriteByte('-')
		}
		group := k.signs[g*perGroup : (g+1)*perGroup]
		for _, s := range group {
			b.WriteByte(alphabet[s])
		}
		b.WriteByte(alphabet[checkSign(g, group)])
	}
	return b.String()
}

// String hides the key.
func (ReleaseKey) String() string { return "ReleaseKey(hidden)" }

// Format hides the key under every verb.
func (k ReleaseKey) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// LogValue hides the key from loggers that encode without fmt.
func (k ReleaseKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// checkSign returns the sign that makes the weighted sum of a group, over the field of 32 elements, the group's own number. Five different
// weights, one of them the check sign's, let no single mistake and no exchange of neighbours pass.
func checkSign(group int, signs []byte) byte {
	sum := byte(group + 1)
	weight := byte(1)
	for _, s := range signs {
		weight = times(weight, 2)
		sum ^= times(weight, s)
	}
	return sum
}

// times multiplies in the field of 32 elements, modulo x⁵+x²+1.
func times(a, b byte) (p byte) {
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			p ^= a
		}
		if a <<= 1; a > 31 {
			a ^= 0x25
		}
	}
	return p
}

// KeyFault says what is wrong with a release key as it was typed.
type KeyFault string

// The faults.
const (
	KeyLength KeyFault = "key-length" // not 25 signs
	KeySign   KeyFault = "key-sign"   // a sign that no key has
	KeyCheck  KeyFault = "key-check"  // a group's check sign does not fit: it was mistyped
)

// KeyError says where a release key was mistyped. It never contains the key.
type KeyError struct {
	Fault KeyFault
	Group int  // from 1; 0: the key as a whole
	Sign  rune // KeySign: what was typed
	Count int  // KeyLength: how many signs there are
}

func (e *KeyError) Error() string {
	switch e.Fault {
	case KeySign:
		return fmt.Sprintf("release key, group %d: %q is in no key; is the keyboard set to Latin letters?", e.Group, e.Sign)
	case KeyCheck:
		return fmt.Sprintf("release key, group %d is mistyped", e.Group)
	}
	return fmt.Sprintf("the release key has %d letters and digits, not %d", e.Count, groups*(perGroup+1))
}

// ParseReleaseKey reads a key as it was typed: small or capital letters, spaces and dashes anywhere or nowhere, O for 0, and I or L for 1.
// Errors are [*KeyError]s.
func ParseReleaseKey(text string) (k ReleaseKey, err error) {
	var signs []byte
	for _, r := range text {
		if isGap(r) {
			continue
		}
		at := signValue(r)
		if at < 0 {
			return ReleaseKey{}, &KeyError{Fault: KeySign, Group: min(len(signs)/(perGroup+1), groups-1) + 1, Sign: unicode.ToUpper(r)}
		}
		signs = append(signs, byte(at))
		if len(signs) > 1000 {
			break
		}
	}
	if len(signs) != groups*(perGroup+1) {
		return ReleaseKey{}, &KeyError{Fault: KeyLength, Count: len(signs)}
	}
	for g := range groups {
		group := signs[g*(perGroup+1) : (g+1)*(perGroup+1)]
		if checkSign(g, group[:perGroup]) != group[perGroup] {
			return ReleaseKey{}, &KeyError{Fault: KeyCheck, Group: g + 1}
		}
		copy(k.signs[g*perGroup:], group[:perGroup])
	}
	return k, nil
}

// Group is one group of a release key as far as it has been typed.
type Group struct {
	Signs    string // as keys write them
	Complete bool   // all five signs are there
	Right    bool   // and the check sign fits
}

// ReadGroups reads what has been typed of a key so far, for showing it while it is typed. Signs that no key has stand as "?".
func ReadGroups(text string) (out []Group) {
	var values []byte // 255: no sign of a key
	var signs strings.Builder
	end := func() {
		if len(values) == 0 {
			return
		}
		g := Group{Signs: signs.String(), Complete: len(values) == perGroup+1}
		if g.Complete && !slices.Contains(values, 255) && len(out) < groups {
			g.Right = checkSign(len(out), values[:perGroup]) == values[perGroup]
		}
		out = append(out, g)
		values, signs = nil, strings.Builder{}
	}
	for _, r := range text {
		if isGap(r) {
			continue
		}
		at := signValue(r)
		if at < 0 {
			values = append(values, 255)
			signs.WriteByte('?')
		} else {
			values = append(values, byte(at))
			signs.WriteByte(alphabet[at])
		}
		if len(values) == perGroup+1 {
			end()
		}
		if len(out) > groups {
			break
		}
	}
	end()
	return out
}

func isGap(r rune) bool { return r == '-' || r == '–' || r == '—' || unicode.IsSpace(r) }

// signValue returns the value of a sign as it was typed, or −1.
func signValue(r rune) int {
	switch r = unicode.ToUpper(r); r {
	case 'O':
		r = '0'
	case 'I', 'L':
		r = '1'
	}
	return strings.IndexRune(alphabet, r)
}

const releaseLine = "EMTIHAN-RELEASE-1"

// Release is a release key with the parcel that it is for, as a QR code and a key file hold it.
type Release struct {
	ID  string // of the parcel
	Key ReleaseKey
}

// Line returns "EMTIHAN-RELEASE-1 ID KEY".
func (r Release) Line() string { return releaseLine + " " + r.ID + " " + r.Key.Text() }

// ParseRelease reads a line of [Release.Line], or a bare key, with an empty ID. Errors are [*KeyError]s.
func ParseRelease(line string) (Release, error) {
	line = strings.TrimSpace(line)
	rest, ok := strings.CutPrefix(line, releaseLine+" ")
	if !ok {
		key, err := ParseReleaseKey(line)
		return Release{Key: key}, err
	}
	id, text, _ := strings.Cut(strings.TrimSpace(rest), " ")
	key, err := ParseReleaseKey(text)
	return Release{ID: id, Key: key}, err
}

// tag returns four signs, by which another parcel's key is told from a mistyped one. They leave 80 bits of the key unknown, and trying a
// key that fits them costs what scrypt costs.
func (k ReleaseKey) tag(id string) string {
	sum := sha256.Sum256([]byte("emtihan parcel release, 1\x00" + id + "\x00" + k.Text()))
	bits := binary.BigEndian.Uint32(sum[:])
	return string([]byte{alphabet[bits>>27], alphabet[bits>>22&31], alphabet[bits>>17&31], alphabet[bits>>12&31]})
}
