package console

import (
	"image/color"
	"slices"
	"strings"

	"emtihan/proctor/console/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// option is a thing that can be picked: what is shown, and the words by which it is found.
type option struct{ id, label, words string }

// picker chooses one or several options by typing: Enter takes the marked match, the arrows move the mark, Backspace in
// the empty field takes the last choice away, Enter in the empty field goes on.
type picker struct {
	do      func(func())
	options []option
	many    bool
	picked  []string
	changed func([]string)
	next    func()
	none    string             // says that nothing matches
	more    func(n int) string // says how many matches are not shown

	entry   *look.Entry
	chosen  *fyne.Container
	matches *fyne.Container
	box     *fyne.Container
	shown   []option
	mark    int
	focused bool
}

const maxMatches = 7

func newPicker(do func(func()), f look.Focusable, hint string, options []option, many bool, picked []string) *picker {
	p := &picker{do: do, options: options, many: many, picked: slices.Clone(picked), chosen: container.NewVBox(), matches: container.NewVBox()}
	outer, gained := f.Keys, f.OnFocus
	f.Keys = func(k *fyne.KeyEvent) bool { return p.key(k) || outer != nil && outer(k) }
	f.OnFocus = func(id string) {
		p.focused = true
		p.search()
		if gained != nil {
			gained(id)
		}
	}
	p.entry = look.NewEntry(f)
	p.entry.SetPlaceHolder(hint)
	p.entry.OnChanged = func(string) { p.mark = 0; p.search() }
	p.entry.OnLost = func() { p.focused = false; p.search() }
	p.box = container.NewVBox(p.chosen, p.entry, p.matches)
	p.showChosen()
	p.search()
	return p
}

func (p *picker) key(k *fyne.KeyEvent) bool {
	empty := p.entry.Text == ""
	switch {
	case look.IsEnter(k) && empty && p.mark == 0:
		if p.next != nil {
			p.next()
		}
	case look.IsEnter(k):
		if p.mark < len(p.shown) {
			p.pick(p.shown[p.mark].id)
		}
	case k.Name == fyne.KeyDown && len(p.shown) > 0:
		// The first press only marks: the first row of an untouched list is not marked yet.
		p.move(min(p.mark+1, len(p.shown)-1))
	case k.Name == fyne.KeyUp && len(p.shown) > 0:
		p.move(max(p.mark-1, 0))
	case k.Name == fyne.KeyBackspace && empty && len(p.picked) > 0:
		p.drop(p.picked[len(p.picked)-1])
	default:
		return false
	}
	return true
}

func (p *picker) move(to int) {
	p.mark = to
	p.search()
}

func (p *picker) pick(id string) {
	if p.many {
		if !slices.Contains(p.picked, id) {
			p.picked = append(p.picked, id)
		}
	} else {
		p.picked = []string{id}
	}
	p.mark = 0
	p.entry.SetText("")
	p.tell()
}

func (p *picker) drop(id string) {
	p.picked = slices.DeleteFunc(p.picked, func(x string) bool { return x == id })
	p.tell()
}

func (p *picker) tell() {
	p.showChosen()
	p.search()
	if p.changed != nil {
		p.changed(slices.Clone(p.picked))
	}
}

// refocus gives the field the focus back that a press of the mouse has just taken.
func (p *picker) refocus() {
	p.do(func() {
		if c := fyne.CurrentApp().Driver().CanvasForObject(p.entry); c != nil {
			c.Focus(p.entry)
		}
	})
}

func (p *picker) label(id string) string {
	for _, o := range p.options {
		if o.id == id {
			return o.label
		}
	}
	return id
}

func (p *picker) showChosen() {
	p.chosen.RemoveAll()
	for _, id := range p.picked {
		p.chosen.Add(newRow("✕  "+p.label(id), look.Tint, func() { p.drop(id); p.refocus() }))
	}
}

// search shows what fits the text, only while the field has the focus: a form full of open lists cannot be read.
func (p *picker) search() {
	p.matches.RemoveAll()
	p.shown = nil
	if !p.focused {
		return
	}
	query := strings.Fields(strings.ToLower(p.entry.Text))
	if len(query) == 0 && !p.many && len(p.picked) > 0 && p.mark == 0 {
		return
	}
	var found []option
	for _, o := range p.options {
		words := strings.ToLower(o.id + " " + o.label + " " + o.words)
		fits := !p.many || !slices.Contains(p.picked, o.id)
		for _, q := range query {
			fits = fits && strings.Contains(words, q)
		}
		if fits {
			found = append(found, o)
		}
	}
	// A number is meant as a number first: "1" is the first ban before the tenth. A word is meant as a beginning.
	if len(query) == 1 {
		slices.SortStableFunc(found, func(a, b option) int { return rank(a, query[0]) - rank(b, query[0]) })
	}
	p.shown = found[:min(len(found), maxMatches)]
	hidden := len(found) - len(p.shown)
	p.mark = min(p.mark, max(0, len(p.shown)-1))
	for i, o := range p.shown {
		back := look.Paper
		if i == p.mark && (len(query) > 0 || p.mark > 0) {
			back = look.Tint
		}
		p.matches.Add(newRow(o.label, back, func() { p.pick(o.id); p.refocus() }))
	}
	if len(p.shown) == 0 && len(query) > 0 {
		p.matches.Add(look.Padded(8, 2, look.Text(p.none, look.Bad, 13, false)))
	}
	if hidden > 0 && p.more != nil {
		p.matches.Add(look.Padded(8, 2, look.Text(p.more(hidden), look.Quiet, 13, false)))
	}
}

func rank(o option, query string) int {
	switch {
	case o.id == query:
		return 0
	case strings.HasPrefix(o.id, query):
		return 1
	case strings.HasPrefix(strings.ToLower(o.label), query):
		return 2
	}
	return 3
}

// row is a line of text that the mouse picks and Tab passes over. It answers when the button goes down: the toolkit takes
// the focus away next, and with it the list of matches goes.
type row struct {
	widget.BaseWidget
	label  *widget.Label
	back   *canvas.Rectangle
	picked func()
}

var _ desktop.Mouseable = (*row)(nil)

func newRow(s string, back color.Color, picked func()) *row {
	r := &row{label: look.OneLine(s, false), back: canvas.NewRectangle(back), picked: picked}
	r.ExtendBaseWidget(r)
	return r
}

// MouseDown implements desktop.Mouseable.
func (r *row) MouseDown(*desktop.MouseEvent) { r.picked() }

// MouseUp implements desktop.Mouseable.
func (r *row) MouseUp(*desktop.MouseEvent) {}

// CreateRenderer implements fyne.Widget.
func (r *row) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(r.back, r.label))
}
