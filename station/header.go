package station

import (
	"image/color"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"emtihan/exam"
	"emtihan/station/editor"
	"emtihan/station/editor/keyboard"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// caption is the size of the small words in the bars of the exam at 100 %.
const caption = 12.5

// head is the bar above the exam: who sits there, whether everything is saved and connected, and the time.
type head struct {
	u                    *ui
	layout, camera, room *editor.Line
	bar                  *foldLayout
	row                  *fyne.Container
}

// newHead builds the bar. saved and clock belong to the exam, which keeps them true.
func newHead(u *ui, saved, clock *editor.Line) (*head, fyne.CanvasObject) {
	h := &head{u: u}
	small := func(c color.Color, reserve ...string) *editor.Line {
		l := editor.NewLine("", c)
		l.TextSize, l.Reserve = caption*look.Scale(), reserve
		return l
	}
	h.layout = small(look.Quiet, u.t("station.exam.keyboard", "Layout", "МММ"))
	h.camera = small(look.Quiet, u.t("station.exam.camera-works"), u.t("station.exam.camera-fails"))
	h.room = small(look.Quiet, u.t("station.exam.room-hears"), u.t("station.exam.room-silent"))
	a := u.view.Attempt
	name := widget.NewLabelWithStyle(a.Opened.Candidate.Name, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	name.Truncation = fyne.TextTruncateEllipsis
	seat := look.Note(u.t("station.exam.seat", "Seat", a.Opened.Candidate.Seat))
	seat.Wrapping = fyne.TextWrapOff
	who := container.New(layout.NewCustomPaddedVBoxLayout(-10), name, seat)
	// The bar hides buttons before it cuts the name short.
	room := canvas.NewRectangle(color.Transparent)
	need := fyne.MeasureText(a.Opened.Candidate.Name, theme.TextSize(), fyne.TextStyle{Bold: true}).Width + 2*theme.InnerPadding()
	room.SetMinSize(fyne.NewSize(min(need, 150*(1+look.Scale())), 1))
	who = container.NewStack(room, who)
	height := 40 * (1 + look.Scale()) / 2
	photo := container.NewCenter(u.photo(height, height))
	states := container.New(layout.NewCustomPaddedVBoxLayout(0), saved, h.layout)
	var marks []fyne.CanvasObject
	if u.room.client != nil {
		marks = append(marks, h.room)
	}
	marks = append(marks, h.camera)
	languages, view, help := u.languages(), u.viewButton(), u.helpButton()
	h.bar = &foldLayout{gap: 12, stretch: who, folds: []fyne.CanvasObject{languages, view, help}}
	h.bar.objects = []fyne.CanvasObject{photo, who, states, container.New(layout.NewCustomPaddedVBoxLayout(0), marks...), clock, languages, view, help}
	h.row = container.New(h.bar, h.bar.objects...)
	h.update()
	return h, container.NewStack(canvas.NewRectangle(look.Paper), container.NewBorder(nil, look.Rule(), nil, nil,
		container.New(layout.NewCustomPaddedLayout(4, 4, 12, 12), h.row)))
}

// update says what is so now. What is well is quiet; what is not is told by other words, and bolder.
func (h *head) update() {
	u := h.u
	set := func(l *editor.Line, text string, well bool) {
		c := color.Color(look.Quiet)
		if !well {
			c = look.Bad
		}
		if l.Text != text || l.TextStyle.Bold == well {
			l.Text, l.Color, l.TextStyle = text, c, fyne.TextStyle{Bold: !well}
			l.Refresh()
		}
	}
	choose := func(well bool, yes, no string) string {
		if well {
			return u.t(yes)
		}
		return u.t(no)
	}
	s := u.standing()
	wide := h.camera.MinSize().Width
	if s.seat.Asks() {
		set(h.camera, u.t("station.seat."+string(s.seat)), false)
	} else if s.camera == cameraUnknown {
		set(h.camera, "", true)
	} else {
		set(h.camera, choose(s.camera == cameraThere, "station.exam.camera-works", "station.exam.camera-fails"), s.camera == cameraThere)
	}
	if h.camera.MinSize().Width != wide {
		h.row.Refresh()
	}
	set(h.room, choose(s.room, "station.exam.room-hears", "station.exam.room-silent"), s.room)
	text := ""
	if s.layout != "" {
		text = u.t("station.exam.keyboard", "Layout", s.layout)
	}
	set(h.layout, text, true)
}

// standing is what the header's marks say.
type standing struct {
	camera cameraState
	room   bool   // the administrators' computer hears this station; always true where there is none
	layout string // short name of the keyboard layout; empty while it is not known
	seat   exam.Presence
}

// cameraState is what is known of the camera. It is open only for face checks, so between them no more can be said than
// whether it is there and worked last.
type cameraState int32

const (
	cameraUnknown cameraState = iota
	cameraThere
	cameraMissing
)

func (u *ui) standing() standing {
	return standing{
		camera: cameraState(u.camera.Load()), room: u.room.client == nil || u.room.answers(),
		layout: u.layout, seat: u.seat,
	}
}

// watchCamera keeps what is known of the camera up to date until the program ends.
func (u *ui) watchCamera() {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		u.lookForCamera()
		select {
		case <-t.C:
		case <-u.stop:
			return
		}
	}
}

// lookForCamera looks whether a camera at the computer is still there, without opening it. Of one in the network only its use
// can tell.
func (u *ui) lookForCamera() {
	path := u.set.opt.Camera
	if _, err := strconv.Atoi(path); err == nil {
		path = "/dev/video" + path
	}
	if strings.Contains(path, "://") || !filepath.IsAbs(path) {
		return
	}
	_, err := os.Stat(path)
	if err != nil {
		u.camera.Store(int32(cameraMissing))
	} else if u.camera.Load() != int32(cameraThere) && !u.cameraFailed.Load() {
		u.camera.Store(int32(cameraThere))
	}
}

// cameraUsed notes how a use of the camera went.
func (u *ui) cameraUsed(worked bool) {
	u.cameraFailed.Store(!worked)
	if worked {
		u.camera.Store(int32(cameraThere))
	} else {
		u.camera.Store(int32(cameraMissing))
	}
}

// lookEvery is how often it is looked whether the camera is there.
const lookEvery = 5 * time.Second

// layoutNames are the short names of keyboard layouts as a candidate knows them.
var layoutNames = map[string]string{"kk": "ҚАЗ", "ru": "РУС", "en": "ENG"}

// layoutName returns the short name of a layout: that of its language, or the first letters of what the X server calls it.
func layoutName(l keyboard.Layout) string {
	if name, ok := layoutNames[l.Language()]; ok {
		return name
	}
	runes := []rune(strings.ToUpper(l.Name))
	return string(runes[:min(3, len(runes))])
}

// watchKeyboard follows the keyboard layout once the window is there. On a display that does not tell, nothing is shown.
func (u *ui) watchKeyboard() {
	if u.keyboardAsked {
		return
	}
	native, ok := u.win.(driver.NativeWindow)
	if !ok {
		u.keyboardAsked = true
		return
	}
	native.RunNative(func(ctx any) {
		x, ok := ctx.(driver.X11WindowContext)
		if ok && x.WindowHandle == 0 {
			return // not yet
		}
		u.keyboardAsked = true
		if !ok {
			return
		}
		w, err := keyboard.Watch("", uint32(x.WindowHandle), func(s keyboard.State) {
			u.post(func() { u.layoutChanged(s) })
		})
		if err == nil {
			u.keyboard = w
		}
	})
}

func (u *ui) layoutChanged(s keyboard.State) {
	u.layout = layoutName(s.Current())
	if u.exam != nil {
		u.exam.head.update()
	}
}

// foldLayout lays objects in one row, centred in its height. One of them takes the spare room; those that can fold are
// hidden, the first named first, until the rest fits.
type foldLayout struct {
	gap     float32
	stretch fyne.CanvasObject
	folds   []fyne.CanvasObject
	// more is shown while anything is hidden, here or as others says; it may be nil.
	more   fyne.CanvasObject
	others func(width float32) bool

	objects []fyne.CanvasObject // of a row that is asked by another one
}

// hidesAny reports whether something is hidden at a width.
func (l *foldLayout) hidesAny(width float32) bool { return l.folded(l.objects, width) > 0 }

func (l *foldLayout) canFold(o fyne.CanvasObject) bool {
	for _, f := range l.folds {
		if f == o {
			return true
		}
	}
	return false
}

// MinSize implements fyne.Layout.
func (l *foldLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var out fyne.Size
	for _, o := range objects {
		least := o.MinSize()
		if !l.canFold(o) && (o != l.more || len(l.folds) > 0) {
			out.Width += least.Width + l.gap
		}
		out.Height = max(out.Height, least.Height)
	}
	return out
}

// folded returns how many of the folds have to be hidden at a width.
func (l *foldLayout) folded(objects []fyne.CanvasObject, width float32) int {
	need := float32(0)
	for _, o := range objects {
		if o != l.more {
			need += o.MinSize().Width + l.gap
		}
	}
	need -= l.gap
	if l.more != nil && l.others != nil && l.others(width) {
		need += l.more.MinSize().Width + l.gap
	} else if need > width && l.more != nil {
		need += l.more.MinSize().Width + l.gap
	}
	n := 0
	for ; n < len(l.folds) && need > width; n++ {
		need -= l.folds[n].MinSize().Width + l.gap
	}
	return n
}

// Layout implements fyne.Layout.
func (l *foldLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	n := l.folded(objects, size.Width)
	for i, o := range l.folds {
		show(o, i >= n)
	}
	if l.more != nil {
		show(l.more, n > 0 || l.others != nil && l.others(size.Width))
	}
	used := -l.gap
	for _, o := range objects {
		if o.Visible() {
			used += o.MinSize().Width + l.gap
		}
	}
	x := float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		least := o.MinSize()
		if o == l.stretch {
			least.Width += max(0, size.Width-used)
		}
		o.Resize(least)
		o.Move(fyne.NewPos(x, (size.Height-least.Height)/2))
		x += least.Width + l.gap
	}
}

func show(o fyne.CanvasObject, visible bool) {
	if visible {
		o.Show()
	} else {
		o.Hide()
	}
}
