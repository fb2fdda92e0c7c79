package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"emtihan/assets/locales"
	"emtihan/devices/site"
	"emtihan/exam"
	"emtihan/proctor/act"
)

// settings is everything that the program reads before it opens anything.
type settings struct {
	session *exam.Session
	forms   *act.Forms
	devices *site.Site // nil: there is no devices file
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
		if s.devices, err = loadSite(c.Devices); err != nil {
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
	for _, t := range missingPorts(s.devices) {
		fmt.Fprintln(stdout, t.in(l))
	}
	return exitOK
}
