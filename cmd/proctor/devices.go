package main

import (
	"context"
	"sync"

	"emtihan/devices"
	"emtihan/devices/detector"
	"emtihan/devices/door"
	"emtihan/devices/modbus"
	"emtihan/exam"
	"emtihan/proctor/room"
)

// watchDevices hands what the devices say to the room until ctx ends; wait then returns. Devices with the same path share
// the line. A device that the file does not name, or whose driver cannot run, is unknown and says why.
func watchDevices(ctx context.Context, s *settings, r *room.Room) (wait func()) {
	buses := new(modbus.Buses)
	var running sync.WaitGroup
	if s.detector == nil {
		r.Detector(exam.DetectorRead{Reason: "not-configured"})
	} else {
		running.Go(func() {
			bus, err := buses.Bus(s.detector.Config)
			if err == nil {
				err = detector.RunOn(ctx, bus, *s.detector, func(d detector.Reading) { r.Detector(detectorRead(d)) })
			}
			if err != nil {
				r.Detector(exam.DetectorRead{Device: s.detector.Name, Reason: stopped})
			}
		})
	}
	if s.door == nil {
		r.Door(exam.DoorRead{Reason: "not-configured"})
	} else {
		running.Go(func() {
			bus, err := buses.Bus(s.door.Config)
			if err == nil {
				err = door.RunOn(ctx, bus, *s.door, func(d door.Reading) { r.Door(doorRead(d)) })
			}
			if err != nil {
				r.Door(exam.DoorRead{Device: s.door.Name, Reason: stopped})
			}
		})
	}
	return func() {
		running.Wait()
		_ = buses.Close() // nothing is written to a line that could be lost
	}
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
