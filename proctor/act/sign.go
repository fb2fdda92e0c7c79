package act

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"emtihan/exam"

	"github.com/smallstep/pkcs7"
)

// SignatureFileName returns the name of the file with the signatures, which lies beside the printed act.
func SignatureFileName(number string) string {
	return strings.TrimSuffix(FileName(number), filepath.Ext(FileName(number))) + ".p7s"
}

// Sign returns a detached signature over a printed act: CMS SignedData (RFC 5652) in DER with SHA-256, the signing time and
// the certificate, for one signer. Several of them are put into one file by JoinSignatures.
func (k *Key) Sign(pdf []byte) ([]byte, error) {
	data, err := pkcs7.NewSignedData(pdf)
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	data.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := data.AddSigner(k.Certificate, k.private, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	for _, c := range k.chain {
		if !bytes.Equal(c.RawIssuer, c.RawSubject) { // a root proves nothing here: whoever checks has it, or does not trust it
			data.AddCertificate(c)
		}
	}
	data.Detach()
	return data.Finish()
}

// Signed returns the event that goes into the room's log with the signature as its blob (R19). role is the id of the form's
// line of signature ("administrator"). It checks that the signature is one over the act's page, by one person.
func Signed(a exam.ActDrawn, pdf, cms []byte, role string) (exam.ActSigned, error) {
	if sum := sha256.Sum256(pdf); !bytes.Equal(sum[:], a.Digest) {
		return exam.ActSigned{}, fmt.Errorf("act %s: this is not its printed page", a.Number)
	}
	all, err := VerifySignature(pdf, cms, nil)
	if err != nil {
		return exam.ActSigned{}, fmt.Errorf("act %s: %w", a.Number, err)
	}
	if len(all) != 1 {
		return exam.ActSigned{}, fmt.Errorf("act %s: %d people signed at once; each signature is recorded by itself", a.Number, len(all))
	}
	s := all[0]
	signature, certificate := sha256.Sum256(cms), sha256.Sum256(s.Certificate.Raw)
	return exam.ActSigned{
		Number: a.Number, Digest: a.Digest, Signature: signature[:], Role: role,
		Signer: s.Certificate.Subject.String(), Certificate: certificate[:], At: s.At.UnixMilli(),
	}, nil
}

// Signature is one signer of a printed act, as the signature itself tells.
type Signature struct {
	Name        string // common name of the certificate
	Certificate *x509.Certificate
	At          time.Time // signing time, which the signer's computer stated
	Trusted     bool      // the certificate leads to one of the roots given
}

// SignatureError says why a signature is not good. Its code names a sentence of the forms' lists; see Forms.Explain.
type SignatureError struct {
	Code   string
	Detail string
}

func (e *SignatureError) Error() string {
	if e.Detail == "" {
		return signatureSentences[e.Code]
	}
	return signatureSentences[e.Code] + ": " + e.Detail
}

// Is compares codes.
func (e *SignatureError) Is(target error) bool {
	var other *SignatureError
	return errors.As(target, &other) && other.Code == e.Code
}

// What VerifySignature answers.
var (
	ErrSignatureFile  = &SignatureError{Code: "signature-file"}  // no CMS SignedData in DER, or without signers
	ErrSignatureOther = &SignatureError{Code: "signature-other"} // over another page
	ErrSignatureBad   = &SignatureError{Code: "signature-bad"}   // the value does not fit the certificate
	ErrSignatureWeak  = &SignatureError{Code: "signature-weak"}  // by an old digest, or without signed attributes
	ErrSignatureKey   = &SignatureError{Code: "signature-key"}   // by a certificate that could not sign at that time
	ErrSignatureTrust = &SignatureError{Code: "signature-trust"} // by a certificate that leads to none of the roots
)

var signatureSentences = map[string]string{
	"signature-file":  "the file holds no signature that can be read",
	"signature-other": "the signature belongs to another document, or the document was changed",
	"signature-bad":   "the signature was changed, or is not by the certificate that it names",
	"signature-weak":  "the signature does not meet today's rules",
	"signature-key":   "the certificate could not sign at the time that the signature states",
	"signature-trust": "the certificate was not issued by an authority that is trusted here",
}

// VerifySignature checks that every signature in cms is one over the page, and returns who signed. With roots, each
// certificate must lead to one of them at its signing time; without, nobody has vouched for the names. Errors are
// *SignatureError. Certificates that were revoked are not found out: that needs the authority's lists.
func VerifySignature(pdf, cms []byte, roots *x509.CertPool) (out []Signature, err error) {
	fail := func(e *SignatureError, detail any) ([]Signature, error) {
		return nil, &SignatureError{e.Code, fmt.Sprint(detail)}
	}
	defer func() {
		if v := recover(); v != nil {
			out, err = fail(ErrSignatureFile, v)
		}
	}()
	if _, err := splitCMS(cms); err != nil {
		return fail(ErrSignatureFile, err)
	}
	p7, err := pkcs7.Parse(cms)
	if err != nil {
		return fail(ErrSignatureFile, err)
	}
	if len(p7.Signers) == 0 {
		return fail(ErrSignatureFile, "nobody signed")
	}
	for _, s := range p7.Signers {
		i := slices.IndexFunc(p7.Certificates, func(c *x509.Certificate) bool {
			return c.SerialNumber.Cmp(s.IssuerAndSerialNumber.SerialNumber) == 0 && bytes.Equal(c.RawIssuer, s.IssuerAndSerialNumber.IssuerName.FullBytes)
		})
		if i < 0 {
			return fail(ErrSignatureFile, "a signer's certificate is missing")
		}
		switch digest := s.DigestAlgorithm.Algorithm; {
		case digest.Equal(pkcs7.OIDDigestAlgorithmSHA256), digest.Equal(pkcs7.OIDDigestAlgorithmSHA384), digest.Equal(pkcs7.OIDDigestAlgorithmSHA512):
		case gost.MatchString(digest.String()):
			return fail(ErrSignatureFile, "a GOST signature, which this program cannot check")
		default:
			return fail(ErrSignatureWeak, "digest "+digest.String())
		}
		sig := Signature{Certificate: p7.Certificates[i], Name: nameOf(p7.Certificates[i]), Trusted: roots != nil}
		for _, a := range s.AuthenticatedAttributes {
			if a.Type.Equal(pkcs7.OIDAttributeSigningTime) {
				if _, err := asn1.Unmarshal(a.Value.Bytes, &sig.At); err != nil {
					return fail(ErrSignatureFile, "the signing time cannot be read")
				}
			}
		}
		if sig.At.IsZero() {
			return fail(ErrSignatureWeak, "no signing time")
		}
		if err := fit(sig.Certificate, sig.At); err != nil {
			return fail(ErrSignatureKey, err)
		}
		out = append(out, sig)
	}
	p7.Content = pdf
	var mismatch *pkcs7.MessageDigestMismatchError
	switch err := p7.Verify(); {
	case errors.As(err, &mismatch):
		return fail(ErrSignatureOther, "")
	case err != nil:
		return fail(ErrSignatureBad, err)
	}
	if roots != nil {
		if err := p7.VerifyWithChain(roots); err != nil {
			return fail(ErrSignatureTrust, err)
		}
	}
	return out, nil
}

// JoinSignatures puts the signatures of several people over one page into one CMS SignedData, as the file beside the page
// holds them. It proves nothing about them. Equal signatures in equal order give equal bytes; one that is there twice
// counts once. Errors are *SignatureError.
func JoinSignatures(cms ...[]byte) ([]byte, error) {
	if len(cms) == 0 {
		return nil, &SignatureError{ErrSignatureFile.Code, "there are none"}
	}
	var all signedParts
	for _, one := range cms {
		p, err := splitCMS(one)
		if err != nil {
			return nil, &SignatureError{ErrSignatureFile.Code, err.Error()}
		}
		all.content = p.content
		all.digests = append(all.digests, p.digests...)
		all.certificates = append(all.certificates, p.certificates...)
		all.signers = append(all.signers, p.signers...)
	}
	return all.join()
}

// signedParts are the parts of a SignedData, each in DER.
type signedParts struct {
	content                        asn1.RawValue
	digests, certificates, signers []asn1.RawValue
}

const maxSignatures = 64 << 10

// splitCMS takes a ContentInfo with a SignedData apart, and demands that it is detached and that nothing follows it.
func splitCMS(der []byte) (p signedParts, err error) {
	if len(der) > maxSignatures {
		return p, fmt.Errorf("it has %d bytes, at most %d are allowed", len(der), maxSignatures)
	}
	var info struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,tag:0"`
	}
	rest, err := asn1.Unmarshal(der, &info)
	switch {
	case err != nil:
		return p, err
	case len(rest) > 0:
		return p, errors.New("something follows it")
	case !info.Type.Equal(pkcs7.OIDSignedData):
		return p, errors.New("it is another kind of message")
	}
	var data asn1.RawValue
	if _, err := asn1.Unmarshal(info.Content.Bytes, &data); err != nil {
		return p, err
	}
	parts, err := elements(data.Bytes)
	if err != nil {
		return p, err
	}
	if len(parts) < 4 {
		return p, errors.New("parts are missing")
	}
	if p.digests, err = elements(parts[1].Bytes); err != nil {
		return p, err
	}
	var inner struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
	}
	if _, err := asn1.Unmarshal(parts[2].FullBytes, &inner); err != nil {
		return p, err
	}
	if len(inner.Content.FullBytes) > 0 {
		return p, errors.New("it is not detached: it holds a document of its own")
	}
	p.content = parts[2]
	for _, v := range parts[3:] {
		list, err := elements(v.Bytes)
		switch {
		case err != nil:
			return p, err
		case v.Class == asn1.ClassContextSpecific && v.Tag == 0:
			p.certificates = list
		case v.Class == asn1.ClassUniversal && v.Tag == asn1.TagSet:
			p.signers = list
		}
	}
	if len(p.signers) == 0 {
		return p, errors.New("nobody signed")
	}
	return p, nil
}

