package parcel

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"emtihan/exam/vault"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"
)

const profileText = `format = 1
id = "english"
tools = []
[title]
kk = "k"
ru = "r"
en = "e"
[clock]
minutes = 125
[leave]
max_minutes = 10
`

// marker stands in every part of the sample's content, and must stand in no part of the parcel.
const marker = "ZHASYRYN-MARKER-7391"

func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), marker...)
}

func sound() []byte { return []byte("RIFF\x24\x00\x00\x00WAVEfmt " + marker) }

func sample(t testing.TB) Source {
	t.Helper()
	media := map[string][]byte{"map.png": picture(t), "talk.wav": sound()}
	paper := fmt.Sprintf(`format = 1
id = "english-7"
languages = ["en"]
[title]
en = "English test"
[[media]]
id = "M1"
kind = "picture"
file = "map.png"
sha256 = "%x"
[[media]]
id = "S1"
kind = "sound"
file = "talk.wav"
sha256 = "%x"
plays = 2
[[blocks]]
id = "listening"
[blocks.title]
en = "Listening"
[[blocks.items]]
id = "Q1"
kind = "single"
points = 1
key = ["A"]
[blocks.items.text]
en = """
%s

![A map](M1)

![A talk](S1)"""
[[blocks.items.options]]
id = "A"
[blocks.items.options.text]
en = "yes"
[[blocks.items.options]]
id = "B"
[blocks.items.options.text]
en = "no"
[[blocks]]
id = "essay"
[blocks.title]
en = "Essay"
[[blocks.items]]
id = "E1"
kind = "essay"
points = 20
[blocks.items.text]
en = "Write. %s"
`, sha256.Sum256(media["map.png"]), sha256.Sum256(media["talk.wav"]), marker, marker)
	return Source{Profile: []byte(profileText + "# " + marker + "\n"), Paper: []byte(paper), Media: media}
}

func signer(t testing.TB, name string) vault.Key {
	t.Helper()
	line, _, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	key, err := vault.ParseKey(line)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var (
	from  = time.Date(2026, 8, 16, 3, 30, 0, 0, time.UTC)
	until = time.Date(2026, 8, 21, 18, 0, 0, 0, time.UTC)
	made  = time.Date(2026, 8, 10, 9, 0, 0, 0, time.UTC)
	exams = time.Date(2026, 8, 20, 4, 30, 0, 0, time.UTC)
)

func options(key vault.Key, id string) BuildOptions {
	return BuildOptions{ID: id, From: from, Until: until, Made: made, Key: key}
}

// cheap lets Build do little work until the test has ended.
func cheap(t testing.TB) {
	testOnlyWorkFactor = 4
	t.Cleanup(func() { testOnlyWorkFactor = workFactor })
}

func build(t testing.TB, s Source, key vault.Key, id string) ([]byte, ReleaseKey) {
	t.Helper()
	var b bytes.Buffer
	_, release, err := Build(&b, s, options(key, id))
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), release
}

// forge makes a parcel by hand: what an insider with NCT's key, or a damaged program, could make. change may alter what is signed.
func forge(t testing.TB, s Source, key vault.Key, release ReleaseKey, plain []byte, work int, change func(*Outer)) []byte {
	t.Helper()
	c, err := Check(s)
	if err != nil {
		t.Fatal(err)
	}
	recipient, err := age.NewScryptRecipient(release.Text())
	if err != nil {
		t.Fatal(err)
	}
	recipient.SetWorkFactor(work)
	var content bytes.Buffer
	w, err := age.Encrypt(&content, recipient)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	o := &Outer{
		ID: "e-7", Paper: c.Paper.ID, Profile: c.Profile.ID, Languages: c.Paper.Languages, Title: c.Paper.Title, From: from, Until: until, Made: made,
		Blocks: []BlockSize{{"listening", 1}, {"essay", 1}}, Media: len(s.Media), Release: release.tag("e-7"), Bytes: int64(content.Len()), Digest: sha256.Sum256(content.Bytes()), Key: key.Public(),
	}
	if change != nil {
		change(o)
	}
	msg, err := o.signed(key)
	if err != nil {
		t.Fatal(err)
	}
	out := binary.BigEndian.AppendUint32(append([]byte(magic), version), uint32(len(msg)))
	return slices.Concat(out, msg, content.Bytes())
}

