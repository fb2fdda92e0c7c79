package wire

import (
	"bytes"
	"crypto/aes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func block(t testing.TB, s string) [16]byte {
	t.Helper()
	return [16]byte(unhex(t, s))
}

func TestCRC(t *testing.T) {
	if got := CRC([]byte("123456789")); got != 0xE5CC {
		t.Errorf("the check value is %04X, not E5CC", got)
	}
	// SIA OSDP v2.2, annex E.
	for _, c := range []struct{ message, crc string }{
		{"53 7F 0D 00 04 6E 00 80 25 00 00", "6E 38"},
		{"53 00 09 00 04 61 00", "C0 66"},
	} {
		got := CRC(unhex(t, c.message))
		if want := unhex(t, c.crc); byte(got) != want[0] || byte(got>>8) != want[1] {
			t.Errorf("%s: CRC %04X, want %s", c.message, got, c.crc)
		}
	}
	for _, c := range []struct {
		message string
		sum     byte
	}{
		{"53 7F 0C 00 00 6E 00 80 25 00 00", 0x0F},
		{"53 00 08 00 00 61 00", 0x44},
	} {
		if got := Checksum(unhex(t, c.message)); got != c.sum {
			t.Errorf("%s: checksum %02X, want %02X", c.message, got, c.sum)
		}
	}
}

// frames are published ones: each must decode to what it means and what it means must encode to it.
var frames = []struct {
	name, bytes string
	frame       Frame
	// meaning is a Command or a Reply.
	meaning any
}{
	{"POLL to 101", "53 65 08 00 04 60 60 90", Frame{Address: 0x65}, Poll},
	{"ID to 101", "53 65 09 00 04 61 00 D9 7A", Frame{Address: 0x65}, Identify()},
	{"ACK with a checksum", "53 E5 07 00 01 40 80", Frame{Address: 0x65, Reply: true, Sequence: 1, Checksum: true}, Plain{What: ACKReply}},
	{"NAK 1", "53 E5 09 00 05 41 01 0E 8F", Frame{Address: 0x65, Reply: true, Sequence: 1}, NAK{Reason: NAKCheck}},
	{"POLL 0", "53 00 08 00 04 60 EB AA", Frame{}, Poll},
	{"POLL 1", "53 00 08 00 05 60 DA 99", Frame{Sequence: 1}, Poll},
	{"POLL 2", "53 00 08 00 06 60 89 CC", Frame{Sequence: 2}, Poll},
	{"POLL 3", "53 00 08 00 07 60 B8 FF", Frame{Sequence: 3}, Poll},
	{"ACK 1", "53 80 08 00 05 40 68 9F", Frame{Reply: true, Sequence: 1}, Plain{What: ACKReply}},
	{"ACK 2", "53 80 08 00 06 40 3B CA", Frame{Reply: true, Sequence: 2}, Plain{What: ACKReply}},
	{"ACK 3", "53 80 08 00 07 40 0A F9", Frame{Reply: true, Sequence: 3}, Plain{What: ACKReply}},
	{"LSTATR at power-up", "53 80 0A 00 04 48 00 01 0F A1", Frame{Reply: true}, Local{PowerFailure: true}},
	{"COMSET", "53 00 0D 00 06 6E 01 80 25 00 00 EC 7B", Frame{Sequence: 2}, SetCommunication(Communication{1, 9600})},
	{"CAP", "53 00 09 00 06 62 00 F3 5D", Frame{Sequence: 2}, Capabilities()},
	{"LSTAT", "53 00 08 00 06 64 0D 8C", Frame{Sequence: 2}, LocalStatus},
	{"ISTAT", "53 00 08 00 06 65 2C 9C", Frame{Sequence: 2}, InputStatus},
	{"OSTAT", "53 00 08 00 06 66 4F AC", Frame{Sequence: 2}, OutputStatus},
	{
		"KEYSET", "53 00 1A 00 06 75 01 10 00 01 02 03 04 05 06 07 00 01 02 03 04 05 06 07 CF A3",
		Frame{Sequence: 2},
		SetKey(Key{0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7}),
	},
	{
		"OUT", "53 00 10 00 06 68 00 03 64 00 01 06 78 00 0B 5B",
		Frame{Sequence: 2},
		Output(OutputControl{0, OutputOffAllowed, 100}, OutputControl{1, OutputTimedOff, 120}),
	},
	{"BUZ", "53 00 0D 00 06 6A 00 02 02 02 01 59 92", Frame{Sequence: 2}, Buzzer(Buzz{OnTime: 2, OffTime: 2, Count: 1})},
	{
		"PDID", "53 80 14 00 06 45 00 0E E3 10 10 00 00 74 97 23 06 06 1B 88",
		Frame{Reply: true, Sequence: 2},
		Identity{Vendor: [3]byte{0, 0x0E, 0xE3}, Model: 16, Version: 16, Serial: 0x97740000, Firmware: [3]byte{0x23, 6, 6}},
	},
	{"NAK 3", "53 80 09 00 05 41 03 55 B3", Frame{Reply: true, Sequence: 1}, NAK{Reason: NAKUnknownCommand}},
	{
		"RAW", "53 80 10 00 05 50 00 01 1A 00 AB CD EF 80 6A 63",
		Frame{Reply: true, Sequence: 1},
		Card{Format: 1, Bits: 26, Data: []byte{0xAB, 0xCD, 0xEF, 0x80}},
	},
	{"KEYPAD", "53 80 0E 00 05 53 00 04 31 32 33 34 9F D2", Frame{Reply: true, Sequence: 1}, Keypad{Keys: []byte("1234")}},
	{
		"LED", "53 02 16 00 05 69 00 00 01 00 00 00 02 01 00 00 00 00 00 00 BB 6B",
		Frame{Address: 2, Sequence: 1},
		// The temporary control code 1 of this one cancels; Lamps never says so.
		Command{LEDCommand, []byte{0, 0, 1, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0}},
	},
	{
		"CHLNG", "53 00 13 00 0D 03 11 00 76 01 01 01 01 01 01 01 01 16 09",
		Frame{Sequence: 1, SCS: SCS11, Info: []byte{0}},
		Command{ChallengeCommand, []byte{1, 1, 1, 1, 1, 1, 1, 1}},
	},
	{"POLL to all", "53 7F 08 00 05 60 A5 E1", Frame{Address: Broadcast, Sequence: 1}, Poll},
}

