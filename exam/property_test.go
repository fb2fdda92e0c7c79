package exam_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"emtihan/exam"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	drawDeed = rapid.Custom(func(t *rapid.T) exam.Deed {
		return exam.Deed{
			By:     rapid.SampledFrom([]string{"Сәуле", "Сәуле", "Сәуле", "", " ", "\xff"}).Draw(t, "by"),
			Reason: rapid.SampledFrom([]string{"шу", "шу", "шу", "", "\n"}).Draw(t, "reason"),
		}
	})
	drawItem    = rapid.SampledFrom([]string{"S1", "M1", "K1", "L1", "E1", "E1", "H1", "O1", "X9", ""})
	drawPurpose = rapid.SampledFrom([]exam.Purpose{exam.PurposeLogin, exam.PurposeResume, exam.PurposeLeave, exam.PurposeReturn, exam.PurposeFinish, "", "x"})
	drawVerdict = rapid.SampledFrom([]exam.Verdict{exam.VerdictAccepted, exam.VerdictAccepted, exam.VerdictAccepted, exam.VerdictRefused, exam.VerdictUnsure, "", "x"})
	drawText    = rapid.OneOf(rapid.SampledFrom([]string{"ә", "қаз\n", "", "и\u0306", "👩\u200d🔬", "\x00", "\xff", "\r"}), rapid.StringN(0, 6, 24))
	drawInt     = rapid.OneOf(rapid.IntRange(-1, 12), rapid.IntRange(-1, 12), rapid.Int())
)

// evenly draws from 0 to n−1. rapid's own integers lean so much towards small ones that late commands hardly come.
func evenly(t *rapid.T, label string, n uint64) int {
	return int(rapid.Uint64().Draw(t, label) * 0x9E3779B97F4A7C15 >> 33 % n)
}

