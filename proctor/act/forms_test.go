package act

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"emtihan/exam"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the expected texts of the forms anew")

// allForms are the forms of R18 with the trigger from which each is drawn up and what an administrator adds.
var allForms = []struct {
	id      string
	trigger Trigger
	fill    map[string]string
	effects string
}{
	{"10", Trigger{Kind: ByDetector, Record: 17, At: now, Device: "кіреберіс-1"}, map[string]string{
		"items": "phone,headphones", "item_note": "Samsung Galaxy A54, 1 шт.; құлаққап, 1 дана", "description": "Телефон лежал во внутреннем кармане куртки.",
		"explanation": "Ұмытып кетіппін.", "witnesses": "Ысқақов Ғалым Өмірұлы, дәліз кезекшісі",
	}, "not-admitted"},
	{"11", Trigger{Kind: ByFace, Record: 18, At: now, Score: 0.112, Threshold: 0.363, Entry: true}, map[string]string{
		"impostor_name": "Жүнісов Әлихан Сәкенұлы", "impostor_document": "жеке куәлік № 012345678", "description": "Фотография в удостоверении не совпадает с лицом.",
	}, "not-admitted"},
	{"12", Trigger{Kind: ByLimit, Record: 204, At: now, Attempt: "01989b2e-7c00-7000-8000-0000000000aa"}, map[string]string{
		"description": "Екінші рет шығып, 11 минут 4 секундтан кейін оралды. Вышел второй раз и вернулся через 11 минут 4 секунды.", "acknowledged": "refused",
		"refusal_witness": "Ысқақов Ғалым Өмірұлы", "explanation": "Объяснение дать отказался.",
	}, "removed"},
	{"12-1", Trigger{Kind: ByReview, Record: 4711, At: now, Source: "sitting.emlog", Detail: "В кадре второй человек, который диктует ответы."}, map[string]string{"bans": "3,10"}, "void"},
	{"13", Trigger{Kind: ByFace, Record: 33, At: now, Score: 0.08, Threshold: 0.363, Attempt: "a"}, map[string]string{"impostor_name": "анықталмады"}, "removed,not-admitted"},
	{"14", Trigger{Kind: ByFault, Record: 51, At: now, Device: "монитор 7", Detail: "экран погас"}, map[string]string{"measure": "moved", "new_seat": "31", "lost": "6", "fixed_at": "09:48"}, "moved,stopped"},
	{"15", Trigger{Kind: ByPower, Record: 77, At: now, Detail: "ИБП: осталось 4 минуты"}, map[string]string{
		"affected": "24", "measure": "postponed", "resume": "23.11.2026, 10:00", "agreed": "ҰТО, Нұрланова Ә. С., 21.11.2026, 09:55",
	}, "postponed"},
	{"0", Trigger{}, map[string]string{
		"description": "12/2026-11-21/003 актісі қате жасалған: бұзушылыққа басқа адам жол берген. Акт составлен ошибочно.", "measure": "lift", "corrects": "12/2026-11-21/003",
	}, "lift"},
}

func pages(t testing.TB, pdf []byte) []string {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not installed")
	}
	path := filepath.Join(t.TempDir(), "act.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-layout", path, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("pdftotext: %v\n%s", err, out)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\f"), "\f")
}

