package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/sealed/sealedtest"
	"emtihan/proctor/act"

	"software.sslmate.com/src/go-pkcs12"
)

// signer makes a certificate of an authority of its own, as a file of certificates and as a key that signs.
func signer(t *testing.T, name string, number int64) (authority []byte, key *act.Key) {
	t.Helper()
	authority, p12 := signerFile(t, name, number)
	key, err := act.ReadKey(p12, "x", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return authority, key
}

// signerFile is signer with the key as its PKCS#12 file, under the password x.
func signerFile(t *testing.T, name string, number int64) (authority, p12 []byte) {
	t.Helper()
	fatal := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatal(err)
	from, to := time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: "ҰКО сынақ"}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, root.Public(), root)
	fatal(err)
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatal(err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(number + 1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, c, ca, own.Public(), root)
	fatal(err)
	parsed, err := x509.ParseCertificate(certificate)
	fatal(err)
	p12, err = pkcs12.Modern.Encode(own, parsed, nil, "x")
	fatal(err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), p12
}

// R19: nct verify compares printed acts and signatures with the room's log.
func TestVerifyActs(t *testing.T) {
	trusted, admin := signer(t, "Әлия Омарова", 10)
	_, stranger := signer(t, "Бейтаныс", 20)
	number := "12/2026-08-20/001"
	page := []byte("%PDF-1.4 act one")
	digest := sha256.Sum256(page)
	drawn := exam.ActDrawn{Number: number, Form: "12", By: "Әлия Омарова", IIN: "900101300007", Fields: map[string]string{"bans": "3"}, Digest: digest[:]}
	sign := func(k *act.Key, page []byte) []byte {
		cms, err := k.Sign(page)
		if err != nil {
			t.Fatal(err)
		}
		return cms
	}
	cms := sign(admin, page)
	signed, err := act.Signed(drawn, page, cms, "administrator")
	if err != nil {
		t.Fatal(err)
	}
	correction := exam.ActDrawn{Number: "0/2026-08-20/002", Form: "0", By: "Әлия Омарова", Fields: map[string]string{act.FieldCorrects: number}}
	second := []byte("%PDF-1.4 act two")
	sum := sha256.Sum256(second)
	correction.Digest = sum[:]

	room := func(change func(*sealedtest.Log)) *sealedtest.Log {
		l := sealedtest.NewRoom(t).Record(exam.RoomOpened{Session: sealedtest.Session, Centre: "Астана", Room: "204"})
		if change != nil {
			change(l)
		}
		return l
	}
	usual := func(l *sealedtest.Log) {
		l.Record(drawn, page).Record(signed, cms).Record(correction, second)
	}
	files := func(more map[string][]byte) map[string][]byte {
		out := map[string][]byte{"12-2026-08-20-001.pdf": page, "12-2026-08-20-001.p7s": cms, "0-2026-08-20-002.pdf": second}
		for name, data := range more {
			if out[name] = data; data == nil {
				delete(out, name)
			}
		}
		return out
	}
	bent := signed
	bent.Signer = "CN=Басқа"
	other := signed
	other.Number = "12/2026-08-20/009"
	flipped := bytes.Clone(cms)
	flipped[len(flipped)-1] ^= 1
	flippedSum := sha256.Sum256(flipped)
	broken := signed
	broken.Signature = flippedSum[:]
	both, err := act.JoinSignatures(cms, sign(stranger, page))
	if err != nil {
		t.Fatal(err)
	}
	foreign := sign(stranger, page)
	foreignSigned, err := act.Signed(drawn, page, foreign, "administrator")
	if err != nil {
		t.Fatal(err)
	}
	again := correction
	again.Number = "10/2026-08-20/001"

	for _, c := range []struct {
		name  string
		log   func(*sealedtest.Log)
		files map[string][]byte
		code  int
		says  []string
	}{
		{"whole", usual, files(nil), exitOK, []string{"12-2026-08-20-001.pdf: as in the log", "signed by CN=Әлия Омарова", "trusted authority", "Acts: 2. Nothing"}},
		{"nothing printed", usual, nil, exitOK, []string{"12-2026-08-20-001.pdf is not in the folder", "001.p7s is not in the folder"}},
		{"other files", usual, files(map[string][]byte{"readme.txt": {1}}), exitOK, nil},
		{"page changed", usual, files(map[string][]byte{"12-2026-08-20-001.pdf": append(bytes.Clone(page), 1)}), exitNotWhole, []string{"001.pdf: CHANGED"}},
		{"page from nowhere", usual, files(map[string][]byte{"12-2026-08-20-003.pdf": page}), exitNotWhole, []string{"12-2026-08-20-003.pdf: NO LOG"}},
		{"signature changed", usual, files(map[string][]byte{"12-2026-08-20-001.p7s": flipped}), exitNotWhole, []string{"BAD SIGNATURE. The signature was changed"}},
		{"signature of another page", usual, files(map[string][]byte{"12-2026-08-20-001.p7s": sign(admin, second)}), exitNotWhole, []string{"BAD SIGNATURE. The signature belongs to another document"}},
		{"signature of nobody", usual, files(map[string][]byte{"12-2026-08-20-001.p7s": {}}), exitNotWhole, []string{"BAD SIGNATURE. The file holds no signature"}},
		{"signature added", usual, files(map[string][]byte{"12-2026-08-20-001.p7s": both}), exitNotWhole, []string{"BAD SIGNATURE. The certificate was not issued"}},
		{"signature replaced", usual, files(map[string][]byte{"0-2026-08-20-002.p7s": sign(admin, second)}), exitNotWhole, []string{"002.p7s: the signature of CN=Әлия Омарова is not in the log"}},
		{"foreign authority", func(l *sealedtest.Log) { l.Record(drawn, page).Record(foreignSigned, foreign) }, nil, exitNotWhole, []string{"BAD SIGNATURE. The certificate was not issued"}},
		{"bad signature in the log", func(l *sealedtest.Log) { l.Record(drawn, page).Record(broken, flipped) }, nil, exitNotWhole, []string{"BAD SIGNATURE"}},
		{"signature lost", func(l *sealedtest.Log) { l.Record(drawn, page).Record(signed) }, nil, exitNotWhole, []string{"does not hold the signature of CN=Әлия"}},
		{"another name", func(l *sealedtest.Log) { l.Record(drawn, page).Record(bent, cms) }, nil, exitNotWhole, []string{"the record names CN=Басқа"}},
		{"signature under nothing", func(l *sealedtest.Log) { l.Record(drawn, page).Record(other, cms) }, nil, exitNotWhole, []string{"names act 12/2026-08-20/009"}},
		{"page lost", func(l *sealedtest.Log) { l.Record(drawn) }, nil, exitNotWhole, []string{"does not hold its page"}},
		{"twice", func(l *sealedtest.Log) { l.Record(drawn, page).Record(drawn, page) }, nil, exitNotWhole, []string{"stands twice"}},
		{"one number, two acts", func(l *sealedtest.Log) { l.Record(drawn, page).Record(again, second) }, nil, exitNotWhole, []string{"same number of the day"}},
		{"gap", func(l *sealedtest.Log) { l.Record(correction, second) }, nil, exitOK, []string{"numbers that are in none of the logs given: 2026-08-20/001", "corrects act 12/2026-08-20/001, which is in none"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			at := func(name string) string { return filepath.Join(dir, name) }
			write(t, at("room.emlog"), string(room(c.log).Sealed(sealedtest.RoomID, sealedtest.Form{KeyLine: sealedtest.RoomKeyLine}, sealedtest.RoomKeyLine, sealedAt)))
			write(t, at("nct.key"), sealedtest.IdentityLine+"\n")
			write(t, at("ca.pem"), string(trusted))
			write(t, at("acts/keep"), "")
			for name, data := range c.files {
				write(t, at("acts/"+name), string(data))
			}
			for _, l := range locales.All {
				var out, errs bytes.Buffer
				e := &env{in: strings.NewReader(""), out: &out, err: &errs, now: time.Now}
				code := e.run([]string{"verify", at("room.emlog"), "--identity", at("nct.key"), "--acts", at("acts"), "--ca", at("ca.pem"), "--lang", string(l)})
				if code != c.code || errs.Len() > 0 || strings.Contains(out.String(), "nct.") && !strings.Contains(out.String(), "nct.key") || strings.Contains(out.String(), "<no value>") {
					t.Errorf("%s: exit code %d, want %d\n%s%s", l, code, c.code, out.String(), errs.String())
				}
				for _, s := range c.says {
					if l == locales.English && !strings.Contains(out.String(), s) {
						t.Errorf("it does not say %q:\n%s", s, out.String())
					}
				}
			}
		})
	}
}

