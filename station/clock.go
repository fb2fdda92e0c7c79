package station

import (
	"time"

	"emtihan/exam"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// hiddenClock stands where the clock would.
const hiddenClock = "–:––:––"

// stands returns for which of the profile's minutes a warning is due with the time that is left, or 0.
func stands(a *exam.Attempt, left time.Duration) int {
	least := 0
	for _, m := range a.Profile.Clock.WarnMinutesLeft {
		if left <= time.Duration(m)*time.Minute && (least == 0 || m < least) {
			least = m
		}
	}
	return least
}

// tellTime brings clock and warnings up to date. A warning comes without taking the focus and moves nothing but the list of
// tasks; the clock may be hidden until the first of them.
func (p *examPane) tellTime(a *exam.Attempt, left time.Duration) {
	u := p.u
	due := stands(a, left)
	text, c := clockText(left), look.Ink
	switch {
	case due > 0:
		c = look.Warn
	case u.prefs.HideClock:
		text, c = hiddenClock, look.Quiet
	}
	if p.clock.Text != text || p.clock.Color != c {
		p.clock.Text, p.clock.Color = text, c
		p.clock.Refresh()
		u.see()
	}
	if due == 0 {
		u.putAway = 0 // extra time was granted (R2): the warnings will be due once more
	}
	words := ""
	if due > 0 && due != u.putAway {
		id := "station.exam.warning"
		if look.Large() {
			id = "station.exam.warning-brief" // the list of tasks below it needs its room, too
		}
		words = u.t(id, "Minutes", due)
	}
	if p.warning.Text() != words {
		p.warning.Set(look.Warning, words)
		show(p.warned, words != "")
		p.warned.Refresh()
	}
	p.due = due
}

// putWarningAway takes the warning off the screen. The next one comes all the same.
func (p *examPane) putWarningAway() {
	p.u.putAway = p.due
	p.tick()
}

// isSaved reports whether the screen says that everything is on the disk.
func (p *examPane) isSaved() bool { return p.saved.Text == p.u.t("station.exam.saved") }

// warns reports whether a warning is on the screen.
func (p *examPane) warns() bool { return p.warning.Text() != "" }

// warningBox holds the warning and the way to put it away.
func (p *examPane) warningBox() fyne.CanvasObject {
	p.warning = look.NewBanner(look.Warning, "")
	away := look.NewButton(p.u.t("station.exam.put-away"), look.Plain, p.u.keys, p.putWarningAway)
	p.warned = container.NewVBox(p.warning, away)
	p.warned.Hide()
	return p.warned
}

// timeSheet says in whole sentences what the header says in marks: for whoever has hidden the clock, or cannot read small
// words (R2).
func (u *ui) timeSheet() {
	a := u.view.Attempt
	if a == nil {
		return
	}
	left := a.Remaining(u.actor.Now())
	minutes := int((left + time.Minute - 1) / time.Minute)
	lines := []fyne.CanvasObject{
		look.Fixed(560, look.Heading(u.t("station.time.left", "Hours", minutes/60, "Minutes", minutes%60))),
		look.Body(u.t("station.time.who", "Name", a.Opened.Candidate.Name, "Seat", a.Opened.Candidate.Seat)),
		look.Body(u.t("station.exam.counts", "Answered", len(a.Paper.Items())-len(a.Unanswered()), "Items", len(a.Paper.Items()))),
	}
	tone, text := look.Calm, u.t("station.time.saving")
	switch {
	case u.view.Trouble != nil:
		tone, text = look.Trouble, u.trouble.Text()
	case u.exam != nil && u.exam.isSaved():
		tone, text = look.Fine, u.t("station.time.saved")
	}
	lines = append(lines, look.NewBanner(tone, text))
	s := u.standing()
	if u.room.client != nil {
		if s.room {
			lines = append(lines, look.NewBanner(look.Fine, u.t("station.time.room-hears")))
		} else {
			lines = append(lines, look.NewBanner(look.Warning, u.t("problem.room-unreachable.what")+" "+u.t("problem.room-unreachable.do")))
		}
	}
	switch s.camera {
	case cameraThere:
		lines = append(lines, look.NewBanner(look.Fine, u.t("station.time.camera-works")))
	case cameraMissing:
		lines = append(lines, look.NewBanner(look.Warning, u.t("station.time.camera-fails")))
	}
	if s.layout != "" {
		lines = append(lines, look.Body(u.t("station.exam.keyboard", "Layout", s.layout)))
	}
	done := look.NewButton(u.t("common.close"), look.Primary, u.keys, u.closeSheet)
	lines = append(lines, look.Gap(4), container.NewHBox(layout.NewSpacer(), done))
	u.open(&sheet{name: "time", enter: u.closeSheet}, container.NewVBox(lines...), done)
}
