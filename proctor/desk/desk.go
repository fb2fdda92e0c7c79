// Package desk is the entry as its administrators see it (R7, R8): who stands there, with the registered photo beside the camera's
// picture, what speaks against letting them in, and one key that does what is due. Scan, look, Enter: three actions for each
// candidate, and none that the program takes by itself.
package desk

import (
	"image"
	"slices"

	"emtihan/exam"
	"emtihan/proctor/act"
	"emtihan/proctor/console"
	"emtihan/proctor/console/look"
	"emtihan/proctor/room"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Room is what the entry asks of the room; *room.Room is one. Callbacks may come from any goroutine.
type Room interface {
	Shift(by, code string, done func(error))
	Admit(iin string, done func(error))
	Overrule(iin, reason, by, code string, done func(error))
	TurnAway(iin string, done func(error))
	Undo(iin string, done func(error))
	CheckedFace(iin string, f room.Face)
	PrintSheet(id string) (path string, err error)
}

// Glance is what the eye sees. Exactly one of Picture, Face and Trouble is set.
type Glance struct {
	Picture image.Image // of the camera, a few times a second
	Face    *room.Face  // the outcome of the check
	Trouble string      // why there is none: "no-camera", "no-models" or "no-photo"
}

// Eye looks at whoever stands at the desk, beside a registered photo, and tells what it sees from a goroutine of its own until
// the returned function is called, which does not wait.
type Eye interface {
	Watch(photo []byte, tell func(Glance)) (stop func())
}

// Options of a desk.
type Options struct {
	Room Room
	// Photo returns the registered photo of a candidate, by the path in the session; it may read a disk.
	Photo func(path string) ([]byte, error)
	// Eye is the camera at the desk; nil: there is none, and the administrator compares.
	Eye Eye
}

// Stance is what is due about the person at the desk.
type Stance string

// The stances, in the order in which one goes before the other.
const (
	Nobody   Stance = "nobody"   // nobody stands there
	Called   Stance = "called"   // just picked: what the room knows about them is not there yet
	Barred   Stance = "barred"   // an act keeps them out
	Inside   Stance = "inside"   // admitted already
	Alarmed  Stance = "alarmed"  // an alarm about them is open: an act, or a decision that none is needed
	Mismatch Stance = "mismatch" // the face does not match the registered photo
	Late     Stance = "late"     // after the limit of R3
	Turned   Stance = "turned"   // was turned away for that
	Free     Stance = "free"     // nothing speaks against them
)

// StanceOf returns what is due about a person, by what the room knows.
func StanceOf(v room.View, p room.Person) Stance {
	var face, other bool
	for _, a := range v.Alarms {
		if a.IIN == p.IIN && !a.Handled {
			face = face || a.What == room.SaidFace
			other = other || a.What != room.SaidFace
		}
	}
	switch {
	case p.IIN == "":
		return Nobody
	case p.Barred != "":
		return Barred
	case p.Entry == room.EntryAdmitted || p.Attempt != "":
		return Inside
	case other:
		return Alarmed
	case face:
		return Mismatch
	case p.Entry == room.EntryLate:
		return Turned
	case !p.Came.IsZero() && v.Late(p.Came):
		return Late
	}
	return Free
}

// Shown is what the page shows, without personal data.
type Shown struct {
	Stance   Stance `json:"stance"`
	Shift    bool   `json:"shift"`          // somebody has opened the entry
	Face     string `json:"face,omitempty"` // verdict of the last check, or why there is none
	Photo    bool   `json:"photo"`          // the registered photo is on the screen
	Listed   int    `json:"listed"`         // that the search leaves
	Expected int    `json:"expected"`
	Admitted int    `json:"admitted"`
	Queue    int    `json:"queue"`
	Absent   int    `json:"absent"`
	Late     int    `json:"late"`
	Barred   int    `json:"barred"`
	Problem  string `json:"problem,omitempty"` // code of the last refusal
	Printed  string `json:"printed,omitempty"` // form of the list that was printed last
}

// Desk is the page of the entry. Its methods belong to the toolkit's goroutine.
type Desk struct {
	c   *console.Console
	opt Options

	view    room.View
	people  []room.Person // that the search leaves
	query   string
	iin     string // whose photo and camera are shown
	photo   image.Image
	stop    func() // ends the eye's watch; nil: it does not watch
	trouble string
	last    string // who was decided on last, for Undo
	problem error
	notice  func() string // says what was done outside the room's log, such as a printed list
	printed string

	search  *look.Entry
	list    *look.List
	counts  [5]*canvas.Text
	seat    *canvas.Text
	name    *widget.Label
	facts   *widget.Label
	verdict *widget.Label
	banner  *widget.Label
	remark  *widget.Label
	back    *canvas.Rectangle
	words   *fyne.Container // of the banner
	right   *fyne.Container
	known   *canvas.Image
	live    *canvas.Image
	buttons map[string]*look.Button
	shift   *widget.Label
	empty   *canvas.Text
}

// New adds the entry to a console.
func New(c *console.Console, opt Options) *Desk {
	d := &Desk{c: c, opt: opt, view: c.View()}
	c.AddPage(d)
	return d
}

// Close ends the eye's watch.
func (d *Desk) Close() { d.leave() }

// person returns who stands at the desk: who is in the gate, else who was decided on last.
func (d *Desk) person() room.Person {
	iin := d.c.Gate()
	if iin == "" {
		iin = d.last
	}
	p, _ := d.view.Person(iin)
	return p
}

func (d *Desk) stance(p room.Person) Stance {
	if d.c.Picking() {
		return Called
	}
	return StanceOf(d.view, p)
}

// Update implements console.Page.
func (d *Desk) Update(v room.View) {
	d.view = v
	if gate := d.c.Gate(); gate != "" && gate != d.last {
		d.last = gate
		d.problem, d.notice = nil, nil
	}
	d.attend(d.person())
	d.show()
}

// attend shows the photo of a person and lets the eye look at them while nobody has decided.
func (d *Desk) attend(p room.Person) {
	if p.IIN != d.iin {
		d.leave()
		d.iin, d.photo, d.trouble = p.IIN, nil, ""
		d.live.Image = nil
		d.live.Refresh()
		if p.IIN != "" {
			d.fetch(p)
		}
	}
	if d.stop != nil && (p.Face != nil || StanceOf(d.view, p) == Inside || StanceOf(d.view, p) == Barred) {
		d.leave()
	}
}

// leave ends the eye's watch.
func (d *Desk) leave() {
	if d.stop != nil {
		d.stop()
		d.stop = nil
	}
}

// fetch reads the photo on a goroutine of its own: it may lie on a slow stick.
func (d *Desk) fetch(p room.Person) {
	if d.opt.Photo == nil || p.Photo == "" {
		d.trouble = "no-photo"
		return
	}
	watch := d.opt.Eye != nil && p.Face == nil && StanceOf(d.view, p) != Inside && StanceOf(d.view, p) != Barred
	go func() {
		data, err := d.opt.Photo(p.Photo)
		var img image.Image
		if err == nil {
			img, err = decodePhoto(data)
		}
		d.c.Do(func() {
			switch {
			case d.iin != p.IIN:
			case err != nil:
				d.trouble = "no-photo"
				d.show()
			default:
				d.photo = img
				if watch {
					d.look(p.IIN, data)
				}
				d.show()
			}
		})
	}()
}

// look lets the eye compare, beside everything else: nothing waits for it, and an administrator may decide before it has.
func (d *Desk) look(iin string, photo []byte) {
	newest := new(mailbox)
	d.stop = d.opt.Eye.Watch(photo, func(g Glance) {
		if g.Face != nil {
			d.opt.Room.CheckedFace(iin, *g.Face)
			return
		}
		// The toolkit's queue has no bound: only the newest picture waits in it.
		if newest.put(g) {
			d.c.Do(func() {
				g := newest.take()
				if d.iin != iin {
					return
				}
				if g.Trouble != "" {
					d.trouble = g.Trouble
				} else {
					d.live.Image = g.Picture
					if d.trouble == "no-camera" {
						d.trouble = ""
					}
					d.live.Refresh()
				}
				d.show()
			})
		}
	})
}

// Key implements console.Page.
func (d *Desk) Key(k *fyne.KeyEvent) bool {
	p := d.person()
	switch k.Name {
	case fyne.KeyEscape:
		if d.search.Text == "" {
			return false
		}
		d.search.SetText("")
	case fyne.KeyF3:
		if p.IIN == "" || !d.answer(p) {
			return false // the newest alarm of the room
		}
	case fyne.KeyF5:
		d.finding(p)
	case fyne.KeyF7:
		d.overrule(p)
	case fyne.KeyF8:
		d.undo(p)
	case fyne.KeyF10:
		d.impostor(p)
	case fyne.KeyF11:
		d.print(act.SeatingList)
	default:
		return false
	}
	return true
}

// enter does what is due: picks who was typed, or decides about who stands there.
func (d *Desk) enter() {
	if d.query != "" {
		if len(d.people) > 0 {
			d.pick(0)
		}
		return
	}
	p := d.person()
	if d.view.Shift == "" {
		d.openShift()
		return
	}
	// A second Enter on the heels of the first, or of a scanner's, finds them called and lets nobody in unseen.
	switch d.stance(p) {
	case Free:
		d.opt.Room.Admit(p.IIN, d.told)
	case Late:
		d.opt.Room.TurnAway(p.IIN, d.told)
	case Alarmed, Mismatch:
		d.answer(p)
	}
}

// told shows why the room refused.
func (d *Desk) told(err error) {
	d.c.Do(func() { d.refused(err) })
}

func (d *Desk) refused(err error) {
	d.problem = err
	d.show()
}

func (d *Desk) pick(i int) {
	if i < len(d.people) {
		d.c.Pick(d.people[i].IIN, d.refused)
		d.search.SetText("")
	}
}

// alarm returns the newest open alarm about a person.
func (d *Desk) alarm(p room.Person) (room.Alarm, bool) {
	i := slices.IndexFunc(d.view.Alarms, func(a room.Alarm) bool { return a.IIN == p.IIN && !a.Handled })
	if i < 0 {
		return room.Alarm{}, false
	}
	return d.view.Alarms[i], true
}

// answer opens the act that answers the newest open alarm about a person, and reports whether there is one.
func (d *Desk) answer(p room.Person) bool {
	a, ok := d.alarm(p)
	if ok {
		d.c.OpenAct(a.Trigger(), p.IIN, &a)
	}
	return ok
}

// finding opens act 10 for what the hand-held detector found (R7).
func (d *Desk) finding(p room.Person) {
	d.c.OpenAct(act.Trigger{Kind: act.ByWand, Entry: true}, p.IIN, nil)
}

// impostor opens act 11: the administrator sees that it is another person.
func (d *Desk) impostor(p room.Person) {
	t := act.Trigger{Kind: act.ByFace, Entry: true}
	if p.Face != nil {
		t.Score, t.Threshold, t.At = p.Face.Score, p.Face.Threshold, p.Face.At
	}
	d.c.OpenAct(t, p.IIN, nil)
}

// overrule lets somebody in by an administrator's own decision (R3, R10), or settles an alarm that needs no act.
func (d *Desk) overrule(p room.Person) {
	switch d.stance(p) {
	case Alarmed:
		if a, ok := d.alarm(p); ok {
			d.c.OpenDismiss(a)
		}
		return
	case Mismatch, Late, Turned:
	default:
		return
	}
	d.c.Ask(console.Question{
		Name: "overrule", Title: func() string { return d.c.T("entry.overrule_title") }, Sign: func() string { return d.c.T("entry.overrule_sign") },
		Text:   func() string { return p.Name + ", " + d.c.T("seat", "Seat", p.Seat) + ". " + d.stanceText(p) },
		Fields: []console.Asked{d.c.Reason("entry.overrule_reason")},
		Submit: func(v map[string]string, by, code string, done func(error)) {
			d.opt.Room.Overrule(p.IIN, v["reason"], by, code, done)
		},
	})
}

func (d *Desk) undo(p room.Person) {
	if p.IIN != "" {
		d.opt.Room.Undo(p.IIN, d.told)
	}
}

// openShift asks who has the entry, once (R7).
func (d *Desk) openShift() {
	d.c.Ask(console.Question{
		Name: "shift", Title: func() string { return d.c.T("entry.shift_title") }, Text: func() string { return d.c.T("entry.shift_text") },
		Sign: func() string { return d.c.T("entry.shift_sign") },
		Submit: func(_ map[string]string, by, code string, done func(error)) {
			d.opt.Room.Shift(by, code, done)
		},
	})
}

// print prints a list and says where it lies.
func (d *Desk) print(id string) {
	go func() {
		path, err := d.opt.Room.PrintSheet(id)
		d.c.Do(func() {
			d.printed = id
			d.notice = func() string { return d.c.T("entry.printed", "Form", id, "Path", path) }
			if err != nil {
				d.printed = ""
				d.notice = func() string { return d.c.T("problem.failed", "Why", err) }
			}
			d.show()
		})
	}()
}

// Shown implements console.Page.
func (d *Desk) Shown() any {
	p := d.person()
	s := Shown{
		Stance: d.stance(p), Shift: d.view.Shift != "", Photo: d.photo != nil, Listed: len(d.people), Face: d.trouble, Printed: d.printed,
		Expected: d.view.Entry.Expected, Admitted: d.view.Entry.Admitted, Queue: d.view.Entry.Queue, Absent: d.view.Entry.Absent,
		Late: d.view.Entry.Late, Barred: d.view.Entry.Barred,
	}
	if p.Face != nil {
		s.Face = string(p.Face.Verdict)
	}
	if r, ok := d.problem.(*exam.Refusal); ok && r != nil {
		s.Problem = r.Code
	}
	return s
}
