package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"emtihan/cmd/powercut/disk"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const sectors = 16

func sectorOf(fill byte) []byte { return bytes.Repeat([]byte{fill}, disk.Sector) }

func blank(t testing.TB) *disk.Disk {
	t.Helper()
	d, err := disk.New(make([]byte, sectors*disk.Sector))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func write(t testing.TB, d *disk.Disk, sector int, fua bool, fills ...byte) {
	t.Helper()
	var data []byte
	for _, f := range fills {
		data = append(data, sectorOf(f)...)
	}
	if err := d.Write(data, int64(sector)*disk.Sector, fua); err != nil {
		t.Fatal(err)
	}
}

func flush(t testing.TB, d *disk.Disk) {
	t.Helper()
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
}

// fills returns the first byte of each sector, and fails where a sector is not of one kind.
func fills(t testing.TB, image []byte) []byte {
	t.Helper()
	var out []byte
	for s := range slices.Chunk(image, disk.Sector) {
		if !bytes.Equal(s, sectorOf(s[0])) {
			t.Fatal("a sector is torn in itself")
		}
		out = append(out, s[0])
	}
	return out
}

func TestSizes(t *testing.T) {
	for _, n := range []int{0, 1, 511, 513} {
		if _, err := disk.New(make([]byte, n)); err == nil {
			t.Errorf("a disk of %d bytes was made", n)
		}
	}
	d := blank(t)
	for _, c := range []struct {
		n  int
		at int64
	}{{512, sectors * 512}, {1024, (sectors - 1) * 512}, {512, -512}, {512, 1}, {100, 0}, {512, 1 << 62}, {0, 1<<63 - 512}} {
		if err := d.Write(make([]byte, c.n), c.at, false); !errors.Is(err, disk.ErrBounds) {
			t.Errorf("write of %d at %d: %v", c.n, c.at, err)
		}
		if err := d.Read(make([]byte, c.n), c.at); !errors.Is(err, disk.ErrBounds) {
			t.Errorf("read of %d at %d: %v", c.n, c.at, err)
		}
	}
}

func TestReadsShowTheCache(t *testing.T) {
	d := blank(t)
	write(t, d, 3, false, 7)
	got := make([]byte, disk.Sector)
	if err := d.Read(got, 3*disk.Sector); err != nil || !bytes.Equal(got, sectorOf(7)) {
		t.Errorf("%v, %d", err, got[0])
	}
}

// What a cut may leave, for each of many seeds; and that each way of losing occurs.
func TestCut(t *testing.T) {
	seen := make(map[string]int)
	var total disk.Loss
	for seed := range uint64(400) {
		d := blank(t)
		write(t, d, 0, false, 1, 1, 1, 1)
		flush(t, d)
		write(t, d, 0, false, 2)       // over what was flushed
		write(t, d, 4, true, 3, 3)     // not cached
		write(t, d, 6, false, 4, 4, 4) // cached
		write(t, d, 9, false, 5)
		image, loss := d.Cut(rand.New(rand.NewPCG(seed, 1)))
		got := fills(t, image)
		if !bytes.Equal(got[1:6], []byte{1, 1, 1, 3, 3}) {
			t.Fatalf("seed %d: what was flushed or not cached is lost: %v", seed, got)
		}
		lost := bytes.Count(got[6:9], []byte{0}) + bytes.Count(got[9:10], []byte{0}) + bytes.Count(got[:1], []byte{1})
		if loss.Sectors != lost || loss.Unsynced != 4 {
			t.Fatalf("seed %d: %+v, but %d sectors are lost", seed, loss, lost)
		}
		seen[fmt.Sprint(loss.How, " ", got[:1], got[6:10])]++
		total = total.Add(loss)
		if d.Write(sectorOf(9), 0, false) == nil || d.Flush() == nil || d.Read(make([]byte, 512), 0) == nil {
			t.Fatal("the disk works without power")
		}
	}
	for _, want := range []string{
		"all [1] [0 0 0 0]", "tail [2] [4 0 0 0]", "tail [2] [4 4 0 0]", "tail [1] [0 0 0 0]", "some [1] [4 0 4 5]", "some [2] [0 0 4 0]", "one [2] [0 0 0 5]", "one [1] [4 4 4 5]",
	} {
		if seen[want] == 0 {
			t.Errorf("never seen: %s; seen: %v", want, seen)
		}
	}
	if total.Torn == 0 || total.Dropped == 0 {
		t.Errorf("nothing torn or dropped: %+v", total)
	}
}

func TestSameSeedSameCut(t *testing.T) {
	cut := func() []byte {
		d := blank(t)
		for i := range sectors {
			write(t, d, i, false, byte(i))
		}
		image, _ := d.Cut(rand.New(rand.NewPCG(5, 5)))
		return image
	}
	if !bytes.Equal(cut(), cut()) {
		t.Error("a seed does not repeat a cut")
	}
}

func TestOffAt(t *testing.T) {
	for n := 1; n <= 5; n++ {
		d := blank(t)
		write(t, d, 0, false, 1)
		flush(t, d)
		d.OffAt(n)
		taken := 0
		for i := range 3 {
			if d.Write(sectorOf(byte(2+i)), int64(i)*512, true) != nil {
				break
			}
			taken++
			if d.Flush() != nil {
				break
			}
			taken++
		}
		if taken != n-1 {
			t.Errorf("off at %d: %d commands were answered", n, taken)
		}
		select {
		case <-d.Off():
		default:
			t.Errorf("off at %d: nobody is told", n)
		}
	}
	// The write that met the end of the power may have arrived, and may not, even with FUA.
	arrived := make(map[byte]int)
	for seed := range uint64(50) {
		d := blank(t)
		d.OffAt(1)
		if err := d.Write(sectorOf(9), 0, true); !errors.Is(err, disk.ErrOff) {
			t.Fatal(err)
		}
		image, _ := d.Cut(rand.New(rand.NewPCG(seed, 1)))
		arrived[image[0]]++
	}
	if arrived[0] == 0 || arrived[9] == 0 {
		t.Errorf("the write in the air: %v", arrived)
	}
}

func TestLie(t *testing.T) {
	lost := 0
	for seed := range uint64(20) {
		d := blank(t)
		d.Lie()
		write(t, d, 0, true, 9)
		flush(t, d)
		image, loss := d.Cut(rand.New(rand.NewPCG(seed, 1)))
		if image[0] == 0 {
			lost++
		}
		if loss.Unsynced != 1 {
			t.Errorf("%+v", loss)
		}
	}
	if lost == 0 {
		t.Error("a disk that lies loses nothing")
	}
}

// model says for each sector which contents a cut may leave.
type model [sectors][]byte

func (m *model) write(o disk.Op, inTheAir bool) {
	for i := range len(o.Data) / disk.Sector {
		s := &m[int(o.At)/disk.Sector+i]
		if o.FUA && !inTheAir {
			*s = nil
		}
		*s = append(*s, o.Data[i*disk.Sector])
	}
}

func (m *model) flush() {
	for i, s := range m {
		m[i] = s[len(s)-1:]
	}
}

func (m *model) check(t interface {
	Fatalf(format string, args ...any)
}, name string, image []byte,
) {
	for i, allowed := range m {
		s := image[i*disk.Sector : (i+1)*disk.Sector]
		if !bytes.Equal(s, sectorOf(s[0])) || !slices.Contains(allowed, s[0]) {
			t.Fatalf("%s: sector %d holds %d, allowed are %v", name, i, s[0], allowed)
		}
	}
}

func drawOp(t *rapid.T, fill byte) disk.Op {
	if rapid.IntRange(0, 4).Draw(t, "flush") == 0 {
		return disk.Op{}
	}
	at := rapid.IntRange(0, sectors-1).Draw(t, "at")
	n := rapid.IntRange(1, sectors-at).Draw(t, "n")
	return disk.Op{At: int64(at) * disk.Sector, Data: bytes.Repeat(sectorOf(fill), n), FUA: rapid.IntRange(0, 5).Draw(t, "fua") == 0}
}

func TestCutAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, err := disk.New(make([]byte, sectors*disk.Sector))
		if err != nil {
			t.Fatal(err)
		}
		d.Record()
		var m model
		for i := range m {
			m[i] = []byte{0}
		}
		var ops []disk.Op
		for i := range rapid.IntRange(0, 30).Draw(t, "commands") {
			o := drawOp(t, byte(i+1))
			ops = append(ops, o)
			if o.Flush() {
				err = d.Flush()
				m.flush()
			} else {
				err = d.Write(o.Data, o.At, o.FUA)
				m.write(o, false)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(d.History()) != len(ops) || d.Commands() != len(ops) {
			t.Fatalf("%d commands are remembered, %d came", len(d.History()), len(ops))
		}
		image, _ := d.Cut(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
		m.check(t, "cut", image)
	})
}

func TestStatesAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ops []disk.Op
		for i := range rapid.IntRange(0, 20).Draw(t, "commands") {
			ops = append(ops, drawOp(t, byte(i+1)))
		}
		last := -1
		for s := range disk.States(make([]byte, sectors*disk.Sector), ops, rand.New(rand.NewPCG(1, 1))) {
			var m model
			for i := range m {
				m[i] = []byte{0}
			}
			for _, o := range ops[:s.Instant] {
				if o.Flush() {
					m.flush()
				} else {
					m.write(o, false)
				}
			}
			if s.Instant < len(ops) && !ops[s.Instant].Flush() {
				m.write(ops[s.Instant], true)
			}
			m.check(t, s.Name, s.Image)
			last = max(last, s.Instant)
		}
		if last != len(ops) {
			t.Fatalf("the last state is at command %d of %d", last, len(ops))
		}
	})
}

