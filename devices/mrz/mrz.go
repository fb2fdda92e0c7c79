// Package mrz reads the machine-readable zone of identity cards (TD1, three lines of 30) and passports (TD3, two lines of
// 44) and believes it only when every check digit is right.
//
// Source: ICAO Doc 9303, parts 3 (data, check digits), 4 (TD3) and 5 (TD1).
package mrz

import (
	"fmt"
	"strings"
)

// Document is what a machine-readable zone says. Names are Latin transliterations, as printed: the zone does not tell which
// letters of Kazakh or Russian they stand for.
type Document struct {
	// Format is "TD1" or "TD3".
	Format string
	// Code is the kind of document, such as "ID" or "P".
	Code string
	// Issuer and Nationality are codes of three letters, such as "KAZ"; shorter where the standard has shorter ones.
	Issuer, Nationality string
	// Number of the document.
	Number string
	// Surname and Given names, words separated by spaces. Given is empty for persons with one name only.
	Surname, Given string
	// Truncated: the names fill their field to the end, so that some of them may be missing.
	Truncated bool
	// Birth and Expiry as YYMMDD; "<<" stands for an unknown part of a birth date.
	Birth, Expiry string
	// Sex is "M", "F" or "" when it is not stated.
	Sex string
	// Optional are the optional data as the issuer fills them, without fillers at the end; TD1 has two.
	Optional [2]string
}

// PersonalNumber returns the twelve digits that documents of Kazakhstan carry in their optional data: the IIN stands at the
// end of the first line of an identity card, and in the personal number of a passport. It returns "" when there
// are none. The check digit of the IIN itself is for those to judge who know the rules of the IIN.
func (d Document) PersonalNumber() string {
	const length = 12
	if d.Issuer != "KAZ" || len(d.Optional[0]) != length || strings.Trim(d.Optional[0], "0123456789") != "" {
		return ""
	}
	return d.Optional[0]
}

// String says what kind of document it is and nothing about its holder, lest personal data get into logs (R27).
func (d Document) String() string { return d.Format + " document of " + d.Issuer }

// GoString returns what String does.
func (d Document) GoString() string { return d.String() }

// Error says why a zone is not believed, without quoting it (R27).
type Error struct {
	// Field is "lines", "characters", or the name of the field whose check digit or contents are wrong.
	Field string
	Why   string
}

func (e *Error) Error() string { return "mrz: " + e.Field + ": " + e.Why }

const (
	td1Lines, td1Length = 3, 30
	td3Lines, td3Length = 2, 44
)

// Parse reads a zone. Lines are separated by CR, LF or both; without separators their length tells. It returns an *Error
// when the zone has not the form of TD1 or TD3 or when a check digit is wrong.
func Parse(text string) (Document, error) {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' })
	for i := range lines {
		lines[i] = strings.Trim(lines[i], " \t")
	}
	if len(lines) == 1 {
		one := lines[0]
		switch len(one) {
		case td1Lines * td1Length:
			lines = []string{one[:td1Length], one[td1Length : 2*td1Length], one[2*td1Length:]}
		case td3Lines * td3Length:
			lines = []string{one[:td3Length], one[td3Length:]}
		}
	}
	length := 0
	switch len(lines) {
	case td1Lines:
		length = td1Length
	case td3Lines:
		length = td3Length
	default:
		return Document{}, &Error{"lines", fmt.Sprintf("there are %d lines instead of 3 or 2", len(lines))}
	}
	for i, l := range lines {
		if len(l) != length {
			return Document{}, &Error{"lines", fmt.Sprintf("line %d has %d characters instead of %d", i+1, len(l), length)}
		}
		for n := range len(l) {
			if value(l[n]) < 0 {
				return Document{}, &Error{"characters", fmt.Sprintf("character %d of line %d is no letter A to Z, digit or <", n+1, i+1)}
			}
		}
	}
	if length == td1Length {
		return td1(lines[0], lines[1], lines[2])
	}
	return td3(lines[0], lines[1])
}

func td1(l1, l2, l3 string) (Document, error) {
	d := Document{
		Format: "TD1", Code: bare(l1[:2]), Issuer: bare(l1[2:5]), Birth: l2[:6], Expiry: l2[8:14], Nationality: bare(l2[15:18]),
		Optional: [2]string{bare(l1[15:]), bare(l2[18:29])},
	}
	number, digit, rest, err := longNumber(l1[5:14], l1[14], l1[15:])
	if err != nil {
		return Document{}, err
	}
	if rest != l1[15:] {
		d.Optional[0] = bare(rest)
	}
	d.Number = bare(number)
	if err := d.finish("IAC", l2[7], l3,
		check{"document number", number, digit},
		check{"date of birth", l2[:6], l2[6]},
		check{"date of expiry", l2[8:14], l2[14]},
		check{"whole zone", l1[5:] + l2[:7] + l2[8:15] + l2[18:29], l2[29]},
	); err != nil {
		return Document{}, err
	}
	return d, nil
}

