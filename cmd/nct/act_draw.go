package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"emtihan/exam"
	"emtihan/exam/journal"
	"emtihan/exam/sealed"
	"emtihan/exam/vault"
	"emtihan/proctor/act"
)

const actHelp = `Draw up an act after the exam (form 12-1 or the free form), or sign one. NCT's acts lie in a folder of their own: the log in DIR/room/nct-acts.journal, which pull seals and verify checks like a room's, and the pages in DIR/acts.`

type actCmd struct {
	Draw actDrawCmd `cmd:"" help:"Draw up an act about what a pulled log shows."`
	Sign actSignCmd `cmd:"" help:"Sign an act electronically."`
}

// actFolder is where NCT's acts lie.
type actFolder struct {
	Dir       string   `required:"" help:"Folder of NCT's acts." placeholder:"DIR" type:"path"`
	Recipient []string `help:"NCT's public key, which can read the log of acts when it is begun. Can be repeated." placeholder:"KEY" sep:"none"`
}

// signWith is the key of who signs.
type signWith struct {
	P12          string `name:"p12" help:"Key of who signs, a PKCS#12 file." placeholder:"FILE"`
	PasswordFile string `help:"File whose first line is the key's password; - is the standard input." placeholder:"FILE"`
}

type actDrawCmd struct {
	File   string   `arg:"" help:"Sealed log of the attempt (.emlog)."`
	Record uint64   `required:"" help:"Number of the record that shows it; see timeline --json." placeholder:"N"`
	Form   string   `help:"12-1, or 0 for the free form." enum:"12-1,0" default:"12-1"`
	By     string   `required:"" help:"Who draws it up." placeholder:"NAME"`
	Text   string   `required:"" help:"What happened, in plain words." placeholder:"TEXT"`
	Ban    []string `help:"Ban of clause 4.5.4 that was broken, 1 to 10. Can be repeated. Some records suggest one." placeholder:"N"`
	Set    []string `help:"FIELD=VALUE for any other field of the form, such as witnesses or corrects. Can be repeated." placeholder:"FIELD=VALUE" sep:"none"`
	Font   string   `help:"TrueType font with Kazakh letters." placeholder:"FILE"`
	actFolder
	signWith
	access
}

// Run draws the act up: number, act and page are one entry of the log, and with a key the signature stands beside them.
func (c *actDrawCmd) Run(e *env) error {
	fonts, err := actFonts(c.Font)
	if err != nil {
		return err
	}
	key, err := c.key(e)
	if err != nil {
		return err
	}
	forms, err := act.Load(filepath.Join(c.Dir, "forms"))
	if err != nil {
		return err
	}
	opened, rec, err := e.recordOf(c.File, c.Record, c.access)
	if err != nil {
		return err
	}
	form, ok := forms.Form(c.Form)
	if !ok {
		return fmt.Errorf("there is no form %q", c.Form)
	}
	d := act.Review(form, opened, rec, filepath.Base(c.File), c.Text, e.now().In(e.zone))
	if len(c.Ban) > 0 {
		d.Fields[act.FieldBans] = act.Join(c.Ban)
	}
	for _, s := range c.Set {
		id, v, _ := strings.Cut(s, "=")
		if f, ok := form.Field(id); !ok || f.Kind == act.Fixed || f.Kind == act.Cause {
			return usageError{fmt.Errorf("--set: form %s has no field %q that can be set", c.Form, id)}
		}
		d.Fields[id] = v
	}
	if p := forms.Check(d); len(p) > 0 {
		f, _ := form.Field(p[0].Field)
		return usageError{fmt.Errorf("%s: %s", f.Label.In(string(e.lang)), forms.Say(p[0], string(e.lang)))}
	}
	log, err := openActs(e, c.actFolder)
	if err != nil {
		return err
	}
	defer log.close()
	if of := d.Fields[act.FieldCorrects]; of != "" && log.acts[of] == nil {
		return usageError{fmt.Errorf("there is no act %s in %s", of, c.Dir)}
	}
	drawn, page, err := forms.Issue(d, &log.book, c.By, e.now().In(e.zone), fonts)
	if err != nil {
		return err
	}
	entries := []journal.Entry{{Blobs: [][]byte{page}, Checkpoint: true}}
	events := []exam.Event{drawn}
	if key != nil {
		cms, signed, err := signAct(key, drawn, page, "administrator")
		if err != nil {
			return err
		}
		entries, events = append(entries, journal.Entry{Blobs: [][]byte{cms}, Checkpoint: true}), append(events, signed)
	}
	if err := log.append(entries, events); err != nil {
		return err
	}
	return log.tell(e, drawn.Number)
}

type actSignCmd struct {
	Number string `arg:"" help:"Number of the act, such as 12-1/2026-11-21/003."`
	Role   string `help:"Line of signature of the form: administrator, second, head." default:"second"`
	actFolder
	signWith
}

