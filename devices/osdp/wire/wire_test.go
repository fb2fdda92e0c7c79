package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeRefuses(t *testing.T) {
	crc := func(s string) []byte { // with the CRC it would have
		b := unhex(t, s)
		c := CRC(b)
		return append(b, byte(c), byte(c>>8))
	}
	for _, c := range []struct {
		name  string
		bytes []byte
		says  string
	}{
		{"nothing", nil, "only 0 of the 5"},
		{"another first byte", crc("54 00 08 00 04 60"), "begins with 53"},
		{"half a header", unhex(t, "53 00 08"), "only 3 of the 5"},
		{"too short a length", unhex(t, "53 00 06 00 04 60"), "length 6"},
		{"too long a length", unhex(t, "53 00 A1 05 04 60"), "length 1441"},
		{"reserved bits", crc("53 00 08 00 84 60"), "reserved"},
		{"a wrong CRC", unhex(t, "53 00 08 00 04 60 EB AB"), "CRC"},
		{"a wrong checksum", unhex(t, "53 E5 07 00 01 40 81"), "checksum"},
		{"bytes behind", unhex(t, "53 00 08 00 04 60 EB AA 00"), "1 bytes follow"},
		{"nothing inside", crc("53 00 07 00 04"), "no command"},
		{"a block longer than the frame", crc("53 00 0A 00 0C 09 15 60"), "security block"},
		{"a block shorter than itself", crc("53 00 0A 00 0C 01 15 60"), "security block"},
		{"a block of no type", crc("53 00 0A 00 0C 02 00 60"), "security block"},
		{"a block and nothing else", crc("53 00 09 00 0C 02 15"), "no command"},
	} {
		_, err := Decode(c.bytes)
		var malformed *FormatError
		if !errors.As(err, &malformed) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v does not say %q", c.name, err, c.says)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, f := range map[string]Frame{
		"an address with bit 7":       {Address: 0x80},
		"a fifth sequence number":     {Sequence: 4},
		"a block without a type":      {Info: []byte{1}},
		"a block of 256 bytes":        {SCS: SCS11, Info: make([]byte, 254)},
		"a frame longer than allowed": {Data: make([]byte, MaxFrame-7)},
	} {
		if b, err := f.Encode(); err == nil {
			t.Errorf("%s became %d bytes", name, len(b))
		}
	}
	if b, err := (Frame{Data: make([]byte, MaxFrame-8)}).Encode(); err != nil || len(b) != MaxFrame {
		t.Errorf("the longest frame has %d bytes, %v", len(b), err)
	}
	s := NewSession(Keys{}, [16]byte{})
	before := *s
	if _, err := s.Seal(Frame{Data: make([]byte, MaxFrame)}); err == nil || *s != before {
		t.Errorf("a command that is too long: %v", err)
	}
}

