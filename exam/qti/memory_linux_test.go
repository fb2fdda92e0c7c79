package qti_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"emtihan/exam/qti"
	"emtihan/exam/qti/intake"
)

// bombBound is the most that a program which opens a package may take while it reads what was made to fill its memory: what
// [qti.Options] says of one document, and as much again for the collector and the program itself.
const bombBound = 1300 << 20

// bomb writes an archive: a good manifest that names the items, and the items.
func bomb(t *testing.T, files map[string]string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "bomb.zip")
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for n, text := range files {
		w, err := z.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestOpensBomb is the child of TestBombs: it opens the package that the environment names and prints what came of it.
func TestOpensBomb(t *testing.T) {
	name := os.Getenv("EMTIHAN_BOMB")
	if name == "" {
		t.Skip("this is the child of another test")
	}
	p, err := qti.Open(name, qti.Options{})
	var refused *qti.RefusedError
	switch {
	case errors.As(err, &refused):
		fmt.Println("refused:", refused)
	case err != nil:
		t.Fatal(err)
	default:
		fmt.Printf("read: %d items %.300s\n", len(p.Items), fmt.Sprint(p.Findings))
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(status), "\n") {
		if strings.HasPrefix(line, "VmHWM:") {
			fmt.Println(line)
		}
	}
}

// What is made to fill the memory is refused, or read within the bound that is stated; a process of its own measures it.
func TestBombs(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("takes hundreds of MiB, and several times that under the race detector, for which the bound does not hold")
	}
	item := item21("q", "<p>x</p>")
	inside := func(part string, bytes int) string {
		return item21("q", strings.Repeat(part, bytes/len(part)))
	}
	varied := func(n int) string { // shrinks little enough for the limit on ratios
		var b strings.Builder
		x := uint64(88172645463325252)
		for b.Len() < n {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			fmt.Fprintf(&b, "<b>%030x</b>", x)
		}
		return b.String()
	}
	laughs := `<!DOCTYPE x [<!ENTITY a "ha">`
	for i := range 20 {
		laughs += fmt.Sprintf(`<!ENTITY a%d "&a%d;&a%d;&a%d;&a%d;">`, i+1, i, i, i, i)
	}
	for _, tt := range []struct {
		name  string
		files map[string]string
		says  string
	}{
		{"much of nothing", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item, "fill.bin": strings.Repeat("\x00", 300<<20)}, "refused: the archive is refused"},
		{"a document of nothing", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": inside(" ", 15<<20)}, "refused: the archive is refused"},
		{"billion laughs", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": laughs + "]>" + item}, "declares entities"},
		{"a document over the limit", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", varied(20<<20))}, "has 20"},
		{"the fullest document", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", varied(15<<20))}, "read: 1 items"},
		{"a thousand levels", map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", strings.Repeat("<div>", 1000)+strings.Repeat("</div>", 1000))}, "deep"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			child := exec.Command(os.Args[0], "-test.run", "^TestOpensBomb$")
			child.Env = append(os.Environ(), "EMTIHAN_BOMB="+bomb(t, tt.files))
			out, err := child.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%.2000s", err, out)
			}
			_, high, _ := strings.Cut(string(out), "VmHWM:")
			var kib int64
			if _, err := fmt.Sscan(high, &kib); err != nil {
				t.Fatalf("the child does not say what it took: %v\n%.2000s", err, out)
			}
			t.Logf("%d MiB: %.150s", kib>>10, out)
			if kib<<10 > bombBound {
				t.Errorf("%d MiB were taken, more than %d", kib>>10, bombBound>>20)
			}
			if !strings.Contains(string(out), tt.says) || strings.Contains(string(out), "refused") != (tt.says != "read: 1 items") {
				t.Errorf("%.300s, want %q", out, tt.says)
			}
		})
	}
}

// The limits can be made as tight as a small computer needs.
func TestTightIntake(t *testing.T) {
	data := pack(t, map[string]string{"imsmanifest.xml": manifest("q.xml"), "q.xml": item21("q", strings.Repeat("<p>x</p>", 1000))})
	if _, err := openZip(data, qti.Options{Intake: intake.Limits{FileBytes: 4000}}); err == nil || !strings.Contains(err.Error(), "more than 4000") {
		t.Error(err)
	}
}
