package qti

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"emtihan/exam/qti/body"
	"emtihan/exam/qti/processing"
)

// Form is a test as one candidate gets it: selected, and in its order.
type Form struct {
	Test  *Test
	Seed  uint64
	Items []Placed
}

// Placed is an item at its place in a form.
type Placed struct {
	Key      string // the reference's identifier; with ".2", ".3" … where an item was selected again
	Ref      *ItemRef
	Part     *Part
	Sections []*Section // around it, the outermost first
}

// Arrange selects and orders the items of the test for a seed. The same test and seed always give the same form, on every computer
// and in every version of this program: the generator is PCG as math/rand/v2 fixes it, and the shuffle is written out here.
func (t *Test) Arrange(seed uint64) *Form {
	a := arranger{rng: rand.NewPCG(seed, 0x666f726d), keys: make(map[string]int)}
	f := &Form{Test: t, Seed: seed}
	for _, p := range t.Parts {
		for _, s := range p.Sections {
			for _, placed := range a.section(s, nil) {
				placed.Part = p
				a.keys[placed.Ref.ID]++
				placed.Key = placed.Ref.ID
				if n := a.keys[placed.Ref.ID]; n > 1 {
					placed.Key = fmt.Sprintf("%s.%d", placed.Ref.ID, n)
				}
				f.Items = append(f.Items, placed)
			}
		}
	}
	return f
}

type arranger struct {
	rng  *rand.PCG
	keys map[string]int
	n    int
}

// maxForm bounds a form; only selection with replacement can come near it.
const maxForm = 100_000

func (a *arranger) below(n int) int { return below(a.rng, n) }

// below returns a number from 0 to n-1, each as likely.
func below(rng *rand.PCG, n int) int {
	if n <= 1 {
		return 0
	}
	skip := -uint64(n) % uint64(n)
	for {
		if x := rng.Uint64(); x >= skip {
			return int(x % uint64(n))
		}
	}
}

func (a *arranger) section(s *Section, around []*Section) []Placed {
	around = append(slices.Clone(around), s)
	units := a.units(s, around)
	var out []Placed
	for _, u := range units {
		out = append(out, u.items...)
	}
	return out
}

// unit is what is ordered as a whole.
type unit struct {
	fixed bool
	items []Placed
}

func (a *arranger) units(s *Section, around []*Section) []unit {
	var units []unit
	for _, c := range a.selected(s) {
		if a.n++; a.n > maxForm {
			return nil
		}
		switch {
		case c.Item != nil:
			units = append(units, unit{fixed: c.Item.Fixed, items: []Placed{{Ref: c.Item, Sections: around}}})
		case !c.Section.Visible && !c.Section.KeepTogether && s.Shuffle:
			units = append(units, a.units(c.Section, append(slices.Clone(around), c.Section))...)
		default:
			units = append(units, unit{fixed: c.Section.Fixed, items: a.section(c.Section, around)})
		}
	}
	if s.Shuffle {
		shuffle(a.rng, units, func(u unit) bool { return u.fixed })
	}
	return units
}

func (a *arranger) selected(s *Section) []Child {
	if s.Select == 0 {
		return s.Children
	}
	required := func(c Child) bool {
		return c.Item != nil && c.Item.Required || c.Section != nil && c.Section.Required
	}
	times := make([]int, len(s.Children))
	left := s.Select
	for i, c := range s.Children {
		if required(c) {
			times[i]++
			left--
		}
	}
	for ; left > 0; left-- {
		var free []int
		for i := range s.Children {
			if s.Replace || times[i] == 0 {
				free = append(free, i)
			}
		}
		if len(free) == 0 {
			break
		}
		times[free[a.below(len(free))]]++
	}
	var out []Child
	for i, c := range s.Children {
		for range times[i] {
			if len(out) < maxForm {
				out = append(out, c)
			}
		}
	}
	return out
}

// shuffle orders what is not fixed anew (Fisher and Yates); what is fixed keeps its place.
func shuffle[T any](rng *rand.PCG, list []T, fixed func(T) bool) {
	var free []int
	for i := range list {
		if !fixed(list[i]) {
			free = append(free, i)
		}
	}
	for i := len(free) - 1; i > 0; i-- {
		j := below(rng, i+1)
		list[free[i]], list[free[j]] = list[free[j]], list[free[i]]
	}
}

// Shuffled returns the choices and the targets of an interaction in the order for a seed. Without the author's leave to shuffle they
// come as they are.
func Shuffled(in *body.Interaction, seed uint64) (choices, targets []body.Option) {
	choices, targets = slices.Clone(in.Choices), slices.Clone(in.Targets)
	if !in.Shuffle || in.Kind == body.HottextChoice {
		return choices, targets
	}
	rng := rand.NewPCG(seed, 0x6f726465)
	fixed := func(o body.Option) bool { return o.Fixed }
	shuffle(rng, choices, fixed)
	if in.Kind == body.Match {
		shuffle(rng, targets, fixed)
	}
	return choices, targets
}

// Worked is an item of a form with the candidate's session on it.
type Worked struct {
	Placed
	Session   *Session // marked; nil: the item could not be started
	Presented bool
}

// Score runs the outcome processing of the form's test over marked items. The state returned holds the outcomes of the test. The
// error is [processing.ErrTooLong] or nil.
func (f *Form) Score(items []Worked) (*processing.State, processing.Result, error) {
	s := processing.NewState(f.Test.Outcomes)
	s.Steps, s.Seed = f.Test.steps, f.Seed
	s.Test = &processing.TestState{}
	for _, w := range items {
		ti := processing.TestItem{ID: w.Key, Categories: w.Ref.Categories, Weights: w.Ref.Weights, Presented: w.Presented}
		for _, sec := range w.Sections {
			ti.Sections = append(ti.Sections, sec.ID)
		}
		if w.Session != nil {
			ti.Declared, ti.Values = w.Session.State.Declared, w.Session.State.Values
			ti.Responded = w.Session.Responded()
			correct, known := w.Session.AllCorrect()
			ti.Correct, ti.Incorrect = correct, known && !correct && ti.Responded
			if len(w.Ref.Mapped) > 0 {
				ti.Values = mapped(ti.Values, w.Ref.Mapped)
			}
		}
		s.Test.Items = append(s.Test.Items, ti)
	}
	result, err := f.Test.Processing.Run(s)
	if err != nil {
		return s, result, fmt.Errorf("outcomes of test %s: %w", f.Test.ID, err)
	}
	return s, result, nil
}

func mapped(values map[string]processing.Value, names map[string]string) map[string]processing.Value {
	out := make(map[string]processing.Value, len(values)+len(names))
	for id, v := range values {
		out[id] = v
	}
	for target, source := range names {
		out[target] = values[source]
	}
	return out
}
