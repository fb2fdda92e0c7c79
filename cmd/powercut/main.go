// Command powercut cuts the power of a computer that is writing an attempt's journal, and counts what is missing afterwards.
//
// The computer is a QEMU guest with a disk of package disk, which has no power protection. One and the same program plays
// both sides: outside it starts the emulator and cuts the power, inside it is the guest's first and only process, which
// opens the journals that are there, says what it read, and types on. It says which records the journal has acknowledged;
// after the next start each of them must be there byte for byte.
//
// The guest's records follow from the journal's name and their number, so both sides know them without telling each other.
//
// Exit codes: 0 nothing lost, 1 something is lost or unreadable, or the test could not be made, 2 wrong arguments.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"
)

type arguments struct {
	Cuts       cutsCommand       `cmd:"" help:"Cut the power at random moments."`
	Exhaustive exhaustiveCommand `cmd:"" help:"Record one short run, and recover from every image that a cut during it could leave."`
	Guest      guestCommand      `cmd:"" hidden:"" help:"Be the guest's first process."`
}

// machineFlags say what a guest is made of.
type machineFlags struct {
	Kernel string `required:"" type:"existingfile" help:"Linux kernel for the guest."`
	Module string `required:"" type:"existingdir" help:"Folder of that kernel's modules."`
	Qemu   string `default:"qemu-system-x86_64" help:"The emulator."`
	Seed   uint64 `help:"Repeats the choices of a run; 0 draws one."`
	Out    string `default:"out/powercut" type:"path" help:"Folder for the disks of cuts that lost something."`
}

func main() {
	// The kernel starts its first process under the name of the file.
	name := filepath.Base(os.Args[0])
	var cli arguments
	ctx := kong.Parse(&cli, kong.Name("powercut"), kong.Exit(func(code int) {
		if code != 0 {
			code = 2
		}
		os.Exit(code)
	}))
	if err := ctx.Run(); err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}
