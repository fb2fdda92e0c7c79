// Package site reads the one file that names the buses and devices of a room, says what is wrong with it and with what it
// names, and runs the drivers.
package site

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"emtihan/devices/detector"
	"emtihan/devices/door"
	"emtihan/devices/line"
	"emtihan/devices/modbus"
	"emtihan/devices/osdp"
	"emtihan/devices/profile"
	"emtihan/devices/reader"
	"emtihan/devices/ups"
)

// The protocols of buses.
const (
	Modbus = "modbus"
	OSDP   = "osdp"
	// Single: one device that has the port to itself.
	Single = "single"
)

// The kinds of devices.
const (
	Detector = "detector"
	Door     = "door"
	Reader   = "reader"
	UPS      = "ups"
)

// Site is a file that can be used.
type Site struct {
	Buses   []Bus
	Devices []Device
}

// Bus is a serial line.
type Bus struct {
	Name     string
	Protocol string
	// Line are its settings, complete.
	Line line.Config
	// OSDP are the settings of a bus with that protocol, complete; nil for the others.
	OSDP *osdp.Config
}

// Device is one device; exactly one of the pointers is set, and what it points to is complete.
type Device struct {
	Name string
	Kind string
	// Bus is the name of its bus, "" for a UPS.
	Bus string
	// Profile is the name of its profile, "" without one.
	Profile string

	Detector *detector.Config
	ASCII    *detector.ASCIIConfig
	Door     *door.Config
	Modem    *door.ModemConfig
	Contact  *Contact
	Reader   *reader.Config
	UPS      *ups.Config
}

// Contact is an input of an OSDP peripheral to which a door or a detector is wired.
type Contact struct {
	Name string `toml:"name"`
	// Peripheral is the name of one on the bus.
	Peripheral string `toml:"peripheral"`
	// Input is its number, counted from 0.
	Input int `toml:"input"`
	// OpenWhenActive: the input of a door is active while it is open. By default it is active while the door is closed, and a
	// cut cable reads as an open door.
	OpenWhenActive bool `toml:"open_when_active"`
	// NormallyClosed: the input of a detector is inactive during an alarm.
	NormallyClosed bool `toml:"normally_closed"`
	// Lock is the output that unlocks the door, nil when the door has no lock.
	Lock *byte `toml:"lock"`
}

// MaxFile bounds a file, in bytes.
const MaxFile = 1 << 20

// Load reads a file. The error names the line or the bus or device that cannot be used.
func Load(path string) (*Site, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, err
	}
	return Parse(data)
}

// file is the form of a file: buses and devices, or a detector and a door with the settings of their lines beside their own.
type file struct {
	Format   int              `toml:"format"`
	Buses    []map[string]any `toml:"bus"`
	Devices  []map[string]any `toml:"device"`
	Detector *detector.Config `toml:"detector"`
	Door     *door.Config     `toml:"door"`
}

// Parse reads the contents of a file; an empty one names no device. Unknown keys are errors, so that a misspelt one is not a
// device that is silently watched in the wrong way.
func Parse(data []byte) (*Site, error) {
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	if len(data) > MaxFile {
		return nil, fmt.Errorf("the file has more than %d bytes", MaxFile)
	}
	var f file
	meta, err := toml.Decode(string(data), &f)
	if err != nil {
		var wrong toml.ParseError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("line %d: %s", wrong.Position.Line, wrong.Message)
		}
		return nil, err
	}
	for _, unknown := range meta.Undecoded() {
		// What stands in the tables of buses and devices is looked at when their kind is known.
		if unknown[0] != "bus" && unknown[0] != "device" {
			return nil, fmt.Errorf("unknown key %q", unknown.String())
		}
	}
	plain := f.Detector != nil || f.Door != nil
	rich := f.Format != 0 || len(f.Buses) > 0 || len(f.Devices) > 0
	switch {
	case plain && rich:
		return nil, errors.New("the sections [detector] and [door] cannot stand beside buses and devices")
	case plain:
		return f.plain()
	case rich && f.Format != 1:
		return nil, fmt.Errorf("format %d is not 1", f.Format)
	}
	return f.rich(data)
}

