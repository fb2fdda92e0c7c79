package body

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"emtihan/exam/qti/xmltree"
)

func readMath(n *xmltree.Node, st inlineState) *Math {
	m := &Math{Display: n.Attr("display") == "block" || n.Attr("mode") == "display", Style: st.style, Lang: st.lang, node: n}
	var find func(n *xmltree.Node)
	find = func(n *xmltree.Node) {
		if n.Name == "annotation" && m.TeX == "" {
			if enc := strings.ToLower(attr(n, "encoding")); strings.Contains(enc, "tex") {
				m.TeX = strings.TrimSpace(n.Content())
			}
		}
		if n.Name == "mi" || n.Name == "ci" {
			m.Names = append(m.Names, strings.TrimSpace(n.Content()))
		}
		for _, c := range n.Children {
			find(c)
		}
	}
	find(n)
	m.Readable = readable(n, nil)
	n.Skip()
	return m
}

func attr(n *xmltree.Node, name string) string { return n.Attr(name) }

// With returns the formula with identifiers replaced by the values that the function knows.
func (m *Math) With(value func(name string) (string, bool)) *Math {
	if m.node == nil {
		return m
	}
	out := *m
	out.Readable = readable(m.node, value)
	return &out
}

func readable(n *xmltree.Node, value func(string) (string, bool)) string {
	w := mathWriter{value: value}
	return strings.TrimSpace(strings.Join(strings.Fields(w.children(n)), " "))
}

type mathWriter struct {
	value func(string) (string, bool)
}

var (
	superscripts = map[rune]rune{'0': '⁰', '1': '¹', '2': '²', '3': '³', '4': '⁴', '5': '⁵', '6': '⁶', '7': '⁷', '8': '⁸', '9': '⁹', '+': '⁺', '-': '⁻', '−': '⁻', '(': '⁽', ')': '⁾', 'n': 'ⁿ', 'i': 'ⁱ'}
	subscripts   = map[rune]rune{'0': '₀', '1': '₁', '2': '₂', '3': '₃', '4': '₄', '5': '₅', '6': '₆', '7': '₇', '8': '₈', '9': '₉', '+': '₊', '-': '₋', '−': '₋', '(': '₍', ')': '₎'}
)

func small(s string, table map[rune]rune) (string, bool) {
	var b strings.Builder
	for _, r := range s {
		c, ok := table[r]
		if !ok {
			return "", false
		}
		b.WriteRune(c)
	}
	return b.String(), s != ""
}

// group puts brackets around what is more than one sign or number.
func group(s string) string {
	if utf8.RuneCountInString(s) <= 1 || strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") && balanced(s[1:len(s)-1]) {
		return s
	}
	for _, r := range s {
		if !(r >= '0' && r <= '9' || r == '.' || r == ',') && !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return "(" + s + ")"
		}
	}
	return s
}

func balanced(s string) bool {
	depth := 0
	for _, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}

func (w mathWriter) children(n *xmltree.Node) string {
	var b strings.Builder
	word := false // a name like sin came last: what follows must not run into it
	for _, c := range n.Children {
		s := w.node(c)
		if first, _ := utf8.DecodeRuneInString(s); word && (unicode.IsLetter(first) || unicode.IsDigit(first)) {
			b.WriteByte(' ')
		}
		b.WriteString(s)
		if s != "" && !c.Blank() {
			word = c.Name == "mi" && utf8.RuneCountInString(s) > 1
		}
	}
	return b.String()
}

func (w mathWriter) args(n *xmltree.Node) []string {
	var out []string
	for _, c := range n.Children {
		if !c.IsText() {
			out = append(out, strings.TrimSpace(w.node(c)))
		}
	}
	return out
}

func above(base, up string) string {
	if s, ok := small(up, superscripts); ok {
		return group(base) + s
	}
	if up == "′" || up == "″" || up == "°" || up == "'" {
		return base + up
	}
	return group(base) + "^" + group(up)
}

func below(base, down string) string {
	if s, ok := small(down, subscripts); ok {
		return base + s
	}
	return base + "_" + group(down)
}

var fractions = map[string]string{"1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾"}