// drawCommand leans towards what the attempt can take next, so that sequences get far; anything can come at any time.
func drawCommand(t *rapid.T, a *exam.Attempt) exam.Command {
	if evenly(t, "help", 2) == 0 {
		if p := a.Awaits(); p != "" {
			return exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: p, Verdict: drawVerdict.Draw(t, "verdict")}}
		}
		switch {
		case a.TooLate():
			return exam.AdmitLate{Deed: admin}
		case a.Lock != nil:
			return exam.Unlock{Deed: admin}
		case a.Suspended != nil:
			return exam.EndSuspension{Deed: admin}
		case a.Phase == exam.PhaseIdentified:
			return exam.ConfirmData{}
		case a.Phase == exam.PhaseDataConfirmed:
			return exam.ReadRules{}
		case a.Phase == exam.PhaseRulesRead:
			return exam.Confirm{}
		case a.Phase == exam.PhaseConfirmed:
			return exam.Enter{}
		}
	}
	deed := drawDeed.Draw(t, "deed")
	switch evenly(t, "command", 42) {
	case 0:
		return exam.Open{Opened: a.Opened}
	case 1:
		return exam.StartRun{RunStarted: exam.RunStarted{Host: drawText.Draw(t, "host")}}
	case 2:
		return exam.AdmitLate{Deed: deed}
	case 3, 4:
		return exam.ReportFace{FaceChecked: exam.FaceChecked{Purpose: drawPurpose.Draw(t, "purpose"), Verdict: drawVerdict.Draw(t, "verdict")}}
	case 5:
		return exam.ReportNoFace{FaceUnavailable: exam.FaceUnavailable{Purpose: drawPurpose.Draw(t, "purpose"), Reason: drawText.Draw(t, "reason")}}
	case 6:
		return exam.IdentifyByDocument{Deed: deed}
	case 7:
		return rapid.SampledFrom(steps).Draw(t, "step")
	case 8:
		return exam.Show{Item: drawItem.Draw(t, "item")}
	case 9, 10, 11, 12:
		return exam.Edit{Item: drawItem.Draw(t, "item"), Position: drawInt.Draw(t, "position"), Removed: drawInt.Draw(t, "removed"), Inserted: drawText.Draw(t, "inserted")}
	case 13, 14:
		return exam.Choose{Item: drawItem.Draw(t, "item"), Options: rapid.SliceOfN(rapid.SampledFrom([]string{"A", "B", "C", "Z", "A X", "A Y", "B X"}), 0, 3).Draw(t, "options")}
	case 40, 41:
		return exam.ChooseTheme{Item: rapid.SampledFrom([]string{"L1", "L1", "L1", "E1", "S1", "X9"}).Draw(t, "item"), Theme: rapid.SampledFrom([]string{"T1", "T2", "T1", "T2", "T3", "", "\xff"}).Draw(t, "theme")}
	case 15:
		return exam.Flag{Item: drawItem.Draw(t, "item"), On: rapid.Bool().Draw(t, "on")}
	case 16:
		return exam.Call{Topic: drawText.Draw(t, "topic")}
	case 17:
		return exam.AppealTechnical{Item: drawItem.Draw(t, "item"), Text: drawText.Draw(t, "text")}
	case 18:
		return exam.AppealContent{Item: drawItem.Draw(t, "item"), Ground: rapid.IntRange(0, 5).Draw(t, "ground"), Text: drawText.Draw(t, "text")}
	case 19, 20:
		return exam.Leave{Deed: deed, Escort: drawText.Draw(t, "escort")}
	case 21:
		return exam.CancelLeave{}
	case 22:
		return exam.Lock{Deed: deed}
	case 23:
		return exam.Unlock{Deed: deed}
	case 24:
		return exam.Suspend{Deed: deed, Order: rapid.SampledFrom([]uint64{0, 0, 1, 2}).Draw(t, "order")}
	case 25:
		return exam.EndSuspension{Deed: deed}
	case 26:
		return exam.GrantExtra{Deed: deed, Minutes: drawInt.Draw(t, "minutes"), Document: drawText.Draw(t, "document")}
	case 27:
		return exam.RecordHelper{Deed: deed, Name: drawText.Draw(t, "name")}
	case 28:
		return exam.ReportWrongCode{By: drawText.Draw(t, "by")}
	case 29:
		return exam.ReportFocus{Lost: rapid.Bool().Draw(t, "lost")}
	case 30:
		if evenly(t, "really", 4) == 0 {
			return exam.Finish{}
		}
	case 31:
		if evenly(t, "really", 2) == 0 {
			return exam.Postpone{Deed: admin, Act: rapid.SampledFrom([]string{"15-1", ""}).Draw(t, "act")}
		}
	case 32:
		return exam.TieAct{ActTied: drawAct(t, a)}
	case 39:
		if a.Annulment == nil && evenly(t, "really", 4) > 0 {
			return exam.Tick{}
		}
		return rapid.SampledFrom([]exam.Command{
			exam.Annul{Deed: deed, Basis: exam.AnnulledByCommission, Document: "№ 4"},
			exam.Annul{Deed: deed, Document: "№ 4"},
			exam.Notify{By: deed.By, Whom: exam.NotifiedUniversity, Means: "хат"},
			exam.Notify{By: deed.By, Whom: "x", Means: "хат"},
		}).Draw(t, "annulment")
	case 33:
		return exam.ReportStorage{StorageChanged: exam.StorageChanged{
			Place:  rapid.SampledFrom([]string{exam.StorageFirst, exam.StorageSecond, "third", ""}).Draw(t, "place"),
			State:  rapid.SampledFrom([]string{exam.StorageOnline, exam.StorageFailed, "x"}).Draw(t, "state"),
			Detail: drawText.Draw(t, "detail"),
		}}
	case 34:
		return exam.Strike{Item: drawItem.Draw(t, "item"), Option: rapid.SampledFrom([]string{"A", "B", "Z"}).Draw(t, "option"), On: rapid.Bool().Draw(t, "on")}
	case 35:
		return exam.Highlight{Passage: rapid.SampledFrom([]string{"P1", "P1", "P1", "P2"}).Draw(t, "passage"), From: drawInt.Draw(t, "from"), To: drawInt.Draw(t, "to"), On: rapid.Bool().Draw(t, "on")}
	case 36:
		return exam.Play{Medium: rapid.SampledFrom([]string{"snd", "snd", "fig", ""}).Draw(t, "medium")}
	case 37:
		return exam.ReportPlay{Medium: rapid.SampledFrom([]string{"snd", "snd", "fig"}).Draw(t, "medium"), Millis: int64(drawInt.Draw(t, "millis")), Ended: rapid.Bool().Draw(t, "ended")}
	case 38:
		return exam.Prefer{Preferences: exam.Preferences{Percent: drawInt.Draw(t, "percent") + 100, Theme: rapid.SampledFrom([]string{"dark", "light", "Dark"}).Draw(t, "theme"), HideClock: rapid.Bool().Draw(t, "hide")}}
	}
	return exam.Tick{}
}

