package intake_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"emtihan/exam/qti/intake"
)

type entry struct {
	name string
	data string
	edit func(h *zip.FileHeader)
}

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.edit != nil {
			e.edit(h)
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(e.data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(data []byte, l intake.Limits) (*intake.Source, error) {
	return intake.Zip(bytes.NewReader(data), int64(len(data)), l)
}

// overlapping makes both entries of the archive's directory point at the first one's bytes, as bombs without recursion do.
func overlapping(data []byte) []byte {
	out := bytes.Clone(data)
	second := bytes.LastIndex(out, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(out[second+42:], 0)
	return out
}

func TestZipRefusals(t *testing.T) {
	big := strings.Repeat("0", 10<<20)
	noise := func(n int) string { // does not shrink
		b := make([]byte, n)
		x := uint32(1)
		for i := range b {
			x ^= x << 13
			x ^= x >> 17
			x ^= x << 5
			b[i] = byte(x)
		}
		return string(b)
	}
	good := entry{name: "imsmanifest.xml", data: "<manifest/>"}
	tests := []struct {
		name   string
		data   []byte
		limits intake.Limits
		reason intake.Reason
		says   string
	}{
		{"no archive", []byte("plain text"), intake.Limits{}, intake.Damaged, "no readable zip"},
		{"truncated", archive(t, good, good2())[:60], intake.Limits{}, intake.Damaged, "truncated"},
		{"leaves the package", archive(t, entry{name: "../etc/passwd", data: "x"}), intake.Limits{}, intake.BadName, "leads out"},
		{"leaves in the middle", archive(t, entry{name: "a/../../b", data: "x"}), intake.Limits{}, intake.BadName, "leads out"},
		{"leaves with backslashes", archive(t, entry{name: `a\..\..\b`, data: "x"}), intake.Limits{}, intake.BadName, "leads out"},
		{"absolute", archive(t, entry{name: "/etc/passwd", data: "x"}), intake.Limits{}, intake.BadName, "absolute"},
		{"drive", archive(t, entry{name: "C:/autoexec.bat", data: "x"}), intake.Limits{}, intake.BadName, "absolute"},
		{"control characters", archive(t, entry{name: "a\nb.xml", data: "x"}), intake.Limits{}, intake.BadName, "control"},
		{"symbolic link", archive(t, entry{name: "link", data: "/etc/passwd", edit: func(h *zip.FileHeader) { h.SetMode(fs.ModeSymlink | 0o777) }}), intake.Limits{}, intake.Link, "symbolic link"},
		{"device", archive(t, entry{name: "dev", edit: func(h *zip.FileHeader) { h.SetMode(fs.ModeDevice | 0o600) }}), intake.Limits{}, intake.Link, "no ordinary file"},
		{"password", archive(t, entry{name: "a", data: "x", edit: func(h *zip.FileHeader) { h.Flags |= 1 }}), intake.Limits{}, intake.Encrypted, "password"},
		{"one name twice", archive(t, good, good), intake.Limits{}, intake.Ambiguous, "two entries"},
		{"one name twice, written differently", archive(t, entry{name: "a/b", data: "x"}, entry{name: "a//b", data: "y"}), intake.Limits{}, intake.Ambiguous, "two entries"},
		{"bomb by ratio", archive(t, entry{name: "zero", data: big}), intake.Limits{}, intake.TooMuch, "more than 200 times"},
		{"bomb by many", archive(t, entry{name: "1", data: big[:3<<20]}, entry{name: "2", data: big[:3<<20]}), intake.Limits{}, intake.TooMuch, "the archive unpacks"},
		{"shared bytes", overlapping(archive(t, entry{name: "1", data: "content one"}, entry{name: "2", data: "content two"})), intake.Limits{}, intake.Ambiguous, "shares bytes"},
		{"large file", archive(t, entry{name: "a", data: noise(2000)}), intake.Limits{FileBytes: 1000}, intake.TooMuch, "more than 1000"},
		{"large whole", archive(t, entry{name: "a", data: noise(600)}, entry{name: "b", data: noise(600)}), intake.Limits{TotalBytes: 1000}, intake.TooMuch, "together"},
		{"many files", archive(t, entry{name: "a"}, entry{name: "b"}, entry{name: "c"}), intake.Limits{Files: 2}, intake.TooMuch, "3 entries"},
		{"ratio as asked", archive(t, entry{name: "a", data: big[:100_000]}), intake.Limits{Ratio: 5, FreeBytes: 1000}, intake.TooMuch, "more than 5 times"},
		{"long name", archive(t, entry{name: strings.Repeat("n", 40)}), intake.Limits{NameBytes: 30}, intake.TooMuch, "more than 30"},
		{"deep name", archive(t, entry{name: "a/b/c/d/e"}), intake.Limits{NameDepth: 3}, intake.TooMuch, "more than 3 folders"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := open(tt.data, tt.limits)
			var refusal *intake.Error
			if !errors.As(err, &refusal) || refusal.Reason != tt.reason || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("got %v, want %s with %q", err, tt.reason, tt.says)
			}
		})
	}
}

func good2() entry { return entry{name: "item.xml", data: "<assessmentItem/>"} }

func TestZipReads(t *testing.T) {
	data := archive(t, good2(), entry{name: "Images/Фото.PNG", data: "png"}, entry{name: `win\path.xml`, data: "w"}, entry{name: "folder/"}, entry{name: "./dot.xml", data: "d"})
	s, err := open(data, intake.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.Names(), "|"); got != "Images/Фото.PNG|dot.xml|item.xml|win/path.xml" {
		t.Errorf("names %s", got)
	}
	if name, exact, ok := s.Find("images/фото.png"); name != "Images/Фото.PNG" || exact || !ok {
		t.Errorf("a name in other case: %q %v %v", name, exact, ok)
	}
	if _, _, ok := s.Find("images/other.png"); ok {
		t.Error("found a file that is not there")
	}
	got, err := s.Read("item.xml", 100)
	if err != nil || string(got) != "<assessmentItem/>" {
		t.Errorf("read %q, %v", got, err)
	}
	var refusal *intake.Error
	if _, err := s.Read("item.xml", 5); !errors.As(err, &refusal) || refusal.Reason != intake.TooMuch {
		t.Errorf("a file over the caller's limit: %v", err)
	}
	if _, err := s.Read("none", 5); !errors.As(err, &refusal) || refusal.Reason != intake.Missing {
		t.Errorf("a missing file: %v", err)
	}
}

// Two names that differ in case only are no problem while the exact one is asked for, and none is guessed otherwise.
func TestCaseTwins(t *testing.T) {
	s, err := open(archive(t, entry{name: "A.png", data: "1"}, entry{name: "a.png", data: "2"}), intake.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if name, exact, ok := s.Find("a.png"); name != "a.png" || !exact || !ok {
		t.Error("the exact name is not found")
	}
	if name, _, ok := s.Find("A.PNG"); ok {
		t.Errorf("of two names %q was guessed", name)
	}
}

// Windows' packer writes Russian names in code page 866.
func TestConsoleNames(t *testing.T) {
	s, err := open(archive(t, entry{name: "\x82\xae\xaf\xe0\xae\xe1.xml", data: "x", edit: func(h *zip.FileHeader) { h.NonUTF8 = true }}), intake.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Names()[0]; got != "Вопрос.xml" || len(s.Remarks) != 1 {
		t.Errorf("name %q, remarks %v", got, s.Remarks)
	}
}

// What an entry's head says about its size does not bind the bytes behind it.
func TestLyingSize(t *testing.T) {
	data := archive(t, entry{name: "a", data: strings.Repeat("x", 5000)})
	at := bytes.LastIndex(data, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(data[at+24:], 10)
	s, err := open(data, intake.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Read("a", 1<<20); err == nil {
		t.Errorf("read %d bytes of a file that says 10", len(got))
	}
	binary.LittleEndian.PutUint32(data[at+24:], 6000)
	if s, err = open(data, intake.Limits{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read("a", 1<<20); err == nil {
		t.Error("a file shorter than it says was read")
	}
}

func TestDir(t *testing.T) {
	dir := t.TempDir()
	write := func(name, data string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("item.xml", "one")
	write("media/a.png", "two")
	s, err := intake.Dir(dir, intake.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if data, err := s.Read("media/a.png", 100); err != nil || string(data) != "two" {
		t.Errorf("%q, %v", data, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := intake.Dir(dir, intake.Limits{Files: 2}); err == nil {
		t.Error("three entries under a limit of two")
	}
	if _, err := intake.Dir(dir, intake.Limits{TotalBytes: 5}); err == nil {
		t.Error("six bytes under a limit of five")
	}
	if _, err := intake.Dir(filepath.Join(dir, "none"), intake.Limits{}); err == nil {
		t.Error("a folder that is not there was opened")
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link.xml")); err != nil {
		t.Skip("no links here: ", err)
	}
	var refusal *intake.Error
	if _, err := intake.Dir(dir, intake.Limits{}); !errors.As(err, &refusal) || refusal.Reason != intake.Link {
		t.Errorf("a folder with a link: %v", err)
	}
}
