// Package locales holds every sentence that Emtihan shows to a person, in Kazakh, Russian and English.
//
// A sentence has an identifier such as "station.login.title". Each component keeps its sentences in three files of its
// own, COMPONENT.kk.toml, COMPONENT.ru.toml and COMPONENT.en.toml; a test demands that the three have the same identifiers
// with the same placeholders, so switching the language at any moment can never show an empty label.
package locales

import (
	"embed"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed *.toml
var files embed.FS

// Lang is one of the three interface languages.
type Lang string

// The interface languages, in the order in which the language switch shows them.
const (
	Kazakh  Lang = "kk"
	Russian Lang = "ru"
	English Lang = "en"
)

// All lists the interface languages in the order in which the language switch shows them.
var All = []Lang{Kazakh, Russian, English}

// Name returns the language's own name for itself, as the language switch shows it.
func (l Lang) Name() string {
	switch l {
	case Kazakh:
		return "Қазақша"
	case Russian:
		return "Русский"
	default:
		return "English"
	}
}

// Parse returns the language of the code s ("kk", "ru" or "en").
func Parse(s string) (Lang, error) {
	for _, l := range All {
		if string(l) == s {
			return l, nil
		}
	}
	return "", fmt.Errorf("language %q is not one of kk, ru, en", s)
}

// apart are the components whose sentences no other program shows. Each is read when its first sentence is wanted, and all
// others together: a program needs half of what is embedded.
var apart = []string{"nct", "proctor"}

// shared is the name under which the other components are read.
const shared = ""

var groups = func() map[string]func() map[Lang]*i18n.Localizer {
	all := make(map[string]func() map[Lang]*i18n.Localizer)
	for _, name := range append([]string{shared}, apart...) {
		all[name] = sync.OnceValue(func() map[Lang]*i18n.Localizer { return load(name) })
	}
	return all
}()

// load panics on a broken embedded file: it is part of the program, and a test loads it.
func load(group string) map[Lang]*i18n.Localizer {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	for _, component := range Components() {
		if component != group && (group != shared || slices.Contains(apart, component)) {
			continue
		}
		for _, l := range All {
			name := component + "." + string(l) + ".toml"
			if _, err := bundle.LoadMessageFileFS(files, name); err != nil {
				panic(fmt.Sprintf("locale file %s: %v", name, err))
			}
		}
	}
	all := make(map[Lang]*i18n.Localizer)
	for _, l := range All {
		all[l] = i18n.NewLocalizer(bundle, string(l))
	}
	return all
}

// localizer returns who knows the sentence id in a language.
func localizer(l Lang, id string) *i18n.Localizer {
	name, _, _ := strings.Cut(id, ".")
	read, ok := groups[name]
	if !ok {
		read = groups[shared]
	}
	if loc, ok := read()[l]; ok {
		return loc
	}
	return read()[English]
}

// T returns the sentence id in language l. The pairs are placeholder names and values: T(l, "x.y", "Name", "Aigerim")
// fills {{.Name}}. An unknown id comes back in brackets, so that it is seen and never hides a button.
func T(l Lang, id string, pairs ...any) string {
	data := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		data[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	s, err := localizer(l, id).Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data})
	if err != nil || s == "" {
		return "[" + id + "]"
	}
	return s
}

// Has reports whether the sentence id exists.
func Has(id string) bool {
	_, err := localizer(English, id).Localize(&i18n.LocalizeConfig{MessageID: id})
	return err == nil
}

// Sentences returns the raw sentences of one language from one file, by identifier, for tests and tools.
func Sentences(component string, l Lang) (map[string]string, error) {
	var tree map[string]any
	name := component + "." + string(l) + ".toml"
	if _, err := toml.DecodeFS(files, name, &tree); err != nil {
		return nil, fmt.Errorf("locale file %s: %w", name, err)
	}
	out := make(map[string]string)
	flatten(out, "", tree)
	return out, nil
}

func flatten(out map[string]string, prefix string, tree map[string]any) {
	for k, v := range tree {
		id := strings.TrimPrefix(prefix+"."+k, ".")
		switch v := v.(type) {
		case string:
			out[id] = v
		case map[string]any:
			flatten(out, id, v)
		}
	}
}

// Components lists the components that have locale files.
func Components() []string {
	entries, _ := files.ReadDir(".")
	seen := make(map[string]bool)
	for _, e := range entries {
		seen[strings.SplitN(e.Name(), ".", 2)[0]] = true
	}
	out := make([]string, 0, len(seen))
	for c := range seen {
		out = append(out, c)
	}
	sort.Strings(out)
	return out
}
