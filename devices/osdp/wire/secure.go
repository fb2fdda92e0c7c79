package wire

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"errors"
)

// The secure channel of annex D: AES-128 keys derived for each session from a base key and a random number of the panel, a
// MAC that is chained over all messages of both directions, and encrypted data.

// Key is a base key (SCBK). It prints as a placeholder, lest it get into a log.
type Key [16]byte

// String returns a placeholder.
func (Key) String() string { return "(key)" }

// GoString returns a placeholder.
func (Key) GoString() string { return "(key)" }

// DefaultKey is SCBK-D, which the standard prints: whoever uses it is known to nobody.
var DefaultKey = Key{0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F}

// Errors of the secure channel.
var (
	// ErrKey: the peripheral does not know the key. Trying again does not help.
	ErrKey = errors.New("osdp: the peripheral does not know the key")
	// ErrMAC: the reply does not come from the other end of this session, or one of its predecessors was lost.
	ErrMAC = errors.New("osdp: the reply has a wrong MAC")
	// ErrClear: the reply came outside the session.
	ErrClear = errors.New("osdp: the reply came outside the secure channel")
)

// Keys are the keys of one session.
type Keys struct{ ENC, MAC1, MAC2 [16]byte }

// Derive returns the keys of the session that a panel begins with the random number a.
func Derive(base Key, a [8]byte) Keys {
	block := cipherOf([16]byte(base))
	derive := func(kind byte) (key [16]byte) {
		in := [16]byte{0x01, kind}
		copy(in[2:], a[:6])
		block.Encrypt(key[:], in[:])
		return key
	}
	return Keys{ENC: derive(0x82), MAC1: derive(0x01), MAC2: derive(0x02)}
}

// ClientCryptogram is what proves that a peripheral that has drawn b knows the key.
func (k Keys) ClientCryptogram(a, b [8]byte) [16]byte { return k.cryptogram(a, b) }

// ServerCryptogram is what proves that the panel knows the key.
func (k Keys) ServerCryptogram(a, b [8]byte) [16]byte { return k.cryptogram(b, a) }

func (k Keys) cryptogram(first, second [8]byte) (out [16]byte) {
	var in [16]byte
	copy(in[:8], first[:])
	copy(in[8:], second[:])
	cipherOf(k.ENC).Encrypt(out[:], in[:])
	return out
}

// InitialMAC is the MAC with which the chain of a session begins.
func (k Keys) InitialMAC(serverCryptogram [16]byte) (out [16]byte) {
	cipherOf(k.MAC1).Encrypt(out[:], serverCryptogram[:])
	cipherOf(k.MAC2).Encrypt(out[:], out[:])
	return out
}

func cipherOf(key [16]byte) cipher.Block {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // AES takes every key of 16 bytes
	}
	return block
}

// Handshake is the panel's side of building a session: Challenge, Prove and Establish, in this order.
type Handshake struct {
	a     [8]byte
	which byte
	keys  Keys
	sent  [16]byte
}

// NewHandshake begins a handshake under a base key with the panel's random number, which must never be used again.
func NewHandshake(base Key, a [8]byte) *Handshake {
	h := &Handshake{a: a, which: 1, keys: Derive(base, a)}
	if base == DefaultKey {
		h.which = 0
	}
	return h
}

// Challenge makes f the first command, CHLNG.
func (h *Handshake) Challenge(f Frame) Frame {
	f.SCS, f.Info, f.Code, f.Data = SCS11, []byte{h.which}, byte(ChallengeCommand), h.a[:]
	return f
}

// Prove makes f the second command, SCRYPT, from the reply to the first. It returns ErrKey when the peripheral does not
// know the key and a *FormatError when the reply is none to a challenge.
func (h *Handshake) Prove(reply Frame, f Frame) (Frame, error) {
	r, err := DecodeReply(ReplyCode(reply.Code), reply.Data)
	if err != nil {
		return Frame{}, err
	}
	c, ok := r.(ClientCryptogram)
	if !ok || reply.SCS != SCS12 {
		return Frame{}, malformed("%v with security block %02X is no reply to CHLNG", r.Code(), reply.SCS)
	}
	want := h.keys.ClientCryptogram(h.a, c.Random)
	if subtle.ConstantTimeCompare(want[:], c.Cryptogram[:]) != 1 {
		return Frame{}, ErrKey
	}
	h.sent = h.keys.ServerCryptogram(h.a, c.Random)
	f.SCS, f.Info, f.Code, f.Data = SCS13, []byte{h.which}, byte(CryptogramCommand), h.sent[:]
	return f, nil
}

