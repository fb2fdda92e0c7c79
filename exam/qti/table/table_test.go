package table_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"emtihan/exam/qti/table"

	"golang.org/x/text/encoding/charmap"
)

func reason(err error) table.Reason {
	var e *table.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func read(t *testing.T, name string) *table.Table {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	got, err := table.Read(data, table.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Workbooks that two other programs have written.
func TestWorkbooks(t *testing.T) {
	got := read(t, "openpyxl.xlsx")
	if got.Sheet != "Список" || !slices.Equal(got.Remarks, []table.Remark{table.RemarkHiddenSheets, table.RemarkOtherSheets}) {
		t.Errorf("sheet %q, remarks %v", got.Sheet, got.Remarks)
	}
	want := []struct {
		row, column int
		cell        table.Cell
	}{
		{1, 0, table.Cell{Text: "ИИН", Kind: table.Text}},
		{2, 0, table.Cell{Text: "010101300007", Kind: table.Text}},
		{2, 1, table.Cell{Text: "Әлия Омарова", Kind: table.Text}},
		{2, 2, table.Cell{Text: "2001-01-31", Kind: table.Date}},
		{3, 0, table.Cell{Text: "900101300007", Kind: table.Number}},
		{3, 2, table.Cell{Text: "2001-01-31 12:30:00", Kind: table.Date}},
		{4, 0, table.Cell{Text: "10101300007", Kind: table.Number}},
		{4, 1, table.Cell{Formula: true}},
		{6, 2, table.Cell{Text: "z", Kind: table.Text}},
		{7, 0, table.Cell{Text: "слито", Kind: table.Text, Merged: true}},
		{7, 1, table.Cell{Merged: true}},
		{9, 0, table.Cell{Text: "TRUE", Kind: table.Truth}},
		{9, 1, table.Cell{Text: "0.00000015", Kind: table.Number}},
		{9, 2, table.Cell{Text: "#REF!", Kind: table.Fault}},
		{9, 7, table.Cell{}},
	}
	check := func(got *table.Table, row, column int, cell table.Cell) {
		t.Helper()
		i := slices.IndexFunc(got.Rows, func(r table.Row) bool { return r.Number == row })
		if i < 0 {
			t.Errorf("there is no row %d", row)
			return
		}
		if c := got.Rows[i].Cell(column); c != cell {
			t.Errorf("row %d, column %s: %+v, want %+v", row, table.Column(column), c, cell)
		}
		if hidden := got.Rows[i].Hidden; hidden != (row == 6) {
			t.Errorf("row %d hidden: %v", row, hidden)
		}
	}
	for _, w := range want {
		check(got, w.row, w.column, w.cell)
	}
	if lines := got.Strings(); len(lines) < 9 || lines[4] != nil || lines[5][0] != "x" {
		t.Errorf("as texts: %q", lines)
	}
	got = read(t, "xlsxwriter.xlsx")
	for _, w := range want[:5] {
		check(got, w.row, w.column, w.cell)
	}
	check(got, 4, 0, table.Cell{Text: "10101300007", Kind: table.Number})
	check(got, 4, 1, table.Cell{Text: "Әлия Омарова x", Kind: table.Text, Formula: true})
	check(got, 7, 1, table.Cell{Merged: true})
}

// What Write writes is read as texts, whatever it looks like.
func TestWrite(t *testing.T) {
	rows := [][]string{{"ИИН", "Имя <&>"}, {"010101300007", " a\nb "}, {}, {"=1+1", "2001-01-31"}}
	data, err := table.Write(table.Sheet{Name: "Л & <1>", Header: true, Widths: []float64{14, 0}, Rows: rows}, table.Sheet{Name: "2", Wrapped: true})
	if err != nil {
		t.Fatal(err)
	}
	got, err := table.Read(data, table.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"ИИН", "Имя <&>"}, {"010101300007", "a\nb"}, nil, {"=1+1", "2001-01-31"}}
	if got.Sheet != "Л & <1>" || len(got.Remarks) != 0 || fmt.Sprint(got.Strings()) != fmt.Sprint(want) {
		t.Errorf("%q %v %q", got.Sheet, got.Remarks, got.Strings())
	}
	for _, r := range got.Rows {
		for _, c := range r.Cells {
			if c.Kind != table.Text || c.Formula {
				t.Errorf("%+v is no text", c)
			}
		}
	}
}

func TestCSV(t *testing.T) {
	cyrillic := func(s string) string {
		out, err := charmap.Windows1251.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	koi8, err := charmap.KOI8R.NewEncoder().String("ИИН;Имя\n1;Айгерим Иванова-Сергеева\n")
	if err != nil {
		t.Fatal(err)
	}
	dos, err := charmap.CodePage866.NewEncoder().String("ИИН;Имя\n1;Айгерим\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, data string
		rows       string
		remarks    string
		reason     table.Reason
	}{
		{"commas", "a,b\n1,2\n", "1[a b] 2[1 2]", "[]", ""},
		{"semicolons, and a byte-order mark", "\ufeffa;b,c\n1;\"2;3\"\n", "1[a b,c] 2[1 2;3]", "[]", ""},
		{"tabs", "a\tb\r\n1\t2\r\n", "1[a b] 2[1 2]", "[]", ""},
		{"a separator in quotes", "\"a,b,c\";d\n1;2\n", "1[a,b,c d] 2[1 2]", "[]", ""},
		{"empty lines and lines in a value", "a,b\n\n1,\"x\ny\"\n\n\n2,z\n", "1[a b] 3[1 x\ny] 6[2 z]", "[]", ""},
		{"rows without anything", "a,b\n,\n1,\n", "1[a b] 3[1]", "[]", ""},
		{"windows-1251", cyrillic("ИИН;Имя\n1;Айгерім «А» №1?\n"), "1[ИИН Имя] 2[1 Айгерім «А» №1?]", "[windows-1251]", ""},
		{"windows-1251 with lost letters", cyrillic("ИИН;Имя\n1;?сел ?мірова\n"), "", "", table.Encoding},
		{"another Cyrillic encoding", koi8, "", "", table.Encoding},
		{"the console's encoding", dos, "", "", table.Encoding},
		{"Latin letters with signs", "a;b\n1;caf\xe9 na\xefve\n", "", "", table.Encoding},
		{"UTF-16", "\xff\xfea\x00;\x00", "", "", table.NotCSV},
		{"something else", "a\x00b", "", "", table.NotCSV},
		{"a workbook", "PK\x03\x04", "", "", table.NotCSV},
		{"quotes", "a,\"b\n1,2\n", "", "", table.Quotes},
		{"a quote inside", "a,b \"c\" d\n", "", "", table.Quotes},
		{"a cell without end", "a," + strings.Repeat("x", 40_000), "", "", table.TooMuch},
		{"columns without end", strings.Repeat("a,", 300) + "a", "", "", table.TooMuch},
		{"rows without end", strings.Repeat("a\n", 60_001), "", "", table.TooMuch},
		{"nothing", "", "", "[]", ""},
	} {
		got, err := table.ReadCSV([]byte(tt.data), table.Limits{})
		if err != nil || tt.reason != "" {
			if reason(err) != tt.reason || tt.reason == "" {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.reason)
			}
			continue
		}
		var rows []string
		for _, r := range got.Rows {
			var cells []string
			for _, c := range r.Cells {
				cells = append(cells, c.Text)
			}
			rows = append(rows, fmt.Sprintf("%d%v", r.Number, cells))
		}
		if s := strings.Join(rows, " "); s != tt.rows || fmt.Sprint(got.Remarks) != tt.remarks {
			t.Errorf("%s: %q %v", tt.name, s, got.Remarks)
		}
	}
}

// workbook packs the parts of a workbook; a part that is given replaces the usual one, an empty one leaves it out.
func workbook(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	all := map[string]string{
		"[Content_Types].xml":        `<Types/>`,
		"_rels/.rels":                `<Relationships><Relationship Id="r" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns:r="r"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="x/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   sheet(`<row r="1"><c r="A1" t="s"><v>0</v></c></row>`),
		"xl/sharedStrings.xml":       `<sst><si><t>a</t><rPh><t>reading</t></rPh></si></sst>`,
	}
	for name, text := range parts {
		all[name] = text
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range all {
			if all[name] != "" && !yield(name) {
				return
			}
		}
	}) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(all[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sheet(rows string) string { return `<worksheet><sheetData>` + rows + `</sheetData></worksheet>` }

func cells(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `<c r="%s1"><v>1</v></c>`, table.Column(i))
	}
	return `<row r="1">` + b.String() + `</row>`
}

func TestHostileWorkbooks(t *testing.T) {
	one := func(name, text string) map[string]string { return map[string]string{name: text} }
	body := func(rows string) map[string]string { return one("xl/worksheets/sheet1.xml", sheet(rows)) }
	whole := workbook(t, nil)
	if got, err := table.Read(whole, table.Limits{}); err != nil || len(got.Rows) != 1 || got.Rows[0].Cell(0).Text != "a" {
		t.Fatalf("the sample itself: %+v %v", got, err)
	}
	for _, tt := range []struct {
		name   string
		data   []byte
		reason table.Reason
		says   string
	}{
		{"an old workbook, or one with a password", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), table.OldFormat, "password"},
		{"a macro workbook", workbook(t, one("xl/vbaProject.bin", "x")), table.Macros, "macros"},
		{"macros elsewhere", workbook(t, one("elsewhere/VBAPROJECT.BIN", "x")), table.Macros, "macros"},
		{"a binary workbook", workbook(t, one("xl/workbook.bin", "x")), table.OtherKind, "xlsb"},
		{"OpenDocument", workbook(t, map[string]string{"[Content_Types].xml": "", "mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), table.OtherKind, "OpenDocument"},
		{"some archive", workbook(t, one("[Content_Types].xml", "")), table.OtherKind, "no workbook"},
		{"cut off", whole[:len(whole)-30], table.Damaged, "truncated"},
		{"without sheets", workbook(t, one("xl/workbook.xml", "<workbook/>")), table.NoContent, "no visible sheet"},
		{"all sheets hidden", workbook(t, one("xl/workbook.xml", `<workbook xmlns:r="r"><sheets><sheet name="S" state="veryHidden" r:id="rId1"/></sheets></workbook>`)), table.NoContent, "no visible sheet"},
		{"without its sheet", workbook(t, one("xl/worksheets/sheet1.xml", "")), table.Damaged, "sheet1.xml is missing"},
		{"without relations", workbook(t, one("xl/_rels/workbook.xml.rels", "")), table.Damaged, "missing"},
		{"a sheet that is no XML", workbook(t, one("xl/worksheets/sheet1.xml", "<worksheet><row>")), table.Damaged, "sheet1.xml"},
		{"a text that is not there", workbook(t, body(`<row r="1"><c r="A1" t="s"><v>7</v></c></row>`)), table.Damaged, "row 1, column A refers"},
		{"rows backwards", workbook(t, body(`<row r="2"/><row r="1"/>`)), table.Misleading, "not in order"},
		{"a row beyond the last", workbook(t, body(`<row r="2000000"/>`)), table.Misleading, "not in order"},
		{"a cell in another row", workbook(t, body(`<row r="1"><c r="A2"><v>1</v></c></row>`)), table.Misleading, "where it does not belong"},
		{"a cell twice", workbook(t, body(`<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>`)), table.Misleading, "where it does not belong"},
		{"a cell far to the right", workbook(t, body(`<row r="1"><c r="XFD1"><v>1</v></c></row>`)), table.TooMuch, "column XFD"},
		{"columns without end", workbook(t, body(cells(257))), table.TooMuch, "256 columns"},
		{"a text without end", workbook(t, body(`<row r="1"><c r="A1" t="inlineStr"><is><t>`+strings.Repeat("ж", 40_000)+`</t></is></c></row>`)), table.TooMuch, "characters"},
		{"a document type", workbook(t, one("xl/sharedStrings.xml", `<!DOCTYPE x [<!ENTITY a "b">]><sst/>`)), table.Misleading, "document type"},
		{"elements without measure", workbook(t, one("xl/sharedStrings.xml", strings.Repeat("<a>", 200))), table.TooMuch, "without measure"},
		{"a name that leads out", workbook(t, one("../../etc/passwd", "x")), table.Misleading, "leads out"},
		{"a bomb", workbook(t, one("xl/media/bomb", strings.Repeat("0", 30<<20))), table.TooMuch, "times"},
		{"a bomb in the sheet", workbook(t, body(`<row r="1"><c r="A1" t="inlineStr"><is><t>`+strings.Repeat(" ", 30<<20)+`</t></is></c></row>`)), table.TooMuch, "times"},
		{"more than is taken", bytes.Repeat([]byte("PK"), 17<<20), table.TooMuch, "bytes, more than"},
	} {
		_, err := table.Read(tt.data, table.Limits{})
		if reason(err) != tt.reason || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %q: %v; want %q saying %q", tt.name, reason(err), err, tt.reason, tt.says)
		}
	}
	// Merged over everything: marking ends with the rows that are there.
	if _, err := table.Read(workbook(t, one("xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData><mergeCells>`+strings.Repeat(`<mergeCell ref="A1:XFD1048576"/>`, 1000)+`</mergeCells></worksheet>`)), table.Limits{}); err != nil {
		t.Error(err)
	}
}

