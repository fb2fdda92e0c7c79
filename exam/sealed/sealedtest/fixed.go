package sealedtest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
	"emtihan/exam/sealed"
	"emtihan/exam/vault"

	"golang.org/x/crypto/chacha20poly1305"
)

// Keys that nobody uses.
const (
	KeyLine      = "PRIVATE+KEY+emtihan-station+a853c582+AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"
	RoomKeyLine  = "PRIVATE+KEY+emtihan-station+4b9369e5+AQMGCQwPEhUYGx4hJCcqLTAzNjk8P0JFSEtOUVRXWl1g" // of the administrators' computer
	OtherKeyLine = "PRIVATE+KEY+emtihan-station+2bf39246+AQIEBggKDA4QEhQWGBocHiAiJCYoKiwuMDI0Njg6PD5A"
	SecretLine   = "EMTIHAN-STATION-SECRET-1+fb5bc2d5+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
	IdentityLine = "AGE-SECRET-KEY-1LEHPCV7VUF98HLVSW9LNWN97WQX9TTR90AGV5PN3NRHRMQ3G5R3Q6DVVSH"
	Recipient    = "age1rk00ar9gxk5qec0e5fp8j4ywvgmlr9f3z8a6apylnl5plzap9gpsk408uh"
)

// ageWraps are the keys of [Log.Stream], wrapped for Recipient: age draws randomness of its own.
var ageWraps = map[string]string{
	AttemptA: "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSA5bzM4RU1XQVMzZFRhTGhQbDZqNUszNGtYSzliOWFYR1ZKSWJLVVdnbUNBCmdLOVYxR0E0UlpLbnIzWG5aL1lOR05XaUkyd2RHdVNwWGk5aHllMDJpZHMKLS0tIDdzSGc3QXV2d0NVT3dkNWtuZERzbTFCVWxVbUhzVTJSRndpdGtHM0VWd00KmHXFFL4P+OzE8PYcP6JkD7gACQmwwKuWGx8zcHxSBiv6vJZi5RLd0gw1cUABzzGks+yZiANDwgnocsBC/zDUxhoMhtI0grzVOuxEw/tVZO3OGTipzWygPEmF43ltWsod/zQsfKgc4KzDHdKw5EZHqi+/8rmFuHoPqxCvTw==",
	AttemptB: "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBrREFuM3BCWHppMi9SV2QySGgxTFJEZzh6cU9RR1ZmVDB5aGllK2pQYkVFCnZ4d3JHcEJwYXlDTG1hOEMvdjFqWitmdVJrZFl5UHFQSWR6UzhqMUMvR0kKLS0tIENUbVY0OGJQSE5IOEs1VGYwWE1NR0UzczVWc2VDcVJ0TnpaNTJXWHF3Q1EKwkY8WsOyTRQTtCpyj4vR1Ba2I52HHe8p28oTO58J4c5bQpe9nnFsvGuwX/75GMzkI4nfB3Lw85IbczZw1OE5dDUmEOFZzplFwtoRpSdn6DG32WGJPZcjmQVsru9pM07nfjVV+IkXC+RoOrSH0KRS4KLpWWcn9S/zP5jAVw==",
	RoomID:   "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSB1TjJtNk9UZVVDdUZJQ3N3MC9ESDN3UjNzODN2NVYyb3ZsK3p6WTArR21jClhlVC9PQk1VdXNML0MrajVkc0dtbW9GRG9VSHFvcm95ckR1UlVXZ1BTMkUKLS0tIEZva25jUDlKQjM4eTRjek5rMjRjdS82YmZ2R25nWkZZUGNkK3hEU25QcGcKQYv6Z9Y2VtCswN/nF6iJkj4JyV2hI4Lc2JLvbuK6zyhQ1mMs/2AR3Jh32QEWcg79363P/AnXbJ3bud1yWWVzYeKWhK1DEvnF5emybiXkn66FLrj7sFPervV0c3tR0szkyx4eI+JZGGXsW+hS",
}