// drawAct leans towards acts that lift what holds the attempt up, or it would hardly go on.
func drawAct(t *rapid.T, a *exam.Attempt) exam.ActTied {
	act := exam.ActTied{Number: drawText.Draw(t, "number"), By: "Сәуле", Seat: rapid.SampledFrom([]string{"7", "7", ""}).Draw(t, "seat")}
	if len(a.Acts) > 0 && evenly(t, "correct", 2) == 0 {
		act.Number = "corr-" + act.Number
		act.Corrects = a.Acts[evenly(t, "which", uint64(len(a.Acts)))].Number
		act.Effects = []exam.Effect{exam.EffectLift}
		return act
	}
	if evenly(t, "effects", 3) == 0 {
		act.Effects = rapid.SliceOfN(rapid.SampledFrom([]exam.Effect{
			exam.EffectNotAdmitted, exam.EffectRemoved, exam.EffectVoid, exam.EffectMoved, exam.EffectStopped, exam.EffectPostponed, exam.EffectLift, "x",
		}), 0, 3).Draw(t, "effect")
	}
	return act
}

// drawNow moves the clocks: mostly a little forward, sometimes by hours, sometimes the date jumps by years, sometimes the
// monotonic clock runs back, which must be refused.
func drawNow(t *rapid.T, now exam.Stamp) exam.Stamp {
	d := rapid.SampledFrom([]int64{0, 1, 30, 500, 700, 5_000, 61_000, 599_000, 1_000_000}).Draw(t, "step")
	switch evenly(t, "clock", 61) {
	case 0:
		now.Wall += rapid.SampledFrom([]int64{-1, 1}).Draw(t, "jump") * 10 * 365 * 24 * 3600 * 1000
	case 1:
		now.Mono -= 1 + d
		return now
	case 2:
		now.Run--
		return now
	case 3:
		d = 3 * 3600 * 1000
	case 4:
		now.Mono = rapid.Int64().Draw(t, "mono")
	}
	now.Mono += d
	now.Wall += d
	return now
}

func atOnce(t *rapid.T) *exam.Attempt {
	var settings []string
	for _, key := range []string{"runs_while_away", "runs_while_locked", "shows_score"} {
		settings = append(settings, key+" = "+rapid.SampledFrom([]string{"true", "false"}).Draw(t, key))
	}
	settings = append(settings, "minutes = "+rapid.SampledFrom([]string{"1", "10", "190"}).Draw(t, "minutes"))
	source := profileSource
	for _, s := range settings {
		source = with(t, source, s)
	}
	p, err := exam.ParsePaper([]byte(paperSource))
	if err != nil {
		t.Fatal(err)
	}
	a := exam.NewAttempt(p)
	a.Opened = exam.Opened{Attempt: "x", Candidate: exam.Candidate{IIN: testIIN}, Profile: []byte(source), Paper: p.Digest(), Start: start.UnixMilli()}
	return a
}

