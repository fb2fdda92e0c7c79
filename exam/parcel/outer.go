package parcel

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"emtihan/exam"
	"emtihan/exam/vault"

	"golang.org/x/mod/sumdb/note"
)

const (
	magic   = "EMPARCL\r\n"
	version = 1
	origin  = "emtihan-parcel-1"

	outerTime = "2006-01-02T15:04:05Z"
	maxNote   = 1 << 16
	maxBlocks = 100
)

// Outer is what a parcel says to everybody, signed.
type Outer struct {
	ID        string          // [a-z0-9-]{1,32}
	Paper     string          // id of the paper
	Profile   string          // id of the profile
	Languages []string        // exam languages of the paper
	Title     exam.Text       // of the paper, in these languages
	From      time.Time       // UTC, whole seconds; before it the content is not opened
	Until     time.Time       // the same; after it neither
	Made      time.Time       // by the date of the computer that made it
	Blocks    []BlockSize     // in the paper's order
	Media     int             // number of pictures and sounds
	Release   string          // four signs that tell whether a release key is this parcel's
	Bytes     int64           // of the encrypted content
	Digest    [32]byte        // SHA-256 of the encrypted content
	Key       vault.PublicKey // that signed
}

// BlockSize is how many tasks a block has.
type BlockSize struct {
	ID    string
	Tasks int
}

// Tasks returns the number of tasks of the paper.
func (o *Outer) Tasks() (n int) {
	for _, b := range o.Blocks {
		n += b.Tasks
	}
	return n
}

// Fits reports whether the release key may be this parcel's. Another parcel's key passes once in a million.
func (o *Outer) Fits(k ReleaseKey) bool { return k.tag(o.ID) == o.Release }

// At returns nil, or an *Error with CodeNotYet or CodeExpired. Both ends belong to the time of validity.
func (o *Outer) At(now time.Time) error {
	switch {
	case now.Before(o.From):
		return refuse(CodeNotYet, "it is valid from %s, and it is %s", o.From.Format(outerTime), now.UTC().Format(outerTime))
	case now.After(o.Until):
		return refuse(CodeExpired, "it was valid until %s, and it is %s", o.Until.Format(outerTime), now.UTC().Format(outerTime))
	}
	return nil
}

// text writes every value in the one way that parse reads it. Titles and blocks are quoted, because only the profile's author knows
// what is in them.
func (o *Outer) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nid %s\npaper %s\nprofile %s\n", origin, o.ID, o.Paper, o.Profile)
	for _, l := range o.Languages {
		fmt.Fprintf(&b, "title %s %s\n", l, strconv.Quote(o.Title[l]))
	}
	fmt.Fprintf(&b, "from %s\nuntil %s\nmade %s\n", o.From.UTC().Format(outerTime), o.Until.UTC().Format(outerTime), o.Made.UTC().Format(outerTime))
	for _, block := range o.Blocks {
		fmt.Fprintf(&b, "block %d %s\n", block.Tasks, strconv.Quote(block.ID))
	}
	fmt.Fprintf(&b, "media %d\nrelease %s\nbytes %d\ndigest %x\nkey %s\n", o.Media, o.Release, o.Bytes, o.Digest, o.Key)
	return b.String()
}

var (
	outerID  = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	language = regexp.MustCompile(`^[a-z]{2,3}$`)

	errOuter = errors.New("its outer part is not as this version writes it")
)

