package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"strings"
	"testing"

	"emtihan/exam/qti"
	"emtihan/exam/qti/body"
	"emtihan/exam/qti/sheet"
	"emtihan/exam/qti/trial"

	"golang.org/x/text/encoding/charmap"
)

func mark(t *testing.T, p *qti.Package, id string, texts ...string) float64 {
	t.Helper()
	it := p.Item("items/" + id + ".xml")
	if it == nil {
		t.Fatalf("there is no item %s", id)
	}
	s, err := it.Start(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AnswerText("RESPONSE", texts...); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Mark(); err != nil {
		t.Fatal(err)
	}
	x, _ := s.Score()
	return x
}

// The template that is given out can be read, and every example in it is marked as its row says.
func TestTemplate(t *testing.T) {
	p, err := sheet.ReadCSV("example", sheet.Template(), nil, qti.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Items) != 5 || len(p.Findings) != 0 {
		t.Fatalf("%d items, findings %v", len(p.Items), p.Findings)
	}
	for _, it := range p.Items[:4] {
		if o := trial.Item(it); o.Verdict != trial.Right {
			t.Errorf("%s: %s %s", it.ID, o.Verdict, o.Reason)
		}
	}
	if p.Items[4].MachineMarked() {
		t.Error("the essay is marked by the machine")
	}
	if got, want := body.Plain(p.Items[0].Body[:2]), "Абай Кунанбаев — поэт и мыслитель.\nОн родился в 1845 году.\nВ каком году родился Абай?"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	sections := p.Tests[0].Parts[0].Sections
	if len(sections) != 3 || sections[0].Title != "Чтение" || sections[1].Title != "Профиль" || len(sections[1].Children) != 3 {
		t.Errorf("sections %+v", sections)
	}
	for _, tt := range []struct {
		id, answer string
		want       float64
	}{
		{"q-3", "астана", 1},
		{"q-3", "ASTANA ", 1},
		{"q-3", "Алматы", 0},
		{"q-4", "3,14", 1},
		{"q-4", "3.135", 1},
		{"q-4", "3,2", 0},
	} {
		if got := mark(t, p, tt.id, tt.answer); got != tt.want {
			t.Errorf("%s %q gives %g, want %g", tt.id, tt.answer, got, tt.want)
		}
	}
}

// R5: a task with several right answers gives 2 for all of them, 1 for one mistake (a wrong one chosen or a right one not), otherwise 0.
func TestTwoOneNothing(t *testing.T) {
	const table = "id,kind,points,text,choice_1,choice_2,choice_3,choice_4,choice_5,key\n" +
		"two,multiple,2,q,a,b,c,d,e,1;3\n" +
		"one,multiple,2,q,a,b,c,d,e,2\n" +
		"three,multiple,2,q,a,b,c,d,e,1;2;3\n" +
		"all,multiple,2,q,a,b,c,,,1;2;3\n"
	p, err := sheet.ReadCSV("t", []byte(table), nil, qti.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		id, answers string
		want        float64
	}{
		{"two", "C1 C3", 2},
		{"two", "C1", 1},
		{"two", "C3", 1},
		{"two", "C1 C3 C5", 1},
		{"two", "C1 C2", 0},
		{"two", "C2", 0},
		{"two", "C1 C2 C3 C4", 0},
		{"two", "", 0},
		{"one", "C2", 2},
		{"one", "C2 C1", 1},
		{"one", "C1", 0},
		{"one", "", 0},
		{"one", "C1 C2 C3", 0},
		{"three", "C1 C2 C3", 2},
		{"three", "C1 C2", 1},
		{"three", "C1", 0},
		{"three", "C1 C2 C3 C4 C5", 0},
		{"three", "C1 C2 C3 C4", 1},
		{"three", "C1 C2 C4", 0},
		{"all", "C1 C2 C3", 2},
		{"all", "C1 C2", 1},
		{"all", "C1", 0},
	} {
		if got := mark(t, p, tt.id, strings.Fields(tt.answers)...); got != tt.want {
			t.Errorf("%s with %q gives %g, want %g", tt.id, tt.answers, got, tt.want)
		}
	}
}

func TestWrongCells(t *testing.T) {
	const head = "id,kind,points,text,picture,passage,choice_1,choice_2,choice_3,key,shuffle\n"
	tests := []struct{ name, table, says string }{
		{"empty", "", "the table is empty"},
		{"only a header", head, "no items"},
		{"column missing", "id,text\nq,x\n", `the column "kind" is missing`},
		{"column unknown", "id,kind,text,colour\n", `the column "colour" is not known`},
		{"column twice", "id,kind,text,id\n", `the column "id" stands twice`},
		{"too many choices", "id,kind,text,choice_13\n", "choice_1 to choice_12"},
		{"id", head + "1,single,1,x,,,a,b,,1,\n", "row 2, column id"},
		{"id twice", head + "q,short,1,x,,,,,,a,\nQ,short,1,x,,,,,,a,\n", `row 3, column id: "Q" stands twice`},
		{"kind", head + "q,guess,1,x,,,,,,,\n", `row 2, column kind: "guess"`},
		{"text", head + "q,short,1,,,,,,,a,\n", "row 2, column text: is empty"},
		{"points", head + "q,short,many,x,,,,,,a,\n", "row 2, column points"},
		{"points without number", head + "q,short,NaN,x,,,,,,a,\n", "row 2, column points"},
		{"no choices", head + "q,single,1,x,,,a,,,1,\n", "at least two choices"},
		{"hole in the choices", head + "q,single,1,x,,,a,,c,1,\n", "column choice_2: is empty though"},
		{"key beyond", head + "q,single,1,x,,,a,b,,3,\n", `column key: "3" is no choice`},
		{"two keys for one", head + "q,single,1,x,,,a,b,,1;2,\n", "does not name the right choice"},
		{"no key", head + "q,multiple,1,x,,,a,b,,,\n", "does not name the right choice"},
		{"number", head + "q,number,1,x,,,,,,pi,\n", `"pi" is no number`},
		{"tolerance", head + "q,number,1,x,,,,,,3±x,\n", `"x" is no number`},
		{"essay with a key", head + "q,long,1,x,,,,,,a,\n", "marked by people"},
		{"choices of a text", head + "q,short,1,x,,,a,b,,a,\n", "has no choices"},
		{"picture missing", head + "q,short,1,x,a.png,,,,,a,\n", `the file "a.png" was not handed in`},
		{"passage missing", head + "q,short,1,x,,p,,,,a,\n", "no row of the kind passage"},
		{"shuffle", head + "q,single,1,x,,,a,b,,1,maybe\n", "neither yes nor no"},
		{"quotes", "id,kind,text\nq,short,\"x\n", "cannot be read"},
		{"a workbook", "PK\x03\x04", "save it as"},
	}
	for _, tt := range tests {
		if _, err := sheet.ReadCSV("t", []byte(tt.table), nil, qti.Options{}); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.says)
		}
	}
	_, err := sheet.ReadCSV("t", []byte(head+"1,single,1,,,,a,b,,9,\n"), nil, qti.Options{})
	var cell *sheet.CellError
	if !errors.As(err, &cell) || strings.Count(err.Error(), "row 2") != 4 {
		t.Errorf("not all that is wrong is said at once: %v", err)
	}
}

