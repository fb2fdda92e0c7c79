package journal_test

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"emtihan/exam/journal"
)

const childVariable = "EMTIHAN_JOURNAL_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childVariable); path != "" {
		fmt.Fprintln(os.Stderr, writeForEver(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// numbered returns what the child writes as record n, so that the parent knows it without being told.
func numbered(n uint64) ([]byte, [][]byte) {
	r := rand.New(rand.NewPCG(n, 11))
	record := fmt.Appendf(nil, "%d ", n)
	for range r.IntN(300) {
		record = append(record, byte(r.Uint32()))
	}
	if n%13 != 0 {
		return record, nil
	}
	blob := make([]byte, r.IntN(30_000))
	for i := range blob {
		blob[i] = byte(r.Uint32())
	}
	return record, [][]byte{blob}
}

// writeForEver is the child: it appends without end and says on its standard output what the journal calls durable.
func writeForEver(path string) error {
	fmt.Println("ready")
	acknowledged := make(chan uint64, 64)
	opt := journal.Options{OnStatus: func(s journal.Status) {
		if s.Err == nil {
			fmt.Println(s.Durable)
			select {
			case acknowledged <- s.Durable:
			default:
			}
		}
	}}
	j, err := journal.Create(path, testID, opt)
	if errors.Is(err, journal.ErrExists) {
		j, err = journal.Open(path, opt)
	}
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(j.Next(), 5))
	for {
		next := j.Next()
		for n := range uint64(1 + r.IntN(12)) {
			record, blobs := numbered(next + n)
			if _, err := j.Append(journal.Entry{Record: record, Blobs: blobs}); err != nil {
				return err
			}
		}
		if r.IntN(3) > 0 {
			<-acknowledged
		}
	}
}

// A real process is killed while it writes, again and again, on the same file. Whatever it had said to be durable is
// there, in order and unchanged.
func TestKilledWriter(t *testing.T) { // R11
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	kills := 40
	if testing.Short() {
		kills = 8
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("EMTIHAN_SEED"); s != "" {
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("EMTIHAN_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	total := 0
	for kill := range kills {
		path := filepath.Join(dir, fmt.Sprintf("%d.journal", kill/10))
		acks := r.IntN(60)
		if kill%10 == 0 {
			acks = 0 // while the file is being made
		}
		pause := time.Duration(r.Int64N(int64(3 * time.Millisecond)))
		acknowledged := runAndKill(t, exe, path, acks, pause)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && acknowledged == 0 {
			continue
		}
		c := wholly(t, path)
		if uint64(len(c.Records)) < acknowledged {
			t.Fatalf("kill %d: %d records were acknowledged, %d are there", kill, acknowledged, len(c.Records))
		}
		for i, got := range c.Records {
			record, blobs := numbered(uint64(i) + 1)
			if got != string(record) {
				t.Fatalf("kill %d: record %d has changed", kill, i+1)
			}
			for _, b := range blobs {
				if _, ok := c.Blobs[sha256.Sum256(b)]; !ok {
					t.Fatalf("kill %d: the blob of record %d is missing", kill, i+1)
				}
			}
		}
		total = max(total, len(c.Records))
		j := reopenQuietly(t, path)
		if got, want := j.Next(), uint64(len(c.Records))+1; got != want {
			t.Fatalf("kill %d: goes on with %d, want %d", kill, got, want)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if total == 0 {
		t.Error("no child has written anything")
	}
	t.Logf("%d kills, up to %d records in a file", kills, total)
}

func reopenQuietly(t *testing.T, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// runAndKill lets a child write, kills it a moment after it has acknowledged so many commits, and returns the highest
// number that it acknowledged.
func runAndKill(t *testing.T, exe, path string, acks int, pause time.Duration) (acknowledged uint64) {
	t.Helper()
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childVariable+"="+path)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	killed := make(chan struct{})
	kill := func() {
		go func() {
			defer close(killed)
			time.Sleep(pause) // the moment is random on purpose; nothing is expected to have happened in it
			cmd.Process.Kill()
		}()
	}
	seen := -1
	for lines.Scan() {
		if line := lines.Text(); line != "ready" {
			if acknowledged, err = strconv.ParseUint(line, 10, 64); err != nil {
				t.Fatalf("the child said %q", line)
			}
		}
		if seen++; seen == acks {
			kill()
		}
	}
	if seen < acks {
		cmd.Process.Kill()
		cmd.Wait()
		t.Fatalf("the child ended by itself: %s", stderr.String())
	}
	<-killed
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child was not killed: %v %s", err, stderr.String())
	}
	return acknowledged
}
