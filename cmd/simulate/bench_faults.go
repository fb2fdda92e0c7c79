package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"emtihan/devices"
	"emtihan/devices/detector"
	"emtihan/devices/door"
	"emtihan/devices/osdp"
	"emtihan/devices/osdp/wire"
	"emtihan/devices/reader"
	"emtihan/devices/simulate"
	"emtihan/devices/site"
	"emtihan/devices/ups"
)

// faultsCommand meets every device with every fault of its line and looks at what its driver states meanwhile (R21).
type faultsCommand struct {
	Errors time.Duration `default:"1m" help:"How long the bit errors last."`
	Only   string        `help:"Only cases whose device or fault contains this."`
}

// faultsFigures is the last line of the benchmark.
type faultsFigures struct {
	Cases int `json:"cases"`
	// FalseClear counts statements, new or standing, that a device is clear, closed or on mains while it is not.
	FalseClear int `json:"false_clear"`
	// MaxReport is the longest time from a door's opening, an alarm or a failure of the mains under a fault to the report of
	// it, or of not knowing.
	MaxReport float64 `json:"max_report_ms"`
	// NotBack counts devices whose true state was not told again after the fault.
	NotBack int `json:"not_back"`
	// Misread counts documents that were read otherwise than they were shown.
	Misread int `json:"misread"`
}

// The faults, in the order of the table.
var faultNames = []string{
	"half frame", "noise before", "wrong check", "wrong address", "duplicate", "late answer", "answer after the next question", "echo", "silence", "unplug in mid-frame",
	"replug", "stalled write", "power cycle", "cut cable", "2 % bit errors",
}

const (
	halfFrame = iota
	noiseBefore
	wrongCheck
	wrongAddress
	duplicate
	lateAnswer
	tooLate
	echo
	silence
	unplugMid
	replugged
	stalled
	powerCycle
	cutCable
	bitErrors
)

// faulty is a device at the end of a line, or of a socket, and what can happen to it.
type faulty struct {
	name string
	// file of the site; DIR stands for the folder.
	file string
	// silentAfter is what the driver is told.
	silentAfter time.Duration
	// prepare plugs the device in.
	prepare func(dir string) (*rig, error)
}

// rig is a faulty that is plugged in.
type rig struct {
	// raise makes it so that the device is not clear, closed or on mains, or that it is again.
	raise func(on bool) error
	// faults by their number; mend ends one.
	faults map[int]func() (mend func() error, err error)
	close  func() error
}

// claim is what a driver has stated, and when.
type claim struct {
	at     time.Time
	safe   bool // clear, closed, on mains
	known  bool
	reason devices.Reason
}

func (c claim) String() string {
	switch {
	case !c.known:
		return "unknown (" + string(c.reason) + ")"
	case c.safe:
		return "clear"
	}
	return "raised"
}

// trial is one case.
type trial struct {
	device, fault string
	first         claim
	report        time.Duration
	back          time.Duration
	wrong         int
	notBack       bool
	why           string
}

// How the truth moves in a trial. A state that is told refers to a moment at most oldest ago: the time-out of an answer and what
// a busy machine adds.
const (
	oldest    = 280 * time.Millisecond
	beat      = 500 * time.Millisecond
	beats     = 9
	slack     = 700 * time.Millisecond // beyond silent_after
	backAgain = time.Minute
)

