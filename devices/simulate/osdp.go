package simulate

import "crypto/aes"

// The frames and the secure channel of OSDP as a peripheral sees them, written from SIA OSDP v2.2 and sharing nothing with
// package osdp, so that each proves the other.

const (
	somOSDP = 0x53

	flagCRC = 0x04
	flagSCB = 0x08

	cmdPoll, cmdID, cmdCap                  = 0x60, 0x61, 0x62
	cmdLStat, cmdIStat, cmdOStat, cmdRStat  = 0x64, 0x65, 0x66, 0x67
	cmdOut, cmdLED, cmdBuz, cmdText         = 0x68, 0x69, 0x6A, 0x6B
	cmdComSet, cmdKeySet, cmdChlng, cmdSCry = 0x6E, 0x75, 0x76, 0x77
	cmdRxSize, cmdAbort, cmdKeepActive      = 0x7B, 0xA2, 0xA7

	repACK, repNAK, repPDID, repPDCap           = 0x40, 0x41, 0x45, 0x46
	repLStat, repIStat, repOStat, repRStat      = 0x48, 0x49, 0x4A, 0x4B
	repRaw, repKeypad, repCom                   = 0x50, 0x53, 0x54
	repCCrypt, repRMACI, repBusy           byte = 0x76, 0x78, 0x79

	nakCheck, nakLength, nakUnknown, nakSequence, nakNoSecure, nakConditions, nakRecord = 1, 2, 3, 4, 5, 6, 9
)

// crcOSDP goes bit by bit, as the standard describes it.
func crcOSDP(data []byte) uint16 {
	crc := uint16(0x1D0F)
	for _, b := range data {
		for bit := 7; bit >= 0; bit-- {
			feedback := crc>>15 != uint16(b>>bit&1)
			crc <<= 1
			if feedback {
				crc ^= 0x1021
			}
		}
	}
	return crc
}

func sumOSDP(data []byte) byte {
	sum := 0
	for _, b := range data {
		sum += int(b)
	}
	return byte(0x100 - sum&0xFF)
}

// osdpFrame is a message without its check.
type osdpFrame struct {
	address, control byte
	block            []byte // security block with its length
	code             byte
	data             []byte
}

func (f osdpFrame) sequence() byte { return f.control & 3 }

// scs is the type of the security block, 0 without one.
func (f osdpFrame) scs() byte {
	if len(f.block) < 2 {
		return 0
	}
	return f.block[1]
}

// header returns everything up to the data, with a length for data of n bytes.
func (f osdpFrame) header(n int) []byte {
	size := 5 + len(f.block) + 1 + n + 1
	if f.control&flagCRC != 0 {
		size++
	}
	out := []byte{somOSDP, f.address, byte(size), byte(size >> 8), f.control}
	out = append(out, f.block...)
	return append(out, f.code)
}

func (f osdpFrame) check(message []byte) []byte {
	if f.control&flagCRC == 0 {
		return append(message, sumOSDP(message))
	}
	crc := crcOSDP(message)
	return append(message, byte(crc), byte(crc>>8))
}

func (f osdpFrame) bytes() []byte {
	return f.check(append(f.header(len(f.data)), f.data...))
}

// longestOSDP is the receive buffer of the simulated peripherals.
const longestOSDP = 256

// nextOSDP takes the first whole frame off the stream. Without one it returns what may become one; when the line has been
// quiet, what is not whole is noise.
func nextOSDP(stream []byte, quiet bool) (raw []byte, f osdpFrame, rest []byte, ok bool) {
	for ; len(stream) > 0; stream = stream[1:] {
		if stream[0] != somOSDP {
			continue
		}
		if len(stream) < 5 {
			if quiet {
				continue
			}
			return nil, f, stream, false
		}
		size := int(stream[2]) | int(stream[3])<<8
		if size < 7 || size > longestOSDP {
			continue
		}
		if len(stream) < size {
			if quiet {
				continue
			}
			return nil, f, stream, false
		}
		if f, ok = parseOSDP(stream[:size]); ok {
			return stream[:size], f, stream[size:], true
		}
	}
	return nil, osdpFrame{}, nil, false
}

func parseOSDP(raw []byte) (f osdpFrame, ok bool) {
	f.address, f.control = raw[1], raw[4]
	end := len(raw) - 1
	if f.control&flagCRC != 0 {
		end--
		crc := crcOSDP(raw[:end])
		if raw[end] != byte(crc) || raw[end+1] != byte(crc>>8) {
			return f, false
		}
	} else if sumOSDP(raw[:end]) != raw[end] {
		return f, false
	}
	body := raw[5:end]
	if f.control&flagSCB != 0 {
		if len(body) < 2 || body[0] < 2 || int(body[0]) >= len(body) {
			return f, false
		}
		f.block, body = body[:body[0]], body[body[0]:]
	}
	if len(body) == 0 {
		return f, false
	}
	f.code, f.data = body[0], body[1:]
	return f, true
}

