package exam

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
)

// VariantRules say what stands in an order of its own for each candidate.
type VariantRules struct {
	Tasks   bool `toml:"tasks"`   // within each block; tasks of one passage stay together, and in their order
	Options bool `toml:"options"` // of single, multiple and order items, and the targets of match items
}

// variantOf returns the seed of the order in which a candidate sees the paper. It stands in the log, and it follows from what
// stands there, so that nobody can choose it.
func variantOf(session, attempt string) string {
	h := sha256.Sum256([]byte("emtihan variant, 1\x00" + session + "\x00" + attempt))
	return hex.EncodeToString(h[:16])
}

// Arranged returns the paper as the candidate with this seed sees it: the same tasks, options and digest in another order.
// The same seed and rules give the same order for ever; docs/exam-package.md says how. An empty seed gives the paper itself.
func (p *Paper) Arranged(seed string, rules VariantRules) *Paper {
	if p.original != nil {
		p = p.original // the order of an order would be another one
	}
	if seed == "" || !rules.Tasks && !rules.Options {
		return p
	}
	out := *p
	out.original = p
	out.items, out.place = make([]*Item, 0, len(p.items)), make(map[string]int, len(p.items))
	out.Blocks = slices.Clone(p.Blocks)
	for b := range out.Blocks {
		block := &out.Blocks[b]
		block.Items = slices.Clone(block.Items)
		if rules.Tasks && !block.Fixed {
			block.Items = shuffledItems(block.Items, newShuffler(seed, "tasks", block.ID))
		}
		for i := range block.Items {
			it := &block.Items[i]
			if rules.Options && !it.Fixed {
				shuffleOptions(it, seed)
			}
			out.place[it.ID] = len(out.items)
			out.items = append(out.items, it)
		}
	}
	return &out
}

// InFileOrder returns the items in the order of the paper's file, whatever order a candidate has.
func (p *Paper) InFileOrder() []*Item {
	if p.original != nil {
		p = p.original
	}
	return p.items
}

// shuffledItems moves tasks that follow each other on one passage as one.
func shuffledItems(items []Item, s *shuffler) []Item {
	var groups [][]Item
	for i, it := range items {
		if i > 0 && it.Passage != "" && it.Passage == items[i-1].Passage {
			groups[len(groups)-1] = append(groups[len(groups)-1], it)
		} else {
			groups = append(groups, []Item{it})
		}
	}
	s.shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	return slices.Concat(groups...)
}

func shuffleOptions(it *Item, seed string) {
	swap := func(o []Option) func(i, j int) { return func(i, j int) { o[i], o[j] = o[j], o[i] } }
	switch it.Kind {
	case Single, Multiple, Order:
		it.Options = slices.Clone(it.Options)
		newShuffler(seed, "options", it.ID).shuffle(len(it.Options), swap(it.Options))
	case Match:
		it.Targets = slices.Clone(it.Targets)
		newShuffler(seed, "targets", it.ID).shuffle(len(it.Targets), swap(it.Targets))
	}
}

// shuffler draws numbers from SHA-256 in counter mode: a generator of a library may change with its version, and the order in
// which a candidate saw the tasks must be found again in years.
type shuffler struct {
	key     []byte
	counter uint64
}

func newShuffler(seed, what, id string) *shuffler {
	return &shuffler{key: []byte("emtihan order, 1\x00" + seed + "\x00" + what + "\x00" + id + "\x00")}
}

// below returns a number from 0 to n−1, each as likely as any other.
func (s *shuffler) below(n uint64) uint64 {
	for limit := -n % n; ; { // the numbers below it would make small results likelier
		h := sha256.Sum256(binary.BigEndian.AppendUint64(slices.Clip(s.key), s.counter))
		s.counter++
		if x := binary.BigEndian.Uint64(h[:]); x >= limit {
			return x % n
		}
	}
}

// shuffle is Fisher and Yates's, from the end.
func (s *shuffler) shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, int(s.below(uint64(i)+1)))
	}
}
