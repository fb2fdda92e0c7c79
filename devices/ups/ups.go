// Package ups asks a NUT server (Network UPS Tools, upsd) about an uninterruptible power supply. A server that does not
// answer, a driver that has lost its device and data that are stale make the supply unknown, never "on mains" (R6, R21).
//
// Source: NUT's network protocol, networkupstools.org/docs/developer-guide.
package ups

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"emtihan/devices"
)

// Reasons why a supply is unknown, besides those that all devices have.
const (
	// NoServer: nobody listens at the address.
	NoServer devices.Reason = "no-server"
	// UnknownUPS: the server has no supply of that name.
	UnknownUPS devices.Reason = "unknown-ups"
	// NoDriver: the server's driver has lost the supply, or does not run.
	NoDriver devices.Reason = "no-driver"
	// Stale: what the server has to tell is old.
	Stale devices.Reason = "stale"
)

// Config describes a supply. Fields left at zero take the value in brackets.
type Config struct {
	// Name of the supply in readings ["ups"].
	Name string `toml:"name"`
	// Address of the server, host and port, or "unix:" and the path of a socket ["127.0.0.1:3493"].
	Address string `toml:"address"`
	// UPS is the name under which the server knows the supply ["ups"].
	UPS string `toml:"ups"`
	// PollInterval is the time between two polls [1 s]; NUT's drivers ask the supply itself every 2 s.
	PollInterval time.Duration `toml:"poll_interval"`
	// Timeout is how long an answer may take [2 s].
	Timeout time.Duration `toml:"timeout"`
	// SilentAfter is how long the server may give no good answer before the supply is unknown [5 s].
	SilentAfter time.Duration `toml:"silent_after"`
}

// Complete returns c with its defaults filled in, or an error that names the field that cannot be used.
func (c Config) Complete() (Config, error) {
	if c.Name == "" {
		c.Name = "ups"
	}
	if c.Address == "" {
		c.Address = "127.0.0.1:3493"
	}
	if c.UPS == "" {
		c.UPS = "ups"
	}
	if c.PollInterval == 0 {
		c.PollInterval = time.Second
	}
	if c.Timeout == 0 {
		c.Timeout = 2 * time.Second
	}
	if c.SilentAfter == 0 {
		c.SilentAfter = 5 * time.Second
	}
	path, socket := strings.CutPrefix(c.Address, "unix:")
	_, _, err := net.SplitHostPort(c.Address)
	switch {
	case socket && path == "" || !socket && err != nil:
		return c, fmt.Errorf("ups: address %q is neither host:port nor unix:path", c.Address)
	case c.UPS == "" || strings.ContainsAny(c.UPS, " \"\\\r\n\t"):
		return c, fmt.Errorf("ups: %q is no name of a supply", c.UPS)
	case c.PollInterval < time.Millisecond || c.PollInterval > time.Minute:
		return c, fmt.Errorf("ups: poll_interval %v is not between 1ms and 1m", c.PollInterval)
	case c.Timeout < time.Millisecond || c.Timeout > time.Minute:
		return c, fmt.Errorf("ups: timeout %v is not between 1ms and 1m", c.Timeout)
	case c.SilentAfter < c.PollInterval || c.SilentAfter > time.Hour:
		return c, fmt.Errorf("ups: silent_after %v is not between poll_interval, %v, and 1h", c.SilentAfter, c.PollInterval)
	}
	return c, nil
}

// Reading is what a supply states. Unless it is Known, everything beside the Observation is zero and means nothing.
type Reading struct {
	devices.Observation
	// OnBattery: the mains have failed.
	OnBattery bool
	// LowBattery: the battery will soon be empty, or the supply is about to switch off.
	LowBattery bool
	// Status are the words of ups.status, sorted.
	Status []string
	// Charge of the battery in percent, -1 when the supply does not tell.
	Charge int
	// Runtime on battery, -1 when the supply does not tell.
	Runtime time.Duration
}

// Mains reports that the supply is known to run on mains.
func (r Reading) Mains() bool { return r.Known() && !r.OnBattery }

