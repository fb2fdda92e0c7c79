// Package content is what stands on a paper besides questions' keys: paragraphs, headings, lists, tables, pictures and
// sounds, as a typed tree that a screen can draw, read from plain text with a few marks.
//
// Blocks are parted by empty lines. A block of lines that begin with "| " is a table (a second line "|---|" makes the first
// one its head), with "- " or "1. " a list, with "## " a heading; ![description](id) alone on a line shows a medium of the
// paper. Everything else is a paragraph, in which a line end is a line end. Inside a line **bold**, *slanted*, x^{2} and
// H_{2}O set the style, and a backslash takes a mark's meaning away. What is no complete mark stands for itself, so that
// "3 * 4" and "____" need no care.
package content

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Style is how a span is set; the styles combine.
type Style uint8

// The styles.
const (
	Bold Style = 1 << iota
	Slanted
	Raised
	Lowered
)

// Span is text of one style. It may hold line ends.
type Span struct {
	Text  string
	Style Style
}

// Line is text in its styles. Neighbours differ in style, and none is empty.
type Line []Span

// Block is something that stands on lines of its own: *Paragraph, *Heading, *List, *Table or *Figure.
type Block interface{ block() }

// The blocks.
type (
	// Paragraph is running text.
	Paragraph struct{ Line Line }
	// Heading is a title inside a text.
	Heading struct{ Line Line }
	// List has items of one line each.
	List struct {
		Numbered bool
		Items    []Line
	}
	// Table has rows of equally many cells.
	Table struct {
		Head bool // the first row names the columns
		Rows [][]Line
	}
	// Figure is a picture or a sound of the paper.
	Figure struct {
		Medium      string // its id
		Description string // what a person who cannot see or hear it is told; never empty
	}
)

func (*Paragraph) block() {}
func (*Heading) block()   {}
func (*List) block()      {}
func (*Table) block()     {}
func (*Figure) block()    {}

// Limits of one text. They are far above any paper, and keep a screen from drawing without an end.
const (
	MaxBytes   = 1 << 20
	MaxColumns = 20
	MaxRows    = 200
)

var (
	figure   = regexp.MustCompile(`^!\[([^\]\n]*)\]\(([^)\n]*)\)$`)
	mediumID = regexp.MustCompile(`^[A-Za-z0-9-]{1,16}$`)
	numbered = regexp.MustCompile(`^\d{1,3}\. `)
	ruling   = regexp.MustCompile(`^\|(\s*:?-+:?\s*\|)+$`)
)

// Parse reads a text. Errors name the line, counted from 1: rows of different lengths, a medium without an id or a
// description, control characters, or more than the limits.
func Parse(text string) ([]Block, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("the text has %d bytes, more than %d", len(text), MaxBytes)
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	lines := strings.Split(text, "\n")
	var out []Block
	for i := 0; i < len(lines); {
		if strings.TrimSpace(lines[i]) == "" {
			i++
			continue
		}
		start := i
		for i < len(lines) && strings.TrimSpace(lines[i]) != "" {
			if at := strings.IndexFunc(lines[i], func(r rune) bool { return unicode.IsControl(r) && r != '\t' || r == utf8.RuneError }); at >= 0 {
				return nil, fmt.Errorf("line %d has a character that cannot be shown", i+1)
			}
			lines[i] = strings.TrimSpace(lines[i])
			i++
		}
		blocks, err := group(lines[start:i], start+1)
		if err != nil {
			return nil, err
		}
		out = append(out, blocks...)
	}
	return out, nil
}

// group reads neighbouring lines, the first of which is the given one of the text.
func group(lines []string, first int) (out []Block, err error) {
	var text []string
	flush := func() {
		if len(text) > 0 {
			out = append(out, &Paragraph{Line: spans(strings.Join(text, "\n"))})
			text = nil
		}
	}
	for i := 0; i < len(lines); {
		line := lines[i]
		run := func(is func(string) bool) []string {
			j := i
			for j < len(lines) && is(lines[j]) {
				j++
			}
			return lines[i:j]
		}
		switch {
		case strings.HasPrefix(line, "## "):
			flush()
			out = append(out, &Heading{Line: spans(strings.TrimSpace(line[3:]))})
			i++
		case figure.MatchString(line):
			flush()
			m := figure.FindStringSubmatch(line)
			f := &Figure{Medium: m[2], Description: strings.TrimSpace(m[1])}
			if !mediumID.MatchString(f.Medium) {
				return nil, fmt.Errorf("line %d shows a medium with the id %q, which is not [A-Za-z0-9-]{1,16}", first+i, f.Medium)
			}
			if f.Description == "" {
				return nil, fmt.Errorf("line %d shows %q without a description", first+i, f.Medium)
			}
			out = append(out, f)
			i++
		case isRow(line):
			flush()
			rows := run(isRow)
			t, err := table(rows, first+i)
			if err != nil {
				return nil, err
			}
			out = append(out, t)
			i += len(rows)
		case isBullet(line), numbered.MatchString(line):
			flush()
			l := &List{Numbered: numbered.MatchString(line)}
			is, mark := isBullet, 2
			if l.Numbered {
				is = numbered.MatchString
			}
			items := run(is)
			for _, item := range items {
				if l.Numbered {
					mark = len(numbered.FindString(item))
				}
				l.Items = append(l.Items, spans(strings.TrimSpace(item[mark:])))
			}
			out = append(out, l)
			i += len(items)
		default:
			text = append(text, line)
			i++
		}
	}
	flush()
	return out, nil
}

