package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/parcel"
	"emtihan/exam/qti/table"
	"emtihan/exam/roster"

	"github.com/rogpeppe/go-internal/testscript"
	"rsc.io/qr"
)

// Exam packages, lists of candidates and tables of items, through the real program. Each script begins with these:
//
//	exam/         folder of an exam: a paper with a picture, and a profile
//	photos/       a.jpg, b.jpg
//	session.toml  session without candidates
//	bank.zip      QTI package: one item that a paper can hold, one that it cannot
//	good.zip      QTI package with the first of them
//	roster.csv    a list of two candidates for two rooms
func TestPackageScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/package",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			buildExam(t, e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// mode FILE OCTAL holds for the permissions of a file.
			"mode": func(ts *testscript.TestScript, _ bool, args []string) {
				fi, err := os.Stat(ts.MkAbs(args[0]))
				ts.Check(err)
				if got := fmt.Sprintf("%o", fi.Mode().Perm()); got != args[1] {
					ts.Fatalf("%s has the mode %s", args[0], got)
				}
			},
			// flip FILE changes a bit in the middle.
			"flip": func(ts *testscript.TestScript, _ bool, args []string) {
				data, err := os.ReadFile(ts.MkAbs(args[0]))
				ts.Check(err)
				data[len(data)/2] ^= 1
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
			},
			// session FILE N holds where a session has so many candidates.
			"session": func(ts *testscript.TestScript, _ bool, args []string) {
				data, err := os.ReadFile(ts.MkAbs(args[0]))
				ts.Check(err)
				s, err := exam.ParseSession(data)
				ts.Check(err)
				if got := fmt.Sprint(len(s.Candidates)); got != args[1] {
					ts.Fatalf("%s candidates", got)
				}
				for _, c := range s.Candidates {
					if _, err := os.Stat(filepath.Join(filepath.Dir(ts.MkAbs(args[0])), c.Photo)); err != nil {
						ts.Fatalf("the photo of %s: %v", c.Name, err)
					}
				}
			},
		},
	})
}

