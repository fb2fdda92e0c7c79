package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"emtihan/devices/simulate"
)

const (
	// controlName is the socket beside the ports.
	controlName = "control"
	// longestCommand bounds a line with a command, in bytes.
	longestCommand = 256
	// controlTimeout bounds a conversation over the socket.
	controlTimeout = 10 * time.Second
)

type devicesCommand struct {
	Dir      string `required:"" placeholder:"DIR" help:"Directory for the ports DIR/detector, door, lock, gate and scanner, the UPS's socket DIR/ups and the socket DIR/control; made if absent."`
	Scenario string `placeholder:"FILE" type:"path" help:"Carry out the commands of this file at their times; see below."`
}

// Help lists the commands that the running devices take.
func (devicesCommand) Help() string {
	const indent = "    "
	return "It prints \"ready\" and then takes commands, one a line, from its standard input and, through " +
		"\"simulate control\", from the socket; each is answered with \"ok\" or \"error: …\". The end of the standard input " +
		"does not end it; \"quit\", an interrupt or a termination signal does.\n\n" +
		// Indented lines are shown as they are.
		indent + strings.ReplaceAll(simulate.Commands+"\nquit", "\n", "\n"+indent) + "\n\n" + "A scenario:\n\n" +
		indent + strings.ReplaceAll(simulate.ScenarioHelp, "\n", "\n"+indent) + "\n\n" + fmt.Sprintf("The detector is unit %d, input 0, counter in holding or input register %d; the door is unit %d, "+
		"input 0, on while it is closed; the lock speaks OSDP at address %d, input 0, active while it is closed, output 0, and takes the default key; gate is a detector that speaks ASCII; the UPS is called %s.",
		simulate.DetectorUnit, simulate.CounterRegister, simulate.DoorUnit, simulate.LockAddress, simulate.UPSName)
}

// Run plays the devices until it is told to quit.
func (c *devicesCommand) Run(s streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return c.play(ctx, s)
}

func (c *devicesCommand) play(ctx context.Context, s streams) (err error) {
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	control := filepath.Join(c.Dir, controlName)
	// The kernel's address of a Unix socket holds 107 bytes.
	if longest := len(syscall.RawSockaddrUnix{}.Path) - 1; len(control) > longest {
		return fmt.Errorf("the path of the socket, %s, has more than %d bytes: choose a shorter --dir", control, longest)
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	// The socket comes first: a second simulator must fail before it takes the links of the first one.
	socket, err := listen(control)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreClosed(socket.Close())) }()
	room, err := simulate.NewRoom(c.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, room.Close()) }()

	do := func(command string) string {
		if strings.TrimSpace(command) == "quit" {
			quit()
			return "ok"
		}
		if err := room.Do(command); err != nil {
			return "error: " + err.Error()
		}
		return "ok"
	}
	var conversations sync.WaitGroup
	defer conversations.Wait()
	// Before the wait, for nothing else ends Accept and the scenario; the first Close reports what there is to report.
	defer socket.Close()
	defer quit()
	conversations.Go(func() {
		for {
			peer, err := socket.Accept()
			if err != nil {
				return
			}
			conversations.Go(func() {
				defer peer.Close()
				if peer.SetDeadline(time.Now().Add(controlTimeout)) == nil {
					converse(peer, peer, do)
				}
			})
		}
	})
	var steps []simulate.Step
	if c.Scenario != "" {
		if steps, err = readScenario(c.Scenario, room); err != nil {
			return err
		}
	}
	fmt.Fprintln(s.out, "ready")
	conversations.Go(func() { playScenario(ctx, steps, do, s.out) })
	// Reading the standard input cannot be interrupted, so nobody waits for it.
	go converse(s.in, s.out, do)
	<-ctx.Done()
	return nil
}

// converse answers each line of in with a line to out, until in ends or has a line that is too long.
func converse(in io.Reader, out io.Writer, do func(string) string) {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, longestCommand), longestCommand)
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		if _, err := fmt.Fprintln(out, do(lines.Text())); err != nil {
			return
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		fmt.Fprintf(out, "error: a command has less than %d bytes\n", longestCommand)
	}
}

// listen opens the socket at path. A socket that a killed simulator left behind is replaced; one that somebody answers is
// an error.
func listen(path string) (net.Listener, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode()&os.ModeSocket == 0:
		return nil, fmt.Errorf("%s exists and is not a socket", path)
	default:
		if peer, err := net.Dial("unix", path); err == nil {
			peer.Close()
			return nil, fmt.Errorf("devices are already being simulated in %s", filepath.Dir(path))
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	return net.Listen("unix", path)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

type controlCommand struct {
	Dir     string   `required:"" placeholder:"DIR" help:"Directory given to \"simulate devices\"."`
	Command []string `arg:"" help:"Command, such as: detector alarm. \"simulate devices --help\" lists all."`
}

// Run sends the command and prints the answer; an answer other than "ok" is an error.
func (c *controlCommand) Run(s streams) error {
	answer, err := c.send()
	if err != nil {
		return err
	}
	if answer != "ok" {
		return errors.New(strings.TrimPrefix(answer, "error: "))
	}
	fmt.Fprintln(s.out, answer)
	return nil
}

func (c *controlCommand) send() (string, error) {
	command := strings.Join(c.Command, " ")
	if len(command) >= longestCommand || strings.ContainsAny(command, "\r\n") {
		return "", fmt.Errorf("a command is one line of less than %d bytes", longestCommand)
	}
	peer, err := net.Dial("unix", filepath.Join(c.Dir, controlName))
	if err != nil {
		return "", fmt.Errorf("no simulated devices in %s: %w", c.Dir, err)
	}
	defer peer.Close()
	if err := peer.SetDeadline(time.Now().Add(controlTimeout)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintln(peer, command); err != nil {
		return "", err
	}
	answer, err := bufio.NewReader(io.LimitReader(peer, 4096)).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("the simulated devices did not answer: %w", err)
	}
	return strings.TrimSuffix(answer, "\n"), nil
}
