package exam

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Text is one sentence in several languages, by language code ("kk", "ru", "en").
type Text map[string]string

// In returns the text in lang, or, where there is none, in another language that the text has.
func (t Text) In(lang string) string {
	for _, l := range []string{lang, "ru", "kk", "en"} {
		if s, ok := t[l]; ok {
			return s
		}
	}
	return ""
}

// Tool is something that the candidate may use inside the interface (R13).
type Tool string

// The tools of clause 4.5.4.
const (
	ToolCalculator Tool = "calculator"
	ToolElements   Tool = "elements"
	ToolSolubility Tool = "solubility"
)

// Profile is one kind of exam as data (R5): whatever the Rules leave open or may change.
type Profile struct {
	Format      int      `toml:"format"`      // 1
	ID          string   `toml:"id"`          // [a-z0-9-]{1,32}
	Title       Text     `toml:"title"`       // in kk, ru and en
	Provisional []string `toml:"provisional"` // keys of this file whose value no public rule gives

	Clock     ClockRules     `toml:"clock"`
	Admission AdmissionRules `toml:"admission"`
	Extra     ExtraRules     `toml:"extra"`
	Leave     LeaveRules     `toml:"leave"`
	Result    ResultRules    `toml:"result"`
	Appeal    AppealRules    `toml:"appeal"`
	Faces     FaceRules      `toml:"faces"`
	Tools     []Tool         `toml:"tools"`

	Stages      []Stage      `toml:"stages"`      // in their order; none: all blocks in any order under one clock
	Blocks      []BlockRules `toml:"blocks"`      // what is asked of single blocks
	Variants    VariantRules `toml:"variants"`    // whether each candidate has an order of their own
	Marking     MarkingRules `toml:"marking"`     // of items that do not say how they are marked
	Marks       []MarkRule   `toml:"marks"`       // what people give (R23)
	Certificate []Term       `toml:"certificate"` // how long a certificate is valid (R25)
	Keep        KeepRules    `toml:"keep"`

	source []byte
}

// ClockRules say how long the exam takes (R1, R6).
type ClockRules struct {
	Minutes          int   `toml:"minutes"`           // at the station, 1–600
	InterviewMinutes int   `toml:"interview_minutes"` // 0–120; held by the university before the exam
	InterviewHere    bool  `toml:"interview_here"`    // the station runs the interview's minutes too
	RunsWhileAway    bool  `toml:"runs_while_away"`   // leaving the room costs time
	RunsWhileLocked  bool  `toml:"runs_while_locked"` // waiting for an administrator costs time
	WarnMinutesLeft  []int `toml:"warn_minutes_left"` // quiet warnings, in minutes before the end
}

// AdmissionRules say who still comes in (R3).
type AdmissionRules struct {
	LateMinutes int `toml:"late_minutes"` // this many minutes after the start is still admitted, 0–600
}

// ExtraRules bound the extra time of R2.
type ExtraRules struct {
	MaxMinutes int `toml:"max_minutes"` // 0–240
}

// LeaveRules bound leaving the room (R14); going over them is put before an administrator.
type LeaveRules struct {
	MaxTimes   int `toml:"max_times"`   // 0–20
	MaxMinutes int `toml:"max_minutes"` // each time, 1–120
}

// ResultRules say what the candidate sees at the end (R4, R24).
type ResultRules struct {
	ShowsScore bool `toml:"shows_score"` // machine-marked exams only
	Threshold  int  `toml:"threshold"`   // points from which the result is «допуск»
}

// AppealRules say which appeals are open (R15, R24).
type AppealRules struct {
	Technical      bool `toml:"technical"`       // during the exam, on an item
	ContentMinutes int  `toml:"content_minutes"` // after the end, on machine-marked items; 0: none

	// The session in which the candidate sees their own work and appeals against the marks that people gave (R24).
	SessionMinutes int    `toml:"session_minutes"` // its clock, 0–240; 0: there is none
	SessionDay     int    `toml:"session_day"`     // days after the exam, 0–30
	SessionFrom    string `toml:"session_from"`    // time of day at the centre, "13:00"
	SessionTo      string `toml:"session_to"`      // the last minute in which it can begin
}

