package act

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/smallstep/pkcs7"
	"software.sslmate.com/src/go-pkcs12"
)

// authority is a certification authority that exists for one run of the tests.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	return &authority{key, must[*x509.Certificate](t)(x509.ParseCertificate(der))}
}

var serial big.Int

// issue returns a certificate for the key; change may spoil the template.
func (a *authority) issue(t testing.TB, name string, key crypto.Signer, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	serial.Add(&serial, big.NewInt(1))
	c := &x509.Certificate{
		SerialNumber: new(big.Int).Add(&serial, big.NewInt(100)), Subject: pkix.Name{CommonName: name, SerialNumber: "IIN900101300017", Country: []string{"KZ"}},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	if change != nil {
		change(c)
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, c, a.cert, key.Public(), a.key))
	return must[*x509.Certificate](t)(x509.ParseCertificate(der))
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	return must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
}

// signer returns a key as ReadKey gives it out of a file.
func (a *authority) signer(t testing.TB, name string, key crypto.Signer) *Key {
	t.Helper()
	p12 := must[[]byte](t)(pkcs12.Modern.Encode(key, a.issue(t, name, key, nil), nil, "құпия"))
	return must[*Key](t)(ReadKey(p12, "құпия", time.Now()))
}

// R19: a key file is taken, or refused in words that say what is wrong with it.
func TestReadKey(t *testing.T) {
	ca := newAuthority(t, "ҰКО сынақ")
	key := ecKey(t)
	file := func(private crypto.Signer, cert *x509.Certificate) []byte {
		return must[[]byte](t)(pkcs12.Modern.Encode(private, cert, []*x509.Certificate{ca.cert}, "pass"))
	}
	good := file(key, ca.issue(t, "Сұлтанова Гүлнәр", key, nil))
	changed := func(change func(*x509.Certificate)) []byte { return file(key, ca.issue(t, "x", key, change)) }
	short := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 1024))
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// A file without encryption, in which RSA's number is replaced by that of GOST 34.310 in Kazakhstan.
	gostFile := must[[]byte](t)(pkcs12.Passwordless.Encode(rsaKey(), ca.issue(t, "x", rsaKey(), nil), nil, ""))
	rsaNumber := must[[]byte](t)(asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}))
	gostNumber := must[[]byte](t)(asn1.Marshal(asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 1, 1, 1}))
	if len(rsaNumber) != len(gostNumber) || !bytes.Contains(gostFile, rsaNumber) {
		t.Fatal("the numbers of the algorithms cannot be exchanged")
	}
	gostFile = bytes.ReplaceAll(gostFile, rsaNumber, gostNumber)

	for _, c := range []struct {
		name     string
		file     []byte
		password string
		want     *KeyError
	}{
		{"ecdsa", good, "pass", nil},
		{"rsa", file(rsaKey(), ca.issue(t, "x", rsaKey(), nil)), "pass", nil},
		{"old encryption", must[[]byte](t)(pkcs12.LegacyDES.Encode(key, ca.issue(t, "x", key, nil), nil, "pass")), "pass", nil},
		{"no usages stated", changed(func(c *x509.Certificate) { c.KeyUsage, c.ExtKeyUsage = 0, nil }), "pass", nil},
		{"wrong password", good, "Pass", ErrKeyPassword},
		{"no password", good, "", ErrKeyPassword},
		{"expired", changed(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) }), "pass", ErrKeyExpired},
		{"not yet", changed(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }), "pass", ErrKeyEarly},
		{"for encryption", changed(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }), "pass", ErrKeyPurpose},
		{"for logging in", changed(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), "pass", ErrKeyPurpose},
		{"gost", gostFile, "", ErrKeyGOST},
		{"short", file(short, ca.issue(t, "x", short, nil)), "pass", ErrKeyKind},
		{"edwards", file(edwards, ca.issue(t, "x", edwards, nil)), "pass", ErrKeyKind},
		{"another's certificate", file(key, ca.issue(t, "x", ecKey(t), nil)), "pass", ErrKeyPair},
		{"no file", nil, "pass", ErrKeyFile},
		{"text", []byte("-----BEGIN CERTIFICATE-----\n"), "pass", ErrKeyFile},
		{"cut off", good[:len(good)/2], "pass", ErrKeyFile},
		{"too large", make([]byte, maxKeyFile+1), "pass", ErrKeyFile},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadKey(c.file, c.password, time.Now())
			if c.want == nil {
				if err != nil || got.Name() == "" {
					t.Fatalf("%v, %v", got, err)
				}
				return
			}
			if !errors.Is(err, c.want) || got != nil {
				t.Fatalf("%v, want %v", err, c.want)
			}
			for _, l := range []string{"kk", "ru", "en"} {
				if s := load(t).Explain(err, l); s == err.Error() || len(s) < 20 {
					t.Errorf("nothing to say in %s: %q", l, s)
				}
			}
		})
	}
}

