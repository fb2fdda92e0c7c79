package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/sealed"
)

type pullCmd struct {
	Sources []string `arg:"" name:"source" help:"Data folder of a station or of an administrator's computer, a folder that holds such folders or sealed files (a USB stick), or single files." type:"path"`
	Out     string   `required:"" help:"Folder for the sealed files; it is made where it does not exist." placeholder:"DIR" type:"path"`
	JSON    bool     `name:"json" help:"Print a summary as one JSON object in the last line."`
}

// The codes with which a pull says why something was not pulled.
const (
	whyInUse     = "in-use"
	whyDamaged   = "damaged"
	whyNoKey     = "no-key"
	whyBadKey    = "bad-key"
	whyDifferent = "different"
	whyNotWhole  = "not-whole"
	whyNothing   = "nothing"
	whyFailed    = "failed"
)

// failure is one log that could not be pulled.
type failure struct {
	Source string `json:"source"`
	Code   string `json:"code"`
	Record uint64 `json:"record,omitempty"` // where a damaged journal's first wrong record is known
	Why    string `json:"why"`
}

type summary struct {
	Sealed   int       `json:"sealed"`
	Present  int       `json:"present"` // there already and identical
	Empty    int       `json:"empty"`   // journals without a record
	Failed   int       `json:"failed"`
	Files    []string  `json:"files"` // names of those sealed or present
	Failures []failure `json:"failures"`
}

var (
	errEmpty     = errors.New("the journal has no records")
	errPresent   = errors.New("it is there already")
	errNothing   = errors.New("there are no logs of an exam in it")
	errDifferent = errors.New("a different file of that name is there already")
)

// Run pulls everything that can be pulled and says at the end what could not.
func (c *pullCmd) Run(e *env) error {
	if err := os.MkdirAll(c.Out, 0o700); err != nil {
		return err
	}
	sum := summary{Files: []string{}, Failures: []failure{}}
	fail := func(path string, err error) {
		f := diagnose(path, err)
		sum.Failed++
		sum.Failures = append(sum.Failures, f)
		fmt.Fprintln(e.out, e.say("pull.failed", "Source", path, "Why", e.why(f)))
	}
	paths := c.find(fail)
	for i, path := range paths {
		name, size, records, err := c.pull(path)
		step := fmt.Sprintf("[%d/%d] ", i+1, len(paths))
		switch {
		case err == nil:
			sum.Sealed++
			fmt.Fprintln(e.out, step+e.say("pull.sealed", "Name", name, "Records", records, "Size", (size+1023)/1024))
		case errors.Is(err, errPresent):
			sum.Present++
			fmt.Fprintln(e.out, step+e.say("pull.present", "Name", name))
		case errors.Is(err, errEmpty):
			sum.Empty++
			fmt.Fprintln(e.out, step+e.say("pull.empty", "Source", path))
			continue
		default:
			fmt.Fprint(e.out, step)
			fail(path, err)
			continue
		}
		sum.Files = append(sum.Files, name)
	}
	fmt.Fprintln(e.out, e.say("pull.summary", "Sealed", sum.Sealed, "Present", sum.Present, "Failed", sum.Failed))
	for _, f := range sum.Failures {
		fmt.Fprintln(e.out, "  "+f.Source+": "+e.why(f))
	}
	if c.JSON {
		line, err := json.Marshal(sum)
		if err != nil {
			return err
		}
		fmt.Fprintf(e.out, "%s\n", line)
	}
	if sum.Failed > 0 {
		return exitError(exitNotWhole)
	}
	return nil
}

func (e *env) why(f failure) string {
	return e.say("cause."+f.Code, "Record", f.Record, "Why", clean(f.Why))
}

func diagnose(path string, err error) failure {
	f := failure{Source: path, Code: whyFailed, Why: err.Error()}
	var damaged *journal.DamagedError
	switch {
	case errors.As(err, &damaged):
		f.Code, f.Record, f.Why = whyDamaged, damaged.Seq, damaged.Why
	case errors.Is(err, journal.ErrInUse):
		f.Code = whyInUse
	case errors.Is(err, errNoKey):
		f.Code = whyNoKey
	case errors.Is(err, sealed.ErrKey):
		f.Code = whyBadKey
	case errors.Is(err, errDifferent):
		f.Code = whyDifferent
	case errors.Is(err, sealed.ErrNotWhole):
		f.Code = whyNotWhole
	case errors.Is(err, errNothing):
		f.Code = whyNothing
	}
	return f
}

