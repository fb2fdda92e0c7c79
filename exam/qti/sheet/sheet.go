// Package sheet reads items from a table that somebody filled in a spreadsheet program, for centres without a QTI tool. The table is
// turned into a QTI package in memory and read by package qti, so that both ways end in one model, with one set of checks.
package sheet

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"emtihan/exam/qti"
	"emtihan/exam/qti/finding"
	"emtihan/exam/qti/intake"
	"emtihan/exam/qti/table"
)

// columns are those of a table, in the order of the template. Only id, kind and text are required; choices go up to choice_12.
//
//	id          names the item: letters, digits, "-" and "_", not twice
//	block       the section that the item belongs to; empty: the same as the row above
//	kind        single, multiple, short, number, long
//	points      more than 0, up to 1000, empty: 1. A multiple item of 2 points gives 2, 1 for exactly one mistake, otherwise 0; with
//	            other points it is all or nothing
//	text        the question; a line end begins a new paragraph
//	picture     a file that is handed in with the table
//	passage     the id of a row of the kind passage, whose text stands before the question
//	choice_1 …  the choices
//	key         single, multiple: numbers of the right choices ("2", "1;3"); short: accepted answers ("Astana;Астана");
//	            number: a number, "3,14" or with what it may be off, "3,14±0,01"
//	shuffle     yes: the choices come in any order
var columns = []string{"id", "block", "kind", "points", "text", "picture", "passage", "choice_1", "choice_2", "choice_3", "choice_4", "choice_5", "choice_6", "key", "shuffle"}

const (
	maxChoices = 12
	maxCell    = 32_767 // what spreadsheet programs take
)

var limits = table.Limits{Bytes: 16 << 20, Rows: 10_001}

// examples are the header and one row of each kind.
func examples() [][]string {
	return [][]string{
		columns,
		{"text-1", "Чтение", "passage", "", "Абай Кунанбаев — поэт и мыслитель.\nОн родился в 1845 году.", "", "", "", "", "", "", "", "", "", ""},
		{"q-1", "Чтение", "single", "1", "В каком году родился Абай?", "", "text-1", "1840", "1845", "1854", "", "", "", "2", "yes"},
		{"q-2", "Профиль", "multiple", "2", "Какие числа простые?", "", "", "2", "4", "7", "9", "", "", "1;3", "yes"},
		{"q-3", "Профиль", "short", "1", "Столица Казахстана", "", "", "", "", "", "", "", "", "Астана;Astana", ""},
		{"q-4", "Профиль", "number", "1", "Число π до двух знаков", "", "", "", "", "", "", "", "", "3,14±0,005", ""},
		{"q-5", "Эссе", "long", "20", "Напишите эссе о роли науки.", "", "", "", "", "", "", "", "", "", ""},
	}
}

// Template returns an empty table with its header and one example of each kind, as CSV in UTF-8 with a byte-order mark, which
// spreadsheet programs ask for.
func Template() []byte {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.Comma = ';'
	_ = w.WriteAll(examples()) // a bytes.Buffer takes everything
	return b.Bytes()
}

// TemplateXLSX returns the same table as a workbook, whose second sheet explains the columns.
func TemplateXLSX() ([]byte, error) {
	widths := make([]float64, len(columns))
	for i, name := range columns {
		widths[i] = 12
		if name == "text" {
			widths[i] = 50
		}
	}
	return table.Write(
		table.Sheet{Name: "items", Header: true, Wrapped: true, Widths: widths, Rows: examples()},
		table.Sheet{Name: "help", Header: true, Wrapped: true, Widths: []float64{12, 60, 60}, Rows: help},
	)
}