// A file that asks for years of computing is refused at once.
func TestReadKeyIterations(t *testing.T) {
	type parameters struct {
		Salt       []byte
		Iterations int
	}
	der := must[[]byte](t)(asn1.Marshal([]parameters{{[]byte("salt"), 2048}, {[]byte("salt"), 2_000_000_000}}))
	wrapped := must[[]byte](t)(asn1.Marshal(struct{ A []byte }{der}))
	if n := costliest(wrapped, 0); n.Int64() != 2_000_000_000 {
		t.Errorf("%v iterations found", n)
	}
	if _, err := ReadKey(wrapped, "", time.Now()); !errors.Is(err, ErrKeyFile) || !strings.Contains(err.Error(), "iterations") {
		t.Error(err)
	}
}

// R19: detached signatures of several people over one page, in one file.
func TestSignatures(t *testing.T) {
	ca, other := newAuthority(t, "ҰКО сынақ"), newAuthority(t, "foreign")
	pdf := []byte("%PDF-1.3 акт")
	admin := ca.signer(t, "Сұлтанова Гүлнәр", ecKey(t))
	witness := ca.signer(t, "Ысқақов Ғалым", rsaKey())
	one := must[[]byte](t)(admin.Sign(pdf))
	two := must[[]byte](t)(witness.Sign(pdf))
	both := must[[]byte](t)(JoinSignatures(one, two))
	if again := must[[]byte](t)(JoinSignatures(both, one)); !bytes.Equal(again, both) {
		t.Error("a signature that is there already changes the file")
	}
	if swapped := must[[]byte](t)(JoinSignatures(two, one)); !bytes.Equal(swapped, both) {
		t.Error("the order of signing changes the file")
	}
	names := func(all []Signature) (out []string) {
		for _, s := range all {
			out = append(out, s.Name)
			if !s.Trusted || time.Since(s.At) > time.Minute || time.Since(s.At) < -time.Minute {
				t.Errorf("%s: trusted %v, signed at %v", s.Name, s.Trusted, s.At)
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		cms  []byte
		want []string
	}{
		"one": {one, []string{"Сұлтанова Гүлнәр"}}, "both": {both, []string{"Сұлтанова Гүлнәр", "Ысқақов Ғалым"}},
	} {
		all, err := VerifySignature(pdf, c.cms, ca.pool())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := names(all)
		for _, w := range c.want {
			if !strings.Contains(strings.Join(got, ","), w) || len(got) != len(c.want) {
				t.Errorf("%s: %s", name, cmp.Diff(c.want, got))
			}
		}
	}
	if all, err := VerifySignature(pdf, one, nil); err != nil || all[0].Trusted {
		t.Errorf("without roots: trusted %v, %v", all, err)
	}

	// Tampering.
	attached := must[*pkcs7.SignedData](t)(pkcs7.NewSignedData(pdf))
	if err := attached.AddSigner(admin.Certificate, admin.private, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	weak := must[*pkcs7.SignedData](t)(pkcs7.NewSignedData(pdf))
	weak.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA1)
	if err := weak.AddSigner(witness.Certificate, witness.private, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	weak.Detach()
	bare := must[*pkcs7.SignedData](t)(pkcs7.NewSignedData(pdf))
	bare.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := bare.SignWithoutAttr(witness.Certificate, witness.private, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	bare.Detach()
	login := &Key{Certificate: ca.issue(t, "login", witness.private, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), private: witness.private}
	late := &Key{Certificate: ca.issue(t, "late", witness.private, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) }), private: witness.private}
	stolen := &Key{Certificate: witness.Certificate, private: must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))}
	flip := func(cms []byte, at int) []byte {
		out := bytes.Clone(cms)
		out[at] ^= 1
		return out
	}
	parts, err := splitCMS(one)
	if err != nil {
		t.Fatal(err)
	}
	parts.certificates = nil
	for _, c := range []struct {
		name  string
		pdf   []byte
		cms   []byte
		roots *x509.CertPool
		want  *SignatureError
	}{
		{"another page", append([]byte("x"), pdf...), one, nil, ErrSignatureOther},
		{"another page, one of both", append([]byte("x"), pdf...), both, nil, ErrSignatureOther},
		{"value", pdf, flip(two, len(two)-1), nil, ErrSignatureBad},
		{"another's key", pdf, must[[]byte](t)(stolen.Sign(pdf)), nil, ErrSignatureBad},
		{"foreign authority", pdf, one, other.pool(), ErrSignatureTrust},
		{"no authority", pdf, one, x509.NewCertPool(), ErrSignatureTrust},
		{"old digest", pdf, must[[]byte](t)(weak.Finish()), nil, ErrSignatureWeak},
		{"no signed attributes", pdf, must[[]byte](t)(bare.Finish()), nil, ErrSignatureWeak},
		{"key for logging in", pdf, must[[]byte](t)(login.Sign(pdf)), nil, ErrSignatureKey},
		{"signed when expired", pdf, must[[]byte](t)(late.Sign(pdf)), nil, ErrSignatureKey},
		{"not detached", pdf, must[[]byte](t)(attached.Finish()), nil, ErrSignatureFile},
		{"without certificate", pdf, must[[]byte](t)(parts.join()), nil, ErrSignatureFile},
		{"trailing byte", pdf, append(bytes.Clone(one), 0), nil, ErrSignatureFile},
		{"cut off", pdf, one[:len(one)-1], nil, ErrSignatureFile},
		{"empty", pdf, nil, nil, ErrSignatureFile},
	} {
		t.Run(c.name, func(t *testing.T) {
			if all, err := VerifySignature(c.pdf, c.cms, c.roots); !errors.Is(err, c.want) {
				t.Errorf("%v, %v; want %v", all, err, c.want)
			}
		})
	}
	// Whatever byte is changed, the signature is not good, or the change is in what nobody signed: the certificate, which
	// its authority signed, and the version.
	for i := range one {
		all, err := VerifySignature(pdf, flip(one, i), ca.pool())
		if err == nil && (len(all) != 1 || !bytes.Equal(all[0].Certificate.Raw, admin.Certificate.Raw)) {
			t.Errorf("byte %d changed: %v", i, all)
		}
	}
}