func packed(t testing.TB, s Source, id string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.pack(&b, id); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	key := signer(t, "emtihan-nct")
	s := sample(t)
	var file bytes.Buffer
	var steps []int64
	opt := options(key, "")
	opt.Progress = func(done, total int64) { steps = append(steps, done, total) }
	o, release, err := Build(&file, s, opt)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(file.Bytes(), []byte(fmt.Sprintf(" %d\n", workFactor))) || workFactor < 16 {
		t.Error("the content is encrypted with less work than docs/exam-package.md says")
	}
	if len(steps) == 0 || steps[len(steps)-2] != steps[len(steps)-1] {
		t.Errorf("the progress does not end at its end: %v", steps)
	}
	if o.ID != "english-7" || o.Tasks() != 2 || o.Media != 2 || !slices.Equal(o.Blocks, []BlockSize{{"listening", 1}, {"essay", 1}}) {
		t.Errorf("outer part %+v", o)
	}
	again, err := Inspect(bytes.NewReader(file.Bytes()), Options{Keys: []vault.PublicKey{key.Public()}, Now: exams})
	if err != nil {
		t.Fatal(err)
	}
	if again.text() != o.text() || !again.From.Equal(from) || again.Title["en"] != "English test" {
		t.Errorf("inspected %+v", again)
	}

	// Nothing is written to the disk (R27): a folder for temporary files that does not exist is no hindrance.
	t.Setenv("TMPDIR", t.TempDir()+"/none")
	c, err := Open(bytes.NewReader(file.Bytes()), release, Options{Keys: []vault.PublicKey{signer(t, "other").Public(), key.Public()}, Now: exams})
	if err != nil {
		t.Fatal(err)
	}
	if c.Paper.ID != "english-7" || c.Profile.ID != "english" || !bytes.Equal(c.Source.Paper, s.Paper) || c.Outer.Key != key.Public() {
		t.Errorf("opened %+v", c.Outer)
	}
	if !bytes.Equal(c.Medium("M1"), s.Media["map.png"]) || !bytes.Equal(c.Medium("S1"), s.Media["talk.wav"]) || c.Medium("M2") != nil {
		t.Error("media differ")
	}
}

