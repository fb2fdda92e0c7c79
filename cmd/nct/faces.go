package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const facesHelp = "Compare photos of faces by the same code as the stations, one JSON line a pair. Exit codes: 0 every pair was judged, 1 a picture could not be compared, 2 wrong usage, 3 the list or the face models cannot be read."

// facesCmd holds what is done with photos of faces, when NCT looks at an exam again (R10, R22).
type facesCmd struct {
	Compare facesCompareCmd `cmd:"" help:"Compare two photos."`
	Pairs   facesPairsCmd   `cmd:"" help:"Compare all pairs of a list: two pictures a line and, if wanted, the word that is expected (same, different)."`
}

// defaultModels is where scripts/setup puts the face models, from the folder of the project.
const defaultModels = "assets/models/node_modules/faceplugin-face-recognition-js/model"

type facesModels struct {
	Models string `help:"Folder of the face models. Without it the one that scripts/setup fills, here or beside the program's folder." placeholder:"DIR" type:"path"`
}

func (m facesModels) folder() string {
	if m.Models != "" {
		return m.Models
	}
	if _, err := os.Stat(defaultModels); err == nil {
		return defaultModels
	}
	if exe, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(exe), "..", defaultModels)
		if _, err := os.Stat(beside); err == nil {
			return beside
		}
	}
	return defaultModels
}

// judge compares pictures. A picture that was read before is not looked at again.
type judge interface {
	// judge fills in everything but A, B and Expected. path gives the file of a name in the line.
	judge(line *faceLine, path func(string) string)
	close()
}

// errNoModels says that faces cannot be compared by this program or with these models.
var errNoModels = errors.New("no face models")

// faceLine is one line of output. Score is the cosine similarity −1..1; verdict, reason and quality are the words of the log.
type faceLine struct {
	A           string       `json:"a"`
	B           string       `json:"b"`
	Line        int          `json:"line,omitempty"` // of the list
	Score       *float64     `json:"score"`          // null where there is nothing to compare
	Verdict     string       `json:"verdict"`        // accepted, refused, unsure
	Reason      string       `json:"reason"`
	Threshold   float64      `json:"threshold,omitempty"`
	RefuseBelow float64      `json:"refuse_below,omitempty"`
	Quality     *faceQuality `json:"quality,omitempty"`
	Expected    string       `json:"expected,omitempty"`
	AsExpected  *bool        `json:"as_expected,omitempty"` // for the words same and different
	Error       string       `json:"error,omitempty"`
}

type faceQuality struct {
	A facePhoto `json:"a"`
	B facePhoto `json:"b"`
}

// facePhoto says how good a picture is: usable as a registered photo or why not, and what a better one would not have.
type facePhoto struct {
	Usable   bool     `json:"usable"`
	Reasons  []string `json:"reasons"`
	Warnings []string `json:"warnings"`
	Faces    int      `json:"faces"`
	Side     int      `json:"side"` // of the face, pixels
}

// fail marks a pair that could not be compared.
func (l *faceLine) fail(err error) { l.Error = strings.ToValidUTF8(err.Error(), "�") }

func (l *faceLine) expect(word string) {
	l.Expected = strings.ToValidUTF8(word, "�")
	if l.Error != "" {
		return
	}
	var as bool
	switch strings.ToLower(word) {
	case "same":
		as = l.Verdict == "accepted"
	case "different":
		as = l.Verdict != "accepted"
	default:
		return
	}
	l.AsExpected = &as
}

type facesCompareCmd struct {
	A string `arg:"" help:"Picture (JPEG or PNG)."`
	B string `arg:"" help:"Picture (JPEG or PNG)."`
	facesModels
}

// Run compares two photos.
func (c *facesCompareCmd) Run(e *env) error {
	j, err := e.loadFaces(c.folder())
	if err != nil {
		return err
	}
	defer j.close()
	l := faceLine{A: c.A, B: c.B}
	j.judge(&l, func(name string) string { return name })
	if err := e.printFace(l); err != nil {
		return err
	}
	if l.Error != "" {
		return exitError(exitNotWhole)
	}
	return nil
}

// loadFaces says in a sentence why there are no models.
func (e *env) loadFaces(dir string) (judge, error) {
	j, err := newJudge(dir)
	if err == nil {
		return j, nil
	}
	if errors.Is(err, errNoModels) {
		fmt.Fprintln(e.err, e.say("faces.not-built"))
	} else {
		fmt.Fprintln(e.err, e.say("faces.models", "Why", clean(err.Error())))
	}
	return nil, exitError(exitUnreadable)
}