func TestFind(t *testing.T) {
	command := unhex(t, "53 65 08 00 05 60 51 A3")
	reply := func(address, sequence byte, code ReplyCode, data ...byte) []byte {
		b, err := Frame{Address: address, Reply: true, Sequence: sequence, Code: byte(code), Data: data}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	ack, input := reply(0x65, 1, ACKReply), reply(0x65, 1, InputStatusReply, 0, 1)
	sum, err := Frame{Address: 0x65, Reply: true, Sequence: 1, Checksum: true, Code: byte(ACKReply)}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	broken := bytes.Clone(ack)
	broken[len(broken)-1] ^= 1
	inside := reply(0x65, 1, FormattedReply, append([]byte{0, 0, byte(len(ack))}, ack...)...)
	for _, c := range []struct {
		name     string
		received []byte
		want     ReplyCode // when more may come
		last     ReplyCode // when nothing more comes
		diagnose string
	}{
		{"a reply", input, InputStatusReply, InputStatusReply, ""},
		{"a mark before", join([]byte{0xFF, 0xFF}, input), InputStatusReply, InputStatusReply, ""},
		{"noise before", join(unhex(t, "00 53 12 E5 53 53 FF 00"), input), InputStatusReply, InputStatusReply, ""},
		{"the echo before", join(command, input), InputStatusReply, InputStatusReply, ""},
		{"an old reply before", join(reply(0x65, 3, ACKReply), input), InputStatusReply, InputStatusReply, ""},
		{"another peripheral before", join(reply(0x64, 1, ACKReply), input), InputStatusReply, InputStatusReply, ""},
		{"twice", join(input, input), InputStatusReply, InputStatusReply, ""},
		{"busy has no sequence number", reply(0x65, 0, BusyReply), BusyReply, BusyReply, ""},
		{"busy with the sequence number", reply(0x65, 1, BusyReply), BusyReply, BusyReply, ""},
		{"half a reply", input[:6], 0, 0, "only 6 of the 10 bytes"},
		{"half a reply and then a whole one", join(input[:6], ack), ACKReply, ACKReply, ""},
		{"a reply inside a reply", inside, FormattedReply, FormattedReply, ""},
		{"the beginning of a reply with a reply inside", inside[:len(inside)-2], 0, ACKReply, ""},
		{"nothing", nil, 0, 0, "nothing came"},
		{"the echo", command, 0, 0, "only the echo"},
		{"noise", unhex(t, "00 01 02"), 0, 0, "3 bytes came that are no reply"},
		{"an old reply", reply(0x65, 3, ACKReply), 0, 0, "sequence number 3 instead of 1"},
		{"another peripheral", reply(0x64, 1, ACKReply), 0, 0, "address 100 replied"},
		{"another panel", unhex(t, "53 00 08 00 04 60 EB AA"), 0, 0, "a command to address 0"},
		{"a wrong CRC", broken, 0, 0, "in the reply, the CRC"},
		{"a checksum in place of the CRC", sum, 0, 0, "checked in another way"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := Expectation{Address: 0x65, Sequence: 1, Command: command}
			for _, last := range []bool{false, true} {
				want := c.want
				if last {
					want = c.last
				}
				f, ok := e.Find(c.received, last)
				if ok != (want != 0) || ok && ReplyCode(f.Code) != want {
					t.Errorf("last %v: found %v %v, want %v", last, ok, ReplyCode(f.Code), want)
				}
			}
			if c.last == 0 {
				if got := e.Diagnose(c.received); !strings.Contains(got, c.diagnose) {
					t.Errorf("diagnosis %q, want %q", got, c.diagnose)
				}
			}
		})
	}
}

func TestReplies(t *testing.T) {
	for _, c := range []struct {
		code ReplyCode
		data string
		want Reply // nil: refused
	}{
		{ACKReply, "", Plain{What: ACKReply}},
		{VendorReply, "00 0E E3 01", Plain{VendorReply, []byte{0, 0x0E, 0xE3, 1}}},
		{NAKReply, "", nil},
		{NAKReply, "09 01", NAK{NAKRecord, []byte{1}}},
		{IDReply, "01 02 03 04 05 06 07 08 09 0A 0B", nil},
		{CapabilitiesReply, "", Features(nil)},
		{CapabilitiesReply, "01 01", nil},
		{LocalStatusReply, "01", nil},
		{LocalStatusReply, "01 00", Local{Tamper: true}},
		{InputStatusReply, "", Inputs{}},
		{InputStatusReply, "00 01 02", Inputs{Inactive, Active, 2}},
		{OutputStatusReply, "01", Outputs{Active}},
		{ReaderStatusReply, "00 01 02", ReaderStates{0, 1, 2}},
		{RawReply, "00 01 1A", nil},
		{RawReply, "00 01 1A 00 AB CD EF", nil},
		{RawReply, "00 01 1A 00 AB CD EF 80 00", nil},
		{RawReply, "00 00 00 00", Card{}},
		{FormattedReply, "00 01", nil},
		{FormattedReply, "00 01 03 41 42", nil},
		{FormattedReply, "01 01 02 41 42", Formatted{1, true, []byte("AB")}},
		{KeypadReply, "00", nil},
		{KeypadReply, "00 02 31", nil},
		{KeypadReply, "01 03 31 7F 0D", Keypad{1, []byte{'1', 0x7F, 0x0D}}},
		{CommunicationReply, "01 80 25 00", nil},
		{CommunicationReply, "01 80 25 00 00", Communication{1, 9600}},
		{ClientCryptogramReply, strings.Repeat("00", 31), nil},
		{InitialMACReply, strings.Repeat("00", 17), nil},
		{BusyReply, "", Plain{What: BusyReply}},
	} {
		got, err := DecodeReply(c.code, unhex(t, c.data))
		var malformed *FormatError
		switch {
		case c.want == nil && !errors.As(err, &malformed):
			t.Errorf("%v %s: %+v, %v", c.code, c.data, got, err)
		case c.want != nil:
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%v %s: %v (-want +got):\n%s", c.code, c.data, err, diff)
			}
		}
	}
	if got := (Keypad{Keys: []byte{'7', 0x7F, 0x0D, 'x'}}).String(); got != "7*#?" {
		t.Errorf("keys are shown as %s", got)
	}
	f := Features{{ContactMonitoring, 1, 2}}
	if c, ok := f.Of(ContactMonitoring); !ok || c.Count != 2 {
		t.Errorf("contact monitoring: %+v, %v", c, ok)
	}
	if c, ok := f.Of(Security); ok {
		t.Errorf("security: %+v", c)
	}
}

