package item

import (
	"slices"
	"strconv"
	"strings"

	"emtihan/exam"
	"emtihan/exam/content"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// match puts each option to a target. The targets stand above with numbers, and each option has their numbers beside it.
type match struct {
	p       *Pane
	pairs   []*pairing
	targets map[string]string // target by option
	reuse   bool
}

// pairing is one option.
type pairing struct {
	*Row
	id    string
	chips []*chip
	said  *flow // which target it is put to
}

func newMatch(p *Pane) *match {
	m := &match{p: p, reuse: p.Item.Reuse, targets: make(map[string]string)}
	list := down(gap() / 2)
	widest, _ := plainFlow(strconv.Itoa(len(p.Item.Targets)) + ".").natural()
	for i, t := range p.Item.Targets {
		objects, _ := p.blocks(p.d.paper.Content(t.Text, p.d.lang), 0)
		number := plainFlow(strconv.Itoa(i+1) + ".")
		number.bold = true
		list.Add(row(1, true, container.New(&fixed{widest + 10}, number), down(2, objects...)))
	}
	note := plainFlow(p.d.host.T("item.match"))
	note.quiet = true
	p.Answer = down(gap(), padded(0, 0, theme.Size(theme.SizeNameInnerPadding), 0, down(gap(), list, note)))
	for i, o := range p.Item.Options {
		k := &pairing{id: o.ID}
		objects, _ := p.blocks(p.d.paper.Content(o.Text, p.d.lang), 0)
		chips := container.New(&flowing{gap: 4})
		for n := range p.Item.Targets {
			c := newChip(strconv.Itoa(n+1), func() {
				p.d.host.Focus(k.Row)
				m.press(i, n)
			})
			k.chips = append(k.chips, c)
			chips.Add(c)
		}
		k.said = plainFlow("")
		k.said.bold = true
		k.Row = newRow(p, firstLine(p, o.Text).String(), down(gap()/2, container.New(&split{}, down(2, objects...), chips), k.said), func() { m.turn(1) })
		m.pairs = append(m.pairs, k)
		p.Answer.Add(k.Row)
	}
	return m
}

func (m *match) rows() []*Row {
	var out []*Row
	for _, k := range m.pairs {
		out = append(out, k.Row)
	}
	return out
}

func (m *match) focused() int {
	return slices.IndexFunc(m.pairs, func(k *pairing) bool { return k.focused })
}

func (m *match) takes(n int) bool { return n < len(m.p.Item.Targets) && m.focused() >= 0 }

// choose puts the option that has the focus to a target.
func (m *match) choose(n int) { m.press(m.focused(), n) }

// press puts an option to a target, and takes it from the target that it is put to already.
func (m *match) press(option, n int) {
	if option < 0 || n >= len(m.p.Item.Targets) {
		return
	}
	target := m.p.Item.Targets[n].ID
	if m.targets[m.pairs[option].id] == target {
		target = ""
	}
	m.put(option, target)
}

// turn puts the option that has the focus to the next target, or the one before.
func (m *match) turn(by int) {
	option := m.focused()
	if option < 0 {
		return
	}
	targets := m.p.Item.Targets
	at := slices.IndexFunc(targets, func(t exam.Option) bool { return t.ID == m.targets[m.pairs[option].id] })
	switch {
	case at < 0 && by < 0:
		at = len(targets) - 1
	default:
		at = (at + by + len(targets)) % len(targets)
	}
	m.put(option, targets[at].ID)
}

// put puts an option to a target, or with the empty one to none. A target that may take one option only leaves the one that
// it had.
func (m *match) put(option int, target string) {
	if option < 0 {
		return
	}
	id := m.pairs[option].id
	if !m.reuse && target != "" {
		for o, t := range m.targets {
			if t == target {
				delete(m.targets, o)
			}
		}
	}
	if target == "" {
		delete(m.targets, id)
	} else {
		m.targets[id] = target
	}
	m.draw()
	var pairs []string
	for _, k := range m.pairs {
		if t, ok := m.targets[k.id]; ok {
			pairs = append(pairs, exam.Pair(k.id, t))
		}
	}
	m.p.answer(pairs)
}

func (m *match) show(r exam.Response) {
	clear(m.targets)
	for _, pair := range r.Options {
		if option, target, ok := strings.Cut(pair, " "); ok {
			m.targets[option] = target
		}
	}
	m.draw()
}

func (m *match) draw() {
	used := make(map[string]bool)
	for _, t := range m.targets {
		used[t] = true
	}
	for _, k := range m.pairs {
		text := content.Line{{Text: m.p.d.host.T("item.no-target")}}
		own := m.targets[k.id]
		for n, t := range m.p.Item.Targets {
			k.chips[n].set(strconv.Itoa(n+1), t.ID == own, !m.reuse && used[t.ID] && t.ID != own, false)
			if t.ID == own {
				text = append(content.Line{{Text: strconv.Itoa(n+1) + ".  "}}, firstLine(m.p, t.Text)...)
			}
		}
		k.Row.set(own != "")
		k.said.put(text, own != "")
	}
}
