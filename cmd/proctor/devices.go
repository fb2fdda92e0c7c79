package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"time"

	"emtihan/devices"
	"emtihan/devices/detector"
	"emtihan/devices/door"
	"emtihan/devices/osdp"
	"emtihan/devices/reader"
	"emtihan/devices/site"
	"emtihan/devices/ups"
	"emtihan/exam"
	"emtihan/proctor/room"
)

// devicesOf returns the devices of a kind; a site may be nil.
func devicesOf(s *site.Site, kind string) (all []site.Device) {
	if s == nil {
		return nil
	}
	for _, d := range s.Devices {
		if d.Kind == kind {
			all = append(all, d)
		}
	}
	return all
}

// roomDevices returns the devices of a file as the room lists them.
func roomDevices(s *site.Site) (all []room.Device) {
	if s == nil {
		return nil
	}
	kinds := map[string]string{site.Detector: room.KindDetector, site.Door: room.KindDoor, site.Reader: room.KindReader, site.UPS: room.KindUPS}
	for _, d := range s.Devices {
		all = append(all, room.Device{Name: d.Name, Kind: kinds[d.Kind], Lock: d.Contact != nil && d.Contact.Lock != nil})
	}
	return all
}

// missingPorts says which of detector and doors the file does not name or have no port.
func missingPorts(s *site.Site) (out []portMissing) {
	note := func(id, kind string) {
		all := devicesOf(s, kind)
		if len(all) == 0 {
			out = append(out, portMissing{id, "not-configured"})
		}
		for _, d := range all {
			if b, _ := s.Bus(d.Bus); !exists(b.Line.Path) {
				out = append(out, portMissing{id, string(devices.Missing)})
				return
			}
		}
	}
	note("no_detector", site.Detector)
	note("no_door", site.Door)
	return out
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// listener is the room as far as devices speak to it.
type listener interface {
	Detector(e exam.DetectorRead)
	Door(e exam.DoorRead)
	Reader(device, reason string)
	UPS(e room.UPSRead)
	Scan(device, iin string, done func(error))
}

// watchDevices hands what the devices say to the room until ctx ends; wait then returns. A device that the file does not
// name, or whose driver cannot run, is unknown and says why.
func watchDevices(ctx context.Context, s *site.Site, r listener, locks *locks) (wait func()) {
	if len(devicesOf(s, site.Detector)) == 0 {
		r.Detector(exam.DetectorRead{Reason: "not-configured"})
	}
	if len(devicesOf(s, site.Door)) == 0 {
		r.Door(exam.DoorRead{Reason: "not-configured"})
	}
	if s == nil {
		return func() {}
	}
	running, err := s.Start(ctx, site.Observer{
		Detector: func(d detector.Reading) { r.Detector(detectorRead(d)) },
		Door:     func(d door.Reading) { r.Door(doorRead(d)) },
		Scan:     func(d reader.Reading) { hearReader(r, d) },
		UPS:      func(d ups.Reading) { r.UPS(upsRead(d)) },
	})
	if err != nil {
		for _, d := range s.Devices {
			switch d.Kind {
			case site.Detector:
				r.Detector(exam.DetectorRead{Device: d.Name, Reason: stopped})
			case site.Door:
				r.Door(exam.DoorRead{Device: d.Name, Reason: stopped})
			case site.Reader:
				r.Reader(d.Name, stopped)
			case site.UPS:
				r.UPS(room.UPSRead{Device: d.Name, State: room.StateUnknown, Reason: stopped})
			}
		}
		return func() {}
	}
	locks.set(running)
	var once sync.Once
	return func() {
		once.Do(func() {
			locks.set(nil)
			_ = running.Stop() // nothing is written to a line that could be lost
		})
	}
}

// locks are the locks of the running drivers. The room is opened before them and closed after them.
type locks struct {
	mu      sync.Mutex // guards running
	running interface {
		Unlock(ctx context.Context, name string, d time.Duration) error
	}
}

func (l *locks) set(r *site.Running) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running = nil; r != nil {
		l.running = r
	}
}