// differ is cmp.Diff, which is slow, behind a fast answer to the usual case.
func differ(want, got *exam.Attempt) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got, same)
}

// No sequence of commands, at whatever times, breaks what everybody relies on.
func TestAttemptInvariants(t *testing.T) { // R6, R10, R11, R12, R14, R16
	reached := map[exam.Phase]int{}
	rapid.Check(t, func(t *rapid.T) {
		draft := atOnce(t)
		opened := draft.Opened
		a := exam.NewAttempt(draft.Paper)
		// The twin is folded from the log's bytes alone and shares no memory with a: where it equals a, replay reproduces
		// the state; where it still equals an old a, nothing has changed that one.
		twin := exam.NewAttempt(draft.Paper)
		now := exam.Stamp{Wall: start.UnixMilli() + rapid.SampledFrom([]int64{0, 2_400_000, 2_400_001}).Draw(t, "arrival"), Run: 1, Mono: 1000}
		owed := false // a restart's face check
		submitted := []exam.Response(nil)

		run := func(cmd exam.Command, at exam.Stamp) error {
			t.Helper()
			events, err := a.Decide(cmd, at)
			if err != nil && events != nil {
				t.Fatalf("%T: refused and answered", cmd)
			}
			for i, e := range events {
				r := exam.Recorded{Seq: a.Seq + 1, Stamp: at, Event: e}
				data, err := exam.EncodeRecord(r)
				if err != nil {
					t.Fatalf("%T: %s: %v", cmd, e.Kind(), err)
				}
				read, err := exam.DecodeRecord(data)
				if err != nil {
					t.Fatalf("%T: written, and cannot be read: %s: %v", cmd, e.Kind(), err)
				}
				next, err := a.Apply(r)
				if err != nil {
					t.Fatalf("%T: event %d of the answer does not follow: %v", cmd, i, err)
				}
				if d := differ(twin, a); d != "" {
					t.Fatalf("%T: applying %s has changed the old state (-twin +old):\n%s", cmd, e.Kind(), d)
				}
				if twin, err = twin.Apply(read); err != nil {
					t.Fatalf("%T: replay: %v", cmd, err)
				}
				if d := differ(twin, next); d != "" {
					t.Fatalf("%T: replay gives another state (-replay +live):\n%s", cmd, d)
				}
				check(t, a, next, e)
				a = next
				reached[a.Phase]++

				switch e := e.(type) {
				case exam.RunStarted:
					owed = owed || at.Run > 1 && !a.Away && a.Phase != exam.PhaseLoggedIn && !slices.Contains([]exam.Phase{exam.PhaseFinishing, exam.PhaseFinished}, a.Phase)
				case exam.FaceChecked:
					owed = owed && e.Verdict != exam.VerdictAccepted
				case exam.IdentifiedByDocument:
					owed = false
				case exam.HandedIn:
					submitted = a.Responses
				}
				if owed && a.IsRunning() {
					t.Fatalf("%T: running after a restart without a face check", cmd)
				}
				if submitted != nil && !reflect.DeepEqual(submitted, a.Responses) {
					t.Fatalf("%T: a response has changed after handing in", cmd)
				}
			}
			if d := differ(twin, a); d != "" {
				t.Fatalf("%T: deciding has changed the state (-twin +state):\n%s", cmd, d)
			}
			return err
		}
		if err := run(exam.Open{Opened: opened}, now); err != nil {
			t.Fatal(err)
		}
		if err := run(exam.StartRun{}, now); err != nil {
			t.Fatal(err)
		}
		for range rapid.SampledFrom([]int{150, 80, 30, 1}).Draw(t, "commands") {
			before := a.UsedAt(now)
			next := drawNow(t, now)
			back := next.Run < a.Last.Run || next.Mono < a.Last.Mono
			if !back && evenly(t, "power cut", 26) == 0 {
				recorded := a.Used
				next.Run, next.Mono = now.Run+1, rapid.Int64Range(0, 5000).Draw(t, "mono")
				err := run(exam.StartRun{}, next)
				if (err == exam.ErrNoRestart) != (a.Phase == exam.PhasePostponed) || err != nil && err != exam.ErrNoRestart {
					t.Fatalf("start in phase %q: %v", a.Phase, err)
				}
				if err == nil {
					now = next
				}
				if a.UsedAt(now) != recorded {
					t.Fatalf("a power cut has changed the used time from %v to %v", recorded, a.UsedAt(now))
				}
				continue
			}
			err := run(drawCommand(t, a), next)
			if back && err != exam.ErrClock {
				t.Fatalf("a clock that runs back is answered with %v", err)
			}
			if back {
				continue
			}
			if used := a.UsedAt(next); used < before && next.Mono >= now.Mono {
				t.Fatalf("used time fell from %v to %v", before, used)
			}
			now = next
		}
	})
	t.Logf("events by phase: %v", reached)
	for _, p := range []exam.Phase{exam.PhaseRunning, exam.PhaseFinishing, exam.PhaseFinished, exam.PhasePostponed} {
		if reached[p] == 0 {
			t.Errorf("no sequence came to phase %q: %v", p, reached)
		}
	}
}