// Run asks the server until ctx ends and then returns nil. It calls report from this goroutine: first with the whole state or with
// Unknown and the reason, then for every change of Status, of Charge and of being known. An error means that c cannot be used.
func Run(ctx context.Context, c Config, report func(Reading)) error {
	c, err := c.Complete()
	if err != nil {
		return err
	}
	conn := &client{config: c}
	defer conn.hangUp()
	var last Reading
	schedule := devices.Schedule{Every: c.PollInterval, Retry: min(time.Second, c.SilentAfter), SilentAfter: c.SilentAfter}
	devices.Watch(ctx, c.Name, schedule, conn.poll, func(o devices.Observation, r Reading) {
		r.Observation = o
		if !o.Known() || o.First || !slices.Equal(r.Status, last.Status) || r.Charge != last.Charge {
			last = r
			report(r)
		}
	})
	return nil
}

// Ask asks once.
func Ask(ctx context.Context, c Config) (Reading, error) {
	c, err := c.Complete()
	if err != nil {
		return Reading{}, err
	}
	conn := &client{config: c}
	defer conn.hangUp()
	r, err := conn.poll(ctx)
	if err != nil {
		return Reading{}, err
	}
	now := time.Now()
	r.Observation = devices.Observation{Device: c.Name, Time: now, Heard: now, Quality: devices.Good, First: true}
	return r, nil
}

// Error says why the server's answer is of no use.
type Error struct {
	Reason devices.Reason
	Why    string
}

func (e *Error) Error() string { return "ups: " + e.Why }

// DeviceReason returns the reason.
func (e *Error) DeviceReason() string { return string(e.Reason) }

// client is a conversation with the server, begun anew after every failure: what is left of a failed one can then not be
// taken for an answer.
type client struct {
	config Config
	conn   net.Conn
	in     *bufio.Reader
}

// longestLine bounds a line of the server.
const longestLine = 1024

func (c *client) poll(ctx context.Context) (_ Reading, err error) {
	defer func() {
		if err != nil {
			c.hangUp()
		}
	}()
	if c.conn == nil {
		if err := c.dial(ctx); err != nil {
			return Reading{}, err
		}
	}
	defer context.AfterFunc(ctx, c.interrupter())()
	words, err := c.get("ups.status")
	if err != nil {
		return Reading{}, err
	}
	r, err := ParseStatus(words)
	if err != nil {
		return Reading{}, err
	}
	r.Charge, r.Runtime = -1, -1
	if text, err := c.get("battery.charge"); err == nil {
		if v, err := strconv.ParseFloat(text, 64); err == nil && v >= 0 && v <= 100 {
			r.Charge = int(v)
		}
	} else if !missing(err) {
		return Reading{}, err
	}
	if text, err := c.get("battery.runtime"); err == nil {
		if v, err := strconv.ParseFloat(text, 64); err == nil && v >= 0 && v <= 1e6 {
			r.Runtime = time.Duration(v) * time.Second
		}
	} else if !missing(err) {
		return Reading{}, err
	}
	return r, nil
}

// interrupter returns what ends a wait on the present connection.
func (c *client) interrupter() func() {
	conn := c.conn
	return func() { _ = conn.SetDeadline(time.Unix(1, 0)) } // a closed one waits for nothing
}

func (c *client) dial(ctx context.Context) error {
	network, address := "tcp", c.config.Address
	if path, socket := strings.CutPrefix(address, "unix:"); socket {
		network, address = "unix", path
	}
	dialer := net.Dialer{Timeout: c.config.Timeout}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return &Error{NoServer, "no NUT server: " + err.Error()}
	}
	c.conn, c.in = conn, bufio.NewReaderSize(conn, longestLine)
	return nil
}

func (c *client) hangUp() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// notSupportedError says that the supply has no such variable.
type notSupportedError struct{ name string }

func (e *notSupportedError) Error() string { return "ups: there is no " + e.name }

func missing(err error) bool {
	var no *notSupportedError
	return errors.As(err, &no)
}

// get returns the value of a variable.
func (c *client) get(name string) (string, error) {
	if err := c.conn.SetDeadline(time.Now().Add(c.config.Timeout)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(c.conn, "GET VAR %s %s\n", c.config.UPS, name); err != nil {
		return "", broken(err)
	}
	line, err := c.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", &Error{devices.BadAnswer, fmt.Sprintf("a line has more than %d bytes", longestLine)}
	}
	if err != nil {
		return "", broken(err)
	}
	return ParseAnswer(string(line), c.config.UPS, name)
}

