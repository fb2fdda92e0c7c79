package identity

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Step is one movement of an active liveness challenge. It is a key of the
// message catalogue and of the log. Left and right are the candidate's own.
type Step string

// The steps.
const (
	TurnLeft  Step = "turn-left"  // turn the head to your left, then back
	TurnRight Step = "turn-right" // turn the head to your right, then back
	Nod       Step = "nod"        // lower the head, then raise it again
	Blink     Step = "blink"      // close both eyes for a moment
)

// AllSteps are the steps that there are.
func AllSteps() []Step { return []Step{TurnLeft, TurnRight, Nod, Blink} }

// Defaults of ChallengeOptions.
const (
	DefaultSteps    = 2
	DefaultStepTime = 6 * time.Second
	DefaultMistakes = 1
)

// ChallengeOptions say what is asked. The zero value is usable.
type ChallengeOptions struct {
	// Steps are those that may be asked for; empty is AllSteps. A candidate
	// who cannot turn the head is spared by leaving steps out (R2).
	Steps []Step
	// Count is how many are asked, 1..6; 0 is DefaultSteps. No step follows
	// itself unless Steps holds only one.
	Count int
	// StepTime is the time for each step, 1 s to 1 min; 0 is DefaultStepTime.
	StepTime time.Duration
	// Mistakes is how many other movements are forgiven in all, 0..10; it is
	// taken as it stands where Strict is set, and as DefaultMistakes where it
	// is 0 and Strict is not.
	Mistakes int
	Strict   bool
	// Seed chooses the steps and their order. The caller takes a random one
	// for each check, because whoever knows it can prepare a recording.
	Seed uint64
}

// What counts as a movement, in degrees from how this person held the head
// before the challenge began. A flat picture cannot reach them by being turned
// or tilted: its nose does not move against the eyes. The two men of the test
// videos turn by 20 to 35 and nod by 10 to 30 when they mean to, and hold the
// head within 8 when they look at the screen.
const (
	turnedBy   = 18
	otherTurn  = 22 // as a movement that was not asked for
	noddedBy   = 10
	otherNod   = 16
	straight   = 10 // of both, to begin the next step
	eyesOpen   = 0.6
	eyesClosed = 0.4
	lidsClosed = 0.8 // of the opening at rest
	restFrames = 3

	// lostFor is how long the face may be out of sight: a turn hides it for a moment.
	lostFor = 1500 * time.Millisecond
)

// Challenge asks for movements in an order that nobody knows beforehand, so
// that a photo or a recording cannot follow. It is fed with what is seen in
// each frame, has no clock, and is used by one goroutine.
type Challenge struct {
	opt   ChallengeOptions
	asked []Step
	state ChallengeState

	resting []Sighting // until there are enough of them
	rest    Sighting   // their median

	begun   time.Time // of the step
	last    time.Time
	seen    time.Time // when the face was last there
	made    bool      // the movement of the step was made, the head is not straight yet
	open    bool      // the eyes were open in this step
	strayed bool      // another movement is under way
}

// ChallengeState is where a challenge stands after a frame.
type ChallengeState struct {
	Step     Step          // what is asked now; empty when Done or Failed
	Index    int           // of Step, 0..Count−1; steps before it are done
	Count    int           // steps in all
	Done     bool          // every step was made
	Failed   bool          // it cannot be passed any more
	Why      Reason        // ChallengeLate, ChallengeWrong or ChallengeLost where Failed is set
	Left     time.Duration // time for Step that is left
	Mistakes int           // other movements seen so far
	Asked    []Step        // all steps in their order, for the log; not to be shown beforehand
}

// Sighting is what a challenge needs to know of one frame.
type Sighting struct {
	At   time.Time
	Face bool    // one face is there, and it followed from the one of the frame before
	Pose Pose    // of that face
	Eyes float64 // 0 closed … 1 open, the more open of both; NaN when they cannot be seen
	Lids float64 // height of the opening of the eyes by its width; NaN when they cannot be seen
}

// NewChallenge draws the steps. It returns ErrOptions for what is out of range.
func NewChallenge(opt ChallengeOptions) (*Challenge, error) {
	if len(opt.Steps) == 0 {
		opt.Steps = AllSteps()
	}
	if opt.Count == 0 {
		opt.Count = DefaultSteps
	}
	if opt.StepTime == 0 {
		opt.StepTime = DefaultStepTime
	}
	if opt.Mistakes == 0 && !opt.Strict {
		opt.Mistakes = DefaultMistakes
	}
	for _, s := range opt.Steps {
		if !slices.Contains(AllSteps(), s) {
			return nil, fmt.Errorf("%w: %q is no step of a challenge", ErrOptions, s)
		}
	}
	switch {
	case opt.Count < 1 || opt.Count > 6:
		return nil, fmt.Errorf("%w: %d steps of a challenge are not within 1..6", ErrOptions, opt.Count)
	case opt.StepTime < time.Second || opt.StepTime > time.Minute:
		return nil, fmt.Errorf("%w: %v for a step are not within 1 s..1 min", ErrOptions, opt.StepTime)
	case opt.Mistakes < 0 || opt.Mistakes > 10:
		return nil, fmt.Errorf("%w: %d mistakes are not within 0..10", ErrOptions, opt.Mistakes)
	}
	c := &Challenge{opt: opt}
	rnd := rand.New(rand.NewPCG(opt.Seed, 0x9e3779b97f4a7c15))
	for len(c.asked) < opt.Count {
		s := opt.Steps[rnd.IntN(len(opt.Steps))]
		if n := len(c.asked); n > 0 && c.asked[n-1] == s && slices.ContainsFunc(opt.Steps, func(o Step) bool { return o != s }) {
			continue
		}
		c.asked = append(c.asked, s)
	}
	c.state = ChallengeState{Step: c.asked[0], Count: len(c.asked), Left: opt.StepTime, Asked: slices.Clone(c.asked)}
	return c, nil
}

// State is where the challenge stands.
func (c *Challenge) State() ChallengeState { return c.state }

// Rest tells how the head is held before anything is asked. Three sightings
// are enough; without any, See takes its first ones for it.
func (c *Challenge) Rest(s Sighting) {
	if !s.sound() || len(c.resting) >= 32 || !c.begun.IsZero() && len(c.resting) >= restFrames {
		return
	}
	c.resting = append(c.resting, s)
	mid := func(of func(Sighting) float64) float64 {
		x := make([]float64, 0, len(c.resting))
		for _, r := range c.resting {
			if y := of(r); !math.IsNaN(y) {
				x = append(x, y)
			}
		}
		if len(x) == 0 {
			return math.NaN()
		}
		slices.Sort(x)
		return x[len(x)/2]
	}
	c.rest = Sighting{
		Pose: Pose{
			Yaw:   mid(func(r Sighting) float64 { return r.Pose.Yaw }),
			Pitch: mid(func(r Sighting) float64 { return r.Pose.Pitch }),
		},
		Lids: mid(func(r Sighting) float64 { return r.Lids }),
	}
}

func (s Sighting) sound() bool {
	return s.Face && !math.IsNaN(s.Pose.Yaw+s.Pose.Pitch) && !math.IsInf(s.Pose.Yaw+s.Pose.Pitch, 0)
}

// See takes what a frame shows and returns the new state. The time of the
// first step begins with the first frame. Frames must come in the order of
// their times; one that is not younger than the one before is left out, and
// so is everything after the end.
func (c *Challenge) See(s Sighting) ChallengeState {
	if c.state.Done || c.state.Failed || !c.last.IsZero() && !s.At.After(c.last) {
		return c.state
	}
	if len(c.resting) < restFrames {
		c.Rest(s)
	}
	if c.begun.IsZero() && len(c.resting) >= restFrames || c.last.IsZero() {
		c.begun, c.seen = s.At, s.At
	}
	c.last = s.At
	if s.sound() {
		c.seen = s.At
		if len(c.resting) >= restFrames {
			c.move(s)
		}
	}
	if c.state.Done || c.state.Failed {
		return c.state
	}
	switch c.state.Left = max(0, c.opt.StepTime-s.At.Sub(c.begun)); {
	case s.At.Sub(c.seen) > lostFor:
		c.fail(ChallengeLost)
	case c.state.Left == 0:
		c.fail(ChallengeLate)
	}
	return c.state
}

func (c *Challenge) fail(why Reason) {
	c.state.Failed, c.state.Why, c.state.Step = true, why, ""
}

// move compares a sighting with what is asked.
func (c *Challenge) move(s Sighting) {
	yaw, pitch := s.Pose.Yaw-c.rest.Pose.Yaw, s.Pose.Pitch-c.rest.Pose.Pitch
	closed := s.Eyes < eyesClosed && !(s.Lids > lidsClosed*c.rest.Lids)
	calm := math.Abs(yaw) < straight && math.Abs(pitch) < straight
	stray := false
	switch c.state.Step {
	case TurnLeft:
		c.made = c.made || yaw >= turnedBy
		stray = yaw <= -otherTurn
	case TurnRight:
		c.made = c.made || yaw <= -turnedBy
		stray = yaw >= otherTurn
	case Nod:
		c.made = c.made || pitch <= -noddedBy && math.Abs(yaw) < turnedBy
		stray = math.Abs(yaw) >= otherTurn
	case Blink:
		// Lids are not read in a head that is turned away.
		c.made = c.made || c.open && calm && closed
		c.open = c.open || calm && s.Eyes > eyesOpen
		stray = math.Abs(yaw) >= otherTurn || pitch <= -otherNod
	}
	switch {
	case calm:
		c.strayed = false
	case stray && !c.strayed:
		c.strayed = true
		c.state.Mistakes++
		if c.state.Mistakes > c.opt.Mistakes {
			c.fail(ChallengeWrong)
			return
		}
	}
	if !c.made || !calm || c.state.Step == Blink && !(s.Eyes > eyesOpen) {
		return
	}
	c.made, c.open, c.strayed = false, false, false
	c.state.Index++
	if c.state.Index == c.state.Count {
		c.state.Done, c.state.Step, c.state.Left = true, "", 0
		return
	}
	c.state.Step, c.begun = c.asked[c.state.Index], s.At
}
