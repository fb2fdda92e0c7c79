package wire

import (
	"encoding/binary"
	"fmt"
	"time"
)

// CommandCode says what a command is.
type CommandCode byte

// The commands.
const (
	PollCommand          CommandCode = 0x60
	IDCommand            CommandCode = 0x61
	CapabilitiesCommand  CommandCode = 0x62
	LocalStatusCommand   CommandCode = 0x64
	InputStatusCommand   CommandCode = 0x65
	OutputStatusCommand  CommandCode = 0x66
	ReaderStatusCommand  CommandCode = 0x67
	OutputCommand        CommandCode = 0x68
	LEDCommand           CommandCode = 0x69
	BuzzerCommand        CommandCode = 0x6A
	TextCommand          CommandCode = 0x6B
	CommunicationCommand CommandCode = 0x6E
	KeySetCommand        CommandCode = 0x75
	ChallengeCommand     CommandCode = 0x76
	CryptogramCommand    CommandCode = 0x77
	ReceiveSizeCommand   CommandCode = 0x7B
	VendorCommand        CommandCode = 0x80
	AbortCommand         CommandCode = 0xA2
	KeepActiveCommand    CommandCode = 0xA7
)

var commandNames = map[CommandCode]string{
	PollCommand: "POLL", IDCommand: "ID", CapabilitiesCommand: "CAP", LocalStatusCommand: "LSTAT",
	InputStatusCommand: "ISTAT", OutputStatusCommand: "OSTAT", ReaderStatusCommand: "RSTAT", OutputCommand: "OUT",
	LEDCommand: "LED", BuzzerCommand: "BUZ", TextCommand: "TEXT", CommunicationCommand: "COMSET", KeySetCommand: "KEYSET",
	ChallengeCommand: "CHLNG", CryptogramCommand: "SCRYPT", ReceiveSizeCommand: "ACURXSIZE", VendorCommand: "MFG",
	AbortCommand: "ABORT", KeepActiveCommand: "KEEPACTIVE",
}

// String returns the name of the standard without its prefix, such as "POLL".
func (c CommandCode) String() string {
	if name, known := commandNames[c]; known {
		return name
	}
	return fmt.Sprintf("command %02X", byte(c))
}

// Command is what a panel says to a peripheral.
type Command struct {
	Code CommandCode
	Data []byte
}

// These commands have no parameters.
var (
	Poll         = Command{Code: PollCommand}
	LocalStatus  = Command{Code: LocalStatusCommand}
	InputStatus  = Command{Code: InputStatusCommand}
	OutputStatus = Command{Code: OutputStatusCommand}
	ReaderStatus = Command{Code: ReaderStatusCommand}
	Abort        = Command{Code: AbortCommand}
)

// Identify asks who the peripheral is.
func Identify() Command { return Command{IDCommand, []byte{0}} }

// Capabilities asks what the peripheral can do.
func Capabilities() Command { return Command{CapabilitiesCommand, []byte{0}} }

// OutputAction says what an output is to do.
type OutputAction byte

// The actions on an output. Those with a time return to the permanent state after it.
const (
	OutputOff        OutputAction = 1 // permanently, ending a timed action
	OutputOn         OutputAction = 2 // permanently, ending a timed action
	OutputOffAllowed OutputAction = 3 // permanently, but a timed action runs to its end first
	OutputOnAllowed  OutputAction = 4 // permanently, but a timed action runs to its end first
	OutputTimedOn    OutputAction = 5
	OutputTimedOff   OutputAction = 6
)

// Ticks returns d in the units of 100 ms in which OSDP counts, rounded up. It returns an error unless d is more than 0 and
// at most 6553.5 s.
func Ticks(d time.Duration) (uint16, error) {
	const unit = 100 * time.Millisecond
	if d <= 0 || d > 0xFFFF*unit {
		return 0, fmt.Errorf("osdp: the time %v is not more than 0 and at most %v", d, 0xFFFF*unit)
	}
	return uint16((d + unit - 1) / unit), nil
}

// OutputControl says what one output is to do. Time, in units of 100 ms, is meant by the timed actions only.
type OutputControl struct {
	Output byte
	Action OutputAction
	Time   uint16
}

// Output switches outputs.
func Output(controls ...OutputControl) Command {
	var data []byte
	for _, c := range controls {
		data = append(data, c.Output, byte(c.Action), byte(c.Time), byte(c.Time>>8))
	}
	return Command{OutputCommand, data}
}

// Colour of a lamp.
type Colour byte

