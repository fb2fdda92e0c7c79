package main

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/roster"
	"emtihan/exam/sealed/sealedtest"
	"emtihan/exam/vault"

	"github.com/rogpeppe/go-internal/testscript"
)

const exportProfile = `format = 1
id = "doctoral"
title = { kk = "Докторантура", ru = "Докторантура", en = "Doctoral" }
clock = { minutes = 190 }
admission = { late_minutes = 40 }
extra = { max_minutes = 60 }
leave = { max_times = 2, max_minutes = 10 }
result = { threshold = 75 }
appeal = { technical = true, content_minutes = 30, session_minutes = 40, session_day = 1, session_from = "13:00", session_to = "13:40" }
variants = { tasks = true, options = true }
marks = [
	{ id = "interview", most = 30 },
	{ id = "essay", most = 20, kinds = ["essay"] },
	{ id = "profile", most = 50, kinds = ["long"] },
]
certificate = [{ from = "08-01", to = "08-31", until = "12-01" }]
`

const exportPaper = `format = 1
id = "doctoral-7"
languages = ["kk", "ru"]
title = { kk = "Докторантура", ru = "Докторантура" }
[[blocks]]
id = "tgo"
title = { kk = "ТГО", ru = "ТГО" }
[[blocks.items]]
id = "T1"
kind = "single"
points = 1
key = ["B"]
text = { kk = "Сұрақ", ru = "Вопрос" }
options = [{ id = "A", text = { kk = "а", ru = "а" } }, { id = "B", text = { kk = "ә", ru = "б" } }]
[[blocks]]
id = "work"
title = { kk = "Жұмыс", ru = "Работа" }
[[blocks.items]]
id = "E1"
kind = "essay"
points = 20
text = { kk = "Эссе жазыңыз", ru = "Напишите эссе" }
themes = [{ id = "A", text = { kk = "Ғылым тілі", ru = "Язык науки" } }, { id = "B", text = { kk = "Ашық ғылым", ru = "Открытая *наука*" } }]
[[blocks.items]]
id = "P1"
kind = "long"
points = 25
text = { kk = "Бірінші сұрақ", ru = "Первый вопрос" }
[[blocks.items]]
id = "P2"
kind = "long"
points = 25
text = { kk = "Екінші сұрақ", ru = "Второй вопрос" }
`

// taker is a made-up candidate of the scripts. The IINs have no living owner.
type taker struct {
	log, iin, name, university, interview string
	essay                                 string
	void                                  bool
	unfinished                            bool
}

var takers = []taker{
	{log: "a", iin: "900101100004", name: "Серікұлы Нұрлан Әділұлы", university: "Esil University", interview: "17", essay: "Мен, Серікұлы Нұрлан, ЖСН 900101 100004, ғылымды сүйемін. Нұрлан таң атты."},
	{log: "b", iin: "900101100512", name: "Иванов Пётр Сергеевич", university: "Esil University", interview: "18", essay: "Наука требует времени."},
	{log: "c", iin: "900101100500", name: "Омарова Әлия", university: "KBTU", essay: "=1+1 Ғылым"},
	{log: "d", iin: "900101300007", name: "Удалённый Некто", university: "KBTU", essay: "Не считается", void: true},
	{log: "e", iin: "010131600003", name: "Ушедшая Рано", university: "KBTU", essay: "Не сдано", unfinished: true},
}

// seat is a candidate's place. It has a letter that no individual code has, so that a code is never taken for it, and that file
// names keep.
func seat(c taker) string { return "Ж7" + c.log }

