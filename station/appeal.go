package station

import (
	"fmt"
	"strconv"
	"strings"

	"emtihan/exam"
	"emtihan/exam/content"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// plainTask returns what a task asks, without its marks.
func (u *ui) plainTask(it *exam.Item) string {
	a := u.view.Attempt
	return strings.TrimSpace(content.Plain(a.Paper.Content(it.Text, a.Opened.Candidate.Language)))
}

// contentAppealSheet takes an appeal on a machine-marked task after the end (R15).
func (u *ui) contentAppealSheet() {
	a := u.view.Attempt
	items := a.Paper.Items()
	number := look.NewField(1, u.keys)
	number.SetPlaceHolder(u.t("station.content.number"))
	task := look.Note("")
	text := look.NewField(3, u.keys)
	text.SetPlaceHolder(u.t("station.content.reason"))
	message := look.NewBanner(look.Trouble, "")
	ground := 0
	chosen := func() (*exam.Item, bool) {
		n, err := strconv.Atoi(strings.TrimSpace(number.Text))
		if err != nil || n < 1 || n > len(items) {
			return nil, false
		}
		return items[n-1], true
	}
	number.OnChanged = func(string) {
		said := ""
		if it, ok := chosen(); ok {
			said = shortened(u.plainTask(it), 160)
		}
		task.SetText(said)
	}
	grounds := container.NewVBox()
	for i := 1; i <= 4; i++ {
		grounds.Add(look.NewOption(u.t(fmt.Sprintf("station.content.ground%d", i)), false, false, u.keys, func() {
			ground = i
			for j, o := range grounds.Objects {
				o.(*look.Option).SetChosen(j+1 == ground)
			}
		}))
	}
	file := func() {
		it, ok := chosen()
		if !ok {
			message.Set(look.Trouble, u.t("refusal.no-item"))
			return
		}
		u.do(exam.AppealContent{Item: it.ID, Ground: ground, Text: text.Text}, func(err error) {
			if err != nil {
				message.Set(look.Trouble, u.said(err))
				return
			}
			u.message(u.t("station.appeal.filed"))
		})
	}
	until := ""
	if end, ok := a.ContentAppealsUntil(u.actor.Now()); ok {
		until = u.t("station.content.until", "Time", end.In(a.Opened.Zone()).Format("15:04"))
	}
	fields := container.NewVBox(
		look.Body(u.t("station.content.lead", "Minutes", a.Profile.Appeal.ContentMinutes)+" "+until),
		number, task, grounds, text,
	)
	content := container.NewVBox(look.Fixed(760, look.Heading(u.t("station.content.title"))), fields)
	foot := container.NewVBox(message, u.buttons(look.NewButton(u.t("station.appeal.go"), look.Primary, u.keys, file)))
	u.open(&sheet{name: "content-appeal", foot: foot}, content, number)
}

// shortened returns the beginning of a text in one line.
func shortened(s string, most int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= most {
		return string(r)
	}
	return string(r[:most]) + "…"
}

// openAppeal lets a candidate whose exam has ended back in by an administrator's decision: to content appeals, as long as their
// window is open, and within its hours to the appeal session (R15, R24).
func (u *ui) openAppeal(d exam.Deed, values map[string]string, message *look.Banner) {
	iin := strings.ReplaceAll(strings.TrimSpace(values["iin"]), " ", "")
	u.actor.Reopen(iin, func(err error) {
		if err != nil {
			u.post(func() { message.Set(look.Trouble, u.said(err)) })
			return
		}
		if a := u.actor.View().Attempt; a == nil || a.Profile.Appeal.SessionMinutes == 0 || a.Appeal != nil {
			return // the screen of the end has closed the sheet
		}
		u.actor.Do(exam.OpenAppeal{Deed: d}, func(err error) {
			if err != nil {
				u.post(func() { u.message(u.said(err)) })
			}
		})
	})
}

// reviewScreen shows the candidate their own work, as it was handed in, under the clock of the appeal session (R24). Nothing in
// it can be changed.
func (u *ui) reviewScreen() *screen {
	a := u.view.Attempt
	clock := look.Strong("")
	note := look.Note("")
	note.Wrapping = fyne.TextWrapOff
	list := container.NewVBox(look.Heading(u.t("station.review.title")), look.Body(u.t("station.review.lead", "Name", a.Opened.Candidate.Name)), look.Rule())
	held := 0
	for i, it := range a.Paper.Items() {
		if len(it.Key) > 0 {
			continue
		}
		held++
		list.Add(look.Strong(u.t("station.exam.task", "Number", i+1, "Count", len(a.Paper.Items()))))
		list.Add(look.Note(u.plainTask(it)))
		if len(it.Themes) > 0 {
			list.Add(look.Note(u.themeLine(it, a.Responses[i].Theme)))
		}
		answer := a.Responses[i].Text
		if strings.TrimSpace(answer) == "" {
			answer = u.t("station.review.empty")
		}
		for _, p := range strings.Split(strings.TrimSpace(answer), "\n") {
			list.Add(look.Body(p))
		}
		list.Add(container.NewHBox(look.NewButton(u.t("station.review.appeal"), look.Plain, u.keys, func() { u.workAppealSheet(it, i+1) })))
		list.Add(look.Rule())
	}
	if held == 0 {
		list.Add(look.Body(u.t("station.review.nothing")))
	}
	end := look.NewButton(u.t("station.review.go"), look.Primary, u.keys, func() {
		u.do(exam.CloseAppeal{}, func(err error) {
			if err != nil {
				u.message(u.said(err))
			}
		})
	})
	list.Add(container.NewHBox(layout.NewSpacer(), end))
	tell := func() {
		now := u.view.Attempt
		if now == nil {
			return
		}
		if text := u.t("station.review.clock", "Time", clockText(now.AppealRemaining(u.actor.Now()))); clock.Text != text {
			clock.SetText(text)
		}
		text := ""
		if n := len(now.WorkAppeals); n > 0 {
			text = u.t("station.review.filed", "Count", n)
		}
		if note.Text != text {
			note.SetText(text)
		}
	}
	tell()
	// The clock stays in sight, however long the work is.
	top := bar(container.NewBorder(nil, nil, nil, note, clock), nil, look.Rule())
	return &screen{name: "review", root: u.page(container.NewBorder(top, nil, nil, nil, look.Sheet(900, list, nil))), tick: tell}
}

// workAppealSheet takes an appeal against what people marked (R24).
func (u *ui) workAppealSheet(it *exam.Item, number int) {
	text := look.NewField(5, u.keys)
	text.SetPlaceHolder(u.t("station.review.reason"))
	message := look.NewBanner(look.Trouble, "")
	file := func() {
		u.do(exam.AppealWork{Item: it.ID, Text: text.Text}, func(err error) {
			if err != nil {
				message.Set(look.Trouble, u.said(err))
				return
			}
			u.message(u.t("station.appeal.filed"))
		})
	}
	foot := container.NewVBox(message, u.buttons(look.NewButton(u.t("station.appeal.go"), look.Primary, u.keys, file)))
	u.open(&sheet{name: "work-appeal", foot: foot}, container.NewVBox(
		look.Fixed(620, look.Heading(u.t("station.review.appeal-title", "Number", number))), look.Body(u.t("station.review.appeal-lead")), text,
	), text)
}
