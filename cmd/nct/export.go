package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"emtihan/assets"
	"emtihan/exam"
	"emtihan/exam/parcel"
	"emtihan/exam/sealed"
	"emtihan/exam/vault"

	"filippo.io/age"
)

// exportCmd holds what is made of logs for people outside of the exam.
type exportCmd struct {
	Keygen     exportKeygenCmd     `cmd:"" help:"Make the key from which individual codes follow."`
	University exportUniversityCmd `cmd:"" help:"Essays and profile answers for the universities, under individual codes, without names."`
	Results    exportResultsCmd    `cmd:"" help:"The machine's marks, task by task, without the key of the tasks."`
	Appeals    exportAppealsCmd    `cmd:"" help:"All appeals, for the commission."`
}

const exportHelp = "What is made of the logs after an exam. Exit codes: 0 done, 1 something was left out, 2 wrong usage, 3 cannot be read or written."

// paperArgs name the paper with which attempts were taken: as files, or in its sealed package.
type paperArgs struct {
	Paper   string   `help:"The paper: a file (papers/ID.toml), or the name of a built-in one." placeholder:"PAPER"`
	Package string   `help:"The sealed package that has the paper, instead of --paper; with --release and --signer." placeholder:"FILE" type:"path"`
	Release string   `help:"Release key of the package: a file, or - for the standard input." placeholder:"KEY"`
	Signer  []string `help:"File with NCT's public keys that may have signed the package. Can be repeated." placeholder:"FILE" sep:"none"`
}

var errNoPaper = errors.New("name the paper with --paper, or its package with --package, --release and --signer")

func (p paperArgs) given() bool { return p.Paper != "" || p.Package != "" }

func (p paperArgs) read(e *env) (*exam.Paper, error) {
	switch {
	case p.Paper != "" && p.Package != "" || !p.given():
		return nil, usageError{errNoPaper}
	case p.Paper != "":
		data, err := readLimited(p.Paper, 8<<20)
		if err != nil {
			if built, berr := assets.Source("papers", p.Paper); berr == nil {
				data, err = built, nil
			}
		}
		if err != nil {
			return nil, fmt.Errorf("--paper: %w", err)
		}
		paper, err := exam.ParsePaper(exam.Trim(data))
		if err != nil {
			return nil, usageError{fmt.Errorf("--paper: %w", err)}
		}
		return paper, nil
	case p.Release == "" || len(p.Signer) == 0:
		return nil, usageError{errNoPaper}
	}
	keys, err := loadKeysOf("--signer", p.Signer)
	if err != nil {
		return nil, err
	}
	release, err := e.releaseKey(p.Release)
	if err != nil {
		return nil, e.refuseParcel(p.Release, err)
	}
	f, err := os.Open(p.Package)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read from
	c, err := parcel.Open(f, release.Key, parcel.Options{Keys: keys})
	if err != nil {
		return nil, e.refuseParcel(p.Package, err)
	}
	return c.Paper, nil
}

// logArgs name the logs of attempts.
type logArgs struct {
	Logs []string `arg:"" name:"log" help:"Sealed logs of attempts (.emlog)."`
	Key  []string `help:"File with the public keys that may have signed the logs. Can be repeated." placeholder:"FILE" sep:"none"`
	access
}

// taken is an attempt that was read.
type taken struct {
	file string
	*exam.Attempt
	filed []filed // appeals with their times
}

// filed is an appeal as it came.
type filed struct {
	at    exam.Stamp
	event exam.Event
}

// attempts reads the logs. What cannot be read is said, and ok is false then; logs of rooms are passed over.
func (c *logArgs) attempts(e *env, paper *exam.Paper) (out []taken, ok bool, err error) {
	keys, err := loadKeys(c.Key)
	if err != nil {
		return nil, false, err
	}
	ok = true
	for _, file := range c.Logs {
		t, err := e.readAttempt(file, c.access, keys, paper)
		if errors.Is(err, errNoAttempt) {
			continue
		}
		if err != nil {
			var usage usageError
			if errors.As(err, &usage) {
				return nil, false, err
			}
			sentence, _ := e.complain(file, err)
			fmt.Fprintln(e.err, sentence)
			ok = false
			continue
		}
		out = append(out, t)
	}
	return out, ok, nil
}

var errNoAttempt = errors.New("it is no log of an attempt")

func (e *env) readAttempt(file string, a access, keys []vault.PublicKey, paper *exam.Paper) (taken, error) {
	log, err := e.openShown(file, a, keys)
	if err != nil {
		return taken{}, err
	}
	defer log.close()
	if log.bad != nil {
		return taken{}, log.bad
	}
	t := taken{file: file, Attempt: exam.NewAttempt(paper)}
	err = log.each(func(s sealed.Section) error {
		if s.Record == nil {
			return nil
		}
		if _, first := s.Record.Event.(exam.Opened); t.Seq == 0 && !first {
			return errNoAttempt
		}
		next, err := t.Apply(*s.Record)
		if err != nil {
			return err
		}
		t.Attempt = next
		switch s.Record.Event.(type) {
		case exam.AppealedTechnically, exam.AppealedContent, exam.AppealedWork:
			t.filed = append(t.filed, filed{s.Record.Stamp, s.Record.Event})
		}
		return nil
	})
	if err == nil && t.Seq == 0 {
		err = errNoAttempt
	}
	return t, err
}