func TestFrames(t *testing.T) {
	for _, c := range frames {
		t.Run(c.name, func(t *testing.T) {
			want := unhex(t, c.bytes)
			f, err := Decode(want)
			if err != nil {
				t.Fatal(err)
			}
			switch meaning := c.meaning.(type) {
			case Command:
				c.frame.Code, c.frame.Data = byte(meaning.Code), meaning.Data
			case Reply:
				r, err := DecodeReply(ReplyCode(f.Code), f.Data)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(meaning, r); diff != "" {
					t.Errorf("reply (-want +got):\n%s", diff)
				}
				c.frame.Code, c.frame.Data = byte(meaning.Code()), f.Data
			}
			if len(f.Data) == 0 {
				f.Data = nil
			}
			if len(c.frame.Data) == 0 {
				c.frame.Data = nil
			}
			if diff := cmp.Diff(c.frame, f); diff != "" {
				t.Errorf("frame (-want +got):\n%s", diff)
			}
			got, err := c.frame.Encode()
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("it encodes to % X, %v", got, err)
			}
		})
	}
}

// TestOneBit shows that no frame survives the loss of one bit: the CRC and the checksum are both looked at.
func TestOneBit(t *testing.T) {
	for _, c := range frames {
		whole := unhex(t, c.bytes)
		for i := range 8 * len(whole) {
			b := bytes.Clone(whole)
			b[i/8] ^= 1 << (i % 8)
			if f, err := Decode(b); err == nil {
				t.Errorf("%s with bit %d turned over is taken for %+v", c.name, i, f)
			}
		}
		for n := range whole {
			if _, err := Decode(whole[:n]); err == nil {
				t.Errorf("the first %d bytes of %s are taken for a frame", n, c.name)
			}
		}
	}
}

// SIA OSDP v2.2, annex E.
func TestSecureChannelOfTheStandard(t *testing.T) {
	a, b := [8]byte(unhex(t, "B0B1B2B3B4B5B6B7")), [8]byte(unhex(t, "A0A1A2A3A4A5A6A7"))
	k := Derive(DefaultKey, a)
	server := k.ServerCryptogram(a, b)
	for _, c := range []struct {
		name string
		got  [16]byte
		want string
	}{
		{"S-MAC1", k.MAC1, "5E86C676603BDEE2D8BEAFE178637332"},
		{"S-MAC2", k.MAC2, "6FDA86E857777E81132035758239172E"},
		{"S-ENC", k.ENC, "BF8DC2A8329ACB8C67C6D0CD9A451682"},
		{"server cryptogram", server, "26D3356E07762D262801FC8E6665A891"},
		{"client cryptogram", k.ClientCryptogram(a, b), "FDE5D2F428EC16312471EA3C02BD7796"},
		{"R-MAC_I", k.InitialMAC(server), "B2A30057EB98BA2229EC1F875662B524"},
	} {
		if c.got != block(t, c.want) {
			t.Errorf("%s is %X, want %s", c.name, c.got, c.want)
		}
	}
}

