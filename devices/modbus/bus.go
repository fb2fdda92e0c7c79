// Package modbus is a Modbus RTU master: it asks the units of one serial line for inputs and registers.
//
// Frames are encoded and decoded by github.com/aldas/go-modbus-client/packet. The client of that module is not used: it
// accepts an answer by its length alone, from any unit and for any function, does not find an answer behind noise or an
// echo, and has no deadline for writing. Which bytes are the answer is therefore decided here, by unit, function,
// length and CRC together within one overall deadline and not by pauses between characters, which USB adapters distort.
//
// Sources: MODBUS Application Protocol V1.1b3 and MODBUS over Serial Line V1.02 (modbus.org).
package modbus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aldas/go-modbus-client/packet"

	"emtihan/devices/line"
)

// The range of unit addresses on a serial line; 0 is the broadcast, which nobody answers.
const (
	MinUnit = 1
	MaxUnit = 247
)

// ExceptionError is a refusal by the unit itself. The unit is alive, but does not give what it was asked for: usually a
// wrong input or register number in the configuration.
type ExceptionError struct {
	Unit     byte
	Function byte
	Code     byte
}

func (e *ExceptionError) Error() string {
	what := "unknown code"
	switch e.Code {
	case 1:
		what = "illegal function"
	case 2:
		what = "illegal data address"
	case 3:
		what = "illegal data value"
	case 4:
		what = "device failure"
	case 5:
		what = "acknowledged, not ready"
	case 6:
		what = "device busy"
	case 8:
		what = "memory parity error"
	case 10:
		what = "gateway path unavailable"
	case 11:
		what = "gateway target silent"
	}
	return fmt.Sprintf("modbus: unit %d refuses function %d: exception %d (%s)", e.Unit, e.Function, e.Code, what)
}

// BadAnswerError says that bytes came, but no answer that can be believed. It is a line.ErrTimeout too.
type BadAnswerError struct {
	Unit     byte
	Function byte
	// Why is an English sentence for the log.
	Why string
	Err error
}

func (e *BadAnswerError) Error() string {
	return fmt.Sprintf("modbus: unit %d, function %d: %s: %v", e.Unit, e.Function, e.Why, e.Err)
}

// Unwrap returns the error of the line, which holds the bytes.
func (e *BadAnswerError) Unwrap() error { return e.Err }

// Bus is a line with Modbus units on it. Its methods may be called by any goroutine; requests are sent one at a time in
// the order of the calls, so several devices can be polled on one line.
//
// Besides those named, methods return the errors of [line.Port.Transact].
//
// An answer that comes after its time is not taken for the answer to a later request, as long as the unit answers in the
// order of the requests and does not keep silent about registers that it does not have, which it is asked for once when it
// is first heard.
type Bus struct {
	port   *line.Port
	doubts doubts
}

// New returns a bus on port.
func New(port *line.Port) *Bus { return &Bus{port: port} }

// Open returns a bus on a new port. The port itself is opened by the first request and reopened as needed; an error means
// that c cannot be used. onState may be nil; see [line.New].
func Open(c line.Config, onState func(line.Status)) (*Bus, error) {
	port, err := line.New(c, onState)
	if err != nil {
		return nil, err
	}
	return New(port), nil
}

// Line returns the port, for its state and counters.
func (b *Bus) Line() *line.Port { return b.port }

// Close gives the port up; running requests end with line.ErrClosed.
func (b *Bus) Close() error { return b.port.Close() }

// ReadDiscreteInputs reads count (1 to 2000) inputs of a unit (1 to 247) from number start on, by function 02.
// It returns an *ExceptionError when the unit refuses and a *BadAnswerError when what came is no answer.
func (b *Bus) ReadDiscreteInputs(ctx context.Context, unit byte, start, count uint16) ([]bool, error) {
	request, err := packet.NewReadDiscreteInputsRequestRTU(unit, start, count)
	if err != nil {
		return nil, fmt.Errorf("modbus: %w", err)
	}
	answer, err := b.ask(ctx, query{unit, packet.FunctionReadDiscreteInputs, (int(count) + 7) / 8, request.Bytes()}, start, count)
	if err != nil {
		return nil, err
	}
	inputs, ok := answer.(*packet.ReadDiscreteInputsResponseRTU)
	if !ok {
		return nil, unexpected(answer)
	}
	values := make([]bool, count)
	for i := range values {
		values[i] = inputs.Data[i/8]>>(i%8)&1 == 1
	}
	return values, nil
}

// ReadHoldingRegisters reads count (1 to 125) registers of a unit (1 to 247) from number start on, by function 03. Errors
// as for ReadDiscreteInputs.
func (b *Bus) ReadHoldingRegisters(ctx context.Context, unit byte, start, count uint16) ([]uint16, error) {
	request, err := packet.NewReadHoldingRegistersRequestRTU(unit, start, count)
	if err != nil {
		return nil, fmt.Errorf("modbus: %w", err)
	}
	answer, err := b.ask(ctx, query{unit, packet.FunctionReadHoldingRegisters, 2 * int(count), request.Bytes()}, start, count)
	if err != nil {
		return nil, err
	}
	registers, ok := answer.(*packet.ReadHoldingRegistersResponseRTU)
	if !ok {
		return nil, unexpected(answer)
	}
	return words(registers.Data), nil
}

