package room

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"emtihan/exam"

	"github.com/google/go-cmp/cmp"
)

// patience is how long a test waits for what must come; a loaded machine is slow, not wrong.
const patience = 2 * time.Minute

// await fails the test when the condition does not come true.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// inbox collects what servers are told: each notice once, as a room's log does.
type inbox struct {
	mu      sync.Mutex
	notices []Notice
	said    map[teller]uint64
	online  map[string]bool
	errs    []error
}

func (b *inbox) options() ServerOptions {
	return ServerOptions{
		OnNotice: func(d Delivery) {
			b.mu.Lock()
			defer b.mu.Unlock()
			if b.said == nil {
				b.said = make(map[teller]uint64)
			}
			if who := (teller{d.Station, d.Run}); d.Number > b.said[who] {
				b.notices, b.said[who] = append(b.notices, d.Notice), d.Number
			}
			d.Heard()
		},
		OnStation: func(s string, on bool) {
			b.mu.Lock()
			defer b.mu.Unlock()
			if b.online == nil {
				b.online = make(map[string]bool)
			}
			b.online[s] = on
		},
		OnError: func(err error) { b.mu.Lock(); defer b.mu.Unlock(); b.errs = append(b.errs, err) },
	}
}

func (b *inbox) details() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, n := range b.notices {
		out = append(out, n.Detail)
	}
	return out
}

func (b *inbox) isOnline(s string) bool { b.mu.Lock(); defer b.mu.Unlock(); return b.online[s] }