// NIST SP 800-38A, F.2.1: key and IV; the padding is that of OSDP.
func TestCipher(t *testing.T) {
	key, iv := block(t, "2b7e151628aed2a6abf7158809cf4f3c"), block(t, "000102030405060708090a0b0c0d0e0f")
	s := NewSession(Keys{ENC: key, MAC1: key, MAC2: key}, [16]byte{})
	if got := s.mac(iv, unhex(t, "6bc1bee22e409f96e93d7e117393172a")); got != block(t, "7649abac8119b246cee98e9b12e9197d") {
		t.Errorf("the MAC of one block is %x", got)
	}
	for _, c := range []struct{ data, want string }{
		{"000102030405060708090a0b0c0d0e", "c5311f3d23d086ea86f5ee7f85247b40"},
		{"000102030405060708090a0b0c0d0e0f", "7df76b0c1ab899b33e42f047b91b546f e2fe5bd6c1dfcdd19124f03e1a134d3b"},
		{"", "4c08220c79d9191022dc6674874ceaf8"},
	} {
		data, want := unhex(t, c.data), unhex(t, c.want)
		got := encrypt(s.enc, iv, data)
		if !bytes.Equal(got, want) {
			t.Errorf("%d bytes encrypt to %x, want %x", len(data), got, want)
		}
		if back, err := decrypt(s.enc, iv, got); err != nil || !bytes.Equal(back, data) {
			t.Errorf("%x decrypts to %x, %v", got, back, err)
		}
	}
	for _, n := range []int{0, 1, aes.BlockSize - 1, aes.BlockSize + 1} {
		if _, err := decrypt(s.enc, iv, make([]byte, n)); err == nil {
			t.Errorf("%d bytes were decrypted", n)
		}
	}
	zeros := make([]byte, aes.BlockSize)
	iv = [16]byte{}
	s.enc.Decrypt(iv[:], zeros)
	if _, err := decrypt(s.enc, iv, zeros); err == nil {
		t.Error("a block without padding was decrypted")
	}
}

// All keys and the first MAC are zero here.
func TestSeal(t *testing.T) {
	for _, c := range []struct {
		command Command
		want    string
	}{
		{Poll, "53 00 0E 00 0E 02 15 60 4B 32 76 77 73 B6"},
		{
			Output(OutputControl{0, OutputOffAllowed, 100}, OutputControl{1, OutputTimedOff, 120}),
			"53 00 1E 00 0E 02 17 68 F7 EF A0 D4 76 4A 4E 29 26 75 96 F2 16 D8 A9 E8 C5 88 76 08 B9 08",
		},
	} {
		s := NewSession(Keys{}, [16]byte{})
		got, err := s.Seal(Frame{Sequence: 2, Code: byte(c.command.Code), Data: c.command.Data})
		if err != nil || !bytes.Equal(got, unhex(t, c.want)) {
			t.Errorf("%v is sealed as % X, %v", c.command.Code, got, err)
		}
	}
}

// recorded is a whole conversation with the peripheral of libosdp at address 101 under the default key.
var recorded = []struct {
	command Command
	sent    string
	reply   Reply
	came    string
	exposed bool
}{
	{Poll, "5365080004606090", Plain{What: ACKReply}, "53e508000440d296", false},
	{
		Identify(), "53650900056100e94d",
		Identity{Vendor: [3]byte{0x69, 0x7a, 0}, Model: 0x99, Version: 1, Serial: 0x01020304, Firmware: [3]byte{0x0b, 0x0c, 0x0d}},
		"53e514000545697a009901040302010b0c0d3d05", false,
	},
	{
		Capabilities(), "53650900066200ea41",
		Features{{1, 1, 2}, {2, 1, 1}, {4, 1, 1}, {5, 1, 1}, {8, 1, 0}, {9, 1, 0}, {10, 0, 1}, {16, 2, 0}},
		"53e5200006460101020201010401010501010801000901000a0001100200f852", false,
	},
	{Command{Code: ChallengeCommand}, "536513000f0311007614f0f6b961934fa2c612", nil, "53e52b000f03120076697a990004030201045afb728ae2f5c657469d87b0d79fcc13485ba45ebb9a693ea3", false},
	{Command{Code: CryptogramCommand}, "53651b000d03130077c34a19158766e7cc4d525e0ffdd90c93b715", nil, "53e51b000d03140178859b0fb0e09df7a54badf681912e6951466b", false},
	{InputStatus, "53650e000e021565a98812f43cc4", Inputs{1, 0}, "53e510000e02154901003f4bb60c02e6", true},
	{Output(OutputControl{0, OutputTimedOn, 50}), "53651e000f021768f2ea9b9cdfc3f1b03b2bc69b8b0d97348cf8d1320f81", Plain{What: ACKReply}, "53e50e000f021640546f6ed2bc65", false},
	{Buzzer(Buzz{OnTime: 2, OffTime: 2, Count: 1}), "53651e000d02176aa582473dbf87a86881ccab422f48afb25991838cf931", Plain{What: ACKReply}, "53e50e000d0216401c2f701d3714", false},
	{Poll, "53650e000e02156004ac23ab23f3", Plain{What: ACKReply}, "53e50e000e021640552436b15462", false},
}

