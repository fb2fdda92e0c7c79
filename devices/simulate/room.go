package simulate

import (
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
NAME silent               the device stops answering (NAME is detector or door)
NAME back                 the device answers again as it should
NAME noise | babble | crc | half | refusing
                          bytes before each answer, bytes instead of it, a wrong checksum, half an answer, a refusal
NAME stall                the port stops taking bytes; NAME back ends that too
NAME unplug | NAME replug the port goes away and comes back under the same link`

// Room is a walk-through metal detector and a door, each on a line of its own. Its methods may be called by any goroutine.
type Room struct {
	mu      sync.Mutex // one command at a time; guards release
	release *time.Timer
	devices map[string]*device
}

type device struct {
	line   *Line
	module *Module
}

// NewRoom plugs in both devices as dir/detector and dir/door, quiet and closed.
func NewRoom(dir string) (*Room, error) {
	r := &Room{devices: map[string]*device{}}
	for name, unit := range map[string]byte{"detector": DetectorUnit, "door": DoorUnit} {
		line, err := NewLine(filepath.Join(dir, name))
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		d := &device{line, NewModule()}
		line.Attach(unit, d.module)
		r.devices[name] = d
	}
	return r, r.Do("door close")
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
	if len(words) != 2 || r.devices[words[0]] == nil {
		return fmt.Errorf("%w: %q is not a device and what it does", ErrCommand, command)
	}
	name, d := words[0], r.devices[words[0]]
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
		d.module.Fail(Healthy)
	case slices.Contains([]Fault{Silent, Noise, Babble, WrongCRC, HalfFrame, Refusing}, fault):
		d.module.Fail(fault)
	default:
		return fmt.Errorf("%w: %q is nothing that a %s does", ErrCommand, words[1], name)
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
