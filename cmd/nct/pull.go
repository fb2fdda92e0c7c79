package main

import (
	"bytes"
	"cmp"
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
	"emtihan/exam/journal/disk"
	"emtihan/exam/journal/stream"
	"emtihan/exam/sealed"
	"emtihan/exam/vault"

	"golang.org/x/mod/sumdb/tlog"
)

type pullCmd struct {
	Sources []string `arg:"" name:"source" help:"Data folder of a station or of an administrator's computer, a folder that holds such folders or sealed files (a USB stick), or single files." type:"path"`
	Out     string   `required:"" help:"Folder for the sealed files; it is made where it does not exist." placeholder:"DIR" type:"path"`
	Second  []string `help:"Folder of the second place of a station or of an administrators' computer: its journals are taken where the first has less, is damaged or missing. Sealed files in it are passed over. Can be repeated." placeholder:"DIR" type:"path" sep:"none"`
	JSON    bool     `name:"json" help:"Print a summary as one JSON object in the last line."`
	access
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
	whyOlder     = "older"
	whyForked    = "forked"
	whyShorter   = "shorter"
	whyMissing   = "missing"
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
	Present  int       `json:"present"` // there already with the same content
	Grown    int       `json:"grown"`   // there already with less, and replaced
	Second   int       `json:"second"`  // taken from the second place
	Empty    int       `json:"empty"`   // journals without a record
	Failed   int       `json:"failed"`
	Files    []string  `json:"files"`    // names of those sealed, present or replaced
	Failures []failure `json:"failures"` // what failed, and the copies
	Merged   int       `json:"merged"`   // put together from several copies
	Copies   int       `json:"copies"`   // damaged, or contradicting another copy of their log, which was pulled
}

var (
	errEmpty     = errors.New("the journal has no records")
	errPresent   = errors.New("it is there already")
	errGrown     = errors.New("a part of it was there already")
	errNothing   = errors.New("there are no logs of an exam in it")
	errDifferent = errors.New("a different file of that name is there already")
	errOlder     = errors.New("the file that is there already goes further")
	errForked    = errors.New("the two places went different ways")
)

// Run pulls everything that can be pulled and says at the end what could not.
func (c *pullCmd) Run(e *env) error {
	opener, err := c.opener()
	if err != nil {
		return err
	}
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
	jobs, folders := c.find(fail)
	p := &puller{
		out: c.Out, opener: opener, folders: folders, vaults: make(map[string]*vault.Vault), fs: disk.OS, read: journal.OpenReader,
	}
	for i, j := range jobs {
		got, err := p.pull(j)
		step := fmt.Sprintf("[%d/%d] ", i+1, len(jobs))
		for _, t := range got.trouble {
			f := diagnose(t.path, t.err)
			sum.Copies++
			sum.Failures = append(sum.Failures, f)
			fmt.Fprintln(e.out, step+e.say("copy.unused", "Source", t.path, "Why", e.why(f)))
		}
		if got.merged != nil {
			sum.Merged++
			fmt.Fprintln(e.out, step+e.say(either(got.more, "copy.part", "copy.merged"), "Sources", strings.Join(got.merged, ", ")))
		}
		if got.second != "" {
			sum.Second++
			fmt.Fprintln(e.out, step+e.say("pull.second", "Source", got.second, "Why", e.why(diagnose("", got.because))))
		}
		switch {
		case err == nil:
			sum.Sealed++
			fmt.Fprintln(e.out, step+e.say("pull.sealed", "Name", got.name, "Records", got.records, "Size", (got.size+1023)/1024))
		case errors.Is(err, errPresent):
			sum.Present++
			fmt.Fprintln(e.out, step+e.say("pull.present", "Name", got.name))
		case errors.Is(err, errGrown):
			sum.Grown++
			fmt.Fprintln(e.out, step+e.say("pull.grown", "Name", got.name, "Before", got.before, "Records", got.records))
		case errors.Is(err, errEmpty):
			sum.Empty++
			fmt.Fprintln(e.out, step+e.say("pull.empty", "Source", j.paths()[0]))
			continue
		default:
			fmt.Fprint(e.out, step)
			source := j.paths()[0]
			var busy *fs.PathError
			if errors.Is(err, journal.ErrInUse) && errors.As(err, &busy) {
				source = busy.Path
			}
			fail(source, err)
			continue
		}
		if got.locked != nil {
			fmt.Fprintln(e.out, "  "+e.say("pull.locked", "Needs", e.needs(got.locked)))
		}
		sum.Files = append(sum.Files, got.name)
	}
	fmt.Fprintln(e.out, e.say("pull.summary", "Sealed", sum.Sealed, "Present", sum.Present, "Grown", sum.Grown, "Failed", sum.Failed))
	if sum.Copies > 0 {
		fmt.Fprintln(e.out, e.say("copy.summary", "Number", sum.Copies))
	}
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
	if sum.Failed+sum.Copies > 0 {
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
	case errors.Is(err, vault.ErrKey):
		f.Code = whyBadKey
	case errors.Is(err, errForked):
		f.Code = whyForked
	case errors.Is(err, errShorter):
		f.Code = whyShorter
	case errors.Is(err, errOlder):
		f.Code = whyOlder
	case errors.Is(err, errDifferent):
		f.Code = whyDifferent
	case errors.Is(err, fs.ErrNotExist):
		f.Code = whyMissing
	case errors.Is(err, sealed.ErrNotWhole):
		f.Code = whyNotWhole
	case errors.Is(err, errNothing):
		f.Code = whyNothing
	}
	return f
}

