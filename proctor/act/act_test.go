package act

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mended "emtihan/assets/fonts"
	"emtihan/exam"

	"github.com/google/go-cmp/cmp"
)

var (
	zone    = time.FixedZone("+05", 5*3600)
	now     = time.Date(2026, 11, 21, 9, 42, 10, 0, zone)
	session = &exam.Session{
		ID: "s1", Centre: "Қостанай, Esil University", Room: "205", Profile: "doctoral", Start: time.Date(2026, 11, 21, 10, 0, 0, 0, zone),
	}
	candidate = exam.Candidate{IIN: "900101300017", Name: "Әбдіғаппар Үмітжан Қуанышұлы", Seat: "7"}
)

func load(t testing.TB) *Forms {
	t.Helper()
	fs, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

func form(t testing.TB, fs *Forms, id string) *Form {
	t.Helper()
	f, ok := fs.Form(id)
	if !ok {
		t.Fatalf("no form %s", id)
	}
	return f
}

func fonts(t testing.TB) Fonts {
	t.Helper()
	const dir = "/usr/share/fonts/truetype/dejavu/"
	regular, err := os.ReadFile(dir + "DejaVuSans.ttf")
	if err != nil {
		t.Skip("the font DejaVu Sans is not installed")
	}
	bold, err := os.ReadFile(dir + "DejaVuSans-Bold.ttf")
	if err != nil {
		t.Skip("the font DejaVu Sans Bold is not installed")
	}
	return Fonts{mended.Mend(regular), mended.Mend(bold)} // as the administrators' program passes them on
}

func pdfText(t testing.TB, pdf []byte) string {
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
	return string(out)
}

// squeeze takes out the line breaks and columns that laying out a page brings.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// R18: forms 10, 12 and 13 exist, each says that it is a draft, and the lists are those of the Rules.
func TestBuiltInForms(t *testing.T) {
	fs := load(t)
	for _, id := range []string{"10", "12", "13"} {
		f := form(t, fs, id)
		if got, want := f.Draft.In("ru"), "проект формы, сверить с приложением "+id; got != want {
			t.Errorf("form %s: %q, want %q", id, got, want)
		}
		if !strings.Contains(f.Draft.In("kk"), id+"-қосымша") {
			t.Errorf("form %s does not say in Kazakh that it is a draft: %q", id, f.Draft.In("kk"))
		}
		for _, field := range []string{FieldDate, FieldTime, FieldCentre, FieldRoom, FieldName, FieldIIN, FieldSeat, FieldCause, "description"} {
			if _, ok := f.Field(field); !ok {
				t.Errorf("form %s has no field %q", id, field)
			}
		}
		for _, l := range []string{"kk", "ru", "en"} {
			if f.Name[l] == "" {
				t.Errorf("form %s has no name in %s", id, l)
			}
			for _, x := range f.Fields {
				if x.Label[l] == "" {
					t.Errorf("form %s: field %s has no label in %s", id, x.ID, l)
				}
			}
		}
	}
	if len(fs.Bans) != 10 {
		t.Errorf("%d bans, clause 4.5.4 has ten", len(fs.Bans))
	}
	for _, kind := range []string{ByHand, ByDetector, ByFace, ByDoor, ByFocus, ByLimit, ByCall} {
		if fs.Causes[kind]["kk"] == "" {
			t.Errorf("no sentence for the cause %q", kind)
		}
	}
}

// R19: who, where, when and which ban are prefilled from what happened.
func TestPrefill(t *testing.T) {
	fs := load(t)
	at := time.Date(2026, 11, 21, 4, 41, 3, 0, time.UTC)
	for _, c := range []struct {
		name    string
		trigger Trigger
		form    string
		want    map[string]string
		cause   string // in Russian
		missing []string
	}{
		{
			"detector",
			Trigger{Kind: ByDetector, Record: 17, At: at, Device: "entrance"},
			"10",
			map[string]string{FieldDate: "2026-11-21", FieldTime: "09:41:03", FieldRoom: "205", FieldName: candidate.Name, FieldIIN: candidate.IIN, FieldSeat: "7", "how": "frame"},
			"сигнал металлоискателя «entrance» в 09:41:03 (запись № 17 журнала аудитории)",
			[]string{"items"},
		},
		{
			"face",
			Trigger{Kind: ByFace, Record: 4, At: at, Score: 0.211, Threshold: 0.4, Attempt: "a1"},
			"13",
			map[string]string{FieldMatch: "0.211 / 0.400", FieldAttempt: "a1"},
			"несовпадение при проверке лица в 09:41:03: сходство 0.211, требуется 0.400 (запись № 4 журнала аудитории)", nil,
		},
		{
			"focus",
			Trigger{Kind: ByFocus, Record: 5, At: at},
			"12",
			map[string]string{FieldBans: "10", "how": "program"},
			"потеря фокуса окна тестирования в 09:41:03 (запись № 5 журнала аудитории)", nil,
		},
		{
			"limit",
			Trigger{Kind: ByLimit, Record: 6, At: at},
			"12",
			map[string]string{FieldBans: "2"},
			"превышение предела выходов из аудитории в 09:41:03 (запись № 6 журнала аудитории)", nil,
		},
		{
			"hand-held detector",
			Trigger{Kind: ByWand, At: at, Items: []string{"phone", "watch"}},
			"10",
			map[string]string{"how": "hand", "items": "phone,watch"},
			"проверка ручным металлоискателем в 09:41:03", nil,
		},
		{
			"impostor at the entry",
			Trigger{Kind: ByFace, Record: 4, At: at, Score: 0.211, Threshold: 0.4, Entry: true},
			"11",
			map[string]string{FieldMatch: "0.211 / 0.400", "how": "face"},
			"несовпадение при проверке лица в 09:41:03: сходство 0.211, требуется 0.400 (запись № 4 журнала аудитории)", nil,
		},
		{
			"interference",
			Trigger{Kind: ByInterference, Record: 8, At: at, Detail: "второй экран; HDMI={{time}}\x1b"},
			"12",
			map[string]string{FieldBans: "10", "how": "program", FieldText: "второй экран; HDMI={{time}} "},
			"сообщение системы тестирования в 09:41:03: второй экран, HDMI-((time))  (запись № 8 журнала аудитории)", nil,
		},
		{
			"absence by the door",
			Trigger{Kind: ByDoor, Record: 9, At: at, Device: "дверь"},
			"12",
			map[string]string{"how": "sight"},
			"открытие двери «дверь» в 09:41:03 (запись № 9 журнала аудитории)",
			[]string{"bans"},
		},
		{
			"fault",
			Trigger{Kind: ByFault, Record: 10, At: at, Device: "монитор", Detail: "погас\nсовсем"},
			"14",
			map[string]string{FieldDevice: "монитор", FieldText: "погас\nсовсем", "measure": "repaired"},
			"неисправность устройства «монитор» в 09:41:03: погас совсем (запись № 10 журнала аудитории)", nil,
		},
		{
			"power",
			Trigger{Kind: ByPower, Record: 11, At: at, Detail: "ИБП"},
			"15",
			map[string]string{"reason": "power", "measure": "suspended", FieldName: "", FieldIIN: "", FieldRoom: "205"},
			"отключение электроэнергии в 09:41:03: ИБП (запись № 11 журнала аудитории)",
			[]string{"affected", "agreed"},
		},
		{
			"by hand",
			Trigger{},
			"12",
			map[string]string{FieldTime: "09:42:10"},
			"наблюдение администратора",
			[]string{"bans"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.trigger.FormFor(); got != c.form {
				t.Errorf("form %s, want %s", got, c.form)
			}
			d := Prefill(form(t, fs, c.form), session, candidate, c.trigger, now)
			for id, want := range c.want {
				if got := d.Fields[id]; got != want {
					t.Errorf("%s: %q, want %q", id, got, want)
				}
			}
			if got := fs.CauseText(d.Fields[FieldCause], "ru"); got != c.cause {
				t.Errorf("cause %q, want %q", got, c.cause)
			}
			var missing []string
			for _, p := range fs.Check(d) {
				missing = append(missing, p.Field)
			}
			if diff := cmp.Diff(c.missing, missing); diff != "" {
				t.Errorf("still to fill in (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	fs := load(t)
	for _, c := range []struct {
		name, field, value, code string
	}{
		{"no candidate", FieldName, "", "missing"},
		{"unknown item", "items", "phone,bicycle", "unknown"},
		{"two options", "how", "frame,hand", "unknown"},
		{"refused, and nobody saw it", "acknowledged", "refused", "missing refusal_witness"},
		{"line feed in a line", "item_note", "a\nb", "character"},
		{"broken UTF-8", "description", "\xff", "character"},
		{"too long", "description", strings.Repeat("ә", MaxField+1), "too-long"},
		{"paragraphs", "description", strings.Repeat("ә\n", MaxField/2), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Prefill(form(t, fs, "10"), session, candidate, Trigger{}, now)
			d.Fields["items"] = "phone"
			if p := fs.Check(d); len(p) > 0 {
				t.Fatalf("the draft is wrong already: %v", p)
			}
			d.Fields[c.field] = c.value
			var want []Problem
			if c.code != "" {
				want = []Problem{{c.field, c.code}}
			}
			if code, field, ok := strings.Cut(c.code, " "); ok { // another field is asked for
				want = []Problem{{field, code}}
			}
			for _, p := range want {
				if s := fs.Say(p, "kk"); !strings.HasSuffix(s, ".") {
					t.Errorf("nothing to say: %q", s)
				}
			}
			if diff := cmp.Diff(want, fs.Check(d)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNumber(t *testing.T) {
	if got, want := Number("12", now, 3), "12/2026-11-21/003"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, s := range []string{"12/2026-11-21/003", "12-1/2026-11-21/1000"} {
		f, day, n, err := ParseNumber(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		d, _ := time.Parse(time.DateOnly, day)
		if back := Number(f, d, n); back != s {
			t.Errorf("%s became %s", s, back)
		}
	}
	for _, s := range []string{"", "12", "12/2026-11-21/3", "12/2026-11-21/000", "12/2026-13-01/001", "x/2026-11-21/001", "12/2026-11-21/0001", "12/2026-11-21/+01", "../2026-11-21/001"} {
		if _, _, _, err := ParseNumber(s); err == nil {
			t.Errorf("%q passes for a number", s)
		}
	}
}

func drawn(t testing.TB, fs *Forms, id string, change func(map[string]string)) exam.ActDrawn {
	t.Helper()
	trigger := Trigger{Kind: ByDetector, Record: 17, At: now, Device: "entrance"}
	if id == "13" {
		trigger = Trigger{Kind: ByFace, Record: 17, At: now, Score: 0.21, Threshold: 0.4}
	}
	d := Prefill(form(t, fs, id), session, candidate, trigger, now)
	if _, ok := d.Form.Field("items"); ok {
		d.Fields["items"] = "phone,headphones"
		d.Fields["item_note"] = "Samsung, 1 шт."
	}
	d.Fields["description"] = "Телефон лежал во внутреннем кармане куртки; поступающий предъявил его после второго прохода через рамку."
	if change != nil {
		change(d.Fields)
	}
	if p := fs.Check(d); len(p) > 0 {
		t.Fatalf("draft of form %s: %v", id, p)
	}
	return Draw(d, Number(id, now, 3), "Сұлтанова Гүлнәр")
}

// R18, R19: A4, Russian and Kazakh, marked as a draft, with number, pages and everything that was entered.
func TestPrint(t *testing.T) {
	fs, fonts := load(t), fonts(t)
	for _, id := range []string{"10", "12", "13"} {
		t.Run(id, func(t *testing.T) {
			a := drawn(t, fs, id, nil)
			pdf, err := fs.Print(a, now, fonts)
			if err != nil {
				t.Fatal(err)
			}
			again, err := fs.Print(a, now, fonts)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(pdf, again) {
				t.Error("the same act gives other bytes")
			}
			if dir := os.Getenv("ACT_PDF_DIR"); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, "act-"+id+".pdf"), pdf, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			text := squeeze(pdfText(t, pdf))
			f := form(t, fs, id)
			want := []string{
				"АКТ № " + a.Number, "Әбдіғаппар Үмітжан Қуанышұлы", "900101300017", "Қостанай, Esil University", "21.11.2026", "09:42:10",
				f.Draft.In("ru"), f.Draft.In("kk"), f.Title.In("ru"), f.Title.In("kk"), f.Lead.In("ru"), f.Lead.In("kk"),
				f.Consequence.In("ru"), f.Consequence.In("kk"), "Сұлтанова Гүлнәр", "внутреннем кармане", "стр. 2 / 2", "1 / 2 бет",
			}
			for _, x := range f.Fields {
				if v := a.Fields[x.ID]; v != "" && x.Kind.Picks() {
					want = append(want, strings.Split(fs.ValueText(x, v, "ru"), "\n")...)
					want = append(want, strings.Split(fs.ValueText(x, v, "kk"), "\n")...)
				}
			}
			for _, w := range want {
				// Columns interleave wrapped lines, so a long text is looked for word by word.
				for _, word := range strings.Fields(w) {
					if !strings.Contains(text, word) {
						t.Errorf("%q of %q is not on the page", word, w)
					}
				}
			}
			if strings.Contains(text, "{{") {
				t.Error("a placeholder is left on the page")
			}
		})
	}
}

// A text of any length flows over as many pages as it needs, and characters that cannot be printed do not stop an act.
func TestPrintHardText(t *testing.T) {
	fs, fonts := load(t), fonts(t)
	a := drawn(t, fs, "12", func(f map[string]string) {
		f["description"] = strings.Repeat("Ұзақ сипаттама сөзі. ", 150) + strings.Repeat("x", 300) + " \U0001F4F1 конец описания"
		f["bans"] = "1,2,3,4,5,6,7,8,9,10"
	})
	pdf, err := fs.Print(a, now, fonts)
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("ACT_PDF_DIR"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "long.pdf"), pdf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := squeeze(pdfText(t, pdf))
	for _, w := range []string{"? конец описания", "вмешательство", "подпись", "1 / ", "стр. 4 / "} {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not on the pages", w)
		}
	}
	// In both languages, whatever page a line falls on.
	if n := strings.Count(text, "Ұзақ"); n != 300 {
		t.Errorf("the description stands there %d times of 300", n)
	}
}

func TestPrintWithoutUsableFont(t *testing.T) {
	fs := load(t)
	a := drawn(t, fs, "10", nil)
	for name, data := range map[string][]byte{"none": nil, "empty table": []byte("\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), "text": []byte("not a font at all, not even nearly")} {
		if _, err := fs.Print(a, now, Fonts{Regular: data}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	whole := fonts(t).Regular
	if _, err := fs.Print(a, now, Fonts{Regular: whole[:len(whole)/3]}); err == nil {
		t.Error("a font cut off: no error")
	}
}

// R19: the digest on the page changes with everything that the act says.
func TestFieldsDigest(t *testing.T) {
	fs := load(t)
	a := drawn(t, fs, "10", nil)
	base, err := FieldsDigest(a)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*exam.ActDrawn){
		"number": func(a *exam.ActDrawn) { a.Number += "1" },
		"by":     func(a *exam.ActDrawn) { a.By += "a" },
		"iin":    func(a *exam.ActDrawn) { a.IIN = "1" },
		"cause":  func(a *exam.ActDrawn) { a.Cause++ },
		"field":  func(a *exam.ActDrawn) { a.Fields["description"] += "." },
	} {
		b := drawn(t, fs, "10", nil)
		change(&b)
		if got, err := FieldsDigest(b); err != nil || bytes.Equal(got, base) {
			t.Errorf("%s: the digest stays the same (%v)", name, err)
		}
	}
	a.Digest = []byte{1}
	if got, err := FieldsDigest(a); err != nil || !bytes.Equal(got, base) {
		t.Errorf("the digest of the page is part of what it is taken of (%v)", err)
	}
}

// R18: a centre's own template takes the place of the built-in one; a broken one is named.
func TestOwnTemplates(t *testing.T) {
	dir := t.TempDir()
	data, err := read("", "form-10.toml")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(data), "Мы, нижеподписавшиеся,", "Мы, дежурные,", 1)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("form-10.toml", own)
	write("form-11.toml", strings.ReplaceAll(own, `id = "10"`+"\n"+`appendix = "10"`, `id = "11"`+"\n"+`appendix = "11"`))
	fs, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if f := form(t, fs, "10"); !strings.HasPrefix(f.Lead.In("ru"), "Мы, дежурные,") || f.Digest() == form(t, load(t), "10").Digest() {
		t.Error("the centre's own form 10 is not used")
	}
	form(t, fs, "11")
	for name, text := range map[string]string{
		"unknown key": own + "\nsurprise = 1\n",
		"cut off":     own[:len(own)/2],
		"other id":    strings.Replace(own, `id = "10"`, `id = "12"`, 1),
		"kind":        strings.Replace(own, `kind = "items"`, `kind = "things"`, 1),
		"default":     strings.Replace(own, `default = "frame"`, `default = "smell"`, 1),
		"effect":      strings.Replace(own, `effects = ["not-admitted"]`, `effects = ["fined"]`, 1),
		"form moves":  strings.Replace(own, `effects = ["not-admitted"]`, `effects = ["moved"]`, 1),
		"form lifts":  strings.Replace(own, `effects = ["not-admitted"]`, `effects = ["lift"]`, 1),
		"needs":       strings.Replace(own, `needs = ["refusal_witness"]`, `needs = ["nothing"]`, 1),
		"moves where": strings.Replace(own, `needs = ["refusal_witness"]`, `effects = ["moved"]`, 1),
		"lifts what":  strings.Replace(own, `needs = ["refusal_witness"]`, `effects = ["lift"]`, 1),
		"signatures":  strings.Replace(own, "[[signatures]]\nid = \"administrator\"", "[[signatures]]\neffects = [\"void\"]\nid = \"administrator\"", 1),
	} {
		write("form-10.toml", text)
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "form-10.toml") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// R18: NCT finds something in a pulled log.
func TestReview(t *testing.T) {
	fs := load(t)
	profile := []byte(`format = 1
id = "english"
title = { kk = "а", ru = "б", en = "c" }
clock = { minutes = 10 }
admission = { late_minutes = 40 }
extra = { max_minutes = 60 }
leave = { max_times = 2, max_minutes = 10 }
`)
	if _, err := exam.ParseProfile(profile); err != nil {
		t.Fatal(err)
	}
	o := exam.Opened{Attempt: "a1", Session: "s1", Centre: "Астана", Room: "204", Candidate: candidate, Profile: profile, Start: now.UnixMilli()}
	at := now.Add(-time.Hour)
	for _, c := range []struct {
		event exam.Event
		bans  string
	}{
		{exam.FocusChanged{Lost: true}, "10"},
		{exam.LimitExceeded{Limit: exam.LimitLeaveMinutes}, "2"},
		{exam.FaceChecked{Verdict: exam.VerdictRefused, Score: 0.1, Threshold: 0.4}, ""},
		{exam.Ticked{}, ""},
	} {
		d := Review(form(t, fs, "12-1"), o, exam.Recorded{Seq: 4711, Stamp: exam.Stamp{Wall: at.UnixMilli()}, Event: c.event}, "a.emlog", "диктует", now)
		want := map[string]string{
			FieldDate: "2026-11-21", FieldTime: "08:42:10", FieldCentre: "Астана", FieldRoom: "204", FieldIIN: candidate.IIN, FieldSource: "a.emlog",
			FieldText: "диктует", FieldBans: c.bans, FieldHow: "log", FieldAttempt: "a1", FieldExam: "additional",
		}
		for id, v := range want {
			if d.Fields[id] != v {
				t.Errorf("%s: %s is %q, want %q", c.event.Kind(), id, d.Fields[id], v)
			}
		}
		if got, want := fs.CauseText(d.Fields[FieldCause], "ru"), "анализ записи «a.emlog»: время 08:42:10, запись № 4711"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if missing := fs.Check(d); (len(missing) == 0) != (c.bans != "") {
			t.Errorf("%s: %v", c.event.Kind(), missing)
		}
	}
}

// R18: the template of a list is refused with the name of what is wrong.
func TestParseSheet(t *testing.T) {
	data, err := read("", "sheet-11-1.toml")
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	if _, err := ParseSheet(data); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]string{
		"cut off":     {good[:len(good)/3], "line"},
		"width":       {strings.Replace(good, "width = 6.0", "width = -6.0", 1), "width"},
		"twice":       {strings.Replace(good, `id = "seat"`, `id = "number"`, 1), "twice"},
		"id":          {strings.Replace(good, `id = "11-1"`, `id = "list"`, 1), "appendix"},
		"no Kazakh":   {strings.Replace(good, `kk = "Орын"`, `kk = ""`, 1), "kk"},
		"unknown key": {good + "\nsurprise = 1\n", "surprise"},
		"format":      {strings.Replace(good, "format = 1", "format = 2", 1), "format"},
	} {
		if _, err := ParseSheet([]byte(c[0])); err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sheet-11-1.toml"), []byte(strings.Replace(good, "Посадочный лист", "Наш лист", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	fs, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := fs.Sheet(SeatingList); !ok || s.Title.In("ru") != "Наш лист" || s.Digest() == "" || len(fs.Sheets) != 2 {
		t.Error("the centre's own list is not used")
	}
}

func FuzzParseSheet(f *testing.F) {
	small := `format = 1
id = "11-1"
name = {kk = "a", ru = "b"}
draft = {kk = "a", ru = "b"}
title = {kk = "a", ru = "b"}
lead = {kk = "a", ru = "b"}
columns = [{id = "seat", width = 1.0, label = {kk = "a", ru = "b"}}]
signatures = [{id = "x", kk = "a", ru = "b"}]
`
	if _, err := ParseSheet([]byte(small)); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(small))
	f.Add([]byte(small[:len(small)/2]))
	f.Add([]byte(strings.Replace(small, "1.0", "nan", 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSheet(data)
		if (s == nil) == (err == nil) {
			t.Fatalf("sheet %v with error %v", s, err)
		}
		if s == nil {
			return
		}
		for _, c := range s.Columns {
			if !(c.Width > 0) {
				t.Fatalf("width %v was accepted", c.Width)
			}
		}
	})
}

func FuzzParseForm(f *testing.F) {
	// Small, since the fuzzer spends its time on making large inputs smaller.
	small := `format = 1
id = "10"
name = {kk = "a", ru = "b"}
draft = {kk = "a", ru = "b"}
title = {kk = "a", ru = "b"}
lead = {kk = "a", ru = "b"}
consequence = {kk = "a", ru = "b"}
[[fields]]
id = "how"
kind = "choice"
label = {kk = "a", ru = "b"}
options = [{id = "x", kk = "a", ru = "b"}]
[[signatures]]
id = "x"
kk = "a"
ru = "b"
`
	if _, err := ParseForm([]byte(small)); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(small))
	f.Add([]byte(small[:len(small)/2]))
	f.Add([]byte("format = 1\n[[fields]]\nid = ''\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		form, err := ParseForm(data)
		if (form == nil) == (err == nil) {
			t.Fatalf("form %v with error %v", form, err)
		}
		if form != nil && (form.Draft.In("ru") == "" || len(form.Fields) == 0) {
			t.Fatal("a form without its draft mark or fields was accepted")
		}
	})
}

func FuzzParseNumber(f *testing.F) {
	f.Add("12/2026-11-21/003")
	f.Add("12-1/2026-02-29/001")
	f.Fuzz(func(t *testing.T, s string) {
		form, day, n, err := ParseNumber(s)
		if err != nil {
			return
		}
		d, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if back := Number(form, d, n); back != s {
			t.Errorf("%q became %q", s, back)
		}
	})
}
