package room

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/vault"

	"github.com/google/go-cmp/cmp"
)

// fault is where the room's program is killed while it takes a notice.
type fault int

const (
	beforeLog  fault = iota // the notice was read and nothing was done with it
	beforeDisk              // it waits for the disk
	beforeAck               // the disk has it, and the station is not told
	afterAck                // the station is being told
	faults
)

func (f fault) String() string {
	return [...]string{"before the log", "before the disk", "before the acknowledgement", "after the acknowledgement"}[f]
}

// mortal is a room with its server that ends at a chosen notice as a killed program does: what it has not done by then, it
// never does.
type mortal struct {
	t      testing.TB
	cfg    Config
	path   string
	room   *Room
	server *Server

	mu     sync.Mutex // guards what follows
	left   int        // notices until the last; below 0 there is no last
	how    fault
	killed bool
	dead   chan struct{}
}

func newMortal(t testing.TB) *mortal {
	m := &mortal{t: t, cfg: config(t, t.TempDir(), "s1"), path: socket(t)}
	gate(&m.cfg, func() error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.killed && m.how == beforeDisk {
			return errors.New("killed")
		}
		return nil
	})
	return m
}

// live starts the program; the last'th notice ends it, or none where last is below 0.
func (m *mortal) live(last int, how fault) {
	m.t.Helper()
	m.mu.Lock()
	m.left, m.how, m.killed, m.dead = last, how, false, make(chan struct{})
	m.mu.Unlock()
	m.room = open(m.t, m.cfg)
	m.server = serve(m.t, m.path, ServerOptions{OnNotice: m.hear, OnStation: m.room.StationOnline})
}

// bury waits for the end and clears away what a killed program leaves to the system.
func (m *mortal) bury() {
	m.t.Helper()
	select {
	case <-m.dead:
	case <-time.After(patience):
		m.t.Fatal("the notice that was to be the last did not come")
	}
	if err := m.server.Close(); err != nil {
		m.t.Fatal(err)
	}
	if err := m.room.Close(); err != nil && m.how != beforeDisk {
		m.t.Fatal(err)
	}
}

func (m *mortal) hear(d Delivery) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left == 0 {
		return
	}
	if m.left > 0 {
		m.left--
	}
	last, heard := m.left == 0, d.Heard
	if last && (m.how == beforeLog || m.how == beforeDisk) {
		m.kill()
	}
	if last && m.how == beforeLog {
		return
	}
	d.Heard = func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		// A room whose disk takes nothing must keep silent by itself.
		if m.killed && m.how != beforeDisk {
			return
		}
		if !last || m.how != beforeAck {
			heard()
		}
		if last && !m.killed {
			m.kill()
		}
	}
	m.room.Hear(d)
}

// kill ends this life. The caller holds mu.
func (m *mortal) kill() {
	m.killed = true
	close(m.dead)
}

// recorded closes the room and returns the details of what each station said, as the log has them.
func (m *mortal) recorded() map[string][]string {
	m.t.Helper()
	if err := m.server.Close(); err != nil {
		m.t.Fatal(err)
	}
	closeAndVerify(m.t, m.room)
	return said(m.t, filepath.Join(m.cfg.Dir, "room", "s1.journal"), m.cfg.Journal.Vault)
}

