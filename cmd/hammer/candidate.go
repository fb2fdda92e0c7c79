package main

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"emtihan/assets"
	"emtihan/exam"
	"emtihan/exam/journal"
)

// candidate sits an attempt and records it as package session does: every command is decided, folded and encoded, and the
// clock ticks when nothing happens.
type candidate struct {
	attempt *exam.Attempt
	now     exam.Stamp
	pace    pace
	essay   int // runes at which the text stops growing
	random  *rand.Rand
	texts   []*exam.Item
	choices []*exam.Item
	typed   int // keys
	ticks   size
	keys    size // all events that are no ticks
}

// size counts records and their bytes in a stream.
type size struct {
	records int
	bytes   int64
}

// pace says how a candidate types, in time by the attempt's clock.
type pace struct {
	key        time.Duration // from key to key
	pauseEvery int           // keys
	pause      time.Duration
}

const tickerEvery = exam.TickEvery / 2 // as in package session

const (
	photoSize = 40_000 // bytes of a registered photo
	frameSize = 60_000 // bytes of a face check's frame
)

var letters = []rune("аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя")

// paperOf returns the paper that candidates sit.
func paperOf() (*exam.Paper, error) { return assets.Paper("doctoral-demo") }

// newCandidate returns a candidate who has started the exam, and the units that this has made.
func newCandidate(id string, p pace, essay int) (*candidate, [][]journal.Entry, error) {
	paper, err := paperOf()
	if err != nil {
		return nil, nil, err
	}
	profile, err := assets.Profile("doctoral")
	if err != nil {
		return nil, nil, err
	}
	c := &candidate{
		attempt: exam.NewAttempt(paper), pace: p, essay: essay, random: rand.New(rand.NewPCG(1, 2)),
		now: exam.Stamp{Wall: time.Date(2026, 8, 20, 4, 30, 0, 0, time.UTC).UnixMilli(), Run: 1, Mono: 700},
	}
	for _, it := range paper.Items() {
		switch {
		case it.Kind == exam.Essay, it.Kind == exam.Long:
			c.texts = append(c.texts, it)
		case len(it.Options) > 0:
			c.choices = append(c.choices, it)
		}
	}
	if len(c.texts) == 0 || len(c.choices) == 0 {
		return nil, nil, fmt.Errorf("paper %s has no texts to write or nothing to choose", paper.ID)
	}
	photo, frame := noise(c.random, nil, photoSize), noise(c.random, nil, frameSize)
	photoSum, frameSum := sha256.Sum256(photo), sha256.Sum256(frame)
	var units [][]journal.Entry
	do := func(cmd exam.Command, blobs ...[]byte) {
		if err != nil {
			return
		}
		c.pass(3 * time.Second)
		var unit []journal.Entry
		unit, err = c.do(cmd, blobs...)
		units = append(units, unit)
	}
	do(exam.Open{Opened: exam.Opened{
		Attempt: id, Session: "2026-08-doctoral", Centre: "Алматы", Room: "101", Station: "101-1",
		Candidate: exam.Candidate{
			IIN: "900101100004", Name: "Қожа Әсел Үмітқызы", Photo: "photos/900101100004.jpg", Language: "kk", Seat: "1",
			ExtraMinutes: 60, ExtraDocument: "№ 17", InterviewHeld: true, InterviewProtocol: "№ 4",
		},
		Profile: profile.Source(), Paper: paper.Digest(), PaperID: paper.ID, Start: c.now.Wall, Photo: photoSum[:],
	}}, photo)
	do(exam.StartRun{RunStarted: exam.RunStarted{Software: "hammer", Host: "bench"}})
	do(exam.ReportFace{FaceChecked: exam.FaceChecked{
		Purpose: exam.PurposeLogin, Verdict: exam.VerdictAccepted, Reason: "match", Score: 0.61, Threshold: 0.36, Liveness: 0.93,
		LivenessThreshold: 0.5, Frames: 5, Millis: 900, Frame: frameSum[:], Box: [4]int{200, 100, 180, 180}, Camera: "/dev/video0",
	}}, frame)
	do(exam.ConfirmData{})
	do(exam.ReadRules{})
	do(exam.Confirm{})
	do(exam.Enter{})
	for _, it := range c.texts {
		if len(it.Themes) > 0 {
			do(exam.ChooseTheme{Item: it.ID, Theme: it.Themes[0].ID})
		}
	}
	do(exam.Show{Item: c.texts[0].ID})
	return c, units, err
}

