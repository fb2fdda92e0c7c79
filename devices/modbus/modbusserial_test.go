package modbus_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"emtihan/devices"
	"emtihan/devices/detector"
	"emtihan/devices/door"
	"emtihan/devices/modbus"
	"emtihan/devices/simulate"
	"emtihan/devices/site"
)

// jsSlave is a running testdata/peer/slave.js; that file says which units are on its line.
type jsSlave struct {
	*testing.T
	path   string // of the port of the master
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
}

func startSlave(t *testing.T) *jsSlave {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed, so there is no slave in JavaScript to ask: run scripts/setup.")
	}
	if _, err := os.Stat(filepath.Join("testdata", "peer", "node_modules", "modbus-serial")); err != nil {
		t.Skip("The npm package modbus-serial is not there, so there is no slave in JavaScript to ask: run scripts/setup.")
	}
	cable, err := simulate.NewCable()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cable.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	s := &jsSlave{T: t, path: cable.A, cmd: exec.CommandContext(ctx, node, filepath.Join("testdata", "peer", "slave.js"), cable.B)}
	s.cmd.Stderr = &s.stderr
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.out = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer cancel()
		if s.cmd.ProcessState == nil {
			s.stop()
		}
	})
	s.expect("ready")
	return s
}

// expect fails the test when the slave says anything but want, such as that a request had a wrong CRC.
func (s *jsSlave) expect(want string) {
	s.Helper()
	if said, err := s.out.ReadString('\n'); strings.TrimSpace(said) != want {
		_ = s.cmd.Cancel()
		_ = s.cmd.Wait()
		s.Fatalf("the slave says %q instead of %q: %v\n%s", said, want, err, &s.stderr)
	}
}

// change tells the slave what has changed in the room, and returns when its next answer will show it.
func (s *jsSlave) change(unit int, what map[string]any) {
	s.Helper()
	command := map[string]any{"unit": unit}
	for key, value := range what {
		command[key] = value
	}
	text, err := json.Marshal(command)
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.in.Write(append(text, '\n')); err != nil {
		s.Errorf("the slave hears nothing: %v", err)
	}
	s.expect("ok")
}

// spoil says what is done to all answers.
func (s *jsSlave) spoil(how string) {
	s.Helper()
	s.change(0, map[string]any{"spoil": how})
}

// stop ends the slave, which must have had nothing to complain of.
func (s *jsSlave) stop() {
	s.Helper()
	_ = s.in.Close()
	rest, _ := io.ReadAll(s.out)
	if err := s.cmd.Wait(); err != nil || len(rest) > 0 {
		s.Errorf("the slave ends with %v and says %q\n%s", err, rest, &s.stderr)
	}
}

// with returns sixteen inputs of which those of the numbers are on.
func with(on ...int) []bool {
	inputs := make([]bool, 16)
	for _, i := range on {
		inputs[i] = true
	}
	return inputs
}

