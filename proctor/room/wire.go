package room

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
	"unicode/utf8"

	"emtihan/exam"

	"github.com/fxamacker/cbor/v2"
)

// Limits of the link.
const (
	// Version is the version of the protocol. A room refuses stations of another one.
	Version = 2
	// MaxMessage is the most bytes that a message may have.
	MaxMessage = 160 << 10
	// MaxFrame is the most bytes that the picture of a notice may have.
	MaxFrame = 100_000
	// MaxText is the most bytes that a text of a notice may have.
	MaxText = 4096
	// PeerTimeout is how long a peer may take to end a message that it began, to accept one, and to say hello.
	PeerTimeout = 5 * time.Second
)

// ErrMessage is wrapped by every error that says that a peer broke the protocol.
var ErrMessage = errors.New("not a message of the room's link")

// Notice is what a station tells the administrators.
type Notice struct {
	Station   string  `cbor:"1,keyasint"`
	Seat      string  `cbor:"2,keyasint,omitempty"`
	Attempt   string  `cbor:"3,keyasint,omitempty"`
	IIN       string  `cbor:"4,keyasint,omitempty"`
	Name      string  `cbor:"5,keyasint,omitempty"`
	Phase     string  `cbor:"6,keyasint,omitempty"`  // exam.Phase after the event
	Hold      string  `cbor:"7,keyasint,omitempty"`  // what holds the attempt up: one of the Hold constants, or ""
	What      string  `cbor:"8,keyasint"`            // kind of the attempt's event
	Detail    string  `cbor:"9,keyasint,omitempty"`  // machine code, or the candidate's own words
	By        string  `cbor:"10,keyasint,omitempty"` // administrator whose deed it was
	Wall      int64   `cbor:"11,keyasint"`           // Unix milliseconds
	Seq       uint64  `cbor:"12,keyasint,omitempty"` // number of the event in the attempt's log
	Frame     []byte  `cbor:"13,keyasint,omitempty"` // JPEG of a failed face check, at most MaxFrame bytes
	Score     float64 `cbor:"14,keyasint,omitempty"` // similarity of a face check
	Threshold float64 `cbor:"15,keyasint,omitempty"`
}

// What holds an attempt up.
const (
	HoldLate      = "late"      // came after the limit of R3
	HoldLocked    = "locked"    //
	HoldLeaving   = "leaving"   // permitted to leave, still in the room
	HoldAway      = "away"      // outside the room
	HoldSuspended = "suspended" //
)

func (n *Notice) texts() []*string {
	return []*string{&n.Station, &n.Seat, &n.Attempt, &n.IIN, &n.Name, &n.Phase, &n.Hold, &n.What, &n.Detail, &n.By}
}

// fit cuts what is longer than the link carries.
func (n *Notice) fit() {
	for _, s := range n.texts() {
		*s = cut(*s, MaxText)
	}
	if len(n.Frame) > MaxFrame {
		n.Frame = nil
	}
}

// cut returns valid UTF-8 of at most limit bytes.
func cut(s string, limit int) string {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

func (n *Notice) check() error {
	for _, s := range n.texts() {
		if len(*s) > MaxText {
			return fmt.Errorf("%w: a text of a notice has %d bytes, at most %d are allowed", ErrMessage, len(*s), MaxText)
		}
	}
	if len(n.Frame) > MaxFrame {
		return fmt.Errorf("%w: the picture of a notice has %d bytes, at most %d are allowed", ErrMessage, len(n.Frame), MaxFrame)
	}
	return nil
}

type messageKind uint8

const (
	kindHello   messageKind = iota + 1 // station to room
	kindWelcome                        // room to station
	kindRefused                        // room to station, with Reason
	kindNotice                         // station to room
	kindHeard                          // room to station: the notices up to Seq are in the room's log
	kindAct                            // room to station
	kindTied                           // station to room: the act Seq was handed on
	kindOrder                          // room to station, with the number of the order as Seq
)

// The reasons for which a room refuses a station.
const (
	refusedVersion = "version" // it speaks another version
	refusedTaken   = "taken"   // a station of this name is connected
	refusedName    = "name"    // it has no name
)

// message is everything that travels; which fields count depends on the kind.
type message struct {
	Kind    messageKind   `cbor:"1,keyasint"`
	Version uint16        `cbor:"2,keyasint,omitempty"`
	Station string        `cbor:"3,keyasint,omitempty"`
	Run     string        `cbor:"4,keyasint,omitempty"` // id of one run of the station's program
	Attempt string        `cbor:"5,keyasint,omitempty"`
	Seq     uint64        `cbor:"6,keyasint,omitempty"`
	Notice  *Notice       `cbor:"7,keyasint,omitempty"`
	Act     *exam.ActTied `cbor:"8,keyasint,omitempty"`
	Reason  string        `cbor:"9,keyasint,omitempty"`
	Order   *Order        `cbor:"10,keyasint,omitempty"`
}

var (
	wireEncoding = must(cbor.CoreDetEncOptions().EncMode())
	wireDecoding = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, MaxNestedLevels: 4, MaxArrayElements: 16, MaxMapPairs: 32,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// orderMessage returns an order as it travels: see [Order.Number].
func orderMessage(o *Order) message { return message{Kind: kindOrder, Seq: o.Number, Order: o} }

// encodeMessage returns the message with its length before it.
func encodeMessage(m message) ([]byte, error) {
	body, err := wireEncoding.Marshal(m)
	if err != nil {
		return nil, err
	}
	if len(body) > MaxMessage {
		return nil, fmt.Errorf("%w: it has %d bytes, at most %d are allowed", ErrMessage, len(body), MaxMessage)
	}
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body))), body...), nil
}

