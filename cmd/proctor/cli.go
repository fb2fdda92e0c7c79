package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"emtihan/assets/locales"
	"emtihan/devices/osdp"
	"emtihan/proctor/console"

	"github.com/alecthomas/kong"
)

// The exit codes.
const (
	exitOK      = 0
	exitUsage   = 2
	exitSecond  = 3
	exitDamaged = 4
	exitFolder  = 5
	exitDisplay = 6
)

type cli struct {
	Session string `required:"" placeholder:"FILE" help:"Session file: who is expected, and who may decide."`
	Data    string `placeholder:"DIR" help:"Data folder for the room's log, acts and form templates (forms/)."`
	Second  string `placeholder:"DIR" help:"Folder on another disk or a stick that keeps the room's log, too."`
	Devices string `placeholder:"FILE" help:"Devices file, see docs/devices.md."`
	Room    string `placeholder:"SOCKET" help:"Unix socket for the stations of the room."`
	Lang    string `default:"kk" enum:"kk,ru,en" help:"Language at the start: kk, ru or en."`
	Witness string `placeholder:"FILE" help:"Diagnostics file: one JSON line for each state shown, without personal data."`

	Page       string        `default:"room" enum:"room,entry" help:"What the window shows at the start: room, or entry."`
	Camera     string        `placeholder:"SOURCE" help:"Camera at the entry: a device number, a device, a file or a URL."`
	Models     string        `placeholder:"DIR" help:"Folder of the face models, for the camera at the entry."`
	Keys       string        `placeholder:"DIR" help:"Folder in which administrators' signing keys (.p12, .pfx) are looked for, such as a stick."`
	OpenFor    time.Duration `default:"8s" help:"How long a lock stays open for a permitted exit, at most 1m."`
	LowBattery string        `default:"ask" enum:"ask,suspend" help:"What follows when a UPS says that its battery will soon be empty: ask an administrator, or suspend all stations."`

	Windowed bool `help:"Do not fill the screen."`

	Window struct{} `cmd:"" default:"withargs" help:"Open the window (the default)."`
	Check  struct{} `cmd:"" help:"Say what is wrong with the session and devices files, and end."`
}

func (c *cli) lang() locales.Lang {
	l, err := locales.Parse(c.Lang)
	if err != nil {
		return locales.Kazakh // the parser of the command line admits no other
	}
	return l
}

// trouble is what keeps the program from starting, as a sentence in three languages and an exit code.
type trouble struct {
	exit  int
	id    string // of the sentence, in "proctor.start"
	pairs []any
}

func (t *trouble) Error() string { return t.in(locales.English) }

func (t *trouble) in(l locales.Lang) string { return locales.T(l, "proctor.start."+t.id, t.pairs...) }

// portMissing says that a device has no port.
type portMissing struct{ id, reason string }

func (p portMissing) in(l locales.Lang) string {
	return locales.T(l, "proctor.start."+p.id, "Why", console.ReasonText(l, p.reason))
}

var errExit = errors.New("help was shown")

func run(args []string, stdout, stderr io.Writer) (code int) {
	// The tools for devices need no session.
	if len(args) > 0 && args[0] == "devices" {
		return devicesTool(args[1:], stdout, stderr)
	}
	c := new(cli)
	parser, err := kong.New(c, kong.Name("proctor"), kong.Description("The administrators' window of an exam room. \"proctor devices --help\" shows the tools for its devices."),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { panic(errExit) }))
	if err != nil {
		fmt.Fprintln(stderr, "proctor:", err)
		return exitUsage
	}
	// Kong ends the program after showing the help; here it only leaves the parser.
	defer func() {
		if p := recover(); p == errExit {
			code = exitOK
		} else if p != nil {
			panic(p)
		}
	}()
	ctx, err := parser.Parse(args)
	switch {
	case err != nil:
	case ctx.Command() == "window" && c.Data == "":
		err = errors.New("missing flags: --data=DIR")
	case c.OpenFor < time.Second || c.OpenFor > osdp.MaxUnlock:
		err = fmt.Errorf("--open-for is %v, not 1s to %v", c.OpenFor, osdp.MaxUnlock)
	}
	if err != nil {
		fmt.Fprintln(stderr, "proctor:", err)
		return exitUsage
	}
	if ctx.Command() == "check" {
		return check(c, stdout, stderr)
	}
	return window(c, stderr)
}
