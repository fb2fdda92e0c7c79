package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"emtihan/assets/locales"
	"emtihan/devices"
	"emtihan/devices/detector"
	"emtihan/devices/door"
	"emtihan/devices/line"
	"emtihan/devices/osdp"
	"emtihan/devices/reader"
	"emtihan/devices/site"
	"emtihan/devices/ups"

	"github.com/alecthomas/kong"
	"golang.org/x/sys/unix"
)

// exitDevices says that something that the devices file names cannot be used.
const exitDevices = 8

// devicesCLI are the tools of the technician, for the time before the window is opened.
type devicesCLI struct {
	Lang string `default:"kk" enum:"kk,ru,en" help:"Language: kk, ru or en."`

	Check struct {
		File string `arg:"" help:"Devices file."`
	} `cmd:"" help:"Say what is wrong with a devices file and with what it names: ports that are not there, busy or forbidden, keys, UPS. Sends nothing."`
	Watch struct {
		File string        `arg:"" help:"Devices file."`
		JSON bool          `help:"One JSON line for each reading instead of a table."`
		For  time.Duration `help:"End after this time; without it, when interrupted."`
	} `cmd:"" help:"Show what all devices state, as it changes."`
	Key struct {
		File       string `arg:"" help:"Devices file."`
		Peripheral string `arg:"" help:"Name of the OSDP peripheral."`
		Change     bool   `help:"It has a key already: give it another one."`
	} `cmd:"" help:"Give an OSDP peripheral that is as it left the factory its own key, and keep it in the file of keys. Do it where nobody listens to the line."`
}

// devicesTool runs the subcommands of "proctor devices".
func devicesTool(args []string, stdout, stderr io.Writer) (code int) {
	c := new(devicesCLI)
	parser, err := kong.New(c, kong.Name("proctor devices"), kong.Description("The devices of a room: check them, watch them, give them keys. "+
		"Exit codes: 0 all is well, 2 wrong usage, 4 the file is damaged, 8 something that it names cannot be used."),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { panic(errExit) }))
	if err != nil {
		fmt.Fprintln(stderr, "proctor:", err)
		return exitUsage
	}
	defer func() {
		if p := recover(); p == errExit {
			code = exitOK
		} else if p != nil {
			panic(p)
		}
	}()
	chosen, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(stderr, "proctor:", err)
		return exitUsage
	}
	l := (&cli{Lang: c.Lang}).lang()
	command, _, _ := strings.Cut(chosen.Command(), " ")
	path := map[string]string{"check": c.Check.File, "watch": c.Watch.File, "key": c.Key.File}[command]
	s, err := site.Load(path)
	if err != nil {
		fmt.Fprintln(stderr, locales.T(l, "proctor.start.devices", "Path", path, "Why", err))
		return exitDamaged
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch command {
	case "check":
		return checkDevices(ctx, l, s, stdout)
	case "key":
		return giveKey(ctx, l, s, c.Key.Peripheral, c.Key.Change, stdout, stderr)
	}
	if c.Watch.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Watch.For)
		defer cancel()
	}
	return showDevices(ctx, l, s, c.Watch.JSON, stdout, stderr)
}

func checkDevices(ctx context.Context, l locales.Lang, s *site.Site, out io.Writer) int {
	faults := 0
	for _, f := range s.Check(ctx) {
		mark := "  "
		if f.Fault {
			faults++
			mark = "! "
		}
		fmt.Fprintln(out, mark+findingText(l, f))
	}
	id := "proctor.devices.ok"
	if faults > 0 {
		id = "proctor.devices.faults"
	}
	fmt.Fprintln(out, locales.T(l, id, "Buses", len(s.Buses), "Devices", len(s.Devices), "Count", faults))
	if faults > 0 {
		return exitDevices
	}
	return exitOK
}

// findingText is a finding as a sentence.
func findingText(l locales.Lang, f site.Finding) string {
	subject := f.Subject
	if f.Path != "" && f.Path != f.Subject {
		subject += " (" + f.Path + ")"
	}
	id := "proctor.devices.finding." + f.ID
	if !locales.Has(id) {
		id = "proctor.reason." + f.ID
	}
	if !locales.Has(id) {
		return subject + ": " + f.Detail
	}
	detail := f.Detail
	if said := f.Text.In(string(l)); said != "" {
		detail = said
	}
	return subject + ": " + locales.T(l, id, "Detail", detail)
}