// R27: before the release nothing of the content can be found in the file, or in what Inspect returns.
func TestNothingShows(t *testing.T) {
	cheap(t)
	key := signer(t, "emtihan-nct")
	s := sample(t)
	for _, part := range [...][]byte{s.Profile, s.Paper, s.Media["map.png"], s.Media["talk.wav"]} {
		if !bytes.Contains(part, []byte(marker)) {
			t.Fatal("the sample lacks its marker")
		}
	}
	data, release := build(t, s, key, "")
	for _, secret := range [...]string{marker, release.Text(), strings.ReplaceAll(release.Text(), "-", ""), "map.png", "talk.wav", "Listening", "Write."} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("the parcel shows %q", secret)
		}
	}
	o, err := Inspect(bytes.NewReader(data), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprintf("%+v %s", o, o.text()); strings.Contains(said, marker) {
		t.Error("the outer part shows the content")
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("release", "key", release)
	said := fmt.Sprintf("%v %+v %#v %s %d %x %q", release, release, release, release, release, release, release) + log.String()
	if strings.Contains(said, release.Text()) || strings.Contains(said, fmt.Sprint(release.signs[0], " ", release.signs[1])) || !strings.Contains(said, "hidden") {
		t.Errorf("printing shows the release key: %s", said)
	}
}

func TestRefused(t *testing.T) {
	cheap(t)
	key, other := signer(t, "emtihan-nct"), signer(t, "emtihan-nct")
	s := sample(t)
	whole, release := build(t, s, key, "e-7")
	_, foreign := build(t, s, key, "e-8")
	noteEnd := len(magic) + 5 + int(binary.BigEndian.Uint32(whole[len(magic)+1:]))
	byOther, otherRelease := build(t, s, other, "e-7")
	flip := func(at int, bit byte) []byte {
		out := bytes.Clone(whole)
		out[at] ^= bit
		return out
	}
	replace := func(old, new string) []byte {
		if bytes.Count(whole[:noteEnd], []byte(old)) == 0 {
			t.Fatalf("the outer part has no %q", old)
		}
		return bytes.Replace(whole, []byte(old), []byte(new), 1)
	}
	without := func(name string) Source {
		out := Source{Profile: s.Profile, Paper: s.Paper, Media: make(map[string][]byte)}
		for n, data := range s.Media {
			if n != name {
				out.Media[n] = data
			}
		}
		return out
	}
	exchanged := without("map.png")
	exchanged.Media["map.png"] = append(picture(t), 'x')
	extra := without("")
	extra.Media["zz.png"] = picture(t)
	broken := Source{Profile: s.Profile, Paper: []byte("format = 2"), Media: s.Media}
	forged := func(source Source) []byte { return forge(t, s, key, release, packed(t, source, "e-7"), 4, nil) }
	plain := packed(t, s, "e-7")
	bomb := bytes.Clone(plain)
	at := len(innerDomain) + 1 + len("e-7") + 4 + 2
	binary.BigEndian.PutUint64(bomb[at:], 1<<62)
	large := bytes.Clone(plain)
	binary.BigEndian.PutUint64(large[at:], maxText-1)
	tests := []struct {
		name string
		data []byte
		key  ReleaseKey
		opt  func(*Options)
		code Code
		says string
	}{
		{"nothing at all", nil, release, nil, CodeNotParcel, "begin"},
		{"another sort of file", []byte("PK\x03\x04 a zip archive"), release, nil, CodeNotParcel, "begin"},
		{"a sealed log", []byte("EMLOG\r\n\x02"), release, nil, CodeNotParcel, "begin"},
		{"sent as text", bytes.Replace(whole, []byte("\r\n"), []byte("\n"), 1), release, nil, CodeNotParcel, "begin"},
		{"a flipped bit in the magic", flip(0, 1), release, nil, CodeNotParcel, "begin"},
		{"a newer version", flip(len(magic), 2), release, nil, CodeVersion, "version 3"},
		{"only the magic", whole[:len(magic)], release, nil, CodeCutOff, "ends before"},
		{"cut in the length", whole[:len(magic)+3], release, nil, CodeCutOff, "ends before"},
		{"cut in the outer part", whole[:noteEnd-5], release, nil, CodeCutOff, "ends before"},
		{"cut after the outer part", whole[:noteEnd], release, nil, CodeCutOff, "ends before"},
		{"cut by one byte", whole[:len(whole)-1], release, nil, CodeCutOff, "ends before"},
		{"a shorter length", flip(len(magic)+4, 1), release, nil, "", ""},
		{"a length without measure", flip(len(magic)+1, 0x80), release, nil, CodeChanged, "bytes, not"},
		{"another id", replace("id e-7\n", "id e-9\n"), release, nil, CodeChanged, "signature"},
		{"made valid for longer", replace("until 2026", "until 2029"), release, nil, CodeChanged, "signature"},
		{"fewer tasks", replace(`block 1 "essay"`, `block 0 "essay"`), release, nil, CodeChanged, "as this version writes"},
		{"another title", replace("English test", "English tost"), release, nil, CodeChanged, "signature"},
		{"a second spelling of a number", replace("media 2\n", "media 02\n"), release, nil, "", ""},
		{"a flipped bit in the signature", flip(noteEnd-10, 4), release, nil, CodeChanged, "signature"},
		{"the signature's line end", flip(noteEnd-1, 1), release, nil, CodeChanged, "signature"},
		{"a flipped bit in the first byte of the content", flip(noteEnd, 1), release, nil, CodeChanged, "not the one that was signed"},
		{"a flipped bit in the middle of the content", flip((noteEnd+len(whole))/2, 16), release, nil, CodeChanged, "not the one that was signed"},
		{"a flipped bit in the last byte", flip(len(whole)-1, 128), release, nil, CodeChanged, "not the one that was signed"},
		{"the content of another parcel", append(bytes.Clone(whole[:noteEnd]), byOther[noteEnd:]...), release, nil, "", ""},
		{"something appended", append(bytes.Clone(whole), 0), release, nil, CodeTrailing, "follows"},
		{"another signer under the same name", byOther, otherRelease, nil, CodeOtherSigner, other.Public().Fingerprint()},
		{"a day too early", whole, release, func(o *Options) { o.Now = from.Add(-24 * time.Hour) }, CodeNotYet, "valid from 2026-08-16T03:30:00Z"},
		{"a second too early", whole, release, func(o *Options) { o.Now = from.Add(-time.Second) }, CodeNotYet, "valid from"},
		{"a second too late", whole, release, func(o *Options) { o.Now = until.Add(time.Second) }, CodeExpired, "valid until"},
		{"more than is taken", whole, release, func(o *Options) { o.MaxBytes = 100 }, CodeTooLarge, "more than 100"},
		{"another parcel's key", whole, foreign, nil, CodeOtherKey, "another parcel's"},
		{"a key that only seems to fit", forge(t, s, key, foreign, plain, 4, func(o *Outer) { o.Release = release.tag("e-7") }), release, nil, CodeWrongKey, "does not open"},
		{"work without measure", forge(t, s, key, release, plain, workFactor+1, nil), release, nil, CodeContent, "as this version encrypts"},
		{"no content at all", forge(t, s, key, release, []byte("hello"), 4, nil), release, nil, CodeContent, "no content"},
		{"content of another parcel under this key", forge(t, s, key, release, packed(t, s, "e-8"), 4, nil), release, nil, CodeContent, "another parcel"},
		{"content that ends early", forge(t, s, key, release, plain[:len(plain)-1], 4, nil), release, nil, CodeContent, "ends before"},
		{"content with something after it", forge(t, s, key, release, append(bytes.Clone(plain), 0), 4, nil), release, nil, CodeContent, "follows"},
		{"a part that says it is huge", forge(t, s, key, release, bomb, 4, nil), release, nil, CodeContent, "says that it has"},
		{"a part that says it is larger than all", forge(t, s, key, release, large, 4, nil), release, nil, CodeContent, "are left"},
		{"a paper that is none", forged(broken), release, nil, CodeContent, "format is 2"},
		{"a medium missing", forged(without("map.png")), release, nil, CodeMissing, `"M1" (map.png) is missing`},
		{"another medium in its place", forged(exchanged), release, nil, CodeDifferent, `"M1" (map.png) is not the one`},
		{"a medium that nobody asked for", forged(extra), release, nil, CodeContent, "does not name the file zz.png"},
		{"said to be another paper", forge(t, s, key, release, plain, 4, func(o *Outer) { o.Paper = "english-8" }), release, nil, CodeContent, "says of itself"},
		{"said to have more tasks", forge(t, s, key, release, plain, 4, func(o *Outer) { o.Blocks = []BlockSize{{"listening", 2}, {"essay", 1}} }), release, nil, CodeContent, "says of itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opt := Options{Keys: []vault.PublicKey{key.Public()}, Now: exams}
			if tt.opt != nil {
				tt.opt(&opt)
			}
			c, err := Open(bytes.NewReader(tt.data), tt.key, opt)
			if err == nil {
				t.Fatalf("it was opened: %v", c.Outer)
			}
			if tt.code == "" { // which of them depends on the lengths
				if got := ErrorCode(err); got != CodeChanged && got != CodeCutOff && got != CodeTrailing {
					t.Errorf("got %v", err)
				}
				return
			}
			if ErrorCode(err) != tt.code || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %q: %v; want %q saying %q", ErrorCode(err), err, tt.code, tt.says)
			}
		})
	}
	if len(tests) < 20 {
		t.Error("too few examples")
	}
	if _, err := Open(bytes.NewReader(whole), release, Options{Now: exams}); err == nil || ErrorCode(err) != "" {
		t.Errorf("opened without a key of NCT: %v", err)
	}
	for _, now := range [...]time.Time{from, until} { // both ends belong to it
		if _, err := Open(bytes.NewReader(whole), release, Options{Keys: []vault.PublicKey{key.Public()}, Now: now}); err != nil {
			t.Errorf("at %s: %v", now, err)
		}
	}
	if o, err := Inspect(bytes.NewReader(whole), Options{Keys: []vault.PublicKey{other.Public()}}); ErrorCode(err) != CodeOtherSigner || o == nil || o.ID != "e-7" {
		t.Errorf("what a stranger signed is not shown: %v, %v", o, err)
	}
}

