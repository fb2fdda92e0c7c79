package exam

import (
	"time"
)

// IIN is an individual identification number (ИИН): twelve digits, the last of them a check digit.
type IIN string

// Warning is an oddity of an IIN that must not stop a candidate: since decree № 853 of 2013 neither the birth date nor
// the seventh digit need agree with the person.
type Warning string

// The warnings of ParseIIN.
const (
	WarnBirthDate Warning = "iin-birth-date" // digits 1–6 are no date of the century that digit 7 names
	WarnSexDigit  Warning = "iin-sex-digit"  // digit 7 is not 1–6
)

// The hard refusals of ParseIIN (R9).
var (
	ErrIINLength = refuse("iin-length") // not exactly twelve characters
	ErrIINDigits = refuse("iin-digits") // something other than 0–9
	ErrIINCheck  = refuse("iin-check")  // the check digit is wrong, or none exists for the other eleven
)

var (
	iinWeights1 = [11]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	iinWeights2 = [11]int{3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2}
)

// ParseIIN checks s as R9 demands: twelve ASCII digits and the check digit are hard, a birth date or a seventh digit that
// looks odd only warns. It returns ErrIINLength, ErrIINDigits or ErrIINCheck.
//
// The check digit misses about one typing error in ten (digit 11 has the weight 11 ≡ 0), so it never replaces the
// confirmation of name and photo.
func ParseIIN(s string) (IIN, []Warning, error) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return "", nil, ErrIINDigits
		}
	}
	if len(s) != 12 {
		return "", nil, ErrIINLength
	}
	check, ok := iinCheckDigit(s[:11])
	if !ok || int(s[11]-'0') != check {
		return "", nil, ErrIINCheck
	}
	var warnings []Warning
	century, ok := map[byte]string{'1': "18", '2': "18", '3': "19", '4': "19", '5': "20", '6': "20"}[s[6]]
	if !ok {
		warnings = append(warnings, WarnSexDigit)
		century = "20" // 2000 is a leap year: no 29 February is called odd without reason
	}
	if _, err := time.Parse("20060102", century+s[:6]); err != nil {
		warnings = append(warnings, WarnBirthDate)
	}
	return IIN(s), warnings, nil
}

func iinCheckDigit(eleven string) (digit int, ok bool) {
	for _, weights := range [][11]int{iinWeights1, iinWeights2} {
		sum := 0
		for i, w := range weights {
			sum += int(eleven[i]-'0') * w
		}
		if c := sum % 11; c != 10 {
			return c, true
		}
	}
	return 0, false
}
