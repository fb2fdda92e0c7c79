package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
	_ "time/tzdata" // names of zones also on computers that have none installed

	"emtihan/assets/locales"
	"emtihan/exam/sealed"

	"github.com/alecthomas/kong"
)

// The exit codes.
const (
	exitOK         = 0
	exitNotWhole   = 1 // verify, timeline, text: not whole; pull: something could not be pulled
	exitUsage      = 2
	exitUnreadable = 3 // pull: the folder cannot be made
)

const description = `Logs of exams for the staff of the National Centre for Testing.

Exit codes of verify, timeline and text: 0 whole, 1 not whole or sealed by another key than --key names, 2 wrong usage, 3 cannot be read (missing, no permission, disk error). Of several files the worst counts: 1 before 3 before 0. Exit codes of pull: 0 everything is sealed, 1 something is not, 2 wrong usage, 3 the folder cannot be made.`

type cli struct {
	Lang string `help:"Language of what is said: kk, ru or en." enum:"kk,ru,en" default:"en"`
	Zone string `help:"Time zone of what is shown, such as Asia/Almaty, UTC or Local." default:"Local"`

	Pull     pullCmd     `cmd:"" help:"Seal the logs of stations and rooms, one file per attempt."`
	Verify   verifyCmd   `cmd:"" help:"Say whether sealed logs are whole, and where not. Exit code 0 whole, 1 not whole, 2 wrong usage, 3 cannot be read."`
	Timeline timelineCmd `cmd:"" help:"Show what happened in an exam or a room, event by event."`
	Text     textCmd     `cmd:"" help:"Print the final text of an item, reproduced from its keystrokes."`
}

// env is what every command works with.
type env struct {
	out, err io.Writer
	lang     locales.Lang
	zone     *time.Location
}

// exitError ends the program with a code after everything has been said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// usageError is a wrong use that the parser cannot see.
type usageError struct{ error }

func run(args []string, out, errOut io.Writer) int {
	var c cli
	parser, err := kong.New(&c, kong.Name("nct"), kong.Description(description), kong.Writers(out, errOut), kong.UsageOnError())
	if err != nil {
		panic(err) // the command line's description is part of the program
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(errOut, "nct: %v\n", err)
		return exitUsage
	}
	e := &env{out: out, err: errOut, lang: locales.Lang(c.Lang)}
	if e.zone, err = time.LoadLocation(c.Zone); err != nil {
		fmt.Fprintf(errOut, "nct: --zone: %v\n", err)
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
		fmt.Fprintf(errOut, "nct: %v\n", err)
		return exitUsage
	default:
		fmt.Fprintf(errOut, "nct: %v\n", err)
		return exitUnreadable
	}
}

// say returns a sentence of this program's locale files.
func (e *env) say(id string, pairs ...any) string {
	return locales.T(e.lang, "nct."+id, pairs...)
}

// clock returns the time of day with its date.
func (e *env) clock(t time.Time) string { return t.In(e.zone).Format("2006-01-02 15:04:05 -0700") }

// complain returns the sentence for an error of a sealed file, and the exit code.
func (e *env) complain(file string, err error) (string, int) {
	var bad *sealed.Error
	switch {
	case errors.As(err, &bad):
		return e.say("not-whole", "File", file, "Place", e.say("place."+string(bad.Place), "Number", bad.Number),
			"Offset", bad.Offset, "Why", e.say("why."+string(bad.Code))), exitNotWhole
	case errors.Is(err, fs.ErrNotExist):
		return e.say("unreadable", "File", file, "Why", e.say("missing")), exitUnreadable
	case errors.Is(err, fs.ErrPermission):
		return e.say("unreadable", "File", file, "Why", e.say("permission")), exitUnreadable
	}
	return e.say("unreadable", "File", file, "Why", err), exitUnreadable
}
