package disk_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"emtihan/cmd/powercut/disk"
)

// client speaks NBD from the other side, by the numbers of the protocol and not by those of the server.
type client struct {
	t    testing.TB
	conn net.Conn
	end  chan error
}

func dial(t testing.TB, d *disk.Disk) *client {
	t.Helper()
	near, far := net.Pipe()
	c := &client{t, near, make(chan error, 1)}
	near.SetDeadline(time.Now().Add(20 * time.Second))
	go func() {
		defer far.Close()
		c.end <- disk.Serve(far, d)
	}()
	t.Cleanup(func() { near.Close() })
	return c
}

func (c *client) send(fields ...any) {
	c.t.Helper()
	var b bytes.Buffer
	for _, f := range fields {
		if err := binary.Write(&b, binary.BigEndian, f); err != nil {
			c.t.Fatal(err)
		}
	}
	if _, err := c.conn.Write(b.Bytes()); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) want(what string, fields ...any) {
	c.t.Helper()
	var b bytes.Buffer
	for _, f := range fields {
		if err := binary.Write(&b, binary.BigEndian, f); err != nil {
			c.t.Fatal(err)
		}
	}
	got := make([]byte, b.Len())
	if _, err := io.ReadFull(c.conn, got); err != nil {
		c.t.Fatalf("%s: %v", what, err)
	}
	if !bytes.Equal(got, b.Bytes()) {
		c.t.Fatalf("%s: % x, want % x", what, got, b.Bytes())
	}
}

// ended returns what Serve returned.
func (c *client) ended() error {
	c.t.Helper()
	select {
	case err := <-c.end:
		return err
	case <-time.After(20 * time.Second):
		c.t.Fatal("the server goes on")
		return nil
	}
}

const option = uint64(0x49484156454f5054)

func (c *client) greet() {
	c.t.Helper()
	c.want("greeting", []byte("NBDMAGICIHAVEOPT"), uint16(3))
	c.send(uint32(3))
}

// enter negotiates as QEMU does.
func (c *client) enter() {
	c.t.Helper()
	c.greet()
	const reply = uint64(0x3e889045565a9)
	c.send(option, uint32(8), uint32(0)) // structured replies
	c.want("unsupported", reply, uint32(8), uint32(0x80000001), uint32(0))
	c.send(option, uint32(7), uint32(8), uint32(0), uint16(1), uint16(3)) // GO, no name, block sizes wished for
	c.want("export", reply, uint32(7), uint32(3), uint32(12), uint16(0), uint64(sectors*512), uint16(0b1101))
	c.want("sizes", reply, uint32(7), uint32(3), uint32(14), uint16(3), uint32(512), uint32(4096), uint32(32<<20))
	c.want("end of negotiation", reply, uint32(7), uint32(1), uint32(0))
}

const (
	read, written, disconnect, flushed, trim = 0, 1, 2, 3, 4
	fua                                      = 1
)

func (c *client) ask(flags, kind uint16, cookie, at uint64, length uint32, data []byte) {
	c.t.Helper()
	c.send(uint32(0x25609513), flags, kind, cookie, at, length, data)
}

func (c *client) answer(what string, errno uint32, cookie uint64, data []byte) {
	c.t.Helper()
	c.want(what, uint32(0x67446698), errno, cookie, data)
}

func TestServe(t *testing.T) {
	d := blank(t)
	d.Record()
	c := dial(t, d)
	c.enter()
	c.ask(0, written, 1, 512, 1024, bytes.Repeat(sectorOf(5), 2))
	c.answer("write", 0, 1, nil)
	c.ask(0, read, 2, 0, 1536, nil)
	c.answer("read", 0, 2, bytes.Join([][]byte{sectorOf(0), sectorOf(5), sectorOf(5)}, nil))
	c.ask(0, flushed, 3, 0, 0, nil)
	c.answer("flush", 0, 3, nil)
	c.ask(fua, written, 4, 0, 512, sectorOf(6))
	c.answer("write with FUA", 0, 4, nil)
	c.ask(0, written, 5, sectors*512, 512, sectorOf(1))
	c.answer("write behind the end", 28, 5, nil)
	c.ask(0, read, 6, 1, 512, nil)
	c.answer("read off the sectors", 22, 6, nil)
	c.ask(0, trim, 7, 0, 512, nil)
	c.answer("trim", 22, 7, nil)
	c.ask(0, disconnect, 8, 0, 0, nil)
	if err := c.ended(); err != nil {
		t.Error(err)
	}
	h := d.History()
	if len(h) != 3 || h[0].FUA || !h[1].Flush() || !h[2].FUA || h[0].At != 512 || h[2].At != 0 {
		t.Errorf("history: %d commands", len(h))
	}
}

