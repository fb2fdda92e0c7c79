package roster

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"emtihan/exam"
	"emtihan/exam/qti/table"

	"golang.org/x/text/encoding/charmap"
)

// iin completes eleven digits, or the nearest ones above that have a check digit.
func iin(t testing.TB, eleven int) string {
	t.Helper()
	for ; ; eleven++ {
		for c := range 10 {
			s := fmt.Sprintf("%011d%d", eleven, c)
			if _, _, err := exam.ParseIIN(s); err == nil {
				return s
			}
		}
	}
}

func picture(t testing.TB, w, h, tone int, form string) []byte {
	t.Helper()
	im := image.NewGray(image.Rect(0, 0, w, h))
	for i := range im.Pix {
		im.Pix[i] = byte(tone + i%7)
	}
	var b bytes.Buffer
	err := png.Encode(&b, im)
	if form == "jpg" {
		b.Reset()
		err = jpeg.Encode(&b, im, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func codes(r *Roster) (out []string) {
	for _, f := range r.Findings {
		out = append(out, f.String())
	}
	return out
}

// quiet leaves out what is said about columns that a short list has not.
func quiet(r *Roster) (out []string) {
	for _, f := range r.Findings {
		if f.Code != ColumnAbsent {
			out = append(out, f.String())
		}
	}
	return out
}

func TestNamesOfColumns(t *testing.T) {
	seen := make(map[string]Field)
	for _, f := range fields {
		for _, name := range f.names {
			b := bare(name)
			if other, ok := seen[b]; ok && other != f.field {
				t.Errorf("%q names %s and %s", name, other, f.field)
			}
			seen[b] = f.field
		}
	}
	for _, h := range [...]string{"ИИН;ФИО;Язык", "жсн ;Аты - жөні;ЕМТИХАН ТІЛІ", "IIN;Full name;Language", "\"И И Н\";Ф.И.О.;Язык  экзамена:"} {
		r, err := Read([]byte(h+"\n"+iin(t, 90010130000)+";Ерлан Ахметов;ru\n"), Options{})
		if err != nil || !r.Usable() || len(r.Entries) != 1 || r.Entries[0].Candidate.Name != "Ерлан Ахметов" {
			t.Errorf("%q: %v %v", h, err, codes(r))
		}
	}
}

// Every finding names row and column as the spreadsheet program shows them.
func TestFindings(t *testing.T) {
	man, woman, zero := iin(t, 90010130000), iin(t, 1013160000), iin(t, 1013150000)
	lost := strings.TrimLeft(zero, "0")
	wrong := man[:11] + string('0'+(man[11]-'0'+1)%10)
	const head = "ИИН;Ф.И.О.;Язык;Место;Доп. время;Документ\n"
	tests := []struct {
		name, rows string
		want       []string
		usable     bool
	}{
		{"all is well", man + ";Ахметов Ерлан Серікұлы;ru;1;;\n" + woman + ";Әлия Омарова;қазақша;2;45;ВКК 7\n", nil, true},
		{"no IIN", ";А Б;ru;1;;\n", []string{"row 2, column ИИН: iin-missing"}, false},
		{"a zero lost", lost + ";А Б;ru;1;;\n", []string{"row 2, column ИИН: iin-zero-lost \"" + lost + "\", proposed \"" + zero + "\""}, false},
		{"signs in it", man[:6] + " " + man[6:] + ";А Б;ru;1;;\n", []string{"row 2, column ИИН: iin-signs \"" + man[:6] + " " + man[6:] + "\", proposed \"" + man + "\""}, false},
		{"a letter in it", man[:11] + "О;А Б;ru;1;;\n", []string{"row 2, column ИИН: iin-digits \"" + man[:11] + "О\""}, false},
		{"an exponent", "9,00101E+11;А Б;ru;1;;\n", []string{"row 2, column ИИН: iin-exponent \"9,00101E+11\""}, false},
		{"too short", "123;А Б;ru;1;;\n", []string{"row 2, column ИИН: iin-length \"123\""}, false},
		{"the check digit", wrong + ";А Б;ru;1;;\n", []string{"row 2, column ИИН: iin-check \"" + wrong + "\""}, false},
		{"twice", man + ";А Б;ru;1;;\n\n" + man + ";В Г;ru;2;;\n", []string{"row 4, column ИИН: iin-twice \"" + man + "\" (2)"}, false},
		{"an odd birth date", iin(t, 99999930000) + ";А Б;ru;1;;\n", []string{"row 2, column ИИН: iin-birth-date \"" + iin(t, 99999930000) + "\""}, true},
		{"an odd sex digit", iin(t, 90010180000) + ";А Б;ru;1;;\n", []string{"row 2, column ИИН: iin-sex-digit \"" + iin(t, 90010180000) + "\""}, true},
		{"no name", man + ";;ru;1;;\n", []string{"row 2, column Ф.И.О.: name-missing"}, false},
		{"a name with lost letters", man + ";?мірова Сер3к;ru;1;;\n", []string{"row 2, column Ф.И.О.: name-signs \"?мірова Сер3к\""}, false},
		{"a Latin letter in it", man + ";Cерік Ахметов;ru;1;;\n", []string{"row 2, column Ф.И.О.: name-mixed \"Cерік\""}, true},
		{"her patronymic, his IIN", man + ";Омарова Әлия Серікқызы;ru;1;;\n", []string{"row 2, column Ф.И.О.: name-sex \"Омарова Әлия Серікқызы\""}, true},
		{"his patronymic, her IIN", woman + ";Иванов Иван Иванович;ru;1;;\n", []string{"row 2, column Ф.И.О.: name-sex \"Иванов Иван Иванович\""}, true},
		{"no language", man + ";А Б;;1;;\n", []string{"row 2, column Язык: language-missing"}, false},
		{"a language", man + ";А Б;de;1;;\n", []string{"row 2, column Язык: language-unknown \"de\""}, false},
		{"no seat", man + ";А Б;ru;;;\n", []string{"row 2, column Место: seat-missing"}, false},
		{"a seat twice", man + ";А Б;ru;1а;;\n" + woman + ";В Г;ru;1А;;\n", []string{"row 3, column Место: seat-twice \"1А\" (2)"}, false},
		{"extra time in words", man + ";А Б;ru;1;час;x\n", []string{"row 2, column Доп. время: extra-number \"час\""}, false},
		{"too much of it", man + ";А Б;ru;1;61;x\n", []string{"row 2, column Доп. время: extra-range \"61\" (60)"}, false},                                                // R2
		{"less than none", man + ";А Б;ru;1;-5;x\n", []string{"row 2, column Доп. время: extra-range \"-5\" (60)"}, false},                                                // R2
		{"without a document", man + ";А Б;ru;1;60;\n", []string{"row 2, column Доп. время: extra-document \"60\""}, false},                                               // R2
		{"a document alone", man + ";А Б;ru;1;;ВКК\n", []string{"row 2, column Документ: document-alone \"ВКК\""}, true},                                                  // R2
		{"a second header", man + ";А Б;ru;1;;\nИИН;Ф.И.О.;Язык;Место;;\n", []string{"row 3: header-again"}, false},                                                       //
		{"several in one row", "12;;xx;;;\n", []string{"row 2, column ИИН: iin-length", "column Ф.И.О.: name-missing", "language-unknown \"xx\"", "seat-missing"}, false}, //
		{"nobody", "", []string{"no-candidates"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Read([]byte(head+tt.rows), Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := quiet(r)
			if len(got) != len(tt.want) {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			for i, w := range tt.want {
				if !strings.Contains(got[i], w) {
					t.Errorf("got %q, want %q", got[i], w)
				}
			}
			if r.Usable() != tt.usable {
				t.Errorf("usable: %v", r.Usable())
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	row := iin(t, 90010130000) + ";А Б;ru\n"
	for _, tt := range []struct {
		name, data string
		want       string
	}{
		{"empty", "", "no-header"},
		{"no header", row, "row 1: no-header"},
		{"headers of three rows", "Список поступающих;;\nАстана;;\nИИН;Ф.И.О.;Язык\n" + row, "row 1: header-lower (3)"},
		{"a column twice", "ИИН;Ф.И.О.;Язык;ЖСН\n" + row, "row 1, column ЖСН: column-twice (ИИН)"},
		{"no language", "ИИН;Ф.И.О.\n" + row, `column-missing "language"`},
		{"no name", "ИИН;Язык\n" + row, `column-missing "name"`},
		{"no IIN", "Ф.И.О.;Язык\n" + row, `column-missing "iin"`},
	} {
		r, err := Read([]byte(tt.data), Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := quiet(r); !slices.Contains(got, tt.want) || r.Usable() || len(r.Entries) != 0 {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	r, err := Read([]byte("№;ИИН;Фамилия;Имя;Отчество;Язык;Дата рождения;Пол;Цвет\n1;"+iin(t, 90010130000)+";Ахметов; Ерлан ;;рус;01.01.1990;ж;синий\n"), Options{})
	if err != nil || len(r.Entries) != 1 || r.Entries[0].Candidate.Name != "Ахметов Ерлан" {
		t.Fatalf("%v %v", err, r)
	}
	want := []string{"row 1, column №: column-unknown", "row 1, column Цвет: column-unknown", `row 2, column Пол: sex-differs "ж"`}
	if got := quiet(r); !slices.Equal(got, want) || !r.Usable() {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, tt := range []struct{ date, want string }{
		{"1990-01-01", ""}, {"1.1.1990", ""}, {"01/01/1990", ""}, {"1990-01-01 00:00:00", ""}, {"02.01.1990", "birth-differs"}, {"yesterday", "birth-form"},
	} {
		r, err := Read([]byte("ИИН;Имя;Язык;Дата рождения\n"+iin(t, 90010130000)+";А;ru;"+tt.date+"\n"), Options{})
		if err != nil || strings.Join(quiet(r), "") != "" != (tt.want != "") || !strings.Contains(strings.Join(quiet(r), ""), tt.want) {
			t.Errorf("%s: %v %v", tt.date, err, quiet(r))
		}
	}
}

func TestPhotos(t *testing.T) {
	a, b, c := iin(t, 90010130000), iin(t, 90010230000), iin(t, 90010330000)
	good := picture(t, 240, 320, 10, "jpg")
	album := func() fstest.MapFS {
		return fstest.MapFS{
			"a.jpg":           {Data: good},
			"sub/B.PNG":       {Data: picture(t, 300, 300, 20, "png")},
			a + ".jpg":        {Data: picture(t, 200, 200, 30, "jpg")},
			"same.jpg":        {Data: good},
			"small.png":       {Data: picture(t, 199, 400, 40, "png")},
			"text.jpg":        {Data: []byte("no picture")},
			"gif.jpg":         {Data: []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00")},
			"cut.jpg":         {Data: good[:len(good)-200]},
			"head.jpg":        {Data: good[:10]},
			"unreadable.jpg":  {Data: good, Mode: fs.ModeSymlink},
			"empty/empty.jpg": {},
		}
	}
	for _, tt := range []struct{ name, one, two, want, photo string }{
		{"named", "a.jpg", "sub/B.PNG", "", "a.jpg"},
		{"with a backslash", `sub\B.PNG`, "a.jpg", "", "sub/B.PNG"},
		{"in other letters", "A.JPG", "sub/B.PNG", `row 2, column Фото: photo-case "A.JPG", proposed "a.jpg"`, "a.jpg"},
		{"by the IIN", "", "a.jpg", "row 2, column Фото: photo-by-iin, proposed \"" + a + ".jpg\"", a + ".jpg"},
		{"none", "a.jpg", "", `row 3, column Фото: photo-none "` + b + `"`, "a.jpg"},
		{"missing", "c.jpg", "a.jpg", `row 2, column Фото: photo-missing "c.jpg"`, ""},
		{"outside", "../a.jpg", "a.jpg", `row 2, column Фото: photo-outside "../a.jpg"`, ""},
		{"absolute", "/etc/passwd", "a.jpg", `row 2, column Фото: photo-outside "/etc/passwd"`, ""},
		{"with a drive", `C:\a.jpg`, "a.jpg", `row 2, column Фото: photo-outside "C:/a.jpg"`, ""},
		{"a link", "unreadable.jpg", "a.jpg", `row 2, column Фото: photo-missing "unreadable.jpg"`, ""},
		{"twice", "a.jpg", "a.jpg", `row 3, column Фото: photo-twice "a.jpg" (2)`, "a.jpg"},
		{"the same picture", "a.jpg", "same.jpg", `row 3, column Фото: photo-same "same.jpg" (2)`, "a.jpg"},
		{"too small", "small.png", "a.jpg", `row 2, column Фото: photo-size "small.png: 199 × 400"`, "small.png"},
		{"no picture", "text.jpg", "a.jpg", `row 2, column Фото: photo-form "text.jpg"`, "text.jpg"},
		{"another sort of picture", "gif.jpg", "a.jpg", `row 2, column Фото: photo-form "gif.jpg"`, "gif.jpg"},
		{"cut off", "cut.jpg", "a.jpg", `row 2, column Фото: photo-cut "cut.jpg"`, "cut.jpg"},
		{"only a head", "head.jpg", "a.jpg", `row 2, column Фото: photo-form "head.jpg"`, "head.jpg"},
		{"empty", "empty/empty.jpg", "a.jpg", `row 2, column Фото: photo-form "empty/empty.jpg"`, "empty/empty.jpg"},
	} {
		r, err := Read([]byte("ИИН;Имя;Язык;Фото\n"+a+";А;ru;"+tt.one+"\n"+b+";Б;ru;"+tt.two+"\n"), Options{Photos: album()})
		if err != nil {
			t.Fatal(err)
		}
		got := quiet(r)
		if n := len(got); n == 0 || !strings.HasPrefix(got[n-1], "photo-unused") {
			t.Errorf("%s: nothing is said about the other files: %q", tt.name, got)
			continue
		}
		if s := strings.Join(got[:len(got)-1], "\n"); s != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, s, tt.want)
		}
		if r.Entries[0].Candidate.Photo != tt.photo {
			t.Errorf("%s: photo %q", tt.name, r.Entries[0].Candidate.Photo)
		}
	}
	// Without a column, and with nothing in the folder that nobody has.
	r, err := Read([]byte("ИИН;Имя;Язык\n"+c+";А;ru\n"), Options{Photos: fstest.MapFS{c + ".JPEG": {Data: good}}})
	if err != nil || len(quiet(r)) != 0 || r.Entries[0].Candidate.Photo != c+".JPEG" {
		t.Errorf("%v %q", err, quiet(r))
	}
	broken := errors.New("no such folder")
	if _, err := Read([]byte("ИИН;Имя;Язык\n"), Options{Photos: brokenFS{broken}}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type brokenFS struct{ err error }

func (b brokenFS) Open(string) (fs.File, error) { return nil, b.err }

func TestWorkbookCells(t *testing.T) {
	man, zero := iin(t, 90010130000), iin(t, 1013150000)
	write := func(rows ...[]string) []byte {
		t.Helper()
		data, err := table.Write(table.Sheet{Name: "Список", Rows: append([][]string{{"ИИН", "Имя", "Язык", "Место"}}, rows...)})
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	r, err := Read(write([]string{zero, "А", "ru", "1"}, nil, []string{man, "Б", "kk", "2"}), Options{})
	if err != nil || len(quiet(r)) != 0 || len(r.Entries) != 2 || r.Entries[0].Candidate.IIN != zero || r.Entries[1].Row != 4 {
		t.Fatalf("%v %q", err, quiet(r))
	}
	rows := []table.Row{
		{Number: 1, Cells: texts("ИИН", "Имя", "Язык", "Место", "Дата рождения")},
		{Number: 2, Cells: append([]table.Cell{{Text: strings.TrimLeft(zero, "0"), Kind: table.Number}}, texts("А", "ru", "1")...)},
		{Number: 3, Cells: append(texts(man, "А", "ru"), table.Cell{Text: "2", Kind: table.Text, Formula: true})},
		{Number: 4, Cells: append(texts(man, "А", "ru"), table.Cell{Merged: true})},
		{Number: 5, Cells: append(texts(man, "А", "ru"), table.Cell{Text: "2026-05-01", Kind: table.Date})},
		{Number: 6, Cells: append(texts(man, "А", "ru"), table.Cell{Text: "#N/A", Kind: table.Fault})},
		{Number: 7, Cells: texts(man, "А", "ru", "3"), Hidden: true},
		{Number: 8, Cells: append(texts(man, "А", "ru", "4"), table.Cell{Text: "1990-01-01", Kind: table.Date})},
	}
	got := readRows(rows)
	want := []string{
		"row 2, column ИИН: iin-zero-lost \"" + strings.TrimLeft(zero, "0") + "\", proposed \"" + zero + "\"",
		`row 3, column Место: formula "2"`,
		"row 4, column Место: merged",
		`row 5, column Место: cell-date "2026-05-01"`,
		`row 6, column Место: cell-fault "#N/A"`,
		"row 7: row-hidden",
	}
	if !slices.Equal(quiet(got), want) {
		t.Errorf("got %q, want %q", quiet(got), want)
	}
	if n := len(got.Entries); n != 2 || got.Entries[0].Candidate.IIN == zero {
		t.Errorf("%d entries, the first %+v: an IIN was repaired in silence", n, got.Entries[0])
	}
}

func texts(s ...string) (out []table.Cell) {
	for _, t := range s {
		out = append(out, table.Cell{Text: t, Kind: table.Text})
	}
	return out
}

func readRows(rows []table.Row) *Roster {
	r := newReader(Options{}, "")
	r.all(rows)
	return r.out
}

const base = `format = 1
id = "astana-1"
centre = "Астана"
room = "204"
start = 2026-08-20T09:30:00+05:00
profile = "doctoral"
paper = "doctoral-demo"
[[administrators]]
name = "Ә"
role = "r"
code = "` + code + `"
`

const code = "$argon2id$v=19$m=65536,t=3,p=1$YWJjZGVmZ2g$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// The list becomes what exam.ParseSession reads, with everything that was in it.
func TestSession(t *testing.T) {
	man, woman := iin(t, 90010130000), iin(t, 1013160000)
	data := "ИИН;Ф.И.О.;Язык;Место;Аудитория;Фото;ОВПО;ГОП;Доп. время;Документ;Помощник;Собеседование;Протокол\n" +
		man + ";Ахметов Ерлан;рус;1;204;a.jpg;\"ЕНУ \"\"им. Гумилёва\"\"\";D094;45;ВКК 7;Ә. Көмекші;да;№ 8\n" +
		woman + ";Омарова Әлия;каз;1;205;b.jpg;КазНУ;D001;;;;нет;\n"
	r, err := Read([]byte(data), Options{})
	if err != nil || !r.Usable() || !slices.Equal(r.Rooms(), []string{"204", "205"}) {
		t.Fatalf("%v %q", err, codes(r))
	}
	out, err := r.Session([]byte("\ufeff"+base), "204", "../photos")
	if err != nil {
		t.Fatal(err)
	}
	s, err := exam.ParseSession(out)
	if err != nil {
		t.Fatal(err)
	}
	want := exam.Candidate{
		IIN: man, Name: "Ахметов Ерлан", Photo: "../photos/a.jpg", Language: "ru", Seat: "1", University: `ЕНУ "им. Гумилёва"`, Programme: "D094",
		ExtraMinutes: 45, ExtraDocument: "ВКК 7", Helper: "Ә. Көмекші", InterviewHeld: true, InterviewProtocol: "№ 8",
	}
	if len(s.Candidates) != 1 || s.Candidates[0] != want || s.Room != "204" {
		t.Errorf("got %+v, want %+v", s.Candidates, want)
	}
	if !bytes.HasPrefix(out, []byte(base)) {
		t.Error("what the base says was changed")
	}
	if all, err := r.Session([]byte(base), "", ""); err != nil || bytes.Count(all, []byte("[[candidates]]")) != 2 || !bytes.Contains(all, []byte(`photo = "b.jpg"`)) {
		t.Errorf("%v %s", err, all)
	}
	for _, tt := range []struct{ name, base, room, says string }{
		{"candidates already", string(out), "204", "1 candidates already"},
		{"nobody there", base, "206", `nobody for the room "206"`},
		{"no session", "x", "204", "session:"},
		{"no start", strings.Replace(base, "start", "note = '' #", 1), "204", "start is missing"},
	} {
		if _, err := r.Session([]byte(tt.base), tt.room, ""); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	bad, err := Read([]byte("ИИН;Имя;Язык\n1;А;ru\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bad.Session([]byte(base), "", ""); err == nil || !strings.Contains(err.Error(), "findings") {
		t.Errorf("a list with findings: %v", err)
	}
}

// The template can be read as it is given out, in every language, and becomes a session.
func TestTemplate(t *testing.T) {
	for _, lang := range [...]string{"kk", "ru", "en"} {
		data, err := Template(lang)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Read(data, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := codes(r); len(got) != 1 || !strings.HasPrefix(got[0], "other-sheets") || len(r.Entries) != 2 {
			t.Errorf("%s: %q", lang, got)
		}
		if c := r.Entries[1].Candidate; c.ExtraMinutes != 45 || c.Language != "ru" || c.Helper == "" || !c.InterviewHeld {
			t.Errorf("%s: %+v", lang, c)
		}
		if _, err := r.Session([]byte(base), "204", "photos"); err != nil {
			t.Error(err)
		}
	}
}

func TestEncodings(t *testing.T) {
	data, err := charmap.Windows1251.NewEncoder().String("ИИН;Ф.И.О.;Язык\n" + iin(t, 90010130000) + ";Иванов Иван;ru\n")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Read([]byte(data), Options{})
	if err != nil || !slices.Contains(quiet(r), "windows-1251") || !r.Usable() || r.Entries[0].Candidate.Name != "Иванов Иван" {
		t.Errorf("%v %v", err, r)
	}
	lost := strings.Replace(data, "\xc8\xe2\xe0\xed\n", "?", 1)
	lost = strings.Replace(lost, "\xc8\xe2\xe0\xed", "?\xe2\xe0\xed", 1)
	var e *table.Error
	if _, err := Read([]byte(lost), Options{}); !errors.As(err, &e) || e.Reason != table.Encoding {
		t.Errorf("lost letters: %v", err)
	}
}

// 50 000 rows, all of them with something to say: findings are bounded, and none of the rows is left out in silence.
func TestManyRows(t *testing.T) {
	if testing.Short() {
		t.Skip("a large list")
	}
	const rows = 50_000
	var b strings.Builder
	b.WriteString("ИИН;Ф.И.О.;Язык;Место\n")
	for i := range rows {
		fmt.Fprintf(&b, "%s;Ахметов Ерлан;xx;%d\n", iin(t, 90010130000), i)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r, err := Read([]byte(b.String()), Options{})
	if err != nil || len(r.Entries) != rows {
		t.Fatalf("%v", err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 150<<20 {
		t.Errorf("the list keeps %d MiB", kept>>20)
	}
	last := r.Findings[len(r.Findings)-1]
	if len(r.Findings) != 10_001 || last.Code != FindingsLeft || last.Value != fmt.Sprint(rows+rows-1-(10_000-3)) {
		t.Errorf("%d findings, the last %v", len(r.Findings), last)
	}
}

func TestCodes(t *testing.T) {
	all := Codes()
	seen := make(map[Code]bool)
	for _, c := range all {
		if seen[c] {
			t.Errorf("%s stands twice", c)
		}
		seen[c] = true
	}
	for c := range warnings {
		if !seen[c] {
			t.Errorf("%s is not listed", c)
		}
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("ИИН;Ф.И.О.;Язык;Место;Фото;Дата рождения;Пол;Доп. время;Собеседование\n900101300007;А Б;ru;1;a.jpg;01.01.1990;м;10;да\n"))
	f.Add([]byte("IIN,Surname,Given name,Language\n,,,\n\"9\n0\",?,x,y\n"))
	f.Add([]byte("x\nЖСН;Аты-жөні\n"))
	album := fstest.MapFS{"a.jpg": {Data: []byte("x")}}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Read(data, Options{Photos: album, Findings: 50})
		if err != nil {
			return
		}
		if len(r.Findings) > 52 {
			t.Fatalf("%d findings", len(r.Findings))
		}
		for _, f := range r.Findings {
			if !slices.Contains(Codes(), f.Code) {
				t.Fatalf("the code %q is not listed", f.Code)
			}
		}
		if !r.Usable() {
			return
		}
		out, err := r.Session([]byte(base), "", "")
		if err != nil {
			t.Fatalf("a list without findings is refused: %v", err)
		}
		if s, err := exam.ParseSession(out); err != nil || len(s.Candidates) != len(r.Entries) {
			t.Fatalf("%v", err)
		}
	})
}