// plain is a file with a detector and a door. With the same path they share the line.
func (f file) plain() (*Site, error) {
	s := new(Site)
	var errs []error
	add := func(c line.Config) string {
		for _, b := range s.Buses {
			if b.Line.Path == c.Path {
				if b.Line != c {
					errs = append(errs, fmt.Errorf("the line %s is wanted with different settings", c.Path))
				}
				return b.Name
			}
		}
		s.Buses = append(s.Buses, Bus{Name: c.Path, Protocol: Modbus, Line: c})
		return c.Path
	}
	if f.Detector != nil {
		c, err := f.Detector.Complete()
		errs = append(errs, err)
		s.Devices = append(s.Devices, Device{Name: c.Name, Kind: Detector, Bus: add(c.Config), Detector: &c})
	}
	if f.Door != nil {
		c, err := f.Door.Complete()
		errs = append(errs, err)
		s.Devices = append(s.Devices, Device{Name: c.Name, Kind: Door, Bus: add(c.Config), Door: &c})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

func (f file) rich(data []byte) (*Site, error) {
	s := new(Site)
	var errs []error
	at := headers(data, "bus")
	for i, table := range f.Buses {
		b, err := parseBus(table)
		if err == nil {
			err = s.addBus(b)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%sbus %q: %w", at(i), b.Name, err))
		}
	}
	at = headers(data, "device")
	for i, table := range f.Devices {
		d, err := s.parseDevice(table)
		if err == nil {
			err = s.addDevice(d)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%sdevice %q: %w", at(i), d.Name, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// headers returns where the tables of an array begin, as "line N, ", or "" when that cannot be told.
func headers(data []byte, name string) func(i int) string {
	var lines []int
	header := regexp.MustCompile(`^\s*\[\[\s*` + name + `\s*\]\]`)
	for n, text := range bytes.Split(data, []byte("\n")) {
		if header.Match(text) {
			lines = append(lines, n+1)
		}
	}
	return func(i int) string {
		if i >= len(lines) {
			return ""
		}
		return fmt.Sprintf("line %d, ", lines[i])
	}
}

// take removes a key of a table and returns its text.
func take(table map[string]any, key string) (string, error) {
	value, there := table[key]
	delete(table, key)
	text, is := value.(string)
	if there && !is {
		return "", fmt.Errorf("%s is not a text", key)
	}
	return text, nil
}

// decode reads a table strictly.
func decode(table map[string]any, into any) error {
	text, err := toml.Marshal(table)
	if err != nil {
		return err
	}
	meta, err := toml.Decode(string(text), into)
	if err != nil {
		var wrong toml.ParseError
		if errors.As(err, &wrong) {
			return fmt.Errorf("%s: %s", wrong.LastKey, wrong.Message)
		}
		return err
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return fmt.Errorf("unknown key %q", unknown[0].String())
	}
	return nil
}

func parseBus(table map[string]any) (b Bus, err error) {
	table = clone(table)
	var errs [2]error
	b.Name, errs[0] = take(table, "name")
	b.Protocol, errs[1] = take(table, "protocol")
	if err := errors.Join(errs[:]...); err != nil {
		return b, err
	}
	switch b.Protocol {
	case Modbus, Single:
		if err := decode(table, &b.Line); err != nil {
			return b, err
		}
		b.Line, err = b.Line.Complete()
	case OSDP:
		c := new(osdp.Config)
		if err := decode(table, c); err != nil {
			return b, err
		}
		*c, err = c.Complete()
		b.Line, b.OSDP = c.Config, c
	default:
		err = fmt.Errorf("protocol %q is not %s, %s or %s", b.Protocol, Modbus, OSDP, Single)
	}
	return b, err
}

func clone(table map[string]any) map[string]any {
	out := make(map[string]any, len(table))
	for k, v := range table {
		out[k] = v
	}
	return out
}

func (s *Site) addBus(b Bus) error {
	if b.Name == "" {
		return errors.New("it has no name")
	}
	for _, other := range s.Buses {
		switch {
		case other.Name == b.Name:
			return errors.New("there is another bus of that name")
		case other.Line.Path == b.Line.Path:
			return fmt.Errorf("the bus %q has the same path %s", other.Name, b.Line.Path)
		}
	}
	if b.OSDP != nil {
		for _, other := range s.Buses {
			for _, p := range b.OSDP.Peripherals {
				if other.OSDP != nil && slices.ContainsFunc(other.OSDP.Peripherals, func(o osdp.PeripheralConfig) bool { return o.Name == p.Name }) {
					return fmt.Errorf("the bus %q has a peripheral %q, too", other.Name, p.Name)
				}
			}
		}
	}
	s.Buses = append(s.Buses, b)
	return nil
}

// Bus returns a bus by its name.
func (s *Site) Bus(name string) (Bus, bool) {
	for _, b := range s.Buses {
		if b.Name == name {
			return b, true
		}
	}
	return Bus{}, false
}

// lineKeys are the keys that belong to a bus.
var lineKeys = func() (keys []string) {
	for field := range reflect.TypeFor[line.Config]().Fields() {
		keys = append(keys, field.Tag.Get("toml"))
	}
	return keys
}()

func (s *Site) parseDevice(table map[string]any) (d Device, err error) {
	table = clone(table)
	d.Name, _ = table["name"].(string)
	var errs [3]error
	d.Kind, errs[0] = take(table, "kind")
	d.Profile, errs[1] = take(table, "profile")
	d.Bus, errs[2] = take(table, "bus")
	if err := errors.Join(errs[:]...); err != nil {
		return d, err
	}
	if d.Name == "" {
		return d, errors.New("it has no name")
	}
	if d.Kind == UPS {
		if d.Bus != "" || d.Profile != "" {
			return d, errors.New("a UPS has neither bus nor profile: it is reached through a NUT server")
		}
		c := new(ups.Config)
		if err := decode(table, c); err != nil {
			return d, err
		}
		d.UPS = c
		*c, err = c.Complete()
		return d, err
	}
	if !slices.Contains([]string{Detector, Door, Reader}, d.Kind) {
		return d, fmt.Errorf("kind %q is not %s, %s, %s or %s", d.Kind, Detector, Door, Reader, UPS)
	}
	b, found := s.Bus(d.Bus)
	if !found {
		return d, fmt.Errorf("there is no bus %q", d.Bus)
	}
	for _, key := range lineKeys {
		if _, there := table[key]; there {
			return d, fmt.Errorf("%s is a setting of the bus", key)
		}
	}
	if d.Profile != "" {
		p, known := profile.Find(d.Profile)
		switch {
		case !known:
			return d, fmt.Errorf("there is no profile %q for a %s; there are: %s", d.Profile, d.Kind, strings.Join(profile.Names(d.Kind), ", "))
		case !slices.Contains(p.Kinds, d.Kind):
			return d, fmt.Errorf("the profile %q is none of a %s; there are: %s", d.Profile, d.Kind, strings.Join(profile.Names(d.Kind), ", "))
		case p.Protocol != b.Protocol:
			return d, fmt.Errorf("the profile %q wants a bus with the protocol %s, and that of %q is %s", d.Profile, p.Protocol, b.Name, b.Protocol)
		}
		if input, is := table["input"].(int64); is && p.Inputs > 0 && (input < 0 || input >= int64(p.Inputs)) {
			return d, fmt.Errorf("input %d is not between 0 and %d, the last of %s", input, p.Inputs-1, d.Profile)
		}
		table = p.Over(d.Kind, table)
	}
	return d, s.fill(&d, b, table)
}

// fill reads what depends on the kind of the device and the protocol of its bus.
func (s *Site) fill(d *Device, b Bus, table map[string]any) (err error) {
	switch d.Kind + " on " + b.Protocol {
	case Detector + " on " + Modbus:
		d.Detector = new(detector.Config)
		if err := decode(table, d.Detector); err != nil {
			return err
		}
		d.Detector.Config = b.Line
		*d.Detector, err = d.Detector.Complete()
	case Detector + " on " + Single:
		d.ASCII = new(detector.ASCIIConfig)
		if err := decode(table, d.ASCII); err != nil {
			return err
		}
		*d.ASCII, err = d.ASCII.Complete()
	case Door + " on " + Modbus:
		d.Door = new(door.Config)
		if err := decode(table, d.Door); err != nil {
			return err
		}
		d.Door.Config = b.Line
		*d.Door, err = d.Door.Complete()
	case Door + " on " + Single:
		d.Modem = new(door.ModemConfig)
		if err := decode(table, d.Modem); err != nil {
			return err
		}
		*d.Modem, err = d.Modem.Complete()
	case Detector + " on " + OSDP, Door + " on " + OSDP:
		d.Contact = new(Contact)
		if err := decode(table, d.Contact); err != nil {
			return err
		}
		err = d.Contact.check(d.Kind, b)
	case Reader + " on " + Single:
		d.Reader = new(reader.Config)
		if err := decode(table, d.Reader); err != nil {
			return err
		}
		*d.Reader, err = d.Reader.Complete()
	default:
		err = fmt.Errorf("a %s cannot be on a bus with the protocol %s", d.Kind, b.Protocol)
	}
	return err
}

// check returns an error unless the contact can be on the bus.
func (c *Contact) check(kind string, b Bus) error {
	i := slices.IndexFunc(b.OSDP.Peripherals, func(p osdp.PeripheralConfig) bool { return p.Name == c.Peripheral })
	switch {
	case i < 0:
		return fmt.Errorf("the bus %q has no peripheral %q", b.Name, c.Peripheral)
	case c.Input < 0 || c.Input > 255:
		return fmt.Errorf("input %d is not between 0 and 255", c.Input)
	case kind == Detector && (c.OpenWhenActive || c.Lock != nil):
		return errors.New("open_when_active and lock are for doors")
	case kind == Door && c.NormallyClosed:
		return errors.New("normally_closed is for detectors; a door has open_when_active")
	case c.Lock != nil && b.OSDP.Peripherals[i].Security != "secure":
		return fmt.Errorf("its lock would never be moved, since the peripheral %q is not secure", c.Peripheral)
	}
	return nil
}

func (s *Site) addDevice(d Device) error {
	for _, other := range s.Devices {
		if other.Name == d.Name {
			return errors.New("there is another device of that name")
		}
		if other.Bus != d.Bus || d.Bus == "" {
			continue
		}
		if b, _ := s.Bus(d.Bus); b.Protocol == Single {
			return fmt.Errorf("the bus %q belongs to %q alone", d.Bus, other.Name)
		}
		if d.wire() == other.wire() {
			return fmt.Errorf("it has the same input as %q", other.Name)
		}
	}
	s.Devices = append(s.Devices, d)
	return nil
}

// wire says where on its bus the contact of a device is.
func (d Device) wire() (at struct {
	peripheral string
	contact    modbus.Contact
},
) {
	switch {
	case d.Detector != nil:
		at.contact = d.Detector.Contact
	case d.Door != nil:
		at.contact = d.Door.Contact
	case d.Contact != nil:
		at.peripheral, at.contact.Input = d.Contact.Peripheral, uint16(d.Contact.Input)
	}
	return at
}
