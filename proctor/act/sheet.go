package act

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"emtihan/exam"
)

// Ids of the built-in sheets.
const (
	SeatingList  = "11-1" // candidates by seat, each signs after sitting down (R8)
	Distribution = "11-2" // administrators over the rooms (R8)
)

// Sheet is the template of a printed list: a heading, a table, and who signs under it. Unlike an act it decides nothing, so
// both languages stand in one table, which is signed once.
type Sheet struct {
	Format     int       `toml:"format"`   // 1
	ID         string    `toml:"id"`       // "11-1"
	Appendix   string    `toml:"appendix"` // of the Rules
	Name       exam.Text `toml:"name"`     // short, for the screen
	Draft      exam.Text `toml:"draft"`    // says that this is not the official text; printed on every page
	Title      exam.Text `toml:"title"`
	Lead       exam.Text `toml:"lead"`
	Columns    []Column  `toml:"columns"`
	Signatures []Entry   `toml:"signatures"`

	digest string
}

// Column is one column of a sheet.
type Column struct {
	ID    string    `toml:"id"`    // which value of a Row it shows; one that no row has stays empty, for a pen
	Width float64   `toml:"width"` // share of the page; the widths of all columns make up the whole
	Label exam.Text `toml:"label"`
}

// Row is one line of a sheet, by the ids of columns.
type Row map[string]string

// Duty is what an administrator does on the day (form 11-2).
type Duty struct{ Name, Role, Room, Seats string }

// Digest returns the SHA-256 of the template's file in hex.
func (s *Sheet) Digest() string { return s.digest }

// maxColumns keeps every column wide enough for a word.
const maxColumns = 12

// ParseSheet reads a template. Errors name the key or column that is wrong; unknown keys are errors.
func ParseSheet(data []byte) (*Sheet, error) {
	s := new(Sheet)
	if err := decode(data, s); err != nil {
		return nil, err
	}
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	bad(s.Format == 1, "format is %d, this program reads format 1", s.Format)
	bad(formPattern.MatchString(s.ID), "id %q is not the number of an appendix", s.ID)
	for _, t := range []struct {
		name string
		text exam.Text
	}{{"name", s.Name}, {"draft", s.Draft}, {"title", s.Title}, {"lead", s.Lead}} {
		errs = append(errs, checkText(t.name, t.text))
	}
	seen := make(map[string]bool)
	for i, c := range s.Columns {
		bad(idPattern.MatchString(c.ID), "column %d: id %q is not [a-z0-9_-]{1,32}", i+1, c.ID)
		bad(!seen[c.ID], "column %q stands twice", c.ID)
		seen[c.ID] = true
		bad(c.Width > 0 && c.Width <= 100, "column %q: the width %v is not between 0 and 100", c.ID, c.Width)
		errs = append(errs, checkText(fmt.Sprintf("label of column %q", c.ID), c.Label))
	}
	bad(len(s.Columns) > 0, "columns are missing")
	bad(len(s.Columns) <= maxColumns, "%d columns, at most %d fit on a page", len(s.Columns), maxColumns)
	bad(len(s.Signatures) > 0, "signatures are missing")
	errs = append(errs, checkEntries("signatures", s.Signatures))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	s.digest = fmt.Sprintf("%x", sha256.Sum256(data))
	return s, nil
}

// Sheet returns the sheet with the id ("11-1").
func (fs *Forms) Sheet(id string) (*Sheet, bool) {
	for _, s := range fs.Sheets {
		if s.ID == id {
			return s, true
		}
	}
	return nil, false
}

// SeatingRows returns the rows of form 11-1: the candidates of the session by seat, those without one at the end.
func SeatingRows(s *exam.Session) []Row {
	people := slices.Clone(s.Candidates)
	slices.SortStableFunc(people, func(a, b exam.Candidate) int {
		return cmp.Or(cmp.Compare(seatOrder(a.Seat), seatOrder(b.Seat)), cmp.Compare(a.Seat, b.Seat), cmp.Compare(a.Name, b.Name))
	})
	rows := make([]Row, len(people))
	for i, c := range people {
		note := ""
		if c.ExtraMinutes > 0 {
			note = "+" + strconv.Itoa(c.ExtraMinutes) + " мин"
		}
		rows[i] = Row{
			"number": strconv.Itoa(i + 1), "seat": c.Seat, "name": c.Name, "iin": c.IIN, "language": c.Language, "programme": c.Programme, "note": note,
		}
	}
	return rows
}

// seatOrder sorts seats as people count: 2 before 10.
func seatOrder(seat string) int {
	digits := strings.TrimFunc(seat, func(r rune) bool { return r < '0' || r > '9' })
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 1 << 30
	}
	return n
}

// DutyRows returns the rows of form 11-2. Without duties they are the administrators of the session, all in its room.
func DutyRows(s *exam.Session, duties []Duty) []Row {
	if len(duties) == 0 {
		for _, a := range s.Administrators {
			duties = append(duties, Duty{Name: a.Name, Role: a.Role, Room: s.Room})
		}
	}
	rows := make([]Row, len(duties))
	for i, d := range duties {
		rows[i] = Row{"number": strconv.Itoa(i + 1), "name": d.Name, "role": d.Role, "room": d.Room, "seats": d.Seats}
	}
	return rows
}

// PrintSheet returns a sheet on A4 as PDF, with a page number and the number of pages on each page. Equal sheets, rows,
// times and fonts give equal bytes. made is when it was printed, in the time zone of the session.
func (fs *Forms) PrintSheet(id string, s *exam.Session, rows []Row, made time.Time, fonts Fonts) ([]byte, error) {
	sheet, ok := fs.Sheet(id)
	if !ok {
		return nil, fmt.Errorf("there is no sheet %q", id)
	}
	made = made.Truncate(time.Second)
	out, err := paginate(fonts, func(p *page) {
		p.made, p.title = made, sheet.Title.In("ru")
		p.foot = func(n int) string {
			return fmt.Sprintf("%s · %s · %d / %d", id, made.Format("02.01.2006 15:04"), n, p.total)
		}
		p.head = "«" + sheet.Draft.In("kk") + " / " + sheet.Draft.In("ru") + "»"
		p.build = func() { p.sheet(sheet, s, rows) }
	})
	if err != nil {
		return nil, fmt.Errorf("sheet %s: %w", id, err)
	}
	return out, nil
}
