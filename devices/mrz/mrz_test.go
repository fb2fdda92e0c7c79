package mrz_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"emtihan/devices/mrz"
)

// The specimens of ICAO Doc 9303, parts 4 and 5.
const (
	passport = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\r\nL898902C36UTO7408122F1204159ZE184226B<<<<<10\r\n"
	card     = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<\n"
)

// kazakhCard is a card of nobody: its IIN belongs to somebody born in 1890.
func kazakhCard(iin string) string {
	number := "012345678"
	l1 := "IDKAZ" + number + string(mrz.Digit(number)) + iin + "<<<"
	l2 := "900101" + string(mrz.Digit("900101")) + "M" + "300101" + string(mrz.Digit("300101")) + "KAZ<<<<<<<<<<<"
	l2 += string(mrz.Digit(l1[5:] + l2[:7] + l2[8:15] + l2[18:29]))
	return l1 + "\r" + l2 + "\r" + "SERIKULY<<NURLAN<<<<<<<<<<<<<<\r"
}

func TestParse(t *testing.T) { // R7
	for _, c := range []struct {
		name, text string
		want       mrz.Document
		personal   string
	}{
		{"passport", passport, mrz.Document{
			Format: "TD3", Code: "P", Issuer: "UTO", Nationality: "UTO", Number: "L898902C3", Surname: "ERIKSSON", Given: "ANNA MARIA",
			Birth: "740812", Expiry: "120415", Sex: "F", Optional: [2]string{"ZE184226B"},
		}, ""},
		{"passport without separators", strings.NewReplacer("\r", "", "\n", "").Replace(passport), mrz.Document{
			Format: "TD3", Code: "P", Issuer: "UTO", Nationality: "UTO", Number: "L898902C3", Surname: "ERIKSSON", Given: "ANNA MARIA",
			Birth: "740812", Expiry: "120415", Sex: "F", Optional: [2]string{"ZE184226B"},
		}, ""},
		{"card", card, mrz.Document{
			Format: "TD1", Code: "I", Issuer: "UTO", Nationality: "UTO", Number: "D23145890", Surname: "ERIKSSON", Given: "ANNA MARIA",
			Birth: "740812", Expiry: "120415", Sex: "F",
		}, ""},
		{"card of Kazakhstan", kazakhCard("900101100004"), mrz.Document{
			Format: "TD1", Code: "ID", Issuer: "KAZ", Nationality: "KAZ", Number: "012345678", Surname: "SERIKULY", Given: "NURLAN",
			Birth: "900101", Expiry: "300101", Sex: "M", Optional: [2]string{"900101100004"},
		}, "900101100004"},
		{"optional data that are no personal number", kazakhCard("90010110000A"), mrz.Document{
			Format: "TD1", Code: "ID", Issuer: "KAZ", Nationality: "KAZ", Number: "012345678", Surname: "SERIKULY", Given: "NURLAN",
			Birth: "900101", Expiry: "300101", Sex: "M", Optional: [2]string{"90010110000A"},
		}, ""},
	} {
		got, err := mrz.Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if got.PersonalNumber() != c.personal {
			t.Errorf("%s: personal number %q, want %q", c.name, got.PersonalNumber(), c.personal)
		}
	}
}

// A number of more than nine characters goes on in the optional data (Doc 9303 part 5, note j).
func TestLongNumber(t *testing.T) {
	number := "D23145890AB123"
	l1 := "I<UTO" + number[:9] + "<" + number[9:] + string(mrz.Digit(number)) + "<XYZ<<<<<"
	l2 := "7408122F1204159UTO<<<<<<<<<<<"
	l2 += string(mrz.Digit(l1[5:] + l2[:7] + l2[8:15] + l2[18:29]))
	d, err := mrz.Parse(l1 + "\n" + l2 + "\nERIKSSON<<ANNA<MARIA<<<<<<<<<<")
	if err != nil || d.Number != number || d.Optional[0] != "XYZ" {
		t.Errorf("%q, %q, %v", d.Number, d.Optional[0], err)
	}
}