func said(t testing.TB, path string, keys vault.Opener) map[string][]string {
	t.Helper()
	rd, err := journal.OpenReader(path, keys)
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	out := make(map[string][]string)
	err = rd.Records(func(_ uint64, data []byte) error {
		rec, err := exam.DecodeRecord(data)
		if e, ok := rec.Event.(exam.StationSaid); ok && e.What == "x" {
			s, err := ParseSaying(e.Detail)
			if err != nil {
				return err
			}
			out[e.Station] = append(out[e.Station], s.Detail)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// R21: what a station says stands in the room's log once and in order, wherever the room's program is killed.
func TestHeardOnceOverRestart(t *testing.T) {
	const notices = 3
	for how := range faults {
		for last := 1; last <= notices; last++ {
			t.Run(fmt.Sprintf("%v of notice %d", how, last), func(t *testing.T) {
				m := newMortal(t)
				c := station(t, m.path, "s1", Options{})
				for _, d := range numbered(1, notices) {
					c.Say(Notice{What: "x", Detail: d})
				}
				m.live(last, how)
				m.bury()
				m.live(-1, 0)
				await(t, "the acknowledgement of everything", func() bool { return c.Unsent() == 0 })
				if diff := cmp.Diff(map[string][]string{"s1": numbered(1, notices)}, m.recorded()); diff != "" {
					t.Errorf("the log (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// R21: the same for two stations that go on talking, over many restarts at random places.
func TestHeardOnceOverManyRestarts(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	m := newMortal(t)
	names := []string{"s1", "s2"}
	clients := make(map[string]*Client)
	want := make(map[string][]string)
	for _, name := range names {
		clients[name] = station(t, m.path, name, Options{})
	}
	say := func() {
		name := names[random.IntN(len(names))]
		want[name] = append(want[name], fmt.Sprint(len(want[name])+1))
		clients[name].Say(Notice{What: "x", Detail: fmt.Sprint(len(want[name]))})
	}
	for range 12 {
		before, during := random.IntN(4), 1+random.IntN(4)
		for range before {
			say()
		}
		m.live(1+random.IntN(before+during), fault(random.IntN(int(faults))))
		for range during {
			say()
		}
		m.bury()
	}
	m.live(-1, 0)
	for _, c := range clients {
		await(t, "the acknowledgement of everything", func() bool { return c.Unsent() == 0 })
	}
	if diff := cmp.Diff(want, m.recorded()); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
}

// Each run of a station's program has a count of its own, and is known again after another one.
func TestRunsOfAStation(t *testing.T) {
	m := newMortal(t)
	m.live(-1, 0)
	say := func(run string, notices map[uint64]string, order ...uint64) {
		t.Helper()
		await(t, "the station to be gone", func() bool { return m.room.View().Stations == 0 })
		c := greet(t, m.path, "s1", run)
		for _, number := range order {
			if err := send(c, message{Kind: kindNotice, Seq: number, Notice: &Notice{Station: "s1", What: "x", Detail: notices[number]}}); err != nil {
				t.Fatal(err)
			}
		}
		for acknowledged := uint64(0); acknowledged < order[len(order)-1]; {
			a := answerOf(t, c)
			if a.Kind != kindHeard || a.Seq <= acknowledged || a.Seq > order[len(order)-1] {
				t.Fatalf("%+v after the acknowledgement of %d", a, acknowledged)
			}
			acknowledged = a.Seq
		}
		c.Close()
	}
	first, second := map[uint64]string{1: "1", 2: "2", 3: "3"}, map[uint64]string{1: "one"}
	say("run-1", first, 1, 2)
	say("run-1", first, 2)
	say("run-2", second, 1)
	say("run-1", first, 2, 3)
	if diff := cmp.Diff(map[string][]string{"s1": {"1", "2", "one", "3"}}, m.recorded()); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
}

// Nothing is acknowledged before the disk has it, and what the room leaves out of its log not before what came earlier.
func TestAcknowledgedWhenOnDisk(t *testing.T) {
	cfg := config(t, t.TempDir(), "s1")
	var mu sync.Mutex
	full := false
	var heard []uint64
	gate(&cfg, func() error {
		mu.Lock()
		defer mu.Unlock()
		if full {
			return syscall.ENOSPC
		}
		return nil
	})
	r := open(t, cfg)
	await(t, "the first records", func() bool { v := r.View(); return v.Durable == v.Appended })
	mu.Lock()
	full = true
	mu.Unlock()
	for i, what := range []string{"x", "", "x", "x"} {
		number := uint64(i + 1)
		r.Hear(Delivery{
			Notice: Notice{Station: "s1", What: what}, Run: "run", Number: min(number, 3),
			Heard: func() { mu.Lock(); defer mu.Unlock(); heard = append(heard, number) },
		})
	}
	sync1(t, r)
	mu.Lock()
	if len(heard) > 0 {
		t.Errorf("%v are acknowledged, and the disk has nothing", heard)
	}
	full = false
	mu.Unlock()
	await(t, "the acknowledgements", func() bool { mu.Lock(); defer mu.Unlock(); return len(heard) == 4 })
	if diff := cmp.Diff([]uint64{1, 2, 3, 4}, heard); diff != "" {
		t.Errorf("acknowledged (-want +got):\n%s", diff)
	}
	closeAndVerify(t, r)
}
