package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inProject finds a path of the project's folder, or of one beside it.
func inProject(t *testing.T, rel, otherwise string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", rel))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skip(otherwise)
	}
	return path
}

func nctFaces(t *testing.T, args ...string) (lines []faceLine, said string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = run(append([]string{"faces"}, args...), os.Stdin, &out, &errOut)
	for d := json.NewDecoder(&out); d.More(); {
		var l faceLine
		if err := d.Decode(&l); err != nil {
			t.Fatalf("%v in %s", err, out.String())
		}
		lines = append(lines, l)
	}
	return lines, errOut.String(), code
}

// R10: two photos of one person and of two, compared as a station would.
func TestFacesOfFiles(t *testing.T) {
	models := inProject(t, defaultModels, "the face models are not there: run scripts/setup")
	if _, err := newJudge(models); err == errNoModels { // as it is, without a cause: this program has no models at all
		t.Skip("built without C, which the face models need")
	}
	faces := inProject(t, "../shared/data/faces", "the stills of ../shared/data/faces are not there")
	amy1, amy3, raj := filepath.Join(faces, "amy", "amy1.png"), filepath.Join(faces, "amy", "amy3.png"), filepath.Join(faces, "raj", "raj1.png")
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	copied, err := os.ReadFile(amy1)
	if err != nil {
		t.Fatal(err)
	}
	write("a b.png", string(copied))
	write("torn.png", string(copied[:len(copied)/2]))

	t.Run("compare", func(t *testing.T) {
		lines, said, code := nctFaces(t, "compare", "--models", models, amy1, amy3)
		if code != exitOK || said != "" || len(lines) != 1 {
			t.Fatalf("exit code %d, %d lines, %s", code, len(lines), said)
		}
		if l := lines[0]; l.Verdict != "accepted" || l.Reason != "match" || l.Score == nil || *l.Score < l.Threshold || l.Quality == nil || l.Quality.A.Side < 40 {
			t.Errorf("%+v", l)
		}
		lines, _, code = nctFaces(t, "compare", "--models", models, amy1, raj)
		if code != exitOK || lines[0].Verdict != "refused" || *lines[0].Score >= lines[0].RefuseBelow {
			t.Errorf("exit code %d, %+v", code, lines[0])
		}
		lines, _, code = nctFaces(t, "compare", "--models", models, amy1, filepath.Join(dir, "torn.png"))
		if code != exitNotWhole || lines[0].Verdict != "unsure" || lines[0].Reason != "bad-photo" || !strings.Contains(lines[0].Error, "second") {
			t.Errorf("exit code %d, %+v", code, lines[0])
		}
	})
	t.Run("pairs", func(t *testing.T) {
		list := write("list.csv", "\ufeffone;two;expected\r\n"+
			"a b.png;"+amy3+";same\r\n"+
			"\""+raj+"\"; a b.png ;different\r\n"+
			"\r\n"+
			"\"never closed;a b.png\r\n"+
			"a b.png\r\n"+
			"a b.png;none.png;same\r\n"+
			".;a b.png\r\n"+
			"torn.png;a b.png;perhaps\r\n"+
			"a b.png;"+raj+";same")
		lines, said, code := nctFaces(t, "pairs", "--models", models, list)
		type row struct {
			Line            int
			Verdict, Reason string
			As              string
			Failed          bool
		}
		var got []row
		for _, l := range lines {
			as := ""
			if l.AsExpected != nil {
				as = map[bool]string{true: "yes", false: "no"}[*l.AsExpected]
			}
			got = append(got, row{l.Line, l.Verdict, l.Reason, as, l.Error != ""})
			if (l.Score == nil) != (l.Error != "") {
				t.Errorf("line %d: a score and an error, or neither: %+v", l.Line, l)
			}
			if strings.Contains(l.Error, dir) {
				t.Errorf("line %d names a folder of this computer: %s", l.Line, l.Error)
			}
		}
		want := []row{
			{2, "accepted", "match", "yes", false},
			{3, "refused", "mismatch", "yes", false},
			{5, "unsure", "bad-line", "", true},
			{6, "unsure", "bad-line", "", true},
			{7, "unsure", "bad-photo", "", true},
			{8, "unsure", "bad-photo", "", true},
			{9, "unsure", "bad-photo", "", true},
			{10, "refused", "mismatch", "no", false},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if code != exitNotWhole || !strings.Contains(said, "8") || !strings.Contains(said, "5") {
			t.Errorf("exit code %d, %s", code, said)
		}
	})
	t.Run("no list", func(t *testing.T) {
		if lines, said, code := nctFaces(t, "pairs", "--models", models, filepath.Join(dir, "none.csv")); code != exitUnreadable || len(lines) != 0 || said == "" {
			t.Errorf("exit code %d, %d lines, %s", code, len(lines), said)
		}
	})
}

func TestFacesWithoutModels(t *testing.T) {
	for _, lang := range []string{"kk", "ru", "en"} {
		var out, errOut bytes.Buffer
		code := run([]string{"--lang", lang, "faces", "compare", "--models", t.TempDir(), "a.png", "b.png"}, os.Stdin, &out, &errOut)
		if code != exitUnreadable || out.Len() != 0 || !strings.Contains(errOut.String(), "scripts/") {
			t.Errorf("%s: exit code %d, %q, %q", lang, code, out.String(), errOut.String())
		}
	}
	if _, _, code := nctFaces(t, "compare", "a.png"); code != exitUsage {
		t.Errorf("exit code %d for one picture", code)
	}
}

func TestFaceRows(t *testing.T) {
	for name, tc := range map[string]struct {
		list string
		want [][]string
	}{
		"empty":          {"", nil},
		"titles only":    {"a,b,c\n", nil},
		"no titles":      {"a.png,b.jpg\nc.png,d.png,same", [][]string{{"a.png", "b.jpg"}, {"c.png", "d.png", "same"}}},
		"tabs":           {"first\tsecond\na.png\tb.png\n", [][]string{{"a.png", "b.png"}}},
		"semicolons":     {"a.png;b, c.png\n", [][]string{{"a.png;b", "c.png"}}},
		"quotes":         {"\"a, 1.png\",b.png\n", [][]string{{"a, 1.png", "b.png"}}},
		"spaces":         {" a.png , b.png , same \r\n", [][]string{{"a.png", "b.png", "same"}}},
		"a broken line":  {"a.png,b.png\n\"x,y\nc.png,d.png\n", [][]string{{"a.png", "b.png"}, nil, {"c.png", "d.png"}}},
		"a giant line":   {"a.png,b.png\n" + strings.Repeat("x", 3*longestRow) + "\nc.png,d.png\n", [][]string{{"a.png", "b.png"}, nil, {"c.png", "d.png"}}},
		"a giant end":    {"a.png,b.png\n" + strings.Repeat("x", 3*longestRow), [][]string{{"a.png", "b.png"}, nil}},
		"titles in Cyrl": {"фото,документ,ожидается\na.png,b.png\n", [][]string{{"a.png", "b.png"}}},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			rows, err := newFaceRows(strings.NewReader(tc.list))
			if err != nil {
				t.Fatal(err)
			}
			var got [][]string
			for {
				row, err := rows.next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil && !errors.Is(err, errRow) {
					t.Fatal(err)
				}
				got = append(got, row.cells)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func FuzzFaceRows(f *testing.F) {
	f.Add([]byte("a,b,expected\na.png,b.png,same\n"))
	f.Add([]byte("\ufeff\"x;y\n\t\n"))
	f.Add([]byte{0, 0xff, '\n', '"', '"', ',', '\r'})
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := newFaceRows(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; ; n++ {
			_, err := rows.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil && !errors.Is(err, errRow) {
				t.Fatal(err)
			}
			if n > len(data) {
				t.Fatal("more lines than bytes")
			}
		}
	})
}
