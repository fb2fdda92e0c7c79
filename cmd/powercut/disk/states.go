package disk

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
)

// State is one image that a cut of the power could have left.
type State struct {
	Name    string // which cut, for people
	Instant int    // number of commands that had come
	Prefix  bool   // the writes were saved in their order up to the instant, and none after it
	Image   []byte // valid until the next state
}

// States goes through the images that cuts during the recorded commands could have left on the disk that began as base:
//
//   - every prefix of the commands, with all of its writes saved;
//   - the same with the last write torn, at each of its sectors, or at seven where it has more than eight;
//   - before every flush and at the end, the writes that no flush has saved: all lost, each single one lost, each single one
//     torn at one sector.
//
// A torn write keeps its first sectors. Where not every sector can be shown, r draws. This disk sees the writes of one virtio queue over
// one connection, so its own record of their order is the same as the one of QEMU's blklogwrites driver; it also says after
// which command something was heard from the guest, which a log of the block layer cannot.
func States(base []byte, history []Op, r *rand.Rand) iter.Seq[State] {
	return func(yield func(State) bool) {
		kept, image := slices.Clone(base), make([]byte, len(base))
		var pending []Op
		// show yields the kept image with the pending writes on it, of which keep chooses sectors; nil means all.
		show := func(instant int, name string, keep func(write, sector int) bool) bool {
			copy(image, kept)
			for i, o := range pending {
				apply(image, o, func(sector int) bool { return keep == nil || o.FUA || keep(i, sector) })
			}
			return yield(State{Name: name, Instant: instant, Prefix: keep == nil, Image: image})
		}
		tear := func(instant int, name string, victim, left int) bool {
			return show(instant, fmt.Sprintf("%s behind sector %d", name, left), func(write, sector int) bool { return write != victim || sector < left })
		}
		group := func(instant int) bool {
			if len(pending) == 0 {
				return true
			}
			if !show(instant, fmt.Sprintf("command %d, all %d unflushed writes lost", instant, len(pending)), func(int, int) bool { return false }) {
				return false
			}
			for victim, o := range pending {
				name := fmt.Sprintf("command %d, unflushed write %d of %d", instant, victim+1, len(pending))
				if !show(instant, name+" lost", func(write, _ int) bool { return write != victim }) {
					return false
				}
				for _, left := range tears(o, 1, r) {
					if !tear(instant, name+" torn", victim, left) {
						return false
					}
				}
			}
			return true
		}
		if !show(0, "before the first command", nil) {
			return
		}
		for i, o := range history {
			instant := i + 1
			if o.Flush() {
				if !group(i) {
					return
				}
				for _, p := range pending {
					apply(kept, p, whole)
				}
				pending = pending[:0]
				continue
			}
			pending = append(pending, o)
			if !show(instant, fmt.Sprintf("command %d, everything saved", instant), nil) {
				return
			}
			// A FUA write is not answered before it is whole; what is torn here is the one that was not answered.
			last := len(pending) - 1
			pending[last].FUA = false
			for _, left := range tears(o, 7, r) {
				if !tear(i, fmt.Sprintf("command %d, torn in the air", instant), last, left) {
					return
				}
			}
			pending[last].FUA = o.FUA
		}
		if len(pending) == 0 {
			show(len(history), "after the last command", nil)
			return
		}
		group(len(history))
	}
}

// tears returns up to n numbers of sectors, in order, after which the write may be torn.
func tears(o Op, n int, r *rand.Rand) []int {
	all := len(o.Data)/Sector - 1
	if all > n {
		left := r.Perm(all)[:n]
		for i := range left {
			left[i]++
		}
		slices.Sort(left)
		return left
	}
	left := make([]int, all)
	for i := range left {
		left[i] = i + 1
	}
	return left
}