func layExports(t *testing.T, dir string) {
	t.Helper()
	at := func(elem ...string) string { return filepath.Join(append([]string{dir}, elem...)...) }
	write(t, at("paper.toml"), exportPaper)
	sealedtest.Folder(t, at("pc-12"), sealedtest.KeyLine)
	_, recipient, err := vault.GenerateIdentity()
	if err != nil {
		t.Fatal(err)
	}
	write(t, at("recipient"), recipient)
	paper, err := exam.ParsePaper([]byte(exportPaper))
	if err != nil {
		t.Fatal(err)
	}
	admin := exam.Deed{By: "Әлия Омарова", Reason: "по решению"}
	for i, c := range takers {
		id := "01989b2e-7c00-7000-8000-00000000000" + c.log
		l := sealedtest.NewRoom(t)
		l.Attempt = exam.NewAttempt(paper)
		photo := sealedtest.Picture(10)
		sum := sha256.Sum256(photo)
		// Noon at the centre is nine hours after the made-up start.
		l.Do(exam.Open{Opened: exam.Opened{
			Attempt: id, Session: sealedtest.Session, Centre: "Астана", Room: "204", Station: "pc-12", Profile: []byte(exportProfile),
			Candidate: exam.Candidate{IIN: c.iin, Name: c.name, Photo: "a.jpg", Language: "ru", Seat: seat(c), University: c.university, Programme: "D094", InterviewHeld: c.interview != "", InterviewProtocol: c.interview},
			Paper:     paper.Digest(), PaperID: paper.ID, Start: sealedtest.Start.UnixMilli(), Photo: sum[:], Offset: 5 * 3600,
		}})
		l.Do(exam.StartRun{})
		l.After(time.Duration(i+1)*time.Second).Face(exam.PurposeLogin, exam.VerdictAccepted, 0.5, sealedtest.Picture(100))
		l.After(time.Second).Do(exam.ConfirmData{}, exam.ReadRules{}, exam.Confirm{}, exam.Enter{})
		l.After(time.Second).Do(exam.ChooseTheme{Item: "E1", Theme: "A"}, exam.ChooseTheme{Item: "E1", Theme: "B"})
		l.After(time.Second).Do(exam.Edit{Item: "E1", Inserted: c.essay}, exam.Edit{Item: "P1", Inserted: "Ответ один"}, exam.Edit{Item: "P2", Inserted: "Ответ два"})
		l.Do(exam.Choose{Item: "T1", Options: []string{"B"}}, exam.AppealTechnical{Item: "P2", Text: "нет рисунка"})
		if !c.unfinished {
			l.After(time.Second).Do(exam.Finish{})
			l.After(time.Second).Face(exam.PurposeFinish, exam.VerdictAccepted, 0.5, sealedtest.Picture(200))
			l.After(time.Second).Do(exam.AppealContent{Item: "T1", Ground: 3, Text: "=два верных"})
		}
		if c.void {
			l.Do(exam.Annul{Deed: admin, Basis: exam.AnnulledByOrder, Document: "№ 4"})
		} else if c.log == "b" {
			l.Restart(29 * time.Hour).Do(exam.OpenAppeal{Deed: admin, Outside: true}).After(time.Minute)
			l.Do(exam.AppealWork{Item: "P1", Text: "Иванов Пётр не согласен"}, exam.CloseAppeal{})
		}
		write(t, at(c.log+".emlog"), string(l.Sealed(id, sealedtest.Form{KeyLine: sealedtest.KeyLine}, sealedtest.KeyLine, sealedAt)))
	}
}

// R15, R23, R24, R25: what leaves NCT after an exam, through the real program. Each script begins with a.emlog … e.emlog (see takers),
// paper.toml, the keys of their station in pc-12, and a recipient in $RECIPIENT.
func TestExportScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/export",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			layExports(t, e.WorkDir)
			data, err := os.ReadFile(filepath.Join(e.WorkDir, "recipient"))
			e.Setenv("RECIPIENT", string(data))
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// anonymous DIR holds where nothing of any candidate stands in a folder's files or names, but in codes.age.
			"anonymous": func(ts *testscript.TestScript, _ bool, args []string) {
				var about []string
				for _, c := range takers {
					about = append(about, c.iin, c.iin[:6]+" "+c.iin[6:], c.name, strings.Join(strings.Fields(c.name)[:2], " "), seat(c), "00000000000"+c.log, "pc-12")
				}
				files := 0
				dir := os.DirFS(ts.MkAbs(args[0]))
				ts.Check(fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
					if err != nil || d.IsDir() || d.Name() == "codes.age" {
						return err
					}
					files++
					data, err := fs.ReadFile(dir, path)
					for _, s := range about {
						if strings.Contains(strings.ToLower(string(data)+path), strings.ToLower(s)) {
							ts.Fatalf("%s has %q:\n%s", path, s, data)
						}
					}
					return err
				}))
				if files < 4 {
					ts.Fatalf("only %d files", files)
				}
			},
			// mark TABLE LOG INTERVIEW ESSAY PROFILE fills a line of a table in, found by the code that env has for the log.
			"mark": func(ts *testscript.TestScript, _ bool, args []string) {
				path := ts.MkAbs(args[0])
				data, err := os.ReadFile(path)
				ts.Check(err)
				lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
				at := slices.IndexFunc(lines, func(s string) bool { return strings.HasPrefix(s, args[1]+";") })
				if at < 0 {
					ts.Fatalf("no code %s in\n%s", args[1], data)
				}
				lines[at] = strings.Join(append(strings.Split(lines[at], ";")[:2], args[2:]...), ";")
				ts.Check(os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
			},
			// codes OUT sets $a, $b and so on to the codes of the attempts, as an export of appeals has them.
			"codes": func(ts *testscript.TestScript, _ bool, args []string) {
				key, err := readCodeKey(ts.MkAbs(args[0]))
				ts.Check(err)
				for _, c := range takers {
					ts.Setenv(c.log, key.code(exam.Opened{Session: sealedtest.Session, Attempt: "01989b2e-7c00-7000-8000-00000000000" + c.log}))
				}
			},
		},
	})
}

