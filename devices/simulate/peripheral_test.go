package simulate

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestOSDPChecks(t *testing.T) {
	if got := crcOSDP([]byte("123456789")); got != 0xE5CC {
		t.Errorf("the check value is %04X, not E5CC", got)
	}
	// SIA OSDP v2.2, annex E, and captures of real conversations.
	for _, s := range []string{
		"53 7F 0D 00 04 6E 00 80 25 00 00 6E 38", "53 00 09 00 04 61 00 C0 66", "53 7F 0C 00 00 6E 00 80 25 00 00 0F",
		"53 00 08 00 00 61 00 44", "53 65 08 00 04 60 60 90", "53 E5 07 00 01 40 80", "53 80 0A 00 04 48 00 01 0F A1",
		"53 80 10 00 05 50 00 01 1A 00 AB CD EF 80 6A 63", "53 00 13 00 0D 03 11 00 76 01 01 01 01 01 01 01 01 16 09",
	} {
		raw := unhex(t, s)
		got, f, rest, ok := nextOSDP(append(unhex(t, "FF 00 53 12"), raw...), true)
		if !ok || !bytes.Equal(got, raw) || len(rest) != 0 {
			t.Errorf("%s is not seen as a frame", s)
			continue
		}
		if again := f.bytes(); !bytes.Equal(again, raw) {
			t.Errorf("%s became % X", s, again)
		}
	}
}

// SIA OSDP v2.2, annex E.
func TestOSDPSecureChannel(t *testing.T) {
	s := newOSDPSession(defaultOSDPKey, [8]byte(unhex(t, "B0B1B2B3B4B5B6B7")), [8]byte(unhex(t, "A0A1A2A3A4A5A6A7")))
	for _, c := range []struct {
		name string
		got  block16
		want string
	}{
		{"S-MAC1", s.mac1, "5E86C676603BDEE2D8BEAFE178637332"},
		{"S-MAC2", s.mac2, "6FDA86E857777E81132035758239172E"},
		{"S-ENC", s.enc, "BF8DC2A8329ACB8C67C6D0CD9A451682"},
		{"server cryptogram", s.server(), "26D3356E07762D262801FC8E6665A891"},
		{"client cryptogram", s.client(), "FDE5D2F428EC16312471EA3C02BD7796"},
		{"R-MAC_I", s.firstRMAC(), "B2A30057EB98BA2229EC1F875662B524"},
	} {
		if c.got != block16(unhex(t, c.want)) {
			t.Errorf("%s is %X, want %s", c.name, c.got, c.want)
		}
	}
}

// The events were sent by the peripheral of libosdp.
func TestOSDPEvents(t *testing.T) {
	for _, c := range []struct {
		code, control byte
		data, last    string
		want          string
	}{
		{repRaw, 0x0F, "00 01 1A00 12345640", "815a7a219cb6cd37d3170b435409f32f", "53e51e000f021850e2ba8b895d82114645ed0e60f046226fb82ed8245cef"},
		{repIStat, 0x0D, "00 01", "17160dac906b2e13dbae4b8cdd469652", "53e51e000d0218492946ccfd3bff7784e287611ef07b0a9ba72ecd01ae4e"},
	} {
		s := &osdpSession{
			enc: block16(unhex(t, "b38062337f53ce9b8efd6e718d6d3c61")), mac1: block16(unhex(t, "1adbd798e6d026be56011b562dc47145")),
			mac2: block16(unhex(t, "a49cb7de5a8a53503973f8b6b4ff5a2d")), cmac: block16(unhex(t, c.last)),
		}
		got := s.wrap(osdpFrame{address: 0xE5, control: c.control, code: c.code, data: unhex(t, c.data)}, false)
		if !bytes.Equal(got, unhex(t, c.want)) {
			t.Errorf("reply %02X is % x, want %s", c.code, got, c.want)
		}
	}
}