// lockTimeout bounds a question to a lock: somebody stands before the door.
const lockTimeout = 5 * time.Second

// unlock is room.Config's Unlock. The panel moves a lock inside the secure channel only; outside it answers with a refusal.
func (l *locks) unlock(name string, d time.Duration) error {
	l.mu.Lock()
	running := l.running
	l.mu.Unlock()
	if running == nil {
		return &lockRefusal{stopped, errors.New("the drivers do not run")}
	}
	ctx, cancel := context.WithTimeout(context.Background(), lockTimeout)
	defer cancel()
	err := running.Unlock(ctx, name, d)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, osdp.ErrNotSecure):
		return &lockRefusal{string(osdp.NoSecureChannel), err}
	case errors.Is(err, osdp.ErrOffline):
		return &lockRefusal{string(devices.Silent), err}
	case errors.Is(err, osdp.ErrUncertain), errors.Is(err, context.DeadlineExceeded):
		return &lockRefusal{"uncertain", err}
	}
	return err
}

// lockRefusal is why a lock was not opened, or not surely, with the machine code for the log.
type lockRefusal struct {
	reason string
	error
}

func (e *lockRefusal) DeviceReason() string { return e.reason }
func (e *lockRefusal) Unwrap() error        { return e.error }

// stopped is the reason of a driver that ended by itself.
const stopped = "stopped"

// detectorRead is a reading as the room's log has it. An unknown one carries no values, whatever the driver left in it.
func detectorRead(d detector.Reading) exam.DetectorRead {
	if !d.Known() {
		return exam.DetectorRead{Device: d.Device, Reason: unknownBecause(d.Observation)}
	}
	e := exam.DetectorRead{Device: d.Device, Known: true, Active: d.Active, Count: d.Count, Alarms: d.New}
	if d.Restarted {
		e.Reason = "counter-restarted"
	}
	return e
}

func doorRead(d door.Reading) exam.DoorRead {
	if !d.Known() {
		return exam.DoorRead{Device: d.Device, Reason: unknownBecause(d.Observation)}
	}
	return exam.DoorRead{Device: d.Device, Known: true, Open: d.Open}
}

func upsRead(d ups.Reading) room.UPSRead {
	e := room.UPSRead{Device: d.Device, State: room.StateUnknown}
	switch {
	case !d.Known():
		e.Reason = unknownBecause(d.Observation)
	case d.LowBattery:
		e.State = room.StateLow
	case d.OnBattery:
		e.State = room.StateBattery
	default:
		e.State = room.StateMains
	}
	if d.Known() && d.Charge > 0 {
		e.Charge = d.Charge
	}
	return e
}

// hearReader hands on what a reader says: its state, or who was scanned. What it rejected was said at the reader itself, and
// the person scans again.
func hearReader(r listener, d reader.Reading) {
	switch {
	case !d.Known():
		r.Reader(d.Device, unknownBecause(d.Observation))
	case d.Scan != nil:
		r.Scan(d.Device, iinOf(*d.Scan), nil)
	case d.Rejected == "" && d.First:
		r.Reader(d.Device, "")
	}
}

// iinOf returns the one valid IIN that a scan holds, or "": in the zone of a document, or as a number of its own in a text.
func iinOf(s reader.Scan) string {
	if s.Document != nil {
		return s.Document.PersonalNumber()
	}
	found := ""
	for _, word := range strings.FieldsFunc(s.Text, func(r rune) bool { return r < '0' || r > '9' }) {
		if _, _, err := exam.ParseIIN(word); err != nil {
			continue
		}
		if found != "" && found != word {
			return "" // two people in one code: nobody can tell whose it is
		}
		found = word
	}
	return found
}

func unknownBecause(o devices.Observation) string {
	if o.Reason == "" {
		return string(devices.Silent)
	}
	return string(o.Reason)
}