func TestMaskTakesNamesOut(t *testing.T) { // R23
	person := exam.Candidate{IIN: "900101100004", Name: "Серікұлы Нұрлан Әділұлы"}
	for text, want := range map[string]string{
		"Жазған: Серікұлы Нұрлан.":       "Жазған: " + masked + ".",
		"нұрлан СЕРІКҰЛЫ":                masked,
		"900101100004":                   masked,
		"900101-100 004":                 masked,
		"Н. Серікұлы":                    masked,
		"Серікұлы Н. жазды":              masked + " жазды",
		"Нұрлан таң атты":                "Нұрлан таң атты",
		"90010110000":                    "90010110000",
		"Бұл мәтінде ешкімнің аты жоқ. ": "Бұл мәтінде ешкімнің аты жоқ. ",
	} {
		if got, _ := mask(text, person); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if _, hints := mask("Нұрлан таң атты", person); !slices.Equal(hints, []hint{hintPart}) {
		t.Errorf("a part of the name: %v", hints)
	}
	if got, hints := mask("a.b(c", exam.Candidate{Name: "a.b(c d[e"}); got != "a.b(c" || len(hints) != 1 {
		t.Errorf("a name of signs: %q, %v", got, hints)
	}
}

func TestCodesAreStableAndApart(t *testing.T) { // R23
	var key, other codeKey
	other[0] = 1
	seen := make(map[string]bool)
	for i := range 5000 {
		o := exam.Opened{Session: "s", Attempt: strings.Repeat("x", i%7) + string(rune('a'+i%26)) + time.Duration(i).String()}
		code := key.code(o)
		if seen[code] {
			t.Fatalf("%s stands twice", code)
		}
		seen[code] = true
		if code != key.code(o) || code == other.code(o) || readCode(strings.ToLower(strings.ReplaceAll(code, "-", " "))) != code {
			t.Fatalf("%s: another code, or not read as it was written", code)
		}
	}
}

// No cell becomes a formula in a spreadsheet program.
func TestCellsAreNoFormulas(t *testing.T) {
	for cell, want := range map[string]string{"=1+1": "'=1+1", "+7": "+7", "-5": "-5", "-x": "'-x", "@a": "'@a", "a=b": "a=b", "": ""} {
		if got := noFormula(cell); got != want {
			t.Errorf("%q: %q", cell, got)
		}
	}
}

func TestListCodesHaveWords(t *testing.T) {
	for _, c := range roster.PackCodes() {
		if !locales.Has("nct.roster-why." + string(c)) {
			t.Errorf("there is no sentence for %s", c)
		}
	}
	for _, id := range []string{"export-named." + string(hintMasked), "export-named." + string(hintPart), "export-validity." + string(exam.Void), "export-validity." + string(exam.NotProcessed)} {
		if !locales.Has("nct." + id) {
			t.Errorf("there is no sentence nct.%s", id)
		}
	}
}

// The university reads which theme an essay is about, by its number in the paper (R23).
func TestAskedTellsTheTheme(t *testing.T) {
	paper, err := exam.ParsePaper([]byte(exportPaper))
	if err != nil {
		t.Fatal(err)
	}
	items := paper.Items()
	for _, tt := range []struct {
		lang, theme string
		item        int
		want        string
	}{
		{"ru", "B", 1, "Напишите эссе\nТема 2: Открытая наука\n"},
		{"kk", "A", 1, "Эссе жазыңыз\n1-тақырып: Ғылым тілі\n"},
		{"ru", "", 1, "Напишите эссе\nТема не выбрана.\n"},
		{"kk", "Z", 1, "Эссе жазыңыз\nТақырып таңдалмаған.\n"},
		{"ru", "", 2, "Первый вопрос\n"},
	} {
		a := exam.NewAttempt(paper)
		a.Opened.Candidate.Language = tt.lang
		a.Responses = make([]exam.Response, len(items))
		a.Responses[tt.item].Theme = tt.theme
		e := &env{lang: locales.English, zone: time.UTC}
		if got := e.asked(taken{Attempt: a}, items[tt.item]); got != tt.want {
			t.Errorf("%s, theme %q: %q, want %q", tt.lang, tt.theme, got, tt.want)
		}
	}
}
