package modbus

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/aldas/go-modbus-client/packet"
)

// query is what a request asks for, as far as its answer must match it.
type query struct {
	unit     byte
	function byte
	// size of the data in the right answer, 1 to 250 bytes.
	size int
	// request as it was sent, to recognise the echo of a two-wire adapter.
	request []byte
}

// The layout of an answer: unit, function, number of data bytes, data, CRC; of an exception: unit, function with the high
// bit set, code, CRC (MODBUS Application Protocol V1.1b3, 6 and 7).
const (
	headerSize    = 3
	crcSize       = 2
	exceptionBit  = 0x80
	exceptionSize = headerSize + crcSize
)

// find returns the first whole frame in received that answers q, nil when there is none yet. Noise before it, the echo of
// the request and frames of others are passed over byte by byte, never thrown away as a block, because the answer may
// begin inside what looked like a frame.
func (q query) find(received []byte) (frame []byte, exception bool) {
	received = q.withoutEcho(received)
	for i := range received {
		rest := received[i:]
		if len(rest) < exceptionSize || rest[0] != q.unit {
			continue
		}
		switch {
		case rest[1] == q.function|exceptionBit && whole(rest[:exceptionSize]):
			return rest[:exceptionSize], true
		case rest[1] == q.function && int(rest[2]) == q.size:
			if n := headerSize + q.size + crcSize; len(rest) >= n && whole(rest[:n]) {
				return rest[:n], false
			}
		}
	}
	return nil, false
}

func (q query) withoutEcho(received []byte) []byte {
	if i := bytes.Index(received, q.request); i >= 0 && len(q.request) > 0 {
		return received[i+len(q.request):]
	}
	return received
}

// whole reports whether the last two bytes of frame are the CRC of the others, low byte first.
func whole(frame []byte) bool {
	body := len(frame) - crcSize
	return body > 0 && binary.LittleEndian.Uint16(frame[body:]) == packet.CRC16(frame[:body])
}

// diagnose says in a sentence what is wrong with received, in which find has found nothing.
func (q query) diagnose(received []byte) string {
	rest := q.withoutEcho(received)
	if len(rest) == 0 {
		return "only the echo of the request came back"
	}
	best := fmt.Sprintf("%d bytes came that are no answer", len(rest))
	for i := range rest {
		r := rest[i:]
		if len(r) < headerSize || r[1]&^exceptionBit == 0 {
			continue
		}
		n := exceptionSize
		if r[1]&exceptionBit == 0 {
			n += int(r[2])
		}
		mine := r[0] == q.unit && r[1]&^exceptionBit == q.function
		switch {
		case len(r) >= n && whole(r[:n]) && r[0] != q.unit:
			return fmt.Sprintf("unit %d answered instead of unit %d", r[0], q.unit)
		case len(r) >= n && whole(r[:n]) && !mine:
			return fmt.Sprintf("function %d was answered instead of function %d", r[1]&^exceptionBit, q.function)
		case len(r) >= n && whole(r[:n]):
			return fmt.Sprintf("the answer carries %d bytes instead of %d", r[2], q.size)
		case mine && len(r) >= n:
			best = "the answer has a wrong CRC"
		case mine && int(r[2]) == q.size:
			best = fmt.Sprintf("only %d of the %d bytes of the answer came", len(r), n)
		}
	}
	return best
}
