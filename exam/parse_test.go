package exam_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"emtihan/exam"

	"github.com/google/go-cmp/cmp"
)

// hashed is computed once: it takes a tenth of a second.
var hashed = sync.OnceValue(func() string { return exam.HashCode("4711", []byte("0123456789abcdef")) })

func sessionSource() string {
	return fmt.Sprintf(`format = 1
id = "s-1"
centre = "Астана"
room = "12"
start = 2026-08-17T09:00:00+05:00
profile = "doctoral"
paper = "paper"
note = ""
[[candidates]]
iin = "%s"
name = "Әсел Қожа"
photo = "a.jpg"
language = "kk"
seat = "7"
[[candidates]]
iin = "%s"
name = "Иван Ким"
photo = "b.jpg"
language = "ru"
seat = "8"
extra_minutes = 60
extra_document = "справка № 7"
[[administrators]]
name = "Сәуле Ахметова"
role = "дежурный по аудитории"
code = "%s"
`, testIIN, otherIIN, hashed())
}

func TestParseSession(t *testing.T) { // R2, R8, R9
	s, err := exam.ParseSession([]byte("\ufeff" + sessionSource()))
	if err != nil {
		t.Fatal(err)
	}
	want := exam.Candidate{IIN: otherIIN, Name: "Иван Ким", Photo: "b.jpg", Language: "ru", Seat: "8", ExtraMinutes: 60, ExtraDocument: "справка № 7"}
	got, err := s.Candidate(otherIIN)
	if err != nil || got != want {
		t.Errorf("candidate: %v\n%s", err, cmp.Diff(want, got))
	}
	if _, err := s.Candidate("900101100500"); err != exam.ErrNotExpected {
		t.Errorf("somebody else: %v", err)
	}
	if !s.Start.Equal(start) {
		t.Errorf("starts at %v, want %v", s.Start, start)
	}
}

func TestSessionsRefused(t *testing.T) {
	source := sessionSource()
	for name, tt := range map[string]struct{ old, new, says string }{
		"unknown key":          {`room = "12"`, `rom = "12"`, "rom"},
		"unknown nested key":   {`seat = "7"`, `place = "7"`, "place"},
		"later format":         {"format = 1", "format = 2", "format is 2"},
		"bad id":               {`id = "s-1"`, `id = "../s"`, "id"},
		"no start":             {"start = 2026-08-17T09:00:00+05:00\n", "", "start is missing"},
		"start without zone":   {"09:00:00+05:00", "09:00:00", "offset"},
		"start without time":   {"2026-08-17T09:00:00+05:00", "2026-08-17", "offset"},
		"bad profile":          {`profile = "doctoral"`, `profile = ""`, "profile"},
		"bad paper":            {`paper = "paper"`, `paper = "a/b"`, "paper"},
		"wrong IIN":            {testIIN, "900101100005", "candidate 1 (Әсел Қожа): the IIN is wrong"},
		"IIN of 13 digits":     {testIIN, testIIN + "0", "candidate 1"},
		"same IIN twice":       {otherIIN, testIIN, "candidate 2 (Иван Ким): the IIN stands twice"},
		"no name":              {`name = "Иван Ким"`, `name = " "`, "candidate 2 has no name"},
		"unknown language":     {`language = "ru"`, `language = "de"`, `candidate 2 (Иван Ким): language "de"`},
		"extra, no document":   {`extra_document = "справка № 7"`, `extra_document = ""`, "candidate 2 (Иван Ким): extra time"},
		"extra below zero":     {"extra_minutes = 60", "extra_minutes = -5", "-5 extra minutes"},
		"extra not a number":   {"extra_minutes = 60", `extra_minutes = "60"`, "line"},
		"nobody decides":       {"[[administrators]]\nname = \"Сәуле Ахметова\"\nrole = \"дежурный по аудитории\"\ncode = \"" + hashed() + "\"\n", "", "no administrators"},
		"administrator's name": {`name = "Сәуле Ахметова"`, `name = ""`, "administrator 1 has no name"},
		"plain code":           {hashed(), "4711", "administrator 1"},
		"weak code":            {"m=65536", "m=8", "administrator 1"},
		"code cut off":         {hashed(), hashed()[:len(hashed())-4], "administrator 1"},
		"not TOML":             {"format = 1", "format = ", "line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(source, tt.old) {
				t.Fatalf("the sample has no %q", tt.old)
			}
			s, err := exam.ParseSession([]byte(strings.Replace(source, tt.old, tt.new, 1)))
			if err == nil || s != nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want an error with %q", err, tt.says)
			}
		})
	}
	if _, err := exam.ParseSession(make([]byte, 9<<20)); err == nil {
		t.Error("nine megabytes are taken")
	}
}

