package roster

import (
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"emtihan/exam"
	"emtihan/exam/qti/table"
)

// Options say how a list is read.
type Options struct {
	Photos   fs.FS // the folder of photos; nil: photos are not looked at
	MaxExtra int   // minutes that a candidate may have more (R2); 0: 60
	Findings int   // that are listed; 0: 10 000
	Limits   table.Limits
}

// DefaultMaxExtra is what R2 allows.
const DefaultMaxExtra = 60

// Entry is a candidate of the list.
type Entry struct {
	Row       int
	Room      string         // empty: the list has no column for it
	Candidate exam.Candidate // Photo is a path in the folder of photos
}

// Roster is a list that was read.
type Roster struct {
	Sheet    string
	Entries  []Entry
	Findings []Finding
}

// Usable reports whether nothing was found that must be changed.
func (r *Roster) Usable() bool {
	for _, f := range r.Findings {
		if !f.Warning {
			return false
		}
	}
	return true
}

// Rooms returns the rooms of the list in the order of their first candidates.
func (r *Roster) Rooms() (out []string) {
	seen := make(map[string]bool)
	for _, e := range r.Entries {
		if !seen[e.Room] {
			seen[e.Room] = true
			out = append(out, e.Room)
		}
	}
	return out
}

// Read reads a list from a workbook or a CSV file. Whatever is wrong with its cells is in the findings. Errors are [*table.Error]s, where
// the file cannot be read as a table at all, or those of the folder of photos.
func Read(data []byte, opt Options) (*Roster, error) {
	t, err := table.Read(data, opt.Limits)
	if err != nil {
		return nil, err
	}
	r := newReader(opt, t.Sheet)
	if opt.Photos != nil {
		if r.photos, err = openAlbum(opt.Photos); err != nil {
			return nil, err
		}
	}
	for _, remark := range t.Remarks {
		r.add(Finding{Code: map[table.Remark]Code{table.RemarkWindows1251: ReadAs1251, table.RemarkOtherSheets: OtherSheets, table.RemarkHiddenSheets: HiddenSheets}[remark], Value: t.Sheet})
	}
	r.all(t.Rows)
	return r.out, nil
}

func newReader(opt Options, sheet string) *reader {
	if opt.MaxExtra <= 0 {
		opt.MaxExtra = DefaultMaxExtra
	}
	if opt.Findings <= 0 {
		opt.Findings = 10_000
	}
	return &reader{opt: opt, out: &Roster{Sheet: sheet}, column: make(map[Field]int), title: make(map[int]string), iins: make(map[string]int), seats: make(map[[2]string]int)}
}

func (r *reader) all(rows []table.Row) {
	if rows, ok := r.header(rows); ok {
		for _, row := range rows {
			r.entry(row)
		}
		if len(r.out.Entries) == 0 && r.out.Usable() {
			r.add(Finding{Code: NoCandidates})
		}
		if r.photos != nil {
			r.photos.unused(r)
		}
	}
	for i, code := range [...]Code{FindingsLeft, FindingsLeftOK} {
		if r.left[i] > 0 {
			r.out.Findings = append(r.out.Findings, Finding{Code: code, Warning: code.Warns(), Value: strconv.Itoa(r.left[i])})
		}
	}
}

type reader struct {
	opt    Options
	out    *Roster
	column map[Field]int
	title  map[int]string
	photos *album
	iins   map[string]int    // rows by IIN
	seats  map[[2]string]int // rows by room and seat
	left   [2]int            // findings and warnings that are not listed
	row    table.Row
}

func (r *reader) add(f Finding) {
	f.Warning = f.Code.Warns()
	if utf8.RuneCountInString(f.Value) > 60 {
		f.Value = string([]rune(f.Value)[:60]) + "…"
	}
	if len(r.out.Findings) >= r.opt.Findings {
		if f.Warning {
			r.left[1]++
		} else {
			r.left[0]++
		}
		return
	}
	r.out.Findings = append(r.out.Findings, f)
}

