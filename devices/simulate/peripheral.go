package simulate

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"sync"
	"time"
)

// The ways in which a Peripheral misbehaves besides those of a Module.
const (
	// Deaf: nothing that is said to it arrives.
	Deaf Fault = "deaf"
	// BusyReply: it says that it has no time, and does nothing.
	BusyReply Fault = "busy"
	// Spoilt: it says that the command came with a wrong check, and does nothing.
	Spoilt Fault = "spoilt"
	// RefusingKeys: it does not take another key.
	RefusingKeys Fault = "refusing-keys"
	// WrongMAC: each answer inside the secure channel has one bit of its MAC turned over.
	WrongMAC Fault = "mac"
	// WrongSequence: each answer has the next sequence number.
	WrongSequence Fault = "sequence"
	// ClearStatus: a direct question for the inputs is answered inside the secure channel, but in the clear, as some
	// peripherals do.
	ClearStatus Fault = "clear-status"
)

// PeripheralConfig describes a simulated OSDP peripheral.
type PeripheralConfig struct {
	// Address, 0 to 126.
	Address byte
	// Inputs, Outputs and Readers are how many it has.
	Inputs, Outputs, Readers int
	// Key is its base key; nil is a peripheral as it leaves the factory, which takes the default key.
	Key *[16]byte
	// SecureOnly: outside the secure channel it only says who it is.
	SecureOnly bool
	// NoSecurity: it knows no secure channel.
	NoSecurity bool
	// Reticent: it does not announce changes of its inputs, which must be asked for.
	Reticent bool
	// ID are the 12 bytes of its identity, zero for one of ours.
	ID [12]byte
	// ClientID is what it calls itself in a handshake.
	ClientID [8]byte
	// Capabilities are what it claims, nil for what it has.
	Capabilities []byte
	// Random gives the random numbers of its handshakes; nil for good ones.
	Random func() [8]byte
}

// Peripheral is an OSDP peripheral: a reader with a door contact and a lock. Its methods may be called by any goroutine.
type Peripheral struct {
	mu     sync.Mutex
	config PeripheralConfig

	inputs  []byte
	outputs []osdpOutput
	readers []byte
	tamper  byte
	power   byte
	events  []osdpEvent

	last    int // sequence number of the last command, -1 after power-up
	asked   []byte
	said    []byte
	session *osdpSession

	fault  Fault
	limit  int // how many more commands the fault concerns, negative for all
	counts PeripheralCounts
}

// PeripheralCounts count what a Peripheral has done.
type PeripheralCounts struct {
	// Commands it has carried out, repetitions not counted.
	Commands int
	// Repeated commands, answered with the old answer.
	Repeated int
	// OutputCommands it has carried out, and LampCommands and BuzzerCommands.
	OutputCommands, LampCommands, BuzzerCommands int
	// Exposed counts the output commands and keys that came outside the secure channel.
	Exposed int
	// Sessions it has agreed to.
	Sessions int
}

type osdpOutput struct {
	on    bool
	after bool // state after the time
	until time.Time
}

type osdpEvent struct {
	code byte
	data []byte
}

// defaultOSDPKey is the default key of the standard.
var defaultOSDPKey = func() (key [16]byte) {
	for i := range key {
		key[i] = byte('0' + i)
	}
	return key
}()

// NewPeripheral returns a peripheral that has just been switched on: all inputs and outputs off.
func NewPeripheral(c PeripheralConfig) *Peripheral {
	if c.ID == ([12]byte{}) {
		c.ID = [12]byte{0x45, 0x4D, 0x54, 1, 1, c.Address, 0, 0, 0, 1, 0, 0}
	}
	if c.Random == nil {
		c.Random = func() (b [8]byte) {
			_, _ = rand.Read(b[:]) // never fails
			return b
		}
	}
	p := &Peripheral{config: c, fault: Healthy, last: -1}
	p.inputs, p.readers = make([]byte, c.Inputs), make([]byte, c.Readers)
	p.outputs = make([]osdpOutput, c.Outputs)
	return p
}

// Fail makes the peripheral misbehave from the next command on, until Fail(Healthy).
func (p *Peripheral) Fail(f Fault) { p.FailNext(-1, f) }

