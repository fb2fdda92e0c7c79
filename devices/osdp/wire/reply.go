package wire

import (
	"encoding/binary"
	"fmt"
)

// ReplyCode says what a reply is.
type ReplyCode byte

// The replies.
const (
	ACKReply              ReplyCode = 0x40
	NAKReply              ReplyCode = 0x41
	IDReply               ReplyCode = 0x45
	CapabilitiesReply     ReplyCode = 0x46
	LocalStatusReply      ReplyCode = 0x48
	InputStatusReply      ReplyCode = 0x49
	OutputStatusReply     ReplyCode = 0x4A
	ReaderStatusReply     ReplyCode = 0x4B
	RawReply              ReplyCode = 0x50
	FormattedReply        ReplyCode = 0x51
	KeypadReply           ReplyCode = 0x53
	CommunicationReply    ReplyCode = 0x54
	ClientCryptogramReply ReplyCode = 0x76
	InitialMACReply       ReplyCode = 0x78
	BusyReply             ReplyCode = 0x79
	VendorReply           ReplyCode = 0x90
)

var replyNames = map[ReplyCode]string{
	ACKReply: "ACK", NAKReply: "NAK", IDReply: "PDID", CapabilitiesReply: "PDCAP", LocalStatusReply: "LSTATR",
	InputStatusReply: "ISTATR", OutputStatusReply: "OSTATR", ReaderStatusReply: "RSTATR", RawReply: "RAW",
	FormattedReply: "FMT", KeypadReply: "KEYPAD", CommunicationReply: "COM", ClientCryptogramReply: "CCRYPT",
	InitialMACReply: "RMAC_I", BusyReply: "BUSY", VendorReply: "MFGREP",
}

// String returns the name of the standard without its prefix, such as "ACK".
func (c ReplyCode) String() string {
	if name, known := replyNames[c]; known {
		return name
	}
	return fmt.Sprintf("reply %02X", byte(c))
}

// Reply is one of the types below. ACK, BUSY and replies that this package does not know are a Plain one.
type Reply interface {
	// Code says what the reply is.
	Code() ReplyCode
}

// Plain is a reply whose data, if any, are not looked into.
type Plain struct {
	What ReplyCode
	Data []byte
}

// Code returns What.
func (p Plain) Code() ReplyCode { return p.What }

// NAKReason says why a peripheral refuses a command.
type NAKReason byte

// The reasons of a refusal.
const (
	NAKCheck            NAKReason = 1
	NAKLength           NAKReason = 2
	NAKUnknownCommand   NAKReason = 3
	NAKSequence         NAKReason = 4
	NAKNoSecureChannel  NAKReason = 5
	NAKSecureConditions NAKReason = 6
	NAKBiometricType    NAKReason = 7
	NAKBiometricFormat  NAKReason = 8
	NAKRecord           NAKReason = 9
)

// String returns an English phrase for the log.
func (r NAKReason) String() string {
	switch r {
	case NAKCheck:
		return "the check was wrong"
	case NAKLength:
		return "the command has a wrong length"
	case NAKUnknownCommand:
		return "it does not know the command"
	case NAKSequence:
		return "the sequence number was not the expected one"
	case NAKNoSecureChannel:
		return "it does not support this secure channel"
	case NAKSecureConditions:
		return "it wants the command inside the secure channel, or has none"
	case NAKBiometricType, NAKBiometricFormat:
		return "it does not know the kind of biometrics"
	case NAKRecord:
		return "it cannot process the contents of the command"
	}
	return fmt.Sprintf("reason %d", byte(r))
}

// NAK is a refusal.
type NAK struct {
	Reason NAKReason
	Data   []byte
}

// Code returns NAKReply.
func (NAK) Code() ReplyCode { return NAKReply }

// Identity says who a peripheral is. Outside a session nobody vouches for it.
type Identity struct {
	// Vendor is the IEEE OUI of the manufacturer.
	Vendor [3]byte
	Model  byte
	// Version of the model.
	Version byte
	Serial  uint32
	// Firmware is its version: major, minor and build.
	Firmware [3]byte
}