// at adds a finding about the cell of a field.
func (r *reader) at(field Field, code Code, value string) {
	r.add(Finding{Code: code, Row: r.row.Number, Column: r.title[r.column[field]], Value: value})
}

func (r *reader) other(field Field, code Code, value string, row int) {
	r.add(Finding{Code: code, Row: r.row.Number, Column: r.title[r.column[field]], Value: value, Other: strconv.Itoa(row)})
}

func (r *reader) propose(field Field, code Code, value, proposal string) {
	r.add(Finding{Code: code, Row: r.row.Number, Column: r.title[r.column[field]], Value: value, Proposal: proposal})
}

// isHeader reports whether a row names columns rather than a candidate.
func isHeader(row table.Row) bool {
	known := 0
	for _, c := range row.Cells {
		if _, ok := byName[bare(c.Text)]; ok {
			known++
		}
	}
	return known >= 2
}

// header finds the columns and returns the rows after them.
func (r *reader) header(rows []table.Row) ([]table.Row, bool) {
	if len(rows) == 0 {
		r.add(Finding{Code: NoHeader})
		return nil, false
	}
	if !isHeader(rows[0]) {
		for _, row := range rows[1:min(len(rows), 20)] {
			if isHeader(row) {
				r.add(Finding{Code: HeaderLower, Row: rows[0].Number, Other: strconv.Itoa(row.Number)})
				return nil, false
			}
		}
		r.add(Finding{Code: NoHeader, Row: rows[0].Number})
		return nil, false
	}
	ok := true
	for i, c := range rows[0].Cells {
		r.title[i] = c.Text
		if c.Text == "" {
			r.title[i] = table.Column(i)
			continue
		}
		field, known := byName[bare(c.Text)]
		if !known {
			r.add(Finding{Code: ColumnUnknown, Row: rows[0].Number, Column: c.Text})
			continue
		}
		if first, twice := r.column[field]; twice {
			r.add(Finding{Code: ColumnTwice, Row: rows[0].Number, Column: c.Text, Other: r.title[first]})
			ok = false
			continue
		}
		r.column[field] = i
	}
	need := []Field{IIN, Language}
	if !r.has(Surname) && !r.has(Given) {
		need = append(need, Name)
	}
	for _, f := range need {
		if !r.has(f) {
			r.add(Finding{Code: ColumnMissing, Value: string(f)})
			ok = false
		}
	}
	for _, f := range [...]Field{Seat, Photo, University, Programme} {
		if !r.has(f) {
			r.add(Finding{Code: ColumnAbsent, Value: string(f)})
		}
	}
	return rows[1:], ok
}

func (r *reader) has(f Field) bool {
	_, ok := r.column[f]
	return ok
}

func (r *reader) cell(f Field) table.Cell {
	i, ok := r.column[f]
	if !ok {
		return table.Cell{}
	}
	return r.row.Cell(i)
}

func (r *reader) text(f Field) string { return strings.Join(strings.Fields(r.cell(f).Text), " ") }

