package site

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"emtihan/devices"
	"emtihan/devices/detector"
	"emtihan/devices/door"
	"emtihan/devices/line"
	"emtihan/devices/modbus"
	"emtihan/devices/osdp"
	"emtihan/devices/osdp/wire"
	"emtihan/devices/reader"
	"emtihan/devices/ups"
)

// Observer is told what the devices state, by one goroutine at a time. Its functions must be quick and must not call the
// Running; nil ones are not called.
type Observer struct {
	// Line is told every change of state of a bus.
	Line func(bus string, s line.Status)
	// Detector, Door, Scan and UPS are told the readings of the devices; see the packages of their drivers.
	Detector func(detector.Reading)
	Door     func(door.Reading)
	Scan     func(reader.Reading)
	UPS      func(ups.Reading)
	// Peripheral and Credential are told what the OSDP peripherals state beside the contacts: their tamper and power, their
	// outputs, the cards and keys shown to them.
	Peripheral func(osdp.Reading)
	Credential func(osdp.Credential)
}

// tell calls f, if there is one, while nobody else is told anything.
func tell[T any](mu *sync.Mutex, f func(T)) func(T) {
	return func(r T) {
		mu.Lock()
		defer mu.Unlock()
		if f != nil {
			f(r)
		}
	}
}

// Running are the drivers of a site.
type Running struct {
	site    *Site
	panels  map[string]*osdp.Panel // by bus
	ports   map[string]*line.Port
	closers []func() error
	running sync.WaitGroup
	cancel  context.CancelFunc

	mu  sync.Mutex // held while the observer is told something
	err error      // of drivers that ended by themselves
}

// Start runs the drivers of all devices until ctx ends or Stop is called. A bus or a device that is not there is no error:
// it is unknown, and looked for again and again. An error, after which nothing runs, means that a file of keys cannot be used.
func (s *Site) Start(ctx context.Context, to Observer) (*Running, error) {
	r := &Running{site: s, panels: map[string]*osdp.Panel{}, ports: map[string]*line.Port{}}
	ctx, r.cancel = context.WithCancel(ctx)
	buses := map[string]*modbus.Bus{}
	for _, b := range s.Buses {
		if err := r.open(b, buses, to); err != nil {
			r.cancel()
			return nil, errors.Join(fmt.Errorf("bus %q: %w", b.Name, err), r.close())
		}
	}
	for name, panel := range r.panels {
		r.drive(func() error { return panel.Run(ctx, r.contacts(name, to)) })
	}
	for _, d := range s.Devices {
		if f := r.driver(ctx, d, buses[d.Bus], to); f != nil {
			r.drive(f)
		}
	}
	return r, nil
}

func (r *Running) open(b Bus, buses map[string]*modbus.Bus, to Observer) error {
	onState := func(s line.Status) {
		if to.Line != nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			to.Line(b.Name, s)
		}
	}
	if b.OSDP != nil {
		panel, err := osdp.Open(*b.OSDP, onState)
		if err != nil {
			return err
		}
		r.panels[b.Name], r.ports[b.Name] = panel, panel.Line()
		r.closers = append(r.closers, panel.Close)
		return nil
	}
	port, err := line.New(b.Line, onState)
	if err != nil {
		return err
	}
	r.ports[b.Name] = port
	r.closers = append(r.closers, port.Close)
	if b.Protocol == Modbus {
		buses[b.Name] = modbus.New(port)
	}
	return nil
}

// drive runs a driver and keeps the error with which it ends.
func (r *Running) drive(f func() error) {
	r.running.Go(func() {
		if err := f(); err != nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.err = errors.Join(r.err, err)
		}
	})
}

// driver returns what runs a device, nil for one on a peripheral, which its panel runs.
func (r *Running) driver(ctx context.Context, d Device, bus *modbus.Bus, to Observer) func() error {
	switch {
	case d.Detector != nil:
		return func() error { return detector.RunOn(ctx, bus, *d.Detector, tell(&r.mu, to.Detector)) }
	case d.ASCII != nil:
		return func() error { return detector.RunASCII(ctx, r.ports[d.Bus], *d.ASCII, tell(&r.mu, to.Detector)) }
	case d.Door != nil:
		return func() error { return door.RunOn(ctx, bus, *d.Door, tell(&r.mu, to.Door)) }
	case d.Modem != nil:
		return func() error { return door.RunModem(ctx, r.ports[d.Bus], *d.Modem, tell(&r.mu, to.Door)) }
	case d.Reader != nil:
		return func() error { return reader.Run(ctx, r.ports[d.Bus], *d.Reader, tell(&r.mu, to.Scan)) }
	case d.UPS != nil:
		return func() error { return ups.Run(ctx, *d.UPS, tell(&r.mu, to.UPS)) }
	}
	return nil
}

// contacts returns the observer of a panel: it turns what a peripheral states into readings of the devices wired to it.
func (r *Running) contacts(bus string, to Observer) osdp.Observer {
	var all []*wired
	for _, d := range r.site.Devices {
		if d.Contact != nil && d.Bus == bus {
			all = append(all, &wired{device: d})
		}
	}
	return osdp.Observer{
		Reading: tell(&r.mu, func(p osdp.Reading) {
			for _, w := range all {
				if w.device.Contact.Peripheral != p.Device {
					continue
				}
				o, on, changed := w.next(p)
				switch {
				case !changed:
				case w.device.Kind == Door && to.Door != nil:
					to.Door(door.Reading{Observation: o, Open: on})
				case w.device.Kind == Detector && to.Detector != nil:
					to.Detector(w.alarm(o, on))
				}
			}
			if to.Peripheral != nil {
				to.Peripheral(p)
			}
		}),
		Credential: tell(&r.mu, to.Credential),
	}
}

