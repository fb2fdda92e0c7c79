package station

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/jpeg" // registered photos
	_ "image/png"  // registered photos
	"strings"
	"sync/atomic"

	"emtihan/devices/camera"
	"emtihan/exam"
	"emtihan/station/look"
	"emtihan/station/problem"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// live shows the camera's picture and passes on everything else that the eye tells. Only the newest picture waits in
// Fyne's queue.
type live struct {
	picture *canvas.Image
	box     fyne.CanvasObject
	cancel  context.CancelFunc
	again   chan struct{}
	aim     atomic.Pointer[aim] // nil: the picture alone, without an oval
	light   atomic.Int32        // brightness of the newest picture, 0–255
	shape   func(image.Point)   // told of each picture's size; nil: nobody
	blank   image.Image         // what stands there while there is no picture
}

// newLive begins to show pictures. With a photo its checks are those of the candidate's profile.
func (u *ui) newLive(l *live, photo []byte, why exam.Purpose, size fyne.Size, tell func(glance)) *live {
	l.picture, l.again = new(canvas.Image), make(chan struct{}, 1)
	l.picture.FillMode = canvas.ImageFillContain
	l.picture.ScaleMode = canvas.ImageScaleFastest
	l.picture.SetMinSize(size)
	l.picture.Image = l.blank
	ground := canvas.NewRectangle(look.Desk)
	ground.SetMinSize(size)
	l.box = container.NewStack(ground, l.picture)
	slot := make(chan struct{}, 1)
	guide := new(guide)
	want := looking{photo: photo, again: l.again, why: why, paint: func(f camera.Frame) image.Image {
		l.light.Store(int32(brightness(f)))
		a := l.aim.Load()
		if a == nil {
			return guide.mirror(f)
		}
		return guide.paint(f, *a)
	}}
	if a := u.view.Attempt; a != nil {
		want.rules = a.Profile.Faces
	}
	l.cancel = u.eye.start(want, func(ctx context.Context, g glance) {
		if lost := g.err != nil && problem.Of(g.err) == problem.CameraMissing; lost || g.picture != nil {
			u.cameraUsed(!lost)
		}
		if g.picture == nil {
			u.post(func() {
				if ctx.Err() == nil {
					tell(g)
				}
			})
			return
		}
		select {
		case slot <- struct{}{}:
			u.post(func() {
				<-slot
				if ctx.Err() == nil {
					if l.shape != nil {
						l.shape(g.picture.Bounds().Size())
					}
					l.picture.Image = g.picture
					l.picture.Refresh()
					tell(g)
					if !u.sees {
						u.sees = true
						u.see()
					}
				}
			})
		default:
		}
	})
	return l
}

// clear takes the picture away.
func (l *live) clear() {
	l.picture.Image = l.blank
	l.picture.Refresh()
}

func (l *live) check() {
	select {
	case l.again <- struct{}{}:
	default:
	}
}

func (u *ui) loginScreen() *screen {
	message := look.NewBanner(look.Calm, "")
	iin := look.NewField(1, u.keys)
	iin.SetPlaceHolder(u.t("station.login.placeholder"))
	// Who changes the language because a message cannot be read must find it again in the other language.
	iin.SetText(u.typed)
	iin.CursorColumn = len(u.typed)
	iin.OnChanged = func(s string) { u.typed = s }
	if u.refusal != nil {
		message.Set(look.Trouble, u.said(u.refusal))
	}
	state := look.NewBanner(look.Calm, u.t("station.face.preparing"))
	right := container.NewVBox()
	live := u.newLive(new(live), nil, "", fyne.NewSize(360, 270), func(g glance) {
		if g.err != nil {
			state.Set(look.Warning, u.saidOfCamera(g.err))
			right.Refresh()
		} else if text := u.t("station.login.camera"); state.Text() != text {
			state.Set(look.Calm, text)
			right.Refresh()
		}
	})
	busy := false
	submit := func() {
		if busy {
			return
		}
		busy = true
		u.actor.Login(strings.ReplaceAll(strings.TrimSpace(iin.Text), " ", ""), func(err error) {
			u.post(func() {
				busy = false
				u.refusal = err
				if err != nil {
					message.Set(look.Trouble, u.said(err))
					u.see()
				} else {
					u.typed = ""
				}
			})
		})
	}
	iin.OnSubmitted = func(string) { submit() }
	form := container.NewVBox(
		look.Heading(u.t("station.login.title")),
		look.Body(u.t("station.login.lead")),
		look.Gap(8),
		look.Strong(u.t("station.login.iin")), iin, message, look.Gap(4),
		look.NewButton(u.t("station.login.go"), look.Primary, u.keys, submit),
	)
	if note := u.set.session.Note; note != "" {
		form.Add(look.Gap(12))
		form.Add(look.NewBanner(look.Calm, note))
	}
	right.Objects = []fyne.CanvasObject{live.box, state}
	content := container.NewBorder(nil, nil, nil, container.NewHBox(look.Gap(1), look.Fixed(360, right)), container.NewPadded(form))
	return &screen{
		name: "login", root: u.page(look.Sheet(900, content, nil)), enter: submit,
		shown: func() { u.win.Canvas().Focus(iin) },
		close: live.cancel,
		sight: func(s *sight) { s.Face = message.Text() },
	}
}