func TestEncodingsAndSigns(t *testing.T) {
	text := "id;kind;text;key\nq;short;\"Сколько <b> & \"\"2\"\"?\";5\n"
	cyrillic, err := charmap.Windows1251.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{text, cyrillic, strings.ReplaceAll(text, ";", "\t"), "\ufeff" + text} {
		p, err := sheet.ReadCSV("имя <теста>", []byte(data), nil, qti.Options{Strict: true})
		if err != nil {
			t.Errorf("%q: %v", data, err)
			continue
		}
		if got := body.Plain(p.Items[0].Body[:1]); got != `Сколько <b> & "2"?` {
			t.Errorf("text %q", got)
		}
	}
}

func FuzzCSV(f *testing.F) {
	f.Add(sheet.Template())
	f.Add([]byte("id,kind,text,choice_1,choice_2,key\nq,single,x,a,b,2\n"))
	f.Add([]byte("id;kind;text;key\nq;number;x;1e9±,5"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := sheet.ReadCSV("fuzz", data, nil, qti.Options{})
		if err != nil {
			return
		}
		for _, it := range p.Items {
			if !it.Usable() {
				t.Fatalf("a table that was taken gave an item that is not usable: %v", it.Findings)
			}
		}
	})
}

// The workbook says the same as the CSV file, and its own template can be read.
func TestWorkbook(t *testing.T) {
	data, err := sheet.TemplateXLSX()
	if err != nil {
		t.Fatal(err)
	}
	fromWorkbook, err := sheet.ReadXLSX("example", data, nil, qti.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	fromCSV, err := sheet.ReadCSV("example", sheet.Template(), nil, qti.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(fromWorkbook.Items) != len(fromCSV.Items) {
		t.Fatalf("%d items and %d", len(fromWorkbook.Items), len(fromCSV.Items))
	}
	for i, it := range fromWorkbook.Items {
		a, errA := fromWorkbook.File(it.Path)
		b, errB := fromCSV.File(fromCSV.Items[i].Path)
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Errorf("%s differs: %v %v", it.ID, errA, errB)
		}
	}
	if got := fromWorkbook.Findings; len(got) != 1 || !strings.Contains(got[0].Text, "other sheets") {
		t.Errorf("findings %v", got)
	}
}

// What a spreadsheet program has made of a value is said, cell by cell.
func TestWorkbookCells(t *testing.T) {
	const head = `<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><t>kind</t></is></c><c r="C1" t="inlineStr"><is><t>text</t></is></c><c r="D1" t="inlineStr"><is><t>key</t></is></c></row>`
	const good = `<row r="3"><c r="A3" t="inlineStr"><is><t>q</t></is></c><c r="B3" t="inlineStr"><is><t>short</t></is></c><c r="C3" t="inlineStr"><is><t>2+2?</t></is></c><c r="D3"><v>4</v></c></row>`
	read := func(rows, after string) error {
		t.Helper()
		_, err := sheet.ReadXLSX("t", workbook(t, rows, after), nil, qti.Options{Strict: true})
		return err
	}
	if err := read(head+good, ""); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, rows, after, says string }{
		{"formula", strings.Replace(good, "<v>4", "<f>2+2</f><v>4", 1), "", "row 3, column D: has a formula"},
		{"date", strings.Replace(good, "<v>4", "<v>45000", 1), "date", "row 3, column D: was made a date by the spreadsheet program (2023-03-15)"},
		{"merged", good, `<mergeCells><mergeCell ref="C3:D3"/></mergeCells>`, "row 3, column C: is merged"},
		{"error", strings.Replace(good, `"D3"><v>4`, `"D3" t="e"><v>#REF!`, 1), "", "row 3, column D: has the error #REF!"},
		{"hidden", strings.Replace(good, `r="3"`, `r="3" hidden="1"`, 1), "", "row 3: is hidden"},
		{"a wrong cell", strings.Replace(good, "short", "guess", 1), "", `row 3, column kind: "guess"`},
	} {
		rows := head + tt.rows
		if tt.after == "date" {
			rows, tt.after = strings.Replace(rows, `r="D3"`, `r="D3" s="1"`, 1), ""
		}
		if err := read(rows, tt.after); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.says)
		}
	}
}

// workbook packs a sheet; style 1 shows dates.
func workbook(t *testing.T, rows, after string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range map[string]string{
		"[Content_Types].xml":        `<Types/>`,
		"xl/workbook.xml":            `<workbook xmlns:r="r"><sheets><sheet name="S" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Type="x/worksheet" Target="s.xml"/><Relationship Id="r2" Type="x/styles" Target="styles.xml"/></Relationships>`,
		"xl/styles.xml":              `<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
		"xl/s.xml":                   `<worksheet><sheetData>` + rows + `</sheetData>` + after + `</worksheet>`,
	} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
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
