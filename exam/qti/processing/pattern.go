package processing

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"emtihan/exam/qti/finding"
)

// Pattern is a regular expression of XML Schema, which always means the whole text. Matching takes time linear in the text.
type Pattern struct{ re *regexp.Regexp }

// ParsePattern reads an expression of at most 2000 bytes. Subtraction of classes and blocks of Unicode are not read.
func ParsePattern(source string) (Pattern, error) { return compilePattern(source) }

// Match reports whether the whole text fits.
func (p Pattern) Match(text string) bool { return p.re != nil && p.re.MatchString(text) }

const maxPattern = 2000

// schemaClasses are the escapes of XML Schema that Go's expressions do not have.
var schemaClasses = strings.NewReplacer(
	`\i`, `[_:\p{L}]`, `\I`, `[^_:\p{L}]`,
	`\c`, `[-._:\p{L}\p{N}]`, `\C`, `[^-._:\p{L}\p{N}]`,
	`\d`, `\p{Nd}`, `\D`, `\P{Nd}`,
	`\w`, `[\p{L}\p{M}\p{N}\p{S}]`, `\W`, `[\p{P}\p{Z}\p{C}]`,
	`\\`, `\\`, // so that an escaped backslash does not begin a class
)

func compilePattern(source string) (Pattern, error) {
	if len(source) > maxPattern {
		return Pattern{}, fmt.Errorf("a pattern of %d bytes is longer than %d", len(source), maxPattern)
	}
	translated := source
	if !insideClass(source) {
		translated = schemaClasses.Replace(source)
	}
	re, err := regexp.Compile(`^(?:` + translated + `)$`)
	if err != nil {
		var syntax interface{ Error() string } = err
		return Pattern{}, errors.New("the pattern is not one that is read here: " + strings.TrimPrefix(syntax.Error(), "error parsing regexp: "))
	}
	return Pattern{re: re}, nil
}

// insideClass reports whether one of the escapes stands in square brackets, where it cannot be replaced by a class of its own.
func insideClass(source string) bool {
	depth := 0
	for i := 0; i < len(source); i++ {
		switch source[i] {
		case '\\':
			i++
			if depth > 0 && i < len(source) && strings.IndexByte("iIcCwWD", source[i]) >= 0 {
				return true
			}
			if depth > 0 && i < len(source) && source[i] == 'd' {
				return true
			}
		case '[':
			depth++
		case ']':
			depth = max(0, depth-1)
		}
	}
	return false
}

func checkPattern(e *expr) (finding.Severity, error) {
	p, err := compilePattern(e.text["pattern"])
	e.pattern = p
	return finding.Unsupported, err
}

func evalPattern(r *run, e *expr) Value {
	v := r.eval(e.args[0])
	if len(v.Items) != 1 {
		return Null
	}
	text := v.Items[0].String()
	if !r.step(len(text) / 64) {
		return Null
	}
	return Bool(e.pattern.Match(text))
}
