package body

import "strings"

// Walk calls visit for every block and inline in reading order, prompts, choices and the content of interactions included. What
// visit gets is a [Block] or an [Inline].
func Walk(blocks []Block, visit func(any)) {
	for _, b := range blocks {
		walkBlock(b, visit)
	}
}

func walkBlock(b Block, visit func(any)) {
	visit(b)
	switch b := b.(type) {
	case *Paragraph:
		walkLine(b.Inlines, visit)
	case *Heading:
		walkLine(b.Inlines, visit)
	case *Preformatted:
		walkLine(b.Inlines, visit)
	case *List:
		for _, it := range b.Items {
			walkLine(it.Term, visit)
			Walk(it.Blocks, visit)
		}
	case *Table:
		walkLine(b.Caption, visit)
		for _, row := range b.Rows {
			for _, c := range row {
				Walk(c.Blocks, visit)
			}
		}
	case *Quote:
		Walk(b.Blocks, visit)
	case *Group:
		Walk(b.Blocks, visit)
	case *Conditional:
		Walk(b.Blocks, visit)
	case *Rubric:
		Walk(b.Blocks, visit)
	case *Interaction:
		walkInteraction(b, visit)
	}
}

func walkLine(line []Inline, visit func(any)) {
	for _, i := range line {
		visit(i)
		switch i := i.(type) {
		case *Ruby:
			walkLine(i.Base, visit)
		case *Link:
			walkLine(i.Inlines, visit)
		case *Hottext:
			walkLine(i.Inlines, visit)
		case *When:
			walkLine(i.Inlines, visit)
		case *Interaction:
			walkInteraction(i, visit)
		}
	}
}

func walkInteraction(in *Interaction, visit func(any)) {
	Walk(in.Prompt, visit)
	Walk(in.Content, visit)
	for _, im := range [...]*Image{in.Stage, in.Object} {
		if im != nil {
			visit(im)
		}
	}
	if in.Media != nil {
		visit(in.Media)
	}
	for _, set := range [...][]Option{in.Choices, in.Targets} {
		for _, o := range set {
			if in.Kind != HottextChoice {
				Walk(o.Blocks, visit)
			}
			if o.Image != nil {
				visit(o.Image)
			}
		}
	}
}

// Plain returns the text of blocks, one line for each, as for a search or a list of items.
func Plain(blocks []Block) string {
	var lines []string
	for _, b := range blocks {
		if s := strings.TrimSpace(InlineText(Inlines([]Block{b}))); s != "" {
			lines = append(lines, s)
		}
	}
	return strings.Join(lines, "\n")
}

// Inlines returns the inlines of blocks in one line, with breaks between what stood on lines of its own.
func Inlines(blocks []Block) []Inline {
	var out []Inline
	add := func(line []Inline) {
		if len(line) == 0 {
			return
		}
		if len(out) > 0 {
			out = append(out, &Break{})
		}
		out = append(out, line...)
	}
	for _, b := range blocks {
		switch b := b.(type) {
		case *Paragraph:
			add(b.Inlines)
		case *Heading:
			add(b.Inlines)
		case *Preformatted:
			add(b.Inlines)
		case *List:
			for _, it := range b.Items {
				add(it.Term)
				add(Inlines(it.Blocks))
			}
		case *Table:
			add(b.Caption)
			for _, row := range b.Rows {
				for _, c := range row {
					add(Inlines(c.Blocks))
				}
			}
		case *Quote:
			add(Inlines(b.Blocks))
		case *Group:
			add(Inlines(b.Blocks))
		case *Conditional:
			add(Inlines(b.Blocks))
		case *Rubric:
			add(Inlines(b.Blocks))
		case *Interaction:
			add([]Inline{b})
		}
	}
	return out
}

// InlineText returns the text of inlines. Pictures give their description, gaps and interactions three dots, breaks a line end.
func InlineText(line []Inline) string {
	var b strings.Builder
	for _, i := range line {
		switch i := i.(type) {
		case *Text:
			b.WriteString(i.Text)
		case *Break:
			b.WriteByte('\n')
		case *Image:
			if i.Alt != "" {
				b.WriteString("[" + i.Alt + "]")
			}
		case *Math:
			b.WriteString(i.Readable)
		case *Ruby:
			b.WriteString(InlineText(i.Base))
			if i.Reading != "" {
				b.WriteString(" (" + i.Reading + ")")
			}
		case *Link:
			b.WriteString(InlineText(i.Inlines))
		case *Hottext:
			b.WriteString(InlineText(i.Inlines))
		case *When:
			b.WriteString(InlineText(i.Inlines))
		case *Variable:
			b.WriteString("{" + i.ID + "}")
		case *Gap, *Interaction:
			b.WriteString("…")
		}
	}
	return b.String()
}
