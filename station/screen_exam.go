package station

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"emtihan/exam"
	"emtihan/station/editor"
	"emtihan/station/editor/clipboard"
	"emtihan/station/look"
	"emtihan/station/problem"
	"emtihan/station/session"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// examPane is the exam itself: the tasks on the left, the shown task beside them, the clock above, the tools below.
type examPane struct {
	u       *ui
	lang    string // the candidate's exam language
	item    *exam.Item
	cells   []*look.Cell
	grids   []*fyne.Container // the grid in which each cell stands
	tasks   *container.Scroll
	task    *fyne.Container
	options []*look.Option
	words   *editor.Line
	edit    *editor.Editor
	refused *look.Banner
	saved   *editor.Line
	clock   *editor.Line
	warning *look.Banner
	flag    *look.Button
	counts  *widget.Label
	follow  bool // the navigator has still to scroll to the task
	warned  int  // minutes left for which the warning stands
}

func (u *ui) examScreen() *screen {
	p := &examPane{u: u, lang: u.view.Attempt.Opened.Candidate.Language}
	clipboard.Inside().BelongTo(u.view.Attempt.Opened.Attempt)
	p.task = container.NewStack()
	p.refused = look.NewBanner(look.Trouble, "")
	p.warning = look.NewBanner(look.Warning, "")
	p.saved, p.clock = editor.NewLine("", look.Good), editor.NewLine("", look.Ink)
	p.saved.Reserve = []string{u.t("station.exam.saving"), u.t("station.exam.saved"), u.t("station.exam.unsaved")}
	p.clock.Reserve = []string{clockText(10*time.Hour - time.Second)}
	p.saved.TextSize, p.clock.TextSize = 15*max(1, u.set.opt.Scale), 22*max(1, u.set.opt.Scale)
	p.clock.TextStyle = fyne.TextStyle{Bold: true, Monospace: true}
	p.counts = look.Note("")
	root := container.NewBorder(p.top(), p.bottom(), p.navigator(), nil,
		container.NewBorder(container.NewVBox(p.warning, p.refused), nil, nil, nil, look.Wide(p.task)))
	return &screen{
		name: "exam", root: root, update: p.update, tick: p.tick, keys: p.keys,
		sight: func(s *sight) { s.Saved = p.saved.Text == u.t("station.exam.saved") },
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
			p.keepCaret()
			u.exam = nil
		},
	}
}

func (p *examPane) top() fyne.CanvasObject {
	u := p.u
	a := u.view.Attempt
	who := widget.NewLabelWithStyle(a.Opened.Candidate.Name, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	who.Truncation = fyne.TextTruncateEllipsis
	seat := look.Note(u.t("station.exam.seat", "Seat", a.Opened.Candidate.Seat))
	seat.Wrapping = fyne.TextWrapOff
	right := container.NewHBox(
		container.NewCenter(p.saved), look.Gap(1), container.NewCenter(p.clock), look.Gap(1), u.languages())
	return bar(container.NewBorder(nil, nil, nil, right, container.NewBorder(nil, nil, nil, container.NewCenter(seat), who)), nil, look.Rule())
}

func (p *examPane) bottom() fyne.CanvasObject {
	u := p.u
	profile := u.view.Attempt.Profile
	button := func(id string, f func()) *look.Button {
		return look.NewButton(u.t("station.exam."+id), look.Plain, u.keys, f)
	}
	p.flag = button("flag", p.toggleFlag)
	left := container.NewHBox(button("previous", func() { p.step(-1) }), button("next", func() { p.step(1) }), p.flag)
	for _, tool := range profile.Tools {
		left.Add(button("tool-"+string(tool), func() { u.toolSheet(tool) }))
	}
	if profile.Appeal.Technical {
		left.Add(button("appeal", u.appealSheet))
	}
	left.Add(button("call", u.callSheet))
	finish := look.NewButton(u.t("station.exam.finish"), look.Danger, u.keys, u.finishSheet)
	return bar(container.NewBorder(nil, nil, nil, finish, container.NewHScroll(left)), look.Rule(), nil)
}

func (p *examPane) navigator() fyne.CanvasObject {
	u := p.u
	paper := u.view.Attempt.Paper
	box := container.NewVBox(look.Strong(u.t("station.exam.tasks")))
	n := 0
	for _, block := range paper.Blocks {
		box.Add(look.Note(block.Title.In(p.lang)))
		grid := container.NewGridWrap(look.NewCell("000", nil).MinSize())
		for i := range block.Items {
			n++
			id := block.Items[i].ID
			cell := look.NewCell(strconv.Itoa(n), func() { p.goTo(id) })
			p.cells, p.grids = append(p.cells, cell), append(p.grids, grid)
			grid.Add(cell)
		}
		box.Add(grid)
	}
	legend := func(answered, flagged bool, id string) fyne.CanvasObject {
		c := look.NewCell(" ", func() {})
		c.Set(answered, flagged, false)
		return container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(26, 26), c), nil, look.Note(u.t(id)))
	}
	foot := container.NewVBox(look.Rule(), p.counts,
		legend(true, false, "station.exam.answered"), legend(false, true, "station.exam.flagged"), legend(false, false, "station.exam.open"))
	p.tasks = container.NewVScroll(box)
	column := container.NewBorder(nil, foot, nil, nil, p.tasks)
	width := 236 * (1 + (max(1, u.set.opt.Scale)-1)/2)
	ground := canvas.NewRectangle(look.Paper)
	ground.SetMinSize(fyne.NewSize(width, 0))
	edge := canvas.NewRectangle(look.Line)
	edge.SetMinSize(fyne.NewSize(1, 0))
	return container.NewBorder(nil, nil, nil, edge, container.NewStack(ground, container.NewPadded(column)))
}

