package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"emtihan/exam/parcel/convert"
	"emtihan/exam/qti"
	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/intake"
	"emtihan/exam/qti/sheet"
	"emtihan/exam/qti/table"
)

type packageTemplateCmd struct {
	Out string `short:"o" required:"" help:"File, .xlsx or .csv; it must not exist." placeholder:"FILE" type:"path"`
}

// Run writes an example of a table of items.
func (c *packageTemplateCmd) Run(e *env) error {
	data := sheet.Template()
	switch strings.ToLower(filepath.Ext(c.Out)) {
	case ".csv":
	case ".xlsx":
		var err error
		if data, err = sheet.TemplateXLSX(); err != nil {
			return err
		}
	default:
		return usageError{fmt.Errorf("--out: %s is neither .xlsx nor .csv", c.Out)}
	}
	if err := writeNew("--out", c.Out, 0o644, data); err != nil {
		return err
	}
	fmt.Fprintln(e.err, e.say("parcel.template", "File", c.Out))
	return nil
}

type packageImportCmd struct {
	File     string `arg:"" help:"QTI package (a zip archive or a folder), or a table of items (.xlsx, .csv)." type:"path"`
	Out      string `short:"o" help:"Folder for the paper and its media; it must not exist or be empty. Without it nothing is written." placeholder:"DIR" type:"path"`
	Exam     string `name:"exam-lang" help:"Exam language of the paper: kk, ru or en." enum:"kk,ru,en" default:"ru"`
	ID       string `help:"Id of the paper; as a rule made of the file's name." placeholder:"ID"`
	Title    string `help:"Title of the paper; as a rule the test's." placeholder:"TEXT"`
	Test     string `help:"Test to take, where the package has several." placeholder:"ID"`
	Skip     bool   `help:"Leave out what a paper cannot hold. Otherwise the package is refused."`
	Pictures string `help:"Folder with the pictures that a table names." placeholder:"DIR" type:"existingdir"`
	JSON     bool   `name:"json" help:"Say it for programs."`
}

var notID = regexp.MustCompile(`[^a-z0-9]+`)

// Run converts the package and says what became of every item.
func (c *packageImportCmd) Run(e *env) error {
	p, err := c.open()
	if err != nil {
		return e.refuseImport(c.File, err)
	}
	defer p.Close() // only read from
	opt := convert.Options{ID: c.ID, Lang: c.Exam, Title: c.Title, Test: c.Test, Skip: c.Skip}
	if opt.ID == "" {
		name := strings.TrimSuffix(filepath.Base(c.File), filepath.Ext(c.File))
		opt.ID = strings.Trim(notID.ReplaceAllString(strings.ToLower(name), "-"), "-")
		if opt.ID = opt.ID[:min(len(opt.ID), 32)]; opt.ID == "" {
			opt.ID = "paper"
		}
	}
	r, err := convert.Convert(p, opt)
	if r == nil {
		return usageError{err}
	}
	if c.JSON {
		if err := json.NewEncoder(e.out).Encode(importJSON(c.File, opt.ID, r)); err != nil {
			return err
		}
	} else {
		e.printImport(c.File, r)
	}
	if err != nil {
		fmt.Fprintln(e.err, e.say("import.nothing", "File", c.File, "Why", clean(err.Error())))
		return exitError(exitNotWhole)
	}
	if r.Paper == nil {
		fmt.Fprintln(e.err, e.say("import.refused", "File", c.File))
		return exitError(exitNotWhole)
	}
	if c.Out == "" {
		return nil
	}
	if err := writeExam(c.Out, 0o755, 0o644, opt.ID, r.Paper, r.Media, nil); err != nil {
		return err
	}
	fmt.Fprintln(e.err, e.say("import.written", "Folder", c.Out, "Items", r.Taken(), "Media", len(r.Media)))
	return nil
}