// R19: what goes into the room's log with a signature.
func TestSigned(t *testing.T) {
	ca := newAuthority(t, "ҰКО сынақ")
	key := ca.signer(t, "Сұлтанова Гүлнәр", ecKey(t))
	fs := load(t)
	a := drawn(t, fs, "10", nil)
	pdf := []byte("%PDF")
	sum := sha256.Sum256(pdf)
	a.Digest = sum[:]
	cms := must[[]byte](t)(key.Sign(pdf))
	e, err := Signed(a, pdf, cms, "administrator")
	if err != nil {
		t.Fatal(err)
	}
	signature, certificate := sha256.Sum256(cms), sha256.Sum256(key.Certificate.Raw)
	if e.Number != a.Number || !bytes.Equal(e.Digest, a.Digest) || !bytes.Equal(e.Signature, signature[:]) || !bytes.Equal(e.Certificate, certificate[:]) ||
		!strings.Contains(e.Signer, "Сұлтанова") || e.Role != "administrator" || e.At == 0 {
		t.Errorf("%+v", e)
	}
	if _, err := Signed(a, append(pdf, ' '), cms, "administrator"); err == nil {
		t.Error("another page passes for the act's")
	}
	if _, err := Signed(a, pdf, must[[]byte](t)(JoinSignatures(cms, must[[]byte](t)(ca.signer(t, "x", ecKey(t)).Sign(pdf)))), "administrator"); err == nil {
		t.Error("two people sign at once")
	}
	if got, want := SignatureFileName("12-1/2026-11-21/003"), "12-1-2026-11-21-003.p7s"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Independent peer: openssl reads what is signed here, and what it packs is read here.
func TestOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, data []byte) string {
		if err := os.WriteFile(path(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path(name)
	}
	openssl := func(args ...string) (string, error) {
		out, err := exec.Command("openssl", args...).CombinedOutput()
		return string(out), err
	}
	ca := newAuthority(t, "ҰКО сынақ")
	write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw}))

	fs, f := load(t), fonts(t)
	pdf := must[[]byte](t)(fs.Print(drawn(t, fs, "12", nil), now, f))
	write("act.pdf", pdf)
	admin, witness := ca.signer(t, "Сұлтанова Гүлнәр", ecKey(t)), ca.signer(t, "Ысқақов Ғалым", rsaKey())
	one, two := must[[]byte](t)(admin.Sign(pdf)), must[[]byte](t)(witness.Sign(pdf))
	verify := func(pdf string) (string, error) {
		return openssl("cms", "-verify", "-binary", "-inform", "DER", "-in", path("act.p7s"), "-content", pdf, "-CAfile", path("ca.pem"), "-out", os.DevNull)
	}
	for name, cms := range map[string][]byte{"ecdsa": one, "rsa": two, "both": must[[]byte](t)(JoinSignatures(one, two))} {
		write("act.p7s", cms)
		if out, err := verify(path("act.pdf")); err != nil || !strings.Contains(out, "successful") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		write("changed.pdf", append(bytes.Clone(pdf), '\n'))
		if out, err := verify(path("changed.pdf")); err == nil {
			t.Errorf("%s: openssl takes another page: %s", name, out)
		}
	}

	// A key made and packed by openssl.
	key := ecKey(t)
	write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key))}))
	write("cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.issue(t, "openssl", key, nil).Raw}))
	for _, extra := range [][]string{nil, {"-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"}} {
		args := append([]string{"pkcs12", "-export", "-inkey", path("key.pem"), "-in", path("cert.pem"), "-out", path("key.p12"), "-passout", "pass:сөз"}, extra...)
		if out, err := openssl(args...); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		p12 := must[[]byte](t)(os.ReadFile(path("key.p12")))
		if k, err := ReadKey(p12, "сөз", time.Now()); err != nil || k.Name() != "openssl" {
			t.Errorf("%v: %v", extra, err)
		}
		if _, err := ReadKey(p12, "сез", time.Now()); !errors.Is(err, ErrKeyPassword) {
			t.Errorf("%v: wrong password: %v", extra, err)
		}
	}
	// A signature made by openssl.
	if out, err := openssl("cms", "-sign", "-binary", "-in", path("act.pdf"), "-signer", path("cert.pem"), "-inkey", path("key.pem"), "-md", "sha256", "-outform", "DER", "-out", path("theirs.p7s")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if all, err := VerifySignature(pdf, must[[]byte](t)(os.ReadFile(path("theirs.p7s"))), ca.pool()); err != nil || len(all) != 1 || all[0].Name != "openssl" {
		t.Errorf("%v, %v", all, err)
	}
}

func FuzzReadKey(f *testing.F) {
	ca := newAuthority(f, "x")
	key := ecKey(f)
	p12 := must[[]byte](f)(pkcs12.Passwordless.Encode(key, ca.issue(f, "x", key, nil), nil, ""))
	f.Add(p12, "")
	f.Add(p12[:len(p12)/2], "")
	f.Add(must[[]byte](f)(pkcs12.Passwordless.EncodeTrustStore([]*x509.Certificate{ca.cert}, "")), "")
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		if costliest(data, 0).Cmp(big.NewInt(10_000)) > 0 {
			return // the file's own price, and no fault
		}
		k, err := ReadKey(data, password, time.Now())
		var e *KeyError
		if (k == nil) == (err == nil) || err != nil && !errors.As(err, &e) {
			t.Fatalf("%v, %v", k, err)
		}
		if k != nil {
			if _, err := k.Sign([]byte("x")); err != nil {
				t.Fatalf("a key that cannot sign was taken: %v", err)
			}
		}
	})
}

func FuzzVerifySignature(f *testing.F) {
	ca := newAuthority(f, "x")
	k := ca.signer(f, "x", ecKey(f))
	cms := must[[]byte](f)(k.Sign([]byte("page")))
	f.Add(cms)
	f.Add(cms[:len(cms)-9])
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := VerifySignature([]byte("page"), data, nil) // each process of the fuzzer has an authority of its own
		var e *SignatureError
		if (len(all) == 0) == (err == nil) || err != nil && !errors.As(err, &e) {
			t.Fatalf("%v, %v", all, err)
		}
		joined, err := JoinSignatures(data)
		if err != nil {
			return
		}
		if again, err := JoinSignatures(joined, joined); err != nil || !bytes.Equal(again, joined) {
			t.Fatalf("joined again: %v", err)
		}
	})
}
