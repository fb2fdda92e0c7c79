package exam_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"emtihan/exam"

	"github.com/google/go-cmp/cmp"
)

// Numbers without a living owner: the birth year is 1890.
const (
	testIIN  = "900101100004"
	otherIIN = "900101100512"
)

const profileSource = `format = 1
id = "test"
tools = ["calculator"]
[title]
kk = "Сынақ"
ru = "Проба"
en = "Trial"
[clock]
minutes = 190
interview_minutes = 20
interview_here = false
runs_while_away = true
runs_while_locked = false
[admission]
late_minutes = 40
[extra]
max_minutes = 60
[leave]
max_times = 2
max_minutes = 10
[result]
shows_score = false
threshold = 75
[appeal]
technical = true
content_minutes = 30
`

const paperSource = `format = 1
id = "paper"
languages = ["ru"]
[title]
ru = "Вариант"
[[blocks]]
id = "b"
[blocks.title]
ru = "Задания"
[[blocks.items]]
id = "S1"
kind = "single"
points = 1
key = ["B"]
text = {ru = "Один"}
options = [{id = "A", text = {ru = "а"}}, {id = "B", text = {ru = "б"}}, {id = "C", text = {ru = "в"}}]
[[blocks.items]]
id = "M1"
kind = "multiple"
points = 2
key = ["A", "C"]
text = {ru = "Несколько"}
options = [{id = "A", text = {ru = "а"}}, {id = "B", text = {ru = "б"}}, {id = "C", text = {ru = "в"}}]
[[blocks.items]]
id = "K1"
kind = "short"
points = 1
key = ["Абай"]
text = {ru = "Кто?"}
[[blocks.items]]
id = "L1"
kind = "long"
points = 10
text = {ru = "Объясните"}
themes = [{id = "T1", text = {ru = "Одно"}}, {id = "T2", text = {ru = "Другое"}}]
[[blocks.items]]
id = "E1"
kind = "essay"
points = 20
words_min = 250
words_max = 300
text = {ru = "Эссе"}
[[blocks]]
id = "c"
[blocks.title]
ru = "Чтение и слушание"
[[blocks.items]]
id = "H1"
kind = "match"
points = 3
passage = "P1"
key = ["A Y", "B X"]
text = {ru = "Соотнесите"}
options = [{id = "A", text = {ru = "а"}}, {id = "B", text = {ru = "б"}}]
targets = [{id = "X", text = {ru = "икс"}}, {id = "Y", text = {ru = "игрек"}}, {id = "Z", text = {ru = "зет"}}]
[[blocks.items]]
id = "O1"
kind = "order"
points = 2
key = ["C", "A", "B"]
text = {ru = "![Разговор](snd)\n\nРасставьте по порядку"}
options = [{id = "A", text = {ru = "а"}}, {id = "B", text = {ru = "б"}}, {id = "C", text = {ru = "в"}}]
[[passages]]
id = "P1"
text = {ru = "Текст *для* чтения.\n\n| а | б |"}
[[media]]
id = "snd"
kind = "sound"
file = "talk.wav"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
plays = 2
[[media]]
id = "fig"
kind = "picture"
file = "fig.png"
sha256 = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
`

// A testing.TB or a rapid.T.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// with returns the text with keys set to other values.
func with(t tester, source string, settings ...string) string {
	t.Helper()
	for _, s := range settings {
		key, _, _ := strings.Cut(s, " = ")
		lines := strings.Split(source, "\n")
		found := false
		for i, l := range lines {
			if strings.HasPrefix(l, key+" = ") {
				lines[i], found = s, true
			}
		}
		if !found {
			t.Fatalf("no key %q to set", key)
		}
		source = strings.Join(lines, "\n")
	}
	return source
}

