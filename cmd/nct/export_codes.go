package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/exam/content"
	"emtihan/exam/vault"
)

// codeKey is the secret from which individual codes follow (R23). A plain digest of an IIN or of an attempt's id would be no
// secret: there are few IINs, and stations know the ids. Random codes would be different in every export.
type codeKey [32]byte

const codeKeyLine = "EMTIHAN-CODES-1 "

type exportKeygenCmd struct {
	Out string `short:"o" required:"" help:"File for the key, readable by its owner only; it must not exist." placeholder:"FILE" type:"path"`
}

// Run makes the key.
func (c *exportKeygenCmd) Run(e *env) error {
	var key codeKey
	rand.Read(key[:]) // never fails since Go 1.24
	if err := writeNew("--out", c.Out, 0o600, []byte(codeKeyLine+hex.EncodeToString(key[:])+"\n")); err != nil {
		return err
	}
	fmt.Fprintln(e.err, e.say("export.keygen", "File", c.Out))
	return nil
}

func readCodeKey(name string) (codeKey, error) {
	fail := func(err error) (codeKey, error) {
		return codeKey{}, usageError{fmt.Errorf("--codes: %s: %w", name, err)}
	}
	fi, err := os.Stat(name)
	if err != nil {
		return codeKey{}, fmt.Errorf("--codes: %w", err)
	}
	if fi.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return fail(fmt.Errorf("%w: others may read it; chmod 600 makes it so", vault.ErrNotPrivate))
	}
	data, err := readLimited(name, 4096)
	if err != nil {
		return codeKey{}, fmt.Errorf("--codes: %w", err)
	}
	text, ok := strings.CutPrefix(strings.TrimSpace(string(data)), strings.TrimSpace(codeKeyLine))
	sum, err := hex.DecodeString(strings.TrimSpace(text))
	if !ok || err != nil || len(sum) != len(codeKey{}) {
		return fail(errors.New("it is no key of codes, or damaged"))
	}
	return codeKey(sum), nil
}

var codeSigns = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// code returns the individual code of an attempt: 40 bits in two groups of four signs.
func (k codeKey) code(o exam.Opened) string {
	mac := hmac.New(sha256.New, k[:])
	fmt.Fprintf(mac, "emtihan individual code, 1\x00%s\x00%s", o.Session, o.Attempt)
	s := codeSigns.EncodeToString(mac.Sum(nil)[:5])
	return s[:4] + "-" + s[4:]
}

// readCode reads a code as people may write it.
func readCode(s string) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '–', '\u00a0':
			return -1
		case 'O':
			return '0'
		case 'I', 'L':
			return '1'
		}
		return r
	}, strings.ToUpper(strings.TrimSpace(s)))
	if len(s) != 8 {
		return s
	}
	return s[:4] + "-" + s[4:]
}

// hint says what of a candidate stands in their work.
type hint string

const (
	hintMasked hint = "masked" // IIN or the whole name: taken out
	hintPart   hint = "part"   // a part of the name, which may be a word like any other: a person must look
)

var masked = "████"

// mask takes a candidate's IIN and name out of their work: whoever marks it must not know them, and a candidate must not make
// themselves known. A part of a name alone stays, since most are words of the language too.
func mask(text string, person exam.Candidate) (string, []hint) {
	var hints []hint
	add := func(h hint) {
		if !slices.Contains(hints, h) {
			hints = append(hints, h)
		}
	}
	var patterns []string
	if len(person.IIN) == 12 {
		patterns = append(patterns, strings.Join(strings.Split(person.IIN, ""), `[\s\-–.]?`))
	}
	parts := strings.Fields(person.Name)
	for i, p := range parts {
		for j, q := range parts {
			if i != j {
				patterns = append(patterns, regexp.QuoteMeta(p)+`[\s,]+`+regexp.QuoteMeta(q))
			}
		}
		for _, q := range parts {
			if q != p {
				initial := regexp.QuoteMeta(string([]rune(q)[:1]))
				patterns = append(patterns, regexp.QuoteMeta(p)+`,?\s*`+initial+`\.`, initial+`\.\s*`+regexp.QuoteMeta(p))
			}
		}
	}
	if len(patterns) > 0 {
		// Names come with a mark over a letter in one rune or in two; both are looked for as they stand.
		re := regexp.MustCompile(`(?i)` + strings.Join(patterns, "|"))
		if next := re.ReplaceAllString(text, masked); next != text {
			text = next
			add(hintMasked)
		}
	}
	lower := strings.ToLower(text)
	for _, p := range parts {
		if len([]rune(p)) >= 3 && strings.Contains(lower, strings.ToLower(p)) {
			add(hintPart)
		}
	}
	return text, hints
}

// asked returns what a task asks, in the candidate's language, with the theme that the candidate chose where there are several.
func (e *env) asked(t taken, it *exam.Item) string {
	lang := t.Opened.Candidate.Language
	asks := content.Plain(t.Paper.Content(it.Text, lang))
	if len(it.Themes) == 0 {
		return asks
	}
	l, err := locales.Parse(lang)
	if err != nil {
		l = e.lang
	}
	id := t.Response(it.ID).Theme
	_, place := it.Theme(id)
	if place < 0 {
		return asks + locales.T(l, "nct.export.no-theme") + "\n"
	}
	return asks + locales.T(l, "nct.export.theme", "Number", place+1, "Text", themeText(t.Paper, lang, it.ID, id)) + "\n"
}

// themeText returns a theme of an item in the exam language, or nothing where the paper is not known or has no such theme.
func themeText(paper *exam.Paper, lang, item, theme string) string {
	if paper == nil {
		return ""
	}
	it, _, ok := paper.Item(item)
	if !ok {
		return ""
	}
	o, _ := it.Theme(theme)
	if o == nil {
		return ""
	}
	return strings.TrimSpace(content.Plain(paper.Content(o.Text, lang)))
}

func sortRows(rows [][]string) {
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
}