func TestStates(t *testing.T) {
	w := func(sector int, fua bool, fills ...byte) disk.Op {
		o := disk.Op{At: int64(sector) * disk.Sector, FUA: fua}
		for _, f := range fills {
			o.Data = append(o.Data, sectorOf(f)...)
		}
		return o
	}
	base := make([]byte, 4*disk.Sector)
	history := []disk.Op{w(0, false, 1, 1), w(3, false, 2), {}, w(0, true, 3), w(1, false, 4, 4), {}, {}}
	got := make(map[string]string)
	prefixes := 0
	for s := range disk.States(base, history, rand.New(rand.NewPCG(1, 1))) {
		if _, twice := got[s.Name]; twice {
			t.Errorf("twice: %s", s.Name)
		}
		got[s.Name] = fmt.Sprint(s.Instant, fills(t, s.Image))
		if s.Prefix {
			prefixes++
		}
	}
	want := map[string]string{
		"before the first command":                               "0 [0 0 0 0]",
		"command 1, everything saved":                            "1 [1 1 0 0]",
		"command 1, torn in the air behind sector 1":             "0 [1 0 0 0]",
		"command 2, everything saved":                            "2 [1 1 0 2]",
		"command 2, all 2 unflushed writes lost":                 "2 [0 0 0 0]",
		"command 2, unflushed write 1 of 2 lost":                 "2 [0 0 0 2]",
		"command 2, unflushed write 1 of 2 torn behind sector 1": "2 [1 0 0 2]",
		"command 2, unflushed write 2 of 2 lost":                 "2 [1 1 0 0]",
		"command 4, everything saved":                            "4 [3 1 0 2]",
		"command 5, everything saved":                            "5 [3 4 4 2]",
		"command 5, torn in the air behind sector 1":             "4 [3 4 0 2]",
		"command 5, all 2 unflushed writes lost":                 "5 [3 1 0 2]", // the first passed the cache
		"command 5, unflushed write 1 of 2 lost":                 "5 [3 4 4 2]",
		"command 5, unflushed write 2 of 2 lost":                 "5 [3 1 0 2]",
		"command 5, unflushed write 2 of 2 torn behind sector 1": "5 [3 4 0 2]",
		"after the last command":                                 "7 [3 4 4 2]",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if prefixes != 6 {
		t.Errorf("%d prefixes", prefixes)
	}
	n := 0
	for range disk.States(base, history, rand.New(rand.NewPCG(1, 1))) {
		if n++; n == 3 {
			break
		}
	}
}

func TestTornEverywhere(t *testing.T) {
	base := make([]byte, 40*disk.Sector)
	for _, n := range []int{1, 2, 8, 9, 40} {
		history := []disk.Op{{Data: bytes.Repeat(sectorOf(1), n)}}
		left := make(map[int]bool)
		for s := range disk.States(base, history, rand.New(rand.NewPCG(uint64(n), 1))) {
			if s.Instant == 0 && !s.Prefix {
				left[bytes.Count(fills(t, s.Image), []byte{1})] = true
			}
		}
		if len(left) != min(n-1, 7) || left[0] || left[n] {
			t.Errorf("a write of %d sectors is torn behind %v", n, left)
		}
	}
}