// A slave written in another language than libmodbus, with function codes of the profiles, at two addresses.
func TestModbusSerialSlave(t *testing.T) { // R21
	t.Parallel()
	slave := startSlave(t)
	slave.change(1, map[string]any{"inputs": with(0, 2, 9), "counters": []int{0x1234, 0xABCD}})
	slave.change(2, map[string]any{"inputs": with(1, 15), "counters": []int{7, 0xFFFF}})
	slave.change(3, map[string]any{"inputs": with(3)})
	bus := slave.bus(20 * time.Second)

	for _, c := range []struct {
		name string
		ask  func(context.Context) (any, error)
		want any
	}{
		{"inputs of unit 1", func(ctx context.Context) (any, error) { return bus.ReadDiscreteInputs(ctx, 1, 0, 16) }, with(0, 2, 9)},
		{"one input", func(ctx context.Context) (any, error) { return bus.ReadDiscreteInputs(ctx, 1, 9, 1) }, []bool{true}},
		{"counters of unit 1", func(ctx context.Context) (any, error) { return bus.ReadInputRegisters(ctx, 1, 1250, 2) }, []uint16{0x1234, 0xABCD}},
		{"mask of unit 2", func(ctx context.Context) (any, error) { return bus.ReadHoldingRegisters(ctx, 2, 51, 1) }, []uint16{0x8002}},
		{"counters of unit 2", func(ctx context.Context) (any, error) { return bus.ReadHoldingRegisters(ctx, 2, 64, 2) }, []uint16{7, 0xFFFF}},
		{"contact of unit 1", func(ctx context.Context) (any, error) { return read(ctx, bus, modbus.Contact{Unit: 1, Input: 2}) }, true},
		{"contact of unit 2", func(ctx context.Context) (any, error) {
			return read(ctx, bus, modbus.Contact{Unit: 2, Input: 15, InputFunction: "holding", InputRegister: 51})
		}, true},
		{"contact that is off", func(ctx context.Context) (any, error) {
			return read(ctx, bus, modbus.Contact{Unit: 2, Input: 14, InputFunction: "holding", InputRegister: 51})
		}, false},
	} {
		if got, err := c.ask(t.Context()); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Fatalf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
	}

	slave.change(1, map[string]any{"inputs": with(9)})
	if on, err := read(t.Context(), bus, modbus.Contact{Unit: 1, Input: 2}); on || err != nil {
		t.Errorf("the contact has opened and reads %v, %v", on, err)
	}

	refused := func(what string, err error, unit, function, code byte) {
		t.Helper()
		var e *modbus.ExceptionError
		if want := (modbus.ExceptionError{Unit: unit, Function: function, Code: code}); !errors.As(err, &e) || *e != want {
			t.Errorf("%s: %v; want %v", what, err, &want)
		}
		if devices.ReasonOf(err) != devices.BadAnswer {
			t.Errorf("%s: the reason is %v", what, devices.ReasonOf(err))
		}
	}
	_, err := bus.ReadDiscreteInputs(t.Context(), 1, 100, 1)
	refused("an input that is not there", err, 1, 2, 2)
	_, err = bus.ReadDiscreteInputs(t.Context(), 1, 12, 8)
	refused("inputs of which half are there", err, 1, 2, 2)
	_, err = bus.ReadHoldingRegisters(t.Context(), 2, 0, 2)
	refused("registers that are not there", err, 2, 3, 2)
	_, err = bus.ReadInputRegisters(t.Context(), 2, 64, 1)
	refused("a function that the unit does not have", err, 2, 4, 1)
	slave.change(1, map[string]any{"refusing": true})
	_, err = read(t.Context(), bus, modbus.Contact{Unit: 1, Input: 9})
	refused("a unit that is broken", err, 1, 2, 4)
	slave.change(1, map[string]any{"refusing": false})
	if on, err := read(t.Context(), bus, modbus.Contact{Unit: 1, Input: 9}); !on || err != nil {
		t.Errorf("a unit that is mended: %v, %v", on, err)
	}
	bus.Close()

	for _, c := range []struct {
		how     string
		unit    byte
		timeout time.Duration
		reason  devices.Reason
		says    string
	}{
		{"", 4, 300 * time.Millisecond, devices.Silent, "no answer in time"},
		{"crc", 2, time.Second, devices.BadAnswer, "wrong CRC"},
		{"unit", 2, time.Second, devices.BadAnswer, "unit 102 answered instead of unit 2"},
	} {
		slave.spoil(c.how)
		bus := slave.bus(c.timeout) // one that has no doubts from before
		_, err := bus.ReadHoldingRegisters(t.Context(), c.unit, 64, 1)
		if err == nil || devices.ReasonOf(err) != c.reason || !strings.Contains(err.Error(), c.says) {
			t.Errorf("unit %d, answers spoilt by %q: %v; want the reason %v and %q", c.unit, c.how, err, c.reason, c.says)
		}
		bus.Close()
	}
	slave.spoil("")

	// A unit that keeps silent about what it does not have is not silent for ever.
	bus = slave.bus(300 * time.Millisecond)
	for deadline, good := time.Now().Add(patience), 0; good < 2; {
		on, err := read(t.Context(), bus, modbus.Contact{Unit: 3, Input: 3})
		switch {
		case err == nil && on:
			good++
		case err == nil:
			t.Fatal("the input of unit 3 reads off")
		case devices.ReasonOf(err) != devices.Silent || time.Now().After(deadline):
			t.Fatal(err)
		}
	}
}

func (s *jsSlave) bus(timeout time.Duration) *modbus.Bus {
	s.Helper()
	c := quick(s.path)
	c.ResponseTimeout = timeout
	bus, err := modbus.Open(c, nil)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { bus.Close() })
	return bus
}

func read(ctx context.Context, bus *modbus.Bus, c modbus.Contact) (bool, error) {
	c, err := c.Complete()
	if err != nil {
		return false, err
	}
	return c.Read(ctx, bus)
}

// jsRoom has a detector on unit 1 and a door on unit 2, both closed at rest.
const jsRoom = `
format = 1
[[bus]]
name = "line"
protocol = "modbus"
path = "PATH"
response_timeout = "300ms"
backoff_min = "1ms"
[[device]]
name = "gate"
kind = "detector"
profile = "wirenboard"
bus = "line"
unit = 1
input = 1
normally_closed = true
alarm_longest = "1h"
silent_after = "3s"
[[device]]
name = "205"
kind = "door"
profile = "owen-mv110"
bus = "line"
unit = 2
input = 15
silent_after = "3s"
`

