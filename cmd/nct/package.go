package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"emtihan/assets"
	"emtihan/exam"
	"emtihan/exam/parcel"
	"emtihan/exam/vault"

	"golang.org/x/mod/sumdb/note"
	"rsc.io/qr"
)

// packageCmd holds what is done with exam packages on their way to the stations.
type packageCmd struct {
	Keygen   packageKeygenCmd   `cmd:"" help:"Make the key with which NCT signs exam packages."`
	Build    packageBuildCmd    `cmd:"" help:"Seal an exam: one file that anybody can check and nobody can read before the release key is given out."`
	Inspect  packageInspectCmd  `cmd:"" help:"Show what an exam package says of itself, and whether it is whole."`
	Verify   packageVerifyCmd   `cmd:"" help:"Say whether NCT signed an exam package and nothing was changed since."`
	Release  packageReleaseCmd  `cmd:"" help:"Show a release key as groups to read out and as a QR code."`
	Open     packageOpenCmd     `cmd:"" help:"Open an exam package for review."`
	Template packageTemplateCmd `cmd:"" help:"Write an example of a table of items."`
	Import   packageImportCmd   `cmd:"" help:"Make a paper of a QTI package or a table of items."`
}

const packageHelp = "Exam packages: from items to a sealed file. Exit codes: 0 done, 1 refused, 2 wrong usage, 3 cannot be read or written."

// signerName is the name in NCT's signing keys.
const signerName = "emtihan-nct"

type packageKeygenCmd struct {
	Out string `short:"o" required:"" help:"File for the signing key; it must not exist. The public key for the stations goes into FILE.pub." placeholder:"FILE" type:"path"`
}

// Run makes the key pair.
func (c *packageKeygenCmd) Run(e *env) error {
	signer, verifier, err := note.GenerateKey(rand.Reader, signerName)
	if err != nil {
		return err
	}
	if err := writeNew("--out", c.Out, 0o600, []byte(signer+"\n")); err != nil {
		return err
	}
	if err := writeNew("--out", c.Out+".pub", 0o644, []byte(verifier+"\n")); err != nil {
		return errors.Join(err, os.Remove(c.Out))
	}
	fmt.Fprintln(e.err, e.say("parcel.keygen", "File", c.Out))
	_, err = fmt.Fprintln(e.out, verifier)
	return err
}

