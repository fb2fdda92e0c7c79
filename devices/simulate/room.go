package simulate

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// How the devices of a Room are wired: a program under test is configured with these figures.
const (
	// DetectorUnit is the address of the detector's module: input 0 is on during an alarm and CounterRegister counts.
	DetectorUnit = 1
	// DoorUnit is the address of the door's module: input 0 is on while the door is closed.
	DoorUnit = 2
	// LockAddress is the OSDP address of the door with a lock: input 0 is active while the door is closed, output 0 is the
	// lock. It comes without a key of its own.
	LockAddress = 3
	// AlarmTime is how long the detector holds its alarm contact.
	AlarmTime = time.Second
)

// ErrCommand is wrapped by the errors of Room.Do about a command that does not exist.
var ErrCommand = errors.New("no such command")

// Commands says which commands a Room understands, one a line, for a help text.
const Commands = `detector alarm            metal: the contact closes for a second, the counter goes up by one
detector pulse            metal: only the counter goes up, no poll sees the contact
detector restart          the module starts again with its counter at zero
door open | door close    the door moves
lock open | lock close    the door with an OSDP reader and a lock moves
lock card HEX             somebody shows a card there; its bits are these bytes
lock keys DIGITS          somebody types there
lock tamper               the housing of the reader is opened
lock restart              the reader is switched off and on
lock reset                the reader forgets its key, as when it is exchanged for a new one
lock busy | mac           the reader says that it is busy; its answers are forged
NAME silent               the device stops answering (NAME is detector, door or lock)
NAME back                 the device answers again as it should
NAME noise | babble | crc | half | refusing
                          bytes before each answer, bytes instead of it, a wrong checksum, half an answer, a refusal
NAME stall                the port stops taking bytes; NAME back ends that too
NAME unplug | NAME replug the port goes away and comes back under the same link`

// Room is a walk-through metal detector, a door on a digital input and a door with an OSDP reader and a lock, each on a line
// of its own. Its methods may be called by any goroutine.
type Room struct {
	mu      sync.Mutex // one command at a time; guards release
	release *time.Timer
	devices map[string]*device
}

// device has a module or a peripheral at the far end of its line.
type device struct {
	line       *Line
	module     *Module
	peripheral *Peripheral
}

// fail makes the device misbehave.
func (d *device) fail(f Fault) {
	if d.peripheral != nil {
		d.peripheral.Fail(f)
	} else {
		d.module.Fail(f)
	}
}

// NewRoom plugs in all devices as dir/detector, dir/door and dir/lock, quiet and closed.
func NewRoom(dir string) (*Room, error) {
	r := &Room{devices: map[string]*device{}}
	for _, name := range []string{"detector", "door", "lock"} {
		line, err := NewLine(filepath.Join(dir, name))
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		d := &device{line: line}
		switch name {
		case "lock":
			d.peripheral = NewPeripheral(PeripheralConfig{Address: LockAddress, Inputs: 1, Outputs: 1, Readers: 1})
			line.AttachPeripheral(d.peripheral)
		default:
			d.module = NewModule()
			line.Attach(map[string]byte{"detector": DetectorUnit, "door": DoorUnit}[name], d.module)
		}
		r.devices[name] = d
	}
	return r, errors.Join(r.Do("door close"), r.Do("lock close"))
}

// Close unplugs everything.
func (r *Room) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.release != nil {
		r.release.Stop()
	}
	var errs []error
	for _, d := range r.devices {
		errs = append(errs, d.line.Close())
	}
	return errors.Join(errs...)
}

// Do carries out one command (see Commands). It returns an error that wraps ErrCommand when there is no such command, and
// ErrUnplugged or ErrPlugged when the device is in that state already.
func (r *Room) Do(command string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	words := strings.Fields(command)
	if len(words) < 2 || r.devices[words[0]] == nil {
		return fmt.Errorf("%w: %q is not a device and what it does", ErrCommand, command)
	}
	name, d := words[0], r.devices[words[0]]
	if name == "lock" && len(words) == 3 {
		return show(d.peripheral, words[1], words[2])
	}
	if len(words) != 2 {
		return fmt.Errorf("%w: %q has too many words", ErrCommand, command)
	}
	switch name + " " + words[1] {
	case "detector alarm":
		return r.alarm(d)
	case "detector pulse":
		return d.module.Pulse(0)
	case "detector restart":
		return d.module.SetCount(0, 0)
	case "door open":
		return d.module.Set(0, false)
	case "door close":
		return d.module.Set(0, true)
	case "lock open", "lock close":
		d.peripheral.SetInput(0, words[1] == "close")
		return nil
	case "lock tamper":
		d.peripheral.Tamper(true)
		return nil
	case "lock restart":
		d.peripheral.Restart()
		return nil
	case "lock reset":
		d.peripheral.SetKey(nil)
		d.peripheral.Restart()
		return nil
	case "lock " + string(BusyReply), "lock " + string(WrongMAC):
		d.fail(Fault(words[1]))
		return nil
	}
	switch fault := Fault(words[1]); {
	case fault == "unplug":
		return d.line.Unplug()
	case fault == "replug":
		return d.line.Replug()
	case fault == "stall":
		d.line.Stall(true)
	case fault == "back":
		d.line.Stall(false)
		d.fail(Healthy)
		if d.peripheral != nil {
			d.peripheral.Tamper(false)
		}
	case slices.Contains([]Fault{Silent, Noise, Babble, WrongCRC, HalfFrame}, fault), fault == Refusing && d.module != nil:
		d.fail(fault)
	default:
		return fmt.Errorf("%w: %q is nothing that a %s does", ErrCommand, words[1], name)
	}
	return nil
}

// show lets somebody show a card or type at a reader.
func show(p *Peripheral, what, text string) error {
	switch what {
	case "card":
		data, err := hex.DecodeString(text)
		if err != nil || len(data) > 32 {
			return fmt.Errorf("%w: %q is no card of 1 to 32 bytes", ErrCommand, text)
		}
		p.Card(0, 8*len(data), data...)
	case "keys":
		if len(text) > 32 || strings.Trim(text, "0123456789") != "" {
			return fmt.Errorf("%w: %q is not 1 to 32 digits", ErrCommand, text)
		}
		p.Keys(0, text)
	default:
		return fmt.Errorf("%w: %q is nothing that a lock does", ErrCommand, what)
	}
	return nil
}

// alarm raises the contact; an alarm during an alarm counts and prolongs it, as on a real detector.
func (r *Room) alarm(d *device) error {
	if r.release != nil && r.release.Stop() {
		if err := d.module.Pulse(0); err != nil {
			return err
		}
	} else if err := d.module.Set(0, true); err != nil {
		return err
	}
	r.release = time.AfterFunc(AlarmTime, func() { _ = d.module.Set(0, false) })
	return nil
}