// Code returns IDReply.
func (Identity) Code() ReplyCode { return IDReply }

// Feature is something a peripheral may be able to do.
type Feature byte

// The features.
const (
	ContactMonitoring Feature = 1
	OutputControlled  Feature = 2
	CardFormat        Feature = 3
	LEDControlled     Feature = 4
	AudibleOutput     Feature = 5
	TextOutput        Feature = 6
	TimeKeeping       Feature = 7
	CheckCharacter    Feature = 8
	Security          Feature = 9
	ReceiveBuffer     Feature = 10
	LargestMessage    Feature = 11
	SmartCard         Feature = 12
	Readers           Feature = 13
	Biometrics        Feature = 14
	SecurePIN         Feature = 15
	Version           Feature = 16
)

// Capability is a feature with the degree in which a peripheral has it and, where that means something, how many.
type Capability struct {
	Feature    Feature
	Compliance byte
	Count      byte
}

// Features are the capabilities a peripheral claims.
type Features []Capability

// Code returns CapabilitiesReply.
func (Features) Code() ReplyCode { return CapabilitiesReply }

// Of returns the capability of a feature; the zero one with false when the peripheral does not claim it.
func (f Features) Of(feature Feature) (Capability, bool) {
	for _, c := range f {
		if c.Feature == feature {
			return c, true
		}
	}
	return Capability{Feature: feature}, false
}

// Local is the state of the peripheral itself.
type Local struct {
	// Tamper: its housing is open.
	Tamper bool
	// PowerFailure: its supply has failed, or has just returned.
	PowerFailure bool
}

// Code returns LocalStatusReply.
func (Local) Code() ReplyCode { return LocalStatusReply }

// Level is the state of an input or an output: 0 inactive, 1 active; other values are states of a fault.
type Level byte

// The levels of the standard.
const (
	Inactive Level = 0
	Active   Level = 1
)

// Inputs are the levels of all inputs.
type Inputs []Level

// Code returns InputStatusReply.
func (Inputs) Code() ReplyCode { return InputStatusReply }

// Outputs are the levels of all outputs.
type Outputs []Level

// Code returns OutputStatusReply.
func (Outputs) Code() ReplyCode { return OutputStatusReply }

// ReaderState is the state of a reader attached to the peripheral: 0 normal, 1 not connected, 2 tampered with.
type ReaderState byte

// ReaderStates are those of all readers.
type ReaderStates []ReaderState

// Code returns ReaderStatusReply.
func (ReaderStates) Code() ReplyCode { return ReaderStatusReply }

// Card is what a reader has read as bits.
type Card struct {
	Reader byte
	// Format is 0 when nothing is known of the bits and 1 when they begin and end with a parity bit (Wiegand).
	Format byte
	// Bits is the number of bits, of which the first is the highest of Data[0].
	Bits int
	Data []byte
}

// Code returns RawReply.
func (Card) Code() ReplyCode { return RawReply }

// Formatted is what a reader has read as characters. Newer peripherals no longer send it.
type Formatted struct {
	Reader byte
	// Backward: the card was drawn through the reader in the wrong direction.
	Backward bool
	Data     []byte
}

// Code returns FormattedReply.
func (Formatted) Code() ReplyCode { return FormattedReply }

// Keypad is what has been typed at a reader: digits as ASCII, 7F for "*" and 0D for "#".
type Keypad struct {
	Reader byte
	Keys   []byte
}

// Code returns KeypadReply.
func (Keypad) Code() ReplyCode { return KeypadReply }

// String returns the keys as a person sees them; what is neither a digit nor "*" or "#" becomes "?".
func (k Keypad) String() string {
	text := make([]byte, len(k.Keys))
	for i, c := range k.Keys {
		switch {
		case c >= '0' && c <= '9':
			text[i] = c
		case c == 0x7F:
			text[i] = '*'
		case c == 0x0D:
			text[i] = '#'
		default:
			text[i] = '?'
		}
	}
	return string(text)
}

// Code returns CommunicationReply: what a peripheral will use from now on.
func (Communication) Code() ReplyCode { return CommunicationReply }