func TestVerifyActsUsage(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	room := sealedtest.Room(t).Sealed(sealedtest.RoomID, sealedtest.Form{KeyLine: sealedtest.RoomKeyLine}, sealedtest.RoomKeyLine, sealedAt)
	write(t, at("room.emlog"), string(room))
	write(t, at("acts/x.pdf"), "")
	write(t, at("bad.pem"), "x")
	for name, args := range map[string][]string{
		"no folder":      {"--acts", at("none")},
		"ca alone":       {"--ca", at("bad.pem")},
		"no certificate": {"--acts", at("acts"), "--ca", at("bad.pem")},
		"no key":         {"--acts", at("acts")},
	} {
		var out, errs bytes.Buffer
		e := &env{in: strings.NewReader(""), out: &out, err: &errs, now: time.Now}
		code := e.run(append([]string{"verify", at("room.emlog")}, args...))
		if code == exitOK || errs.Len() == 0 && !strings.Contains(out.String(), "cannot be read") {
			t.Errorf("%s: exit code %d\n%s%s", name, code, out.String(), errs.String())
		}
	}
}

// Every consequence has words of its own.
func TestWordsAboutActs(t *testing.T) { // R20, R26
	var events []exam.Event
	for _, e := range []exam.Effect{
		exam.EffectNotAdmitted, exam.EffectRemoved, exam.EffectVoid, exam.EffectMoved, exam.EffectStopped, exam.EffectPostponed, "other",
	} {
		events = append(events, exam.ConsequenceApplied{Act: "12/1", Form: "12", Effect: e, By: "Сәуле", Seat: "31"})
	}
	for _, b := range []exam.AnnulmentBasis{exam.AnnulledByAct, exam.AnnulledByCommission, exam.AnnulledByOrder, "other"} {
		events = append(events, exam.Annulled{Basis: b, Document: "№ 4"})
	}
	for _, w := range []exam.Notified{exam.NotifiedCandidate, exam.NotifiedUniversity, "other"} {
		events = append(events, exam.AnnulmentNotified{Whom: w, Means: "хат"})
	}
	for _, l := range locales.All {
		e := &env{lang: l, zone: time.UTC}
		said := make(map[string]bool)
		for _, ev := range events {
			s := e.words(ev)
			if said[s] || !strings.Contains(s, " ") || strings.Contains(s, "<no value>") {
				t.Errorf("%s: %+v is %q", l, ev, s)
			}
			said[s] = true
		}
	}
}

