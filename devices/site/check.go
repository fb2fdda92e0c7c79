package site

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"emtihan/devices"
	"emtihan/devices/line"
	"emtihan/devices/osdp"
	"emtihan/devices/profile"
	"emtihan/devices/ups"
)

// Finding is something that a person should know about what a file names.
type Finding struct {
	// Fault: a device cannot work; otherwise it is a note.
	Fault bool
	// ID is a machine code: a reason of devices, or one of the constants. Sentences for persons belong to the locale files.
	ID string
	// Subject is the name of the bus or device, Path where it is.
	Subject, Path string
	// Detail is an English sentence for the technician, or what Text says.
	Detail string
	// Text is what ToConfirm is about, in three languages.
	Text profile.Text
}

// The findings besides reasons of devices.
const (
	// KeysExposed: others can read the file of keys.
	KeysExposed = "keys-exposed"
	// KeysDamaged: the file of keys cannot be read.
	KeysDamaged = "keys-damaged"
	// KeyMissing: a secure peripheral has no key yet.
	KeyMissing = "no-key"
	// LineDiffers: the settings of a bus are not those of the profile of a device on it.
	LineDiffers = "line-differs"
	// ToConfirm: something of the profile is not confirmed in public.
	ToConfirm = "to-confirm"
	// Unused: nothing is on a bus.
	Unused = "unused"
	// Unsupervised: a cut cable would pass for "no alarm".
	Unsupervised = "unsupervised"
)

// Check looks at what the site names: are the ports there and free, is the UPS known, are the keys kept safe, do lines and
// profiles fit? It opens every port for a moment and sends nothing, so no driver may be running. Faults come first.
func (s *Site) Check(ctx context.Context) []Finding {
	var all []Finding
	for _, b := range s.Buses {
		all = append(all, b.check(ctx)...)
		if !slices.ContainsFunc(s.Devices, func(d Device) bool { return d.Bus == b.Name }) {
			all = append(all, Finding{ID: Unused, Subject: b.Name, Path: b.Line.Path, Detail: "no device is on this bus"})
		}
	}
	for _, d := range s.Devices {
		all = append(all, s.checkDevice(ctx, d)...)
	}
	slices.SortStableFunc(all, func(a, b Finding) int {
		switch {
		case a.Fault == b.Fault:
			return 0
		case a.Fault:
			return -1
		}
		return 1
	})
	return all
}

func (b Bus) check(ctx context.Context) (all []Finding) {
	port, err := line.New(b.Line, nil)
	if err == nil {
		err = errors.Join(port.Probe(ctx), port.Close())
	}
	if err != nil {
		all = append(all, Finding{Fault: true, ID: string(devices.ReasonOf(err)), Subject: b.Name, Path: b.Line.Path, Detail: err.Error()})
	}
	if b.OSDP == nil || b.OSDP.Keys == "" {
		return all
	}
	keys, err := osdp.OpenKeys(b.OSDP.Keys)
	switch {
	case errors.Is(err, osdp.ErrKeysExposed):
		return append(all, Finding{Fault: true, ID: KeysExposed, Subject: b.Name, Path: b.OSDP.Keys, Detail: err.Error()})
	case errors.Is(err, fs.ErrPermission):
		return append(all, Finding{Fault: true, ID: string(devices.Forbidden), Subject: b.Name, Path: b.OSDP.Keys, Detail: err.Error()})
	case err != nil:
		return append(all, Finding{Fault: true, ID: KeysDamaged, Subject: b.Name, Path: b.OSDP.Keys, Detail: err.Error()})
	}
	for _, p := range b.OSDP.Peripherals {
		if p.Security == "secure" && !keys.Has(p.Name) {
			all = append(all, Finding{
				Fault: true, ID: KeyMissing, Subject: p.Name, Path: b.OSDP.Keys, Detail: "the peripheral must be commissioned",
			})
		}
	}
	return all
}

func (s *Site) checkDevice(ctx context.Context, d Device) (all []Finding) {
	if d.UPS != nil {
		if _, err := ups.Ask(ctx, *d.UPS); err != nil {
			all = append(all, Finding{Fault: true, ID: string(devices.ReasonOf(err)), Subject: d.Name, Path: d.UPS.Address, Detail: err.Error()})
		}
		return all
	}
	b, _ := s.Bus(d.Bus)
	if d.Detector != nil && !d.Detector.NormallyClosed || d.Contact != nil && d.Kind == Detector && !d.Contact.NormallyClosed {
		all = append(all, Finding{ID: Unsupervised, Subject: d.Name, Detail: "the relay closes on alarm: a cut cable reads as no alarm"})
	}
	if d.Door != nil && d.Door.OpenWhenOn || d.Contact != nil && d.Contact.OpenWhenActive {
		all = append(all, Finding{ID: Unsupervised, Subject: d.Name, Detail: "the contact closes when the door opens: a cut cable reads as closed"})
	}
	p, known := profile.Find(d.Profile)
	if !known {
		return all
	}
	if wrong := differences(p.Line, b.Line); wrong != "" {
		all = append(all, Finding{ID: LineDiffers, Subject: d.Name, Path: b.Line.Path, Detail: wrong})
	}
	for _, what := range p.ToConfirm {
		all = append(all, Finding{ID: ToConfirm, Subject: d.Name, Detail: what.EN, Text: what})
	}
	return all
}

// differences says in which settings a line is not as a profile wants it, in the words of the file: what it has and what the
// device leaves the factory with. It returns "" for none.
func differences(want map[string]any, has line.Config) string {
	is := map[string]any{
		"baud": int64(has.Baud), "data_bits": int64(has.DataBits), "parity": has.Parity, "stop_bits": int64(has.StopBits),
	}
	var all []string
	for key, value := range want {
		if is[key] != value {
			all = append(all, fmt.Sprintf("%s %v ≠ %v", key, is[key], value))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

// Describe returns one line about a device for a table.
func (s *Site) Describe(d Device) string {
	if d.UPS != nil {
		return d.UPS.UPS + "@" + d.UPS.Address
	}
	b, _ := s.Bus(d.Bus)
	where := b.Line.Path
	if target, err := os.Readlink(where); err == nil {
		where += " → " + target
	}
	return where
}
