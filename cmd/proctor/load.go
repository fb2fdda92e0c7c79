package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"emtihan/assets/locales"
	"emtihan/devices/detector"
	"emtihan/devices/door"
	"emtihan/exam"
	"emtihan/proctor/act"

	"github.com/BurntSushi/toml"
)

// settings is everything that the program reads before it opens anything.
type settings struct {
	session  *exam.Session
	forms    *act.Forms
	detector *detector.Config // nil: the devices file does not name one
	door     *door.Config
}

// load reads the session, the devices and the forms. It returns all troubles, each naming its file.
func load(c *cli) (*settings, []*trouble) {
	s := new(settings)
	var all []*trouble
	bad := func(id, path string, err error) {
		all = append(all, &trouble{exitDamaged, id, []any{"Path", path, "Why", err}})
	}
	data, err := os.ReadFile(c.Session)
	if err == nil {
		s.session, err = exam.ParseSession(data)
	}
	if err != nil {
		bad("session", c.Session, err)
	}
	if c.Devices != "" {
		if err := s.loadDevices(c.Devices); err != nil {
			bad("devices", c.Devices, err)
		}
	}
	dir := ""
	if c.Data != "" {
		dir = filepath.Join(c.Data, "forms")
	}
	if s.forms, err = act.Load(dir); err != nil {
		bad("forms", dir, err)
	}
	return s, all
}

const maxDevices = 1 << 20

func (s *settings) loadDevices(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if len(data) > maxDevices {
		return fmt.Errorf("the file has %d bytes, more than %d", len(data), maxDevices)
	}
	s.detector, s.door, err = parseDevices(data)
	return err
}

// parseDevices reads a devices file. Unknown keys are errors, so that a misspelt one is not a device that is silently
// watched in the wrong way.
func parseDevices(data []byte) (*detector.Config, *door.Config, error) {
	var file struct {
		Detector *detector.Config `toml:"detector"`
		Door     *door.Config     `toml:"door"`
	}
	meta, err := toml.Decode(string(exam.Trim(data)), &file)
	if err != nil {
		var pe toml.ParseError
		if errors.As(err, &pe) {
			return nil, nil, fmt.Errorf("line %d: %s", pe.Position.Line, pe.Message)
		}
		return nil, nil, err
	}
	if keys := meta.Undecoded(); len(keys) > 0 {
		return nil, nil, fmt.Errorf("unknown key %q", keys[0].String())
	}
	var errs []error
	if file.Detector != nil {
		*file.Detector, err = file.Detector.Complete()
		errs = append(errs, err)
	}
	if file.Door != nil {
		*file.Door, err = file.Door.Complete()
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	return file.Detector, file.Door, nil
}

// check says what is wrong, in the chosen language.
func check(c *cli, stdout, stderr io.Writer) int {
	s, troubles := load(c)
	for _, t := range troubles {
		fmt.Fprintln(stderr, t.in(c.lang()))
	}
	if len(troubles) > 0 {
		return exitDamaged
	}
	l := c.lang()
	fmt.Fprintln(stdout, locales.T(l, "proctor.start.ok", "Candidates", len(s.session.Candidates), "Administrators", len(s.session.Administrators)))
	// Ports that are not there are no damage of the file: the adapter may be plugged in later.
	for _, t := range s.missingPorts() {
		fmt.Fprintln(stdout, t.in(l))
	}
	return exitOK
}

func (s *settings) missingPorts() []portMissing {
	var out []portMissing
	note := func(id, path string, named bool) {
		reason := "not-configured"
		if named {
			if _, err := os.Stat(path); err == nil {
				return
			}
			reason = "missing"
		}
		out = append(out, portMissing{id, reason})
	}
	path := ""
	if s.detector != nil {
		path = s.detector.Path
	}
	note("no_detector", path, s.detector != nil)
	path = ""
	if s.door != nil {
		path = s.door.Path
	}
	note("no_door", path, s.door != nil)
	return out
}
