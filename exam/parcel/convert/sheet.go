package convert

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"emtihan/exam"
	"emtihan/exam/qti"
	"emtihan/exam/qti/body"

	"github.com/BurntSushi/toml"
)

// Single converts one item, whatever tests the package has. It is how a tool tries the items of a package one by one.
func Single(p *qti.Package, it *qti.Item, opt Options) (*Result, error) {
	return convert(p, opt, func(*converter) ([]plannedBlock, string, error) {
		return []plannedBlock{{title: or(it.Title, p.Name), items: []entry{{item: it}}}}, "", nil
	})
}

// Sheet writes all that was read of an item as a paper with one task that is answered by a text, whether a paper could ask the item or
// not: choices, areas and gaps stand in it as text. It is for looking at items, not for exams. missing says what could not be shown.
func Sheet(p *qti.Package, it *qti.Item, lang string) (sheet *exam.Paper, files map[string][]byte, missing []string, err error) {
	c := newConverter(p, Options{ID: "sheet", Lang: lang})
	w := &writer{c: c, said: make(map[string]bool), skip: make(map[*body.Interaction]bool), all: true}
	w.refuse = func(format string, args ...any) {
		if s := fmt.Sprintf(format, args...); !slices.Contains(missing, s) {
			missing = append(missing, s)
		}
	}
	w.change = func(string, ...any) {}
	if n := parts(it); n > maxParts {
		return nil, nil, nil, fmt.Errorf("its text has %d parts, more than %d", n, maxParts)
	}
	s, err := it.Start(1)
	if err != nil {
		return nil, nil, nil, err
	}
	var blocks []body.Block
	for _, st := range it.Stimuli {
		blocks = append(blocks, st.Body...)
	}
	text := w.blocks(append(blocks, s.Body()...))
	if strings.TrimSpace(text) == "" {
		missing = append(missing, "it has no text; its title is shown")
		text = lines(escape(or(it.Title, or(it.ID, it.Path))))
	}
	c.paper = paper{Format: 1, ID: "sheet", Languages: []string{lang}, Title: c.text("sheet"), Media: c.list}
	write := func(text string) (*exam.Paper, error) {
		c.paper.Blocks = []paperBlock{{ID: "block", Title: c.text("sheet"), Items: []paperItem{{ID: "Q1", Kind: string(exam.Long), Points: 1, Text: exam.Text{lang: text}}}}}
		var out bytes.Buffer
		if err := toml.NewEncoder(&out).Encode(c.paper); err != nil {
			return nil, err
		}
		return exam.ParsePaper(out.Bytes())
	}
	if sheet, err = write(text); err == nil {
		return sheet, c.out.Media, missing, nil
	}
	missing = append(missing, err.Error())
	sheet, err = write(lines(escape(body.Plain(s.Body()))))
	return sheet, c.out.Media, missing, err
}

// choices writes what an interaction offers.
func (w *writer) choices(in *body.Interaction) {
	if in.Stage != nil {
		w.put(w.image(in.Stage))
	}
	if in.Object != nil {
		w.put(w.image(in.Object))
	}
	set := func(mark string, options []body.Option) {
		for _, o := range options {
			text := w.blocks(o.Blocks)
			if o.Image != nil {
				text = w.image(o.Image)
			}
			switch {
			case in.Kind == body.HottextChoice, in.Kind == body.GapMatch && mark == "▭":
			case text == "":
				w.put(mark + " " + escape(or(o.Label, o.ID)))
			case strings.HasPrefix(text, "!["), strings.HasPrefix(text, "| "), strings.HasPrefix(text, "- "), strings.HasPrefix(text, "## "):
				w.put(mark + " " + escape(o.ID))
				w.put(text)
			default:
				w.put(mark + " " + text)
			}
		}
	}
	set("○", in.Choices)
	set("▭", in.Targets)
	if in.Kind == body.Slider {
		w.put(fmt.Sprintf("%g … %g", in.Lower, in.Upper))
	}
}

// inPlace writes an interaction that stands in a line.
func (w *writer) inPlace(in *body.Interaction) string {
	if len(in.Choices) == 0 {
		return " ____ "
	}
	var all []string
	for _, o := range in.Choices {
		all = append(all, w.flat(body.Inlines(o.Blocks), "a menu"))
	}
	return " [" + strings.Join(all, " / ") + "] "
}