// writeNew writes a file that was not there, whole or not at all.
func writeNew(flag, name string, mode fs.FileMode, data []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if errors.Is(err, fs.ErrExist) {
		return usageError{fmt.Errorf("%s: %s exists and is not overwritten", flag, name)}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = syncDir(filepath.Dir(name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

type packageBuildCmd struct {
	Dir     string `arg:"" help:"Folder with papers/ID.toml, the paper's media in papers/ID/, and profiles/PROFILE.toml." type:"existingdir"`
	Out     string `short:"o" required:"" help:"File for the package; it must not exist." placeholder:"FILE" type:"path"`
	Sign    string `required:"" help:"NCT's signing key (see keygen)." placeholder:"KEY" type:"path"`
	From    string `required:"" help:"From when it may be opened: 2026-08-20T09:30+05:00, or 2026-08-20 09:30 in --zone." placeholder:"TIME"`
	Until   string `required:"" help:"Until when it may be opened." placeholder:"TIME"`
	Profile string `help:"Profile instead of the folder's: a file, or the name of a built-in one." placeholder:"PROFILE"`
	ID      string `help:"Id of the package; as a rule the paper's." placeholder:"ID"`
	KeyOut  string `help:"File for the release key, readable by its owner only; it must not exist. Otherwise the key is printed, once." placeholder:"FILE" type:"path"`
	JSON    bool   `name:"json" help:"Say it for programs."`
}

// Run seals the exam.
func (c *packageBuildCmd) Run(e *env) error {
	from, err := e.moment("--from", c.From, false)
	if err != nil {
		return err
	}
	until, err := e.moment("--until", c.Until, true)
	if err != nil {
		return err
	}
	key, err := signingKey(c.Sign)
	if err != nil {
		return err
	}
	source, unused, err := readFolder(c.Dir)
	if err != nil {
		return e.refuseParcel(c.Dir, err)
	}
	if source.Profile, err = chooseProfile(c.Profile, source.Profile); err != nil {
		return err
	}
	if c.KeyOut != "" {
		if _, err := os.Lstat(c.KeyOut); err == nil {
			return usageError{fmt.Errorf("--key-out: %s exists and is not overwritten", c.KeyOut)}
		}
	}
	for _, name := range unused {
		fmt.Fprintln(e.err, e.say("parcel.unused", "File", clean(name)))
	}
	out, err := os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usageError{fmt.Errorf("--out: %s exists and is not overwritten", c.Out)}
	}
	if err != nil {
		return err
	}
	o, release, err := parcel.Build(out, source, parcel.BuildOptions{
		ID: c.ID, From: from, Until: until, Made: e.now(), Key: key, Progress: e.progress(c.JSON),
	})
	if closing := errors.Join(out.Sync(), out.Close()); err == nil {
		err = closing
	}
	line := parcel.Release{Key: release}
	if err == nil {
		line.ID = o.ID
		err = syncDir(filepath.Dir(c.Out))
	}
	if err == nil && c.KeyOut != "" {
		err = writeNew("--key-out", c.KeyOut, 0o600, []byte(line.Line()+"\n"))
	}
	if err != nil { // a package whose key is nowhere must not stay
		if removing := os.Remove(c.Out); removing != nil {
			err = errors.Join(err, removing)
		}
		return e.refuseParcel(c.Dir, err)
	}
	if c.JSON {
		said := outerJSON(c.Out, o)
		if c.KeyOut == "" {
			said["release_key"] = release.Text()
		}
		return json.NewEncoder(e.out).Encode(said)
	}
	e.printOuter(c.Out, o)
	if c.KeyOut != "" {
		fmt.Fprintln(e.out, e.say("parcel.key-in", "File", c.KeyOut))
		return nil
	}
	fmt.Fprintln(e.out, e.say("parcel.key-once"))
	_, err = fmt.Fprintln(e.out, release.Text())
	return err
}

// moment reads a time; a bare date is its first second, or its last.
func (e *env) moment(flag, text string, last bool) (time.Time, error) {
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	for _, layout := range [...]string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, text, e.zone); err == nil {
			return t, nil
		}
	}
	t, err := time.ParseInLocation(time.DateOnly, text, e.zone)
	if err != nil {
		return t, usageError{errors.New(e.say("parcel.time", "Flag", flag, "Text", clean(text)))}
	}
	if last {
		t = t.AddDate(0, 0, 1).Add(-time.Second)
	}
	return t, nil
}

// signingKey reads a key that nobody else may read.
func signingKey(name string) (vault.Key, error) {
	fi, err := os.Stat(name)
	if err != nil {
		return vault.Key{}, fmt.Errorf("--sign: %w", err)
	}
	if !fi.Mode().IsRegular() || fi.Size() > 4096 {
		return vault.Key{}, usageError{fmt.Errorf("--sign: %s: %w", name, vault.ErrKey)}
	}
	if fi.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return vault.Key{}, usageError{fmt.Errorf("--sign: %s: %w: others may read it; chmod 600 makes it so", name, vault.ErrNotPrivate)}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return vault.Key{}, fmt.Errorf("--sign: %w", err)
	}
	key, err := vault.ParseKey(strings.TrimSpace(string(data)))
	if err != nil {
		return vault.Key{}, usageError{fmt.Errorf("--sign: %s: it is no signing key, or damaged", name)}
	}
	return key, nil
}

func readFolder(dir string) (parcel.Source, []string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return parcel.Source{}, nil, err
	}
	s, unused, err := parcel.Folder(root.FS())
	return s, unused, errors.Join(err, root.Close())
}