// One character read wrongly in any checked field is noticed: the fields are those of the check digits, and these
// themselves.
func TestEveryCheckedCharacterCounts(t *testing.T) {
	for _, c := range []struct {
		text    string
		checked [][2]int // of the whole text without separators
	}{
		{card, [][2]int{{5, 30}, {30, 37}, {38, 45}, {48, 60}}},
		{passport, [][2]int{{44, 54}, {57, 64}, {65, 88}}},
	} {
		text := strings.NewReplacer("\r", "", "\n", "").Replace(c.text)
		for _, span := range c.checked {
			for i := span[0]; i < span[1]; i++ {
				for _, other := range "0123456789" {
					wrong := []byte(text)
					if value := byte(other); value == wrong[i] || wrong[i] == '<' && value == '0' {
						continue
					}
					wrong[i] = byte(other)
					// K is 20 and stands for 0 as well: what differs by ten in value is beyond any check of this kind.
					if mrz.Digit(string(wrong[i])) == mrz.Digit(text[i:i+1]) {
						continue
					}
					if _, err := mrz.Parse(string(wrong)); err == nil {
						t.Errorf("character %d as %q is believed", i, other)
					}
				}
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ name, text, field string }{
		{"nothing", "", "lines"},
		{"one line", "P<UTOERIKSSON", "lines"},
		{"short", strings.Replace(card, "<<<<\n", "<<<\n", 1), "lines"},
		{"lower case", strings.ToLower(card), "characters"},
		{"Cyrillic", strings.Replace(card, "ER", "Е", 1), "characters"},
		{"birth in month 13", checked(t, card, 30, "741312"), "date of birth"},
		{"expiry unknown", checked(t, card, 38, "<<<<<<"), "date of expiry"},
		{"a visa", strings.Replace(passport, "P<", "V<", 1), "kind of document"},
		{"digit in the name", strings.Replace(card, "ANNA", "ANN4", 1), "names"},
		{"no name", strings.Replace(card, "ERIKSSON<<ANNA<MARIA", strings.Repeat("<", 20), 1), "names"},
		{"sex", strings.Replace(card, "F12", "Q12", 1), "sex"},
		{"issuer", strings.Replace(card, "I<UTO", "I<U1O", 1), "issuer"},
	} {
		_, err := mrz.Parse(c.text)
		var wrong *mrz.Error
		if !errors.As(err, &wrong) || wrong.Field != c.field {
			t.Errorf("%s: %v, want an error about %s", c.name, err, c.field)
		}
		if err != nil && strings.Contains(err.Error(), "ERIKSSON") { // R27
			t.Errorf("%s: the error quotes the document: %v", c.name, err)
		}
	}
}

// checked puts field into a card at i and mends the check digits behind it.
func checked(t *testing.T, text string, i int, field string) string {
	t.Helper()
	b := []byte(strings.ReplaceAll(text, "\n", ""))
	copy(b[i:], field)
	b[i+len(field)] = mrz.Digit(field)
	b[59] = mrz.Digit(string(b[5:37]) + string(b[38:45]) + string(b[48:59]))
	return string(b)
}

// R27: documents do not print their contents.
func TestPrintsNothingPersonal(t *testing.T) {
	d, err := mrz.Parse(passport)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(d), fmt.Sprintf("%v %+v %#v", d, d, d)} {
		if strings.Contains(text, "ERIKSSON") || strings.Contains(text, "L898902C3") {
			t.Errorf("%q has personal data", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(passport)
	f.Add(card)
	f.Add(kazakhCard("900101100004"))
	f.Add("I<UTOD23145890<7349<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := mrz.Parse(text)
		if err != nil {
			if d != (mrz.Document{}) {
				t.Fatal("a zone that is not believed still says something")
			}
			return
		}
		if d.Surname == "" || len(d.Birth) != 6 || len(d.Expiry) != 6 {
			t.Fatalf("half a document is believed: %#v", d)
		}
		if n := d.PersonalNumber(); n != "" && len(n) != 12 {
			t.Fatalf("a personal number of %d digits", len(n))
		}
	})
}