// A whole conversation that was recorded with the peripheral of libosdp: the simulated one says the same, byte for byte.
func TestOSDPRecorded(t *testing.T) {
	p := NewPeripheral(PeripheralConfig{
		Address: 0x65, Inputs: 2, Outputs: 1, Readers: 1,
		ID:           [12]byte(unhex(t, "697a009901 04030201 0b0c0d")),
		ClientID:     [8]byte(unhex(t, "697a990004030201")),
		Capabilities: unhex(t, "010102 020101 040101 050101 080100 090100 0a0001 100200"),
		Random:       func() [8]byte { return [8]byte(unhex(t, "045afb728ae2f5c6")) },
		Reticent:     true,
	})
	p.SetInput(0, true)
	p.Fail(ClearStatus)
	for _, c := range []struct{ asked, want string }{
		{"5365080004606090", "53e508000440d296"},
		{"53650900056100e94d", "53e514000545697a009901040302010b0c0d3d05"},
		{"53650900066200ea41", "53e5200006460101020201010401010501010801000901000a0001100200f852"},
		{"536513000f0311007614f0f6b961934fa2c612", "53e52b000f03120076697a990004030201045afb728ae2f5c657469d87b0d79fcc13485ba45ebb9a693ea3"},
		{"53651b000d03130077c34a19158766e7cc4d525e0ffdd90c93b715", "53e51b000d03140178859b0fb0e09df7a54badf681912e6951466b"},
		{"53650e000e021565a98812f43cc4", "53e510000e02154901003f4bb60c02e6"},
		{"53651e000f021768f2ea9b9cdfc3f1b03b2bc69b8b0d97348cf8d1320f81", "53e50e000f021640546f6ed2bc65"},
		{"53651e000d02176aa582473dbf87a86881ccab422f48afb25991838cf931", "53e50e000d0216401c2f701d3714"},
		{"53650e000e02156004ac23ab23f3", "53e50e000e021640552436b15462"},
	} {
		if got := p.Answer(unhex(t, c.asked)); !bytes.Equal(got, unhex(t, c.want)) {
			t.Fatalf("%s is answered %x, want %s", c.asked, got, c.want)
		}
	}
	if on := p.Outputs(); !on[0] {
		t.Error("the output is off")
	}
	if c := p.Counts(); c.OutputCommands != 1 || c.BuzzerCommands != 1 || c.Exposed != 0 || c.Sessions != 1 {
		t.Errorf("counts %+v", c)
	}
}

func TestPeripheralSequence(t *testing.T) {
	p := NewPeripheral(PeripheralConfig{Inputs: 1})
	poll := func(sequence byte) (code, data byte) {
		t.Helper()
		raw := p.Answer(osdpFrame{control: flagCRC | sequence, code: cmdPoll}.bytes())
		_, f, _, ok := nextOSDP(raw, true)
		if !ok || f.address != 0x80 || f.sequence() != sequence {
			t.Fatalf("answer % X", raw)
		}
		return f.code, append(f.data, 0xEE)[0]
	}
	expect := func(sequence, code, data byte) {
		t.Helper()
		if c, d := poll(sequence); c != code || d != data {
			t.Errorf("sequence number %d is answered %02X %02X, want %02X %02X", sequence, c, d, code, data)
		}
	}
	expect(1, repNAK, nakSequence)
	expect(0, repACK, 0xEE)
	p.SetInput(0, true)
	expect(1, repIStat, 1)
	expect(1, repIStat, 1)
	expect(2, repACK, 0xEE)
	expect(1, repNAK, nakSequence)
	expect(3, repACK, 0xEE)
	expect(1, repACK, 0xEE)
	p.Restart()
	expect(2, repNAK, nakSequence)
	expect(0, repLStat, 0)
	if n := p.Counts().Repeated; n != 1 {
		t.Errorf("%d repetitions", n)
	}
}