func buildExam(t *testing.T, dir string) {
	t.Helper()
	put := func(name string, data []byte) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	put("exam/papers/english-7.toml", fmt.Appendf(nil, `format = 1
id = "english-7"
languages = ["en"]
title = { en = "English test" }
[[media]]
id = "M1"
kind = "picture"
file = "map.png"
sha256 = "%x"
[[blocks]]
id = "reading"
title = { en = "Reading" }
[[blocks.items]]
id = "Q1"
kind = "single"
points = 1
key = ["B"]
text = { en = """
Where is it? JASYRYN

![A map](M1)""" }
options = [{ id = "A", text = { en = "here" } }, { id = "B", text = { en = "there" } }]
`, sha256.Sum256(picture.Bytes())))
	put("exam/papers/english-7/map.png", picture.Bytes())
	put("exam/papers/notes.txt", []byte("not for the stations"))
	put("exam/profiles/english.toml", []byte("format = 1\nid = \"english\"\ntitle = { kk = \"k\", ru = \"r\", en = \"e\" }\nclock = { minutes = 125 }\nleave = { max_minutes = 10 }\n"))
	for i, name := range []string{"a", "b"} {
		var photo bytes.Buffer
		im := image.NewGray(image.Rect(0, 0, 240, 320))
		im.Pix[0] = byte(200 * i)
		if err := jpeg.Encode(&photo, im, nil); err != nil {
			t.Fatal(err)
		}
		put("photos/"+name+".jpg", photo.Bytes())
	}
	put("session.toml", []byte(`format = 1
id = "astana-1"
centre = "Астана"
room = "204"
start = 2026-08-20T09:30:00+05:00
profile = "english"
paper = "english-7"
[[administrators]]
name = "Әлия"
role = "дежурный"
code = "`+exam.HashCode("1234", []byte("saltsalt"))+"\"\n"))
	put("roster.csv", []byte("\ufeffИИН;Ф.И.О.;Язык;Место;Аудитория;Фото\n900101300007;Ахметов Ерлан Серікұлы;қаз;1;204;a.jpg\n010131600003;Омарова Әлия Серікқызы;рус;1;205;b.jpg\n"))
	item := func(id, card, rules string) string {
		return `<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="` + id + `" title="t"><qti-response-declaration identifier="RESPONSE" cardinality="` + card + `" base-type="identifier"><qti-correct-response><qti-value>A</qti-value></qti-correct-response>` + rules +
			`</qti-response-declaration><qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/><qti-item-body><p>Which?</p><qti-choice-interaction response-identifier="RESPONSE" max-choices="0"><qti-simple-choice identifier="A">this</qti-simple-choice><qti-simple-choice identifier="B">that</qti-simple-choice></qti-choice-interaction></qti-item-body><qti-response-processing template="https://www.imsglobal.org/question/qti_v3p0/rptemplates/map_response.xml"/></qti-assessment-item>`
	}
	mapping := func(b string) string {
		return `<qti-mapping default-value="0"><qti-map-entry map-key="A" mapped-value="2"/><qti-map-entry map-key="B" mapped-value="` + b + `"/></qti-mapping>`
	}
	for name, items := range map[string][]string{"good.zip": {"one"}, "bank.zip": {"one", "two"}} {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		manifest := `<manifest xmlns="http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1" identifier="M"><metadata><schema>QTI Package</schema></metadata><organizations/><resources>`
		for _, id := range items {
			manifest += `<resource identifier="` + id + `" type="imsqti_item_xmlv3p0" href="` + id + `.xml"><file href="` + id + `.xml"/></resource>`
		}
		files := map[string]string{
			"imsmanifest.xml": manifest + `</resources></manifest>`, "one.xml": item("one", "multiple", mapping("-2")), "two.xml": item("two", "multiple", mapping("1")),
		}
		for _, f := range append(items, "imsmanifest") {
			w, err := z.Create(f + ".xml")
			if err == nil {
				_, err = w.Write([]byte(files[f+".xml"]))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		put(name, out.Bytes())
	}
}

// Every code of packages, release keys, tables and lists has a sentence.
func TestPackageCodesHaveWords(t *testing.T) {
	var ids []string
	for _, c := range parcel.Codes() {
		ids = append(ids, "parcel-why."+string(c))
	}
	for _, f := range []parcel.KeyFault{parcel.KeyLength, parcel.KeySign, parcel.KeyCheck} {
		ids = append(ids, "release-fault."+string(f))
	}
	for _, r := range table.Reasons() {
		ids = append(ids, "table."+string(r))
	}
	for _, c := range roster.Codes() {
		ids = append(ids, "roster-finding."+string(c))
	}
	for _, id := range ids {
		if !locales.Has("nct." + id) {
			t.Errorf("there is no sentence nct.%s", id)
		}
	}
}

func TestMoment(t *testing.T) {
	almaty, err := time.LoadLocation("Asia/Almaty")
	if err != nil {
		t.Fatal(err)
	}
	e := &env{lang: locales.English, zone: almaty}
	for _, tt := range []struct {
		text string
		last bool
		want string
	}{
		{"2026-08-20T09:30:00+05:00", false, "2026-08-20T04:30:00Z"},
		{"2026-08-20T09:30Z", false, "2026-08-20T09:30:00Z"},
		{"2026-08-20 09:30", false, "2026-08-20T04:30:00Z"},
		{"2026-08-20", false, "2026-08-19T19:00:00Z"},
		{"2026-08-20", true, "2026-08-20T18:59:59Z"},
		{"20.08.2026", false, ""},
	} {
		got, err := e.moment("--from", tt.text, tt.last)
		if (err != nil) != (tt.want == "") || err == nil && got.UTC().Format(time.RFC3339) != tt.want {
			t.Errorf("%s: %v %v, want %s", tt.text, got, err, tt.want)
		}
	}
}

// What is drawn in characters is the code, square by square, with light around it.
func TestDrawQR(t *testing.T) {
	code, err := qr.Encode(parcel.Release{ID: "english-7", Key: parcel.NewReleaseKey()}.Line(), qr.M)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	drawQR(&b, code)
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	for y := -4; y < code.Size+4; y++ {
		line := []rune(lines[(y+4)/2])
		for x := -4; x < code.Size+4; x++ {
			r := line[x+4]
			light := r == '█' || r == '▀' && y%2 == 0 || r == '▄' && y%2 != 0
			inside := x >= 0 && y >= 0 && x < code.Size && y < code.Size
			if light != (!inside || !code.Black(x, y)) {
				t.Fatalf("the square %d, %d is wrong", x, y)
			}
		}
	}
}

// The progress of a large package is said in tens, and of a small one not at all.
func TestProgress(t *testing.T) {
	var b bytes.Buffer
	e := &env{lang: locales.English, err: &b}
	say := e.progress(false)
	for done := range int64(101) {
		say(done<<20, 100<<20)
	}
	if got := strings.Count(b.String(), "\n"); got != 10 || !strings.Contains(b.String(), "50 %, 50 of 100 MiB") {
		t.Errorf("%d lines: %s", got, b.String())
	}
	b.Reset()
	e.progress(false)(1<<20, 1<<20)
	e.progress(true)(100<<20, 100<<20)
	if b.Len() > 0 {
		t.Errorf("said %q", b.String())
	}
}
