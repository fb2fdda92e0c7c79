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
detector cut | mend       the cable of the contact is cut, or mended; also: door cut, door mend
gate pass | gate alarm    somebody goes through the detector that speaks ASCII, without an alarm or with one
gate restart              its statistics are zero
scanner scan TEXT         the scanner reads a code; in it \r is a CR and _ a space
ups battery | ups mains   the mains fail, or return
ups low                   the battery is nearly empty
ups stale | no-driver     the server has lost the supply, or its driver; ups back ends that
NAME silent               the device stops answering (NAME is detector, door, lock, gate or ups)
NAME back                 the device answers again as it should
NAME noise | babble | crc | half | refusing
                          bytes before each answer, bytes instead of it, a wrong checksum, half an answer, a refusal
NAME stall                the port stops taking bytes; NAME back ends that too
NAME unplug | NAME replug the port goes away and comes back under the same link`

// Room is a walk-through metal detector, another one that speaks ASCII, a door on a digital input, a door with an OSDP reader
// and a lock, a scanner of codes, each on a line of its own, and a UPS. Its methods may be called by any goroutine.
type Room struct {
	mu      sync.Mutex // one command at a time; guards release
	release *time.Timer
	devices map[string]*device
}

// device is what stands at the far end of a line, which for a UPS is a socket.
type device struct {
	line interface {
		Unplug() error
		Replug() error
		Close() error
	}
	serial     *Line // nil for the UPS
	module     *Module
	peripheral *Peripheral
	ascii      *ASCIIDetector
	ups        *UPS
}

// fail makes the device misbehave.
func (d *device) fail(f Fault) {
	switch {
	case d.peripheral != nil:
		d.peripheral.Fail(f)
	case d.module != nil:
		d.module.Fail(f)
	case d.ascii != nil:
		d.ascii.Fail(f)
	case d.ups != nil:
		d.ups.Fail(f)
	}
}

// upsStatus is what the words of the commands mean.
var upsStatus = map[string]string{"mains": "OL", "battery": "OB DISCHRG", "low": "OB DISCHRG LB"}

// UPSName is the name under which the server of the room's UPS knows it.
const UPSName = "exam"

// NewRoom plugs in all devices as dir/detector, dir/door, dir/lock, dir/gate, dir/scanner and dir/ups, quiet and closed.
func NewRoom(dir string) (*Room, error) {
	r := &Room{devices: map[string]*device{}}
	for _, name := range []string{"detector", "door", "lock", "gate", "scanner"} {
		line, err := NewLine(filepath.Join(dir, name))
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		d := &device{line: line, serial: line}
		switch name {
		case "lock":
			d.peripheral = NewPeripheral(PeripheralConfig{Address: LockAddress, Inputs: 1, Outputs: 1, Readers: 1})
			line.AttachPeripheral(d.peripheral)
		case "gate":
			d.ascii = NewASCIIDetector()
			line.AttachASCII(d.ascii)
		case "scanner":
		default:
			d.module = NewModule()
			line.Attach(map[string]byte{"detector": DetectorUnit, "door": DoorUnit}[name], d.module)
		}
		r.devices[name] = d
	}
	ups, err := NewUPS(filepath.Join(dir, "ups"), UPSName)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.devices["ups"] = &device{line: ups, ups: ups}
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
	do, err := r.action(command)
	if err != nil {
		return err
	}
	return do()
}

// Check returns an error that wraps ErrCommand when there is no such command.
func (r *Room) Check(command string) error {
	_, err := r.action(command)
	return err
}

// action returns what a command does.
func (r *Room) action(command string) (func() error, error) {
	words := strings.Fields(command)
	if len(words) < 2 || r.devices[words[0]] == nil {
		return nil, fmt.Errorf("%w: %q is not a device and what it does", ErrCommand, command)
	}
	name, d := words[0], r.devices[words[0]]
	if len(words) == 3 && (name == "lock" || name == "scanner") {
		return d.show(name, words[1], words[2])
	}
	if len(words) != 2 {
		return nil, fmt.Errorf("%w: %q has too many words", ErrCommand, command)
	}
	always := func(f func()) (func() error, error) { return func() error { f(); return nil }, nil }
	switch name + " " + words[1] {
	case "detector alarm":
		return func() error { return r.alarm(d) }, nil
	case "detector pulse":
		return func() error { return d.module.Pulse(0) }, nil
	case "detector restart":
		return func() error { return d.module.SetCount(0, 0) }, nil
	case "detector cut", "detector mend", "door cut", "door mend":
		return func() error { return d.module.Cut(0, words[1] == "cut") }, nil
	case "door open", "door close":
		return func() error { return d.module.Set(0, words[1] == "close") }, nil
	case "lock open", "lock close":
		return always(func() { d.peripheral.SetInput(0, words[1] == "close") })
	case "lock tamper":
		return always(func() { d.peripheral.Tamper(true) })
	case "lock restart":
		return always(d.peripheral.Restart)
	case "lock reset":
		return always(func() { d.peripheral.SetKey(nil); d.peripheral.Restart() })
	case "lock " + string(BusyReply), "lock " + string(WrongMAC), "ups " + string(NoDriver), "ups " + string(Stale):
		return always(func() { d.fail(Fault(words[1])) })
	case "gate pass", "gate alarm":
		return always(func() { d.ascii.Pass(words[1] == "alarm") })
	case "gate restart":
		return always(d.ascii.Reset)
	case "ups mains", "ups battery", "ups low":
		return always(func() { d.ups.SetStatus(upsStatus[words[1]]) })
	}
	fault := Fault(words[1])
	framed := d.module != nil || d.peripheral != nil
	switch {
	case fault == "unplug":
		return d.line.Unplug, nil
	case fault == "replug":
		return d.line.Replug, nil
	case fault == "stall" && d.serial != nil:
		return always(func() { d.serial.Stall(true) })
	case fault == "back":
		return always(func() {
			if d.serial != nil {
				d.serial.Stall(false)
			}
			d.fail(Healthy)
			if d.peripheral != nil {
				d.peripheral.Tamper(false)
			}
		})
	case slices.Contains([]Fault{Silent, Babble, HalfFrame}, fault) && name != "scanner",
		slices.Contains([]Fault{Noise, WrongCRC}, fault) && framed, fault == Refusing && d.module != nil:
		return always(func() { d.fail(fault) })
	}
	return nil, fmt.Errorf("%w: %q is nothing that a %s does", ErrCommand, words[1], name)
}

// show lets somebody show a card or type at a reader, or a code to a scanner.
func (d *device) show(name, what, text string) (func() error, error) {
	switch name + " " + what {
	case "lock card":
		data, err := hex.DecodeString(text)
		if err != nil || len(data) > 32 {
			return nil, fmt.Errorf("%w: %q is no card of 1 to 32 bytes", ErrCommand, text)
		}
		return func() error { d.peripheral.Card(0, 8*len(data), data...); return nil }, nil
	case "lock keys":
		if len(text) > 32 || strings.Trim(text, "0123456789") != "" {
			return nil, fmt.Errorf("%w: %q is not 1 to 32 digits", ErrCommand, text)
		}
		return func() error { d.peripheral.Keys(0, text); return nil }, nil
	case "scanner scan":
		text = strings.NewReplacer(`\r`, "\r", "_", " ").Replace(text)
		return func() error { return d.serial.Say([]byte(text + "\r")) }, nil
	}
	return nil, fmt.Errorf("%w: %q is nothing that a %s does", ErrCommand, what, name)
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
