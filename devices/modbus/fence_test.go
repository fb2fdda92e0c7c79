package modbus_test

import (
	"encoding/binary"
	"io"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aldas/go-modbus-client/packet"
	"golang.org/x/sys/unix"

	"emtihan/devices/line"
	"emtihan/devices/modbus"
	"emtihan/devices/simulate"
)

// tardy is a unit that answers in order, each answer late by the same time. Register 0 tells the number of the request for
// it; of the others there are none.
type tardy struct {
	late  atomic.Int64 // time.Duration
	asked atomic.Uint32
	// ignorant: it keeps silent about registers that it does not have.
	ignorant bool
}

func (u *tardy) serve(port io.ReadWriter) {
	type due struct {
		at     time.Time
		answer []byte
	}
	queue := make(chan due, 1000)
	defer close(queue)
	go func() {
		for d := range queue {
			time.Sleep(time.Until(d.at))
			if _, err := port.Write(d.answer); err != nil {
				return
			}
		}
	}()
	request := make([]byte, 8)
	for {
		if _, err := io.ReadFull(port, request); err != nil {
			return
		}
		answer := []byte{1, request[1] | 0x80, 2}
		if request[2] == 0 {
			answer = binary.BigEndian.AppendUint16([]byte{1, 3, 2}, uint16(u.asked.Add(1)))
		} else if u.ignorant {
			continue
		}
		queue <- due{time.Now().Add(time.Duration(u.late.Load())), binary.LittleEndian.AppendUint16(answer, packet.CRC16(answer))}
	}
}

// An answer that comes when another request has been sent is not taken for the answer to that one, whatever its lateness
// (R21).
func TestLateAnswers(t *testing.T) {
	for _, ignorant := range []bool{false, true} {
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
		unit := &tardy{ignorant: ignorant}
		go unit.serve(far)
		bus, err := modbus.Open(line.Config{Path: cable.A, ResponseTimeout: 100 * time.Millisecond, LateTimeout: 20 * time.Millisecond}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer bus.Close()
		answered := 0
		ask := func() bool {
			before := unit.asked.Load()
			registers, err := bus.ReadHoldingRegisters(t.Context(), 1, 0, 1)
			if err != nil {
				return false
			}
			answered++
			// A unit that keeps silent about the fence cannot be told from one that is late by more than two answers.
			if uint32(registers[0]) <= before && !ignorant {
				t.Errorf("the answer to request %d was taken for that to request %d", registers[0], before+1)
			}
			return true
		}
		// An ignorant unit costs some time-outs before it is known as one.
		for row := 0; row < 2; {
			if row++; !ask() {
				if row = 0; !ignorant {
					t.Error("a unit in time does not answer")
				}
			}
		}
		for _, late := range []time.Duration{105, 110, 130, 180, 250, 370} {
			unit.late.Store(int64(late * time.Millisecond))
			for range 8 {
				ask()
			}
			unit.late.Store(0)
			for row, deadline := 0, time.Now().Add(patience); row < 2; {
				if row++; !ask() {
					row = 0
				}
				if time.Now().After(deadline) {
					t.Fatalf("after answers late by %v ms the unit is not understood any more", int64(late))
				}
			}
		}
		if answered < 11 {
			t.Errorf("only %d answers", answered)
		}
	}
}