// job is one log to pull: a sealed file, or a journal in the first place, in second ones, or in both.
type job struct {
	path    string // or ""
	seconds []string
}

func (j job) paths() []string {
	if j.path == "" {
		return j.seconds
	}
	return append([]string{j.path}, j.seconds...)
}

// find lists the journals and sealed files in the sources, in the order of the sources and of the names, and then what only
// the second places have. folders are those with the key of a station.
//
// Files with the same header are of one log: names tell nothing, since a room's log is called SESSION in the first place and
// SESSION.room in the second, and so are those of all rooms of the session. Only a file whose header cannot be read goes by its
// name, where that leaves one log to which it can belong.
func (c *pullCmd) find(fail func(string, error)) (jobs []job, folders []string) {
	byHeader := make(map[string]int) // the first job of a journal
	var unread []int                 // jobs of a first place whose header cannot be read
	for _, source := range c.Sources {
		paths, keys := c.logsIn(source, fail, ".journal", ".emlog")
		folders = append(folders, keys...)
		for _, path := range paths {
			jobs = append(jobs, job{path: path})
			if filepath.Ext(path) != ".journal" {
				continue
			}
			raw, err := rawHeader(path)
			if err != nil {
				unread = append(unread, len(jobs)-1)
			} else if _, twice := byHeader[string(raw)]; !twice {
				byHeader[string(raw)] = len(jobs) - 1
			}
		}
	}
	firsts := len(jobs)
	var rest []string // in a second place, whose header cannot be read
	place := make(map[string]string)
	for _, dir := range c.Second {
		paths, _ := c.logsIn(dir, fail, ".journal")
		for _, path := range paths {
			place[path] = dir
			raw, err := rawHeader(path)
			if err != nil {
				rest = append(rest, path)
				continue
			}
			i, known := byHeader[string(raw)]
			if !known {
				i = len(jobs)
				byHeader[string(raw)] = i
				jobs = append(jobs, job{})
			}
			jobs[i].seconds = append(jobs[i].seconds, path)
		}
	}
	for _, i := range unread {
		rivals := slices.ContainsFunc(unread, func(k int) bool { return k != i && placeName(jobs[k].path) == placeName(jobs[i].path) })
		if k := theOnly(jobs, firsts, jobs[i].path); k >= 0 && !rivals {
			jobs[i].seconds, jobs[k].seconds = jobs[k].seconds, nil
		}
	}
	for _, path := range rest {
		k := theOnly(jobs, 0, path)
		if k >= 0 && !slices.ContainsFunc(jobs[k].seconds, func(p string) bool { return place[p] == place[path] }) {
			jobs[k].seconds = append(jobs[k].seconds, path)
		} else {
			jobs = append(jobs, job{seconds: []string{path}})
		}
	}
	return slices.DeleteFunc(jobs, func(j job) bool { return len(j.paths()) == 0 }), folders
}

