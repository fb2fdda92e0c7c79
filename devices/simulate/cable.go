package simulate

import (
	"os"
	"sync"
	"time"
)

// Cable is a null-modem cable: two serial ports, each of which hears what the other says. It joins two programs that both
// want to open a port.
type Cable struct {
	// A and B are the paths of the two ports.
	A, B string

	ends [2]*pty
	stop chan struct{}
	done sync.WaitGroup
}

// NewCable returns a cable, or an error when there are no pseudo-terminals.
func NewCable() (*Cable, error) {
	a, err := openPTY()
	if err != nil {
		return nil, err
	}
	b, err := openPTY()
	if err != nil {
		a.master.Close()
		return nil, err
	}
	c := &Cable{A: a.name, B: b.name, ends: [2]*pty{a, b}, stop: make(chan struct{})}
	c.done.Go(func() { c.carry(a, b.master) })
	c.done.Go(func() { c.carry(b, a.master) })
	return c, nil
}

func (c *Cable) carry(from *pty, to *os.File) {
	buf := make([]byte, maxFrame)
	for {
		n, err := from.read(buf, time.Time{}, c.stop, func() bool { return true })
		if err != nil {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// Close pulls both ends.
func (c *Cable) Close() error {
	close(c.stop)
	errA, errB := c.ends[0].master.Close(), c.ends[1].master.Close()
	c.done.Wait()
	if errA != nil {
		return errA
	}
	return errB
}
