// Package act draws up acts: the forms, what is prefilled from an alarm, the number, and the printed page. An act is
// complete or it does not exist; nothing here changes one that has been drawn up (R18, R19).
package act

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"emtihan/assets/forms"
	"emtihan/exam"

	"github.com/BurntSushi/toml"
)

// FieldKind says how a field is filled in and printed.
type FieldKind string

// The kinds of fields.
const (
	Fixed  FieldKind = "fixed"  // prefilled; nobody edits it
	Cause  FieldKind = "cause"  // what the act answers, from the room's log
	Line   FieldKind = "text"   // one line in the administrator's words
	Long   FieldKind = "long"   // paragraphs in the administrator's words
	Choice FieldKind = "choice" // one of the field's options
	Items  FieldKind = "items"  // banned items from the pick-list
	Bans   FieldKind = "bans"   // bans of clause 4.5.4
)

// Picks reports whether the field holds a list of ids chosen from a list of the forms.
func (k FieldKind) Picks() bool { return k == Items || k == Bans }

// Entry is a line of a list: an id that is recorded, and its text by language.
type Entry struct {
	ID string `toml:"id"`
	KK string `toml:"kk"`
	RU string `toml:"ru"`
	EN string `toml:"en"`

	// Of an option of a choice only: what follows when it is chosen (R20), and which fields must then be filled in.
	Effects []exam.Effect `toml:"effects"`
	Needs   []string      `toml:"needs"`
}

// In returns the text in lang ("kk", "ru", "en"); where there is no English, in Russian.
func (e Entry) In(lang string) string {
	return exam.Text{"kk": e.KK, "ru": e.RU, "en": or(e.EN, e.RU)}.In(lang)
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Field is one field of a form.
type Field struct {
	ID       string    `toml:"id"`
	Kind     FieldKind `toml:"kind"`
	Required bool      `toml:"required"`
	Default  string    `toml:"default"` // id of the option of a choice
	Label    exam.Text `toml:"label"`
	Options  []Entry   `toml:"options"`
}

// Form is the template of an act.
type Form struct {
	Format      int       `toml:"format"`   // 1
	ID          string    `toml:"id"`       // "10", "12", "12-1", …
	Appendix    string    `toml:"appendix"` // of the Rules
	Clause      string    `toml:"clause"`   // that was broken, in both numberings where they differ
	Name        exam.Text `toml:"name"`     // short, for the screen
	Draft       exam.Text `toml:"draft"`    // says that this is not the official text; printed on every page
	Title       exam.Text `toml:"title"`
	Lead        exam.Text `toml:"lead"`
	Consequence exam.Text `toml:"consequence"` // what follows from the act, in words
	// What follows from every act of the form (R20); a choice among its fields may add to it.
	Effects []exam.Effect `toml:"effects"`
	// Room says that the act is about everybody in the room and names no candidate.
	Room       bool    `toml:"room"`
	Fields     []Field `toml:"fields"`
	Signatures []Entry `toml:"signatures"`

	digest string
}

// Digest returns the SHA-256 of the template's file in hex. It is recorded with every act drawn up from it.
func (f *Form) Digest() string { return f.digest }

// Field returns the field with the id.
func (f *Form) Field(id string) (Field, bool) {
	i := slices.IndexFunc(f.Fields, func(x Field) bool { return x.ID == id })
	if i < 0 {
		return Field{}, false
	}
	return f.Fields[i], true
}

// Forms are the templates and the lists that they choose from.
type Forms struct {
	Forms  []*Form // in the order of the appendices, the free form last
	Sheets []*Sheet
	Bans   []Entry
	Items  []Entry
	Causes map[string]exam.Text // by the kind of cause

	problems map[string]exam.Text // by the code of a problem
}

type lists struct {
	Format int                  `toml:"format"`
	Bans   []Entry              `toml:"bans"`
	Items  []Entry              `toml:"items"`
	Causes map[string]exam.Text `toml:"causes"`

	Problems map[string]exam.Text `toml:"problems"`
}

// Load returns the built-in templates; a file of the same name in dir, and every further form-N.toml there, takes the place
// of the built-in one. dir may be empty or absent. Errors name the file and what is wrong in it.
func Load(dir string) (*Forms, error) {
	names, err := fs.Glob(forms.Files, "*.toml")
	if err != nil {
		return nil, err
	}
	if dir != "" {
		for _, pattern := range []string{"form-*.toml", "sheet-*.toml"} {
			more, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				return nil, err
			}
			for _, path := range more {
				names = append(names, filepath.Base(path))
			}
		}
	}
	slices.Sort(names)
	all := new(Forms)
	builtIn, err := forms.Files.ReadFile("lists.toml")
	if err == nil {
		err = all.parseLists(builtIn)
	}
	if err != nil {
		return nil, fmt.Errorf("form file lists.toml: %w", err)
	}
	for _, name := range slices.Compact(names) {
		data, err := read(dir, name)
		if err != nil {
			return nil, fmt.Errorf("form file %s: %w", name, err)
		}
		if name == "lists.toml" {
			if err := all.parseLists(data); err != nil {
				return nil, fmt.Errorf("form file %s: %w", name, err)
			}
			continue
		}
		if strings.HasPrefix(name, "sheet-") {
			sheet, err := ParseSheet(data)
			if err == nil && name != "sheet-"+sheet.ID+".toml" {
				err = fmt.Errorf("its id is %q", sheet.ID)
			}
			if err != nil {
				return nil, fmt.Errorf("form file %s: %w", name, err)
			}
			all.Sheets = append(all.Sheets, sheet)
			continue
		}
		f, err := ParseForm(data)
		if err != nil {
			return nil, fmt.Errorf("form file %s: %w", name, err)
		}
		if name != "form-"+f.ID+".toml" {
			return nil, fmt.Errorf("form file %s: its id is %q", name, f.ID)
		}
		all.Forms = append(all.Forms, f)
	}
	slices.SortFunc(all.Forms, func(a, b *Form) int { return order(a.ID) - order(b.ID) })
	return all, nil
}

