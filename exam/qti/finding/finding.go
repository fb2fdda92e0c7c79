// Package finding says what an import met that it could not take as it stands: how bad it is, what it is and where it stands.
// An importer that drops nothing in silence writes a finding for everything that it does not keep.
package finding

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says what a finding means for the one who wants to use the content.
type Severity uint8

// The severities, from harmless to bad.
const (
	Note        Severity = iota // left out without a change to what is asked, shown or marked
	Warning                     // read under an assumption that the text states
	Unsupported                 // well-formed, but this program cannot do what the author meant
	Invalid                     // broken: the standard does not allow it, or the file is damaged
)

var names = [...]string{"note", "warning", "unsupported", "invalid"}

func (s Severity) String() string {
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("severity %d", uint8(s))
}

// Blocks reports whether content with such a finding must not be given to candidates.
func (s Severity) Blocks() bool { return s >= Unsupported }

// Place is where something stands.
type Place struct {
	Path    string // of the file inside its package, with slashes
	Line    int    // from 1; 0: the file as a whole
	Element string // as the file writes it, may be empty
}

func (p Place) String() string {
	var b strings.Builder
	b.WriteString(p.Path)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Element != "" {
		fmt.Fprintf(&b, " <%s>", p.Element)
	}
	return b.String()
}

// Finding is one thing met at one place.
type Finding struct {
	Severity Severity
	Place    Place
	Text     string // a sentence without a full stop, in English, for the one who prepares the content
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s", f.Place, f.Severity, f.Text)
}

// List collects findings. A file that is wrong in a million places must not fill the memory: after Max findings only their
// number is kept. The zero List takes 1000.
type List struct {
	Max int

	all     []Finding
	dropped [Invalid + 1]int
}

const usualMax = 1000

// Add puts a finding on the list. A blocking finding is kept even where the list is full of harmless ones.
func (l *List) Add(f Finding) {
	limit := l.Max
	if limit <= 0 {
		limit = usualMax
	}
	if len(l.all) < limit {
		l.all = append(l.all, f)
		return
	}
	if f.Severity.Blocks() {
		if i := slices.IndexFunc(l.all, func(o Finding) bool { return !o.Severity.Blocks() }); i >= 0 {
			l.dropped[l.all[i].Severity]++
			l.all[i] = f
			return
		}
	}
	l.dropped[min(f.Severity, Invalid)]++
}

// Addf puts a formatted finding on the list.
func (l *List) Addf(s Severity, p Place, format string, args ...any) {
	l.Add(Finding{Severity: s, Place: p, Text: fmt.Sprintf(format, args...)})
}

// All returns the findings by path and line; where some were too many, the last finding of each severity says how many.
func (l *List) All() []Finding {
	out := slices.Clone(l.all)
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Place.Path, b.Place.Path), cmp.Compare(a.Place.Line, b.Place.Line))
	})
	for s, n := range l.dropped {
		if n > 0 {
			out = append(out, Finding{Severity: Severity(s), Text: fmt.Sprintf("%d more of this severity are not listed", n)})
		}
	}
	return out
}

// Worst returns the highest severity among the findings, and Note for none.
func Worst(all []Finding) Severity {
	worst := Note
	for _, f := range all {
		worst = max(worst, f.Severity)
	}
	return worst
}

// Count returns how many findings have the severity.
func Count(all []Finding, s Severity) int {
	n := 0
	for _, f := range all {
		if f.Severity == s {
			n++
		}
	}
	return n
}
