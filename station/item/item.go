// Package item shows the tasks of a paper and takes what is marked in them: text in its styles, tables, pictures and sounds,
// passages in which can be highlighted, options to choose and strike out, pairs to match and rows to order, each by mouse and
// by keyboard. What it shows is the attempt's; what the candidate does goes to the attempt as commands.
//
// A pane is one task on one screen. What must outlive it, such as a sound that plays and the place in a passage, is the
// desk's, of which a candidate has one.
package item

import (
	"slices"

	"emtihan/devices/sound"
	"emtihan/exam"
	"emtihan/exam/content"
	"emtihan/station/item/media"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// Host is what a desk needs of the station around it. It is called on Fyne's goroutine, except Post.
type Host interface {
	// T returns a sentence in the interface language.
	T(id string, pairs ...any) string
	// Attempt returns the newest state of the attempt, which is running.
	Attempt() *exam.Attempt
	// Answer sends a command that changes an answer (R11).
	Answer(item string, cmd exam.Command)
	// Do sends any other command; report may be nil.
	Do(cmd exam.Command, report func(error))
	// Say shows the sentence for a refusal.
	Say(err error)
	// Post runs a function on Fyne's goroutine.
	Post(f func())
	// Keys is told of keys; see look.Keys.
	Keys(e *fyne.KeyEvent) bool
	// Mods returns which keys such as Shift are down.
	Mods() fyne.KeyModifier
	// Focus sets the keyboard's focus.
	Focus(f fyne.Focusable)
	// Reveal scrolls an object into sight.
	Reveal(o fyne.CanvasObject)
	// Zoom shows a picture large.
	Zoom(p *media.Picture, description string)
}

// Desk is one candidate's work on a paper. Its methods are called on Fyne's goroutine.
type Desk struct {
	host  Host
	paper *exam.Paper
	lang  string
	media *media.Set
	play  playing
	pane  *Pane
	at    map[string]float32 // how far each passage is scrolled, of the whole
}

// NewDesk returns the desk of a candidate whose exam language is lang. No sound plays before the first Pane.
func NewDesk(host Host, paper *exam.Paper, lang string, set *media.Set, player sound.Player) *Desk {
	d := &Desk{host: host, paper: paper, lang: lang, media: set, at: make(map[string]float32)}
	d.play = playing{d: d, player: player}
	return d
}

// Pane is one task as it is shown.
type Pane struct {
	Item    *exam.Item
	Prompt  *fyne.Container   // the task's text
	Passage fyne.CanvasObject // the passage that belongs to it; nil: none
	Answer  *fyne.Container   // what is marked, or the themes to choose from; nil: the task is answered by a text alone
	// OnTheme is called with the id of a theme that the candidate wants; nil: it goes to the attempt at once.
	OnTheme func(id string)

	d        *Desk
	reader   *reader
	ask      ask // nil for tasks that are answered by a text alone
	sounds   []*soundRow
	sideways []*container.Scroll
	pictures []*media.Picture
}

// ask is a way to answer by marking.
type ask interface {
	show(r exam.Response)
	// choose does what a digit means, from 0 on; takes tells whether it means anything.
	choose(n int)
	takes(n int) bool
	// rows lists what Up and Down move between.
	rows() []*Row
}

// Pane makes a task. With the passage of the pane before, it shows the same passage where it was.
func (d *Desk) Pane(it *exam.Item) *Pane {
	p := &Pane{Item: it, d: d}
	before := d.pane
	d.keep()
	d.pane = p
	prompt, _ := p.blocks(d.paper.Content(it.Text, d.lang), 0)
	// Its edge is that of the toolkit's labels.
	p.Prompt = padded(0, gap()/2, theme.Size(theme.SizeNameInnerPadding), 0, down(gap(), prompt...))
	if text := d.paper.Passage(it.Passage); text != nil {
		if before != nil && before.reader != nil && before.Item.Passage == it.Passage {
			p.reader = before.reader
		} else {
			p.reader = newReader(p, it.Passage, d.paper.Content(text, d.lang))
		}
		p.Passage = p.reader.whole
		p.sounds, p.sideways = append(p.sounds, p.reader.sounds...), append(p.sideways, p.reader.sideways...)
		p.pictures = append(p.pictures, p.reader.pictures...)
	}
	switch it.Kind {
	case exam.Single, exam.Multiple:
		p.ask = newChoice(p)
	case exam.Match:
		p.ask = newMatch(p)
	case exam.Order:
		p.ask = newOrder(p)
	case exam.Long, exam.Essay:
		if len(it.Themes) > 0 {
			p.ask = newChoice(p)
		}
	}
	if before != nil {
		for _, pic := range before.pictures {
			if !slices.Contains(p.pictures, pic) {
				pic.Forget()
			}
		}
	}
	p.Show(d.host.Attempt())
	return p
}

// Leave forgets what is on the screen, which goes away, but not where the candidate was in it.
func (d *Desk) Leave() {
	d.keep()
	d.pane = nil
}

func (d *Desk) keep() {
	if p := d.pane; p != nil && p.reader != nil {
		if room := p.reader.hidden(); room > 0 {
			d.at[p.Item.Passage] = p.reader.scroll.Offset.Y / room
		}
	}
}

// Settle brings what scrolls to its size and the passage to where the candidate was in it, once the pane is on the window.
func (p *Pane) Settle() {
	if p.reader == nil {
		return
	}
	s := p.reader.scroll
	Settled(s)
	if room := p.reader.hidden(); room > 0 {
		if to := p.d.at[p.Item.Passage] * room; to != s.Offset.Y {
			s.ScrollToOffset(fyne.NewPos(0, to))
		}
	}
}

// Show brings the pane to the state of the attempt. The caller leaves it out while an answer is on its way to the actor.
func (p *Pane) Show(a *exam.Attempt) {
	if p.ask != nil {
		p.ask.show(a.Response(p.Item.ID))
		p.Answer.Refresh() // words may have come or gone, and rows grown
	}
	if p.reader != nil {
		p.reader.show(a.Highlights(p.Item.Passage))
	}
	for _, s := range p.sounds {
		s.show()
	}
}

// answer sends what is marked.
func (p *Pane) answer(marked []string) {
	if marked == nil {
		marked = []string{}
	}
	p.d.host.Answer(p.Item.ID, exam.Choose{Item: p.Item.ID, Options: marked})
}

// chooseTheme passes on which theme is wanted.
func (p *Pane) chooseTheme(id string) {
	if p.OnTheme != nil {
		p.OnTheme(id)
		return
	}
	p.d.host.Answer(p.Item.ID, exam.ChooseTheme{Item: p.Item.ID, Theme: id})
}

// Theme makes the text of a theme that was chosen.
func (p *Pane) Theme(t *exam.Option) fyne.CanvasObject {
	objects, _ := p.blocks(p.d.paper.Content(t.Text, p.d.lang), 0)
	return down(gap(), objects...)
}

// blocks makes what content shows, and returns its texts. start is where it begins in content.Plain.
func (p *Pane) blocks(blocks []content.Block, start int) (out []fyne.CanvasObject, flows []*flow) {
	at := start
	take := func(f *flow) *flow {
		f.start = at
		at += len(f.runes) + 1
		flows = append(flows, f)
		return f
	}
	for _, b := range blocks {
		switch b := b.(type) {
		case *content.Paragraph:
			out = append(out, take(newFlow(b.Line)))
		case *content.Heading:
			f := take(newFlow(b.Line))
			f.bold, f.factor = true, headingSize
			out = append(out, f)
		case *content.List:
			list := down(gap() / 2)
			for i, l := range b.Items {
				list.Add(bulleted(b.Numbered, i, len(b.Items), take(newFlow(l))))
			}
			out = append(out, list)
		case *content.Table:
			out = append(out, p.table(b, take))
		case *content.Figure:
			f := take(plainFlow(b.Description))
			f.quiet, f.factor = true, theme.Size(theme.SizeNameCaptionText)/theme.Size(theme.SizeNameText)
			if pic := p.d.media.Picture(b.Medium); pic != nil {
				p.pictures = append(p.pictures, pic)
				out = append(out, down(2, newPicture(p, pic, b.Description), f))
			} else if snd := p.d.media.Sound(b.Medium); snd != nil {
				s := newSoundRow(p, b.Medium, snd)
				p.sounds = append(p.sounds, s)
				out = append(out, down(2, f, s.box))
			} else {
				out = append(out, f)
			}
		}
	}
	return out, flows
}

// Key is a key of the task and what it does now.
type Key struct {
	Key  fyne.KeyName
	Mods fyne.KeyModifier
	Name string // of the sentence "station.keys.NAME"
	Do   func()
}

// keyTable lists the keys that a task can have, with what they do in a pane: nil where they do nothing at the moment.
// text says that they work while a text is written, too.
var keyTable = func() []tableKey {
	var out []tableKey
	add := func(text bool, key fyne.KeyName, mods fyne.KeyModifier, name string, do func(*Pane) func()) {
		out = append(out, tableKey{Key{Key: key, Mods: mods, Name: name}, text, do})
	}
	digit := func(i int) fyne.KeyName { return fyne.KeyName(rune('1' + i)) }
	for i := range 9 {
		add(false, digit(i), 0, "option", func(p *Pane) func() {
			if p.ask == nil || !p.ask.takes(i) {
				return nil
			}
			return func() { p.ask.choose(i) }
		})
	}
	for i := range 9 {
		add(false, digit(i), fyne.KeyModifierShift, "strike", on(func(c *choice) func() { return c.striking(i) }))
	}
	add(false, fyne.KeyDelete, 0, "strike-focused", on(func(c *choice) func() { return c.striking(c.focused()) }))
	add(false, fyne.KeyUp, 0, "rows", func(p *Pane) func() { return p.moving(-1) })
	add(false, fyne.KeyDown, 0, "rows", func(p *Pane) func() { return p.moving(1) })
	target := func(by int) func(*Pane) func() {
		return on(func(m *match) func() {
			if m.focused() < 0 {
				return nil
			}
			return func() { m.turn(by) }
		})
	}
	add(false, fyne.KeyLeft, 0, "target", target(-1))
	add(false, fyne.KeyRight, 0, "target", target(1))
	add(false, fyne.KeyDelete, 0, "take-back", on(func(m *match) func() {
		if at := m.focused(); at >= 0 && m.pairs[at].Chosen {
			return func() { m.put(at, "") }
		}
		return nil
	}))
	for _, mod := range []fyne.KeyModifier{fyne.KeyModifierControl, fyne.KeyModifierAlt} {
		add(false, fyne.KeyUp, mod, "reorder", on(func(o *order) func() { return o.shifting(-1) }))
		add(false, fyne.KeyDown, mod, "reorder", on(func(o *order) func() { return o.shifting(1) }))
	}
	add(false, fyne.KeyReturn, fyne.KeyModifierControl, "this-order", on(func(o *order) func() {
		if o.marked {
			return nil
		}
		return o.confirm
	}))
	add(false, fyne.KeyDelete, 0, "take-back", on(func(o *order) func() {
		if !o.marked {
			return nil
		}
		return o.takeBack
	}))
	add(true, fyne.KeyInsert, 0, "highlight", func(p *Pane) func() {
		if p.reader == nil || !p.reader.can() {
			return nil
		}
		return p.reader.toggle
	})
	volume := func(by int) func(*Pane) func() {
		return func(p *Pane) func() {
			if len(p.sounds) == 0 || !p.d.play.turns(by) {
				return nil
			}
			return func() { p.d.play.louder(by) }
		}
	}
	add(true, fyne.KeyEqual, fyne.KeyModifierAlt, "louder", volume(10))
	add(true, fyne.KeyMinus, fyne.KeyModifierAlt, "softer", volume(-10))
	sideways := func(by float32) func(*Pane) func() {
		return func(p *Pane) func() {
			if !p.slides(by) {
				return nil
			}
			return func() { p.slide(by) }
		}
	}
	add(true, fyne.KeyLeft, fyne.KeyModifierAlt, "sideways", sideways(-1))
	add(true, fyne.KeyRight, fyne.KeyModifierAlt, "sideways", sideways(1))
	return out
}()

type tableKey struct {
	Key
	text bool
	do   func(*Pane) func()
}

// on makes a key one of a kind of task.
func on[A ask](do func(A) func()) func(*Pane) func() {
	return func(p *Pane) func() {
		if a, ok := p.ask.(A); ok {
			return do(a)
		}
		return nil
	}
}

// Keys lists the keys that tasks can have. Their Do is nil; Pane.Press tells what they do.
func Keys() []Key {
	out := make([]Key, len(keyTable))
	for i, k := range keyTable {
		out[i] = k.Key
	}
	return out
}

// Press returns what the i-th of Keys does in this task at the moment, or nil. writes says that a text is being written.
func (p *Pane) Press(i int, writes bool) func() {
	if k := keyTable[i]; !writes || k.text {
		return k.do(p)
	}
	return nil
}

// Rows lists what is answered by marking, in the order in which it stands.
func (p *Pane) Rows() []*Row {
	if p.ask == nil {
		return nil
	}
	return p.ask.rows()
}

// moving returns what sets the focus on the row before or after the one that has it, or on the first or last where none
// has; nil where there is none.
func (p *Pane) moving(by int) func() {
	rows := p.Rows()
	at := slices.IndexFunc(rows, func(r *Row) bool { return r.focused })
	switch {
	case at < 0 && by < 0:
		at = len(rows) - 1
	default:
		at += by
	}
	if at < 0 || at >= len(rows) {
		return nil
	}
	return func() { p.d.host.Focus(rows[at]) }
}

// button returns a button with a sentence.
func (p *Pane) button(id string, f func()) *look.Button {
	return look.NewButton(p.d.host.T(id), look.Plain, p.d.host.Keys, f)
}

// reveal scrolls what has the focus into sight.
func (p *Pane) reveal(o fyne.CanvasObject) { p.d.host.Reveal(o) }

// firstLine returns what a text says first.
func firstLine(p *Pane, t exam.Text) content.Line {
	for _, b := range p.d.paper.Content(t, p.d.lang) {
		if para, ok := b.(*content.Paragraph); ok {
			return para.Line
		}
		for _, l := range content.Lines(b) {
			return content.Line{{Text: l}}
		}
	}
	return nil
}