// theOnly returns the job from number first on that has a journal of the path's name, or -1 where none or several have.
func theOnly(jobs []job, first int, path string) int {
	found := -1
	for i := first; i < len(jobs); i++ {
		if !slices.ContainsFunc(jobs[i].paths(), func(p string) bool { return placeName(p) == placeName(path) }) {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = i
	}
	return found
}

// placeName returns what the names of a log's files in both places have in common.
func placeName(path string) string {
	base, isJournal := strings.CutSuffix(filepath.Base(path), ".journal")
	if isJournal && filepath.Base(filepath.Dir(path)) == "room" && !strings.HasSuffix(base, roomSuffix) {
		return base + roomSuffix
	}
	return base
}

func rawHeader(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_, raw, err := stream.ReadHeader(f)
	return raw, err
}

func (c *pullCmd) logsIn(source string, fail func(string, error), kinds ...string) (paths, folders []string) {
	root, err := filepath.EvalSymlinks(source)
	if err != nil {
		fail(source, err)
		return nil, nil
	}
	failed := false
	walk := func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			fail(path, err)
			failed = true
			return fs.SkipDir
		}
		if d.IsDir() && path != root && c.isOut(path) {
			return fs.SkipDir
		}
		if d.Type().IsRegular() && slices.Contains(kinds, filepath.Ext(path)) {
			paths = append(paths, path)
		}
		if d.Name() == vault.KeyFile {
			folders = append(folders, filepath.Dir(path))
		}
		return nil
	}
	if err := filepath.WalkDir(root, walk); err != nil {
		fail(source, err)
		failed = true
	}
	if len(paths) == 0 && !failed {
		fail(source, errNothing)
	}
	return paths, folders
}

func (c *pullCmd) isOut(path string) bool {
	a, err1 := os.Stat(path)
	b, err2 := os.Stat(c.Out)
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

// source is one log to pull.
type source struct {
	path    string
	name    string // of the sealed file
	records uint64
	wraps   []vault.Wrap // where no key opens it
	key     vault.PublicKey
	write   func(w io.Writer) error // the sealed file
	close   func() error
}

// puller seals logs into a folder.
type puller struct {
	out     string
	opener  vault.Opener
	folders []string                // with keys, among the sources
	vaults  map[string]*vault.Vault // by data folder; nil where there is none
	fs      disk.FS
	read    func(path string, opener vault.Opener) (*journal.Reader, error) // [journal.OpenReader]
}

// openerFor returns what may open a journal of a data folder. What lies in a second place alone belongs to any of them.
func (p *puller) openerFor(folder string) vault.Opener {
	openers := []vault.Opener{p.opener}
	for _, dir := range append([]string{folder}, p.folders...) {
		v, known := p.vaults[dir]
		if !known {
			v, _ = vault.OpenExisting(dir, vault.Options{}) // without it, its logs are named by their ids
			p.vaults[dir] = v
		}
		if v != nil {
			openers = append(openers, v)
		}
	}
	return vault.Any(openers...)
}

func (p *puller) open(j job) (source, got, error) {
	if filepath.Ext(j.path) == ".emlog" {
		s, err := p.openSealed(j.path)
		return s, got{}, err
	}
	r, g, err := p.choose(j)
	if err != nil {
		return source{}, g, err
	}
	s, err := p.openJournal(r)
	if err != nil {
		r.close()
	}
	return s, g, err
}

func (p *puller) openSealed(path string) (source, error) {
	rep, err := verifyFile(path, sealed.Options{Opener: p.opener})
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
	s := source{
		path: path, name: logName(rep), records: rep.Seal.Records, key: rep.Seal.Key, close: f.Close,
		write: func(w io.Writer) error {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return err
			}
			_, err := io.Copy(w, f)
			return err
		},
	}
	if rep.KeyErr != nil {
		s.wraps = rep.Header.Wraps
	}
	return s, nil
}

