package table

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"emtihan/exam/qti/intake"
)

// ReadXLSX reads the first visible sheet of a workbook.
func ReadXLSX(data []byte, limits Limits) (*Table, error) {
	limits = limits.filled()
	if len(data) > limits.Bytes {
		return nil, refuse(TooMuch, "the file has %d bytes, more than %d", len(data), limits.Bytes)
	}
	source, err := intake.Zip(bytes.NewReader(data), int64(len(data)), intake.Limits{Files: 5000, FileBytes: limits.Unpacked, TotalBytes: limits.Unpacked})
	if err != nil {
		return nil, refused(err)
	}
	b := &book{source: source, limits: limits}
	if err := b.recognise(); err != nil {
		return nil, err
	}
	t, err := b.read()
	if err != nil {
		return nil, refused(err)
	}
	return t, nil
}

// refused turns an error of the archive or of XML into one of this package.
func refused(err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var in *intake.Error
	if errors.As(err, &in) {
		switch in.Reason {
		case intake.TooMuch, intake.Ambiguous:
			return refuse(TooMuch, "the workbook is refused: %v", in)
		case intake.BadName, intake.Link:
			return refuse(Misleading, "the workbook is refused: %v", in)
		case intake.Encrypted:
			return oldFormat()
		}
	}
	return refuse(Damaged, "the workbook is damaged: %v", err)
}

type book struct {
	source *intake.Source
	limits Limits
	shared []string
	dates  []bool // by the number of a cell's style: its numbers are dates
	from   time.Time
}

func (b *book) recognise() error {
	has := func(name string) bool {
		_, _, ok := b.source.Find(name)
		return ok
	}
	if !has("[Content_Types].xml") {
		if has("mimetype") {
			return refuse(OtherKind, "the file is an OpenDocument table or another document: save it as .xlsx")
		}
		return refuse(OtherKind, "the archive is no workbook")
	}
	for _, name := range b.source.Names() {
		if strings.EqualFold(path.Base(name), "vbaProject.bin") {
			return refuse(Macros, "the workbook has macros: save it as .xlsx without them")
		}
		if strings.EqualFold(path.Base(name), "workbook.bin") {
			return refuse(OtherKind, "the file is a binary workbook (.xlsb): save it as .xlsx")
		}
	}
	return nil
}

