package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// ReadCSV reads values that are separated by commas, semicolons or tabs, in UTF-8 with or without a byte-order mark. A file that is not
// in UTF-8 is read as windows-1251, as older spreadsheet programs write it, where it is certainly that, with [RemarkWindows1251].
// Every cell is a Text.
func ReadCSV(data []byte, limits Limits) (*Table, error) {
	limits = limits.filled()
	if len(data) > limits.Bytes {
		return nil, refuse(TooMuch, "the file has %d bytes, more than %d", len(data), limits.Bytes)
	}
	t := new(Table)
	switch {
	case bytes.HasPrefix(data, []byte("PK")), bytes.HasPrefix(data, []byte{0xd0, 0xcf, 0x11, 0xe0}), bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}), bytes.IndexByte(data, 0) >= 0:
		return nil, refuse(NotCSV, "the file is no CSV table: save it as “CSV UTF-8”")
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		plain, ok := windows1251(data)
		if !ok {
			return nil, refuse(Encoding, "the file is not in UTF-8, and whether it is in windows-1251 is not certain, or Kazakh letters were lost in it: save it as “CSV UTF-8”")
		}
		data = plain
		t.Remarks = append(t.Remarks, RemarkWindows1251)
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	r.Comma = separator(data)
	number, line, cells := 0, 0, 0
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refuse(Quotes, "the table cannot be read: %v", err)
		}
		// A record is a row, however many lines its quoted values have; the lines without anything that were passed over are rows too.
		first, _ := r.FieldPos(0)
		number += max(first-line, 1)
		last, _ := r.FieldPos(len(record) - 1)
		line = last + strings.Count(record[len(record)-1], "\n")
		row := Row{Number: number}
		for i, text := range record {
			if utf8.RuneCountInString(text) > maxCell {
				return nil, refuse(TooMuch, "row %d, column %s has more than %d characters", number, Column(i), maxCell)
			}
			c := Cell{Text: strings.TrimSpace(text)}
			if c.Text != "" {
				c.Kind = Text
				cells++
			}
			row.Cells = append(row.Cells, c)
		}
		if row.Cells = trimmed(row.Cells); len(row.Cells) == 0 {
			continue
		}
		if len(row.Cells) > limits.Columns {
			return nil, refuse(TooMuch, "row %d has %d columns, more than %d", number, len(row.Cells), limits.Columns)
		}
		t.Rows = append(t.Rows, row)
		if len(t.Rows) > limits.Rows || cells > limits.Cells {
			return nil, refuse(TooMuch, "the table has more than %d rows or %d cells", limits.Rows, limits.Cells)
		}
	}
	return t, nil
}

// separator returns the sign that parts the first line into most values, outside of quotation marks.
func separator(data []byte) rune {
	counts := make(map[rune]int)
	quoted := false
	for _, r := range string(data[:min(len(data), 64<<10)]) {
		if r == '"' {
			quoted = !quoted
		}
		if r == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[r]++
		}
	}
	best := ','
	for _, r := range [...]rune{';', '\t'} {
		if counts[r] > 0 && counts[r] >= counts[best] {
			best = r
		}
	}
	return best
}

// windows1251 decodes, and reports whether the outcome is certainly what was meant: only Cyrillic letters and the signs that stand among
// them, capitals only where words begin or throughout, and no question mark where a program has put one for a Kazakh letter.
func windows1251(data []byte) ([]byte, bool) {
	plain, err := charmap.Windows1251.NewDecoder().Bytes(data)
	if err != nil {
		return nil, false
	}
	letters, odd := 0, 0
	var before rune
	for _, r := range string(plain) {
		switch {
		case r < utf8.RuneSelf:
			if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
				return nil, false
			}
		case r >= 'А' && r <= 'я', strings.ContainsRune("ЁёІі", r):
			letters++
			if unicode.IsUpper(r) && unicode.IsLower(before) {
				odd++
			}
		case !strings.ContainsRune("«»„“”‘’–—№§…°±·\u00a0", r):
			return nil, false
		}
		latin := r < utf8.RuneSelf
		if unicode.IsLetter(r) && (before == '?' || unicode.IsLetter(before) && latin != (before < utf8.RuneSelf)) {
			return nil, false
		}
		before = r
	}
	return plain, letters > 0 && odd*20 <= letters
}