func TestCodes(t *testing.T) { // R18, R20
	a := exam.Administrator{Name: "A", Code: hashed()}
	if !a.Accepts("4711") {
		t.Error("the right code is refused")
	}
	if a.Accepts("4712") || a.Accepts("") || a.Accepts("4711 ") {
		t.Error("a wrong code is accepted")
	}
	for _, broken := range []string{"", "4711", strings.Replace(hashed(), "argon2id", "argon2i", 1), strings.Replace(hashed(), "p=1", "p=2", 1), hashed() + "$x"} {
		if (exam.Administrator{Code: broken}).Accepts("4711") {
			t.Errorf("%q accepts a code", broken)
		}
	}
	if other := exam.HashCode("4711", []byte("fedcba9876543210")); other == hashed() {
		t.Error("the salt does not count")
	}
}

func TestParseProfile(t *testing.T) { // R1, R5
	p, err := exam.ParseProfile([]byte(profileSource))
	if err != nil {
		t.Fatal(err)
	}
	if p.Allowance() != 190*time.Minute || !p.Has(exam.ToolCalculator) || p.Has(exam.ToolElements) || string(p.Source()) != profileSource {
		t.Errorf("read as %+v", p)
	}
	source := []byte(profileSource)
	p, _ = exam.ParseProfile(source)
	source[0] = 'X'
	if p.Source()[0] == 'X' {
		t.Error("the profile's source is the caller's")
	}
	for _, tt := range [][2]string{
		{"format = 2", "format is 2"},
		{`id = "Doctoral"`, "id"},
		{`ru = " "`, "title.ru"},
		{"minutes = 0", "clock.minutes"},
		{"minutes = 601", "clock.minutes"},
		{"interview_minutes = -1", "clock.interview_minutes"},
		{"late_minutes = 601", "admission.late_minutes"},
		{"max_times = 21", "leave.max_times"},
		{"threshold = 1001", "result.threshold"},
		{"content_minutes = 1441", "appeal.content_minutes"},
		{`tools = ["calculator", "browser"]`, "browser"}, // R13: nothing else
		{"runs_while_away = 1", "line"},
		{"technical = true\nother = 1", "other"},
	} {
		if p, err := exam.ParseProfile([]byte(with(t, profileSource, tt[0]))); tt[0] != "technical = true\nother = 1" && (err == nil || p != nil || !strings.Contains(err.Error(), tt[1])) {
			t.Errorf("%s: %v, want an error with %q", tt[0], err, tt[1])
		}
	}
	if _, err := exam.ParseProfile([]byte(profileSource + "misspelt = 1\n")); err == nil || !strings.Contains(err.Error(), "misspelt") {
		t.Errorf("unknown key: %v", err)
	}
	if _, err := exam.ParseProfile([]byte(strings.Replace(profileSource, "[leave]\nmax_times = 2\nmax_minutes = 10\n", "", 1))); err == nil {
		t.Error("a profile without [leave] is taken")
	}
}

