package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stagePatience bounds every wait of a play: a picture that has not come by then does not come.
const stagePatience = 2 * time.Minute

// display is an X server without a screen.
type display struct {
	name string
	cmd  *exec.Cmd
}

func startDisplay(log io.Writer) (*display, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	// Without -noreset the server forgets the keyboard layout when its last window goes, as it does when a station is killed.
	cmd := exec.Command("Xvfb", "-noreset", "-displayfd", "3", "-screen", "0", "1366x768x24", "-nolisten", "tcp")
	cmd.ExtraFiles, cmd.Stderr = []*os.File{w}, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		w.Close()
		return nil, err
	}
	w.Close()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("start of Xvfb: %w", errors.Join(err, cmd.Wait()))
	}
	return &display{name: ":" + strings.TrimSpace(line), cmd: cmd}, nil
}

func (d *display) close() {
	_ = d.cmd.Process.Kill()
	_ = d.cmd.Wait()
}

func (d *display) run(name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), stagePatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	// xdotool reads its text in the locale's encoding, and a bare machine has none that knows Kazakh.
	cmd.Env = append(os.Environ(), "DISPLAY="+d.name, "LC_ALL=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// keys presses keys by their X names, one after the other.
func (d *display) keys(names ...string) error {
	return d.run("xdotool", append([]string{"key", "--delay", "30"}, names...)...)
}

// layout sets the keyboard: us, ru or kz.
func (d *display) layout(name string) error { return d.run("setxkbmap", name) }

// write types text under the present layout.
func (d *display) write(text string) error {
	return d.run("xdotool", "type", "--delay", "12", "--", text)
}

// picture saves what the display shows.
func (d *display) picture(path string) error {
	return d.run("import", "-window", "root", "-depth", "8", path)
}

// program is a running program of the house whose window writes what it shows to a witness file.
type program struct {
	cmd     *exec.Cmd
	done    chan error
	witness string
	began   int64 // where this run's lines begin in the witness file
	offset  int64
	last    map[string]any
}

func startProgram(d *display, log io.Writer, witness, path string, args ...string) (*program, error) {
	cmd := exec.Command(path, args...)
	if d != nil {
		cmd.Env = append(os.Environ(), "DISPLAY="+d.name, "LC_ALL=C.UTF-8")
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p := &program{cmd: cmd, done: make(chan error, 1), witness: witness, last: make(map[string]any)}
	if fi, err := os.Stat(witness); err == nil {
		p.began, p.offset = fi.Size(), fi.Size()
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.done <- cmd.Wait() }()
	return p, nil
}

// painter reports of the program's first thread, which is the one that paints, whether it waits for something to do, and how long
// it has been at work since it began.
func (p *program) painter() (waits bool, worked time.Duration) {
	at := fmt.Sprintf("/proc/%d/task/%[1]d/", p.cmd.Process.Pid)
	stat, _ := os.ReadFile(at + "stat")              // of a program that has ended nothing can be read, which is found elsewhere
	_, state, found := bytes.Cut(stat, []byte(") ")) // what stands before it is the program's name
	times, _ := os.ReadFile(at + "schedstat")
	var ns int64
	_, _ = fmt.Sscan(string(times), &ns)
	return found && !bytes.HasPrefix(state, []byte("R")), time.Duration(ns)
}

// kill ends the program as a power cut would.
func (p *program) kill() error {
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	<-p.done
	return nil
}

// stop ends the program as an operator would.
func (p *program) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stagePatience):
		_ = p.kill()
	}
}

// lines reads what the window has shown since the last call.
func (p *program) lines() ([]map[string]any, error) {
	f, err := os.Open(p.witness)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(p.offset, io.SeekStart); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	end := bytes.LastIndexByte(data, '\n') + 1
	p.offset += int64(end)
	var out []map[string]any
	for line := range bytes.Lines(data[:end]) {
		m := make(map[string]any)
		if err := json.Unmarshal(line, &m); err != nil {
			return nil, fmt.Errorf("%s: %w", p.witness, err)
		}
		out = append(out, m)
		p.last = m
	}
	return out, nil
}

// await waits until the window shows a state that ok accepts, and returns it.
func (p *program) await(what string, ok func(map[string]any) bool) (map[string]any, error) {
	deadline := time.Now().Add(stagePatience)
	if len(p.last) > 0 {
		if _, err := p.lines(); err != nil {
			return nil, err
		}
		if ok(p.last) {
			return p.last, nil
		}
	}
	for time.Now().Before(deadline) {
		lines, err := p.lines()
		if err != nil {
			return nil, err
		}
		for _, m := range lines {
			if ok(m) {
				return m, nil
			}
		}
		select {
		case err := <-p.done:
			p.done <- err
			return nil, fmt.Errorf("waiting for %s: the program ended: %v", what, err)
		case <-time.After(time.Millisecond):
		}
	}
	return nil, fmt.Errorf("waiting for %s: it did not come in %v; the last was %v", what, stagePatience, p.last)
}

// on awaits a screen.
func (p *program) on(screen string) (map[string]any, error) {
	return p.await("screen "+screen, func(m map[string]any) bool { return m["screen"] == screen && m["sheet"] == nil })
}

// where awaits a field's value.
func (p *program) where(field string, value any) (map[string]any, error) {
	return p.await(fmt.Sprintf("%s = %v", field, value), func(m map[string]any) bool {
		return fmt.Sprint(m[field]) == fmt.Sprint(value)
	})
}

func number(m map[string]any, field string) int64 {
	f, _ := m[field].(float64)
	return int64(f)
}

// album numbers the pictures of a play.
type album struct {
	dir string
	n   int
}

func (a *album) add(d *display, name string) error {
	a.n++
	// One frame at 60 Hz after the state was announced, and one more for a busy machine.
	time.Sleep(150 * time.Millisecond)
	return d.picture(filepath.Join(a.dir, fmt.Sprintf("%02d-%s.png", a.n, name)))
}