// Key returns the key of the line, or ends the test.
func Key(tb testing.TB, line string) vault.Key {
	tb.Helper()
	k, err := vault.ParseKey(line)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// Identity returns NCT's identity of the tests.
func Identity(tb testing.TB) *vault.Identity {
	tb.Helper()
	id, err := vault.ParseIdentity([]byte(IdentityLine))
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

// Folder makes a data folder with the key of the line and the tests' secret, and opens its vault.
func Folder(tb testing.TB, dir, keyLine string) *vault.Vault {
	tb.Helper()
	for name, line := range map[string]string{
		vault.KeyFile: keyLine, vault.SecretFile: SecretLine, vault.PublicKeyFile: Key(tb, keyLine).Public().String(),
	} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(line+"\n"), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	v, err := vault.OpenExisting(dir, vault.Options{Recipients: []string{Recipient}, Credentials: "-"})
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// Witness returns a witness of the name.
func Witness(name string) stream.Witness {
	seed := sha256.Sum256([]byte("witness " + name))
	return stream.NewWitness(name, ed25519.NewKeyFromSeed(seed[:]))
}

// DataKey returns the key of the log with the id, as [Log.Stream] encrypts it.
func DataKey(id string) vault.DataKey { return sha256.Sum256([]byte("data key of " + id)) }

// Header returns the header of the log with the id: wrapped for the tests' secret, and for Recipient where the id is one of
// this package.
func Header(tb testing.TB, id string) stream.Header {
	tb.Helper()
	secret, err := base64.StdEncoding.DecodeString(SecretLine[len(SecretLine)-44:])
	if err != nil {
		tb.Fatal(err)
	}
	aead, err := chacha20poly1305.NewX(secret)
	if err != nil {
		tb.Fatal(err)
	}
	sum, key := sha256.Sum256([]byte("nonce "+id)), DataKey(id)
	nonce := sum[:chacha20poly1305.NonceSizeX]
	h := stream.Header{ID: id, Created: Start.UnixMilli(), Wraps: []vault.Wrap{{
		For: vault.ForStation, Data: aead.Seal(bytes.Clone(nonce), nonce, key[:], []byte("emtihan log key, station, 1\x00"+id)),
	}}}
	if wrap, ok := ageWraps[id]; ok {
		data, err := base64.StdEncoding.DecodeString(wrap)
		if err != nil {
			tb.Fatal(err)
		}
		h.Wraps = append(h.Wraps, vault.Wrap{For: vault.ForAge, Data: data})
	}
	return h
}

// Form says how [Log.Stream] writes a log. The zero value is the form of the examples.
type Form struct {
	KeyLine string          // signs; "" is KeyLine
	Witness *stream.Witness // countersigns every second checkpoint
	Salt    string          // anything else draws other salts
	Every   int             // records between checkpoints; 0 is 4
	Created time.Time       // of the header; zero is [Start]
}

// Stream returns the log as a journal's bytes, without the space for hints: the same bytes every time. A new run begins where
// the stamps say so; a checkpoint stands behind every few records and at the end.
func (l *Log) Stream(id string, form Form) (header []byte, frames []byte) {
	l.tb.Helper()
	if form.KeyLine == "" {
		form.KeyLine = KeyLine
	}
	if form.Every == 0 {
		form.Every = 4
	}
	must := func(err error) {
		if err != nil {
			l.tb.Fatal(err)
		}
	}
	h := Header(l.tb, id)
	if !form.Created.IsZero() {
		h.Created = form.Created.UnixMilli()
	}
	header, err := h.Encode()
	must(err)
	key := Key(l.tb, form.KeyLine)
	verifier, err := key.Public().Verifier()
	must(err)
	enc, err := stream.NewEncoder(id, DataKey(id), key, stream.StateAfter(header, 0))
	must(err)
	run := uint32(0)
	points := 0
	last := Start
	sign := func() {
		c, err := enc.Checkpoint(last)
		must(err)
		if points++; form.Witness != nil && points%2 == 0 {
			frames = append(frames, enc.Take()...)
			msg, err := form.Witness.Cosign([]byte(c.Note), verifier, last.Add(2*time.Second))
			must(err)
			must(enc.Cosigned(msg))
		}
	}
	for i, e := range l.entries {
		stamp := exam.Stamp{Run: run + 1, Wall: Start.UnixMilli()}
		if rec, err := exam.DecodeRecord(e.Record); err == nil { // some tests write what is none
			stamp = rec.Stamp
		}
		if run == 0 || stamp.Run > run {
			run = max(stamp.Run, 1)
			sum := sha256.Sum256([]byte(form.Salt + "salt of " + id + string(rune('0'+run))))
			enc.Run(stream.Salt(sum[:]), stamp.Time())
		}
		last = stamp.Time()
		for _, b := range e.Blobs {
			must(enc.Blob(b))
		}
		must(enc.Record(e.Record, true))
		if (i+1)%form.Every == 0 {
			sign()
		}
		frames = append(frames, enc.Take()...)
	}
	if run == 0 {
		enc.Run(stream.Salt(make([]byte, len(stream.Salt{}))), Start)
	}
	_, err = enc.Snapshot([]byte("snapshot"))
	must(err)
	sign()
	return header, append(frames, enc.Take()...)
}

// Fixed writes the log as a journal, the same bytes every time.
func (l *Log) Fixed(path, id string, form Form) {
	l.tb.Helper()
	const firstFrame = stream.MaxHeader + 2*4096
	header, frames := l.Stream(id, form)
	file := make([]byte, max(1<<20, firstFrame+len(frames)+4096)) // as large as a journal is made
	copy(file, header)
	copy(file[firstFrame:], frames)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		l.tb.Fatal(err)
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		l.tb.Fatal(err)
	}
}

// SealFile returns the sealed log of the journal at the path, whose content is not read.
func SealFile(tb testing.TB, path, keyLine string, at time.Time) []byte {
	tb.Helper()
	r, err := journal.OpenReader(path, nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	if err := sealed.Seal(&b, r, Key(tb, keyLine), at); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// Sealed returns the sealed log of the log, the same bytes every time.
func (l *Log) Sealed(id string, form Form, sealKey string, at time.Time) []byte {
	l.tb.Helper()
	path := filepath.Join(l.tb.TempDir(), "a.journal")
	l.Fixed(path, id, form)
	return SealFile(l.tb, path, sealKey, at)
}
