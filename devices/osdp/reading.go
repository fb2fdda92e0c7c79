package osdp

import (
	"fmt"
	"slices"
	"time"

	"emtihan/devices"
	"emtihan/devices/osdp/wire"
)

// Reasons why a peripheral is unknown, besides those that all devices have.
const (
	// NoKey: there is no key for it yet; see [Panel.Commission].
	NoKey devices.Reason = "no-key"
	// WrongKey: it does not know the key. It was exchanged, or its key was changed by somebody else.
	WrongKey devices.Reason = "wrong-key"
	// NoSecureChannel: it refuses to open the secure channel that its configuration demands.
	NoSecureChannel devices.Reason = "no-secure-channel"
	// InputFault: the peripheral speaks, but the input to which a device is wired is not there or at fault.
	InputFault devices.Reason = "input-fault"
)

// Channel says who could have written what a reading says.
type Channel string

// The channels.
const (
	// Plain: anybody on the line.
	Plain Channel = "plain"
	// Secure: only who knows the peripheral's key.
	Secure Channel = "secure"
)

// Reading is what a peripheral states. Unless it is Known, everything beside the Observation is zero and means nothing.
type Reading struct {
	devices.Observation
	Channel Channel
	// Identity was told in the clear.
	Identity wire.Identity
	// Inputs and Outputs are the levels of all inputs and outputs, empty when the peripheral has none.
	Inputs  []wire.Level
	Outputs []wire.Level
	// Local is the state of the peripheral itself, nil when it does not tell.
	Local *wire.Local
	// Readers are the states of the readers attached to it.
	Readers []wire.ReaderState
}

// Input reports whether an input, counted from 0, is active. It is not known when the reading is not, when there is no such
// input, or when the input has the level of a fault.
func (r Reading) Input(n int) (active, known bool) { return level(r, r.Inputs, n) }

// Output is Input for an output.
func (r Reading) Output(n int) (active, known bool) { return level(r, r.Outputs, n) }

func level(r Reading, levels []wire.Level, n int) (active, known bool) {
	if !r.Known() || n < 0 || n >= len(levels) || levels[n] > wire.Active {
		return false, false
	}
	return levels[n] == wire.Active, true
}

// Contact is a door contact wired to an input of a peripheral.
type Contact struct {
	// Input is its number, counted from 0.
	Input int `toml:"input"`
	// OpenWhenActive says that the input is active while the door is open. By default it is active while the door is
	// closed, as with a reed contact: a cut cable then reads as an open door.
	OpenWhenActive bool `toml:"open_when_active"`
}

// Open reports whether the door is open. What is not known is never "closed" (R21).
func (c Contact) Open(r Reading) (open, known bool) {
	active, known := r.Input(c.Input)
	return known && active == c.OpenWhenActive, known
}

// same reports whether two readings state the same.
func same(a, b Reading) bool {
	return a.Channel == b.Channel && a.Identity == b.Identity && slices.Equal(a.Inputs, b.Inputs) &&
		slices.Equal(a.Outputs, b.Outputs) && slices.Equal(a.Readers, b.Readers) && (a.Local == nil) == (b.Local == nil) &&
		(a.Local == nil || *a.Local == *b.Local)
}

// Credential is what a person has shown to a reader. It prints without its contents: numbers of cards and codes do not
// belong into logs.
type Credential struct {
	Device  string
	Time    time.Time
	Channel Channel
	// What is a wire.Card, a wire.Keypad or a wire.Formatted.
	What wire.Reply
}

// String says what was shown where.
func (c Credential) String() string {
	switch what := c.What.(type) {
	case wire.Card:
		return fmt.Sprintf("card of %d bits at reader %d of %s", what.Bits, what.Reader, c.Device)
	case wire.Keypad:
		return fmt.Sprintf("%d keys at reader %d of %s", len(what.Keys), what.Reader, c.Device)
	case wire.Formatted:
		return fmt.Sprintf("card of %d characters at reader %d of %s", len(what.Data), what.Reader, c.Device)
	}
	return "nothing at " + c.Device
}

// GoString returns what String does.
func (c Credential) GoString() string { return c.String() }

// Counters count what happened between the panel and one peripheral.
type Counters struct {
	Replies   uint64 // commands answered
	Resends   uint64 // commands sent again because no reply came
	Busy      uint64 // commands sent again because the peripheral was busy
	Sessions  uint64 // secure channels opened
	Restarts  uint64 // times the conversation had to begin anew
	Refusals  uint64 // commands refused
	Forged    uint64 // replies with a wrong MAC, or outside the secure channel
	Exposed   uint64 // replies inside the secure channel that everybody on the line could read
	Undecoded uint64 // replies whose contents made no sense, or that this panel does not know
}
