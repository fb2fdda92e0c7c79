package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"emtihan/exam"
	"emtihan/exam/qti/table"
)

// marksCmd holds what is done with the marks that come back.
type marksCmd struct {
	Import marksImportCmd `cmd:"" help:"Put the marks of the universities and of the machine together into results."`
}

type marksImportCmd struct {
	logArgs
	paperArgs
	Marks []string `required:"" help:"Table of marks (.csv or .xlsx) as export university wrote it, filled in. Can be repeated." placeholder:"FILE" sep:"none"`
	Codes string   `required:"" help:"Key of the individual codes." placeholder:"FILE" type:"path"`
	Out   string   `short:"o" required:"" help:"File for the results (.csv); it must not exist." placeholder:"FILE" type:"path"`
}

// markRow is a line of a table of marks.
type markRow struct {
	file  string
	row   int
	cells map[string]string // by column
	used  bool
}

// Run writes the results (R23, R25).
func (c *marksImportCmd) Run(e *env) error {
	key, err := readCodeKey(c.Codes)
	if err != nil {
		return err
	}
	rows, err := c.rows(e)
	if err != nil {
		return err
	}
	paper, err := c.paperArgs.read(e)
	if err != nil {
		return err
	}
	list, whole, err := c.attempts(e, paper)
	if err != nil {
		return err
	}
	var out [][]string
	for _, t := range list {
		line, ok := e.resultOf(t, key.code(t.Opened), rows)
		whole = whole && ok
		if line != nil {
			out = append(out, line)
		}
	}
	for _, code := range slices.Sorted(keysOf(rows)) {
		if r := rows[code]; !r.used {
			fmt.Fprintln(e.err, e.say("marks.unknown", "File", r.file, "Row", r.row, "Code", clean(code)))
			whole = false
		}
	}
	sortRows(out)
	out = append([][]string{{"code", "session", "attempt", "iin", "name", "university", "programme", "parts", "points", "most", "threshold", "result", "valid_until"}}, out...)
	if err := writeTable("--out", c.Out, out); err != nil {
		return err
	}
	fmt.Fprintln(e.err, e.say("export.written", "Count", len(out)-1, "File", c.Out))
	if !whole {
		return exitError(exitNotWhole)
	}
	return nil
}

func keysOf(m map[string]*markRow) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// rows reads the tables. A code that stands twice refuses them: nobody could say which mark was meant.
func (c *marksImportCmd) rows(e *env) (map[string]*markRow, error) {
	out := make(map[string]*markRow)
	for _, file := range c.Marks {
		data, err := readLimited(file, table.DefaultBytes)
		if err != nil {
			return nil, err
		}
		t, err := table.Read(data, table.Limits{})
		if err != nil {
			return nil, e.refuseImport(file, err)
		}
		lines := t.Strings()
		at := -1
		if len(lines) > 0 {
			at = slices.Index(lines[0], "code")
		}
		if at < 0 {
			return nil, usageError{errors.New(e.say("marks.no-code", "File", file))}
		}
		for i, line := range lines[1:] {
			if at >= len(line) || strings.TrimSpace(line[at]) == "" {
				continue
			}
			code := readCode(line[at])
			r := &markRow{file: file, row: i + 2, cells: make(map[string]string)}
			for j, cell := range line {
				if j < len(lines[0]) {
					r.cells[lines[0][j]] = strings.TrimSpace(cell)
				}
			}
			if first := out[code]; first != nil {
				return nil, usageError{errors.New(e.say("marks.twice", "File", file, "Row", r.row, "Code", clean(code), "Other", first.row))}
			}
			out[code] = r
		}
	}
	return out, nil
}

// resultOf returns the line of one attempt, or nil where there is no result; what is missing is said.
func (e *env) resultOf(t taken, code string, rows map[string]*markRow) (line []string, ok bool) {
	person := t.Opened.Candidate
	head := []string{code, t.Opened.Session, t.Opened.Attempt, person.IIN, person.Name, person.University, person.Programme}
	row := rows[code]
	if row != nil {
		row.used = true
	}
	if t.Validity() != exam.Valid { // R20, R26: no marks, whatever came back
		return append(head, "", "", "", "", string(t.Validity()), ""), true
	}
	if t.HandedIn == nil {
		fmt.Fprintln(e.err, e.say("export.not-handed-in", "File", t.file))
		return nil, false
	}
	if row == nil && len(t.Profile.Marks) > 0 {
		fmt.Fprintln(e.err, e.say("marks.missing", "File", t.file, "Code", code))
		return nil, false
	}
	given := make(map[string]int)
	for _, m := range t.Profile.Marks {
		text := row.cells[m.ID]
		if text == "" && len(m.Kinds) == 0 && !person.InterviewHeld {
			given[m.ID] = 0 // who was not at the interview has no points for it
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			fmt.Fprintln(e.err, e.say("marks.bad", "File", row.file, "Row", row.row, "Mark", m.ID, "Text", clean(text), "Most", m.Most))
			return nil, false
		}
		given[m.ID] = n
	}
	result, err := t.Profile.Total(t.Marks(), given)
	if err != nil {
		fmt.Fprintln(e.err, e.say("marks.refused", "File", row.file, "Row", row.row, "Why", err))
		return nil, false
	}
	var parts []string
	for _, p := range result.Parts {
		parts = append(parts, fmt.Sprintf("%s %d/%d", p.ID, p.Points, p.Most))
	}
	until := ""
	if day, ok := t.Profile.CertificateUntil(t.day()); ok && result.Passed {
		until = day.Format("2006-01-02")
	}
	return append(head, strings.Join(parts, ", "), strconv.Itoa(result.Points), strconv.Itoa(result.Most), strconv.Itoa(t.Profile.Result.Threshold),
		either(result.Passed, "passed", "failed"), until), true
}
