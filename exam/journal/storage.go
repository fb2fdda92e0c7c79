package journal

import (
	"emtihan/exam"
)

// StorageEvents returns what a log should say about itself after something happened to the place with the index (R11).
func StorageEvents(index int, was, is PlaceStatus) (out []exam.StorageChanged) {
	place := exam.StorageFirst
	if index > 0 {
		place = exam.StorageSecond
	}
	say := func(state, detail string) {
		out = append(out, exam.StorageChanged{Place: place, State: state, Detail: detail})
	}
	if is.Damage != was.Damage && is.Damage != "" {
		say(exam.StorageFailed, is.Damage)
	}
	if is.Aside != was.Aside {
		say(exam.StorageQuarantined, is.Aside)
	}
	if is.Healed != was.Healed {
		say(exam.StorageRebuilt, "")
	}
	if is.State != was.State {
		state := map[PlaceState]string{
			PlaceOnline: exam.StorageOnline, PlaceFailed: exam.StorageFailed, PlaceAbsent: exam.StorageAbsent,
		}[is.State]
		detail := ""
		if is.Err != nil {
			detail = is.Err.Error()
		}
		say(state, detail)
	}
	if is.Short && !was.Short {
		say(exam.StorageSpaceShort, "")
	}
	return out
}
