package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emtihan/exam/journal"
	"emtihan/exam/vault"

	"github.com/alecthomas/kong"
)

func TestQuantile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[len(hundred)-1-i] = time.Duration(i + 1)
	}
	tests := []struct {
		values []time.Duration
		q      float64
		want   time.Duration
	}{
		{nil, 0.5, 0},
		{[]time.Duration{7}, 0, 7},
		{[]time.Duration{7}, 0.99, 7},
		{[]time.Duration{3, 1, 2}, 0.5, 2},
		{[]time.Duration{4, 3, 2, 1}, 0.5, 2},
		{hundred, 0.99, 99},
		{hundred, 0.995, 100},
		{hundred, 1, 100},
		{hundred, 0, 1},
	}
	for _, tt := range tests {
		if got := quantile(tt.values, tt.q); got != tt.want {
			t.Errorf("quantile of %d values at %v: %d, want %d", len(tt.values), tt.q, got, tt.want)
		}
	}
	if hundred[0] != 100 {
		t.Error("quantile has sorted its argument")
	}
	if got := ratio(3, 2); got != 1.5 {
		t.Errorf("ratio %v", got)
	}
	if got := ratio(3, 0); got != 0 {
		t.Errorf("ratio to nothing %v", got)
	}
	if got := ms(1234567 * time.Nanosecond); got != 1.234 {
		t.Errorf("ms %v", got)
	}
}