// The colours.
const (
	Black Colour = iota
	Red
	Green
	Amber
	Blue
	Magenta
	Cyan
	White
)

// Blink is a pattern of a lamp: OnTime and OffTime in units of 100 ms, each with its colour.
type Blink struct {
	OnTime, OffTime     byte
	OnColour, OffColour Colour
}

// LED says what one lamp of a reader is to do.
type LED struct {
	Reader, Lamp byte
	// Temporary, for Timer times 100 ms, covers the permanent pattern; nil leaves it as it is.
	Temporary *Blink
	Timer     uint16
	// Permanent pattern; nil leaves it as it is.
	Permanent *Blink
}

// Lamps sets lamps.
func Lamps(leds ...LED) Command {
	const set = 2 // temporary pattern and its timer
	const setPermanent = 1
	var data []byte
	for _, l := range leds {
		data = append(data, l.Reader, l.Lamp)
		if l.Temporary != nil {
			data = append(data, set)
			data = l.Temporary.append(data)
			data = binary.LittleEndian.AppendUint16(data, l.Timer)
		} else {
			data = append(data, 0, 0, 0, 0, 0, 0, 0)
		}
		if l.Permanent != nil {
			data = append(data, setPermanent)
			data = l.Permanent.append(data)
		} else {
			data = append(data, 0, 0, 0, 0, 0)
		}
	}
	return Command{LEDCommand, data}
}

func (b Blink) append(data []byte) []byte {
	return append(data, b.OnTime, b.OffTime, byte(b.OnColour), byte(b.OffColour))
}

// Buzz is what the buzzer of a reader is to sound: Count times OnTime and OffTime, in units of 100 ms; Count 0 is for ever.
type Buzz struct {
	Reader, OnTime, OffTime, Count byte
	// Silence ends what sounds; the times are not used.
	Silence bool
}

// Buzzer sounds a buzzer.
func Buzzer(b Buzz) Command {
	const off, normal = 1, 2
	tone := byte(normal)
	if b.Silence {
		tone, b.OnTime, b.OffTime, b.Count = off, 0, 0, 0
	}
	return Command{BuzzerCommand, []byte{b.Reader, tone, b.OnTime, b.OffTime, b.Count}}
}

// Text shows text (ASCII, at most 100 characters) on the display of a reader, from row and column (from 1) on, for seconds
// or, with 0, until something else is shown. It returns an error for text that no display need show.
func Text(reader byte, seconds, row, column byte, text string) (Command, error) {
	const permanent, temporary = 1, 3
	if len(text) > 100 {
		return Command{}, fmt.Errorf("osdp: a text of %d characters is longer than 100", len(text))
	}
	for _, c := range []byte(text) {
		if c < 0x20 || c > 0x7E {
			return Command{}, fmt.Errorf("osdp: the text %q has other characters than ASCII", text)
		}
	}
	how := byte(permanent)
	if seconds > 0 {
		how = temporary
	}
	return Command{TextCommand, append([]byte{reader, how, seconds, row, column, byte(len(text))}, text...)}, nil
}

// Communication is an address and a speed in bit/s.
type Communication struct {
	Address byte
	Baud    uint32
}

// SetCommunication gives the peripheral another address and speed.
func SetCommunication(c Communication) Command {
	return Command{CommunicationCommand, binary.LittleEndian.AppendUint32([]byte{c.Address}, c.Baud)}
}

// SetKey gives the peripheral another base key, SCBK. It may be sent inside the secure channel only.
func SetKey(k Key) Command {
	const scbk = 1
	return Command{KeySetCommand, append([]byte{scbk, byte(len(k))}, k[:]...)}
}

// SetReceiveSize tells the peripheral how long its replies may be, in bytes.
func SetReceiveSize(size uint16) Command {
	return Command{ReceiveSizeCommand, binary.LittleEndian.AppendUint16(nil, size)}
}

// KeepActive keeps a reader ready for d, 1 ms to 65.535 s, beyond its own time.
func KeepActive(d time.Duration) (Command, error) {
	if d < time.Millisecond || d > 0xFFFF*time.Millisecond {
		return Command{}, fmt.Errorf("osdp: the time %v is not between 1ms and 65.535s", d)
	}
	return Command{KeepActiveCommand, binary.LittleEndian.AppendUint16(nil, uint16(d/time.Millisecond))}, nil
}

// Vendor is a command of a manufacturer, known by the three bytes of its IEEE OUI.
func Vendor(oui [3]byte, data ...byte) Command {
	return Command{VendorCommand, append(oui[:], data...)}
}
