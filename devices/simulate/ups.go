package simulate

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// The ways in which a UPS misbehaves besides Silent, Babble, HalfFrame and Late.
const (
	// NoDriver: the server has lost its driver.
	NoDriver Fault = "no-driver"
	// Stale: the driver has lost its supply.
	Stale Fault = "stale"
)

// UPS is an uninterruptible power supply behind a server that speaks as NUT's does, on a Unix socket. Its methods may be
// called by any goroutine.
type UPS struct {
	path, name string

	mu     sync.Mutex // guards what follows
	server net.Listener
	peers  map[net.Conn]bool
	status string
	charge int
	fault  Fault
	done   sync.WaitGroup
}

// NewUPS returns a supply on mains that the server at path knows by name.
func NewUPS(path, name string) (*UPS, error) {
	u := &UPS{path: path, name: name, status: "OL", charge: 100, fault: Healthy, peers: map[net.Conn]bool{}}
	return u, u.Replug()
}

// SetStatus sets ups.status, such as "OB DISCHRG LB".
func (u *UPS) SetStatus(words string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.status = words
}

// Fail makes the server misbehave until Fail(Healthy).
func (u *UPS) Fail(f Fault) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.fault = f
}

// Replug starts the server. It returns ErrPlugged when it runs.
func (u *UPS) Replug() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.server != nil {
		return ErrPlugged
	}
	// What a killed simulator left behind is nobody's.
	if info, err := os.Lstat(u.path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if err := os.Remove(u.path); err != nil {
			return err
		}
	}
	server, err := net.Listen("unix", u.path)
	if err != nil {
		return fmt.Errorf("simulate: no server for the UPS: %w", err)
	}
	u.server = server
	u.done.Go(func() {
		for {
			peer, err := server.Accept()
			if err != nil {
				return
			}
			u.mu.Lock()
			u.peers[peer] = true
			u.mu.Unlock()
			u.done.Go(func() { u.serve(peer) })
		}
	})
	return nil
}

// Unplug ends the server and all its conversations. It returns ErrUnplugged when it does not run.
func (u *UPS) Unplug() error {
	u.mu.Lock()
	server := u.server
	u.server = nil
	if server == nil {
		u.mu.Unlock()
		return ErrUnplugged
	}
	err := server.Close()
	for peer := range u.peers {
		peer.Close()
	}
	u.mu.Unlock()
	u.done.Wait()
	return err
}

// Close ends the server for good.
func (u *UPS) Close() error {
	if err := u.Unplug(); !errors.Is(err, ErrUnplugged) {
		return err
	}
	return nil
}

func (u *UPS) serve(peer net.Conn) {
	defer func() {
		u.mu.Lock()
		delete(u.peers, peer)
		u.mu.Unlock()
		peer.Close()
	}()
	for lines := bufio.NewScanner(peer); lines.Scan(); {
		answer, fault := u.answer(lines.Text())
		switch fault {
		case Silent:
			continue
		case Babble:
			answer = "\x00\xFFnoise"
		case HalfFrame:
			answer = answer[:len(answer)/2]
			if _, err := peer.Write([]byte(answer)); err != nil {
				return
			}
			continue
		case Late:
			time.Sleep(Lateness)
		}
		if _, err := fmt.Fprintln(peer, answer); err != nil {
			return
		}
	}
}

func (u *UPS) answer(request string) (string, Fault) {
	u.mu.Lock()
	defer u.mu.Unlock()
	words := strings.Fields(request)
	if len(words) != 4 || words[0] != "GET" || words[1] != "VAR" {
		return "ERR UNKNOWN-COMMAND", u.fault
	}
	switch {
	case words[2] != u.name:
		return "ERR UNKNOWN-UPS", u.fault
	case u.fault == NoDriver:
		return "ERR DRIVER-NOT-CONNECTED", u.fault
	case u.fault == Stale:
		return "ERR DATA-STALE", u.fault
	}
	value := ""
	switch words[3] {
	case "ups.status":
		value = u.status
	case "battery.charge":
		value = fmt.Sprint(u.charge)
	case "battery.runtime":
		value = "1200"
	default:
		return "ERR VAR-NOT-SUPPORTED", u.fault
	}
	return fmt.Sprintf("VAR %s %s %q", words[2], words[3], value), u.fault
}
