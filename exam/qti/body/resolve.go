package body

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"emtihan/exam/qti/processing"
)

// Resolver decides what of a body is there, and puts values into it.
type Resolver struct {
	Value    func(id string) processing.Value
	Math     func(name string) (string, bool) // values that replace identifiers in formulas; nil: none
	Feedback bool                             // show what depends on outcomes; otherwise it is left out
	View     string                           // for whom: candidate, scorer, …; rubrics for others are left out. Empty: all stay
}

// Blocks returns a copy of the blocks with variables printed and conditions decided. What does not change is shared.
func (r *Resolver) Blocks(in []Block) []Block {
	var out []Block
	for _, b := range in {
		switch b := b.(type) {
		case *Paragraph:
			out = append(out, &Paragraph{Align: b.Align, Lang: b.Lang, Inlines: r.Line(b.Inlines)})
		case *Heading:
			out = append(out, &Heading{Level: b.Level, Inlines: r.Line(b.Inlines)})
		case *Preformatted:
			out = append(out, &Preformatted{Inlines: r.Line(b.Inlines)})
		case *List:
			l := *b
			l.Items = nil
			for _, it := range b.Items {
				l.Items = append(l.Items, ListItem{Term: r.Line(it.Term), Blocks: r.Blocks(it.Blocks)})
			}
			out = append(out, &l)
		case *Table:
			t := *b
			t.Caption, t.Rows = r.Line(b.Caption), nil
			for _, row := range b.Rows {
				var cells []Cell
				for _, c := range row {
					c.Blocks = r.Blocks(c.Blocks)
					cells = append(cells, c)
				}
				t.Rows = append(t.Rows, cells)
			}
			out = append(out, &t)
		case *Quote:
			out = append(out, &Quote{Blocks: r.Blocks(b.Blocks)})
		case *Group:
			g := *b
			g.Blocks = r.Blocks(b.Blocks)
			out = append(out, &g)
		case *Conditional:
			if r.shows(b.Condition) {
				out = append(out, r.Blocks(b.Blocks)...)
			}
		case *Rubric:
			if r.View != "" && !b.For(r.View) {
				continue
			}
			out = append(out, &Rubric{View: b.View, Use: b.Use, Blocks: r.Blocks(b.Blocks)})
		case *Interaction:
			out = append(out, r.Interaction(b))
		default:
			out = append(out, b)
		}
	}
	return out
}

func (r *Resolver) shows(c Condition) bool {
	if c.Feedback && !r.Feedback {
		return false
	}
	return c.Holds(r.Value(c.Variable))
}

func (r *Resolver) maybe(c *Condition) bool { return c == nil || r.shows(*c) }

// Line does for inlines what Blocks does for blocks.
func (r *Resolver) Line(in []Inline) []Inline {
	var out []Inline
	for _, i := range in {
		switch i := i.(type) {
		case *Variable:
			out = append(out, &Text{Text: i.print(r.Value(i.ID)), Style: i.Style})
		case *Math:
			if r.Math != nil && len(i.Names) > 0 {
				out = append(out, i.With(r.Math))
			} else {
				out = append(out, i)
			}
		case *When:
			if r.shows(i.Condition) {
				out = append(out, r.Line(i.Inlines)...)
			}
		case *Link:
			out = append(out, &Link{Target: i.Target, Inlines: r.Line(i.Inlines)})
		case *Ruby:
			out = append(out, &Ruby{Base: r.Line(i.Base), Reading: i.Reading})
		case *Hottext:
			if r.maybe(i.When) {
				out = append(out, &Hottext{ID: i.ID, Inlines: r.Line(i.Inlines)})
			}
		case *Gap:
			if r.maybe(i.When) {
				out = append(out, i)
			}
		case *Interaction:
			out = append(out, r.Interaction(i))
		default:
			out = append(out, i)
		}
	}
	return out
}

