package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func figuresOf(t *testing.T, out string, into any) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), into); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// The samples of the reader are all read, drawn and marked as they say; what is refused is said with its reason.
func TestBenchQTI(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "old.xml"), []byte("<questestinterop/>"), 0o600); err != nil {
		t.Fatal(err)
	}
	pictures := filepath.Join(dir, "pictures")
	var out, errs bytes.Buffer
	if code := run([]string{"bench-qti", "--out", pictures, "../../exam/qti/testdata/samples", filepath.Join(dir, "old.xml")}, streams{nil, &out, &errs}); code != 0 {
		t.Fatalf("%d: %s", code, errs.String())
	}
	var f qtiFigures
	figuresOf(t, out.String(), &f)
	if f.Packages != 1 || f.Refused != 1 || f.Crashes != 0 || f.Items < 50 || f.Read != f.Items || f.Rendered != f.Items || f.Whole != f.Items || f.AsTasks < 15 {
		t.Errorf("%+v", f)
	}
	if f.Marked < 40 || f.MarkedRight != f.Marked || f.Supported < f.Marked {
		t.Errorf("%+v", f)
	}
	for _, want := range []string{"the content is QTI 1", "a drawing interaction", "custom operators (org.example.Same)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not said:\n%s", want, out.String())
		}
	}
	drawn, err := filepath.Glob(filepath.Join(pictures, "*.png"))
	if err != nil || len(drawn) < f.Items {
		t.Errorf("%d pictures, %v", len(drawn), err)
	}
}

// The import of a bank is measured beside encoding/xml over the same files.
func TestBenchBank(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run([]string{"bench-qti", "--bank", "60", "--rounds", "1"}, streams{nil, &out, &errs}); code != 0 {
		t.Fatalf("%d: %s", code, errs.String())
	}
	var f bankFigures
	figuresOf(t, out.String(), &f)
	if f.Items != 60 || f.Bytes < 60*500 || f.ImportMs <= 0 || f.XMLMs <= 0 || f.TimeRatio <= 0 || f.ImportMade <= 0 {
		t.Errorf("%+v", f)
	}
}