func (b *inbox) failed(target error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, err := range b.errs {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

func socket(t testing.TB) string { return filepath.Join(t.TempDir(), "room.sock") }

func serve(t testing.TB, path string, opt ServerOptions) *Server {
	t.Helper()
	s, err := Listen(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func station(t testing.TB, path, name string, opt Options) *Client {
	t.Helper()
	opt.Station, opt.RetryMin, opt.RetryMax = name, time.Millisecond, 20*time.Millisecond
	c := Dial(path, opt)
	t.Cleanup(func() { c.Close() })
	return c
}

func numbered(from, to int) []string {
	var out []string
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func TestNoticesInOrder(t *testing.T) {
	var box inbox
	path := socket(t)
	serve(t, path, box.options())
	c := station(t, path, "s1", Options{})
	frame := bytes.Repeat([]byte{0xFF, 0xD8}, MaxFrame/2)
	for _, d := range numbered(1, 200) {
		c.Say(Notice{What: "face.checked", Detail: d, Attempt: "a", IIN: "900101300017", Score: 0.25, Frame: frame})
	}
	await(t, "200 notices", func() bool { return len(box.details()) == 200 && c.Unsent() == 0 })
	if diff := cmp.Diff(numbered(1, 200), box.details()); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	box.mu.Lock()
	defer box.mu.Unlock()
	want := Notice{Station: "s1", What: "face.checked", Detail: "200", Attempt: "a", IIN: "900101300017", Score: 0.25, Frame: frame}
	if diff := cmp.Diff(want, box.notices[199]); diff != "" {
		t.Errorf("notice (-want +got):\n%s", diff)
	}
}

// A station never waits for the room: what was said before it came, and while it was gone, arrives once and in order.
func TestReconnect(t *testing.T) {
	var box inbox
	path := socket(t)
	c := station(t, path, "s1", Options{})
	for _, d := range numbered(1, 5) {
		c.Say(Notice{What: "x", Detail: d})
	}
	s, err := Listen(path, box.options())
	if err != nil {
		t.Fatal(err)
	}
	await(t, "what was said before the room came", func() bool { return len(box.details()) == 5 })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if box.isOnline("s1") {
		t.Error("the station is online at a room that is closed")
	}
	for _, d := range numbered(6, 9) {
		c.Say(Notice{What: "x", Detail: d})
	}
	serve(t, path, box.options())
	await(t, "what was said while the room was gone", func() bool { return len(box.details()) == 9 && c.Unsent() == 0 })
	if diff := cmp.Diff(numbered(1, 9), box.details()); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if n := c.Dropped(); n != 0 {
		t.Errorf("%d notices dropped", n)
	}
}

// greet says hello by hand and expects to be welcomed.
func greet(t testing.TB, path, name, run string) net.Conn {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := send(c, message{Kind: kindHello, Version: Version, Station: name, Run: run}); err != nil {
		t.Fatal(err)
	}
	if m := answerOf(t, c); m.Kind != kindWelcome {
		t.Fatalf("hello was answered with %+v, want a welcome", m)
	}
	return c
}

// answerOf reads one message of the room by hand.
func answerOf(t testing.TB, c net.Conn) message {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	m, err := readMessage(c, func() {})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestUnsentIsBounded(t *testing.T) {
	path := socket(t)
	c := station(t, path, "s1", Options{Unsent: 10})
	for _, d := range numbered(1, 25) {
		c.Say(Notice{What: "x", Detail: d})
	}
	if got, want := c.Unsent(), 10; got != want {
		t.Errorf("%d notices wait, want %d", got, want)
	}
	if got, want := c.Dropped(), uint64(15); got != want {
		t.Errorf("%d dropped, want %d", got, want)
	}
	var box inbox
	serve(t, path, box.options())
	await(t, "the rest", func() bool { return c.Unsent() == 0 })
	if diff := cmp.Diff(numbered(16, 25), box.details()); diff != "" {
		t.Errorf("the newest must stay (-want +got):\n%s", diff)
	}
}

func TestSayFitsTheLink(t *testing.T) {
	var box inbox
	path := socket(t)
	serve(t, path, box.options())
	c := station(t, path, "s1", Options{})
	c.Say(Notice{What: "x", Detail: strings.Repeat("ә", MaxText), Frame: make([]byte, MaxFrame+1), Name: "\xff"})
	await(t, "the notice", func() bool { return len(box.details()) == 1 })
	n := box.notices[0]
	if len(n.Detail) != MaxText || n.Frame != nil || n.Name != "\uFFFD" {
		t.Errorf("detail of %d bytes, frame of %d, name %q", len(n.Detail), len(n.Frame), n.Name)
	}
}

// R18: the station learns of an act about its attempt, once, also when it was not there at the time.
func TestActs(t *testing.T) {
	var box inbox
	path := socket(t)
	s := serve(t, path, box.options())
	var mu sync.Mutex
	got := make(map[string][]string)
	listen := func(name string) Options {
		return Options{OnAct: func(a exam.ActTied) { mu.Lock(); defer mu.Unlock(); got[name] = append(got[name], a.Number) }}
	}
	acts := func(name string) []string { mu.Lock(); defer mu.Unlock(); return append([]string(nil), got[name]...) }
	a, b := station(t, path, "a", listen("a")), station(t, path, "b", listen("b"))
	a.Say(Notice{What: "x", Attempt: "attempt-a"})
	b.Say(Notice{What: "x", Attempt: "attempt-b"})
	await(t, "both stations", func() bool { return len(box.details()) == 2 })
	s.SendAct("attempt-a", exam.ActTied{Number: "12/1", Form: "12", By: "x", Digest: []byte{1}})
	s.SendAct("attempt-c", exam.ActTied{Number: "12/2"})
	s.SendAct("", exam.ActTied{Number: "10/3"})
	await(t, "the act at station a", func() bool { return len(acts("a")) == 1 })
	await(t, "the acknowledgement", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.acts) == 1 })
	c := station(t, path, "c", listen("c"))
	c.Say(Notice{What: "x", Attempt: "attempt-c"})
	await(t, "the act that waited for station c", func() bool { return len(acts("c")) == 1 })
	if n := acts("b"); len(n) > 0 {
		t.Errorf("station b was told of %v", n)
	}
	// The room's program sends an act that the log holds again after its restart; the station must not tie it twice.
	s.SendAct("attempt-a", exam.ActTied{Number: "12/1"})
	await(t, "the second acknowledgement", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.acts) == 0 })
	if diff := cmp.Diff([]string{"12/1"}, acts("a")); diff != "" {
		t.Errorf("acts of station a (-want +got):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	var box inbox
	path := socket(t)
	serve(t, path, box.options())
	greet(t, path, "s1", "run-1")
	for _, c := range []struct {
		name   string
		hello  message
		reason string
	}{
		{"other version", message{Kind: kindHello, Version: Version + 1, Station: "s2"}, refusedVersion},
		{"name taken", message{Kind: kindHello, Version: Version, Station: "s1", Run: "run-2"}, refusedTaken},
		{"no name", message{Kind: kindHello, Version: Version}, refusedName},
		{"the desk's name", message{Kind: kindHello, Version: Version, Station: Desk}, refusedName},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := send(conn, c.hello); err != nil {
				t.Fatal(err)
			}
			if m := answerOf(t, conn); m.Kind != kindRefused || m.Reason != c.reason {
				t.Errorf("answer %+v, want the refusal %q", m, c.reason)
			}
			if _, err := readMessage(conn, func() {}); !errors.Is(err, io.EOF) {
				t.Errorf("after the refusal: %v, want the end", err)
			}
		})
	}
}

// A peer that breaks the protocol is disconnected and does no harm to another.
func TestBrokenPeers(t *testing.T) {
	var box inbox
	path := socket(t)
	serve(t, path, box.options())
	good := station(t, path, "good", Options{})
	notice, err := encodeMessage(message{Kind: kindNotice, Seq: 1, Notice: &Notice{Station: "bad", What: "x", Detail: "bad"}})
	if err != nil {
		t.Fatal(err)
	}
	for i, data := range [][]byte{
		notice[:2],                                               // ends within the length
		notice[:len(notice)/2],                                   // ends within the message
		binary.BigEndian.AppendUint32(nil, 0),                    // empty
		binary.BigEndian.AppendUint32(nil, 1<<31),                // announces two gigabytes
		{0, 0, 0, 3, 0xFF, 0xFF, 0xFF},                           // no CBOR
		{0, 0, 0, 3, 0xA1, 0x01, 0x63},                           // unknown kind
		{0, 0, 0, 3, 0xA1, 0x01, 0x04},                           // a notice without contents
		append(append([]byte(nil), notice...), 0, 0, 0, 1, 0xA0), // a whole one, then nonsense
	} {
		c := greet(t, path, fmt.Sprint("bad", i), "run")
		if _, err := c.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := c.(*net.UnixConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(c); err != nil && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("message %d: the peer was not disconnected: %v", i, err)
		}
	}
	good.Say(Notice{What: "x", Detail: "good"})
	await(t, "the good station's notice", func() bool { return len(box.details()) > 0 })
	if diff := cmp.Diff([]string{"good"}, box.details()); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	if !box.failed(ErrMessage) {
		t.Error("nobody was told why the peers were disconnected")
	}
}

// A notice without a number could not be told from one that was heard before.
func TestNumberlessNotice(t *testing.T) {
	var box inbox
	path := socket(t)
	serve(t, path, box.options())
	c := greet(t, path, "s1", "run")
	if err := send(c, message{Kind: kindNotice, Notice: &Notice{Station: "s1", What: "x"}}); err != nil {
		t.Fatal(err)
	}
	await(t, "the complaint", func() bool { return box.failed(ErrMessage) })
}

// A station that does not read is disconnected; the room does not wait for it, and others are served.
func TestSlowPeer(t *testing.T) {
	var box inbox
	path := socket(t)
	s := serve(t, path, box.options())
	slow := greet(t, path, "slow", "run")
	if err := send(slow, message{Kind: kindNotice, Seq: 1, Notice: &Notice{Station: "slow", What: "x", Attempt: "a"}}); err != nil {
		t.Fatal(err)
	}
	await(t, "the slow station", func() bool { return box.isOnline("slow") && len(box.details()) == 1 })
	big := exam.ActTied{Number: strings.Repeat("9", 50_000)}
	for range 4 * maxWaiting {
		s.SendAct("a", big)
	}
	await(t, "the slow station to be disconnected", func() bool { return !box.isOnline("slow") })
	good := station(t, path, "good", Options{})
	good.Say(Notice{What: "x", Detail: "good"})
	await(t, "the good station's notice", func() bool { return len(box.details()) == 2 })
}

func TestSocket(t *testing.T) {
	path := socket(t)
	s := serve(t, path, ServerOptions{})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket %v, %v; want it for this user only", info, err)
	}
	if _, err := Listen(path, ServerOptions{}); !errors.Is(err, ErrLive) {
		t.Errorf("a second room: %v, want %v", err, ErrLive)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	// What a dead program leaves: a socket that nobody serves.
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Fatal(err)
	}
	serve(t, path, ServerOptions{})

	// A live socket without the lock, as another program would have it.
	foreign := socket(t)
	l, err = net.ListenUnix("unix", &net.UnixAddr{Name: foreign, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Listen(foreign, ServerOptions{}); !errors.Is(err, ErrLive) {
		t.Errorf("a foreign program's socket: %v, want %v", err, ErrLive)
	}

	file := socket(t)
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(file, ServerOptions{}); !errors.Is(err, ErrNoSocket) {
		t.Errorf("a file: %v, want %v", err, ErrNoSocket)
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "mine" {
		t.Errorf("the file is %q, %v", data, err)
	}
	if _, err := Listen(filepath.Join(t.TempDir(), strings.Repeat("x", 120)), ServerOptions{}); !errors.Is(err, ErrPath) {
		t.Errorf("a long path: %v, want %v", err, ErrPath)
	}
}

func TestCloseDeliversWhatWaits(t *testing.T) {
	var box inbox
	path := socket(t)
	serve(t, path, box.options())
	up := make(chan bool, 100)
	c := station(t, path, "s1", Options{Linger: patience, OnState: func(on bool, _ error) { up <- on }})
	await(t, "the link", func() bool { return <-up })
	for _, d := range numbered(1, 50) {
		c.Say(Notice{What: "x", Detail: d})
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(numbered(1, 50), box.details()); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	lonely := station(t, socket(t), "s1", Options{})
	lonely.Say(Notice{What: "x"})
	if err := lonely.Close(); err == nil {
		t.Error("a notice was lost without an error")
	}
}

func FuzzDecodeMessage(f *testing.F) {
	for _, m := range []message{
		{Kind: kindHello, Version: 1, Station: "s1", Run: "r"},
		{Kind: kindNotice, Seq: 3, Notice: &Notice{Station: "s1", What: "locked", Detail: "face", Frame: []byte{0xFF, 0xD8}, Score: 0.3}},
		{Kind: kindAct, Seq: 1, Attempt: "a", Act: &exam.ActTied{Number: "12/2026-11-21/003", Digest: []byte{1}}},
		{Kind: kindOrder, Seq: 17, Order: &Order{What: OrderSuspend, By: "ups", Reason: "low-battery"}},
	} {
		data, err := encodeMessage(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)-1])
	}
	f.Add([]byte{0, 0, 0, 1, 0xBF})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := readMessage(bytes.NewReader(data), func() {})
		if err != nil {
			if !errors.Is(err, ErrMessage) && !errors.Is(err, io.EOF) {
				t.Errorf("%v is not an error of the protocol", err)
			}
			return
		}
		again, err := encodeMessage(m)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		back, err := readMessage(bytes.NewReader(again), func() {})
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if third, err := encodeMessage(back); err != nil || !bytes.Equal(again, third) {
			t.Errorf("written twice: %x and %x, %v", again, third, err)
		}
	})
}
