package station

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"emtihan/assets/locales"
	"emtihan/devices/sound"
	"emtihan/exam"
	"emtihan/exam/content"

	"fyne.io/fyne/v2"

	"github.com/google/go-cmp/cmp"
)

// R2: nothing of any kind of task is cut, in three languages and at two sizes of the text.
func TestEveryKindIsReadable(t *testing.T) {
	pictures(t)
	for _, lang := range locales.All {
		for _, scale := range []float32{1, 2} {
			t.Run(fmt.Sprint(lang, "/", scale), func(t *testing.T) {
				opt := lay(t, sitting("doctoral", "kinds-demo", string(lang)))
				opt.Scale, opt.Lang = scale, lang
				g := newRig(t, opt)
				g.seat(nurlan)
				for _, it := range g.attempt().Paper.Items() {
					g.show(it.ID)
					g.picture(fmt.Sprintf("%s-%s-%d", it.ID, lang, int(scale*100)))
					for _, f := range faults(g.u.win.Canvas()) {
						t.Errorf("%s: %s", it.ID, f)
					}
				}
			})
		}
	}
}

func (g *rig) show(id string) {
	g.Helper()
	g.u.exam.goTo(id)
	g.drain()
	g.settleLayout()
}

// kinds seats a candidate before the paper with every kind of task.
func kinds(t *testing.T, player sound.Player) *rig {
	t.Helper()
	g := newRig(t, lay(t, sitting("doctoral", "kinds-demo", "en")))
	g.u.player = player
	g.seat(nurlan)
	return g
}

func (g *rig) response(id string) exam.Response {
	g.Helper()
	return g.attempt().Response(id)
}

// answers waits until the attempt has what is marked.
func (g *rig) answers(id string, want ...string) {
	g.Helper()
	g.await(fmt.Sprintf("the answer %v to %s", want, id), func() bool { return slices.Equal(g.response(id).Options, want) })
}

const shift, ctrl, alt = fyne.KeyModifierShift, fyne.KeyModifierControl, fyne.KeyModifierAlt

func TestChoosingAndStrikingByKeyboard(t *testing.T) { // R2, R11
	g := kinds(t, &loudspeaker{})
	g.show("R1")
	g.key(fyne.Key2)
	g.answers("R1", "B")
	g.chord(shift, fyne.Key3)
	g.await("the strike", func() bool { return slices.Equal(g.response("R1").Struck, []string{"C"}) })
	g.says(g.u.t("item.struck"))
	g.key(fyne.Key3) // a struck option is refused with a sentence, and looks as before
	g.says(g.u.t("refusal.struck"))
	g.answers("R1", "B")
	if rows := g.u.exam.options; !rows[1].Chosen || rows[2].Chosen || !rows[2].Struck {
		t.Errorf("after a refusal: %v %v", rows[1].Chosen, rows[2].Chosen)
	}
	g.key(fyne.KeyDown, fyne.KeyDown, fyne.KeyDown, fyne.KeyDelete)
	g.await("the strike taken back", func() bool { return len(g.response("R1").Struck) == 0 })
	g.key(fyne.KeySpace)
	g.answers("R1", "C")
	g.show("R2")
	g.key(fyne.Key1, fyne.Key3, fyne.Key4)
	g.answers("R2", "A", "C", "D")
	g.key(fyne.KeyUp, fyne.KeySpace) // the last row
	g.answers("R2", "A", "C")
	if g.reads(g.u.t("refusal.struck")) {
		t.Error("the sentence of a refusal stays on another task")
	}
}

func TestStrikingByMouse(t *testing.T) {
	g := kinds(t, &loudspeaker{})
	g.show("R1")
	row := g.u.exam.options[0]
	row.TappedSecondary(&fyne.PointEvent{})
	g.await("the strike", func() bool { return slices.Equal(g.response("R1").Struck, []string{"A"}) })
	g.await("the line through it", func() bool { return row.Struck })
	row.TappedSecondary(&fyne.PointEvent{})
	g.await("the strike taken back", func() bool { return len(g.response("R1").Struck) == 0 })
	row.Tapped(&fyne.PointEvent{})
	g.answers("R1", "A")
}

