package exam_test

import (
	"errors"
	"strings"
	"testing"

	"emtihan/exam"
)

// watched are settings of a profile that looks at the seat.
const watched = "content_minutes = 30\n[faces]\nchallenge = [\"login\", \"finish\"]\nchallenge_steps = 2\nwatch_seconds = 2\nhold_seconds = 3\n" +
	"frames_before = 1\nframes_after = 1\nmax_frames = 3\nmax_frame_kb = 40"

func present(to exam.Presence, frame ...byte) exam.ReportPresence {
	return exam.ReportPresence{PresenceChanged: exam.PresenceChanged{To: to, Frame: frame}}
}

// R17: what the camera shows is on record and changes nothing that the candidate can do.
func TestPresenceIsOnlyOnRecord(t *testing.T) {
	s := running(t, setup{profile: []string{watched}})
	for _, p := range exam.Presences() {
		if p == exam.PresenceUnknown {
			continue
		}
		s.kinds(present(p), "presence.changed")
		if s.a.Presence != p || !s.a.IsRunning() || s.a.Lock != nil || s.a.Awaits() != "" {
			t.Fatalf("%s: presence %q, running %v, lock %v", p, s.a.Presence, s.a.IsRunning(), s.a.Lock)
		}
		s.kinds(present(p)) // the same once more is nothing
		if p.Asks() == (p == exam.PresencePresent) {
			t.Errorf("%s asks for a look: %v", p, p.Asks())
		}
	}
	events := s.must(present(exam.PresencePresent))
	if e := events[0].(exam.PresenceChanged); e.From != exam.PresenceUnplugged || e.To != exam.PresencePresent {
		t.Errorf("%+v", e)
	}
}

func TestPresenceBelongsToTheRunningExam(t *testing.T) { // R17
	s := identified(t, setup{profile: []string{watched}})
	s.refused(present(exam.PresenceNobody), exam.ErrPhase)
	s.refused(exam.ReportSeen{PresenceSeen: exam.PresenceSeen{Of: exam.PresenceNobody, Frame: []byte{1}}}, exam.ErrPhase)

	s = running(t, setup{profile: []string{watched}})
	if _, err := s.a.Decide(present("asleep"), s.now); err == nil || errors.As(err, new(*exam.Refusal)) {
		t.Errorf("a word that nobody knows: %v", err)
	}
	s.must(present(exam.PresenceNobody))
	s.restart(minute)
	if s.a.Presence != "" {
		t.Errorf("after a restart the camera is said to show %q", s.a.Presence)
	}
	s.must(exam.IdentifyByDocument{Deed: admin})
	s.kinds(present(exam.PresenceNobody), "presence.changed")
	s.must(exam.Finish{})
	s.refused(present(exam.PresencePresent), exam.ErrPhase)
}

// R27: no more pictures are kept than the profile says; the events are.
func TestPresencePicturesAreLimited(t *testing.T) {
	s := running(t, setup{profile: []string{watched}})
	seen := exam.ReportSeen{PresenceSeen: exam.PresenceSeen{Of: exam.PresenceNobody, Offset: -2000, Camera: "desk", Frame: []byte{9}}}
	s.kinds(present(exam.PresenceNobody, 1), "presence.changed")
	s.kinds(seen, "presence.seen")
	s.kinds(present(exam.PresencePresent, 2), "presence.changed")
	if s.a.Frames() != 0 || s.a.FramesKept != 3 {
		t.Fatalf("%d kept, %d may be kept", s.a.FramesKept, s.a.Frames())
	}
	s.kinds(seen)
	events := s.must(present(exam.PresenceTwoPeople, 3))
	if e := events[0].(exam.PresenceChanged); e.Frame != nil || e.To != exam.PresenceTwoPeople {
		t.Errorf("over the limit: %+v", e)
	}
	empty := seen
	empty.Frame = nil
	s.kinds(empty)

	bare := running(t, setup{})
	if bare.a.Frames() != 0 || bare.a.Profile.Faces.WatchSeconds != 0 || bare.a.Profile.Faces.Challenges(exam.PurposeLogin) {
		t.Errorf("a profile without faces watches: %+v", bare.a.Profile.Faces)
	}
}

