package item

import (
	"slices"
	"strconv"

	"emtihan/exam"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// choice is one option of several to choose, or several of them. Options can be struck out on the way to the answer; themes,
// of which one is to be written about, can not.
type choice struct {
	p      *Pane
	many   bool
	themes bool
	picks  []*pick
	chosen []string
}

// pick is one option.
type pick struct {
	*Row
	id      string
	mark    *canvas.Image
	flows   []*flow
	word    *flow // says that it is struck out
	striker *chip // nil: it cannot be
	struck  bool
}

func newChoice(p *Pane) *choice {
	c := &choice{p: p, many: p.Item.Kind == exam.Multiple, themes: len(p.Item.Themes) > 0}
	p.Answer = down(gap() / 2)
	options := p.Item.Options
	if c.themes {
		options = p.Item.Themes
	}
	if c.many {
		note := plainFlow(p.d.host.T("item.several"))
		note.quiet = true
		p.Answer.Add(padded(0, 0, theme.Size(theme.SizeNameInnerPadding), 0, note))
	}
	for i, o := range options {
		k := &pick{id: o.ID, mark: canvas.NewImageFromResource(theme.RadioButtonIcon())}
		k.mark.FillMode = canvas.ImageFillContain
		side := 1.6 * theme.Size(theme.SizeNameText)
		k.mark.SetMinSize(fyne.NewSquareSize(side))
		objects, flows := p.blocks(p.d.paper.Content(o.Text, p.d.lang), 0)
		k.flows = flows
		k.word = plainFlow(p.d.host.T("item.struck"))
		k.word.quiet, k.word.factor = true, 0.85
		k.word.Hide()
		digit := ""
		if i < 9 {
			digit = strconv.Itoa(i + 1)
		}
		number := plainFlow(digit)
		number.quiet = true
		width, _ := plainFlow("0").natural()
		parts := []fyne.CanvasObject{container.New(&fixed{width + 2}, number), k.mark, down(2, append(objects, k.word)...)}
		if !c.themes {
			k.striker = newChip("abc", func() { c.strike(i) })
			k.striker.struck = true
			parts = append(parts, k.striker)
		}
		k.Row = newRow(p, firstLine(p, o.Text).String(), row(2, false, parts...), func() { c.choose(i) })
		if !c.themes {
			k.Row.second = func() { c.strike(i) }
		}
		c.picks = append(c.picks, k)
		p.Answer.Add(k.Row)
	}
	return c
}

func (c *choice) rows() []*Row {
	var out []*Row
	for _, k := range c.picks {
		out = append(out, k.Row)
	}
	return out
}

// focused returns which option has the focus, or −1.
func (c *choice) focused() int {
	return slices.IndexFunc(c.picks, func(k *pick) bool { return k.focused })
}

func (c *choice) takes(n int) bool { return n < len(c.picks) }

func (c *choice) show(r exam.Response) {
	c.chosen = slices.Clone(r.Options)
	if c.themes {
		c.chosen = []string{r.Theme}
	}
	for _, k := range c.picks {
		k.set(c.many, slices.Contains(c.chosen, k.id), slices.Contains(r.Struck, k.id), c.p)
	}
}

func (k *pick) set(many, chosen, struck bool, p *Pane) {
	res := theme.RadioButtonIcon()
	switch {
	case many && chosen:
		res = theme.CheckButtonCheckedIcon()
	case many:
		res = theme.CheckButtonIcon()
	case chosen:
		res = theme.RadioButtonCheckedIcon()
	}
	if k.mark.Resource.Name() != res.Name() {
		k.mark.Resource = res
		k.mark.Refresh()
	}
	if k.Chosen != chosen || k.Struck != struck {
		k.Struck = struck
		for _, f := range k.flows {
			f.struck = struck
			f.redraw()
		}
		text := "abc"
		if struck {
			text = p.d.host.T("item.unstrike")
			k.word.Show()
		} else {
			k.word.Hide()
		}
		if k.striker != nil {
			k.striker.set(text, false, false, !struck)
		}
		k.Chosen = chosen
		k.Row.Refresh()
	}
}

// choose marks an option, or takes the mark of one of several away. One that is struck out is left to the attempt to refuse,
// whose sentence then says why.
func (c *choice) choose(n int) {
	id := c.picks[n].id
	if c.themes {
		c.p.chooseTheme(id)
		return
	}
	var next []string
	for _, k := range c.picks {
		on := slices.Contains(c.chosen, k.id)
		switch {
		case k.id == id && c.many:
			on = !on
		case !c.many:
			on = k.id == id
		}
		if on {
			next = append(next, k.id)
		}
	}
	if slices.Equal(next, c.chosen) {
		return
	}
	if !c.picks[n].struck {
		c.chosen = next
		for _, k := range c.picks {
			k.set(c.many, slices.Contains(next, k.id), k.Struck, c.p)
		}
	}
	c.p.answer(next)
}

// striking returns what strikes an option out or takes that back; nil where it is the answer, or there is none.
func (c *choice) striking(n int) func() {
	if n < 0 || n >= len(c.picks) || c.picks[n].Chosen || c.themes {
		return nil
	}
	return func() { c.strike(n) }
}

// strike strikes an option out, or takes that back.
func (c *choice) strike(n int) {
	k := c.picks[n]
	c.p.d.host.Answer(c.p.Item.ID, exam.Strike{Item: c.p.Item.ID, Option: k.id, On: !k.Struck})
}
