package modbus

import (
	"context"
	"errors"
	"sync"

	"github.com/aldas/go-modbus-client/packet"

	"emtihan/devices/line"
)

// A Modbus answer does not say which request it answers. After a time-out the next answer may therefore be the one to the
// request before, which tells of a moment that is past: a door that was closed then and is open now. Waiting longer only
// makes that rarer. So a unit that has failed to answer is first asked for something whose answer cannot be mistaken for
// one that a device of ours awaits. Units answer in the order in which they were asked (MODBUS over Serial Line V1.02,
// 2.4.1), so whatever was still to come has come before it.

// Fences ask for more values than anything else does, at the end of their range. Most units refuse, which is an answer as
// good as any. A fence may itself be answered late, so there are several with different functions that take turns: the
// answer to one does not fit the next three.
var fences = [...]struct {
	function     byte
	start, count uint16
	size         int
}{
	{packet.FunctionReadHoldingRegisters, 0xFFF7, 9, 18},
	{packet.FunctionReadInputRegisters, 0xFFF7, 9, 18},
	{packet.FunctionReadCoils, 0xFFB0, 80, 10},
	{packet.FunctionReadDiscreteInputs, 0xFFB0, 80, 10},
}

// fence returns the question and the request of the fence of that number to a unit.
func fence(unit byte, number int) (query, error) {
	f := fences[number%len(fences)]
	var request packet.Request
	var err error
	switch f.function {
	case packet.FunctionReadHoldingRegisters:
		request, err = packet.NewReadHoldingRegistersRequestRTU(unit, f.start, f.count)
	case packet.FunctionReadInputRegisters:
		request, err = packet.NewReadInputRegistersRequestRTU(unit, f.start, f.count)
	case packet.FunctionReadCoils:
		request, err = packet.NewReadCoilsRequestRTU(unit, f.start, f.count)
	default:
		request, err = packet.NewReadDiscreteInputsRequestRTU(unit, f.start, f.count)
	}
	if err != nil {
		return query{}, err
	}
	return query{unit, f.function, f.size, request.Bytes()}, nil
}

// Not every unit answers what it does not know. Whether one does is found out when it is first heard, in time, so that later a
// unit that is late cannot pass for one that is ignorant. Until then a unit is tried without a fence after so many that were
// not answered.
const patientFences = 3

// doubts are the units whose next answer may be an old one. The zero value is ready.
type doubts struct {
	mu    sync.Mutex
	units map[byte]*doubt
}

// doubt is what is known of a unit.
type doubt struct {
	// heard: it has answered.
	heard bool
	// doubted: an answer may still be on its way.
	doubted bool
	// number of the next fence, and how many in a row were not answered.
	number, unanswered int
	// able: it answers fences; unable: it does not. Neither: nobody knows yet.
	able, unable bool
}

func (d *doubts) of(unit byte) *doubt {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.units[unit] == nil {
		if d.units == nil {
			d.units = map[byte]*doubt{}
		}
		d.units[unit] = new(doubt)
	}
	return d.units[unit]
}

func (d *doubts) change(unit byte, f func(*doubt)) {
	one := d.of(unit)
	d.mu.Lock()
	defer d.mu.Unlock()
	f(one)
}

func (d *doubts) get(unit byte) doubt {
	one := d.of(unit)
	d.mu.Lock()
	defer d.mu.Unlock()
	return *one
}

// settled makes sure that what a unit has still to say is no answer to the next request. It returns twice when it could not:
// then the first answer may be old, and the second one counts.
func (b *Bus) settled(ctx context.Context, unit byte) (twice bool, err error) {
	d := b.doubts.get(unit)
	first := d.heard && !d.doubted && !d.able && !d.unable
	switch {
	case !d.doubted && !first:
		return false, nil
	case d.unable || !d.able && d.unanswered >= patientFences:
		return true, nil
	}
	q, err := fence(unit, d.number)
	if err != nil {
		return false, err
	}
	b.doubts.change(unit, func(d *doubt) { d.number++ })
	err = b.port.Transact(ctx, q.request, func(received []byte) (bool, error) {
		frame, _ := q.find(received)
		return frame != nil, nil
	})
	var none *line.NoAnswerError
	switch {
	case err == nil:
		b.doubts.change(unit, func(d *doubt) { d.doubted, d.able, d.unanswered = false, true, 0 })
		return false, nil
	case errors.As(err, &none) && len(none.Received) == 0:
		b.doubts.change(unit, func(d *doubt) { d.doubted = true; d.unanswered++ })
	case errors.As(err, &none):
		b.doubts.change(unit, func(d *doubt) { d.doubted = true })
		err = &BadAnswerError{unit, q.function, q.diagnose(none.Received), err}
	}
	return false, err
}

// judge records how a request to a unit went.
func (b *Bus) judge(unit byte, twice bool, err error) {
	var refused *ExceptionError
	b.doubts.change(unit, func(d *doubt) {
		switch {
		case err != nil && !errors.As(err, &refused):
			d.doubted, d.unanswered = true, 0
		case twice:
			d.doubted, d.unable, d.heard = false, true, true
		default:
			d.heard = true
		}
	})
}