// BlockRules say what is asked of one block of the paper (R5).
type BlockRules struct {
	ID      string `toml:"id"`      // of the block
	Minimum int    `toml:"minimum"` // points without which the exam is not passed, 0–1000
}

// MarkingRules say how items with several parts are marked where they do not say it themselves; empty: as a whole.
type MarkingRules struct {
	Several Scheme `toml:"several"` // items with several answers
	Match   Scheme `toml:"match"`
	Order   Scheme `toml:"order"`
}

// MarkRule is a mark that people give, for a part of the candidate's work or for what was not done at the station (R23).
type MarkRule struct {
	ID      string     `toml:"id"`      // [a-z0-9-]{1,32}
	Most    int        `toml:"most"`    // points, 1–1000
	Minimum int        `toml:"minimum"` // 0–most
	Kinds   []ItemKind `toml:"kinds"`   // of items without a key whose answers are marked; none: nothing of the station, as the interview
}

// KeepRules say how long personal data are kept (R22, R27).
type KeepRules struct {
	Days int `toml:"days"` // after the exam, 0–3650; 0: nothing is destroyed
}

var profileID = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// ParseProfile reads a profile. Unknown keys, missing titles and values out of range are errors that name the key.
func ParseProfile(data []byte) (*Profile, error) {
	p := new(Profile)
	if err := decodeStrict(data, p); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("profile: "+format, args...))
		}
	}
	bad(p.Format == 1, "format is %d, this program reads format 1", p.Format)
	bad(profileID.MatchString(p.ID), "id %q is not [a-z0-9-]{1,32}", p.ID)
	for _, l := range []string{"kk", "ru", "en"} {
		bad(strings.TrimSpace(p.Title[l]) != "", "title.%s is missing", l)
	}
	bad(p.Clock.Minutes >= 1 && p.Clock.Minutes <= 600, "clock.minutes is %d, not 1–600", p.Clock.Minutes)
	bad(p.Clock.InterviewMinutes >= 0 && p.Clock.InterviewMinutes <= 120, "clock.interview_minutes is %d, not 0–120", p.Clock.InterviewMinutes)
	for _, m := range p.Clock.WarnMinutesLeft {
		bad(m >= 1 && m <= 600, "clock.warn_minutes_left has %d, not 1–600", m)
	}
	bad(p.Admission.LateMinutes >= 0 && p.Admission.LateMinutes <= 600, "admission.late_minutes is %d, not 0–600", p.Admission.LateMinutes)
	bad(p.Extra.MaxMinutes >= 0 && p.Extra.MaxMinutes <= 240, "extra.max_minutes is %d, not 0–240", p.Extra.MaxMinutes)
	bad(p.Leave.MaxTimes >= 0 && p.Leave.MaxTimes <= 20, "leave.max_times is %d, not 0–20", p.Leave.MaxTimes)
	bad(p.Leave.MaxMinutes >= 1 && p.Leave.MaxMinutes <= 120, "leave.max_minutes is %d, not 1–120", p.Leave.MaxMinutes)
	bad(p.Result.Threshold >= 0 && p.Result.Threshold <= 1000, "result.threshold is %d, not 0–1000", p.Result.Threshold)
	bad(p.Appeal.ContentMinutes >= 0 && p.Appeal.ContentMinutes <= 1440, "appeal.content_minutes is %d, not 0–1440", p.Appeal.ContentMinutes)
	errs = append(errs, p.Appeal.checkSession(), p.checkStages(), p.checkParts(), p.checkCertificate())
	for key, m := range map[string]Scheme{"several": p.Marking.Several, "match": p.Marking.Match, "order": p.Marking.Order} {
		bad(m.known(), "marking.%s is %q, none of whole, mistakes, parts", key, m)
	}
	bad(p.Keep.Days >= 0 && p.Keep.Days <= 3650, "keep.days is %d, not 0–3650", p.Keep.Days)
	p.Faces.check(bad)
	for _, t := range p.Tools {
		bad(slices.Contains([]Tool{ToolCalculator, ToolElements, ToolSolubility}, t), "tools has %q, which is none of calculator, elements, solubility", t)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	p.source = bytes.Clone(data)
	return p, nil
}