// A half of the pairs is no answer (R16).
func TestMatchingByKeyboard(t *testing.T) {
	g := kinds(t, &loudspeaker{})
	g.show("H1")
	it, _, _ := g.attempt().Paper.Item("H1")
	g.key(fyne.KeyDown, fyne.Key1)
	g.answers("H1", "A V")
	g.key(fyne.KeyDown, fyne.KeyRight, fyne.KeyRight, fyne.KeyRight) // through the one that is taken
	g.answers("H1", "B X")
	g.key(fyne.KeyUp, fyne.Key1, fyne.KeyDown, fyne.KeyDown, fyne.Key5)
	g.answers("H1", "A V", "B X", "C Z")
	if it.Answered(g.response("H1")) {
		t.Error("half done, it counts as answered")
	}
	g.key(fyne.KeyDown, fyne.Key2)
	g.answers("H1", "A V", "B X", "C Z", "D W")
	if !it.Answered(g.response("H1")) {
		t.Error("done, it does not count as answered")
	}
	g.key(fyne.KeyDelete)
	g.answers("H1", "A V", "B X", "C Z")
	g.key(fyne.Key1) // the number moves
	g.answers("H1", "B X", "C Z", "D V")
}

func TestOrderingByKeyboard(t *testing.T) {
	g := kinds(t, &loudspeaker{})
	g.show("O1")
	if r := g.response("O1"); len(r.Options) > 0 {
		t.Fatalf("nothing is done, and the answer is %v", r.Options)
	}
	g.says(g.u.t("item.order-open"))
	g.chord(ctrl, fyne.KeyReturn) // the order is right as it stands
	g.answers("O1", "A", "B", "C", "D")
	g.says(g.u.t("item.order-marked"))
	g.key(fyne.KeyDelete)
	g.answers("O1")
	g.says(g.u.t("item.order-open"))
	g.key(fyne.KeyDown)
	g.chord(ctrl, fyne.KeyDown)
	g.answers("O1", "B", "A", "C", "D")
	g.key(fyne.KeyDown, fyne.KeyDown)
	g.chord(alt, fyne.KeyUp)
	g.chord(alt, fyne.KeyUp)
	g.answers("O1", "B", "D", "A", "C")
	g.key(fyne.Key1) // the row that has the focus goes to the first place
	g.answers("O1", "D", "B", "A", "C")
}

// reads a passage's text as positions refer to it.
func passageText(a *exam.Attempt, id string) []rune {
	return []rune(content.Plain(a.Paper.Content(a.Paper.Passage(id), a.Opened.Candidate.Language)))
}

func (g *rig) highlighted() (out []string) {
	a := g.attempt()
	text := passageText(a, "P1")
	for _, r := range a.Highlights("P1") {
		out = append(out, string(text[r.From:r.To]))
	}
	return out
}

func TestHighlightingByKeyboard(t *testing.T) { // R2
	g := kinds(t, &loudspeaker{})
	g.show("R1")
	c := g.u.win.Canvas()
	c.FocusNext() // the passage comes first
	g.key(fyne.KeyEnd, fyne.KeyDown, fyne.KeyHome)
	for range 3 {
		g.chord(ctrl, fyne.KeyRight)
	}
	for range 2 {
		g.chord(ctrl|shift, fyne.KeyRight)
	}
	g.key(fyne.KeyReturn)
	want := []string{"the regional "}
	g.await("a highlight", func() bool { return cmp.Equal(g.highlighted(), want) })
	// In the middle of it: Enter takes it away.
	g.key(fyne.KeyLeft, fyne.KeyLeft, fyne.KeyLeft)
	g.key(fyne.KeySpace)
	g.await("no highlight", func() bool { return len(g.highlighted()) == 0 })
	// Over cells of a table, and by Insert while the focus is elsewhere.
	for range 8 {
		g.key(fyne.KeyDown)
	}
	for range 3 {
		g.chord(shift, fyne.KeyDown)
	}
	c.Unfocus()
	g.key(fyne.KeyInsert)
	g.await("another highlight", func() bool { return len(g.highlighted()) == 1 })
	if got := g.highlighted()[0]; strings.Count(got, "\n") < 2 {
		t.Errorf("three rows further down are %q", got)
	}
	g.show("R2")
	if len(g.highlighted()) != 1 {
		t.Error("with the next task of the passage the highlight is gone")
	}
}