// ReadInputRegisters reads count (1 to 125) registers of a unit (1 to 247) from number start on, by function 04. Errors as
// for ReadDiscreteInputs.
func (b *Bus) ReadInputRegisters(ctx context.Context, unit byte, start, count uint16) ([]uint16, error) {
	request, err := packet.NewReadInputRegistersRequestRTU(unit, start, count)
	if err != nil {
		return nil, fmt.Errorf("modbus: %w", err)
	}
	answer, err := b.ask(ctx, query{unit, packet.FunctionReadInputRegisters, 2 * int(count), request.Bytes()}, start, count)
	if err != nil {
		return nil, err
	}
	registers, ok := answer.(*packet.ReadInputRegistersResponseRTU)
	if !ok {
		return nil, unexpected(answer)
	}
	return words(registers.Data), nil
}

func unexpected(answer packet.Response) error {
	return fmt.Errorf("modbus: answer decoded as %T", answer)
}

func words(data []byte) []uint16 {
	values := make([]uint16, len(data)/2)
	for i := range values {
		values[i] = binary.BigEndian.Uint16(data[2*i:])
	}
	return values
}

func (b *Bus) ask(ctx context.Context, q query, start, count uint16) (packet.Response, error) {
	if q.unit < MinUnit || q.unit > MaxUnit {
		return nil, fmt.Errorf("modbus: unit %d is not between %d and %d", q.unit, MinUnit, MaxUnit)
	}
	if int(start)+int(count) > 1<<16 {
		return nil, fmt.Errorf("modbus: %d values from number %d on pass the end, 65535", count, start)
	}
	// The size field is one byte and the library lets the counts through that overflow it.
	if q.size > 250 {
		return nil, fmt.Errorf("modbus: %d bytes of data do not fit into one answer", q.size)
	}
	twice, err := b.settled(ctx, q.unit)
	if err != nil {
		return nil, err
	}
	answer, err := b.exchange(ctx, q)
	if twice && err == nil {
		answer, err = b.exchange(ctx, q)
	}
	b.judge(q.unit, twice, err)
	return answer, err
}

func (b *Bus) exchange(ctx context.Context, q query) (answer packet.Response, err error) {
	err = b.port.Transact(ctx, q.request, func(received []byte) (bool, error) {
		frame, exception := q.find(received)
		switch {
		case frame == nil:
			return false, nil
		case exception:
			return true, &ExceptionError{q.unit, q.function, frame[2]}
		}
		var err error
		answer, err = packet.ParseRTUResponseWithCRC(append([]byte(nil), frame...))
		return true, err
	})
	var none *line.NoAnswerError
	if errors.As(err, &none) && len(none.Received) > 0 {
		return nil, &BadAnswerError{q.unit, q.function, q.diagnose(none.Received), err}
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// Buses keeps one bus for each path, so that devices configured with the same path share the line. The zero value is ready;
// its methods may be called by any goroutine.
type Buses struct {
	// OnState, if not nil, is told every change of state of every line; see [line.New]. Set it before the first use.
	OnState func(path string, s line.Status)

	mu    sync.Mutex
	buses map[string]*Bus
}

// Bus returns the bus of c.Path, made on first use. It returns an error when c cannot be used or when the path is in use
// with other settings, naming both.
func (b *Buses) Bus(c line.Config) (*Bus, error) {
	c, err := c.Complete()
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if bus := b.buses[c.Path]; bus != nil {
		if used := bus.port.Config(); used != c {
			return nil, fmt.Errorf("modbus: line %s is wanted with different settings: %s and %s", c.Path, settings(used), settings(c))
		}
		return bus, nil
	}
	var onState func(line.Status)
	if b.OnState != nil {
		onState = func(s line.Status) { b.OnState(c.Path, s) }
	}
	bus, err := Open(c, onState)
	if err != nil {
		return nil, err
	}
	if b.buses == nil {
		b.buses = map[string]*Bus{}
	}
	b.buses[c.Path] = bus
	return bus, nil
}

// Close closes every bus and forgets it.
func (b *Buses) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, bus := range b.buses {
		errs = append(errs, bus.Close())
	}
	b.buses = nil
	return errors.Join(errs...)
}

func settings(c line.Config) string {
	return fmt.Sprintf("%d %d%s%d, gap %v, time-outs %v/%v, back-off %v to %v", c.Baud, c.DataBits,
		strings.ToUpper(c.Parity[:1]), c.StopBits, c.Gap, c.ResponseTimeout, c.WriteTimeout, c.BackoffMin, c.BackoffMax)
}
