package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"emtihan/assets/locales"
	"emtihan/exam"
)

// presence says what the camera showed, in the words of the administrators' window.
func (e *env) presence(p exam.Presence) string {
	if id := "proctor.event.presence." + string(p); locales.Has(id) {
		return locales.T(e.lang, id)
	}
	return either(p == "", "–", string(p))
}

// words says in the person's language what an event is.
func (e *env) words(ev exam.Event) string {
	id := strings.ReplaceAll(ev.Kind(), ".", "-")
	var pairs []any
	deed := func(d exam.Deed, more ...any) { pairs = append([]any{"By", d.By, "Reason", d.Reason}, more...) }
	switch ev := ev.(type) {
	case exam.Opened:
		pairs = []any{"Name", ev.Candidate.Name, "IIN", ev.Candidate.IIN, "Seat", ev.Candidate.Seat, "Station", ev.Station}
	case exam.RunStarted:
		pairs = []any{"Software", ev.Software, "Host", ev.Host}
		if ev.Means != "" {
			id = "run-started-released"
			pairs = append(pairs, "Package", ev.Parcel, "Means", e.code("release", string(ev.Means)), "At", e.clock(time.UnixMilli(ev.ReleasedAt)))
		}
	case exam.LateAdmitted:
		deed(ev.Deed)
	case exam.FaceChecked:
		pairs = []any{
			"Purpose", e.purpose(ev.Purpose), "Verdict", e.code("verdict", string(ev.Verdict)), "Reason", either(ev.Reason != "", " ("+ev.Reason+")", ""),
			"Score", decimal(ev.Score), "Threshold", decimal(ev.Threshold),
			"Liveness", decimal(ev.Liveness), "LivenessThreshold", decimal(ev.LivenessThreshold), "Frame", short(ev.Frame),
		}
	case exam.FaceUnavailable:
		pairs = []any{"Purpose", e.purpose(ev.Purpose), "Reason", ev.Reason}
	case exam.IdentifiedByDocument:
		deed(ev.Deed, "Purpose", e.purpose(ev.Purpose))
		if id := "station.ground." + string(ev.Ground); ev.Ground != "" && locales.Has(id) {
			pairs[3] = strings.TrimSuffix(locales.T(e.lang, id)+"; "+ev.Reason, "; ")
		}
	case exam.PresenceChanged:
		pairs = []any{
			"What", e.presence(ev.To), "Held", decimal(float64(ev.Held) / 1000), "Faces", ev.Faces, "Score", decimal(ev.Score),
			"Detail", either(ev.Detail != "", " ("+ev.Detail+")", ""), "Frame", either(len(ev.Frame) > 0, short(ev.Frame), "–"),
		}
	case exam.PresenceSeen:
		pairs = []any{"What", e.presence(ev.Of), "Offset", decimal(float64(ev.Offset) / 1000), "Camera", ev.Camera, "Frame", short(ev.Frame)}
	case exam.Locked:
		id = "locked-" + string(ev.Cause)
		pairs = []any{"By", ev.By, "Reason", ev.Reason}
	case exam.Unlocked:
		deed(ev.Deed)
	case exam.ItemShown:
		pairs = []any{"Item", ev.Item}
	case exam.Edited:
		pairs = []any{"Item", ev.Item, "Position", ev.Position, "Removed", ev.Removed, "Inserted", visible(ev.Inserted)}
	case exam.Chosen:
		if len(ev.Options) == 0 {
			id = "chosen-nothing"
		}
		pairs = []any{"Item", ev.Item, "Options", strings.Join(ev.Options, ", ")}
	case exam.ThemeChosen:
		id = either(ev.Previous == "", "theme-chosen", "theme-changed")
		pairs = []any{"Item", ev.Item, "Theme", ev.Theme, "Previous", ev.Previous}
	case exam.Flagged:
		id = either(ev.On, "flagged-on", "flagged-off")
		pairs = []any{"Item", ev.Item}
	case exam.OptionStruck:
		id = either(ev.On, "struck-on", "struck-off")
		pairs = []any{"Item", ev.Item, "Option", ev.Option}
	case exam.Highlighted:
		id = either(ev.On, "highlighted-on", "highlighted-off")
		pairs = []any{"Passage", ev.Passage, "From", ev.From, "To", ev.To}
	case exam.SoundStarted:
		pairs = []any{"Medium", ev.Medium}
	case exam.SoundHeard:
		id = either(ev.Ended, "sound-ended", "sound-heard")
		pairs = []any{"Medium", ev.Medium, "Position", hms(time.Duration(ev.Millis) * time.Millisecond)}
	case exam.Preferred:
		pairs = []any{"Percent", ev.Percent, "Theme", ev.Theme, "Clock", either(ev.HideClock, "–", "+")}
	case exam.AdministratorCalled:
		pairs = []any{"Topic", ev.Topic}
	case exam.AppealedTechnically:
		pairs = []any{"Item", ev.Item, "Text", ev.Text}
	case exam.AppealedContent:
		pairs = []any{"Item", ev.Item, "Ground", ev.Ground, "Text", ev.Text}
	case exam.LeavePermitted:
		deed(ev.Deed, "Escort", either(ev.Escort != "", ev.Escort, "–"))
	case exam.ReturnedToRoom:
		pairs = []any{"Away", hms(time.Duration(ev.Millis) * time.Millisecond)}
	case exam.LimitExceeded:
		id = "limit-" + string(ev.Limit)
	case exam.Suspended:
		deed(ev.Deed)
	case exam.SuspensionEnded:
		deed(ev.Deed)
	case exam.ExtraGranted:
		deed(ev.Deed, "Minutes", ev.Minutes, "Document", ev.Document)
	case exam.HelperRecorded:
		deed(ev.Deed, "Name", ev.Name)
	case exam.CodeRefused:
		pairs = []any{"By", ev.By}
	case exam.FocusChanged:
		id = either(ev.Lost, "focus-lost", "focus-back")
	case exam.HandedIn:
		id = "handed-in-" + string(ev.Cause)
	case exam.Scored:
		id = either(ev.Passed, "scored-passed", "scored-failed")
		pairs = []any{"Points", ev.Points, "Most", ev.Most}
	case exam.StageEnded:
		id = either(ev.Cause == exam.ByTime, "stage-ended-time", "stage-ended-candidate")
		pairs = []any{"Stage", ev.Stage}
	case exam.AppealOpened:
		id = either(ev.Outside, "appeal-opened-outside", "appeal-opened")
		deed(ev.Deed)
	case exam.AppealedWork:
		pairs = []any{"Item", ev.Item, "Text", ev.Text}
	case exam.AppealClosed:
		id = either(ev.Cause == exam.ByTime, "appeal-closed-time", "appeal-closed-candidate")
	case exam.Postponed:
		deed(ev.Deed, "Act", ev.Act)
	case exam.Withdrawn:
		deed(ev.Deed)
	case exam.ActTied:
		pairs = []any{"Number", ev.Number, "Form", ev.Form, "By", ev.By}
	case exam.ConsequenceApplied, exam.ConsequenceLifted, exam.Annulled, exam.AnnulmentNotified, exam.ActSigned:
		id, pairs = e.actWords(ev)
	case exam.RoomOpened:
		pairs = []any{"Session", ev.Session, "Centre", ev.Centre, "Room", ev.Room}
	case exam.DetectorRead:
		id = either(!ev.Known, "detector-unknown", either(ev.Active || ev.Alarms > 0, "detector-alarm", "detector-quiet"))
		pairs = []any{"Device", ev.Device, "Reason", ev.Reason, "Alarms", ev.Alarms, "Count", ev.Count}
	case exam.DoorRead:
		id = either(!ev.Known, "door-unknown", either(ev.Open, "door-open", "door-closed"))
		pairs = []any{"Device", ev.Device, "Reason", ev.Reason}
	case exam.StationSaid:
		pairs = []any{"Station", ev.Station, "IIN", ev.IIN, "What", strings.TrimSpace(ev.What + " " + ev.Detail)}
	case exam.ActDrawn:
		var fields []string
		for _, k := range slices.Sorted(maps.Keys(ev.Fields)) {
			fields = append(fields, k+": "+ev.Fields[k])
		}
		pairs = []any{"Number", ev.Number, "Form", ev.Form, "By", ev.By, "IIN", ev.IIN, "Cause", ev.Cause, "Fields", strings.Join(fields, "; ")}
	case exam.StorageChanged:
		pairs = []any{
			"Place", e.code("storage", ev.Place), "State", e.code("storage", ev.State), "Detail", either(ev.Detail != "", " ("+ev.Detail+")", ""),
		}
	case exam.CheckpointHeard:
		pairs = []any{"Station", ev.Station, "Attempt", ev.Attempt, "Size", ev.Size, "Root", short(ev.Root)}
	case exam.PurgeLogOpened:
		pairs = []any{"Name", ev.Name}
	case exam.Purged:
		pairs = []any{
			"Log", ev.Log, "Kind", e.code("kind", ev.LogKind), "Session", ev.Session, "Size", ev.Size, "Root", short(ev.Root),
			"Ended", e.clock(time.UnixMilli(ev.Ended)), "KeepDays", ev.KeepDays, "By", ev.By, "Files", ev.Files,
		}
	}
	for i := 1; i < len(pairs); i += 2 {
		if s, ok := pairs[i].(string); ok {
			pairs[i] = clean(s)
		}
	}
	return e.code("did", id, pairs...)
}

// code returns the sentence of a code, or the code itself where this version has no word for it.
func (e *env) code(group, code string, pairs ...any) string {
	s := e.say(group+"."+code, pairs...)
	if s == "[nct."+group+"."+code+"]" {
		return clean(code)
	}
	return s
}

func (e *env) purpose(p exam.Purpose) string { return e.code("purpose", string(p)) }

func either[T any](c bool, yes, no T) T {
	if c {
		return yes
	}
	return no
}

func decimal(f float64) string { return fmt.Sprintf("%.2f", f) }

// short returns the beginning of a hash, enough to find the picture by.
func short(sum []byte) string {
	if len(sum) == 0 {
		return "–"
	}
	return fmt.Sprintf("%x", sum[:min(6, len(sum))])
}

// clean makes text from a log harmless on a terminal: a log can hold whatever somebody typed.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return '·'
		}
		return r
	}, s)
}

// visible shows a typed text with its line ends.
func visible(s string) string {
	return "«" + strings.NewReplacer("\n", "⏎", "\t", "⇥").Replace(s) + "»"
}

// hms returns a length of time as hours, minutes and seconds, rounded down.
func hms(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
