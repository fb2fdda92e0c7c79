package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"emtihan/devices/door"
	"emtihan/devices/simulate"
	"emtihan/devices/site"
	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/vault"

	"github.com/aldas/go-modbus-client/packet"
)

// doorCommand measures how long it takes from the opening of a door at the wire to a durable event.
type doorCommand struct {
	Moves int    `default:"120" help:"How often a door is opened for each number of devices."`
	Out   string `type:"path" help:"Folder for the journal; a temporary one without it."`
}

// doorFigures is the last line of the benchmark. All times but the commit are those of eight doors on one line, the worst
// case; those of one door follow. A door opens at any moment of the round in which the line asks all devices, so the
// floor is half a round and the bytes of one answer; that of p95 is 95 % of a round and an answer. The ratio is what came
// beyond one commit to the floor, at p50.
//
// A pseudo-terminal has no speed; the simulated line waits for as long as the bytes would take, and on a busy machine it
// waits longer. Played is the floor with the time that an exchange really took in the same run when a loop without any
// driver did nothing but ask.
type doorFigures struct {
	doorTimes
	One       doorTimes `json:"one_device"`
	CommitP50 float64   `json:"commit_p50_ms"`
	CommitP95 float64   `json:"commit_p95_ms"`
	Moves     int       `json:"moves"`
}

// doorTimes are those of a number of devices.
type doorTimes struct {
	P50         float64 `json:"p50_ms"`
	P95         float64 `json:"p95_ms"`
	Floor       float64 `json:"floor_ms"`
	FloorP95    float64 `json:"floor_p95_ms"`
	Ratio       float64 `json:"ratio"`
	RatioP95    float64 `json:"ratio_p95"`
	Played      float64 `json:"played_floor_ms"`
	PlayedRatio float64 `json:"played_ratio"`
}

// The line of the benchmark: the slowest that is in use.
const (
	benchBaud = 9600
	// A question for an input is unit, function, start, count, CRC; its answer unit, function, length, one byte, CRC.
	questionBytes, answerBytes = 8, 6
	// Before each question the line is silent for 3.5 characters (MODBUS over Serial Line V1.02, 2.5.1.1).
	gapBytes = 3.5
)

// doorFloor returns the floor of a part of the moves for n devices on the line, when an exchange takes that many times as long
// as its bytes do, in milliseconds.
func doorFloor(n int, part, slower float64) float64 {
	const char = 10 * 1000.0 / benchBaud
	round := float64(n) * (questionBytes + answerBytes + gapBytes) * char
	return slower * (part*round + answerBytes*char)
}

