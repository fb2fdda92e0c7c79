package modbus_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"emtihan/devices"
	"emtihan/devices/line"
	"emtihan/devices/modbus"
	"emtihan/devices/simulate"
)

const patience = 2 * time.Minute

func quick(path string) line.Config {
	return line.Config{Path: path, ResponseTimeout: time.Second, BackoffMin: time.Millisecond, BackoffMax: 10 * time.Millisecond}
}

func open(t *testing.T, path string) *modbus.Bus {
	t.Helper()
	bus, err := modbus.Open(quick(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bus.Close() })
	return bus
}

// slave is a simulated module as unit 1, with inputs 0 and 2 on.
func slave(t *testing.T) (path string, m *simulate.Module) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "port")
	far, err := simulate.NewLine(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	m = simulate.NewModule()
	far.Attach(1, m)
	for _, input := range []int{0, 2} {
		if err := m.Set(input, true); err != nil {
			t.Fatal(err)
		}
	}
	return path, m
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The vectors were captured between mbpoll and libmodbus.
func TestVectors(t *testing.T) {
	for _, c := range []struct {
		name            string
		request, answer string
		ask             func(context.Context, *modbus.Bus) (any, error)
		want            any
	}{
		{
			"discrete inputs", "01 02 00 00 00 08 79 CC", "01 02 01 05 61 8B",
			func(ctx context.Context, b *modbus.Bus) (any, error) { return b.ReadDiscreteInputs(ctx, 1, 0, 8) },
			[]bool{true, false, true, false, false, false, false, false},
		},
		{
			"holding registers", "01 03 00 00 00 02 C4 0B", "01 03 04 12 34 00 00 BE 85",
			func(ctx context.Context, b *modbus.Bus) (any, error) { return b.ReadHoldingRegisters(ctx, 1, 0, 2) },
			[]uint16{0x1234, 0},
		},
		{
			"input registers", "01 04 00 00 00 01 31 CA", "01 04 02 00 00 B9 30",
			func(ctx context.Context, b *modbus.Bus) (any, error) { return b.ReadInputRegisters(ctx, 1, 0, 1) },
			[]uint16{0},
		},
		{
			"an exception", "01 02 00 64 00 02 B8 14", "01 82 02 C1 61",
			func(ctx context.Context, b *modbus.Bus) (any, error) { return b.ReadDiscreteInputs(ctx, 1, 100, 2) },
			&modbus.ExceptionError{Unit: 1, Function: 2, Code: 2},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			cable, err := simulate.NewCable()
			if err != nil {
				t.Fatal(err)
			}
			defer cable.Close()
			far, err := os.OpenFile(cable.B, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer far.Close()
			if err := far.SetDeadline(time.Now().Add(patience)); err != nil {
				t.Fatal(err)
			}
			want, answer := unhex(t, c.request), unhex(t, c.answer)
			asked := make(chan []byte, 1)
			go func() {
				request := make([]byte, len(want))
				_, _ = io.ReadFull(far, request)
				asked <- request
				_, _ = far.Write(answer)
			}()
			got, err := c.ask(t.Context(), open(t, cable.A))
			if request := <-asked; !bytes.Equal(request, want) {
				t.Errorf("asked % X, want % X", request, want)
			}
			var exception *modbus.ExceptionError
			if errors.As(err, &exception) {
				got, err = exception, nil
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestFaults(t *testing.T) { // R21
	path, module := slave(t)
	for _, c := range []struct {
		fault  simulate.Fault
		reason devices.Reason // empty when the answer must be right all the same
		says   string
	}{
		{simulate.Healthy, "", ""},
		{simulate.Noise, "", ""},
		{simulate.Split, "", ""},
		{simulate.Twice, "", ""},
		{simulate.Echo, "", ""},
		{simulate.Late, "", ""}, // within the response time-out
		{simulate.Silent, devices.Silent, "no answer in time"},
		{simulate.Babble, devices.BadAnswer, ""},
		{simulate.WrongCRC, devices.BadAnswer, "wrong CRC"},
		{simulate.HalfFrame, devices.BadAnswer, "only 3 of the 6 bytes"},
		{simulate.EchoOnly, devices.BadAnswer, "only the echo"},
		{simulate.WrongUnit, devices.BadAnswer, "unit 2 answered instead of unit 1"},
		{simulate.WrongFunction, devices.BadAnswer, "function 3 was answered instead of function 2"},
		{simulate.Refusing, devices.BadAnswer, "exception 4 (device failure)"},
		{simulate.Healthy, "", ""},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			module.Fail(c.fault)
			bus := open(t, path) // one that has no doubts from before
			defer bus.Close()
			inputs, err := bus.ReadDiscreteInputs(t.Context(), 1, 0, 3)
			if c.reason == "" {
				if want := []bool{true, false, true}; err != nil || !reflect.DeepEqual(inputs, want) {
					t.Errorf("got %v, %v; want %v", inputs, err, want)
				}
				return
			}
			if inputs != nil {
				t.Errorf("values %v beside an error", inputs)
			}
			if err == nil || devices.ReasonOf(err) != c.reason || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want the reason %v and %q", err, c.reason, c.says)
			}
		})
	}
}

func TestImpossibleRequests(t *testing.T) {
	path, _ := slave(t)
	bus := open(t, path)
	for name, ask := range map[string]func() error{
		"broadcast":        func() error { _, err := bus.ReadDiscreteInputs(t.Context(), 0, 0, 1); return err },
		"reserved unit":    func() error { _, err := bus.ReadHoldingRegisters(t.Context(), 248, 0, 1); return err },
		"nothing":          func() error { _, err := bus.ReadInputRegisters(t.Context(), 1, 0, 0); return err },
		"too many":         func() error { _, err := bus.ReadInputRegisters(t.Context(), 1, 0, 200); return err },
		"too many inputs":  func() error { _, err := bus.ReadDiscreteInputs(t.Context(), 1, 0, 2001); return err },
		"past the end":     func() error { _, err := bus.ReadHoldingRegisters(t.Context(), 1, 65535, 2); return err },
		"unknown function": func() error { _, err := bus.ReadRegisters(t.Context(), "coil", 1, 0, 1); return err },
	} {
		if ask() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if c := bus.Line().Counters(); c.Requests != 0 {
		t.Errorf("an impossible request was sent: %+v", c)
	}
}

func TestContact(t *testing.T) {
	path, module := slave(t)
	bus := open(t, path)
	for _, c := range []modbus.Contact{
		{Input: 2},
		{Input: 2, InputFunction: "holding", InputRegister: simulate.MaskRegister},
		{Input: 2, InputFunction: "input", InputRegister: simulate.MaskRegister},
	} {
		c, err := c.Complete()
		if err != nil {
			t.Fatal(err)
		}
		for _, on := range []bool{false, true} {
			if err := module.Set(2, on); err != nil {
				t.Fatal(err)
			}
			if got, err := c.Read(t.Context(), bus); err != nil || got != on {
				t.Errorf("%+v: %v, %v; want %v", c, got, err, on)
			}
		}
	}
	for _, c := range []modbus.Contact{
		{Unit: 248},
		{InputFunction: "coil"},
		{InputFunction: "holding", InputRegister: 65535, Input: 16},
	} {
		if _, err := c.Complete(); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

func TestBusesShareALine(t *testing.T) {
	path, _ := slave(t)
	var buses modbus.Buses
	reported := make(chan string, 16)
	buses.OnState = func(path string, s line.Status) { reported <- path + " " + string(s.State) }
	first, err := buses.Bus(quick(path))
	if err != nil {
		t.Fatal(err)
	}
	second, err := buses.Bus(quick(path))
	if err != nil || second != first {
		t.Errorf("the second device has a bus of its own: %v", err)
	}
	other := quick(path)
	other.Parity = "even"
	if _, err := buses.Bus(other); err == nil || !strings.Contains(err.Error(), "8E1") || !strings.Contains(err.Error(), "8N1") {
		t.Errorf("other settings on the same line: %v", err)
	}
	if _, err := buses.Bus(line.Config{}); err == nil {
		t.Error("a line without a path was accepted")
	}
	if _, err := first.ReadDiscreteInputs(t.Context(), 1, 0, 1); err != nil {
		t.Error(err)
	}
	if got := <-reported; got != path+" online" {
		t.Errorf("reported %q", got)
	}
	if err := buses.Close(); err != nil {
		t.Error(err)
	}
	if _, err := first.ReadDiscreteInputs(t.Context(), 1, 0, 1); !errors.Is(err, line.ErrClosed) {
		t.Errorf("error %v after closing", err)
	}
}

// libmodbusSlave answers as unit 1: inputs 0, 2 and 9 on, holding registers 1234, ABCD, input register 7 = BEEF.
const libmodbusSlave = `
#include <modbus.h>
#include <stdio.h>
int main(int argc, char **argv) {
	uint8_t query[MODBUS_RTU_MAX_ADU_LENGTH];
	modbus_t *m = modbus_new_rtu(argv[1], 9600, 'N', 8, 1);
	modbus_mapping_t *map = modbus_mapping_new(0, 10, 2, 8);
	if (!m || !map || modbus_set_slave(m, 1) || modbus_connect(m)) return 1;
	map->tab_input_bits[0] = map->tab_input_bits[2] = map->tab_input_bits[9] = 1;
	map->tab_registers[0] = 0x1234;
	map->tab_registers[1] = 0xABCD;
	map->tab_input_registers[7] = 0xBEEF;
	puts("ready");
	fflush(stdout);
	for (;;) {
		int n = modbus_receive(m, query);
		if (n > 0) modbus_reply(m, query, n, map);
	}
}
`

// A slave that others have written, so that an error common to master and simulator cannot hide.
func TestLibmodbusSlave(t *testing.T) {
	dir := t.TempDir()
	source, program := filepath.Join(dir, "slave.c"), filepath.Join(dir, "slave")
	for _, tool := range []string{"gcc", "pkg-config", "timeout"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed, so there is no independent slave to ask.", tool)
		}
	}
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", "libmodbus").Output()
	if err != nil {
		t.Skip("libmodbus-dev is not installed, so there is no independent slave to ask.")
	}
	if err := os.WriteFile(source, []byte(libmodbusSlave), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", append([]string{"-o", program, source}, strings.Fields(string(flags))...)...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	cable, err := simulate.NewCable()
	if err != nil {
		t.Fatal(err)
	}
	defer cable.Close()
	// libmodbus spins for ever when its port vanishes, hence the timeout command around it.
	peer := exec.Command("timeout", "60", program, cable.B)
	out, err := peer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := peer.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = peer.Process.Signal(os.Interrupt)
		_ = peer.Wait()
	}()
	if _, err := io.ReadFull(out, make([]byte, len("ready"))); err != nil {
		t.Fatalf("the slave does not start: %v", err)
	}

	bus := open(t, cable.A)
	inputs, err := bus.ReadDiscreteInputs(t.Context(), 1, 0, 10)
	if want := []bool{true, false, true, false, false, false, false, false, false, true}; err != nil || !reflect.DeepEqual(inputs, want) {
		t.Errorf("inputs %v, %v; want %v", inputs, err, want)
	}
	holding, err := bus.ReadHoldingRegisters(t.Context(), 1, 0, 2)
	if want := []uint16{0x1234, 0xABCD}; err != nil || !reflect.DeepEqual(holding, want) {
		t.Errorf("holding registers %X, %v; want %X", holding, err, want)
	}
	input, err := bus.ReadInputRegisters(t.Context(), 1, 7, 1)
	if want := []uint16{0xBEEF}; err != nil || !reflect.DeepEqual(input, want) {
		t.Errorf("input registers %X, %v; want %X", input, err, want)
	}
	_, err = bus.ReadDiscreteInputs(t.Context(), 1, 100, 1)
	var exception *modbus.ExceptionError
	if !errors.As(err, &exception) || exception.Code != 2 {
		t.Errorf("an input that is not there: %v", err)
	}
	if _, err := bus.ReadDiscreteInputs(t.Context(), 2, 0, 1); devices.ReasonOf(err) != devices.Silent {
		t.Errorf("a unit that is not there: %v", err)
	}
}