func (e *env) printFace(l faceLine) error {
	enc := json.NewEncoder(e.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(l)
}

type facesPairsCmd struct {
	List string `arg:"" help:"List (CSV with comma, semicolon or tab). Paths in it are relative to its folder; a first line of titles is left out." type:"path"`
	facesModels
}

// Run compares all pairs of a list. What is wrong with one line does not end it.
func (c *facesPairsCmd) Run(e *env) error {
	file, err := os.Open(c.List)
	if err != nil {
		return e.refuse(c.List, err)
	}
	defer func() { _ = file.Close() }()
	rows, err := newFaceRows(file)
	if err != nil {
		return e.refuse(c.List, err)
	}
	j, err := e.loadFaces(c.folder())
	if err != nil {
		return err
	}
	defer j.close()
	folder := filepath.Dir(c.List)
	path := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(folder, name)
	}
	pairs, failed, other := 0, 0, 0
	for {
		row, err := rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, errRow) {
			return e.refuse(c.List, err)
		}
		l := faceLine{Line: row.line, Verdict: "unsure", Reason: "bad-line"}
		switch {
		case err != nil:
			l.fail(err)
		case len(row.cells) < 2 || row.cells[0] == "" || row.cells[1] == "":
			l.fail(errors.New("a line needs two pictures"))
		default:
			l.A, l.B = row.cells[0], row.cells[1]
			j.judge(&l, path)
		}
		if len(row.cells) > 2 && row.cells[2] != "" {
			l.expect(row.cells[2])
		}
		pairs++
		if l.Error != "" {
			failed++
		}
		if l.AsExpected != nil && !*l.AsExpected {
			other++
		}
		if err := e.printFace(l); err != nil {
			return err
		}
	}
	fmt.Fprintln(e.err, e.say("faces.summary", "Pairs", pairs, "Failed", failed, "Other", other))
	if failed > 0 {
		return exitError(exitNotWhole)
	}
	return nil
}

// faceRows reads a list line by line. A quotation mark that is never closed spoils its own line only.
type faceRows struct {
	lines *bufio.Reader
	comma rune
	at    int
}

type faceRow struct {
	line  int
	cells []string
}

const longestRow = 64 << 10

// newFaceRows finds the separator of a list by its first line.
func newFaceRows(r io.Reader) (*faceRows, error) {
	f := &faceRows{lines: bufio.NewReaderSize(r, longestRow), comma: ','}
	head, err := f.lines.Peek(16 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte("\ufeff")) {
		if _, err := f.lines.Discard(3); err != nil {
			return nil, err
		}
		head = head[3:]
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	for _, c := range []rune{';', '\t'} {
		if bytes.ContainsRune(line, c) && !bytes.ContainsRune(line, ',') {
			f.comma = c
		}
	}
	return f, nil
}

// errRow is wrapped by what is wrong with one line; the next one can be read.
var errRow = errors.New("broken line")

// next returns io.EOF at the end, and an error that wraps errRow for a line that cannot be understood. Empty lines are left out.
func (f *faceRows) next() (faceRow, error) {
	for {
		line, err := f.lines.ReadSlice('\n')
		f.at++
		row := faceRow{line: f.at}
		if errors.Is(err, bufio.ErrBufferFull) {
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = f.lines.ReadSlice('\n')
			}
			if err != nil && !errors.Is(err, io.EOF) {
				return row, err
			}
			return row, fmt.Errorf("%w: longer than %d bytes", errRow, longestRow)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return row, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			if err != nil {
				return row, io.EOF
			}
			continue
		}
		c := csv.NewReader(bytes.NewReader(line))
		c.Comma, c.FieldsPerRecord, c.TrimLeadingSpace = f.comma, -1, true
		cells, err := c.Read()
		var broken *csv.ParseError
		switch {
		case errors.As(err, &broken):
			return row, fmt.Errorf("%w: %w", errRow, broken.Err)
		case err != nil:
			return row, fmt.Errorf("%w: %w", errRow, err)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		row.cells = cells
		if f.at == 1 && isTitles(cells) {
			continue
		}
		return row, nil
	}
}

// isTitles tells a line of titles by its first two cells, which do not end like pictures.
func isTitles(cells []string) bool {
	return len(cells) >= 2 && !slices.ContainsFunc(cells[:2], func(c string) bool {
		ext := strings.ToLower(filepath.Ext(c))
		return ext != "" && !strings.Contains(ext, " ")
	})
}