func TestCommands(t *testing.T) {
	text, err := Text(0, 5, 1, 2, "Exam")
	if err != nil {
		t.Fatal(err)
	}
	keep, err := KeepActive(7 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command Command
		want    string
	}{
		{Lamps(LED{0, 1, &Blink{1, 2, Green, Black}, 0x1234, nil}), "69 00 01 02 01 02 02 00 34 12 00 00 00 00 00"},
		{Lamps(LED{0, 0, nil, 0, &Blink{1, 0, Red, Red}}), "69 00 00 00 00 00 00 00 00 00 01 01 00 01 01"},
		{Lamps(LED{}, LED{Reader: 1}), "69" + strings.Repeat("00", 14) + "01" + strings.Repeat("00", 13)},
		{Buzzer(Buzz{Reader: 1, Silence: true, Count: 9}), "6A 01 01 00 00 00"},
		{text, "6B 00 03 05 01 02 04 45 78 61 6D"},
		{SetReceiveSize(1440), "7B A0 05"},
		{keep, "A7 58 1B"},
		{Vendor([3]byte{0, 0x0E, 0xE3}, 1, 2), "80 00 0E E3 01 02"},
		{Abort, "A2"},
		{ReaderStatus, "67"},
	} {
		if got := append([]byte{byte(c.command.Code)}, c.command.Data...); !bytes.Equal(got, unhex(t, c.want)) {
			t.Errorf("%v is % X, want %s", c.command.Code, got, c.want)
		}
	}
	for name, err := range map[string]error{
		"a text with other letters": second(Text(0, 0, 1, 1, "Емтихан")),
		"a long text":               second(Text(0, 0, 1, 1, strings.Repeat("x", 101))),
		"no time":                   second(KeepActive(0)),
		"a long time":               second(KeepActive(66 * time.Second)),
		"no ticks":                  second(Ticks(0)),
		"negative ticks":            second(Ticks(-time.Second)),
		"many ticks":                second(Ticks(2 * time.Hour)),
	} {
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	for d, want := range map[time.Duration]uint16{1: 1, 100 * time.Millisecond: 1, 101 * time.Millisecond: 2, 5 * time.Second: 50, 6553500 * time.Millisecond: 0xFFFF} {
		if got, err := Ticks(d); err != nil || got != want {
			t.Errorf("%v are %d ticks, %v; want %d", d, got, err, want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestHandshakeRefuses(t *testing.T) {
	a, b := [8]byte{1}, [8]byte{2}
	keys := Derive(DefaultKey, a)
	proof := keys.ClientCryptogram(a, b)
	data := append(append(make([]byte, 8), b[:]...), proof[:]...)
	good := Frame{Reply: true, SCS: SCS12, Info: []byte{0}, Code: byte(ClientCryptogramReply), Data: data}
	first := keys.InitialMAC(keys.ServerCryptogram(a, b))
	last := Frame{Reply: true, SCS: SCS14, Info: []byte{1}, Code: byte(InitialMACReply), Data: first[:]}
	prove := func(key Key, change func(*Frame)) error {
		f := good
		change(&f)
		_, err := NewHandshake(key, a).Prove(f, Frame{})
		return err
	}
	establish := func(change func(*Frame)) error {
		h := NewHandshake(DefaultKey, a)
		if _, err := h.Prove(good, Frame{}); err != nil {
			t.Fatal(err)
		}
		f := last
		change(&f)
		_, err := h.Establish(f)
		return err
	}
	var malformed *FormatError
	for _, c := range []struct {
		name string
		err  error
		key  bool
	}{
		{"another key", prove(Key{1}, func(*Frame) {}), true},
		{"no security block", prove(DefaultKey, func(f *Frame) { f.SCS = 0 }), false},
		{"another reply", prove(DefaultKey, func(f *Frame) { f.Code, f.Data = byte(ACKReply), nil }), false},
		{"half a cryptogram", prove(DefaultKey, func(f *Frame) { f.Data = f.Data[:24] }), false},
		{"a refusal of the panel's proof", establish(func(f *Frame) { f.Info = []byte{0xFF} }), true},
		{"a status that is missing", establish(func(f *Frame) { f.Info = nil }), true},
		{"another MAC", establish(func(f *Frame) { f.Data = make([]byte, 16) }), true},
		{"no last block", establish(func(f *Frame) { f.SCS = SCS12 }), false},
	} {
		if c.key != errors.Is(c.err, ErrKey) || !c.key && !errors.As(c.err, &malformed) {
			t.Errorf("%s: %v", c.name, c.err)
		}
	}
	if err := establish(func(*Frame) {}); err != nil {
		t.Errorf("the right way: %v", err)
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, struct{ K Key }{DefaultKey}); strings.Contains(got, "30") || strings.Contains(got, "48") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range frames {
		f.Add(unhex(f, c.bytes))
	}
	for _, c := range recorded {
		f.Add(unhex(f, c.came))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := Decode(b)
		if err != nil {
			return
		}
		if again, err := frame.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("% X decodes and encodes to % X, %v", b, again, err)
		}
	})
}

func FuzzFind(f *testing.F) {
	f.Add([]byte{}, byte(0x65), byte(1))
	for _, c := range recorded {
		f.Add(unhex(f, c.sent+c.came), byte(0x65), byte(1))
		f.Add(unhex(f, "FF0053E5"+c.came), byte(0x65), byte(2))
	}
	f.Fuzz(func(t *testing.T, b []byte, address, sequence byte) {
		e := Expectation{Address: address & 0x7F, Sequence: sequence & 3}
		early, ok := e.Find(b, false)
		late, found := e.Find(b, true)
		if ok && !found {
			t.Error("a reply is found while more may come and lost when nothing comes")
		}
		if ok && cmp.Diff(early, late) != "" {
			t.Errorf("two different replies: %+v and %+v", early, late)
		}
		if found && (late.Address != e.Address || !late.Reply || !e.matches(late)) {
			t.Errorf("found %+v", late)
		}
		if !found && e.Diagnose(b) == "" {
			t.Error("no diagnosis")
		}
	})
}

func FuzzReply(f *testing.F) {
	for _, c := range frames {
		if frame, err := Decode(unhex(f, c.bytes)); err == nil && frame.Reply {
			f.Add(frame.Code, frame.Data)
		}
	}
	f.Add(byte(ClientCryptogramReply), make([]byte, 32))
	f.Add(byte(FormattedReply), []byte{0, 0, 1, 'x'})
	f.Fuzz(func(t *testing.T, code byte, data []byte) {
		r, err := DecodeReply(ReplyCode(code), data)
		if (r == nil) == (err == nil) {
			t.Fatalf("%v and %v", r, err)
		}
		if err == nil && r.Code() != ReplyCode(code) {
			t.Errorf("code %02X became %v", code, r.Code())
		}
		if c, ok := r.(Card); ok && (c.Bits+7)/8 != len(c.Data) {
			t.Errorf("card %+v", c)
		}
	})
}

func FuzzOpen(f *testing.F) {
	for _, c := range recorded {
		f.Add(unhex(f, c.came), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, authentic bool) {
		frame, err := Decode(b)
		if err != nil {
			return
		}
		s := NewSession(Keys{}, [16]byte{})
		// A peripheral whose software is wrong may send anything under a right MAC.
		if authentic && len(frame.Data) >= macSize {
			unsealed := frame
			unsealed.Data = frame.Data[:len(frame.Data)-macSize]
			body, err := unsealed.body(macSize)
			if err != nil {
				t.Fatal(err)
			}
			mac := s.mac(s.command, body)
			frame.Data = append(bytes.Clone(unsealed.Data), mac[:macSize]...)
		}
		before := *s
		data, exposed, err := s.Open(frame)
		switch {
		case err != nil && *s != before:
			t.Error("a refused reply went into the chain")
		case err == nil && len(data) > len(frame.Data):
			t.Errorf("%d bytes became %d", len(frame.Data), len(data))
		case err == nil && exposed && len(data) == 0:
			t.Error("nothing is exposed")
		}
	})
}