// FailNext makes the peripheral misbehave with the next n commands.
func (p *Peripheral) FailNext(n int, f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.limit = f, n
}

// SetInput turns an input on or off and announces it.
func (p *Peripheral) SetInput(n int, on bool) {
	p.SetLevel(n, map[bool]byte{true: 1}[on])
}

// SetLevel gives an input any level, such as one of a fault, and announces it.
func (p *Peripheral) SetLevel(n int, level byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inputs[n] == level {
		return
	}
	p.inputs[n] = level
	if !p.config.Reticent {
		p.events = append(p.events, osdpEvent{repIStat, slices.Clone(p.inputs)})
	}
}

// Outputs returns which outputs are on at this moment.
func (p *Peripheral) Outputs() []bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	on := make([]bool, len(p.outputs))
	for i, level := range p.outputLevels() {
		on[i] = level == 1
	}
	return on
}

func (p *Peripheral) outputLevels() []byte {
	levels := make([]byte, len(p.outputs))
	for i := range p.outputs {
		o := &p.outputs[i]
		if !o.until.IsZero() && !time.Now().Before(o.until) {
			o.on, o.until = o.after, time.Time{}
		}
		if o.on {
			levels[i] = 1
		}
	}
	return levels
}

// Card lets a reader read a card with that many bits.
func (p *Peripheral) Card(reader byte, bits int, data ...byte) {
	p.announce(repRaw, append([]byte{reader, 1, byte(bits), byte(bits >> 8)}, data...))
}

// Keys lets somebody type at a reader.
func (p *Peripheral) Keys(reader byte, keys string) {
	p.announce(repKeypad, append([]byte{reader, byte(len(keys))}, keys...))
}

// Say lets the peripheral announce anything at all at the next poll.
func (p *Peripheral) Say(code byte, data ...byte) { p.announce(code, data) }

func (p *Peripheral) announce(code byte, data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, osdpEvent{code, data})
}

// Tamper opens or closes the housing and announces it.
func (p *Peripheral) Tamper(open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tamper = map[bool]byte{true: 1}[open]
	p.events = append(p.events, osdpEvent{repLStat, []byte{p.tamper, p.power}})
}

// Restart switches the peripheral off and on: outputs, session and what it has not said yet are lost, the inputs are what
// they are.
func (p *Peripheral) Restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outputs = make([]osdpOutput, len(p.outputs))
	p.last, p.asked, p.said, p.session = -1, nil, nil, nil
	p.events = []osdpEvent{{repLStat, []byte{p.tamper, 1}}}
}

// Key returns the base key, nil in a peripheral as it leaves the factory.
func (p *Peripheral) Key() *[16]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.config.Key == nil {
		return nil
	}
	key := *p.config.Key
	return &key
}

// SetKey changes the base key, as an installer does beside the line; a session goes on with its own keys.
func (p *Peripheral) SetKey(key *[16]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.config.Key = key
}

// Counts returns the present counts.
func (p *Peripheral) Counts() PeripheralCounts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

// Answer returns what the peripheral sends back when it hears exactly this, nil for nothing. It is the way to it without
// a line; the faults Split and Late have no meaning there.
func (p *Peripheral) Answer(heard []byte) []byte {
	raw, f, _, ok := nextOSDP(heard, true)
	if !ok {
		return nil
	}
	answer, fault := p.respond(raw, f)
	return disturb(fault, heard, answer)
}

// respond returns the answer to a frame, nil for none, and how the peripheral misbehaves while sending it.
func (p *Peripheral) respond(raw []byte, f osdpFrame) ([]byte, Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.address != p.config.Address {
		return nil, Silent
	}
	fault := p.fault
	if p.limit > 0 {
		if p.limit--; p.limit == 0 {
			p.fault = Healthy
		}
	}
	reply := osdpFrame{address: f.address | 0x80, control: f.control & (flagCRC | 3)}
	switch fault {
	case Deaf:
		return nil, Silent
	case BusyReply:
		reply.control &^= 3
		reply.code = repBusy
		return reply.bytes(), fault
	case Spoilt:
		return refusal(reply, nakCheck), fault
	}
	answer := p.sequenced(raw, f, reply, fault)
	switch fault {
	case WrongUnit:
		answer = altered(answer, func(b []byte) { b[1]++ })
	case WrongSequence:
		answer = altered(answer, func(b []byte) { b[4] = b[4]&^3 | (b[4]+1)&3 })
	case WrongMAC:
		if f.scs() >= 0x15 {
			answer = altered(answer, func(b []byte) { b[len(b)-1] ^= 1 })
		}
	}
	return answer, fault
}