func keep(t testing.TB, name string, pdf []byte) {
	t.Helper()
	if dir := os.Getenv("ACT_PDF_DIR"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), pdf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// golden compares with a file what stands on the pages, line by line and without the columns that laying out brings.
func golden(t *testing.T, name, text string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(text) {
		if s := squeeze(line); s != "" {
			lines = append(lines, s)
		}
	}
	got := strings.Join(lines, "\n") + "\n"
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

// R18, R19, R20: every form, from its trigger to its pages, in both languages.
func TestEveryForm(t *testing.T) {
	fs, f := load(t), fonts(t)
	var ids []string
	for _, x := range fs.Forms {
		ids = append(ids, x.ID)
	}
	if want := []string{"10", "11", "12", "12-1", "13", "14", "15", "0"}; !slices.Equal(ids, want) {
		t.Fatalf("forms %v, want %v", ids, want)
	}
	for i, c := range allForms {
		t.Run(c.id, func(t *testing.T) {
			x := form(t, fs, c.id)
			if got := c.trigger.FormFor(); got != c.id && c.id != Free {
				t.Errorf("the trigger asks for form %s", got)
			}
			d := Prefill(x, session, candidate, c.trigger, now)
			for id, v := range c.fill {
				if _, ok := x.Field(id); !ok {
					t.Errorf("the form has no field %q", id)
				}
				d.Fields[id] = v
			}
			var book Book
			for n := range i {
				if err := book.Add(Number("12", now, n+1)); err != nil {
					t.Fatal(err)
				}
			}
			a, pdf, err := fs.Issue(d, &book, "Сұлтанова Гүлнәр Ерғалиқызы", now, f)
			if err != nil {
				t.Fatal(err)
			}
			if _, again, err := fs.Issue(d, &book, "Сұлтанова Гүлнәр Ерғалиқызы", now, f); err != nil || !bytes.Equal(pdf, again) {
				t.Errorf("the same act has other bytes (%v)", err)
			}
			keep(t, "act-"+c.id+".pdf", pdf)
			if got := a.Fields[FieldEffects]; got != c.effects {
				t.Errorf("effects %q, want %q", got, c.effects)
			}
			tied := Tie(a)
			if tied.Number != a.Number || !bytes.Equal(tied.Digest, a.Digest) || len(tied.Effects) != len(Split(c.effects)) || (tied.Seat != "") != (c.id == "14") || (tied.Corrects != "") != (c.id == Free) {
				t.Errorf("tied as %+v", tied)
			}
			texts := map[string]string{}
			all := pages(t, pdf)
			for n, text := range all {
				lang := "kk"
				if strings.Contains(text, fmt.Sprintf("стр. %d / %d", n+1, len(all))) {
					lang = "ru"
				} else if !strings.Contains(text, fmt.Sprintf("%d / %d бет", n+1, len(all))) {
					t.Errorf("page %d has no number", n+1)
				}
				if !strings.Contains(squeeze(text), "«"+x.Draft.In(lang)+"»") || !strings.Contains(text, a.Number) {
					t.Errorf("page %d does not say that it is a draft, or of which act", n+1)
				}
				texts[lang] += text
			}
			for lang, text := range texts {
				golden(t, "form-"+c.id+"."+lang+".txt", text)
			}
		})
	}
}

// R19: a copy says so on every page, and is no longer what was signed.
func TestPrintCopy(t *testing.T) {
	fs, f := load(t), fonts(t)
	a := drawn(t, fs, "12", nil)
	original, err := fs.Print(a, now, f)
	if err != nil {
		t.Fatal(err)
	}
	pdf, err := fs.PrintCopy(a, now, Copy{Number: 2, For: "Esil University", At: now.Add(time.Hour)}, f)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "copy.pdf", pdf)
	if sha256.Sum256(pdf) == sha256.Sum256(original) {
		t.Error("the copy has the bytes of the original")
	}
	for i, p := range pages(t, pdf) {
		if !strings.Contains(p, "КӨШІРМЕ № 2 · Esil University · 21.11.2026 10:42") && !strings.Contains(p, "КОПИЯ № 2 · Esil University · 21.11.2026 10:42") {
			t.Errorf("page %d is not marked as a copy:\n%s", i+1, p)
		}
	}
	for i, p := range pages(t, original) {
		if strings.Contains(p, "КОПИЯ") || strings.Contains(p, "КӨШІРМЕ") {
			t.Errorf("page %d of the original is marked as a copy", i+1)
		}
	}
	if _, err := fs.PrintCopy(a, now, Copy{}, f); err == nil {
		t.Error("a copy without a number")
	}
}

// R8: the lists are printed from the roster, with a place for each signature, over as many pages as they need.
func TestSheets(t *testing.T) {
	fs, f := load(t), fonts(t)
	s := *session
	for i := range 45 {
		s.Candidates = append(s.Candidates, exam.Candidate{
			IIN: fmt.Sprintf("9001013%05d", i), Name: []string{"Әбдіғаппар Үмітжан Қуанышұлы", "Ким Анна", "Нұрмұхамбетова-Сейітқалиева Айгүлім Бақытжанқызы"}[i%3],
			Seat: fmt.Sprint(45 - i), ExtraMinutes: map[bool]int{true: 60}[i == 3], ExtraDocument: "№ 1",
		})
	}
	s.Candidates = append(s.Candidates, exam.Candidate{Name: "Орынсыз", IIN: "900101300017"})
	s.Administrators = []exam.Administrator{{Name: "Сұлтанова Гүлнәр", Role: "дежурный по аудитории"}, {Name: "Ысқақов Ғалым", Role: "дежурный по коридору"}}
	for _, c := range []struct {
		id   string
		rows []Row
		want []string
	}{
		{SeatingList, SeatingRows(&s), []string{"Отырғызу парағы", "Посадочный лист", "Орынсыз", "+60 мин", "900101300044"}},
		{Distribution, DutyRows(&s, nil), []string{"Әкімшілерді аудиториялар", "Сұлтанова Гүлнәр", "коридору", "205"}},
		{Distribution, DutyRows(&s, []Duty{{"Ысқақов Ғалым", "дежурный", "206", "1–20"}}), []string{"1–20", "206"}},
	} {
		pdf, err := fs.PrintSheet(c.id, &s, c.rows, now, f)
		if err != nil {
			t.Fatal(err)
		}
		again, err := fs.PrintSheet(c.id, &s, c.rows, now, f)
		if err != nil || !bytes.Equal(pdf, again) {
			t.Errorf("%s: the same list has other bytes (%v)", c.id, err)
		}
		keep(t, fmt.Sprintf("sheet-%s-%d.pdf", c.id, len(c.rows)), pdf)
		all := pages(t, pdf)
		for i, p := range all {
			if !strings.Contains(p, fmt.Sprintf("%d / %d", i+1, len(all))) || !strings.Contains(p, "сверить с приложением "+c.id) {
				t.Errorf("%s: page %d has no number or draft mark", c.id, i+1)
			}
			if c.id == SeatingList && i < len(all)-1 && !strings.Contains(p, "Подпись") {
				t.Errorf("%s: page %d has no column for signatures", c.id, i+1)
			}
		}
		text := squeeze(strings.Join(all, "\n"))
		for _, w := range c.want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %q is not on the page", c.id, w)
			}
		}
		if c.id == SeatingList {
			if len(all) < 2 || strings.Index(text, "900101300044") > strings.Index(text, "900101300000") {
				t.Errorf("%d pages, or not in the order of seats", len(all))
			}
		}
	}
	if _, err := fs.PrintSheet("99", &s, nil, now, f); err == nil {
		t.Error("a sheet that does not exist was printed")
	}
}