// entry reads a candidate.
func (r *reader) entry(row table.Row) {
	r.row = row
	if isHeader(row) {
		r.add(Finding{Code: HeaderAgain, Row: row.Number})
		return
	}
	if !r.plain() {
		return
	}
	e := Entry{Row: row.Number, Room: r.text(Room)}
	c := &e.Candidate
	c.IIN = r.iin()
	c.Name = r.name()
	r.compare(c)
	c.Language = r.language()
	c.Seat = r.seat(e.Room)
	c.University, c.Programme, c.Helper, c.ExtraDocument = r.text(University), r.text(Programme), r.text(Helper), r.text(Document)
	for _, f := range [...]Field{University, Programme} {
		if r.has(f) && r.text(f) == "" {
			r.at(f, FieldEmpty, "")
		}
	}
	c.ExtraMinutes = r.extra(c.ExtraDocument)
	c.InterviewHeld, c.InterviewProtocol = r.interview(), r.text(Protocol)
	if r.photos != nil {
		c.Photo = r.photos.find(r, c.IIN)
	} else {
		c.Photo = strings.ReplaceAll(r.text(Photo), `\`, "/")
	}
	r.out.Entries = append(r.out.Entries, e)
}

// plain says what a spreadsheet program has made of the row's cells. A row with a formula or a merged cell is not read further: what it
// says is not what will be read.
func (r *reader) plain() bool {
	if r.row.Hidden {
		r.add(Finding{Code: RowHidden, Row: r.row.Number})
		return false
	}
	ok, any := true, false
	for _, f := range Fields() {
		c := r.cell(f)
		any = any || c.Kind != table.Empty
		code := Code("")
		switch {
		case c.Formula:
			code = IsFormula
		case c.Merged:
			code = IsMerged
		case c.Kind == table.Fault:
			code = IsFault
		case c.Kind == table.Date && f != BirthDate && f != Document && f != Protocol:
			code = IsDate
		}
		if code != "" {
			r.at(f, code, c.Text)
			ok = false
		}
	}
	return ok && any
}

var (
	exponent = regexp.MustCompile(`^\d[.,]\d+[eE]\+?\d+$`)
	digits   = regexp.MustCompile(`^\d+$`)
)

// iin returns the IIN, or what stands in its place.
func (r *reader) iin() string {
	c := r.cell(IIN)
	text := c.Text
	if text == "" {
		r.at(IIN, IINMissing, "")
		return ""
	}
	if exponent.MatchString(text) {
		r.at(IIN, IINExponent, text)
		return text
	}
	iin, warnings, err := exam.ParseIIN(text)
	if err != nil {
		r.wrongIIN(text, err)
		return text
	}
	for _, w := range warnings {
		r.at(IIN, map[exam.Warning]Code{exam.WarnBirthDate: IINBirthDate, exam.WarnSexDigit: IINSexDigit}[w], text)
	}
	if first, twice := r.iins[text]; twice {
		r.other(IIN, IINTwice, text, first)
	} else {
		r.iins[text] = r.row.Number
	}
	return string(iin)
}

func (r *reader) wrongIIN(text string, err error) {
	if digits.MatchString(text) && len(text) < 12 {
		if fixed, _, err := exam.ParseIIN(strings.Repeat("0", 12-len(text)) + text); err == nil {
			r.propose(IIN, IINZeroLost, text, string(fixed))
			return
		}
	}
	bare := strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || strings.ContainsRune("'’`-.\u200b\u200e\ufeff", c) {
			return -1
		}
		return c
	}, text)
	if fixed, _, err := exam.ParseIIN(bare); err == nil {
		r.propose(IIN, IINSigns, text, string(fixed))
		return
	}
	code := IINDigits
	switch err {
	case exam.ErrIINLength:
		code = IINLength
	case exam.ErrIINCheck:
		code = IINCheck
	}
	r.at(IIN, code, text)
}

// name returns the whole name.
func (r *reader) name() string {
	field := Name
	text := r.text(Name)
	if text == "" && (r.has(Surname) || r.has(Given)) {
		field = Surname
		if !r.has(Surname) {
			field = Given
		}
		text = strings.Join(strings.Fields(r.text(Surname)+" "+r.text(Given)+" "+r.text(Patronymic)), " ")
		if r.has(Given) && r.text(Given) == "" && text != "" {
			r.at(Given, NameMissing, "")
		}
	}
	if text == "" {
		r.at(field, NameMissing, "")
		return ""
	}
	odd := func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.Is(unicode.Mn, c) && !strings.ContainsRune(" -‐–.'’ʼ`", c)
	}
	if strings.IndexFunc(text, odd) >= 0 || utf8.RuneCountInString(text) > 200 {
		r.at(field, NameSigns, text)
	}
	for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return !unicode.IsLetter(c) }) {
		latin, cyrillic := false, false
		for _, c := range word {
			latin = latin || unicode.Is(unicode.Latin, c)
			cyrillic = cyrillic || unicode.Is(unicode.Cyrillic, c)
		}
		if latin && cyrillic {
			r.at(field, NameMixed, word)
		}
	}
	return text
}

