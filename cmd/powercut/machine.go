package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"emtihan/cmd/powercut/disk"
)

// factory starts guests.
type factory struct {
	machineFlags
	dir    string // of its own, for sockets and the initramfs
	initrd string
	blank  []byte // an empty file system
}

// newFactory prepares an empty file system of so many bytes and the initramfs.
func newFactory(flags machineFlags, size int) (*factory, error) {
	dir, err := os.MkdirTemp("", "powercut")
	if err != nil {
		return nil, err
	}
	f := &factory{machineFlags: flags, dir: dir, initrd: filepath.Join(dir, "initrd")}
	if err := f.prepare(size); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *factory) close() { os.RemoveAll(f.dir) }

func (f *factory) prepare(size int) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	archive, err := initramfs(program, f.Module)
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.initrd, archive, 0o600); err != nil {
		return err
	}
	f.blank, err = makeFileSystem(f.dir, size)
	return err
}

// machine is a running guest seen from outside.
type machine struct {
	disk   *disk.Disk
	says   <-chan message // closed when the guest is gone
	cmd    *exec.Cmd
	input  io.WriteCloser
	listen net.Listener
	socket string
	wait   sync.WaitGroup

	mu      sync.Mutex
	console []string // the last lines that are no messages
}

// start switches a guest on. It is told the arguments of guestCommand.
func (f *factory) start(ctx context.Context, d *disk.Disk, args ...string) (*machine, error) {
	socket, err := os.CreateTemp(f.dir, "nbd")
	if err != nil {
		return nil, err
	}
	socket.Close()
	os.Remove(socket.Name())
	m := &machine{disk: d, socket: socket.Name()}
	if m.listen, err = net.Listen("unix", m.socket); err != nil {
		return nil, err
	}
	m.wait.Go(func() {
		conn, err := m.listen.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if err := disk.Serve(conn, d); err != nil && !isClosed(d.Off()) {
			m.note("disk: " + err.Error())
		}
	})

	cmdline := "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off no_timer_check tsc=reliable random.trust_cpu=on -- guest " + strings.Join(args, " ")
	m.cmd = exec.CommandContext(ctx, f.Qemu, "-accel", "tcg", "-cpu", "max", "-machine", "q35", "-m", "256", "-smp", "1",
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-kernel", f.Kernel, "-initrd", f.initrd, "-append", cmdline,
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		// Writes are cached by the disk alone: the guest sees a write-back cache, and its flushes reach package disk.
		"-blockdev", "driver=nbd,node-name=d,server.type=unix,server.path="+m.socket,
		"-device", "virtio-blk-pci,drive=d,write-cache=on")
	m.cmd.Stderr = noteWriter{m}
	out, err := m.cmd.StdoutPipe()
	if err == nil {
		m.input, err = m.cmd.StdinPipe()
	}
	if err == nil {
		err = m.cmd.Start()
	}
	if err != nil {
		m.listen.Close()
		return nil, err
	}
	says := make(chan message)
	m.says = says
	m.wait.Go(func() {
		defer close(says)
		lines := bufio.NewReader(out)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return // a line without its end was cut, and nothing in it counts
			}
			if say, ok := parseLine(line); ok {
				says <- say
			} else {
				m.note(strings.TrimSpace(line))
			}
		}
	})
	return m, nil
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

type noteWriter struct{ m *machine }

func (w noteWriter) Write(p []byte) (int, error) {
	w.m.note(strings.TrimSpace(string(p)))
	return len(p), nil
}

func (m *machine) note(line string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if line == "" {
		return
	}
	if m.console = append(m.console, line); len(m.console) > 100 {
		m.console = m.console[1:]
	}
}

// goOn answers a guest that waits.
func (m *machine) goOn() { io.WriteString(m.input, "\n") }

// kill ends the power first, so that the guest can do nothing more, and then the emulator. heard gets what the guest had
// still said.
func (m *machine) kill(heard func(message)) {
	m.disk.PowerOff()
	m.cmd.Process.Kill()
	for say := range m.says {
		heard(say)
	}
	m.cmd.Wait()
	m.listen.Close()
	m.wait.Wait()
	os.Remove(m.socket)
}

// broken returns an error with the end of what the console showed.
func (m *machine) broken(why string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return errors.New(why + "; the console showed:\n  " + strings.Join(m.console, "\n  "))
}

// patience is how long a guest may take for anything. Software emulation on a busy machine is slow.
const patience = 3 * time.Minute
