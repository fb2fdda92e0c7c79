package exam

import (
	"fmt"
	"slices"
	"strings"
)

// Presence is what the camera shows of the seat while somebody works there (R10, R17). It is a statement and no verdict:
// nothing in this package follows from it, a person decides. The words are those of package identity.
type Presence string

// The kinds of presence.
const (
	PresenceUnknown   Presence = "unknown"    // nothing is sure yet, or nobody looks
	PresencePresent   Presence = "present"    // one person, and nothing says that it is another one
	PresenceNobody    Presence = "nobody"     // no face in a sound picture
	PresenceTwoPeople Presence = "two-people" // a second face that is not in the background
	PresenceAnother   Presence = "another"    // a face that clearly is not the candidate's
	PresenceCovered   Presence = "covered"    // the lens is covered
	PresenceFrozen    Presence = "frozen"     // the picture has stopped, or shows a still
	PresenceLooped    Presence = "looped"     // the pictures repeat: a recording is played
	PresenceUnplugged Presence = "unplugged"  // there is no camera, or it gives no pictures
)

// Presences lists all kinds.
func Presences() []Presence {
	return []Presence{
		PresenceUnknown, PresencePresent, PresenceNobody, PresenceTwoPeople, PresenceAnother, PresenceCovered, PresenceFrozen,
		PresenceLooped, PresenceUnplugged,
	}
}

// Asks reports whether an administrator should look: everything but the candidate alone, and but not knowing yet.
func (p Presence) Asks() bool { return p != PresencePresent && p != PresenceUnknown && p != "" }

// FaceRules say how faces are checked and what is kept of them (R10, R17, R27). The zero value asks for no movements and
// looks at nobody during the exam.
type FaceRules struct {
	// Challenge names the checks at which movements of the head are asked for; at no other they are. An administrator's
	// identification by document stays open to whoever cannot make them.
	Challenge []Purpose `toml:"challenge"`
	// ChallengeInDoubt asks for them only where the face matches and the picture alone does not say that it is alive.
	ChallengeInDoubt bool `toml:"challenge_in_doubt"`
	ChallengeSteps   int  `toml:"challenge_steps"` // movements, 1–6; 0 without a challenge

	WatchSeconds int `toml:"watch_seconds"` // between two looks during the exam, 1–60; 0: nobody looks
	HoldSeconds  int `toml:"hold_seconds"`  // how long something must be seen before it is told, 1–60; 0 without a watch
	FramesBefore int `toml:"frames_before"` // pictures kept of the time before such an event, 0–5
	FramesAfter  int `toml:"frames_after"`  // and of the time after it, 0–5
	MaxFrames    int `toml:"max_frames"`    // pictures that the watch keeps in one attempt, 0–1000
	MaxFrameKB   int `toml:"max_frame_kb"`  // kilobytes of each, 10–60; 0 without pictures
}

// Challenges reports whether movements are asked for at the check.
func (f FaceRules) Challenges(p Purpose) bool { return slices.Contains(f.Challenge, p) }

// check calls bad for every value out of its range.
func (f FaceRules) check(bad func(ok bool, format string, args ...any)) {
	for i, p := range f.Challenge {
		bad(slices.Contains([]Purpose{PurposeLogin, PurposeResume, PurposeLeave, PurposeReturn, PurposeFinish}, p),
			"faces.challenge has %q, which is none of login, resume, leave, return, finish", p)
		bad(!slices.Contains(f.Challenge[:i], p), "faces.challenge has %q twice", p)
	}
	within := func(key string, value, least, most int, needed bool) {
		if !needed {
			least = 0
		}
		bad(value >= least && value <= most, "faces.%s is %d, not %d–%d", key, value, least, most)
	}
	within("challenge_steps", f.ChallengeSteps, 1, 6, len(f.Challenge) > 0)
	within("watch_seconds", f.WatchSeconds, 0, 60, true)
	within("hold_seconds", f.HoldSeconds, 1, 60, f.WatchSeconds > 0)
	within("frames_before", f.FramesBefore, 0, 5, true)
	within("frames_after", f.FramesAfter, 0, 5, true)
	within("max_frames", f.MaxFrames, 0, 1000, true)
	within("max_frame_kb", f.MaxFrameKB, 10, 60, f.MaxFrames > 0)
}

// Frames is how many pictures the watch may still keep in this attempt.
func (a *Attempt) Frames() int {
	if a.Profile == nil {
		return 0
	}
	return max(0, a.Profile.Faces.MaxFrames-a.FramesKept)
}

// reportPresence records a change, and nothing where it is none. A picture over the profile's limit is left out; the event
// itself never is. It refuses words that the vocabulary does not have with an error that is no Refusal, like reportStorage.
func (a *Attempt) reportPresence(c ReportPresence) ([]Event, error) {
	switch {
	case a.Phase != PhaseRunning:
		return nil, ErrPhase
	case !slices.Contains(Presences(), c.To):
		return nil, fmt.Errorf("presence: %q is no word for what a camera shows", c.To)
	case c.To == a.Presence:
		return nil, nil
	}
	c.From = a.Presence
	if c.From == "" {
		c.From = PresenceUnknown
	}
	c.Camera, c.Detail, c.Held = mend(c.Camera), cut(mend(c.Detail), MaxDetail), max(0, c.Held)
	if a.Frames() == 0 {
		c.Frame = nil
	}
	return []Event{c.PresenceChanged}, nil
}

func (a *Attempt) reportSeen(c ReportSeen) ([]Event, error) {
	switch {
	case a.Phase != PhaseRunning:
		return nil, ErrPhase
	case !slices.Contains(Presences(), c.Of):
		return nil, fmt.Errorf("presence: %q is no word for what a camera shows", c.Of)
	case len(c.Frame) == 0 || a.Frames() == 0:
		return nil, nil
	}
	c.Camera = mend(c.Camera)
	return []Event{c.PresenceSeen}, nil
}

// DocumentGround is why an administrator identified by document instead of by the camera (R10). The names are recorded and
// never change their meaning.
type DocumentGround string

// The grounds, as an administrator picks them.
const (
	GroundCamera     DocumentGround = "camera"     // no camera, no light, no models
	GroundAppearance DocumentGround = "appearance" // the person looks otherwise than on the photo, or it cannot be used
	GroundCovering   DocumentGround = "covering"   // a head covering or a bandage that is not taken off
	GroundMovement   DocumentGround = "movement"   // cannot make the movements that are asked for (R2)
	GroundUnsure     DocumentGround = "unsure"     // the camera stayed unsure, and the document is beyond doubt
	GroundMistake    DocumentGround = "mistake"    // the camera refused the right person
	GroundOther      DocumentGround = "own-words"  // told in the administrator's own words
)

// DocumentGrounds lists them in the order in which they are offered.
func DocumentGrounds() []DocumentGround {
	return []DocumentGround{
		GroundCamera, GroundUnsure, GroundMistake, GroundAppearance, GroundCovering, GroundMovement, GroundOther,
	}
}

// check demands a name, and a ground of the list or the administrator's own words.
func (e IdentifiedByDocument) check() error {
	switch {
	case strings.TrimSpace(e.By) == "":
		return ErrName
	case e.Ground != "" && !slices.Contains(DocumentGrounds(), e.Ground):
		return fmt.Errorf("identification: %q is no ground of the list", e.Ground)
	case (e.Ground == "" || e.Ground == GroundOther) && strings.TrimSpace(e.Reason) == "":
		return ErrReason
	}
	return nil
}