func TestParsePaper(t *testing.T) {
	p := parsePaper(t, paperSource)
	if len(p.Items()) != 7 || !p.HasLanguage("ru") || p.HasLanguage("kk") || len(p.Digest()) != 64 {
		t.Errorf("read as %d items, digest %q", len(p.Items()), p.Digest())
	}
	for i, it := range p.Items() {
		got, place, ok := p.Item(it.ID)
		if got != it || place != i || !ok {
			t.Errorf("item %s is at %d", it.ID, place)
		}
	}
	if parsePaper(t, paperSource+"\n").Digest() == p.Digest() {
		t.Error("another file has the same digest")
	}
	for name, tt := range map[string]struct{ old, new, says string }{
		"item twice":          {`id = "M1"`, `id = "S1"`, `item "S1" stands twice`},
		"bad id":              {`id = "M1"`, `id = "Ә1"`, "item id"},
		"no points":           {"points = 2", "points = 0", `item "M1" has 0 points`},
		"key not an option":   {`key = ["B"]`, `key = ["Z"]`, `item "S1" has the key ["Z"], which nobody`},
		"two keys for one":    {`key = ["B"]`, `key = ["A", "B"]`, `item "S1" has the key ["A" "B"], which nobody`},
		"key twice":           {`key = ["A", "C"]`, `key = ["A", "A"]`, `item "M1" has the key ["A" "A"], which nobody`},
		"option twice":        {`{id = "C", text`, `{id = "A", text`, `has option "A" twice`},
		"unknown kind":        {`kind = "essay"`, `kind = "oral"`, `unknown kind "oral"`},
		"key of an essay":     {"words_min = 250", "key = [\"x\"]\nwords_min = 250", `item "E1"`},
		"words upside down":   {"words_max = 300", "words_max = 200", "250 to 200 words"},
		"one theme":           {`, {id = "T2", text = {ru = "Другое"}}]`, `]`, `item "L1" has 1 themes, not 2–8`},
		"nine themes":         {`{id = "T1", text = {ru = "Одно"}}, `, manyThemes(8), `item "L1" has 9 themes, not 2–8`},
		"theme twice":         {`{id = "T2", text`, `{id = "T1", text`, `item "L1" has theme "T1" twice`},
		"theme's id":          {`{id = "T2", text`, `{id = "T 2", text`, `item "L1" has the theme id "T 2"`},
		"theme without text":  {`text = {ru = "Другое"}`, `text = {kk = "Басқа"}`, `theme "T2" of item "L1" has no text in "ru"`},
		"theme's picture":     {`text = {ru = "Другое"}`, `text = {ru = "![x](none)"}`, `theme "T2" of item "L1" in "ru" shows the medium "none"`},
		"themes of a choice":  {`text = {ru = "Один"}`, `text = {ru = "Один"}` + "\nthemes = [" + manyThemes(2) + "]", `item "S1" is "single" and has themes`},
		"themes of a line":    {`text = {ru = "Кто?"}`, `text = {ru = "Кто?"}` + "\nthemes = [" + manyThemes(2) + "]", `item "K1" is "short" and has themes`},
		"passage not there":   {`id = "L1"`, "id = \"L1\"\npassage = \"p\"", `passage "p"`},
		"no text":             {`text = {ru = "Объясните"}`, `text = {kk = "Түсіндір"}`, `item "L1" has no text in "ru"`},
		"unknown key":         {"words_min", "word_min", "word_min"},
		"pair of nothing":     {`key = ["A Y", "B X"]`, `key = ["A Y", "B W"]`, `item "H1" has the key`},
		"target used twice":   {`key = ["A Y", "B X"]`, `key = ["A Y", "B Y"]`, `which nobody can answer`},
		"two targets":         {`key = ["A Y", "B X"]`, `key = ["A Y", "A X"]`, `which nobody can answer`},
		"half a key":          {`key = ["A Y", "B X"]`, `key = ["A Y"]`, `answers only a part`},
		"half an order":       {`key = ["C", "A", "B"]`, `key = ["C", "A"]`, `which nobody can answer`},
		"order with a twin":   {`key = ["C", "A", "B"]`, `key = ["C", "A", "A"]`, `which nobody can answer`},
		"too few targets":     {`, {id = "Y", text = {ru = "игрек"}}, {id = "Z", text = {ru = "зет"}}]`, `]`, `has 1 targets`},
		"targets of an order": {`key = ["C", "A", "B"]`, "key = [\"C\", \"A\", \"B\"]\ntargets = [{id = \"A\", text = {ru = \"а\"}}, {id = \"B\", text = {ru = \"б\"}}]", `is "order" and has targets`},
		"medium not there":    {`![Разговор](snd)`, `![Разговор](other)`, `item "O1" in "ru" shows the medium "other"`},
		"medium undescribed":  {`![Разговор](snd)`, `![](snd)`, `item "O1" in "ru": line 1`},
		"medium in a folder":  {`file = "talk.wav"`, `file = "../talk.wav"`, `no plain file name`},
		"medium twice":        {`id = "fig"`, `id = "snd"`, `medium "snd" stands twice`},
		"picture with plays":  {`kind = "picture"`, "kind = \"picture\"\nplays = 1", `medium "fig" may be heard 1 times`},
		"medium of no kind":   {`kind = "picture"`, `kind = "film"`, `unknown kind "film"`},
		"no digest":           {`sha256 = "ff`, `sha256 = "FF`, `medium "fig" has no sha256`},
		"broken table":        {`| а | б |`, `| а | б |\n| в |`, `passage "P1" in "ru": line 4`},
		"no languages":        {`languages = ["ru"]`, `languages = []`, "languages"},
		"format of tomorrow":  {"format = 1", "format = 9", "format is 9"},
	} {
		if !strings.Contains(paperSource, tt.old) {
			t.Fatalf("%s: the sample has no %q", name, tt.old)
		}
		p, err := exam.ParsePaper([]byte(strings.Replace(paperSource, tt.old, tt.new, 1)))
		if err == nil || p != nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want an error with %q", name, err, tt.says)
		}
	}
	if _, err := exam.ParsePaper([]byte("format = 1\nid = \"p\"\nlanguages = [\"ru\"]\ntitle = {ru = \"x\"}\n")); err == nil {
		t.Error("a paper without items is taken")
	}
}