// counts says whether a result can come of the attempt, and why not.
func (e *env) counts(t taken) bool {
	switch {
	case t.Validity() != exam.Valid:
		fmt.Fprintln(e.err, e.say("export.not-valid", "File", t.file, "Validity", e.say("export-validity."+string(t.Validity()))))
	case t.HandedIn == nil:
		fmt.Fprintln(e.err, e.say("export.not-handed-in", "File", t.file))
	default:
		return true
	}
	return false
}

// day returns when the exam was, at the centre.
func (t taken) day() time.Time { return time.UnixMilli(t.Opened.Start).In(t.Opened.Zone()) }

// writeTable writes rows as CSV that spreadsheet programs read: with a byte-order mark and semicolons.
func writeTable(flag, name string, rows [][]string) error {
	data, err := tableBytes(rows)
	if err != nil {
		return err
	}
	// What stands in it is about people (R27).
	return writeNew(flag, name, 0o600, data)
}

func tableBytes(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.Comma = ';'
	for _, row := range rows {
		safe := make([]string, len(row))
		for i, cell := range row {
			safe[i] = noFormula(cell)
		}
		if err := w.Write(safe); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// noFormula keeps a spreadsheet program from taking a candidate's words for a formula.
func noFormula(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		if _, err := strconv.Atoi(s); err != nil {
			return "'" + s
		}
	}
	return s
}

type exportResultsCmd struct {
	logArgs
	paperArgs
	Out string `short:"o" required:"" help:"File for the table (.csv); it must not exist." placeholder:"FILE" type:"path"`
}

// Run writes the map of results of each attempt (R4, R5): block, task as the candidate saw it, points.
func (c *exportResultsCmd) Run(e *env) error {
	paper, err := c.paperArgs.read(e)
	if err != nil {
		return err
	}
	list, whole, err := c.attempts(e, paper)
	if err != nil {
		return err
	}
	rows := [][]string{{"session", "attempt", "block", "number", "task", "answered", "marked", "points", "most"}}
	for _, t := range list {
		if !e.counts(t) {
			whole = false
			continue
		}
		for _, m := range t.Marks().Items {
			points := strconv.Itoa(m.Points)
			if m.Held {
				points = ""
			}
			rows = append(rows, []string{
				t.Opened.Session, t.Opened.Attempt, m.Block, strconv.Itoa(m.Number), m.Item, either(m.Answered, "yes", "no"),
				either(m.Held, "person", "machine"), points, strconv.Itoa(m.Most),
			})
		}
	}
	if err := writeTable("--out", c.Out, rows); err != nil {
		return err
	}
	fmt.Fprintln(e.err, e.say("export.written", "Count", len(list), "File", c.Out))
	if !whole {
		return exitError(exitNotWhole)
	}
	return nil
}

type exportAppealsCmd struct {
	logArgs
	Codes string `help:"Key of the individual codes (see keygen): appeals stand under codes then, and not under the ids of attempts." placeholder:"FILE" type:"path"`
	Out   string `short:"o" required:"" help:"File for the table (.csv); it must not exist." placeholder:"FILE" type:"path"`
}

// Run writes all appeals (R15, R24), without names.
func (c *exportAppealsCmd) Run(e *env) error {
	var key *codeKey
	if c.Codes != "" {
		k, err := readCodeKey(c.Codes)
		if err != nil {
			return err
		}
		key = &k
	}
	list, whole, err := c.attempts(e, nil)
	if err != nil {
		return err
	}
	count := 0
	rows := [][]string{{either(key != nil, "code", "attempt"), "session", "time", "kind", "task", "ground", "reason"}}
	for _, t := range list {
		who := t.Opened.Attempt
		if key != nil {
			who = key.code(t.Opened)
		}
		for _, f := range t.filed {
			kind, item, ground, text := "", "", "", ""
			switch ev := f.event.(type) {
			case exam.AppealedTechnically:
				kind, item, text = "technical", ev.Item, ev.Text
			case exam.AppealedContent:
				kind, item, ground, text = "content", ev.Item, strconv.Itoa(ev.Ground), ev.Text
			case exam.AppealedWork:
				kind, item, text = "work", ev.Item, ev.Text
			}
			if key != nil {
				text, _ = mask(text, t.Opened.Candidate)
			}
			count++
			rows = append(rows, []string{who, t.Opened.Session, e.clock(f.at.Time()), kind, item, ground, text})
		}
	}
	if err := writeTable("--out", c.Out, rows); err != nil {
		return err
	}
	fmt.Fprintln(e.err, e.say("export.written", "Count", count, "File", c.Out))
	if !whole {
		return exitError(exitNotWhole)
	}
	return nil
}

type exportUniversityCmd struct {
	logArgs
	paperArgs
	Codes     string   `required:"" help:"Key of the individual codes (see keygen)." placeholder:"FILE" type:"path"`
	Recipient []string `required:"" help:"Public key of NCT for which the list of codes is encrypted. Can be repeated." placeholder:"AGE1…" sep:"none"`
	Out       string   `short:"o" required:"" help:"Folder for the work; it must not exist. In it: a folder for each university, and codes.age for NCT." placeholder:"DIR" type:"path"`
}

// work is the work of one candidate as the university gets it.
type work struct {
	code       string
	university string
	programme  string
	text       string
}

// Run writes essays and profile answers under individual codes (R23).
func (c *exportUniversityCmd) Run(e *env) error {
	if err := vault.CheckRecipients(c.Recipient); err != nil {
		return usageError{fmt.Errorf("--recipient: %w", err)}
	}
	key, err := readCodeKey(c.Codes)
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
	var works []work
	var marks []string
	codes := [][]string{{"code", "session", "attempt", "iin", "name", "university", "programme"}}
	seen := make(map[string]string)
	for _, t := range list {
		if !e.counts(t) {
			whole = false
			continue
		}
		w := e.workOf(t, key.code(t.Opened))
		if other, twice := seen[w.code]; twice {
			return fmt.Errorf("the attempts %s and %s have the same code; an attempt is named twice, or the key must be made anew", other, t.Opened.Attempt)
		}
		seen[w.code] = t.Opened.Attempt
		works = append(works, w)
		person := t.Opened.Candidate
		codes = append(codes, []string{w.code, t.Opened.Session, t.Opened.Attempt, person.IIN, person.Name, person.University, person.Programme})
		if marks == nil {
			for _, m := range t.Profile.Marks {
				marks = append(marks, m.ID)
			}
		}
	}
	if len(works) == 0 {
		return exitError(exitNotWhole) // why, has been said of each
	}
	if err := os.Mkdir(c.Out, 0o700); err != nil {
		if errors.Is(err, os.ErrExist) {
			return usageError{fmt.Errorf("--out: %s exists and is not overwritten", c.Out)}
		}
		return err
	}
	if err := writeWorks(c.Out, works, marks); err != nil {
		return err
	}
	if err := writeCodes(filepath.Join(c.Out, "codes.age"), codes, c.Recipient); err != nil {
		return err
	}
	fmt.Fprintln(e.err, e.say("export.written", "Count", len(works), "File", c.Out))
	if !whole {
		return exitError(exitNotWhole)
	}
	return nil
}

// workOf writes the answers that people mark, in the paper's order and not in the candidate's: an order of one's own would tell
// two works of a candidate as one hand's.
func (e *env) workOf(t taken, code string) work {
	person := t.Opened.Candidate
	w := work{code: code, university: person.University, programme: person.Programme}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", code, t.Profile.Title.In(person.Language), person.Programme)
	for _, it := range t.Paper.InFileOrder() {
		mark := t.Profile.MarkOf(it)
		if len(it.Key) > 0 {
			continue
		}
		text, hints := mask(t.Response(it.ID).Text, person)
		for _, h := range hints {
			fmt.Fprintln(e.err, e.say("export.named", "File", t.file, "Item", it.ID, "What", e.say("export-named."+string(h))))
		}
		fmt.Fprintf(&b, "\n==== %s · %s ====\n%s\n----\n%s\n", clean(it.ID), either(mark != "", mark, string(it.Kind)), e.asked(t, it), text)
	}
	w.text = b.String()
	return w
}

// writeWorks writes a folder for each university: a file for each code, and a table for the marks. The order of both is that of
// the codes, and all files have one date, so that neither tells who sat where or came when.
func writeWorks(dir string, works []work, marks []string) error {
	tables := make(map[string][][]string)
	names := make(map[string]string) // folder to university: two must not meet in one
	for _, w := range works {
		folder := fileName(w.university)
		for n := 2; ; n++ {
			if has, ok := names[folder]; !ok || has == w.university {
				break
			}
			folder = fileName(w.university) + "-" + strconv.Itoa(n)
		}
		names[folder] = w.university
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			return err
		}
		path := filepath.Join(dir, folder, w.code+".txt")
		if err := writeNew("--out", path, 0o600, []byte(w.text)); err != nil {
			return err
		}
		if err := os.Chtimes(path, exportDate, exportDate); err != nil {
			return err
		}
		tables[folder] = append(tables[folder], append([]string{w.code, w.programme}, make([]string, len(marks))...))
	}
	for folder, rows := range tables {
		sortRows(rows)
		rows = append([][]string{append([]string{"code", "programme"}, marks...)}, rows...)
		if err := writeTable("--out", filepath.Join(dir, folder, "marks.csv"), rows); err != nil {
			return err
		}
	}
	return nil
}

// exportDate is the date of all exported files.
var exportDate = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// writeCodes writes whose code is whose, for NCT alone.
func writeCodes(path string, rows [][]string, recipients []string) error {
	rs, err := age.ParseRecipients(strings.NewReader(strings.Join(recipients, "\n")))
	if err != nil {
		return err
	}
	data, err := tableBytes(rows)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, rs...)
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return writeNew("--out", path, 0o600, b.Bytes())
}
