package simulate

import (
	"fmt"
	"sync"
)

// Inputs is the number of digital inputs of a Module.
const Inputs = 16

// Where a Module shows its state. Inputs and coils have the numbers 0 to 15; the registers below are holding and input
// registers alike. Everything else is refused as an illegal address.
const (
	// MaskRegister holds all inputs, input 0 in the lowest bit.
	MaskRegister = 51
	// CounterRegister is the 16-bit counter of input 0, followed by those of the others.
	CounterRegister = 64
	// WideCounterRegister is the first of two registers, high word first, with the 32-bit counter of input 0, followed
	// by those of the others.
	WideCounterRegister = 128
)

// Fault is a way in which a Module misbehaves on the line.
type Fault string

// The faults.
const (
	Healthy Fault = "healthy"
	// Silent: no answer.
	Silent Fault = "silent"
	// Noise: bytes that mean nothing before each right answer.
	Noise Fault = "noise"
	// Babble: bytes that mean nothing instead of an answer.
	Babble Fault = "babble"
	// WrongCRC: each answer has one bit of its checksum turned over.
	WrongCRC Fault = "crc"
	// HalfFrame: each answer breaks off in the middle.
	HalfFrame Fault = "half"
	// Split: each right answer comes byte by byte.
	Split Fault = "split"
	// Twice: each right answer comes twice.
	Twice Fault = "twice"
	// Echo: each request comes back before the right answer, as from a two-wire adapter.
	Echo Fault = "echo"
	// EchoOnly: each request comes back and nothing else.
	EchoOnly Fault = "echo-only"
	// WrongUnit: each answer names the next unit.
	WrongUnit Fault = "wrong-unit"
	// WrongFunction: each answer is one to another function.
	WrongFunction Fault = "wrong-function"
	// Refusing: each answer is exception 4, device failure.
	Refusing Fault = "refusing"
	// Late: each answer comes Lateness after the request.
	Late Fault = "late"
	// TooLate: each answer comes Tardiness after the request, when a master with the usual time-outs has sent another one.
	TooLate Fault = "too-late"
)

// Module is a digital input module with a counter for each input. Its methods may be called by any goroutine.
type Module struct {
	mu       sync.Mutex
	inputs   [Inputs]bool
	cut      [Inputs]bool
	counters [Inputs]uint32
	fault    Fault
}

// NewModule returns a healthy module with all inputs off and all counters at zero.
func NewModule() *Module { return &Module{fault: Healthy} }

// Set turns an input on or off; turning it on counts.
func (m *Module) Set(input int, on bool) error {
	return m.with(input, func() {
		if on && !m.inputs[input] && !m.cut[input] {
			m.counters[input]++
		}
		m.inputs[input] = on
	})
}

// Cut cuts the cable between the contact and an input, or mends it: no current flows through a cut cable, so the input is off.
// A mended one that turns on counts.
func (m *Module) Cut(input int, cut bool) error {
	return m.with(input, func() {
		if m.cut[input] && !cut && m.inputs[input] {
			m.counters[input]++
		}
		m.cut[input] = cut
	})
}

// Pulse counts a pulse so short that no poll sees the input on.
func (m *Module) Pulse(input int) error {
	return m.with(input, func() { m.counters[input]++ })
}

// SetCount sets a counter, as a restart of the module (0) or somebody with a configuration program does.
func (m *Module) SetCount(input int, count uint32) error {
	return m.with(input, func() { m.counters[input] = count })
}

func (m *Module) with(input int, f func()) error {
	if input < 0 || input >= Inputs {
		return fmt.Errorf("simulate: input %d is not between 0 and %d", input, Inputs-1)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	return nil
}

// Fail makes the module misbehave from the next request on, until Fail(Healthy).
func (m *Module) Fail(f Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = f
}

// respond returns what the module says to r and how it misbehaves while saying it.
func (m *Module) respond(r request) ([]byte, Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	inputs, registers := map[int]bool{}, map[int]uint16{}
	mask := uint16(0)
	for i := range Inputs {
		inputs[i] = m.inputs[i] && !m.cut[i]
		if inputs[i] {
			mask |= 1 << i
		}
		registers[CounterRegister+i] = uint16(m.counters[i])
		registers[WideCounterRegister+2*i] = uint16(m.counters[i] >> 16)
		registers[WideCounterRegister+2*i+1] = uint16(m.counters[i])
	}
	registers[MaskRegister] = mask
	if m.fault == Refusing {
		return r.refuse(4), m.fault
	}
	return r.answer(inputs, registers), m.fault
}