// located is a journal that was opened.
type located struct {
	*journal.Reader
	path, folder string // folder: the data folder to which it belongs
	made         bool   // path is a file that was made for the pull
}

func (l located) close() error {
	err := l.Close()
	if l.made {
		err = errors.Join(err, os.Remove(l.path))
	}
	return err
}

// copied is one of the files of a log.
type copied struct {
	path string
	located
	err error // why it cannot be read as a whole; then there is no located
}

// trouble is what is wrong with one of the places of a log that could be pulled all the same.
type trouble struct {
	path string
	err  error
}

// choose opens the copy that has the most, or puts one together that has more, and says what is the matter with every other:
// one that is damaged may have had more than the one that is taken. The first place wins where both have the same.
func (p *puller) choose(j job) (best located, g got, err error) {
	folder := dataFolder(j.paths()[0])
	opener := p.openerFor(folder)
	var copies []copied
	defer func() {
		for _, c := range copies {
			if c.err == nil && (err != nil || c.path != best.path) {
				c.close()
			}
		}
	}()
	for i, path := range j.paths() {
		if i > 0 && sameFile(path, j.paths()[0]) {
			continue // one folder was named as both places
		}
		c := copied{path: path}
		c.located.path, c.located.folder = path, folder
		if c.Reader, c.err = p.read(path, opener); errors.Is(c.err, journal.ErrInUse) {
			return located{}, g, c.err
		}
		copies = append(copies, c)
		if c.err != nil {
			g.trouble = append(g.trouble, trouble{path, c.err})
		} else if best.Reader == nil || c.Summary().Leaves > best.Summary().Leaves {
			best = c.located
		}
	}
	if len(g.trouble) > 0 {
		if m, more, merr := p.mergedWith(best, copies, opener); merr == nil {
			m.folder = folder
			best, g.more = m, more
			for _, c := range copies {
				g.merged = append(g.merged, c.path)
			}
		}
	}
	if best.Reader == nil {
		first := g.trouble[0].err
		g.trouble = g.trouble[1:]
		return located{}, g, first
	}
	for _, c := range copies {
		if c.err == nil && c.path != best.path {
			if why := goesOn(best.Reader, c.Reader); why != nil {
				g.trouble = append(g.trouble, trouble{c.path, why})
			}
		}
	}
	if !best.made && best.path != j.path {
		g.second, g.because = best.path, copies[0].err
		switch {
		case j.path == "":
			g.because = fs.ErrNotExist
		case g.because == nil:
			g.because = errShorter
		}
	}
	return best, g, nil
}

var errNoMore = errors.New("it has no more than the best copy")

// mergedWith puts a log together where that is worth it: it has more than the best copy; or there is no whole one, and what is
// put together lacks nothing.
func (p *puller) mergedWith(best located, copies []copied, opener vault.Opener) (located, bool, error) {
	// Whole copies come first: of two frames that both fit their checksums, the forged one is in the damaged file.
	copies = slices.Clone(copies)
	slices.SortStableFunc(copies, func(a, b copied) int {
		return cmp.Compare(either(a.err == nil, 0, 1), either(b.err == nil, 0, 1))
	})
	m, more, err := p.merged(copies, opener)
	if err != nil {
		return located{}, false, err
	}
	if best.Reader == nil && !more || best.Reader != nil && m.Summary().Leaves > best.Summary().Leaves {
		return m, more, nil
	}
	return located{}, false, errors.Join(errNoMore, m.close())
}

