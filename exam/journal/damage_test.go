package journal_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"emtihan/exam/journal"
	"emtihan/exam/journal/disk/disktest"
	"emtihan/exam/journal/stream"
)

// sample is a small journal in one place, closed, with two runs, blobs, checkpoints and a snapshot.
func sample(t *testing.T) (*ledger, *disktest.Crash) {
	t.Helper()
	l, d := newLedger(), newDisk()
	bubble(t, func(t *testing.T) {
		opt := l.options(d, "")
		j, err := journal.Create(pathA, testID, opt)
		if err != nil {
			t.Fatal(err)
		}
		l.append(t, j, l.entry(1, 30), l.entry(0, 8), l.entry(0, 50))
		settle(t, j)
		l.append(t, j, l.entry(0, 20))
		l.snapshot(t, j)
		settle(t, j)
		l.append(t, j, l.entry(0, 20))
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if j, err = journal.Open(pathA, opt); err != nil {
			t.Fatal(err)
		}
		l.append(t, j, l.entry(0, 5))
		settle(t, j)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	})
	if n := l.whole(t, d, pathA); n != 6 {
		t.Fatalf("%d records in the sample", n)
	}
	return l, d
}

// groups returns where the groups of a file begin, and its end.
func groups(t *testing.T, d *disktest.Crash) (list []int64, end, header int64) {
	t.Helper()
	r, err := journal.OpenReaderFS(d, pathA, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Frames(func(f stream.Frame) error {
		if f.Flags&stream.FlagGroupStart != 0 {
			list = append(list, f.Offset)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	_, raw := r.Header()
	return list, r.End(), int64(len(raw))
}

// poke writes bytes into a file of a copy of the disk.
func poke(t *testing.T, d *disktest.Crash, off int64, b []byte) *disktest.Crash {
	t.Helper()
	c := d.Clone()
	f, err := c.Open(pathA, os.O_RDWR)
	if err == nil {
		_, err = f.WriteAt(b, off)
	}
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every byte of a journal is changed in three ways. Each change is found by a full reading, and by opening and Verify
// together, except: the room behind the header, the hints, the zeros behind the end, which nothing is read from; and the last
// group, whose damage looks like the write that a power cut tore. R22
func TestEveryByteChanged(t *testing.T) {
	l, d := sample(t)
	data, err := d.ReadFile(pathA)
	if err != nil {
		t.Fatal(err)
	}
	starts, end, header := groups(t, d)
	last := starts[len(starts)-1]
	found, harmless, torn := 0, map[string]int{}, 0
	step := int64(1)
	if testing.Short() {
		step = 29
	}
	bubble(t, func(t *testing.T) {
		for at := int64(0); at < int64(len(data)); at += step {
			// Zeros are long and all alike.
			switch {
			case at >= header && at < journal.HintOffset, at >= journal.HintOffset+64 && at < journal.HintOffset+journal.HintSize,
				at >= journal.HintOffset+journal.HintSize+64 && at < journal.FirstFrame:
				at += 255
			case at >= end+64:
				at += 32 << 10
			}
			if at >= int64(len(data)) {
				break
			}
			old := data[at]
			for _, b := range slices.Compact([]byte{old ^ 0xFF, old ^ 1<<(at%8), 0}) {
				if b == old {
					continue
				}
				c := poke(t, d, at, []byte{b})
				where := fmt.Sprintf("byte %d from %#x to %#x", at, old, b)
				r, err := journal.OpenReaderFS(c, pathA, sharedVault(), false)
				n := -1
				if err == nil {
					n = l.compare(named{t, where}, r.Records, r.Blobs)
					r.Close()
				}
				j, openErr := journal.Open(pathA, l.options(c, ""))
				verifyErr := openErr
				if openErr == nil {
					_, verifyErr = j.Verify()
					j.Close()
				} else if now, _ := c.ReadFile(pathA); now[at] != b || !slices.Equal(now[at+1:], data[at+1:]) || !slices.Equal(now[:at], data[:at]) {
					t.Fatalf("%s: opening has refused the file and changed it", where)
				}
				region := "frames"
				switch {
				case at < header:
				case at < journal.HintOffset:
					region = "room behind the header"
				case at < journal.FirstFrame:
					region = "hints"
				case at >= end:
					region = "zeros behind the end"
				case at >= last:
					region = "last group"
				}
				switch {
				case region == "frames":
					if !errors.Is(err, journal.ErrDamaged) || !errors.Is(verifyErr, journal.ErrDamaged) {
						t.Fatalf("%s goes unseen: reading %v, opening and verifying %v", where, err, verifyErr)
					}
					found++
				case err != nil || verifyErr != nil || n != len(l.records):
					t.Fatalf("%s (%s): %d records, reading %v, opening and verifying %v", where, region, n, err, verifyErr)
				case region == "last group":
					torn++
				default:
					harmless[region]++
				}
			}
		}
	})
	t.Logf("%d changes found; harmless: %v; %d changes of the last group, which holds no record here, taken for a torn write", found, harmless, torn)
}

// A file that was cut off is refused. One of which everything is zero from some place on is refused where a hint says that
// there was more, and otherwise taken for what a power cut leaves; it never panics, and never shows half a unit.
func TestCutOff(t *testing.T) {
	l, d := sample(t)
	data, err := d.ReadFile(pathA)
	if err != nil {
		t.Fatal(err)
	}
	l.acked = 0 // the one promise that nobody can keep
	_, end, _ := groups(t, d)
	refused, shorter := 0, 0
	bubble(t, func(t *testing.T) {
		for _, pad := range []bool{false, true} {
			step := int64(5)
			if !pad {
				step = 61
			}
			for n := int64(0); n < end; n += step {
				if n >= 400 && n < journal.FirstFrame-step {
					n = journal.FirstFrame - 3
				}
				cut := slices.Clone(data[:n])
				if pad {
					cut = append(cut, make([]byte, len(data)-len(cut))...)
				}
				where := named{t, fmt.Sprintf("cut at %d, zeros behind: %v", n, pad)}
				c := newDisk()
				c.WriteFile(pathA, cut)
				r, err := journal.OpenReaderFS(c, pathA, sharedVault(), false)
				switch {
				case errors.Is(err, journal.ErrDamaged):
					refused++
				case err != nil:
					where.Fatalf("%v", err)
				case !pad:
					where.Fatalf("nobody has noticed")
				default:
					got := l.compare(where, r.Records, r.Blobs)
					r.Close()
					if got < len(l.records) {
						shorter++
					}
					if n > journal.FirstFrame && got < 4 {
						where.Fatalf("%d records, and the snapshot after record 4 is not missed", got)
					}
				}
				if j, err := journal.Open(pathA, l.options(c, "")); err == nil {
					if _, err := j.Verify(); err != nil {
						where.Fatalf("%v", err)
					}
					j.Close()
				} else if now, _ := c.ReadFile(pathA); !errors.Is(err, journal.ErrDamaged) || !slices.Equal(now, cut) {
					where.Fatalf("%v, or the file was changed", err)
				}
			}
		}
	})
	t.Logf("%d cuts refused, %d taken for a power cut before the last records", refused, shorter)
}

// Files that are no journals.
func TestHostileFiles(t *testing.T) {
	_, d := sample(t)
	good, err := d.ReadFile(pathA)
	if err != nil {
		t.Fatal(err)
	}
	bolt := make([]byte, 1<<15)
	copy(bolt[16:], "\xed\xda\x0c\xed\x02\x00\x00\x00")
	later := slices.Clone(good)
	later[8] = 3
	for name, data := range map[string][]byte{
		"empty":          {},
		"zeros":          make([]byte, 1<<16),
		"ones":           slices.Repeat([]byte{0xFF}, 1<<16),
		"text":           slices.Repeat([]byte("ИИН;Фамилия;Имя\n"), 2000),
		"version 1":      bolt,
		"version 3":      later,
		"header alone":   good[:200],
		"twice":          append(slices.Clone(good[:journal.FirstFrame]), slices.Repeat(good[journal.FirstFrame:journal.FirstFrame+800], 2)...),
		"many a frame":   append(slices.Clone(good[:journal.FirstFrame+20]), slices.Repeat([]byte("R\x02\x00\x0f\x00\x00"), 1<<18)...),
		"endless header": append([]byte("EMJRNL\r\n\x02\xff\xff\xff\xff"), make([]byte, 1<<14)...),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := newDisk()
				c.WriteFile(pathA, data)
				_, err := journal.Open(pathA, newLedger().options(c, ""))
				var damaged *journal.DamagedError
				if !errors.As(err, &damaged) || damaged.Path != pathA || damaged.Why == "" {
					t.Errorf("%v, want a DamagedError that says why", err)
				}
				if _, again := journal.OpenReaderFS(c, pathA, nil, false); !errors.Is(again, journal.ErrDamaged) {
					t.Errorf("reading: %v", again)
				}
				if now, _ := c.ReadFile(pathA); !slices.Equal(now, data) {
					t.Error("the file was changed")
				}
			})
		})
	}
}

// A unit whose first frames are on the disk and whose last one is not is what a power cut leaves, no damage. R11
func TestHalfAUnitIsNoDamage(t *testing.T) {
	l, d := sample(t)
	var cut *disktest.Crash
	bubble(t, func(t *testing.T) {
		j, err := journal.Open(pathA, l.options(d, ""))
		if err != nil {
			t.Fatal(err)
		}
		settle(t, j)
		before := d.Clone()
		l.append(t, j, l.entry(0, 40), l.entry(0, 40), l.entry(0, 40))
		settle(t, j)
		starts, end, _ := groups(t, d.Clone())
		whole, err := d.ReadFile(pathA)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		// Every beginning of the last write, and every one with a hole.
		from := starts[len(starts)-1]
		l.acked -= 3
		for to := from + 1; to < end; to += 5 {
			for _, hole := range []int64{0, 30} {
				cut = poke(t, before, from+hole, whole[from+hole:max(to, from+hole)])
				l.clone().goesOn(named{t, fmt.Sprintf("bytes %d–%d of %d–%d written", from+hole, to, from, end)}, cut, "")
			}
		}
	})
}
