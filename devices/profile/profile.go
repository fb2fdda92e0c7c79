// Package profile holds what is known of devices that are sold, as data: registers, messages, settings of the line, and what
// of it nobody has confirmed in public.
package profile

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/BurntSushi/toml"
)

// Text is a clause in the three languages of the interface.
type Text struct {
	EN string `toml:"en"`
	RU string `toml:"ru"`
	KK string `toml:"kk"`
}

// In returns the clause in the language of the code "kk" or "ru", and in English for every other.
func (t Text) In(language string) string {
	switch language {
	case "kk":
		return t.KK
	case "ru":
		return t.RU
	}
	return t.EN
}

// Profile is what is known of a device.
type Profile struct {
	Name string `toml:"name"`
	// Kinds of devices that it can be: "detector", "door", "reader".
	Kinds []string `toml:"kinds"`
	// Protocol of its bus: "modbus", or "single" for a device that has a port of its own.
	Protocol string `toml:"protocol"`
	// About is one line for a person who chooses, Source where it is from.
	About  string `toml:"about"`
	Source string `toml:"source"`
	// ToConfirm says what must be compared with the manual of the device that was bought.
	ToConfirm []Text `toml:"to_confirm"`
	// Inputs that the device has; 0 when that is not known.
	Inputs int `toml:"inputs"`
	// Settings are keys of the device's kind, Counter those that only a detector has, Line those that its bus should have.
	// Counter's counter_register is that of input 0, and those of the others follow.
	Settings map[string]any `toml:"settings"`
	Counter  map[string]any `toml:"counter"`
	Line     map[string]any `toml:"line"`
}

//go:embed profiles.toml
var embedded string

var load = sync.OnceValues(func() ([]Profile, error) { return Parse(embedded) })

// Parse reads a file of profiles. Unknown keys are errors.
func Parse(text string) ([]Profile, error) {
	var file struct {
		Profiles []Profile `toml:"profile"`
	}
	meta, err := toml.Decode(text, &file)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("profile: unknown key %q", unknown[0].String())
	}
	seen := map[string]bool{}
	for _, p := range file.Profiles {
		switch {
		case p.Name == "" || seen[p.Name]:
			return nil, fmt.Errorf("profile: the name %q is missing or there twice", p.Name)
		case len(p.Kinds) == 0 || p.Protocol != "modbus" && p.Protocol != "single":
			return nil, fmt.Errorf("profile: %s has no kind or no protocol", p.Name)
		case slices.ContainsFunc(p.ToConfirm, func(t Text) bool { return t.EN == "" || t.RU == "" || t.KK == "" }):
			return nil, fmt.Errorf("profile: %s does not say in three languages what is to be confirmed", p.Name)
		case p.Inputs < 0:
			return nil, fmt.Errorf("profile: %s has %d inputs", p.Name, p.Inputs)
		}
		seen[p.Name] = true
	}
	return file.Profiles, nil
}

// All returns the profiles that the program knows, in the order of the file.
func All() []Profile {
	all, err := load()
	if err != nil {
		panic(err) // the embedded file is part of the program, and a test reads it
	}
	return slices.Clone(all)
}

// Find returns a profile by its name.
func Find(name string) (Profile, bool) {
	for _, p := range All() {
		if p.Name == name {
			return p, true
		}
	}
	return Profile{}, false
}

// Names returns the names of all profiles for a kind of device.
func Names(kind string) (names []string) {
	for _, p := range All() {
		if slices.Contains(p.Kinds, kind) {
			names = append(names, p.Name)
		}
	}
	return names
}

// Over returns the keys of a device of a kind with those of the profile that are not among them. When keys do not say where
// the counter is, it is that of the input.
func (p Profile) Over(kind string, keys map[string]any) map[string]any {
	all := map[string]any{}
	maps.Copy(all, p.Settings)
	if kind == "detector" {
		maps.Copy(all, p.Counter)
		input, _ := keys["input"].(int64)
		if first, has := all["counter_register"].(int64); has {
			width := int64(1)
			if bits, _ := all["counter_bits"].(int64); bits == 32 {
				width = 2
			}
			all["counter_register"] = first + width*input
		}
	}
	maps.Copy(all, keys)
	return all
}
