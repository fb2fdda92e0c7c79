package exam_test

import (
	"testing"
	"time"
)

func TestCertificateUntil(t *testing.T) { // R25
	p := profileWith(t, `[[certificate]]
from = "08-01"
to = "08-31"
until = "12-01"
[[certificate]]
from = "11-01"
to = "12-31"
until = "03-01"
`)
	zone := time.FixedZone("", 5*3600)
	for taken, want := range map[string]string{
		"2026-08-01": "2026-12-01", "2026-08-31": "2026-12-01", "2026-11-18": "2027-03-01", "2026-12-11": "2027-03-01", "2027-12-31": "2028-03-01",
		"2024-08-20": "2024-12-01", "2026-07-31": "", "2026-09-01": "", "2024-02-29": "",
	} {
		day, err := time.ParseInLocation(time.DateOnly, taken, zone)
		if err != nil {
			t.Fatal(err)
		}
		// By the day at the centre, whatever the hour.
		for _, hour := range []time.Duration{0, 23*time.Hour + 59*time.Minute} {
			got := ""
			if until, ok := p.CertificateUntil(day.Add(hour)); ok {
				got = until.Format(time.DateOnly)
			}
			if got != want {
				t.Errorf("taken on %s: valid until %q, want %q", taken, got, want)
			}
		}
	}
}