// altered changes a frame and gives it a right check again.
func altered(answer []byte, change func(body []byte)) []byte {
	f := osdpFrame{control: answer[4]}
	end := len(answer) - 1
	if f.control&flagCRC != 0 {
		end--
	}
	body := slices.Clone(answer[:end])
	change(body)
	return f.check(body)
}

// sequenced obeys the sequence numbers: 0 starts anew, a repeated command gets the old answer.
func (p *Peripheral) sequenced(raw []byte, f, reply osdpFrame, fault Fault) []byte {
	n := int(f.sequence())
	switch {
	case n == 0:
		p.session = nil
	case n == p.last && bytes.Equal(raw, p.asked):
		p.counts.Repeated++
		return slices.Clone(p.said)
	case p.last < 0 || n != p.last%3+1:
		return refusal(reply, nakSequence)
	}
	p.last, p.asked = n, slices.Clone(raw)
	p.said = p.secured(raw, f, reply, fault)
	return slices.Clone(p.said)
}

func refusal(reply osdpFrame, reason byte) []byte {
	reply.code, reply.data = repNAK, []byte{reason}
	return reply.bytes()
}

// secured obeys the secure channel.
func (p *Peripheral) secured(raw []byte, f, reply osdpFrame, fault Fault) []byte {
	switch f.scs() {
	case 0:
		p.session = nil
		harmless := f.code == cmdID || f.code == cmdCap
		if p.config.SecureOnly && !harmless {
			return refusal(reply, nakConditions)
		}
		reply.code, reply.data = p.obey(f.code, f.data, false)
		return reply.bytes()
	case 0x11:
		return p.challenge(f, reply)
	case 0x13:
		return p.prove(f, reply)
	case 0x15, 0x17:
		if p.session == nil || !p.session.open {
			return refusal(reply, nakConditions)
		}
		data, ok := p.session.unwrap(raw, f)
		if !ok {
			p.session = nil
			return refusal(reply, nakConditions)
		}
		session := p.session
		if fault == RefusingKeys && f.code == cmdKeySet {
			reply.code, reply.data = repNAK, []byte{nakRecord}
		} else {
			reply.code, reply.data = p.obey(f.code, data, true)
		}
		return session.wrap(reply, fault == ClearStatus && f.code == cmdIStat)
	}
	return refusal(reply, nakNoSecure)
}

func (p *Peripheral) challenge(f, reply osdpFrame) []byte {
	switch {
	case p.config.NoSecurity:
		return refusal(reply, nakNoSecure)
	case f.code != cmdChlng || len(f.block) != 3 || len(f.data) != 8:
		return refusal(reply, nakLength)
	}
	which := f.block[2]
	key := defaultOSDPKey
	switch {
	case which == 0 && p.config.Key == nil:
	case which == 1 && p.config.Key != nil:
		key = *p.config.Key
	default:
		return refusal(reply, nakConditions)
	}
	p.session = newOSDPSession(key, [8]byte(f.data), p.config.Random())
	proof := p.session.client()
	reply.control |= flagSCB
	reply.block = []byte{3, 0x12, which}
	reply.code = repCCrypt
	reply.data = append(append(append([]byte{}, p.config.ClientID[:]...), p.session.b[:]...), proof[:]...)
	return reply.bytes()
}

