package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
	_ "time/tzdata" // names of zones also on computers that have none installed

	"emtihan/assets/locales"
	"emtihan/exam/journal"
	"emtihan/exam/journal/stream"
	"emtihan/exam/sealed"
	"emtihan/exam/vault"

	"github.com/alecthomas/kong"
)

// The exit codes.
const (
	exitOK         = 0
	exitNotWhole   = 1 // verify, timeline, text: not whole; pull, purge: something could not be pulled or destroyed
	exitUsage      = 2
	exitUnreadable = 3 // it cannot be read, or its content not without a key; pull: the folder cannot be made
	exitCut        = 4 // verify: whole in itself, but the room heard of more
)

const description = `Logs of exams for the staff of the National Centre for Testing.

Exit codes of verify, timeline and text: 0 whole, 1 not whole or signed with another key than --key names, 2 wrong usage, 3 cannot be read (missing, no permission, disk error; timeline and text: no key opens it), 4 whole in itself, but the room's log shows that it was cut or replaced. Of several files the worst counts: 1 before 4 before 3 before 0. Exit codes of pull: 0 everything is sealed, 1 something is not, 2 wrong usage, 3 the folder cannot be made. Exit codes of purge: 0 everything that is past its time was destroyed (or would be), 1 something was refused, 2 wrong usage or not confirmed, 3 the folder or its keys cannot be read.`

type cli struct {
	Lang string `help:"Language of what is said: kk, ru or en." enum:"kk,ru,en" default:"en"`
	Zone string `help:"Time zone of what is shown, such as Asia/Almaty, UTC or Local." default:"Local"`

	Keygen   keygenCmd   `cmd:"" help:"Make the secret key with which NCT reads logs, and print the public one for the stations; or print a secret for a station."`
	Pull     pullCmd     `cmd:"" help:"Seal the logs of stations and rooms, one file per attempt."`
	Verify   verifyCmd   `cmd:"" help:"Say whether sealed logs are whole, and where not. Needs public keys only. Exit code 0 whole, 1 not whole, 2 wrong usage, 3 cannot be read, 4 cut or replaced."`
	Timeline timelineCmd `cmd:"" help:"Show what happened in an exam or a room, event by event."`
	Text     textCmd     `cmd:"" help:"Print the final text of an item, reproduced from its keystrokes."`
	Purge    purgeCmd    `cmd:"" help:"Destroy logs that are past their time, with a record of it."`
	Act      actCmd      `cmd:"" help:"${act_help}"`
	Package  packageCmd  `cmd:"" help:"${package_help}"`
	Roster   rosterCmd   `cmd:"" help:"${roster_help}"`
	Faces    facesCmd    `cmd:"" help:"${faces_help}"`
	Export   exportCmd   `cmd:"" help:"${export_help}"`
	Marks    marksCmd    `cmd:"" help:"Marks that come back from the universities. Exit codes: as export."`
}

// env is what every command works with.
type env struct {
	in       io.Reader
	terminal bool // a person is at in
	out, err io.Writer
	lang     locales.Lang
	zone     *time.Location
	now      func() time.Time
}

// exitError ends the program with a code after everything has been said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// usageError is a wrong use that the parser cannot see.
type usageError struct{ error }

func run(args []string, in *os.File, out, errOut io.Writer) int {
	e := &env{in: in, out: out, err: errOut, now: time.Now}
	if fi, err := in.Stat(); err == nil {
		e.terminal = fi.Mode()&os.ModeCharDevice != 0
	}
	return e.run(args)
}

func (e *env) run(args []string) int {
	var c cli
	parser, err := kong.New(&c, kong.Name("nct"), kong.Description(description), kong.Writers(e.out, e.err), kong.UsageOnError(),
		kong.Vars{"act_help": actHelp, "package_help": packageHelp, "faces_help": facesHelp, "roster_help": rosterHelp, "export_help": exportHelp})
	if err != nil {
		panic(err) // the command line's description is part of the program
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(e.err, "nct: %v\n", err)
		return exitUsage
	}
	e.lang = locales.Lang(c.Lang)
	if e.zone, err = time.LoadLocation(c.Zone); err != nil {
		fmt.Fprintf(e.err, "nct: --zone: %v\n", err)
		return exitUsage
	}
	var code exitError
	var usage usageError
	switch err := ctx.Run(e); {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &usage):
		fmt.Fprintf(e.err, "nct: %v\n", err)
		return exitUsage
	default:
		fmt.Fprintf(e.err, "nct: %v\n", err)
		return exitUnreadable
	}
}

// say returns a sentence of this program's locale files.
func (e *env) say(id string, pairs ...any) string {
	return locales.T(e.lang, "nct."+id, pairs...)
}

// clock returns the time of day with its date.
func (e *env) clock(t time.Time) string { return t.In(e.zone).Format("2006-01-02 15:04:05 -0700") }

