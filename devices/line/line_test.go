package line_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"emtihan/devices/line"
	"emtihan/devices/simulate"
)

// patience is how long a test waits for what must happen before it says that it does not.
const patience = 2 * time.Minute

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain for: %s", patience, what)
		}
	}
}

// patient are settings with which a busy machine does not look like a silent device.
func patient(path string) line.Config {
	return line.Config{
		Path: path, ResponseTimeout: time.Minute, WriteTimeout: 500 * time.Millisecond,
		BackoffMin: time.Millisecond, BackoffMax: 10 * time.Millisecond,
	}
}

// nervous makes the time-out for an answer one that a test can wait for.
func nervous(c *line.Config) { c.ResponseTimeout = 500 * time.Millisecond }

func newPort(t *testing.T, c line.Config, onState func(line.Status)) *line.Port {
	t.Helper()
	p, err := line.New(c, onState)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// cabled returns a port and the far end of its cable, whose reads and writes end with the test.
func cabled(t *testing.T, adjust func(*line.Config)) (*line.Port, *os.File) {
	t.Helper()
	cable, err := simulate.NewCable()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cable.Close() })
	c := patient(cable.A)
	if adjust != nil {
		adjust(&c)
	}
	far, err := os.OpenFile(cable.B, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	if err := far.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return newPort(t, c, nil), far
}

func write(t *testing.T, far io.Writer, data string) {
	t.Helper()
	if _, err := io.WriteString(far, data); err != nil {
		t.Errorf("far end: %v", err)
	}
}

func read(t *testing.T, far io.Reader, n int) string {
	t.Helper()
	buf := make([]byte, n)
	if _, err := io.ReadFull(far, buf); err != nil {
		t.Errorf("far end: %v", err)
	}
	return string(buf)
}

// until is a parser that wants exactly this text.
func until(want string) line.Parse {
	return func(received []byte) (bool, error) { return string(received) == want, nil }
}

func TestConfig(t *testing.T) {
	full, err := line.Config{Path: "/dev/exam/door"}.Complete()
	if err != nil {
		t.Fatal(err)
	}
	if full.Baud != 9600 || full.DataBits != 8 || full.Parity != "none" || full.StopBits != 1 {
		t.Errorf("defaults are %+v, not 9600 8N1", full)
	}
	// MODBUS over Serial Line V1.02, 2.5.1.1: 3.5 characters; 1.75 ms above 19200 bit/s.
	for _, c := range []struct {
		config line.Config
		gap    time.Duration
	}{
		{line.Config{Baud: 9600}, 3645833 * time.Nanosecond},
		{line.Config{Baud: 9600, Parity: "even"}, 4010416 * time.Nanosecond},
		{line.Config{Baud: 115200}, 1750 * time.Microsecond},
		{line.Config{Gap: 50 * time.Millisecond}, 50 * time.Millisecond},
	} {
		c.config.Path = "x"
		if full, err := c.config.Complete(); err != nil || full.Gap != c.gap {
			t.Errorf("%+v: gap %v, %v; want %v", c.config, full.Gap, err, c.gap)
		}
	}
	for _, c := range []struct {
		spoil func(*line.Config)
		names string
	}{
		{func(c *line.Config) { c.Path = "" }, "path"},
		{func(c *line.Config) { c.Baud = 7 }, "baud"},
		{func(c *line.Config) { c.DataBits = 9 }, "data_bits"},
		{func(c *line.Config) { c.Parity = "sometimes" }, "parity"},
		{func(c *line.Config) { c.StopBits = 3 }, "stop_bits"},
		{func(c *line.Config) { c.Gap = -1 }, "gap"},
		{func(c *line.Config) { c.ResponseTimeout = -1 }, "response_timeout"},
		{func(c *line.Config) { c.WriteTimeout = time.Hour }, "write_timeout"},
		{func(c *line.Config) { c.BackoffMin, c.BackoffMax = time.Minute, time.Second }, "backoff_min"},
	} {
		config := line.Config{Path: "x"}
		c.spoil(&config)
		if _, err := line.New(config, nil); err == nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%+v: error %v does not name %s", config, err, c.names)
		}
	}
}

