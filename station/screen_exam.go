package station

import (
	"slices"
	"time"

	"emtihan/exam"
	"emtihan/station/editor"
	"emtihan/station/editor/clipboard"
	"emtihan/station/item"
	"emtihan/station/look"
	"emtihan/station/problem"
	"emtihan/station/session"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// examPane is the exam itself: the tasks on the left, the shown task beside them, the clock above, the tools below.
type examPane struct {
	u       *ui
	lang    string // the candidate's exam language
	item    *exam.Item
	cells   []*look.Cell
	nav     *navigator
	head    *head
	bars    []*foldLayout
	task    *fyne.Container
	pane    *item.Pane
	options []*item.Row // what is answered by marking
	words   *editor.Line
	edit    *editor.Editor
	theme   string // that the screen shows as chosen, of a task with themes; the attempt may not know yet
	picking bool   // the candidate looks for another one
	refused *look.Banner
	saved   *editor.Line
	clock   *editor.Line
	warning *look.Banner
	flag    *look.Button
	counts  *widget.Label
	follow  bool              // the navigator has still to scroll to the task
	warned  fyne.CanvasObject // the warning and the way to put it away
	due     int               // minutes left for which a warning is due, or 0
}

func (u *ui) examScreen() *screen {
	p := &examPane{u: u, lang: u.view.Attempt.Opened.Candidate.Language}
	clipboard.Inside().BelongTo(u.view.Attempt.Opened.Attempt)
	p.task = container.NewStack()
	p.refused = look.NewBanner(look.Trouble, "")
	p.saved, p.clock = editor.NewLine("", look.Good), editor.NewLine("", look.Ink)
	p.saved.Reserve = []string{u.t("station.exam.saving"), u.t("station.exam.saved"), u.t("station.exam.unsaved")}
	p.clock.Reserve = []string{clockText(10*time.Hour - time.Second)}
	p.saved.TextSize, p.clock.TextSize = 15*look.Scale(), 22*look.Scale()
	p.clock.TextStyle = fyne.TextStyle{Monospace: true} // the style of the calculator: the toolkit holds megabytes for each
	p.counts = look.Note("")
	p.nav = newNavigator(p)
	side := p.nav.column()
	top, bottom := p.top(), p.bottom()
	task := container.NewBorder(p.refused, nil, nil, nil, look.Wide(p.task))
	// In the order of Tab: the task, what is done with it, the other tasks, and the rest.
	root := container.New(layout.NewBorderLayout(top, bottom, side, nil), task, bottom, side, top)
	return &screen{
		name: "exam", root: root, update: p.update, tick: p.tick, keys: p.keys(),
		sight: func(s *sight) { s.Saved, s.Theme = p.isSaved(), p.themeSight() },
		shown: func() {
			u.exam = p
			if u.at == "" {
				u.at = u.view.Attempt.Current
			}
			p.turn(u.at)
			p.update(u.view)
			p.tick()
		},
		close: func() {
			p.keep()
			p.release()
			u.leaveTask()
			u.exam = nil
		},
	}
}

func (p *examPane) top() fyne.CanvasObject {
	h, bar := newHead(p.u, p.saved, p.clock)
	p.head = h
	p.bars = append(p.bars, h.bar)
	return bar
}

func (p *examPane) bottom() fyne.CanvasObject {
	u := p.u
	profile := u.view.Attempt.Profile
	button := func(id string, f func()) *look.Button {
		return look.NewButton(u.t("station.exam."+id), look.Plain, u.keys, f)
	}
	p.flag = button("flag", p.toggleFlag)
	row := []fyne.CanvasObject{button("previous", func() { p.step(-1) }), button("next", func() { p.step(1) }), p.flag}
	bar := &foldLayout{gap: 4}
	foldable := func(b *look.Button) {
		row = append(row, b)
		bar.folds = append([]fyne.CanvasObject{b}, bar.folds...)
	}
	for _, tool := range profile.Tools {
		foldable(button("tool-"+string(tool), func() { u.toolSheet(tool) }))
	}
	if profile.Appeal.Technical {
		foldable(button("appeal", u.appealSheet))
	}
	foldable(button("call", u.callSheet))
	more := button("more", p.moreSheet)
	gap := look.Gap(1)
	finish := look.NewButton(u.t("station.exam.finish"), look.Danger, u.keys, u.finishSheet)
	bar.more, bar.stretch, bar.others = more, gap, p.head.bar.hidesAny
	p.bars = append(p.bars, bar)
	row = append(row, more, gap, finish)
	return container.NewStack(canvas.NewRectangle(look.Paper), container.NewBorder(look.Rule(), nil, nil, nil,
		container.New(layout.NewCustomPaddedLayout(6, 6, 12, 12), container.New(bar, row...))))
}

// moreSheet offers what the bars have no room for, as with large text.
func (p *examPane) moreSheet() {
	u := p.u
	box := container.NewVBox(look.Fixed(360, look.Heading(u.t("station.exam.more"))))
	var first fyne.Focusable
	for i := len(p.bars) - 1; i >= 0; i-- {
		folds := p.bars[i].folds
		for j := len(folds) - 1; j >= 0; j-- {
			if folds[j].Visible() {
				continue
			}
			row := container.NewHBox()
			for _, f := range buttonsOf(folds[j]) {
				b := look.NewButton(f.Text, f.Weight, u.keys, func() {
					u.closeSheet()
					f.OnTapped()
				})
				if first == nil {
					first = b
				}
				row.Add(b)
			}
			box.Add(row)
		}
	}
	box.Add(look.Gap(4))
	box.Add(container.NewHBox(look.NewButton(u.t("common.close"), look.Primary, u.keys, u.closeSheet)))
	u.open(&sheet{name: "more"}, box, first)
}

func buttonsOf(o fyne.CanvasObject) []*look.Button {
	if b, ok := o.(*look.Button); ok {
		return []*look.Button{b}
	}
	var out []*look.Button
	for _, x := range inside(o) {
		out = append(out, buttonsOf(x)...)
	}
	return out
}

// goTo asks for another task; the view that follows shows it.
func (p *examPane) goTo(id string) {
	p.turn(id)
	p.u.do(exam.Show{Item: id}, p.said)
}

func (p *examPane) step(by int) {
	if i, ok := p.nav.step(by); ok {
		p.goTo(p.u.view.Attempt.Paper.Items()[i].ID)
	}
}

func (p *examPane) said(err error) {
	if err == nil {
		return
	}
	if code, ok := problem.Refusal(err); ok && heldUp[code] {
		return
	}
	p.refused.Set(look.Trouble, p.u.said(err))
}

// turn puts the task on the screen.
func (p *examPane) turn(id string) {
	u := p.u
	it, i, ok := u.view.Attempt.Paper.Item(id)
	if !ok || p.item == it {
		return
	}
	p.keep()
	p.release()
	p.theme, p.picking = u.actor.View().Attempt.Response(id).Theme, false
	u.at = id
	p.refused.Set(look.Trouble, "")
	p.lay(it, i)
}

// relay makes the task on the screen anew.
func (p *examPane) relay() {
	p.keep()
	p.release()
	_, i, _ := p.u.view.Attempt.Paper.Item(p.item.ID)
	p.lay(p.item, i)
}

// lay makes the task, which is number i from 0, and gives it the keyboard.
func (p *examPane) lay(it *exam.Item, i int) {
	u, id := p.u, it.ID
	p.item, p.edit, p.options, p.words = it, nil, nil, nil
	points := look.Note(u.t("station.exam.points", "Count", it.Points))
	points.Wrapping = fyne.TextWrapOff
	title := look.Strong(u.t("station.exam.task", "Number", i+1, "Count", len(u.view.Attempt.Paper.Items())))
	var head fyne.CanvasObject = container.NewBorder(nil, nil, nil, points, title)
	if look.Large() && narrow(it) {
		head = container.New(layout.NewCustomPaddedVBoxLayout(0), title, points)
	}
	p.pane = u.paneOf(it)
	p.options = p.pane.Rows()
	p.task.Objects = []fyne.CanvasObject{p.laid(head)}
	p.task.Refresh()
	for _, s := range scrolls(p.task) {
		item.Settled(s)
	}
	p.pane.Settle()
	u.beneath(func() {
		if p.edit != nil {
			p.focusText()
		} else {
			u.win.Canvas().Unfocus()
		}
		if at := slices.IndexFunc(p.options, func(r *item.Row) bool { return r.Chosen }); p.picking && at >= 0 {
			u.win.Canvas().Focus(p.options[at])
		}
	})
	if p.edit != nil {
		caret, ok := u.carets[id]
		if !ok {
			caret = u.view.Attempt.Response(id).Caret
		}
		p.edit.PlaceCaret(caret)
		p.settle()
	}
	p.marks(u.view.Attempt)
	p.follow = true
}

// focusText gives the text the keyboard. What leads here other than a function key may be a space on a button.
func (p *examPane) focusText() {
	u, edit := p.u, p.edit
	u.win.Canvas().Focus(edit)
	if !u.bound {
		edit.Led(' ')
		u.post(func() { edit.Led(0) })
	}
}

// keep remembers where the candidate stands in the text that goes off the screen, and of the text what the actor does not
// have yet.
func (p *examPane) keep() {
	u := p.u
	if p.edit == nil || u.view.Attempt == nil {
		return
	}
	id := p.item.ID
	u.carets[id] = p.edit.Caret()
	if u.strays[id] || u.flights[id] > 0 {
		u.drafts[id] = p.edit.Content()
	} else {
		delete(u.drafts, id)
	}
}

// release lets go of the pictures of the task that goes off the screen.
func (p *examPane) release() {
	if p.edit != nil {
		p.edit.Release()
	}
}

func (p *examPane) beside(left, right fyne.CanvasObject, share float64) fyne.CanvasObject {
	split := container.NewHSplit(container.NewPadded(left), container.NewPadded(right))
	split.Offset = share
	return split
}

// draft returns what the editor of the task must hold: the actor may be some keystrokes behind.
func (p *examPane) draft() string {
	if text, ok := p.u.drafts[p.item.ID]; ok {
		return text
	}
	return p.u.view.Attempt.Response(p.item.ID).Text
}

func (p *examPane) newEditor(many bool) *editor.Editor {
	id := p.item.ID
	var edit *editor.Editor
	edit = editor.New(p.draft(), many, p.u.keys, func(e editor.Edit, _ string) bool {
		if p.edit != edit {
			return false // it has left the screen, and the keyboard has not followed yet
		}
		if p.edit.Runes() > exam.MaxResponse {
			p.refused.Set(look.Trouble, p.u.said(exam.ErrTooLong))
			return false
		}
		p.refused.Set(look.Trouble, "")
		p.countWords()
		p.send(id, e)
		return true
	})
	return edit
}

// send sends an edit of the editor's. What the actor has and what is on the way to it make the editor's text, so the edit
// fits as it is, however long the text. Only after a refusal would the editor's idea of it be wrong and every later edit go
// astray: then what the editor has more is made out against what the actor really has, once nothing is on the way.
func (p *examPane) send(id string, e editor.Edit) {
	u := p.u
	if u.strays[id] {
		if u.flights[id] > 0 {
			return // see landed
		}
		delete(u.strays, id)
		var differs bool
		if e, differs = editor.Diff(u.actor.View().Attempt.Response(id).Text, p.edit.Content()); !differs {
			return
		}
	}
	u.answer(id, exam.Edit{Item: id, Position: e.Position, Removed: e.Removed, Inserted: e.Inserted})
}

// settle sends what the shown editor has and the actor has not: what the candidate wrote in the moment in which the exam was
// held up.
func (p *examPane) settle() {
	if p.edit != nil && p.u.strays[p.item.ID] && p.u.flights[p.item.ID] == 0 {
		p.send(p.item.ID, editor.Edit{})
	}
}

// answer sends a command that changes an answer. Until the actor has taken it, nothing is called saved (R11).
func (u *ui) answer(item string, cmd exam.Command) {
	u.flights[item]++
	if u.exam != nil {
		u.exam.showSaved(false)
	}
	_, writes := cmd.(exam.Edit)
	flights, strays := u.flights, u.strays // of this candidate, also when the next one sits there by then
	u.do(cmd, func(err error) {
		if flights[item]--; flights[item] <= 0 {
			delete(flights, item)
		}
		if err != nil && writes {
			strays[item] = true
		}
		if p := u.exam; p != nil {
			p.landed(item, err)
		}
	})
}

// landed takes the actor's word on an answer. What is refused for its content goes off the screen.
func (p *examPane) landed(item string, err error) {
	u := p.u
	if code, ok := problem.Refusal(err); ok && !heldUp[code] {
		text := u.actor.View().Attempt.Response(item).Text
		delete(u.drafts, item)
		delete(u.strays, item)
		if p.item.ID == item && p.edit != nil {
			p.edit.Replace(text)
			p.countWords()
			if u.flights[item] > 0 {
				u.strays[item] = true // what is still on the way may change the actor's text once more
			}
		}
		if p.item.ID == item {
			p.markOptions()
		}
	}
	if err == nil {
		p.settle()
		if p.item.ID == item && u.flights[item] == 0 {
			p.markOptions() // the screen may have been made anew while the choice was on its way
		}
	}
	p.followTheme()
	p.said(err)
	p.update(u.view)
	u.see()
}

// heldUp are the refusals after which the next view shows why, on a screen of its own.
var heldUp = map[string]bool{"time-up": true, "handed-in": true, "not-running": true}

// writing is the field for an essay or a long answer, with its word count.
func (p *examPane) writing() fyne.CanvasObject {
	p.edit = p.newEditor(true)
	p.words = editor.NewLine("", look.Ink)
	p.words.TextSize = theme.Size(theme.SizeNameCaptionText)
	p.countWords()
	return container.NewBorder(nil, p.words, nil, nil, p.edit)
}

func (p *examPane) countWords() {
	if p.words == nil {
		return
	}
	text := p.u.t("station.exam.words", "Count", p.edit.Words())
	if p.item.WordsMax > 0 {
		text += " · " + p.u.t("station.exam.words-asked", "Min", p.item.WordsMin, "Max", p.item.WordsMax)
	}
	p.words.SetText(text)
}

// answer is what is chosen from, or the line of a short answer.
func (p *examPane) answer() fyne.CanvasObject {
	if p.item.Kind == exam.Short {
		p.edit = p.newEditor(false)
		return look.Fixed(420, container.NewVBox(p.edit))
	}
	return p.pane.Answer
}

// markOptions shows what the actor has.
func (p *examPane) markOptions() {
	p.pane.Show(p.u.actor.View().Attempt)
	p.options = p.pane.Rows()
}

// choose does what the digit after i means: it marks an option, or takes the mark of one of several away.
func (p *examPane) choose(i int) {
	if press := p.pane.Press(i, p.edit != nil); press != nil {
		press()
	}
}

func (p *examPane) toggleFlag() {
	on := !p.u.view.Attempt.Response(p.item.ID).Flagged
	p.u.do(exam.Flag{Item: p.item.ID, On: on}, p.said)
}

// showSaved says whether everything is on the disk; "saved" never stands beside a keystroke that the disk does not have (R11).
func (p *examPane) showSaved(saved bool) {
	text, c := p.u.t("station.exam.saving"), look.Quiet
	switch {
	case p.u.view.Trouble != nil:
		text, c = p.u.t("station.exam.unsaved"), look.Bad
	case saved:
		text, c = p.u.t("station.exam.saved"), look.Good
	}
	if p.saved.Text != text {
		p.saved.Text, p.saved.Color = text, c
		p.saved.Refresh()
	}
}

func (p *examPane) update(v session.View) {
	a := v.Attempt
	if p.item == nil || !a.Reaches(p.item.ID) {
		p.turn(a.Current)
	}
	// Strays were written in the moment in which the exam was held up.
	p.showSaved(v.Saved() && len(p.u.flights) == 0 && len(p.u.strays) == 0)
	p.marks(a)
}

func (p *examPane) marks(a *exam.Attempt) {
	answered, all := 0, 0
	for i, it := range a.Paper.Items() {
		r := a.Responses[i]
		if a.Reaches(it.ID) {
			all++
			if it.Answered(r) {
				answered++
			}
		}
		p.cells[i].Set(it.Answered(r), r.Flagged, it == p.item)
	}
	p.nav.update(a)
	text := p.u.t("station.exam.counts", "Answered", answered, "Items", all)
	if p.counts.Text != text {
		p.counts.SetText(text)
	}
	if p.item != nil {
		id := "station.exam.flag"
		if a.Response(p.item.ID).Flagged {
			id = "station.exam.unflag"
		}
		p.flag.SetText(p.u.t(id))
	}
}

func (p *examPane) tick() {
	a := p.u.view.Attempt
	if a == nil {
		return
	}
	if p.follow { // the navigator has its size by now
		p.follow = false
		p.nav.reveal(p.nav.current())
	}
	p.head.update()
	p.tellTime(a, a.Remaining(p.u.actor.Now()))
}

// divide moves the line between two columns by a part of their width.
func (p *examPane) divide(by float64) {
	for _, s := range splits(p.task) {
		s.SetOffset(min(max(s.Offset+by, 0.2), 0.8))
	}
}

// keys are the keys of the exam.
func (p *examPane) keys() []binding {
	u := p.u
	profile := u.view.Attempt.Profile
	tool := func(t exam.Tool) (func() bool, func()) {
		return func() bool { return profile.Has(t) }, func() { u.toolSheet(t) }
	}
	hasCalculator, calculator := tool(exam.ToolCalculator)
	hasElements, elements := tool(exam.ToolElements)
	hasSolubility, solubility := tool(exam.ToolSolubility)
	by := func(n int) (func() bool, func()) {
		return func() bool { _, ok := p.nav.step(n); return ok }, func() { p.step(n) }
	}
	canNext, next := by(1)
	canPrevious, previous := by(-1)
	hides := func() bool { return turns(p.task) }
	divided := func() bool { return len(splits(p.task)) > 0 }
	reads := func() bool { return (p.edit == nil || !p.edit.MultiLine) && hides() }
	list := []binding{
		{key: fyne.KeyF4, name: "next", when: canNext, do: next},
		{key: fyne.KeyPageDown, mods: fyne.KeyModifierControl, name: "next", when: canNext, do: next},
		{key: fyne.KeyF4, mods: fyne.KeyModifierShift, name: "previous", when: canPrevious, do: previous},
		{key: fyne.KeyPageUp, mods: fyne.KeyModifierControl, name: "previous", when: canPrevious, do: previous},
		{key: fyne.KeyF11, name: "jump", do: u.jumpSheet},
	}
	list = append(list, p.taskKeys()...)
	return append(list,
		binding{key: fyne.KeyF2, name: "flag", do: p.toggleFlag},
		binding{key: fyne.KeyF2, mods: fyne.KeyModifierShift, name: "filter", do: u.nextFilter},
		binding{key: fyne.KeyPageDown, name: "read", when: reads, do: func() { turn(p.task, pageShare) }},
		binding{key: fyne.KeyPageUp, name: "read", when: reads, do: func() { turn(p.task, -pageShare) }},
		binding{key: fyne.KeyPageDown, mods: fyne.KeyModifierAlt, name: "read", when: hides, do: func() { turn(p.task, pageShare) }},
		binding{key: fyne.KeyPageUp, mods: fyne.KeyModifierAlt, name: "read", when: hides, do: func() { turn(p.task, -pageShare) }},
		binding{key: fyne.KeyLeft, mods: fyne.KeyModifierAlt, name: "divide", when: divided, do: func() { p.divide(-0.05) }},
		binding{key: fyne.KeyRight, mods: fyne.KeyModifierAlt, name: "divide", when: divided, do: func() { p.divide(0.05) }},
		binding{key: fyne.KeyF5, name: "calculator", when: hasCalculator, do: calculator},
		binding{key: fyne.KeyF6, name: "elements", when: hasElements, do: elements},
		binding{key: fyne.KeyF7, name: "solubility", when: hasSolubility, do: solubility},
		binding{key: fyne.KeyF8, name: "appeal", when: func() bool { return profile.Appeal.Technical }, do: u.appealSheet},
		binding{key: fyne.KeyF9, name: "call", do: u.callSheet},
		binding{key: fyne.KeyF1, mods: fyne.KeyModifierShift, name: "time", do: u.timeSheet},
		binding{key: fyne.KeyEscape, name: "put-away", when: p.warns, do: p.putWarningAway},
		binding{key: fyne.KeyEscape, name: "keep-theme", when: func() bool { return p.picking }, do: p.keepTheme},
		binding{key: fyne.KeyF10, name: "finish", do: u.finishSheet},
	)
}
