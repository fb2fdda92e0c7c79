// Package reader hears what text readers say without being asked: scanners of QR codes and bar codes, readers of
// machine-readable zones, proximity cards, converters of Wiegand to serial. They differ in how a message begins and ends,
// how it is checked and what it holds, which is data ([Config]).
//
// Nobody can ask such a reader whether it is there: known means that its port is open. A message that is not whole, not
// printable or wrongly checked is rejected aloud, so that the person scans again.
package reader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"emtihan/devices"
	"emtihan/devices/mrz"
)

// Config describes a reader. Fields left at zero take the value in brackets.
type Config struct {
	// Name of the reader in readings ["reader"].
	Name string `toml:"name"`
	// Start and End are the bytes around a message; what comes before Start is noise. Without End a pause of Idle ends a
	// message. Of several possible ends the one that is a single CR also takes an LF behind it.
	Start string `toml:"start"`
	End   string `toml:"end"`
	// Check is "none", "xor-hex" (two hexadecimal digits: the exclusive or of the bytes whose digits stand before them) or
	// "xor-byte" (one byte: that of the characters before it) ["none"].
	Check string `toml:"check"`
	// Content says what a message holds: "text", "mrz", or "card" (hexadecimal or decimal digits) ["text"].
	Content string `toml:"content"`
	// Lengths are the lengths that a message may have without its check, in bytes; none: any up to Longest.
	Lengths []int `toml:"lengths"`
	// Longest is the longest message, at most 4096 bytes [1024].
	Longest int `toml:"longest"`
	// Idle is the longest pause within a message [200 ms].
	Idle time.Duration `toml:"idle"`
}

// What a message holds.
const (
	Text = "text"
	MRZ  = "mrz"
	Card = "card"
)

// Complete returns c with its defaults filled in, or an error that names the field that cannot be used.
func (c Config) Complete() (Config, error) {
	if c.Name == "" {
		c.Name = "reader"
	}
	if c.Check == "" {
		c.Check = "none"
	}
	if c.Content == "" {
		c.Content = Text
	}
	if c.Longest == 0 {
		c.Longest = 1024
	}
	if c.Idle == 0 {
		c.Idle = 200 * time.Millisecond
	}
	switch {
	case len(c.Start) > 8 || len(c.End) > 8:
		return c, errors.New("reader: start or end has more than 8 bytes")
	case c.Check != "none" && c.Check != "xor-hex" && c.Check != "xor-byte":
		return c, fmt.Errorf("reader: check %q is not none, xor-hex or xor-byte", c.Check)
	case c.Content != Text && c.Content != MRZ && c.Content != Card:
		return c, fmt.Errorf("reader: content %q is not text, mrz or card", c.Content)
	case c.Longest < 1 || c.Longest > 4096:
		return c, fmt.Errorf("reader: longest %d is not between 1 and 4096", c.Longest)
	case c.Idle < time.Millisecond || c.Idle > 10*time.Second:
		return c, fmt.Errorf("reader: idle %v is not between 1ms and 10s", c.Idle)
	}
	for _, n := range c.Lengths {
		if n < 1 || n > c.Longest {
			return c, fmt.Errorf("reader: length %d is not between 1 and longest, %d", n, c.Longest)
		}
	}
	return c, nil
}

// Scan is what a person has shown to a reader. It prints without its contents (R27).
type Scan struct {
	// Text of a message that holds text or a zone.
	Text string
	// Document that the machine-readable zone describes, nil when the message holds none.
	Document *mrz.Document
	// Card is the number of a card, in the digits in which the reader tells it.
	Card string
}

// String says what was shown and not what it says.
func (s Scan) String() string {
	switch {
	case s.Document != nil:
		return s.Document.String()
	case s.Card != "":
		return fmt.Sprintf("card of %d digits", len(s.Card))
	}
	return fmt.Sprintf("text of %d bytes", len(s.Text))
}

// GoString returns what String does.
func (s Scan) GoString() string { return s.String() }

// Reading is what a reader states: that its port is open or why not, a message, or one that was rejected.
type Reading struct {
	devices.Observation
	// Scan is nil unless something was read.
	Scan *Scan
	// Rejected says why a message is not believed, an English sentence without its contents; "" otherwise.
	Rejected string
}

// Listener is a port that can be listened to. A *line.Port is one.
type Listener interface {
	// Listen is that of Port in package line.
	Listen(ctx context.Context, idle time.Duration, opened func(), heard func(b []byte)) error
}

// Run listens on a port, which nobody else may use, until ctx ends and then returns nil. It calls report from this goroutine: for
// every loss and return of the port, and for every message. An error means that c cannot be used.
func Run(ctx context.Context, port Listener, c Config, report func(Reading)) error {
	c, err := c.Complete()
	if err != nil {
		return err
	}
	var heard time.Time
	var reason devices.Reason
	good := func(r Reading) {
		heard = time.Now()
		r.Observation = devices.Observation{Device: c.Name, Time: heard, Heard: heard, Quality: devices.Good, First: r.First}
		report(r)
	}
	for {
		framer := NewFramer(c)
		err := port.Listen(ctx, c.Idle, func() {
			reason = ""
			good(Reading{Observation: devices.Observation{First: true}})
		}, func(b []byte) {
			for _, m := range framer.Take(b) {
				good(Reading{Scan: m.Scan, Rejected: m.Rejected})
			}
		})
		if ctx.Err() != nil {
			return nil
		}
		if why := devices.ReasonOf(err); why != reason {
			reason = why
			report(Reading{Observation: devices.Observation{
				Device: c.Name, Time: time.Now(), Heard: heard, Quality: devices.Unknown, Reason: why, Detail: err.Error(),
			}})
		}
		// The port keeps its own back-off; this only keeps the loop from spinning meanwhile.
		pause := time.NewTimer(50 * time.Millisecond)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return nil
		}
	}
}