func chooseProfile(named string, own []byte) ([]byte, error) {
	if named == "" {
		if own == nil {
			return nil, usageError{errors.New("the folder has no profile (profiles/*.toml); name one with --profile")}
		}
		return own, nil
	}
	data, err := os.ReadFile(named)
	if errors.Is(err, fs.ErrNotExist) {
		if data, err := assets.Source("profiles", named); err == nil {
			return data, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("--profile: %w", err)
	}
	return data, nil
}

// progress says in steps of ten per cent how far a large package is; nil where nobody would see it.
func (e *env) progress(quiet bool) func(done, total int64) {
	const large = 32 << 20
	said := int64(0)
	return func(done, total int64) {
		if quiet || total < large {
			return
		}
		if tenth := done * 10 / total; tenth > said {
			said = tenth
			fmt.Fprintln(e.err, e.say("parcel.progress", "Percent", tenth*10, "Done", done>>20, "Total", total>>20))
		}
	}
}

func outerJSON(file string, o *parcel.Outer) map[string]any {
	blocks := make([]map[string]any, 0, len(o.Blocks))
	for _, b := range o.Blocks {
		blocks = append(blocks, map[string]any{"id": b.ID, "tasks": b.Tasks})
	}
	return map[string]any{
		"file": file, "id": o.ID, "paper": o.Paper, "profile": o.Profile, "title": o.Title, "languages": o.Languages, "from": o.From, "until": o.Until, "made": o.Made,
		"blocks": blocks, "tasks": o.Tasks(), "media": o.Media, "release_tag": o.Release, "bytes": o.Bytes, "digest": fmt.Sprintf("%x", o.Digest),
		"signer": o.Key.String(), "fingerprint": o.Key.Fingerprint(),
	}
}

func (e *env) printOuter(file string, o *parcel.Outer) {
	var blocks []string
	for _, b := range o.Blocks {
		blocks = append(blocks, fmt.Sprintf("%s %d", clean(b.ID), b.Tasks))
	}
	fmt.Fprintln(e.out, e.say("parcel.outer", "File", file, "ID", o.ID, "Title", clean(o.Title.In(string(e.lang))), "Paper", o.Paper, "Profile", o.Profile, "Languages", strings.Join(o.Languages, ", ")))
	fmt.Fprintln(e.out, "  "+e.say("parcel.valid", "From", e.clock(o.From), "Until", e.clock(o.Until), "Made", e.clock(o.Made)))
	fmt.Fprintln(e.out, "  "+e.say("parcel.tasks", "Tasks", o.Tasks(), "Blocks", strings.Join(blocks, ", "), "Media", o.Media, "KiB", (o.Bytes+1023)>>10))
	fmt.Fprintln(e.out, "  "+e.say("parcel.signer", "Fingerprint", o.Key.Fingerprint(), "Name", clean(o.Key.String())))
}

// refuseParcel says why a package or its parts are refused. Other errors are for the caller to say.
func (e *env) refuseParcel(file string, err error) error {
	var typed *parcel.KeyError
	switch code := parcel.ErrorCode(err); {
	case code != "":
		fmt.Fprintln(e.err, e.say("parcel.refused", "File", file, "Why", e.say("parcel-why."+string(code)), "Detail", clean(err.Error())))
		return exitError(exitNotWhole)
	case errors.As(err, &typed):
		fmt.Fprintln(e.err, e.say("release-fault."+string(typed.Fault), "Group", typed.Group, "Sign", clean(string(typed.Sign)), "Count", typed.Count))
		return exitError(exitNotWhole)
	}
	return err
}

type packageInspectCmd struct {
	File string `arg:"" help:"Exam package (.emparcel)." type:"path"`
	JSON bool   `name:"json" help:"Say it for programs."`
}

// Run shows what the package says of itself.
func (c *packageInspectCmd) Run(e *env) error {
	o, err := inspectFile(c.File, parcel.Options{Progress: e.progress(c.JSON)})
	if err != nil {
		return e.refuseParcel(c.File, err)
	}
	if c.JSON {
		return json.NewEncoder(e.out).Encode(outerJSON(c.File, o))
	}
	e.printOuter(c.File, o)
	fmt.Fprintln(e.out, "  "+e.say("parcel.not-compared"))
	return nil
}

func inspectFile(name string, opt parcel.Options) (*parcel.Outer, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read from
	return parcel.Inspect(f, opt)
}

type packageVerifyCmd struct {
	File   string   `arg:"" help:"Exam package (.emparcel)." type:"path"`
	Signer []string `required:"" help:"File with NCT's public keys, one a line. Can be repeated." placeholder:"FILE" sep:"none"`
	At     string   `help:"Time by which it must be valid; as a rule now. Before its time it is said and is no fault." placeholder:"TIME"`
	JSON   bool     `name:"json" help:"Say it for programs."`
}

// Run verifies the package.
func (c *packageVerifyCmd) Run(e *env) error {
	keys, err := loadKeysOf("--signer", c.Signer)
	if err != nil {
		return err
	}
	at := e.now()
	if c.At != "" {
		if at, err = e.moment("--at", c.At, false); err != nil {
			return err
		}
	}
	o, err := inspectFile(c.File, parcel.Options{Keys: keys, Now: at, Progress: e.progress(c.JSON)})
	early := parcel.ErrorCode(err) == parcel.CodeNotYet
	if err != nil && !early {
		return e.refuseParcel(c.File, err)
	}
	if c.JSON {
		said := outerJSON(c.File, o)
		said["verified"], said["valid_now"] = true, !early
		return json.NewEncoder(e.out).Encode(said)
	}
	e.printOuter(c.File, o)
	fmt.Fprintln(e.out, "  "+e.say("parcel.whole"))
	if early {
		fmt.Fprintln(e.out, "  "+e.say("parcel-why.not-yet"))
	}
	return nil
}

type packageReleaseCmd struct {
	Key     string `arg:"" help:"File with the release key (see build --key-out), or - to read it from the standard input."`
	Package string `help:"Exam package for which it must be." placeholder:"FILE" type:"path"`
	PNG     string `name:"png" help:"Write the QR code into a picture, readable by its owner only." placeholder:"FILE" type:"path"`
}

// Run shows the key.
func (c *packageReleaseCmd) Run(e *env) error {
	release, err := e.releaseKey(c.Key)
	if err != nil {
		return e.refuseParcel(c.Key, err)
	}
	if c.Package != "" {
		o, err := inspectFile(c.Package, parcel.Options{})
		if err != nil {
			return e.refuseParcel(c.Package, err)
		}
		if !o.Fits(release.Key) {
			return e.refuseParcel(c.Package, &parcel.Error{Code: parcel.CodeOtherKey, Why: "the release key is another parcel's"})
		}
		release.ID = o.ID
	}
	text := release.Key.Text()
	if release.ID != "" {
		text = release.Line()
	}
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return err
	}
	if c.PNG != "" {
		code.Scale = 12
		if err := writeNew("--png", c.PNG, 0o600, code.PNG()); err != nil {
			return err
		}
	}
	if release.ID != "" {
		fmt.Fprintln(e.out, e.say("parcel.release", "ID", clean(release.ID)))
	}
	fmt.Fprintln(e.out, release.Key.Text())
	if c.PNG == "" {
		drawQR(e.out, code)
	}
	return nil
}

