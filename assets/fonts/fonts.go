// Package fonts mends what is wrong with the windows' font for Kazakh text, and lightens it.
package fonts

import (
	"bytes"
	"encoding/binary"
)

// Mend returns a copy of a TrueType font without its glyph substitutions and names.
//
// The toolkit's shaper applies the substitution of Noto Sans that takes the dot off i before a combining mark to every
// Cyrillic і, so that Kazakh would be shown as "Кıру". No language of the interface needs a substitution; kerning and mark
// positions lie in another table and stay. The names of its glyphs are for printers of long ago, and whoever reads the font
// keeps all of them in memory. A font without these tables, or something that is no font, comes back as it is.
func Mend(font []byte) []byte {
	const header, entry = 12, 16
	out := bytes.Clone(font)
	if len(out) < header {
		return out
	}
	n := int(binary.BigEndian.Uint16(out[4:]))
	for i := range n {
		at := header + i*entry
		if at+entry > len(out) {
			break
		}
		switch string(out[at : at+4]) {
		case "GSUB":
			// An unknown tag is skipped by every reader; the table's bytes stay where they are, so no offset changes.
			copy(out[at:], "gsub")
		case "post":
			bareNames(out, out[at:at+entry])
		}
	}
	return out
}

// bareNames makes the table "post" of a directory's entry one of version 3, which has no names (OpenType, post): whoever prints
// reads its first 32 bytes.
func bareNames(font, entry []byte) {
	const bare, version3 = 32, 0x00030000
	offset, length := binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
	if length < bare || uint64(offset)+bare > uint64(len(font)) {
		return
	}
	binary.BigEndian.PutUint32(font[offset:], version3)
	binary.BigEndian.PutUint32(entry[12:], bare)
}
