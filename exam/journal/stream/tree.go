package stream

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Tree is the right edge of a Merkle tree (RFC 6962): all that is needed to append to it and to know its root. The zero value
// is the empty tree.
type Tree struct {
	size  int64
	roots []tlog.Hash // of the complete subtrees, the largest first
}

// Size returns the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Add appends a leaf that has been hashed.
func (t *Tree) Add(leaf tlog.Hash) {
	h := leaf
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.roots) - 1
		h = tlog.NodeHash(t.roots[last], h)
		t.roots = t.roots[:last]
	}
	t.roots = append(t.roots, h)
	t.size++
}

// Root returns the root, the zero hash of an empty tree.
func (t *Tree) Root() (h tlog.Hash) {
	for i, r := range slices.Backward(t.roots) {
		if i == len(t.roots)-1 {
			h = r
		} else {
			h = tlog.NodeHash(r, h)
		}
	}
	return h
}

// Clone returns an independent copy.
func (t *Tree) Clone() Tree { return Tree{t.size, slices.Clone(t.roots)} }

func (t *Tree) encode(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(t.size))
	for _, r := range t.roots {
		b = append(b, r[:]...)
	}
	return b
}

var errTree = errors.New("the tree is cut off")

func decodeTree(b []byte) (t Tree, rest []byte, err error) {
	if len(b) < 8 {
		return t, nil, errTree
	}
	size := binary.BigEndian.Uint64(b)
	b = b[8:]
	n := bits.OnesCount64(size)
	if size>>62 != 0 || len(b) < n*tlog.HashSize {
		return t, nil, errTree
	}
	t.size = int64(size)
	for ; n > 0; n-- {
		t.roots = append(t.roots, tlog.Hash(b[:tlog.HashSize]))
		b = b[tlog.HashSize:]
	}
	return t, b, nil
}
