package simulate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// pty is a pseudo-terminal: what the program under test opens at name comes out of master and the other way round.
type pty struct {
	master *os.File
	name   string
}

func openPTY() (*pty, error) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("simulate: no pseudo-terminal: %w", err)
	}
	p := &pty{master: master}
	err = p.control(func(fd int) error {
		if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
			return err
		}
		number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
		if err != nil {
			return err
		}
		p.name = fmt.Sprintf("/dev/pts/%d", number)
		// Without raw mode the terminal would echo what the simulated device says before anybody has opened it.
		mode, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil {
			return err
		}
		mode.Iflag = 0
		mode.Oflag = 0
		mode.Lflag = 0
		mode.Cflag = unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B9600
		mode.Cc[unix.VMIN], mode.Cc[unix.VTIME] = 1, 0
		return unix.IoctlSetTermios(fd, unix.TCSETS, mode)
	})
	if err != nil {
		master.Close()
		return nil, fmt.Errorf("simulate: no pseudo-terminal: %w", err)
	}
	return p, nil
}

func (p *pty) control(f func(fd int) error) error {
	raw, err := p.master.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// stuck reports whether the far side can be opened by nobody any more. A program that was killed while it held the port
// exclusively leaves it so: on a real port the kernel forgets the exclusive use with the last user, on a
// pseudo-terminal only with the master.
func (p *pty) stuck() bool {
	var stuck bool
	_ = p.control(func(fd int) error {
		peer, _, failure := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC)
		if failure == 0 {
			return unix.Close(int(peer))
		}
		if failure != unix.EBUSY {
			return failure
		}
		// Somebody may have opened it rightfully a moment ago; then it is not hung up.
		state := []unix.PollFd{{Fd: int32(fd)}}
		_, err := unix.Poll(state, 0)
		stuck = err == nil && state[0].Revents&unix.POLLHUP != 0
		return err
	})
	return stuck
}

// read waits for bytes until deadline (zero: for ever) or until stop is closed together with the master. While nobody
// has opened the far side the kernel reports EIO at once; read then asks abandoned, now and then, whether to go on.
func (p *pty) read(buf []byte, deadline time.Time, stop <-chan struct{}, abandoned func() bool) (int, error) {
	if err := p.master.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	for {
		n, err := p.master.Read(buf)
		if !errors.Is(err, unix.EIO) {
			return n, err
		}
		if !abandoned() {
			return 0, err
		}
		again := time.NewTimer(5 * time.Millisecond)
		select {
		case <-again.C:
		case <-stop:
			again.Stop()
			return 0, os.ErrClosed
		}
		if !deadline.IsZero() && !time.Now().Before(deadline) {
			return 0, os.ErrDeadlineExceeded
		}
	}
}

// publish makes the symbolic link at path lead to target, replacing a link that is there but nothing else.
func publish(path, target string) error {
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink == 0 {
		return fmt.Errorf("simulate: %s exists and is not a symbolic link", path)
	}
	fresh := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, fresh); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

// withdraw removes the link at path if it still leads to target.
func withdraw(path, target string) error {
	if at, err := os.Readlink(path); err != nil || at != target {
		return nil
	}
	return os.Remove(path)
}
