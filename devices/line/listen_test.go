package line_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"emtihan/devices/line"
	"emtihan/devices/simulate"
)

// A listener hears what nobody has asked for, is told of pauses, and learns of the loss of its port; the port is free for
// others afterwards.
func TestListen(t *testing.T) { // R21
	path := filepath.Join(t.TempDir(), "port")
	far, err := simulate.NewLine(path)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	port, err := line.New(line.Config{Path: path, BackoffMin: time.Millisecond, BackoffMax: time.Millisecond}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	listen := func(ctx context.Context) (heard chan string, opened chan bool, done chan error) {
		heard, opened, done = make(chan string, 100), make(chan bool, 1), make(chan error, 1)
		go func() {
			done <- port.Listen(ctx, 30*time.Millisecond, func() { opened <- true }, func(b []byte) {
				if b == nil {
					heard <- "|"
				} else {
					heard <- string(b)
				}
			})
		}()
		return heard, opened, done
	}
	within := func(d <-chan time.Time, heard chan string) string {
		t.Helper()
		select {
		case s := <-heard:
			return s
		case <-d:
			t.Fatal("nothing is heard")
		}
		panic("unreachable")
	}
	ctx, cancel := context.WithCancel(t.Context())
	heard, opened, done := listen(ctx)
	<-opened
	if port.Status().State != line.Online {
		t.Errorf("an open port is %s", port.Status().State)
	}
	var got string
	if err := far.Say([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	for got != "abc|" {
		if got += within(time.After(2*time.Minute), heard); len(got) > 4 {
			t.Fatalf("heard %q", got)
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the end of the context is %v", err)
	}
	if err := port.Probe(t.Context()); err != nil {
		t.Errorf("after listening the port is not free: %v", err)
	}
	if len(heard) > 0 {
		t.Errorf("heard %q out of turn", <-heard)
	}

	_, opened, done = listen(t.Context())
	<-opened
	if err := far.Unplug(); err != nil {
		t.Fatal(err)
	}
	var lost *line.PortError
	if err := <-done; !errors.As(err, &lost) || lost.State != line.Unplugged {
		t.Errorf("an unplugged port is %v", err)
	}
	if err := port.Close(); err != nil {
		t.Error(err)
	}
	if err := port.Listen(t.Context(), 0, nil, func([]byte) {}); !errors.Is(err, line.ErrClosed) {
		t.Errorf("a closed port is %v", err)
	}
}

// A pseudo-terminal has no modem lines, which makes the port unsuitable and says so.
func TestModemOfAPseudoTerminal(t *testing.T) {
	cable, err := simulate.NewCable()
	if err != nil {
		t.Fatal(err)
	}
	defer cable.Close()
	port, err := line.New(line.Config{Path: cable.A}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	var wrong *line.PortError
	if _, err := port.Modem(t.Context()); !errors.As(err, &wrong) || wrong.State != line.Unsuitable {
		t.Errorf("%v", err)
	}
}
