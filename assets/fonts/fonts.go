// Package fonts mends what is wrong with the windows' font for Kazakh text.
package fonts

import (
	"bytes"
	"encoding/binary"
)

// Mend returns a copy of a TrueType font without its glyph substitutions.
//
// The toolkit's shaper applies the substitution of Noto Sans that takes the dot off i before a combining mark to every
// Cyrillic і, so that Kazakh would be shown as "Кıру". No language of the interface needs a substitution; kerning and mark
// positions lie in another table and stay. A font without that table, or something that is no font, comes back as it is.
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
		if string(out[at:at+4]) == "GSUB" {
			// An unknown tag is skipped by every reader; the table's bytes stay where they are, so no offset changes.
			copy(out[at:], "gsub")
		}
	}
	return out
}
