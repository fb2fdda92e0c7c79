package exam_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"emtihan/exam"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write testdata/records.golden anew; a changed line is a changed log format")

// filled returns the event with a different value other than zero in every field.
func filled(t reflect.Type) exam.Event {
	v := reflect.New(t).Elem()
	n := 0
	fill(v, t.Name(), &n)
	return v.Interface().(exam.Event)
}

func fill(v reflect.Value, name string, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%s ә%d", name, *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(1) << (*n % 40))
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(1) << (*n % 30))
	case reflect.Float64:
		v.SetFloat(float64(*n) / 7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), v.Type().Field(i).Name, n)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), name, n)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte{0xCA, 0xFE, byte(*n)})
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), name, n)
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"room": "12", "a": "б", "articles": "4"}))
	default:
		panic("an event has a field of kind " + v.Kind().String())
	}
}

func golden(t testing.TB) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/records.golden")
	if err != nil {
		t.Fatal(err)
	}
	lines := make(map[string]string)
	for line := range strings.Lines(string(data)) {
		kind, record, _ := strings.Cut(strings.TrimSpace(line), " ")
		lines[kind] = record
	}
	return lines
}

// The log format must not change unnoticed: the bytes of one full and one empty record of every kind are kept.
func TestFormatOfRecords(t *testing.T) { // R22
	stamp := exam.Stamp{Wall: 1786939200123, Run: 3, Mono: 123456}
	var out strings.Builder
	for i, zero := range exam.Vocabulary() {
		for name, e := range map[string]exam.Event{"": filled(reflect.TypeOf(zero)), ".zero": zero} {
			want := exam.Recorded{Seq: uint64(i) + 1, Stamp: stamp, Event: e}
			data, err := exam.EncodeRecord(want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := exam.DecodeRecord(data)
			if err != nil {
				t.Fatalf("%s: %v", e.Kind(), err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-written +read):\n%s", e.Kind(), d)
			}
			again, err := exam.EncodeRecord(got)
			if err != nil || !bytes.Equal(again, data) {
				t.Errorf("%s: written again it has other bytes (%v)", e.Kind(), err)
			}
			key := e.Kind() + name
			if !*update && golden(t)[key] != hex.EncodeToString(data) {
				t.Errorf("%s: the format has changed\n was %s\n  is %x", key, golden(t)[key], data)
			}
		}
		for _, name := range []string{"", ".zero"} {
			e := zero
			if name == "" {
				e = filled(reflect.TypeOf(zero))
			}
			data, _ := exam.EncodeRecord(exam.Recorded{Seq: uint64(i) + 1, Stamp: stamp, Event: e})
			fmt.Fprintf(&out, "%s%s %x\n", e.Kind(), name, data)
		}
	}
	if *update {
		if err := os.WriteFile("testdata/records.golden", []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if len(golden(t)) != 2*len(exam.Vocabulary()) {
		t.Errorf("%d golden records for %d kinds", len(golden(t)), len(exam.Vocabulary()))
	}
}

func TestVocabularyHasEveryKindOnce(t *testing.T) {
	seen := make(map[string]bool)
	for _, e := range exam.Vocabulary() {
		if seen[e.Kind()] || e.Kind() == "" {
			t.Errorf("kind %q stands twice or is empty", e.Kind())
		}
		seen[e.Kind()] = true
	}
}

// reencode changes a record in its generic form.
func reencode(t testing.TB, data []byte, change func(record, body map[any]any)) []byte {
	t.Helper()
	var record map[any]any
	if err := cbor.Unmarshal(data, &record); err != nil {
		t.Fatal(err)
	}
	body := record[uint64(6)].(map[any]any)
	change(record, body)
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	out, err := mode.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRecordsRefused(t *testing.T) { // R22
	good, err := exam.EncodeRecord(exam.Recorded{Seq: 9, Stamp: exam.Stamp{Run: 1, Mono: 5}, Event: exam.Edited{Item: "E1", Position: 3, Inserted: "ә"}})
	if err != nil {
		t.Fatal(err)
	}
	if same := reencode(t, good, func(_, _ map[any]any) {}); !bytes.Equal(same, good) {
		t.Fatalf("the test's own encoding differs: %x, %x", same, good)
	}
	type generic = map[any]any
	tests := map[string][]byte{
		"nothing":               nil,
		"one byte more":         append(bytes.Clone(good), 0),
		"twice":                 append(bytes.Clone(good), good...),
		"unknown kind":          reencode(t, good, func(r, _ generic) { r[uint64(5)] = "edited2" }),
		"kind of another type":  reencode(t, good, func(r, _ generic) { r[uint64(5)] = "chosen" }),
		"no kind":               reencode(t, good, func(r, _ generic) { delete(r, uint64(5)) }),
		"no body":               reencode(t, good, func(r, _ generic) { delete(r, uint64(6)) }),
		"empty body":            reencode(t, good, func(r, _ generic) { r[uint64(6)] = nil }),
		"unknown field":         reencode(t, good, func(r, _ generic) { r[uint64(7)] = 1 }),
		"unknown body field":    reencode(t, good, func(_, b generic) { b[uint64(9)] = 1 }),
		"text for a number":     reencode(t, good, func(_, b generic) { b[uint64(2)] = "3" }),
		"missing field":         reencode(t, good, func(_, b generic) { delete(b, uint64(1)) }),
		"zero written out":      reencode(t, good, func(_, b generic) { b[uint64(3)] = 0 }),
		"run too large":         reencode(t, good, func(r, _ generic) { r[uint64(3)] = uint64(1) << 32 }),
		"seq negative":          reencode(t, good, func(r, _ generic) { r[uint64(1)] = -1 }),
		"text that is no text":  bytes.Replace(good, []byte("ә"), []byte("\xd3\xd3"), 1),
		"an array":              {0x80},
		"long form of a number": append(bytes.Clone(good[:2]), append([]byte{0x18, 9}, good[3:]...)...),
		"indefinite length":     append(append([]byte{0xbf}, good[1:]...), 0xff),
		"deep nesting":          bytes.Repeat([]byte{0x81}, 10_000),
		"huge length":           {0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	}
	for name, data := range tests {
		if got, err := exam.DecodeRecord(data); !errors.Is(err, exam.ErrRecord) || got.Event != nil {
			t.Errorf("%s: %v, %v; want ErrRecord", name, got, err)
		}
	}
	for n := range good {
		if _, err := exam.DecodeRecord(good[:n]); !errors.Is(err, exam.ErrRecord) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
	short := exam.FaceChecked{Box: [4]int{1, 2, 3, 4}}
	data, err := exam.EncodeRecord(exam.Recorded{Seq: 1, Event: short})
	if err != nil {
		t.Fatal(err)
	}
	for _, box := range [][]int{{1, 2, 3}, {1, 2, 3, 4, 5}, nil} {
		bad := reencode(t, data, func(_, b generic) { b[uint64(11)] = box })
		if _, err := exam.DecodeRecord(bad); !errors.Is(err, exam.ErrRecord) {
			t.Errorf("a box of %d numbers: %v", len(box), err)
		}
	}
}

func TestEveryRecordRoundTrips(t *testing.T) { // R22
	var types []reflect.Type
	for _, e := range exam.Vocabulary() {
		types = append(types, reflect.TypeOf(e))
	}
	rapid.Check(t, func(t *rapid.T) {
		v := reflect.New(rapid.SampledFrom(types).Draw(t, "kind")).Elem()
		draw(t, v)
		want := exam.Recorded{Seq: rapid.Uint64().Draw(t, "seq"), Stamp: drawStamp(t), Event: v.Interface().(exam.Event)}
		data, err := exam.EncodeRecord(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := exam.DecodeRecord(data)
		if err != nil {
			t.Fatal(err)
		}
		again, err := exam.EncodeRecord(got)
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("written again: %v\n%x\n%x", err, data, again)
		}
		nan := cmp.FilterValues(func(a, b float64) bool { return math.IsNaN(a) && math.IsNaN(b) }, cmp.Ignore())
		empty := cmp.FilterValues(func(a, b []string) bool { return len(a)+len(b) == 0 }, cmp.Ignore())
		hashes := cmp.FilterValues(func(a, b []byte) bool { return len(a)+len(b) == 0 }, cmp.Ignore())
		effects := cmp.FilterValues(func(a, b []exam.Effect) bool { return len(a)+len(b) == 0 }, cmp.Ignore())
		scores := cmp.FilterValues(func(a, b []exam.BlockScore) bool { return len(a)+len(b) == 0 }, cmp.Ignore())
		if d := cmp.Diff(want, got, nan, empty, hashes, effects, scores, cmp.FilterValues(func(a, b []exam.Warning) bool { return len(a)+len(b) == 0 }, cmp.Ignore())); d != "" {
			t.Fatalf("(-written +read):\n%s", d)
		}
	})
}

func drawStamp(t *rapid.T) exam.Stamp {
	return exam.Stamp{Wall: rapid.Int64().Draw(t, "wall"), Run: rapid.Uint32().Draw(t, "run"), Mono: rapid.Int64().Draw(t, "mono")}
}

func draw(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(strings.ToValidUTF8(rapid.String().Draw(t, "text"), ""))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "int"))
	case reflect.Uint32:
		v.SetUint(uint64(rapid.Uint32().Draw(t, "uint32")))
	case reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "uint64"))
	case reflect.Float64:
		v.SetFloat(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 0.5, 1.0 / 3, math.Inf(1), math.NaN(), math.MaxFloat64, 1e-310}).Draw(t, "float"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Struct:
		for i := range v.NumField() {
			draw(t, v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			draw(t, v.Index(i))
		}
	case reflect.Slice:
		n := rapid.IntRange(-1, 4).Draw(t, "length")
		if n < 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			draw(t, v.Index(i))
		}
	case reflect.Uint8:
		v.SetUint(uint64(rapid.Byte().Draw(t, "byte")))
	case reflect.Map:
		v.Set(reflect.ValueOf(rapid.MapOfN(rapid.StringMatching(`[a-zә]{0,5}`), rapid.StringMatching(`[a-zә]{0,5}`), 0, 5).Draw(t, "map")))
	default:
		panic("an event has a field of kind " + v.Kind().String())
	}
}

func FuzzDecodeRecord(f *testing.F) {
	for _, line := range golden(f) {
		data, err := hex.DecodeString(line)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := exam.DecodeRecord(data)
		if err != nil {
			if !errors.Is(err, exam.ErrRecord) {
				t.Errorf("%v does not wrap ErrRecord", err)
			}
			return
		}
		again, err := exam.EncodeRecord(r)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%x is read, and written as %x (%v)", data, again, err)
		}
		// Folding whatever can be read must not panic.
		r.Seq = 1
		a, err := exam.NewAttempt(nil).Apply(r)
		if err == nil && a.Seq != 1 {
			t.Error("folded, and not counted")
		}
	})
}
