package station

import (
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"time"

	"emtihan/exam"
	"emtihan/proctor/identity"
	"emtihan/station/look"
	"emtihan/station/problem"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// The colours of the guide lie on a photograph, not on a theme's ground, and are the same in all themes.
var (
	ringCalm = color.NRGBA{0xf4, 0xf6, 0xf8, 0xff}
	ringAsks = color.NRGBA{0xff, 0xb7, 0x3d, 0xff}
	ringDone = color.NRGBA{0x3d, 0xd6, 0x8c, 0xff}
)

// faceScreen checks the face for a purpose (R10): a large mirror with an oval, and one sentence that says what to do now.
func (u *ui) faceScreen(purpose exam.Purpose) *screen {
	f := &faceCheck{u: u, purpose: purpose, banner: newSaying(), frame: new(faceLayout)}
	f.banner.set(look.Calm, u.t("station.face.preparing"))
	f.retry = look.NewButton(u.t("station.face.again"), look.Primary, u.keys, f.again)
	f.steps = look.Note("")
	f.steps.Hide()
	f.lead = look.Body(u.t("station.face.lead." + string(purpose)))
	f.next = look.Body("")
	f.next.Hide()
	f.column = container.NewVBox(
		look.Heading(u.t("station.face.title."+string(purpose))), f.lead,
		look.Gap(6), f.banner.box, f.steps, look.Gap(6), f.retry,
	)
	if purpose == exam.PurposeLeave {
		f.column.Add(look.NewButton(u.t("station.face.stay"), look.Plain, u.keys, func() { u.do(exam.CancelLeave{}, nil) }))
	}
	f.column.Add(f.next)
	f.picture = container.NewStack()
	f.frame.text = container.NewVScroll(f.column)
	f.root = container.New(f.frame, f.picture, f.frame.text)
	s := &screen{name: "face-" + string(purpose), enter: f.again, close: f.close}
	s.sight = func(s *sight) { s.Face, s.Score, s.Says, s.Doubted = f.last, f.score, f.says(), f.unsure }
	s.root = u.page(container.NewStack(canvas.NewRectangle(look.Desk), f.root))
	if purpose != exam.PurposeReturn {
		f.begin()
		return s
	}
	// Who has just been let out still sits there: only the candidate can say that they are back.
	f.retry.SetText(u.t("station.face.back"))
	s.shown = func() { u.win.Canvas().Focus(f.retry) }
	f.say(look.Calm, "")
	away := look.Strong("")
	f.column.Add(away)
	s.tick = func() {
		if a := u.view.Attempt; a != nil {
			text := u.t("station.face.away", "Time", clockText(a.AwayAt(u.actor.Now())), "Limit", a.Profile.Leave.MaxMinutes)
			if away.Text != text {
				away.SetText(text)
			}
		}
	}
	s.tick()
	return s
}

// faceCheck is the screen of a face check; its fields belong to Fyne's goroutine.
type faceCheck struct {
	u       *ui
	purpose exam.Purpose

	eye      *live
	root     *fyne.Container
	frame    *faceLayout
	picture  *fyne.Container
	column   *fyne.Container
	banner   *saying
	lead     *widget.Label // with large text only until a check has come to nothing
	steps    *widget.Label
	retry    *look.Button
	next     *widget.Label // what else can be done after a check that came to nothing
	steady   steady
	last     string // reason or hint, for the diagnostics
	score    string
	reported bool // a missing camera is recorded once per screen, not every two seconds
	unsure   int  // checks that came to nothing
}

func (f *faceCheck) close() {
	if f.eye != nil {
		f.eye.cancel()
	}
}

// begin starts a check, and before the first one the camera.
func (f *faceCheck) begin() {
	if f.eye == nil {
		f.eye = new(live)
		f.eye.shape = func(size image.Point) {
			if f.frame.shape(size) {
				f.root.Refresh()
			}
		}
		f.point(aim{ring: ringCalm, done: ringDone})
		f.eye.blank = vacant()
		f.u.newLive(f.eye, f.u.view.Photo, f.purpose, fyne.NewSize(1, 1), f.tell)
		f.picture.Add(f.eye.box)
		f.frame.shows = true
		f.root.Refresh()
	}
	f.retry.SetText(f.u.t("station.face.again"))
	f.retry.Disable()
	// A frame about a button that does nothing now would look like one that does.
	if f.u.win.Canvas().Focused() == fyne.Focusable(f.retry) {
		f.u.win.Canvas().Unfocus()
	}
	f.next.Hide()
	f.steady = steady{}
	f.steps.Hide()
	f.point(aim{ring: ringCalm, done: ringDone})
	f.eye.check()
}

// again is the candidate's wish for another check.
func (f *faceCheck) again() {
	if !f.retry.Disabled() {
		f.say(look.Calm, f.u.t("station.face.look"))
		f.begin()
	}
}

// say changes the sentence, and the heights that follow from it.
func (f *faceCheck) say(tone look.Tone, text string) {
	if f.banner.set(tone, text) && f.frame.text != nil {
		f.frame.text.Refresh()
		f.u.see()
	}
}

// says is all that is said at present, for the diagnostics.
func (f *faceCheck) says() string {
	if f.next.Visible() {
		return f.banner.text.Text + " " + f.next.Text
	}
	return f.banner.text.Text
}

func (f *faceCheck) point(a aim) { f.eye.aim.Store(&a) }

func (f *faceCheck) tell(g glance) {
	switch {
	case g.seen != nil:
		f.observe(g.seen, time.Now())
	case g.result != nil:
		f.result(g.result)
	case g.err != nil:
		f.trouble(g.err)
	}
}

// observe says what to do now.
func (f *faceCheck) observe(o *identity.Observation, now time.Time) {
	f.last = string(o.Hint)
	a := aim{ring: ringCalm, done: ringDone, progress: o.Progress}
	key, urgent := "face."+string(f.plainer(o.Hint)), false
	if c := o.Challenge; c != nil && !c.Done && !c.Failed {
		a.progress = float64(c.Index) / float64(max(c.Count, 1))
		// Who turns the head away is told so by every check of quality, and is asked to at this moment.
		if !hinders[o.Hint] {
			key, a.arrow = "face.step."+string(c.Step), c.Step
			urgent = true
		}
		f.stepsOf(c)
	}
	key, changed := f.steady.take(key, urgent, now)
	good := key == "face."+string(identity.HoldStill)
	// The oval goes with the sentence, and does not change its colour with every picture.
	if !good && a.arrow == "" {
		a.ring = ringAsks
	}
	f.point(a)
	if changed {
		tone := look.Calm
		if good {
			tone = look.Fine
		}
		f.say(tone, f.u.t(key))
	}
}

// plainer returns the hint as a person understands it.
func (f *faceCheck) plainer(hint identity.Reason) identity.Reason {
	return plainer(hint, int(f.eye.light.Load()))
}

// hinders are the hints that go before a movement of the head.
var hinders = map[identity.Reason]bool{
	identity.NoFace: true, identity.ManyFaces: true, identity.TooSmall: true, identity.TooDark: true, identity.TooBright: true,
	identity.CutOff: true,
}

func (f *faceCheck) stepsOf(c *identity.ChallengeState) {
	text := f.u.t("station.face.step", "Number", c.Index+1, "Count", c.Count)
	if f.steps.Text != text || !f.steps.Visible() {
		f.steps.SetText(text)
		f.steps.Show()
	}
}

// result records a check and says what comes next where it was not sure.
func (f *faceCheck) result(r *identity.Result) {
	u := f.u
	f.last, f.score = string(r.Reason), fmt.Sprintf("%.3f", r.Score)
	sum := sha256.Sum256(r.JPEG)
	u.actor.Do(report(f.purpose, cameraName(u.set.opt.Camera), r, sum[:]), nil, r.JPEG)
	f.steps.Hide()
	if r.Verdict == identity.Unsure {
		f.unsure++
		next := "station.face.unsure"
		if f.unsure >= manyUnsure {
			next = "station.face.ask"
		}
		f.point(aim{ring: ringAsks, done: ringDone})
		// What to change stands alone above the button, where it stood during the check: nothing jumps, and the button stays in sight.
		show(f.lead, look.Scale() < largeText)
		f.next.TextStyle.Bold = f.unsure >= manyUnsure
		f.next.SetText(u.t(next))
		f.next.Show()
		f.say(look.Warning, u.t("face."+string(f.plainer(r.Reason))))
		f.column.Refresh()
		f.offer()
	}
	u.see()
}

// largeText is the size from which on the window has no room for what was said before the first check.
const largeText = 1.5

// manyUnsure checks without a verdict are enough to send for a person.
const manyUnsure = 3

func (f *faceCheck) trouble(err error) {
	u := f.u
	f.say(look.Warning, u.saidOfCamera(err))
	if problem.Of(err) == problem.CameraMissing {
		f.eye.clear() // an old picture must not pass for what the camera sees
	}
	if !f.reported {
		f.reported = true
		u.do(exam.ReportNoFace{FaceUnavailable: exam.FaceUnavailable{Purpose: f.purpose, Reason: string(problem.Of(err))}}, nil)
		f.last = string(problem.Of(err))
		u.see()
	}
	if problem.Of(err) == problem.CameraMissing {
		f.retry.Disable() // it goes on by itself
		f.next.Hide()
		f.steady = steady{}
		f.eye.check()
	} else {
		f.offer()
	}
}

// offer lets the candidate try again, and shows that Enter does.
func (f *faceCheck) offer() {
	f.retry.Enable()
	if f.u.sheet == nil {
		f.u.win.Canvas().Focus(f.retry)
	}
}
