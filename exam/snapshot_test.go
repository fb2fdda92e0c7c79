package exam_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"emtihan/exam"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// derived are the fields of an attempt that stand in no snapshot, because Opened names what they are read from.
var derived = map[string]bool{"Attempt.Profile": true, "Attempt.Paper": true}

// fieldsOf calls visit for every field, exported or not, of the struct that v is.
func fieldsOf(v reflect.Value, path string, visit func(path string, field reflect.StructField, v reflect.Value)) {
	for i := range v.NumField() {
		f, field := v.Field(i), v.Type().Field(i)
		if name := path + "." + field.Name; !derived[name] {
			visit(name, field, reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem())
		}
	}
}

// fillAll gives everything below v a value: no nil pointer, no empty list, no zero.
func fillAll(t *testing.T, v reflect.Value, path string, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillAll(t, v.Elem(), path, n)
	case reflect.Struct:
		fieldsOf(v, path, func(path string, _ reflect.StructField, v reflect.Value) { fillAll(t, v, path, n) })
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fillAll(t, v.Index(i), path, n)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("ә%d", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n))
	default:
		t.Fatalf("%s is a %s: this test, and perhaps the snapshot, does not know what to do with it", path, v.Kind())
	}
}

// full returns an attempt in which every field has a value, and its paper.
func full(t *testing.T) (*exam.Attempt, *exam.Paper) {
	t.Helper()
	paper := parsePaper(t, paperSource+strings.ReplaceAll(paperSource[strings.Index(paperSource, "[[passages]]"):strings.Index(paperSource, "[[media]]\nid = \"fig\"")], "id = \"", "id = \"x"))
	a, n := new(exam.Attempt), 0
	fillAll(t, reflect.ValueOf(a).Elem(), "Attempt", &n)
	a.Paper = paper
	a.Phase, a.Current = exam.PhaseRunning, "S1"
	a.Opened.Paper, a.Opened.Profile = paper.Digest(), []byte(profileSource)
	response := a.Responses[0]
	response.Caret = 1
	a.Responses = make([]exam.Response, len(paper.Items()))
	for i := range a.Responses {
		a.Responses[i] = response
		a.Responses[i].Options = []string{"A", "C"}
	}
	ranges := []exam.Range{{From: 3, To: 5}, {From: 7, To: 9}}
	a.Markings = []exam.Marking{{Passage: "P1", Ranges: ranges}, {Passage: "xP1", Ranges: slices.Clone(ranges)}}
	a.Hearings = []exam.Hearing{{Medium: "snd", Times: 2, Open: true, Millis: 7}, {Medium: "xsnd", Times: 2, Open: true, Millis: 7}}
	reparse(t, a)
	return a, paper
}

func reparse(t *testing.T, a *exam.Attempt) {
	t.Helper()
	profile, err := exam.ParseProfile(a.Opened.Profile)
	if err != nil {
		t.Fatal(err)
	}
	a.Profile = profile
}

// restored takes a through its snapshot, demands equality in every field, and returns the copy and the snapshot.
func restored(t tester, a *exam.Attempt, paper *exam.Paper) (*exam.Attempt, []byte) {
	t.Helper()
	data, err := a.Snapshot()
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	copied := bytes.Clone(data)
	b, err := exam.RestoreAttempt(copied, paper)
	if err != nil {
		t.Fatalf("restore: %v", err)
	}
	for i := range copied {
		copied[i] = 0xAA // the journal's pages are reused: nothing of them may be kept
	}
	if !reflect.DeepEqual(a, b) {
		t.Fatalf("restored, it is another attempt (-was +restored):\n%s", cmp.Diff(a, b, same))
	}
	if again, err := b.Snapshot(); err != nil || !bytes.Equal(data, again) {
		t.Fatalf("the snapshot of an equal attempt has other bytes (%v)", err)
	}
	return b, data
}

