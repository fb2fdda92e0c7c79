package station

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inMemory counts the places of the text in a process's memory.
func inMemory(t *testing.T, pid int, text []byte) (n int) {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Skipf("this system does not show the memory of processes: %v", err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Skipf("this system does not show the memory of processes: %v", err)
	}
	defer mem.Close()
	read := int64(0)
	for line := range strings.Lines(string(maps)) {
		var first, last uint64
		var mode string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &first, &last, &mode); err != nil {
			t.Fatal(err)
		}
		if mode[0] != 'r' || last > math.MaxInt64 || strings.Contains(line, "[v") {
			continue // the system's own pages
		}
		from, to := int64(first), int64(last)
		const step = 8 << 20
		buf := make([]byte, step+len(text))
		for at := from; at < to; at += step {
			part := buf[:min(int64(len(buf)), to-at)]
			got, err := mem.ReadAt(part, at)
			if err != nil && got == 0 {
				continue // of a device, or gone meanwhile
			}
			read += int64(got)
			n += bytes.Count(part[:got], text)
		}
	}
	if read < 16<<20 {
		t.Fatalf("only %d bytes of the process could be read", read)
	}
	return n
}

// onDisk lists the files below a folder that have the text.
func onDisk(t *testing.T, root string, text []byte) (found []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, text) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Nothing of a sealed exam can be read on the station before its release, in the memory of the real program or on its disk; after
// it, in memory alone. The release key is typed in a real window, with the Kazakh layout on.
func TestSealedExamCannotBeReadBeforeItsRelease(t *testing.T) {
	if testing.Short() {
		t.Skip("a real window takes its time")
	}
	secret := make([]byte, 12)
	rand.Read(secret)
	marker := "құпия" + hex.EncodeToString(secret)
	opt, release := laySealed(t, "doctoral", "short-demo", sealing{paper: func(s string) string {
		const task = "[blocks.items.text]\n" // of the first task
		at := strings.Index(s, task) + len(task)
		at += strings.IndexByte(s[at:], '"') + 1
		if strings.HasPrefix(s[at:], `""`) {
			at += 2
		}
		return s[:at] + marker + " " + s[at:]
	}})
	tmp := filepath.Join(filepath.Dir(opt.Session), "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", tmp)
	w := openWindow(t, opt)
	if w.last.Screen != "sealed" {
		t.Fatalf("the station shows %s", w.last.Screen)
	}
	w.picture("sealed")
	look := func(when string, wantMemory bool) {
		t.Helper()
		if n := inMemory(t, w.cmd.Process.Pid, []byte(marker)); (n > 0) != wantMemory {
			t.Errorf("%s the memory has the text %d times", when, n)
		}
		if n := inMemory(t, w.cmd.Process.Pid, []byte("Emtihan")); n == 0 {
			t.Errorf("%s the memory was not read: the window's own title is not in it", when)
		}
		if files := onDisk(t, filepath.Dir(opt.Session), []byte(marker)); len(files) > 0 {
			t.Errorf("%s it stands in %v", when, files)
		}
		if files := onDisk(t, filepath.Dir(opt.Session), []byte(release.Text())); len(files) > 0 {
			t.Errorf("%s the release key stands in %v", when, files)
		}
	}
	look("before the release", false)

	key := release.Text()
	wrong := "0"
	if key[0] == '0' {
		wrong = "1"
	}
	w.run("setxkbmap", "us")
	w.types(wrong + key[1:])
	w.keys("Return")
	w.await("the fault", func(s sight) bool { return s.Trouble == "key-check" })
	w.picture("sealed-mistyped")
	look("after a mistyped key", false)
	w.keys("ctrl+a")
	w.types(strings.ToLower(key))
	w.keys("Return")
	w.await("the login", func(s sight) bool { return s.Screen == "login" })
	look("after the release", true)
	w.seat(nurlan)
	look("in the exam", true)
	w.kill()
	if files := onDisk(t, filepath.Dir(opt.Session), []byte(marker)); len(files) > 0 {
		t.Errorf("after a power cut it stands in %v", files)
	}
}