// The next task of the same passage finds it scrolled as it was, and so does a screen that is made anew.
func TestPassageStaysWhereItWas(t *testing.T) {
	g := kinds(t, &loudspeaker{})
	g.show("R1")
	passage := func() float32 { return scrolls(g.u.exam.task)[0].Offset.Y }
	s := scrolls(g.u.exam.task)[0]
	s.ScrollToOffset(fyne.NewPos(0, 150))
	g.show("R2")
	if got := passage(); got != 150 {
		t.Errorf("with the next task it stands at %v", got)
	}
	g.show("H1")
	g.show("R1")
	if got := passage(); got < 149 || got > 151 {
		t.Errorf("after a task without it, it stands at %v", got)
	}
	g.u.setLanguage(locales.Kazakh)
	g.settleLayout()
	if got := passage(); got < 140 || got > 160 {
		t.Errorf("in another interface language it stands at %v", got)
	}
}

// loudspeaker is a player under the test's control.
type loudspeaker struct {
	mu     sync.Mutex
	from   time.Duration
	tell   func(sound.Reading)
	plays  int
	volume int
	stops  int
}

func (l *loudspeaker) Play(_ sound.Source, from time.Duration, tell func(sound.Reading)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from, l.tell = from, tell
	l.plays++
}

func (l *loudspeaker) Stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stops++
}

func (l *loudspeaker) SetVolume(p int) { l.volume = p }
func (l *loudspeaker) Volume() int     { return l.volume }

func (l *loudspeaker) says(state sound.State, at time.Duration) {
	l.tell(sound.Reading{State: state, Position: at})
}

func (g *rig) heard() exam.Hearing {
	g.Helper()
	return g.attempt().Heard("tones")
}

func (g *rig) hears(want exam.Hearing) {
	g.Helper()
	want.Medium = "tones"
	g.await(fmt.Sprintf("%+v", want), func() bool { return g.heard() == want })
}

// A sound plays through, its place is kept every second, and an unplugged headset costs nothing.
func TestSound(t *testing.T) { // R11
	l := &loudspeaker{volume: 50}
	g := kinds(t, l)
	g.show("A1")
	g.says(g.u.t("item.sound.left", "Left", 2, "Of", 2))
	g.press(g.u.t("item.sound.play"))
	g.hears(exam.Hearing{Times: 1, Open: true})
	g.await("the loudspeaker", func() bool { return l.plays == 1 })
	g.says(g.u.t("item.sound.plays-through", "Left", 1, "Of", 2))
	l.says(sound.Playing, 400*time.Millisecond)
	l.says(sound.Playing, 1100*time.Millisecond)
	g.hears(exam.Hearing{Times: 1, Open: true, Millis: 1100})
	g.says("0:01 / 0:06")
	g.press(g.u.t("item.sound.plays")) // cannot be pressed
	if g.drain(); l.plays != 1 || l.stops != 0 {
		t.Errorf("while it plays through: %d plays, %d stops", l.plays, l.stops)
	}
	g.show("H1") // it plays on at another task
	l.says(sound.Playing, 2500*time.Millisecond)
	g.hears(exam.Hearing{Times: 1, Open: true, Millis: 2500})
	g.show("A1")
	l.tell(sound.Reading{State: sound.NoDevice, Position: 2700 * time.Millisecond, Err: errors.New("unplugged")})
	g.hears(exam.Hearing{Times: 1, Open: true, Millis: 2700})
	g.says(g.u.t("item.sound.no-device"))
	g.press(g.u.t("item.sound.continue"))
	g.await("the sound to go on", func() bool { return l.plays == 2 })
	if l.from != 2700*time.Millisecond {
		t.Errorf("it goes on from %v", l.from)
	}
	if g.reads(g.u.t("item.sound.no-device")) {
		t.Error("the notice stays")
	}
	l.says(sound.Ended, 6*time.Second)
	g.hears(exam.Hearing{Times: 1, Millis: 6000})
	g.says(g.u.t("item.sound.left", "Left", 1, "Of", 2))
	g.press(g.u.t("item.sound.play"))
	g.await("the second time", func() bool { return l.plays == 3 })
	if l.from != 0 {
		t.Errorf("the second time begins at %v", l.from)
	}
	l.says(sound.Ended, 6*time.Second)
	g.hears(exam.Hearing{Times: 2, Millis: 6000})
	g.says(g.u.t("item.sound.none-left", "Of", 2))
	g.chord(alt, fyne.KeyEqual)
	g.chord(alt, fyne.KeyEqual)
	g.chord(alt, fyne.KeyMinus)
	if l.volume != 60 {
		t.Errorf("the volume is %d", l.volume)
	}
}

