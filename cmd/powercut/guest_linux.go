package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// guestCommand is what the guest is told on the kernel's command line.
type guestCommand struct {
	Seed   uint64   `help:"Pace of the load."`
	Type   []string `help:"What to type into, one after another, as create:NAME or resume:NAME; without it, only read."`
	Acks   int      `help:"Acknowledgements for each of them; 0 is without end."`
	Second bool     `help:"Give the journals a second place."`
	Step   bool     `help:"Wait for a line on the console after each acknowledgement, before the journal may go on."`
}

// Run never returns: the death of the first process is the kernel's.
func (c guestCommand) Run() error {
	g := guest{guestCommand: c, in: bufio.NewReader(os.Stdin)}
	if os.Getpid() != 1 {
		return errors.New("this is for a guest's first process only")
	}
	if err := g.run(); err != nil {
		g.say(message{Kind: sayFailed, Text: err.Error()})
	} else {
		g.say(message{Kind: sayDone})
	}
	// Whoever is outside switches off. A regular end would write what a cut must find unwritten.
	for {
		time.Sleep(time.Hour)
	}
}

type guest struct {
	guestCommand
	in *bufio.Reader
	mu sync.Mutex
}

func (g *guest) say(m message) {
	g.mu.Lock()
	defer g.mu.Unlock()
	io.WriteString(os.Stdout, m.line())
}

// started makes the machine usable: modules, devices, disk.
func started(dir string) error {
	modules, err := filepath.Glob("/modules/*.ko")
	if err != nil {
		return err
	}
	slices.Sort(modules) // their names begin with their order
	for _, m := range modules {
		data, err := os.ReadFile(m)
		if err != nil {
			return err
		}
		if err := unix.InitModule(data, ""); err != nil {
			return fmt.Errorf("load %s: %w", m, err)
		}
	}
	if err := unix.Mount("devtmpfs", "/dev", "devtmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount /dev: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	// The driver asks the device in its own time.
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat("/dev/vda"); err == nil {
			break
		} else if time.Now().After(end) {
			return errors.New("the disk does not appear")
		}
	}
	if err := unix.Mount("/dev/vda", dir, "ext4", unix.MS_NOATIME, ""); err != nil {
		return fmt.Errorf(unmounted+": %w", err)
	}
	return nil
}

func (g *guest) run() error {
	const dir = "/disk"
	if err := started(dir); err != nil {
		return err
	}
	g.say(message{Kind: sayUp, Micros: uptime()})
	s, err := openStore(dir, g.Second)
	if err != nil {
		return err
	}
	names, err := s.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		g.say(s.recovered(name))
	}
	g.say(message{Kind: sayRecovered, Number: uint64(len(names))})

	for _, spell := range g.Type {
		verb, name, _ := strings.Cut(spell, ":")
		open := s.open
		if verb == "create" {
			g.say(message{Kind: sayCreating, Journal: name})
			open = s.create
		}
		if err := g.load(name, open); err != nil {
			return err
		}
	}
	if g.Step {
		// What the kernel would write in its own time belongs to the recorded run.
		unix.Sync()
	}
	return nil
}

// load types into one journal.
func (g *guest) load(name string, open func(string, func(uint64)) (*log, error)) error {
	acks := make(chan struct{}, 1)
	heard := 0
	l, err := open(name, func(n uint64) {
		g.say(message{Kind: sayAck, Journal: name, Number: n})
		if g.Step {
			g.in.ReadString('\n')
		}
		if heard++; heard == g.Acks {
			close(acks)
		}
	})
	if err != nil {
		return err
	}
	if l.next() == 1 {
		g.say(message{Kind: sayCreated, Journal: name})
	}
	g.say(message{Kind: sayTyping, Journal: name, Number: l.next() - 1})

	r := rand.New(rand.NewPCG(g.Seed, l.next()))
	for {
		n := 1
		switch choice := r.IntN(100); {
		case choice < 3:
			n = 50 + r.IntN(100) // a held key, or a disk that was busy
		case choice < 20:
			n = 2 + r.IntN(4)
		}
		if err := l.write(n); err != nil {
			return err
		}
		// The pause of a very fast typist; the moment of the cut shall often meet a commit.
		pause := time.Duration(r.Int64N(int64(25 * time.Millisecond)))
		select {
		case <-acks:
			return l.close()
		case <-time.After(pause):
		}
	}
}

// uptime returns microseconds since the kernel started, or 0 where it does not say.
func uptime() int64 {
	data, _ := os.ReadFile("/proc/uptime")
	first, _, _ := strings.Cut(string(data), " ")
	seconds, _ := strconv.ParseFloat(first, 64)
	return int64(seconds * 1e6)
}