// broken names the failure of a connection.
func broken(err error) error {
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return &Error{devices.Silent, "the server does not answer"}
	case errors.Is(err, io.EOF), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET):
		return &Error{NoServer, "the server has closed the connection"}
	}
	return &Error{devices.Silent, err.Error()}
}

// ParseAnswer returns the value in the answer to GET VAR. It returns an *Error when the server refuses, or when the line is no
// answer to that question.
func ParseAnswer(line, supply, name string) (string, error) {
	words, err := Split(line)
	if err != nil {
		return "", err
	}
	switch {
	case len(words) >= 2 && words[0] == "ERR":
		switch words[1] {
		case "VAR-NOT-SUPPORTED":
			return "", &notSupportedError{name}
		case "UNKNOWN-UPS":
			return "", &Error{UnknownUPS, fmt.Sprintf("the server knows no supply %q", supply)}
		case "DRIVER-NOT-CONNECTED":
			return "", &Error{NoDriver, "the server's driver has no connection with the supply"}
		case "DATA-STALE":
			return "", &Error{Stale, "the data of the supply are stale"}
		case "ACCESS-DENIED":
			return "", &Error{devices.Forbidden, "the server refuses to talk with this computer"}
		}
		return "", &Error{devices.BadAnswer, fmt.Sprintf("the server refuses: %q", words[1])}
	case len(words) == 4 && words[0] == "VAR" && words[1] == supply && words[2] == name:
		return words[3], nil
	}
	return "", &Error{devices.BadAnswer, fmt.Sprintf("%q is no answer to GET VAR %s %s", line, supply, name)}
}

// Split cuts a line of the protocol into its words. Words in double quotes may have spaces; a backslash takes the next
// character as it is. It returns an *Error for a line that is not whole.
func Split(line string) (words []string, err error) {
	bad := func(why string) ([]string, error) {
		return nil, &Error{devices.BadAnswer, fmt.Sprintf("the line %q %s", line, why)}
	}
	body, whole := strings.CutSuffix(line, "\n")
	if !whole {
		return bad("does not end")
	}
	body = strings.TrimSuffix(body, "\r")
	var word []byte
	inWord, quoted, closed := false, false, false
	for i := 0; i < len(body); i++ {
		c := body[i]
		switch {
		case c < 0x20 || c == 0x7F:
			return bad("has a control character")
		case closed && c != ' ':
			return bad("goes on after a closing quotation mark")
		case c == '\\':
			if i++; i == len(body) {
				return bad("ends with a backslash")
			}
			if body[i] < 0x20 || body[i] == 0x7F {
				return bad("has a control character")
			}
			word, inWord = append(word, body[i]), true
		case c == '"' && quoted:
			quoted, closed = false, true
		case c == '"' && !inWord:
			quoted, inWord = true, true
		case c == '"':
			return bad("has a quotation mark inside a word")
		case c == ' ' && !quoted:
			if inWord {
				words = append(words, string(word))
			}
			word, inWord, closed = nil, false, false
		default:
			word, inWord = append(word, c), true
		}
	}
	if quoted {
		return bad("has a quotation mark that is not closed")
	}
	if inWord {
		words = append(words, string(word))
	}
	return words, nil
}

// ParseStatus reads the words of ups.status. It returns an *Error unless they say exactly one of on line (OL) and on battery
// (OB), the forced shutdown (FSD) passing for the latter.
func ParseStatus(text string) (Reading, error) {
	r := Reading{Status: strings.Fields(text)}
	slices.Sort(r.Status)
	r.Status = slices.Compact(r.Status)
	has := func(word string) bool { return slices.Contains(r.Status, word) }
	switch {
	case has("FSD"):
		r.OnBattery, r.LowBattery = true, true
	case has("OL") == has("OB"):
		return Reading{}, &Error{devices.BadAnswer, fmt.Sprintf("the status %q says neither mains nor battery", text)}
	case has("OB"):
		r.OnBattery, r.LowBattery = true, has("LB")
	}
	return r, nil
}