// commissionPatience bounds the giving of a key: the peripheral may just be restarting.
const commissionPatience = 30 * time.Second

func giveKey(ctx context.Context, l locales.Lang, s *site.Site, peripheral string, change bool, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithTimeout(ctx, commissionPatience)
	defer cancel()
	refuse := func(err error) int {
		fmt.Fprintln(stderr, locales.T(l, "proctor.devices.key_failed", "Name", peripheral, "Why", err))
		return exitDevices
	}
	running, err := s.Start(ctx, site.Observer{})
	if err != nil {
		return refuse(err)
	}
	defer func() { _ = running.Stop() }() // what matters has been said by then
	for {
		if change {
			err = running.ChangeKey(ctx, peripheral)
		} else {
			err = running.Commission(ctx, peripheral)
		}
		// Right after the start there is no conversation to change a key in yet.
		if !change || !errors.Is(err, osdp.ErrOffline) || ctx.Err() != nil {
			break
		}
		pause := time.NewTimer(100 * time.Millisecond)
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
	}
	if err != nil {
		return refuse(err)
	}
	fmt.Fprintln(stdout, locales.T(l, "proctor.devices.key_given", "Name", peripheral))
	return exitOK
}

// row is a bus or a device as it is shown. What persons have shown to readers is told by its kind and size only (R27).
type row struct {
	Time   time.Time `json:"time"`
	Name   string    `json:"name"`
	Kind   string    `json:"kind"` // bus, detector, door, reader, ups, peripheral
	Known  bool      `json:"known"`
	State  string    `json:"state"`
	Reason string    `json:"reason,omitempty"`
	Detail string    `json:"detail,omitempty"`
	Count  uint32    `json:"count,omitempty"` // of alarms
	Shown  string    `json:"shown,omitempty"`
	since  time.Time
}

// board shows the rows.
type board struct {
	lang  locales.Lang
	out   io.Writer
	json  bool
	live  bool // a terminal that can be painted over
	where map[string]string

	mu   sync.Mutex
	rows []row
	err  error // of writing
	stop func()
}

func showDevices(ctx context.Context, l locales.Lang, s *site.Site, asJSON bool, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b := &board{lang: l, out: stdout, json: asJSON, live: !asJSON && isTerminal(stdout), where: map[string]string{}, stop: cancel}
	for _, bus := range s.Buses {
		b.where[bus.Name] = bus.Line.Path
		b.rows = append(b.rows, row{Name: bus.Name, Kind: "bus", State: "unknown", Reason: "waiting", since: time.Now()})
	}
	for _, d := range s.Devices {
		b.where[d.Name] = s.Describe(d)
		b.rows = append(b.rows, row{Name: d.Name, Kind: d.Kind, State: "unknown", Reason: "waiting", since: time.Now()})
	}
	running, err := s.Start(ctx, b.observer())
	if err != nil {
		fmt.Fprintln(stderr, locales.T(l, "proctor.devices.start_failed", "Why", err))
		return exitDevices
	}
	b.paint()
	<-ctx.Done()
	err = running.Stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	if err = errors.Join(err, b.err); err != nil {
		fmt.Fprintln(stderr, "proctor:", err)
		return exitDevices
	}
	return exitOK
}