// pass lets time pass.
func (c *candidate) pass(d time.Duration) {
	c.now.Mono += d.Milliseconds()
	c.now.Wall += d.Milliseconds()
}

// do asks the rules, folds what they answer, and returns the unit to append; it is empty where nothing is to be recorded.
func (c *candidate) do(cmd exam.Command, blobs ...[]byte) ([]journal.Entry, error) {
	events, err := c.attempt.Decide(cmd, c.now)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	var unit []journal.Entry
	next := c.attempt
	for _, e := range events {
		rec := exam.Recorded{Seq: next.Seq + 1, Stamp: c.now, Event: e}
		if next, err = next.Apply(rec); err != nil {
			return nil, err
		}
		data, err := exam.EncodeRecord(rec)
		if err != nil {
			return nil, err
		}
		unit = append(unit, journal.Entry{Record: data})
		count := &c.keys
		if _, tick := e.(exam.Ticked); tick {
			count = &c.ticks
		}
		count.records++
		count.bytes += int64(inStream(data))
	}
	unit[0].Blobs = blobs
	c.attempt = next
	return unit, nil
}

// key returns the next key: a letter or a space, or where the text is long enough as often one taken away.
func (c *candidate) key() exam.Edit {
	item := c.texts[c.typed/4000%len(c.texts)].ID
	r := c.attempt.Response(item)
	runes := len([]rune(r.Text))
	at := min(r.Caret, runes)
	if c.random.IntN(300) == 0 {
		at = c.random.IntN(runes + 1) // clicks elsewhere in the text
	}
	c.typed++
	back := 0.12
	if runes >= c.essay {
		back = 0.5
	}
	switch chance := c.random.Float64(); {
	case chance < back && at > 0:
		return exam.Edit{Item: item, Position: at - 1, Removed: 1}
	case chance > 0.86:
		return exam.Edit{Item: item, Position: at, Inserted: " "}
	}
	return exam.Edit{Item: item, Position: at, Inserted: string(letters[c.random.IntN(len(letters))])}
}

// step lets the time to the next key pass, with the ticks that fall into it, and types it. Now and then the candidate turns to a
// question, marks an answer, and turns back. take gets each unit.
func (c *candidate) step(take func([]journal.Entry) error) error {
	until := c.now.Mono + c.pace.key.Milliseconds()*(50+c.random.Int64N(101))/100
	if c.pace.pauseEvery > 0 && c.random.IntN(c.pace.pauseEvery) == 0 {
		until += c.pace.pause.Milliseconds() * (50 + c.random.Int64N(101)) / 100
	}
	every := tickerEvery.Milliseconds()
	for next := (c.now.Mono/every + 1) * every; next < until; next += every {
		c.pass(time.Duration(next-c.now.Mono) * time.Millisecond)
		if err := c.record(exam.Tick{}, take); err != nil {
			return err
		}
	}
	c.pass(time.Duration(until-c.now.Mono) * time.Millisecond)
	if c.random.IntN(400) == 0 {
		it := c.choices[c.random.IntN(len(c.choices))]
		for _, cmd := range []exam.Command{
			exam.Show{Item: it.ID},
			exam.Choose{Item: it.ID, Options: []string{it.Options[c.random.IntN(len(it.Options))].ID}},
			exam.Show{Item: c.texts[0].ID},
		} {
			if err := c.record(cmd, take); err != nil {
				return err
			}
		}
	}
	return c.record(c.key(), take)
}

func (c *candidate) record(cmd exam.Command, take func([]journal.Entry) error) error {
	unit, err := c.do(cmd)
	if err != nil || len(unit) == 0 {
		return err
	}
	return take(unit)
}

// describe says what the attempt has become.
func (c *candidate) describe() string {
	var lengths []string
	for _, it := range c.texts {
		lengths = append(lengths, fmt.Sprint(len([]rune(c.attempt.Response(it.ID).Text))))
	}
	return fmt.Sprintf("%d events, %d keys, %d ticks, %v used; texts of %s characters",
		c.attempt.Seq, c.typed, c.ticks.records, c.attempt.Used.Round(time.Second), strings.Join(lengths, ", "))
}