// decodeMessage reads a message's body. Errors wrap ErrMessage.
func decodeMessage(body []byte) (message, error) {
	var m message
	if err := wireDecoding.Unmarshal(body, &m); err != nil {
		return message{}, fmt.Errorf("%w: %v", ErrMessage, err)
	}
	switch {
	case m.Kind < kindHello || m.Kind > kindOrder:
		return message{}, fmt.Errorf("%w: unknown kind %d", ErrMessage, m.Kind)
	case m.Kind == kindNotice && m.Notice == nil:
		return message{}, fmt.Errorf("%w: a notice without its contents", ErrMessage)
	case m.Kind == kindAct && m.Act == nil:
		return message{}, fmt.Errorf("%w: an act without its contents", ErrMessage)
	case m.Kind == kindOrder && (m.Order == nil || m.Order.What != OrderSuspend && m.Order.What != OrderResume):
		return message{}, fmt.Errorf("%w: an order that says nothing", ErrMessage)
	}
	for _, s := range []string{m.Station, m.Run, m.Attempt, m.Reason} {
		if len(s) > MaxText {
			return message{}, fmt.Errorf("%w: a text has %d bytes, at most %d are allowed", ErrMessage, len(s), MaxText)
		}
	}
	if m.Notice != nil {
		if err := m.Notice.check(); err != nil {
			return message{}, err
		}
	}
	if m.Order != nil {
		m.Order.Number = m.Seq
	}
	return m, nil
}

// readMessage reads one message. It returns io.EOF where the peer ended between two messages.
func readMessage(r io.Reader, begun func()) (message, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:1]); err != nil {
		return message{}, err
	}
	begun()
	if _, err := io.ReadFull(r, head[1:]); err != nil {
		return message{}, fmt.Errorf("%w: it was cut off: %w", ErrMessage, err)
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 || n > MaxMessage {
		return message{}, fmt.Errorf("%w: it announces %d bytes, 1 to %d are allowed", ErrMessage, n, MaxMessage)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return message{}, fmt.Errorf("%w: it was cut off: %w", ErrMessage, err)
	}
	return decodeMessage(body)
}

// receive reads one message from a connection: it waits for its beginning as long as it takes, for its end only
// PeerTimeout.
func receive(c net.Conn) (message, error) {
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		return message{}, err
	}
	return readMessage(c, func() { _ = c.SetReadDeadline(time.Now().Add(PeerTimeout)) })
}

// receiveSoon is receive where the beginning must come within PeerTimeout too.
func receiveSoon(c net.Conn) (message, error) {
	if err := c.SetReadDeadline(time.Now().Add(PeerTimeout)); err != nil {
		return message{}, err
	}
	return readMessage(c, func() {})
}

func send(c net.Conn, m message) error {
	data, err := encodeMessage(m)
	if err != nil {
		return err
	}
	if err := c.SetWriteDeadline(time.Now().Add(PeerTimeout)); err != nil {
		return err
	}
	_, err = c.Write(data)
	return err
}
