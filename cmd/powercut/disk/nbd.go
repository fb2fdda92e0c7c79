package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The numbers of the NBD protocol (doc/proto.md of the nbd project): fixed newstyle negotiation, simple replies.
const (
	magicServer = 0x4e42444d41474943 // "NBDMAGIC"
	magicOption = 0x49484156454f5054 // "IHAVEOPT"
	magicReply  = 0x0003e889045565a9

	flagFixedNewstyle = 1 << 0
	flagNoZeroes      = 1 << 1

	optExportName = 1
	optAbort      = 2
	optInfo       = 6
	optGo         = 7

	repAck      = 1
	repInfo     = 3
	repErrUnsup = 1<<31 + 1
	repErrInval = 1<<31 + 3

	infoExport    = 0
	infoBlockSize = 3

	// The disk has a cache that can be flushed, and takes writes that pass it. It offers no trim and no zeroing, so every
	// change of the image is a write or follows from none.
	transmission = 1<<0 | 1<<2 | 1<<3 // HAS_FLAGS, SEND_FLUSH, SEND_FUA

	magicRequest = 0x25609513
	magicSimple  = 0x67446698

	cmdRead  = 0
	cmdWrite = 1
	cmdDisc  = 2
	cmdFlush = 3

	cmdFlagFUA = 1 << 0

	errnoInval   = 22
	errnoNoSpace = 28

	maxOption  = 4096
	maxPayload = 32 << 20 // the largest transfer that a client may assume without asking
)

// ErrProtocol is wrapped by errors that say what a client did wrong.
var ErrProtocol = errors.New("not the NBD protocol")

// Serve speaks NBD with one client until the client goes away, which is no error, or breaks the protocol. When the power
// ends, the client gets no answer any more, as from a disk that is dead: Serve then reads and discards until it goes away.
func Serve(conn io.ReadWriter, d *Disk) error {
	s := &server{conn: conn, disk: d}
	err := s.negotiate()
	for err == nil {
		err = s.command()
	}
	switch {
	case errors.Is(err, ErrOff):
		io.Copy(io.Discard, conn)
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errDisconnected):
		return nil
	}
	return err
}

var errDisconnected = errors.New("the client has disconnected")

type server struct {
	conn io.ReadWriter
	disk *Disk
	buf  []byte
}

func (s *server) send(fields ...any) error {
	var b []byte
	for _, f := range fields {
		switch v := f.(type) {
		case uint16:
			b = binary.BigEndian.AppendUint16(b, v)
		case uint32:
			b = binary.BigEndian.AppendUint32(b, v)
		case uint64:
			b = binary.BigEndian.AppendUint64(b, v)
		case []byte:
			b = append(b, v...)
		default:
			panic(fmt.Sprintf("no wire form for %T", f))
		}
	}
	_, err := s.conn.Write(b)
	return err
}

// read returns the next n bytes, valid until the next read.
func (s *server) read(n int) ([]byte, error) {
	if cap(s.buf) < n {
		s.buf = make([]byte, n)
	}
	_, err := io.ReadFull(s.conn, s.buf[:n])
	return s.buf[:n], err
}

func (s *server) negotiate() error {
	if err := s.send(uint64(magicServer), uint64(magicOption), uint16(flagFixedNewstyle|flagNoZeroes)); err != nil {
		return err
	}
	b, err := s.read(4)
	if err != nil {
		return err
	}
	flags := binary.BigEndian.Uint32(b)
	if flags&^(flagFixedNewstyle|flagNoZeroes) != 0 {
		return fmt.Errorf("%w: unknown client flags %#x", ErrProtocol, flags)
	}
	for {
		b, err := s.read(16)
		if err != nil {
			return err
		}
		magic, option, length := binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
		if magic != magicOption {
			return fmt.Errorf("%w: an option begins with %#x", ErrProtocol, magic)
		}
		if length > maxOption {
			return fmt.Errorf("%w: an option of %d bytes", ErrProtocol, length)
		}
		data, err := s.read(int(length))
		if err != nil {
			return err
		}
		reply := func(kind uint32, data ...any) error {
			n := 0
			for _, f := range data {
				n += binary.Size(f)
			}
			return s.send(append([]any{uint64(magicReply), option, kind, uint32(n)}, data...)...)
		}
		switch option {
		case optExportName:
			fields := []any{uint64(s.disk.Size()), uint16(transmission)}
			if flags&flagNoZeroes == 0 {
				fields = append(fields, make([]byte, 124))
			}
			return s.send(fields...)
		case optAbort:
			return errors.Join(reply(repAck), errDisconnected)
		case optInfo, optGo:
			if !wellFormed(data) {
				if err := reply(repErrInval); err != nil {
					return err
				}
				continue
			}
			err := errors.Join(
				reply(repInfo, uint16(infoExport), uint64(s.disk.Size()), uint16(transmission)),
				reply(repInfo, uint16(infoBlockSize), uint32(Sector), uint32(4096), uint32(maxPayload)),
				reply(repAck))
			if err != nil || option == optGo {
				return err
			}
		default:
			if err := reply(repErrUnsup); err != nil {
				return err
			}
		}
	}
}

// wellFormed checks the data of INFO and GO: a name with its length, and a list of wishes with its length. There is one
// disk, so any name means it, and its sizes are told whether wished for or not.
func wellFormed(data []byte) bool {
	if len(data) < 6 {
		return false
	}
	name := uint64(binary.BigEndian.Uint32(data))
	if name > uint64(len(data)-6) {
		return false
	}
	wishes := int(binary.BigEndian.Uint16(data[4+name:]))
	return len(data) == 4+int(name)+2+2*wishes
}

func (s *server) command() error {
	b, err := s.read(28)
	if err != nil {
		return err
	}
	if magic := binary.BigEndian.Uint32(b); magic != magicRequest {
		return fmt.Errorf("%w: a request begins with %#x", ErrProtocol, magic)
	}
	flags, kind := binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])
	cookie, at, length := binary.BigEndian.Uint64(b[8:]), int64(binary.BigEndian.Uint64(b[16:])), binary.BigEndian.Uint32(b[24:])
	answer := func(errno uint32, data []byte) error { return s.send(uint32(magicSimple), errno, cookie, data) }

	switch kind {
	case cmdDisc:
		return errDisconnected
	case cmdFlush:
		if err := s.disk.Flush(); err != nil {
			return err
		}
		return answer(0, nil)
	case cmdRead, cmdWrite:
		if length > maxPayload {
			return fmt.Errorf("%w: a request of %d bytes", ErrProtocol, length)
		}
	default:
		return answer(errnoInval, nil)
	}
	inside := s.disk.inside(int(length), at)
	switch {
	case kind == cmdRead && !inside:
		return answer(errnoInval, nil)
	case kind == cmdRead:
		data := make([]byte, length)
		if err := s.disk.Read(data, at); err != nil {
			return err
		}
		return answer(0, data)
	case !inside:
		if _, err := io.CopyN(io.Discard, s.conn, int64(length)); err != nil {
			return err
		}
		return answer(errnoNoSpace, nil)
	}
	data, err := s.read(int(length))
	if err != nil {
		return err
	}
	if err := s.disk.Write(data, at, flags&cmdFlagFUA != 0); err != nil {
		return err
	}
	return answer(0, nil)
}