func isTerminal(out io.Writer) bool {
	f, is := out.(*os.File)
	if !is {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

func (b *board) observer() site.Observer {
	observed := func(kind string, o devices.Observation, state string) row {
		r := row{Time: o.Time, Name: o.Device, Kind: kind, Known: o.Known(), State: state, Detail: o.Detail}
		if !r.Known {
			r.State, r.Reason = "unknown", unknownBecause(o)
		}
		return r
	}
	word := func(yes bool, a, b string) string {
		if yes {
			return a
		}
		return b
	}
	return site.Observer{
		Line: func(bus string, s line.Status) {
			if s.State == line.Closed {
				return // by this program, at its end
			}
			r := row{Time: s.Since, Name: bus, Kind: "bus", State: string(s.State), Known: s.State == line.Online}
			if s.Err != nil {
				r.Detail = s.Err.Error()
			}
			b.show(r)
		},
		Detector: func(d detector.Reading) {
			r := observed(site.Detector, d.Observation, word(d.Active, "alarm", "clear"))
			r.Count = d.Count
			b.show(r)
		},
		Door: func(d door.Reading) { b.show(observed(site.Door, d.Observation, word(d.Open, "open", "closed"))) },
		Scan: func(d reader.Reading) {
			r := observed(site.Reader, d.Observation, "ready")
			if r.Shown = d.Rejected; d.Scan != nil {
				r.Shown = d.Scan.String()
			}
			b.show(r)
		},
		UPS: func(d ups.Reading) {
			state := word(d.OnBattery, "battery", "mains")
			if d.LowBattery {
				state = "low"
			}
			r := observed(site.UPS, d.Observation, state)
			r.Shown = strings.Join(d.Status, " ")
			b.show(r)
		},
		Peripheral: func(d osdp.Reading) {
			r := observed("peripheral", d.Observation, string(d.Channel))
			if d.Known() && d.Local != nil && d.Local.Tamper {
				r.State = "tamper"
			}
			b.show(r)
		},
		Credential: func(c osdp.Credential) {
			b.show(row{Time: c.Time, Name: c.Device, Kind: "peripheral", Known: true, State: string(c.Channel), Shown: c.String()})
		},
	}
}

func (b *board) show(r row) {
	b.mu.Lock()
	r.since = r.Time
	if i := slices.IndexFunc(b.rows, func(one row) bool { return one.Name == r.Name && one.Kind == r.Kind }); i < 0 {
		b.rows = append(b.rows, r)
	} else {
		if old := b.rows[i]; old.State == r.State && old.Reason == r.Reason {
			r.since = old.since
		}
		if r.Shown == "" {
			r.Shown = b.rows[i].Shown
		}
		b.rows[i] = r
	}
	if !b.live {
		b.print(r)
	}
	b.mu.Unlock()
	b.paint()
}

// print writes a line about one reading.
func (b *board) print(r row) {
	var err error
	if b.json {
		err = json.NewEncoder(b.out).Encode(r)
	} else {
		_, err = fmt.Fprintf(b.out, "%s  %s  %s  %s\n", r.Time.Format("15:04:05.000"), r.Name, b.state(r), b.remark(r))
	}
	b.failed(err)
}

// failed ends the watch when nobody reads any more.
func (b *board) failed(err error) {
	if err != nil && b.err == nil {
		b.err = err
		b.stop()
	}
}

// paint paints the whole table over the last one.
func (b *board) paint() {
	if !b.live {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	head := func(id string) string { return locales.T(b.lang, "proctor.devices.head."+id) }
	fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", head("name"), head("kind"), head("state"), head("since"), head("remark"))
	for _, r := range b.rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.Name, locales.T(b.lang, "proctor.devices.kind."+r.Kind), b.state(r), r.since.Format("15:04:05"), b.remark(r))
	}
	b.failed(table.Flush())
	// Home, and each line erased to its end: the picture does not flicker, as it would after clearing the screen.
	const home, rest, below = "\x1b[H", "\x1b[K\n", "\x1b[J"
	_, err := io.WriteString(b.out, home+strings.ReplaceAll(text.String(), "\n", rest)+locales.T(b.lang, "proctor.devices.ends")+rest+below)
	b.failed(err)
}

func (b *board) state(r row) string {
	if id := "proctor.devices.state." + r.State; locales.Has(id) {
		return locales.T(b.lang, id)
	}
	return r.State
}

// remark is what else is to be said about a row.
func (b *board) remark(r row) string {
	var all []string
	if r.Reason != "" && locales.Has("proctor.reason."+r.Reason) {
		all = append(all, locales.T(b.lang, "proctor.reason."+r.Reason))
	}
	if r.Count > 0 {
		all = append(all, locales.T(b.lang, "proctor.devices.alarms", "Count", r.Count))
	}
	if r.Shown != "" {
		all = append(all, r.Shown)
	}
	if where := b.where[r.Name]; where != "" && len(all) == 0 && r.Kind == "bus" {
		all = append(all, where)
	}
	return strings.Join(all, " · ")
}