var (
	male   = regexp.MustCompile(`(?i)(ұлы|улы|uly|ович|евич|ьич|ovich|evich)$`)
	female = regexp.MustCompile(`(?i)(қызы|кызы|qyzy|kyzy|овна|евна|ична|ovna|evna)$`)
)

// compare holds name, birth date and sex against the IIN. All of it only warns (R9).
func (r *reader) compare(c *exam.Candidate) {
	iin, warnings, err := exam.ParseIIN(c.IIN)
	if err != nil {
		return
	}
	sex := byte('m')
	if (iin[6]-'0')%2 == 0 {
		sex = 'f'
	}
	known := true
	for _, w := range warnings {
		known = known && w != exam.WarnSexDigit
	}
	if text := r.text(Sex); text != "" {
		switch s, ok := sexes[bare(text)]; {
		case !ok:
			r.at(Sex, SexUnknown, text)
		case known && s != sex:
			r.at(Sex, SexDiffers, text)
		}
	}
	if words := strings.Fields(c.Name); len(words) > 1 && known {
		last := words[len(words)-1]
		if male.MatchString(last) && sex == 'f' || female.MatchString(last) && sex == 'm' {
			field := Name
			if !r.has(Name) {
				field = Patronymic
				if !r.has(Patronymic) {
					field = Surname
				}
			}
			r.at(field, NameSex, c.Name)
		}
	}
	if text := r.text(BirthDate); text != "" {
		born, ok := date(text)
		switch {
		case !ok:
			r.at(BirthDate, BirthForm, text)
		case born.Format("060102") != string(iin[:6]):
			r.at(BirthDate, BirthDiffers, text)
		}
	}
}

// date reads the ways in which people write a date.
func date(text string) (time.Time, bool) {
	text, _, _ = strings.Cut(text, " ")
	for _, layout := range [...]string{time.DateOnly, "02.01.2006", "2.1.2006", "02/01/2006", "02-01-2006"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func (r *reader) language() string {
	text := r.text(Language)
	if text == "" {
		r.at(Language, LangMissing, "")
		return ""
	}
	l, ok := languages[bare(text)]
	if !ok {
		r.at(Language, LangUnknown, text)
	}
	return l
}

func (r *reader) seat(room string) string {
	if !r.has(Seat) {
		return ""
	}
	seat := r.text(Seat)
	if seat == "" {
		r.at(Seat, SeatMissing, "")
		return ""
	}
	key := [2]string{room, strings.ToLower(seat)}
	if first, twice := r.seats[key]; twice {
		r.other(Seat, SeatTwice, seat, first)
	} else {
		r.seats[key] = r.row.Number
	}
	return seat
}

func (r *reader) extra(document string) int {
	text := r.text(Extra)
	if text == "" || text == "0" {
		if document != "" {
			r.at(Document, DocumentAlone, document)
		}
		return 0
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		r.at(Extra, ExtraNumber, text)
		return 0
	case n < 0 || n > r.opt.MaxExtra:
		r.add(Finding{Code: ExtraRange, Row: r.row.Number, Column: r.title[r.column[Extra]], Value: text, Other: strconv.Itoa(r.opt.MaxExtra)})
		return 0
	case document == "":
		r.at(Extra, ExtraDocument, text)
	}
	return n
}

func (r *reader) interview() bool {
	text := r.text(Interview)
	if text == "" {
		return false
	}
	held, ok := truths[bare(text)]
	if !ok {
		r.at(Interview, TruthUnknown, text)
	}
	return held
}