// goTo asks for another task; the view that follows shows it.
func (p *examPane) goTo(id string) {
	p.turn(id)
	p.u.do(exam.Show{Item: id}, p.said)
}

func (p *examPane) step(by int) {
	items := p.u.view.Attempt.Paper.Items()
	i := slices.Index(items, p.item) + by
	if i >= 0 && i < len(items) {
		p.goTo(items[i].ID)
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
	item, i, ok := u.view.Attempt.Paper.Item(id)
	if !ok || p.item == item {
		return
	}
	p.keepCaret()
	p.item, p.edit, p.options, p.words = item, nil, nil, nil
	u.at = id
	p.refused.Set(look.Trouble, "")
	points := look.Note(u.t("station.exam.points", "Count", item.Points))
	points.Wrapping = fyne.TextWrapOff
	head := container.NewBorder(nil, nil, nil, points,
		look.Strong(u.t("station.exam.task", "Number", i+1, "Count", len(u.view.Attempt.Paper.Items()))))
	prompt := container.NewVBox()
	for _, para := range strings.Split(item.Text.In(p.lang), "\n\n") {
		prompt.Add(look.Body(strings.TrimSpace(para)))
	}
	passage := u.view.Attempt.Paper.Passage(item.Passage)
	left := container.NewVBox()
	if passage != nil {
		for _, para := range strings.Split(passage.In(p.lang), "\n\n") {
			left.Add(look.Body(strings.TrimSpace(para)))
		}
	}
	var content fyne.CanvasObject
	switch {
	case item.Kind == exam.Essay || item.Kind == exam.Long:
		left.Add(prompt)
		content = p.beside(look.Column(head, left), p.writing(), 0.40)
	case passage != nil:
		content = p.beside(look.Column(left), look.Column(head, prompt, p.answer()), 0.52)
	default:
		content = look.Column(head, prompt, p.answer())
	}
	p.task.Objects = []fyne.CanvasObject{content}
	p.task.Refresh()
	if p.edit != nil {
		u.win.Canvas().Focus(p.edit)
		caret, ok := u.carets[id]
		if !ok {
			caret = u.view.Attempt.Response(id).Caret
		}
		p.edit.PlaceCaret(caret)
		p.settle(id)
	} else {
		u.win.Canvas().Unfocus()
	}
	p.marks(u.view.Attempt)
	p.follow = true
}

// keepCaret remembers where the candidate stands in the text that goes off the screen.
func (p *examPane) keepCaret() {
	if p.edit != nil {
		p.u.carets[p.item.ID] = p.edit.Caret()
	}
}

// reveal scrolls the navigator to the task that is shown.
func (p *examPane) reveal() {
	i := slices.Index(p.u.view.Attempt.Paper.Items(), p.item)
	top := p.grids[i].Position().Y + p.cells[i].Position().Y
	bottom := top + p.cells[i].Size().Height
	switch height := p.tasks.Size().Height; {
	case top < p.tasks.Offset.Y:
		p.tasks.ScrollToOffset(fyne.NewPos(0, top))
	case bottom > p.tasks.Offset.Y+height:
		p.tasks.ScrollToOffset(fyne.NewPos(0, bottom-height))
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
	return editor.New(p.draft(), many, p.u.keys, func(e editor.Edit, next string) bool {
		if p.edit.Runes() > exam.MaxResponse {
			p.refused.Set(look.Trouble, p.u.said(exam.ErrTooLong))
			return false
		}
		p.refused.Set(look.Trouble, "")
		p.u.drafts[id] = next
		p.countWords()
		p.send(id, e)
		return true
	})
}

// send sends the edit that led to the draft. While nothing is on the way, the edit is made against what the actor really
// has: after a refusal the editor's own idea of it would be wrong, and every later edit would go astray.
func (p *examPane) send(id string, e editor.Edit) {
	u := p.u
	if u.flights[id] == 0 {
		var differs bool
		if e, differs = editor.Diff(u.actor.View().Attempt.Response(id).Text, u.drafts[id]); !differs {
			return
		}
	}
	u.answer(id, exam.Edit{Item: id, Position: e.Position, Removed: e.Removed, Inserted: e.Inserted})
}

// settle sends what the candidate wrote in the moment in which the exam was held up.
func (p *examPane) settle(id string) {
	if _, ok := p.u.drafts[id]; ok && p.u.flights[id] == 0 {
		p.send(id, editor.Edit{})
	}
}

// answer sends a command that changes an answer. Until the actor has taken it, nothing is called saved (R11).
func (u *ui) answer(item string, cmd exam.Command) {
	u.flights[item]++
	if u.exam != nil {
		u.exam.showSaved(false)
	}
	u.do(cmd, func(err error) {
		if u.flights[item]--; u.flights[item] <= 0 {
			delete(u.flights, item)
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
		if p.item.ID == item && p.edit != nil {
			p.edit.Replace(text)
			p.countWords()
		}
		if p.item.ID == item {
			p.markOptions()
		}
	}
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
	item := p.item
	if item.Kind == exam.Short {
		p.edit = p.newEditor(false)
		return look.Fixed(420, container.NewVBox(p.edit))
	}
	box := container.NewVBox()
	if item.Kind == exam.Multiple {
		box.Add(look.Note(p.u.t("station.exam.several")))
	}
	chosen := p.u.view.Attempt.Response(item.ID).Options
	for i, o := range item.Options {
		mark := look.NewOption(o.Text.In(p.lang), item.Kind == exam.Multiple, slices.Contains(chosen, o.ID), p.u.keys, func() { p.choose(i) })
		p.options = append(p.options, mark)
		box.Add(mark)
	}
	return box
}

// markOptions shows what the actor has.
func (p *examPane) markOptions() {
	chosen := p.u.actor.View().Attempt.Response(p.item.ID).Options
	for i, o := range p.options {
		o.SetChosen(slices.Contains(chosen, p.item.Options[i].ID))
	}
}

// choose marks an option, or takes the mark of one of several away.
func (p *examPane) choose(i int) {
	if i >= len(p.options) {
		return
	}
	many := p.item.Kind == exam.Multiple
	var ids []string
	for j, o := range p.options {
		on := o.Chosen
		switch {
		case j == i && many:
			on = !on
		case !many:
			on = j == i
		}
		o.SetChosen(on)
		if on {
			ids = append(ids, p.item.Options[j].ID)
		}
	}
	p.u.answer(p.item.ID, exam.Choose{Item: p.item.ID, Options: ids})
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
	if p.item == nil {
		p.turn(a.Current)
	}
	saved := v.Saved() && len(p.u.flights) == 0
	for id, text := range p.u.drafts {
		if a.Response(id).Text != text {
			saved = false // written in the moment in which the exam was held up
		}
	}
	p.showSaved(saved)
	p.marks(a)
}

func (p *examPane) marks(a *exam.Attempt) {
	answered := 0
	for i, it := range a.Paper.Items() {
		r := a.Responses[i]
		if it.Answered(r) {
			answered++
		}
		p.cells[i].Set(it.Answered(r), r.Flagged, it == p.item)
	}
	text := p.u.t("station.exam.counts", "Answered", answered, "Items", len(p.cells))
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
	left := a.Remaining(p.u.actor.Now())
	if p.follow { // the navigator has its size by now
		p.follow = false
		p.reveal()
	}
	if text := clockText(left); p.clock.Text != text {
		p.clock.Text = text
		p.clock.Refresh()
		p.u.see()
	}
	stands := 0
	for _, m := range a.Profile.Clock.WarnMinutesLeft {
		if left <= time.Duration(m)*time.Minute && (stands == 0 || m < stands) {
			stands = m
		}
	}
	if stands != p.warned {
		p.warned = stands
		text := ""
		if stands > 0 {
			text = p.u.t("station.exam.warning", "Minutes", stands)
		}
		p.warning.Set(look.Warning, text)
	}
}

func (p *examPane) keys(e *fyne.KeyEvent) bool {
	u := p.u
	has := u.view.Attempt.Profile.Has
	switch e.Name {
	case fyne.KeyF2:
		p.toggleFlag()
	case fyne.KeyPageDown, fyne.KeyPageUp:
		if p.edit != nil && p.edit.MultiLine {
			return false
		}
		by := map[fyne.KeyName]int{fyne.KeyPageDown: 1, fyne.KeyPageUp: -1}[e.Name]
		// After this key is done with: otherwise the editor that gets the focus takes it as a page motion of its own.
		go u.post(func() { p.step(by) })
	case fyne.KeyF4:
		p.step(1)
	case fyne.KeyF5:
		if has(exam.ToolCalculator) {
			u.toolSheet(exam.ToolCalculator)
		}
	case fyne.KeyF6:
		if has(exam.ToolElements) {
			u.toolSheet(exam.ToolElements)
		}
	case fyne.KeyF7:
		if has(exam.ToolSolubility) {
			u.toolSheet(exam.ToolSolubility)
		}
	case fyne.KeyF8:
		if u.view.Attempt.Profile.Appeal.Technical {
			u.appealSheet()
		}
	case fyne.KeyF9:
		u.callSheet()
	case fyne.KeyF10:
		u.finishSheet()
	default:
		if n, err := strconv.Atoi(string(e.Name)); err == nil && p.edit == nil && n >= 1 {
			p.choose(n - 1)
			return true
		}
		return false
	}
	return true
}