// releaseKey reads a key as it was typed, from a file, or from the standard input (-).
func (e *env) releaseKey(text string) (parcel.Release, error) {
	if text == "-" {
		line, err := bufio.NewReader(io.LimitReader(e.in, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return parcel.Release{}, err
		}
		return parcel.ParseRelease(line)
	}
	if fi, err := os.Stat(text); err == nil && fi.Mode().IsRegular() && fi.Size() <= 4096 {
		data, err := os.ReadFile(text)
		if err != nil {
			return parcel.Release{}, err
		}
		return parcel.ParseRelease(string(data))
	}
	return parcel.ParseRelease(text)
}

// drawQR draws a code in characters, two rows in one, light on dark as most terminals are.
func drawQR(w io.Writer, code *qr.Code) {
	const quiet = 4
	light := func(x, y int) bool {
		return x < 0 || y < 0 || x >= code.Size || y >= code.Size || !code.Black(x, y)
	}
	for y := -quiet; y < code.Size+quiet; y += 2 {
		var b strings.Builder
		for x := -quiet; x < code.Size+quiet; x++ {
			b.WriteRune([]rune(" ▄▀█")[2*btoi(light(x, y))+btoi(light(x, y+1))])
		}
		fmt.Fprintln(w, b.String())
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

type packageOpenCmd struct {
	File   string   `arg:"" help:"Exam package (.emparcel)." type:"path"`
	Key    string   `required:"" help:"Release key, a file with it, or - to read it from the standard input, where no list of processes shows it." placeholder:"KEY"`
	Signer []string `required:"" help:"File with NCT's public keys, one a line. Can be repeated." placeholder:"FILE" sep:"none"`
	Out    string   `short:"o" help:"Folder to write the content into, unencrypted; it must not exist." placeholder:"DIR" type:"path"`
	JSON   bool     `name:"json" help:"Say it for programs."`
}

// Run opens the package, whatever the time is.
func (c *packageOpenCmd) Run(e *env) error {
	keys, err := loadKeysOf("--signer", c.Signer)
	if err != nil {
		return err
	}
	release, err := e.releaseKey(c.Key)
	if err != nil {
		return e.refuseParcel(c.File, err)
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close() // only read from
	content, err := parcel.Open(f, release.Key, parcel.Options{Keys: keys, Progress: e.progress(c.JSON)})
	if err != nil {
		return e.refuseParcel(c.File, err)
	}
	if c.Out != "" {
		if err := writeContent(c.Out, content); err != nil {
			return err
		}
	}
	if c.JSON {
		said := outerJSON(c.File, content.Outer)
		said["opened"] = true
		return json.NewEncoder(e.out).Encode(said)
	}
	e.printOuter(c.File, content.Outer)
	for _, b := range content.Paper.Blocks {
		fmt.Fprintln(e.out, "  "+clean(b.Title.In(string(e.lang)))+":")
		for _, it := range b.Items {
			fmt.Fprintf(e.out, "    %-16s %-9s %4d  %s\n", it.ID, it.Kind, it.Points, clean(firstLine(it.Text.In(string(e.lang)))))
		}
	}
	for _, m := range content.Paper.Media {
		fmt.Fprintf(e.out, "  %-16s %-9s %s, %d KiB\n", m.ID, m.Kind, clean(m.File), (len(content.Medium(m.ID))+1023)>>10)
	}
	if c.Out != "" {
		fmt.Fprintln(e.err, e.say("parcel.written", "Folder", c.Out))
	}
	return nil
}

func firstLine(s string) string {
	s = strings.TrimSpace(s)
	line, _, more := strings.Cut(s, "\n")
	if r := []rune(line); len(r) > 60 {
		line, more = string(r[:60]), true
	}
	if more {
		line += "…"
	}
	return line
}

func writeContent(dir string, c *parcel.Content) error {
	return writeExam(dir, 0o700, 0o600, c.Paper.ID, c.Source.Paper, c.Source.Media, map[string][]byte{c.Profile.ID: c.Source.Profile})
}

// writeExam writes a folder as parcel.Folder reads it. It must not be there, or be empty.
func writeExam(dir string, folder, file fs.FileMode, id string, paper []byte, media map[string][]byte, profiles map[string][]byte) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return usageError{fmt.Errorf("--out: %s is not empty", dir)}
	}
	if err := os.MkdirAll(filepath.Join(dir, "papers"), folder); err != nil {
		return err
	}
	if err := writeNew("--out", filepath.Join(dir, "papers", id+".toml"), file, paper); err != nil {
		return err
	}
	for name, data := range media {
		if err := os.MkdirAll(filepath.Join(dir, "papers", id), folder); err != nil {
			return err
		}
		if err := writeNew("--out", filepath.Join(dir, "papers", id, name), file, data); err != nil {
			return err
		}
	}
	for name, data := range profiles {
		if err := os.MkdirAll(filepath.Join(dir, "profiles"), folder); err != nil {
			return err
		}
		if err := writeNew("--out", filepath.Join(dir, "profiles", name+".toml"), file, data); err != nil {
			return err
		}
	}
	_, err := exam.ParsePaper(paper)
	return err
}
