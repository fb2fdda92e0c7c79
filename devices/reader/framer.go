package reader

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"emtihan/devices/mrz"
)

// Message is a message, or why it is not believed.
type Message struct {
	Scan     *Scan
	Rejected string
}

// Framer cuts what a reader sends into messages.
type Framer struct {
	config  Config
	started bool
	// over: the message has become too long; the rest of it is passed over.
	over bool
	buf  []byte
}

// NewFramer returns a framer; c must be complete.
func NewFramer(c Config) *Framer { return &Framer{config: c, started: c.Start == ""} }

// Take takes the bytes that have come, or none when nothing has come for a while, and returns the messages that end with them.
func (f *Framer) Take(b []byte) (all []Message) {
	if b == nil {
		return f.pause()
	}
	for _, one := range b {
		f.buf = append(f.buf, one)
		if !f.started {
			if bytes.HasSuffix(f.buf, []byte(f.config.Start)) {
				f.started, f.buf = true, nil
			} else if n := len(f.config.Start); len(f.buf) > n {
				f.buf = f.buf[len(f.buf)-n:]
			}
			continue
		}
		if f.config.Start != "" && f.config.Check != "xor-byte" && bytes.HasSuffix(f.buf, []byte(f.config.Start)) {
			// A new beginning: what was before it broke off.
			if len(f.buf) > len(f.config.Start) {
				all = append(all, Message{Rejected: brokeOff})
			}
			f.buf, f.over = nil, false
			continue
		}
		if f.config.End != "" && bytes.HasSuffix(f.buf, []byte(f.config.End)) {
			body := f.buf[:len(f.buf)-len(f.config.End)]
			if f.config.End == "\r" {
				body = bytes.TrimPrefix(body, []byte("\n"))
			}
			if f.over {
				all = append(all, Message{Rejected: fmt.Sprintf("the message has more than %d bytes", f.config.Longest)})
			} else if len(body) > 0 || f.config.Start != "" {
				all = append(all, f.config.judge(body))
			}
			f.reset()
			continue
		}
		if most := f.config.Longest + len(f.config.End) + 2; len(f.buf) > most {
			f.over = true
			f.buf = f.buf[len(f.buf)-most:]
		}
	}
	return all
}

const brokeOff = "the message broke off"

// pause ends a message that has no other end, and gives up one that has.
func (f *Framer) pause() (all []Message) {
	body, over := bytes.Clone(f.buf), f.over
	begun := f.started && len(bytes.Trim(body, "\r\n")) > 0
	f.reset()
	switch {
	case !begun:
		return nil
	case f.config.End != "":
		return []Message{{Rejected: brokeOff}}
	case over:
		return []Message{{Rejected: fmt.Sprintf("the message has more than %d bytes", f.config.Longest)}}
	}
	return []Message{f.config.judge(body)}
}

func (f *Framer) reset() { f.started, f.over, f.buf = f.config.Start == "", false, nil }

// judge returns what a message says.
func (c Config) judge(body []byte) Message {
	reject := func(format string, arguments ...any) Message {
		return Message{Rejected: fmt.Sprintf(format, arguments...)}
	}
	body, wrong := c.checked(body)
	if wrong != "" {
		return reject("%s", wrong)
	}
	switch {
	case len(body) == 0:
		return reject("the message is empty")
	case len(body) > c.Longest:
		return reject("the message has more than %d bytes", c.Longest)
	case len(c.Lengths) > 0 && !slices.Contains(c.Lengths, len(body)):
		return reject("the message has %d bytes", len(body))
	}
	text := string(body)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool {
		return !unicode.IsPrint(r) && !strings.ContainsRune("\r\n\t\x1d", r) // GS separates the fields of some bar codes
	}) {
		return reject("the message has characters that no text has")
	}
	switch c.Content {
	case Card:
		digits := strings.ToUpper(text)
		if strings.Trim(digits, "0123456789ABCDEF") != "" {
			return reject("the number of the card has other characters than digits")
		}
		return Message{Scan: &Scan{Card: digits}}
	case MRZ:
		d, err := mrz.Parse(text)
		if err != nil {
			return reject("%v", err)
		}
		return Message{Scan: &Scan{Text: text, Document: &d}}
	}
	return Message{Scan: &Scan{Text: text}}
}

// checked takes the check off a message, or says what is wrong with it.
func (c Config) checked(body []byte) (rest []byte, wrong string) {
	const spoilt = "the check of the message is wrong"
	switch c.Check {
	case "xor-hex":
		raw, err := hex.DecodeString(string(body))
		if err != nil || len(raw) < 2 {
			return nil, "the message is not pairs of hexadecimal digits with a check"
		}
		if exclusive(raw) != 0 {
			return nil, spoilt
		}
		return body[:len(body)-2], ""
	case "xor-byte":
		if len(body) < 2 {
			return nil, "the message is too short for a check"
		}
		if exclusive(body) != 0 {
			return nil, spoilt
		}
		return body[:len(body)-1], ""
	}
	return body, ""
}

// exclusive is the exclusive or of all bytes; with the check among them it is 0.
func exclusive(b []byte) (x byte) {
	for _, one := range b {
		x ^= one
	}
	return x
}
