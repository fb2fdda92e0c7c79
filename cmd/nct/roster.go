package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"emtihan/exam/qti/table"
	"emtihan/exam/roster"
)

// rosterCmd holds what is done with lists of candidates.
type rosterCmd struct {
	Template rosterTemplateCmd `cmd:"" help:"Write an example of a list of candidates."`
	Check    rosterCheckCmd    `cmd:"" help:"Say cell by cell what is wrong with a list of candidates."`
	Build    rosterBuildCmd    `cmd:"" help:"Write the list of candidates into a session."`
	Pack     rosterPackCmd     `cmd:"" help:"Sign and encrypt the candidates of a session for the computers of a centre."`
	Verify   rosterVerifyCmd   `cmd:"" help:"Say whether NCT signed a packed list and nothing was changed since."`
}

const rosterHelp = "Lists of candidates from a spreadsheet. Exit codes: 0 usable, 1 something must be mended, 2 wrong usage, 3 cannot be read or written."

type rosterTemplateCmd struct {
	Out string `short:"o" required:"" help:"File, .xlsx or .csv; it must not exist. Its columns are named in --lang." placeholder:"FILE" type:"path"`
}

// Run writes an example.
func (c *rosterTemplateCmd) Run(e *env) error {
	data, err := roster.Template(string(e.lang))
	if err != nil {
		return err
	}
	switch strings.ToLower(filepath.Ext(c.Out)) {
	case ".xlsx":
	case ".csv":
		t, err := table.Read(data, table.Limits{})
		if err != nil {
			return err
		}
		var b strings.Builder
		b.WriteString("\ufeff")
		w := csv.NewWriter(&b)
		w.Comma = ';'
		if err := w.WriteAll(t.Strings()); err != nil {
			return err
		}
		data = []byte(b.String())
	default:
		return usageError{fmt.Errorf("--out: %s is neither .xlsx nor .csv", c.Out)}
	}
	if err := writeNew("--out", c.Out, 0o644, data); err != nil {
		return err
	}
	fmt.Fprintln(e.err, e.say("parcel.template", "File", c.Out))
	return nil
}

// listArgs name a list and how it is read.
type listArgs struct {
	File     string `arg:"" help:"List of candidates (.xlsx or .csv)." type:"path"`
	Photos   string `help:"Folder with the photos. Without it photos are not looked at." placeholder:"DIR" type:"existingdir"`
	MaxExtra int    `help:"Most extra minutes that a candidate may have." default:"60"`
}

func (c *listArgs) read() (*roster.Roster, error) {
	data, err := readLimited(c.File, table.DefaultBytes)
	if err != nil {
		return nil, err
	}
	opt := roster.Options{MaxExtra: c.MaxExtra}
	if c.Photos == "" {
		return roster.Read(data, opt)
	}
	root, err := os.OpenRoot(c.Photos)
	if err != nil {
		return nil, err
	}
	opt.Photos = root.FS()
	r, err := roster.Read(data, opt)
	return r, errors.Join(err, root.Close())
}

type rosterCheckCmd struct {
	listArgs
	JSON bool `name:"json" help:"Say it for programs."`
}

// Run checks the list.
func (c *rosterCheckCmd) Run(e *env) error {
	r, err := c.read()
	if err != nil {
		return e.refuseImport(c.File, err)
	}
	if c.JSON {
		findings := r.Findings
		if findings == nil {
			findings = []roster.Finding{}
		}
		err := json.NewEncoder(e.out).Encode(map[string]any{
			"file": c.File, "sheet": r.Sheet, "candidates": len(r.Entries), "rooms": r.Rooms(), "usable": r.Usable(), "findings": findings,
		})
		if err != nil {
			return err
		}
	} else {
		e.printFindings(c.File, r)
	}
	if !r.Usable() {
		return exitError(exitNotWhole)
	}
	return nil
}

func (e *env) printFindings(file string, r *roster.Roster) {
	wrong := 0
	for _, f := range r.Findings {
		id := "roster.error"
		if f.Warning {
			id = "roster.warning"
		} else {
			wrong++
		}
		place := e.say("roster.list")
		switch {
		case f.Row > 0 && f.Column != "":
			place = e.say("roster.cell", "Row", f.Row, "Column", clean(f.Column))
		case f.Row > 0:
			place = e.say("roster.row", "Row", f.Row)
		}
		value := f.Value
		if f.Code == roster.ColumnMissing || f.Code == roster.ColumnAbsent {
			value = roster.Field(f.Value).Title(string(e.lang))
		}
		why := e.say("roster-finding."+string(f.Code), "Value", clean(value), "Other", clean(f.Other), "Proposal", clean(f.Proposal))
		fmt.Fprintln(e.out, e.say(id, "Place", place, "Why", why))
	}
	fmt.Fprintln(e.out, e.say("roster.summary", "File", file, "Candidates", len(r.Entries), "Errors", wrong, "Warnings", len(r.Findings)-wrong))
}

type rosterBuildCmd struct {
	listArgs
	Session string `required:"" help:"Session without candidates: id, centre, room, start, profile, paper, administrators." placeholder:"FILE" type:"path"`
	Out     string `short:"o" required:"" help:"File for the session with its candidates; it must not exist." placeholder:"FILE" type:"path"`
	Room    string `help:"Room whose candidates are taken, where the list has several." placeholder:"ROOM"`
}

// Run writes the session.
func (c *rosterBuildCmd) Run(e *env) error {
	r, err := c.read()
	if err != nil {
		return e.refuseImport(c.File, err)
	}
	if !r.Usable() {
		e.printFindings(c.File, r)
		return exitError(exitNotWhole)
	}
	if rooms := r.Rooms(); len(rooms) > 1 && c.Room == "" {
		return usageError{errors.New(e.say("roster.rooms", "Rooms", clean(strings.Join(rooms, ", "))))}
	}
	base, err := readLimited(c.Session, 8<<20)
	if err != nil {
		return fmt.Errorf("--session: %w", err)
	}
	photos := ""
	if c.Photos != "" {
		if photos, err = filepath.Rel(filepath.Dir(c.Out), c.Photos); err != nil {
			return fmt.Errorf("--photos: %w", err)
		}
		photos = filepath.ToSlash(photos)
	}
	data, err := r.Session(base, c.Room, photos)
	if err != nil {
		return usageError{fmt.Errorf("--session: %w", err)}
	}
	// The list has names and IINs (R27).
	if err := writeNew("--out", c.Out, 0o600, data); err != nil {
		return err
	}
	e.printFindings(c.File, r)
	fmt.Fprintln(e.err, e.say("roster.written", "File", c.Out))
	return nil
}