// help explains the columns to whoever fills the table in.
var help = [][]string{
	{"column", "по-русски", "қазақша"},
	{"id", "Имя задания: начинается с латинской буквы, дальше буквы, цифры, - и _, не больше 32 знаков; не повторяется", "Тапсырманың аты: латын әрпінен басталады, одан әрі әріптер, цифрлар, - және _, 32 таңбадан аспайды; қайталанбайды"},
	{"block", "Раздел; пусто: как в строке выше", "Бөлім; бос болса: жоғарғы жолдағыдай"},
	{"kind", "single (один ответ), multiple (несколько), short (слово), number (число), long (текст), passage (текст, общий для заданий)", "single (бір жауап), multiple (бірнеше), short (сөз), number (сан), long (мәтін), passage (тапсырмаларға ортақ мәтін)"},
	{"points", "Баллы, от 0 до 1000; пусто: 1", "Балл, 0-ден 1000-ға дейін; бос болса: 1"},
	{"text", "Вопрос; новая строка в ячейке начинает новый абзац", "Сұрақ; ұяшықтағы жаңа жол жаңа абзац бастайды"},
	{"picture", "Файл рисунка, который передаётся вместе с таблицей", "Кестемен бірге берілетін сурет файлы"},
	{"passage", "id строки вида passage, текст которой стоит перед вопросом", "Мәтіні сұрақтың алдында тұратын passage жолының id-і"},
	{"choice_1 …", "Варианты ответа, до choice_12", "Жауап нұсқалары, choice_12 дейін"},
	{"key", "single, multiple: номера верных вариантов (2; 1;3); short: верные ответы через точку с запятой; number: число, можно с допуском (3,14±0,005)", "single, multiple: дұрыс нұсқалардың нөмірлері (2; 1;3); short: дұрыс жауаптар нүктелі үтір арқылы; number: сан, ауытқуымен де болады (3,14±0,005)"},
	{"shuffle", "yes: варианты в любом порядке", "yes: нұсқалар кез келген ретпен"},
}

// CellError says what is wrong in a cell.
type CellError struct {
	Row    int    // from 1, the header's row included
	Column string // name of the column; empty: the row as a whole
	Text   string
}

func (e *CellError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("row %d: %s", e.Row, e.Text)
	}
	return fmt.Sprintf("row %d, column %s: %s", e.Row, e.Column, e.Text)
}

// ReadCSV reads a table of values separated by commas, semicolons or tabs, in UTF-8, or in windows-1251 where it is certainly that.
// Pictures are the files that the column picture may name. All that is wrong is reported at once: the error joins [*CellError]s, or is a
// [*table.Error].
func ReadCSV(name string, data []byte, pictures map[string][]byte, options qti.Options) (*qti.Package, error) {
	t, err := table.ReadCSV(data, limits)
	if err != nil {
		return nil, err
	}
	return read(name, t, pictures, options)
}

// ReadXLSX reads the first visible sheet of a workbook by the same rules. Cells that a spreadsheet program has computed, made a date of or
// merged are errors: what the author meant is not in the file any more.
func ReadXLSX(name string, data []byte, pictures map[string][]byte, options qti.Options) (*qti.Package, error) {
	t, err := table.ReadXLSX(data, limits)
	if err != nil {
		return nil, err
	}
	return read(name, t, pictures, options)
}

func read(name string, from *table.Table, pictures map[string][]byte, options qti.Options) (*qti.Package, error) {
	check := &rows{}
	for _, row := range from.Rows {
		if row.Hidden {
			check.bad(row.Number, "", "is hidden: show it or delete it")
		}
		for i, c := range row.Cells {
			column := table.Column(i)
			switch {
			case c.Formula:
				check.bad(row.Number, column, "has a formula: put its value in its place")
			case c.Merged:
				check.bad(row.Number, column, "is merged with others: part them")
			case c.Kind == table.Date:
				check.bad(row.Number, column, "was made a date by the spreadsheet program (%s): set the column to “text” and type it again", c.Text)
			case c.Kind == table.Fault:
				check.bad(row.Number, column, "has the error %s", c.Text)
			}
		}
	}
	if len(check.errs) > 0 {
		return nil, errors.Join(check.errs...)
	}
	p, err := Read(name, from.Strings(), pictures, options)
	if err != nil {
		return nil, err
	}
	if slices.Contains(from.Remarks, table.RemarkWindows1251) {
		p.Findings = append(p.Findings, finding.Finding{Severity: finding.Warning, Text: "the table was read as windows-1251, which has no Kazakh letters"})
	}
	if slices.Contains(from.Remarks, table.RemarkOtherSheets) {
		p.Findings = append(p.Findings, finding.Finding{Severity: finding.Note, Text: fmt.Sprintf("only the sheet %q was read; other sheets have something in them, too", from.Sheet)})
	}
	return p, nil
}

