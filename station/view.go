package station

import (
	"fmt"
	"math"
	"slices"

	"emtihan/exam"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// How far one step changes the size of the text, in per cent.
const percentStep = 25

// preset are the preferences with which the station starts, and to which it comes back for the next candidate.
func preset(opt Options) exam.Preferences {
	percent := int(math.Round(float64(opt.Scale) * 100))
	return exam.Preferences{Percent: min(max(percent, look.LeastPercent), look.MostPercent), Theme: look.Light}
}

// setting is what of the preferences the look of the window follows from.
func (u *ui) setting() look.Setting {
	return look.Setting{Theme: u.prefs.Theme, Percent: u.prefs.Percent}
}

// dress brings theme and text size to the whole program. Who builds the screen anew afterwards has it on the window.
func (u *ui) dress() {
	look.Use(u.setting())
	u.trouble = look.NewBanner(look.Trouble, "")
	u.band.Objects = []fyne.CanvasObject{u.trouble}
	u.band.Refresh()
}

// adopt takes up the preferences of the candidate who sits there now: those of the log after a restart, those that were
// chosen before the login, and for the next candidate none of the last one's (R2).
func (u *ui) adopt() {
	a := u.view.Attempt
	owner := ""
	if a != nil {
		owner = a.Opened.Attempt
	}
	if owner == u.owner {
		return
	}
	u.owner = owner
	switch {
	case a == nil:
		u.prefs, u.putAway = preset(u.set.opt), 0
	case a.Preferences != nil:
		u.prefs = *a.Preferences
	case u.prefs != preset(u.set.opt):
		u.do(exam.Prefer{Preferences: u.prefs}, nil)
	}
	if look.Now() != u.setting() {
		u.dress()
	}
}

// prefer applies preferences at once and has the log keep them (R2).
func (u *ui) prefer(p exam.Preferences) {
	u.prefs = p
	if a := u.view.Attempt; a != nil && !a.Phase.Ended() {
		u.do(exam.Prefer{Preferences: p}, nil)
	}
	if look.Now() != u.setting() {
		u.rebuild(u.dress)
	}
	if u.exam != nil {
		u.exam.tick()
	}
}

// rebuild builds the screen anew after a change that all of it shows, and leaves focus, scrolling and divided columns as
// they were.
func (u *ui) rebuild(change func()) {
	at := u.place()
	change()
	u.render()
	u.settle(at)
	u.later = func() { u.settle(at) } // heights that follow from widths are known only after a picture
}

// place is where the candidate is on a screen, in terms that another making of the same screen understands.
type place struct {
	screen string
	focus  int       // among what can have it, or −1
	offset []float32 // how far each part is scrolled, from 0 to 1
	share  []float64 // how columns are divided
}

func (u *ui) place() place {
	out := place{focus: -1}
	if u.scr == nil {
		return out
	}
	out.screen = u.scr.name
	focused := u.win.Canvas().Focused()
	if u.sheet != nil {
		focused = u.sheet.under
	}
	out.focus = slices.Index(focusables(u.scr.root), focused)
	for _, s := range scrolls(u.scr.root) {
		part := float32(0)
		if room := hides(s); room > 0 {
			part = s.Offset.Y / room
		}
		out.offset = append(out.offset, part)
	}
	for _, s := range splits(u.scr.root) {
		out.share = append(out.share, s.Offset)
	}
	return out
}

// settle brings the screen to a place of an earlier making of it.
func (u *ui) settle(at place) {
	if u.scr == nil || u.scr.name != at.screen {
		return
	}
	if list := splits(u.scr.root); len(list) == len(at.share) {
		for i, s := range list {
			if s.Offset != at.share[i] {
				s.SetOffset(at.share[i])
			}
		}
	}
	// Of two sizes of text one may scroll in one part more: the first parts are the same, and what is read in them.
	for i, s := range scrolls(u.scr.root) {
		if i == len(at.offset) {
			break
		}
		if to := at.offset[i] * hides(s); to != s.Offset.Y {
			s.ScrollToOffset(fyne.NewPos(s.Offset.X, to))
		}
	}
	if list := focusables(u.scr.root); u.sheet == nil && at.focus >= 0 && at.focus < len(list) && u.win.Canvas().Focused() == nil {
		u.win.Canvas().Focus(list[at.focus])
	}
}

// focusables lists what of an object can have the focus, in the order of Tab.
func focusables(o fyne.CanvasObject) []fyne.Focusable {
	if !o.Visible() {
		return nil
	}
	if f, ok := o.(fyne.Focusable); ok {
		return []fyne.Focusable{f}
	}
	var out []fyne.Focusable
	for _, x := range inside(o) {
		out = append(out, focusables(x)...)
	}
	return out
}

func splits(o fyne.CanvasObject) []*container.Split {
	var out []*container.Split
	if s, ok := o.(*container.Split); ok {
		out = append(out, s)
	}
	for _, x := range inside(o) {
		out = append(out, splits(x)...)
	}
	return out
}

// inside lists what an object that only arranges others holds.
func inside(o fyne.CanvasObject) []fyne.CanvasObject {
	switch o := o.(type) {
	case *container.Scroll:
		return []fyne.CanvasObject{o.Content}
	case *container.Split:
		return []fyne.CanvasObject{o.Leading, o.Trailing}
	case *fyne.Container:
		return o.Objects
	}
	return nil
}

// viewSheet lets the candidate choose how the station looks: on every screen, also before the login (R2). focus is the
// place in the sheet at which its keyboard begins; negative stands for the present size.
func (u *ui) viewSheet(focus int) {
	var list []fyne.Focusable
	option := func(text string, many, chosen bool, p exam.Preferences) fyne.CanvasObject {
		i := len(list)
		o := look.NewOption(text, many, chosen, u.keys, func() {
			u.closeSheet() // the screen below must be the uppermost when it is built anew
			u.prefer(p)
			u.viewSheet(i)
		})
		list = append(list, o)
		return o
	}
	sizes := container.NewGridWithColumns((look.MostPercent-look.LeastPercent)/percentStep + 1)
	if focus < 0 {
		focus = (u.prefs.Percent - look.LeastPercent) / percentStep
	}
	for percent := look.LeastPercent; percent <= look.MostPercent; percent += percentStep {
		p := u.prefs
		p.Percent = percent
		sizes.Add(option(fmt.Sprintf("%d %%", percent), false, percent == u.prefs.Percent, p))
	}
	themes := container.NewGridWithColumns(2)
	for _, name := range look.Themes {
		p := u.prefs
		p.Theme = name
		themes.Add(option(u.t("station.view.theme."+name), false, name == u.prefs.Theme, p))
	}
	p := u.prefs
	p.HideClock = !p.HideClock
	text := u.t("station.view.hide-clock")
	if back := slices.Max(append([]int{0}, u.set.profile.Clock.WarnMinutesLeft...)); back > 0 {
		text = u.t("station.view.hide-clock-until", "Minutes", back)
	}
	clock := option(text, true, u.prefs.HideClock, p)
	done := look.NewButton(u.t("common.close"), look.Primary, u.keys, u.closeSheet)
	list = append(list, done)
	content := container.NewVBox(
		look.Fixed(620, look.Heading(u.t("station.view.title"))),
		look.Strong(u.t("station.view.size")), sizes,
		look.Strong(u.t("station.view.theme.title")), themes,
		look.Strong(u.t("station.view.clock")), clock,
	)
	u.open(&sheet{name: "view", foot: container.NewHBox(layout.NewSpacer(), done)}, content, list[focus])
}