func TestAnswerInPieces(t *testing.T) {
	port, far := cabled(t, nil)
	go func() {
		read(t, far, 3)
		for _, piece := range []string{"an", "sw", "er"} {
			write(t, far, piece)
			time.Sleep(5 * time.Millisecond) // pieces, as an adapter delivers them
		}
	}()
	if err := port.Transact(t.Context(), []byte("ask"), until("answer")); err != nil {
		t.Fatal(err)
	}
	if s := port.Status(); s.State != line.Online || s.Err != nil {
		t.Errorf("status %+v after an answer", s)
	}
}

func TestRefusalIsAnAnswer(t *testing.T) {
	port, far := cabled(t, nil)
	go func() {
		read(t, far, 3)
		write(t, far, "no")
	}()
	refused := errors.New("refused")
	err := port.Transact(t.Context(), []byte("ask"), func(received []byte) (bool, error) { return true, refused })
	if !errors.Is(err, refused) || port.Status().State != line.Online {
		t.Errorf("error %v, state %v", err, port.Status().State)
	}
}

func TestSilence(t *testing.T) { // R21
	port, _ := cabled(t, nervous)
	err := port.Transact(t.Context(), []byte("ask"), until("answer"))
	var none *line.NoAnswerError
	if !errors.As(err, &none) || !errors.Is(err, line.ErrTimeout) || none.DeviceReason() != "silent" {
		t.Fatalf("error %v", err)
	}
	if got := port.Status().State; got != line.Silent {
		t.Errorf("state %v", got)
	}
	if c := port.Counters(); c.Opens != 1 || c.Requests != 1 || c.Timeouts != 1 || c.Answers != 0 {
		t.Errorf("counters %+v", c)
	}
}

func TestNoiseIsNotSilence(t *testing.T) { // R21
	port, far := cabled(t, nervous)
	go func() {
		read(t, far, 3)
		write(t, far, "rubbish")
	}()
	err := port.Transact(t.Context(), []byte("ask"), until("answer"))
	var none *line.NoAnswerError
	if !errors.As(err, &none) || string(none.Received) != "rubbish" || none.DeviceReason() != "bad-answer" {
		t.Fatalf("error %v", err)
	}
	if c := port.Counters(); c.Garbled != 1 {
		t.Errorf("counters %+v", c)
	}
}

func TestLateAnswerIsNotTheNextOne(t *testing.T) { // R21
	port, far := cabled(t, nervous)
	late := make(chan error, 1)
	go func() { late <- port.Transact(t.Context(), []byte("one"), until("first!")) }()
	read(t, far, 3)
	if err := <-late; !errors.Is(err, line.ErrTimeout) {
		t.Fatalf("error %v", err)
	}
	write(t, far, "first!")
	go func() {
		read(t, far, 3)
		write(t, far, "second")
	}()
	var got string
	if err := port.Transact(t.Context(), []byte("two"), func(received []byte) (bool, error) {
		got = string(received)
		return len(received) == 6, nil
	}); err != nil {
		t.Fatal(err)
	}
	if got != "second" {
		t.Errorf("the answer to the second request is %q", got)
	}
	if c := port.Counters(); c.Discarded != 6 {
		t.Errorf("counters %+v: the late answer was not discarded", c)
	}
}