type block16 = [16]byte

func aesBlock(key, in block16, decrypt bool) (out block16) {
	c, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // AES takes every key of 16 bytes
	}
	if decrypt {
		c.Decrypt(out[:], in[:])
	} else {
		c.Encrypt(out[:], in[:])
	}
	return out
}

func xor(a, b block16) block16 {
	for i := range a {
		a[i] ^= b[i]
	}
	return a
}

func inverted(a block16) block16 {
	for i := range a {
		a[i] ^= 0xFF
	}
	return a
}

func inBlocks(data []byte) (blocks []block16) {
	for len(data) > 0 {
		var b block16
		n := copy(b[:], data)
		if n < 16 {
			b[n] = 0x80
		}
		blocks, data = append(blocks, b), data[n:]
	}
	return blocks
}

// osdpSession is the peripheral's end of a secure channel.
type osdpSession struct {
	enc, mac1, mac2 block16
	a, b            [8]byte
	// open: the panel has proved that it knows the key.
	open       bool
	cmac, rmac block16
}

func newOSDPSession(key block16, a, b [8]byte) *osdpSession {
	s := &osdpSession{a: a, b: b}
	for kind, into := range map[byte]*block16{0x82: &s.enc, 0x01: &s.mac1, 0x02: &s.mac2} {
		*into = aesBlock(key, block16{1, kind, a[0], a[1], a[2], a[3], a[4], a[5]}, false)
	}
	return s
}

func both(x, y [8]byte) (out block16) {
	for i := range x {
		out[i], out[8+i] = x[i], y[i]
	}
	return out
}

func (s *osdpSession) client() block16 { return aesBlock(s.enc, both(s.a, s.b), false) }
func (s *osdpSession) server() block16 { return aesBlock(s.enc, both(s.b, s.a), false) }

func (s *osdpSession) firstRMAC() block16 {
	return aesBlock(s.mac2, aesBlock(s.mac1, s.server(), false), false)
}

func (s *osdpSession) mac(last block16, message []byte) block16 {
	blocks := inBlocks(message)
	for i, b := range blocks {
		key := s.mac1
		if i == len(blocks)-1 {
			key = s.mac2
		}
		last = aesBlock(key, xor(last, b), false)
	}
	return last
}

// unwrap checks the MAC of a command and decrypts its data.
func (s *osdpSession) unwrap(raw []byte, f osdpFrame) (data []byte, ok bool) {
	if len(f.data) < 4 {
		return nil, false
	}
	check := 1
	if f.control&flagCRC != 0 {
		check = 2
	}
	end := len(raw) - check - 4
	mac := s.mac(s.rmac, raw[:end])
	if [4]byte(mac[:4]) != [4]byte(raw[end:end+4]) {
		return nil, false
	}
	data = f.data[:len(f.data)-4]
	if f.scs() == 0x17 {
		if len(data) == 0 || len(data)%16 != 0 {
			return nil, false
		}
		var clear []byte
		last := inverted(s.rmac)
		for _, b := range inBlocks(data) {
			plain := xor(aesBlock(s.enc, b, true), last)
			clear, last = append(clear, plain[:]...), b
		}
		for len(clear) > 0 && clear[len(clear)-1] == 0 {
			clear = clear[:len(clear)-1]
		}
		if len(clear) == 0 || clear[len(clear)-1] != 0x80 {
			return nil, false
		}
		data = clear[:len(clear)-1]
	}
	s.cmac = mac
	return data, true
}

// wrap makes a reply one of the session; clear leaves its data readable under the block of a command.
func (s *osdpSession) wrap(f osdpFrame, clear bool) []byte {
	f.control |= flagSCB
	data := f.data
	switch {
	case clear:
		f.block = []byte{2, 0x15}
	case len(data) == 0:
		f.block = []byte{2, 0x16}
	default:
		f.block = []byte{2, 0x18}
		padded := append(append([]byte{}, data...), 0x80)
		for len(padded)%16 != 0 {
			padded = append(padded, 0)
		}
		data = nil
		last := inverted(s.cmac)
		for _, b := range inBlocks(padded) {
			last = aesBlock(s.enc, xor(last, b), false)
			data = append(data, last[:]...)
		}
	}
	message := append(f.header(len(data)+4), data...)
	s.rmac = s.mac(s.cmac, message)
	return f.check(append(message, s.rmac[:4]...))
}