// Interaction does the same for an interaction.
func (r *Resolver) Interaction(in *Interaction) *Interaction {
	out := *in
	out.Prompt, out.Content = r.Blocks(in.Prompt), r.Blocks(in.Content)
	options := func(in []Option) []Option {
		var out []Option
		for _, o := range in {
			if r.maybe(o.When) {
				o.Blocks = r.Blocks(o.Blocks)
				out = append(out, o)
			}
		}
		return out
	}
	out.Choices, out.Targets = options(in.Choices), options(in.Targets)
	return &out
}

// print writes the part of the value that is asked for.
func (v *Variable) print(value processing.Value) string {
	indicator := v.Indicator
	if indicator == "" {
		indicator = "="
	}
	delimiter := v.Delimiter
	if delimiter == "" {
		delimiter = ", "
	}
	var parts []string
	switch {
	case value.Card == processing.Record && v.Field != "":
		return Print(value.Fields[v.Field], v.Format)
	case value.Card == processing.Record:
		for _, name := range slices.Sorted(maps.Keys(value.Fields)) {
			parts = append(parts, name+indicator+Print(value.Fields[name], v.Format))
		}
	case v.Index > 0:
		if v.Index > len(value.Items) {
			return ""
		}
		return Print(processing.One(value.Items[v.Index-1]), v.Format)
	default:
		for _, s := range value.Items {
			parts = append(parts, Print(processing.One(s), v.Format))
		}
	}
	return strings.Join(parts, delimiter)
}

// Print writes a value as printedVariable does: with a format like %.2f or %d, or as it is. NULL is nothing.
func Print(v processing.Value, format string) string {
	if v.IsNull() {
		return ""
	}
	if len(v.Items) == 1 {
		if x, ok := v.Items[0].Number(); ok {
			if s, ok := formatted(x, format); ok {
				return s
			}
			if v.Items[0].Base != processing.Integer {
				return strconv.FormatFloat(x, 'f', -1, 64)
			}
		}
	}
	return strings.Join(v.Strings(), ", ")
}

func formatted(x float64, format string) (string, bool) {
	spec, ok := strings.CutPrefix(strings.TrimSpace(format), "%")
	if !ok || spec == "" {
		return "", false
	}
	verb := spec[len(spec)-1]
	precision := 6
	before, p, dot := strings.Cut(spec[:len(spec)-1], ".")
	if dot {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || n > 30 {
			return "", false
		}
		precision = n
	}
	out, ok := digits(x, verb, precision)
	if !ok {
		return "", false
	}
	flags := strings.TrimRight(before, "0123456789")
	width, zero := strings.TrimPrefix(before, flags), false
	if strings.HasPrefix(width, "0") {
		zero = true
	}
	if strings.ContainsAny(flags, "+ ") && x >= 0 {
		out = strings.TrimLeft(flags, "-#")[:1] + out
	}
	// A width is only kept where it shows: with zeros before the number.
	if n, err := strconv.Atoi(width); err == nil && zero && n <= 30 && len(out) < n {
		sign := ""
		if out[0] == '-' || out[0] == '+' {
			sign, out = out[:1], out[1:]
		}
		out = sign + strings.Repeat("0", max(n-len(sign)-len(out), 0)) + out
	}
	return out, true
}

// digits writes a number by the letter of a format.
func digits(x float64, verb byte, precision int) (string, bool) {
	switch verb {
	case 'f', 'F', 'e', 'E', 'g', 'G':
		if verb == 'F' {
			verb = 'f'
		}
		return strconv.FormatFloat(x, verb, precision, 64), true
	case 'd', 'i':
		return strconv.FormatFloat(x, 'f', 0, 64), true
	case 'o', 'x', 'X', 'b':
		if math.Abs(x) >= 1<<53 {
			return "", false
		}
		out := strconv.FormatInt(int64(x), map[byte]int{'o': 8, 'x': 16, 'X': 16, 'b': 2}[verb])
		if verb == 'X' {
			out = strings.ToUpper(out)
		}
		return out, true
	case 'r', 's', 'R', 'S': // figures that count
		return strconv.FormatFloat(rounded(x, precision), 'f', -1, 64), true
	}
	return "", false
}

// rounded returns the number with so many figures that count.
func rounded(x float64, figures int) float64 {
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', max(figures-1, 0), 64), 64)
	if err != nil {
		return x
	}
	return y
}