var errShorter = errors.New("the first place has less")

// goesOn returns an error that wraps errForked where the longer journal did not grow out of the shorter one.
func goesOn(long, short *journal.Reader) error {
	l, s := long.Summary(), short.Summary()
	proof, err := long.ProveTree(s.Leaves)
	if err == nil {
		err = tlog.CheckTree(proof, int64(l.Leaves), l.Root, int64(s.Leaves), s.Root)
	}
	if err != nil || l.ID != s.ID {
		return fmt.Errorf("%w: %v", errForked, err)
	}
	return nil
}

func (p *puller) openJournal(r located) (source, error) {
	sum := r.Summary()
	if sum.Records == 0 {
		return source{}, errEmpty
	}
	rep := sealed.Report{Seal: sealed.SealText{ID: sum.ID}, KeyErr: r.KeyErr()}
	rep.Header, _ = r.Header()
	runs := make(map[string]bool)
	err := r.Frames(func(f stream.Frame) error {
		switch {
		case f.Kind == stream.KindRun:
			runs[stream.RunKey(f.Payload)] = true
		case f.Kind == stream.KindRecord && f.Number == 1 && f.Data != nil:
			rec, err := exam.DecodeRecord(f.Data)
			if err != nil {
				return &journal.DamagedError{Path: r.path, Seq: 1, Why: err.Error()}
			}
			rep.FirstStamp = rec.Stamp
			switch ev := rec.Event.(type) {
			case exam.Opened:
				rep.Opened = &ev
			case exam.RoomOpened:
				rep.Room = &ev
			case exam.PurgeLogOpened:
				rep.Purge = &ev
			}
		}
		return nil
	})
	if err != nil {
		return source{}, err
	}
	key, err := p.key(r.folder, runs)
	if err != nil {
		return source{}, err
	}
	s := source{
		path: r.path, name: logName(rep), records: sum.Records, key: key.Public(), close: r.close,
		write: func(w io.Writer) error { return sealed.Seal(w, r.Reader, key, time.Now()) },
	}
	if r.KeyErr() != nil {
		s.wraps = rep.Header.Wraps
	}
	return s, nil
}

