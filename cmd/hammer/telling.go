package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// The kinds of what a writer says.
const (
	tellBegin      = 'b' // it is about to create (a: 0) or open (a: 1) the journal
	tellOpen       = 'o' // the journal is open and has a records
	tellAck        = 'a' // the journal has acknowledged all records up to a
	tellCheckpoint = 'c' // the journal has given out a checkpoint of a leaves whose root begins with b
	tellClose      = 'x' // it is about to close the journal
)

// telling is one thing that a writer says. A pipe takes it whole or not at all, whenever the writer dies.
type telling struct {
	kind byte
	a, b uint64
}

const tellingSize = 17

func (t telling) send(f *os.File) error {
	b := append(make([]byte, 0, tellingSize), t.kind)
	b = binary.BigEndian.AppendUint64(b, t.a)
	b = binary.BigEndian.AppendUint64(b, t.b)
	_, err := f.Write(b)
	return err
}

// hear returns the next telling, or io.EOF when the writer is dead.
func hear(r io.Reader) (telling, error) {
	var b [tellingSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("a writer has said half of something: %w", err)
		}
		return telling{}, err
	}
	return telling{kind: b[0], a: binary.BigEndian.Uint64(b[1:]), b: binary.BigEndian.Uint64(b[9:])}, nil
}
