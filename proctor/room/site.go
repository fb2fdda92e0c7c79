package room

import (
	"slices"
	"time"

	"emtihan/exam"
	"emtihan/proctor/act"
)

// Quality is what is known of a device's state. The zero value is Unknown (R21).
type Quality uint8

// The states of a device: unknown is one of its own, never a quiet one.
const (
	Unknown Quality = iota
	Quiet           // detector clear, door closed, reader ready, UPS on mains
	Raised          // detector in alarm, door open, UPS on battery
)

// The kinds of devices.
const (
	KindDetector = "detector"
	KindDoor     = "door"
	KindReader   = "reader"
	KindUPS      = "ups"
)

// The states of readers and UPS, as the log has them. Unknown has its reason beside it.
const (
	StateUnknown = "unknown"
	StateReady   = "ready"
	StateMains   = "mains"
	StateBattery = "battery"
	StateLow     = "low" // the battery will soon be empty
)

// Device is what is known of one device.
type Device struct {
	Name   string
	Kind   string
	Lock   bool // of a door: it has a lock that can be opened
	State  Quality
	Word   string    // of a reader or a UPS: one of the State constants
	Reason string    // machine code of why it is unknown
	Since  time.Time // of the state
	Spoke  time.Time // when it last said anything new
	Alarms uint32    // of a detector, in this log
	Charge int       // of a UPS's battery, percent; 0 where it does not tell

	count  uint32
	active bool // of the last known reading
	known  bool // there was one
	heard  bool // there was one in this run of the program
}

// forget is what a new run of the program knows of a device before it speaks.
func (d *Device) forget() {
	d.State, d.Word, d.Reason, d.Charge, d.heard = Unknown, "", "", 0, false
}

// set notes a state and since when it has been so.
func (d *Device) set(q Quality, word, reason string, at time.Time) {
	if d.State != q || d.Word != word || d.Since.IsZero() {
		d.Since = at
	}
	d.State, d.Word, d.Reason, d.Spoke = q, word, reason, at
}

// device returns the device with the name, noting one that no file named.
func (s *state) device(name, kind string) *Device {
	i := slices.IndexFunc(s.devices, func(d Device) bool { return d.Name == name && d.Kind == kind })
	if i < 0 {
		i = len(s.devices)
		s.devices = append(s.devices, Device{Name: name, Kind: kind})
	}
	return &s.devices[i]
}

// worst returns the device of a kind that needs somebody most: "clear" and "closed" are said only where all are (R21). An
// alarm comes before a silent detector, since somebody is in it; a silent door before an open one, since that is seen.
func (s *state) worst(kind string) Device {
	urgency := map[Quality]int{Unknown: 1, Raised: 2}
	if kind == KindDoor {
		urgency = map[Quality]int{Unknown: 2, Raised: 1}
	}
	worst, alarms := Device{Kind: kind}, uint32(0)
	found := false
	for _, d := range s.devices {
		if d.Kind != kind {
			continue
		}
		alarms += d.Alarms
		if !found || urgency[d.State] > urgency[worst.State] {
			worst, found = d, true
		}
	}
	worst.Alarms = alarms
	return worst
}

// mostMissed is the most alarms between two runs that are believed; more is a counter that was set or exchanged.
const mostMissed = 1000

func (s *state) foldDetector(d *Device, e exam.DetectorRead, at time.Time, line *Line) {
	before := *d
	switch {
	case !e.Known:
		d.set(Unknown, "", e.Reason, at)
	case e.Active:
		d.set(Raised, "", e.Reason, at)
	default:
		d.set(Quiet, "", e.Reason, at)
	}
	line.Device, line.State, line.Detail = e.Device, d.State, e.Reason
	if !e.Known {
		return
	}
	alarms, missed := e.Alarms, false
	switch {
	case !before.heard && before.known && alarms == 0 && e.Count > before.count && e.Count-before.count <= mostMissed:
		// The module counted while this program did not run.
		alarms, missed = e.Count-before.count, true
	case alarms == 0 && e.Active && !(before.known && before.active):
		// A relay that is still held after a silence is the alarm that is there already.
		alarms = 1
	}
	d.heard, d.known, d.count, d.active = true, true, e.Count, e.Active
	if alarms == 0 {
		return
	}
	d.Alarms += alarms
	line.Alarm = true
	s.alarms = append(s.alarms, Alarm{
		Record: line.Record, At: at, Kind: act.ByDetector, Device: e.Device, Count: alarms, Missed: missed, IIN: s.gate, What: line.Event,
	})
	line.IIN = s.gate
}

func (s *state) foldDoor(d *Device, e exam.DoorRead, at time.Time, line *Line) {
	before := *d
	switch {
	case !e.Known:
		d.set(Unknown, "", e.Reason, at)
	case e.Open:
		d.set(Raised, "", e.Reason, at)
	default:
		d.set(Quiet, "", e.Reason, at)
	}
	line.Device, line.State, line.Detail = e.Device, d.State, e.Reason
	if !e.Known {
		return
	}
	wasOpen := before.known && before.active
	d.heard, d.known, d.active = true, true, e.Open
	if e.Open && !wasOpen {
		s.opening(e.Device, before.State == Unknown && before.known, at, line)
	}
}

// foldWord takes in what a reader or a UPS says of itself.
func (s *state) foldWord(what string, said Saying, at time.Time, line *Line) {
	kind, q := KindReader, Unknown
	if what == SaidUPS {
		kind = KindUPS
	}
	switch said.State {
	case StateReady, StateMains:
		q = Quiet
	case StateBattery, StateLow:
		q = Raised
	}
	d := s.device(said.Device, kind)
	before := d.Word
	d.set(q, said.State, said.Detail, at)
	d.Charge = said.Charge
	line.State = q
	switch {
	case kind == KindReader && q == Quiet, said.State == before && q != Unknown:
		line.Event = "" // a reader that is ready, a battery that has lost another percent: in the list of devices
	case said.State == StateLow:
		line.Alarm = true
		s.alarms = append(s.alarms, Alarm{Record: line.Record, At: at, Kind: act.ByPower, Device: said.Device, Count: 1, What: SaidUPS, Detail: said.State})
	}
}