func TestRefusalsHaveCodesOfTheirOwn(t *testing.T) {
	seen := make(map[string]bool)
	for _, err := range []error{
		exam.ErrPhase, exam.ErrNotRunning, exam.ErrTimeUp, exam.ErrHandedIn, exam.ErrAlready, exam.ErrClock, exam.ErrLate, exam.ErrEnded,
		exam.ErrNeedsFace, exam.ErrWindowOver, exam.ErrNoAppeal, exam.ErrNoRestart, exam.ErrNotExpected, exam.ErrNoItem, exam.ErrItemKind,
		exam.ErrNoOption, exam.ErrEdit, exam.ErrCharacter, exam.ErrTooLong, exam.ErrReason, exam.ErrName, exam.ErrMinutes, exam.ErrDocument,
		exam.ErrNoTheme, exam.ErrGround, exam.ErrFaceReport, exam.ErrIINLength, exam.ErrIINDigits, exam.ErrIINCheck,
	} {
		var r *exam.Refusal
		if !errors.As(err, &r) || r.Code == "" || seen[r.Code] || !strings.Contains(err.Error(), r.Code) {
			t.Errorf("%v: code missing or used twice", err)
			continue
		}
		seen[r.Code] = true
	}
}

func FuzzParseProfile(f *testing.F) {
	f.Add([]byte(profileSource))
	f.Add([]byte("format = 1\n[clock]\nminutes = 99999999999999999999"))
	f.Add([]byte("title = {kk = \"\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := exam.ParseProfile(data)
		if err != nil {
			if p != nil {
				t.Error("refused and answered")
			}
			return
		}
		if a := p.Allowance(); a < time.Minute || a > 720*time.Minute {
			t.Errorf("allowance %v", a)
		}
		again, err := exam.ParseProfile(p.Source())
		if err != nil || !cmp.Equal(p, again, cmp.AllowUnexported(exam.Profile{})) {
			t.Errorf("its own source reads differently: %v", err)
		}
	})
}

func FuzzParsePaper(f *testing.F) {
	f.Add([]byte(paperSource))
	f.Add([]byte("format = 1\n[[blocks]]\n[[blocks.items]]\nid = \"\"\n[[blocks.items]]\nid = \"\""))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := exam.ParsePaper(data)
		if err != nil {
			return
		}
		responses := make([]exam.Response, len(p.Items()))
		for i, it := range p.Items() {
			if _, place, ok := p.Item(it.ID); !ok || place != i {
				t.Errorf("item %q is found at %d, not %d", it.ID, place, i)
			}
			responses[i].Options = it.Key
			if it.Kind == exam.Short && len(it.Key) > 0 {
				responses[i].Text = it.Key[0]
			}
		}
		if points, most := p.Points(responses); points != most {
			t.Errorf("the keys reach %d of %d points", points, most)
		}
	})
}

func FuzzParseSession(f *testing.F) {
	f.Add([]byte(sessionSource()))
	f.Add([]byte("\ufeffformat = 1\nstart = 2026-08-17T09:00:00Z"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := exam.ParseSession(data)
		if err != nil {
			return
		}
		for _, c := range s.Candidates {
			if got, err := s.Candidate(exam.IIN(c.IIN)); err != nil || got != c {
				t.Errorf("candidate %q is not found: %v", c.IIN, err)
			}
		}
	})
}

// manyThemes writes n themes as a paper has them.
func manyThemes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{id = "X%d", text = {ru = "Тема"}}, `, i)
	}
	return b.String()
}
