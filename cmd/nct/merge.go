package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"os"

	"emtihan/exam/journal/stream"
	"emtihan/exam/vault"
)

// The places in a journal's file, as package journal specifies them.
const (
	hintMagic  = "EMHINT01"
	hintLength = len(hintMagic) + 8 + 4 + 8 + len(stream.Salt{}) // without its CRC
	hintOffset = stream.MaxHeader
	hintSize   = 4096
	firstFrame = hintOffset + 2*hintSize
	leastFile  = 1 << 20
)

// part is the file of a copy from which frames are taken. It reads on cheaply as long as it is asked in order.
type part struct {
	io.ReaderAt
	size int64
	buf  *bufio.Reader
	off  int64
}

func (p *part) frame(off int64, sum uint32) (stream.RawFrame, error) {
	if p.buf == nil || p.off != off {
		// A small buffer: a copy that has nothing more is asked for every frame.
		p.buf, p.off = bufio.NewReaderSize(io.NewSectionReader(p, off, math.MaxInt64-off), 4<<10), off
	}
	fr, err := stream.ReadFrame(p.buf, sum)
	if err != nil {
		p.buf = nil
		return fr, err
	}
	p.off += int64(len(fr.Bytes))
	return fr, nil
}

// merge writes a journal to out, made of the copies of one log: at each place the first copy that has the frame there whole
// gives it. Since every checksum goes on from the one before it, no frame of another log or way can come between. More says
// that a copy had more than could be used, so that what was written is a beginning of the log only.
func merge(out *os.File, header []byte, parts []*part) (more bool, err error) {
	state := stream.StateAfter(header, firstFrame)
	end, sum := state.Offset, state.Sum
	if _, err := out.WriteAt(header, 0); err != nil {
		return false, err
	}
	w := bufio.NewWriterSize(io.NewOffsetWriter(out, firstFrame), 1<<20)
	for {
		var fr stream.RawFrame
		err := io.EOF
		for i := 0; i < len(parts) && err != nil; i++ {
			fr, err = parts[i].frame(end, sum)
		}
		if err != nil {
			break
		}
		if _, err := w.Write(fr.Bytes); err != nil {
			return false, err
		}
		end, sum = end+int64(len(fr.Bytes)), fr.Sum
	}
	if err := errors.Join(w.Flush(), out.Truncate(max(leastFile, end+hintSize))); err != nil {
		return false, err
	}
	for _, p := range parts {
		more = more || p.hasMore(end, sum)
	}
	return more, nil
}

// hasMore reports whether the copy shows that something was safe behind the end: a group that was written after it, or a hint
// to a snapshot there. So does one that cannot be read, as far as anybody can know.
func (p *part) hasMore(end int64, sum uint32) bool {
	for slot := range int64(2) {
		b := make([]byte, hintLength+4)
		if _, err := p.ReadAt(b, hintOffset+slot*hintSize); err != nil {
			continue
		}
		crc := crc32.Checksum(b[:hintLength], crc32.MakeTable(crc32.Castagnoli))
		at := int64(binary.BigEndian.Uint64(b[len(hintMagic):]))
		if string(b[:len(hintMagic)]) == hintMagic && crc == binary.BigEndian.Uint32(b[hintLength:]) && at >= end {
			return true
		}
	}
	if p.size <= end {
		return false
	}
	rest := make([]byte, 4+p.size-end)
	binary.BigEndian.PutUint32(rest, sum)
	if n, err := p.ReadAt(rest[4:], end); err != nil && !(errors.Is(err, io.EOF) && n == len(rest)-4) {
		return true
	}
	return stream.FindGroup(rest) >= 0
}

// merged puts a log together from its copies, in a file of its own in the folder for the sealed ones. It returns an error where
// that gives no journal.
func (p *puller) merged(copies []copied, opener vault.Opener) (l located, more bool, err error) {
	var parts []*part
	var header []byte
	for _, c := range copies {
		f, err := p.fs.Open(c.path, os.O_RDONLY)
		if err != nil {
			continue
		}
		defer f.Close()
		size, err := f.Size()
		if err == nil {
			err = f.Lock(false)
		}
		if err != nil {
			continue
		}
		parts = append(parts, &part{ReaderAt: f, size: size})
		if _, raw, err := stream.ReadHeader(io.NewSectionReader(f, 0, stream.MaxHeader)); err == nil && header == nil {
			header = raw
		}
	}
	if header == nil || len(parts) < 2 {
		return l, false, errAlone
	}
	tmp, err := os.CreateTemp(p.out, ".nct-*.journal")
	if err != nil {
		return l, false, err
	}
	l.path, l.made = tmp.Name(), true
	more, err = merge(tmp, header, parts)
	if err = errors.Join(err, tmp.Close()); err == nil {
		l.Reader, err = p.read(l.path, opener)
	}
	if err != nil {
		return located{}, false, errors.Join(err, os.Remove(tmp.Name()))
	}
	return l, more, nil
}

var errAlone = errors.New("there is nothing to put it together from")
