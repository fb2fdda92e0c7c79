package station

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/parcel"
	"emtihan/exam/roster"
	"emtihan/exam/vault"
	"emtihan/station/look"
	"emtihan/station/problem"

	"fyne.io/fyne/v2"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"
)

func signingKey(t *testing.T) vault.Key {
	t.Helper()
	line, _, err := note.GenerateKey(rand.Reader, "emtihan-nct")
	if err != nil {
		t.Fatal(err)
	}
	key, err := vault.ParseKey(line)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sealing says how a package is made.
type sealing struct {
	signer      vault.Key // empty: the one that the session names
	from, until time.Time // empty: an hour before and after now
	change      func([]byte) []byte
	paper       func(string) string
}

// laySealed lays out a station whose exam is a sealed package, and returns its release key.
func laySealed(t *testing.T, profile, paper string, x sealing) (Options, parcel.ReleaseKey) {
	t.Helper()
	s := sitting(profile, paper, "kk")
	key := signingKey(t)
	s.Parcel, s.Signers = "exam.emparcel", []string{key.Public().String()}
	if x.signer.Signer() != nil {
		key = x.signer
	}
	now := time.Now()
	if x.from.IsZero() {
		x.from, x.until = now.Add(-time.Hour), now.Add(time.Hour)
	}
	text := string(source(t, "papers", paper))
	if x.paper != nil {
		text = x.paper(text)
	}
	var b bytes.Buffer
	_, release, err := parcel.Build(&b, parcel.Source{Profile: source(t, "profiles", profile), Paper: []byte(text)},
		parcel.BuildOptions{From: x.from, Until: x.until, Made: now, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	opt := lay(t, s)
	data := b.Bytes()
	if x.change != nil {
		data = x.change(data)
	}
	write(t, filepath.Join(filepath.Dir(opt.Session), s.Parcel), data)
	return opt, release
}

// The days before: the station says that the exam is here, sealed, and everything that can be wrong with it.
func TestCheckOfSealedExams(t *testing.T) {
	later := time.Now().Add(72 * time.Hour)
	opt, _ := laySealed(t, "doctoral", "short-demo", sealing{from: later, until: later.Add(time.Hour)})
	var out strings.Builder
	if exit := Check(opt, &out); exit != problem.ExitOK {
		t.Fatalf("three days before: exit code %d: %s", exit, out.String())
	}
	for _, part := range []string{"Ready, sealed", "Готово, запечатано", "Дайын, мөрленген", "6 tasks", "2 candidates"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("it does not say %q:\n%s", part, out.String())
		}
	}
	t.Run("flipped bit", func(t *testing.T) {
		for _, at := range []int{20, 300, -1} {
			opt, _ := laySealed(t, "doctoral", "short-demo", sealing{change: func(b []byte) []byte {
				b[(at+len(b))%len(b)] ^= 1
				return b
			}})
			check(t, opt, problem.PaperDamaged, "exam parcel")
		}
	})
	t.Run("cut off", func(t *testing.T) {
		opt, _ := laySealed(t, "doctoral", "short-demo", sealing{change: func(b []byte) []byte { return b[:len(b)-100] }})
		check(t, opt, problem.PaperDamaged, "ends before it is complete")
	})
	t.Run("other signer", func(t *testing.T) {
		opt, _ := laySealed(t, "doctoral", "short-demo", sealing{signer: signingKey(t)})
		check(t, opt, problem.PaperDamaged, "none of the expected keys")
	})
	t.Run("expired", func(t *testing.T) {
		past := time.Now().Add(-48 * time.Hour)
		opt, _ := laySealed(t, "doctoral", "short-demo", sealing{from: past, until: past.Add(time.Hour)})
		check(t, opt, problem.PaperDamaged, "was valid until")
	})
	t.Run("missing", func(t *testing.T) {
		opt, _ := laySealed(t, "doctoral", "short-demo", sealing{})
		os.Remove(filepath.Join(filepath.Dir(opt.Session), "exam.emparcel"))
		check(t, opt, problem.PaperDamaged, "exam.emparcel")
	})
	t.Run("another paper", func(t *testing.T) {
		opt, _ := laySealed(t, "doctoral", "short-demo", sealing{})
		edit(t, opt.Session, func(s string) string { return strings.Replace(s, `paper = "short-demo"`, `paper = "other"`, 1) })
		check(t, opt, problem.SessionDamaged, "other")
	})
	t.Run("no signer named", func(t *testing.T) {
		opt, _ := laySealed(t, "doctoral", "short-demo", sealing{})
		edit(t, opt.Session, func(s string) string {
			return s[:strings.Index(s, "nct_signers")] + s[strings.Index(s, "[[candidates]]"):]
		})
		check(t, opt, problem.SessionDamaged, "nct_signers is empty")
	})
}

// typeRelease types into the field of the release key.
func (g *rig) typeRelease(text string) {
	g.Helper()
	g.screen("sealed")
	f, ok := g.u.win.Canvas().Focused().(*look.Field)
	if !ok {
		g.Fatal("the field of the release key does not have the keyboard")
	}
	f.SetText("")
	g.write(text)
	g.key(fyne.KeyReturn)
}

// decide has the rules take a command.
func (g *rig) decide(cmd exam.Command) {
	g.Helper()
	done := make(chan error, 1)
	g.u.actor.Do(cmd, func(err error) { done <- err })
	if err := <-done; err != nil {
		g.Fatalf("%T: %v", cmd, err)
	}
	g.drain()
}

func TestReleaseKeyOpensTheExam(t *testing.T) {
	opt, release := laySealed(t, "doctoral", "short-demo", sealing{})
	opt.Lang = locales.Russian
	g := newRig(t, opt)
	g.screen("sealed")
	g.says("Экзамен на месте, запечатан")
	if g.u.set.paper != nil {
		t.Fatal("the paper is there before the release")
	}
	key := release.Text()
	wrong := func(text, says string) {
		t.Helper()
		g.typeRelease(text)
		g.says(says)
	}
	wrong("", "а введено 0")
	wrong(key[:10], "а введено 9")
	wrong(key[:28]+"Ж", "знака")
	other := "0"
	if key[7] == '0' {
		other = "1"
	}
	wrong(key[:7]+other+key[8:], "Группа 2 введена с ошибкой")
	wrong(parcel.NewReleaseKey().Text(), "от другого пакета")
	wrong("EMTIHAN-RELEASE-1 other-exam "+key, "от другого пакета")
	if g.view().Attempt != nil || !g.view().Sealed {
		t.Fatal("it opened")
	}
	// As it is read out: small letters and spaces.
	g.typeRelease(strings.ToLower(strings.ReplaceAll(key, "-", " ")))
	g.screen("login")
	if data, err := os.ReadFile(filepath.Join(opt.Data, keyFile)); err != nil || bytes.Contains(data, []byte(key)) {
		t.Errorf("the kept key: %v; it must not stand in the open", err)
	}
}

// A reader of QR codes is a keyboard, and a keyboard has a layout.
func TestReleaseKeyInAnyLayout(t *testing.T) {
	line := parcel.Release{ID: "short-demo", Key: parcel.NewReleaseKey()}.Line()
	for name, keys := range map[string]string{
		"ru": "йцукенгшщзфывапролдячсмить0123456789- ", "kk": "йцукенгшщзфывапролдячсмитьқ\"әіңғ,.үұө ",
	} {
		layout := map[rune]rune{}
		for i, r := range []rune("qwertyuiopasdfghjklzxcvbnm0123456789- ") {
			layout[r] = []rune(keys)[i]
		}
		typed := strings.Map(func(r rune) rune { return layout[r] }, strings.ToLower(line))
		release, err := parcel.ParseRelease(strings.ToUpper(latinKeys(typed)))
		if err != nil || !strings.EqualFold(release.Line(), line) {
			t.Errorf("%s: %q: %v", name, typed, err)
		}
	}
}

func TestReleaseRefusedByDate(t *testing.T) {
	later := time.Now().Add(72 * time.Hour)
	opt, release := laySealed(t, "doctoral", "short-demo", sealing{from: later, until: later.Add(time.Hour)})
	g := newRig(t, opt)
	g.typeRelease(release.Text())
	g.says("check its date")
	if !g.view().Sealed {
		t.Error("opened before its time")
	}
}

// R11: after a power cut in the middle of the exam the station needs nobody's key; after the exam nothing is left.
func TestPowerCutNeedsNoReleaseKey(t *testing.T) {
	opt, release := laySealed(t, "doctoral", "short-demo", sealing{})
	g := newRig(t, opt)
	g.typeRelease(release.Text())
	g.screen("login")
	g.login(nurlan)
	opened := g.view().Attempt.Opened
	if !strings.HasPrefix(opened.Parcel, "short-demo ") || len(opened.Parcel) != len("short-demo ")+64 {
		t.Errorf("the log says %q of the package", opened.Parcel)
	}
	g.end()

	g = newRig(t, opt)
	if v := g.view(); v.Sealed || v.Attempt == nil || v.Attempt.Opened.Attempt != opened.Attempt {
		t.Fatalf("after a start: sealed %v, attempt %v", v.Sealed, v.Attempt)
	}
	// An attempt that ends before its start leaves the exam open for the right candidate.
	g.decide(exam.Withdraw{Deed: exam.Deed{By: "А", Reason: "б"}})
	g.screen("withdrawn")
	g.u.actor.Leave(nil)
	g.screen("login")
	g.login(pyotr)
	for _, cmd := range []exam.Command{
		exam.IdentifyByDocument{Deed: exam.Deed{By: "А", Reason: "б"}},
		exam.ConfirmData{},
		exam.ReadRules{},
		exam.Confirm{},
		exam.Enter{},
		exam.Finish{},
		exam.IdentifyByDocument{Deed: exam.Deed{By: "А", Reason: "б"}},
	} {
		g.decide(cmd)
	}
	g.screen("end")
	g.key(fyne.KeyReturn)
	g.screen("sealed")
	if g.u.set.paper != nil || g.u.set.media != nil {
		t.Error("the paper is still there after the exam")
	}
	if _, err := os.Stat(filepath.Join(opt.Data, keyFile)); err == nil {
		t.Error("the kept key is still there after the exam")
	}
	g.end()
	// And it can be opened again, for an appeal.
	g = newRig(t, opt)
	g.typeRelease(release.Text())
	g.screen("login")
}

// A kept key that does not open, for whatever reason, means that the key is asked for.
func TestKeptKeyThatIsDamaged(t *testing.T) {
	opt, release := laySealed(t, "doctoral", "short-demo", sealing{})
	g := newRig(t, opt)
	g.typeRelease(release.Text())
	g.screen("login")
	g.end()
	path := filepath.Join(opt.Data, keyFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"empty": {}, "cut off": whole[:len(whole)/2], "no box": []byte(`{"Digest":"` + digestOf(t, whole) + `"}`),
		"flipped": bytes.Replace(whole, []byte(`"Box":"`), []byte(`"Box":"AAAA`), 1),
	} {
		write(t, path, data)
		g := newRig(t, opt)
		if !g.view().Sealed {
			t.Errorf("%s: it opened", name)
		}
		g.end()
	}
}

func digestOf(t *testing.T, kept []byte) string {
	t.Helper()
	_, rest, ok := bytes.Cut(kept, []byte(`"Digest":"`))
	if !ok || len(rest) < 64 {
		t.Fatal("no digest")
	}
	return string(rest[:64])
}

// R8, R9, R27: candidates and photos come from the signed list, which nobody else can read.
func TestCandidatesOfASignedList(t *testing.T) {
	s := sitting("doctoral", "short-demo", "kk")
	key := signingKey(t)
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	seal := func(until time.Time) []byte {
		t.Helper()
		var b bytes.Buffer
		if _, err := roster.Pack(&b, &s, map[string][]byte{"photo.png": portrait()}, roster.PackOptions{
			From: until.Add(-2 * time.Hour), Until: until, Made: time.Now(), Key: key, Recipients: []string{id.Recipient().String()},
		}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	list := seal(time.Now().Add(time.Hour))
	named := s
	named.Candidates, named.Roster, named.Signers = nil, "list.emroster", []string{key.Public().String()}
	fresh := func(list []byte) Options {
		t.Helper()
		opt := lay(t, named)
		os.Remove(filepath.Join(filepath.Dir(opt.Session), "photo.png"))
		write(t, filepath.Join(filepath.Dir(opt.Session), "list.emroster"), list)
		write(t, filepath.Join(opt.Data, roster.IdentityFile), []byte(id.String()+"\n"))
		return opt
	}
	opt := fresh(list)
	if bytes.Contains(list, []byte(nurlan)) {
		t.Error("the list shows an IIN")
	}
	g := newRig(t, opt)
	g.login(pyotr)
	if a := g.attempt(); a.Opened.Candidate.Name != "Иванов Пётр Сергеевич" || len(g.view().Photo) == 0 {
		t.Errorf("%+v", a.Opened.Candidate)
	}
	g.end()

	opt = fresh(append(bytes.Clone(list), 'x'))
	check(t, opt, problem.SessionDamaged, "something follows")
	opt = fresh(list)
	os.Remove(filepath.Join(opt.Data, roster.IdentityFile))
	check(t, opt, problem.KeysDamaged, roster.IdentityFile)
	check(t, fresh(seal(time.Now().Add(-time.Hour))), problem.SessionDamaged, "was valid until")
	opt = fresh(list)
	write(t, filepath.Join(opt.Data, roster.IdentityFile), []byte("no key"))
	check(t, opt, problem.SessionDamaged, "cannot be read")
	opt = fresh(list)
	edit(t, opt.Session, func(s string) string {
		return strings.Replace(s, key.Public().String(), signingKey(t).Public().String(), 1)
	})
	check(t, opt, problem.SessionDamaged, "none of the expected keys")
}