const mountList = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:25 / /tmp rw,nosuid - tmpfs tmpfs rw
31 22 8:1 / /mnt/my\040stick rw - vfat /dev/sdb1 rw
32 22 8:2 / /mnt/a rw - xfs /dev/sdc1 rw
33 22 8:3 / /mnt/a rw - btrfs /dev/sdd1 rw
not a line of this file
`

func TestFindMount(t *testing.T) {
	for path, want := range map[string]mount{
		"/":                   {"ext4", "/dev/vda"},
		"/home/out":           {"ext4", "/dev/vda"},
		"/tmp":                {"tmpfs", "tmpfs"},
		"/tmp/x":              {"tmpfs", "tmpfs"},
		"/tmpx":               {"ext4", "/dev/vda"},
		"/mnt/my stick/files": {"vfat", "/dev/sdb1"},
		"/mnt/a/b":            {"btrfs", "/dev/sdd1"},
	} {
		got, err := findMount(strings.NewReader(mountList), path)
		if err != nil || got != want {
			t.Errorf("%s: %v %v, want %v", path, got, err, want)
		}
	}
	if _, err := findMount(strings.NewReader(""), "/"); err == nil {
		t.Error("an empty list has a mount")
	}
	for m, want := range map[string]bool{"tmpfs": true, "ramfs": true, "ext4": false} {
		if got := (mount{kind: m}).inMemory(); got != want {
			t.Errorf("%s in memory: %v", m, got)
		}
	}
}

func TestWorkFolderRefusesMemory(t *testing.T) {
	const shm = "/dev/shm"
	if m, err := mountOf(shm); err != nil || !m.inMemory() {
		t.Skip("this computer keeps no folder in memory under " + shm)
	}
	base, err := os.MkdirTemp(shm, "hammer-")
	if err != nil {
		t.Skip("nothing can be written to " + shm)
	}
	defer os.RemoveAll(base)
	if _, err := workFolder(base); !errors.Is(err, errMemory) {
		t.Errorf("a folder in memory: %v", err)
	}
}

func TestArguments(t *testing.T) {
	for _, tt := range []struct {
		line string
		ok   bool
	}{
		{"kill", true},
		{"kill --kills 5 --seed 7", true},
		{"kill --kills many", false},
		{"journal --keys 100 --long 1000", true},
		{"resume --rounds 11 --keep-cache", true},
		{"writer", false},
		{"", false},
	} {
		var cli arguments
		p, err := kong.New(&cli)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Parse(strings.Fields(tt.line)); (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.line, err)
		}
	}
	for what, run := range map[string]func() error{
		"no kills":     (&killCommand{}).Run,
		"few keys":     (&journalCommand{Keys: 1, Bursts: 1, Long: 1}).Run,
		"no bursts":    (&journalCommand{Keys: 100, Long: 1}).Run,
		"no rounds":    (&resumeCommand{Small: 1000, Large: 1000, Cut: 0.5}).Run,
		"cut too late": (&resumeCommand{Rounds: 1, Small: 1000, Large: 1000, Cut: 1}).Run,
	} {
		if err := run(); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestTellings(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	want := telling{kind: tellCheckpoint, a: 1 << 60, b: 12345}
	if err := want.send(w); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if got, err := hear(r); err != nil || got != want {
		t.Errorf("heard %v %v, want %v", got, err, want)
	}
	if _, err := hear(r); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := hear(strings.NewReader("half")); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("half a telling: %v", err)
	}
}

func TestBetween(t *testing.T) {
	if got := between(0, time.Millisecond, time.Second); got != time.Millisecond {
		t.Error(got)
	}
	if got := between(0.999999, time.Millisecond, time.Second); got < 999*time.Millisecond || got > time.Second {
		t.Error(got)
	}
}

func TestContents(t *testing.T) {
	a, b := contents{1, "a"}, contents{1, "b"}
	if bytes.Equal(a.record(1, 1), b.record(1, 1)) || bytes.Equal(a.record(1, 1), a.record(2, 1)) || bytes.Equal(a.record(1, 1), a.record(1, 2)) {
		t.Error("two different records are alike")
	}
	if !bytes.Equal(a.record(3, 9), a.record(3, 9)) || !bytes.Equal(a.snapshot(3), a.snapshot(3)) {
		t.Error("a record is not the same twice")
	}
	if run, ok := runOf(a.record(3, 900)); !ok || run != 900 {
		t.Errorf("run %d", run)
	}
	if _, ok := runOf(nil); ok {
		t.Error("an empty record has a run")
	}
	long, blobs, end := 0, 0, uint64(0)
	for n := uint64(1); n < 4000; n += a.unit(n) {
		if got := a.boundary(n - 1); got != n-1 {
			t.Fatalf("a unit ends with %d, not %d", n-1, got)
		}
		if u := a.unit(n); u > 1 {
			long++
			if got := a.boundary(n); got != n-1 {
				t.Fatalf("inside a unit after %d: %d", n-1, got)
			}
		}
		blobs += len(a.blobs(n))
		end = n
	}
	if long == 0 || blobs == 0 || end == 0 {
		t.Errorf("%d long units and %d blobs in 4000 records: the test would not test them", long, blobs)
	}
}

// writeSubject writes a journal as a writer does, and what it says is heard.
func writeSubject(t *testing.T, second bool) *subject {
	t.Helper()
	keys := t.TempDir()
	v, err := vault.Open(keys, vault.Options{Credentials: "-"})
	if err != nil {
		t.Fatal(err)
	}
	s := &subject{want: contents{5, "j"}, folder: t.TempDir(), vault: v, points: make(map[uint64]uint64), runs: 1}
	s.places = placesOf(s.folder, "j", second)
	s.hurt = make([]bool, len(s.places))
	opt := journal.Options{Vault: v}
	if second {
		opt.Second = s.places[1]
	}
	for _, p := range s.places {
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	j, err := journal.Create(s.places[0], "j", opt)
	if err != nil {
		t.Fatal(err)
	}
	s.heard(telling{kind: tellOpen})
	w := &writerCommand{Name: "j", Seed: 5, Number: 1}
	var last uint64
	for last < 600 {
		if last, err = w.append(j, s.want); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(allPlaces(j), j.Close()); err != nil {
		t.Fatal(err)
	}
	s.heard(telling{kind: tellAck, a: last})
	return s
}

// A judge that finds nothing must be one that would.
func TestJudge(t *testing.T) {
	t.Run("whole", func(t *testing.T) {
		s := writeSubject(t, true)
		for _, complete := range []bool{false, true} {
			v, held := s.look(complete)
			if v.bad() || v.records != s.acked || held[0] != held[1] || complete && (v.compared.records != 2*s.acked || v.compared.blobs == 0) {
				t.Errorf("complete %v: %+v %v", complete, v, held)
			}
		}
		if v := s.finish(); v.bad() {
			t.Errorf("%+v", v)
		}
	})
	t.Run("more acknowledged than there is", func(t *testing.T) {
		s := writeSubject(t, false)
		s.acked += 3
		if v, _ := s.look(false); v.lost != 3 {
			t.Errorf("%+v", v)
		}
	})
	t.Run("written by another run", func(t *testing.T) {
		s := writeSubject(t, false)
		s.written[0].run, s.runs = 2, 2
		if v, _ := s.look(true); v.lost == 0 || len(v.problems) == 0 {
			t.Errorf("%+v", v)
		}
	})
	t.Run("other contents", func(t *testing.T) {
		s := writeSubject(t, false)
		s.want.seed++
		if v, _ := s.look(true); v.lost == 0 {
			t.Errorf("%+v", v)
		}
	})
	t.Run("a checkpoint is missing", func(t *testing.T) {
		s := writeSubject(t, false)
		s.points[1<<40] = 1
		if v, _ := s.look(true); v.lost != 1 {
			t.Errorf("%+v", v)
		}
	})
	t.Run("gone", func(t *testing.T) {
		s := writeSubject(t, true)
		for _, p := range s.places {
			if err := os.Remove(p); err != nil {
				t.Fatal(err)
			}
		}
		if v, _ := s.look(false); v.lost != s.acked {
			t.Errorf("%+v", v)
		}
	})
	t.Run("damaged", func(t *testing.T) {
		s := writeSubject(t, false)
		if err := overwrite(s.places[0], frames+8192+300, []byte("not what was here")); err != nil {
			t.Fatal(err)
		}
		if v, _ := s.look(true); v.lost != s.acked || len(v.problems) == 0 {
			t.Errorf("%+v", v)
		}
	})
}

// The bytes that the bare file is given must be those that the journal writes for the same key.
func TestInStream(t *testing.T) {
	s, err := sitDown(t.TempDir(), pace{key: time.Millisecond}, 100, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.await(0); err != nil {
		t.Fatal(err)
	}
	from, err := lastByte(s.journal.Path())
	if err != nil {
		t.Fatal(err)
	}
	before := s.keys.bytes
	unit, err := s.do(s.key())
	if err != nil {
		t.Fatal(err)
	}
	if got := s.keys.bytes - before; len(unit) != 1 || got != int64(inStream(unit[0].Record)) {
		t.Errorf("%d units, %d bytes counted", len(unit), got)
	}
	if err := s.append(unit); err != nil {
		t.Fatal(err)
	}
	if _, err := s.await(0); err != nil {
		t.Fatal(err)
	}
	to, err := lastByte(s.journal.Path())
	if err != nil {
		t.Fatal(err)
	}
	// A checksum may end in zeros.
	if got, want := to-from, int64(inStream(unit[0].Record)); got < want-4 || got > want+4 {
		t.Errorf("the file grew by %d bytes, want %d", got, want)
	}
	if err := s.journal.Close(); err != nil {
		t.Fatal(err)
	}
}

// A candidate at an ordinary pace ticks more than twice a second in pauses, and never beyond the rules.
func TestCandidate(t *testing.T) {
	s, err := sitDown(t.TempDir(), pace{key: 100 * time.Millisecond, pauseEvery: 10, pause: 2 * time.Second}, 50, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for s.typed < 2000 {
		if err := s.step(s.append); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.journal.Close(); err != nil {
		t.Fatal(err)
	}
	if s.ticks.records == 0 || uint64(s.ticks.records+s.keys.records) != s.attempt.Seq {
		t.Errorf("%d ticks, %d other events, %d in all", s.ticks.records, s.keys.records, s.attempt.Seq)
	}
	for _, it := range s.texts {
		if n := len([]rune(s.attempt.Response(it.ID).Text)); n > 200 {
			t.Errorf("the text of %s has %d characters", it.ID, n)
		}
	}
}

// R11: an attempt is taken up from the file that a cut leaves, as the benchmark does it.
func TestTakeUp(t *testing.T) {
	a := &attemptFile{name: "small", events: 6000}
	base := t.TempDir()
	if err := a.make(base, 300, 0.5); err != nil {
		t.Fatal(err)
	}
	if err := copyFile(a.path()+".cut", a.path()); err != nil {
		t.Fatal(err)
	}
	began, err := clock()
	if err != nil {
		t.Fatal(err)
	}
	r, err := (&restoreCommand{Folder: a.folder, Began: int64(began)}).restore()
	if err != nil {
		t.Fatal(err)
	}
	if r.Events < a.events || r.Replayed == 0 || uint64(r.Replayed) >= r.Events {
		t.Errorf("%+v", r)
	}
	for i := 1; i < stageCount; i++ {
		if r.At[i] < r.At[i-1] {
			t.Errorf("%s: before what comes before it", stages[i])
		}
	}
}
