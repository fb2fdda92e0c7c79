// Package trial answers items by a script, once as their own keys say and once otherwise, and checks that their own rules mark the
// one with the most and the other with less. It is how a package is tried before an exam, and how this reader is measured on
// packages that others wrote.
package trial

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"emtihan/exam/qti"
	"emtihan/exam/qti/body"
	"emtihan/exam/qti/processing"
)

// Verdict says how the trial of an item ended.
type Verdict string

// The verdicts.
const (
	Right     Verdict = "right"     // the key gives the most, a wrong answer gives less
	Wrong     Verdict = "wrong"     // the rules mark against the item's own key
	ByHand    Verdict = "by hand"   // the item has no rules, or none that set SCORE
	NoKey     Verdict = "no key"    // the rules mark, but nothing says what is right
	NotMarked Verdict = "not taken" // the item is not usable
	Failed    Verdict = "failed"    // the rules did not come to an end
)

// Outcome is the trial of one item.
type Outcome struct {
	Item    *qti.Item
	Verdict Verdict
	Reason  string  // for people; empty where it is right
	Most    float64 // stated maximum, NaN: none
	Key     float64 // score for the key
	Other   float64 // score for the wrong answer
	Empty   float64 // score for no answer
}

// Item tries one item.
func Item(it *qti.Item) Outcome {
	o := Outcome{Item: it, Most: math.NaN()}
	end := func(v Verdict, format string, args ...any) Outcome {
		o.Verdict, o.Reason = v, fmt.Sprintf(format, args...)
		return o
	}
	if most, ok := it.MaxScore(); ok {
		o.Most = most
	}
	if !it.Processing.Supported() {
		return end(NotMarked, "the rules are not supported")
	}
	if !it.MachineMarked() || !it.Processing.Assigns("SCORE") {
		return end(ByHand, "no rules set SCORE")
	}
	key, other, ok, err := answers(it)
	switch {
	case err != nil:
		return end(Failed, "%v", err)
	case !ok:
		return end(NoKey, "no response has a key or points")
	}
	for _, run := range []struct {
		answers map[string]processing.Value
		score   *float64
	}{{key, &o.Key}, {other, &o.Other}, {nil, &o.Empty}} {
		if *run.score, err = mark(it, run.answers); err != nil {
			return end(Failed, "%v", err)
		}
	}
	const grain = 1e-9
	switch {
	case !math.IsNaN(o.Most) && math.Abs(o.Key-o.Most) > grain:
		return end(Wrong, "the key gives %g, the stated maximum is %g", o.Key, o.Most)
	case o.Other >= o.Key:
		return end(Wrong, "a wrong answer gives %g, the key %g", o.Other, o.Key)
	case o.Empty >= o.Key:
		return end(Wrong, "no answer gives %g, the key %g", o.Empty, o.Key)
	}
	return end(Right, "")
}

// maxAttempts is how often an adaptive item is answered, with the same answers, before its script gives up.
const maxAttempts = 10

var errNoScore = errors.New("SCORE is no number after marking")

// Answered returns a session on the item that was answered by its key and marked. known tells whether it has one.
func Answered(it *qti.Item) (s *qti.Session, known bool, err error) {
	key, _, known, err := answers(it)
	if err == nil {
		s, err = worked(it, key)
	}
	return s, known, err
}

func worked(it *qti.Item, answers map[string]processing.Value) (*qti.Session, error) {
	s, err := it.Start(1)
	if err != nil {
		return nil, err
	}
	for id, v := range answers {
		if err := s.Answer(id, v); err != nil {
			return nil, err
		}
	}
	for range maxAttempts {
		if _, err := s.Mark(); err != nil {
			return nil, err
		}
		if !it.Adaptive || s.Completed() {
			break
		}
	}
	return s, nil
}

func mark(it *qti.Item, answers map[string]processing.Value) (float64, error) {
	s, err := worked(it, answers)
	if err != nil {
		return 0, err
	}
	if x, ok := s.Score(); ok {
		return x, nil
	}
	return 0, errNoScore
}