func (p *Peripheral) prove(f, reply osdpFrame) []byte {
	if p.session == nil || p.session.open || f.code != cmdSCry || len(f.data) != 16 {
		return refusal(reply, nakConditions)
	}
	reply.control |= flagSCB
	reply.block = []byte{3, 0x14, 1}
	reply.code = repRMACI
	first := p.session.firstRMAC()
	if block16(f.data) != p.session.server() {
		p.session = nil
		reply.block[2] = 0xFF
		reply.data = make([]byte, 16)
		return reply.bytes()
	}
	p.session.open, p.session.rmac = true, first
	p.counts.Sessions++
	reply.data = first[:]
	return reply.bytes()
}

// obey carries a command out.
func (p *Peripheral) obey(code byte, data []byte, secure bool) (reply byte, answer []byte) {
	p.counts.Commands++
	switch code {
	case cmdPoll:
		if len(p.events) == 0 {
			return repACK, nil
		}
		e := p.events[0]
		p.events = p.events[1:]
		return e.code, e.data
	case cmdID:
		return repPDID, p.config.ID[:]
	case cmdCap:
		return repPDCap, p.capabilities()
	case cmdLStat:
		return repLStat, []byte{p.tamper, p.power}
	case cmdIStat:
		return repIStat, p.inputs
	case cmdOStat:
		return repOStat, p.outputLevels()
	case cmdRStat:
		return repRStat, p.readers
	case cmdOut:
		return p.switchOutputs(data, secure)
	case cmdLED:
		p.counts.LampCommands++
	case cmdBuz:
		p.counts.BuzzerCommands++
	case cmdText, cmdRxSize, cmdAbort, cmdKeepActive:
	case cmdComSet:
		if len(data) != 5 {
			return repNAK, []byte{nakLength}
		}
		if data[0] > 0x7E {
			return repNAK, []byte{nakRecord}
		}
		p.config.Address = data[0]
		return repCom, data
	case cmdKeySet:
		if !secure {
			p.counts.Exposed++
			return repNAK, []byte{nakConditions}
		}
		if len(data) != 18 || data[0] != 1 || data[1] != 16 {
			return repNAK, []byte{nakLength}
		}
		key := [16]byte(data[2:])
		p.config.Key = &key
	default:
		return repNAK, []byte{nakUnknown}
	}
	return repACK, nil
}

func (p *Peripheral) switchOutputs(data []byte, secure bool) (reply byte, answer []byte) {
	if !secure {
		p.counts.Exposed++
	}
	if len(data) == 0 || len(data)%4 != 0 {
		return repNAK, []byte{nakLength}
	}
	p.outputLevels()
	for c := data; len(c) > 0; c = c[4:] {
		if int(c[0]) >= len(p.outputs) {
			return repNAK, []byte{nakRecord}
		}
		o := &p.outputs[c[0]]
		permanent := o.on
		if !o.until.IsZero() {
			permanent = o.after
		}
		until := time.Now().Add(time.Duration(binary.LittleEndian.Uint16(c[2:])) * 100 * time.Millisecond)
		switch c[1] {
		case 1, 2:
			*o = osdpOutput{on: c[1] == 2}
		case 3, 4:
			if o.until.IsZero() {
				o.on = c[1] == 4
			}
			o.after = c[1] == 4
		case 5, 6:
			*o = osdpOutput{on: c[1] == 5, after: permanent, until: until}
		default:
			return repNAK, []byte{nakRecord}
		}
	}
	p.counts.OutputCommands++
	return repACK, nil
}

func (p *Peripheral) capabilities() []byte {
	if p.config.Capabilities != nil {
		return p.config.Capabilities
	}
	var all []byte
	add := func(feature, compliance byte, count int) {
		all = append(all, feature, compliance, byte(count))
	}
	if p.config.Inputs > 0 {
		add(1, 1, p.config.Inputs)
	}
	if p.config.Outputs > 0 {
		add(2, 1, p.config.Outputs)
	}
	if p.config.Readers > 0 {
		add(3, 1, 0)
		add(4, 1, 1)
		add(5, 1, 1)
	}
	add(8, 1, 0)
	if !p.config.NoSecurity {
		add(9, 1, 0)
	}
	add(10, byte(longestOSDP&0xFF), longestOSDP>>8)
	add(13, 0, p.config.Readers)
	add(16, 2, 0)
	return all
}