type rows struct {
	column map[string]int
	rows   [][]string
	errs   []error
}

func (t *rows) bad(row int, column, format string, args ...any) {
	if len(t.errs) < 200 {
		t.errs = append(t.errs, &CellError{Row: row, Column: column, Text: fmt.Sprintf(format, args...)})
	}
}

func (t *rows) cell(row int, column string) string {
	i, ok := t.column[column]
	if !ok || i >= len(t.rows[row]) {
		return ""
	}
	return strings.TrimSpace(t.rows[row][i])
}

var validID = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,31}$`)

// Read reads a table whose first row is the header. See [ReadCSV].
func Read(name string, lines [][]string, pictures map[string][]byte, options qti.Options) (*qti.Package, error) {
	t := &rows{column: make(map[string]int), rows: lines}
	if err := t.header(); err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for p, data := range pictures {
		files["pictures/"+path.Base(p)] = data
	}
	items, passages := t.items(files)
	if len(t.errs) > 0 {
		return nil, errors.Join(t.errs...)
	}
	if len(items) == 0 {
		return nil, errors.New("the table has no items")
	}
	for _, it := range items {
		if it.passage != "" {
			if _, ok := passages[it.passage]; !ok {
				t.bad(it.row, "passage", "there is no row of the kind passage with the id %q", it.passage)
			}
		}
		files["items/"+it.id+".xml"] = it.document(passages)
	}
	if len(t.errs) > 0 {
		return nil, errors.Join(t.errs...)
	}
	files["test.xml"] = testDocument(name, items)
	files["imsmanifest.xml"] = manifestDocument(items)
	source, err := intake.Files(files, options.Intake)
	if err != nil {
		return nil, err
	}
	return qti.Read(name, source, options, nil)
}

func (t *rows) header() error {
	if len(t.rows) == 0 {
		return errors.New("the table is empty")
	}
	for i, name := range t.rows[0] {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" {
			continue
		}
		if n, ok := strings.CutPrefix(name, "choice_"); ok {
			if k, err := strconv.Atoi(n); err != nil || k < 1 || k > maxChoices {
				return fmt.Errorf("the column %q is not known: choices go from choice_1 to choice_%d", name, maxChoices)
			}
		} else if !slices.Contains(columns, name) {
			return fmt.Errorf("the column %q is not known", name)
		}
		if _, twice := t.column[name]; twice {
			return fmt.Errorf("the column %q stands twice", name)
		}
		t.column[name] = i
	}
	for _, name := range []string{"id", "kind", "text"} {
		if _, ok := t.column[name]; !ok {
			return fmt.Errorf("the column %q is missing; the first row must name the columns", name)
		}
	}
	return nil
}

type item struct {
	row                                     int
	id, block, kind, text, picture, passage string
	points                                  float64
	choices                                 []string
	right                                   []int // of choices, from 1
	answers                                 []string
	number, off                             float64
	shuffle                                 bool
}

func (t *rows) items(files map[string][]byte) (items []item, passages map[string]string) {
	passages = make(map[string]string)
	seen := make(map[string]bool)
	block := ""
	for i := 1; i < len(t.rows); i++ {
		row := i + 1
		if !slices.ContainsFunc(t.rows[i], func(c string) bool { return strings.TrimSpace(c) != "" }) {
			continue
		}
		for name, c := range t.column {
			if c < len(t.rows[i]) && utf8.RuneCountInString(t.rows[i][c]) > maxCell {
				t.bad(row, name, "has more than %d characters", maxCell)
			}
		}
		it := item{row: row, id: t.cell(i, "id"), kind: strings.ToLower(t.cell(i, "kind")), text: t.cell(i, "text"), passage: t.cell(i, "passage"), points: 1}
		if b := t.cell(i, "block"); b != "" {
			block = b
		}
		it.block = block
		switch {
		case !validID.MatchString(it.id):
			t.bad(row, "id", "%q does not begin with a letter and go on with up to 31 letters, digits, - or _", it.id)
		case seen[strings.ToLower(it.id)]:
			t.bad(row, "id", "%q stands twice", it.id)
		}
		seen[strings.ToLower(it.id)] = true
		if it.text == "" {
			t.bad(row, "text", "is empty")
		}
		if it.kind == "passage" {
			passages[it.id] = it.text
			continue
		}
		t.fill(i, &it, files)
		items = append(items, it)
	}
	return items, passages
}

func number(text string) (float64, error) {
	return strconv.ParseFloat(strings.Replace(strings.TrimSpace(text), ",", ".", 1), 64)
}

func (t *rows) fill(i int, it *item, files map[string][]byte) {
	if p := t.cell(i, "points"); p != "" {
		x, err := number(p)
		if err != nil || !(x > 0 && x <= 1000) {
			t.bad(it.row, "points", "%q is no number above 0 and up to 1000", p)
		}
		it.points = x
	}
	if p := t.cell(i, "picture"); p != "" {
		it.picture = "pictures/" + path.Base(p)
		if _, ok := files[it.picture]; !ok {
			t.bad(it.row, "picture", "the file %q was not handed in", p)
		}
	}
	switch s := strings.ToLower(t.cell(i, "shuffle")); s {
	case "", "no", "нет", "жоқ", "0":
	case "yes", "да", "иә", "1":
		it.shuffle = true
	default:
		t.bad(it.row, "shuffle", "%q is neither yes nor no", s)
	}
	gap := 0
	for k := 1; k <= maxChoices; k++ {
		c := t.cell(i, fmt.Sprintf("choice_%d", k))
		switch {
		case c == "":
			gap = k
		case gap > 0:
			t.bad(it.row, fmt.Sprintf("choice_%d", gap), "is empty though a later choice is not")
			gap = 0
			it.choices = append(it.choices, c)
		default:
			it.choices = append(it.choices, c)
		}
	}
	t.key(i, it)
}

func (t *rows) key(i int, it *item) {
	key := t.cell(i, "key")
	parts := slices.DeleteFunc(strings.Split(key, ";"), func(s string) bool { return strings.TrimSpace(s) == "" })
	switch it.kind {
	case "single", "multiple":
		if len(it.choices) < 2 {
			t.bad(it.row, "choice_1", "a %s item has at least two choices", it.kind)
		}
		for _, p := range parts {
			n, err := strconv.Atoi(strings.TrimSpace(p))
			if err != nil || n < 1 || n > len(it.choices) || slices.Contains(it.right, n) {
				t.bad(it.row, "key", "%q is no choice from 1 to %d, or stands twice", p, len(it.choices))
				continue
			}
			it.right = append(it.right, n)
		}
		if len(it.right) == 0 || it.kind == "single" && len(it.right) > 1 {
			t.bad(it.row, "key", "%q does not name the right choice", key)
		}
	case "short":
		for _, p := range parts {
			it.answers = append(it.answers, strings.TrimSpace(p))
		}
		if len(it.answers) == 0 {
			t.bad(it.row, "key", "no accepted answer")
		}
	case "number":
		value, off, _ := strings.Cut(key, "±")
		var err error
		if it.number, err = number(value); err != nil {
			t.bad(it.row, "key", "%q is no number", value)
		}
		if off != "" {
			if it.off, err = number(off); err != nil || it.off < 0 {
				t.bad(it.row, "key", "%q is no number", off)
			}
		}
	case "long":
		if key != "" {
			t.bad(it.row, "key", "a long answer is marked by people and has no key")
		}
	default:
		t.bad(it.row, "kind", "%q is none of single, multiple, short, number, long, passage", it.kind)
	}
	if len(it.choices) > 0 && it.kind != "single" && it.kind != "multiple" {
		t.bad(it.row, "choice_1", "a %s item has no choices", it.kind)
	}
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}

func paragraphs(text string) string {
	var b strings.Builder
	for p := range strings.SplitSeq(text, "\n") {
		if p = strings.TrimSpace(p); p != "" {
			b.WriteString("<p>" + escaped(p) + "</p>")
		}
	}
	return b.String()
}

func base(kind, text string) string {
	return `<qti-base-value base-type="` + kind + `">` + escaped(text) + `</qti-base-value>`
}

func set(value string) string {
	return `<qti-set-outcome-value identifier="SCORE">` + value + `</qti-set-outcome-value>`
}

func condition(test, yes, no string) string {
	return `<qti-response-condition><qti-response-if>` + test + yes + `</qti-response-if>` + no + `</qti-response-condition>`
}

func trim(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func (it item) document(passages map[string]string) []byte {
	var b strings.Builder
	b.WriteString(xml.Header)
	fmt.Fprintf(&b, `<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="%s" title="%s" adaptive="false" time-dependent="false">`, it.id, it.id)
	b.WriteString(it.declaration())
	fmt.Fprintf(&b, `<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float" normal-minimum="0" normal-maximum="%s"%s/>`, trim(it.points), map[bool]string{true: ` external-scored="human"`}[it.kind == "long"])
	b.WriteString("<qti-item-body>")
	if it.passage != "" {
		b.WriteString("<blockquote>" + paragraphs(passages[it.passage]) + "</blockquote>")
	}
	b.WriteString(paragraphs(it.text))
	if it.picture != "" {
		b.WriteString(`<p><img src="../` + escaped(it.picture) + `" alt=""/></p>`)
	}
	switch it.kind {
	case "single", "multiple":
		most := 1
		if it.kind == "multiple" {
			most = 0
		}
		fmt.Fprintf(&b, `<qti-choice-interaction response-identifier="RESPONSE" max-choices="%d" shuffle="%v">`, most, it.shuffle)
		for i, c := range it.choices {
			fmt.Fprintf(&b, `<qti-simple-choice identifier="C%d">%s</qti-simple-choice>`, i+1, paragraphs(c))
		}
		b.WriteString("</qti-choice-interaction>")
	case "short", "number":
		b.WriteString(`<p><qti-text-entry-interaction response-identifier="RESPONSE" expected-length="30"/></p>`)
	case "long":
		b.WriteString(`<qti-extended-text-interaction response-identifier="RESPONSE" expected-lines="15"/>`)
	}
	b.WriteString("</qti-item-body>" + it.rules() + "</qti-assessment-item>")
	return []byte(b.String())
}