func isRow(s string) bool    { return len(s) > 1 && s[0] == '|' && s[len(s)-1] == '|' }
func isBullet(s string) bool { return strings.HasPrefix(s, "- ") }

func table(lines []string, first int) (*Table, error) {
	t := new(Table)
	for i, line := range lines {
		if i == 1 && ruling.MatchString(line) {
			t.Head = true
			continue
		}
		var row []Line
		for _, cell := range cells(line) {
			row = append(row, spans(strings.TrimSpace(cell)))
		}
		if len(t.Rows) > 0 && len(row) != len(t.Rows[0]) {
			return nil, fmt.Errorf("line %d of a table has %d cells, the line before %d", first+i, len(row), len(t.Rows[0]))
		}
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) > MaxRows || len(t.Rows[0]) > MaxColumns {
		return nil, fmt.Errorf("line %d begins a table of %d rows and %d columns, more than %d or %d", first, len(t.Rows), len(t.Rows[0]), MaxRows, MaxColumns)
	}
	return t, nil
}

// cells parts a row at its bars; a bar behind a backslash is text.
func cells(row string) (out []string) {
	row = row[1:]
	var cell strings.Builder
	for i := 0; i < len(row); i++ {
		switch {
		case row[i] == '\\' && i+1 < len(row):
			cell.WriteString(row[i : i+2])
			i++
		case row[i] == '|':
			out = append(out, cell.String())
			cell.Reset()
		default:
			cell.WriteByte(row[i])
		}
	}
	return out
}

// spans reads the marks inside a line.
func spans(s string) Line {
	var out Line
	add(&out, s, 0)
	return out
}

func add(out *Line, s string, style Style) {
	var plain strings.Builder
	flush := func() {
		if plain.Len() == 0 {
			return
		}
		if n := len(*out); n > 0 && (*out)[n-1].Style == style {
			(*out)[n-1].Text += plain.String()
		} else {
			*out = append(*out, Span{Text: plain.String(), Style: style})
		}
		plain.Reset()
	}
	for i := 0; i < len(s); {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`\*^_|!#-`, s[i+1]) >= 0 {
			plain.WriteByte(s[i+1])
			i += 2
			continue
		}
		if inner, with, length, ok := mark(s[i:]); ok && style&with == 0 {
			flush()
			add(out, inner, style|with)
			i += length
			continue
		}
		plain.WriteByte(s[i])
		i++
	}
	flush()
}

// mark returns what a complete mark at the beginning of s encloses, its style, and its length.
func mark(s string) (inner string, style Style, length int, ok bool) {
	enclosed := func(open, end string, style Style, tight bool) (string, Style, int, bool) {
		rest := s[len(open):]
		for from := 0; ; {
			n := strings.Index(rest[from:], end)
			if n < 0 {
				return "", 0, 0, false
			}
			n += from
			if n > 0 && rest[n-1] == '\\' {
				from = n + 1
				continue
			}
			in := rest[:n]
			if in == "" || tight && (in != strings.TrimSpace(in) || strings.ContainsRune(",.;:!?)*", rune(in[0]))) {
				return "", 0, 0, false
			}
			return in, style, len(open) + n + len(end), true
		}
	}
	switch {
	case strings.HasPrefix(s, "**"):
		return enclosed("**", "**", Bold, true)
	case strings.HasPrefix(s, "*"):
		return enclosed("*", "*", Slanted, true)
	case strings.HasPrefix(s, "^{"):
		return enclosed("^{", "}", Raised, false)
	case strings.HasPrefix(s, "_{"):
		return enclosed("_{", "}", Lowered, false)
	}
	return "", 0, 0, false
}

// String returns the text without its styles.
func (l Line) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.Text)
	}
	return b.String()
}

// Lines returns the text of a block, line by line: a list's items, a table's cells row by row, a figure's description.
// Highlights count in the runes of these lines, joined as Plain joins them.
func Lines(b Block) (out []string) {
	switch b := b.(type) {
	case *Paragraph:
		return []string{b.Line.String()}
	case *Heading:
		return []string{b.Line.String()}
	case *List:
		for _, l := range b.Items {
			out = append(out, l.String())
		}
	case *Table:
		for _, row := range b.Rows {
			for _, cell := range row {
				out = append(out, cell.String())
			}
		}
	case *Figure:
		return []string{b.Description}
	}
	return out
}

// Plain returns the text of blocks: every line of Lines, each ended by a line end. It is what positions in a text refer to,
// as those of highlights do, so it must never change for a paper that has been used.
func Plain(blocks []Block) string {
	var b strings.Builder
	for _, block := range blocks {
		for _, l := range Lines(block) {
			b.WriteString(l)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Media returns the ids of the figures, in their order.
func Media(blocks []Block) (out []string) {
	for _, b := range blocks {
		if f, ok := b.(*Figure); ok {
			out = append(out, f.Medium)
		}
	}
	return out
}
