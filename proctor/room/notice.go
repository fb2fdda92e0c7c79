package room

import (
	"strings"

	"emtihan/exam"
)

// NoticeOf returns what the administrators are told of an event of an attempt, and false for an event that is not their
// concern, such as a keystroke. a is the attempt after the event. The caller adds Station, and Frame where a face check
// was refused.
func NoticeOf(a *exam.Attempt, r exam.Recorded) (Notice, bool) {
	n := Notice{
		Station: a.Opened.Station, Seat: a.Seat(), Attempt: a.Opened.Attempt, IIN: a.Opened.Candidate.IIN,
		Name: a.Opened.Candidate.Name, Phase: string(a.Phase), Hold: holdOf(a), What: r.Event.Kind(), Wall: r.Stamp.Wall, Seq: r.Seq,
	}
	switch e := r.Event.(type) {
	case exam.ItemShown, exam.Edited, exam.Chosen, exam.ThemeChosen, exam.Flagged, exam.OptionStruck, exam.Highlighted,
		exam.SoundStarted, exam.SoundHeard, exam.Preferred, exam.Ticked, exam.Scored, exam.ActTied, exam.PresenceSeen:
		return Notice{}, false
	case exam.FaceChecked:
		n.Detail, n.Score, n.Threshold = string(e.Verdict)+":"+e.Reason, e.Score, e.Threshold
	case exam.FaceUnavailable:
		n.Detail = e.Reason
	case exam.Locked:
		n.Detail, n.By = string(e.Cause), e.By
	case exam.LimitExceeded:
		n.Detail = string(e.Limit)
	case exam.AdministratorCalled:
		n.Detail = e.Topic
	case exam.AppealedTechnically:
		n.Detail = e.Item + ": " + e.Text
	case exam.AppealedContent:
		n.Detail = e.Item + ": " + e.Text
	case exam.FocusChanged:
		n.Detail = "back"
		if e.Lost {
			n.Detail = "lost"
		}
	case exam.StorageChanged:
		n.Detail = e.Place + ":" + e.State + ":" + e.Detail
	case exam.HandedIn:
		n.Detail = string(e.Cause)
	case exam.CodeRefused:
		n.By = e.By
	case exam.LateAdmitted:
		n.By, n.Detail = e.By, e.Reason
	case exam.IdentifiedByDocument:
		n.By, n.Detail = e.By, strings.TrimSuffix(strings.TrimPrefix(string(e.Ground)+": "+e.Reason, ": "), ": ")
	case exam.PresenceChanged:
		n.Detail, n.Score = string(e.To), e.Score
	case exam.ConsequenceApplied:
		n.By, n.Detail = e.By, e.Act
	case exam.ConsequenceLifted:
		n.By, n.Detail = e.By, e.Of
	case exam.Annulled:
		n.By, n.Detail = e.By, e.Document
	case exam.AnnulmentNotified:
		n.By, n.Detail = e.By, string(e.Whom)
	case exam.AppealOpened:
		n.By, n.Detail = e.By, e.Reason
	case exam.Unlocked:
		n.By, n.Detail = e.By, e.Reason
	case exam.LeavePermitted:
		n.By, n.Detail = e.By, e.Reason
	case exam.Suspended:
		n.By, n.Detail = e.By, e.Reason
	case exam.SuspensionEnded:
		n.By, n.Detail = e.By, e.Reason
	case exam.ExtraGranted:
		n.By, n.Detail = e.By, e.Reason
	case exam.HelperRecorded:
		n.By, n.Detail = e.By, e.Name
	case exam.Withdrawn:
		n.By, n.Detail = e.By, e.Reason
	case exam.Postponed:
		n.By, n.Detail = e.By, e.Reason
	}
	n.fit()
	return n, true
}

func holdOf(a *exam.Attempt) string {
	switch {
	case a.TooLate():
		return HoldLate
	case a.Suspended != nil:
		return HoldSuspended
	case a.Lock != nil:
		return HoldLocked
	case a.Away:
		return HoldAway
	case a.Leaving:
		return HoldLeaving
	}
	return ""
}
