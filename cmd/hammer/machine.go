package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// itself is this program's file, also when another has taken its name meanwhile.
const itself = "/proc/self/exe"

// mount is the file system that a folder lies on.
type mount struct {
	kind   string // ext4, tmpfs
	source string // /dev/sda2
}

// errMemory says that a measurement would not be one.
var errMemory = errors.New("this folder is kept in memory, where syncing costs nothing and survives nothing; name one on a disk")

// workFolder makes a new folder under base, which must lie on a disk.
func workFolder(base string) (string, error) {
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", err
	}
	m, err := mountOf(base)
	if err != nil {
		return "", err
	}
	if m.inMemory() {
		return "", fmt.Errorf("%s (%s): %w", base, m.kind, errMemory)
	}
	return os.MkdirTemp(base, "run-")
}

func (m mount) inMemory() bool { return m.kind == "tmpfs" || m.kind == "ramfs" }

func mountOf(folder string) (mount, error) {
	path, err := filepath.Abs(folder)
	if err != nil {
		return mount{}, err
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return mount{}, err
	}
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return mount{}, err
	}
	defer f.Close()
	return findMount(f, path)
}

// findMount returns the last of the longest mount points above path in a list as of proc(5), mountinfo.
func findMount(list io.Reader, path string) (found mount, err error) {
	longest := -1
	s := bufio.NewScanner(list)
	for s.Scan() {
		front, back, ok := strings.Cut(s.Text(), " - ")
		fields, ends := strings.Fields(front), strings.Fields(back)
		if !ok || len(fields) < 5 || len(ends) < 2 {
			continue
		}
		point := unescape(fields[4])
		under := point == "/" || path == point || strings.HasPrefix(path, point+"/")
		if under && len(point) >= longest {
			longest, found = len(point), mount{kind: ends[0], source: unescape(ends[1])}
		}
	}
	if err := s.Err(); err != nil {
		return mount{}, err
	}
	if longest < 0 {
		return mount{}, fmt.Errorf("%s: no file system is known for it", path)
	}
	return found, nil
}

// unescape undoes the \040 of a space and the like in mountinfo.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// printMachine says on what the figures below it were taken.
func printMachine(w io.Writer, folder string) error {
	m, err := mountOf(folder)
	if err != nil {
		return err
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "machine: %d cores, Linux %s, %s; %s on %s; load average %s\n",
		runtime.NumCPU(), unix.ByteSliceToString(u.Release[:]), runtime.Version(), m.kind, m.source, strings.Join(strings.Fields(string(load))[:3], " "))
	return nil
}