func TestLineThatNeverBecomesQuiet(t *testing.T) { // R21
	port, far := cabled(t, func(c *line.Config) { c.ResponseTimeout, c.Gap = 100*time.Millisecond, time.Second })
	stop := make(chan struct{})
	var babbling sync.WaitGroup
	babbling.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if _, err := far.Write([]byte("bla")); err != nil {
					return
				}
				time.Sleep(time.Millisecond) // far less than the gap
			}
		}
	})
	defer babbling.Wait()
	defer close(stop)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for range 2 {
		err := port.Transact(ctx, []byte("ask"), until("answer"))
		var none *line.NoAnswerError
		if !errors.As(err, &none) || none.DeviceReason() != "bad-answer" {
			t.Fatalf("error %v", err)
		}
	}
	// The first request may have gone out before the babble came in.
	if c := port.Counters(); c.Requests > 1 || c.Garbled != 2 {
		t.Errorf("counters %+v", c)
	}
}

func TestWhatComesUnaskedIsNoAnswer(t *testing.T) { // R21
	cable, err := simulate.NewCable()
	if err != nil {
		t.Fatal(err)
	}
	defer cable.Close()
	var near, far *os.File
	for path, file := range map[string]**os.File{cable.A: &near, cable.B: &far} {
		if *file, err = os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0); err != nil {
			t.Fatal(err)
		}
		defer (*file).Close()
	}
	if err := far.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	write(t, far, "stale")
	raw, err := near.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the stale bytes to arrive", func() bool {
		waiting := 0
		if err := raw.Control(func(fd uintptr) { waiting, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ) }); err != nil {
			t.Fatal(err)
		}
		return waiting == len("stale")
	})
	port := newPort(t, patient(cable.A), nil)
	go func() {
		read(t, far, 3)
		write(t, far, "fresh")
	}()
	var got string
	if err := port.Transact(t.Context(), []byte("ask"), func(received []byte) (bool, error) {
		got = string(received)
		return len(received) >= 5, nil
	}); err != nil || got != "fresh" {
		t.Errorf("answer %q, %v", got, err)
	}
}

// endless makes the time-out for an answer longer than soon waits.
func endless(c *line.Config) { c.ResponseTimeout = time.Minute }

// soon returns what a call ends with, which must not need the time-out of the port.
func soon(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(40 * time.Second):
		t.Fatal("the call does not end")
		return nil
	}
}

func TestEndOfContextEndsATransaction(t *testing.T) {
	port, far := cabled(t, endless)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- port.Transact(ctx, []byte("ask"), until("answer")) }()
	read(t, far, 3)
	cancel()
	if err := soon(t, done); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestAfterTheEndOfAContext(t *testing.T) {
	port, far := cabled(t, nervous)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		read(t, far, 3)
		cancel()
	}()
	if err := port.Transact(ctx, []byte("ask"), until("answer")); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	go func() {
		read(t, far, 3)
		write(t, far, "answer")
	}()
	if err := port.Transact(t.Context(), []byte("ask"), until("answer")); err != nil {
		t.Fatalf("after a request that was given up: %v", err)
	}
	if err := port.Transact(ctx, []byte("ask"), until("answer")); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v with a context that had ended before", err)
	}
}

func TestCloseEndsATransaction(t *testing.T) {
	port, far := cabled(t, endless)
	done := make(chan error, 2)
	go func() { done <- port.Transact(t.Context(), []byte("ask"), until("answer")) }()
	read(t, far, 3)
	go func() { done <- port.Close() }()
	if err := soon(t, done); !errors.Is(err, line.ErrClosed) {
		t.Errorf("error %v", err)
	}
	if err := soon(t, done); err != nil {
		t.Errorf("error %v", err)
	}
	if err := port.Transact(t.Context(), []byte("ask"), until("answer")); !errors.Is(err, line.ErrClosed) {
		t.Errorf("error %v on a closed line", err)
	}
	if got := port.Status().State; got != line.Closed {
		t.Errorf("state %v", got)
	}
}

