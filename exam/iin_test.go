package exam_test

import (
	"fmt"
	"slices"
	"testing"

	"emtihan/exam"
)

func TestParseIIN(t *testing.T) { // R9
	tests := []struct {
		name, in string
		err      error
		warnings []exam.Warning
	}{
		{"first pass", "900101100004", nil, nil},
		{"blind spot of digit 11", "900101100014", nil, nil},
		{"second pass", "900101100500", nil, nil},
		{"second pass, not zero", "900101100512", nil, nil},
		{"wrong check digit", "900101100005", exam.ErrIINCheck, nil},
		{"wrong check digit of the second pass", "900101100501", exam.ErrIINCheck, nil},
		{"empty", "", exam.ErrIINLength, nil},
		{"11 digits", "90010110000", exam.ErrIINLength, nil},
		{"13 digits", "9001011000040", exam.ErrIINLength, nil},
		{"a good one with a line end", "900101100004\n", exam.ErrIINDigits, nil},
		{"a space before", " 900101100004", exam.ErrIINDigits, nil},
		{"a letter", "90010110000O", exam.ErrIINDigits, nil},
		{"Arabic digits", "٩٠٠١٠١١٠٠٠٠٤", exam.ErrIINDigits, nil},
		{"full-width digits", "９００１０１１００００４", exam.ErrIINDigits, nil},
		{"a sign", "-90010110000", exam.ErrIINDigits, nil},
		{"broken UTF-8", "90010110000\xff", exam.ErrIINDigits, nil},
		{"all zeroes: no date, no sex", "000000000000", nil, []exam.Warning{exam.WarnSexDigit, exam.WarnBirthDate}},
		{"30 February", withCheck(t, "90023010000"), nil, []exam.Warning{exam.WarnBirthDate}},
		{"month 13", withCheck(t, "90130110000"), nil, []exam.Warning{exam.WarnBirthDate}},
		{"29 February 1900 is none", withCheck(t, "00022930000"), nil, []exam.Warning{exam.WarnBirthDate}},
		{"29 February 2000", withCheck(t, "00022950000"), nil, nil},
		{"seventh digit 0", withCheck(t, "90010100000"), nil, []exam.Warning{exam.WarnSexDigit}},
		{"seventh digit 7", withCheck(t, "90010170000"), nil, []exam.Warning{exam.WarnSexDigit}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, warnings, err := exam.ParseIIN(tt.in)
			if err != tt.err {
				t.Fatalf("%q: %v, want %v", tt.in, err, tt.err)
			}
			if err == nil && string(got) != tt.in || err != nil && (got != "" || warnings != nil) {
				t.Errorf("%q gives %q", tt.in, got)
			}
			if !slices.Equal(warnings, tt.warnings) {
				t.Errorf("%q warns %q, want %q", tt.in, warnings, tt.warnings)
			}
		})
	}
}

// withCheck appends the only check digit that ParseIIN takes.
func withCheck(t *testing.T, eleven string) string {
	t.Helper()
	for d := range 10 {
		if s := fmt.Sprint(eleven, d); parses(s) {
			return s
		}
	}
	t.Fatalf("%s has no check digit", eleven)
	return ""
}

func parses(s string) bool {
	_, _, err := exam.ParseIIN(s)
	return err == nil
}

func TestIINCheckDigit(t *testing.T) { // R9
	for _, none := range []string{"90010110055", "90010110136"} {
		for d := range 10 {
			if s := fmt.Sprint(none, d); parses(s) {
				t.Errorf("%s is taken; its first eleven digits have no check digit", s)
			}
		}
	}
	// Every serial number of one birth date and sex: at most one check digit fits, and about 0.84 % have none.
	none := 0
	for serial := range 10_000 {
		fits := 0
		for d := range 10 {
			if parses(fmt.Sprintf("9001011%04d%d", serial, d)) {
				fits++
			}
		}
		switch {
		case fits > 1:
			t.Fatalf("serial %04d has %d check digits", serial, fits)
		case fits == 0:
			none++
		}
	}
	if none < 50 || none > 120 {
		t.Errorf("%d of 10000 prefixes have no check digit, expected about 84", none)
	}
}

func FuzzParseIIN(f *testing.F) {
	for _, s := range []string{"900101100004", "900101100500", "9001011000040", "", "٩", "90010110055\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		iin, warnings, err := exam.ParseIIN(s)
		if err != nil {
			if iin != "" || warnings != nil {
				t.Errorf("%q: refused and answered", s)
			}
			return
		}
		if string(iin) != s || len(s) != 12 {
			t.Fatalf("%q is taken as %q", s, iin)
		}
		for i, r := range s {
			if r < '0' || r > '9' {
				t.Fatalf("%q has %q at %d", s, r, i)
			}
		}
		// Nothing but digit 11 is blind: any other single error is a different number without this check digit, or
		// falls into the other pass; at least the check digit itself is never free.
		wrong := []byte(s)
		wrong[11] = '0' + (wrong[11]-'0'+1)%10
		if parses(string(wrong)) {
			t.Errorf("%q and %q are both taken", s, wrong)
		}
	})
}