// checkParts checks what the profile says of blocks and of marks.
func (p *Profile) checkParts() error {
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("profile: "+format, args...))
		}
	}
	seen := make(map[string]bool)
	for i, b := range p.Blocks {
		bad(strings.TrimSpace(b.ID) != "", "block %d has no id", i+1)
		bad(!seen[b.ID], "the block %q stands twice", b.ID)
		bad(b.Minimum >= 0 && b.Minimum <= 1000, "the block %q has the minimum %d, not 0–1000", b.ID, b.Minimum)
		seen[b.ID] = true
	}
	clear(seen)
	marked := make(map[ItemKind]string)
	for _, m := range p.Marks {
		bad(profileID.MatchString(m.ID), "the mark %q is not [a-z0-9-]{1,32}", m.ID)
		bad(!seen[m.ID], "the mark %q stands twice", m.ID)
		bad(m.Most >= 1 && m.Most <= 1000, "the mark %q has at most %d points, not 1–1000", m.ID, m.Most)
		bad(m.Minimum >= 0 && m.Minimum <= m.Most, "the mark %q has the minimum %d, not 0–%d", m.ID, m.Minimum, m.Most)
		seen[m.ID] = true
		for _, k := range m.Kinds {
			bad(k.IsText(), "the mark %q is for items of the kind %q, which none of short, long, essay is", m.ID, k)
			bad(marked[k] == "", "items of the kind %q are marked by %q and by %q", k, marked[k], m.ID)
			marked[k] = m.ID
		}
	}
	return errors.Join(errs...)
}

// MarkOf returns the id of the mark that people give for the item, or "" where a machine marks it or nobody does.
func (p *Profile) MarkOf(it *Item) string {
	if len(it.Key) > 0 {
		return ""
	}
	for _, m := range p.Marks {
		if slices.Contains(m.Kinds, it.Kind) {
			return m.ID
		}
	}
	return ""
}

// block returns what is asked of the block.
func (p *Profile) block(id string) BlockRules {
	for _, b := range p.Blocks {
		if b.ID == id {
			return b
		}
	}
	return BlockRules{ID: id}
}

// Source returns the text that the profile was read from. The attempt's log carries it, so that an attempt is always
// folded under the rules with which it began.
func (p *Profile) Source() []byte { return p.source }

// Has reports whether the candidate may use the tool.
func (p *Profile) Has(t Tool) bool { return slices.Contains(p.Tools, t) }

// Allowance returns the time at the station without extra time (R1).
func (p *Profile) Allowance() time.Duration {
	m := p.Clock.Minutes
	if p.Clock.InterviewHere {
		m += p.Clock.InterviewMinutes
	}
	return time.Duration(m) * time.Minute
}

// decodeStrict reads TOML and refuses keys that nobody reads: a misspelt key in a profile must never fall back to a default.
func decodeStrict(data []byte, into any) error {
	if len(data) > 8<<20 {
		return fmt.Errorf("the file has %d bytes, more than 8 MiB", len(data))
	}
	meta, err := toml.Decode(string(data), into)
	if err != nil {
		var pe toml.ParseError
		if errors.As(err, &pe) {
			return fmt.Errorf("line %d: %s", pe.Position.Line, pe.Message)
		}
		return err
	}
	if keys := meta.Undecoded(); len(keys) > 0 {
		return fmt.Errorf("unknown key %q", keys[0].String())
	}
	return nil
}

func digest(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}
