// Command hammer treats the journal worse than an exam would, and measures it: it kills writing programs ten thousand times
// and counts what is missing (R11), times a key from the hand to its acknowledgement, and times the start after a power cut.
//
// Every subcommand ends with one JSON object as its last line. Exit codes: 0 done, 1 something is lost or unreadable, or it
// could not be measured, 2 wrong arguments.
package main

import (
	"fmt"
	"os"

	"github.com/alecthomas/kong"
)

type arguments struct {
	Kill    killCommand    `cmd:"" help:"Kill programs that write a journal, and compare what is there with what they had acknowledged."`
	Journal journalCommand `cmd:"" help:"Key to acknowledgement beside a bare append and fdatasync, bytes per key, a burst."`
	Resume  resumeCommand  `cmd:"" help:"Process start to an attempt restored and its journal writable, after 10,000 and 300,000 events."`

	Writer  writerCommand  `cmd:"" hidden:"" help:"Be a program that will be killed."`
	Sync    syncCommand    `cmd:"" hidden:"" help:"Keep the disk busy until killed."`
	Restore restoreCommand `cmd:"" hidden:"" help:"Take an attempt up again, and say how long it took."`
}

func main() {
	var cli arguments
	ctx := kong.Parse(&cli, kong.Name("hammer"), kong.Exit(func(code int) {
		if code != 0 {
			code = 2
		}
		os.Exit(code)
	}))
	if err := ctx.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "hammer:", err)
		os.Exit(1)
	}
}
