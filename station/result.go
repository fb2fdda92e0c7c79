package station

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"emtihan/exam"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
)

// blockTitles names blocks of the paper in the exam language.
func (u *ui) blockTitles(ids []string) string {
	a := u.view.Attempt
	var out []string
	for _, b := range a.Paper.Blocks {
		if slices.Contains(ids, b.ID) {
			out = append(out, b.Title.In(a.Opened.Candidate.Language))
		}
	}
	return strings.Join(out, ", ")
}

// endScreen says goodbye, and what the machine has marked where the profile shows it (R4).
func (u *ui) endScreen() *screen {
	a := u.view.Attempt
	message := look.NewBanner(look.Warning, "")
	b, leave := u.leaveButton(message)
	box := container.NewVBox(look.Heading(u.t("station.end.title")), look.Body(u.t("station.end.thanks", "Name", a.Opened.Candidate.Name)))
	finished := "farewell"
	if a.Score != nil {
		verdict, tone := "passed", look.Fine
		if !a.Score.Passed {
			verdict, tone = "failed", look.Warning
		}
		finished = fmt.Sprintf("%d/%d %s", a.Score.Points, a.Score.Most, verdict)
		box.Add(look.Gap(6))
		box.Add(look.Heading(u.t("station.end.score", "Points", a.Score.Points, "Most", a.Score.Most)))
		box.Add(look.NewBanner(tone, u.t("station.end."+verdict, "Threshold", a.Profile.Result.Threshold)))
	}
	if a.ShowsMarks() {
		box.Add(u.blockTable())
		if a.Score == nil {
			box.Add(look.Body(u.t("station.end.held")))
		}
	} else if a.Validity() == exam.Valid && a.Appeal == nil {
		box.Add(look.Body(u.t("station.end.tomorrow")))
	}
	if a.Appeal != nil {
		box.Add(look.Body(u.t("station.review.over", "Count", len(a.WorkAppeals))))
	}
	box.Add(look.Body(u.t("station.end.counts", "Answered", len(a.Paper.Items())-len(a.Unanswered()), "Items", len(a.Paper.Items()))))
	row := container.NewHBox()
	if a.ShowsMarks() {
		row.Add(look.NewButton(u.t("station.map.title"), look.Plain, u.keys, u.mapSheet))
		if _, open := a.ContentAppealsUntil(u.actor.Now()); open {
			row.Add(look.NewButton(u.t("station.content.title"), look.Plain, u.keys, u.contentAppealSheet))
		}
	}
	filed := look.Body("")
	box.Add(filed)
	tell := func() {
		text := ""
		if list := u.view.Attempt.ContentAppeals; len(list) > 0 {
			text = u.t("station.content.count", "Count", len(list), "List", u.taskNumbers(list))
		}
		if filed.Text != text {
			filed.SetText(text)
		}
		filed.Hidden = text == ""
	}
	tell()
	row.Hidden = len(row.Objects) == 0
	// In the order of Tab: what the result is looked at with, and only then the way out.
	foot := container.NewVBox(message, container.New(layout.NewBorderLayout(nil, nil, row, nil), row, b))
	if a.Score != nil || a.Appeal != nil {
		leave = nil // a key that is still down from the last check must not take the result away
	}
	return &screen{
		name: "end", root: u.page(look.Sheet(680, box, foot)), enter: leave, tick: tell,
		sight: func(s *sight) { s.Finished = finished },
	}
}

func (u *ui) taskNumbers(list []exam.AppealedContent) string {
	var numbers []string
	for _, c := range list {
		if _, i, ok := u.view.Attempt.Paper.Item(c.Item); ok {
			numbers = append(numbers, strconv.Itoa(i+1))
		}
	}
	return strings.Join(numbers, ", ")
}

// blockTable has the points of each block beside its minimum.
func (u *ui) blockTable() fyne.CanvasObject {
	a := u.view.Attempt
	box := container.New(layout.NewCustomPaddedVBoxLayout(0))
	for _, m := range a.Marks().Blocks {
		if m.Most == 0 {
			continue
		}
		text := u.t("station.map.points", "Points", m.Points, "Most", m.Most)
		if m.Minimum > 0 {
			id := "station.map.enough"
			if !m.Enough() {
				id = "station.map.too-few"
			}
			text += " · " + u.t(id, "Minimum", m.Minimum)
		}
		box.Add(container.NewBorder(nil, nil, look.Fixed(300, look.Note(u.blockTitles([]string{m.Block}))), nil, look.Strong(text)))
		box.Add(look.Rule())
	}
	return box
}

// mapSheet is the map of results: block, task, points; never the key.
func (u *ui) mapSheet() {
	a := u.view.Attempt
	marks := a.Marks()
	list := container.NewVBox()
	cell := fyne.NewSize(118*look.Scale(), 30*look.Scale())
	for _, b := range marks.Blocks {
		list.Add(look.Strong(u.blockTitles([]string{b.Block}) + " — " + u.t("station.map.points", "Points", b.Points, "Most", b.Most)))
		grid := container.NewGridWrap(cell)
		for _, m := range marks.Items {
			if m.Block == b.Block {
				grid.Add(mapCell(m))
			}
		}
		list.Add(container.New(layout.NewCustomPaddedLayout(0, 0, theme.InnerPadding(), 0), grid))
	}
	scroll := container.NewVScroll(list)
	size := u.win.Canvas().Size()
	scroll.SetMinSize(fyne.NewSize(min(size.Width-120, 1000*look.Scale()), max(160, size.Height-190*look.Scale())))
	done := look.NewButton(u.t("common.close"), look.Primary, u.keys, u.closeSheet)
	u.open(&sheet{name: "map"}, container.NewVBox(
		look.Heading(u.t("station.map.title")), look.Note(u.t("station.map.lead")), scroll,
		container.NewHBox(layout.NewSpacer(), done),
	), done)
}

// mapCell is one task of the map: what a colour says, a sign says too.
func mapCell(m exam.ItemMarks) fyne.CanvasObject {
	sign, ink := "✗", look.Bad
	switch {
	case m.Held:
		sign, ink = "…", look.Quiet
	case m.Points == m.Most:
		sign, ink = "✓", look.Good
	case m.Points > 0:
		sign, ink = "±", look.Ink
	case !m.Answered:
		sign, ink = "–", look.Quiet
	}
	text := fmt.Sprintf("%d: %s", m.Number, sign) // without the colon a dash would make a range of it
	if !m.Held {
		text += fmt.Sprintf(" %d/%d", m.Points, m.Most)
	}
	t := canvas.NewText(text, ink)
	t.TextSize = 15 * look.Scale()
	return t
}