// find lists the journals and sealed files in the sources, in the order of the sources and of the names.
func (c *pullCmd) find(fail func(string, error)) (paths []string) {
	for _, source := range c.Sources {
		root, err := filepath.EvalSymlinks(source)
		if err != nil {
			fail(source, err)
			continue
		}
		before, failed := len(paths), false
		walk := func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				fail(path, err)
				failed = true
				return fs.SkipDir
			}
			if d.IsDir() && path != root && c.isOut(path) {
				return fs.SkipDir
			}
			if ext := filepath.Ext(path); d.Type().IsRegular() && (ext == ".journal" || ext == ".emlog") {
				paths = append(paths, path)
			}
			return nil
		}
		if err := filepath.WalkDir(root, walk); err != nil {
			fail(source, err)
			failed = true
		}
		if len(paths) == before && !failed {
			fail(source, errNothing)
		}
	}
	return paths
}

func (c *pullCmd) isOut(path string) bool {
	a, err1 := os.Stat(path)
	b, err2 := os.Stat(c.Out)
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

// source is one log to pull.
type source struct {
	name    string // of the sealed file
	records uint64
	key     sealed.PublicKey
	write   func(w io.Writer, at time.Time) error // the sealed file, dated at where it is not yet sealed
	close   func() error
}

func openSource(path string) (source, error) {
	if filepath.Ext(path) == ".emlog" {
		return openSealed(path)
	}
	return openJournal(path)
}

func openSealed(path string) (source, error) {
	rep, err := verifyFile(path)
	if err != nil {
		return source{}, err
	}
	if rep.Seal.Records == 0 {
		return source{}, errEmpty
	}
	f, err := os.Open(path)
	if err != nil {
		return source{}, err
	}
	return source{
		name: logName(rep.Seal.ID, rep.First, rep.Opened, rep.Room), records: rep.Seal.Records, key: rep.Seal.Key, close: f.Close,
		write: func(w io.Writer, _ time.Time) error {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return err
			}
			_, err := io.Copy(w, f)
			return err
		},
	}, nil
}

func openJournal(path string) (_ source, err error) {
	r, err := journal.OpenReader(path)
	if err != nil {
		return source{}, err
	}
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	if r.Summary().Records == 0 {
		return source{}, errEmpty
	}
	var first exam.Recorded
	err = r.Records(func(_ uint64, data []byte) error {
		if first, err = exam.DecodeRecord(data); err != nil {
			return &journal.DamagedError{Path: path, Seq: 1, Why: err.Error()}
		}
		return errFirst
	})
	if !errors.Is(err, errFirst) {
		return source{}, err
	}
	var opened *exam.Opened
	var room *exam.RoomOpened
	switch ev := first.Event.(type) {
	case exam.Opened:
		opened = &ev
	case exam.RoomOpened:
		room = &ev
	}
	key, err := sealed.LoadKey(dataFolder(path))
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w in %s", errNoKey, dataFolder(path))
	}
	if err != nil {
		return source{}, err
	}
	sum := r.Summary()
	return source{
		name: logName(sum.ID, first.Stamp, opened, room), records: sum.Records, key: key.Public(), close: r.Close,
		write: func(w io.Writer, at time.Time) error { return sealed.Seal(w, r, key, at) },
	}, nil
}

// errFirst ends the reading of a journal after its first record.
var errFirst = errors.New("that was the first record")

var errNoKey = errors.New("there is no " + sealed.KeyFile)

// dataFolder returns the folder that holds the station's key, from where its journals lie: DIR/attempts/SESSION/*.journal or
// DIR/room/*.journal.
func dataFolder(path string) string {
	dir := filepath.Dir(path)
	switch {
	case filepath.Base(filepath.Dir(dir)) == "attempts":
		return filepath.Dir(filepath.Dir(dir))
	case filepath.Base(dir) == "room":
		return filepath.Dir(dir)
	}
	return dir
}

