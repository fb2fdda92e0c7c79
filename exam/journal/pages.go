package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// The part of bbolt's file format that a reader must trust before it follows a pointer. All numbers are in the byte order
// of the machine.
const (
	pageHeader   = 16 // id (8), flags (2), number of elements (2), further pages of the same run (4)
	pageBranch   = 0x01
	pageLeaf     = 0x02
	pageFreelist = 0x10
	element      = 16 // branch: offset (4), key (4), page (8); leaf: flags (4), offset (4), key (4), value (4)
	bucketFlag   = 0x01
	bucketHeader = 16 // root page (8), sequence (8)
	metaLength   = 64
	metaMagic    = 0xED0CDAED
	countInFirst = 0xFFFF // the freelist's number of elements stands in its first element
)

var order = binary.NativeEndian

// checkPages follows every pointer of a bbolt file by bounded reads. bbolt follows them in mapped memory without looking,
// and its own check does so on a goroutine of its own, where a fault or a ring of pages ends the process: so nothing of
// bbolt may look at pages that have not passed here. The file must not change meanwhile.
func checkPages(path string, pageSize int) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	w := walker{file: f, pageSize: uint64(pageSize), used: make(map[uint64]bool)}
	root, freelist, err := w.meta()
	if err != nil {
		return err
	}
	if have := uint64(fi.Size()) / w.pageSize; w.pages > have {
		return fmt.Errorf("the file is cut off: %d pages of %d are there", have, w.pages)
	}
	if err := w.tree(root, true); err != nil {
		return err
	}
	return w.freelist(freelist)
}

type walker struct {
	file     io.ReaderAt
	pageSize uint64
	pages    uint64          // pages with this number and above do not exist
	used     map[uint64]bool // pages seen
}

// meta reads the newer of the two valid meta pages, which is the one that bbolt takes.
func (w *walker) meta() (root, freelist uint64, err error) {
	var newest uint64
	for i := range uint64(2) {
		b := make([]byte, metaLength)
		if _, err := w.file.ReadAt(b, int64(i*w.pageSize)+pageHeader); err != nil {
			return 0, 0, err
		}
		sum := fnv.New64a()
		sum.Write(b[:metaLength-8])
		txid := order.Uint64(b[48:])
		if order.Uint32(b) != metaMagic || order.Uint64(b[56:]) != sum.Sum64() || w.pages > 0 && txid < newest {
			continue
		}
		if size := order.Uint32(b[8:]); uint64(size) != w.pageSize {
			return 0, 0, fmt.Errorf("meta page %d names a page size of %d bytes, not %d", i, size, w.pageSize)
		}
		newest, root, freelist, w.pages = txid, order.Uint64(b[16:]), order.Uint64(b[32:]), order.Uint64(b[40:])
	}
	if w.pages == 0 {
		return 0, 0, errors.New("no meta page is valid")
	}
	return root, freelist, nil
}

// page reads the run of pages that begins with page id; no page may belong to two runs.
func (w *walker) page(id uint64) (b []byte, flags, count uint16, err error) {
	if id < 2 || id >= w.pages {
		return nil, 0, 0, fmt.Errorf("page %d does not exist", id)
	}
	h := make([]byte, pageHeader)
	if _, err := w.file.ReadAt(h, int64(id*w.pageSize)); err != nil {
		return nil, 0, 0, err
	}
	flags, count = order.Uint16(h[8:]), order.Uint16(h[10:])
	run := uint64(order.Uint32(h[12:])) + 1
	if order.Uint64(h) != id || run > w.pages-id {
		return nil, 0, 0, fmt.Errorf("page %d has a wrong header", id)
	}
	for p := id; p < id+run; p++ {
		if w.used[p] {
			return nil, 0, 0, fmt.Errorf("page %d is used twice", p)
		}
		w.used[p] = true
	}
	b = make([]byte, run*w.pageSize)
	if _, err := w.file.ReadAt(b, int64(id*w.pageSize)); err != nil {
		return nil, 0, 0, err
	}
	return b, flags, count, nil
}

// tree follows a bucket from its root page. Buckets stand in the root bucket only.
func (w *walker) tree(id uint64, buckets bool) error {
	b, flags, count, err := w.page(id)
	if err != nil {
		return err
	}
	switch flags {
	case pageLeaf:
		if err := w.leaf(b, count, buckets); err != nil {
			return fmt.Errorf("page %d: %w", id, err)
		}
		return nil
	case pageBranch:
		if count == 0 {
			return fmt.Errorf("page %d is a branch without elements", id)
		}
		for i := range int(count) {
			at := pageHeader + i*element
			if at+element > len(b) {
				return fmt.Errorf("page %d: element %d lies outside", id, i)
			}
			e := b[at:]
			if _, ok := within(e, order.Uint32(e), order.Uint32(e[4:])); !ok {
				return fmt.Errorf("page %d: the key of element %d lies outside", id, i)
			}
			if err := w.tree(order.Uint64(e[8:]), buckets); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("page %d is neither branch nor leaf", id)
}

func (w *walker) leaf(b []byte, count uint16, buckets bool) error {
	for i := range int(count) {
		at := pageHeader + i*element
		if at+element > len(b) {
			return fmt.Errorf("element %d lies outside", i)
		}
		e := b[at:]
		pos, key, value := order.Uint32(e[4:]), order.Uint32(e[8:]), order.Uint32(e[12:])
		if _, ok := within(e, pos, key); !ok {
			return fmt.Errorf("the key of element %d lies outside", i)
		}
		v, ok := within(e, pos+key, value)
		if !ok || pos+key < pos {
			return fmt.Errorf("the value of element %d lies outside", i)
		}
		if isBucket := order.Uint32(e)&bucketFlag != 0; isBucket != buckets {
			return fmt.Errorf("element %d: a bucket where none belongs, or none where one does", i)
		}
		if buckets {
			if err := w.bucket(v); err != nil {
				return fmt.Errorf("bucket %d: %w", i, err)
			}
		}
	}
	return nil
}

// bucket checks a bucket's header and what follows: its tree, or, in a small one, its only page.
func (w *walker) bucket(v []byte) error {
	if len(v) < bucketHeader {
		return errors.New("it is cut off")
	}
	if root := order.Uint64(v); root != 0 {
		return w.tree(root, false)
	}
	v = v[bucketHeader:]
	if len(v) < pageHeader || order.Uint16(v[8:]) != pageLeaf {
		return errors.New("its page is cut off or no leaf")
	}
	return w.leaf(v, order.Uint16(v[10:]), false)
}

// freelist checks that the free pages exist, and that none of them is in use or listed twice.
func (w *walker) freelist(id uint64) error {
	b, flags, count, err := w.page(id)
	if err != nil {
		return err
	}
	b = b[pageHeader:]
	n := uint64(count)
	if count == countInFirst {
		n, b = order.Uint64(b), b[8:]
	}
	if flags != pageFreelist || n > uint64(len(b)/8) {
		return fmt.Errorf("page %d is no list of free pages", id)
	}
	for i := range n {
		p := order.Uint64(b[8*i:])
		if p < 2 || p >= w.pages || w.used[p] {
			return fmt.Errorf("page %d is listed as free and is not", p)
		}
		w.used[p] = true
	}
	return nil
}

func within(b []byte, offset, length uint32) ([]byte, bool) {
	end := uint64(offset) + uint64(length)
	if end > uint64(len(b)) {
		return nil, false
	}
	return b[offset:end], true
}