// Whoever adds a field to Attempt, or to what it holds, and forgets the snapshot, fails here.
func TestSnapshotHoldsEveryField(t *testing.T) { // R11
	a, paper := full(t)
	_, base := restored(t, a, paper)

	// differs demands that the present value of a field stands in the snapshot and comes back.
	differs := func(path string) {
		t.Helper()
		reparse(t, a)
		data, err := a.Snapshot()
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		if bytes.Equal(data, base) {
			t.Errorf("%s is not in the snapshot", path)
			return
		}
		b, err := exam.RestoreAttempt(data, paper)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if !reflect.DeepEqual(a, b) {
			t.Errorf("%s comes back as another value:\n%s", path, cmp.Diff(a, b, same))
		}
	}
	leaves := 0
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		old := reflect.New(v.Type()).Elem()
		old.Set(v)
		defer func() { v.Set(old) }()
		switch path {
		case "Attempt.Opened.Paper": // a snapshot belongs to its paper; TestSnapshotsRefused has others
			return
		case "Attempt.Opened.Profile":
			v.SetBytes([]byte(with(t, profileSource, "minutes = 191")))
			differs(path)
			return
		case "Attempt.Phase":
			v.SetString(string(exam.PhaseFinishing))
			differs(path)
			return
		case "Attempt.Markings[0].Passage", "Attempt.Hearings[0].Medium":
			v.SetString("x" + v.String())
			differs(path)
			return
		case "Attempt.Markings[1].Passage", "Attempt.Hearings[1].Medium":
			v.SetString(v.String()[1:])
			differs(path)
			return
		case "Attempt.Current":
			v.SetString("M1")
			differs(path)
			return
		}
		switch v.Kind() {
		case reflect.Pointer:
			walk(path, v.Elem())
			v.SetZero()
			differs(path + " = nil")
		case reflect.Struct:
			fieldsOf(v, path, func(path string, _ reflect.StructField, v reflect.Value) { walk(path, v) })
		case reflect.Slice:
			for i := range v.Len() {
				walk(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
			}
			if path == "Attempt.Responses" {
				return // one for every item
			}
			v.Set(old.Slice(0, 1))
			differs(path + " cut")
			v.SetZero()
			differs(path + " = nil")
			if path != "Attempt.Opened.Warnings" && !strings.HasSuffix(path, ".Effects") { // an empty list there is folded as none
				v.Set(reflect.MakeSlice(v.Type(), 0, 0))
				differs(path + " = {}")
			}
		case reflect.String:
			v.SetString(v.String() + "x")
			differs(path)
		case reflect.Bool:
			v.SetBool(!v.Bool())
			differs(path)
		case reflect.Int, reflect.Int64:
			v.SetInt(v.Int() + 1)
			differs(path)
		case reflect.Uint8, reflect.Uint32, reflect.Uint64:
			v.SetUint(v.Uint() + 1)
			differs(path)
		}
		leaves++
	}
	walk("Attempt", reflect.ValueOf(a).Elem())
	if leaves < 80 {
		t.Errorf("only %d fields were looked at", leaves)
	}
}

// The numbers of fields are the format: a field without one, or with another's, would change it unnoticed.
func TestSnapshotFieldsAreNumbered(t *testing.T) {
	a, _ := full(t)
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			walk(path, v.Elem())
		case reflect.Slice:
			walk(path, v.Index(0))
		case reflect.Struct:
			fieldsOf(v, path, func(path string, f reflect.StructField, v reflect.Value) {
				number, rest, _ := strings.Cut(f.Tag.Get("cbor"), ",")
				numbered := number != "" && strings.Trim(number, "0123456789") == "" && (rest == "keyasint" || rest == "keyasint,omitempty")
				if !numbered && !f.Anonymous {
					t.Errorf("%s has no number: cbor:%q", path, f.Tag.Get("cbor"))
				}
				walk(path, v)
			})
		}
	}
	walk("Attempt", reflect.ValueOf(a).Elem())
}

