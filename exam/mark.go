package exam

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Scheme is how the points of a keyed item follow from what is marked.
type Scheme string

// The ways of marking.
const (
	// MarkWhole gives all points for what is right as a whole, and none otherwise.
	MarkWhole Scheme = "whole"
	// MarkMistakes takes one point away for each mistake: a wrong option that is marked, or a right one that is not. With two
	// points this is the 2/1/0 of the master's complex test (R5). Who marks nothing gets nothing.
	MarkMistakes Scheme = "mistakes"
	// MarkParts gives the points in proportion to the parts that are right: pairs of a Match item, options of an Order item
	// that stand in their place, right options of a Multiple item less the wrong ones. Fractions are cut off.
	MarkParts Scheme = "parts"
)

func (m Scheme) known() bool {
	return m == "" || m == MarkWhole || m == MarkMistakes || m == MarkParts
}

// ItemMarks are the points of one item.
type ItemMarks struct {
	Item     string
	Block    string
	Number   int // of the task as this candidate saw it, from 1
	Points   int
	Most     int
	Held     bool // a person marks it: Points is 0 and says nothing
	Answered bool
}

// BlockMarks are the machine-marked points of a block.
type BlockMarks struct {
	Block   string
	Items   int // all of them
	Held    int // those that a person marks
	Points  int
	Most    int
	Minimum int // that the profile asks for; 0: none
}

// Enough reports whether the block's minimum is reached.
func (b BlockMarks) Enough() bool { return b.Points >= b.Minimum }

// Marks are what the machine makes of the responses (R4, R5): the map of results, without a key.
type Marks struct {
	Items  []ItemMarks  // in the order of the paper
	Blocks []BlockMarks // the same
	Points int
	Most   int  // that the keyed items hold
	Held   bool // a person has still to mark something
}

// Passes reports whether the threshold and the minimum of each block are reached.
func (m Marks) Passes(threshold int) bool {
	return m.Points >= threshold && !slices.ContainsFunc(m.Blocks, func(b BlockMarks) bool { return !b.Enough() })
}

// Mark marks the responses, which stand in the paper's order, by the items' keys and the profile's rules of marking. The
// profile may be nil: then items that do not say how they are marked are marked as a whole.
func (p *Paper) Mark(rules *Profile, responses []Response) Marks {
	if rules == nil {
		rules = new(Profile)
	}
	var out Marks
	place := 0
	for _, b := range p.Blocks {
		block := BlockMarks{Block: b.ID, Items: len(b.Items), Minimum: rules.block(b.ID).Minimum}
		for i := range b.Items {
			it := &b.Items[i]
			var r Response
			if place < len(responses) {
				r = responses[place]
			}
			place++
			m := ItemMarks{Item: it.ID, Block: b.ID, Number: place, Most: it.Points, Answered: it.Answered(r)}
			if len(it.Key) == 0 {
				m.Held = true
				block.Held++
				out.Held = true
			} else {
				m.Points = it.earned(r, rules.marking(it))
				block.Points += m.Points
				block.Most += m.Most
			}
			out.Items = append(out.Items, m)
		}
		out.Points += block.Points
		out.Most += block.Most
		out.Blocks = append(out.Blocks, block)
	}
	return out
}

// Marks returns the machine's marks of the attempt as it stands. Whether the candidate may see them, the profile says; see
// [Attempt.ShowsMarks].
func (a *Attempt) Marks() Marks {
	if a.Paper == nil {
		return Marks{}
	}
	return a.Paper.Mark(a.Profile, a.Responses)
}

// ShowsMarks reports whether the machine's marks stand on the screen now: the work is handed in, the profile shows results,
// and nothing makes the result not count (R4, R20).
func (a *Attempt) ShowsMarks() bool {
	return a.HandedIn != nil && a.Profile.Result.ShowsScore && a.Validity() == Valid
}

// marking returns how the item is marked under the profile's rules.
func (p *Profile) marking(it *Item) Scheme {
	m := it.Marking
	if m == "" {
		switch it.Kind {
		case Multiple:
			m = p.Marking.Several
		case Match:
			m = p.Marking.Match
		case Order:
			m = p.Marking.Order
		}
	}
	if m == "" {
		return MarkWhole
	}
	return m
}

// earned returns the points of a keyed item.
func (it *Item) earned(r Response, how Scheme) int {
	if it.right(r) {
		return it.Points
	}
	if it.Kind.IsText() || len(r.Options) == 0 {
		return 0
	}
	right, wrong := 0, 0
	for i, o := range r.Options {
		hit := slices.Contains(it.Key, o)
		if it.Kind == Order {
			hit = i < len(it.Key) && it.Key[i] == o
		}
		if hit {
			right++
		} else {
			wrong++
		}
	}
	switch how {
	case MarkMistakes:
		mistakes := wrong + len(it.Key) - right
		if it.Kind != Multiple {
			mistakes = len(it.Key) - right // a wrong pair is a pair that is missing, and not two mistakes
		}
		return max(0, it.Points-mistakes)
	case MarkParts:
		if it.Kind == Multiple {
			right -= wrong
		}
		return it.Points * max(0, right) / len(it.Key)
	}
	return 0
}