// check holds for every single event.
func check(t *rapid.T, old, next *exam.Attempt, e exam.Event) {
	t.Helper()
	fail := func(what string) { t.Fatalf("%s in phase %q: %s", e.Kind(), old.Phase, what) }
	used, allowance := next.UsedAt(next.Last), next.Allowance()
	switch {
	case used < 0 || used > allowance:
		fail("used time outside the allowance")
	case used+next.Remaining(next.Last) != allowance:
		fail("used and remaining time do not make up the allowance")
	case next.Used < old.Used:
		fail("used time fell")
	case next.Used > old.Used && old.Phase != exam.PhaseRunning:
		fail("time was used outside the exam")
	case next.Used > old.Used && old.Suspended != nil:
		fail("a suspension has cost time")
	case next.Extra > time.Hour || next.Extra < old.Extra:
		fail("extra time outside 0–60 minutes")
	case next.AwayFor < 0:
		fail("a negative absence")
	case next.Seq != old.Seq+1:
		fail("not counted")
	case old.Phase.Ended() && next.Phase != old.Phase:
		fail("an ended attempt goes on")
	case old.HandedIn != nil && *next.HandedIn != *old.HandedIn:
		fail("handed in twice")
	}
	for i, r := range next.Responses {
		chosen := old.Seq > 0 && i < len(old.Responses) && old.Responses[i].Theme != ""
		switch it := next.Paper.Items()[i]; {
		case r.Theme == "" && len(it.Themes) > 0 && r.Text != "":
			fail("a text was begun without a theme")
		case r.Theme == "" && chosen:
			fail("a chosen theme has gone")
		case len(it.Themes) == 0 && r.Theme != "":
			fail("a theme of an item that has none")
		case r.Theme != "" && e.Kind() == "theme.chosen" && old.Responses[i].Text != r.Text:
			fail("choosing a theme has changed the text")
		}
	}
	if s, ok := e.(exam.Suspended); ok {
		own := old.Suspended != nil && old.Suspended.Order == 0 && old.Suspended.Deed != s.Deed
		switch {
		case s.Order == 0 && old.Suspended != nil && old.Suspended.Order == 0:
			fail("suspended twice")
		case s.Order == 0 && next.Obeyed != old.Obeyed, s.Order != 0 && (next.Obeyed == nil || *next.Obeyed != s):
			fail("another order is obeyed than the one that was given")
		case s.Order != 0 && old.Obeyed != nil && *old.Obeyed == s:
			fail("an order is obeyed twice")
		case own && next.Suspended != old.Suspended:
			fail("an order to all has taken the place of what was decided on for this attempt")
		case !own && *next.Suspended != s:
			fail("not suspended by it")
		}
	} else if next.Obeyed != old.Obeyed {
		fail("an order is obeyed that was not given")
	}
	if e.Kind() == "storage.changed" {
		kept := *next
		kept.Seq, kept.Last, kept.Used, kept.AwayFor = old.Seq, old.Last, old.Used, old.AwayFor
		if !reflect.DeepEqual(old, &kept) || next.Used != old.UsedAt(next.Last) || next.AwayFor != old.AwayAt(next.Last) {
			fail("a place that keeps the log has changed the attempt")
		}
	}
	late := []string{"act.tied", "consequence", "consequence.lifted", "annulled", "annulment.notified", "storage.changed"}
	if old.Phase == exam.PhasePostponed && !slices.Contains(late, e.Kind()) {
		fail("something follows postponing")
	}
	// R20, R26
	switch _, moved := next.InForce(exam.EffectMoved); {
	case next.Barred() && (next.IsRunning() || next.Awaits() != "" || next.Used > old.UsedAt(next.Last)):
		fail("a candidate who was removed goes on")
	case next.Score != nil && next.Validity() != exam.Valid:
		fail("a result that does not count is shown")
	case next.Validity() == exam.Valid && next.Withheld != nil:
		fail("a result that counts is withheld")
	case !moved && next.Seat() != next.Opened.Candidate.Seat:
		fail("another seat without an act")
	case old.Annulment != nil && next.Validity() != exam.Void:
		fail("an annulment was undone")
	}
	if !reflect.DeepEqual(old.Responses, next.Responses) && old.Seq > 0 && (!old.IsRunning() || old.UsedAt(next.Last) >= old.Allowance()) {
		fail("a response changed while the candidate could not answer")
	}
	if next.Leaves > old.Leaves && old.Phase != exam.PhaseRunning {
		fail("left the room outside the exam")
	}
	if e.Kind() == "limit.exceeded" && old.AwayOver && next.AwayOver && e.(exam.LimitExceeded).Limit == exam.LimitLeaveMinutes {
		fail("the same absence noticed twice")
	}
}