// logName returns SESSION-SEAT-ATTEMPT8.emlog: neither the candidate's name nor the IIN, for names of files are seen by many.
// ATTEMPT8 is the end of the attempt's id, since ids of one morning begin alike.
func logName(id string, first exam.Stamp, opened *exam.Opened, room *exam.RoomOpened) string {
	switch {
	case opened != nil:
		return join(opened.Session, opened.Candidate.Seat, tail(opened.Attempt))
	case room != nil:
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", id, first.Wall))
		return join(room.Session, "room", room.Room, fmt.Sprintf("%x", sum[:4]))
	}
	return join("log", tail(id))
}

func join(parts ...string) string {
	for i, p := range parts {
		parts[i] = fileName(p)
	}
	return strings.Join(parts, "-") + ".emlog"
}

// tail returns the last eight letters and digits of an id.
func tail(id string) string {
	s := []rune(strings.ReplaceAll(id, "-", ""))
	return string(s[max(0, len(s)-8):])
}

// fileName makes a part of a file's name out of what a log holds: letters, digits and hyphens, at most 32.
func fileName(s string) string {
	r := []rune(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' {
			return r
		}
		return '_'
	}, s))
	if len(r) == 0 {
		return "_"
	}
	return string(r[:min(len(r), 32)])
}

// pull puts one log into the folder. It returns errPresent where the same file is there already, and errDifferent where
// another one is.
func (c *pullCmd) pull(path string) (name string, size int64, records uint64, err error) {
	src, err := openSource(path)
	if err != nil {
		return "", 0, 0, err
	}
	defer src.close()
	target := filepath.Join(c.Out, src.name)
	switch there, err := verifyFile(target, src.key); {
	case err == nil:
		return src.name, 0, src.records, compare(target, there.Seal, src)
	case errors.Is(err, sealed.ErrNotWhole):
		return "", 0, 0, fmt.Errorf("%w: %s: %v", errDifferent, src.name, err)
	case !errors.Is(err, fs.ErrNotExist):
		return "", 0, 0, err
	}
	size, err = c.create(target, src)
	return src.name, size, src.records, err
}

// compare writes the source once more, dated as the file that is there, and demands the same bytes.
func compare(target string, there sealed.SealText, src source) error {
	f, err := os.Open(target)
	if err != nil {
		return err
	}
	defer f.Close()
	cw := &comparer{r: bufio.NewReader(f)}
	err = src.write(cw, there.Time)
	if err == nil {
		if _, rerr := cw.r.ReadByte(); rerr == nil {
			err = errDifferent
		}
	}
	switch {
	case errors.Is(err, errDifferent):
		return fmt.Errorf("%w: %s has %d records, the source has %d", errDifferent, filepath.Base(target), there.Records, src.records)
	case err != nil:
		return err
	}
	return errPresent
}

// comparer refuses bytes that are not the next ones of r.
type comparer struct {
	r   *bufio.Reader
	buf []byte
}

func (c *comparer) Write(p []byte) (int, error) {
	c.buf = slices.Grow(c.buf[:0], len(p))[:len(p)]
	if _, err := io.ReadFull(c.r, c.buf); err != nil || !bytes.Equal(c.buf, p) {
		return 0, errDifferent
	}
	return len(p), nil
}

// create writes the sealed file, reads and verifies it, and only then gives it its name.
func (c *pullCmd) create(target string, src source) (size int64, err error) {
	tmp, err := os.CreateTemp(c.Out, ".nct-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(tmp.Name())
	err = src.write(tmp, time.Now())
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return 0, err
	}
	rep, err := verifyFile(tmp.Name(), src.key)
	if err != nil {
		return 0, fmt.Errorf("what was written could not be verified: %w", err)
	}
	if rep.Seal.Records != src.records {
		return 0, fmt.Errorf("what was written has %d records, the source has %d", rep.Seal.Records, src.records)
	}
	fi, err := os.Stat(tmp.Name())
	if err != nil {
		return 0, err
	}
	if err := os.Rename(tmp.Name(), target); err != nil {
		return 0, err
	}
	d, err := os.Open(c.Out)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	return fi.Size(), d.Sync()
}