func (it *Item) right(r Response) bool {
	switch it.Kind {
	case Short:
		return slices.ContainsFunc(it.Key, func(k string) bool { return it.sameShort(k, r.Text) })
	case Order:
		return slices.Equal(it.Key, r.Options)
	}
	key := slices.Sorted(slices.Values(it.Key))
	return slices.Equal(key, slices.Sorted(slices.Values(r.Options)))
}

// sameShort compares a short answer with one that is accepted: as numbers where the item has a tolerance, otherwise without
// regard to case, to white space around and to its amount between words.
func (it *Item) sameShort(key, given string) bool {
	if it.Tolerance != "" {
		want, ok := number(key)
		got, ok2 := number(given)
		off, ok3 := tolerance(it.Tolerance, want)
		if !ok || !ok2 || !ok3 {
			return false
		}
		d := new(big.Rat).Sub(want, got)
		return d.Abs(d).Cmp(off) <= 0
	}
	return plain(key) == plain(given)
}

func plain(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(norm.NFC.String(s)), " "))
}

var decimal = regexp.MustCompile(`^[+-]?[0-9]{1,40}(\.[0-9]{1,40})?$`)

// number reads a decimal number exactly, with a comma or a point, and with spaces between thousands.
func number(s string) (*big.Rat, bool) {
	s = strings.Join(strings.Fields(s), "")
	s = strings.NewReplacer("−", "-", ",", ".").Replace(s)
	if !decimal.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// tolerance reads how far a number may lie from want: "0.05", or "2%" of it.
func tolerance(s string, want *big.Rat) (*big.Rat, bool) {
	part, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	off, ok := number(part)
	if !ok || off.Sign() < 0 || want == nil {
		return nil, false
	}
	if percent {
		off.Mul(off, new(big.Rat).Abs(want))
		off.Quo(off, big.NewRat(100, 1))
	}
	return off, true
}

// checkMarking says what is wrong with how the item is to be marked.
func (it *Item) checkMarking() error {
	if !it.Marking.known() {
		return fmt.Errorf("has the marking %q, which is none of whole, mistakes, parts", it.Marking)
	}
	if it.Marking != "" && it.Marking != MarkWhole && it.Kind != Multiple && it.Kind != Match && it.Kind != Order {
		return fmt.Errorf("is %q and has no parts to mark by %s", it.Kind, it.Marking)
	}
	if it.Tolerance == "" {
		return nil
	}
	if it.Kind != Short {
		return fmt.Errorf("is %q and has a tolerance", it.Kind)
	}
	if len(it.Key) == 0 {
		return errors.New("has a tolerance and no key")
	}
	for _, k := range it.Key {
		want, ok := number(k)
		if !ok {
			return fmt.Errorf("has a tolerance and the key %q, which is no decimal number", k)
		}
		if _, ok := tolerance(it.Tolerance, want); !ok {
			return fmt.Errorf("has the tolerance %q, which is neither a decimal number of zero or more nor a percentage", it.Tolerance)
		}
	}
	return nil
}

// Part is what one part of an exam has brought.
type Part struct {
	ID      string
	Points  int
	Most    int
	Minimum int
}

// Result is the whole of an exam, machine's and people's marks together (R23).
type Result struct {
	Parts  []Part
	Points int
	Most   int
	Passed bool // threshold and all minimums are reached
}

// Total puts the machine's marks and those that people gave together. given has a mark for each of the profile's marks and
// nothing else; what it lacks, has beyond, or has out of range is an error that names it.
func (p *Profile) Total(m Marks, given map[string]int) (Result, error) {
	var out Result
	var errs []error
	known := make(map[string]bool)
	add := func(part Part) {
		out.Parts = append(out.Parts, part)
		out.Points += part.Points
		out.Most += part.Most
	}
	for _, b := range m.Blocks {
		if b.Most > 0 {
			add(Part{ID: b.Block, Points: b.Points, Most: b.Most, Minimum: b.Minimum})
		}
	}
	for _, r := range p.Marks {
		known[r.ID] = true
		points, ok := given[r.ID]
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("the mark %q is missing", r.ID))
		case points < 0 || points > r.Most:
			errs = append(errs, fmt.Errorf("the mark %q is %d, not 0–%d", r.ID, points, r.Most))
		}
		add(Part{ID: r.ID, Points: points, Most: r.Most, Minimum: r.Minimum})
	}
	for id := range given {
		if !known[id] {
			errs = append(errs, fmt.Errorf("the profile has no mark %q", id))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Result{}, err
	}
	out.Passed = out.Points >= p.Result.Threshold && !slices.ContainsFunc(out.Parts, func(x Part) bool { return x.Points < x.Minimum })
	return out, nil
}