// part calls see with every token of a document, until it is at its end or see returns an error. A missing document is an error that
// wraps an *intake.Error.
func (b *book) part(name string, see func(xml.Token) error) error {
	found, _, ok := b.source.Find(name)
	if !ok {
		return fmt.Errorf("the part %s is missing", name)
	}
	in, err := b.source.Open(found)
	if err != nil {
		return err
	}
	defer in.Close() // only read from
	d := xml.NewDecoder(in)
	depth := 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			var own *intake.Error
			if errors.As(err, &own) {
				return own
			}
			return fmt.Errorf("the part %s: %w", name, err)
		}
		switch tok.(type) {
		case xml.Directive:
			return refuse(Misleading, "the part %s declares a document type, which workbooks do not", name)
		case xml.StartElement:
			if depth++; depth > 100 {
				return refuse(TooMuch, "the part %s has elements in elements without measure", name)
			}
		case xml.EndElement:
			depth--
		}
		if err := see(tok); err != nil {
			return err
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

type sheetRef struct{ name, path string }

// relations returns the parts that a part refers to, by the identifier of the reference, and those of them by their type's last word.
func (b *book) relations(of string) (byID, byType map[string]string, err error) {
	byID, byType = make(map[string]string), make(map[string]string)
	name := path.Join(path.Dir(of), "_rels", path.Base(of)+".rels")
	err = b.part(name, func(tok xml.Token) error {
		e, ok := tok.(xml.StartElement)
		if !ok || e.Name.Local != "Relationship" || attr(e, "TargetMode") == "External" || len(byID) > 10_000 {
			return nil
		}
		target := attr(e, "Target")
		if strings.HasPrefix(target, "/") {
			target = path.Clean(target[1:])
		} else {
			target = path.Join(path.Dir(of), target)
		}
		byID[attr(e, "Id")] = target
		byType[path.Base(attr(e, "Type"))] = target
		return nil
	})
	return byID, byType, err
}

func (b *book) read() (*Table, error) {
	workbook := "xl/workbook.xml"
	if _, roots, err := b.relations("."); err == nil && roots["officeDocument"] != "" {
		workbook = roots["officeDocument"]
	}
	byID, byType, err := b.relations(workbook)
	if err != nil {
		return nil, err
	}
	t := new(Table)
	var visible []sheetRef
	b.from = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	err = b.part(workbook, func(tok xml.Token) error {
		e, ok := tok.(xml.StartElement)
		if !ok {
			return nil
		}
		switch e.Name.Local {
		case "workbookPr":
			if v := attr(e, "date1904"); v == "1" || v == "true" {
				b.from = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
			}
		case "sheet":
			target := byID[attr(e, "id")]
			switch {
			case attr(e, "state") == "hidden" || attr(e, "state") == "veryHidden":
				if len(visible) == 0 {
					t.Remarks = append(t.Remarks, RemarkHiddenSheets)
				}
			case target != "" && len(visible) < 1000:
				visible = append(visible, sheetRef{attr(e, "name"), target})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(visible) == 0 {
		return nil, refuse(NoContent, "the workbook has no visible sheet")
	}
	if p := byType["sharedStrings"]; p != "" {
		if err := b.readShared(p); err != nil {
			return nil, err
		}
	}
	if p := byType["styles"]; p != "" {
		if err := b.readStyles(p); err != nil {
			return nil, err
		}
	}
	t.Sheet = visible[0].name
	if t.Rows, err = b.readSheet(visible[0].path); err != nil {
		return nil, err
	}
	for _, s := range visible[1:] {
		if rows, err := b.readSheet(s.path); err == nil && len(rows) > 0 {
			t.Remarks = append(t.Remarks, RemarkOtherSheets)
			break
		}
	}
	return t, nil
}

// readShared reads the texts that cells refer to by number. Readings of signs (rPh) are no part of a text.
func (b *book) readShared(name string) error {
	var text strings.Builder
	inText, aside := false, 0
	total := int64(0)
	return b.part(name, func(tok xml.Token) error {
		switch tok := tok.(type) {
		case xml.StartElement:
			switch tok.Name.Local {
			case "si":
				text.Reset()
			case "t":
				inText = aside == 0
			case "rPh":
				aside++
			}
		case xml.EndElement:
			switch tok.Name.Local {
			case "si":
				if total += int64(text.Len()) + 16; total > b.limits.Unpacked || len(b.shared) > b.limits.Cells {
					return refuse(TooMuch, "the texts of the workbook are more than is taken")
				}
				b.shared = append(b.shared, text.String())
			case "t":
				inText = false
			case "rPh":
				aside--
			}
		case xml.CharData:
			if inText && text.Len() < 4*maxCell+64 {
				text.Write(tok)
			}
		}
		return nil
	})
}

// readStyles finds out which styles show a number as a date.
func (b *book) readStyles(name string) error {
	formats := make(map[string]bool)
	in := ""
	return b.part(name, func(tok xml.Token) error {
		switch tok := tok.(type) {
		case xml.StartElement:
			switch tok.Name.Local {
			case "numFmt":
				if len(formats) < 10_000 {
					formats[attr(tok, "numFmtId")] = isDateFormat(attr(tok, "formatCode"))
				}
			case "cellXfs", "cellStyleXfs":
				in = tok.Name.Local
			case "xf":
				if in == "cellXfs" && len(b.dates) < 100_000 {
					id := attr(tok, "numFmtId")
					date, known := formats[id]
					if n, err := strconv.Atoi(id); err == nil && !known {
						date = n >= 14 && n <= 17 || n == 22
					}
					b.dates = append(b.dates, date)
				}
			}
		case xml.EndElement:
			if tok.Name.Local == in {
				in = ""
			}
		}
		return nil
	})
}

// isDateFormat reports whether a format has a year or a day, outside of quotation marks and brackets.
func isDateFormat(code string) bool {
	quoted, bracket := false, false
	for i, r := range strings.ToLower(code) {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted || i > 0 && code[i-1] == '\\':
		case r == '[':
			bracket = true
		case r == ']':
			bracket = false
		case !bracket && (r == 'y' || r == 'd' || r == 'г'):
			return true
		}
	}
	return false
}

// address reads "AB12" as column 27 and row 12.
func address(ref string) (column, row int, ok bool) {
	i := 0
	for i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z' && i < 4 {
		column = column*26 + int(ref[i]-'A') + 1
		i++
	}
	row, err := strconv.Atoi(ref[i:])
	return column - 1, row, err == nil && i > 0 && row > 0 && row <= 1<<20
}

type sheetReader struct {
	*book
	rows   []Row
	cells  int
	row    Row
	next   int // column of a cell without an address
	column int
	kind   string
	style  int
	cell   Cell
	value  strings.Builder
	inline strings.Builder
	take   *strings.Builder
	aside  int
	merged [][4]int // first and last column and row
}

func (b *book) readSheet(name string) ([]Row, error) {
	r := &sheetReader{book: b}
	if err := b.part(name, r.see); err != nil {
		return nil, err
	}
	r.merge()
	out := r.rows[:0]
	for _, row := range r.rows {
		if row.Cells = trimmed(row.Cells); len(row.Cells) > 0 {
			out = append(out, row)
		}
	}
	return out, nil
}

func (r *sheetReader) see(tok xml.Token) error {
	switch tok := tok.(type) {
	case xml.StartElement:
		return r.begin(tok)
	case xml.EndElement:
		return r.end(tok.Name.Local)
	case xml.CharData:
		if r.take != nil {
			if r.take.Len() > 4*maxCell+64 {
				return refuse(TooMuch, "row %d, column %s has more than %d characters", r.row.Number, Column(r.column), maxCell)
			}
			r.take.Write(tok)
		}
	}
	return nil
}

func (r *sheetReader) begin(e xml.StartElement) error {
	switch e.Name.Local {
	case "row":
		number := r.row.Number + 1
		if s := attr(e, "r"); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil || n <= r.row.Number || n > 1<<20 {
				return refuse(Misleading, "the rows of the sheet are not in order: %q after %d", s, r.row.Number)
			}
			number = n
		}
		hidden := attr(e, "hidden")
		r.row, r.next = Row{Number: number, Hidden: hidden == "1" || hidden == "true"}, 0
	case "c":
		r.column = r.next
		if ref := attr(e, "r"); ref != "" {
			column, row, ok := address(ref)
			if !ok || row != r.row.Number || column < r.next {
				return refuse(Misleading, "the cell %q stands where it does not belong", ref)
			}
			r.column = column
		}
		r.next = r.column + 1
		r.kind, r.cell = attr(e, "t"), Cell{}
		r.style, _ = strconv.Atoi(attr(e, "s"))
		r.value.Reset()
		r.inline.Reset()
	case "v":
		r.take = &r.value
	case "t":
		if r.aside == 0 {
			r.take = &r.inline
		}
	case "rPh":
		r.aside++
	case "f":
		r.cell.Formula = true
	case "mergeCell":
		from, to, _ := strings.Cut(attr(e, "ref"), ":")
		c1, r1, ok1 := address(from)
		c2, r2, ok2 := address(to)
		if ok1 && ok2 && len(r.merged) < 100_000 {
			r.merged = append(r.merged, [4]int{c1, r1, c2, r2})
		}
	}
	return nil
}

func (r *sheetReader) end(name string) error {
	switch name {
	case "v", "t":
		r.take = nil
	case "rPh":
		r.aside--
	case "c":
		return r.finish()
	case "row":
		if len(r.row.Cells) > 0 {
			if r.rows = append(r.rows, r.row); len(r.rows) > r.limits.Rows {
				return refuse(TooMuch, "the sheet has more than %d rows", r.limits.Rows)
			}
		}
	}
	return nil
}

// finish reads a cell by its type.
func (r *sheetReader) finish() error {
	value := r.value.String()
	switch r.kind {
	case "s":
		if blank(value) {
			break
		}
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || n < 0 || n >= len(r.shared) {
			return refuse(Damaged, "the workbook is damaged: row %d, column %s refers to a text that is not there", r.row.Number, Column(r.column))
		}
		r.cell.Kind, r.cell.Text = Text, r.shared[n]
	case "inlineStr":
		r.cell.Kind, r.cell.Text = Text, r.inline.String()
	case "str":
		r.cell.Kind, r.cell.Text = Text, value
	case "b":
		r.cell.Kind, r.cell.Text = Truth, map[bool]string{true: "TRUE", false: "FALSE"}[strings.TrimSpace(value) == "1"]
	case "e":
		r.cell.Kind, r.cell.Text = Fault, value
	case "d":
		r.cell.Kind, r.cell.Text = Date, strings.TrimSuffix(strings.TrimSpace(value), "T00:00:00")
	default:
		r.number(strings.TrimSpace(value))
	}
	if r.cell.Text = strings.TrimSpace(r.cell.Text); r.cell.Text == "" {
		r.cell.Kind = Empty
		if !r.cell.Formula {
			return nil
		}
	}
	if utf8.RuneCountInString(r.cell.Text) > maxCell {
		return refuse(TooMuch, "row %d, column %s has more than %d characters", r.row.Number, Column(r.column), maxCell)
	}
	if r.column >= r.limits.Columns {
		return refuse(TooMuch, "row %d has something in column %s, and no more than %d columns are taken", r.row.Number, Column(r.column), r.limits.Columns)
	}
	if r.cells++; r.cells > r.limits.Cells {
		return refuse(TooMuch, "the sheet has more than %d cells", r.limits.Cells)
	}
	for len(r.row.Cells) < r.column {
		r.row.Cells = append(r.row.Cells, Cell{})
	}
	r.row.Cells = append(r.row.Cells, r.cell)
	return nil
}

func (r *sheetReader) number(value string) {
	if value == "" {
		return
	}
	x, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		r.cell.Kind, r.cell.Text = Text, value
		return
	}
	if r.style >= 0 && r.style < len(r.dates) && r.dates[r.style] && x >= 0 && x < 2_958_466 {
		whole, part := math.Modf(x)
		day := r.from.AddDate(0, 0, int(whole)).Add(time.Duration(math.Round(part*86400)) * time.Second)
		r.cell.Kind, r.cell.Text = Date, day.Format(time.DateOnly)
		if part > 0 {
			r.cell.Text = day.Format(time.DateTime)
		}
		return
	}
	r.cell.Kind = Number
	if r.cell.Text = value; strings.ContainsAny(value, "eE") || strings.HasPrefix(value, "+") {
		r.cell.Text = strconv.FormatFloat(x, 'f', -1, 64)
	}
}

// merge marks the cells of merged ones that have been read, and those that lie between them.
func (r *sheetReader) merge() {
	at := make(map[int]int, len(r.rows))
	for i, row := range r.rows {
		at[row.Number] = i
	}
	marked := 0
	for _, m := range r.merged {
		for row := m[1]; row <= m[3] && row-m[1] < r.limits.Rows; row++ {
			i, ok := at[row]
			if !ok {
				continue
			}
			for c := m[0]; c <= min(m[2], r.limits.Columns-1); c++ {
				if marked++; marked > r.limits.Cells {
					return
				}
				for len(r.rows[i].Cells) <= c {
					r.rows[i].Cells = append(r.rows[i].Cells, Cell{})
				}
				r.rows[i].Cells[c].Merged = true
			}
		}
	}
}