// Any flipped bit of any byte is refused before anything is decrypted, and so is every beginning of the file.
func TestEveryByteCounts(t *testing.T) {
	cheap(t)
	key := signer(t, "emtihan-nct")
	whole, _ := build(t, sample(t), key, "")
	opt := Options{Keys: []vault.PublicKey{key.Public()}, Now: exams}
	for at := range whole {
		changed := bytes.Clone(whole)
		changed[at] ^= 1 << (at % 8)
		if _, err := Inspect(bytes.NewReader(changed), opt); ErrorCode(err) == "" {
			t.Fatalf("byte %d: %v", at, err)
		}
		if _, err := Inspect(bytes.NewReader(whole[:at]), opt); at > 0 && at < len(magic) && ErrorCode(err) != CodeCutOff || ErrorCode(err) == "" {
			t.Fatalf("cut at %d: %v", at, err)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	cheap(t)
	key := signer(t, "emtihan-nct")
	s := sample(t)
	with := func(change func(*Source)) Source {
		out := Source{Profile: s.Profile, Paper: s.Paper, Media: map[string][]byte{"map.png": s.Media["map.png"], "talk.wav": s.Media["talk.wav"]}}
		change(&out)
		return out
	}
	swap := func(old, new []byte) func(*Source) {
		return func(s *Source) {
			for name, data := range s.Media {
				if bytes.Equal(data, old) {
					s.Media[name] = new
				}
			}
			s.Paper = bytes.Replace(s.Paper, fmt.Appendf(nil, "%x", sha256.Sum256(old)), fmt.Appendf(nil, "%x", sha256.Sum256(new)), 1)
		}
	}
	var wide bytes.Buffer
	if err := png.Encode(&wide, image.NewGray(image.Rect(0, 0, 20_000, 1))); err != nil {
		t.Fatal(err)
	}
	good := options(key, "e-7")
	tests := []struct {
		name   string
		source Source
		opt    func(*BuildOptions)
		code   Code
		says   string
	}{
		{"no key", s, func(o *BuildOptions) { o.Key = vault.Key{} }, "", "key"},
		{"an id", s, func(o *BuildOptions) { o.ID = "E 7" }, "", `"E 7" is not`},
		{"the end before the beginning", s, func(o *BuildOptions) { o.Until = from.Add(-time.Hour) }, "", "before it begins"},
		{"no beginning", s, func(o *BuildOptions) { o.From = time.Time{} }, "", "year 1"},
		{"no profile", with(func(s *Source) { s.Profile = nil }), nil, CodeContent, "profile"},
		{"no paper", with(func(s *Source) { s.Paper = nil }), nil, CodeContent, "paper"},
		{"media missing", with(func(s *Source) { s.Media = nil }), nil, CodeMissing, `"M1" (map.png) is missing; the medium "S1" (talk.wav) is missing`},
		{"a medium of another exam", with(func(s *Source) { s.Media["map.png"] = []byte("x") }), nil, CodeDifferent, "map.png"},
		{"a film", with(swap(s.Media["map.png"], []byte("\x00\x00\x00 ftypmp42"))), nil, CodeContent, "no PNG, JPEG or SVG"},
		{"a picture in a sound's place", with(swap(s.Media["talk.wav"], s.Media["map.png"])), nil, CodeContent, "no WAV, MP3 or Ogg"},
		{"a picture cut off", with(swap(s.Media["map.png"], s.Media["map.png"][:20])), nil, CodeContent, "cannot be measured"},
		{"a picture too wide", with(swap(s.Media["map.png"], wide.Bytes())), nil, CodeContent, "20000 × 1 pixels"},
		{"a drawing with a script", with(swap(s.Media["map.png"], []byte(`<svg xmlns="x"><script>1</script></svg>`))), nil, CodeContent, "<script"},
	}
	for _, tt := range tests {
		opt := good
		if tt.opt != nil {
			tt.opt(&opt)
		}
		_, _, err := Build(io.Discard, tt.source, opt)
		if err == nil || ErrorCode(err) != tt.code || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %q: %v; want %q saying %q", tt.name, ErrorCode(err), err, tt.code, tt.says)
		}
	}
	// The same bytes under many names take no memory of their own.
	many := make([]byte, 200<<20)
	large := with(func(s *Source) {
		for i := range 6 {
			s.Media[fmt.Sprintf("large-%d.wav", i)] = many
		}
	})
	if _, _, err := Build(io.Discard, large, good); ErrorCode(err) != CodeTooLarge {
		t.Errorf("more than a reader takes: %v", err)
	}
	full := errors.New("no space")
	if _, _, err := Build(writer(func([]byte) (int, error) { return 0, full }), s, good); !errors.Is(err, full) {
		t.Errorf("a full disk: %v", err)
	}
	for _, kind := range [...]string{"<svg xmlns='x'/>", "\xff\xfb\x90\x00", "OggS", "ID3\x04"} {
		name, data := "map.png", []byte(kind)
		if kind[0] != '<' {
			name = "talk.wav"
		}
		if _, _, err := Build(io.Discard, with(swap(s.Media[name], data)), good); err != nil {
			t.Errorf("%q: %v", kind, err)
		}
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestFolder(t *testing.T) {
	s := sample(t)
	files := func() fstest.MapFS {
		return fstest.MapFS{
			"papers/english-7.toml":     {Data: s.Paper},
			"papers/english-7/map.png":  {Data: s.Media["map.png"]},
			"papers/english-7/talk.wav": {Data: s.Media["talk.wav"]},
			"profiles/english.toml":     {Data: s.Profile},
		}
	}
	got, unused, err := Folder(files())
	if err != nil || len(unused) != 0 || !bytes.Equal(got.Media["talk.wav"], s.Media["talk.wav"]) {
		t.Fatalf("%v %v", unused, err)
	}
	if _, err := Check(got); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct {
		name   string
		change func(fstest.MapFS)
		says   string
	}{
		{"no paper", func(f fstest.MapFS) { delete(f, "papers/english-7.toml") }, "has 0 papers"},
		{"two papers", func(f fstest.MapFS) { f["papers/b.toml"] = &fstest.MapFile{} }, "has 2 papers"},
		{"two profiles", func(f fstest.MapFS) { f["profiles/b.toml"] = &fstest.MapFile{} }, "has 2 profiles"},
		{"a paper under another name", func(f fstest.MapFS) {
			f["papers/x.toml"] = f["papers/english-7.toml"]
			delete(f, "papers/english-7.toml")
		}, "lies in papers/x.toml"},
		{"a paper that cannot be read", func(f fstest.MapFS) { f["papers/english-7.toml"] = &fstest.MapFile{Data: []byte("x")} }, "paper: line 1"},
	} {
		f := files()
		tt.change(f)
		if _, _, err := Folder(f); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	f := files()
	delete(f, "papers/english-7/map.png")
	delete(f, "profiles/english.toml")
	f["papers/english-7/old.png"] = &fstest.MapFile{}
	got, unused, err = Folder(f)
	if err != nil || !slices.Equal(unused, []string{"papers/english-7/old.png"}) || got.Profile != nil {
		t.Errorf("%v %v", unused, err)
	}
	got.Profile = s.Profile
	if _, err := Check(got); ErrorCode(err) != CodeMissing {
		t.Errorf("a missing medium: %v", err)
	}
}

// A reader that gives something else the second time is found out.
func TestChangedWhileRead(t *testing.T) {
	key := signer(t, "emtihan-nct")
	s := sample(t)
	release := NewReleaseKey()
	a := forge(t, s, key, release, packed(t, s, "e-7"), 4, nil)
	b := forge(t, s, key, release, packed(t, s, "e-7"), 4, nil) // as long, and encrypted anew
	r := &changing{files: [][]byte{a, b}}
	_, err := Open(r, release, Options{Keys: []vault.PublicKey{key.Public()}})
	if ErrorCode(err) != CodeChanged || !strings.Contains(err.Error(), "while it was read") {
		t.Errorf("got %v", err)
	}
}

type changing struct {
	files [][]byte
	bytes.Reader
}

func (c *changing) Seek(offset int64, whence int) (int64, error) {
	c.Reset(c.files[0])
	c.files = c.files[1:]
	return c.Reader.Seek(offset, whence)
}

func FuzzInspect(f *testing.F) {
	cheap(f)
	key := signer(f, "emtihan-nct")
	whole, _ := build(f, sample(f), key, "")
	f.Add(whole)
	f.Add(whole[:200])
	f.Add([]byte(magic + "\x01\x00\x00\x00\x05a\n\n— "))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := Inspect(bytes.NewReader(data), Options{Keys: []vault.PublicKey{key.Public()}})
		if err == nil && !bytes.Equal(data, whole) {
			t.Fatalf("a second spelling passes: %+v", o)
		}
		if err != nil && ErrorCode(err) == "" {
			t.Fatalf("an error without a code: %v", err)
		}
	})
}

// What was decrypted is as hostile as a file: it may be an insider's.
func FuzzUnpack(f *testing.F) {
	good := packed(f, sample(f), "e-7")
	f.Add(good)
	f.Add(good[:100])
	f.Add([]byte(innerDomain + "\x03e-7\x00\x00\x00\x02F\x00\x00\x00\x00\x00\x00\x00\x00\x00P\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := unpack(bytes.NewReader(data), "e-7", int64(len(data)))
		if err != nil {
			if ErrorCode(err) != CodeContent {
				t.Fatalf("an error without its code: %v", err)
			}
			return
		}
		var again bytes.Buffer
		if err := s.pack(&again, "e-7"); err != nil || !bytes.Equal(again.Bytes(), data) {
			t.Fatal("content with a second spelling passes")
		}
		if _, err := Check(s); err != nil && ErrorCode(err) == "" {
			t.Fatalf("an error without a code: %v", err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	key := signer(f, "emtihan-nct")
	s := sample(f)
	release := NewReleaseKey()
	whole := forge(f, s, key, release, packed(f, s, "e-7"), 2, nil)
	f.Add(whole, release.Text())
	f.Add(whole[:500], "00000-00000")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		k, err := ParseReleaseKey(text)
		if err != nil {
			k = release
		}
		c, err := Open(bytes.NewReader(data), k, Options{Keys: []vault.PublicKey{key.Public()}, Now: exams})
		if err == nil && (!bytes.Equal(data, whole) || k != release) {
			t.Fatalf("something else opens: %+v", c.Outer)
		}
	})
}

// What version 1 has sealed, every later version opens: testdata/v1.emparcel was made by the first one.
func TestExample(t *testing.T) {
	data := readExample(t, "v1.emparcel")
	release, err := ParseRelease(string(readExample(t, "v1.release")))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := vault.ParsePublicKeys(readExample(t, "v1.pub"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(bytes.NewReader(data), release.Key, Options{Keys: keys, Now: exams})
	if err != nil {
		t.Fatal(err)
	}
	if c.Outer.ID != release.ID || c.Paper.ID != "english-7" || len(c.Source.Media) != 2 || !bytes.Contains(c.Medium("S1"), []byte(marker)) {
		t.Errorf("opened %+v", c.Outer)
	}
	// docs/exam-package.md: any tool that knows age opens the content, with the key as it is printed.
	length := int(binary.BigEndian.Uint32(data[len(magic)+1:]))
	identity, err := age.NewScryptIdentity(release.Key.Text())
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(data[14+length:]), identity)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(r); err != nil || !bytes.HasPrefix(plain, []byte("emtihan parcel content, 1\x00\x09english-7\x00\x00\x00\x04F\x00")) {
		t.Errorf("%v: %.60q", err, plain)
	}
}

func readExample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