// R18, R19: NCT draws up act 12-1 from a pulled log, two people sign it, and what lies in the folder passes pull and verify.
func TestActOfReview(t *testing.T) {
	font := "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
	if _, err := os.Stat(font); err != nil {
		t.Skip("the font DejaVu Sans is not installed")
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write(t, at("nct.key"), sealedtest.IdentityLine+"\n")
	write(t, at("sitting.emlog"), string(sealedtest.Sitting(t, sealedtest.AttemptA).Sealed(sealedtest.AttemptA, sealedtest.Form{KeyLine: sealedtest.KeyLine}, sealedtest.KeyLine, sealedAt)))
	write(t, at("room.emlog"), string(sealedtest.Room(t).Sealed(sealedtest.RoomID, sealedtest.Form{KeyLine: sealedtest.RoomKeyLine}, sealedtest.RoomKeyLine, sealedAt)))
	var trusted []byte
	for i, name := range []string{"one.p12", "two.p12"} {
		ca, p12 := signerFile(t, name, int64(100*i+100))
		trusted = append(trusted, ca...)
		write(t, at(name), string(p12))
	}
	write(t, at("ca.pem"), string(trusted))
	write(t, at("password"), "x\n")
	when := time.Now()
	nct := func(code int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		e := &env{in: strings.NewReader("x\n"), out: &out, err: &out, now: func() time.Time { return when }}
		if got := e.run(append(args, "--zone", "UTC")); got != code {
			t.Fatalf("%v: exit code %d, want %d\n%s", args, got, code, out.String())
		}
		return out.String()
	}
	draw := func(more ...string) []string {
		return append([]string{"act", "draw", at("sitting.emlog"), "--record", "12", "--by", "Нұрланова Ә.", "--text", "екінші адам", "--dir", at("nct"), "--identity", at("nct.key"), "--font", font}, more...)
	}
	day := when.UTC().Format(time.DateOnly)

	for name, args := range map[string][]string{
		"no ban":          draw(),
		"unknown ban":     draw("--ban", "11"),
		"no field":        draw("--ban", "3", "--set", "nothing=1"),
		"fixed field":     draw("--ban", "3", "--set", "iin=1"),
		"no password":     draw("--ban", "3", "--p12", at("one.p12")),
		"no act there":    draw("--ban", "3", "--set", "corrects=12-1/"+day+"/001"),
		"no such record":  {"act", "draw", at("sitting.emlog"), "--record", "9999", "--by", "Н", "--text", "т", "--ban", "3", "--dir", at("nct"), "--identity", at("nct.key"), "--font", font},
		"a room's log":    {"act", "draw", at("room.emlog"), "--record", "2", "--by", "Н", "--text", "т", "--ban", "3", "--dir", at("nct"), "--identity", at("nct.key"), "--font", font},
		"nothing to sign": {"act", "sign", "12-1/" + day + "/001", "--dir", at("nct"), "--p12", at("one.p12"), "--password-file", at("password")},
		"sign with none":  {"act", "sign", "12-1/" + day + "/001", "--dir", at("nct")},
	} {
		if out := nct(exitUsage, args...); !strings.HasPrefix(out, "nct: ") {
			t.Errorf("%s: %s", name, out)
		}
	}
	write(t, at("wrong"), "y\n")
	if out := nct(exitUnreadable, draw("--ban", "3", "--p12", at("one.p12"), "--password-file", at("wrong"), "--lang", "ru")...); !strings.Contains(out, "Пароль к файлу с ключом неверен") {
		t.Error(out)
	}

	first := "12-1/" + day + "/001"
	if out := nct(exitOK, draw("--ban", "3", "--ban", "10", "--p12", at("one.p12"), "--password-file", "-")...); !strings.Contains(out, first) || !strings.Contains(out, "signatures: 1") {
		t.Error(out) // what was refused before took no number
	}
	nct(exitOK, draw("--form", "0", "--set", "corrects="+first, "--set", "measure=lift")...)
	if out := nct(exitOK, "act", "sign", first, "--dir", at("nct"), "--p12", at("two.p12"), "--password-file", at("password")); !strings.Contains(out, "signatures: 2") {
		t.Error(out)
	}
	// A file that was lost or spoilt comes back from the log.
	page := at("nct/acts/12-1-" + day + "-001.pdf")
	whole, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	write(t, page, "%PDF spoilt")
	if err := os.Remove(strings.TrimSuffix(page, "pdf") + "p7s"); err != nil {
		t.Fatal(err)
	}
	nct(exitUsage, "act", "sign", "12-1/"+day+"/009", "--dir", at("nct"), "--p12", at("two.p12"), "--password-file", at("password"))
	if again, err := os.ReadFile(page); err != nil || !bytes.Equal(again, whole) {
		t.Errorf("the page was not put back (%v)", err)
	}

	nct(exitOK, "pull", at("nct"), "--out", at("out"))
	logs, err := filepath.Glob(at("out/*.emlog"))
	if err != nil || len(logs) == 0 {
		if logs, err = filepath.Glob(at("out/*/*.emlog")); err != nil || len(logs) == 0 {
			t.Fatalf("nothing was pulled: %v, %v", logs, err)
		}
	}
	out := nct(exitOK, "verify", logs[0], "--data", at("nct"), "--acts", at("nct/acts"), "--ca", at("ca.pem"))
	for _, want := range []string{"signed by CN=one.p12", "signed by CN=two.p12", "12-1-" + day + "-001.pdf: as in the log", "Acts: 2. Nothing was found wrong"} {
		if !strings.Contains(out, want) {
			t.Errorf("verify does not say %q:\n%s", want, out)
		}
	}
	if out := nct(exitOK, "timeline", logs[0], "--data", at("nct"), "--lang", "kk"); !strings.Contains(out, first) {
		t.Error(out)
	}
}