// order sorts 12 before 12-1, and the free form last.
func order(id string) int {
	number, part, _ := strings.Cut(id, "-")
	n, _ := strconv.Atoi(number)
	m, _ := strconv.Atoi(part)
	if id == Free {
		n = 100
	}
	return 10*n + m
}

// Free is the id of the act in free form (R18).
const Free = "0"

func read(dir, name string) ([]byte, error) {
	if dir != "" {
		data, err := os.ReadFile(filepath.Join(dir, name))
		// That the data folder is none is said when the room is opened.
		if err == nil || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return data, err
		}
	}
	return forms.Files.ReadFile(name)
}

func (fs *Forms) parseLists(data []byte) error {
	var l lists
	if err := decode(data, &l); err != nil {
		return err
	}
	if l.Format != 1 {
		return fmt.Errorf("format is %d, this program reads format 1", l.Format)
	}
	for name, list := range map[string][]Entry{"bans": l.Bans, "items": l.Items} {
		if err := checkEntries(name, list); err != nil {
			return err
		}
		if len(list) == 0 {
			return fmt.Errorf("%s are missing", name)
		}
	}
	for what, texts := range map[string]map[string]exam.Text{"cause": l.Causes, "problem": l.Problems} {
		for id, t := range texts {
			if err := checkText(what+" "+id, t); err != nil {
				return err
			}
		}
	}
	fs.Bans, fs.Items = l.Bans, l.Items
	// A centre's own lists may be older than the program: what they do not say is said in the built-in words.
	fs.Causes, fs.problems = over(fs.Causes, l.Causes), over(fs.problems, l.Problems)
	return nil
}

func over(base, more map[string]exam.Text) map[string]exam.Text {
	out := maps.Clone(base)
	if out == nil {
		out = make(map[string]exam.Text)
	}
	maps.Copy(out, more)
	return out
}

// Explain returns the sentence for the code of a [Problem], or for a *KeyError, *SignatureError or *Incomplete, in lang. Any
// other error comes back in its own words.
func (fs *Forms) Explain(err error, lang string) string {
	var key *KeyError
	var signature *SignatureError
	var incomplete *Incomplete
	code, detail := "", ""
	switch {
	case errors.As(err, &key):
		code, detail = key.Code, key.Detail
	case errors.As(err, &signature):
		code = signature.Code
	case errors.As(err, &incomplete) && len(incomplete.Problems) > 0:
		code = incomplete.Problems[0].Code
	}
	switch t, ok := fs.problems[code]; {
	case !ok:
		return err.Error()
	case code == ErrKeyExpired.Code || code == ErrKeyEarly.Code:
		return t.In(lang) + " " + detail
	default:
		return t.In(lang)
	}
}

// Say returns the sentence for a problem of a draft in lang.
func (fs *Forms) Say(p Problem, lang string) string {
	return fs.Explain(&Incomplete{[]Problem{p}}, lang)
}

const maxFile = 1 << 20

func decode(data []byte, into any) error {
	if len(data) > maxFile {
		return fmt.Errorf("the file has %d bytes, more than %d", len(data), maxFile)
	}
	meta, err := toml.Decode(string(exam.Trim(data)), into)
	if err != nil {
		var pe toml.ParseError
		if errors.As(err, &pe) {
			return fmt.Errorf("line %d: %s", pe.Position.Line, pe.Message)
		}
		return err
	}
	if keys := meta.Undecoded(); len(keys) > 0 {
		return fmt.Errorf("unknown key %q", keys[0].String())
	}
	return nil
}

var (
	idPattern   = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)
	formPattern = regexp.MustCompile(`^[0-9]{1,2}(-[0-9])?$`)
)

