package line

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"
)

// handle is an open port.
//
// The library sets the line up (speed, parity, raw mode, exclusive use), but bytes do not go through it: its Write can be
// interrupted by nothing, not even by Close, so that a stalled adapter would hold a goroutine and a thread for each
// attempt, and its Read reports a time-out as zero bytes without an error. A second, non-blocking handle on the same
// port knows deadlines for both and also carries the lock.
type handle struct {
	file *os.File
	port serial.Port
}

func openHandle(c Config) (_ *handle, err error) {
	path, err := filepath.EvalSymlinks(c.Path)
	if err != nil {
		return nil, err
	}
	if err := refuseConsole(path); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	h := &handle{file: file}
	// TIOCEXCL, which the library sets, does not stop root; the lock stops every Emtihan program.
	if err := h.control(func(fd int) error {
		if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil {
			return fmt.Errorf("%s is not a serial port: %w", path, err)
		}
		return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
	}); err != nil {
		return nil, err
	}
	if err := file.SetDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("%s knows no deadlines: %w", path, err)
	}
	if h.port, err = serial.Open(path, c.mode()); err != nil {
		return nil, err
	}
	return h, nil
}

// refuseConsole returns an error unless path is a character device that no console or terminal of a person uses.
func refuseConsole(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode()&os.ModeCharDevice == 0 {
		return fmt.Errorf("%s is not a serial port", path)
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return err
	}
	major, minor := unix.Major(st.Rdev), unix.Minor(st.Rdev)
	const virtualTerminals, terminalAliases = 4, 5
	console := major == terminalAliases || major == virtualTerminals && minor < 64
	if active, err := os.ReadFile("/sys/class/tty/console/active"); err == nil {
		console = console || slices.Contains(strings.Fields(string(active)), filepath.Base(path))
	}
	if console {
		return fmt.Errorf("%s is a console", path)
	}
	return nil
}

func (h *handle) control(f func(fd int) error) error {
	raw, err := h.file.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// close gives the port up. What is still waiting to be sent is thrown away first, because the kernel would otherwise wait
// up to 30 s for a port that takes nothing.
func (h *handle) close() error {
	flush := h.control(func(fd int) error { return unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCOFLUSH) })
	if errors.Is(flush, unix.EIO) {
		flush = nil // already hung up
	}
	return errors.Join(flush, h.port.Close(), h.file.Close())
}

// pending reads what has already arrived, without waiting; zero bytes and no error when there is nothing.
func (h *handle) pending(buf []byte) (n int, err error) {
	if err := h.file.SetReadDeadline(time.Time{}); err != nil {
		return 0, err
	}
	raw, err := h.file.SyscallConn()
	if err != nil {
		return 0, err
	}
	var inner error
	err = raw.Read(func(fd uintptr) bool {
		n, inner = unix.Read(int(fd), buf)
		return true
	})
	n = max(n, 0)
	switch {
	case err != nil:
		return n, err
	case errors.Is(inner, unix.EAGAIN), errors.Is(inner, unix.EINTR):
		return 0, nil
	case inner == nil && n == 0:
		return 0, unix.EIO
	}
	return n, inner
}