func elements(der []byte) (out []asn1.RawValue, err error) {
	for len(der) > 0 {
		var v asn1.RawValue
		if der, err = asn1.Unmarshal(der, &v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (p signedParts) join() ([]byte, error) {
	set := func(class, tag int, list []asn1.RawValue) asn1.RawValue {
		// DER orders what is in a SET OF.
		slices.SortFunc(list, func(a, b asn1.RawValue) int { return bytes.Compare(a.FullBytes, b.FullBytes) })
		list = slices.CompactFunc(list, func(a, b asn1.RawValue) bool { return bytes.Equal(a.FullBytes, b.FullBytes) })
		return compound(class, tag, list...)
	}
	version := asn1.RawValue{FullBytes: []byte{asn1.TagInteger, 1, 1}}
	kind, err := asn1.Marshal(pkcs7.OIDSignedData)
	if err != nil {
		return nil, err
	}
	data := compound(asn1.ClassUniversal, asn1.TagSequence, version, set(asn1.ClassUniversal, asn1.TagSet, p.digests), p.content,
		set(asn1.ClassContextSpecific, 0, p.certificates), set(asn1.ClassUniversal, asn1.TagSet, p.signers))
	info := compound(asn1.ClassUniversal, asn1.TagSequence, asn1.RawValue{FullBytes: kind}, compound(asn1.ClassContextSpecific, 0, data))
	return asn1.Marshal(info)
}

func compound(class, tag int, parts ...asn1.RawValue) asn1.RawValue {
	v := asn1.RawValue{Class: class, Tag: tag, IsCompound: true}
	for _, p := range parts {
		der := p.FullBytes
		if der == nil {
			der, _ = asn1.Marshal(p) // made here of parts that are DER already
		}
		v.Bytes = append(v.Bytes, der...)
	}
	return v
}
