package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"

	"emtihan/devices"
	"emtihan/devices/detector"
	"emtihan/devices/door"
	"emtihan/devices/site"
	"emtihan/exam"
)

// loadSite reads a devices file for the window, which shows one detector and any number of doors as one.
func loadSite(path string) (*site.Site, error) {
	s, err := site.Load(path)
	if err != nil {
		return nil, err
	}
	if n := len(devicesOf(s, site.Detector)); n > 1 {
		return nil, fmt.Errorf("it names %d detectors, and the administrators' window shows one", n)
	}
	return s, nil
}

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
}

// watchDevices hands what the devices say to the room until ctx ends; wait then returns. A device that the file does not
// name, or whose driver cannot run, is unknown and says why.
func watchDevices(ctx context.Context, s *site.Site, r listener) (wait func()) {
	detectors, doors := devicesOf(s, site.Detector), newDoors(r, devicesOf(s, site.Door))
	if len(detectors) == 0 {
		r.Detector(exam.DetectorRead{Reason: "not-configured"})
	}
	if len(doors.states) == 0 {
		r.Door(exam.DoorRead{Reason: "not-configured"})
	}
	if s == nil {
		return func() {}
	}
	running, err := s.Start(ctx, site.Observer{
		Detector: func(d detector.Reading) { r.Detector(detectorRead(d)) },
		Door:     func(d door.Reading) { doors.hear(doorRead(d)) },
	})
	if err != nil {
		for _, d := range detectors {
			r.Detector(exam.DetectorRead{Device: d.Name, Reason: stopped})
		}
		for _, d := range devicesOf(s, site.Door) {
			doors.hear(exam.DoorRead{Device: d.Name, Reason: stopped})
		}
		return func() {}
	}
	var once sync.Once
	return func() {
		once.Do(func() { _ = running.Stop() }) // nothing is written to a line that could be lost
	}
}

// doors are all doors of the room, of which the window shows one: the log hears of every change, and the last word has the
// door that needs somebody most. "Closed" is said only when all are (R21).
type doors struct {
	room   listener
	order  []string
	states map[string]exam.DoorRead
}

func newDoors(r listener, all []site.Device) *doors {
	d := &doors{room: r, states: map[string]exam.DoorRead{}}
	for _, one := range all {
		d.order = append(d.order, one.Name)
		d.states[one.Name] = exam.DoorRead{Device: one.Name, Reason: "waiting"}
	}
	return d
}

func (d *doors) hear(e exam.DoorRead) {
	d.states[e.Device] = e
	d.room.Door(e)
	worst := slices.MaxFunc(d.order, func(a, b string) int { return urgency(d.states[a]) - urgency(d.states[b]) })
	if urgency(d.states[worst]) > urgency(e) {
		d.room.Door(d.states[worst])
	}
}

// urgency orders the states of a door.
func urgency(e exam.DoorRead) int {
	switch {
	case !e.Known:
		return 2
	case e.Open:
		return 1
	}
	return 0
}

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

func unknownBecause(o devices.Observation) string {
	if o.Reason == "" {
		return string(devices.Silent)
	}
	return string(o.Reason)
}