func (it item) declaration() string {
	correct := func(values ...string) string {
		var b strings.Builder
		for _, v := range values {
			b.WriteString("<qti-value>" + escaped(v) + "</qti-value>")
		}
		return "<qti-correct-response>" + b.String() + "</qti-correct-response>"
	}
	open := func(card, kind string) string {
		return `<qti-response-declaration identifier="RESPONSE" cardinality="` + card + `" base-type="` + kind + `">`
	}
	const end = "</qti-response-declaration>"
	switch it.kind {
	case "single", "multiple":
		var values []string
		for _, n := range it.right {
			values = append(values, fmt.Sprintf("C%d", n))
		}
		return open(it.kind, "identifier") + correct(values...) + end
	case "short":
		var b strings.Builder
		b.WriteString(`<qti-mapping default-value="0">`)
		for _, a := range it.answers {
			fmt.Fprintf(&b, `<qti-map-entry map-key="%s" mapped-value="%s" case-sensitive="false"/>`, escaped(a), trim(it.points))
		}
		return open("single", "string") + correct(it.answers[0]) + b.String() + "</qti-mapping>" + end
	case "number":
		return open("single", "float") + correct(trim(it.number)) + end
	}
	return open("single", "string") + end
}

func (it item) rules() string {
	const (
		variable = `<qti-variable identifier="RESPONSE"/>`
		key      = `<qti-correct identifier="RESPONSE"/>`
		match    = `<qti-match>` + variable + key + `</qti-match>`
	)
	full := set(base("float", trim(it.points)))
	switch it.kind {
	case "single":
		return `<qti-response-processing>` + condition(match, full, "") + `</qti-response-processing>`
	case "multiple":
		half := ""
		if it.points == 2 {
			half = it.oneMistake()
		}
		return `<qti-response-processing>` + condition(match, full, half) + `</qti-response-processing>`
	case "short":
		return `<qti-response-processing>` + set(`<qti-map-response identifier="RESPONSE"/>`) + `</qti-response-processing>`
	case "number":
		test := `<qti-equal tolerance-mode="absolute" tolerance="` + trim(it.off) + `">` + key + variable + `</qti-equal>`
		return `<qti-response-processing>` + condition(test, full, "") + `</qti-response-processing>`
	}
	return ""
}