// longNumber returns a document number of more than nine characters together: a filler stands then for its check digit, and
// the optional data begin with the rest of the number, the check digit and a filler.
func longNumber(number string, digit byte, optional string) (whole string, check byte, rest string, err error) {
	if digit != '<' {
		return number, digit, optional, nil
	}
	more, rest, found := strings.Cut(optional, "<")
	if !found || len(more) < 2 {
		return "", 0, "", &Error{"document number", "its check digit is missing"}
	}
	return number + more[:len(more)-1], more[len(more)-1], rest, nil
}

func td3(l1, l2 string) (Document, error) {
	d := Document{
		Format: "TD3", Code: bare(l1[:2]), Issuer: bare(l1[2:5]), Number: bare(l2[:9]), Nationality: bare(l2[10:13]),
		Birth: l2[13:19], Expiry: l2[21:27], Optional: [2]string{bare(l2[28:42])},
	}
	personal := check{"personal number", l2[28:42], l2[42]}
	if personal.digit == '<' && d.Optional[0] == "" {
		// A field that is not used may have a filler instead of the digit 0.
		personal.digit = '0'
	}
	if err := d.finish("P", l2[20], l1[5:],
		check{"document number", l2[:9], l2[9]},
		check{"date of birth", l2[13:19], l2[19]},
		check{"date of expiry", l2[21:27], l2[27]},
		personal,
		check{"whole zone", l2[:10] + l2[13:20] + l2[21:43], l2[43]},
	); err != nil {
		return Document{}, err
	}
	return d, nil
}

// check is a field with its check digit.
type check struct {
	name, field string
	digit       byte
}

// finish checks everything and fills in sex and names.
func (d *Document) finish(codes string, sex byte, names string, checks ...check) error {
	if d.Code == "" || !strings.Contains(codes, d.Code[:1]) {
		return &Error{"kind of document", "it is none of this format"}
	}
	for _, c := range checks {
		if c.digit != Digit(c.field) {
			return &Error{c.name, "its check digit is wrong"}
		}
	}
	for _, code := range []struct{ name, code string }{{"issuer", d.Issuer}, {"nationality", d.Nationality}} {
		if strings.Trim(code.code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || code.code == "" {
			return &Error{code.name, "it is no code of letters"}
		}
	}
	if !date(d.Birth, true) {
		return &Error{"date of birth", "there is no such day"}
	}
	if !date(d.Expiry, false) {
		return &Error{"date of expiry", "there is no such day"}
	}
	switch sex {
	case 'M', 'F':
		d.Sex = string(sex)
	case '<', 'X':
	default:
		return &Error{"sex", "it is not M, F, X or <"}
	}
	if strings.ContainsAny(names, "0123456789") {
		return &Error{"names", "there is a digit among them"}
	}
	surname, given, _ := strings.Cut(names, "<<")
	d.Surname, d.Given = words(surname), words(given)
	d.Truncated = !strings.HasSuffix(names, "<")
	if d.Surname == "" {
		return &Error{"names", "there is no surname"}
	}
	return nil
}

// words returns what stands between fillers, separated by spaces.
func words(field string) string {
	return strings.Join(strings.FieldsFunc(field, func(r rune) bool { return r == '<' }), " ")
}

// bare returns a field without the fillers at its end.
func bare(field string) string { return strings.TrimRight(field, "<") }

// date reports whether YYMMDD can be a day; of a birth date parts may be unknown.
func date(d string, partly bool) bool {
	between := func(part string, low, high int) bool {
		if partly && part == "<<" {
			return true
		}
		if part[0] < '0' || part[0] > '9' || part[1] < '0' || part[1] > '9' {
			return false
		}
		n := int(part[0]-'0')*10 + int(part[1]-'0')
		return n >= low && n <= high
	}
	return between(d[:2], 0, 99) && between(d[2:4], 1, 12) && between(d[4:6], 1, 31)
}

// value of a character in a check digit, or -1 for one that a zone cannot have.
func value(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	case c == '<':
		return 0
	}
	return -1
}

// Digit returns the check digit of a field: the weights 7, 3, 1 over and over, modulo 10 (Doc 9303 part 3, 4.9). Characters
// that no zone has count as fillers.
func Digit(field string) byte {
	sum := 0
	for i := range len(field) {
		sum += max(value(field[i]), 0) * [...]int{7, 3, 1}[i%3]
	}
	return byte('0' + sum%10)
}
