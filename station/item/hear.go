package item

import (
	"fmt"
	"time"

	"emtihan/devices/sound"
	"emtihan/exam"
	"emtihan/station/editor"
	"emtihan/station/item/media"
	"emtihan/station/look"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// playing is the sound that a candidate hears. It goes on when the candidate turns to another task.
type playing struct {
	d      *Desk
	player sound.Player
	medium string        // what plays; empty: nothing
	asked  bool          // the attempt is asked whether it may
	at     time.Duration // how far it is heard
	told   time.Duration // how far the attempt knows
	turn   int           // counts what was played
	failed map[string]sound.State
	closed bool
}

// reportEvery is how often the attempt is told how far a sound is heard: a power cut gives back at most that.
const reportEvery = time.Second

// start plays a sound, or goes on with it.
func (p *playing) start(medium string, s *media.Sound) {
	if p.closed || p.asked || p.medium == medium {
		return
	}
	if p.medium != "" {
		if p.d.limited(p.medium) {
			return // it plays through
		}
		p.player.Stop()
	}
	p.asked = true
	delete(p.failed, medium)
	p.d.host.Do(exam.Play{Medium: medium}, func(err error) {
		p.asked = false
		if err != nil {
			p.d.host.Say(err)
			p.d.showSounds()
			return
		}
		p.begin(medium, s)
	})
}

func (p *playing) begin(medium string, s *media.Sound) {
	src, err := s.Open()
	if err != nil || p.closed {
		p.fail(medium, sound.Failed)
		return
	}
	p.turn++
	turn := p.turn
	from := time.Duration(p.d.host.Attempt().Heard(medium).Millis) * time.Millisecond
	p.medium, p.at, p.told = medium, from, from
	p.player.Play(src, from, func(r sound.Reading) {
		p.d.host.Post(func() { p.heard(turn, medium, r) })
	})
	p.d.showSounds()
}

func (p *playing) fail(medium string, state sound.State) {
	if p.failed == nil {
		p.failed = make(map[string]sound.State)
	}
	p.failed[medium] = state
	p.d.showSounds()
}

// heard takes a reading.
func (p *playing) heard(turn int, medium string, r sound.Reading) {
	if p.closed {
		return
	}
	if r.State == sound.Playing {
		if turn != p.turn {
			return
		}
		before := p.at
		p.at = r.Position
		if p.at-p.told >= reportEvery {
			p.told = p.at
			p.report(medium, p.at, false)
		}
		if p.at/time.Second != before/time.Second { // each picture costs a computer without a graphics card
			p.d.showSounds()
		}
		return
	}
	p.report(medium, r.Position, r.State == sound.Ended)
	if turn == p.turn {
		p.medium = ""
	}
	if r.State == sound.NoDevice || r.State == sound.Failed {
		p.fail(medium, r.State)
	}
	p.d.showSounds()
}

func (p *playing) report(medium string, at time.Duration, ended bool) {
	p.d.host.Do(exam.ReportPlay{Medium: medium, Millis: at.Milliseconds(), Ended: ended}, func(error) {
		// The attempt refuses a place that it has passed, and everything after the end: nothing to tell anyone.
		p.d.showSounds()
	})
}

// turns reports whether the volume can still be changed.
func (p *playing) turns(by int) bool {
	v := p.player.Volume() + by
	return v >= 0 && v <= 100
}

func (p *playing) louder(by int) {
	p.player.SetVolume(p.player.Volume() + by)
	p.d.showSounds()
}

// Hold stops what plays, because the exam is held up. It goes on later from there, which costs nothing.
func (d *Desk) Hold() {
	if d.play.medium != "" {
		d.play.player.Stop()
	}
}

// Close ends the desk: the candidate has gone. Nothing of it is told to the attempt any more.
func (d *Desk) Close() {
	d.play.closed = true
	d.play.player.Stop()
}

// limited reports whether a sound may be heard a number of times only, so that it plays through.
func (d *Desk) limited(medium string) bool { return d.paper.Medium(medium).Plays > 0 }

func (d *Desk) showSounds() {
	if d.pane != nil {
		for _, s := range d.pane.sounds {
			s.show()
		}
	}
}

// soundRow is a sound of a task: what can be done with it, how far it is heard, and how loud it is.
type soundRow struct {
	p      *Pane
	medium string
	sound  *media.Sound
	box    *fyne.Container
	button *look.Button
	again  *look.Button // unlimited sounds: from the beginning
	bar    *look.Progress
	time   *editor.Line
	volume *flow
	words  *flow
	banner *look.Banner
}

func newSoundRow(p *Pane, medium string, s *media.Sound) *soundRow {
	r := &soundRow{p: p, medium: medium, sound: s, bar: look.NewProgress(), volume: plainFlow(""), words: plainFlow("")}
	r.button = p.button("item.sound.play", r.press)
	r.again = p.button("item.sound.again", r.fromStart)
	r.again.Hide()
	r.time = editor.NewLine("", look.Ink)
	r.time.Reserve = []string{clock(s.Length) + " / " + clock(s.Length)}
	r.banner = look.NewBanner(look.Trouble, "")
	quieter, louder := newChip("−", func() { p.d.play.louder(-10) }), newChip("+", func() { p.d.play.louder(10) })
	width, _ := plainFlow(p.d.host.T("item.sound.volume", "Percent", 100)).natural()
	r.box = down(4,
		container.New(&flowing{gap: 8}, r.button, r.again, container.New(&fixed{r.time.MinSize().Width}, container.NewCenter(r.time)),
			container.NewHBox(container.NewCenter(container.New(&fixed{width}, r.volume)), quieter, louder)),
		r.bar, r.words, r.banner)
	return r
}

func clock(d time.Duration) string {
	s := int(d / time.Second)
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func percent(f float32) string { return fmt.Sprintf("%.0f %%", f*100) }

// press plays, goes on, or pauses what may be paused.
func (r *soundRow) press() {
	play := &r.p.d.play
	if play.medium == r.medium {
		if !r.p.d.limited(r.medium) {
			play.player.Stop()
		}
		return
	}
	play.start(r.medium, r.sound)
}

// fromStart ends a sound where it stands and begins it anew.
func (r *soundRow) fromStart() {
	play := &r.p.d.play
	heard := r.p.d.host.Attempt().Heard(r.medium)
	if play.medium == r.medium || !heard.Open {
		return
	}
	play.report(r.medium, time.Duration(heard.Millis)*time.Millisecond, true)
	play.start(r.medium, r.sound)
}

// show brings the row to what is so now.
func (r *soundRow) show() {
	host, play := r.p.d.host, &r.p.d.play
	heard, most := host.Attempt().Heard(r.medium), r.p.d.paper.Medium(r.medium).Plays
	at := time.Duration(heard.Millis) * time.Millisecond
	here := play.medium == r.medium
	if here {
		at = max(at, play.at)
	}
	left := most - heard.Times
	name, words, can := "play", "", play.medium == "" || !r.p.d.limited(play.medium)
	switch {
	case here && most > 0:
		name, can = "plays", false
		words = host.T("item.sound.plays-through", "Left", left, "Of", most)
	case here:
		name = "pause"
		words = host.T("item.sound.unlimited")
	case heard.Open:
		name = "continue"
		words = host.T("item.sound.stopped", "At", clock(at))
		if most > 0 {
			words = host.T("item.sound.stopped-free", "At", clock(at), "Left", left, "Of", most)
		}
	case most > 0 && left <= 0:
		can, at = false, r.sound.Length
		words = host.T("item.sound.none-left", "Of", most)
	case most > 0:
		at = 0
		words = host.T("item.sound.left", "Left", left, "Of", most)
	default:
		at = 0
		words = host.T("item.sound.unlimited")
	}
	r.button.SetText(host.T("item.sound." + name))
	if r.button.Disabled() == can {
		if can {
			r.button.Enable()
		} else {
			r.button.Disable()
		}
	}
	if rewinds := most == 0 && heard.Open && !here; rewinds != r.again.Visible() {
		if rewinds {
			r.again.Show()
		} else {
			r.again.Hide()
		}
	}
	at = min(at, r.sound.Length)
	r.time.SetText(clock(at) + " / " + clock(r.sound.Length))
	r.bar.Set(float64(at) / float64(max(r.sound.Length, 1)))
	r.words.say(words, false)
	r.volume.say(host.T("item.sound.volume", "Percent", play.player.Volume()), false)
	trouble := ""
	switch play.failed[r.medium] {
	case sound.NoDevice:
		trouble = host.T("item.sound.no-device")
	case sound.Failed:
		trouble = host.T("item.sound.failed")
	case sound.Playing, sound.Ended, sound.Stopped:
	}
	if r.banner.Text() != trouble {
		r.banner.Set(look.Trouble, trouble)
	}
}
