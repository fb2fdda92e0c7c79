package sealed_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"emtihan/exam/sealed/sealedtest"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame is one frame, read without the packages under test.
type frame struct {
	kind, flags byte
	payload     []byte
	sum         []byte
}

// parts is a sealed log in pieces, as docs/sealed-log.md cuts it.
type parts struct {
	begin  []byte // magic and version
	header []byte
	frames []frame
	seal   []byte // the note
}

func split(t testing.TB, file []byte) (p parts) {
	t.Helper()
	p.begin = file[:8]
	rest := file[8:]
	n := binary.BigEndian.Uint32(rest[9:])
	p.header, rest = rest[:n], rest[n:]
	for rest[0] != 'Z' {
		n := 6 + int(binary.BigEndian.Uint32(rest[2:]))
		p.frames = append(p.frames, frame{rest[0], rest[1], rest[6:n], rest[n : n+4]})
		rest = rest[n+4:]
	}
	if int(binary.BigEndian.Uint32(rest[1:])) != len(rest)-5 {
		t.Fatal("the seal is not the last part")
	}
	p.seal = rest[5:]
	return p.clone()
}

func (p parts) clone() parts {
	q := parts{bytes.Clone(p.begin), bytes.Clone(p.header), nil, bytes.Clone(p.seal)}
	for _, f := range p.frames {
		q.frames = append(q.frames, frame{f.kind, f.flags, bytes.Clone(f.payload), bytes.Clone(f.sum)})
	}
	return q
}

func (f frame) body() []byte {
	return append(binary.BigEndian.AppendUint32([]byte{f.kind, f.flags}, uint32(len(f.payload))), f.payload...)
}

func (f frame) isLeaf() bool { return strings.IndexByte("KRBS", f.kind) >= 0 }

// before returns all that stands before the seal.
func (p parts) before() []byte {
	file := slices.Concat(p.begin, p.header)
	for _, f := range p.frames {
		file = slices.Concat(file, f.body(), f.sum)
	}
	return file
}

func (p parts) join() []byte {
	return slices.Concat(p.before(), binary.BigEndian.AppendUint32([]byte{'Z'}, uint32(len(p.seal))), p.seal)
}

// repair makes all checksums fit, as anybody can.
func (p parts) repair() parts {
	p = p.clone()
	n := len(p.header) - 4
	binary.BigEndian.PutUint32(p.header[n:], crc32.Checksum(p.header[:n], castagnoli))
	sum := p.header[n:]
	for i, f := range p.frames {
		p.frames[i].sum = binary.BigEndian.AppendUint32(nil, crc32.Checksum(slices.Concat(sum, f.body()), castagnoli))
		sum = p.frames[i].sum
	}
	return p
}

// tree returns size and root of the tree, by the functions of the library that specifies it.
func (p parts) tree(t testing.TB) (n int64, root tlog.Hash) {
	t.Helper()
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, err error) {
		for _, i := range at {
			out = append(out, stored[i])
		}
		return out, nil
	})
	add := func(leaf []byte) {
		more, err := tlog.StoredHashes(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
		n++
	}
	add(p.header)
	for _, f := range p.frames {
		if f.isLeaf() {
			add(f.body())
		}
	}
	root, err := tlog.TreeHash(n, reader)
	if err != nil {
		t.Fatal(err)
	}
	return n, root
}

func (p parts) count(kind byte) (n int) {
	for _, f := range p.frames {
		if f.kind == kind {
			n++
		}
	}
	return n
}

// nth returns the index of the n-th frame of the kind, from 1.
func (p parts) nth(kind byte, n int) int {
	for i, f := range p.frames {
		if f.kind == kind {
			if n--; n == 0 {
				return i
			}
		}
	}
	panic("there are not so many")
}

// offset returns where the frame begins in the file.
func (p parts) offset(i int) int64 {
	q := p
	q.frames = p.frames[:i]
	return int64(len(q.before()))
}

// reseal signs what is there, as whoever has the key can. change may alter the text.
func (p parts) reseal(t testing.TB, id, keyLine string, at time.Time, change func(string) string) parts {
	t.Helper()
	p = p.clone()
	n, root := p.tree(t)
	before := p.before()
	text := fmt.Sprintf("emtihan-emlog-2\nid %s\nrecords %d\nblobs %d\nleaves %d\nroot %s\nbytes %d\ndigest %x\nsealed %s\nkey %s\n",
		id, p.count('R'), p.count('B'), n, base64.StdEncoding.EncodeToString(root[:]), len(before), sha256.Sum256(before),
		at.UTC().Format("2006-01-02T15:04:05.000Z"), sealedtest.Key(t, keyLine).Public())
	if change != nil {
		altered := change(text)
		if altered == text {
			t.Fatal("nothing was changed in the seal")
		}
		text = altered
	}
	p.seal = sign(t, keyLine, text)
	return p
}

func sign(t testing.TB, keyLine, text string) []byte {
	t.Helper()
	signer, err := note.NewSigner(keyLine)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}
