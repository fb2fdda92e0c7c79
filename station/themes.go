package station

import (
	"strings"

	"emtihan/exam"
	"emtihan/exam/content"
	"emtihan/station/item"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// field is where a long text is written. Where the task has themes, they stand in its place until one is chosen, and the chosen
// one stands above the text from then on, or with the task.
func (p *examPane) field() fyne.CanvasObject {
	switch {
	case p.picks():
		return p.themePicker()
	case len(p.item.Themes) == 0 || p.themeWithTask():
		return p.writing()
	}
	return container.New(themeAbove{}, p.themeHead(), p.writing())
}

// themeWithTask reports whether the chosen theme stands with the task: above a large text it would leave room for a few lines.
func (p *examPane) themeWithTask() bool {
	return look.Large() && len(p.item.Themes) > 0 && !p.picks()
}

// asked is the column of what is asked for, below its head.
func (p *examPane) asked(head fyne.CanvasObject) fyne.CanvasObject {
	if !p.themeWithTask() {
		return item.Column(head, p.pane.Prompt)
	}
	title, text, change := p.themeParts()
	return item.Column(head, title, text, container.NewHBox(change), p.pane.Prompt)
}

// picks reports whether the themes stand where the text is written.
func (p *examPane) picks() bool { return len(p.item.Themes) > 0 && (p.theme == "" || p.picking) }

func (p *examPane) themePicker() fyne.CanvasObject {
	u := p.u
	p.pane.OnTheme = p.pickTheme
	lead := "station.theme.lead"
	if p.theme != "" {
		lead = "station.theme.lead-again"
	}
	column := item.Column(look.Strong(u.t("station.theme.title")), look.Note(u.t(lead)), p.pane.Answer)
	if p.theme == "" {
		return column
	}
	back := look.NewButton(u.t("station.theme.back"), look.Plain, u.keys, p.keepTheme)
	return container.NewBorder(nil, container.NewHBox(back), nil, nil, column)
}

// themeParts are the number of the chosen theme, its text, and the way to another one.
func (p *examPane) themeParts() (title, text fyne.CanvasObject, change *look.Button) {
	u := p.u
	theme, place := p.item.Theme(p.theme)
	change = look.NewButton(u.t("station.theme.change"), look.Plain, u.keys, func() {
		p.picking = true
		p.relay()
	})
	return look.Strong(u.t("station.theme.number", "Number", place+1)), p.pane.Theme(theme), change
}

// themeHead is the chosen theme above the text.
func (p *examPane) themeHead() *container.Scroll {
	title, text, change := p.themeParts()
	return item.Column(container.NewBorder(nil, nil, nil, change, title), container.New(layout.NewCustomPaddedLayout(0, 4, 4, 0), text))
}

// pickTheme is the candidate's wish for a theme. What is written under another one is not moved below a new title by a slip of
// the hand.
func (p *examPane) pickTheme(id string) {
	switch {
	case id == p.theme:
		p.keepTheme()
	case p.theme != "" && p.draft() != "":
		p.u.themeSheet(p.item, id)
	default:
		p.takeTheme(id)
	}
}

// takeTheme chooses a theme. The text can be written at once: its edits follow the choice to the actor.
func (p *examPane) takeTheme(id string) {
	p.u.answer(p.item.ID, exam.ChooseTheme{Item: p.item.ID, Theme: id})
	p.theme = id
	p.keepTheme()
}

// keepTheme goes back to the text. The toolkit sends the character of a key after the key itself, to whatever has the focus by
// then: a digit or a space that has chosen a theme must not be the first of the text.
func (p *examPane) keepTheme() {
	u, it := p.u, p.item
	p.picking = false
	u.post(func() {
		if u.exam == p && p.item == it && p.edit == nil && !p.picks() {
			p.relay()
			u.see()
		}
	})
}

// themeSight is what the diagnostics tell of the themes.
func (p *examPane) themeSight() string {
	switch {
	case p.item == nil || len(p.item.Themes) == 0:
		return ""
	case p.edit == nil:
		return "open"
	}
	return "chosen"
}

// followTheme shows the theme that the attempt has, once nothing is on the way to it: a choice may have been refused, or have
// landed after the screen was made anew.
func (p *examPane) followTheme() {
	if p.item == nil || len(p.item.Themes) == 0 || p.u.flights[p.item.ID] > 0 {
		return
	}
	if a := p.u.actor.View().Attempt; a != nil {
		if theme := a.Response(p.item.ID).Theme; theme != p.theme {
			p.theme, p.picking = theme, false
			p.relay()
		}
	}
}

// themeSheet asks whether the theme of a text is to be another one. The way back has the focus.
func (u *ui) themeSheet(it *exam.Item, id string) {
	change := func() {
		u.closeSheet()
		if p := u.exam; p != nil && p.item == it {
			p.takeTheme(id)
		}
	}
	body := container.NewVBox(look.Fixed(560, look.Heading(u.t("station.theme.ask"))), look.Body(u.t("station.theme.ask-lead")), look.Strong(u.themeLine(it, id)))
	back := look.NewButton(u.t("common.cancel"), look.Primary, u.keys, u.closeSheet)
	other := look.NewButton(u.t("station.theme.go"), look.Plain, u.keys, change)
	u.open(&sheet{name: "theme", foot: container.NewHBox(other, layout.NewSpacer(), back)}, body, back)
}

// themeLine names a theme of a task with its number, without its marks.
func (u *ui) themeLine(it *exam.Item, id string) string {
	theme, place := it.Theme(id)
	if theme == nil {
		return u.t("station.theme.none")
	}
	a := u.view.Attempt
	text := strings.TrimSpace(content.Plain(a.Paper.Content(theme.Text, a.Opened.Candidate.Language)))
	return u.t("station.theme.number", "Number", place+1) + ". " + text
}

// themeAbove puts the theme above the text: as high as it needs, but not so high that there is no room to write.
type themeAbove struct{}

// mostTheme is the part of the height that the theme may take; longer ones scroll.
const mostTheme = 0.5

// MinSize implements fyne.Layout.
func (themeAbove) MinSize(objects []fyne.CanvasObject) fyne.Size {
	above, below := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(max(above.Width, below.Width), above.Height+below.Height)
}

// Layout implements fyne.Layout.
func (themeAbove) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	theme := objects[0].(*container.Scroll)
	height := theme.Size().Height
	for range 2 { // a text knows its height once it has its width
		theme.Resize(fyne.NewSize(size.Width, height))
		height = min(theme.Content.MinSize().Height, max(mostTheme*size.Height, theme.MinSize().Height))
	}
	theme.Resize(fyne.NewSize(size.Width, height))
	theme.Move(fyne.Position{})
	objects[1].Move(fyne.NewPos(0, height))
	objects[1].Resize(fyne.NewSize(size.Width, max(0, size.Height-height)))
}
