package modbus

import (
	"context"
	"fmt"
)

// Contact is one digital input of a unit, the place to which a relay or a reed contact is wired.
type Contact struct {
	// Unit is the address of the module, 1 to 247 [1].
	Unit uint8 `toml:"unit"`
	// Input is the number of the input, counted from 0.
	Input uint16 `toml:"input"`
	// InputFunction says how the module shows its inputs: "discrete" (function 02), or as bits of "holding" (03) or
	// "input" (04) registers, sixteen to a register, the first input in the lowest bit ["discrete"].
	InputFunction string `toml:"input_function"`
	// InputRegister is the register of the first sixteen inputs when InputFunction is not "discrete".
	InputRegister uint16 `toml:"input_register"`
}

// Complete returns c with its defaults filled in, or an error that names the field that cannot be used.
func (c Contact) Complete() (Contact, error) {
	if c.Unit == 0 {
		c.Unit = 1
	}
	if c.InputFunction == "" {
		c.InputFunction = "discrete"
	}
	switch {
	case c.Unit > MaxUnit:
		return c, fmt.Errorf("modbus: unit %d is not between %d and %d", c.Unit, MinUnit, MaxUnit)
	case c.InputFunction == "discrete":
	case c.InputFunction != "holding" && c.InputFunction != "input":
		return c, fmt.Errorf("modbus: input_function %q is not discrete, holding or input", c.InputFunction)
	case int(c.InputRegister)+int(c.Input)/16 > 0xFFFF:
		return c, fmt.Errorf("modbus: input %d passes the last register, 65535", c.Input)
	}
	return c, nil
}

// Read reports whether the input is on: its contact closed, current flowing. c must be complete.
func (c Contact) Read(ctx context.Context, b *Bus) (bool, error) {
	if c.InputFunction == "discrete" {
		inputs, err := b.ReadDiscreteInputs(ctx, c.Unit, c.Input, 1)
		if err != nil {
			return false, err
		}
		return inputs[0], nil
	}
	mask, err := b.ReadRegisters(ctx, c.InputFunction, c.Unit, c.InputRegister+c.Input/16, 1)
	if err != nil {
		return false, err
	}
	return mask[0]>>(c.Input%16)&1 == 1, nil
}

// ReadRegisters is ReadHoldingRegisters or ReadInputRegisters, chosen by the words "holding" and "input" of a configuration.
func (b *Bus) ReadRegisters(ctx context.Context, function string, unit byte, start, count uint16) ([]uint16, error) {
	switch function {
	case "holding":
		return b.ReadHoldingRegisters(ctx, unit, start, count)
	case "input":
		return b.ReadInputRegisters(ctx, unit, start, count)
	}
	return nil, fmt.Errorf("modbus: register function %q is not holding or input", function)
}
