package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// entries reads an archive by the kernel's description of the form: 13 numbers of eight hexadecimal digits, a name and the
// data, each brought to a multiple of four bytes.
func entries(t *testing.T, data []byte) map[string]string {
	t.Helper()
	out := make(map[string]string)
	at := 0
	take := func(n int) []byte {
		if at+n > len(data) {
			t.Fatalf("the archive ends at %d, within %d bytes", len(data), n)
		}
		b := data[at : at+n]
		at += n
		return b
	}
	align := func() {
		for at%4 != 0 && at < len(data) {
			if take(1)[0] != 0 {
				t.Fatal("padding is not zero")
			}
		}
	}
	for {
		header := take(110)
		if !bytes.HasPrefix(header, []byte("070701")) {
			t.Fatalf("a header begins with %q", header[:6])
		}
		var f [13]uint64
		for i := range f {
			var err error
			if f[i], err = strconv.ParseUint(string(header[6+8*i:14+8*i]), 16, 32); err != nil {
				t.Fatal(err)
			}
		}
		name := take(int(f[11]))
		if name[len(name)-1] != 0 {
			t.Fatalf("%q does not end with zero", name)
		}
		align()
		content := take(int(f[6]))
		align()
		if string(name) == "TRAILER!!!\x00" {
			if at != len(data) {
				t.Errorf("%d bytes follow the end", len(data)-at)
			}
			return out
		}
		out[string(name[:len(name)-1])] = fmt.Sprintf("%o %d:%d %s", f[1], f[9], f[10], content)
	}
}

func TestInitramfs(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	program := write("program", "the program")
	want := map[string]string{
		"dev": "40755 0:0 ", "proc": "40755 0:0 ", "disk": "40755 0:0 ", "modules": "40755 0:0 ",
		"dev/console": "20600 5:1 ", "init": "100755 0:0 the program",
	}
	for i, m := range modules {
		if _, err := initramfs(program, filepath.Join(dir, "modules")); err == nil {
			t.Fatalf("made without %s", m)
		}
		write(fmt.Sprintf("modules/kernel/%d/%s.ko", i, m), m)
		want[fmt.Sprintf("modules/%d-%s.ko", i, m)] = "100644 0:0 " + m
	}
	data, err := initramfs(program, filepath.Join(dir, "modules"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, entries(t, data)); d != "" {
		t.Error(d)
	}
	if _, err := initramfs(filepath.Join(dir, "none"), filepath.Join(dir, "modules")); err == nil {
		t.Error("made without a program")
	}
}
