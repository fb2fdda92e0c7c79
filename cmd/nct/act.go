package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
	"emtihan/exam/sealed"
	"emtihan/proctor/act"
)

// actFlags are with what acts are verified.
type actFlags struct {
	Acts []string `help:"Folder with printed acts (.pdf) and their signatures (.p7s), compared with the logs of rooms among the files. It needs --identity or --data. Can be repeated." placeholder:"DIR" sep:"none"`
	CA   []string `name:"ca" help:"File with the certificates (PEM) of the authorities that are trusted under acts. Without it a signature is checked, and its name is nobody's word but its own. Can be repeated." placeholder:"FILE" sep:"none"`
}

// actCheck verifies the acts of rooms' logs: their numbers, their pages, their signatures, and the files beside them (R19).
type actCheck struct {
	*env
	folders []string
	roots   *x509.CertPool
	forms   *act.Forms
	book    act.Book
	acts    map[string]*provenAct // by number
	order   []string
	logs    int // how many were taken in
	worst   int
}

// provenAct is an act with what proves it.
type provenAct struct {
	exam.ActDrawn
	page []byte // nil: the log has none
	cms  [][]byte
}

func (f actFlags) check(e *env) (*actCheck, error) {
	if len(f.Acts) == 0 {
		if len(f.CA) > 0 {
			return nil, usageError{errors.New("--ca: there is no --acts")}
		}
		return nil, nil
	}
	c := &actCheck{env: e, folders: f.Acts, acts: make(map[string]*provenAct)}
	for _, dir := range f.Acts {
		if fi, err := os.Stat(dir); err != nil || !fi.IsDir() {
			return nil, usageError{fmt.Errorf("--acts: %s is no folder", dir)}
		}
	}
	for _, file := range f.CA {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
		if c.roots == nil {
			c.roots = x509.NewCertPool()
		}
		if !c.roots.AppendCertsFromPEM(data) {
			return nil, usageError{fmt.Errorf("--ca: %s holds no certificate in PEM", file)}
		}
	}
	var err error
	c.forms, err = act.Load("")
	return c, err
}

// say prints a finding about an act; a bad one makes the whole not whole.
func (c *actCheck) finding(bad bool, id string, pairs ...any) {
	for i := 1; i < len(pairs); i += 2 {
		if s, ok := pairs[i].(string); ok {
			pairs[i] = clean(s)
		}
	}
	fmt.Fprintln(c.out, "  "+c.say("act."+id, pairs...))
	if bad {
		c.worst = worse(c.worst, exitNotWhole)
	}
}

// log takes in the acts of a room's log, which is whole.
func (c *actCheck) log(file string, a access) error {
	shown, err := c.openShown(file, a, nil)
	if err != nil {
		return err
	}
	defer shown.close()
	c.logs++
	blobs := make(map[journal.Hash][]byte) // those that stand before the next record
	return shown.each(func(s sealed.Section) error {
		switch {
		case s.Kind == stream.KindBlob:
			blobs[s.Hash] = slices.Clone(s.Data)
		case s.Record != nil:
			c.record(s.Record.Event, blobs)
			clear(blobs)
		}
		return nil
	})
}

func (c *actCheck) record(e exam.Event, blobs map[journal.Hash][]byte) {
	blob := func(sum []byte) []byte {
		if len(sum) != len(journal.Hash{}) {
			return nil
		}
		return blobs[journal.Hash(sum)]
	}
	switch e := e.(type) {
	case exam.ActDrawn:
		if err := c.book.Add(e.Number); err != nil {
			c.finding(true, "number", "Number", e.Number, "Why", err.Error())
		}
		if _, twice := c.acts[e.Number]; twice {
			c.finding(true, "twice", "Number", e.Number)
			return
		}
		p := &provenAct{ActDrawn: e, page: blob(e.Digest)}
		if p.page == nil {
			c.finding(true, "no-page", "Number", e.Number)
		}
		if of := e.Fields[act.FieldCorrects]; of != "" && c.acts[of] == nil {
			c.finding(false, "corrects", "Number", e.Number, "Of", of)
		}
		c.acts[e.Number] = p
		c.order = append(c.order, e.Number)
	case exam.ActSigned:
		p, ok := c.acts[e.Number]
		if !ok {
			c.finding(true, "signed-unknown", "Number", e.Number)
			return
		}
		c.signed(p, e, blob(e.Signature))
	}
}

// signed checks one recorded signature against the page in the log.
func (c *actCheck) signed(p *provenAct, e exam.ActSigned, cms []byte) {
	switch {
	case cms == nil:
		c.finding(true, "no-signature", "Number", e.Number, "Signer", e.Signer)
		return
	case p.page == nil:
		return // said already
	}
	want, err := act.Signed(p.ActDrawn, p.page, cms, e.Role)
	if err == nil && (!bytes.Equal(e.Certificate, want.Certificate) || !bytes.Equal(e.Digest, want.Digest) || e.At != want.At || e.Signer != want.Signer) {
		c.finding(true, "other-signer", "Number", e.Number, "Signer", e.Signer)
		return
	}
	if err == nil {
		_, err = act.VerifySignature(p.page, cms, c.roots)
	}
	if err != nil {
		c.finding(true, "signature", "Number", e.Number, "Why", c.forms.Explain(err, string(c.lang)))
		return
	}
	p.cms = append(p.cms, cms)
	id := "signed"
	if c.roots == nil {
		id = "signed-untrusted"
	}
	c.finding(false, id, "Number", e.Number, "Signer", e.Signer, "Time", c.clock(time.UnixMilli(e.At)))
}

