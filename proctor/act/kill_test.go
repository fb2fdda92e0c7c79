package act

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/vault"
)

const drawerEnv = "EMTIHAN_ACT_DRAWER"

// TestMain lets this program be its own second process: one that draws up acts until it is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(drawerEnv); dir != "" {
		if err := drawUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// drawUntilKilled draws up acts as a room does: the act and its page in one entry of the log, said on the standard output
// once the disk has it.
func drawUntilKilled(dir string) error {
	v, err := vault.Open(dir, vault.Options{Credentials: "-"})
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "room.journal")
	told := make(chan struct{}, 1)
	opt := journal.Options{Vault: v, OnStatus: func(journal.Status) {
		select {
		case told <- struct{}{}:
		default:
		}
	}}
	j, err := journal.Open(path, opt)
	if errors.Is(err, fs.ErrNotExist) {
		j, err = journal.Create(path, "s1", opt)
	}
	if err != nil {
		return err
	}
	var book Book
	seq, run := uint64(0), uint32(1)
	err = j.Records(func(n uint64, data []byte) error {
		rec, err := exam.DecodeRecord(data)
		if err != nil {
			return err
		}
		seq, run = rec.Seq, rec.Stamp.Run+1
		return book.Add(rec.Event.(exam.ActDrawn).Number)
	})
	if err != nil {
		return err
	}
	fs, err := Load("")
	if err != nil {
		return err
	}
	regular, err := os.ReadFile("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
	if err != nil {
		return err
	}
	form, _ := fs.Form("12")
	for i := 0; ; i++ {
		d := Prefill(form, session, candidate, Trigger{Kind: ByLimit, Record: 1, At: now}, now)
		d.Fields[FieldText] = fmt.Sprint(run, "/", i)
		a, pdf, err := fs.Issue(d, &book, "Сұлтанова Гүлнәр", now, Fonts{Regular: regular})
		if err != nil {
			return err
		}
		seq++
		data, err := exam.EncodeRecord(exam.Recorded{Seq: seq, Stamp: exam.Stamp{Wall: now.UnixMilli(), Run: run, Mono: int64(i)}, Event: a})
		if err != nil {
			return err
		}
		record, err := j.Append(journal.Entry{Record: data, Blobs: [][]byte{pdf}})
		if err != nil {
			return err
		}
		if err := book.Add(a.Number); err != nil {
			return err
		}
		for j.Status().Durable < record {
			if err := j.Status().Err; err != nil {
				return err
			}
			<-told
		}
		fmt.Println(a.Number)
	}
}

// R19: whenever the program is killed, the numbers of a day run on without a gap and without a duplicate, every act that
// was told of is there, and every act has its page.
func TestNumbersUnderKills(t *testing.T) {
	fonts(t)
	dir := t.TempDir()
	told := make(map[string]bool)
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), drawerEnv+"="+dir)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		deadline := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		// The kill falls anywhere between one act being told of and some acts later.
		lines, after := bufio.NewScanner(out), 1+rand.IntN(4)
		for n := 0; lines.Scan(); n++ {
			if told[lines.Text()] {
				t.Errorf("round %d: act %s was told of twice", round, lines.Text())
			}
			told[lines.Text()] = true
			if n == after {
				go func() {
					time.Sleep(rand.N(200 * time.Millisecond)) // where in the next act, is what is tried out
					_ = cmd.Process.Kill()
				}()
			}
		}
		_ = cmd.Wait()
		deadline.Stop()
		if stderr.Len() > 0 {
			t.Fatalf("round %d: %s", round, stderr.String())
		}
	}

	v, err := vault.Open(dir, vault.Options{Credentials: "-"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := journal.OpenReader(filepath.Join(dir, "room.journal"), v)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var book Book
	pages := make(map[journal.Hash]bool)
	if err := r.Blobs(func(h journal.Hash, blob []byte) error {
		pages[h] = sha256.Sum256(blob) == h
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	acts := 0
	err = r.Records(func(_ uint64, data []byte) error {
		rec, err := exam.DecodeRecord(data)
		if err != nil {
			return err
		}
		a := rec.Event.(exam.ActDrawn)
		acts++
		if want := Number("12", now, acts); a.Number != want {
			t.Errorf("act %d of the log is %s, want %s", acts, a.Number, want)
		}
		if !pages[journal.Hash(a.Digest)] {
			t.Errorf("act %s has no page", a.Number)
		}
		delete(told, a.Number)
		return book.Add(a.Number)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(told) > 0 {
		t.Errorf("acts that were told of and are not in the log: %v", told)
	}
	if gaps := book.Gaps(); len(gaps) > 0 || acts < rounds {
		t.Errorf("%d acts in %d rounds, gaps %v", acts, rounds, gaps)
	}
	t.Logf("%d acts, killed %d times", acts, rounds)
}

func TestBook(t *testing.T) { // R19
	var b Book
	day := now
	for _, n := range []string{"12/2026-11-21/001", "10/2026-11-21/002", "10/2026-11-20/009", "10/2026-11-21/002"} {
		if err := b.Add(n); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"12/2026-11-21/002", "x", "", "12/2026-11-21/2"} {
		if err := b.Add(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if got, want := b.Next("0", day), "0/2026-11-21/003"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := b.Next("0", day), "0/2026-11-21/003"; got != want {
		t.Errorf("asking took the number: %s, want %s", got, want)
	}
	if got, want := b.Next("12-1", day.AddDate(0, 0, 1)), "12-1/2026-11-22/001"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := b.Gaps(); len(got) != 8 || got[0] != "2026-11-20/001" {
		t.Errorf("gaps %v", got)
	}
}

// R19: what is refused, or cannot be printed, takes no number.
func TestIssue(t *testing.T) {
	fs, f := load(t), fonts(t)
	var b Book
	d := Prefill(form(t, fs, "12"), session, candidate, Trigger{}, now)
	var incomplete *Incomplete
	if _, _, err := fs.Issue(d, &b, "Сәуле", now, f); !errors.As(err, &incomplete) || fs.Explain(err, "ru") == err.Error() {
		t.Errorf("%v", err)
	}
	d.Fields[FieldBans] = "3"
	if _, _, err := fs.Issue(d, &b, "", now, f); err == nil {
		t.Error("an act that nobody signs")
	}
	if _, _, err := fs.Issue(d, &b, "Сәуле", now, Fonts{}); err == nil {
		t.Error("an act without a page")
	}
	a, pdf, err := fs.Issue(d, &b, "Сәуле", now, f)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(pdf); !bytes.Equal(sum[:], a.Digest) || a.Number != "12/2026-11-21/001" {
		t.Errorf("act %s, digest %x of %x", a.Number, a.Digest, sum)
	}
	// A correction later in the day, by another form: R19, R20.
	if err := b.Add(a.Number); err != nil {
		t.Fatal(err)
	}
	d.Fields[FieldCorrects] = a.Number
	if a, _, err = fs.Issue(d, &b, "Сәуле", now, f); err != nil || a.Number != "12/2026-11-21/002" || a.Fields[FieldEffects] != "lift,removed" {
		t.Errorf("%s, %v, effects %q", a.Number, err, a.Fields[FieldEffects])
	}
}