// What a detector and a door state of modules that others have written: quiet, raised and unknown.
func TestModbusSerialRoom(t *testing.T) { // R21
	t.Parallel()
	slave := startSlave(t)
	quiet := func(count int) map[string]any { return map[string]any{"inputs": with(1), "counters": []int{0, count}} }
	raised := func(count int) map[string]any { return map[string]any{"inputs": with(), "counters": []int{0, count}} }
	closed, open := map[string]any{"inputs": with(15)}, map[string]any{"inputs": with()}
	slave.change(1, quiet(41))
	slave.change(2, closed)

	room, err := site.Parse([]byte(strings.Replace(jsRoom, "PATH", slave.path, 1)))
	if err != nil {
		t.Fatal(err)
	}
	gates, doors := make(chan detector.Reading, 1000), make(chan door.Reading, 1000)
	running, err := room.Start(t.Context(), site.Observer{
		Detector: func(r detector.Reading) {
			if !r.Known() && (r.Clear() || r.Active || r.Count != 0 || r.New != 0) {
				t.Errorf("an unknown detector states something: %+v", r)
			}
			gates <- r
		},
		Door: func(r door.Reading) {
			if !r.Known() && (r.Closed() || r.Open) {
				t.Errorf("an unknown door states something: %+v", r)
			}
			doors <- r
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Error(err)
		}
	})

	// A machine that is too busy makes a device unknown for a moment. Then it comes back with its whole state, perhaps that
	// before the last change; every other known reading must be the one that is awaited.
	alarms := uint32(0)
	gate := func(when string, active bool, count, since uint32) {
		t.Helper()
		await(t, when, gates, func(r detector.Reading) bool {
			alarms += r.New
			right := r.Known() && r.Active == active && r.Count == count
			if r.Known() && !right && !r.First {
				t.Errorf("%s: %+v; want active %v, count %d", when, r, active, count)
			}
			return right
		})
		if alarms != since {
			t.Errorf("%s: %d alarms since the start, want %d", when, alarms, since)
		}
	}
	leaf := func(when string, open bool) {
		t.Helper()
		await(t, when, doors, func(r door.Reading) bool {
			right := r.Known() && r.Open == open
			if r.Known() && !right && !r.First {
				t.Errorf("%s: %+v; want open %v", when, r, open)
			}
			return right
		})
	}
	gateUnknown := func(when string, reason devices.Reason, says string) {
		t.Helper()
		await(t, when, gates, func(r detector.Reading) bool {
			alarms += r.New
			return !r.Known() && r.Reason == reason && strings.Contains(r.Detail, says)
		})
	}
	leafUnknown := func(when string, reason devices.Reason, says string) {
		t.Helper()
		await(t, when, doors, func(r door.Reading) bool {
			return !r.Known() && r.Reason == reason && strings.Contains(r.Detail, says)
		})
	}

	gate("at rest", false, 41, 0)
	leaf("at rest", false)
	slave.change(1, raised(42))
	gate("an alarm", true, 42, 1)
	slave.change(1, quiet(42))
	gate("after the alarm", false, 42, 1)
	slave.change(2, open)
	leaf("opened", true)

	slave.change(2, map[string]any{"mute": true, "inputs": with(15)})
	leafUnknown("one unit of the line is silent", devices.Silent, "no answer")
	slave.change(1, quiet(44))
	gate("two short alarms beside a silent unit", false, 44, 3)
	slave.change(2, map[string]any{"mute": false})
	leaf("closed while it was silent", false)

	slave.change(1, map[string]any{"refusing": true})
	gateUnknown("a unit that refuses", devices.BadAnswer, "exception 4 (device failure)")
	slave.change(1, map[string]any{"refusing": false, "counters": []int{0, 45}})
	gate("an alarm while it refused", false, 45, 4)

	slave.spoil("crc")
	gateUnknown("wrong CRC", devices.BadAnswer, "wrong CRC")
	leafUnknown("wrong CRC", devices.BadAnswer, "wrong CRC")
	slave.spoil("")
	gate("right CRC again", false, 45, 4)
	leaf("right CRC again", false)

	slave.stop()
	gateUnknown("nobody on the line", devices.Silent, "no answer")
	leafUnknown("nobody on the line", devices.Silent, "no answer")
}

// await passes readings to judge until it finds the one that it wants.
func await[T any](t *testing.T, when string, from <-chan T, judge func(T) bool) {
	t.Helper()
	var last T
	deadline := time.After(patience)
	for {
		select {
		case last = <-from:
			if judge(last) {
				return
			}
		case <-deadline:
			t.Fatalf("%s: what is awaited does not come; the last reading was %+v", when, last)
		}
	}
}