func TestRecorded(t *testing.T) {
	var (
		h         = NewHandshake(DefaultKey, [8]byte(unhex(t, "14f0f6b961934fa2")))
		s         *Session
		handshake Frame
		sequence  byte
	)
	if want := (Keys{
		ENC: block(t, "3b767f4c37965abe68c291897206028f"), MAC1: block(t, "73f8721a451b4f9e25815ac1ceea30ef"),
		MAC2: block(t, "f9cbc3c2ca4dc96bb9d5c4c5fecbd212"),
	}); h.keys != want {
		t.Errorf("session keys %X", h.keys)
	}
	for i, c := range recorded {
		f := Frame{Address: 0x65, Sequence: sequence, Code: byte(c.command.Code), Data: c.command.Data}
		var sent []byte
		var err error
		switch {
		case c.command.Code == ChallengeCommand:
			sent, err = h.Challenge(f).Encode()
		case c.command.Code == CryptogramCommand:
			if f, err = h.Prove(handshake, f); err == nil {
				sent, err = f.Encode()
			}
		case s != nil:
			sent, err = s.Seal(f)
		default:
			sent, err = f.Encode()
		}
		if err != nil || !bytes.Equal(sent, unhex(t, c.sent)) {
			t.Fatalf("message %d: sent % X, %v", i, sent, err)
		}
		expected := Expectation{Address: 0x65, Sequence: sequence, Command: sent}
		// A two-wire adapter returns the command first.
		reply, ok := expected.Find(append(bytes.Clone(sent), unhex(t, c.came)...), false)
		if !ok {
			t.Fatalf("message %d: the reply is not found", i)
		}
		sequence = sequence%3 + 1
		switch {
		case c.command.Code == ChallengeCommand:
			handshake = reply
			continue
		case c.command.Code == CryptogramCommand:
			if s, err = h.Establish(reply); err != nil {
				t.Fatal(err)
			}
			continue
		}
		data, exposed := reply.Data, false
		if s != nil {
			if data, exposed, err = s.Open(reply); err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
		}
		if exposed != c.exposed {
			t.Errorf("message %d: exposed %v", i, exposed)
		}
		got, err := DecodeReply(ReplyCode(reply.Code), data)
		if diff := cmp.Diff(c.reply, got); err != nil || diff != "" {
			t.Errorf("message %d: %v (-want +got):\n%s", i, err, diff)
		}
	}
}

// The events of libosdp's peripheral under a site key.
func TestEncryptedEvents(t *testing.T) {
	k := Keys{
		ENC: block(t, "b38062337f53ce9b8efd6e718d6d3c61"), MAC1: block(t, "1adbd798e6d026be56011b562dc47145"),
		MAC2: block(t, "a49cb7de5a8a53503973f8b6b4ff5a2d"),
	}
	for _, c := range []struct {
		name, frame, command string
		want                 Reply
	}{
		{"card", "53e51e000f021850e2ba8b895d82114645ed0e60f046226fb82ed8245cef", "815a7a219cb6cd37d3170b435409f32f", Card{Format: 1, Bits: 26, Data: []byte{0x12, 0x34, 0x56, 0x40}}},
		{"contact", "53e51e000d0218492946ccfd3bff7784e287611ef07b0a9ba72ecd01ae4e", "17160dac906b2e13dbae4b8cdd469652", Inputs{0, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := NewSession(k, [16]byte{})
			s.command = block(t, c.command)
			raw := unhex(t, c.frame)
			f, err := Decode(raw)
			if err != nil {
				t.Fatal(err)
			}
			// What does not belong to the chain changes nothing in it.
			forged := f
			forged.Data = bytes.Clone(f.Data)
			forged.Data[0] ^= 1
			if _, _, err := s.Open(forged); err != ErrMAC {
				t.Errorf("a forged reply: %v", err)
			}
			clear := f
			clear.SCS = 0
			if _, _, err := s.Open(clear); err != ErrClear {
				t.Errorf("a reply outside the session: %v", err)
			}
			data, exposed, err := s.Open(f)
			if err != nil || exposed {
				t.Fatalf("%v, exposed %v", err, exposed)
			}
			got, err := DecodeReply(ReplyCode(f.Code), data)
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			if !bytes.Equal(raw, unhex(t, c.frame)) {
				t.Error("opening changed the frame")
			}
			// The chain went on, so the same frame does not come twice.
			s.command = s.reply
			if _, _, err := s.Open(f); err != ErrMAC {
				t.Errorf("a replayed reply: %v", err)
			}
		})
	}
}