func (w mathWriter) node(n *xmltree.Node) string {
	if n.IsText() {
		return strings.Join(strings.Fields(n.Text), " ")
	}
	a := func(i int, all []string) string {
		if i < len(all) {
			return all[i]
		}
		return ""
	}
	switch n.Name {
	case "mi", "ci":
		name := strings.TrimSpace(n.Content())
		if w.value != nil {
			if v, ok := w.value(name); ok {
				return v
			}
		}
		return name
	case "mn", "cn":
		return strings.TrimSpace(n.Content())
	case "mo":
		return operatorText(strings.TrimSpace(n.Content()))
	case "mtext", "ms":
		return collapse(n.Content())
	case "mspace":
		return " "
	case "mfrac":
		all := w.args(n)
		if f, ok := fractions[a(0, all)+"/"+a(1, all)]; ok {
			return f
		}
		return group(a(0, all)) + "/" + group(a(1, all))
	case "msqrt":
		return "√" + group(strings.TrimSpace(w.children(n)))
	case "mroot":
		all := w.args(n)
		if s, ok := small(a(1, all), superscripts); ok {
			return s + "√" + group(a(0, all))
		}
		return "root_" + group(a(1, all)) + group(a(0, all))
	case "msup", "mover":
		all := w.args(n)
		if n.Name == "mover" {
			switch a(1, all) {
			case "¯", "‾", "_", "→", "⃗", "^", "ˆ", "~", "˜", "˙", "¨":
				return a(0, all) + map[string]string{"¯": "\u0304", "‾": "\u0304", "_": "\u0304", "→": "\u20d7", "⃗": "\u20d7", "^": "\u0302", "ˆ": "\u0302", "~": "\u0303", "˜": "\u0303", "˙": "\u0307", "¨": "\u0308"}[a(1, all)]
			}
		}
		return above(a(0, all), a(1, all))
	case "msub", "munder":
		all := w.args(n)
		return below(a(0, all), a(1, all))
	case "msubsup", "munderover":
		all := w.args(n)
		return above(below(a(0, all), a(1, all)), a(2, all))
	case "mmultiscripts":
		all := w.args(n)
		return strings.Join(all, " ")
	case "mfenced":
		open, closing, sep := "(", ")", ","
		for _, x := range n.Attrs {
			switch x.Name {
			case "open":
				open = x.Value
			case "close":
				closing = x.Value
			case "separators":
				sep = strings.TrimSpace(x.Value)
			}
		}
		if sep != "" {
			r, _ := utf8.DecodeRuneInString(sep)
			sep = string(r) + " "
		}
		return open + strings.Join(w.args(n), sep) + closing
	case "mtable":
		return "[" + strings.Join(w.args(n), "; ") + "]"
	case "mtr", "mlabeledtr":
		return strings.Join(w.args(n), ", ")
	case "annotation", "annotation-xml", "mphantom", "maligngroup", "malignmark", "none", "mprescripts":
		return ""
	case "apply":
		return w.apply(n)
	}
	return w.children(n)
}

// operatorText sets operators as people write them; the invisible ones of MathML are not written.
func operatorText(op string) string {
	switch op {
	case "\u2061", "\u2062", "\u2063", "\u2064":
		return ""
	case "=", "+", "-", "−", "±", "<", ">", "≤", "≥", "≠", "≈", "→", "⇒", "⇔", "∈", "∪", "∩", "×", "÷", "·", "⋅":
		if op == "-" {
			op = "−"
		}
		return " " + op + " "
	case ",", ";":
		return op + " "
	}
	return op
}

var applied = map[string]string{"plus": " + ", "minus": " − ", "times": " · ", "divide": "/", "eq": " = ", "lt": " < ", "gt": " > ", "leq": " ≤ ", "geq": " ≥ ", "neq": " ≠ "}

// apply writes content markup.
func (w mathWriter) apply(n *xmltree.Node) string {
	var op string
	var args []string
	for _, c := range n.Children {
		if c.IsText() {
			continue
		}
		if op == "" {
			op = c.Name
			continue
		}
		s := strings.TrimSpace(w.node(c))
		if c.Name == "apply" {
			s = group(s)
		}
		args = append(args, s)
	}
	if op == "power" && len(args) == 2 {
		return above(args[0], args[1])
	}
	if op == "root" && len(args) > 0 {
		return "√" + group(args[len(args)-1])
	}
	if op == "minus" && len(args) == 1 {
		return "−" + args[0]
	}
	if join, ok := applied[op]; ok {
		return strings.Join(args, join)
	}
	return op + "(" + strings.Join(args, ", ") + ")"
}