func (c *faultsCommand) Run(s streams) error {
	dir, err := os.MkdirTemp("", "faults")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var (
		mu     sync.Mutex
		trials []trial
		errs   []error
		all    sync.WaitGroup
		f      faultsFigures
	)
	for i, one := range faultyDevices() {
		// Each device has its own time, since most of it is waiting.
		all.Go(func() {
			for n, name := range faultNames {
				if !strings.Contains(one.name+" "+name, c.Only) {
					continue
				}
				folder := filepath.Join(dir, fmt.Sprintf("%d-%d", i, n))
				t, there, err := one.try(folder, n, c.Errors)
				mu.Lock()
				if err != nil {
					errs = append(errs, fmt.Errorf("%s, %s: %w", one.name, name, err))
				} else if there {
					trials = append(trials, t)
					fmt.Fprintf(s.err, "bench: %s, %s: %v\n", one.name, name, t.first)
				}
				mu.Unlock()
			}
		})
	}
	var documents []documentTrial
	if strings.Contains("document reader", c.Only) || c.Only == "" {
		all.Go(func() {
			read, err := readDocuments(filepath.Join(dir, "documents"), c.Errors)
			mu.Lock()
			defer mu.Unlock()
			documents, errs = read, append(errs, err)
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	order := func(t trial) int { return slices.Index(faultNames, t.fault) }
	slices.SortStableFunc(trials, func(a, b trial) int {
		if a.device != b.device {
			return strings.Compare(a.device, b.device)
		}
		return order(a) - order(b)
	})
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "device\tfault\treported first\tafter ms\ttrue again after ms\tfalse")
	for _, t := range trials {
		back := fmt.Sprintf("%.0f", ms(t.back))
		if t.notBack {
			back, f.NotBack = "never", f.NotBack+1
		}
		fmt.Fprintf(table, "%s\t%s\t%v\t%.0f\t%s\t%d %s\n", t.device, t.fault, t.first, ms(t.report), back, t.wrong, t.why)
		f.Cases++
		f.FalseClear += t.wrong
		f.MaxReport = max(f.MaxReport, ms(t.report))
	}
	for _, d := range documents {
		fmt.Fprintf(table, "document reader, MRZ\t%s\t%s\t\t\t%d misread\n", d.fault, d.said, d.misread)
		f.Cases++
		f.Misread += d.misread
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if err := json.NewEncoder(s.out).Encode(f); err != nil {
		return err
	}
	if f.FalseClear > 0 || f.NotBack > 0 || f.Misread > 0 {
		return errors.New("a device was believed that should not have been, or never again")
	}
	return nil
}

// truth is whether the device was raised, over time.
type truth struct {
	mu    sync.Mutex
	moves []time.Time // the first raises it, and then they take turns
}

func (t *truth) move() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.moves = append(t.moves, time.Now())
}

// raisedThroughout reports whether the device was raised all the time from a to b.
func (t *truth) raisedThroughout(a, b time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	raised := false
	for _, at := range t.moves {
		if !at.After(a) {
			raised = !raised
		} else if at.Before(b) {
			return false
		}
	}
	return raised
}

// watcher follows what a driver states.
type watcher struct {
	truth truth

	mu     sync.Mutex
	last   claim
	all    []claim
	wrong  int
	why    string
	change chan struct{}
}

func (w *watcher) hear(o devices.Observation, safe bool) {
	c := claim{time.Now(), safe, o.Known(), o.Reason}
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.safe && c.known && w.truth.raisedThroughout(c.at.Add(-oldest), c.at) {
		w.wrong++
		w.why = "stated anew"
	}
	w.last = c
	w.all = append(w.all, c)
	select {
	case w.change <- struct{}{}:
	default:
	}
}

func (w *watcher) state() claim {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// since returns the first claim from a time on that ok accepts.
func (w *watcher) since(from time.Time, ok func(claim) bool) (claim, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := slices.IndexFunc(w.all, func(c claim) bool { return !c.at.Before(from) && ok(c) }); i >= 0 {
		return w.all[i], true
	}
	return claim{}, false
}

func (w *watcher) await(d time.Duration, ok func(claim) bool) bool {
	deadline := time.NewTimer(d)
	defer deadline.Stop()
	for !ok(w.state()) {
		select {
		case <-w.change:
		case <-deadline.C:
			return ok(w.state())
		}
	}
	return true
}

func (w *watcher) observer() site.Observer {
	return site.Observer{
		Detector: func(r detector.Reading) { w.hear(r.Observation, r.Clear()) },
		Door:     func(r door.Reading) { w.hear(r.Observation, r.Closed()) },
		UPS:      func(r ups.Reading) { w.hear(r.Observation, r.Mains()) },
	}
}

// try lets a fault happen and moves the device under it. there is false when the device cannot have it.
func (one faulty) try(dir string, fault int, errorsFor time.Duration) (t trial, there bool, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return t, false, err
	}
	r, err := one.prepare(dir)
	if err != nil {
		return t, false, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	cause := r.faults[fault]
	if cause == nil {
		return t, false, nil
	}
	t = trial{device: one.name, fault: faultNames[fault]}
	s, err := site.Parse([]byte(strings.ReplaceAll(one.file, "DIR", dir)))
	if err != nil {
		return t, false, err
	}
	w := &watcher{change: make(chan struct{}, 1)}
	running, err := s.Start(context.Background(), w.observer())
	if err != nil {
		return t, false, err
	}
	defer func() { err = errors.Join(err, running.Stop()) }()
	if !w.await(backAgain, func(c claim) bool { return c.safe }) {
		return t, false, fmt.Errorf("it does not become clear: %v", w.state())
	}
	move := func(on bool) error {
		err := r.raise(on)
		w.truth.move()
		return err
	}
	standing := func(d time.Duration) {
		began := time.Now()
		time.Sleep(d)
		if w.state().safe && w.truth.raisedThroughout(began, time.Now()) {
			w.mu.Lock()
			w.wrong++
			w.why = "stood"
			w.mu.Unlock()
		}
	}

	mend, err := cause()
	if err != nil {
		return t, false, err
	}
	// The fault itself may have been reported before anything moves.
	before, raised := w.state(), time.Now()
	if fault != cutCable {
		if err := move(true); err != nil {
			return t, false, err
		}
	} else {
		// The cable itself makes it so; the device behind it stays as it was.
		w.truth.move()
	}
	standing(one.silentAfter + slack)
	until := time.Now().Add(beats * beat)
	if fault == bitErrors {
		until = raised.Add(errorsFor)
	}
	on := true
	for fault != cutCable && (time.Now().Before(until) || !on) {
		on = !on
		if err := move(on); err != nil {
			return t, false, err
		}
		time.Sleep(beat)
	}
	switch first, found := w.since(raised, func(c claim) bool { return !c.safe }); {
	case !before.safe:
		t.first = before
	case found:
		t.first, t.report = first, first.at.Sub(raised)
	default:
		t.first, t.report = w.state(), time.Since(raised)
	}
	if err := mend(); err != nil {
		return t, false, err
	}
	mended := time.Now()
	if fault == cutCable {
		w.truth.move()
	}
	// After bit errors the alarm may have stood for so long that it passes for a fault.
	t.notBack = !w.await(backAgain, func(c claim) bool {
		return c.known && c.safe == (fault == cutCable) || c.reason == devices.Stuck && fault != cutCable
	})
	t.back = time.Since(mended)
	if fault != cutCable {
		if err := move(false); err != nil {
			return t, false, err
		}
	}
	t.notBack = !w.await(backAgain, func(c claim) bool { return c.safe }) || t.notBack
	w.mu.Lock()
	defer w.mu.Unlock()
	t.wrong, t.why = w.wrong, w.why
	return t, true, nil
}

// failing is a device that can misbehave in the ways that all lines know.
type failing interface{ Fail(f simulate.Fault) }

// lineFaults are the faults of a device on a serial line. restart switches it off and on.
func lineFaults(l *simulate.Line, d failing, restart func()) map[int]func() (func() error, error) {
	simple := func(f simulate.Fault) func() (func() error, error) {
		return func() (func() error, error) {
			d.Fail(f)
			return func() error { d.Fail(simulate.Healthy); return nil }, nil
		}
	}
	return map[int]func() (func() error, error){
		halfFrame: simple(simulate.HalfFrame), noiseBefore: simple(simulate.Noise), wrongCheck: simple(simulate.WrongCRC),
		wrongAddress: simple(simulate.WrongUnit), duplicate: simple(simulate.Twice), lateAnswer: simple(simulate.Late),
		tooLate: simple(simulate.TooLate), echo: simple(simulate.Echo), silence: simple(simulate.Silent),
		unplugMid: func() (func() error, error) {
			d.Fail(simulate.HalfFrame)
			// Long enough for a poll, too short for it to be given up.
			time.Sleep(100 * time.Millisecond)
			err := l.Unplug()
			d.Fail(simulate.Healthy)
			return l.Replug, err
		},
		replugged: func() (func() error, error) {
			if err := l.Unplug(); err != nil {
				return nil, err
			}
			time.Sleep(50 * time.Millisecond)
			return func() error { return nil }, l.Replug()
		},
		stalled: func() (func() error, error) {
			l.Stall(true)
			return func() error { l.Stall(false); return nil }, nil
		},
		powerCycle: func() (func() error, error) {
			d.Fail(simulate.Silent)
			restart()
			time.Sleep(500 * time.Millisecond)
			d.Fail(simulate.Healthy)
			return func() error { return nil }, nil
		},
		bitErrors: func() (func() error, error) {
			const seed = 2026
			l.Spoil(0.02, seed)
			return func() error { l.Spoil(0, 0); return nil }, nil
		},
	}
}

// cutFault is a cut cable between a contact and its module.
func cutFault(m *simulate.Module) func() (func() error, error) {
	return func() (func() error, error) {
		return func() error { return m.Cut(0, false) }, m.Cut(0, true)
	}
}

const (
	busText    = "format = 1\n[[bus]]\nname = \"bus\"\nprotocol = \"%s\"\npath = \"DIR/port\"\n"
	deviceText = "[[device]]\nname = \"it\"\nbus = \"bus\"\nkind = \"%s\"\n"
)

func faultyDevices() []faulty {
	modbus := func(name, kind, settings string, raisedIsOn bool) faulty {
		return faulty{
			name: name, file: fmt.Sprintf(busText+deviceText, "modbus", kind) + settings, silentAfter: 2 * time.Second,
			prepare: func(dir string) (*rig, error) {
				l, err := simulate.NewLine(filepath.Join(dir, "port"))
				if err != nil {
					return nil, err
				}
				m := simulate.NewModule()
				l.Attach(1, m)
				r := &rig{
					raise: func(on bool) error { return m.Set(0, on == raisedIsOn) }, close: l.Close,
					faults: lineFaults(l, m, func() { _ = m.SetCount(0, 0) }), // input 0 is there
				}
				if !raisedIsOn {
					r.faults[cutCable] = cutFault(m)
				}
				return r, r.raise(false)
			},
		}
	}
	counter := fmt.Sprintf("counter_register = %d\n", simulate.CounterRegister)
	// An alarm of this benchmark may last longer than a person stands in a gate.
	closed := counter + "normally_closed = true\nalarm_longest = \"10m\"\n"
	return []faulty{
		modbus("detector, Modbus, closes on alarm", "detector", counter, true),
		modbus("detector, Modbus, opens on alarm", "detector", closed, false),
		modbus("door, Modbus", "door", "", false),
		ascii(), openDoor(), power(),
	}
}

func ascii() faulty {
	return faulty{
		name: "detector, ASCII", silentAfter: 5 * time.Second,
		file: fmt.Sprintf(busText+deviceText, "single", "detector") + "profile = \"ceia-ascii\"\nalarm_hold = \"1s\"\n",
		prepare: func(dir string) (*rig, error) {
			l, err := simulate.NewLine(filepath.Join(dir, "port"))
			if err != nil {
				return nil, err
			}
			d := simulate.NewASCIIDetector()
			l.AttachASCII(d)
			// Such a detector tells only that there have been alarms, so being raised is one alarm after the other.
			stop := make(chan struct{})
			var passing sync.WaitGroup
			return &rig{
				raise: func(on bool) error {
					if !on {
						if stop != nil {
							close(stop)
							passing.Wait()
						}
						stop = nil
						return nil
					}
					stop = make(chan struct{})
					end := stop
					d.Pass(true)
					passing.Go(func() {
						for again := time.NewTicker(100 * time.Millisecond); ; {
							select {
							case <-again.C:
								d.Pass(true)
							case <-end:
								again.Stop()
								return
							}
						}
					})
					return nil
				},
				faults: lineFaults(l, noAddress{d}, d.Reset), close: l.Close,
			}, nil
		},
	}
}

// noAddress leaves out the faults that a protocol without a check and addresses does not have.
type noAddress struct{ *simulate.ASCIIDetector }

func (n noAddress) Fail(f simulate.Fault) {
	switch f {
	case simulate.WrongCRC:
		f = simulate.Babble
	case simulate.WrongUnit:
		f = simulate.EchoOnly
	}
	n.ASCIIDetector.Fail(f)
}

func openDoor() faulty {
	return faulty{
		name: "door, OSDP", silentAfter: 2 * time.Second,
		file: fmt.Sprintf(busText, "osdp") + "keys = \"DIR/keys.toml\"\n[[bus.peripheral]]\nname = \"unit\"\naddress = 1\n" +
			fmt.Sprintf(deviceText, "door") + "peripheral = \"unit\"\nlock = 0\n",
		prepare: func(dir string) (*rig, error) {
			keys, err := osdp.OpenKeys(filepath.Join(dir, "keys.toml"))
			if err != nil {
				return nil, err
			}
			var key [16]byte
			_, _ = rand.Read(key[:]) // never fails
			if err := keys.Set("unit", wire.Key(key)); err != nil {
				return nil, err
			}
			l, err := simulate.NewLine(filepath.Join(dir, "port"))
			if err != nil {
				return nil, err
			}
			p := simulate.NewPeripheral(simulate.PeripheralConfig{Address: 1, Inputs: 1, Outputs: 1, Readers: 1, Key: &key})
			l.AttachPeripheral(p)
			r := &rig{
				raise: func(on bool) error { p.SetInput(0, !on); return nil }, close: l.Close,
				faults: lineFaults(l, p, p.Restart),
			}
			// A supervised input tells a cut cable by another level.
			r.faults[cutCable] = func() (func() error, error) {
				p.SetLevel(0, 2)
				return func() error { p.SetInput(0, true); return nil }, nil
			}
			return r, r.raise(false)
		},
	}
}

func power() faulty {
	return faulty{
		name: "UPS, NUT", silentAfter: 5 * time.Second,
		file: "format = 1\n[[device]]\nname = \"it\"\nkind = \"ups\"\naddress = \"unix:DIR/ups\"\nups = \"exam\"\npoll_interval = \"100ms\"\n",
		prepare: func(dir string) (*rig, error) {
			u, err := simulate.NewUPS(filepath.Join(dir, "ups"), "exam")
			if err != nil {
				return nil, err
			}
			simple := func(f simulate.Fault) func() (func() error, error) {
				return func() (func() error, error) {
					u.Fail(f)
					return func() error { u.Fail(simulate.Healthy); return nil }, nil
				}
			}
			again := func() (func() error, error) {
				if err := u.Unplug(); err != nil {
					return nil, err
				}
				return func() error { return nil }, u.Replug()
			}
			return &rig{
				raise: func(on bool) error {
					u.SetStatus(map[bool]string{true: "OB DISCHRG", false: "OL"}[on])
					return nil
				},
				faults: map[int]func() (func() error, error){
					halfFrame: simple(simulate.HalfFrame), noiseBefore: simple(simulate.Babble), lateAnswer: simple(simulate.Late),
					silence: simple(simulate.Silent), replugged: again, powerCycle: again, cutCable: nil,
					unplugMid: func() (func() error, error) {
						u.Fail(simulate.HalfFrame)
						time.Sleep(200 * time.Millisecond)
						err := u.Unplug()
						u.Fail(simulate.Healthy)
						return u.Replug, err
					},
				},
				close: u.Close,
			}, nil
		},
	}
}

// documentTrial is what became of documents that were shown to a reader under a fault.
type documentTrial struct {
	fault, said string
	misread     int
}

// shownZone is the specimen of ICAO Doc 9303.
const (
	shownZone   = "I<UTOD231458907<<<<<<<<<<<<<<<\r7408122F1204159UTO<<<<<<<<<<<6\rERIKSSON<<ANNA<MARIA<<<<<<<<<<\r"
	shownNumber = "D23145890"
)

// readDocuments shows documents to a reader of machine-readable zones. Being known says little of a reader that speaks
// unasked, so what counts is that no document is read otherwise than it was shown.
func readDocuments(dir string, errorsFor time.Duration) (all []documentTrial, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	l, err := simulate.NewLine(filepath.Join(dir, "port"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	s, err := site.Parse([]byte(strings.ReplaceAll(fmt.Sprintf(busText+deviceText, "single", "reader")+"profile = \"mrz-lines\"\n", "DIR", dir)))
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	counts := map[string]int{}
	running, err := s.Start(context.Background(), site.Observer{Scan: func(r reader.Reading) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case !r.Known():
			counts["unknown ("+string(r.Reason)+")"]++
		case r.Rejected != "":
			counts["rejected"]++
		case r.Scan != nil && (r.Scan.Document.Number != shownNumber || r.Scan.Document.Surname != "ERIKSSON" || r.Scan.Document.Birth != "740812"):
			counts["misread"]++
		case r.Scan != nil:
			counts["read"]++
		}
	}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, running.Stop()) }()
	show := func(text string, times int) func() error {
		return func() error {
			for range times {
				if err := l.Say([]byte(text)); err != nil {
					return err
				}
				time.Sleep(2 * beat)
			}
			return nil
		}
	}
	const noise = "\x00\xFF\x80\r\n"
	for _, one := range []struct {
		fault int
		do    func() error
	}{
		{halfFrame, show(shownZone[:50], 3)},
		{noiseBefore, show(noise+shownZone, 3)},
		{wrongCheck, show(strings.Replace(shownZone, "D23145890", "D23145891", 1), 3)},
		{duplicate, show(shownZone+shownZone, 3)},
		{unplugMid, func() error {
			err := l.Say([]byte(shownZone[:50]))
			time.Sleep(50 * time.Millisecond)
			err = errors.Join(err, l.Unplug())
			time.Sleep(2 * beat)
			return errors.Join(err, l.Replug())
		}},
		{replugged, func() error {
			time.Sleep(2 * beat)
			return show(shownZone, 3)()
		}},
		{bitErrors, func() error {
			l.Spoil(0.02, 7)
			defer l.Spoil(0, 0)
			return show(shownZone, max(1, int(errorsFor/(2*beat))))()
		}},
	} {
		mu.Lock()
		clear(counts)
		mu.Unlock()
		if err := one.do(); err != nil {
			return nil, fmt.Errorf("document reader, %s: %w", faultNames[one.fault], err)
		}
		mu.Lock()
		var said []string
		for _, what := range slices.Sorted(maps.Keys(counts)) {
			said = append(said, fmt.Sprintf("%s × %d", what, counts[what]))
		}
		all = append(all, documentTrial{faultNames[one.fault], strings.Join(said, ", "), counts["misread"]})
		mu.Unlock()
	}
	return all, nil
}
