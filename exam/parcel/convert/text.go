package convert

import (
	"bytes"
	"fmt"
	"image/gif"
	"image/png"
	"path"
	"strings"
	"unicode"

	"emtihan/exam"
	"emtihan/exam/content"
	"emtihan/exam/parcel"
	"emtihan/exam/qti/body"
)

// writer writes the blocks of an item as a text with the marks of package content.
type writer struct {
	c       *converter
	refuse  func(format string, args ...any)
	change  func(format string, args ...any)
	said    map[string]bool
	gaps    map[string]string // GapMatch: what stands for a gap
	numbers map[string]string // of the places of an item that has several, by response
	hots    map[string]string // HottextChoice: what stands before a piece
	skip    map[*body.Interaction]bool
	all     bool     // show everything, as a picture for people who look at items
	parts   []string // finished blocks
}

// once says a change once for an item.
func (w *writer) once(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if !w.said[s] {
		w.said[s] = true
		w.change("%s", s)
	}
}

// blocks returns a text with the blocks.
func (w *writer) blocks(in []body.Block) string {
	outer := w.parts
	w.parts = nil
	for _, b := range in {
		w.block(b)
	}
	text := strings.Join(w.parts, "\n\n")
	w.parts = outer
	return text
}

func (w *writer) put(s string) {
	if strings.TrimSpace(s) != "" {
		w.parts = append(w.parts, s)
	}
}

func (w *writer) block(b body.Block) {
	switch b := b.(type) {
	case *body.Paragraph:
		w.line(b.Inlines, "")
	case *body.Heading:
		w.line(b.Inlines, "## ")
	case *body.Preformatted:
		w.preformatted(b)
	case *body.List:
		w.list(b, "")
	case *body.Table:
		w.table(b)
	case *body.Quote:
		for _, inner := range b.Blocks {
			w.block(inner)
		}
	case *body.Group:
		for _, inner := range b.Blocks {
			w.block(inner)
		}
	case *body.Rule:
		w.once("a line between paragraphs is not drawn")
	case *body.Rubric:
		if b.For("candidate") {
			for _, inner := range b.Blocks {
				w.block(inner)
			}
		}
	case *body.Media:
		w.media(b, 0)
	case *body.Interaction:
		w.interaction(b)
	case *body.Conditional:
		w.refuse("a part of it is shown under a condition")
	}
}

// interaction writes what stands around the choices.
func (w *writer) interaction(in *body.Interaction) {
	if in.Kind == body.MediaPlay {
		for _, b := range in.Prompt {
			w.block(b)
		}
		if in.Media != nil {
			w.media(in.Media, in.Max)
		}
		if in.Min > 0 {
			w.once("nobody is made to hear a sound %d times", in.Min)
		}
		return
	}
	if number := w.numbers[in.Response]; number != "" {
		w.put(number) // its prompt stands in its task
		return
	}
	for _, b := range in.Prompt {
		w.block(b)
	}
	for _, b := range in.Content {
		w.block(b)
	}
	if w.all {
		w.choices(in)
	}
}

// line writes a paragraph or heading. Pictures in it become figures on lines of their own.
func (w *writer) line(in []body.Inline, mark string) {
	var text strings.Builder
	flush := func() {
		if s := lines(text.String()); s != "" {
			if mark != "" {
				s = strings.ReplaceAll(s, "\n", " ")
			}
			w.put(mark + s)
		}
		text.Reset()
	}
	for i, x := range in {
		im, ok := x.(*body.Image)
		if !ok {
			text.WriteString(w.inline(x))
			continue
		}
		if strings.TrimSpace(text.String()) != "" || i+1 < len(in) && strings.TrimSpace(body.InlineText(in[i+1:])) != "" {
			w.once("a picture in a line of text stands on a line of its own")
		}
		flush()
		w.put(w.image(im))
	}
	flush()
}

