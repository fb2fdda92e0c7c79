// Command simulate plays what is not there: the devices of an exam room and, for demonstrations and tests, its people.
//
// Exit codes: 0 done, 1 failed, 2 wrong use of the command line.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// commands are the subcommands, each in a file of its own.
type commands struct {
	Devices     devicesCommand     `cmd:"" help:"Play the metal detector and the door on pseudo-terminals until told to quit."`
	Control     controlCommand     `cmd:"" help:"Send one command to running simulated devices."`
	Room        roomCommand        `cmd:"" help:"Make the folder of a demonstration: session, photos, camera."`
	Listening   listeningCommand   `cmd:"" help:"Have the recordings of a listening spoken, and write the paper that plays them."`
	Play        playCommand        `cmd:"" help:"Play a whole exam day in windows without a screen, and leave pictures and logs."`
	PlayEnglish playEnglishCommand `cmd:"" name:"play-english" help:"Take the whole English paper, once to 75 points and once to 74, and mark both logs a second time."`
	Spine       spineCommand       `cmd:"" name:"bench-spine" help:"Measure start, resume after a kill, and key to saved."`
	Typing      typingCommand      `cmd:"" name:"bench-typing" help:"Measure key to pixel in the essay editor, beside Chromium, gedit and xterm."`
	Idle        idleCommand        `cmd:"" name:"bench-idle" help:"Measure what the exam screen costs while nobody types, and after a long exam in a hurry."`
	Startup     startupCommand     `cmd:"" name:"bench-startup" help:"Measure the time from the start of the station to its first picture, cold and warm."`
	Faults      faultsCommand      `cmd:"" name:"bench-faults" help:"Meet every device with every fault of its line: what is reported, how soon, and is anything called clear or closed that is not."`
	Door        doorCommand        `cmd:"" name:"bench-door" help:"Measure the time from the opening of a door at the wire to a durable event, beside the line's own floor."`
	Acts        actsCommand        `cmd:"" name:"bench-acts" help:"Play from the gate to signed acts in real windows, then ten acts in a row by keys alone, counted."`
	QTI         qtiCommand         `cmd:"" name:"bench-qti" help:"Read, draw, answer and mark every item of QTI packages; or measure the import of a bank."`
	Faces       facesCommand       `cmd:"" name:"bench-faces" help:"Measure how well faces are told apart, and which attacks get past."`
	FaceSpeed   faceSpeedCommand   `cmd:"" name:"bench-face-speed" help:"Measure what a face check and the watch during the exam cost, beside the bare networks."`
	Screens     screensCommand     `cmd:"" help:"Make pictures of every screen of the station, in a window without a screen."`
	FaceTries   faceTriesCommand   `cmd:"" name:"screens-faces" help:"Sit before the camera wrongly three times, then well, in every language, and take pictures of what the station says."`
	Keyboard    keyboardCommand    `cmd:"" help:"Take a whole exam by keys alone, and prove that no pointer was used."`
	Editor      editorCommand      `cmd:"" help:"Show the essay editor in a window of its own."`
	Camera      cameraCommand      `cmd:"" help:"Change what the demonstration's camera sees."`
}

// streams are what a subcommand reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// errHelp stands for the help text having been shown instead of running anything.
var errHelp = errors.New("help was shown")

func run(args []string, s streams) (code int) {
	defer func() {
		if stopped := recover(); stopped == errHelp {
			code = 0
		} else if stopped != nil {
			panic(stopped)
		}
	}()
	parser, err := kong.New(&commands{}, kong.Name("simulate"), kong.Writers(s.out, s.err), kong.Bind(s),
		kong.Description("Play what is not there: devices and people of an exam room."),
		// The parser stops by calling Exit after it has shown the help.
		kong.Exit(func(int) { panic(errHelp) }))
	if err != nil {
		fmt.Fprintln(s.err, "simulate:", err)
		return 1
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(s.err, "simulate: %v\nsimulate: --help shows how it is used\n", err)
		return 2
	}
	if err := chosen.Run(); err != nil {
		fmt.Fprintln(s.err, "simulate:", err)
		return 1
	}
	return 0
}