// The rules must not change without snapshotVersion being raised: a snapshot of before would stand for another fold.
func TestFormatOfSnapshots(t *testing.T) { // R11
	s := running(t, setup{profile: []string{"runs_while_away = false"}})
	s.must(exam.ReportFocus{Lost: true})
	s.must(exam.Choose{Item: "M1", Options: []string{"C", "A"}})
	s.pass(3 * minute)
	s.must(exam.Edit{Item: "E1", Inserted: "Қазақстан, 👩\u200d🔬"})
	s.must(exam.AppealTechnical{Item: "L1", Text: "сурет жоқ"})
	s.must(exam.ChooseTheme{Item: "L1", Theme: "T2"})
	s.must(exam.Strike{Item: "S1", Option: "C", On: true})
	s.must(exam.Choose{Item: "H1", Options: []string{"B X", "A Z"}})
	s.must(exam.Highlight{Passage: "P1", From: 2, To: 9, On: true})
	s.must(exam.Highlight{Passage: "P1", From: 4, To: 6})
	s.must(exam.Play{Medium: "snd"})
	s.must(exam.ReportPlay{Medium: "snd", Millis: 1500})
	s.must(exam.Prefer{Preferences: exam.Preferences{Percent: 150, Theme: "dark", HideClock: true}})
	s.must(exam.GrantExtra{Deed: admin, Minutes: 20, Document: "№ 7"})
	for range 3 {
		s.leave()
		s.pass(11 * minute)
		s.must(exam.Tick{})
		s.face(exam.PurposeReturn, exam.VerdictAccepted)
	}
	s.must(exam.TieAct{ActTied: exam.ActTied{Number: "13-1", Form: "13", By: admin.By, Digest: []byte{7}}})
	s.must(exam.TieAct{ActTied: exam.ActTied{Number: "14-2", Form: "14", By: admin.By, Effects: []exam.Effect{exam.EffectMoved}, Seat: "31"}})
	s.must(exam.TieAct{ActTied: exam.ActTied{Number: "free-3", Form: "free", By: admin.By, Effects: []exam.Effect{exam.EffectLift}, Corrects: "14-2"}})
	s.must(exam.Annul{Deed: admin, Basis: exam.AnnulledByOrder, Document: "№ 31"})
	s.must(exam.Notify{By: admin.By, Whom: exam.NotifiedCandidate, Means: "№ 32"})
	s.must(exam.ReportStorage{StorageChanged: exam.StorageChanged{Place: exam.StorageSecond, State: exam.StorageAbsent}})
	s.must(exam.Lock{Deed: admin})
	s.restart(hour)
	s.must(exam.Suspend{Deed: admin})
	_, data := restored(t, s.a, s.a.Paper)

	const file = "testdata/snapshot.golden"
	if *update {
		if err := os.WriteFile(file, fmt.Appendf(nil, "%x\n", data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(data); got != strings.TrimSpace(string(want)) {
		t.Errorf("the snapshot of the same events has changed: raise snapshotVersion, then -update\n was %s\n  is %s", want, got)
	}
}

// From a snapshot, an attempt goes on as from its first event, wherever the snapshot was taken.
func TestSnapshotContinues(t *testing.T) { // R6, R11
	taken := map[exam.Phase]int{}
	rapid.Check(t, func(t *rapid.T) {
		draft := atOnce(t)
		paper := draft.Paper
		if evenly(t, "without the paper", 8) == 0 {
			paper = nil
		}
		a := exam.NewAttempt(paper)
		var resumed []*exam.Attempt // one from each snapshot, all going on
		var log [][]byte
		now := exam.Stamp{Wall: start.UnixMilli() + rapid.SampledFrom([]int64{0, 2_400_001}).Draw(t, "arrival"), Run: 1, Mono: 1000}
		run := func(cmd exam.Command, at exam.Stamp) {
			t.Helper()
			events, err := a.Decide(cmd, at)
			for _, b := range resumed {
				again, errAgain := b.Decide(cmd, at)
				if !reflect.DeepEqual(events, again) || fmt.Sprint(err) != fmt.Sprint(errAgain) {
					t.Fatalf("%T: resumed, it answers %v, %v; else %v, %v", cmd, again, errAgain, events, err)
				}
			}
			for _, e := range events {
				r := exam.Recorded{Seq: a.Seq + 1, Stamp: at, Event: e}
				data, err := exam.EncodeRecord(r)
				if err != nil {
					t.Fatalf("%T: %v", cmd, err)
				}
				log = append(log, data)
				if a, err = a.Apply(r); err != nil {
					t.Fatalf("%T: %v", cmd, err)
				}
				for i, b := range resumed {
					if b, err = b.Apply(r); err != nil {
						t.Fatalf("%T: resumed: %v", cmd, err)
					}
					resumed[i] = b
					if d := differ(a, b); d != "" {
						t.Fatalf("%T: %s: resumed, it becomes another attempt (-whole +resumed):\n%s", cmd, e.Kind(), d)
					}
				}
			}
		}
		run(exam.Open{Opened: draft.Opened}, now)
		run(exam.StartRun{}, now)
		commands := rapid.SampledFrom([]int{120, 60, 20}).Draw(t, "commands")
		at, phase := evenly(t, "at", uint64(commands)), exam.PhaseNone
		for i := range commands {
			if i == at || a.Phase != phase && evenly(t, "new phase", 2) == 0 {
				b, _ := restored(t, a, paper)
				resumed = append(resumed, b)
				taken[a.Phase]++
			}
			phase = a.Phase
			now = drawNow(t, a.Last)
			if now.Mono >= a.Last.Mono && evenly(t, "power cut", 26) == 0 {
				now.Run, now.Mono = a.Last.Run+1, rapid.Int64Range(0, 5000).Draw(t, "mono")
				run(exam.StartRun{}, now)
				continue
			}
			run(drawCommand(t, a), now)
		}
		whole := exam.NewAttempt(paper)
		for _, data := range log {
			r, err := exam.DecodeRecord(data)
			if err != nil {
				t.Fatal(err)
			}
			if whole, err = whole.Apply(r); err != nil {
				t.Fatal(err)
			}
		}
		want, err := whole.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range resumed {
			if d := differ(whole, b); d != "" {
				t.Fatalf("the fold of everything is another attempt (-fold +resumed):\n%s", d)
			}
			if got, err := b.Snapshot(); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("equal attempts, and other bytes (%v)", err)
			}
		}
	})
	t.Logf("snapshots by phase: %v", taken)
	for _, p := range []exam.Phase{exam.PhaseLoggedIn, exam.PhaseRunning, exam.PhaseFinishing, exam.PhaseFinished, exam.PhasePostponed} {
		if taken[p] == 0 {
			t.Errorf("no snapshot was taken in phase %q: %v", p, taken)
		}
	}
}

// A live attempt is the state that its log gives back, also where the log does not write what is empty.
func TestEmptyWarningsAreNone(t *testing.T) {
	s := login(t, setup{})
	opened := s.a.Opened
	opened.Warnings = []exam.Warning{}
	a, err := exam.NewAttempt(s.a.Paper).Apply(exam.Recorded{Seq: 1, Stamp: s.now, Event: opened})
	if err != nil {
		t.Fatal(err)
	}
	restored(t, a, a.Paper)
}

// generic is a snapshot as maps, to be changed.
func generic(t testing.TB, data []byte, change func(outer, state map[any]any)) []byte {
	t.Helper()
	var outer map[any]any
	if err := cbor.Unmarshal(data, &outer); err != nil {
		t.Fatal(err)
	}
	change(outer, outer[uint64(2)].(map[any]any))
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	out, err := mode.Marshal(outer)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSnapshotsRefused(t *testing.T) { // R11
	s := running(t, setup{})
	s.must(exam.Edit{Item: "E1", Inserted: "ә"})
	_, good := restored(t, s.a, s.a.Paper)
	if same := generic(t, good, func(_, _ map[any]any) {}); !bytes.Equal(same, good) {
		t.Fatal("the test's own encoding differs")
	}
	type m = map[any]any
	response := func(change func(r m)) []byte {
		return generic(t, good, func(_, s m) { change(s[uint64(8)].([]any)[4].(m)) })
	}
	state := func(key uint64, v any) []byte { return generic(t, good, func(_, s m) { s[key] = v }) }
	other := parsePaper(t, strings.Replace(paperSource, "Эссе", "Эссе 2", 1))
	for name, tt := range map[string]struct {
		data  []byte
		paper *exam.Paper
		want  error
		says  string
	}{
		"nothing":              {nil, s.a.Paper, exam.ErrSnapshot, "EOF"},
		"one byte more":        {append(bytes.Clone(good), 0), s.a.Paper, exam.ErrSnapshot, "extraneous"},
		"older version":        {generic(t, good, func(o, _ m) { o[uint64(1)] = 0 }), s.a.Paper, exam.ErrSnapshotVersion, "version 0"},
		"newer version":        {generic(t, good, func(o, _ m) { o[uint64(1)] = 99; o[uint64(2)] = "other" }), s.a.Paper, exam.ErrSnapshotVersion, "version 99"},
		"another paper":        {good, other, exam.ErrSnapshot, "another paper"},
		"no paper":             {good, nil, exam.ErrSnapshot, "no paper"},
		"not with this paper":  {state(8, nil), s.a.Paper, exam.ErrSnapshot, "0 responses to 7 items"},
		"a response less":      {generic(t, good, func(_, s m) { s[uint64(8)] = s[uint64(8)].([]any)[:4] }), s.a.Paper, exam.ErrSnapshot, "4 responses"},
		"unknown field":        {state(99, 1), s.a.Paper, exam.ErrSnapshot, "unknown field"},
		"field missing":        {generic(t, good, func(_, s m) { delete(s, uint64(22)) }), s.a.Paper, exam.ErrSnapshot, "one encoding"},
		"text for a number":    {state(9, "1"), s.a.Paper, exam.ErrSnapshot, "cannot unmarshal"},
		"no event":             {state(23, 0), s.a.Paper, exam.ErrSnapshot, "no event"},
		"unknown phase":        {state(2, "x"), s.a.Paper, exam.ErrSnapshot, `phase "x"`},
		"no phase":             {state(2, ""), s.a.Paper, exam.ErrSnapshot, "phase"},
		"unknown item":         {state(7, "X9"), s.a.Paper, exam.ErrSnapshot, `"X9"`},
		"negative time":        {state(10, -1), s.a.Paper, exam.ErrSnapshot, "used time"},
		"a thousand years":     {state(10, math.MaxInt64), s.a.Paper, exam.ErrSnapshot, "used time"},
		"negative absence":     {state(12, -1), s.a.Paper, exam.ErrSnapshot, "absences"},
		"caret behind":         {response(func(r m) { r[uint64(2)] = 2 }), s.a.Paper, exam.ErrSnapshot, "caret"},
		"highlight outside":    {state(25, []any{m{uint64(1): "P1", uint64(2): []any{m{uint64(1): 3, uint64(2): 500}}}}), s.a.Paper, exam.ErrSnapshot, "outside its text"},
		"highlights that meet": {state(25, []any{m{uint64(1): "P1", uint64(2): []any{m{uint64(1): 3, uint64(2): 5}, m{uint64(1): 5, uint64(2): 6}}}}), s.a.Paper, exam.ErrSnapshot, "outside its text"},
		"highlight of nothing": {state(25, []any{m{uint64(1): "P9", uint64(2): nil}}), s.a.Paper, exam.ErrSnapshot, "no passage"},
		"sound never begun":    {state(26, []any{m{uint64(1): "snd", uint64(2): 0, uint64(3): true, uint64(4): 1}}), s.a.Paper, exam.ErrSnapshot, "never begun"},
		"sound that is none":   {state(26, []any{m{uint64(1): "fig", uint64(2): 1, uint64(3): true, uint64(4): 1}}), s.a.Paper, exam.ErrSnapshot, "no sound"},
		"caret before":         {response(func(r m) { r[uint64(2)] = -1 }), s.a.Paper, exam.ErrSnapshot, "caret"},
		"text that is no text": {bytes.Replace(good, []byte("ә"), []byte("\xd3\xd3"), 1), s.a.Paper, exam.ErrSnapshot, "UTF-8"},
		"profile that is none": {generic(t, good, func(_, s m) { s[uint64(1)].(m)[uint64(7)] = []byte("format = 2") }), s.a.Paper, exam.ErrSnapshot, "format is 2"},
		"deep nesting":         {bytes.Repeat([]byte{0x81}, 10_000), s.a.Paper, exam.ErrSnapshot, "nested"},
		"long form":            {append(append(bytes.Clone(good[:2]), 0x18, good[2]), good[3:]...), s.a.Paper, exam.ErrSnapshot, "one encoding"},
	} {
		got, err := exam.RestoreAttempt(tt.data, tt.paper)
		if got != nil || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, %v; want %q with …%s…", name, got != nil, err, tt.want, tt.says)
		}
		if errors.Is(err, exam.ErrSnapshot) && errors.Is(err, exam.ErrSnapshotVersion) {
			t.Errorf("%s: both damaged and of another version", name)
		}
	}
	for n := range good {
		if _, err := exam.RestoreAttempt(good[:n], s.a.Paper); !errors.Is(err, exam.ErrSnapshot) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
	for i := range good { // what is changed is refused, or is another snapshot in its one encoding
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if a, err := exam.RestoreAttempt(bad, s.a.Paper); err == nil {
			if again, err := a.Snapshot(); err != nil || !bytes.Equal(again, bad) {
				t.Errorf("byte %d changed: read, and written otherwise (%v)", i, err)
			}
		}
	}
	if data, err := exam.NewAttempt(s.a.Paper).Snapshot(); data != nil || !errors.Is(err, exam.ErrSnapshot) {
		t.Errorf("snapshot of nothing: %x, %v", data, err)
	}
}

// What could be written and not be read again is refused when it is written.
func TestSnapshotsThatCouldNotBeRead(t *testing.T) {
	for name, spoil := range map[string]func(a *exam.Attempt){
		"no text":       func(a *exam.Attempt) { a.Responses[4].Appeal = "\xff" },
		"too many acts": func(a *exam.Attempt) { a.Acts = make([]exam.ActTied, 5000) },
		"no such item":  func(a *exam.Attempt) { a.Current = "X9" },
	} {
		a, _ := full(t)
		spoil(a)
		if data, err := a.Snapshot(); !errors.Is(err, exam.ErrSnapshot) {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
	}
}

// essayist returns an attempt with an essay of n characters.
func essayist(t testing.TB, n int) *exam.Attempt {
	t.Helper()
	s := running(t, setup{})
	s.must(exam.Edit{Item: "E1", Inserted: string([]rune(strings.Repeat("Қазақстан халқы. ", n/17+1))[:n])})
	return s.a
}

func FuzzRestoreAttempt(f *testing.F) {
	paper := parsePaper(f, paperSource)
	line, err := os.ReadFile("testdata/snapshot.golden")
	if err != nil {
		f.Fatal(err)
	}
	seed, err := hex.DecodeString(strings.TrimSpace(string(line)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:len(seed)/2])
	f.Add([]byte("\xa2\x01\x00\x02\xf6"))
	bare, err := exam.NewAttempt(nil).Apply(exam.Recorded{Seq: 1, Event: exam.Opened{Profile: []byte(profileSource)}})
	if err != nil {
		f.Fatal(err)
	}
	data, err := bare.Snapshot()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range []*exam.Paper{paper, nil} {
			a, err := exam.RestoreAttempt(data, p)
			if err != nil {
				if !errors.Is(err, exam.ErrSnapshot) && !errors.Is(err, exam.ErrSnapshotVersion) {
					t.Errorf("%v wraps neither ErrSnapshot nor ErrSnapshotVersion", err)
				}
				continue
			}
			again, err := a.Snapshot()
			if err != nil || !bytes.Equal(again, data) {
				t.Errorf("%x is read, and written as %x (%v)", data, again, err)
			}
			// Going on with whatever can be read must not panic.
			now := a.Last
			for _, c := range []exam.Command{
				exam.Tick{},
				exam.Edit{Item: "E1", Position: a.Response("E1").Caret, Inserted: "x"},
				exam.Choose{Item: "M1", Options: []string{"A"}},
				exam.ChooseTheme{Item: "L1", Theme: "T1"},
				exam.Edit{Item: "L1", Position: a.Response("L1").Caret, Inserted: "x"},
				exam.Leave{Deed: admin},
				exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: a.Awaits(), Verdict: exam.VerdictAccepted}},
				exam.AppealContent{Item: "S1", Ground: 1, Text: "x"},
				exam.Finish{},
				exam.StartRun{},
			} {
				events, _ := a.Decide(c, now)
				for _, e := range events {
					if next, err := a.Apply(exam.Recorded{Seq: a.Seq + 1, Stamp: now, Event: e}); err == nil {
						a = next
					}
				}
				if now.Mono < math.MaxInt64-time.Hour.Milliseconds() {
					now.Mono += time.Hour.Milliseconds()
				}
			}
		}
	})
}

// The aim for an essay of 100,000 characters: under 3 ms to make, under 5 ms to restore.
func BenchmarkSnapshot(b *testing.B) {
	a := essayist(b, 100_000)
	for b.Loop() {
		if _, err := a.Snapshot(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRestoreAttempt(b *testing.B) {
	a := essayist(b, 100_000)
	data, err := a.Snapshot()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := exam.RestoreAttempt(data, a.Paper); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(data)), "bytes")
}
