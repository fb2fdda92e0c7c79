// Package wire is the language of OSDP as a control panel speaks it: frames, commands, replies and the arithmetic of the
// secure channel, without a port, a clock or a state of the line.
//
// Sources: IEC 60839-11-5 and SIA OSDP v2.2; the section numbers and annexes named below are those of the latter. Everything that comes
// from the line is checked before it is used: no input makes a function of this package panic.
package wire

import (
	"encoding/binary"
	"fmt"
)

const (
	// MaxAddress is the highest address of a peripheral; the lowest is 0.
	MaxAddress = 0x7E
	// Broadcast is the address at which every peripheral listens; it serves to configure the only one on a line.
	Broadcast = 0x7F
	// MaxFrame is the length of the longest frame, in bytes (5.6).
	MaxFrame = 1440
	// MaxCommand is the length of a frame that every peripheral must be able to receive, in bytes (5.6).
	MaxCommand = 128
)

// The layout of a frame: SOM, address, length (low byte first), control, the security block if there is one, code, data,
// and a checksum or a CRC. The length counts all of them; a mark of FF before the SOM does not belong to the frame.
const (
	som        = 0x53
	replyBit   = 0x80
	headerSize = 5
	macSize    = 4

	controlSequence = 0x03
	controlCRC      = 0x04
	controlSecurity = 0x08
	controlReserved = 0xF0
)

// The types of security block. Those from SCS15 on are used inside a session: with SCS15 and SCS16 the frame ends with a
// MAC, with SCS17 and SCS18 its data are encrypted too.
const (
	SCS11 = 0x11 // CHLNG
	SCS12 = 0x12 // CCRYPT
	SCS13 = 0x13 // SCRYPT
	SCS14 = 0x14 // RMAC_I
	SCS15 = 0x15 // command with a MAC
	SCS16 = 0x16 // reply with a MAC
	SCS17 = 0x17 // command with a MAC and encrypted data
	SCS18 = 0x18 // reply with a MAC and encrypted data
)

// Frame is a message from or to a peripheral.
type Frame struct {
	// Address of the peripheral, 0 to Broadcast.
	Address byte
	// Reply: the frame comes from the peripheral.
	Reply bool
	// Sequence number, 0 to 3; 0 starts anew, then follow 1, 2, 3, 1 and so on.
	Sequence byte
	// Checksum: the frame ends with the one-byte checksum and not with the CRC.
	Checksum bool
	// SCS is the type of the security block, 0 when there is none.
	SCS byte
	// Info is what the security block holds behind its type, at most 253 bytes.
	Info []byte
	// Code of the command or reply.
	Code byte
	// Data of the command or reply; in a session encrypted, and followed by the MAC.
	Data []byte
}

// FormatError says why bytes are no frame.
type FormatError struct{ Why string }

func (e *FormatError) Error() string { return "osdp: " + e.Why }

func malformed(format string, values ...any) error {
	return &FormatError{fmt.Sprintf(format, values...)}
}

// size is the number of bytes of the frame.
func (f Frame) size() int {
	n := headerSize + 1 + len(f.Data) + f.checkSize()
	if f.SCS != 0 {
		n += 2 + len(f.Info)
	}
	return n
}

func (f Frame) checkSize() int {
	if f.Checksum {
		return 1
	}
	return 2
}

// Encode returns the bytes of the frame. It returns a *FormatError when a field is out of its range or the frame would be
// longer than MaxFrame.
func (f Frame) Encode() ([]byte, error) {
	b, err := f.body(0)
	if err != nil {
		return nil, err
	}
	return f.close(b), nil
}

