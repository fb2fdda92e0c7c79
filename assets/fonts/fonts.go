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
// positions lie in another table and stay. The names of its glyphs are for printers, and whoever reads the font keeps all
// of them in memory. A font without these tables, or something that is no font, comes back as it is.
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
		// An unknown tag is skipped by every reader; the table's bytes stay where they are, so no offset changes.
		switch string(out[at : at+4]) {
		case "GSUB":
			copy(out[at:], "gsub")
		case "post":
			copy(out[at:], "POST")
		}
	}
	return out
}
