package console

import (
	"strings"

	"emtihan/assets/locales"
	"emtihan/exam"
	"emtihan/proctor/room"
)

// ReasonText says why a device is unknown and what to do about it; an empty reason is one that has not spoken yet.
func ReasonText(l locales.Lang, reason string) string {
	if reason == "" {
		reason = "waiting"
	}
	id := "proctor.reason." + reason
	if !locales.Has(id) {
		id = "proctor.reason.bad-answer"
	}
	return locales.T(l, id)
}

// event says what happened.
func (c *Console) event(l room.Line) string {
	id := l.Event
	switch l.Event {
	case exam.DetectorRead{}.Kind():
		id += "." + stateWord(l.State, "clear", "alarm")
		if l.Alarm {
			id = "detector.alarm"
		}
	case exam.DoorRead{}.Kind():
		id += "." + stateWord(l.State, "closed", "open")
		if l.Alarm {
			id = "door.unexplained"
		}
	case exam.FaceChecked{}.Kind():
		verdict, _, _ := strings.Cut(l.Detail, ":")
		id = "face." + verdict
	case exam.ConsequenceApplied{}.Kind():
		id += ".applied"
	case exam.PresenceChanged{}.Kind():
		if to, _, _ := strings.Cut(l.Detail, ":"); locales.Has("proctor.event.presence." + to) {
			id = "presence." + to
		}
	case room.SaidReader, room.SaidUPS:
		id = l.Event + "." + l.Word
	case room.SaidFace:
		verdict, _, _ := strings.Cut(l.Detail, ":")
		id = "entry.face." + verdict
	case exam.StorageChanged{}.Kind():
		if _, state, _ := storage(l.Detail); locales.Has("proctor.event.storage." + state) {
			id = "storage." + state
		}
	case exam.Locked{}.Kind(), exam.LimitExceeded{}.Kind(), exam.FocusChanged{}.Kind():
		id = strings.TrimSuffix(strings.TrimSuffix(id, ".exceeded"), ".changed") + "." + l.Detail
	}
	if !locales.Has("proctor.event." + id) {
		return c.t("event.unnamed") + ": " + l.Event
	}
	return c.t("event." + id)
}

// storage takes the detail of a change of storage apart: PLACE:STATE:WHY.
func storage(detail string) (place, state, why string) {
	place, rest, _ := strings.Cut(detail, ":")
	state, why, _ = strings.Cut(rest, ":")
	return place, state, why
}

// detail returns what a line says beyond its kind; codes that the sentence already tells are left out.
func (c *Console) detail(l room.Line) string {
	switch l.Event {
	case exam.DetectorRead{}.Kind(), exam.DoorRead{}.Kind():
		if l.State == room.Unknown {
			return ReasonText(c.lang, l.Detail)
		}
		return l.Device
	case room.SaidReader, room.SaidUPS:
		if l.State == room.Unknown {
			return l.Device + ": " + ReasonText(c.lang, l.Detail)
		}
		return l.Device
	case room.SaidUnlocked:
		return strings.Trim(l.Device+": "+l.Detail, ": ")
	case room.SaidJammed:
		return l.Device + ": " + ReasonText(c.lang, l.Detail)
	case room.SaidStray:
		return l.Device
	case room.SaidStop, room.SaidGoOn:
		if l.Detail == "low-battery" {
			return c.t("order.low")
		}
	case room.SaidFace, exam.PresenceChanged{}.Kind(), exam.FaceChecked{}.Kind(), exam.Locked{}.Kind(), exam.LimitExceeded{}.Kind(), exam.FocusChanged{}.Kind(), exam.HandedIn{}.Kind(), room.SaidRun, exam.FaceUnavailable{}.Kind():
		return ""
	case exam.StorageChanged{}.Kind():
		place, _, why := storage(l.Detail)
		if id := "proctor.storage." + place; locales.Has(id) {
			place = locales.T(c.lang, id)
		}
		return strings.TrimSuffix(place+": "+why, ": ")
	case exam.AdministratorCalled{}.Kind():
		// The sentence is the one on the button that the candidate pressed.
		if id := "station.topic." + l.Detail; locales.Has(id) {
			return locales.T(c.lang, id)
		}
	}
	return l.Detail
}