// wired is a device on an input of a peripheral.
type wired struct {
	device Device
	told   bool
	last   devices.Observation
	on     bool
	count  uint32
}

// next returns what a reading of the peripheral says about the device: on is an open door or an alarm.
func (w *wired) next(p osdp.Reading) (o devices.Observation, on, changed bool) {
	c := w.device.Contact
	active, known := p.Input(c.Input)
	o = p.Observation
	o.Device = w.device.Name
	if p.Known() && !known {
		o.Quality, o.First, o.Reason = devices.Unknown, false, osdp.InputFault
		o.Detail = fmt.Sprintf("the peripheral %s has no input %d, or its wiring is at fault", p.Device, c.Input)
	}
	if o.Known() {
		if on = active == c.OpenWhenActive; w.device.Kind == Detector {
			on = active != c.NormallyClosed
		}
		o.First = o.First || !w.last.Known()
	}
	changed = !w.told || o.First || o.Quality != w.last.Quality || o.Reason != w.last.Reason || on != w.on
	w.told, w.last, w.on = true, o, on
	return o, on, changed
}

// alarm is the reading of a detector, whose alarms are counted here.
func (w *wired) alarm(o devices.Observation, active bool) detector.Reading {
	r := detector.Reading{Observation: o}
	if !o.Known() {
		return r
	}
	if r.Active = active; active {
		w.count++
		r.New = 1
	}
	r.Count = w.count
	return r
}

// Stop ends all drivers, waits for them, gives the ports up and returns the errors of drivers that had ended by themselves.
func (r *Running) Stop() error {
	r.cancel()
	r.running.Wait()
	return errors.Join(r.err, r.close())
}

func (r *Running) close() error {
	var errs []error
	for _, f := range r.closers {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// Counters returns the counts of a bus, zero for one that is not there.
func (r *Running) Counters(bus string) line.Counters {
	if p := r.ports[bus]; p != nil {
		return p.Counters()
	}
	return line.Counters{}
}

// ErrNoLock is returned, wrapped, for a door whose file names no lock.
var ErrNoLock = errors.New("there is no lock")

// Unlock opens the lock of a door for a time; see [osdp.Panel.Unlock].
func (r *Running) Unlock(ctx context.Context, name string, d time.Duration) error {
	panel, c, err := r.contact(name)
	switch {
	case err != nil:
		return err
	case c.Lock == nil:
		return fmt.Errorf("%s: %w", name, ErrNoLock)
	}
	return panel.Unlock(ctx, c.Peripheral, *c.Lock, d)
}

// Signal shows persons at the readers of a door's peripheral what was decided: a lamp in a colour for a time, and that many short
// sounds; see [osdp.Panel.Lamps] and [osdp.Panel.Buzz].
func (r *Running) Signal(ctx context.Context, name string, colour wire.Colour, d time.Duration, sounds byte) error {
	panel, c, err := r.contact(name)
	if err != nil {
		return err
	}
	ticks, err := wire.Ticks(d)
	if err != nil {
		return err
	}
	lamp := wire.LED{Temporary: &wire.Blink{OnTime: 1, OnColour: colour, OffColour: colour}, Timer: ticks}
	if err := panel.Lamps(ctx, c.Peripheral, lamp); err != nil || sounds == 0 {
		return err
	}
	return panel.Buzz(ctx, c.Peripheral, wire.Buzz{OnTime: 1, OffTime: 1, Count: sounds})
}

func (r *Running) contact(name string) (*osdp.Panel, *Contact, error) {
	i := slices.IndexFunc(r.site.Devices, func(d Device) bool { return d.Name == name && d.Contact != nil })
	if i < 0 {
		return nil, nil, fmt.Errorf("site: there is no device %q on an OSDP bus", name)
	}
	return r.panels[r.site.Devices[i].Bus], r.site.Devices[i].Contact, nil
}

// Commission gives a peripheral that is as it left the factory its first key; see [osdp.Panel.Commission].
func (r *Running) Commission(ctx context.Context, peripheral string) error {
	panel, err := r.panel(peripheral)
	if err != nil {
		return err
	}
	return panel.Commission(ctx, peripheral)
}

// ChangeKey gives a peripheral another key; see [osdp.Panel.ChangeKey].
func (r *Running) ChangeKey(ctx context.Context, peripheral string) error {
	panel, err := r.panel(peripheral)
	if err != nil {
		return err
	}
	return panel.ChangeKey(ctx, peripheral)
}

func (r *Running) panel(peripheral string) (*osdp.Panel, error) {
	for _, b := range r.site.Buses {
		if b.OSDP != nil && slices.ContainsFunc(b.OSDP.Peripherals, func(p osdp.PeripheralConfig) bool { return p.Name == peripheral }) {
			return r.panels[b.Name], nil
		}
	}
	return nil, fmt.Errorf("site: %w: %q", osdp.ErrNoDevice, peripheral)
}