// flat writes inlines for a place that takes one line and no picture.
func (w *writer) flat(in []body.Inline, where string) string {
	var text strings.Builder
	for _, x := range in {
		switch x := x.(type) {
		case *body.Image:
			if w.all {
				w.put(w.image(x))
				text.WriteString(escape(" [" + x.Alt + "] "))
				continue
			}
			w.refuse("a picture stands in %s", where)
		case *body.Break:
			text.WriteByte(' ')
		default:
			text.WriteString(w.inline(x))
		}
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

func (w *writer) inline(x body.Inline) string {
	switch x := x.(type) {
	case *body.Text:
		return w.styled(x.Text, x.Style)
	case *body.Break:
		return "\n"
	case *body.Math:
		w.once("formulas stand as a line of text")
		return w.styled(x.Readable, x.Style)
	case *body.Ruby:
		base := ""
		for _, b := range x.Base {
			base += w.inline(b)
		}
		if x.Reading != "" {
			w.once("readings above words stand in brackets behind them")
			base += escape(" (" + x.Reading + ")")
		}
		return base
	case *body.Link:
		text := ""
		for _, b := range x.Inlines {
			text += w.inline(b)
		}
		return text
	case *body.Hottext:
		text := w.hots[x.ID]
		for _, b := range x.Inlines {
			text += w.inline(b)
		}
		return text
	case *body.Gap:
		if w.all {
			return " ____ "
		}
		return w.gaps[x.ID]
	case *body.Interaction:
		if w.skip[x] {
			return ""
		}
		if w.all {
			return w.inPlace(x)
		}
		if number := w.numbers[x.Response]; number != "" {
			return " " + number + " ____ "
		}
		return " ____ "
	case *body.Variable:
		w.refuse("a value is put in for each candidate")
	case *body.When:
		w.refuse("a part of a line is shown under a condition")
	}
	return ""
}

// styled writes text with the marks of its style. Marks must stand at the text itself, so the space around it stays outside.
func (w *writer) styled(s string, style body.Style) string {
	if style&body.Quoted != 0 {
		s = "“" + s + "”"
	}
	bare := strings.TrimSpace(s)
	if bare == "" {
		return s
	}
	at := strings.Index(s, bare)
	before, after := s[:at], s[at+len(bare):]
	out := escape(bare)
	if style&body.Underline != 0 {
		w.once("underlined text is bold")
		style |= body.Bold
	}
	for _, lost := range [...]struct {
		style body.Style
		name  string
	}{{body.Strike, "struck out"}, {body.Code, "in the letters of a program"}, {body.Small, "small"}, {body.Big, "large"}} {
		if style&lost.style != 0 {
			w.once("text that was %s is as the rest", lost.name)
		}
	}
	lost := func(mark body.Style, why string) {
		if style&mark != 0 {
			w.once("%s", why)
			style &^= mark
		}
	}
	if strings.HasSuffix(out, `\`) || strings.Contains(out, "}") {
		lost(body.Superscript|body.Subscript, "raised or lowered text with a brace or a backslash is as the rest")
	}
	if strings.HasSuffix(out, `\`) || strings.ContainsRune(",.;:!?)*", []rune(bare)[0]) {
		lost(body.Bold|body.Italic, "bold or slanted text that begins with a sign is as the rest")
	}
	if style&body.Bold != 0 {
		lost(body.Italic, "text that was bold and slanted is bold")
	}
	switch {
	case style&body.Superscript != 0:
		out = "^{" + out + "}"
	case style&body.Subscript != 0:
		out = "_{" + out + "}"
	}
	switch {
	case style&body.Bold != 0:
		out = "**" + out + "**"
	case style&body.Italic != 0:
		out = "*" + out + "*"
	}
	return before + out + after
}

// escape takes their meaning from the signs that are marks inside a line, and leaves out what cannot be shown.
func escape(s string) string {
	var b strings.Builder
	all := []rune(s)
	for i, r := range all {
		next := '{' // whatever comes behind the text may begin with one
		if r == '!' {
			next = '['
		}
		if i+1 < len(all) {
			next = all[i+1]
		}
		switch {
		case r == '\\' || r == '*' || r == '|' || (r == '^' || r == '_') && next == '{' || r == '!' && next == '[':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\t':
			b.WriteByte(' ')
		case r == '\n' || !unicode.IsControl(r) && r != unicode.ReplacementChar:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// lines takes their meaning from what only at the beginning of a line is a mark, and leaves out empty lines.
func lines(s string) string {
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if strings.HasPrefix(line, "## ") || strings.HasPrefix(line, "- ") {
			line = `\` + line
		}
		digits := len(line) - len(strings.TrimLeft(line, "0123456789"))
		if digits > 0 && strings.HasPrefix(line[digits:], ". ") {
			line = line[:digits] + ".\u00a0" + line[digits+2:]
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func (w *writer) preformatted(b *body.Preformatted) {
	var text strings.Builder
	for _, x := range b.Inlines {
		switch x := x.(type) {
		case *body.Image:
			w.refuse("a picture stands in preformatted text")
		case *body.Text:
			text.WriteString(w.styled(strings.ReplaceAll(strings.ReplaceAll(x.Text, "\t", "    "), " ", "\u00a0"), x.Style&^body.Code))
		default:
			text.WriteString(w.inline(x))
		}
	}
	w.once("preformatted text is not in letters of one width")
	w.put(lines(text.String()))
}

func (w *writer) list(l *body.List, indent string) {
	numbered := l.Ordered && l.Start == 1 && (l.Type == "" || l.Type == "1") && indent == ""
	if l.Ordered && !numbered && indent == "" {
		w.once("a list that is not numbered from 1 has its numbers as text")
	}
	var out []string
	for i, it := range l.Items {
		lead := "- "
		switch {
		case indent != "":
			lead = indent
		case numbered:
			lead = fmt.Sprintf("%d. ", i+1)
		case l.Ordered:
			lead = fmt.Sprintf("%d.\u00a0", l.Start+i)
		}
		text := w.flat(it.Term, "a list")
		for _, b := range it.Blocks {
			switch b := b.(type) {
			case *body.Paragraph:
				if text != "" {
					text += " — "
				}
				text += w.flat(b.Inlines, "a list")
			case *body.List:
				w.once("a list in a list is written into one line")
				var inner []string
				for _, sub := range b.Items {
					inner = append(inner, w.flat(body.Inlines(sub.Blocks), "a list"))
				}
				text += " (" + strings.Join(inner, "; ") + ")"
			default:
				if w.all {
					text += " " + w.flat(body.Inlines([]body.Block{b}), "a list")
					continue
				}
				w.refuse("a list has more than text in it")
			}
		}
		if text != "" {
			out = append(out, lead+text)
		}
	}
	w.put(strings.Join(out, "\n"))
}

func (w *writer) table(t *body.Table) {
	if len(t.Caption) > 0 {
		w.line(t.Caption, "")
	}
	var out []string
	columns := 0
	for _, row := range t.Rows {
		columns = max(columns, len(row))
	}
	if columns == 0 {
		return
	}
	if columns > content.MaxColumns || len(t.Rows) > content.MaxRows {
		if w.all {
			w.put(lines(w.flat(body.Inlines([]body.Block{t}), "a table")))
			return
		}
		w.refuse("a table has %d rows and %d columns, more than %d or %d", len(t.Rows), columns, content.MaxRows, content.MaxColumns)
		return
	}
	if t.Head > 1 {
		w.once("only the first row of a table's head is set as one")
	}
	head := t.Head > 0
	if !head && len(t.Rows) > 1 {
		head = true
		for _, c := range t.Rows[0] {
			head = head && c.Header
		}
	}
	for i, row := range t.Rows {
		var cells []string
		for _, c := range row {
			if (c.Columns > 1 || c.Rows > 1) && !w.all {
				w.refuse("a cell of a table reaches over several")
			}
			text := ""
			for _, b := range c.Blocks {
				p, ok := b.(*body.Paragraph)
				if !ok {
					if w.all {
						text += " " + w.flat(body.Inlines([]body.Block{b}), "a table")
						continue
					}
					w.refuse("a cell of a table has more than text in it")
					continue
				}
				if text != "" {
					text += " "
				}
				text += w.flat(p.Inlines, "a table")
			}
			cells = append(cells, text)
		}
		for len(cells) < columns {
			cells = append(cells, "")
		}
		out = append(out, "| "+strings.Join(cells, " | ")+" |")
		if i == 0 && head {
			out = append(out, "|"+strings.Repeat("---|", columns))
		}
	}
	if len(out) > 1 && !head && strings.Trim(out[1], "|- :") == "" {
		w.refuse("the second row of a table reads like a line under its head")
	}
	w.put(strings.Join(out, "\n"))
}

// image returns the line of a figure.
func (w *writer) image(im *body.Image) string {
	var data []byte
	name := im.Source
	var err error
	switch {
	case im.SVG != nil:
		data, name = im.SVG, fmt.Sprintf("drawn in place: %x", im.SVG)
	case im.Source != "":
		data, err = w.c.p.File(im.Source)
	default:
		w.refuse("a picture has no file")
		return w.lost(im)
	}
	if err != nil {
		w.refuse("the picture %s cannot be read: %v", shorten(im.Source), err)
		return w.lost(im)
	}
	ending := strings.ToLower(path.Ext(im.Source))
	if im.SVG != nil {
		ending = ".svg"
	}
	if bytes.HasPrefix(data, []byte("GIF8")) {
		all, err := gif.DecodeAll(bytes.NewReader(data))
		if err != nil || len(all.Image) != 1 {
			w.refuse("the picture %s moves, or cannot be read", shorten(im.Source))
			return w.lost(im)
		}
		var out bytes.Buffer
		if err := png.Encode(&out, all.Image[0]); err != nil {
			w.refuse("the picture %s cannot be written: %v", shorten(im.Source), err)
			return w.lost(im)
		}
		data, ending = out.Bytes(), ".png"
		w.once("the picture %s is a PNG file now", shorten(im.Source))
	}
	if err := parcel.Recognise(exam.Picture, data); err != nil {
		w.refuse("the picture %s: %v", shorten(im.Source), err)
		return w.lost(im)
	}
	if ending == ".jpeg" {
		ending = ".jpg"
	}
	return w.figure(w.c.add(name, data, exam.Picture, ending, 0), or(im.Alt, im.Long), map[string]string{"kk": "Сурет", "ru": "Рисунок"}[w.c.opt.Lang], "Picture")
}

// lost returns what stands for a picture that cannot be shown where everything is.
func (w *writer) lost(im *body.Image) string {
	if !w.all {
		return ""
	}
	return escape("[" + or(im.Alt, or(im.Source, "…")) + "]")
}

// figure returns the line that shows a medium, with a description of its own where the author gave none.
func (w *writer) figure(id, alt, word, english string) string {
	alt = strings.Join(strings.Fields(strings.NewReplacer("[", "(", "]", ")").Replace(alt)), " ")
	if alt == "" {
		alt = or(word, english) + " " + id
		w.change("%s has no description for those who cannot see or hear it; %q was put", id, alt)
	}
	return "![" + strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, alt) + "](" + id + ")"
}

func (w *writer) media(m *body.Media, plays int) {
	switch {
	case m.Kind == "image":
		w.put(w.image(&body.Image{Source: m.Source, Alt: m.Alt}))
		return
	case m.Kind != "audio":
		w.refuse("a film is no medium of a paper")
		return
	case m.Source == "":
		w.refuse("a sound has no file")
		return
	case plays > 99:
		plays = 0
	}
	data, err := w.c.p.File(m.Source)
	if err == nil {
		err = parcel.Recognise(exam.Sound, data)
	}
	if err != nil {
		w.refuse("the sound %s: %v", shorten(m.Source), err)
		return
	}
	if m.Captions != "" {
		w.once("the captions of a sound are not kept")
	}
	ending := strings.ToLower(path.Ext(m.Source))
	if ending == ".oga" {
		ending = ".ogg"
	}
	w.put(w.figure(w.c.add(m.Source, data, exam.Sound, ending, plays), m.Alt, map[string]string{"kk": "Дыбыс", "ru": "Звук"}[w.c.opt.Lang], "Sound"))
}