// A workbook whose parts lie below every ratio still meets the limit of all of them together.
func TestUnpackedLimit(t *testing.T) {
	noise := make([]byte, 3<<20)
	x := uint32(1)
	for i := range noise {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	data := workbook(t, map[string]string{"xl/media/a": string(noise), "xl/media/b": string(noise)})
	if _, err := table.Read(data, table.Limits{Unpacked: 5 << 20}); reason(err) != table.TooMuch {
		t.Errorf("got %v", err)
	}
	if _, err := table.Read(data, table.Limits{}); err != nil {
		t.Error(err)
	}
}

// 50 000 rows are read, with memory that goes with the table.
func TestManyRows(t *testing.T) {
	if testing.Short() {
		t.Skip("a large table")
	}
	var b strings.Builder
	const rows = 50_000
	for i := 1; i <= rows; i++ {
		fmt.Fprintf(&b, `<row r="%d">`, i)
		for c := range 12 {
			fmt.Fprintf(&b, `<c r="%s%d" t="inlineStr"><is><t>value %d</t></is></c>`, table.Column(c), i, i*12+c)
		}
		b.WriteString(`</row>`)
	}
	data := workbook(t, map[string]string{"xl/worksheets/sheet1.xml": sheet(b.String())})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	got, err := table.Read(data, table.Limits{})
	if err != nil || len(got.Rows) != rows || got.Rows[rows-1].Cell(11).Text != fmt.Sprintf("value %d", rows*12+11) {
		t.Fatalf("%v", err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 150<<20 {
		t.Errorf("600 000 short cells keep %d MiB", kept>>20)
	}
	runtime.KeepAlive(got)
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("\ufeffa;b\n1;\"x\ny\"\n\n2;z"))
	f.Add([]byte("a,b\r\n,\r\n\"\",\"\"\"\"\n"))
	f.Add([]byte("\xc8\xc8\xcd;\xc8\xec\xff\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := table.Read(data, table.Limits{Rows: 100})
		if err != nil {
			if reason(err) == "" {
				t.Fatalf("an error without a reason: %v", err)
			}
			return
		}
		last := 0
		for _, r := range got.Rows {
			if r.Number <= last || len(r.Cells) == 0 {
				t.Fatalf("row %+v after %d", r, last)
			}
			last = r.Number
		}
	})
}

func FuzzSheet(f *testing.F) {
	f.Add(`<row r="1"><c r="A1" t="s"><v>0</v></c><c t="inlineStr"><is><t>x</t></is></c></row>`, `<sst><si><t>a</t></si></sst>`)
	f.Add(`<row><c s="1"><f>A1</f><v>1e300</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells><sheetData>`, ``)
	f.Add(`<row r="3"><c r="C3" t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c t="d"><v>2001-01-31T00:00:00</v></c></row>`, `<sst/>`)
	f.Fuzz(func(t *testing.T, rows, shared string) {
		got, err := table.Read(workbook(t, map[string]string{"xl/worksheets/sheet1.xml": sheet(rows), "xl/sharedStrings.xml": shared}), table.Limits{})
		if err != nil && reason(err) == "" {
			t.Fatalf("an error without a reason: %v", err)
		}
		if err == nil {
			got.Strings()
		}
	})
}
