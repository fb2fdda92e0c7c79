package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"emtihan/assets"
	"emtihan/exam"
	"emtihan/exam/content"

	"github.com/BurntSushi/toml"
)

const listeningSource = "../../assets/papers/english-full/listening.toml"

func readSource(t *testing.T) *listening {
	t.Helper()
	data, err := os.ReadFile(listeningSource)
	if err != nil {
		t.Fatal(err)
	}
	l, err := readListening(data)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// fullEnglish is the paper as its generator writes it, with the digest of nothing for each recording.
func fullEnglish(t *testing.T) *exam.Paper {
	t.Helper()
	l := readSource(t)
	base, err := assets.Paper(l.Base)
	if err != nil {
		t.Fatal(err)
	}
	var sounds []exam.Medium
	for _, r := range l.Recordings {
		sounds = append(sounds, exam.Medium{
			ID: r.ID, Kind: exam.Sound, File: r.ID + ".ogg", SHA256: strings.Repeat("0", 64), Plays: l.Plays,
		})
	}
	made, err := l.paper(base, sounds)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(made); err != nil {
		t.Fatal(err)
	}
	paper, err := exam.ParsePaper(text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return paper
}

// The papers of the demonstration are whole: R1 (essay and profile questions), R4 (100 tasks, 100 points), R23 (20 and 50
// points). Every text stands in every language, and no two options of a task say the same.
func TestDemoPapers(t *testing.T) {
	builtIn := func(id string) *exam.Paper {
		p, err := assets.Paper(id)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	three := []string{"kk", "ru", "en"}
	for _, tc := range []struct {
		paper     *exam.Paper
		languages []string
		blocks    map[string]int // points
		items     int
		machine   bool
	}{
		{builtIn("english-demo"), []string{"en"}, map[string]int{"lexis-grammar": 60, "reading": 40}, 100, true},
		{fullEnglish(t), []string{"en"}, map[string]int{"listening": 34, "lexis-grammar": 34, "reading": 32}, 100, true},
		{builtIn("doctoral-demo"), three, map[string]int{"essay": 20, "profile": 50}, 11, false},
		{builtIn("doctoral-environment"), three, map[string]int{"essay": 20, "profile": 50}, 7, false},
	} {
		t.Run(tc.paper.ID, func(t *testing.T) {
			p := tc.paper
			if !slices.Equal(p.Languages, tc.languages) {
				t.Errorf("languages: %v, want %v", p.Languages, tc.languages)
			}
			points := make(map[string]int)
			for _, b := range p.Blocks {
				for _, it := range b.Items {
					points[b.ID] += it.Points
				}
			}
			if !maps.Equal(points, tc.blocks) || len(p.Items()) != tc.items {
				t.Errorf("%d items, points %v; want %d, %v", len(p.Items()), points, tc.items, tc.blocks)
			}
			if p.MachineMarked() != tc.machine {
				t.Errorf("marked by the machine: %v", p.MachineMarked())
			}
			checkTexts(t, p)
			checkOptions(t, p)
			used := make(map[string]bool)
			for _, it := range p.Items() {
				used[it.Passage] = true
			}
			for _, s := range p.Passages {
				if !used[s.ID] {
					t.Errorf("no task is on passage %q", s.ID)
				}
			}
		})
	}
}

// checkTexts holds the languages of each text against each other.
func checkTexts(t *testing.T, p *exam.Paper) {
	t.Helper()
	check := func(what string, text exam.Text) {
		if len(text) != len(p.Languages) {
			t.Errorf("%s stands in %v", what, slices.Sorted(maps.Keys(text)))
		}
		first := shape(t, p, text, p.Languages[0])
		for _, l := range p.Languages {
			if got := shape(t, p, text, l); got != first {
				t.Errorf("%s is made of %s in %s, of %s in %s", what, first, p.Languages[0], got, l)
			}
			for _, word := range strings.FieldsFunc(text[l], func(r rune) bool { return !unicode.IsLetter(r) }) {
				if l == "en" && strings.ContainsFunc(word, cyrillic) {
					t.Errorf("%s in en: %q is not English", what, word)
				}
				if strings.ContainsFunc(word, cyrillic) && strings.ContainsFunc(word, latin) {
					t.Errorf("%s in %s: %q has letters of two alphabets", what, l, word)
				}
			}
			if l == "ru" && strings.ContainsAny(text[l], "әғқңөұүһіӘҒҚҢӨҰҮҺІ") {
				t.Errorf("%s in ru has a Kazakh letter", what)
			}
			if (l == "kk" || l == "ru") && utf8.RuneCountInString(text[l]) > 40 && !strings.ContainsFunc(text[l], cyrillic) {
				t.Errorf("%s in %s is not translated", what, l)
			}
			if l == "kk" && utf8.RuneCountInString(text[l]) > 40 && !strings.ContainsAny(text[l], "әғқңөұүһіӘҒҚҢӨҰҮҺІ") {
				t.Errorf("%s in kk has none of the letters that Russian lacks", what)
			}
		}
	}
	check("the title", p.Title)
	for _, s := range p.Passages {
		check("passage "+s.ID, s.Text)
	}
	for _, b := range p.Blocks {
		check("block "+b.ID, b.Title)
		for _, it := range b.Items {
			check(it.ID, it.Text)
			for _, o := range slices.Concat(it.Options, it.Targets, it.Themes) {
				check(it.ID+" "+o.ID, o.Text)
			}
		}
	}
}

func cyrillic(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }
func latin(r rune) bool    { return unicode.Is(unicode.Latin, r) }

// shape tells the kinds of a text's blocks and the sizes of its tables and lists, which no language changes.
func shape(t *testing.T, p *exam.Paper, text exam.Text, lang string) string {
	t.Helper()
	var out strings.Builder
	for _, b := range p.Content(text, lang) {
		switch b := b.(type) {
		case *content.Table:
			fmt.Fprintf(&out, "[table %d×%d]", len(b.Rows), len(b.Rows[0]))
		case *content.List:
			fmt.Fprintf(&out, "[list %d]", len(b.Items))
		case *content.Figure:
			fmt.Fprintf(&out, "[%s]", b.Medium)
		default:
			fmt.Fprintf(&out, "[%T]", b)
		}
	}
	return out.String()
}

// checkOptions looks for what would give an answer away or make two answers right.
func checkOptions(t *testing.T, p *exam.Paper) {
	t.Helper()
	keys, single := make(map[string]int), 0
	asked := make(map[string]string)
	for _, it := range p.Items() {
		same := it.Passage + "\x00" + it.Text[p.Languages[0]]
		if other := asked[same]; other != "" {
			t.Errorf("%s asks what %s asks", it.ID, other)
		}
		asked[same] = it.ID
		for _, l := range p.Languages {
			seen := make(map[string]bool)
			for _, o := range it.Options {
				s := strings.Trim(strings.ToLower(strings.Join(strings.Fields(o.Text[l]), " ")), ".")
				if seen[s] {
					t.Errorf("%s has the option %q twice in %s", it.ID, s, l)
				}
				seen[s] = true
			}
		}
		if it.Kind == exam.Single {
			single++
			if len(it.Key) != 1 || len(it.Options) != 4 {
				t.Errorf("%s has %d options and the key %q", it.ID, len(it.Options), it.Key)
				continue
			}
			keys[it.Key[0]]++
		}
		if (it.Kind == exam.Multiple || it.Kind == exam.Short) && len(it.Key) == 0 {
			t.Errorf("%s has no key", it.ID)
		}
	}
	for id, n := range keys {
		if single >= 50 && (n < single/5 || n > single*3/10) {
			t.Errorf("%s is right %d times of %d", id, n, single)
		}
	}
}

// What is said stands nowhere in the paper, each recording may be heard twice, and its tasks follow one another.
func TestListeningIsHeard(t *testing.T) {
	l, paper := readSource(t), fullEnglish(t)
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(paper); err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, s := range l.Speakers {
		known[s.Name] = true
	}
	said := 0
	for _, r := range l.Recordings {
		script, err := readScript(r.Script, known)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range script {
			if len(strings.Fields(u.words)) < 6 {
				continue
			}
			said++
			if strings.Contains(text.String(), u.words) {
				t.Errorf("%s: the paper shows %q", r.ID, u.words)
			}
		}
		if m := paper.Medium(r.ID); m == nil || m.Plays != 2 || m.Kind != exam.Sound {
			t.Errorf("%s: %+v", r.ID, m)
		}
		if shows := content.Media(paper.Content(paper.Passage(r.ID), "en")); !slices.Equal(shows, []string{r.ID}) {
			t.Errorf("the passage of %s plays %q", r.ID, shows)
		}
	}
	if len(l.Recordings) != 9 || said < 60 {
		t.Errorf("%d recordings with %d longer utterances", len(l.Recordings), said)
	}
	ended := make(map[string]bool)
	last := ""
	for _, it := range paper.Blocks[0].Items {
		if it.Passage != last {
			if ended[it.Passage] {
				t.Errorf("%s goes back to recording %s", it.ID, it.Passage)
			}
			ended[last], last = true, it.Passage
		}
	}
}

func TestListeningRefuses(t *testing.T) {
	data, err := os.ReadFile(listeningSource)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ old, new, want string }{
		{`format = 1`, `format = 2`, "this program reads format 1"},
		{`plays = 2`, `plays = 0`, "0 times"},
		{`plays = 2`, "plays = 2\nvolume = 3", "unknown key volume"},
		{`name = "Dana"`, `name = "Station"`, "stands twice"},
		{`speed = 130`, `speed = 1`, "80–450"},
		{`voice = "en-gb+f2"`, `voice = "--compile"`, `the voice "--compile"`},
		{"Dana: Please", "Dora: Please", `no speaker "Dora"`},
		{"Dana: Please", "Please", "neither NAME: words nor a pause"},
		{"\n1 s\n", "\n90 s\n", "no pause of 1 to 30 seconds"},
		{`key = "C"`, `key = "E"`, `has the key "E"`},
		{`key = "C"`, `key = ""`, `has the key ""`},
		{`options = ["At 8.15", "At 8.40", "At 8.55", "At 9.15"]`, `options = []`, "has 0 options"},
	} {
		changed := strings.Replace(string(data), tc.old, tc.new, 1)
		if changed == string(data) {
			t.Fatalf("the source has no %q", tc.old)
		}
		if _, err := readListening([]byte(changed)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q for %q: %v, want %q", tc.new, tc.old, err, tc.want)
		}
	}
	l := readSource(t)
	base, err := assets.Paper(l.Base)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		take take
		want string
	}{
		{take{"grammar", nil}, `no block "grammar"`},
		{take{"reading", []string{"LG-01"}}, `no item "LG-01"`},
	} {
		l.Take = []take{tc.take}
		if _, err := l.paper(base, nil); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: %v", tc.take, err)
		}
	}
}