// played returns how many times as long as its bytes an exchange takes when nothing but a loop asks.
func played(dir string) (slower float64, err error) {
	l, err := simulate.NewLine(filepath.Join(dir, "bare-port"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	l.Pace(benchBaud)
	l.Attach(1, simulate.NewModule())
	port, err := os.OpenFile(filepath.Join(dir, "bare-port"), os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, port.Close()) }()
	request, err := packet.NewReadDiscreteInputsRequestRTU(1, 0, 1)
	if err != nil {
		return 0, err
	}
	const exchanges = 60
	const char = 10 * time.Second / benchBaud
	answer := make([]byte, answerBytes)
	began := time.Now()
	if err := port.SetDeadline(began.Add(stagePatience)); err != nil {
		return 0, err
	}
	for range exchanges {
		time.Sleep(time.Duration(gapBytes * float64(char)))
		if _, err := port.Write(request.Bytes()); err != nil {
			return 0, err
		}
		if _, err := io.ReadFull(port, answer); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(began)) / float64(exchanges) / ((questionBytes + answerBytes + gapBytes) * float64(char)), nil
}

func (c *doorCommand) Run(s streams) error {
	if c.Moves < 10 {
		return errors.New("at least ten moves")
	}
	dir := c.Out
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "door"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f := doorFigures{Moves: c.Moves}
	var commits []float64
	times, slower := map[int][]float64{}, map[int]float64{}
	for _, n := range []int{1, 8} {
		folder := filepath.Join(dir, fmt.Sprint(n))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		before, err := played(folder)
		if err != nil {
			return err
		}
		moved, committed, err := c.measure(folder, n)
		if err != nil {
			return fmt.Errorf("%d devices: %w", n, err)
		}
		after, err := played(folder)
		if err != nil {
			return err
		}
		times[n], slower[n], commits = moved, (before+after)/2, append(commits, committed...)
	}
	f.CommitP50, f.CommitP95 = quantile(commits, 0.5), quantile(commits, 0.95)
	fmt.Fprintf(s.out, "%-40s %9s %9s %9s %9s %9s %9s %9s\n", "from the wire to the disk, 9600 bit/s", "p50 ms", "floor", "ratio", "p95 ms", "floor", "ratio", "played")
	for _, n := range []int{1, 8} {
		t := doorTimes{
			P50: quantile(times[n], 0.5), P95: quantile(times[n], 0.95), Floor: doorFloor(n, 0.5, 1), FloorP95: doorFloor(n, 0.95, 1),
			Played: doorFloor(n, 0.5, slower[n]),
		}
		t.Ratio, t.RatioP95, t.PlayedRatio = (t.P50-f.CommitP50)/t.Floor, (t.P95-f.CommitP95)/t.FloorP95, (t.P50-f.CommitP50)/t.Played
		fmt.Fprintf(s.out, "%-40s %9.1f %9.1f %9.2f %9.1f %9.1f %9.2f %9.2f\n", fmt.Sprintf("%d on the line, %d moves", n, len(times[n])),
			t.P50, t.Floor, t.Ratio, t.P95, t.FloorP95, t.RatioP95, t.PlayedRatio)
		if n == 1 {
			f.One = t
		} else {
			f.doorTimes = t
		}
	}
	fmt.Fprintf(s.out, "%-40s %9.1f %9s %9s %9.1f\n", "one commit: bare write and fdatasync", f.CommitP50, "", "", f.CommitP95)
	return json.NewEncoder(s.out).Encode(f)
}

// doorLog is the journal that readings go into.
type doorLog struct {
	journal *journal.Journal
	durable chan uint64
}

func openDoorLog(dir string) (*doorLog, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	keys, err := vault.Open(dir, vault.Options{Credentials: "-"})
	if err != nil {
		return nil, err
	}
	l := &doorLog{durable: make(chan uint64, 1000)}
	l.journal, err = journal.Create(filepath.Join(dir, "room.journal"), "bench", journal.Options{
		Vault: keys, OnStatus: func(s journal.Status) {
			select {
			case l.durable <- s.Durable:
			default:
			}
		},
	})
	return l, err
}

// put appends an event and returns when the disk has it.
func (l *doorLog) put(e exam.Event, began time.Time) error {
	seq := l.journal.Next()
	record, err := exam.EncodeRecord(exam.Recorded{Seq: seq, Stamp: exam.Stamp{Wall: began.UnixMilli(), Run: 1, Mono: time.Since(began).Milliseconds()}, Event: e})
	if err != nil {
		return err
	}
	if _, err := l.journal.Append(journal.Entry{Record: record}); err != nil {
		return err
	}
	late := time.NewTimer(stagePatience)
	defer late.Stop()
	for {
		select {
		case n := <-l.durable:
			if n >= seq {
				return nil
			}
		case <-late.C:
			return errors.New("the disk does not take the event")
		}
	}
}

// measure opens doors at random moments; commits are bare writes of as many bytes in between.
func (c *doorCommand) measure(dir string, n int) (moved, commits []float64, err error) {
	l, err := simulate.NewLine(filepath.Join(dir, "port"))
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	l.Pace(benchBaud)
	var file strings.Builder
	fmt.Fprintf(&file, "format = 1\n[[bus]]\nname = \"bus\"\nprotocol = \"modbus\"\npath = %q\nbaud = %d\n", filepath.Join(dir, "port"), benchBaud)
	modules := make([]*simulate.Module, n)
	for i := range modules {
		modules[i] = simulate.NewModule()
		if err := modules[i].Set(0, true); err != nil {
			return nil, nil, err
		}
		l.Attach(byte(i+1), modules[i])
		fmt.Fprintf(&file, "[[device]]\nname = \"%d\"\nkind = \"door\"\nbus = \"bus\"\nunit = %d\n", i, i+1)
	}
	s, err := site.Parse([]byte(file.String()))
	if err != nil {
		return nil, nil, err
	}
	log, err := openDoorLog(dir)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, log.journal.Close()) }()
	readings := make(chan door.Reading, 1000)
	running, err := s.Start(context.Background(), site.Observer{Door: func(r door.Reading) { readings <- r }})
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, running.Stop()) }()
	next := func(ok func(door.Reading) bool) (door.Reading, error) {
		late := time.NewTimer(stagePatience)
		defer late.Stop()
		for {
			select {
			case r := <-readings:
				if ok(r) {
					return r, nil
				}
			case <-late.C:
				return door.Reading{}, errors.New("a door does not say what was done to it")
			}
		}
	}
	for range n {
		if _, err := next(door.Reading.Closed); err != nil {
			return nil, nil, err
		}
	}
	bare, err := newDoorFile(filepath.Join(dir, "bare"), c.Moves)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, bare.Close()) }()
	began := time.Now()
	for i := range c.Moves {
		which := rand.IntN(n)
		name := fmt.Sprint(which)
		// Nobody opens doors in step with the line.
		time.Sleep(time.Duration(150+rand.IntN(200)) * time.Millisecond)
		t := time.Now()
		if err := modules[which].Set(0, false); err != nil {
			return nil, nil, err
		}
		r, err := next(func(r door.Reading) bool { return r.Known() && r.Open && r.Device == name })
		if err != nil {
			return nil, nil, err
		}
		if err := log.put(exam.DoorRead{Device: r.Device, Known: true, Open: r.Open}, began); err != nil {
			return nil, nil, err
		}
		moved = append(moved, ms(time.Since(t)))
		t = time.Now()
		if _, err := bare.WriteAt(make([]byte, bareRecord), int64(i*bareRecord)); err != nil {
			return nil, nil, err
		}
		if err := syscall.Fdatasync(int(bare.Fd())); err != nil {
			return nil, nil, err
		}
		commits = append(commits, ms(time.Since(t)))
		if err := modules[which].Set(0, true); err != nil {
			return nil, nil, err
		}
		if _, err := next(func(r door.Reading) bool { return r.Closed() && r.Device == name }); err != nil {
			return nil, nil, err
		}
	}
	return moved, commits, nil
}

// bareRecord is about what an event takes in the journal, in bytes.
const bareRecord = 200

func newDoorFile(path string, moves int) (*os.File, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Fallocate(int(f.Fd()), 0, 0, int64(moves*bareRecord)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