// A lock stops a sound, and costs nothing of it.
func TestSoundStopsWhenTheExamIsHeldUp(t *testing.T) {
	l := &loudspeaker{volume: 50}
	g := kinds(t, l)
	g.show("A1")
	g.press(g.u.t("item.sound.play"))
	g.hears(exam.Hearing{Times: 1, Open: true})
	g.await("the loudspeaker", func() bool { return l.plays == 1 })
	g.u.setLanguage(locales.Russian) // does not stop it
	g.drain()
	if l.stops != 0 {
		t.Error("another interface language stops it")
	}
	g.u.setLanguage(locales.English)
	g.admin("lock")
	g.screen("locked")
	if l.stops == 0 {
		t.Error("it plays on while the station is locked")
	}
	l.says(sound.Stopped, 1500*time.Millisecond)
	g.hears(exam.Hearing{Times: 1, Open: true, Millis: 1500})
	g.admin("unlock")
	g.screen("exam")
	g.says(g.u.t("item.sound.stopped-free", "At", "0:01", "Left", 1, "Of", 2))
}

func TestPictureIsZoomed(t *testing.T) { // R2
	g := kinds(t, &loudspeaker{})
	g.show("F1")
	c := g.u.win.Canvas()
	c.FocusNext()
	g.key(fyne.KeyReturn)
	if g.u.sheet == nil || g.u.sheet.name != "zoom" {
		t.Fatal("Enter does not show the picture by itself")
	}
	g.settleLayout()
	g.picture("zoom")
	for _, f := range faults(c) {
		t.Error(f)
	}
	percent := func() string {
		for _, s := range g.texts() {
			if strings.HasSuffix(s, " %") {
				return s
			}
		}
		t.Fatal("nothing says how large the picture is")
		return ""
	}
	at := percent()
	g.key(fyne.KeyEqual)
	if percent() == at {
		t.Error("+ does not make the picture larger")
	}
	g.key(fyne.KeyMinus)
	if percent() != at {
		t.Errorf("− does not bring it back: %s, then %s", at, percent())
	}
	g.key(fyne.KeyEqual, fyne.KeyEqual)
	place := func() fyne.Position { return scrolls(g.u.sheet.over)[1].Offset }
	before := place()
	g.key(fyne.KeyRight, fyne.KeyDown)
	if after := place(); after.X <= before.X || after.Y <= before.Y {
		t.Errorf("the arrows move it from %v to %v", before, after)
	}
	g.key(fyne.KeyEscape)
	if g.u.sheet != nil {
		t.Error("Esc does not close the picture")
	}
}

// R2: each key that the help tells of does something, with every kind of task.
func TestKeysOfEveryKind(t *testing.T) {
	g := kinds(t, &loudspeaker{volume: 50})
	for _, it := range g.attempt().Paper.Items() {
		g.show(it.ID)
		g.table("exam, "+it.ID, "louder", "softer") // see TestSound
		g.u.closeSheet()
	}
}
