package stream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"emtihan/exam/vault"
)

const (
	magic = "EMJRNL\r\n"
	// Version is the version of the stream's form.
	Version = 2

	// MaxID is the most bytes of a log's id.
	MaxID = 256
	// MaxHeader is the most bytes of an encoded header.
	MaxHeader = 8192

	maxWraps = 16
)

// Header begins a stream. Nothing in it is secret.
type Header struct {
	ID      string
	Created int64 // Unix time in milliseconds, by the computer's own date
	Wraps   []vault.Wrap
}

// ValidID reports whether the id can name a log: 1–256 bytes of text without control characters.
func ValidID(id string) bool {
	return id != "" && len(id) <= MaxID && utf8.ValidString(id) && !strings.ContainsFunc(id, unicode.IsControl)
}

// Encode returns the header's bytes, or an error where a field is too long.
func (h Header) Encode() ([]byte, error) {
	if !ValidID(h.ID) {
		return nil, fmt.Errorf("the id %q cannot name a log: it needs 1–%d bytes of text without control characters", h.ID, MaxID)
	}
	if len(h.Wraps) > maxWraps {
		return nil, fmt.Errorf("%d wrapped keys, at most %d", len(h.Wraps), maxWraps)
	}
	b := append([]byte(magic), Version)
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(h.ID)))
	b = append(b, h.ID...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.Created))
	b = append(b, byte(len(h.Wraps)))
	for _, w := range h.Wraps {
		if len(w.For) > 255 || len(w.Data) > MaxHeader {
			return nil, fmt.Errorf("a wrapped key is too long: %d bytes for %q", len(w.Data), w.For)
		}
		b = append(b, byte(len(w.For)))
		b = append(b, w.For...)
		b = binary.BigEndian.AppendUint16(b, uint16(len(w.Data)))
		b = append(b, w.Data...)
	}
	if len(b)+4 > MaxHeader {
		return nil, fmt.Errorf("the wrapped keys take %d bytes, more than %d: too many recipients", len(b)+4, MaxHeader)
	}
	binary.BigEndian.PutUint32(b[headerLength:], uint32(len(b)+4))
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)), nil
}

const headerLength = len(magic) + 1 // where the length stands

var errHeader = errors.New("the header is not as this version writes it")

// ReadHeader reads a header from the beginning of r and returns its bytes, too. It returns an *Error, or r's error.
func ReadHeader(r io.Reader) (h Header, raw []byte, err error) {
	wrong := func(code Code, why error) (Header, []byte, error) {
		return Header{}, nil, &Error{Code: code, Place: PlaceHeader, Why: why.Error()}
	}
	start := make([]byte, headerLength+4)
	n, err := io.ReadFull(r, start)
	if got := start[:min(n, len(magic))]; string(got) != magic[:len(got)] {
		return wrong(CodeMagic, errors.New("it does not begin like a log of this program"))
	}
	if err != nil {
		return Header{}, nil, short(err, PlaceHeader, 0, 0)
	}
	if v := start[len(magic)]; v != Version {
		return wrong(CodeVersion, fmt.Errorf("it has format version %d; this program knows version %d", v, Version))
	}
	length := binary.BigEndian.Uint32(start[headerLength:])
	if length < uint32(len(start))+4 || length > MaxHeader {
		return wrong(CodeHeader, errHeader)
	}
	raw = append(start, make([]byte, int(length)-len(start))...)
	if _, err := io.ReadFull(r, raw[len(start):]); err != nil {
		return Header{}, nil, short(err, PlaceHeader, 0, 0)
	}
	body, sum := raw[:length-4], binary.BigEndian.Uint32(raw[length-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return wrong(CodeHeader, errors.New("its bytes do not fit its checksum"))
	}
	if h, err = parseHeader(body[len(start):]); err != nil {
		return wrong(CodeHeader, err)
	}
	return h, raw, nil
}

func parseHeader(b []byte) (h Header, err error) {
	take := func(n int) []byte {
		if err != nil || n > len(b) {
			err = errHeader
			return make([]byte, max(n, 0))
		}
		v := b[:n:n]
		b = b[n:]
		return v
	}
	h.ID = string(take(int(binary.BigEndian.Uint16(take(2)))))
	h.Created = int64(binary.BigEndian.Uint64(take(8)))
	for n := int(take(1)[0]); n > 0 && err == nil; n-- {
		w := vault.Wrap{For: string(take(int(take(1)[0])))}
		w.Data = take(int(binary.BigEndian.Uint16(take(2))))
		h.Wraps = append(h.Wraps, w)
	}
	if err == nil && (len(b) > 0 || !ValidID(h.ID) || len(h.Wraps) > maxWraps) {
		err = errHeader
	}
	return h, err
}