func decodePhoto(data []byte) image.Image {
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return image.NewGray(image.Rect(0, 0, 3, 4))
	}
	return img
}

func (u *ui) photo(width, height float32) fyne.CanvasObject {
	picture := decodePhoto(u.view.Photo)
	img := canvas.NewImageFromImage(picture)
	img.FillMode = canvas.ImageFillContain
	size := picture.Bounds().Size()
	scale := min(width/float32(size.X), height/float32(size.Y))
	img.SetMinSize(fyne.NewSize(float32(size.X)*scale, float32(size.Y)*scale))
	return img
}

// facts is the table of what the candidate confirms.
func (u *ui) facts() fyne.CanvasObject {
	c := u.view.Attempt.Opened.Candidate
	p := u.view.Attempt.Profile
	rows := [][2]string{
		{"name", c.Name},
		{"iin", spaced(c.IIN)},
		{"exam", p.Title.In(string(u.lang))},
		{"language", u.t("station.data.in-" + c.Language)},
		{"room", u.set.session.Room},
		{"seat", c.Seat},
		{"university", c.University},
		{"programme", c.Programme},
		{"minutes", u.t("station.data.minutes-value", "Minutes", int(u.view.Attempt.Allowance().Minutes()))},
	}
	if u.view.Attempt.Extra > 0 {
		rows = append(rows, [2]string{"extra", u.t("station.data.minutes-value", "Minutes", int(u.view.Attempt.Extra.Minutes()))})
	}
	if c.Helper != "" {
		rows = append(rows, [2]string{"helper", c.Helper})
	}
	if p.Clock.InterviewMinutes > 0 {
		held := u.t("station.data.interview-no")
		if c.InterviewHeld {
			held = u.t("station.data.interview-yes", "Protocol", c.InterviewProtocol)
		}
		rows = append(rows, [2]string{"interview", held})
	}
	box := container.New(layout.NewCustomPaddedVBoxLayout(0))
	for _, r := range rows {
		if r[1] == "" {
			continue
		}
		box.Add(container.NewBorder(nil, nil, look.Fixed(190, look.Note(u.t("station.data."+r[0]))), nil, look.Strong(r[1])))
		box.Add(look.Rule())
	}
	return box
}

func spaced(iin string) string {
	if len(iin) != 12 {
		return iin
	}
	return iin[:6] + " " + iin[6:]
}

// stepScreen is one of the candidate's steps to the start (R9). The step itself stays in sight below what is to be read first,
// however large the text.
func (u *ui) stepScreen(name string, content []fyne.CanvasObject, button string, cmd exam.Command, beside ...*look.Button) *screen {
	message := look.NewBanner(look.Trouble, "")
	next := func() {
		u.do(cmd, func(err error) {
			if err != nil {
				message.Set(look.Trouble, u.said(err))
			}
		})
	}
	b := look.NewButton(button, look.Primary, u.keys, next)
	row := container.NewHBox()
	for _, x := range beside {
		row.Add(x)
	}
	foot := container.NewVBox(message, container.NewBorder(nil, nil, row, nil, b))
	return &screen{
		name: name, root: u.page(look.Sheet(820, container.NewVBox(content...), foot)), enter: next,
		shown: func() { u.win.Canvas().Focus(b) },
	}
}

func (u *ui) dataScreen() *screen {
	wrong := look.NewButton(u.t("station.data.wrong"), look.Plain, u.keys, u.callSheet)
	return u.stepScreen("data", []fyne.CanvasObject{
		look.Heading(u.t("station.data.title")), look.Body(u.t("station.data.lead")), look.Gap(6),
		container.NewBorder(nil, nil, nil, container.NewHBox(look.Gap(1), container.NewVBox(u.photo(220, 290))), u.facts()),
	}, u.t("station.data.go"), exam.ConfirmData{}, wrong)
}

func (u *ui) rulesScreen() *screen {
	p := u.view.Attempt.Profile
	lines := []fyne.CanvasObject{look.Heading(u.t("station.rules.title")), look.Gap(4)}
	for i := 1; i <= 10; i++ {
		lines = append(lines, look.Body(fmt.Sprintf("%d. %s", i, u.t(fmt.Sprintf("station.rules.ban%d", i),
			"Times", p.Leave.MaxTimes, "Minutes", p.Leave.MaxMinutes))))
	}
	lines = append(lines, look.Rule(), look.Body(u.t("station.rules.rest")))
	return u.stepScreen("rules", lines, u.t("station.rules.go"), exam.ReadRules{})
}

func (u *ui) confirmScreen() *screen {
	return u.stepScreen("confirm", []fyne.CanvasObject{
		look.Heading(u.t("station.confirm.title")),
		look.Body(u.t("station.confirm.lead", "Name", u.view.Attempt.Opened.Candidate.Name, "Minutes", int(u.view.Attempt.Allowance().Minutes()))),
	}, u.t("station.confirm.go"), exam.Confirm{})
}

func (u *ui) enterScreen() *screen {
	return u.stepScreen("enter", []fyne.CanvasObject{
		look.Heading(u.t("station.enter.title")),
		look.Body(u.t("station.enter.lead", "Minutes", int(u.view.Attempt.Allowance().Minutes()))),
	}, u.t("station.enter.go"), exam.Enter{})
}