// Run adds a signature to an act that is drawn up.
func (c *actSignCmd) Run(e *env) error {
	key, err := c.key(e)
	if err != nil {
		return err
	}
	if key == nil {
		return usageError{errors.New("--p12: a key is needed")}
	}
	log, err := openActs(e, c.actFolder)
	if err != nil {
		return err
	}
	defer log.close()
	a := log.acts[c.Number]
	if a == nil {
		return usageError{fmt.Errorf("there is no act %s in %s", c.Number, c.Dir)}
	}
	page, err := log.blob(c.Number, a.Digest)
	if err != nil {
		return err
	}
	cms, signed, err := signAct(key, a.ActDrawn, page, c.Role)
	if err != nil {
		return err
	}
	if err := log.append([]journal.Entry{{Blobs: [][]byte{cms}, Checkpoint: true}}, []exam.Event{signed}); err != nil {
		return err
	}
	return log.tell(e, c.Number)
}

func signAct(key *act.Key, a exam.ActDrawn, page []byte, role string) ([]byte, exam.ActSigned, error) {
	cms, err := key.Sign(page)
	if err != nil {
		return nil, exam.ActSigned{}, err
	}
	signed, err := act.Signed(a, page, cms, role)
	return cms, signed, err
}

// key reads the key, or nothing where none is named.
func (s signWith) key(e *env) (*act.Key, error) {
	if s.P12 == "" {
		return nil, nil
	}
	data, err := readSmall(s.P12)
	if err != nil {
		return nil, fmt.Errorf("--p12: %w", err)
	}
	in := e.in
	if s.PasswordFile != "-" {
		if s.PasswordFile == "" {
			return nil, usageError{errors.New("--p12: --password-file is needed too")}
		}
		f, err := os.Open(s.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("--password-file: %w", err)
		}
		defer f.Close()
		in = f
	}
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("--password-file: %w", err)
	}
	key, err := act.ReadKey(data, strings.TrimRight(line, "\r\n"), e.now())
	if err != nil {
		forms, lerr := act.Load("")
		if lerr != nil {
			return nil, lerr
		}
		return nil, fmt.Errorf("%s: %s", s.P12, forms.Explain(err, string(e.lang)))
	}
	return key, nil
}

// actFonts reads the font that is named, or one that Linux computers have: an act needs Kazakh letters.
func actFonts(path string) (act.Fonts, error) {
	if path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return act.Fonts{}, fmt.Errorf("--font: %w", err)
		}
		return act.Fonts{Regular: data}, nil
	}
	for _, base := range []string{"/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf", "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"} {
		data, err := os.ReadFile(base)
		if err != nil {
			continue
		}
		bold, _ := os.ReadFile(strings.Replace(strings.Replace(base, "-Regular", "-Bold", 1), "Sans.ttf", "Sans-Bold.ttf", 1))
		return act.Fonts{Regular: data, Bold: bold}, nil
	}
	return act.Fonts{}, usageError{errors.New("--font: neither Noto Sans nor DejaVu Sans is installed; name a TrueType font with Kazakh letters")}
}

// recordOf returns the first event of an attempt's log and the record with the number. The log must be whole.
func (e *env) recordOf(file string, number uint64, a access) (opened exam.Opened, rec exam.Recorded, err error) {
	shown, err := e.openShown(file, a, nil)
	if err != nil {
		return opened, rec, e.refuse(file, err)
	}
	defer shown.close()
	if shown.bad != nil {
		return opened, rec, e.refuse(file, shown.bad)
	}
	is := false
	err = shown.each(func(s sealed.Section) error {
		if s.Record == nil {
			return nil
		}
		if o, ok := s.Record.Event.(exam.Opened); ok && s.Record.Seq == 1 {
			opened, is = o, true
		}
		if s.Record.Seq == number {
			rec = *s.Record
		}
		return nil
	})
	switch {
	case err != nil:
		return opened, rec, e.refuse(file, err)
	case !is:
		return opened, rec, usageError{fmt.Errorf("%s is no log of an attempt", file)}
	case rec.Seq == 0:
		return opened, rec, usageError{fmt.Errorf("--record: %s has no record %d", file, number)}
	}
	return opened, rec, nil
}

// actLog is the log of NCT's own acts.
type actLog struct {
	dir   string
	now   func() time.Time
	start time.Time
	last  exam.Stamp
	next  uint64
	book  act.Book
	acts  map[string]*ownAct
	j     *journal.Journal
	wait  chan struct{}
}

// nctActs is the id of the log; nctRoom stands where a room's number does.
const (
	nctActs = "nct-acts"
	nctRoom = "НЦТ"
)