func (c *packageImportCmd) open() (*qti.Package, error) {
	ext := strings.ToLower(filepath.Ext(c.File))
	switch ext {
	case ".xlsx", ".xlsm", ".xls", ".csv", ".tsv", ".txt":
	default:
		return qti.Open(c.File, qti.Options{})
	}
	data, err := readLimited(c.File, table.DefaultBytes)
	if err != nil {
		return nil, err
	}
	pictures, err := readPictures(c.Pictures)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(filepath.Base(c.File), filepath.Ext(c.File))
	if ext[:3] == ".xl" {
		if strings.HasPrefix(string(data), "\xd0\xcf") {
			_, err := table.Read(data, table.Limits{})
			return nil, err
		}
		return sheet.ReadXLSX(name, data, pictures, qti.Options{})
	}
	return sheet.ReadCSV(name, data, pictures, qti.Options{})
}

func readLimited(name string, most int64) ([]byte, error) {
	fi, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
	}
	if fi.Size() > most {
		return nil, &table.Error{Reason: table.TooMuch, Text: fmt.Sprintf("the file has %d bytes, more than %d", fi.Size(), most)}
	}
	return os.ReadFile(name)
}

func readPictures(dir string) (map[string][]byte, error) {
	if dir == "" {
		return nil, nil
	}
	source, err := intake.Dir(dir, intake.Limits{})
	if err != nil {
		return nil, err
	}
	pictures := make(map[string][]byte)
	for _, name := range source.Names() {
		if pictures[name], err = source.Read(name, source.Size(name)); err != nil {
			break
		}
	}
	return pictures, errors.Join(err, source.Close())
}

// refuseImport says why a package cannot be read at all.
func (e *env) refuseImport(file string, err error) error {
	var reason *table.Error
	var missing *fs.PathError
	switch {
	case errors.As(err, &reason):
		fmt.Fprintln(e.err, e.say("import.table", "File", file, "Why", e.say("table."+string(reason.Reason)), "Detail", clean(reason.Text)))
	case errors.As(err, &missing):
		return err
	default:
		fmt.Fprintln(e.err, e.say("import.unreadable", "File", file))
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintln(e.err, "  "+clean(line))
		}
	}
	return exitError(exitNotWhole)
}

func (e *env) printImport(file string, r *convert.Result) {
	for _, it := range r.Items {
		if it.Taken() {
			fmt.Fprintln(e.out, e.say("import.taken", "ID", clean(it.ID), "Paper", it.Paper, "Kind", it.Kind, "Points", it.Points, "Path", clean(it.Path)))
		} else {
			fmt.Fprintln(e.out, e.say("import.left", "ID", clean(it.ID), "Path", clean(it.Path)))
		}
		for _, f := range it.Refused {
			fmt.Fprintln(e.out, "    "+clean(f.String()))
		}
		for _, f := range it.Changed {
			fmt.Fprintln(e.out, "    "+clean(f.String()))
		}
	}
	for _, f := range r.Findings {
		fmt.Fprintln(e.out, clean(f.String()))
	}
	fmt.Fprintln(e.out, e.say("import.summary", "File", file, "Taken", r.Taken(), "All", len(r.Items)))
}

func importJSON(file, id string, r *convert.Result) map[string]any {
	lines := func(all []finding.Finding) []string {
		out := make([]string, 0, len(all))
		for _, f := range all {
			out = append(out, f.String())
		}
		return out
	}
	items := make([]map[string]any, 0, len(r.Items))
	for _, it := range r.Items {
		items = append(items, map[string]any{
			"id": it.ID, "path": it.Path, "taken": it.Taken(), "paper": it.Paper, "kind": it.Kind, "points": it.Points, "refused": lines(it.Refused), "changed": lines(it.Changed),
		})
	}
	return map[string]any{"file": file, "paper": id, "taken": r.Taken(), "all": len(r.Items), "accepted": r.Paper != nil, "items": items, "findings": lines(r.Findings)}
}