func TestPeripheralOutputs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPeripheral(PeripheralConfig{Outputs: 1})
		control := func(action byte, ticks byte) {
			t.Helper()
			f := osdpFrame{control: flagCRC, code: cmdOut, data: []byte{0, action, ticks, 0}}
			if _, f, _, ok := nextOSDP(p.Answer(f.bytes()), true); !ok || f.code != repACK {
				t.Errorf("action %d is answered %+v", action, f)
			}
		}
		after := func(d time.Duration, want bool) {
			t.Helper()
			time.Sleep(d)
			if got := p.Outputs()[0]; got != want {
				t.Errorf("the output is %v", got)
			}
		}
		control(5, 20)
		after(1900*time.Millisecond, true)
		after(100*time.Millisecond, false)
		control(2, 0)
		after(time.Hour, true)
		control(6, 10)
		after(999*time.Millisecond, false)
		after(time.Millisecond, true)
		control(5, 10)
		control(3, 0)
		after(999*time.Millisecond, true)
		after(time.Millisecond, false)
		control(5, 10)
		control(1, 0)
		after(0, false)
		if n := p.Counts().Exposed; n != 7 {
			t.Errorf("%d commands came outside the secure channel", n)
		}
	})
}

func TestLock(t *testing.T) {
	r, err := NewRoom(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	lock := r.devices["lock"].peripheral
	say := func() string {
		lock.mu.Lock()
		defer lock.mu.Unlock()
		var all []byte
		for _, e := range lock.events {
			all = append(append(all, e.code), e.data...)
		}
		lock.events = nil
		return hex.EncodeToString(all)
	}
	say()
	for _, c := range []struct{ command, says string }{
		{"lock open", "4900"},
		{"lock close", "4901"},
		{"lock card 12345640", "50000120001 2345640"},
		{"lock keys 1234", "53000431323334"},
		{"lock tamper", "480100"},
		{"lock back", "480000"},
		{"lock restart", "480001"},
		{"lock reset", "480001"},
		{"lock busy", ""},
		{"lock mac", ""},
		{"lock half", ""},
		{"lock unplug", ""},
		{"lock replug", ""},
	} {
		if err := r.Do(c.command); err != nil {
			t.Errorf("%s: %v", c.command, err)
		}
		if got, want := say(), strings.ReplaceAll(c.says, " ", ""); got != want {
			t.Errorf("%s announces %s, want %s", c.command, got, want)
		}
	}
	for _, wrong := range []string{
		"lock refusing", "lock card", "lock card xyz", "lock card " + strings.Repeat("00", 33), "lock keys 12a", "lock sing la", "door card 00",
		"lock card 00 00", "detector mac",
	} {
		if err := r.Do(wrong); !errors.Is(err, ErrCommand) {
			t.Errorf("%q: error %v", wrong, err)
		}
	}
}

func FuzzOSDP(f *testing.F) {
	for _, s := range []string{
		"53 00 08 00 04 60 EB AA", "53 00 13 00 0D 03 11 00 76 01 01 01 01 01 01 01 01 16 09",
		"53 00 0E 00 0E 02 15 60 4B 32 76 77 73 B6", "FF 53 53 00 09 00 04 61 00 C0 66 53",
	} {
		f.Add(unhex(f, s), []byte{})
		f.Add(unhex(f, s), []byte{1, 5, 1, 0})
		f.Add(unhex(f, s), []byte{9, 0x80, 0x25, 0, 0})
	}
	f.Fuzz(func(t *testing.T, stream, data []byte) {
		c := PeripheralConfig{Inputs: 1, Outputs: 1, Readers: 1}
		p := NewPeripheral(c)
		for _, quiet := range []bool{false, true} {
			for rest := stream; ; {
				raw, frame, next, ok := nextOSDP(rest, quiet)
				if !ok {
					if quiet && len(next) != 0 {
						t.Error("noise stays")
					}
					break
				}
				if len(next) >= len(rest) {
					t.Fatal("the stream does not shrink")
				}
				p.respond(raw, frame)
				rest = next
			}
		}
		// A right frame around what no right panel says.
		for code := range 256 {
			if len(data) > 200 {
				break
			}
			answer := NewPeripheral(c).Answer(osdpFrame{control: flagCRC, code: byte(code), data: data}.bytes())
			if _, _, _, ok := nextOSDP(answer, true); !ok {
				t.Errorf("command %02X is answered % X", code, answer)
			}
		}
	})
}