// openActs goes on with the log of acts, or begins it, and puts back what is missing beside it.
func openActs(e *env, f actFolder) (log *actLog, err error) {
	log = &actLog{dir: f.Dir, now: e.now, start: e.now(), next: 1, acts: make(map[string]*ownAct), wait: make(chan struct{}, 1)}
	for _, dir := range []string{filepath.Join(f.Dir, "room"), filepath.Join(f.Dir, "acts")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	keys, err := vault.Open(f.Dir, vault.Options{Recipients: f.Recipient})
	if err != nil {
		return nil, err
	}
	opt := journal.Options{Vault: keys, OnStatus: func(journal.Status) {
		select {
		case log.wait <- struct{}{}:
		default:
		}
	}}
	path := filepath.Join(f.Dir, "room", nctActs+".journal")
	log.j, err = journal.Open(path, opt)
	fresh := errors.Is(err, fs.ErrNotExist)
	if fresh {
		log.j, err = journal.Create(path, nctActs, opt)
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, log.j.Close())
		}
	}()
	if fresh {
		log.last.Run = 1
		return log, log.append([]journal.Entry{{Checkpoint: true}}, []exam.Event{exam.RoomOpened{Session: nctActs, Centre: nctRoom, Room: nctRoom}})
	}
	err = log.j.Records(func(seq uint64, data []byte) error {
		rec, err := exam.DecodeRecord(data)
		if err != nil {
			return &journal.DamagedError{Path: path, Seq: seq, Why: err.Error()}
		}
		log.last, log.next = rec.Stamp, seq+1
		return log.take(rec.Event)
	})
	if err != nil {
		return nil, err
	}
	log.last.Run++
	for number := range log.acts {
		if err := log.files(number); err != nil {
			return nil, err
		}
	}
	return log, nil
}

func (l *actLog) take(e exam.Event) error {
	switch e := e.(type) {
	case exam.ActDrawn:
		l.acts[e.Number] = &ownAct{ActDrawn: e}
		return l.book.Add(e.Number)
	case exam.ActSigned:
		if a := l.acts[e.Number]; a != nil {
			a.signatures = append(a.signatures, e.Signature)
		}
	}
	return nil
}

// ownAct is an act of this log; its page and signatures are blobs of the log, read when they are needed.
type ownAct struct {
	exam.ActDrawn
	signatures [][]byte // their hashes
}

func (l *actLog) blob(number string, sum []byte) ([]byte, error) {
	if len(sum) != len(journal.Hash{}) {
		return nil, fmt.Errorf("act %s: the log names no page or signature", number)
	}
	data, err := l.j.Blob(journal.Hash(sum))
	if err != nil {
		return nil, fmt.Errorf("act %s: the log does not hold its page, or a signature: %w", number, err)
	}
	return data, nil
}

// append records events, each with its entry's blobs, in one commit, and returns when a disk has them.
func (l *actLog) append(entries []journal.Entry, events []exam.Event) error {
	now := l.now()
	stamp := exam.Stamp{Wall: max(now.UnixMilli(), l.last.Wall), Run: l.last.Run, Mono: max(now.Sub(l.start).Milliseconds(), 0)}
	for i, ev := range events {
		data, err := exam.EncodeRecord(exam.Recorded{Seq: l.next + uint64(i), Stamp: stamp, Event: ev})
		if err != nil {
			return err
		}
		entries[i].Record = data
	}
	seq, err := l.j.Append(entries...)
	if err != nil {
		return err
	}
	for {
		s := l.j.Status()
		if s.Durable >= seq {
			break
		}
		if s.Err != nil {
			return s.Err
		}
		<-l.wait
	}
	l.next += uint64(len(events))
	for _, ev := range events {
		if err := l.take(ev); err != nil {
			return err
		}
	}
	return nil
}

// files writes an act's page and its signatures where they are missing or not those of the log.
func (l *actLog) files(number string) error {
	a := l.acts[number]
	put := func(name string, data []byte) error {
		path := filepath.Join(l.dir, "acts", name)
		if err := os.WriteFile(path+".new", data, 0o600); err != nil {
			return err
		}
		return os.Rename(path+".new", path)
	}
	old, err := readSmall(filepath.Join(l.dir, "acts", act.FileName(number)))
	if sum := sha256.Sum256(old); err != nil || !bytes.Equal(sum[:], a.Digest) {
		page, err := l.blob(number, a.Digest)
		if err != nil {
			return err
		}
		if err := put(act.FileName(number), page); err != nil {
			return err
		}
	}
	if len(a.signatures) == 0 {
		return nil
	}
	var all [][]byte
	for _, sum := range a.signatures {
		cms, err := l.blob(number, sum)
		if err != nil {
			return err
		}
		all = append(all, cms)
	}
	joined, err := act.JoinSignatures(all...)
	if err != nil {
		return fmt.Errorf("act %s: %w", number, err)
	}
	if old, err := readSmall(filepath.Join(l.dir, "acts", act.SignatureFileName(number))); err == nil && bytes.Equal(old, joined) {
		return nil
	}
	return put(act.SignatureFileName(number), joined)
}

// tell writes the files of an act and says where they are.
func (l *actLog) tell(e *env, number string) error {
	if err := l.files(number); err != nil {
		return err
	}
	fmt.Fprintln(e.out, e.say("act.drawn", "Number", number, "File", filepath.Join(l.dir, "acts", act.FileName(number)), "Signatures", len(l.acts[number].signatures)))
	return nil
}

func (l *actLog) close() { _ = l.j.Close() } // everything that was told of is on the disk