func TestTurns(t *testing.T) {
	port, far := cabled(t, nil)
	go func() {
		for {
			request := make([]byte, 4)
			if _, err := io.ReadFull(far, request); err != nil {
				return
			}
			if _, err := far.Write(bytes.ToUpper(request)); err != nil {
				return
			}
		}
	}()
	var asking sync.WaitGroup
	for _, word := range []string{"abcd", "efgh", "ijkl", "mnop"} {
		asking.Go(func() {
			for range 10 {
				if err := port.Transact(t.Context(), []byte(word), until(strings.ToUpper(word))); err != nil {
					t.Errorf("%s: %v", word, err)
					return
				}
			}
		})
	}
	asking.Wait()
	if c := port.Counters(); c.Answers != 40 || c.Discarded != 0 {
		t.Errorf("counters %+v", c)
	}
}

func TestStalledWrite(t *testing.T) { // R21
	path := filepath.Join(t.TempDir(), "port")
	far, err := simulate.NewLine(path)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	far.Attach(1, simulate.NewModule())
	far.Stall(true)
	port := newPort(t, patient(path), nil)
	before := runtime.NumGoroutine()
	await(t, "five stalls, each on a port opened anew", func() bool {
		// More than the buffers of any system hold, to a far end that reads nothing.
		err := port.Transact(t.Context(), make([]byte, 1<<20), until("answer"))
		var failed *line.PortError
		if !errors.Is(err, line.ErrStalled) || !errors.As(err, &failed) || failed.DeviceReason() != "silent" {
			t.Fatalf("error %v", err)
		}
		return port.Counters().Stalls == 5
	})
	if c := port.Counters(); c.Opens != 5 || c.Requests != 0 {
		t.Errorf("counters %+v", c)
	}
	await(t, "no goroutine to hang in a stalled write", func() bool { return runtime.NumGoroutine() <= before })
	far.Stall(false)
	await(t, "an answer after the stall", func() bool { return port.Transact(t.Context(), readInput, anyAnswer) == nil })
}

// readInput asks unit 1 for its input 0.
var readInput = []byte{0x01, 0x02, 0x00, 0x00, 0x00, 0x01, 0xB9, 0xCA}

// anyAnswer is content with an answer of the length of a right one.
func anyAnswer(received []byte) (bool, error) { return len(received) >= 6, nil }

// states collects the states that a port reports.
type states struct {
	mu   sync.Mutex
	list []line.State
}

func (s *states) add(status line.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, status.State)
}

func (s *states) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var words []string
	for _, state := range s.list {
		words = append(words, string(state))
	}
	return strings.Join(words, " ")
}

func TestLifeOfAPort(t *testing.T) { // R21
	path := filepath.Join(t.TempDir(), "port")
	var seen states
	c := patient(path)
	nervous(&c)
	port := newPort(t, c, seen.add)
	ask := func() error { return port.Transact(t.Context(), readInput, anyAnswer) }
	want := func(reason string) {
		t.Helper()
		var err error
		await(t, "an error with the reason "+reason, func() bool {
			err = ask()
			var known interface{ DeviceReason() string }
			return errors.As(err, &known) && known.DeviceReason() == reason
		})
	}

	want("missing")
	far, err := simulate.NewLine(path)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	module := simulate.NewModule()
	far.Attach(1, module)
	await(t, "the first answer", func() bool { return ask() == nil })

	module.Fail(simulate.Silent)
	want("silent")
	await(t, "the line to be called silent", func() bool { ask(); return port.Status().State == line.Silent })
	module.Fail(simulate.Healthy)
	await(t, "an answer after the silence", func() bool { return ask() == nil })

	first, err := os.Readlink(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := far.Unplug(); err != nil {
		t.Fatal(err)
	}
	for tried := port.Counters().Failures + 3; port.Counters().Failures < tried; {
		want("unplugged")
	}
	// Other devices take the old number, as happens with real adapters.
	for again := first; again == first; {
		other, err := simulate.NewCable()
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		if err := far.Replug(); err != nil {
			t.Fatal(err)
		}
		if again, err = os.Readlink(path); err != nil {
			t.Fatal(err)
		}
		if again == first {
			if err := far.Unplug(); err != nil {
				t.Fatal(err)
			}
		}
	}
	await(t, "an answer after the device came back", func() bool { return ask() == nil })
	if err := port.Close(); err != nil {
		t.Error(err)
	}
	if got, want := seen.String(), "missing online silent online unplugged online closed"; got != want {
		t.Errorf("states: %s\nwant:   %s", got, want)
	}
	if c := port.Counters(); c.Unplugs != 1 || c.Opens != 2 {
		t.Errorf("counters %+v", c)
	}
}

func TestUnpluggedWhileWaiting(t *testing.T) { // R21
	path := filepath.Join(t.TempDir(), "port")
	far, err := simulate.NewLine(path)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	port := newPort(t, patient(path), nil)
	done := make(chan error, 1)
	go func() { done <- port.Transact(t.Context(), readInput, anyAnswer) }()
	await(t, "the request to be sent", func() bool { return port.Counters().Requests == 1 })
	if err := far.Unplug(); err != nil {
		t.Fatal(err)
	}
	var failed *line.PortError
	select {
	case err := <-done:
		if !errors.As(err, &failed) || failed.State != line.Unplugged {
			t.Errorf("error %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the transaction did not notice")
	}
}

func TestBackoff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "port")
	c := patient(path)
	c.BackoffMin, c.BackoffMax = time.Hour, time.Hour
	port := newPort(t, c, nil)
	first := port.Transact(t.Context(), readInput, anyAnswer)
	far, err := simulate.NewLine(path)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	far.Attach(1, simulate.NewModule())
	if second := port.Transact(t.Context(), readInput, anyAnswer); first == nil || second != first {
		t.Errorf("the port was tried again within the back-off: %v, then %v", first, second)
	}
}