// ClientCryptogram is the second step of a handshake.
type ClientCryptogram struct {
	// ClientID is chosen by the peripheral, often from its serial number.
	ClientID [8]byte
	// Random is the random number of the peripheral.
	Random [8]byte
	// Cryptogram proves that the peripheral knows the key.
	Cryptogram [16]byte
}

// Code returns ClientCryptogramReply.
func (ClientCryptogram) Code() ReplyCode { return ClientCryptogramReply }

// InitialMAC is the last step of a handshake.
type InitialMAC struct{ MAC [16]byte }

// Code returns InitialMACReply.
func (InitialMAC) Code() ReplyCode { return InitialMACReply }

// DecodeReply returns what a reply says; data are decrypted already. It copies what it keeps. It returns a *FormatError
// when the data cannot be those of such a reply. A longer reply than the standard has is accepted where the rest can
// only be an addition.
func DecodeReply(code ReplyCode, data []byte) (Reply, error) {
	short := func(n int) error {
		return malformed("%v has %d bytes of data instead of %d", code, len(data), n)
	}
	switch code {
	case NAKReply:
		if len(data) < 1 {
			return nil, short(1)
		}
		return NAK{NAKReason(data[0]), clone(data[1:])}, nil
	case IDReply:
		if len(data) < 12 {
			return nil, short(12)
		}
		return Identity{
			Vendor: [3]byte(data[0:3]), Model: data[3], Version: data[4],
			Serial: binary.LittleEndian.Uint32(data[5:]), Firmware: [3]byte(data[9:12]),
		}, nil
	case CapabilitiesReply:
		if len(data)%3 != 0 {
			return nil, malformed("%v has %d bytes of data, which is no multiple of 3", code, len(data))
		}
		var f Features
		for ; len(data) > 0; data = data[3:] {
			f = append(f, Capability{Feature(data[0]), data[1], data[2]})
		}
		return f, nil
	case LocalStatusReply:
		if len(data) < 2 {
			return nil, short(2)
		}
		return Local{Tamper: data[0] != 0, PowerFailure: data[1] != 0}, nil
	case InputStatusReply:
		return Inputs(levels(data)), nil
	case OutputStatusReply:
		return Outputs(levels(data)), nil
	case ReaderStatusReply:
		states := make(ReaderStates, len(data))
		for i, v := range data {
			states[i] = ReaderState(v)
		}
		return states, nil
	case RawReply:
		if len(data) < 4 {
			return nil, short(4)
		}
		bits := int(binary.LittleEndian.Uint16(data[2:]))
		if n := 4 + (bits+7)/8; len(data) != n {
			return nil, malformed("%v announces %d bits and has %d bytes of data instead of %d", code, bits, len(data), n)
		}
		return Card{data[0], data[1], bits, clone(data[4:])}, nil
	case FormattedReply:
		if len(data) < 3 || len(data) != 3+int(data[2]) {
			return nil, malformed("%v has %d bytes of data, other than it announces", code, len(data))
		}
		return Formatted{data[0], data[1] != 0, clone(data[3:])}, nil
	case KeypadReply:
		if len(data) < 2 || len(data) != 2+int(data[1]) {
			return nil, malformed("%v has %d bytes of data, other than it announces", code, len(data))
		}
		return Keypad{data[0], clone(data[2:])}, nil
	case CommunicationReply:
		if len(data) < 5 {
			return nil, short(5)
		}
		return Communication{data[0], binary.LittleEndian.Uint32(data[1:])}, nil
	case ClientCryptogramReply:
		if len(data) != 32 {
			return nil, short(32)
		}
		return ClientCryptogram{[8]byte(data[:8]), [8]byte(data[8:16]), [16]byte(data[16:])}, nil
	case InitialMACReply:
		if len(data) != 16 {
			return nil, short(16)
		}
		return InitialMAC{[16]byte(data)}, nil
	}
	return Plain{code, clone(data)}, nil
}

func clone(data []byte) []byte { return append([]byte(nil), data...) }

func levels(data []byte) []Level {
	all := make([]Level, len(data))
	for i, v := range data {
		all[i] = Level(v)
	}
	return all
}