// Establish returns the session from the reply to the second command. It returns ErrKey when the peripheral does not accept
// the panel's proof and a *FormatError when the reply is none to a cryptogram.
func (h *Handshake) Establish(reply Frame) (*Session, error) {
	r, err := DecodeReply(ReplyCode(reply.Code), reply.Data)
	if err != nil {
		return nil, err
	}
	first, ok := r.(InitialMAC)
	if !ok || reply.SCS != SCS14 {
		return nil, malformed("%v with security block %02X is no reply to SCRYPT", r.Code(), reply.SCS)
	}
	const accepted = 1
	want := h.keys.InitialMAC(h.sent)
	if len(reply.Info) != 1 || reply.Info[0] != accepted || subtle.ConstantTimeCompare(want[:], first.MAC[:]) != 1 {
		return nil, ErrKey
	}
	return NewSession(h.keys, want), nil
}

// Session is the panel's end of an established secure channel.
type Session struct {
	enc, mac1, mac2 cipher.Block
	// command and reply are the last MACs of the two directions.
	command, reply [16]byte
}

// NewSession returns a session whose chain begins with first.
func NewSession(k Keys, first [16]byte) *Session {
	return &Session{enc: cipherOf(k.ENC), mac1: cipherOf(k.MAC1), mac2: cipherOf(k.MAC2), reply: first}
}

// Seal returns the bytes of a command, whose data it encrypts, and goes on in the chain: a command that is sent again must be
// sent with the same bytes. It returns a *FormatError for a frame that cannot be encoded; the chain stays as it is then.
func (s *Session) Seal(f Frame) ([]byte, error) {
	f.SCS, f.Info = SCS15, nil
	if len(f.Data) > 0 {
		f.SCS = SCS17
		f.Data = encrypt(s.enc, not(s.reply), f.Data)
	}
	b, err := f.body(macSize)
	if err != nil {
		return nil, err
	}
	s.command = s.mac(s.reply, b)
	return f.close(append(b, s.command[:macSize]...)), nil
}

// Open returns the data of a reply. It returns ErrClear for a reply without a MAC, ErrMAC for one with a wrong MAC and a
// *FormatError for one whose data do not decrypt; the chain goes on only when there is no error.
//
// Some peripherals answer a direct question with the block of a command and clear data (SCS15), and others mark data as
// merely authenticated (SCS16). Their MAC vouches for what they say, so it is returned; exposed is true then, because
// everybody on the line could read it.
func (s *Session) Open(f Frame) (data []byte, exposed bool, err error) {
	switch {
	case !f.Reply || f.SCS < SCS15 || f.SCS > SCS18:
		return nil, false, ErrClear
	case len(f.Data) < macSize:
		return nil, false, malformed("the reply is too short for a MAC")
	}
	sent := f.Data[len(f.Data)-macSize:]
	f.Data = f.Data[:len(f.Data)-macSize]
	b, err := f.body(macSize)
	if err != nil {
		return nil, false, err
	}
	mac := s.mac(s.command, b)
	if subtle.ConstantTimeCompare(mac[:macSize], sent) != 1 {
		return nil, false, ErrMAC
	}
	data = f.Data
	if f.SCS == SCS17 || f.SCS == SCS18 {
		if data, err = decrypt(s.enc, not(s.command), f.Data); err != nil {
			return nil, false, err
		}
	}
	s.reply = mac
	return data, len(data) > 0 && f.SCS < SCS17, nil
}

// mac chains message, filled up with 80 00 … to whole blocks: MAC1 for all blocks but the last, MAC2 for the last.
func (s *Session) mac(iv [16]byte, message []byte) [16]byte {
	if len(message)%aes.BlockSize != 0 {
		message = fill(message)
	}
	for ; len(message) > 0; message = message[aes.BlockSize:] {
		subtle.XORBytes(iv[:], iv[:], message[:aes.BlockSize])
		if len(message) > aes.BlockSize {
			s.mac1.Encrypt(iv[:], iv[:])
		} else {
			s.mac2.Encrypt(iv[:], iv[:])
		}
	}
	return iv
}

// fill appends 80 and then zeros up to a whole block, always at least the 80.
func fill(data []byte) []byte {
	filled := make([]byte, (len(data)/aes.BlockSize+1)*aes.BlockSize)
	copy(filled, data)
	filled[len(data)] = 0x80
	return filled
}

func encrypt(block cipher.Block, iv [16]byte, data []byte) []byte {
	out := fill(data)
	cipher.NewCBCEncrypter(block, iv[:]).CryptBlocks(out, out)
	return out
}

func decrypt(block cipher.Block, iv [16]byte, data []byte) ([]byte, error) {
	if len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, malformed("%d bytes of encrypted data are no whole blocks", len(data))
	}
	out := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv[:]).CryptBlocks(out, data)
	for i := len(out) - 1; i >= len(out)-aes.BlockSize; i-- {
		switch out[i] {
		case 0x00:
		case 0x80:
			return out[:i], nil
		default:
			return nil, malformed("the decrypted data do not end with 80 00 …")
		}
	}
	return nil, malformed("the decrypted data do not end with 80 00 …")
}

func not(iv [16]byte) [16]byte {
	for i := range iv {
		iv[i] = ^iv[i]
	}
	return iv
}