// complain returns the sentence for an error of a log's file, and the exit code.
func (e *env) complain(file string, err error) (string, int) {
	var bad *sealed.Error
	var locked *lockedError
	var damaged *journal.DamagedError
	switch {
	case errors.As(err, &bad) && errors.Is(err, sealed.ErrCut):
		return e.say("cut", "File", file, "Since", e.since(bad.Since), "Until", e.point(bad.Until), "Offset", bad.Offset,
			"Why", e.say("why."+string(bad.Code))), exitCut
	case errors.As(err, &bad):
		place := e.say("place."+string(bad.Place), "Number", bad.Number)
		if bad.Frame > 0 && bad.Place != stream.PlaceFrame {
			place += e.say("in-frame", "Number", bad.Frame)
		} else if bad.Place == stream.PlaceFrame {
			place = e.say("place.frame", "Number", bad.Frame)
		}
		s := e.say("not-whole", "File", file, "Place", place, "Offset", bad.Offset, "Why", e.say("why."+string(bad.Code)))
		if bad.Encloses() {
			until := e.say("the-seal")
			if bad.Until != nil {
				until = e.point(bad.Until)
			}
			s += " " + e.say("between", "Since", e.since(bad.Since), "Until", until)
		}
		return s, exitNotWhole
	case errors.As(err, &locked):
		return e.say("locked-file", "File", file, "Needs", e.needs(locked.wraps)), exitUnreadable
	case errors.As(err, &damaged):
		return e.say("unreadable", "File", file, "Why", e.why(diagnose(file, err))), exitNotWhole
	case errors.Is(err, journal.ErrInUse):
		return e.say("unreadable", "File", file, "Why", e.why(diagnose(file, err))), exitUnreadable
	case errors.Is(err, fs.ErrNotExist):
		return e.say("unreadable", "File", file, "Why", e.say("missing")), exitUnreadable
	case errors.Is(err, fs.ErrPermission):
		return e.say("unreadable", "File", file, "Why", e.say("permission")), exitUnreadable
	}
	return e.say("unreadable", "File", file, "Why", err), exitUnreadable
}

// point names a checkpoint.
func (e *env) point(c *stream.Checkpoint) string {
	return e.say("point", "Size", c.Size, "Time", e.clock(c.Time))
}

func (e *env) since(c *stream.Checkpoint) string {
	if c == nil {
		return e.say("the-beginning")
	}
	return e.point(c)
}

// worse returns the code that counts of two.
func worse(a, b int) int {
	rank := map[int]int{exitOK: 0, exitUnreadable: 1, exitCut: 2, exitNotWhole: 3}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// access is with what the content of logs is opened.
type access struct {
	Identity []string `help:"File with NCT's secret keys (see keygen). Can be repeated." placeholder:"FILE" sep:"none"`
	Data     []string `help:"Data folder of the computer that wrote the logs: its own secret opens them. Can be repeated." placeholder:"DIR" sep:"none"`
}

// opener returns what the flags name, or nil.
func (a access) opener() (vault.Opener, error) {
	var openers []vault.Opener
	for _, file := range a.Identity {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("--identity: %w", err)
		}
		id, err := vault.ParseIdentity(data)
		if err != nil {
			return nil, usageError{fmt.Errorf("--identity: %s: %w", file, err)}
		}
		openers = append(openers, id)
	}
	for _, dir := range a.Data {
		v, err := vault.OpenExisting(dir, vault.Options{})
		if err != nil {
			return nil, fmt.Errorf("--data: %w", err)
		}
		openers = append(openers, v)
	}
	if len(openers) == 0 {
		return nil, nil
	}
	return vault.Any(openers...), nil
}

// lockedError says that no key opens a log's content.
type lockedError struct {
	wraps []vault.Wrap
	err   error
}

func (l *lockedError) Error() string { return l.err.Error() }
func (l *lockedError) Unwrap() error { return l.err }

// needs says which key opens a log with these wraps.
func (e *env) needs(wraps []vault.Wrap) string {
	id := "needs.unknown"
	for _, w := range wraps {
		switch {
		case w.For == vault.ForAge:
			return e.say("needs.identity")
		case w.For == vault.ForStation:
			id = "needs.station"
		}
	}
	return e.say(id)
}

func loadKeys(files []string) ([]vault.PublicKey, error) { return loadKeysOf("--key", files) }

// loadKeysOf names the flag in its errors.
func loadKeysOf(flag string, files []string) (keys []vault.PublicKey, err error) {
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		more, err := vault.ParsePublicKeys(data)
		if err != nil {
			return nil, usageError{fmt.Errorf("%s: %s: %w", flag, file, err)}
		}
		keys = append(keys, more...)
	}
	return keys, nil
}