// oneMistake gives one point where the response has one right choice too few or one wrong choice too many, as the complex test marks
// tasks with several right answers (R5: 2, 1 or 0).
func (it item) oneMistake() string {
	chosen := func(n int) string {
		return `<qti-member>` + base("identifier", fmt.Sprintf("C%d", n)) + `<qti-variable identifier="RESPONSE"/></qti-member>`
	}
	var right, wrong strings.Builder
	wrongs := 0
	for n := 1; n <= len(it.choices); n++ {
		if slices.Contains(it.right, n) {
			right.WriteString(chosen(n))
		} else {
			wrong.WriteString(chosen(n))
			wrongs++
		}
	}
	exactly := func(least, most int, list string) string {
		if list == "" {
			return base("boolean", "true")
		}
		return fmt.Sprintf(`<qti-any-n min="%d" max="%d">%s</qti-any-n>`, least, most, list)
	}
	all := len(it.right)
	tooFew := `<qti-and>` + exactly(all-1, all-1, right.String()) + exactly(0, 0, wrong.String()) + `</qti-and>`
	tooMany := `<qti-and>` + exactly(all, all, right.String()) + exactly(1, 1, wrong.String()) + `</qti-and>`
	tests := tooMany
	if wrongs == 0 {
		tests = base("boolean", "false")
	}
	if all > 1 {
		tests = `<qti-or>` + tests + tooFew + `</qti-or>`
	}
	return `<qti-response-else-if>` + tests + set(base("float", "1")) + `</qti-response-else-if>`
}