func parsePaper(t testing.TB, source string) *exam.Paper {
	t.Helper()
	p, err := exam.ParsePaper([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// hundred returns a paper of a hundred tasks of one point, of which B is right.
func hundred(t testing.TB) *exam.Paper {
	var b strings.Builder
	b.WriteString("format = 1\nid = \"hundred\"\nlanguages = [\"en\"]\ntitle = {en = \"Test\"}\n[[blocks]]\nid = \"b\"\ntitle = {en = \"Tasks\"}\n")
	for i := range 100 {
		fmt.Fprintf(&b, "[[blocks.items]]\nid = \"T%d\"\nkind = \"single\"\npoints = 1\nkey = [\"B\"]\ntext = {en = \"?\"}\n"+
			"options = [{id = \"A\", text = {en = \"a\"}}, {id = \"B\", text = {en = \"b\"}}]\n", i+1)
	}
	return parsePaper(t, b.String())
}

var (
	start = time.Date(2026, 8, 17, 9, 0, 0, 0, time.FixedZone("", 5*3600))
	admin = exam.Deed{By: "Сәуле Ахметова", Reason: "по решению"}
)

// sitting drives one attempt through the rules, with its log going through the codec.
type sitting struct {
	testing.TB
	a   *exam.Attempt
	now exam.Stamp
	log [][]byte
}

type setup struct {
	profile   []string // settings changed in profileSource
	paper     *exam.Paper
	candidate exam.Candidate
	after     time.Duration // login this long after the start
}

func login(t testing.TB, u setup) *sitting {
	t.Helper()
	if u.paper == nil {
		u.paper = parsePaper(t, paperSource)
	}
	if u.candidate.IIN == "" {
		u.candidate.IIN = testIIN
	}
	u.candidate.Name = "Әсел Үмітқызы Қожа"
	s := &sitting{TB: t, a: exam.NewAttempt(u.paper), now: exam.Stamp{Wall: start.Add(u.after).UnixMilli(), Run: 1, Mono: 5000}}
	s.must(exam.Open{Opened: exam.Opened{
		Attempt: "0190f5b2-0000-7000-8000-000000000001", Candidate: u.candidate,
		Profile: []byte(with(t, profileSource, u.profile...)), Paper: u.paper.Digest(), PaperID: u.paper.ID, Start: start.UnixMilli(),
	}})
	s.must(exam.StartRun{})
	return s
}

// identified, running: the same candidate further on.
func identified(t testing.TB, u setup) *sitting {
	t.Helper()
	s := login(t, u)
	s.face(exam.PurposeLogin, exam.VerdictAccepted)
	return s
}

var steps = []exam.Command{exam.ConfirmData{}, exam.ReadRules{}, exam.Confirm{}, exam.Enter{}}

func running(t testing.TB, u setup) *sitting {
	t.Helper()
	s := identified(t, u)
	for _, c := range steps {
		s.must(c)
	}
	return s
}

func (s *sitting) do(cmd exam.Command) ([]exam.Event, error) {
	s.Helper()
	events, err := s.a.Decide(cmd, s.now)
	if err != nil && len(events) > 0 {
		s.Fatalf("%T: refused and answered with events", cmd)
	}
	for _, e := range events {
		data, err := exam.EncodeRecord(exam.Recorded{Seq: s.a.Seq + 1, Stamp: s.now, Event: e})
		if err != nil {
			s.Fatalf("%T: %v", cmd, err)
		}
		rec, err := exam.DecodeRecord(data)
		if err != nil {
			s.Fatalf("%T: %v", cmd, err)
		}
		next, err := s.a.Apply(rec)
		if err != nil {
			s.Fatalf("%T: the rules contradict themselves: %v", cmd, err)
		}
		s.a, s.log = next, append(s.log, data)
	}
	return events, err
}

func (s *sitting) must(cmd exam.Command) []exam.Event {
	s.Helper()
	events, err := s.do(cmd)
	if err != nil {
		s.Fatalf("%T in phase %q: %v", cmd, s.a.Phase, err)
	}
	return events
}

// kinds does the command and checks which events follow.
func (s *sitting) kinds(cmd exam.Command, want ...string) {
	s.Helper()
	got := []string{}
	for _, e := range s.must(cmd) {
		got = append(got, e.Kind())
	}
	if d := cmp.Diff(append([]string{}, want...), got); d != "" {
		s.Errorf("%T (-want +got):\n%s", cmd, d)
	}
}

func (s *sitting) refused(cmd exam.Command, want error) {
	s.Helper()
	before, seq := *s.a, len(s.log)
	if _, err := s.do(cmd); err != want {
		s.Errorf("%T in phase %q: %v, want %v", cmd, s.a.Phase, err, want)
	}
	if len(s.log) != seq || s.a.Seq != before.Seq {
		s.Errorf("%T: refused, and something was recorded", cmd)
	}
}

func (s *sitting) face(p exam.Purpose, v exam.Verdict) []exam.Event {
	s.Helper()
	return s.must(exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: p, Verdict: v, Score: 0.5, Frame: []byte{1, 2}}})
}

// pass lets time pass on both clocks.
func (s *sitting) pass(d time.Duration) {
	s.now.Mono += d.Milliseconds()
	s.now.Wall += d.Milliseconds()
}

// restart starts the program again after a while.
func (s *sitting) restart(after time.Duration) {
	s.Helper()
	s.now = exam.Stamp{Wall: s.now.Wall + after.Milliseconds(), Run: s.now.Run + 1, Mono: 700}
	s.kinds(exam.StartRun{}, "run.started")
}

func (s *sitting) used(want time.Duration) {
	s.Helper()
	if got := s.a.UsedAt(s.now); got != want {
		s.Errorf("used %v, want %v", got, want)
	}
	if got := s.a.Remaining(s.now); got != s.a.Allowance()-want {
		s.Errorf("remaining %v, want %v", got, s.a.Allowance()-want)
	}
}

func (s *sitting) awaits(want exam.Purpose) {
	s.Helper()
	if got := s.a.Awaits(); got != want {
		s.Errorf("awaits the check %q, want %q", got, want)
	}
}

func (s *sitting) leave() {
	s.Helper()
	s.must(exam.Leave{Deed: admin, Escort: "дежурный по коридору"})
	s.awaits(exam.PurposeLeave)
	s.face(exam.PurposeLeave, exam.VerdictAccepted)
}

// same compares states, papers and profiles by what they were read from.
var same = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.Comparer(func(a, b *exam.Paper) bool {
		return a == b || a != nil && b != nil && a.Digest() == b.Digest()
	}),
	cmp.Comparer(func(a, b *exam.Profile) bool {
		return a == b || a != nil && b != nil && bytes.Equal(a.Source(), b.Source())
	}),
}