// Editing is the same as editing a slice of runes.
func FuzzEdit(f *testing.F) {
	f.Add("Қазақ", 1, 2, "ә")
	f.Add("и\u0306", 1, 1, "")
	f.Add("👩\u200d🔬", 0, 3, "\n")
	f.Add("", 0, 0, "")
	f.Add("abc", 1<<62, 1<<62, "x")
	f.Fuzz(func(t *testing.T, text string, position, removed int, inserted string) {
		s := running(t, setup{})
		if text != "" {
			if _, err := s.do(exam.Edit{Item: "E1", Inserted: text}); err != nil {
				return
			}
		}
		runes := []rune(text)
		_, err := s.do(exam.Edit{Item: "E1", Position: position, Removed: removed, Inserted: inserted})
		inside := position >= 0 && removed >= 0 && position <= len(runes) && removed <= len(runes)-position && (removed > 0 || inserted != "")
		if err != nil {
			if got := s.a.Response("E1").Text; got != text {
				t.Errorf("refused, and the text is %q", got)
			}
			if inside && err == exam.ErrEdit {
				t.Errorf("%d %d %q in %q is refused", position, removed, inserted, text)
			}
			return
		}
		if !inside {
			t.Fatalf("%d %d %q in %q is taken", position, removed, inserted, text)
		}
		want := slices.Concat(runes[:position], []rune(inserted), runes[position+removed:])
		r := s.a.Response("E1")
		if r.Text != string(want) || r.Caret != position+len([]rune(inserted)) {
			t.Errorf("%q, caret %d; want %q", r.Text, r.Caret, string(want))
		}
	})
}