func TestFaceRules(t *testing.T) { // R10, R17
	p, err := exam.ParseProfile([]byte(with(t, profileSource, watched)))
	if err != nil {
		t.Fatal(err)
	}
	for purpose, want := range map[exam.Purpose]bool{
		exam.PurposeLogin: true, exam.PurposeFinish: true, exam.PurposeLeave: false, exam.PurposeReturn: false, exam.PurposeResume: false,
	} {
		if got := p.Faces.Challenges(purpose); got != want {
			t.Errorf("movements at %s: %v", purpose, got)
		}
	}
	for _, tt := range [][3]string{
		{`"finish"]`, `"exit"]`, "none of login"},
		{`"finish"]`, `"login"]`, "twice"},
		{"challenge_steps = 2", "challenge_steps = 0", "challenge_steps is 0"},
		{"challenge_steps = 2", "challenge_steps = 7", "challenge_steps is 7"},
		{"watch_seconds = 2", "watch_seconds = 61", "watch_seconds is 61"},
		{"hold_seconds = 3", "hold_seconds = 0", "hold_seconds is 0"},
		{"frames_before = 1", "frames_before = 6", "frames_before is 6"},
		{"frames_after = 1", "frames_after = -1", "frames_after is -1"},
		{"max_frames = 3", "max_frames = 1001", "max_frames is 1001"},
		{"max_frame_kb = 40", "max_frame_kb = 61", "max_frame_kb is 61"},
	} {
		source := with(t, profileSource, watched)
		if !strings.Contains(source, tt[0]) {
			t.Fatalf("the profile does not say %q", tt[0])
		}
		if _, err := exam.ParseProfile([]byte(strings.Replace(source, tt[0], tt[1], 1))); err == nil || !strings.Contains(err.Error(), tt[2]) {
			t.Errorf("%s: %v, want that %q", tt[1], err, tt[2])
		}
	}
}

// R10: who identifies by document says why, out of a list or in words of their own, and the list stands in the log.
func TestIdentifiedByDocumentHasAGround(t *testing.T) {
	for _, tt := range []struct {
		cmd exam.IdentifyByDocument
		err error
	}{
		{exam.IdentifyByDocument{Deed: exam.Deed{By: admin.By}}, exam.ErrReason},
		{exam.IdentifyByDocument{Deed: exam.Deed{By: admin.By, Reason: " "}, Ground: exam.GroundOther}, exam.ErrReason},
		{exam.IdentifyByDocument{Deed: exam.Deed{Reason: "паспорт"}, Ground: exam.GroundCamera}, exam.ErrName},
		{exam.IdentifyByDocument{Deed: exam.Deed{By: admin.By}, Ground: exam.GroundCamera}, nil},
		{exam.IdentifyByDocument{Deed: admin, Ground: exam.GroundOther}, nil},
		{exam.IdentifyByDocument{Deed: admin}, nil},
	} {
		s := login(t, setup{})
		if tt.err != nil {
			s.refused(tt.cmd, tt.err)
			continue
		}
		events := s.must(tt.cmd)
		if e := events[0].(exam.IdentifiedByDocument); e.Ground != tt.cmd.Ground || e.Purpose != exam.PurposeLogin || s.a.Phase != exam.PhaseIdentified {
			t.Errorf("%+v, phase %s", e, s.a.Phase)
		}
	}
	s := login(t, setup{})
	if _, err := s.a.Decide(exam.IdentifyByDocument{Deed: admin, Ground: "sympathy"}, s.now); err == nil {
		t.Error("a ground that is not on the list is taken")
	}
}
