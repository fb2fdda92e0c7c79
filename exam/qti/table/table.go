// Package table reads tables that somebody filled in a spreadsheet program, XLSX or CSV, as rows of cells that say what they are: a text, a
// number, the result of a formula, a part of a merged cell. Nothing is guessed in silence: what a spreadsheet program did to a value
// is for the reader behind it to judge.
//
// Nothing in a workbook is computed or followed. Macros, passwords and the older formats are refused with a sentence that says what to do;
// every document is read under limits, part by part, so that an archive that unpacks without end is refused before it is unpacked.
package table

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
)

// Limits bound a table. A field that is 0 takes the default.
type Limits struct {
	Bytes    int   // of the file; default 32 MiB
	Unpacked int64 // of a workbook's parts together; default 256 MiB
	Rows     int   // with something in them; default 60 000
	Columns  int   // default 256
	Cells    int   // with something in them; default 2 000 000
}

// The defaults of [Limits].
const (
	DefaultBytes    = 32 << 20
	DefaultUnpacked = 256 << 20
	DefaultRows     = 60_000
	DefaultColumns  = 256
	DefaultCells    = 2_000_000
)

// maxCell is what spreadsheet programs take, in characters.
const maxCell = 32_767

func (l Limits) filled() Limits {
	l.Bytes = cmp.Or(max(l.Bytes, 0), DefaultBytes)
	l.Unpacked = cmp.Or(max(l.Unpacked, 0), DefaultUnpacked)
	l.Rows = cmp.Or(max(l.Rows, 0), DefaultRows)
	l.Columns = cmp.Or(max(l.Columns, 0), DefaultColumns)
	l.Cells = cmp.Or(max(l.Cells, 0), DefaultCells)
	return l
}

// Kind is what a cell holds.
type Kind uint8

// The kinds.
const (
	Empty Kind = iota
	Text
	Number // Text has it without grouping and exponent: a spreadsheet program has taken leading zeros away
	Date   // Text has it as 2006-01-02, with 15:04:05 where it has a time of day
	Truth  // Text is TRUE or FALSE
	Fault  // an error of a formula; Text has its sign, such as #REF!
)

// Cell is a cell.
type Cell struct {
	Text    string // without space around it
	Kind    Kind
	Formula bool // Text is what the spreadsheet program computed last
	Merged  bool // it is one of several cells that were made one; only the first of them has a text
}

// Row is a row with something in it.
type Row struct {
	Number int    // from 1, as the spreadsheet program shows it
	Hidden bool   // by hand or by a filter
	Cells  []Cell // from the first column; as many as there are up to the last with something in it
}

// Cell returns the cell of the column, counted from 0, or an empty one.
func (r Row) Cell(column int) Cell {
	if column < 0 || column >= len(r.Cells) {
		return Cell{}
	}
	return r.Cells[column]
}

// Table is the first visible sheet of a workbook, or a CSV file.
type Table struct {
	Sheet   string // its name; empty: CSV
	Rows    []Row  // those with something in them
	Remarks []Remark
}

// Remark is something about the table as a whole that its user should know.
type Remark string

// The remarks.
const (
	RemarkWindows1251  Remark = "windows-1251"  // the file is in windows-1251, which has no Kazakh letters
	RemarkOtherSheets  Remark = "other-sheets"  // further visible sheets have something in them that was not read
	RemarkHiddenSheets Remark = "hidden-sheets" // sheets before the one that was read are hidden
)

// Reason says why a file was refused.
type Reason string

// The reasons.
const (
	OldFormat  Reason = "old-format" // .xls, or a workbook with a password, which looks the same from outside
	OtherKind  Reason = "other-kind" // .ods and other things that are no workbook
	Macros     Reason = "macros"
	TooMuch    Reason = "too-much"
	Damaged    Reason = "damaged"
	Encoding   Reason = "encoding" // neither UTF-8 nor certainly windows-1251
	NoContent  Reason = "no-content"
	Quotes     Reason = "quotes" // the quotation marks of a CSV file do not match
	NotCSV     Reason = "not-csv"
	Misleading Reason = "misleading" // parts that contradict each other
)

// Reasons returns every reason.
func Reasons() []Reason {
	return []Reason{OldFormat, OtherKind, Macros, TooMuch, Damaged, Encoding, NoContent, Quotes, NotCSV, Misleading}
}

// Error says why a file was refused.
type Error struct {
	Reason Reason
	Text   string // a clause in English
}

func (e *Error) Error() string { return e.Text }

func refuse(reason Reason, format string, args ...any) error {
	return &Error{Reason: reason, Text: fmt.Sprintf(format, args...)}
}

// Read reads a table, whatever it is by its content. Errors are [*Error]s.
func Read(data []byte, limits Limits) (*Table, error) {
	switch {
	case bytes.HasPrefix(data, []byte("PK")):
		return ReadXLSX(data, limits)
	case bytes.HasPrefix(data, []byte{0xd0, 0xcf, 0x11, 0xe0}):
		return nil, oldFormat()
	}
	return ReadCSV(data, limits)
}

func oldFormat() error {
	return refuse(OldFormat, "the file is an .xls of an older program, or a workbook with a password: save it as .xlsx without a password")
}

// Strings returns the texts of all rows. Rows without anything in them are there, as none, so that a row's place is its number less 1.
func (t *Table) Strings() [][]string {
	var out [][]string
	for _, r := range t.Rows {
		for len(out) < r.Number-1 {
			out = append(out, nil)
		}
		line := make([]string, len(r.Cells))
		for i, c := range r.Cells {
			line[i] = c.Text
		}
		out = append(out, line)
	}
	return out
}

// Column returns the letters of a column, counted from 0: A, B, …, Z, AA.
func Column(n int) string {
	var b []byte
	for n++; n > 0; n = (n - 1) / 26 {
		b = append([]byte{byte('A' + (n-1)%26)}, b...)
	}
	return string(b)
}

// trimmed drops empty cells from the end.
func trimmed(cells []Cell) []Cell {
	for len(cells) > 0 && cells[len(cells)-1] == (Cell{}) {
		cells = cells[:len(cells)-1]
	}
	return cells
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }
