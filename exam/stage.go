package exam

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Stage is a part of the exam that is over before the next begins (R5): blocks that the candidate takes in any order, under a
// clock of their own where the profile gives one.
type Stage struct {
	ID      string   `toml:"id"`      // [a-z0-9-]{1,32}
	Blocks  []string `toml:"blocks"`  // ids of the paper's blocks
	Minutes int      `toml:"minutes"` // 1–600 in each stage, together clock.minutes; or 0 in each: one clock for all
}

// timed reports whether the stages have clocks of their own.
func (p *Profile) timed() bool { return len(p.Stages) > 0 && p.Stages[0].Minutes > 0 }

func (p *Profile) checkStages() error {
	var errs []error
	sum, timed := 0, 0
	ids, blocks := make(map[string]bool), make(map[string]bool)
	for _, s := range p.Stages {
		if !profileID.MatchString(s.ID) || ids[s.ID] {
			errs = append(errs, fmt.Errorf("profile: the stage %q is not [a-z0-9-]{1,32}, or stands twice", s.ID))
		}
		ids[s.ID] = true
		if len(s.Blocks) == 0 {
			errs = append(errs, fmt.Errorf("profile: the stage %q has no blocks", s.ID))
		}
		for _, b := range s.Blocks {
			if blocks[b] {
				errs = append(errs, fmt.Errorf("profile: the block %q stands in two stages", b))
			}
			blocks[b] = true
		}
		if s.Minutes < 0 || s.Minutes > 600 {
			errs = append(errs, fmt.Errorf("profile: the stage %q has %d minutes, not 0–600", s.ID, s.Minutes))
		}
		if s.Minutes > 0 {
			timed++
		}
		sum += s.Minutes
	}
	switch {
	case timed == 0:
	case timed < len(p.Stages):
		errs = append(errs, errors.New("profile: some stages have minutes and some have none"))
	case sum != p.Clock.Minutes:
		errs = append(errs, fmt.Errorf("profile: the stages have %d minutes together, clock.minutes is %d", sum, p.Clock.Minutes))
	case p.Clock.InterviewHere:
		errs = append(errs, errors.New("profile: the interview cannot be held at the station where stages have clocks of their own"))
	}
	return errors.Join(errs...)
}

// Fits returns an error that names what the profile says of blocks that the paper does not have, or does not say of those that
// it has. A profile that says nothing of blocks fits every paper.
func (p *Profile) Fits(paper *Paper) error {
	var errs []error
	has := make(map[string]bool)
	for _, b := range paper.Blocks {
		has[b.ID] = true
		staged := slices.ContainsFunc(p.Stages, func(s Stage) bool { return slices.Contains(s.Blocks, b.ID) })
		if len(p.Stages) > 0 && !staged {
			errs = append(errs, fmt.Errorf("profile %s: the paper's block %q stands in no stage", p.ID, b.ID))
		}
	}
	need := func(id, what string) {
		if !has[id] {
			errs = append(errs, fmt.Errorf("profile %s: %s names the block %q, which the paper %s does not have", p.ID, what, id, paper.ID))
		}
	}
	for _, s := range p.Stages {
		for _, b := range s.Blocks {
			need(b, "the stage "+s.ID)
		}
	}
	for _, b := range p.Blocks {
		need(b.ID, "blocks")
	}
	return errors.Join(errs...)
}

// limit returns the used time at which the present stage is over. Extra time (R2) is one sum: a stage takes of it what goes
// beyond its own minutes, and leaves the rest to the next.
func (a *Attempt) limit() time.Duration {
	if a.Profile == nil || !a.Profile.timed() {
		return a.Allowance()
	}
	return a.StageStart + a.stageMinutes() + a.Extra - a.ExtraUsed
}

func (a *Attempt) stageMinutes() time.Duration {
	s, _ := a.StageNow()
	return time.Duration(s.Minutes) * time.Minute
}

// StageNow returns the stage in which the candidate works, and whether another follows. Without stages it is empty.
func (a *Attempt) StageNow() (s Stage, more bool) {
	if a.Profile == nil || a.Stage < 0 || a.Stage >= len(a.Profile.Stages) {
		return Stage{}, false
	}
	return a.Profile.Stages[a.Stage], a.Stage+1 < len(a.Profile.Stages)
}

// Reaches reports whether the item belongs to the present stage: others are over, or have not begun, and are not shown.
func (a *Attempt) Reaches(item string) bool {
	s, _ := a.StageNow()
	if s.ID == "" || a.Paper == nil {
		return true
	}
	return slices.Contains(s.Blocks, a.Paper.blockOf(item))
}

// blockOf returns the id of the block in which the item stands, or "".
func (p *Paper) blockOf(item string) string {
	for _, b := range p.Blocks {
		if slices.ContainsFunc(b.Items, func(it Item) bool { return it.ID == item }) {
			return b.ID
		}
	}
	return ""
}

// endStage leads to the next stage, or out of the last one.
func (a *Attempt) endStage(cause HandInCause) []Event {
	if s, more := a.StageNow(); more {
		return []Event{StageEnded{Stage: s.ID, Cause: cause}}
	}
	return a.handIn(cause)
}

func (a *Attempt) foldStage(e StageEnded) error {
	s, more := a.StageNow()
	if !more || s.ID != e.Stage || a.Phase != PhaseRunning {
		return ErrPhase
	}
	if a.Profile.timed() {
		a.ExtraUsed += max(0, a.Used-a.StageStart-a.stageMinutes())
	}
	a.Stage++
	a.StageStart = a.Used
	a.Current = a.firstItem()
	return nil
}

// firstItem returns the first item of the present stage.
func (a *Attempt) firstItem() string {
	if a.Paper == nil {
		return ""
	}
	for _, it := range a.Paper.Items() {
		if a.Reaches(it.ID) {
			return it.ID
		}
	}
	return a.Paper.Items()[0].ID
}
