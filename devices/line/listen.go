package line

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Listen opens the port if it is not open and hands everything that arrives to heard until ctx ends, for devices that speak
// without being asked. opened, which may be nil, is called when the port is open and nothing has been heard yet. heard must
// not keep the slice; it is called without bytes once whenever nothing has come for idle (0: never) after something had,
// so that a receiver can tell a message that broke off from one that goes on. The port belongs to the listener meanwhile:
// transactions wait.
//
// It returns the cause of ctx, ErrClosed, or a *PortError. Silence is no error: nobody can know whether such a device
// is switched on.
func (p *Port) Listen(ctx context.Context, idle time.Duration, opened func(), heard func(b []byte)) error {
	return p.own(ctx, func(ctx context.Context) error {
		p.enter(Online, nil)
		if opened != nil {
			opened()
		}
		talking := false
		for {
			deadline := time.Time{}
			if talking && idle > 0 {
				deadline = time.Now().Add(idle)
			}
			if err := p.open.file.SetReadDeadline(deadline); err != nil {
				return p.lost(err)
			}
			// After the deadline has been set: the end of ctx sets one, too, which is not to be overwritten.
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			n, err := p.open.file.Read(p.buf)
			switch {
			case n > 0:
				p.active = time.Now()
				p.answered, p.failures = p.active, 0
				talking = true
				heard(p.buf[:n])
			case errors.Is(err, os.ErrDeadlineExceeded):
				if talking && ctx.Err() == nil {
					talking = false
					heard(nil)
				}
			default:
				return p.lost(readError(err))
			}
		}
	})
}

// Modem are the input lines of a serial port beside its data.
type Modem struct{ CTS, DSR, RI, DCD bool }

// ModemSource is a port with modem lines. A *Port is one; pseudo-terminals and many two-wire adapters have none.
type ModemSource interface {
	// Modem returns the present state of the lines; see [Port.Modem].
	Modem(ctx context.Context) (Modem, error)
}

// Modem opens the port if it is not open, keeps RTS and DTR high, so that a contact between them and an input line has a
// voltage to pass on, and returns the state of the input lines. Errors are those of Listen; a port without modem lines is
// Unsuitable.
func (p *Port) Modem(ctx context.Context) (m Modem, err error) {
	err = p.own(ctx, func(context.Context) error {
		var bits int
		err := p.open.control(func(fd int) (err error) {
			if err := unix.IoctlSetPointerInt(fd, unix.TIOCMBIS, unix.TIOCM_RTS|unix.TIOCM_DTR); err != nil {
				return err
			}
			bits, err = unix.IoctlGetInt(fd, unix.TIOCMGET)
			return err
		})
		switch {
		case errors.Is(err, unix.ENOTTY), errors.Is(err, unix.EINVAL):
			return p.drop(Unsuitable, errors.New("the port has no modem lines"))
		case err != nil:
			return p.lost(err)
		}
		p.answered, p.failures = time.Now(), 0
		p.enter(Online, nil)
		m = Modem{
			CTS: bits&unix.TIOCM_CTS != 0, DSR: bits&unix.TIOCM_DSR != 0,
			RI: bits&unix.TIOCM_RNG != 0, DCD: bits&unix.TIOCM_CAR != 0,
		}
		return nil
	})
	return m, err
}

// Probe opens the port if it is not open, sends nothing, and says whether it can be used: nil, or the errors of Listen.
func (p *Port) Probe(ctx context.Context) error {
	return p.own(ctx, func(context.Context) error { return nil })
}
