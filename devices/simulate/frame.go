package simulate

// The frames of Modbus RTU as a slave sees them, written from MODBUS Application Protocol V1.1b3 and MODBUS over Serial
// Line V1.02 and sharing nothing with package modbus, so that each proves the other.

const (
	readCoils            = 0x01
	readDiscreteInputs   = 0x02
	readHoldingRegisters = 0x03
	readInputRegisters   = 0x04

	illegalFunction = 0x01
	illegalAddress  = 0x02
	illegalValue    = 0x03
)

// checksum is CRC-16/MODBUS: polynomial 0x8005 shifted out at the low end, starting from all ones.
func checksum(data []byte) uint16 {
	crc := ^uint16(0)
	for _, b := range data {
		crc ^= uint16(b)
		for range 8 {
			odd := crc&1 != 0
			crc >>= 1
			if odd {
				crc ^= 0xA001
			}
		}
	}
	return crc
}

// seal returns frame with its checksum behind it, low byte first.
func seal(frame ...byte) []byte {
	crc := checksum(frame)
	return append(frame, byte(crc), byte(crc>>8))
}

func sealed(frame []byte) bool {
	n := len(frame) - 2
	if n < 1 {
		return false
	}
	crc := checksum(frame[:n])
	return frame[n] == byte(crc) && frame[n+1] == byte(crc>>8)
}

// request is a question to a unit about count values from address on.
type request struct {
	unit, function byte
	address, count int
}

// readRequest is the length of every request that reads.
const readRequest = 8

// nextRequest takes the first request that reads off the front of stream, skipping bytes that begin none, and returns what
// remains; ok is false when more bytes are needed. From a byte on that may begin a request with another function, whose
// length this slave does not know, it leaves the stream to lastRequest.
func nextRequest(stream []byte) (r request, rest []byte, ok bool) {
	for len(stream) >= readRequest {
		f := stream[:readRequest]
		if sealed(f) {
			r := request{unit: f[0], function: f[1], address: int(f[2])<<8 | int(f[3]), count: int(f[4])<<8 | int(f[5])}
			return r, stream[readRequest:], true
		}
		if f[1] > readInputRegisters && len(stream) < maxFrame {
			return request{}, stream, false
		}
		stream = stream[1:]
	}
	return request{}, stream, false
}

// maxFrame is the longest frame on a serial line.
const maxFrame = 256

// lastRequest decides about what has been followed by silence: a whole frame with a function that this slave does not
// know gets a refusal, everything else is noise.
func lastRequest(stream []byte) (r request, ok bool) {
	if len(stream) < 4 || !sealed(stream) {
		return request{}, false
	}
	return request{unit: stream[0], function: stream[1]}, true
}

// answer builds the answer of a unit with the given values.
func (r request) answer(inputs map[int]bool, registers map[int]uint16) []byte {
	switch r.function {
	case readCoils, readDiscreteInputs:
		if r.count < 1 || r.count > 2000 {
			return r.refuse(illegalValue)
		}
		data := make([]byte, (r.count+7)/8)
		for i := range r.count {
			on, there := inputs[r.address+i]
			if !there {
				return r.refuse(illegalAddress)
			}
			if on {
				data[i/8] |= 1 << (i % 8)
			}
		}
		return seal(append([]byte{r.unit, r.function, byte(len(data))}, data...)...)
	case readHoldingRegisters, readInputRegisters:
		if r.count < 1 || r.count > 125 {
			return r.refuse(illegalValue)
		}
		data := make([]byte, 0, 2*r.count)
		for i := range r.count {
			value, there := registers[r.address+i]
			if !there {
				return r.refuse(illegalAddress)
			}
			data = append(data, byte(value>>8), byte(value))
		}
		return seal(append([]byte{r.unit, r.function, byte(len(data))}, data...)...)
	}
	return r.refuse(illegalFunction)
}

func (r request) refuse(code byte) []byte { return seal(r.unit, r.function|0x80, code) }
