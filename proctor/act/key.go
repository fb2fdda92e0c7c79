package act

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// KeyError says why a file with a key cannot sign an act. Its code names a sentence of the forms' lists in every language;
// see Forms.Explain.
type KeyError struct {
	Code   string
	Detail string // for the support, in English
}

func (e *KeyError) Error() string {
	if e.Detail == "" {
		return keySentences[e.Code]
	}
	return keySentences[e.Code] + ": " + e.Detail
}

// Is compares codes, so that errors.Is(err, ErrKeyPassword) holds whatever the detail is.
func (e *KeyError) Is(target error) bool {
	var other *KeyError
	return errors.As(target, &other) && other.Code == e.Code
}

// What ReadKey and Key.Sign answer.
var (
	ErrKeyFile     = &KeyError{Code: "key-file"}     // no PKCS#12 in DER, damaged, or too large
	ErrKeyPassword = &KeyError{Code: "key-password"} // the password is wrong
	ErrKeyExpired  = &KeyError{Code: "key-expired"}  // the certificate's time is over
	ErrKeyEarly    = &KeyError{Code: "key-early"}    // the certificate's time has not begun
	ErrKeyPurpose  = &KeyError{Code: "key-purpose"}  // the certificate is not one for signing documents
	ErrKeyGOST     = &KeyError{Code: "key-gost"}     // a key by GOST, which this program cannot use
	ErrKeyKind     = &KeyError{Code: "key-kind"}     // another kind of key, or one that is too short
	ErrKeyPair     = &KeyError{Code: "key-pair"}     // key and certificate do not belong together
)

var keySentences = map[string]string{
	"key-file":     "the key file cannot be read: it is no PKCS#12 file (.p12, .pfx), or it is damaged",
	"key-password": "the password of the key file is wrong",
	"key-expired":  "the certificate has expired",
	"key-early":    "the certificate is not valid yet",
	"key-purpose":  "the certificate is not meant for signing documents",
	"key-gost":     "the key is a GOST key; this program signs with RSA and ECDSA keys only",
	"key-kind":     "this kind or size of key cannot sign; RSA from 2048 bits and ECDSA P-256, P-384, P-521 can",
	"key-pair":     "the key in the file does not belong to its certificate",
}

// Limits of what is taken for a key file: both are far above what certificate authorities issue.
const (
	maxKeyFile       = 256 << 10
	maxKeyIterations = 5_000_000
)

// Key is a person's key with its certificate, ready to sign.
type Key struct {
	Certificate *x509.Certificate
	chain       []*x509.Certificate
	private     crypto.Signer
}

// Name returns whom the certificate names: its common name, else its whole subject.
func (k *Key) Name() string { return nameOf(k.Certificate) }

func nameOf(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

// ReadKey takes a key out of a PKCS#12 file (RFC 7292) and checks that it may sign at the time now. Errors are *KeyError.
// Whatever the file holds, it does not panic. With the right password it takes as long as the file's own number of
// iterations asks for, usually some tenths of a second.
func ReadKey(p12 []byte, password string, now time.Time) (key *Key, err error) {
	fail := func(e *KeyError, detail any) (*Key, error) {
		return nil, &KeyError{e.Code, fmt.Sprint(detail)}
	}
	if len(p12) > maxKeyFile {
		return fail(ErrKeyFile, fmt.Sprintf("it has %d bytes, at most %d are allowed", len(p12), maxKeyFile))
	}
	if n := costliest(p12, 0); n.Cmp(big.NewInt(maxKeyIterations)) > 0 {
		return fail(ErrKeyFile, fmt.Sprintf("it asks for %v iterations, at most %d are allowed", n, maxKeyIterations))
	}
	defer func() {
		if v := recover(); v != nil {
			key, err = fail(ErrKeyFile, v) // the library was not made for damaged files
		}
	}()
	private, certificate, chain, err := pkcs12.DecodeChain(p12, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		return nil, ErrKeyPassword
	case err != nil && gost.MatchString(err.Error()):
		return fail(ErrKeyGOST, gost.FindString(err.Error()))
	case err != nil:
		return fail(ErrKeyFile, err)
	}
	if oid := algorithmOf(certificate); gost.MatchString(oid) {
		return fail(ErrKeyGOST, oid)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return fail(ErrKeyKind, fmt.Sprintf("%T", private))
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(certificate.PublicKey) {
		return nil, ErrKeyPair
	}
	key = &Key{Certificate: certificate, chain: chain, private: signer}
	if err := fit(certificate, now); err != nil {
		return nil, err
	}
	return key, nil
}

// fit says whether a certificate could sign a document at the time.
func fit(c *x509.Certificate, at time.Time) error {
	switch public := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() < 2048 {
			return &KeyError{ErrKeyKind.Code, fmt.Sprintf("RSA, %d bits", public.N.BitLen())}
		}
	case *ecdsa.PublicKey:
		if public.Curve.Params().BitSize < 256 {
			return &KeyError{ErrKeyKind.Code, public.Curve.Params().Name}
		}
	default:
		if oid := algorithmOf(c); gost.MatchString(oid) {
			return &KeyError{ErrKeyGOST.Code, oid}
		}
		return &KeyError{ErrKeyKind.Code, fmt.Sprintf("%T", public)}
	}
	day := func(t time.Time) string { return t.Format("02.01.2006 15:04 MST") }
	switch {
	case at.Before(c.NotBefore):
		return &KeyError{ErrKeyEarly.Code, day(c.NotBefore)}
	case at.After(c.NotAfter):
		return &KeyError{ErrKeyExpired.Code, day(c.NotAfter)}
	}
	if c.KeyUsage != 0 && c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return ErrKeyPurpose
	}
	// The same check as "openssl cms -verify" makes: extended usages, where there are any, must allow signed messages. It
	// refuses the key for logging in that an authority issues beside the one for signing.
	if len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) > 0 &&
		!slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageEmailProtection) && !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return ErrKeyPurpose
	}
	return nil
}

// gost are the arcs of Kazakhstan's and Russia's algorithms (GOST 34.310, GOST R 34.10), as the National Certification
// Authority's keys name them.
var gost = regexp.MustCompile(`\b1\.2\.(398\.3\.10|643)(\.[0-9]+)*`)

func algorithmOf(c *x509.Certificate) string {
	var info struct {
		Algorithm struct {
			OID        asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Key asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info); err != nil {
		return ""
	}
	return info.Algorithm.OID.String()
}

// costliest returns the largest number that stands where a number of iterations does: behind a salt, which is an OCTET
// STRING. A file could otherwise keep the program busy for years.
func costliest(der []byte, depth int) *big.Int {
	most := new(big.Int)
	salt := false
	for len(der) > 0 && depth < 16 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil {
			break
		}
		der = rest
		if n := new(big.Int); salt && v.Class == asn1.ClassUniversal && v.Tag == asn1.TagInteger && n.SetBytes(v.Bytes).Cmp(most) > 0 {
			most = n
		}
		salt = v.Class == asn1.ClassUniversal && v.Tag == asn1.TagOctetString
		if v.IsCompound || salt && bytes.HasPrefix(v.Bytes, []byte{0x30}) {
			if n := costliest(v.Bytes, depth+1); n.Cmp(most) > 0 {
				most = n
			}
		}
	}
	return most
}