// finish compares what the logs hold with the files, and says what the acts are. Without a log that could be read, every
// file would pass for a stranger.
func (c *actCheck) finish() (int, error) {
	if c.logs == 0 {
		return exitUsage, usageError{errors.New("--acts: no log of a room that can be read is among the files: name it, and --identity or --data")}
	}
	for _, dir := range c.folders {
		fmt.Fprintln(c.out, c.say("act.folder", "Folder", dir))
		c.folder(dir)
	}
	if gaps := c.book.Gaps(); len(gaps) > 0 {
		c.finding(false, "gaps", "Numbers", strings.Join(gaps, ", "))
	}
	fmt.Fprintln(c.out, c.say("act.sum", "Number", len(c.acts), "Verdict", c.say("act."+either(c.worst == exitOK, "good", "bad"))))
	return c.worst, nil
}

func (c *actCheck) folder(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		c.finding(true, "unreadable", "File", dir, "Why", err.Error())
		return
	}
	expected := make(map[string]bool)
	for _, number := range c.order {
		p := c.acts[number]
		pdf, p7s := act.FileName(number), act.SignatureFileName(number)
		expected[pdf], expected[p7s] = true, true
		data, err := readSmall(filepath.Join(dir, pdf))
		switch sum := sha256.Sum256(data); {
		case errors.Is(err, fs.ErrNotExist):
			c.finding(false, "absent", "File", pdf)
		case err != nil:
			c.finding(true, "unreadable", "File", pdf, "Why", err.Error())
		case !bytes.Equal(sum[:], p.Digest):
			c.finding(true, "changed", "File", pdf)
		default:
			c.finding(false, "same", "File", pdf)
		}
		c.signatures(dir, p7s, p)
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); !expected[e.Name()] && (ext == ".pdf" || ext == ".p7s") {
			c.finding(true, "stranger", "File", e.Name())
		}
	}
}

// signatures compares the file with the signatures under an act with those that the log holds.
func (c *actCheck) signatures(dir, name string, p *provenAct) {
	data, err := readSmall(filepath.Join(dir, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if len(p.cms) > 0 {
			c.finding(false, "absent", "File", name)
		}
		return
	case err != nil:
		c.finding(true, "unreadable", "File", name, "Why", err.Error())
		return
	case p.page == nil:
		return
	}
	all, err := act.VerifySignature(p.page, data, c.roots)
	if err != nil {
		c.finding(true, "signature", "Number", p.Number, "Why", c.forms.Explain(err, string(c.lang)))
		return
	}
	recorded := make(map[string]bool)
	for _, cms := range p.cms {
		if one, err := act.VerifySignature(p.page, cms, nil); err == nil {
			recorded[string(one[0].Certificate.Raw)] = true
		}
	}
	for _, s := range all {
		if !recorded[string(s.Certificate.Raw)] {
			c.finding(true, "unrecorded", "File", name, "Signer", s.Certificate.Subject.String())
		}
		delete(recorded, string(s.Certificate.Raw))
	}
	for _, raw := range slices.Sorted(maps.Keys(recorded)) {
		if certificate, err := x509.ParseCertificate([]byte(raw)); err == nil {
			c.finding(true, "left-out", "File", name, "Signer", certificate.Subject.String())
		}
	}
}

// maxActFile is far above what an act or its signatures take.
const maxActFile = 8 << 20

func readSmall(path string) ([]byte, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if fi.Size() > maxActFile {
		return nil, fmt.Errorf("it has %d bytes, at most %d are expected", fi.Size(), maxActFile)
	}
	return os.ReadFile(path)
}

// actWords says what an event about acts and their consequences is.
func (e *env) actWords(ev exam.Event) (id string, pairs []any) {
	known := func(group, code string) string {
		if locales.Has("nct.did." + group + "-" + code) {
			return group + "-" + code
		}
		return group + "-other"
	}
	switch ev := ev.(type) {
	case exam.ConsequenceApplied:
		return known("consequence", string(ev.Effect)), []any{"Act", ev.Act, "Form", ev.Form, "By", ev.By, "Seat", ev.Seat}
	case exam.ConsequenceLifted:
		return "consequence-lifted", []any{"Act", ev.Act, "Of", ev.Of, "By", ev.By}
	case exam.Annulled:
		return known("annulled", string(ev.Basis)), []any{"By", ev.By, "Reason", ev.Reason, "Document", ev.Document}
	case exam.AnnulmentNotified:
		return known("notified", string(ev.Whom)), []any{"By", ev.By, "Means", ev.Means}
	case exam.ActSigned:
		return "act-signed", []any{"Number", ev.Number, "Signer", ev.Signer, "Role", ev.Role, "At", e.clock(time.UnixMilli(ev.At)), "Certificate", short(ev.Certificate)}
	}
	return "", nil
}
