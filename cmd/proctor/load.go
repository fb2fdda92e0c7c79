package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"emtihan/assets"
	"emtihan/assets/locales"
	"emtihan/devices/site"
	"emtihan/exam"
	"emtihan/exam/roster"
	"emtihan/proctor/act"
)

// settings is everything that the program reads before it opens anything.
type settings struct {
	session *exam.Session
	profile *exam.Profile
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
	var err error
	s.session, _, err = roster.LoadSession(c.Session, "", c.Data)
	if err == nil {
		s.profile, err = loadProfile(filepath.Dir(c.Session), s.session.Profile)
	}
	if err != nil {
		bad("session", c.Session, err)
	}
	if c.Devices != "" {
		if s.devices, err = site.Load(c.Devices); err != nil {
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

// loadProfile returns the exam's profile: beside the session's file, or built in.
func loadProfile(dir, id string) (*exam.Profile, error) {
	data, err := os.ReadFile(filepath.Join(dir, "profiles", id+".toml"))
	if errors.Is(err, fs.ErrNotExist) {
		return assets.Profile(id)
	}
	if err != nil {
		return nil, err
	}
	return exam.ParseProfile(data)
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
	findings, err := photoFindings(l, c.Models, c.Session, s.session.Candidates)
	if err != nil {
		fmt.Fprintln(stdout, locales.T(l, "problem.models-missing.what"), err)
	}
	for _, f := range findings {
		fmt.Fprintln(stdout, f)
	}
	return exitOK
}
