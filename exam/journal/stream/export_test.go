package stream

import "encoding/binary"

// AppendChecksum appends the checksum of a frame without one, after the checksum before it.
func AppendChecksum(b []byte, prev uint32, body []byte) []byte {
	return binary.BigEndian.AppendUint32(b, checksum(prev, body))
}

// Sum returns the checksum at the end of frames.
func Sum(frames []byte) uint32 { return binary.BigEndian.Uint32(frames[len(frames)-frameSum:]) }