// key returns the key that seals a journal of a data folder: the folder's own, or one of the other sources' that wrote in the
// journal, so that a stick with the second place can be pulled together with the station's folder.
func (p *puller) key(folder string, runs map[string]bool) (vault.Key, error) {
	own, err := loadKey(folder)
	if err == nil && runs[own.Public().String()] {
		return own, nil
	}
	for _, dir := range p.folders {
		if k, kerr := loadKey(dir); kerr == nil && runs[k.Public().String()] {
			return k, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w in %s", errNoKey, folder)
	}
	return own, err
}

// loadKey returns a computer's signing key, from where it keeps it.
func loadKey(dir string) (vault.Key, error) {
	if v, err := vault.OpenExisting(dir, vault.Options{}); err == nil {
		return v.Key(), nil
	}
	return vault.LoadKey(dir)
}

var errNoKey = errors.New("there is no " + vault.KeyFile)

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
// ATTEMPT8 is the end of the attempt's id, since ids of one morning begin alike. Where no key opens the log, its id gives the
// name.
func logName(rep sealed.Report) string {
	id := rep.Header.ID
	sum := func(n int64) string {
		h := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", id, n))
		return fmt.Sprintf("%x", h[:4])
	}
	switch {
	case rep.Opened != nil:
		return join(rep.Opened.Session, rep.Opened.Candidate.Seat, tail(rep.Opened.Attempt))
	case rep.Room != nil:
		return join(rep.Room.Session, "room", rep.Room.Room, sum(rep.FirstStamp.Wall))
	case rep.Purge != nil:
		return join("purged", rep.Purge.Name, sum(rep.FirstStamp.Wall))
	}
	return join("log", tail(id), sum(rep.Header.Created))
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

// got is what became of one log.
type got struct {
	name    string
	size    int64
	records uint64
	before  uint64       // records of the file that it replaced
	locked  []vault.Wrap // where no key opened it
	second  string       // the file in the second place from which it was taken
	because error        // why
	merged  []string     // the copies from which it was put together
	more    bool         // they had more that could not be used
	trouble []trouble
}

// pull puts one log into the folder. It returns errPresent where the same content is there already, errGrown where it has
// replaced a file with less, and errDifferent or errOlder where what is there stays.
func (p *puller) pull(j job) (g got, err error) {
	src, g, err := p.open(j)
	if err != nil {
		return g, err
	}
	defer src.close()
	g.name, g.records, g.locked = src.name, src.records, src.wraps
	tmp, err := os.CreateTemp(p.out, ".nct-*")
	if err != nil {
		return g, err
	}
	defer os.Remove(tmp.Name())
	err = src.write(tmp)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return g, err
	}
	rep, err := verifyFile(tmp.Name(), sealed.Options{})
	if err != nil {
		return g, fmt.Errorf("what was written could not be verified: %w", err)
	}
	if rep.Seal.Records != src.records || rep.Seal.Key != src.key {
		return g, fmt.Errorf("what was written has %d records, the source has %d", rep.Seal.Records, src.records)
	}
	fi, err := os.Stat(tmp.Name())
	if err != nil {
		return g, err
	}
	g.size = fi.Size()
	target := filepath.Join(p.out, src.name)
	there, err := verifyFile(target, sealed.Options{})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	case errors.Is(err, sealed.ErrNotWhole):
		return g, fmt.Errorf("%w: %s: %v", errDifferent, src.name, err)
	case err != nil:
		return g, err
	default:
		g.before = there.Seal.Records
		if err = relate(target, there, tmp.Name(), rep); !errors.Is(err, errGrown) {
			return g, err
		}
	}
	if rerr := os.Rename(tmp.Name(), target); rerr != nil {
		return g, rerr
	}
	if serr := syncDir(p.out); serr != nil {
		return g, serr
	}
	return g, err
}

// relate compares what is there with what would take its place: errPresent where both have the same content, errGrown where
// the new file begins with all that is there, byte for byte as far as the seal, errOlder the other way round, and errDifferent.
func relate(target string, there sealed.Report, fresh string, rep sealed.Report) error {
	name := filepath.Base(target)
	different := fmt.Errorf("%w: %s has %d records, the source has %d", errDifferent, name, there.Seal.Records, rep.Seal.Records)
	switch {
	case there.Seal.Key != rep.Seal.Key:
		return fmt.Errorf("%w: %s is sealed with another key", errDifferent, name)
	case there.Seal.Bytes == rep.Seal.Bytes && there.Seal.Digest == rep.Seal.Digest:
		return errPresent
	}
	same, err := sameBytes(target, fresh, min(there.Seal.Bytes, rep.Seal.Bytes))
	switch {
	case err != nil:
		return err
	case !same:
		return different
	case there.Seal.Bytes > rep.Seal.Bytes:
		return fmt.Errorf("%w: %s has %d records, the source has %d", errOlder, name, there.Seal.Records, rep.Seal.Records)
	}
	return errGrown
}

// sameBytes reports whether the first n bytes of two files are equal.
func sameBytes(a, b string, n int64) (bool, error) {
	var sums [2][]byte
	for i, path := range []string{a, b} {
		f, err := os.Open(path)
		if err != nil {
			return false, err
		}
		h := sha256.New()
		_, err = io.CopyN(h, f, n)
		if err = errors.Join(err, f.Close()); err != nil {
			return false, err
		}
		sums[i] = h.Sum(nil)
	}
	return bytes.Equal(sums[0], sums[1]), nil
}
