package wire

import (
	"bytes"
	"fmt"
)

// Expectation is what the reply to a command must match.
type Expectation struct {
	// Address of the peripheral.
	Address byte
	// Sequence number of the command. BUSY carries 0 whatever was asked (annex A.2).
	Sequence byte
	// Checksum: the command ended with a checksum, so the reply does too.
	Checksum bool
	// Command as it was sent, to recognise the echo of a two-wire adapter; may be nil.
	Command []byte
}

// Find returns the first frame in received that is the awaited reply. Noise before it, the echo of the command, repeated
// replies to earlier commands and frames of other peripherals are passed over.
//
// While the header of a frame from the right address waits for its remaining bytes, Find looks no further, lest somebody
// who chooses the data of a reply (the holder of a card) put a whole reply into it. When no more bytes will come, last is
// true: the broken frame is then given up byte by byte.
func (e Expectation) Find(received []byte, last bool) (Frame, bool) {
	b := e.withoutEcho(received)
	for i := 0; i < len(b); {
		rest := b[i:]
		n, err := frameLength(rest)
		mine := len(rest) > 1 && rest[1] == e.Address|replyBit
		switch {
		case err != nil:
			i++
		case len(rest) < n:
			if mine && !last {
				return Frame{}, false
			}
			i++
		default:
			f, err := Decode(rest[:n])
			if err != nil {
				i++
				continue
			}
			if mine && e.matches(f) {
				return f, true
			}
			i += n
		}
	}
	return Frame{}, false
}

func (e Expectation) matches(f Frame) bool {
	return f.Checksum == e.Checksum && (f.Sequence == e.Sequence || f.Code == byte(BusyReply) && f.Sequence == 0)
}

func (e Expectation) withoutEcho(received []byte) []byte {
	if i := bytes.Index(received, e.Command); i >= 0 && len(e.Command) > 0 {
		return received[i+len(e.Command):]
	}
	return received
}

// Diagnose says in an English sentence what is wrong with received, in which Find has found nothing.
func (e Expectation) Diagnose(received []byte) string {
	b := e.withoutEcho(received)
	if len(b) == 0 {
		if len(received) == 0 {
			return "nothing came"
		}
		return "only the echo of the command came back"
	}
	best := fmt.Sprintf("%d bytes came that are no reply", len(b))
	for i := range b {
		rest := b[i:]
		n, err := frameLength(rest)
		if err != nil || len(rest) < headerSize {
			continue
		}
		from := rest[1]
		if len(rest) < n {
			if from == e.Address|replyBit {
				best = fmt.Sprintf("only %d of the %d bytes of the reply came", len(rest), n)
			}
			continue
		}
		switch f, err := Decode(rest[:n]); {
		case err != nil && from == e.Address|replyBit:
			best = "in the reply, " + err.(*FormatError).Why
		case err != nil:
		case !f.Reply:
			return fmt.Sprintf("a command to address %d came", f.Address)
		case f.Address != e.Address:
			return fmt.Sprintf("address %d replied instead of address %d", f.Address, e.Address)
		case f.Checksum != e.Checksum:
			return "the reply is checked in another way than the command"
		default:
			return fmt.Sprintf("the reply has the sequence number %d instead of %d", f.Sequence, e.Sequence)
		}
	}
	return best
}
