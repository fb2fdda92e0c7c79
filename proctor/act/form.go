// Package act draws up acts: the forms, what is prefilled from an alarm, the number, and the printed page. An act is
// complete or it does not exist; nothing here changes one that has been drawn up (R18, R19).
package act

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	Consequence exam.Text `toml:"consequence"` // what follows from the act (R20)
	Fields      []Field   `toml:"fields"`
	Signatures  []Entry   `toml:"signatures"`

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
	Forms  []*Form // in the order of their ids
	Bans   []Entry
	Items  []Entry
	Causes map[string]exam.Text // by the kind of cause
}

type lists struct {
	Format int                  `toml:"format"`
	Bans   []Entry              `toml:"bans"`
	Items  []Entry              `toml:"items"`
	Causes map[string]exam.Text `toml:"causes"`
}

// Load returns the built-in templates; a file of the same name in dir, and every further form-N.toml there, takes the place
// of the built-in one. dir may be empty or absent. Errors name the file and what is wrong in it.
func Load(dir string) (*Forms, error) {
	names, err := fs.Glob(forms.Files, "*.toml")
	if err != nil {
		return nil, err
	}
	if dir != "" {
		more, err := filepath.Glob(filepath.Join(dir, "form-*.toml"))
		if err != nil {
			return nil, err
		}
		for _, path := range more {
			names = append(names, filepath.Base(path))
		}
	}
	slices.Sort(names)
	all := new(Forms)
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
		f, err := ParseForm(data)
		if err != nil {
			return nil, fmt.Errorf("form file %s: %w", name, err)
		}
		if name != "form-"+f.ID+".toml" {
			return nil, fmt.Errorf("form file %s: its id is %q", name, f.ID)
		}
		all.Forms = append(all.Forms, f)
	}
	return all, nil
}

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
	for kind, t := range l.Causes {
		if err := checkText("cause "+kind, t); err != nil {
			return err
		}
	}
	fs.Bans, fs.Items, fs.Causes = l.Bans, l.Items, l.Causes
	return nil
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
		case Fixed, Cause, Line, Long, Items, Bans:
			bad(len(x.Options) == 0, "field %q: only a choice has options", x.ID)
		default:
			bad(false, "field %q: kind %q is unknown", x.ID, x.Kind)
		}
	}
	bad(len(f.Fields) > 0, "fields are missing")
	bad(len(f.Signatures) > 0, "signatures are missing")
	check(checkEntries("signatures", f.Signatures))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	f.digest = fmt.Sprintf("%x", sha256.Sum256(data))
	return f, nil
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