// body returns the frame without its check, with a length that counts more bytes of data to come and the check.
func (f Frame) body(more int) ([]byte, error) {
	size := f.size() + more
	switch {
	case f.Address > Broadcast:
		return nil, malformed("address %d is not between 0 and %d", f.Address, Broadcast)
	case f.Sequence > controlSequence:
		return nil, malformed("sequence number %d is not between 0 and %d", f.Sequence, controlSequence)
	case len(f.Info) > 253 || f.SCS == 0 && len(f.Info) > 0:
		return nil, malformed("a security block of type %02X cannot hold %d bytes", f.SCS, len(f.Info))
	case size > MaxFrame:
		return nil, malformed("the frame would have %d bytes, more than %d", size, MaxFrame)
	}
	address, control := f.Address, f.Sequence
	if f.Reply {
		address |= replyBit
	}
	if !f.Checksum {
		control |= controlCRC
	}
	if f.SCS != 0 {
		control |= controlSecurity
	}
	b := make([]byte, 0, size)
	b = append(b, som, address, byte(size), byte(size>>8), control)
	if f.SCS != 0 {
		b = append(b, byte(2+len(f.Info)), f.SCS)
		b = append(b, f.Info...)
	}
	b = append(b, f.Code)
	return append(b, f.Data...), nil
}

// close appends the check.
func (f Frame) close(b []byte) []byte {
	if f.Checksum {
		return append(b, Checksum(b))
	}
	return binary.LittleEndian.AppendUint16(b, CRC(b))
}

// Decode returns the frame that b is, from the SOM to the last byte. Its Data and Info are parts of b. What it returns
// without an error encodes to b again.
func Decode(b []byte) (Frame, error) {
	n, err := frameLength(b)
	switch {
	case err != nil:
		return Frame{}, err
	case len(b) < n:
		return Frame{}, malformed("only %d of the %d bytes of the frame are there", len(b), n)
	case len(b) > n:
		return Frame{}, malformed("%d bytes follow the frame", len(b)-n)
	}
	control := b[4]
	f := Frame{
		Address: b[1] &^ replyBit, Reply: b[1]&replyBit != 0,
		Sequence: control & controlSequence, Checksum: control&controlCRC == 0,
	}
	body := b[:n-f.checkSize()]
	if f.Checksum {
		if want := Checksum(body); b[n-1] != want {
			return Frame{}, malformed("the checksum is %02X and should be %02X", b[n-1], want)
		}
	} else if got, want := binary.LittleEndian.Uint16(b[n-2:]), CRC(body); got != want {
		return Frame{}, malformed("the CRC is %04X and should be %04X", got, want)
	}
	rest := body[headerSize:]
	if control&controlSecurity != 0 {
		if len(rest) < 2 || rest[0] < 2 || int(rest[0]) > len(rest) || rest[1] == 0 {
			return Frame{}, malformed("the security block is broken")
		}
		f.SCS, f.Info, rest = rest[1], rest[2:rest[0]], rest[rest[0]:]
	}
	if len(rest) == 0 {
		return Frame{}, malformed("the frame carries no command and no reply")
	}
	f.Code, f.Data = rest[0], rest[1:]
	return f, nil
}

// frameLength returns the length of the frame that begins with b, or an error when none does. It needs the header; from
// less it returns the length of the header.
func frameLength(b []byte) (int, error) {
	if len(b) > 0 && b[0] != som {
		return 0, malformed("a frame begins with %02X and not with %02X", som, b[0])
	}
	if len(b) < headerSize {
		return headerSize, nil
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	switch {
	case n < headerSize+2 || n > MaxFrame:
		return 0, malformed("the length %d is not between %d and %d", n, headerSize+2, MaxFrame)
	case b[4]&controlReserved != 0:
		// Bit 7 was that of multi-part messages in version 1, which nothing here uses; the others are reserved.
		return 0, malformed("the control byte %02X has reserved bits", b[4])
	}
	return n, nil
}

// Checksum returns the two's complement of the sum of all bytes, so that a frame with its checksum sums up to zero.
func Checksum(b []byte) byte {
	var sum byte
	for _, v := range b {
		sum += v
	}
	return -sum
}

// crcTable holds what eight shifts of each byte make of the CRC.
var crcTable = func() (table [256]uint16) {
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			crc <<= 1
			if carry {
				crc ^= 0x1021
			}
		}
		table[i] = crc
	}
	return table
}()

// CRC returns the CRC-16 of OSDP: polynomial 0x1021, start 0x1D0F, not reflected; "123456789" gives 0xE5CC.
func CRC(b []byte) uint16 {
	crc := uint16(0x1D0F)
	for _, v := range b {
		crc = crc<<8 ^ crcTable[byte(crc>>8)^v]
	}
	return crc
}