func testDocument(name string, items []item) []byte {
	var b strings.Builder
	b.WriteString(xml.Header)
	fmt.Fprintf(&b, `<qti-assessment-test xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="TEST" title="%s">`, escaped(name))
	b.WriteString(`<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/><qti-test-part identifier="PART" navigation-mode="nonlinear" submission-mode="simultaneous">`)
	var blocks []string
	for _, it := range items {
		if !slices.Contains(blocks, it.block) {
			blocks = append(blocks, it.block)
		}
	}
	for i, block := range blocks {
		fmt.Fprintf(&b, `<qti-assessment-section identifier="BLOCK-%d" title="%s" visible="true">`, i+1, escaped(block))
		for _, it := range items {
			if it.block == block {
				fmt.Fprintf(&b, `<qti-assessment-item-ref identifier="I-%s" href="items/%s.xml"/>`, it.id, it.id)
			}
		}
		b.WriteString(`</qti-assessment-section>`)
	}
	b.WriteString(`</qti-test-part><qti-outcome-processing>` + set(`<qti-sum><qti-test-variables variable-identifier="SCORE"/></qti-sum>`) + `</qti-outcome-processing></qti-assessment-test>`)
	return []byte(b.String())
}

func manifestDocument(items []item) []byte {
	var b strings.Builder
	b.WriteString(xml.Header + `<manifest xmlns="http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1" identifier="TABLE"><metadata><schema>QTI Package</schema><schemaversion>3.0.0</schemaversion></metadata><organizations/><resources>`)
	b.WriteString(`<resource identifier="R-TEST" type="imsqti_test_xmlv3p0" href="test.xml"><file href="test.xml"/></resource>`)
	for _, it := range items {
		fmt.Fprintf(&b, `<resource identifier="R-%s" type="imsqti_item_xmlv3p0" href="items/%s.xml"><file href="items/%s.xml"/></resource>`, it.id, it.id, it.id)
	}
	b.WriteString(`</resources></manifest>`)
	return []byte(b.String())
}