func FuzzReadScript(f *testing.F) {
	f.Add("Ann: Good morning.\n2 s\nBen: Hello: you.")
	f.Add("2 s")
	f.Add(": \n-1 s\n9999999999999999999 s")
	known := map[string]bool{"Ann": true, "Ben": true}
	f.Fuzz(func(t *testing.T, script string) {
		out, err := readScript(script, known)
		if err != nil {
			return
		}
		for _, u := range out {
			if (u.pause == 0) == (u.speaker == "") || u.speaker != "" && (!known[u.speaker] || u.words == "") {
				t.Fatalf("%+v", u)
			}
		}
	})
}

func FuzzWaveSamples(f *testing.F) {
	whole := waveFile([]int16{1, -2, 3})
	f.Add(whole)
	f.Add(whole[:30])
	f.Add(whole[:len(whole)-3])
	f.Add(append([]byte("RIFF\xff\xff\xff\x7fWAVElist\xff\xff\xff\xff"), whole[12:]...))
	f.Fuzz(func(t *testing.T, data []byte) {
		if samples, err := waveSamples(data); err == nil && 2*len(samples) > len(data) {
			t.Fatalf("%d samples out of %d bytes", len(samples), len(data))
		}
	})
}

func TestWaveSamples(t *testing.T) {
	want := []int16{0, 1, -1, 32767, -32768}
	whole := waveFile(want)
	endless := bytes.Clone(whole)
	copy(endless[40:], []byte{0xff, 0xff, 0xff, 0x7f}) // as written to a pipe
	for name, data := range map[string][]byte{"whole": whole, "of unknown length": endless} {
		if got, err := waveSamples(data); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	stereo := bytes.Clone(whole)
	stereo[22] = 2
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"empty":        {nil, "no WAV file"},
		"ogg":          {[]byte("OggS, and more than twelve bytes"), "no WAV file"},
		"stereo":       {stereo, "2 channels"},
		"cut in head":  {whole[:24], "ends in its head"},
		"without data": {whole[:36], "no sound"},
	} {
		if _, err := waveSamples(tc.data); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	if got := level([]int16{-100, 50}); !slices.Equal(got, []int16{-speechTop, speechTop / 2}) {
		t.Errorf("levelled: %v", got)
	}
	if got := level([]int16{0, 0}); !slices.Equal(got, []int16{0, 0}) {
		t.Errorf("silence, levelled: %v", got)
	}
}

// A recording is spoken, compressed, named by its digest, found sound by what a station asks of it, and the same the next
// time. The paper lies beside a session as a station looks for it.
func TestPaperWithRecordingsIsMade(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("espeak-ng is not installed: run scripts/setup")
	}
	const small = `
format = 1
id = "small"
base = "english-demo"
plays = 2
[title]
en = "Small"
[[take]]
block = "reading"
items = ["RD-01"]
[[speakers]]
name = "Ann"
voice = "en-gb+f2"
speed = 140
pitch = 50
gap = 1
[[recordings]]
id = "L1"
lead = "You will hear a greeting."
about = "a greeting"
script = """
Ann: Good morning, everybody. --help is no option here.
2 s
Ann: Good-bye."""
[[recordings.items]]
text = "When is it?"
options = ["In the morning", "At night"]
key = "A"
`
	source := filepath.Join(t.TempDir(), "small.toml")
	if err := os.WriteFile(source, []byte(small), 0o600); err != nil {
		t.Fatal(err)
	}
	encodes := func() bool { _, err := exec.LookPath("oggenc"); return err == nil }()
	for _, wav := range []bool{false, true} {
		out := t.TempDir()
		var made [2][]byte
		for i := range made {
			var said bytes.Buffer
			c := listeningCommand{Source: source, Out: out, Wav: wav}
			if err := c.Run(streams{out: &said}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(said.String(), "2 tasks, 1 recordings of") {
				t.Errorf("it says %q", said.String())
			}
			data, err := os.ReadFile(filepath.Join(out, "small.toml"))
			if err != nil {
				t.Fatal(err)
			}
			made[i] = data
		}
		if !bytes.Equal(made[0], made[1]) {
			t.Error("the paper is another one the second time")
		}
		want := "L1.wav"
		if encodes && !wav {
			want = "L1.ogg"
		}
		room := t.TempDir()
		paper, err := copyPaper(out, "small", room)
		if err != nil || paper.Medium("L1").File != want {
			t.Fatalf("%+v, %v; want the file %s", paper, err, want)
		}
		for _, name := range []string{"small.toml", "small/" + want} {
			if fi, err := os.Stat(filepath.Join(room, "papers", name)); err != nil || fi.Size() == 0 {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if paper, err := copyPaper(t.TempDir(), "small", t.TempDir()); paper != nil || err != nil {
		t.Errorf("out of an empty folder: %v, %v", paper, err)
	}
}

// scripts/mark sees the last mark of each task, and nothing of the programs' own marking.
func TestIndependentMarking(t *testing.T) {
	const paper = `
[[passages]]
id = "P1"
[passages.text]
en = """
key = ["Z"]
[[blocks.items]]
id = "no item"
points = 7
"""
[[blocks]]
  id = "b"
  [[blocks.items]]
    id = "A1"
    kind = "single"
    points = 1
    key = ["B"]
    [[blocks.items.options]]
      id = "A"
    [[blocks.items.options]]
      id = "B"
  [[blocks.items]]
    id = "A2"
    points = 2
    key = ["C", "A"]
`
	path := filepath.Join(t.TempDir(), "paper.toml")
	if err := os.WriteFile(path, []byte(paper), 0o600); err != nil {
		t.Fatal(err)
	}
	event := func(item, options string) string {
		return fmt.Sprintf(`{"seq":1,"kind":"chosen","fields":{"item":%q,"options":[%s]}}`+"\n", item, options)
	}
	for name, tc := range map[string]struct {
		log  string
		want string // empty: refused
	}{
		"nothing":             {"", `{"answers":0,"points":0,"most":3}`},
		"right":               {event("A1", `"B"`), `{"answers":1,"points":1,"most":3}`},
		"changed to wrong":    {event("A1", `"B"`) + event("A1", `"A"`), `{"answers":1,"points":0,"most":3}`},
		"taken back":          {event("A1", `"B"`) + event("A1", ``), `{"answers":0,"points":0,"most":3}`},
		"several, any order":  {event("A2", `"A","C"`), `{"answers":1,"points":2,"most":3}`},
		"several, in part":    {event("A2", `"A"`), `{"answers":1,"points":0,"most":3}`},
		"shown, not answered": {`{"seq":1,"kind":"item.shown","fields":{"item":"A1"}}` + "\n", `{"answers":0,"points":0,"most":3}`},
		"of another paper":    {event("Q9", `"A"`), ""},
	} {
		cmd := exec.Command("../../scripts/mark", path)
		cmd.Stdin = strings.NewReader(tc.log)
		out, err := cmd.Output()
		if tc.want == "" {
			if err == nil {
				t.Errorf("%s: not refused: %s", name, out)
			}
			continue
		}
		if err != nil || strings.TrimSpace(string(out)) != tc.want {
			t.Errorf("%s: %s, %v; want %s", name, out, err, tc.want)
		}
	}
}

// R4: the candidate of the play reaches what the run sets out to reach, and no verdict but the right one passes.
func TestRunsOfTheEnglishPaper(t *testing.T) {
	for _, points := range []int{0, 74, 75, 100} {
		if got := 100 - len(wrong(100, points)); got != points {
			t.Errorf("%d points were asked for, %d are reached", points, got)
		}
	}
	good := englishFigures{Answers: 100, OnScreen: 75, Independent: 75, Most: 100, Verdict: "admitted", Recordings: 9}
	if err := good.judge(75); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*englishFigures){
		"another screen":      func(f *englishFigures) { f.OnScreen = 76 },
		"another verdict":     func(f *englishFigures) { f.Verdict = "not-admitted" },
		"an answer missing":   func(f *englishFigures) { f.Answers = 99 },
		"a recording missing": func(f *englishFigures) { f.Recordings = 8 },
	} {
		f := good
		spoil(&f)
		if f.judge(75) == nil {
			t.Errorf("%s is not seen", name)
		}
	}
	if good.judge(74) == nil {
		t.Error("75 points pass for 74")
	}
	below := englishFigures{Answers: 100, OnScreen: 74, Independent: 74, Most: 100, Verdict: "not-admitted", Recordings: 9}
	if err := below.judge(74); err != nil {
		t.Error(err)
	}
	if line, err := json.Marshal(below); err != nil || !strings.HasPrefix(string(line), `{"answers":100,"on_screen":74,"independent":74,`) {
		t.Errorf("%s, %v", line, err)
	}
}