// answers returns, for every response, what its key says and something else.
func answers(it *qti.Item) (key, other map[string]processing.Value, ok bool, err error) {
	s, err := it.Start(1)
	if err != nil {
		return nil, nil, false, err
	}
	key, other = make(map[string]processing.Value), make(map[string]processing.Value)
	for _, d := range it.Responses {
		in := &body.Interaction{}
		if i := slices.IndexFunc(it.Interactions, func(in *body.Interaction) bool { return in.Response == d.ID }); i >= 0 {
			in = it.Interactions[i]
		}
		best := Best(d, s.State.CorrectOf(d.ID), in)
		if best.IsNull() {
			continue
		}
		ok = true
		key[d.ID] = best
		other[d.ID] = Other(d, best, in)
	}
	return key, other, ok, nil
}

// Best returns the response that should be marked with the most: the correct one if it is known, otherwise the values or places that
// the mapping gives points for, as many as the interaction takes.
func Best(d *processing.Declaration, correct processing.Value, in *body.Interaction) processing.Value {
	if !correct.IsNull() {
		return correct
	}
	type worth struct {
		s      processing.Scalar
		points float64
	}
	var all []worth
	switch {
	case d.Mapping != nil:
		for _, e := range d.Mapping.Entries {
			all = append(all, worth{e.Key, e.Points})
		}
	case d.Areas != nil:
		for _, e := range d.Areas.Entries {
			x, y := e.Area.Centre()
			all = append(all, worth{processing.Scalar{Base: processing.Point, X: x, Y: y}, e.Points})
		}
	}
	usual := 0.0 // what any other value or place gives
	if d.Mapping != nil {
		usual = d.Mapping.Default
	} else if d.Areas != nil {
		usual = d.Areas.Default
	}
	all = slices.DeleteFunc(all, func(w worth) bool { return w.points <= max(usual, 0) })
	slices.SortStableFunc(all, func(a, b worth) int {
		if a.points > b.points {
			return -1
		}
		if a.points < b.points {
			return 1
		}
		return 0
	})
	most := len(all)
	if in.Max > 0 {
		most = min(most, in.Max)
	}
	if d.Card == processing.Single {
		most = min(most, 1)
	}
	var items []processing.Scalar
	for _, w := range all[:most] {
		items = append(items, w.s)
	}
	return processing.Of(d.Card, items...)
}

// Other returns a response of the variable's type that shares nothing with the key, where the interaction leaves room for one, and
// NULL otherwise.
func Other(d *processing.Declaration, key processing.Value, in *body.Interaction) processing.Value {
	among := func(s processing.Scalar) bool {
		if d.Mapping != nil && slices.ContainsFunc(d.Mapping.Entries, func(e processing.MapEntry) bool {
			return e.Points > 0 && e.Key.S == s.S && e.Key.T == s.T
		}) {
			return true
		}
		return slices.ContainsFunc(key.Items, func(k processing.Scalar) bool {
			return k.S == s.S && k.T == s.T || d.Base == processing.Pair && k.S == s.T && k.T == s.S
		})
	}
	var items []processing.Scalar
	switch d.Base {
	case processing.Identifier:
		if d.Card == processing.Ordered && len(key.Items) > 1 {
			back := slices.Clone(key.Items)
			slices.Reverse(back)
			return processing.Of(d.Card, back...)
		}
		for _, c := range in.Choices {
			if s := (processing.Scalar{Base: d.Base, S: c.ID}); !among(s) {
				items = append(items, s)
			}
		}
		if len(in.Choices) == 0 {
			items = append(items, processing.Scalar{Base: d.Base, S: "no-such-choice"})
		}
	case processing.Pair, processing.DirectedPair:
		targets := in.Targets
		if len(targets) == 0 {
			targets = in.Choices
		}
		for _, c := range in.Choices {
			for _, t := range targets {
				if s := (processing.Scalar{Base: d.Base, S: c.ID, T: t.ID}); c.ID != t.ID && !among(s) && len(items) < 1 {
					items = append(items, s)
				}
			}
		}
	case processing.Integer:
		items = append(items, processing.Scalar{Base: d.Base, I: key.Items[0].I + 1_000_003})
	case processing.Float, processing.Duration:
		items = append(items, processing.Scalar{Base: d.Base, X: key.Items[0].X + 1_000_003})
	case processing.Boolean:
		items = append(items, processing.Scalar{Base: d.Base, B: !key.Items[0].B})
	case processing.Point:
		items = append(items, processing.Scalar{Base: d.Base, X: -1e6, Y: -1e6})
	default:
		items = append(items, processing.Scalar{Base: d.Base, S: "∅ no key has this text"})
	}
	if d.Card == processing.Single || in.Max == 1 {
		items = items[:min(len(items), 1)]
	}
	return processing.Of(d.Card, items...)
}