func TestOldWayIn(t *testing.T) {
	for flags, zeroes := range map[uint32]int{1: 124, 3: 0} {
		c := dial(t, blank(t))
		c.want("greeting", []byte("NBDMAGICIHAVEOPT"), uint16(3))
		c.send(flags, option, uint32(1), uint32(4), []byte("name"))
		c.want("export", uint64(sectors*512), uint16(0b1101), make([]byte, zeroes))
		c.ask(0, read, 9, 0, 512, nil)
		c.answer("read", 0, 9, sectorOf(0))
	}
}

func TestServeWithoutPower(t *testing.T) {
	d := blank(t)
	c := dial(t, d)
	c.enter()
	d.OffAt(2)
	c.ask(0, written, 1, 0, 512, sectorOf(1))
	c.answer("write", 0, 1, nil)
	c.ask(0, flushed, 2, 0, 0, nil)
	<-d.Off()
	c.ask(0, read, 3, 0, 512, nil) // taken, and not answered
	c.conn.SetReadDeadline(time.Now())
	if _, err := c.conn.Read(make([]byte, 1)); err == nil {
		t.Error("a disk without power answers")
	}
	c.conn.Close()
	if err := c.ended(); err != nil {
		t.Error(err)
	}
}

func TestProtocolRefused(t *testing.T) {
	for name, talk := range map[string]func(c *client){
		"flags":           func(c *client) { c.want("", []byte("NBDMAGICIHAVEOPT"), uint16(3)); c.send(uint32(0xFF)) },
		"option":          func(c *client) { c.greet(); c.send(uint64(1), uint32(1), uint32(0)) },
		"long option":     func(c *client) { c.greet(); c.send(option, uint32(7), uint32(1<<30)) },
		"request":         func(c *client) { c.enter(); c.send(make([]byte, 28)) },
		"long request":    func(c *client) { c.enter(); c.ask(0, written, 1, 0, 1<<31, nil) },
		"request to read": func(c *client) { c.enter(); c.ask(0, read, 1, 0, 1<<31, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, blank(t))
			talk(c)
			if err := c.ended(); !errors.Is(err, disk.ErrProtocol) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestMalformedGoIsRefusedPolitely(t *testing.T) {
	c := dial(t, blank(t))
	c.greet()
	for _, data := range [][]byte{{}, {0, 0, 0, 0, 0}, {0xFF, 0xFF, 0xFF, 0xFF, 0, 0}, {0, 0, 0, 0, 0, 9}, {0, 0, 0, 0, 0, 0, 7}} {
		c.send(option, uint32(7), uint32(len(data)), data)
		c.want("refusal", uint64(0x3e889045565a9), uint32(7), uint32(0x80000003), uint32(0))
	}
	c.send(option, uint32(2), uint32(0)) // ABORT
	c.want("farewell", uint64(0x3e889045565a9), uint32(2), uint32(1), uint32(0))
	if err := c.ended(); err != nil {
		t.Error(err)
	}
}

// A client that dies in the middle of anything is not the server's error.
func TestClientDies(t *testing.T) {
	var whole bytes.Buffer
	for _, f := range []any{
		uint32(3), option, uint32(7), uint32(6), uint32(0), uint16(0),
		uint32(0x25609513), uint16(0), uint16(1), uint64(1), uint64(0), uint32(512), sectorOf(1),
	} {
		if err := binary.Write(&whole, binary.BigEndian, f); err != nil {
			t.Fatal(err)
		}
	}
	for n := range whole.Len() {
		if err := disk.Serve(script{bytes.NewReader(whole.Bytes()[:n])}, blank(t)); err != nil {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// script is a client that says what it has to say and hears nothing.
type script struct{ io.Reader }

func (script) Write(p []byte) (int, error) { return len(p), nil }

func FuzzServe(f *testing.F) {
	request := func(fields ...any) []byte {
		var b bytes.Buffer
		for _, v := range append([]any{uint32(3), option, uint32(7), uint32(6), uint32(0), uint16(0), uint32(0x25609513)}, fields...) {
			if err := binary.Write(&b, binary.BigEndian, v); err != nil {
				f.Fatal(err)
			}
		}
		return b.Bytes()
	}
	f.Add(request(uint16(0), uint16(written), uint64(1), uint64(512), uint32(512), sectorOf(3)))
	f.Add(request(uint16(0), uint16(read), uint64(1), uint64(0), uint32(8192)))
	f.Add(request(uint16(0), uint16(flushed), uint64(1), uint64(0), uint32(0)))
	f.Add([]byte{0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		d := blank(t)
		d.Record()
		if err := disk.Serve(script{bytes.NewReader(data)}, d); err != nil && !errors.Is(err, disk.ErrProtocol) {
			t.Error(err)
		}
		for _, o := range d.History() {
			if o.At < 0 || o.At+int64(len(o.Data)) > d.Size() || len(o.Data)%disk.Sector != 0 {
				t.Errorf("a command outside the disk: %d bytes at %d", len(o.Data), o.At)
			}
		}
	})
}