// parseOuter reads the text of a note. What it returns has exactly one spelling, the one that was read.
func parseOuter(text string) (*Outer, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	o := &Outer{Title: make(exam.Text)}
	var errs []error
	value := func(word string) string {
		if len(lines) == 0 {
			errs = append(errs, errOuter)
			return ""
		}
		v, ok := strings.CutPrefix(lines[0], word+" ")
		if !ok {
			errs = append(errs, errOuter)
		}
		lines = lines[1:]
		return v
	}
	next := func(word string) bool { return len(lines) > 0 && strings.HasPrefix(lines[0], word+" ") }
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 62)
		errs = append(errs, err)
		return n
	}
	quoted := func(s string) string {
		v, err := strconv.Unquote(s)
		errs = append(errs, err)
		return v
	}
	date := func(word string) time.Time {
		t, err := time.Parse(outerTime, value(word))
		errs = append(errs, err)
		return t
	}
	if lines[0] != origin {
		return nil, errOuter
	}
	lines = lines[1:]
	o.ID, o.Paper, o.Profile = value("id"), value("paper"), value("profile")
	for next("title") {
		l, title, _ := strings.Cut(value("title"), " ")
		o.Languages = append(o.Languages, l)
		o.Title[l] = quoted(title)
	}
	o.From, o.Until, o.Made = date("from"), date("until"), date("made")
	for next("block") {
		n, id, _ := strings.Cut(value("block"), " ")
		o.Blocks = append(o.Blocks, BlockSize{ID: quoted(id), Tasks: int(number(n))})
	}
	o.Media = int(number(value("media")))
	o.Release = value("release")
	o.Bytes = number(value("bytes"))
	sum, err := hex.DecodeString(value("digest"))
	if err != nil || len(sum) != len(o.Digest) {
		return nil, errOuter
	}
	o.Digest = [32]byte(sum)
	if o.Key, err = vault.ParsePublicKey(value("key")); err != nil {
		return nil, errOuter
	}
	if errors.Join(errs...) != nil || len(lines) > 0 || o.check() != nil || o.text() != text {
		return nil, errOuter
	}
	return o, nil
}

// check says what no parcel has, whoever signs it.
func (o *Outer) check() error {
	for _, id := range [...]string{o.ID, o.Paper, o.Profile} {
		if !outerID.MatchString(id) {
			return fmt.Errorf("the id %q is not [a-z0-9-]{1,32}", id)
		}
	}
	if o.Until.Before(o.From) {
		return fmt.Errorf("it ends, on %s, before it begins, on %s", o.Until.Format(outerTime), o.From.Format(outerTime))
	}
	for _, t := range [...]time.Time{o.From, o.Until, o.Made} {
		if y := t.UTC().Year(); y < 2000 || y > 9999 {
			return fmt.Errorf("the year %d is none of an exam", y)
		}
	}
	for i, l := range o.Languages {
		if !language.MatchString(l) || slices.Contains(o.Languages[:i], l) {
			return fmt.Errorf("%q is no language, or stands twice", l)
		}
		if len(o.Title[l]) > 1000 {
			return fmt.Errorf("the title in %q has more than 1000 bytes", l)
		}
	}
	if len(o.Languages) == 0 || len(o.Blocks) == 0 || len(o.Blocks) > maxBlocks {
		return fmt.Errorf("it has %d languages and %d blocks", len(o.Languages), len(o.Blocks))
	}
	for _, b := range o.Blocks {
		if b.Tasks < 1 || b.Tasks > 1000 || len(b.ID) > 100 {
			return fmt.Errorf("the block %q has %d tasks", b.ID, b.Tasks)
		}
	}
	if o.Media < 0 || o.Media > maxMedia || o.Bytes < 1 {
		return fmt.Errorf("it has %d media and %d bytes", o.Media, o.Bytes)
	}
	return nil
}

// signed returns the signed note of the outer part.
func (o *Outer) signed(key vault.Key) ([]byte, error) {
	return note.Sign(&note.Note{Text: o.text()}, key.Signer())
}

// openNote reads a signed note and checks that its signature is by the key that it names.
func openNote(msg []byte) (*Outer, error) {
	at := strings.LastIndex(string(msg), "\n\n")
	if at < 0 {
		return nil, refuse(CodeChanged, "its outer part is no signed note")
	}
	o, err := parseOuter(string(msg[:at+1]))
	if err != nil {
		return nil, refuse(CodeChanged, "%v", err)
	}
	verifier, err := o.Key.Verifier()
	if err != nil {
		return nil, refuse(CodeChanged, "%v", err)
	}
	n, err := note.Open(msg, note.VerifierList(verifier))
	if err != nil || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return nil, refuse(CodeChanged, "the signature does not fit its outer part")
	}
	raw, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil || o.text()+"\n— "+n.Sigs[0].Name+" "+base64.StdEncoding.EncodeToString(raw)+"\n" != string(msg) {
		return nil, refuse(CodeChanged, "its signature is not spelt as this version spells it")
	}
	return o, nil
}