// ParseForm reads a template. Errors name the key or field that is wrong; unknown keys are errors.
func ParseForm(data []byte) (*Form, error) {
	f := new(Form)
	if err := decode(data, f); err != nil {
		return nil, err
	}
	var errs []error
	check := func(err error) { errs = append(errs, err) }
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	bad(f.Format == 1, "format is %d, this program reads format 1", f.Format)
	bad(formPattern.MatchString(f.ID), "id %q is not the number of an appendix", f.ID)
	for name, t := range map[string]exam.Text{"name": f.Name, "draft": f.Draft, "title": f.Title, "lead": f.Lead, "consequence": f.Consequence} {
		check(checkText(name, t))
	}
	seen := make(map[string]bool)
	for i, x := range f.Fields {
		bad(idPattern.MatchString(x.ID), "field %d: id %q is not [a-z0-9_-]{1,32}", i+1, x.ID)
		bad(!seen[x.ID], "field %q stands twice", x.ID)
		seen[x.ID] = true
		check(checkText(fmt.Sprintf("label of field %q", x.ID), x.Label))
		switch x.Kind {
		case Choice:
			check(checkEntries(fmt.Sprintf("options of field %q", x.ID), x.Options))
			bad(len(x.Options) > 0, "field %q has no options", x.ID)
			bad(x.Default == "" || slices.ContainsFunc(x.Options, func(e Entry) bool { return e.ID == x.Default }),
				"field %q: the default %q is none of its options", x.ID, x.Default)
			for _, e := range x.Options {
				check(checkFormEffects(fmt.Sprintf("option %q of field %q", e.ID, x.ID), e.Effects))
				for _, id := range e.Needs {
					_, ok := f.Field(id)
					bad(ok, "option %q of field %q needs the field %q, which the form does not have", e.ID, x.ID, id)
				}
				if slices.Contains(e.Effects, exam.EffectMoved) {
					bad(slices.Contains(e.Needs, FieldNewSeat), "option %q of field %q moves the candidate and does not need %q", e.ID, x.ID, FieldNewSeat)
				}
				if slices.Contains(e.Effects, exam.EffectLift) {
					bad(slices.Contains(e.Needs, FieldCorrects), "option %q of field %q lifts and does not need %q", e.ID, x.ID, FieldCorrects)
				}
			}
		case Fixed, Cause, Line, Long, Items, Bans:
			bad(len(x.Options) == 0, "field %q: only a choice has options", x.ID)
		default:
			bad(false, "field %q: kind %q is unknown", x.ID, x.Kind)
		}
	}
	bad(len(f.Fields) > 0, "fields are missing")
	check(checkFormEffects("form", f.Effects))
	bad(!slices.Contains(f.Effects, exam.EffectMoved) && !slices.Contains(f.Effects, exam.EffectLift), "%q and %q belong to an option of a choice", exam.EffectMoved, exam.EffectLift)
	bad(len(f.Signatures) > 0, "signatures are missing")
	check(checkEntries("signatures", f.Signatures))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	f.digest = fmt.Sprintf("%x", sha256.Sum256(data))
	return f, nil
}

func checkFormEffects(what string, effects []exam.Effect) error {
	for _, e := range effects {
		switch e {
		case exam.EffectNotAdmitted, exam.EffectRemoved, exam.EffectVoid, exam.EffectMoved, exam.EffectStopped, exam.EffectPostponed, exam.EffectLift:
		default:
			return fmt.Errorf("%s: effect %q is unknown", what, e)
		}
	}
	return nil
}

func checkText(name string, t exam.Text) error {
	for _, l := range []string{"kk", "ru"} {
		if strings.TrimSpace(t[l]) == "" {
			return fmt.Errorf("%s is missing in %s", name, l)
		}
	}
	return nil
}

func checkEntries(name string, list []Entry) error {
	seen := make(map[string]bool)
	for i, e := range list {
		switch {
		case !idPattern.MatchString(e.ID):
			return fmt.Errorf("%s: id %q of entry %d is not [a-z0-9_-]{1,32}", name, e.ID, i+1)
		case seen[e.ID]:
			return fmt.Errorf("%s: %q stands twice", name, e.ID)
		case !strings.HasPrefix(name, "options of") && len(e.Effects)+len(e.Needs) > 0:
			return fmt.Errorf("%s: %q: only an option of a choice has effects and needs", name, e.ID)
		case strings.TrimSpace(e.KK) == "" || strings.TrimSpace(e.RU) == "":
			return fmt.Errorf("%s: %q is missing in kk or ru", name, e.ID)
		}
		seen[e.ID] = true
	}
	return nil
}

// Form returns the form with the id ("10").
func (fs *Forms) Form(id string) (*Form, bool) {
	for _, f := range fs.Forms {
		if f.ID == id {
			return f, true
		}
	}
	return nil, false
}

// List returns what a field chooses from: its options, the bans or the items.
func (fs *Forms) List(x Field) []Entry {
	switch x.Kind {
	case Choice:
		return x.Options
	case Items:
		return fs.Items
	case Bans:
		return fs.Bans
	}
	return nil
}
