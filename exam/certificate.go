package exam

import (
	"errors"
	"fmt"
	"time"
)

// Term says until when the certificate of an exam on certain days of the year is valid (R25). Days are "MM-DD"; until lies in
// the year of the exam, or in the next where it comes before the exam's day.
type Term struct {
	From  string `toml:"from"`
	To    string `toml:"to"` // not before from
	Until string `toml:"until"`
}

// dayOfYear reads "MM-DD" as a number that grows with the days of a year.
func dayOfYear(s string) (month time.Month, day, number int, err error) {
	t, err := time.Parse(time.DateOnly, "2024-"+s) // a leap year: 29 February is a day
	if err != nil {
		return 0, 0, 0, fmt.Errorf("%q is no day of a year such as 08-31", s)
	}
	return t.Month(), t.Day(), t.YearDay(), nil
}

func (p *Profile) checkCertificate() error {
	var errs []error
	last := 0
	for i, t := range p.Certificate {
		_, _, from, err1 := dayOfYear(t.From)
		_, _, to, err2 := dayOfYear(t.To)
		_, _, _, err3 := dayOfYear(t.Until)
		if err := errors.Join(err1, err2, err3); err != nil {
			errs = append(errs, fmt.Errorf("profile: certificate %d: %w", i+1, err))
			continue
		}
		if from <= last || to < from {
			errs = append(errs, fmt.Errorf("profile: certificate %d: %s–%s ends before it begins, or begins before the one above has ended", i+1, t.From, t.To))
		}
		last = to
	}
	return errors.Join(errs...)
}

// CertificateUntil returns the day that the Rules name for the end of a certificate's validity (R25), for an exam on the day of
// taken, whose zone counts. ok is false where the profile says nothing of that day.
func (p *Profile) CertificateUntil(taken time.Time) (until time.Time, ok bool) {
	_, _, day, err := dayOfYear(taken.Format("01-02"))
	if err != nil {
		return time.Time{}, false
	}
	for _, t := range p.Certificate {
		_, _, from, err1 := dayOfYear(t.From)
		_, _, to, err2 := dayOfYear(t.To)
		month, date, end, err3 := dayOfYear(t.Until)
		if errors.Join(err1, err2, err3) != nil || day < from || day > to {
			continue
		}
		year := taken.Year()
		if end <= day {
			year++
		}
		return time.Date(year, month, date, 0, 0, 0, 0, taken.Location()), true
	}
	return time.Time{}, false
}