func TestTwoPortsNeverShare(t *testing.T) { // R21
	path := filepath.Join(t.TempDir(), "port")
	far, err := simulate.NewLine(path)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	far.Attach(1, simulate.NewModule())
	owner := newPort(t, patient(path), nil)
	if err := owner.Transact(t.Context(), readInput, anyAnswer); err != nil {
		t.Fatal(err)
	}
	// The same device under its own name.
	device, err := os.Readlink(path)
	if err != nil {
		t.Fatal(err)
	}
	intruder := newPort(t, patient(device), nil)
	err = intruder.Transact(t.Context(), readInput, anyAnswer)
	var failed *line.PortError
	if !errors.As(err, &failed) || failed.State != line.Busy {
		t.Fatalf("error %v", err)
	}
	if err := owner.Transact(t.Context(), readInput, anyAnswer); err != nil {
		t.Errorf("the owner suffers: %v", err)
	}
	if err := owner.Close(); err != nil {
		t.Fatal(err)
	}
	await(t, "the port to be free", func() bool { return intruder.Transact(t.Context(), readInput, anyAnswer) == nil })
}

func TestForbidden(t *testing.T) { // R21
	path := filepath.Join(t.TempDir(), "port")
	far, err := simulate.NewLine(path)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	port := newPort(t, patient(filepath.Clean(path)), nil)
	failure := make(chan error, 1)
	go func() {
		if os.Getuid() == 0 {
			// The thread that asks is nobody's; it is not unlocked, so that it ends with the goroutine.
			runtime.LockOSThread()
			if err := unix.Setfsuid(65534); err != nil {
				failure <- err
				return
			}
		}
		failure <- port.Transact(t.Context(), readInput, anyAnswer)
	}()
	err = <-failure
	var failed *line.PortError
	if !errors.As(err, &failed) || failed.State != line.Forbidden {
		t.Errorf("error %v", err)
	}
}

func TestUnsuitable(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, dir, "/dev/null", "/dev/tty", "/dev/tty1", "/dev/console"} {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		err := newPort(t, patient(path), nil).Transact(t.Context(), readInput, anyAnswer)
		var failed *line.PortError
		if !errors.As(err, &failed) || failed.State != line.Unsuitable {
			t.Errorf("%s: error %v", path, err)
		}
	}
}
